/* Penalties by source; see penalty.h. Whoever connects chooses how many sources there are, and so the table is bounded, and its buckets keyed. */
#include "server/penalty.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>

#include "base/err.h"

enum { BUCKETS = 4096, DEEP = 16 /* entries a bucket: 64 Ki in all */, STRIKES_MAX = 6 };

struct entry {
	struct in6_addr source;
	int64_t until_ms; /* monotonic; 0: free */
	bool active;      /* has gathered the minimum; refused until the end */
	uint8_t strikes;  /* how often it was, lately */
};

struct penalties {
	uint64_t key;
	struct entry *bucket[BUCKETS]; /* DEEP entries each, made at the first use */
};

void penalty_defaults(struct penalty_rules *r)
{
	static const char *const loopback[] = { "127.0.0.0/8", "::1" };

	*r = (struct penalty_rules){ .crash = 90, .failed_login = 5, .no_login = 1, .grace_exceeded = 10, .min = 15, .max = 600 };
	for (r->nexempt = 0; r->nexempt < 2; r->nexempt++)
		(void)penalty_net_read(loopback[r->nexempt], &r->exempt[r->nexempt]);
}

int penalty_net_read(const char *text, struct penalty_net *out)
{
	const char *slash = strchr(text, '/');
	char host[INET6_ADDRSTRLEN + 1], *end;
	size_t n = slash == NULL ? strlen(text) : (size_t)(slash - text);
	unsigned long bits, most;
	struct in_addr v4;

	if (n >= sizeof(host))
		return ERR_MALFORMED;
	memcpy(host, text, n);
	host[n] = '\0';
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, host, &v4) == 1) {
		out->addr.s6_addr[10] = out->addr.s6_addr[11] = 0xff;
		memcpy(out->addr.s6_addr + 12, &v4, 4);
		most = 32;
	} else if (inet_pton(AF_INET6, host, &out->addr) == 1) {
		most = 128;
	} else {
		return ERR_MALFORMED;
	}
	bits = most;
	if (slash != NULL) {
		if (slash[1] < '0' || slash[1] > '9')
			return ERR_MALFORMED;
		bits = strtoul(slash + 1, &end, 10);
		if (*end != '\0' || bits > most)
			return ERR_MALFORMED;
	}
	out->bits = (uint8_t)(bits + 128 - most);
	return ERR_OK;
}

static bool inside(const struct penalty_net *n, const struct in6_addr *a)
{
	unsigned whole = n->bits / 8, rest = n->bits % 8;

	if (IN6_IS_ADDR_V4MAPPED(&n->addr) != IN6_IS_ADDR_V4MAPPED(a))
		return false;
	/* A source is an IPv6 network of 64 bits: what lies deeper cannot be told apart. */
	if (whole >= 8 && !IN6_IS_ADDR_V4MAPPED(a)) {
		whole = 8;
		rest = 0;
	}
	return memcmp(n->addr.s6_addr, a->s6_addr, whole) == 0 &&
	       (rest == 0 || ((n->addr.s6_addr[whole] ^ a->s6_addr[whole]) & (0xff << (8 - rest)) & 0xff) == 0);
}

static bool exempt(const struct penalty_rules *r, const struct in6_addr *source)
{
	for (unsigned i = 0; i < r->nexempt; i++) {
		if (inside(&r->exempt[i], source))
			return true;
	}
	return false;
}

struct penalties *penalties_new(void)
{
	struct penalties *p = calloc(1, sizeof(*p));

	if (p != NULL && getrandom(&p->key, sizeof(p->key), 0) != (ssize_t)sizeof(p->key)) {
		free(p);
		p = NULL;
	}
	return p;
}

void penalties_free(struct penalties *p)
{
	for (int i = 0; p != NULL && i < BUCKETS; i++)
		free(p->bucket[i]);
	free(p);
}

/* Which bucket, nobody outside can choose. */
static unsigned bucket_of(const struct penalties *p, const struct in6_addr *a)
{
	uint64_t half[2], h;

	memcpy(half, a, sizeof(half));
	h = (half[0] ^ p->key) * 0x9e3779b97f4a7c15u;
	h = ((h ^ h >> 29) + half[1]) * (p->key | 1);
	h ^= h >> 32;
	return (unsigned)((h * 0xff51afd7ed558ccdu) >> 52);
}

static struct entry *find(const struct penalties *p, const struct in6_addr *source)
{
	struct entry *e = p->bucket[bucket_of(p, source)];

	for (int i = 0; e != NULL && i < DEEP; i++) {
		if (e[i].until_ms != 0 && memcmp(&e[i].source, source, sizeof(*source)) == 0)
			return &e[i];
	}
	return NULL;
}

/* A place for a new one: a free one, one that is over, or else whose ends first. */
static struct entry *place(struct penalties *p, const struct in6_addr *source, int64_t now_ms)
{
	struct entry **b = &p->bucket[bucket_of(p, source)], *least;

	if (*b == NULL)
		*b = calloc(DEEP, sizeof(**b));
	if (*b == NULL)
		return NULL;
	least = *b;
	for (int i = 0; i < DEEP; i++) {
		if ((*b)[i].until_ms <= now_ms) {
			least = &(*b)[i];
			break;
		}
		if ((*b)[i].until_ms < least->until_ms)
			least = &(*b)[i];
	}
	*least = (struct entry){ .source = *source, .until_ms = now_ms };
	return least;
}

bool penalty_is_crash(int status)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGSYS, SIGTRAP };

	for (size_t i = 0; WIFSIGNALED(status) && i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (WTERMSIG(status) == signals[i])
			return true;
	}
	return false;
}

static uint64_t penalty_of(const struct penalty_rules *r, int status)
{
	if (penalty_is_crash(status))
		return r->crash;
	if (!WIFEXITED(status))
		return 0;
	switch (WEXITSTATUS(status)) {
	case WORKER_FAILED_LOGIN:
		return r->failed_login;
	case WORKER_NO_LOGIN:
		return r->no_login;
	case WORKER_GRACE_EXCEEDED:
		return r->grace_exceeded;
	default:
		return 0;
	}
}

void penalties_add(struct penalties *p, const struct penalty_rules *r, const struct in6_addr *source, uint64_t seconds, int64_t now_ms)
{
	struct entry *e;

	if (p == NULL || seconds == 0 || r->max == 0 || exempt(r, source))
		return;
	e = find(p, source);
	if (e == NULL)
		e = place(p, source, now_ms);
	if (e == NULL)
		return;
	if (e->until_ms <= now_ms) {
		if (now_ms - e->until_ms > (int64_t)r->max * 1000)
			e->strikes = 0;
		e->until_ms = now_ms;
		e->active = false;
	}
	e->until_ms += (int64_t)seconds * 1000 << (e->active ? 0 : e->strikes);
	if (e->until_ms > now_ms + (int64_t)r->max * 1000)
		e->until_ms = now_ms + (int64_t)r->max * 1000;
	if (!e->active && e->until_ms - now_ms >= (int64_t)r->min * 1000) {
		e->active = true;
		e->strikes += e->strikes < STRIKES_MAX;
	}
}

void penalties_worker_ended(struct penalties *p, const struct penalty_rules *r, const struct in6_addr *source, int status, int64_t now_ms)
{
	penalties_add(p, r, source, penalty_of(r, status), now_ms);
}

bool penalties_refuse(const struct penalties *p, const struct penalty_rules *r, const struct in6_addr *source, int64_t now_ms)
{
	const struct entry *e = p == NULL ? NULL : find(p, source);

	/* Asked again of the rules: a reload may have pardoned it. */
	return e != NULL && e->active && e->until_ms > now_ms && r->max > 0 && !exempt(r, source);
}
