/* The part of the configuration that says where commands may run: the inventory. */
#include <string.h>

#include "approve/config_internal.h"

static bool login_ok(const char *s)
{
	return s[0] != '\0' && s[0] != '-' && strlen(s) <= 32 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-$") == strlen(s);
}

static bool address_ok(const char *s)
{
	return s[0] != '\0' && s[0] != '-' && strlen(s) <= 253 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-_") == strlen(s);
}

/* "TYPE BASE64", the comment cut off. */
static void check_keys(struct config *c, const struct yaml_node *m, const char *key, struct config_strings *s)
{
	static const char *const known[] = { "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa" };
	size_t k, n;
	char *copy;

	for (size_t i = 0; i < s->n; i++) {
		const char *t = s->v[i], *sp = strchr(t, ' '), *b;

		for (k = 0; k < sizeof(known) / sizeof(*known); k++) {
			if (sp != NULL && (size_t)(sp - t) == strlen(known[k]) && strncmp(t, known[k], strlen(known[k])) == 0)
				break;
		}
		b = sp != NULL ? sp + 1 : "";
		n = strspn(b, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=");
		if (k == sizeof(known) / sizeof(*known) || n < 40 || (b[n] != '\0' && b[n] != ' ')) {
			yaml_error(&c->doc, yaml_get(m, key),
				   "\"%s\" takes public keys as ssh-keyscan prints them without the host: \"ssh-ed25519 AAAA…\"", key);
			return;
		}
		copy = config_take(c, (size_t)(b - t) + n + 1);
		if (copy == NULL)
			return;
		memcpy(copy, t, (size_t)(b - t) + n);
		s->v[i] = copy;
	}
}

static void load_tags(struct config *c, const struct yaml_node *m, struct config_target *t)
{
	const struct yaml_node *tags = yaml_map(&c->doc, m, "tags", false);

	if (tags == NULL || tags->n == 0)
		return;
	t->tags = config_take(c, tags->n * sizeof(*t->tags));
	for (size_t i = 0; t->tags != NULL && i < tags->n; i++) {
		if (tags->items[i]->kind != YAML_SCALAR) {
			yaml_error(&c->doc, tags->items[i], "a tag is NAME: VALUE");
			continue;
		}
		t->tags[t->n_tags].name = tags->keys[i];
		t->tags[t->n_tags++].value = tags->items[i]->text;
	}
}

static void load_logins(struct config *c, const struct yaml_node *m, struct config_target *t)
{
	const char **v;
	bool named = false;

	yaml_str(&c->doc, m, "login", true, &t->login);
	config_strs(c, m, "logins", false, &t->logins);
	if (t->login == NULL)
		return;
	for (size_t i = 0; i < t->logins.n; i++)
		named |= strcmp(t->logins.v[i], t->login) == 0;
	if (!named) {
		v = config_take(c, (t->logins.n + 1) * sizeof(*v));
		if (v == NULL)
			return;
		if (t->logins.n > 0)
			memcpy(v, t->logins.v, t->logins.n * sizeof(*v));
		v[t->logins.n] = t->login;
		t->logins.v = v;
		t->logins.n++;
	}
	for (size_t i = 0; i < t->logins.n; i++) {
		if (!login_ok(t->logins.v[i]))
			yaml_error(&c->doc, yaml_get(m, yaml_get(m, "logins") != NULL ? "logins" : "login"),
				   "\"%.32s\" is not a login name (letters, digits, '.', '_', '-', '$'; at most 32)", t->logins.v[i]);
	}
}

static void load_key(struct config *c, const struct yaml_node *m, struct config_target *t)
{
	static const char *const keys[] = { "principal", NULL };
	const struct yaml_node *cert = yaml_map(&c->doc, m, "certificate", false);

	if (yaml_get(m, "key") != NULL)
		config_name(c, m, "key", 64, &t->key);
	if (cert != NULL) {
		yaml_known_keys(&c->doc, cert, "certificate", keys);
		t->mint = true;
		yaml_str(&c->doc, cert, "principal", false, &t->cert_principal);
	}
	if ((yaml_get(m, "key") != NULL) == (yaml_get(m, "certificate") != NULL))
		yaml_error(&c->doc, m, "a target needs exactly one of key (a vault key) and certificate (minted by the target CA)");
}

static void load_target(struct config *c, const struct yaml_node *m, struct config_target *t)
{
	static const char *const keys[] = { "name", "address", "port", "login", "logins", "host_keys", "host_ca", "host_name", "shell",
					    "tags", "key", "certificate", NULL };
	const char *shell = "bash";
	uint64_t port = 22;

	if (!yaml_known_keys(&c->doc, m, "a target", keys) && m->kind != YAML_MAP)
		return;
	config_name(c, m, "name", 64, &t->name);
	if (t->name != NULL && strcmp(t->name, "sign") == 0)
		yaml_error(&c->doc, yaml_get(m, "name"), "the name \"sign\" is taken by certificate requests over SSH: choose another");
	if (yaml_str(&c->doc, m, "address", true, &t->address) && !address_ok(t->address))
		yaml_error(&c->doc, yaml_get(m, "address"), "\"address\" must be a host name or an address, without a port");
	yaml_uint(&c->doc, m, "port", 1, 65535, &port);
	t->port = (uint16_t)port;
	load_logins(c, m, t);
	config_strs(c, m, "host_keys", false, &t->host_keys);
	config_strs(c, m, "host_ca", false, &t->host_cas);
	check_keys(c, m, "host_keys", &t->host_keys);
	check_keys(c, m, "host_ca", &t->host_cas);
	if (t->host_keys.n + t->host_cas.n == 0)
		yaml_error(&c->doc, m, "the host key is not pinned: add host_keys: [\"ssh-ed25519 AAAA…\"] (ssh-keyscan prints it) or host_ca");
	t->host_name = t->address;
	yaml_str(&c->doc, m, "host_name", false, &t->host_name);
	yaml_str(&c->doc, m, "shell", false, &shell);
	if (dialect_parse(shell, &t->dialect) < 0)
		yaml_error(&c->doc, yaml_get(m, "shell"), "\"%.32s\" is no shell that is known here: bash dash zsh mksh busybox fish csh", shell);
	load_tags(c, m, t);
	load_key(c, m, t);
}

void config_targets(struct config *c, const struct yaml_node *root)
{
	const struct yaml_node *list = yaml_list(&c->doc, root, "targets", true);

	if (list == NULL)
		return;
	if (list->n > 10000) {
		yaml_error(&c->doc, list, "at most 10000 targets");
		return;
	}
	c->targets = config_take(c, list->n * sizeof(*c->targets));
	for (size_t i = 0; c->targets != NULL && i < list->n; i++) {
		struct config_target *t = &c->targets[c->n_targets++];

		load_target(c, list->items[i], t);
		for (size_t j = 0; j < i && t->name != NULL; j++) {
			if (c->targets[j].name != NULL && strcmp(c->targets[j].name, t->name) == 0)
				yaml_error(&c->doc, yaml_get(list->items[i], "name"), "target \"%s\" stands twice", t->name);
		}
	}
}
