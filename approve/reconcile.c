/* Ends of recordings that were missed; see reconcile.h. The notes are files of the recorder, another process: read with bounds. */
#include "approve/reconcile.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "approve/control.h"
#include "audit/chain.h"
#include "audit/digest.h"
#include "base/log.h"

enum { NOTE_MAX = 8192 };

/* The recorder's note on a part, NULL when there is none. */
static json_t *read_note(const char *id, uint32_t part)
{
	char name[160], text[NOTE_MAX];
	ssize_t n;
	int fd;

	if (part == 1)
		snprintf(name, sizeof(name), "recordings/%s.json", id);
	else
		snprintf(name, sizeof(name), "recordings/%s.%u.json", id, part);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	n = read(fd, text, sizeof(text));
	close(fd);
	return n > 0 && n < (ssize_t)sizeof(text) ? json_loadb(text, (size_t)n, 0, NULL) : NULL;
}

static int64_t number(const json_t *note, const char *name)
{
	json_int_t v = json_integer_value(json_object_get(note, name));

	return v < 0 ? 0 : v;
}

/* Whether the part is the last one. */
static bool close_part(struct control *c, const char *id, const char *session, uint32_t part, const json_t *note)
{
	const char *sha = json_string_value(json_object_get(note, "sha256")), *file = json_string_value(json_object_get(note, "file"));
	bool repaired = json_is_true(json_object_get(note, "repaired"));
	bool last = repaired || json_is_true(json_object_get(note, "last")) || json_object_get(note, "last") == NULL;
	bool complete = json_is_true(json_object_get(note, "complete"));
	uint8_t raw[DIGEST_SIZE];
	json_t *j;

	if (sha == NULL || !digest_unhex(sha, strlen(sha), raw))
		return true;
	j = json_pack("{s:s,s:I,s:s,s:I,s:I}", "recording", id, "bytes", (json_int_t)number(note, "bytes"), "sha256", sha, "part", (json_int_t)part,
		      "raw_bytes", (json_int_t)number(note, "raw_bytes"));
	if (repaired) {
		json_object_set_new(j, "was_bytes", json_integer(number(note, "was_bytes")));
		if (json_is_string(json_object_get(note, "was_sha256")))
			json_object_set(j, "was_sha256", json_object_get(note, "was_sha256"));
		if (number(note, "lost_bytes") > 0)
			json_object_set_new(j, "lost_bytes", json_integer(number(note, "lost_bytes")));
	} else {
		json_object_set_new(j, "complete", json_boolean(complete));
		json_object_set_new(j, "duration_ms", json_integer(number(note, "duration_ms")));
		if (last)
			json_object_set_new(j, "parts", json_integer((json_int_t)part));
	}
	if (file != NULL && strlen(file) > 4 && strcmp(file + strlen(file) - 4, ".cms") == 0)
		json_object_set_new(j, "file", chain_text(file, strlen(file)));
	if (control_record(c, session, repaired ? "recording.repaired" : "recording.closed", j, NULL) < 0)
		return true;
	(void)store_recording_close(c->store, id, part, (uint64_t)number(note, "bytes"), (uint64_t)number(note, "raw_bytes"), sha, clock_wall_ms(),
				    last);
	return last;
}

static void gather(void *arg, const struct store_recording *v)
{
	json_array_append_new(arg, json_pack("{s:s,s:s,s:I,s:b}", "id", v->id, "session", v->session, "parts", (json_int_t)v->parts, "fresh",
					     v->bytes == 0));
}

static void found(void *arg, const struct store_recording *v)
{
	(void)v;
	*(bool *)arg = true;
}

/* SESSION-CHANNEL.json, the note on a first part: its recording's id, session and channel. */
static bool note_of_first_part(const char *name, char id[128], char session[128], uint32_t *channel)
{
	size_t n = strlen(name), k;
	const char *dash;
	char *end;

	if (n < 8 || n > 100 || strcmp(name + n - 5, ".json") != 0)
		return false;
	snprintf(id, 128, "%.*s", (int)(n - 5), name);
	dash = strrchr(id, '-');
	k = dash == NULL ? 0 : (size_t)(dash - id);
	if (k == 0 || strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789") != k)
		return false;
	snprintf(session, 128, "%.*s", (int)k, id);
	*channel = (uint32_t)strtoul(dash + 1, &end, 10);
	return *channel > 0 && *end == '\0';
}

/* Recordings of which not even the beginning was heard: a control that was killed took that message with it. The first time all notes
 * are looked at, then those that are new. */
static void gather_unheard(struct control *c, json_t *list)
{
	static int64_t since;
	int64_t now = clock_wall_ms() / 1000;
	DIR *d = opendir("recordings");
	char id[128], session[128];
	struct dirent *e;
	struct stat st;
	uint32_t channel;

	while (d != NULL && (e = readdir(d)) != NULL) {
		struct store_recording row = { .id = id, .session = session, .issuer = "", .subject = "", .target = "", .login = "" };
		bool known = false;

		if (!note_of_first_part(e->d_name, id, session, &channel) || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    st.st_mtime < since || session_by_id(c, session) != NULL ||
		    store_recordings(c->store, id, NULL, 0, 1, found, &known) < 0 || known)
			continue;
		row.started_ms = (int64_t)st.st_mtime * 1000;
		row.channel = channel;
		if (store_recording_open(c->store, &row) >= 0)
			json_array_append_new(list, json_pack("{s:s,s:s,s:i,s:b}", "id", id, "session", session, "parts", 1, "fresh", 1));
	}
	if (d != NULL)
		closedir(d);
	since = now - 120;
}

void reconcile_recordings(struct control *c)
{
	json_t *list = json_array(), *o, *note;
	size_t i;

	(void)store_recordings_open(c->store, gather, list);
	gather_unheard(c, list);
	json_array_foreach(list, i, o) {
		const char *id = json_string_value(json_object_get(o, "id")), *session = json_string_value(json_object_get(o, "session"));
		/* Parts that were heard of are counted already. */
		uint32_t part = (uint32_t)number(o, "parts") + (json_is_true(json_object_get(o, "fresh")) ? 0 : 1);

		if (session_by_id(c, session) != NULL)
			continue;
		for (; (note = read_note(id, part)) != NULL; part++) {
			bool last = close_part(c, id, session[0] != '\0' ? session : NULL, part, note);

			json_decref(note);
			if (last)
				break;
		}
	}
	json_decref(list);
}

void reconcile_sweep(struct control *c)
{
	int64_t now = clock_wall_ms() / 1000;

	if (store_token_sweep(c->store, now) < 0 || store_certificate_sweep(c->store, now - 30 * 86400) < 0)
		log_warn("the state database cannot be swept");
}
