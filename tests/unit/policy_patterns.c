/* What the words of a rule's pattern stand for: a permission never for more than its author reads in it, a restriction for every way to say it. */
#include "tests/unit/policy_ask.h"

static const char permits[] =
	"version: 1\n"
	"profile: enforce\n"
	"packs: [core.readonly, core.protected-paths, core.destructive]\n"
	"rules:\n"
	"  - id: op\n"
	"    allow: [\"python3 /opt/app/**\", \"perl /opt/app/*.pl\", \"app-tail -n * /var/log/**\", \"tar -czf /srv/bak/*.tgz /srv/app/**\", \"rsync -a /srv/build/** /srv/app/**\",\n"
	"            \"vim /srv/app/*\", \"make -C /srv/app *\", \"dd if=/srv/a of=/srv/b/*\", \"watch app-status *\", \"ssh web1 systemctl restart *\", \"git -C /srv/app switch *\",\n"
	"            \"curl -fsS -o /srv/dl/** http://localhost/*\", \"rm -r /srv/app/**\", \"cp /srv/build/* /srv/app/\", \"chmod 644 /srv/app/*\", \"mkdir -p /srv/app/**\",\n"
	"            \"app-x /srv/in/**\", \"app-ctl * now\", \"app-e -- *\", \"kill -HUP *\", \"truncate -s * /srv/out/*\", \"app --config=/srv/conf/* start\", \"systemctl restart *\",\n"
	"            \"timeout 9 python3 /opt/app/*\", \"app-z ~/in/**\", \"git -C /srv/app commit **\", \"docker restart *\", \"mv /srv/app/* /srv/old/\", \"app-log **\",\n"
	"            \"app-any **/x.conf\", \"git push origin *\", \"apt-get install *\", \"journalctl -u * -f\", \"touch /srv/app/**\", \"rm ~/tmp/*\"]\n";

static const char *const refused[] = {
	/* a relative word that is no path, or may be none */
	"cd /opt/app && python3 '-cimport os'", "cd /opt/app && python3 x.py", "cd /opt/app && perl '-esystem(1);#.pl'", "cd /var/log && app-tail -n 5 --exec=/tmp/x",
	"cd /srv/bak && tar -czf evil:a.tgz /srv/app/x", "cd /srv/bak && tar -czf a=b.tgz /srv/app/x", "cd /srv/app && rsync -a /srv/build/x evil:x", "cd /srv/app && rsync -a /srv/build/x u@evil:x",
	"cd /srv/app && vim '+!touch x'", "cd /srv/in && app-x --out=y", "cd /srv/in && app-x y", "cd /srv/in && app-x @y", "cd /srv/in && app-x 'http://a/y'",
	"cd /opt/app && timeout 9 python3 '-cimport os'", "cd /opt/app && timeout 9 python3 x", "cd ~/in && app-z -x", "cd ~/in && app-z x", "cd /srv && app-any -/x.conf",
	"cd /srv/in && app-x ''", "cd /srv/app && rm -r ''", "cd /srv/app && vim ''",
	/* a star is no option */
	"make -C /srv/app '--eval=$(shell touch x)'", "make -C /srv/app -f/tmp/x", "app-ctl -x now", "app-ctl --x now", "app-e * --", "kill -HUP -1", "app-tail -n -5 /var/log/x",
	"app-e -x", "app-ctl - now", "git push origin --force", "git push origin -f", "apt-get install -oDir=x", "systemctl restart --root=/x", "docker restart -x",
	/* nor the way out */
	"dd if=/srv/a of=/srv/b/../../etc/x", "app --config=/srv/conf/../x start", "app-ctl .. now", "app-ctl a:../x now", "app-ctl a,.. now", "rm -r /srv/app/x/..", "rm ~/tmp/..",
	/* nor shell syntax */
	"watch app-status '; touch x'", "watch app-status '$(touch x)'", "watch app-status 'a b'", "watch app-status '>x'", "watch app-status '~'", "watch app-status 'a*'",
	"ssh web1 systemctl restart 'x; y'", "ssh web1 systemctl restart 'x y'", "ssh web1 systemctl restart '`y`'",
	/* what curl makes of a name; whose option it is */
	"curl -fsS -o '/srv/dl/#1/x' 'http://localhost/{..}'", "curl -fsS -o '/srv/dl/x#2' http://localhost/x",
	"cd /srv && git switch -C app main", "git switch -C /srv/app main",
};

static const char *const permitted[] = {
	"python3 /opt/app/x.py", "python3 /opt/app/x/y.py", "cd /opt/app && python3 /opt/app/x.py", "perl /opt/app/x.pl", "app-tail -n 5 /var/log/x", "app-tail -n +5 /var/log/a/b.log",
	"tar -czf /srv/bak/a.tgz /srv/app/x", "cd /srv/bak && tar -czf a.tgz /srv/app/x", "cd /srv && tar -czf bak/a-1.2.tgz app/x", "tar -czf /srv/bak/a:b.tgz /srv/app/x",
	"rsync -a /srv/build/x /srv/app/x", "cd /srv/build && rsync -a x /srv/app/", "cd /srv && rsync -a build/x app/x", "cd /srv/build && rsync -a ./x /srv/app/x",
	"make -C /srv/app deploy", "make -C /srv/app x/y.o", "dd if=/srv/a of=/srv/b/x", "dd if=/srv/a of=/srv/b/x..y",
	"watch app-status web-1", "watch app-status a.b:8080/x", "watch app-status k=v", "ssh web1 systemctl restart nginx", "ssh web1 systemctl restart app@1.service",
	"git -C /srv/app switch main", "cd /srv && git -C app switch feature/x", "git -C /srv/app switch v1..2", "git -C /srv/app commit -m 'a; b'",
	"curl -fsS -o /srv/dl/x http://localhost/x", "curl -fsS -o /srv/dl/x/y 'http://localhost/x#1'", "cd /srv/dl && curl -fsS -o x http://localhost/x",
	"rm -r /srv/app/cache/x", "cd /srv/app && rm -r cache/x", "cd /srv/app && rm -r cache", "cd /srv/app && rm -r ./cache", "cd /srv/app && rm -r .cache", "cd /srv && rm -r app/_x",
	"cd /srv/app && rm -r 1.2", "cd /srv/app && rm -r -- cache/x", "rm --recursive /srv/app/x", "cp /srv/build/x /srv/app/", "cd /srv/build && cp x /srv/app/",
	"chmod 644 /srv/app/x", "cd /srv/app && chmod 644 x", "mkdir -p /srv/app/x/y", "cd /srv/app && mkdir -p x/y", "app-x /srv/in/a", "app-x /srv/in/a/b:c", "app-x '/srv/in/a=b'",
	"app-ctl db now", "app-ctl a.b now", "app-ctl ... now", "app-ctl a..b now", "app-e -- x", "app-e -- -x", "kill -HUP 123", "truncate -s 0 /srv/out/x", "truncate -s -5 /srv/out/x",
	"cd /srv/out && truncate -s 0 x", "app --config=/srv/conf/x start", "systemctl restart nginx", "systemctl restart app@1", "timeout 9 python3 /opt/app/x", "app-z ~/in/x",
	"docker restart web", "mv /srv/app/x /srv/old/", "cd /srv/app && mv x /srv/old/", "app-log -x ../y", "app-log", "app-any /srv/x.conf", "app-any ./x.conf", "cd /srv && app-any a/x.conf",
	"git push origin main", "git push origin HEAD:main", "apt-get install nginx", "apt-get install nginx=1.2-3", "journalctl -u nginx -f", "journalctl -f -u nginx", "touch /srv/app/x",
	"cd /srv/app && touch x/y", "rm ~/tmp/x", "ls -la /srv", "grep -r x /srv/app",
};

static const char restricts[] =
	"version: 1\n"
	"profile: enforce\n"
	"packs: [core.readonly, core.protected-paths]\n"
	"rules:\n"
	"  - id: ok\n"
	"    allow: [\"rm **\", \"mv **\", \"cp **\", \"tar **\", \"chown **\", \"systemctl **\", \"rsync **\", \"chmod **\", \"find **\", \"apt-get **\", \"git **\", \"docker **\", \"kubectl **\", \"ln **\", \"install **\"]\n"
	"  - id: no\n"
	"    deny: [\"rm --recursive /srv/app/keep/**\", \"mv * /srv/live/**\", \"cp ** /srv/live/**\", \"tar ** /srv/secret/**\", \"cp /srv/secret/** **\", \"mv /srv/app/keep/** **\",\n"
	"           \"systemctl stop {ssh,db.service}\", \"systemctl {reboot,isolate} **\", \"systemctl mask web-*\", \"chown ** /srv/app/keep/**\", \"apt-get remove vim\", \"docker rm web\",\n"
	"           \"kubectl delete pod *\", \"rm /srv/one\", \"git clean **\", \"git push --force **\", \"docker run --privileged **\"]\n";

static const char *const caught[] = {
	/* one of several, and behind an option that no table knows */
	"systemctl stop nginx ssh", "systemctl stop ssh nginx", "systemctl stop nginx ssh app", "systemctl mask a web-1 b", "apt-get remove nano vim", "docker rm a web", "git -C /x push --force", "git push origin --force", "git push --force origin main", "docker run -it --privileged web", "docker -H x run --privileged web", "rm a /srv/one b",
	"systemctl --message x reboot", "systemctl --message x stop ssh", "systemctl --message status reboot", "systemctl --message x reboot --no-wall", "git --foo x clean --bar", "systemctl reboot x", "git --foo x clean -f", "kubectl delete pod a b",
	/* units are globs, and services without saying so */
	"systemctl stop 'ssh*'", "systemctl stop '*'", "systemctl stop 's[s]h'", "systemctl stop ss?", "systemctl stop ssh.service", "systemctl stop db", "systemctl stop 'd?'",
	"systemctl stop 'db.*'", "systemctl mask '*-1'", "systemctl mask web-1.service", "systemctl stop nginx 'ssh.s*'",
	/* the same path by other words */
	"mv -t /srv/live x", "mv --target-directory=/srv/live x y", "cp -t /srv/live/a x", "cp -r x -t /srv/live", "tar -C /srv/secret -cf x a",
	"cd /srv && tar -cf x secret/a", "rm -r /srv/app", "rm -rf /srv", "rm -rf /srv/app/", "cd /srv && rm -r app", "rm -r /srv/app/keep/x", "rm -r /srv/app/k*", "chown -R x /srv/app",
	"mv x /srv/live", "mv a b /srv/live/", "cp /srv/secret/a /tmp", "mv /srv/app/keep/a /tmp", "cp -t /tmp /srv/secret/a", "rm -r x /srv/app/keep",
};

static const char *const passed[] = {
	"systemctl stop nginx", "systemctl stop nginx app", "systemctl stop ssh.socket", "systemctl status ssh", "systemctl restart ssh", "systemctl start ssh db", "systemctl status reboot",
	"systemctl stop 'app*'", "systemctl stop 'n?inx'", "systemctl mask app web", "systemctl status reboot.target", "systemctl stop reboot", "systemctl stop sshd-keygen",
	"mv x /srv/app", "mv -t /srv/app x", "mv /srv/live/x /tmp", "cp -t /srv/app x",
	"tar -C /srv -cf x app", "tar -C /srv/app -cf x secret", "tar -xf x -C /srv/app", "rm -r /srv/app/cache", "rm -r /srv/app/keeper", "rm /srv/app/keep/x",
	"rm -r build", "rm -rf ./build", "rm -rf /tmp/x", "cd /srv/app && rm -r cache/x", "chown x /srv/app/cache", "chown -R x /srv/app/cache", "apt-get remove nano", "apt-get install vim",
	"docker rm a", "docker stop web", "docker logs web", "kubectl delete svc a", "kubectl get pod a", "rm /srv/two", "rm one", "rm -r /srv/ap", "rm -r /opt/srv/app", "git status", "git log clean", "git push origin main", "git -C /x push", "git fetch --force", "docker run -it web", "docker exec web ls",
	"cp -r a b", "cp -r build /srv/app", "mv a b", "ln -s /srv/live/x y", "install x /srv/app/y",
};

static void permissions_are_for_what_they_say(void **state)
{
	(void)state;
	ask_all(permits, refused, COUNT(refused), permitted, COUNT(permitted));
}

static void restrictions_are_for_every_way_to_say_it(void **state)
{
	(void)state;
	ask_all(restricts, caught, COUNT(caught), passed, COUNT(passed));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(permissions_are_for_what_they_say),
		cmocka_unit_test(restrictions_are_for_every_way_to_say_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
