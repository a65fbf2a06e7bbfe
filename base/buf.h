/* A byte buffer that grows to a bound, and can wipe itself.
 *
 * Holds bytes, not a C string: data may contain NUL and need not end in one (buf_cstr() gives a string when asked).
 * Bytes are appended at the end and consumed from the front. All functions that grow return ERR_OK, ERR_NOMEM or
 * ERR_LIMIT (the bound would be passed; nothing is appended then). */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data; /* first unread byte is data[off]; NULL while nothing was ever appended */
	size_t off;    /* bytes already consumed */
	size_t len;    /* unread bytes */
	size_t cap;    /* bytes allocated */
	size_t max;    /* bound on len, in bytes */
	bool wipe;     /* memory is zeroed before it is given back */
};

/* An empty buffer that may hold at most max bytes. Nothing is allocated. */
void buf_init(struct buf *b, size_t max);

/* The same for secrets: every byte is wiped on growth, consumption of the last byte, and buf_free(). */
void buf_init_secret(struct buf *b, size_t max);

/* Gives the memory back; the buffer is empty and may be used again. b may be NULL. */
void buf_free(struct buf *b);

/* Drops the content, keeps the memory. */
void buf_clear(struct buf *b);

/* First unread byte; valid until the next change. May be NULL when len is 0. */
static inline const uint8_t *buf_ptr(const struct buf *b)
{
	return b->data == NULL ? NULL : b->data + b->off;
}

int buf_put(struct buf *b, const void *p, size_t n);
int buf_put_str(struct buf *b, const char *s); /* without its NUL */
int buf_put_u8(struct buf *b, uint8_t v);
int buf_put_u16(struct buf *b, uint16_t v); /* big endian, as in SSH */
int buf_put_u32(struct buf *b, uint32_t v);
int buf_put_u64(struct buf *b, uint64_t v);
int buf_put_string(struct buf *b, const void *p, size_t n); /* u32 length, then the bytes (RFC 4251 "string") */
int buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Makes room for n more bytes and returns where to write them; buf_added() then says how many were written.
 * NULL when the bound or memory would be passed. */
uint8_t *buf_reserve(struct buf *b, size_t n);
void buf_added(struct buf *b, size_t n);

/* Drops n bytes from the front; n <= b->len. */
void buf_consume(struct buf *b, size_t n);

/* NUL-terminates (the NUL is not counted in len) and returns the content as a C string, NULL on no memory. Content
 * that holds a NUL byte is cut there by every C function: check first where it matters. */
const char *buf_cstr(struct buf *b);

/* A view of bytes owned by somebody else, read from the front. Getters return ERR_OK or ERR_MALFORMED, and never
 * read past the end. */
struct view {
	const uint8_t *p;
	size_t n;
};

int view_u8(struct view *v, uint8_t *out);
int view_u16(struct view *v, uint16_t *out);
int view_u32(struct view *v, uint32_t *out);
int view_u64(struct view *v, uint64_t *out);
int view_string(struct view *v, struct view *out); /* u32 length, then the bytes; out points into v */
int view_bytes(struct view *v, size_t n, struct view *out);

/* ERR_OK when everything was read, else ERR_MALFORMED: a message is read to its last byte or it is not of its form. */
int view_end(const struct view *v);

/* Whether the view's bytes are exactly the C string s. */
bool view_is(const struct view *v, const char *s);

/* A NUL-terminated copy, ERR_MALFORMED when the bytes hold a NUL. Caller frees with free(). */
int view_strdup(const struct view *v, char **out);

/* Zeroes memory in a way that the compiler keeps. */
void wipe(void *p, size_t n);

#endif
