/* The control process: what its files share. One thread, one loop; nothing here is locked.
 *
 * A round of the loop handles what came in, appends records, queues answers; at its end the records are made durable with
 * one write, then the store's transaction is committed, and only then do answers leave (control_round()). When the records cannot be
 * made durable the process ends: what was queued is lost with it, the supervisor starts a new one that reads what the disk really
 * holds, and workers that get no answer say no by themselves. */
#ifndef APPROVE_CONTROL_H
#define APPROVE_CONTROL_H

#include <config.h>

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "approve/histogram.h"
#include "approve/metrics.h"
#include "approve/rate.h"
#include "approve/tally.h"
#include "approve/approval.h"
#include "approve/config.h"
#include "approve/peer.h"
#include "approve/store.h"
#include "audit/log.h"
#include "base/buf.h"
#include "base/loop.h"
#include "base/proto.h"
#include "identity/cidr.h"
#include "identity/identity.h"
#include "identity/sshkey.h"
#include "policy/mask.h"
#include "policy/policy.h"

enum {
	CONTROL_ID = 26,              /* characters of a public id */
	CONTROL_QUESTIONS_MAX = 4096, /* open questions a session */
	CONTROL_PENDING_MAX = 64,     /* pending requests an identity */
	CONTROL_DIAL_MS = 10000,
	CONTROL_VAULT_MS = 10000,
	CONTROL_REFUSAL_MS = 100      /* every refused login takes this long, whatever the reason */
};

/* The exit codes that an agent sees. */
enum { EXIT_DENIED = 126, EXIT_REFUSED = 77, EXIT_PENDING = 75, EXIT_UNAVAILABLE = 69 };

enum question_stage {
	QSTAGE_HELD,    /* waits for a person */
	QSTAGE_READYING, /* may run; waits for the target */
	QSTAGE_RUNNING  /* was answered `run` */
};

struct question {
	struct question *next;
	struct session *session;
	uint32_t number, channel;
	enum question_kind kind;
	enum question_stage stage;
	enum file_op op;
	char *text; /* what runs; owned */
	size_t len;
	char *marker; /* what the recording's marker says; owned */
	char approval[CONTROL_ID + 1]; /* empty where none */
	uint64_t decision; /* seq of its record */
	struct loop_timer *timer;
	bool patient; /* waits for a person without a limit of its own */
	bool json, record_digest, pty_raw, end_session;
	enum transfer transfer;
	struct buf argv; /* of the transfer: a list */
	bool stdin_consumed; /* the program that came on stdin stands in the text: the target gets an empty one */
};

enum prepare { PREPARE_NONE, PREPARE_RUNNING, PREPARE_READY };

struct session {
	struct session *next;
	struct control *ctl;
	uint64_t sid;
	char id[CONTROL_ID + 1];
	char source[64];
	uint16_t port;
	struct addr addr;
	struct peer *peer, *recorder; /* NULL once gone */
	bool in, over, signing, used_sign;
	struct loop_timer *timer; /* of the refusal, then of the session's end */
	struct identity *who;
	char *target, *login;     /* names; the target is looked up again at each use, for a reload may take it away */
	uint64_t serial;
	int64_t started_ms, expires_ms;
	uint8_t mask_key[MASK_KEY_LEN];
	char mask_version[65];    /* policy version whose mask section the worker has */
	struct question *questions;
	unsigned n_questions;
	/* the way to the target */
	enum prepare prepare;
	uint32_t dial_req, recorder_req, vault_req; /* 0: answered */
	int target_fd, agent_fd; /* -1: none */
	bool sealed;             /* its recordings are encrypted */
	bool granted, dialed, recorder_asked, recorder_sent, recorder_done, target_sent, scanning;
	char *certified; /* key line that a host certificate vouches for, on this connection */
	struct loop_timer *prepare_timer;
	/* counts */
	uint64_t commands, bytes_in, bytes_out;
	json_t *maskings; /* rule → how many values; NULL: none */
	unsigned attempts; /* logins refused */
	char *end_why;
	uint32_t wait_status;
};

/* Something that the vault was asked. */
struct vault_call;

struct control {
	struct loop *loop;
	struct peer_set peers;
	struct peer *supervisor, *vault;
	char *config_path;
	struct config *config;
	struct policy *policy;
	struct mask_set *masks;
	char config_digest[65];
	struct buf config_text; /* what the file said when it was taken */
	struct refused {
		bool now;       /* what the file says is not what is served: it has mistakes */
		json_t *errors; /* of the start, until they are recorded */
	} config_refused, policy_refused;
	struct audit_log *log;
	struct store *store;
	int state_fd;
	uint64_t appended;      /* records since the last commit */
	struct loop_timer *commit_timer;
	bool commit_now;
	bool ready;             /* control_ready was sent */
	bool stopping;
	unsigned minutes;       /* that it runs */
	int64_t started_ms;
	struct session *sessions;
	unsigned n_sessions;
	struct rate rate;
	uint32_t next_req;
	struct vault_call *vault_calls;
	struct buf ca_blob;     /* the user CA's plain public key; empty until the vault said it */
	struct buf ca_previous; /* the one before it, between `vault rotate user-ca` and --finish */
	char *ca_line;          /* "TYPE BASE64" */
	char *audit_key_line;
	struct requests *requests;
	struct issue *issue;
	struct http *http;
	uint16_t http_port;     /* 0: none */
	struct hooks *hooks;
	struct receipts *receipts;
	struct evidence *evidence;
	struct outputs *outputs;
	struct retention *retention;
	struct witness *witness;
	struct buf readers;     /* certificates that recordings are encrypted to; empty: they are not */
	struct {
		struct tally by_rule, shadow, masks; /* rule and verdict; rule that only watches and what it would have said; masking rule */
		uint64_t decisions[3], approvals_asked, logins, logins_refused, certificates, certificates_refused, records;
		uint64_t http_requests, maskings;
		uint64_t answered[APPROVAL_WITHDRAWN + 1]; /* requests by how they ended */
		uint64_t failures[FAIL_KINDS];
		struct histogram commit, approval_wait, recorder_lag;
	} count;
};

/* ---- record.c ---- */

/* Appends a record. Takes fields over. ERR_UNAVAILABLE when nothing may happen any more. session may be NULL. */
int control_record(struct control *c, const char *session, const char *event, json_t *fields, uint64_t *seq);

/* journal.c: the operator's line for a record that has one. */
void journal_note(struct control *c, const char *session, const char *event, const json_t *fields);

/* A public id: 26 characters of 0-9 a-z, the first ten from the clock so that they sort. */
void control_id(char out[CONTROL_ID + 1]);

uint32_t control_req(struct control *c);

/* "2026-01-31T12:00:00.000Z" as JSON. */
json_t *control_time(int64_t ms);

/* {issuer, subject, groups, on_behalf_of} */
json_t *control_who(const struct identity *id);

/* Masks bytes that a person will read or a record will hold, with a session's key (NULL: a key of this process). *masked may be NULL. */
int control_mask(struct control *c, const uint8_t *key, const void *p, size_t n, struct buf *out, size_t *masked);

/* Masked bytes as a JSON string, what is not UTF-8 written as \xNN. */
json_t *control_masked(struct control *c, const uint8_t *key, const void *p, size_t n);

/* ---- vault_side.c ---- */

/* Takes over the socket of a (new) vault, and asks for its public keys. */
void vault_side_open(struct control *c, int fd);
void vault_side_reload(struct control *c); /* what lies in the store now, and which CA that is */
void vault_side_close(struct control *c);

/* Asks the vault. fn gets ok, and data or why; it is called once, at the latest after CONTROL_VAULT_MS. Fill in the request's req with
 * *req before sending. ERR_UNAVAILABLE without a vault. */
typedef void vault_fn(void *arg, bool ok, struct view data, struct view why);
int control_vault_call(struct control *c, vault_fn *fn, void *arg, uint32_t *req);
/* Forgets a call: its answer is ignored. */
void control_vault_forget(struct control *c, uint32_t req);

/* ---- reload.c ---- */
/* Both at the start: where one has mistakes, the last good one of before is served in its place. */
int control_load(struct control *c);
int control_load_config(struct control *c, bool first, struct buf *errors);
int control_load_policy(struct control *c, struct buf *errors);
/* What is served now is what a later start may fall back to, unless it is that already. */
void control_keep_good(struct control *c);
/* Records that a configuration or policy is in force, or was refused: errors (taken over). was: what was in force before; NULL at the start. */
int control_record_load(struct control *c, bool policy, const char *was, json_t *errors);
void control_reload(struct control *c);

/* ---- session.c ---- */
int session_new(struct control *c, const struct msg_session_new *m, int fd);
void session_gone(struct control *c, uint64_t sid, uint32_t status);
struct session *session_by_sid(struct control *c, uint64_t sid);
struct session *session_by_id(struct control *c, const char *id);
/* Ends a session: tells the worker, which tells the agent; kills it when it does not go. */
void session_stop(struct session *s, uint8_t exit_code, const char *line);
void session_close_all(struct control *c, const char *why);
/* Sessions that an earlier control left unfinished. Returns how many. */
unsigned session_recover(struct control *c);

/* ---- login.c ---- */
int login_message(struct session *s, const struct msg_login *m);
int login_sign(struct session *s, const struct msg_sign_request *m);

/* ---- question.c ---- */
int question_message(struct session *s, const struct msg_question *m);
int question_withdraw(struct session *s, uint32_t number);
void question_drop(struct question *q, const char *why); /* its session is over, or asks no longer */
int question_command_end(struct session *s, const struct msg_command_end *m);
int question_masked(struct session *s, const struct msg_masked *m);
struct question *question_find(struct session *s, uint32_t number);
void question_free(struct question *q);
/* The target is ready, or cannot be reached: answers what waited for it. */
void question_ready(struct session *s);
void question_unready(struct session *s, const char *why);
/* A person's answer is there, for a question that waits: runs it with the stored text (taken over), or refuses it. */
void question_run(struct question *q, char *text, size_t len);
void question_refuse(struct question *q, uint8_t exit_code, const char *line);

/* ---- question_file.c ---- */
enum { QUESTION_PATHS_MAX = 32 };
const char *question_op(unsigned op); /* "read", "write"… */
/* What a file operation does beside what its text and op say. ERR_MALFORMED: it is no such question. */
int question_paths(const struct msg_question *m, struct policy_path *out, size_t *n);
int question_file_done(struct session *s, const struct msg_file_done *m);

/* ---- prepare.c ---- */
void prepare_start(struct session *s);
void prepare_dialed(struct control *c, const struct msg_dialed *m, int fd);
void prepare_recorder(struct control *c, const struct msg_recorder_ready *m, int control_fd, int session_fd);
void prepare_drop(struct session *s);
int prepare_host_certificate(struct session *s, const struct msg_host_certificate *m);
int prepare_target_result(struct session *s, const struct msg_target_result *m);

/* ---- requests.c: requests for approval ---- */
int requests_open(struct control *c);
void requests_close(struct requests *r);
/* What a question that needs approval comes to. */
struct request_ask {
	const struct policy_answer *answer;
	const struct approval_binding *binding;
	const struct msg_question *question;
};
/* Finds a grant and uses it, or a pending request and joins it, or makes one. *out: the request. ERR_OK: the grant was used, q->text is
 * what to run; ERR_AGAIN: wait; ERR_REFUSED: a person refused it (line says); ERR_LIMIT, ERR_UNAVAILABLE… line gets what the agent sees. */
int requests_ask(struct session *s, struct question *q, const struct request_ask *ask, struct buf *line);
/* The agent no longer waits for it. */
void requests_detach(struct question *q);
int requests_vote(struct control *c, struct approval *a, const struct approval_wish *w, const char *route, struct why *why);
struct approval *requests_find(struct control *c, const char *id);
/* Calls fn for each request in memory: pending, or granted and not used up. */
typedef void requests_fn(void *arg, struct approval *a);
void requests_each(struct control *c, requests_fn *fn, void *arg);
/* The policy changed: no request is bound to it any more. */
void requests_withdraw_all(struct control *c, const char *why);
/* The one that asked, at a managed shell's prompt, asks no longer. q may be gone afterwards. */
void requests_withdraw(struct question *q, const char *why);
unsigned requests_count(const struct control *c, enum approval_state s);

/* ---- ask.c ---- */
/* Printable ASCII: every other byte as \xNN or \u{…}, and then backslashes doubled. *escaped says whether it was needed. */
int ask_escape(const void *p, size_t n, struct buf *out, bool *escaped);
/* What a person is shown, kept with the request. */
json_t *ask_make(struct session *s, const struct request_ask *ask);
/* The whole of a request as the API answers it. brief: without the long texts. */
json_t *ask_json(struct control *c, const struct approval *a, bool brief);

/* ---- signature.c ---- */
/* Checks an SSHSIG over the request's digest. *signer: the principal of the allowed_signers file (static). */
int approver_signature(struct control *c, const struct approval *a, const struct identity *who, bool yes, const char *text,
		       const char **signer, struct why *why);

/* ---- line.c: what the agent sees ---- */
struct line {
	const char *event;  /* denied, waiting, refused, pending, expired, unavailable */
	const char *rule, *approval, *by, *reason, *instead, *hint;
	unsigned exit_code; /* 0: none yet */
};
int line_write(const struct line *l, bool json, struct buf *out);

#endif
