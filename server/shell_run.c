/* The managed shell's loop; see shell_run.h. The agent chooses every byte that comes in; the target chooses what its commands print,
 * which changes a directory or a variable's value here and never what a later text means. */
#include "server/shell_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/mask.h"
#include "policy/policy.h"
#include "server/shell_int.h"

enum { CAPTURE_MAX = SHELL_VALUE_MAX + 4096 };

static const char *const signals[] = { "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM" };

void shell_free(struct shell *sh)
{
	if (sh == NULL)
		return;
	shell_plan_free(sh->plan);
	shell_state_free(&sh->st);
	arena_free(&sh->arena);
	buf_free(&sh->step.text);
	buf_free(&sh->pending);
	buf_free(&sh->source);
	buf_free(&sh->captured);
	buf_free(&sh->ahead);
	buf_free(&sh->paint);
	edit_free(sh->edit);
	shell_typed_over(sh);
	free(sh);
}

/* ---- the screen ---- */

void shell_record_shown(struct channel *c, struct view text)
{
	const uint8_t *at;
	int r = ERR_OK;

	while (text.n > 0 && r == ERR_OK) {
		size_t n = text.n < 32768 ? text.n : 32768;
		bool feed;

		at = memchr(text.p, '\n', n);
		feed = at != NULL && (at == text.p || at[-1] != '\r');
		n = at == NULL ? n : (size_t)(at - text.p) + (feed ? 0 : 1);
		if (n > 0)
			r = recording_output(c, false, text.p, n);
		if (r == ERR_OK && feed)
			r = recording_output(c, false, (const uint8_t *)"\r\n", 2);
		n += feed ? 1 : 0;
		text.p += n;
		text.n -= n;
	}
	if (r < 0)
		session_cut(c->session, "the recording cannot be written");
}

/* Painted bytes follow what is already on its way. */
bool shell_flush_paint(struct channel *c)
{
	struct shell *sh = c->shell;

	if (sh->paint.len == 0 || c->out.recorded < c->out.ready.len || c->out.raw.len > 0)
		return false;
	if (buf_put(&c->out.ready, buf_ptr(&sh->paint), sh->paint.len) < 0)
		return false;
	c->out.recorded += sh->paint.len;
	buf_clear(&sh->paint);
	return true;
}

/* ---- the end ---- */

void shell_leave(struct channel *c, int status)
{
	c->exit_status = status;
	free(c->exit_signal);
	c->exit_signal = NULL;
	c->shell->leaving = true;
	(void)shell_flush_paint(c);
	c->out.eof = c->err.eof = true;
	c->out.finished = c->err.finished = false;
	c->state = CHANNEL_LEAVING;
}

void shell_say(struct channel *c, const char *line)
{
	chan_say(c, proto_str(line));
}

/* ---- a statement's steps ---- */

static void tell_end(struct channel *c, bool complete)
{
	if (!c->shell->running)
		return;
	c->shell->running = false;
	chan_tell_end(c, complete);
}

/* The step is over. */
static void step_over(struct channel *c, bool ran, int status)
{
	struct shell *sh = c->shell;
	struct view out = { buf_ptr(&sh->captured), sh->captured.len };

	if (out.p == NULL)
		out.p = (const uint8_t *)"";
	if (sh->alone) {
		if (ran || status == EXIT_DENIED) {
			status = 2; /* as a shell's own, that reads no further */
			shell_say(c, sh->step.error);
		}
		sh->st.status = status;
		if (!c->has_pty)
			shell_leave(c, status);
	} else if (sh->plan != NULL) {
		if (sh->step.kind == STEP_REFUSE && ran)
			shell_say(c, sh->step.error);
		shell_plan_done(sh->plan, &sh->step, ran, status, out);
		if (ran && sh->step.kind != STEP_REFUSE && sh->step.error[0] != '\0')
			shell_say(c, sh->step.error);
		if (ran && sh->step.show && sh->st.status == 0 && sh->st.cwd != NULL && buf_put_str(&c->out.ready, sh->st.cwd) == ERR_OK)
			(void)buf_put_str(&c->out.ready, c->has_pty ? "\r\n" : "\n");
	}
	sh->alone = false;
	buf_clear(&sh->captured);
	if (c->state != CHANNEL_LEAVING)
		c->state = CHANNEL_SHELL;
}

/* The statement under way will not go on. */
void shell_drop_plan(struct shell *sh)
{
	shell_plan_free(sh->plan);
	sh->plan = NULL;
	arena_reset(&sh->arena);
}

void shell_refused(struct channel *c, int code, struct view line)
{
	struct shell *sh = c->shell;

	if (sh->leaving)
		return;
	if (c->state != CHANNEL_ASKING) /* else nothing was asked of it yet: it waits for the next statement */
		chan_drop_target(c);
	tell_end(c, false);
	pump_reset(c);
	chan_say(c, line);
	sh->step.show = false;
	step_over(c, false, code);
	if (code == EXIT_UNAVAILABLE) {
		shell_drop_plan(sh);
		buf_clear(&sh->ahead);
		if (!c->has_pty) /* every further statement would say the same */
			shell_leave(c, code);
	}
}

static bool capturing(const struct shell *sh)
{
	return sh->step.kind == STEP_CD || sh->step.kind == STEP_VALUE;
}

void shell_ask(struct channel *c)
{
	struct shell *sh = c->shell;

	buf_clear(&c->text);
	if (buf_put(&c->text, buf_ptr(&sh->step.text), sh->step.text.len) < 0) {
		shell_refused(c, EXIT_DENIED, proto_str("sallyport: denied rule=gate:length: the statement is longer than 128 KiB"));
		return;
	}
	c->kind = QUESTION_STATEMENT;
	c->no_tty = capturing(sh);
	c->stdin_known = false;
	chan_ask(c);
}

void shell_question(struct channel *c, struct msg_question *q)
{
	static struct buf list; /* until the message is sent, which is at once */
	struct shell *sh = c->shell;

	if (list.max == 0)
		buf_init(&list, 64 * 1024);
	buf_clear(&list);
	if (sh->st.cwd != NULL)
		q->cwd = proto_str(sh->st.cwd);
	if (shell_state_list(&sh->st, &list) == ERR_OK)
		q->state = (struct view){ buf_ptr(&list), list.len };
}

static void next_step(struct channel *c)
{
	struct shell *sh = c->shell;

	if (!shell_plan_next(sh->plan, &sh->step)) {
		shell_drop_plan(sh);
		return;
	}
	switch (sh->step.kind) {
	case STEP_EXIT:
		shell_leave(c, sh->step.status);
		break;
	case STEP_ERROR:
		shell_say(c, sh->step.error);
		shell_plan_done(sh->plan, &sh->step, false, sh->step.status, (struct view){ (const uint8_t *)"", 0 });
		break;
	default:
		shell_ask(c);
		break;
	}
}

static void allowed(struct channel *c, const struct msg_answer *a)
{
	struct shell *sh = c->shell;

	sh->running = true;
	if (sh->alone || sh->step.kind == STEP_LOCAL || sh->step.kind == STEP_REFUSE) {
		c->run_question = a->question;
		c->started_ms = session_now();
		if (a->marker.n > 0 && recording_marker(c, a->marker) < 0)
			session_cut(c->session, "the recording cannot be written");
		step_over(c, true, sh->alone || sh->step.kind == STEP_REFUSE ? 2 : 0);
		c->exit_status = sh->st.status;
		tell_end(c, true);
		if (!sh->leaving)
			c->exit_status = -1;
		return;
	}
	c->stdin_known = false;
	buf_clear(&c->command);
	chan_begin(c, a);
	if (c->target != NULL && c->state == CHANNEL_STARTING)
		c->step = c->target_opened ? START_PTY : START_OPEN;
}

/* The channel that a statement will need is opened while it is decided, so that it costs no round trip to the target of its own. One
 * that is not used waits for the next statement. */
static bool open_ahead(struct channel *c)
{
	int r;

	if (c->session->target_state != TARGET_UP || c->env_asked > 0)
		return false;
	if (c->target != NULL && c->target_opened && ssh_channel_is_closed(c->target)) {
		chan_drop_target(c);
		pump_reset(c);
	}
	if (c->target == NULL) {
		c->target = ssh_channel_new(c->session->target);
		if (c->target != NULL && ssh_set_channel_callbacks(c->target, &c->target_callbacks) != SSH_OK)
			chan_drop_target(c);
	}
	if (c->target == NULL || c->target_opened)
		return false;
	r = ssh_channel_open_session(c->target);
	if (r == SSH_ERROR) /* said when the statement is to run, and it is tried again */
		chan_drop_target(c);
	c->target_opened = r == SSH_OK;
	return c->target_opened;
}

void shell_answer(struct channel *c, const struct msg_answer *a)
{
	struct session *s = c->session;

	switch (a->action) {
	case ANSWER_RUN:
		allowed(c, a);
		return;
	case ANSWER_WAIT:
		chan_say(c, a->line);
		if (c->has_pty)
			shell_say(c, "sallyport: waiting for a person; Ctrl-C withdraws the request");
		return;
	case ANSWER_STDIN:
		if (c->has_pty || c->stdin_known) {
			shell_refused(c, EXIT_DENIED, proto_str("sallyport: denied rule=gate:stdin: it would read its program from the terminal, where nothing "
								 "can be decided before it runs; name the command, or a file"));
			return;
		}
		c->stdin_known = true; /* there is none: input is the script, and statements do not read it */
		buf_clear(&c->program);
		chan_ask(c);
		return;
	default:
		if (a->marker.n > 0 && recording_marker(c, a->marker) < 0)
			session_cut(s, "the recording cannot be written");
		shell_refused(c, a->exit_code != 0 ? a->exit_code : EXIT_UNAVAILABLE, a->line);
		if (a->end_session && !c->shell->leaving)
			shell_leave(c, a->exit_code);
		if (a->end_session)
			session_end(s, a->exit_code, NULL, "the rule ends the session");
		return;
	}
}

/* ---- what runs ---- */

static int status_of(const struct channel *c)
{
	if (c->exit_signal != NULL) {
		for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
			if (strcmp(signals[i], c->exit_signal) == 0)
				return 128 + (int)i + 1;
		}
		return 128;
	}
	return c->exit_status >= 0 ? c->exit_status & 255 : 255;
}

/* What a command without a terminal says on stderr, for a terminal. */
static void to_terminal(struct flow *f)
{
	const uint8_t *p = buf_ptr(&f->raw);
	struct buf b;
	int r = ERR_OK;

	if (f->raw.len == 0 || f->ready.len >= FLOW_TAKE)
		return;
	buf_init(&b, FLOW_MAX);
	for (size_t i = 0; i < f->raw.len && r == ERR_OK; i++) {
		if (p[i] == '\n')
			r = buf_put_u8(&b, '\r');
		if (r == ERR_OK)
			r = buf_put_u8(&b, p[i]);
	}
	if (r == ERR_OK) {
		buf_free(&f->raw);
		f->raw = b;
	} else {
		buf_free(&b);
	}
}

/* Nothing more of what was asked for. */
void shell_give_up(struct shell *sh)
{
	shell_drop_plan(sh);
	buf_clear(&sh->pending);
	buf_clear(&sh->ahead);
	sh->looked = 0;
}

/* Ctrl-C among the keys that came; those before it are gone, those behind it wait. */
bool shell_interrupted(struct channel *c)
{
	const uint8_t *p = c->in.raw.len > 0 ? memchr(buf_ptr(&c->in.raw), 3, c->in.raw.len) : NULL;

	if (p == NULL)
		return false;
	buf_consume(&c->in.raw, (size_t)(p - buf_ptr(&c->in.raw)) + 1);
	return true;
}

/* What a value's command printed is no output. It may come in one piece with the answer to the request that starts it. */
static int capture(struct channel *c, bool *moved)
{
	struct shell *sh = c->shell;

	if (!capturing(sh) || c->out.raw.len == 0)
		return ERR_OK;
	if (buf_put(&sh->captured, buf_ptr(&c->out.raw), c->out.raw.len) < 0) {
		shell_refused(c, 2, proto_str("sallyport: not in a managed shell: the value is larger than 64 KiB"));
		return ERR_LIMIT;
	}
	buf_clear(&c->out.raw);
	*moved = true;
	return ERR_OK;
}

static bool run(struct channel *c)
{
	struct shell *sh = c->shell;
	bool moved = false;
	int status;

	if (capture(c, &moved) < 0)
		return true;
	if (c->has_pty && c->no_tty) {
		to_terminal(&c->err);
		if (shell_interrupted(c)) { /* it has no terminal that would do it */
			shell_refused(c, SHELL_CANCELLED, proto_str("^C"));
			shell_give_up(sh);
			return true;
		}
	}
	moved |= pump_channel(c);
	if (c->state != CHANNEL_RUNNING || !c->target_closed || !chan_delivered(c) || c->session->cut)
		return moved;
	status = status_of(c);
	/* The terminal showed ^C or ^\ and nothing else: the prompt begins a line, as a shell's does. */
	if (c->has_pty && !c->no_tty && (status == SHELL_CANCELLED || status == SHELL_QUIT))
		(void)buf_put_str(&c->out.ready, "\r\n");
	tell_end(c, true);
	chan_drop_target(c);
	pump_reset(c);
	step_over(c, true, status);
	if (c->has_pty && status == SHELL_CANCELLED) /* Ctrl-C ends a loop, too */
		shell_give_up(sh);
	return true;
}

bool shell_step(struct channel *c)
{
	struct shell *sh = c->shell;
	bool moved = false;

	if (c->deaf && c->state < CHANNEL_LEAVING) { /* the agent's reader went away */
		if (c->target != NULL)
			chan_drop_target(c);
		tell_end(c, false);
		shell_drop_plan(sh);
		pump_reset(c);
		buf_clear(&c->out.ready);
		buf_clear(&c->err.ready);
		buf_clear(&sh->paint);
		c->out.recorded = c->err.recorded = 0;
		shell_leave(c, 141); /* as a shell that SIGPIPE ended */
		return true;
	}
	switch (c->state) {
	case CHANNEL_ASKING:
		if (c->has_pty && shell_cancelled(c))
			return true;
		moved = open_ahead(c);
		moved |= pump_channel(c);
		return shell_flush_paint(c) || moved;
	case CHANNEL_STARTING:
		if (capture(c, &moved) < 0)
			return true;
		moved |= pump_channel(c);
		moved |= shell_flush_paint(c);
		if (sh->paint.len > 0 || c->out.ready.len > 0) /* the echo of the line comes before what it prints */
			return moved;
		return chan_start_step(c) || moved;
	case CHANNEL_RUNNING:
		return run(c);
	case CHANNEL_SHELL:
		moved = pump_channel(c);
		if (sh->plan != NULL) {
			if (c->out.ready.len > 0 || c->err.ready.len > 0)
				return moved; /* what was said comes before what is run next */
			if (c->has_pty && shell_interrupted(c)) {
				sh->st.status = SHELL_CANCELLED;
				shell_give_up(sh);
			} else {
				next_step(c);
			}
			return true;
		}
		return (sh->edit != NULL ? shell_read_keys(c) : shell_read_script(c)) || moved;
	default:
		return false;
	}
}

void shell_cut(struct channel *c)
{
	tell_end(c, false);
	c->shell->leaving = true;
}

void shell_resize(struct channel *c)
{
	struct shell *sh = c->shell;

	if (sh->edit == NULL)
		return;
	edit_columns(sh->edit, c->cols, &sh->paint);
	if (c->state != CHANNEL_RUNNING && recording_resize(c) < 0)
		session_cut(c->session, "the recording cannot be written");
}

void shell_start(struct channel *c, const struct msg_answer *a)
{
	static const char not_here[] = "sallyport: unavailable: no managed shell over this target's login shell; name the command, as in ssh HOST 'COMMAND'";
	static const char failed[] = "sallyport: unavailable: the shell cannot be recorded";
	struct session *s = c->session;
	struct shell *sh;

	if (s->dialect == DIALECT_FISH || s->dialect == DIALECT_CSH) {
		chan_refuse(c, EXIT_UNAVAILABLE, not_here, sizeof(not_here) - 1);
		return;
	}
	if (a->pty_raw) {
		static const char banner[] = "Sallyport: a raw terminal: recorded, but what is typed is not decided (advisory).";

		/* Before anything is said: what the person saw is in the recording. */
		c->record_digest = a->record_digest;
		if (s->recorder.fd < 0 || recording_open(c) < 0) {
			chan_refuse(c, EXIT_UNAVAILABLE, failed, sizeof(failed) - 1);
			return;
		}
		chan_say(c, (struct view){ (const uint8_t *)banner, sizeof(banner) - 1 });
		c->kind = QUESTION_PTY_RAW;
		chan_begin(c, a);
		return;
	}
	sh = calloc(1, sizeof(*sh));
	if (sh != NULL && c->has_pty && (sh->edit = edit_new(c->cols)) == NULL) {
		free(sh);
		sh = NULL;
	}
	if (sh == NULL || s->recorder.fd < 0 || recording_open(c) < 0) {
		shell_free(sh);
		chan_refuse(c, EXIT_UNAVAILABLE, failed, sizeof(failed) - 1);
		return;
	}
	arena_init(&sh->arena, ARENA_MAX_DEFAULT);
	buf_init(&sh->step.text, 2 * SHELL_MAX_LEN);
	buf_init(&sh->pending, SHELL_PENDING_MAX);
	buf_init(&sh->source, SHELL_MAX_LEN);
	buf_init(&sh->captured, CAPTURE_MAX);
	buf_init(&sh->ahead, SHELL_PENDING_MAX);
	buf_init(&sh->paint, 1024 * 1024);
	c->shell = sh;
	c->state = CHANNEL_SHELL;
	if (a->marker.n > 0 && recording_marker(c, a->marker) < 0)
		session_cut(s, "the recording cannot be written");
	if (c->has_pty)
		shell_say(c, "Sallyport: each statement is decided before it runs, and recorded.");
}
