/* Masking: numbers that check themselves. Payment cards (issuer ranges and lengths, Luhn, ISO/IEC 7812), IBAN (country's
 * length, mod 97, ISO 13616), US social security numbers (areas that were never given out). */
#include "policy/mask_int.h"

/* First digits, inclusive, and the lengths that go with them (a bit each). */
#define LEN(n) (1u << (n))
static const struct {
	unsigned digits, from, to;
	uint32_t lengths;
} card_ranges[] = {
	{ 1, 4, 4, LEN(13) | LEN(16) | LEN(19) },
	{ 2, 51, 55, LEN(16) },
	{ 4, 2221, 2720, LEN(16) },
	{ 2, 34, 34, LEN(15) },
	{ 2, 37, 37, LEN(15) },
	{ 4, 6011, 6011, LEN(16) | LEN(17) | LEN(18) | LEN(19) },
	{ 3, 644, 649, LEN(16) | LEN(17) | LEN(18) | LEN(19) },
	{ 2, 65, 65, LEN(16) | LEN(17) | LEN(18) | LEN(19) },
	{ 4, 3528, 3589, LEN(16) | LEN(17) | LEN(18) | LEN(19) },
	{ 3, 300, 305, LEN(14) | LEN(16) },
	{ 2, 36, 36, LEN(14) | LEN(16) },
	{ 2, 38, 39, LEN(14) | LEN(16) },
	{ 2, 62, 62, LEN(16) | LEN(17) | LEN(18) | LEN(19) },
	{ 4, 2200, 2204, LEN(16) | LEN(17) | LEN(18) | LEN(19) },
	{ 4, 5018, 5018, LEN(16) | LEN(18) | LEN(19) },
	{ 4, 5020, 5020, LEN(16) | LEN(18) | LEN(19) },
	{ 4, 5038, 5038, LEN(16) | LEN(18) | LEN(19) },
	{ 4, 5893, 5893, LEN(16) | LEN(18) | LEN(19) },
	{ 4, 6304, 6304, LEN(16) | LEN(18) | LEN(19) },
	{ 4, 6759, 6763, LEN(16) | LEN(18) | LEN(19) },
};

static uint32_t card_lengths(const uint8_t *d)
{
	uint32_t all = 0;

	for (size_t i = 0; i < sizeof(card_ranges) / sizeof(card_ranges[0]); i++) {
		unsigned v = 0;

		for (unsigned k = 0; k < card_ranges[i].digits; k++)
			v = v * 10 + d[k];
		if (v >= card_ranges[i].from && v <= card_ranges[i].to)
			all |= card_ranges[i].lengths;
	}
	return all;
}

static bool card_luhn(const uint8_t *d, unsigned n)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned v = d[n - 1 - i];

		if (i % 2 == 1)
			v = v * 2 > 9 ? v * 2 - 9 : v * 2;
		sum += v;
	}
	return sum % 10 == 0;
}

/* All the same, as in test data that nobody would call a card. */
static bool card_flat(const uint8_t *d, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		if (d[i] != d[0])
			return false;
	}
	return true;
}

/* How digits may be grouped by spaces or dashes; 0: not at all. */
static bool card_grouping(const unsigned *groups, unsigned ngroups, unsigned total)
{
	if (ngroups == 1)
		return true;
	if (groups[0] != 4)
		return false;
	if (total == 15)
		return ngroups == 3 && groups[1] == 6 && groups[2] == 5;
	if (total == 14)
		return ngroups == 3 && groups[1] == 6 && groups[2] == 4;
	for (unsigned i = 1; i + 1 < ngroups; i++) {
		if (groups[i] != 4)
			return false;
	}
	return groups[ngroups - 1] == (total % 4 == 0 ? 4 : total % 4);
}

static bool card_hex(uint8_t c)
{
	return mask_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

/* A number that begins here must not go on to the left: 3.14159…, 12345-4111-…, x4111…. */
static bool number_begins(const struct mtext *x, size_t at)
{
	uint8_t c = at > 0 ? x->t[at - 1] : ' ';

	if (!mask_left(x, at, CLS_WORD))
		return false;
	return !((c == '.' || c == '-') && at >= 2 && mask_is(x->t[at - 2], CLS_ALNUM) && !mask_soft(x, at));
}

/* Groups of a table that goes on to both sides: 4FFE 5000 5001 5002 5003 5004. */
static bool card_series(const struct mtext *x, size_t at, size_t e, uint8_t sep)
{
	bool digit = false;

	if (sep == 0 || at < 5 || x->t[at - 1] != sep || e + 1 >= x->len || x->t[e] != sep || !card_hex(x->t[e + 1]))
		return false;
	for (size_t k = 2; k <= 5; k++) {
		if (!card_hex(x->t[at - k]))
			return false;
		digit = digit || mask_digit(x->t[at - k]);
	}
	return digit;
}

int mask_card(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h)
{
	uint8_t d[20], sep = 0;
	unsigned n = 0, groups[20] = { 0 }, ng = 0;
	uint32_t lengths = 0;
	size_t i = at, best = 0;

	(void)a;
	h->s = at;
	if (!mask_digit(x->t[at]) || !number_begins(x, at))
		return M_NO;
	for (;;) {
		if (i == x->len && !x->end) {
			h->strong = n >= 10 && lengths != 0;
			return M_MORE;
		}
		if (i < x->len && mask_digit(x->t[i])) {
			/* The twentieth digit in a row is of no card; a separated one is of another number. */
			if (n == 19)
				break;
			d[n++] = x->t[i++] - '0';
			groups[ng]++;
			if (n == 4) {
				lengths = card_lengths(d);
				if (lengths == 0)
					return M_NO;
			}
			/* A whole number may end here. */
			if ((lengths & LEN(n)) != 0 && card_grouping(groups, ng + 1, n) && card_luhn(d, n) && !card_flat(d, n)) {
				if (i == x->len && !x->end) {
					h->strong = true;
					return M_MORE;
				}
				if (ng > 0 && i + 1 >= x->len && !x->end && (i == x->len || x->t[i] == sep)) {
					h->strong = true;
					return M_MORE;
				}
				if ((i == x->len || mask_soft(x, i) || !mask_is(x->t[i], CLS_WORD)) && !card_series(x, at, i, sep))
					best = i;
			}
			continue;
		}
		if (i == x->len || (x->t[i] != ' ' && x->t[i] != '-') || n < 4 || (sep != 0 && x->t[i] != sep))
			break;
		sep = x->t[i];
		if (i + 1 == x->len && !x->end) {
			h->strong = n >= 10;
			return M_MORE;
		}
		if (i + 1 >= x->len || !mask_digit(x->t[i + 1]))
			break;
		ng++;
		i++;
	}
	h->e = best;
	return best > 0 ? M_YES : M_NO;
}

/* Country and length, ISO 13616 registry. */
static const char iban_lengths[] =
	"AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22"
	"GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20"
	"MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26"
	"UA29VA22VG24XK20YE30";

static unsigned iban_length(const uint8_t *t)
{
	for (size_t i = 0; i + 3 < sizeof(iban_lengths) - 1; i += 4) {
		if (iban_lengths[i] == t[0] && iban_lengths[i + 1] == t[1])
			return (unsigned)(iban_lengths[i + 2] - '0') * 10 + (unsigned)(iban_lengths[i + 3] - '0');
	}
	return 0;
}

static bool iban_checks(const uint8_t *c, unsigned n)
{
	unsigned m = 0;

	for (unsigned i = 0; i < n; i++) {
		uint8_t v = c[(i + 4) % n];

		m = mask_digit(v) ? (m * 10 + v - '0') % 97 : (m * 100 + v - 'A' + 10) % 97;
	}
	return m == 1;
}

int mask_iban(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h)
{
	uint8_t c[36];
	unsigned n = 0, want = 0;
	size_t i = at;

	(void)a;
	h->s = at;
	if (!mask_left(x, at, CLS_WORD))
		return M_NO;
	for (; want == 0 || n < want; i++) {
		if (i >= x->len) {
			h->strong = n >= 8;
			return x->end ? M_NO : M_MORE;
		}
		/* Written in fours. */
		if (n >= 4 && n % 4 == 0 && x->t[i] == ' ' && i > at && x->t[i - 1] != ' ')
			continue;
		if (n < 2 ? !(x->t[i] >= 'A' && x->t[i] <= 'Z') : n < 4 ? !mask_digit(x->t[i]) : !mask_is(x->t[i], CLS_UPPER32))
			return M_NO;
		c[n++] = x->t[i];
		if (n == 2) {
			want = iban_length(c);
			if (want == 0)
				return M_NO;
		}
	}
	if (i == x->len && !x->end) {
		h->strong = true;
		return M_MORE;
	}
	if (i < x->len && mask_is(x->t[i], CLS_WORD) && !mask_soft(x, i))
		return M_NO;
	h->e = i;
	return iban_checks(c, want) ? M_YES : M_NO;
}

int mask_ssn(const struct mtext *x, size_t at, const struct manchor *a, struct mhit *h)
{
	static const char form[] = "ddd-dd-dddd";
	const uint8_t *t = x->t + at;

	(void)a;
	h->s = at;
	if (!number_begins(x, at))
		return M_NO;
	for (size_t i = 0; i < 11; i++) {
		if (at + i == x->len) {
			h->strong = i >= 7;
			return x->end ? M_NO : M_MORE;
		}
		if (form[i] == 'd' ? !mask_digit(t[i]) : t[i] != '-')
			return M_NO;
	}
	if (at + 11 == x->len && !x->end) {
		h->strong = true;
		return M_MORE;
	}
	if (at + 11 < x->len && (mask_is(t[11], CLS_WORD) || t[11] == '-') && !mask_soft(x, at + 11))
		return M_NO;
	h->e = at + 11;
	if (t[0] == '9' || memcmp(t, "000", 3) == 0 || memcmp(t, "666", 3) == 0 || memcmp(t + 4, "00", 2) == 0 ||
	    memcmp(t + 7, "0000", 4) == 0)
		return M_NO;
	return M_YES;
}
