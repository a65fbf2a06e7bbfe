/* The configuration file; see config.h. Trusts nobody's typing. */
#include "approve/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "approve/config_internal.h"

struct block {
	struct block *next;
	max_align_t mem[];
};

void *config_take(struct config *c, size_t n)
{
	struct block *b = calloc(1, sizeof(*b) + n + 1);

	if (b == NULL) {
		yaml_error(&c->doc, NULL, "no memory");
		return NULL;
	}
	b->next = c->blocks;
	c->blocks = b;
	return b->mem;
}

bool config_strs(struct config *c, const struct yaml_node *m, const char *key, bool required, struct config_strings *out)
{
	const char **v = NULL;
	size_t n = 0;

	if (!yaml_strs(&c->doc, m, key, required, &v, &n))
		return false;
	out->v = config_take(c, n * sizeof(*v));
	if (out->v != NULL && n > 0)
		memcpy(out->v, v, n * sizeof(*v));
	out->n = out->v != NULL ? n : 0;
	free(v);
	return out->v != NULL;
}

bool config_path(struct config *c, const struct yaml_node *m, const char *key, bool required, const char **out)
{
	const char *text;
	char *path;
	size_t n;

	if (!yaml_str(&c->doc, m, key, required, &text))
		return false;
	if (text[0] == '\0') {
		yaml_error(&c->doc, yaml_get(m, key), "\"%s\" must be a path", key);
		return false;
	}
	if (text[0] == '/') {
		*out = text;
		return true;
	}
	n = strlen(c->folder) + strlen(text) + 2;
	path = config_take(c, n);
	if (path == NULL)
		return false;
	snprintf(path, n, "%s/%s", c->folder, text);
	*out = path;
	return true;
}

bool config_endpoint(struct config *c, const struct yaml_node *at, const char *text, struct config_endpoint *out)
{
	const char *colon = strrchr(text, ':');
	struct in6_addr a;
	unsigned long port;
	char *host, *end;
	size_t n;

	if (colon == NULL || colon[1] < '0' || colon[1] > '9' || (port = strtoul(colon + 1, &end, 10), *end != '\0') ||
	    port > 65535) {
		yaml_error(&c->doc, at, "\"%.64s\" is not an address with a port: write \"127.0.0.1:2222\" or \"[::1]:2222\"", text);
		return false;
	}
	n = (size_t)(colon - text);
	host = config_take(c, n + 1);
	if (host == NULL)
		return false;
	if (n >= 2 && text[0] == '[' && text[n - 1] == ']')
		memcpy(host, text + 1, n - 2);
	else
		memcpy(host, text, n);
	if ((host[0] != '\0' && inet_pton(strchr(host, ':') != NULL ? AF_INET6 : AF_INET, host, &a) != 1) ||
	    (strchr(host, ':') != NULL && text[0] != '[')) {
		yaml_error(&c->doc, at, "\"%.64s\" is not a numeric address: write \"0.0.0.0:%lu\", or \"[::]:%lu\" for IPv6", text, port,
			   port);
		return false;
	}
	out->host = host;
	out->port = (uint16_t)port;
	return true;
}

bool config_name(struct config *c, const struct yaml_node *m, const char *key, size_t max, const char **out)
{
	const char *s;

	if (!yaml_str(&c->doc, m, key, true, &s))
		return false;
	if (strlen(s) == 0 || strlen(s) > max || strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789._-") != strlen(s) ||
	    s[0] == '.' || s[0] == '-' || s[0] == '_') {
		yaml_error(&c->doc, yaml_get(m, key),
			   "\"%s\" must be 1 to %zu of a-z, 0-9, '.', '_' and '-', and begin with a letter or digit", key, max);
		return false;
	}
	*out = s;
	return true;
}

bool config_url(struct config *c, const struct yaml_node *m, const char *key, bool required, const char **out)
{
	const char *s;
	bool loopback;

	if (!yaml_str(&c->doc, m, key, required, &s))
		return false;
	loopback = strncmp(s, "http://127.0.0.1", 16) == 0 || strncmp(s, "http://[::1]", 12) == 0 ||
		   strncmp(s, "http://localhost", 16) == 0;
	if ((strncmp(s, "https://", 8) != 0 && !loopback) || strchr(s, '@') != NULL || strpbrk(s, " \t\"<>\\") != NULL ||
	    strlen(s) > 1024) {
		yaml_error(&c->doc, yaml_get(m, key), "\"%s\" must be an https:// URL without a user name in it", key);
		return false;
	}
	*out = s;
	return true;
}

static void load_listen(struct config *c, const struct yaml_node *root)
{
	struct config_strings s = { 0 };

	if (!config_strs(c, root, "listen", true, &s))
		return;
	if (s.n == 0 || s.n > 16) {
		yaml_error(&c->doc, yaml_get(root, "listen"), "\"listen\" needs 1 to 16 addresses, such as [\"0.0.0.0:2222\"]");
		return;
	}
	c->listen = config_take(c, s.n * sizeof(*c->listen));
	for (size_t i = 0; c->listen != NULL && i < s.n; i++) {
		if (config_endpoint(c, yaml_get(root, "listen"), s.v[i], &c->listen[c->n_listen]))
			c->n_listen++;
	}
}

static void load_vault(struct config *c, const struct yaml_node *root)
{
	static const char *const keys[] = { "store", "master_key", "credential", "fd", NULL };
	const struct yaml_node *m = yaml_map(&c->doc, root, "vault", true);
	uint64_t fd;
	unsigned ways;

	c->vault.fd = -1;
	if (m == NULL)
		return;
	yaml_known_keys(&c->doc, m, "vault", keys);
	config_path(c, m, "store", true, &c->vault.store);
	config_path(c, m, "master_key", false, &c->vault.master_key);
	yaml_str(&c->doc, m, "credential", false, &c->vault.credential);
	if (yaml_uint(&c->doc, m, "fd", 3, 1023, &fd))
		c->vault.fd = (int)fd;
	ways = (c->vault.master_key != NULL) + (c->vault.credential != NULL) + (c->vault.fd >= 0);
	if (ways != 1)
		yaml_error(&c->doc, m, "the vault needs exactly one of master_key (a file), credential (of systemd), fd (a descriptor)");
}

static bool is_loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

static void load_http(struct config *c, const struct yaml_node *root)
{
	static const char *const keys[] = { "listen", "socket", "tls", "public_url", "ssh_host", "ssh_port", "hosts", NULL };
	static const char *const tls_keys[] = { "certificate", "key", "client_ca", NULL };
	const struct yaml_node *m = yaml_map(&c->doc, root, "http", false), *tls;
	const char *text;
	uint64_t port;

	if (m == NULL)
		return;
	yaml_known_keys(&c->doc, m, "http", keys);
	if (yaml_str(&c->doc, m, "listen", false, &text))
		c->http.has_listen = config_endpoint(c, yaml_get(m, "listen"), text, &c->http.listen);
	config_path(c, m, "socket", false, &c->http.socket);
	if (c->http.socket != NULL && strlen(c->http.socket) > 107)
		yaml_error(&c->doc, yaml_get(m, "socket"), "the path of a unix socket has at most 107 bytes");
	config_url(c, m, "public_url", false, &c->http.public_url);
	config_strs(c, m, "hosts", false, &c->http.hosts);
	if (yaml_str(&c->doc, m, "ssh_host", false, &text)) {
		if (text[0] == '-' || text[0] == '\0' ||
		    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:") != strlen(text))
			yaml_error(&c->doc, yaml_get(m, "ssh_host"), "\"ssh_host\" must be a host name or an address");
		else
			c->http.ssh_host = text;
	}
	if (yaml_uint(&c->doc, m, "ssh_port", 1, 65535, &port))
		c->http.ssh_port = (uint16_t)port;
	tls = yaml_map(&c->doc, m, "tls", false);
	if (tls != NULL) {
		yaml_known_keys(&c->doc, tls, "http.tls", tls_keys);
		config_path(c, tls, "certificate", true, &c->http.certificate);
		config_path(c, tls, "key", true, &c->http.key);
		config_path(c, tls, "client_ca", false, &c->http.client_ca);
	}
	if (c->http.has_listen && !is_loopback(c->http.listen.host) && c->http.certificate == NULL)
		yaml_error(&c->doc, yaml_get(m, "listen"),
			   "the API listens beyond this host and tokens must not travel in clear: add tls: { certificate: …, key: … }, or "
			   "listen on 127.0.0.1");
}

static void load_users(struct config *c, const struct yaml_node *root)
{
	static const char *const keys[] = { "control", "vault", "session", "recorder", NULL };
	const struct yaml_node *m = yaml_map(&c->doc, root, "users", false);

	if (m == NULL)
		return;
	yaml_known_keys(&c->doc, m, "users", keys);
	yaml_str(&c->doc, m, "control", true, &c->users.control);
	yaml_str(&c->doc, m, "vault", true, &c->users.vault);
	yaml_str(&c->doc, m, "session", true, &c->users.session);
	yaml_str(&c->doc, m, "recorder", true, &c->users.recorder);
}

static void load_hooks(struct config *c, const struct yaml_node *m)
{
	static const char *const keys[] = { "url", "secret_file", "format", "ca_file", NULL };
	static const char *const formats[] = { "standard", "slack", NULL };
	const struct yaml_node *list = yaml_list(&c->doc, m, "webhooks", false);
	unsigned format;

	if (list == NULL || list->n == 0)
		return;
	if (list->n > 16) {
		yaml_error(&c->doc, list, "at most 16 webhooks");
		return;
	}
	c->approvals.hooks = config_take(c, list->n * sizeof(*c->approvals.hooks));
	for (size_t i = 0; c->approvals.hooks != NULL && i < list->n; i++) {
		struct config_webhook *h = &c->approvals.hooks[c->approvals.n_hooks++];

		yaml_known_keys(&c->doc, list->items[i], "a webhook", keys);
		config_url(c, list->items[i], "url", true, &h->url);
		config_path(c, list->items[i], "ca_file", false, &h->ca_file);
		if (yaml_choice(&c->doc, list->items[i], "format", formats, &format))
			h->format = format == 1 ? HOOK_SLACK : HOOK_STANDARD;
		config_path(c, list->items[i], "secret_file", h->format == HOOK_STANDARD, &h->secret_file);
	}
}

bool config_bytes(struct config *c, const struct yaml_node *m, const char *key, uint64_t min, uint64_t max, uint64_t *out)
{
	static const struct {
		const char *unit;
		uint64_t times;
	} units[] = { { "", 1 }, { "KiB", 1 << 10 }, { "MiB", 1 << 20 }, { "GiB", 1 << 30 }, { "TiB", 1ull << 40 } };
	const char *text;
	char *end;
	uint64_t v;

	if (!yaml_str(&c->doc, m, key, false, &text))
		return false;
	errno = 0;
	v = text[0] >= '0' && text[0] <= '9' ? strtoull(text, &end, 10) : (end = NULL, 0);
	for (size_t i = 0; end != NULL && errno == 0 && i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(end, units[i].unit) == 0 && v <= max / units[i].times && v * units[i].times >= min) {
			*out = v * units[i].times;
			return true;
		}
	}
	yaml_error(&c->doc, yaml_get(m, key), "\"%s\" must be a size from %llu to %llu bytes, such as 64MiB", key,
		   (unsigned long long)min, (unsigned long long)max);
	return false;
}

static void load_approvals(struct config *c, const struct yaml_node *root)
{
	static const char *const keys[] = { "wait", "pending_ttl", "allowed_signers", "webhooks", NULL };
	const struct yaml_node *m = yaml_map(&c->doc, root, "approvals", false);

	c->approvals.wait = 55;
	c->approvals.pending_ttl = 3600;
	if (m == NULL)
		return;
	yaml_known_keys(&c->doc, m, "approvals", keys);
	yaml_seconds(&c->doc, m, "wait", 1, 3600, &c->approvals.wait);
	yaml_seconds(&c->doc, m, "pending_ttl", 1, 7 * 86400, &c->approvals.pending_ttl);
	config_path(c, m, "allowed_signers", false, &c->approvals.allowed_signers);
	load_hooks(c, m);
}

static void load_limits(struct config *c, const struct yaml_node *root)
{
	static const char *const keys[] = { "login_grace", "attempts", "sessions", "per_source", "unauthenticated", "channels",
					    "session_max", "sessions_per_identity", "sessions_per_minute", "commands_per_minute", "rekey_bytes",
					    "rekey_after", "penalties", NULL };
	const struct yaml_node *m = yaml_map(&c->doc, root, "limits", false);

	c->limits.login_grace = 30;
	c->limits.attempts = 6;
	c->limits.sessions = 1000;
	c->limits.per_source = 20;
	c->limits.unauthenticated = 64;
	c->limits.channels = 64;
	c->limits.session_max = 12 * 3600;
	c->limits.sessions_per_identity = 64;
	c->limits.sessions_per_minute = 3000;
	c->limits.commands_per_minute = 6000;
	if (m == NULL)
		return;
	yaml_known_keys(&c->doc, m, "limits", keys);
	yaml_seconds(&c->doc, m, "login_grace", 1, 600, &c->limits.login_grace);
	yaml_uint(&c->doc, m, "attempts", 1, 100, &c->limits.attempts);
	yaml_uint(&c->doc, m, "sessions", 1, 100000, &c->limits.sessions);
	yaml_uint(&c->doc, m, "per_source", 1, 100000, &c->limits.per_source);
	yaml_uint(&c->doc, m, "unauthenticated", 1, 100000, &c->limits.unauthenticated);
	yaml_uint(&c->doc, m, "channels", 1, 1024, &c->limits.channels);
	yaml_seconds(&c->doc, m, "session_max", 1, 30 * 86400, &c->limits.session_max);
	yaml_uint(&c->doc, m, "sessions_per_identity", 1, 100000, &c->limits.sessions_per_identity);
	yaml_uint(&c->doc, m, "sessions_per_minute", 1, 10000000, &c->limits.sessions_per_minute);
	yaml_uint(&c->doc, m, "commands_per_minute", 1, 10000000, &c->limits.commands_per_minute);
	config_bytes(c, m, "rekey_bytes", 16, 1ull << 40, &c->limits.rekey_bytes);
	yaml_seconds(&c->doc, m, "rekey_after", 1, 7 * 86400, &c->limits.rekey_after);
}

static void load_root(struct config *c)
{
	static const char *const keys[] = { "version", "listen", "host_key", "state", "policy", "vault", "http", "users", "certificates",
					    "issuers", "targets", "roles", "approvals", "limits", "masking", "recording", "audit", "witness", NULL };
	static const char *const cert_keys[] = { "lifetime", "source_address", NULL };
	const struct yaml_node *root = c->doc.root, *m;
	uint64_t version = 0;

	if (root->kind != YAML_MAP) {
		yaml_error(&c->doc, root, "the file must be a map that begins with \"version: 1\"");
		return;
	}
	yaml_known_keys(&c->doc, root, "the configuration", keys);
	if (yaml_get(root, "version") == NULL)
		yaml_error(&c->doc, root, "\"version\" is missing: write \"version: 1\"");
	else
		yaml_uint(&c->doc, root, "version", 1, 1, &version);
	load_listen(c, root);
	config_path(c, root, "host_key", true, &c->host_key);
	config_path(c, root, "state", true, &c->state);
	config_path(c, root, "policy", true, &c->policy);
	load_vault(c, root);
	load_http(c, root);
	load_users(c, root);
	c->certificates.lifetime = 900;
	if ((m = yaml_map(&c->doc, root, "certificates", false)) != NULL) {
		yaml_known_keys(&c->doc, m, "certificates", cert_keys);
		yaml_seconds(&c->doc, m, "lifetime", 60, 86400, &c->certificates.lifetime);
		yaml_bool(&c->doc, m, "source_address", &c->certificates.source_address);
	}
	config_issuers(c, root);
	config_targets(c, root);
	config_roles(c, root);
	load_approvals(c, root);
	load_limits(c, root);
	config_records(c, root);
}

int config_parse(const char *name, const char *folder, const void *text, size_t n, struct config **out, struct buf *errors)
{
	struct config *c = calloc(1, sizeof(*c));
	int r;

	*out = NULL;
	if (c == NULL)
		return ERR_NOMEM;
	r = yaml_parse(&c->doc, name, text, n, errors);
	c->folder = strdup(folder);
	c->path = strdup(name);
	if (c->folder == NULL || c->path == NULL)
		r = ERR_NOMEM;
	if (r >= 0) {
		load_root(c);
		if (c->doc.mistakes > 0)
			r = ERR_MALFORMED;
	}
	if (r < 0) {
		config_free(c);
		return r;
	}
	*out = c;
	return ERR_OK;
}

/* The whole file, bounded; a fifo or device is none. */
static int read_file(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), r = ERR_OK;
	struct stat st;
	uint8_t *p;
	ssize_t n;

	if (fd < 0)
		return ERR_SYS;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		errno = EINVAL;
		r = ERR_SYS;
	}
	while (r >= 0) {
		p = buf_reserve(out, 4096);
		if (p == NULL) {
			r = ERR_LIMIT;
			break;
		}
		n = read(fd, p, 4096);
		if (n < 0)
			r = ERR_SYS;
		if (n <= 0)
			break;
		buf_added(out, (size_t)n);
	}
	close(fd);
	return r;
}

int config_load_text(const char *path, const void *text, size_t n, struct config **out, struct buf *errors)
{
	char full[PATH_MAX], folder[PATH_MAX], *slash;

	*out = NULL;
	/* The folder of what a link points to; where there is nothing any more, that of the path itself. */
	if (realpath(path, full) == NULL && snprintf(full, sizeof(full), "%s", path) >= (int)sizeof(full))
		return ERR_LIMIT;
	slash = strrchr(full, '/');
	if (slash != NULL)
		*(slash == full ? slash + 1 : slash) = '\0';
	if (realpath(slash != NULL ? full : ".", folder) == NULL && snprintf(folder, sizeof(folder), "%s", full) >= (int)sizeof(folder))
		return ERR_LIMIT;
	return config_parse(path, folder, text, n, out, errors);
}

int config_load(const char *path, struct config **out, struct buf *errors)
{
	struct buf text;
	int r;

	*out = NULL;
	buf_init(&text, 1 << 20);
	r = read_file(path, &text);
	if (r < 0)
		(void)buf_printf(errors, "%s: cannot be read: %s\n", path, r == ERR_SYS ? strerror(errno) : err_text(r));
	else
		r = config_load_text(path, buf_ptr(&text), text.len, out, errors);
	buf_free(&text);
	return r;
}

static int check_file(const struct config *c, const char *path, const char *what, struct buf *errors)
{
	if (path == NULL || access(path, R_OK) == 0)
		return ERR_OK;
	(void)buf_printf(errors, "%s: %s: %s: %s\n", c->path, what, path, strerror(errno));
	return ERR_NOTFOUND;
}

int config_files(const struct config *c, struct buf *errors)
{
	int bad = 0;

	bad |= check_file(c, c->host_key, "host_key", errors);
	bad |= check_file(c, c->policy, "policy", errors);
	bad |= check_file(c, c->vault.master_key, "vault.master_key", errors);
	bad |= check_file(c, c->http.certificate, "http.tls.certificate", errors);
	bad |= check_file(c, c->http.key, "http.tls.key", errors);
	bad |= check_file(c, c->http.client_ca, "http.tls.client_ca", errors);
	bad |= check_file(c, c->approvals.allowed_signers, "approvals.allowed_signers", errors);
	bad |= check_file(c, c->audit.witness_ca, "audit.witness_ca", errors);
	for (size_t i = 0; i < c->n_outputs; i++) {
		bad |= check_file(c, c->outputs[i].secret_file, "audit.outputs: secret_file", errors);
		bad |= check_file(c, c->outputs[i].ca_file, "audit.outputs: ca_file", errors);
	}
	for (size_t i = 0; i < c->recording.encrypt_to.n; i++)
		bad |= check_file(c, c->recording.encrypt_to.v[i], "recording.encrypt_to", errors);
	for (size_t i = 0; i < c->n_witnessed; i++)
		bad |= check_file(c, c->witnessed[i].allowed_signers, "witness.logs: allowed_signers", errors);
	for (size_t i = 0; i < c->n_issuers; i++) {
		bad |= check_file(c, c->issuers[i].jwks_file, "issuers: jwks_file", errors);
		bad |= check_file(c, c->issuers[i].ca_file, "issuers: ca_file", errors);
	}
	for (size_t i = 0; i < c->approvals.n_hooks; i++) {
		bad |= check_file(c, c->approvals.hooks[i].secret_file, "webhooks: secret_file", errors);
		bad |= check_file(c, c->approvals.hooks[i].ca_file, "webhooks: ca_file", errors);
	}
	return bad != 0 ? ERR_NOTFOUND : ERR_OK;
}

void config_free(struct config *c)
{
	struct block *b, *next;

	if (c == NULL)
		return;
	yaml_free(&c->doc);
	for (b = c->blocks; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	free(c->folder);
	free(c->path);
	free(c);
}

const struct config_target *config_target(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->n_targets; i++) {
		if (strcmp(c->targets[i].name, name) == 0)
			return &c->targets[i];
	}
	return NULL;
}

bool config_target_has_login(const struct config_target *t, const char *login)
{
	for (size_t i = 0; i < t->logins.n; i++) {
		if (strcmp(t->logins.v[i], login) == 0)
			return true;
	}
	return false;
}
