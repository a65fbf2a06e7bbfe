/* The key store: a directory of sealed keys, one a file, NAME.key, mode 0600.
 *
 * A name is [a-z0-9_-][a-z0-9._-]{0,63}. Names with a meaning:
 *     user-ca, target-ca    the certificate authorities in use; one of each
 *     audit.N               the key that signs checkpoints in epoch N; the lowest N is in use, the next one waits
 *     NAME.previous         what NAME was before its rotation was begun, until it is finished
 * All else is keys that log in to targets.
 *
 * Keys are held sealed; one is opened for the time of one signature. Every write is a new file, synced, renamed into
 * place, directory synced. What is removed is first renamed to NAME.dead (from then on it is gone, whatever happens), then
 * overwritten and unlinked; a later opening finishes what was cut off. (File systems that copy on write may keep old
 * blocks; they are sealed.) Writers exclude each other by flock() on the directory. */
#ifndef VAULT_STORE_H
#define VAULT_STORE_H

#include "vault/key.h"
#include "vault/master.h"
#include "vault/seal.h"

#define STORE_KEYS_MAX 4096

enum store_kind { STORE_USER_CA = 1, STORE_TARGET_CA = 2, STORE_TARGET = 3, STORE_AUDIT = 4 };

struct store_entry {
	char name[SEAL_NAME_MAX + 1];
	enum store_kind kind;
	enum key_type type;
	uint64_t created_at;  /* Unix seconds */
	struct view blob;     /* public; points into sealed */
	uint8_t *sealed;
	size_t nsealed;
};

struct store;

/* Opens the directory and reads every key, opening each once. Takes a copy of the master key. The directory must belong to
 * the running user (or the running user is root) and be closed to writing by others, else ERR_REFUSED.
 *
 * A file that does not open is left out and counted in store_broken(); when there are keys and none opens, the master key
 * is wrong: ERR_SIGNATURE. ERR_SYS, ERR_NOMEM, ERR_LIMIT. */
int store_open(const char *dir, const uint8_t master[MASTER_SIZE], struct store **out, struct why *w);

/* Makes the directory (0700) if it is not there. */
int store_mkdir(const char *dir, struct why *w);

/* Reads the directory again; on failure all stays as it was. */
int store_reload(struct store *s, struct why *w);

void store_free(struct store *s);

/* In order of name. Entries are valid until the next reload, put or remove. */
size_t store_count(const struct store *s);
const struct store_entry *store_at(const struct store *s, size_t i);
const struct store_entry *store_find(const struct store *s, const char *name); /* NULL when there is none */

/* The i-th sentence about a file that was left out ("web1.key: …"), i < store_broken(). */
size_t store_broken(const struct store *s);
const char *store_broken_why(const struct store *s, size_t i);

/* Opens the private key; the caller frees it as soon as it has signed. */
int store_key(const struct store *s, const struct store_entry *e, struct key **out);

/* Seals and writes, then reads the store again. replace: whether a key of that name may be there (its old file is then
 * overwritten); else ERR_EXISTS. ERR_REFUSED when name and kind do not go together. */
int store_put(struct store *s, const char *name, enum store_kind kind, const struct key *k, bool replace, struct why *w);

/* Copies every key into another store, which is empty and seals under a master key of its own; the times of their making stay. ERR_REFUSED where a
 * key does not open or the other store has keys. */
int store_copy(struct store *from, struct store *to, struct why *w);

/* Removes for good. ERR_NOTFOUND. */
int store_remove(struct store *s, const char *name, struct why *w);

/* Excludes other writers until unlocked; put and remove do this by themselves, a sequence of them does it around. */
int store_lock(struct store *s, struct why *w);
void store_unlock(struct store *s);

/* Whether name is of the form above, and fits kind: audit keys are audit.N and nothing else is; user-ca and target-ca (and
 * their .previous) are of those kinds and nothing else is. */
bool store_name_ok(const char *name);
bool store_name_fits(const char *name, enum store_kind kind);

/* The N of audit.N; 0 when name is not of that form. */
uint32_t store_epoch(const char *name);

/* "user-ca", "target-ca", "target", "audit"; NULL, 0 when unknown. */
const char *store_kind_name(enum store_kind kind);
enum store_kind store_kind_by_name(const char *name);

#endif
