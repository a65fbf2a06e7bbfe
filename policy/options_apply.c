/* What an option means, once it was found in an argv: effects, paths, modes, and where versions of a tool read it differently. */
#include "policy/options_scan.h"

#include <string.h>
#include <strings.h>

#include "policy/word_build.h"

void scan_unknown(struct scan *s, const char *word)
{
	if (!s->p->unknown)
		s->p->unknown_word = word;
	s->p->unknown = true;
}

void scan_note(struct scan *s, const struct opt *o, int arg, size_t off)
{
	struct act_opt *n = &s->a->opts[s->a->nopts];

	/* opts has room for one a byte of every option word: see options_read(). */
	n->group = o != NULL ? o->group : 0;
	n->at = (uint16_t)s->i;
	n->arg = (int16_t)arg;
	n->arg_off = (uint16_t)off;
	s->a->nopts++;
}

/* A decimal number that no tool cuts to fewer bits, which would make another one of it; a fraction may follow. */
static bool scan_is_number(const char *p, size_t n)
{
	static const char digits[] = "0123456789";
	size_t sign = n > 0 && (*p == '-' || *p == '+') ? 1 : 0, whole = n > sign ? strspn(p + sign, digits) : 0, at = sign + whole;

	if (whole < 1 || whole > 9)
		return false;
	return at == n || (p[at] == '.' && at + 1 + strspn(p + at + 1, digits) == n);
}

/* read -p WORD: to a shell where -p takes nothing, the word is the variable that is read, or NAME?PROMPT. */
static void scan_mayname(struct scan *s, const struct opt *o, const struct field *f, size_t off)
{
	struct field value = field_opaque(0);
	size_t n = 0;

	if (f->kind != CONFIDENCE_EXACT) {
		scan_unknown(s, o->name);
		return;
	}
	while ((f->p[off + n] >= 'a' && f->p[off + n] <= 'z') || (f->p[off + n] >= 'A' && f->p[off + n] <= 'Z') || f->p[off + n] == '_' ||
	       (n > 0 && word_digit(f->p[off + n])))
		n++;
	if (n > 0 && f->p[off + n] == '[')
		scan_unknown(s, o->name);
	else if (n > 0 && (off + n == f->n || f->p[off + n] == '?'))
		walk_assigned(s->w, arena_copy(s->w->r->arena, f->p + off, n), n, &value, false, s->a->at);
}

/* Where versions of a tool read a word differently, only what all of them read alike is known. */
static void scan_strict(struct scan *s, const struct opt *o, int arg, size_t off)
{
	const struct field *word = &s->a->argv[arg > 0 && off == 0 ? (unsigned)arg - 1 : s->i];
	const struct field *f = arg >= 0 ? &s->a->argv[arg] : NULL;
	/* Attached, a sign may belong to the option: -n-1 of git tag is none at all. */
	bool number = f != NULL && ((f->kind == CONFIDENCE_EXACT && scan_is_number(f->p + off, f->n - off) && (off == 0 || word_digit(f->p[off]))) ||
				    (off == 0 && (f->flags & FIELD_NUMERIC) != 0 && (f->flags & FIELD_MULTI) == 0));

	if ((o->mods & OPT_ALONE) != 0 && (word->n < o->len || memcmp(word->p, o->name, o->len) != 0 || (word->n > o->len && off == 0)))
		scan_unknown(s, o->name);
	if ((o->mods & OPT_APART) != 0 && off > 0 && o->name[1] != '-' && !((o->mods & OPT_NUMBER) != 0 && number))
		scan_unknown(s, o->name);
	for (size_t k = off; (o->mods & OPT_LETTERS) != 0 && f != NULL && k > 0 && k < f->n && o->name[1] != '-'; k++) {
		const char name[3] = { '-', f->p[k], '\0' };
		const struct opt *letter = options_find(s->tool, name, 2);

		if (letter != NULL && letter->effects != 0)
			scan_unknown(s, o->name);
	}
	if ((o->mods & OPT_NUMBER) != 0 && f != NULL && !number)
		scan_unknown(s, o->name);
	/* zsh's read takes a number for the parameter that it is. */
	if ((o->mods & OPT_NUMBER) != 0 && s->tool->prog == PROG_NAMES && s->w->dialect == DIALECT_ZSH)
		s->w->state.params_known = false;
	if ((o->mods & OPT_MAYNAME) != 0 && f != NULL)
		scan_mayname(s, o, f, off);
}

/* xargs: -I puts words in, -n and -L add them. Of both the last one holds, or the first: which is not known then. */
static void scan_xargs(struct scan *s, const struct opt *o, int arg, size_t off)
{
	const struct field *f = arg >= 0 ? &s->a->argv[arg] : NULL;
	bool fills = o->name[1] == 'I' || o->name[1] == 'i' || strcmp(o->name, "--replace") == 0;
	bool each = o->name[1] == 'n' || strcmp(o->name, "--max-args") == 0;
	bool counts = each || o->name[1] == 'L' || o->name[1] == 'l' || strcmp(o->name, "--max-lines") == 0;

	s->fills = s->fills || fills;
	s->counts = s->counts || (counts && !(each && f != NULL && f->kind == CONFIDENCE_EXACT && strcmp(f->p + off, "1") == 0));
	if (s->fills && s->counts)
		scan_unknown(s, "an -I together with -n or -L");
	if (!fills)
		return;
	/* Of several the last one holds, or each; and nobody replaces an empty string. */
	if (s->p->replace != NULL || (f != NULL && (f->kind != CONFIDENCE_EXACT || f->n == off)))
		scan_unknown(s, o->name);
	s->p->replace = f != NULL && f->kind == CONFIDENCE_EXACT && f->n > off ? f->p + off : "{}";
}

/* lsof -i [46][protocol][@host][:service]: a name is looked up, and one that is not known may be the content of a file. Behind a colon that
 * no @ comes before is only a service. */
static void scan_host(struct scan *s, const struct opt *o, int arg, size_t off)
{
	const struct field *f;
	const char *host, *colon;

	/* Without one attached, the next word is it, unless that is an option. */
	if (arg < 0 && (o->arg != OPT_MAYBE || s->i + 1 >= s->a->argc))
		return;
	f = &s->a->argv[arg < 0 ? s->i + 1 : (unsigned)arg];
	if (arg < 0 && f->kind == CONFIDENCE_EXACT && (f->p[0] == '-' || f->p[0] == '+'))
		return;
	host = f->n > off ? memchr(f->p + off, '@', f->n - off) : NULL;
	colon = f->n > off ? memchr(f->p + off, ':', f->n - off) : NULL;
	if (f->kind == CONFIDENCE_EXACT) {
		const char *end = host != NULL ? host + 1 + strspn(host + 1, "0123456789.") : "";

		if (*end != '\0' && *end != ':' && *end != '[')
			s->a->effects |= EFFECT_QUERY;
	} else if (f->kind == CONFIDENCE_PATTERN || host != NULL || colon == NULL) {
		s->a->effects |= EFFECT_NET;
	}
}

/* Whether a word that may name a file names a repository instead: what begins like a path does not, and one that begins with an unknown part may. */
static bool scan_fetched(const struct field *f, size_t off)
{
	static const char host[] = "github.com/";
	const char *p = f->p + (off < f->n ? off : f->n);
	size_t n = f->n - (off < f->n ? off : f->n);

	if (strstr(p, "://") != NULL || strstr(p, "git@") != NULL)
		return true;
	if (field_rooted(p, n) || (n > 2 && strncmp(p, "../", 3) == 0) || (off == 0 && (f->flags & FIELD_ROOTED) != 0))
		return false;
	if (f->kind != CONFIDENCE_EXACT)
		return true;
	return strncasecmp(p, host, sizeof(host) - 1) == 0;
}

/* Whether an argument is one with which the option does nothing. Behind a comma stand letters and numbers only: a sign may join another
 * argument to it. */
static bool scan_usual(const struct opt *o, const struct field *f, size_t off)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,/";
	size_t n, len;

	if (o->unless == NULL || f == NULL || f->kind != CONFIDENCE_EXACT || off >= f->n || strspn(f->p + off, plain) != f->n - off)
		return false;
	n = strcspn(f->p + off, ",");
	for (const char *w = o->unless; *w != '\0'; w += len, w += strspn(w, "*|")) {
		len = strcspn(w, "*|");
		if (len == n && memcmp(w, f->p + off, n) == 0 && (w[len] == '*' || off + n == f->n))
			return true;
	}
	return false;
}

static void place_note(struct parsed *p, int *at, uint32_t *where, int arg, size_t off)
{
	p->many = p->many || *at >= 0;
	*at = arg;
	*where = (uint32_t)off;
}

void scan_apply(struct scan *s, const struct opt *o, int arg, size_t off)
{
	struct parsed *p = s->p;
	struct act *a = s->a;
	uint64_t below = p->mods & OPT_BELOW;
	unsigned subs = 0;
	bool late;

	scan_strict(s, o, arg, off);
	/* Behind an operand a mode does not count for all: busybox with musl, and some BSD tools, take it for one more operand. */
	for (const struct tool *t = s->tool->parent; t != NULL; t = t->parent)
		subs++;
	late = s->nops > subs;
	/* zip -x a b @ ARCHIVE */
	if ((o->mods & OPT_LIST) != 0 && !late && off == 0)
		scan_unknown(s, o->name);
	scan_note(s, o, arg, off);
	p->mods |= late ? o->mods & ~(uint64_t)OPT_NAMED : o->mods;
	/* grep -d skip, -d read: all but recurse. */
	if ((o->mods & OPT_BELOW) != 0 && arg >= 0 && a->argv[arg].kind == CONFIDENCE_EXACT &&
	    (strcmp(a->argv[arg].p + off, "skip") == 0 || strcmp(a->argv[arg].p + off, "read") == 0))
		p->mods = below | (p->mods & ~OPT_BELOW);
	/* Where options end at the first operand, the argument is one more. */
	if (late && arg >= 0 && off == 0 && (s->tool->flags & TOOL_ANY) != 0 && (s->tool->rest & EFFECT_READ) != 0 && (o->mods & OPT_ARG_PATH) == 0 &&
	    !(a->argv[arg].kind == CONFIDENCE_EXACT && scan_is_number(a->argv[arg].p, a->argv[arg].n)))
		path_add_tree(s->w, a, EFFECT_READ, &a->argv[arg], 0, true);
	p->named_late = p->named_late || (late && arg >= 0 && (o->mods & OPT_NAMED) != 0);
	if (arg >= 0 && (o->mods & OPT_INTO) != 0)
		place_note(p, &p->into_at, &p->into_off, arg, off);
	if (arg >= 0 && (o->mods & OPT_SUFFIX) != 0)
		place_note(p, &p->suffix_at, &p->suffix_off, arg, off);
	if (arg >= 0 && (o->mods & OPT_REMOTE) != 0)
		place_note(p, &p->remote_at, &p->remote_off, arg, off);
	if ((o->mods & OPT_DOES_SET) != 0 && late) {
		s->does |= o->effects;
	} else if (o->mods & OPT_DOES_SET) {
		/* Only the default goes: what another option does, it still does. */
		s->does = (s->does_said ? s->does : 0) | o->effects;
		s->does_said = true;
	} else if (arg >= 0 && (o->mods & OPT_ARG_PATH) != 0) {
		unsigned path = o->effects & (EFFECT_READ | EFFECT_WRITE | EFFECT_DELETE);
		const struct field *f = &a->argv[arg];
		/* -f=FILE: to some the sign is no part of the name. */
		bool equals = off > 0 && o->name[1] != '-' && f->n > off + 1 && f->p[off] == '=';

		a->effects |= (uint16_t)(o->effects & ~path);
		if (!(path == EFFECT_READ && f->kind == CONFIDENCE_EXACT && strcmp(f->p + off, "-") == 0))
			path_add_tree(s->w, a, path, f, off, path == EFFECT_READ && (s->tool->flags & TOOL_BELOW) != 0 && (o->mods & OPT_CWD) == 0);
		if ((o->mods & OPT_CONFIG) != 0 &&
		    !(a->paths != NULL && a->paths->path.kind == CONFIDENCE_EXACT && !a->paths->dots && strncmp(a->paths->path.p, "/etc/", 5) == 0))
			a->effects |= EFFECT_EXEC;
		if (o->mods & OPT_REMOTE) {
			if (path_elsewhere(f, off))
				a->effects |= EFFECT_NET | EFFECT_EXEC;
			if ((o->mods & OPT_REPO) != 0 && (scan_fetched(f, off) || (equals && scan_fetched(f, off + 1))))
				a->effects |= EFFECT_NET;
		}
		if (equals)
			path_add(s->w, a, path, f, off + 1);
	} else if (!scan_usual(o, arg >= 0 ? &a->argv[arg] : NULL, off)) {
		a->effects |= o->effects;
	}
	/* Of several modes the last one counts, but for those that hold whatever comes. */
	if ((o->mods & OPT_OPS_SET) != 0 && late) {
		p->ops_set |= o->ops;
		p->ops_add |= o->ops;
	} else if ((o->mods & OPT_OPS_SET) != 0 && !p->ops_final) {
		p->has_ops_set = true;
		p->ops_set = o->ops;
		p->ops_final = (o->mods & OPT_FINAL) != 0;
	}
	if (o->mods & OPT_OPS_ADD)
		p->ops_add |= o->ops;
	if (o->mods & OPT_FIRST)
		p->first = 1;
	if ((o->mods & OPT_UNSETS) != 0 && (arg < 0 || a->argv[arg].kind != CONFIDENCE_EXACT || strcmp(a->argv[arg].p + off, "HOME") == 0))
		p->homeless = true;
	if ((o->mods & OPT_UNSETS) != 0 && (arg < 0 || a->argv[arg].kind != CONFIDENCE_EXACT || strcmp(a->argv[arg].p + off, "PATH") == 0))
		p->pathless = true;
	if (o->mods & OPT_STOP)
		p->stop = true;
	if (o->mods & OPT_DRY)
		p->dry = true;
	if (o->mods & OPT_LOCAL)
		p->local = true;
	if (o->mods & OPT_OPAQUE)
		scan_unknown(s, o->name);
	if (strcmp(s->tool->name, "xargs") == 0)
		scan_xargs(s, o, arg, off);
	if (o->mods & OPT_HOST)
		scan_host(s, o, arg, off);
	if (arg < 0)
		return;
	if ((o->mods & OPT_PORT) != 0 && (a->argv[arg].kind != CONFIDENCE_EXACT || strchr(a->argv[arg].p + off, ':') != NULL))
		a->effects |= EFFECT_NET;
	if (o->mods & OPT_FORMAT) {
		const struct field *f = &a->argv[arg];

		if (f->kind != CONFIDENCE_EXACT || f->p[off] == '@' || strstr(f->p + off, "%output") != NULL)
			a->effects |= EFFECT_WRITE;
	}
	if (o->mods & OPT_PLAIN) {
		const struct field *f = &a->argv[arg];

		if (f->kind != CONFIDENCE_EXACT || strpbrk(f->p + off, ",=") != NULL)
			scan_unknown(s, o->name);
	}
	if (o->mods & OPT_PROG) {
		const struct field *f = &a->argv[arg];

		if (p->prog_at >= 0 && s->tool->prog != PROG_SED)
			scan_unknown(s, o->name); /* two programs: joined by the tool; not read here */
		/* sed's are lines of one script; each must be whole by itself. */
		if (s->tool->prog == PROG_SED && (f->kind != CONFIDENCE_EXACT || !prog_sed_reads(f->p + off, f->n - off)))
			a->effects |= EFFECT_EXEC | EFFECT_WRITE;
		p->prog_at = arg;
		p->prog_off = (uint32_t)off;
	}
	if (o->mods & OPT_INNER) {
		if (p->inner_text >= 0)
			scan_unknown(s, o->name);
		p->inner_text = arg;
		p->inner_off = (uint32_t)off;
	}
	if (o->mods & OPT_SPLIT) {
		/* All words behind its argument come behind what it is split into; only then options are read again. */
		p->split_text = arg;
		p->split_off = (uint32_t)off;
		p->inner_at = (int)s->i + 1;
	}
	if (o->mods & OPT_CWD) {
		p->cwd_at = arg;
		p->cwd_off = (uint32_t)off;
	}
	/* Where it is no wrapper it stands before all others, and several add up: options_read() puts it back. */
	if ((o->mods & OPT_CWD) != 0 && s->tool->kind == TOOL_PLAIN) {
		struct place to = (o->mods & OPT_WHOLE) != 0 ? place_nowhere() : path_directory(s->w, &a->argv[arg], off);

		state_set_place(s->w, &to);
	}
	if (o->mods & OPT_NAMES) {
		const struct field *f = &a->argv[arg];

		if (f->kind == CONFIDENCE_EXACT && strchr(f->p + off, '[') == NULL) {
			struct field v = field_opaque(0);

			walk_assigned(s->w, f->p + off, f->n - off, &v, false, a->at);
		} else {
			scan_unknown(s, o->name);
		}
	}
}
