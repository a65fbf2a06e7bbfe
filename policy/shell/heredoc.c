/* Here-documents: the delimiter, and at the next newline the bodies. Distrusts every byte. */
#include <string.h>

#include "policy/shell/state.h"

static void wait_for(struct ps *p, struct sh_redir *r, uint32_t at)
{
	if (p->here.n == sizeof(p->here.item) / sizeof(p->here.item[0]))
		ps_fail(p, ERR_LIMIT, at, "more than %u here-documents on a line", p->here.n);
	p->here.item[p->here.n++] = r;
}

/* bash takes what looks like an expansion as it is written, when nothing in it is quoted. */
static bool raw_delimiter(struct ps *p, struct sh_redir *r, uint32_t at)
{
	for (uint32_t i = at; i < p->i; i++)
		if (strchr("'\"\\`\n", p->s.p[i]) != NULL)
			return false;
	r->delim = ps_text(p, p->s.p + at, p->i - at);
	wait_for(p, r, at);
	return true;
}

/* The delimiter is a word of which only quotes are taken off; any quote in it makes the body literal. */
void heredoc_delimiter(struct ps *p, struct sh_redir *r)
{
	uint32_t at = p->i;
	struct sh_word *w = word_parse(p, WORD_SUBJECT);
	if (w == NULL)
		ps_expected(p, "a here-document's delimiter");
	size_t n = ast_word_bytes(w, NULL, 0);
	if (p->dialect == DIALECT_BASH && n == (size_t)-1 && raw_delimiter(p, r, at))
		return;
	if (n == (size_t)-1)
		ps_left_out(p, at, "an expansion or pattern as a here-document's delimiter");
	for (const struct sh_part *x = w->parts; x != NULL; x = x->next) {
		r->delim_quoted |= x->quoted;
		if (x->kind == SH_CQUOTE || (x->kind == SH_DQUOTE && x->locale))
			ps_left_out(p, at, "$'...' in a here-document's delimiter");
		/* A lone $ is marked as a quoted byte; it quotes nothing. */
		if (x->kind == SH_ESCAPED && x->text.n == 1 && x->text.p[0] == '$' && x->end - x->at.off == 1)
			ps_left_out(p, at, "a $ in a here-document's delimiter");
	}
	char *s = ps_new(p, n + 1);
	ast_word_bytes(w, s, n);
	if (memchr(s, '\n', n) != NULL)
		ps_left_out(p, at, "a newline in a here-document's delimiter");
	r->delim = (struct sh_text){s, (uint32_t)n};
	wait_for(p, r, at);
}

static uint32_t line_end(const struct ps *p, uint32_t i)
{
	const char *nl = i < p->s.n ? memchr(p->s.p + i, '\n', p->s.n - i) : NULL;
	return nl == NULL ? p->s.n : (uint32_t)(nl - p->s.p);
}

/* Whether the line ends in a backslash that continues it. */
static bool continues(const struct ps *p, uint32_t from, uint32_t end)
{
	uint32_t n = 0;
	while (end > from && p->s.p[end - 1] == '\\') {
		end--;
		n++;
	}
	return n % 2 == 1;
}

/* A line put together by continuations that would be the delimiter: some shells end the body there, some do not. */
static void check_joined(struct ps *p, const struct sh_redir *r, uint32_t from, uint32_t end)
{
	uint32_t k = 0, i = from;
	while (i < end && k <= r->delim.n) {
		if (r->strip_tabs && p->s.p[i] == '\t') { /* which of them go, and when, shells do not agree about */
			i++;
			continue;
		}
		if (p->s.p[i] == '\\' && i + 1 < end && p->s.p[i + 1] == '\n') {
			i += 2;
			continue;
		}
		if (k == r->delim.n || p->s.p[i] != r->delim.p[k])
			return;
		i++;
		k++;
	}
	if (k == r->delim.n && i == end)
		ps_left_out(p, from, "a here-document's delimiter put together by line continuations");
}

static void expand(struct ps *p, struct sh_redir *r, struct src body)
{
	struct src outer = p->s;
	uint32_t i = p->i;
	bool nested = p->nested, waits = p->outer_heredoc, in_heredoc = p->in_heredoc;
	struct heredocs here = p->here;
	p->in_heredoc = true;
	p->s = body;
	p->i = 0;
	p->nested = true;
	p->outer_heredoc = false;
	p->here.n = 0;
	ps_enter(p);
	ps_cook(p);
	struct parts b;
	parts_init(&b, true);
	quote_body(p, &b, DQ_HEREDOC);
	r->body->parts = b.first;
	ps_leave(p);
	p->s = outer;
	p->i = i;
	p->nested = nested;
	p->outer_heredoc = waits;
	p->in_heredoc = in_heredoc;
	p->here = here;
}

/* The lines up to the delimiter: where they end. The cursor comes to stand behind the delimiter's line. */
static uint32_t find_end(struct ps *p, const struct sh_redir *r, bool *closed)
{
	uint32_t start = p->i, end = start, joined = start;
	bool cont = false;
	*closed = false;
	while (end < p->s.n) {
		uint32_t from = end, e = line_end(p, from);
		bool whole = e < p->s.n || !p->streaming || p->nested; /* in a stream more may come on the last line */
		if (!cont)
			joined = from;
		if (r->strip_tabs && cont && p->s.p[from] == '\t')
			ps_left_out(p, from, "a tab behind a line continuation in a <<- here-document");
		if (r->strip_tabs && !cont)
			while (from < e && p->s.p[from] == '\t')
				from++;
		if (from > end && from + 1 == e && p->s.p[from] == '\\')
			ps_left_out(p, from, "a line continuation right behind the tabs in a <<- here-document");
		if (!cont && whole && e - from == r->delim.n && memcmp(p->s.p + from, r->delim.p, r->delim.n) == 0) {
			*closed = true;
			p->i = e < p->s.n ? e + 1 : e;
			return end;
		}
		bool next = !r->delim_quoted && continues(p, end, e);
		if (cont && !next)
			check_joined(p, r, joined, e);
		cont = next;
		end = e < p->s.n ? e + 1 : e;
	}
	p->i = p->s.n;
	return end;
}

/* A copy without the tabs at the start of lines; with a newline at the end where one is missing and bash adds it. */
static struct src copy_body(struct ps *p, const struct sh_redir *r, struct src s, uint32_t start, bool add_newline)
{
	char *copy = ps_new(p, s.n + 2);
	uint32_t *map = ps_new(p, ((size_t)s.n + 2) * sizeof(*map)), n = 0;
	bool bol = true;
	for (uint32_t k = 0; k < s.n; k++) {
		if (bol && r->strip_tabs && s.p[k] == '\t')
			continue;
		bol = s.p[k] == '\n' && (r->delim_quoted || !continues(p, start, start + k));
		map[n] = ps_orig(p, start + k);
		copy[n++] = s.p[k];
	}
	map[n] = ps_orig(p, start + s.n);
	if (add_newline) {
		copy[n++] = '\n';
		map[n] = map[n - 1];
	}
	return (struct src){copy, n, 0, map};
}

static void body(struct ps *p, struct sh_redir *r)
{
	uint32_t start = p->i;
	bool closed;
	uint32_t end = find_end(p, r, &closed);
	if (!closed && p->streaming && !p->nested)
		ps_fail(p, ERR_MALFORMED, start, "expected the here-document's delimiter");
	if (!closed && !p->t->open_heredoc)
		ps_fail(p, ERR_MALFORMED, start, "expected the here-document's delimiter `%.32s'", r->delim.p);
	if (!closed && !r->delim_quoted && continues(p, start, end))
		ps_left_out(p, end - 1, "a backslash at the end of a here-document that nothing ends"); /* bash adds a byte to it */
	bool add_newline = !closed && p->dialect == DIALECT_BASH && end > start && p->s.p[end - 1] != '\n';
	struct src s = {p->s.p + start, end - start, p->s.map != NULL ? 0 : p->s.base + start,
			p->s.map != NULL ? p->s.map + start : NULL};
	r->body = word_new(p, SH_WORD_HEREDOC, start);
	r->body->end = ps_orig(p, end);
	if (p->hidden) {
		uint32_t behind = p->i;
		for (p->i = start; p->i < end; p->i++)
			ps_hidden(p);
		p->i = behind;
	}
	if (r->strip_tabs || add_newline)
		s = copy_body(p, r, s, start, add_newline);
	if (!r->delim_quoted) {
		expand(p, r, s);
	} else if (s.n > 0) {
		struct sh_part *x = ps_new(p, sizeof(*x));
		x->kind = SH_SQUOTE;
		x->quoted = true;
		x->at = r->body->at;
		x->end = r->body->end;
		x->text = ps_text(p, s.p, s.n);
		r->body->parts = x;
	}
}

void heredoc_bodies(struct ps *p)
{
	struct heredocs h = p->here;
	p->here.n = 0;
	for (unsigned k = 0; k < h.n; k++)
		body(p, h.item[k]);
}
