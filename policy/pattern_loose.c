/* Command patterns of rules: restrictions of tools that are not read by meaning, as the tables do not know them or an option of the pattern,
 * or as they run something else. Said yes to when in doubt. */
#include <string.h>

#include "policy/path.h"
#include "policy/pattern_fit.h"
#include "policy/walk.h"

/* A number may be an operand. */
static bool pword_option(const struct pword *w)
{
	return w->plain[0] == '-' && w->plain[1] != '\0' && strcmp(w->plain, "--") != 0 && w->plain[1 + strspn(w->plain + 1, "0123456789")] != '\0';
}

/* Whether the word is an option, or may be. */
static bool field_option(const struct fit *q, const struct field *f)
{
	if (f->kind == CONFIDENCE_EXACT || (f->n > 0 && f->p[0] == '-'))
		return f->n > 1 && f->p[0] == '-';
	return (f->kind == CONFIDENCE_PATTERN || q->opaque) && (f->flags & FIELD_NODASH) == 0 && (f->n == 0 || strchr("*?[", f->p[0]) != NULL);
}

/* Programs to which all operands are alike. */
static bool operands_alike(const struct tool *t)
{
	static const char *const alike[] = { "make", "gmake", "ninja", "just", "rake", "ansible-playbook", NULL };

	for (unsigned k = 0; t != NULL && t->kind == TOOL_RUNNER && alike[k] != NULL; k++) {
		if (strcmp(t->name, alike[k]) == 0)
			return true;
	}
	return false;
}

/* Whether more operands may stand before word number i of the pattern's: behind the first, which may be a subcommand, or before it where all
 * are alike. What a wrapper runs is another command. */
static bool operands_between(const struct fit *q, unsigned i)
{
	const struct tool *t = q->a->tool;

	if (t != NULL && t->kind == TOOL_WRAP)
		return false;
	if (i > 0)
		return true;
	if (t != NULL && t->kind == TOOL_PLAIN)
		return (tool_root(t)->flags & TOOL_SUB) == 0;
	return operands_alike(t);
}

/* Whether word number at may stand between two that the pattern names: an option, or what may be its argument, or docker's `container`. */
static bool may_stand(const struct fit *q, unsigned at, unsigned i)
{
	const struct field *f = &q->a->argv[at];

	if (operands_between(q, i) || field_option(q, f) || (at > 1 && field_option(q, &q->a->argv[at - 1])))
		return true;
	return at == 1 && f->kind == CONFIDENCE_EXACT && strcmp(f->p, "container") == 0;
}

/* Programs that take one dash or two before the name of an option. */
static bool dashes_alike(const struct act *a)
{
	static const char *const programs[] = { "boundary", "consul", "nomad", "packer", "terraform", "terragrunt", "tofu", "vault", NULL };

	return act_is(a, programs);
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
static unsigned words_inner(const struct act *a)
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

static bool letter_given(const struct act *a, char letter)
{
	unsigned end = words_end(a);

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

/* Options with two names, of programs whose options are in no table, as they are restricted most. By program. */
static const struct synonym {
	const char *program, *letter, *name;
} synonyms[] = {
	{ "ansible", "-e", "--extra-vars" }, { "ansible", "-i", "--inventory" }, { "ansible", "-l", "--limit" }, { "ansible", "-u", "--user" },
	{ "ansible-playbook", "-e", "--extra-vars" }, { "ansible-playbook", "-u", "--user" },
	{ "ansible", "-b", "--become" }, { "ansible", "-m", "--module-name" }, { "ansible-playbook", "-b", "--become" }, { "ansible-playbook", "-i", "--inventory" },
	{ "ansible-playbook", "-l", "--limit" }, { "ansible-playbook", "-t", "--tags" }, { "crontab", "-u", "--user" }, { "curl", "-F", "--form" }, { "curl", "-T", "--upload-file" },
	{ "curl", "-X", "--request" }, { "curl", "-d", "--data" }, { "curl", "-k", "--insecure" }, { "curl", "-x", "--proxy" }, { "docker", "-a", "--all" }, { "docker", "-d", "--detach" },
	{ "docker", "-f", "--force" }, { "docker", "-p", "--publish" }, { "docker", "-v", "--volume" }, { "docker", "-v", "--volumes" }, { "docker-compose", "-v", "--volumes" }, { "git", "-d", "--delete" }, { "git", "-f", "--force" }, { "git", "-m", "--move" },
	{ "gpasswd", "-a", "--add" }, { "kubectl", "-f", "--filename" }, { "kubectl", "-k", "--kustomize" }, { "kubectl", "-n", "--namespace" }, { "make", "-C", "--directory" },
	{ "make", "-f", "--file" },
	{ "mariadb", "-D", "--database" }, { "mariadb", "-P", "--port" }, { "mariadb", "-h", "--host" }, { "mariadb", "-u", "--user" },
	{ "mysql", "-D", "--database" }, { "mysql", "-P", "--port" }, { "mysql", "-h", "--host" }, { "mysql", "-u", "--user" }, { "npm", "-g", "--global" }, { "passwd", "-d", "--delete" }, { "passwd", "-u", "--unlock" },
	{ "podman", "-f", "--force" }, { "podman", "-p", "--publish" }, { "podman", "-v", "--volume" },
	{ "psql", "-U", "--username" }, { "psql", "-c", "--command" }, { "psql", "-d", "--dbname" }, { "psql", "-h", "--host" }, { "psql", "-p", "--port" }, { "rsync", "-e", "--rsh" }, { "useradd", "-G", "--groups" },
	{ "make", "-f", "--file" }, { "npm", "-g", "--global" }, { "passwd", "-d", "--delete" }, { "passwd", "-u", "--unlock" },
	{ "podman", "-a", "--all" }, { "podman", "-f", "--force" }, { "podman", "-p", "--publish" }, { "podman", "-v", "--volume" }, { "podman", "-v", "--volumes" }, { "rsync", "-e", "--rsh" }, { "useradd", "-G", "--groups" },
	{ "useradd", "-o", "--non-unique" }, { "userdel", "-f", "--force" }, { "userdel", "-r", "--remove" }, { "usermod", "-G", "--groups" }, { "usermod", "-a", "--append" }, { "usermod", "-s", "--shell" }, { "usermod", "-u", "--uid" },
};

const char *option_synonym(const char *program, const char *name, size_t n)
{
	for (unsigned i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++) {
		const struct synonym *s = &synonyms[i];

		if (strcmp(s->program, program) != 0)
			continue;
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

		if (field_option(q, f) && (f->n < 2 || word_match(q, w, f, 0) || long_is(q, w, f, w->plain[1] == '-' ? 3 : 2)))
			return true;
	}
	if (group_given(a, w))
		return true;
	if (w->plain[1] == '-')
		return false;
	while (path_byte(w->plain[letters]) && letter_given(a, w->plain[letters]))
		letters++;
	return letters > 1 && w->plain[letters] == '\0';
}

/* The option by its one name or the other. */
static bool option_spelled(const struct fit *q, const struct pword *w)
{
	const char *program = act_program(q->a);
	size_t n = strcspn(w->plain, "=");

	if (option_written(q, w) || refs_signed(q->a, w))
		return true;
	for (unsigned i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++) {
		const struct synonym *s = &synonyms[i];
		struct pword other = { .literal = true };
		bool letter, name;

		if (s->program[0] > program[0])
			break;
		if (s->program[0] < program[0] || strcmp(s->program, program) != 0)
			continue;
		letter = strlen(s->letter) == n && memcmp(s->letter, w->plain, n) == 0;
		name = strlen(s->name) == n && memcmp(s->name, w->plain, n) == 0;
		other.text = other.plain = letter ? s->name : s->letter;
		if ((letter || name) && option_written(q, &other))
			return true;
	}
	return false;
}

static bool option_given(const struct fit *q, const struct pword *w)
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
static char option_letter(const struct act *a, const struct pword *option)
{
	const char *program = act_program(a);

	if (option->plain[1] != '-')
		return option->plain[strlen(option->plain) - 1];
	for (unsigned i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++) {
		if (strcmp(synonyms[i].name, option->plain) == 0 && strcmp(synonyms[i].program, program) == 0)
			return synonyms[i].letter[1];
	}
	return '\0';
}

/* Whether word number at may hold the argument of the option with this letter: it holds the option, or stands behind it. */
static bool argument_at(const struct act *a, char letter, unsigned at)
{
	const char *before = a->argv[at - 1].p;

	if (a->argv[at].p[0] == '-')
		return true;
	return at > 1 && before[0] == '-' && (before[1] == '-' || (letter != '\0' && strchr(before, letter) != NULL));
}

/* The word anywhere. option: which it may be the argument of; NULL: none. */
static bool given_anywhere(const struct fit *q, const struct pword *w, const struct pword *option)
{
	const struct act *a = q->a;
	unsigned end = words_inner(a);
	char letter = option != NULL ? option_letter(a, option) : '\0';

	for (unsigned i = 1; i < end; i++) {
		if (word_within(q, w, &a->argv[i]) || (option != NULL && argument_at(a, letter, i) && argument_within(q, w, letter, &a->argv[i])))
			return true;
	}
	return false;
}

/* The words in their order, from the first on; behind the last there may be more, where the pattern does not say how many. */
static bool order_match(const struct fit *q, const struct pword *const *pw, unsigned np)
{
	bool row[514], next[514]; /* whether the words from k on are those of the pattern from i on */
	unsigned n = q->a->argc - 1;

	for (unsigned k = n + 1; k-- > 0;)
		next[k] = !q->p->open || k == n || (next[k + 1] && field_option(q, &q->a->argv[k + 1]));
	for (unsigned i = np; i-- > 0; memcpy(next, row, sizeof(next))) {
		row[n] = pw[i]->many && next[n];
		for (unsigned k = n; k-- > 0;) {
			const struct field *f = &q->a->argv[k + 1];

			if (q->opaque && f->kind == CONFIDENCE_OPAQUE && (f->flags & FIELD_MULTI) != 0)
				row[k] = true; /* whatever comes after may be among them */
			else if (pw[i]->many)
				row[k] = next[k] || row[k + 1];
			else
				row[k] = (next[k + 1] && word_within(q, pw[i], f)) || (row[k + 1] && may_stand(q, k + 1, i));
		}
	}
	return next[0];
}

/* Each of the words somewhere, where their order says nothing. */
static bool set_match(const struct fit *q, const struct pword *const *pw, unsigned np)
{
	unsigned n = 0;

	if (!operands_alike(q->a->tool))
		return false;
	for (unsigned i = 0; i < np; i++) {
		if (!pw[i]->many && (++n >= q->a->argc || !given_anywhere(q, pw[i], NULL)))
			return false;
	}
	return true;
}

bool loose_match(const struct fit *q)
{
	const struct pattern *p = q->p;
	const struct pword *order[PATTERN_WORDS];
	unsigned n = 0, operands = 0;
	bool ended = false, behind = false;

	if (p->n < 2)
		return false;
	if (q->a->argc > 513)
		return true;
	if (p->words[0].many)
		order[n++] = &p->words[0];
	for (unsigned i = 1 + signal_sent(q); i < p->n; i++) {
		const struct pword *w = &p->words[i];

		if (!ended && strcmp(w->plain, "--") == 0) {
			ended = true;
		} else if (!ended && (pword_option(w) || (strcmp(w->plain, "-") == 0 && q->a->tool != NULL && options_find(q->a->tool, "-", 1) != NULL))) {
			if (!option_given(q, w))
				return false;
			behind = true;
			continue;
		} else if (++operands > 2 && !w->many && refs_all(q->a)) {
			/* git push REMOTE REF, of all refs */
		} else if (behind && !w->many) {
			/* It may be the option's argument, which stands where that does. */
			if (!given_anywhere(q, w, w - 1))
				return false;
		} else if (i > 1 || strcmp(w->plain, "container") != 0) {
			order[n++] = w;
		}
		behind = false;
	}
	return order_match(q, order, n) || set_match(q, order, n);
}
