/* SSH signatures: what we make verifies, and nothing that was changed does; allowed_signers admits whom it names and no one else. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity/b64.h"
#include "identity/sshsig.h"
#include "tests/unit/identity_mint.h"

#define NOW 1800000000

static struct view str(const char *s)
{
	return (struct view){ (const uint8_t *)s, strlen(s) };
}

static void sign(const struct mint_key *k, const char *ns, enum sshsig_hash hash, const char *alg, const char *message,
	struct buf *out)
{
	struct buf key, tbs, sig;

	buf_init(&key, 4096);
	buf_init(&tbs, 4096);
	buf_init(&sig, 4096);
	buf_init(out, SSHSIG_TEXT_MAX);
	mint_ssh_key(k, &key);
	assert_int_equal(sshsig_tbs(ns, hash, str(message), &tbs), ERR_OK);
	mint_ssh_sign(k, alg, mint_view(&tbs), &sig);
	assert_int_equal(sshsig_armor(mint_view(&key), ns, hash, mint_view(&sig), out), ERR_OK);
	buf_free(&key);
	buf_free(&tbs);
	buf_free(&sig);
}

static int verify(const struct buf *text, const char *ns, const char *message)
{
	struct sshsig sig;
	int r = sshsig_parse((const char *)buf_ptr(text), text->len, &sig, NULL);

	if (r == ERR_OK)
		r = sshsig_verify(&sig, ns, str(message), NULL);
	sshsig_free(&sig);
	return r;
}

static void what_is_signed_verifies_and_nothing_else(void **state)
{
	static const enum pkey_kind kinds[] = { PKEY_ED25519, PKEY_P256, PKEY_P384, PKEY_P521, PKEY_RSA };

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		for (int h = 0; h < 2; h++) {
			struct mint_key k = mint_key(kinds[i], 2048);
			struct buf text;

			sign(&k, "approval@sallyport", h ? SSHSIG_SHA256 : SSHSIG_SHA512, NULL, "yes", &text);
			assert_int_equal(verify(&text, "approval@sallyport", "yes"), ERR_OK);
			assert_int_equal(verify(&text, "approval@sallyport", "no"), ERR_SIGNATURE);
			assert_int_equal(verify(&text, "file", "yes"), ERR_REFUSED);
			assert_int_equal(verify(&text, "approval@sallypor", "yes"), ERR_REFUSED);
			buf_free(&text);
			mint_key_free(&k);
		}
	}
}

static void sha1_is_refused(void **state)
{
	struct mint_key k = mint_key(PKEY_RSA, 2048);
	struct buf text;

	(void)state;
	sign(&k, "n", SSHSIG_SHA512, "ssh-rsa", "m", &text);
	assert_int_equal(verify(&text, "n", "m"), ERR_REFUSED);
	buf_free(&text);
	sign(&k, "n", SSHSIG_SHA512, "rsa-sha2-256", "m", &text);
	assert_int_equal(verify(&text, "n", "m"), ERR_OK);
	buf_free(&text);
	mint_key_free(&k);
}

/* Every bit of the decoded signature counts, and so does every byte of the text. */
static void every_change_is_noticed(void **state)
{
	struct mint_key k = mint_key(PKEY_ED25519, 0);
	struct buf text, raw, again;
	struct sshsig sig;

	(void)state;
	sign(&k, "n", SSHSIG_SHA512, NULL, "m", &text);
	assert_int_equal(sshsig_parse(buf_cstr(&text), text.len, &sig, NULL), ERR_OK);
	raw = sig.raw;
	for (size_t i = 0; i < raw.len; i++) {
		raw.data[raw.off + i] ^= 1;
		buf_init(&again, SSHSIG_TEXT_MAX);
		buf_put_str(&again, "-----BEGIN SSH SIGNATURE-----\n");
		b64_encode(B64_STD, buf_ptr(&raw), raw.len, &again);
		buf_put_str(&again, "\n-----END SSH SIGNATURE-----\n");
		if (verify(&again, "n", "m") == ERR_OK)
			fail_msg("byte %zu of the signature does not count", i);
		buf_free(&again);
		raw.data[raw.off + i] ^= 1;
	}
	sshsig_free(&sig);
	for (size_t i = 0; i < text.len - 1; i++) {
		struct buf cut = text;

		cut.len = i;
		assert_true(verify(&cut, "n", "m") < 0);
	}
	buf_put_str(&text, "\n\n");
	assert_int_equal(verify(&text, "n", "m"), ERR_OK);
	buf_put_str(&text, "x");
	assert_int_equal(verify(&text, "n", "m"), ERR_MALFORMED);
	buf_free(&text);
	mint_key_free(&k);
}

static void namespaces_have_a_form(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	assert_int_equal(sshsig_tbs("", SSHSIG_SHA512, str("m"), &out), ERR_MALFORMED);
	assert_int_equal(sshsig_tbs("a b", SSHSIG_SHA512, str("m"), &out), ERR_MALFORMED);
	assert_int_equal(out.len, 0);
	buf_free(&out);
}

static void allowed_signers_admit_whom_they_name(void **state)
{
	static const struct {
		const char *before; /* of the key */
		const char *principal;
		int want;
	} rows[] = {
		{ "alice@example.com", "alice@example.com", ERR_OK },
		{ "alice@example.com", NULL, ERR_OK },
		{ "alice@example.com", "alice@example.co", ERR_NOTFOUND },
		{ "*@example.com", "bob@example.com", ERR_OK },
		{ "*@example.com,!bob@*", "bob@example.com", ERR_NOTFOUND },
		{ "bob,alice", "alice", ERR_OK },
		{ "\"bob,alice\"", "alice", ERR_OK },
		{ "alice namespaces=\"approval\"", "alice", ERR_OK },
		{ "alice namespaces=\"file,app*\"", "alice", ERR_OK },
		{ "alice namespaces=\"file\"", "alice", ERR_NOTFOUND },
		{ "alice namespaces=\"file\",namespaces=\"approval\"", "alice", ERR_NOTFOUND },
		{ "alice cert-authority", "alice", ERR_NOTFOUND },
		{ "alice cert-authority,namespaces=\"approval\"", "alice", ERR_NOTFOUND },
		{ "alice restrict", "alice", ERR_NOTFOUND },
		{ "alice valid-before=\"20270115080001Z\"", "alice", ERR_OK }, /* NOW is 2027-01-15 08:00:00 */
		{ "alice valid-before=\"20270115080000Z\"", "alice", ERR_NOTFOUND },
		{ "alice valid-after=\"20270115080000Z\"", "alice", ERR_OK },
		{ "alice valid-after=\"20270115080001Z\"", "alice", ERR_NOTFOUND },
		{ "alice valid-after=\"20270115Z\",valid-before=\"202701150801Z\"", "alice", ERR_OK },
		{ "alice valid-before=\"20990101\"", "alice", ERR_NOTFOUND },
		{ "alice valid-before=\"20991301Z\"", "alice", ERR_NOTFOUND },
		{ "alice valid-before=20990101Z", "alice", ERR_OK },
		{ "#alice", NULL, ERR_NOTFOUND },
		{ "alice namespaces=\"approval", "alice", ERR_NOTFOUND },
	};
	struct mint_key k = mint_key(PKEY_ED25519, 0), other = mint_key(PKEY_ED25519, 0);
	struct buf key, other_key, line, other_line;

	(void)state;
	buf_init(&key, 4096);
	buf_init(&other_key, 4096);
	buf_init(&line, 4096);
	buf_init(&other_line, 4096);
	mint_ssh_key(&k, &key);
	mint_ssh_key(&other, &other_key);
	assert_int_equal(sshkey_format_line(mint_view(&key), "a comment", &line), ERR_OK);
	assert_int_equal(sshkey_format_line(mint_view(&other_key), NULL, &other_line), ERR_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text, *patterns;
		int r;

		assert_true(asprintf(&text, "# who may\n\nmallory %s\n%s %s", buf_cstr(&other_line), rows[i].before,
			buf_cstr(&line)) > 0);
		r = sshsig_allowed(text, strlen(text), mint_view(&key), "approval", rows[i].principal, NOW, &patterns, NULL);
		if (r != rows[i].want)
			fail_msg("%s: %s", rows[i].before, err_text(r));
		assert_true((patterns != NULL) == (r == ERR_OK));
		free(patterns);
		free(text);
	}
	buf_free(&key);
	buf_free(&other_key);
	buf_free(&line);
	buf_free(&other_line);
	mint_key_free(&k);
	mint_key_free(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_signed_verifies_and_nothing_else),
		cmocka_unit_test(sha1_is_refused),
		cmocka_unit_test(every_change_is_noticed),
		cmocka_unit_test(namespaces_have_a_form),
		cmocka_unit_test(allowed_signers_admit_whom_they_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
