/* See unseal.h. */
#include "cli/unseal.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

/* What a crash left of it, without its tag: CMS_decrypt() of OpenSSL 3.0.22 and later gives nothing that it could not check to the end.
 * A wrong key gives rubbish instead of a failure, so that what comes out must begin as a recording does. Returns how many bytes. */
static off_t unseal_torn(CMS_ContentInfo *cms, EVP_PKEY *pkey, int to)
{
	uint8_t piece[16384];
	off_t size = 0;
	BIO *content;
	int n;

	if (ftruncate(to, 0) != 0 || lseek(to, 0, SEEK_SET) != 0 || CMS_decrypt_set1_pkey(cms, pkey, NULL) != 1)
		return 0;
	content = CMS_dataInit(cms, NULL);
	while (content != NULL && (n = BIO_read(content, piece, sizeof(piece))) > 0) {
		if (size == 0 && (n < 2 || piece[0] != 0x1f || piece[1] != 0x8b))
			break;
		if (write(to, piece, (size_t)n) != n)
			break;
		size += n;
	}
	BIO_free_all(content);
	OPENSSL_cleanse(piece, sizeof(piece));
	return size;
}

int unseal(int fd, const char *key, int *out, struct why *w)
{
	BIO *in = BIO_new_fd(fd, BIO_CLOSE), *clear = NULL, *pem = NULL;
	CMS_ContentInfo *cms = NULL;
	EVP_PKEY *pkey = NULL;
	int r = ERR_CRYPTO, to = -1;
	off_t size = 0;

	*out = -1;
	if (in == NULL) {
		close(fd);
		return ERR_NOMEM;
	}
	if (key == NULL) {
		r = why_fail(w, ERR_NOTFOUND, "the recording is encrypted: --key FILE with its reader's private key opens it");
		goto done;
	}
	pem = BIO_new_file(key, "r");
	pkey = pem != NULL ? PEM_read_bio_PrivateKey(pem, NULL, NULL, NULL) : NULL;
	if (pkey == NULL) {
		r = why_fail(w, ERR_CRYPTO, "%s is not a private key in PEM", key);
		goto done;
	}
	cms = d2i_CMS_bio(in, NULL);
	if (cms == NULL) {
		r = why_fail(w, ERR_CRYPTO, "the encrypted file is not whole: sallyport-recorder --repair completes what a crash cut");
		goto done;
	}
	to = memfd_create("recording", MFD_CLOEXEC);
	clear = to >= 0 ? BIO_new_fd(to, BIO_NOCLOSE) : NULL;
	if (clear == NULL) {
		r = why_fail(w, ERR_SYS, "no memory: %s", strerror(errno));
		goto done;
	}
	r = ERR_OK;
	if (CMS_decrypt(cms, pkey, NULL, NULL, clear, CMS_BINARY) != 1) {
		(void)BIO_flush(clear);
		size = lseek(to, 0, SEEK_END);
		if (size <= 0)
			size = unseal_torn(cms, pkey, to);
		if (size <= 0)
			r = why_fail(w, ERR_CRYPTO, "the key does not open this recording");
		else
			fputs("sallyport: the recording's end was lost in a crash: its tag is missing, and only its digest in the log vouches for it\n",
			      stderr);
	}
	if (r == ERR_OK && lseek(to, 0, SEEK_SET) != 0)
		r = ERR_SYS;
	if (r == ERR_OK) {
		*out = to;
		to = -1;
	}
done:
	ERR_clear_error();
	if (to >= 0)
		close(to);
	BIO_free(clear);
	BIO_free(pem);
	BIO_free(in);
	EVP_PKEY_free(pkey);
	CMS_ContentInfo_free(cms);
	return r;
}
