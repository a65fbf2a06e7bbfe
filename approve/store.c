/* The only SQL; see store.h. What is read back is checked as if it came from outside: a file on disk is. */
#include "approve/store.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { STORE_VERSION = 1 };

#define APPROVALS_NEWEST " (?3=0 OR created<?3) ORDER BY created DESC, id DESC LIMIT ?4"
#define RECORDINGS_NEWEST " (?3=0 OR started<?3) ORDER BY started DESC, id DESC LIMIT ?4"

/* Every statement of the program, prepared once. A condition that may be left out ("?1<0 OR state=?1") is one that no index serves, and these tables
 * hold all that ever was: so each way of asking for a few of the rows is a statement of its own. */
#define STATEMENTS(S)                                                                                                      \
	S(APPROVAL_PUT, "INSERT OR REPLACE INTO approvals VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")                   \
	S(APPROVAL_GET, "SELECT * FROM approvals WHERE id=?")                                                             \
	S(APPROVAL_LIST, "SELECT * FROM approvals WHERE" APPROVALS_NEWEST)                                                \
	S(APPROVAL_OF_STATE, "SELECT * FROM approvals WHERE state=?1 AND (?2=0 OR live=1) AND" APPROVALS_NEWEST)          \
	S(APPROVAL_LIVE, "SELECT * FROM approvals WHERE live=1 AND" APPROVALS_NEWEST)                                     \
	S(TOKEN_USE, "INSERT INTO tokens VALUES(?,?)")                                                                    \
	S(TOKEN_SWEEP, "DELETE FROM tokens WHERE until<?")                                                                \
	S(CERT_ADD, "INSERT OR IGNORE INTO certificates VALUES(?,?,?,0)")                                                 \
	S(CERT_REVOKE, "UPDATE certificates SET revoked=?2 WHERE serial=?1 AND revoked=0")                                \
	S(CERT_REVOKE_NEW, "INSERT OR IGNORE INTO certificates VALUES(?1,'',0,?2)")                                       \
	S(CERT_REVOKED, "SELECT revoked FROM certificates WHERE serial=?")                                                \
	S(CERT_SWEEP, "DELETE FROM certificates WHERE until<? AND revoked=0")                                             \
	S(SESSION_ADD, "INSERT OR REPLACE INTO sessions VALUES(?,?,?,?,?,?,?,?)")                                         \
	S(SESSION_END, "DELETE FROM sessions WHERE id=?")                                                                 \
	S(SESSION_LIST, "SELECT * FROM sessions ORDER BY started")                                                        \
	S(RECORDING_OPEN, "INSERT OR IGNORE INTO recordings VALUES(?,?,?,?,?,?,?,0,?,1,0,0,'')")                          \
	S(RECORDING_CLOSE, "UPDATE recordings SET parts=max(parts,?2), bytes=bytes+?3, raw_bytes=raw_bytes+?4, sha256=?5, " \
			   "ended=CASE WHEN ?7 THEN ?6 ELSE ended END WHERE id=?1")                                       \
	S(RECORDING_LIST, "SELECT * FROM recordings WHERE" RECORDINGS_NEWEST)                                             \
	S(RECORDING_GET, "SELECT * FROM recordings WHERE id=?1 AND (?2 IS NULL OR session=?2) AND" RECORDINGS_NEWEST)     \
	S(RECORDING_OF_SESSION, "SELECT * FROM recordings WHERE session=?2 AND" RECORDINGS_NEWEST)                        \
	S(RECORDING_UNFINISHED, "SELECT * FROM recordings WHERE ended=0 ORDER BY started LIMIT 10000")                    \
	S(RECORDING_KEPT, "SELECT * FROM recordings WHERE bytes>0 AND ended>0 ORDER BY ended LIMIT ?")                    \
	S(RECORDING_BYTES, "SELECT coalesce(sum(bytes),0) FROM recordings WHERE bytes>0")                                 \
	S(RECORDING_GONE, "UPDATE recordings SET bytes=0 WHERE id=?")                                                     \
	S(GONE_PUT, "INSERT OR REPLACE INTO gone VALUES(?,?)")                                                            \
	S(GONE_DROP, "DELETE FROM gone WHERE id=?")                                                                       \
	S(GONE_LIST, "SELECT * FROM gone LIMIT ?")                                                                        \
	S(HOOK_PUT, "INSERT OR REPLACE INTO hooks VALUES(?,?,?,?,?,?,?,?)")                                               \
	S(HOOK_DROP, "DELETE FROM hooks WHERE id=?")                                                                      \
	S(HOOK_LIST, "SELECT * FROM hooks ORDER BY created, id LIMIT 4096")                                               \
	S(META_GET, "SELECT value FROM meta WHERE name=?")                                                                \
	S(META_PUT, "INSERT OR REPLACE INTO meta VALUES(?,?)")

#define STATEMENT_ID(name, sql) name,
#define STATEMENT_SQL(name, sql) sql,
enum { STATEMENTS(STATEMENT_ID) N_STATEMENTS };
static const char *const sql_text[] = { STATEMENTS(STATEMENT_SQL) };

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS approvals(id TEXT PRIMARY KEY, state INTEGER, live INTEGER, digest BLOB, asker TEXT,"
	" text BLOB, ask TEXT, needed INTEGER, uses_max INTEGER, ttl_max INTEGER, flags INTEGER, created INTEGER, expires INTEGER,"
	" decided INTEGER, grant_until INTEGER, uses_left INTEGER, votes TEXT, why TEXT) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS approvals_state ON approvals(state, created);"
	"CREATE INDEX IF NOT EXISTS approvals_live ON approvals(live, created);"
	"CREATE TABLE IF NOT EXISTS tokens(key BLOB PRIMARY KEY, until INTEGER) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS tokens_until ON tokens(until);"
	"CREATE TABLE IF NOT EXISTS certificates(serial INTEGER PRIMARY KEY, identity TEXT, until INTEGER, revoked INTEGER);"
	"CREATE TABLE IF NOT EXISTS sessions(id TEXT PRIMARY KEY, issuer TEXT, subject TEXT, target TEXT, login TEXT, source TEXT,"
	" serial INTEGER, started INTEGER) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS recordings(id TEXT PRIMARY KEY, session TEXT, issuer TEXT, subject TEXT, target TEXT, login TEXT,"
	" started INTEGER, ended INTEGER, channel INTEGER, parts INTEGER, bytes INTEGER, raw_bytes INTEGER, sha256 TEXT) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS recordings_started ON recordings(started);"
	"CREATE INDEX IF NOT EXISTS recordings_session ON recordings(session, started);"
	"CREATE INDEX IF NOT EXISTS recordings_unfinished ON recordings(started) WHERE ended=0;"
	"CREATE INDEX IF NOT EXISTS recordings_kept ON recordings(ended, bytes) WHERE bytes>0 AND ended>0;"
	"CREATE TABLE IF NOT EXISTS gone(id TEXT PRIMARY KEY, parts INTEGER) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS hooks(id TEXT PRIMARY KEY, url TEXT, format INTEGER, ca TEXT, secret TEXT, body TEXT,"
	" attempt INTEGER, created INTEGER) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;";

struct store {
	sqlite3 *db;
	sqlite3_stmt *st[N_STATEMENTS];
	bool open; /* a transaction is */
	uint64_t bytes; /* of all recordings that are there */
	bool bytes_known;
};

static int sql_error(struct store *s, struct why *why)
{
	int e = sqlite3_errcode(s->db);

	return why_fail(why, e == SQLITE_NOMEM ? ERR_NOMEM : e == SQLITE_CORRUPT || e == SQLITE_NOTADB ? ERR_MALFORMED : ERR_SYS,
			"the state database: %s", sqlite3_errmsg(s->db));
}

static int run(struct store *s, const char *sql, struct why *why)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? ERR_OK : sql_error(s, why);
}

static int get_version(struct store *s, int *out, struct why *why)
{
	sqlite3_stmt *st = NULL;
	int r = ERR_OK;

	if (sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &st, NULL) != SQLITE_OK || sqlite3_step(st) != SQLITE_ROW)
		r = sql_error(s, why);
	else
		*out = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	return r;
}

static int set_up(struct store *s, struct why *why)
{
	int version = 0, r;
	char pragma[64];

	sqlite3_busy_timeout(s->db, 5000);
	r = run(s, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY;", why);
	if (r >= 0)
		r = get_version(s, &version, why);
	if (r >= 0 && version != 0 && version != STORE_VERSION)
		return why_fail(why, ERR_MALFORMED, "the state database is of version %d: delete it, it is made anew from the audit log", version);
	if (r >= 0)
		r = run(s, schema, why);
	snprintf(pragma, sizeof(pragma), "PRAGMA user_version=%d", STORE_VERSION);
	if (r >= 0)
		r = run(s, pragma, why);
	for (int i = 0; r >= 0 && i < N_STATEMENTS; i++) {
		if (sqlite3_prepare_v3(s->db, sql_text[i], -1, SQLITE_PREPARE_PERSISTENT, &s->st[i], NULL) != SQLITE_OK)
			r = sql_error(s, why);
	}
	return r;
}

int store_open(const char *path, struct store **out, struct why *why)
{
	struct store *s = calloc(1, sizeof(*s));
	int r;

	*out = NULL;
	if (s == NULL)
		return ERR_NOMEM;
	if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		r = s->db != NULL ? sql_error(s, why) : ERR_NOMEM;
	else
		r = set_up(s, why);
	if (r < 0) {
		store_close(s);
		return r;
	}
	*out = s;
	return ERR_OK;
}

void store_close(struct store *s)
{
	if (s == NULL)
		return;
	for (int i = 0; i < N_STATEMENTS; i++)
		sqlite3_finalize(s->st[i]);
	sqlite3_close(s->db);
	free(s);
}

/* Binds by letters: t text (NULL allowed), i int64, b blob and length. */
static sqlite3_stmt *bind(struct store *s, int id, const char *kinds, ...)
{
	sqlite3_stmt *st = s->st[id];
	va_list ap;
	int i = 1;

	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	va_start(ap, kinds);
	for (; *kinds != '\0'; kinds++, i++) {
		if (*kinds == 't') {
			sqlite3_bind_text(st, i, va_arg(ap, const char *), -1, SQLITE_TRANSIENT);
		} else if (*kinds == 'i') {
			sqlite3_bind_int64(st, i, va_arg(ap, int64_t));
		} else {
			const void *p = va_arg(ap, const void *);
			size_t n = va_arg(ap, size_t);

			if (p == NULL)
				sqlite3_bind_null(st, i);
			else
				sqlite3_bind_blob64(st, i, p, n, SQLITE_TRANSIENT);
		}
	}
	va_end(ap);
	return st;
}

/* Runs a statement that changes something. */
static int change(struct store *s, sqlite3_stmt *st)
{
	int e;

	if (!s->open) {
		if (run(s, "BEGIN IMMEDIATE", NULL) < 0)
			return ERR_SYS;
		s->open = true;
	}
	e = sqlite3_step(st);
	sqlite3_reset(st);
	if (e == SQLITE_DONE)
		return ERR_OK;
	return e == SQLITE_CONSTRAINT ? ERR_EXISTS : e == SQLITE_NOMEM ? ERR_NOMEM : ERR_SYS;
}

int store_commit(struct store *s, uint64_t chain_seq, struct why *why)
{
	int r;

	if (!s->open)
		return ERR_OK;
	r = change(s, bind(s, META_PUT, "ti", "chain_seq", (int64_t)chain_seq));
	if (r >= 0)
		r = run(s, "COMMIT", why);
	if (r < 0) {
		(void)run(s, "ROLLBACK", NULL);
		s->open = false;
		return why_fail(why, r, "the state database: %s", sqlite3_errmsg(s->db));
	}
	s->open = false;
	return ERR_OK;
}

int64_t store_number(struct store *s, const char *name)
{
	sqlite3_stmt *st = bind(s, META_GET, "t", name);
	int64_t v = sqlite3_step(st) == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;

	sqlite3_reset(st);
	return v;
}

int store_number_put(struct store *s, const char *name, int64_t v)
{
	return change(s, bind(s, META_PUT, "ti", name, v));
}

uint64_t store_chain_seq(struct store *s)
{
	return (uint64_t)store_number(s, "chain_seq");
}

static json_t *votes_json(const struct approval *a)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < a->n_votes; i++) {
		const struct approval_vote *v = &a->votes[i];

		json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s*,s:s*,s:s*,s:i,s:i,s:I}", "issuer", v->issuer, "subject", v->subject,
						      "reason", v->reason, "signature", v->signature, "signer", v->signer, "role", v->role,
						      "uses", (int)v->uses, "ttl", (int)v->ttl, "at", (json_int_t)v->at_ms));
	}
	return list;
}

int store_approval_put(struct store *s, const struct approval *a)
{
	json_t *votes = votes_json(a), *who = approval_asker_json(a->asker);
	char *asker = json_dumps(who, JSON_COMPACT), *ask = json_dumps(a->ask, JSON_COMPACT), *vote_text = json_dumps(votes, JSON_COMPACT);
	bool live = approval_live(a);
	int r = ask != NULL && vote_text != NULL && asker != NULL ? ERR_OK : ERR_NOMEM;

	json_decref(who);
	if (r >= 0)
		r = change(s, bind(s, APPROVAL_PUT, "tiibtbtiiiiiiiiitt", a->id, (int64_t)a->state, (int64_t)(live || !a->told),
				   (const void *)a->digest, sizeof(a->digest), asker,
				   (const void *)(live ? a->text : NULL), a->text_len, ask, (int64_t)a->needed, (int64_t)a->uses_max,
				   (int64_t)a->ttl_max, (int64_t)(a->signed_required | a->told << 1), a->created_ms, a->expires_ms, a->decided_ms,
				   a->grant_until_ms, (int64_t)a->uses_left, vote_text, a->why));
	json_decref(votes);
	free(asker);
	free(ask);
	free(vote_text);
	return r;
}

static char *column_strdup(sqlite3_stmt *st, int i)
{
	const char *p = (const char *)sqlite3_column_text(st, i);

	return p != NULL ? strdup(p) : NULL;
}

static char *json_strdup(json_t *o, const char *key)
{
	const char *p = json_string_value(json_object_get(o, key));

	return p != NULL ? strdup(p) : NULL;
}

static int read_votes(struct approval *a, const char *text)
{
	json_t *list = json_loads(text != NULL ? text : "", 0, NULL), *o;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > APPROVAL_VOTES_MAX) {
		json_decref(list);
		return ERR_MALFORMED;
	}
	json_array_foreach(list, i, o) {
		struct approval_vote *v = &a->votes[a->n_votes++];

		v->issuer = json_strdup(o, "issuer");
		v->subject = json_strdup(o, "subject");
		v->reason = json_strdup(o, "reason");
		v->signature = json_strdup(o, "signature");
		v->signer = json_strdup(o, "signer");
		v->role = json_strdup(o, "role");
		v->uses = (unsigned)json_integer_value(json_object_get(o, "uses"));
		v->ttl = (unsigned)json_integer_value(json_object_get(o, "ttl"));
		v->at_ms = json_integer_value(json_object_get(o, "at"));
		if (v->issuer == NULL || v->subject == NULL || v->reason == NULL) {
			json_decref(list);
			return ERR_MALFORMED;
		}
	}
	json_decref(list);
	return ERR_OK;
}

static int read_text(sqlite3_stmt *st, int column, struct approval *a)
{
	const void *p = sqlite3_column_blob(st, column);
	size_t n = (size_t)sqlite3_column_bytes(st, column);

	if (sqlite3_column_type(st, column) == SQLITE_NULL)
		return ERR_OK;
	a->text = calloc(1, n + 1);
	if (a->text == NULL)
		return ERR_NOMEM;
	if (n > 0)
		memcpy(a->text, p, n);
	a->text_len = n;
	return ERR_OK;
}

static int read_asker(const char *text, struct identity **out)
{
	json_t *j = json_loads(text, 0, NULL);
	int r = j != NULL ? approval_asker_read(j, out) : ERR_MALFORMED;

	json_decref(j);
	return r;
}

static int read_approval(sqlite3_stmt *st, struct approval **out)
{
	const char *id = (const char *)sqlite3_column_text(st, 0), *asker = (const char *)sqlite3_column_text(st, 4);
	struct approval *a = approval_new();
	int64_t state = sqlite3_column_int64(st, 1), flags = sqlite3_column_int64(st, 10);
	int r = ERR_MALFORMED;

	*out = NULL;
	if (a == NULL)
		return ERR_NOMEM;
	if (id == NULL || strlen(id) != APPROVAL_ID || state < 0 || state > APPROVAL_WITHDRAWN || asker == NULL ||
	    sqlite3_column_bytes(st, 3) != APPROVAL_DIGEST)
		goto out;
	memcpy(a->id, id, APPROVAL_ID);
	a->state = (enum approval_state)state;
	memcpy(a->digest, sqlite3_column_blob(st, 3), APPROVAL_DIGEST);
	a->ask = json_loads((const char *)sqlite3_column_text(st, 6), 0, NULL);
	a->needed = (unsigned)sqlite3_column_int64(st, 7);
	a->uses_max = (unsigned)sqlite3_column_int64(st, 8);
	a->ttl_max = (unsigned)sqlite3_column_int64(st, 9);
	a->signed_required = flags & 1;
	a->told = flags >> 1 & 1;
	a->created_ms = sqlite3_column_int64(st, 11);
	a->expires_ms = sqlite3_column_int64(st, 12);
	a->decided_ms = sqlite3_column_int64(st, 13);
	a->grant_until_ms = sqlite3_column_int64(st, 14);
	a->uses_left = (unsigned)sqlite3_column_int64(st, 15);
	a->why = column_strdup(st, 17);
	r = json_is_object(a->ask) ? read_votes(a, (const char *)sqlite3_column_text(st, 16)) : ERR_MALFORMED;
	if (r >= 0)
		r = read_asker(asker, &a->asker);
	if (r >= 0)
		r = read_text(st, 5, a);
out:
	if (r < 0)
		approval_free(a);
	else
		*out = a;
	return r;
}

int store_approval_get(struct store *s, const char *id, struct approval **out)
{
	sqlite3_stmt *st = bind(s, APPROVAL_GET, "t", id);
	int r = sqlite3_step(st) == SQLITE_ROW ? read_approval(st, out) : (*out = NULL, ERR_NOTFOUND);

	sqlite3_reset(st);
	return r;
}

int store_approvals(struct store *s, int state, bool live, int64_t before_ms, unsigned limit, store_approval_fn *fn, void *arg)
{
	int which = state >= 0 ? APPROVAL_OF_STATE : live ? APPROVAL_LIVE : APPROVAL_LIST;
	sqlite3_stmt *st = bind(s, which, "iiii", (int64_t)state, (int64_t)live, before_ms, (int64_t)limit);
	struct approval *a;
	bool more = true;
	int e, r = ERR_OK;

	while (r >= 0 && more && (e = sqlite3_step(st)) == SQLITE_ROW) {
		r = read_approval(st, &a);
		if (r >= 0)
			more = fn(arg, a);
	}
	sqlite3_reset(st);
	return r;
}

int store_token_use(struct store *s, const uint8_t key[32], int64_t until)
{
	return change(s, bind(s, TOKEN_USE, "bi", (const void *)key, (size_t)32, until));
}

int store_token_sweep(struct store *s, int64_t now)
{
	return change(s, bind(s, TOKEN_SWEEP, "i", now));
}

int store_certificate_add(struct store *s, uint64_t serial, const char *identity, int64_t valid_until)
{
	return change(s, bind(s, CERT_ADD, "iti", (int64_t)serial, identity, valid_until));
}

int store_certificate_revoke(struct store *s, uint64_t serial, int64_t now)
{
	bool was = store_certificate_revoked(s, serial);
	int r;

	if (was)
		return ERR_EXISTS;
	r = change(s, bind(s, CERT_REVOKE, "ii", (int64_t)serial, now));
	if (r < 0 || sqlite3_changes(s->db) > 0)
		return r;
	r = change(s, bind(s, CERT_REVOKE_NEW, "ii", (int64_t)serial, now));
	return r < 0 ? r : ERR_NOTFOUND;
}

int store_certificate_sweep(struct store *s, int64_t before)
{
	return change(s, bind(s, CERT_SWEEP, "i", before));
}

bool store_certificate_revoked(struct store *s, uint64_t serial)
{
	sqlite3_stmt *st = bind(s, CERT_REVOKED, "i", (int64_t)serial);
	int e = sqlite3_step(st);
	/* A database that cannot answer revokes: fail closed. */
	bool revoked = e == SQLITE_ROW ? sqlite3_column_int64(st, 0) != 0 : e != SQLITE_DONE;

	sqlite3_reset(st);
	return revoked;
}

int store_session_add(struct store *s, const struct store_session *v)
{
	return change(s, bind(s, SESSION_ADD, "ttttttii", v->id, v->issuer, v->subject, v->target, v->login, v->source, (int64_t)v->serial,
			      v->started_ms));
}

int store_session_end(struct store *s, const char *id)
{
	return change(s, bind(s, SESSION_END, "t", id));
}

static const char *column_str(sqlite3_stmt *st, int i)
{
	const char *p = (const char *)sqlite3_column_text(st, i);

	return p != NULL ? p : "";
}

int store_sessions(struct store *s, store_session_fn *fn, void *arg)
{
	sqlite3_stmt *st = bind(s, SESSION_LIST, "");

	while (sqlite3_step(st) == SQLITE_ROW) {
		struct store_session v = { column_str(st, 0), column_str(st, 1), column_str(st, 2), column_str(st, 3), column_str(st, 4),
					   column_str(st, 5), (uint64_t)sqlite3_column_int64(st, 6), sqlite3_column_int64(st, 7) };

		fn(arg, &v);
	}
	sqlite3_reset(st);
	return ERR_OK;
}

int store_recording_open(struct store *s, const struct store_recording *v)
{
	return change(s, bind(s, RECORDING_OPEN, "ttttttii", v->id, v->session, v->issuer, v->subject, v->target, v->login, v->started_ms,
			      (int64_t)v->channel));
}

int store_recording_close(struct store *s, const char *id, uint32_t part, uint64_t bytes, uint64_t raw_bytes, const char *sha256,
			  int64_t ended_ms, bool last)
{
	s->bytes += bytes;
	return change(s, bind(s, RECORDING_CLOSE, "tiiitii", id, (int64_t)part, (int64_t)bytes, (int64_t)raw_bytes, sha256, ended_ms,
			      (int64_t)last));
}

static void read_recordings(sqlite3_stmt *st, store_recording_fn *fn, void *arg)
{
	while (sqlite3_step(st) == SQLITE_ROW) {
		struct store_recording v = { .id = column_str(st, 0), .session = column_str(st, 1), .issuer = column_str(st, 2),
					     .subject = column_str(st, 3), .target = column_str(st, 4), .login = column_str(st, 5),
					     .started_ms = sqlite3_column_int64(st, 6), .ended_ms = sqlite3_column_int64(st, 7),
					     .channel = (uint32_t)sqlite3_column_int64(st, 8), .parts = (uint32_t)sqlite3_column_int64(st, 9),
					     .bytes = (uint64_t)sqlite3_column_int64(st, 10), .raw_bytes = (uint64_t)sqlite3_column_int64(st, 11),
					     .sha256 = column_str(st, 12) };

		fn(arg, &v);
	}
	sqlite3_reset(st);
}

int store_recordings(struct store *s, const char *id, const char *session, int64_t before_ms, unsigned limit, store_recording_fn *fn,
		     void *arg)
{
	int which = id != NULL ? RECORDING_GET : session != NULL ? RECORDING_OF_SESSION : RECORDING_LIST;

	read_recordings(bind(s, which, "ttii", id, session, before_ms, (int64_t)limit), fn, arg);
	return ERR_OK;
}

int store_recordings_open(struct store *s, store_recording_fn *fn, void *arg)
{
	read_recordings(bind(s, RECORDING_UNFINISHED, ""), fn, arg);
	return ERR_OK;
}

int store_recordings_kept(struct store *s, unsigned limit, store_recording_fn *fn, void *arg)
{
	read_recordings(bind(s, RECORDING_KEPT, "i", (int64_t)limit), fn, arg);
	return ERR_OK;
}

/* Counted once, then kept by those who change it. */
uint64_t store_recordings_bytes(struct store *s)
{
	sqlite3_stmt *st;

	if (!s->bytes_known) {
		st = bind(s, RECORDING_BYTES, "");
		s->bytes = sqlite3_step(st) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
		s->bytes_known = true;
		sqlite3_reset(st);
	}
	return s->bytes;
}

int store_recording_gone(struct store *s, const char *id, uint32_t parts, uint64_t bytes)
{
	int r = change(s, bind(s, RECORDING_GONE, "t", id));

	s->bytes -= bytes < s->bytes ? bytes : s->bytes;
	return r >= 0 ? change(s, bind(s, GONE_PUT, "ti", id, (int64_t)parts)) : r;
}

int store_gone_drop(struct store *s, const char *id)
{
	return change(s, bind(s, GONE_DROP, "t", id));
}

int store_gone(struct store *s, unsigned limit, store_gone_fn *fn, void *arg)
{
	sqlite3_stmt *st = bind(s, GONE_LIST, "i", (int64_t)limit);
	int e;

	while ((e = sqlite3_step(st)) == SQLITE_ROW)
		if (sqlite3_column_text(st, 0) != NULL)
			fn(arg, (const char *)sqlite3_column_text(st, 0), (uint32_t)sqlite3_column_int64(st, 1));
	sqlite3_reset(st);
	return e == SQLITE_DONE ? ERR_OK : ERR_SYS;
}

int store_hook_put(struct store *s, const struct store_hook *v)
{
	return change(s, bind(s, HOOK_PUT, "ttitttii", v->id, v->url, (int64_t)v->format, v->ca_file, v->secret_file, v->body,
			      (int64_t)v->attempt, v->created_ms));
}

int store_hook_drop(struct store *s, const char *id)
{
	return change(s, bind(s, HOOK_DROP, "t", id));
}

int store_hooks(struct store *s, store_hook_fn *fn, void *arg)
{
	sqlite3_stmt *st = bind(s, HOOK_LIST, "");
	int e;

	while ((e = sqlite3_step(st)) == SQLITE_ROW) {
		struct store_hook v = { .id = (const char *)sqlite3_column_text(st, 0), .url = (const char *)sqlite3_column_text(st, 1),
					.format = sqlite3_column_int(st, 2), .ca_file = (const char *)sqlite3_column_text(st, 3),
					.secret_file = (const char *)sqlite3_column_text(st, 4), .body = (const char *)sqlite3_column_text(st, 5),
					.attempt = sqlite3_column_int(st, 6), .created_ms = sqlite3_column_int64(st, 7) };

		if (v.id != NULL && v.url != NULL && v.body != NULL)
			fn(arg, &v);
	}
	sqlite3_reset(st);
	return e == SQLITE_DONE ? ERR_OK : ERR_SYS;
}
