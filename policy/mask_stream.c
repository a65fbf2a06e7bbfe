/* Masking, the engine: keeps the text that is not decided, asks the matchers, puts out what is decided.
 *
 * Distrusts every byte of the stream: nothing it holds grows without a bound, and after an error nothing more comes out. */
#include "policy/mask_stream.h"

#include <stdlib.h>

int mask_stream_new(const struct mask_set *set, const uint8_t key[MASK_KEY_LEN], enum mask_mode mode,
	mask_event_fn on_event, void *ctx, struct mask_stream **out)
{
	struct mask_stream *st = calloc(1, sizeof(*st));
	int r;

	*out = NULL;
	if (st == NULL)
		return ERR_NOMEM;
	st->set = set;
	st->mode = mode;
	st->on_event = on_event;
	st->ctx = ctx;
	r = mask_tag_new(key, &st->tag);
	if (r < 0) {
		free(st);
		return r;
	}
	*out = st;
	return ERR_OK;
}

void mask_stream_free(struct mask_stream *st)
{
	if (st == NULL)
		return;
	if (st->text != NULL)
		wipe(st->text, st->cap);
	if (st->skip_bytes != NULL)
		wipe(st->skip_bytes, st->skip_bytes_cap);
	free(st->text);
	free(st->mark);
	free(st->skips);
	free(st->skip_bytes);
	mask_tag_free(st->tag);
	wipe(st, sizeof(*st));
	free(st);
}

void mask_stream_columns(struct mask_stream *st, unsigned columns)
{
	st->tty.columns = columns;
}

int mask_stream_skip(struct mask_stream *st, const uint8_t *p, size_t n, bool stands)
{
	if (n == 0 && !stands)
		return ERR_OK;
	if (st->nskips == st->skips_cap) {
		size_t cap = st->skips_cap == 0 ? 64 : st->skips_cap * 2;
		struct mskip *more = realloc(st->skips, cap * sizeof(*more));

		if (more == NULL)
			return ERR_NOMEM;
		st->skips = more;
		st->skips_cap = cap;
	}
	if (st->nskip_bytes + n > st->skip_bytes_cap) {
		size_t cap = st->skip_bytes_cap == 0 ? 1024 : st->skip_bytes_cap * 2;
		uint8_t *more = realloc(st->skip_bytes, cap);

		if (more == NULL)
			return ERR_NOMEM;
		st->skip_bytes = more;
		st->skip_bytes_cap = cap;
	}
	if (n > 0)
		memcpy(st->skip_bytes + st->nskip_bytes, p, n);
	st->skips[st->nskips++] = (struct mskip){ .at = st->len, .off = st->nskip_bytes, .len = n, .stands = stands };
	st->nskip_bytes += n;
	return ERR_OK;
}

/* Asks one matcher at a place. What is undecided holds everything from the place on. */
static void stream_ask(struct mask_stream *st, const struct mtext *x, size_t at, unsigned rule,
	const struct manchor *a, mask_match_fn fn, bool *more)
{
	struct mhit h = { .s = at };
	int r = fn(x, at, a, &h);

	if (r == M_YES)
		mask_mark(st, rule, h.s, h.e, false);
	if (r != M_MORE)
		return;
	*more = true;
	if (h.s < st->hold)
		st->hold = h.s;
	if (h.strong && !st->strong) {
		st->strong = true;
		st->strong_at = h.s;
		st->strong_rule = rule;
	}
}

static void stream_ask_anchor(struct mask_stream *st, const struct mtext *x, size_t at, const struct manchor *a, bool *more)
{
	int r = mask_lit(x, at, a->lit, a->len, a->nocase);

	if (r == M_MORE)
		*more = true;
	if (r != M_YES)
		return;
	if (a->fn != NULL) {
		stream_ask(st, x, at, a->rule, a, a->fn, more);
	} else if (!st->in_block) {
		st->in_block = true;
		st->block = (struct mblock){ .a = a, .at = at, .cur = at, .commit = at, .next = at + 1 };
	}
}

/* Asks all whose secrets may be anchored at a place. True: the place is undecided. A block that begins there is left in
 * st->block. */
static bool stream_ask_all(struct mask_stream *st, const struct mtext *x, size_t at)
{
	const struct mask_set *set = st->set;
	uint8_t c = x->t[at];
	bool more = false;
	static const struct {
		enum builtin b;
		mask_match_fn fn;
		char from, to;
	} kinds[] = {
		{ B_EMAIL, mask_email, '@', '@' }, { B_URL_PASSWORD, mask_url, ':', ':' }, { B_JWT, mask_jwt, 'e', 'e' },
		{ B_CREDIT_CARD, mask_card, '0', '9' }, { B_US_SSN, mask_ssn, '0', '9' },
		{ B_AZURE_KEY, mask_azure_secret, '0', '9' }, { B_IBAN, mask_iban, 'A', 'Z' },
	};

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		if (c >= kinds[k].from && c <= kinds[k].to && set->rule_of[kinds[k].b] >= 0)
			stream_ask(st, x, at, (unsigned)set->rule_of[kinds[k].b], NULL, kinds[k].fn, &more);
	}
	if (x->len - at >= 4) {
		size_t from, to;

		mask_scan_anchors(set->scan, x->t + at, &from, &to);
		for (; from < to; from++)
			stream_ask_anchor(st, x, at, &set->anchors[from], &more);
	} else {
		for (size_t k = 0; k < set->nanchors; k++)
			stream_ask_anchor(st, x, at, &set->anchors[k], &more);
	}
	return more;
}

/* The built-ins: from st->scan on, until the text ends or a place is undecided. */
static void stream_scan(struct mask_stream *st, const struct mtext *x)
{
	st->strong = false;
	st->hold = x->len;
	while (st->dead == 0) {
		if (st->in_block) {
			if (mask_block_step(st, x, &st->block) == M_MORE) {
				st->hold = st->block.committed ? st->block.commit : st->block.at;
				st->strong = st->block.strong;
				return;
			}
			st->in_block = false;
			st->scan = st->block.next;
			continue;
		}
		if (st->scan >= x->len)
			return;
		if (x->len - st->scan > MASK_LOOKAHEAD) {
			size_t to = x->len - MASK_LOOKAHEAD;

			st->scan = mask_scan_next(st->set->scan, x->t, st->scan, to);
			if (st->scan == to)
				continue;
		} else if (!mask_scan_first(st->set->scan, x->t[st->scan])) {
			st->scan++;
			continue;
		}
		if (stream_ask_all(st, x, st->scan)) {
			/* It is asked again from the beginning; a block is not begun before all are decided. */
			st->in_block = false;
			if (st->scan < st->hold)
				st->hold = st->scan;
			return;
		}
		if (!st->in_block)
			st->scan++;
	}
}

static void stream_custom(struct mask_stream *st, const struct mtext *x)
{
	st->custom_hold = x->len;
	st->custom_strong = false;
	for (size_t k = 0; k < st->set->ncustom && st->dead == 0; k++) {
		unsigned rule = st->set->custom[k];
		struct mhit h;
		int r;

		while ((r = mask_regex_find(st->set->rules[rule].re, x, st->next[k], !st->began, &h, &st->next[k])) == M_YES)
			mask_mark(st, rule, h.s, h.e, false);
		if (r == M_NO) {
			st->next[k] = x->len;
			continue;
		}
		st->next[k] = h.s;
		if (h.s < st->custom_hold)
			st->custom_hold = h.s;
		if (h.strong && !st->custom_strong) {
			st->custom_strong = true;
			st->custom_strong_at = h.s;
			st->custom_strong_rule = rule;
		}
	}
}

/* The first byte that may still be masked. */
static size_t stream_limit(const struct mask_stream *st, const struct mtext *x)
{
	size_t limit = st->hold;

	if (!x->end) {
		size_t i = x->len;

		while (i > 0 && x->len - i < st->set->lookback && mask_is(x->t[i - 1], CLS_LOCAL | CLS_TILDE))
			i--;
		limit = i < limit ? i : limit;
	}
	limit = st->custom_hold < limit ? st->custom_hold : limit;
	return limit > st->out ? limit : st->out;
}

static void stream_drop(size_t *v, size_t d)
{
	*v = *v > d ? *v - d : 0;
}

/* Forgets the text that nothing looks back at any more. */
static void stream_compact(struct mask_stream *st)
{
	size_t keep = st->out, d;

	if (st->in_block)
		keep = !st->block.committed && st->block.at < keep ? st->block.at : keep;
	if (st->in_block && st->block.cur < keep)
		keep = st->block.cur;
	if (!st->in_block && st->scan < keep)
		keep = st->scan;
	for (size_t k = 0; k < st->set->ncustom; k++)
		keep = st->next[k] < keep ? st->next[k] : keep;
	if (keep <= MASK_CONTEXT)
		return;
	d = keep - MASK_CONTEXT;
	if (d < MASK_CONTEXT && st->cap - st->len > MASK_PIECE / 2)
		return;
	st->len -= d;
	memmove(st->text, st->text + d, st->len);
	if (st->mark != NULL)
		memmove(st->mark, st->mark + d, st->len * sizeof(*st->mark));
	st->began = true;
	st->out -= d;
	stream_drop(&st->mlo, d);
	stream_drop(&st->mhi, d);
	st->scan -= d;
	stream_drop(&st->hold, d);
	stream_drop(&st->strong_at, d);
	stream_drop(&st->custom_hold, d);
	stream_drop(&st->custom_strong_at, d);
	stream_drop(&st->block.at, d);
	stream_drop(&st->block.cur, d);
	stream_drop(&st->block.commit, d);
	stream_drop(&st->block.next, d);
	for (size_t k = 0; k < st->set->ncustom; k++)
		st->next[k] -= d;
	for (size_t k = st->skip0; k < st->nskips; k++)
		st->skips[k].at -= d;
}

/* Forgets the skips that are put out. */
static void stream_compact_skips(struct mask_stream *st)
{
	size_t n = st->nskips - st->skip0, off;

	if (st->skip0 < 64)
		return;
	off = st->skips[st->skip0].off;
	memmove(st->skips, st->skips + st->skip0, n * sizeof(*st->skips));
	memmove(st->skip_bytes, st->skip_bytes + off, st->nskip_bytes - off);
	for (size_t k = 0; k < n; k++)
		st->skips[k].off -= off;
	st->skip0 = 0;
	st->nskips = n;
	st->nskip_bytes -= off;
}

/* Makes room for a piece. */
static int stream_room(struct mask_stream *st)
{
	size_t want = st->len + MASK_PIECE + MASK_SEQ_MAX + 1;
	size_t cap = st->cap == 0 ? MASK_PIECE + MASK_CONTEXT * 4 : st->cap;
	uint8_t *text;

	if (st->cap - st->len > MASK_PIECE / 4 + MASK_SEQ_MAX && st->cap > 0)
		return ERR_OK;
	while (cap < want)
		cap *= 2;
	if (cap > MASK_TEXT_MAX)
		return ERR_LIMIT;
	text = calloc(1, cap + MASK_LOOKAHEAD * 2);
	if (text == NULL)
		return ERR_NOMEM;
	if (st->mark != NULL) {
		uint16_t *mark = realloc(st->mark, (cap + 1) * sizeof(*mark));

		if (mark == NULL) {
			free(text);
			return ERR_NOMEM;
		}
		st->mark = mark;
	}
	if (st->text != NULL) {
		memcpy(text, st->text, st->len);
		wipe(st->text, st->cap);
	}
	free(st->text);
	st->text = text;
	st->cap = cap;
	return ERR_OK;
}

static int stream_decide(struct mask_stream *st, bool end, struct buf *out)
{
	struct mtext x = { .t = st->text, .len = st->len, .end = end, .mark = st->mark };
	size_t limit;
	bool open;

	stream_scan(st, &x);
	x.mark = st->mark;
	if (st->set->ncustom > 0)
		stream_custom(st, &x);
	else
		st->custom_hold = x.len;
	if (st->dead < 0)
		return st->dead;
	limit = stream_limit(st, &x);
	if (st->hold >= x.len && st->custom_hold >= x.len)
		st->joined = false;
	open = !end && ((st->in_block && st->block.committed && st->block.commit >= limit) || st->joined);
	return mask_emit(st, limit, open, out);
}

/* What is recognised so far of the secret at an undecided place becomes secret. */
static void release_place(struct mask_stream *st, const struct mtext *x, size_t at)
{
	bool was_block = st->in_block;
	struct mblock saved = st->block;

	st->in_block = false;
	st->strong = false;
	(void)stream_ask_all(st, x, at);
	if (st->in_block) {
		if (mask_block_step(st, x, &st->block) == M_MORE && st->block.strong) {
			st->partial = true;
			mask_block_partial(st, x, &st->block);
			st->partial = false;
			st->joined = true;
		}
	}
	if (st->strong && st->strong_at < x->len) {
		st->partial = true;
		mask_mark(st, st->strong_rule, st->strong_at, x->len, false);
		st->partial = false;
		st->joined = true;
	}
	st->in_block = was_block;
	st->block = saved;
}

/* Lets go what is held: masked where a secret has been recognised, else as it is. Places behind the undecided one have
 * not been asked yet, so they are asked here, and again when it is decided: marking twice does no harm. */
static int stream_release(struct mask_stream *st, struct buf *out)
{
	struct mtext x = { .t = st->text, .len = st->len, .end = false, .mark = st->mark };
	bool committed = st->in_block && st->block.committed;
	bool stands;
	int r;

	if (st->in_block && st->block.strong) {
		st->partial = true;
		mask_block_partial(st, &x, &st->block);
		st->partial = false;
		st->joined = true;
	}
	for (size_t i = committed ? x.len : st->in_block ? st->block.at + 1 : st->scan; i < x.len && st->dead == 0; i++) {
		if (mask_scan_first(st->set->scan, x.t[i]))
			release_place(st, &x, i);
	}
	if (st->custom_strong && st->custom_strong_at < st->len) {
		st->partial = true;
		mask_mark(st, st->custom_strong_rule, st->custom_strong_at, st->len, false);
		st->partial = false;
		st->joined = true;
	}
	r = st->dead < 0 ? st->dead : mask_tty_release(st);
	if (r >= 0)
		r = mask_emit(st, st->len, st->joined, out);
	if (r >= 0 && st->region.open && !st->region.silent)
		r = mask_emit_placeholder(st, out, true);
	if (r >= 0)
		r = mask_emit_skips(st, st->len, false, out, &stands);
	return r;
}

static void stream_settle(struct mask_stream *st)
{
	stream_compact(st);
	stream_compact_skips(st);
}

int mask_feed(struct mask_stream *st, const uint8_t *p, size_t n, struct buf *out)
{
	int r = st->dead;

	if (st->ended)
		return ERR_WRONGSTATE;
	st->raw_in += n;
	while (n > 0 && r >= 0) {
		long k;

		r = stream_room(st);
		if (r < 0)
			break;
		k = mask_tty_take(st, p, n < MASK_PIECE ? n : MASK_PIECE);
		r = k < 0 ? (int)k : stream_decide(st, false, out);
		if (r < 0)
			break;
		p += k;
		n -= (size_t)k;
		if (st->nskips - st->skip0 + MASK_SEQ_MAX >= MASK_SKIPS_MAX)
			r = stream_release(st, out);
		stream_settle(st);
	}
	if (r < 0)
		st->dead = r;
	return r;
}

int mask_flush_idle(struct mask_stream *st, struct buf *out)
{
	int r = st->dead;

	if (r >= 0 && st->text != NULL && !st->ended) {
		r = stream_release(st, out);
		stream_settle(st);
	}
	if (r < 0)
		st->dead = r;
	return r;
}

int mask_finish(struct mask_stream *st, struct buf *out)
{
	int r = st->dead;

	if (r < 0 || st->ended)
		return r;
	st->ended = true;
	if (st->text == NULL)
		return ERR_OK;
	r = mask_tty_release(st);
	if (r >= 0)
		r = stream_decide(st, true, out);
	if (r >= 0)
		r = mask_emit(st, st->len, false, out);
	if (r >= 0)
		r = mask_emit_close(st, out, false);
	if (r < 0)
		st->dead = r;
	return r;
}

size_t mask_held(const struct mask_stream *st)
{
	return (size_t)(st->raw_in - st->raw_out);
}

unsigned mask_wait_ms(const struct mask_stream *st)
{
	if (mask_held(st) == 0 || st->dead < 0)
		return 0;
	if (st->strong || st->custom_strong)
		return MASK_IDLE_MS;
	return st->mode == MASK_PTY ? MASK_ECHO_MS : MASK_WEAK_MS;
}

uint64_t mask_count(const struct mask_stream *st)
{
	return st->count;
}

size_t mask_out_max(const struct mask_stream *st, size_t n)
{
	size_t m = mask_held(st) + n;

	/* A placeholder stands for one byte at least, and two of them are never less than two bytes apart. */
	return m * (MASK_TAG_MAX / 2 + 1) + MASK_TAG_MAX * 2;
}

int mask_text(const struct mask_set *set, const uint8_t key[MASK_KEY_LEN], const void *p, size_t n, struct buf *out,
	mask_event_fn on_event, void *ctx, size_t *count)
{
	struct mask_stream *st;
	int r = mask_stream_new(set, key, MASK_PLAIN, on_event, ctx, &st);

	if (r < 0)
		return r;
	r = mask_feed(st, p, n, out);
	if (r >= 0)
		r = mask_finish(st, out);
	if (count != NULL)
		*count = (size_t)st->count;
	mask_stream_free(st);
	return r;
}
