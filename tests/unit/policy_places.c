/* Where a command writes besides the words that name it whole: path rules see it, and let through what leads elsewhere. */
#include "tests/unit/policy_ask.h"

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
	"split x y", "cpio -idm <a", "ssh-keygen -t rsa", "docker cp a:/x y", "docker compose config -o=/etc/cron.d/x", "docker compose config -o=../etc/cron.d/x",
	/* a name that a value makes */
	"x='@(.bashrc)'; cp a ~/$x",
	/* ~NAME may be any directory */
	"touch ~bin/ls", "echo > ~daemon/sshd", "rm ~daemon/sshd", "mv x ~daemon/", "chmod u+s ~bin/bash", "cd ~daemon && touch sshd",
	"echo > ~systemd-timesync/etc/cron.d/x", "rm -rf ~systemd-network/etc/passwd", "x=/etc; echo > ~x/passwd", "x=~/.ssh; echo > ~x/y", "touch ~+/../etc/passwd",
	"cd / && touch ~-/x", "echo > ~root/.bashrc", "cd ~daemon; touch x", "cp x ~bin", "rm -r ~bin", "ln -s x ~bin/ls",
	/* relative to what an option names; a patch names files of its own */
	"tar -cf x.tar --remove-files ~/.ssh", "tar cf x --remove-files /etc/sudoers", "tar -cf x.tar --remove-files ~", "tar -czf x.tgz -C /etc --remove-files sudoers.d",
	"patch -d /etc passwd < x", "patch -d /etc -o passwd < x", "patch -d /etc -i /srv/y sudoers", "patch -r - -p1 < x", "patch -r /srv/y < x", "patch -p1 /srv/f < y",
	"patch /srv/f y", "git -C /etc diff --no-index --output=passwd /srv/a /srv/b", "git -C ~/.ssh diff --output=x", "git -C /etc clone http://a/x cron.d",
	"cd ~/.config && git clone --shallow-exclude v1 http://a/git", "cd /etc && git clone --shallow-exclude v1 http://a/cron.d", "git clone a ~/.ssh/../x",
	"tar --remove-files -cf x.tar -C / etc", "tar -C / -C etc --remove-files -cf /srv/x passwd", "cd / && tar -C srv --remove-files -cf /srv/x ../etc",
	"patch -o passwd -d /etc < x", "patch --directory=/etc -r passwd f < x", "patch -o /srv/y -d /etc -d / < x", "git -C / -C etc clone http://a/x cron.d",
	"git --work-tree=/etc clone http://a/x /srv/y", "git -C / diff --output etc/passwd", "git -C \"$d\" diff --output etc/passwd",
	"git --git-dir x --work-tree=/etc diff --output=passwd", "cd ~/.config && git clone --ref-format files http://a/git",
	/* what curl and wget are told about names */
	"curl -T x file:///home/bob/.bashrc", "curl -T - file:///etc/passwd", "curl -o '.bash#1' 'http://a/{rc}'", "curl -o '/#1/passwd' 'http://a/{etc}'",
	"cd /srv/a && curl --output-dir /x -o ../etc/passwd http://a", "curl --expand-output .bashrc http://a", "curl --expand-write-out '%output{.bashrc}x' http://a",
	"wget --http-user -O/srv/x http://a/.bashrc", "wget --bind-address -O/srv/x http://a/.bashrc", "wget --http-user --spider http://a/.bashrc",
	"curl --create-dirs -o .ssh/../x http://a", "wget -P ~/.ssh/../x http://a", "curl -T x FILE:/etc/passwd", "curl -T x --url file:///etc/passwd",
	"curl -Tx '{file,http}:///etc/passwd'", "curl --proto-default file -T x localhost/etc/passwd", "curl -T x \"$u\"", "curl -sT- file:/etc/passwd",
	"curl --upload-file=x file:///etc/passwd", "curl -o 'x#1#2' 'http://a/{a,b}'", "curl --output-dir / -o etc/passwd http://a",
	"curl --output-dir /etc -o /passwd http://a", "curl -o passwd http://a --output-dir /etc", "curl --expand-output=.bashrc http://a",
	"curl --rate -o/srv/x -O http://a/.bashrc", "wget -o /srv/log http://a/.bashrc", "wget --save-cookies /srv/c http://a/.bashrc", "wget http://a/.bashrc -O /srv/x",
	"curl --create-dirs --output-dir .ssh/.. -o x http://a",
	/* what decompressors make of a name */
	"gunzip .profile_z", "gunzip .bashrc-gz", "gzip -d .profile-z", "gunzip /etc/sudoers-gz", "gzip -dfSrc ~/.bashrcrc", "gzip -d -S x .bashrcx",
	"xz -dSx /etc/sudoersx", "lzma -d -S x .profilex", "gzip -dN ~/a.gz", "gunzip -fN a.gz", "gunzip -S c .bashrcc", "gzip -d -S \"$x\" /srv/f", "gunzip .bashrc-GZ",
	"gzip -Nd a.gz", "gunzip --name ~/x/../a.gz", "cd / && gunzip -N etc/a.gz",
	/* the way to it, and the other name of a file */
	"mkdir -p .ssh/../y", "install -d ~/.ssh/../y", "install -D x ~/.ssh/../y", "ln ~/.ssh/authorized_keys x && echo k1 >> x", "cp -lT .ssh/authorized_keys x",
	"mkdir -p a/b/../../.ssh/../x", "mkdir -p /etc/cron.d/y/../../x", "cp --parents x .ssh/../y", "ln -T ~/.bashrc x", "ln ~/.bashrc x -s", "ln -t /srv ~/.bashrc",
	"cp -al ~/.ssh /srv/x", "mv -t /srv ~/.ssh", "mv --target-directory=/srv /srv/x ~/.bashrc", "cp --link /etc/passwd x", "link ~/.bashrc x", "cp x /lib32/x", "install -d -m 777 /etc", "install -m777 -d /srv /etc",
	/* rights of a directory */
	"chmod 777 /etc", "chmod 777 /etc/", "chown me /usr", "chmod a+w x /etc y", "cd / && chgrp me etc", "cd /etc && chmod 777 .", "chmod o+w ~", "chmod o+w /home/bob",
	"chmod -v 777 /", "chmod --reference=x /etc", "chmod 777 /etc/../etc", "chmod 777 /e*", "chmod 777 \"$x\"", "sudo chmod 777 /etc",
	/* a cd that may have failed */
	"cd /tmp || exit 1 2; touch .bashrc", "cd /tmp || exit x; touch .bashrc", "cd /tmp || return; touch .bashrc", "cd /tmp || true; touch .bashrc", "! cd /tmp || exit; touch .bashrc",
	"exit() { :; }; cd /tmp || exit; touch .bashrc", "cd /tmp || exit | cat; touch .bashrc", "cd /tmp || exit 1 & touch .bashrc", "cd /etc || exit; touch passwd",
	"for i in 1 2; do cd /tmp || exit; touch x; exit() { :; }; done; touch .bashrc", "cd /tmp || (exit 1); tar xf a.tar", "cd /tmp || exit 1 || true; tar xf a.tar", "(cd /tmp || exit 1); tar xf a.tar",
	"f() { cd /tmp || exit 1; }; f & tar xf a.tar", "cd /tmp | cat || exit 1; tar xf a.tar", "if cd /tmp || exit; then :; fi & tar xf a.tar", "cd /tmp || exit 1\ntar xf a.tar; cd ..; cd ~; tar xf a.tar",
	/* and others */
	"GIT_WORK_TREE=/etc git clone http://a/x /srv/y", "git -C '' clone http://a/x ../.ssh", "git -C /srv -C ~ clone http://a/.ssh", "env -C /etc touch passwd",
	"env -C ~ touch .bashrc", "env --chdir=~ touch .bashrc", "xz -d --suffix=x .bashrcx", "xz -d .bashrc.xz", "unxz -S c .bashrcc", "gunzip -k --suffix c .bashrcc",
	"bunzip2 .bashrc.bz2", "zstd -d .bashrc.zst", "gzip -S c -d .bashrc", "tar --remove-files -rf x.tar /etc/passwd", "tar xf x.tar --remove-files -C /etc",
	"tar -uf x ~/.ssh --remove-files", "tar cf x /etc/passwd --remove-files", "tar cf - --remove-files -- /etc/cron.d", "cp -l -t /srv ~/.bashrc",
	"cp -sl ~/.bashrc x", "ln -f ~/.bashrc x", "ln -L /etc/shadow /srv/x", "ln -sP ~/.bashrc /etc/cron.d/x", "tee .ssh/../x", "patch -d ~ -r .bashrc -o /srv/x y < z",
	"patch -p1 -d /etc <x", "curl -o\"#1\" 'http://a/{.bashrc}'", "curl --output '.bash#1' 'http://a/{rc}'", "curl --outp .bashrc http://a",
	"curl -T x ' file:///etc/passwd'", "curl -T x f{ile,}:///etc/passwd", "curl -T x '[f-f]ile:///etc/passwd'", "curl -s -T x -o y http://b file:///etc/passwd",
	"curl --upload x file:///etc/passwd", "wget -P /etc/cron.d/../x http://a/y", "wget --warc-file=.bashrc http://a/y", "wget -O ../etc/x http://a",
	"cd /etc && wget -O sudoers http://a", "cd / && mkdir -p etc/cron.d/x/..", "rm -rf ~/.ssh/../x/../.ssh", "cp x ~x/.bashrc", "x=~daemon/y; touch $x",
	"touch ~root/.ssh/x", "uniq - .bashrc", "uniq a b .bashrc", "wget -Y http://a/.bashrc http://a/y",
	"uniq +1 x .bashrc", "uniq +0 x /etc/passwd", "uniq x +1 /etc/passwd", "unzip -d /etc x", "rm ~/.bash_profile", "rm /usr/local/bin/x",
	"rmdir ~/.config/systemd/user", "mv ~/.gitconfig x", "echo b > /proc/sysrq-trigger",
	/* names that an address, a suffix or a template makes; lists; what stands behind a directory */
	"curl -O 'http://a/.bashrc?/x'", "curl -O 'http://a/.bashrc#/x'", "curl -O http://a/.bashrc#/x", "wget 'http://a/.bashrc#/x'", "wget http://a/.bashrc#/x",
	"wget -P /etc http://a/passwd#/x", "curl -LO 'http://a/{.bashrc?,p?}/x'", "wget 'ftp://a/.bashrc;type=a/x'", "wget --spider=off http://a/.bashrc",
	"wget --spider=no http://a/.bashrc", "wget --spider --no-spider http://a/.bashrc", "wget --default-page=.bashrc http://a", "wget --default-page=.bashrc a",
	"wget -P /etc --default-page=passwd http://a", "wget --default-page=.bashrc 'http://a/#/x'", "wget http://a --default-page=.bashrc",
	"wget --restrict-file-names=lowercase http://a/.BASHRC", "wget --restrict-f=lowercase http://a/.BASHRC",
	"wget --restrict-file-names=lowercase -P /etc http://a/PASSWD", "wget --warc-file=/etc/csh http://a/y", "curl -O --url http://a/.bashrc http://a/x",
	"curl --url=http://a/.bashrc -O http://a/x", "curl --remote-name-all --url http://a/.bashrc http://a/x",
	"curl --output-dir /tmp -O http://a/x --next -O http://a/.bashrc", "curl --output-dir /tmp -O http://a/x -: -O http://a/.bashrc", "mktemp -p /etc cron.XXXX",
	"mktemp -p /etc cron.d/XXXX", "mktemp --tmpdir=/etc cron.d/XXXX", "mktemp -d -p /etc sudoers.d/XXXX", "mktemp -p /usr bin/XXXX",
	"mktemp --tmpdir=/usr/ -d bin/XXXX", "mktemp -t -p /etc cron.XXX", "gzip -d -S .a.b .bashrc.a.b", "gunzip -S .a.b ~/.bashrc.a.b", "xz -d -S .a.b .bashrc.a.b",
	"unxz --suffix=.a.b .bashrc.a.b", "gzip -d -S .a.b /etc/sudoers.a.b", "zip -x a /tmp/x.zip @ /etc/cron.d/x f", "zip -i f /tmp/x.zip @ ~/.ssh/x f",
	"zip --exclude a /tmp/x.zip @ /etc/cron.d/x f", "zip -rx a /tmp/x.zip @ ~/.ssh/x f", "git clone /x/.ssh.bundle", "git clone x/.ssh.bundle",
	"cd ~/.config && git clone /x/git.bundle", "cd ~/.config && git clone -n ./a.b/git.bundle", "cp --parents ../../etc/sudoers.d/x /srv/app",
	"cd ~/e/a/b && cp --parents ../../etc/sudoers.d/x /tmp/q", "cp --parents ../ssh/sshd_config /etc/x", "cd /srv/app && su - -c 'tar xf a.tar'",
	"cd /srv/app && su - -c 'unzip x.zip'", "cd /srv/app && su - -c 'chmod 777 .'", "cd /srv/app && pkexec tar xf a.tar", "cd /srv/app && pkexec chmod 777 .",
	"wget 'http://a/.bashrc?/x'", "curl -O 'http://a/.bashrc%2f/x'", "curl -O 'http://a/[.]bashrc/x'", "git clone http://a@b/.ssh",
	"wget --spid=no http://a/.bashrc", "wget --no-spid --spider http://a/.bashrc", "curl --next -O http://a/.bashrc --output-dir /tmp",
	"curl -O http://a/x --output-dir /tmp -s: -O http://a/.bashrc", "mktemp -p/etc cron.d/aXXXX", "mktemp -p ~ .ssh/aXXXX", "mktemp -p /etc/cron.d",
	"mktemp --tmpdir=/etc/profile.d", "mktemp -p / --tmpdir=/srv etc/cron.d/aXXX", "mktemp --suffix=.sh /etc/profile.d/aXXX", "mktemp --suffix \"$x\" /srv/aXXX",
	"mktemp --suffix=rc --suffix=x /srv/.bashXXX", "mktemp /etc/cXXX.d", "unxz --suffix=c.b .bashrcc.b", "zip -q -x a -r /tmp/x.zip @ ~/.ssh/x",
	"zip -x \"$x\" /tmp/x.zip f", "git clone /srv/.ssh/.git", "git clone http://a/x/.ssh.bundle", "wget -O /srv/x -b http://a/y", "wget --background http://a/y",
	"cp --parents \"$x\" /srv/app", "cp --parents -t /srv/app ../../etc/sudoers.d/x", "cp --parents ~/../../../../etc/sudoers.d/x /srv/app",
	"cp -r --parents ../../etc /srv/app", "rmdir -p /srv/app/x", "rmdir --parents ~/.ssh", "cd /srv/app && su -l bob -c 'chmod 777 .'",
	"cd /srv/app && su bob --login -c 'tar xf a.tar'", "cd /srv/app && su -lc 'unzip x.zip'", "cd /srv/app && runuser -l bob -c 'tar xf a.tar'",
	"cd /srv/app && systemd-run touch x", "cd /srv/app && systemd-run --user tar xf a.tar", "touch /usr/lib32/x.so", "cp x /usr/libx32/ld.so",
	"cp x /etc/update-motd.d", "echo x > ~/.k5login", "cp x /etc/environment.d/", "touch ~/.config/environment.d/x", "tee /etc/bash_completion.d/x",
	"rm ~/.k5login", "cd /srv/app/x && pkexec touch y", "cd /srv/app/x && su - -c 'touch y'", "wget --warc-file=/srv/app/a.conf -O /srv/app/b.conf http://a",
	"wget -b -O /srv/app/a.conf http://a/y", "rmdir -p /srv/app/x/y", "curl --output-dir /srv/app/x -O http://a/y -: -O http://a/z",
};

static const char *const free_[] = {
	"cp a b", "cp a/b /srv/app", "cp a/* /srv/app/", "cp -r build /srv/app", "cp -r build ~", "cp -r build/. /srv/app/1", "cp -a /srv/app /srv/app.bak", "mv a b", "mv build ~/old", "mv build /srv/app/",
	"rm -rf build", "rm -rf ./build /tmp/x", "rm /srv/app/*.log", "rm -rf ~/.cache/pip", "find /srv/app -name '*.tmp' -delete", "chmod -R g+w /srv/app", "chown -R app: /srv/app",
	"tar xzf a.tgz -C /srv/app", "cd /srv/app && tar xzf a.tgz", "tar czf /tmp/x.tgz -C /srv/app .", "tar cf - /srv/app | gzip >/tmp/x.tgz", "unzip a.zip -d /srv/app", "unzip -l a.zip", "zip -r /tmp/x.zip /srv/app",
	"curl -fsS http://localhost:8080/health", "curl -o /tmp/x http://a/x", "cd /tmp && curl -O http://a/x", "curl -fsSLO http://a/x.tgz", "wget http://a/x.tgz", "git clone http://a/x.git", "curl -w '%{http_code}' -so /dev/null http://a", "wget -qO- http://a", "wget -P /tmp http://a/x",
	"git clone http://a/x.git /srv/app", "gzip /srv/app/a.log", "gunzip /srv/app/a.log.gz", "sed -i.bak s/a/b/ app.conf", "mkdir -p /srv/app/x", "mktemp -d", "install -m 644 a /srv/app/b",
	"ln -sfn /srv/app/2 /srv/app/current", "logger hello", "patch -p1 -d /srv/app <x", "truncate -s 0 /srv/app/a.log", "fallocate -l 1M /srv/app/x",
	"git -C /srv/app status", "git -C /srv/app log --output=/tmp/x", "git -C /srv clone http://a/x.git", "git -C /srv/app diff --output=x.diff",
	"git clone http://a/x.git y", "patch -d /srv/app f <x", "tar -C /srv/app --remove-files -cf /tmp/x.tar logs", "curl -T x http://a/y", "curl -T x ftp://a/",
	"curl --output-dir /tmp -o x http://a", "curl -o 'x#y' http://a", "wget -o /tmp/log http://a/x.tgz", "wget http://a/x.tgz -O /tmp/x",
	"wget 'http://a/dl?id=1' -O /tmp/x", "wget -O /tmp/x 'http://a/dl?id=1'", "gzip -dS .gz /srv/x.gz", "gunzip -N /srv/app/a.gz", "gzip -lN /srv/x.gz", "zcat -S x f",
	"ln a b", "ln -s /etc/passwd x", "ln -sfn /usr/bin/vim vim", "cp -al /srv/a /srv/b", "cp -t /srv/app a b", "mv -t /srv/app a b", "cp -t /srv/app ~/.bashrc.d/x", "touch /srv/app/../x", "uniq a b", "rm -rf .git", "rm -rf x/.git",
	"rm -rf ~/build/x", "rm -rf ~/.config/foo", "rm -rf node_modules", "git --work-tree=/srv/app status", "curl --retry 3 --connect-timeout 5 -fsS http://a",
	"curl --connect-timeout=5 --tls-max 1.2 --pinnedpubkey x http://a", "wget --progress=dot http://a/x.tgz",
	"wget --tries 3 --waitretry 5 --read-timeout 20 http://a/x.tgz", "wget --max-redirect 3 http://a/x.tgz", "chmod 755 /srv/app", "chown app: /var/log/app",
	"chmod +x ~/bin/x", "chmod +x x", "mkdir /home/x", "install -d /srv/app", "chmod 600 f", "cd /srv/app && chmod g+w .",
	"cd /tmp || exit 1; touch x", "cd /srv/app || exit; tar xzf a.tgz", "cd /srv || exit 1; cd app || exit 1; unzip x.zip",
	"curl -fsSLO http://a/x-1.2.tar.gz", "curl --output-dir /tmp -O http://a/x", "curl http://a --next http://b", "wget --spider http://a/.bashrc", "mktemp", "logger /etc/passwd .bashrc",
	"mktemp /tmp/x.XXXXXX", "mktemp -d /srv/app/x.XXXX", "mktemp -t x.XXXX", "mktemp -p /tmp x.XXX", "mktemp --tmpdir x.XXX", "mktemp -d -p /srv/app",
	"mktemp --suffix=.log", "mktemp --suffix .log /tmp/xXXXX", "gzip -d -S .a.b /srv/x.a.b", "gunzip /srv/x.tar.gz", "zip -r /tmp/x.zip /srv/app -x '*.log'",
	"zip -r '-x*.log' /tmp/x.zip /srv/app", "git clone /srv/x.bundle", "cd /srv && git clone http://a/b.git", "cp --parents a/b/c /srv/app",
	"cp --parents a/*.conf /srv/app", "cp -T ../a /srv/b", "rmdir /srv/app/x", "cd /srv/app && su bob -c 'tar xf a.tar'",
	"cd /srv/app && pkexec --keep-cwd touch x", "su - bob -c 'touch /srv/x'", "pkexec touch /srv/x", "wget -q http://a/x.tgz -O /srv/x",
};

/* The homes of rules and of commands are the same by whatever name. */
static const char homes[] =
	"version: 1\n"
	"profile: enforce\n"
	"rules:\n"
	"  - id: all\n"
	"    allow: [{ effects: [read, query, priv, write, delete, net] }]\n"
	"  - id: no\n"
	"    deny: [{ write: [\"~/.app/conf\", \"/*/carl/x\", \"/home/dora/**\", \"/root/key\", \"/r*/lock\"] }]\n";

static const char *const theirs[] = {
	"touch ~/.app/conf", "touch /root/.app/conf", "touch /home/bob/.app/conf", "touch /ro?t/.app/conf", "touch /r*/.app/conf", "touch /h*/bob/.app/conf", "touch /*/*/.app/c*",
	"touch /*/.app/conf", "touch /hom[e]/bob/.app/conf", "touch /home/bob/.a*/conf", "touch ~/x", "touch ~/y", "touch ~/key", "touch ~/lock", "touch /home/carl/x", "touch ~/.a*/conf",
	"chmod -R a+w /root/.app", "chmod -R a+w /home/bob/.app", "chmod -R a+w /h*/bob/.app", "chmod -R a+w /home/bob", "chmod -R a+w /home", "chmod -R a+w /*/bob/.app", "chmod -R a+w ~/.app",
};

static const char *const others[] = {
	"touch /srv/.app/conf", "touch /home/.app/conf", "touch /root/bob/.app/conf", "touch /home/bob/key", "touch /home/bob/.app/c", "touch /etc/x", "touch /root/x", "touch /*/.app/x",
	"touch /hom/bob/.app/conf", "chmod -R a+w /root/.ap", "chmod -R a+w /home/bob/.app2", "chmod -R a+w /srv/.app", "chmod -R a+w /home/bob/x/.app",
};

/* Where a command reads besides the words that name it whole. */
static const char reads[] =
	"version: 1\n"
	"profile: enforce\n"
	"packs: [core.readonly]\n"
	"rules:\n"
	"  - id: no\n"
	"    deny: [{ read: [\"/srv/secrets/**\", \"/srv/app/.env\", \"/etc/shadow\", \"~/.ssh/**\"] }]\n";

static const char *const secret[] = {
	"grep -r . /srv", "grep -rn x /srv/", "grep x -r /srv", "grep -R x /srv", "grep --recursive x /srv", "grep --recurs x /srv", "grep --dereference-recursive x /",
	"grep -d recurse x /srv", "grep -drecurse x /srv", "grep -nd recurse x /srv", "grep --directories=recurse x /srv", "grep -d skip -r x /srv",
	"grep -r -d skip x /srv", "grep -irn x /srv", "grep -nir -e x /srv", "cd /srv && grep -r x", "cd /srv && grep -r -e x", "cd /srv && grep -re x",
	"cd / && grep -rf /tmp/k", "cd /srv && grep x -r", "rgrep . /srv", "cd /srv && rgrep x", "egrep -r x /srv/app", "rg . /srv", "cd /srv && rg x",
	"cd /srv && echo x | rg -f -", "ag . /srv", "cd /srv && ag x", "zgrep -r . /srv", "diff -rN /nosuch /srv", "diff -urN /nosuch /srv",
	"diff --recursive /nosuch /srv", "diff /tmp/.env /srv/app", "diff /srv/app /tmp/.env", "diff /srv/app /tmp/x", "diff --from-file=/srv/secrets/k /dev/null",
	"diff --to-file=/srv/app /tmp/.env", "diff --to-file /srv/secrets/k x", "sdiff /srv/app /tmp/.env", "wc --files0-from=/srv/secrets/k",
	"wc --files0-from /srv/secrets/k", "du --files0-from=/srv/secrets/k", "sort --files0-from=/srv/secrets/k", "grep --file=/srv/secrets/k x",
	"grep -of/srv/secrets/k x", "grep -f/srv/secrets/k x", "grep -f /srv/secrets/k x", "grep -onf /srv/secrets/k x", "cd /srv/secrets && grep -ofk x",
	"cd /srv/secrets && grep --file=k x", "grep -e x /srv/secrets/k", "grep x /srv/secrets/k", "grep -A 3 x /srv/secrets/k", "grep -- -e /srv/secrets/k",
	"grep -r -- x /srv", "grep x -e /srv/secrets/k", "grep \"$x\" /tmp/k", "grep x $y", "md5sum -c/srv/secrets/k", "findmnt -F /srv/secrets/k",
	"findmnt -F/srv/secrets/k", "findmnt --tab-file=/srv/secrets/k", "locate -d /srv/secrets/k x", "locate -d/srv/secrets/k x", "hexdump -f /srv/secrets/k x",
	"hexdump -vf/srv/secrets/k x", "git diff --no-index /dev/null /srv/secrets/k", "git diff /dev/null /srv/secrets/k", "git diff /tmp/x /srv",
	"git -C /srv diff --no-index /dev/null secrets/k", "git -C /srv diff /tmp/k secrets/k", "git grep --no-index x /srv", "cd /srv && git grep --no-index x",
	"git -C /srv grep --no-index x", "git grep --no-index -e x /srv", "git grep --no-ind x /srv", "getent shadow", "getent shadow root", "getent \"$x\"",
	"grep -r x ~", "grep -r x /root", "cd; rg x", "cat /srv/secrets/k", "cd /srv && echo x | rg -f-", "cd /srv && rg x </dev/null", "docker compose -f=/srv/secrets/k config", "zcat -fr /srv", "zcat --recursive /srv", "zdiff /tmp/.env /srv/app", "tar cf - -C /srv secrets", "tar -C /srv -cf - app", "cp -r /srv /tmp", "find /srv -type f -exec grep x {} +",
};

static const char *const open_[] = {
	"grep -r x /srv/app/src", "grep -rn 'foo bar' /etc/nginx", "grep -r . /var/log", "grep -rn --include='*.py' TODO /opt/app", "grep -r /srv /etc/nginx",
	"grep x /srv/app", "grep -d skip x /srv/app", "cd /var/log && grep -r x", "cd /opt/app && rg x", "ps aux | rg x", "ps aux | rg -e x", "rg x <<<y", "ps aux | grep x", "ps aux | grep -v grep",
	"cat /etc/hosts | ag x", "rg x /opt/app", "diff /srv/app/a /srv/app/b", "diff -r /opt/a /opt/b", "diff -u a b", "diff --color=auto -U 3 /etc/a /etc/b",
	"diff -x '*.o' -r /opt/a /opt/b", "du -sh /srv", "find /srv -name x", "ls -R /srv", "ls --color=auto /srv", "tree /srv", "git diff HEAD~1", "git -C /srv diff", "git -C / diff --no-index /etc/hosts /etc/passwd", "git diff",
	"git -C /srv/x diff main..dev -- src", "git diff --stat HEAD", "git grep foo", "git grep foo /srv", "getent passwd bob", "getent hosts example.com", "grep -c x f",
	"grep -A 3 -B 2 x f", "grep x f -A 3", "cut -d/ -f2 /etc/passwd", "wc -l /etc/passwd", "sort -t/ -k2 /etc/x", "findmnt -t ext4 /srv", "findmnt -o SOURCE /",
	"hexdump -C /tmp/x", "locate passwd", "md5sum -c /tmp/sums", "grep -e x -e y /etc/hosts", "grep -f /tmp/pat /etc/hosts", "grep -e /srv/secrets /etc/hosts",
};

static void places_are_seen(void **state)
{
	(void)state;
	ask_all(sample, kept, COUNT(kept), free_, COUNT(free_));
}

static void homes_are_seen(void **state)
{
	(void)state;
	ask_all(homes, theirs, COUNT(theirs), others, COUNT(others));
}

/* The same beside tools that may write. */
static const char saves[] =
	"version: 1\n"
	"profile: enforce\n"
	"rules:\n"
	"  - id: all\n"
	"    allow: [{ effects: [read, query, priv, write, delete, net] }]\n"
	"  - id: no\n"
	"    deny: [{ read: [\"/srv/secrets/**\", \"/srv/app/.env\"] }]\n";

static const char *const taken[] = {
	"tar cf - -C /srv secrets", "tar cf /tmp/x.tar -C / srv", "tar -C /srv -cf - app", "tar cf /tmp/x.tar a -C /srv b secrets", "tar cCf /srv /tmp/x.tar app", "tar czf /tmp/x.tgz /srv",
	"cp -r /srv /tmp", "cp -t /tmp /srv/secrets/k", "mv -t /tmp /srv/secrets", "install -t /tmp /srv/app/.env", "zip -r /tmp/x.zip /srv", "gzip -cr /srv", "zcat -fr /srv",
};

static const char *const left[] = {
	"tar czf /tmp/x.tgz -C /srv/app logs", "tar cf - -C /srv x", "tar czf /tmp/x.tgz -C /srv/x .", "cp -r /srv/x /tmp", "cp -t /tmp /srv/x", "mv -t /srv/secrets.old a", "zip -r /tmp/x.zip /srv/x", "zcat -f /srv/x.gz",
};

static void reads_are_seen(void **state)
{
	(void)state;
	ask_all(saves, taken, COUNT(taken), left, COUNT(left));
	ask_all(reads, secret, COUNT(secret), open_, COUNT(open_));
}

/* Behind a cd that may fail relative words are, to restrictions, below the directory that it leads to: accidents. */
static const char guard[] =
	"version: 1\n"
	"profile: guard\n"
	"packs: [core.destructive, core.protected-paths]\n";

static const char *const stray[] = {
	"cd /; rm -rf *", "cd /\nrm -rf etc", "cd /; rm -rf ./*", "cd /; find . -delete", "(cd /; rm -rf *)", "cd /dev; dd if=/dev/zero of=sda", "cd /etc; echo x > passwd",
	"cd ~/.ssh; echo x > authorized_keys", "cd; echo x > .bashrc", "cd /etc; cp x passwd", "cd /; cp -r a etc", "cd /; chmod 777 etc", "cd /etc; sed -i s/a/b/ passwd",
	"cd /; tar -C etc --remove-files -cf /srv/x passwd", "cd /; git -C etc clone http://a/x cron.d", "cd /etc; gunzip passwd.gz", "cd /var; rm -rf log/journal", "pushd /; rm -rf *",
	"log() { echo x; }; cd /; log; rm -rf *", "if cd /; then rm -rf *; fi", "if ! cd /; then exit 1; fi; rm -rf *", "for i in a b; do cd /etc; echo x > passwd; done", "cd /; cd etc; echo x > passwd",
	"cd /srv/..; rm -rf *", "sh -c 'cd /; rm -rf *'", "cd /; sh -c 'rm -rf *'", "cd /; sudo rm -rf *", "cd / || true; rm -rf *", "cd /etc; env -C cron.d touch x", "while cd /; do rm -rf *; done",
};

static const char *const home[] = {
	"cd /srv/app; rm -rf *", "cd /srv/app; rm -rf build", "cd /srv/app; touch x", "cd /etc; cat passwd", "cd /; ls", "cd /srv/app; ls x", "cd /srv/app; tar xf a.tar", "cd /; cd /srv/app; rm -rf *",
	"cd /srv; cd app; rm -rf *", "cd /tmp; echo x > passwd", "cd /; cd \"$d\"; rm -rf *", "cd /etc; cp passwd /tmp/x", "(cd /); rm -rf x", "cd / & rm -rf x", "cd / | true; rm -rf x", "case x in a) cd / ;; b) true ;& c) rm -rf etc ;; esac", "pushd /; popd; rm -rf *",
	"if x; then cd /; else cd /srv; fi; rm -rf *", "if x; then cd /; else rm -rf etc; fi", "case x in a) cd / ;; b) rm -rf etc ;; esac", "find / -execdir rm -r etc ';'", "cd /etc; env -C \"$d\" touch passwd",
};

/* And command patterns beside an allow rule. Permissions know of no such directory. */
static const char beside[] =
	"version: 1\n"
	"profile: enforce\n"
	"rules:\n"
	"  - id: all\n"
	"    allow: [\"rm **\", \"cp **\", \"{cd,pushd,popd,true,exit,sudo,ls} **\", \"touch /srv/app/**\"]\n"
	"  - id: no\n"
	"    deny: [\"rm -r /srv/app/keep\", \"cp /etc/shadow **\"]\n";

static const char *const behind[] = {
	"cd /srv; rm -r app/keep", "cd /srv\nrm -r app/keep", "(cd /srv; rm -r app/keep)", "if cd /srv; then rm -r app/keep; fi", "if cd /srv; then true; fi; rm -r app/keep", "pushd /srv; rm -r app/keep",
	"cd /etc; cp shadow /tmp", "cd /srv; cd app; rm -r keep", "cd /srv/x; cd ..; rm -r app/keep", "cd /srv/x && cd ../app && rm -r keep", "cd /srv || true; rm -r app/keep", "cd /srv || cd /opt; rm -r app/keep",
	"true || cd /srv; rm -r app/keep", "for i in 1 2; do cd /srv; done; rm -r app/keep", "cd /srv; sh -c 'rm -r app/keep'", "cd /srv; sudo rm -r app/keep", "if true; then cd /srv; else cd /srv; fi; rm -r app/keep",
	"case x in x) cd /srv ;; esac; rm -r app/keep", "case x in x) cd /srv ;& y) rm -r app/keep ;; esac", "f() { cd /srv; rm -r app/keep; }", "cd /srv; touch app/x", "cd /srv/app\ntouch x", "if ! cd /srv/app; then touch x; fi", "if cd /srv/app || true; then touch x; fi",
	"if cd /srv/app; then true; fi; touch x", "if cd /srv/app; then true; else touch x; fi", "if cd /srv/app & then touch x; fi", "if true; then cd /srv/app; fi; touch x", "pushd /srv/app && touch x",
};

static const char *const before[] = {
	"cd /srv/x; rm -r app/keep", "cd /srv; rm -r app/other", "(cd /srv); rm -r app/keep", "cd /srv; cd /opt; rm -r app/keep", "cd /srv; cd \"$x\"; rm -r app/keep", "pushd /srv; popd; rm -r app/keep",
	"if true; then cd /srv; else rm -r app/keep; fi", "if true; then cd /srv; else cd /opt; fi; rm -r app/keep", "cd /srv | true; rm -r app/keep", "cd /srv & rm -r app/keep", "cd /srv/app; ls x",
	"cd /srv/app && touch x", "if cd /srv/app; then touch x; fi", "if true && cd /srv/app; then touch x; fi", "cd /srv/app || exit; touch x",
};

static void cds_lead_somewhere(void **state)
{
	(void)state;
	ask_all(guard, stray, COUNT(stray), home, COUNT(home));
	ask_all(beside, behind, COUNT(behind), before, COUNT(before));
}

static const char copies[] = "version: 1\npacks: [core.readonly, core.protected-paths, core.destructive]\nrules:\n  - { id: a, allow: [\"rsync **\", \"scp **\"] }\n";

static const char *const landed[] = {
	"rsync x /etc/sudoers.d/", "rsync -a x/ ~", "rsync -a --delete empty/ /var/lib/", "scp h:x /etc/cron.d/x", "scp h:.bashrc ~",
	"scp -r h:x ~/.ssh", "rsync -e ssh h:x /etc/cron.d/", "rsync -av --log-file=/etc/cron.d/x a b", "cd /etc && rsync x cron.d/",
};

static const char *const away[] = {
	"rsync -a --delete empty/ /var/lib/mysql/", "rsync -a /srv/a/ /srv/b/", "rsync -az --delete /srv/build/ web1:/srv/www/", "rsync -a /etc/nginx/ backup:/srv/nginx/", "rsync -a web1:/var/log/nginx/ /srv/logs/",
	"scp /etc/nginx/nginx.conf web1:/tmp/", "scp -i ~/.ssh/id web1:/tmp/x /tmp/y", "scp -P 22 a.tgz b.tgz web1:", "rsync -e 'ssh -p 22' -a a/ web1:b/", "rsync -aHAX --numeric-ids --exclude=.git /srv/a /srv/b",
};

static void copies_land_somewhere(void **state)
{
	(void)state;
	ask_all(copies, landed, COUNT(landed), away, COUNT(away));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_seen),
		cmocka_unit_test(homes_are_seen),
		cmocka_unit_test(reads_are_seen),
		cmocka_unit_test(cds_lead_somewhere),
		cmocka_unit_test(copies_land_somewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
