/* What every file of control needs to write a record: ids, times, identities, masked text. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "approve/control.h"
#include "audit/chain.h"
#include "base/log.h"

int control_record(struct control *c, const char *session, const char *event, json_t *fields, uint64_t *seq)
{
	struct why why = { "" };
	json_t *kept = json_incref(fields);
	int r = audit_append(c->log, session, event, fields, seq, &why);

	if (r >= 0)
		journal_note(c, session, event, kept);
	json_decref(kept);
	if (r < 0) {
		log_error("cannot record %s: %s", event, why.text[0] != '\0' ? why.text : err_text(r));
		return r;
	}
	c->appended++;
	c->count.records++;
	return ERR_OK;
}

void control_id(char out[CONTROL_ID + 1])
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	uint64_t ms = (uint64_t)clock_wall_ms();
	uint8_t rnd[16];

	if (getrandom(rnd, sizeof(rnd), 0) != (ssize_t)sizeof(rnd))
		abort();
	for (int i = 9; i >= 0; i--, ms >>= 5)
		out[i] = digits[ms & 31];
	for (int i = 0; i < 16; i++)
		out[10 + i] = digits[rnd[i] & 31];
	out[CONTROL_ID] = '\0';
}

uint32_t control_req(struct control *c)
{
	if (++c->next_req == 0)
		c->next_req = 1;
	return c->next_req;
}

json_t *control_time(int64_t ms)
{
	char text[CHAIN_TIME_LEN + 1];

	chain_time((uint64_t)ms, text);
	return json_string(text);
}

json_t *control_who(const struct identity *id)
{
	json_t *groups = json_array();

	for (size_t i = 0; i < id->n_groups; i++)
		json_array_append_new(groups, json_string(id->groups[i]));
	return json_pack("{s:s,s:s,s:o,s:s*}", "issuer", id->issuer, "subject", id->subject, "groups", groups, "on_behalf_of",
			 id->on_behalf_of);
}

int control_mask(struct control *c, const uint8_t *key, const void *p, size_t n, struct buf *out, size_t *masked)
{
	static uint8_t own[MASK_KEY_LEN];
	static bool have;

	if (masked != NULL)
		*masked = 0;
	if (!c->config->masking || c->masks == NULL)
		return buf_put(out, p, n);
	if (!have && getrandom(own, sizeof(own), 0) != (ssize_t)sizeof(own))
		return ERR_SYS;
	have = true;
	return mask_text(c->masks, key != NULL ? key : own, p, n, out, NULL, NULL, masked);
}

json_t *control_masked(struct control *c, const uint8_t *key, const void *p, size_t n)
{
	struct buf b;
	json_t *j;

	buf_init(&b, 2 << 20);
	/* What cannot be masked is left out, not let through. */
	if (control_mask(c, key, p, n, &b, NULL) < 0) {
		buf_clear(&b);
		(void)buf_put_str(&b, "[masked]");
	}
	j = chain_text(buf_ptr(&b), b.len);
	buf_free(&b);
	return j;
}
