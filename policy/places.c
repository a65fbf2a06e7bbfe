/* Where a command writes besides the words that name it whole: a copy goes into a directory under its own name, an archive is unpacked
 * wherever the tool stands, a file is kept under its name and a suffix. Each becomes a path of the act, so that the path rules see it; what
 * cannot be told stays an effect without a place. */
#include <string.h>
#include <strings.h>

#include "policy/options_scan.h"
#include "policy/path.h"

static bool place_meta(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strchr("*?[]\\", p[i]) != NULL)
			return true;
	}
	return false;
}

static void place_at(struct scan *s, const struct field *f, size_t off, bool tree)
{
	path_add_tree(s->w, s->a, EFFECT_WRITE, f, off, tree);
}

/* Anywhere. Where a tool has files of its own, only a path tells that it is not one of those. */
static void place_unknown(struct scan *s)
{
	struct field f = field_opaque(0);

	s->a->effects |= EFFECT_WRITE;
	if ((s->tool->flags & TOOL_OWN) != 0)
		place_at(s, &f, 0, false);
}

/* The directory's word with a name behind it. False: not to be told as one word. */
static bool place_join(struct scan *s, const struct field *dir, size_t off, const char *name, size_t n, bool pattern, uint8_t flags, struct field *out)
{
	size_t len = dir->n - off;
	char *p;

	*out = *dir;
	if (dir->kind == CONFIDENCE_OPAQUE || (dir->kind == CONFIDENCE_EXACT && pattern && place_meta(dir->p + off, len)) ||
	    (dir->kind == CONFIDENCE_PATTERN && !pattern && place_meta(name, n)))
		return false;
	p = arena_alloc(s->w->r->arena, len + n + 2);
	if (p == NULL) {
		s->w->r->failed = true;
		return false;
	}
	memcpy(p, dir->p + off, len);
	p[len] = '/';
	memcpy(p + len + 1, name, n);
	p[len + 1 + n] = '\0';
	out->p = p;
	out->n = (uint32_t)(len + 1 + n);
	if (pattern)
		out->kind = CONFIDENCE_PATTERN;
	out->flags |= flags;
	return true;
}

/* The last component of a word; false when it has none of its own, or is not known. */
static bool place_name(const struct field *f, const char **name, size_t *n)
{
	size_t end = f->n, at;

	while (end > 0 && f->p[end - 1] == '/')
		end--;
	for (at = end; at > 0 && f->p[at - 1] != '/'; at--)
		;
	*name = f->p + at;
	*n = end - at;
	return f->kind != CONFIDENCE_OPAQUE && *n > 0 && !(**name == '.' && (*n == 1 || (*n == 2 && (*name)[1] == '.'))) && **name != '~';
}

/* A home directory is there already: what is copied to it goes into it. */
static bool place_home(const struct path_use *u)
{
	const char *p = u->path.p;

	if (u->path.kind == CONFIDENCE_OPAQUE || u->dots)
		return false;
	return (p[0] == '~' && strchr(p, '/') == NULL) || strcmp(p, "/root") == 0 || (strncmp(p, "/home/", 6) == 0 && p[6] != '\0' && strchr(p + 6, '/') == NULL);
}

/* cp, mv, ln, install: the last operand, or what -t names, may be a directory that the others go into. */
/* The same for tools that copy from a host: HOST:FILE has the file's name, and what DIRECTORY/ stands for has names that are not known. */
static bool place_far(const struct field *f, const char **name, size_t *n)
{
	const char *colon;

	if (!place_name(f, name, n) || f->p[f->n - 1] == '/')
		return false;
	colon = memrchr(*name, ':', *n);
	if (colon != NULL) {
		*n -= (size_t)(colon + 1 - *name);
		*name = colon + 1;
	}
	return *n > 0;
}

static void places_into(struct scan *s, unsigned from, bool tree)
{
	struct act *a = s->a;
	struct parsed *p = s->p;
	struct field here = field_exact(s->w, ".", 1);
	const struct field *dir = &here;
	unsigned to = s->nops;
	size_t off = 0;
	bool under = (p->mods & OPT_UNDER) != 0;
	bool all = (p->mods & OPT_WHOLE) != 0; /* it may be the directory itself that is made */

	if (p->into_at >= 0) {
		dir = &a->argv[p->into_at];
		off = p->into_off;
	} else if (s->nops > from + 1) {
		to = s->nops - 1;
		dir = &a->argv[a->ops[to]];
	}
	for (unsigned i = from; i < to; i++) {
		const struct field *f = &a->argv[a->ops[i]];
		const struct path_use *before = a->paths;
		struct field joined;
		const char *name;
		size_t n;
		bool named;

		if (under) {
			name = f->p;
			n = f->n;
			named = (f->flags & FIELD_HOME) == 0 && f->kind != CONFIDENCE_OPAQUE;
		} else {
			named = (s->tool->flags & TOOL_FAR) != 0 ? place_far(f, &name, &n) : place_name(f, &name, &n);
		}
		if (named && place_join(s, dir, off, name, n, f->kind == CONFIDENCE_PATTERN, f->flags & FIELD_DOTS, &joined))
			place_at(s, &joined, 0, tree);
		else
			all = true;
		/* Its .. come behind the directory. */
		if (under && all && s->a->paths == before)
			a->effects |= EFFECT_WRITE;
	}
	for (struct path_use *u = a->paths; u != NULL && (tree || all); u = u->next) {
		if (u->effects == EFFECT_WRITE && (all || !place_home(u)))
			u->tree = true;
	}
	if (dir == &here && all)
		place_at(s, &here, 0, true);
}

/* What is there before is kept under another name: behind each name that is written, the suffix. */
static void places_suffix(struct scan *s)
{
	const struct field *f = &s->a->argv[s->p->suffix_at];
	const char *suffix = f->p + s->p->suffix_off;
	size_t n = f->n - s->p->suffix_off;

	if (f->kind != CONFIDENCE_EXACT || s->p->many || place_meta(suffix, n) || memchr(suffix, '/', n) != NULL) {
		place_unknown(s);
		return;
	}
	for (struct path_use *u = s->a->paths; u != NULL; u = u->next) {
		struct path_use *k;
		char *p;

		if ((u->effects & EFFECT_WRITE) == 0 || u->path.kind == CONFIDENCE_OPAQUE)
			continue;
		k = arena_alloc(s->w->r->arena, sizeof(*k));
		p = arena_alloc(s->w->r->arena, u->path.n + n + 1);
		if (k == NULL || p == NULL) {
			s->w->r->failed = true;
			return;
		}
		memcpy(p, u->path.p, u->path.n);
		memcpy(p + u->path.n, suffix, n);
		p[u->path.n + n] = '\0';
		*k = *u;
		k->effects = EFFECT_WRITE;
		k->path.p = p;
		k->path.n += (uint32_t)n;
		/* Before the list, which is being walked. */
		k->next = s->a->paths;
		s->a->paths = k;
	}
}

/* How much of a name a decompressor cuts away without regard to dots: as it is told, or as old ones named it. */
static size_t place_suffix(const struct scan *s, const char *name, size_t n)
{
	static const char *const known[] = { "-gz", "-z", "_z" };
	const struct field *f = s->p->suffix_at >= 0 ? &s->a->argv[s->p->suffix_at] : NULL;
	size_t most = 0;

	for (unsigned i = 0; i <= sizeof(known) / sizeof(known[0]); i++) {
		const char *suffix = i > 0 ? known[i - 1] : f != NULL ? f->p + s->p->suffix_off : "";
		size_t k = strlen(suffix);

		if (k > most && k < n && strncasecmp(name + n - k, suffix, k) == 0)
			most = k;
	}
	return most;
}

/* What is written has a name that the file tells: all in its directory. */
static void place_parent(struct scan *s, struct path_use *u)
{
	size_t n = u->path.n;
	struct path_use *k = arena_alloc(s->w->r->arena, sizeof(*k));

	while (n > 1 && u->path.p[n - 1] != '/')
		n--;
	/* A home, or the root, stays. */
	if (n > 1)
		n--;
	else if (u->path.p[0] != '/')
		n = u->path.n;
	if (k == NULL) {
		s->w->r->failed = true;
		return;
	}
	*k = *u;
	k->effects = EFFECT_WRITE;
	k->tree = true;
	k->path.p = arena_copy(s->w->r->arena, u->path.p, n);
	k->path.n = (uint32_t)n;
	if (k->path.p == NULL)
		s->w->r->failed = true;
	k->next = s->a->paths;
	s->a->paths = k;
}

/* Compressors: a file whose name gains or loses an extension. */
static void places_stems(struct scan *s)
{
	const struct field *f = s->p->suffix_at >= 0 ? &s->a->argv[s->p->suffix_at] : NULL;

	if (f != NULL && (f->kind != CONFIDENCE_EXACT || s->p->many))
		s->a->effects |= EFFECT_WRITE;
	for (struct path_use *u = s->a->paths; u != NULL; u = u->next) {
		size_t end, dot, cut;
		struct path_use *k;
		char *p;

		if ((u->effects & EFFECT_WRITE) == 0 || u->path.kind == CONFIDENCE_OPAQUE)
			continue;
		if ((s->p->mods & OPT_WHOLE) != 0)
			place_parent(s, u);
		end = u->path.n;
		for (dot = end; dot > 0 && u->path.p[dot - 1] != '.' && u->path.p[dot - 1] != '/'; dot--)
			;
		cut = place_suffix(s, u->path.p, end);
		if (dot > 1 && u->path.p[dot - 1] == '.' && u->path.p[dot - 2] != '/' && end - (dot - 1) > cut)
			cut = end - (dot - 1);
		end -= cut;
		p = arena_alloc(s->w->r->arena, 2 * end + 2);
		if (p == NULL) {
			s->w->r->failed = true;
			return;
		}
		dot = 0;
		for (size_t i = 0; i < end; i++) {
			if (u->path.kind == CONFIDENCE_EXACT && place_meta(u->path.p + i, 1))
				p[dot++] = '\\';
			p[dot++] = u->path.p[i];
		}
		p[dot++] = '*';
		p[dot] = '\0';
		u->effects &= (uint16_t)~EFFECT_WRITE;
		k = arena_alloc(s->w->r->arena, sizeof(*k));
		if (k == NULL) {
			s->w->r->failed = true;
			return;
		}
		*k = *u;
		k->effects = EFFECT_WRITE;
		k->path.p = p;
		k->path.n = (uint32_t)dot;
		k->path.kind = CONFIDENCE_PATTERN;
		k->next = s->a->paths;
		s->a->paths = k;
	}
}

/* What an address is saved as: its last component, where the tool takes that as it is. A path ends where a query or a fragment begins; an
 * address without a path has a name that the tool makes; and a clone of x/.git is called x. */
static bool place_url(const struct field *f, const char **name, size_t *n)
{
	const char *scheme = f->kind == CONFIDENCE_EXACT ? strstr(f->p, "://") : NULL;
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+";

	if (f->kind != CONFIDENCE_EXACT || strpbrk(f->p, "?#;{}[]\\@%") != NULL || (scheme != NULL && strchr(scheme + 3, '/') == NULL))
		return false;
	return place_name(f, name, n) && !(*n == 4 && memcmp(*name, ".git", 4) == 0) && f->p[f->n - 1] != '/' && strspn(*name, plain) == *n;
}

/* Where the tool stands, or is told to: which files it makes there is not known, but for those that are called as an address is. */
static void places_here(struct scan *s, unsigned from)
{
	static const char *const ends[] = { "", ".git", ".bundle" };
	struct act *a = s->a;
	struct parsed *p = s->p;
	struct field here = field_exact(s->w, ".", 1);
	const struct field *dir = p->into_at >= 0 ? &a->argv[p->into_at] : &here;
	uint32_t off = p->into_at >= 0 ? p->into_off : 0;
	bool told = (s->tool->flags & TOOL_URLS) != 0 && (p->mods & OPT_WHOLE) == 0 && s->nops > from;

	if (p->many) {
		a->effects |= EFFECT_WRITE;
		return;
	}
	for (unsigned i = from; i < s->nops && told; i++) {
		struct field joined;
		const char *name;
		size_t n;

		told = place_url(&a->argv[a->ops[i]], &name, &n);
		/* x.git and x.bundle are cloned to x. */
		for (unsigned k = 0; told && k < sizeof(ends) / sizeof(ends[0]); k++) {
			size_t cut = strlen(ends[k]);

			if (cut > 0 && (n <= cut || memcmp(name + n - cut, ends[k], cut) != 0))
				continue;
			told = place_join(s, dir, off, name, n - cut, false, 0, &joined);
			if (told)
				place_at(s, &joined, 0, (s->tool->flags & TOOL_TREE) != 0);
		}
	}
	if (!told && !p->named_late) {
		const struct path_use *before = a->paths;

		place_at(s, dir, off, true);
		if (a->paths != before)
			a->paths->some = true;
	}
}

bool places_under(struct scan *s, const struct field *f, size_t off, struct field *out)
{
	if (s->p->many || f->kind == CONFIDENCE_OPAQUE || off > f->n)
		return false;
	return place_join(s, &s->a->argv[s->p->into_at], s->p->into_off, f->p + off, f->n - off, f->kind == CONFIDENCE_PATTERN, f->flags & FIELD_DOTS, out);
}

/* What other options name below the directory that `into` names, wherever that stands. */
static void places_below(struct scan *s)
{
	struct act *a = s->a;

	for (unsigned i = 0; s->p->into_at >= 0 && i < a->nopts; i++) {
		const struct act_opt *n = &a->opts[i];
		bool under = false;
		struct field f;

		for (unsigned k = 0; k < s->tool->nopts; k++)
			under = under || (s->tool->opts[k].group == n->group && (s->tool->opts[k].mods & OPT_UNDER) != 0);
		if (!under || n->arg < 0)
			continue;
		if (places_under(s, &a->argv[n->arg], n->arg_off, &f))
			place_at(s, &f, 0, false);
		else
			a->effects |= EFFECT_WRITE;
	}
}

/* mktemp -p DIR [NAME]: without a name, one that the tool makes; else the X's of it are any letters. */
static void places_own(struct scan *s, unsigned from)
{
	const struct field *dir = s->p->into_at >= 0 ? &s->a->argv[s->p->into_at] : NULL;
	struct field f, joined;

	if (dir != NULL && s->nops == from && place_join(s, dir, s->p->into_off, "tmp.*", 5, true, 0, &joined))
		place_at(s, &joined, 0, false);
	for (unsigned i = from; i < s->nops; i++) {
		const char *name;
		size_t n;
		char *p;

		f = s->a->argv[s->a->ops[i]];
		if (f.kind != CONFIDENCE_EXACT || place_meta(f.p, f.n) || !place_name(&f, &name, &n))
			continue;
		p = arena_copy(s->w->r->arena, f.p, f.n);
		if (p == NULL) {
			s->w->r->failed = true;
			return;
		}
		for (size_t k = (size_t)(name - f.p); k < f.n; k++)
			p[k] = p[k] == 'X' ? '?' : p[k];
		f.p = p;
		f.kind = CONFIDENCE_PATTERN;
		if (s->p->into_at < 0 || p[0] == '/')
			place_at(s, &f, 0, false);
		else if (places_under(s, &f, 0, &joined))
			place_at(s, &joined, 0, false);
	}
}

/* Whether its input is a pipe that no option takes for something else: rg -f - reads patterns from it. */
static bool place_piped(const struct scan *s)
{
	const struct act *a = s->a;

	for (unsigned i = 0; i < a->nopts; i++) {
		const struct act_opt *n = &a->opts[i];

		if (n->arg >= 0 && (a->argv[n->arg].kind != CONFIDENCE_EXACT || strcmp(a->argv[n->arg].p + n->arg_off, "-") == 0))
			return false;
	}
	return s->w->stdin_kind == STDIN_PIPE || s->w->stdin_kind == STDIN_TEXT;
}

/* grep -r: without an operand that names files it reads those below the working directory. */
static void places_read(struct scan *s, unsigned from)
{
	const struct tool *t = s->tool;
	bool piped = (t->flags & TOOL_PIPED) != 0 && place_piped(s);
	struct field here = field_exact(s->w, ".", 1);

	if (((t->flags & TOOL_BELOW) != 0 || (s->p->mods & OPT_BELOW) != 0) && t->nplaces > 0 && s->nops - from + s->p->first <= t->nplaces && !piped)
		path_add_tree(s->w, s->a, EFFECT_READ, &here, 0, true);
}

void places_add(struct scan *s, unsigned from)
{
	const struct tool *t = s->tool;
	struct act *a = s->a;
	struct parsed *p = s->p;
	bool written = false, named = (p->mods & OPT_NAMED) != 0;

	if (t->kind != TOOL_PLAIN)
		return;
	places_read(s, from);
	if ((t->flags & TOOL_OWN) != 0 && (t->rest & EFFECT_WRITE) != 0)
		places_own(s, from);
	if (t->flags & TOOL_INTO)
		places_into(s, from, ((p->mods & OPT_TREE) | (t->flags & TOOL_TREE)) != 0);
	if (p->suffix_at >= 0 && (t->flags & TOOL_STEMS) == 0)
		places_suffix(s);
	if (t->flags & TOOL_STEMS)
		places_stems(s);
	if (p->mods & OPT_OUT) {
		struct field out = field_exact(s->w, "/dev/stdout", 11);
		const struct field *f = p->remote_at >= 0 ? &a->argv[p->remote_at] : &out;
		uint32_t off = p->remote_at >= 0 ? p->remote_off : 0;

		if (f->kind == CONFIDENCE_EXACT && strcmp(f->p + off, "-") == 0) {
			f = &out;
			off = 0;
		}
		if (p->many)
			a->effects |= EFFECT_WRITE;
		else
			place_at(s, f, off, false);
	}
	for (const struct path_use *u = a->paths; u != NULL; u = u->next)
		written = written || (u->effects & EFFECT_WRITE) != 0;
	/* A tree has the name that an operand gives it, unless an option puts it elsewhere; a patch names files of its own whatever the operands are. */
	named = named || ((t->flags & TOOL_TREE) != 0 && written && (p->mods & OPT_WHOLE) == 0);
	if ((p->mods & OPT_HERE) != 0 || ((t->flags & TOOL_HERE) != 0 && !named))
		places_here(s, from);
	places_below(s);
}
