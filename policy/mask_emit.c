/* Masking: which bytes are secret, and putting out the others. Marked bytes that overlap are one region, and a region
 * becomes one placeholder; its bytes go into the tag as they come and are not kept. */
#include "policy/mask_stream.h"

#include <stdlib.h>

int mask_stream_marks(struct mask_stream *st)
{
	if (st->mark == NULL)
		st->mark = calloc(st->cap + 1, sizeof(*st->mark));
	return st->mark == NULL ? ERR_NOMEM : ERR_OK;
}

/* A secret of which a pause has let the beginning go: what is left of it is tagged as the whole. */
static void emit_rejoin(struct mask_stream *st, unsigned rule, size_t s)
{
	struct mregion *g = &st->region;

	if (g->open)
		return;
	*g = (struct mregion){ .open = true, .rule = rule, .offset = st->raw_out };
	if (mask_tag_begin(st->tag) < 0 || mask_tag_add(st->tag, st->text + s, st->out - s) < 0)
		st->dead = ERR_CRYPTO;
}

static void emit_event(struct mask_stream *st, unsigned rule, uint64_t offset, uint64_t length, bool alarm, bool cut)
{
	struct mask_event e = { .rule = st->set->rules[rule].id, .offset = offset, .length = length, .end_session = alarm,
		.cut = cut };

	if (st->on_event != NULL)
		st->on_event(st->ctx, &e);
}

/* Of two secrets that begin at one place, which gives the name: one that ends the session, one of the operator's own, the
 * earlier in the table. */
static bool emit_before(const struct mask_set *set, unsigned a, unsigned b)
{
	const struct mrule *x = &set->rules[a], *y = &set->rules[b];

	if (x->end_session != y->end_session)
		return x->end_session;
	if ((x->builtin < 0) != (y->builtin < 0))
		return x->builtin < 0;
	return x->builtin >= 0 ? x->builtin < y->builtin : a < b;
}

void mask_mark(struct mask_stream *st, unsigned rule, size_t s, size_t e, bool joined)
{
	bool alarm;

	if (s >= e || st->dead < 0)
		return;
	if (mask_stream_marks(st) < 0) {
		st->dead = ERR_NOMEM;
		return;
	}
	alarm = st->set->rules[rule].end_session && !joined && !st->partial;
	if (s < st->out) {
		if (e <= st->out) {
			/* All of it is out already, masked or let go piece by piece; but now it is known what it was. */
			if (alarm)
				emit_event(st, rule, st->raw_out - (st->out - s), e - s, true, true);
			return;
		}
		emit_rejoin(st, rule, s);
		s = st->out;
		joined = true;
	}
	if (!joined && ((st->mark[s] & MARK_NAMED) == 0 || emit_before(st->set, rule, st->mark[s] & MARK_RULE)))
		st->mark[s] = (uint16_t)((st->mark[s] & ~MARK_RULE) | MARK_NAMED | rule);
	if (alarm)
		st->mark[s] |= MARK_ALARM;
	st->mark[s] |= joined ? MARK_COVER | MARK_INSIDE : MARK_COVER;
	for (size_t i = s + 1; i < e; i++)
		st->mark[i] |= MARK_COVER | MARK_INSIDE;
	if (st->mlo >= st->mhi || st->mhi <= st->out) {
		st->mlo = s;
		st->mhi = e;
	} else {
		st->mlo = s < st->mlo ? s : st->mlo;
		st->mhi = e > st->mhi ? e : st->mhi;
	}
}

int mask_emit_placeholder(struct mask_stream *st, struct buf *out, bool cut)
{
	struct mregion *g = &st->region;
	const struct mrule *r = &st->set->rules[g->rule];
	int err = mask_tag_put(st->tag, r, g->width, out);

	g->silent = true;
	st->count++;
	if (err >= 0)
		emit_event(st, g->rule, g->offset, g->length, g->alarm, cut);
	return err;
}

int mask_emit_close(struct mask_stream *st, struct buf *out, bool cut)
{
	int r = ERR_OK;

	if (st->region.open && !st->region.silent)
		r = mask_emit_placeholder(st, out, cut);
	st->region.open = false;
	return r;
}

/* Takes text[i, e), all of it secret and of one region, out of sight. */
static int emit_take(struct mask_stream *st, size_t i, size_t e)
{
	struct mregion *g = &st->region;
	bool before = g->open && g->alarm;
	int r = ERR_OK;

	if (!g->open) {
		*g = (struct mregion){ .open = true, .rule = st->mark[i] & MARK_RULE, .offset = st->raw_out };
		r = mask_tag_begin(st->tag);
	}
	if (r >= 0)
		r = mask_tag_add(st->tag, st->text + i, e - i);
	g->length += e - i;
	for (size_t k = i; k < e; k++) {
		g->width += (st->text[k] & 0xc0) != 0x80;
		g->alarm = g->alarm || (st->mark[k] & MARK_ALARM) != 0;
	}
	/* Its placeholder is out; the alarm still has to be told. */
	if (g->silent && g->alarm && !before)
		emit_event(st, g->rule, g->offset, g->length, true, true);
	return r;
}

/* Puts out what stands before text[at]; with it a sequence that text[at] stands for, when that byte is decided. */
int mask_emit_skips(struct mask_stream *st, size_t at, bool decided, struct buf *out, bool *stands)
{
	*stands = false;
	while (st->skip0 < st->nskips && st->skips[st->skip0].at == at && !*stands) {
		const struct mskip *k = &st->skips[st->skip0];
		int r;

		if (k->stands && !decided)
			break;
		st->skip0++;
		r = buf_put(out, st->skip_bytes + k->off, k->len);

		if (r < 0)
			return r;
		st->raw_out += k->len;
		*stands = k->stands;
	}
	if (st->skip0 == st->nskips)
		st->skip0 = st->nskips = st->nskip_bytes = 0;
	return ERR_OK;
}

/* Puts out text[st->out, upto). open: the region that reaches upto may go on there. */
int mask_emit(struct mask_stream *st, size_t upto, bool open, struct buf *out)
{
	int r = ERR_OK;

	while (r >= 0) {
		size_t i = st->out, e = upto;
		bool marks = st->mlo < st->mhi && i < st->mhi, stands;
		bool inside = marks && i < st->len && (st->mark[i] & MARK_INSIDE) != 0;

		if (st->region.open && !inside && !(i == upto && open)) {
			r = mask_emit_close(st, out, false);
			if (r < 0)
				return r;
		}
		if (st->region.open && i == upto)
			return ERR_OK;
		r = mask_emit_skips(st, i, i < upto, out, &stands);
		if (r < 0)
			return r;
		if (i >= upto)
			return ERR_OK;
		if (stands) {
			/* The byte is put out as its sequence; a secret that began with it begins with the next. */
			if (marks && !inside && (st->mark[i] & MARK_COVER) != 0 && (st->mark[i + 1] & MARK_INSIDE) != 0)
				st->mark[i + 1] = st->mark[i];
			st->out++;
			continue;
		}
		if (st->skip0 < st->nskips && st->skips[st->skip0].at < e)
			e = st->skips[st->skip0].at;
		if (!marks || i < st->mlo) {
			if (marks && st->mlo < e)
				e = st->mlo;
			r = buf_put(out, st->text + i, e - i);
		} else {
			bool cover = (st->mark[i] & MARK_COVER) != 0;
			size_t k = i + 1;

			while (k < e && (cover ? (st->mark[k] & MARK_INSIDE) != 0 : (st->mark[k] & MARK_COVER) == 0))
				k++;
			e = k;
			r = cover ? emit_take(st, i, e) : buf_put(out, st->text + i, e - i);
		}
		if (r < 0)
			return r;
		st->raw_out += e - i;
		st->out = e;
	}
	return r;
}
