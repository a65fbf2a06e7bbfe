/* The tree is that of RFC 6962, and its proofs prove. */
#include "tests/unit/unit.h"

#include <string.h>

#include "audit/merkle.h"
#include "base/err.h"

#define N 70

static uint8_t leaves[N + 1][DIGEST_SIZE];

/* Test vectors of the certificate transparency project's reference tree: the eight inputs and the roots after each. */
static const struct {
	const char *leaf;
	size_t n;
	const char *root;
} known[] = {
	{ "", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" },
	{ "\x00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125" },
	{ "\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77" },
	{ "\x20\x21", 2, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" },
	{ "\x30\x31", 2, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4" },
	{ "\x40\x41\x42\x43", 4, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef" },
	{ "\x50\x51\x52\x53\x54\x55\x56\x57", 8, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c" },
	{ "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16,
	  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328" },
};

/* MTH exactly as the RFC writes it. */
static void naive(const uint8_t (*d)[DIGEST_SIZE], size_t n, uint8_t out[DIGEST_SIZE])
{
	uint8_t l[DIGEST_SIZE], r[DIGEST_SIZE];
	size_t k = 1;

	if (n == 1) {
		memcpy(out, d[0], DIGEST_SIZE);
		return;
	}
	while (k * 2 < n)
		k *= 2;
	naive(d, k, l);
	naive(d + k, n - k, r);
	assert_int_equal(digest_pieces(1, l, DIGEST_SIZE, r, DIGEST_SIZE, out), ERR_OK);
}

static int make_leaves(void **state)
{
	(void)state;
	for (size_t i = 0; i <= N; i++)
		assert_int_equal(merkle_leaf(&i, sizeof(i), leaves[i]), ERR_OK);
	return 0;
}

static void roots_are_the_published_ones(void **state)
{
	uint8_t leaf[DIGEST_SIZE], root[DIGEST_SIZE];
	char hex[DIGEST_HEX + 1];
	struct merkle m;

	(void)state;
	merkle_init(&m);
	assert_int_equal(merkle_root(&m, root), ERR_OK);
	digest_hex(root, hex);
	assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		assert_int_equal(merkle_leaf(known[i].leaf, known[i].n, leaf), ERR_OK);
		assert_int_equal(merkle_add(&m, leaf), ERR_OK);
		assert_int_equal(merkle_root(&m, root), ERR_OK);
		digest_hex(root, hex);
		assert_string_equal(hex, known[i].root);
	}
}

static void every_leaf_has_a_proof_and_no_other_fits(void **state)
{
	uint8_t root[DIGEST_SIZE], got[DIGEST_SIZE], want[DIGEST_SIZE];
	struct merkle_proof p;

	(void)state;
	for (size_t n = 1; n <= N; n++) {
		naive((const uint8_t(*)[DIGEST_SIZE])leaves, n, want);
		for (size_t i = 0; i < n; i++) {
			merkle_proof_init(&p, i);
			for (size_t k = 0; k < n; k++)
				assert_int_equal(merkle_proof_add(&p, leaves[k]), ERR_OK);
			assert_int_equal(merkle_proof_finish(&p), ERR_OK);
			assert_int_equal(merkle_root(&p.tree, root), ERR_OK);
			assert_memory_equal(root, want, DIGEST_SIZE);
			assert_int_equal(merkle_proof_root(i, n, leaves[i], (const uint8_t(*)[DIGEST_SIZE])p.path, p.n, got), ERR_OK);
			assert_memory_equal(got, want, DIGEST_SIZE);
			assert_int_equal(merkle_proof_root(i, n, leaves[i + 1], (const uint8_t(*)[DIGEST_SIZE])p.path, p.n, got), ERR_OK);
			assert_memory_not_equal(got, want, DIGEST_SIZE);
			if (p.n > 0)
				assert_int_equal(merkle_proof_root(i, n, leaves[i], (const uint8_t(*)[DIGEST_SIZE])p.path, p.n - 1, got),
						 ERR_MALFORMED);
		}
	}
	merkle_proof_init(&p, 3);
	assert_int_equal(merkle_proof_finish(&p), ERR_NOTFOUND);
}

static void growth_has_a_proof_and_a_rewrite_has_none(void **state)
{
	uint8_t path[MERKLE_MAX_PROOF][DIGEST_SIZE], old[DIGEST_SIZE], new[DIGEST_SIZE], other[DIGEST_SIZE];
	size_t np;

	(void)state;
	for (size_t n = 1; n <= N; n++) {
		naive((const uint8_t(*)[DIGEST_SIZE])leaves, n, new);
		for (size_t m = 1; m <= n; m++) {
			naive((const uint8_t(*)[DIGEST_SIZE])leaves, m, old);
			assert_int_equal(merkle_consistency((const uint8_t(*)[DIGEST_SIZE])leaves, m, n, path, &np), ERR_OK);
			assert_int_equal(merkle_consistent(m, n, (const uint8_t(*)[DIGEST_SIZE])path, np, old, new), ERR_OK);
			memcpy(other, old, DIGEST_SIZE);
			other[5] ^= 1;
			assert_int_equal(merkle_consistent(m, n, (const uint8_t(*)[DIGEST_SIZE])path, np, other, new), ERR_SIGNATURE);
			if (np > 0) {
				path[np - 1][0] ^= 1;
				assert_int_equal(merkle_consistent(m, n, (const uint8_t(*)[DIGEST_SIZE])path, np, old, new), ERR_SIGNATURE);
			}
		}
	}
}

static void a_range_grows_the_tree_and_nothing_else_does(void **state)
{
	uint8_t want[DIGEST_SIZE], got[DIGEST_SIZE];
	struct merkle_range r;
	struct merkle m;

	(void)state;
	for (size_t n = 1; n <= N; n++) {
		naive((const uint8_t(*)[DIGEST_SIZE])leaves, n, want);
		for (size_t from = 0; from <= n; from++) {
			merkle_init(&m);
			for (size_t i = 0; i < from; i++)
				assert_int_equal(merkle_add(&m, leaves[i]), ERR_OK);
			merkle_range_init(&r, from);
			for (size_t i = from; i < n; i++)
				assert_int_equal(merkle_range_add(&r, leaves[i]), ERR_OK);
			assert_true(r.n <= 14);
			for (size_t i = 0; i < r.n; i++)
				assert_int_equal(merkle_add_subtree(&m, r.node[i].level, r.node[i].digest), ERR_OK);
			assert_int_equal(m.size, n);
			assert_int_equal(merkle_root(&m, got), ERR_OK);
			assert_memory_equal(got, want, DIGEST_SIZE);
		}
	}
	merkle_init(&m);
	assert_int_equal(merkle_add(&m, leaves[0]), ERR_OK);
	assert_int_equal(merkle_add_subtree(&m, 1, leaves[1]), ERR_MALFORMED);
	assert_int_equal(merkle_add_subtree(&m, 63, leaves[1]), ERR_MALFORMED);
	assert_int_equal(merkle_add_subtree(&m, 200, leaves[1]), ERR_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_are_the_published_ones),
		cmocka_unit_test(every_leaf_has_a_proof_and_no_other_fits),
		cmocka_unit_test(growth_has_a_proof_and_a_rewrite_has_none),
		cmocka_unit_test(a_range_grows_the_tree_and_nothing_else_does),
	};

	return cmocka_run_group_tests(tests, make_leaves, NULL);
}
