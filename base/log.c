/* The operator's log; see log.h. One write() a line, so that lines of several processes do not mix. */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *program = "sallyport";
static bool journal, verbose;
static int native = -1; /* a socket for journald's address: not connected, so that it outlives a journald */
static struct sockaddr_un journald;

void log_init(const char *name)
{
	program = name;
	journal = getenv("JOURNAL_STREAM") != NULL;
}

void log_verbose(int on)
{
	verbose = on != 0;
}

/* Printable ASCII, the rest as \\xNN. to has room for 4 bytes a byte and a NUL. */
static size_t escape(const char *text, char *to)
{
	size_t n = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p >= 0x20 && *p < 0x7f)
			to[n++] = (char)*p;
		else
			n += (size_t)snprintf(to + n, 5, "\\x%02x", *p);
	}
	to[n] = '\0';
	return n;
}

static void write_line(int priority, const char *fmt, va_list ap)
{
	char text[1024], line[4200];
	size_t n;

	vsnprintf(text, sizeof(text), fmt, ap);
	n = (size_t)(journal ? snprintf(line, 100, "<%d>%.64s: ", priority, program) : snprintf(line, 100, "%.64s: ", program));
	n += escape(text, line + n);
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return; /* nowhere to say so */
}

void log_journal(const char *path)
{
	if (!journal || native >= 0 || strlen(path) >= sizeof(journald.sun_path))
		return;
	journald.sun_family = AF_UNIX;
	memcpy(journald.sun_path, path, strlen(path) + 1);
	native = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

enum { FIELDS_MAX = 8, FIELD_BYTES = 512 };

/* NAME=value lines: what is escaped holds no newline, so the form with a length is not needed. */
static bool send_native(int priority, const struct log_field *fields, unsigned n, const char *fmt, va_list ap)
{
	char text[1024], m[sizeof(text) * 4 + FIELDS_MAX * (FIELD_BYTES * 4 + 64) + 256];
	size_t used;

	vsnprintf(text, sizeof(text), fmt, ap);
	used = (size_t)snprintf(m, 128, "PRIORITY=%d\nSYSLOG_IDENTIFIER=%.64s\nMESSAGE=", priority, program);
	used += escape(text, m + used);
	for (unsigned i = 0; i < n && i < FIELDS_MAX; i++) {
		if (fields[i].value == NULL || fields[i].value[0] == '\0')
			continue;
		snprintf(text, FIELD_BYTES, "%s", fields[i].value);
		used += (size_t)snprintf(m + used, 64, "\n%.60s=", fields[i].name);
		used += escape(text, m + used);
	}
	m[used++] = '\n';
	return sendto(native, m, used, MSG_NOSIGNAL, (struct sockaddr *)&journald, sizeof(journald)) == (ssize_t)used;
}

void log_fields(int priority, const struct log_field *fields, unsigned n, const char *fmt, ...)
{
	va_list ap;
	bool sent = false;

	if (native >= 0) {
		va_start(ap, fmt);
		sent = send_native(priority, fields, n, fmt, ap);
		va_end(ap);
	}
	if (!sent) {
		va_start(ap, fmt);
		write_line(priority, fmt, ap);
		va_end(ap);
	}
}

#define LOG_FUNCTION(name, priority, condition) \
	void name(const char *fmt, ...)         \
	{                                       \
		va_list ap;                     \
		if (!(condition))               \
			return;                 \
		va_start(ap, fmt);              \
		write_line(priority, fmt, ap);  \
		va_end(ap);                     \
	}

LOG_FUNCTION(log_error, 3, true)
LOG_FUNCTION(log_warn, 4, true)
LOG_FUNCTION(log_info, 6, true)
LOG_FUNCTION(log_debug, 7, verbose)
