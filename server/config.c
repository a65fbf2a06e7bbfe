/* Reads the supervisor's part of the configuration; see config.h. The file is the operator's: mistakes are shown, all of them. */
#include "server/config.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/yaml.h"

enum { CONFIG_BYTES_MAX = 1 << 20 };

static const char *const top_keys[] = { "version", "listen", "host_key", "state", "policy", "vault", "http", "users", "certificates",
					"issuers", "targets", "roles", "approvals", "limits", "masking", "recording", "audit", "witness", NULL };
static const char *const vault_keys[] = { "store", "master_key", "credential", "fd", NULL };
static const char *const user_keys[] = { "control", "vault", "session", "recorder", NULL };
static const char *const limit_keys[] = { "login_grace", "attempts", "sessions", "per_source", "unauthenticated", "channels",
					  "session_max", "sessions_per_identity", "sessions_per_minute", "commands_per_minute",
					  "rekey_bytes", "rekey_after", "penalties", NULL };
static const char *const penalty_keys[] = { "crash", "failed_login", "no_login", "grace_exceeded", "min", "max", "exempt", NULL };

static char *copy(struct yaml_doc *d, const struct yaml_node *m, const char *key, bool required)
{
	const char *s = NULL;

	if (!yaml_str(d, m, key, required, &s))
		return NULL;
	if (*s == '\0') {
		yaml_error(d, yaml_get(m, key), "%s is empty", key);
		return NULL;
	}
	return strdup(s);
}

static void read_listen(struct yaml_doc *d, struct config *c)
{
	const char **list = NULL;
	size_t n = 0;

	if (!yaml_strs(d, d->root, "listen", true, &list, &n))
		return;
	if (n == 0 || n > CONFIG_LISTEN_MAX)
		yaml_error(d, yaml_get(d->root, "listen"), "listen takes 1 to %d addresses", CONFIG_LISTEN_MAX);
	for (size_t i = 0; i < n && i < CONFIG_LISTEN_MAX; i++) {
		const char *colon = strrchr(list[i], ':');
		char *end;

		if (colon == NULL || colon[1] == '\0' || strtoul(colon + 1, &end, 10) > 65535 || *end != '\0')
			yaml_error(d, yaml_get(d->root, "listen"), "\"%s\" is not an address and port such as \"0.0.0.0:2222\" or \"[::1]:2222\"", list[i]);
		else
			c->listen[c->nlisten++] = strdup(list[i]);
	}
	free(list);
}

static void read_vault(struct yaml_doc *d, struct config *c)
{
	const struct yaml_node *m = yaml_map(d, d->root, "vault", true);
	uint64_t fd = 0;
	int given = 0;

	if (m == NULL)
		return;
	yaml_known_keys(d, m, "vault", vault_keys);
	c->vault_store = copy(d, m, "store", true);
	if (yaml_get(m, "master_key") != NULL) {
		given++;
		c->master = MASTER_FILE;
		c->master_name = copy(d, m, "master_key", true);
	}
	if (yaml_get(m, "credential") != NULL) {
		given++;
		c->master = MASTER_CREDENTIAL;
		c->master_name = copy(d, m, "credential", true);
		if (c->master_name != NULL && (strchr(c->master_name, '/') != NULL || c->master_name[0] == '.'))
			yaml_error(d, yaml_get(m, "credential"), "a credential is named without a path");
	}
	if (yaml_get(m, "fd") != NULL) {
		given++;
		c->master = MASTER_FD;
		if (yaml_uint(d, m, "fd", 3, 1023, &fd))
			c->master_fd = (int)fd;
	}
	if (given != 1)
		yaml_error(d, m, "vault needs exactly one of master_key, credential and fd");
}

static void read_user(struct yaml_doc *d, const struct yaml_node *m, const char *key, bool lookup, struct config_user *u)
{
	struct passwd *pw;

	if (yaml_get(m, key) == NULL)
		return;
	u->name = copy(d, m, key, true);
	if (u->name == NULL || !lookup)
		return;
	errno = 0;
	pw = getpwnam(u->name);
	if (pw == NULL) {
		yaml_error(d, yaml_get(m, key), "there is no user %s", u->name);
	} else if (pw->pw_uid == 0) {
		yaml_error(d, yaml_get(m, key), "%s is root: name an unprivileged user", u->name);
	} else {
		u->uid = pw->pw_uid;
		u->gid = pw->pw_gid;
	}
}

static void read_exempt(struct yaml_doc *d, const struct yaml_node *m, struct penalty_rules *r)
{
	const char **list = NULL;
	size_t n = 0;

	if (!yaml_strs(d, m, "exempt", false, &list, &n))
		return;
	if (n > PENALTY_EXEMPT_MAX)
		yaml_error(d, yaml_get(m, "exempt"), "exempt takes at most %d networks", PENALTY_EXEMPT_MAX);
	r->nexempt = 0;
	for (size_t i = 0; i < n && i < PENALTY_EXEMPT_MAX; i++) {
		if (penalty_net_read(list[i], &r->exempt[r->nexempt]) == ERR_OK)
			r->nexempt++;
		else
			yaml_error(d, yaml_get(m, "exempt"), "\"%s\" is not a network such as \"10.0.0.0/8\" or \"2001:db8::/32\"", list[i]);
	}
	free(list);
}

static void read_penalties(struct yaml_doc *d, const struct yaml_node *limits, struct penalty_rules *r)
{
	const struct yaml_node *m = yaml_map(d, limits, "penalties", false);

	if (m == NULL)
		return;
	yaml_known_keys(d, m, "limits.penalties", penalty_keys);
	yaml_seconds(d, m, "crash", 0, 86400, &r->crash);
	yaml_seconds(d, m, "failed_login", 0, 86400, &r->failed_login);
	yaml_seconds(d, m, "no_login", 0, 86400, &r->no_login);
	yaml_seconds(d, m, "grace_exceeded", 0, 86400, &r->grace_exceeded);
	yaml_seconds(d, m, "min", 0, 86400, &r->min);
	yaml_seconds(d, m, "max", 0, 86400, &r->max);
	read_exempt(d, m, r);
}

static void read_limits(struct yaml_doc *d, struct config *c)
{
	const struct yaml_node *m = yaml_map(d, d->root, "limits", false);

	c->login_grace = 30;
	c->sessions = 1000;
	c->per_source = 20;
	c->unauthenticated = 64;
	penalty_defaults(&c->penalties);
	if (m == NULL)
		return;
	yaml_known_keys(d, m, "limits", limit_keys);
	yaml_seconds(d, m, "login_grace", 1, 600, &c->login_grace);
	yaml_uint(d, m, "sessions", 1, 100000, &c->sessions);
	yaml_uint(d, m, "per_source", 1, 100000, &c->per_source);
	yaml_uint(d, m, "unauthenticated", 1, 100000, &c->unauthenticated);
	read_penalties(d, m, &c->penalties);
}

static int read_tree(struct yaml_doc *d, bool users, struct config *c)
{
	const struct yaml_node *m;
	uint64_t version = 0;

	yaml_known_keys(d, d->root, "the configuration", top_keys);
	if (yaml_get(d->root, "version") == NULL)
		yaml_error(d, NULL, "version is missing: write `version: 1`");
	else
		yaml_uint(d, d->root, "version", 1, 1, &version);
	read_listen(d, c);
	c->host_key = copy(d, d->root, "host_key", true);
	c->state = copy(d, d->root, "state", true);
	read_vault(d, c);
	read_limits(d, c);
	m = yaml_map(d, d->root, "users", false);
	if (m != NULL) {
		yaml_known_keys(d, m, "users", user_keys);
		read_user(d, m, "control", users, &c->control);
		read_user(d, m, "vault", users, &c->vault);
		read_user(d, m, "session", users, &c->session);
		read_user(d, m, "recorder", users, &c->recorder);
	}
	return d->mistakes > 0 ? ERR_MALFORMED : ERR_OK;
}

static int read_file(const char *path, struct buf *b)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	uint8_t *p;
	ssize_t n;
	int r = ERR_OK;

	if (fd < 0)
		return ERR_SYS;
	for (;;) {
		p = buf_reserve(b, 4096);
		if (p == NULL) {
			r = ERR_LIMIT;
			break;
		}
		n = read(fd, p, 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			r = n < 0 ? ERR_SYS : ERR_OK;
			break;
		}
		buf_added(b, (size_t)n);
	}
	close(fd);
	return r;
}

int config_read_text(const char *path, const void *text, size_t n, bool users, struct config **out, struct buf *errors)
{
	struct config *c = NULL;
	struct yaml_doc d = { 0 };
	int r;

	*out = NULL;
	r = yaml_parse(&d, path, text, n, errors);
	if (r < 0)
		goto out;
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		r = ERR_NOMEM;
		goto out;
	}
	c->master_fd = -1;
	r = read_tree(&d, users, c);
	if (r < 0)
		goto out;
	*out = c;
	c = NULL;
out:
	yaml_free(&d);
	config_free(c);
	return r;
}

int config_read(const char *path, bool users, struct buf *text, struct config **out, struct buf *errors)
{
	struct buf own;
	int r;

	*out = NULL;
	buf_init(&own, CONFIG_BYTES_MAX);
	r = read_file(path, &own);
	if (r < 0)
		(void)buf_printf(errors, "%s: %s\n", path, r == ERR_SYS ? strerror(errno) : err_text(r));
	else
		r = config_read_text(path, buf_ptr(&own), own.len, users, out, errors);
	if (r >= 0 && text != NULL) {
		buf_free(text);
		*text = own;
		return r;
	}
	buf_free(&own);
	return r;
}

void config_free(struct config *c)
{
	if (c == NULL)
		return;
	for (unsigned i = 0; i < c->nlisten; i++)
		free(c->listen[i]);
	free(c->host_key);
	free(c->state);
	free(c->vault_store);
	free(c->master_name);
	free(c->control.name);
	free(c->vault.name);
	free(c->session.name);
	free(c->recorder.name);
	free(c);
}
