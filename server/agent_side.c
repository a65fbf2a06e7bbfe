/* The SSH server towards the agent: key exchange, login by certificate, requests. Everything here comes from a stranger until
 * control has said who it is, and from an agent that may have been talked into anything after that. */
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include <config.h>
#include "policy/policy.h"
#include "server/forward.h"
#include "server/packet.h"
#include "server/remote.h"
#include "server/session.h"

/* An answer that comes later needs the message kept; libssh's newer callbacks must answer before they return, and the
 * accessors of messages are marked as deprecated in their favour. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

enum { HOSTKEY_BYTES_MAX = 16 * 1024, NOTES_MAX = 4096 };

static const char kex_methods[] = "curve25519-sha256,curve25519-sha256@libssh.org";
static const char ciphers[] = "aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr,chacha20-poly1305@openssh.com";
static const char macs[] = "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com";
/* OpenSSH's client tells only a server of its own name that nobody reads a command's output any more (eow@openssh.com); without it
 * `ssh host yes | head` never ends. Its bug-compatibility rules know no such version, so nothing else follows from the name. */
static const char banner[] = "OpenSSH_Sallyport_" PACKAGE_VERSION;
/* What may sign a login; the certificate's type follows from it. No RSA with SHA-1, no DSA. */
static const char signatures[] = "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256,"
				 "sk-ssh-ed25519@openssh.com,sk-ecdsa-sha2-nistp256@openssh.com";

/* Whether the peer does strict key exchange, libssh tells its log only. */
static bool peer_is_strict;

static void watch_log(int priority, const char *function, const char *text, void *userdata)
{
	(void)priority;
	(void)function;
	(void)userdata;
	if (strstr(text, "Client supports strict kex") != NULL)
		peer_is_strict = true;
}

/* GSSAPI can be asked for before login although it is not offered, and libssh would then call into Kerberos with a stranger's bytes.
 * These stand before the library's own functions: there is no mechanism. */
__attribute__((visibility("default"))) unsigned gss_indicate_mechs(unsigned *minor, void **set);
__attribute__((visibility("default"))) unsigned gss_acquire_cred(void);

unsigned gss_indicate_mechs(unsigned *minor, void **set)
{
	*minor = 0;
	*set = NULL;
	return 1u << 16; /* GSS_S_BAD_MECH */
}

unsigned gss_acquire_cred(void)
{
	return 1u << 16;
}

ssh_key agent_read_host_key(int fd)
{
	struct buf text;
	ssh_key key = NULL;
	uint8_t *p;
	ssize_t n;

	buf_init_secret(&text, HOSTKEY_BYTES_MAX + 1);
	p = buf_reserve(&text, HOSTKEY_BYTES_MAX);
	while (p != NULL && text.len < HOSTKEY_BYTES_MAX && (n = read(fd, p + text.len, HOSTKEY_BYTES_MAX - text.len)) > 0)
		buf_added(&text, (size_t)n);
	close(fd);
	if (text.len == 0 || buf_cstr(&text) == NULL || ssh_pki_import_privkey_base64(buf_cstr(&text), NULL, NULL, NULL, &key) != SSH_OK)
		key = NULL;
	buf_free(&text);
	if (key == NULL)
		log_error("the host key cannot be read");
	return key;
}

int agent_start(struct session *s, int fd, ssh_key key)
{
	ssh_bind b = ssh_bind_new();
	bool off = false;
	int r = ERR_CRYPTO;

	peer_is_strict = false;
	packet_reset();
	if (key == NULL || b == NULL)
		goto out;
	if (ssh_bind_options_set(b, SSH_BIND_OPTIONS_PROCESS_CONFIG, &off) < 0 ||
	    ssh_bind_options_set(b, SSH_BIND_OPTIONS_IMPORT_KEY, key) < 0)
		goto out;
	key = NULL; /* the bind's, then the session's */
	if (ssh_bind_options_set(b, SSH_BIND_OPTIONS_BANNER, banner) < 0 ||
	    ssh_bind_options_set(b, SSH_BIND_OPTIONS_KEY_EXCHANGE, kex_methods) < 0 ||
	    ssh_bind_options_set(b, SSH_BIND_OPTIONS_CIPHERS_C_S, ciphers) < 0 ||
	    ssh_bind_options_set(b, SSH_BIND_OPTIONS_CIPHERS_S_C, ciphers) < 0 ||
	    ssh_bind_options_set(b, SSH_BIND_OPTIONS_HMAC_C_S, macs) < 0 ||
	    ssh_bind_options_set(b, SSH_BIND_OPTIONS_HMAC_S_C, macs) < 0 ||
	    ssh_bind_options_set(b, SSH_BIND_OPTIONS_PUBKEY_ACCEPTED_KEY_TYPES, signatures) < 0)
		goto out;
	s->agent = ssh_new();
	if (s->agent == NULL || ssh_bind_accept_fd(b, s->agent, fd) != SSH_OK)
		goto out;
	if (ssh_options_set(s->agent, SSH_OPTIONS_COMPRESSION, "none") < 0)
		goto out;
	ssh_set_auth_methods(s->agent, SSH_AUTH_METHOD_PUBLICKEY);
	ssh_set_blocking(s->agent, 0);
	ssh_set_counters(s->agent, &s->agent_backlog.sock, &s->agent_backlog.raw);
	ssh_set_log_callback(watch_log);
	ssh_set_log_level(SSH_LOG_DEBUG);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	/* The first call says hello, and makes the poll handle that the event takes over. A fresh connection takes it at once: a client that has
	 * ended its side already is still told who answered. */
	ssh_set_fd_towrite(s->agent);
	if (ssh_handle_key_exchange(s->agent) == SSH_ERROR) {
		r = ERR_EOF; /* it has left already, or said at once what is no SSH */
		goto out;
	}
	r = ERR_OK;
out:
	ssh_key_free(key);
	ssh_bind_free(b);
	return r;
}

bool agent_congested(const struct session *s)
{
	return (ssh_get_poll_flags(s->agent) & SSH_WRITE_PENDING) != 0;
}

static void reply_default(ssh_message m)
{
	ssh_message_reply_default(m);
	ssh_message_free(m);
}

static void failed_attempt(struct session *s, ssh_message m)
{
	reply_default(m);
	if (++s->attempts >= s->attempts_max)
		session_cut(s, "too many failed logins");
}

static void logged_in(struct session *s)
{
	s->authenticated = true;
	rekey_start(s, true);
	s->grace_at = 0;
	if (write(FD_SESSION_LOGIN, "1", 1) < 0)
		return; /* the supervisor is gone; sessions go on without it */
	close(FD_SESSION_LOGIN);
}

void agent_login_answer(struct session *s, bool ok)
{
	ssh_message m = s->login;

	if (m == NULL)
		return;
	s->login = NULL;
	if (!ok) {
		failed_attempt(s, m);
		return;
	}
	logged_in(s);
	if (ssh_message_auth_reply_success(m, 0) != SSH_OK)
		session_cut(s, "the connection broke");
	ssh_message_free(m);
}

/* The certificate's bytes, as they were proven. */
static int certificate_of(ssh_key key, struct buf *blob)
{
	char *text = NULL;
	size_t n;
	uint8_t *p;
	int len;

	if (ssh_pki_export_pubkey_base64(key, &text) != SSH_OK || text == NULL)
		return ERR_CRYPTO;
	n = strlen(text);
	p = buf_reserve(blob, n / 4 * 3 + 3);
	len = p == NULL ? -1 : EVP_DecodeBlock(p, (const unsigned char *)text, (int)n);
	if (len > 0) {
		for (size_t i = n; i > 0 && text[i - 1] == '='; i--)
			len--;
		buf_added(blob, (size_t)len);
	}
	ssh_string_free_char(text);
	return len > 0 ? ERR_OK : ERR_LIMIT;
}

static bool is_certificate(ssh_key key)
{
	const char *type = key == NULL ? NULL : ssh_key_type_to_char(ssh_key_type(key));

	return type != NULL && strstr(type, "-cert-v01@openssh.com") != NULL;
}

static void start_login(struct session *s, ssh_message m, ssh_key key, const char *user)
{
	struct msg_login login = { .user = proto_str(user) };
	struct buf blob;

	buf_init(&blob, 64 * 1024);
	if (s->control.fd < 0 || certificate_of(key, &blob) < 0) {
		failed_attempt(s, m);
	} else {
		login.certificate.p = buf_ptr(&blob);
		login.certificate.n = blob.len;
		s->login = m;
		if (msg_login_send(&s->control, &login, NULL, 0) < 0)
			control_gone(s);
	}
	buf_free(&blob);
}

static void handle_auth(struct session *s, ssh_message m)
{
	const char *user = ssh_message_auth_user(m);
	ssh_key key;

	if (s->authenticated || s->login != NULL || user == NULL || !s->started) {
		/* A second request before the first was answered has no place in any client. */
		ssh_message_free(m);
		session_cut(s, "login requests out of order");
		return;
	}
	if (strcmp(user, "sign") == 0) {
		if (ssh_message_subtype(m) == SSH_AUTH_METHOD_NONE && s->sign_user) {
			/* Nothing was proven: the grace time, the bytes before login and the supervisor's count of strangers go on. */
			s->signing = s->authenticated = true;
			rekey_start(s, true);
			ssh_message_auth_reply_success(m, 0);
			ssh_message_free(m);
			return;
		}
		failed_attempt(s, m);
		return;
	}
	if (ssh_message_subtype(m) != SSH_AUTH_METHOD_PUBLICKEY) {
		if (ssh_message_subtype(m) == SSH_AUTH_METHOD_NONE)
			reply_default(m); /* how a client asks what there is */
		else
			failed_attempt(s, m);
		return;
	}
	key = ssh_message_auth_pubkey(m);
	switch (ssh_message_auth_publickey_state(m)) {
	case SSH_PUBLICKEY_STATE_NONE: /* an offer: nothing is known from it, and nothing is kept */
		if (is_certificate(key)) {
			ssh_message_auth_reply_pk_ok_simple(m);
			ssh_message_free(m);
		} else {
			reply_default(m);
		}
		break;
	case SSH_PUBLICKEY_STATE_VALID:
		if (is_certificate(key))
			start_login(s, m, key, user);
		else
			failed_attempt(s, m);
		break;
	default:
		failed_attempt(s, m);
		break;
	}
}

static void handle_open(struct session *s, ssh_message m)
{
	struct channel *c;

	if (s->end) {
		reply_default(m);
		return;
	}
	switch (ssh_message_subtype(m)) {
	case SSH_CHANNEL_SESSION:
		if (s->nchannels >= s->channels_max || (s->signing && s->next_channel > 0)) {
			reply_default(m);
			return;
		}
		c = chan_new(s);
		if (c == NULL) {
			reply_default(m);
			return;
		}
		c->agent = ssh_message_channel_request_open_reply_accept(m);
		c->agent_opened = c->agent != NULL;
		ssh_message_free(m);
		if (c->agent == NULL || ssh_set_channel_callbacks(c->agent, &c->agent_callbacks) != SSH_OK) {
			c->state = CHANNEL_CLOSED;
			session_cut(s, "a channel could not be opened");
		}
		return;
	default:
		forward_open(s, m);
		return;
	}
}

static struct channel *channel_of(struct session *s, ssh_message m)
{
	ssh_channel agent = ssh_message_channel_request_channel(m);

	for (struct channel *c = s->channels; c != NULL; c = c->next) {
		if (c->agent == agent && c->state != CHANNEL_CLOSED)
			return c;
	}
	return NULL;
}

static uint32_t cells(int n)
{
	return n < 1 || n > 65535 ? 0 : (uint32_t)n;
}

static bool is_openssh(struct session *s)
{
	const char *client = ssh_get_clientbanner(s->agent);

	return client != NULL && strstr(client, "OpenSSH") != NULL;
}

static void handle_request(struct session *s, ssh_message m)
{
	struct channel *c = channel_of(s, m);
	bool ok = false;

	if (c == NULL || s->end) {
		if (c != NULL)
			ssh_message_reply_default(m);
		ssh_message_free(m);
		return;
	}
	switch (ssh_message_subtype(m)) {
	case SSH_CHANNEL_REQUEST_EXEC:
		ok = chan_request_run(c, QUESTION_EXEC, ssh_message_channel_request_command(m));
		break;
	case SSH_CHANNEL_REQUEST_SHELL:
		ok = chan_request_run(c, QUESTION_SHELL, "");
		break;
	case SSH_CHANNEL_REQUEST_SUBSYSTEM:
		ok = chan_request_run(c, QUESTION_SUBSYSTEM, ssh_message_channel_request_subsystem(m));
		break;
	case SSH_CHANNEL_REQUEST_PTY:
		ok = chan_request_pty(c, ssh_message_channel_request_pty_term(m), cells(ssh_message_channel_request_pty_width(m)),
					 cells(ssh_message_channel_request_pty_height(m)));
		break;
	case SSH_CHANNEL_REQUEST_WINDOW_CHANGE:
		chan_resize(c, cells(ssh_message_channel_request_pty_width(m)), cells(ssh_message_channel_request_pty_height(m)));
		ok = true;
		break;
	case SSH_CHANNEL_REQUEST_ENV:
		ok = chan_request_env(c, ssh_message_channel_request_env_name(m), ssh_message_channel_request_env_value(m));
		break;
	case SSH_CHANNEL_REQUEST_X11:
		control_note(s, QUESTION_OTHER, "x11-req", NULL, NULL, NULL);
		break;
	default:
		/* libssh does not say which. The only one of a stock OpenSSH client on a running command without a terminal is
		 * eow@openssh.com: nobody reads the output any more (`ssh host yes | head`). */
		if (c->state == CHANNEL_RUNNING && !c->has_pty && is_openssh(s))
			chan_end_of_write(c);
		else
			control_note(s, QUESTION_OTHER, "channel-request", NULL, NULL, NULL);
		break;
	}
	if (ok)
		ssh_message_channel_request_reply_success(m);
	else
		ssh_message_reply_default(m);
	ssh_message_free(m);
}

static void handle_message(struct session *s, ssh_message m)
{
	switch (ssh_message_type(m)) {
	case SSH_REQUEST_SERVICE:
		if (s->authenticated || ssh_message_service_service(m) == NULL ||
		    strcmp(ssh_message_service_service(m), "ssh-userauth") != 0) {
			ssh_message_free(m);
			session_cut(s, "an unknown service was asked for");
			return;
		}
		ssh_message_service_reply_success(m);
		ssh_message_free(m);
		return;
	case SSH_REQUEST_AUTH:
		handle_auth(s, m);
		return;
	default:
		break;
	}
	if (!s->authenticated) { /* libssh's own filter stands before this one */
		ssh_message_free(m);
		session_cut(s, "a request came before login");
		return;
	}
	switch (ssh_message_type(m)) {
	case SSH_REQUEST_CHANNEL_OPEN:
		handle_open(s, m);
		return;
	case SSH_REQUEST_CHANNEL:
		handle_request(s, m);
		return;
	case SSH_REQUEST_GLOBAL:
		remote_request(s, m);
		return;
	default:
		reply_default(m);
		return;
	}
}

static void hello_done(struct session *s)
{
	if (s->hello_fd >= 0)
		close(s->hello_fd);
	s->hello_fd = -1;
}

static bool speaks_ssh(const char *banner_said)
{
	return banner_said != NULL && (strncmp(banner_said, "SSH-2.0-", 8) == 0 || strncmp(banner_said, "SSH-1.99-", 9) == 0);
}

/* libssh has closed its descriptor by then. */
void agent_tell_stranger(struct session *s)
{
	const char *said = ssh_get_clientbanner(s->agent), *text = "Invalid SSH identification string.\r\n";

	if (s->hello_fd < 0 || said == NULL || speaks_ssh(said))
		return;
	if (strncmp(said, "SSH-", 4) == 0)
		text = "Protocol major versions differ.\n";
	(void)!send(s->hello_fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
	hello_done(s);
}

static void exchange_keys(struct session *s)
{
	const char *in, *out;

	switch (ssh_handle_key_exchange(s->agent)) {
	case SSH_OK:
		break;
	case SSH_AGAIN:
		if (speaks_ssh(ssh_get_clientbanner(s->agent)))
			hello_done(s);
		return;
	default:
		session_cut(s, "the key exchange failed");
		return;
	}
	s->kex_done = true;
	ssh_set_log_level(SSH_LOG_NOLOG);
	in = ssh_get_cipher_in(s->agent);
	out = ssh_get_cipher_out(s->agent);
	/* Without strict key exchange chacha20-poly1305 lets packets be cut out (CVE-2023-48795). */
	if (!peer_is_strict && (in == NULL || out == NULL || strncmp(in, "chacha20", 8) == 0 || strncmp(out, "chacha20", 8) == 0))
		session_cut(s, "chacha20-poly1305 needs a client with strict key exchange");
}

/* Before it has the limits of its keys, the agent is not heard further: libssh takes them with the keys. */
static bool join(struct session *s)
{
	if (s->agent_in_event || !s->started)
		return s->agent_in_event;
	if (rekey_limit(s, s->agent) != SSH_OK || ssh_event_add_session(s->event, s->agent) != SSH_OK)
		session_cut(s, "out of memory");
	s->agent_in_event = true;
	return !s->cut;
}

void agent_step(struct session *s)
{
	ssh_message m;
	int n = 0, on = 1;

	if (!join(s))
		return;

	/* Until login a client sends small packets with Nagle's algorithm on: each would wait for our delayed acknowledgement, 40 ms. */
	if (!s->authenticated)
		(void)setsockopt(FD_SESSION_AGENT, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));

	if (!s->kex_done)
		exchange_keys(s);
	if (!s->cut && (!s->authenticated || s->signing) && s->agent_backlog.sock.in_bytes > PREAUTH_BYTES_MAX)
		session_cut(s, "too many bytes before login");
	/* A quick client's login may come before control has said hello: it waits in libssh's queue, which PREAUTH_BYTES_MAX bounds. */
	while (s->kex_done && s->started && !s->cut && s->login == NULL && n++ < MESSAGES_A_ROUND && (m = ssh_message_get(s->agent)) != NULL)
		handle_message(s, m);
	if (!s->cut && !ssh_is_connected(s->agent))
		session_cut(s, "the agent closed the connection");
	if (!s->cut && (ssh_get_status(s->agent) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0)
		session_cut(s, "the connection with the agent broke");
}
