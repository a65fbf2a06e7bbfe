/* May this run? A question of a session becomes a decision record and one answer: run this text, refuse with this line and
 * code, send standard input first, or wait for a person. Identity, target and login are the session's; the worker says only
 * what was asked. The decision is on disk before the answer leaves. */
#include <stdlib.h>
#include <string.h>

#include "approve/control.h"
#include "audit/chain.h"
#include "audit/digest.h"
#include "base/log.h"

enum { ENV_MAX = 64 << 10, CWD_MAX = 4096, STDIN_MAX = 1 << 20, MASKING_RULES_MAX = 128 };

static const char *const kind_names[] = { "exec", "statement", "shell", "pty-raw", "file", "subsystem", "forward", "env", "other", "listen" };

/* ---- the table of open questions ---- */

struct question *question_find(struct session *s, uint32_t number)
{
	struct question *q;

	for (q = s->questions; q != NULL && q->number != number; q = q->next)
		;
	return q;
}

static struct question *question_new(struct session *s, const struct msg_question *m)
{
	struct question *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->session = s;
	q->number = m->question;
	q->channel = m->channel;
	q->kind = (enum question_kind)m->kind;
	q->op = (enum file_op)m->op;
	q->json = m->json != 0;
	q->patient = m->kind == QUESTION_STATEMENT && m->has_pty;
	q->stage = QSTAGE_READYING;
	buf_init(&q->argv, 256 << 10);
	q->next = s->questions;
	s->questions = q;
	s->n_questions++;
	return q;
}

void question_free(struct question *q)
{
	struct session *s = q->session;
	struct question **p;

	for (p = &s->questions; *p != q; p = &(*p)->next)
		;
	*p = q->next;
	s->n_questions--;
	requests_detach(q);
	loop_timer_del(q->timer);
	if (q->text != NULL)
		wipe(q->text, q->len);
	free(q->text);
	free(q->marker);
	buf_free(&q->argv);
	free(q);
}

/* ---- answers ---- */

static void send_answer(struct question *q, struct msg_answer *a)
{
	struct session *s = q->session;
	struct control *c = s->ctl;

	a->question = q->number;
	a->record_digest = q->record_digest;
	a->pty_raw = q->pty_raw;
	/* The masking rules of a newer policy go with the next answer. */
	if (strcmp(s->mask_version, policy_version(c->policy)) != 0) {
		a->mask_yaml = proto_str(policy_mask_section(c->policy));
		snprintf(s->mask_version, sizeof(s->mask_version), "%s", policy_version(c->policy));
	}
	if (s->peer != NULL)
		(void)msg_answer_send(&s->peer->ipc, a, NULL, 0);
}

static void refuse_view(struct question *q, uint8_t exit_code, struct view line)
{
	struct msg_answer a = { .action = ANSWER_REFUSE, .exit_code = exit_code, .line = line, .marker = proto_str(q->marker),
				.end_session = q->end_session };

	send_answer(q, &a);
	question_free(q);
}

void question_refuse(struct question *q, uint8_t exit_code, const char *line)
{
	refuse_view(q, exit_code, proto_str(line));
}

static void refuse_line(struct question *q, const struct line *l)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	(void)line_write(l, q->json, &b);
	refuse_view(q, (uint8_t)l->exit_code, (struct view){ buf_ptr(&b), b.len });
	buf_free(&b);
}

static void refuse_unavailable(struct question *q, const char *why)
{
	struct line l = { .event = "unavailable", .reason = why, .exit_code = EXIT_UNAVAILABLE };

	refuse_line(q, &l);
}

/* Whether the kind needs the target's connection and the recorder before it goes on. */
static bool needs_target(enum question_kind kind)
{
	return kind != QUESTION_ENV && kind != QUESTION_OTHER;
}

/* What has a beginning and an end in the log. A remote forward has none itself; each connection that comes through it has, and a channel. */
static bool is_command(const struct question *q)
{
	return q->kind == QUESTION_EXEC || q->kind == QUESTION_STATEMENT || q->kind == QUESTION_PTY_RAW || q->kind == QUESTION_SUBSYSTEM ||
	       q->kind == QUESTION_FORWARD || (q->kind == QUESTION_LISTEN && q->channel != 0);
}

static void run_now(struct question *q)
{
	struct session *s = q->session;
	struct msg_answer a = { .action = ANSWER_RUN, .text = { (const uint8_t *)q->text, q->len }, .marker = proto_str(q->marker),
				.stdin_given = q->stdin_consumed, .transfer = (uint8_t)q->transfer,
				.argv = { buf_ptr(&q->argv), q->argv.len } };

	if (is_command(q)) {
		int r = control_record(s->ctl, s->id, "command.start",
				       json_pack("{s:I,s:I,s:o,s:s*,s:s,s:s,s:s*}", "decision", (json_int_t)q->decision, "channel",
						 (json_int_t)q->channel, "command", control_masked(s->ctl, s->mask_key, q->text, q->len),
						 "approval", q->approval[0] != '\0' ? q->approval : NULL, "target", s->target, "login", s->login, "mode",
						 q->kind == QUESTION_FORWARD || q->kind == QUESTION_LISTEN ? "digest" : NULL),
				       NULL);

		if (r < 0) {
			refuse_unavailable(q, "nothing can be recorded now");
			return;
		}
		s->commands++;
	}
	send_answer(q, &a);
	if (is_command(q) || q->kind == QUESTION_FILE || q->kind == QUESTION_SHELL)
		q->stage = QSTAGE_RUNNING; /* until the worker says how it ended */
	else
		question_free(q);
}

/* Takes text over. */
void question_run(struct question *q, char *text, size_t len)
{
	struct session *s = q->session;

	loop_timer_del(q->timer);
	q->timer = NULL;
	if (q->text != text) {
		if (q->text != NULL)
			wipe(q->text, q->len);
		free(q->text);
		q->text = text;
		q->len = len;
	}
	q->stage = QSTAGE_READYING;
	if (!needs_target(q->kind) || s->prepare == PREPARE_READY)
		run_now(q);
	else
		prepare_start(s);
}

void question_ready(struct session *s)
{
	/* In the order in which they were asked: the list has the newest first. */
	for (;;) {
		struct question *oldest = NULL;

		for (struct question *q = s->questions; q != NULL; q = q->next) {
			if (q->stage == QSTAGE_READYING)
				oldest = q;
		}
		if (oldest == NULL)
			return;
		run_now(oldest);
	}
}

void question_unready(struct session *s, const char *why)
{
	for (struct question *q = s->questions, *next; q != NULL; q = next) {
		next = q->next;
		if (q->stage == QSTAGE_READYING)
			refuse_unavailable(q, why);
	}
}

/* ---- the decision ---- */

static int check_form(struct session *s, const struct msg_question *m)
{
	struct policy_path paths[QUESTION_PATHS_MAX];
	size_t n;

	/* A raw terminal is never asked for: it is what a shell's question may come to, here. */
	if (m->kind > QUESTION_LISTEN || m->kind == QUESTION_PTY_RAW || m->op > FILE_META || question_find(s, m->question) != NULL)
		return ERR_MALFORMED;
	if (m->kind == QUESTION_FILE && question_paths(m, paths, &n) < 0)
		return ERR_MALFORMED;
	if (m->env.n > ENV_MAX || m->state.n > ENV_MAX || m->cwd.n > CWD_MAX || m->stdin.n > STDIN_MAX ||
	    s->n_questions >= CONTROL_QUESTIONS_MAX)
		return ERR_LIMIT;
	return ERR_OK;
}

/* An identity's sessions count together, those that are over too. */
static bool over_rate(struct session *s)
{
	return rate_count(&s->ctl->rate, s->who, RATE_COMMANDS, clock_mono_ms()) > s->ctl->config->limits.commands_per_minute;
}

static json_t *commands_json(struct session *s, const struct policy_answer *a)
{
	json_t *list = json_array(), *argv;

	for (size_t i = 0; i < a->ncommands && i < 256; i++) {
		argv = json_array();
		for (size_t k = 0; k < a->commands[i].argc && k < 256; k++) {
			const char *w = a->commands[i].argv[k];

			json_array_append_new(argv, control_masked(s->ctl, s->mask_key, w, strlen(w)));
		}
		json_array_append_new(list, argv);
	}
	return list;
}

static void set_sha(json_t *j, const char *name, const void *p, size_t n)
{
	uint8_t d[DIGEST_SIZE];
	char hex[DIGEST_HEX + 1];

	if (digest(p, n, d) < 0)
		return;
	digest_hex(d, hex);
	json_object_set_new(j, name, json_string(hex));
}

static json_t *decision_json(struct session *s, const struct msg_question *m, const struct policy_answer *a)
{
	json_t *j = json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:o,s:o,s:s,s:s,s:b,s:o,s:s,s:s*,s:s*}", "kind", kind_names[m->kind], "verdict",
			      verdict_name(a->verdict), "rule", a->rule, "confidence", confidence_name(a->confidence), "policy",
			      policy_version(s->ctl->policy), "channel", (json_int_t)m->channel, "command",
			      control_masked(s->ctl, s->mask_key, m->text.p, m->text.n), "identity", control_who(s->who), "target", s->target,
			      "login", s->login, "pty", m->has_pty != 0, "reason", chain_text(a->reason, strlen(a->reason)), "op",
			      m->kind == QUESTION_FILE ? question_op(m->op) : "", "instead", a->instead, "risk", a->risk);

	if (j == NULL)
		return NULL;
	set_sha(j, "command_sha256", m->text.p, m->text.n);
	if (m->kind != QUESTION_FILE)
		json_object_del(j, "op");
	if (a->canonical && a->text != NULL)
		json_object_set_new(j, "canonical", control_masked(s->ctl, s->mask_key, a->text, a->text_len));
	if (a->ncommands > 0)
		json_object_set_new(j, "commands", commands_json(s, a));
	if (m->cwd.n > 0)
		json_object_set_new(j, "cwd", control_masked(s->ctl, s->mask_key, m->cwd.p, m->cwd.n));
	if (m->stdin_known)
		set_sha(j, "stdin_sha256", m->stdin.p, m->stdin.n);
	if (!a->enforced)
		json_object_set_new(j, "would_be", json_string(verdict_name(a->would_be)));
	if (a->line > 0) {
		json_object_set_new(j, "line", json_integer(a->line));
		json_object_set_new(j, "column", json_integer(a->column));
	}
	return j;
}

static char *make_marker(struct question *q, const struct msg_question *m, const struct policy_answer *a)
{
	struct session *s = q->session;
	struct view text;
	struct buf b;
	char *out = NULL;

	buf_init(&b, 1 << 20);
	(void)buf_printf(&b, "%s %s: ", verdict_name(a->verdict), a->rule);
	if (a->pty_raw)
		(void)buf_put_str(&b, "raw terminal (advisory): what is typed is recorded, not decided");
	text = q->kind == QUESTION_FILE && a->text != NULL ? (struct view){ (const uint8_t *)a->text, a->text_len } : m->text;
	(void)control_mask(s->ctl, s->mask_key, text.p, text.n > 4096 ? 4096 : text.n, &b, NULL);
	if (buf_cstr(&b) != NULL)
		out = strdup(buf_cstr(&b));
	buf_free(&b);
	return out;
}

static void wait_over(void *arg)
{
	struct question *q = arg;
	char id[CONTROL_ID + 1];
	struct line l = { .event = "pending", .approval = id, .exit_code = EXIT_PENDING,
			  .hint = "nobody has answered yet; run the same command again once approved" };

	q->timer = NULL;
	memcpy(id, q->approval, sizeof(id));
	refuse_line(q, &l);
}

static void wait_for_person(struct question *q, struct view line)
{
	struct session *s = q->session;
	struct msg_answer a = { .action = ANSWER_WAIT, .line = line };

	q->stage = QSTAGE_HELD;
	send_answer(q, &a);
	/* At the prompt of a managed shell a person waits, and can stop waiting; agents kill what takes long. */
	if (!q->patient)
		q->timer = loop_timer(s->ctl->loop, (int64_t)s->ctl->config->approvals.wait * 1000, wait_over, q);
}

static int keep_text(struct question *q, const char *text, size_t len)
{
	q->text = malloc(len + 1);
	if (q->text == NULL)
		return ERR_NOMEM;
	if (len > 0)
		memcpy(q->text, text, len);
	q->text[len] = '\0';
	q->len = len;
	return ERR_OK;
}

static void act_approve(struct question *q, const struct msg_question *m, const struct policy_answer *a)
{
	struct session *s = q->session;
	const char *text = a->canonical ? a->text : (const char *)m->text.p;
	struct approval_binding b = { .text = { (const uint8_t *)text, a->canonical ? a->text_len : m->text.n },
				      .issuer = proto_str(s->who->issuer), .subject = proto_str(s->who->subject),
				      .on_behalf_of = proto_str(s->who->on_behalf_of), .target = proto_str(s->target),
				      .login = proto_str(s->login), .cwd = m->cwd, .policy = proto_str(policy_version(s->ctl->policy)),
				      .env = m->env, .state = m->state, .stdin_bytes = m->stdin, .has_pty = m->has_pty != 0,
				      .stdin_known = m->stdin_known != 0, .exact = !a->canonical, .kind = m->kind, .op = m->op };
	struct request_ask ask = { a, &b, m };
	struct line l = { .event = "unavailable", .exit_code = EXIT_UNAVAILABLE };
	struct buf line;
	int r;

	buf_init(&line, 1 << 16);
	r = requests_ask(s, q, &ask, &line);
	if (r == ERR_OK) {
		question_run(q, q->text, q->len);
	} else if (r == ERR_AGAIN) {
		wait_for_person(q, (struct view){ buf_ptr(&line), line.len });
	} else if (r == ERR_REFUSED) {
		refuse_view(q, EXIT_REFUSED, (struct view){ buf_ptr(&line), line.len });
	} else {
		l.reason = r == ERR_LIMIT ? "too many requests of this identity wait for an answer" : "the request cannot be kept now";
		refuse_line(q, &l);
	}
	buf_free(&line);
}

/* The answer's own question: what the policy decided becomes what the worker is told. */
static void act(struct question *q, const struct msg_question *m, const struct policy_answer *a)
{
	struct msg_answer stdin_first = { .action = ANSWER_STDIN, .stdin_cap = (uint32_t)a->stdin_cap };
	struct line denied = { .event = "denied", .rule = a->rule, .reason = a->reason, .instead = a->instead, .exit_code = EXIT_DENIED };
	bool text_given = a->text != NULL && a->canonical;

	q->record_digest = a->record_digest;
	q->pty_raw = a->pty_raw;
	q->end_session = a->end_session;
	q->stdin_consumed = a->stdin_consumed;
	q->transfer = a->transfer;
	for (size_t i = 0; i < a->transfer_argc; i++) {
		if (proto_list_put(&q->argv, a->transfer_argv[i], strlen(a->transfer_argv[i])) < 0)
			buf_clear(&q->argv); /* the worker refuses what it has no words of */
	}
	if (a->needs_stdin && !m->stdin_known) {
		send_answer(q, &stdin_first);
		question_free(q);
	} else if (a->verdict == VERDICT_ALLOW) {
		if (keep_text(q, text_given ? a->text : (const char *)m->text.p, text_given ? a->text_len : m->text.n) < 0)
			refuse_unavailable(q, "no memory");
		else
			question_run(q, q->text, q->len);
	} else if (a->verdict == VERDICT_APPROVE) {
		act_approve(q, m, a);
	} else {
		refuse_line(q, &denied);
	}
}

static void fill_question(struct session *s, const struct config_target *t, const struct msg_question *m, const char *cwd,
			  struct policy_question *pq)
{
	*pq = (struct policy_question){ .kind = (enum question_kind)m->kind, .op = (enum file_op)m->op, .text = (const char *)m->text.p,
					.len = m->text.n, .dialect = t->dialect, .has_pty = m->has_pty != 0, .issuer = s->who->issuer,
					.subject = s->who->subject, .groups = (const char *const *)s->who->groups, .ngroups = s->who->n_groups,
					.target = t->name, .login = s->login, .tags = t->tags, .ntags = t->n_tags, .cwd = cwd,
					.stdin_bytes = m->stdin.p, .stdin_len = m->stdin.n, .stdin_known = m->stdin_known != 0 };
	if (pq->text == NULL)
		pq->text = "";
}

static void decide(struct question *q, const struct config_target *t, const struct msg_question *m)
{
	struct session *s = q->session;
	struct policy_path paths[QUESTION_PATHS_MAX];
	struct policy_question pq;
	struct policy_answer a = { 0 };
	struct msg_question raw;
	char *cwd = NULL;
	bool decided = false;
	int r = m->cwd.n > 0 ? view_strdup(&m->cwd, &cwd) : ERR_OK;

	fill_question(s, t, m, cwd, &pq);
	if (r >= 0 && m->kind == QUESTION_FILE) {
		pq.paths = paths;
		r = question_paths(m, paths, &pq.npaths);
	}
	if (r >= 0 && m->kind == QUESTION_SHELL && m->has_pty) { /* a raw terminal only where a rule says so */
		raw = *m;
		raw.kind = pq.kind = QUESTION_PTY_RAW;
		r = policy_decide(s->ctl->policy, &pq, &a);
		if (r >= 0 && a.verdict == VERDICT_ALLOW && a.pty_raw) {
			m = &raw;
			q->kind = QUESTION_PTY_RAW;
			decided = true;
		} else {
			policy_answer_free(&a);
			pq.kind = QUESTION_SHELL;
		}
	}
	if (r >= 0 && !decided)
		r = policy_decide(s->ctl->policy, &pq, &a);
	if (r < 0) {
		free(cwd);
		refuse_unavailable(q, "the command cannot be judged now");
		return;
	}
	s->ctl->count.decisions[a.verdict]++;
	tally_add(&s->ctl->count.by_rule, a.rule, verdict_name(a.verdict), 1);
	if (!a.enforced)
		tally_add(&s->ctl->count.shadow, a.rule, verdict_name(a.would_be), 1);
	q->marker = make_marker(q, m, &a);
	r = control_record(s->ctl, s->id, "decision", decision_json(s, m, &a), &q->decision);
	if (r < 0)
		refuse_unavailable(q, "nothing can be recorded now");
	else
		act(q, m, &a);
	policy_answer_free(&a);
	free(cwd);
}

int question_message(struct session *s, const struct msg_question *m)
{
	const struct config_target *t;
	struct line late = { .event = "denied", .rule = "limit", .exit_code = EXIT_DENIED, .reason = "too many commands within a minute",
			     .instead = "slow down and try again in a minute" };
	struct question *q;
	int r = check_form(s, m);

	if (r < 0)
		return r;
	q = question_new(s, m);
	if (q == NULL)
		return ERR_NOMEM;
	t = config_target(s->ctl->config, s->target);
	if (t == NULL || !config_target_has_login(t, s->login)) {
		refuse_unavailable(q, "the target is not in the inventory any more");
	} else if (m->kind != QUESTION_STATEMENT && m->kind != QUESTION_FILE && over_rate(s)) {
		/* A shell's statements, and operations on files, come one at a time: that is their limit. */
		r = control_record(s->ctl, s->id, "decision",
				   json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:s,s:s}", "kind", kind_names[m->kind], "verdict", "deny", "rule", "limit",
					     "confidence", "opaque", "policy", policy_version(s->ctl->policy), "command",
					     control_masked(s->ctl, s->mask_key, m->text.p, m->text.n), "identity", control_who(s->who), "target",
					     s->target, "reason", late.reason),
				   NULL);
		s->ctl->count.decisions[VERDICT_DENY]++;
		refuse_line(q, &late);
	} else {
		decide(q, t, m);
	}
	return ERR_OK;
}

/* ---- what comes after ---- */

int question_withdraw(struct session *s, uint32_t number)
{
	struct question *q = question_find(s, number);

	/* It may have been answered while the message was on its way. */
	if (q != NULL && q->stage != QSTAGE_RUNNING)
		question_drop(q, "the agent withdrew it");
	return ERR_OK;
}

/* An exec's request stays open: the agent comes back with the same command. A shell's is nobody's once the shell does not wait for it. */
void question_drop(struct question *q, const char *why)
{
	struct session *s = q->session;

	if (q->stage == QSTAGE_HELD && q->kind == QUESTION_STATEMENT)
		requests_withdraw(q, why);
	/* Its worker is gone without a word: what it came to is not known, and that is on record. */
	if (q->stage == QSTAGE_RUNNING && is_command(q))
		(void)control_record(s->ctl, s->id, "command.end",
				     json_pack("{s:I,s:I,s:b}", "decision", (json_int_t)q->decision, "channel", (json_int_t)q->channel, "aborted", 1), NULL);
	question_free(q);
}

static void set_hex(json_t *j, const char *name, struct view v)
{
	static const char digits[] = "0123456789abcdef";
	char hex[65];

	if (v.n == 64) {
		json_object_set_new(j, name, chain_text(v.p, v.n));
	} else if (v.n == 32) {
		for (size_t i = 0; i < 32; i++) {
			hex[2 * i] = digits[v.p[i] >> 4];
			hex[2 * i + 1] = digits[v.p[i] & 15];
		}
		json_object_set_new(j, name, json_stringn(hex, 64));
	}
}

int question_command_end(struct session *s, const struct msg_command_end *m)
{
	struct question *q = question_find(s, m->question);
	json_t *j;

	if (m->signal.n > 32)
		return ERR_MALFORMED;
	if (q == NULL || q->stage != QSTAGE_RUNNING)
		return ERR_OK; /* an answer of ours was no `run`: nothing was promised to the log */
	j = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "decision", (json_int_t)q->decision, "channel", (json_int_t)q->channel, "bytes_in",
		      (json_int_t)m->in_bytes, "bytes_out", (json_int_t)m->out_bytes, "bytes_err", (json_int_t)m->err_bytes, "duration_ms",
		      (json_int_t)m->ms);
	if (m->how == 0)
		json_object_set_new(j, "exit_status", json_integer((json_int_t)m->exit_status));
	else if (m->how == 1)
		json_object_set_new(j, "signal", chain_text(m->signal.p, m->signal.n));
	else
		json_object_set_new(j, "aborted", json_true());
	set_hex(j, "sha256_in", m->in_sha256);
	set_hex(j, "sha256_out", m->out_sha256);
	s->bytes_in += m->in_bytes;
	s->bytes_out += m->out_bytes + m->err_bytes;
	(void)control_record(s->ctl, s->id, "command.end", j, NULL);
	question_free(q);
	return ERR_OK;
}

/* The summary for the session's end. A worker that was taken over chooses the names: there are only so many. */
static void count_for_end(struct session *s, const char *rule, uint32_t count)
{
	json_int_t n;

	if (s->maskings == NULL)
		s->maskings = json_object();
	if (s->maskings == NULL)
		return;
	if (json_object_get(s->maskings, rule) == NULL && json_object_size(s->maskings) >= MASKING_RULES_MAX)
		rule = "other";
	n = json_integer_value(json_object_get(s->maskings, rule));
	json_object_set_new(s->maskings, rule, json_integer(n + (json_int_t)count));
}

int question_masked(struct session *s, const struct msg_masked *m)
{
	static const char *const streams[] = { "stdin", "stdout", "stderr", "pty", "command" };
	static const char *const lengths[] = { "1-16", "17-64", "65-256", "257+" };
	struct question *q = question_find(s, m->question);
	char *rule = NULL;
	json_t *j;

	if (m->rule.n > 64 || m->stream >= sizeof(streams) / sizeof(*streams) || m->count == 0 || m->length_class >= sizeof(lengths) / sizeof(*lengths))
		return ERR_MALFORMED;
	j = json_pack("{s:o,s:I,s:s,s:I,s:s}", "rule", chain_text(m->rule.p, m->rule.n), "count", (json_int_t)m->count, "stream", streams[m->stream],
		      "offset", (json_int_t)m->offset, "length", lengths[m->length_class]);
	if (q != NULL)
		json_object_set_new(j, "channel", json_integer((json_int_t)q->channel));
	s->ctl->count.maskings += m->count;
	if (view_strdup(&m->rule, &rule) == ERR_OK)
		tally_add(&s->ctl->count.masks, rule, "", m->count);
	if (rule != NULL)
		count_for_end(s, rule, m->count);
	free(rule);
	(void)control_record(s->ctl, s->id, "masking", j, NULL);
	return ERR_OK;
}
