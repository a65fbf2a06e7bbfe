/* Masking of a whole text in the plainest way, to hold the stream against. */
#ifndef TESTS_FUZZ_MASK_REFERENCE_H
#define TESTS_FUZZ_MASK_REFERENCE_H

#include "policy/mask.h"

/* Appends the masked text to out. The text must hold no ESC (sequences are the reader's, not the rules'). */
int mask_reference(const struct mask_set *set, const uint8_t key[MASK_KEY_LEN], const uint8_t *p, size_t n, struct buf *out);

#endif
