/* sallyport-control: verifies who speaks, decides by policy, keeps approvals, serves the HTTP API, writes the audit log. Its
 * descriptors are those of base/proto.h. Distrusts the workers, the callers of the API, and whatever comes from issuers. */
#include "approve/control.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "approve/evidence.h"
#include "approve/hooks.h"
#include "approve/http.h"
#include "approve/issue.h"
#include "approve/rebuild.h"
#include "approve/receipt.h"
#include "audit/chain.h"
#include "base/log.h"
#include "base/process.h"
#include "base/sandbox.h"

struct vault_call {
	struct vault_call *next;
	struct control *ctl;
	uint32_t req;
	vault_fn *fn;
	void *arg;
	struct loop_timer *timer;
};

/* ---- records ---- */

int control_record(struct control *c, const char *session, const char *event, json_t *fields, uint64_t *seq)
{
	struct why why = { "" };
	int r = audit_append(c->log, session, event, fields, seq, &why);

	if (r < 0) {
		log_error("cannot record %s: %s", event, why.text[0] != '\0' ? why.text : err_text(r));
		return r;
	}
	c->appended++;
	c->count.records++;
	return ERR_OK;
}

void control_id(char out[CONTROL_ID + 1])
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	uint64_t ms = (uint64_t)clock_wall_ms();
	uint8_t rnd[16];

	if (getrandom(rnd, sizeof(rnd), 0) != (ssize_t)sizeof(rnd))
		abort();
	for (int i = 9; i >= 0; i--, ms >>= 5)
		out[i] = digits[ms & 31];
	for (int i = 0; i < 16; i++)
		out[10 + i] = digits[rnd[i] & 31];
	out[CONTROL_ID] = '\0';
}

uint32_t control_req(struct control *c)
{
	if (++c->next_req == 0)
		c->next_req = 1;
	return c->next_req;
}

json_t *control_time(int64_t ms)
{
	char text[CHAIN_TIME_LEN + 1];

	chain_time((uint64_t)ms, text);
	return json_string(text);
}

json_t *control_who(const struct identity *id)
{
	json_t *groups = json_array();

	for (size_t i = 0; i < id->n_groups; i++)
		json_array_append_new(groups, json_string(id->groups[i]));
	return json_pack("{s:s,s:s,s:o,s:s*}", "issuer", id->issuer, "subject", id->subject, "groups", groups, "on_behalf_of",
			 id->on_behalf_of);
}

int control_mask(struct control *c, const uint8_t *key, const void *p, size_t n, struct buf *out, size_t *masked)
{
	static uint8_t own[MASK_KEY_LEN];
	static bool have;

	if (masked != NULL)
		*masked = 0;
	if (!c->config->masking || c->masks == NULL)
		return buf_put(out, p, n);
	if (!have && getrandom(own, sizeof(own), 0) != (ssize_t)sizeof(own))
		return ERR_SYS;
	have = true;
	return mask_text(c->masks, key != NULL ? key : own, p, n, out, NULL, NULL, masked);
}

json_t *control_masked(struct control *c, const uint8_t *key, const void *p, size_t n)
{
	struct buf b;
	json_t *j;

	buf_init(&b, 2 << 20);
	/* What cannot be masked is left out, not let through. */
	if (control_mask(c, key, p, n, &b, NULL) < 0) {
		buf_clear(&b);
		(void)buf_put_str(&b, "[masked]");
	}
	j = chain_text(buf_ptr(&b), b.len);
	buf_free(&b);
	return j;
}

/* ---- the vault ---- */

static void call_done(struct vault_call *v, bool ok, struct view data, struct view why)
{
	struct vault_call **p;

	for (p = &v->ctl->vault_calls; *p != v; p = &(*p)->next)
		;
	*p = v->next;
	loop_timer_del(v->timer);
	if (v->fn != NULL)
		v->fn(v->arg, ok, data, why);
	free(v);
}

static void call_late(void *arg)
{
	struct vault_call *v = arg;

	v->timer = NULL;
	call_done(v, false, proto_str(""), proto_str("the vault does not answer"));
}

int control_vault_call(struct control *c, vault_fn *fn, void *arg, uint32_t *req)
{
	struct vault_call *v;

	if (c->vault == NULL)
		return ERR_UNAVAILABLE;
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		return ERR_NOMEM;
	v->ctl = c;
	v->req = *req = control_req(c);
	v->fn = fn;
	v->arg = arg;
	v->timer = loop_timer(c->loop, CONTROL_VAULT_MS, call_late, v);
	v->next = c->vault_calls;
	c->vault_calls = v;
	return ERR_OK;
}

void control_vault_forget(struct control *c, uint32_t req)
{
	for (struct vault_call *v = c->vault_calls; v != NULL; v = v->next) {
		if (v->req == req && req != 0)
			v->fn = NULL;
	}
}

static int on_vault_message(void *arg, struct ipc_msg *m)
{
	struct control *c = arg;
	struct msg_vault_answer a;
	int r = msg_vault_answer_read(m, &a);

	if (r < 0)
		return r;
	for (struct vault_call *v = c->vault_calls; v != NULL; v = v->next) {
		if (v->req == a.req) {
			call_done(v, a.ok != 0, a.data, a.why);
			return ERR_OK;
		}
	}
	return ERR_OK; /* too late */
}

static void on_vault_gone(void *arg, const char *why)
{
	struct control *c = arg;

	c->vault = NULL;
	log_warn("the vault is gone: %s", why);
	(void)control_record(c, NULL, "process.lost", json_pack("{s:s,s:s}", "program", "sallyport-vault", "reason", why), NULL);
	while (c->vault_calls != NULL)
		call_done(c->vault_calls, false, proto_str(""), proto_str("the vault is not running"));
}

static void on_public_keys(void *arg, bool ok, struct view data, struct view why);

static void ask_public_keys(struct control *c)
{
	struct msg_vault_public_keys m = { 0 };

	if (control_vault_call(c, on_public_keys, c, &m.req) >= 0)
		(void)msg_vault_public_keys_send(&c->vault->ipc, &m, NULL, 0);
}

static void retry_public_keys(void *arg)
{
	struct control *c = arg;

	if (c->vault != NULL && c->ca_blob.len == 0)
		ask_public_keys(c);
}

static void now_ready(struct control *c)
{
	struct msg_control_ready m = { 0 };

	if (c->ready || c->supervisor == NULL)
		return;
	c->ready = true;
	(void)msg_control_ready_send(&c->supervisor->ipc, &m, NULL, 0);
	log_info("ready");
}

/* KIND NAME LINE, three a key. */
static void on_public_keys(void *arg, bool ok, struct view data, struct view why)
{
	struct control *c = arg;
	struct view kind, name, line;

	if (!ok) {
		log_error("the vault's public keys: %.*s", (int)(why.n > 200 ? 200 : why.n), (const char *)why.p);
		(void)loop_timer(c->loop, 1000, retry_public_keys, c);
		return;
	}
	while (proto_list_next(&data, &kind) == ERR_OK && proto_list_next(&data, &name) == ERR_OK &&
	       proto_list_next(&data, &line) == ERR_OK) {
		if (view_is(&name, "user-ca")) {
			buf_clear(&c->ca_blob);
			free(c->ca_line);
			c->ca_line = NULL;
			if (view_strdup(&line, &c->ca_line) < 0 || sshkey_parse_line((const char *)line.p, line.n, &c->ca_blob, NULL, NULL) < 0)
				buf_clear(&c->ca_blob);
		} else if (view_is(&kind, "audit")) {
			free(c->audit_key_line);
			c->audit_key_line = NULL;
			(void)view_strdup(&line, &c->audit_key_line);
		}
	}
	if (c->ca_blob.len == 0) {
		log_error("the vault has no user CA key: run `sallyport vault init`");
		(void)loop_timer(c->loop, 5000, retry_public_keys, c);
		return;
	}
	evidence_keys(c);
	now_ready(c);
}

static void open_vault(struct control *c, int fd)
{
	if (c->vault != NULL) {
		peer_close(c->vault, false);
		on_vault_gone(c, "it was replaced");
	}
	c->vault = peer_open(&c->peers, fd, "the vault", on_vault_message, on_vault_gone, c);
	if (c->vault != NULL)
		ask_public_keys(c);
}

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
		open_vault(c, take(m, 0));
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

static void control_round(void *arg)
{
	struct control *c = arg;
	struct why why = { "" };
	int64_t from;

	http_work(c);
	do {
		if (c->appended > 0) {
			from = clock_mono_us();
			if (audit_commit(c->log, &why) < 0) {
				log_error("the audit log cannot be written: %s. Nothing more runs", why.text);
				_exit(1);
			}
			c->appended = 0;
			c->count.commits++;
			c->count.commit_us_total += (uint64_t)(clock_mono_us() - from);
		}
		if (store_commit(c->store, audit_durable(c->log), &why) < 0) {
			log_error("%s", why.text);
			_exit(1);
		}
		http_release(c);
		evidence_round(c);
	} while (c->appended > 0);
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
	return fchdir(state_fd) < 0 ? ERR_SYS : ERR_OK;
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

static int load(struct control *c)
{
	struct buf errors;
	int r;

	buf_init(&errors, 1 << 20);
	r = control_load_config(c, true, &errors);
	if (r >= 0)
		r = control_load_policy(c, true, &errors);
	return say_errors(&errors, r);
}

static int start_records(struct control *c, const struct audit_opened *found, unsigned recovered)
{
	struct view source;
	int r;

	policy_source(c->policy, &source);
	r = control_record(c, NULL, "control.start",
			   json_pack("{s:s,s:s,s:i,s:I,s:s}", "version", PACKAGE_VERSION, "policy", policy_version(c->policy), "recovered",
				     (int)recovered, "torn_bytes", (json_int_t)found->torn_bytes, "config", c->config_digest),
			   NULL);
	if (r >= 0)
		r = control_record(c, NULL, "config.loaded", json_pack("{s:s,s:s}", "digest", c->config_digest, "file", c->config_path), NULL);
	if (r >= 0)
		r = control_record(c, NULL, "policy.loaded",
				   json_pack("{s:s,s:s,s:o}", "policy", policy_version(c->policy), "file", c->config->policy, "text",
					     chain_text(source.p, source.n)),
				   NULL);
	return r;
}

static int start(struct control *c)
{
	static const int signos[] = { SIGTERM, SIGINT, SIGHUP, 0 };
	struct audit_opened found = { 0 };
	unsigned recovered;
	int r;

	r = make_dirs(FD_CONTROL_STATE);
	if (r >= 0)
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
		r = http_open(c);
	if (r < 0)
		return r;
	loop_after_round(c->loop, control_round, c);
	c->supervisor = peer_open(&c->peers, FD_CONTROL, "the supervisor", on_supervisor_message, on_supervisor_gone, c);
	if (c->supervisor == NULL)
		return ERR_NOMEM;
	open_vault(c, FD_CONTROL_VAULT);
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
	issue_close(c);
	evidence_close(c);
	receipt_close(c);
	requests_close(c->requests);
	while (c->vault_calls != NULL) {
		c->vault_calls->fn = NULL;
		call_done(c->vault_calls, false, proto_str(""), proto_str(""));
	}
	peer_close(c->vault, false);
	peer_close(c->supervisor, false);
	peer_round(&c->peers);
	store_close(c->store);
	audit_close(c->log);
	loop_free(c->loop);
	policy_free(c->policy);
	mask_set_free(c->masks);
	config_free(c->config);
	buf_free(&c->ca_blob);
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

	buf_init(&errors, 1 << 20);
	r = control_load_config(&c, true, &errors);
	if (r >= 0) {
		r = config_files(c.config, &errors);
		if (access(c.config->policy, R_OK) == 0 && control_load_policy(&c, true, &errors) < 0)
			r = ERR_MALFORMED;
	}
	policy_free(c.policy);
	mask_set_free(c.masks);
	config_free(c.config);
	free(c.config_path);
	return say_errors(&errors, r) < 0 ? 1 : 0;
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
	/* An absolute path: the working directory becomes the state folder. */
	c.config_path = realpath(argv[2], NULL);
	buf_init(&c.ca_blob, SSHKEY_BLOB_MAX);
	if (c.config_path == NULL) {
		log_error("cannot open %s: %s", argv[2], strerror(errno));
		return 1;
	}
	if (load(&c) < 0 || start(&c) < 0) {
		log_error("not started");
		stop(&c);
		return 1;
	}
	if (sandbox_enter(SANDBOX_CONTROL) < 0)
		log_warn("the kernel's sandbox is not available: running without it");
	/* What start() recorded and queued goes out before anything is waited for. */
	control_round(&c);
	loop_run(c.loop);
	stop(&c);
	return 0;
}
