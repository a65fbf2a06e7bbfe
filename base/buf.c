/* Bounded byte buffers and bounded reading; see buf.h. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

void wipe(void *p, size_t n)
{
	if (p != NULL && n > 0)
		explicit_bzero(p, n);
}

void buf_init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
}

void buf_init_secret(struct buf *b, size_t max)
{
	buf_init(b, max);
	b->wipe = true;
}

void buf_free(struct buf *b)
{
	if (b == NULL)
		return;
	if (b->wipe)
		wipe(b->data, b->cap);
	free(b->data);
	b->data = NULL;
	b->off = b->len = b->cap = 0;
}

void buf_clear(struct buf *b)
{
	if (b->wipe)
		wipe(b->data, b->cap);
	b->off = b->len = 0;
}

/* Makes cap - off - len >= n + 1: one byte more than asked, so that buf_cstr() need not allocate. */
static int buf_grow(struct buf *b, size_t n)
{
	size_t cap;
	uint8_t *data;

	if (n > b->max || b->len > b->max - n)
		return ERR_LIMIT;
	if (b->cap - b->off - b->len > n && b->data != NULL)
		return ERR_OK;
	if (b->data != NULL && b->cap - b->len > n && b->off >= b->len) {
		memcpy(b->data, b->data + b->off, b->len);
		b->off = 0;
		return ERR_OK;
	}
	cap = b->cap < 64 ? 64 : b->cap;
	while (cap - b->len <= n)
		cap *= 2;
	data = malloc(cap);
	if (data == NULL)
		return ERR_NOMEM;
	if (b->len > 0)
		memcpy(data, b->data + b->off, b->len);
	if (b->wipe)
		wipe(b->data, b->cap);
	free(b->data);
	b->data = data;
	b->cap = cap;
	b->off = 0;
	return ERR_OK;
}

uint8_t *buf_reserve(struct buf *b, size_t n)
{
	if (buf_grow(b, n) < 0)
		return NULL;
	return b->data + b->off + b->len;
}

void buf_added(struct buf *b, size_t n)
{
	b->len += n;
}

int buf_put(struct buf *b, const void *p, size_t n)
{
	/* Room enough, as almost always; what was allocated may be more than what is allowed. */
	if (n >= b->cap - b->off - b->len || n > b->max - b->len || b->data == NULL) {
		int r = buf_grow(b, n);

		if (r < 0)
			return r;
	}
	if (n > 0)
		memcpy(b->data + b->off + b->len, p, n);
	b->len += n;
	return ERR_OK;
}

int buf_put_str(struct buf *b, const char *s)
{
	return buf_put(b, s, strlen(s));
}

int buf_put_u8(struct buf *b, uint8_t v)
{
	return buf_put(b, &v, 1);
}

int buf_put_u16(struct buf *b, uint16_t v)
{
	uint8_t x[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	return buf_put(b, x, sizeof(x));
}

int buf_put_u32(struct buf *b, uint32_t v)
{
	uint8_t x[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

	return buf_put(b, x, sizeof(x));
}

int buf_put_u64(struct buf *b, uint64_t v)
{
	int r = buf_put_u32(b, (uint32_t)(v >> 32));

	return r < 0 ? r : buf_put_u32(b, (uint32_t)v);
}

int buf_put_string(struct buf *b, const void *p, size_t n)
{
	int r;

	if (n > UINT32_MAX - 4)
		return ERR_LIMIT;
	/* Room for both first: a length without its bytes must never stand in the buffer. */
	r = buf_grow(b, n + 4);
	if (r < 0)
		return r;
	(void)buf_put_u32(b, (uint32_t)n);
	return buf_put(b, p, n);
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n, r;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return ERR_MALFORMED;
	r = buf_grow(b, (size_t)n);
	if (r < 0)
		return r;
	va_start(ap, fmt);
	vsnprintf((char *)b->data + b->off + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return ERR_OK;
}

void buf_consume(struct buf *b, size_t n)
{
	if (n >= b->len) {
		buf_clear(b);
		return;
	}
	b->off += n;
	b->len -= n;
}

const char *buf_cstr(struct buf *b)
{
	if (b->data == NULL) {
		b->data = malloc(64);
		if (b->data == NULL)
			return NULL;
		b->cap = 64;
	}
	/* buf_grow() always leaves one byte behind the content. */
	b->data[b->off + b->len] = '\0';
	return (const char *)b->data + b->off;
}

int view_bytes(struct view *v, size_t n, struct view *out)
{
	if (n > v->n)
		return ERR_MALFORMED;
	out->p = v->p;
	out->n = n;
	if (n > 0)
		v->p += n;
	v->n -= n;
	return ERR_OK;
}

int view_u8(struct view *v, uint8_t *out)
{
	struct view x;

	if (view_bytes(v, 1, &x) < 0)
		return ERR_MALFORMED;
	*out = x.p[0];
	return ERR_OK;
}

int view_u16(struct view *v, uint16_t *out)
{
	struct view x;

	if (view_bytes(v, 2, &x) < 0)
		return ERR_MALFORMED;
	*out = (uint16_t)(x.p[0] << 8 | x.p[1]);
	return ERR_OK;
}

int view_u32(struct view *v, uint32_t *out)
{
	struct view x;

	if (view_bytes(v, 4, &x) < 0)
		return ERR_MALFORMED;
	*out = (uint32_t)x.p[0] << 24 | (uint32_t)x.p[1] << 16 | (uint32_t)x.p[2] << 8 | x.p[3];
	return ERR_OK;
}

int view_u64(struct view *v, uint64_t *out)
{
	uint32_t hi, lo;
	struct view save = *v;

	if (view_u32(v, &hi) < 0 || view_u32(v, &lo) < 0) {
		*v = save;
		return ERR_MALFORMED;
	}
	*out = (uint64_t)hi << 32 | lo;
	return ERR_OK;
}

int view_string(struct view *v, struct view *out)
{
	uint32_t n;
	struct view save = *v;

	if (view_u32(v, &n) < 0 || view_bytes(v, n, out) < 0) {
		*v = save;
		return ERR_MALFORMED;
	}
	return ERR_OK;
}

int view_end(const struct view *v)
{
	return v->n == 0 ? ERR_OK : ERR_MALFORMED;
}

bool view_is(const struct view *v, const char *s)
{
	size_t n = strlen(s);

	return v->n == n && (n == 0 || memcmp(v->p, s, n) == 0);
}

int view_strdup(const struct view *v, char **out)
{
	char *s;

	*out = NULL;
	if (v->n > 0 && memchr(v->p, '\0', v->n) != NULL)
		return ERR_MALFORMED;
	s = malloc(v->n + 1);
	if (s == NULL)
		return ERR_NOMEM;
	if (v->n > 0)
		memcpy(s, v->p, v->n);
	s[v->n] = '\0';
	*out = s;
	return ERR_OK;
}
