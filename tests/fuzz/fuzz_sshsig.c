/* Fuzzes signatures and lists of allowed signers. A first byte of 'a' makes the rest a list. */
#include <stdlib.h>
#include <string.h>

#include "identity/sshsig.h"

static const uint8_t key_blob[] = "\0\0\0\x0bssh-ed25519\0\0\0\x20"
	"\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a\x0e\xe1\x72\xf3\xda\xa6\x23\x25\xaf\x02\x1a\x68\xf7\x07\x51\x1a";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view key = { key_blob, sizeof(key_blob) - 1 };
	struct sshsig sig;
	struct why why;
	char *principals;

	if (size > 0 && data[0] == 'a') {
		int r = sshsig_allowed((const char *)data + 1, size - 1, key, "n", "p@example.com", 1800000000, &principals, &why);

		if ((r == ERR_OK) != (principals != NULL))
			abort();
		free(principals);
		return 0;
	}
	if (sshsig_parse((const char *)data, size, &sig, &why) == ERR_OK)
		sshsig_verify(&sig, "n", (struct view){ (const uint8_t *)"m", 1 }, &why);
	sshsig_free(&sig);
	return 0;
}
