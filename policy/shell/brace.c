/* Brace expansion: which of the bytes "{", "," and "}" of a finished word are lists and ranges, and which ordinary. The
 * word's bytes were read before; this trusts their parts. */
#include <string.h>

#include "policy/shell/state.h"

enum role { ROLE_OTHER, ROLE_LITERAL, ROLE_LIST, ROLE_RANGE, ROLE_COMMA };

struct item {
	struct sh_part *part;
	uint32_t mate;   /* of "{": its "}" ; of ",": the "{" it belongs to */
	uint32_t commas; /* of "{" */
	uint8_t role;
};

#define NONE UINT32_MAX

static char brace_byte(const struct sh_part *x)
{
	return x->kind == SH_BRACE && x->brace->kind == SH_BRACE_MAYBE ? x->brace->text.p[0] : '\0';
}

/* "1..9", "-3..3..2", "a..f" */
static bool is_range(const char *s, size_t n)
{
	unsigned nums = 0, letters = 0, fields = 0;
	size_t i = 0;
	for (;;) {
		size_t from = i;
		if (i < n && (s[i] == '-' || s[i] == '+'))
			i++;
		size_t d = i;
		while (i < n && s[i] >= '0' && s[i] <= '9')
			i++;
		if (i > d && i - d <= 9) {
			nums++;
		} else if (i == from && i < n && ps_is_name((unsigned char)s[i], true) && s[i] != '_') {
			letters++;
			i++;
		} else {
			return false;
		}
		fields++;
		if (i == n)
			break;
		if (i + 2 > n || s[i] != '.' || s[i + 1] != '.' || fields == 3)
			return false;
		i += 2;
	}
	if (fields == 2)
		return nums == 2 || letters == 2;
	return fields == 3 && (nums == 3 || (letters == 2 && s[n - 1] <= '9'));
}

static bool has_dots(const struct item *v, uint32_t from, uint32_t to)
{
	for (uint32_t k = from; k < to; k++)
		if (v[k].part->kind <= SH_CQUOTE && strstr(v[k].part->text.p, "..") != NULL)
			return true;
	return false;
}

/* Finds mates, then says what each byte is. */
static void classify(struct ps *p, struct item *v, uint32_t n)
{
	uint32_t open[SHELL_MAX_DEPTH], depth = 0;
	bool list = false, odd = false;
	for (uint32_t k = 0; k < n; k++) {
		char c = brace_byte(v[k].part);
		v[k].mate = NONE;
		if (c == '{') {
			if (depth == SHELL_MAX_DEPTH)
				ps_fail(p, ERR_LIMIT, p->i, "more than %d constructs inside each other",
					SHELL_MAX_DEPTH);
			open[depth++] = k;
		} else if (c == ',' && depth > 0) {
			v[open[depth - 1]].commas++;
			v[k].mate = open[depth - 1];
		} else if (c == '}' && depth > 0) {
			v[open[--depth]].mate = k;
			v[k].mate = open[depth];
		}
	}
	for (uint32_t k = 0; k < n; k++) {
		char c = brace_byte(v[k].part);
		uint32_t m = v[k].mate;
		if (c == '\0')
			continue;
		v[k].role = ROLE_LITERAL;
		if (c == '{' && m != NONE && v[k].commas > 0) {
			v[k].role = ROLE_LIST;
			list = true;
		} else if (c == '{' && m == k + 2 && p->t->brace_range && v[k + 1].part->kind == SH_LITERAL &&
			   is_range(v[k + 1].part->text.p, v[k + 1].part->text.n)) {
			v[k].role = ROLE_RANGE;
		} else if (c == '{') {
			odd |= m == NONE || m > k + 2;
			/* zsh may take it for a range; and so may bash, which then looks for a comma in quotes and expansions too. */
			if (m != NONE && (p->t->zsh || p->dialect == DIALECT_BASH) && has_dots(v, k + 1, m))
				ps_left_out(p, p->i, "braces around .. that are no range");
		} else if (c == ',' && m != NONE && v[m].role == ROLE_LIST) {
			v[k].role = ROLE_COMMA;
		} else if (c == '}' && m != NONE && v[m].role != ROLE_LITERAL) {
			v[k].role = ROLE_OTHER; /* its mate speaks for it */
		}
	}
	if (list && odd && p->dialect == DIALECT_MKSH)
		ps_left_out(p, p->i, "an ordinary brace around a list");
}

static struct sh_part *build(struct ps *p, struct item *v, uint32_t n, uint32_t from, uint32_t to,
			     struct sh_part ***tail_out);

/* A tilde behind a brace or comma that turned out to be ordinary is ordinary too, and so is one in front of it: its name goes on. */
static void settle_tilde(struct item *v, uint32_t n, uint32_t k)
{
	if ((k > 0 && v[k - 1].role == ROLE_LITERAL) || (k + 1 < n && v[k + 1].role == ROLE_LITERAL))
		v[k].part->kind = SH_LITERAL;
}

/* Whether the text at v[k] may begin with a byte of a name. */
static bool begins_name(const struct item *v, uint32_t n, uint32_t k)
{
	if (k >= n)
		return false;
	if (v[k].part->kind == SH_LITERAL)
		return ps_is_name((unsigned char)v[k].part->text.p[0], false);
	return v[k].role == ROLE_LIST || v[k].role == ROLE_RANGE || v[k].role == ROLE_COMMA ||
	       (v[k].role == ROLE_OTHER && brace_byte(v[k].part) == '}');
}

/* Braces are expanded first, as text: a $name that comes to stand in front of more bytes could become another name. */
static void check_edge(struct ps *p, const struct item *v, uint32_t n, uint32_t k, uint32_t follows)
{
	const struct sh_part *x = v[k].part;
	if (x->kind == SH_PARAM && !x->quoted && !x->param->braced &&
	    ps_is_name((unsigned char)x->param->name.p[0], true) && begins_name(v, n, follows))
		ps_left_out(p, p->i, "$name without braces at the edge of a brace expansion");
}

static void arms(struct ps *p, struct item *v, uint32_t n, uint32_t open)
{
	struct sh_brace *b = v[open].part->brace;
	struct sh_word **tail = &b->alts;
	uint32_t from = open + 1, close = v[open].mate;
	for (uint32_t k = from; k <= close; k++) {
		if (v[k].role == ROLE_LIST && k < close) {
			k = v[k].mate;
			continue;
		}
		if (k < close && !(v[k].role == ROLE_COMMA && v[k].mate == open))
			continue;
		if (k > from)
			check_edge(p, v, n, k - 1, close + 1);
		if (open > 0)
			check_edge(p, v, n, open - 1, from);
		struct sh_word *w = ps_new(p, sizeof(*w));
		w->kind = SH_WORD_PLAIN;
		w->at = v[from].part->at;
		w->end = v[k].part->at.off;
		w->parts = build(p, v, n, from, k, NULL);
		*tail = w;
		tail = &w->next;
		from = k + 1;
	}
	b->kind = SH_BRACE_LIST;
	b->text = (struct sh_text){"", 0};
}

/* Parts of v[from..to), linked. Depth is bounded by classify(). */
static struct sh_part *build(struct ps *p, struct item *v, uint32_t n, uint32_t from, uint32_t to,
			     struct sh_part ***tail_out)
{
	struct sh_part *first = NULL, **tail = &first;
	for (uint32_t k = from; k < to; k++) {
		struct sh_part *x = v[k].part;
		if (x->kind == SH_TILDE)
			settle_tilde(v, n, k);
		if (v[k].role == ROLE_LITERAL) {
			struct sh_text t = x->brace->text;
			x->kind = SH_LITERAL;
			x->text = t;
		} else if (v[k].role == ROLE_LIST) {
			uint32_t close = v[k].mate;
			arms(p, v, n, k);
			x->end = v[close].part->end;
			k = close;
		} else if (v[k].role == ROLE_RANGE) {
			if (k > 0)
				check_edge(p, v, n, k - 1, k);
			x->brace->kind = SH_BRACE_RANGE;
			x->brace->text = v[k + 1].part->text;
			x->end = v[k + 2].part->end;
			k += 2;
		}
		x->next = NULL;
		*tail = x;
		tail = &x->next;
	}
	if (tail_out != NULL)
		*tail_out = tail;
	return first;
}

void brace_settle(struct ps *p, struct parts *b)
{
	uint32_t n = 0;
	for (struct sh_part *x = b->first; x != NULL; x = x->next)
		n++;
	struct item *v = ps_new(p, n * sizeof(*v));
	n = 0;
	for (struct sh_part *x = b->first; x != NULL; x = x->next)
		v[n++].part = x;
	classify(p, v, n);
	b->first = build(p, v, n, 0, n, &b->tail);
}
