/* What a session worker may send on an agent socket: a stream of frames, each a u16 length and its bytes, to one grant whose key
 * and session the corpus knows. Whatever comes, the answers are whole frames, and a signature is one of the granted login. */
#include <stdlib.h>
#include <string.h>

#include "vault/agent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1000 };

static const char blob_plain[] = "\0\0\0\013ssh-ed25519\0\0\0\040KKKKKKKKKKKKKKKKKKKKKKKKKKKKKKKK";
static const char blob_certificate[] = "\0\0\0\040ssh-ed25519-cert-v01@openssh.com, made up";

static unsigned signatures;

/* In the place of a key: looks once more, in its own way, at what it would sign. */
static int fuzz_sign(void *arg, size_t i, enum key_sign how, const uint8_t *p, size_t n, struct buf *out)
{
	static const char login[] = "\0\0\0\006deploy\0\0\0\016ssh-connection\0\0\0";
	size_t session;

	(void)arg;
	(void)i;
	(void)how;
	if (n < 4 + 20 + 1 + sizeof(login) - 1)
		abort();
	session = (size_t)p[2] << 8 | p[3];
	if (p[0] != 0 || p[1] != 0 || session < 20 || session > 64 || n < 4 + session + 1 + sizeof(login) - 1)
		abort();
	if (p[4 + session] != 50 || memcmp(p + 4 + session + 1, login, sizeof(login) - 1) != 0)
		abort();
	signatures++;
	return buf_put_str(out, "signature");
}

static void open_grant(struct grant *g)
{
	memset(g, 0, sizeof(*g));
	strcpy(g->login, "deploy");
	g->nkeys = 2;
	for (size_t i = 0; i < 2; i++) {
		buf_init(&g->keys[i].blob, KEY_BLOB_MAX);
		g->keys[i].type = KEY_ED25519;
		g->keys[i].certificate = i == 1;
	}
	if (buf_put(&g->keys[0].blob, blob_plain, sizeof(blob_plain) - 1) < 0 ||
	    buf_put(&g->keys[1].blob, blob_certificate, sizeof(blob_certificate) - 1) < 0)
		abort();
	g->valid_from = NOW - 1;
	g->valid_to = NOW + 1;
	g->uses = AGENT_USES_MAX;
	g->sign = fuzz_sign;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = { data, size }, frame, reply;
	struct grant g;
	uint16_t n;

	open_grant(&g);
	signatures = 0;
	while (view_u16(&v, &n) == ERR_OK && view_bytes(&v, n, &frame) == ERR_OK) {
		/* Its own heap block, so that a sanitizer sees one byte too far. */
		uint8_t *copy = malloc(n > 0 ? n : 1);
		struct why why;
		struct buf out;
		unsigned before = signatures;
		int r;

		if (copy == NULL)
			abort();
		memcpy(copy, frame.p, n);
		buf_init(&out, AGENT_REPLY_MAX);
		r = agent_handle(&g, copy, n, NOW, &out, &why);
		reply = (struct view){ buf_ptr(&out), out.len };
		if (view_string(&reply, &frame) < 0 || view_end(&reply) < 0 || frame.n == 0)
			abort();
		if ((r < 0) != (frame.p[0] == 5) || (signatures > before && frame.p[0] != 14))
			abort();
		buf_free(&out);
		free(copy);
	}
	if (signatures > AGENT_USES_MAX)
		abort();
	grant_clear(&g);
	return 0;
}
