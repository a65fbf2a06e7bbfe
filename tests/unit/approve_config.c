/* The configuration: a good file comes out whole, and every mistake is told with its place and the way out. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approve/config.h"
#include "base/err.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3x7YwzPq0b0cqYbGf3b1nPp0nq0m9c0m8vD3o1q2r3"

static const char head[] = "version: 1\n"
			   "listen: [\"127.0.0.1:0\", \"[::1]:2222\"]\n"
			   "host_key: hk\n"
			   "state: /s\n"
			   "policy: policy.yaml\n"
			   "vault: { store: v, master_key: m }\n";
static const char issuers[] = "issuers:\n"
			      "  - name: demo\n"
			      "    issuer: \"https://idp.example\"\n"
			      "    audiences: [sallyport]\n";
static const char targets[] = "targets:\n"
			      "  - name: web1\n"
			      "    address: 10.0.0.5\n"
			      "    login: deploy\n"
			      "    logins: [root]\n"
			      "    host_keys: [\"" KEY " comment\"]\n"
			      "    tags: { role: web }\n"
			      "    key: web1\n";

static int parse(const char *a, const char *b, const char *c, const char *d, struct config **out, struct buf *errors)
{
	char text[8192];

	buf_init(errors, 1 << 16);
	snprintf(text, sizeof(text), "%s%s%s%s", a, b, c, d);
	return config_parse("c.yaml", "/etc/sallyport", text, strlen(text), out, errors);
}

static void good(void **state)
{
	struct config *c;
	struct buf e;

	(void)state;
	if (parse(head, issuers, targets,
		  "roles:\n  approver: { groups: [sre] }\n  local: { uids: { 1000: [approver, sre] } }\n"
		  "approvals: { wait: 5s }\nrecording: { part_bytes: 1MiB }\nhttp: { listen: \"127.0.0.1:8022\" }\n",
		  &c, &e) != ERR_OK)
		fail_msg("%s", buf_cstr(&e));
	assert_int_equal(c->n_listen, 2);
	assert_string_equal(c->listen[1].host, "::1");
	assert_int_equal(c->listen[1].port, 2222);
	assert_string_equal(c->host_key, "/etc/sallyport/hk");
	assert_string_equal(c->state, "/s");
	assert_string_equal(c->issuers[0].subject, "/sub");
	assert_int_equal(c->issuers[0].types.n, 3);
	assert_true(c->issuers[0].single_use);
	assert_int_equal(c->issuers[0].clock_skew, 60);
	assert_non_null(config_target(c, "web1"));
	assert_null(config_target(c, "web2"));
	assert_true(config_target_has_login(config_target(c, "web1"), "deploy"));
	assert_true(config_target_has_login(config_target(c, "web1"), "root"));
	assert_false(config_target_has_login(config_target(c, "web1"), "daemon"));
	assert_string_equal(c->targets[0].host_keys.v[0], KEY);
	assert_int_equal(c->targets[0].port, 22);
	assert_int_equal(c->locals[0].roles, ROLE_APPROVER);
	assert_int_equal(c->locals[0].groups.n, 2);
	assert_int_equal(c->approvals.wait, 5);
	assert_int_equal(c->approvals.pending_ttl, 3600);
	assert_int_equal(c->limits.channels, 64);
	assert_int_equal(c->part_bytes, 1 << 20);
	assert_true(c->masking);
	config_free(c);
	buf_free(&e);
}

/* Each line: what is wrong, and words that the message must hold. */
static void mistakes(void **state)
{
	static const struct {
		const char *extra, *place, *words;
	} rows[] = {
		{ "aproval: {}\n", "c.yaml:19:1:", "approvals" },
		{ "http: { listen: \"0.0.0.0:8022\" }\n", "c.yaml:19:", "tls" },
		{ "http: { listen: \"localhost:8022\" }\n", "c.yaml:19:", "numeric" },
		{ "http: { listen: \"127.0.0.1\" }\n", "c.yaml:19:", "port" },
		{ "limits: { channels: many }\n", "c.yaml:19:", "channels" },
		{ "limits: { login_grace: 30 }\n", "c.yaml:19:", "login_grace" },
		{ "limits: { rekey_bytes: 1GB }\n", "c.yaml:19:", "64MiB" },
		{ "limits: { rekey_after: 3600 }\n", "c.yaml:19:", "duration" },
		{ "approvals: { webhooks: [{ url: \"http://hooks.example/x\", secret_file: s }] }\n", "c.yaml:19:", "https" },
		{ "approvals: { webhooks: [{ url: \"https://hooks.example/x\" }] }\n", "c.yaml:19:", "secret_file" },
		{ "roles: { approver: {} }\n", "c.yaml:19:", "nobody" },
		{ "roles: { approver: { subjects: [kim] } }\n", "c.yaml:19:", "issuer|subject" },
		{ "roles: { local: { uids: { kim: [approver] } } }\n", "c.yaml:19:", "user id" },
		{ "recording: { part_bytes: 1TB }\n", "c.yaml:19:", "64MiB" },
		{ "audit: { origin: \"a b\" }\n", "c.yaml:19:", "origin" },
		{ "recording: { keep: 90 }\n", "c.yaml:19:", "duration" },
		{ "recording: { keep_bytes: 1PB }\n", "c.yaml:19:", "64MiB" },
		{ "recording: { encrypt_to: [] }\n", "c.yaml:19:", "1 to 8" },
		{ "audit: { outputs: [{ name: a }] }\n", "c.yaml:19:", "exactly one" },
		{ "audit: { outputs: [{ name: a, journald: true, syslog: \"udp://127.0.0.1:514\" }] }\n", "c.yaml:19:", "exactly one" },
		{ "audit: { outputs: [{ name: a, syslog: \"udp://siem.example:514\" }] }\n", "c.yaml:19:", "numeric" },
		{ "audit: { outputs: [{ name: a, syslog: \"/dev/log\" }] }\n", "c.yaml:19:", "udp://" },
		{ "audit: { outputs: [{ name: a, webhook: \"https://siem.example/x\" }] }\n", "c.yaml:19:", "secret_file" },
		{ "audit: { outputs: [{ name: a, journald: true }, { name: a, journald: true }] }\n", "c.yaml:19:", "two outputs" },
		{ "witness: { logs: [{ origin: a }] }\n", "c.yaml:19:", "allowed_signers" },
		{ "witness: { logs: [{ origin: a, allowed_signers: f }, { origin: a, allowed_signers: g }] }\n", "c.yaml:19:", "twice" },
		{ "certificates: { lifetime: 5 }\n", "c.yaml:19:", "lifetime" },
	};
	struct config *c;
	struct buf e;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(parse(head, issuers, targets, rows[i].extra, &c, &e), ERR_MALFORMED);
		assert_null(c);
		if (strstr(buf_cstr(&e), rows[i].place) == NULL || strstr(buf_cstr(&e), rows[i].words) == NULL)
			fail_msg("%s gave: %s", rows[i].extra, buf_cstr(&e));
		buf_free(&e);
	}
}

static void people_and_places(void **state)
{
	static const struct {
		const char *issuers, *targets, *words;
	} rows[] = {
		{ "issuers: []\n", targets, "nobody could log in" },
		{ "issuers:\n  - name: Demo\n    issuer: \"https://x\"\n    audiences: [a]\n", targets, "a-z" },
		{ "issuers:\n  - name: demo\n    issuer: \"ftp://x\"\n    audiences: [a]\n", targets, "https" },
		{ "issuers:\n  - name: demo\n    issuer: \"https://x\"\n", targets, "audiences" },
		{ "issuers:\n  - name: demo\n    issuer: \"https://x\"\n    audiences: [a]\n    algorithms: [HS256]\n", targets, "HS256" },
		{ "issuers:\n  - name: demo\n    issuer: \"https://x\"\n    audiences: [a]\n    subject: sub\n", targets, "JSON Pointer" },
		{ "issuers:\n  - name: local\n    issuer: \"https://x\"\n    audiences: [a]\n", targets, "taken" },
		{ "issuers:\n  - name: a\n    issuer: \"https://x\"\n    audiences: [a]\n  - name: b\n    issuer: \"https://x\"\n    audiences: [a]\n",
		  targets, "two issuers" },
		{ issuers, "targets:\n  - name: w\n    address: h\n    login: d\n    key: w\n", "not pinned" },
		{ issuers, "targets:\n  - name: w\n    address: h\n    login: d\n    host_keys: [\"" KEY "\"]\n", "exactly one of key" },
		{ issuers, "targets:\n  - name: w\n    address: h\n    login: d\n    host_keys: [\"ssh-dss AAAA\"]\n    key: w\n", "ssh-ed25519" },
		{ issuers, "targets:\n  - name: w\n    address: \"-oProxy\"\n    login: d\n    host_keys: [\"" KEY "\"]\n    key: w\n", "address" },
		{ issuers, "targets:\n  - name: w\n    address: h\n    login: \"d;x\"\n    host_keys: [\"" KEY "\"]\n    key: w\n", "login" },
		{ issuers, "targets:\n  - name: sign\n    address: h\n    login: d\n    host_keys: [\"" KEY "\"]\n    key: w\n", "taken" },
		{ issuers, "targets:\n  - name: w\n    address: h\n    login: d\n    shell: powershell\n    host_keys: [\"" KEY "\"]\n    key: w\n", "shell" },
	};
	struct config *c;
	struct buf e;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(parse(head, rows[i].issuers, rows[i].targets, "", &c, &e), ERR_MALFORMED);
		if (strstr(buf_cstr(&e), rows[i].words) == NULL || strncmp(buf_cstr(&e), "c.yaml:", 7) != 0)
			fail_msg("row %zu gave: %s", i, buf_cstr(&e));
		buf_free(&e);
	}
}

static void every_mistake_in_one_run(void **state)
{
	struct config *c;
	struct buf e;
	unsigned lines = 0;

	(void)state;
	assert_int_equal(parse("version: 2\nlisten: []\n", "", "", "", &c, &e), ERR_MALFORMED);
	for (const char *p = buf_cstr(&e); *p != '\0'; p++)
		lines += *p == '\n';
	assert_true(lines >= 7); /* version, listen, host_key, state, policy, vault, issuers, targets */
	buf_free(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(good), cmocka_unit_test(mistakes), cmocka_unit_test(people_and_places),
					    cmocka_unit_test(every_mistake_in_one_run) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
