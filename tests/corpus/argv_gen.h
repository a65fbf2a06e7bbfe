/* Random shell text for the argv test. */
#ifndef TESTS_CORPUS_ARGV_GEN_H
#define TESTS_CORPUS_ARGV_GEN_H

#include <stdint.h>

#include "base/buf.h"
#include "policy/policy.h"

/* A statement whose simple commands all run, once, in source order, and whose words are exact. */
void gen_exact(struct buf *out, uint64_t *seed, enum dialect d);

/* A statement with expansions; gen_prelude() has set what they read. */
void gen_active(struct buf *out, uint64_t *seed, enum dialect d);

/* What a script begins with. */
const char *gen_prelude(enum dialect d);

#endif
