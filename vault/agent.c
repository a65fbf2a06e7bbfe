/* The agent protocol inside a grant; see agent.h. Distrusts: the session worker, which speaks for a hostile network. */
#include "vault/agent.h"

#include <string.h>

/* draft-ietf-sshm-ssh-agent, section "Message numbers" */
enum {
	AGENT_FAILURE = 5,
	AGENT_REQUEST_IDENTITIES = 11,
	AGENT_IDENTITIES_ANSWER = 12,
	AGENT_SIGN_REQUEST = 13,
	AGENT_SIGN_RESPONSE = 14,
	AGENT_FLAG_RSA_SHA256 = 2,
	AGENT_FLAG_RSA_SHA512 = 4,
	USERAUTH_REQUEST = 50 /* RFC 4252 */
};

/* Which algorithm a request may name for which key, and what is then signed. flags: the one value that goes with it. */
static const struct agent_alg {
	enum key_type type;
	bool certificate;
	const char *name;
	uint32_t flags;
	enum key_sign how;
} agent_algs[] = {
	{ KEY_ED25519, false, "ssh-ed25519", 0, KEY_SIGN_PLAIN },
	{ KEY_ED25519, true, "ssh-ed25519-cert-v01@openssh.com", 0, KEY_SIGN_PLAIN },
	{ KEY_ECDSA_P256, false, "ecdsa-sha2-nistp256", 0, KEY_SIGN_PLAIN },
	{ KEY_RSA, false, "rsa-sha2-256", AGENT_FLAG_RSA_SHA256, KEY_SIGN_RSA_SHA256 },
	{ KEY_RSA, false, "rsa-sha2-512", AGENT_FLAG_RSA_SHA512, KEY_SIGN_RSA_SHA512 },
};

void grant_clear(struct grant *g)
{
	for (size_t i = 0; i < g->nkeys; i++)
		buf_free(&g->keys[i].blob);
	g->nkeys = 0;
	g->uses = 0;
}

static int agent_fail(struct buf *out)
{
	static const uint8_t failure[] = { 0, 0, 0, 1, AGENT_FAILURE };

	return buf_put(out, failure, sizeof(failure));
}

static bool agent_same(const struct view *v, const struct buf *b)
{
	return v->n == b->len && v->n > 0 && memcmp(v->p, buf_ptr(b), v->n) == 0;
}

static int agent_in_time(const struct grant *g, int64_t now, struct why *w)
{
	if (now < g->valid_from || now >= g->valid_to)
		return why_fail(w, ERR_EXPIRED, "the grant is not valid now");
	return ERR_OK;
}

static int agent_identities(struct grant *g, struct view *v, int64_t now, struct buf *out, struct why *w)
{
	struct buf body;
	int r;

	if (view_end(v) < 0)
		return why_fail(w, ERR_MALFORMED, "a request for identities has bytes behind it");
	r = agent_in_time(g, now, w);
	if (r < 0)
		return r;
	buf_init(&body, AGENT_REPLY_MAX - 4);
	r = buf_put_u8(&body, AGENT_IDENTITIES_ANSWER);
	if (r == ERR_OK)
		r = buf_put_u32(&body, (uint32_t)g->nkeys);
	for (size_t i = 0; i < g->nkeys && r == ERR_OK; i++) {
		r = buf_put_string(&body, buf_ptr(&g->keys[i].blob), g->keys[i].blob.len);
		if (r == ERR_OK)
			r = buf_put_string(&body, "sallyport", 9);
	}
	if (r == ERR_OK)
		r = buf_put_string(out, buf_ptr(&body), body.len);
	buf_free(&body);
	return r;
}

struct agent_login {
	struct view session, user, service, method, algorithm, key, host_key;
};

/* The data to be signed: RFC 4252 section 7, or OpenSSH's PROTOCOL section 3.1 for the host-bound form. */
static int agent_parse_login(struct view v, struct agent_login *l)
{
	uint8_t type, has_signature;

	memset(l, 0, sizeof(*l));
	if (view_string(&v, &l->session) < 0 || view_u8(&v, &type) < 0 || type != USERAUTH_REQUEST)
		return ERR_MALFORMED;
	if (view_string(&v, &l->user) < 0 || view_string(&v, &l->service) < 0 || view_string(&v, &l->method) < 0)
		return ERR_MALFORMED;
	if (view_u8(&v, &has_signature) < 0 || has_signature != 1)
		return ERR_MALFORMED;
	if (view_string(&v, &l->algorithm) < 0 || view_string(&v, &l->key) < 0)
		return ERR_MALFORMED;
	if (view_is(&l->method, "publickey-hostbound-v00@openssh.com")) {
		if (view_string(&v, &l->host_key) < 0 || l->host_key.n == 0)
			return ERR_MALFORMED;
	} else if (!view_is(&l->method, "publickey")) {
		return ERR_MALFORMED;
	}
	return view_end(&v);
}

static int agent_check_login(const struct grant *g, const struct agent_login *l, const struct grant_key *k, struct why *w)
{
	/* Hashes of key exchange are 20 to 64 bytes; anything else is no SSH session. */
	if (l->session.n < 20 || l->session.n > sizeof(g->session))
		return why_fail(w, ERR_REFUSED, "the data to sign names no SSH session");
	if (g->nsession > 0 && (l->session.n != g->nsession || memcmp(l->session.p, g->session, g->nsession) != 0))
		return why_fail(w, ERR_REFUSED, "the grant was used for another SSH session already");
	if (!view_is(&l->service, "ssh-connection"))
		return why_fail(w, ERR_REFUSED, "the login is not for ssh-connection");
	if (!view_is(&l->user, g->login))
		return why_fail(w, ERR_REFUSED, "the login is for another user than the grant's (%s)", g->login);
	if (!agent_same(&l->key, &k->blob))
		return why_fail(w, ERR_REFUSED, "the login is with another key than the one asked to sign");
	return ERR_OK;
}

static const struct agent_alg *agent_alg_for(const struct grant_key *k, const struct view *name, uint32_t flags)
{
	for (size_t i = 0; i < sizeof(agent_algs) / sizeof(agent_algs[0]); i++) {
		const struct agent_alg *a = &agent_algs[i];

		if (a->type == k->type && a->certificate == k->certificate && view_is(name, a->name) && a->flags == flags)
			return a;
	}
	return NULL;
}

static int agent_find_key(const struct grant *g, const struct view *blob, size_t *out)
{
	for (size_t i = 0; i < g->nkeys; i++) {
		if (agent_same(blob, &g->keys[i].blob)) {
			*out = i;
			return ERR_OK;
		}
	}
	return ERR_REFUSED;
}

/* Everything but the signature itself: which key, and how. */
static int agent_judge(const struct grant *g, struct view *v, int64_t now, size_t *which, enum key_sign *how,
		       struct view *data, struct agent_login *l, struct why *w)
{
	const struct agent_alg *alg;
	struct view blob;
	uint32_t flags;
	int r;

	*which = 0;
	*how = KEY_SIGN_PLAIN;
	if (view_string(v, &blob) < 0 || view_string(v, data) < 0 || view_u32(v, &flags) < 0 || view_end(v) < 0)
		return why_fail(w, ERR_MALFORMED, "a malformed request to sign");
	r = agent_in_time(g, now, w);
	if (r < 0)
		return r;
	if (g->uses == 0)
		return why_fail(w, ERR_LIMIT, "the grant's signatures are used up");
	if (agent_find_key(g, &blob, which) < 0)
		return why_fail(w, ERR_REFUSED, "asked to sign with a key that is not the grant's");
	if (agent_parse_login(*data, l) < 0)
		return why_fail(w, ERR_MALFORMED, "the data to sign is not an SSH login");
	r = agent_check_login(g, l, &g->keys[*which], w);
	if (r < 0)
		return r;
	alg = agent_alg_for(&g->keys[*which], &l->algorithm, flags);
	if (alg == NULL)
		return why_fail(w, ERR_UNSUPPORTED, "the login's algorithm and flags do not go with the key");
	*how = alg->how;
	return ERR_OK;
}

static int agent_sign(struct grant *g, struct view *v, int64_t now, struct buf *out, struct why *w)
{
	struct agent_login login;
	enum key_sign how;
	struct buf body, sig;
	struct view data;
	size_t which;
	int r;

	r = agent_judge(g, v, now, &which, &how, &data, &login, w);
	if (r < 0)
		return r;
	buf_init(&body, AGENT_REPLY_MAX - 4);
	buf_init(&sig, KEY_SIGNATURE_MAX);
	/* Counted and bound before it is made: a failure half-way costs a use and gives nothing. */
	g->uses--;
	memcpy(g->session, login.session.p, login.session.n);
	g->nsession = login.session.n;
	r = g->sign(g->arg, which, how, data.p, data.n, &sig);
	if (r < 0)
		why_set(w, "the key could not sign: %s", err_text(r));
	if (r == ERR_OK)
		r = buf_put_u8(&body, AGENT_SIGN_RESPONSE);
	if (r == ERR_OK)
		r = buf_put_string(&body, buf_ptr(&sig), sig.len);
	if (r == ERR_OK)
		r = buf_put_string(out, buf_ptr(&body), body.len);
	buf_free(&body);
	buf_free(&sig);
	return r;
}

int agent_handle(struct grant *g, const uint8_t *p, size_t n, int64_t now, struct buf *out, struct why *w)
{
	struct view v = { p, n };
	uint8_t type;
	int r;

	if (n > AGENT_FRAME_MAX || view_u8(&v, &type) < 0)
		r = why_fail(w, ERR_MALFORMED, "not a request to an agent");
	else if (g->requests >= AGENT_REQUESTS_MAX)
		r = why_fail(w, ERR_LIMIT, "more requests than a grant answers");
	else if (type == AGENT_REQUEST_IDENTITIES)
		r = agent_identities(g, &v, now, out, w);
	else if (type == AGENT_SIGN_REQUEST)
		r = agent_sign(g, &v, now, out, w);
	else
		r = why_fail(w, ERR_UNSUPPORTED, "request %u is not served here", type);
	if (g->requests < AGENT_REQUESTS_MAX)
		g->requests++;
	if (r < 0 && agent_fail(out) < 0)
		return ERR_NOMEM;
	return r;
}
