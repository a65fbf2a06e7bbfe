/* Reading asciicast v2 events back; see asciicast.h. Distrusts the line: it may come from anywhere. A small reader of its own,
 * since all that is read is `[number, "letter", "string"]`, and gigabytes of it. */
#include <string.h>

#include "base/err.h"
#include "recorder/asciicast.h"
#include "recorder/utf8.h"

void asciicast_reader_init(struct asciicast_reader *r)
{
	r->next_is_err = false;
	buf_init(&r->text, ASCIICAST_MAX_LINE);
}

void asciicast_reader_free(struct asciicast_reader *r)
{
	buf_free(&r->text);
}

static void spaces(struct view *v)
{
	while (v->n > 0 && (v->p[0] == ' ' || v->p[0] == '\t' || v->p[0] == '\r')) {
		v->p++;
		v->n--;
	}
}

static int expect(struct view *v, uint8_t c)
{
	spaces(v);
	if (v->n == 0 || v->p[0] != c)
		return ERR_MALFORMED;
	v->p++;
	v->n--;
	return ERR_OK;
}

/* A JSON number that is not negative, as millionths. Exponents are refused: no writer uses them for times. */
static int seconds(struct view *v, uint64_t *us)
{
	uint64_t whole = 0, scale = 100000;
	size_t i = 0;

	*us = 0;
	spaces(v);
	for (; i < v->n && v->p[i] >= '0' && v->p[i] <= '9'; i++) {
		whole = whole * 10 + (uint64_t)(v->p[i] - '0');
		if (whole > 1000000000)
			return ERR_MALFORMED;
	}
	if (i == 0)
		return ERR_MALFORMED;
	*us = whole * 1000000;
	if (i < v->n && v->p[i] == '.') {
		for (i++; i < v->n && v->p[i] >= '0' && v->p[i] <= '9'; i++, scale /= 10)
			*us += (uint64_t)(v->p[i] - '0') * scale;
	}
	v->p += i;
	v->n -= i;
	return ERR_OK;
}

static int hex4(const uint8_t *p, uint32_t *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++) {
		uint8_t c = p[i];
		int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

		if (d < 0)
			return ERR_MALFORMED;
		*out = *out << 4 | (uint32_t)d;
	}
	return ERR_OK;
}

static int put_character(struct buf *out, uint32_t c)
{
	uint8_t b[4];
	size_t n;

	if (c < 0x80) {
		b[0] = (uint8_t)c;
		n = 1;
	} else if (c < 0x800) {
		b[0] = (uint8_t)(0xc0 | c >> 6);
		b[1] = (uint8_t)(0x80 | (c & 0x3f));
		n = 2;
	} else if (c < 0x10000) {
		b[0] = (uint8_t)(0xe0 | c >> 12);
		b[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		b[2] = (uint8_t)(0x80 | (c & 0x3f));
		n = 3;
	} else {
		b[0] = (uint8_t)(0xf0 | c >> 18);
		b[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
		b[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		b[3] = (uint8_t)(0x80 | (c & 0x3f));
		n = 4;
	}
	return buf_put(out, b, n);
}

/* What follows a backslash. */
static int escaped(struct view *v, struct buf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;
	uint32_t c, low;

	if (v->n < 2)
		return ERR_MALFORMED;
	if (v->p[1] != 'u') {
		at = memchr(from, v->p[1], sizeof(from) - 1);
		if (at == NULL)
			return ERR_MALFORMED;
		v->p += 2;
		v->n -= 2;
		return buf_put_u8(out, (uint8_t)to[at - from]);
	}
	if (v->n < 6 || hex4(v->p + 2, &c) < 0)
		return ERR_MALFORMED;
	v->p += 6;
	v->n -= 6;
	if (c >= 0xdc00 && c < 0xe000)
		return ERR_MALFORMED;
	if (c >= 0xd800 && c < 0xdc00) {
		if (v->n < 6 || v->p[0] != '\\' || v->p[1] != 'u' || hex4(v->p + 2, &low) < 0 || low < 0xdc00 || low > 0xdfff)
			return ERR_MALFORMED;
		v->p += 6;
		v->n -= 6;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	return put_character(out, c);
}

/* A JSON string, decoded onto out. */
static int string(struct view *v, struct buf *out)
{
	int r = expect(v, '"'), k;
	size_t i;

	while (r == ERR_OK) {
		for (i = 0; i < v->n && v->p[i] >= 0x20 && v->p[i] < 0x80 && v->p[i] != '"' && v->p[i] != '\\'; i++)
			;
		r = buf_put(out, v->p, i);
		v->p += i;
		v->n -= i;
		if (r < 0)
			return r;
		if (v->n == 0)
			return ERR_MALFORMED;
		if (v->p[0] == '"')
			break;
		if (v->p[0] == '\\') {
			r = escaped(v, out);
			continue;
		}
		k = v->p[0] < 0x20 ? 0 : utf8_length(v->p, v->n);
		if (k <= 0)
			return ERR_MALFORMED;
		r = buf_put(out, v->p, (size_t)k);
		v->p += k;
		v->n -= (size_t)k;
	}
	if (r < 0)
		return r;
	v->p++;
	v->n--;
	return ERR_OK;
}

static int digit64(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? c - 'a' + 26 : c >= '0' && c <= '9' ? c - '0' + 52 :
	       c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Decodes base64 in place, strictly. */
static int base64(uint8_t *p, size_t n, size_t *out)
{
	size_t o = 0;
	int d[4], pad;

	if (n == 0 || n % 4 != 0)
		return ERR_MALFORMED;
	pad = p[n - 1] != '=' ? 0 : p[n - 2] != '=' ? 1 : 2;
	for (size_t i = 0; i < n; i += 4) {
		for (int k = 0; k < 4; k++) {
			d[k] = i + 4 == n && k >= 4 - pad ? 0 : digit64(p[i + (size_t)k]);
			if (d[k] < 0)
				return ERR_MALFORMED;
		}
		p[o++] = (uint8_t)(d[0] << 2 | d[1] >> 4);
		p[o++] = (uint8_t)(d[1] << 4 | d[2] >> 2);
		p[o++] = (uint8_t)(d[2] << 6 | d[3]);
	}
	*out = o - (size_t)pad;
	return ERR_OK;
}

/* Turns our "x" events into what they stand for. */
static int ours(struct asciicast_reader *r, struct asciicast_event *e)
{
	static const struct {
		const char *prefix;
		char code;
		enum asciicast_stream stream;
	} kinds[] = { { "out:", 'o', ASCIICAST_OUT }, { "err:", 'o', ASCIICAST_ERR }, { "in:", 'i', ASCIICAST_IN } };
	uint8_t *p = r->text.data + r->text.off;
	size_t n;
	int k;

	if (view_is(&e->data, "err")) {
		r->next_is_err = true;
		return ERR_OK;
	}
	for (size_t i = 0; i < 3; i++) {
		n = strlen(kinds[i].prefix);
		if (e->data.n < n || memcmp(e->data.p, kinds[i].prefix, n) != 0)
			continue;
		k = base64(p + n, e->data.n - n, &e->data.n);
		if (k < 0)
			return k;
		e->data.p = p + n;
		e->code = kinds[i].code;
		e->stream = kinds[i].stream;
		e->exact = true;
		return ERR_OK;
	}
	return ERR_OK;
}

int asciicast_read(struct asciicast_reader *r, struct view line, struct asciicast_event *e)
{
	struct view v = line;
	int k;

	memset(e, 0, sizeof(*e));
	buf_clear(&r->text);
	if (line.n > ASCIICAST_MAX_LINE)
		return ERR_LIMIT;
	k = expect(&v, '[');
	if (k == ERR_OK)
		k = seconds(&v, &e->time_us);
	if (k == ERR_OK)
		k = expect(&v, ',');
	if (k == ERR_OK)
		k = string(&v, &r->text);
	if (k == ERR_OK && (r->text.len != 1 || buf_ptr(&r->text)[0] < 'a' || buf_ptr(&r->text)[0] > 'z'))
		k = ERR_MALFORMED;
	if (k < 0)
		return k;
	e->code = (char)buf_ptr(&r->text)[0];
	buf_clear(&r->text);
	k = expect(&v, ',');
	if (k == ERR_OK)
		k = string(&v, &r->text);
	if (k == ERR_OK)
		k = expect(&v, ']');
	spaces(&v);
	if (k == ERR_OK)
		k = view_end(&v);
	if (k < 0)
		return k;
	e->data = (struct view){ buf_ptr(&r->text), r->text.len };
	e->stream = e->code == 'i' ? ASCIICAST_IN : ASCIICAST_OUT;
	if (e->code == 'o' && r->next_is_err) {
		e->stream = ASCIICAST_ERR;
		r->next_is_err = false;
	}
	return e->code == 'x' ? ours(r, e) : ERR_OK;
}
