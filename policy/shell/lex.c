/* The cursor: positions, line continuations, blanks, comments, reserved words, and how a parse fails. Distrusts every
 * byte; knows the text only by its length. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "policy/shell/gate.h"
#include "policy/shell/state.h"

void ps_fail(struct ps *p, int code, uint32_t at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(p->err.text, sizeof(p->err.text), fmt, ap);
	va_end(ap);
	for (char *c = p->err.text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
			*c = '?';
	/* What is wrong at the very end of a stream may only be unfinished. */
	if (code == ERR_MALFORMED && p->streaming && !p->nested && p->i >= p->s.n)
		code = ERR_AGAIN;
	p->err.code = code;
	p->err.at = ps_pos(p, at);
	longjmp(*p->jump, 1);
}

bool ps_guard(struct ps *p, void (*f)(struct ps *p, void *arg), void *arg)
{
	jmp_buf jump, *volatile outer = p->jump;
	p->jump = &jump;
	if (setjmp(jump) != 0) {
		p->jump = outer;
		return false;
	}
	f(p, arg);
	p->jump = outer;
	return true;
}

void ps_expected(struct ps *p, const char *what)
{
	int c = ps_cur(p);
	if (c == END)
		ps_fail(p, ERR_MALFORMED, p->i, "expected %s before the end of the %s", what,
			p->nested ? "substitution" : "text");
	if (c == '\n')
		ps_fail(p, ERR_MALFORMED, p->i, "expected %s before the end of the line", what);
	char near[16];
	size_t n = 0;
	for (uint32_t i = p->i; i < p->s.n && n < sizeof(near) - 1; i++) {
		if (n > 0 && ps_is_meta((unsigned char)p->s.p[i]) != ps_is_meta((unsigned char)near[0]))
			break;
		near[n++] = p->s.p[i];
	}
	near[n] = '\0';
	ps_fail(p, ERR_MALFORMED, p->i, "expected %s, found `%s'", what, near);
}

void ps_left_out(struct ps *p, uint32_t at, const char *what)
{
	ps_fail(p, ERR_UNSUPPORTED, at, "%s: left out on purpose (docs/parser.md)", what);
}

void *ps_room(struct ps *p, size_t n)
{
	void *m = arena_room(p->a, n);
	if (m == NULL)
		ps_fail(p, ERR_LIMIT, p->i, "the tree takes more memory than it may");
	return m;
}

void *ps_new(struct ps *p, size_t n)
{
	return memset(ps_room(p, n), 0, n);
}

struct sh_text ps_text(struct ps *p, const char *s, size_t n)
{
	char *m = ps_room(p, n + 1);
	if (n > 0)
		memcpy(m, s, n);
	m[n] = '\0';
	return (struct sh_text){m, (uint32_t)n};
}

struct sh_pos ps_pos_line(struct ps *p, uint32_t off)
{
	uint32_t lo = 0, hi = p->nlines;
	/* Nearly always the same line as last time, or the next. */
	uint32_t l = p->line_at;
	if (p->lines[l] <= off) {
		lo = l;
		if (l + 1 >= p->nlines || p->lines[l + 1] > off)
			hi = l + 1;
	} else {
		hi = l;
	}
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (p->lines[mid] <= off)
			lo = mid;
		else
			hi = mid;
	}
	p->line_at = lo;
	return (struct sh_pos){off, lo + 1, off - p->lines[lo] + 1};
}

static bool continued(const struct ps *p, uint32_t i)
{
	return i + 1 < p->s.n && p->s.p[i] == '\\' && p->s.p[i + 1] == '\n';
}

void ps_cook(struct ps *p)
{
	while (continued(p, p->i))
		p->i += 2;
}

void ps_hidden(struct ps *p)
{
	if (p->i < p->s.n && gate_hidden((const unsigned char *)p->s.p + p->i, p->s.n - p->i) > 0)
		ps_fail(p, ERR_REFUSED, p->i, "a character that does not show, outside single quotes");
}

void ps_tangled(struct ps *p, uint32_t at)
{
	ps_fail(p, ERR_LIMIT, at, "the text is too tangled to be read in linear time");
}

void ps_adv_n(struct ps *p, unsigned n)
{
	while (n-- > 0)
		ps_adv(p);
}

uint32_t ps_join(const struct ps *p, uint32_t i)
{
	while (continued(p, i))
		i += 2;
	return i;
}

int ps_peek(const struct ps *p, unsigned k)
{
	uint32_t i = p->i;
	while (k-- > 0)
		i = ps_after(p, i);
	return ps_at(p, i);
}

bool ps_looking(const struct ps *p, const char *s)
{
	uint32_t i = p->i;
	for (; *s != '\0'; s++) {
		if (ps_at(p, i) != (unsigned char)*s)
			return false;
		i = ps_after(p, i);
	}
	return true;
}

void ps_enter(struct ps *p)
{
	if (++p->depth > SHELL_MAX_DEPTH)
		ps_fail(p, ERR_LIMIT, p->i, "more than %d constructs inside each other", SHELL_MAX_DEPTH);
}

void ps_leave(struct ps *p)
{
	p->depth--;
}

void ps_blanks(struct ps *p)
{
	ps_cook(p);
	while (ps_cur(p) == ' ' || ps_cur(p) == '\t')
		ps_adv(p);
	if (ps_cur(p) != '#')
		return;
	/* A comment is raw: a backslash at its end continues nothing. */
	while (p->i < p->s.n && p->s.p[p->i] != '\n') {
		if (p->hidden)
			ps_hidden(p);
		p->i++;
	}
}

void ps_newline(struct ps *p)
{
	if (p->outer_heredoc)
		ps_left_out(p, p->i,
			    "a newline in a substitution while a here-document outside of it waits for its body");
	p->i++; /* raw: a body's first line may begin with a continuation */
	if (p->here.n > 0)
		heredoc_bodies(p);
	ps_cook(p);
	if (p->extglob_next && p->depth == 0)
		p->extglob = true;
}

void ps_newlines(struct ps *p)
{
	for (;;) {
		ps_blanks(p);
		if (ps_cur(p) != '\n')
			return;
		ps_newline(p);
	}
}

static const struct {
	const char name[12];
	enum rw id;
	size_t trait; /* offset in struct traits of what must be true, or 0 */
} words[] = { /* sorted */
	{"!", RW_BANG, 0},
	{"[[", RW_COND, offsetof(struct traits, cond)},
	{"case", RW_CASE, 0},
	{"coproc", RW_COPROC, offsetof(struct traits, coproc)},
	{"do", RW_DO, 0},
	{"done", RW_DONE, 0},
	{"elif", RW_ELIF, 0},
	{"else", RW_ELSE, 0},
	{"end", RW_ZSH, offsetof(struct traits, zsh)},
	{"esac", RW_ESAC, 0},
	{"fi", RW_FI, 0},
	{"for", RW_FOR, 0},
	{"foreach", RW_ZSH, offsetof(struct traits, zsh)},
	{"function", RW_FUNCTION, offsetof(struct traits, function)},
	{"if", RW_IF, 0},
	{"in", RW_IN, offsetof(struct traits, in_reserved)},
	{"nocorrect", RW_ZSH, offsetof(struct traits, zsh)},
	{"repeat", RW_ZSH, offsetof(struct traits, zsh)},
	{"select", RW_SELECT, offsetof(struct traits, select)},
	{"then", RW_THEN, 0},
	{"time", RW_TIME, offsetof(struct traits, time)},
	{"until", RW_UNTIL, 0},
	{"while", RW_WHILE, 0},
	{"{", RW_LBRACE, 0},
	{"}", RW_RBRACE, 0},
};

/* Whether any of them begins so. */
static bool reserved_begins(int c)
{
	if (c >= 'a' && c <= 'z')
		return (0x5e213cu >> (c - 'a') & 1) != 0; /* cdef i n rstu w */
	return c == '{' || c == '}' || c == '!' || c == '[';
}

static enum rw reserved_here(const struct ps *p, uint32_t *after)
{
	char w[sizeof(words[0].name)] = "";
	size_t n = 0;
	uint32_t i = p->i;
	int c;
	for (; !ps_is_meta(c = ps_at(p, i)); i = ps_after(p, i)) {
		if (n == sizeof(w) - 2) /* longer than any of them */
			return RW_NONE;
		w[n++] = (char)c;
		/* zsh closes a group wherever the brace stands */
		if (c == '}' && n == 1 && p->t->zsh) {
			i = ps_after(p, i);
			break;
		}
	}
	*after = i;
	for (size_t k = 0; k < sizeof(words) / sizeof(words[0]) && words[k].name[0] <= w[0]; k++) {
		if (words[k].name[0] != w[0] || memcmp(words[k].name, w, sizeof(w)) != 0)
			continue;
		if (words[k].trait != 0 && !*((const bool *)((const char *)p->t + words[k].trait)))
			return RW_NONE;
		return words[k].id;
	}
	return RW_NONE;
}

enum rw ps_reserved(struct ps *p, uint32_t *after)
{
	if (!reserved_begins(ps_cur(p)))
		return RW_NONE;
	if (p->reserved.p != p->s.p || p->reserved.i != p->i || p->reserved.n != p->s.n) {
		p->reserved.p = p->s.p;
		p->reserved.i = p->i;
		p->reserved.n = p->s.n;
		p->reserved.word = reserved_here(p, &p->reserved.after);
	}
	if (after != NULL && p->reserved.word != RW_NONE)
		*after = p->reserved.after;
	return (enum rw)p->reserved.word;
}

bool ps_accept(struct ps *p, enum rw w)
{
	uint32_t after;
	if (ps_reserved(p, &after) != w)
		return false;
	p->i = after;
	ps_blanks(p);
	return true;
}

bool ps_accept_word(struct ps *p, const char *word)
{
	uint32_t i = p->i;
	for (const char *s = word; *s != '\0'; s++) {
		if (ps_at(p, i) != (unsigned char)*s)
			return false;
		i = ps_after(p, i);
	}
	if (!ps_is_meta(ps_at(p, i)))
		return false;
	p->i = i;
	ps_blanks(p);
	return true;
}

void ps_expect(struct ps *p, enum rw w, const char *what)
{
	if (!ps_accept(p, w))
		ps_expected(p, what);
}
