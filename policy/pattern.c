/* Command patterns of rules: shell words with *, ** and {a,b}, matched against an argv. Where the tables know the tool, options
 * match by meaning: -fr is --force --recursive, in any place. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "policy/path.h"
#include "policy/rules.h"
#include "policy/walk.h"

#define MAX_PATTERN 4096
#define MAX_PATTERN_WORDS 128

/* ---- Compiling -------------------------------------------------------------------------------------------------------- */

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
	struct pword words[MAX_PATTERN_WORDS];
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
		if (n == MAX_PATTERN_WORDS) {
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

			if (sub != NULL)
				t = sub;
		}
		p->ops[p->nops++] = w;
	}
	p->tool = t;
	return true;
}

static int pattern_one(struct arena *a, const char *text, const char *source, struct pattern *p, const char **why)
{
	int r;
	const struct tool *t;

	memset(p, 0, sizeof(*p));
	p->source = source;
	r = pattern_words(a, text, p, why);
	if (r != ERR_OK)
		return r;
	if (p->words[0].literal) {
		const char *slash = strrchr(p->words[0].plain, '/');
		const char *name = slash != NULL ? slash + 1 : p->words[0].plain;

		t = table_find(name, strlen(name));
		if (t != NULL && (t->nopts > 0 || (t->flags & TOOL_SUB) != 0)) {
			p->tool = t;
			p->semantic = pattern_meaning(a, p);
		}
	}
	return ERR_OK;
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

/* ---- Matching ----------------------------------------------------------------------------------------------------------- */

/* One pattern word against one word of the act, from byte off on. */
static bool word_match(const struct pword *w, const struct act *a, const struct field *f, size_t off, bool sure, bool opaque)
{
	char out[PATH_BUF];
	struct path_use u;

	if (off > f->n)
		off = f->n;
	if (f->kind == CONFIDENCE_OPAQUE) {
		if (w->many)
			return true;
		if (sure || !opaque)
			return false;
		if (w->literal && f->n > off && !w->path) {
			/* What is known of it must at least not speak against it. */
			size_t n = strlen(w->plain), k = f->n - off;

			return memcmp(w->plain, f->p + off, n < k ? n : k) == 0;
		}
		return true;
	}
	if (w->any || w->many) {
		/* One word each: a pattern that may be several is not surely one. */
		return !(sure && !w->many && (f->flags & FIELD_MULTI) != 0);
	}
	if (f->kind == CONFIDENCE_EXACT && w->literal && strcmp(w->plain, f->p + off) == 0)
		return !(sure && w->path && strstr(f->p + off, "..") != NULL);
	if (w->path) {
		path_resolve(&a->cwd, f, off, &u, out);
		if (u.path.kind == CONFIDENCE_OPAQUE)
			return !sure && opaque && u.dots;
		/* The shell's own `..` is resolved by looking at the host: for an allow rule it never is below anything. */
		if (u.dots && sure)
			return false;
		/* A relative word below an unknown home directory is not what an absolute rule means. */
		if (!sure && u.path.p[0] == '~' && w->plain[0] == '/' && !(f->flags & FIELD_HOME))
			return false;
		return path_match(w->plain, &u, sure);
	}
	if (f->kind == CONFIDENCE_PATTERN) {
		if (sure)
			return false;
		return w->literal ? true : true;
	}
	return w->literal ? strcmp(w->plain, f->p + off) == 0 : glob_match(w->text, f->p + off, f->n - off);
}

static bool name_match(const struct pword *w, const struct act *a, bool sure)
{
	const struct field *f = &a->argv[0];
	const char *slash;

	if (w->many)
		return true;
	/* A command that is not known is never allowed; by name it is not denied either, so that a person can be asked. */
	if (f->kind != CONFIDENCE_EXACT)
		return false;
	if (w->any)
		return true;
	slash = strrchr(f->p, '/');
	if (strchr(w->plain, '/') != NULL)
		return w->literal ? strcmp(w->plain, f->p) == 0 : path_match_text(w->plain, f->p, NULL);
	/* A bare name is the program in the usual directories; a deny rule means it wherever it lies. */
	if (slash != NULL && sure && a->tool == NULL)
		return false;
	if (slash != NULL)
		slash++;
	else
		slash = f->p;
	return w->literal ? strcmp(w->plain, slash) == 0 : glob_match(w->text, slash, strlen(slash));
}

/* A sequence of pattern words against a sequence of words: ** takes any number, at(i) gives the act's words. skip: words of the
 * act may stand between (deny rules of tools that do the same to every operand). */
static bool sequence_match(const struct pword *const *pw, unsigned np, const struct act *a, const uint16_t *idx, unsigned n, bool sure, bool opaque, bool skip)
{
	unsigned i = 0, k = 0, star = ~0u, mark = 0;

	while (k < n) {
		const struct field *f = &a->argv[idx != NULL ? idx[k] : k];

		/* Any number of words that are not known: whatever comes after may be among them. */
		if (!sure && opaque && f->kind == CONFIDENCE_OPAQUE && (f->flags & FIELD_MULTI) != 0)
			return true;
		if (i < np && pw[i]->many) {
			star = ++i;
			mark = k;
			continue;
		}
		if (i < np && !(sure && f->kind == CONFIDENCE_OPAQUE) && word_match(pw[i], a, f, 0, sure, opaque)) {
			i++;
			k++;
			continue;
		}
		if (skip) {
			k++;
			continue;
		}
		if (star == ~0u)
			return false;
		i = star;
		k = ++mark;
	}
	while (i < np && pw[i]->many)
		i++;
	return i == np;
}

static bool act_has_unknown(const struct act *a)
{
	for (unsigned i = 1; i < a->argc; i++) {
		if (a->argv[i].kind != CONFIDENCE_EXACT && (a->argv[i].flags & FIELD_NODASH) == 0)
			return true;
	}
	return false;
}

static const struct pword *popt_arg(const struct pattern *p, const struct act_opt *o, bool *found)
{
	*found = false;
	for (unsigned i = 0; i < p->nopts; i++) {
		if (p->opts[i].group == o->group && o->group != 0) {
			*found = true;
			return p->opts[i].arg;
		}
	}
	return NULL;
}

static bool meaning_match(const struct pattern *p, const struct act *a, bool sure, bool opaque)
{
	const struct tool *t = a->tool;
	bool skip, related = false;

	/* The act's tool is the pattern's, or a subcommand of it. */
	for (; t != NULL; t = t->parent)
		related = related || t == p->tool;
	for (t = p->tool; t != NULL; t = t->parent)
		related = related || t == a->tool;
	if (!related)
		return false;
	for (unsigned i = 0; i < p->nopts; i++) {
		bool have = false;

		for (unsigned k = 0; k < a->nopts && !have; k++) {
			if (a->opts[k].group != p->opts[i].group)
				continue;
			have = p->opts[i].arg == NULL ||
			       (a->opts[k].arg >= 0 ? word_match(p->opts[i].arg, a, &a->argv[a->opts[k].arg], a->opts[k].arg_off, sure, opaque) : !sure);
		}
		if (!have && (sure || !(opaque && act_has_unknown(a))))
			return false;
	}
	if (sure && !p->open) {
		for (unsigned k = 0; k < a->nopts; k++) {
			bool found;
			const struct pword *arg = popt_arg(p, &a->opts[k], &found);

			if (!found)
				return false;
			if (arg == NULL && a->opts[k].arg >= 0)
				return false;
			if (arg != NULL && (a->opts[k].arg < 0 || !word_match(arg, a, &a->argv[a->opts[k].arg], a->opts[k].arg_off, sure, opaque)))
				return false;
		}
		/* A word that is not known may be an option that the rule does not name. */
		if (act_has_unknown(a))
			return false;
	}
	/* rm a /etc is also rm /etc; systemctl stop a is only that. */
	skip = !sure && p->nops > 0 && (p->tool->rest & (EFFECT_READ | EFFECT_WRITE | EFFECT_DELETE)) != 0 && p->tool->kind == TOOL_PLAIN;
	return sequence_match(p->ops, p->nops, a, a->ops, a->nops, sure, opaque, skip);
}

bool pattern_match(const struct pattern *p, const struct act *a, bool sure, bool opaque)
{
	const struct pword *list[MAX_PATTERN_WORDS];

	if (a->kind != ACT_COMMAND || a->argc == 0)
		return p->n == 1 && p->words[0].many;
	if (p->n == 1 && p->words[0].many)
		return true;
	if (a->opaque && sure)
		return false;
	if (!name_match(&p->words[0], a, sure))
		return false;
	if (p->words[0].many && p->n > 1) {
		for (unsigned i = 0; i < p->n; i++)
			list[i] = &p->words[i];
		return sequence_match(list, p->n, a, NULL, a->argc, sure, opaque, false);
	}
	if (p->semantic && a->tool != NULL && a->ops != NULL && a->tool->kind == TOOL_PLAIN)
		return meaning_match(p, a, sure, opaque);
	{
		uint16_t idx[512];
		unsigned n = 0;

		if (a->argc - 1 > 512)
			return !sure;
		for (unsigned i = 1; i < a->argc; i++)
			idx[n++] = (uint16_t)i;
		for (unsigned i = 1; i < p->n; i++)
			list[i - 1] = &p->words[i];
		return sequence_match(list, p->n - 1, a, idx, n, sure, opaque, false);
	}
}
