/* Tokens and certificates: verifies a bearer token (fetching the issuer's keys where needed), and issues an SSH certificate
 * for a verified one. Nothing here blocks: results come by callback, at once or later. */
#ifndef APPROVE_ISSUE_H
#define APPROVE_ISSUE_H

#include "base/buf.h"
#include "identity/cidr.h"
#include "identity/http_fetch.h"
#include "identity/identity.h"
#include "identity/token.h"

struct control;

/* The one principal of a certificate that opens the bastion. Who the agent is stands in the identity extension. */
#define ISSUE_PRINCIPAL "sallyport"

struct config;

/* Whether the issuers of a configuration are such as identity/ takes; a line in errors for each that is not. */
int issue_check(const struct config *cfg, struct buf *errors);

int issue_open(struct control *c);
void issue_close(struct control *c);

/* After a new configuration: issuers are made anew. Keys that were fetched are kept where their source is the same. */
void issue_reload(struct control *c);

/* Whether an issuer of this short name is configured. */
bool issue_knows(struct control *c, const char *name);

/* The thread that does requests to other hosts, for webhooks. */
struct http_fetch *issue_fetcher(struct control *c);

/* Verifies a token. fn is called once: r ERR_OK and who (the callee's to free), or an error with why. The token is copied and
 * wiped. A token that is used as a bearer of the API is not used up by it. */
typedef void issue_verified_fn(void *arg, int r, struct identity *who, const struct token_facts *facts, const struct why *why);
void issue_verify(struct control *c, struct view token, issue_verified_fn *fn, void *arg);

struct issue_ask {
	struct view token, key_line; /* the key: one OpenSSH line */
	const char *source, *route;
	struct addr addr;
};

struct issue_result {
	int status;       /* as of HTTP: 201, 400, 401, 429, 503 */
	const char *why;  /* when not 201 */
	const char *line; /* the certificate's line, no newline */
	int64_t valid_until; /* Unix seconds */
};

/* Issues a certificate. fn is called once. */
typedef void issue_fn(void *arg, const struct issue_result *res);
void issue_start(struct control *c, const struct issue_ask *ask, issue_fn *fn, void *arg);

#endif
