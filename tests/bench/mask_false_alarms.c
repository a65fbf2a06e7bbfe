/* Counts what masking finds in files that ought to hold little: a line a rule with its count, and the count a megabyte.
 *
 *	mask_false_alarms PATH…              each PATH a file or a directory
 *	mask_false_alarms --show RULE PATH…  prints the lines too (they may hold real secrets: for the eye only) */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/mask.h"

#define FILE_MAX (8u << 20)

static const uint8_t key[MASK_KEY_LEN];
static struct mask_set *set;
static const char *show;
static uint64_t bytes, files, counts[128];
static const uint8_t *text;
static size_t text_len;
static const char *text_path;

static void on_event(void *ctx, const struct mask_event *e)
{
	size_t s = (size_t)e->offset, end;

	(void)ctx;
	for (size_t i = 0; i < mask_set_count(set); i++) {
		struct mask_rule_info info;

		mask_set_info(set, i, &info);
		counts[i] += info.id == e->rule;
	}
	if (show == NULL || strcmp(show, e->rule) != 0 || s >= text_len)
		return;
	for (end = s; end < text_len && text[end] != '\n' && end - s < 100; end++)
		;
	while (s > 0 && text[s - 1] != '\n' && e->offset - s < 60)
		s--;
	printf("%s: %.*s\n", text_path, (int)(end - s), (const char *)text + s);
}

static void one(const char *path, uint8_t *p)
{
	FILE *f = fopen(path, "rb");
	struct buf out;

	if (f == NULL)
		return;
	text = p;
	text_path = path;
	text_len = fread(p, 1, FILE_MAX, f);
	fclose(f);
	/* Programs and archives are not what an agent reads. */
	if (text_len == 0 || memchr(p, '\0', text_len < 4096 ? text_len : 4096) != NULL)
		return;
	files++;
	bytes += text_len;
	buf_init(&out, 1u << 29);
	if (mask_text(set, key, p, text_len, &out, on_event, NULL, NULL) < 0)
		fprintf(stderr, "%s: could not be masked\n", path);
	buf_free(&out);
}

static void walk(const char *path, uint8_t *p)
{
	struct stat st;
	struct dirent *e;
	char sub[4096];
	DIR *dir;

	if (lstat(path, &st) < 0)
		return;
	if (S_ISREG(st.st_mode))
		one(path, p);
	if (!S_ISDIR(st.st_mode))
		return;
	dir = opendir(path);
	while (dir != NULL && (e = readdir(dir)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if ((size_t)snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name) < sizeof(sub))
			walk(sub, p);
	}
	if (dir != NULL)
		closedir(dir);
}

int main(int argc, char **argv)
{
	static const char yaml[] = "use: [default, us-ssn]";
	uint8_t *p = malloc(FILE_MAX);
	int from = 1;

	if (argc > 3 && strcmp(argv[1], "--show") == 0) {
		show = argv[2];
		from = 3;
	}
	if (p == NULL || argc <= from || mask_load("all", yaml, strlen(yaml), &set, NULL) < 0) {
		fprintf(stderr, "usage: mask_false_alarms [--show RULE] PATH...\n");
		return 2;
	}
	for (int i = from; i < argc; i++)
		walk(argv[i], p);
	printf("%llu files, %.1f MB\n", (unsigned long long)files, (double)bytes / 1e6);
	for (size_t i = 0; i < mask_set_count(set); i++) {
		struct mask_rule_info info;

		mask_set_info(set, i, &info);
		printf("%-16s %8llu %10.3f per MB\n", info.id, (unsigned long long)counts[i],
			bytes > 0 ? (double)counts[i] / ((double)bytes / 1e6) : 0);
	}
	mask_set_free(set);
	free(p);
	return 0;
}
