/* A vault from nothing: what `sallyport init` and the demo call. */
#include "vault/vault.h"

#include "vault/master.h"

static const struct {
	const char *name;
	enum store_kind kind;
} init_keys[] = {
	{ "user-ca", STORE_USER_CA },
	{ "target-ca", STORE_TARGET_CA },
	{ "audit.1", STORE_AUDIT },
};

static bool init_has(const struct store *s, const char *name, enum store_kind kind)
{
	if (kind != STORE_AUDIT)
		return store_find(s, name) != NULL;
	/* Epochs go on: any audit key will do. */
	for (size_t i = 0; i < store_count(s); i++) {
		if (store_at(s, i)->kind == STORE_AUDIT)
			return true;
	}
	return false;
}

static int init_key(struct store *s, const char *name, enum store_kind kind, struct why *w)
{
	struct key *k = NULL;
	int r;

	if (init_has(s, name, kind))
		return ERR_OK;
	r = key_generate(KEY_ED25519, &k);
	if (r < 0)
		return why_fail(w, r, "cannot make the key %s: %s", name, err_text(r));
	r = store_put(s, name, kind, k, false, w);
	key_free(k);
	return r;
}

int vault_init(const char *store_dir, const char *master_key_file, struct why *w)
{
	struct store *s = NULL;
	uint8_t *master = NULL;
	int r;

	r = master_create(master_key_file, w);
	if (r < 0 && r != ERR_EXISTS)
		return r;
	r = master_from_file(master_key_file, &master, w);
	if (r == ERR_OK)
		r = store_mkdir(store_dir, w);
	if (r == ERR_OK)
		r = store_open(store_dir, master, &s, w);
	for (size_t i = 0; i < sizeof(init_keys) / sizeof(init_keys[0]) && r == ERR_OK; i++)
		r = init_key(s, init_keys[i].name, init_keys[i].kind, w);
	store_free(s);
	master_free(master);
	return r;
}
