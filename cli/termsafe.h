/* What of a recording may reach a person's terminal: text, colours, cursor movement, erasing, the alternate screen. Pure.
 *
 * Dropped: OSC (titles, clipboard, links), DCS, APC, PM, SOS with all they hold; C1 controls, as bytes and as UTF-8; every sequence
 * that makes a terminal answer (device attributes, status, window reports, ENQ), report (mouse, focus, paste modes) or change for
 * good (resets, keyboard, printer, programmable keys); bytes that are not UTF-8. What is not in the list of what may pass is dropped. */
#ifndef CLI_TERMSAFE_H
#define CLI_TERMSAFE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct termsafe {
	enum { TERMSAFE_TEXT, TERMSAFE_ESC, TERMSAFE_CSI, TERMSAFE_STRING, TERMSAFE_STRING_ESC, TERMSAFE_CHARSET } state;
	char seq[64];   /* of a CSI sequence, without its introducer */
	size_t n;
	uint8_t part[4]; /* the beginning of a character */
	size_t npart;
};

void termsafe_init(struct termsafe *t);

/* Appends what may pass. Sequences may be cut anywhere between calls. ERR_OK or what buf_put() says. */
int termsafe_put(struct termsafe *t, struct buf *out, const void *p, size_t n);

/* Brings a terminal back after whatever was played: appended. */
int termsafe_reset(struct buf *out);

#endif
