/* A policy file with a mistake is not loaded, and the message says where and what to write. The tables are large and whole. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "policy/policy.h"
#include "policy/table.h"

static void refused(const char *text, const char *place, const char *says)
{
	struct policy *p;
	struct buf e;
	char want[128];

	buf_init(&e, 1 << 20);
	assert_int_equal(policy_load("p.yaml", text, strlen(text), &p, &e), ERR_MALFORMED);
	assert_null(p);
	snprintf(want, sizeof(want), "p.yaml:%s", place);
	if (e.len == 0 || strstr(buf_cstr(&e), want) == NULL || strstr(buf_cstr(&e), says) == NULL) {
		fprintf(stderr, "%s\ngave: %s\nwanted %s %s\n", text, e.len > 0 ? buf_cstr(&e) : "", want, says);
		fail();
	}
	buf_free(&e);
}

static void mistakes_have_a_place_and_a_fix(void **state)
{
	(void)state;
	refused("- a\n", "1:", "map");
	refused("version: 2\n", "1:", "version");
	refused("profile: enforce\n", "", "version: 1");
	refused("version: 1\nrule: []\n", "2:1", "rules");
	refused("version: 1\nversion: 1\n", "2:", "version");
	refused("version: 1\npacks: [core.readonyl]\n", "2:", "there is no pack 'core.readonyl'");
	refused("version: 1\nrules:\n  - { id: a, alow: [x] }\n", "3:", "allow");
	refused("version: 1\nrules:\n  - { id: a }\n", "3:", "matches nothing");
	refused("version: 1\nrules:\n  - { id: a, allow: [\"ls | sh\"] }\n", "3:", "without shell syntax");
	refused("version: 1\nrules:\n  - { id: a, allow: [\"**\"] }\n", "3:", "every command");
	refused("version: 1\nrules:\n  - { id: a, allow: [x] }\n  - { id: a, deny: [x] }\n", "4:", "twice");
	refused("version: 1\nrules:\n  - { id: core.x, allow: [x] }\n", "3:", "core.");
	refused("version: 1\nrules:\n  - { id: a, who: [b], allow: [x] }\n", "3:", "who section");
	refused("version: 1\nwho: { a: { subject: x } }\n", "2:", "issuer");
	refused("version: 1\nwho: { a: { } }\n", "2:", "names nobody");
	refused("version: 1\nrules:\n  - { id: a, allow: [{ write: [\"srv\"] }] }\n", "3:", "must begin with");
	refused("version: 1\nrules:\n  - { id: a, allow: [{ write: [\"/srv/../x\"] }] }\n", "3:", "never matches");
	refused("version: 1\nrules:\n  - { id: a, allow: [{ forward: [\"db1\"] }] }\n", "3:", "names no port");
	refused("version: 1\nrules:\n  - { id: a, allow: [{ forward: [\"::1:22\"] }] }\n", "3:", "without brackets");
	refused("version: 1\nrules:\n  - { id: a, allow: [{ listen: [\"localhost:ssh\"] }] }\n", "3:", "no number for a port");
	refused("version: 1\nrules:\n  - { id: a, allow: [{ effects: [wreck] }] }\n", "3:", "not an effect");
	refused("version: 1\nrules:\n  - { id: a, approve: [x], grant: { ttl: 15 } }\n", "3:", "ttl");
	refused("version: 1\nrules:\n  - { id: a, allow: [x], approvers: [b] }\n", "3:", "approvers");
	refused("version: 1\nrules:\n  - &a { id: a, allow: [x] }\n", "3:", "anchor");
}

static void rule_tests_that_fail_refuse_the_file(void **state)
{
	(void)state;
	refused("version: 1\nrules:\n  - id: a\n    deny: [\"rm --recursive /**\"]\n    tests: { deny: [\"rm -f /x\"] }\n", "5:", "should be denied");
	refused("version: 1\nrules:\n  - id: a\n    deny: [\"rm --recursive /**\"]\n    tests: { not: [\"rm -rf /x\"] }\n", "5:", "should not match");
	refused("version: 1\nrules:\n  - id: a\n    allow: [\"app x\"]\n    tests: { allow: [\"app x; app y\"] }\n", "5:", "should be allowed");
	refused("version: 1\nrules:\n  - id: a\n    allow: [\"app x\"]\n    tests: { allow: [\"app (\"] }\n", "5:", "not a statement that can be read");
}

static void tables_are_as_large_as_promised(void **state)
{
	unsigned tools, wraps, runners;

	(void)state;
	table_counts(&tools, &wraps, &runners);
	assert_true(tools >= 80);
	assert_true(wraps >= 60);
	assert_true(runners >= 100);
	assert_non_null(table_find("ip addr show", 12));
	assert_null(table_find("frobnicate", 10));
	assert_int_equal(table_var("LD_PRELOAD", 10), VAR_DANGEROUS);
	assert_int_equal(table_var("LC_ALL", 6), VAR_HARMLESS);
	assert_int_equal(table_var("count", 5), VAR_PLAIN);
}

/* GTFOBins' "shell", "command" and "inherit" programs: none of them is a tool whose every run only reads. */
static void programs_that_start_shells_are_known_as_such(void **state)
{
	static const char *const names[] = { "awk", "bash", "busybox", "dash", "docker", "ed", "emacs", "env", "expect", "find", "flock", "gdb", "git", "less", "lua",
		"make", "man", "more", "mysql", "nice", "node", "nohup", "perl", "php", "psql", "python3", "rlwrap", "ruby", "rsync", "screen", "script", "sed", "sqlite3",
		"ssh", "strace", "sudo", "tar", "taskset", "tclsh", "time", "timeout", "tmux", "unshare", "vi", "vim", "watch", "xargs", "zip", "zsh", "systemctl",
		"journalctl", "nsenter", "setarch", "stdbuf", "start-stop-daemon", "run-parts", "logsave", "ionice", "chroot", "cpulimit", "dmsetup", "capsh", "crontab", "at",
		"split", "sort", "gcc", "gawk", "mawk", "nawk", "ftp", "telnet", "nmap", "tcpdump", "rpm", "dpkg", "apt", "apt-get", "yum", "pip", "gem", "bundle", "rake",
		"irb", "puppet", "ansible-playbook", "terraform", "kubectl", "openssl", "socat", "nc", "wget", "curl", "dd", "cp", "install", "tee", NULL };

	(void)state;
	for (unsigned i = 0; names[i] != NULL; i++) {
		const struct tool *t = table_find(names[i], strlen(names[i]));

		if (t == NULL || (t->flags & TOOL_ANY) != 0) {
			fprintf(stderr, "%s\n", names[i]);
			fail();
		}
	}
}

/* Their own tests hold in each, or the file is refused. */
static void packs_load_in_every_profile(void **state)
{
	static const char *const profiles[] = { "enforce", "guard", "observe" };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		char text[160];
		struct policy *p;
		struct buf e;

		snprintf(text, sizeof(text), "version: 1\nprofile: %s\npacks: [core.readonly, core.protected-paths, core.destructive]\n", profiles[i]);
		buf_init(&e, 1 << 20);
		if (policy_load("test.yaml", text, strlen(text), &p, &e) != ERR_OK)
			fail_msg("%s: %s", profiles[i], e.len > 0 ? buf_cstr(&e) : "?");
		policy_free(p);
		buf_free(&e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_have_a_place_and_a_fix),
		cmocka_unit_test(rule_tests_that_fail_refuse_the_file),
		cmocka_unit_test(packs_load_in_every_profile),
		cmocka_unit_test(tables_are_as_large_as_promised),
		cmocka_unit_test(programs_that_start_shells_are_known_as_such),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
