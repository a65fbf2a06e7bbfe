/* Where a forward leads, as one text: what rules are matched against, what a person approves, and what is opened.
 *
 *   db1:5432           a name, in lower case          127.0.0.1:80    an IPv4 address, in its usual spelling
 *   [2001:db8::1]:22   an IPv6 address (RFC 5952)     /run/db.sock    a unix socket, its path in the simplest form
 *
 * A destination has one text and a text one destination, so that nothing can be spelled around a rule: other spellings of an address
 * (127.1, 0x7f000001, ::ffff:127.0.0.1), a zone, an empty label, a byte that no name has, a port 0 or above 65535 are no destination at all.
 * Names are not looked up: `localhost` and `127.0.0.1` are two texts. Pure. */
#ifndef POLICY_DESTINATION_H
#define POLICY_DESTINATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { DESTINATION_HOST_MAX = 253, DESTINATION_PATH_MAX = 107, DESTINATION_SHOWN_MAX = 1024 };

struct destination {
	bool is_path;
	uint16_t port;                       /* of a host */
	char host[DESTINATION_HOST_MAX + 1]; /* without brackets; of what listens: empty for all addresses */
	char path[DESTINATION_PATH_MAX + 1];
};

/* Appends the text of what an agent named, in whatever bytes. ERR_OK; ERR_MALFORMED when it is no destination: what is appended is then for
 * a record (its first DESTINATION_SHOWN_MAX bytes), and destination_parse() refuses it; ERR_NOMEM, ERR_LIMIT of the buffer.
 * listen: where the target is to listen, which may be every address (empty; the text has * for it) and port 0 (any). */
int destination_text(struct view host, uint32_t port, bool listen, struct buf *out);
int destination_path_text(struct view path, struct buf *out);

/* Reads a text. ERR_OK only for the one that destination_text() or destination_path_text() makes. */
int destination_parse(const char *text, size_t n, bool listen, struct destination *out);

/* Whether a rule's pattern can match a text at all; why says what is missing. It must have been brought to lower case when it is no path. */
int destination_pattern(const char *glob, struct why *why);

#endif
