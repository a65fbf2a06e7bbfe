/* The ssh-agent sockets of the grants: one socket a grant, served until the worker closes it, the grant ends, or its session
 * is revoked. One request at a time; what is not read away is not read on. */
#ifndef VAULT_CONN_H
#define VAULT_CONN_H

#include "base/loop.h"
#include "vault/vault.h"

enum { CONN_MAX = 1024 }; /* open grants */

struct conns;

struct conns *conns_new(struct loop *l); /* NULL on no memory */
void conns_free(struct conns *c);

/* Serves g on fd until it ends. Takes over both, on failure too. ERR_REFUSED when fd is not a stream socket, ERR_LIMIT,
 * ERR_NOMEM, ERR_SYS. */
int conns_add(struct conns *c, int fd, struct vault_grant *g);

/* Ends all grants of a session; returns how many. */
unsigned conns_revoke(struct conns *c, uint64_t sid);

unsigned conns_count(const struct conns *c);

#endif
