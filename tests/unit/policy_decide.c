/* A policy says what DESIGN section 6 promises: by meaning, by path, strictest first, and nothing that is not known. */
#include "tests/unit/policy_ask.h"

static const char sample[] =
	"version: 1\n"
	"profile: enforce\n"
	"packs: [core.readonly, core.protected-paths, core.destructive]\n"
	"who:\n"
	"  nightly: { issuer: github, subject: \"repo:acme/infra:*\" }\n"
	"  ops:     { groups: [ops-agents] }\n"
	"rules:\n"
	"  - id: web.logs\n"
	"    who: [ops, nightly]\n"
	"    on: { role: web }\n"
	"    allow: [\"app-log **\", \"app-tail -n * /var/log/**\", { write: [\"/srv/out/**\"] }, { env: [\"LANG\", \"LC_*\"] }, { subsystem: [sftp] }, { forward: [\"DB1:5432\", \"web*:80\", \"/run/app/*\"] }, { listen: [\"localhost:8*\"] }]\n"
	"  - id: web.restart\n"
	"    who: [ops]\n"
	"    on: { role: web, env: prod }\n"
	"    approve: [\"systemctl {restart,reload} {nginx,app}\"]\n"
	"    approvers: [sre]\n"
	"    approvals: 2\n"
	"    grant: { uses: 3, ttl: 15m }\n"
	"    reason: \"A restart drops live requests.\"\n"
	"    instead: \"systemctl reload nginx keeps them\"\n"
	"    tests: { approve: [\"sudo systemctl restart nginx\"], not: [\"systemctl status nginx\"] }\n"
	"  - id: code\n"
	"    who: [ops]\n"
	"    approve: [\"psql **\", \"python3 -\"]\n"
	"  - id: spelled\n"
	"    who: [ops]\n"
	"    allow: [\"timeout 5 app-restart\", \"nice **\"]\n"
	"  - id: no-wipe\n"
	"    deny: [\"rm --recursive /**\"]\n"
	"    tests: { deny: [\"rm -fr /\", \"sudo rm -r --force /etc\", \"sh -c 'rm -rf /'\"], not: [\"rm -rf ./build\"] }\n"
	"mask:\n"
	"  use: [email]\n";

static const char *const ops[] = { "ops-agents" };
static const struct tag tags[] = { { "role", "web" }, { "env", "prod" } };

static struct policy_question question(const char *text)
{
	struct policy_question q = { .kind = QUESTION_EXEC, .text = text, .len = strlen(text), .groups = ops, .ngroups = 1, .target = "web1", .tags = tags,
				     .ntags = 2, .issuer = "github", .subject = "repo:other/x:1", .dialect = DIALECT_BASH };

	return q;
}

static void expect_q(const struct policy *p, const struct policy_question *q, enum verdict want, const char *rule)
{
	struct policy_answer a;

	assert_int_equal(policy_decide(p, q, &a), ERR_OK);
	if (a.verdict != want || (rule != NULL && strcmp(a.rule, rule) != 0)) {
		fprintf(stderr, "%s: %s by %s (%s), wanted %s by %s\n", q->text, verdict_name(a.verdict), a.rule, a.reason, verdict_name(want), rule ? rule : "any");
		fail();
	}
	policy_answer_free(&a);
}

static void expect(const struct policy *p, const char *text, enum verdict want, const char *rule)
{
	struct policy_question q = question(text);

	expect_q(p, &q, want, rule);
}

static void patterns_match_by_meaning(void **state)
{
	struct policy *p = loaded(sample);

	(void)state;
	expect(p, "rm -fr /", VERDICT_DENY, "core.destructive.wipe");
	expect(p, "rm --force --recursive -- /srv/x", VERDICT_DENY, "no-wipe");
	expect(p, "rm -v a -r /srv/x", VERDICT_DENY, "no-wipe");
	expect(p, "/usr/bin/rm -rf a /srv/x", VERDICT_DENY, "no-wipe");
	expect(p, "cd /srv && rm -rf x", VERDICT_DENY, "no-wipe");
	expect(p, "cd /srv && rm -rf ../etc", VERDICT_DENY, NULL);
	expect(p, "rm -rf ./build", VERDICT_DENY, "default");
	expect(p, "systemctl restart nginx", VERDICT_APPROVE, "web.restart");
	expect(p, "sudo -n systemctl reload app", VERDICT_APPROVE, "web.restart");
	expect(p, "sh -c 'systemctl restart nginx'", VERDICT_APPROVE, "web.restart");
	expect(p, "systemctl restart nginx sshd", VERDICT_DENY, "default");
	expect(p, "systemctl status nginx", VERDICT_ALLOW, "core.readonly.read");
	policy_free(p);
}

static void words_match_one_each_and_dots_never(void **state)
{
	struct policy *p = loaded(sample);

	(void)state;
	expect(p, "app-log", VERDICT_ALLOW, "web.logs");
	expect(p, "app-log a b c", VERDICT_ALLOW, "web.logs");
	expect(p, "app-tail -n 5 /var/log/x/y", VERDICT_ALLOW, "web.logs");
	expect(p, "app-tail -n 5 /var/log/./x", VERDICT_ALLOW, "web.logs");
	expect(p, "app-tail -n 5 /var/log/../log/x", VERDICT_DENY, "default");
	expect(p, "app-tail -n 5 /var/log/x /etc/shadow", VERDICT_DENY, "default");
	expect(p, "app-tail -n 5 /var/logs", VERDICT_DENY, "default");
	expect(p, "app-tail -n \"$x\" /var/log/x", VERDICT_DENY, "default");
	expect(p, "app-log \"$x\"", VERDICT_ALLOW, "web.logs"); /* an opaque word matches ** */
	expect(p, "$x app-log", VERDICT_DENY, "default");
	policy_free(p);
}

static void who_and_where_count(void **state)
{
	struct policy *p = loaded(sample);
	struct policy_question q = question("app-log x");

	(void)state;
	q.ntags = 0;
	expect_q(p, &q, VERDICT_DENY, "default");
	q = question("app-log x");
	q.ngroups = 0;
	expect_q(p, &q, VERDICT_DENY, "default");
	q.subject = "repo:acme/infra:ref:main";
	expect_q(p, &q, VERDICT_ALLOW, "web.logs");
	q.issuer = "gitlab";
	expect_q(p, &q, VERDICT_DENY, "default");
	q.issuer = NULL;
	expect_q(p, &q, VERDICT_DENY, "default");
	policy_free(p);
}

static void paths_of_redirections_commands_and_files_are_one(void **state)
{
	struct policy *p = loaded(sample);
	struct policy_question q;

	(void)state;
	expect(p, "date > /srv/out/x", VERDICT_ALLOW, NULL);
	expect(p, "cp /etc/hosts /srv/out/x", VERDICT_ALLOW, NULL);
	expect(p, "date > /srv/out/../x", VERDICT_DENY, "default");
	expect(p, "date > \"/srv/out/$x\"", VERDICT_DENY, "core.protected-paths.shell-rc"); /* it may be any path */
	expect(p, "cd /srv/out && date > x", VERDICT_ALLOW, NULL);
	expect(p, "cd /srv/out; date > x", VERDICT_DENY, NULL); /* the cd may have failed */
	expect(p, "date > ~/.bashrc", VERDICT_DENY, "core.protected-paths.shell-rc");
	expect(p, "date > .ssh/authorized_keys", VERDICT_DENY, "core.protected-paths.ssh");
	expect(p, "app-log x > /etc/cron.d/x", VERDICT_DENY, "core.protected-paths.schedule");
	expect(p, "date | tee /home/bob/.zshenv", VERDICT_DENY, "core.protected-paths.shell-rc");
	q = question("/srv/out/a");
	q.kind = QUESTION_FILE;
	q.op = FILE_WRITE;
	expect_q(p, &q, VERDICT_ALLOW, "web.logs");
	q.text = "/srv/out/../a";
	q.len = strlen(q.text);
	expect_q(p, &q, VERDICT_DENY, NULL);
	q.text = "/root/.ssh/authorized_keys";
	q.len = strlen(q.text);
	expect_q(p, &q, VERDICT_DENY, "core.protected-paths.ssh");
	q.text = ".ssh/authorized_keys";
	q.len = strlen(q.text);
	expect_q(p, &q, VERDICT_DENY, "core.protected-paths.ssh");
	q.op = FILE_READ;
	q.text = "/etc/hosts";
	q.len = strlen(q.text);
	expect_q(p, &q, VERDICT_ALLOW, "core.readonly.read");
	q.op = FILE_DELETE;
	expect_q(p, &q, VERDICT_DENY, "default");
	policy_free(p);
}

static void wrappers_are_judged_with_what_they_run(void **state)
{
	struct policy *p = loaded(sample);

	(void)state;
	expect(p, "timeout 5 app-restart", VERDICT_ALLOW, "spelled");
	expect(p, "timeout 6 app-restart", VERDICT_DENY, "default");
	expect(p, "nice app-restart", VERDICT_DENY, "default"); /* nice ** speaks of nice, not of what it runs */
	expect(p, "nice -n 5 rm -rf /srv/x", VERDICT_DENY, "no-wipe");
	expect(p, "nice nice nice nice nice nice nice nice nice nice ls", VERDICT_DENY, NULL);
	expect(p, "nice nice ls", VERDICT_ALLOW, NULL);
	expect(p, "sudo --unknown ls", VERDICT_DENY, NULL);
	expect(p, "env -S 'ls -l'", VERDICT_ALLOW, NULL);
	expect(p, "env -S 'ls $x'", VERDICT_DENY, NULL);
	policy_free(p);
}

static void code_on_standard_input_is_seen_first(void **state)
{
	struct policy *p = loaded(sample);
	struct policy_question q = question("bash -s");
	struct policy_answer a;
	static const char good[] = "uptime\ndf -h | head\n", bad[] = "uptime\nrm -rf ~/x\n";

	(void)state;
	assert_int_equal(policy_decide(p, &q, &a), ERR_OK);
	assert_true(a.needs_stdin);
	assert_int_equal(a.verdict, VERDICT_DENY);
	assert_true(a.stdin_cap >= 65536);
	policy_answer_free(&a);
	q.stdin_known = true;
	q.stdin_bytes = (const uint8_t *)good;
	q.stdin_len = strlen(good);
	assert_int_equal(policy_decide(p, &q, &a), ERR_OK);
	assert_int_equal(a.verdict, VERDICT_ALLOW);
	assert_true(a.stdin_consumed);
	assert_string_equal(a.text, "'bash' '-c' 'uptime\ndf -h | head\n' 'sh'");
	policy_answer_free(&a);
	q.stdin_bytes = (const uint8_t *)bad;
	q.stdin_len = strlen(bad);
	expect_q(p, &q, VERDICT_DENY, NULL);
	/* What the agent may not run anyway is not asked for. */
	q = question("perl");
	expect_q(p, &q, VERDICT_DENY, "default");
	q = question("python3 -");
	assert_int_equal(policy_decide(p, &q, &a), ERR_OK);
	assert_true(a.needs_stdin);
	policy_answer_free(&a);
	q.stdin_known = true;
	q.stdin_bytes = (const uint8_t *)"print(1)";
	q.stdin_len = 8;
	expect_q(p, &q, VERDICT_APPROVE, "code");
	expect(p, "echo ls | bash", VERDICT_DENY, NULL);
	expect(p, "cat x | psql db", VERDICT_DENY, NULL);
	expect(p, "bash -s; ls", VERDICT_DENY, NULL);
	policy_free(p);
}

static void a_shells_options_stay_before_its_program(void **state)
{
	static const struct {
		const char *text, *runs;
	} forms[] = {
		{ "bash -euo pipefail", "'bash' '-euo' 'pipefail' '-c' 'uptime' 'sh'" }, { "bash -euo pipefail -s", "'bash' '-euo' 'pipefail' '-c' 'uptime' 'sh'" },
		{ "bash -o pipefail -eu", "'bash' '-o' 'pipefail' '-eu' '-c' 'uptime' 'sh'" }, { "bash +o errexit -s x", "'bash' '+o' 'errexit' '-c' 'uptime' 'sh' 'x'" },
		{ "bash -eu -o pipefail --", "'bash' '-eu' '-o' 'pipefail' '-c' 'uptime' 'sh'" }, { "bash -eu", "'bash' '-eu' '-c' 'uptime' 'sh'" },
		{ "sudo bash -euo pipefail", "'sudo' 'bash' '-euo' 'pipefail' '-c' 'uptime' 'sh'" }, { "bash --norc -xo errexit", "'bash' '--norc' '-xo' 'errexit' '-c' 'uptime' 'sh'" },
	};
	struct policy *p = loaded(sample);

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct policy_question q = question(forms[i].text);
		struct policy_answer a;

		q.stdin_known = true;
		q.stdin_bytes = (const uint8_t *)"uptime";
		q.stdin_len = 6;
		assert_int_equal(policy_decide(p, &q, &a), ERR_OK);
		assert_int_equal(a.verdict, VERDICT_ALLOW);
		assert_string_equal(a.text, forms[i].runs);
		policy_answer_free(&a);
	}
	policy_free(p);
}

static void approval_carries_its_terms(void **state)
{
	struct policy *p = loaded(sample);
	struct policy_question q = question("systemctl restart nginx");
	struct policy_answer a;

	(void)state;
	assert_int_equal(policy_decide(p, &q, &a), ERR_OK);
	assert_int_equal(a.verdict, VERDICT_APPROVE);
	assert_int_equal(a.napprovers, 1);
	assert_string_equal(a.approvers[0], "sre");
	assert_int_equal(a.approvals, 2);
	assert_int_equal(a.grant_uses, 3);
	assert_int_equal(a.grant_ttl, 900);
	assert_string_equal(a.reason, "A restart drops live requests.");
	assert_string_equal(a.instead, "systemctl reload nginx keeps them");
	assert_true(a.canonical);
	assert_string_equal(a.text, "'systemctl' 'restart' 'nginx'");
	assert_int_equal(a.ncommands, 1);
	assert_string_equal(a.commands[0].argv[2], "nginx");
	policy_answer_free(&a);
	policy_free(p);
}

static void opaque_text_is_approved_only_as_its_exact_bytes(void **state)
{
	struct policy *p = loaded("version: 1\nrules:\n  - { id: ask, approve: [\"**\"] }\n");
	struct policy_question q = question("eval  \"ls $x\"");
	struct policy_answer a;

	(void)state;
	assert_int_equal(policy_decide(p, &q, &a), ERR_OK);
	assert_int_equal(a.verdict, VERDICT_APPROVE);
	assert_int_equal(a.confidence, CONFIDENCE_OPAQUE);
	assert_false(a.canonical);
	assert_string_equal(a.text, q.text);
	policy_answer_free(&a);
	expect(p, "ls", VERDICT_APPROVE, "ask");
	expect(p, "ls (", VERDICT_DENY, "parse");
	expect(p, "ls \x01", VERDICT_DENY, "gate:bytes");
	policy_free(p);
}

static void other_requests_are_refused_unless_named(void **state)
{
	struct policy *p = loaded(sample);
	static const struct {
		enum question_kind kind;
		const char *text;
		enum verdict want;
	} cases[] = {
		{ QUESTION_ENV, "LANG=C", VERDICT_ALLOW },	   { QUESTION_ENV, "LC_ALL=C", VERDICT_ALLOW },
		{ QUESTION_ENV, "LANG=zh_CN.GBK", VERDICT_DENY },	   { QUESTION_ENV, "LC_CTYPE=de_DE.UTF-8@euro", VERDICT_ALLOW },
		{ QUESTION_ENV, "LD_PRELOAD=x", VERDICT_DENY },	   { QUESTION_ENV, "LC_ALL=\x1b", VERDICT_DENY },
		{ QUESTION_FORWARD, "db1:5432", VERDICT_ALLOW },   { QUESTION_FORWARD, "db1:22", VERDICT_DENY },
		{ QUESTION_FORWARD, "DB1:5432", VERDICT_DENY },	   { QUESTION_FORWARD, "web2.example:80", VERDICT_ALLOW },
		{ QUESTION_FORWARD, "web:0080", VERDICT_DENY },	   { QUESTION_FORWARD, "db1:5432 ", VERDICT_DENY },
		{ QUESTION_FORWARD, "/run/app/a", VERDICT_ALLOW }, { QUESTION_FORWARD, "/run/app/../a", VERDICT_DENY },
		{ QUESTION_FORWARD, "localhost:80", VERDICT_DENY }, { QUESTION_FORWARD, "", VERDICT_DENY },
		{ QUESTION_LISTEN, "localhost:8080", VERDICT_ALLOW }, { QUESTION_LISTEN, "*:8080", VERDICT_DENY },
		{ QUESTION_LISTEN, "db1:5432", VERDICT_DENY },	   { QUESTION_LISTEN, "localhost:0", VERDICT_DENY },
		{ QUESTION_SUBSYSTEM, "sftp", VERDICT_ALLOW },	   { QUESTION_SUBSYSTEM, "netconf", VERDICT_DENY },
		{ QUESTION_OTHER, "x11-req", VERDICT_DENY },	   { QUESTION_PTY_RAW, "", VERDICT_DENY },
		{ QUESTION_SHELL, "", VERDICT_ALLOW },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy_question q = question(cases[i].text);

		q.kind = cases[i].kind;
		expect_q(p, &q, cases[i].want, NULL);
	}
	assert_non_null(strstr(policy_mask_section(p), "email"));
	policy_free(p);
}

static void profiles_guard_and_observe(void **state)
{
	struct policy *p = loaded("version: 1\nprofile: guard\nrules:\n  - { id: x, deny: [\"rm --recursive /**\"] }\n");
	struct policy_question q;
	struct policy_answer a;

	(void)state;
	expect(p, "rm -rf /srv", VERDICT_DENY, "x");
	expect(p, "frobnicate", VERDICT_ALLOW, "default");
	expect(p, "rm -rf \"$x\"", VERDICT_ALLOW, "default"); /* guard prevents accidents, and says so */
	policy_free(p);
	p = loaded("version: 1\nprofile: observe\nrules:\n  - { id: x, deny: [\"rm **\"] }\n");
	q = question("rm x");
	assert_int_equal(policy_decide(p, &q, &a), ERR_OK);
	assert_int_equal(a.verdict, VERDICT_ALLOW);
	assert_int_equal(a.would_be, VERDICT_DENY);
	assert_false(a.enforced);
	policy_answer_free(&a);
	q = question("if (");
	assert_int_equal(policy_decide(p, &q, &a), ERR_OK);
	assert_int_equal(a.verdict, VERDICT_ALLOW);
	assert_int_equal(a.would_be, VERDICT_DENY);
	assert_false(a.canonical);
	assert_string_equal(a.text, "if (");
	policy_answer_free(&a);
	policy_free(p);
	p = loaded("version: 1\npacks: [core.readonly]\nrules:\n  - { id: x, shadow: true, deny: [\"ls **\"] }\n");
	q = question("ls x");
	assert_int_equal(policy_decide(p, &q, &a), ERR_OK);
	assert_int_equal(a.verdict, VERDICT_ALLOW);
	assert_int_equal(a.would_be, VERDICT_DENY);
	assert_false(a.enforced);
	policy_answer_free(&a);
	policy_free(p);
}

static void strictest_wins_in_any_order(void **state)
{
	static const char *const rules[] = {
		"version: 1\nrules:\n  - { id: a, allow: [\"app **\"] }\n  - { id: b, approve: [\"app stop **\"] }\n  - { id: c, deny: [\"app stop db\"] }\n",
		"version: 1\nrules:\n  - { id: c, deny: [\"app stop db\"] }\n  - { id: b, approve: [\"app stop **\"] }\n  - { id: a, allow: [\"app **\"] }\n",
	};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct policy *p = loaded(rules[i]);

		expect(p, "app start", VERDICT_ALLOW, "a");
		expect(p, "app stop web", VERDICT_APPROVE, "b");
		expect(p, "app stop db", VERDICT_DENY, "c");
		expect(p, "app start && app stop db || app start", VERDICT_DENY, "c");
		expect(p, "app stop \"$x\"", VERDICT_DENY, "c"); /* it may be db */
		expect(p, "app stop d*", VERDICT_DENY, "c");
		policy_free(p);
	}
}

/* A text that an inner shell gets as it is written holds no quotes within quotes but plain ones. */
static void inner_texts_do_not_tangle(void **state)
{
	struct policy *p = loaded("version: 1\npacks: [core.readonly]\n");

	(void)state;
	expect(p, "echo \"${A:-\"$(hostname)\"}\"", VERDICT_ALLOW, "core.readonly.read");
	expect(p, "bash -c 'echo \"${A:-\"$(hostname)\"}\"'", VERDICT_DENY, "default");
	expect(p, "bash -c 'echo \"${A:-\"${B#x}\"}\"'", VERDICT_DENY, "default");
	expect(p, "bash -c 'echo \"${A:-\"x;(y\"}\"'", VERDICT_DENY, "default");
	expect(p, "bash -c 'echo \"${A:-\"$B, not given\"}\"'", VERDICT_ALLOW, "core.readonly.read");
	expect(p, "bash -c 'echo \"${A:-$(hostname)}\"'", VERDICT_ALLOW, "core.readonly.read");
	expect(p, "bash -c 'ls \\\n -l'", VERDICT_ALLOW, "core.readonly.read");
	expect(p, "bash -c 'ls -\\\nl'", VERDICT_DENY, "default");
	expect(p, "zsh -c 'ls \\\n -l'", VERDICT_DENY, "default");
	policy_free(p);
}

/* The commands of an answer are what runs, after unwrapping, and once each. */
static void commands_are_unwrapped_and_resolved(void **state)
{
	static const struct {
		const char *text, *argvs;
		enum confidence confidence;
	} cases[] = {
		{ "sudo -n timeout 5 ls -l", "ls -l;", CONFIDENCE_EXACT },
		{ "sh -c 'ls; df'", "ls;df;", CONFIDENCE_EXACT },
		{ "x=rm; $x -rf 'a b'", "rm -rf a b;", CONFIDENCE_EXACT },
		{ "x='rm -rf /y'; $x", "rm -rf /y;", CONFIDENCE_EXACT },
		{ "{rm,-rf} x{1..3}", "rm -rf x1 x2 x3;", CONFIDENCE_EXACT },
		{ "r${u}m \\x $'\\x41' \"q\"'r'", "r", CONFIDENCE_OPAQUE },
		{ "ls /etc/*.conf", "ls /etc/*.conf;", CONFIDENCE_PATTERN },
		{ "for f in a b; do cat $f; done", "cat a;cat b;", CONFIDENCE_EXACT },
		{ "cat \"$(ls)\"", "ls;cat ?;", CONFIDENCE_OPAQUE },
		{ "find . -exec wc -l {} +", "wc -l ?;", CONFIDENCE_OPAQUE },
		{ "if a; then b; else c; fi", "a;b;c;", CONFIDENCE_EXACT },
		{ "x=1; if true; then x=2; fi; echo \"$x\"", "true;echo ?;", CONFIDENCE_OPAQUE },
		{ "set -- a b; echo $2 \"$@\" $#", "set -- a b;echo b a b ?;", CONFIDENCE_OPAQUE },
	};
	struct policy *p = loaded(sample);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy_question q = question(cases[i].text);
		struct policy_answer a;
		char made[512] = "";

		assert_int_equal(policy_decide(p, &q, &a), ERR_OK);
		for (size_t c = 0; c < a.ncommands; c++) {
			for (size_t k = 0; k < a.commands[c].argc; k++) {
				strcat(made, k > 0 ? " " : "");
				strcat(made, a.commands[c].argv[k]);
			}
			strcat(made, ";");
		}
		if (a.confidence != cases[i].confidence || strstr(made, cases[i].confidence == CONFIDENCE_OPAQUE && cases[i].argvs[0] == 'r' ? "" : cases[i].argvs) == NULL) {
			fprintf(stderr, "%s: %s (%s)\n", q.text, made, confidence_name(a.confidence));
			fail();
		}
		policy_answer_free(&a);
	}
	policy_free(p);
}

/* On a terminal the same command may take keys. */
static void terminal_powers_count(void **state)
{
	static const struct {
		const char *text;
		enum verdict want;
	} cases[] = {
		{ "systemctl status nginx", VERDICT_DENY },
		{ "systemctl --no-pager status nginx", VERDICT_ALLOW },
		{ "systemctl status nginx | cat", VERDICT_ALLOW },
		{ "top", VERDICT_DENY },
		{ "top -bn1", VERDICT_ALLOW },
		{ "top -bn1 | head", VERDICT_ALLOW },
		{ "top | cat", VERDICT_DENY }, /* it still takes keys */
		{ "top >/dev/null", VERDICT_DENY },
		{ "htop | cat", VERDICT_DENY },
		/* A redirection may lead back to it. */
		{ "systemctl status nginx >/dev/null", VERDICT_ALLOW },
		{ "systemctl status nginx >/dev/null 2>&1", VERDICT_ALLOW },
		{ "systemctl status nginx 2>/dev/null | cat", VERDICT_ALLOW },
		{ "systemctl status nginx >&1 | cat", VERDICT_ALLOW },
		{ "nohup ls /etc >/dev/null 2>&1 &", VERDICT_ALLOW },
		{ "nohup ls /etc &", VERDICT_DENY },
		{ "nohup ls /etc >/dev/tty", VERDICT_DENY },
		{ "systemctl status nginx >/dev/tty | cat", VERDICT_DENY },
		{ "systemctl status nginx >/dev/stderr", VERDICT_DENY },
		{ "systemctl status nginx >/dev/pts/0", VERDICT_DENY },
		{ "systemctl status nginx >/dev/../dev/tty", VERDICT_DENY },
		{ "cd /dev && systemctl status nginx >tty", VERDICT_DENY },
		{ "systemctl status nginx >&2 | cat", VERDICT_DENY },
		{ "{ systemctl status nginx; } >&2 | cat", VERDICT_DENY },
		{ "(exec >&2; systemctl status nginx) | cat", VERDICT_DENY },
		{ "{ f() { systemctl status nginx; }; f >/dev/tty; } | cat", VERDICT_DENY },
	};
	struct policy *p = loaded(sample);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy_question q = question(cases[i].text);

		q.has_pty = true;
		expect_q(p, &q, cases[i].want, NULL);
	}
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_by_meaning),
		cmocka_unit_test(words_match_one_each_and_dots_never),
		cmocka_unit_test(who_and_where_count),
		cmocka_unit_test(paths_of_redirections_commands_and_files_are_one),
		cmocka_unit_test(wrappers_are_judged_with_what_they_run),
		cmocka_unit_test(code_on_standard_input_is_seen_first),
		cmocka_unit_test(a_shells_options_stay_before_its_program),
		cmocka_unit_test(approval_carries_its_terms),
		cmocka_unit_test(opaque_text_is_approved_only_as_its_exact_bytes),
		cmocka_unit_test(other_requests_are_refused_unless_named),
		cmocka_unit_test(profiles_guard_and_observe),
		cmocka_unit_test(strictest_wins_in_any_order),
		cmocka_unit_test(inner_texts_do_not_tangle),
		cmocka_unit_test(commands_are_unwrapped_and_resolved),
		cmocka_unit_test(terminal_powers_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
