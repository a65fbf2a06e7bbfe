/* Reading and judging a certificate that wants to be signed; see certtbs.h. Distrusts: control, which built the bytes. */
#include "vault/certtbs.h"

#include <string.h>

/* What stands between the nonce and the serial, a letter a field:
 * e 32 bytes   m mpint   c the curve's name   p a point of `point` bytes   s any string */
static const struct certtbs_key {
	const char *algorithm, *fields, *curve;
	size_t point;
} certtbs_keys[] = {
	{ "ssh-ed25519-cert-v01@openssh.com", "e", NULL, 0 },
	{ "ecdsa-sha2-nistp256-cert-v01@openssh.com", "cp", "nistp256", 65 },
	{ "ecdsa-sha2-nistp384-cert-v01@openssh.com", "cp", "nistp384", 97 },
	{ "ecdsa-sha2-nistp521-cert-v01@openssh.com", "cp", "nistp521", 133 },
	{ "ssh-rsa-cert-v01@openssh.com", "mm", NULL, 0 },
	{ "sk-ssh-ed25519-cert-v01@openssh.com", "es", NULL, 0 },
	{ "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "cps", "nistp256", 65 },
};

static const char *const certtbs_critical[] = { "force-command", "source-address" };
static const char *const certtbs_extensions[] = { "permit-X11-forwarding", "permit-agent-forwarding",
						  "permit-port-forwarding", "permit-pty", "permit-user-rc" };

static bool certtbs_mpint_ok(const struct view *s)
{
	if (s->n == 0 || s->n > 2049 || (s->p[0] & 0x80) != 0)
		return false;
	return s->p[0] != 0 || (s->n > 1 && (s->p[1] & 0x80) != 0);
}

static int certtbs_subject(struct view *v, const struct certtbs_key *k)
{
	struct view s;

	for (const char *f = k->fields; *f != '\0'; f++) {
		if (view_string(v, &s) < 0)
			return ERR_MALFORMED;
		if (*f == 'e' && s.n != 32)
			return ERR_MALFORMED;
		if (*f == 'm' && !certtbs_mpint_ok(&s))
			return ERR_MALFORMED;
		if (*f == 'c' && !view_is(&s, k->curve))
			return ERR_MALFORMED;
		if (*f == 'p' && (s.n != k->point || s.p[0] != 4))
			return ERR_MALFORMED;
	}
	return ERR_OK;
}

static int certtbs_compare(const struct view *a, const struct view *b)
{
	size_t n = a->n < b->n ? a->n : b->n;
	int d = n == 0 ? 0 : memcmp(a->p, b->p, n);

	return d != 0 ? d : (a->n > b->n) - (a->n < b->n);
}

/* Pairs of name and data, names in growing order (PROTOCOL.certkeys: "lexically ordered", none twice). */
static int certtbs_options(struct view v)
{
	struct view last = { NULL, 0 }, name, data;

	for (unsigned i = 0; v.n > 0; i++) {
		if (i == CERTTBS_OPTIONS_MAX)
			return ERR_LIMIT;
		if (view_string(&v, &name) < 0 || view_string(&v, &data) < 0 || name.n == 0)
			return ERR_MALFORMED;
		if (i > 0 && certtbs_compare(&last, &name) >= 0)
			return ERR_MALFORMED;
		last = name;
	}
	return ERR_OK;
}

static int certtbs_principals(struct view v, struct certtbs *c)
{
	struct view s;

	while (v.n > 0) {
		if (view_string(&v, &s) < 0)
			return ERR_MALFORMED;
		if (c->n_principals++ == 0)
			c->principal = s;
	}
	return ERR_OK;
}

static const struct certtbs_key *certtbs_key_of(const struct view *algorithm)
{
	for (size_t i = 0; i < sizeof(certtbs_keys) / sizeof(certtbs_keys[0]); i++) {
		if (view_is(algorithm, certtbs_keys[i].algorithm))
			return &certtbs_keys[i];
	}
	return NULL;
}

int certtbs_parse(const uint8_t *p, size_t n, struct certtbs *c, struct why *w)
{
	struct view v = { p, n }, principals, reserved;
	const struct certtbs_key *k;
	int r;

	memset(c, 0, sizeof(*c));
	if (n > CERTTBS_MAX)
		return why_fail(w, ERR_LIMIT, "the certificate is longer than %d bytes", CERTTBS_MAX);
	if (view_string(&v, &c->algorithm) < 0)
		return why_fail(w, ERR_MALFORMED, "not the bytes of a certificate");
	k = certtbs_key_of(&c->algorithm);
	if (k == NULL)
		return why_fail(w, ERR_UNSUPPORTED, "not a certificate for a key type that is known here");
	if (view_string(&v, &c->nonce) < 0 || c->nonce.n < 16 || c->nonce.n > 64)
		return why_fail(w, ERR_MALFORMED, "the certificate's nonce must have 16 to 64 bytes");
	if (certtbs_subject(&v, k) < 0)
		return why_fail(w, ERR_MALFORMED, "the certificate's public key is malformed");
	if (view_u64(&v, &c->serial) < 0 || view_u32(&v, &c->type) < 0 || view_string(&v, &c->key_id) < 0 ||
	    view_string(&v, &principals) < 0 || certtbs_principals(principals, c) < 0 ||
	    view_u64(&v, &c->valid_after) < 0 || view_u64(&v, &c->valid_before) < 0)
		return why_fail(w, ERR_MALFORMED, "the certificate's fields are malformed");
	if (view_string(&v, &c->critical) < 0 || view_string(&v, &c->extensions) < 0)
		return why_fail(w, ERR_MALFORMED, "the certificate's options are malformed");
	r = certtbs_options(c->critical);
	if (r == ERR_OK)
		r = certtbs_options(c->extensions);
	if (r < 0)
		return why_fail(w, r, "the certificate's options are not ordered pairs, or too many");
	if (view_string(&v, &reserved) < 0 || reserved.n != 0 || view_string(&v, &c->ca_key) < 0 || view_end(&v) < 0)
		return why_fail(w, ERR_MALFORMED, "the certificate's end is malformed");
	return ERR_OK;
}

static bool certtbs_known(const struct view *name, const char *const *known, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (view_is(name, known[i]))
			return true;
	}
	return false;
}

/* Data of a critical option is one string inside the string, and not empty. */
static int certtbs_check_critical(struct view v, struct why *w)
{
	struct view name, data, value;

	while (view_string(&v, &name) == ERR_OK && view_string(&v, &data) == ERR_OK) {
		if (!certtbs_known(&name, certtbs_critical, sizeof(certtbs_critical) / sizeof(certtbs_critical[0])))
			return why_fail(w, ERR_REFUSED, "the certificate has a critical option that is not known: %.*s",
					(int)(name.n > 64 ? 64 : name.n), (const char *)name.p);
		if (view_string(&data, &value) < 0 || view_end(&data) < 0 || value.n == 0)
			return why_fail(w, ERR_REFUSED, "a critical option of the certificate has no well-formed value");
	}
	return ERR_OK;
}

static int certtbs_check_extensions(struct view v, struct why *w)
{
	size_t n = sizeof(certtbs_extensions) / sizeof(certtbs_extensions[0]);
	struct view name, data;

	while (view_string(&v, &name) == ERR_OK && view_string(&v, &data) == ERR_OK) {
		/* Names with an @ are private ones, which no sshd gives a meaning to. */
		if (certtbs_known(&name, certtbs_extensions, n) ? data.n != 0 : memchr(name.p, '@', name.n) == NULL)
			return why_fail(w, ERR_REFUSED, "the certificate has an extension that is not known: %.*s",
					(int)(name.n > 64 ? 64 : name.n), (const char *)name.p);
		if (name.n > 12 && memcmp(name.p + name.n - 12, "@openssh.com", 12) == 0)
			return why_fail(w, ERR_REFUSED, "the certificate has an extension of OpenSSH's that is not known");
	}
	return ERR_OK;
}

static bool certtbs_principal_ok(const struct view *s)
{
	if (s->n == 0 || s->n > CERTTBS_PRINCIPAL_MAX)
		return false;
	for (size_t i = 0; i < s->n; i++) {
		if (memchr("abcdefghijklmnopqrstuvwxyz0123456789._-", s->p[i], 39) == NULL)
			return false;
	}
	return true;
}

static bool certtbs_key_id_ok(const struct view *s)
{
	if (s->n == 0 || s->n > CERTTBS_KEY_ID_MAX)
		return false;
	for (size_t i = 0; i < s->n; i++) {
		if (s->p[i] < 0x20 || s->p[i] > 0x7e)
			return false;
	}
	return true;
}

static int certtbs_check_window(const struct certtbs *c, int64_t now, int64_t max, struct why *w)
{
	uint64_t t = (uint64_t)now, skew = CERTTBS_SKEW, longest = (uint64_t)max;

	if (now <= 0 || max <= 0)
		return why_fail(w, ERR_REFUSED, "the vault has no sane clock or limit");
	if (c->valid_before <= c->valid_after || c->valid_before <= t)
		return why_fail(w, ERR_REFUSED, "the certificate would never be valid");
	if (c->valid_after > t + skew)
		return why_fail(w, ERR_REFUSED, "the certificate would begin in the future");
	if (c->valid_before > t + longest + skew || c->valid_before - c->valid_after > longest + 2 * skew)
		return why_fail(w, ERR_REFUSED, "the certificate would live longer than %lld s", (long long)max);
	return ERR_OK;
}

int certtbs_check(const struct certtbs *c, const struct view *ca_blob, int64_t now, int64_t max_lifetime, struct why *w)
{
	int r;

	if (c->type != CERTTBS_USER)
		return why_fail(w, ERR_REFUSED, "only user certificates are signed");
	if (c->n_principals != 1)
		return why_fail(w, ERR_REFUSED, "the certificate has %u principals, not one", c->n_principals);
	if (!certtbs_principal_ok(&c->principal))
		return why_fail(w, ERR_REFUSED, "the certificate's principal is not 1 to %d of a-z 0-9 . _ -",
				CERTTBS_PRINCIPAL_MAX);
	if (!certtbs_key_id_ok(&c->key_id))
		return why_fail(w, ERR_REFUSED, "the certificate's key id is not 1 to %d printable characters",
				CERTTBS_KEY_ID_MAX);
	if (certtbs_compare(&c->ca_key, ca_blob) != 0)
		return why_fail(w, ERR_REFUSED, "the certificate names another CA key than the vault's");
	r = certtbs_check_window(c, now, max_lifetime, w);
	if (r == ERR_OK)
		r = certtbs_check_critical(c->critical, w);
	if (r == ERR_OK)
		r = certtbs_check_extensions(c->extensions, w);
	return r;
}
