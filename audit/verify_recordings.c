/* Recordings against the chain; see verify_recordings.h. Distrusts names in records: they are looked up below a directory only
 * when they are names of ours. */
#include "audit/verify_recordings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

struct recordings {
	json_t *parts; /* "ID/PART" → the last record about it */
};

struct recordings *recordings_new(void)
{
	struct recordings *r = calloc(1, sizeof(*r));

	if (r != NULL)
		r->parts = json_object();
	if (r != NULL && r->parts == NULL) {
		free(r);
		r = NULL;
	}
	return r;
}

void recordings_free(struct recordings *r)
{
	if (r == NULL)
		return;
	json_decref(r->parts);
	free(r);
}

static bool id_ok(const char *id)
{
	size_t n = strlen(id);

	return n > 0 && n <= 80 && strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == n;
}

int recordings_take(struct recordings *r, struct view line, const struct chain_record *rec)
{
	char key[128];
	const char *id;
	json_t *j;
	int k = ERR_OK;

	if (rec->event.n < 10 || memcmp(rec->event.p, "recording.", 10) != 0 || view_is(&rec->event, "recording.opened"))
		return ERR_OK;
	j = json_loadb((const char *)line.p, line.n, 0, NULL);
	id = json_string_value(json_object_get(j, "recording"));
	if (id != NULL && id_ok(id)) {
		json_int_t part = json_integer_value(json_object_get(j, "part"));

		snprintf(key, sizeof(key), "%s/%lld", id, (long long)(part > 0 ? part : 1));
		if (json_object_set(r->parts, key, j) < 0)
			k = ERR_NOMEM;
	}
	json_decref(j);
	return k;
}

/* SHA-256 of the file's first `want` bytes (all of it when want is UINT64_MAX). *size: bytes in the file. */
static int file_digest(int dirfd, const char *name, uint64_t want, char hex[DIGEST_HEX + 1], uint64_t *size)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t bytes[65536], d[DIGEST_SIZE];
	struct stat st;
	uint64_t done = 0;
	ssize_t n = 0;
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), r = ERR_SYS;

	*size = 0;
	if (fd < 0 || fstat(fd, &st) < 0 || ctx == NULL || EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) != 1)
		goto out;
	*size = (uint64_t)st.st_size;
	while (done < want && (n = read(fd, bytes, want - done < sizeof(bytes) ? (size_t)(want - done) : sizeof(bytes))) > 0) {
		EVP_DigestUpdate(ctx, bytes, (size_t)n);
		done += (uint64_t)n;
	}
	if (n < 0 || EVP_DigestFinal_ex(ctx, d, NULL) != 1)
		goto out;
	digest_hex(d, hex);
	r = ERR_OK;
out:
	if (fd >= 0)
		close(fd);
	EVP_MD_CTX_free(ctx);
	return r;
}

static void check_part(const char *id, long long part, json_t *j, const struct verify_dir_options *o, struct verify *v,
		       struct verify_dir_report *out)
{
	int dirfd = o->recordings_dirfd;
	const char *event = json_string_value(json_object_get(j, "event")), *sha = json_string_value(json_object_get(j, "sha256"));
	uint64_t seq = (uint64_t)json_integer_value(json_object_get(j, "seq")), size;
	uint64_t bytes = (uint64_t)json_integer_value(json_object_get(j, "bytes"));
	bool running = strcmp(event, "recording.digest") == 0;
	char name[168], sealed[sizeof(name) + 4], hex[DIGEST_HEX + 1];
	struct stat st;

	if (part == 1)
		snprintf(name, sizeof(name), "%s.cast.gz", id);
	else
		snprintf(name, sizeof(name), "%s.%lld.cast.gz", id, part);
	/* An encrypted one; which of the two it was matters not, its digest tells. */
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT) {
		snprintf(sealed, sizeof(sealed), "%s.cms", name);
		if (fstatat(dirfd, sealed, &st, AT_SYMLINK_NOFOLLOW) == 0)
			snprintf(name, sizeof(name), "%.163s", sealed);
	}
	if (strcmp(event, "recording.deleted") == 0) {
		out->deleted++;
		if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			verify_report_fault(v, VERIFY_RECORDING, seq, "%s is there though record %llu says it was deleted", name,
					    (unsigned long long)seq);
		return;
	}
	if (o->recordings_may_lack && fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT) {
		out->absent++;
		return;
	}
	if (file_digest(dirfd, name, running ? bytes : UINT64_MAX, hex, &size) < 0)
		verify_report_fault(v, VERIFY_RECORDING, seq, "%s cannot be read: %s (record %llu says that it is there)", name, strerror(errno),
				    (unsigned long long)seq);
	else if (size < bytes)
		verify_report_fault(v, VERIFY_RECORDING, seq, "%s was cut: %llu bytes, record %llu says %llu", name, (unsigned long long)size,
				    (unsigned long long)seq, (unsigned long long)bytes);
	else if (sha == NULL || strcmp(sha, hex) != 0 || (!running && size != bytes))
		verify_report_fault(v, VERIFY_RECORDING, seq, "%s is not what record %llu says: its SHA-256 differs", name,
				    (unsigned long long)seq);
	else if (running)
		out->open++;
	else
		out->recordings++;
}

/* Files of which the log says nothing: one that runs, has not told its digest yet; or somebody put it there. */
static void count_unknown(struct recordings *r, int dirfd, struct verify_dir_report *out)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	char key[300];

	while (d != NULL && (e = readdir(d)) != NULL) {
		size_t n = strlen(e->d_name);
		char *dot;

		if (n > 4 && strcmp(e->d_name + n - 4, ".cms") == 0)
			n -= 4;
		if (n < 9 || n > 200 || strncmp(e->d_name + n - 8, ".cast.gz", 8) != 0)
			continue;
		snprintf(key, sizeof(key), "%.*s", (int)(n - 8), e->d_name);
		dot = strchr(key, '.');
		if (dot != NULL)
			*dot = '/';
		else
			snprintf(key + strlen(key), sizeof(key) - strlen(key), "/1");
		out->unknown += json_object_get(r->parts, key) == NULL;
	}
	if (d != NULL)
		closedir(d);
}

int recordings_check(struct recordings *r, const struct verify_dir_options *o, struct verify *v, struct verify_dir_report *out)
{
	const char *key;
	char id[128];
	json_t *j;

	json_object_foreach(r->parts, key, j) {
		const char *slash = strrchr(key, '/');

		snprintf(id, sizeof(id), "%.*s", (int)(slash - key), key);
		check_part(id, strtoll(slash + 1, NULL, 10), j, o, v, out);
	}
	count_unknown(r, o->recordings_dirfd, out);
	return ERR_OK;
}
