/* Command patterns of rules: options of restrictions that are matched by words, in every spelling. Said yes to when in doubt. */
#include <string.h>
#include "policy/path.h"
#include "policy/pattern_fit.h"
#include "policy/walk.h"

/* Whether the word is an option, or may be. */
bool field_option(const struct fit *q, const struct field *f)
{
	if (f->kind == CONFIDENCE_EXACT || (f->n > 0 && f->p[0] == '-'))
		return f->n > 1 && f->p[0] == '-';
	return (f->kind == CONFIDENCE_PATTERN || q->opaque) && (f->flags & FIELD_NODASH) == 0 && (f->n == 0 || strchr("*?[", f->p[0]) != NULL);
}

/* Programs that take one dash or two before the name of an option. */
static bool dashes_alike(const struct act *a)
{
	static const char *const programs[] = { "boundary", "consul", "nomad", "packer", "terraform", "terragrunt", "tofu", "vault", NULL };

	return act_is(a, programs);
}

/* Nearly always: they begin with other letters. */
static bool letters_differ(const struct pword *w, const struct field *f)
{
	return f->kind == CONFIDENCE_EXACT && w->literal && f->n > 1 && f->p[1] != '-' && w->plain[1] != '-' && f->p[1] != w->plain[1];
}

/* --name=value, or -name=value: the names are the same, or the act's is an abbreviation, and so are the values, as far as it has one there. */
static bool long_is(const struct fit *q, const struct pword *w, const struct field *f, size_t least)
{
	const char *name = w->plain, *given = f->p, *value = strchr(w->text, '=');
	size_t rule, act;

	if (f->n > 1 && (name[1] == '-') != (given[1] == '-') && dashes_alike(q->a)) {
		name += name[1] == '-';
		given += given[1] == '-';
		least = 2;
	}
	rule = strcspn(name, "=");
	act = strcspn(given, "=");
	if (act < least || act > rule || memcmp(name, given, act) != 0 || (name[1] != '-' && act != rule))
		return false;
	return value == NULL || given[act] != '=' || glob_match(value + 1, given + act + 1, strlen(given + act + 1));
}

/* Whether the word is an option or its argument, an operand, a setting or -- of the wrapper's own. */
static bool wrapper_owns(const struct act *a, unsigned at)
{
	const struct field *f = &a->argv[at];

	for (unsigned k = 0; k < a->nopts; k++) {
		/* The option stands before an argument that is a word. */
		if (a->opts[k].at == at || a->opts[k].arg == (int)at || (a->opts[k].arg == (int)at + 1 && a->opts[k].arg_off == 0))
			return true;
	}
	for (unsigned k = 0; k < a->nops; k++) {
		if (a->ops[k] == at)
			return true;
	}
	return f->kind == CONFIDENCE_EXACT && (strcmp(f->p, "--") == 0 || ((a->tool->flags & TOOL_ASSIGNS) != 0 && strchr(f->p, '=') != NULL));
}

/* The first word that a wrapper runs: its options are not the wrapper's. */
unsigned words_inner(const struct act *a)
{
	unsigned at = 1;

	if (a->tool == NULL || a->tool->kind != TOOL_WRAP || a->tool->then == THEN_NONE || a->ops == NULL || a->opaque)
		return a->argc;
	while (at < a->argc && wrapper_owns(a, at))
		at++;
	return at;
}

/* Behind the last word that may be an option, or the argument of one. */
unsigned words_end(const struct act *a)
{
	unsigned end = words_inner(a);

	for (unsigned i = 1; i < end; i++) {
		if (a->argv[i].kind == CONFIDENCE_EXACT && strcmp(a->argv[i].p, "--") == 0 && (i == 1 || a->argv[i - 1].n == 0 || path_byte(a->argv[i - 1].p[0])))
			return i;
	}
	return end;
}

/* Letters that surely have an argument, of programs whose options are in no table. */
static const struct attached {
	const char *program, *letters;
} attached[] = {
	{ "git commit", "CFSctmu" }, { "mariadb", "uhPDeS" }, { "mysql", "uhPDeS" }, { "psql", "cdfFhLoPpRTUv" },
};

/* Whether what stands behind the letter in one word is its argument. Of a tool with subcommands it is not known whose letter it is. */
bool letter_takes(const struct act *a, char letter)
{
	const char name[] = { '-', letter, '\0' };
	const struct opt *o = NULL;

	if (a->tool != NULL && (a->tool->flags & TOOL_SUB) == 0 && !(tool_root(a->tool)->flags & TOOL_FRONT))
		o = options_find(a->tool, name, 2);
	if (o != NULL)
		return o->arg == OPT_TAKES && (o->mods & OPT_LETTERS) == 0;
	for (unsigned i = 0; a->tool != NULL && i < sizeof(attached) / sizeof(attached[0]); i++) {
		if (strcmp(attached[i].program, a->tool->name) == 0)
			return strchr(attached[i].letters, letter) != NULL;
	}
	return false;
}

/* The letters of a cluster, up to what is no letter or digit, or an argument. */
static bool cluster_has(const struct act *a, const struct field *f, char letter)
{
	for (size_t i = 1; i < f->n && f->p[0] == '-' && path_byte(f->p[i]); i++) {
		if (f->p[i] == letter)
			return true;
		if (letter_takes(a, f->p[i]))
			return false;
	}
	return false;
}

static bool letter_given(const struct act *a, unsigned end, char letter)
{
	for (unsigned i = 1; i < end; i++) {
		if (a->argv[i].n > 1 && a->argv[i].p[1] != '-' && memchr(a->argv[i].p, letter, a->argv[i].n) != NULL && cluster_has(a, &a->argv[i], letter))
			return true;
	}
	return false;
}

/* Where the tables know the option, by meaning. */
static bool group_given(const struct act *a, const struct pword *w)
{
	const struct opt *o = a->tool != NULL ? options_find(a->tool, w->plain, strcspn(w->plain, "=")) : NULL;

	for (unsigned k = 0; o != NULL && k < a->nopts; k++) {
		if (a->opts[k].group == o->group)
			return true;
	}
	return false;
}

/* Options with two names, of programs whose options are in no table, as they are restricted most. Sorted by program. */
static const struct synonym {
	const char *program, *letter, *name;
} synonyms[] = {
	{ "ansible", "-b", "--become" }, { "ansible", "-e", "--extra-vars" }, { "ansible", "-i", "--inventory" }, { "ansible", "-l", "--limit" },
	{ "ansible", "-m", "--module-name" }, { "ansible", "-u", "--user" }, { "ansible-playbook", "-b", "--become" },
	{ "ansible-playbook", "-e", "--extra-vars" }, { "ansible-playbook", "-i", "--inventory" }, { "ansible-playbook", "-l", "--limit" },
	{ "ansible-playbook", "-t", "--tags" }, { "ansible-playbook", "-u", "--user" }, { "crontab", "-u", "--user" }, { "curl", "-F", "--form" },
	{ "curl", "-T", "--upload-file" }, { "curl", "-X", "--request" }, { "curl", "-d", "--data" }, { "curl", "-k", "--insecure" },
	{ "curl", "-x", "--proxy" }, { "docker", "-a", "--all" }, { "docker", "-d", "--detach" }, { "docker", "-f", "--force" },
	{ "docker", "-p", "--publish" }, { "docker", "-v", "--volume" }, { "docker", "-v", "--volumes" }, { "docker-compose", "-v", "--volumes" },
	{ "git", "-d", "--delete" }, { "git", "-f", "--force" }, { "git", "-m", "--move" }, { "gpasswd", "-a", "--add" }, { "kubectl", "-f", "--filename" },
	{ "kubectl", "-k", "--kustomize" }, { "kubectl", "-n", "--namespace" }, { "make", "-C", "--directory" }, { "make", "-f", "--file" },
	{ "mariadb", "-D", "--database" }, { "mariadb", "-P", "--port" }, { "mariadb", "-h", "--host" }, { "mariadb", "-u", "--user" },
	{ "mysql", "-D", "--database" }, { "mysql", "-P", "--port" }, { "mysql", "-h", "--host" }, { "mysql", "-u", "--user" }, { "npm", "-g", "--global" },
	{ "passwd", "-d", "--delete" }, { "passwd", "-u", "--unlock" }, { "podman", "-a", "--all" }, { "podman", "-f", "--force" },
	{ "podman", "-p", "--publish" }, { "podman", "-v", "--volume" }, { "podman", "-v", "--volumes" }, { "psql", "-U", "--username" },
	{ "psql", "-c", "--command" }, { "psql", "-d", "--dbname" }, { "psql", "-h", "--host" }, { "psql", "-p", "--port" }, { "rsync", "-e", "--rsh" },
	{ "useradd", "-G", "--groups" }, { "useradd", "-o", "--non-unique" }, { "userdel", "-f", "--force" }, { "userdel", "-r", "--remove" },
	{ "usermod", "-G", "--groups" }, { "usermod", "-a", "--append" }, { "usermod", "-s", "--shell" }, { "usermod", "-u", "--uid" },
};

/* Those of a program: *n of them from there on. */
static const struct synonym *synonyms_of(const char *program, unsigned *n)
{
	unsigned low = 0, high = sizeof(synonyms) / sizeof(synonyms[0]), end;

	while (low < high) {
		unsigned mid = low + (high - low) / 2;

		if (strcmp(synonyms[mid].program, program) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (end = low; end < sizeof(synonyms) / sizeof(synonyms[0]) && strcmp(synonyms[end].program, program) == 0;)
		end++;
	*n = end - low;
	return &synonyms[low];
}

const char *option_synonym(const char *program, const char *name, size_t n)
{
	unsigned count;
	const struct synonym *s = synonyms_of(program, &count);

	for (; count > 0; count--, s++) {
		if (strlen(s->letter) == n && memcmp(s->letter, name, n) == 0)
			return s->name;
		if (strlen(s->name) == n && memcmp(s->name, name, n) == 0)
			return s->letter;
	}
	return NULL;
}

static bool option_written(const struct fit *q, const struct pword *w)
{
	const struct act *a = q->a;
	unsigned end = words_end(a);
	size_t letters = 1;

	for (unsigned i = 1; i < end; i++) {
		const struct field *f = &a->argv[i];

		if (field_option(q, f) && !letters_differ(w, f) && (f->n < 2 || word_match(q, w, f, 0) || long_is(q, w, f, w->plain[1] == '-' ? 3 : 2)))
			return true;
	}
	if (group_given(a, w))
		return true;
	if (w->plain[1] == '-')
		return false;
	while (path_byte(w->plain[letters]) && letter_given(a, end, w->plain[letters]))
		letters++;
	return letters > 1 && w->plain[letters] == '\0';
}

/* The option by its one name or the other. */
static bool option_spelled(const struct fit *q, const struct pword *w)
{
	size_t n = strcspn(w->plain, "=");
	const struct synonym *s;
	unsigned count;

	if (option_written(q, w) || refs_signed(q->a, w))
		return true;
	for (s = synonyms_of(act_program(q->a), &count); count > 0; count--, s++) {
		struct pword other = { .literal = true };
		bool letter, name;

		letter = strlen(s->letter) == n && memcmp(s->letter, w->plain, n) == 0;
		name = strlen(s->name) == n && memcmp(s->name, w->plain, n) == 0;
		other.text = other.plain = letter ? s->name : s->letter;
		if ((letter || name) && option_written(q, &other))
			return true;
	}
	return false;
}

bool option_given(const struct fit *q, const struct pword *w)
{
	size_t i = 1;

	if (option_spelled(q, w))
		return true;
	if (!w->literal || w->plain[1] == '-' || w->plain[1] == '\0' || w->plain[2] == '\0')
		return false;
	for (; path_byte(w->plain[i]); i++) {
		const char name[] = { '-', w->plain[i], '\0' };
		struct pword one = { .text = name, .plain = name, .literal = true };

		if (!option_spelled(q, &one))
			return false;
	}
	return w->plain[i] == '\0';
}

/* The letter of the option before an argument: the last of a cluster, or the other name of a long one. */
char option_letter(const struct act *a, const struct pword *option)
{
	const struct synonym *s;
	unsigned count;

	if (option->plain[1] != '-')
		return option->plain[strlen(option->plain) - 1];
	for (s = synonyms_of(act_program(a), &count); count > 0; count--, s++) {
		if (strcmp(s->name, option->plain) == 0)
			return s->letter[1];
	}
	return '\0';
}
