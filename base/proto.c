/* Sending and reading of every message, made from the table in proto.h. */
#include "base/proto.h"

#include <string.h>

static int put_u8(struct buf *b, uint8_t v) { return buf_put_u8(b, v); }
static int put_u16(struct buf *b, uint16_t v) { return buf_put_u16(b, v); }
static int put_u32(struct buf *b, uint32_t v) { return buf_put_u32(b, v); }
static int put_u64(struct buf *b, uint64_t v) { return buf_put_u64(b, v); }
static int put_bytes(struct buf *b, struct view v) { return buf_put_string(b, v.p, v.n); }

static int get_u8(struct view *v, uint8_t *out) { return view_u8(v, out); }
static int get_u16(struct view *v, uint16_t *out) { return view_u16(v, out); }
static int get_u32(struct view *v, uint32_t *out) { return view_u32(v, out); }
static int get_u64(struct view *v, uint64_t *out) { return view_u64(v, out); }
static int get_bytes(struct view *v, struct view *out) { return view_string(v, out); }

#define PROTO_PUT(kind, name)                  \
	if (r >= 0)                            \
		r = put_##kind(&b, m->name);
#define PROTO_GET(kind, name)                  \
	if (r >= 0)                            \
		r = get_##kind(&v, &m->name);

/* Buffers wipe: a message may carry a token or a program's text. */
#define PROTO_DEFINE(name, number, carries)                                                            \
	int msg_##name##_send(struct ipc *c, const struct msg_##name *m, const int *fds_sent, unsigned n) \
	{                                                                                              \
		struct buf b;                                                                          \
		int r = ERR_OK;                                                                        \
		buf_init_secret(&b, IPC_PAYLOAD_MAX);                                                  \
		MSG_FIELDS_##name(PROTO_PUT)                                                           \
		/* On failure ipc_send() still takes the descriptors: it is told a length it refuses. */ \
		r = r < 0 ? (ipc_send(c, number, NULL, IPC_PAYLOAD_MAX + 1, fds_sent, n), r)           \
			  : ipc_send(c, number, buf_ptr(&b), b.len, fds_sent, n);                      \
		buf_free(&b);                                                                          \
		return r;                                                                              \
	}                                                                                              \
	int msg_##name##_read(const struct ipc_msg *in, struct msg_##name *m)                          \
	{                                                                                              \
		struct view v = in->payload;                                                           \
		int r = in->type == number && in->nfds <= carries ? ERR_OK : ERR_MALFORMED;            \
		memset(m, 0, sizeof(*m));                                                              \
		MSG_FIELDS_##name(PROTO_GET)                                                           \
		return r < 0 ? r : view_end(&v);                                                       \
	}
PROTO_MESSAGES(PROTO_DEFINE)

const char *proto_name(uint16_t type)
{
	switch (type) {
#define PROTO_NAME(name, number, carries) \
	case number:                   \
		return #name;
		PROTO_MESSAGES(PROTO_NAME)
	default:
		return "unknown";
	}
}

struct view proto_str(const char *s)
{
	struct view v = { (const uint8_t *)s, s != NULL ? strlen(s) : 0 };

	return v;
}

int proto_list_put(struct buf *list, const void *p, size_t n)
{
	return buf_put_string(list, p, n);
}

int proto_list_next(struct view *list, struct view *item)
{
	if (list->n == 0)
		return ERR_EOF;
	return view_string(list, item);
}
