/* CIDR lists; see cidr.h. Distrusts the list (it comes out of a certificate). */
#include "identity/cidr.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/err.h"

enum { CIDR_MAX = 64, CIDR_TEXT = 64 };

static const uint8_t addr_mapped[12] = { [10] = 0xff, [11] = 0xff };

int addr_parse(struct view text, struct addr *out)
{
	char s[CIDR_TEXT];

	memset(out, 0, sizeof(*out));
	if (text.n == 0 || text.n >= sizeof(s) || memchr(text.p, '\0', text.n) != NULL)
		return ERR_MALFORMED;
	memcpy(s, text.p, text.n);
	s[text.n] = '\0';
	if (strchr(s, ':') != NULL) {
		if (inet_pton(AF_INET6, s, out->b) != 1)
			return ERR_MALFORMED;
	} else {
		if (inet_pton(AF_INET, s, out->b + 12) != 1)
			return ERR_MALFORMED;
		memcpy(out->b, addr_mapped, sizeof(addr_mapped));
	}
	out->known = true;
	return ERR_OK;
}

/* Decimal, 1 to 3 digits, no leading zero. */
static int cidr_bits(struct view v, unsigned max, unsigned *out)
{
	unsigned n = 0;

	if (v.n == 0 || v.n > 3 || (v.n > 1 && v.p[0] == '0'))
		return ERR_MALFORMED;
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return ERR_MALFORMED;
		n = n * 10 + (unsigned)(v.p[i] - '0');
	}
	*out = n;
	return n > max ? ERR_MALFORMED : ERR_OK;
}

static bool cidr_bit(const uint8_t b[16], unsigned i)
{
	return (b[i / 8] >> (7 - i % 8) & 1) != 0;
}

/* One element; *bits counts in the 128-bit space. */
static int cidr_parse(struct view one, struct addr *net, unsigned *bits)
{
	const uint8_t *slash = one.n > 0 ? memchr(one.p, '/', one.n) : NULL;
	struct view a = one;
	bool v4;
	int r;

	if (slash != NULL)
		a.n = (size_t)(slash - one.p);
	r = addr_parse(a, net);
	if (r < 0)
		return r;
	v4 = memchr(a.p, ':', a.n) == NULL;
	*bits = v4 ? 32 : 128;
	if (slash != NULL) {
		r = cidr_bits((struct view){ slash + 1, one.n - a.n - 1 }, *bits, bits);
		if (r < 0)
			return r;
	}
	if (v4)
		*bits += 96;
	/* OpenSSH refuses a prefix with host bits too: it is a mistake of whoever wrote it, and not ours to round. */
	for (unsigned i = *bits; i < 128; i++) {
		if (cidr_bit(net->b, i))
			return ERR_MALFORMED;
	}
	return ERR_OK;
}

static int cidr_walk(struct view list, const struct addr *a, bool *hit)
{
	*hit = false;
	for (int count = 0; count < CIDR_MAX; count++) {
		const uint8_t *comma = list.n > 0 ? memchr(list.p, ',', list.n) : NULL;
		struct view one = { list.p, comma == NULL ? list.n : (size_t)(comma - list.p) };
		struct addr net;
		unsigned bits, i;
		int r = cidr_parse(one, &net, &bits);

		if (r < 0)
			return r;
		for (i = 0; a != NULL && a->known && i < bits && cidr_bit(net.b, i) == cidr_bit(a->b, i);)
			i++;
		if (a != NULL && a->known && i == bits)
			*hit = true;
		if (comma == NULL)
			return ERR_OK;
		list.p += one.n + 1;
		list.n -= one.n + 1;
	}
	return ERR_MALFORMED;
}

int cidr_check(struct view list)
{
	bool hit;

	return cidr_walk(list, NULL, &hit);
}

int cidr_match(struct view list, const struct addr *a)
{
	bool hit;
	int r = cidr_walk(list, a, &hit);

	if (r < 0)
		return r;
	return hit ? ERR_OK : ERR_REFUSED;
}
