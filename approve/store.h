/* Control's memory on disk, in SQLite: requests and grants, token ids already used, certificates, running sessions,
 * recordings. The only file that speaks SQL; every statement is prepared and bound.
 *
 * It is not the truth: the audit chain is. `chain_seq` says up to which record the chain is in here; what came later is
 * applied again at start (rebuild.h), and a lost file is made anew from the whole chain. One transaction is open through a
 * round of the event loop and is committed after the chain was. */
#ifndef APPROVE_STORE_H
#define APPROVE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "approve/approval.h"
#include "base/err.h"

struct store;

/* Opens or makes the file. ERR_OK, ERR_SYS, ERR_MALFORMED (the file is damaged or from another version: delete it, it is
 * made anew from the audit log). path ":memory:" for tests. */
int store_open(const char *path, struct store **out, struct why *why);
void store_close(struct store *s);

/* Ends the round's transaction, with the seq of the last durable audit record. ERR_OK when nothing was written. */
int store_commit(struct store *s, uint64_t chain_seq, struct why *why);

/* Numbers by name; 0 when it was never put. */
int64_t store_number(struct store *s, const char *name);
int store_number_put(struct store *s, const char *name, int64_t v);

/* 0 for a new file. */
uint64_t store_chain_seq(struct store *s);

/* Requests. put writes the whole row, new or changed. get: ERR_NOTFOUND. The caller owns *out. */
int store_approval_put(struct store *s, const struct approval *a);
int store_approval_get(struct store *s, const char *id, struct approval **out);

/* Calls fn for requests, newest first; fn returns false to stop, and owns the approval. state -1: any. live: only those
 * that may still change, or whose end the agent was not told. before_ms 0: from the newest. */
typedef bool store_approval_fn(void *arg, struct approval *a);
int store_approvals(struct store *s, int state, bool live, int64_t before_ms, unsigned limit, store_approval_fn *fn, void *arg);

/* Marks a token as used until a time (Unix seconds). ERR_EXISTS: it was used before. */
int store_token_use(struct store *s, const uint8_t key[32], int64_t until);

/* Forgets tokens whose time has passed. */
int store_token_sweep(struct store *s, int64_t now);

/* Certificates. identity: its canonical text. store_certificate_revoke(): ERR_NOTFOUND when the serial is not known (it
 * is revoked all the same), ERR_EXISTS when it was revoked before. */
int store_certificate_add(struct store *s, uint64_t serial, const char *identity, int64_t valid_until);
int store_certificate_revoke(struct store *s, uint64_t serial, int64_t now);
/* Forgets certificates that were over before a time and are not revoked. */
int store_certificate_sweep(struct store *s, int64_t before);
bool store_certificate_revoked(struct store *s, uint64_t serial);

/* Sessions that have begun and not ended. */
struct store_session {
	const char *id, *issuer, *subject, *target, *login, *source; /* valid during the callback */
	uint64_t serial;
	int64_t started_ms;
};
int store_session_add(struct store *s, const struct store_session *v);
int store_session_end(struct store *s, const char *id);
typedef void store_session_fn(void *arg, const struct store_session *v);
int store_sessions(struct store *s, store_session_fn *fn, void *arg);

/* Recordings. */
struct store_recording {
	const char *id, *session, *issuer, *subject, *target, *login; /* valid during the callback; "" where unknown */
	int64_t started_ms, ended_ms; /* ended 0: still open */
	uint32_t channel, parts;
	uint64_t bytes, raw_bytes; /* bytes 0 of a complete one: its content was deleted */
	const char *sha256; /* of the last part, "" while open */
};
int store_recording_open(struct store *s, const struct store_recording *v);
int store_recording_close(struct store *s, const char *id, uint32_t part, uint64_t bytes, uint64_t raw_bytes, const char *sha256,
			  int64_t ended_ms, bool last);
typedef void store_recording_fn(void *arg, const struct store_recording *v);

/* id NULL: all, newest first, those that began before before_ms (0: all), at most limit. session NULL: of any. */
int store_recordings(struct store *s, const char *id, const char *session, int64_t before_ms, unsigned limit, store_recording_fn *fn,
		     void *arg);

/* Those whose end is not known yet. */
int store_recordings_open(struct store *s, store_recording_fn *fn, void *arg);

/* Retention. kept: complete recordings whose content is there, the oldest first. bytes: what all of these take. gone: its content is to be deleted
 * (the log says so); it counts no more, and stands in the list of those whose files may still lie there until dropped from it. */
int store_recordings_kept(struct store *s, unsigned limit, store_recording_fn *fn, void *arg);
uint64_t store_recordings_bytes(struct store *s);
int store_recording_gone(struct store *s, const char *id, uint32_t parts, uint64_t bytes);
int store_gone_drop(struct store *s, const char *id);
typedef void store_gone_fn(void *arg, const char *id, uint32_t parts);
int store_gone(struct store *s, unsigned limit, store_gone_fn *fn, void *arg);

/* Webhook messages that nobody has taken yet. url "": not made yet, body is the id of the approval that it is about. */
struct store_hook {
	const char *id, *url, *ca_file, *secret_file, *body; /* valid during the callback; ca_file and secret_file may be NULL */
	int64_t created_ms;
	int format, attempt;
};
int store_hook_put(struct store *s, const struct store_hook *v); /* new or changed */
int store_hook_drop(struct store *s, const char *id);
typedef void store_hook_fn(void *arg, const struct store_hook *v);
int store_hooks(struct store *s, store_hook_fn *fn, void *arg); /* oldest first; fn must not change them */

#endif
