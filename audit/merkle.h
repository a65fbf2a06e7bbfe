/* The Merkle tree of RFC 6962 (section 2.1), grown one leaf at a time. Pure.
 *
 * Only the roots of the complete subtrees are kept (at most 64 digests), so that a log of any length costs 2 KiB. */
#ifndef AUDIT_MERKLE_H
#define AUDIT_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/digest.h"

struct merkle {
	uint64_t size;                  /* leaves */
	uint8_t node[64][DIGEST_SIZE];  /* node[i]: root of the complete subtree of 2^i leaves, where bit i of size is set */
};

/* A tree without leaves. */
void merkle_init(struct merkle *m);

/* SHA-256(0x00 || leaf). ERR_OK or ERR_CRYPTO. */
int merkle_leaf(const void *p, size_t n, uint8_t out[DIGEST_SIZE]);

/* Appends a leaf by its digest (merkle_leaf()). ERR_OK or ERR_CRYPTO. */
int merkle_add(struct merkle *m, const uint8_t leaf[DIGEST_SIZE]);

/* The root. That of the empty tree is SHA-256 of nothing. ERR_OK or ERR_CRYPTO. */
int merkle_root(const struct merkle *m, uint8_t out[DIGEST_SIZE]);

#define MERKLE_MAX_PROOF 64

/* An inclusion proof for leaf `index` (0-based), collected while the leaves stream by in order: feed every leaf once with
 * merkle_proof_add(), then finish. */
struct merkle_proof {
	struct merkle tree;
	uint64_t index;
	int level;                                /* level of the subtree that holds the leaf; -1 before it was fed */
	size_t n;                                 /* digests in path */
	uint8_t path[MERKLE_MAX_PROOF][DIGEST_SIZE]; /* from the leaf upwards, as in RFC 6962 PATH(m, D[n]) */
};

void merkle_proof_init(struct merkle_proof *p, uint64_t index);
int merkle_proof_add(struct merkle_proof *p, const uint8_t leaf[DIGEST_SIZE]);

/* ERR_NOTFOUND when the leaf was never fed. */
int merkle_proof_finish(struct merkle_proof *p);

/* The root that a proof leads to (RFC 9162 section 2.1.3.2). ERR_OK, ERR_MALFORMED when the path has the wrong length. */
int merkle_proof_root(uint64_t index, uint64_t size, const uint8_t leaf[DIGEST_SIZE],
		      const uint8_t (*path)[DIGEST_SIZE], size_t n, uint8_t root[DIGEST_SIZE]);

/* The consistency proof PROOF(m, D[n]) of RFC 6962 section 2.1.2 between the trees of the first m and of all n leaves;
 * 0 < m <= n. path has room for MERKLE_MAX_PROOF digests. ERR_OK, ERR_MALFORMED, ERR_CRYPTO. */
int merkle_consistency(const uint8_t (*leaves)[DIGEST_SIZE], uint64_t m, uint64_t n, uint8_t (*path)[DIGEST_SIZE],
		       size_t *npath);

/* Whether a consistency proof holds between two roots (RFC 9162 section 2.1.4.2). ERR_OK, ERR_SIGNATURE, ERR_CRYPTO. */
int merkle_consistent(uint64_t m, uint64_t n, const uint8_t (*path)[DIGEST_SIZE], size_t npath,
		      const uint8_t old_root[DIGEST_SIZE], const uint8_t new_root[DIGEST_SIZE]);

/* What grows a tree from `from` leaves to `to`: the roots of the complete, aligned subtrees that cover the leaves in between, from left to right. Whoever
 * holds the tree of the first `from` leaves adds them and has the tree of all; nothing else leads to its root. At most 126 of them. */
struct merkle_range {
	uint64_t from, to;
	size_t n;
	struct {
		uint8_t level; /* of 2^level leaves */
		uint8_t digest[DIGEST_SIZE];
	} node[128];
};

void merkle_range_init(struct merkle_range *r, uint64_t from);
int merkle_range_add(struct merkle_range *r, const uint8_t leaf[DIGEST_SIZE]);

/* Adds a complete subtree of 2^level leaves; it must be aligned: m->size a multiple of 2^level. ERR_OK, ERR_MALFORMED, ERR_CRYPTO. */
int merkle_add_subtree(struct merkle *m, unsigned level, const uint8_t root[DIGEST_SIZE]);

#endif
