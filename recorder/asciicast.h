/* asciicast v2: writing one, and reading one back to the exact bytes. Pure: buffers and clocks in, bytes out.
 *
 * Every line has three elements. Codes: "o" output, "i" input, "r" resize ("COLSxROWS"), "m" marker; all players know or
 * skip these. "x" is ours, which players skip. Its data is one of
 *     err             the next "o" event is standard error (else standard output)
 *     out:BASE64      bytes of standard output that are not UTF-8, exactly; likewise err:BASE64 and in:BASE64
 *     end STATUS …    how the channel ended, for people
 * so that every stream comes back byte for byte by joining its events in order. A character that is cut by a chunk's end is
 * held until the next chunk of that stream. Lines are ASCII but for printable UTF-8; controls, DEL and the C1 controls are
 * escaped, so that a recording can be looked at in a terminal. Times are seconds since the start, with six digits. */
#ifndef RECORDER_ASCIICAST_H
#define RECORDER_ASCIICAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum asciicast_stream { ASCIICAST_OUT = 0, ASCIICAST_ERR = 1, ASCIICAST_IN = 2 };

struct asciicast {
	uint64_t start_us; /* clock at time 0 */
	uint64_t last_us;  /* times never go back */
	struct {
		uint8_t bytes[4];
		size_t n;
	} held[3]; /* the beginning of a character, by stream */
};

/* What the header says. Views may be empty; bytes that are not UTF-8 are written as \xNN. */
struct asciicast_header {
	unsigned width, height;
	uint64_t timestamp; /* Unix seconds */
	struct view term, title;
	struct view session, recording, identity, on_behalf_of, issuer, target, login;
	uint32_t channel, part;
	bool digest_only;
};

void asciicast_init(struct asciicast *a, uint64_t start_us);

/* Each appends whole lines to out. ERR_OK, ERR_NOMEM, ERR_LIMIT; after an error out must not be used further. */
int asciicast_header(struct buf *out, const struct asciicast_header *h);
int asciicast_data(struct asciicast *a, struct buf *out, enum asciicast_stream s, uint64_t now_us, const void *p, size_t n);
int asciicast_resize(struct asciicast *a, struct buf *out, uint64_t now_us, unsigned width, unsigned height);
int asciicast_marker(struct asciicast *a, struct buf *out, uint64_t now_us, struct view label);
int asciicast_note(struct asciicast *a, struct buf *out, uint64_t now_us, const char *text); /* an "x" event */

/* Writes out what is held of cut characters, as bytes. */
int asciicast_flush(struct asciicast *a, struct buf *out, uint64_t now_us);

/* More bytes than n bytes of data can become, whatever they are. */
#define ASCIICAST_WORST(n) ((n) * 20 + 1024)

/* One event, read back. */
struct asciicast_event {
	uint64_t time_us;
	char code;                     /* 'o' 'i' 'r' 'm' 'x' or any other letter; 'o' and 'i' also for bytes out of "x" events */
	enum asciicast_stream stream;  /* of 'o' and 'i' */
	bool exact;                    /* the bytes came from an "x" event: no player shows them */
	struct view data;              /* in the reader's buffer */
};

struct asciicast_reader {
	bool next_is_err;
	struct buf text;
};

void asciicast_reader_init(struct asciicast_reader *r);
void asciicast_reader_free(struct asciicast_reader *r);

/* Reads an event line (without newline). Any well-formed v2 event is read, from whatever writer. ERR_OK, ERR_MALFORMED,
 * ERR_LIMIT (over ASCIICAST_MAX_LINE), ERR_NOMEM. e is valid until the next call. */
#define ASCIICAST_MAX_LINE (2 * 1024 * 1024)
int asciicast_read(struct asciicast_reader *r, struct view line, struct asciicast_event *e);

#endif
