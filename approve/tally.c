/* Counters with a bounded set of labels; see tally.h. A linear look: there are as many names as rules. */
#include "approve/tally.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

void tally_add(struct tally *t, const char *name, const char *second, uint64_t n)
{
	unsigned i;

	for (i = 0; i < t->used; i++) {
		if (strcmp(t->slot[i].name, name) == 0 && strcmp(t->slot[i].second, second) == 0)
			break;
	}
	if (i == t->used) {
		if (i == TALLY_NAMES || strlen(name) >= sizeof(t->slot[i].name) || strlen(second) >= sizeof(t->slot[i].second)) {
			t->other += n;
			return;
		}
		snprintf(t->slot[i].name, sizeof(t->slot[i].name), "%s", name);
		snprintf(t->slot[i].second, sizeof(t->slot[i].second), "%s", second);
		t->used++;
	}
	t->slot[i].n += n;
}

/* A label's value: backslash, quote and newline escaped as the text format asks. */
static int put_label(struct buf *out, const char *value)
{
	int r = ERR_OK;

	for (; *value != '\0' && r >= 0; value++) {
		if (*value == '\\' || *value == '"')
			r = buf_put_u8(out, '\\');
		if (r >= 0)
			r = *value == '\n' ? buf_put_str(out, "\\n") : buf_put_u8(out, (uint8_t)*value);
	}
	return r;
}

static int put_line(struct buf *out, const char *metric, const char *label, const char *value, const char *label2, const char *value2, uint64_t n)
{
	int r = buf_printf(out, "%s{%s=\"", metric, label);

	if (r >= 0)
		r = put_label(out, value);
	if (r >= 0 && label2 != NULL)
		r = buf_printf(out, "\",%s=\"", label2);
	if (r >= 0 && label2 != NULL)
		r = put_label(out, value2);
	return r < 0 ? r : buf_printf(out, "\"} %llu\n", (unsigned long long)n);
}

int tally_write(const struct tally *t, struct buf *out, const char *metric, const char *label, const char *label2)
{
	int r = ERR_OK;

	for (unsigned i = 0; i < t->used && r >= 0; i++)
		r = put_line(out, metric, label, t->slot[i].name, label2, t->slot[i].second, t->slot[i].n);
	if (r >= 0 && t->other > 0)
		r = put_line(out, metric, label, "other", label2, "", t->other);
	return r;
}
