/* What is known of variables while a text is walked in the order in which it would run. A value is kept only along a straight
 * line; where lines meet again and differ, it is opaque. */
#include <stdlib.h>
#include <string.h>

#include "policy/walk.h"

/* The slot of the directory that a text stands in if every cd came through. It survives state_lose() and state_join(): it is no knowledge. */
#define MAYBE 1

/* Slots are not cleared before they are used: few texts have many. */
static struct var_slot *state_new(struct state *s, const char *name, size_t n)
{
	struct var_slot *v = &s->vars[s->nvars];

	s->has_ever[s->nvars++] = false;
	memset(v, 0, sizeof(*v));
	v->name = name;
	v->n = (uint32_t)n;
	v->value = field_opaque(0);
	return v;
}

void state_init(struct walk *w, struct state *s)
{
	memset(s, 0, sizeof(*s));
	s->vars = arena_room(w->r->arena, sizeof(*s->vars) * MAX_VARS);
	s->ever = arena_room(w->r->arena, sizeof(*s->ever) * MAX_VARS);
	s->has_ever = arena_room(w->r->arena, sizeof(*s->has_ever) * MAX_VARS);
	if (s->vars == NULL || s->ever == NULL || s->has_ever == NULL) {
		s->vars = NULL;
		w->r->failed = true;
		return;
	}
	(void)state_new(s, "", 0);
	(void)state_new(s, "", 0); /* MAYBE. Never found by its name: slot 0 comes first */
}

static struct var_slot *state_slot(const struct state *s, const char *name, size_t n)
{
	for (unsigned i = 0; i < s->nvars; i++) {
		if (s->vars[i].n == n && memcmp(s->vars[i].name, name, n) == 0)
			return &s->vars[i];
	}
	return NULL;
}

const struct var_slot *state_get(const struct state *s, const char *name, size_t n)
{
	const struct var_slot *v = s->lost || s->vars == NULL ? NULL : state_slot(s, name, n);

	return v != NULL && v->set ? v : NULL;
}

static void state_push(struct walk *w, struct state *s, unsigned slot)
{
	if (s->ntrail == s->cap_trail) {
		unsigned cap = s->cap_trail == 0 ? 32 : s->cap_trail * 2;
		struct undo *t = cap > 65536 ? NULL : arena_alloc(w->r->arena, cap * sizeof(*t));

		if (t == NULL) {
			w->r->failed = true;
			return;
		}
		if (s->ntrail > 0)
			memcpy(t, s->trail, s->ntrail * sizeof(*t));
		s->trail = t;
		s->cap_trail = cap;
	}
	s->trail[s->ntrail].slot = slot;
	s->trail[s->ntrail].old = s->vars[slot];
	s->ntrail++;
}

static bool state_same(const struct field *a, const struct field *b)
{
	return a->kind == b->kind && a->flags == b->flags && a->kind != CONFIDENCE_OPAQUE && a->n == b->n &&
	       memcmp(a->p, b->p, a->n) == 0;
}

/* What is known of a name that has one of two values. */
static struct field state_either(const struct field *a, const struct field *b)
{
	if (state_same(a, b))
		return *a;
	if ((a->flags & b->flags & FIELD_NUMERIC) != 0)
		return field_opaque(FIELD_NUMERIC | FIELD_NOSPLIT);
	if (field_number(a) && field_number(b))
		return field_opaque(FIELD_DIGITS);
	return field_opaque(0);
}

void state_set(struct walk *w, const char *name, size_t n, const struct field *value, bool exported)
{
	struct state *s = &w->state;
	struct var_slot *v;

	if (s->vars == NULL || s->lost)
		return;
	v = state_slot(s, name, n);
	if (v == NULL) {
		if (s->nvars == MAX_VARS) {
			s->lost = true;
			return;
		}
		v = state_new(s, name, n);
	}
	state_push(w, s, (unsigned)(v - s->vars));
	if (w->r->failed)
		return;
	v->set = true;
	v->exported = v->exported || exported;
	/* `read -r user _` throws the rest away; in most shells $_ is the last word of the command before, whatever it was given. */
	v->value = n == 1 && name[0] == '_' ? field_opaque(0) : *value;
	/* An assignment can fail, be undone or be skipped in more ways than anybody lists: readonly names, failing redirections, a line that an
	 * error cut off, another process. A name that is ever given two values in one text is one that is not known. The working directory
	 * has rules of its own. */
	if (n > 0) {
		unsigned k = (unsigned)(v - s->vars);

		if (s->has_ever[k])
			v->value = state_either(&s->ever[k], &v->value);
		s->ever[k] = v->value;
		s->has_ever[k] = true;
	}
}

void state_again(struct state *s, const char *name, size_t n)
{
	struct var_slot *v = s->vars != NULL ? state_slot(s, name, n) : NULL;

	if (v != NULL)
		s->has_ever[v - s->vars] = false;
}

unsigned state_mark(const struct state *s)
{
	return s->ntrail;
}

void state_undo(struct state *s, unsigned mark)
{
	while (s->ntrail > mark) {
		s->ntrail--;
		s->vars[s->trail[s->ntrail].slot] = s->trail[s->ntrail].old;
		/* The slot's name must stay, for a later assignment to find it. */
	}
}

void state_join(struct state *s, unsigned mark)
{
	for (unsigned i = s->ntrail; i > mark; i--) {
		struct var_slot *v = &s->vars[s->trail[i - 1].slot];
		const struct var_slot *old = &s->trail[i - 1].old;

		if (s->trail[i - 1].slot == MAYBE)
			continue;
		v->value = old->set && v->set ? state_either(&v->value, &old->value) : field_opaque(0);
	}
	/* The trail is kept: an outer branch may have to be undone or joined as well. */
}

void state_lose(struct state *s)
{
	s->lost = true;
}

struct field state_cwd(const struct state *s)
{
	if (s->lost || s->vars == NULL || !s->vars[0].set)
		return field_opaque(0);
	return s->vars[0].value;
}

void state_set_cwd(struct walk *w, const struct field *f)
{
	state_set(w, "", 0, f, false);
}

void state_set_maybe(struct walk *w, const struct field *f)
{
	struct state *s = &w->state;

	if (s->vars == NULL || place_same(&s->vars[MAYBE].value, f))
		return;
	state_push(w, s, MAYBE);
	s->vars[MAYBE].value = *f;
}

struct place state_place(const struct state *s)
{
	struct place p = place_nowhere();

	p.sure = state_cwd(s);
	if (p.sure.kind != CONFIDENCE_OPAQUE)
		p.maybe = p.sure;
	else if (s->vars != NULL)
		p.maybe = s->vars[MAYBE].value;
	return p;
}

void state_set_place(struct walk *w, const struct place *p)
{
	state_set_cwd(w, &p->sure);
	state_set_maybe(w, &p->maybe);
}

struct place place_nowhere(void)
{
	return (struct place){ field_opaque(0), field_opaque(0) };
}

bool place_same(const struct field *a, const struct field *b)
{
	return a->kind == b->kind && a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
}
