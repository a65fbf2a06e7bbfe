/* From a word of the tree to what the shell would make of it: exact bytes, a pattern, or not knowable. Every substitution in
 * a word is walked as code here, whatever becomes of the word. When in doubt, opaque. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "policy/word_build.h"

static void build_parts(struct build *b, const struct sh_part *p, bool quoted);

static void build_tilde(struct build *b, const struct sh_part *p)
{
	if (b->n > 0 || b->opaque || b->mode == WORD_PATTERN) {
		build_unknown(b, false, 0);
		return;
	}
	/* ~+ is a directory; ~1 and ~-0 are what stands in the stack of directories, where any text can be put. */
	if (p->text.n > 1 && (p->text.p[1] == '+' || p->text.p[1] == '-' || word_digit(p->text.p[1]))) {
		build_unknown(b, false, p->text.n == 2 && !word_digit(p->text.p[1]) ? FIELD_NODASH : 0);
		return;
	}
	/* Without HOME some shells look the home directory up, and others leave the tilde as it is. */
	if (p->text.n == 1 && state_get(&b->w->state, "HOME", 4) != NULL) {
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

void build_part(struct build *b, const struct sh_part *p, bool quoted)
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
		bool alone = only != NULL && only->next == NULL && only->kind == SH_PARAM && param_is(only->param, '@');
		bool many = !alone && param_parts_many(p->parts), literal = false;

		for (const struct sh_part *x = p->parts; x != NULL; x = x->next)
			literal = literal || ((x->kind == SH_LITERAL || x->kind == SH_ESCAPED) && x->text.n > 0);
		/* "$@" alone may vanish, and with nothing but what may be empty beside it; everything else in quotes is a word. */
		if (!alone && (!many || literal))
			b->started = true;
		build_parts(b, p->parts, true);
		if (many && !literal)
			build_unknown(b, b->mode == WORD_ARGUMENT, 0);
		if (p->locale)
			build_unknown(b, false, 0);
		break;
	}
	case SH_PARAM:
		param_build(b, p, quoted);
		break;
	case SH_COMSUB:
		if (p->comsub->kind == SH_COMSUB_FUNSUB || p->comsub->kind == SH_COMSUB_VALSUB) {
			/* It runs in this shell, if it comes to it. */
			w->branch++;
			walk_list(w, p->comsub->body);
			w->branch--;
			w->state.params_known = false;
			state_lose(&w->state);
		} else {
			walk_subshell(w, p->comsub->body, w->stdin_kind, false);
		}
		build_unknown(b, !quoted && b->mode == WORD_ARGUMENT, word_number(w, p->comsub->body) ? FIELD_DIGITS : 0);
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
		b->dots = true;
		build_glob(b, "*", 1);
		break;
	case SH_BRACE:
		if (brace_live(p))
			walk_eval(w, p->at, "a range of characters that may quote, or run, what stands behind it");
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

/* ---- Words -------------------------------------------------------------------------------------------------------------- */

int word_fields(struct walk *w, const struct sh_word *word, struct field *out, unsigned cap)
{
	const struct sh_text *one = ast_word_text(word);
	struct build b;

	/* One text is itself, in every shell. */
	if (one != NULL && cap > 0 && walk_spend(w, 1)) {
		out[0] = field_exact(w, one->p, one->n);
		return 1;
	}
	b = (struct build){ .w = w, .mode = WORD_ARGUMENT, .out = out, .cap = cap };
	/* mksh and zsh split before they expand braces, so that which words there are is not known. */
	if (brace_any(word->parts) && !((w->dialect == DIALECT_MKSH || w->dialect == DIALECT_ZSH) && brace_splits(word->parts, false))) {
		brace_build(&b, word->parts);
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

void word_scan_fields(struct walk *w, const struct sh_word *word)
{
	struct field some[8];

	(void)word_fields(w, word, some, 8);
}
