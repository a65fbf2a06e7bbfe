/* The subsystem sftp, between the agent and the target's sftp server. Requests are taken one after the other; one that names paths waits until it is
 * known where they lead (resolve.h), is put to control, and goes on with the path that it leads to, or is answered "permission denied" with
 * Sallyport's line as its text. Handles and ids towards either side are our own, so that neither can name what was not given to it.
 *
 *   sftp.c        requests: what they do to which path, the question, the way on
 *   sftp_reply.c  answers of the target: what fits the request goes on, anything else ends the channel
 *   sftp_table.c  open files and requests under way */
#ifndef SERVER_SFTP_H
#define SERVER_SFTP_H

#include "server/files.h"
#include "server/sftp_wire.h"

struct files *sftp_new(void);

enum {
	SFTP_HANDLES = 128,
	SFTP_UNDER_WAY = 512, /* a power of two: slots of ids */
	SFTP_KNOWN = 16,
	SFTP_KNOWN_MS = 5000
};

struct sftp_file {
	char *path;         /* NULL: not in use */
	uint8_t *handle;    /* the target's */
	size_t n;
	uint32_t number;    /* the agent's */
	uint32_t question;  /* that allowed it; 0: none */
	bool dir, reads, writes, closing;
	struct span in, out;
};

struct sftp_under_way {
	unsigned type;      /* 0: not in use */
	uint32_t id;        /* the target's */
	uint32_t agent_id;
	struct sftp_file *file;
	uint32_t number;    /* of it: the place may be another file's by the time of the answer */
	uint64_t offset, length;
	uint32_t question;
	uint8_t op;
	bool reads, writes; /* OPEN */
	char *path;
};

struct sftp {
	struct files base;
	bool hello_sent, hello; /* to the target, from it */
	uint32_t offered;
	struct sftp_file files[SFTP_HANDLES];
	struct sftp_under_way under_way[SFTP_UNDER_WAY];
	unsigned n_under_way, n_pathy; /* pathy: those that name a path */
	uint32_t next_id, next_number;
	struct sftp_known {
		char *clean, *real;
		int64_t until;
	} known[SFTP_KNOWN]; /* looked at lately, and allowed */
	unsigned next_known;
};

/* sftp_table.c */
struct sftp_file *sftp_file_new(struct sftp *f, const char *path, struct view handle); /* NULL: too many, or no memory */
struct sftp_file *sftp_file_find(struct sftp *f, struct view agent_handle);
void sftp_file_close(struct channel *c, struct sftp_file *o, uint32_t status); /* tells control */
struct sftp_under_way *sftp_send(struct sftp *f, unsigned type, uint32_t agent_id); /* NULL: none is free */
struct sftp_under_way *sftp_sent(struct sftp *f, uint32_t id);
void sftp_answered(struct sftp *f, struct sftp_under_way *u);
bool sftp_known(struct sftp *f, const struct head_name *n);
void sftp_know(struct sftp *f, const struct head_name *n);
void sftp_table_end(struct channel *c); /* everything open is told as cut off */
void sftp_table_free(struct sftp *f);

/* sftp_reply.c. ERR_OK; anything else ends the channel. */
int sftp_reply(struct channel *c, struct view packet);

#endif
