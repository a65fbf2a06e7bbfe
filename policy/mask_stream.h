/* Inside masking: the state of a stream, shared by its engine (mask_stream.c) and its reader (mask_tty.c). */
#ifndef POLICY_MASK_STREAM_H
#define POLICY_MASK_STREAM_H

#include "policy/mask_int.h"

/* Bytes of the input that are no character of the text: a terminal sequence. They come out where they stood. */
struct mskip {
	size_t at;       /* before this byte of the text */
	size_t off, len; /* in skip_bytes */
	bool stands;     /* text[at] stands for the sequence, so that nothing is matched across it, and is not put out */
};

/* One stretch of secret bytes that is being put out. */
struct mregion {
	bool open;
	bool silent;     /* its placeholder is out already: a pause came */
	bool alarm;      /* a rule in it ends the session */
	unsigned rule;
	uint64_t offset; /* in the input, of its first byte */
	uint64_t length; /* bytes */
	uint64_t width;  /* characters */
};

/* What the reader of terminal sequences is in. */
struct mtty {
	uint8_t seq[MASK_SEQ_MAX];
	size_t n;        /* bytes of a sequence that is not complete */
	size_t released; /* how many of them are out already: a pause came */
	bool string;     /* inside OSC, DCS…: text until its end */
	bool soft;       /* the next byte of text gets MARK_SOFT */
	unsigned columns, column;
};

struct mask_stream {
	const struct mask_set *set;
	enum mask_mode mode;
	mask_event_fn on_event;
	void *ctx;
	struct mtag *tag;
	int dead;          /* an error, for good */
	bool ended;
	bool began;        /* text was dropped: text[0] is not the stream's first byte */

	uint8_t *text;     /* MASK_LOOKAHEAD bytes beyond cap are readable */
	uint16_t *mark;    /* NULL until a byte needs one */
	size_t cap, len;
	size_t out;        /* everything before is put out */
	size_t mlo, mhi;   /* bytes with MARK_COVER lie in [mlo, mhi) */
	uint64_t raw_out;  /* bytes of input that are put out or masked */
	uint64_t raw_in;

	size_t scan;       /* every place before is decided for the built-ins */
	size_t hold;       /* no byte before will be masked by the places from scan on that were asked */
	bool strong;       /* the undecided place has begun a secret at strong_at */
	size_t strong_at;
	unsigned strong_rule;
	bool in_block;
	struct mblock block;
	bool partial;      /* what is marked now is the beginning of a secret only, and raises no alarm */
	bool joined;       /* a pause came inside a secret: its region stays open while its matcher is undecided */

	size_t next[MASK_CUSTOM_MAX]; /* of each custom rule: where its search goes on */
	size_t custom_hold;
	bool custom_strong;
	size_t custom_strong_at;
	unsigned custom_strong_rule;

	struct mskip *skips;
	size_t nskips, skip0, skips_cap; /* [skip0, nskips) are not put out yet */
	uint8_t *skip_bytes;
	size_t nskip_bytes, skip_bytes_cap;
	struct mregion region;
	struct mtty tty;
	uint64_t count;
};

/* mask_tty.c: takes bytes of p into the text (room for n is there) and the list of skips. Returns how many were taken:
 * fewer than n when the list is full, or an error. */
long mask_tty_take(struct mask_stream *st, const uint8_t *p, size_t n);
/* A pause or the end: what stands incomplete goes into the list as it is. */
int mask_tty_release(struct mask_stream *st);

int mask_stream_skip(struct mask_stream *st, const uint8_t *p, size_t n, bool stands);

/* mask_emit.c: makes st->mark. */
int mask_stream_marks(struct mask_stream *st);
/* Puts out text[st->out, upto). open: the region that reaches upto may go on there. */
int mask_emit(struct mask_stream *st, size_t upto, bool open, struct buf *out);
/* The open region's placeholder, now; what follows of the region adds none. cut: the value may go on. */
int mask_emit_placeholder(struct mask_stream *st, struct buf *out, bool cut);
int mask_emit_close(struct mask_stream *st, struct buf *out, bool cut);
/* What stands before text[at]; with it a sequence that text[at] stands for, when that byte is decided. */
int mask_emit_skips(struct mask_stream *st, size_t at, bool decided, struct buf *out, bool *stands);

#endif
