/* Writes the first inputs of fuzz_mask into a directory: one a case of the unit tests, so that no file of the tree holds
 * what a scanner of source trees would take for a live key. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/mask_cases.h"

static int put(const char *dir, const char *kind, size_t i, char options, const char *a, const char *b, const char *c)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s-%zu-%d", dir, kind, i, options);
	f = fopen(path, "wb");
	if (f == NULL) {
		perror(path);
		return 1;
	}
	fprintf(f, "%c%c%c%c%c%s%s%s", options, 'a' + (int)(i % 26), 'b', 'c', 'd', a, b, c);
	return fclose(f) != 0;
}

int main(int argc, char **argv)
{
	int r = argc != 2;

	for (size_t i = 0; r == 0 && i < sizeof(mask_cases) / sizeof(mask_cases[0]); i++) {
		r = put(argv[1], "case", i, 2, mask_cases[i].before, mask_cases[i].secret, mask_cases[i].after) ||
			put(argv[1], "case", i, 1, mask_cases[i].before, mask_cases[i].secret, mask_cases[i].after);
	}
	for (size_t i = 0; r == 0 && i < sizeof(mask_not) / sizeof(mask_not[0]); i++)
		r = put(argv[1], "not", i, 2, mask_not[i], "\n", "") || put(argv[1], "not", i, 1, mask_not[i], "\n", "");
	return r;
}
