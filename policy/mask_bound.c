/* Masking, custom rules: reads a PCRE2 pattern to tell how far it can reach and which bytes it can begin with.
 *
 * PCRE2 says how short a match may be, not how long, and a stream must know how many bytes to keep. What is not read here
 * for sure (recursion, back references, conditions, verbs, comments in patterns) is refused, so the answer is never too small. */
#include "policy/mask_int.h"

#include <ctype.h>

#define BOUND_DEPTH 32
#define BOUND_HUGE ((size_t)1 << 20)

struct bnode {
	size_t max;   /* bytes, looking ahead included */
	long len;     /* what it takes, when that is always the same; else -1 */
	unsigned npre;
	uint8_t pre[MASK_PREFIX_MAX][32];
};

struct bparse {
	const char *p;
	size_t n, i;
	bool nocase;
	unsigned depth;
	struct why *w;
};

static int bound_alt(struct bparse *b, struct bnode *out);

static int bound_fail(struct bparse *b, const char *what)
{
	return why_fail(b->w, ERR_REFUSED, "%s", what);
}

static void set_put(uint8_t *set, unsigned c)
{
	set[c / 8] |= (uint8_t)(1u << c % 8);
}

static void set_range(uint8_t *set, unsigned from, unsigned to)
{
	for (unsigned c = from; c <= to && c < 256; c++)
		set_put(set, c);
}

static void set_fold(const struct bparse *b, uint8_t *set)
{
	for (unsigned c = 'a'; b->nocase && c <= 'z'; c++) {
		bool lower = (set[c / 8] >> c % 8 & 1) != 0, upper = (set[(c - 32) / 8] >> (c - 32) % 8 & 1) != 0;

		if (lower || upper) {
			set_put(set, c);
			set_put(set, c - 32);
		}
	}
}

static void node_epsilon(struct bnode *n, size_t reach)
{
	memset(n, 0, sizeof(*n));
	n->max = reach;
}

static void node_one(struct bnode *n)
{
	memset(n, 0, sizeof(*n));
	n->max = 1;
	n->len = 1;
	n->npre = 1;
}

/* a then b. */
static void node_concat(struct bnode *a, const struct bnode *b)
{
	a->max = a->max + b->max > BOUND_HUGE ? BOUND_HUGE : a->max + b->max;
	if (a->len >= 0 && (size_t)a->len == a->npre) {
		for (unsigned k = 0; k < b->npre && a->npre < MASK_PREFIX_MAX; k++)
			memcpy(a->pre[a->npre++], b->pre[k], 32);
	}
	a->len = a->len >= 0 && b->len >= 0 ? a->len + b->len : -1;
}

static void node_either(struct bnode *a, const struct bnode *b)
{
	a->max = a->max > b->max ? a->max : b->max;
	a->npre = a->npre < b->npre ? a->npre : b->npre;
	for (unsigned k = 0; k < a->npre; k++) {
		for (unsigned j = 0; j < 32; j++)
			a->pre[k][j] |= b->pre[k][j];
	}
	if (a->len != b->len)
		a->len = -1;
}

static void node_repeat(struct bnode *a, unsigned long min, unsigned long max)
{
	struct bnode one = *a;

	node_epsilon(a, 0);
	for (unsigned long k = 0; k < min && k < MASK_PREFIX_MAX + 1; k++)
		node_concat(a, &one);
	a->max = one.max != 0 && max > BOUND_HUGE / one.max ? BOUND_HUGE : one.max * max;
	a->len = min == max && one.len >= 0 ? one.len * (long)min : -1;
}

/* \d and its like; 0: none of them. */
static bool bound_shorthand(char c, uint8_t *set)
{
	uint8_t s[32] = { 0 };

	switch (c | 0x20) {
	case 'd':
		set_range(s, '0', '9');
		break;
	case 'w':
		set_range(s, '0', '9');
		set_range(s, 'A', 'Z');
		set_range(s, 'a', 'z');
		set_put(s, '_');
		break;
	case 's':
		set_range(s, 9, 13);
		set_put(s, ' ');
		break;
	case 'h':
		set_put(s, 9);
		set_put(s, ' ');
		set_put(s, 0xa0);
		break;
	case 'v':
		set_range(s, 10, 13);
		set_put(s, 0x85);
		break;
	default:
		return false;
	}
	for (unsigned j = 0; j < 32; j++)
		set[j] |= (c & 0x20) != 0 ? s[j] : (uint8_t)~s[j];
	return true;
}

/* A character written as an escape; b->i is behind the backslash. -1: not one. -2: written wrong. */
static int bound_char(struct bparse *b)
{
	char c = b->p[b->i];
	static const char from[] = "aefnrt", to[] = "\a\x1b\f\n\r\t";
	const char *k = strchr(from, c);
	unsigned v = 0, digits = 0;

	if (c != '\0' && k != NULL) {
		b->i++;
		return to[k - from];
	}
	if (c == 'x') {
		bool braces = ++b->i < b->n && b->p[b->i] == '{';

		for (b->i += braces; b->i < b->n && isxdigit((unsigned char)b->p[b->i]) && digits < (braces ? 8 : 2); digits++) {
			char d = b->p[b->i++];

			v = v * 16 + (unsigned)(isdigit((unsigned char)d) ? d - '0' : (d | 0x20) - 'a' + 10);
		}
		if (braces && (b->i >= b->n || b->p[b->i++] != '}'))
			return -2;
		return v < 256 ? (int)v : -2;
	}
	if (c == '0') {
		for (; b->i < b->n && digits < 3 && b->p[b->i] >= '0' && b->p[b->i] <= '7'; digits++)
			v = v * 8 + (unsigned)(b->p[b->i++] - '0');
		return (int)(v & 255);
	}
	if (c == 'c' && b->i + 1 < b->n) {
		b->i += 2;
		return (toupper((unsigned char)b->p[b->i - 1]) ^ 64) & 255;
	}
	if (!isalnum((unsigned char)c)) {
		b->i++;
		return (unsigned char)c;
	}
	return -1;
}

/* [:alpha:] and so on: what is not known is taken for any byte. */
static void bound_posix(const char *name, size_t n, uint8_t *set)
{
	static const struct {
		const char *name;
		int (*is)(int);
	} classes[] = {
		{ "alpha", isalpha }, { "digit", isdigit }, { "alnum", isalnum }, { "upper", isupper }, { "lower", islower },
		{ "space", isspace }, { "punct", ispunct }, { "xdigit", isxdigit }, { "print", isprint }, { "graph", isgraph },
		{ "cntrl", iscntrl }, { "blank", isblank },
	};

	for (size_t k = 0; k < sizeof(classes) / sizeof(classes[0]); k++) {
		if (strlen(classes[k].name) == n && memcmp(classes[k].name, name, n) == 0) {
			for (int c = 0; c < 128; c++) {
				if (classes[k].is(c))
					set_put(set, (unsigned)c);
			}
			return;
		}
	}
	memset(set, 0xff, 32);
}

/* One member of a bracket class, b->i at it. *c: the byte, or -1 when it is a set. */
static int bound_member(struct bparse *b, uint8_t *set, int *c)
{
	const char *end;

	*c = -1;
	if (b->p[b->i] == '[' && b->i + 1 < b->n && b->p[b->i + 1] == ':') {
		for (end = b->p + b->i + 2; end + 1 < b->p + b->n && (isalpha((unsigned char)*end) || *end == '^'); end++)
			;
		if (end + 1 < b->p + b->n && end[0] == ':' && end[1] == ']') {
			bound_posix(b->p + b->i + 2, (size_t)(end - b->p) - b->i - 2, set);
			b->i = (size_t)(end - b->p) + 2;
			return ERR_OK;
		}
	}
	if (b->p[b->i] != '\\') {
		*c = (unsigned char)b->p[b->i++];
		return ERR_OK;
	}
	if (++b->i >= b->n)
		return bound_fail(b, "the class is not closed");
	if (bound_shorthand(b->p[b->i], set)) {
		b->i++;
		return ERR_OK;
	}
	if (b->p[b->i] == 'b') {
		b->i++;
		*c = 8;
		return ERR_OK;
	}
	*c = bound_char(b);
	return *c >= 0 ? ERR_OK : bound_fail(b, "this escape is not supported inside [ ]; write the byte as \\xhh");
}

static int bound_class(struct bparse *b, struct bnode *n)
{
	uint8_t set[32] = { 0 };
	bool not = false, first = true;

	b->i++;
	if (b->i < b->n && b->p[b->i] == '^') {
		not = true;
		b->i++;
	}
	for (;; first = false) {
		int from, to, r;

		if (b->i >= b->n)
			return bound_fail(b, "the class is not closed");
		if (b->p[b->i] == ']' && !first)
			break;
		r = bound_member(b, set, &from);
		if (r < 0)
			return r;
		if (from < 0)
			continue;
		to = from;
		if (b->i + 1 < b->n && b->p[b->i] == '-' && b->p[b->i + 1] != ']') {
			b->i++;
			r = bound_member(b, set, &to);
			if (r < 0)
				return r;
			if (to < 0) {
				set_put(set, '-');
				to = from;
			}
		}
		set_range(set, (unsigned)from, (unsigned)to);
	}
	b->i++;
	set_fold(b, set);
	node_one(n);
	for (unsigned j = 0; j < 32; j++)
		n->pre[0][j] = not ? (uint8_t)~set[j] : set[j];
	/* With case folded, what a negated class leaves out is not known to the byte. */
	if (not && b->nocase)
		memset(n->pre[0], 0xff, 32);
	return ERR_OK;
}

static int bound_escape(struct bparse *b, struct bnode *n)
{
	char c;
	int v;

	if (++b->i >= b->n)
		return bound_fail(b, "the pattern ends in a backslash");
	c = b->p[b->i];
	node_one(n);
	if (bound_shorthand(c, n->pre[0])) {
		b->i++;
		return ERR_OK;
	}
	if (c != '\0' && strchr("AbBGzZK", c) != NULL) {
		b->i++;
		node_epsilon(n, 1);
		return ERR_OK;
	}
	if (c == 'N') {
		b->i++;
		memset(n->pre[0], 0xff, 32);
		return ERR_OK;
	}
	if (c == 'R') {
		b->i++;
		n->max = 2;
		n->len = -1;
		memset(n->pre[0], 0xff, 32);
		return ERR_OK;
	}
	if (isdigit((unsigned char)c) && c != '0')
		return bound_fail(b, "a back reference has no bound that is known; write the text out (bytes are \\xhh)");
	v = bound_char(b);
	if (v < 0)
		return bound_fail(b, "this escape is not supported in a masking rule");
	set_put(n->pre[0], (unsigned)v);
	set_fold(b, n->pre[0]);
	return ERR_OK;
}

/* Behind `(?`: what kind of group. *look: 1 ahead, -1 behind, 2 nothing follows (a comment, options). */
static int bound_group_kind(struct bparse *b, int *look)
{
	static const struct {
		const char *is;
		int look;
	} kinds[] = {
		{ ":", 0 }, { "|", 0 }, { ">", 0 }, { "=", 1 }, { "!", 1 }, { "<=", -1 }, { "<!", -1 },
	};
	size_t k = b->i;

	for (size_t j = 0; j < sizeof(kinds) / sizeof(kinds[0]); j++) {
		size_t m = strlen(kinds[j].is);

		if (b->n - b->i >= m && memcmp(b->p + b->i, kinds[j].is, m) == 0) {
			*look = kinds[j].look;
			b->i += m;
			return ERR_OK;
		}
	}
	*look = 0;
	if (b->p[k] == 'P' && k + 1 < b->n && b->p[k + 1] == '<')
		k++;
	if (b->p[k] == '<' || b->p[k] == '\'') {
		char close = b->p[k] == '<' ? '>' : '\'';

		for (k++; k < b->n && (isalnum((unsigned char)b->p[k]) || b->p[k] == '_'); k++)
			;
		if (k >= b->n || b->p[k] != close)
			return bound_fail(b, "the group's name is not closed");
		b->i = k + 1;
		return ERR_OK;
	}
	if (b->p[k] == '#') {
		while (k < b->n && b->p[k] != ')')
			k++;
		b->i = k;
		*look = 2;
		return ERR_OK;
	}
	while (k < b->n && b->p[k] != '\0' && strchr("imsnJU-^", b->p[k]) != NULL)
		k++;
	if (k > b->i && k < b->n && (b->p[k] == ')' || b->p[k] == ':')) {
		*look = b->p[k] == ')' ? 2 : 0;
		b->i = k + (b->p[k] == ':');
		return ERR_OK;
	}
	return bound_fail(b, "recursion, conditions, callouts and the x option are not supported in a masking rule");
}

static int bound_group(struct bparse *b, struct bnode *n)
{
	int look = 0, r;

	if (++b->depth > BOUND_DEPTH)
		return bound_fail(b, "groups are nested too deep");
	b->i++;
	if (b->i < b->n && b->p[b->i] == '*')
		return bound_fail(b, "verbs are not supported in a masking rule");
	if (b->i + 1 < b->n && b->p[b->i] == '?') {
		b->i++;
		r = bound_group_kind(b, &look);
		if (r < 0)
			return r;
	}
	if (look == 2) {
		node_epsilon(n, 0);
	} else {
		r = bound_alt(b, n);
		if (r < 0)
			return r;
		if (look != 0)
			node_epsilon(n, look > 0 ? n->max : 0);
	}
	if (b->i >= b->n || b->p[b->i] != ')')
		return bound_fail(b, "the group is not closed");
	b->i++;
	b->depth--;
	return ERR_OK;
}

/* A quantifier at b->i, if one is there. */
static int bound_quantifier(struct bparse *b, unsigned long *min, unsigned long *max)
{
	size_t k = b->i + 1;
	char c = b->p[b->i];

	*min = *max = 1;
	if (c == '*' || c == '+')
		return bound_fail(b, "* and + have no bound, so the rule could match without an end; write {0,64} or {1,64}");
	if (c == '?') {
		*min = 0;
		b->i++;
	} else if (c == '{') {
		unsigned long lo = 0, hi = 0;
		size_t digits = 0;

		for (; k < b->n && isdigit((unsigned char)b->p[k]) && digits < 6; digits++)
			lo = lo * 10 + (unsigned long)(b->p[k++] - '0');
		if (digits == 0 || k >= b->n || (b->p[k] != '}' && b->p[k] != ','))
			return ERR_OK; /* a brace like any other */
		hi = lo;
		if (b->p[k] == ',') {
			k++;
			if (k < b->n && b->p[k] == '}')
				return bound_fail(b, "{n,} has no bound, so the rule could match without an end; write {n,m}");
			for (hi = 0, digits = 0; k < b->n && isdigit((unsigned char)b->p[k]) && digits < 6; digits++)
				hi = hi * 10 + (unsigned long)(b->p[k++] - '0');
			if (digits == 0 || k >= b->n || b->p[k] != '}')
				return ERR_OK;
		}
		b->i = k + 1;
		*min = lo;
		*max = hi;
	} else {
		return ERR_OK;
	}
	if (b->i < b->n && (b->p[b->i] == '?' || b->p[b->i] == '+'))
		b->i++;
	return ERR_OK;
}

static int bound_atom(struct bparse *b, struct bnode *n)
{
	char c = b->p[b->i];

	switch (c) {
	case '(':
		return bound_group(b, n);
	case '[':
		return bound_class(b, n);
	case '\\':
		if (b->i + 1 < b->n && (b->p[b->i + 1] == 'Q' || b->p[b->i + 1] == 'E'))
			return bound_fail(b, "\\Q and \\E are not supported in a masking rule; escape each byte");
		return bound_escape(b, n);
	case '^':
	case '$':
		b->i++;
		node_epsilon(n, 2);
		return ERR_OK;
	case '*':
	case '+':
	case '?':
		return bound_fail(b, "there is nothing to repeat here");
	}
	b->i++;
	node_one(n);
	if (c == '.')
		memset(n->pre[0], 0xff, 32);
	else
		set_put(n->pre[0], (unsigned char)c);
	set_fold(b, n->pre[0]);
	return ERR_OK;
}

static int bound_seq(struct bparse *b, struct bnode *out)
{
	node_epsilon(out, 0);
	while (b->i < b->n && b->p[b->i] != '|' && b->p[b->i] != ')') {
		struct bnode n;
		unsigned long min = 1, max = 1;
		size_t at = b->i;
		int r = bound_atom(b, &n);

		if (r >= 0 && b->i < b->n)
			r = bound_quantifier(b, &min, &max);
		if (r < 0) {
			/* The place of the outermost mistake is the innermost atom's. */
			(void)at;
			return r;
		}
		if (min != 1 || max != 1)
			node_repeat(&n, min, max);
		node_concat(out, &n);
	}
	return ERR_OK;
}

static int bound_alt(struct bparse *b, struct bnode *out)
{
	int r = bound_seq(b, out);

	while (r >= 0 && b->i < b->n && b->p[b->i] == '|') {
		struct bnode n;

		b->i++;
		r = bound_seq(b, &n);
		if (r >= 0)
			node_either(out, &n);
	}
	return r;
}

/* Whether any option group switches case folding on: then it is taken for on everywhere, which finds no less. */
static bool bound_nocase(const char *p, size_t n)
{
	for (size_t i = 0; i + 2 < n; i++) {
		if (p[i] != '(' || p[i + 1] != '?')
			continue;
		for (size_t k = i + 2; k < n && p[k] != '\0' && strchr("imsnJU^", p[k]) != NULL; k++) {
			if (p[k] == 'i')
				return true;
		}
	}
	return false;
}

int mask_bound(const char *pattern, size_t n, struct mbound *out, size_t *at, struct why *w)
{
	struct bparse b = { .p = pattern, .n = n, .nocase = bound_nocase(pattern, n), .w = w };
	struct bnode node;
	int r = bound_alt(&b, &node);

	memset(out, 0, sizeof(*out));
	if (r >= 0 && b.i < b.n)
		r = bound_fail(&b, "a ) without its (");
	*at = b.i < n ? b.i : n;
	if (r < 0)
		return r;
	out->max = node.max;
	out->nprefix = node.npre;
	memcpy(out->prefix, node.pre, sizeof(out->prefix));
	return ERR_OK;
}
