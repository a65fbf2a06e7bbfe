/* Variables that a text turns into something whose assignment is evaluated.
 *
 * zsh makes an integer of a variable that arithmetic assigns, for as long as the shell lives; an assignment to it is arithmetic from
 * then on, and arithmetic can run code: ((x=1)); x='path[$(cmd)]'. Which variables that may be is found before a text is walked,
 * since a function's body stands before the arithmetic that is run before its call.
 *
 * bash expands the value of  declare NAME='(…)'  when NAME is an array; those that a text makes one are found the same way. */
#include <string.h>

#include "policy/walk.h"
#include "policy/word_build.h"

static bool integer_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static void integer_add(struct walk *w, const char *p, size_t n)
{
	struct integer_name *i;

	if (integers_have(w, p, n))
		return;
	i = walk_spend(w, 1) ? arena_alloc(w->r->arena, sizeof(*i)) : NULL;
	if (i == NULL || (i->name = arena_copy(w->r->arena, p, n)) == NULL) {
		w->r->failed = w->r->failed || w->r->budget > 0;
		return;
	}
	i->n = (uint32_t)n;
	i->next = w->integers;
	w->integers = i;
}

bool integers_have(const struct walk *w, const char *name, size_t n)
{
	for (const struct integer_name *i = w->integers; i != NULL; i = i->next) {
		if (i->n == n && memcmp(i->name, name, n) == 0)
			return true;
	}
	return false;
}

/* Every name in it, whether assigned or not: to tell them apart would buy nothing. */
static void integer_names(struct walk *w, const char *p, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t s = i;

		while (i < n && (integer_letter(p[i]) || word_digit(p[i])))
			i++;
		if (i > s && !word_digit(p[s]))
			integer_add(w, p + s, i - s);
		if (i == s)
			i++;
	}
}

static void integer_parts(struct walk *w, const struct sh_part *p)
{
	for (; p != NULL; p = p->next) {
		if (p->kind == SH_DQUOTE)
			integer_parts(w, p->parts);
		else if (p->kind == SH_LITERAL || p->kind == SH_ESCAPED || p->kind == SH_SQUOTE || p->kind == SH_CQUOTE)
			integer_names(w, p->text.p, p->text.n);
	}
}

static bool integer_assigns(const struct sh_part *p)
{
	for (; p != NULL; p = p->next) {
		if (p->kind == SH_DQUOTE ? integer_assigns(p->parts)
					 : (p->kind == SH_LITERAL || p->kind == SH_ESCAPED || p->kind == SH_SQUOTE || p->kind == SH_CQUOTE) &&
						   (strchr(p->text.p, '=') != NULL || strstr(p->text.p, "++") != NULL || strstr(p->text.p, "--") != NULL))
			return true;
	}
	return false;
}

void integers_word(struct walk *w, const struct sh_word *word)
{
	if (w->dialect == DIALECT_ZSH && word->kind == SH_WORD_ARITH && integer_assigns(word->parts))
		integer_parts(w, word->parts);
}

void integers_redir(struct walk *w, const struct sh_redir *r)
{
	if (w->dialect == DIALECT_ZSH && r->fd_name.n > 0)
		integer_add(w, r->fd_name.p, r->fd_name.n);
}

void integers_assign(struct walk *w, const struct sh_assign *a)
{
	if (w->dialect == DIALECT_BASH && (a->is_array || a->subscript != NULL))
		integer_add(w, a->name.p, a->name.n);
}

/* The names in a word: those before a =, and what may stand behind an option's letter, as in read -aNAME. */
static void array_names(struct walk *w, const struct sh_word *word)
{
	size_t n = ast_word_bytes(word, NULL, 0);
	char *text = n != (size_t)-1 ? arena_alloc(w->r->arena, n + 1) : NULL;
	const char *end;

	if (text == NULL) {
		w->r->failed = w->r->failed || n != (size_t)-1;
		return;
	}
	(void)ast_word_bytes(word, text, n);
	end = memchr(text, '=', n);
	n = end != NULL ? (size_t)(end - text) : n;
	integer_names(w, text, n);
	for (size_t i = 1; i < n && text[0] == '-'; i++) {
		if (text[i] == 'a' || text[i] == 'A')
			integer_names(w, text + i + 1, n - i - 1);
	}
}

/* declare -a NAME, local -A NAME=…, read -a NAME, mapfile NAME: every name in a command that can make arrays, however its words
 * are quoted; one whose first words are not known can be any. */
void integers_command(struct walk *w, const struct sh_command *c)
{
	static const char *const makers[] = { "declare", "typeset", "local", "export", "readonly", "read", "mapfile", "readarray", NULL };
	bool makes = false, arrays = false;
	unsigned at = 0;

	if (w->dialect != DIALECT_BASH)
		return;
	if (c->kind == SH_COPROC)
		integer_add(w, c->coproc->name.n > 0 ? c->coproc->name.p : "COPROC", c->coproc->name.n > 0 ? c->coproc->name.n : 6);
	if (c->kind != SH_SIMPLE)
		return;
	for (const struct sh_word *word = c->simple->words; word != NULL; word = word->next, at++) {
		const struct sh_text *one = ast_word_text(word);
		char room[256];
		const char *text = one != NULL ? one->p : room;
		size_t n = one != NULL ? one->n : word->assign != NULL ? (size_t)-1 : ast_word_bytes(word, room, sizeof(room) - 1);

		if (n >= sizeof(room)) {
			makes = makes || at < 2;
			continue;
		}
		if (one == NULL)
			room[n] = '\0';
		for (unsigned i = 0; !makes && n >= 4 && n <= 9 && makers[i] != NULL; i++)
			makes = strcmp(text, makers[i]) == 0;
		arrays = arrays || (n == 7 && strcmp(text, "mapfile") == 0) || (n == 9 && strcmp(text, "readarray") == 0) ||
			 (n > 1 && text[0] == '-' && strpbrk(text, "aA") != NULL);
	}
	if (!makes || !arrays)
		return;
	integer_add(w, "MAPFILE", 7);
	for (const struct sh_word *word = c->simple->words; word != NULL; word = word->next) {
		if (word->assign != NULL)
			integer_add(w, word->assign->name.p, word->assign->name.n);
		else
			array_names(w, word);
	}
}
