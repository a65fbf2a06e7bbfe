/* Reads an argv by the tables, the way the tool itself would: clusters, attached arguments, long options, subcommands. What a
 * table does not name is an unknown effect; a word that is not known and may be an option is one too. */
#include <string.h>

#include "policy/walk.h"
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

bool tool_has(const struct tool *t, uint32_t flag)
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

struct scan {
	struct walk *w;
	struct act *a;
	const struct tool *tool;
	struct parsed *p;
	unsigned i; /* word at hand */
	bool ended; /* -- was seen */
	bool many;  /* an operand before may be several words */
	unsigned nops;
	unsigned skipped;
	unsigned does;   /* what the run does by itself, as far as an option or a subcommand has not said something else */
	bool does_said;
	bool fills, counts; /* xargs: -I; -n, -L */
};

static void scan_unknown(struct scan *s, const char *word)
{
	if (!s->p->unknown)
		s->p->unknown_word = word;
	s->p->unknown = true;
}

static void scan_note(struct scan *s, const struct opt *o, int arg, size_t off)
{
	struct act_opt *n = &s->a->opts[s->a->nopts];

	/* opts has room for one a byte of every option word: see options_read(). */
	n->group = o != NULL ? o->group : 0;
	n->at = (uint16_t)s->i;
	n->arg = (int16_t)arg;
	n->arg_off = (uint16_t)off;
	s->a->nopts++;
}

static bool scan_is_number(const char *p, size_t n)
{
	size_t sign = n > 0 && (*p == '-' || *p == '+') ? 1 : 0;

	return n > sign && word_digit(p[sign]) && strspn(p + sign, "0123456789abcdefABCDEFxX.kKmMgG") == n - sign;
}

/* read -p WORD: to a shell where -p takes nothing, the word is the variable that is read, or NAME?PROMPT. */
static void scan_mayname(struct scan *s, const struct opt *o, const struct field *f, size_t off)
{
	struct field value = field_opaque(0);
	size_t n = 0;

	if (f->kind != CONFIDENCE_EXACT) {
		scan_unknown(s, o->name);
		return;
	}
	while ((f->p[off + n] >= 'a' && f->p[off + n] <= 'z') || (f->p[off + n] >= 'A' && f->p[off + n] <= 'Z') || f->p[off + n] == '_' ||
	       (n > 0 && word_digit(f->p[off + n])))
		n++;
	if (n > 0 && f->p[off + n] == '[')
		scan_unknown(s, o->name);
	else if (n > 0 && (off + n == f->n || f->p[off + n] == '?'))
		walk_assigned(s->w, arena_copy(s->w->r->arena, f->p + off, n), n, &value, false, s->a->at);
}

/* Where versions of a tool read a word differently, only what all of them read alike is known. */
static void scan_strict(struct scan *s, const struct opt *o, int arg, size_t off)
{
	const struct field *word = &s->a->argv[arg > 0 && off == 0 ? (unsigned)arg - 1 : s->i];
	const struct field *f = arg >= 0 ? &s->a->argv[arg] : NULL;
	bool number = f != NULL && ((f->kind == CONFIDENCE_EXACT && scan_is_number(f->p + off, f->n - off)) ||
				    (off == 0 && (f->flags & FIELD_NUMERIC) != 0 && (f->flags & FIELD_MULTI) == 0));

	if ((o->mods & OPT_ALONE) != 0 && (word->n < o->len || memcmp(word->p, o->name, o->len) != 0 || (word->n > o->len && off == 0)))
		scan_unknown(s, o->name);
	if ((o->mods & OPT_APART) != 0 && off > 0 && o->name[1] != '-' && !((o->mods & OPT_NUMBER) != 0 && number))
		scan_unknown(s, o->name);
	if ((o->mods & OPT_NUMBER) != 0 && f != NULL && !number)
		scan_unknown(s, o->name);
	/* zsh's read takes a number for the parameter that it is. */
	if ((o->mods & OPT_NUMBER) != 0 && s->tool->prog == PROG_NAMES && s->w->dialect == DIALECT_ZSH)
		s->w->state.params_known = false;
	if ((o->mods & OPT_MAYNAME) != 0 && f != NULL)
		scan_mayname(s, o, f, off);
}

static void scan_apply(struct scan *s, const struct opt *o, int arg, size_t off)
{
	struct parsed *p = s->p;
	struct act *a = s->a;
	unsigned subs = 0;
	bool late;

	scan_strict(s, o, arg, off);
	/* Behind an operand a mode does not count for all: busybox with musl, and some BSD tools, take it for one more operand. */
	for (const struct tool *t = s->tool->parent; t != NULL; t = t->parent)
		subs++;
	late = s->nops > subs;
	scan_note(s, o, arg, off);
	p->mods |= o->mods;
	if ((o->mods & OPT_DOES_SET) != 0 && late) {
		s->does |= o->effects;
	} else if (o->mods & OPT_DOES_SET) {
		/* Only the default goes: what another option does, it still does. */
		s->does = (s->does_said ? s->does : 0) | o->effects;
		s->does_said = true;
	} else if (arg >= 0 && (o->mods & OPT_ARG_PATH) != 0) {
		unsigned path = o->effects & (EFFECT_READ | EFFECT_WRITE | EFFECT_DELETE);
		const struct field *f = &a->argv[arg];

		a->effects |= (uint16_t)(o->effects & ~path);
		if (!(path == EFFECT_READ && f->kind == CONFIDENCE_EXACT && strcmp(f->p + off, "-") == 0))
			path_add(s->w, a, path, f, off);
		if ((o->mods & OPT_CONFIG) != 0 &&
		    !(a->paths != NULL && a->paths->path.kind == CONFIDENCE_EXACT && !a->paths->dots && strncmp(a->paths->path.p, "/etc/", 5) == 0))
			a->effects |= EFFECT_EXEC;
		if (o->mods & OPT_REMOTE) {
			if (path_elsewhere(f, off))
				a->effects |= EFFECT_NET | EFFECT_EXEC;
		}
	} else {
		a->effects |= o->effects;
	}
	/* Of several modes the last one counts, but for those that hold whatever comes. */
	if ((o->mods & OPT_OPS_SET) != 0 && late) {
		p->ops_set |= o->ops;
		p->ops_add |= o->ops;
	} else if ((o->mods & OPT_OPS_SET) != 0 && !p->ops_final) {
		p->has_ops_set = true;
		p->ops_set = o->ops;
		p->ops_final = (o->mods & OPT_FINAL) != 0;
	}
	if (o->mods & OPT_OPS_ADD)
		p->ops_add |= o->ops;
	if (o->mods & OPT_FIRST)
		p->first = 1;
	if (o->mods & OPT_STOP)
		p->stop = true;
	if (o->mods & OPT_DRY)
		p->dry = true;
	if (o->mods & OPT_LOCAL)
		p->local = true;
	if (o->mods & OPT_OPAQUE)
		scan_unknown(s, o->name);
	/* Of -I and -n or -L the last one holds, or the first: whether words are put in or added is not known then. */
	if (strcmp(s->tool->name, "xargs") == 0 && (strchr("nLlIi", o->name[1]) != NULL || strncmp(o->name, "--max-", 6) == 0 || strcmp(o->name, "--replace") == 0)) {
		bool fills = o->name[1] == 'I' || o->name[1] == 'i' || strcmp(o->name, "--replace") == 0;
		bool counts = !fills && strcmp(o->name, "--max-chars") != 0 && strcmp(o->name, "--max-procs") != 0;
		bool one = counts && arg >= 0 && strcmp(a->argv[arg].p + off, "1") == 0 && (o->name[1] == 'n' || strcmp(o->name, "--max-args") == 0);

		s->fills = s->fills || fills;
		s->counts = s->counts || (counts && !one);
		if (s->fills && s->counts)
			scan_unknown(s, "-I together with -n or -L");
	}
	if (arg < 0)
		return;
	if (o->mods & OPT_PLAIN) {
		const struct field *f = &a->argv[arg];

		if (f->kind != CONFIDENCE_EXACT || strpbrk(f->p + off, ",=") != NULL)
			scan_unknown(s, o->name);
	}
	if (o->mods & OPT_PROG) {
		const struct field *f = &a->argv[arg];

		if (p->prog_at >= 0 && s->tool->prog != PROG_SED)
			scan_unknown(s, o->name); /* two programs: joined by the tool; not read here */
		/* sed's are lines of one script; each must be whole by itself. */
		if (s->tool->prog == PROG_SED && (f->kind != CONFIDENCE_EXACT || !prog_sed_reads(f->p + off, f->n - off)))
			a->effects |= EFFECT_EXEC | EFFECT_WRITE;
		p->prog_at = arg;
		p->prog_off = (uint32_t)off;
	}
	if (o->mods & OPT_INNER) {
		if (p->inner_text >= 0)
			scan_unknown(s, o->name);
		p->inner_text = arg;
		p->inner_off = (uint32_t)off;
	}
	if (o->mods & OPT_SPLIT) {
		p->split_text = arg;
		p->split_off = (uint32_t)off;
	}
	if (o->mods & OPT_CWD) {
		p->cwd_at = arg;
		p->cwd_off = (uint32_t)off;
	}
	if (o->mods & OPT_NAMES) {
		const struct field *f = &a->argv[arg];

		if (f->kind == CONFIDENCE_EXACT && strchr(f->p + off, '[') == NULL) {
			struct field v = field_opaque(0);

			walk_assigned(s->w, f->p + off, f->n - off, &v, false, a->at);
		} else {
			scan_unknown(s, o->name);
		}
	}
	if (strcmp(s->tool->name, "xargs") == 0 && (strcmp(o->name, "-I") == 0 || strcmp(o->name, "-i") == 0 || strcmp(o->name, "--replace") == 0))
		p->replace = a->argv[arg].kind == CONFIDENCE_EXACT && a->argv[arg].n > off ? a->argv[arg].p + off : "";
}

/* The argument in the next word; -1: there is none that can be told. */
static int scan_next(struct scan *s)
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

		if (f->kind == CONFIDENCE_EXACT && f->n > 1 && f->p[0] == '-' && !word_digit(f->p[1]))
			scan_unknown(s, "an option's argument that looks like an option");
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
	scan_apply(s, o, o->arg == OPT_TAKES ? scan_next(s) : -1, 0);
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
		/* --simulate=no */
		if (eq != NULL && o->len == n && !tool_has(s->tool, TOOL_LOOSE))
			scan_unknown(s, f->p);
		scan_apply(s, o, -1, 0);
	} else if (eq != NULL) {
		scan_apply(s, o, (int)s->i, n + 1);
	} else if (o->arg == OPT_TAKES) {
		struct field here = *f;
		int arg = scan_next(s);

		(void)here;
		scan_apply(s, o, arg, 0);
	} else {
		scan_apply(s, o, -1, 0);
	}
}

static bool scan_number(const char *p)
{
	if (*p < '0' || *p > '9')
		return false;
	while (*p >= '0' && *p <= '9')
		p++;
	/* head -20, tail -5f, git log -3, nice -10 */
	return *p == '\0' || (strchr("bkmcflqrv", *p) != NULL && p[1] == '\0');
}

static void scan_cluster(struct scan *s, const struct field *f, size_t from)
{
	for (size_t k = from; k < f->n; k++) {
		char name[3] = { '-', f->p[k], '\0' };
		const struct opt *o = options_find(s->tool, name, 2);

		if (o == NULL) {
			scan_note(s, NULL, -1, 0);
			if (!tool_has(s->tool, TOOL_LOOSE)) {
				scan_unknown(s, f->p);
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
			int arg = scan_next(s);

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
		scan_apply(s, o, o->arg == OPT_TAKES ? scan_next(s) : -1, 0);
	}
}

static void scan_option(struct scan *s, const struct field *f)
{
	const struct opt *o;

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
		int arg = o->arg == OPT_TAKES ? scan_next(s) : -1;

		scan_apply(s, o, arg, 0);
		return;
	}
	if ((tool_has(s->tool, TOOL_DIGITS) || tool_has(s->tool, TOOL_LOOSE)) && scan_number(f->p + 1)) {
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

/* An operand of a wrapper: true when the inner command begins here. */
static bool scan_wrap_operand(struct scan *s, const struct field *f)
{
	if (tool_has(s->tool, TOOL_ASSIGNS) && s->skipped == s->tool->skip && scan_assignment(f)) {
		scan_env(s, f);
		return false;
	}
	if (f->flags & FIELD_MULTI) {
		/* May be the skipped ones and the command at once. */
		scan_unknown(s, "a word that is not known stands where the inner command begins");
		return true;
	}
	if (s->skipped < s->tool->skip) {
		/* timeout 5, taskset 3, chrt 10: a word that is no number may already be the command. */
		if ((s->tool->flags & TOOL_DIGITS) != 0 && !(f->kind == CONFIDENCE_EXACT && (word_digit(f->p[0]) || f->p[0] == '.')) && !(f->flags & FIELD_NUMERIC))
			scan_unknown(s, f->kind == CONFIDENCE_EXACT ? f->p : "a word that is not known to be a number");
		s->skipped++;
		s->a->ops[s->nops++] = (uint16_t)s->i;
		return false;
	}
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
			is = f->n == o->len && memcmp(f->p, o->name, o->len) == 0;
		else
			is = f->kind == CONFIDENCE_PATTERN || memcmp(f->p, o->name, f->n < o->len ? f->n : o->len) == 0;
		if (is) {
			scan_apply(s, o, -1, 0);
			return;
		}
	}
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
	if (s->tool->kind == TOOL_WRAP && s->tool->then != THEN_NONE)
		return scan_wrap_operand(s, f);
	s->a->ops[s->nops++] = (uint16_t)s->i;
	if (tool_has(s->tool, TOOL_POSIX) && !tool_has(s->tool, TOOL_LOOSE))
		s->ended = true;
	return false;
}

static unsigned scan_place(const struct tool *t, unsigned k, bool last, bool unsure)
{
	unsigned all = t->rest | (t->has_last ? t->last : 0);

	if (unsure) {
		for (unsigned i = 0; i < t->nplaces; i++)
			all |= t->place[i];
		return all;
	}
	if (last && t->has_last)
		return t->last;
	return k < t->nplaces ? t->place[k] : t->rest;
}

static void scan_operand_effects(struct scan *s, unsigned from)
{
	const struct tool *t = s->tool;
	bool unsure = false;

	if (t->kind != TOOL_PLAIN || ((t->flags & TOOL_ANY) != 0 && t->rest == 0))
		return;
	for (unsigned i = from; i < s->nops; i++) {
		const struct field *f = &s->a->argv[s->a->ops[i]];
		unsigned e, path;

		if (t->ops_none) {
			scan_unknown(s, f->kind == CONFIDENCE_EXACT ? f->p : "an operand");
			return;
		}
		if (f->flags & FIELD_MULTI)
			unsure = true;
		if (t->equals != 0 && (f->kind != CONFIDENCE_EXACT || strchr(f->p, '=') != NULL))
			s->a->effects |= t->equals;
		e = scan_place(t, i - from + s->p->first, i + 1 == s->nops, unsure);
		if (s->p->has_ops_set)
			e = s->p->ops_set;
		else if (e != 0)
			e |= s->p->ops_add;
		path = e & (EFFECT_READ | EFFECT_WRITE | EFFECT_DELETE);
		s->a->effects |= (uint16_t)(e & ~path);
		if (path == EFFECT_READ && f->kind == CONFIDENCE_EXACT && strcmp(f->p, "-") == 0)
			continue;
		if (path != 0)
			path_add(s->w, s->a, path, f, 0);
	}
}

/* apt-get reads a word behind a flag as its value: -s no does it after all. */
static bool dry_undone(const struct act *a)
{
	static const char *const words[] = { "no", "false", "without", "off", "disable", NULL };

	for (unsigned i = 1; i < a->argc; i++) {
		const struct field *f = &a->argv[i];

		if (f->kind != CONFIDENCE_EXACT || (f->n > 0 && strspn(f->p, "0123456789") == f->n))
			return true;
		for (unsigned k = 0; words[k] != NULL; k++) {
			if (strcmp(words[k], f->p) == 0)
				return true;
		}
	}
	return false;
}

void options_read(struct walk *w, struct act *a, const struct tool *tool, struct parsed *p)
{
	struct scan s = { .w = w, .a = a, .tool = tool, .p = p };
	size_t room = 8;
	unsigned subs = 0;
	bool bundle = (tool->flags & TOOL_BUNDLE) != 0;

	memset(p, 0, sizeof(*p));
	p->inner_at = p->inner_text = p->split_text = p->prog_at = p->cwd_at = -1;
	for (unsigned i = 1; i < a->argc; i++)
		room += (a->argv[i].kind == CONFIDENCE_EXACT && a->argv[i].p[0] == '-' && a->argv[i].p[1] != '-') || (i == 1 && bundle) ? a->argv[i].n + 1 : 2;
	a->opts = arena_alloc(w->r->arena, room * sizeof(*a->opts));
	a->ops = arena_alloc(w->r->arena, (a->argc + 1) * sizeof(*a->ops));
	if (a->opts == NULL || a->ops == NULL || a->argc > MAX_FIELDS + 512) {
		w->r->failed = true;
		return;
	}
	s.does = tool->does;
	for (s.i = 1; s.i < a->argc; s.i++) {
		const struct field *f = &a->argv[s.i];
		const struct tool *before = s.tool;

		if (f->kind == CONFIDENCE_EXACT && !s.ended && f->n > 1 && f->p[0] == '-') {
			if (f->n == 2 && f->p[1] == '-' && options_find(s.tool, "--", 2) == NULL) {
				s.ended = !tool_has(s.tool, TOOL_LOOSE);
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
		if (f->kind != CONFIDENCE_EXACT && !s.ended && (f->flags & FIELD_NODASH) == 0 && !tool_has(s.tool, TOOL_ANY)) {
			if (s.tool->kind == TOOL_PLAIN && s.tool->nopts == 0 && s.tool->parent == NULL && !(s.tool->flags & TOOL_SUB))
				; /* it has no options at all in the tables: only its effects count */
			else if (f->kind == CONFIDENCE_OPAQUE && tool_has(s.tool, TOOL_PLUS) && f->n > 0 && f->p[0] == '+' && !(f->flags & FIELD_MULTI))
				continue;
			else
				scan_unknown(&s, "a word that is not known, and may be an option");
		}
		scan_word(&s, f);
		if (scan_operand(&s, f))
			break;
		if (s.tool != before)
			subs = s.nops;
	}
	a->effects |= (uint16_t)s.does;
	/* A wrapper's is for command_wrapper(). */
	if (tool->kind == TOOL_PLAIN && s.nops == 0 && !p->stop)
		a->effects |= tool->bare;
	a->nops = s.nops;
	a->tool = s.tool;
	if (w->r->failed)
		return;
	for (unsigned i = 1; tool_has(s.tool, TOOL_ATFILE) && i < a->argc; i++) {
		if (a->argv[i].n > 0 && a->argv[i].p[0] == '@')
			scan_unknown(&s, "@FILE, whose options are not known");
	}
	scan_operand_effects(&s, subs);
	/* Tools where every query leaves the host: what is not known may be the content of a file. */
	for (unsigned i = 1; s.tool->does == EFFECT_QUERY && i < a->argc; i++) {
		if (a->argv[i].kind == CONFIDENCE_OPAQUE && !field_number(&a->argv[i]))
			a->effects |= EFFECT_NET;
	}
	if (p->dry && !dry_undone(a))
		a->effects = (uint16_t)((a->effects & ~(unsigned)(EFFECT_CHANGE | EFFECT_WRITE | EFFECT_DELETE)) | EFFECT_READ);
	/* On a terminal, what the tool may start there. */
	if (w->stdout_tty && !p->local) {
		for (const struct tool *t = s.tool; t != NULL; t = t->parent) {
			if (t->flags & TOOL_PAGER)
				a->effects |= EFFECT_EXEC;
			a->effects |= t->tty;
		}
		if ((a->effects & EFFECT_EXEC) != 0 && a->why == NULL)
			a->why = "on a terminal it starts a pager or takes keys that can run commands";
	}
}
