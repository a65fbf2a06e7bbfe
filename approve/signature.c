/* A person's own signature under an answer: SSHSIG over the request's digest, as
 *
 *   printf %s DIGEST | ssh-keygen -Y sign -n approval@sallyport -f KEY          (denial@sallyport for a no)
 *
 * makes it. Whose key it may be stands in the allowed_signers file of the configuration, under "issuer|subject". With it,
 * not even the bastion can make up an approval. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "approve/control.h"
#include "audit/digest.h"
#include "identity/sshsig.h"

static int read_allowed(const char *path, struct buf *out, struct why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = -1;
	uint8_t *p;

	while (fd >= 0 && (p = buf_reserve(out, 16384)) != NULL && (n = read(fd, p, 16384)) > 0)
		buf_added(out, (size_t)n);
	if (fd >= 0)
		close(fd);
	return n == 0 ? ERR_OK : why_fail(why, ERR_UNAVAILABLE, "the allowed_signers file cannot be read");
}

static int verify(const struct sshsig *sig, const char *ns, const char *hex, struct why *why)
{
	char line[DIGEST_HEX + 2];
	int r = sshsig_verify(sig, ns, (struct view){ (const uint8_t *)hex, DIGEST_HEX }, why);

	if (r >= 0)
		return r;
	/* `echo DIGEST |` signs a line break, too. */
	snprintf(line, sizeof(line), "%s\n", hex);
	return sshsig_verify(sig, ns, (struct view){ (const uint8_t *)line, DIGEST_HEX + 1 }, why);
}

int approver_signature(struct control *c, const struct approval *a, const struct identity *who, bool yes, const char *text,
		       const char **signer, struct why *why)
{
	static char principal[IDENTITY_ISSUER_MAX + IDENTITY_SUBJECT_MAX + 2];
	const char *ns = yes ? "approval@sallyport" : "denial@sallyport";
	char hex[DIGEST_HEX + 1];
	struct buf allowed;
	struct sshsig sig;
	int r;

	if (c->config->approvals.allowed_signers == NULL)
		return why_fail(why, ERR_REFUSED, "signatures cannot be checked: approvals.allowed_signers is not configured");
	r = sshsig_parse(text, strlen(text), &sig, why);
	if (r < 0)
		return r;
	digest_hex(a->digest, hex);
	snprintf(principal, sizeof(principal), "%s|%s", who->issuer, who->on_behalf_of != NULL ? who->on_behalf_of : who->subject);
	buf_init(&allowed, SSHSIG_ALLOWED_MAX);
	r = verify(&sig, ns, hex, why);
	if (r >= 0)
		r = read_allowed(c->config->approvals.allowed_signers, &allowed, why);
	if (r >= 0)
		r = sshsig_allowed((const char *)buf_ptr(&allowed), allowed.len, sig.key.blob, ns, principal, clock_wall_ms() / 1000, NULL, why);
	*signer = principal;
	buf_free(&allowed);
	sshsig_free(&sig);
	return r;
}
