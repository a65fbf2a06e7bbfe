/* Inside masking: what its files share. Not for others; policy/mask.h is the interface.
 *
 * How it works. The input, less what a terminal would not show as a character, is a text. At each place of the text the
 * rules are asked whether a secret is anchored there: mask_scan.c finds the few places worth asking (a known prefix, a
 * name like `password`, an `@`, a row of digits), the matchers of mask_token.c, mask_number.c, mask_field.c and
 * mask_block.c answer yes, no, or "more bytes are needed". What they answer depends on the text alone, never on how it
 * was cut: this is why a stream gives what the whole gives. mask_stream.c keeps the text that is not decided yet, marks
 * the bytes that are secret, and puts the rest out. Marked pieces that overlap become one placeholder. */
#ifndef POLICY_MASK_INT_H
#define POLICY_MASK_INT_H

#include <string.h>

#include <openssl/evp.h>

#include "policy/mask.h"

/* Bytes of decided text that stay readable before the first undecided byte; no matcher looks back further. */
#define MASK_CONTEXT 256
#define MASK_LOOKBACK 64       /* how far the built-ins look back (the local part of an address, an indent) */
#define MASK_LOOKAHEAD 32      /* how far the scanner looks ahead of a place to reject it */
#define MASK_PIECE 32768       /* bytes taken into the text at a time */
#define MASK_TEXT_MAX 262144   /* the text never grows past this; what is undecided is far less */
#define MASK_BLOCK_MAX 65536   /* a PEM block ends after this many bytes even without its END line */
#define MASK_PENDING_MAX 16384 /* undecided bytes of a Kubernetes data block, at most */
#define MASK_LINE_MAX 4096     /* a line of a PEM block */
#define MASK_TOKEN_MAX 1024    /* a token of open length */
#define MASK_JWT_MAX 16384
#define MASK_VALUE_MAX 8192    /* a field's value */
#define MASK_CUSTOM_MAX 64     /* custom rules in a set */
#define MASK_PREFIX_MAX 4      /* byte sets known of a custom rule's beginning */
#define MASK_SEQ_MAX 64        /* longest terminal sequence that is looked through */
#define MASK_SKIPS_MAX 4096    /* sequences inside undecided text */

enum builtin {
	B_PRIVATE_KEY, B_CREDIT_CARD, B_AWS_KEY, B_GCP_KEY, B_AZURE_KEY, B_GITHUB_TOKEN, B_GITLAB_TOKEN, B_SLACK_TOKEN,
	B_STRIPE_KEY, B_VENDOR_TOKEN, B_JWT, B_URL_PASSWORD, B_PASSWORD_FIELD, B_PASSWORD_HASH, B_K8S_SECRET, B_IBAN, B_US_SSN, B_EMAIL,
	B_COUNT
};

/* Bits of the mark of a text byte. */
#define MARK_COVER 0x8000u    /* part of a secret */
#define MARK_INSIDE 0x4000u   /* part of a secret that began before this byte */
#define MARK_SOFT 0x2000u     /* a terminal's line wrap was looked through before this byte */
#define MARK_NAMED 0x1000u    /* a secret begins here, of the rule in the low bits */
#define MARK_ALARM 0x0800u    /* a secret begins here of a rule that ends the session */
#define MARK_RULE 0x00ffu

/* The text as matchers see it. */
struct mtext {
	const uint8_t *t;
	size_t len;
	bool end;             /* nothing follows t[len - 1], ever */
	const uint16_t *mark; /* NULL: no byte has one */
};

enum { M_NO = 0, M_YES = 1, M_MORE = 2 };

/* M_YES: [s, e) is secret. M_MORE: no byte before s will be; strong: [s, len) is known to be the beginning of one. */
struct mhit {
	size_t s, e;
	bool strong;
};

struct manchor;
typedef int (*mask_match_fn)(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h);

/* A literal at which a secret may be anchored. Four bytes at least. */
struct manchor {
	const char *lit;
	uint8_t len;
	bool nocase;          /* ASCII letters of either case; lit is lower case */
	uint8_t rule;         /* index in the set's rules */
	uint8_t builtin;
	uint8_t arg;          /* the matcher's own */
	uint8_t cls;          /* CLS_… of the bytes that follow */
	uint16_t min, max;    /* how many of them */
	mask_match_fn fn;     /* NULL: a block, of mask_block.c */
	uint32_t hash;
};

/* Classes of bytes: bits of mask_class[]. */
#define CLS_ALNUM 0x01u  /* [A-Za-z0-9] */
#define CLS_WORD 0x02u   /* [A-Za-z0-9_] */
#define CLS_B64URL 0x04u /* [A-Za-z0-9_-] */
#define CLS_B64 0x08u    /* [A-Za-z0-9+/=] */
#define CLS_LOCAL 0x10u  /* [A-Za-z0-9._%+-], an address's local part */
#define CLS_UPPER32 0x20u /* [A-Z0-9] */
#define CLS_TILDE 0x40u  /* [A-Za-z0-9_.~-] */
#define CLS_CRYPT 0x80u  /* [A-Za-z0-9./$=,+] */
extern const uint8_t mask_class[256];

static inline bool mask_is(uint8_t c, unsigned cls)
{
	return (mask_class[c] & cls) != 0;
}

static inline bool mask_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static inline bool mask_alpha(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static inline bool mask_space(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Whether a terminal wrapped its line just before t[i]. */
static inline bool mask_soft(const struct mtext *x, size_t i)
{
	return x->mark != NULL && (x->mark[i] & MARK_SOFT) != 0;
}

/* Whether t[at] begins a word: nothing of class cls before it, or only the end of an escape (\n, %20, \u0026). */
bool mask_left(const struct mtext *x, size_t at, unsigned cls);

/* Whether the literal stands at i: M_NO, M_YES, or M_MORE when the text ends inside it. */
int mask_lit(const struct mtext *x, size_t i, const char *lit, size_t n, bool nocase);

/* A rule of the set. */
struct mrule {
	char id[MASK_RULE_ID_MAX + 1];
	int builtin;         /* enum builtin, or -1 */
	bool same_length;
	bool end_session;
	struct mregex *re;   /* custom only */
};

struct mask_set {
	struct mrule rules[B_COUNT + MASK_CUSTOM_MAX];
	size_t nrules;
	int rule_of[B_COUNT]; /* index in rules, -1: off */
	uint8_t custom[MASK_CUSTOM_MAX]; /* indexes in rules */
	size_t ncustom;
	struct manchor *anchors; /* sorted by hash */
	size_t nanchors;
	char **names;            /* what anchors of `fields:` point into */
	size_t nnames;
	struct mscan *scan;
	size_t lookback;         /* bytes at the end of the text that an anchor to come may still mask */
};

/* mask_scan.c: where a rule is worth asking. */
struct mscan;
int mask_scan_new(const struct mask_set *set, struct mscan **out);
void mask_scan_free(struct mscan *s);
/* First place in [i, to) worth asking, or to. Reads up to t[to + MASK_LOOKAHEAD - 1]. */
size_t mask_scan_next(const struct mscan *s, const uint8_t *t, size_t i, size_t to);
/* Whether a byte can stand at a place worth asking. */
bool mask_scan_first(const struct mscan *s, uint8_t c);
/* The anchors whose literal may stand at t (4 bytes readable): [*from, *to) of set->anchors. */
void mask_scan_anchors(const struct mscan *s, const uint8_t *t, size_t *from, size_t *to);
uint32_t mask_scan_hash(const uint8_t *t);
/* For tests: the portable scanner in place of the vector one. Not thread safe. */
void mask_scan_portable(bool on);
/* Names the scanner in use: "avx2" or "portable". */
const char *mask_scan_name(void);

/* mask_token.c and its neighbours: the literals of the built-ins that are on are appended to the set. */
int mask_anchor_add(struct mask_set *set, enum builtin b, const char *lit, bool nocase, uint8_t cls, uint16_t min,
	uint16_t max, uint8_t arg, mask_match_fn fn);
int mask_token_anchors(struct mask_set *set);
int mask_field_anchors(struct mask_set *set);
int mask_field_name(struct mask_set *set, const char *name); /* one more name; ERR_MALFORMED when it is not a name */
int mask_block_anchors(struct mask_set *set);

/* Matchers without a literal of four bytes; each looks at t[at] itself. */
int mask_jwt(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h);        /* at "eyJ" */
int mask_azure_secret(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h); /* at "8Q~" */
int mask_card(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h);
int mask_iban(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h);
int mask_ssn(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h);
int mask_url(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h);        /* at "://" */
/* Whether what stands before s is no text (a pack file, an archive): weak anchors mean nothing there. */
bool mask_in_binary(const uint8_t *t, size_t s);
int mask_email(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h);      /* at "@" */

/* mask_value.c: whether v, which stands behind a secret's name, is no value. */
bool mask_value_none(const uint8_t *v, size_t n);
bool mask_value_code(const uint8_t *v, size_t n, bool spaced, bool colon, uint8_t after);
bool mask_value_digits(const uint8_t *v, size_t n);

/* mask_block.c: secrets of many lines, found piece by piece so that they need not be held. */
struct mblock {
	const struct manchor *a;
	size_t at;        /* the anchor; not valid any more once committed */
	size_t cur;       /* everything before is read; a line begins here */
	size_t commit;    /* everything before is decided; the first byte that the block may still mask */
	size_t next;      /* when done: where scanning goes on */
	uint64_t taken;   /* bytes of the block read before cur */
	bool committed;   /* it is a secret for sure; bytes in [.., commit) are marked */
	bool strong;
	unsigned state, lines, blanks;
	unsigned indent;
	bool prefixed;
};
struct mask_stream;
/* Goes on with the block: M_MORE or M_NO (done; b->next is set). Marks by mask_mark(). */
int mask_block_step(struct mask_stream *st, const struct mtext *x, struct mblock *b);
/* A pause: marks what is recognised of the undecided end. */
void mask_block_partial(struct mask_stream *st, const struct mtext *x, struct mblock *b);

/* mask_stream.c: [s, e) of the text is secret. joined: it continues what was marked up to s. */
void mask_mark(struct mask_stream *st, unsigned rule, size_t s, size_t e, bool joined);

/* mask_regex.c: custom rules. */
struct mregex;
/* Compiles and bounds a regex; on failure says in w why, and *at is the offset in the pattern. */
int mask_regex_new(const char *pattern, size_t n, struct mregex **out, size_t *at, struct why *w);
void mask_regex_free(struct mregex *re);
const char *mask_regex_pattern(const struct mregex *re);
/* First match that begins in [from, x->len): M_YES with h, M_NO, or M_MORE (h->s: nothing before it matches). *next is
 * where the search goes on after M_YES. first: the text's first byte is the stream's first. */
int mask_regex_find(const struct mregex *re, const struct mtext *x, size_t from, bool first, struct mhit *h,
	size_t *next);

/* mask_bound.c: how far a regex reaches, and what it begins with, by reading it. */
struct mbound {
	size_t max;                  /* bytes it may match or look at from its beginning */
	unsigned nprefix;            /* byte sets known of its first bytes */
	uint8_t prefix[MASK_PREFIX_MAX][32];
};
int mask_bound(const char *pattern, size_t n, struct mbound *out, size_t *at, struct why *w);

/* mask_tag.c: placeholders. */
struct mtag;
int mask_tag_new(const uint8_t key[MASK_KEY_LEN], struct mtag **out);
void mask_tag_free(struct mtag *t);
int mask_tag_begin(struct mtag *t);
int mask_tag_add(struct mtag *t, const uint8_t *p, size_t n);
/* The placeholder of what was added since mask_tag_begin(); adding may go on. width: characters, for same_length. */
int mask_tag_put(struct mtag *t, const struct mrule *r, uint64_t width, struct buf *out);
#define MASK_TAG_MAX (MASK_RULE_ID_MAX + 16) /* bytes of a placeholder that is not same_length */

/* mask_set.c */
int mask_set_new(struct mask_set **out);
int mask_builtin_find(const char *name);      /* enum builtin, or -1 */
const char *mask_builtin_name(enum builtin b);
bool mask_builtin_default(enum builtin b);
int mask_set_add(struct mask_set *set, const char *id, int builtin); /* index of the rule (found or new), or error */
int mask_set_seal(struct mask_set *set);      /* anchors and scanner; the last step of loading */

#endif
