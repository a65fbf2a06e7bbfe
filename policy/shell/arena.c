/* Memory for one syntax tree. Trusts its caller's sizes only up to overflow. */
#include "policy/shell/arena.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_BLOCK   ((size_t)16 << 10)
#define LARGEST_BLOCK ((size_t)1 << 20)
#define KEEP          ((size_t)1 << 20)

void arena_init(struct arena *a, size_t max)
{
	memset(a, 0, sizeof(*a));
	a->max = max;
	a->keep = KEEP;
}

static struct arena_block *block_new(struct arena *a, size_t n)
{
	size_t size = a->cur == NULL ? FIRST_BLOCK : a->cur->size * 2;
	if (size > LARGEST_BLOCK)
		size = LARGEST_BLOCK;
	if (size < n)
		size = n;
	if (size + sizeof(struct arena_block) > a->max - a->held) {
		size = n; /* near the bound: just what is asked for */
		if (size + sizeof(struct arena_block) > a->max - a->held)
			return NULL;
	}
	struct arena_block *b = malloc(sizeof(*b) + size);
	if (b == NULL)
		return NULL;
	b->next = NULL;
	b->size = size;
	b->used = 0;
	a->held += sizeof(*b) + size;
	return b;
}

void *arena_more(struct arena *a, size_t n)
{
	if (n > a->max)
		return NULL;
	n = (n + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
	/* A block kept from an earlier use comes first; one that is too small for this object is passed over. */
	struct arena_block *b = a->cur == NULL ? a->first : a->cur->next;
	while (b != NULL && b->size < n) {
		a->cur = b;
		b = b->next;
	}
	if (b == NULL) {
		b = block_new(a, n);
		if (b == NULL)
			return NULL;
		if (a->cur == NULL)
			a->first = b;
		else
			a->cur->next = b;
	}
	a->cur = b;
	b->used = n;
	a->used += n;
	return b->data;
}

char *arena_copy(struct arena *a, const void *p, size_t n)
{
	char *s = arena_room(a, n + 1);
	if (s == NULL)
		return NULL;
	if (n > 0)
		memcpy(s, p, n);
	s[n] = '\0';
	return s;
}

struct arena_mark arena_mark(const struct arena *a)
{
	struct arena_mark m = {a->cur, a->cur == NULL ? 0 : a->cur->used, a->used};
	return m;
}

void arena_rewind(struct arena *a, struct arena_mark m)
{
	struct arena_block *b = m.block == NULL ? a->first : m.block->next;
	for (; b != NULL; b = b->next)
		b->used = 0;
	if (m.block != NULL)
		m.block->used = m.block_used;
	a->cur = m.block;
	a->used = m.used;
}

void arena_reset(struct arena *a)
{
	size_t kept = 0;
	struct arena_block **link = &a->first;
	while (*link != NULL) {
		struct arena_block *b = *link;
		if (kept + b->size <= a->keep) {
			kept += b->size;
			b->used = 0;
			link = &b->next;
			continue;
		}
		*link = b->next;
		a->held -= sizeof(*b) + b->size;
		free(b);
	}
	a->cur = NULL;
	a->used = 0;
}

void arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	for (struct arena_block *b = a->first, *next; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	a->first = a->cur = NULL;
	a->used = a->held = 0;
}
