/* Who a verified token speaks for. Made by token.h only, or read back from the text that was made of such a one.
 *
 * Delegation (RFC 8693 section 4.1): in a token with an "act" claim, the party that acts is the outermost act.sub, and it
 * acts on behalf of the token's own subject. Here subject is always who acts, so that a policy that names an agent holds
 * for the agent and not for the person who lent it a token. */
#ifndef IDENTITY_IDENTITY_H
#define IDENTITY_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	IDENTITY_ISSUER_MAX = 32,   /* bytes of an issuer's short name, [a-z0-9][a-z0-9._-]* */
	IDENTITY_URL_MAX = 512,     /* bytes of an issuer URL */
	IDENTITY_SUBJECT_MAX = 512, /* bytes of a subject */
	IDENTITY_GROUP_MAX = 256,   /* bytes of one group */
	IDENTITY_GROUPS_MAX = 256,  /* groups */
	IDENTITY_VIA_MAX = 8,       /* prior actors */
	IDENTITY_NAME_MAX = 256,    /* bytes of an e-mail address or a name */
	IDENTITY_JTI_MAX = 256,     /* bytes of a token id */
	IDENTITY_TEXT_MAX = 8192    /* bytes of the text form; fits a certificate's extension */
};

/* All strings are NUL-terminated readable UTF-8 (text.h), owned by the struct; optional ones are NULL. */
struct identity {
	char *issuer;        /* short name from the configuration */
	char *iss;           /* the issuer's URL, exactly as in the token */
	char *subject;       /* who acts */
	char **groups;       /* sorted by bytes, each once */
	size_t n_groups;
	char *on_behalf_of;  /* for whom, where the token is delegated; else NULL */
	char **via;          /* actors between the two, the latest first; information, never a reason to permit */
	size_t n_via;
	char *email;         /* for display; left out where the issuer says that it is not verified */
	char *name;          /* for display */
	char *jti;
	int64_t iat;         /* Unix seconds; 0 when the token does not say */
	int64_t exp;         /* Unix seconds */
};

/* Frees all, id included. NULL is fine. */
void identity_free(struct identity *id);

/* Whether every field keeps its bounds and form. ERR_MALFORMED or ERR_LIMIT. */
int identity_check(const struct identity *id, struct why *why);

/* Sorts the groups and drops doubles. */
void identity_sort_groups(struct identity *id);

bool identity_in_group(const struct identity *id, const char *group);

/* Whether the two could be one person: the same issuer, and any of subject and on_behalf_of in common; or the same e-mail
 * address, whatever the issuers. For "no one approves what they asked for", where a false yes is the safe side. */
bool identity_may_be_same(const struct identity *a, const struct identity *b);

/* The canonical text: one line of JSON in printable ASCII, members in fixed order, absent ones left out:
 *   {"issuer","iss","subject","groups":[],"on_behalf_of","via":[],"email","name","jti","iat","exp"}
 * One identity has one text. *out is free()d by the caller. ERR_LIMIT over IDENTITY_TEXT_MAX bytes. */
int identity_text(const struct identity *id, char **out, struct why *why);

/* Reads it back. ERR_MALFORMED for anything but a text that identity_text() made, byte for byte. */
int identity_parse(const char *text, size_t n, struct identity **out, struct why *why);

#endif
