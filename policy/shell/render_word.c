/* Words back to text. An exact word is one single-quoted string; in the others what is active stays as it was, and
 * bytes that are not plain are quoted. Trusts the tree. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/shell/gate.h"
#include "policy/shell/render.h"
#include "policy/shell/render_state.h"

void render_fail(struct render *r, int code)
{
	if (r->r == ERR_OK)
		r->r = code;
}

void render_bytes(struct render *r, const void *p, size_t n)
{
	if (r->r == ERR_OK && n > 0)
		r->r = buf_put(r->out, p, n);
}

void render_put(struct render *r, const char *s)
{
	render_bytes(r, s, strlen(s));
}

int shell_quote(const void *p, size_t n, struct buf *out)
{
	const char *s = p, *end = s + n;
	char whole[64];
	int r;

	if (n <= sizeof(whole) - 2 && memchr(p, '\'', n) == NULL) { /* the usual, in one step */
		whole[0] = whole[n + 1] = '\'';
		memcpy(whole + 1, p, n);
		return buf_put(out, whole, n + 2);
	}
	r = buf_put_u8(out, '\'');
	while (r == ERR_OK && s < end) {
		const char *q = memchr(s, '\'', (size_t)(end - s));
		size_t k = (size_t)((q == NULL ? end : q) - s);
		if (k > 0)
			r = buf_put(out, s, k);
		if (r == ERR_OK && q != NULL)
			r = buf_put_str(out, "'\\''");
		s += k + (q != NULL);
	}
	return r == ERR_OK ? buf_put_u8(out, '\'') : r;
}

/* $'…': for bytes that may not stand in a text as they are. Octal with three digits cannot run into what follows. */
static void quote_c(struct render *r, const unsigned char *p, size_t n)
{
	render_put(r, "$'");
	for (size_t i = 0; i < n; i++) {
		char e[8];
		if (p[i] < 0x20 || p[i] >= 0x7f || p[i] == '\'' || p[i] == '\\')
			snprintf(e, sizeof(e), "\\%03o", p[i]);
		else
			snprintf(e, sizeof(e), "%c", p[i]);
		render_put(r, e);
	}
	render_put(r, "'");
}

void render_quote(struct render *r, const char *p, size_t n)
{
	if (r->r != ERR_OK)
		return;
	struct gate g;
	gate_scan(p, n, n, &g);
	bool clean = g.what == NULL;
	if (r->t != NULL && r->t->cquote && (!clean || g.hidden))
		quote_c(r, (const unsigned char *)p, n);
	else if (!clean || (r->t == NULL && memchr(p, '\'', n) != NULL))
		render_fail(r, ERR_UNSUPPORTED);
	else
		r->r = shell_quote(p, n, r->out);
}

/* ---- parts ---- */

static bool is_safe(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("_./:=@%+,-", c) != NULL);
}

/* Quoted bytes of a word that is not exact, put together until something else comes: then they are one string. */
struct quoted {
	struct buf bytes;
	bool open;
};

static void quoted_flush(struct render *r, struct quoted *q)
{
	if (q->open)
		render_quote(r, q->bytes.len > 0 ? (const char *)buf_ptr(&q->bytes) : "", q->bytes.len);
	q->open = false;
	buf_clear(&q->bytes);
}

static void quoted_add(struct render *r, struct quoted *q, const char *p, size_t n)
{
	q->open = true;
	if (r->r == ERR_OK && n > 0)
		r->r = buf_put(&q->bytes, p, n);
}

/* Unquoted bytes: plain ones stay as they are (a tilde or an assignment may depend on that), others are quoted. */
static void mixed(struct render *r, struct quoted *q, struct sh_text t)
{
	for (uint32_t i = 0; i < t.n;) {
		uint32_t from = i;
		bool safe = is_safe(t.p[i]);
		while (i < t.n && is_safe(t.p[i]) == safe)
			i++;
		if (!safe) {
			quoted_add(r, q, t.p + from, i - from);
			continue;
		}
		quoted_flush(r, q);
		render_bytes(r, t.p + from, i - from);
	}
}

static void escaped(struct render *r, struct sh_text t, const char *special)
{
	for (uint32_t i = 0; i < t.n; i++) {
		if (strchr(special, t.p[i]) != NULL)
			render_put(r, "\\");
		render_bytes(r, t.p + i, 1);
	}
}

static void raw(struct render *r, struct sh_text t)
{
	if (r->npending > 0 && memchr(t.p, '\n', t.n) != NULL)
		render_fail(r, ERR_UNSUPPORTED);
	render_bytes(r, t.p, t.n);
}

static void text(struct render *r, const struct sh_part *x, enum place at, bool bracket, struct quoted *q)
{
	switch (at) {
	case PLACE_DQ:
		escaped(r, x->text, "$`\"\\");
		return;
	case PLACE_HEREDOC:
		escaped(r, x->text, "$`\\");
		return;
	case PLACE_ARG_DQ:
		escaped(r, x->text, "$`\"\\}");
		return;
	case PLACE_WORD:
		if (x->kind != SH_LITERAL) {
			quoted_add(r, q, x->text.p, x->text.n);
		} else if (bracket) {
			/* Bare as it must be, it would count for the braces around it (for those beside it: bare_brace_pairs). */
			for (uint32_t i = 0; r->braces > 0 && i < x->text.n; i++)
				if (strchr("{},", x->text.p[i]) != NULL)
					render_fail(r, ERR_UNSUPPORTED);
			quoted_flush(r, q);
			raw(r, x->text);
		} else {
			mixed(r, q, x->text);
		}
		return;
	case PLACE_ARG:
	case PLACE_REGEX:
	case PLACE_ARITH:
		if (x->kind == SH_LITERAL) {
			raw(r, x->text);
		} else if (x->kind == SH_ESCAPED) {
			render_put(r, "\\");
			raw(r, x->text);
		} else if (at == PLACE_ARITH) {
			render_put(r, "'");
			raw(r, x->text);
			render_put(r, "'");
		} else {
			render_quote(r, x->text.p, x->text.n);
		}
	}
}

static void param(struct render *r, const struct sh_part *x)
{
	const struct sh_param *p = x->param;
	bool zsh = r->t != NULL && r->t->zsh; /* there $# may begin $#name */
	if (!p->braced && !zsh && p->name.n == 1 && strchr("@*#?-$!", p->name.p[0]) != NULL) {
		render_put(r, "$");
		render_bytes(r, p->name.p, 1);
		return;
	}
	render_put(r, p->op == SH_OP_LENGTH ? "${#" : p->indirect ? "${!" : "${");
	render_bytes(r, p->flags.p, p->flags.n);
	render_bytes(r, p->name.p, p->name.n);
	if (p->subscript != NULL) {
		render_put(r, "[");
		render_parts(r, p->subscript->parts, PLACE_ARITH);
		render_put(r, "]");
	}
	render_bytes(r, p->op_text.p, p->op_text.n);
	bool value = p->op == SH_OP_DEFAULT || p->op == SH_OP_ASSIGN || p->op == SH_OP_ERROR || p->op == SH_OP_ALT ||
		     p->op == SH_OP_OTHER;
	enum place at = p->op == SH_OP_SUBSTRING ? PLACE_ARITH : value && x->quoted ? PLACE_ARG_DQ : PLACE_ARG;
	if (p->arg != NULL)
		render_parts(r, p->arg->parts, at);
	if (p->arg2 != NULL) {
		render_put(r, p->op == SH_OP_SUBSTRING ? ":" : "/");
		render_parts(r, p->arg2->parts, at);
	}
	render_put(r, "}");
}

static void substitution(struct render *r, const struct sh_comsub *c)
{
	static const char *const open[] = {"$(", "$(", "${ ", "${|", "<(", ">(", "=("};
	unsigned base = r->base;
	r->base = r->npending;
	r->depth++;
	render_put(r, open[c->kind]);
	if (c->kind != SH_COMSUB_FUNSUB && c->kind != SH_COMSUB_VALSUB) {
		if (render_opens_paren(c->body))
			render_put(r, " ");
		render_list(r, c->body);
		render_close(r);
		render_put(r, ")");
	} else {
		render_list(r, c->body);
		render_list_end(r, c->body);
		render_put(r, "}");
	}
	r->depth--;
	r->base = base;
}

/* The bytes of "…" when nothing expands in it. */
static bool plain_bytes(struct render *r, struct quoted *q, const struct sh_part *x)
{
	for (const struct sh_part *k = x->parts; k != NULL; k = k->next)
		if (k->kind != SH_LITERAL && k->kind != SH_ESCAPED)
			return false;
	quoted_add(r, q, "", 0);
	for (const struct sh_part *k = x->parts; k != NULL; k = k->next)
		quoted_add(r, q, k->text.p, k->text.n);
	return true;
}

static bool has_wide(const struct sh_part *x)
{
	for (const struct sh_part *k = x->parts; k != NULL; k = k->next)
		for (uint32_t i = 0; k->kind == SH_LITERAL && i < k->text.n; i++)
			if ((unsigned char)k->text.p[i] >= 0x80)
				return true;
	return false;
}

/* "é $x" as 'é '"$x": in a locale that is not UTF-8 a shell may take the last byte of a character and a backslash behind it
 * for one character; a single quote is no second byte in any charset in use. */
static void taken_apart(struct render *r, struct quoted *q, const struct sh_part *x)
{
	for (const struct sh_part *k = x->parts; k != NULL; k = k->next) {
		if (k->kind == SH_LITERAL || k->kind == SH_ESCAPED) {
			quoted_add(r, q, k->text.p, k->text.n);
			continue;
		}
		struct sh_part one = *k;
		one.next = NULL;
		quoted_flush(r, q);
		render_put(r, "\"");
		render_parts(r, &one, PLACE_DQ);
		render_put(r, "\"");
	}
}

static void double_quoted(struct render *r, const struct sh_part *x, enum place at, struct quoted *q)
{
	if (at == PLACE_WORD && !x->locale && plain_bytes(r, q, x))
		return; /* single quotes show that nothing expands */
	if (at == PLACE_WORD && !x->locale && has_wide(x)) {
		taken_apart(r, q, x);
		return;
	}
	quoted_flush(r, q);
	render_put(r, x->locale ? "$\"" : "\"");
	render_parts(r, x->parts, PLACE_DQ);
	render_put(r, "\"");
}

static void alternatives(struct render *r, const struct sh_word *w, const char *between)
{
	for (; w != NULL; w = w->next) {
		render_word(r, w);
		if (w->next != NULL)
			render_put(r, between);
	}
}

static void brace(struct render *r, const struct sh_brace *b)
{
	if (b->kind == SH_BRACE_MAYBE) {
		render_bytes(r, b->text.p, b->text.n);
		return;
	}
	render_put(r, "{");
	render_bytes(r, b->text.p, b->text.n);
	r->braces++;
	alternatives(r, b->alts, ",");
	r->braces--;
	render_put(r, "}");
}

void render_parts(struct render *r, const struct sh_part *x, enum place at)
{
	bool bracket = false;
	struct quoted q = {.open = false};
	buf_init(&q.bytes, r->out->max);
	for (; x != NULL && r->r == ERR_OK; x = x->next) {
		if (x->kind > SH_DQUOTE)
			quoted_flush(r, &q);
		switch (x->kind) {
		case SH_LITERAL:
		case SH_ESCAPED:
		case SH_SQUOTE:
		case SH_CQUOTE:
			text(r, x, at, bracket, &q);
			break;
		case SH_DQUOTE:
			double_quoted(r, x, at, &q);
			break;
		case SH_PARAM:
			param(r, x);
			break;
		case SH_COMSUB:
		case SH_PROCSUB:
			substitution(r, x->comsub);
			break;
		case SH_ARITH:
			render_put(r, "$((");
			render_parts(r, x->arith->expr->parts, PLACE_ARITH);
			render_put(r, "))");
			break;
		case SH_GLOB:
			bracket = x->text.p[0] == '[' || (bracket && x->text.p[0] != ']');
			render_bytes(r, x->text.p, x->text.n);
			break;
		case SH_TILDE:
			render_bytes(r, x->text.p, x->text.n);
			break;
		case SH_EXTGLOB:
			render_bytes(r, &x->ext->op, 1);
			render_put(r, "(");
			alternatives(r, x->ext->alts, "|");
			render_put(r, ")");
			break;
		case SH_BRACE:
			brace(r, x->brace);
			break;
		default:
			render_fail(r, ERR_UNSUPPORTED);
		}
	}
	quoted_flush(r, &q);
	buf_free(&q.bytes);
}

/* ---- words ---- */

static bool exact(struct render *r, const struct sh_word *w)
{
	const struct sh_part *x = w->parts;
	if (x == NULL)
		return false;
	if (x->next == NULL && x->kind <= SH_CQUOTE && w->kind <= SH_WORD_PATTERN) { /* the usual: no copy */
		render_quote(r, x->text.p, x->text.n);
		return true;
	}
	size_t n = ast_word_bytes(w, NULL, 0);
	if (n == (size_t)-1)
		return false;
	char small[256], *s = n <= sizeof(small) ? small : malloc(n);
	if (s == NULL) {
		render_fail(r, ERR_NOMEM);
		return true;
	}
	ast_word_bytes(w, s, n);
	render_quote(r, s, n);
	if (s != small)
		free(s);
	return true;
}

/* Whether a brace that stays bare in a bracket may pair otherwise than it did: an ordinary one beside it, which it paired with or which
 * kept it from another, becomes quoted. */
static bool bare_brace_pairs(const struct sh_word *w)
{
	bool bracket = false, inside = false, beside = false;
	for (const struct sh_part *x = w->parts; x != NULL; x = x->next) {
		if (x->kind == SH_GLOB)
			bracket = x->text.p[0] == '[' || (bracket && x->text.p[0] != ']');
		if (x->kind != SH_LITERAL || strpbrk(x->text.p, "{},") == NULL)
			continue;
		inside |= bracket;
		beside |= !bracket;
	}
	return inside && beside;
}

void render_word(struct render *r, const struct sh_word *w)
{
	if (w->assign != NULL) {
		render_assign(r, w->assign);
		return;
	}
	if (w->kind == SH_WORD_REGEX || w->kind == SH_WORD_ARITH) {
		render_parts(r, w->parts, w->kind == SH_WORD_REGEX ? PLACE_REGEX : PLACE_ARITH);
		return;
	}
	if (exact(r, w))
		return;
	if (w->kind <= SH_WORD_VALUE && bare_brace_pairs(w))
		render_fail(r, ERR_UNSUPPORTED);
	render_parts(r, w->parts, PLACE_WORD);
}

void render_assign(struct render *r, const struct sh_assign *a)
{
	render_bytes(r, a->name.p, a->name.n);
	if (a->subscript != NULL) {
		render_put(r, "[");
		render_parts(r, a->subscript->parts, PLACE_ARITH);
		render_put(r, "]");
	}
	render_put(r, a->append ? "+=" : "=");
	if (!a->is_array) {
		render_word(r, a->value);
		return;
	}
	render_put(r, "(");
	for (const struct sh_element *e = a->elements; e != NULL; e = e->next) {
		if (e->index != NULL) {
			render_put(r, "[");
			render_parts(r, e->index->parts, PLACE_ARITH);
			render_put(r, e->append ? "]+=" : "]=");
		}
		render_word(r, e->value);
		render_put(r, e->next != NULL ? " " : "");
	}
	render_put(r, ")");
}

int shell_render_word(const struct sh_word *w, enum dialect d, struct buf *out)
{
	struct render r = {.out = out, .dialect = d, .t = traits_of(d)};
	render_word(&r, w);
	for (unsigned k = 0; k < r.npending; k++)
		buf_free(&r.pending[k].body);
	return r.r;
}
