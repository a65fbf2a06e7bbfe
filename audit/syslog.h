/* Records as messages for log collectors: syslog (RFC 5424) and journald's own form. Pure. */
#ifndef AUDIT_SYSLOG_H
#define AUDIT_SYSLOG_H

#include <stdbool.h>

#include <jansson.h>

#include "audit/chain.h"
#include "base/buf.h"
#include "base/err.h"

struct syslog_options {
	const char *host; /* HOSTNAME: printable ASCII without spaces; at most 255 bytes are used */
	size_t max;       /* bytes of a whole message; a longer record is told in short (syslog_short()) */
	bool ocsf;        /* the message is the OCSF event instead of the record's own line */
};

/* Appends the message of one record: `<PRI>1 TIME HOST sallyport - EVENT [meta sequenceId="N"] JSON`. PRI is facility authpriv; severity
 * warning for what was refused or went wrong, else notice. TIME is the record's own. No framing, no newline. line: the record's line;
 * rec: its fixed fields. ERR_OK, ERR_MALFORMED, ERR_LIMIT, ERR_NOMEM. */
int syslog_record(struct buf *out, const struct syslog_options *o, struct view line, const struct chain_record *rec);

/* The same for journald's socket (systemd's "Native Journal Protocol"): MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, SALLYPORT_SEQ, _EVENT, _SESSION. */
int syslog_journal(struct buf *out, const struct syslog_options *o, struct view line, const struct chain_record *rec);

/* A checkpoint that was signed: MSGID "checkpoint", the message {"checkpoint":TEXT,"signature":ARMOUR}. time_ms: when. */
int syslog_checkpoint(struct buf *out, const struct syslog_options *o, struct view text, struct view sshsig, uint64_t time_ms);
int syslog_journal_checkpoint(struct buf *out, struct view text, struct view sshsig);

/* What stands for a record that is too long: its fixed fields, {"short":true,"bytes":N,"sha256":HEX}: the digest is the next line's prev. */
int syslog_short(struct buf *out, struct view line, const struct chain_record *rec);

#endif
