/* Command patterns of rules: the first word, a program. */
#include <string.h>

#include "policy/path.h"
#include "policy/pattern_fit.h"

/* A program in one of the directories that have them is the same in another of them, and so is its bare name. */
static const char *usual_name(const char *path)
{
	static const char *const dirs[] = { "/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/", "/snap/bin/", NULL };
	const char *slash = strrchr(path, '/');

	for (unsigned i = 0; slash != NULL && dirs[i] != NULL; i++) {
		if (strlen(dirs[i]) == (size_t)(slash + 1 - path) && strncmp(dirs[i], path, strlen(dirs[i])) == 0)
			return slash + 1;
	}
	return NULL;
}

/* A relative program for a restriction: however its path is written, from the working directory or from the login's. */
static bool relative_match(const struct pword *w, const struct act *a)
{
	const struct field *f = &a->argv[0];
	char rule[PATH_MAX_LEN + 1] = "~", out[PATH_BUF];
	struct path_use u;

	if (!relative_clean(w->text, rule + 1) || relative_same(w->text, f->p))
		return true;
	path_resolve(&a->cwd, f, 0, &u, out);
	return u.path.kind != CONFIDENCE_OPAQUE && u.path.p[0] == '~' && path_match(rule, &u, false);
}

/* A program by its path. A relative one is surely the rule's only where the login stands. */
static bool program_match(const struct pword *w, const struct act *a, bool sure)
{
	const struct field *f = &a->argv[0];
	struct path_use u;
	char out[PATH_BUF];
	const char *rule = usual_name(w->text), *name;

	if (!w->path && sure) {
		rule = strncmp(w->text, "./", 2) == 0 ? w->text + 2 : w->text;
		name = strncmp(f->p, "./", 2) == 0 ? f->p + 2 : f->p;
		return act_at_login(a) && glob_match(rule, name, strlen(name));
	}
	if (!w->path)
		return relative_match(w, a);
	path_resolve(&a->cwd, f, 0, &u, out);
	if (u.path.kind == CONFIDENCE_OPAQUE)
		return !sure && glob_match(strrchr(w->text, '/') + 1, strrchr(f->p, '/') + 1, strlen(strrchr(f->p, '/') + 1));
	name = !sure && rule != NULL ? usual_name(u.path.p) : NULL;
	return path_match(w->plain, &u, sure) || (name != NULL && glob_match(rule, name, strlen(name)));
}

const char *act_program(const struct act *a)
{
	const char *slash = strrchr(a->argv[0].p, '/');

	return slash != NULL ? slash + 1 : a->argv[0].p;
}

bool act_is(const struct act *a, const char *const *programs)
{
	const char *name = act_program(a);

	while (*programs != NULL && strcmp(*programs, name) != 0)
		programs++;
	return *programs != NULL;
}

bool field_home(const struct field *f)
{
	return f->kind == CONFIDENCE_PATTERN && (f->flags & FIELD_HOME) != 0 && f->n > 2 && f->p[1] == '/' && strpbrk(f->p, "*?[\\") == NULL;
}

bool name_match(const struct pword *w, const struct act *a, bool sure)
{
	const struct field *f = &a->argv[0];
	const char *slash;

	if (w->many)
		return true;
	/* A command that is not known is never allowed; by name it is not denied either, so that a person can be asked. */
	if (f->kind != CONFIDENCE_EXACT && (sure || !field_home(f)))
		return false;
	if (w->any)
		return true;
	/* Nearly always: a bare name, which is all that the index of names lets through. */
	if (w->literal && strcmp(w->plain, f->p) == 0 && strchr(f->p, '/') == NULL)
		return true;
	slash = strrchr(f->p, '/');
	if (strchr(w->plain, '/') != NULL)
		return slash != NULL ? program_match(w, a, sure) : !sure && usual_name(w->text) != NULL && glob_match(usual_name(w->text), f->p, f->n);
	/* A bare name is the program in the usual directories; a deny rule means it wherever it lies. */
	if (slash != NULL && sure && a->tool == NULL)
		return false;
	if (slash != NULL)
		slash++;
	else
		slash = f->p;
	return w->literal ? strcmp(w->plain, slash) == 0 : glob_match(w->text, slash, strlen(slash));
}
