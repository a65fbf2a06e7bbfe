/* Stands in for every program of the soundness test. Beside the directory that it lies in: `log`, to which it appends a line, its name, the
 * environment that is not in `env`, and its arguments, in hexadecimal; `words`, from which it prints a few, chosen by what it was called with. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static char line[1 << 17], home[4096], known[1 << 14], words[1 << 15];
static size_t n, nknown, nwords;

static void put(char kind, const char *p)
{
	static const char digits[] = "0123456789abcdef";
	size_t len = strlen(p);

	if (n + 2 * len + 8 > sizeof(line))
		_exit(9);
	line[n++] = ' ';
	line[n++] = kind;
	for (size_t i = 0; i < len; i++) {
		line[n++] = digits[(unsigned char)p[i] >> 4];
		line[n++] = digits[p[i] & 15];
	}
}

static size_t slurp(const char *name, char *to, size_t cap)
{
	char path[4200];
	ssize_t r;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", home, name);
	fd = open(path, O_RDONLY);
	r = fd < 0 ? 0 : read(fd, to, cap - 1);
	if (fd >= 0)
		close(fd);
	return r < 0 ? 0 : (size_t)r;
}

static int is_known(const char *e)
{
	for (size_t i = 0; i < nknown; i += strlen(known + i) + 1) {
		if (strcmp(known + i, e) == 0)
			return 1;
	}
	return 0;
}

/* What policy/word_number.c knows to print digits, or nothing. */
static int prints_number(const char *name, int argc, char **argv)
{
	static const char *const always[] = { "wc", "nproc", NULL }, *const some[] = { "date", "id", "tr", "pgrep", "stat", "awk", "grep", NULL };
	static const char *const by[] = { "-c", "-u", "-g", "-dc", "-cd", "+%s", "END{print NR}", NULL };

	for (int i = 0; always[i] != NULL; i++) {
		if (strcmp(name, always[i]) == 0)
			return 1;
	}
	for (int i = 0; some[i] != NULL; i++) {
		for (int k = 1; k < argc && strcmp(name, some[i]) == 0; k++) {
			for (int m = 0; by[m] != NULL; m++) {
				if (strcmp(argv[k], by[m]) == 0)
					return 1;
			}
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	uint64_t h = 1469598103934665603u;
	ssize_t r = readlink("/proc/self/exe", home, sizeof(home) - 1);
	char path[4200];
	int fd;

	if (r <= 0)
		return 9;
	for (int k = 0; k < 2; k++) {
		char *s = strrchr(home, '/');
		if (s != NULL)
			*s = '\0';
	}
	nknown = slurp("env", known, sizeof(known));
	nwords = slurp("words", words, sizeof(words));
	name = name == NULL ? argv[0] : name + 1;
	put('n', name);
	for (char **e = environ; *e != NULL; e++) {
		if (!is_known(*e))
			put('e', *e);
	}
	for (int i = 1; i < argc; i++) {
		put('a', argv[i]);
		for (const char *s = argv[i]; *s != '\0'; s++)
			h = (h ^ (unsigned char)*s) * 1099511628211u;
	}
	for (const char *s = name; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	line[n++] = '\n';
	snprintf(path, sizeof(path), "%s/log", home);
	fd = open(path, O_WRONLY | O_APPEND);
	if (fd < 0 || write(fd, line, n) != (ssize_t)n)
		return 9;
	if (prints_number(name, argc, argv)) {
		if ((h >> 33) % 4 != 0)
			printf("%u\n", (unsigned)(h >> 50) % 12);
		return (h >> 40) % 5 == 0;
	}
	/* One to three words, on one line or on several. words: each ends with a NUL. */
	for (unsigned k = 1 + (h >> 20) % 3; k > 0 && nwords > 0; k--) {
		size_t at;

		h = h * 6364136223846793005u + 1442695040888963407u;
		at = (h >> 30) % nwords;
		while (at > 0 && words[at - 1] != '\0')
			at--;
		fputs(words + at, stdout);
		putchar(k > 1 && (h >> 60) < 8 ? ' ' : '\n');
	}
	return (h >> 40) % 5 == 0;
}
