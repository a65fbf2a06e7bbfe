/* The ssh-agent protocol (draft-ietf-sshm-ssh-agent) as one grant answers it: one login, to one target, for a short time.
 *
 * Pure: bytes and a clock in, bytes out. What may be asked:
 *     REQUEST_IDENTITIES   lists the grant's keys and no others
 *     SIGN_REQUEST         signs when the data is, to the last byte, an SSH "publickey" (RFC 4252 section 7) or
 *                          "publickey-hostbound-v00@openssh.com" request for the grant's login with that very key, inside the
 *                          grant's time, at most `uses` times, and always of the same SSH session
 *     all else             SSH_AGENT_FAILURE */
#ifndef VAULT_AGENT_H
#define VAULT_AGENT_H

#include <stdbool.h>

#include "vault/key.h"

enum {
	AGENT_FRAME_MAX = 16 * 1024, /* bytes of a request without its length */
	AGENT_REPLY_MAX = 16 * 1024,
	AGENT_REQUESTS_MAX = 64,     /* requests a grant answers before it only says FAILURE */
	AGENT_USES_MAX = 4,          /* signatures */
	AGENT_LOGIN_MAX = 64,        /* bytes */
	AGENT_KEYS_MAX = 2           /* a key, and its predecessor while a rotation is under way */
};

struct grant_key {
	struct buf blob;    /* as listed: a plain public key, or a certificate */
	enum key_type type; /* of the private key behind it */
	bool certificate;
};

/* Signs with the grant's i-th key; appends a signature blob to out. */
typedef int grant_sign_fn(void *arg, size_t i, enum key_sign how, const uint8_t *p, size_t n, struct buf *out);

struct grant {
	char login[AGENT_LOGIN_MAX + 1];
	struct grant_key keys[AGENT_KEYS_MAX];
	size_t nkeys;
	int64_t valid_from, valid_to; /* Unix seconds: from <= now < to */
	unsigned uses;                /* signatures left */
	unsigned requests;            /* answered so far */
	uint8_t session[64];          /* the SSH session id of the first signature; nsession 0 before it */
	size_t nsession;
	grant_sign_fn *sign;
	void *arg;
};

/* Answers one request (n bytes, the frame without its length); appends a whole frame to out, always. ERR_OK: the request was
 * served. Else the answer is FAILURE and why says why, for the log: ERR_REFUSED, ERR_EXPIRED, ERR_MALFORMED,
 * ERR_UNSUPPORTED, ERR_LIMIT; or ERR_NOMEM, and then out may be empty. */
int agent_handle(struct grant *g, const uint8_t *p, size_t n, int64_t now, struct buf *out, struct why *w);

/* Gives the keys' blobs back. */
void grant_clear(struct grant *g);

#endif
