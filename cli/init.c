/* `sallyport init`: keys and a commented configuration for a new bastion. Writes nothing over anything that is there. As root, and where
 * the package's users exist, each file and folder is given to the one that needs it. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <dirent.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/spawn.h"

static const char usage[] =
	"usage: sallyport init [--config-dir DIR] [--state DIR] [--listen ADDRESS:PORT] [--name HOSTNAME]\n"
	"Makes what a new bastion needs: host key, certificate authority, target CA, audit key, master key, a commented\n"
	"configuration and a first policy. Nothing that exists is overwritten. As root, and where the users that the package\n"
	"makes exist, each process runs under its own: files and folders are given to them.\n"
	"  --config-dir DIR   default /etc/sallyport\n"
	"  --state DIR        default /var/lib/sallyport\n"
	"  --listen A:P       SSH, default 0.0.0.0:2222\n"
	"  --name HOSTNAME    what agents call this bastion, default: this host's name\n";

enum { USER_MAIN, USER_CONTROL, USER_VAULT, USER_SESSION, USER_RECORDER, USERS };

/* Of the package's sysusers file. */
static const char *const user_names[USERS] = { "sallyport", "sallyport-control", "sallyport-vault", "sallyport-session", "sallyport-recorder" };

struct init {
	const char *config_dir, *state, *listen;
	bool users; /* we are root, and all of them exist */
	uid_t uid[USERS];
	gid_t gid[USERS];
	char name[256];
	char self[PATH_MAX];
};

static const char config_text[] =
	"# Sallyport's configuration. `sallyportd -t` checks it; SIGHUP (systemctl reload sallyport) swaps it, or keeps the old one\n"
	"# when this one is wrong. All keys: sallyport.yaml(5).\n"
	"version: 1\n"
	"listen: [\"%s\"]                     # SSH, for agents\n"
	"host_key: %s/host_key\n"
	"state: %s                            # audit log, recordings, approvals\n"
	"policy: %s/policy.yaml\n"
	"vault:\n"
	"  store: %s/vault                    # sealed keys: `sallyport vault add NAME`\n"
	"  master_key: %s/master.key          # or, better: credential: sallyport-master-key (systemd LoadCredentialEncrypted)\n"
	"http:\n"
	"  listen: \"127.0.0.1:8022\"           # the approval API; any other address needs tls: { certificate: FILE, key: FILE }\n"
	"  ssh_host: \"%s\"                     # what agents call this bastion\n"
	"%s"
	"\n"
	"# Who issues the tokens that agents hold. Examples for GitHub Actions, GitLab, Kubernetes, Entra, Okta and Google are in\n"
	"# the examples directory. Until there is one, nobody can log in.\n"
	"issuers: []\n"
	"#  - name: github                     # the short name that policy rules use\n"
	"#    issuer: \"https://token.actions.githubusercontent.com\"\n"
	"#    audiences: [sallyport]\n"
	"#    algorithms: [RS256]\n"
	"#    required_claims: { repository_owner: \"acme\" }\n"
	"\n"
	"# Hosts that agents may reach. No trust on first use: `ssh-keyscan -t ed25519 HOST` on a path you trust gives the host key.\n"
	"targets: []\n"
	"#  - name: web1\n"
	"#    address: 10.0.0.5\n"
	"#    login: deploy\n"
	"#    host_keys: [\"ssh-ed25519 AAAA...\"]\n"
	"#    shell: bash\n"
	"#    tags: { role: web, env: prod }\n"
	"#    key: web1                        # a key in the vault; or  certificate: { principal: deploy }  for hosts that trust the target CA\n"
	"\n"
	"# Who may say yes, read the evidence, end sessions: groups of the tokens they show to the API.\n"
	"roles:\n"
	"  approver: { groups: [sre] }\n"
	"  auditor: { groups: [auditors] }\n"
	"  admin: { groups: [sallyport-admins] }\n";

static const char users_text[] =
	"users: { control: sallyport-control, vault: sallyport-vault, session: sallyport-session, recorder: sallyport-recorder }\n";
static const char no_users_text[] =
	"# One user a kind of process, where sallyportd is started as root or by systemd; see sallyport.yaml(5).\n"
	"#users: { control: sallyport-control, vault: sallyport-vault, session: sallyport-session, recorder: sallyport-recorder }\n";

static const char policy_text[] =
	"# The policy. `sallyport policy check FILE` checks it, `sallyport policy explain 'CMD' --as WHO --on TARGET` tells why.\n"
	"version: 1\n"
	"profile: enforce          # what no rule names is denied; `default: approve` holds it for a person instead\n"
	"packs: [core.readonly, core.protected-paths, core.destructive]\n"
	"who:\n"
	"  ops: { groups: [ops-agents] }\n"
	"rules:\n"
	"  - id: service.restart\n"
	"    who: [ops]\n"
	"    approve: [\"systemctl {restart,reload} *\"]\n"
	"    approvers: [sre]\n"
	"    grant: { uses: 1, ttl: 15m }\n"
	"    reason: \"A restart drops live requests.\"\n"
	"    tests: { approve: [\"sudo systemctl restart nginx\"], not: [\"systemctl status nginx\"] }\n"
	"mask:\n"
	"  use: [credit-card, aws-key, private-key, jwt, password-field, email]\n";

static int make_dir(const char *path)
{
	if (mkdir(path, 0755) == 0 || errno == EEXIST)
		return ERR_OK;
	return cli_fail("init", "cannot make %s: %s", path, strerror(errno)), ERR_SYS;
}

/* A new file, or none: 1 written, 0 it was there, negative on failure. */
static int write_new(const char *path, mode_t mode, FILE **out)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

	*out = NULL;
	if (fd < 0 && errno == EEXIST) {
		printf("  kept     %s (it was there)\n", path);
		return 0;
	}
	if (fd < 0 || (*out = fdopen(fd, "w")) == NULL)
		return cli_fail("init", "cannot write %s: %s", path, strerror(errno)), ERR_SYS;
	printf("  made     %s\n", path);
	return 1;
}

static int make_host_key(const struct init *i)
{
	char path[PATH_MAX], comment[300];
	const char *argv[] = { "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path, NULL };
	struct why why;

	snprintf(path, sizeof(path), "%s/host_key", i->config_dir);
	snprintf(comment, sizeof(comment), "sallyport@%s", i->name);
	if (access(path, F_OK) == 0) {
		printf("  kept     %s (it was there)\n", path);
		return ERR_OK;
	}
	if (spawn_run(argv, NULL, 0, &why) < 0)
		return cli_fail("init", "%s", why.text), ERR_SYS;
	printf("  made     %s\n", path);
	return ERR_OK;
}

static int make_vault(const struct init *i)
{
	char store[PATH_MAX], master[PATH_MAX];
	const char *argv[] = { i->self, "vault", "init", "--store", store, "--master-key", master, NULL };
	struct why why;

	snprintf(store, sizeof(store), "%s/vault", i->state);
	snprintf(master, sizeof(master), "%s/master.key", i->config_dir);
	if (access(store, F_OK) == 0) {
		printf("  kept     %s (it was there)\n", store);
		return ERR_OK;
	}
	if (spawn_run(argv, NULL, 0, &why) < 0)
		return cli_fail("init", "%s", why.text), ERR_SYS;
	printf("  made     %s (certificate authority, target CA, audit key, sealed)\n  made     %s\n", store, master);
	return ERR_OK;
}

static int make_files(const struct init *i)
{
	char path[PATH_MAX];
	FILE *f;
	int r;

	snprintf(path, sizeof(path), "%s/sallyport.yaml", i->config_dir);
	r = write_new(path, 0644, &f);
	if (r > 0) {
		fprintf(f, config_text, i->listen, i->config_dir, i->state, i->config_dir, i->state, i->config_dir, i->name,
			i->users ? users_text : no_users_text);
		fclose(f);
	}
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s/policy.yaml", i->config_dir);
	r = write_new(path, 0644, &f);
	if (r > 0) {
		fputs(policy_text, f);
		fclose(f);
	}
	return r < 0 ? r : ERR_OK;
}

static void find_users(struct init *i)
{
	i->users = geteuid() == 0;
	for (unsigned u = 0; u < USERS && i->users; u++) {
		const struct passwd *pw = getpwnam(user_names[u]);

		i->users = pw != NULL;
		if (pw != NULL) {
			i->uid[u] = pw->pw_uid;
			i->gid[u] = pw->pw_gid;
		}
	}
}

/* A path below dir (or dir itself, name ""), given to a user; a folder is made first. mode 0: a file, whose mode stays. */
static int give(const struct init *i, const char *dir, const char *name, unsigned user, unsigned group, mode_t mode)
{
	char path[PATH_MAX];
	int fd, r = ERR_OK;

	snprintf(path, sizeof(path), "%s%s%s", dir, *name == '\0' ? "" : "/", name);
	if (mode != 0 && mkdir(path, 0700) < 0 && errno != EEXIST)
		return cli_fail("init", "cannot make %s: %s", path, strerror(errno)), ERR_SYS;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (mode != 0 ? O_DIRECTORY : 0));
	if (fd < 0 || fchown(fd, i->uid[user], i->gid[group]) < 0 || (mode != 0 && fchmod(fd, mode) < 0)) {
		cli_fail("init", "cannot give %s to %s: %s", path, user_names[user], strerror(errno));
		r = ERR_SYS;
	}
	if (fd >= 0)
		close(fd);
	return r;
}

/* A folder with the files in it, which a restore as root may have left with root. */
static int give_folder(const struct init *i, const char *name, unsigned user, unsigned group, mode_t mode)
{
	int r = give(i, i->state, name, user, group, mode);
	char path[PATH_MAX];
	const struct dirent *e;
	DIR *d;

	if (r < 0 || *name == '\0')
		return r;
	snprintf(path, sizeof(path), "%s/%s", i->state, name);
	d = opendir(path);
	if (d == NULL)
		return cli_fail("init", "cannot open %s: %s", path, strerror(errno)), ERR_SYS;
	while (r == ERR_OK && (e = readdir(d)) != NULL) {
		if (e->d_type == DT_REG || e->d_type == DT_UNKNOWN)
			r = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ? ERR_OK : give(i, path, e->d_name, user, group, 0);
	}
	closedir(d);
	return r;
}

static int give_all(const struct init *i)
{
	/* group: who may look in besides the owner. run/ is written by control and the supervisor. */
	static const struct {
		const char *name;
		unsigned user, group;
		mode_t mode;
	} folders[] = {
		{ "", USER_MAIN, USER_MAIN, 0711 },		       { "audit", USER_CONTROL, USER_CONTROL, 0700 },
		{ "control", USER_CONTROL, USER_CONTROL, 0700 },       { "run", USER_CONTROL, USER_MAIN, 0775 },
		{ "recordings", USER_RECORDER, USER_CONTROL, 02750 },  { "last-good", USER_MAIN, USER_MAIN, 0700 },
		{ "vault", USER_VAULT, USER_VAULT, 0700 },
	};
	int r = ERR_OK;

	for (size_t n = 0; n < sizeof(folders) / sizeof(folders[0]) && r == ERR_OK; n++)
		r = give_folder(i, folders[n].name, folders[n].user, folders[n].group, folders[n].mode);
	if (r == ERR_OK)
		r = give(i, i->config_dir, "host_key", USER_MAIN, USER_MAIN, 0);
	if (r == ERR_OK)
		r = give(i, i->config_dir, "master.key", USER_MAIN, USER_MAIN, 0);
	return r;
}

static void next_steps(const struct init *i)
{
	printf("\nNext:\n"
	       "  1. Copy %s/master.key to where your other root secrets are: without it the vault's keys are lost.\n"
	       "  2. %s/sallyport.yaml: add the issuer of your agents' tokens (examples: /usr/share/doc/sallyport/examples/issuers)\n"
	       "     and a first target.\n"
	       "  3. Let that target in: `sallyport vault public target-ca` prints the CA for its TrustedUserCAKeys, or\n"
	       "     `sallyport vault add NAME --generate` a public key for its authorized_keys.\n"
	       "  4. `sallyportd -t -c %s/sallyport.yaml` explains every mistake.\n"
	       "  5. Start it: `systemctl enable --now sallyport`, or `sallyportd -f -c %s/sallyport.yaml`.\n"
	       "  6. Give agents this host key line for known_hosts: see %s/host_key.pub, or GET /v1/ssh/config.\n",
	       i->config_dir, i->config_dir, i->config_dir, i->config_dir, i->config_dir);
}

int cli_init(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config-dir", required_argument, NULL, 'c' }, { "state", required_argument, NULL, 's' },
		{ "listen", required_argument, NULL, 'l' },	{ "name", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },		{ NULL, 0, NULL, 0 }
	};
	struct init i = { .config_dir = "/etc/sallyport", .state = "/var/lib/sallyport", .listen = "0.0.0.0:2222" };
	ssize_t n = readlink("/proc/self/exe", i.self, sizeof(i.self) - 1);
	int o;

	gethostname(i.name, sizeof(i.name) - 1);
	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'c': i.config_dir = optarg; break;
		case 's': i.state = optarg; break;
		case 'l': i.listen = optarg; break;
		case 'n': snprintf(i.name, sizeof(i.name), "%s", optarg); break;
		case 'h': fputs(usage, stdout); return CLI_OK;
		default: fputs(usage, stderr); return CLI_USAGE;
		}
	}
	if (optind != argc || n <= 0) {
		fputs(usage, stderr);
		return CLI_USAGE;
	}
	umask(022);
	find_users(&i);
	if (make_dir(i.config_dir) < 0 || make_dir(i.state) < 0 || make_host_key(&i) < 0 || make_vault(&i) < 0 || make_files(&i) < 0 || (i.users && give_all(&i) < 0))
		return CLI_FAILED;
	next_steps(&i);
	return CLI_OK;
}
