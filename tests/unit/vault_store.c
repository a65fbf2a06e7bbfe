/* What lies in the store opens only as what it was put there as, under the master key that sealed it. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vault/store.h"

static char dir[64];
static const uint8_t master[MASTER_SIZE] = "0123456789abcdef0123456789abcde";
static const uint8_t other[MASTER_SIZE] = "another master key, of 32 bytes";

static void path_of(char *path, const char *file)
{
	snprintf(path, 256, "%s/%s", dir, file);
}

static struct store *open_store(void)
{
	struct store *s = NULL;
	struct why why = { "" };

	assert_int_equal(store_open(dir, master, &s, &why), ERR_OK);
	return s;
}

static void put(struct store *s, const char *name, enum store_kind kind)
{
	struct key *k = NULL;
	struct why why = { "" };

	assert_int_equal(key_generate(KEY_ED25519, &k), ERR_OK);
	assert_int_equal(store_put(s, name, kind, k, false, &why), ERR_OK);
	key_free(k);
}

static void a_key_comes_back_after_reopening(void **state)
{
	struct store *s = open_store();
	const struct store_entry *e;
	struct key *k = NULL;
	struct buf before, after;

	(void)state;
	buf_init(&before, KEY_BLOB_MAX);
	buf_init(&after, KEY_BLOB_MAX);
	put(s, "web1", STORE_TARGET);
	e = store_find(s, "web1");
	assert_non_null(e);
	assert_int_equal(buf_put(&before, e->blob.p, e->blob.n), ERR_OK);
	store_free(s);
	s = open_store();
	e = store_find(s, "web1");
	assert_non_null(e);
	assert_int_equal(e->kind, STORE_TARGET);
	assert_int_equal(store_key(s, e, &k), ERR_OK);
	assert_int_equal(key_write_public(k, &after), ERR_OK);
	assert_int_equal(after.len, before.len);
	assert_memory_equal(buf_ptr(&after), buf_ptr(&before), before.len);
	key_free(k);
	store_free(s);
	buf_free(&before);
	buf_free(&after);
}

static void a_wrong_master_key_opens_nothing(void **state)
{
	struct store *s = open_store();
	struct why why = { "" };

	(void)state;
	put(s, "web1", STORE_TARGET);
	store_free(s);
	assert_int_equal(store_open(dir, other, &s, &why), ERR_SIGNATURE);
	assert_null(s);
	assert_non_null(strstr(why.text, "master key"));
}

static size_t slurp(const char *file, uint8_t *p, size_t max)
{
	char path[256];
	FILE *f;
	size_t n;

	path_of(path, file);
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(p, 1, max, f);
	fclose(f);
	return n;
}

static void spill(const char *file, const uint8_t *p, size_t n)
{
	char path[256];
	FILE *f;

	path_of(path, file);
	unlink(path);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	fclose(f);
	chmod(path, 0600);
}

static void every_flipped_byte_and_every_cut_is_refused(void **state)
{
	struct store *s = open_store();
	static uint8_t file[SEAL_MAX];
	struct seal seal;
	struct key *k;
	size_t n;

	(void)state;
	put(s, "web1", STORE_TARGET);
	store_free(s);
	n = slurp("web1.key", file, sizeof(file));
	assert_true(n > 100);
	for (size_t i = 0; i < n; i++) {
		file[i] ^= 0x20;
		if (seal_parse(file, n, &seal) == ERR_OK)
			assert_true(seal_open(master, &seal, &k) < 0);
		file[i] ^= 0x20;
		assert_true(seal_parse(file, i, &seal) < 0);
	}
	assert_true(seal_parse(file, n + 1, &seal) < 0);
	assert_int_equal(seal_parse(file, n, &seal), ERR_OK);
	assert_int_equal(seal_open(master, &seal, &k), ERR_OK);
	key_free(k);
}

static void swapped_files_are_left_out(void **state)
{
	struct store *s = open_store();
	static uint8_t a[SEAL_MAX], b[SEAL_MAX];
	size_t na, nb;

	(void)state;
	put(s, "web1", STORE_TARGET);
	put(s, "web2", STORE_TARGET);
	put(s, "db1", STORE_TARGET);
	put(s, "user-ca", STORE_USER_CA);
	put(s, "target-ca", STORE_TARGET_CA);
	store_free(s);
	na = slurp("web1.key", a, sizeof(a));
	nb = slurp("web2.key", b, sizeof(b));
	spill("web1.key", b, nb);
	spill("web2.key", a, na);
	na = slurp("target-ca.key", a, sizeof(a));
	spill("user-ca.key", a, na);
	s = open_store();
	assert_int_equal(store_broken(s), 3);
	assert_null(store_find(s, "web1"));
	assert_null(store_find(s, "web2"));
	assert_null(store_find(s, "user-ca"));
	assert_non_null(store_find(s, "db1"));
	assert_non_null(store_find(s, "target-ca"));
	store_free(s);
}

/* The name inside patched to the name outside: the first check passes, the seal does not. */
static void a_renamed_file_with_a_patched_name_is_left_out(void **state)
{
	struct store *s = open_store();
	static uint8_t a[SEAL_MAX];
	size_t n;

	(void)state;
	put(s, "web1", STORE_TARGET);
	put(s, "keep", STORE_TARGET);
	store_free(s);
	n = slurp("web1.key", a, sizeof(a));
	assert_memory_equal(a + 12, "web1", 4);
	a[15] = '9';
	spill("web9.key", a, n);
	s = open_store();
	assert_null(store_find(s, "web9"));
	assert_int_equal(store_broken(s), 1);
	store_free(s);
}

static void links_and_open_modes_are_left_out(void **state)
{
	struct store *s = open_store();
	char path[256], target[256];

	(void)state;
	put(s, "a", STORE_TARGET);
	put(s, "b", STORE_TARGET);
	put(s, "c", STORE_TARGET);
	put(s, "keep", STORE_TARGET);
	store_free(s);
	path_of(path, "a.key");
	assert_int_equal(chmod(path, 0640), 0);
	path_of(path, "b.key");
	path_of(target, "elsewhere");
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(symlink("elsewhere", path), 0);
	path_of(path, "c.key");
	path_of(target, "hard");
	assert_int_equal(link(path, target), 0);
	s = open_store();
	assert_int_equal(store_broken(s), 3);
	assert_int_equal(store_count(s), 1);
	store_free(s);
}

static void names_and_kinds_go_together(void **state)
{
	static const struct {
		const char *name;
		enum store_kind kind;
		bool ok;
	} rows[] = {
		{ "web1", STORE_TARGET, true },       { "a.b_c-d", STORE_TARGET, true },
		{ "", STORE_TARGET, false },          { "../x", STORE_TARGET, false },
		{ ".x", STORE_TARGET, false },        { "-x", STORE_TARGET, false },
		{ "Web", STORE_TARGET, false },       { "a b", STORE_TARGET, false },
		{ "user-ca", STORE_TARGET, false },   { "user-ca", STORE_USER_CA, true },
		{ "x", STORE_USER_CA, false },        { "target-ca", STORE_USER_CA, false },
		{ "audit.1", STORE_AUDIT, true },     { "audit.0", STORE_AUDIT, false },
		{ "audit.01", STORE_AUDIT, false },   { "audit.1x", STORE_AUDIT, false },
		{ "audit.1", STORE_TARGET, false },   { "audit.4294967295", STORE_AUDIT, false },
		{ "user-ca.previous", STORE_USER_CA, true },
		{ "0123456789012345678901234567890123456789012345678901234567890123", STORE_TARGET, true },
		{ "01234567890123456789012345678901234567890123456789012345678901234", STORE_TARGET, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(store_name_fits(rows[i].name, rows[i].kind), rows[i].ok);
}

static void what_is_there_is_not_replaced_unasked(void **state)
{
	struct store *s = open_store();
	struct key *k = NULL;
	struct why why;

	(void)state;
	put(s, "web1", STORE_TARGET);
	assert_int_equal(key_generate(KEY_ED25519, &k), ERR_OK);
	assert_int_equal(store_put(s, "web1", STORE_TARGET, k, false, &why), ERR_EXISTS);
	assert_int_equal(store_put(s, "web1", STORE_TARGET, k, true, &why), ERR_OK);
	assert_int_equal(store_count(s), 1);
	key_free(k);
	store_free(s);
}

/* The removed file is overwritten, not only unlinked: a descriptor that was open before reads zeros. */
static void removal_overwrites(void **state)
{
	struct store *s = open_store();
	uint8_t byte[400];
	struct why why;
	char path[256];
	ssize_t n;
	int fd;

	(void)state;
	put(s, "web1", STORE_TARGET);
	path_of(path, "web1.key");
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(store_remove(s, "web1", &why), ERR_OK);
	assert_int_equal(store_count(s), 0);
	assert_int_equal(access(path, F_OK), -1);
	n = read(fd, byte, sizeof(byte));
	assert_true(n > 100);
	for (ssize_t i = 0; i < n; i++)
		assert_int_equal(byte[i], 0);
	close(fd);
	assert_int_equal(store_remove(s, "web1", &why), ERR_NOTFOUND);
	store_free(s);
}

/* A removal that was cut off after its first step stays a removal. */
static void what_a_crash_left_is_swept(void **state)
{
	struct store *s = open_store();
	char path[256], dead[256];

	(void)state;
	put(s, "web1", STORE_TARGET);
	store_free(s);
	path_of(path, "web1.key");
	path_of(dead, "web1.key.dead");
	assert_int_equal(rename(path, dead), 0);
	spill(".web2.key.new", (const uint8_t *)"half", 4);
	s = open_store();
	assert_int_equal(store_count(s), 0);
	assert_int_equal(access(dead, F_OK), -1);
	path_of(path, ".web2.key.new");
	assert_int_equal(access(path, F_OK), -1);
	store_free(s);
}

static void a_store_open_to_others_is_refused(void **state)
{
	struct store *s;
	struct why why;

	(void)state;
	assert_int_equal(chmod(dir, 0770), 0);
	assert_int_equal(store_open(dir, master, &s, &why), ERR_REFUSED);
	assert_int_equal(chmod(dir, 0700), 0);
}

static void write_master(const char *file, const char *text, size_t n, mode_t mode)
{
	char path[256];

	spill(file, (const uint8_t *)text, n);
	path_of(path, file);
	assert_int_equal(chmod(path, mode), 0);
}

static void the_master_key_is_32_bytes_behind_a_closed_mode(void **state)
{
	static const char hex[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eFF";
	static const struct {
		size_t n;
		const char *add;
		mode_t mode;
		int r;
	} rows[] = {
		{ 64, "", 0600, ERR_OK },          { 64, "\n", 0400, ERR_OK },        { 64, "\n\n", 0600, ERR_MALFORMED },
		{ 63, "", 0600, ERR_MALFORMED },   { 63, "g", 0600, ERR_MALFORMED },  { 32, "", 0600, ERR_OK },
		{ 31, "", 0600, ERR_MALFORMED },   { 0, "", 0600, ERR_MALFORMED },    { 64, "", 0640, ERR_REFUSED },
		{ 64, "", 0604, ERR_REFUSED },     { 64, "", 0700, ERR_REFUSED },
	};
	char text[128], path[256], link[256];
	struct why why;
	uint8_t *key;

	(void)state;
	path_of(path, "master");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "%.*s%s", (int)rows[i].n, hex, rows[i].add);
		write_master("master", text, strlen(text), rows[i].mode);
		assert_int_equal(master_from_file(path, &key, &why), rows[i].r);
		if (rows[i].r == ERR_OK && rows[i].n == 64) {
			assert_int_equal(key[1], 1);
			assert_int_equal(key[31], 0xff);
		}
		master_free(key);
	}
	write_master("master", hex, 64, 0600);
	path_of(link, "link");
	assert_int_equal(symlink("master", link), 0);
	assert_int_equal(master_from_file(link, &key, &why), ERR_REFUSED);
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", dir, 1), 0);
	assert_int_equal(master_from_credential("master", &key, &why), ERR_OK);
	master_free(key);
	assert_int_equal(master_from_credential("../master", &key, &why), ERR_REFUSED);
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_int_equal(master_from_credential("master", &key, &why), ERR_NOTFOUND);
	assert_int_equal(master_create(path, &why), ERR_EXISTS);
	for (mode_t mode = 0600; mode <= 0644; mode += 044) {
		int fd;

		assert_int_equal(chmod(path, mode), 0);
		fd = open(path, O_RDONLY);
		assert_true(fd >= 0);
		assert_int_equal(master_from_fd(fd, &key, &why), mode == 0600 ? ERR_OK : ERR_REFUSED);
		master_free(key);
		close(fd);
	}
}

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/vault_store.XXXXXX");
	return mkdtemp(dir) == NULL;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_key_comes_back_after_reopening),
		TEST(a_wrong_master_key_opens_nothing),
		TEST(every_flipped_byte_and_every_cut_is_refused),
		TEST(swapped_files_are_left_out),
		TEST(a_renamed_file_with_a_patched_name_is_left_out),
		TEST(links_and_open_modes_are_left_out),
		cmocka_unit_test(names_and_kinds_go_together),
		TEST(what_is_there_is_not_replaced_unasked),
		TEST(removal_overwrites),
		TEST(what_a_crash_left_is_swept),
		TEST(a_store_open_to_others_is_refused),
		TEST(the_master_key_is_32_bytes_behind_a_closed_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
