/* The vault's other readers of bytes; the first byte says which: private key fields, a sealed file, a public blob, a checkpoint,
 * an OpenSSH private key. A key that reads must write itself back as the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "vault/checkpoint.h"
#include "vault/import.h"
#include "vault/seal.h"
#include "vault/secmem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_private(const uint8_t *p, size_t n)
{
	struct view v = { p, n };
	struct key *k = NULL;
	struct buf again;

	if (key_read_private(&v, &k) < 0)
		return;
	if (secmem_buf(&again, KEY_PRIVATE_MAX) < 0)
		abort();
	if (key_write_private(k, &again) == ERR_OK && (again.len != n - v.n || memcmp(buf_ptr(&again), p, again.len) != 0))
		abort();
	secmem_buf_free(&again);
	key_free(k);
}

static void read_sealed(const uint8_t *p, size_t n)
{
	static const uint8_t master[MASTER_SIZE] = { 1 };
	struct seal s;
	struct key *k;

	/* Nobody seals without the master key. */
	if (seal_parse(p, n, &s) == ERR_OK && seal_open(master, &s, &k) == ERR_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct checkpoint c;
	enum key_type type;
	struct key *k;
	struct why why;
	struct view v;

	if (size == 0)
		return 0;
	v = (struct view){ data + 1, size - 1 };
	switch (data[0]) {
	case 'p':
		read_private(v.p, v.n);
		break;
	case 's':
		read_sealed(v.p, v.n);
		break;
	case 'b':
		(void)key_check_public(v.p, v.n, &type);
		break;
	case 'c':
		(void)checkpoint_parse(&v, &c, &why);
		break;
	case 'i':
		if (memmem(v.p, v.n, "OPENSSH", 7) != NULL && key_import(v.p, v.n, &k, &why) == ERR_OK)
			key_free(k);
		break;
	default:
		break;
	}
	return 0;
}
