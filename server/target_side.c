/* The SSH client towards the target. The socket comes connected; the key for the login stays with the vault. The host key is compared
 * before anything else is said, and no answer but "equal" counts. */
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/remote.h"
#include "server/resolve.h"
#include "server/session.h"

static const char kex_methods[] = "curve25519-sha256,curve25519-sha256@libssh.org";
static const char ciphers[] = "aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes256-ctr,aes128-ctr";
static const char macs[] = "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com";

static void fail(struct session *s, const char *what, const char *detail)
{
	struct msg_target_result m = { .ok = 0 };

	if (s->target_state == TARGET_FAILED)
		return;
	snprintf(s->target_why, sizeof(s->target_why), "%s%s", what, detail == NULL ? "" : detail);
	for (char *p = s->target_why; *p != '\0'; p++) { /* a target's words must not move a terminal */
		if (*p < 0x20 || *p > 0x7e)
			*p = '?';
	}
	s->target_state = TARGET_FAILED;
	m.host_key = proto_str(s->host_key);
	m.why = proto_str(s->target_why);
	if (!s->control_lost && s->control.fd >= 0 && msg_target_result_send(&s->control, &m, NULL, 0) < 0)
		control_gone(s);
	for (struct channel *c = s->channels; c != NULL; c = c->next)
		chan_target_lost(c, s->target_why);
	target_free(s);
}

void target_free(struct session *s)
{
	remote_target_gone(s);
	resolve_lost(s);
	if (s->target != NULL) {
		if (s->target_in_event)
			ssh_event_remove_session(s->event, s->target);
		s->target_in_event = false;
		/* Its channels go with it; none may be used after this. */
		for (struct channel *c = s->channels; c != NULL; c = c->next) {
			if (c->target != NULL)
				(void)ssh_remove_channel_callbacks(c->target, &c->target_callbacks);
			c->target = NULL;
			c->target_opened = false;
		}
		ssh_disconnect(s->target);
		ssh_free(s->target);
		s->target = NULL;
	} else if (s->target_fd >= 0) {
		close(s->target_fd);
	}
	s->target_fd = -1;
	if (s->vault_fd >= 0)
		close(s->vault_fd);
	s->vault_fd = -1;
}

bool target_congested(const struct session *s)
{
	return s->target != NULL && (ssh_get_poll_flags(s->target) & SSH_WRITE_PENDING) != 0;
}

/* The pinned keys' types, so that the target shows one of those. RSA keys sign with SHA-2 only. */
static void hostkey_types(const struct session *s, char *out, size_t n)
{
	struct view list = { buf_ptr(&s->host_keys), s->host_keys.len }, item;
	size_t at = 0;

	out[0] = '\0';
	while (proto_list_next(&list, &item) == ERR_OK) {
		const uint8_t *space = memchr(item.p, ' ', item.n);
		char type[64];

		if (space == NULL || (size_t)(space - item.p) >= sizeof(type))
			continue;
		memcpy(type, item.p, (size_t)(space - item.p));
		type[space - item.p] = '\0';
		if (strcmp(type, "ssh-rsa") == 0)
			snprintf(type, sizeof(type), "rsa-sha2-512,rsa-sha2-256");
		if (strstr(out, type) != NULL || at + strlen(type) + 2 > n)
			continue;
		at += (size_t)snprintf(out + at, n - at, "%s%s", at == 0 ? "" : ",", type);
	}
}

/* A target may ask its client for nothing: no channel, no forward. libssh would keep each such request for a caller that never comes. */
static int refuse_request(ssh_session target, ssh_message m, void *arg)
{
	(void)target;
	(void)m;
	(void)arg;
	return 1; /* the answer is libssh's own no */
}

int target_set_options(struct session *s)
{
	char types[512];
	bool off = false;
	long timeout = HANDSHAKE_MS / 1000;

	hostkey_types(s, types, sizeof(types));
	if (ssh_options_set(s->target, SSH_OPTIONS_PROCESS_CONFIG, &off) < 0 || /* first: no file of this machine is read */
	    ssh_options_set(s->target, SSH_OPTIONS_HOST, "target") < 0 || ssh_options_set(s->target, SSH_OPTIONS_USER, s->login_name) < 0 ||
	    ssh_options_set(s->target, SSH_OPTIONS_FD, &s->target_fd) < 0 || ssh_options_set(s->target, SSH_OPTIONS_SSH_DIR, "/nonexistent") < 0 ||
	    ssh_options_set(s->target, SSH_OPTIONS_KNOWNHOSTS, "/dev/null") < 0 ||
	    ssh_options_set(s->target, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null") < 0 ||
	    ssh_options_set(s->target, SSH_OPTIONS_KEY_EXCHANGE, kex_methods) < 0 ||
	    ssh_options_set(s->target, SSH_OPTIONS_CIPHERS_C_S, ciphers) < 0 || ssh_options_set(s->target, SSH_OPTIONS_CIPHERS_S_C, ciphers) < 0 ||
	    ssh_options_set(s->target, SSH_OPTIONS_HMAC_C_S, macs) < 0 || ssh_options_set(s->target, SSH_OPTIONS_HMAC_S_C, macs) < 0 ||
	    ssh_options_set(s->target, SSH_OPTIONS_COMPRESSION, "none") < 0 || ssh_options_set(s->target, SSH_OPTIONS_TIMEOUT, &timeout) < 0 ||
	    rekey_limit(s, s->target) != SSH_OK)
		return ERR_CRYPTO;
	if (types[0] == '\0' || ssh_options_set(s->target, SSH_OPTIONS_HOSTKEYS, types) < 0)
		return ERR_UNSUPPORTED;
	ssh_set_blocking(s->target, 0);
	ssh_set_message_callback(s->target, refuse_request, NULL);
	ssh_set_counters(s->target, &s->target_backlog.sock, &s->target_backlog.raw);
	return ERR_OK;
}

void target_given(struct session *s, const struct msg_target *m, struct ipc_msg *in)
{
	int r;

	if (s->target_state == TARGET_UP || s->target_state == TARGET_CONNECTING || s->target_state == TARGET_LOGIN)
		return; /* the descriptors are closed with the message */
	s->target_state = TARGET_NONE;
	s->dialect = m->dialect;
	if (!m->ok || in->nfds != 2) {
		char why[200];

		snprintf(why, sizeof(why), "%.*s", (int)(m->why.n > 190 ? 190 : m->why.n), (const char *)m->why.p);
		fail(s, m->why.n > 0 ? why : "the target cannot be reached", NULL);
		return;
	}
	s->target_fd = in->fds[0];
	s->vault_fd = in->fds[1];
	in->fds[0] = in->fds[1] = -1;
	(void)fcntl(s->target_fd, F_SETFL, O_NONBLOCK);
	buf_clear(&s->host_keys);
	buf_clear(&s->host_cas);
	free(s->login_name);
	s->login_name = NULL;
	if (buf_put(&s->host_keys, m->host_keys.p, m->host_keys.n) < 0 || buf_put(&s->host_cas, m->host_cas.p, m->host_cas.n) < 0 ||
	    view_strdup(&m->login, &s->login_name) < 0) {
		fail(s, "the target's description cannot be read", NULL);
		return;
	}
	s->target = ssh_new();
	r = s->target == NULL ? ERR_NOMEM : target_set_options(s);
	if (r < 0) {
		fail(s, r == ERR_UNSUPPORTED ? "the target has no pinned host key that can be checked" : "the target's connection cannot be set up", NULL);
		return;
	}
	s->target_state = TARGET_CONNECTING;
	s->target_deadline = session_now() + HANDSHAKE_MS;
}

static void check_host(struct session *s)
{
	struct why why = { "" };
	ssh_key key = NULL;
	int r;

	if (ssh_get_server_publickey(s->target, &key) != SSH_OK || key == NULL) {
		fail(s, "the target showed no host key", NULL);
		return;
	}
	r = hostkey_check(key, &s->host_keys, &why);
	hostkey_fingerprint(key, s->host_key, sizeof(s->host_key));
	ssh_key_free(key);
	if (r != ERR_OK) {
		fail(s, why.text, NULL);
		return;
	}
	if (ssh_set_agent_socket(s->target, s->vault_fd) != SSH_OK) {
		fail(s, "the vault cannot be asked", NULL);
		return;
	}
	s->vault_fd = -1;
	s->target_state = TARGET_LOGIN;
}

static bool connect_step(struct session *s)
{
	int r = ssh_connect(s->target);

	if (r == SSH_AGAIN)
		return false;
	if (r != SSH_OK) {
		fail(s, "the target's key exchange failed: ", ssh_get_error(s->target));
		return true;
	}
	check_host(s);
	return true;
}

static bool login_step(struct session *s)
{
	struct msg_target_result m = { .ok = 1 };
	int r = ssh_userauth_agent(s->target, NULL);

	if (r == SSH_AUTH_AGAIN)
		return false;
	if (r != SSH_AUTH_SUCCESS) {
		fail(s, "the target refused the login", NULL);
		return true;
	}
	s->target_state = TARGET_UP;
	rekey_start(s, false);
	remote_target_up(s);
	m.host_key = proto_str(s->host_key);
	if (!s->control_lost && msg_target_result_send(&s->control, &m, NULL, 0) < 0)
		control_gone(s);
	return true;
}

bool target_step(struct session *s)
{
	bool moved = false;
	int on = 1;

	/* As towards the agent: the other side must not wait for a delayed acknowledgement during the handshake. */
	if (s->target_state == TARGET_CONNECTING || s->target_state == TARGET_LOGIN)
		(void)setsockopt(s->target_fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
	if (s->target_state == TARGET_CONNECTING) {
		moved = connect_step(s);
		/* After the first call: libssh makes the socket object then. */
		if (s->target != NULL && s->target_state != TARGET_FAILED && !s->target_in_event) {
			s->target_in_event = ssh_event_add_session(s->event, s->target) == SSH_OK;
			if (!s->target_in_event)
				fail(s, "out of memory", NULL);
		}
	}
	if (s->target_state == TARGET_LOGIN)
		moved |= login_step(s);
	if ((s->target_state == TARGET_CONNECTING || s->target_state == TARGET_LOGIN) && session_now() > s->target_deadline)
		fail(s, "the target did not answer in time", NULL);
	if (s->target_state == TARGET_UP &&
	    (!ssh_is_connected(s->target) || (ssh_get_status(s->target) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0)) {
		s->target_state = TARGET_LOGIN; /* so that it is told as a failure, and a next command may be given a new one */
		fail(s, "the target closed the connection", NULL);
	}
	return moved;
}
