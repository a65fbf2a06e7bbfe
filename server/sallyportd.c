/* sallyportd: the supervisor. It listens, accepts, starts the other programs, dials targets and reaps; it holds no key, has no
 * libssh, and reads no byte that a stranger sent.
 *
 *   sallyportd [-f] [-D] [-E] [-k DIR] -c FILE  runs (always in the foreground: service managers and terminals both want that)
 *   sallyportd -t -c FILE              checks the configuration, control's part included
 *
 * SIGHUP reads the configuration again (or keeps it, saying why). SIGTERM and SIGINT end it: sessions are told and end; with -D, or on
 * SIGUSR1, it only stops listening and ends when the last session is over. SIGUSR2 is for a restart: it ends at once, control and the vault
 * with it, and leaves the sessions running; what they run goes on, and a new question of theirs is answered "no". */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/lastgood.h"
#include "base/log.h"
#include "base/process.h"
#include "server/notify.h"
#include "server/parents.h"
#include "server/spawn.h"
#include "server/supervisor.h"

enum { CONFIG_ERRORS_MAX = 64 * 1024, MASTER_BYTES_MAX = 64 * 1024 };

static int usage(FILE *to, int status)
{
	fprintf(to, "usage: sallyportd [-f] [-D] [-E] [-v] [-k DIR] -c FILE\n"
		    "       sallyportd -t -c FILE\n"
		    "  -c FILE  configuration\n"
		    "  -t       check the configuration and end\n"
		    "  -f       stay in the foreground (it always does)\n"
		    "  -D       SIGTERM lets running sessions end by themselves\n"
		    "  -E       execute each worker anew, in an address layout of its own (slower, and three times the memory)\n"
		    "  -k DIR   keep the last good configuration there, and start with it where FILE has mistakes\n"
		    "  -v       log more\n");
	return status;
}

static void print_errors(struct buf *errors)
{
	fwrite(buf_ptr(errors) != NULL ? buf_ptr(errors) : (const uint8_t *)"", 1, errors->len, stderr);
}

static int check(const char *path)
{
	struct config *c = NULL;
	struct buf errors;
	char program[PATH_MAX];
	int r, status = 0;
	pid_t pid;

	buf_init(&errors, CONFIG_ERRORS_MAX);
	r = config_read(path, spawn_may_switch(), NULL, &c, &errors);
	print_errors(&errors);
	buf_free(&errors);
	config_free(c);
	if (process_sibling("sallyport-control", program) < 0) {
		fprintf(stderr, "sallyportd: sallyport-control is not installed: its part of the file is not checked\n");
		return 1;
	}
	pid = fork();
	if (pid == 0) {
		execl(program, "sallyport-control", "--check", path, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return 1;
	return r < 0 ? 1 : 0;
}

/* A folder of the state directory, made on the first start and given to the program that writes there. */
static int state_folder(struct supervisor *s, const char *name, mode_t mode, const struct config_user *owner, gid_t group)
{
	int fd, r;

	/* Without the set-group-ID bit: a unit with RestrictSUIDSGID= refuses even the question, and only root gives it away below. */
	if (mkdirat(s->state_fd, name, mode & 0777) < 0 && errno != EEXIST)
		return -1;
	/* Not root: the service manager or `sallyport init` gave it to its user. We may not look into it, and need not: whoever gets the
	 * descriptor opens "." below it as itself. */
	fd = openat(s->state_fd, name, (geteuid() == 0 ? O_RDONLY : O_PATH) | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || geteuid() != 0 || owner->name == NULL)
		return fd;
	r = fchown(fd, owner->uid, group);
	if (r == 0)
		r = fchmod(fd, mode);
	if (r < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int open_state(struct supervisor *s)
{
	const struct config *c = s->config;
	const char *names[] = { "audit", "control", "run" };
	int fd;

	if (mkdir(c->state, c->control.name != NULL ? 0711 : 0700) < 0 && errno != EEXIST)
		goto fail;
	s->state_fd = open(c->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->state_fd < 0)
		goto fail;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		fd = state_folder(s, names[i], strcmp(names[i], "run") == 0 ? 0755 : 0700, &c->control, c->control.gid);
		if (fd < 0)
			goto fail;
		close(fd);
	}
	/* Written by the recorder, read by control through its group. */
	s->recordings_fd = state_folder(s, "recordings", c->recorder.name != NULL ? 02750 : 0700, &c->recorder, c->control.gid);
	if (s->recordings_fd < 0)
		goto fail;
	if (mkdir(c->vault_store, 0700) == 0 && geteuid() == 0 && c->vault.name != NULL && chown(c->vault_store, c->vault.uid, c->vault.gid) < 0)
		goto fail;
	return ERR_OK;
fail:
	log_error("the state directory %s cannot be used: %s", c->state, strerror(errno));
	return ERR_SYS;
}

/* A master key that came on a pipe can be read once only, and a vault that has to be started again needs it again. */
static int keep_master(struct supervisor *s)
{
	char bytes[4096];
	ssize_t n;
	size_t total = 0;
	int fd;

	if (s->config->master != MASTER_FD)
		return ERR_OK;
	if (lseek(s->config->master_fd, 0, SEEK_CUR) >= 0) {
		(void)fcntl(s->config->master_fd, F_SETFD, FD_CLOEXEC);
		s->master_fd = s->config->master_fd;
		return ERR_OK;
	}
	fd = memfd_create("master", MFD_CLOEXEC);
	if (fd < 0)
		return ERR_SYS;
	while ((n = read(s->config->master_fd, bytes, sizeof(bytes))) > 0 && (total += (size_t)n) <= MASTER_BYTES_MAX) {
		if (write(fd, bytes, (size_t)n) != n)
			break;
	}
	wipe(bytes, sizeof(bytes));
	close(s->config->master_fd);
	s->master_fd = fd;
	return n == 0 ? ERR_OK : ERR_SYS;
}

void supervisor_maybe_finish(struct supervisor *s)
{
	if (s->stopping && s->nworkers == 0 && !s->finished)
		services_finish(s);
}

void supervisor_stop(struct supervisor *s, bool end_sessions)
{
	if (!s->stopping) {
		s->stopping = true;
		notify_state("STOPPING=1");
		listen_close(s);
	}
	if (end_sessions)
		workers_end_all(s, SIGTERM);
	supervisor_maybe_finish(s);
}

static void leave(struct supervisor *s)
{
	log_info("leaving %u sessions to end by themselves", s->nworkers);
	s->stopping = true;
	notify_state("STOPPING=1");
	listen_close(s);
	if (!s->finished)
		services_finish(s);
}

/* ---- the last that was good ---- */

#define KEPT_CONFIG "sallyport.yaml"

static void keep_good(struct supervisor *s)
{
	if (s->keep_fd >= 0 && lastgood_save(s->keep_fd, KEPT_CONFIG, buf_ptr(&s->config_text), s->config_text.len) < 0)
		log_warn("the last good configuration cannot be kept: %s", strerror(errno));
}

/* The file has mistakes at a start: a host that comes up by itself at night is better off with what was in force before. */
static int read_kept(struct supervisor *s)
{
	struct buf errors;
	int64_t saved_at;
	int r;

	if (s->keep_fd < 0)
		return ERR_NOTFOUND;
	buf_init(&errors, CONFIG_ERRORS_MAX);
	buf_clear(&s->config_text);
	r = lastgood_read(s->keep_fd, KEPT_CONFIG, &s->config_text, &saved_at);
	if (r >= 0)
		r = config_read_text(s->config_path, buf_ptr(&s->config_text), s->config_text.len, spawn_may_switch(), &s->config, &errors);
	if (r >= 0) {
		log_error("%s is refused: serving the last good configuration until it is corrected and reloaded", s->config_path);
		s->refused = true;
	}
	buf_free(&errors);
	return r;
}

void supervisor_status(struct supervisor *s)
{
	notify_state(s->refused ? "READY=1\nSTATUS=Serving the last good configuration: the file has mistakes (sallyportd -t)"
				: "READY=1\nSTATUS=Serving");
}

static void reload(struct supervisor *s)
{
	struct msg_reload m = { 0 };
	struct config *c = NULL;
	struct buf errors;

	notify_reloading();
	buf_init(&errors, CONFIG_ERRORS_MAX);
	if (config_read(s->config_path, spawn_may_switch(), &s->config_text, &c, &errors) < 0) {
		log_error("%s has mistakes; the running configuration stays", s->config_path);
		s->refused = true;
		print_errors(&errors);
	} else {
		char *key = strdup(c->host_key);

		s->refused = false;
		keep_good(s);
		/* Addresses, paths and users stand until the next start; limits and the host key change now. */
		s->config->login_grace = c->login_grace;
		s->config->sessions = c->sessions;
		s->config->per_source = c->per_source;
		s->config->unauthenticated = c->unauthenticated;
		s->config->penalties = c->penalties;
		if (key != NULL) {
			free(s->host_key);
			s->host_key = key;
		}
		if (s->control.ipc.fd >= 0)
			(void)msg_reload_send(&s->control.ipc, &m, NULL, 0);
	}
	config_free(c);
	buf_free(&errors);
	supervisor_status(s);
}

static void reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (!workers_reaped(s, pid, status) && !parents_reaped(pid))
			services_reaped(s, pid, status);
	}
}

static void on_signal(int signo, void *arg)
{
	struct supervisor *s = arg;

	switch (signo) {
	case SIGCHLD:
		reap(s);
		break;
	case SIGHUP:
		reload(s);
		break;
	case SIGUSR1:
		supervisor_stop(s, false);
		break;
	case SIGUSR2:
		leave(s);
		break;
	default:
		/* Said twice, it means it. */
		supervisor_stop(s, !s->drain || s->stopping);
		break;
	}
}

static void after_round(void *arg)
{
	services_flush(arg);
}

static void watchdog(void *arg)
{
	struct supervisor *s = arg;

	notify_state("WATCHDOG=1");
	(void)loop_timer(s->loop, notify_watchdog_ms(), watchdog, s);
}

static int run(struct supervisor *s)
{
	static const int signals[] = { SIGCHLD, SIGHUP, SIGTERM, SIGINT, SIGUSR1, SIGUSR2, 0 };
	struct rlimit files;
	int fd;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	s->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	s->host_key = strdup(s->config->host_key);
	s->penalties = penalties_new();
	s->loop = loop_new();
	if (s->loop == NULL || s->host_key == NULL || s->penalties == NULL || loop_signals(s->loop, signals, on_signal, s) < 0)
		return ERR_NOMEM;
	loop_after_round(s->loop, after_round, s);
	fd = open(s->host_key, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		log_error("the host key %s cannot be read: %s", s->host_key, strerror(errno));
		return ERR_SYS;
	}
	close(fd);
	if (spawn_find_all() < 0 || open_state(s) < 0 || keep_master(s) < 0 || listen_open(s) < 0 || services_start(s) < 0)
		return ERR_SYS;
	if (!s->refused)
		keep_good(s);
	parents_start("sallyport-session", &s->config->session, workers_nofile("sallyport-session"));
	parents_start("sallyport-recorder", &s->config->recorder, workers_nofile("sallyport-recorder"));
	if (notify_watchdog_ms() > 0)
		watchdog(s);
	loop_run(s->loop);
	return s->status == 0 ? ERR_OK : ERR_UNAVAILABLE;
}

int main(int argc, char **argv)
{
	struct supervisor s = { .state_fd = -1, .recordings_fd = -1, .master_fd = -1, .held_vault_fd = -1, .keep_fd = -1 };
	struct buf errors;
	bool check_only = false;
	const char *keep = NULL;
	char path[PATH_MAX];
	int c, r;

	log_init("sallyportd");
	while ((c = getopt(argc, argv, "c:k:fDEtvh")) != -1) {
		switch (c) {
		case 'c':
			s.config_path = optarg;
			break;
		case 'k':
			keep = optarg;
			break;
		case 'D':
			s.drain = true;
			break;
		case 'E':
			parents_disable();
			break;
		case 't':
			check_only = true;
			break;
		case 'v':
			log_verbose(1);
			break;
		case 'f':
			break;
		default:
			return usage(c == 'h' ? stdout : stderr, c == 'h' ? 0 : 2);
		}
	}
	if (s.config_path == NULL || optind != argc)
		return usage(stderr, 2);
	if (realpath(s.config_path, path) != NULL)
		s.config_path = path; /* control gets it too, whatever its directory */
	if (check_only)
		return check(s.config_path);
	umask(022);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (keep != NULL && ((mkdir(keep, 0700) < 0 && errno != EEXIST) || (s.keep_fd = open(keep, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)) {
		log_error("-k %s: %s", keep, strerror(errno));
		return 1;
	}
	buf_init(&errors, CONFIG_ERRORS_MAX);
	buf_init(&s.config_text, LASTGOOD_MAX + 4096);
	r = config_read(s.config_path, spawn_may_switch(), &s.config_text, &s.config, &errors);
	print_errors(&errors);
	buf_free(&errors);
	if (r < 0 && read_kept(&s) < 0)
		return 1;
	s.nsystemd = (unsigned)notify_listen_fds();
	r = run(&s);
	if (r < 0) {
		spawn_kill(s.vault.pid, SIGTERM, s.vault.user);
		spawn_kill(s.control.pid, SIGTERM, s.control.user);
	}
	log_info("ended");
	_exit(r < 0 ? 1 : 0); /* the kernel takes the rest back */
}
