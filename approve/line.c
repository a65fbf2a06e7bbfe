/* The one line that the agent reads on its stderr: a contract. Plain:
 *
 *   sallyport: denied rule=ID: REASON instead: INSTEAD
 *   sallyport: waiting for approval id=ID rule=RULE: REASON
 *   sallyport: pending id=ID: HINT
 *   sallyport: refused id=ID by=WHO: REASON
 *   sallyport: expired id=ID: HINT
 *   sallyport: unavailable: REASON
 *
 * With json the same as one object: {"sallyport":EVENT,"verdict":…,"exit":CODE, …}. Whatever a person or a file said is
 * cleaned: no control byte, no newline reaches the agent's terminal. */
#include <string.h>

#include "approve/control.h"
#include "audit/chain.h"

static void put_clean(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char ch = (unsigned char)*s;

		if (ch < 0x20 || ch == 0x7f)
			(void)buf_printf(out, ch == '\n' || ch == '\t' ? " " : "?");
		else
			(void)buf_put_u8(out, ch);
	}
}

static const char *verdict_of(const struct line *l)
{
	return strcmp(l->event, "denied") == 0 ? "deny" : strcmp(l->event, "unavailable") == 0 ? "none" : "approve";
}

static int line_json(const struct line *l, struct buf *out)
{
	json_t *j = json_pack("{s:s,s:s}", "event", l->event, "verdict", verdict_of(l));
	const struct {
		const char *name, *value;
	} parts[] = { { "rule", l->rule }, { "id", l->approval }, { "by", l->by }, { "reason", l->reason }, { "instead", l->instead },
		      { "hint", l->hint } };
	char *text;
	int r;

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (parts[i].value != NULL)
			json_object_set_new(j, parts[i].name, chain_text(parts[i].value, strlen(parts[i].value)));
	}
	if (l->exit_code != 0)
		json_object_set_new(j, "exit", json_integer((json_int_t)l->exit_code));
	text = json_dumps(j, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(j);
	r = text != NULL ? buf_put_str(out, text) : ERR_NOMEM;
	free(text);
	return r;
}

int line_write(const struct line *l, bool json, struct buf *out)
{
	if (json)
		return line_json(l, out);
	(void)buf_printf(out, "sallyport: %s", strcmp(l->event, "waiting") == 0 ? "waiting for approval" : l->event);
	if (l->approval != NULL)
		(void)buf_printf(out, " id=%s", l->approval);
	if (l->rule != NULL)
		(void)buf_printf(out, " rule=%s", l->rule);
	if (l->by != NULL) {
		(void)buf_put_str(out, " by=");
		put_clean(out, l->by);
	}
	if (l->reason != NULL || l->hint != NULL)
		(void)buf_put_str(out, ": ");
	if (l->reason != NULL)
		put_clean(out, l->reason);
	if (l->hint != NULL) {
		if (l->reason != NULL)
			(void)buf_put_str(out, "; ");
		put_clean(out, l->hint);
	}
	if (l->instead != NULL) {
		(void)buf_put_str(out, " instead: ");
		put_clean(out, l->instead);
	}
	return ERR_OK;
}
