/* Command substitutions that can only print digits, blanks and newlines: $(… | wc -l), $(nproc), $(date +%s). Arithmetic may read
 * them. They may also print nothing, so that unquoted they are no word that can be counted on (FIELD_DIGITS, not FIELD_NUMERIC). */
#include <string.h>

#include "policy/command.h"
#include "policy/word_build.h"

#define NUMBER_WORDS 12

static bool number_all(const char *s, const char *of)
{
	return s[0] != '\0' && strspn(s, of) == strlen(s);
}

/* +%s, +%Y%m%d: numbers only. Where %N is not known, it is printed as it stands. */
static bool number_date(const char *f)
{
	if (*f++ != '+' || *f == '\0')
		return false;
	for (; *f != '\0'; f += 2) {
		if (f[0] != '%' || f[1] == '\0' || strchr("sYmdHMSjuwy", f[1]) == NULL)
			return false;
	}
	return true;
}

static bool number_stat(const char *f)
{
	for (; *f != '\0'; f += 2) {
		if (f[0] != '%' || f[1] == '\0' || strchr("sYXZWugahibBd", f[1]) == NULL)
			return false;
	}
	return true;
}

/* grep -c with at most one file: with more it prints their names as well. */
static bool number_grep(char words[][64], unsigned n)
{
	unsigned operands = 0;
	bool count = false;

	for (unsigned i = 1; i < n; i++) {
		if (words[i][0] != '-' || words[i][1] == '\0') {
			operands++;
			continue;
		}
		if (operands > 0 || !number_all(words[i] + 1, "civEFwxsaP"))
			return false;
		count = count || strchr(words[i], 'c') != NULL;
	}
	return count && operands >= 1 && operands <= 2;
}

/* Operands only: an option can ask for anything else, for the help too, and what holds = is assigned by awk. */
static bool number_operands(char words[][64], unsigned n, unsigned from, const char *refused)
{
	for (unsigned i = from; i < n; i++) {
		if (words[i][0] == '-' || strpbrk(words[i], refused) != NULL)
			return false;
	}
	return true;
}

/* pgrep -c: behind it only options that say which processes are counted. */
static bool number_pgrep(char words[][64], unsigned n)
{
	if (n < 2 || words[1][0] != '-' || !number_all(words[1] + 1, "cfx") || strchr(words[1], 'c') == NULL)
		return false;
	for (unsigned i = 2; i < n; i++) {
		if (words[i][0] == '-' && strcmp(words[i], "-f") != 0 && strcmp(words[i], "-x") != 0 && strcmp(words[i], "-u") != 0)
			return false;
	}
	return true;
}

static bool number_command(char words[][64], unsigned n)
{
	const char *name = words[0], *slash = strrchr(name, '/');

	if (slash != NULL)
		return false;
	if (strcmp(name, "nproc") == 0)
		return n == 1 || (n == 2 && strcmp(words[1], "--all") == 0);
	if (strcmp(name, "wc") == 0)
		return n == 2 && words[1][0] == '-' && number_all(words[1] + 1, "lwcm");
	if (strcmp(name, "date") == 0)
		return (n == 2 || (n == 3 && strcmp(words[1], "-u") == 0)) && number_date(words[n - 1]);
	if (strcmp(name, "id") == 0)
		return n >= 2 && n <= 3 && (strcmp(words[1], "-u") == 0 || strcmp(words[1], "-g") == 0) && (n == 2 || words[2][0] != '-');
	if (strcmp(name, "tr") == 0)
		return n == 3 && (strcmp(words[1], "-dc") == 0 || strcmp(words[1], "-cd") == 0) &&
		       (strcmp(words[2], "0-9") == 0 || strcmp(words[2], "[:digit:]") == 0 || strcmp(words[2], "0-9\\n") == 0);
	if (strcmp(name, "pgrep") == 0)
		return number_pgrep(words, n);
	if (strcmp(name, "stat") == 0)
		return n >= 4 && (strcmp(words[1], "-c") == 0 || strcmp(words[1], "-Lc") == 0) && number_stat(words[2]) &&
		       number_operands(words, n, 3, "");
	if (strcmp(name, "awk") == 0)
		return n >= 2 && number_operands(words, n, 2, "=") &&
		       (strcmp(words[1], "END{print NR}") == 0 || strcmp(words[1], "END {print NR}") == 0 || strcmp(words[1], "END { print NR }") == 0);
	return (strcmp(name, "grep") == 0 || strcmp(name, "egrep") == 0 || strcmp(name, "fgrep") == 0) && number_grep(words, n);
}

/* Its messages must not become part of what it prints: they quote file names. */
static bool number_redir(const struct sh_redir *r)
{
	if (r->fd_name.n > 0)
		return false;
	if (r->op == SH_REDIR_IN || r->op == SH_REDIR_HERE || r->op == SH_REDIR_HERESTR)
		return r->fd <= 0;
	return r->op == SH_REDIR_OUT && r->fd == 2 && ast_word_is(r->target, "/dev/null");
}

/* In zsh what >(…) prints does not go into the pipe: of the commands before the last every word must be known. */
static bool number_apart(const struct sh_command *c)
{
	for (; c->next != NULL; c = c->next) {
		if (c->kind != SH_SIMPLE || c->simple->assigns != NULL || c->redirs != NULL)
			return false;
		for (const struct sh_word *word = c->simple->words; word != NULL; word = word->next) {
			if (!ast_word_exact(word))
				return false;
		}
	}
	return true;
}

/* || echo 0, || true: digits, or nothing, behind what was printed before. No function may have the name. */
static bool number_otherwise(const struct walk *w, const struct sh_pipeline *p)
{
	const struct sh_command *c = p->commands;
	const struct sh_word *word = c->kind == SH_SIMPLE && c->simple->assigns == NULL ? c->simple->words : NULL;
	char text[16];
	size_t n;

	if (p->next != NULL || p->link != SH_OR || p->negated || p->timed != SH_TIME_NO || c->next != NULL || c->redirs != NULL || word == NULL || w->functions != NULL)
		return false;
	if (ast_word_is(word, "true") || ast_word_is(word, ":"))
		return word->next == NULL;
	if (!ast_word_is(word, "echo") || word->next == NULL || word->next->next != NULL)
		return false;
	n = ast_word_bytes(word->next, text, sizeof(text) - 1);
	if (n == (size_t)-1 || n >= sizeof(text))
		return false;
	text[n] = '\0';
	return number_all(text, "0123456789");
}

bool word_number(const struct walk *w, const struct sh_list *body)
{
	const struct sh_pipeline *p;
	const struct sh_command *c;
	char words[NUMBER_WORDS][64];
	unsigned n = 0;

	if (body->items == NULL || body->items->next != NULL || body->items->sep != SH_SEQ)
		return false;
	p = body->items->pipelines;
	if (p->timed != SH_TIME_NO || (p->next != NULL && !number_otherwise(w, p->next)))
		return false;
	if (w->dialect == DIALECT_ZSH && !number_apart(p->commands))
		return false;
	for (c = p->commands; c->next != NULL; c = c->next)
		;
	if (c->kind != SH_SIMPLE || c->simple->assigns != NULL || c->simple->words == NULL)
		return false;
	for (const struct sh_word *word = c->simple->words; word != NULL; word = word->next) {
		size_t len;

		if (n == NUMBER_WORDS || !ast_word_exact(word))
			return false;
		len = ast_word_bytes(word, words[n], sizeof(words[n]) - 1);
		if (len == (size_t)-1 || len > sizeof(words[n]) - 1)
			return false;
		words[n++][len] = '\0';
	}
	for (const struct sh_redir *r = c->redirs; r != NULL; r = r->next) {
		if (!number_redir(r))
			return false;
	}
	/* Nobody may have given the name to something else. */
	for (const struct function *f = w->functions; f != NULL; f = f->next) {
		if (f->n == strlen(words[0]) && memcmp(f->name, words[0], f->n) == 0)
			return false;
	}
	return number_command(words, n);
}
