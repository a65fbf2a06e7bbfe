/* One recording; see recording.h. Distrusts the frames' content (a compromised session worker) and the disk. */
#include "recorder/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/file.h>
#include <unistd.h>

/* See sink.c. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include "base/loop.h"
#include "recorder/asciicast.h"

#define SLICE 4096                /* data is encoded in pieces of this size */
#define FLUSH_BYTES (64 * 1024)   /* text is compressed in pieces of this size */
#define DIGEST_US 5000000         /* a running digest at least this often while something comes */

/* `record: digest`: what is kept of each stream. */
struct stream_digest {
	uint64_t bytes;
	SHA256_CTX sha256;
};

struct recording {
	int dirfd;
	const struct recording_session *session;
	const struct recording_events *events;
	uint64_t part_bytes;
	uint32_t channel;
	char id[RECORDING_ID_MAX + 1];
	bool digest_only;
	unsigned width, height;
	char term[FRAME_MAX_NAME + 1];
	char title[513]; /* a header's title is for people; the whole text is in the first marker */
	uint64_t wall_us, open_us; /* both clocks at OPEN */

	unsigned part;
	uint64_t part_us;  /* frames' clock when the part began */
	struct sink *sink;
	struct asciicast cast;
	struct buf text;   /* encoded, not yet compressed */
	uint64_t taken;    /* payload bytes of OUTPUT and INPUT so far */
	uint64_t unsynced; /* of those, not yet on disk; a header or marker counts too */
	uint64_t first_us; /* when the first unsynced byte came */
	uint64_t lag_us;   /* the longest that a byte waited for the disk, since it was last told */
	uint64_t last_us;  /* the last frame's time */
	uint64_t written_us; /* when text was last written because its time had come */
	uint64_t digest_us, digest_stored; /* when, and of how many stored bytes, the last running digest was told */
	struct stream_digest streams[3];
};

bool recording_session_id_ok(struct view id)
{
	if (id.n == 0 || id.n > RECORDING_MAX_SESSION)
		return false;
	for (size_t i = 0; i < id.n; i++) {
		uint8_t c = id.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '_')
			return false;
	}
	return true;
}

static void file_name(const struct recording *r, const char *suffix, char out[RECORDING_NAME_MAX])
{
	if (r->part == 1)
		snprintf(out, RECORDING_NAME_MAX, "%s%s", r->id, suffix);
	else
		snprintf(out, RECORDING_NAME_MAX, "%s.%u%s", r->id, r->part, suffix);
}

static const char *cast_suffix(const struct recording *r)
{
	return r->session->readers != NULL ? ".cast.gz.cms" : ".cast.gz";
}

static int failed(const struct recording *r, int code, const char *what, struct why *w)
{
	if (code == ERR_SYS)
		return why_fail(w, code, "recording %s cannot be %s: %s", r->id, what, strerror(errno));
	return why_fail(w, code, "recording %s cannot be %s: %s", r->id, what, err_text(code));
}

/* Compresses the collected text. */
static int flush(struct recording *r)
{
	int k = sink_write(r->sink, buf_ptr(&r->text), r->text.len);

	buf_clear(&r->text);
	return k;
}

static struct view str(const char *s)
{
	return (struct view){ (const uint8_t *)s, s == NULL ? 0 : strlen(s) };
}

/* Counts towards the next sync. */
static void dirty(struct recording *r, uint64_t bytes, uint64_t now_us)
{
	if (r->unsynced == 0)
		r->first_us = now_us;
	r->unsynced += bytes > 0 ? bytes : 1;
}

static int part_open(struct recording *r, uint64_t now_us)
{
	struct asciicast_header h = {
		.width = r->width, .height = r->height, .timestamp = (r->wall_us + (now_us - r->open_us)) / 1000000,
		.term = str(r->term), .title = str(r->title), .session = str(r->session->id), .recording = str(r->id),
		.identity = str(r->session->identity), .on_behalf_of = str(r->session->on_behalf_of),
		.issuer = str(r->session->issuer), .target = str(r->session->target), .login = str(r->session->login),
		.channel = r->channel, .part = r->part, .digest_only = r->digest_only,
	};
	char name[RECORDING_NAME_MAX];
	int fd, k;

	file_name(r, cast_suffix(r), name);
	fd = openat(r->dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return errno == EEXIST ? ERR_EXISTS : ERR_SYS;
	(void)flock(fd, LOCK_EX | LOCK_NB); /* says to a repair that somebody is at it */
	r->sink = sink_new(fd, r->session->readers);
	if (r->sink == NULL)
		return ERR_NOMEM;
	r->part_us = now_us;
	r->digest_us = now_us;
	r->digest_stored = 0;
	asciicast_init(&r->cast, now_us);
	k = asciicast_header(&r->text, &h);
	if (k == ERR_OK)
		k = flush(r);
	dirty(r, 0, now_us);
	return k;
}

/* All that came is on the disk. A worker's clock that runs ahead makes it none. */
static void synced(struct recording *r)
{
	uint64_t now = (uint64_t)clock_mono_us();

	if (r->unsynced > 0 && now > r->first_us && now - r->first_us > r->lag_us)
		r->lag_us = now - r->first_us;
	r->unsynced = 0;
}

static uint32_t take_lag(struct recording *r)
{
	uint64_t ms = r->lag_us / 1000;

	r->lag_us = 0;
	return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

/* Tells a running digest of what is on disk. */
static void tell_digest(struct recording *r, uint64_t now_us)
{
	uint8_t d[SINK_DIGEST];
	uint64_t stored = sink_stored(r->sink);

	if (stored == r->digest_stored || sink_digest(r->sink, d) < 0)
		return;
	r->events->digest(r->events->ctx, r->id, r->part, stored, d, take_lag(r));
	r->digest_stored = stored;
	r->digest_us = now_us;
}

/* ID.json: what the chain will say too, for when control is not there to hear it. */
static int write_sidecar(struct recording *r, uint64_t now_us, const uint8_t sha256[SINK_DIGEST], const struct frame *end, bool last)
{
	char name[RECORDING_NAME_MAX], fresh[RECORDING_NAME_MAX], cast[RECORDING_NAME_MAX], hex[2 * SINK_DIGEST + 1], exit_status[16] = "null";
	int fd, k;
	struct buf b;

	for (int i = 0; i < SINK_DIGEST; i++)
		snprintf(hex + 2 * i, 3, "%02x", sha256[i]);
	file_name(r, ".json", name);
	file_name(r, ".json.new", fresh);
	file_name(r, cast_suffix(r), cast);
	if (end != NULL && end->exit_status >= 0)
		snprintf(exit_status, sizeof(exit_status), "%d", end->exit_status);
	buf_init(&b, 4096);
	k = buf_printf(&b,
		       "{\"recording\":\"%s\",\"session\":\"%s\",\"channel\":%u,\"part\":%u,\"last\":%s,\"file\":\"%s\",\"bytes\":%llu,"
		       "\"raw_bytes\":%llu,\"sha256\":\"%s\",\"started_ms\":%llu,\"duration_ms\":%llu,\"complete\":%s,\"exit_status\":%s,"
		       "\"mode\":\"%s\"}\n",
		       r->id, r->session->id, r->channel, r->part, last ? "true" : "false", cast,
		       (unsigned long long)sink_stored(r->sink), (unsigned long long)sink_raw(r->sink), hex,
		       (unsigned long long)((r->wall_us + (r->part_us - r->open_us)) / 1000),
		       (unsigned long long)((now_us - r->part_us) / 1000), !last || (end != NULL && end->complete) ? "true" : "false",
		       exit_status, r->digest_only ? "digest" : "content");
	if (k < 0)
		goto out;
	k = ERR_SYS;
	/* Whole or not at all: who finds a note believes it. */
	fd = openat(r->dirfd, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd >= 0 && write(fd, buf_ptr(&b), b.len) == (ssize_t)b.len && fdatasync(fd) == 0 && renameat(r->dirfd, fresh, r->dirfd, name) == 0 &&
	    fsync(r->dirfd) == 0)
		k = ERR_OK;
	if (fd >= 0)
		close(fd);
out:
	buf_free(&b);
	return k;
}

/* What was kept of the streams in digest mode, as a marker that players show. */
static int note_digests(struct recording *r, uint64_t now_us)
{
	static const char *const names[] = { "stdout", "stderr", "stdin" };
	uint8_t d[SHA256_DIGEST_LENGTH];
	char text[160], hex[2 * SHA256_DIGEST_LENGTH + 1];
	int k = ERR_OK;

	for (int i = 0; i < 3 && k == ERR_OK; i++) {
		if (r->streams[i].bytes == 0)
			continue;
		SHA256_Final(d, &r->streams[i].sha256);
		for (int n = 0; n < SHA256_DIGEST_LENGTH; n++)
			snprintf(hex + 2 * n, 3, "%02x", d[n]);
		snprintf(text, sizeof(text), "%s: %llu bytes, sha256 %s", names[i], (unsigned long long)r->streams[i].bytes, hex);
		k = asciicast_marker(&r->cast, &r->text, now_us, str(text));
	}
	return k;
}

/* Ends the part: everything on disk, sidecar written, control told. */
static int part_close(struct recording *r, uint64_t now_us, const struct frame *end, bool last)
{
	uint8_t d[SINK_DIGEST];
	int k = asciicast_flush(&r->cast, &r->text, now_us);

	if (k == ERR_OK)
		k = flush(r);
	if (k == ERR_OK)
		k = sink_finish(r->sink);
	if (k == ERR_OK)
		k = sink_sync(r->sink);
	if (k == ERR_OK && last)
		r->events->kept(r->events->ctx, r->channel, r->taken);
	if (k == ERR_OK)
		k = sink_digest(r->sink, d);
	if (k == ERR_OK)
		k = write_sidecar(r, now_us, d, end, last);
	if (k < 0)
		return k;
	synced(r);
	r->events->closed(r->events->ctx, r->id, r->part, sink_stored(r->sink), sink_raw(r->sink), d, (now_us - r->part_us) / 1000, last,
			  take_lag(r));
	sink_free(r->sink);
	r->sink = NULL;
	return ERR_OK;
}

static void copy_text(char *to, size_t size, struct view v)
{
	size_t n = v.n < size - 1 ? v.n : size - 1;

	for (size_t i = 0; i < n; i++)
		to[i] = v.p[i] != '\0' ? (char)v.p[i] : '?';
	to[n] = '\0';
}

int recording_open(int dirfd, const struct recording_session *session, const struct recording_events *events,
		   const struct frame *open, uint64_t part_bytes, struct recording **out, struct why *w)
{
	struct recording *r = calloc(1, sizeof(*r));
	int k;

	*out = NULL;
	if (r == NULL)
		return why_fail(w, ERR_NOMEM, "no memory for a recording");
	r->dirfd = dirfd;
	r->session = session;
	r->events = events;
	r->part_bytes = part_bytes > 0 ? part_bytes : RECORDING_PART_BYTES;
	r->channel = open->channel;
	snprintf(r->id, sizeof(r->id), "%s-%u", session->id, open->channel);
	r->digest_only = (open->flags & FRAME_DIGEST_ONLY) != 0;
	r->width = open->width;
	r->height = open->height;
	copy_text(r->term, sizeof(r->term), open->term);
	copy_text(r->title, sizeof(r->title), open->text);
	r->wall_us = open->wall_us;
	r->open_us = r->last_us = open->time_us;
	for (int i = 0; i < 3; i++)
		SHA256_Init(&r->streams[i].sha256);
	buf_init(&r->text, FLUSH_BYTES + ASCIICAST_WORST(SLICE) + 6 * FRAME_MAX_TEXT + 4096);
	r->part = 1;
	k = part_open(r, r->open_us);
	if (k < 0) {
		failed(r, k, "begun", w);
		recording_free(r);
		return k;
	}
	*out = r;
	return ERR_OK;
}

/* A part that is full is closed, and the next one begins where it ended. */
static int rotate(struct recording *r, uint64_t now_us)
{
	int k = part_close(r, now_us, NULL, false);

	if (k < 0)
		return k;
	r->part++;
	return part_open(r, now_us);
}

static int take_data(struct recording *r, const struct frame *f)
{
	enum asciicast_stream s = f->type == FRAME_INPUT ? ASCIICAST_IN :
				  f->stream == FRAME_STDERR ? ASCIICAST_ERR : ASCIICAST_OUT;
	size_t n;
	int k = ERR_OK;

	r->taken += f->data.n;
	dirty(r, f->data.n, r->last_us);
	if (r->digest_only) {
		r->streams[s].bytes += f->data.n;
		return SHA256_Update(&r->streams[s].sha256, f->data.p, f->data.n) == 1 ? ERR_OK : ERR_CRYPTO;
	}
	for (size_t i = 0; i < f->data.n && k == ERR_OK; i += n) {
		n = f->data.n - i < SLICE ? f->data.n - i : SLICE;
		k = asciicast_data(&r->cast, &r->text, s, r->last_us, f->data.p + i, n);
		if (k == ERR_OK && r->text.len >= FLUSH_BYTES)
			k = flush(r);
	}
	if (k == ERR_OK && sink_raw(r->sink) >= r->part_bytes)
		k = rotate(r, r->last_us);
	return k;
}

int recording_frame(struct recording *r, const struct frame *f, struct why *w)
{
	int k;

	if (f->time_us > r->last_us)
		r->last_us = f->time_us;
	switch (f->type) {
	case FRAME_OUTPUT:
	case FRAME_INPUT:
		k = take_data(r, f);
		break;
	case FRAME_RESIZE:
		r->width = f->width;
		r->height = f->height;
		dirty(r, 0, r->last_us);
		k = asciicast_resize(&r->cast, &r->text, r->last_us, f->width, f->height);
		break;
	case FRAME_MARKER:
		dirty(r, 0, r->last_us);
		k = asciicast_marker(&r->cast, &r->text, r->last_us, f->text);
		if (k == ERR_OK)
			k = flush(r);
		break;
	default:
		k = ERR_MALFORMED;
	}
	return k < 0 ? failed(r, k, "written", w) : ERR_OK;
}

static uint64_t sync_due(const struct recording *r)
{
	if (r->unsynced == 0)
		return 0;
	return r->unsynced >= RECORDING_SYNC_BYTES ? r->first_us : r->first_us + RECORDING_SYNC_US;
}

uint64_t recording_due(const struct recording *r)
{
	uint64_t sync = sync_due(r), write = r->text.len > 0 ? r->written_us + RECORDING_WRITE_US : 0;

	return write == 0 || (sync != 0 && sync < write) ? sync : write;
}

static int sync_now(struct recording *r, uint64_t now_us)
{
	/* A character that was cut by a chunk's end and never finished is written as bytes: what is acknowledged is on disk. */
	int k = asciicast_flush(&r->cast, &r->text, r->last_us);

	if (k == ERR_OK)
		k = flush(r);
	if (k == ERR_OK)
		k = sink_sync(r->sink);
	if (k < 0)
		return k;
	synced(r);
	r->written_us = now_us;
	if (sink_stored(r->sink) - r->digest_stored >= 64 * 1024 || now_us - r->digest_us >= DIGEST_US)
		tell_digest(r, now_us);
	return ERR_OK;
}

int recording_tick(struct recording *r, uint64_t now_us, bool *synced, uint64_t *bytes, struct why *w)
{
	uint64_t due = sync_due(r);
	int k = ERR_OK;

	*synced = due != 0 && due <= now_us;
	*bytes = r->taken;
	if (*synced) {
		k = sync_now(r, now_us);
	} else if (r->text.len > 0 && r->written_us + RECORDING_WRITE_US <= now_us) {
		r->written_us = now_us;
		k = flush(r);
	}
	return k < 0 ? failed(r, k, "written", w) : ERR_OK;
}

int recording_close(struct recording *r, const struct frame *end, uint64_t now_us, struct why *w)
{
	char note[64 + FRAME_MAX_NAME];
	char signal[FRAME_MAX_NAME + 1] = "";
	int k;

	if (end != NULL && end->time_us > r->last_us)
		r->last_us = end->time_us;
	else if (end == NULL && now_us > r->last_us)
		r->last_us = now_us;
	if (end != NULL)
		copy_text(signal, sizeof(signal), end->signal);
	if (end == NULL)
		snprintf(note, sizeof(note), "end lost");
	else
		snprintf(note, sizeof(note), "end %d%s%s%s", end->exit_status, signal[0] != '\0' ? " signal " : "", signal,
			 end->complete ? "" : " cut");
	k = asciicast_flush(&r->cast, &r->text, r->last_us);
	if (k == ERR_OK && r->digest_only)
		k = note_digests(r, r->last_us);
	if (k == ERR_OK)
		k = asciicast_note(&r->cast, &r->text, r->last_us, note);
	if (k == ERR_OK)
		k = part_close(r, r->last_us, end, true);
	return k < 0 ? failed(r, k, "closed", w) : ERR_OK;
}

const char *recording_id(const struct recording *r)
{
	return r->id;
}

void recording_free(struct recording *r)
{
	if (r == NULL)
		return;
	sink_free(r->sink);
	buf_free(&r->text);
	free(r);
}

void recording_umask(int dirfd)
{
	struct stat st;

	umask(dirfd >= 0 && fstat(dirfd, &st) == 0 && (st.st_mode & S_ISGID) ? 027 : 077);
}
