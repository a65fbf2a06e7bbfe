/* Frames between a session worker and its recorder; see frame.h. Distrusts the payload: every length is bounded before
 * use, and a payload that is not read to its last byte is refused. */
#include "recorder/frame.h"

#include <string.h>

#include "base/err.h"

static bool data_type(enum frame_type t)
{
	return t == FRAME_OUTPUT || t == FRAME_INPUT;
}

static int check_limits(const struct frame *f)
{
	if (f->channel == 0)
		return ERR_MALFORMED;
	switch (f->type) {
	case FRAME_OPEN:
		if (f->term.n > FRAME_MAX_NAME || f->text.n > FRAME_MAX_TEXT)
			return ERR_LIMIT;
		if ((f->flags & ~(FRAME_DIGEST_ONLY | FRAME_PTY)) != 0)
			return ERR_MALFORMED;
		/* fall through */
	case FRAME_RESIZE:
		return f->width > 0 && f->height > 0 ? ERR_OK : ERR_MALFORMED;
	case FRAME_OUTPUT:
	case FRAME_INPUT:
		if (f->data.n > FRAME_MAX_DATA)
			return ERR_LIMIT;
		if (f->stream != FRAME_STDOUT && (f->stream != FRAME_STDERR || f->type == FRAME_INPUT))
			return ERR_MALFORMED;
		return f->data.n > 0 ? ERR_OK : ERR_MALFORMED;
	case FRAME_MARKER:
		return f->text.n <= FRAME_MAX_TEXT ? ERR_OK : ERR_LIMIT;
	case FRAME_CLOSE:
		return f->signal.n <= FRAME_MAX_NAME ? ERR_OK : ERR_LIMIT;
	case FRAME_ACK:
		return (f->flags & ~(FRAME_ACK_OPEN | FRAME_ACK_CLOSED)) == 0 ? ERR_OK : ERR_MALFORMED;
	}
	return ERR_MALFORMED;
}

/* The first failure sticks: after it nothing more is appended. */
static void put(int *r, int code)
{
	if (*r == ERR_OK)
		*r = code;
}

static void write_fields(struct buf *out, const struct frame *f, int *r)
{
	put(r, buf_put_u32(out, f->channel));
	if (f->type != FRAME_ACK)
		put(r, buf_put_u64(out, f->time_us));
	switch (f->type) {
	case FRAME_OPEN:
		put(r, buf_put_u64(out, f->wall_us));
		put(r, buf_put_u32(out, f->flags));
		put(r, buf_put_u16(out, f->width));
		put(r, buf_put_u16(out, f->height));
		put(r, buf_put_string(out, f->term.p, f->term.n));
		put(r, buf_put_string(out, f->text.p, f->text.n));
		break;
	case FRAME_OUTPUT:
	case FRAME_INPUT:
		put(r, buf_put_u8(out, (uint8_t)f->stream));
		put(r, buf_put_string(out, f->data.p, f->data.n));
		break;
	case FRAME_RESIZE:
		put(r, buf_put_u16(out, f->width));
		put(r, buf_put_u16(out, f->height));
		break;
	case FRAME_MARKER:
		put(r, buf_put_string(out, f->text.p, f->text.n));
		break;
	case FRAME_CLOSE:
		put(r, buf_put_u32(out, (uint32_t)f->exit_status));
		put(r, buf_put_string(out, f->signal.p, f->signal.n));
		put(r, buf_put_u8(out, f->complete ? 1 : 0));
		break;
	case FRAME_ACK:
		put(r, buf_put_u32(out, f->flags));
		put(r, buf_put_u64(out, f->bytes));
		break;
	}
}

int frame_write(struct buf *out, const struct frame *f)
{
	size_t before = out->len;
	int r = check_limits(f);

	if (r < 0)
		return r;
	write_fields(out, f, &r);
	if (r < 0)
		out->len = before;
	return r;
}

int frame_write_output_head(struct buf *out, uint32_t channel, uint64_t time_us, enum frame_stream stream, size_t n)
{
	uint8_t head[4 + 8 + 1 + 4];

	if (channel == 0 || n == 0)
		return ERR_MALFORMED;
	if (n > FRAME_MAX_DATA)
		return ERR_LIMIT;
	for (int i = 0; i < 4; i++)
		head[i] = (uint8_t)(channel >> (24 - 8 * i));
	for (int i = 0; i < 8; i++)
		head[4 + i] = (uint8_t)(time_us >> (56 - 8 * i));
	head[12] = (uint8_t)stream;
	for (int i = 0; i < 4; i++)
		head[13 + i] = (uint8_t)(n >> (24 - 8 * i));
	return buf_put(out, head, sizeof(head));
}

static int read_fields(struct view *v, struct frame *f)
{
	uint32_t word = 0;
	uint8_t byte = 0;
	int r = ERR_OK;

	switch (f->type) {
	case FRAME_OPEN:
		put(&r, view_u64(v, &f->wall_us));
		put(&r, view_u32(v, &f->flags));
		put(&r, view_u16(v, &f->width));
		put(&r, view_u16(v, &f->height));
		put(&r, view_string(v, &f->term));
		put(&r, view_string(v, &f->text));
		break;
	case FRAME_OUTPUT:
	case FRAME_INPUT:
		put(&r, view_u8(v, &byte));
		put(&r, view_string(v, &f->data));
		if (byte > FRAME_STDERR)
			put(&r, ERR_MALFORMED);
		f->stream = (enum frame_stream)byte;
		break;
	case FRAME_RESIZE:
		put(&r, view_u16(v, &f->width));
		put(&r, view_u16(v, &f->height));
		break;
	case FRAME_MARKER:
		put(&r, view_string(v, &f->text));
		break;
	case FRAME_CLOSE:
		put(&r, view_u32(v, &word));
		put(&r, view_string(v, &f->signal));
		put(&r, view_u8(v, &byte));
		if (byte > 1)
			put(&r, ERR_MALFORMED);
		f->exit_status = (int32_t)word;
		f->complete = byte == 1;
		break;
	case FRAME_ACK:
		put(&r, view_u32(v, &f->flags));
		put(&r, view_u64(v, &f->bytes));
		break;
	}
	return r;
}

int frame_read(uint8_t type, struct view payload, struct frame *f)
{
	int r;

	memset(f, 0, sizeof(*f));
	if (type < FRAME_OPEN || type > FRAME_ACK)
		return ERR_MALFORMED;
	f->type = (enum frame_type)type;
	r = view_u32(&payload, &f->channel);
	if (r == ERR_OK && f->type != FRAME_ACK)
		r = view_u64(&payload, &f->time_us);
	if (r == ERR_OK)
		r = read_fields(&payload, f);
	if (r == ERR_OK)
		r = view_end(&payload);
	if (r == ERR_OK)
		r = check_limits(f);
	if (r == ERR_OK && data_type(f->type) && f->data.p == NULL)
		r = ERR_MALFORMED;
	return r;
}
