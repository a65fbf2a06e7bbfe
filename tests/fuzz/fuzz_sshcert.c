/* Fuzzes certificates, plain keys, key lines and address lists. A first byte of 'l' makes the rest a line, 'a' an address list, anything
 * else a blob. No certificate that a fuzzer makes is signed by the CA here. */
#include <stdlib.h>
#include <string.h>

#include "identity/sshcert.h"

/* The public key of RFC 8032's first test; its private key is as public. */
static const uint8_t ca_blob[] = "\0\0\0\x0bssh-ed25519\0\0\0\x20"
	"\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a\x0e\xe1\x72\xf3\xda\xa6\x23\x25\xaf\x02\x1a\x68\xf7\x07\x51\x1a";

static void blob(struct view v)
{
	struct view ca = { ca_blob, sizeof(ca_blob) - 1 };
	struct sshcert_rules rules = { .cas = &ca, .n_cas = 1, .type = SSHCERT_USER, .now = 1800000000 };
	struct sshcert c;
	struct sshkey key;
	struct buf plain;
	struct why why;
	char fp[SSHKEY_FINGERPRINT];

	sshkey_fingerprint(v, fp);
	if (sshcert_parse(v, &c, &why) == ERR_OK) {
		if (!sshcert_is(v))
			abort();
		/* Under its own CA it may pass, if it says so of itself. */
		sshcert_check(&c, &rules, &why);
		rules.cas = &c.ca_key;
		rules.report_force_command = true;
		rules.source.known = true;
		sshcert_check(&c, &rules, &why);
		buf_init(&plain, SSHKEY_BLOB_MAX);
		if (sshcert_plain_key(&c, &plain) == ERR_OK &&
		    sshkey_parse((struct view){ buf_ptr(&plain), plain.len }, &key, &why) == ERR_UNSUPPORTED)
			abort();
		buf_free(&plain);
	}
	if (sshkey_parse(v, &key, &why) == ERR_OK)
		sshkey_sound(&key, &why);
}

static void line(const char *s, size_t n)
{
	struct buf b, again;
	char *comment;
	struct why why;

	buf_init(&b, SSHKEY_BLOB_MAX);
	buf_init(&again, SSHKEY_LINE_MAX);
	if (sshkey_parse_line(s, n, &b, &comment, &why) == ERR_OK) {
		struct view v = { buf_ptr(&b), b.len };

		/* What was read can be written, and begins as it was given. */
		if (sshkey_format_line(v, comment, &again) < 0 || again.len > n || memcmp(buf_ptr(&again), s, again.len) != 0)
			abort();
		blob(v);
	}
	free(comment);
	buf_free(&b);
	buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct addr a = { .known = true };

	if (size > 0 && data[0] == 'l')
		line((const char *)data + 1, size - 1);
	else if (size > 0 && data[0] == 'a')
		cidr_match((struct view){ data + 1, size - 1 }, &a);
	else
		blob((struct view){ data, size });
	return 0;
}
