/* Parses the compiled-in tables once and answers questions about tools, options and variables. Trusts its input: it is ours,
 * and a mistake in it ends the program at the first use, which every test sees. */
#include "policy/table.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/embed.h"

#define HASH_SIZE 4096

static struct {
	struct tool *hash[HASH_SIZE];
	unsigned counts[3];
	uint16_t groups;
	struct var {
		const char *name;
		uint16_t len;
		bool prefix;
		enum var_class class;
		int next; /* with the same first byte; -1: the last */
	} *vars;
	int var_first[256];
	unsigned nvars;
	/* where a mistake is */
	const char *file;
	unsigned line;
} T;

static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void __attribute__((noreturn, format(printf, 1, 2))) table_die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%u: ", T.file, T.line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

static void *table_grow(void *p, size_t n, size_t size)
{
	/* Doubles at powers of two; n is the count before the addition. */
	if (n != 0 && (n & (n - 1)) != 0)
		return p;
	p = realloc(p, (n == 0 ? 1 : n * 2) * size);
	if (p == NULL)
		abort();
	return p;
}

static const struct {
	const char *name;
	unsigned bit;
} effect_names[] = {
	{ "read", EFFECT_READ },     { "write", EFFECT_WRITE },   { "delete", EFFECT_DELETE }, { "exec", EFFECT_EXEC },
	{ "net", EFFECT_NET },       { "priv", EFFECT_PRIV },     { "change", EFFECT_CHANGE }, { "query", EFFECT_QUERY },
};
#define NEFFECTS (sizeof(effect_names) / sizeof(effect_names[0]))

int table_effects(const char *text, size_t len)
{
	const char *end = text + len;
	int bits = 0;

	while (text < end) {
		size_t n = strcspn(text, ",+"), i;

		if (n > (size_t)(end - text))
			n = (size_t)(end - text);
		for (i = 0; i < NEFFECTS; i++) {
			if (strlen(effect_names[i].name) == n && memcmp(effect_names[i].name, text, n) == 0)
				break;
		}
		if (i == NEFFECTS)
			return -1;
		bits |= (int)effect_names[i].bit;
		text += n + 1;
	}
	return bits;
}

void table_effect_names(unsigned bits, char *out, size_t cap)
{
	size_t len = strlen(out);
	bool first = true;

	for (size_t i = 0; i <= NEFFECTS; i++) {
		unsigned bit = i < NEFFECTS ? effect_names[i].bit : EFFECT_UNKNOWN;
		int n;

		if ((bits & bit) == 0)
			continue;
		n = snprintf(out + len, cap - len, "%s%s", first ? "" : ",", i < NEFFECTS ? effect_names[i].name : "unknown");
		if (n < 0 || (size_t)n >= cap - len)
			return;
		len += (size_t)n;
		first = false;
	}
}

static uint32_t table_hash(const char *p, size_t n)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (uint8_t)p[i]) * 16777619u;
	return (h ^ h >> 15) & (HASH_SIZE - 1);
}

static struct tool *table_get(const char *name, size_t len)
{
	for (struct tool *t = T.hash[table_hash(name, len)]; t != NULL; t = t->hash_next) {
		if (t->len == len && memcmp(t->name, name, len) == 0)
			return t;
	}
	return NULL;
}

static struct tool *table_add(const char *name, size_t len, enum tool_kind kind)
{
	struct tool *t;
	const char *cut;
	uint32_t h = table_hash(name, len);

	if (table_get(name, len) != NULL)
		table_die("%.*s is there twice", (int)len, name);
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		abort();
	t->name = strndup(name, len);
	t->len = (uint16_t)len;
	t->kind = kind;
	t->does = EFFECT_READ;
	t->hash_next = T.hash[h];
	T.hash[h] = t;
	cut = memrchr(t->name, ' ', len);
	if (cut != NULL) {
		t->parent = table_get(t->name, (size_t)(cut - t->name));
		if (t->parent == NULL)
			table_die("%s: its parent is not there", t->name);
	}
	T.counts[kind]++;
	return t;
}

/* ---- Words of a head --------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	uint64_t flag;
} head_flags[] = {
	{ "any", TOOL_ANY },       { "loose", TOOL_LOOSE },         { "sub", TOOL_SUB },       { "digits", TOOL_DIGITS },
	{ "plus", TOOL_PLUS },     { "onedash", TOOL_ONEDASH },     { "posix", TOOL_POSIX },   { "bundle", TOOL_BUNDLE },
	{ "assigns", TOOL_ASSIGNS }, { "more", TOOL_MORE },         { "elsewhere", TOOL_ELSEWHERE }, { "applet", TOOL_APPLET },
	{ "shell", TOOL_SHELL },   { "pages", TOOL_PAGER },     { "atfile", TOOL_ATFILE },
	{ "tree", TOOL_TREE },     { "into", TOOL_INTO },           { "links", TOOL_LINKS },   { "here", TOOL_HERE },       { "stems", TOOL_STEMS },
	{ "own", TOOL_OWN },       { "moves", TOOL_MOVES },       { "urls", TOOL_URLS },           { "hosts", TOOL_HOSTS },
	{ "front", TOOL_FRONT },   { "below", TOOL_BELOW },         { "piped", TOOL_PIPED },     { "permutes", TOOL_PERMUTES },
	{ "units", TOOL_UNITS },   { "short", TOOL_SHORT },         { "container", TOOL_CONTAINER }, { "objects", TOOL_OBJECTS }, { "far", TOOL_FAR },
};

static const char *const prog_names[] = { "-", "sed", "awk", "find", "dd", "names", "set", "date", "sysctl", "service", "words", "macros",
	"uris", "configs", "lines", "curl", "quoted", "server", "database", "packages" };

static unsigned table_bits(const char *text, size_t len)
{
	int bits = table_effects(text, len);

	if (bits < 0)
		table_die("%.*s: not a list of effects", (int)len, text);
	return (unsigned)bits;
}

static void table_ops(struct tool *t, const char *s)
{
	if (strcmp(s, "none") == 0) {
		t->ops_none = true;
		return;
	}
	while (*s != '\0') {
		size_t n = strcspn(s, ","), key = n > 1 ? strcspn(s, ":") : n;
		uint16_t bits;

		if (key < n) {
			const char *v = s + key + 1;
			size_t vn = n - key - 1;

			bits = vn == 4 && memcmp(v, "text", 4) == 0 ? 0 : (uint16_t)table_bits(v, vn);
			if (*s == '*') {
				t->rest = bits;
			} else if (*s == 'l') {
				t->last = bits;
				t->has_last = true;
			} else {
				unsigned i = (unsigned)(*s - '1');

				if (i >= TOOL_PLACES)
					table_die("%s: no such place", s);
				t->place[i] = bits;
				t->nplaces = (uint8_t)(i + 1);
			}
		} else {
			t->rest = n == 4 && memcmp(s, "text", 4) == 0 ? 0 : (uint16_t)table_bits(s, n);
		}
		s += n;
		if (*s == ',')
			s++;
	}
}

static void table_head_word(struct tool *t, const char *w)
{
	for (size_t i = 0; i < sizeof(head_flags) / sizeof(head_flags[0]); i++) {
		if (strcmp(head_flags[i].name, w) == 0) {
			t->flags |= head_flags[i].flag;
			return;
		}
	}
	if (strncmp(w, "does=", 5) == 0) {
		t->does = (uint16_t)table_bits(w + 5, strlen(w + 5));
	} else if (strncmp(w, "bare=", 5) == 0) {
		t->bare = (uint16_t)table_bits(w + 5, strlen(w + 5));
	} else if (strncmp(w, "equals=", 7) == 0) {
		t->equals = (uint16_t)table_bits(w + 7, strlen(w + 7));
	} else if (strncmp(w, "tty=", 4) == 0) {
		t->tty = (uint16_t)table_bits(w + 4, strlen(w + 4));
	} else if (strncmp(w, "ops=", 4) == 0) {
		table_ops(t, w + 4);
	} else if (strncmp(w, "pager=", 6) == 0) {
		t->flags |= TOOL_PAGER;
	} else if (strncmp(w, "skip=", 5) == 0) {
		t->skip = (uint8_t)atoi(w + 5);
	} else if (strcmp(w, "then=command") == 0) {
		t->then = THEN_COMMAND;
	} else if (strcmp(w, "then=shell") == 0) {
		t->then = THEN_SHELL;
	} else if (strcmp(w, "then=none") == 0) {
		t->then = THEN_NONE;
	} else if (strcmp(w, "stdin=shell") == 0) {
		t->flags |= TOOL_STDIN_SHELL;
	} else if (strcmp(w, "stdin=code") == 0) {
		t->flags |= TOOL_STDIN_CODE;
	} else if (strcmp(w, "stdin=no") == 0) {
		t->flags |= 0;
	} else if (strncmp(w, "prog=", 5) == 0) {
		for (size_t i = 1; i < sizeof(prog_names) / sizeof(prog_names[0]); i++) {
			if (strcmp(prog_names[i], w + 5) == 0)
				t->prog = (uint8_t)i;
		}
		if (t->prog == 0)
			table_die("%s: no such program reader", w);
	} else {
		table_die("%s: no such word", w);
	}
}

/* ---- Option lines ------------------------------------------------------------------------------------------------- */

struct mods {
	uint16_t effects, ops;
	uint64_t mods;
	const char *unless;
};

static void table_mod(struct mods *m, const char *w, bool takes)
{
	static const struct {
		const char *name;
		uint64_t mod;
	} words[] = {
		{ "first", OPT_FIRST }, { "off", OPT_PROG | OPT_FIRST }, { "local", OPT_LOCAL }, { "inner", OPT_INNER },
		{ "split", OPT_SPLIT }, { "stop", OPT_STOP }, { "cwd", OPT_CWD }, { "opaque", OPT_OPAQUE }, { "text", 0 },
		{ "alone", OPT_ALONE }, { "apart", OPT_APART }, { "number", OPT_NUMBER }, { "mayname", OPT_MAYNAME },
		{ "rpath", OPT_REMOTE | OPT_ARG_PATH }, { "names", OPT_NAMES }, { "config", OPT_CONFIG | OPT_ARG_PATH }, { "dry", OPT_DRY },
		{ "plain", OPT_PLAIN }, { "tree", OPT_TREE }, { "here", OPT_HERE }, { "into", OPT_INTO }, { "under", OPT_UNDER }, { "named", OPT_NAMED }, { "out", OPT_OUT }, { "whole", OPT_WHOLE },
		{ "suffix", OPT_SUFFIX }, { "format", OPT_FORMAT }, { "sure", OPT_SURE }, { "two", OPT_TWO },
		{ "host", OPT_HOST }, { "list", OPT_LIST }, { "unsets", OPT_UNSETS }, { "letters", OPT_LETTERS }, { "below", OPT_BELOW },
		{ "starts", OPT_STARTS }, { "port", OPT_PORT },
		{ "repo", OPT_REMOTE | OPT_REPO | OPT_ARG_PATH },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].name, w) == 0) {
			m->mods |= words[i].mod;
			if (words[i].mod & (OPT_REMOTE | OPT_CONFIG))
				m->effects |= EFFECT_READ;
			return;
		}
	}
	if (strncmp(w, "ops!", 4) == 0) {
		m->mods |= OPT_OPS_SET | OPT_FINAL;
		m->ops = (uint16_t)table_bits(w + 4, strlen(w + 4));
	} else if (strncmp(w, "ops=", 4) == 0) {
		m->mods |= OPT_OPS_SET;
		m->ops = strcmp(w + 4, "text") == 0 ? 0 : (uint16_t)table_bits(w + 4, strlen(w + 4));
	} else if (strncmp(w, "ops+", 4) == 0) {
		m->mods |= OPT_OPS_ADD;
		m->ops = (uint16_t)table_bits(w + 4, strlen(w + 4));
	} else if (strncmp(w, "unless=", 7) == 0) {
		m->unless = strdup(w + 7);
		if (m->unless == NULL)
			abort();
	} else if (strncmp(w, "does=", 5) == 0) {
		m->mods |= OPT_DOES_SET;
		m->effects |= (uint16_t)table_bits(w + 5, strlen(w + 5));
	} else {
		m->effects |= (uint16_t)table_bits(w, strlen(w));
		if (takes && (m->effects & (EFFECT_READ | EFFECT_WRITE | EFFECT_DELETE)) != 0)
			m->mods |= OPT_ARG_PATH;
	}
}

static void table_opt(struct tool *t, const char *name, size_t len, enum opt_arg arg, const struct mods *m, uint16_t group)
{
	struct opt *o;

	t->opts = table_grow(t->opts, t->nopts, sizeof(*o));
	o = &t->opts[t->nopts++];
	memset(o, 0, sizeof(*o));
	o->name = strndup(name, len);
	o->len = (uint16_t)len;
	o->arg = arg;
	o->group = group;
	o->effects = m->effects;
	o->ops = m->ops;
	o->mods = m->mods;
	o->unless = m->unless;
}

/* ---- Lines ---------------------------------------------------------------------------------------------------------- */

#define MAX_NAMES 256

struct reader {
	struct tool *now[MAX_NAMES]; /* the tools of the head above: each option line goes to all of them */
	unsigned n;
};

/* Adds every combination of the alternatives of the head's words. */
static void table_names(struct reader *r, enum tool_kind kind, char **words, unsigned nwords, char *made, size_t len)
{
	char *alt, *save = NULL, *copy;

	if (nwords == 0) {
		if (r->n == MAX_NAMES)
			table_die("too many names in one head");
		r->now[r->n++] = table_add(made, len, kind);
		return;
	}
	copy = strdup(words[0]);
	for (alt = strtok_r(copy, "|", &save); alt != NULL; alt = strtok_r(NULL, "|", &save)) {
		int n = snprintf(made + len, 128 - len, "%s%s", len > 0 ? " " : "", alt);

		if (n < 0 || len + (size_t)n >= 128)
			table_die("name too long");
		table_names(r, kind, words + 1, nwords - 1, made, len + (size_t)n);
	}
	free(copy);
}

static void table_head(struct reader *r, enum tool_kind kind, char **words, unsigned n)
{
	char made[128];
	unsigned colon = 1;

	while (colon < n && strcmp(words[colon], ":") != 0)
		colon++;
	r->n = 0;
	table_names(r, kind, words + 1, colon - 1, made, 0);
	for (unsigned i = 0; i < r->n; i++) {
		struct tool *t = r->now[i];

		t->rest = EFFECT_READ; /* the usual operand is a file to read */
		if (kind == TOOL_RUNNER) {
			t->does = EFFECT_EXEC;
			t->rest = 0;
		} else if (kind == TOOL_WRAP) {
			t->does = 0;
			t->rest = 0;
		}
		for (unsigned w = colon + 1; w < n; w++)
			table_head_word(t, words[w]);
	}
}

static void table_subs(struct reader *r, char **words, unsigned n, bool safe)
{
	size_t len = strlen(words[1]);
	unsigned bits;

	if (len == 0 || words[1][len - 1] != ':')
		table_die("subs WHAT: names");
	bits = table_bits(words[1], len - 1);
	for (unsigned i = 0; i < r->n; i++) {
		for (unsigned w = 2; w < n; w++) {
			char made[128];
			int k = snprintf(made, sizeof(made), "%s %s", r->now[i]->name, words[w]);
			struct tool *t;

			if (k < 0 || (size_t)k >= sizeof(made))
				table_die("name too long");
			t = table_add(made, (size_t)k, TOOL_PLAIN);
			t->flags = safe ? TOOL_ANY : (bits & ~(unsigned)(EFFECT_READ | EFFECT_QUERY)) != 0 ? TOOL_LOOSE : 0;
			t->does = (uint16_t)bits;
		}
	}
}

static void table_option_line(struct reader *r, enum opt_arg arg, char **words, unsigned n)
{
	struct mods m = { 0 };
	unsigned first = 1;

	for (unsigned w = 1; w < n; w++) {
		size_t len = strlen(words[w]);

		if (words[w][len - 1] == ':' && words[w][0] != '-') {
			char *save = NULL;

			words[w][len - 1] = '\0';
			for (char *s = strtok_r(words[w], ",", &save); s != NULL; s = strtok_r(NULL, ",", &save))
				table_mod(&m, s, arg != OPT_FLAG);
			first = w + 1;
			break;
		}
	}
	for (unsigned w = first; w < n; w++) {
		uint16_t group = ++T.groups;

		for (unsigned i = 0; i < r->n; i++) {
			const char *s = words[w];

			while (*s != '\0') {
				size_t len = strcspn(s, "/");

				table_opt(r->now[i], s, len, arg, &m, group);
				s += len;
				if (*s == '/')
					s++;
			}
		}
	}
}

static void table_var_line(enum var_class class, char **words, unsigned n)
{
	for (unsigned w = 1; w < n; w++) {
		size_t len = strlen(words[w]);
		struct var *v;

		T.vars = table_grow(T.vars, T.nvars, sizeof(*v));
		v = &T.vars[T.nvars++];
		v->prefix = words[w][len - 1] == '*';
		v->len = (uint16_t)(v->prefix ? len - 1 : len);
		v->name = strndup(words[w], v->len);
		v->class = class;
		v->next = -1;
		/* Behind the others: the first that matches counts. */
		{
			int *at = &T.var_first[(uint8_t)v->name[0]];

			while (*at >= 0)
				at = &T.vars[*at].next;
			*at = (int)(T.nvars - 1);
		}
	}
}

static void table_line(struct reader *r, char **words, unsigned n)
{
	if (strcmp(words[0], "version") == 0) {
		if (n != 2 || strcmp(words[1], "1") != 0)
			table_die("this version of the tables is not known here");
	} else if (strcmp(words[0], "tool") == 0) {
		table_head(r, TOOL_PLAIN, words, n);
	} else if (strcmp(words[0], "wrap") == 0) {
		table_head(r, TOOL_WRAP, words, n);
	} else if (strcmp(words[0], "runner") == 0) {
		table_head(r, TOOL_RUNNER, words, n);
	} else if (strcmp(words[0], "flags") == 0) {
		table_option_line(r, OPT_FLAG, words, n);
	} else if (strcmp(words[0], "takes") == 0) {
		table_option_line(r, OPT_TAKES, words, n);
	} else if (strcmp(words[0], "maybe") == 0) {
		table_option_line(r, OPT_MAYBE, words, n);
	} else if (strcmp(words[0], "subs") == 0) {
		/* Under one that only reads or asks, an option that is not listed is unknown, as it is elsewhere. */
		table_subs(r, words, n, false);
	} else if (strcmp(words[0], "safe") == 0) {
		table_subs(r, words, n, true);
	} else if (strcmp(words[0], "harmless") == 0) {
		table_var_line(VAR_HARMLESS, words, n);
	} else if (strcmp(words[0], "dangerous") == 0) {
		table_var_line(VAR_DANGEROUS, words, n);
	} else {
		table_die("%s: no such line", words[0]);
	}
}

static void table_text(const char *file, const char *text)
{
	struct reader r = { .n = 0 };
	char *copy = strdup(text), *save = NULL;

	if (copy == NULL)
		abort();
	T.file = file;
	T.line = 0;
	for (char *line = copy; line != NULL && *line != '\0';) {
		char *end = strchr(line, '\n'), *words[1024], *w;
		unsigned n = 0;

		if (end != NULL)
			*end++ = '\0';
		T.line++;
		if (line[0] != '#') {
			for (w = strtok_r(line, " \t", &save); w != NULL; w = strtok_r(NULL, " \t", &save)) {
				if (n == sizeof(words) / sizeof(words[0]))
					table_die("line too long");
				words[n++] = w;
			}
			if (n > 0)
				table_line(&r, words, n);
		}
		line = end;
	}
	free(copy);
}

static void table_init(void)
{
	for (unsigned i = 0; i < 256; i++)
		T.var_first[i] = -1;
	table_text("effects.tbl", embed_effects_tbl);
	table_text("wrappers.tbl", embed_wrappers_tbl);
	table_text("vars.tbl", embed_vars_tbl);
}

/* ---- Answers -------------------------------------------------------------------------------------------------------- */

const struct tool *table_find(const char *name, size_t len)
{
	pthread_once(&table_once, table_init);
	return table_get(name, len);
}

const struct tool *table_sub(const struct tool *parent, const char *sub, size_t len)
{
	char made[128];

	if (parent->len + 1 + len > sizeof(made))
		return NULL;
	memcpy(made, parent->name, parent->len);
	made[parent->len] = ' ';
	memcpy(made + parent->len + 1, sub, len);
	return table_find(made, parent->len + 1 + len);
}

void table_counts(unsigned *tools, unsigned *wraps, unsigned *runners)
{
	pthread_once(&table_once, table_init);
	*tools = T.counts[TOOL_PLAIN];
	*wraps = T.counts[TOOL_WRAP];
	*runners = T.counts[TOOL_RUNNER];
}

enum var_class table_var(const char *name, size_t len)
{
	pthread_once(&table_once, table_init);
	for (int i = len > 0 ? T.var_first[(uint8_t)name[0]] : -1; i >= 0; i = T.vars[i].next) {
		const struct var *v = &T.vars[i];

		if ((v->prefix ? len >= v->len : len == v->len) && memcmp(v->name, name, v->len) == 0)
			return v->class;
	}
	return VAR_PLAIN;
}
