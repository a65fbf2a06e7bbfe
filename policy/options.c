/* Reads an argv by the tables, the way the tool itself would: clusters, attached arguments, long options, subcommands. What a
 * table does not name is an unknown effect; a word that is not known and may be an option is one too. */
#include <string.h>
#include <strings.h>

#include "policy/options_scan.h"
#include "policy/word_build.h"

const struct opt *options_find(const struct tool *t, const char *name, size_t n)
{
	for (; t != NULL; t = t->parent) {
		for (unsigned i = 0; i < t->nopts; i++) {
			if (t->opts[i].len == n && memcmp(t->opts[i].name, name, n) == 0)
				return &t->opts[i];
		}
	}
	return NULL;
}

bool tool_has(const struct tool *t, uint64_t flag)
{
	for (; t != NULL; t = t->parent) {
		if ((t->flags & flag) != 0)
			return true;
	}
	return false;
}

/* A long option that the tables name and that name is an abbreviation of; *ambiguous when it is one of several. */
static const struct opt *options_prefix(const struct tool *t, const char *name, size_t n, bool *ambiguous)
{
	const struct opt *found = NULL;

	*ambiguous = false;
	if (n < 3)
		return NULL;
	for (; t != NULL; t = t->parent) {
		for (unsigned i = 0; i < t->nopts; i++) {
			const struct opt *o = &t->opts[i];

			if (o->len <= n || o->name[1] != '-' || memcmp(o->name, name, n) != 0)
				continue;
			if (found != NULL && found->group != o->group)
				*ambiguous = true;
			/* Of several, the one that does most harm. */
			if (found == NULL || o->effects > found->effects)
				found = o;
		}
	}
	return found;
}

/* The argument in the next word; -1: there is none that can be told. */
static int scan_next(struct scan *s, const struct opt *o)
{
	if (s->i + 1 >= s->a->argc) {
		return -1;
	}
	if (s->a->argv[s->i + 1].flags & FIELD_MULTI) {
		/* Not known whether the next word is the argument, or several, or none. */
		scan_unknown(s, "an option's argument that may be several words, or none: double quotes make it one");
		return -1;
	}
	/* -x --output=f: whether --output is x's argument, or x takes none in this version of the tool, is not certain enough. */
	{
		const struct field *f = &s->a->argv[s->i + 1];

		if (f->kind == CONFIDENCE_EXACT && (o->mods & OPT_SURE) == 0 && f->n > 1 && f->p[0] == '-' && !word_digit(f->p[1]))
			scan_unknown(s, "an option's argument that looks like an option");
		if (f->kind != CONFIDENCE_EXACT && (o->mods & (OPT_SURE | OPT_REMOTE)) == 0 && (f->flags & (FIELD_NODASH | FIELD_NUMERIC | FIELD_DIGITS | FIELD_ROOTED)) == 0)
			scan_unknown(s, "an option's argument that may be an option");
	}
	return (int)++s->i;
}

/* Where long options have one dash, a second one changes nothing, and = may stand before the argument. */
static void scan_onedash(struct scan *s, const struct field *f)
{
	size_t skip = f->n > 2 && f->p[1] == '-' ? 1 : 0, n = f->n - skip;
	const char *name = f->p + skip, *eq = memchr(name, '=', n);
	const struct opt *o = f->kind == CONFIDENCE_EXACT ? options_find(s->tool, name, n) : NULL;

	if (o == NULL && eq != NULL) {
		o = options_find(s->tool, name, (size_t)(eq - name));
		if (o != NULL) {
			scan_apply(s, o, o->arg == OPT_FLAG ? -1 : (int)s->i, (size_t)(eq + 1 - f->p));
			return;
		}
	}
	if (o == NULL) {
		if (!tool_has(s->tool, TOOL_LOOSE))
			scan_unknown(s, f->p);
		scan_note(s, NULL, -1, 0);
		return;
	}
	scan_apply(s, o, o->arg == OPT_TAKES ? scan_next(s, o) : -1, 0);
}

static void scan_long(struct scan *s, const struct field *f)
{
	const char *eq = memchr(f->p, '=', f->n);
	size_t n = eq != NULL ? (size_t)(eq - f->p) : f->n;
	const struct opt *o = options_find(s->tool, f->p, n);
	bool ambiguous, guess = false;

	if (o == NULL && eq != NULL)
		o = options_find(s->tool, f->p, f->n); /* a spelling with its value, as in -color=always */
	if (o == NULL) {
		o = options_prefix(s->tool, f->p, n, &ambiguous);
		guess = o != NULL;
	}
	if (o == NULL) {
		/* kubectl takes _ for - in the name of an option. */
		if ((!tool_has(s->tool, TOOL_LOOSE) || memchr(f->p, '_', n) != NULL) && !((n == 6 && memcmp(f->p, "--help", 6) == 0) || (n == 9 && memcmp(f->p, "--version", 9) == 0)))
			scan_unknown(s, f->p);
		scan_note(s, NULL, -1, 0);
		return;
	}
	if (guess && !tool_has(s->tool, TOOL_LOOSE))
		scan_unknown(s, f->p); /* which option it abbreviates depends on the version of the tool */
	if (o->arg == OPT_FLAG) {
		/* --simulate=no, --spider=off */
		if ((eq != NULL && o->len == n && !tool_has(s->tool, TOOL_LOOSE)) || (o->len != f->n && (o->mods & OPT_NAMED) != 0))
			scan_unknown(s, f->p);
		scan_apply(s, o, -1, 0);
	} else if (eq != NULL) {
		scan_apply(s, o, (int)s->i, n + 1);
	} else if (o->arg == OPT_TAKES) {
		int arg = scan_next(s, o);

		scan_apply(s, o, arg, 0);
		if (arg >= 0 && (o->mods & OPT_TWO) != 0)
			(void)scan_next(s, o);
	} else {
		scan_apply(s, o, -1, 0);
	}
}

/* head -20, git log -3, nice -10. Behind that of head and tail may be a letter, -20c or -5f: part of the number or an option, which does nothing. */
static bool scan_number(const struct tool *t, const char *p)
{
	char name[3] = { '-', '\0', '\0' };
	const struct opt *o;

	if (!word_digit(*p))
		return false;
	p += strspn(p, "0123456789");
	if (*p == '\0')
		return true;
	name[1] = *p;
	o = options_find(t, name, 2);
	return tool_has(t, TOOL_ANY) && strchr("bkmcflqrv", *p) != NULL && p[1] == '\0' && (o == NULL || (o->effects == 0 && o->mods == 0));
}

static void scan_cluster(struct scan *s, const struct field *f, size_t from)
{
	for (size_t k = from; k < f->n; k++) {
		char name[3] = { '-', f->p[k], '\0' };
		const struct opt *o = options_find(s->tool, name, 2);

		if (o == NULL) {
			/* gzip -9r: a digit is a letter as any other. Behind that of head a letter may be part of the number, and then takes no argument. */
			bool digit = word_digit(f->p[k]) && tool_has(s->tool, TOOL_DIGITS) && !tool_has(s->tool, TOOL_ANY) && s->tool->kind == TOOL_PLAIN;

			scan_note(s, NULL, -1, 0);
			if (!tool_has(s->tool, TOOL_LOOSE) && !digit) {
				scan_unknown(s, f->p);
				if (!tool_has(s->tool, TOOL_ANY))
					return;
			}
			continue;
		}
		if (o->arg == OPT_FLAG || (o->arg == OPT_MAYBE && k + 1 == f->n)) {
			scan_apply(s, o, -1, 0);
			continue;
		}
		if (k + 1 < f->n) {
			scan_apply(s, o, (int)s->i, k + 1);
		} else {
			int arg = scan_next(s, o);

			scan_apply(s, o, arg, 0);
		}
		return;
	}
}

/* tar xfI FILE PROGRAM: letters without a dash; those with an argument take the words that follow, in their order. */
static void scan_bundle(struct scan *s, const struct field *f)
{
	for (size_t k = 0; k < f->n; k++) {
		char name[3] = { '-', f->p[k], '\0' };
		const struct opt *o = options_find(s->tool, name, 2);

		if (o == NULL) {
			scan_note(s, NULL, -1, 0);
			scan_unknown(s, f->p);
			return;
		}
		scan_apply(s, o, o->arg == OPT_TAKES ? scan_next(s, o) : -1, 0);
	}
}

/* An option of a tool that has no table of them: what is attached may be the name of a file that it reads. */
static void scan_attached(struct scan *s, const struct field *f)
{
	const char *eq = memchr(f->p, '=', f->n), *slash = memchr(f->p, '/', f->n);
	const struct opt *o;
	size_t off = 2;

	if (slash == NULL || (s->tool->rest & EFFECT_READ) == 0 || strstr(f->p, "://") != NULL)
		return;
	if (f->p[1] == '-') {
		if (eq == NULL || eq > slash)
			return;
		off = (size_t)(eq + 1 - f->p);
	}
	o = options_find(s->tool, f->p, f->p[1] == '-' ? off - 1 : 2);
	if (o != NULL && o->arg != OPT_FLAG)
		return;
	path_add(s->w, s->a, EFFECT_READ, f, off);
	if (slash > f->p + off && f->p[1] != '-')
		path_add(s->w, s->a, EFFECT_READ, f, (size_t)(slash - f->p));
}

static void scan_option(struct scan *s, const struct field *f)
{
	const struct opt *o;

	if (tool_has(s->tool, TOOL_ANY))
		scan_attached(s, f);

	if (tool_has(s->tool, TOOL_ONEDASH)) {
		scan_onedash(s, f);
		return;
	}
	if (f->p[1] == '-') {
		scan_long(s, f);
		return;
	}
	/* Whole words first: -name of a tool with one dash, and spellings like -TT. */
	o = options_find(s->tool, f->p, f->n);
	if (o != NULL && f->n > 2) {
		int arg = o->arg == OPT_TAKES ? scan_next(s, o) : -1;

		scan_apply(s, o, arg, 0);
		return;
	}
	if ((tool_has(s->tool, TOOL_DIGITS) || tool_has(s->tool, TOOL_LOOSE)) && scan_number(s->tool, f->p + 1)) {
		scan_note(s, NULL, -1, 0);
		return;
	}
	scan_cluster(s, f, 1);
}

static bool scan_assignment(const struct field *f)
{
	uint32_t i = 0;

	if (f->kind == CONFIDENCE_OPAQUE && f->n == 0)
		return false;
	while (i < f->n && ((f->p[i] >= 'a' && f->p[i] <= 'z') || (f->p[i] >= 'A' && f->p[i] <= 'Z') || f->p[i] == '_' ||
			    (i > 0 && f->p[i] >= '0' && f->p[i] <= '9')))
		i++;
	return i > 0 && i < f->n && f->p[i] == '=';
}

static void scan_env(struct scan *s, const struct field *f)
{
	size_t n = strcspn(f->p, "=");

	switch (table_var(f->p, n)) {
	case VAR_HARMLESS:
		if (f->kind != CONFIDENCE_EXACT ? !var_value_plain(f->p, n, "?", 1) : !var_value_plain(f->p, n, f->p + n + 1, f->n - n - 1))
			scan_unknown(s, "a locale in which bytes may be other characters, or a time zone from a file");
		break;
	case VAR_PLAIN:
		s->a->effects |= EFFECT_UNKNOWN;
		s->a->why = "gives a program a variable whose effect is in no table";
		break;
	case VAR_DANGEROUS: {
		struct field value = *f;

		value.p += n + 1;
		value.n -= (uint32_t)(n + 1);
		if (f->kind != CONFIDENCE_EXACT || !var_value_harmless(f->p, n, &value))
			scan_unknown(s, f->p);
		break;
	}
	}
}

/* Where a wrapper looks for its options up to the end of the line, a word of the inner command that looks like one may be its own. */
static void scan_permuted(struct scan *s)
{
	for (unsigned i = s->i; i < s->a->argc; i++) {
		const struct field *f = &s->a->argv[i];
		bool plain = (f->flags & (FIELD_NODASH | FIELD_ROOTED)) != 0 && !(f->kind == CONFIDENCE_OPAQUE && (f->flags & FIELD_MULTI) != 0);

		if (f->kind == CONFIDENCE_EXACT ? f->n > 0 && f->p[0] == '-' : !plain)
			scan_unknown(s, "an option that the wrapper may take out of the inner command: -- before that keeps it");
	}
}

/* A number with a unit of time behind it, a list of numbers or a mask. */
static bool scan_amount(const char *p)
{
	size_t n = strspn(p, "0123456789.,-");

	if (strncmp(p, "0x", 2) == 0)
		return p[2] != '\0' && p[2 + strspn(p + 2, "0123456789abcdefABCDEF")] == '\0';
	return n > 0 && p[n - 1] != '-' && strpbrk(p, "0123456789") != NULL && (p[n] == '\0' || (strchr("smhd", p[n]) != NULL && p[n + 1] == '\0'));
}

/* An operand of a wrapper: true when the inner command begins here. */
static bool scan_wrap_operand(struct scan *s, const struct field *f)
{
	if (f->flags & FIELD_MULTI) {
		/* May be assignments, the skipped ones and the command at once. */
		scan_unknown(s, "a word that is not known stands where the inner command begins");
		return true;
	}
	if (tool_has(s->tool, TOOL_ASSIGNS) && s->skipped == s->tool->skip && scan_assignment(f)) {
		scan_env(s, f);
		return false;
	}
	if (s->skipped < s->tool->skip) {
		/* timeout 5, taskset 3, chrt 10: a word that is no number may already be the command. */
		if ((s->tool->flags & TOOL_DIGITS) != 0 && !(f->kind == CONFIDENCE_EXACT && scan_amount(f->p)) && !(f->flags & FIELD_NUMERIC))
			scan_unknown(s, f->kind == CONFIDENCE_EXACT ? f->p : "a word that is not known to be a number");
		s->skipped++;
		s->a->ops[s->nops++] = (uint16_t)s->i;
		return false;
	}
	if (tool_has(s->tool, TOOL_PERMUTES) && !s->ended)
		scan_permuted(s);
	s->p->inner_at = (int)s->i;
	return true;
}

/* An operand that the tables name like an option, without a dash: git config edit. */
static void scan_word(struct scan *s, const struct field *f)
{
	for (unsigned i = 0; s->tool->kind == TOOL_PLAIN && i < s->tool->nopts; i++) {
		const struct opt *o = &s->tool->opts[i];
		bool is;

		if (o->name[0] == '-')
			continue;
		if (f->kind == CONFIDENCE_EXACT)
			is = o->name[0] == '+' ? f->n > 1 && strncasecmp(f->p, o->name, f->n < o->len ? f->n : o->len) == 0 /* dig +HTTP…, +ht */
					       : f->n == o->len && memcmp(f->p, o->name, o->len) == 0;
		else
			is = f->kind == CONFIDENCE_PATTERN || memcmp(f->p, o->name, f->n < o->len ? f->n : o->len) == 0;
		if (is) {
			scan_apply(s, o, -1, 0);
			return;
		}
	}
}

/* Whether an option does anything: not where it only says how its argument is written. */
bool option_acts(const struct opt *o)
{
	return o->effects != 0 || (o->mods & ~(uint64_t)(OPT_SURE | OPT_ALONE | OPT_APART | OPT_NUMBER | OPT_PLAIN | OPT_LOCAL)) != 0;
}

/* Behind --, whether a word with a dash would be an option that does something if -- were not the end of the options. */
static bool scan_option_behind(const struct tool *tool, const struct field *f)
{
	bool onedash = tool_has(tool, TOOL_ONEDASH), whole = onedash || (f->n > 1 && f->p[1] == '-');
	const char *name = onedash && f->n > 2 && f->p[1] == '-' ? f->p + 1 : f->p;
	size_t n = whole ? strcspn(name, "=") : f->n;

	if (f->kind != CONFIDENCE_EXACT)
		return true;
	for (const struct tool *t = tool; t != NULL; t = t->parent) {
		for (unsigned i = 0; i < t->nopts; i++) {
			const struct opt *o = &t->opts[i];

			if (o->name[0] != '-' || o->len < 2 || !option_acts(o))
				continue;
			if (o->len >= n && memcmp(o->name, name, n) == 0)
				return true;
			if (!whole && o->len == 2 && memchr(f->p + 1, o->name[1], f->n - 1) != NULL)
				return true;
		}
	}
	return false;
}

static bool scan_operand(struct scan *s, const struct field *f)
{
	if (tool_has(s->tool, TOOL_SUB) && (s->tool->flags & TOOL_SUB) != 0) {
		const struct tool *sub = f->kind == CONFIDENCE_EXACT ? table_sub(s->tool, f->p, f->n) : NULL;

		s->a->ops[s->nops++] = (uint16_t)s->i;
		if (sub == NULL) {
			scan_unknown(s, f->kind == CONFIDENCE_EXACT ? f->p : "a subcommand that is not known");
			return true;
		}
		s->does = sub->does;
		s->does_said = false;
		s->tool = sub;
		return false;
	}
	if (s->tool->kind == TOOL_WRAP && (s->tool->then != THEN_NONE || (s->p->mods & OPT_STARTS) != 0))
		return scan_wrap_operand(s, f);
	s->a->ops[s->nops++] = (uint16_t)s->i;
	if (tool_has(s->tool, TOOL_POSIX) && !tool_has(s->tool, TOOL_LOOSE)) {
		/* Where it is no word at all, the next one is the first. */
		s->many = s->many || (f->flags & FIELD_MULTI) != 0;
		s->ended = (f->flags & FIELD_MULTI) == 0;
	}
	return false;
}

/* Whether the word surely is no option. A number may be negative, which is one to tools that do not say otherwise. */
bool scan_plain(const struct scan *s, const struct field *f)
{
	return (f->flags & FIELD_NODASH) != 0 || ((f->flags & FIELD_NUMERIC) != 0 && (tool_has(s->tool, TOOL_DIGITS) || tool_has(s->tool, TOOL_LOOSE)));
}

/* Of a word that may be an option: why that is asked, and what would make it none. */
static const char *scan_doubt(const struct scan *s, const struct field *f)
{
	if (s->tool->kind != TOOL_PLAIN || tool_has(s->tool, TOOL_LOOSE))
		return "a word that is not known, and may be an option";
	if ((f->flags & FIELD_MULTI) != 0)
		return "a word that is not known, and may be options: in double quotes, with -- before it, it is none";
	return "a word that is not known, and may be an option: with -- before it, it is none";
}

void options_read(struct walk *w, struct act *a, const struct tool *tool, struct parsed *p)
{
	struct scan s = { .w = w, .a = a, .tool = tool, .p = p };
	size_t room = 8;
	unsigned subs = 0;
	bool bundle = (tool->flags & TOOL_BUNDLE) != 0;
	struct place here = state_place(&w->state);

	memset(p, 0, sizeof(*p));
	p->inner_at = p->inner_text = p->split_text = p->prog_at = p->cwd_at = p->into_at = p->suffix_at = p->remote_at = -1;
	for (unsigned i = 1; i < a->argc; i++)
		room += (a->argv[i].kind == CONFIDENCE_EXACT && a->argv[i].p[0] == '-' && a->argv[i].p[1] != '-') || (i == 1 && bundle) ? a->argv[i].n + 1 : 2;
	a->opts = arena_alloc(w->r->arena, room * sizeof(*a->opts));
	a->ops = arena_alloc(w->r->arena, (a->argc + 1) * sizeof(*a->ops));
	if (a->opts == NULL || a->ops == NULL || a->argc > MAX_FIELDS + 512) {
		w->r->failed = true;
		return;
	}
	s.does = tool->does;
	for (s.i = 1; s.i < a->argc && p->split_text < 0; s.i++) {
		const struct field *f = &a->argv[s.i];
		const struct tool *before = s.tool;

		if (s.many && !s.ended && f->n > 1 && f->p[0] == '-')
			scan_unknown(&s, "a word that is an option or not, as one before it may be no word");
		if (f->kind == CONFIDENCE_EXACT && !s.ended && f->n > 1 && f->p[0] == '-') {
			if (f->n == 2 && f->p[1] == '-' && options_find(s.tool, "--", 2) == NULL) {
				s.ended = !tool_has(s.tool, TOOL_LOOSE);
				s.behind = s.ended && a->nopts > 0;
				continue;
			}
			scan_option(&s, f);
			continue;
		}
		/* --option="$x": which option it is, is known. */
		if (f->kind == CONFIDENCE_OPAQUE && !s.ended && !(f->flags & FIELD_MULTI) && f->n > 3 && f->p[0] == '-' && f->p[1] == '-' &&
		    memchr(f->p, '=', f->n) != NULL) {
			if (tool_has(s.tool, TOOL_ONEDASH))
				scan_onedash(&s, f);
			else
				scan_long(&s, f);
			continue;
		}
		if (f->kind == CONFIDENCE_EXACT && f->n == 1 && f->p[0] == '-' && options_find(s.tool, "-", 1) != NULL && !s.ended) {
			scan_apply(&s, options_find(s.tool, "-", 1), -1, 0);
			continue;
		}
		if (f->kind == CONFIDENCE_EXACT && !s.ended && f->n > 1 && f->p[0] == '+' && tool_has(s.tool, TOOL_PLUS))
			continue;
		if (bundle && s.i == 1 && f->kind == CONFIDENCE_EXACT) {
			scan_bundle(&s, f);
			continue;
		}
		if (bundle && s.i == 1)
			scan_unknown(&s, "a word that is not known, and may be options without their dash");
		if (f->kind != CONFIDENCE_EXACT && !s.ended && !scan_plain(&s, f) && !tool_has(s.tool, TOOL_ANY)) {
			if (f->kind == CONFIDENCE_OPAQUE && tool_has(s.tool, TOOL_PLUS) && f->n > 0 && f->p[0] == '+' && !(f->flags & FIELD_MULTI))
				continue;
			else
				scan_unknown(&s, scan_doubt(&s, f));
		}
		if (s.behind && f->n > 1 && f->p[0] == '-' && s.tool->kind == TOOL_PLAIN && !tool_has(s.tool, TOOL_ANY) && scan_option_behind(s.tool, f))
			scan_unknown(&s, f->p);
		scan_word(&s, f);
		if (scan_operand(&s, f))
			break;
		if (s.tool != before)
			subs = s.nops;
	}
	a->nops = s.nops;
	a->tool = s.tool;
	if (!w->r->failed)
		scan_effects(&s, tool, subs, &here);
}
