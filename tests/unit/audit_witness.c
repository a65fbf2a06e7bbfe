/* A witness takes what extends what it saw, signed by a key that counts, and nothing else; it follows a log from key to key. */
#include "tests/unit/unit.h"

#include <string.h>

#include "audit/chain.h"
#include "audit/witness.h"
#include "tests/unit/fixture.h"

static struct fixture_key keys[4];
static uint8_t leaves[64][DIGEST_SIZE];

static int setup(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		fixture_key_new(&keys[i], i);
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(merkle_leaf(&i, sizeof(i), leaves[i]), ERR_OK);
	return 0;
}

/* A submission of `size` records that begins at `from`, signed by a key; next: the key it names, or -1. salt changes what the records are. */
static void submit(struct buf *body, uint64_t from, uint64_t size, unsigned key, int next, uint8_t salt)
{
	uint8_t root[DIGEST_SIZE], leaf[DIGEST_SIZE];
	struct merkle_range range;
	struct buf text, sig;
	struct merkle m;

	merkle_init(&m);
	merkle_range_init(&range, from);
	for (uint64_t i = 0; i < size; i++) {
		memcpy(leaf, leaves[i], DIGEST_SIZE);
		leaf[0] ^= salt;
		assert_int_equal(merkle_add(&m, leaf), ERR_OK);
		if (i >= from)
			assert_int_equal(merkle_range_add(&range, leaf), ERR_OK);
	}
	assert_int_equal(merkle_root(&m, root), ERR_OK);
	buf_init(&text, CHECKPOINT_MAX_TEXT);
	buf_init(&sig, 1 << 16);
	assert_int_equal(checkpoint_write(&text, "log", size, root, root, 1700000000000), ERR_OK);
	if (next >= 0)
		assert_int_equal(buf_printf(&text, "next %.*s\n", (int)(strrchr(keys[next].line, ' ') - keys[next].line), keys[next].line), ERR_OK);
	fixture_sign(&keys[key], CHECKPOINT_NAMESPACE, (struct view){ buf_ptr(&text), text.len }, &sig);
	buf_init(body, WITNESS_MAX);
	assert_int_equal(witness_write(body, (struct view){ buf_ptr(&text), text.len }, (struct view){ buf_ptr(&sig), sig.len }, &range), ERR_OK);
	buf_free(&text);
	buf_free(&sig);
}

static int offer(struct witness_state *s, uint64_t from, uint64_t size, unsigned key, int next, uint8_t salt)
{
	struct witness_submission sub;
	struct buf body, kept;
	char signers[300];
	int r;

	snprintf(signers, sizeof(signers), "log namespaces=\"sallyport-checkpoint\" %s\n", keys[1].line);
	submit(&body, from, size, key, next, salt);
	assert_int_equal(witness_read((struct view){ buf_ptr(&body), body.len }, &sub, NULL), ERR_OK);
	r = witness_accept(s, &sub, (struct view){ (const uint8_t *)signers, strlen(signers) }, 1700000000, NULL);
	/* Through its form on disk each time. */
	buf_init(&kept, 1 << 16);
	assert_int_equal(witness_state_write(s, &kept), ERR_OK);
	assert_int_equal(witness_state_read((struct view){ buf_ptr(&kept), kept.len }, s), ERR_OK);
	buf_free(&kept);
	buf_free(&body);
	return r;
}

static void only_what_extends_is_taken(void **state)
{
	struct witness_state s;

	(void)state;
	witness_state_init(&s);
	assert_int_equal(offer(&s, 0, 5, 2, -1, 0), ERR_SIGNATURE);
	assert_int_equal(s.tree.size, 0);
	assert_int_equal(offer(&s, 3, 5, 1, -1, 0), ERR_AGAIN);
	assert_int_equal(offer(&s, 0, 5, 1, -1, 0), ERR_OK);
	assert_int_equal(offer(&s, 5, 5, 1, -1, 0), ERR_OK); /* the same, later */
	assert_int_equal(offer(&s, 5, 5, 1, -1, 7), ERR_REFUSED);
	assert_int_equal(offer(&s, 5, 13, 1, -1, 0), ERR_OK);
	assert_int_equal(offer(&s, 5, 14, 1, -1, 0), ERR_AGAIN);
	assert_int_equal(offer(&s, 13, 9, 1, -1, 0), ERR_REFUSED); /* rolled back */
	assert_int_equal(offer(&s, 0, 12, 1, -1, 0), ERR_REFUSED);
	assert_int_equal(offer(&s, 13, 40, 1, -1, 9), ERR_REFUSED); /* rewritten */
	assert_int_equal(s.tree.size, 13);
	assert_int_equal(offer(&s, 13, 64, 1, -1, 0), ERR_OK);
	witness_state_free(&s);
}

static void it_follows_from_key_to_key(void **state)
{
	struct witness_state s;

	(void)state;
	witness_state_init(&s);
	assert_int_equal(offer(&s, 0, 5, 1, -1, 0), ERR_OK);
	assert_int_equal(offer(&s, 5, 6, 2, -1, 0), ERR_SIGNATURE);
	assert_int_equal(offer(&s, 5, 7, 1, 2, 0), ERR_OK);
	assert_int_equal(offer(&s, 7, 8, 3, -1, 0), ERR_SIGNATURE);
	assert_int_equal(offer(&s, 7, 8, 1, 2, 0), ERR_OK); /* the old one still signs, and names the next again */
	assert_int_equal(offer(&s, 8, 9, 2, -1, 0), ERR_OK);
	assert_int_equal(offer(&s, 9, 10, 2, 3, 0), ERR_OK);
	assert_int_equal(offer(&s, 10, 12, 3, -1, 0), ERR_OK);
	assert_int_equal(offer(&s, 12, 13, 2, -1, 0), ERR_SIGNATURE); /* its time is over */
	witness_state_free(&s);
}

static void what_is_not_of_the_form_is_refused(void **state)
{
	static const char *const bad[] = { "", "hello", "extends 0\n", "log\n1\n", "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\nextends 0\n" };
	struct witness_submission sub;
	struct buf body;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(witness_read((struct view){ (const uint8_t *)bad[i], strlen(bad[i]) }, &sub, NULL), ERR_MALFORMED);
	submit(&body, 3, 60, 1, 2, 0);
	n = body.len;
	assert_int_equal(witness_read((struct view){ buf_ptr(&body), n }, &sub, NULL), ERR_OK);
	assert_int_equal(sub.range.to, 60);
	for (size_t cut = 1; cut < 60; cut++)
		assert_int_equal(witness_read((struct view){ buf_ptr(&body), n - cut }, &sub, NULL), ERR_MALFORMED);
	buf_free(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_extends_is_taken),
		cmocka_unit_test(it_follows_from_key_to_key),
		cmocka_unit_test(what_is_not_of_the_form_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
