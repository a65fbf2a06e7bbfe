/* sallyport-control: verifies who speaks, decides by policy, keeps approvals, serves the HTTP API, writes the audit log. Its
 * descriptors are those of base/proto.h. Distrusts the workers, the callers of the API, and whatever comes from issuers. */
#include "approve/control.h"

#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "approve/evidence.h"
#include "approve/hooks.h"
#include "approve/http.h"
#include "approve/issue.h"
#include "approve/outputs.h"
#include "approve/rebuild.h"
#include "approve/receipt.h"
#include "approve/reconcile.h"
#include "approve/retention.h"
#include "approve/witness.h"
#include "audit/chain.h"
#include "base/lastgood.h"
#include "base/log.h"
#include "base/process.h"
#include "base/sandbox.h"

/* ---- the supervisor ---- */

static int take(struct ipc_msg *m, unsigned i)
{
	int fd = i < m->nfds ? m->fds[i] : -1;

	if (fd >= 0)
		m->fds[i] = -1;
	return fd;
}

static int on_supervisor_message(void *arg, struct ipc_msg *m)
{
	struct control *c = arg;
	union {
		struct msg_session_new session_new;
		struct msg_session_gone session_gone;
		struct msg_dialed dialed;
		struct msg_recorder_ready recorder_ready;
		struct msg_vault_socket vault_socket;
		struct msg_reload reload;
	} u;
	int r, fd;

	switch (m->type) {
	case MSG_session_new:
		r = msg_session_new_read(m, &u.session_new);
		if (r < 0 || m->nfds != 1)
			return ERR_MALFORMED;
		return session_new(c, &u.session_new, take(m, 0));
	case MSG_session_gone:
		r = msg_session_gone_read(m, &u.session_gone);
		if (r >= 0)
			session_gone(c, u.session_gone.sid, u.session_gone.status);
		return r;
	case MSG_dialed:
		r = msg_dialed_read(m, &u.dialed);
		if (r >= 0)
			prepare_dialed(c, &u.dialed, take(m, 0));
		return r;
	case MSG_recorder_ready:
		r = msg_recorder_ready_read(m, &u.recorder_ready);
		if (r >= 0) {
			fd = take(m, 0);
			prepare_recorder(c, &u.recorder_ready, fd, take(m, 1));
		}
		return r;
	case MSG_vault_socket:
		r = msg_vault_socket_read(m, &u.vault_socket);
		if (r < 0 || m->nfds != 1)
			return ERR_MALFORMED;
		vault_side_open(c, take(m, 0));
		return ERR_OK;
	case MSG_reload:
		r = msg_reload_read(m, &u.reload);
		if (r >= 0)
			control_reload(c);
		return r;
	default:
		return ERR_MALFORMED;
	}
}

/* Without a supervisor nothing new comes; running sessions go on until they end. */
static void on_supervisor_gone(void *arg, const char *why)
{
	struct control *c = arg;

	c->supervisor = NULL;
	log_warn("the supervisor is gone: %s", why);
	if (c->sessions == NULL)
		loop_stop(c->loop);
}

/* ---- the round ---- */

enum { COMMIT_LATER_MS = 10 };

static void commit_late(void *arg)
{
	struct control *c = arg;

	c->commit_timer = NULL;
	c->commit_now = true; /* by the round that follows */
}

/* Whether this round ends with a commit. Nobody waits for records of what is over: they go with the next that somebody waits for,
 * or a moment later. */
static bool must_commit(struct control *c)
{
	if (c->commit_now || c->appended >= 512 || peer_waits(&c->peers) || http_waits(c))
		return true;
	if (c->commit_timer == NULL)
		c->commit_timer = loop_timer(c->loop, COMMIT_LATER_MS, commit_late, c);
	return c->commit_timer == NULL;
}

static void control_round(void *arg)
{
	struct control *c = arg;
	struct why why = { "" };
	int64_t from;
	bool more;

	http_work(c);
	if (c->appended > 0 && !must_commit(c)) {
		peer_round(&c->peers);
		return;
	}
	c->commit_now = false;
	loop_timer_del(c->commit_timer);
	c->commit_timer = NULL;
	do {
		if (c->appended > 0) {
			from = clock_mono_us();
			if (audit_commit(c->log, &why) < 0) {
				log_error("the audit log cannot be written: %s. Nothing more runs", why.text);
				_exit(1);
			}
			c->appended = 0;
			histogram_add(&c->count.commit, clock_mono_us() - from);
		}
		if (store_commit(c->store, audit_durable(c->log), &why) < 0) {
			log_error("%s", why.text);
			_exit(1);
		}
		more = http_release(c);
		evidence_round(c);
	} while (c->appended > 0 || more);
	outputs_round(c);
	witness_round(c);
	peer_round(&c->peers);
	if (c->supervisor == NULL && c->sessions == NULL && c->ready)
		loop_stop(c->loop);
}

static void on_signal(int signo, void *arg)
{
	struct control *c = arg;

	if (signo == SIGHUP)
		control_reload(c);
	else
		loop_stop(c->loop);
}

/* ---- start and end ---- */

static int make_dirs(int state_fd)
{
	static const char *const dirs[] = { "audit", "recordings", "control", "run" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		if (mkdirat(state_fd, dirs[i], 0700) < 0 && errno != EEXIST) {
			log_error("cannot make %s in the state folder: %s", dirs[i], strerror(errno));
			return ERR_SYS;
		}
	}
	if (fchdir(state_fd) < 0) {
		log_error("cannot go to the state folder: %s", strerror(errno));
		return ERR_SYS;
	}
	return ERR_OK;
}

/* A process of the supervisor's limits may open as many files as it is allowed at all: every session holds two sockets here. */
static void raise_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

static void each_minute(void *arg)
{
	struct control *c = arg;

	reconcile_recordings(c);
	if (++c->minutes % 60 == 1)
		reconcile_sweep(c);
	(void)loop_timer(c->loop, 60000, each_minute, c);
}

static int open_log(struct control *c, struct audit_opened *found)
{
	struct audit_options o = { .origin = c->config->audit.origin };
	struct why why = { "" };
	int r;

	o.dirfd = open("audit", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (o.dirfd < 0) {
		log_error("cannot open the audit folder: %s", strerror(errno));
		return ERR_SYS;
	}
	r = audit_open(&o, &c->log, found, &why);
	if (r < 0)
		log_error("the audit log: %s", why.text[0] != '\0' ? why.text : err_text(r));
	close(o.dirfd);
	return r;
}

static int open_store(struct control *c)
{
	struct why why = { "" };
	int r = store_open("control/state.db", &c->store, &why);

	if (r >= 0)
		r = rebuild_run(c->store, "audit", &why);
	if (r < 0)
		log_error("%s", why.text);
	return r;
}

static int say_errors(struct buf *errors, int r)
{
	if (r < 0)
		fputs(buf_cstr(errors) != NULL ? buf_cstr(errors) : "no memory\n", stderr);
	buf_free(errors);
	return r;
}

static json_t *take_errors(struct refused *refused)
{
	json_t *errors = refused->errors;

	refused->errors = NULL;
	return errors;
}

static int start_records(struct control *c, const struct audit_opened *found, unsigned recovered)
{
	int r;

	r = control_record(c, NULL, "control.start",
			   json_pack("{s:s,s:s,s:i,s:I,s:s}", "version", PACKAGE_VERSION, "policy", policy_version(c->policy), "recovered",
				     (int)recovered, "torn_bytes", (json_int_t)found->torn_bytes, "config", c->config_digest),
			   NULL);
	if (r >= 0)
		r = control_record_load(c, false, NULL, take_errors(&c->config_refused));
	if (r >= 0)
		r = control_record_load(c, true, NULL, take_errors(&c->policy_refused));
	return r;
}

static int start(struct control *c)
{
	static const int signos[] = { SIGTERM, SIGINT, SIGHUP, 0 };
	struct audit_opened found = { 0 };
	unsigned recovered;
	int r;

	c->started_ms = clock_wall_ms();
	r = open_log(c, &found);
	if (r >= 0)
		r = open_store(c);
	if (r < 0)
		return r;
	c->loop = loop_new();
	if (c->loop == NULL || loop_signals(c->loop, signos, on_signal, c) < 0)
		return ERR_SYS;
	c->peers.loop = c->loop;
	recovered = session_recover(c);
	r = start_records(c, &found, recovered);
	if (r >= 0)
		r = requests_open(c);
	if (r >= 0)
		r = receipt_open(c);
	if (r >= 0)
		r = issue_open(c);
	if (r >= 0)
		r = hooks_open(c);
	if (r >= 0)
		r = evidence_open(c);
	if (r >= 0)
		r = outputs_open(c);
	if (r >= 0)
		r = retention_open(c);
	if (r >= 0)
		r = witness_open(c);
	if (r >= 0)
		r = http_open(c);
	if (r < 0)
		return r;
	control_keep_good(c);
	each_minute(c);
	loop_after_round(c->loop, control_round, c);
	c->supervisor = peer_open(&c->peers, FD_CONTROL, false, "the supervisor", on_supervisor_message, on_supervisor_gone, c);
	if (c->supervisor == NULL)
		return ERR_NOMEM;
	vault_side_open(c, FD_CONTROL_VAULT);
	return ERR_OK;
}

static void stop(struct control *c)
{
	struct why why;

	c->stopping = true;
	http_close(c);
	if (c->log != NULL) {
		session_close_all(c, "the bastion stops");
		(void)control_record(c, NULL, "control.stop", json_pack("{s:s}", "reason", "stopped"), NULL);
		if (audit_commit(c->log, &why) >= 0 && c->store != NULL)
			(void)store_commit(c->store, audit_durable(c->log), &why);
	}
	hooks_close(c);
	outputs_close(c);
	witness_close(c);
	issue_close(c);
	evidence_close(c);
	retention_close(c);
	receipt_close(c);
	requests_close(c->requests);
	vault_side_close(c);
	peer_close(c->supervisor, false);
	peer_round(&c->peers);
	store_close(c->store);
	audit_close(c->log);
	loop_free(c->loop);
	rate_free(&c->rate);
	policy_free(c->policy);
	mask_set_free(c->masks);
	config_free(c->config);
	buf_free(&c->config_text);
	buf_free(&c->ca_blob);
	buf_free(&c->ca_previous);
	buf_free(&c->readers);
	free(c->ca_line);
	free(c->audit_key_line);
	free(c->config_path);
}

/* `sallyportd -t`: the file, what it names, and the policy. */
static int check(const char *path)
{
	struct control c = { .config_path = strdup(path) };
	struct buf errors;
	int r;

	buf_init(&c.readers, 1 << 18);
	buf_init(&errors, 1 << 20);
	buf_init(&c.config_text, LASTGOOD_MAX + 4096);
	r = control_load_config(&c, true, &errors);
	if (r >= 0) {
		r = config_files(c.config, &errors);
		if (access(c.config->policy, R_OK) == 0 && control_load_policy(&c, &errors) < 0)
			r = ERR_MALFORMED;
	}
	policy_free(c.policy);
	mask_set_free(c.masks);
	config_free(c.config);
	buf_free(&c.config_text);
	free(c.config_path);
	buf_free(&c.readers);
	return say_errors(&errors, r) < 0 ? 1 : 0;
}

/* It reads where the operator's files lie, which may be anywhere; it writes below the state folder. */
static int close_in(void)
{
	struct landlock_path paths[] = { { .fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC) }, { .fd = FD_CONTROL_STATE, .write = true } };
	int r = sandbox_enter(SANDBOX_CONTROL, paths, 2);

	close(paths[0].fd);
	if (r == ERR_UNSUPPORTED) {
		log_warn("the kernel's sandbox is not available: running without it");
		return ERR_OK;
	}
	if (r < 0)
		log_error("cannot enter the sandbox: %s", strerror(errno));
	return r;
}

/* The buffers that live as long as it does; all else is zero. */
static void prepare(struct control *c)
{
	c->state_fd = FD_CONTROL_STATE;
	buf_init(&c->config_text, LASTGOOD_MAX + 4096);
	buf_init(&c->readers, 1 << 18);
	buf_init(&c->ca_blob, SSHKEY_BLOB_MAX);
	buf_init(&c->ca_previous, SSHKEY_BLOB_MAX);
}

int main(int argc, char **argv)
{
	static struct control c;

	if (argc == 3 && strcmp(argv[1], "--check") == 0) {
		log_init("sallyport-control");
		return check(argv[2]);
	}
	if (argc != 3 || strcmp(argv[1], "--config") != 0) {
		fputs("usage: sallyport-control --config FILE   (started by sallyportd)\n"
		      "       sallyport-control --check FILE    (what `sallyportd -t` runs)\n", stderr);
		return 2;
	}
	if (process_harden("sallyport-control", FD_CONTROL_STATE) < 0) {
		log_error("cannot set the process up: %s", strerror(errno));
		return 1;
	}
	raise_files();
	log_journal(LOG_JOURNAL);
	/* An absolute path: the working directory becomes the state folder. */
	c.config_path = realpath(argv[2], NULL);
	if (c.config_path == NULL && argv[2][0] == '/')
		c.config_path = strdup(argv[2]); /* it is gone, or its folder: what was kept may do */
	prepare(&c);
	if (c.config_path == NULL) {
		log_error("cannot open %s: %s", argv[2], strerror(errno));
		return 1;
	}
	/* Before anything of others is read and before there is a second thread. */
	if (make_dirs(FD_CONTROL_STATE) < 0 || close_in() < 0 || control_load(&c) < 0 || start(&c) < 0) {
		log_error("not started");
		stop(&c);
		return 1;
	}
	/* What start() recorded and queued goes out before anything is waited for. */
	control_round(&c);
	loop_run(c.loop);
	stop(&c);
	return 0;
}
