/* Command patterns of rules: what a star of a permission does not stand for. */
#include <string.h>
#include <strings.h>

#include "policy/path.h"
#include "policy/pattern_fit.h"
#include "policy/walk.h"

/* Active * and ? of a glob up to byte n. */
static bool glob_active(const char *glob, size_t n)
{
	for (size_t i = 0; i < n && glob[i] != '\0'; i++) {
		if (glob[i] == '*' || glob[i] == '?')
			return true;
		i += glob[i] == '\\' && glob[i + 1] != '\0';
	}
	return false;
}

/* More of one of the bytes in the word than in the pattern, whose stars are no bytes. */
static bool has_more(const struct pword *w, const char *s, const char *bytes)
{
	for (; *bytes != '\0'; bytes++) {
		int more = 0;

		for (const char *c = s; *c != '\0'; c++)
			more += *c == *bytes;
		for (const char *c = w->text; *c != '\0'; c++) {
			bool active = *c == '*' || *c == '?';

			if (*c == '\\' && c[1] != '\0')
				c++;
			more -= !active && *c == *bytes;
		}
		if (more > 0)
			return true;
	}
	return false;
}

/* A scheme that the pattern has not: an address, where a file or a chart is meant. */
static bool is_address(const struct pword *w, const char *s)
{
	return strstr(s, "://") != NULL && strstr(w->text, "://") == NULL;
}

/* Signs of a shell in the word that the pattern has not. */
static bool has_signs(const struct pword *w, const char *s)
{
	for (; *(s += strspn(s, name_bytes)) != '\0'; s++) {
		if (has_more(w, s, (const char[]){ *s, '\0' }))
			return true;
	}
	return false;
}

/* Whether it is one of the words, which have bars around them. */
static bool is_listed(const struct pword *w, const char *words)
{
	const char *found = w->literal && w->plain[0] != '\0' ? strstr(words, w->plain) : NULL;

	return found != NULL && found > words && found[-1] == '|' && found[strlen(w->plain)] == '|';
}

/* One of the words stands before this one in the pattern, or just before it. */
static bool stands_before(const struct fit *q, const struct pword *w, const char *words)
{
	for (const struct pword *at = q->p->words; at < q->p->words + q->p->n && at != w; at++) {
		if (is_listed(at, words))
			return true;
	}
	return false;
}

static bool is_behind(const struct fit *q, const struct pword *w, const char *words)
{
	return w > q->p->words && w < q->p->words + q->p->n && is_listed(w - 1, words);
}

/* What becomes a part of a recipe is a shell's text there. */
static bool recipe_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	(void)q;
	return has_signs(w, s);
}

/* Whether what stands behind the option is a text that the program reads which one of the words before it names: sh -c, perl -e, su -c. */
static bool option_takes_code(const struct fit *q, const struct pword *option)
{
	size_t n = strlen(option->plain);

	for (const struct pword *at = q->p->words; at < option && option->literal && n > 1; at++) {
		const char *slash = strrchr(at->plain, '/'), *name = slash != NULL ? slash + 1 : at->plain;
		const struct tool *t = at->literal ? table_find(name, strlen(name)) : NULL;
		const struct opt *o = t != NULL ? options_find(t, option->plain, n) : NULL;

		if ((o != NULL && (o->mods & OPT_INNER) != 0) || (pword_interprets(at) && option->plain[1] != '-' && strchr("cer", option->plain[n - 1]) != NULL))
			return true;
	}
	return false;
}

/* Whether the word is such a text, or what a program calls a command. */
static bool word_is_code(const struct fit *q, const struct pword *w)
{
	const struct pword *words = q->p->words;

	if (w <= words || w >= words + q->p->n || strcmp(words->plain, "psql") == 0)
		return false;
	if (is_behind(q, w, "|--command|") || strncmp(w->plain, "--command=", 10) == 0)
		return true;
	for (const struct pword *at = w - 1; at > words && at->plain[0] == '-'; at--) {
		if (option_takes_code(q, at))
			return true;
	}
	return false;
}

/* In an address a query, a fragment and what is encoded may hold what the pattern says of the rest: with text behind it a star reaches into none,
 * and over no slash. */
static bool address_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	const char *star = strrchr(w->text, '*');
	bool last = star != NULL && star[1] == '\0' && (star == w->text || star[-1] != '\\');
	size_t n = strcspn(s, "?#%");

	(void)q;
	if (strchr(w->text, '/') == NULL || !glob_active(w->text, strlen(w->text)))
		return false;
	if (!last)
		return has_more(w, s, "?#%/");
	return s[n] != '\0' && strpbrk(w->plain, "#%") == NULL && strstr(w->text, "\\?") == NULL && !glob_match(w->text, s, n);
}

/* An argument that names a file behind a name: name=@FILE, name=<FILE, and for --data-urlencode name@FILE. */
static bool curl_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	bool encoded = strncmp(w->plain, "--data-urlencode", 16) == 0 || is_behind(q, w, "|--data-urlencode|");

	return address_refuses(q, w, s) || (encoded && has_more(w, s, "@")) || (strstr(w->plain, "=@") == NULL && strstr(s, "=@") != NULL) || (strstr(w->plain, "=<") == NULL && strstr(s, "=<") != NULL);
}

/* A package that lies here, by its extension, where the pattern does not end so. */
static bool package_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	static const char *const ends[] = { ".apk", ".deb", ".gem", ".rpm", ".snap", ".tar", ".tar.bz2", ".tar.gz", ".tar.lz", ".tar.lzma", ".tar.xz", ".tbz", ".tgz",
		".tlz", ".txz", ".whl", ".zip", NULL };
	/* pip takes extras behind it: x.whl[a] */
	size_t n = strcspn(s, "["), rule = strlen(w->text);

	(void)q;
	for (unsigned i = 0; ends[i] != NULL; i++) {
		size_t k = strlen(ends[i]);

		if (n >= k && strncasecmp(s + n - k, ends[i], k) == 0)
			return rule < k || strcasecmp(w->text + rule - k, ends[i]) != 0;
	}
	return false;
}

/* A package of this directory, behind what installs one. */
static bool source_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	size_t n = strlen(s), head = strcspn(w->text, "*?");

	if (!stands_before(q, w, "|install|get|add|"))
		return false;
	return (head == 0 && (s[0] == '.' || s[0] == '/')) || (n > 3 && strcmp(s + n - 3, ".go") == 0 && w->text[strlen(w->text) - 1] == '*');
}

/* A slash but the one of @SCOPE/NAME names a directory or another's repository, and a colon an address. The name of a script is none. */
static bool npm_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	const char *slash = strchr(s, '/');

	if (stands_before(q, w, "|run|run-script|"))
		return false;
	return package_refuses(q, w, s) || has_more(w, s, ":") || (has_more(w, s, "/") && (s[0] != '@' || strchr(slash + 1, '/') != NULL));
}

/* A colon says where a ref goes. A star alone behind push is any ref and any place. */
static bool ref_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	return has_more(w, s, ":") && stands_before(q, w, w->any ? "|fetch|pull|" : "|fetch|pull|push|");
}

/* The working directory: all that is in it. */
static bool git_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	char clean[PATH_MAX_LEN];

	return ref_refuses(q, w, s) || (s[0] == '.' && (!relative_clean(s, clean) || strcmp(clean, "/") == 0));
}

/* The name of a login is before an @, and an address has a scheme: what begins like a host in the pattern is neither. */
static bool host_strays(const struct fit *q, const struct pword *w, const char *s)
{
	(void)q;
	return strcspn(w->text, "*?") > 0 && (has_more(w, s, "@") || is_address(w, s));
}

/* Behind the host are the words of a command. */
static bool ssh_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	const struct act *a = q->a;

	for (unsigned i = a->nops > 0 ? a->ops[0] + 1u : a->argc; a->tool != NULL && a->tool->then == THEN_SHELL && i < a->argc; i++) {
		if (a->argv[i].p == s)
			return false;
	}
	return host_strays(q, w, s);
}

/* Hosts have a language of their own; an image behind -e has a tag. */
static bool ansible_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	bool value = is_behind(q, w, "|-e|--extra-vars|") || strncmp(w->plain, "--extra-vars=", 13) == 0;

	return has_signs(w, s) || (!value && has_more(w, s, ":"));
}

/* A second statement: something behind a semicolon. */
static bool statement_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	const char *end = strchr(s, ';');

	(void)q;
	return end != NULL && end[1 + strspn(end + 1, " \t")] != '\0' && has_more(w, s, ";");
}

/* The client's own commands have no sign. */
static bool mysql_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	static const char *const words[] = { "delimiter", "edit", "nopager", "notee", "pager", "source", "system", "tee", NULL };
	size_t head = strcspn(w->text, "*?");
	bool begins = head == 0 || (head == 2 && w->text[0] == '-') || w->text[head - 1] == '=';

	if (statement_refuses(q, w, s))
		return true;
	if (!begins || head > strlen(s))
		return false;
	s += head + strspn(s + head, " \t");
	for (unsigned i = 0; words[i] != NULL; i++) {
		if (strncasecmp(s, words[i], strlen(words[i])) == 0)
			return true;
	}
	return false;
}

/* An image's tag has no slash: what stands before it then is a host, and so is what stands before the first of a name that has none. */
static bool image_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	size_t head = strcspn(w->text, "*?");
	const char *colon = memrchr(w->text, ':', head), *slash = colon != NULL ? memchr(colon, '/', head - (size_t)(colon - w->text)) : NULL;

	if (w->text[0] == '-' || is_behind(q, w, "|-v|--volume|-p|--publish|-e|--env|"))
		return false;
	return has_more(w, s, "/") && ((colon != NULL && slash == NULL) || (head > 0 && strchr(w->text, '/') == NULL && stands_before(q, w, "|pull|push|")));
}

/* The name of a chart or a file is no address. */
static bool chart_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	return strcspn(w->text, "*?") == 0 && is_address(w, s) && !stands_before(q, w, "|repo|");
}

static bool manifest_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	bool file = is_behind(q, w, "|-f|--filename|-k|--kustomize|") || strncmp(w->plain, "-f", 2) == 0 || strncmp(w->plain, "--filename=", 11) == 0;

	return (file || w < q->p->words || w >= q->p->words + q->p->n) && is_address(w, s);
}

/* What a wrapper makes sed do is not looked at again: a star stands in what is replaced, or in the name of a file in a directory. */
static bool sed_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	bool replaces = w->text[0] == 's' && strchr("/|,#:@%!+~", w->text[1]) != NULL;
	const char sign[] = { replaces ? w->text[1] : '/', '\0' };
	const char *last = strrchr(w->text, sign[0]);

	if (!q->spelled)
		return false;
	if (replaces)
		return glob_active(last, strlen(last)) || has_more(w, s, sign);
	return last == NULL || glob_active(w->text, (size_t)(last - w->text));
}

/* What a star does not stand for in an argument of these programs: bytes that it does not begin with, that are not in it, and that it does not
 * end with, unless the pattern itself has them. Their languages, lists, files and signs are another thing than the name that an author means. */
static const struct star {
	const char *program, *first, *any, *last;
	bool (*refuses)(const struct fit *q, const struct pword *w, const char *s);
} stars[] = {
	{ "ansible", "@", "{=, ", "", ansible_refuses }, { "ansible-playbook", "@", "{=, ", "", ansible_refuses }, { "apk", "./~", "/", "", package_refuses },
	{ "apt", "./~", "/*?^$[", "+-", NULL }, { "apt-get", "./~", "/*?^$[", "+-", NULL }, { "aptitude", "./~", "/*?^$[", "+-_=&", NULL },
	{ "autossh", "", "", "", ssh_refuses }, { "aws", "", ":", "", NULL }, { "az", "@", "", "", NULL }, { "cargo", "", "", "", source_refuses },
	{ "curl", "@<", "", "", curl_refuses }, { "dnf", "./~@", "/", "", package_refuses }, { "docker", "", ",", "", image_refuses },
	{ "gem", "./~", "/", "", package_refuses }, { "git", ":+", "*?[", "", git_refuses }, { "gmake", "", "=$", "", recipe_refuses }, { "go", "", "", "", source_refuses },
	{ "helm", "", ",", "", chart_refuses }, { "http", "@", "@", "", address_refuses }, { "https", "@", "@", "", address_refuses }, { "java", "", ":", "", NULL },
	{ "just", "", "", "", recipe_refuses }, { "kill", "0+ \t\n", "", "", NULL }, { "kubectl", "", ",", "", manifest_refuses }, { "make", "", "=$", "", recipe_refuses },
	{ "mariadb", "", "\\\n", "", mysql_refuses }, { "mosh", "", "", "", host_strays }, { "mysql", "", "\\\n", "", mysql_refuses },
	{ "nerdctl", "", ",", "", image_refuses }, { "npm", "./~", "", "", npm_refuses }, { "oc", "", ",", "", manifest_refuses }, { "pg_dump", "", "=,/:", "", NULL },
	{ "pg_dumpall", "", "=,/:", "", NULL }, { "pg_restore", "", "=,/:", "", NULL }, { "pip", "./~", "@:", "", package_refuses },
	{ "pip3", "./~", "@:", "", package_refuses }, { "podman", "", ",", "", image_refuses }, { "psql", "", ",/=\\", "", statement_refuses },
	{ "rake", "", "", "", recipe_refuses }, { "rsync", "", "", "", host_strays }, { "scp", "", "", "", host_strays }, { "sed", "", "/; \n{}", "", sed_refuses },
	{ "sftp", "", "", "", host_strays }, { "snap", "./~", "", "", package_refuses }, { "sqlite3", ".", "\n", "", statement_refuses }, { "ssh", "", "", "", ssh_refuses },
	{ "sshfs", "", "", "", host_strays }, { "systemctl", "./~", "/*?[", "", NULL }, { "task", "", "", "", recipe_refuses }, { "wget", "", "", "", address_refuses },
	{ "yum", "./~@", "/", "", package_refuses }, { "zypper", "./~", "/", "+-", package_refuses },
};

/* Whether the argument of this program is more than a name. */
static bool program_refuses(const struct fit *q, const char *name, const struct pword *w, const char *s)
{
	const char *slash = strrchr(name, '/');
	size_t n = strlen(s), head = strcspn(w->plain, "*?");

	name = slash != NULL ? slash + 1 : name;
	for (unsigned i = 0; i < sizeof(stars) / sizeof(stars[0]); i++) {
		const struct star *r = &stars[i];

		if (strcmp(r->program, name) == 0 && n > 0)
			return (head < n && strchr(r->first, s[head]) != NULL) || has_more(w, s, r->any) || strchr(r->last, s[n - 1]) != NULL ||
			       (r->refuses != NULL && r->refuses(q, w, s));
	}
	return false;
}

static bool star_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	const struct pattern *p = q->p;

	if (program_refuses(q, q->a->argv[0].p, w, s))
		return true;
	for (unsigned i = 1; i < p->n && &p->words[i] != w && act_runs(q); i++) {
		if (p->words[i].literal && program_refuses(q, p->words[i].plain, w, s))
			return true;
	}
	return false;
}

/* A path is one: where the tool may read a list, nothing but what the pattern says divides it. */
static bool path_refuses(const struct fit *q, const struct pword *w, const char *s)
{
	const struct tool *t = q->a->tool;

	if (t != NULL && t->kind == TOOL_PLAIN && (tool_root(t)->flags & TOOL_SUB) == 0)
		return false;
	return has_more(w, s, t != NULL && t->kind != TOOL_PLAIN ? ",:" : ",");
}

/* A star before the first slash is a part of what stands there, the host of an address above all. */
static bool host_refuses(const struct pword *w, const char *s)
{
	const char *scheme = strstr(w->text, "://"), *given = strstr(s, "://");
	const char *from = scheme != NULL ? scheme + 3 : w->text, *at = scheme != NULL && given != NULL ? given + 3 : s;
	size_t rule = (size_t)(from - w->text) + strcspn(from, "/"), word = (size_t)(at - s) + strcspn(at, "/");
	char head[PATH_MAX_LEN], host[PATH_MAX_LEN];

	if ((scheme == NULL && w->text[rule] == '\0') || !glob_active(w->text, rule))
		return false;
	if (rule >= sizeof(head) || word >= sizeof(host))
		return true;
	memcpy(head, w->text, rule);
	head[rule] = '\0';
	memcpy(host, s, word);
	host[word] = '\0';
	return !glob_match(head, s, word) || (scheme == NULL && has_more(&(struct pword){ .text = head }, host, ":")) ||
	       (scheme != NULL && strcspn(at, "#?@\\{}[],%") < word - (size_t)(at - s));
}

bool star_strays(const struct fit *q, const struct pword *w, const char *s)
{
	if (word_is_code(q, w) && has_signs(w, s))
		return true;
	return w->path ? path_refuses(q, w, s) : (star_refuses(q, w, s) || host_refuses(w, s));
}
