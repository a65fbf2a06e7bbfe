/* Records as canonical, chained JSON lines; see chain.h. Distrusts field values (escaped) and lines that it reads. */
#include "audit/chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const fixed[] = { "seq", "time", "mono", "session", "event", "prev" };

void chain_init(struct chain *c)
{
	memset(c, 0, sizeof(*c));
	merkle_init(&c->tree);
}

void chain_time(uint64_t wall_ms, char out[CHAIN_TIME_LEN + 1])
{
	time_t s = (time_t)(wall_ms / 1000);
	struct tm tm;
	char text[64];

	if (gmtime_r(&s, &tm) == NULL || tm.tm_year > 9999 - 1900)
		memset(&tm, 0, sizeof(tm));
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		 tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(wall_ms % 1000));
	memcpy(out, text, CHAIN_TIME_LEN);
	out[CHAIN_TIME_LEN] = '\0';
}

int chain_time_parse(const char *s, size_t n, uint64_t *wall_ms)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ";
	int v[7] = { 0 }, field = 0;
	struct tm tm = { 0 };
	char back[CHAIN_TIME_LEN + 1];
	time_t t;

	if (n != CHAIN_TIME_LEN)
		return ERR_MALFORMED;
	for (size_t i = 0; i < n; i++) {
		if (form[i] == 'd') {
			if (s[i] < '0' || s[i] > '9')
				return ERR_MALFORMED;
			v[field] = v[field] * 10 + (s[i] - '0');
		} else if (s[i] != form[i]) {
			return ERR_MALFORMED;
		} else {
			field++;
		}
	}
	tm.tm_year = v[0] - 1900;
	tm.tm_mon = v[1] - 1;
	tm.tm_mday = v[2];
	tm.tm_hour = v[3];
	tm.tm_min = v[4];
	tm.tm_sec = v[5];
	t = timegm(&tm);
	if (t < 0)
		return ERR_MALFORMED;
	*wall_ms = (uint64_t)t * 1000 + (uint64_t)v[6];
	chain_time(*wall_ms, back); /* 31 February does not come back as itself */
	return memcmp(back, s, n) == 0 ? ERR_OK : ERR_MALFORMED;
}

static bool name_ok(const char *s, const char *also, size_t max)
{
	size_t n = strlen(s);

	if (n == 0 || n > max)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!(s[i] >= 'a' && s[i] <= 'z') && !(s[i] >= '0' && s[i] <= '9') && !(s[i] >= 'A' && s[i] <= 'Z') &&
		    strchr(also, s[i]) == NULL)
			return false;
	return true;
}

static int check_parts(const char *session, const char *event, const json_t *fields, struct why *w)
{
	if (session != NULL && !name_ok(session, "._:-", CHAIN_MAX_SESSION))
		return why_fail(w, ERR_MALFORMED, "a session id of the wrong form");
	if (!name_ok(event, "._", 64))
		return why_fail(w, ERR_MALFORMED, "an event name of the wrong form");
	if (fields == NULL)
		return ERR_OK;
	if (!json_is_object(fields))
		return why_fail(w, ERR_MALFORMED, "fields of event %s are not an object", event);
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (json_object_get(fields, fixed[i]) != NULL)
			return why_fail(w, ERR_MALFORMED, "field %s belongs to the chain", fixed[i]);
	return ERR_OK;
}

/* jansson leaves DEL as it is; a terminal that shows the log must not get it. */
static int put_ascii(struct buf *out, const char *s, size_t n)
{
	const char *del;
	int r;

	while ((del = memchr(s, 0x7f, n)) != NULL) {
		size_t k = (size_t)(del - s);

		r = buf_put(out, s, k);
		if (r == ERR_OK)
			r = buf_put_str(out, "\\u007f");
		if (r < 0)
			return r;
		s += k + 1;
		n -= k + 1;
	}
	return buf_put(out, s, n);
}

static int put_fields(struct buf *out, const json_t *fields)
{
	char *text;
	size_t n;
	int r = ERR_OK;

	if (fields == NULL || json_object_size(fields) == 0)
		return ERR_OK;
	text = json_dumps(fields, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_SORT_KEYS);
	if (text == NULL)
		return ERR_NOMEM;
	n = strlen(text);
	if (n < 2)
		r = ERR_MALFORMED;
	else
		r = buf_put_u8(out, ',');
	if (r == ERR_OK)
		r = put_ascii(out, text + 1, n - 2);
	free(text);
	return r;
}

int chain_append(struct chain *c, struct buf *out, uint64_t wall_ms, uint64_t mono_ms, const char *session,
		 const char *event, const json_t *fields, struct why *w)
{
	size_t before = out->len;
	char time[CHAIN_TIME_LEN + 1], prev[DIGEST_HEX + 1];
	struct chain next;
	int r = check_parts(session, event, fields, w);

	if (r < 0)
		return r;
	chain_time(wall_ms, time);
	digest_hex(c->head, prev);
	r = buf_printf(out, "{\"seq\":%llu,\"time\":\"%s\",\"mono\":%llu,\"session\":", (unsigned long long)c->seq + 1, time,
		       (unsigned long long)mono_ms);
	if (r == ERR_OK)
		r = session == NULL ? buf_printf(out, "null,\"event\":\"%s\"", event) :
				      buf_printf(out, "\"%s\",\"event\":\"%s\"", session, event);
	if (r == ERR_OK)
		r = put_fields(out, fields);
	if (r == ERR_OK)
		r = buf_printf(out, ",\"prev\":\"%s\"}\n", prev);
	if (r == ERR_OK && out->len - before - 1 > CHAIN_MAX_LINE)
		r = ERR_LIMIT;
	if (r == ERR_OK) {
		next = *c;
		r = chain_push(&next, (struct view){ buf_ptr(out) + before, out->len - before - 1 }, NULL);
		if (r == ERR_OK)
			*c = next;
	}
	if (r < 0) {
		out->len = before;
		return why_fail(w, r, "event %s could not be written: %s", event, err_text(r));
	}
	return ERR_OK;
}

int chain_push(struct chain *c, struct view line, uint8_t *digest_out)
{
	uint8_t leaf[DIGEST_SIZE], head[DIGEST_SIZE];
	int r = digest(line.p, line.n, head);

	if (r == ERR_OK)
		r = merkle_leaf(line.p, line.n, leaf);
	if (r == ERR_OK)
		r = merkle_add(&c->tree, leaf);
	if (r < 0)
		return r;
	memcpy(c->head, head, DIGEST_SIZE);
	c->seq++;
	if (digest_out != NULL)
		memcpy(digest_out, head, DIGEST_SIZE);
	return ERR_OK;
}

/* A cursor over the line: each step fails for good once one has failed. */
struct cursor {
	const char *p;
	size_t n;
	bool ok;
};

static void expect(struct cursor *c, const char *s)
{
	size_t n = strlen(s);

	if (!c->ok || c->n < n || memcmp(c->p, s, n) != 0) {
		c->ok = false;
		return;
	}
	c->p += n;
	c->n -= n;
}

static uint64_t number(struct cursor *c)
{
	uint64_t v = 0;
	size_t i = 0;

	while (c->ok && i < c->n && i < 19 && c->p[i] >= '0' && c->p[i] <= '9')
		v = v * 10 + (uint64_t)(c->p[i++] - '0');
	if (!c->ok || i == 0 || (i > 1 && c->p[0] == '0'))
		c->ok = false;
	if (c->ok) {
		c->p += i;
		c->n -= i;
	}
	return v;
}

/* Bytes up to a quote, none of them a backslash, 1 to max. */
static struct view quoted(struct cursor *c, size_t max)
{
	struct view v = { NULL, 0 };
	const char *end;

	expect(c, "\"");
	if (!c->ok)
		return v;
	end = memchr(c->p, '"', c->n < max + 1 ? c->n : max + 1);
	if (end == NULL || end == c->p || memchr(c->p, '\\', (size_t)(end - c->p)) != NULL) {
		c->ok = false;
		return v;
	}
	v.p = (const uint8_t *)c->p;
	v.n = (size_t)(end - c->p);
	c->n -= v.n + 1;
	c->p = end + 1;
	return v;
}

static bool printable(struct view line)
{
	uint8_t bad = 0;

	for (size_t i = 0; i < line.n; i++)
		bad |= (uint8_t)((uint8_t)(line.p[i] - 0x20) > 0x7e - 0x20);
	return bad == 0;
}

int chain_read(struct view line, struct chain_record *r, struct why *w)
{
	static const char tail[] = ",\"prev\":\"";
	const size_t tail_len = sizeof(tail) - 1 + DIGEST_HEX + 2;
	struct cursor c = { (const char *)line.p, line.n, true };
	const char *end;

	memset(r, 0, sizeof(*r));
	if (line.n < tail_len || line.n > CHAIN_MAX_LINE || !printable(line))
		return why_fail(w, ERR_MALFORMED, "not a line of the log");
	c.n -= tail_len;
	end = c.p + c.n;
	expect(&c, "{\"seq\":");
	r->seq = number(&c);
	expect(&c, ",\"time\":");
	r->time = quoted(&c, CHAIN_TIME_LEN);
	expect(&c, ",\"mono\":");
	r->mono = number(&c);
	expect(&c, ",\"session\":");
	if (c.ok && c.n > 0 && c.p[0] == 'n')
		expect(&c, "null");
	else
		r->session = quoted(&c, CHAIN_MAX_SESSION);
	expect(&c, ",\"event\":");
	r->event = quoted(&c, 64);
	if (!c.ok || (c.n > 0 && c.p[0] != ',') || r->time.n != CHAIN_TIME_LEN)
		return why_fail(w, ERR_MALFORMED, "the fixed fields are not in their form");
	if (memcmp(end, tail, sizeof(tail) - 1) != 0 || memcmp(end + tail_len - 2, "\"}", 2) != 0 ||
	    !digest_unhex(end + sizeof(tail) - 1, DIGEST_HEX, r->prev))
		return why_fail(w, ERR_MALFORMED, "the line does not end in its prev field");
	return ERR_OK;
}

/* Length of the well-formed UTF-8 sequence at p (Unicode table 3-7), 0 when there is none. */
static size_t utf8_len(const uint8_t *p, size_t n)
{
	uint8_t lo = 0x80, hi = 0xbf;
	size_t k;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	k = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		lo = 0xa0;
	else if (p[0] == 0xed)
		hi = 0x9f;
	else if (p[0] == 0xf0)
		lo = 0x90;
	else if (p[0] == 0xf4)
		hi = 0x8f;
	if (n < k || p[1] < lo || p[1] > hi)
		return 0;
	for (size_t i = 2; i < k; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return k;
}

json_t *chain_text(const void *p, size_t n)
{
	const uint8_t *s = p;
	json_t *j = NULL;
	struct buf b;
	int r = ERR_OK;

	buf_init(&b, 4 * n + 1);
	for (size_t i = 0, k; i < n && r == ERR_OK; i += k) {
		k = utf8_len(s + i, n - i);
		if (k > 0) {
			r = buf_put(&b, s + i, k);
		} else {
			r = buf_printf(&b, "\\x%02x", s[i]);
			k = 1;
		}
	}
	if (r == ERR_OK)
		j = json_stringn_nocheck(b.len > 0 ? (const char *)buf_ptr(&b) : "", b.len);
	buf_free(&b);
	return j;
}
