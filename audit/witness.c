/* See witness.h. Distrusts the submission: bounded, every form strict, the state moves only at the end. */
#include "audit/witness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static const char armour_begin[] = "-----BEGIN SSH SIGNATURE-----\n", armour_end[] = "-----END SSH SIGNATURE-----\n";

static bool same(const struct buf *a, const struct buf *b)
{
	return a->len > 0 && a->len == b->len && memcmp(buf_ptr(a), buf_ptr(b), a->len) == 0;
}

void witness_state_init(struct witness_state *s)
{
	merkle_init(&s->tree);
	buf_init(&s->key, TRUST_BLOB_MAX);
	buf_init(&s->next, TRUST_BLOB_MAX);
}

void witness_state_free(struct witness_state *s)
{
	buf_free(&s->key);
	buf_free(&s->next);
}

int witness_write(struct buf *out, struct view text, struct view sshsig, const struct merkle_range *range)
{
	char hex[DIGEST_HEX + 1];
	int r = buf_put(out, text.p, text.n);

	if (r == ERR_OK)
		r = buf_put_u8(out, '\n');
	if (r == ERR_OK)
		r = buf_put(out, sshsig.p, sshsig.n);
	if (r == ERR_OK && sshsig.n > 0 && sshsig.p[sshsig.n - 1] != '\n')
		r = buf_put_u8(out, '\n');
	if (r == ERR_OK)
		r = buf_printf(out, "extends %llu\n", (unsigned long long)range->from);
	for (size_t i = 0; i < range->n && r == ERR_OK; i++) {
		digest_hex(range->node[i].digest, hex);
		r = buf_printf(out, "%u %s\n", range->node[i].level, hex);
	}
	return r;
}

/* Decimal digits up to `end`, which is passed over. */
static bool number(struct view *v, uint8_t end, uint64_t *out)
{
	size_t n = 0;

	*out = 0;
	while (n < v->n && n < 19 && v->p[n] >= '0' && v->p[n] <= '9')
		*out = *out * 10 + (uint64_t)(v->p[n++] - '0');
	if (n == 0 || n == v->n || v->p[n] != end || (n > 1 && v->p[0] == '0'))
		return false;
	v->p += n + 1;
	v->n -= n + 1;
	return true;
}

static int read_range(struct view v, struct merkle_range *r)
{
	static const char extends[] = "extends ";
	uint64_t level;

	if (v.n < sizeof(extends) - 1 || memcmp(v.p, extends, sizeof(extends) - 1) != 0)
		return ERR_MALFORMED;
	v.p += sizeof(extends) - 1;
	v.n -= sizeof(extends) - 1;
	if (!number(&v, '\n', &r->from))
		return ERR_MALFORMED;
	r->to = r->from;
	r->n = 0;
	while (v.n > 0) {
		if (r->n == sizeof(r->node) / sizeof(*r->node) || !number(&v, ' ', &level) || level > 62 || v.n < DIGEST_HEX + 1 ||
		    !digest_unhex((const char *)v.p, DIGEST_HEX, r->node[r->n].digest) || v.p[DIGEST_HEX] != '\n' ||
		    r->to > UINT64_MAX - (1ull << level))
			return ERR_MALFORMED;
		r->node[r->n++].level = (uint8_t)level;
		r->to += 1ull << level;
		v.p += DIGEST_HEX + 1;
		v.n -= DIGEST_HEX + 1;
	}
	return ERR_OK;
}

int witness_read(struct view body, struct witness_submission *out, struct why *w)
{
	const uint8_t *begin, *end;
	size_t n;

	memset(out, 0, sizeof(*out));
	if (body.n > WITNESS_MAX)
		return why_fail(w, ERR_LIMIT, "a submission has at most %d bytes", WITNESS_MAX);
	begin = body.n > 0 ? memmem(body.p, body.n, armour_begin, sizeof(armour_begin) - 1) : NULL;
	if (begin == NULL || begin - body.p < 2 || begin[-1] != '\n' || begin[-2] != '\n')
		return why_fail(w, ERR_MALFORMED, "there is no signature after an empty line");
	n = (size_t)(begin - body.p);
	out->text = (struct view){ body.p, n - 1 };
	end = memmem(begin, body.n - n, armour_end, sizeof(armour_end) - 1);
	if (end == NULL)
		return why_fail(w, ERR_MALFORMED, "the signature does not end");
	end += sizeof(armour_end) - 1;
	out->sshsig = (struct view){ begin, (size_t)(end - begin) };
	if (checkpoint_read(out->text, &out->checkpoint, w) < 0)
		return ERR_MALFORMED;
	if (read_range((struct view){ end, body.n - (size_t)(end - body.p) }, &out->range) < 0)
		return why_fail(w, ERR_MALFORMED, "what follows the signature is not \"extends N\" and subtree roots");
	return ERR_OK;
}

/* Whether the key may sign for this log now. */
static bool counts(const struct witness_state *state, const struct buf *key, struct view signers, uint64_t now_s)
{
	return same(key, &state->key) || same(key, &state->next) || trust_allowed(signers, key, CHECKPOINT_NAMESPACE, now_s);
}

static int grow(const struct witness_state *state, const struct witness_submission *s, struct merkle *tree, struct why *w)
{
	uint8_t root[DIGEST_SIZE];
	int r = ERR_OK;

	*tree = state->tree;
	for (size_t i = 0; i < s->range.n && r == ERR_OK; i++)
		r = merkle_add_subtree(tree, s->range.node[i].level, s->range.node[i].digest);
	if (r == ERR_OK)
		r = merkle_root(tree, root);
	if (r == ERR_CRYPTO)
		return r;
	if (r < 0 || tree->size != s->checkpoint.size || memcmp(root, s->checkpoint.root, DIGEST_SIZE) != 0)
		return why_fail(w, ERR_REFUSED, "the %llu records of the checkpoint do not begin with the %llu that were seen before: it is another log, or a rewritten one",
				(unsigned long long)s->checkpoint.size, (unsigned long long)state->tree.size);
	return ERR_OK;
}

int witness_accept(struct witness_state *state, const struct witness_submission *s, struct view signers, uint64_t now_s, struct why *w)
{
	struct merkle tree;
	struct buf key, next;
	char *line = NULL;
	int r;

	buf_init(&key, TRUST_BLOB_MAX);
	buf_init(&next, TRUST_BLOB_MAX);
	r = trust_verify(s->sshsig, CHECKPOINT_NAMESPACE, s->text, &key, w);
	if (r == ERR_OK && !counts(state, &key, signers, now_s))
		r = why_fail(w, ERR_SIGNATURE, "it is signed by a key that does not count for this log");
	if (r < 0) {
		r = r == ERR_NOMEM ? r : ERR_SIGNATURE;
		goto out;
	}
	/* A shorter one that is signed is no mistake of bookkeeping. */
	if (s->checkpoint.size < state->tree.size)
		r = why_fail(w, ERR_REFUSED, "the checkpoint speaks of %llu records, one before it of %llu: the log was rolled back",
			     (unsigned long long)s->checkpoint.size, (unsigned long long)state->tree.size);
	else if (s->range.from != state->tree.size)
		r = why_fail(w, ERR_AGAIN, "%llu records are known here", (unsigned long long)state->tree.size);
	else
		r = grow(state, s, &tree, w);
	if (r == ERR_OK && s->checkpoint.next.n > 0) {
		r = view_strdup(&s->checkpoint.next, &line);
		if (r == ERR_OK)
			r = trust_key_line(line, &next, w);
	}
	if (r < 0)
		goto out;
	state->tree = tree;
	buf_clear(&state->key);
	r = buf_put(&state->key, buf_ptr(&key), key.len);
	buf_clear(&state->next);
	if (r == ERR_OK)
		r = buf_put(&state->next, buf_ptr(&next), next.len);
out:
	free(line);
	buf_free(&key);
	buf_free(&next);
	return r;
}

/* ---- kept ---- */

static json_t *blob_json(const struct buf *b)
{
	char *hex = malloc(2 * b->len + 1);
	json_t *j;

	if (hex == NULL)
		return NULL;
	for (size_t i = 0; i < b->len; i++)
		snprintf(hex + 2 * i, 3, "%02x", buf_ptr(b)[i]);
	hex[2 * b->len] = '\0';
	j = json_string(hex);
	free(hex);
	return j;
}

static int blob_read(const json_t *j, struct buf *b)
{
	const char *s = json_string_value(j);
	unsigned byte;

	buf_clear(b);
	if (s == NULL || strlen(s) % 2 != 0 || strspn(s, "0123456789abcdef") != strlen(s))
		return ERR_MALFORMED;
	for (; *s != '\0'; s += 2) {
		if (sscanf(s, "%2x", &byte) != 1 || buf_put_u8(b, (uint8_t)byte) < 0)
			return ERR_MALFORMED;
	}
	return ERR_OK;
}

int witness_state_write(const struct witness_state *s, struct buf *out)
{
	char hex[DIGEST_HEX + 1], *text;
	json_t *nodes = json_array(), *j;
	int r = ERR_NOMEM;

	for (int i = 0; i < 64; i++) {
		if ((s->tree.size >> i & 1) == 0)
			continue;
		digest_hex(s->tree.node[i], hex);
		json_array_append_new(nodes, json_string(hex));
	}
	j = json_pack("{s:I,s:o,s:o,s:o}", "size", (json_int_t)s->tree.size, "tree", nodes, "key", blob_json(&s->key), "next", blob_json(&s->next));
	text = j != NULL ? json_dumps(j, JSON_COMPACT) : NULL;
	if (text != NULL)
		r = buf_printf(out, "%s\n", text);
	free(text);
	json_decref(j);
	return r;
}

int witness_state_read(struct view text, struct witness_state *s)
{
	json_t *j = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, NULL), *nodes = json_object_get(j, "tree"), *node;
	json_int_t size = json_integer_value(json_object_get(j, "size"));
	size_t k = 0;
	int r = j != NULL && size >= 0 ? ERR_OK : ERR_MALFORMED;

	merkle_init(&s->tree);
	s->tree.size = size >= 0 ? (uint64_t)size : 0;
	for (int i = 0; i < 64 && r == ERR_OK; i++) {
		if ((s->tree.size >> i & 1) == 0)
			continue;
		node = json_array_get(nodes, k++);
		if (json_string_value(node) == NULL || !digest_unhex(json_string_value(node), json_string_length(node), s->tree.node[i]))
			r = ERR_MALFORMED;
	}
	if (r == ERR_OK && json_array_size(nodes) != k)
		r = ERR_MALFORMED;
	if (r == ERR_OK)
		r = blob_read(json_object_get(j, "key"), &s->key);
	if (r == ERR_OK)
		r = blob_read(json_object_get(j, "next"), &s->next);
	json_decref(j);
	return r;
}
