/* One channel of an agent's connection: a small state machine around two libssh channels.
 *
 *   IDLE ── exec, shell, subsystem ──▶ ASKING ── run ──▶ STARTING ──▶ RUNNING ──▶ (all delivered) ──▶ KEEPING ──▶ CLOSED
 *                                        │  └─ stdin ──▶ READING ── end of input ──▶ ASKING             ▲
 *                                        └─ refuse ─────────────▶ LEAVING ──────────────────────────────┘
 *
 * LEAVING delivers what stands in `err` and `out`, as a program would that ended. KEEPING waits for the recorder to have all of it on disk,
 * so that no agent is told of the end of what a kill could take out of its recording; then comes the exit status. The user `sign` has SIGNING in place
 * of all that lies between IDLE and LEAVING. A managed shell (statement by statement) is another owner of the same channel: it sets `shell` and
 * starts one target channel after the other; the relay in pump.c does not know the difference. A forward (forward.c) is a third. A channel with files (files.h) has one, too: it
 * reads what passes. */
#ifndef SERVER_CHANNEL_H
#define SERVER_CHANNEL_H

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/proto.h"

struct session;
struct mask_stream;
struct masks;
struct shell;
struct forward;
struct files;

enum {
	FLOW_TAKE = 256 * 1024,      /* bytes taken over from libssh before it keeps the rest itself */
	FLOW_MAX = 4 * 1024 * 1024,  /* bound of any buffer of a flow */
	FLOW_OVERRUN = 1280000,      /* bytes past the granted window (one window of libssh) after which the peer is at fault */
	CHANNEL_ENV_MAX = 32,        /* environment requests a channel */
	CHANNEL_ENV_BYTES = 32 * 1024
};

enum channel_state {
	CHANNEL_IDLE,     /* open, nothing asked for yet */
	CHANNEL_ASKING,   /* a question stands with control */
	CHANNEL_READING,  /* standard input is the program: read to its end, then ask again */
	CHANNEL_SIGNING,  /* user `sign`: reading, or waiting for control */
	CHANNEL_STARTING, /* allowed; the target's channel is being opened */
	CHANNEL_RUNNING,
	CHANNEL_SHELL,    /* a managed shell between two statements */
	CHANNEL_LEAVING,  /* own text on its way out */
	CHANNEL_KEEPING,  /* all is delivered; the exit status waits for the recorder */
	CHANNEL_CLOSED    /* done; freed at the end of the round */
};

enum start_step { START_TARGET, START_OPEN, START_PTY, START_ENV, START_EXEC };

/* Bytes one way. raw: taken from libssh. ready: (masked,) to be recorded and delivered; its first `recorded` bytes are recorded. Towards the
 * target only what an owner has looked at goes through ready. */
struct flow {
	struct buf raw;
	struct buf ready;
	size_t recorded;
	size_t left;       /* bytes that libssh still holds for us */
	bool eof;          /* no more will come into raw */
	bool finished;     /* eof, and everything (held-back bytes too) is in ready */
	bool eof_sent;
	uint64_t bytes;    /* delivered */
	struct mask_stream *mask;
	struct masks *masks; /* what it uses */
	uint8_t stream;      /* as in msg_masked: 1 stdout, 2 stderr, 3 pty */
	int64_t mask_due;  /* monotonic ms at which held bytes go on; 0: none */
	void *sha;         /* EVP_MD_CTX of what was delivered */
};

/* What libssh may still receive on a channel, as it counts it. It takes more than it granted; we end the session then. */
struct window {
	uint32_t granted;
	uint64_t overrun;
};

/* Maskings not yet told to control: one message for many of a kind, or a stream of card numbers would be a stream of messages. */
struct masked {
	const char *rule;
	uint64_t offset; /* of the first */
	uint64_t length;
	uint32_t count;
	uint8_t stream;
};

enum { MASKED_KINDS = 8 };

struct channel {
	struct channel *next;
	struct session *session;
	uint32_t id; /* of its recording: from 1, never used twice */
	enum channel_state state;
	enum start_step step;
	ssh_channel agent, target;
	bool agent_opened, target_opened; /* the other side has confirmed it */
	struct ssh_channel_callbacks_struct agent_callbacks, target_callbacks;
	struct window agent_window, target_window;

	struct shell *shell; /* a managed shell (shell_run.c); NULL: none */
	struct forward *forward; /* leads on from the target (forward.c); NULL: a session's channel */
	struct files *files; /* sftp, scp (files.c); NULL: none */

	/* what was asked for */
	uint32_t question; /* number of the standing question */
	uint8_t kind;      /* enum question_kind */
	struct buf text;
	struct buf env;    /* list of NAME, value pairs: asked for, not passed on */
	struct buf env_allowed;
	struct view env_next; /* in env_allowed: what is still to be sent */
	unsigned nenv, env_asked; /* requests; answers outstanding */
	bool json, has_pty, stdin_known;
	bool no_tty; /* a managed shell on a terminal: what runs now has none, since its output is a value */
	char *term;
	uint32_t cols, rows;
	uint32_t stdin_cap;
	struct buf program; /* standard input that is a program */

	/* what runs */
	struct buf command; /* the answer's text */
	uint32_t run_question;
	bool record_digest, recording, record_open;
	bool rec_closing; /* the end was sent to the recorder, which has not acknowledged it */
	uint64_t rec_sent, rec_acked, rec_mark;
	int64_t rec_mark_ms; /* when rec_mark bytes had been sent; 0: nothing outstanding */
	int64_t started_ms;

	struct flow in, out, err;
	struct masked masked[MASKED_KINDS];
	unsigned nmasked;
	int64_t masked_due; /* when to tell; 0: nothing to tell */
	bool agent_eof, agent_gone, target_eof, target_closed;
	bool deaf;               /* the agent reads no more output (eow@openssh.com) */
	bool ended;          /* command_end was sent */
	int exit_status;     /* -1: none */
	char *exit_signal;   /* NULL: none */
	bool exit_core;
};

/* A channel for an agent's request; NULL when there are too many or memory is short. */
struct channel *chan_new(struct session *s);
void chan_free(struct channel *c);

/* The agent's requests. Return whether it is told that they succeeded. */
bool chan_request_run(struct channel *c, uint8_t kind, const char *text);
bool chan_request_pty(struct channel *c, const char *term, uint32_t cols, uint32_t rows);
bool chan_request_env(struct channel *c, const char *name, const char *value);
/* The agent said that it reads no more output. */
void chan_end_of_write(struct channel *c);

void chan_resize(struct channel *c, uint32_t cols, uint32_t rows);

/* Control's answers. */
void chan_answer(struct channel *c, const struct msg_answer *a);
void chan_env_answer(struct channel *c, const char *assignment, bool allowed);
void chan_sign_answer(struct channel *c, bool ok, struct view text);

/* Says a line on stderr and leaves with a code; the one way in which a command does not run. */
void chan_refuse(struct channel *c, int code, const char *line, size_t n);
void chan_say(struct channel *c, struct view line); /* the line alone */

/* Moves on whatever can move without waiting: requests to the target, bytes, the end. True when something moved. */
bool chan_step(struct channel *c);

/* The target is gone; the agent, or the whole session. */
void chan_target_lost(struct channel *c, const char *why);
void chan_agent_left(struct channel *c);

/* For the managed shell: puts the question in kind and text; one step of opening what is asked for; both flows have delivered everything;
 * the command's end, to control; lets the target's channel go. */
void chan_ask(struct channel *c);
bool chan_start_step(struct channel *c);                         /* channel_start.c */
bool chan_start_failed(struct channel *c, const char *what);     /* says so and leaves; true */
void chan_set_callbacks(struct channel *c);                      /* channel_hears.c: fills both structs in */
bool chan_delivered(const struct channel *c);
void chan_tell_end(struct channel *c, bool complete);
void chan_drop_target(struct channel *c);
void chan_begin(struct channel *c, const struct msg_answer *a);

/* pump.c */
void pump_reset(struct channel *c); /* after a statement: the flows are as new, what the agent typed ahead stays */
void flow_init(struct flow *f, bool secret);
void flow_free(struct flow *f);
int pump_start(struct channel *c);  /* the command runs: masks and digests from here on */
void pump_tell_masked(struct channel *c); /* what was masked, to control */
int pump_agent_data(ssh_session session, ssh_channel channel, void *data, uint32_t len, int is_stderr, void *arg);
int pump_target_data(ssh_session session, ssh_channel channel, void *data, uint32_t len, int is_stderr, void *arg);
/* At most n bytes to one of the peers. How many went; 0: no window, or keys are being exchanged; < 0: the end, which its callback tells. */
int pump_write(struct session *s, bool to_agent, ssh_channel to, bool is_stderr, const struct buf *b, size_t n);
void pump_digest(struct flow *f, uint8_t out[32]); /* SHA-256 of what was delivered; ends it */
bool pump_channel(struct channel *c); /* RUNNING and LEAVING: moves bytes; true when something moved */
bool pump_take(struct channel *c);    /* fetches what libssh held back */
int64_t pump_due(const struct channel *c); /* monotonic ms of the next timer, 0: none */
bool pump_target_stalled(const struct channel *c, int64_t now);

#endif
