/* The bytes of the old scp protocol; see scp_wire.h. */
#include "server/scp_wire.h"

#include <string.h>

/* Digits up to `end`; no sign, no blank. */
static int number(struct view *v, unsigned base, char end, uint64_t *out)
{
	size_t n = 0;

	*out = 0;
	while (n < v->n && v->p[n] >= '0' && v->p[n] < '0' + base) {
		if (*out > ((uint64_t)INT64_MAX - 9) / base)
			return ERR_MALFORMED;
		*out = *out * base + (uint64_t)(v->p[n++] - '0');
	}
	if (n == 0 || n == v->n || v->p[n] != (uint8_t)end)
		return ERR_MALFORMED;
	v->p += n + 1;
	v->n -= n + 1;
	return ERR_OK;
}

static int entry(struct view v, struct scp_record *r)
{
	uint64_t mode;

	if (number(&v, 8, ' ', &mode) < 0 || mode > 07777 || number(&v, 10, ' ', &r->size) < 0)
		return ERR_MALFORMED;
	r->mode = (uint32_t)mode;
	v.n--; /* the newline */
	if (v.n == 0 || v.n > SCP_NAME_MAX || memchr(v.p, '/', v.n) != NULL || memchr(v.p, 0, v.n) != NULL || view_is(&v, ".") || view_is(&v, ".."))
		return ERR_MALFORMED;
	r->name = v;
	return ERR_OK;
}

static int times(struct view v)
{
	uint64_t x;

	if (number(&v, 10, ' ', &x) < 0 || number(&v, 10, ' ', &x) < 0 || number(&v, 10, ' ', &x) < 0 || number(&v, 10, '\n', &x) < 0)
		return ERR_MALFORMED;
	return view_end(&v);
}

int scp_read(struct view in, struct scp_record *r)
{
	const uint8_t *newline;
	struct view rest;

	memset(r, 0, sizeof(*r));
	if (in.n == 0)
		return ERR_AGAIN;
	if (in.p[0] == 0) {
		r->line = (struct view){ in.p, 1 };
		return ERR_OK;
	}
	if (memchr("\1\2CDET", in.p[0], 6) == NULL)
		return ERR_MALFORMED;
	newline = memchr(in.p, '\n', in.n < SCP_LINE_MAX ? in.n : SCP_LINE_MAX);
	if (newline == NULL)
		return in.n < SCP_LINE_MAX ? ERR_AGAIN : ERR_LIMIT;
	r->line = (struct view){ in.p, (size_t)(newline - in.p) + 1 };
	rest = (struct view){ in.p + 1, r->line.n - 1 };
	switch (in.p[0]) {
	case 1:
	case 2:
		r->kind = in.p[0] == 1 ? SCP_WARNING : SCP_FATAL;
		return ERR_OK;
	case 'C':
		r->kind = SCP_FILE;
		return entry(rest, r);
	case 'D':
		r->kind = SCP_DIRECTORY;
		return entry(rest, r);
	case 'E':
		r->kind = SCP_END;
		return r->line.n == 2 ? ERR_OK : ERR_MALFORMED;
	default:
		r->kind = SCP_TIMES;
		return times(rest);
	}
}
