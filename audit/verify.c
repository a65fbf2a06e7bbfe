/* The verifier's chain half: form, order, links, roots; see verify.h. Distrusts everything it is given. */
#include "audit/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/verify_impl.h"
#include "identity/sshkey.h"

const char *verify_kind_name(enum verify_kind k)
{
	static const char *const names[] = { "malformed", "edited", "removed", "swapped", "inserted", "torn", "segment", "rewritten",
					     "signature", "key", "cut", "recording" };

	return names[k];
}

struct verify *verify_new(const struct verify_options *o)
{
	struct verify *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	v->o = *o;
	chain_init(&v->chain);
	buf_init(&v->cp_text, 1 << 20);
	buf_init(&v->cp_sig, 1 << 20);
	buf_init(&v->late_text, 1 << 20);
	buf_init(&v->late_sig, 1 << 20);
	buf_init(&v->key, TRUST_BLOB_MAX);
	buf_init(&v->next_key, TRUST_BLOB_MAX);
	verify_next_checkpoint(v);
	return v;
}

void verify_free(struct verify *v)
{
	if (v == NULL)
		return;
	for (size_t i = 0; i < v->noutside; i++) {
		buf_free(&v->outside[i].text);
		buf_free(&v->outside[i].sig);
	}
	buf_free(&v->cp_text);
	buf_free(&v->cp_sig);
	buf_free(&v->late_text);
	buf_free(&v->late_sig);
	buf_free(&v->key);
	buf_free(&v->next_key);
	free(v);
}

void verify_report_fault(struct verify *v, enum verify_kind kind, uint64_t seq, const char *fmt, ...)
{
	struct verify_fault f = { .kind = kind, .seq = seq };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f.text, sizeof(f.text), fmt, ap);
	va_end(ap);
	for (char *p = f.text; *p != '\0'; p++)
		if (*p < 0x20 || *p > 0x7e)
			*p = '?';
	if (v->report.faults++ < VERIFY_MAX_FAULTS && v->o.fault != NULL)
		v->o.fault(v->o.ctx, &f);
}

/* What a mismatch of prev at the last record meant, now that it is known whether the one after it mismatches too. */
static void settle(struct verify *v, bool next_fits)
{
	uint64_t n = v->suspect;

	v->suspect = 0;
	if (n == 0)
		return;
	v->broken = true;
	if (n == 1 || !next_fits)
		verify_report_fault(v, VERIFY_EDITED, n, "record %llu was edited: neither neighbour's digest fits it", (unsigned long long)n);
	else
		verify_report_fault(v, VERIFY_EDITED, n - 1, "record %llu was edited: record %llu names another digest for it",
				    (unsigned long long)n - 1, (unsigned long long)n);
}

/* The line becomes the last one of the chain, whatever came before. */
static int accept(struct verify *v, struct view line, uint64_t seq)
{
	int r;

	if (seq != v->chain.seq + 1) /* roots mean nothing any more */
		v->chain.seq = v->chain.tree.size = seq - 1;
	r = chain_push(&v->chain, line, NULL);
	if (r == ERR_OK && !v->broken)
		r = verify_at_size(v);
	else if (r == ERR_OK)
		verify_skip_checkpoints(v);
	return r;
}

/* Records that are missing between the last one and this, unless the next line shows that two only changed places. */
static void gap(struct verify *v, uint64_t seq)
{
	uint64_t from = v->chain.seq + 1;

	if (seq == from + 1) {
		v->maybe_swapped = from;
		return;
	}
	verify_report_fault(v, VERIFY_REMOVED, from, "records %llu to %llu are missing", (unsigned long long)from, (unsigned long long)seq - 1);
}

static void settle_gap(struct verify *v)
{
	if (v->maybe_swapped != 0)
		verify_report_fault(v, VERIFY_REMOVED, v->maybe_swapped, "record %llu is missing", (unsigned long long)v->maybe_swapped);
	v->maybe_swapped = 0;
}

/* A record whose number was there already, or should have come before. */
static int backwards(struct verify *v, struct view line, uint64_t seq)
{
	if (v->maybe_swapped == seq) {
		verify_report_fault(v, VERIFY_SWAPPED, seq, "records %llu and %llu changed places", (unsigned long long)seq,
				    (unsigned long long)seq + 1);
		v->maybe_swapped = 0;
		v->resync = true;
	} else {
		verify_report_fault(v, VERIFY_INSERTED, seq, "a record numbered %llu was inserted after record %llu",
				    (unsigned long long)seq, (unsigned long long)v->chain.seq);
	}
	v->broken = true;
	return digest(line.p, line.n, v->stray);
}

int verify_line(struct verify *v, struct view line)
{
	struct chain_record rec;
	uint64_t at = v->chain.seq + 1, ms;
	bool fits;
	int r;

	v->report.records++;
	if (chain_read(line, &rec, NULL) < 0 || chain_time_parse((const char *)rec.time.p, rec.time.n, &ms) < 0) {
		settle(v, false);
		settle_gap(v);
		verify_report_fault(v, VERIFY_MALFORMED, at, "record %llu is not in the form of a record", (unsigned long long)at);
		v->broken = v->resync = true;
		return accept(v, line, at);
	}
	if (v->report.first_seq == 0) {
		v->report.first_ms = ms;
		v->report.first_seq = rec.seq;
		if (v->o.partial && rec.seq > 0) { /* what came before is not here to be checked */
			v->chain.seq = v->chain.tree.size = rec.seq - 1;
			memcpy(v->chain.head, rec.prev, DIGEST_SIZE);
			at = rec.seq;
		}
	}
	v->report.last_ms = ms;
	if (rec.seq == 0 || rec.seq < at) {
		settle(v, true);
		return backwards(v, line, rec.seq);
	}
	settle_gap(v);
	if (rec.seq > at) {
		settle(v, true);
		v->broken = true;
		gap(v, rec.seq);
		v->resync = false;
	} else {
		fits = memcmp(rec.prev, v->chain.head, DIGEST_SIZE) == 0 || v->resync ||
		       (v->broken && memcmp(rec.prev, v->stray, DIGEST_SIZE) == 0);
		if (v->suspect != 0)
			settle(v, fits); /* which explains this line's mismatch, too */
		else if (!fits)
			v->suspect = rec.seq;
		v->broken = v->broken || !fits;
		v->resync = false;
	}
	r = verify_event(v, line, &rec);
	return r < 0 ? r : accept(v, line, rec.seq);
}

int verify_end(struct verify *v, struct verify_report *out)
{
	int r = ERR_OK;

	settle(v, true);
	settle_gap(v);
	if (!v->failed)
		r = verify_end_checkpoints(v);
	v->report.epochs = v->epoch_count;
	v->report.key_trusted = v->trusted;
	if (v->key.len > 0)
		sshkey_fingerprint((struct view){ buf_ptr(&v->key), v->key.len }, v->report.key);
	*out = v->report;
	if (r < 0)
		return r;
	return v->report.faults > 0 ? ERR_SIGNATURE : ERR_OK;
}
