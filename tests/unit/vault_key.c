/* Keys are read as OpenSSH and OpenSSL write them, sign as OpenSSL verifies, and a key whose parts do not fit is refused. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vault/crypto.h"
#include "vault/import.h"
#include "vault/secmem.h"
#include "vault/sign.h"

static char dir[64];

/* The output of a command, into buf. */
static size_t run(const char *command, char *out, size_t max)
{
	FILE *f = popen(command, "r");
	size_t n;

	assert_non_null(f);
	n = fread(out, 1, max - 1, f);
	out[n] = '\0';
	assert_int_equal(pclose(f), 0);
	return n;
}

static const char *const made_by[] = {
	"ssh-keygen -q -t ed25519 -N '' -C c -f %s/k",
	"ssh-keygen -q -t ecdsa -b 256 -N '' -C c -f %s/k",
	"ssh-keygen -q -t rsa -b 3072 -N '' -C c -f %s/k",
	"ssh-keygen -q -t rsa -b 3072 -m PEM -N '' -C c -f %s/k",
	"ssh-keygen -q -t ecdsa -b 256 -m PKCS8 -N '' -C c -f %s/k",
	"openssl genpkey -algorithm ed25519 -out %s/k && chmod 600 %s/k",
	"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:named_curve -out %s/k && chmod 600 %s/k",
};

static void make_key(const char *how, char *text, size_t max)
{
	char command[512], rest[256];

	snprintf(command, sizeof(command), "rm -f %s/k %s/k.pub", dir, dir);
	run(command, rest, sizeof(rest));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(command, sizeof(command), how, dir, dir);
#pragma GCC diagnostic pop
	run(command, rest, sizeof(rest));
	snprintf(command, sizeof(command), "cat %s/k", dir);
	run(command, text, max);
}

/* The line that the vault prints is the line that ssh-keygen derives from the private key. */
static void imported_keys_are_the_keys_that_were_given(void **state)
{
	static char text[16384], line[4096], command[256];
	struct why why = { "" };

	(void)state;
	for (size_t i = 0; i < sizeof(made_by) / sizeof(made_by[0]); i++) {
		struct key *k = NULL, *again = NULL;
		struct buf blob, mine, priv;
		struct view v;
		bool pkcs8_ed25519 = strstr(made_by[i], "genpkey -algorithm ed25519") != NULL;

		make_key(made_by[i], text, sizeof(text));
		assert_int_equal(key_import((uint8_t *)text, strlen(text), &k, &why), ERR_OK);
		buf_init(&blob, KEY_BLOB_MAX);
		buf_init(&mine, 8192);
		assert_int_equal(key_write_public(k, &blob), ERR_OK);
		assert_int_equal(key_write_line(buf_ptr(&blob), blob.len, "c", &mine), ERR_OK);
		if (!pkcs8_ed25519) { /* which ssh-keygen of Debian 12 cannot read */
			snprintf(command, sizeof(command), "ssh-keygen -y -f %s/k", dir);
			run(command, line, sizeof(line));
			*strchr(line, '\n') = '\0';
			if (strrchr(line, ' ') - strchr(line, ' ') == 0)
				strcat(line, " c");
			assert_string_equal(buf_cstr(&mine), line);
		}
		/* What is sealed reads back as the same key. */
		assert_int_equal(secmem_buf(&priv, KEY_PRIVATE_MAX), ERR_OK);
		assert_int_equal(key_write_private(k, &priv), ERR_OK);
		v = (struct view){ buf_ptr(&priv), priv.len };
		assert_int_equal(key_read_private(&v, &again), ERR_OK);
		assert_int_equal(view_end(&v), ERR_OK);
		assert_int_equal(key_check(again), ERR_OK);
		buf_clear(&mine);
		assert_int_equal(key_write_public(again, &mine), ERR_OK);
		assert_int_equal(mine.len, blob.len);
		assert_memory_equal(buf_ptr(&mine), buf_ptr(&blob), blob.len);
		secmem_buf_free(&priv);
		buf_free(&mine);
		buf_free(&blob);
		key_free(k);
		key_free(again);
	}
}

static void what_is_not_a_key_of_ours_is_refused(void **state)
{
	static const struct {
		const char *how;
		int r;
	} refused[] = {
		{ "ssh-keygen -q -t rsa -b 2048 -N '' -f %s/k", ERR_UNSUPPORTED },
		{ "ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -f %s/k", ERR_UNSUPPORTED },
		{ "ssh-keygen -q -t ecdsa -b 384 -N '' -f %s/k", ERR_UNSUPPORTED },
		{ "ssh-keygen -q -t ed25519 -N secret -f %s/k", ERR_UNSUPPORTED },
		{ "ssh-keygen -q -t rsa -b 3072 -m PEM -N secret -f %s/k", ERR_UNSUPPORTED },
		{ "openssl genpkey -algorithm x25519 -out %s/k", ERR_UNSUPPORTED },
		{ "echo hello > %s/k", ERR_MALFORMED },
		{ "ssh-keygen -q -t ed25519 -N '' -f %s/k && sed -i 3d %s/k", ERR_MALFORMED },
	};
	static char text[16384];
	struct why why = { "" };
	struct key *k;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		make_key(refused[i].how, text, sizeof(text));
		why.text[0] = '\0';
		assert_int_equal(key_import((uint8_t *)text, strlen(text), &k, &why), refused[i].r);
		assert_null(k);
		assert_true(why.text[0] != '\0');
	}
}

/* A public part that is not the private one's own makes Ed25519 give its key away. */
static void a_flipped_public_part_is_refused(void **state)
{
	static const enum key_type types[] = { KEY_ED25519, KEY_ECDSA_P256 };
	struct key *k = NULL, *again = NULL;
	struct buf priv;

	(void)state;
	for (size_t t = 0; t < 2; t++) {
		struct view v;
		int r;

		assert_int_equal(key_generate(types[t], &k), ERR_OK);
		assert_int_equal(secmem_buf(&priv, KEY_PRIVATE_MAX), ERR_OK);
		assert_int_equal(key_write_private(k, &priv), ERR_OK);
		priv.data[t == 0 ? 4 + 11 + 4 + 5 : 4 + 19 + 4 + 8 + 4 + 9] ^= 1; /* inside the public key, or the point */
		v = (struct view){ buf_ptr(&priv), priv.len };
		r = key_read_private(&v, &again);
		if (r == ERR_OK)
			r = key_check(again);
		assert_true(r < 0);
		key_free(again);
		again = NULL;
		key_free(k);
		secmem_buf_free(&priv);
	}
}

/* The fields of an ECDSA key whose private part is of one key and whose point is of another: both are fine by themselves. */
static void splice(struct buf *out)
{
	struct key *k[2];
	struct buf priv[2];
	size_t head = 4 + 19 + 4 + 8 + 4 + 65; /* type, curve, point */

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(key_generate(KEY_ECDSA_P256, &k[i]), ERR_OK);
		assert_int_equal(secmem_buf(&priv[i], KEY_PRIVATE_MAX), ERR_OK);
		assert_int_equal(key_write_private(k[i], &priv[i]), ERR_OK);
	}
	buf_put(out, buf_ptr(&priv[0]), head);
	buf_put(out, buf_ptr(&priv[1]) + head, priv[1].len - head);
	for (size_t i = 0; i < 2; i++) {
		secmem_buf_free(&priv[i]);
		key_free(k[i]);
	}
}

static void a_spliced_key_is_not_imported(void **state)
{
	struct buf inner, outer;
	char text[4096] = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
	struct why why = { "" };
	struct key *k;

	(void)state;
	buf_init(&inner, 4096);
	buf_init(&outer, 4096);
	buf_put(&inner, "\1\2\3\4\1\2\3\4", 8);
	splice(&inner);
	buf_put_string(&inner, "c", 1);
	for (uint8_t pad = 1; inner.len % 8 != 0; pad++)
		buf_put_u8(&inner, pad);
	buf_put(&outer, "openssh-key-v1", 15);
	buf_put_string(&outer, "none", 4);
	buf_put_string(&outer, "none", 4);
	buf_put_string(&outer, "", 0);
	buf_put_u32(&outer, 1);
	buf_put_string(&outer, "public", 6);
	buf_put_string(&outer, buf_ptr(&inner), inner.len);
	EVP_EncodeBlock((unsigned char *)text + strlen(text), buf_ptr(&outer), (int)outer.len);
	strcat(text, "\n-----END OPENSSH PRIVATE KEY-----\n");
	assert_int_equal(key_import((uint8_t *)text, strlen(text), &k, &why), ERR_REFUSED);
	assert_null(k);
	assert_non_null(strstr(why.text, "do not belong together"));
	buf_free(&inner);
	buf_free(&outer);
}

static void every_cut_of_a_private_key_is_refused(void **state)
{
	struct key *k = NULL, *again;
	struct buf priv;

	(void)state;
	assert_int_equal(key_generate(KEY_ECDSA_P256, &k), ERR_OK);
	assert_int_equal(secmem_buf(&priv, KEY_PRIVATE_MAX), ERR_OK);
	assert_int_equal(key_write_private(k, &priv), ERR_OK);
	for (size_t n = 0; n < priv.len; n++) {
		struct view v = { buf_ptr(&priv), n };

		assert_true(key_read_private(&v, &again) < 0);
		assert_null(again);
	}
	secmem_buf_free(&priv);
	key_free(k);
}

static void put_file(const char *name, const void *p, size_t n)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* The text form of an SSHSIG, as ssh-keygen reads it. */
static void armor(const struct buf *sig, struct buf *out)
{
	unsigned char text[8192];
	int len = EVP_EncodeBlock(text, buf_ptr(sig), (int)sig->len);

	assert_int_equal(buf_put_str(out, "-----BEGIN SSH SIGNATURE-----\n"), ERR_OK);
	for (int at = 0; at < len; at += 70)
		assert_int_equal(buf_printf(out, "%.*s\n", len - at < 70 ? len - at : 70, (char *)text + at), ERR_OK);
	assert_int_equal(buf_put_str(out, "-----END SSH SIGNATURE-----\n"), ERR_OK);
}

/* ssh-keygen -Y verify takes the signature of each type of key, and not one over another text. */
static void sshsigs_verify_with_ssh_keygen(void **state)
{
	static const enum key_type types[] = { KEY_ED25519, KEY_ECDSA_P256, KEY_RSA };
	static const char text[] = "example.org/log\n17\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
	char command[512];

	(void)state;
	for (size_t t = 0; t < 3; t++) {
		struct key *k = NULL;
		struct buf blob, sig, text_form, line;

		buf_init(&blob, KEY_BLOB_MAX);
		buf_init(&sig, 8192);
		buf_init(&text_form, 8192);
		buf_init(&line, 8192);
		assert_int_equal(key_generate(types[t], &k), ERR_OK);
		assert_int_equal(key_write_public(k, &blob), ERR_OK);
		assert_int_equal(buf_put_str(&line, "log "), ERR_OK);
		assert_int_equal(key_write_line(buf_ptr(&blob), blob.len, "c\n", &line), ERR_OK);
		assert_int_equal(sign_sshsig(k, "test-space", (const uint8_t *)text, sizeof(text) - 1, &sig), ERR_OK);
		armor(&sig, &text_form);
		put_file("signers", buf_ptr(&line), line.len);
		put_file("sig", buf_ptr(&text_form), text_form.len);
		put_file("text", text, sizeof(text) - 1);
		put_file("other", text, sizeof(text) - 2);
		snprintf(command, sizeof(command),
			 "ssh-keygen -q -Y verify -f %s/signers -I log -n test-space -s %s/sig < %s/text", dir, dir, dir);
		assert_int_equal(system(command), 0);
		snprintf(command, sizeof(command),
			 "ssh-keygen -q -Y verify -f %s/signers -I log -n test-space -s %s/sig < %s/other 2>&1 | grep -q .", dir,
			 dir, dir);
		assert_int_equal(system(command), 0);
		key_free(k);
		buf_free(&blob);
		buf_free(&sig);
		buf_free(&text_form);
		buf_free(&line);
	}
}

static void rsa_never_signs_with_sha1(void **state)
{
	struct key *k = NULL;
	struct buf out;

	(void)state;
	assert_int_equal(key_generate(KEY_RSA, &k), ERR_OK);
	buf_init(&out, KEY_SIGNATURE_MAX);
	assert_int_equal(key_sign(k, KEY_SIGN_PLAIN, (const uint8_t *)"x", 1, &out), ERR_REFUSED);
	assert_int_equal(out.len, 0);
	assert_int_equal(key_sign(k, KEY_SIGN_RSA_SHA256, (const uint8_t *)"x", 1, &out), ERR_OK);
	key_free(k);
	buf_free(&out);
}

/* CVE-2024-31497: nonces with a pattern give an ECDSA key away. Signatures over one text must differ, and their r must fill
 * all bits: among 400 of them the top nine bits being zero in each would be that flaw. */
static void ecdsa_nonces_are_fresh_and_full(void **state)
{
	struct key *k = NULL;
	uint8_t last[64] = { 0 };
	unsigned high = 0;

	(void)state;
	assert_int_equal(key_generate(KEY_ECDSA_P256, &k), ERR_OK);
	for (int i = 0; i < 400; i++) {
		struct view v, name, raw, r;
		struct buf out;

		buf_init(&out, KEY_SIGNATURE_MAX);
		assert_int_equal(key_sign(k, KEY_SIGN_PLAIN, (const uint8_t *)"same", 4, &out), ERR_OK);
		v = (struct view){ buf_ptr(&out), out.len };
		assert_int_equal(view_string(&v, &name), ERR_OK);
		assert_int_equal(view_string(&v, &raw), ERR_OK);
		assert_int_equal(view_string(&raw, &r), ERR_OK);
		assert_true(r.n >= 20 && r.n <= 33);
		assert_true(memcmp(last, r.p, 20) != 0);
		memcpy(last, r.p, 20);
		high += r.n == 33; /* the top bit is set */
		buf_free(&out);
	}
	assert_true(high > 120 && high < 280);
	key_free(k);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/vault_key.XXXXXX");
	return mkdtemp(dir) == NULL;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(imported_keys_are_the_keys_that_were_given),
		cmocka_unit_test(what_is_not_a_key_of_ours_is_refused),
		cmocka_unit_test(a_flipped_public_part_is_refused),
		cmocka_unit_test(a_spliced_key_is_not_imported),
		cmocka_unit_test(every_cut_of_a_private_key_is_refused),
		cmocka_unit_test(sshsigs_verify_with_ssh_keygen),
		cmocka_unit_test(rsa_never_signs_with_sha1),
		cmocka_unit_test(ecdsa_nonces_are_fresh_and_full),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
