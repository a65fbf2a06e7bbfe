/* The text of openapi.json, built into the program. */
#ifndef APPROVE_OPENAPI_H
#define APPROVE_OPENAPI_H

#include <stddef.h>

extern const unsigned char openapi_json[];
extern const size_t openapi_json_len;

#endif
