/* The demo's target: a private sshd, run by the user who runs the demo, with a clean home directory. */
#include "cli/demo.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/spawn.h"

/* A free port: bound to port 0 once, and given back. sshd cannot choose one itself and say which. */
static unsigned free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned port = 0;

	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, n) == 0 && getsockname(fd, (struct sockaddr *)&a, &n) == 0)
		port = ntohs(a.sin_port);
	if (fd >= 0)
		close(fd);
	return port;
}

static int listens(unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ok;

	ok = fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

static const char *find_program(const char *const places[])
{
	for (size_t i = 0; places[i] != NULL; i++) {
		if (access(places[i], X_OK) == 0)
			return places[i];
	}
	return NULL;
}

/* sshd runs a command as LOGIN-SHELL -c FORCED; the wrapper then runs the dialect's shell with the text that Sallyport sent, so that one
 * user can be a target of any shell. HOME is set by sshd_config: the start-up files of the real home must not matter. */
static int write_wrapper(struct demo *d, struct why *why)
{
	return demo_write(d, "target/login", 0700, why,
			  "#!/bin/sh\n"
			  "cd \"$HOME\" || exit 1\n"
			  "SHELL='%s'; export SHELL\n"
			  "if [ -n \"${SSH_ORIGINAL_COMMAND+set}\" ]; then\n"
			  "\texec '%s' %s-c \"$SSH_ORIGINAL_COMMAND\"\n"
			  "fi\n"
			  "exec '%s' -i\n",
			  d->target_shell, d->target_shell, strcmp(d->dialect, "busybox") == 0 ? "sh " : "", d->target_shell);
}

/* A program of its own, not sshd's internal one: the wrapper above runs it. */
static const char *find_sftp_server(void)
{
	static const char *const places[] = { "/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/libexec/sftp-server", "/usr/lib/ssh/sftp-server", NULL };
	const char *found = find_program(places);

	return found != NULL ? found : "internal-sftp";
}

int demo_target_files(struct demo *d, struct why *why)
{
	int r;

	d->target_port = free_port();
	if (d->target_port == 0)
		return why_fail(why, ERR_SYS, "no free port on 127.0.0.1");
	r = write_wrapper(d, why);
	if (r < 0)
		return r;
	return demo_write(d, "target/sshd_config", 0600, why,
			  "# The demo's target: a host that trusts only the vault's key and the target CA.\n"
			  "ListenAddress 127.0.0.1:%u\n"
			  "HostKey %s/target/host_key\n"
			  "PidFile none\n"
			  "AuthorizedKeysFile %s/target/authorized_keys\n"
			  "TrustedUserCAKeys %s/target/user_ca.pub\n"
			  "PasswordAuthentication no\n"
			  "KbdInteractiveAuthentication no\n"
			  "UsePAM no\n"
			  "StrictModes no\n"
			  "PermitRootLogin prohibit-password\n"
			  "MaxSessions 256\n"
			  "MaxStartups 1000\n"
			  "PrintMotd no\n"
			  "PermitUserRC no\n"
			  "SetEnv HOME=%s/home PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin\n"
			  "Subsystem sftp %s\n"
			  "ForceCommand %s/target/login\n",
			  d->target_port, d->dir, d->dir, d->dir, d->dir, find_sftp_server(), d->dir);
}

static const char *find_sshd(void)
{
	static const char *const places[] = { "/usr/sbin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd", NULL };

	return find_program(places);
}

int demo_target_start(struct demo *d, struct why *why)
{
	char config[PATH_MAX], log[PATH_MAX];
	const char *sshd = find_sshd();
	const char *argv[] = { sshd, "-D", "-e", "-f", config, NULL };
	struct timespec tick = { 0, 20000000 };

	if (sshd == NULL)
		return why_fail(why, ERR_NOTFOUND, "sshd is not installed (Debian: openssh-server)");
	snprintf(config, sizeof(config), "%s/target/sshd_config", d->dir);
	snprintf(log, sizeof(log), "%s/target/log", d->dir);
	if (geteuid() == 0)
		(void)mkdir("/run/sshd", 0755); /* sshd's own requirement when root starts it */
	d->target_pid = spawn_daemon(argv, log, why);
	if (d->target_pid < 0)
		return ERR_SYS;
	for (int i = 0; i < 250; i++) {
		if (listens(d->target_port))
			return ERR_OK;
		nanosleep(&tick, NULL);
	}
	return why_fail(why, ERR_UNAVAILABLE, "the demo's sshd does not start; see %s", log);
}
