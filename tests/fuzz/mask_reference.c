/* The reference: every rule is asked at every place of the whole text, and marked bytes are replaced. No scanner, no
 * hold-back, no window, no forgetting. What the rules themselves answer is the product's. */
#include "tests/fuzz/mask_reference.h"

#include <stdlib.h>

#include "policy/mask_stream.h"

static void ask(struct mask_stream *st, const struct mtext *x, size_t at, enum builtin b, mask_match_fn fn)
{
	struct mhit h = { .s = at };

	if (st->set->rule_of[b] >= 0 && fn(x, at, NULL, &h) == M_YES)
		mask_mark(st, (unsigned)st->set->rule_of[b], h.s, h.e, false);
}

/* Returns how far a block reaches that begins here, or at + 1. */
static size_t ask_anchors(struct mask_stream *st, const struct mtext *x, size_t at)
{
	size_t next = at + 1;

	for (size_t k = 0; k < st->set->nanchors; k++) {
		const struct manchor *a = &st->set->anchors[k];
		struct mhit h = { .s = at };

		if (mask_lit(x, at, a->lit, a->len, a->nocase) != M_YES)
			continue;
		if (a->fn == NULL) {
			struct mblock b = { .a = a, .at = at, .cur = at, .commit = at, .next = at + 1 };

			if (mask_block_step(st, x, &b) == M_MORE)
				abort();
			next = b.next;
		} else if (a->fn(x, at, a, &h) == M_YES) {
			mask_mark(st, a->rule, h.s, h.e, false);
		}
	}
	return next;
}

static int put(const struct mask_stream *st, size_t n, struct buf *out)
{
	size_t i = 0;
	int r = ERR_OK;

	while (i < n && r >= 0) {
		unsigned m = st->mark == NULL ? 0 : st->mark[i];
		size_t e = i + 1;
		uint64_t width = 0;

		if ((m & MARK_COVER) == 0) {
			r = buf_put(out, st->text + i++, 1);
			continue;
		}
		while (e < n && (st->mark[e] & MARK_INSIDE) != 0)
			e++;
		for (size_t k = i; k < e; k++)
			width += (st->text[k] & 0xc0) != 0x80;
		r = mask_tag_begin(st->tag);
		if (r >= 0)
			r = mask_tag_add(st->tag, st->text + i, e - i);
		if (r >= 0)
			r = mask_tag_put(st->tag, &st->set->rules[m & MARK_RULE], width, out);
		i = e;
	}
	return r;
}

int mask_reference(const struct mask_set *set, const uint8_t key[MASK_KEY_LEN], const uint8_t *p, size_t n, struct buf *out)
{
	struct mask_stream *st;
	struct mtext x = { .len = n, .end = true };
	int r = mask_stream_new(set, key, MASK_PLAIN, NULL, NULL, &st);

	if (r < 0)
		return r;
	st->text = calloc(1, n + MASK_LOOKAHEAD * 2);
	if (st->text == NULL)
		abort();
	memcpy(st->text, p, n);
	st->cap = st->len = n;
	x.t = st->text;
	for (size_t at = 0; at < n;) {
		if (mask_digit(x.t[at])) {
			ask(st, &x, at, B_CREDIT_CARD, mask_card);
			ask(st, &x, at, B_US_SSN, mask_ssn);
			ask(st, &x, at, B_AZURE_KEY, mask_azure_secret);
		}
		if (x.t[at] == '@')
			ask(st, &x, at, B_EMAIL, mask_email);
		ask(st, &x, at, B_URL_PASSWORD, mask_url);
		ask(st, &x, at, B_JWT, mask_jwt);
		if (x.t[at] >= 'A' && x.t[at] <= 'Z')
			ask(st, &x, at, B_IBAN, mask_iban);
		at = ask_anchors(st, &x, at);
	}
	for (size_t k = 0; k < set->ncustom; k++) {
		struct mhit h;
		size_t next = 0;

		while (mask_regex_find(set->rules[set->custom[k]].re, &x, next, true, &h, &next) == M_YES)
			mask_mark(st, set->custom[k], h.s, h.e, false);
	}
	r = st->dead < 0 ? st->dead : put(st, n, out);
	mask_stream_free(st);
	return r;
}
