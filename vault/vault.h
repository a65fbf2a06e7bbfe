/* What the vault does for control: each function is one request, judged and served. No sockets here.
 *
 * Every key has one use, by kind: the user CA signs user certificates that certtbs.h lets pass; the target CA signs login
 * certificates that the vault itself composes; target keys sign SSH logins inside a grant; the audit key signs
 * checkpoints. No key signs bytes that somebody else chose. */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include "base/proto.h"
#include "vault/agent.h"
#include "vault/checkpoint.h"
#include "vault/store.h"

enum {
	VAULT_CERT_LIFETIME = 15 * 60,  /* seconds, default */
	VAULT_GRANT_LIFETIME = 10 * 60, /* seconds a grant may be open, at most */
	VAULT_START_EARLY = 60          /* seconds that a minted certificate begins early, for clocks that are behind */
};

#define VAULT_CHECKPOINT_NAMESPACE "sallyport-checkpoint"

struct vault {
	struct store *store;
	int64_t max_cert_lifetime; /* seconds; user and login certificates */
	struct checkpoint last;    /* the last one signed */
};

struct vault_grant {
	struct grant agent; /* what agent_handle() wants */
	struct vault *vault;
	uint64_t sid;
	char names[AGENT_KEYS_MAX][SEAL_NAME_MAX + 1]; /* keys in the store */
	struct key *minted; /* the key of a minted certificate; dies with the grant */
};

/* All take now in Unix seconds, append their answer to out (nothing on failure), and leave the reason of a refusal in w. */

/* Signature blob over the to-be-signed bytes of a user certificate. */
int vault_sign_cert(struct vault *v, const struct view *tbs, int64_t now, struct buf *out, struct why *w);

/* Opens a grant; the caller ends it with vault_grant_free(). Answer: the line of the key or certificate that it lists. */
int vault_grant(struct vault *v, const struct msg_vault_grant *m, int64_t now, struct vault_grant **g, struct buf *out,
		struct why *w);
void vault_grant_free(struct vault_grant *g);

/* Binary SSHSIG over a checkpoint; refuses one that takes back what an earlier one said. */
int vault_sign_checkpoint(struct vault *v, const struct view *text, struct buf *out, struct why *w);

/* The next audit key's line, made if there is none yet; and the step to it, which removes the old one for good. */
int vault_epoch_next(struct vault *v, struct buf *out, struct why *w);
int vault_epoch_advance(struct vault *v, struct why *w);

/* A list of strings KIND NAME LINE, three a key, in order of name. KIND is user-ca, target-ca, target, audit (the one key that
 * signs checkpoints now) or audit-next (one that waits for its epoch). */
int vault_public_keys(struct vault *v, struct buf *out, struct why *w);

/* Makes a master key file, the store, user-ca, target-ca and audit.1, all Ed25519. What is there already is kept, so that
 * it can be run again; ERR_SIGNATURE when the master key is not that of the store. */
int vault_init(const char *store_dir, const char *master_key_file, struct why *w);

#endif
