/* New keys for a connection that has carried much, or is old.
 *
 * libssh begins an exchange by itself when a packet comes or goes: past the limit of bytes, past that of time, and in any case past the cipher's own.
 * Two things it leaves to us. Where nothing comes or goes it never looks at its clock. And from its own first word to the peer's answer it keeps
 * whatever it is given, without a bound, and tells nobody: a peer that never answers would have the memory of this process. */
#ifndef SERVER_REKEY_H
#define SERVER_REKEY_H

#include <libssh/libssh.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session;

struct rekey {
	uint32_t exchanges; /* of the peer's, as heard when it was looked at last */
	uint64_t seen;      /* bytes that had passed then */
	uint64_t since;     /* bytes that had passed when these keys were new, or fewer */
	int64_t due;        /* monotonic ms; 0: keys live as long as they carry little */
	bool held;          /* libssh keeps what it is given */
	uint64_t unsure;    /* held: 0; else what it was given and may keep, in bytes */
	uint64_t packets;   /* that had come from the peer, or been passed on to it, when held began, or when it was certain that nothing is kept */
};

/* Sets the session's limits; before the first keys are exchanged. SSH_OK or SSH_ERROR. */
int rekey_limit(const struct session *s, ssh_session session);

/* The agent has logged in, or s->target is up. */
void rekey_start(struct session *s, bool agent);

/* Whether nothing may be written to the agent (or the target) for now, and what became of a write of n bytes: out is how many had gone out before. */
bool rekey_held(struct session *s, bool agent);
void rekey_wrote(struct session *s, bool agent, uint64_t out, size_t n);

void rekey_step(struct session *s);
int64_t rekey_due(const struct session *s); /* when rekey_step() has something to do; 0: never */

#endif
