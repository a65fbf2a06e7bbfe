/* The session worker: one agent's connection, at most one target's, control, a recorder. The only program with libssh.
 *
 *   session_main.c  descriptors, hardening, the loop      agent_side.c    SSH server: key exchange, login, requests
 *   control_side.c  messages from and to control          target_side.c   SSH client: host key, login
 *   channel.c       a channel's life                      pump.c          bytes: mask, record, deliver
 *   channel_start.c what a command needs on the target    channel_hears.c what libssh tells of a channel
 *   recording.c     the recorder's socket                 sign.c          the user `sign`
 *   hostkey.c       pinned host keys                      warm.c          what a warmed parent does first
 *   hostscan.c      host certificates                     forward.c       channels that lead on from the target
 *   packet.c        what libssh hears and does not tell   request.c       and what it means
 *   remote.c        what the target listens for           backlog.c       what waits for a peer that does not read
 *   files.c         channels that carry files: sftp*.c,   resolve.c       where paths lead on the target
 *                   scp.c, rsync.c              rekey.c         new keys, and what waits for them
 *
 * One thread. libssh calls back only to put bytes into bounded buffers and set flags; everything is decided in the loop. Whom it
 * distrusts: the agent, the target, and itself: it can reach only what its descriptors reach. */
#ifndef SERVER_SESSION_H
#define SERVER_SESSION_H

#include <libssh/libssh.h>
#include <libssh/server.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ipc.h"
#include "base/proto.h"
#include "server/backlog.h"
#include "server/channel.h"
#include "server/rekey.h"

#define FD_SESSION_LOGIN 6 /* a pipe to the supervisor: one byte at login */

enum { EXIT_DENIED = 126, EXIT_REFUSED = 77, EXIT_PENDING = 75, EXIT_UNAVAILABLE = 69 };

enum {
	PREAUTH_BYTES_MAX = 64 * 1024, /* bytes a stranger may send before it has logged in */
	MESSAGES_A_ROUND = 16 * 1024,  /* more than one round of reading brings: libssh queues without a bound what is not fetched */
	ASKS_MAX = 256,                /* questions that are no command: forwards, environment… */
	SIGN_INPUT_MAX = 16 * 1024,
	HANDSHAKE_MS = 30 * 1000,
	BACKLOG_MAX = 4 << 20,         /* bytes that may wait for a peer that asks and does not read; the pump stops long before */
	DRAIN_MS = 3000                /* to deliver the last words */
};

enum target_state { TARGET_NONE, TARGET_CONNECTING, TARGET_LOGIN, TARGET_UP, TARGET_FAILED };

/* A question that is no command: what to do with the answer. */
struct ask {
	struct ask *next;
	uint32_t question;
	ssh_message message; /* to be answered; NULL: none */
	struct channel *channel; /* environment: whose; NULL once it is gone */
	char *assignment;    /* environment: NAME=value */
};

struct session {
	ssh_event event;
	ssh_session agent, target;
	struct ipc control, recorder; /* fd -1: none */
	bool control_ready, recorder_ready; /* readable */
	short control_events, recorder_events; /* what the event waits for */
	bool control_lost;
	bool signalled; /* SIGTERM came */
	int control_fd, recorder_fd; /* as the event knows them */

	/* session_start */
	bool started, sign_user;
	bool agent_in_event;
	char id[32];
	uint32_t attempts_max, channels_max;
	uint64_t rekey_bytes; /* of one key, on either side; 0: as many as the cipher allows */
	uint32_t rekey_seconds; /* 0: as long as the connection */
	int64_t grace_at; /* monotonic ms; 0 once logged in */
	bool grace_over;

	/* login */
	bool authenticated, signing; /* signing: the user `sign`, who is a stranger still */
	bool signed_ok;              /* and got a certificate */
	bool kex_done;
	int hello_fd; /* the agent's connection once more, until it has said that it speaks SSH; -1: it has */
	uint32_t attempts;
	ssh_message login; /* waits for login_answer */
	struct backlog agent_backlog, target_backlog;
	struct rekey agent_rekey, target_rekey;
	uint64_t passed_on; /* signals and resizes, from the agent to the target */
	int64_t expires_at_ms;
	char *target_name, *login_name;

	/* masking: rules and key of this session */
	struct masks *masks; /* NULL: nothing is masked */
	uint8_t mask_key[32];

	/* target */
	enum target_state target_state;
	int target_fd, vault_fd;
	bool target_in_event;
	char host_key[64]; /* fingerprint of the key that was proven */
	int scan_fd; /* a connection that is only to show a host certificate; -1: none */
	bool scan_ready;
	int64_t scan_deadline;
	struct buf scan;
	int64_t target_deadline;
	struct buf host_keys, host_cas;
	char target_why[256];
	uint8_t dialect; /* of its login shell: enum dialect */

	struct resolver *resolver; /* NULL: never needed on this connection */

	struct channel *channels;
	unsigned nchannels;
	uint32_t next_channel, next_question, failed_opens;
	struct remote *remote; /* remote forwards (remote.c); NULL: none was asked for */
	struct ask *asks;
	unsigned nasks;

	bool busy;  /* inside the pump: callbacks must not move buffers */
	bool end;   /* leave the loop when everything is delivered, at the latest at end_at */
	int64_t end_at;
	bool cut;   /* leave the loop now */
	char why[256]; /* for session_over */
};

/* A set of rules, shared by the streams that use it. */
struct masks {
	unsigned refs;
	struct mask_set *set;
};

/* session_main.c */
void session_end(struct session *s, int exit_code, const char *line, const char *why); /* channels say the line and leave; then it ends */
void session_cut(struct session *s, const char *why); /* at once; why NULL: it was said before */
int64_t session_now(void);
void masks_release(struct masks *m); /* NULL is fine */

/* agent_side.c */
ssh_key agent_read_host_key(int fd); /* closes fd; NULL on failure, which is logged */
int agent_start(struct session *s, int fd, ssh_key key); /* takes the key over; ERR_EOF: the client has left, or speaks no SSH */
void agent_step(struct session *s);
void agent_login_answer(struct session *s, bool ok);
void agent_tell_stranger(struct session *s); /* at the end: whoever does not speak SSH is told so in clear, as sshd does */
bool agent_congested(const struct session *s); /* bytes wait in its socket's queue */

/* control_side.c */
void control_step(struct session *s);
void control_flush(struct session *s);
void control_gone(struct session *s);
uint32_t control_ask(struct session *s, struct msg_question *q); /* fills in the number; 0 when control is gone */
uint32_t control_note(struct session *s, uint8_t kind, const char *text, ssh_message message, struct channel *c, const char *assignment);

/* target_side.c */
void target_given(struct session *s, const struct msg_target *m, struct ipc_msg *in);
int target_set_options(struct session *s); /* of s->target: no file, no weak algorithm, the pinned keys' types */
bool target_step(struct session *s); /* true when it moved */
void target_free(struct session *s);
bool target_congested(const struct session *s);

/* hostkey.c: whether the key that libssh saw proven is one of the list of "TYPE BASE64". */
int hostkey_check(ssh_key key, const struct buf *pinned, struct why *why);
void hostkey_fingerprint(ssh_key key, char *out, size_t n); /* "SHA256:…"; empty when it cannot be had */

/* hostscan.c: the host certificate that a target shows; start takes fd over and the answer goes to control */
void hostscan_start(struct session *s, int fd);
void hostscan_step(struct session *s);
void hostscan_stop(struct session *s);

/* recording.c */
void recording_given(struct session *s, int fd);
void recording_step(struct session *s);
bool recording_full(const struct session *s); /* its socket takes no more for now */
int recording_open(struct channel *c);
int recording_output(struct channel *c, bool is_stderr, const uint8_t *p, size_t n);
int recording_marker(struct channel *c, struct view text);
int recording_resize(struct channel *c);
int recording_close(struct channel *c, bool complete);

/* warm.c: makes everything that a session needs and that can be shared, once, in the parent of sessions */
void warm_up(void);

/* sign.c */
void sign_step(struct channel *c);

#endif
