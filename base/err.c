/* The error space: text of the codes and the one-sentence reason. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const err_texts[] = {
	"ok", "out of memory", "system call failed", "malformed", "over a limit", "refused", "unsupported", "try again",
	"end of file", "not found", "already exists", "expired", "signature does not match", "crypto library failed",
	"wrong state", "unavailable",
};

const char *err_text(int r)
{
	int n = -r;

	if (n < 0 || n >= (int)(sizeof(err_texts) / sizeof(err_texts[0])))
		return "unknown error";
	return err_texts[n];
}

static void why_vset(struct why *w, const char *fmt, va_list ap)
{
	vsnprintf(w->text, sizeof(w->text), fmt, ap);
	/* A reason may quote a name from outside, and it ends on terminals and in logs. */
	for (char *p = w->text; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			*p = '?';
	}
}

void why_set(struct why *w, const char *fmt, ...)
{
	va_list ap;

	if (w == NULL)
		return;
	va_start(ap, fmt);
	why_vset(w, fmt, ap);
	va_end(ap);
}

int why_fail(struct why *w, int r, const char *fmt, ...)
{
	va_list ap;

	if (w != NULL) {
		va_start(ap, fmt);
		why_vset(w, fmt, ap);
		va_end(ap);
	}
	return r;
}
