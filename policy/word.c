/* From a word of the tree to what the shell would make of it: exact bytes, a pattern, or not knowable. Every substitution in
 * a word is walked as code here, whatever becomes of the word. When in doubt, opaque. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "policy/walk.h"

#define MAX_ALTS 512 /* words that braces may make of one */

struct field field_opaque(unsigned flags)
{
	struct field f = { .p = "", .n = 0, .kind = CONFIDENCE_OPAQUE, .flags = (uint8_t)flags };

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
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			numeric = numeric && i == 0 && p[0] == '-' && n > 1;
	}
	if (numeric)
		f.flags |= FIELD_NUMERIC;
	return f;
}

/* ---- Building fields ------------------------------------------------------------------------------------------------ */

struct build {
	struct walk *w;
	enum word_mode mode;
	struct field *out; /* finished ones */
	unsigned nout, cap;
	bool overflow;
	/* the one in hand: bytes as a pattern, literal metacharacters behind a backslash */
	char *text;
	size_t n, room;
	bool started; /* something was there, be it empty quotes */
	bool glob;    /* an active metacharacter */
	bool opaque;  /* something unknown; text holds what came before it */
	bool multi;   /* may be split, or vanish */
	bool home;
	bool numeric_only; /* nothing but one numeric value so far */
	bool nodash;       /* of the opaque part, when nothing stands before it */
	bool nosplit;
	bool blanks;       /* a literal of it holds what would be split or globbed when used unquoted */
};

static bool build_meta(char c)
{
	return c == '*' || c == '?' || c == '[' || c == ']' || c == '\\';
}

static void build_room(struct build *b, size_t n)
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

static void build_literal(struct build *b, const char *p, size_t n)
{
	b->started = true;
	if (n == 0)
		return;
	b->numeric_only = false;
	for (size_t i = 0; i < n; i++) {
		if (build_meta(p[i]) || p[i] == ' ' || p[i] == '\t' || p[i] == '\n')
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

static void build_glob(struct build *b, const char *p, size_t n)
{
	if (b->mode == WORD_VALUE) {
		build_literal(b, p, n);
		return;
	}
	b->started = true;
	b->blanks = true;
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

static void build_unknown(struct build *b, bool multi, unsigned flags)
{
	if (!b->started && (flags & FIELD_NUMERIC) != 0)
		b->numeric_only = true;
	else
		b->numeric_only = false;
	if (!b->opaque) {
		b->nodash = (flags & (FIELD_NODASH | FIELD_NUMERIC)) != 0;
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

static void build_finish(struct build *b)
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
		if (b->numeric_only)
			f.flags |= FIELD_NUMERIC;
		if (b->nosplit && !b->blanks)
			f.flags |= FIELD_NOSPLIT;
		if (b->multi) {
			f.flags |= FIELD_MULTI;
			/* Split anywhere: only a first word keeps the prefix. */
			f.flags &= (uint8_t)~FIELD_NODASH;
		}
		if (b->home)
			f.flags |= FIELD_NODASH;
	} else if (b->glob || b->home) {
		f.kind = CONFIDENCE_PATTERN;
		f.p = b->text;
		f.n = (uint32_t)b->n;
		if (b->home)
			f.flags |= FIELD_HOME | FIELD_NODASH;
		if (b->glob && b->multi)
			f.flags |= FIELD_MULTI;
		if (b->n > 0 && b->text[0] != '-' && b->text[0] != '+' && strchr("*?[", b->text[0]) == NULL)
			f.flags |= FIELD_NODASH;
	} else {
		f = field_exact(b->w, b->text, build_plain(b));
	}
	b->out[b->nout++] = f;
	b->n = 0;
	b->text = NULL;
	b->room = 0;
	b->started = b->glob = b->opaque = b->multi = b->home = b->numeric_only = b->nodash = b->nosplit = b->blanks = false;
}

static bool build_splits(const struct build *b)
{
	return b->mode == WORD_ARGUMENT && b->w->dialect != DIALECT_ZSH;
}

/* A known value, as it becomes part of the word in hand. */
static void build_value(struct build *b, const struct field *v, bool quoted)
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
			} else if (c == '\\') {
				/* Backslashes in an unquoted value: shells differ. */
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
	build_unknown(b, !quoted && build_splits(b) && (v->flags & (FIELD_NUMERIC | FIELD_NOSPLIT)) == 0, v->flags);
}

/* ---- Arithmetic ------------------------------------------------------------------------------------------------------ */

static bool arith_ident(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool arith_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool arith_known(struct walk *w, const char *p, size_t n)
{
	const struct var_slot *v = state_get(&w->state, p, n);

	return v != NULL && (v->value.flags & FIELD_NUMERIC) != 0;
}

/* Literal source of an expression. Names must be known to hold integers, or be assigned here. */
static bool arith_literal(struct walk *w, const char *p, size_t n, bool *name_open)
{
	*name_open = false;
	for (size_t i = 0; i < n;) {
		size_t s = i;

		if (arith_digit(p[i])) {
			while (i < n && (arith_digit(p[i]) || arith_ident(p[i]) || p[i] == '#'))
				i++;
			continue;
		}
		if (!arith_ident(p[i])) {
			if (strchr("+-*/%<>=!&|^~?:(), \t\n", p[i]) == NULL)
				return false;
			i++;
			continue;
		}
		while (i < n && (arith_ident(p[i]) || arith_digit(p[i])))
			i++;
		*name_open = i == n;
		{
			size_t e = i, k = i;

			while (k < n && (p[k] == ' ' || p[k] == '\t'))
				k++;
			if (k < n && p[k] == '[')
				return false;
			if (table_var(p + s, e - s) == VAR_DANGEROUS)
				return false;
			if (k < n && p[k] == '=' && (k + 1 == n || p[k + 1] != '=')) {
				struct field f = field_opaque(FIELD_NUMERIC | FIELD_NOSPLIT);

				state_set(w, arena_copy(w->r->arena, p + s, e - s), e - s, &f, false);
				continue;
			}
			if (!arith_known(w, p + s, e - s))
				return false;
			if (k + 1 < n && ((p[k] == '+' && p[k + 1] == '+') || (p[k] == '-' && p[k + 1] == '-') || memchr("+-*/%&|^<>", p[k], 10)) &&
			    (p[k + 1] == '=' || p[k + 1] == p[k])) {
				struct field f = field_opaque(FIELD_NUMERIC | FIELD_NOSPLIT);

				state_set(w, arena_copy(w->r->arena, p + s, e - s), e - s, &f, false);
			}
		}
	}
	return true;
}

static bool arith_prefix_changes(const char *p, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++) {
		if ((p[i] == '+' && p[i + 1] == '+') || (p[i] == '-' && p[i + 1] == '-'))
			return true;
	}
	return false;
}

bool word_arith(struct walk *w, const struct sh_word *expr)
{
	bool safe = true, open = false;

	if (expr == NULL)
		return true;
	for (const struct sh_part *p = expr->parts; p != NULL; p = p->next) {
		switch (p->kind) {
		case SH_LITERAL:
			if (open && p->text.n > 0 && (arith_ident(p->text.p[0]) || arith_digit(p->text.p[0])))
				safe = false;
			if (!arith_literal(w, p->text.p, p->text.n, &open))
				safe = false;
			if (arith_prefix_changes(p->text.p, p->text.n)) {
				/* ++x: whichever it is, numbers stay numbers; but their values are not known. */
				for (unsigned i = 1; i < w->state.nvars; i++) {
					struct var_slot *v = &w->state.vars[i];

					if (v->set && (v->value.flags & FIELD_NUMERIC) != 0 && v->value.kind == CONFIDENCE_EXACT) {
						struct field f = field_opaque(FIELD_NUMERIC | FIELD_NOSPLIT);

						state_set(w, v->name, v->n, &f, false);
					}
				}
			}
			break;
		case SH_PARAM: {
			struct sh_part one = *p;
			struct sh_word word = *expr;
			struct field f;

			one.next = NULL;
			one.quoted = true;
			word.parts = &one;
			word.kind = SH_WORD_VALUE;
			f = word_single(w, &word, WORD_VALUE);
			if ((f.flags & FIELD_NUMERIC) == 0)
				safe = false;
			open = true;
			break;
		}
		case SH_ARITH:
			if (!word_arith(w, p->arith->expr))
				safe = false;
			open = true;
			break;
		case SH_DQUOTE: {
			struct sh_word word = *expr;

			word.parts = p->parts;
			if (!word_arith(w, &word))
				safe = false;
			open = true;
			break;
		}
		case SH_COMSUB:
		case SH_PROCSUB:
			walk_subshell(w, p->comsub->body, w->stdin_kind, false);
			safe = false;
			break;
		default:
			safe = false;
			break;
		}
	}
	if (!safe)
		walk_eval(w, expr->at, "arithmetic on something that is not known to be a number can run code");
	return safe;
}

/* ---- Parameters ------------------------------------------------------------------------------------------------------ */

static bool param_is(const struct sh_param *p, char c)
{
	return p->name.n == 1 && p->name.p[0] == c;
}

/* A subscript that is evaluated without being able to run code: a number, @ or *. */
static bool param_subscript_safe(const struct sh_word *s)
{
	const struct sh_part *p = s->parts;

	if (p == NULL || p->next != NULL)
		return false;
	if (p->kind == SH_GLOB)
		return p->text.n == 1 && p->text.p[0] == '*';
	if (p->kind != SH_LITERAL || p->text.n == 0)
		return false;
	if (p->text.n == 1 && (p->text.p[0] == '@' || p->text.p[0] == '*'))
		return true;
	for (uint32_t i = 0; i < p->text.n; i++) {
		if (!arith_digit(p->text.p[i]))
			return false;
	}
	return true;
}

/* $x as it is now: EXACT, PATTERN or OPAQUE. known is false when it is not even known to be set. */
static struct field param_value(struct walk *w, const struct sh_param *p, bool *known)
{
	const struct var_slot *v;
	char c = p->name.n == 1 ? p->name.p[0] : 0;

	*known = false;
	if (p->name.n > 0 && arith_digit(p->name.p[0])) {
		unsigned long i = strtoul(p->name.p, NULL, 10);

		if (i == 0) {
			*known = true;
			return field_opaque(0);
		}
		if (!w->state.params_known)
			return field_opaque(0);
		*known = i <= w->state.nparams;
		return *known ? w->state.params[i - 1] : field_exact(w, "", 0);
	}
	switch (c) {
	case '#':
		*known = true;
		return field_opaque(FIELD_NUMERIC | FIELD_NOSPLIT);
	case '?':
	case '$':
		*known = true;
		return field_opaque(FIELD_NUMERIC | FIELD_NOSPLIT);
	case '!':
	case '-':
	case '_':
		return field_opaque(0);
	}
	v = state_get(&w->state, p->name.p, p->name.n);
	if (v != NULL) {
		*known = true;
		return v->value;
	}
	if (p->name.n == 4 && memcmp(p->name.p, "HOME", 4) == 0) {
		struct field f = { .p = "~", .n = 1, .kind = CONFIDENCE_PATTERN, .flags = FIELD_HOME | FIELD_NODASH };

		*known = true;
		return f;
	}
	if (p->name.n == 3 && memcmp(p->name.p, "PWD", 3) == 0) {
		struct field f = state_cwd(&w->state);

		*known = true;
		return f.kind == CONFIDENCE_EXACT ? f : field_opaque(FIELD_NODASH);
	}
	if (p->name.n == 3 && (memcmp(p->name.p, "UID", 3) == 0)) {
		*known = true;
		return field_opaque(FIELD_NUMERIC | FIELD_NOSPLIT);
	}
	return field_opaque(0);
}

static void param_positional_all(struct build *b, const struct sh_param *p, bool quoted)
{
	struct walk *w = b->w;

	if (!w->state.params_known) {
		build_unknown(b, b->mode == WORD_ARGUMENT, 0);
		return;
	}
	if (b->mode != WORD_ARGUMENT || (quoted && p->name.p[0] == '*')) {
		if (w->state.nparams == 0)
			return;
		if (w->state.nparams == 1)
			build_value(b, &w->state.params[0], true);
		else
			build_unknown(b, false, 0);
		return;
	}
	for (unsigned i = 0; i < w->state.nparams; i++) {
		if (i > 0 && b->started)
			build_finish(b);
		build_value(b, &w->state.params[i], quoted);
	}
}

static void param_scan_args(struct walk *w, const struct sh_param *p)
{
	if (p->arg != NULL) {
		if (p->op == SH_OP_SUBSTRING)
			word_arith(w, p->arg);
		else
			word_scan(w, p->arg);
	}
	if (p->arg2 != NULL) {
		if (p->op == SH_OP_SUBSTRING)
			word_arith(w, p->arg2);
		else
			word_scan(w, p->arg2);
	}
}

static void param_build(struct build *b, const struct sh_part *part, bool quoted)
{
	struct walk *w = b->w;
	const struct sh_param *p = part->param;
	bool splits = !quoted && build_splits(b), known;
	struct field v;

	if (p->flags.n > 0 || p->indirect || p->op == SH_OP_OTHER) {
		param_scan_args(w, p);
		if (p->subscript != NULL)
			word_scan(w, p->subscript);
		walk_eval(w, part->at, "an expansion that evaluates the value of a variable");
		build_unknown(b, true, 0);
		return;
	}
	if (p->subscript != NULL) {
		bool safe = param_subscript_safe(p->subscript);

		if (!safe)
			safe = word_arith(w, p->subscript);
		param_scan_args(w, p);
		if (p->op == SH_OP_LENGTH && safe) {
			build_unknown(b, false, FIELD_NUMERIC | FIELD_NOSPLIT);
			return;
		}
		if (p->op == SH_OP_TRANSFORM)
			walk_eval(w, part->at, "an expansion that evaluates the value of a variable");
		build_unknown(b, b->mode == WORD_ARGUMENT, 0);
		return;
	}
	if (param_is(p, '@') || param_is(p, '*')) {
		param_scan_args(w, p);
		if (p->op == SH_OP_NONE)
			param_positional_all(b, p, quoted);
		else if (p->op == SH_OP_LENGTH)
			build_unknown(b, false, FIELD_NUMERIC | FIELD_NOSPLIT);
		else if (p->op == SH_OP_TRANSFORM)
			walk_eval(w, part->at, "an expansion that evaluates the value of a variable"), build_unknown(b, true, 0);
		else
			build_unknown(b, b->mode == WORD_ARGUMENT, 0);
		return;
	}
	v = param_value(w, p, &known);
	switch (p->op) {
	case SH_OP_NONE:
		build_value(b, &v, quoted);
		return;
	case SH_OP_LENGTH:
		build_unknown(b, false, FIELD_NUMERIC | FIELD_NOSPLIT);
		return;
	case SH_OP_DEFAULT:
		if (known && v.kind == CONFIDENCE_EXACT && v.n > 0) {
			param_scan_args(w, p);
			build_value(b, &v, quoted);
			return;
		}
		break;
	case SH_OP_ASSIGN: {
		struct field f = field_opaque(0);

		param_scan_args(w, p);
		walk_assigned(w, p->name.p, p->name.n, &f, false, part->at);
		build_unknown(b, splits, 0);
		return;
	}
	case SH_OP_TRANSFORM:
		if (p->op_text.n != 2 || strchr("QUuL", p->op_text.p[1]) == NULL)
			walk_eval(w, part->at, "an expansion that evaluates the value of a variable");
		break;
	default:
		break;
	}
	param_scan_args(w, p);
	build_unknown(b, splits, 0);
}

/* ---- Parts ------------------------------------------------------------------------------------------------------------ */

static void build_parts(struct build *b, const struct sh_part *p, bool quoted);

static void build_tilde(struct build *b, const struct sh_part *p)
{
	if (b->n > 0 || b->opaque || b->mode == WORD_PATTERN) {
		build_unknown(b, false, 0);
		return;
	}
	if (p->text.n > 1 && (p->text.p[1] == '+' || p->text.p[1] == '-' || arith_digit(p->text.p[1]))) {
		build_unknown(b, false, FIELD_NODASH);
		return;
	}
	b->home = true;
	build_room(b, p->text.n);
	if (b->overflow)
		return;
	memcpy(b->text + b->n, p->text.p, p->text.n);
	b->n += p->text.n;
	b->text[b->n] = '\0';
	b->started = true;
}

static void build_part(struct build *b, const struct sh_part *p, bool quoted)
{
	struct walk *w = b->w;

	quoted = quoted || p->quoted;
	switch (p->kind) {
	case SH_LITERAL:
	case SH_ESCAPED:
	case SH_SQUOTE:
	case SH_CQUOTE:
		build_literal(b, p->text.p, p->text.n);
		break;
	case SH_DQUOTE: {
		const struct sh_part *only = p->parts;

		/* "$@" alone may vanish; everything else in quotes is a word, be it empty. */
		if (only == NULL || only->next != NULL || only->kind != SH_PARAM || !param_is(only->param, '@'))
			b->started = true;
		build_parts(b, p->parts, true);
		if (p->locale)
			build_unknown(b, false, 0);
		break;
	}
	case SH_PARAM:
		param_build(b, p, quoted);
		break;
	case SH_COMSUB:
		if (p->comsub->kind == SH_COMSUB_FUNSUB || p->comsub->kind == SH_COMSUB_VALSUB) {
			walk_list(w, p->comsub->body);
			state_lose(&w->state);
		} else {
			walk_subshell(w, p->comsub->body, w->stdin_kind, false);
		}
		build_unknown(b, !quoted && b->mode == WORD_ARGUMENT, 0);
		break;
	case SH_PROCSUB:
		if (p->comsub->kind == SH_PROCSUB_TEMP)
			walk_eval(w, p->at, "a substitution that makes a file");
		walk_subshell(w, p->comsub->body, p->comsub->kind == SH_PROCSUB_OUT ? STDIN_PIPE : w->stdin_kind, false);
		build_literal(b, "/dev/fd/", 8);
		b->glob = true;
		build_room(b, 1);
		if (!b->overflow && !b->opaque) {
			b->text[b->n++] = '*';
			b->text[b->n] = '\0';
		}
		break;
	case SH_ARITH:
		word_arith(w, p->arith->expr);
		build_unknown(b, false, FIELD_NUMERIC | FIELD_NOSPLIT);
		break;
	case SH_GLOB:
		if (p->text.n != 1 || p->text.p[0] == '(' || p->text.p[0] == ')') {
			/* zsh: qualifiers behind a pattern, and =(...), can run code. */
			if (b->mode == WORD_ARGUMENT)
				walk_eval(w, p->at, "a pattern with parentheses, which can hold qualifiers that run code");
			build_unknown(b, true, 0);
		} else if (strchr("*?[]", p->text.p[0]) != NULL || (strchr("!^-", p->text.p[0]) != NULL && w->dialect != DIALECT_ZSH)) {
			b->multi = b->multi || b->mode == WORD_ARGUMENT;
			build_glob(b, p->text.p, p->text.n);
		} else {
			/* ^ # ~ < = | and what else a dialect may have: more than a name pattern. */
			build_unknown(b, b->mode == WORD_ARGUMENT, 0);
		}
		break;
	case SH_EXTGLOB:
		for (const struct sh_word *a = p->ext->alts; a != NULL; a = a->next)
			word_scan(w, a);
		b->multi = b->multi || b->mode == WORD_ARGUMENT;
		build_glob(b, "*", 1);
		break;
	case SH_BRACE:
		/* Lists and ranges in arguments were expanded before; here is what could not be. */
		if (p->brace->kind == SH_BRACE_LIST) {
			for (const struct sh_word *a = p->brace->alts; a != NULL; a = a->next)
				word_scan(w, a);
		}
		build_unknown(b, b->mode == WORD_ARGUMENT, 0);
		break;
	case SH_TILDE:
		build_tilde(b, p);
		break;
	default:
		build_unknown(b, true, 0);
		break;
	}
}

static void build_parts(struct build *b, const struct sh_part *p, bool quoted)
{
	for (; p != NULL; p = p->next) {
		if (!walk_spend(b->w, 1)) {
			build_unknown(b, true, 0);
			return;
		}
		build_part(b, p, quoted);
	}
}

/* ---- Braces ----------------------------------------------------------------------------------------------------------- */

struct chain {
	const struct sh_part *part; /* one part … */
	struct chain *next;
};

static struct chain *chain_add(struct walk *w, struct chain **tail, const struct sh_part *p)
{
	struct chain *c = arena_alloc(w->r->arena, sizeof(*c));

	if (c == NULL) {
		w->r->failed = true;
		return NULL;
	}
	c->part = p;
	if (*tail != NULL)
		(*tail)->next = c;
	*tail = c;
	return c;
}

static bool brace_any(const struct sh_part *p)
{
	for (; p != NULL; p = p->next) {
		if (p->kind == SH_BRACE && p->brace->kind != SH_BRACE_MAYBE)
			return true;
	}
	return false;
}

static struct sh_part *part_literal(struct walk *w, const struct sh_part *like, const char *s, size_t n)
{
	struct sh_part *p = arena_alloc(w->r->arena, sizeof(*p));

	if (p == NULL) {
		w->r->failed = true;
		return NULL;
	}
	p->kind = SH_LITERAL;
	p->at = like->at;
	p->text.p = arena_copy(w->r->arena, s, n);
	p->text.n = (uint32_t)n;
	if (p->text.p == NULL) {
		w->r->failed = true;
		return NULL;
	}
	return p;
}

/* {1..9} {a..f}: the values, or NULL when it is a form that is left opaque (steps, padding, mixed). */
static struct sh_word *brace_range(struct walk *w, const struct sh_part *part)
{
	const char *s = part->brace->text.p, *dots = strstr(s, "..");
	struct sh_word *first = NULL, **tail = &first;
	long from, to, step;
	bool letters;
	char *end;

	if (dots == NULL || strstr(dots + 2, "..") != NULL)
		return NULL;
	letters = dots == s + 1 && ((s[0] >= 'a' && s[0] <= 'z') || (s[0] >= 'A' && s[0] <= 'Z')) && dots[2] != '\0' && dots[3] == '\0' &&
		  ((s[0] >= 'a') == (dots[2] >= 'a')) && ((dots[2] >= 'a' && dots[2] <= 'z') || (dots[2] >= 'A' && dots[2] <= 'Z'));
	if (letters) {
		from = s[0];
		to = dots[2];
	} else {
		if (s[0] == '0' && dots != s + 1)
			return NULL;
		if (dots[2] == '0' && dots[3] != '\0')
			return NULL;
		from = strtol(s, &end, 10);
		if (end != dots || end == s || s[0] == '+')
			return NULL;
		to = strtol(dots + 2, &end, 10);
		if (*end != '\0' || end == dots + 2 || dots[2] == '+')
			return NULL;
		if ((s[0] == '-' && s[1] == '0') || (dots[2] == '-' && dots[3] == '0'))
			return NULL;
	}
	if (labs(from) > 1000000 || labs(to) > 1000000 || labs(to - from) >= MAX_ALTS)
		return NULL;
	step = from <= to ? 1 : -1;
	for (long v = from;; v += step) {
		struct sh_word *word = arena_alloc(w->r->arena, sizeof(*word));
		char text[24];
		int n = letters ? (text[0] = (char)v, 1) : snprintf(text, sizeof(text), "%ld", v);

		if (word == NULL) {
			w->r->failed = true;
			return NULL;
		}
		word->at = part->at;
		word->parts = part_literal(w, part, text, (size_t)n);
		*tail = word;
		tail = &word->next;
		if (v == to)
			break;
	}
	return first;
}

static void build_alternatives(struct build *b, const struct chain *done, const struct sh_part *rest, unsigned depth, unsigned *count);

/* The parts after one alternative was chosen: alternative, then the rest of the word. */
static const struct sh_part *brace_splice(struct walk *w, const struct sh_part *alt, const struct sh_part *rest)
{
	struct sh_part *first = NULL, **tail = &first;

	for (; alt != NULL && walk_spend(w, 1); alt = alt->next) {
		struct sh_part *p = arena_alloc(w->r->arena, sizeof(*p));

		if (p == NULL) {
			w->r->failed = true;
			return NULL;
		}
		*p = *alt;
		p->next = NULL;
		*tail = p;
		tail = &p->next;
	}
	*tail = (struct sh_part *)rest; /* only read */
	return first;
}

static void build_alternatives(struct build *b, const struct chain *done, const struct sh_part *rest, unsigned depth, unsigned *count)
{
	struct walk *w = b->w;
	struct chain *mine = NULL, *tail = NULL;

	if (depth > 64 || *count > MAX_ALTS || !walk_spend(w, 1)) {
		b->overflow = true;
		return;
	}
	for (const struct chain *c = done; c != NULL; c = c->next) {
		struct chain *n;

		if (!walk_spend(w, 1)) {
			b->overflow = true;
			return;
		}
		n = chain_add(w, &tail, c->part);

		if (mine == NULL)
			mine = n;
	}
	for (; rest != NULL; rest = rest->next) {
		const struct sh_word *alts = NULL;

		if (w->r->failed || !walk_spend(w, 1)) {
			b->overflow = true;
			return;
		}
		if (rest->kind == SH_BRACE && rest->brace->kind == SH_BRACE_LIST)
			alts = rest->brace->alts;
		else if (rest->kind == SH_BRACE && rest->brace->kind == SH_BRACE_RANGE)
			alts = brace_range(w, rest);
		if (alts == NULL) {
			struct chain *n = chain_add(w, &tail, rest);

			if (mine == NULL)
				mine = n;
			continue;
		}
		for (; alts != NULL; alts = alts->next)
			build_alternatives(b, mine, brace_splice(w, alts->parts, rest->next), depth + 1, count);
		return;
	}
	(*count)++;
	for (const struct chain *c = mine; c != NULL; c = c->next) {
		if (!walk_spend(w, 1)) {
			build_unknown(b, true, 0);
			break;
		}
		build_part(b, c->part, false);
	}
	if (b->started)
		build_finish(b);
}

/* ---- Words -------------------------------------------------------------------------------------------------------------- */

int word_fields(struct walk *w, const struct sh_word *word, struct field *out, unsigned cap)
{
	struct build b = { .w = w, .mode = WORD_ARGUMENT, .out = out, .cap = cap };

	if (brace_any(word->parts)) {
		unsigned count = 0;

		build_alternatives(&b, NULL, word->parts, 0, &count);
	} else {
		build_parts(&b, word->parts, false);
		if (b.started)
			build_finish(&b);
	}
	return b.overflow ? -1 : (int)b.nout;
}

struct field word_single(struct walk *w, const struct sh_word *word, enum word_mode mode)
{
	struct field one = field_opaque(0);
	struct build b = { .w = w, .mode = mode, .out = &one, .cap = 1 };

	build_parts(&b, word->parts, false);
	b.multi = false;
	if (!b.started)
		return field_exact(w, "", 0);
	build_finish(&b);
	return b.overflow ? field_opaque(0) : one;
}

void word_scan(struct walk *w, const struct sh_word *word)
{
	(void)word_single(w, word, WORD_VALUE);
}
