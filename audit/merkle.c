/* RFC 6962 Merkle tree, incremental; see merkle.h. */
#include "audit/merkle.h"

#include <string.h>

#include "base/err.h"

static int join(const uint8_t l[DIGEST_SIZE], const uint8_t r[DIGEST_SIZE], uint8_t out[DIGEST_SIZE])
{
	return digest_pieces(0x01, l, DIGEST_SIZE, r, DIGEST_SIZE, out);
}

void merkle_init(struct merkle *m)
{
	memset(m, 0, sizeof(*m));
}

int merkle_leaf(const void *p, size_t n, uint8_t out[DIGEST_SIZE])
{
	return digest_pieces(0x00, p, n, NULL, 0, out);
}

int merkle_add_subtree(struct merkle *m, unsigned level, const uint8_t root[DIGEST_SIZE])
{
	uint64_t leaves = 1ull << (level & 63);
	uint8_t h[DIGEST_SIZE];
	int r;

	if (level > 62 || (m->size & (leaves - 1)) != 0 || m->size > UINT64_MAX - leaves)
		return ERR_MALFORMED;
	memcpy(h, root, DIGEST_SIZE);
	for (uint64_t s = m->size >> level; s & 1; s >>= 1, level++) {
		r = join(m->node[level], h, h);
		if (r < 0)
			return r;
	}
	memcpy(m->node[level], h, DIGEST_SIZE);
	m->size += leaves;
	return ERR_OK;
}

int merkle_add(struct merkle *m, const uint8_t leaf[DIGEST_SIZE])
{
	return merkle_add_subtree(m, 0, leaf);
}

void merkle_range_init(struct merkle_range *r, uint64_t from)
{
	r->from = r->to = from;
	r->n = 0;
}

int merkle_range_add(struct merkle_range *r, const uint8_t leaf[DIGEST_SIZE])
{
	uint64_t pair;
	int k;

	r->node[r->n].level = 0;
	memcpy(r->node[r->n++].digest, leaf, DIGEST_SIZE);
	r->to++;
	while (r->n >= 2 && r->node[r->n - 1].level == r->node[r->n - 2].level) {
		pair = 2ull << r->node[r->n - 1].level;
		if ((r->to & (pair - 1)) != 0 || r->to - r->from < pair)
			break;
		k = join(r->node[r->n - 2].digest, r->node[r->n - 1].digest, r->node[r->n - 2].digest);
		if (k < 0)
			return k;
		r->node[--r->n - 1].level++;
	}
	return ERR_OK;
}

int merkle_root(const struct merkle *m, uint8_t out[DIGEST_SIZE])
{
	bool any = false;
	int r;

	if (m->size == 0)
		return digest("", 0, out);
	for (int i = 0; i < 64; i++) {
		if ((m->size >> i & 1) == 0)
			continue;
		if (!any) {
			memcpy(out, m->node[i], DIGEST_SIZE);
		} else {
			r = join(m->node[i], out, out);
			if (r < 0)
				return r;
		}
		any = true;
	}
	return ERR_OK;
}

void merkle_proof_init(struct merkle_proof *p, uint64_t index)
{
	memset(p, 0, sizeof(*p));
	merkle_init(&p->tree);
	p->index = index;
	p->level = -1;
}

/* merkle_add() with an eye on the subtree that holds the leaf: whatever it is joined with belongs to the path. */
int merkle_proof_add(struct merkle_proof *p, const uint8_t leaf[DIGEST_SIZE])
{
	struct merkle *m = &p->tree;
	bool ours = m->size == p->index;
	uint8_t h[DIGEST_SIZE];
	int level = 0, r;

	memcpy(h, leaf, DIGEST_SIZE);
	for (uint64_t s = m->size; s & 1; s >>= 1, level++) {
		if (ours) {
			memcpy(p->path[p->n++], m->node[level], DIGEST_SIZE);
		} else if (p->level == level) {
			memcpy(p->path[p->n++], h, DIGEST_SIZE);
			ours = true;
		}
		r = join(m->node[level], h, h);
		if (r < 0)
			return r;
	}
	memcpy(m->node[level], h, DIGEST_SIZE);
	m->size++;
	if (ours)
		p->level = level;
	return ERR_OK;
}

int merkle_proof_finish(struct merkle_proof *p)
{
	const struct merkle *m = &p->tree;
	uint8_t right[DIGEST_SIZE];
	bool any = false;
	int i, r;

	if (p->level < 0)
		return ERR_NOTFOUND;
	for (i = 0; i < p->level; i++) {
		if ((m->size >> i & 1) == 0)
			continue;
		if (!any) {
			memcpy(right, m->node[i], DIGEST_SIZE);
		} else {
			r = join(m->node[i], right, right);
			if (r < 0)
				return r;
		}
		any = true;
	}
	if (any)
		memcpy(p->path[p->n++], right, DIGEST_SIZE);
	for (i = p->level + 1; i < 64; i++)
		if ((m->size >> i & 1) != 0)
			memcpy(p->path[p->n++], m->node[i], DIGEST_SIZE);
	return ERR_OK;
}

int merkle_proof_root(uint64_t index, uint64_t size, const uint8_t leaf[DIGEST_SIZE],
		      const uint8_t (*path)[DIGEST_SIZE], size_t n, uint8_t root[DIGEST_SIZE])
{
	uint64_t fn = index, sn = size - 1;
	int r = ERR_OK;

	if (index >= size)
		return ERR_MALFORMED;
	memcpy(root, leaf, DIGEST_SIZE);
	for (size_t i = 0; i < n && r == ERR_OK; i++) {
		if (sn == 0)
			return ERR_MALFORMED;
		if ((fn & 1) != 0 || fn == sn) {
			r = join(path[i], root, root);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			r = join(root, path[i], root);
		}
		fn >>= 1;
		sn >>= 1;
	}
	if (r == ERR_OK && sn != 0)
		r = ERR_MALFORMED;
	return r;
}

/* Root of leaves [0, n), MTH of RFC 6962. */
static int subtree(const uint8_t (*leaves)[DIGEST_SIZE], uint64_t n, uint8_t out[DIGEST_SIZE])
{
	struct merkle m;
	int r;

	merkle_init(&m);
	for (uint64_t i = 0; i < n; i++) {
		r = merkle_add(&m, leaves[i]);
		if (r < 0)
			return r;
	}
	return merkle_root(&m, out);
}

/* SUBPROOF(m, D[n], whole), walking down; the digests come out top first and are turned round by the caller. */
int merkle_consistency(const uint8_t (*leaves)[DIGEST_SIZE], uint64_t m, uint64_t n, uint8_t (*path)[DIGEST_SIZE],
		       size_t *npath)
{
	uint8_t top[MERKLE_MAX_PROOF][DIGEST_SIZE];
	bool whole = true;
	size_t k = 0;
	int r;

	*npath = 0;
	if (m == 0 || m > n)
		return ERR_MALFORMED;
	while (m != n) {
		uint64_t half = 1;

		while (half * 2 < n)
			half *= 2;
		if (m <= half) {
			r = subtree(leaves + half, n - half, top[k++]);
			n = half;
		} else {
			r = subtree(leaves, half, top[k++]);
			leaves += half;
			m -= half;
			n -= half;
			whole = false;
		}
		if (r < 0)
			return r;
	}
	if (!whole) {
		r = subtree(leaves, n, top[k++]);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < k; i++)
		memcpy(path[i], top[k - 1 - i], DIGEST_SIZE);
	*npath = k;
	return ERR_OK;
}

int merkle_consistent(uint64_t m, uint64_t n, const uint8_t (*path)[DIGEST_SIZE], size_t npath,
		      const uint8_t old_root[DIGEST_SIZE], const uint8_t new_root[DIGEST_SIZE])
{
	uint64_t fn = m - 1, sn = n - 1;
	uint8_t fr[DIGEST_SIZE], sr[DIGEST_SIZE];
	size_t i = 0;
	int r = ERR_OK;

	if (m == 0 || m > n)
		return ERR_SIGNATURE;
	if (m == n)
		return npath == 0 && memcmp(old_root, new_root, DIGEST_SIZE) == 0 ? ERR_OK : ERR_SIGNATURE;
	while ((fn & 1) != 0) {
		fn >>= 1;
		sn >>= 1;
	}
	if (fn == 0) { /* m is a power of two: the old root itself is the first digest */
		memcpy(fr, old_root, DIGEST_SIZE);
	} else {
		if (npath == 0)
			return ERR_SIGNATURE;
		memcpy(fr, path[i++], DIGEST_SIZE);
	}
	memcpy(sr, fr, DIGEST_SIZE);
	for (; i < npath && r == ERR_OK; i++) {
		if (sn == 0)
			return ERR_SIGNATURE;
		if ((fn & 1) != 0 || fn == sn) {
			r = join(path[i], fr, fr);
			if (r == ERR_OK)
				r = join(path[i], sr, sr);
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			r = join(sr, path[i], sr);
		}
		fn >>= 1;
		sn >>= 1;
	}
	if (r < 0)
		return r;
	return sn == 0 && memcmp(fr, old_root, DIGEST_SIZE) == 0 && memcmp(sr, new_root, DIGEST_SIZE) == 0 ?
		ERR_OK : ERR_SIGNATURE;
}
