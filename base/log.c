/* The operator's log; see log.h. One write() a line, so that lines of several processes do not mix. */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *program = "sallyport";
static bool journal, verbose;

void log_init(const char *name)
{
	program = name;
	journal = getenv("JOURNAL_STREAM") != NULL;
}

void log_verbose(int on)
{
	verbose = on != 0;
}

static void write_line(int priority, const char *fmt, va_list ap)
{
	char text[1024], line[4200];
	size_t n;

	vsnprintf(text, sizeof(text), fmt, ap);
	n = (size_t)(journal ? snprintf(line, 100, "<%d>%.64s: ", priority, program) : snprintf(line, 100, "%.64s: ", program));
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p >= 0x20 && *p < 0x7f)
			line[n++] = (char)*p;
		else
			n += (size_t)snprintf(line + n, 5, "\\x%02x", *p);
	}
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return; /* nowhere to say so */
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
