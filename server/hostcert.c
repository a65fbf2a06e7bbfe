/* Just enough of SSH's clear text to be shown a host certificate (RFC 4253 sections 4.2, 6, 7; RFC 8731): see hostcert.h. Pure; the bytes come
 * from whoever answers at the target's address. */
#include "server/hostcert.h"

#include <stdbool.h>
#include <string.h>

enum {
	SCAN_PACKET_MAX = 35000,    /* RFC 4253 section 6.1 */
	KEXINIT = 20,
	ECDH_INIT = 30,
	ECDH_REPLY = 31,
	DISCONNECT = 1
};

static const char version[] = "SSH-2.0-Sallyport\r\n";
#define CERTIFICATES                                                                                                   \
	"ssh-ed25519-cert-v01@openssh.com,ecdsa-sha2-nistp256-cert-v01@openssh.com,ecdsa-sha2-nistp384-cert-v01@openssh.com," \
	"ecdsa-sha2-nistp521-cert-v01@openssh.com,rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com"
#define CIPHERS "aes128-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com"
#define MACS "hmac-sha2-256,hmac-sha2-256-etm@openssh.com,hmac-sha2-512"

/* The ten lists of KEXINIT, in order: key exchange, host key, ciphers, MACs, compression, languages, each but the first two both ways. */
static const char *const algorithms[] = { "curve25519-sha256,curve25519-sha256@libssh.org", CERTIFICATES, CIPHERS, CIPHERS, MACS, MACS, "none",
					  "none", "", "" };

static int put_packet(struct buf *out, const struct buf *payload)
{
	uint8_t padding[16] = { 0 };
	size_t pad = 8 - (payload->len + 5) % 8;
	int r;

	if (pad < 4)
		pad += 8;
	r = buf_put_u32(out, (uint32_t)(payload->len + pad + 1));
	if (r == ERR_OK)
		r = buf_put_u8(out, (uint8_t)pad);
	if (r == ERR_OK)
		r = buf_put(out, buf_ptr(payload), payload->len);
	return r == ERR_OK ? buf_put(out, padding, pad) : r;
}

/* All that is said is said at once: nothing in it depends on what the target says. */
int hostcert_hello(const uint8_t random[32], struct buf *out)
{
	struct buf p;
	int r;

	buf_init(&p, 4096);
	r = buf_put_str(out, version);
	if (r == ERR_OK)
		r = buf_put_u8(&p, KEXINIT);
	if (r == ERR_OK)
		r = buf_put(&p, random, 16);
	for (size_t i = 0; r == ERR_OK && i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		r = buf_put_string(&p, algorithms[i], strlen(algorithms[i]));
	if (r == ERR_OK)
		r = buf_put(&p, "\0\0\0\0\0", 5); /* no guess follows; reserved */
	if (r == ERR_OK)
		r = put_packet(out, &p);
	buf_clear(&p);
	if (r == ERR_OK)
		r = buf_put_u8(&p, ECDH_INIT);
	if (r == ERR_OK)
		r = buf_put_string(&p, random, 32); /* any 32 bytes are a point; nobody will use the secret */
	if (r == ERR_OK)
		r = put_packet(out, &p);
	buf_free(&p);
	return r;
}

/* Lines before the version are for people (RFC 4253 section 4.2). Moves v behind the version line. */
static int skip_version(struct view *v)
{
	for (;;) {
		const uint8_t *nl = v->n == 0 ? NULL : memchr(v->p, '\n', v->n);
		bool is_version = v->n >= 4 && memcmp(v->p, "SSH-", 4) == 0;

		if (nl == NULL)
			return v->n > 8192 ? ERR_MALFORMED : ERR_AGAIN;
		v->n -= (size_t)(nl + 1 - v->p);
		v->p = nl + 1;
		if (is_version)
			return ERR_OK;
	}
}

int hostcert_read(const struct buf *in, struct view *blob, struct why *why)
{
	struct view v = { buf_ptr(in), in->len }, packet, payload;
	uint8_t pad, type;
	uint32_t len;
	int r = skip_version(&v);

	while (r == ERR_OK) {
		if (view_u32(&v, &len) < 0)
			return ERR_AGAIN;
		if (len < 5 || len > SCAN_PACKET_MAX)
			return why_fail(why, ERR_MALFORMED, "the target does not speak SSH");
		if (view_bytes(&v, len, &packet) < 0)
			return ERR_AGAIN;
		if (view_u8(&packet, &pad) < 0 || pad >= packet.n || view_bytes(&packet, packet.n - pad, &payload) < 0 || view_u8(&payload, &type) < 0)
			return why_fail(why, ERR_MALFORMED, "the target does not speak SSH");
		if (type == ECDH_REPLY)
			return view_string(&payload, blob) < 0 ? why_fail(why, ERR_MALFORMED, "the target's key exchange is cut off") : ERR_OK;
		if (type == DISCONNECT)
			return why_fail(why, ERR_UNSUPPORTED, "the target has no host certificate");
	}
	return r == ERR_AGAIN ? r : why_fail(why, r, "the target does not speak SSH");
}
