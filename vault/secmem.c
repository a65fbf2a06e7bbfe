/* Locked memory for secrets; see secmem.h. Distrusts: swap, core dumps, other processes of the same user. */
#include "vault/secmem.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "vault/crypto.h"

/* Largest first: the usual limit on locked memory is 8 MiB, in old containers 64 KiB. Keys are unsealed one at a time,
 * so the smallest is enough. */
static const size_t secmem_sizes[] = { 1 << 20, 1 << 18, 1 << 16 };

int secmem_init(bool *locked)
{
	const struct rlimit none = { 0, 0 };
	size_t i;

	if (locked != NULL)
		*locked = false;
	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return ERR_SYS;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return ERR_SYS;
	if (CRYPTO_secure_malloc_initialized())
		return ERR_OK;
	for (i = 0; i < sizeof(secmem_sizes) / sizeof(secmem_sizes[0]); i++) {
		int r = CRYPTO_secure_malloc_init(secmem_sizes[i], 32);

		if (r == 1) {
			if (locked != NULL)
				*locked = true;
			return ERR_OK;
		}
		/* 2: usable, but mlock() or the guard pages failed; a smaller one may fit the limit. */
		if (r == 2 && i + 1 < sizeof(secmem_sizes) / sizeof(secmem_sizes[0]))
			CRYPTO_secure_malloc_done();
		else if (r == 0)
			return ERR_NOMEM;
	}
	return ERR_OK;
}

void *secmem_alloc(size_t n)
{
	return OPENSSL_secure_zalloc(n > 0 ? n : 1);
}

void secmem_free(void *p, size_t n)
{
	if (p != NULL)
		OPENSSL_secure_clear_free(p, n > 0 ? n : 1);
}

int secmem_buf(struct buf *b, size_t n)
{
	buf_init_secret(b, n);
	/* buf.c keeps one byte behind the content free, so cap > max means that it never has to move. */
	b->data = secmem_alloc(n + 1);
	if (b->data == NULL)
		return ERR_NOMEM;
	b->cap = n + 1;
	return ERR_OK;
}

void secmem_buf_free(struct buf *b)
{
	if (b == NULL || b->data == NULL)
		return;
	secmem_free(b->data, b->cap);
	memset(b, 0, sizeof(*b));
}
