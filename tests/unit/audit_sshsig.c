/* Signatures of the real ssh-keygen verify, for every kind of key; anything changed in them does not. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/sshsig.h"

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/sallyport-sig-XXXXXX");
	assert_non_null(mkdtemp(dir));
	return 0;
}

static int drop_dir(void **state)
{
	char cmd[128];

	(void)state;
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
	return system(cmd);
}

static void slurp(const char *name, struct buf *b)
{
	char path[256];
	FILE *f;
	int c;

	buf_init(b, 1 << 20);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	assert_non_null(f);
	while ((c = fgetc(f)) != EOF)
		assert_int_equal(buf_put_u8(b, (uint8_t)c), ERR_OK);
	fclose(f);
}

static struct view all(const struct buf *b)
{
	return (struct view){ buf_ptr(b), b->len };
}

/* A new key of the type, and a message signed with it. */
static void make_signature(const char *type, const char *message)
{
	char cmd[1200];

	snprintf(cmd, sizeof(cmd), "cd %s && { rm -f k k.pub m m.sig; ssh-keygen -q -t %s -N '' -f k; printf '%%s\\n' '%s' > m; "
		 "ssh-keygen -Y sign -f k -n test@x m; } > /dev/null 2>&1", dir, type, message);
	assert_int_equal(system(cmd), 0);
}

static void ssh_keygen_signatures_verify(void **state)
{
	static const char *const types[] = { "ed25519", "ecdsa -b 256", "ecdsa -b 384", "ecdsa -b 521", "rsa -b 2048" };
	static const uint8_t message[] = "the text\n";
	const struct view m = { message, sizeof(message) - 1 }, other = { message, sizeof(message) - 2 };
	struct buf sig, pub, key, want, who, file, back;
	char fp[52], cmd[300];

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		make_signature(types[i], "the text");
		slurp("m.sig", &sig);
		slurp("k.pub", &pub);
		buf_init(&key, 65536);
		buf_init(&want, 65536);
		buf_init(&who, 1024);
		buf_init(&file, 65536);
		buf_init(&back, 65536);
		assert_int_equal(sshsig_verify(all(&sig), "test@x", m, &key, NULL), ERR_OK);
		assert_int_equal(sshsig_key_line(all(&pub), &want), ERR_OK);
		assert_int_equal(key.len, want.len);
		assert_memory_equal(buf_ptr(&key), buf_ptr(&want), key.len);
		assert_int_equal(sshsig_verify(all(&sig), "other@x", m, &key, NULL), ERR_SIGNATURE);
		assert_int_equal(sshsig_verify(all(&sig), "test@x", other, &key, NULL), ERR_SIGNATURE);
		assert_int_equal(sshsig_fingerprint(all(&want), fp), ERR_OK);
		snprintf(cmd, sizeof(cmd), "ssh-keygen -lf %s/k.pub | grep -qF '%s'", dir, fp);
		assert_int_equal(system(cmd), 0);
		/* armour is that of ssh-keygen, byte for byte */
		assert_int_equal(sshsig_dearmor(all(&sig), &back), ERR_OK);
		assert_int_equal(sshsig_verify(all(&back), "test@x", m, &key, NULL), ERR_OK);
		assert_int_equal(sshsig_armor(all(&back), &file), ERR_OK);
		/* every flipped bit is noticed */
		for (size_t n = 0; n < back.len; n += 3) {
			back.data[back.off + n] ^= 4;
			assert_true(sshsig_verify(all(&back), "test@x", m, &who, NULL) < 0);
			back.data[back.off + n] ^= 4;
		}
		buf_clear(&file);
		buf_clear(&who);
		assert_int_equal(buf_printf(&file, "# comment\nsomebody@x namespaces=\"a,b\" %s\nalice@x,bob@x namespaces=\"test@x\",valid-before=\"20300101Z\" %s\n",
					    buf_cstr(&pub), buf_cstr(&pub)), ERR_OK);
		assert_int_equal(allowed_signers_find(all(&file), all(&want), "test@x", 1700000000, &who), ERR_OK);
		assert_string_equal(buf_cstr(&who), "alice@x,bob@x");
		assert_int_equal(allowed_signers_find(all(&file), all(&want), "test@x", 2000000000, NULL), ERR_NOTFOUND);
		assert_int_equal(allowed_signers_find(all(&file), all(&want), "c", 0, NULL), ERR_NOTFOUND);
		assert_int_equal(allowed_signers_find(all(&file), all(&want), "b", 0, NULL), ERR_OK);
		buf_free(&sig);
		buf_free(&pub);
		buf_free(&key);
		buf_free(&want);
		buf_free(&who);
		buf_free(&file);
		buf_free(&back);
	}
}

static void our_armour_is_that_of_ssh_keygen(void **state)
{
	struct buf sig, blob, text;

	(void)state;
	make_signature("ed25519", "x");
	slurp("m.sig", &sig);
	buf_init(&blob, 65536);
	buf_init(&text, 65536);
	assert_int_equal(sshsig_dearmor(all(&sig), &blob), ERR_OK);
	assert_int_equal(sshsig_armor(all(&blob), &text), ERR_OK);
	assert_string_equal(buf_cstr(&text), buf_cstr(&sig));
	buf_free(&sig);
	buf_free(&blob);
	buf_free(&text);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, drop_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(ssh_keygen_signatures_verify),
		T(our_armour_is_that_of_ssh_keygen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
