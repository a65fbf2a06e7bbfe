/* Writing asciicast v2; see asciicast.h. Distrusts every byte: it comes from the target or the agent. */
#include "recorder/asciicast.h"

#include <string.h>
#include <sys/types.h>

#include "base/err.h"
#include "recorder/utf8.h"

/* Fewer good bytes than this between two bad ones are written with the bad ones: random bytes would else become an event
 * a byte. */
#define RUN_MIN 8

static const char *const stream_name[] = { "out", "err", "in" };

void asciicast_init(struct asciicast *a, uint64_t start_us)
{
	memset(a, 0, sizeof(*a));
	a->start_us = a->last_us = start_us;
}

/* Whether any of the eight bytes needs a look: a control, a quote, a backslash, DEL or above. */
static bool special(uint64_t x)
{
	const uint64_t ones = 0x0101010101010101ull, high = ones * 0x80;
	uint64_t quote = x ^ (ones * '"'), back = x ^ (ones * '\\');

	return ((x | (x + ones) | (x - ones * 0x20) | (quote - ones) | (back - ones)) & high) != 0;
}

static size_t plain_run(const uint8_t *p, size_t n)
{
	size_t i = 0;
	uint64_t x;

	for (; i + 8 <= n; i += 8) {
		memcpy(&x, p + i, 8);
		if (special(x))
			break;
	}
	while (i < n && p[i] >= 0x20 && p[i] < 0x7f && p[i] != '"' && p[i] != '\\')
		i++;
	return i;
}

/* Writes ASCII as \u00NN, or its short form. Returns the bytes written, at most 6. */
static size_t escape(uint8_t *to, uint8_t c)
{
	static const char hex[] = "0123456789abcdef";
	char short_form = c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : c == '"' ? '"' : c == '\\' ? '\\' : '\0';

	to[0] = '\\';
	if (short_form != '\0') {
		to[1] = (uint8_t)short_form;
		return 2;
	}
	to[1] = 'u';
	to[2] = to[3] = '0';
	to[4] = (uint8_t)hex[c >> 4];
	to[5] = (uint8_t)hex[c & 15];
	return 6;
}

/* Appends the longest prefix of p that is well-formed UTF-8, escaped; returns its length, or a negative error. */
static ssize_t put_text(struct buf *out, const uint8_t *p, size_t n)
{
	uint8_t *to = buf_reserve(out, 6 * n), *start = to;
	size_t i = 0, run;
	int k;

	if (to == NULL)
		return ERR_LIMIT;
	while (i < n) {
		run = plain_run(p + i, n - i);
		memcpy(to, p + i, run);
		to += run;
		i += run;
		if (i == n)
			break;
		k = p[i] < 0x80 ? 1 : utf8_length(p + i, n - i);
		if (k <= 0)
			break;
		if (k == 1 || (k == 2 && p[i] == 0xc2 && p[i + 1] < 0xa0)) { /* the second kind: U+0080 to U+009F */
			to += escape(to, p[i + (size_t)k - 1]);
		} else {
			memcpy(to, p + i, (size_t)k);
			to += k;
		}
		i += (size_t)k;
	}
	buf_added(out, (size_t)(to - start));
	return (ssize_t)i;
}

/* Quoted text of our own headers: what is not UTF-8 shows as \xNN. */
static int put_quoted(struct buf *out, struct view v)
{
	ssize_t k;
	int r = buf_put_u8(out, '"');

	while (r == ERR_OK && v.n > 0) {
		k = put_text(out, v.p, v.n);
		if (k < 0)
			return (int)k;
		v.p += k;
		v.n -= (size_t)k;
		if (v.n > 0) {
			r = buf_printf(out, "\\\\x%02x", v.p[0]);
			v.p++;
			v.n--;
		}
	}
	return r == ERR_OK ? buf_put_u8(out, '"') : r;
}

static int put_base64(struct buf *out, const uint8_t *p, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t *to = buf_reserve(out, (n + 2) / 3 * 4), *start = to;

	if (to == NULL)
		return ERR_LIMIT;
	for (; n >= 3; p += 3, n -= 3, to += 4) {
		uint32_t x = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];

		to[0] = (uint8_t)digits[x >> 18];
		to[1] = (uint8_t)digits[x >> 12 & 63];
		to[2] = (uint8_t)digits[x >> 6 & 63];
		to[3] = (uint8_t)digits[x & 63];
	}
	if (n > 0) {
		uint32_t x = (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0);

		*to++ = (uint8_t)digits[x >> 18];
		*to++ = (uint8_t)digits[x >> 12 & 63];
		*to++ = n > 1 ? (uint8_t)digits[x >> 6 & 63] : '=';
		*to++ = '=';
	}
	buf_added(out, (size_t)(to - start));
	return ERR_OK;
}

/* "[1.234567, "o", " */
static int event_open(struct asciicast *a, struct buf *out, uint64_t now_us, char code)
{
	uint64_t t;

	if (now_us > a->last_us)
		a->last_us = now_us;
	t = a->last_us - a->start_us;
	return buf_printf(out, "[%llu.%06llu, \"%c\", ", (unsigned long long)(t / 1000000), (unsigned long long)(t % 1000000), code);
}

int asciicast_header(struct buf *out, const struct asciicast_header *h)
{
	const struct {
		const char *name;
		struct view value;
	} ours[] = {
		{ "session", h->session }, { "recording", h->recording }, { "identity", h->identity }, { "on_behalf_of", h->on_behalf_of },
		{ "issuer", h->issuer }, { "target", h->target }, { "login", h->login },
	};
	int r = buf_printf(out, "{\"version\": 2, \"width\": %u, \"height\": %u, \"timestamp\": %llu", h->width, h->height,
			   (unsigned long long)h->timestamp);

	if (r == ERR_OK && h->title.n > 0) {
		r = buf_put_str(out, ", \"title\": ");
		if (r == ERR_OK)
			r = put_quoted(out, h->title);
	}
	if (r == ERR_OK && h->term.n > 0) {
		r = buf_put_str(out, ", \"env\": {\"TERM\": ");
		if (r == ERR_OK)
			r = put_quoted(out, h->term);
		if (r == ERR_OK)
			r = buf_put_u8(out, '}');
	}
	if (r == ERR_OK)
		r = buf_printf(out, ", \"sallyport\": {\"channel\": %u, \"part\": %u, \"mode\": \"%s\"", h->channel, h->part,
			       h->digest_only ? "digest" : "content");
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]) && r == ERR_OK; i++) {
		if (ours[i].value.n == 0)
			continue;
		r = buf_printf(out, ", \"%s\": ", ours[i].name);
		if (r == ERR_OK)
			r = put_quoted(out, ours[i].value);
	}
	return r == ERR_OK ? buf_put_str(out, "}}\n") : r;
}

/* Bytes that are not UTF-8, in an event that players skip. */
static int put_bytes(struct asciicast *a, struct buf *out, enum asciicast_stream s, uint64_t now_us, const uint8_t *p, size_t n)
{
	int r = event_open(a, out, now_us, 'x');

	if (r == ERR_OK)
		r = buf_printf(out, "\"%s:", stream_name[s]);
	if (r == ERR_OK)
		r = put_base64(out, p, n);
	return r == ERR_OK ? buf_put_str(out, "\"]\n") : r;
}

/* How many bytes from p on go into one bytes event: up to the first RUN_MIN good bytes in a row, or a cut character at the
 * very end. */
static size_t bad_run(const uint8_t *p, size_t n)
{
	size_t i = 0, good = 0;
	int k;

	while (i < n && good < RUN_MIN) {
		uint8_t c = p[i];

		if (c < 0xc2 || c > 0xf4) { /* ASCII, or nothing that begins a character: no branch, since it is a coin's toss */
			good = (good + 1) & (0 - (size_t)(c < 0x80));
			i++;
			continue;
		}
		k = utf8_length(p + i, n - i);
		if (k < 0)
			break;
		good = k == 0 ? 0 : good + (size_t)k;
		i += k == 0 ? 1 : (size_t)k;
	}
	return i - good;
}

/* Completes the character that the stream's last chunk cut. Takes bytes off the front; what cannot be completed is written
 * as bytes. */
static int put_held(struct asciicast *a, struct buf *out, enum asciicast_stream s, uint64_t now_us, const uint8_t **p, size_t *n)
{
	uint8_t *held = a->held[s].bytes;
	size_t had = a->held[s].n;
	int k, r;

	if (had == 0)
		return ERR_OK;
	while (*n > 0 && a->held[s].n < 4 && utf8_length(held, a->held[s].n) < 0) {
		held[a->held[s].n++] = *(*p)++;
		(*n)--;
	}
	k = utf8_length(held, a->held[s].n);
	if (k < 0)
		return ERR_OK;
	if (k == 0) { /* the last byte taken does not continue it: give it back */
		(*p)--;
		(*n)++;
		a->held[s].n--;
		r = put_bytes(a, out, s, now_us, held, a->held[s].n);
		a->held[s].n = 0;
		return r;
	}
	a->held[s].n = 0;
	r = s == ASCIICAST_ERR ? asciicast_note(a, out, now_us, "err") : ERR_OK;
	if (r == ERR_OK)
		r = event_open(a, out, now_us, s == ASCIICAST_IN ? 'i' : 'o');
	if (r == ERR_OK)
		r = put_quoted(out, (struct view){ held, (size_t)k });
	return r == ERR_OK ? buf_put_str(out, "]\n") : r;
}

int asciicast_data(struct asciicast *a, struct buf *out, enum asciicast_stream s, uint64_t now_us, const void *data, size_t n)
{
	const uint8_t *p = data;
	ssize_t k;
	size_t bad;
	int r = put_held(a, out, s, now_us, &p, &n);

	while (r == ERR_OK && n > 0) {
		if (p[0] < 0x80 || utf8_length(p, n) > 0) {
			if (s == ASCIICAST_ERR)
				r = asciicast_note(a, out, now_us, "err");
			if (r == ERR_OK)
				r = event_open(a, out, now_us, s == ASCIICAST_IN ? 'i' : 'o');
			if (r == ERR_OK)
				r = buf_put_u8(out, '"');
			if (r < 0)
				return r;
			k = put_text(out, p, n);
			if (k < 0)
				return (int)k;
			r = buf_put_str(out, "\"]\n");
			p += k;
			n -= (size_t)k;
			continue;
		}
		if (utf8_length(p, n) < 0) {
			memcpy(a->held[s].bytes, p, n);
			a->held[s].n = n;
			return ERR_OK;
		}
		bad = bad_run(p, n);
		r = put_bytes(a, out, s, now_us, p, bad);
		p += bad;
		n -= bad;
	}
	return r;
}

int asciicast_resize(struct asciicast *a, struct buf *out, uint64_t now_us, unsigned width, unsigned height)
{
	int r = event_open(a, out, now_us, 'r');

	return r == ERR_OK ? buf_printf(out, "\"%ux%u\"]\n", width, height) : r;
}

int asciicast_marker(struct asciicast *a, struct buf *out, uint64_t now_us, struct view label)
{
	int r = event_open(a, out, now_us, 'm');

	if (r == ERR_OK)
		r = put_quoted(out, label);
	return r == ERR_OK ? buf_put_str(out, "]\n") : r;
}

int asciicast_note(struct asciicast *a, struct buf *out, uint64_t now_us, const char *text)
{
	int r = event_open(a, out, now_us, 'x');

	if (r == ERR_OK)
		r = put_quoted(out, (struct view){ (const uint8_t *)text, strlen(text) });
	return r == ERR_OK ? buf_put_str(out, "]\n") : r;
}

int asciicast_flush(struct asciicast *a, struct buf *out, uint64_t now_us)
{
	int r = ERR_OK;

	for (int s = 0; s < 3 && r == ERR_OK; s++) {
		if (a->held[s].n == 0)
			continue;
		r = put_bytes(a, out, (enum asciicast_stream)s, now_us, a->held[s].bytes, a->held[s].n);
		a->held[s].n = 0;
	}
	return r;
}
