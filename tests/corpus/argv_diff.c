/* The real shell's argv against ours: random statements are run as they are and as we render them, with a PATH of stubs
 * that log their arguments. Exact statements must log what the tree says; others must log the same both ways.
 *
 *   argv_diff SHELL COUNT SEED STUB    COUNT statements of each kind; exit 1 when one differs */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy/shell/parse.h"
#include "policy/shell/render.h"
#include "tests/corpus/argv_gen.h"

enum { BATCH = 200, MARK_MAX = 64 };

static char dir[] = "/tmp/argv_diff.XXXXXX";
static const char *stub;
static enum dialect dialect;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void write_file(const char *name, const void *p, size_t n)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, p, n) != (ssize_t)n)
		die(name);
	close(fd);
}

static void make_place(void)
{
	static const char *const names[] = {"bin/cmd", "bin/argv", "bin/sin"}, *const files[] = {"f1", "f2", "f 3",
												 "g.txt", "h.txt"};
	if (mkdtemp(dir) == NULL || chdir(dir) < 0 || mkdir("bin", 0700) < 0 || mkdir("w", 0700) < 0 ||
	    mkdir("home", 0700) < 0)
		die(dir);
	for (size_t k = 0; k < 3; k++)
		if (symlink(stub, names[k]) < 0)
			die(names[k]);
	if (chdir("w") < 0)
		die("w");
	for (size_t k = 0; k < 5; k++)
		write_file(files[k], "x\n", 2);
}

static void clean_place(void)
{
	if (chdir("/") < 0)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		execl("/bin/rm", "rm", "-rf", dir, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

/* Runs a script, gives back what the stubs logged. */
static void run(const struct buf *script, struct buf *log)
{
	static const char *const argv[][4] = {
		[DIALECT_BASH] = {"/bin/bash", "--norc", "../script"},   [DIALECT_DASH] = {"/bin/dash", "../script"},
		[DIALECT_ZSH] = {"/bin/zsh", "-f", "../script"},         [DIALECT_MKSH] = {"/bin/mksh", "../script"},
		[DIALECT_BUSYBOX] = {"/bin/busybox", "sh", "../script"},
	};
	char env[3][512];
	snprintf(env[0], sizeof(env[0]), "PATH=%s/bin", dir);
	snprintf(env[1], sizeof(env[1]), "ARGV_LOG=%s/log", dir);
	snprintf(env[2], sizeof(env[2]), "HOME=%s/home", dir);
	char lang[] = "LC_ALL=C.UTF-8";
	char *envp[] = {env[0], env[1], env[2], lang, NULL};
	write_file("../script", buf_ptr(script), script->len);
	unlink("../log");
	unlink("o");
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		setpgid(0, 0);
		alarm(60);
		execve(argv[dialect][0], (char *const *)argv[dialect], envp);
		_exit(127);
	}
	int status;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	kill(-pid, SIGKILL); /* what it left in the background: its own process group */
	buf_clear(log);
	int fd = open("../log", O_RDONLY);
	uint8_t *p;
	ssize_t n = 0;
	while (fd >= 0 && (p = buf_reserve(log, 65536)) != NULL && (n = read(fd, p, 65536)) > 0)
		buf_added(log, (size_t)n);
	if (fd >= 0)
		close(fd);
}

/* ---- what the tree says ---- */

static void hex(struct buf *out, const char *p, size_t n)
{
	(void)buf_put_u8(out, ' ');
	for (size_t i = 0; i < n; i++)
		(void)buf_printf(out, "%02x", (unsigned char)p[i]);
}

static int expect_command(void *ctx, const struct sh_command *c, unsigned depth)
{
	struct buf *out = ctx;
	static char word[1 << 16];
	(void)depth;
	if (c->kind != SH_SIMPLE || c->simple->words == NULL || ast_word_is(c->simple->words, "break"))
		return 0;
	(void)buf_put_str(out, "a");
	for (const struct sh_word *w = c->simple->words; w != NULL; w = w->next) {
		size_t n = ast_word_bytes(w, word, sizeof(word));
		if (n == (size_t)-1)
			return 1;
		hex(out, word, n);
	}
	for (const struct sh_redir *r = c->redirs; r != NULL; r = r->next) {
		if (r->op != SH_REDIR_HERE)
			continue;
		size_t n = ast_word_bytes(r->body, word, sizeof(word));
		if (n == (size_t)-1)
			return 1;
		(void)buf_put_str(out, " <");
		hex(out, word, n);
	}
	(void)buf_put_str(out, "\n");
	return 0;
}

static int expect_assign(void *ctx, const struct sh_assign *a, unsigned depth)
{
	(void)ctx;
	(void)depth;
	return a->value == NULL || !ast_word_exact(a->value);
}

/* ---- one batch ---- */

struct item {
	struct buf source, rendered, expected;
};

static size_t mark(struct buf *b, unsigned k)
{
	(void)buf_printf(b, "echo '#%u' >>\"$ARGV_LOG\"\n", k);
	return b->len;
}

/* The lines between two marks; ends in a pointer into log. */
static struct view section(const struct buf *log, unsigned k)
{
	char from[MARK_MAX], to[MARK_MAX];
	const char *s = log->len > 0 ? (const char *)buf_ptr(log) : "";
	struct view v = {(const uint8_t *)"", 0};
	snprintf(from, sizeof(from), "#%u\n", k);
	snprintf(to, sizeof(to), "#%u\n", k + 1);
	const char *a = memmem(s, log->len, from, strlen(from));
	if (a == NULL)
		return v;
	a += strlen(from);
	const char *b = memmem(a, log->len - (size_t)(a - s), to, strlen(to));
	if (b == NULL) {
		v.p = (const uint8_t *)"the shell stopped";
		v.n = 17;
		return v;
	}
	v.p = (const uint8_t *)a;
	v.n = (size_t)(b - a);
	return v;
}

static int by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Commands of a pipeline log in any order: lines are compared sorted. */
static bool same_lines(struct view a, struct view b)
{
	char *copy[2] = {strndup((const char *)a.p, a.n), strndup((const char *)b.p, b.n)};
	char *lines[2][256];
	size_t n[2] = {0, 0};
	bool same = a.n == b.n && copy[0] != NULL && copy[1] != NULL;
	for (int k = 0; k < 2 && same; k++) {
		for (char *s = strtok(copy[k], "\n"); s != NULL && n[k] < 256; s = strtok(NULL, "\n"))
			lines[k][n[k]++] = s;
		qsort(lines[k], n[k], sizeof(lines[k][0]), by_line);
	}
	same = same && n[0] == n[1];
	for (size_t i = 0; same && i < n[0]; i++)
		same = strcmp(lines[0][i], lines[1][i]) == 0;
	free(copy[0]);
	free(copy[1]);
	return same;
}

/* An active statement may end the shell: it is read by eval, in a subshell. */
static void script_of(const struct item *items, unsigned n, bool exact, bool rendered, struct buf *out)
{
	buf_clear(out);
	for (unsigned k = 0; k < n; k++) {
		const struct buf *b = rendered ? &items[k].rendered : &items[k].source;
		mark(out, k);
		(void)buf_put_str(out, gen_prelude(dialect));
		(void)buf_put_str(out, exact ? "" : "( eval ");
		if (exact)
			(void)buf_put(out, buf_ptr(b), b->len);
		else
			(void)shell_quote(buf_ptr(b), b->len, out);
		(void)buf_put_str(out, exact ? "\n" : " )\n");
	}
	mark(out, n);
}

static unsigned refused, inexact, compared, ran;

/* A statement that we understand, with its rendering and what it should log. */
static bool make_item(struct item *it, uint64_t *seed, bool exact)
{
	static struct arena a;
	struct sh_ast *ast;
	struct sh_error e;
	struct sh_visitor v = {.command = expect_command, .assign = expect_assign, .ctx = &it->expected};
	if (a.max == 0)
		arena_init(&a, ARENA_MAX_DEFAULT);
	arena_reset(&a);
	buf_clear(&it->source);
	buf_clear(&it->rendered);
	buf_clear(&it->expected);
	if (exact)
		gen_exact(&it->source, seed, dialect);
	else
		gen_active(&it->source, seed, dialect);
	const char *s = (const char *)buf_ptr(&it->source);
	if (shell_parse(s, it->source.len, dialect, &a, &ast, &e) != ERR_OK ||
	    shell_render(ast, &it->rendered) != ERR_OK) {
		refused++;
		if (getenv("ARGV_DIFF_VERBOSE") != NULL)
			printf("refused (%s): %s\n", e.text, buf_cstr(&it->source));
		return false;
	}
	if (exact && ast_walk(ast, &v) != 0) {
		inexact++;
		return false;
	}
	return true;
}

static unsigned differs(const struct item *it, const char *what, struct view real, struct view want)
{
	printf("%s %s:\n%s---\n%s\n--- logged\n%.*s--- expected\n%.*s\n", dialect_name(dialect), what,
	       buf_cstr((struct buf *)&it->source), buf_cstr((struct buf *)&it->rendered), (int)real.n,
	       (const char *)real.p, (int)want.n, (const char *)want.p);
	return 1;
}

static unsigned batch(struct item *items, unsigned n, bool exact)
{
	struct buf script, source, rendered;
	unsigned bad = 0;
	buf_init(&script, 64 << 20);
	buf_init(&source, 64 << 20);
	buf_init(&rendered, 64 << 20);
	script_of(items, n, exact, false, &script);
	run(&script, &source);
	script_of(items, n, exact, true, &script);
	run(&script, &rendered);
	for (unsigned k = 0; k < n; k++) {
		struct view a = section(&source, k), b = section(&rendered, k);
		struct view want = {items[k].expected.len > 0 ? buf_ptr(&items[k].expected) : (const uint8_t *)"",
				    items[k].expected.len};
		compared++;
		ran += b.n > 0;
		if (exact && !same_lines(b, want))
			bad += differs(&items[k], "rendered", b, want);
		else if (exact && !same_lines(a, want))
			bad += differs(&items[k], "as it was", a, want);
		else if (!same_lines(a, b))
			bad += differs(&items[k], "rendered against as it was", b, a);
	}
	buf_free(&script);
	buf_free(&source);
	buf_free(&rendered);
	return bad;
}

int main(int argc, char **argv)
{
	static struct item items[BATCH];
	unsigned bad = 0;
	if (argc != 5 || dialect_parse(argv[1], &dialect) != ERR_OK)
		return 64;
	unsigned count = (unsigned)strtoul(argv[2], NULL, 10);
	uint64_t seed = strtoull(argv[3], NULL, 10) * 0x9e3779b97f4a7c15u + 1;
	stub = realpath(argv[4], NULL);
	if (stub == NULL)
		die(argv[4]);
	for (unsigned k = 0; k < BATCH; k++) {
		buf_init(&items[k].source, 1 << 20);
		buf_init(&items[k].rendered, 1 << 20);
		buf_init(&items[k].expected, 1 << 20);
	}
	make_place();
	for (int exact = 1; exact >= 0; exact--) {
		refused = inexact = compared = ran = 0;
		unsigned from = bad;
		while (compared < count && bad - from < 10) {
			unsigned n = 0;
			while (n < BATCH && n < count - compared)
				n += make_item(&items[n], &seed, exact);
			bad += batch(items, n, exact);
		}
		printf("%-8s %s statements: %u compared, %u ran a command, %u refused by us, %u not exact, %u "
		       "differences\n",
		       argv[1], exact ? "exact " : "active", compared, ran, refused, inexact, bad - from);
		/* A test that runs nothing proves nothing. */
		if (ran < compared / 2)
			bad++;
	}
	clean_place();
	return bad > 0;
}
