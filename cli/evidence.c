/* Reading evidence; see evidence.h. Distrusts all of it: it may come from anywhere. */
#include "cli/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/chain.h"
#include "audit/filter.h"
#include "audit/segments.h"
#include "cli/cli.h"
#include "recorder/utf8.h"

#define EVIDENCE_DEFAULT_DIR "/var/lib/sallyport/audit"
#define READ_MAX (16u << 20)

static int open_dir(int at, const char *path)
{
	return openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool has_log(int dirfd)
{
	unsigned *numbers;
	bool any;
	size_t n;

	if (segments_list(dirfd, SEGMENT_LOG, &numbers, &n) < 0)
		return false;
	any = n > 0;
	free(numbers);
	return any;
}

int evidence_open(struct evidence *e, const char *verb, const char *dir, const char *recordings)
{
	const char *env = getenv("SALLYPORT_AUDIT");
	int top, inner;

	memset(e, 0, sizeof(*e));
	e->log = e->recordings = -1;
	if (dir == NULL) {
		dir = env != NULL && env[0] != '\0' ? env : EVIDENCE_DEFAULT_DIR;
		if (recordings == NULL && getenv("SALLYPORT_RECORDINGS") != NULL)
			recordings = getenv("SALLYPORT_RECORDINGS");
	}
	top = open_dir(AT_FDCWD, dir);
	if (top < 0)
		return cli_fail(verb, "%s: %s", dir, strerror(errno));
	inner = has_log(top) ? -1 : open_dir(top, "log");
	if (inner >= 0) { /* a bundle */
		e->log = inner;
		e->bundle = true;
		if (faccessat(top, "allowed_signers", R_OK, 0) == 0)
			snprintf(e->signers, sizeof(e->signers), "%s/allowed_signers", dir);
		e->recordings = recordings == NULL ? open_dir(top, "recordings") : -1;
		close(top);
	} else {
		e->log = top;
		e->recordings = recordings == NULL ? open_dir(top, "../recordings") : -1;
	}
	if (recordings != NULL)
		e->recordings = open_dir(AT_FDCWD, recordings);
	if (recordings != NULL && e->recordings < 0) {
		evidence_close(e);
		return cli_fail(verb, "%s: %s", recordings, strerror(errno));
	}
	return CLI_OK;
}

void evidence_close(struct evidence *e)
{
	if (e->log >= 0)
		close(e->log);
	if (e->recordings >= 0)
		close(e->recordings);
	e->log = e->recordings = -1;
}

int evidence_recordings(const char *dir)
{
	return open_dir(AT_FDCWD, dir != NULL && dir[0] != '\0' ? dir : EVIDENCE_DEFAULT_DIR "/../recordings");
}

int evidence_read_file(const char *path, struct buf *b)
{
	int fd = strcmp(path, "-") == 0 ? dup(0) : open(path, O_RDONLY | O_CLOEXEC), r = ERR_OK;
	uint8_t *to;
	ssize_t n;

	buf_init(b, READ_MAX);
	if (fd < 0)
		return ERR_SYS;
	for (;;) {
		to = buf_reserve(b, 65536);
		if (to == NULL) {
			r = ERR_LIMIT;
			break;
		}
		n = read(fd, to, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			r = n < 0 ? ERR_SYS : ERR_OK;
			break;
		}
		buf_added(b, (size_t)n);
	}
	close(fd);
	return r;
}

int evidence_each(const struct evidence *e, evidence_record_fn *fn, void *ctx, struct why *w)
{
	char name[SEGMENT_NAME_MAX];
	struct chain_record rec;
	struct lines l;
	struct view line;
	unsigned *numbers;
	size_t n;
	int r = segments_list(e->log, SEGMENT_LOG, &numbers, &n);

	if (r == ERR_OK && n == 0)
		r = why_fail(w, ERR_NOTFOUND, "there is no audit log here (no log-000001.jsonl)");
	for (size_t i = 0; i < n && r == ERR_OK; i++) {
		segment_name(SEGMENT_LOG, numbers[i], name);
		r = lines_open(&l, e->log, name, 0);
		if (r < 0) {
			why_set(w, "%s: %s", name, strerror(errno));
			break;
		}
		while ((r = lines_next(&l, &line, NULL)) == ERR_OK) {
			if (chain_read(line, &rec, NULL) < 0)
				continue;
			r = fn(ctx, line, &rec);
			if (r != ERR_OK)
				break;
		}
		if (r == ERR_EOF || r == ERR_MALFORMED)
			r = ERR_OK;
		lines_close(&l);
	}
	free(numbers);
	return r;
}

void evidence_print(FILE *to, const char *s, size_t n, size_t max)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t i = 0;
	int k;

	while (i < n && i < max) {
		k = utf8_length(p + i, n - i);
		if (k > 1 && !(k == 2 && p[i] == 0xc2 && p[i + 1] < 0xa0)) {
			fwrite(p + i, 1, (size_t)k, to);
			i += (size_t)k;
			continue;
		}
		if (k == 1 && p[i] >= 0x20 && p[i] < 0x7f)
			fputc(p[i], to);
		else if (p[i] == '\n')
			fputs("\\n", to);
		else
			fprintf(to, "\\x%02x", p[i]);
		i++;
	}
	if (i < n)
		fputs("...", to);
}

const char *evidence_field(const json_t *record, const char *path)
{
	return audit_text(record, path);
}
