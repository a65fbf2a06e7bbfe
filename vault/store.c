/* The key store's directory; see store.h. Distrusts: what lies in it, and whoever else can write there. */
#include "vault/store.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "vault/secmem.h"
#include "vault/storefile.h"

#define STORE_BROKEN_MAX 32

struct store {
	int dirfd;
	uint8_t *master;
	unsigned locks;
	struct store_entry *entries;
	size_t count, cap;
	struct why broken[STORE_BROKEN_MAX];
	size_t nbroken; /* may be more than are kept */
};

static const struct {
	enum store_kind kind;
	const char *name;
} store_kinds[] = {
	{ STORE_USER_CA, "user-ca" },
	{ STORE_TARGET_CA, "target-ca" },
	{ STORE_TARGET, "target" },
	{ STORE_AUDIT, "audit" },
};
#define STORE_NKINDS (sizeof(store_kinds) / sizeof(store_kinds[0]))

const char *store_kind_name(enum store_kind kind)
{
	for (size_t i = 0; i < STORE_NKINDS; i++) {
		if (store_kinds[i].kind == kind)
			return store_kinds[i].name;
	}
	return NULL;
}

enum store_kind store_kind_by_name(const char *name)
{
	for (size_t i = 0; i < STORE_NKINDS; i++) {
		if (strcmp(store_kinds[i].name, name) == 0)
			return store_kinds[i].kind;
	}
	return 0;
}

bool store_name_ok(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > SEAL_NAME_MAX || name[0] == '.' || name[0] == '-')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

uint32_t store_epoch(const char *name)
{
	unsigned long n;
	char *end;

	if (strncmp(name, "audit.", 6) != 0 || name[6] < '1' || name[6] > '9')
		return 0;
	errno = 0;
	n = strtoul(name + 6, &end, 10);
	return *end == '\0' && errno == 0 && n < UINT32_MAX ? (uint32_t)n : 0;
}

bool store_name_fits(const char *name, enum store_kind kind)
{
	bool user = strcmp(name, "user-ca") == 0 || strcmp(name, "user-ca.previous") == 0;
	bool target = strcmp(name, "target-ca") == 0 || strcmp(name, "target-ca.previous") == 0;
	bool audit = store_epoch(name) != 0;

	if (!store_name_ok(name))
		return false;
	switch (kind) {
	case STORE_USER_CA:
		return user;
	case STORE_TARGET_CA:
		return target;
	case STORE_AUDIT:
		return audit;
	case STORE_TARGET:
		return !user && !target && !audit;
	}
	return false;
}

/* ---- reading ---- */

static void store_entries_free(struct store_entry *e, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(e[i].sealed);
	free(e);
}

static int store_entry_read(struct store *s, const char *file, struct store_entry *e, struct why *w)
{
	struct key *k = NULL;
	struct seal seal;
	int r;

	memset(e, 0, sizeof(*e));
	memcpy(e->name, file, strlen(file) - strlen(STOREFILE_SUFFIX));
	r = storefile_read(s->dirfd, file, &e->sealed, &e->nsealed, w);
	if (r < 0)
		return r;
	r = seal_parse(e->sealed, e->nsealed, &seal);
	if (r < 0) {
		why_set(w, "%s: not a sealed key", file);
		goto fail;
	}
	r = ERR_SIGNATURE;
	if (!view_is(&seal.name, e->name) || !store_name_fits(e->name, (enum store_kind)seal.kind)) {
		why_set(w, "%s: sealed under another name", file);
		goto fail;
	}
	r = seal_open(s->master, &seal, &k);
	if (r < 0) {
		why_set(w, "%s: does not open: %s", file,
			r == ERR_SIGNATURE ? "changed, or sealed under another master key" : err_text(r));
		goto fail;
	}
	e->kind = (enum store_kind)seal.kind;
	e->type = key_type_of(k);
	e->created_at = seal.created_at;
	e->blob = seal.public_blob;
	key_free(k);
	return ERR_OK;
fail:
	free(e->sealed);
	e->sealed = NULL;
	return r;
}

static int store_entry_add(struct store *s, const struct store_entry *e)
{
	if (s->count >= STORE_KEYS_MAX)
		return ERR_LIMIT;
	if (s->count == s->cap) {
		size_t cap = s->cap == 0 ? 16 : 2 * s->cap;
		struct store_entry *p = realloc(s->entries, cap * sizeof(*p));

		if (p == NULL)
			return ERR_NOMEM;
		s->entries = p;
		s->cap = cap;
	}
	s->entries[s->count++] = *e;
	return ERR_OK;
}

static int store_file(struct store *s, const char *file, struct why *w)
{
	struct store_entry e;
	struct why ignored;
	int r;

	r = store_entry_read(s, file, &e, s->nbroken < STORE_BROKEN_MAX ? &s->broken[s->nbroken] : &ignored);
	if (r == ERR_NOMEM)
		return why_fail(w, r, "no memory for the store");
	if (r < 0) {
		s->nbroken++;
		return ERR_OK;
	}
	r = store_entry_add(s, &e);
	if (r < 0) {
		free(e.sealed);
		why_set(w, "the store holds more than %d keys", STORE_KEYS_MAX);
	}
	return r;
}

static int store_by_name(const void *a, const void *b)
{
	return strcmp(((const struct store_entry *)a)->name, ((const struct store_entry *)b)->name);
}

static int store_read(struct store *s, struct why *w)
{
	int fd = openat(s->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = ERR_OK;
	struct dirent *d;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return why_fail(w, ERR_SYS, "cannot read the store: %s", strerror(errno));
	}
	while (r == ERR_OK && (d = readdir(dir)) != NULL) {
		size_t n = strlen(d->d_name), suffix = strlen(STOREFILE_SUFFIX);

		if (d->d_name[0] == '.' || n <= suffix || n - suffix > SEAL_NAME_MAX)
			continue;
		if (strcmp(d->d_name + n - suffix, STOREFILE_SUFFIX) == 0)
			r = store_file(s, d->d_name, w);
	}
	closedir(dir);
	if (r == ERR_OK && s->count == 0 && s->nbroken > 0)
		r = why_fail(w, ERR_SIGNATURE, "no key of the store opens: is this its master key? (%s)", s->broken[0].text);
	if (s->count > 0)
		qsort(s->entries, s->count, sizeof(s->entries[0]), store_by_name);
	return r;
}

int store_reload(struct store *s, struct why *w)
{
	struct store *old = malloc(sizeof(*old));
	int r;

	if (old == NULL)
		return why_fail(w, ERR_NOMEM, "no memory for the store");
	*old = *s;
	s->entries = NULL;
	s->count = s->cap = s->nbroken = 0;
	r = store_read(s, w);
	if (r < 0) {
		store_entries_free(s->entries, s->count);
		*s = *old;
	} else {
		store_entries_free(old->entries, old->count);
	}
	free(old);
	return r;
}

int store_mkdir(const char *dir, struct why *w)
{
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return why_fail(w, ERR_SYS, "cannot make %s: %s", dir, strerror(errno));
	return ERR_OK;
}

int store_open(const char *dir, const uint8_t master[MASTER_SIZE], struct store **out, struct why *w)
{
	struct store *s = calloc(1, sizeof(*s));
	struct stat st;
	int r = ERR_NOMEM;

	*out = NULL;
	if (s == NULL)
		return why_fail(w, r, "no memory for the store");
	s->master = secmem_alloc(MASTER_SIZE);
	s->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->master == NULL) {
		why_set(w, "no secure memory for the master key");
		goto fail;
	}
	memcpy(s->master, master, MASTER_SIZE);
	r = ERR_SYS;
	if (s->dirfd < 0 || fstat(s->dirfd, &st) < 0) {
		why_set(w, "cannot open the store %s: %s", dir, strerror(errno));
		goto fail;
	}
	r = ERR_REFUSED;
	if ((st.st_mode & 022) != 0 || (st.st_uid != geteuid() && geteuid() != 0)) {
		why_set(w, "the store %s must belong to the vault's user and be writable by nobody else", dir);
		goto fail;
	}
	r = store_lock(s, w);
	if (r < 0)
		goto fail;
	storefile_sweep(s->dirfd);
	r = store_read(s, w);
	store_unlock(s);
	if (r < 0)
		goto fail;
	*out = s;
	return ERR_OK;
fail:
	store_free(s);
	return r;
}

void store_free(struct store *s)
{
	if (s == NULL)
		return;
	store_entries_free(s->entries, s->count);
	master_free(s->master);
	if (s->dirfd >= 0)
		close(s->dirfd);
	free(s);
}

size_t store_count(const struct store *s)
{
	return s->count;
}

const struct store_entry *store_at(const struct store *s, size_t i)
{
	return &s->entries[i];
}

const struct store_entry *store_find(const struct store *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++) {
		if (strcmp(s->entries[i].name, name) == 0)
			return &s->entries[i];
	}
	return NULL;
}

size_t store_broken(const struct store *s)
{
	return s->nbroken < STORE_BROKEN_MAX ? s->nbroken : STORE_BROKEN_MAX;
}

const char *store_broken_why(const struct store *s, size_t i)
{
	return s->broken[i].text;
}

int store_key(const struct store *s, const struct store_entry *e, struct key **out)
{
	struct seal seal;
	int r = seal_parse(e->sealed, e->nsealed, &seal);

	*out = NULL;
	return r < 0 ? r : seal_open(s->master, &seal, out);
}

/* ---- writing ---- */

int store_lock(struct store *s, struct why *w)
{
	int r;

	if (s->locks++ > 0)
		return ERR_OK;
	do
		r = flock(s->dirfd, LOCK_EX);
	while (r < 0 && errno == EINTR);
	if (r < 0) {
		s->locks = 0;
		return why_fail(w, ERR_SYS, "cannot lock the store: %s", strerror(errno));
	}
	return ERR_OK;
}

void store_unlock(struct store *s)
{
	if (s->locks > 0 && --s->locks == 0)
		(void)flock(s->dirfd, LOCK_UN);
}

static int put_at(struct store *s, const char *name, enum store_kind kind, const struct key *k, bool replace, uint64_t created_at,
		  struct why *w)
{
	char file[SEAL_NAME_MAX + sizeof(STOREFILE_SUFFIX)];
	struct buf b;
	int r;

	if (!store_name_ok(name))
		return why_fail(w, ERR_REFUSED, "a key's name is 1 to %d of a-z 0-9 . _ -, and begins with none of . -",
				SEAL_NAME_MAX);
	if (!store_name_fits(name, kind))
		return why_fail(w, ERR_REFUSED, "a key of kind %s cannot be called %s (user-ca, target-ca, audit.N are reserved)",
				store_kind_name(kind), name);
	snprintf(file, sizeof(file), "%s%s", name, STOREFILE_SUFFIX);
	buf_init(&b, SEAL_MAX);
	r = store_lock(s, w);
	if (r < 0)
		return r;
	r = seal_close(s->master, name, (uint8_t)kind, created_at, k, &b);
	if (r < 0)
		why_set(w, "cannot seal the key: %s", err_text(r));
	else
		r = storefile_write(s->dirfd, file, buf_ptr(&b), b.len, replace, w);
	if (r == ERR_OK)
		r = store_reload(s, w);
	store_unlock(s);
	buf_free(&b);
	return r;
}

int store_put(struct store *s, const char *name, enum store_kind kind, const struct key *k, bool replace, struct why *w)
{
	return put_at(s, name, kind, k, replace, (uint64_t)time(NULL), w);
}

int store_copy(struct store *from, struct store *to, struct why *w)
{
	struct key *k;
	int r = store_lock(from, w);

	if (r < 0)
		return r;
	r = store_reload(from, w);
	if (r == ERR_OK && from->nbroken > 0)
		r = why_fail(w, ERR_REFUSED, "not every key opens: %s", store_broken_why(from, 0));
	if (r == ERR_OK && to->count > 0)
		r = why_fail(w, ERR_REFUSED, "the new store has keys already");
	for (size_t i = 0; i < from->count && r == ERR_OK; i++) {
		const struct store_entry *e = &from->entries[i];

		r = store_key(from, e, &k);
		if (r < 0)
			why_set(w, "the key %s does not open: %s", e->name, err_text(r));
		else
			r = put_at(to, e->name, e->kind, k, false, e->created_at, w);
		key_free(k);
	}
	store_unlock(from);
	return r;
}

int store_remove(struct store *s, const char *name, struct why *w)
{
	char file[SEAL_NAME_MAX + sizeof(STOREFILE_SUFFIX)];
	int r;

	if (!store_name_ok(name))
		return why_fail(w, ERR_NOTFOUND, "not the name of a key");
	snprintf(file, sizeof(file), "%s%s", name, STOREFILE_SUFFIX);
	r = store_lock(s, w);
	if (r < 0)
		return r;
	r = storefile_remove(s->dirfd, file, w);
	if (r == ERR_OK)
		r = store_reload(s, w);
	/* The last readable key went and broken ones stay: that is no failure of the removal. */
	if (r == ERR_SIGNATURE && store_find(s, name) != NULL) {
		store_entries_free(s->entries, s->count);
		s->entries = NULL;
		s->count = s->cap = 0;
		r = ERR_OK;
	}
	store_unlock(s);
	return r;
}
