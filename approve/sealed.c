/* See sealed.h. */
#include "approve/sealed.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include "base/err.h"
#include "base/proto.h"

enum { PEM_BYTES = 16 << 10 };

/* Whether recordings can be encrypted to it. */
static const char *reject(const char *pem, size_t n)
{
	BIO *b = BIO_new_mem_buf(pem, (int)n);
	X509 *cert = b != NULL ? PEM_read_bio_X509(b, NULL, NULL, NULL) : NULL;
	int type = cert != NULL ? EVP_PKEY_get_base_id(X509_get0_pubkey(cert)) : 0;

	X509_free(cert);
	BIO_free(b);
	return cert == NULL ? "not a certificate in PEM" : type != EVP_PKEY_RSA && type != EVP_PKEY_EC ? "its key is neither RSA nor EC" : NULL;
}

int sealed_load(const struct config *cfg, struct buf *list, struct buf *errors)
{
	const struct config_strings *names = &cfg->recording.encrypt_to;
	char pem[PEM_BYTES];
	const char *why;
	int r = ERR_OK, fd;
	ssize_t n;

	buf_clear(list);
	for (size_t i = 0; i < names->n; i++) {
		fd = open(names->v[i], O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		n = fd >= 0 ? read(fd, pem, sizeof(pem)) : -1;
		if (fd >= 0)
			close(fd);
		why = n <= 0 ? "cannot be read" : n == (ssize_t)sizeof(pem) ? "larger than a certificate" : reject(pem, (size_t)n);
		if (why != NULL) {
			(void)buf_printf(errors, "%s: recording.encrypt_to: %s: %s\n", cfg->path, names->v[i], why);
			r = ERR_MALFORMED;
		} else if (proto_list_put(list, pem, (size_t)n) < 0) {
			r = ERR_NOMEM;
		}
	}
	return r;
}
