/* What outputs.c (what is due), outputs_socket.c (syslog, journald) and outputs_hook.c (webhooks) share. Nobody else includes this. */
#ifndef APPROVE_OUTPUTS_IMPL_H
#define APPROVE_OUTPUTS_IMPL_H

#include "approve/config.h"
#include "approve/control.h"
#include "audit/follow.h"
#include "audit/syslog.h"

enum { OUTPUT_ROUND_RECORDS = 256 }; /* handed over in one round of the loop: nobody waits longer for us */

struct output {
	struct output *next;
	struct control *ctl;
	char name[33], *url, *secret_file, *ca_file, *path;
	enum config_output_kind kind;
	struct config_endpoint to;   /* host is ours */
	char **events;               /* globs, NULL-terminated; NULL: all */
	struct syslog_options style;
	struct follow log;
	uint64_t sent;               /* handed over up to here */
	uint64_t delivered;          /* the receiver has it */
	uint64_t kept;               /* `delivered` as the store knows it */
	struct buf text, sig;        /* a checkpoint that waits; text is empty when none does */
	uint64_t checkpoint_size;    /* records that it covers */
	struct loop_timer *timer;    /* a pause: nothing is done before it ends */
	int pause_ms;
	bool down;                   /* the last attempt failed */
	bool told;                   /* the log says that it is down */
	int64_t told_ms;             /* since when: once a minute is enough */
	/* sockets */
	int fd;
	struct loop_watch *watch;
	bool connected;
	struct buf out;              /* framed bytes that wait for the socket */
	/* webhooks */
	bool under_way, dead;
	uint64_t batch_last;
	bool batch_checkpoint;
};

/* The next record for this output, at most the last durable one; what is filtered out only moves `sent`. ERR_OK, ERR_EOF, or an error, which has
 * been told already. */
int output_next(struct output *o, struct view *line, struct chain_record *rec);

/* Whether the waiting checkpoint may be told: everything it covers was handed over. */
bool output_checkpoint_due(const struct output *o);

void output_delivered(struct output *o, uint64_t seq);
/* Nothing for now: goes back to what is delivered, and pauses. */
void output_failed(struct output *o, const char *why);
/* Looks again in ms, without having failed. */
void output_pause(struct output *o, int ms);

/* outputs_socket.c */
void output_socket_step(struct output *o);
void output_socket_close(struct output *o);

/* outputs_hook.c */
void output_hook_step(struct output *o);

void output_free(struct output *o);

#endif
