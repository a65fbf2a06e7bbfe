/* Signing what goes out by webhook, as Standard Webhooks says. */
#ifndef APPROVE_WEBHOOK_H
#define APPROVE_WEBHOOK_H

#include <stdint.h>

#include "base/buf.h"

/* The headers of one message: content type, id, timestamp and signature, with room for them. */
struct webhook_headers {
	const char *list[5];
	char id[128], stamp[64];
	struct buf signature;
};

/* secret_file: holds "whsec_" and base64, or bytes as they are. id: the same for every attempt of a message, without a dot. now_s: Unix
 * seconds. ERR_OK, ERR_NOTFOUND (the secret cannot be read), ERR_CRYPTO… Free with webhook_headers_free() in any case. */
int webhook_headers(struct webhook_headers *h, const char *secret_file, const char *id, int64_t now_s, const void *body, size_t n);
void webhook_headers_free(struct webhook_headers *h);

#endif
