/* Receipts; see receipt.h. libjwt signs here what Sallyport itself says; it never verifies anything. */
#include "approve/receipt.h"

#include <errno.h>
#include <fcntl.h>
#include <jwt.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "approve/control.h"
#include "audit/digest.h"
#include "base/log.h"
#include "identity/b64.h"

static const char path[] = "control/receipt.pem";

struct receipts {
	struct buf pem;
	char x[64], y[64], kid[64]; /* base64url */
};

static int b64url(const uint8_t *p, size_t n, char *out, size_t room)
{
	struct buf b;
	int r;

	buf_init(&b, room - 1);
	r = b64_encode(B64_URL, p, n, &b);
	if (r >= 0) {
		memcpy(out, buf_ptr(&b), b.len);
		out[b.len] = '\0';
	}
	buf_free(&b);
	return r;
}

/* The kid is the key's thumbprint (RFC 7638). */
static int describe(struct receipts *rc, EVP_PKEY *key)
{
	BIGNUM *x = NULL, *y = NULL;
	uint8_t raw[32], d[DIGEST_SIZE];
	char text[256];
	int r = ERR_CRYPTO;

	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
	    BN_bn2binpad(x, raw, 32) == 32) {
		r = b64url(raw, 32, rc->x, sizeof(rc->x));
		if (r >= 0)
			r = BN_bn2binpad(y, raw, 32) == 32 ? b64url(raw, 32, rc->y, sizeof(rc->y)) : ERR_CRYPTO;
	}
	BN_free(x);
	BN_free(y);
	if (r < 0)
		return r;
	snprintf(text, sizeof(text), "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", rc->x, rc->y);
	r = digest(text, strlen(text), d);
	return r < 0 ? r : b64url(d, sizeof(d), rc->kid, sizeof(rc->kid));
}

static int write_key(EVP_PKEY *key)
{
	BIO *mem = BIO_new(BIO_s_mem());
	char *p = NULL;
	long n = 0;
	int fd = -1, r = ERR_CRYPTO;

	if (mem != NULL && PEM_write_bio_PKCS8PrivateKey(mem, key, NULL, NULL, 0, NULL, NULL) == 1)
		n = BIO_get_mem_data(mem, &p);
	if (n > 0) {
		fd = open("control/receipt.pem.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
		r = fd >= 0 && write(fd, p, (size_t)n) == n && fsync(fd) == 0 && rename("control/receipt.pem.new", path) == 0 ? ERR_OK : ERR_SYS;
		wipe(p, (size_t)n);
	}
	if (fd >= 0)
		close(fd);
	BIO_free(mem);
	return r;
}

static int read_key(struct buf *pem)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	uint8_t *p;
	ssize_t n;

	if (fd < 0)
		return ERR_NOTFOUND;
	p = buf_reserve(pem, 4096);
	n = p != NULL ? read(fd, p, 4096) : -1;
	if (n > 0)
		buf_added(pem, (size_t)n);
	close(fd);
	return n > 0 ? ERR_OK : ERR_SYS;
}

int receipt_open(struct control *c)
{
	struct receipts *rc = calloc(1, sizeof(*rc));
	EVP_PKEY *key = NULL;
	BIO *mem;
	int r;

	if (rc == NULL)
		return ERR_NOMEM;
	c->receipts = rc;
	buf_init_secret(&rc->pem, 8192);
	r = read_key(&rc->pem);
	if (r == ERR_NOTFOUND) {
		key = EVP_EC_gen("P-256");
		r = key != NULL ? write_key(key) : ERR_CRYPTO;
		EVP_PKEY_free(key);
		key = NULL;
		if (r >= 0)
			r = read_key(&rc->pem);
	}
	if (r >= 0) {
		mem = BIO_new_mem_buf(buf_ptr(&rc->pem), (int)rc->pem.len);
		key = mem != NULL ? PEM_read_bio_PrivateKey(mem, NULL, NULL, NULL) : NULL;
		BIO_free(mem);
		r = key != NULL ? describe(rc, key) : ERR_MALFORMED;
	}
	EVP_PKEY_free(key);
	if (r < 0)
		log_error("the key for receipts (%s in the state folder): %s", path, r == ERR_SYS ? strerror(errno) : err_text(r));
	return r;
}

void receipt_close(struct control *c)
{
	if (c->receipts == NULL)
		return;
	buf_free(&c->receipts->pem);
	free(c->receipts);
	c->receipts = NULL;
}

json_t *receipt_jwks(struct control *c)
{
	struct receipts *rc = c->receipts;

	return json_pack("{s:[{s:s,s:s,s:s,s:s,s:s,s:s,s:s}]}", "keys", "kty", "EC", "crv", "P-256", "x", rc->x, "y", rc->y, "use", "sig", "alg",
			 "ES256", "kid", rc->kid);
}

int receipt_make(struct control *c, const struct approval *a, char **out)
{
	struct receipts *rc = c->receipts;
	jwt_t *jwt = NULL;
	json_t *claims;
	char *text = NULL, *made;
	int r = ERR_OK;

	*out = NULL;
	if (a->decided_ms == 0 || a->n_votes == 0)
		return ERR_WRONGSTATE;
	claims = json_pack("{s:s,s:s,s:s,s:I,s:o}", "iss", c->config->http.public_url != NULL ? c->config->http.public_url : c->config->audit.origin,
			   "sub", a->id, "jti", a->id, "iat", (json_int_t)(a->decided_ms / 1000), "approval", ask_json(c, a, false));
	text = claims != NULL ? json_dumps(claims, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	json_decref(claims);
	if (text == NULL || jwt_new(&jwt) != 0) {
		free(text);
		return ERR_NOMEM;
	}
	if (jwt_add_grants_json(jwt, text) != 0 || jwt_add_header(jwt, "kid", rc->kid) != 0 ||
	    jwt_set_alg(jwt, JWT_ALG_ES256, buf_ptr(&rc->pem), (int)rc->pem.len) != 0)
		r = ERR_CRYPTO;
	made = r >= 0 ? jwt_encode_str(jwt) : NULL;
	if (made != NULL)
		*out = strdup(made);
	else
		r = ERR_CRYPTO;
	free(made);
	jwt_free(jwt);
	free(text);
	return r < 0 ? r : *out == NULL ? ERR_NOMEM : ERR_OK;
}
