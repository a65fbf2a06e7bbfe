/* The vault and control: started, watched, started again when they end, told of each other. Their messages are read to the
 * last byte; one that sends anything else is killed and started again. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "server/notify.h"
#include "server/spawn.h"
#include "server/supervisor.h"

/* Twice as long each time until it is ready again, but never so long that with its start it is away for a second: what ends at each start has an alert,
 * and costs a quarter of a processor until somebody comes. */
enum { BACKOFF_MIN_MS = 20, BACKOFF_MAX_MS = 640, HEALTHY_MS = 30 * 1000, FINISH_MS = 10 * 1000 };

static int start_vault(struct supervisor *s);
static int start_control(struct supervisor *s);

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int open_master(struct supervisor *s)
{
	const struct config *c = s->config;
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_MAX];

	if (c->master == MASTER_FD) {
		int fd = fcntl(s->master_fd, F_DUPFD_CLOEXEC, 3);

		if (fd >= 0)
			(void)lseek(fd, 0, SEEK_SET);
		return fd;
	}
	if (c->master == MASTER_FILE)
		return open(c->master_name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (dir == NULL || snprintf(path, sizeof(path), "%s/%s", dir, c->master_name) >= (int)sizeof(path)) {
		errno = ENOENT;
		return -1;
	}
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

static void drop_ipc(struct service *v)
{
	loop_watch_del(v->watch);
	v->watch = NULL;
	if (v->ipc.fd >= 0)
		ipc_free(&v->ipc);
	v->ipc.fd = -1;
}

/* The peer broke the form, or its socket broke: what follows cannot be trusted. It is reaped and started again. */
static void bad_service(struct service *v, const char *what)
{
	log_error("%s: %s; ending it", v->program, what);
	drop_ipc(v);
	spawn_kill(v->pid, SIGKILL, v->user);
}

static int read_control(struct supervisor *s, struct ipc_msg *m)
{
	struct msg_dial dial;
	struct msg_recorder_start rec;
	struct msg_session_kill end;
	struct msg_control_ready ready;
	int r;

	switch (m->type) {
	case MSG_control_ready:
		r = msg_control_ready_read(m, &ready);
		if (r < 0)
			return r;
		s->control.backoff_ms = BACKOFF_MIN_MS;
		if (!s->ready) {
			s->ready = true;
			if (listen_start(s) < 0)
				loop_stop(s->loop);
			supervisor_status(s);
		} else {
			listen_resume(s);
		}
		return ERR_OK;
	case MSG_dial:
		r = msg_dial_read(m, &dial);
		if (r == ERR_OK)
			dial_start(s, &dial);
		return r;
	case MSG_recorder_start:
		r = msg_recorder_start_read(m, &rec);
		if (r == ERR_OK)
			workers_recorder(s, rec.req, rec.sid);
		return r;
	case MSG_session_kill:
		r = msg_session_kill_read(m, &end);
		if (r == ERR_OK)
			workers_kill(s, end.sid);
		return r;
	default:
		return ERR_MALFORMED;
	}
}

static void service_event(struct supervisor *s, struct service *v, unsigned events)
{
	struct ipc_msg m;
	int r = ERR_OK;

	if (events & (LOOP_READ | LOOP_HANGUP)) {
		r = ipc_read(&v->ipc);
		if (r == ERR_EOF) {
			drop_ipc(v); /* it ended; SIGCHLD does the rest */
			return;
		}
		while (v->ipc.fd >= 0 && (r = ipc_next(&v->ipc, &m)) == ERR_OK) {
			r = v == &s->control ? read_control(s, &m) : ERR_MALFORMED;
			ipc_msg_close(&m);
			if (r < 0) {
				bad_service(v, "sent a message that is not of its form");
				return;
			}
		}
		if (v->ipc.fd >= 0 && r < 0 && r != ERR_AGAIN)
			bad_service(v, err_text(r));
	}
}

static void vault_event(int fd, unsigned events, void *arg)
{
	struct supervisor *s = arg;

	(void)fd;
	service_event(s, &s->vault, events);
}

static void control_event(int fd, unsigned events, void *arg)
{
	struct supervisor *s = arg;

	(void)fd;
	service_event(s, &s->control, events);
}

static void flush_service(struct service *v)
{
	int r;

	if (v->ipc.fd < 0 || v->watch == NULL)
		return;
	r = ipc_pending(&v->ipc) ? ipc_flush(&v->ipc) : ERR_OK;
	if (r < 0 && r != ERR_AGAIN)
		return; /* the reading side will see the end */
	loop_watch_events(v->watch, LOOP_READ | (ipc_pending(&v->ipc) ? LOOP_WRITE : 0u));
}

void services_flush(struct supervisor *s)
{
	flush_service(&s->vault);
	flush_service(&s->control);
}

static int attach(struct supervisor *s, struct service *v, int fd, loop_fd_fn *fn, pid_t pid)
{
	ipc_init(&v->ipc, fd, false);
	v->watch = loop_watch(s->loop, fd, LOOP_READ, fn, s);
	v->pid = pid;
	v->started_ms = clock_mono_ms();
	v->generation++;
	if (v->backoff_ms == 0)
		v->backoff_ms = BACKOFF_MIN_MS;
	return v->watch == NULL ? ERR_NOMEM : ERR_OK;
}

static int start_vault(struct supervisor *s)
{
	const char *args[] = { "--store", s->config->vault_store, NULL };
	int up[2] = { -1, -1 }, peer[2] = { -1, -1 }, master;
	struct msg_vault_socket note = { 0 };
	struct spawn sp = { .program = "sallyport-vault", .args = args, .nfds = 3, .user = &s->config->vault };
	pid_t pid;
	int r = ERR_SYS;

	master = open_master(s);
	if (master < 0) {
		log_error("the vault's master key cannot be opened: %s", strerror(errno));
		return ERR_SYS;
	}
	if (ipc_pair(up) < 0 || ipc_pair(peer) < 0)
		goto out;
	sp.fds[0] = peer[1];
	sp.fds[1] = master;
	sp.fds[2] = up[1];
	pid = spawn_program(&sp);
	if (pid < 0)
		goto out;
	r = attach(s, &s->vault, up[0], vault_event, pid);
	up[0] = -1;
	if (s->control.ipc.fd >= 0) {
		(void)msg_vault_socket_send(&s->control.ipc, &note, &peer[0], 1);
		peer[0] = -1;
	} else {
		close_fd(&s->held_vault_fd);
		s->held_vault_fd = peer[0];
		peer[0] = -1;
	}
out:
	if (r < 0)
		log_error("the vault cannot be started: %s", r == ERR_SYS ? strerror(errno) : err_text(r));
	for (int i = 0; i < 2; i++) {
		close_fd(&up[i]);
		close_fd(&peer[i]);
	}
	close(master);
	return r;
}

/* Control's end of a socket to the vault that runs now (or to none: it then waits for vault_socket). */
static int vault_end(struct supervisor *s)
{
	struct msg_vault_socket note = { 0 };
	int fd = s->held_vault_fd, pair[2];

	s->held_vault_fd = -1;
	if (fd >= 0)
		return fd;
	if (ipc_pair(pair) < 0)
		return -1;
	if (s->vault.ipc.fd >= 0)
		(void)msg_vault_socket_send(&s->vault.ipc, &note, &pair[1], 1);
	else
		close(pair[1]);
	return pair[0];
}

static int start_control(struct supervisor *s)
{
	const char *args[] = { "--config", s->config_path, NULL };
	int up[2] = { -1, -1 }, vault = -1;
	struct spawn sp = { .program = "sallyport-control", .args = args, .nfds = 3, .user = &s->config->control, .whole_environment = true };
	pid_t pid;
	int r = ERR_SYS;

	workers_repair(s);
	if (ipc_pair(up) < 0)
		goto out;
	vault = vault_end(s);
	if (vault < 0)
		goto out;
	sp.fds[0] = up[1];
	sp.fds[1] = vault;
	sp.fds[2] = s->state_fd;
	pid = spawn_program(&sp);
	if (pid < 0)
		goto out;
	r = attach(s, &s->control, up[0], control_event, pid);
	up[0] = -1;
out:
	if (r < 0)
		log_error("control cannot be started: %s", r == ERR_SYS ? strerror(errno) : err_text(r));
	close_fd(&up[0]);
	close_fd(&up[1]);
	close_fd(&vault);
	return r;
}

int services_start(struct supervisor *s)
{
	int r;

	s->vault.program = "sallyport-vault";
	s->control.program = "sallyport-control";
	s->vault.user = &s->config->vault;
	s->control.user = &s->config->control;
	s->vault.ipc.fd = s->control.ipc.fd = -1;
	s->held_vault_fd = -1;
	r = start_vault(s);
	return r < 0 ? r : start_control(s);
}

bool services_control_ready(const struct supervisor *s)
{
	return s->ready && s->control.ipc.fd >= 0;
}

static void restart_vault(void *arg);
static void restart_control(void *arg);

static void again(struct supervisor *s, struct service *v)
{
	loop_timer_fn *fn = v == &s->vault ? restart_vault : restart_control;

	if (clock_mono_ms() - v->started_ms > HEALTHY_MS)
		v->backoff_ms = BACKOFF_MIN_MS;
	v->restart = loop_timer(s->loop, v->backoff_ms, fn, s);
	v->backoff_ms = v->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : v->backoff_ms * 2;
}

static void restart_vault(void *arg)
{
	struct supervisor *s = arg;

	s->vault.restart = NULL;
	if (!s->finished && start_vault(s) < 0)
		again(s, &s->vault);
}

static void restart_control(void *arg)
{
	struct supervisor *s = arg;

	s->control.restart = NULL;
	if (!s->finished && start_control(s) < 0)
		again(s, &s->control);
}

static void say_end(const char *program, int status)
{
	if (WIFSIGNALED(status))
		log_warn("%s ended by signal %d", program, WTERMSIG(status));
	else
		log_warn("%s ended with status %d", program, WEXITSTATUS(status));
}

static void kill_rest(void *arg)
{
	struct supervisor *s = arg;

	spawn_kill(s->control.pid, SIGKILL, s->control.user);
	spawn_kill(s->vault.pid, SIGKILL, s->vault.user);
}

void services_reaped(struct supervisor *s, pid_t pid, int status)
{
	struct service *v = pid == s->vault.pid ? &s->vault : pid == s->control.pid ? &s->control : NULL;

	if (v == NULL)
		return;
	v->pid = 0;
	drop_ipc(v);
	if (s->finished) {
		if (v == &s->control)
			spawn_kill(s->vault.pid, SIGTERM, s->vault.user);
		if (s->control.pid == 0 && s->vault.pid == 0)
			loop_stop(s->loop);
		return;
	}
	say_end(v->program, status);
	if (v == &s->control) {
		if (!s->ready) {
			/* It never came up: it said why, and would say it again for ever. */
			s->status = 1;
			supervisor_stop(s, true);
			return;
		}
		listen_pause(s, 0);
	}
	again(s, v);
}

void services_finish(struct supervisor *s)
{
	s->finished = true;
	loop_timer_del(s->vault.restart);
	loop_timer_del(s->control.restart);
	s->vault.restart = s->control.restart = NULL;
	if (s->control.pid > 0)
		spawn_kill(s->control.pid, SIGTERM, s->control.user);
	else if (s->vault.pid > 0)
		spawn_kill(s->vault.pid, SIGTERM, s->vault.user);
	else
		loop_stop(s->loop);
	(void)loop_timer(s->loop, FINISH_MS, kill_rest, s);
}
