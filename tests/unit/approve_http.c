/* The API's table against its description, its paths, and what leaves it towards terminals. */
#include "tests/unit/unit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approve/http_call.h"
#include "approve/openapi.h"

static void lower(char *s)
{
	for (; *s != '\0'; s++)
		*s = (char)tolower((unsigned char)*s);
}

/* openapi.json and the routes say the same, both ways. */
static void description_is_the_table(void **state)
{
	json_t *doc = json_loadb((const char *)openapi_json, openapi_json_len, JSON_REJECT_DUPLICATES, NULL), *path, *op;
	const char *p, *m;
	size_t n = 0;

	(void)state;
	assert_non_null(doc);
	for (size_t i = 0; i < n_routes; i++) {
		char method[16];

		snprintf(method, sizeof(method), "%s", routes[i].method);
		lower(method);
		op = json_object_get(json_object_get(json_object_get(doc, "paths"), routes[i].path), method);
		if (op == NULL)
			fail_msg("openapi.json lacks %s %s", routes[i].method, routes[i].path);
		assert_string_equal(json_string_value(json_object_get(op, "operationId")), routes[i].operation);
		assert_int_equal(json_object_get(op, "requestBody") != NULL, routes[i].body != BODY_NONE);
		/* Where nobody in particular may call, nobody is asked for. */
		if (routes[i].needs == NEEDS_NOBODY)
			assert_int_equal(json_array_size(json_object_get(op, "security")), 0);
		if (routes[i].needs == NEEDS_ROLE)
			assert_non_null(json_object_get(json_object_get(op, "responses"), "403"));
	}
	json_object_foreach(json_object_get(doc, "paths"), p, path) {
		json_object_foreach(path, m, op) {
			n++;
		}
	}
	assert_int_equal(n, n_routes);
	json_decref(doc);
}

static void paths(void **state)
{
	char id[64];
	bool known;
	const struct route *r;

	(void)state;
	r = route_find("POST", "/v1/approvals/abc/approve", id, sizeof(id), &known);
	assert_non_null(r);
	assert_string_equal(r->operation, "approve");
	assert_string_equal(id, "abc");
	assert_null(route_find("GET", "/v1/approvals/abc/approve", id, sizeof(id), &known));
	assert_true(known);
	assert_null(route_find("GET", "/v1/approvals/", id, sizeof(id), &known));
	assert_false(known);
	assert_null(route_find("GET", "/v1/recordings/../../etc/passwd", id, sizeof(id), &known));
	assert_null(route_find("GET", "/v1/recordings/..", id, sizeof(id), &known));
	assert_null(route_find("GET", "/v1/recordings/a%2fb", id, sizeof(id), &known));
	assert_null(route_find("GET", "/v1/recordings/0123456789012345678901234567890123456789012345678901234567890123", id, sizeof(id), &known));
	assert_null(route_find("GET", "/v1/approvals/abc/", id, sizeof(id), &known));
	assert_null(route_find("GET", "//healthz", id, sizeof(id), &known));
	assert_non_null(route_find("HEAD", "/healthz", id, sizeof(id), &known));
}

static void escape_one(const char *in, size_t n, const char *want, bool want_escaped)
{
	struct buf b;
	bool escaped;

	buf_init(&b, 4096);
	assert_int_equal(ask_escape(in, n, &b, &escaped), ERR_OK);
	assert_string_equal(buf_cstr(&b), want);
	assert_int_equal(escaped, want_escaped);
	buf_free(&b);
}

#define E(in, want, esc) escape_one(in, sizeof(in) - 1, want, esc)

/* An approver's terminal gets printable ASCII, and can tell what it stands for. */
static void escapes(void **state)
{
	(void)state;
	E("grep '\\.log' x", "grep '\\.log' x", false);
	E("ls\x1b[2K", "ls\\x1b[2K", true);
	E("a\nb\tc", "a\\nb\\tc", true);
	E("a\0b", "a\\x00b", true);
	E("\xe2\x80\xae" "gpj.sh", "\\u{202e}gpj.sh", true);
	E("\xd0\xb0", "\\u{430}", true); /* a Cyrillic a */
	E("\xff\xc0\xaf", "\\xff\\xc0\\xaf", true);
	E("\xed\xa0\x80", "\\xed\\xa0\\x80", true); /* a surrogate */
	E("\xf0\x9f\x92\xa3", "\\u{1f4a3}", true);
	/* Where anything is escaped, a backslash of the text itself is doubled: no text can look like another. */
	E("\\x1b\x1b", "\\\\x1b\\x1b", true);
}

static void one_line(const struct line *l, const char *want)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	assert_int_equal(line_write(l, false, &b), ERR_OK);
	assert_string_equal(buf_cstr(&b), want);
	buf_free(&b);
}

/* The lines that the agent reads: a contract. */
static void agent_lines(void **state)
{
	struct line denied = { .event = "denied", .rule = "no-wipe", .reason = "It deletes everything.", .instead = "rm one file",
			       .exit_code = 126 };
	struct line waiting = { .event = "waiting", .approval = "id1", .rule = "deploy", .reason = "A change." };
	struct line refused = { .event = "refused", .approval = "id1", .by = "op\x1b[31m", .reason = "not\nnow", .exit_code = 77 };
	struct buf b;
	json_t *j;

	(void)state;
	one_line(&denied, "sallyport: denied rule=no-wipe: It deletes everything. instead: rm one file");
	one_line(&waiting, "sallyport: waiting for approval id=id1 rule=deploy: A change.");
	one_line(&refused, "sallyport: refused id=id1 by=op?[31m: not now");
	buf_init(&b, 1 << 16);
	assert_int_equal(line_write(&denied, true, &b), ERR_OK);
	assert_null(strchr(buf_cstr(&b), '\n'));
	j = json_loads(buf_cstr(&b), 0, NULL);
	assert_string_equal(json_string_value(json_object_get(j, "verdict")), "deny");
	assert_string_equal(json_string_value(json_object_get(j, "rule")), "no-wipe");
	assert_int_equal(json_integer_value(json_object_get(j, "exit")), 126);
	json_decref(j);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(description_is_the_table), cmocka_unit_test(paths), cmocka_unit_test(escapes),
					    cmocka_unit_test(agent_lines) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
