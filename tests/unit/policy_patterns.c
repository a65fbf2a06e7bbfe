/* What the words of a restriction's pattern stand for: every way to say it. */
#include "tests/unit/policy_ask.h"

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
	{ "podman rm -a **",
		{ "podman rm --all", "podman rm -fa" },
		{ "podman rm x" } },
	{ "podman rm --volumes **",
		{ "podman rm -v x", "podman rm -fv x" },
		{ "podman rm -f x" } },
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
