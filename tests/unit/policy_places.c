/* Where a command writes besides the words that name it whole: path rules see it, and let through what leads elsewhere. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "policy/policy.h"

/* Everything that the tables know may be done, but for what the pack keeps. */
static const char sample[] =
	"version: 1\n"
	"profile: enforce\n"
	"packs: [core.protected-paths]\n"
	"rules:\n"
	"  - id: all\n"
	"    allow: [{ effects: [read, query, priv, write, delete, net] }]\n"
	"  - id: named\n"
	"    allow: [\"fallocate **\"]\n";

static const char *const kept[] = {
	/* into a directory, under its own name */
	"cp x /etc/cron.d", "cp a/.bashrc ~", "cp a/.profile /home/bob", "cp -t ~ a/.bashrc", "cp --target=/etc/cron.d x", "mv a/.zshrc ~/", "ln -s /tmp/.bashrc", "ln -t ~/.ssh x",
	"install -D x /etc/cron.d/y", "cp a/.bash* ~", "cp a/.b?shrc /home/bob/", "cp a/@(.bashrc|x) ~",
	/* all that lies below */
	"cp -r a/. ~", "cp -rT a ~", "cp -r a/ /etc", "cp -a a /", "cp -r x/.ssh ~", "cp --parents etc/cron.d/x /", "mv /etc /tmp/etc", "mv ~ /tmp/x", "rm -rf /etc", "rm -rf ~", "rm -rf /e*",
	"rm -r /home/bob", "find /etc -delete", "find -name x -delete", "chmod -R g+w /etc", "chown -R me ~",
	/* wherever the tool stands, or is told to */
	"tar xf a.tar", "tar xf a.tar -C /etc/cron.d", "tar -C /etc -xf a.tar", "tar -xPf a.tar -C /srv/app", "unzip a.zip", "unzip a.zip -d /", "cd / && unzip a.zip", "patch -p0 <x",
	"patch -d /etc -p0 <x", "wget http://a/.bashrc", "wget http://a/%2ebashrc", "wget http://a/", "wget -r http://a/x", "wget -i l", "wget --content-disposition http://a/x", "wget -P /etc/cron.d http://a/x", "curl -O http://a/.bashrc", "curl -OJ http://a/x", "curl -O --output-dir /etc/cron.d http://a/x", "git clone http://a/x ~/.ssh", "git clone http://a/.ssh.git",
	/* what an option names */
	"tar czf /etc/cron.d/x f", "curl -o /etc/cron.d/x http://a", "curl -sSLo ~/.bashrc http://a", "curl -w '%output{/etc/cron.d/x}' http://a", "wget -O /etc/cron.d/x http://a", "patch /etc/passwd <x",
	/* beside it: a suffix, an extension */
	"cp -b -S c x ~/.bashr", "mv --suffix=c x ~/.bashr", "sed -ic s/a/b/ ~/.bashr", "sed -i'/etc/cron.d/*' s/a/b/ f", "gunzip ~/.bashrc.gz", "gzip -r ~", "gunzip -r /etc/cron.d",
	/* through the kernel's names */
	"cp x /proc/self/root/etc/cron.d/x", "echo x >/proc/1/cwd/x", "tee /dev/fd/3/x",
	/* a place that no table tells */
	"split x y", "cpio -idm <a", "ssh-keygen -t rsa", "docker cp a:/x y",
	/* a name that a value makes */
	"x='@(.bashrc)'; cp a ~/$x",
};

static const char *const free_[] = {
	"cp a b", "cp a/b /srv/app", "cp a/* /srv/app/", "cp -r build /srv/app", "cp -r build ~", "cp -r build/. /srv/app/1", "cp -a /srv/app /srv/app.bak", "mv a b", "mv build ~/old", "mv build /srv/app/",
	"rm -rf build", "rm -rf ./build /tmp/x", "rm /srv/app/*.log", "rm -rf ~/.cache/pip", "find /srv/app -name '*.tmp' -delete", "chmod -R g+w /srv/app", "chown -R app: /srv/app",
	"tar xzf a.tgz -C /srv/app", "cd /srv/app && tar xzf a.tgz", "tar czf /tmp/x.tgz -C /srv/app .", "tar cf - /srv/app | gzip >/tmp/x.tgz", "unzip a.zip -d /srv/app", "unzip -l a.zip", "zip -r /tmp/x.zip /srv/app",
	"curl -fsS http://localhost:8080/health", "curl -o /tmp/x http://a/x", "cd /tmp && curl -O http://a/x", "curl -fsSLO http://a/x.tgz", "wget http://a/x.tgz", "git clone http://a/x.git", "curl -w '%{http_code}' -so /dev/null http://a", "wget -qO- http://a", "wget -P /tmp http://a/x",
	"git clone http://a/x.git /srv/app", "gzip /srv/app/a.log", "gunzip /srv/app/a.log.gz", "sed -i.bak s/a/b/ app.conf", "mkdir -p /srv/app/x", "mktemp -d", "install -m 644 a /srv/app/b",
	"ln -sfn /srv/app/2 /srv/app/current", "logger hello", "patch -p1 -d /srv/app <x", "truncate -s 0 /srv/app/a.log", "fallocate -l 1M /srv/app/x",
};

static void ask(struct policy *p, const char *text, enum verdict want)
{
	struct policy_question q = { .kind = QUESTION_EXEC, .text = text, .len = strlen(text), .dialect = DIALECT_BASH };
	struct policy_answer a;

	assert_int_equal(policy_decide(p, &q, &a), ERR_OK);
	if (a.verdict != want)
		fail_msg("%s: %s by %s (%s)", text, verdict_name(a.verdict), a.rule, a.reason);
	policy_answer_free(&a);
}

static void places_are_seen(void **state)
{
	struct policy *p;
	struct buf e;

	(void)state;
	buf_init(&e, 1 << 20);
	assert_int_equal(policy_load("test.yaml", sample, strlen(sample), &p, &e), ERR_OK);
	buf_free(&e);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		ask(p, kept[i], VERDICT_DENY);
	for (size_t i = 0; i < sizeof(free_) / sizeof(free_[0]); i++)
		ask(p, free_[i], VERDICT_ALLOW);
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
