/* Masking, custom rules: PCRE2 with its limits, on a text that is still coming.
 *
 * A place is tried only when the bytes there can begin a match, and then anchored, with hard partial matching: PCRE2 says
 * when it would have to look past the end. JIT is not used: the processes that mask may not make memory executable. */
#include "policy/mask_int.h"

#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define REGEX_MATCH_LIMIT 20000 /* steps at one place */
#define REGEX_DEPTH_LIMIT 1000
#define REGEX_HEAP_LIMIT 512    /* KiB */
#define REGEX_LOOKBEHIND 200

struct mregex {
	char *pattern;
	pcre2_code *code;
	pcre2_match_data *md;  /* scratch: a set's streams stay in one thread */
	pcre2_match_context *mc;
	size_t max;
	uint32_t min;
	unsigned nprefix;
	int group;             /* of `value`, 0: the whole match */
	uint8_t allow[256];    /* bit k: the byte may stand at place k of a match */
};

void mask_regex_free(struct mregex *re)
{
	if (re == NULL)
		return;
	pcre2_match_data_free(re->md);
	pcre2_match_context_free(re->mc);
	pcre2_code_free(re->code);
	free(re->pattern);
	free(re);
}

const char *mask_regex_pattern(const struct mregex *re)
{
	return re->pattern;
}

static int regex_compile(struct mregex *re, const char *pattern, size_t n, size_t *at, struct why *w)
{
	pcre2_compile_context *cc = pcre2_compile_context_create(NULL);
	int err = 0;
	PCRE2_SIZE off = 0;
	uint32_t back = 0, empty = 0;

	if (cc == NULL)
		return ERR_NOMEM;
	pcre2_set_newline(cc, PCRE2_NEWLINE_ANYCRLF);
	pcre2_set_max_pattern_length(cc, MASK_CUSTOM_REACH);
	pcre2_set_parens_nest_limit(cc, 32);
	re->code = pcre2_compile((PCRE2_SPTR)pattern, n, PCRE2_ANCHORED | PCRE2_MULTILINE | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP |
		PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_START_OPTIMIZE, &err, &off, cc);
	pcre2_compile_context_free(cc);
	if (re->code == NULL) {
		PCRE2_UCHAR text[160];

		pcre2_get_error_message(err, text, sizeof(text));
		*at = off;
		return why_fail(w, ERR_MALFORMED, "%s", (const char *)text);
	}
	*at = 0;
	pcre2_pattern_info(re->code, PCRE2_INFO_MAXLOOKBEHIND, &back);
	pcre2_pattern_info(re->code, PCRE2_INFO_MATCHEMPTY, &empty);
	pcre2_pattern_info(re->code, PCRE2_INFO_MINLENGTH, &re->min);
	if (back > REGEX_LOOKBEHIND)
		return why_fail(w, ERR_REFUSED, "it looks back %u bytes; the most is %u", back, REGEX_LOOKBEHIND);
	if (empty != 0)
		return why_fail(w, ERR_REFUSED, "it can match nothing at all, which would mask nothing; make a part required");
	re->group = pcre2_substring_number_from_name(re->code, (PCRE2_SPTR)"value");
	if (re->group < 0)
		re->group = 0;
	return ERR_OK;
}

int mask_regex_new(const char *pattern, size_t n, struct mregex **out, size_t *at, struct why *w)
{
	struct mregex *re = calloc(1, sizeof(*re));
	struct mbound bound;
	int r;

	*out = NULL;
	*at = 0;
	if (re == NULL)
		return ERR_NOMEM;
	/* Its own syntax errors first: PCRE2 names them best. */
	r = regex_compile(re, pattern, n, at, w);
	if (r < 0)
		goto fail;
	r = mask_bound(pattern, n, &bound, at, w);
	if (r < 0)
		goto fail;
	*at = 0;
	if (bound.max > MASK_CUSTOM_REACH) {
		r = why_fail(w, ERR_REFUSED, "it could match %zu bytes or more; the most is %d", bound.max, MASK_CUSTOM_REACH);
		goto fail;
	}
	re->max = bound.max;
	re->nprefix = bound.nprefix;
	for (unsigned c = 0; c < 256; c++) {
		for (unsigned k = 0; k < bound.nprefix; k++)
			re->allow[c] |= (uint8_t)((bound.prefix[k][c / 8] >> c % 8 & 1) << k);
	}
	re->pattern = malloc(n + 1);
	re->md = pcre2_match_data_create_from_pattern(re->code, NULL);
	re->mc = pcre2_match_context_create(NULL);
	if (re->pattern == NULL || re->md == NULL || re->mc == NULL) {
		r = ERR_NOMEM;
		goto fail;
	}
	memcpy(re->pattern, pattern, n);
	re->pattern[n] = '\0';
	pcre2_set_match_limit(re->mc, REGEX_MATCH_LIMIT);
	pcre2_set_depth_limit(re->mc, REGEX_DEPTH_LIMIT);
	pcre2_set_heap_limit(re->mc, REGEX_HEAP_LIMIT);
	*out = re;
	return ERR_OK;
fail:
	mask_regex_free(re);
	return r;
}

/* The first place from p on whose bytes can begin a match, or x->len. */
static size_t regex_place(const struct mregex *re, const struct mtext *x, size_t p)
{
	const uint8_t *t = x->t, *allow = re->allow;

	if (re->nprefix == 0)
		return p;
	if (re->nprefix == MASK_PREFIX_MAX) {
		for (; p + MASK_PREFIX_MAX <= x->len; p++) {
			if ((allow[t[p]] & allow[t[p + 1]] >> 1 & allow[t[p + 2]] >> 2 & allow[t[p + 3]] >> 3 & 1) != 0)
				return p;
		}
	}
	for (; p < x->len; p++) {
		unsigned k = 0;

		while (k < re->nprefix && p + k < x->len && (allow[t[p + k]] >> k & 1) != 0)
			k++;
		if (k == re->nprefix || (p + k == x->len && !x->end))
			return p;
	}
	return p;
}

/* Out of its budget at p: masks the line from there on, as far as the rule can reach. Better too much than a secret. */
static int regex_over(const struct mregex *re, const struct mtext *x, size_t p, struct mhit *h, size_t *next)
{
	size_t e = p;

	while (e < x->len && e - p < re->max && x->t[e] != '\n')
		e++;
	h->s = p;
	h->e = e > p ? e : p + 1;
	if (e == x->len && e - p < re->max && !x->end)
		return M_MORE;
	*next = h->e;
	return M_YES;
}

int mask_regex_find(const struct mregex *re, const struct mtext *x, size_t from, bool first, struct mhit *h, size_t *next)
{
	uint32_t options = (first ? 0 : PCRE2_NOTBOL) | (x->end ? 0 : PCRE2_PARTIAL_HARD);
	PCRE2_SIZE *ov = pcre2_get_ovector_pointer(re->md);

	h->strong = false;
	for (size_t p = regex_place(re, x, from); p < x->len; p = regex_place(re, x, p + 1)) {
		int rc = pcre2_match(re->code, x->t, x->len, p, options, re->md, re->mc);
		int g = re->group;

		if (rc == PCRE2_ERROR_NOMATCH)
			continue;
		if (rc == PCRE2_ERROR_PARTIAL) {
			h->s = p;
			h->strong = x->len - p >= 4 && x->len - p >= re->min / 2;
			return M_MORE;
		}
		if (rc < 0)
			return regex_over(re, x, p, h, next);
		if (rc <= g || ov[2 * g] == PCRE2_UNSET)
			g = 0;
		h->s = ov[2 * g];
		h->e = ov[2 * g + 1];
		*next = ov[1] > p ? ov[1] : p + 1;
		if (h->e > h->s)
			return M_YES;
		p = *next - 1;
	}
	return M_NO;
}
