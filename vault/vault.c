/* Requests of control, judged and served; see vault.h. Distrusts: control. */
#include "vault/vault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vault/certtbs.h"
#include "vault/sign.h"

/* ---- user certificates ---- */

int vault_sign_cert(struct vault *v, const struct view *tbs, int64_t now, struct buf *out, struct why *w)
{
	const struct store_entry *ca = store_find(v->store, "user-ca");
	struct certtbs c;
	struct key *k = NULL;
	int r;

	if (ca == NULL)
		return why_fail(w, ERR_UNAVAILABLE, "the vault holds no user-ca");
	r = certtbs_parse(tbs->p, tbs->n, &c, w);
	if (r == ERR_OK)
		r = certtbs_check(&c, &ca->blob, now, v->max_cert_lifetime, w);
	if (r < 0)
		return r;
	r = store_key(v->store, ca, &k);
	if (r == ERR_OK)
		r = key_sign(k, sign_default(k), tbs->p, tbs->n, out);
	if (r < 0)
		why_set(w, "the user-ca could not sign: %s", err_text(r));
	key_free(k);
	return r;
}

/* ---- grants ---- */

/* A login's name: what a Unix or directory account may be called, and nothing that is two names for somebody else. */
static bool vault_login_ok(const struct view *s)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@-";

	if (s->n == 0 || s->n > AGENT_LOGIN_MAX || s->p[0] == '-')
		return false;
	for (size_t i = 0; i < s->n; i++) {
		if (memchr(ok, s->p[i], sizeof(ok) - 1) == NULL)
			return false;
	}
	return true;
}

static int vault_grant_window(const struct msg_vault_grant *m, int64_t now, struct grant *g, struct why *w)
{
	if (m->valid_from_at > INT64_MAX / 2 || m->valid_to_at > INT64_MAX / 2 || m->valid_to_at <= m->valid_from_at)
		return why_fail(w, ERR_REFUSED, "the grant's times make no sense");
	if ((int64_t)m->valid_to_at <= now || (int64_t)m->valid_to_at > now + VAULT_GRANT_LIFETIME)
		return why_fail(w, ERR_REFUSED, "the grant must end within %d s", VAULT_GRANT_LIFETIME);
	g->valid_from = (int64_t)m->valid_from_at;
	g->valid_to = (int64_t)m->valid_to_at;
	/* None asked for means as many as there may be. */
	g->uses = m->uses == 0 || m->uses > AGENT_USES_MAX ? AGENT_USES_MAX : m->uses;
	return ERR_OK;
}

static int vault_sign_stored(void *arg, size_t i, enum key_sign how, const uint8_t *p, size_t n, struct buf *out)
{
	const struct vault_grant *g = arg;
	const struct store_entry *e = store_find(g->vault->store, g->names[i]);
	struct key *k = NULL;
	int r;

	/* Rotated or removed since the grant was given: not the key that was granted. */
	if (e == NULL || e->blob.n != g->agent.keys[i].blob.len ||
	    memcmp(e->blob.p, buf_ptr(&g->agent.keys[i].blob), e->blob.n) != 0)
		return ERR_NOTFOUND;
	r = store_key(g->vault->store, e, &k);
	if (r == ERR_OK)
		r = key_sign(k, how, p, n, out);
	key_free(k);
	return r;
}

static int vault_sign_minted(void *arg, size_t i, enum key_sign how, const uint8_t *p, size_t n, struct buf *out)
{
	const struct vault_grant *g = arg;

	(void)i;
	return key_sign(g->minted, how, p, n, out);
}

static int vault_grant_add(struct vault_grant *g, const struct store_entry *e)
{
	struct grant_key *k = &g->agent.keys[g->agent.nkeys];
	int r;

	buf_init(&k->blob, KEY_BLOB_MAX);
	k->type = e->type;
	k->certificate = false;
	r = buf_put(&k->blob, e->blob.p, e->blob.n);
	if (r < 0)
		return r;
	strcpy(g->names[g->agent.nkeys++], e->name);
	return ERR_OK;
}

/* The key, and while a rotation is under way its predecessor: the target may know either. */
static int vault_grant_stored(struct vault_grant *g, const struct view *name, struct why *w)
{
	char text[SEAL_NAME_MAX + sizeof(".previous")];
	const struct store_entry *e;
	int r;

	if (name->n == 0 || name->n > SEAL_NAME_MAX || memchr(name->p, '\0', name->n) != NULL)
		return why_fail(w, ERR_REFUSED, "not the name of a key");
	snprintf(text, sizeof(text), "%.*s", (int)name->n, (const char *)name->p);
	e = store_find(g->vault->store, text);
	if (e == NULL || e->kind != STORE_TARGET)
		return why_fail(w, ERR_NOTFOUND, "the vault holds no target key %s", text);
	g->agent.sign = vault_sign_stored;
	r = vault_grant_add(g, e);
	strcat(text, ".previous");
	e = store_find(g->vault->store, text);
	if (r == ERR_OK && e != NULL && e->kind == STORE_TARGET)
		r = vault_grant_add(g, e);
	return r;
}

static int vault_grant_minted(struct vault_grant *g, const struct msg_vault_grant *m, int64_t now, struct why *w)
{
	const struct store_entry *e = store_find(g->vault->store, "target-ca");
	struct grant_key *gk = &g->agent.keys[0];
	char principal[AGENT_LOGIN_MAX + 1], key_id[256];
	struct key *ca = NULL;
	int r;

	if (e == NULL)
		return why_fail(w, ERR_UNAVAILABLE, "the vault holds no target-ca");
	if (!vault_login_ok(&m->principal))
		return why_fail(w, ERR_REFUSED, "the principal is not 1 to %d of A-Z a-z 0-9 . _ @ -", AGENT_LOGIN_MAX);
	if (g->agent.valid_to - now > g->vault->max_cert_lifetime)
		return why_fail(w, ERR_REFUSED, "the certificate would live longer than %lld s",
				(long long)g->vault->max_cert_lifetime);
	snprintf(principal, sizeof(principal), "%.*s", (int)m->principal.n, (const char *)m->principal.p);
	snprintf(key_id, sizeof(key_id), "sallyport session=%llu login=%s target=%.*s", (unsigned long long)g->sid,
		 g->agent.login, (int)m->target.n, (const char *)m->target.p);
	g->agent.sign = vault_sign_minted;
	gk->type = KEY_ED25519;
	gk->certificate = true;
	buf_init(&gk->blob, 8192);
	r = key_generate(KEY_ED25519, &g->minted);
	if (r == ERR_OK)
		r = store_key(g->vault->store, e, &ca);
	if (r == ERR_OK)
		r = sign_login_certificate(ca, g->minted, principal, key_id, (uint64_t)g->agent.valid_from - VAULT_START_EARLY,
					   (uint64_t)g->agent.valid_to, &gk->blob);
	key_free(ca);
	if (r < 0) {
		buf_free(&gk->blob);
		return why_fail(w, r, "cannot mint a login certificate: %s", err_text(r));
	}
	g->agent.nkeys = 1;
	return ERR_OK;
}

int vault_grant(struct vault *v, const struct msg_vault_grant *m, int64_t now, struct vault_grant **out, struct buf *answer,
		struct why *w)
{
	struct vault_grant *g;
	int r;

	*out = NULL;
	if (!vault_login_ok(&m->login))
		return why_fail(w, ERR_REFUSED, "the login is not 1 to %d of A-Z a-z 0-9 . _ @ -", AGENT_LOGIN_MAX);
	/* The target's name goes into the certificate's key id, and from there into other hosts' logs. */
	if (!vault_login_ok(&m->target))
		return why_fail(w, ERR_REFUSED, "the target's name is not 1 to %d of A-Z a-z 0-9 . _ @ -", AGENT_LOGIN_MAX);
	g = calloc(1, sizeof(*g));
	if (g == NULL)
		return why_fail(w, ERR_NOMEM, "no memory for a grant");
	g->vault = v;
	g->sid = m->sid;
	g->agent.arg = g;
	memcpy(g->agent.login, m->login.p, m->login.n);
	r = vault_grant_window(m, now, &g->agent, w);
	if (r == ERR_OK && m->kind == 0)
		r = vault_grant_stored(g, &m->key, w);
	else if (r == ERR_OK && m->kind == 1)
		r = vault_grant_minted(g, m, now, w);
	else if (r == ERR_OK)
		r = why_fail(w, ERR_UNSUPPORTED, "a grant is for a key (0) or a certificate (1)");
	if (r == ERR_OK)
		r = key_write_line(buf_ptr(&g->agent.keys[0].blob), g->agent.keys[0].blob.len, NULL, answer);
	if (r < 0) {
		vault_grant_free(g);
		return r;
	}
	*out = g;
	return ERR_OK;
}

void vault_grant_free(struct vault_grant *g)
{
	if (g == NULL)
		return;
	grant_clear(&g->agent);
	key_free(g->minted);
	free(g);
}

/* ---- evidence ---- */

/* The audit keys in the order of their epochs: the first is in use, the second waits. */
static void vault_epochs(const struct vault *v, const struct store_entry **current, const struct store_entry **next)
{
	*current = *next = NULL;
	for (size_t i = 0; i < store_count(v->store); i++) {
		const struct store_entry *e = store_at(v->store, i);
		uint32_t n = e->kind == STORE_AUDIT ? store_epoch(e->name) : 0;

		if (n == 0)
			continue;
		if (*current == NULL || n < store_epoch((*current)->name)) {
			*next = *current;
			*current = e;
		} else if (*next == NULL || n < store_epoch((*next)->name)) {
			*next = e;
		}
	}
}

int vault_sign_checkpoint(struct vault *v, const struct view *text, struct buf *out, struct why *w)
{
	const struct store_entry *current, *next;
	struct checkpoint c;
	struct key *k = NULL;
	int r;

	r = checkpoint_parse(text, &c, w);
	if (r == ERR_OK)
		r = checkpoint_follows(&v->last, &c, w);
	if (r < 0)
		return r;
	vault_epochs(v, &current, &next);
	if (current == NULL)
		return why_fail(w, ERR_UNAVAILABLE, "the vault holds no audit key");
	r = store_key(v->store, current, &k);
	if (r == ERR_OK)
		r = sign_sshsig(k, VAULT_CHECKPOINT_NAMESPACE, text->p, text->n, out);
	key_free(k);
	if (r < 0)
		return why_fail(w, r, "the audit key could not sign: %s", err_text(r));
	v->last = c;
	return ERR_OK;
}

int vault_epoch_next(struct vault *v, struct buf *out, struct why *w)
{
	const struct store_entry *current, *next;
	char name[SEAL_NAME_MAX + 1];
	struct key *k = NULL;
	int r = ERR_OK;

	vault_epochs(v, &current, &next);
	if (current == NULL)
		return why_fail(w, ERR_UNAVAILABLE, "the vault holds no audit key");
	if (next == NULL) {
		snprintf(name, sizeof(name), "audit.%lu", (unsigned long)store_epoch(current->name) + 1);
		r = key_generate(KEY_ED25519, &k);
		if (r < 0)
			return why_fail(w, r, "cannot make the next audit key: %s", err_text(r));
		r = store_put(v->store, name, STORE_AUDIT, k, false, w);
		key_free(k);
		if (r < 0)
			return r;
		next = store_find(v->store, name);
		if (next == NULL)
			return why_fail(w, ERR_UNAVAILABLE, "the next audit key was written and cannot be read");
	}
	return key_write_line(next->blob.p, next->blob.n, next->name, out);
}

int vault_epoch_advance(struct vault *v, struct why *w)
{
	const struct store_entry *current, *next;
	char name[SEAL_NAME_MAX + 1];

	vault_epochs(v, &current, &next);
	if (next == NULL)
		return why_fail(w, ERR_WRONGSTATE, "there is no next audit key to go to");
	strcpy(name, current->name);
	return store_remove(v->store, name, w);
}

int vault_public_keys(struct vault *v, struct buf *out, struct why *w)
{
	const struct store_entry *current, *next;
	int r = ERR_OK;

	vault_epochs(v, &current, &next);
	for (size_t i = 0; i < store_count(v->store) && r == ERR_OK; i++) {
		const struct store_entry *e = store_at(v->store, i);
		const char *kind = e->kind == STORE_AUDIT && e != current ? "audit-next" : store_kind_name(e->kind);
		struct buf line;

		buf_init(&line, 8192);
		r = key_write_line(e->blob.p, e->blob.n, e->name, &line);
		if (r == ERR_OK)
			r = proto_list_put(out, kind, strlen(kind));
		if (r == ERR_OK)
			r = proto_list_put(out, e->name, strlen(e->name));
		if (r == ERR_OK)
			r = proto_list_put(out, buf_ptr(&line), line.len);
		buf_free(&line);
	}
	return r < 0 ? why_fail(w, r, "cannot list the keys: %s", err_text(r)) : ERR_OK;
}
