/* Stands in for every command of the argv test: appends to the file that $ARGV_LOG names one line, its arguments in
 * hexadecimal; called as `sin`, its standard input too. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char line[1 << 16];
static size_t n;

static void hex(const unsigned char *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	if (n + 2 * len + 8 > sizeof(line))
		exit(9);
	line[n++] = ' ';
	for (size_t i = 0; i < len; i++) {
		line[n++] = digits[p[i] >> 4];
		line[n++] = digits[p[i] & 15];
	}
}

int main(int argc, char **argv)
{
	const char *log = getenv("ARGV_LOG"), *name = strrchr(argv[0], '/');
	name = name == NULL ? argv[0] : name + 1;
	if (log == NULL)
		return 9;
	line[n++] = 'a';
	hex((const unsigned char *)name, strlen(name));
	for (int i = 1; i < argc; i++)
		hex((const unsigned char *)argv[i], strlen(argv[i]));
	if (strcmp(name, "sin") == 0) {
		static unsigned char in[1 << 14];
		size_t k = 0;
		ssize_t r;
		while (k < sizeof(in) && (r = read(0, in + k, sizeof(in) - k)) > 0)
			k += (size_t)r;
		line[n++] = ' ';
		line[n++] = '<';
		hex(in, k);
	}
	line[n++] = '\n';
	int fd = open(log, O_WRONLY | O_APPEND | O_CREAT, 0600);
	return fd < 0 || write(fd, line, n) != (ssize_t)n;
}
