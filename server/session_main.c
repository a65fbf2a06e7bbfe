/* sallyport-session: the start, the loop and the end of one agent's connection. Its descriptors are all it has; see session.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/process.h"
#include "base/sandbox.h"
#include "base/zygote.h"
#include "server/penalty.h"
#include "server/remote.h"
#include "server/resolve.h"
#include "server/session.h"

enum { READ_ROUNDS = 64, STEP_ROUNDS = 64, DEFAULT_GRACE_MS = 30 * 1000, BYE_MS = 500 };

int64_t session_now(void)
{
	return clock_mono_ms();
}

void session_cut(struct session *s, const char *why)
{
	if (!s->cut && why != NULL)
		snprintf(s->why, sizeof(s->why), "%s", why);
	s->cut = true;
}

void session_end(struct session *s, int exit_code, const char *line, const char *why)
{
	if (s->end || s->cut)
		return;
	s->end = true;
	s->end_at = session_now() + DRAIN_MS;
	snprintf(s->why, sizeof(s->why), "%s", why);
	if (line == NULL)
		return; /* what runs may still deliver its last bytes */
	for (struct channel *c = s->channels; c != NULL; c = c->next) {
		if (c->state == CHANNEL_RUNNING || c->state == CHANNEL_STARTING) {
			/* Nothing more of the target is shown. */
			c->out.eof = c->err.eof = true;
		}
		chan_refuse(c, exit_code, line, strlen(line));
	}
}

static int control_readable(socket_t fd, int revents, void *arg)
{
	(void)fd;
	(void)revents;
	((struct session *)arg)->control_ready = true;
	return 0;
}

static int recorder_readable(socket_t fd, int revents, void *arg)
{
	(void)fd;
	(void)revents;
	((struct session *)arg)->recorder_ready = true;
	return 0;
}

static int signalled(socket_t fd, int revents, void *arg)
{
	struct session *s = arg;
	struct signalfd_siginfo info;

	(void)revents;
	if (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		s->signalled = true;
	return 0;
}

/* libssh's event has no way to change what a descriptor is watched for but to take it out and put it in again. */
static void watch(struct session *s, struct ipc *c, short *events, ssh_event_callback fn, bool gone)
{
	short want = c->fd < 0 || gone ? 0 : (short)(POLLIN | (ipc_pending(c) ? POLLOUT : 0));

	if (want == *events)
		return;
	if (*events != 0)
		ssh_event_remove_fd(s->event, fn == control_readable ? s->control_fd : s->recorder_fd);
	if (want != 0) {
		if (fn == control_readable)
			s->control_fd = c->fd;
		else
			s->recorder_fd = c->fd;
		if (ssh_event_add_fd(s->event, c->fd, want, fn, s) != SSH_OK)
			session_cut(s, "out of memory");
	}
	*events = want;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static int timeout_ms(const struct session *s)
{
	int64_t due = sooner(s->grace_at, s->end ? s->end_at : 0), left;

	if (s->target_state == TARGET_CONNECTING || s->target_state == TARGET_LOGIN)
		due = sooner(due, s->target_deadline);
	if (s->scan_fd >= 0)
		due = sooner(due, s->scan_deadline);
	due = sooner(due, resolve_due(s));
	due = sooner(due, rekey_due(s));
	for (const struct channel *c = s->channels; c != NULL; c = c->next)
		due = sooner(due, pump_due(c));
	if (due == 0)
		return 60 * 1000;
	left = due - session_now();
	return left <= 0 ? 0 : left > 60 * 1000 ? 60 * 1000 : (int)left;
}

/* libssh reads 4 KiB a poll: go on while something comes, so that what is masked, recorded and encrypted comes in larger pieces. */
static void poll_all(struct session *s, int timeout)
{
	uint64_t before;
	int n = 0;

	do {
		before = s->agent_backlog.sock.in_bytes + s->target_backlog.sock.in_bytes;
		if (ssh_event_dopoll(s->event, timeout) == SSH_ERROR && !ssh_is_connected(s->agent))
			session_cut(s, "the agent closed the connection");
		timeout = 0;
	} while (!s->cut && ++n < READ_ROUNDS && s->agent_backlog.sock.in_bytes + s->target_backlog.sock.in_bytes != before);
}

static void free_closed(struct session *s)
{
	struct channel *next;

	for (struct channel *c = s->channels; c != NULL; c = next) {
		next = c->next;
		if (c->state == CHANNEL_CLOSED)
			chan_free(c);
	}
}

/* Answers to what a peer asks wait for it to read them; for how many, it does not choose. */
static void check_backlogs(struct session *s)
{
	if (backlog_bytes(&s->agent_backlog, agent_congested(s)) > BACKLOG_MAX)
		session_cut(s, "the agent asks and does not read the answers");
	if (backlog_bytes(&s->target_backlog, target_congested(s)) > BACKLOG_MAX)
		session_cut(s, "the target asks and does not read the answers");
}

static void check_times(struct session *s)
{
	int64_t now = session_now();

	if (s->grace_at > 0 && now >= s->grace_at) {
		s->grace_over = true;
		session_cut(s, "no login in time");
	}
	if (s->end && (now >= s->end_at || s->channels == NULL))
		session_cut(s, NULL);
	if (s->signalled && !s->end)
		session_end(s, EXIT_UNAVAILABLE, "sallyport: the session was ended by the bastion", "ended by the supervisor");
}

static void loop(struct session *s)
{
	bool moved = false;

	while (!s->cut) {
		watch(s, &s->control, &s->control_events, control_readable, s->control_lost);
		watch(s, &s->recorder, &s->recorder_events, recorder_readable, false);
		poll_all(s, moved ? 0 : timeout_ms(s));
		control_step(s);
		if (!s->cut)
			agent_step(s);
		recording_step(s);
		hostscan_step(s);
		moved = target_step(s);
		moved |= remote_step(s);
		rekey_step(s);
		for (int i = 0; i < STEP_ROUNDS && !s->cut; i++) {
			bool again = false;

			for (struct channel *c = s->channels; c != NULL && !s->cut; c = c->next)
				again |= chan_step(c);
			again |= !s->cut && resolve_step(s); /* after those that ask it */
			moved |= again;
			if (!again)
				break;
		}
		free_closed(s);
		control_flush(s);
		check_backlogs(s);
		check_times(s);
	}
}

static void say_over(struct session *s)
{
	char why[sizeof(s->why)];
	struct msg_session_over m;
	int64_t until = session_now() + BYE_MS;

	memcpy(why, s->why, sizeof(why)); /* what follows from the first reason is no reason */
	m.why = proto_str(why);
	for (struct channel *c = s->channels; c != NULL; c = c->next) {
		if (c->state != CHANNEL_CLOSED) {
			/* Nothing more can be said there; the command's end still has to be told. */
			chan_agent_left(c);
		}
	}
	if (s->control.fd < 0 || s->control_lost || msg_session_over_send(&s->control, &m, NULL, 0) < 0)
		return;
	while (session_now() < until && ipc_flush(&s->control) == ERR_AGAIN) {
		struct pollfd p = { .fd = s->control.fd, .events = POLLOUT };

		(void)poll(&p, 1, BYE_MS);
	}
}

static int watch_signals(struct session *s)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return ERR_SYS;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return ERR_SYS;
	return ssh_event_add_fd(s->event, fd, POLLIN, signalled, s) == SSH_OK ? ERR_OK : ERR_NOMEM;
}

/* What the supervisor makes of it: penalties by source. */
static int exit_code(const struct session *s)
{
	if (s->control_lost || s->signed_ok || (s->authenticated && !s->signing))
		return WORKER_SERVED;
	if (s->attempts > 0 || (s->signing && s->next_channel > 0 && !s->grace_over))
		return WORKER_FAILED_LOGIN;
	return s->grace_over ? WORKER_GRACE_EXCEEDED : WORKER_NO_LOGIN;
}

/* With --parent: descriptor 3 is the supervisor's socket, and each return from zygote_serve() is a session's process. */
static int parent(char **argv)
{
	if (process_harden("sallyport-session", FD_CONTROL) < 0 || ssh_init() != SSH_OK)
		return ERR_SYS;
	warm_up();
	zygote_serve(FD_CONTROL, FD_SESSION_LOGIN - FD_CONTROL + 1, argv);
	return ERR_OK;
}

int main(int argc, char **argv)
{
	struct session *s;
	int r;

	if (argc > 1 && strcmp(argv[1], "--parent") == 0 && parent(argv) < 0)
		return 1;
	s = calloc(1, sizeof(*s));
	if (s == NULL || process_harden("sallyport-session", FD_SESSION_LOGIN) < 0)
		return 1;
	s->recorder.fd = s->target_fd = s->vault_fd = s->scan_fd = -1;
	s->hello_fd = fcntl(FD_SESSION_AGENT, F_DUPFD_CLOEXEC, FD_SESSION_LOGIN + 1);
	s->attempts_max = 6;
	s->channels_max = 64;
	s->grace_at = session_now() + DEFAULT_GRACE_MS;
	buf_init(&s->host_keys, 64 * 1024);
	buf_init(&s->host_cas, 64 * 1024);
	(void)fcntl(FD_SESSION_LOGIN, F_SETFD, FD_CLOEXEC);
	ipc_init(&s->control, FD_CONTROL, true);
	r = ERR_NOMEM;
	if (ssh_init() == SSH_OK && (s->event = ssh_event_new()) != NULL && watch_signals(s) == ERR_OK)
		r = agent_start(s, FD_SESSION_AGENT, agent_read_host_key(FD_SESSION_HOSTKEY));
	if (r == ERR_EOF) {
		agent_tell_stranger(s);
		return 0;
	}
	if (r < 0) {
		log_error("the session cannot be set up");
		return 1;
	}
	r = sandbox_enter(SANDBOX_SESSION, NULL, 0);
	if (r < 0 && r != ERR_UNSUPPORTED)
		return 1;
	loop(s);
	log_debug("session %s: %s", s->id, s->why);
	say_over(s);
	agent_tell_stranger(s);
	if (s->kex_done && ssh_is_connected(s->agent))
		ssh_disconnect(s->agent);
	_exit(exit_code(s)); /* the kernel takes the rest back */
}
