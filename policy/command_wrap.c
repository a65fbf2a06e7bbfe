/* Wrappers: where the tables say that the inner command begins, it is judged as if it stood alone. */
#include "policy/command.h"

#include <string.h>

#include "base/err.h"
#include "policy/shell/parse.h"

/* ---- Wrappers ---------------------------------------------------------------------------------------------------------------------- */

/* env -S: splits as env does; forms with escapes or variables are not read. */
static bool command_split(struct walk *w, const char *p, struct field *out, unsigned cap, unsigned *n)
{
	*n = 0;
	/* It parts words at some more bytes, which nobody writes there. */
	for (const char *c = p; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 && *c != '\t' && *c != '\n')
			return false;
	}
	while (*p != '\0') {
		char *text;
		size_t len = 0;

		while (*p == ' ' || *p == '\t' || *p == '\n')
			p++;
		if (*p == '\0')
			break;
		text = arena_alloc(w->r->arena, strlen(p) + 1);
		if (text == NULL) {
			w->r->failed = true;
			return false;
		}
		while (*p != '\0' && *p != ' ' && *p != '\t' && *p != '\n') {
			if (*p == '\\' || *p == '$' || *p == '#')
				return false;
			if (*p == '\'' || *p == '"') {
				char q = *p++;

				while (*p != '\0' && *p != q) {
					if (*p == '\\' || *p == '$')
						return false;
					text[len++] = *p++;
				}
				if (*p++ != q)
					return false;
				continue;
			}
			text[len++] = *p++;
		}
		if (*n == cap)
			return false;
		out[(*n)++] = field_exact(w, text, len);
	}
	return true;
}

/* Where in a word what a program puts another text for begins, or may begin: the rest of it may lie in what is not known of the word, and
 * the name of a file that a pattern becomes can hold it. NULL: nowhere. */
const char *command_hole(const struct field *f, const char *what)
{
	for (uint32_t i = 0; i < f->n; i++) {
		size_t k = 0;

		if (f->kind == CONFIDENCE_PATTERN && strchr("*?[\\", f->p[i]) != NULL)
			return f->p + i;
		while (what[k] != '\0' && i + k < f->n && f->p[i + k] == what[k])
			k++;
		if (what[k] == '\0' || (k > 0 && ((f->kind == CONFIDENCE_OPAQUE && i + k == f->n) ||
						 (f->kind == CONFIDENCE_PATTERN && i + k < f->n && strchr("*?[\\", f->p[i + k]) != NULL))))
			return f->p + i;
	}
	return NULL;
}

void command_wrapper(struct walk *w, struct act *a, const struct parsed *p, unsigned depth, const struct sh_simple *simple)
{
	const struct tool *t = a->tool;
	struct field *inner = NULL;
	struct place here = state_place(&w->state);
	unsigned n = 0;
	bool changed_cwd = false;

	if (p->unknown) {
		act_opaque(a, command_unknown(w, p->unknown_word));
		return;
	}
	/* command -v NAME and sudo -l CMD only tell of the words behind; of the others what stands there is judged all the same. */
	if (p->stop && ((p->inner_at < 0 && p->inner_text < 0 && p->split_text < 0) || strcmp(t->name, "command") == 0 || strcmp(t->name, "sudo") == 0)) {
		a->effects = EFFECT_READ | (a->effects & EFFECT_CHANGE);
		return;
	}
	if ((p->mods & OPT_CWD) != 0 || (t->flags & TOOL_ELSEWHERE) != 0 || ((t->flags & TOOL_MOVES) != 0 && (p->mods & OPT_HERE) == 0)) {
		struct place to = place_nowhere();

		changed_cwd = true;
		if (p->cwd_at >= 0 && !(t->flags & TOOL_ELSEWHERE))
			to = path_directory(w, &a->argv[p->cwd_at], p->cwd_off);
		state_set_place(w, &to);
	}
	if (p->inner_text >= 0) {
		struct field text = a->argv[p->inner_text];
		/* Behind su's user stand the parameters of the text. */
		bool others = p->inner_at >= 0 || a->nops > (t->then != THEN_NONE ? t->skip : 1);

		if (text.kind == CONFIDENCE_EXACT) {
			text.p += p->inner_off;
			text.n -= p->inner_off;
		}
		if (others) {
			act_opaque(a, "both a text and a command to run");
		} else {
			a->neutral = (a->effects & ~(unsigned)EFFECT_PRIV) == 0 && a->paths == NULL;
			command_text(w, "sh", &text, NULL, 0, a, a->at);
			/* su and runuser give it to the user's shell, which may be the one that this text is for. */
			if ((w->dialect == DIALECT_ZSH || w->dialect == DIALECT_MKSH) && (strcmp(t->name, "su") == 0 || strcmp(t->name, "runuser") == 0))
				command_text(w, w->dialect == DIALECT_ZSH ? "zsh" : "mksh", &text, NULL, 0, a, a->at);
		}
		goto out;
	}
	if (p->split_text >= 0) {
		struct field *words = arena_alloc(w->r->arena, 256 * sizeof(*words));
		const struct field *f = &a->argv[p->split_text];
		unsigned rest = a->argc - (unsigned)p->inner_at;

		if (words == NULL) {
			w->r->failed = true;
			return;
		}
		words[0] = a->argv[0];
		if (f->kind != CONFIDENCE_EXACT || rest > 100 || !command_split(w, f->p + p->split_off, words + 1, 100, &n)) {
			act_opaque(a, "-S with a text that is not split here");
			goto out;
		}
		if (rest > 0)
			memcpy(words + 1 + n, a->argv + p->inner_at, rest * sizeof(*words));
		/* The result is read as arguments of env again. */
		a->neutral = true;
		command_argv(w, words, n + 1 + rest, a->at, a, depth + 1, simple);
		goto out;
	}
	if (t->then == THEN_SHELL && p->inner_at >= 0) {
		size_t len = 1;
		char *text;
		bool exact = true;

		for (unsigned i = (unsigned)p->inner_at; i < a->argc; i++) {
			exact = exact && a->argv[i].kind == CONFIDENCE_EXACT;
			len += a->argv[i].n + 1;
		}
		text = arena_alloc(w->r->arena, len);
		if (text == NULL) {
			w->r->failed = true;
			return;
		}
		len = 0;
		for (unsigned i = (unsigned)p->inner_at; exact && i < a->argc; i++) {
			if (i > (unsigned)p->inner_at)
				text[len++] = ' ';
			memcpy(text + len, a->argv[i].p, a->argv[i].n);
			len += a->argv[i].n;
		}
		{
			struct field f = exact ? field_exact(w, text, len) : field_opaque(0);

			a->neutral = (a->effects & ~(unsigned)EFFECT_PRIV) == 0 && a->paths == NULL;
			command_text(w, "sh", &f, NULL, 0, a, a->at);
		}
		goto out;
	}
	if (p->inner_at < 0) {
		a->effects |= t->bare;
		if (t->then == THEN_NONE && a->argc > 1 && (t->bare & EFFECT_EXEC) != 0)
			act_opaque(a, "what it runs is not read here");
		goto out;
	}
	inner = a->argv + p->inner_at;
	n = a->argc - (unsigned)p->inner_at;
	if (t->flags & TOOL_MORE) {
		struct field *more = arena_alloc(w->r->arena, (n + 1) * sizeof(*more));

		if (more == NULL) {
			w->r->failed = true;
			return;
		}
		for (unsigned i = 0; i < n; i++) {
			const struct field *f = &inner[i];
			const char *hole = p->replace != NULL ? command_hole(f, p->replace) : NULL;

			more[i] = *f;
			if (hole != NULL) {
				more[i] = field_opaque(f->flags & FIELD_MULTI);
				more[i].n = (f->flags & FIELD_HOME) != 0 ? 0 : (uint32_t)(hole - f->p);
				more[i].p = arena_copy(w->r->arena, f->p, more[i].n);
				/* Each of the words that a pattern becomes begins as it does; of those that a text parts into only the first. */
				if (hole != f->p && (f->flags & FIELD_NODASH) != 0 && ((f->flags & FIELD_HOME) == 0 || hole - f->p > 1) &&
				    !(f->kind == CONFIDENCE_OPAQUE && (f->flags & FIELD_MULTI) != 0))
					more[i].flags |= FIELD_NODASH;
				if (more[i].p == NULL)
					w->r->failed = true;
			}
		}
		if (p->replace == NULL)
			more[n++] = field_opaque(FIELD_MULTI);
		inner = more;
	}
	a->neutral = (a->effects & ~(unsigned)(EFFECT_PRIV | EFFECT_READ)) == 0;
	for (const struct path_use *u = a->paths; u != NULL; u = u->next) {
		if (u->effects & ~(unsigned)EFFECT_READ)
			a->neutral = false;
	}
	{
		enum stdin_kind in = w->stdin_kind;
		bool outside = w->outside, pathless = w->pathless;
		unsigned mark = state_mark(&w->state);

		/* GNU xargs gives it /dev/null, but its own with -a and the terminal with -o; that of busybox always gives its own. */
		if (t->flags & TOOL_MORE)
			w->stdin_kind = STDIN_PIPE;
		/* command and builtin look for the shell's own; zsh's command looks for programs, as all others do. */
		if (strcmp(t->name, "builtin") != 0 && (strcmp(t->name, "command") != 0 || w->dialect == DIALECT_ZSH))
			w->outside = true;
		if (p->homeless) {
			struct field home = field_opaque(0);

			state_set(w, "HOME", 4, &home, true);
		}
		w->pathless = pathless || p->pathless;
		command_argv(w, inner, n, a->at, a, depth + 1, (t->flags & TOOL_MORE) ? NULL : simple);
		w->pathless = pathless;
		if (p->homeless)
			state_undo(&w->state, mark);
		w->outside = outside;
		w->stdin_kind = in;
	}
out:
	if (changed_cwd)
		state_set_place(w, &here);
}
