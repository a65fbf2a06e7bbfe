/* Masking: the data of Kubernetes secrets, in YAML and JSON.
 *
 * A Secret's data and a ConfigMap's look alike until `kind:` comes, and that stands behind the data in what kubectl prints.
 * So the values are walked first, then what follows is looked at. */
#include "policy/mask_block.h"

struct kvalue {
	size_t s, e;
};

static bool k8s_printable(const uint8_t *p, size_t n)
{
	uint32_t acc = 0;

	for (size_t i = 0; i < n && p[i] != '='; i++) {
		static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
		const char *d = memchr(digits, p[i], 64);

		if (d == NULL)
			return false;
		acc = acc << 6 | (uint32_t)(d - digits);
		if (i % 4 != 0) {
			uint8_t c = (uint8_t)(acc >> (4 - 2 * (i % 4 - 1)));

			if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f)
				return false;
		}
	}
	return true;
}

/* 0: not base64. 1: it may be. 2: nobody writes such text but as base64. */
static int k8s_base64(const uint8_t *p, size_t n)
{
	size_t pad = 0;

	if (n < 4 || n % 4 != 0)
		return 0;
	while (pad < 2 && p[n - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < n - pad; i++) {
		if (!mask_is(p[i], CLS_B64) || p[i] == '=')
			return 0;
	}
	return pad > 0 || n >= 20 || (n >= 8 && k8s_printable(p, n)) ? 2 : 1;
}

static bool k8s_key(uint8_t c)
{
	return mask_is(c, CLS_B64URL) || c == '.';
}

/* One `key: value` line of YAML deeper than the block. M_NO: the block ends before this line. */
static int k8s_yaml_line(const struct mtext *x, struct mblock *b, struct bline *l, struct kvalue *v)
{
	const uint8_t *nl = memchr(x->t + b->cur, '\n', x->len - b->cur);
	size_t i, e;

	if (nl == NULL && !x->end)
		return M_MORE;
	i = nl == NULL ? x->len : (size_t)(nl - x->t);
	l->s = b->cur;
	l->e = i > b->cur && x->t[i - 1] == '\r' ? i - 1 : i;
	l->after = nl == NULL ? i : i + 1;
	for (i = l->s; i < l->e && x->t[i] == ' '; i++)
		;
	if (i - l->s <= b->indent || i == l->e)
		return M_NO;
	if (x->t[i] == '"')
		i++;
	for (e = i; e < l->e && k8s_key(x->t[e]); e++)
		;
	if (e == i || e >= l->e)
		return M_NO;
	if (x->t[e] == '"')
		e++;
	if (e >= l->e || x->t[e] != ':')
		return M_NO;
	for (v->s = e + 1; v->s < l->e && x->t[v->s] == ' '; v->s++)
		;
	v->e = l->e;
	while (v->e > v->s && x->t[v->e - 1] == ' ')
		v->e--;
	if (v->e > v->s && (x->t[v->s] == '"' || x->t[v->s] == '\'')) {
		/* Not closed only where the stream was cut. */
		v->s++;
		v->e -= v->e > v->s && x->t[v->e - 1] == x->t[v->s - 1];
	}
	return M_YES;
}

static size_t json_blanks(const struct mtext *x, size_t i)
{
	size_t from = i;

	while (i < x->len && i - from < 256 && (x->t[i] == ' ' || x->t[i] == '\n' || x->t[i] == '\r' || x->t[i] == '\t'))
		i++;
	return i;
}

/* Whether the JSON stands in a string of another, as kubectl's annotation of what was last applied: its quotes are \". */
static bool k8s_escaped(const struct mblock *b)
{
	return b->a->arg == BLOCK_JSON_ESCAPED;
}

static bool k8s_json(const struct mblock *b)
{
	return b->a->arg == BLOCK_JSON || b->a->arg == BLOCK_JSON_ESCAPED;
}

/* A quote at i: M_YES, M_NO, M_MORE. */
static int json_quote(const struct mtext *x, const struct mblock *b, size_t i)
{
	return k8s_escaped(b) ? mask_lit(x, i, "\\\"", 2, false) : mask_lit(x, i, "\"", 1, false);
}

static size_t json_quote_len(const struct mblock *b)
{
	return k8s_escaped(b) ? 2 : 1;
}

/* A JSON string without escapes at i; *e is its closing quote. */
static int json_string(const struct mtext *x, const struct mblock *b, size_t i, size_t *e)
{
	int q = json_quote(x, b, i);

	*e = 0;
	if (q != M_YES)
		return q;
	for (i += json_quote_len(b); i < x->len && x->t[i] != '"' && x->t[i] != '\\'; i++) {
		if (x->t[i] < 0x20)
			return M_NO;
	}
	*e = i;
	return i == x->len ? (x->end ? M_NO : M_MORE) : json_quote(x, b, i);
}

/* One `"key": "value"` and what parts it from the next. M_NO: the block ends at b->cur. */
static int k8s_json_pair(const struct mtext *x, struct mblock *b, struct bline *l, struct kvalue *v)
{
	size_t i = json_blanks(x, b->cur), e;
	size_t q = json_quote_len(b);
	int r = json_string(x, b, i, &e);

	if (r != M_YES)
		return r;
	i = json_blanks(x, e + q);
	if (i == x->len)
		return x->end ? M_NO : M_MORE;
	if (x->t[i] != ':')
		return M_NO;
	i = json_blanks(x, i + 1);
	r = json_string(x, b, i, &e);
	if (r == M_NO && x->end && i < x->len && e == x->len) {
		/* Cut by the end of the stream. */
		v->s = i + q;
		v->e = l->after = x->len;
		return M_YES;
	}
	if (r != M_YES)
		return r;
	v->s = i + q;
	v->e = e;
	i = json_blanks(x, e + q);
	if (i == x->len)
		return x->end ? M_NO : M_MORE;
	l->after = x->t[i] == ',' ? i + 1 : i;
	return x->t[i] == ',' || x->t[i] == '}' ? M_YES : M_NO;
}

/* What stands behind the data: M_YES `kind: Secret`, M_NO another kind, M_MORE not seen yet; b->lines stays for "neither". */
static int k8s_kind(const struct mtext *x, const struct mblock *b, bool *said)
{
	static const char yaml[] = "kind: ";
	const char *json = k8s_escaped(b) ? "\\\"kind\\\"" : "\"kind\"", *secret = k8s_escaped(b) ? "\\\"Secret\\\"" : "\"Secret\"";
	size_t i = b->cur;
	int r;

	*said = false;
	if (k8s_json(b)) {
		i = json_blanks(x, i);
		if (i < x->len && x->t[i] == '}')
			i = json_blanks(x, i + 1);
		if (i < x->len && x->t[i] == ',')
			i = json_blanks(x, i + 1);
		r = mask_lit(x, i, json, strlen(json), false);
		if (r != M_YES)
			return r;
		i = json_blanks(x, i + strlen(json));
		if (i < x->len && x->t[i] != ':')
			return M_NO;
		i = json_blanks(x, i + 1 < x->len ? i + 1 : x->len);
		r = mask_lit(x, i, secret, strlen(secret), false);
		*said = r == M_NO;
		return r;
	}
	while (i < x->len && x->t[i] == ' ')
		i++;
	r = mask_lit(x, i, yaml, strlen(yaml), false);
	if (r != M_YES)
		return r;
	r = mask_lit(x, i + strlen(yaml), "Secret", 6, false);
	*said = r == M_NO;
	return r;
}

static int k8s_next(const struct mtext *x, struct mblock *b, struct bline *l, struct kvalue *v)
{
	return k8s_json(b) ? k8s_json_pair(x, b, l, v) : k8s_yaml_line(x, b, l, v);
}

/* Marks the values from `from` on as far as they can be read. Leaves b->cur behind the last. M_MORE or M_NO. */
static int k8s_mark(struct mask_stream *st, const struct mtext *x, struct mblock *b)
{
	struct bline l;
	struct kvalue v;
	int r;

	while ((r = k8s_next(x, b, &l, &v)) == M_YES) {
		if (b->a->arg != BLOCK_STRING_DATA && k8s_base64(x->t + v.s, v.e - v.s) == 0)
			return M_NO;
		if (v.e > v.s)
			mask_mark(st, b->a->rule, v.s, v.e, false);
		b->cur = b->commit = l.after;
	}
	return r;
}

/* Whether a byte can be inside a value that is read byte by byte. */
static bool k8s_inside(const struct mblock *b, uint8_t c)
{
	return b->a->arg == BLOCK_STRING_DATA ? c != '\n' : mask_is(c, CLS_B64);
}

/* Where the value of the unfinished line at b->cur begins; SIZE_MAX when what is there of it is no value. */
static size_t k8s_open_value(const struct mtext *x, const struct mblock *b)
{
	size_t i = b->cur;

	while (i < x->len && x->t[i] != ':')
		i++;
	for (i++; i < x->len && (x->t[i] == ' ' || x->t[i] == '"' || (x->t[i] == '\\' && k8s_escaped(b))); i++)
		;
	for (size_t k = i; k < x->len; k++) {
		if (!k8s_inside(b, x->t[k]))
			return SIZE_MAX;
	}
	return i < x->len ? i : SIZE_MAX;
}

static int k8s_begin(const struct mtext *x, struct mblock *b)
{
	size_t i = b->at + b->a->len;

	if (k8s_json(b)) {
		i = json_blanks(x, i);
		if (i < x->len && x->t[i] != ':')
			return M_NO;
		i = json_blanks(x, i < x->len ? i + 1 : i);
		if (i == x->len)
			return x->end ? M_NO : M_MORE;
		b->cur = i + 1;
		return x->t[i] == '{' ? M_YES : M_NO;
	}
	while (b->indent < MASK_LOOKBACK && b->at > b->indent && x->t[b->at - b->indent - 1] == ' ')
		b->indent++;
	if (b->at > b->indent && x->t[b->at - b->indent - 1] != '\n')
		return M_NO;
	while (i < x->len && (x->t[i] == ' ' || x->t[i] == '\r') && i - b->at < 64)
		i++;
	if (i == x->len)
		return x->end ? M_NO : M_MORE;
	b->cur = i + 1;
	return x->t[i] == '\n' ? M_YES : M_NO;
}

/* The text up to a bound: what lies behind is not asked, however much of it is there already. */
static struct mtext k8s_window(const struct mtext *x, size_t end)
{
	struct mtext w = *x;

	if (x->len > end) {
		w.len = end;
		w.end = false;
	}
	return w;
}

/* Inside a value that is longer than what is kept: its bytes are marked as they come. M_YES: behind it. */
static int k8s_long_value(struct mask_stream *st, const struct mtext *x, struct mblock *b)
{
	size_t i = b->cur;

	while (i < x->len && k8s_inside(b, x->t[i]))
		i++;
	mask_mark(st, b->a->rule, b->cur, i, true);
	b->cur = b->commit = i;
	if (i == x->len)
		return x->end ? M_NO : M_MORE;
	b->state = S_BEHIND;
	return M_YES;
}

/* Behind a long value: to the next line, or the end of the block. */
static int k8s_behind(const struct mtext *x, struct mblock *b)
{
	size_t i = b->cur;

	if (x->t[i] == '\\' && k8s_escaped(b)) {
		i++;
		if (i == x->len)
			return x->end ? M_NO : M_MORE;
	}
	if (x->t[i] == '"')
		i++;
	if (k8s_json(b))
		i = json_blanks(x, i);
	else if (i < x->len && x->t[i] == '\r')
		i++;
	if (i == x->len)
		return x->end ? M_NO : M_MORE;
	if (x->t[i] != (k8s_json(b) ? ',' : '\n'))
		return M_NO;
	b->cur = b->commit = i + 1;
	b->state = S_BODY;
	return M_YES;
}

/* Committed: values are marked line by line. */
static int k8s_committed(struct mask_stream *st, const struct mtext *x, struct mblock *b)
{
	int r = M_YES;

	while (r == M_YES) {
		if (b->state == S_LONG) {
			r = k8s_long_value(st, x, b);
		} else if (b->state == S_BEHIND) {
			r = b->cur < x->len ? k8s_behind(x, b) : x->end ? M_NO : M_MORE;
		} else {
			struct mtext w = k8s_window(x, b->cur + MASK_LINE_MAX);

			r = k8s_mark(st, &w, b);
			if (r == M_MORE && w.len < x->len && w.len < b->cur + MASK_LINE_MAX) {
				r = M_YES; /* lines were read; the window goes on */
			} else if (r == M_MORE && w.len == b->cur + MASK_LINE_MAX) {
				size_t v = k8s_open_value(&w, b);

				if (v == SIZE_MAX)
					return block_done(b, b->cur);
				mask_mark(st, b->a->rule, v, w.len, false);
				b->cur = b->commit = w.len;
				b->state = S_LONG;
				r = M_YES;
			}
		}
	}
	return r == M_MORE ? r : block_done(b, b->cur);
}

/* Reads the values while the kind is not known. M_YES: b->cur is behind them; M_MORE; long: the last goes on. */
static int k8s_walk(const struct mtext *x, struct mblock *b)
{
	struct mtext w = k8s_window(x, b->next + MASK_PENDING_MAX);
	struct bline l;
	struct kvalue v;
	int r;

	while ((r = k8s_next(&w, b, &l, &v)) == M_YES) {
		int kind = b->a->arg == BLOCK_STRING_DATA ? 2 : k8s_base64(x->t + v.s, v.e - v.s);

		if (kind == 0)
			return M_YES;
		b->lines++;
		b->blanks += kind < 2;
		b->strong = b->blanks == 0;
		b->cur = l.after;
	}
	if (r == M_MORE && w.len < b->next + MASK_PENDING_MAX) {
		b->strong = b->blanks == 0 && (b->lines > 0 || k8s_open_value(&w, b) != SIZE_MAX);
		return r;
	}
	if (r == M_MORE && k8s_open_value(&w, b) != SIZE_MAX && w.len - b->cur > MASK_LINE_MAX) {
		/* Longer than anything but base64 is. */
		b->lines++;
		b->blanks = 0;
		b->strong = true;
	}
	b->prefixed = r == M_MORE;
	return M_YES;
}

int mask_k8s_step(struct mask_stream *st, const struct mtext *x, struct mblock *b)
{
	bool said;
	int r;

	if (b->committed)
		return k8s_committed(st, x, b);
	if (b->state == S_START) {
		r = k8s_begin(x, b);
		if (r != M_YES)
			return r == M_MORE ? r : block_done(b, b->at + 1);
		b->state = S_BODY;
		b->next = b->cur;
	}
	if (b->state == S_BODY) {
		r = k8s_walk(x, b);
		if (r == M_MORE)
			return r;
		b->state = S_DECIDE;
	}
	if (b->lines == 0)
		return block_done(b, b->at + 1);
	/* prefixed: the block is longer than what is kept, so that its kind cannot be waited for. */
	r = b->prefixed ? M_NO : k8s_kind(x, b, &said);
	if (r == M_MORE)
		return r;
	if (r == M_NO && (b->blanks > 0 || (!b->prefixed && said)))
		return block_done(b, b->at + 1);
	b->committed = true;
	b->state = S_BODY;
	b->cur = b->commit = b->next;
	return k8s_committed(st, x, b);
}

void mask_k8s_partial(struct mask_stream *st, const struct mtext *x, struct mblock *b)
{
	struct mblock walk = *b;
	size_t v;

	if (b->committed && b->state != S_BODY)
		return; /* what has come is marked */
	if (!b->committed)
		walk.cur = b->next;
	walk.state = S_BODY;
	(void)k8s_mark(st, x, &walk);
	v = k8s_open_value(x, &walk);
	if (v != SIZE_MAX)
		mask_mark(st, b->a->rule, v, x->len, false);
}
