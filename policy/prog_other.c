/* Arguments that need a look of their own: dd's key=value, names that are assigned, date, sysctl, service, test. */
#include <string.h>
#include <strings.h>

#include "policy/walk.h"

static void other_unknown(struct act *a, const char *why)
{
	a->effects |= EFFECT_UNKNOWN;
	if (a->why == NULL)
		a->why = why;
}

static bool other_identifier(const struct field *f)
{
	if (f->kind != CONFIDENCE_EXACT || f->n == 0)
		return false;
	for (uint32_t i = 0; i < f->n; i++) {
		char c = f->p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (i > 0 && c >= '0' && c <= '9')))
			return false;
	}
	return true;
}

/* Whether the words before awk's program are options that every awk reads alike. original-awk ignores those that it does not know
 * and takes the word behind for the program. */
static bool other_awk_options(const struct act *a, const struct parsed *p)
{
	static const char *const flags[] = { "--posix", "--traditional", "--re-interval", "--sandbox", "--lint", "--lint-old", "--non-decimal-data",
		"--characters-as-bytes", "--bignum", "--optimize", "--no-optimize", "--use-lc-numeric", "--source", NULL };
	unsigned end = p->prog_at >= 0 ? (unsigned)p->prog_at : a->ops[0];

	if (p->prog_at >= 0 && p->prog_off > 0)
		return false;
	for (unsigned i = 1; i < end; i++) {
		const struct field *f = &a->argv[i];
		bool dash = f->n >= 2 && f->p[0] == '-', flag = false;

		if (dash && (f->p[1] == 'F' || f->p[1] == 'v')) {
			if (f->n == 2 && f->kind != CONFIDENCE_EXACT)
				return false;
			i += f->n == 2;
			continue;
		}
		for (unsigned k = 0; f->kind == CONFIDENCE_EXACT && flags[k] != NULL; k++)
			flag = flag || strcmp(f->p, flags[k]) == 0;
		if (!dash || f->kind != CONFIDENCE_EXACT || (f->n > 2 && !flag))
			return false;
	}
	return true;
}

static void other_awk(struct act *a, const struct parsed *p)
{
	for (unsigned i = 0; i < a->nops; i++) {
		/* gawk opens a connection for such a file. */
		const struct field *f = &a->argv[a->ops[i]];
		bool rooted = (f->flags & FIELD_ROOTED) != 0 && (f->n == 0 || strncmp(f->p, "/inet", f->n < 5 ? f->n : 5) != 0);

		if (strncmp(f->p, "/inet", 5) == 0 || (f->kind == CONFIDENCE_OPAQUE && !field_number(f) && !rooted && strncmp(f->p, "/inet", f->n < 5 ? f->n : 5) == 0))
			a->effects |= EFFECT_NET;
	}
	if ((p->prog_at >= 0 || a->nops > 0) && !other_awk_options(a, p)) {
		a->effects |= EFFECT_EXEC | EFFECT_WRITE;
		a->why = "options that not every awk reads alike";
	}
}

static void other_program(struct act *a, enum tool_prog prog, const struct parsed *p)
{
	const struct field *f;
	size_t off = 0;

	if (p->prog_at >= 0) {
		f = &a->argv[p->prog_at];
		off = p->prog_off;
	} else if (a->nops > 0) {
		f = &a->argv[a->ops[0]];
	} else {
		other_unknown(a, "no program text");
		return;
	}
	if (f->kind != CONFIDENCE_EXACT || (prog == PROG_SED ? !prog_sed_reads(f->p + off, f->n - off) : !prog_awk_reads(f->p + off, f->n - off))) {
		a->effects |= EFFECT_EXEC | EFFECT_WRITE;
		a->why = "its program text may run commands or write files";
	}
}

static void other_dd(struct walk *w, struct act *a)
{
	bool out = false;

	for (unsigned i = 1; i < a->argc; i++) {
		const struct field *f = &a->argv[i];

		/* A pattern before the = may become of=, and so may what parts off behind it. */
		if ((f->kind == CONFIDENCE_OPAQUE && (f->flags & FIELD_MULTI) != 0) ||
		    (f->kind != CONFIDENCE_EXACT && (f->n == 0 || f->p[strspn(f->p, "abcdefghijklmnopqrstuvwxyz_")] != '='))) {
			other_unknown(a, "a word that is not known");
			continue;
		}
		if (strncmp(f->p, "if=", 3) == 0) {
			path_add(w, a, EFFECT_READ, f, 3);
		} else if (strncmp(f->p, "of=", 3) == 0) {
			path_add(w, a, EFFECT_WRITE, f, 3);
			out = true;
		}
	}
	(void)out;
	a->effects |= EFFECT_READ;
}

static void other_names(struct walk *w, struct act *a, const char *name)
{
	unsigned first = strcmp(name, "getopts") == 0 ? 1 : 0;
	struct field value = field_opaque(0);

	if (strcmp(name, "print") == 0) {
		if ((w->dialect != DIALECT_ZSH && w->dialect != DIALECT_MKSH) || a->outer != NULL || a->argv[0].n != 5)
			other_unknown(a, "a program called print, which starts others");
		return;
	}
	for (unsigned i = 0; i < a->nops; i++) {
		const struct field *f = &a->argv[a->ops[i]];

		if (first == 1 && i > 1)
			break; /* what getopts reads */
		if (i < first && (f->flags & FIELD_MULTI) == 0)
			continue;
		if (!other_identifier(f)) {
			a->opaque = true;
			other_unknown(a, "a variable whose name is not known");
			return;
		}
		(strcmp(name, "unset") == 0 ? walk_touched : walk_assigned)(w, f->p, f->n, &value, false, a->at);
	}
	if (strcmp(name, "unset") == 0) {
		/* It may unset a function as well, and then the name is a program again. */
		for (struct function *fn = w->functions; fn != NULL; fn = fn->next)
			fn->sure = false;
	}
	if (strcmp(name, "read") == 0)
		state_set(w, "REPLY", 5, &value, false);
	if (strcmp(name, "mapfile") == 0 || strcmp(name, "readarray") == 0)
		state_set(w, "MAPFILE", 7, &value, false);
	if (a->effects & EFFECT_UNKNOWN)
		a->opaque = true;
}

/* shopt: only options that change how patterns expand, and none that changes how text is read. */
static void other_shopt(struct act *a, const struct parsed *p)
{
	static const char *const safe[] = { "nullglob", "failglob", "globstar", "nocasematch", NULL };

	for (unsigned i = 1; i < a->argc; i++) {
		const struct field *f = &a->argv[i];
		bool ok = f->kind == CONFIDENCE_EXACT && f->p[0] == '-' && strspn(f->p + 1, "supq") == f->n - 1;

		for (unsigned k = 0; f->kind == CONFIDENCE_EXACT && safe[k] != NULL; k++)
			ok = ok || strcmp(f->p, safe[k]) == 0;
		/* Anywhere else it would change how text is read that was read already. */
		ok = ok || (p->extglob && f->kind == CONFIDENCE_EXACT && strcmp(f->p, "extglob") == 0);
		if (!ok) {
			a->opaque = true;
			other_unknown(a, "a shell option that changes how the rest is read");
		}
	}
}

/* Operands are configurations that can load code: only those that root keeps are read. A name of standard input has no path. */
static void other_configs(struct act *a)
{
	static const char *const dirs[] = { "/etc/", "/usr/lib/", "/lib/", NULL };
	unsigned operands = a->nops, paths = 0;

	for (const char *p = a->tool->name; (p = strchr(p, ' ')) != NULL; p++)
		operands--; /* a subcommand */
	for (const struct path_use *u = a->paths; u != NULL; u = u->next) {
		bool ok = false;

		paths++;
		for (unsigned i = 0; dirs[i] != NULL && u->path.kind == CONFIDENCE_EXACT && !u->dots; i++)
			ok = ok || strncmp(u->path.p, dirs[i], strlen(dirs[i])) == 0;
		if (!ok)
			a->effects |= EFFECT_EXEC;
	}
	if (paths != operands)
		a->effects |= EFFECT_EXEC;
}

/* Whether an option was given, in any of its spellings. */
static bool other_given(const struct act *a, const char *name)
{
	const struct opt *o = options_find(a->tool, name, strlen(name));

	for (unsigned i = 0; o != NULL && i < a->nopts; i++) {
		if (a->opts[i].group == o->group)
			return true;
	}
	return false;
}

/* Whether an address surely does not name a file of this host: it begins with a scheme or a host, as it stands. */
static bool other_remote(const struct field *f, size_t off)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	const char *p = f->p + (off < f->n ? off : f->n);
	size_t n = strspn(p, plain);

	return f->kind == CONFIDENCE_EXACT && n > 0 && (p[n] == ':' || p[n] == '/' || p[n] == '\0') && !(n == 4 && p[n] == ':' && strncasecmp(p, "file", 4) == 0);
}

/* getent NAME: of most databases that is the file of that name. */
static void other_database(struct walk *w, struct act *a)
{
	const struct field *f = a->nops > 0 ? &a->argv[a->ops[0]] : NULL;
	struct field file = field_opaque(0);
	char *p;

	if (f == NULL)
		return;
	if (f->kind == CONFIDENCE_EXACT) {
		p = arena_alloc(w->r->arena, f->n + 6);
		if (p == NULL) {
			w->r->failed = true;
			return;
		}
		memcpy(p, "/etc/", 5);
		memcpy(p + 5, f->p, f->n + 1);
		file = field_exact(w, p, f->n + 5);
	}
	path_add(w, a, EFFECT_READ, &file, 0);
}

/* @SERVER#PORT, @SERVER@PORT, @SERVER:PORT, to nslookup without the sign behind a name: whatever listens there gets the words. An address of version 6 has more than one colon. */
static void other_server(struct act *a)
{
	bool second = strcmp(a->tool->name, "nslookup") == 0;

	for (unsigned i = 0; i < a->nops; i++) {
		const struct field *f = &a->argv[a->ops[i]];
		const char *colon;

		if (f->kind != CONFIDENCE_EXACT || f->n == 0 || (f->p[0] != '@' && !(second && i > 0)))
			continue;
		colon = strchr(f->p, ':');
		if (strpbrk(f->p + 1, "#@") != NULL || strstr(f->p, "]:") != NULL || (colon != NULL && strchr(colon + 1, ':') == NULL))
			a->effects |= EFFECT_NET;
	}
}

static bool other_service(const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@:+-";

	return name[0] != '-' && name[0] != '\0' && name[strspn(name, plain)] == '\0';
}

/* dnf repoquery NAME, FILE.rpm or an address; debsums NAME or FILE.deb, whose list of files a shell reads. */
static void other_packages(struct act *a)
{
	for (unsigned i = 0; i < a->nops; i++) {
		const struct field *f = &a->argv[a->ops[i]];

		if (f->kind != CONFIDENCE_EXACT || strchr(f->p, ':') != NULL ||
		    (f->n >= 4 && (strcasecmp(f->p + f->n - 4, ".rpm") == 0 || strcasecmp(f->p + f->n - 4, ".deb") == 0)))
			a->effects |= EFFECT_NET | EFFECT_WRITE | EFFECT_EXEC;
	}
}

/* curl: what is sent to a file: address is written there; #1 in the name of a file is what a pattern in the address becomes; --expand-NAME is
 * option NAME with an argument that variables make. */
static void other_curl(struct act *a)
{
	const struct opt *output = options_find(a->tool, "-o", 2), *url = options_find(a->tool, "--url", 5);
	bool sends = other_given(a, "-T"), remote = !other_given(a, "--proto-default");

	for (unsigned i = 0; i < a->nops; i++)
		remote = remote && other_remote(&a->argv[a->ops[i]], 0);
	for (unsigned i = 0; i < a->nopts; i++) {
		const struct act_opt *n = &a->opts[i];
		const struct field *f = n->arg >= 0 ? &a->argv[n->arg] : NULL;

		if (strncmp(a->argv[n->at].p, "--expand-", 9) == 0)
			a->effects |= EFFECT_EXEC;
		if (f == NULL)
			continue;
		if (n->group == url->group)
			remote = remote && other_remote(f, n->arg_off);
		for (const char *p = f->p + n->arg_off; n->group == output->group && f->kind != CONFIDENCE_OPAQUE && (p = strchr(p, '#')) != NULL; p++) {
			if (p[1] >= '0' && p[1] <= '9')
				a->effects |= EFFECT_WRITE;
		}
	}
	if (sends && !remote)
		a->effects |= EFFECT_WRITE;
	/* What --output-dir says holds up to the next request. */
	if (other_given(a, "--next") && other_given(a, "--output-dir"))
		a->effects |= EFFECT_WRITE;
}

void prog_other(struct walk *w, struct act *a, enum tool_prog prog, const struct parsed *p)
{
	const char *name = a->tool->name;

	switch (prog) {
	case PROG_AWK:
		other_awk(a, p);
		other_program(a, prog, p);
		break;
	case PROG_SED:
		other_program(a, prog, p);
		break;
	case PROG_DD:
		/* Its words are not options; what the tables thought of them does not count. */
		a->effects = 0;
		a->paths = NULL;
		a->why = NULL;
		other_dd(w, a);
		break;
	case PROG_NAMES:
		other_names(w, a, name);
		break;
	case PROG_SET:
		if (strcmp(name, "shopt") == 0)
			other_shopt(a, p);
		else if (!a->opaque)
			a->effects = EFFECT_READ; /* command_set() judged it */
		break;
	case PROG_DATE:
		/* date MMDDhhmm sets the clock; +FORMAT prints. */
		for (unsigned i = 0; i < a->nops; i++) {
			const struct field *f = &a->argv[a->ops[i]];

			if (!(f->n > 0 && f->p[0] == '+' && (f->kind == CONFIDENCE_EXACT || !(f->flags & FIELD_MULTI))))
				a->effects |= EFFECT_CHANGE;
		}
		break;
	case PROG_SYSCTL:
		for (unsigned i = 0; i < a->nops; i++) {
			const struct field *f = &a->argv[a->ops[i]];

			if (f->kind != CONFIDENCE_EXACT || memchr(f->p, '=', f->n) != NULL)
				a->effects |= EFFECT_CHANGE;
		}
		break;
	case PROG_SERVICE:
		/* A name with a slash is a path to any program, and one with blanks is words of systemctl's. */
		if (a->nops == 2 && a->argv[a->ops[0]].kind == CONFIDENCE_EXACT && other_service(a->argv[a->ops[0]].p) &&
		    a->argv[a->ops[1]].kind == CONFIDENCE_EXACT && strcmp(a->argv[a->ops[1]].p, "status") == 0)
			a->effects |= EFFECT_READ;
		else if (a->nops > 0)
			a->effects |= EFFECT_CHANGE | EFFECT_EXEC;
		break;
	case PROG_WORDS:
		/* Joined, they are a text in a language of the tool's own, where ; and a newline begin another command. */
		for (unsigned i = 0; i < a->nops; i++) {
			const struct field *f = &a->argv[a->ops[i]];

			/* Some of its words have options of their own, which it looks for behind a -- too. */
			if (f->kind == CONFIDENCE_EXACT ? f->p[0] == '-' || strpbrk(f->p, ";\n{}\"") != NULL : (f->flags & FIELD_NUMERIC) == 0)
				a->effects |= EFFECT_CHANGE | EFFECT_EXEC;
		}
		break;
	case PROG_MACROS:
		/* rpm expands %(command) and %{lua:...} in the name of a file, and fetches one that is a URL. */
		for (unsigned i = 0; i < a->nops; i++) {
			const struct field *f = &a->argv[a->ops[i]];

			if (f->kind != CONFIDENCE_EXACT || strchr(f->p, '%') != NULL || strstr(f->p, "://") != NULL)
				a->effects |= EFFECT_EXEC;
		}
		break;
	case PROG_LINES:
		for (unsigned i = 0; i < a->nops; i++) {
			const struct field *f = &a->argv[a->ops[i]];

			/* The first is what they look for. */
			if (i + p->first > 0 && (f->kind == CONFIDENCE_OPAQUE ? (f->flags & FIELD_NUMERIC) == 0 : strchr(f->p, '\n') != NULL))
				a->effects |= EFFECT_WRITE;
		}
		break;
	case PROG_URIS:
		for (unsigned i = 0; i < a->nops; i++) {
			if (path_elsewhere(&a->argv[a->ops[i]], 0))
				a->effects |= EFFECT_EXEC;
		}
		break;
	case PROG_CONFIGS:
		other_configs(a);
		break;
	case PROG_QUOTED:
		/* In double quotes these are not what they are; and a word that is not known may hold them. */
		for (unsigned i = 1; i < a->argc; i++) {
			const struct field *f = &a->argv[i];

			if (f->kind == CONFIDENCE_EXACT ? strpbrk(f->p, "$`\\\"\n") != NULL : (f->flags & FIELD_NUMERIC) == 0 || (f->flags & FIELD_MULTI) != 0)
				a->effects |= EFFECT_EXEC;
		}
		break;
	case PROG_DATABASE:
		other_database(w, a);
		break;
	case PROG_SERVER:
		other_server(a);
		break;
	case PROG_PACKAGES:
		other_packages(a);
		break;
	case PROG_CURL:
		other_curl(a);
		break;
	default:
		break;
	}
}

/* ---- test ---------------------------------------------------------------------------------------------------------------- */

static bool test_in(const char *const *list, const struct field *f)
{
	if (f->kind != CONFIDENCE_EXACT)
		return false;
	for (; *list != NULL; list++) {
		if (strcmp(*list, f->p) == 0)
			return true;
	}
	return false;
}

static const char *const test_strings[] = { "=", "==", "!=", "<", ">", "-nt", "-ot", "-ef", "=~", NULL };
static const char *const test_numbers[] = { "-eq", "-ne", "-lt", "-le", "-gt", "-ge", NULL };
static const char *const test_unary[] = { "-a", "-b", "-c", "-d", "-e", "-f", "-g", "-h", "-k", "-L", "-n", "-N", "-O", "-G", "-p", "-r", "-s", "-S", "-t",
	"-u", "-w", "-x", "-z", "-o", NULL };

/* A primary of 1 to 3 words. mksh and zsh evaluate numbers as arithmetic; bash, dash and busybox do not. */
static bool test_primary(const struct walk *w, const struct field *f, unsigned n)
{
	bool arith = w->dialect == DIALECT_ZSH || w->dialect == DIALECT_MKSH;

	if (n == 1)
		return true;
	if (n == 2) {
		if (test_in(test_unary, &f[0]))
			return !(arith && strcmp(f[0].p, "-t") == 0 && !(f[1].flags & FIELD_NUMERIC));
		if (f[0].kind == CONFIDENCE_EXACT && (strcmp(f[0].p, "-v") == 0 || strcmp(f[0].p, "-R") == 0))
			return other_identifier(&f[1]);
		return false;
	}
	if (test_in(test_strings, &f[1]))
		return true;
	if (test_in(test_numbers, &f[1]))
		return !arith || (field_number(&f[0]) && field_number(&f[2]));
	return false;
}

/* mksh looks for a binary operator first, wherever a primary may begin: among several no word may be one that makes numbers of others. */
static bool test_joined_safe(const struct field *argv, unsigned to)
{
	for (unsigned i = 1; i < to; i++) {
		const struct field *f = &argv[i];

		if (f->kind == CONFIDENCE_EXACT ? test_in(test_numbers, f) : (f->flags & FIELD_NUMERIC) == 0 && !(f->n > 0 && (strchr("0123456789", f->p[0]) != NULL || f->p[0] == '/' || f->p[0] == '.')))
			return false;
	}
	return true;
}

bool prog_test_safe(const struct walk *w, const struct field *argv, unsigned argc)
{
	unsigned from = 1, to = argc;

	for (unsigned i = 1; i < argc; i++) {
		if (argv[i].flags & FIELD_MULTI)
			return false;
	}
	if (strcmp(argv[0].p, "[") == 0 || argv[0].p[argv[0].n - 1] == '[') {
		if (argc < 2 || argv[argc - 1].kind != CONFIDENCE_EXACT || strcmp(argv[argc - 1].p, "]") != 0)
			return false;
		to--;
	}
	while (from < to) {
		unsigned n = 0;

		while (to - from > 1 && argv[from].kind == CONFIDENCE_EXACT && strcmp(argv[from].p, "!") == 0)
			from++;
		/* Up to -a or -o, which join primaries when they stand where one ends. */
		while (from + n < to) {
			bool join = argv[from + n].kind == CONFIDENCE_EXACT && (strcmp(argv[from + n].p, "-a") == 0 || strcmp(argv[from + n].p, "-o") == 0);

			if (join && n > 0 && test_primary(w, argv + from, n))
				break;
			n++;
		}
		if (n == 0 || n > 3 || !test_primary(w, argv + from, n))
			return false;
		from += n;
		if (from < to && (w->dialect == DIALECT_MKSH || w->dialect == DIALECT_ZSH) && !test_joined_safe(argv, to))
			return false;
		if (from < to)
			from++;
	}
	return true;
}
