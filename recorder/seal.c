/* See seal.h. OpenSSL's CMS does all of it; here it is told for whom and how. */
#include "recorder/seal.h"

#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/proto.h"

enum { READERS_MAX = 8 };

struct seal_readers {
	X509 *cert[READERS_MAX];
	size_t n;
};

struct seal {
	CMS_ContentInfo *cms;
	BIO *sink;  /* the caller's function */
	BIO *chain; /* what is written to, down to sink */
	seal_write_fn *fn;
	void *ctx;
	int error;  /* what fn returned last */
};

static int on_write(BIO *b, const char *p, size_t n, size_t *written)
{
	struct seal *s = BIO_get_data(b);

	s->error = s->fn(s->ctx, p, n);
	*written = s->error < 0 ? 0 : n;
	return s->error >= 0;
}

static long on_control(BIO *b, int what, long num, void *arg)
{
	(void)b;
	(void)num;
	(void)arg;
	return what == BIO_CTRL_FLUSH;
}

/* Kinds of BIO are few: one for all recordings of this process. */
static BIO_METHOD *method;

static int start_crypto(void)
{
	/* A recorder may open nothing but recordings: no configuration of OpenSSL's is looked for. */
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	if (method == NULL)
		method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "recording");
	return method != NULL && BIO_meth_set_write_ex(method, on_write) == 1 && BIO_meth_set_ctrl(method, on_control) == 1 ? ERR_OK : ERR_CRYPTO;
}

int seal_readers_load(struct view list, struct seal_readers **out, struct why *w)
{
	struct seal_readers *r = calloc(1, sizeof(*r));
	struct view pem;
	int k = ERR_OK, type;
	BIO *b;

	*out = NULL;
	if (start_crypto() < 0) {
		free(r);
		return why_fail(w, ERR_CRYPTO, "no cryptography");
	}
	while (r != NULL && (k = proto_list_next(&list, &pem)) == ERR_OK) {
		b = r->n < READERS_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
		if (b == NULL || (r->cert[r->n] = PEM_read_bio_X509(b, NULL, NULL, NULL)) == NULL) {
			BIO_free(b);
			k = why_fail(w, ERR_MALFORMED, "not a certificate in PEM, or more than %d of them", READERS_MAX);
			break;
		}
		BIO_free(b);
		type = EVP_PKEY_get_base_id(X509_get0_pubkey(r->cert[r->n++]));
		if (type != EVP_PKEY_RSA && type != EVP_PKEY_EC) {
			k = why_fail(w, ERR_MALFORMED, "the certificate's key is neither RSA nor EC: recordings cannot be encrypted to it");
			break;
		}
	}
	if (r == NULL)
		return why_fail(w, ERR_NOMEM, "no memory");
	if (k == ERR_EOF && r->n == 0)
		k = why_fail(w, ERR_MALFORMED, "no certificate");
	if (k != ERR_EOF) {
		seal_readers_free(r);
		return k;
	}
	*out = r;
	return ERR_OK;
}

void seal_readers_free(struct seal_readers *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->n; i++)
		X509_free(r->cert[i]);
	free(r);
}

static int add_reader(CMS_ContentInfo *cms, X509 *cert)
{
	CMS_RecipientInfo *ri = CMS_add1_recipient_cert(cms, cert, CMS_KEY_PARAM);
	EVP_PKEY_CTX *key = ri != NULL ? CMS_RecipientInfo_get0_pkey_ctx(ri) : NULL;

	if (ri == NULL)
		return ERR_CRYPTO;
	if (EVP_PKEY_get_base_id(X509_get0_pubkey(cert)) != EVP_PKEY_RSA)
		return ERR_OK;
	return key != NULL && EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_OAEP_PADDING) > 0 && EVP_PKEY_CTX_set_rsa_oaep_md(key, EVP_sha256()) > 0 ?
		       ERR_OK :
		       ERR_CRYPTO;
}

struct seal *seal_new(const struct seal_readers *readers, seal_write_fn *fn, void *ctx)
{
	struct seal *s = calloc(1, sizeof(*s));
	int r = ERR_OK;

	if (s == NULL)
		return NULL;
	s->fn = fn;
	s->ctx = ctx;
	s->cms = CMS_encrypt(NULL, NULL, EVP_aes_256_gcm(), CMS_BINARY | CMS_STREAM | CMS_PARTIAL);
	for (size_t i = 0; s->cms != NULL && r == ERR_OK && i < readers->n; i++)
		r = add_reader(s->cms, readers->cert[i]);
	if (s->cms == NULL || r < 0 || (s->sink = BIO_new(method)) == NULL)
		goto fail;
	BIO_set_data(s->sink, s);
	BIO_set_init(s->sink, 1);
	s->chain = BIO_new_CMS(s->sink, s->cms);
	if (s->chain == NULL)
		goto fail;
	return s;
fail:
	seal_free(s);
	return NULL;
}

int seal_put(struct seal *s, const void *p, size_t n)
{
	size_t written;

	if (n == 0)
		return ERR_OK;
	if (BIO_write_ex(s->chain, p, n, &written) == 1 && written == n)
		return ERR_OK;
	return s->error < 0 ? s->error : ERR_CRYPTO;
}

int seal_end(struct seal *s)
{
	if (BIO_flush(s->chain) == 1)
		return ERR_OK;
	return s->error < 0 ? s->error : ERR_CRYPTO;
}

void seal_free(struct seal *s)
{
	BIO *next;

	if (s == NULL)
		return;
	while (s->chain != NULL && s->chain != s->sink) {
		next = BIO_pop(s->chain);
		BIO_free(s->chain);
		s->chain = next;
	}
	BIO_free(s->sink);
	CMS_ContentInfo_free(s->cms);
	free(s);
}
