/* Masking, where to look: passes over the text at memory speed and stops where a rule is worth asking.
 *
 * Literals of four bytes are found through two tables of nibbles each byte (eight groups of literals, a bit a group), 32
 * places at a time where the processor has AVX2; rows of digits, two capitals with two digits, `@` and `://` through
 * comparisons of the same vectors. It may stop too often, never too rarely: matchers look again, byte by byte. */
#include "policy/mask_int.h"

#include <stdlib.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define SCAN_AVX2 1
#endif

#define SCAN_GROUPS 8
/* Further groups, of the portable scanner only: four digits, `@`, `://`, two capitals and two digits, three digits and a dash. */
#define SCAN_DIGITS 8
#define SCAN_AT 9
#define SCAN_URL 10
#define SCAN_UPPER 11
#define SCAN_SSN 12
#define SCAN_SLOTS 1024
#define SCAN_LITERALS 0x7fu /* groups that hold nothing but literals */
#define SCAN_SEEN_BITS 13

struct mscan {
	uint8_t lo[4][16], hi[4][16]; /* groups that allow a low, high nibble at byte 0…3 of a place */
	uint16_t full[4][256];        /* the same for whole bytes, exact, and the kinds below as further groups */
	uint8_t first[256];
	bool digits, ssn, upper, at, url;
	uint16_t slot[SCAN_SLOTS + 1]; /* anchors by hash */
	uint8_t seen[(1u << SCAN_SEEN_BITS) / 8]; /* a bit a longer hash: whether any literal has it */
};

static bool scan_forced_portable;

static inline uint32_t scan_hash(const uint8_t *t, unsigned bits)
{
	uint32_t v = (uint32_t)t[0] | (uint32_t)t[1] << 8 | (uint32_t)t[2] << 16 | (uint32_t)t[3] << 24;

	return ((v | 0x20202020u) * 2654435761u) >> (32 - bits);
}

uint32_t mask_scan_hash(const uint8_t *t)
{
	return scan_hash(t, 10);
}

static void scan_allow(struct mscan *s, unsigned group, unsigned pos, uint8_t c)
{
	s->lo[pos][c & 15] |= (uint8_t)(1u << group);
	s->hi[pos][c >> 4] |= (uint8_t)(1u << group);
	s->full[pos][c] |= (uint16_t)(1u << group);
	if (pos == 0)
		s->first[c] = 1;
}

static void scan_allow_all(struct mscan *s, unsigned group, unsigned pos)
{
	for (unsigned c = 0; c < 256; c++)
		scan_allow(s, group, pos, (uint8_t)c);
}

static void scan_literal(struct mscan *s, unsigned group, const struct manchor *a)
{
	for (unsigned i = 0; i < 4; i++) {
		uint8_t c = (uint8_t)a->lit[i];

		scan_allow(s, group, i, c);
		if (a->nocase && mask_alpha(c))
			scan_allow(s, group, i, c ^ 0x20);
	}
}

/* How many places of random text a group would stop at: what grouping tries to keep small. A group allows each of its low
 * nibbles with each of its high ones. */
static double scan_weight(const uint8_t lo[4][16], const uint8_t hi[4][16], unsigned group, const struct manchor *a)
{
	double w = 1;

	for (unsigned i = 0; i < 4; i++) {
		unsigned nlo = 0, nhi = 0;
		uint8_t c = (uint8_t)a->lit[i], d = a->nocase && mask_alpha(c) ? c ^ 0x20 : c;

		for (unsigned k = 0; k < 16; k++) {
			nlo += (lo[i][k] >> group & 1) != 0 || k == (c & 15u) || k == (d & 15u);
			nhi += (hi[i][k] >> group & 1) != 0 || k == c >> 4u || k == d >> 4u;
		}
		w *= nlo * nhi / 96.0;
	}
	return w;
}

/* Puts each literal into the group that it makes least worse. Group 7 is for the two shorter ones. */
static void scan_groups(struct mscan *s, const struct mask_set *set)
{
	double weight[SCAN_GROUPS] = { 0 };

	for (size_t i = 0; i < set->nanchors; i++) {
		unsigned best = 0;
		double cost = 1e30, then = 0;

		for (unsigned g = 0; g < SCAN_GROUPS - 1; g++) {
			double w = scan_weight(s->lo, s->hi, g, &set->anchors[i]);

			if (w - weight[g] < cost) {
				cost = w - weight[g];
				then = w;
				best = g;
			}
		}
		scan_literal(s, best, &set->anchors[i]);
		weight[best] = then;
		{
			uint32_t h = scan_hash((const uint8_t *)set->anchors[i].lit, SCAN_SEEN_BITS);

			s->seen[h >> 3] |= (uint8_t)(1u << (h & 7));
		}
	}
}

static void scan_range(struct mscan *s, unsigned group, unsigned pos, uint8_t from, uint8_t to)
{
	for (unsigned c = from; c <= to; c++)
		scan_allow(s, group, pos, (uint8_t)c);
}

/* What the comparisons of the vector scanner find, as groups of whole bytes. */
static void scan_kinds(struct mscan *s)
{
	static const struct {
		unsigned group;
		const char *form; /* d digit, U capital, * any, else itself */
	} kinds[] = {
		{ SCAN_DIGITS, "dddd" }, { SCAN_AT, "@***" }, { SCAN_URL, "://*" }, { SCAN_UPPER, "UUdd" }, { SCAN_SSN, "ddd-" },
	};
	const bool on[] = { s->digits, s->at, s->url, s->upper, s->ssn };

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (unsigned pos = 0; on[k] && pos < 4; pos++) {
			for (unsigned c = 0; c < 256; c++) {
				char f = kinds[k].form[pos];

				if (f == '*' || (f == 'd' ? mask_digit((uint8_t)c) : f == 'U' ? c >= 'A' && c <= 'Z' : c == (uint8_t)f))
					s->full[pos][c] |= (uint16_t)(1u << kinds[k].group);
			}
		}
	}
}

int mask_scan_new(const struct mask_set *set, struct mscan **out)
{
	struct mscan *s = aligned_alloc(64, (sizeof(*s) + 63) / 64 * 64);
	size_t k = 0;

	*out = NULL;
	if (s == NULL)
		return ERR_NOMEM;
	memset(s, 0, sizeof(*s));
	scan_groups(s, set);
	if (set->rule_of[B_JWT] >= 0) {
		scan_allow(s, 7, 0, 'e');
		scan_allow(s, 7, 1, 'y');
		scan_allow(s, 7, 2, 'J');
		scan_allow_all(s, 7, 3);
	}
	if (set->rule_of[B_AZURE_KEY] >= 0) {
		scan_range(s, 7, 0, '0', '9');
		scan_allow(s, 7, 1, 'Q');
		scan_allow(s, 7, 2, '~');
		scan_allow_all(s, 7, 3);
	}
	s->digits = set->rule_of[B_CREDIT_CARD] >= 0;
	s->ssn = set->rule_of[B_US_SSN] >= 0;
	s->upper = set->rule_of[B_IBAN] >= 0;
	s->at = set->rule_of[B_EMAIL] >= 0;
	s->url = set->rule_of[B_URL_PASSWORD] >= 0;
	scan_kinds(s);
	for (unsigned c = 0; c < 256; c++) {
		if (((s->digits || s->ssn) && mask_digit((uint8_t)c)) || (s->upper && c >= 'A' && c <= 'Z') ||
		    (s->at && c == '@') || (s->url && c == ':'))
			s->first[c] = 1;
	}
	for (unsigned h = 0; h <= SCAN_SLOTS; h++) {
		while (k < set->nanchors && set->anchors[k].hash < h)
			k++;
		s->slot[h] = (uint16_t)k;
	}
	*out = s;
	return ERR_OK;
}

void mask_scan_free(struct mscan *s)
{
	free(s);
}

bool mask_scan_first(const struct mscan *s, uint8_t c)
{
	return s->first[c] != 0;
}

void mask_scan_anchors(const struct mscan *s, const uint8_t *t, size_t *from, size_t *to)
{
	uint32_t h = mask_scan_hash(t);

	*from = s->slot[h];
	*to = s->slot[h + 1];
}

static inline bool scan_sep(uint8_t c)
{
	return c == ' ' || c == '-';
}

static bool scan_digits(const uint8_t *t, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (!mask_digit(t[i]))
			return false;
	}
	return true;
}

/* Four digits, and four more after them or after one separator: every card number begins so, few other things do. */
static bool scan_row(const uint8_t *t)
{
	return scan_digits(t + 4, 4) || (scan_sep(t[4]) && scan_digits(t + 5, 4));
}

static inline unsigned scan_at(const struct mscan *s, const uint8_t *t)
{
	return s->full[0][t[0]] & s->full[1][t[1]] & s->full[2][t[2]] & s->full[3][t[3]];
}

/* A group lets through every mixture of its literals' bytes ("seud" of "secr" and "stud"): the hash tells most of them apart. */
static inline bool scan_seen(const struct mscan *s, const uint8_t *t)
{
	uint32_t h = scan_hash(t, SCAN_SEEN_BITS);

	return (s->seen[h >> 3] >> (h & 7) & 1) != 0;
}

static inline bool scan_worth(const struct mscan *s, const uint8_t *t)
{
	unsigned m = scan_at(s, t);

	return (m & ~(SCAN_LITERALS | 1u << SCAN_DIGITS)) != 0 || ((m & SCAN_LITERALS) != 0 && scan_seen(s, t)) ||
		((m & 1u << SCAN_DIGITS) != 0 && scan_row(t));
}

static size_t scan_portable(const struct mscan *s, const uint8_t *t, size_t i, size_t to)
{
	for (; i < to; i++) {
		if (scan_at(s, t + i) != 0 && scan_worth(s, t + i))
			return i;
	}
	return to;
}

#ifdef SCAN_AVX2
#define V __m256i
#define AVX2 __attribute__((target("avx2")))

AVX2 static inline V scan_load(const uint8_t *p)
{
	return _mm256_loadu_si256((const V *)(const void *)p);
}

AVX2 static inline uint32_t scan_bits(V v)
{
	return (uint32_t)_mm256_movemask_epi8(v);
}

/* Bytes in [from, from + n). */
AVX2 static inline V scan_in(V v, uint8_t from, uint8_t n)
{
	V x = _mm256_sub_epi8(v, _mm256_set1_epi8((char)from));

	return _mm256_cmpeq_epi8(_mm256_min_epu8(x, _mm256_set1_epi8((char)(n - 1))), x);
}

AVX2 static inline V scan_groups_at(V v, V lo, V hi)
{
	V nib = _mm256_set1_epi8(15);

	return _mm256_and_si256(_mm256_shuffle_epi8(lo, _mm256_and_si256(v, nib)),
		_mm256_shuffle_epi8(hi, _mm256_and_si256(_mm256_srli_epi16(v, 4), nib)));
}

AVX2 static inline V scan_table(const uint8_t *p)
{
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)p));
}

AVX2 static size_t scan_avx2(const struct mscan *s, const uint8_t *t, size_t i, size_t to)
{
	V lo0 = scan_table(s->lo[0]), lo1 = scan_table(s->lo[1]), lo2 = scan_table(s->lo[2]), lo3 = scan_table(s->lo[3]);
	V hi0 = scan_table(s->hi[0]), hi1 = scan_table(s->hi[1]), hi2 = scan_table(s->hi[2]), hi3 = scan_table(s->hi[3]);
	V at = _mm256_set1_epi8(s->at ? '@' : '\x01'), colon = _mm256_set1_epi8(s->url ? ':' : '\x01');
	V slash = _mm256_set1_epi8('/'), zero = _mm256_setzero_si256();

	/* A block's digits are seen together with the next 32 bytes: a place needs up to 9 of them. */
	for (; i + 32 <= to; i += 32) {
		V v0 = scan_load(t + i), v1 = scan_load(t + i + 1), v2 = scan_load(t + i + 2), v3 = scan_load(t + i + 3);
		V g = _mm256_and_si256(_mm256_and_si256(scan_groups_at(v0, lo0, hi0), scan_groups_at(v1, lo1, hi1)),
			_mm256_and_si256(scan_groups_at(v2, lo2, hi2), scan_groups_at(v3, lo3, hi3)));
		uint32_t hit = ~scan_bits(_mm256_cmpeq_epi8(g, zero)) | scan_bits(_mm256_cmpeq_epi8(v0, at)) |
			scan_bits(_mm256_and_si256(_mm256_cmpeq_epi8(v0, colon), _mm256_cmpeq_epi8(v1, slash)));
		uint32_t d = scan_bits(scan_in(v0, '0', 10));

		if (d != 0 && (s->digits || s->ssn || s->upper)) {
			uint64_t dd = d | (uint64_t)scan_bits(scan_in(scan_load(t + i + 32), '0', 10)) << 32;
			uint64_t d4 = dd & dd >> 1;

			if (s->ssn)
				hit |= (uint32_t)(d4 & dd >> 2);
			d4 &= d4 >> 2;
			if (s->digits && d4 != 0)
				hit |= (uint32_t)(d4 & (d4 >> 4 | d4 >> 5));
		}
		if (s->upper) {
			/* Two capitals, then two digits. */
			V u = _mm256_and_si256(_mm256_and_si256(scan_in(v0, 'A', 26), scan_in(v1, 'A', 26)),
				_mm256_and_si256(scan_in(v2, '0', 10), scan_in(v3, '0', 10)));

			hit |= scan_bits(u);
		}
		while (hit != 0) {
			unsigned k = (unsigned)__builtin_ctz(hit);

			if (scan_worth(s, t + i + k))
				return i + k;
			hit &= hit - 1;
		}
	}
	return scan_portable(s, t, i, to);
}
#endif

static bool scan_has_avx2(void)
{
#ifdef SCAN_AVX2
	return !scan_forced_portable && __builtin_cpu_supports("avx2");
#else
	return false;
#endif
}

size_t mask_scan_next(const struct mscan *s, const uint8_t *t, size_t i, size_t to)
{
#ifdef SCAN_AVX2
	if (scan_has_avx2())
		return scan_avx2(s, t, i, to);
#endif
	return scan_portable(s, t, i, to);
}

void mask_scan_portable(bool on)
{
	scan_forced_portable = on;
}

const char *mask_scan_name(void)
{
	return scan_has_avx2() ? "avx2" : "portable";
}
