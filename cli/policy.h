/* What the files of `sallyport policy` share. */
#ifndef CLI_POLICY_H
#define CLI_POLICY_H

#include <stddef.h>

#include "policy/policy.h"

/* Loads a file ("-": standard input); mistakes go to stderr. CLI_OK or CLI_FAILED. Free with policy_free(). */
int policy_open(const char *name, struct policy **p);

/* Takes "TARGET,TAG=VALUE,…" apart in place. Returns how many tags. */
size_t policy_on(char *text, struct tag *tags, size_t cap, const char **name);

int policy_simulate(int argc, char **argv); /* policy_simulate.c */

#endif
