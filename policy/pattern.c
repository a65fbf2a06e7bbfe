/* Command patterns of rules: shell words with *, ** and {a,b}, read. Where the tables know the tool, its options are read by meaning. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "policy/pattern_fit.h"
#include "policy/rules.h"
#include "policy/walk.h"

#define MAX_PATTERN 4096

/* Expands the first brace of text outside quotes; false when there is none. */
static bool pattern_brace(const char *text, size_t *open, size_t *close)
{
	char quote = '\0';
	bool comma = false, in = false;

	for (size_t i = 0; text[i] != '\0'; i++) {
		char c = text[i];

		if (quote != '\0') {
			if (c == quote)
				quote = '\0';
		} else if (c == '\\' && text[i + 1] != '\0') {
			i++;
		} else if (c == '\'' || c == '"') {
			quote = c;
		} else if (c == '{') {
			*open = i;
			in = true;
			comma = false;
		} else if (c == ',' && in) {
			comma = true;
		} else if (c == '}' && in) {
			*close = i;
			if (comma)
				return true;
			in = false;
		} else if ((c == ' ' || c == '\t') && in) {
			in = false;
		}
	}
	return false;
}

static int pattern_words(struct arena *a, const char *text, struct pattern *p, const char **why)
{
	const char *s = text;
	struct pword words[PATTERN_WORDS];
	unsigned n = 0;

	for (;;) {
		char glob[MAX_PATTERN * 2], plain[MAX_PATTERN];
		size_t g = 0, k = 0;
		bool active = false, quoted = false;
		char quote = '\0';
		struct pword *w = &words[n];

		while (*s == ' ' || *s == '\t')
			s++;
		if (*s == '\0')
			break;
		if (n == PATTERN_WORDS) {
			*why = "too many words";
			return ERR_MALFORMED;
		}
		for (; *s != '\0' && (quote != '\0' || (*s != ' ' && *s != '\t')); s++) {
			char c = *s;

			if (quote != '\0' ? c == quote : (c == '\'' || c == '"')) {
				quote = quote != '\0' ? '\0' : c;
				quoted = true;
				continue;
			}
			if (quote == '\0' && strchr(";|&<>()`$\n", c) != NULL) {
				*why = "a pattern is the words of one command, without shell syntax";
				return ERR_MALFORMED;
			}
			if (quote == '\0' && (c == '*' || c == '?')) {
				active = true;
				glob[g++] = c;
				plain[k++] = c;
				continue;
			}
			if (quote == '\0' && c == '\\') {
				c = *++s;
				if (c == '\0') {
					*why = "a backslash at the end";
					return ERR_MALFORMED;
				}
			}
			if (strchr("*?\\", c) != NULL)
				glob[g++] = '\\';
			glob[g++] = c;
			plain[k++] = c;
		}
		if (quote != '\0') {
			*why = "a quote that is not closed";
			return ERR_MALFORMED;
		}
		memset(w, 0, sizeof(*w));
		w->text = arena_copy(a, glob, g);
		w->plain = arena_copy(a, plain, k);
		if (w->text == NULL || w->plain == NULL)
			return ERR_NOMEM;
		w->literal = !active;
		w->any = active && strcmp(w->text, "*") == 0;
		w->many = active && strcmp(w->text, "**") == 0;
		w->path = w->plain[0] == '/' || (w->plain[0] == '~' && !quoted) || (active && strncmp(w->text, "**/", 3) == 0);
		if (w->many)
			p->open = true;
		n++;
	}
	if (n == 0) {
		*why = "an empty pattern";
		return ERR_MALFORMED;
	}
	p->words = arena_alloc(a, n * sizeof(*p->words));
	if (p->words == NULL)
		return ERR_NOMEM;
	memcpy(p->words, words, n * sizeof(*p->words));
	p->n = n;
	return ERR_OK;
}

static void pattern_opt(struct pattern *p, const struct opt *o, const struct pword *arg)
{
	p->opts[p->nopts].group = o->group;
	p->opts[p->nopts].early = p->nops == 0;
	p->opts[p->nopts].arg = arg;
	p->nopts++;
}

static struct pword *pattern_tail(struct arena *a, const char *text)
{
	struct pword *w = arena_alloc(a, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->text = text;
	w->plain = text;
	w->literal = strpbrk(text, "*?\\") == NULL;
	w->any = strcmp(text, "*") == 0 || strcmp(text, "**") == 0;
	w->path = text[0] == '/';
	return w;
}

/* Reads option words by the tables; false when one is not known: then the pattern is matched word by word. */
static bool pattern_meaning(struct arena *a, struct pattern *p)
{
	const struct tool *t = p->tool;
	size_t room = 0;
	bool ended = false;

	for (unsigned i = 1; i < p->n; i++)
		room += strlen(p->words[i].text);
	p->opts = arena_alloc(a, (room + 1) * sizeof(*p->opts));
	p->ops = arena_alloc(a, (p->n + 1) * sizeof(*p->ops));
	if (p->opts == NULL || p->ops == NULL)
		return false;
	for (unsigned i = 1; i < p->n; i++) {
		const struct pword *w = &p->words[i];
		const char *s = w->text;
		const struct opt *o;

		if (!ended && s[0] == '-' && s[1] != '\0' && strcmp(s, "--") != 0) {
			const char *eq = strchr(s, '=');
			size_t n = eq != NULL && s[1] == '-' ? (size_t)(eq - s) : strlen(s);

			o = options_find(t, s, n);
			if (o != NULL) {
				const struct pword *arg = NULL;

				if (s[n] == '=')
					arg = pattern_tail(a, s + n + 1);
				else if (o->arg == OPT_TAKES && i + 1 < p->n && !p->words[i + 1].many)
					arg = &p->words[++i];
				pattern_opt(p, o, arg);
				continue;
			}
			if (s[1] == '-' || !w->literal)
				return false;
			for (const char *c = s + 1; *c != '\0'; c++) {
				char name[3] = { '-', *c, '\0' };
				const struct pword *arg = NULL;

				o = options_find(t, name, 2);
				if (o == NULL)
					return false;
				if (o->arg == OPT_TAKES) {
					if (c[1] != '\0')
						arg = pattern_tail(a, c + 1);
					else if (i + 1 < p->n && !p->words[i + 1].many)
						arg = &p->words[++i];
					pattern_opt(p, o, arg);
					break;
				}
				pattern_opt(p, o, NULL);
			}
			continue;
		}
		if (!ended && w->literal && strcmp(s, "--") == 0) {
			ended = true;
			continue;
		}
		if ((t->flags & TOOL_SUB) != 0 && w->literal) {
			const struct tool *sub = table_sub(t, w->plain, strlen(w->plain));

			if (sub != NULL) {
				t = sub;
				p->nsubs = p->nops + 1;
			}
		}
		p->ops[p->nops++] = w;
	}
	if (p->nsubs == 0 && p->nops > 0 && (p->tool->flags & TOOL_SUB) != 0)
		p->nsubs = 1;
	p->tool = t;
	return true;
}

uint64_t words_bits(const char *word, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (uint8_t)word[i]) * 0x100000001b3u;
	h ^= h >> 32;
	return (uint64_t)1 << (h & 63) | (uint64_t)1 << (h >> 6 & 63);
}

uint64_t act_words(const struct act *a)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < a->argc; i++) {
		if (a->argv[i].kind == CONFIDENCE_EXACT)
			bits |= words_bits(a->argv[i].p, a->argv[i].n);
	}
	return bits;
}

/* Of many rules for one program the last plain operand tells most of them apart. */
static uint64_t pattern_needs(const struct pattern *p)
{
	uint64_t bits = 0;

	for (unsigned i = 0; p->semantic && i < p->nops; i++) {
		if (p->ops[i]->literal && !p->ops[i]->path)
			bits = words_bits(p->ops[i]->plain, strlen(p->ops[i]->plain));
	}
	for (unsigned i = 1; !p->semantic && i < p->n; i++) {
		if (p->words[i].literal && !p->words[i].path)
			bits = words_bits(p->words[i].plain, strlen(p->words[i].plain));
	}
	return bits;
}

/* Whether a tool has subcommands that are written whole. */
static bool subcommands_whole(const struct tool *t)
{
	return t->kind == TOOL_PLAIN && (tool_root(t)->flags & (TOOL_SUB | TOOL_SHORT | TOOL_CONTAINER | TOOL_OBJECTS)) == TOOL_SUB;
}

/* A subcommand of letters, which nothing else stands for. */
static bool subcommand_spelled(const struct tool *t, const char *s)
{
	return subcommands_whole(t) && s[0] != '-' && s[0] != '\0' && s[strspn(s, "abcdefghijklmnopqrstuvwxyz-")] == '\0';
}

bool subcommand_plain(const struct act *a)
{
	const struct field *f;

	if (a->kind != ACT_COMMAND || a->tool == NULL || a->ops == NULL)
		return false;
	if (a->nops == 0) /* none */
		return a->confidence == CONFIDENCE_EXACT && subcommands_whole(a->tool) && !act_has_foreign(a) && !act_is_cut(a);
	f = &a->argv[a->ops[0]];
	return f->kind == CONFIDENCE_EXACT && subcommand_spelled(a->tool, f->p) && !act_has_foreign(a);
}

void pattern_read(struct arena *a, struct pattern *p)
{
	const char *slash = strrchr(p->words[0].plain, '/'), *name = slash != NULL ? slash + 1 : p->words[0].plain;

	p->tool = p->words[0].literal ? table_find(name, strlen(name)) : NULL;
	p->semantic = p->tool != NULL && pattern_meaning(a, p);
	p->needs = pattern_needs(p);
	if (p->semantic && p->nsubs > 0 && p->ops[0]->literal && subcommand_spelled(p->tool, p->ops[0]->plain))
		p->sub = words_bits(p->ops[0]->plain, strlen(p->ops[0]->plain));
}

static int pattern_one(struct arena *a, const char *text, const char *source, struct pattern *p, const char **why)
{
	int r;

	memset(p, 0, sizeof(*p));
	p->source = source;
	r = pattern_words(a, text, p, why);
	if (r == ERR_OK)
		pattern_read(a, p);
	return r;
}

static int pattern_expand(struct arena *a, const char *text, const char *source, struct pattern *out, unsigned cap, unsigned *n, const char **why)
{
	size_t open = 0, close = 0, from;
	int r;

	if (!pattern_brace(text, &open, &close)) {
		if (*n == cap) {
			*why = "its braces make too many patterns";
			return ERR_MALFORMED;
		}
		r = pattern_one(a, text, source, &out[*n], why);
		if (r == ERR_OK)
			(*n)++;
		return r;
	}
	from = open + 1;
	for (size_t i = open + 1; i <= close; i++) {
		char made[MAX_PATTERN];
		int k;

		if (text[i] != ',' && i != close)
			continue;
		k = snprintf(made, sizeof(made), "%.*s%.*s%s", (int)open, text, (int)(i - from), text + from, text + close + 1);
		if (k < 0 || (size_t)k >= sizeof(made)) {
			*why = "too long";
			return ERR_MALFORMED;
		}
		r = pattern_expand(a, made, source, out, cap, n, why);
		if (r != ERR_OK)
			return r;
		from = i + 1;
	}
	return ERR_OK;
}

int pattern_compile(struct arena *a, const char *text, struct pattern *out, unsigned cap, unsigned *n, const char **why)
{
	*n = 0;
	*why = NULL;
	if (strlen(text) >= MAX_PATTERN) {
		*why = "too long";
		return ERR_MALFORMED;
	}
	return pattern_expand(a, text, text, out, cap, n, why);
}
