/* The store out of the chain; see rebuild.h. The log was verified when it was opened; here its events are applied once more. */
#include "approve/rebuild.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/chain.h"
#include "audit/segments.h"

enum { TOKEN_KEPT = 30 * 86400 }; /* seconds: longer than any token is accepted */

struct record {
	struct store *store;
	bool late;           /* of a state that was kept up to the last moment: who is to be told of it was not, maybe */
	const char *session; /* NULL: none */
	int64_t time_ms;
	json_t *j;
};

static const char *text(const struct record *r, const char *name)
{
	const char *s = json_string_value(json_object_get(r->j, name));

	return s != NULL ? s : "";
}

static int64_t number(const struct record *r, const char *name)
{
	return json_integer_value(json_object_get(r->j, name));
}

static int64_t time_of(const struct record *r, const char *name)
{
	const char *s = text(r, name);
	uint64_t ms = 0;

	return chain_time_parse(s, strlen(s), &ms) == ERR_OK ? (int64_t)ms : 0;
}

static bool unhex(const char *s, uint8_t out[32])
{
	return digest_unhex(s, strlen(s), out);
}

/* ---- what each event does ---- */

static int certificate_issued(const struct record *r)
{
	uint8_t key[32];
	int e = store_certificate_add(r->store, (uint64_t)number(r, "serial"), "", time_of(r, "valid_until") / 1000);

	if (e >= 0 && unhex(text(r, "token"), key))
		e = store_token_use(r->store, key, r->time_ms / 1000 + TOKEN_KEPT);
	return e == ERR_EXISTS ? ERR_OK : e;
}

static int certificate_revoked(const struct record *r)
{
	int e = store_certificate_revoke(r->store, (uint64_t)number(r, "serial"), r->time_ms / 1000);

	return e == ERR_EXISTS || e == ERR_NOTFOUND ? ERR_OK : e;
}

static int session_start(const struct record *r)
{
	json_t *who = json_object_get(r->j, "identity");
	const char *issuer = json_string_value(json_object_get(who, "issuer")), *subject = json_string_value(json_object_get(who, "subject"));
	struct store_session v = { r->session != NULL ? r->session : "", issuer != NULL ? issuer : "", subject != NULL ? subject : "",
				   text(r, "target"), text(r, "login"), text(r, "source"), (uint64_t)number(r, "serial"), r->time_ms };

	return store_session_add(r->store, &v);
}

/* Whose a session is: its row says so. */
struct owner {
	const char *session;
	char *issuer, *subject, *target, *login;
};

/* What a recorder tells may come behind the end of its session, whose row is gone by then: the last that ended are kept for it. */
static struct ended {
	char session[40];
	struct owner who;
} ended[64];
static unsigned n_ended;

static void owner_free(struct owner *o)
{
	free(o->issuer);
	free(o->subject);
	free(o->target);
	free(o->login);
	memset(o, 0, sizeof(*o));
}

static void find_owner(void *arg, const struct store_session *v)
{
	struct owner *o = arg;

	if (strcmp(v->id, o->session) != 0)
		return;
	o->issuer = strdup(v->issuer);
	o->subject = strdup(v->subject);
	o->target = strdup(v->target);
	o->login = strdup(v->login);
}

static const char *or_empty(const char *s)
{
	return s != NULL ? s : "";
}

static int session_end(const struct record *r)
{
	struct ended *e = &ended[n_ended++ % (sizeof(ended) / sizeof(*ended))];

	owner_free(&e->who);
	snprintf(e->session, sizeof(e->session), "%s", or_empty(r->session));
	e->who.session = e->session;
	(void)store_sessions(r->store, find_owner, &e->who);
	return store_session_end(r->store, e->session);
}

/* The owner of the record's session: borrowed from what is kept, or filled into own. */
static const struct owner *owner_of(const struct record *r, struct owner *own)
{
	(void)store_sessions(r->store, find_owner, own);
	for (size_t i = 0; own->issuer == NULL && i < sizeof(ended) / sizeof(*ended); i++) {
		if (ended[i].who.issuer != NULL && strcmp(ended[i].session, own->session) == 0)
			return &ended[i].who;
	}
	return own;
}

static int recording_opened(const struct record *r)
{
	struct owner own = { .session = or_empty(r->session) };
	const struct owner *o = owner_of(r, &own);
	struct store_recording v;
	int e;

	v = (struct store_recording){ .id = text(r, "recording"), .session = or_empty(r->session), .issuer = or_empty(o->issuer),
				      .subject = or_empty(o->subject), .target = or_empty(o->target), .login = or_empty(o->login),
				      .started_ms = r->time_ms, .channel = (uint32_t)number(r, "channel") };
	e = store_recording_open(r->store, &v);
	owner_free(&own);
	return e;
}

static int recording_closed(const struct record *r)
{
	return store_recording_close(r->store, text(r, "recording"), (uint32_t)number(r, "part"), (uint64_t)number(r, "bytes"),
				     (uint64_t)number(r, "raw_bytes"), text(r, "sha256"), r->time_ms,
				     json_object_get(r->j, "parts") != NULL || strcmp(text(r, "event"), "recording.repaired") == 0);
}

static void size_of(void *arg, const struct store_recording *v)
{
	*(uint64_t *)arg = v->bytes;
}

/* A record a part: with the first one the content counts no more, with the last one all parts are to be deleted. */
static int recording_deleted(const struct record *r)
{
	uint64_t bytes = 0;

	(void)store_recordings(r->store, text(r, "recording"), NULL, 0, 1, size_of, &bytes);
	return store_recording_gone(r->store, text(r, "recording"), (uint32_t)number(r, "part"), bytes);
}

static int epoch_open(const struct record *r)
{
	int e = store_number_put(r->store, "epoch", number(r, "epoch"));

	return e < 0 ? e : store_number_put(r->store, "epoch_opened", r->time_ms / 1000);
}

/* Who asks, as a person is shown it: without what only tells one person from another. */
static json_t *shown(json_t *identity)
{
	json_t *who = json_copy(identity);

	json_object_del(who, "iss");
	json_object_del(who, "email");
	return who;
}

static int approval_requested(const struct record *r)
{
	struct approval *a = approval_new(), *was = NULL;
	const char *id = text(r, "approval");
	int e = ERR_MALFORMED;

	if (a == NULL)
		return ERR_NOMEM;
	if (store_approval_get(r->store, id, &was) == ERR_OK) {
		approval_free(was);
		approval_free(a);
		return ERR_OK;
	}
	if (strlen(id) == APPROVAL_ID && unhex(text(r, "digest"), a->digest))
		e = approval_asker_read(json_object_get(r->j, "identity"), &a->asker);
	if (e >= 0) {
		memcpy(a->id, id, APPROVAL_ID);
		a->needed = (unsigned)number(r, "approvals");
		a->uses_max = (unsigned)number(r, "uses");
		a->ttl_max = (unsigned)number(r, "ttl");
		a->signed_required = json_is_true(json_object_get(r->j, "signed"));
		a->created_ms = r->time_ms;
		a->expires_ms = time_of(r, "expires");
		a->ask = json_pack("{s:s*,s:s,s:s,s:s,s:{s:s,s:s},s:o*,s:s,s:s,s:b,s:b,s:O*,s:s*}", "session", r->session, "rule", text(r, "rule"),
				   "command", text(r, "command"), "sha256", text(r, "command_sha256"), "target", "name", text(r, "target"),
				   "login", text(r, "login"), "who", shown(json_object_get(r->j, "identity")), "policy", text(r, "policy"), "risk",
				   text(r, "risk"), "exact", json_is_true(json_object_get(r->j, "exact")), "pty",
				   json_is_true(json_object_get(r->j, "pty")), "approvers", json_object_get(r->j, "approvers"), "cwd",
				   json_string_value(json_object_get(r->j, "cwd")));
		e = a->ask != NULL ? store_approval_put(r->store, a) : ERR_NOMEM;
	}
	approval_free(a);
	return e;
}

static char *dup_text(const struct record *r, const char *name)
{
	const char *s = json_string_value(json_object_get(r->j, name));

	return s != NULL ? strdup(s) : NULL;
}

static int add_vote(const struct record *r, struct approval *a)
{
	struct approval_vote *v = &a->votes[a->n_votes];
	json_t *by = json_object_get(r->j, "by");
	const char *issuer = json_string_value(json_object_get(by, "issuer")), *subject = json_string_value(json_object_get(by, "subject"));

	if (issuer == NULL || subject == NULL || a->n_votes == APPROVAL_VOTES_MAX)
		return ERR_MALFORMED;
	/* The same answer twice is a record that was applied before. */
	for (unsigned i = 0; i < a->n_votes; i++) {
		if (strcmp(a->votes[i].issuer, issuer) == 0 && strcmp(a->votes[i].subject, subject) == 0)
			return ERR_EXISTS;
	}
	a->n_votes++;
	v->issuer = strdup(issuer);
	v->subject = strdup(subject);
	v->reason = dup_text(r, "reason");
	v->signature = dup_text(r, "signature");
	v->signer = dup_text(r, "signer");
	v->role = dup_text(r, "role");
	v->uses = (unsigned)number(r, "uses");
	v->ttl = (unsigned)number(r, "ttl");
	v->at_ms = r->time_ms;
	return v->issuer != NULL && v->subject != NULL && v->reason != NULL ? ERR_OK : ERR_NOMEM;
}

static int approval_change(const struct record *r)
{
	const char *event = text(r, "event") + strlen("approval.");
	struct approval *a = NULL;
	int e = store_approval_get(r->store, text(r, "approval"), &a);

	if (e < 0)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	if (strcmp(event, "used") == 0) {
		a->uses_left = (unsigned)number(r, "uses_left");
		a->told = true;
	} else if (strcmp(event, "expired") == 0) {
		a->decided_ms = a->decided_ms != 0 ? a->decided_ms : r->time_ms;
		a->state = APPROVAL_EXPIRED;
		a->uses_left = 0;
	} else if (strcmp(event, "withdrawn") == 0) {
		a->decided_ms = r->time_ms;
		a->state = APPROVAL_WITHDRAWN;
		a->uses_left = 0;
		free(a->why);
		a->why = dup_text(r, "reason");
	} else if (a->state == APPROVAL_PENDING) {
		e = add_vote(r, a);
		if (e >= 0 && strcmp(event, "denied") == 0) {
			a->state = APPROVAL_DENIED;
			a->decided_ms = r->time_ms;
		} else if (e >= 0 && number(r, "remaining") == 0) {
			a->state = APPROVAL_APPROVED;
			a->decided_ms = r->time_ms;
			a->grant_until_ms = time_of(r, "expires");
			a->uses_left = a->uses_max;
			for (unsigned i = 0; i < a->n_votes; i++)
				a->uses_left = a->votes[i].uses < a->uses_left ? a->votes[i].uses : a->uses_left;
		}
	}
	if (e >= 0)
		e = store_approval_put(r->store, a);
	approval_free(a);
	return e == ERR_EXISTS ? ERR_OK : e;
}

static const struct {
	const char *event;
	int (*apply)(const struct record *r);
} table[] = {
	{ "certificate.issued", certificate_issued }, { "certificate.revoked", certificate_revoked },
	{ "session.start", session_start },	      { "session.end", session_end },
	{ "recording.opened", recording_opened },     { "recording.closed", recording_closed },
	{ "recording.repaired", recording_closed },   { "recording.deleted", recording_deleted },
	{ "epoch.open", epoch_open },		      { "approval.requested", approval_requested },
	{ "approval.approved", approval_change },     { "approval.denied", approval_change },
	{ "approval.expired", approval_change },      { "approval.withdrawn", approval_change },
	{ "approval.used", approval_change },
};

/* The webhooks of a request whose record became durable just before the end: they are made at start (hooks.c). */
static int note_hook(const struct record *r)
{
	char id[64];

	snprintf(id, sizeof(id), "due_%s", text(r, "approval"));
	return store_hook_put(r->store, &(struct store_hook){ .id = id, .url = "", .body = text(r, "approval"), .created_ms = r->time_ms });
}

static int apply(struct store *s, bool late, struct view line, const struct chain_record *cr)
{
	struct record r = { .store = s, .late = late };
	uint64_t ms = 0;
	size_t i;
	int e = ERR_OK;

	for (i = 0; i < sizeof(table) / sizeof(*table) && !view_is(&cr->event, table[i].event); i++)
		;
	if (i == sizeof(table) / sizeof(*table))
		return ERR_OK;
	r.j = json_loadb((const char *)line.p, line.n, 0, NULL);
	if (r.j == NULL)
		return ERR_MALFORMED;
	r.session = json_string_value(json_object_get(r.j, "session"));
	if (chain_time_parse((const char *)cr->time.p, cr->time.n, &ms) == ERR_OK)
		r.time_ms = (int64_t)ms;
	e = table[i].apply(&r);
	if (e >= 0 && r.late && strncmp(table[i].event, "approval.", 9) == 0)
		e = note_hook(&r);
	json_decref(r.j);
	return e;
}

static int apply_segment(struct store *s, bool late, int dirfd, unsigned number_of, uint64_t *seq, struct why *why)
{
	char name[SEGMENT_NAME_MAX];
	struct chain_record cr;
	struct lines l;
	struct view line;
	int r;

	segment_name(SEGMENT_LOG, number_of, name);
	r = lines_open(&l, dirfd, name, 0);
	if (r < 0)
		return why_fail(why, r, "%s: %s", name, err_text(r));
	while ((r = lines_next(&l, &line, NULL)) == ERR_OK) {
		r = chain_read(line, &cr, why);
		if (r < 0)
			break;
		if (cr.seq <= *seq)
			continue;
		r = apply(s, late, line, &cr);
		if (r < 0) {
			why_set(why, "record %llu cannot be applied to the state database: %s", (unsigned long long)cr.seq, err_text(r));
			break;
		}
		*seq = cr.seq;
	}
	lines_close(&l);
	return r == ERR_EOF ? ERR_OK : r;
}

int rebuild_run(struct store *s, const char *folder, struct why *why)
{
	int dirfd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;
	uint64_t seq = store_chain_seq(s), from = seq;
	unsigned *numbers = NULL;
	size_t n = 0;

	if (dirfd < 0)
		return why_fail(why, ERR_SYS, "the audit folder cannot be read");
	r = segments_list(dirfd, SEGMENT_LOG, &numbers, &n);
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = apply_segment(s, from > 0, dirfd, numbers[i], &seq, why);
	/* The transaction is committed also where nothing was applied but the position moved. */
	if (r >= 0 && seq != from)
		r = store_number_put(s, "chain_seq", (int64_t)seq);
	if (r >= 0)
		r = store_commit(s, seq, why);
	for (size_t i = 0; i < sizeof(ended) / sizeof(*ended); i++)
		owner_free(&ended[i].who);
	free(numbers);
	close(dirfd);
	return r;
}
