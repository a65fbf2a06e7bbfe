/* One request for a person's yes, and the grant that a yes makes: a state machine. Pure: no clock, no store, no I/O.
 *
 *   pending ──vote yes (the last of `needed` people)──▶ approved ──use × uses──▶ approved, uses_left 0: gone
 *      │ └──vote no (anybody who may answer)──▶ denied      └──grant_until passes──▶ expired
 *      ├──expires passes──▶ expired
 *      └──▶ withdrawn (the policy changed, or control says so), also from approved
 *
 * Nothing leads back. Every function takes the time; a deadline that has passed is seen before anything else happens, so
 * that a late yes, a late use and the timer agree on the order whatever comes first. Times are Unix milliseconds. */
#ifndef APPROVE_APPROVAL_H
#define APPROVE_APPROVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "identity/identity.h"

enum approval_state { APPROVAL_PENDING, APPROVAL_APPROVED, APPROVAL_DENIED, APPROVAL_EXPIRED, APPROVAL_WITHDRAWN };

enum {
	APPROVAL_ID = 26,          /* characters */
	APPROVAL_DIGEST = 32,      /* bytes */
	APPROVAL_VOTES_MAX = 16,
	APPROVAL_REASON_MAX = 1000 /* bytes */
};

/* What a yes is bound to. Every byte of every field enters the digest, each with its length in front. */
struct approval_binding {
	struct view text;    /* what the target's shell will get: canonical text, or the exact bytes */
	struct view issuer, subject, on_behalf_of, target, login, cwd, policy;
	struct view env;     /* the question's environment, as lists of strings (base/proto.h) */
	struct view state;   /* and what the managed shell carries in */
	struct view stdin_bytes;
	bool has_pty, stdin_known, exact;
	uint8_t kind, op;    /* policy/policy.h */
};

/* SHA-256 over a binding and the request's id: the digest that is shown, signed and recorded. It differs for every request,
 * so that no signature serves twice. ERR_OK, ERR_CRYPTO, ERR_NOMEM. */
int approval_digest(const struct approval_binding *b, const char *id, uint8_t out[APPROVAL_DIGEST]);

struct approval_vote {
	char *issuer, *subject, *reason;
	char *signature, *signer; /* NULL where there is none */
	char *role;
	unsigned uses;
	unsigned ttl; /* seconds */
	int64_t at_ms;
};

struct approval {
	char id[APPROVAL_ID + 1];
	enum approval_state state;
	uint8_t digest[APPROVAL_DIGEST];
	struct identity *asker; /* issuer, iss, subject, groups, on_behalf_of, email; nothing else of it */
	char *text;        /* what runs; NUL-terminated, text_len bytes; NULL once it can never run again */
	size_t text_len;
	json_t *ask;       /* what a person is shown: an object, written by ask.c */
	unsigned needed;   /* different people */
	unsigned uses_max; /* ceilings of the rule */
	unsigned ttl_max;  /* seconds */
	bool signed_required;
	int64_t created_ms, expires_ms; /* until when it waits for an answer */
	int64_t decided_ms;             /* when it left pending; 0 before */
	int64_t grant_until_ms;         /* until when a grant may be used */
	unsigned uses_left;
	struct approval_vote votes[APPROVAL_VOTES_MAX];
	unsigned n_votes;
	char *why;         /* of a withdrawal */
	bool told;         /* the agent has been told how it ended */
};

/* What a person wants to do. */
struct approval_wish {
	const struct identity *who;
	bool yes;
	const char *reason; /* required */
	unsigned uses;      /* 0: as many as the rule allows */
	unsigned ttl;       /* seconds; 0: as long as the rule allows */
	const char *signature, *signer; /* verified by the caller; NULL where there is none */
	const char *role;   /* in which the person acts */
};

const char *approval_state_name(enum approval_state s);
int approval_state_parse(const char *name, enum approval_state *out);

/* Who asks, as the store and the log keep it: {"issuer","iss","subject","groups","on_behalf_of","email"}; and back. */
json_t *approval_asker_json(const struct identity *id);
int approval_asker_read(const json_t *j, struct identity **out);

struct approval *approval_new(void);
void approval_free(struct approval *a);

/* Counts a person's answer. Whether the person has the role is the caller's to know. ERR_OK (see state and n_votes for what came of
 * it); ERR_WRONGSTATE not pending any more; ERR_REFUSED own request (a no is permitted) or no signature where one is required;
 * ERR_EXISTS this person has said yes already; ERR_LIMIT more uses or time than the rule allows; ERR_MALFORMED no reason.
 * After any failure but a passed deadline (ERR_WRONGSTATE, and the state is expired) nothing has changed. */
int approval_vote(struct approval *a, const struct approval_wish *w, int64_t now_ms, struct why *why);

/* Takes one use of a grant for the question with this digest. ERR_OK: it may run, once. ERR_WRONGSTATE, ERR_EXPIRED, ERR_REFUSED
 * (another digest). */
int approval_use(struct approval *a, const uint8_t digest[APPROVAL_DIGEST], int64_t now_ms);

/* Lets deadlines act. Returns whether the state changed. */
bool approval_tick(struct approval *a, int64_t now_ms);

/* Voids a request or a grant. ERR_OK or ERR_WRONGSTATE. */
int approval_withdraw(struct approval *a, const char *why, int64_t now_ms);

/* Whether it may still change: pending, or a grant with uses left. */
bool approval_live(const struct approval *a);

/* The next deadline that approval_tick() waits for, INT64_MAX when there is none. */
int64_t approval_deadline(const struct approval *a);

#endif
