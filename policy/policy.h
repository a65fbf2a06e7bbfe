/* Policy: from a question (who, where, what) to a verdict. Pure: bytes in, an answer out; no I/O, no clock of its own.
 *
 * One policy file is loaded into an immutable `struct policy`; deciding never changes it, so that a reload is a swap of
 * a pointer. What is not understood is never allowed: a text that does not parse, a word that is not known, an option
 * that is in no table makes a command opaque, and an opaque command is matched by no allow rule (docs/policy.md). */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum verdict { VERDICT_ALLOW = 0, VERDICT_APPROVE = 1, VERDICT_DENY = 2 }; /* ordered: the greater is the stricter */

/* How much is known of what would run, ordered: the greater is the less known. */
enum confidence {
	CONFIDENCE_EXACT = 0,   /* every argv is known to the byte */
	CONFIDENCE_PATTERN = 1, /* known but for what globs will match */
	CONFIDENCE_OPAQUE = 2,  /* not knowable here */
	CONFIDENCE_RAW = 3      /* a raw PTY: only advisory */
};

/* Login shell of the target, which decides how a text is read. fish and csh: one plain command or nothing. */
enum dialect { DIALECT_BASH, DIALECT_DASH, DIALECT_ZSH, DIALECT_MKSH, DIALECT_BUSYBOX, DIALECT_FISH, DIALECT_CSH };

const char *verdict_name(enum verdict v);       /* "allow" "approve" "deny" */
const char *confidence_name(enum confidence c); /* "exact" "pattern" "opaque" "raw" */
const char *dialect_name(enum dialect d);
int dialect_parse(const char *name, enum dialect *out); /* "bash", "sh" (= dash), …; ERR_NOTFOUND */

/* What kind of thing the agent asks for; each is decided by policy_decide(). */
enum question_kind {
	QUESTION_EXEC,      /* a command line; text is the line */
	QUESTION_STATEMENT, /* one statement of a managed shell; text is the statement */
	QUESTION_SHELL,     /* a shell is asked for; text is empty. Allow means: the managed shell may start */
	QUESTION_PTY_RAW,   /* a raw PTY; only a rule with `pty: raw` allows it */
	QUESTION_FILE,      /* one file operation (sftp, scp); text is the path, op says what; paths what more it does */
	QUESTION_SUBSYSTEM, /* text is the subsystem's name */
	QUESTION_FORWARD,   /* direct-tcpip or direct-streamlocal; text is as policy/destination.h makes it */
	QUESTION_ENV,       /* an environment variable; text is NAME=value */
	QUESTION_OTHER,     /* X11, agent forwarding, tun…; text is the request's name. Denied unless named */
	QUESTION_LISTEN     /* a remote forward: the target listens there for the agent; text as for a forward, * for every address */
};

enum file_op { FILE_READ, FILE_WRITE, FILE_DELETE, FILE_LIST, FILE_META };

/* What an operation does to one path. */
struct policy_path {
	enum file_op op;
	bool tree; /* and to all that lies below it, none of which is named */
	const char *path;
	size_t len;
};

/* What passes on a channel, where it is files. */
enum transfer { TRANSFER_NONE, TRANSFER_SCP_SINK, TRANSFER_SCP_SOURCE, TRANSFER_RSYNC };

struct tag {
	const char *name;
	const char *value;
};

/* Everything a decision may depend on. All strings are owned by the caller and must outlive only the call; any may be
 * NULL where unknown, which matches no rule that asks for it. */
struct policy_question {
	enum question_kind kind;
	enum file_op op;
	const char *text; /* bytes, NUL allowed (it is refused by the byte gate) */
	size_t len;       /* bytes; over 128 KiB is denied */
	enum dialect dialect;
	bool has_pty;
	/* who */
	const char *issuer;  /* the issuer's short name in the configuration, as rules use it (`issuer: github`) */
	const char *subject;
	const char *const *groups;
	size_t ngroups;
	/* where */
	const char *target;
	const char *login;
	const struct tag *tags;
	size_t ntags;
	/* in a managed shell: the state carried in. cwd NULL means the login's home directory, which is not known. Of a file operation: that home. */
	const char *cwd;
	/* a file operation: all of it must be allowed, text and op included */
	const struct policy_path *paths;
	size_t npaths;
	/* The program text that came on standard input, when a first answer asked for it (needs_stdin); NULL before. */
	const uint8_t *stdin_bytes;
	size_t stdin_len;
	bool stdin_known;
};

struct policy_argv {
	size_t argc;
	const char **argv;         /* after unwrapping; a word that is not exact is written as its pattern, opaque as "?" */
	enum confidence confidence;
};

/* All strings belong to the answer; policy_answer_free() gives everything back. */
struct policy_answer {
	enum verdict verdict;
	enum confidence confidence;
	const char *rule;    /* id of the rule that decided; "default" or "gate:…", "parse", "pack.rule"; never NULL */
	const char *reason;  /* one sentence, printable ASCII, never NULL */
	const char *instead; /* what to do instead, may be NULL */
	bool canonical;      /* text below is our rendering; false: the exact bytes of the question (approval of exact bytes) */
	const char *text;    /* what the target's shell gets, NUL-terminated; NULL when denied and there is no rendering */
	size_t text_len;     /* bytes, without the NUL */
	struct policy_argv *commands; /* every simple command that would run, unwrapped, in source order */
	size_t ncommands;
	/* where in the question it went wrong, for a parse error or a gate; 1-based, 0 when it does not apply */
	unsigned line, column;
	/* for approve */
	const char *const *approvers; /* groups, any of which may approve; none: any approver */
	size_t napprovers;
	unsigned approvals;    /* how many different people, 1 or more */
	unsigned grant_uses;   /* ceiling, 1 or more */
	unsigned grant_ttl;    /* ceiling in seconds */
	bool signed_required;  /* the approval must carry an SSHSIG of the approver */
	const char *risk;      /* "low" "medium" "high", for the approver's eye */
	/* how it runs */
	bool needs_stdin;      /* stdin is a program: send it (up to stdin_cap bytes) and ask again. verdict is then DENY */
	size_t stdin_cap;
	bool stdin_consumed;   /* the program that came on stdin is in text now: give the target an empty stdin */
	enum transfer transfer; /* the command is the far end of a file transfer (policy/transfer.h), and these are its words */
	const char *const *transfer_argv;
	size_t transfer_argc;
	bool record_digest;    /* `record: digest`: size and SHA-256 instead of content */
	bool pty_raw;          /* a rule with `pty: raw` allowed it */
	bool end_session;      /* `on_denial: end` */
	bool enforced;         /* false: `observe` profile or shadow rule; verdict is allow, would_be says what it would be */
	enum verdict would_be;
	void *arena;           /* internal */
};

struct policy;

/* Loads a policy file's bytes. name is for messages. On failure *out is NULL, and errors holds one line a mistake
 * ("file:line:column: what, and the fix\n"). Runs the rule tests of the file: one that fails is an error.
 * ERR_OK, ERR_MALFORMED, ERR_NOMEM, ERR_LIMIT (file over 1 MiB). Free with policy_free(). */
int policy_load(const char *name, const void *text, size_t len, struct policy **out, struct buf *errors);
void policy_free(struct policy *p);

/* SHA-256 over the file's bytes, 64 lower-case hex digits and NUL: the policy version that records carry. */
const char *policy_version(const struct policy *p);

/* The bytes that were loaded, for evidence. */
void policy_source(const struct policy *p, struct view *out);

/* Decides. Always fills *a when it returns ERR_OK; on any other code (ERR_NOMEM) the caller must treat it as deny. */
int policy_decide(const struct policy *p, const struct policy_question *q, struct policy_answer *a);
void policy_answer_free(struct policy_answer *a);

/* What a person reads to understand a verdict: the tree, the commands after unwrapping, the rule, the confidence, and what
 * would pass. Appends text to out. ERR_OK, ERR_NOMEM, ERR_LIMIT. */
int policy_explain(const struct policy *p, const struct policy_question *q, struct buf *out);

/* One line of `policy eval --jsonl`: reads a question, appends the answer's line (policy/jsonl_eval.c, which needs jansson).
 * A line that is not a question is answered with a denial. ERR_OK, ERR_NOMEM, ERR_LIMIT. */
int policy_eval_line(const struct policy *p, const char *line, size_t n, struct buf *out);

/* The masking section of the file as JSON-free text for mask_load() (policy/mask.h); NULL when the file has none. */
const char *policy_mask_section(const struct policy *p);

#endif
