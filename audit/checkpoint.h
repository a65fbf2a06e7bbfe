/* Checkpoints: the text that is signed, and the line that keeps it with its signature. Pure.
 *
 * The text is a C2SP tlog-checkpoint body: the log's origin, its size in decimal, the base64 of its RFC 6962 root, then two
 * extension lines (a third one, "next KEY-LINE", where an epoch ends): "time 2026-01-31T12:00:00.000Z", and "head HEX", the SHA-256 of the last record's line, from which the chain can be
 * followed backwards with sha256sum alone. Each line ends in a newline. It is signed as an SSHSIG (OpenSSH
 * PROTOCOL.sshsig) in the namespace below, so that `ssh-keygen -Y verify` checks it. */
#ifndef AUDIT_CHECKPOINT_H
#define AUDIT_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/digest.h"
#include "base/buf.h"
#include "base/err.h"

#define CHECKPOINT_NAMESPACE "sallyport-checkpoint"
#define CHECKPOINT_MAX_ORIGIN 255
#define CHECKPOINT_MAX_TEXT 1024

struct checkpoint {
	struct view origin; /* points into the text */
	uint64_t size;      /* records, 1 or more */
	uint8_t root[DIGEST_SIZE];
	uint64_t time_ms;   /* 0 when the text does not say */
	bool has_head;
	uint8_t head[DIGEST_SIZE];
	struct view next;   /* "next KEY-LINE": the key that signs from here on, told by the one in force; empty when there is none */
};

/* Appends the text. origin: 1 to 255 printable ASCII bytes. ERR_OK, ERR_MALFORMED, ERR_LIMIT, ERR_NOMEM. */
int checkpoint_write(struct buf *out, const char *origin, uint64_t size, const uint8_t root[DIGEST_SIZE],
		     const uint8_t head[DIGEST_SIZE], uint64_t time_ms);

/* Reads a text strictly; other extension lines are let pass. ERR_OK or ERR_MALFORMED. */
int checkpoint_read(struct view text, struct checkpoint *out, struct why *w);

/* One line of checkpoints-N.jsonl, with newline: {"size":N,"text":"…","signature":"-----BEGIN SSH SIGNATURE-----…"}. */
int checkpoint_line_write(struct buf *out, struct view text, struct view sshsig, struct why *w);

/* Reads such a line (no newline): the text and the armoured signature into the caller's buffers (replaced), and the text's
 * content into *c, whose origin points into `text`. ERR_OK, ERR_MALFORMED, ERR_NOMEM. */
int checkpoint_line_read(struct view line, struct buf *text, struct buf *sshsig, struct checkpoint *c, struct why *w);

#endif
