/* A channel's life, from the agent's request to the exit status; see channel.h. The agent chooses every byte of a request and when
 * it comes; the target chooses every byte of what it answers and when it ends. */
#include "server/channel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"
#include "server/files.h"
#include "server/forward.h"
#include "server/session.h"
#include "server/shell_run.h"

enum { TEXT_MAX = 130 * 1024, COMMAND_MAX = 512 * 1024, PROGRAM_MAX = 512 * 1024, TERM_MAX = 64 };

struct channel *chan_new(struct session *s)
{
	struct channel *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->session = s;
	c->id = ++s->next_channel;
	c->exit_status = -1;
	c->agent_window.granted = 32000;  /* what libssh grants when it accepts a channel, */
	c->target_window.granted = 64000; /* and when it opens one */
	buf_init(&c->text, TEXT_MAX);
	buf_init(&c->env, CHANNEL_ENV_BYTES);
	buf_init(&c->env_allowed, CHANNEL_ENV_BYTES);
	buf_init(&c->command, COMMAND_MAX);
	if (s->signing)
		buf_init_secret(&c->program, SIGN_INPUT_MAX);
	else
		buf_init(&c->program, PROGRAM_MAX);
	flow_init(&c->in, s->signing);
	flow_init(&c->out, false);
	flow_init(&c->err, false);
	chan_set_callbacks(c);
	c->next = s->channels;
	s->channels = c;
	s->nchannels++;
	return c;
}

/* libssh sends the close only once the end of file before it left the queue, and says "again" until then. */
static void close_for_good(ssh_channel channel)
{
	for (int i = 0; i < 3 && ssh_channel_close(channel) == SSH_AGAIN; i++)
		;
}

void chan_drop_target(struct channel *c)
{
	if (c->target == NULL)
		return;
	(void)ssh_remove_channel_callbacks(c->target, &c->target_callbacks);
	if (c->target_opened) /* until then libssh knows no number of it, and would close the target's channel 0 */
		close_for_good(c->target);
	c->target_opened = false;
	ssh_channel_free(c->target); /* closes it; libssh keeps it until the other side has closed too */
	c->target = NULL;
}

void chan_free(struct channel *c)
{
	struct session *s = c->session;
	struct channel **p = &s->channels;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	s->nchannels--;
	for (struct ask *a = s->asks; a != NULL; a = a->next) {
		if (a->channel == c)
			a->channel = NULL;
	}
	chan_drop_target(c);
	if (c->agent != NULL) {
		(void)ssh_remove_channel_callbacks(c->agent, &c->agent_callbacks);
		if (c->agent_opened)
			close_for_good(c->agent);
		ssh_channel_free(c->agent);
	}
	shell_free(c->shell);
	forward_free(c);
	files_free(c);
	buf_free(&c->text);
	buf_free(&c->env);
	buf_free(&c->env_allowed);
	buf_free(&c->command);
	buf_free(&c->program);
	flow_free(&c->in);
	flow_free(&c->out);
	flow_free(&c->err);
	free(c->term);
	free(c->exit_signal);
	free(c);
}

void chan_say(struct channel *c, struct view line)
{
	struct flow *f = c->shell != NULL && c->has_pty ? &c->out : &c->err;

	if (line.n == 0)
		return;
	/* Ours, not the target's: nothing to mask. It is recorded where there is a recording. A terminal has one stream. */
	if (buf_put(&f->ready, line.p, line.n) < 0 || buf_put_str(&f->ready, c->has_pty ? "\r\n" : "\n") < 0)
		return;
	if (!c->record_open)
		f->recorded = f->ready.len;
}

void chan_refuse(struct channel *c, int code, const char *line, size_t n)
{
	struct view v = { (const uint8_t *)line, n };

	if (c->state >= CHANNEL_LEAVING)
		return;
	if (c->forward != NULL) {
		forward_refuse(c, line, n);
		return;
	}
	if (c->shell != NULL && !c->session->end) { /* one statement, not the shell */
		shell_refused(c, code, v);
		return;
	}
	if (c->shell != NULL)
		shell_cut(c);
	chan_say(c, v);
	c->exit_status = code;
	free(c->exit_signal);
	c->exit_signal = NULL;
	c->out.eof = c->err.eof = true;
	c->state = CHANNEL_LEAVING;
}

static void refuse_text(struct channel *c, int code, const char *line)
{
	chan_refuse(c, code, line, strlen(line));
}

/* Puts the question about the command (again, with its standard input, when stdin_known). */
void chan_ask(struct channel *c)
{
	struct msg_question q = { .channel = c->id, .kind = c->kind, .has_pty = c->has_pty && !c->no_tty, .term = proto_str(c->term == NULL ? "" : c->term),
				  .cols = c->cols, .rows = c->rows, .json = c->json, .stdin_known = c->stdin_known };

	q.text = (struct view){ buf_ptr(&c->text), c->text.len };
	q.env = (struct view){ buf_ptr(&c->env), c->env.len };
	if (c->stdin_known)
		q.stdin = (struct view){ buf_ptr(&c->program), c->program.len };
	if (c->shell != NULL)
		shell_question(c, &q);
	c->state = CHANNEL_ASKING;
	c->question = control_ask(c->session, &q);
	if (c->question == 0 && c->state == CHANNEL_ASKING)
		refuse_text(c, EXIT_UNAVAILABLE, "sallyport: unavailable: the bastion cannot decide now");
}

bool chan_request_run(struct channel *c, uint8_t kind, const char *text)
{
	if (c->state != CHANNEL_IDLE || text == NULL)
		return false;
	if (c->session->signing) {
		if (kind == QUESTION_SUBSYSTEM)
			return false;
		c->state = CHANNEL_SIGNING;
		return true;
	}
	c->kind = kind;
	if (buf_put_str(&c->text, text) < 0) {
		refuse_text(c, EXIT_DENIED, "sallyport: denied rule=gate:length: the command is longer than 128 KiB");
		return true;
	}
	chan_ask(c);
	return true;
}

bool chan_request_pty(struct channel *c, const char *term, uint32_t cols, uint32_t rows)
{
	if (c->state != CHANNEL_IDLE || c->has_pty || term == NULL || strlen(term) > TERM_MAX || c->session->signing)
		return false;
	for (const char *p = term; *p != '\0'; p++) {
		if (*p < 0x21 || *p > 0x7e)
			return false;
	}
	c->term = strdup(term);
	c->has_pty = c->term != NULL;
	c->cols = cols == 0 ? 80 : cols;
	c->rows = rows == 0 ? 24 : rows;
	return c->has_pty;
}

static bool env_is_clean(const char *name, const char *value)
{
	if (*name == '\0' || strlen(name) > 128 || strlen(value) > 4096)
		return false;
	for (const char *p = name; *p != '\0'; p++) {
		if (*p < 0x21 || *p > 0x7e || *p == '=')
			return false;
	}
	for (const char *p = value; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	}
	return true;
}

bool chan_request_env(struct channel *c, const char *name, const char *value)
{
	char text[4400];

	if (c->state != CHANNEL_IDLE || name == NULL || value == NULL || c->session->signing || c->nenv >= CHANNEL_ENV_MAX || !env_is_clean(name, value))
		return false;
	c->nenv++;
	if (strncmp(name, "SALLYPORT_", 10) == 0) { /* for us: never the target's */
		if (strcmp(name, "SALLYPORT_OUTPUT") == 0)
			c->json = strcmp(value, "json") == 0;
		return true;
	}
	if (proto_list_put(&c->env, name, strlen(name)) < 0 || proto_list_put(&c->env, value, strlen(value)) < 0)
		return false;
	snprintf(text, sizeof(text), "%s=%s", name, value);
	if (control_note(c->session, QUESTION_ENV, text, NULL, c, text) != 0)
		c->env_asked++;
	return true;
}

void chan_env_answer(struct channel *c, const char *assignment, bool allowed)
{
	const char *eq = assignment == NULL ? NULL : strchr(assignment, '=');

	if (c->env_asked > 0)
		c->env_asked--;
	if (!allowed || eq == NULL)
		return;
	if (proto_list_put(&c->env_allowed, assignment, (size_t)(eq - assignment)) < 0 || proto_list_put(&c->env_allowed, eq + 1, strlen(eq + 1)) < 0)
		buf_clear(&c->env_allowed); /* half a list would pair names with wrong values */
}

void chan_resize(struct channel *c, uint32_t cols, uint32_t rows)
{
	if (!c->has_pty || cols == 0 || rows == 0)
		return;
	c->cols = cols;
	c->rows = rows;
	if (c->shell != NULL)
		shell_resize(c);
	if (c->state != CHANNEL_RUNNING)
		return;
	c->session->passed_on++;
	ssh_channel_change_pty_size(c->target, (int)cols, (int)rows);
	if (recording_resize(c) < 0)
		session_cut(c->session, "the recording cannot be written");
}

void chan_begin(struct channel *c, const struct msg_answer *a)
{
	if (c->kind == QUESTION_SHELL) {
		shell_start(c, a);
		return;
	}
	if (memchr(a->text.p == NULL ? (const uint8_t *)"" : a->text.p, 0, a->text.n) != NULL || buf_put(&c->command, a->text.p, a->text.n) < 0 ||
	    buf_cstr(&c->command) == NULL) {
		refuse_text(c, EXIT_UNAVAILABLE, "sallyport: unavailable: the command cannot be passed on");
		return;
	}
	if (!files_begin(c, a)) {
		refuse_text(c, EXIT_UNAVAILABLE, "sallyport: unavailable: out of memory");
		return;
	}
	c->run_question = a->question;
	c->record_digest = a->record_digest;
	c->env_next = (struct view){ buf_ptr(&c->env_allowed), c->env_allowed.len };
	c->step = START_TARGET;
	c->state = CHANNEL_STARTING;
	if (c->program.len > 0 || c->stdin_known) { /* what was decided is what is fed, to its last byte, or stands in the text */
		buf_clear(&c->in.raw);
		if (!a->stdin_given && buf_put(&c->in.raw, buf_ptr(&c->program), c->program.len) < 0)
			refuse_text(c, EXIT_UNAVAILABLE, "sallyport: unavailable: out of memory");
		c->in.eof = true;
		buf_free(&c->program);
	}
	/* The marker goes into the recording once that is open. */
	buf_clear(&c->text);
	(void)buf_put(&c->text, a->marker.p, a->marker.n);
}

void chan_answer(struct channel *c, const struct msg_answer *a)
{
	if (c->shell != NULL) {
		shell_answer(c, a);
		return;
	}
	if (c->forward != NULL) {
		forward_answer(c, a);
		return;
	}
	switch (a->action) {
	case ANSWER_RUN:
		chan_begin(c, a);
		break;
	case ANSWER_REFUSE:
		chan_refuse(c, a->exit_code, (const char *)a->line.p, a->line.n);
		break;
	case ANSWER_WAIT:
		chan_say(c, a->line);
		break;
	case ANSWER_STDIN:
		c->stdin_cap = a->stdin_cap < PROGRAM_MAX ? a->stdin_cap : PROGRAM_MAX;
		c->state = c->stdin_known ? CHANNEL_ASKING : CHANNEL_READING;
		if (c->stdin_known) /* it has it already */
			refuse_text(c, EXIT_UNAVAILABLE, "sallyport: unavailable: the bastion asked twice for the same input");
		break;
	default:
		refuse_text(c, EXIT_UNAVAILABLE, "sallyport: unavailable: the bastion gave no answer");
		break;
	}
	if (a->end_session && c->state == CHANNEL_LEAVING)
		session_end(c->session, a->exit_code, NULL, "the rule ends the session");
}

void chan_sign_answer(struct channel *c, bool ok, struct view text)
{
	if (!ok) {
		chan_refuse(c, 1, (const char *)text.p, text.n);
		return;
	}
	if (buf_put(&c->out.ready, text.p, text.n) < 0 || (text.n > 0 && text.p[text.n - 1] != '\n' && buf_put_str(&c->out.ready, "\n") < 0)) {
		refuse_text(c, 1, "sallyport: unavailable: out of memory");
		return;
	}
	c->session->signed_ok = true;
	c->out.recorded = c->out.ready.len;
	c->exit_status = 0;
	c->out.eof = c->err.eof = true;
	c->state = CHANNEL_LEAVING;
}

/* READING: standard input is the program. */
static bool read_program(struct channel *c)
{
	bool moved = c->in.raw.len > 0;

	if (c->in.raw.len > 0) {
		if (c->program.len + c->in.raw.len > c->stdin_cap || buf_put(&c->program, buf_ptr(&c->in.raw), c->in.raw.len) < 0) {
			refuse_text(c, EXIT_DENIED, "sallyport: denied rule=gate:stdin: the program on standard input is too long to be decided");
			return true;
		}
		buf_consume(&c->in.raw, c->in.raw.len);
	}
	if (c->in.eof) {
		c->stdin_known = true;
		chan_ask(c);
		return true;
	}
	return moved;
}

void chan_tell_end(struct channel *c, bool complete)
{
	struct msg_command_end m = { .question = c->run_question, .in_bytes = c->in.bytes, .out_bytes = c->out.bytes, .err_bytes = c->err.bytes };
	uint8_t in[32], out[32];
	bool started = c->in.sha != NULL;

	pump_tell_masked(c);
	pump_digest(&c->in, in);
	pump_digest(&c->out, out);
	if (started && files_stream(c)) { /* else each file has its own; and nothing may have passed that could have one */
		m.in_sha256 = (struct view){ in, sizeof(in) };
		m.out_sha256 = (struct view){ out, sizeof(out) };
	}
	m.how = !complete ? 2 : c->exit_signal != NULL ? 1 : c->exit_status >= 0 ? 0 : 2;
	m.exit_status = m.how == 0 ? (uint32_t)c->exit_status : 0;
	m.signal = proto_str(c->exit_signal);
	m.ms = c->started_ms > 0 ? (uint64_t)(session_now() - c->started_ms) : 0;
	if (c->session->control.fd >= 0 && !c->session->control_lost && msg_command_end_send(&c->session->control, &m, NULL, 0) < 0)
		control_gone(c->session);
}

/* Closes the command in recording and audit log; once. A managed shell's statements have each told their end. */
static void command_ended(struct channel *c, bool complete)
{
	/* One that never came to run stands on record as started all the same. */
	if (c->ended || (!c->record_open && (c->run_question == 0 || c->shell != NULL)))
		return;
	c->ended = true;
	if (c->files != NULL)
		files_end(c);
	if (c->record_open && recording_close(c, complete) < 0)
		session_cut(c->session, "the recording cannot be written");
	if (c->shell == NULL)
		chan_tell_end(c, complete);
}

static bool delivered(const struct flow *f)
{
	return f->finished && f->left == 0 && f->raw.len == 0 && f->ready.len == 0;
}

bool chan_delivered(const struct channel *c)
{
	return delivered(&c->out) && delivered(&c->err);
}

/* Exit status or signal, end of file, close: in the order that clients expect. */
static void leave(struct channel *c)
{
	if (c->agent != NULL && ssh_is_connected(c->session->agent)) {
		if (!c->out.eof_sent)
			ssh_channel_send_eof(c->agent);
		if (c->exit_signal != NULL)
			ssh_channel_request_send_exit_signal(c->agent, c->exit_signal, c->exit_core, "", "");
		else if (c->exit_status >= 0)
			ssh_channel_request_send_exit_status(c->agent, c->exit_status);
		close_for_good(c->agent);
	}
	c->state = CHANNEL_CLOSED;
}

/* The agent closed its channel: whatever stood is withdrawn, what runs loses its terminal and input. */
void chan_agent_left(struct channel *c)
{
	struct session *s = c->session;
	struct msg_withdraw m = { .question = c->question };

	if (c->state == CHANNEL_ASKING && !s->control_lost && s->control.fd >= 0 && msg_withdraw_send(&s->control, &m, NULL, 0) < 0)
		control_gone(s);
	if (c->shell != NULL)
		shell_cut(c);
	if (c->forward != NULL) {
		forward_end(c, false);
		return;
	}
	command_ended(c, c->target_closed);
	chan_drop_target(c);
	c->state = CHANNEL_CLOSED;
}

void chan_end_of_write(struct channel *c)
{
	if (c->state == CHANNEL_RUNNING && !c->target_closed)
		c->deaf = true;
}

static bool run_step(struct channel *c)
{
	bool moved;

	/* As sshd does: the command loses its output, and ends by SIGPIPE if it writes on. */
	if (c->deaf && !c->target_closed) {
		if (c->exit_signal == NULL && c->exit_status < 0)
			c->exit_signal = strdup("PIPE");
		command_ended(c, false);
		chan_drop_target(c);
		c->state = CHANNEL_KEEPING;
		return true;
	}
	moved = pump_channel(c);

	if (c->state == CHANNEL_RUNNING && delivered(&c->out) && delivered(&c->err) && !c->out.eof_sent) {
		ssh_channel_send_eof(c->agent);
		c->out.eof_sent = true;
		moved = true;
	}
	if (c->state == CHANNEL_RUNNING && c->target_closed && c->out.eof_sent) {
		command_ended(c, true);
		chan_drop_target(c);
		c->state = CHANNEL_KEEPING;
		return true;
	}
	return moved;
}

bool chan_step(struct channel *c)
{
	bool moved;

	if (c->state == CHANNEL_CLOSED || c->session->cut)
		return false;
	if (c->forward != NULL)
		return forward_step(c);
	/* A client that sent and got an end of file closes at once, and still wants the exit status, which comes after. */
	if (c->agent_gone && c->state != CHANNEL_KEEPING && !(c->state == CHANNEL_RUNNING && c->out.eof_sent)) {
		chan_agent_left(c);
		return true;
	}
	moved = pump_take(c);
	if (c->shell != NULL && c->state < CHANNEL_LEAVING)
		return shell_step(c) || moved;
	switch (c->state) {
	case CHANNEL_READING:
		return read_program(c) || moved;
	case CHANNEL_SIGNING:
		sign_step(c);
		return moved || c->state != CHANNEL_SIGNING;
	case CHANNEL_STARTING:
		/* "waiting for approval" is said before it starts. */
		return chan_start_step(c) || (c->files != NULL && pump_channel(c)) || moved;
	case CHANNEL_RUNNING:
		return run_step(c) || moved;
	case CHANNEL_LEAVING:
		if (c->session->end && c->target != NULL) { /* what it still sends is not waited for: the last words would come too late */
			chan_drop_target(c);
			c->out.left = c->err.left = 0;
			buf_clear(&c->out.raw);
			buf_clear(&c->err.raw);
		}
		moved |= pump_channel(c);
		if (delivered(&c->err) && delivered(&c->out)) {
			command_ended(c, c->shell != NULL && !c->session->end);
			c->state = CHANNEL_KEEPING;
			return true;
		}
		return moved;
	case CHANNEL_KEEPING:
		if (c->rec_closing)
			return moved;
		leave(c);
		return true;
	default: /* a wait line may stand in err while control thinks */
		return pump_channel(c) || moved;
	}
}

void chan_target_lost(struct channel *c, const char *why)
{
	if (c->state == CHANNEL_STARTING) {
		chan_start_failed(c, why);
	} else if (c->state == CHANNEL_RUNNING && !c->target_closed) {
		char line[400];

		/* What came is delivered; then it is said that the rest will not be. */
		chan_drop_target(c);
		c->out.left = c->err.left = 0;
		buf_clear(&c->in.raw);
		snprintf(line, sizeof(line), "sallyport: unavailable: %s", why);
		refuse_text(c, EXIT_UNAVAILABLE, line);
	}
}
