/* The verifier's other half: checkpoints, whose key signed them, and why that key is to be believed. */
#include <stdlib.h>
#include <string.h>

#include "audit/verify_impl.h"

static struct view all(const struct buf *b)
{
	return (struct view){ buf_ptr(b), b->len };
}

static bool same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(buf_ptr(a), buf_ptr(b), a->len) == 0);
}

void verify_next_checkpoint(struct verify *v)
{
	int r;

	v->cp_there = false;
	if (v->o.checkpoints.next == NULL)
		return;
	while ((r = v->o.checkpoints.next(v->o.checkpoints.ctx, &v->cp_text, &v->cp_sig, &v->cp)) == ERR_MALFORMED)
		verify_report_fault(v, VERIFY_SIGNATURE, 0, "a line of the checkpoint files is not a checkpoint");
	v->cp_there = r == ERR_OK;
	if (v->cp_there) {
		v->report.checkpoints++;
		v->last_stored = v->cp.size > v->last_stored ? v->cp.size : v->last_stored;
	}
	if (r < 0 && r != ERR_EOF)
		v->failed = true;
}

int verify_outside(struct verify *v, struct view text, struct view sig, struct why *w)
{
	struct outside *o = &v->outside[v->noutside];
	int r;

	if (v->noutside == VERIFY_MAX_OUTSIDE)
		return why_fail(w, ERR_LIMIT, "more than %d outside checkpoints", VERIFY_MAX_OUTSIDE);
	buf_init(&o->text, CHECKPOINT_MAX_TEXT);
	buf_init(&o->sig, 1 << 16);
	r = buf_put(&o->text, text.p, text.n);
	if (r == ERR_OK)
		r = buf_put(&o->sig, sig.p, sig.n);
	if (r == ERR_OK)
		r = checkpoint_read(all(&o->text), &o->c, w);
	if (r < 0) {
		buf_free(&o->text);
		buf_free(&o->sig);
		return r;
	}
	v->noutside++;
	return ERR_OK;
}

/* ---- keys and epochs ---- */

static bool trusted_key(const struct verify *v, const struct buf *key, const char *space)
{
	return trust_allowed(v->o.allowed_signers, key, space, v->report.last_ms / 1000);
}

/* The operator's signature over the key line, made where the bastion cannot reach. *good: it is one; the result: by a key that the auditor trusts. */
static bool certified(const struct verify *v, const char *key_line, const char *sig, bool *good)
{
	struct buf text, signer;
	bool ok = false;

	buf_init(&text, TRUST_BLOB_MAX);
	buf_init(&signer, TRUST_BLOB_MAX);
	*good = buf_printf(&text, "%s\n", key_line) == ERR_OK &&
		trust_verify((struct view){ (const uint8_t *)sig, strlen(sig) }, VERIFY_EPOCH_NAMESPACE, all(&text), &signer, NULL) == ERR_OK;
	if (*good)
		ok = trusted_key(v, &signer, VERIFY_EPOCH_NAMESPACE);
	buf_free(&text);
	buf_free(&signer);
	return ok;
}

/* Checks the signature of a stored checkpoint against the key in force. */
static void check_signature(struct verify *v, const struct buf *text, const struct buf *sig, const struct checkpoint *c)
{
	struct why w = { "" };
	struct buf signer;
	int r;

	buf_init(&signer, TRUST_BLOB_MAX);
	r = trust_verify(all(sig), CHECKPOINT_NAMESPACE, all(text), &signer, &w);
	v->report.signatures++;
	if (r < 0) {
		verify_report_fault(v, VERIFY_SIGNATURE, c->size, "the checkpoint at record %llu has no good signature: %s",
				    (unsigned long long)c->size, w.text);
	} else if (v->key.len == 0) {
		/* Before the log names its first key: that key will have to be this one. */
		(void)buf_put(&v->key, buf_ptr(&signer), signer.len);
		v->trusted = v->trusted || trusted_key(v, &v->key, CHECKPOINT_NAMESPACE);
	} else if (!same(&signer, &v->key)) {
		verify_report_fault(v, VERIFY_SIGNATURE, c->size, "the checkpoint at record %llu is signed by another key than that in force",
				    (unsigned long long)c->size);
		r = ERR_SIGNATURE;
	}
	if (r == ERR_OK) {
		v->signed_size = c->size;
		v->report.sealed = c->size;
		v->report.sealed_ms = c->time_ms;
	}
	buf_free(&signer);
}

/* The last checkpoint of an epoch, or of the log, always has its signature checked. */
static void check_late(struct verify *v)
{
	if (v->late_text.len > 0)
		check_signature(v, &v->late_text, &v->late_sig, &v->late);
	buf_clear(&v->late_text);
}

static int open_epoch(struct verify *v, uint64_t seq, json_t *j)
{
	const char *line = json_string_value(json_object_get(j, "key")), *cert = json_string_value(json_object_get(j, "certified"));
	struct buf key;
	bool good;
	int r;

	buf_init(&key, TRUST_BLOB_MAX);
	r = line == NULL ? ERR_MALFORMED : trust_key_line(line, &key, NULL);
	if (r < 0) {
		verify_report_fault(v, VERIFY_KEY, seq, "record %llu opens an epoch without a key", (unsigned long long)seq);
		goto out;
	}
	check_late(v);
	if (v->close_seq == 0 && v->epoch_count == 0) {
		if (v->key.len > 0 && !same(&key, &v->key))
			verify_report_fault(v, VERIFY_KEY, seq, "the first epoch's key is not the one that signed before it");
	} else if (v->close_seq == 0) {
		verify_report_fault(v, VERIFY_KEY, seq, "record %llu opens an epoch though the last one was not closed", (unsigned long long)seq);
	} else if (!same(&key, &v->next_key)) {
		verify_report_fault(v, VERIFY_KEY, seq, "record %llu opens an epoch with a key that the closing record did not name",
				    (unsigned long long)seq);
	} else if (!v->broken && v->signed_size < v->close_seq) {
		verify_report_fault(v, VERIFY_KEY, v->close_seq, "the epoch that record %llu closed has no checkpoint by its own key over that record",
				    (unsigned long long)v->close_seq);
	}
	v->epoch_count++;
	v->close_seq = 0;
	buf_clear(&v->key);
	r = buf_put(&v->key, buf_ptr(&key), key.len);
	v->trusted = v->trusted || trusted_key(v, &v->key, CHECKPOINT_NAMESPACE) || (cert != NULL && certified(v, line, cert, &good));
out:
	buf_free(&key);
	return r == ERR_MALFORMED ? ERR_OK : r;
}

/* The certificate came after the epoch had begun: it must be one of the key in force. */
static int certify_epoch(struct verify *v, uint64_t seq, json_t *j)
{
	const char *line = json_string_value(json_object_get(j, "key")), *cert = json_string_value(json_object_get(j, "certified"));
	struct buf key;
	bool good = false;

	buf_init(&key, TRUST_BLOB_MAX);
	if (line == NULL || cert == NULL || trust_key_line(line, &key, NULL) < 0 || (v->key.len > 0 && !same(&key, &v->key)))
		verify_report_fault(v, VERIFY_KEY, seq, "record %llu certifies another key than the one in force", (unsigned long long)seq);
	else if (certified(v, line, cert, &good))
		v->trusted = true;
	else if (!good)
		verify_report_fault(v, VERIFY_KEY, seq, "record %llu: the operator's signature under the key is none", (unsigned long long)seq);
	buf_free(&key);
	return ERR_OK;
}

static int close_epoch(struct verify *v, uint64_t seq, json_t *j)
{
	const char *line = json_string_value(json_object_get(j, "next_key"));

	buf_clear(&v->next_key);
	if (line == NULL || trust_key_line(line, &v->next_key, NULL) < 0)
		verify_report_fault(v, VERIFY_KEY, seq, "record %llu closes an epoch without naming the next key", (unsigned long long)seq);
	v->close_seq = seq;
	return ERR_OK;
}

int verify_event(struct verify *v, struct view line, const struct chain_record *rec)
{
	bool opens = view_is(&rec->event, "epoch.open"), certifies = view_is(&rec->event, "epoch.certified");
	json_t *j;
	int r;

	if (!opens && !certifies && !view_is(&rec->event, "epoch.close"))
		return ERR_OK;
	j = json_loadb((const char *)line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
	if (j == NULL) {
		verify_report_fault(v, VERIFY_MALFORMED, rec->seq, "record %llu is not JSON", (unsigned long long)rec->seq);
		return ERR_OK;
	}
	r = opens ? open_epoch(v, rec->seq, j) : certifies ? certify_epoch(v, rec->seq, j) : close_epoch(v, rec->seq, j);
	json_decref(j);
	return r;
}

/* ---- roots ---- */

static void keep_late(struct verify *v)
{
	buf_clear(&v->late_text);
	buf_clear(&v->late_sig);
	if (buf_put(&v->late_text, buf_ptr(&v->cp_text), v->cp_text.len) < 0 || buf_put(&v->late_sig, buf_ptr(&v->cp_sig), v->cp_sig.len) < 0)
		buf_clear(&v->late_text);
	v->late = v->cp;
	v->late.origin = (struct view){ NULL, 0 };
}

/* Whether the log up to here is what a checkpoint of this size speaks of. *r: ERR_OK or ERR_CRYPTO. */
static bool fits(const struct verify *v, const struct checkpoint *c, int *r)
{
	uint8_t root[DIGEST_SIZE];

	if (c->has_head && memcmp(v->chain.head, c->head, DIGEST_SIZE) != 0)
		return false;
	if (v->o.partial && v->report.first_seq > 1)
		return c->has_head;
	*r = merkle_root(&v->chain.tree, root);
	return *r == ERR_OK && memcmp(root, c->root, DIGEST_SIZE) == 0;
}

static int check_outside(struct verify *v, struct outside *o)
{
	struct why w = { "" };
	struct buf signer;
	int r = ERR_OK;

	o->seen = true;
	if (!fits(v, &o->c, &r)) {
		verify_report_fault(v, VERIFY_REWRITTEN, o->c.size,
				    "the first %llu records are not those of the outside checkpoint: history was rewritten",
				    (unsigned long long)o->c.size);
		return r;
	}
	if (o->sig.len == 0)
		return r;
	buf_init(&signer, TRUST_BLOB_MAX);
	if (trust_verify(all(&o->sig), CHECKPOINT_NAMESPACE, all(&o->text), &signer, &w) < 0)
		verify_report_fault(v, VERIFY_SIGNATURE, o->c.size, "the outside checkpoint: %s", w.text);
	else if (!same(&signer, &v->key) && !trusted_key(v, &signer, CHECKPOINT_NAMESPACE))
		verify_report_fault(v, VERIFY_SIGNATURE, o->c.size, "the outside checkpoint is signed by a key that is neither the log's nor trusted");
	buf_free(&signer);
	return r;
}

int verify_at_size(struct verify *v)
{
	int r = ERR_OK;

	for (size_t i = 0; i < v->noutside && r == ERR_OK; i++) {
		if (v->outside[i].c.size != v->chain.seq)
			continue;
		r = check_outside(v, &v->outside[i]);
	}
	while (r == ERR_OK && v->cp_there && v->cp.size <= v->chain.seq) {
		if (v->cp.size < v->chain.seq && v->o.partial && v->last_good == 0) { /* of before the cutting */
			verify_next_checkpoint(v);
			continue;
		}
		if (v->cp.size < v->chain.seq) {
			verify_report_fault(v, VERIFY_SIGNATURE, v->cp.size, "the checkpoint at record %llu was put out of its order",
					    (unsigned long long)v->cp.size);
			verify_next_checkpoint(v);
			continue;
		}
		if (!fits(v, &v->cp, &r)) {
			verify_report_fault(v, VERIFY_REWRITTEN, v->cp.size,
					    "records %llu to %llu are not those that the checkpoint at record %llu covers: they were rewritten",
					    (unsigned long long)v->last_good + 1, (unsigned long long)v->cp.size, (unsigned long long)v->cp.size);
			v->broken = true;
			return r;
		}
		v->last_good = v->cp.size;
		if (v->o.every_signature || v->cp.size - v->signed_size >= VERIFY_SIGNATURE_EVERY || v->signed_size == 0) {
			check_signature(v, &v->cp_text, &v->cp_sig, &v->cp);
			buf_clear(&v->late_text);
		} else {
			keep_late(v);
		}
		verify_next_checkpoint(v);
	}
	return r;
}

void verify_skip_checkpoints(struct verify *v)
{
	while (v->cp_there && v->cp.size <= v->chain.seq)
		verify_next_checkpoint(v);
}

int verify_end_checkpoints(struct verify *v)
{
	uint64_t end = v->chain.seq, furthest = 0;

	check_late(v);
	for (; v->cp_there; verify_next_checkpoint(v))
		if (v->cp.size > end && v->cp.size > furthest)
			furthest = v->cp.size;
	if (furthest > 0)
		verify_report_fault(v, VERIFY_CUT, end, "the log ends at record %llu, its own checkpoint says %llu: the tail was cut off",
				    (unsigned long long)end, (unsigned long long)furthest);
	for (size_t i = 0; i < v->noutside; i++) {
		/* A cutting may well end before a checkpoint that is newer than it. */
		if (v->outside[i].seen && v->outside[i].c.size > v->last_stored && v->report.checkpoints > 0)
			verify_report_fault(v, VERIFY_CUT, v->last_stored,
					    "the stored checkpoints end at record %llu, the outside one says %llu: they were rolled back",
					    (unsigned long long)v->last_stored, (unsigned long long)v->outside[i].c.size);
		if (!v->outside[i].seen && v->outside[i].c.size > end && !(v->o.partial && v->report.first_seq > 1))
			verify_report_fault(v, VERIFY_CUT, end,
					    "the log ends at record %llu, the outside checkpoint says %llu: it was cut off or rolled back",
					    (unsigned long long)end, (unsigned long long)v->outside[i].c.size);
	}
	if (v->o.allowed_signers.p != NULL && !v->trusted)
		verify_report_fault(v, VERIFY_KEY, 0, "no key of this log is in allowed_signers, nor certified by one that is");
	return v->failed ? ERR_NOMEM : ERR_OK;
}
