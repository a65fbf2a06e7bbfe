/* Reading a checkpoint before it is signed; see checkpoint.h. Distrusts: control, which wrote it. */
#include "vault/checkpoint.h"

#include <string.h>

enum { CHECKPOINT_ROOT = 44 };

/* One line without its newline; every line has one. */
static int checkpoint_line(struct view *v, struct view *line)
{
	const uint8_t *end = v->n == 0 ? NULL : memchr(v->p, '\n', v->n);

	if (end == NULL)
		return ERR_MALFORMED;
	line->p = v->p;
	line->n = (size_t)(end - v->p);
	v->n -= line->n + 1;
	v->p = end + 1;
	for (size_t i = 0; i < line->n; i++) {
		if (line->p[i] < 0x20 || line->p[i] == 0x7f)
			return ERR_MALFORMED;
	}
	return line->n == 0 ? ERR_MALFORMED : ERR_OK;
}

static int checkpoint_size(const struct view *line, uint64_t *out)
{
	uint64_t n = 0;

	if (line->n > 18 || (line->p[0] == '0' && line->n > 1))
		return ERR_MALFORMED;
	for (size_t i = 0; i < line->n; i++) {
		if (line->p[i] < '0' || line->p[i] > '9')
			return ERR_MALFORMED;
		n = n * 10 + (uint64_t)(line->p[i] - '0');
	}
	*out = n;
	return ERR_OK;
}

static int checkpoint_root(const struct view *line, char out[CHECKPOINT_ROOT + 1])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	if (line->n != CHECKPOINT_ROOT || line->p[CHECKPOINT_ROOT - 1] != '=')
		return ERR_MALFORMED;
	for (size_t i = 0; i < CHECKPOINT_ROOT - 1; i++) {
		if (memchr(digits, line->p[i], sizeof(digits) - 1) == NULL)
			return ERR_MALFORMED;
	}
	memcpy(out, line->p, CHECKPOINT_ROOT);
	out[CHECKPOINT_ROOT] = '\0';
	return ERR_OK;
}

int checkpoint_parse(const struct view *text, struct checkpoint *c, struct why *w)
{
	struct view v = *text, line;

	memset(c, 0, sizeof(*c));
	if (v.n > CHECKPOINT_MAX)
		return why_fail(w, ERR_LIMIT, "the checkpoint is longer than %d bytes", CHECKPOINT_MAX);
	if (checkpoint_line(&v, &line) < 0)
		return why_fail(w, ERR_MALFORMED, "the checkpoint has no origin");
	if (checkpoint_line(&v, &line) < 0 || checkpoint_size(&line, &c->size) < 0)
		return why_fail(w, ERR_MALFORMED, "the checkpoint's second line is not a size");
	if (checkpoint_line(&v, &line) < 0 || checkpoint_root(&line, c->root) < 0)
		return why_fail(w, ERR_MALFORMED, "the checkpoint's third line is not a root hash");
	while (v.n > 0) {
		if (checkpoint_line(&v, &line) < 0)
			return why_fail(w, ERR_MALFORMED, "the checkpoint has a malformed further line");
	}
	return ERR_OK;
}

int checkpoint_follows(const struct checkpoint *last, const struct checkpoint *c, struct why *w)
{
	if (last->root[0] == '\0')
		return ERR_OK;
	if (c->size < last->size)
		return why_fail(w, ERR_REFUSED, "the checkpoint is of a shorter log than one signed before");
	if (c->size == last->size && strcmp(c->root, last->root) != 0)
		return why_fail(w, ERR_REFUSED, "the checkpoint gives another root to a size signed before");
	return ERR_OK;
}
