/* The word in hand while it is resolved: literal bytes, active patterns, parts that are not known, and what that makes of the
 * whole. When in doubt, opaque. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "policy/word_build.h"

struct field field_opaque(unsigned flags)
{
	struct field f = { .p = "", .n = 0, .kind = CONFIDENCE_OPAQUE, .flags = (uint16_t)flags };

	return f;
}

struct field field_exact(struct walk *w, const char *p, size_t n)
{
	struct field f = { .n = (uint32_t)n, .kind = CONFIDENCE_EXACT };
	bool numeric = n > 0 && n < 10;

	f.p = arena_copy(w->r->arena, p, n);
	if (f.p == NULL) {
		w->r->failed = true;
		f.p = "";
		f.n = 0;
	}
	if (n == 0 || (p[0] != '-' && p[0] != '+'))
		f.flags |= FIELD_NODASH;
	if (field_rooted(p, n))
		f.flags |= FIELD_ROOTED;
	for (size_t i = 0; numeric && i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			numeric = i == 0 && p[0] == '-' && n > 1;
	}
	if (numeric)
		f.flags |= FIELD_NUMERIC;
	return f;
}

static bool build_meta(char c)
{
	return c == '*' || c == '?' || c == '[' || c == ']' || c == '\\';
}

/* mksh expands braces in unquoted values as well, after everything else. */
static bool build_brace(const struct build *b, char c)
{
	return b->w->dialect == DIALECT_MKSH && (c == '{' || c == '}' || c == ',');
}

void build_room(struct build *b, size_t n)
{
	if (b->n + n + 1 > b->room) {
		size_t room = (b->n + n + 1) * 2;
		char *t = arena_alloc(b->w->r->arena, room);

		if (t == NULL) {
			b->w->r->failed = true;
			b->overflow = true;
			return;
		}
		if (b->n > 0)
			memcpy(t, b->text, b->n);
		b->text = t;
		b->room = room;
	}
}

/* What comes behind a value that may be empty begins the word then. */
static void build_begin(struct build *b, bool nodash)
{
	b->nodash = b->nodash && (nodash || !b->hollow);
	b->hollow = false;
}

void build_literal(struct build *b, const char *p, size_t n)
{
	b->started = true;
	if (n == 0)
		return;
	b->numeric_only = b->digits_only = false;
	build_begin(b, p[0] != '-' && p[0] != '+');
	for (size_t i = 0; i < n; i++) {
		if (build_meta(p[i]) || p[i] == ' ' || p[i] == '\t' || p[i] == '\n' || build_brace(b, p[i]))
			b->blanks = true;
	}
	if (b->opaque)
		return;
	build_room(b, 2 * n);
	if (b->overflow)
		return;
	for (size_t i = 0; i < n; i++) {
		if (build_meta(p[i]))
			b->text[b->n++] = '\\';
		b->text[b->n++] = p[i];
	}
	b->text[b->n] = '\0';
}

void build_glob(struct build *b, const char *p, size_t n)
{
	if (b->mode == WORD_VALUE) {
		build_literal(b, p, n);
		return;
	}
	b->started = true;
	b->blanks = true;
	build_begin(b, n > 0 && strchr("*?[-+", p[0]) == NULL);
	if (b->opaque)
		return;
	b->glob = true;
	build_room(b, n);
	if (b->overflow)
		return;
	memcpy(b->text + b->n, p, n);
	b->n += n;
	b->text[b->n] = '\0';
}

void build_unknown(struct build *b, bool multi, unsigned flags)
{
	bool hollow = (flags & (FIELD_NUMERIC | FIELD_ROOTED)) == 0;

	b->digits_only = b->n == 0 && !b->glob && !b->opaque && (flags & FIELD_DIGITS) != 0;
	b->numeric_only = b->n == 0 && !b->glob && !b->opaque && (flags & FIELD_NUMERIC) != 0;
	if (b->home && b->n == 1 && !b->opaque) {
		/* A home directory that is taken away is empty. */
		b->nodash = (flags & FIELD_NODASH) != 0;
		b->hollow = hollow;
	} else if (b->hollow) {
		build_begin(b, (flags & FIELD_NODASH) != 0);
		b->hollow = hollow;
	}
	if (!b->opaque) {
		if (!b->home) {
			b->nodash = (flags & FIELD_NODASH) != 0;
			b->hollow = b->n == 0 && hollow;
		}
		b->rooted = (flags & FIELD_ROOTED) != 0;
		b->nosplit = (flags & (FIELD_NOSPLIT | FIELD_NUMERIC)) != 0;
	} else {
		b->nosplit = b->nosplit && (flags & (FIELD_NOSPLIT | FIELD_NUMERIC)) != 0;
	}
	b->started = true;
	b->opaque = true;
	b->multi = b->multi || multi;
}

/* Bytes of the prefix without the backslashes before literal metacharacters. */
static size_t build_plain(struct build *b)
{
	size_t o = 0;

	for (size_t i = 0; i < b->n; i++) {
		if (b->text[i] == '\\' && i + 1 < b->n)
			i++;
		b->text[o++] = b->text[i];
	}
	if (b->text != NULL)
		b->text[o] = '\0';
	return o;
}

/* Where HOME was taken away or is empty, what stands behind it begins the word. */
static bool build_home_nodash(const struct build *b)
{
	if (b->n == 1)
		return !b->opaque || b->nodash;
	return strchr("-+*?[", b->text[1]) == NULL;
}

void build_finish(struct build *b)
{
	struct field f = { .p = "", .n = 0 };

	if (!b->started)
		return;
	if (b->nout == b->cap) {
		b->overflow = true;
		return;
	}
	if (b->text == NULL)
		build_room(b, 1);
	if (b->overflow)
		return;
	b->text[b->n] = '\0';
	if (b->opaque) {
		f = field_opaque(0);
		if (!b->glob) {
			f.n = (uint32_t)build_plain(b);
			f.p = b->text;
		}
		if (b->n > 0 ? (b->text[0] != '-' && b->text[0] != '+' && !b->glob) : b->nodash)
			f.flags |= FIELD_NODASH;
		if (b->n > 0 ? field_rooted(b->text, b->n) : b->rooted && !b->glob)
			f.flags |= FIELD_ROOTED;
		if (b->numeric_only)
			f.flags |= FIELD_NUMERIC;
		if (b->digits_only)
			f.flags |= FIELD_DIGITS;
		if (b->nosplit && !b->blanks && !b->home)
			f.flags |= FIELD_NOSPLIT;
		if (b->home)
			f.flags = (uint16_t)((f.flags & ~(unsigned)FIELD_NODASH) | (build_home_nodash(b) ? FIELD_NODASH : 0));
		if (b->multi) {
			f.flags |= FIELD_MULTI;
			/* Split anywhere: only a first word keeps the prefix. */
			f.flags &= (uint16_t)~(FIELD_NODASH | FIELD_ROOTED);
		}
	} else if (b->glob || b->home) {
		f.kind = CONFIDENCE_PATTERN;
		f.p = b->text;
		f.n = (uint32_t)b->n;
		if (b->home)
			f.flags |= FIELD_HOME | (build_home_nodash(b) ? FIELD_NODASH : 0);
		if (b->glob && b->multi)
			f.flags |= FIELD_MULTI;
		if (b->dots)
			f.flags |= FIELD_DOTS;
		if (!b->home && b->n > 0 && b->text[0] != '-' && b->text[0] != '+' && strchr("*?[", b->text[0]) == NULL)
			f.flags |= FIELD_NODASH;
		if (field_rooted(b->text, b->n))
			f.flags |= FIELD_ROOTED;
	} else {
		f = field_exact(b->w, b->text, build_plain(b));
	}
	b->out[b->nout++] = f;
	b->n = 0;
	b->text = NULL;
	b->room = 0;
	b->started = b->glob = b->opaque = b->multi = b->home = b->dots = b->numeric_only = b->digits_only = b->nodash = b->hollow = b->nosplit = b->blanks = false;
}

bool build_splits(const struct build *b)
{
	return b->mode == WORD_ARGUMENT && b->w->dialect != DIALECT_ZSH;
}

/* A known value, as it becomes part of the word in hand. */
void build_value(struct build *b, const struct field *v, bool quoted)
{
	if (v->kind == CONFIDENCE_EXACT) {
		if (quoted || !build_splits(b)) {
			if (v->n > 0 || quoted)
				build_literal(b, v->p, v->n);
			return;
		}
		for (uint32_t i = 0; i < v->n; i++) {
			char c = v->p[i];

			if (c == ' ' || c == '\t' || c == '\n') {
				if (b->started)
					build_finish(b);
			} else if (c == '*' || c == '?' || c == '[' || c == ']') {
				build_glob(b, &c, 1);
				b->multi = true;
			} else if (c == '\\' || build_brace(b, c) || (c == '(' && (b->w->dialect == DIALECT_BASH || b->w->dialect == DIALECT_MKSH))) {
				/* Backslashes in an unquoted value: shells differ; and it may be an extended pattern. */
				build_unknown(b, true, 0);
			} else {
				build_literal(b, &c, 1);
			}
		}
		return;
	}
	if (v->kind == CONFIDENCE_PATTERN && quoted && b->mode == WORD_ARGUMENT && !b->opaque) {
		b->started = true;
		b->glob = true;
		b->dots = b->dots || (v->flags & FIELD_DOTS) != 0;
		if (b->n == 0 && (v->flags & FIELD_HOME) != 0)
			b->home = true;
		build_room(b, v->n);
		if (b->overflow)
			return;
		memcpy(b->text + b->n, v->p, v->n);
		b->n += v->n;
		b->text[b->n] = '\0';
		return;
	}
	if (v->kind == CONFIDENCE_PATTERN && b->mode == WORD_VALUE && b->n == 0 && !b->opaque && (v->flags & FIELD_HOME) != 0) {
		build_unknown(b, false, FIELD_NODASH);
		return;
	}
	/* zsh splits nothing, but a value that is empty is no word there, and an array is many. */
	build_unknown(b, !quoted && b->mode == WORD_ARGUMENT && (v->flags & (FIELD_NUMERIC | (build_splits(b) ? FIELD_NOSPLIT : 0))) == 0, v->flags);
}
