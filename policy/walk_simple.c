/* Assignments, redirections and simple commands of a walk: what is known of them, and which acts they are. */
#include <string.h>

#include "base/err.h"
#include "policy/command.h"
#include "policy/path.h"
#include "policy/word_build.h"

/* ---- Assignments ------------------------------------------------------------------------------------------------------- */

void walk_touched(struct walk *w, const char *name, size_t n, const struct field *value, bool exported, struct sh_pos at)
{
	const struct var_slot *v = state_get(&w->state, name, n);
	enum var_class class = table_var(name, n);

	exported = exported || (v != NULL && v->exported);
	if (class == VAR_DANGEROUS && !var_value_harmless(name, n, value))
		walk_eval(w, at, "a variable that changes what runs");
	else if (class == VAR_DANGEROUS)
		; /* with this value it starts nothing */
	else if (exported && class != VAR_HARMLESS)
		walk_eval(w, at, "a variable for programs, whose effect is in no table");
	if (w->dialect == DIALECT_ZSH && !field_number(value) && integers_have(w, name, n))
		walk_eval(w, at, "a variable that arithmetic makes an integer: what it is given is evaluated");
	state_set(w, name, n, value, exported);
}

void walk_assigned(struct walk *w, const char *name, size_t n, const struct field *value, bool exported, struct sh_pos at)
{
	if (!var_value_plain(name, n, value->kind == CONFIDENCE_EXACT ? value->p : "?", value->kind == CONFIDENCE_EXACT ? value->n : 1))
		walk_eval(w, at, name[0] == 'L' && n != 8 ? "a locale in which bytes may be other characters: C, POSIX and those of UTF-8 are known"
							  : "a time zone or translations that are not known by their names, but may be any file");
	walk_touched(w, name, n, value, exported, at);
}

static void walk_assign(struct walk *w, const struct sh_assign *a, bool exported)
{
	struct field value;

	if (a->subscript != NULL) {
		bool number = a->subscript->parts != NULL && a->subscript->parts->next == NULL && a->subscript->parts->kind == SH_LITERAL;

		if (number) {
			for (uint32_t i = 0; i < a->subscript->parts->text.n; i++)
				number = number && a->subscript->parts->text.p[i] >= '0' && a->subscript->parts->text.p[i] <= '9';
		}
		if (!number || w->dialect == DIALECT_ZSH) {
			word_arith(w, a->subscript);
			walk_eval(w, a->at, "an assignment to an array element, whose subscript is evaluated");
		}
	}
	if (a->is_array) {
		for (const struct sh_element *e = a->elements; e != NULL; e = e->next) {
			if (e->index != NULL) {
				word_arith(w, e->index);
				walk_eval(w, a->at, "an array element by subscript, which is evaluated");
			}
			word_scan_fields(w, e->value);
		}
		value = field_opaque(0);
	} else {
		value = word_single(w, a->value, WORD_VALUE);
		if (a->subscript != NULL) {
			value = field_opaque(0);
		} else if (a->append) {
			const struct var_slot *v = state_get(&w->state, a->name.p, a->name.n);

			if (v != NULL && v->value.kind == CONFIDENCE_EXACT && value.kind == CONFIDENCE_EXACT) {
				char *t = arena_alloc(w->r->arena, (size_t)v->value.n + value.n + 1);

				if (t == NULL) {
					w->r->failed = true;
					return;
				}
				memcpy(t, v->value.p, v->value.n);
				memcpy(t + v->value.n, value.p, value.n);
				value = field_exact(w, t, (size_t)v->value.n + value.n);
			} else {
				value = field_opaque(0);
			}
		}
	}
	walk_assigned(w, a->name.p, a->name.n, &value, exported, a->at);
}

/* ---- Redirections ------------------------------------------------------------------------------------------------------ */

static bool redir_digits(const struct walk *w, const struct field *f)
{
	uint32_t i = 0;

	if (f->kind != CONFIDENCE_EXACT || f->n == 0)
		return false;
	while (i < f->n && f->p[i] >= '0' && f->p[i] <= '9')
		i++;
	/* Only bash moves a descriptor: to others 1- is a file. */
	return i == f->n || (i > 0 && i + 1 == f->n && f->p[i] == '-' && w->dialect == DIALECT_BASH);
}

/* Descriptors of output stay what they were: a file that was opened for reading would be opened for writing by the name /dev/stdout, and one that
 * a program opens takes the place of an output that was closed, and gets what is printed. A target that is no number is a file, and judged as one. */
static bool redir_output_stays(const struct walk *w, const struct sh_redir *r, const struct field *f)
{
	static const char *const stays[] = { "1", "2", NULL };
	bool out = r->fd == 1 || r->fd == 2;

	switch (r->op) {
	case SH_REDIR_IN:
	case SH_REDIR_RDWR:
	case SH_REDIR_DUPIN:
	case SH_REDIR_HERE:
	case SH_REDIR_HERESTR:
		return !out;
	case SH_REDIR_DUPOUT:
		return !(out || r->fd < 0) || (f->kind == CONFIDENCE_EXACT && (command_in(stays, f->p) || (strcmp(f->p, "-") != 0 && !redir_digits(w, f))));
	default:
		return true;
	}
}

/* Whether standard output is a terminal behind a redirection to f. A name of the devices, and one that is not known, may lead to that of
 * the session. */
static bool redir_tty(const struct walk *w, const struct sh_redir *r, const struct field *f)
{
	static const char *const none[] = { "/dev/null", "/dev/zero", "/dev/full", NULL };
	const struct sh_part *x = r->target != NULL ? r->target->parts : NULL;
	struct field cwd = state_cwd(&w->state);
	struct path_use u;
	char out[PATH_BUF];

	/* >&1 leaves it what it is, >&- closes it. */
	if (r->op == SH_REDIR_DUPOUT && f->kind == CONFIDENCE_EXACT && (strcmp(f->p, "1") == 0 || strcmp(f->p, "-") == 0))
		return w->stdout_tty;
	if (r->op == SH_REDIR_DUPOUT && redir_digits(w, f))
		return w->r->q->has_pty;
	if (x != NULL && x->next == NULL && x->kind == SH_PROCSUB)
		return false;
	path_resolve(&cwd, f, 0, &u, out);
	if (u.path.kind != CONFIDENCE_EXACT || u.dots)
		return w->r->q->has_pty;
	for (unsigned i = 0; none[i] != NULL; i++) {
		if (strcmp(none[i], u.path.p) == 0)
			return false;
	}
	return w->r->q->has_pty && (strncmp(u.path.p, "/dev/", 5) == 0 || strncmp(u.path.p, "/proc/", 6) == 0);
}

static void walk_redirect_path(struct walk *w, const struct sh_redir *r, unsigned effects, const struct field *f)
{
	struct act *a;

	if (f->kind == CONFIDENCE_EXACT && (strncmp(f->p, "/dev/tcp/", 9) == 0 || strncmp(f->p, "/dev/udp/", 9) == 0)) {
		walk_eval(w, r->at, "a redirection to the network");
		return;
	}
	/* In bash a path that is not known may be /dev/tcp/HOST/PORT. */
	if (f->kind == CONFIDENCE_OPAQUE && w->dialect == DIALECT_BASH &&
	    (f->n < 2 || strncmp(f->p, "/dev/tcp/", f->n < 9 ? f->n : 9) == 0 || strncmp(f->p, "/dev/udp/", f->n < 9 ? f->n : 9) == 0)) {
		walk_eval(w, r->at, "a redirection to a path that is not known, and may be one to the network");
		return;
	}
	a = walk_act(w, ACT_REDIRECT, r->at);
	if (a == NULL)
		return;
	a->confidence = f->kind;
	path_add(w, a, effects, f, 0);
}

/* Some shells expand all of a command's targets and assigned values with the input that the command was given, some with what the
 * redirections before made of it: behind one of those it is an input that is not known. Gives what to put back. */
static enum stdin_kind redir_stdin_doubt(struct walk *w)
{
	enum stdin_kind in = w->stdin_kind;

	if (w->stdin_redirected)
		w->stdin_kind = STDIN_FILE;
	return in;
}

/* What a redirection leads to: a file's name or a descriptor's number, or the text of a here-document or here-string. */
static struct field redir_target(struct walk *w, const struct sh_redir *r)
{
	struct field f = field_opaque(0);
	enum stdin_kind in = redir_stdin_doubt(w);

	if (r->op == SH_REDIR_HERE) {
		f = word_single(w, r->body, WORD_VALUE);
	} else if (r->op == SH_REDIR_HERESTR) {
		f = word_single(w, r->target, WORD_VALUE);
		if (f.kind == CONFIDENCE_EXACT) {
			char *t = arena_alloc(w->r->arena, (size_t)f.n + 2);

			if (t == NULL) {
				w->r->failed = true;
				return field_opaque(0);
			}
			memcpy(t, f.p, f.n);
			t[f.n] = '\n';
			f.p = t;
			f.n++;
		}
	} else {
		struct field many[2];
		int n = word_fields(w, r->target, many, 2);

		if (brace_any(r->target->parts)) {
			walk_eval(w, r->at, "braces in a redirection, which shells read differently");
		} else if (n == 1) {
			f = many[0];
			if (f.kind == CONFIDENCE_PATTERN && (f.flags & FIELD_MULTI) != 0 && w->dialect != DIALECT_BASH && w->dialect != DIALECT_ZSH)
				f = field_opaque(0); /* some shells glob a target, some do not */
		}
	}
	w->stdin_kind = in;
	return f;
}

void walk_redir(struct walk *w, const struct sh_redir *r)
{
	struct field f;
	int fd = r->fd;
	bool again;

	if (r->fd_name.n > 0) {
		/* A number when it came to that; with >&- the name is read instead. */
		struct field number = field_opaque(0);

		walk_assigned(w, r->fd_name.p, r->fd_name.n, &number, false, r->at);
		fd = 10;
	}
	f = redir_target(w, r);
	if (!redir_output_stays(w, r, &f))
		walk_eval(w, r->at, "an output that is closed, or becomes what was opened for something else: >/dev/null throws it away");
	/* zsh reads several inputs, a pipe too, one behind the other. */
	again = w->dialect == DIALECT_ZSH && (w->stdin_redirected || w->stdin_kind == STDIN_PIPE);
	if (fd == 0 || (fd < 0 && (r->op == SH_REDIR_IN || r->op == SH_REDIR_RDWR || r->op == SH_REDIR_DUPIN || r->op == SH_REDIR_HERE || r->op == SH_REDIR_HERESTR)))
		w->stdin_redirected = true;
	else
		again = false;
	switch (r->op) {
	case SH_REDIR_IN:
		walk_redirect_path(w, r, EFFECT_READ, &f);
		if (fd <= 0)
			w->stdin_kind = f.kind == CONFIDENCE_EXACT && strcmp(f.p, "/dev/null") == 0 ? STDIN_NULL : STDIN_FILE;
		break;
	case SH_REDIR_RDWR:
		walk_redirect_path(w, r, EFFECT_READ | EFFECT_WRITE, &f);
		if (fd <= 0)
			w->stdin_kind = STDIN_FILE;
		break;
	case SH_REDIR_DUPIN:
		if (fd <= 0)
			w->stdin_kind = STDIN_FILE;
		if (!redir_digits(w, &f) && !(f.kind == CONFIDENCE_EXACT && strcmp(f.p, "-") == 0))
			walk_eval(w, r->at, "a descriptor that is not a number");
		break;
	case SH_REDIR_DUPOUT:
		if (fd == 0)
			w->stdin_kind = STDIN_FILE;
		if (fd < 0 || fd == 1)
			w->stdout_tty = redir_tty(w, r, &f);
		if (redir_digits(w, &f) || (f.kind == CONFIDENCE_EXACT && strcmp(f.p, "-") == 0))
			break;
		walk_redirect_path(w, r, EFFECT_WRITE, &f);
		break;
	case SH_REDIR_OUT:
	case SH_REDIR_CLOBBER:
	case SH_REDIR_APPEND:
	case SH_REDIR_BOTH:
	case SH_REDIR_BOTHAPP:
		walk_redirect_path(w, r, EFFECT_WRITE, &f);
		if (fd < 0 || fd == 1)
			w->stdout_tty = redir_tty(w, r, &f);
		if (fd == 0)
			w->stdin_kind = STDIN_FILE;
		break;
	case SH_REDIR_HERE:
	case SH_REDIR_HERESTR:
		if (fd <= 0) {
			w->stdin_kind = STDIN_TEXT;
			w->stdin_text = f;
		}
		break;
	}
	if (again)
		w->stdin_kind = STDIN_FILE;
}

/* ---- Simple commands ------------------------------------------------------------------------------------------------------ */

/* exec, also behind the words that only say where to look for it. */
static bool simple_execs(const struct field *argv, unsigned argc)
{
	for (unsigned i = 0; i < argc; i++) {
		if (argv[i].kind != CONFIDENCE_EXACT)
			return false;
		if (strcmp(argv[i].p, "exec") == 0)
			return true;
		if (strcmp(argv[i].p, "command") != 0 && strcmp(argv[i].p, "builtin") != 0 && argv[i].p[0] != '-')
			return false;
	}
	return false;
}

static void simple_run(struct walk *w, const struct sh_command *c);

void walk_simple(struct walk *w, const struct sh_command *c)
{
	struct doubt d;

	if (c->redirs == NULL) {
		simple_run(w, c);
		return;
	}
	/* Where a redirection fails the command does not run, and assigns nothing. Any can: descriptors may be closed, or none be left. */
	d = walk_doubt(w);
	simple_run(w, c);
	walk_doubt_end(w, &d);
}

static bool redir_feeds(const struct sh_redir *r)
{
	return (r->op == SH_REDIR_HERE || r->op == SH_REDIR_HERESTR) && r->fd <= 0 && r->fd_name.n == 0;
}

/* Whether nothing but the command may read of the text that is its input: what a substitution in an assignment or in another redirection
 * runs, some shells give the same. */
static bool simple_input_whole(const struct sh_command *c)
{
	for (const struct sh_assign *a = c->simple->assigns; a != NULL; a = a->next) {
		if (a->is_array || a->subscript != NULL || (a->value != NULL && !ast_word_exact(a->value)))
			return false;
	}
	for (const struct sh_redir *r = c->redirs; r != NULL; r = r->next) {
		if (!redir_feeds(r) && !ast_word_exact(r->op == SH_REDIR_HERE ? r->body : r->target))
			return false;
	}
	return true;
}

static void simple_run(struct walk *w, const struct sh_command *c)
{
	const struct sh_simple *s = c->simple;
	struct field *argv = NULL;
	unsigned argc = 0, cap = s->nwords + 32;
	enum stdin_kind in;
	struct doubt before;
	bool overflow = false, tty = w->stdout_tty;

	if (s->words != NULL) {
		argv = arena_room(w->r->arena, cap * sizeof(*argv));
		if (argv == NULL) {
			w->r->failed = true;
			return;
		}
	}
	for (const struct sh_word *word = s->words; word != NULL && !w->r->failed; word = word->next) {
		int n;

		if (word->assign != NULL) {
			/* A declaration's argument: what it assigns is told apart; as a word it is never split. */
			const struct sh_assign *a = word->assign;
			struct field f;

			in = w->stdin_kind;
			if (c->redirs != NULL)
				w->stdin_kind = STDIN_FILE; /* zsh expands it behind the redirections */
			if (word->parts != NULL) {
				f = word_single(w, word, WORD_VALUE);
			} else {
				walk_assign(w, a, false);
				f = field_opaque(FIELD_NAME);
				f.p = a->name.p;
				f.n = a->name.n;
			}
			w->stdin_kind = in;
			if (argc == cap) {
				overflow = true;
				break;
			}
			argv[argc++] = f;
			continue;
		}
		n = word_fields(w, word, argv + argc, cap - argc);
		if (n < 0 && cap < MAX_FIELDS) {
			struct field *more = arena_alloc(w->r->arena, MAX_FIELDS * sizeof(*more));

			if (more == NULL) {
				w->r->failed = true;
				return;
			}
			memcpy(more, argv, argc * sizeof(*more));
			argv = more;
			cap = MAX_FIELDS;
			n = word_fields(w, word, argv + argc, cap - argc);
		}
		if (n < 0) {
			overflow = true;
			break;
		}
		argc += (unsigned)n;
	}
	if (w->r->failed)
		return;
	if (overflow || argc > MAX_FIELDS) {
		walk_eval(w, c->at, "more words than the limit");
		return;
	}
	if (argc == 0 && c->redirs != NULL) {
		/* Without a command bash assigns first. */
		for (const struct sh_assign *a = s->assigns; a != NULL; a = a->next) {
			struct field f = field_opaque(0);

			walk_assigned(w, a->name.p, a->name.n, &f, false, a->at);
		}
	}
	for (const struct sh_redir *r = c->redirs; r != NULL && walk_spend(w, 1); r = r->next)
		walk_redir(w, r);
	in = redir_stdin_doubt(w);
	if (argc == 0) {
		for (const struct sh_assign *a = s->assigns; a != NULL; a = a->next)
			walk_assign(w, a, false);
		w->stdin_kind = in;
		if (s->words != NULL)
			walk_eval(w, c->at, "a command word that may be empty");
		else if (w->dialect == DIALECT_ZSH && c->redirs != NULL)
			walk_eval(w, c->at, "a redirection alone, for which zsh starts a program");
		return;
	}
	before = walk_doubt(w); /* zsh expands them where the command runs */
	/* In mksh none sees what the ones before it were given. */
	for (const struct sh_assign *a = s->assigns; a != NULL; a = a->next) {
		struct field f = field_opaque(0);

		state_set(w, a->name.p, a->name.n, &f, false);
	}
	for (const struct sh_assign *a = s->assigns; a != NULL; a = a->next) {
		/* IFS= read -r line: for this one command, which only fills variables. */
		if (argv[0].kind == CONFIDENCE_EXACT && strcmp(argv[0].p, "read") == 0 && a->name.n == 3 && memcmp(a->name.p, "IFS", 3) == 0 && !a->is_array &&
		    a->subscript == NULL && !a->append && a->next == NULL) {
			word_scan(w, a->value);
			continue;
		}
		walk_assign(w, a, true);
	}
	walk_doubt_end(w, &before);
	w->stdin_kind = in == STDIN_TEXT && !simple_input_whole(c) ? STDIN_FILE : in;
	/* exec without a command keeps its redirections for everything after it. */
	if (simple_execs(argv, argc)) {
		for (const struct sh_redir *r = c->redirs; r != NULL; r = r->next) {
			if (r->fd == 0 || (r->fd < 0 && (r->op == SH_REDIR_IN || r->op == SH_REDIR_RDWR || r->op == SH_REDIR_DUPIN || r->op == SH_REDIR_HERE ||
							 r->op == SH_REDIR_HERESTR)))
				walk_eval(w, r->at, "exec gives everything that follows another standard input");
		}
		if (w->stdout_tty && !tty)
			walk_eval(w, c->at, "exec makes the terminal the standard output of everything that follows");
	}
	command_run(w, argv, argc, c->at, s);
	/* What stood before a builtin may stay assigned, before a program it does not: not known. */
	for (const struct sh_assign *a = s->assigns; a != NULL; a = a->next) {
		struct field f = field_opaque(0);

		state_set(w, a->name.p, a->name.n, &f, true);
	}
}
