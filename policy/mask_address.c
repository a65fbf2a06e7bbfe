/* Masking: addresses. Passwords in URLs (RFC 3986 userinfo) and e-mail addresses. */
#include "policy/mask_int.h"

static bool url_user(uint8_t c)
{
	return c > 0x20 && c < 0x7f && c != '/' && c != '@' && c != ':' && c != '?' && c != '#' && c != '"' && c != '\'' &&
		c != '<' && c != '>' && c != '`' && c != '[' && c != '\\';
}

/* A password may hold anything but what ends the authority of a URL; an @ too, when it was not escaped. */
static bool url_secret(uint8_t c)
{
	return c > 0x20 && c != 0x7f && c != '/' && c != '"' && c != '\'' && c != '<' && c != '>' && c != '`' && c != '\\';
}

static bool url_none(const uint8_t *p, size_t n)
{
	size_t stars = 0;

	while (stars < n && (p[stars] == '*' || (p[stars] | 0x20) == 'x'))
		stars++;
	if (stars == n && n >= 3)
		return true;
	if (n >= 2 && p[0] == '$' && (p[1] == '{' || p[1] == '(' || mask_alpha(p[1]) || p[1] == '_'))
		return p[1] != '{' && p[1] != '(' ? true : p[n - 1] == '}' || p[n - 1] == ')';
	return (n == 2 && p[0] == '%' && mask_alpha(p[1])) || (n >= 4 && p[0] == '{' && p[n - 1] == '}') ||
		(n >= 8 && memcmp(p, "[masked:", 8) == 0);
}

/* scheme://user:password@host. Anchored at the colon. */
int mask_url(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h)
{
	size_t i = at + 3, from, last = 0;
	bool digits = true;
	int r = mask_lit(x, at, "://", 3, false);

	(void)a;
	h->s = at;
	if (r != M_YES)
		return r;
	if (at == 0 || !mask_is(x->t[at - 1], CLS_ALNUM))
		return M_NO;
	for (from = i; i < x->len && i - from < 128 && url_user(x->t[i]); i++)
		;
	if (i == x->len)
		return x->end ? M_NO : M_MORE;
	if (x->t[i] != ':')
		return M_NO;
	h->s = from = ++i;
	for (; i < x->len && i - from < 512 && url_secret(x->t[i]); i++) {
		if (x->t[i] == '@')
			last = i;
		digits = digits && mask_digit(x->t[i]) && i - from < 5;
	}
	if (i == x->len && !x->end) {
		/* http://host:8080 may just have stopped here. */
		h->strong = i > from && !digits && x->t[from] != '$';
		return M_MORE;
	}
	/* Cut by the end of the stream: there is no host to tell a password by, so it is taken for one. */
	if (last == 0 && i == x->len && i > from && !digits)
		last = i;
	h->e = last;
	return last > from && !url_none(x->t + from, last - from) ? M_YES : M_NO;
}

static bool email_label(uint8_t c)
{
	return mask_is(c, CLS_ALNUM) || c == '-';
}

/* What stands behind the last dot and makes it something else: unit instances of systemd, files with a scale. */
static bool email_not(const uint8_t *p, size_t n)
{
	static const char *const words[] = { "service", "socket", "target", "timer", "mount", "automount", "device", "slice",
		"scope", "path", "swap", "png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "mjs", "ts", "json", "html", "so",
		"py", "sh", "conf", "md", "txt", "patch", "gz", "xz", "deb", "rpm", "tar", "zip", "git" };

	for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
		if (strlen(words[k]) == n && memcmp(words[k], p, n) == 0)
			return true;
	}
	return false;
}

/* The last label of [s, e): two letters at least. 0: it is none. */
static size_t email_top(const uint8_t *t, size_t s, size_t e)
{
	size_t k = e;

	while (k > s && t[k - 1] != '.')
		k--;
	if (k == s || e - k < 2 || e - k > 24)
		return 0;
	for (size_t i = k; i < e; i++) {
		if (!mask_alpha(t[i]))
			return 0;
	}
	return k;
}

/* Whether what stands before s makes the @ behind it that of a URL, of which mask_url() knows more: scheme://user:… */
static bool email_in_url(const uint8_t *t, size_t s)
{
	size_t k = s;

	while (k > 0 && s - k < 128 && t[k - 1] != '?' && t[k - 1] != '#' && url_secret(t[k - 1]))
		k--;
	return k > 2 && t[k - 1] == '/' && t[k - 2] == '/' && t[k - 3] == ':';
}

/* Whether the bytes before s are no text: two control bytes that no text has, among 64. A pack file or an archive that goes by
 * must not be spoilt by what only looks like an address. NUL parts names in /proc and does not count. */
bool mask_in_binary(const uint8_t *t, size_t s)
{
	unsigned odd = 0;

	for (size_t k = s; k > 0 && s - k < MASK_LOOKBACK; k--) {
		uint8_t c = t[k - 1];

		odd += (c < 0x20 && c != 0 && c != 0x1b && !(c >= 7 && c <= 13)) || c == 0x7f;
	}
	return odd >= 2;
}

/* local@domain.tld. Anchored at the @. */
int mask_email(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h)
{
	const uint8_t *t = x->t;
	size_t s = at, i = at + 1, from = i, top, e;

	(void)a;
	while (s > 0 && at - s < MASK_LOOKBACK - 2 && mask_is(t[s - 1], CLS_LOCAL))
		s--;
	while (s < at && !mask_is(t[s], CLS_WORD))
		s++;
	h->s = s;
	if (s == at || email_in_url(t, s))
		return M_NO;
	while (i < x->len && i - from < 254 && (email_label(t[i]) || (t[i] == '.' && i > from && t[i - 1] != '.')))
		i++;
	/* A prompt (user@host:~$) and a copy's source (git@host:path) are no addresses. */
	if ((i == x->len || (i + 1 == x->len && t[i] == ':')) && !x->end) {
		h->strong = i > from && email_top(t, from, i) != 0;
		return M_MORE;
	}
	for (e = i; e > from && (t[e - 1] == '.' || t[e - 1] == '-'); e--)
		;
	top = email_top(t, from, e);
	if (top == 0 || email_not(t + top, e - top) || mask_in_binary(t, s))
		return M_NO;
	/* Names of SSH algorithms and extensions (RFC 4251, section 6). */
	if ((e - from == 11 && memcmp(t + from, "openssh.com", 11) == 0) || (e - from == 10 && memcmp(t + from, "libssh.org", 10) == 0))
		return M_NO;
	if (i + 1 < x->len && t[i] == ':' && (t[i + 1] == '~' || t[i + 1] == '/'))
		return M_NO;
	if (i < x->len && t[i] == ':' && at - s == 3 && memcmp(t + s, "git", 3) == 0)
		return M_NO;
	h->e = e;
	return M_YES;
}
