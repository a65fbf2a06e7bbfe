/* Reading and checking OpenSSH certificates; see sshcert.h. Distrusts every byte: a certificate is sent by whoever
 * connects, and all that libssh proves is that its key is held. */
#include "identity/sshcert.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	enum pkey_kind kind;
} sshcert_types[] = {
	{ "ssh-ed25519-cert-v01@openssh.com", PKEY_ED25519 },
	{ "ecdsa-sha2-nistp256-cert-v01@openssh.com", PKEY_P256 },
	{ "ecdsa-sha2-nistp384-cert-v01@openssh.com", PKEY_P384 },
	{ "ecdsa-sha2-nistp521-cert-v01@openssh.com", PKEY_P521 },
	{ "ssh-rsa-cert-v01@openssh.com", PKEY_RSA },
};

static const struct {
	const char *name;
	unsigned permit;
} sshcert_permits[] = {
	{ "permit-X11-forwarding", SSHCERT_X11_FORWARDING },
	{ "permit-agent-forwarding", SSHCERT_AGENT_FORWARDING },
	{ "permit-port-forwarding", SSHCERT_PORT_FORWARDING },
	{ "permit-pty", SSHCERT_PTY },
	{ "permit-user-rc", SSHCERT_USER_RC },
};

static int sshcert_kind(struct view name)
{
	for (size_t i = 0; i < sizeof(sshcert_types) / sizeof(sshcert_types[0]); i++) {
		if (view_is(&name, sshcert_types[i].name))
			return (int)sshcert_types[i].kind;
	}
	return ERR_UNSUPPORTED;
}

bool sshcert_is(struct view blob)
{
	struct view name;

	return view_string(&blob, &name) == ERR_OK && sshcert_kind(name) >= 0;
}

/* The value of an option that has one: a string inside of the option's string, and nothing behind it. */
static int sshcert_value(struct view data, struct view *out)
{
	return view_string(&data, out) < 0 || view_end(&data) < 0 ? ERR_MALFORMED : ERR_OK;
}

static int sshcert_critical(struct sshcert *c, struct view name, struct view data)
{
	if (view_is(&name, "force-command")) {
		c->has_force_command = true;
		return sshcert_value(data, &c->force_command);
	}
	if (view_is(&name, "source-address")) {
		c->has_source_address = true;
		return sshcert_value(data, &c->source_address);
	}
	c->unknown_critical = true;
	return ERR_OK;
}

static int sshcert_extension(struct sshcert *c, struct view name, struct view data)
{
	if (view_is(&name, SSHCERT_IDENTITY)) {
		if (sshcert_value(data, &c->identity) < 0 || c->identity.n > SSHCERT_IDENTITY_MAX)
			return ERR_MALFORMED;
		return ERR_OK;
	}
	for (size_t i = 0; i < sizeof(sshcert_permits) / sizeof(sshcert_permits[0]); i++) {
		if (view_is(&name, sshcert_permits[i].name)) {
			c->permits |= sshcert_permits[i].permit;
			return data.n == 0 ? ERR_OK : ERR_MALFORMED;
		}
	}
	return ERR_OK; /* unknown extensions are for somebody else */
}

/* Names rise strictly: PROTOCOL.certkeys orders them, and what rises strictly holds nothing twice. */
static bool sshcert_rises(struct view before, struct view name)
{
	size_t n = before.n < name.n ? before.n : name.n;
	int d = n == 0 ? 0 : memcmp(before.p, name.p, n);

	return d < 0 || (d == 0 && before.n < name.n);
}

static int sshcert_options(struct sshcert *c, struct view v,
	int (*one)(struct sshcert *c, struct view name, struct view data))
{
	struct view before = { NULL, 0 }, name, data;

	for (int i = 0; v.n > 0; i++) {
		if (i == SSHCERT_OPTIONS_MAX || view_string(&v, &name) < 0 || view_string(&v, &data) < 0)
			return ERR_MALFORMED;
		if (!sshcert_rises(before, name) || one(c, name, data) < 0)
			return ERR_MALFORMED;
		before = name;
	}
	return ERR_OK;
}

static int sshcert_names(struct sshcert *c)
{
	struct view v = c->principals, name;

	while (v.n > 0) {
		if (view_string(&v, &name) < 0)
			return ERR_MALFORMED;
		if (c->n_principals++ == 0)
			c->principal = name;
	}
	return ERR_OK;
}

int sshcert_parse(struct view blob, struct sshcert *out, struct why *why)
{
	struct view v = blob, name, critical, extensions, reserved;
	int kind, r;

	memset(out, 0, sizeof(*out));
	if (blob.n > SSHKEY_BLOB_MAX)
		return why_fail(why, ERR_LIMIT, "the certificate has more than %d bytes", SSHKEY_BLOB_MAX);
	if (view_string(&v, &name) < 0)
		return why_fail(why, ERR_MALFORMED, "the certificate does not begin with its type");
	kind = sshcert_kind(name);
	if (kind < 0)
		return why_fail(why, ERR_UNSUPPORTED, "not a certificate of a type that is accepted");
	if (view_string(&v, &out->nonce) < 0)
		return why_fail(why, ERR_MALFORMED, "the certificate is cut off");
	r = sshkey_read_body((enum pkey_kind)kind, &v, &out->key, why);
	if (r < 0)
		return r;
	if (view_u64(&v, &out->serial) < 0 || view_u32(&v, &out->type) < 0 || view_string(&v, &out->key_id) < 0 ||
	    view_string(&v, &out->principals) < 0 || view_u64(&v, &out->valid_after) < 0 ||
	    view_u64(&v, &out->valid_before) < 0 || view_string(&v, &critical) < 0 || view_string(&v, &extensions) < 0 ||
	    view_string(&v, &reserved) < 0 || view_string(&v, &out->ca_key) < 0)
		return why_fail(why, ERR_MALFORMED, "the certificate is cut off");
	out->signed_part = (struct view){ blob.p, (size_t)(v.p - blob.p) };
	if (view_string(&v, &out->signature) < 0 || view_end(&v) < 0)
		return why_fail(why, ERR_MALFORMED, "the certificate does not end with one signature");
	if (out->type != SSHCERT_USER && out->type != SSHCERT_HOST)
		return why_fail(why, ERR_MALFORMED, "the certificate is neither for a user nor for a host");
	if (sshcert_names(out) < 0)
		return why_fail(why, ERR_MALFORMED, "the certificate's principals are broken");
	if (sshcert_options(out, critical, sshcert_critical) < 0 || sshcert_options(out, extensions, sshcert_extension) < 0)
		return why_fail(why, ERR_MALFORMED, "the certificate's options are broken, out of order or doubled");
	out->blob = blob;
	return ERR_OK;
}

/* The CA is a plain key, and byte for byte one that is configured. A certificate as CA never gets here as anything but
 * a stranger: sshkey_parse() knows plain types only. */
static int sshcert_check_signature(const struct sshcert *c, const struct sshcert_rules *rules, struct why *why)
{
	struct sshkey ca;
	bool known = false;
	int r;

	for (size_t i = 0; i < rules->n_cas; i++) {
		if (rules->cas[i].n == c->ca_key.n && c->ca_key.n > 0 &&
		    memcmp(rules->cas[i].p, c->ca_key.p, c->ca_key.n) == 0)
			known = true;
	}
	if (!known)
		return why_fail(why, ERR_REFUSED, "the certificate is not from a CA that is trusted here");
	r = sshkey_parse(c->ca_key, &ca, why);
	if (r < 0)
		return r;
	if (ca.kind == PKEY_RSA)
		return why_fail(why, ERR_REFUSED, "a CA key is Ed25519 or ECDSA");
	return sshkey_verify(&ca, c->signature, c->signed_part, why);
}

static int sshcert_check_options(const struct sshcert *c, const struct sshcert_rules *rules, struct why *why)
{
	if (c->unknown_critical)
		return why_fail(why, ERR_REFUSED, "the certificate has a critical option that is not known here");
	if (c->has_force_command && !rules->report_force_command)
		return why_fail(why, ERR_REFUSED, "certificates with force-command are not accepted here");
	if (c->has_source_address) {
		if (cidr_match(c->source_address, &rules->source) < 0)
			return why_fail(why, ERR_REFUSED, "the certificate is not for use from this address");
	}
	return ERR_OK;
}

/* A host may have several names; one of them is the one that was dialed. A host certificate without a name is for every host: refused. */
static int sshcert_check_host(const struct sshcert *c, const struct sshcert_rules *rules, struct why *why)
{
	struct view v = c->principals, name;

	if (rules->principal == NULL || c->n_principals == 0)
		return why_fail(why, ERR_REFUSED, "the certificate names no host");
	while (view_string(&v, &name) == ERR_OK) {
		if (view_is(&name, rules->principal))
			return ERR_OK;
	}
	return why_fail(why, ERR_REFUSED, "the certificate is for another host");
}

static int sshcert_check_principal(const struct sshcert *c, const struct sshcert_rules *rules, struct why *why)
{
	if (c->type == SSHCERT_HOST)
		return sshcert_check_host(c, rules, why);
	if (c->n_principals != 1 || !sshcert_principal_ok(c->principal))
		return why_fail(why, ERR_REFUSED, "the certificate must name exactly one principal, of a-z 0-9 . _ -");
	if (rules->principal != NULL && !view_is(&c->principal, rules->principal))
		return why_fail(why, ERR_REFUSED, "the certificate is for another principal");
	return ERR_OK;
}

int sshcert_check(const struct sshcert *c, const struct sshcert_rules *rules, struct why *why)
{
	int r = sshcert_check_signature(c, rules, why);

	if (r < 0)
		return r;
	if (c->type != rules->type)
		return why_fail(why, ERR_REFUSED, "the certificate is for a %s", c->type == SSHCERT_HOST ? "host" : "user");
	r = sshcert_check_principal(c, rules, why);
	if (r < 0)
		return r;
	if (rules->now < 0 || c->valid_before <= c->valid_after)
		return why_fail(why, ERR_EXPIRED, "the certificate is never valid");
	if ((uint64_t)rules->now < c->valid_after)
		return why_fail(why, ERR_EXPIRED, "the certificate is not valid yet");
	if ((uint64_t)rules->now >= c->valid_before)
		return why_fail(why, ERR_EXPIRED, "the certificate has expired");
	if (rules->revoked != NULL && rules->revoked(rules->arg, c->serial))
		return why_fail(why, ERR_REFUSED, "the certificate is revoked");
	return sshcert_check_options(c, rules, why);
}

int sshcert_plain_key(const struct sshcert *c, struct buf *out)
{
	size_t mark = out->len;
	int r = buf_put_string(out, c->key.name, strlen(c->key.name));

	if (r == ERR_OK)
		r = buf_put(out, c->key.body.p, c->key.body.n);
	if (r < 0)
		out->len = mark;
	return r;
}
