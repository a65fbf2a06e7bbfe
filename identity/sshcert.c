/* Building OpenSSH certificates; see sshcert.h. Distrusts the subject key, and the signer: a signature is verified before
 * a certificate leaves. */
#include "identity/sshcert.h"

#include <stdio.h>
#include <string.h>

/* In the order in which PROTOCOL.certkeys wants them: sorted by name. */
static const struct {
	const char *name;
	unsigned permit; /* 0: the identity */
} sshcert_extensions[] = {
	{ SSHCERT_IDENTITY, 0 },
	{ "permit-X11-forwarding", SSHCERT_X11_FORWARDING },
	{ "permit-agent-forwarding", SSHCERT_AGENT_FORWARDING },
	{ "permit-port-forwarding", SSHCERT_PORT_FORWARDING },
	{ "permit-pty", SSHCERT_PTY },
	{ "permit-user-rc", SSHCERT_USER_RC },
};

static bool sshcert_printable(const char *s, size_t max)
{
	size_t n = strnlen(s, max + 1);

	if (n == 0 || n > max)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < 0x20 || s[i] > 0x7e)
			return false;
	}
	return true;
}

bool sshcert_principal_ok(struct view name)
{
	if (name.n == 0 || name.n > SSHCERT_PRINCIPAL_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
			return false;
	}
	return true;
}

int sshcert_window(int64_t now, int64_t token_exp, int64_t max, int64_t *valid_after, int64_t *valid_before)
{
	*valid_after = *valid_before = 0;
	if (now < 60 || max <= 0 || max > INT64_MAX - now || token_exp <= now)
		return ERR_EXPIRED;
	*valid_after = now - 60;
	*valid_before = token_exp < now + max ? token_exp : now + max;
	return ERR_OK;
}

static int sshcert_params_check(const struct sshcert_params *p, struct why *why)
{
	if (p->type != SSHCERT_USER && p->type != SSHCERT_HOST)
		return why_fail(why, ERR_REFUSED, "a certificate is for a user or for a host");
	if (p->type == SSHCERT_USER ? p->n_principals != 1 : p->n_principals < 1 || p->n_principals > 16)
		return why_fail(why, ERR_REFUSED, "a user certificate has exactly one principal, a host certificate 1 to 16");
	for (size_t i = 0; i < p->n_principals; i++) {
		if (!sshcert_principal_ok((struct view){ (const uint8_t *)p->principals[i], strlen(p->principals[i]) }))
			return why_fail(why, ERR_REFUSED, "a principal has 1 to %d of a-z 0-9 . _ -", SSHCERT_PRINCIPAL_MAX);
	}
	if (p->key_id == NULL || !sshcert_printable(p->key_id, SSHCERT_KEY_ID_MAX))
		return why_fail(why, ERR_REFUSED, "a key id has 1 to %d printable characters", SSHCERT_KEY_ID_MAX);
	if (p->valid_after < 0 || p->valid_before <= p->valid_after)
		return why_fail(why, ERR_REFUSED, "the certificate would end before it begins");
	if (p->force_command != NULL && p->force_command[0] == '\0')
		return why_fail(why, ERR_REFUSED, "an empty forced command is none");
	if (p->source_address != NULL &&
	    cidr_check((struct view){ (const uint8_t *)p->source_address, strlen(p->source_address) }) < 0)
		return why_fail(why, ERR_REFUSED, "the source addresses are not a list of CIDR");
	if (p->identity != NULL && strlen(p->identity) > SSHCERT_IDENTITY_MAX)
		return why_fail(why, ERR_LIMIT, "the identity has more than %d bytes", SSHCERT_IDENTITY_MAX);
	if (p->type == SSHCERT_HOST && (p->force_command != NULL || p->source_address != NULL || p->permits != 0 ||
	    p->identity != NULL))
		return why_fail(why, ERR_REFUSED, "a host certificate has no options");
	return ERR_OK;
}

/* name, then a string that holds the string value, or nothing where value is NULL: a flag. */
static int sshcert_put_option(struct buf *b, const char *name, const char *value)
{
	size_t n = value == NULL ? 0 : strlen(value);
	int r = buf_put_string(b, name, strlen(name));

	if (r < 0)
		return r;
	if (value == NULL)
		return buf_put_u32(b, 0);
	r = buf_put_u32(b, (uint32_t)n + 4);
	return r < 0 ? r : buf_put_string(b, value, n);
}

static int sshcert_put_options(const struct sshcert_params *p, struct buf *out)
{
	struct buf crit, ext;
	int r = ERR_OK;

	buf_init(&crit, SSHKEY_BLOB_MAX);
	buf_init(&ext, SSHKEY_BLOB_MAX);
	if (p->force_command != NULL)
		r = sshcert_put_option(&crit, "force-command", p->force_command);
	if (r == ERR_OK && p->source_address != NULL)
		r = sshcert_put_option(&crit, "source-address", p->source_address);
	for (size_t i = 0; r == ERR_OK && i < sizeof(sshcert_extensions) / sizeof(sshcert_extensions[0]); i++) {
		if (sshcert_extensions[i].permit == 0 && p->identity != NULL)
			r = sshcert_put_option(&ext, sshcert_extensions[i].name, p->identity);
		else if ((sshcert_extensions[i].permit & p->permits) != 0)
			r = sshcert_put_option(&ext, sshcert_extensions[i].name, NULL);
	}
	if (r == ERR_OK)
		r = buf_put_string(out, buf_ptr(&crit), crit.len);
	if (r == ERR_OK)
		r = buf_put_string(out, buf_ptr(&ext), ext.len);
	buf_free(&crit);
	buf_free(&ext);
	return r;
}

static int sshcert_put_principals(const struct sshcert_params *p, struct buf *out)
{
	struct buf names;
	int r = ERR_OK;

	buf_init(&names, 16 * (SSHCERT_PRINCIPAL_MAX + 4));
	for (size_t i = 0; r == ERR_OK && i < p->n_principals; i++)
		r = buf_put_string(&names, p->principals[i], strlen(p->principals[i]));
	if (r == ERR_OK)
		r = buf_put_string(out, buf_ptr(&names), names.len);
	buf_free(&names);
	return r;
}

int sshcert_tbs(const struct sshcert_params *p, struct view subject_key, struct view ca_key, struct buf *out,
	struct why *why)
{
	struct sshkey subject, ca;
	size_t mark = out->len;
	char name[64];
	int r = sshcert_params_check(p, why);

	if (r < 0)
		return r;
	r = sshkey_parse(ca_key, &ca, why);
	if (r < 0)
		return r;
	if (ca.kind == PKEY_RSA)
		return why_fail(why, ERR_REFUSED, "a CA key is Ed25519 or ECDSA");
	r = sshkey_parse(subject_key, &subject, why);
	if (r == ERR_OK)
		r = sshkey_sound(&subject, why);
	if (r < 0)
		return r;
	if (ca_key.n == subject_key.n && memcmp(ca_key.p, subject_key.p, ca_key.n) == 0)
		return why_fail(why, ERR_REFUSED, "the CA key is not certified by itself");
	why_set(why, "the certificate would be too long");
	snprintf(name, sizeof(name), "%s-cert-v01@openssh.com", subject.name);
	if ((r = buf_put_string(out, name, strlen(name))) < 0 ||
	    (r = buf_put_string(out, p->nonce, sizeof(p->nonce))) < 0 ||
	    (r = buf_put(out, subject.body.p, subject.body.n)) < 0 ||
	    (r = buf_put_u64(out, p->serial)) < 0 ||
	    (r = buf_put_u32(out, p->type)) < 0 ||
	    (r = buf_put_string(out, p->key_id, strlen(p->key_id))) < 0 ||
	    (r = sshcert_put_principals(p, out)) < 0 ||
	    (r = buf_put_u64(out, (uint64_t)p->valid_after)) < 0 ||
	    (r = buf_put_u64(out, (uint64_t)p->valid_before)) < 0 ||
	    (r = sshcert_put_options(p, out)) < 0 ||
	    (r = buf_put_string(out, NULL, 0)) < 0 || /* reserved */
	    (r = buf_put_string(out, ca_key.p, ca_key.n)) < 0)
		out->len = mark;
	else
		why_set(why, "%s", "");
	return r;
}

int sshcert_finish(struct view tbs, struct view signature, struct buf *out, struct why *why)
{
	struct sshcert cert;
	struct sshkey ca;
	size_t mark = out->len;
	int r = buf_put(out, tbs.p, tbs.n);

	if (r == ERR_OK)
		r = buf_put_string(out, signature.p, signature.n);
	if (r < 0) {
		why_set(why, "the certificate would be too long");
		goto out;
	}
	r = sshcert_parse((struct view){ buf_ptr(out) + mark, out->len - mark }, &cert, why);
	if (r == ERR_OK)
		r = sshkey_parse(cert.ca_key, &ca, why);
	if (r == ERR_OK)
		r = sshkey_verify(&ca, cert.signature, cert.signed_part, why);
out:
	if (r < 0)
		out->len = mark;
	return r;
}
