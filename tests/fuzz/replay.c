/* main() of a fuzz target where libFuzzer is not built in: runs the target over each file named, or over each file of each
 * directory named, and says how many. A crash is the failure. */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	size_t n;

	if (f == NULL) {
		perror(path);
		return -1;
	}
	data = malloc(4 << 20);
	if (data == NULL) {
		fclose(f);
		return -1;
	}
	n = fread(data, 1, 4 << 20, f);
	fclose(f);
	/* An exact copy on the heap, so that a sanitizer sees a read past its end. */
	data = realloc(data, n > 0 ? n : 1);
	if (data == NULL)
		return -1;
	LLVMFuzzerTestOneInput(data, n);
	free(data);
	return 0;
}

static int replay(const char *path, unsigned *count)
{
	struct stat st;
	struct dirent *e;
	char sub[4096];
	DIR *dir;

	if (stat(path, &st) < 0) {
		perror(path);
		return -1;
	}
	if (!S_ISDIR(st.st_mode)) {
		(*count)++;
		return replay_file(path);
	}
	dir = opendir(path);
	if (dir == NULL)
		return -1;
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);
		if (replay(sub, count) < 0) {
			closedir(dir);
			return -1;
		}
	}
	closedir(dir);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned count = 0;
	char path[PATH_MAX];

	for (int i = 1; i < argc; i++) {
		/* Absolute: a target may change its directory. */
		if (realpath(argv[i], path) == NULL) {
			perror(argv[i]);
			return 1;
		}
		if (replay(path, &count) < 0)
			return 1;
	}
	if (count == 0) {
		fprintf(stderr, "%s: no input replayed\n", argv[0]);
		return 1;
	}
	printf("%u inputs replayed\n", count);
	return 0;
}
