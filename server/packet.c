/* What libssh hears and does not tell; see packet.h. The bytes are the agent's and the target's; here they are only kept, request.c reads them. */
#include "server/packet.h"

#include <dlfcn.h>
#include <libssh/server.h>
#include <string.h>

#include "base/err.h"
#include "server/request.h"

enum {
	NEWKEYS = 21,
	GLOBAL_REQUEST = 80,
	REQUEST_SUCCESS = 81,
	CHANNEL_OPEN = 90,
	CHANNEL_OPEN_FAILURE = 92,
	USERAUTH_REQUEST = 50,
	HEARD_MAX = 1024 * 1024, /* bytes of requests that libssh has queued and the session has not taken */
	TEXT_MAX = 1024,
	BUFFERS = 8
};

/* A buffer that libssh emptied to receive a packet; the first byte read from it then is the padding's length, the second the type. */
struct incoming {
	ssh_buffer buffer;
	unsigned bytes_read;
	bool receives; /* a packet was read from it; what libssh sends from, it empties, too: a new one for each packet that waited for keys */
};

struct refusal {
	const char *text; /* NULL: none is being written */
	size_t n;
	uint32_t reason;
	unsigned field;
};

/* A packet about a socket that libssh packs as one about a port. */
struct disguise {
	bool on;
	ssh_buffer buffer;    /* where the packet is being packed; NULL: it has not begun */
	const char *name;     /* what it is to be called */
	unsigned field, last; /* the next field to come; the one that is all the rest */
};

static struct incoming incoming[BUFFERS];
static unsigned next_slot;
static ssh_buffer agents; /* where the agent's packets come in: only a client asks for a login */
static struct buf heard[HEARD_KINDS];
static bool overflow;
static uint32_t bound_port;
static uint32_t exchanges[2]; /* of the target, of the agent */
static struct refusal refusal;
static struct disguise disguise;

static int (*real_reinit)(ssh_buffer);
static uint32_t (*real_get_data)(ssh_buffer, void *, uint32_t);
static int (*real_add_data)(ssh_buffer, const void *, uint32_t);

__attribute__((constructor)) static void find_real(void)
{
	real_reinit = (int (*)(ssh_buffer))dlsym(RTLD_NEXT, "ssh_buffer_reinit");
	real_get_data = (uint32_t (*)(ssh_buffer, void *, uint32_t))dlsym(RTLD_NEXT, "ssh_buffer_get_data");
	real_add_data = (int (*)(ssh_buffer, const void *, uint32_t))dlsym(RTLD_NEXT, "ssh_buffer_add_data");
}

void packet_reset(void)
{
	memset(incoming, 0, sizeof(incoming));
	next_slot = 0;
	agents = NULL;
	overflow = false;
	bound_port = 0;
	exchanges[0] = exchanges[1] = 0;
	for (unsigned i = 0; i < HEARD_KINDS; i++) {
		buf_free(&heard[i]);
		buf_init(&heard[i], HEARD_MAX);
	}
}

static struct incoming *incoming_of(ssh_buffer b)
{
	for (unsigned i = 0; i < BUFFERS; i++) {
		if (incoming[i].buffer == b)
			return &incoming[i];
	}
	return NULL;
}

static void keep(enum heard kind, struct view payload)
{
	if (buf_put_string(&heard[kind], payload.p, payload.n) < 0)
		overflow = true;
}

/* libssh is to know it as a request about a port; what is kept is what came. */
static void hear_global(uint8_t *p, struct view payload)
{
	keep(HEARD_GLOBAL, payload);
	request_unix_listen_as_tcp(p, payload.n, UNIX_PORT);
}

static void packet_begins(ssh_buffer b, uint8_t type)
{
	struct view payload = { ssh_buffer_get(b), ssh_buffer_get_len(b) };
	struct view rest = payload;

	if (type == USERAUTH_REQUEST && agents == NULL)
		agents = b;
	else if (type == NEWKEYS)
		exchanges[b == agents]++;
	else if (type == CHANNEL_OPEN && b == agents && !request_is(payload, "session"))
		keep(HEARD_OPEN, payload);
	else if (type == GLOBAL_REQUEST && b == agents && request_is_listen(payload))
		hear_global(ssh_buffer_get(b), payload);
	else if (type == CHANNEL_OPEN && b != agents && request_is(payload, FORWARDED_UNIX))
		request_unix_open_as_tcp(ssh_buffer_get(b), payload.n, UNIX_PORT);
	else if (type == REQUEST_SUCCESS && b != agents && view_u32(&rest, &bound_port) < 0)
		bound_port = 0;
}

__attribute__((visibility("default"))) int ssh_buffer_reinit(ssh_buffer b)
{
	struct incoming *in = incoming_of(b);

	if (in == NULL && b != NULL) {
		for (unsigned i = 0; i < BUFFERS && incoming[next_slot].receives; i++)
			next_slot = (next_slot + 1) % BUFFERS;
		in = &incoming[next_slot];
		next_slot = (next_slot + 1) % BUFFERS;
		*in = (struct incoming){ .buffer = b };
	}
	if (in != NULL)
		in->bytes_read = 0;
	return real_reinit(b);
}

__attribute__((visibility("default"))) uint32_t ssh_buffer_get_data(ssh_buffer b, void *data, uint32_t n)
{
	uint32_t got = real_get_data(b, data, n);
	struct incoming *in = n == 1 && got == 1 ? incoming_of(b) : NULL;

	if (in != NULL && in->bytes_read < 2 && ++in->bytes_read == 2) {
		in->receives = true;
		packet_begins(b, *(const uint8_t *)data);
	}
	return got;
}

/* A refusal as libssh packs it: the type, the channel, the reason, an empty text, an empty language. Any other order stays as it is. */
static int add_refusal(ssh_buffer b, const void *data, uint32_t n)
{
	struct refusal *r = &refusal;
	uint8_t four[4];

	switch (r->field++) {
	case 0:
		if (n != 1 || *(const uint8_t *)data != CHANNEL_OPEN_FAILURE)
			r->text = NULL;
		return real_add_data(b, data, n);
	case 1:
		if (n != 4)
			r->text = NULL;
		return real_add_data(b, data, n);
	case 2:
		if (n != 4) {
			r->text = NULL;
			return real_add_data(b, data, n);
		}
		four[0] = four[1] = four[2] = 0;
		four[3] = (uint8_t)r->reason;
		return real_add_data(b, four, 4);
	default:
		if (n == 4 && memcmp(data, "\0\0\0\0", 4) == 0) {
			const char *text = r->text;

			four[0] = four[1] = 0;
			four[2] = (uint8_t)(r->n >> 8);
			four[3] = (uint8_t)r->n;
			r->text = NULL;
			return real_add_data(b, four, 4) < 0 ? -1 : real_add_data(b, text, (uint32_t)r->n);
		}
		r->text = NULL;
		return real_add_data(b, data, n);
	}
}

static int add_number(ssh_buffer b, size_t n)
{
	const uint8_t four[4] = { 0, 0, (uint8_t)(n >> 8), (uint8_t)n };

	return real_add_data(b, four, 4);
}

/* A request as libssh packs it: the type, the length of the name, the name, numbers, and the rest in one piece, which begins with the path and its
 * length; a path is shorter than 64 KiB. Of the rest the path stays, and for an open an empty string. */
static int add_disguised(ssh_buffer b, const void *data, uint32_t n)
{
	struct disguise *d = &disguise;
	uint8_t type = n == 1 ? *(const uint8_t *)data : 0;
	struct view rest = { data, n }, path;

	if (d->buffer == NULL) {
		if (type != GLOBAL_REQUEST && type != CHANNEL_OPEN)
			return real_add_data(b, data, n);
		d->buffer = b;
		d->field = 0;
		d->last = type == CHANNEL_OPEN ? 6 : 4;
	}
	if (b != d->buffer)
		return real_add_data(b, data, n);
	switch (d->field++) {
	case 0:
		return real_add_data(b, data, n);
	case 1: /* its name tells which length belongs before it */
		d->name = view_u32(&rest, &n) < 0 ? "" : request_unix_name(n);
		return add_number(b, strlen(d->name));
	case 2:
		return real_add_data(b, d->name, (uint32_t)strlen(d->name));
	default:
		if (d->field <= d->last)
			return real_add_data(b, data, n);
		d->on = false;
		if (view_string(&rest, &path) < 0 || path.n > 0xffff || add_number(b, path.n) < 0 || real_add_data(b, path.p, (uint32_t)path.n) < 0)
			return -1;
		return d->last == 6 ? add_number(b, 0) : 0;
	}
}

__attribute__((visibility("default"))) int ssh_buffer_add_data(ssh_buffer b, const void *data, uint32_t n)
{
	if (refusal.text != NULL)
		return add_refusal(b, data, n);
	return disguise.on ? add_disguised(b, data, n) : real_add_data(b, data, n);
}

void packet_as_unix(bool on)
{
	disguise = (struct disguise){ .on = on };
}

void packet_refuse_open(ssh_message m, uint32_t reason, const char *text, size_t n)
{
	char shown[TEXT_MAX];

	n = n < sizeof(shown) ? n : sizeof(shown);
	for (size_t i = 0; i < n; i++)
		shown[i] = (char)(text[i] < 0x20 || text[i] > 0x7e ? '?' : text[i]);
	refusal = (struct refusal){ .text = shown, .n = n, .reason = reason };
	ssh_message_reply_default(m);
	refusal.text = NULL;
	ssh_message_free(m);
}

int packet_next(enum heard kind, struct buf *out)
{
	struct buf *list = &heard[kind];
	struct view v = { buf_ptr(list), list->len }, payload;
	int r;

	buf_clear(out);
	if (overflow)
		return ERR_LIMIT;
	if (v.n == 0 || view_string(&v, &payload) < 0)
		return ERR_NOTFOUND;
	r = buf_put(out, payload.p, payload.n);
	buf_consume(list, payload.n + 4);
	return r;
}

uint32_t packet_bound_port(void)
{
	return bound_port;
}

bool packet_hears(void)
{
	return agents != NULL;
}

uint32_t packet_exchanges(bool agent)
{
	return exchanges[agent];
}
