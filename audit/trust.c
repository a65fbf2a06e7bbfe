/* Signatures and trusted keys; see trust.h. */
#include "audit/trust.h"

#include <string.h>

#include "identity/sshsig.h"

int trust_verify(struct view armoured, const char *space, struct view message, struct buf *key, struct why *w)
{
	struct sshsig sig;
	int r = sshsig_parse(armoured.n > 0 ? (const char *)armoured.p : "", armoured.n, &sig, w);

	if (r < 0)
		return r;
	r = sshsig_verify(&sig, space, message, w);
	if (r == ERR_OK)
		r = buf_put(key, sig.key.blob.p, sig.key.blob.n);
	sshsig_free(&sig);
	return r;
}

int trust_key_line(const char *line, struct buf *blob, struct why *w)
{
	return sshkey_parse_line(line, strlen(line), blob, NULL, w);
}

bool trust_allowed(struct view signers, const struct buf *key, const char *space, uint64_t at_s)
{
	return signers.p != NULL && key->len > 0 && sshsig_allowed((const char *)signers.p, signers.n, (struct view){ buf_ptr(key), key->len }, space,
								    NULL, (int64_t)at_s, NULL, NULL) == ERR_OK;
}
