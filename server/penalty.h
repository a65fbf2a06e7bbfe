/* Penalties by source: whoever fails to log in, stays silent or crashes a worker is refused for a while, longer the more often; as sshd's
 * PerSourcePenalties. Kept by the supervisor, who learns of it by a worker's exit code: a worker that was taken over can spare its own source a
 * penalty, or earn it one, and nothing else. */
#ifndef SERVER_PENALTY_H
#define SERVER_PENALTY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/* Exit codes of a session worker that ended by itself. */
enum worker_exit {
	WORKER_SERVED = 0,
	WORKER_FAILED_LOGIN = 10, /* something was offered as proof, and was none */
	WORKER_NO_LOGIN = 11,     /* the connection went before anything was offered */
	WORKER_GRACE_EXCEEDED = 12
};

enum { PENALTY_EXEMPT_MAX = 32 };

struct penalty_net {
	struct in6_addr addr; /* IPv4 as mapped */
	uint8_t bits;         /* 0 to 128 */
};

/* Seconds; 0 means none. Nothing is refused until a source has gathered `min`; it never gathers more than `max`. Each time that a source was refused
 * doubles what follows, until it has been quiet for `max`. */
struct penalty_rules {
	uint64_t crash, failed_login, no_login, grace_exceeded, min, max;
	struct penalty_net exempt[PENALTY_EXEMPT_MAX];
	unsigned nexempt;
};

/* sshd's figures. Loopback is exempt: everybody on the host, and everybody behind a proxy on it, would be one source. */
void penalty_defaults(struct penalty_rules *r);

/* "10.0.0.0/8", "::1", "2001:db8::/32". ERR_OK or ERR_MALFORMED. */
int penalty_net_read(const char *text, struct penalty_net *out);

struct penalties; /* a bounded table: full, it forgets whose penalty ends first */

struct penalties *penalties_new(void); /* NULL on no memory */
void penalties_free(struct penalties *p);

/* So many seconds for a source. */
void penalties_add(struct penalties *p, const struct penalty_rules *r, const struct in6_addr *source, uint64_t seconds, int64_t now_ms);

/* status: as from waitpid(), of a worker whose connection came from source. */
void penalties_worker_ended(struct penalties *p, const struct penalty_rules *r, const struct in6_addr *source, int status, int64_t now_ms);

/* Whether a connection from source is refused now. */
bool penalties_refuse(const struct penalties *p, const struct penalty_rules *r, const struct in6_addr *source, int64_t now_ms);

/* Whether the signal is of the kind that ends a program which went wrong. */
bool penalty_is_crash(int status);

#endif
