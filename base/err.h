/* One error space for the whole of Sallyport.
 *
 * Every function that can fail returns int: ERR_OK (0) or one of the negative codes below. A function that can say
 * more takes a `struct why *` (may be NULL) and leaves one sentence in it. errno is meaningful only after ERR_SYS. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err {
	ERR_OK = 0,
	ERR_NOMEM = -1,       /* no memory */
	ERR_SYS = -2,         /* a system call failed; errno says which way */
	ERR_MALFORMED = -3,   /* bytes that are not of the form they claim to be */
	ERR_LIMIT = -4,       /* over a limit of ours */
	ERR_REFUSED = -5,     /* well-formed, and not permitted */
	ERR_UNSUPPORTED = -6, /* well-formed, and deliberately not implemented */
	ERR_AGAIN = -7,       /* nothing to do now; ask again when the descriptor is ready */
	ERR_EOF = -8,         /* the peer closed */
	ERR_NOTFOUND = -9,
	ERR_EXISTS = -10,
	ERR_EXPIRED = -11,    /* too old, or not valid yet */
	ERR_SIGNATURE = -12,  /* a signature, MAC or digest does not match */
	ERR_CRYPTO = -13,     /* the crypto library failed */
	ERR_WRONGSTATE = -14,     /* not possible in this state */
	ERR_UNAVAILABLE = -15 /* something that we depend on cannot serve now */
};

/* Why something failed, for a person: one sentence, no newline, control bytes replaced. Never holds a secret: callers
 * put in what was expected and where, not the offending bytes. */
struct why {
	char text[256];
};

/* English for a code, never NULL, static storage. */
const char *err_text(int r);

/* Writes the sentence, printf-like, truncated to fit, bytes outside printable ASCII written as '?'. w may be NULL. */
void why_set(struct why *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* why_set() and returns r, so that a failing branch is one line: return why_fail(w, ERR_MALFORMED, "…"). */
int why_fail(struct why *w, int r, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
