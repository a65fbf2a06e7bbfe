/* The tables of an exported bundle: sessions, approvals, maskings, denials, certificates, policies, recordings; each as JSON (exact)
 * and as CSV (safe to open in a spreadsheet). */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cast.h"
#include "cli/export.h"

enum table { SESSIONS, APPROVALS, MASKINGS, DENIALS, CERTIFICATES, POLICIES, RECORDINGS, TABLES };

static const struct {
	const char *name;
	const char *columns; /* paths into a row, one space between */
} tables[TABLES] = {
	[SESSIONS] = { "sessions", "time session identity.issuer identity.subject identity.on_behalf_of source target login kind command canonical "
				   "verdict rule reason confidence approval exit_status signal ended duration_ms bytes_in bytes_out bytes_err "
				   "recording policy seq" },
	[APPROVALS] = { "approvals", "approval time session identity.issuer identity.subject target login command digest rule approvers approvals "
				     "state answered by.issuer by.subject role answer_reason uses ttl expires used signer signed seq" },
	[MASKINGS] = { "maskings", "time session rule count stream offset length channel recording seq" },
	[DENIALS] = { "denials", "time session event identity.issuer identity.subject source user target login command rule reason seq" },
	[CERTIFICATES] = { "certificates", "time event identity.issuer identity.subject identity.on_behalf_of serial principal key valid_from "
					   "valid_until route source jti reason seq" },
	[POLICIES] = { "policies", "time event policy digest previous file rules profile errors before seq" },
	[RECORDINGS] = { "recordings", "time session recording part file bytes raw_bytes sha256 duration_ms complete event deleted deleted_reason seq" },
};

struct export_tables {
	const struct export_filter *filter;
	json_t *rows[TABLES];
	json_t *by_decision; /* seq → row of sessions */
	json_t *by_approval; /* id → row of approvals */
	json_t *by_part;     /* "ID/PART" → row of recordings */
	json_t *who;         /* session → its session.start record */
	json_t *channels;    /* "session/channel" → recording id */
	json_t *texts;       /* digest → text of a policy */
	json_t *before[2];   /* the last policy.loaded and config.loaded of before the window: what was in force when it began */
};

struct export_tables *export_tables_new(const struct export_filter *f)
{
	struct export_tables *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->filter = f;
	for (int i = 0; i < TABLES; i++)
		t->rows[i] = json_array();
	t->by_decision = json_object();
	t->by_approval = json_object();
	t->by_part = json_object();
	t->who = json_object();
	t->channels = json_object();
	t->texts = json_object();
	return t;
}

void export_tables_free(struct export_tables *t)
{
	if (t == NULL)
		return;
	for (int i = 0; i < TABLES; i++)
		json_decref(t->rows[i]);
	json_decref(t->by_decision);
	json_decref(t->by_approval);
	json_decref(t->by_part);
	json_decref(t->who);
	json_decref(t->channels);
	json_decref(t->texts);
	json_decref(t->before[0]);
	json_decref(t->before[1]);
	free(t);
}

static json_t *at(const json_t *row, const char *path)
{
	char name[64];
	const char *dot;

	while ((dot = strchr(path, '.')) != NULL) {
		snprintf(name, sizeof(name), "%.*s", (int)(dot - path), path);
		row = json_object_get(row, name);
		path = dot + 1;
	}
	return json_object_get(row, path);
}

/* Whether the record is of a session and an identity that are asked for. */
static bool wanted(const struct export_tables *t, const json_t *record, const char *session)
{
	const char *subject = evidence_field(record, "identity.subject");

	if (t->filter->session != NULL && strcmp(session, t->filter->session) != 0)
		return false;
	if (t->filter->identity == NULL)
		return true;
	if (subject[0] == '\0')
		subject = evidence_field(json_object_get(t->who, session), "identity.subject");
	return fnmatch(t->filter->identity, subject, 0) == 0;
}

/* A new row: a copy of the record, completed from the session's beginning. */
static json_t *add(struct export_tables *t, enum table table, const json_t *record, const char *session)
{
	static const char *const inherited[] = { "identity", "source", "target", "login" };
	json_t *row = json_copy((json_t *)record), *start = json_object_get(t->who, session);

	if (row == NULL || json_array_append_new(t->rows[table], row) < 0)
		return NULL;
	for (size_t i = 0; i < sizeof(inherited) / sizeof(inherited[0]); i++)
		if (json_object_get(row, inherited[i]) == NULL && json_object_get(start, inherited[i]) != NULL)
			json_object_set(row, inherited[i], json_object_get(start, inherited[i]));
	return row;
}

static void copy(json_t *to, const char *as, const json_t *from, const char *name)
{
	json_t *v = json_object_get(from, name);

	if (v != NULL)
		json_object_set(to, as, v);
}

static void key_of(char out[160], const char *a, json_int_t n)
{
	snprintf(out, 160, "%.120s/%lld", a, (long long)n);
}

static int take_decision(struct export_tables *t, const json_t *r, const char *session)
{
	json_t *row = add(t, SESSIONS, r, session);
	char key[160];

	if (row == NULL)
		return ERR_NOMEM;
	key_of(key, session, json_integer_value(json_object_get(r, "channel")));
	copy(row, "recording", t->channels, key);
	key_of(key, "", json_integer_value(json_object_get(r, "seq")));
	json_object_set(t->by_decision, key, row);
	if (strcmp(evidence_field(r, "verdict"), "deny") == 0 && add(t, DENIALS, r, session) == NULL)
		return ERR_NOMEM;
	return ERR_OK;
}

static int take_command(struct export_tables *t, const json_t *r, const char *session)
{
	static const char *const fields[] = { "exit_status", "signal", "duration_ms", "bytes_in", "bytes_out", "bytes_err", "approval", "aborted",
					      "sha256_out", "sha256_err", "sha256_in" };
	json_t *row;
	char key[160];

	key_of(key, "", json_integer_value(json_object_get(r, "decision")));
	row = json_object_get(t->by_decision, key);
	if (row == NULL)
		return ERR_OK; /* it began before the window */
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		copy(row, fields[i], r, fields[i]);
	key_of(key, session, json_integer_value(json_object_get(r, "channel")));
	copy(row, "recording", t->channels, key);
	if (strcmp(evidence_field(r, "event"), "command.end") == 0)
		copy(row, "ended", r, "time");
	return ERR_OK;
}

static int take_approval(struct export_tables *t, const json_t *r, const char *session, const char *what)
{
	const char *id = evidence_field(r, "approval");
	json_t *row = json_object_get(t->by_approval, id);

	if (row == NULL) {
		row = add(t, APPROVALS, r, session);
		if (row == NULL)
			return ERR_NOMEM;
		json_object_set(t->by_approval, id, row);
		json_object_set_new(row, "state", json_string("pending"));
		json_object_set_new(row, "used", json_integer(0));
	}
	if (strcmp(what, "requested") == 0 || strcmp(what, "refused") == 0)
		return ERR_OK;
	if (strcmp(what, "used") == 0) {
		json_object_set_new(row, "used", json_integer(json_integer_value(json_object_get(row, "used")) + 1));
		return ERR_OK;
	}
	json_object_set_new(row, "state", json_string(what));
	copy(row, "answered", r, "time");
	copy(row, "answer_reason", r, "reason");
	copy(row, "by", r, "by");
	copy(row, "role", r, "role");
	copy(row, "uses", r, "uses");
	copy(row, "ttl", r, "ttl");
	copy(row, "expires", r, "expires");
	copy(row, "signer", r, "signer");
	copy(row, "signature", r, "signature");
	return ERR_OK;
}

static int take_recording(struct export_tables *t, const json_t *r, const char *session, const char *what, bool late)
{
	const char *id = evidence_field(r, "recording");
	json_int_t part = json_integer_value(json_object_get(r, "part"));
	char key[160], file[168];
	json_t *row;
	size_t n;

	if (strcmp(what, "opened") == 0) {
		key_of(key, session, json_integer_value(json_object_get(r, "channel")));
		json_object_set_new(t->channels, key, json_string(id));
	}
	if (!cast_id_ok(id))
		return ERR_OK;
	part = part > 0 ? part : 1;
	key_of(key, id, part);
	row = json_object_get(t->by_part, key);
	if (strcmp(what, "deleted") == 0 && (row != NULL || late)) { /* the row stays what the recording was */
		if (row != NULL) {
			copy(row, "deleted", r, "time");
			copy(row, "deleted_reason", r, "reason");
			copy(row, "deleted_seq", r, "seq");
		}
		return ERR_OK;
	}
	if (row != NULL) {
		json_object_update(row, (json_t *)r);
	} else {
		row = add(t, RECORDINGS, r, session);
		if (row == NULL)
			return ERR_NOMEM;
		json_object_set(t->by_part, key, row);
	}
	if (part == 1)
		snprintf(file, sizeof(file), "%s.cast.gz", id);
	else
		snprintf(file, sizeof(file), "%s.%lld.cast.gz", id, (long long)part);
	if (strcmp(what, "deleted") == 0) {
		copy(row, "deleted", r, "time");
		copy(row, "deleted_reason", r, "reason");
	}
	/* An encrypted one says its file's name; it must be this one. */
	n = strlen(file);
	if (strncmp(evidence_field(r, "file"), file, n) == 0 && strcmp(evidence_field(r, "file") + n, ".cms") == 0)
		strcat(file, ".cms");
	json_object_set_new(row, "part", json_integer(part));
	json_object_set_new(row, "file", json_string(file));
	return ERR_OK;
}

static int take_policy(struct export_tables *t, const json_t *r, const char *session)
{
	json_t *row = add(t, POLICIES, r, session);
	const char *digest = evidence_field(r, "policy");

	if (row == NULL)
		return ERR_NOMEM;
	if (strlen(digest) == 64 && strspn(digest, "0123456789abcdef") == 64 && json_object_get(r, "text") != NULL)
		json_object_set(t->texts, digest, json_object_get(r, "text"));
	json_object_del(row, "text"); /* it lies in policies/ */
	return ERR_OK;
}

void export_tables_before(struct export_tables *t, const json_t *r)
{
	int i = strcmp(evidence_field(r, "event"), "policy.loaded") == 0 ? 0 : strcmp(evidence_field(r, "event"), "config.loaded") == 0 ? 1 : -1;

	if (i < 0)
		return;
	json_decref(t->before[i]);
	t->before[i] = json_incref((json_t *)r);
}

/* What was in force when the window began stands first, marked: its record may lie in a segment that is not in the bundle. */
static int put_before(struct export_tables *t)
{
	json_t *row;

	for (int i = 0; i < 2; i++) {
		if (t->before[i] == NULL)
			continue;
		row = json_copy(t->before[i]);
		if (row == NULL || take_policy(t, row, "") < 0) {
			json_decref(row);
			return ERR_NOMEM;
		}
		json_decref(row);
		row = json_incref(json_array_get(t->rows[POLICIES], json_array_size(t->rows[POLICIES]) - 1));
		json_object_set_new(row, "before", json_true());
		json_array_remove(t->rows[POLICIES], json_array_size(t->rows[POLICIES]) - 1);
		json_array_insert_new(t->rows[POLICIES], 0, row);
	}
	return ERR_OK;
}

int export_tables_late(struct export_tables *t, const json_t *r)
{
	if (strcmp(evidence_field(r, "event"), "recording.deleted") != 0)
		return ERR_OK;
	return take_recording(t, r, evidence_field(r, "session"), "deleted", true);
}

int export_tables_take(struct export_tables *t, const json_t *r)
{
	const char *event = evidence_field(r, "event"), *session = evidence_field(r, "session"), *dot = strchr(event, '.');
	const char *what = dot != NULL ? dot + 1 : "";

	if (strcmp(event, "session.start") == 0)
		json_object_set(t->who, session, (json_t *)r);
	if (strncmp(event, "policy.", 7) == 0 || strncmp(event, "config.", 7) == 0)
		return take_policy(t, r, session);
	if (!wanted(t, r, session))
		return ERR_OK;
	if (strcmp(event, "decision") == 0)
		return take_decision(t, r, session);
	if (strncmp(event, "command.", 8) == 0)
		return take_command(t, r, session);
	if (strncmp(event, "approval.", 9) == 0)
		return take_approval(t, r, session, what);
	if (strncmp(event, "recording.", 10) == 0)
		return take_recording(t, r, session, what, false);
	if (strcmp(event, "masking") == 0)
		return add(t, MASKINGS, r, session) != NULL ? ERR_OK : ERR_NOMEM;
	if (strncmp(event, "certificate.", 12) == 0 && add(t, CERTIFICATES, r, session) == NULL)
		return ERR_NOMEM;
	if (strcmp(what, "refused") == 0)
		return add(t, DENIALS, r, session) != NULL ? ERR_OK : ERR_NOMEM;
	return ERR_OK;
}

size_t export_tables_rows(const struct export_tables *t, const char *table)
{
	for (int i = 0; i < TABLES; i++)
		if (strcmp(tables[i].name, table) == 0)
			return json_array_size(t->rows[i]);
	return 0;
}

/* One CSV field: always quoted; what a spreadsheet would take for a formula gets an apostrophe; controls are written as in JSON. */
static void put_csv(FILE *f, const json_t *v)
{
	char *dump = NULL;
	const char *s = json_string_value(v);

	if (v == NULL || json_is_null(v)) {
		fputs("\"\"", f);
		return;
	}
	if (s == NULL) {
		dump = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
		s = dump != NULL ? dump : "";
	}
	fputc('"', f);
	if (json_is_string(v) && s[0] != '\0' && strchr("=+-@\t\r", s[0]) != NULL)
		fputc('\'', f);
	for (; *s != '\0'; s++) {
		if (*s == '"')
			fputs("\"\"", f);
		else if (*s == '\n')
			fputs("\\n", f);
		else if ((unsigned char)*s < 0x20 || *s == 0x7f)
			fprintf(f, "\\u%04x", (unsigned char)*s);
		else
			fputc(*s, f);
	}
	fputc('"', f);
	free(dump);
}

static void put_row(FILE *f, const char *columns, const json_t *row)
{
	char path[64];

	for (const char *p = columns; *p != '\0'; p += *p == ' ') {
		size_t k = strcspn(p, " ");

		snprintf(path, sizeof(path), "%.*s", (int)k, p);
		if (p != columns)
			fputc(',', f);
		if (row == NULL)
			fputs(path, f);
		else
			put_csv(f, at(row, path));
		p += k;
	}
	fputs("\r\n", f); /* RFC 4180 */
}

static int close_file(FILE *f)
{
	int r = ferror(f) ? ERR_SYS : ERR_OK;

	return fclose(f) != 0 ? ERR_SYS : r;
}

static int write_table(const struct export_tables *t, enum table i, int dirfd)
{
	char name[64];
	json_t *row;
	size_t n;
	FILE *f;
	int r;

	snprintf(name, sizeof(name), "%s.json", tables[i].name);
	f = export_create(dirfd, name);
	if (f == NULL)
		return ERR_SYS;
	if (json_dumpf(t->rows[i], f, JSON_INDENT(1) | JSON_ENSURE_ASCII) < 0)
		fputs("[]", f);
	fputc('\n', f);
	r = close_file(f);
	snprintf(name, sizeof(name), "%s.csv", tables[i].name);
	f = r == ERR_OK ? export_create(dirfd, name) : NULL;
	if (f == NULL)
		return ERR_SYS;
	put_row(f, tables[i].columns, NULL);
	json_array_foreach(t->rows[i], n, row)
		put_row(f, tables[i].columns, row);
	return close_file(f);
}

int export_tables_write(struct export_tables *t, int dirfd)
{
	const char *digest;
	char name[128];
	json_t *text;
	FILE *f;
	int r = put_before(t);

	for (int i = 0; i < TABLES && r == ERR_OK; i++)
		r = write_table(t, (enum table)i, dirfd);
	if (r == ERR_OK && mkdirat(dirfd, "policies", 0700) < 0)
		r = ERR_SYS;
	json_object_foreach(t->texts, digest, text) {
		snprintf(name, sizeof(name), "policies/%s.yaml", digest);
		f = r == ERR_OK ? export_create(dirfd, name) : NULL;
		if (f == NULL)
			return ERR_SYS;
		fwrite(json_string_value(text), 1, json_string_length(text), f);
		r = close_file(f);
	}
	return r;
}

int export_tables_recordings(const struct export_tables *t, int (*fn)(void *ctx, const char *file), void *ctx)
{
	json_t *row;
	size_t i;
	int r = ERR_OK;

	json_array_foreach(t->rows[RECORDINGS], i, row) {
		if (json_object_get(row, "deleted") == NULL)
			r = fn(ctx, evidence_field(row, "file"));
		if (r < 0)
			return r;
	}
	return r;
}

FILE *export_create(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? NULL : fdopen(fd, "w");
}
