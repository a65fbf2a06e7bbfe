/* A control that decides nothing, so that the supervisor and the session worker can be tested alone against a real ssh and a real
 * sshd: it lets every certificate in and every command run but those that begin with a word below. Test fixture; it is never installed.
 *
 *   deny …   refused, 126      refuse …  refused, 77      wait …   held for 300 ms, then run
 *   stdin …  its standard input is asked for first         end …   refused, and the session ends
 *
 * Started as sallyport-vault it only waits. From the environment: FIXTURE_HOST, FIXTURE_PORT, FIXTURE_LOGIN, FIXTURE_HOST_KEY (file), FIXTURE_AGENT
 * (socket of an ssh-agent, in place of the vault), FIXTURE_MASK (1: the built-in rules), FIXTURE_REKEY_BYTES, FIXTURE_REKEY_SECONDS (life of a key), FIXTURE_LOG
 * (file: a line a message). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/proto.h"
#include "policy/policy.h"

struct held { /* a question that waits for the target, or for time */
	struct held *next;
	struct peer *peer;
	uint32_t question;
	char *text;
	bool stdin_given;
};

struct peer { /* a session worker */
	struct peer *next;
	uint64_t sid;
	char id[40];
	struct ipc ipc;
	struct loop_watch *watch;
	struct ipc recorder;
	struct loop_watch *recorder_watch;
	bool dialing, dialed, recording, gone;
	struct held *held;
};

static struct loop *loop;
static struct ipc supervisor;
static struct peer *peers;
static FILE *logfile;

static const char *env(const char *name)
{
	const char *v = getenv(name);

	return v == NULL ? "" : v;
}

static void note(const char *what, struct view v)
{
	fprintf(logfile, "%s %.*s\n", what, (int)v.n, v.p == NULL ? "" : (const char *)v.p);
	fflush(logfile);
}

static int agent_socket(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(sa.sun_path, env("FIXTURE_AGENT"), sizeof(sa.sun_path) - 1);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		log_error("ssh-agent: %s", strerror(errno));
	return fd;
}

static void run(struct peer *p, uint32_t question, const char *text)
{
	struct msg_answer a = { .question = question, .action = ANSWER_RUN, .text = proto_str(text), .marker = proto_str("allow fixture") };

	(void)msg_answer_send(&p->ipc, &a, NULL, 0);
}

static void run_held(struct peer *p)
{
	while (p->dialed && p->recording && p->held != NULL) {
		struct held *h = p->held;

		p->held = h->next;
		run(p, h->question, h->text);
		free(h->text);
		free(h);
	}
}

static void hold(struct peer *p, uint32_t question, const char *text)
{
	struct msg_dial dial = { .sid = p->sid, .req = (uint32_t)p->sid, .timeout_ms = 5000 };
	struct msg_recorder_start rec = { .sid = p->sid, .req = (uint32_t)p->sid };
	struct held *h = calloc(1, sizeof(*h)), **end = &p->held;

	h->peer = p;
	h->question = question;
	h->text = strdup(text);
	while (*end != NULL)
		end = &(*end)->next;
	*end = h;
	if (!p->dialing) {
		p->dialing = true;
		dial.host = proto_str(env("FIXTURE_HOST"));
		dial.port = (uint16_t)atoi(env("FIXTURE_PORT"));
		(void)msg_dial_send(&supervisor, &dial, NULL, 0);
		(void)msg_recorder_start_send(&supervisor, &rec, NULL, 0);
	}
	run_held(p);
}

static void later(void *arg)
{
	struct held *h = arg;

	if (!h->peer->gone)
		hold(h->peer, h->question, h->text);
	free(h->text);
	free(h);
}

static void refuse(struct peer *p, uint32_t question, uint8_t code, const char *line, bool end)
{
	struct msg_answer a = { .question = question, .action = ANSWER_REFUSE, .exit_code = code, .line = proto_str(line), .end_session = end };

	(void)msg_answer_send(&p->ipc, &a, NULL, 0);
}

static void on_question(struct peer *p, const struct msg_question *q)
{
	struct msg_answer a = { .question = q->question };
	char *text = NULL;

	fprintf(logfile, "question kind=%u pty=%u json=%u stdin=%zu ", q->kind, q->has_pty, q->json, q->stdin.n);
	note("text", q->text);
	if (view_strdup(&q->text, &text) < 0)
		return;
	if (q->kind == QUESTION_ENV && strncmp(text, "ALLOWED", 7) == 0) {
		run(p, q->question, text);
	} else if (q->kind != QUESTION_EXEC && q->kind != QUESTION_SUBSYSTEM) {
		refuse(p, q->question, 126, "sallyport: denied rule=fixture: not this", false);
	} else if (strncmp(text, "deny", 4) == 0) {
		refuse(p, q->question, 126, "sallyport: denied rule=fixture: said so", false);
	} else if (strncmp(text, "refuse", 6) == 0) {
		refuse(p, q->question, 77, "sallyport: refused by=fixture", false);
	} else if (strncmp(text, "end", 3) == 0) {
		refuse(p, q->question, 126, "sallyport: denied rule=fixture: the session ends", true);
	} else if (strncmp(text, "stdin ", 6) == 0 && !q->stdin_known) {
		a.action = ANSWER_STDIN;
		a.stdin_cap = 65536;
		(void)msg_answer_send(&p->ipc, &a, NULL, 0);
	} else if (strncmp(text, "stdin ", 6) == 0) {
		note("program", q->stdin);
		hold(p, q->question, text + 6);
	} else if (strncmp(text, "wait ", 5) == 0) {
		struct held *h = calloc(1, sizeof(*h));

		a.action = ANSWER_WAIT;
		a.line = proto_str("sallyport: waiting id=1");
		(void)msg_answer_send(&p->ipc, &a, NULL, 0);
		h->peer = p;
		h->question = q->question;
		h->text = strdup(text + 5);
		(void)loop_timer(loop, 300, later, h);
	} else {
		hold(p, q->question, text);
	}
	free(text);
}

static int on_peer_message(struct peer *p, const struct ipc_msg *m)
{
	static const uint8_t key[32] = { 1 };
	struct msg_login login;
	struct msg_login_answer answer = { .ok = 1, .target = proto_str("target"), .identity = proto_str("fixture"), .mask_key = { key, 32 } };
	struct msg_sign_request sign;
	struct msg_sign_answer signed_ = { .ok = 1, .text = proto_str("ssh-ed25519-cert-v01@openssh.com AAAA fixture") };
	struct msg_question q;
	struct msg_command_end end;
	struct msg_session_over over;
	struct msg_withdraw withdraw;
	struct msg_target_result result;
	struct msg_masked masked;
	int r;

	switch (m->type) {
	case MSG_login:
		r = msg_login_read(m, &login);
		if (r < 0)
			return r;
		note("login", login.user);
		answer.ok = !view_is(&login.user, "nobody");
		answer.login = proto_str(env("FIXTURE_LOGIN"));
		answer.mask = *env("FIXTURE_MASK") == '1';
		return msg_login_answer_send(&p->ipc, &answer, NULL, 0);
	case MSG_sign_request:
		r = msg_sign_request_read(m, &sign);
		if (r < 0)
			return r;
		note("token", sign.token);
		note("key", sign.public_key);
		if (!view_is(&sign.token, "good")) {
			signed_.ok = 0;
			signed_.text = proto_str("sallyport: the token was not accepted");
		}
		return msg_sign_answer_send(&p->ipc, &signed_, NULL, 0);
	case MSG_question:
		r = msg_question_read(m, &q);
		if (r == ERR_OK)
			on_question(p, &q);
		return r;
	case MSG_command_end:
		r = msg_command_end_read(m, &end);
		if (r == ERR_OK)
			fprintf(logfile, "end how=%u status=%u signal=%.*s in=%llu out=%llu err=%llu\n", end.how, end.exit_status, (int)end.signal.n,
				end.signal.p == NULL ? "" : (const char *)end.signal.p, (unsigned long long)end.in_bytes, (unsigned long long)end.out_bytes,
				(unsigned long long)end.err_bytes);
		fflush(logfile);
		return r;
	case MSG_withdraw:
		r = msg_withdraw_read(m, &withdraw);
		fprintf(logfile, "withdraw\n");
		fflush(logfile);
		return r;
	case MSG_target_result:
		r = msg_target_result_read(m, &result);
		fprintf(logfile, "target ok=%u ", result.ok);
		note("why", result.why);
		if (r == ERR_OK && !result.ok)
			p->dialing = p->dialed = p->recording = false; /* a next command gets a new connection; the recorder stays */
		return r;
	case MSG_masked:
		r = msg_masked_read(m, &masked);
		note("masked", masked.rule);
		return r;
	case MSG_session_over:
		r = msg_session_over_read(m, &over);
		note("over", over.why);
		return r;
	default:
		return ERR_MALFORMED;
	}
}

static void drop(struct peer *p)
{
	loop_watch_del(p->watch);
	p->watch = NULL;
	if (!p->gone)
		ipc_free(&p->ipc);
	p->gone = true;
}

static void peer_event(int fd, unsigned events, void *arg)
{
	struct peer *p = arg;
	struct ipc_msg m;
	int r;

	(void)fd;
	if (events & LOOP_WRITE)
		(void)ipc_flush(&p->ipc);
	r = ipc_read(&p->ipc);
	while (r >= 0 && (r = ipc_next(&p->ipc, &m)) == ERR_OK) {
		r = on_peer_message(p, &m);
		if (r < 0)
			log_error("message %s: %s", proto_name(m.type), err_text(r));
		ipc_msg_close(&m);
	}
	if (r < 0 && r != ERR_AGAIN)
		drop(p);
	else
		loop_watch_events(p->watch, LOOP_READ | (ipc_pending(&p->ipc) ? LOOP_WRITE : 0u));
}

static void recorder_event(int fd, unsigned events, void *arg)
{
	struct peer *p = arg;
	struct ipc_msg m;
	int r = ipc_read(&p->recorder);

	(void)fd;
	(void)events;
	while (r >= 0 && (r = ipc_next(&p->recorder, &m)) == ERR_OK) {
		fprintf(logfile, "recorder %s\n", proto_name(m.type));
		fflush(logfile);
		ipc_msg_close(&m);
	}
	if (r < 0 && r != ERR_AGAIN) {
		loop_watch_del(p->recorder_watch);
		ipc_free(&p->recorder);
	}
}

static struct peer *peer_of(uint64_t sid)
{
	struct peer *p = peers;

	while (p != NULL && p->sid != sid)
		p = p->next;
	return p;
}

static void on_new(struct ipc_msg *m)
{
	struct msg_session_new n;
	struct msg_session_start start = { .attempts_max = 6, .channels_max = 64, .sign_user = 1 };
	struct peer *p;

	if (msg_session_new_read(m, &n) < 0 || m->nfds != 1)
		return;
	p = calloc(1, sizeof(*p));
	p->sid = n.sid;
	snprintf(p->id, sizeof(p->id), "f%08lx%017llx", (unsigned long)getpid(), (unsigned long long)n.sid);
	start.id = proto_str(p->id);
	p->next = peers;
	peers = p;
	ipc_init(&p->ipc, m->fds[0], false);
	m->fds[0] = -1;
	p->watch = loop_watch(loop, p->ipc.fd, LOOP_READ, peer_event, p);
	start.rekey_bytes = strtoull(env("FIXTURE_REKEY_BYTES"), NULL, 10);
	start.rekey_seconds = (uint32_t)strtoul(env("FIXTURE_REKEY_SECONDS"), NULL, 10);
	start.grace_ms = *env("FIXTURE_GRACE_MS") != '\0' ? (uint32_t)atoi(env("FIXTURE_GRACE_MS")) : 30000;
	(void)msg_session_start_send(&p->ipc, &start, NULL, 0);
	note("new", n.peer);
}

static void on_dialed(struct ipc_msg *m)
{
	struct msg_dialed d;
	struct msg_target t = { .ok = 1, .name = proto_str("target") };
	struct buf keys;
	char line[1024] = "";
	struct peer *p;
	int fds[2];
	FILE *f;

	if (msg_dialed_read(m, &d) < 0)
		return;
	note("dialed", d.why);
	p = peer_of(d.req);
	if (p == NULL || p->gone)
		return;
	buf_init(&keys, 4096);
	f = fopen(env("FIXTURE_HOST_KEY"), "r");
	if (f == NULL || fgets(line, sizeof(line), f) == NULL)
		log_error("no host key");
	if (f != NULL)
		fclose(f);
	line[strcspn(line, "\n")] = '\0';
	(void)proto_list_put(&keys, line, strlen(line));
	t.ok = d.ok;
	t.why = d.why;
	t.login = proto_str(env("FIXTURE_LOGIN"));
	t.host_keys = (struct view){ buf_ptr(&keys), keys.len };
	if (d.ok) {
		fds[0] = m->fds[0];
		fds[1] = agent_socket();
		m->fds[0] = -1;
	}
	(void)msg_target_send(&p->ipc, &t, fds, d.ok ? 2 : 0);
	buf_free(&keys);
	p->dialed = true;
	run_held(p);
}

static void on_recorder(struct ipc_msg *m)
{
	struct msg_recorder_ready r;
	struct msg_recorder give = { 0 };
	struct msg_rec_start start = { .identity = proto_str("fixture"), .target = proto_str("target"),
				       .login = proto_str("login"), .issuer = proto_str("fixture") };
	struct peer *p;

	if (msg_recorder_ready_read(m, &r) < 0)
		return;
	p = peer_of(r.sid);
	if (p == NULL || p->gone)
		return;
	p->recording = true;
	start.session = proto_str(p->id);
	if (!r.ok) {
		note("no recorder", r.why); /* it has one already, or there is none to be had */
		run_held(p);
		return;
	}
	ipc_init(&p->recorder, m->fds[0], false);
	p->recorder_watch = loop_watch(loop, p->recorder.fd, LOOP_READ, recorder_event, p);
	(void)msg_rec_start_send(&p->recorder, &start, NULL, 0);
	(void)msg_recorder_send(&p->ipc, &give, &m->fds[1], 1);
	m->fds[0] = m->fds[1] = -1;
	run_held(p);
}

static void supervisor_event(int fd, unsigned events, void *arg)
{
	struct ipc_msg m;
	int r = ipc_read(&supervisor);

	(void)fd;
	(void)events;
	(void)arg;
	while (r >= 0 && (r = ipc_next(&supervisor, &m)) == ERR_OK) {
		if (m.type == MSG_session_new)
			on_new(&m);
		else if (m.type == MSG_dialed)
			on_dialed(&m);
		else if (m.type == MSG_recorder_ready)
			on_recorder(&m);
		else
			fprintf(logfile, "supervisor %s\n", proto_name(m.type));
		fflush(logfile);
		ipc_msg_close(&m);
	}
	if (r < 0 && r != ERR_AGAIN) {
		/* Without a supervisor sessions go on; without sessions there is nothing to go on for. */
		ipc_free(&supervisor);
		for (struct peer *p = peers; p != NULL; p = p->next) {
			if (!p->gone) {
				loop_watch_del(*(struct loop_watch **)arg);
				return;
			}
		}
		loop_stop(loop);
	}
}

static void on_signal(int signo, void *arg)
{
	(void)signo;
	(void)arg;
	loop_stop(loop);
}

int main(int argc, char **argv)
{
	static const int signals[] = { SIGTERM, 0 };
	static struct loop_watch *watch;
	struct msg_control_ready ready = { 0 };
	const char *name = strrchr(argv[0], '/');

	log_init("fixture");
	if (argc > 1 && strcmp(argv[1], "--check") == 0)
		return 0;
	name = name == NULL ? argv[0] : name + 1;
	if (strcmp(name, "sallyport-vault") == 0) {
		pause();
		return 0;
	}
	logfile = fopen(*env("FIXTURE_LOG") == '\0' ? "/dev/null" : env("FIXTURE_LOG"), "a");
	loop = loop_new();
	if (loop == NULL || logfile == NULL || loop_signals(loop, signals, on_signal, NULL) < 0)
		return 1;
	ipc_init(&supervisor, FD_CONTROL, false);
	watch = loop_watch(loop, FD_CONTROL, LOOP_READ, supervisor_event, &watch);
	(void)msg_control_ready_send(&supervisor, &ready, NULL, 0);
	loop_run(loop);
	return 0;
}
