/* JSON Pointer (RFC 6901): how a configuration names a claim, "/realm_access/roles" or "/https:~1~1acme.example~1groups". */
#ifndef IDENTITY_JSONPTR_H
#define IDENTITY_JSONPTR_H

#include <stdbool.h>

#include <jansson.h>

enum { JSONPTR_MAX = 256, JSONPTR_DEPTH = 16 }; /* bytes; reference tokens */

/* Whether the text is a pointer within the limits: empty, or '/' and tokens in which '~' is followed by 0 or 1. */
bool jsonptr_ok(const char *pointer);

/* The value that it points to, borrowed from root; NULL when there is none or the pointer is not one. */
json_t *jsonptr_get(json_t *root, const char *pointer);

#endif
