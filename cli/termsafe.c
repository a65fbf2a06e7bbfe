/* The filter between a recording and a terminal; see termsafe.h. */
#include "cli/termsafe.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "recorder/utf8.h"

void termsafe_init(struct termsafe *t)
{
	memset(t, 0, sizeof(*t));
}

/* Modes that only change how things look: cursor keys no, wrap, cursor shown, alternate screens, synchronized output. */
static bool mode_ok(unsigned long mode)
{
	static const unsigned short ok[] = { 6, 7, 12, 25, 47, 1047, 1048, 1049, 2026 };

	for (size_t i = 0; i < sizeof(ok) / sizeof(ok[0]); i++)
		if (ok[i] == mode)
			return true;
	return false;
}

/* Whether a CSI sequence may pass: seq holds parameters, intermediates and the final byte. */
static bool csi_ok(const char *seq, size_t n)
{
	static const char finals[] = "@ABCDEFGHIJKLMPSTXZ`abdefgmrsu";
	char final = seq[n - 1];

	if (seq[0] == '?') {
		if (final != 'h' && final != 'l')
			return (final == 'J' || final == 'K') && n <= 3;
		for (const char *p = seq + 1;;) {
			char *end;
			unsigned long mode = strtoul(p, &end, 10);

			if (end == p || !mode_ok(mode))
				return false;
			if (*end != ';')
				return end == seq + n - 1;
			p = end + 1;
		}
	}
	for (size_t i = 0; i + 1 < n; i++)
		if ((seq[i] < '0' || seq[i] > '9') && seq[i] != ';' && !(seq[i] == ':' && final == 'm'))
			return false;
	if (final == 'h' || final == 'l') /* insert mode only */
		return n == 2 && seq[0] == '4';
	return strchr(finals, final) != NULL;
}

static int end_csi(struct termsafe *t, struct buf *out)
{
	int r = ERR_OK;

	t->state = TERMSAFE_TEXT;
	if (t->n > 0 && t->n < sizeof(t->seq)) {
		t->seq[t->n] = '\0';
		if (csi_ok(t->seq, t->n)) {
			r = buf_put(out, "\033[", 2);
			if (r == ERR_OK)
				r = buf_put(out, t->seq, t->n);
		}
	}
	return r;
}

/* The byte after ESC. */
static int after_escape(struct termsafe *t, struct buf *out, uint8_t c)
{
	const uint8_t seq[2] = { 033, c };

	t->state = TERMSAFE_TEXT;
	t->n = 0;
	switch (c) {
	case '[':
		t->state = TERMSAFE_CSI;
		return ERR_OK;
	case ']': case 'P': case '_': case '^': case 'X':
		t->state = TERMSAFE_STRING;
		return ERR_OK;
	case '(': case ')': case '*': case '+':
		t->state = TERMSAFE_CHARSET;
		t->seq[0] = (char)c;
		return ERR_OK;
	case '7': case '8': case 'D': case 'E': case 'M': case 'H':
		return buf_put(out, seq, 2);
	case 033:
		t->state = TERMSAFE_ESC;
		return ERR_OK;
	default:
		/* "ESC SP F" and its kin have one more byte, which is plain text on its own: at worst a letter too many. */
		return ERR_OK;
	}
}

/* A byte of text; part of a character is kept until it is whole. */
static int text_byte(struct termsafe *t, struct buf *out, uint8_t c)
{
	int k, r;

	if (t->npart == 0 && c < 0x80) {
		if (c == 033)
			t->state = TERMSAFE_ESC;
		else if (c >= 0x20 ? c != 0x7f : c == '\n' || c == '\r' || c == '\t' || c == '\b' || c == 016 || c == 017)
			return buf_put_u8(out, c);
		return ERR_OK;
	}
	t->part[t->npart++] = c;
	k = utf8_length(t->part, t->npart);
	if (k < 0)
		return ERR_OK;
	r = ERR_OK;
	if (k > 0 && !(t->part[0] == 0xc2 && t->part[1] < 0xa0)) {
		r = buf_put(out, t->part, t->npart);
		t->npart = 0;
		return r;
	}
	/* Not a character, or a C1 control: gone, but a byte that could begin something new is looked at again. */
	k = (int)t->npart;
	t->npart = 0;
	return k > 1 && c < 0x80 ? text_byte(t, out, c) : r;
}

static int byte(struct termsafe *t, struct buf *out, uint8_t c)
{
	char set[4] = { 033, t->seq[0], (char)c, '\0' };

	switch (t->state) {
	case TERMSAFE_TEXT:
		return text_byte(t, out, c);
	case TERMSAFE_ESC:
		return after_escape(t, out, c);
	case TERMSAFE_CSI:
		if (c == 033) {
			t->state = TERMSAFE_ESC;
			return ERR_OK;
		}
		if (c == 030 || c == 032) {
			t->state = TERMSAFE_TEXT;
			return ERR_OK;
		}
		if (c < 0x20 || c > 0x7e)
			return ERR_OK;
		if (t->n < sizeof(t->seq))
			t->seq[t->n++] = (char)c;
		return c >= 0x40 ? end_csi(t, out) : ERR_OK;
	case TERMSAFE_STRING:
		if (c == 07 || c == 030 || c == 032)
			t->state = TERMSAFE_TEXT;
		else if (c == 033)
			t->state = TERMSAFE_STRING_ESC;
		return ERR_OK;
	case TERMSAFE_STRING_ESC:
		/* ESC \ ends the string; any other sequence ends it too, and is one itself. */
		if (c == '\\')
			t->state = TERMSAFE_TEXT;
		else
			return after_escape(t, out, c);
		return ERR_OK;
	case TERMSAFE_CHARSET:
		t->state = TERMSAFE_TEXT;
		return c == 'B' || c == '0' || c == 'A' ? buf_put(out, set, 3) : ERR_OK;
	}
	return ERR_OK;
}

int termsafe_put(struct termsafe *t, struct buf *out, const void *p, size_t n)
{
	const uint8_t *s = p;
	int r = ERR_OK;

	for (size_t i = 0; i < n && r == ERR_OK; i++)
		r = byte(t, out, s[i]);
	return r;
}

int termsafe_reset(struct buf *out)
{
	return buf_put_str(out, "\033[0m\033(B\017\033[?1049l\033[r\033[?7h\033[?25h");
}
