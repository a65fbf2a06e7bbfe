/* The target's host key against the pinned ones, byte for byte. Whatever is not exactly equal is another key. */
#include <stdlib.h>
#include <string.h>

#include "server/session.h"

/* "TYPE BASE64", whatever follows (a comment) cut off. */
static struct view two_fields(struct view v)
{
	size_t spaces = 0;

	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == ' ' && ++spaces == 2) {
			v.n = i;
			break;
		}
	}
	return v;
}

int hostkey_check(ssh_key key, const struct buf *pinned, struct why *why)
{
	struct view list = { buf_ptr(pinned), pinned->len }, item;
	const char *type = ssh_key_type_to_char(ssh_key_type(key));
	char *text = NULL;
	size_t nt, nb;
	int r = ERR_SIGNATURE;

	if (type == NULL || ssh_pki_export_pubkey_base64(key, &text) != SSH_OK || text == NULL)
		return why_fail(why, ERR_CRYPTO, "the target's host key cannot be read");
	nt = strlen(type);
	nb = strlen(text);
	while (proto_list_next(&list, &item) == ERR_OK) {
		item = two_fields(item);
		if (item.n == nt + 1 + nb && memcmp(item.p, type, nt) == 0 && item.p[nt] == ' ' && memcmp(item.p + nt + 1, text, nb) == 0) {
			r = ERR_OK;
			break;
		}
	}
	ssh_string_free_char(text);
	if (r < 0)
		why_set(why, "the target's host key is not the pinned one; nothing was sent to it");
	return r;
}

void hostkey_fingerprint(ssh_key key, char *out, size_t n)
{
	unsigned char *hash = NULL;
	size_t len = 0;
	char *text = NULL;

	out[0] = '\0';
	if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &len) == 0)
		text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, len);
	if (text != NULL && strlen(text) < n)
		memcpy(out, text, strlen(text) + 1);
	ssh_string_free_char(text);
	ssh_clean_pubkey_hash(&hash);
}
