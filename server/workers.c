/* Session workers and recorders: started, counted, reaped, ended. A worker that was taken over can say nothing to us but the
 * one byte at login, which only moves it from one count to another. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "server/parents.h"
#include "server/spawn.h"
#include "server/supervisor.h"

enum {
	SESSION_NOFILE = 64,
	RECORDER_NOFILE = 128,
	KILL_MS = 5000,
	PATIENCE_MS = 3000 /* in which an honest client has logged in; who takes longer makes room when there is none */
};

static void source_of(const struct sockaddr_storage *sa, struct in6_addr *out)
{
	memset(out, 0, sizeof(*out));
	if (sa->ss_family == AF_INET) {
		out->s6_addr[10] = out->s6_addr[11] = 0xff;
		memcpy(out->s6_addr + 12, &((const struct sockaddr_in *)sa)->sin_addr, 4);
	} else if (sa->ss_family == AF_INET6) {
		memcpy(out->s6_addr, &((const struct sockaddr_in6 *)sa)->sin6_addr, 8);
	}
}

void workers_address(const struct sockaddr_storage *sa, char *text, size_t n, uint16_t *port)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sa;

	strncpy(text, "unknown", n);
	if (port != NULL)
		*port = 0;
	if (sa->ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, text, (socklen_t)n);
		if (port != NULL)
			*port = ntohs(v4->sin_port);
	} else if (sa->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, text, (socklen_t)n);
		if (port != NULL)
			*port = ntohs(v6->sin6_port);
	}
}

static void authenticated(struct supervisor *s, struct worker *w)
{
	if (w->auth_fd < 0)
		return;
	loop_watch_del(w->auth_watch);
	w->auth_watch = NULL;
	close(w->auth_fd);
	w->auth_fd = -1;
	s->nunauthenticated--;
}

static bool known(const struct supervisor *s, const struct in6_addr *source)
{
	for (size_t i = 0; i < sizeof(s->known) / sizeof(s->known[0]); i++) {
		if (memcmp(&s->known[i], source, sizeof(*source)) == 0)
			return true;
	}
	return false;
}

static void remember(struct supervisor *s, const struct in6_addr *source)
{
	if (!known(s, source))
		s->known[s->next_known++ % (sizeof(s->known) / sizeof(s->known[0]))] = *source;
}

struct auth_arg {
	struct supervisor *s;
	struct worker w; /* last: what the list holds */
};

static void auth_event(int fd, unsigned events, void *arg)
{
	struct auth_arg *a = arg;
	char byte;

	(void)events;
	if (read(fd, &byte, 1) == 1)
		remember(a->s, &a->w.source);
	authenticated(a->s, &a->w); /* the byte, or the end of the worker: either way it no longer waits to log in */
}

static struct worker *find(struct supervisor *s, uint64_t sid)
{
	for (struct worker *w = s->workers; w != NULL; w = w->next) {
		if (w->sid == sid)
			return w;
	}
	return NULL;
}

unsigned long workers_nofile(const char *program)
{
	return strcmp(program, "sallyport-session") == 0 ? SESSION_NOFILE : RECORDER_NOFILE;
}

static void close_all(int *fds, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

void workers_new(struct supervisor *s, int fd, const struct sockaddr_storage *peer)
{
	/* control's end, the worker's end; the login pipe's two; the host key */
	int control[2] = { -1, -1 }, auth[2] = { -1, -1 }, hostkey = -1;
	struct spawn sp = { .program = "sallyport-session", .nfds = 4, .user = &s->config->session, .nofile = SESSION_NOFILE };
	struct msg_session_new note = { 0 };
	struct auth_arg *a = calloc(1, sizeof(*a));
	char address[64];

	if (a == NULL)
		goto fail;
	hostkey = open(s->host_key, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (hostkey < 0 || ipc_pair(control) < 0 || pipe2(auth, O_CLOEXEC) < 0)
		goto fail;
	sp.fds[0] = control[1];
	sp.fds[1] = fd;
	sp.fds[2] = hostkey;
	sp.fds[3] = auth[1];
	a->s = s;
	a->w.pid = parents_spawn(&sp);
	if (a->w.pid < 0)
		goto fail;
	a->w.user = &s->config->session;
	a->w.sid = ++s->next_sid;
	a->w.started_ms = clock_mono_ms();
	a->w.control_generation = s->control.generation;
	source_of(peer, &a->w.source);
	a->w.auth_fd = auth[0];
	a->w.auth_watch = loop_watch(s->loop, auth[0], LOOP_READ, auth_event, a);
	auth[0] = -1;
	a->w.next = s->workers;
	s->workers = &a->w;
	s->nworkers++;
	s->nunauthenticated++;
	note.sid = a->w.sid;
	workers_address(peer, address, sizeof(address), &note.port);
	note.peer = proto_str(address);
	(void)msg_session_new_send(&s->control.ipc, &note, &control[0], 1);
	control[0] = -1;
	a = NULL;
	goto out;
fail:
	log_error("a connection cannot be served: %s", strerror(errno));
	listen_pause(s, 100);
out:
	free(a);
	close_all(control, 2);
	close_all(auth, 2);
	close_all(&hostkey, 1);
	close(fd);
}

void workers_recorder(struct supervisor *s, uint32_t req, uint64_t sid)
{
	struct msg_recorder_ready answer = { .req = req, .sid = sid };
	struct spawn sp = { .program = "sallyport-recorder", .nfds = 3, .user = &s->config->recorder, .nofile = RECORDER_NOFILE };
	int control[2] = { -1, -1 }, session[2] = { -1, -1 };
	struct worker *w = sid != 0 ? find(s, sid) : NULL;
	pid_t pid = -1;

	/* Without a session it is one that deletes: it ends when control closes its socket. */
	if (sid != 0 && (w == NULL || w->pid == 0 || w->recorder != 0)) {
		answer.why = proto_str(w == NULL || w->pid == 0 ? "the session is over" : "it has a recorder");
	} else if (ipc_pair(control) < 0 || ipc_pair(session) < 0) {
		answer.why = proto_str(strerror(errno));
	} else {
		sp.fds[0] = session[1];
		sp.fds[1] = control[1];
		sp.fds[2] = s->recordings_fd;
		pid = parents_spawn(&sp);
		if (pid < 0)
			answer.why = proto_str(strerror(errno));
	}
	if (pid > 0) {
		int give[2] = { control[0], session[0] };

		if (w != NULL)
			w->recorder = pid;
		answer.ok = 1;
		(void)msg_recorder_ready_send(&s->control.ipc, &answer, give, 2);
		control[0] = session[0] = -1;
	} else {
		(void)msg_recorder_ready_send(&s->control.ipc, &answer, NULL, 0);
	}
	close_all(control, 2);
	close_all(session, 2);
}

/* A recorder that was killed leaves a file cut in the middle; the same program, given the directory alone, makes it valid. It leaves alone what
 * a living recorder has locked, and nothing waits for it. */
void workers_repair(struct supervisor *s)
{
	const char *args[] = { "--repair", "fd:3", NULL };
	struct spawn sp = { .program = "sallyport-recorder", .args = args, .nfds = 1, .user = &s->config->recorder, .nofile = RECORDER_NOFILE };

	sp.fds[0] = s->recordings_fd;
	if (spawn_program(&sp) < 0)
		log_error("recordings cannot be repaired: %s", strerror(errno));
}

static void kill_hard(void *arg)
{
	struct worker *w = arg;

	w->kill_timer = NULL;
	spawn_kill(w->pid, SIGKILL, w->user);
}

static void end_worker(struct supervisor *s, struct worker *w, int signo)
{
	if (w->pid <= 0)
		return;
	spawn_kill(w->pid, signo, w->user);
	if (signo != SIGKILL && w->kill_timer == NULL)
		w->kill_timer = loop_timer(s->loop, KILL_MS, kill_hard, w);
}

static unsigned waiting_from(const struct supervisor *s, const struct in6_addr *source)
{
	unsigned n = 0;

	for (const struct worker *w = s->workers; w != NULL; w = w->next)
		n += w->auth_fd >= 0 && memcmp(&w->source, source, sizeof(*source)) == 0;
	return n;
}

/* The one that waits longest of those that have not logged in: of one source, or of the source that has most of them. *n: how many that has. */
static struct worker *longest_waiting(struct supervisor *s, const struct in6_addr *source, unsigned *n)
{
	struct worker *found = NULL;
	unsigned k;

	*n = 0;
	for (struct worker *w = s->workers; w != NULL; w = w->next) {
		if (w->auth_fd < 0 || (source != NULL && memcmp(&w->source, source, sizeof(*source)) != 0))
			continue;
		k = waiting_from(s, &w->source);
		if (found == NULL || k > *n || (k == *n && w->started_ms < found->started_ms))
			found = w;
		*n = k > *n ? k : *n;
	}
	return found;
}

/* Who kept others out stays away at once: of very many sources none would gather enough before what it has is over again. Not all for the same time, or
 * those that went together would come back together, and take all places together. */
static uint64_t keeps_out(const struct penalty_rules *r, uint64_t sid)
{
	return r->grace_exceeded == 0 ? 0 : (r->min > r->grace_exceeded ? r->min : r->grace_exceeded) + sid * 7 % (r->min + 1);
}

/* Some silent connections would keep everybody out until their grace time is over. So a source that has none or few waiting takes the place of
 * one of the source that has most; and who has waited longer than an honest client ever does goes before somebody new is refused. Where
 * somebody logged in lately, the next one will too: a stranger goes at once for it. crowded: the newcomer's source is; only its own make room. */
static bool make_room(struct supervisor *s, const struct in6_addr *newcomer, bool crowded)
{
	int64_t now = clock_mono_ms();
	unsigned n = 0, mine = waiting_from(s, newcomer);
	struct worker *w = longest_waiting(s, crowded ? newcomer : NULL, &n);
	bool late = w != NULL && now - w->started_ms >= PATIENCE_MS;
	bool welcome = w != NULL && known(s, newcomer) && !known(s, &w->source);
	const struct penalty_rules *r = &s->config->penalties;

	if (w == NULL || (!late && (crowded || (!welcome && n <= mine + 1))))
		return false;
	if (late)
		penalties_add(s->penalties, r, &w->source, crowded ? r->grace_exceeded : keeps_out(r, w->sid), now);
	w->evicted = true;
	authenticated(s, w); /* counted no longer; it ends at once */
	end_worker(s, w, SIGKILL);
	return true;
}

bool workers_over_limit(struct supervisor *s, const struct sockaddr_storage *peer, const char **why)
{
	struct in6_addr source;
	uint64_t same = 0;

	source_of(peer, &source);
	if (penalties_refuse(s->penalties, &s->config->penalties, &source, clock_mono_ms())) {
		*why = "penalty for what came from there before (limits.penalties)";
		return true;
	}
	if (s->nworkers >= s->config->sessions) {
		*why = "limits.sessions are open";
		return true;
	}
	for (struct worker *w = s->workers; w != NULL; w = w->next)
		same += !w->evicted && memcmp(&w->source, &source, sizeof(source)) == 0;
	if (same >= s->config->per_source && !make_room(s, &source, true)) {
		*why = "limits.per_source connections come from there";
		return true;
	}
	if (s->nunauthenticated >= s->config->unauthenticated && !make_room(s, &source, false)) {
		*why = "limits.unauthenticated connections have not logged in yet";
		return true;
	}
	return false;
}

void workers_kill(struct supervisor *s, uint64_t sid)
{
	struct worker *w = find(s, sid);

	if (w != NULL)
		end_worker(s, w, SIGTERM);
}

void workers_end_all(struct supervisor *s, int signo)
{
	for (struct worker *w = s->workers; w != NULL; w = w->next)
		end_worker(s, w, signo);
}

static void forget(struct supervisor *s, struct worker *w)
{
	struct worker **p = &s->workers;

	while (*p != w)
		p = &(*p)->next;
	*p = w->next;
	authenticated(s, w);
	loop_timer_del(w->kill_timer);
	s->nworkers--;
	free((char *)w - offsetof(struct auth_arg, w));
}

static void over(struct supervisor *s, struct worker *w)
{
	if (w->pid > 0 || w->recorder > 0)
		return; /* a recorder that outlives its worker is closing the recordings */
	forget(s, w);
	supervisor_maybe_finish(s);
}

bool workers_reaped(struct supervisor *s, pid_t pid, int status)
{
	struct msg_session_gone note = { .status = (uint32_t)status };

	for (struct worker *w = s->workers; w != NULL; w = w->next) {
		if (w->recorder == pid) {
			w->recorder = 0; /* its worker sees the closed socket and ends the session */
			if (penalty_is_crash(status))
				parents_retire("sallyport-recorder");
			if (!WIFEXITED(status))
				workers_repair(s);
			over(s, w);
			return true;
		}
		if (w->pid != pid)
			continue;
		if (WIFSIGNALED(status) && WTERMSIG(status) != SIGTERM && !w->evicted)
			log_warn("a session worker ended by signal %d", WTERMSIG(status));
		/* All workers of one parent share its layout and its canary: who made one fall learns nothing about the next. */
		if (penalty_is_crash(status))
			parents_retire("sallyport-session");
		if (!w->evicted)
			penalties_worker_ended(s->penalties, &s->config->penalties, &w->source, status, clock_mono_ms());
		note.sid = w->sid;
		if (s->control.ipc.fd >= 0 && w->control_generation == s->control.generation)
			(void)msg_session_gone_send(&s->control.ipc, &note, NULL, 0);
		w->pid = 0;
		authenticated(s, w);
		over(s, w);
		return true;
	}
	return false;
}
