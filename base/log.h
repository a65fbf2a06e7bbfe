/* The operator's log: lines on stderr. Under systemd each line carries its priority, so that journald files it.
 *
 * A line is "program: message". Control bytes and bytes that are not ASCII are written as \xNN: what a peer chose to be called must
 * not move the cursor of the person who reads. No secret is ever passed here. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

/* What journald may be asked for: `journalctl SESSION=…`. Bytes are escaped as in the line. NULL and empty values are left out. */
struct log_field {
	const char *name; /* A-Z and _ */
	const char *value;
};

void log_init(const char *program); /* kept, not copied */
/* From now on log_fields() speaks journald's own protocol at that socket; where there is none, or no journal is ours, it writes plain lines. To be called before
 * the sandbox closes. Only control does it: what a worker says of itself is not what a field should be believed for. */
#define LOG_JOURNAL "/run/systemd/journal/socket"
void log_journal(const char *path);
/* A line at a priority of syslog's (6: info, 4: warning), with fields. At most 8. */
void log_fields(int priority, const struct log_field *fields, unsigned n, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void log_verbose(int on);           /* debug lines too */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
