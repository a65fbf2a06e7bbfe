/* Network addresses in the source-address critical option: a comma list of CIDR, IPv4 and IPv6 (PROTOCOL.certkeys). */
#ifndef IDENTITY_CIDR_H
#define IDENTITY_CIDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* 16 bytes in network order. IPv4 is kept as ::ffff:a.b.c.d, so that a v4 client of a v6 socket is the same address. */
struct addr {
	uint8_t b[16];
	bool known; /* false: the peer has no address (a unix socket) */
};

/* From "192.0.2.1", "2001:db8::1" or "::ffff:192.0.2.1"; ERR_MALFORMED otherwise. */
int addr_parse(struct view text, struct addr *out);

/* ERR_OK when every element of the list is an address or prefix without host bits, ERR_MALFORMED otherwise. */
int cidr_check(struct view list);

/* ERR_OK when the address lies in one of them, ERR_REFUSED when in none, ERR_MALFORMED when any element is broken:
 * a list that is half understood admits nobody. At most 64 elements. */
int cidr_match(struct view list, const struct addr *a);

#endif
