/* The operator's log: lines on stderr. Under systemd each line carries its priority, so that journald files it.
 *
 * A line is "program: message". Control bytes and bytes that are not ASCII are written as \xNN: what a peer chose to be called must
 * not move the cursor of the person who reads. No secret is ever passed here. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

void log_init(const char *program); /* kept, not copied */
void log_verbose(int on);           /* debug lines too */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
