/* Masking: takes secrets out of a stream before anybody sees it. Pure: bytes in, masked bytes out, events; no I/O.
 *
 * A `struct mask_set` holds compiled rules and never changes after it was loaded; any number of streams may use it, and
 * it must outlive them. A `struct mask_stream` is one direction of one channel (stdout and stderr are two streams).
 * What a rule finds is replaced by a placeholder, `[masked:RULE:hhhh]`; everything else comes out byte for byte.
 * However the input is cut into pieces, the output is the same, unless the caller lets held bytes go on a pause
 * (mask_flush_idle()). docs/masking.md says what each rule finds, and what masking cannot find.
 *
 * Use, once a channel:
 *
 *	mask_stream_new(set, key, MASK_PLAIN, on_event, ctx, &st);
 *	each piece read:       mask_feed(st, p, n, &out);         forward out
 *	after each piece:      ms = mask_wait_ms(st);             arm a timer of ms milliseconds if it is > 0
 *	timer, no piece since: mask_flush_idle(st, &out);         forward out
 *	EOF:                   mask_finish(st, &out);             forward out, mask_stream_free(st)
 *
 * Any error of these calls is final for the stream: the channel must be closed, since what was not put out may be a
 * secret. ERR_LIMIT is such an error too: `out` was too small (mask_out_max() says what always suffices). */
#ifndef POLICY_MASK_H
#define POLICY_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define MASK_KEY_LEN 32       /* bytes of the HMAC key of a session; random, made once a session */
#define MASK_IDLE_MS 50       /* longest time that bytes are held while nothing comes in */
#define MASK_WEAK_MS 5        /* the same while nothing held has been recognised as the beginning of a secret */
#define MASK_ECHO_MS 1        /* the same on a PTY: someone may be typing */
#define MASK_RULE_ID_MAX 32   /* bytes of a rule's name: [a-z0-9][a-z0-9.-]* */
#define MASK_CUSTOM_REACH 4096 /* bytes that a custom rule may match or look at, most */

struct mask_set;
struct mask_stream;

enum mask_mode {
	MASK_PLAIN, /* a file, a pipe: colour sequences are looked through */
	MASK_PTY    /* a terminal: cursor-neutral sequences and the terminal's line wraps are looked through too */
};

/* One masking: one a placeholder. (One more without a placeholder, with end_session, when a honeytoken shows only after a
 * pause has let its placeholder go.) Holds nothing of the value but its length. Valid during the call only, but for rule, which lives as
 * long as the set. */
struct mask_event {
	const char *rule;    /* the rule's id; of several that overlap, the one that begins first */
	uint64_t offset;     /* of the value's first byte in the stream's input, in bytes from its beginning */
	uint64_t length;     /* bytes of the value so far (a value that is cut by a pause may go on); for mask_length_class() */
	bool end_session;    /* the rule, or another that found something inside, says `on_match: end_session` */
	bool cut;            /* a pause or the end of the stream came before the value was complete */
};

typedef void (*mask_event_fn)(void *ctx, const struct mask_event *e);

/* "1-8", "9-16", "17-32", "33-64", "65-256", "257-1024", "1025-4096", "4097+": what a record may say of a length. */
const char *mask_length_class(uint64_t length);

/* Loads the value of the policy file's `mask:` section (docs/masking.md):
 *
 *	use: [credit-card, …]        built-ins by name; `default` stands for all that are on by default. Absent: default
 *	fields: [x-internal-pin, …]  more names for password-field
 *	rules:
 *	  - id: staff-no
 *	    regex: '\bS\d{7}\b'      PCRE2; with a group named `value` only that group is masked
 *	    same_length: true        the placeholder is as long as the value
 *	    on_match: end_session    default: mask
 *	    tests: { mask: ["S1234567"], not: ["S12345678"] }
 *
 * A rule whose id is a built-in's name and that has no regex switches that built-in on and sets its options. A document
 * with `mask:` as its only key is taken for that key's value. yaml_text NULL gives the default built-ins; name is for
 * messages. On failure *out is NULL and errors holds one line a mistake ("file:line:column: what, and the fix\n").
 * ERR_OK, ERR_MALFORMED, ERR_LIMIT (over 1 MiB), ERR_NOMEM. Free with mask_set_free(). */
int mask_load(const char *name, const char *yaml_text, size_t n, struct mask_set **out, struct buf *errors);

/* The same for a section that was cut out of a file: line is the line of the file on which yaml_text begins (1-based). */
int mask_load_at(const char *name, unsigned line, const char *yaml_text, size_t n, struct mask_set **out,
	struct buf *errors);
void mask_set_free(struct mask_set *set);

/* The rules of a set, for evidence and `policy check`: index 0 … mask_set_count() - 1. */
struct mask_rule_info {
	const char *id;
	const char *regex; /* NULL for a built-in */
	bool builtin;
	bool same_length;
	bool end_session;
};
size_t mask_set_count(const struct mask_set *set);
void mask_set_info(const struct mask_set *set, size_t i, struct mask_rule_info *out);

/* Opens a stream. key is copied (MASK_KEY_LEN bytes); on_event may be NULL and is called from inside mask_feed(),
 * mask_flush_idle() and mask_finish(), in stream order. ERR_OK, ERR_NOMEM, ERR_CRYPTO. A stream takes about a kilobyte
 * until the first byte comes in, then 34 KiB, 100 KiB from the first masking on, and never more than about 1.2 MiB. */
int mask_stream_new(const struct mask_set *set, const uint8_t key[MASK_KEY_LEN], enum mask_mode mode,
	mask_event_fn on_event, void *ctx, struct mask_stream **out);
void mask_stream_free(struct mask_stream *st);

/* Width of the terminal in columns (from pty-req and window-change), by which line wraps are known. 0, the default:
 * not known, no wrap is looked through. Only for MASK_PTY. */
void mask_stream_columns(struct mask_stream *st, unsigned columns);

/* Takes n bytes in and appends to out all that is decided. Allocates only while its own buffers still grow. */
int mask_feed(struct mask_stream *st, const uint8_t *p, size_t n, struct buf *out);

/* Nothing came in for mask_wait_ms(): puts out what is held. A value of which the beginning has been recognised
 * (`AKIA…`, `password=…`, a PEM block) is masked as far as it came, and what follows of it stays masked without a second
 * placeholder; other held bytes are released, and if they turn out to have been the beginning of a secret the rest of
 * it is masked. */
int mask_flush_idle(struct mask_stream *st, struct buf *out);

/* The stream has ended: decides and puts out the rest. The stream may only be freed afterwards. */
int mask_finish(struct mask_stream *st, struct buf *out);

/* Bytes of input that are held now. */
size_t mask_held(const struct mask_stream *st);

/* After how many milliseconds without input mask_flush_idle() is due: 0 when nothing is held, MASK_IDLE_MS when the beginning of
 * a secret is, else MASK_WEAK_MS or, on a PTY, MASK_ECHO_MS. Each piece of input starts it anew. */
unsigned mask_wait_ms(const struct mask_stream *st);

/* How many maskings the stream has put out, and bytes taken in: for the summary at the session's end. */
uint64_t mask_count(const struct mask_stream *st);

/* An upper bound of what the next mask_feed() of n bytes, and the flushes after it, can append. */
size_t mask_out_max(const struct mask_stream *st, size_t n);

/* Masks a whole text at once (a command in a log, what an approver sees): appends to out. The same placeholders as a stream
 * with that key; *count (may be NULL) is how many were put in. ERR_OK, ERR_NOMEM, ERR_LIMIT, ERR_CRYPTO. */
int mask_text(const struct mask_set *set, const uint8_t key[MASK_KEY_LEN], const void *p, size_t n, struct buf *out,
	mask_event_fn on_event, void *ctx, size_t *count);

#endif
