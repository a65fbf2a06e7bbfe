/* File operations and transfers go by the path rules: every name of a path, every path of an operation, the strictest first; a tree only where a rule
 * covers all of it. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "policy/policy.h"
#include "policy/transfer.h"

static const char sample[] =
	"version: 1\n"
	"packs: [core.readonly, core.protected-paths]\n"
	"rules:\n"
	"  - id: how\n"
	"    allow: [{ subsystem: [sftp, scp, rsync] }]\n"
	"  - id: drop\n"
	"    allow: [{ write: [\"~/drop/**\", \"/srv/app/*/conf\"] }, { delete: [\"~/drop/**\"] }]\n"
	"  - id: srv\n"
	"    allow: [{ write: [\"/srv/data/**\"] }]\n"
	"  - id: keep\n"
	"    deny: [{ write: [\"/srv/data/keep/**\"] }, { read: [\"/srv/secret/**\"] }]\n"
	"  - id: release\n"
	"    approve: [{ write: [\"/srv/release/**\"] }]\n"
	"    approvers: [sre]\n"
	"    record: digest\n"
	"  - id: no-verbose\n"
	"    deny: [\"scp -v **\"]\n";

static struct policy *policy;

static int load(void **state)
{
	struct buf e;

	(void)state;
	buf_init(&e, 1 << 20);
	if (policy_load("test.yaml", sample, strlen(sample), &policy, &e) != ERR_OK) {
		fprintf(stderr, "%s", e.len > 0 ? buf_cstr(&e) : "?");
		return -1;
	}
	buf_free(&e);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	policy_free(policy);
	return 0;
}

static void expect(enum file_op op, const char *path, const struct policy_path *more, size_t n, enum verdict want, const char *rule)
{
	struct policy_question q = { .kind = QUESTION_FILE, .op = op, .text = path, .len = strlen(path), .cwd = "/home/u", .paths = more, .npaths = n };
	struct policy_answer a;

	assert_int_equal(policy_decide(policy, &q, &a), ERR_OK);
	if (a.verdict != want || (rule != NULL && strcmp(a.rule, rule) != 0))
		fail_msg("%s: %s by %s (%s)", path, verdict_name(a.verdict), a.rule, a.reason);
	policy_answer_free(&a);
}

static void one_path(void **state)
{
	(void)state;
	expect(FILE_READ, "/etc/hosts", NULL, 0, VERDICT_ALLOW, "core.readonly.read");
	expect(FILE_LIST, "/etc", NULL, 0, VERDICT_ALLOW, NULL);
	expect(FILE_READ, "/srv/secret/x", NULL, 0, VERDICT_DENY, "keep");
	expect(FILE_LIST, "/srv/secret", NULL, 0, VERDICT_DENY, "keep");
	expect(FILE_WRITE, "/home/u/drop/x", NULL, 0, VERDICT_ALLOW, "drop");
	expect(FILE_META, "/home/u/drop/x", NULL, 0, VERDICT_ALLOW, "drop");
	expect(FILE_DELETE, "/home/u/drop/x", NULL, 0, VERDICT_ALLOW, "drop");
	expect(FILE_WRITE, "/home/bob/drop/x", NULL, 0, VERDICT_DENY, "default"); /* ~ is this home, not a home */
	expect(FILE_WRITE, "/home/u/drop/.ssh/x", NULL, 0, VERDICT_DENY, "core.protected-paths.ssh");
	expect(FILE_WRITE, "/srv/app/a/conf", NULL, 0, VERDICT_ALLOW, "drop");
	expect(FILE_WRITE, "/srv/app/a/b/conf", NULL, 0, VERDICT_DENY, "default");
	expect(FILE_DELETE, "/srv/data/x", NULL, 0, VERDICT_DENY, "default");
	expect(FILE_WRITE, "/srv/release/x", NULL, 0, VERDICT_APPROVE, "release");
	expect(FILE_WRITE, "/home/u/drop/a..b", NULL, 0, VERDICT_ALLOW, "drop");
	expect(FILE_WRITE, "/home/u/drop/../x", NULL, 0, VERDICT_DENY, NULL);
	expect(FILE_WRITE, "/home/u/drop/a\nb", NULL, 0, VERDICT_DENY, "gate:bytes");
	expect(FILE_WRITE, "", NULL, 0, VERDICT_DENY, "gate:bytes");
}

static void every_path_of_it(void **state)
{
	static const struct policy_path keys[] = { { FILE_WRITE, false, "/home/u/.ssh/authorized_keys", 28 } }, ask[] = { { FILE_WRITE, false, "/srv/release/x", 14 } },
				     twice[] = { { FILE_WRITE, false, "/srv/release/x", 14 }, { FILE_READ, false, "/srv/secret/x", 13 } };

	(void)state;
	expect(FILE_WRITE, "/home/u/drop/link", keys, 1, VERDICT_DENY, "core.protected-paths.ssh");
	expect(FILE_DELETE, "/home/u/drop/x", ask, 1, VERDICT_APPROVE, "release");
	expect(FILE_DELETE, "/home/u/drop/x", twice, 2, VERDICT_DENY, "keep");
}

static void trees(void **state)
{
	static const struct {
		enum file_op op;
		const char *path;
		enum verdict want;
		const char *rule;
	} cases[] = {
		{ FILE_WRITE, "/home/u/drop", VERDICT_ALLOW, "drop" },     { FILE_WRITE, "/home/u/drop/a/b", VERDICT_ALLOW, "drop" },
		{ FILE_WRITE, "/srv/data", VERDICT_DENY, "keep" },	   { FILE_WRITE, "/srv/data/keep/x", VERDICT_DENY, "keep" },
		{ FILE_WRITE, "/srv/data/other", VERDICT_ALLOW, "srv" },   { FILE_WRITE, "/srv/app/a/conf", VERDICT_DENY, "default" },
		{ FILE_READ, "/srv", VERDICT_DENY, "keep" },		   { FILE_READ, "/var/log", VERDICT_ALLOW, NULL },
		{ FILE_READ, "/", VERDICT_DENY, "keep" },		   { FILE_WRITE, "/", VERDICT_DENY, NULL },
		{ FILE_WRITE, "/home/u", VERDICT_DENY, NULL },		   { FILE_WRITE, "/home", VERDICT_DENY, NULL },
		{ FILE_WRITE, "/etc", VERDICT_DENY, NULL },		   { FILE_WRITE, "/home/u/drop/.ssh", VERDICT_DENY, "core.protected-paths.ssh" },
		{ FILE_WRITE, "/srv/release", VERDICT_APPROVE, "release" },
		/* A directory that gets the name under which something in it would be protected. */
		{ FILE_WRITE, "/home/u/drop/.git", VERDICT_DENY, "core.protected-paths.loading" }, { FILE_WRITE, "/home/u/drop/a/.config", VERDICT_DENY, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy_path tree = { cases[i].op, true, cases[i].path, strlen(cases[i].path) };

		expect(cases[i].op, cases[i].path, &tree, 1, cases[i].want, cases[i].rule);
	}
}

static void far_ends(void **state)
{
	static const struct {
		const char *text;
		enum verdict want;
		const char *rule;
		enum transfer kind;
	} cases[] = {
		{ "scp -t /anywhere", VERDICT_ALLOW, "how", TRANSFER_SCP_SINK },
		{ "scp -r -p -d -t -- /x", VERDICT_ALLOW, "how", TRANSFER_SCP_SINK },
		{ "scp -f ~/x", VERDICT_ALLOW, "how", TRANSFER_SCP_SOURCE },
		{ "scp -v -t /x", VERDICT_DENY, "no-verbose", TRANSFER_SCP_SINK },
		{ "scp -f /x/*", VERDICT_DENY, "gate:transfer", TRANSFER_NONE },
		{ "scp -f '~/x'", VERDICT_DENY, "gate:transfer", TRANSFER_NONE },
		{ "scp -t -S sh /x", VERDICT_DENY, "gate:transfer", TRANSFER_NONE },
		{ "scp -t /x > /tmp/y", VERDICT_DENY, NULL, TRANSFER_NONE },
		{ "scp -t /x &", VERDICT_DENY, NULL, TRANSFER_NONE },
		{ "scp a b:c", VERDICT_DENY, "default", TRANSFER_NONE },
		{ "rsync --server -rte.LsfxCIvu . drop/x", VERDICT_ALLOW, "how", TRANSFER_RSYNC },
		{ "rsync --server -logDtpre.LsfxCIvu . drop", VERDICT_DENY, "gate:transfer", TRANSFER_NONE },
		{ "rsync --server -logDtpre.LsfxCIvu --safe-links . drop", VERDICT_ALLOW, "how", TRANSFER_RSYNC },
		{ "rsync --server -rte.LsfxCIvu --delete . /srv/data/x", VERDICT_DENY, "default", TRANSFER_RSYNC },
		{ "rsync --server -rte.LsfxCIvu . /srv/data", VERDICT_DENY, "keep", TRANSFER_RSYNC },
		{ "rsync --server -rte.LsfxCIvu . /srv/release/1", VERDICT_ALLOW, "how", TRANSFER_RSYNC }, /* asked of a person once it is known where it leads */
		{ "rsync --server --sender -logDtpre.LsfxCIvu . /var/log", VERDICT_ALLOW, "how", TRANSFER_RSYNC },
		{ "rsync --server --sender -logDtpre.LsfxCIvu . /srv", VERDICT_DENY, "keep", TRANSFER_RSYNC },
		{ "rsync --server --sender -rLe.LsfxCIvu . /var/log", VERDICT_DENY, "gate:transfer", TRANSFER_NONE },
		{ "rsync --server -re.L --rsh=id . drop", VERDICT_DENY, "gate:transfer", TRANSFER_NONE },
		{ "rsync --server -e id . drop", VERDICT_DENY, "gate:transfer", TRANSFER_NONE },
		{ "rsync --server --daemon .", VERDICT_DENY, "gate:transfer", TRANSFER_NONE },
		{ "rsync --server -s", VERDICT_DENY, "gate:transfer", TRANSFER_NONE },
		{ "rsync --server -rte.L . a b", VERDICT_DENY, "gate:transfer", TRANSFER_NONE },
		{ "rsync --server -rte.L --backup-dir /etc . drop", VERDICT_DENY, NULL, TRANSFER_RSYNC },
		{ "rsync --server -rte.L --backup-dir ../x . drop", VERDICT_DENY, "gate:transfer", TRANSFER_NONE },
		{ "rsync --server -rte.L --link-dest /home/u/.ssh . drop", VERDICT_DENY, NULL, TRANSFER_RSYNC },
		{ "sudo rsync --server -rte.L . drop", VERDICT_DENY, NULL, TRANSFER_NONE },
		{ "rsync -a x y", VERDICT_DENY, "default", TRANSFER_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy_question q = { .kind = QUESTION_EXEC, .text = cases[i].text, .len = strlen(cases[i].text), .dialect = DIALECT_BASH };
		struct policy_answer a;

		assert_int_equal(policy_decide(policy, &q, &a), ERR_OK);
		if (a.verdict != cases[i].want || (cases[i].rule != NULL && strcmp(a.rule, cases[i].rule) != 0) || a.transfer != cases[i].kind)
			fail_msg("%s: %s by %s, transfer %d (%s)", q.text, verdict_name(a.verdict), a.rule, (int)a.transfer, a.reason);
		if (a.verdict == VERDICT_ALLOW)
			assert_true(a.text != NULL && a.record_digest && a.transfer_argc > 1);
		policy_answer_free(&a);
	}
}

static void words_of_scp(void **state)
{
	static const char *const argv[] = { "/usr/bin/scp", "-rpt", "~/x" };
	struct transfer_plan t;

	(void)state;
	assert_int_equal(transfer_read(argv, 3, &t), ERR_OK);
	assert_int_equal(t.kind, TRANSFER_SCP_SINK);
	assert_true(t.recursive && t.times && !t.directory && t.npaths == 1 && t.paths[0].op == FILE_WRITE);
	assert_int_equal(transfer_read(argv, 2, &t), ERR_REFUSED);
	assert_int_equal(transfer_read(argv + 2, 1, &t), ERR_NOTFOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_path), cmocka_unit_test(every_path_of_it), cmocka_unit_test(trees), cmocka_unit_test(far_ends), cmocka_unit_test(words_of_scp),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
