/* Unquoted words, part by part. Distrusts every byte; whatever the shells read in different ways is refused, and what
 * is only known once the word has ended (brackets, braces) is settled in glob.c. */
#include <string.h>

#include "policy/shell/state.h"

void parts_init(struct parts *b, bool quoted)
{
	b->first = NULL;
	b->quoted = quoted;
	b->tail = &b->first;
	b->in_lit = b->bracket = b->brace = b->dollar = false;
	b->lit = 0;
}

struct sh_part *parts_add(struct ps *p, struct parts *b, enum sh_part_kind kind, uint32_t at, bool quoted)
{
	parts_flush(p, b);
	struct sh_part *x = ps_room(p, sizeof(*x));
	*x = (struct sh_part){.at = ps_pos(p, at), .kind = (uint8_t)kind, .quoted = quoted};
	*b->tail = x;
	b->tail = &x->next;
	return x;
}

void parts_text(struct ps *p, struct parts *b, enum sh_part_kind kind, uint32_t at, uint32_t n, bool quoted)
{
	struct sh_part *x = parts_add(p, b, kind, at, quoted);
	x->text = ps_text(p, p->s.p + at, n);
	x->end = ps_orig(p, at + n);
}

void parts_byte(struct ps *p, struct parts *b)
{
	if (!b->in_lit) {
		b->in_lit = true;
		b->lit = p->i;
	}
	ps_adv(p);
}

/* Ends a run of literal bytes: a part of its own, without the line continuations that lay in it. */
void parts_flush(struct ps *p, struct parts *b)
{
	if (!b->in_lit)
		return;
	b->in_lit = false;
	const char *s = p->s.p + b->lit;
	uint32_t n = p->i - b->lit;
	struct sh_part *x = ps_room(p, sizeof(*x));
	*x = (struct sh_part){.at = ps_pos(p, b->lit), .end = ps_orig(p, p->i), .kind = SH_LITERAL, .quoted = b->quoted};
	if (memchr(s, '\\', n) == NULL) {
		x->text = ps_text(p, s, n);
	} else {
		char *out = ps_room(p, n + 1);
		uint32_t used = 0;
		for (uint32_t k = 0; k < n; k++) {
			if (s[k] == '\\' && k + 1 < n && s[k + 1] == '\n')
				k++;
			else
				out[used++] = s[k];
		}
		out[used] = '\0';
		x->text = (struct sh_text){out, used};
	}
	*b->tail = x;
	b->tail = &x->next;
}

struct sh_word *word_new(struct ps *p, enum sh_word_kind kind, uint32_t at)
{
	struct sh_word *w = ps_room(p, sizeof(*w));
	*w = (struct sh_word){.kind = (uint8_t)kind, .at = ps_pos(p, at)};
	return w;
}

/* A tilde at the cursor: with the name behind it, when what follows lets the shell expand it. */
static void tilde(struct ps *p, struct parts *b, bool in_brace)
{
	uint32_t at = p->i, i = ps_after(p, p->i);
	int c;
	while (ps_is_name(c = ps_at(p, i), false) || c == '.' || c == '+' || c == '-')
		i = ps_after(p, i);
	if (!(ps_is_meta(c) || c == '/' || c == ':' || (in_brace && (c == ',' || c == '}')))) {
		if (c == '~' && p->dialect == DIALECT_BUSYBOX)
			ps_left_out(p, at, "~ behind ~"); /* it takes what follows for a user's name, and loses it */
		/* Behind it stands a quote or an expansion: only zsh expands that one. */
		if (p->t->zsh)
			ps_left_out(p, at, "a quote or bracket behind zsh's ~");
		parts_byte(p, b);
		return;
	}
	/* The bytes are taken as a run of literal ones is, and then become the tilde. */
	parts_flush(p, b);
	struct sh_part **x = b->tail;
	b->in_lit = true;
	b->lit = at;
	p->i = i;
	parts_flush(p, b);
	(*x)->kind = SH_TILDE;
}

static bool brackets_close(const struct sh_part *x)
{
	return x != NULL && x->kind == SH_GLOB && x->text.n == 1 && x->text.p[0] == ']';
}

/* "[" begins a bracket expression only when a "]" follows, with at least one byte between them. */
static void bracket_settle(struct ps *p, struct parts *b)
{
	size_t n = 0;
	for (struct sh_part *x = b->first; x != NULL; x = x->next)
		n++;
	/* Whether a "]" stands behind each part: from the back. The list has no back links, so an array of them. */
	struct sh_part **all = ps_new(p, n * sizeof(*all));
	n = 0;
	for (struct sh_part *x = b->first; x != NULL; x = x->next)
		all[n++] = x;
	size_t close = n;
	bool later = false;
	for (size_t k = n; k-- > 0;) {
		struct sh_part *x = all[k];
		if (brackets_close(x)) {
			/* A "]" right behind "[" (or "[!") is a member, and only counts for what stands before that. */
			later = true;
			close = k;
			continue;
		}
		if (x->kind != SH_GLOB || x->text.n != 1 || x->text.p[0] != '[')
			continue;
		if (!later || (close == k + 1 && !(k + 2 < n))) {
			if (p->t->zsh && n > 1)
				ps_left_out(p, p->i, "a [ without its ]"); /* a mistake there, which ends the text */
			x->kind = SH_LITERAL;
			continue;
		}
		x->quoted = false;
	}
	/* A "]" that no "[" waits for is an ordinary byte. */
	bool open = false;
	for (size_t k = 0; k < n; k++) {
		if (all[k]->kind == SH_GLOB && all[k]->text.n == 1 && all[k]->text.p[0] == '[')
			open = true;
		else if (brackets_close(all[k]) && !open)
			all[k]->kind = SH_LITERAL;
	}
}

static void merge_literals(struct ps *p, struct parts *b)
{
	struct sh_part **link = &b->first;
	while (*link != NULL) {
		struct sh_part *x = *link, *y = x->next;
		if (x->kind != SH_LITERAL || y == NULL || y->kind != SH_LITERAL) {
			link = &x->next;
			continue;
		}
		size_t n = 0;
		struct sh_part *z = x;
		for (; z != NULL && z->kind == SH_LITERAL; z = z->next)
			n += z->text.n;
		char *s = ps_new(p, n + 1);
		n = 0;
		for (y = x; y != z; y = y->next) {
			memcpy(s + n, y->text.p, y->text.n);
			n += y->text.n;
			x->end = y->end;
		}
		x->text = (struct sh_text){s, (uint32_t)n};
		x->next = z;
		link = &x->next;
	}
	b->tail = link;
}

void word_finish(struct ps *p, struct parts *b, bool braces)
{
	parts_flush(p, b);
	if (b->bracket)
		bracket_settle(p, b);
	if (b->brace && braces)
		brace_settle(p, b);
	if (b->bracket || b->brace)
		merge_literals(p, b);
}

static void glob_byte(struct ps *p, struct parts *b, enum sh_part_kind kind)
{
	uint32_t at = p->i;
	struct sh_part *x = parts_add(p, b, kind, at, false);
	struct sh_text t = ps_text(p, p->s.p + at, 1);
	if (kind == SH_BRACE) {
		x->brace = ps_new(p, sizeof(*x->brace));
		x->brace->kind = SH_BRACE_MAYBE;
		x->brace->text = t;
	} else {
		x->text = t;
	}
	ps_adv(p);
	x->end = x->at.off + 1;
}

/* zsh's "<1-9>" */
static bool zsh_range(const struct ps *p, uint32_t *after)
{
	uint32_t i = ps_after(p, p->i);
	while (ps_at(p, i) >= '0' && ps_at(p, i) <= '9')
		i = ps_after(p, i);
	if (ps_at(p, i) != '-')
		return false;
	i = ps_after(p, i);
	while (ps_at(p, i) >= '0' && ps_at(p, i) <= '9')
		i = ps_after(p, i);
	*after = ps_after(p, i);
	return ps_at(p, i) == '>';
}

/* A metacharacter inside a word: ends it (false) but for process substitution and zsh's patterns. */
static bool word_meta(struct ps *p, struct parts *b, enum word_mode m, bool begins)
{
	int c = ps_cur(p);
	uint32_t after;
	if (p->t->procsub && (c == '<' || c == '>') && ps_peek(p, 1) == '(') {
		dollar_procsub(p, b, c == '<' ? SH_PROCSUB_IN : SH_PROCSUB_OUT);
		return true;
	}
	if (!p->t->zsh)
		return false;
	if (c == '<' && zsh_range(p, &after))
		ps_left_out(p, p->i, "zsh's <n-m> pattern");
	if (c == '(' && !begins && ps_peek(p, 1) != ')') {
		glob_zsh(p, b);
		return true;
	}
	if (c == '(' && begins && (m == WORD_ARG || m == WORD_PATTERN) && ps_peek(p, 1) != ')') {
		glob_zsh(p, b);
		return true;
	}
	return false;
}

/* Whether only empty quotes were read so far. */
static bool nothing_yet(const struct parts *b)
{
	for (const struct sh_part *x = b->first; x != NULL; x = x->next)
		if (!(x->kind == SH_SQUOTE && x->text.n == 0) && !(x->kind == SH_CQUOTE && x->text.n == 0) &&
		    !(x->kind == SH_DQUOTE && x->parts == NULL))
			return false;
	return !b->in_lit;
}

/* zsh takes `{name} >file` for `{name}>file`. */
static void check_zsh_fd(struct ps *p, uint32_t start)
{
	uint32_t i = start, end = p->i;
	if (ps_at(p, i) != '{')
		return;
	for (i = ps_after(p, i); ps_is_name(ps_at(p, i), false);)
		i = ps_after(p, i);
	if (ps_at(p, i) != '}' || ps_after(p, i) != end)
		return;
	while (ps_at(p, end) == ' ' || ps_at(p, end) == '\t')
		end = ps_after(p, end);
	if (ps_at(p, end) == '&' && ps_at(p, ps_after(p, end)) == '>')
		end = ps_after(p, end);
	if (ps_at(p, end) == '<' || ps_at(p, end) == '>')
		ps_left_out(p, start, "{name} in front of a redirection");
}

/* bash and mksh expand braces first, and a comma in parentheses of a pattern is one of theirs. */
static void check_groups(struct ps *p, const struct parts *b, uint32_t start)
{
	for (const struct sh_part *x = b->first; x != NULL; x = x->next) {
		bool brace = x->kind == SH_EXTGLOB && b->brace;
		for (const struct sh_word *a = x->kind == SH_EXTGLOB ? x->ext->alts : NULL; a != NULL; a = a->next)
			for (const struct sh_part *y = a->parts; y != NULL; y = y->next)
				brace |= y->kind == SH_LITERAL && memchr(y->text.p, '{', y->text.n) != NULL;
		if (brace)
			ps_left_out(p, start, "a brace in a word with a pattern in parentheses");
	}
}

/* A word being read. */
struct scan {
	struct parts b;
	enum word_mode m;
	uint32_t start;
	bool value;    /* of an assignment */
	bool braces;   /* expand here */
	bool tilde_ok; /* a tilde here would be expanded */
	bool name;     /* so far only bytes of a name */
	bool element;  /* behind NAME[ */
	bool assigned; /* behind NAME= */
	unsigned open; /* braces */
	uint32_t pid;  /* where the last $$ ended */
};

static void scan_equals(struct ps *p, struct scan *w, bool tilde_ok, bool name)
{
	if (p->t->zsh && w->m == WORD_ARG && p->i == w->start && ps_peek(p, 1) == '=')
		ps_expected(p, "a command's name behind ="); /* == is the path of a command called = */
	if (p->t->zsh && ps_peek(p, 1) == '(')
		ps_left_out(p, p->i, "=( in a word"); /* at the start of one, a value's too, it runs what stands in it */
	bool last = ps_is_meta(ps_peek(p, 1)) || (ps_peek(p, 1) == '}' && w->open == 0 && ps_is_meta(ps_peek(p, 2))); /* a group may end here */
	if (p->t->zsh && tilde_ok && (w->value || w->m == WORD_ARG || w->m == WORD_SUBJECT) && !last) {
		if (!w->value && p->i != w->start)
			ps_left_out(p, p->i, "= at the start of an arm of a brace expansion");
		glob_byte(p, &w->b, SH_GLOB); /* =command is the command's path */
		return;
	}
	if (p->t->zsh && nothing_yet(&w->b) && p->i != w->start)
		ps_left_out(p, p->i, "= behind empty quotes");
	/* Behind NAME= and NAME[…]=, in mksh behind any =. Where a shell expands less, it stays as it is. */
	bool element = w->element && p->s.p[p->i - 1] == ']' && p->s.p[p->i - 2] != '[';
	bool assigns = name || element || p->dialect == DIALECT_MKSH;
	w->tilde_ok = w->m == WORD_SUBJECT || (assigns && p->i != w->start);
	w->assigned = w->assigned || w->tilde_ok;
	parts_byte(p, &w->b);
}

/* "{", "}" or "," . False: the word ends here. */
static bool scan_brace(struct ps *p, struct scan *w, int c)
{
	if (c == '}' && w->open == 0 && p->t->zsh && ps_is_meta(ps_peek(p, 1)))
		return false; /* it closes a group, blank before it or not */
	if (!w->braces || (c == ',' && !w->b.brace)) {
		parts_byte(p, &w->b);
		return true;
	}
	if (c == '{' && w->pid == p->i && p->i > w->start)
		ps_left_out(p, p->i, "a brace behind $$"); /* bash looks for braces before it looks for parameters, and passes over ${ */
	if (c == '{')
		w->open++;
	else if (c == '}' && w->open > 0)
		w->open--;
	w->b.brace = true;
	glob_byte(p, &w->b, SH_BRACE);
	w->tilde_ok = w->open > 0 && c != '}'; /* it may come to stand at the start of a word */
	return true;
}

static void scan_glob(struct ps *p, struct scan *w, int c, bool name)
{
	if (c != '[' && c != ']' && ps_peek(p, 1) == '(' && glob_extended_here(p))
		glob_extended(p, &w->b);
	else if (c == '+' || c == '@' || c == '!')
		parts_byte(p, &w->b);
	else
		glob_byte(p, &w->b, SH_GLOB);
	w->b.bracket |= c == '[' || c == ']';
	w->element |= c == '[' && name && p->t->arrays;
}

/* A quote or an expansion. False: c is neither. */
static bool scan_quoted(struct ps *p, struct scan *w, int c)
{
	switch (c) {
	case '\'':
		quote_single(p, &w->b);
		return true;
	case '"':
		quote_double(p, &w->b);
		return true;
	case '\\':
		quote_escape(p, &w->b);
		return true;
	case '`':
		dollar_backquote(p, &w->b, false, false);
		return true;
	case '$':
		if (!dollar_parse(p, &w->b, false)) {
			parts_text(p, &w->b, SH_ESCAPED, p->i, 1, true);
			w->b.dollar = true;
			ps_adv(p);
		} else if (p->i > 0 && p->s.p[p->i - 1] == '$') {
			w->pid = p->i;
		}
		return true;
	}
	return false;
}

/* Most of what words are made of: bytes that are themselves in every shell, wherever they stand behind another. One step for all of them. */
static void scan_ordinary(struct ps *p, struct scan *w)
{
	uint32_t i = p->i;
	for (; i < p->s.n; i++) {
		int c = (unsigned char)p->s.p[i];
		bool name = ps_is_name(c, false);
		if (!name && c != '/' && c != '.' && c != '-')
			break;
		w->name = w->name && name;
	}
	if (i - p->i >= p->budget)
		ps_tangled(p, i);
	p->budget -= i - p->i;
	p->i = i;
	ps_cook(p);
}

/* One byte or construct. False: the word ends in front of it. */
static bool scan_one(struct ps *p, struct scan *w)
{
	int c = ps_cur(p);
	bool tilde_ok = w->tilde_ok, name = w->name;
	w->tilde_ok = w->name = false;
	if (ps_is_meta(c))
		return c != END && word_meta(p, &w->b, w->m, p->i == w->start);
	if (scan_quoted(p, w, c))
		return true;
	switch (c) {
	case '*':
	case '?':
	case '+':
	case '@':
	case '!':
	case '[':
	case ']':
		w->name = name && c == '+' && ps_peek(p, 1) == '=';
		scan_glob(p, w, c, name && p->i != w->start);
		return true;
	case '{':
	case '}':
	case ',':
		return scan_brace(p, w, c);
	case '~':
		if (tilde_ok)
			tilde(p, &w->b, w->open > 0);
		else if (p->t->zsh && !w->b.in_lit && w->b.first != NULL)
			ps_left_out(p, p->i, "~ behind an expansion or a quote"); /* where that is empty it may be expanded */
		else
			parts_byte(p, &w->b);
		return true;
	case '=':
		scan_equals(p, w, tilde_ok, name);
		return true;
	case ':':
		w->tilde_ok = w->assigned;
		break;
	default:
		w->name = name && ps_is_name(c, p->i == w->start);
	}
	parts_byte(p, &w->b);
	if (c != ':')
		scan_ordinary(p, w);
	return true;
}

struct sh_word *word_continue(struct ps *p, enum word_mode m, struct parts *before, uint32_t start)
{
	static const uint8_t kinds[] = {SH_WORD_PLAIN, SH_WORD_VALUE, SH_WORD_VALUE, SH_WORD_PATTERN, SH_WORD_VALUE};
	struct scan w = {.m = m, .start = start};
	parts_init(&w.b, false);
	if (before != NULL) {
		w.b = *before;
		if (w.b.tail == &before->first)
			w.b.tail = &w.b.first;
	}
	w.value = m == WORD_VALUE || m == WORD_DECL;
	w.braces = p->t->brace && (m == WORD_ARG || m == WORD_DECL);
	w.tilde_ok = before == NULL;
	w.name = m == WORD_ARG && before == NULL;
	w.assigned = w.value || m == WORD_SUBJECT;
	while (scan_one(p, &w))
		;
	if (p->i == start)
		return NULL;
	if (w.braces)
		check_groups(p, &w.b, start);
	word_finish(p, &w.b, w.braces);
	struct sh_word *out = word_new(p, kinds[m], start);
	out->parts = w.b.first;
	out->end = ps_orig(p, p->i);
	/* bash does not split `$x$`; a $ is joined to what a brace expansion puts behind it. */
	if (w.b.dollar && (p->dialect == DIALECT_BASH || w.b.brace) && !ast_word_exact(out))
		ps_left_out(p, start, "a $ that begins nothing in a word with expansions");
	if (p->t->zsh)
		check_zsh_fd(p, start);
	return out;
}

struct sh_word *word_parse(struct ps *p, enum word_mode m)
{
	return word_continue(p, m, NULL, p->i);
}
