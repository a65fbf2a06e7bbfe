/* The frames between a session worker and its recorder: what they hold, and their bytes. Pure; links base only.
 *
 * The worker numbers its channels itself: from 1, never used twice in a session. The recording of channel N of a
 * session whose recording set has the id S (control's random name, see recorder.h) is called "S-N"; worker, control
 * and recorder all know that name without asking.
 *
 * Order for one channel: OPEN, then any number of OUTPUT, INPUT, RESIZE, MARKER, then CLOSE. The recorder answers with
 * ACK frames: everything up to ack.bytes (payload bytes of the channel's OUTPUT and INPUT frames, added up) is on disk.
 * The first ACK (bytes 0, FRAME_ACK_OPEN) says that the recording's header is on disk; the last one (FRAME_ACK_CLOSED)
 * that it is complete, and only then does the worker tell the agent of the end. The worker stops reading the target while more than FRAME_WINDOW_BYTES or FRAME_WINDOW_US stand
 * unacknowledged. A recorder that meets anything it cannot write, or a frame that breaks the order, ends itself: the
 * closed socket is the only error message, and the session ends with it.
 *
 * A payload is written here without its type and length: those are the IPC frame's (base/ipc.h). Integers are big
 * endian, strings have a u32 length (RFC 4251). */
#ifndef RECORDER_FRAME_H
#define RECORDER_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum frame_type {
	FRAME_OPEN = 1,   /* worker → recorder: a new recording begins */
	FRAME_OUTPUT = 2, /* bytes for the agent, as delivered (after masking) */
	FRAME_INPUT = 3,  /* bytes from the agent; sent only where the policy records input */
	FRAME_RESIZE = 4, /* the terminal has a new size */
	FRAME_MARKER = 5, /* a statement begins: its text and verdict, for people */
	FRAME_CLOSE = 6,  /* the channel is over */
	FRAME_ACK = 7     /* recorder → worker */
};

enum frame_stream { FRAME_STDOUT = 0, FRAME_STDERR = 1 };

#define FRAME_MAX_DATA (64 * 1024)         /* bytes in one OUTPUT or INPUT */
#define FRAME_MAX_TEXT (136 * 1024)        /* bytes in a title or a marker */
#define FRAME_MAX_NAME 128                 /* bytes in a terminal type or signal name */
#define FRAME_MAX (FRAME_MAX_TEXT + 1024)  /* bytes in any payload */
#define FRAME_MAX_CHANNELS 64              /* recordings open at once in one session */
#define FRAME_WINDOW_BYTES (4 * 1024 * 1024)
#define FRAME_WINDOW_US (2 * 1000 * 1000)

/* OPEN flags */
#define FRAME_DIGEST_ONLY 1u /* `record: digest`: size and SHA-256 of each stream instead of content */
#define FRAME_PTY 2u         /* the channel has a terminal: width and height mean something */

/* ACK flags */
#define FRAME_ACK_OPEN 1u
#define FRAME_ACK_CLOSED 2u

/* One frame. Views point at the sender's bytes when writing, into the payload when reading. Fields of other types are
 * ignored when writing and zero after reading. */
struct frame {
	enum frame_type type;
	uint32_t channel; /* 1 or more */
	uint64_t time_us; /* CLOCK_MONOTONIC, µs; all but ACK */

	uint64_t wall_us;       /* OPEN: CLOCK_REALTIME, µs since 1970 */
	uint32_t flags;         /* OPEN: FRAME_DIGEST_ONLY, FRAME_PTY; ACK: FRAME_ACK_… */
	uint16_t width, height; /* OPEN, RESIZE: cells, 1 or more; a channel without a terminal says 80 × 24 */
	struct view term;       /* OPEN: TERM, may be empty */
	struct view text;       /* OPEN: the command's canonical text, empty for a shell; MARKER: its label */

	enum frame_stream stream; /* OUTPUT */
	struct view data;         /* OUTPUT, INPUT: 1 to FRAME_MAX_DATA bytes */

	int32_t exit_status;  /* CLOSE: 0 to 255 as the target said, or any other code we gave; -1 when there is none */
	struct view signal;   /* CLOSE: name without SIG, empty when there is none */
	bool complete;        /* CLOSE: false when the channel was cut (session lost, stopped by a person, a limit) */

	uint64_t bytes;       /* ACK: payload bytes of this channel that are on disk */
};

/* Appends the frame's payload to out. ERR_OK, ERR_NOMEM, ERR_LIMIT (out's bound, or one of those above; nothing is
 * appended then). */
int frame_write(struct buf *out, const struct frame *f);

/* For bulk: appends all of an OUTPUT payload but the data bytes, which the caller sends right after it. */
int frame_write_output_head(struct buf *out, uint32_t channel, uint64_t time_us, enum frame_stream stream, size_t n);

/* Reads a payload of the given type to its last byte. ERR_OK, ERR_MALFORMED, ERR_LIMIT. */
int frame_read(uint8_t type, struct view payload, struct frame *f);

#endif
