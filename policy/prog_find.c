/* find's expression: tests only read; -delete, -fprint and the -exec family do more. */
#include "policy/command.h"

#include <string.h>

static const char *const find_none[] = { "-print", "-print0", "-ls", "-prune", "-quit", "-depth", "-d", "-mount", "-xdev", "-empty", "-true", "-false",
	"-nouser", "-nogroup", "-readable", "-writable", "-executable", "-daystart", "-follow", "-ignore_readdir_race", "-noignore_readdir_race",
	"-noleaf", "-warn", "-nowarn", "-help", "--help", "-version", "--version", "-a", "-and", "-o", "-or", "-not", "!", "(", ")", ",", NULL };
static const char *const find_one[] = { "-name", "-iname", "-path", "-ipath", "-wholename", "-iwholename", "-lname", "-ilname", "-regex", "-iregex",
	"-regextype", "-type", "-xtype", "-size", "-mtime", "-mmin", "-atime", "-amin", "-ctime", "-cmin", "-newer", "-anewer", "-cnewer", "-perm",
	"-user", "-group", "-uid", "-gid", "-inum", "-links", "-samefile", "-maxdepth", "-mindepth", "-fstype", "-context", "-used", "-printf", NULL };

static bool find_in(const char *const *list, const char *s)
{
	for (; *list != NULL; list++) {
		if (strcmp(*list, s) == 0)
			return true;
	}
	return false;
}

static void find_unknown(struct act *a)
{
	a->effects |= EFFECT_UNKNOWN;
	a->why = "a word of find's expression that is not known (a pattern must be quoted)";
}

/* Whether the n words behind word i are surely that many. */
static bool find_arguments(const struct act *a, unsigned i, unsigned n)
{
	for (unsigned k = i + 1; k <= i + n; k++) {
		if (k >= a->argc || (a->argv[k].flags & FIELD_MULTI) != 0)
			return false;
	}
	return true;
}

/* Whether a word that is not known may turn out to be ; or + alone, which ends the inner command. */
static bool find_may_end(const struct field *f)
{
	if ((f->flags & FIELD_NUMERIC) != 0)
		return false;
	return f->n == 0 || f->p[0] == ';' || f->p[0] == '+' || (f->kind == CONFIDENCE_PATTERN && strchr("?*[", f->p[0]) != NULL);
}

/* The index of the ; or + that ends the inner command whose words begin at from, 0 when it is not surely known. Only -exec and -execdir
 * know {} +. busybox ends at any +, so one that stands elsewhere is not understood. */
static unsigned find_end(const struct act *a, unsigned from, bool ok, bool *plus)
{
	*plus = false;
	for (unsigned end = from; end < a->argc; end++) {
		const struct field *f = &a->argv[end], *last = f - 1;

		if (f->flags & FIELD_MULTI)
			return 0;
		if (f->kind != CONFIDENCE_EXACT) {
			if (find_may_end(f))
				return 0;
			continue;
		}
		if (strcmp(f->p, ";") == 0)
			return end > from ? end : 0;
		if (strcmp(f->p, "+") != 0)
			continue;
		*plus = !ok && end > from + 1 && last->kind == CONFIDENCE_EXACT && strcmp(last->p, "{}") == 0;
		return *plus ? end : 0;
	}
	return 0;
}

/* What find runs is a program in a process of its own: no function of the shell covers it, and nothing it does to variables, to the
 * parameters or to the working directory is seen by the shell. */
static void find_run(struct walk *w, struct act *a, struct field *inner, unsigned n, bool dir)
{
	enum stdin_kind in = w->stdin_kind;
	unsigned mark = state_mark(&w->state), nparams = w->state.nparams;
	struct field *params = w->state.params;
	struct place nowhere = place_nowhere();
	bool known = w->state.params_known;

	/* Relative words of -execdir are relative to wherever the file lies. */
	if (dir)
		state_set_place(w, &nowhere);
	/* It runs for every file, behind others: each reads what is left. */
	if (in == STDIN_EXEC)
		w->stdin_kind = STDIN_PIPE;
	else if (in == STDIN_TEXT)
		w->stdin_kind = STDIN_FILE;
	command_argv(w, inner, n, a->at, a, 1, NULL);
	w->stdin_kind = in;
	state_undo(&w->state, mark);
	w->state.params = params;
	w->state.nparams = nparams;
	w->state.params_known = known;
}

/* -exec … ; or … {} + : the inner argv, with {} as a path that is not known (rooted: it holds no colon before its first slash). Returns the
 * index of its end, 0 when it has none. */
static unsigned find_exec(struct walk *w, struct act *a, unsigned i, bool rooted)
{
	const struct act *outer = w->outer;
	bool ok = strncmp(a->argv[i].p, "-ok", 3) == 0, dir = strstr(a->argv[i].p, "dir") != NULL, plus;
	unsigned from = i + 1, end = find_end(a, from, ok, &plus);
	struct field *inner;

	if (end == 0)
		return 0;
	inner = arena_alloc(w->r->arena, (end - from) * sizeof(*inner));
	if (inner == NULL) {
		w->r->failed = true;
		return 0;
	}
	for (unsigned k = from; k < end; k++) {
		const struct field *f = &a->argv[k];
		const char *hole = command_hole(f, "{}");

		inner[k - from] = *f;
		if (hole == NULL)
			continue;
		inner[k - from] = field_opaque(0);
		inner[k - from].n = (f->flags & FIELD_HOME) != 0 ? 0 : (uint32_t)(hole - f->p);
		inner[k - from].p = arena_copy(w->r->arena, f->p, inner[k - from].n);
		if (inner[k - from].p == NULL) {
			w->r->failed = true;
			return 0;
		}
		/* What find passes begins with a starting point or ./ : never with a dash. */
		if (hole == f->p || (f->flags & FIELD_NODASH) != 0)
			inner[k - from].flags |= FIELD_NODASH;
		if (hole == f->p ? rooted && strncmp(hole, "{}", 2) == 0 : field_rooted(f->p, f->n))
			inner[k - from].flags |= FIELD_ROOTED;
		if (plus && k + 1 == end)
			inner[k - from].flags |= FIELD_MULTI;
	}
	w->outer = a;
	find_run(w, a, inner, end - from, dir);
	w->outer = outer;
	return end;
}

static void find_deletes(struct walk *w, struct act *a, const struct field *from)
{
	const struct path_use *before = a->paths;

	path_add(w, a, EFFECT_DELETE, from, 0);
	if (a->paths != before)
		a->paths->tree = true;
	else
		a->effects |= EFFECT_DELETE;
}

void prog_find(struct walk *w, struct act *a)
{
	unsigned i = 1, paths_from, paths_to;
	bool rooted = true;

	for (; i < a->argc; i++) {
		const struct field *f = &a->argv[i];

		if (f->kind != CONFIDENCE_EXACT)
			break;
		if (strcmp(f->p, "-H") == 0 || strcmp(f->p, "-L") == 0 || strcmp(f->p, "-P") == 0 || strncmp(f->p, "-O", 2) == 0)
			continue;
		if (strcmp(f->p, "-D") == 0) {
			if (++i < a->argc && a->argv[i].kind != CONFIDENCE_EXACT) {
				find_unknown(a);
				return;
			}
			continue;
		}
		break;
	}
	paths_from = i;
	for (; i < a->argc; i++) {
		const struct field *f = &a->argv[i];

		if (f->kind == CONFIDENCE_EXACT && (f->p[0] == '-' || strcmp(f->p, "!") == 0 || strcmp(f->p, "(") == 0))
			break;
		/* Behind a starting point like +c what -exec passes begins with +, an option to some. */
		if ((f->kind != CONFIDENCE_EXACT && (f->flags & FIELD_NODASH) == 0) || (f->n > 0 && f->p[0] == '+')) {
			find_unknown(a);
			return;
		}
	}
	paths_to = i;
	for (unsigned k = paths_from; k < paths_to; k++) {
		path_add(w, a, EFFECT_READ, &a->argv[k], 0);
		rooted = rooted && !path_elsewhere(&a->argv[k], 0);
	}
	for (; i < a->argc && !w->r->failed; i++) {
		const struct field *f = &a->argv[i];

		if (f->kind != CONFIDENCE_EXACT) {
			find_unknown(a);
			return;
		}
		if (find_in(find_none, f->p))
			continue;
		if (find_in(find_one, f->p) || strncmp(f->p, "-newer", 6) == 0) {
			if (!find_arguments(a, i, 1)) {
				find_unknown(a);
				return;
			}
			i++;
			continue;
		}
		if (strcmp(f->p, "-delete") == 0) {
			for (unsigned k = paths_from; k < paths_to; k++)
				find_deletes(w, a, &a->argv[k]);
			if (paths_from == paths_to) {
				struct field here = field_exact(w, ".", 1);

				find_deletes(w, a, &here);
			}
			continue;
		}
		if (strcmp(f->p, "-fprint") == 0 || strcmp(f->p, "-fprint0") == 0 || strcmp(f->p, "-fls") == 0 || strcmp(f->p, "-fprintf") == 0) {
			unsigned n = strcmp(f->p, "-fprintf") == 0 ? 2 : 1;

			if (!find_arguments(a, i, n)) {
				find_unknown(a);
				return;
			}
			path_add(w, a, EFFECT_WRITE, &a->argv[i + 1], 0);
			i += n;
			continue;
		}
		if (strcmp(f->p, "-exec") == 0 || strcmp(f->p, "-execdir") == 0 || strcmp(f->p, "-ok") == 0 || strcmp(f->p, "-okdir") == 0) {
			unsigned end = find_exec(w, a, i, rooted);

			if (end == 0) {
				find_unknown(a);
				return;
			}
			i = end;
			continue;
		}
		find_unknown(a);
		return;
	}
}
