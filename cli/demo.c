/* `sallyport demo`: a whole bastion in a throw-away directory, on loopback, as whoever runs it. With `-- COMMAND` it runs the
 * command inside that world, takes everything down, and returns the command's exit code. */
#include "cli/demo.h"

#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/process.h"
#include "cli/cli.h"
#include "cli/spawn.h"

static const char usage[] =
	"usage: sallyport demo [--policy FILE] [--target-shell SHELL] [--config FILE] [--keep] [--tour] [-- COMMAND [ARG...]]\n"
	"Starts a bastion with throw-away keys, a token issuer and a target (a private sshd), on loopback, without root.\n"
	"  --policy FILE         use this policy instead of the sample\n"
	"  --target-shell SHELL  the target's shell: bash, dash, zsh, mksh, busybox, fish, tcsh (a name or a path)\n"
	"  --config FILE         append these lines to the demo's configuration\n"
	"  --keep                leave the directory behind\n"
	"  --tour                walk through what Sallyport does, and end\n"
	"  -- COMMAND            run COMMAND inside, then take everything down and exit as it did. It finds SALLYPORT_SSH_CONFIG,\n"
	"                        SALLYPORT_API, SALLYPORT_OPERATOR_TOKEN, SALLYPORT_AUDITOR_TOKEN, SALLYPORT_RECORDINGS, SALLYPORT_AUDIT,\n"
	"                        SALLYPORT_ISSUER and SALLYPORT_DEMO_DIR in its environment, and `sallyport` in its PATH.\n";

static volatile sig_atomic_t stop_signal;

static void on_stop(int signo)
{
	stop_signal = signo;
}

static void pause_ms(long ms)
{
	struct timespec ts = { ms / 1000, (ms % 1000) * 1000000 };

	nanosleep(&ts, NULL);
}

/* Shells by the name under which a target has them. */
static int find_shell(struct demo *d, const char *name, struct why *why)
{
	static const struct {
		const char *name, *dialect;
	} known[] = { { "bash", "bash" },   { "dash", "dash" }, { "sh", "dash" },  { "zsh", "zsh" },  { "mksh", "mksh" },
		      { "busybox", "busybox" }, { "fish", "fish" }, { "tcsh", "csh" }, { "csh", "csh" } };
	static const char *const places[] = { "/bin", "/usr/bin", "/usr/local/bin" };
	const char *base = strrchr(name, '/') != NULL ? strrchr(name, '/') + 1 : name;

	d->dialect[0] = '\0';
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(base, known[i].name) == 0)
			snprintf(d->dialect, sizeof(d->dialect), "%s", known[i].dialect);
	}
	if (d->dialect[0] == '\0')
		return why_fail(why, ERR_UNSUPPORTED, "--target-shell %s: not a shell that is known here", base);
	if (name[0] == '/') {
		snprintf(d->target_shell, sizeof(d->target_shell), "%s", name);
		return access(name, X_OK) == 0 ? ERR_OK : why_fail(why, ERR_NOTFOUND, "%s is not there", name);
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(d->target_shell, sizeof(d->target_shell), "%s/%s", places[i], name);
		if (access(d->target_shell, X_OK) == 0)
			return ERR_OK;
	}
	return why_fail(why, ERR_NOTFOUND, "the shell %s is not installed", name);
}

/* A port file appears when its listener is open. */
static unsigned wait_port(struct demo *d, const char *name)
{
	char path[PATH_MAX];
	unsigned port = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/state/run/%s", d->dir, name);
	for (int i = 0; i < 1000 && port == 0 && !stop_signal; i++) {
		f = fopen(path, "re");
		if (f != NULL) {
			if (fscanf(f, "%u", &port) != 1)
				port = 0;
			fclose(f);
		}
		if (port == 0 && waitpid(d->daemon_pid, NULL, WNOHANG) != 0) {
			d->daemon_pid = -1;
			return 0;
		}
		if (port == 0)
			pause_ms(10);
	}
	return port;
}

/* The last lines of the daemon's log: why it did not start. */
static void show_log(struct demo *d)
{
	char path[PATH_MAX], line[1024];
	FILE *f;

	snprintf(path, sizeof(path), "%s/sallyportd.log", d->dir);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		fprintf(stderr, "  %s", line);
	if (f != NULL)
		fclose(f);
}

static int start_daemon(struct demo *d, struct why *why)
{
	char program[PATH_MAX], config[PATH_MAX], log[PATH_MAX];
	const char *argv[] = { program, "-f", "-c", config, NULL };

	if (process_sibling("sallyportd", program) < 0)
		snprintf(program, sizeof(program), "sallyportd");
	snprintf(config, sizeof(config), "%s/sallyport.yaml", d->dir);
	snprintf(log, sizeof(log), "%s/sallyportd.log", d->dir);
	d->daemon_pid = spawn_daemon(argv, log, why);
	if (d->daemon_pid < 0)
		return ERR_SYS;
	d->http_port = wait_port(d, "http.port");
	d->ssh_port = d->http_port != 0 ? wait_port(d, "ssh.port") : 0;
	if (d->ssh_port == 0) {
		show_log(d);
		return why_fail(why, ERR_UNAVAILABLE, "the bastion does not start (its log is above)");
	}
	return ERR_OK;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void set_path_env(const char *name, const char *dir, const char *tail)
{
	char value[PATH_MAX + 64];

	snprintf(value, sizeof(value), "%s%s", dir, tail);
	setenv(name, value, 1);
}

static void set_token_env(struct demo *d, const char *name, const char *file)
{
	char token[8192];

	if (demo_read_line(d, file, 0, token, sizeof(token), NULL) == ERR_OK)
		setenv(name, token, 1);
	explicit_bzero(token, sizeof(token));
}

static void set_environment(struct demo *d)
{
	char value[PATH_MAX * 2], *slash;

	set_path_env("SALLYPORT_DEMO_DIR", d->dir, "");
	set_path_env("SALLYPORT_SSH_CONFIG", d->dir, "/agent/ssh_config");
	set_path_env("SALLYPORT_RECORDINGS", d->dir, "/state/recordings");
	set_path_env("SALLYPORT_AUDIT", d->dir, "/state/audit");
	set_path_env("SALLYPORT_ISSUER", d->dir, "/issuer");
	snprintf(value, sizeof(value), "http://127.0.0.1:%u", d->http_port);
	setenv("SALLYPORT_API", value, 1);
	set_token_env(d, "SALLYPORT_OPERATOR_TOKEN", "operator.token");
	set_token_env(d, "SALLYPORT_AUDITOR_TOKEN", "auditor.token");
	slash = strrchr(d->self, '/');
	if (slash != NULL) {
		snprintf(value, sizeof(value), "%.*s:%s", (int)(slash - d->self), d->self,
			 getenv("PATH") != NULL ? getenv("PATH") : "/usr/bin:/bin");
		setenv("PATH", value, 1);
	}
}

/* Runs the command in the foreground; a signal to the demo is passed on, so that it ends and everything is taken down. */
static int run_command(struct demo *d, char **command)
{
	int status = 0, passed = 0;
	pid_t pid, got;

	set_environment(d);
	pid = fork();
	if (pid < 0)
		return cli_fail("demo", "cannot fork");
	if (pid == 0) {
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		execvp(command[0], command);
		fprintf(stderr, "sallyport demo: cannot run %s: %s\n", command[0], strerror(errno));
		_exit(127);
	}
	/* What the bastion left behind is ours to reap meanwhile: we are its subreaper. */
	while ((got = waitpid(-1, &status, 0)) != pid) {
		if (got < 0 && errno != EINTR)
			break;
		if (got > 0 && got == d->daemon_pid)
			d->daemon_pid = -1;
		if (got > 0 && got == d->target_pid)
			d->target_pid = -1;
		if (stop_signal && !passed) {
			kill(pid, SIGTERM);
			passed = 1;
		}
	}
	if (got < 0)
		return CLI_FAILED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int wait_for_stop(struct demo *d)
{
	printf("A bastion stands in %s. Paste one line each into another terminal:\n\n"
	       "  agent:     ssh -F %s/agent/ssh_config demo-web 'uptime'\n"
	       "  operator:  curl -sS -H @%s/operator.header 'http://127.0.0.1:%u/v1/approvals?state=pending'\n"
	       "  auditor:   zcat $(ls -t %s/state/recordings/*.cast.gz | head -1) | asciinema play -\n\n"
	       "Ctrl-C takes everything down.\n",
	       d->dir, d->dir, d->dir, d->http_port, d->dir);
	fflush(stdout);
	while (!stop_signal && waitpid(d->daemon_pid, NULL, WNOHANG) == 0)
		pause_ms(100);
	if (!stop_signal) {
		d->daemon_pid = -1;
		show_log(d);
		return cli_fail("demo", "the bastion ended by itself (its log is above)");
	}
	printf("\n");
	return CLI_OK;
}

static int prepare(struct demo *d, const char *shell, struct why *why)
{
	const char *tmp = getenv("TMPDIR");
	struct passwd *pw = getpwuid(geteuid());
	ssize_t n = readlink("/proc/self/exe", d->self, sizeof(d->self) - 1);
	int r;

	if (n <= 0 || pw == NULL)
		return why_fail(why, ERR_SYS, "cannot tell who or where this is");
	d->self[n] = '\0';
	snprintf(d->login, sizeof(d->login), "%s", pw->pw_name);
	r = find_shell(d, shell, why);
	if (r < 0)
		return r;
	snprintf(d->dir, sizeof(d->dir), "%s/sallyport-demo.XXXXXX", tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
	if (mkdtemp(d->dir) == NULL) {
		d->dir[0] = '\0';
		return why_fail(why, ERR_SYS, "cannot make a directory: %s", strerror(errno));
	}
	r = demo_files_write(d, why);
	if (r >= 0)
		r = demo_target_start(d, why);
	if (r >= 0)
		r = start_daemon(d, why);
	return r < 0 ? r : demo_files_agent(d, why);
}

static int run(struct demo *d, const char *shell, char **command, int keep)
{
	struct sigaction sa = { .sa_handler = on_stop };
	struct why why = { "" };
	int code;

	/* What the bastion leaves behind when it ends comes to us, so that everything can be taken down by pid. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	umask(077);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	if (prepare(d, shell, &why) < 0)
		code = cli_fail("demo", "%s", why.text);
	else
		code = command != NULL ? run_command(d, command) : wait_for_stop(d);
	spawn_stop(d->daemon_pid, 5000);
	spawn_stop(d->target_pid, 1000);
	spawn_stop_children(2000);
	if (d->dir[0] != '\0' && !keep)
		nftw(d->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	else if (keep)
		printf("kept: %s\n", d->dir);
	return code;
}

int cli_demo(int argc, char **argv)
{
	static const struct option options[] = {
		{ "policy", required_argument, NULL, 'p' }, { "target-shell", required_argument, NULL, 's' },
		{ "config", required_argument, NULL, 'c' }, { "keep", no_argument, NULL, 'k' },
		{ "tour", no_argument, NULL, 't' },	    { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	static struct demo d;
	static char tour[PATH_MAX];
	static char *tour_command[] = { tour, NULL };
	const char *shell = "bash";
	char **command = NULL;
	int keep = 0, o;

	while ((o = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (o) {
		case 'p': d.policy = optarg; break;
		case 's': shell = optarg; break;
		case 'c': d.config = optarg; break;
		case 'k': keep = 1; break;
		case 't':
			if (process_sibling("sallyport-tour", tour) < 0)
				return cli_fail("demo", "the tour is not installed");
			command = tour_command;
			break;
		case 'h': fputs(usage, stdout); return CLI_OK;
		default: fputs(usage, stderr); return CLI_USAGE;
		}
	}
	if (optind < argc)
		command = argv + optind;
	d.daemon_pid = d.target_pid = -1;
	return run(&d, shell, command, keep);
}
