/* The demo's files: keys, issuer, vault, configuration, policy, the agent's ssh_config. */
#include "cli/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/issuer.h"
#include "cli/spawn.h"

int demo_write(struct demo *d, const char *name, unsigned mode, struct why *why, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	FILE *f = NULL;
	int fd, n, bad;

	snprintf(path, sizeof(path), "%s/%s", d->dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd >= 0)
		f = fdopen(fd, "w");
	if (f == NULL)
		return why_fail(why, ERR_SYS, "cannot write %s: %s", path, strerror(errno));
	va_start(ap, fmt);
	n = vfprintf(f, fmt, ap);
	va_end(ap);
	bad = fclose(f);
	return n < 0 || bad != 0 ? why_fail(why, ERR_SYS, "cannot write %s", path) : ERR_OK;
}

int demo_read_line(struct demo *d, const char *name, int two_words, char *out, size_t n, struct why *why)
{
	char path[PATH_MAX], *p;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", d->dir, name);
	f = fopen(path, "re");
	if (f == NULL || fgets(out, (int)n, f) == NULL) {
		if (f != NULL)
			fclose(f);
		return why_fail(why, ERR_SYS, "cannot read %s", path);
	}
	fclose(f);
	out[strcspn(out, "\n")] = '\0';
	p = two_words ? strchr(out, ' ') : NULL;
	p = p != NULL ? strchr(p + 1, ' ') : NULL;
	if (p != NULL)
		*p = '\0';
	return ERR_OK;
}

static int make_dir(struct demo *d, const char *name, struct why *why)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", d->dir, name);
	return mkdir(path, 0700) < 0 ? why_fail(why, ERR_SYS, "cannot make %s: %s", path, strerror(errno)) : ERR_OK;
}

static int keygen(struct demo *d, const char *name, const char *comment, struct why *why)
{
	char path[PATH_MAX];
	const char *argv[] = { "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path, NULL };

	snprintf(path, sizeof(path), "%s/%s", d->dir, name);
	return spawn_run(argv, NULL, 0, why);
}

/* The vault through its own verb, as an operator would: the master key, the CAs, and a login key for demo-web. demo-db trusts
 * the target CA instead. */
static int make_vault(struct demo *d, struct why *why)
{
	char store[PATH_MAX], master[PATH_MAX], line[2048];
	const char *init[] = { d->self, "vault", "init", "--store", store, "--master-key", master, NULL };
	const char *add[] = { d->self, "vault", "add", "demo-web", "--generate", "--store", store, "--master-key", master, NULL };
	const char *ca[] = { d->self, "vault", "public", "target-ca", "--store", store, "--master-key", master, NULL };
	int r;

	snprintf(store, sizeof(store), "%s/vault", d->dir);
	snprintf(master, sizeof(master), "%s/master.key", d->dir);
	r = spawn_run(init, NULL, 0, why);
	if (r >= 0)
		r = spawn_run(add, line, sizeof(line), why);
	if (r >= 0)
		r = demo_write(d, "target/authorized_keys", 0600, why, "%s", line);
	if (r >= 0)
		r = spawn_run(ca, line, sizeof(line), why);
	return r < 0 ? r : demo_write(d, "target/user_ca.pub", 0600, why, "%s", line);
}

static int write_policy(struct demo *d, struct why *why)
{
	char text[65536];
	size_t n;
	FILE *f;

	if (d->policy != NULL) {
		f = fopen(d->policy, "re");
		if (f == NULL)
			return why_fail(why, ERR_SYS, "cannot read %s: %s", d->policy, strerror(errno));
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
		text[n] = '\0';
		if (n == sizeof(text) - 1)
			return why_fail(why, ERR_LIMIT, "%s is larger than a demo takes", d->policy);
		return demo_write(d, "policy.yaml", 0600, why, "%s", text);
	}
	return demo_write(d, "policy.yaml", 0600, why,
			  "# The demo's policy. Try: edit it, then `sallyport policy check` it.\n"
			  "version: 1\n"
			  "profile: enforce\n"
			  "packs: [core.readonly, core.protected-paths, core.destructive]\n"
			  "who:\n"
			  "  ops: { groups: [ops-agents] }\n"
			  "rules:\n"
			  "  - id: demo.deploy\n"
			  "    who: [ops]\n"
			  "    on: { env: prod }\n"
			  "    approve: [\"touch *\", \"systemctl {restart,reload} {nginx,app}\"]\n"
			  "    approvers: [sre]\n"
			  "    approvals: 1\n"
			  "    grant: { uses: 1, ttl: 15m }\n"
			  "    reason: \"A change on a production host.\"\n"
			  "    tests: { approve: [\"touch deployed.txt\"], not: [\"ls\"] }\n"
			  "mask:\n"
			  "  use: [credit-card, aws-key, private-key, jwt, password-field, email]\n");
}

static int write_config(struct demo *d, struct why *why)
{
	/* One agent on one address: what is a flood elsewhere is a test here. A --config with limits of its own replaces them. */
	static const char limits[] = "limits: { sessions: 4000, per_source: 4000, unauthenticated: 1000, sessions_per_identity: 4000,\n"
				     "          commands_per_minute: 1000000, sessions_per_minute: 1000000, channels: 256 }\n";
	char extra[16384] = "";
	size_t n;
	FILE *f;

	if (d->config != NULL) {
		f = fopen(d->config, "re");
		if (f == NULL)
			return why_fail(why, ERR_SYS, "cannot read %s: %s", d->config, strerror(errno));
		n = fread(extra, 1, sizeof(extra) - 1, f);
		fclose(f);
		extra[n] = '\0';
	}
	return demo_write(d, "sallyport.yaml", 0600, why,
			  "# The demo's configuration: loopback only, throw-away keys.\n"
			  "version: 1\n"
			  "listen: [\"127.0.0.1:0\"]\n"
			  "host_key: %s/host_key\n"
			  "state: %s/state\n"
			  "policy: %s/policy.yaml\n"
			  "vault:\n"
			  "  store: %s/vault\n"
			  "  master_key: %s/master.key\n"
			  "http:\n"
			  "  listen: \"127.0.0.1:0\"\n"
			  "  ssh_host: \"127.0.0.1\"\n"
			  "issuers:\n"
			  "  - name: demo\n"
			  "    issuer: \"" ISSUER_DEMO_URL "\"\n"
			  "    audiences: [" ISSUER_DEMO_AUDIENCE "]\n"
			  "    algorithms: [ES256]\n"
			  "    jwks_file: %s/issuer/jwks.json\n"
			  "    max_age: 12h\n"
			  "targets:\n"
			  "  - name: demo-web            # logs in with a vaulted key\n"
			  "    address: 127.0.0.1\n"
			  "    port: %u\n"
			  "    login: %s\n"
			  "    host_keys: [\"%s\"]\n"
			  "    shell: %s\n"
			  "    tags: { role: web, env: prod }\n"
			  "    key: demo-web\n"
			  "  - name: demo-db             # trusts the target CA: a certificate is minted for each login\n"
			  "    address: 127.0.0.1\n"
			  "    port: %u\n"
			  "    login: %s\n"
			  "    host_keys: [\"%s\"]\n"
			  "    shell: %s\n"
			  "    tags: { role: db, env: prod }\n"
			  "    certificate: { principal: %s }\n"
			  "roles:\n"
			  "  approver: { groups: [sre] }\n"
			  "  auditor: { groups: [auditors] }\n"
			  "  admin: { groups: [admins] }\n"
			  "%s%s",
			  d->dir, d->dir, d->dir, d->dir, d->dir, d->dir, d->target_port, d->login, d->target_host_key, d->dialect,
			  d->target_port, d->login, d->target_host_key, d->dialect, d->login,
			  strncmp(extra, "limits:", 7) == 0 || strstr(extra, "\nlimits:") != NULL ? "" : limits, extra);
}

/* What the sample commands look at. The secrets are made up; the card number is a well-known test number. */
static int write_home(struct demo *d, struct why *why)
{
	int r = demo_write(d, "home/app.env", 0600, why,
			   "APP_ENV=production\n"
			   "DB_PASSWORD=correct-horse-battery-staple\n"
			   "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\n"
			   "CARD=4111 1111 1111 1111\n");

	return r < 0 ? r : demo_write(d, "home/app.log", 0600, why, "INFO started\nERROR connection reset by peer\nINFO ready\n");
}

int demo_files_write(struct demo *d, struct why *why)
{
	static const char *const dirs[] = { "agent", "home", "target", NULL };
	char issuer[PATH_MAX];
	int r = ERR_OK;

	for (size_t i = 0; r >= 0 && dirs[i] != NULL; i++)
		r = make_dir(d, dirs[i], why);
	snprintf(issuer, sizeof(issuer), "%s/issuer", d->dir);
	if (r >= 0)
		r = issuer_create(issuer, why);
	if (r >= 0)
		r = keygen(d, "host_key", "sallyport-demo", why);
	if (r >= 0)
		r = keygen(d, "target/host_key", "demo-target", why);
	if (r >= 0)
		r = keygen(d, "agent/id_ed25519", "agent-1", why);
	if (r >= 0)
		r = demo_read_line(d, "host_key.pub", 1, d->bastion_host_key, sizeof(d->bastion_host_key), why);
	if (r >= 0)
		r = demo_read_line(d, "target/host_key.pub", 1, d->target_host_key, sizeof(d->target_host_key), why);
	if (r >= 0)
		r = make_vault(d, why);
	if (r >= 0)
		r = demo_target_files(d, why);
	if (r >= 0)
		r = write_home(d, why);
	if (r >= 0)
		r = write_policy(d, why);
	return r < 0 ? r : write_config(d, why);
}

/* A bearer token in a file, and as the header file that `curl -H @FILE` reads: it then stands in no argument list. */
static int write_token(struct demo *d, const char *name, const char *subject, const char *groups, struct why *why)
{
	struct issuer_claims c = { .subject = subject, .groups = groups, .ttl = 12 * 3600 };
	char issuer[PATH_MAX], file[128];
	char *token;
	int r;

	snprintf(issuer, sizeof(issuer), "%s/issuer", d->dir);
	token = issuer_token(issuer, &c, why);
	if (token == NULL)
		return ERR_CRYPTO;
	snprintf(file, sizeof(file), "%s.token", name);
	r = demo_write(d, file, 0600, why, "%s\n", token);
	snprintf(file, sizeof(file), "%s.header", name);
	if (r >= 0)
		r = demo_write(d, file, 0600, why, "Authorization: Bearer %s\n", token);
	issuer_token_free(token);
	return r;
}

static int write_refresh(struct demo *d, struct why *why)
{
	return demo_write(d, "agent/refresh", 0700, why,
			  "#!/bin/sh\n"
			  "# Run by ssh before each connection: exchanges a fresh OIDC token for a certificate when the one at hand is older than\n"
			  "# ten minutes. An agent in production gets its token from its platform; here the demo issuer makes it.\n"
			  "set -eu\n"
			  "cd '%s/agent'\n"
			  "[ -n \"$(find id_ed25519-cert.pub -mmin -10 2>/dev/null)\" ] && exit 0\n"
			  "token=$('%s' token issue --issuer '%s/issuer' --sub agent-1 --groups ops-agents --ttl 15m)\n"
			  "printf 'header = \"Authorization: Bearer %%s\"\\n' \"$token\" |\n"
			  "\tcurl -fsS -K - --data-binary @id_ed25519.pub -o \".cert.$$\" http://127.0.0.1:%u/v1/ssh/certificates\n"
			  "mv \".cert.$$\" id_ed25519-cert.pub\n",
			  d->dir, d->self, d->dir, d->http_port);
}

int demo_files_agent(struct demo *d, struct why *why)
{
	int r = write_refresh(d, why);

	if (r >= 0)
		r = demo_write(d, "agent/known_hosts", 0600, why, "sallyport-demo %s\n", d->bastion_host_key);
	if (r >= 0)
		r = demo_write(d, "agent/ssh_config", 0600, why,
			       "# Stock OpenSSH; the certificate is fetched with curl before a connection that needs a new one.\n"
			       "Match originalhost demo-web,demo-db exec \"%s/agent/refresh\"\n"
			       "Host demo-web\n"
			       "  User demo-web\n"
			       "Host demo-db\n"
			       "  User demo-db\n"
			       "Host demo-sign\n"
			       "  User sign\n"
			       "Host demo-web demo-db demo-sign\n"
			       "  HostName 127.0.0.1\n"
			       "  Port %u\n"
			       "  HostKeyAlias sallyport-demo\n"
			       "  UserKnownHostsFile %s/agent/known_hosts\n"
			       "  GlobalKnownHostsFile /dev/null\n"
			       "  StrictHostKeyChecking yes\n"
			       "  UpdateHostKeys no\n"
			       "  IdentityFile %s/agent/id_ed25519\n"
			       "  CertificateFile %s/agent/id_ed25519-cert.pub\n"
			       "  IdentitiesOnly yes\n"
			       "  IdentityAgent none\n"
			       "  PreferredAuthentications none,publickey\n"
			       "  BatchMode yes\n"
			       "  LogLevel ERROR\n",
			       d->dir, d->ssh_port, d->dir, d->dir, d->dir);
	if (r >= 0)
		r = write_token(d, "operator", "operator-1", "sre,admins", why);
	return r < 0 ? r : write_token(d, "auditor", "auditor-1", "auditors", why);
}
