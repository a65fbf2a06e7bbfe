/* Masking: keys and tokens that say themselves what they are by how they begin. One table, one matcher; and JSON web
 * tokens and Azure client secrets, which need a little more. */
#include "policy/mask_int.h"

static bool token_hex(uint8_t c)
{
	return mask_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

bool mask_left(const struct mtext *x, size_t at, unsigned cls)
{
	const uint8_t *t = x->t;

	if (at == 0 || !mask_is(t[at - 1], cls) || mask_soft(x, at))
		return true;
	/* "\nAKIA…" in JSON or source, "%3DAKIA…" in a URL, "\u0026AKIA…" in JSON made by Go. */
	if (at >= 2 && t[at - 2] == '\\' && strchr("nrtbf", t[at - 1]) != NULL && t[at - 1] != '\0')
		return true;
	if (at >= 3 && t[at - 3] == '%' && token_hex(t[at - 2]) && token_hex(t[at - 1]))
		return true;
	return at >= 6 && t[at - 6] == '\\' && t[at - 5] == 'u' && t[at - 4] == '0' && t[at - 3] == '0' &&
		token_hex(t[at - 2]) && token_hex(t[at - 1]);
}

int mask_lit(const struct mtext *x, size_t i, const char *lit, size_t n, bool nocase)
{
	size_t avail = x->len - i;

	for (size_t k = 0; k < n && k < avail; k++) {
		uint8_t c = x->t[i + k];

		if (nocase && c >= 'A' && c <= 'Z')
			c |= 0x20;
		if (c != (uint8_t)lit[k])
			return M_NO;
	}
	return avail >= n ? M_YES : x->end ? M_NO : M_MORE;
}

/* A literal, then min to max bytes of a class, then no more of them. A class with `max` of MASK_TOKEN_MAX is of open
 * length: what is longer still is cut there. arg: 1 when the literal need not begin a word. */
static int token_match(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h)
{
	size_t from = at + a->len, i = from;

	h->s = at;
	if (a->arg == 0 && !mask_left(x, at, CLS_WORD))
		return M_NO;
	while (i < x->len && i - from <= a->max && mask_is(x->t[i], a->cls)) {
		if (i - from >= a->min && mask_soft(x, i))
			break;
		i++;
	}
	h->e = i;
	if (i - from > a->max) {
		h->e = i - 1;
		return a->max == MASK_TOKEN_MAX ? M_YES : M_NO;
	}
	if (i == x->len && !x->end) {
		h->strong = i > from;
		return M_MORE;
	}
	return i - from >= a->min ? M_YES : M_NO;
}

#define OPEN MASK_TOKEN_MAX

static const struct {
	enum builtin b;
	const char *lit;
	uint8_t cls;
	uint16_t min, max;
	uint8_t arg;
} token_table[] = {
	{ B_AWS_KEY, "AKIA", CLS_UPPER32, 16, 16, 0 },
	{ B_AWS_KEY, "ASIA", CLS_UPPER32, 16, 16, 0 },
	{ B_AWS_KEY, "ABIA", CLS_UPPER32, 16, 16, 0 },
	{ B_AWS_KEY, "ACCA", CLS_UPPER32, 16, 16, 0 },
	{ B_AWS_KEY, "ABSKQmVkcm9ja0FQSUtleS", CLS_B64, 40, OPEN, 0 },
	{ B_GCP_KEY, "AIza", CLS_B64URL, 35, 35, 0 },
	{ B_GCP_KEY, "ya29.", CLS_TILDE, 20, OPEN, 0 },
	{ B_GCP_KEY, "GOCSPX-", CLS_B64URL, 24, 40, 0 },
	{ B_AZURE_KEY, "AccountKey=", CLS_B64, 40, 128, 0 },
	{ B_AZURE_KEY, "SharedAccessKey=", CLS_B64, 40, 128, 0 },
	{ B_AZURE_KEY, "sig=", CLS_B64 | CLS_LOCAL, 43, 128, 0 },
	{ B_GITHUB_TOKEN, "ghp_", CLS_ALNUM, 36, 255, 0 },
	{ B_GITHUB_TOKEN, "gho_", CLS_ALNUM, 36, 255, 0 },
	{ B_GITHUB_TOKEN, "ghu_", CLS_ALNUM, 36, 255, 0 },
	{ B_GITHUB_TOKEN, "ghs_", CLS_TILDE, 36, OPEN, 0 },
	{ B_GITHUB_TOKEN, "ghr_", CLS_ALNUM, 36, 255, 0 },
	{ B_GITHUB_TOKEN, "github_pat_", CLS_WORD, 40, 255, 0 },
	{ B_GITLAB_TOKEN, "glpat-", CLS_TILDE, 20, OPEN, 0 },
	{ B_GITLAB_TOKEN, "gloas-", CLS_TILDE, 20, OPEN, 0 },
	{ B_GITLAB_TOKEN, "gldt-", CLS_TILDE, 20, OPEN, 0 },
	{ B_GITLAB_TOKEN, "glrt-", CLS_TILDE, 20, OPEN, 0 },
	{ B_GITLAB_TOKEN, "glrtr-", CLS_TILDE, 20, OPEN, 0 },
	{ B_GITLAB_TOKEN, "glcbt-", CLS_TILDE, 20, OPEN, 0 },
	{ B_GITLAB_TOKEN, "glptt-", CLS_TILDE, 20, OPEN, 0 },
	{ B_GITLAB_TOKEN, "glft-", CLS_TILDE, 20, OPEN, 0 },
	{ B_GITLAB_TOKEN, "glimt-", CLS_TILDE, 20, OPEN, 0 },
	{ B_GITLAB_TOKEN, "glagent-", CLS_TILDE, 20, OPEN, 0 },
	{ B_GITLAB_TOKEN, "glsoat-", CLS_TILDE, 20, OPEN, 0 },
	{ B_GITLAB_TOKEN, "glffct-", CLS_TILDE, 20, OPEN, 0 },
	{ B_GITLAB_TOKEN, "GR1348941", CLS_B64URL, 20, OPEN, 0 },
	{ B_SLACK_TOKEN, "xoxa-", CLS_B64URL, 10, OPEN, 0 },
	{ B_SLACK_TOKEN, "xoxb-", CLS_B64URL, 10, OPEN, 0 },
	{ B_SLACK_TOKEN, "xoxc-", CLS_B64URL, 10, OPEN, 0 },
	{ B_SLACK_TOKEN, "xoxd-", CLS_B64URL | CLS_LOCAL, 10, OPEN, 0 },
	{ B_SLACK_TOKEN, "xoxe-", CLS_B64URL, 10, OPEN, 0 },
	{ B_SLACK_TOKEN, "xoxo-", CLS_B64URL, 10, OPEN, 0 },
	{ B_SLACK_TOKEN, "xoxp-", CLS_B64URL, 10, OPEN, 0 },
	{ B_SLACK_TOKEN, "xoxr-", CLS_B64URL, 10, OPEN, 0 },
	{ B_SLACK_TOKEN, "xoxs-", CLS_B64URL, 10, OPEN, 0 },
	{ B_SLACK_TOKEN, "xoxe.xox", CLS_TILDE, 10, OPEN, 0 },
	{ B_SLACK_TOKEN, "xapp-", CLS_B64URL, 10, OPEN, 0 },
	{ B_SLACK_TOKEN, "hooks.slack.com/services/", CLS_B64 | CLS_B64URL, 20, 256, 0 },
	{ B_SLACK_TOKEN, "hooks.slack.com/workflows/", CLS_B64 | CLS_B64URL, 20, 256, 0 },
	{ B_STRIPE_KEY, "sk_live_", CLS_ALNUM, 16, OPEN, 0 },
	{ B_STRIPE_KEY, "sk_test_", CLS_ALNUM, 16, OPEN, 0 },
	{ B_STRIPE_KEY, "rk_live_", CLS_ALNUM, 16, OPEN, 0 },
	{ B_STRIPE_KEY, "rk_test_", CLS_ALNUM, 16, OPEN, 0 },
	{ B_STRIPE_KEY, "whsec_", CLS_B64, 24, 256, 0 },
	{ B_VENDOR_TOKEN, "sk-ant-", CLS_B64URL, 40, 255, 0 },
	{ B_VENDOR_TOKEN, "sk-proj-", CLS_B64URL, 40, 255, 0 },
	{ B_VENDOR_TOKEN, "sk-svcacct-", CLS_B64URL, 40, 255, 0 },
	{ B_VENDOR_TOKEN, "hvs.", CLS_B64URL, 24, 255, 0 },
	{ B_VENDOR_TOKEN, "hvb.", CLS_B64URL, 24, 255, 0 },
	{ B_VENDOR_TOKEN, "npm_", CLS_ALNUM, 36, 36, 0 },
	{ B_VENDOR_TOKEN, "pypi-AgEI", CLS_B64URL, 50, 255, 0 },
	{ B_VENDOR_TOKEN, "dckr_pat_", CLS_B64URL, 20, 64, 0 },
	{ B_VENDOR_TOKEN, "dop_v1_", CLS_ALNUM, 64, 64, 0 },
	{ B_VENDOR_TOKEN, "AGE-SECRET-KEY-1", CLS_UPPER32, 50, 64, 0 },
	/* crypt(5) as in /etc/shadow and htpasswd. The `$` of the salt is of the class. */
	{ B_PASSWORD_HASH, ":$1$", CLS_CRYPT, 24, 40, 2 },
	{ B_PASSWORD_HASH, ":$5$", CLS_CRYPT, 40, 128, 2 },
	{ B_PASSWORD_HASH, ":$6$", CLS_CRYPT, 60, 160, 2 },
	{ B_PASSWORD_HASH, ":$7$", CLS_CRYPT, 40, 160, 2 },
	{ B_PASSWORD_HASH, ":$y$", CLS_CRYPT, 40, 200, 2 },
	{ B_PASSWORD_HASH, ":$gy$", CLS_CRYPT, 40, 200, 2 },
	{ B_PASSWORD_HASH, "$apr1$", CLS_CRYPT, 24, 40, 1 },
	{ B_PASSWORD_HASH, "$2a$", CLS_CRYPT, 56, 56, 1 },
	{ B_PASSWORD_HASH, "$2b$", CLS_CRYPT, 56, 56, 1 },
	{ B_PASSWORD_HASH, "$2y$", CLS_CRYPT, 56, 56, 1 },
	{ B_PASSWORD_HASH, "$argon2", CLS_CRYPT | CLS_LOCAL, 40, 400, 1 },
	{ B_PASSWORD_HASH, "$scrypt$", CLS_CRYPT | CLS_LOCAL, 40, 400, 1 },
};

/* `sig=` and `AccountKey=`: the name stays, the value goes. The same for the colon before a hash. */
static int token_value(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h)
{
	int r = token_match(x, at, a, h);

	h->s = a->arg == 2 ? at + 1 : at + a->len;
	if (r == M_MORE && h->s > x->len)
		h->s = x->len;
	return r;
}

int mask_token_anchors(struct mask_set *set)
{
	int r = ERR_OK;

	for (size_t i = 0; i < sizeof(token_table) / sizeof(token_table[0]) && r >= 0; i++) {
		const char *lit = token_table[i].lit;
		bool value = lit[strlen(lit) - 1] == '=' || token_table[i].arg == 2;

		r = mask_anchor_add(set, token_table[i].b, lit, false, token_table[i].cls, token_table[i].min,
			token_table[i].max, token_table[i].arg, value ? token_value : token_match);
	}
	return r;
}

static int b64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (mask_digit(c))
		return c - '0' + 52;
	return c == '-' || c == '+' ? 62 : 63;
}

/* Whether base64url text, decoded as far as 384 bytes, holds one of the names that a JOSE header has (RFC 7515, 7516). */
static bool jwt_header(const uint8_t *p, size_t n)
{
	static const char *const names[] = { "\"alg\"", "\"enc\"", "\"typ\"", "\"kid\"" };
	char json[400];
	size_t len = 0;
	uint32_t acc = 0;

	for (size_t i = 0; i < n && len < sizeof(json) - 1; i++) {
		acc = acc << 6 | (uint32_t)b64_value(p[i]);
		if (i % 4 != 0) {
			char c = (char)(acc >> (4 - 2 * (i % 4 - 1)));

			json[len++] = c == '\0' ? ' ' : c;
		}
	}
	json[len] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strstr(json, names[i]) != NULL)
			return true;
	}
	return false;
}

/* Three parts (RFC 7515) or five (RFC 7516), of which the first decodes to a header. */
int mask_jwt(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h)
{
	size_t end[5] = { 0 }, i = at, from = at;
	unsigned n = 0;
	int r = mask_lit(x, at, "eyJ", 3, false);

	(void)a;
	h->s = at;
	if (r != M_YES)
		return r;
	if (!mask_left(x, at, CLS_B64URL))
		return M_NO;
	while (n < 5) {
		while (i < x->len && i - at < MASK_JWT_MAX && mask_is(x->t[i], CLS_B64URL))
			i++;
		if (i == x->len && !x->end) {
			h->strong = i - at >= 10;
			return M_MORE;
		}
		end[n++] = i;
		/* What goes on after the first part but is no dot decides at once; so does an empty second part at its end. */
		if ((n == 1 && i - at < 10) || i == x->len || x->t[i] != '.' || i - at >= MASK_JWT_MAX)
			break;
		from = ++i;
	}
	(void)from;
	if (n < 3 || !jwt_header(x->t + at, end[0] - at))
		return M_NO;
	if (n == 5 && end[3] - end[2] > 1 && end[4] - end[3] > 1 && end[2] - end[1] > 1) {
		h->e = end[4];
		return M_YES;
	}
	if (end[1] - end[0] < 3)
		return M_NO;
	h->e = end[2];
	return M_YES;
}

/* Microsoft Entra client secrets: three characters, a digit, `Q~`, 31 to 34 characters. Anchored at the digit. */
int mask_azure_secret(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h)
{
	size_t i = at + 3;

	(void)a;
	if (at < 3) {
		h->s = at;
		return M_NO;
	}
	h->s = at - 3;
	for (size_t k = 1; k < 3; k++) {
		if (at + k == x->len)
			return x->end ? M_NO : M_MORE;
		if (x->t[at + k] != (k == 1 ? 'Q' : '~'))
			return M_NO;
	}
	if (!mask_is(x->t[at - 1], CLS_TILDE) || !mask_is(x->t[at - 2], CLS_TILDE) || !mask_is(x->t[at - 3], CLS_TILDE) ||
	    !mask_left(x, at - 3, CLS_TILDE))
		return M_NO;
	while (i < x->len && i - at <= 38 && mask_is(x->t[i], CLS_TILDE) && !(i - at >= 34 && mask_soft(x, i)))
		i++;
	if (i == x->len && i - at <= 38 && !x->end) {
		h->strong = true;
		return M_MORE;
	}
	h->e = i;
	return i - at >= 34 && i - at <= 37 ? M_YES : M_NO;
}
