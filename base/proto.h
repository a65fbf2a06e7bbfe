/* Every message between Sallyport's processes, in one table.
 *
 * PROTO_MESSAGES lists a message a line: its name, its number, who sends it to whom, and how many descriptors ride with
 * it. The list of its fields stands beside it. From the two, this header makes for each message NAME
 *
 *     struct msg_NAME { … };                                       the fields
 *     enum { MSG_NAME = number };
 *     int msg_NAME_send(struct ipc *, const struct msg_NAME *, fds…)  queues it
 *     int msg_NAME_read(const struct ipc_msg *, struct msg_NAME *)    reads it to the last byte, or ERR_MALFORMED
 *
 * Field kinds: u8 u16 u32 u64 are big endian; bytes is a u32 length and that many bytes (a struct view: it points into the
 * received message, and is copied when sent). A list of strings is one bytes field that holds strings (proto_list_*).
 * Times are Unix milliseconds where they end in _ms, Unix seconds where they end in _at. */
#ifndef BASE_PROTO_H
#define BASE_PROTO_H

#include "base/buf.h"
#include "base/err.h"
#include "base/ipc.h"

/* What a process finds on its descriptors after exec. */
enum {
	FD_CONTROL = 3,          /* vault, session: socket to control. control: socket to the supervisor */
	/* sallyport-control */
	FD_CONTROL_VAULT = 4,    /* socket to the vault */
	FD_CONTROL_STATE = 5,    /* the state directory */
	/* sallyport-vault */
	FD_VAULT_MASTER = 4,     /* the master key; read, wiped, closed */
	FD_VAULT_SUPERVISOR = 5, /* socket to the supervisor: brings a new control's socket */
	/* sallyport-session */
	FD_SESSION_AGENT = 4,    /* the agent's TCP connection */
	FD_SESSION_HOSTKEY = 5,  /* the host key file, opened for reading; read once and closed */
	/* sallyport-recorder */
	FD_RECORDER_SESSION = 3, /* socket to the session worker */
	FD_RECORDER_CONTROL = 4, /* socket to control */
	FD_RECORDER_DIR = 5      /* the recordings directory */
};

/* clang-format off */
#define PROTO_MESSAGES(M) \
	/* supervisor → control */ \
	M(session_new,     1,  1) /* a connection was accepted and a worker runs; fd: control's end of the worker's socket */ \
	M(session_gone,    2,  0) /* the worker was reaped */ \
	M(dialed,          3,  1) /* answer to dial; fd: the connected socket, none when it failed */ \
	M(recorder_ready,  4,  2) /* answer to recorder_start; fds: control's end, the session's end; none when it failed */ \
	M(vault_socket,    5,  1) /* a new vault runs; fd: control's end. To the vault: a new control runs; fd: the vault's end */ \
	M(reload,          6,  0) /* SIGHUP: swap the policy and configuration, or keep them */ \
	/* control → supervisor */ \
	M(control_ready,  10,  0) /* connections may be accepted */ \
	M(dial,           11,  0) /* connect to a target */ \
	M(recorder_start, 12,  0) /* start a recorder for a session; sid 0: for none, to delete */ \
	M(session_kill,   13,  0) /* end a worker that does not end itself */ \
	/* control → session */ \
	M(session_start,  20,  0) /* limits and the session's id; the first message */ \
	M(login_answer,   21,  0) /* answer to login */ \
	M(sign_answer,    22,  0) /* answer to sign_request */ \
	M(answer,         23,  0) /* answer to a question; a `wait` is followed by another answer to the same question */ \
	M(target,         24,  2) /* where commands run; before the first `run`. fds: connected socket, ssh-agent socket */ \
	M(recorder,       25,  1) /* where the recording goes; before the first `run`. fd: the recorder's socket */ \
	M(session_end,    26,  0) /* end the session, telling the agent why */ \
	M(target_scan,    27,  1) /* show the host certificate that this connection to the target offers; fd: connected socket */ \
	/* session → control */ \
	M(login,          30,  0) /* the agent proved possession of this certificate */ \
	M(sign_request,   31,  0) /* the `sign` user sent a token and a public key */ \
	M(question,       32,  0) /* may this run? */ \
	M(withdraw,       33,  0) /* the question is no longer asked: the agent went away */ \
	M(target_result,  34,  0) /* how the handshake and login with the target went */ \
	M(command_end,    35,  0) /* a command that was run has ended */ \
	M(masked,         36,  0) /* something was masked */ \
	M(file_done,      37,  0) /* a file operation that was allowed has ended */ \
	M(session_over,   38,  0) /* the last message: why the session ended */ \
	M(host_certificate, 39, 0) /* answer to target_scan; checked by control, which then gives a `target` pinned to its key */ \
	/* control → recorder */ \
	M(rec_start,      40,  0) /* what goes into every header; the first message */ \
	M(rec_forget,     41,  0) /* delete a recording's content */ \
	/* recorder → control */ \
	M(rec_opened,     45,  0) \
	M(rec_digest,     46,  0) /* running digest of a recording */ \
	M(rec_closed,     47,  0) \
	M(rec_done,       44,  0) /* the last message: the session's end is what ends this recorder, and everything is closed */ \
	M(rec_forgotten,  49,  0) \
	M(rec_failed,     48,  0) /* a recording cannot be written: nothing more may run in this session */ \
	/* control → vault; each is answered by vault_answer with the same req */ \
	M(vault_sign_cert,    50, 0) /* sign a user certificate's to-be-signed blob */ \
	M(vault_grant,        51, 1) /* serve one login to a target; fd: the vault's end of the ssh-agent socket */ \
	M(vault_revoke,       52, 0) /* end all grants of a session; no answer */ \
	M(vault_checkpoint,   53, 0) /* sign a checkpoint; answer: an SSHSIG blob */ \
	M(vault_epoch_next,   54, 0) /* make the next audit key; answer: its public key line */ \
	M(vault_epoch_advance,55, 0) /* the closing record is durable: wipe the old audit key, use the next */ \
	M(vault_public_keys,  56, 0) /* answer: a list of strings KIND NAME PUBLIC-KEY-LINE, three a key */ \
	M(vault_reload,       57, 0) /* read the store again */ \
	/* vault → control */ \
	M(vault_answer,       60, 0)

/* sid: the supervisor's number of a worker, never used again while it runs. id: the session's public name, 26 characters. */
#define MSG_FIELDS_session_new(F)    F(u64, sid) F(bytes, peer) F(u16, port)
#define MSG_FIELDS_session_gone(F)   F(u64, sid) F(u32, status) /* as from waitpid() */
#define MSG_FIELDS_dialed(F)         F(u32, req) F(u8, ok) F(bytes, why)
#define MSG_FIELDS_recorder_ready(F) F(u32, req) F(u64, sid) F(u8, ok) F(bytes, why)
#define MSG_FIELDS_vault_socket(F)   F(u8, none)
#define MSG_FIELDS_reload(F)         F(u8, none)

#define MSG_FIELDS_control_ready(F)  F(u8, none)
#define MSG_FIELDS_dial(F)           F(u32, req) F(u64, sid) F(bytes, host) F(u16, port) F(u32, timeout_ms)
#define MSG_FIELDS_recorder_start(F) F(u32, req) F(u64, sid)
#define MSG_FIELDS_session_kill(F)   F(u64, sid)

#define MSG_FIELDS_session_start(F)  F(bytes, id) F(u32, grace_ms) F(u32, attempts_max) F(u32, channels_max) F(u8, sign_user) \
				     F(u64, rekey_bytes) F(u32, rekey_seconds)
/* mask_yaml: the policy's mask section, empty for the built-in set; mask_key: 32 bytes; banner: printed on a managed shell */
#define MSG_FIELDS_login_answer(F)   F(u8, ok) F(bytes, why) F(bytes, target) F(bytes, login) F(bytes, identity) \
				     F(u8, mask) F(bytes, mask_yaml) F(bytes, mask_key) F(u64, expires_at)
#define MSG_FIELDS_sign_answer(F)    F(u8, ok) F(bytes, text) /* certificate line, or one line for stderr */
/* action: enum answer_action. line: for the agent's stderr, without newline. text: for the target's shell. marker: for the
 * recording. stdin_cap: bytes, for `stdin`. stdin_given: the program that came on stdin stands in text; the target's is empty. transfer:
 * enum transfer (policy/policy.h), what passes is a file transfer; argv: a list, the command that it is. */
#define MSG_FIELDS_answer(F)         F(u32, question) F(u8, action) F(u8, exit_code) F(bytes, text) F(bytes, line) F(bytes, marker) \
				     F(u8, record_digest) F(u8, pty_raw) F(u8, end_session) F(u32, stdin_cap) \
				     F(bytes, mask_yaml) F(u8, stdin_given) F(u8, transfer) F(bytes, argv)
/* host_keys: list of "TYPE BASE64" that are pinned; host_cas: list of the same for host certificates; name: what a host
 * certificate must be for; agent_key: the public key line (or certificate) that the vault will answer with. */
#define MSG_FIELDS_target(F)         F(u8, ok) F(bytes, why) F(bytes, name) F(bytes, login) F(bytes, host_keys) F(bytes, host_cas) \
				     F(u8, dialect)
#define MSG_FIELDS_recorder(F)       F(u8, none)
#define MSG_FIELDS_session_end(F)    F(u8, exit_code) F(bytes, line)

#define MSG_FIELDS_login(F)          F(bytes, user) F(bytes, certificate) /* the blob as on the wire */
#define MSG_FIELDS_sign_request(F)   F(bytes, token) F(bytes, public_key) /* the key: one OpenSSH line */
/* question: the worker's number of it, growing; channel: the recording it belongs to. kind, op: policy/policy.h. env: list of
 * NAME, value pairs. line_mode: a managed shell asks. state: list of NAME, value pairs that the managed shell carries in. For a file operation text is
 * a path, cwd the directory that `~/` stands for, state a list of OP, path pairs of what else it does (read, write, delete, list, meta; with
 * "-tree" behind it also to all below). */
#define MSG_FIELDS_question(F)       F(u32, question) F(u32, channel) F(u8, kind) F(u8, op) F(u8, has_pty) F(bytes, term) F(u32, cols) \
				     F(u32, rows) F(bytes, text) F(bytes, env) F(bytes, cwd) F(bytes, state) F(u8, stdin_known) \
				     F(bytes, stdin) F(u8, json)
#define MSG_FIELDS_withdraw(F)       F(u32, question)
#define MSG_FIELDS_target_result(F)  F(u8, ok) F(bytes, why) F(bytes, host_key)
/* how: 0 exit status, 1 signal (its name in signal), 2 neither came */
#define MSG_FIELDS_command_end(F)    F(u32, question) F(u8, how) F(u32, exit_status) F(bytes, signal) F(u64, in_bytes) F(u64, out_bytes) \
				     F(u64, err_bytes) F(u64, ms) F(bytes, in_sha256) F(bytes, out_sha256)
/* stream: 0 stdin, 1 stdout, 2 stderr, 3 pty, 4 text of a command. length_class: 0 ≤16, 1 ≤64, 2 ≤256, 3 more bytes */
#define MSG_FIELDS_masked(F)         F(u32, question) F(bytes, rule) F(u8, stream) F(u64, offset) F(u8, length_class) F(u32, count)
/* path: what it was done to. sha256: of the bytes from offset on, 32 bytes; empty: they did not pass as one piece. status: as sftp has it */
#define MSG_FIELDS_file_done(F)      F(u32, question) F(u8, op) F(bytes, path) F(u64, bytes_in) F(u64, bytes_out) F(bytes, sha256) F(u32, status) \
				     F(u64, offset)
#define MSG_FIELDS_target_scan(F)    F(u8, none)
/* blob: as on the wire; it proves nothing by itself, the login on the next connection proves that its key is held */
#define MSG_FIELDS_host_certificate(F) F(u8, ok) F(bytes, why) F(bytes, blob)
#define MSG_FIELDS_session_over(F)   F(bytes, why)

#define MSG_FIELDS_rec_start(F)      F(bytes, session) F(bytes, identity) F(bytes, on_behalf_of) F(bytes, target) F(bytes, login) F(bytes, issuer) \
				     F(u64, part_bytes) /* 0: the recorder's own */ \
				     F(bytes, readers) /* list of certificates in PEM; empty: not encrypted */
/* Of a recorder without a session, instead of rec_start: deletes the parts 1 to `parts`; answered by rec_forgotten. */
#define MSG_FIELDS_rec_forget(F)     F(bytes, recording) F(u32, parts)
#define MSG_FIELDS_rec_forgotten(F)  F(bytes, recording) F(u8, ok) F(bytes, why)
/* recording: its id; the file is <id>.cast.gz, further parts <id>.N.cast.gz, with .cms behind it when it is encrypted */
#define MSG_FIELDS_rec_opened(F)     F(u32, channel) F(bytes, recording)
/* sha256: 64 lower-case hex digits, as records carry them */
/* lag_ms: the longest that a byte waited to be on the disk, since the last of these messages about this recording */
#define MSG_FIELDS_rec_digest(F)     F(bytes, recording) F(u32, part) F(u64, bytes) F(bytes, sha256) F(u32, lag_ms)
#define MSG_FIELDS_rec_closed(F)     F(bytes, recording) F(u32, part) F(u64, bytes) F(u64, raw_bytes) F(bytes, sha256) F(u64, ms) F(u8, last) \
				     F(u32, lag_ms)
#define MSG_FIELDS_rec_done(F)       F(u8, none)
#define MSG_FIELDS_rec_failed(F)     F(bytes, why)

#define MSG_FIELDS_vault_sign_cert(F)     F(u32, req) F(bytes, tbs)
/* kind: 0 the key as it is, 1 a certificate minted for it. principal: for kind 1 */
#define MSG_FIELDS_vault_grant(F)         F(u32, req) F(u64, sid) F(bytes, target) F(bytes, login) F(bytes, key) F(u8, kind) \
					  F(bytes, principal) F(u64, valid_from_at) F(u64, valid_to_at) F(u32, uses)
#define MSG_FIELDS_vault_revoke(F)        F(u64, sid)
#define MSG_FIELDS_vault_checkpoint(F)    F(u32, req) F(bytes, text)
#define MSG_FIELDS_vault_epoch_next(F)    F(u32, req)
#define MSG_FIELDS_vault_epoch_advance(F) F(u32, req)
#define MSG_FIELDS_vault_public_keys(F)   F(u32, req)
#define MSG_FIELDS_vault_reload(F)        F(u32, req)
#define MSG_FIELDS_vault_answer(F)        F(u32, req) F(u8, ok) F(bytes, data) F(bytes, why)
/* clang-format on */

enum answer_action {
	ANSWER_RUN = 0,    /* forward `text` */
	ANSWER_REFUSE = 1, /* print `line` to stderr, exit with exit_code */
	ANSWER_WAIT = 2,   /* held for a person; `line` says so. Another answer to the question follows */
	ANSWER_STDIN = 3   /* standard input is a program: read up to stdin_cap bytes to its end, and ask again with it */
};

typedef uint8_t proto_u8;
typedef uint16_t proto_u16;
typedef uint32_t proto_u32;
typedef uint64_t proto_u64;
typedef struct view proto_bytes;

#define PROTO_FIELD(kind, name) proto_##kind name;
#define PROTO_DECLARE(name, number, fds)                                                                   \
	enum { MSG_##name = number, MSG_FDS_##name = fds };                                                \
	struct msg_##name {                                                                                \
		MSG_FIELDS_##name(PROTO_FIELD)                                                             \
	};                                                                                                 \
	int msg_##name##_send(struct ipc *c, const struct msg_##name *m, const int *fds_sent, unsigned n); \
	int msg_##name##_read(const struct ipc_msg *in, struct msg_##name *m);
PROTO_MESSAGES(PROTO_DECLARE)
#undef PROTO_DECLARE
#undef PROTO_FIELD

/* The name of a message type, for logs; "unknown" when it is none. */
const char *proto_name(uint16_t type);

/* A view of a C string (without its NUL); NULL gives the empty view. */
struct view proto_str(const char *s);

/* Lists of strings inside a bytes field. */
int proto_list_put(struct buf *list, const void *p, size_t n);
int proto_list_next(struct view *list, struct view *item); /* ERR_OK, ERR_EOF at the end, ERR_MALFORMED */

#endif
