/* What a path is: made absolute and normalised, as far as a text alone tells; which of them do something when they are opened. */
#include "policy/path.h"

#include <string.h>

#include "policy/walk.h"

size_t path_clean(const char *in, size_t n, char *out, bool *dots)
{
	size_t o = 0, root = 0;

	*dots = false;
	if (n > 0 && in[0] == '~') {
		while (root < n && in[root] != '/')
			root++;
		memcpy(out, in, root);
		o = root;
	}
	for (size_t i = root; i < n;) {
		size_t s;

		while (i < n && in[i] == '/')
			i++;
		s = i;
		while (i < n && in[i] != '/')
			i++;
		if (i == s || (i - s == 1 && in[s] == '.'))
			continue;
		if (i - s == 2 && in[s] == '.' && in[s + 1] == '.') {
			*dots = true;
			if (o == root && root > 0) {
				/* Above an unknown home: anywhere. */
				out[0] = '\0';
				return 0;
			}
			while (o > root && out[o - 1] != '/')
				o--;
			if (o > root)
				o--;
			continue;
		}
		out[o++] = '/';
		memcpy(out + o, in + s, i - s);
		o += i - s;
	}
	if (o == 0)
		out[o++] = '/';
	out[o] = '\0';
	return o;
}

/* A glob component that begins with a dot, or is all of a bracket, may become ".." in some shells. */
static bool path_glob_dots(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((i == 0 || p[i - 1] == '/') && p[i] == '.' && i + 1 < n && strchr("*?[", p[i + 1]) != NULL)
			return true;
		if ((i == 0 || p[i - 1] == '/') && p[i] == '.' && i + 2 < n && p[i + 1] == '.' && strchr("*?[", p[i + 2]) != NULL)
			return true;
		/* [.]. and the like */
		if ((i == 0 || p[i - 1] == '/') && p[i] == '[')
			return true;
	}
	return false;
}

/* Names of the kernel's that lead to another process's root or directory, or through a descriptor: what lies behind them may be anything. */
static bool path_passes(const char *p)
{
	static const char *const through[] = { "root", "cwd", "fd", "task", "map_files", NULL };
	size_t n;

	if (strncmp(p, "/dev/fd/", 8) == 0)
		return strchr(p + 8, '/') != NULL;
	if (strncmp(p, "/proc/", 6) != 0)
		return false;
	p += 6;
	p += strcspn(p, "/");
	if (*p++ != '/')
		return false;
	n = strcspn(p, "/");
	for (unsigned i = 0; through[i] != NULL; i++) {
		if (n == strlen(through[i]) && memcmp(p, through[i], n) == 0)
			return true;
	}
	return strcspn(p, "*?[") < n;
}

void path_resolve(const struct field *cwd, const struct field *word, size_t off, struct path_use *u, char *out)
{
	char joined[PATH_BUF];
	const char *p = word->p + (off <= word->n ? off : word->n);
	size_t n = word->n - (off <= word->n ? off : word->n), len;

	u->path = field_opaque(0);
	u->dots = u->maybe = false;
	if (word->kind == CONFIDENCE_OPAQUE || n >= PATH_MAX_LEN || n == 0)
		return;
	/* ~NAME: a user's home, which is a directory of the system for many, or in zsh the value of a parameter. */
	if ((word->flags & FIELD_HOME) != 0 && p[0] == '~' && n > 1 && p[1] != '/') {
		u->dots = true;
		return;
	}
	if (p[0] == '/' || (word->flags & FIELD_HOME) != 0) {
		memcpy(joined, p, n);
		len = n;
	} else {
		if (cwd->kind == CONFIDENCE_OPAQUE || cwd->n >= PATH_MAX_LEN - 1)
			return;
		/* A literal part joined to a pattern must stay literal. */
		if (word->kind == CONFIDENCE_PATTERN && strpbrk(cwd->p, "*?[\\") != NULL)
			return;
		memcpy(joined, cwd->p, cwd->n);
		len = cwd->n;
		joined[len++] = '/';
		memcpy(joined + len, p, n);
		len += n;
	}
	len = path_clean(joined, len, out, &u->dots);
	if (len > 0 && path_passes(out))
		return;
	if (word->kind == CONFIDENCE_PATTERN && ((word->flags & FIELD_DOTS) != 0 || path_glob_dots(p, n)))
		u->dots = true;
	if (len == 0)
		return;
	u->path.kind = word->kind;
	if (word->kind == CONFIDENCE_PATTERN && strpbrk(out, "*?[\\") == NULL)
		u->path.kind = CONFIDENCE_EXACT;
	u->path.p = out;
	u->path.n = (uint32_t)len;
	u->path.flags = (uint8_t)((out[0] == '~' ? FIELD_HOME : 0) | (word->flags & FIELD_DOTS));
}

void act_resolve(const struct act *a, const struct field *word, size_t off, bool sure, struct path_use *u, char *out)
{
	path_resolve(sure || a->cwd.kind != CONFIDENCE_OPAQUE ? &a->cwd : &a->maybe, word, off, u, out);
}

/* Devices that may be named without reading or changing anything. The two outputs are written to as they are; any other descriptor may be a
 * file that was opened for reading, and writing to its name opens that file again. */
static bool path_harmless(const struct field *f, bool write)
{
	static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/stdout", "/dev/stderr", "/dev/tty", NULL };

	if (f->kind == CONFIDENCE_OPAQUE)
		return false;
	for (unsigned i = 0; devices[i] != NULL; i++) {
		if (strcmp(devices[i], f->p) == 0)
			return true;
	}
	return !write && (strcmp(f->p, "/dev/stdin") == 0 || (strncmp(f->p, "/dev/fd/", 8) == 0 && strchr(f->p + 8, '/') == NULL));
}

/* Behind the roots of processes, which are this one: /proc/1/root/x is /x. */
static const char *path_rooted(const char *p)
{
	for (;;) {
		const char *slash = strncmp(p, "/proc/", 6) == 0 ? strchr(p + 6, '/') : NULL;

		if (slash == NULL || strncmp(slash, "/root/", 6) != 0)
			return p;
		p = slash + 5;
	}
}

/* Below /dev what does nothing when it is only opened: disks, memory and the like. A watchdog restarts the host, a tape rewinds, a line is
 * asserted. glob: p is one. */
static bool path_device_rests(const char *p, bool glob)
{
	static const char *const names[] = { "null", "zero", "full", "random", "urandom", "stdin", "stdout", "stderr", "tty", "fd", "shm", "disk", "mapper", "log", "mqueue", NULL };
	static const char *const begins[] = { "fd/", "shm/", "disk/", "mapper/", "mqueue/", "sd", "hd", "vd", "xvd", "nvme", "mmcblk", "md", "dm-", "loop", "nbd", "zd", "zvol/", "pmem",
		"rbd", "drbd", "bcache", "ram", "dasd", NULL };
	size_t known = glob ? strcspn(p, "*?[\\") : strlen(p);

	for (unsigned i = 0; p[known] == '\0' && names[i] != NULL; i++) {
		if (strcmp(names[i], p) == 0)
			return true;
	}
	for (unsigned i = 0; begins[i] != NULL; i++) {
		size_t n = strlen(begins[i]);

		if (n <= known && memcmp(begins[i], p, n) == 0)
			return true;
	}
	return false;
}

/* Files that do something when they are only opened, or read. */
static bool path_acts(const struct field *f)
{
	static const char *const trees[] = { "/sys/kernel/debug/", "/sys/kernel/tracing/", "/proc/kmsg", NULL };
	bool glob = f->kind == CONFIDENCE_PATTERN;
	const char *p, *slash;

	if (f->kind == CONFIDENCE_OPAQUE)
		return false;
	p = path_rooted(f->p);
	for (unsigned i = 0; trees[i] != NULL; i++) {
		if (strncmp(p, trees[i], strlen(trees[i])) == 0)
			return true;
	}
	if (strncmp(p, "/dev/", 5) == 0)
		return !path_device_rests(p + 5, glob);
	slash = glob && p[0] == '/' ? strchr(p + 1, '/') : NULL;
	return slash != NULL && slash[1] != '.' && globs_meet("dev", 3, p + 1, (size_t)(slash - p) - 1);
}

/* Programs that look at a name and do not open it. */
static bool path_only_named(const struct act *a)
{
	static const char *const tools[] = { "ls", "dir", "vdir", "stat", "test", "[", "find", "readlink", "realpath", "basename", "dirname", "namei", "getfacl",
		"tree", "lsof", "fuser", "udevadm", NULL };

	for (unsigned i = 0; a->tool != NULL && tools[i] != NULL; i++) {
		if (strcmp(tools[i], a->tool->name) == 0)
			return true;
	}
	return false;
}

static void path_opened(struct act *a, const struct field *path)
{
	if (!path_acts(path) || path_only_named(a))
		return;
	a->effects |= EFFECT_CHANGE;
	if (a->why == NULL)
		a->why = "a device that does something when it is opened";
}

/* The last ".." of n bytes that has a component of the word's own before it: where that ends. 0: there is none. */
static size_t path_before_dots(const char *p, size_t n)
{
	for (size_t i = n; i >= 2; i--) {
		size_t end = i - 2;

		if (p[i - 1] != '.' || p[i - 2] != '.' || (i < n && p[i] != '/') || (end > 0 && p[end - 1] != '/'))
			continue;
		while (end > 0 && p[end - 1] == '/')
			end--;
		if (end > 0 && !(end >= 2 && p[end - 1] == '.' && p[end - 2] == '.' && (end == 2 || p[end - 3] == '/')))
			return end;
	}
	return 0;
}

static void path_add_one(struct walk *w, struct act *a, unsigned effects, const struct field *word, size_t off)
{
	struct path_use *u = arena_alloc(w->r->arena, sizeof(*u));
	char out[PATH_BUF];
	struct place here = state_place(&w->state);

	if (u == NULL) {
		w->r->failed = true;
		return;
	}
	if (++w->r->npaths > MAX_PATHS) {
		if (w->r->npaths == MAX_PATHS + 1)
			walk_eval(w, a->at, "more paths than the limit of 4096 in one statement");
		return;
	}
	/* xmllint, openssl and others fetch what looks like an address; to those that do not, it is a file that nobody has. */
	if (a->kind == ACT_COMMAND && off < word->n && strstr(word->p + off, "://") != NULL)
		a->effects |= EFFECT_NET;
	out[0] = '\0';
	path_resolve(&here.sure, word, off, u, out);
	if (u->path.kind != CONFIDENCE_OPAQUE) {
		path_opened(a, &u->path);
	} else if (out[0] == '/') { /* it passes through a link of a process, whose root is nearly always this one */
		struct field passed = { .kind = CONFIDENCE_EXACT, .p = out, .n = (uint32_t)strlen(out) };

		path_opened(a, &passed);
	}
	if (!u->dots && path_harmless(&u->path, effects != EFFECT_READ) &&
	    (effects == EFFECT_READ ||
	     (effects == EFFECT_WRITE && (a->kind == ACT_REDIRECT || (a->tool != NULL && (strcmp(a->tool->name, "tee") == 0 || strcmp(a->tool->name, "dd") == 0))))))
		return;
	if (u->path.kind == CONFIDENCE_OPAQUE && here.sure.kind == CONFIDENCE_OPAQUE) {
		path_resolve(&here.maybe, word, off, u, out);
		u->dots = u->maybe = u->path.kind != CONFIDENCE_OPAQUE;
		path_opened(a, &u->path);
	}
	if (u->path.kind != CONFIDENCE_OPAQUE) {
		u->path.p = arena_copy(w->r->arena, u->path.p, u->path.n);
		if (u->path.p == NULL)
			w->r->failed = true;
	}
	u->effects = (uint16_t)effects;
	u->next = a->paths;
	a->paths = u;
}

void path_add(struct walk *w, struct act *a, unsigned effects, const struct field *word, size_t off)
{
	struct field way = *word;

	/* a/../b: some tools make a on the way to b. */
	while ((effects & EFFECT_WRITE) != 0 && word->kind != CONFIDENCE_OPAQUE && way.n > off && w->r->npaths <= MAX_PATHS) {
		size_t n = path_before_dots(way.p + off, way.n - off);
		char *p;

		if (n == 0)
			break;
		p = arena_copy(w->r->arena, way.p, off + n);
		if (p == NULL) {
			w->r->failed = true;
			return;
		}
		way.p = p;
		way.n = (uint32_t)(off + n);
		path_add_one(w, a, EFFECT_WRITE, &way, off);
	}
	path_add_one(w, a, effects, word, off);
}

void path_add_tree(struct walk *w, struct act *a, unsigned effects, const struct field *word, size_t off, bool tree)
{
	const struct path_use *before = a->paths;

	path_add(w, a, effects, word, off);
	if (a->paths != before)
		a->paths->tree = tree;
}

struct place path_directory(struct walk *w, const struct field *word, size_t off)
{
	struct act scratch = { .next = NULL };
	struct place to = place_nowhere();

	path_add(w, &scratch, EFFECT_READ, word, off);
	if (scratch.paths == NULL || scratch.paths->path.kind == CONFIDENCE_PATTERN)
		return to;
	to.maybe = scratch.paths->path;
	if (to.maybe.kind == CONFIDENCE_EXACT && (to.maybe.flags & FIELD_HOME) != 0)
		to.maybe.kind = CONFIDENCE_PATTERN;
	if (!scratch.paths->maybe && !scratch.paths->dots)
		to.sure = to.maybe;
	return to;
}

bool path_elsewhere(const struct field *f, size_t off)
{
	const char *p, *slash, *colon;

	if (off == 0 && (f->flags & FIELD_ROOTED) != 0)
		return false;
	if (f->n <= off)
		return f->kind != CONFIDENCE_EXACT;
	p = f->p + off;
	slash = memchr(p, '/', f->n - off);
	colon = memchr(p, ':', f->n - off);
	if (slash != NULL)
		return colon != NULL && colon < slash;
	return f->kind != CONFIDENCE_EXACT || colon != NULL;
}
