/* Command patterns of rules: subcommands by their other names, for restrictions. */
#include <string.h>

#include "policy/rules.h"

/* With bars between: a pattern that has one of these words is also about each of those; NULL: about each other of the same. They follow the
 * program's name and its options, or where they may, another subcommand. */
static const struct alias {
	const char *programs, *words, *others;
	bool deep;
} aliases[] = {
	{ "docker|podman|nerdctl", "rm|remove", NULL, true },
	{ "docker|podman|nerdctl", "rmi|image rm|image remove", NULL, false },
	{ "docker|podman|nerdctl", "run|container run", "create", false },
	{ "git", "branch -D|branch -d -f|branch -df|branch --delete --force", "branch -D|branch -d -f", false },
	{ "git", "branch -M|branch -m -f|branch --move --force", "branch -M|branch -m -f", false },
	{ "git", "commit --no-verify|commit -n", NULL, false },
	{ "helm", "uninstall|delete|del|un", NULL, false },
	{ "npm", "exec|x", NULL, false },
	{ "npm", "install|i|in|ins|inst|insta|instal|isnt|isnta|isntal|isntall|add", NULL, false },
	{ "npm", "publish|pub|publ|publi|publis", NULL, false },
	{ "npm", "run|run-script|rum|urn", NULL, false },
	{ "npm", "uninstall|unlink|remove|rm|r|un", NULL, false },
	{ "systemctl", "restart", "try-restart|reload-or-restart|try-reload-or-restart|condrestart|force-reload", false },
	{ "systemctl", "start", "enable --now|reenable --now", false },
	{ "systemctl", "stop", "condstop|disable --now|mask --now", false },
	{ "terraform|tofu", "destroy|apply -destroy", NULL, false },
};

/* The next of a list with bars between, n bytes; NULL behind the last. */
static const char *list_next(const char *at, size_t *n)
{
	if (at != NULL)
		at += *n + (at[*n] == '|');
	if (at == NULL || *at == '\0')
		return NULL;
	*n = strcspn(at, "|");
	return at;
}

static const char *list_first(const char *list, size_t *n)
{
	*n = strcspn(list, "|");
	return list;
}

static bool word_is(const struct pword *w, const char *s, size_t n)
{
	return w->literal && strlen(w->plain) == n && memcmp(w->plain, s, n) == 0;
}

static bool program_is(const struct pword *w, const char *list)
{
	const char *slash = strrchr(w->plain, '/'), *name = slash != NULL ? slash + 1 : w->plain;
	size_t n;

	for (const char *s = list_first(list, &n); s != NULL && w->literal; s = list_next(s, &n)) {
		if (strlen(name) == n && memcmp(name, s, n) == 0)
			return true;
	}
	return false;
}

/* How many words of the pattern from number at on are those of the text; 0: not all of them. */
static unsigned words_are(const struct pattern *p, unsigned at, const char *text, size_t n)
{
	unsigned count = 0;

	for (const char *end = text + n; text < end; count++) {
		size_t k = strcspn(text, " |");

		if (at + count == p->n || !word_is(&p->words[at + count], text, k))
			return 0;
		text += k + (text[k] == ' ');
		if (text[-1] != ' ')
			return count + 1;
	}
	return count;
}

/* The pattern with the text in the place of count words. */
static bool alias_add(struct arena *a, struct pattern *p, unsigned at, unsigned count, const char *text, size_t n)
{
	struct pattern *other = arena_alloc(a, sizeof(*other));
	struct pword *w = arena_alloc(a, (p->n + n + 1) * sizeof(*w));

	if (other == NULL || w == NULL)
		return false;
	memset(other, 0, sizeof(*other));
	memcpy(w, p->words, at * sizeof(*w));
	other->words = w;
	other->source = p->source;
	other->open = p->open;
	other->n = at;
	for (size_t from = 0; from < n; from++) {
		size_t k = strcspn(text + from, " |");
		const char *word = arena_copy(a, text + from, k);

		if (word == NULL)
			return false;
		w[other->n++] = (struct pword){ .text = word, .plain = word, .literal = true };
		from += k;
	}
	memcpy(w + other->n, p->words + at + count, (p->n - at - count) * sizeof(*w));
	other->n += p->n - at - count;
	if (other->n > PATTERN_WORDS)
		return true;
	pattern_read(a, other);
	other->needs = words_bits(w[at].plain, strlen(w[at].plain));
	other->also = p->also;
	p->also = other;
	return true;
}

/* The words stand at number at of the pattern: all others of them. */
static bool alias_apply(struct arena *a, struct pattern *p, const struct alias *l, unsigned at, unsigned count)
{
	size_t n;

	for (const char *s = list_first(l->others != NULL ? l->others : l->words, &n); s != NULL; s = list_next(s, &n)) {
		if (words_are(p, at, s, n) == 0 && !alias_add(a, p, at, count, s, n))
			return false;
	}
	return true;
}

/* Whether a subcommand may stand there, of the program that stands at number of. */
static bool may_begin(const struct pattern *p, const struct alias *l, unsigned of, unsigned at)
{
	const struct pword *before = &p->words[at - 1];

	if (at == of + 1 || before->plain[0] == '-' || before->many)
		return true;
	return l->deep ? strcmp(before->plain, "compose") != 0 : at > of + 2 && before[-1].plain[0] == '-';
}

static bool alias_find(struct arena *a, struct pattern *p, const struct alias *l, unsigned of)
{
	for (unsigned at = of + 1; at < p->n; at++) {
		size_t n;

		for (const char *s = may_begin(p, l, of, at) ? list_first(l->words, &n) : NULL; s != NULL; s = list_next(s, &n)) {
			unsigned count = words_are(p, at, s, n);

			if (count > 0)
				return alias_apply(a, p, l, at, count);
		}
	}
	return true;
}

bool pattern_alias(struct arena *a, struct pattern *p)
{
	for (unsigned of = 0; of < p->n; of++) {
		for (unsigned i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
			if (program_is(&p->words[of], aliases[i].programs) && !alias_find(a, p, &aliases[i], of))
				return false;
		}
	}
	return true;
}
