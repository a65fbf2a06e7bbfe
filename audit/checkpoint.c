/* Checkpoint texts and lines; see checkpoint.h. Distrusts what it reads: every form is strict. */
#include "audit/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <openssl/evp.h>
#include "audit/chain.h"

#define ROOT_B64 44 /* base64 of 32 bytes */

static bool origin_ok(const char *p, size_t n)
{
	if (n == 0 || n > CHECKPOINT_MAX_ORIGIN)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((uint8_t)p[i] < 0x20 || (uint8_t)p[i] > 0x7e)
			return false;
	return true;
}

int checkpoint_write(struct buf *out, const char *origin, uint64_t size, const uint8_t root[DIGEST_SIZE],
		     const uint8_t head[DIGEST_SIZE], uint64_t time_ms)
{
	char time[CHAIN_TIME_LEN + 1], hex[DIGEST_HEX + 1];
	unsigned char b64[ROOT_B64 + 1];

	if (!origin_ok(origin, strlen(origin)) || size == 0)
		return ERR_MALFORMED;
	EVP_EncodeBlock(b64, root, DIGEST_SIZE);
	chain_time(time_ms, time);
	digest_hex(head, hex);
	return buf_printf(out, "%s\n%llu\n%s\ntime %s\nhead %s\n", origin, (unsigned long long)size, (const char *)b64, time, hex);
}

/* Takes a line off the front; false when there is no newline any more. */
static bool next_line(struct view *text, struct view *line)
{
	const uint8_t *nl = text->n > 0 ? memchr(text->p, '\n', text->n) : NULL;

	if (nl == NULL)
		return false;
	line->p = text->p;
	line->n = (size_t)(nl - text->p);
	text->n -= line->n + 1;
	text->p = nl + 1;
	return true;
}

static bool decimal(struct view v, uint64_t *out)
{
	if (v.n == 0 || v.n > 19 || v.p[0] == '0')
		return false;
	*out = 0;
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return false;
		*out = *out * 10 + (uint64_t)(v.p[i] - '0');
	}
	return true;
}

static bool root_read(struct view v, uint8_t root[DIGEST_SIZE])
{
	unsigned char bytes[DIGEST_SIZE + 2], back[ROOT_B64 + 1];

	if (v.n != ROOT_B64 || EVP_DecodeBlock(bytes, v.p, ROOT_B64) != DIGEST_SIZE + 1)
		return false;
	EVP_EncodeBlock(back, bytes, DIGEST_SIZE); /* only one encoding is ours */
	if (memcmp(back, v.p, ROOT_B64) != 0)
		return false;
	memcpy(root, bytes, DIGEST_SIZE);
	return true;
}

int checkpoint_read(struct view text, struct checkpoint *out, struct why *w)
{
	struct view line;

	memset(out, 0, sizeof(*out));
	if (text.n > CHECKPOINT_MAX_TEXT)
		return why_fail(w, ERR_MALFORMED, "a checkpoint is at most %d bytes", CHECKPOINT_MAX_TEXT);
	if (!next_line(&text, &out->origin) || !origin_ok((const char *)out->origin.p, out->origin.n))
		return why_fail(w, ERR_MALFORMED, "the checkpoint's first line is not an origin");
	if (!next_line(&text, &line) || !decimal(line, &out->size))
		return why_fail(w, ERR_MALFORMED, "the checkpoint's second line is not a size");
	if (!next_line(&text, &line) || !root_read(line, out->root))
		return why_fail(w, ERR_MALFORMED, "the checkpoint's third line is not a root");
	while (next_line(&text, &line)) {
		if (line.n == 5 + CHAIN_TIME_LEN && memcmp(line.p, "time ", 5) == 0 &&
		    chain_time_parse((const char *)line.p + 5, CHAIN_TIME_LEN, &out->time_ms) < 0)
			return why_fail(w, ERR_MALFORMED, "the checkpoint's time is not one");
		if (line.n == 5 + DIGEST_HEX && memcmp(line.p, "head ", 5) == 0)
			out->has_head = digest_unhex((const char *)line.p + 5, DIGEST_HEX, out->head);
		if (line.n > 5 && memcmp(line.p, "next ", 5) == 0)
			out->next = (struct view){ line.p + 5, line.n - 5 };
		if (line.n == 0)
			return why_fail(w, ERR_MALFORMED, "an empty line in a checkpoint");
	}
	return text.n == 0 ? ERR_OK : why_fail(w, ERR_MALFORMED, "the checkpoint does not end in a newline");
}

int checkpoint_line_write(struct buf *out, struct view text, struct view sshsig, struct why *w)
{
	struct checkpoint c;
	char *dump;
	json_t *j;
	int r = checkpoint_read(text, &c, w);

	if (r < 0)
		return r;
	j = json_pack("{s:I, s:s%, s:s%}", "size", (json_int_t)c.size, "text", text.p, text.n, "signature", sshsig.p, sshsig.n);
	dump = j == NULL ? NULL : json_dumps(j, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(j);
	if (dump == NULL)
		return why_fail(w, ERR_MALFORMED, "the checkpoint's signature is not text");
	r = buf_printf(out, "%s\n", dump);
	free(dump);
	return r;
}

int checkpoint_line_read(struct view line, struct buf *text, struct buf *sshsig, struct checkpoint *c, struct why *w)
{
	json_t *j = json_loadb((const char *)line.p, line.n, JSON_REJECT_DUPLICATES, NULL), *t, *s;
	struct view whole;
	int r;

	memset(c, 0, sizeof(*c));
	t = json_object_get(j, "text");
	s = json_object_get(j, "signature");
	if (!json_is_string(t) || !json_is_string(s)) {
		json_decref(j);
		return why_fail(w, ERR_MALFORMED, "not a line of a checkpoint file");
	}
	buf_clear(text);
	buf_clear(sshsig);
	r = buf_put(text, json_string_value(t), json_string_length(t));
	if (r == ERR_OK)
		r = buf_put(sshsig, json_string_value(s), json_string_length(s));
	json_decref(j);
	if (r < 0)
		return r;
	whole = (struct view){ buf_ptr(text), text->len };
	return checkpoint_read(whole, c, w);
}
