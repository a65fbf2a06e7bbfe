/* sallyport-vault: the process that holds the keys. It serves control on one socket, takes a new control's socket from the
 * supervisor on another, and answers SSH agents on the sockets that come with grants. No network, no files but its store.
 *
 * Distrusts: everybody. Control may ask only what vault.h judges; a worker only what agent.h does; a message that is not of
 * its form ends the peer that sent it, not the vault. Ends when supervisor and control are both gone. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/process.h"
#include "base/proto.h"
#include "base/sandbox.h"
#include "vault/conn.h"
#include "vault/secmem.h"
#include "vault/vault.h"

enum {
	VAULTD_USAGE = 64,  /* wrong command line */
	VAULTD_CONFIG = 78, /* master key or store cannot be used */
	VAULTD_SYSTEM = 71  /* the system denied something */
};

struct peer {
	struct ipc ipc;
	struct loop_watch *watch;
	const char *name;
	bool open;
};

struct vaultd {
	struct vault vault;
	struct loop *loop;
	struct conns *conns;
	struct peer control, supervisor;
};

typedef int peer_message_fn(struct vaultd *d, struct ipc_msg *m);

/* ---- peers ---- */

static void peer_free(struct peer *p)
{
	if (!p->open)
		return;
	p->open = false;
	loop_watch_del(p->watch);
	p->watch = NULL;
	ipc_free(&p->ipc);
}

static void peer_close(struct vaultd *d, struct peer *p)
{
	peer_free(p);
	if (!d->control.open && !d->supervisor.open) {
		log_info("control and supervisor are gone: ending");
		loop_stop(d->loop);
	}
}

static void peer_serve(struct vaultd *d, struct peer *p, unsigned events, peer_message_fn *fn)
{
	struct ipc_msg m;
	int r = ERR_OK, gone = ERR_OK;

	if ((events & (LOOP_READ | LOOP_HANGUP)) != 0)
		gone = ipc_read(&p->ipc);
	/* What came before the end is still served. */
	while (p->open && (r = ipc_next(&p->ipc, &m)) == ERR_OK) {
		r = fn(d, &m);
		ipc_msg_close(&m);
		if (r < 0)
			break;
	}
	if (!p->open)
		return;
	if (r < 0 && r != ERR_AGAIN) {
		log_error("%s: dropped: %s", p->name, err_text(r));
		peer_close(d, p);
		return;
	}
	if (gone == ERR_OK || gone == ERR_AGAIN)
		gone = ipc_flush(&p->ipc);
	if (gone < 0 && gone != ERR_AGAIN) {
		log_info("%s: closed", p->name);
		peer_close(d, p);
		return;
	}
	loop_watch_events(p->watch, LOOP_READ | (ipc_pending(&p->ipc) ? LOOP_WRITE : 0));
}

static int peer_open(struct vaultd *d, struct peer *p, const char *name, int fd, loop_fd_fn *fn)
{
	memset(p, 0, sizeof(*p));
	p->name = name;
	ipc_init(&p->ipc, fd, false);
	p->watch = loop_watch(d->loop, fd, LOOP_READ, fn, d);
	if (p->watch == NULL) {
		ipc_free(&p->ipc);
		return ERR_SYS;
	}
	p->open = true;
	return ERR_OK;
}

/* ---- control ---- */

static int control_answer(struct vaultd *d, uint32_t req, int r, struct buf *data, const struct why *why)
{
	struct msg_vault_answer a = { .req = req, .ok = r == ERR_OK };

	if (r == ERR_OK)
		a.data = (struct view){ buf_ptr(data), data->len };
	else
		a.why = proto_str(why->text);
	if (r < 0)
		log_warn("control: refused: %s", why->text);
	r = msg_vault_answer_send(&d->control.ipc, &a, NULL, 0);
	buf_free(data);
	return r;
}

static int64_t vaultd_now(void)
{
	return clock_wall_ms() / 1000;
}

static int control_sign_cert(struct vaultd *d, struct ipc_msg *in)
{
	struct msg_vault_sign_cert m;
	struct why why = { "" };
	struct buf out;
	int r = msg_vault_sign_cert_read(in, &m);

	if (r < 0)
		return r;
	buf_init(&out, KEY_SIGNATURE_MAX);
	r = vault_sign_cert(&d->vault, &m.tbs, vaultd_now(), &out, &why);
	return control_answer(d, m.req, r, &out, &why);
}

static int control_grant(struct vaultd *d, struct ipc_msg *in)
{
	struct msg_vault_grant m;
	struct vault_grant *g = NULL;
	struct why why = { "" };
	struct buf out;
	int r = msg_vault_grant_read(in, &m), fd;

	if (r < 0)
		return r;
	if (in->nfds != 1)
		return ERR_MALFORMED;
	buf_init(&out, 16384);
	r = vault_grant(&d->vault, &m, vaultd_now(), &g, &out, &why);
	if (r == ERR_OK) {
		fd = in->fds[0];
		in->fds[0] = -1;
		in->nfds = 0;
		r = conns_add(d->conns, fd, g);
		if (r < 0)
			why_set(&why, "the grant cannot be served: %s", err_text(r));
	}
	return control_answer(d, m.req, r, &out, &why);
}

static int control_revoke(struct vaultd *d, struct ipc_msg *in)
{
	struct msg_vault_revoke m;
	int r = msg_vault_revoke_read(in, &m);

	if (r == ERR_OK)
		conns_revoke(d->conns, m.sid);
	return r;
}

static int control_checkpoint(struct vaultd *d, struct ipc_msg *in)
{
	struct msg_vault_checkpoint m;
	struct why why = { "" };
	struct buf out;
	int r = msg_vault_checkpoint_read(in, &m);

	if (r < 0)
		return r;
	buf_init(&out, KEY_BLOB_MAX + KEY_SIGNATURE_MAX);
	r = vault_sign_checkpoint(&d->vault, &m.text, &out, &why);
	return control_answer(d, m.req, r, &out, &why);
}

static int control_epoch_next(struct vaultd *d, struct ipc_msg *in)
{
	struct msg_vault_epoch_next m;
	struct why why = { "" };
	struct buf out;
	int r = msg_vault_epoch_next_read(in, &m);

	if (r < 0)
		return r;
	buf_init(&out, 2 * KEY_BLOB_MAX);
	r = vault_epoch_next(&d->vault, &out, &why);
	return control_answer(d, m.req, r, &out, &why);
}

static int control_epoch_advance(struct vaultd *d, struct ipc_msg *in)
{
	struct msg_vault_epoch_advance m;
	struct why why = { "" };
	struct buf out;
	int r = msg_vault_epoch_advance_read(in, &m);

	if (r < 0)
		return r;
	buf_init(&out, 0);
	r = vault_epoch_advance(&d->vault, &why);
	return control_answer(d, m.req, r, &out, &why);
}

static int control_public_keys(struct vaultd *d, struct ipc_msg *in)
{
	struct msg_vault_public_keys m;
	struct why why = { "" };
	struct buf out;
	int r = msg_vault_public_keys_read(in, &m);

	if (r < 0)
		return r;
	buf_init(&out, IPC_PAYLOAD_MAX - 1024);
	r = vault_public_keys(&d->vault, &out, &why);
	return control_answer(d, m.req, r, &out, &why);
}

static int vaultd_reload(struct vaultd *d, struct why *why)
{
	int r = store_reload(d->vault.store, why);

	for (size_t i = 0; r == ERR_OK && i < store_broken(d->vault.store); i++)
		log_error("key left out: %s", store_broken_why(d->vault.store, i));
	return r;
}

static int control_reload(struct vaultd *d, struct ipc_msg *in)
{
	struct msg_vault_reload m;
	struct why why = { "" };
	struct buf out;
	int r = msg_vault_reload_read(in, &m);

	if (r < 0)
		return r;
	buf_init(&out, 0);
	r = vaultd_reload(d, &why);
	return control_answer(d, m.req, r, &out, &why);
}

static const struct {
	uint16_t type;
	peer_message_fn *fn;
} control_messages[] = {
	{ MSG_vault_sign_cert, control_sign_cert },         { MSG_vault_grant, control_grant },
	{ MSG_vault_revoke, control_revoke },               { MSG_vault_checkpoint, control_checkpoint },
	{ MSG_vault_epoch_next, control_epoch_next },       { MSG_vault_epoch_advance, control_epoch_advance },
	{ MSG_vault_public_keys, control_public_keys },     { MSG_vault_reload, control_reload },
};

static int control_message(struct vaultd *d, struct ipc_msg *m)
{
	for (size_t i = 0; i < sizeof(control_messages) / sizeof(control_messages[0]); i++) {
		if (control_messages[i].type == m->type)
			return control_messages[i].fn(d, m);
	}
	return ERR_MALFORMED;
}

static void control_event(int fd, unsigned events, void *arg)
{
	struct vaultd *d = arg;

	(void)fd;
	peer_serve(d, &d->control, events, control_message);
}

/* ---- supervisor ---- */

static int supervisor_message(struct vaultd *d, struct ipc_msg *m)
{
	struct msg_vault_socket s;
	struct msg_reload reload;
	struct why why = { "" };
	int r, fd;

	if (m->type == MSG_reload) {
		r = msg_reload_read(m, &reload);
		if (r == ERR_OK && vaultd_reload(d, &why) < 0)
			log_error("reload: the keys stay as they were: %s", why.text);
		return r;
	}
	if (m->type != MSG_vault_socket)
		return ERR_MALFORMED;
	r = msg_vault_socket_read(m, &s);
	if (r < 0)
		return r;
	if (m->nfds != 1)
		return ERR_MALFORMED;
	fd = m->fds[0];
	m->fds[0] = -1;
	m->nfds = 0;
	peer_close(d, &d->control);
	log_info("serving a new control");
	/* Its failure is not the supervisor's. */
	if (peer_open(d, &d->control, "control", fd, control_event) < 0)
		log_error("control: cannot be served");
	return ERR_OK;
}

static void supervisor_event(int fd, unsigned events, void *arg)
{
	struct vaultd *d = arg;

	(void)fd;
	peer_serve(d, &d->supervisor, events, supervisor_message);
}

/* ---- start ---- */

static void vaultd_signal(int signo, void *arg)
{
	struct vaultd *d = arg;

	(void)signo;
	loop_stop(d->loop);
}

static int vaultd_seconds(const char *text, int64_t max, int64_t *out)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < 1 || n > max)
		return ERR_MALFORMED;
	*out = n;
	return ERR_OK;
}

static const char vaultd_usage[] =
	"usage: sallyport-vault --store DIR [--max-cert-lifetime SECONDS] [--verbose]\n"
	"Started by sallyportd, with its sockets on descriptors 3 and 5 and the master key on 4.\n";

static int vaultd_options(int argc, char **argv, struct vaultd *d, const char **store)
{
	static const struct option options[] = {
		{ "store", required_argument, NULL, 's' },
		{ "max-cert-lifetime", required_argument, NULL, 'l' },
		{ "verbose", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	*store = NULL;
	d->vault.max_cert_lifetime = VAULT_CERT_LIFETIME;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's')
			*store = optarg;
		else if (c == 'v')
			log_verbose(1);
		else if (c != 'l' || vaultd_seconds(optarg, 7 * 86400, &d->vault.max_cert_lifetime) < 0)
			return ERR_MALFORMED;
	}
	return *store == NULL || optind != argc ? ERR_MALFORMED : ERR_OK;
}

/* The master key is in memory from here on only as the store's locked copy. */
static int vaultd_open_store(struct vaultd *d, const char *dir)
{
	uint8_t *master = NULL;
	struct why why = { "" };
	int r;

	r = master_from_fd(FD_VAULT_MASTER, &master, &why);
	close(FD_VAULT_MASTER);
	if (r == ERR_OK)
		r = store_open(dir, master, &d->vault.store, &why);
	master_free(master);
	if (r < 0) {
		log_error("%s", why.text);
		return r;
	}
	for (size_t i = 0; i < store_broken(d->vault.store); i++)
		log_error("key left out: %s", store_broken_why(d->vault.store, i));
	return ERR_OK;
}

static int vaultd_start(struct vaultd *d)
{
	static const int signals[] = { SIGTERM, SIGINT, 0 };

	d->loop = loop_new();
	if (d->loop == NULL)
		return ERR_SYS;
	d->conns = conns_new(d->loop);
	if (d->conns == NULL || loop_signals(d->loop, signals, vaultd_signal, d) < 0)
		return ERR_SYS;
	/* The supervisor first: while it lives, a control that is gone at once is no reason to end. */
	if (peer_open(d, &d->supervisor, "supervisor", FD_VAULT_SUPERVISOR, supervisor_event) < 0)
		return ERR_SYS;
	return peer_open(d, &d->control, "control", FD_CONTROL, control_event);
}

int main(int argc, char **argv)
{
	static struct vaultd d;
	struct landlock_path below = { .write = true };
	const char *store;
	bool locked;
	int r;

	if (process_harden("sallyport-vault", FD_VAULT_SUPERVISOR) < 0)
		return VAULTD_SYSTEM;
	if (vaultd_options(argc, argv, &d, &store) < 0) {
		fputs(vaultd_usage, stderr);
		return VAULTD_USAGE;
	}
	if (secmem_init(&locked) < 0 || process_limits(CONN_MAX + 64, 0) < 0) {
		log_error("the system grants no memory or descriptors");
		return VAULTD_SYSTEM;
	}
	if (!locked)
		log_warn("keys cannot be locked in memory (raise RLIMIT_MEMLOCK): they may be swapped out");
	if (vaultd_open_store(&d, store) < 0)
		return VAULTD_CONFIG;
	if (vaultd_start(&d) < 0) {
		log_error("cannot start: the descriptors are not what sallyportd passes");
		return VAULTD_SYSTEM;
	}
	below.fd = open(store, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = sandbox_enter(SANDBOX_VAULT, &below, 1);
	close(below.fd);
	if (r == ERR_UNSUPPORTED) {
		log_warn("this system has no seccomp: running without the system call filter");
	} else if (r < 0) {
		log_error("cannot enter the sandbox");
		return VAULTD_SYSTEM;
	}
	log_info("serving %zu keys", store_count(d.vault.store));
	loop_run(d.loop);
	conns_free(d.conns);
	peer_free(&d.supervisor);
	peer_free(&d.control);
	store_free(d.vault.store);
	loop_free(d.loop);
	return 0;
}
