/* `sallyport`: one verb a file. Each verb gets its own argv (argv[0] is the verb) and returns an exit code:
 * 0 done, 1 it did not work (a reason is on stderr), 2 the command line is wrong. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

typedef int cli_verb_fn(int argc, char **argv);

cli_verb_fn cli_demo, cli_token, cli_init;                      /* demo.c, token.c, init.c */
cli_verb_fn cli_policy;                                         /* policy.c */
cli_verb_fn cli_vault;                                          /* vault.c */
cli_verb_fn cli_audit, cli_replay, cli_recording;               /* audit.c, replay.c, recording.c */

/* Prints "sallyport VERB: message" on stderr and returns CLI_FAILED, or CLI_USAGE. */
int cli_fail(const char *verb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int cli_usage(const char *verb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
