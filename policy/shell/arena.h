/* Memory for one syntax tree: taken piece by piece, given back all at once, never more than a bound.
 *
 * An arena may be used again and again (arena_reset() keeps its blocks), so that deciding takes nothing from the heap
 * once the arena has grown to the size of the usual command. Not safe for two threads at once. */
#ifndef POLICY_SHELL_ARENA_H
#define POLICY_SHELL_ARENA_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct arena_block {
	struct arena_block *next;
	size_t size; /* of data */
	size_t used;
	uint64_t data[];
};

struct arena {
	struct arena_block *first; /* all blocks, in the order they were taken */
	struct arena_block *cur;   /* the one being filled */
	size_t used;               /* bytes handed out since the last reset, alignment and block tails included */
	size_t held;               /* bytes taken from the heap */
	size_t max;                /* bound on held, in bytes */
	size_t keep;               /* bytes of blocks that arena_reset() keeps; 1 MiB unless the owner sets it */
};

/* What a parse of the longest text that the gate lets through may need. */
#define ARENA_MAX_DEFAULT ((size_t)48 << 20)

/* An empty arena that takes at most max bytes from the heap. Nothing is allocated yet. */
void arena_init(struct arena *a, size_t max);

#define ARENA_ALIGN ((size_t)8)

/* What arena_room() does when the block that is being filled has no room. */
void *arena_more(struct arena *a, size_t n);

/* n bytes, aligned for any object, not zeroed: for what is written whole before it is read. NULL when the bound or memory would be passed. n
 * may be 0. */
static inline void *arena_room(struct arena *a, size_t n)
{
	struct arena_block *b = a->cur;
	void *p;

	if (b == NULL || n > b->size - b->used || ((n + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1)) > b->size - b->used)
		return arena_more(a, n);
	n = (n + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
	p = (char *)b->data + b->used;
	b->used += n;
	a->used += n;
	return p;
}

/* The same, zeroed. */
static inline void *arena_alloc(struct arena *a, size_t n)
{
	void *p = arena_room(a, n);

	return p == NULL ? NULL : memset(p, 0, n);
}

/* A copy of n bytes followed by a NUL. NULL as arena_alloc(). */
char *arena_copy(struct arena *a, const void *p, size_t n);

/* Where the arena is filled to, and going back to there: everything handed out in between is given back. */
struct arena_mark {
	struct arena_block *block;
	size_t block_used;
	size_t used;
};
struct arena_mark arena_mark(const struct arena *a);
void arena_rewind(struct arena *a, struct arena_mark m);

/* Gives all objects back; keeps blocks up to `keep` bytes, the rest goes back to the heap. */
void arena_reset(struct arena *a);

/* Gives everything back to the heap; the arena may be used again. a may be NULL. */
void arena_free(struct arena *a);

#endif
