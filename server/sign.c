/* The user `sign`: the token exchange over SSH alone. The input is a token on the first line and a public key on the second; the output
 * is the certificate. Whoever connects may say this; it reaches nothing but control's verification. */
#include <string.h>

#include "server/session.h"

static struct view line_of(const uint8_t **p, size_t *n)
{
	const uint8_t *nl = *n == 0 ? NULL : memchr(*p, '\n', *n);
	struct view v = { *p, nl == NULL ? *n : (size_t)(nl - *p) };
	size_t used = nl == NULL ? *n : v.n + 1;

	*p += used;
	*n -= used;
	while (v.n > 0 && (v.p[v.n - 1] == '\r' || v.p[v.n - 1] == ' ' || v.p[v.n - 1] == '\t'))
		v.n--;
	while (v.n > 0 && (*v.p == ' ' || *v.p == '\t')) {
		v.p++;
		v.n--;
	}
	return v;
}

static unsigned count_lines(const struct buf *b)
{
	const uint8_t *p = buf_ptr(b);
	unsigned lines = 0;

	for (size_t i = 0; i < b->len; i++)
		lines += p[i] == '\n';
	return lines;
}

static void refuse(struct channel *c, const char *line)
{
	chan_refuse(c, 1, line, strlen(line));
}

void sign_step(struct channel *c)
{
	struct session *s = c->session;
	struct msg_sign_request m;
	const uint8_t *p;
	size_t n;

	if (c->question != 0) { /* asked; more input means nothing */
		buf_clear(&c->in.raw);
		return;
	}
	if (c->in.raw.len > 0) {
		if (buf_put(&c->program, buf_ptr(&c->in.raw), c->in.raw.len) < 0) {
			refuse(c, "sallyport: the token and the public key together are longer than 16 KiB");
			return;
		}
		buf_consume(&c->in.raw, c->in.raw.len);
	}
	if (!c->in.eof && count_lines(&c->program) < 2)
		return;
	p = buf_ptr(&c->program);
	n = c->program.len;
	m.token = line_of(&p, &n);
	m.public_key = line_of(&p, &n);
	if (m.token.n == 0 || m.public_key.n == 0) {
		refuse(c, "sallyport: send the token on the first line and the public key on the second: { echo \"$T\"; cat id.pub; } | ssh -T sign@BASTION");
		return;
	}
	c->question = 1;
	if (s->control.fd < 0 || msg_sign_request_send(&s->control, &m, NULL, 0) < 0)
		refuse(c, "sallyport: unavailable: the bastion cannot decide now");
	buf_free(&c->program);
}
