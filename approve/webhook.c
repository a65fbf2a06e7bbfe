/* See webhook.h. */
#include "approve/webhook.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "identity/b64.h"

static int read_secret(const char *path, struct buf *out)
{
	uint8_t raw[1024];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, raw, sizeof(raw)) : -1;
	int r;

	if (fd >= 0)
		close(fd);
	while (n > 0 && (raw[n - 1] == '\n' || raw[n - 1] == '\r'))
		n--;
	if (n <= 0)
		return ERR_NOTFOUND;
	if (n > 6 && memcmp(raw, "whsec_", 6) == 0)
		r = b64_decode(B64_STD, (const char *)raw + 6, (size_t)n - 6, out);
	else
		r = buf_put(out, raw, (size_t)n);
	wipe(raw, sizeof(raw));
	return r;
}

/* "webhook-signature: v1,BASE64(HMAC-SHA256(secret, id.timestamp.body))" (Standard Webhooks, section "Signature scheme"). */
static int sign(struct buf *header, const char *secret_file, const char *id, int64_t now_s, const void *body, size_t n)
{
	struct buf secret, text;
	uint8_t mac[32];
	unsigned len = sizeof(mac);
	int r;

	buf_init_secret(&secret, 2048);
	buf_init(&text, 1 << 20);
	r = read_secret(secret_file, &secret);
	if (r >= 0)
		r = buf_printf(&text, "%s.%lld.", id, (long long)now_s);
	if (r >= 0)
		r = buf_put(&text, body, n);
	if (r >= 0 && HMAC(EVP_sha256(), buf_ptr(&secret), (int)secret.len, buf_ptr(&text), text.len, mac, &len) == NULL)
		r = ERR_CRYPTO;
	if (r >= 0)
		r = buf_put_str(header, "webhook-signature: v1,");
	if (r >= 0)
		r = b64_encode(B64_STD, mac, sizeof(mac), header);
	buf_free(&secret);
	buf_free(&text);
	return r;
}

int webhook_headers(struct webhook_headers *h, const char *secret_file, const char *id, int64_t now_s, const void *body, size_t n)
{
	int r;

	memset(h, 0, sizeof(*h));
	buf_init(&h->signature, 1024);
	h->list[0] = "Content-Type: application/json";
	r = sign(&h->signature, secret_file, id, now_s, body, n);
	if (r < 0)
		return r;
	snprintf(h->id, sizeof(h->id), "webhook-id: %s", id);
	snprintf(h->stamp, sizeof(h->stamp), "webhook-timestamp: %lld", (long long)now_s);
	h->list[1] = h->id;
	h->list[2] = h->stamp;
	h->list[3] = buf_cstr(&h->signature);
	return h->list[3] != NULL ? ERR_OK : ERR_NOMEM;
}

void webhook_headers_free(struct webhook_headers *h)
{
	buf_free(&h->signature);
}
