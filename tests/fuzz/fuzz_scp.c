/* scp's records, and the words of scp's and rsync's far ends: a name that is taken is one component; a plan's paths are among the words. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/transfer.h"
#include "server/scp_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void need(int ok)
{
	if (!ok)
		abort();
}

static void look_records(struct view in)
{
	struct scp_record r;

	while (scp_read(in, &r) == ERR_OK) {
		need(r.line.n > 0 && r.line.n <= in.n && r.line.n <= SCP_LINE_MAX && r.line.p == in.p);
		if (r.kind == SCP_FILE || r.kind == SCP_DIRECTORY) {
			need(r.name.n > 0 && r.name.n <= SCP_NAME_MAX && memchr(r.name.p, '/', r.name.n) == NULL && memchr(r.name.p, '\n', r.name.n) == NULL);
			need(!view_is(&r.name, ".") && !view_is(&r.name, "..") && r.mode <= 07777 && r.size <= INT64_MAX);
		}
		in.p += r.line.n;
		in.n -= r.line.n;
	}
}

/* Words as the shell would give them: between zero bytes. */
static void look_words(const uint8_t *p, size_t n)
{
	const char *argv[64];
	struct transfer_plan t;
	char *copy = malloc(n + 1);
	size_t argc = 0;

	need(copy != NULL);
	if (n > 0)
		memcpy(copy, p, n);
	copy[n] = '\0';
	for (size_t i = 0; i <= n && argc < 64; i += strlen(copy + i) + 1)
		argv[argc++] = copy + i;
	if (transfer_read(argv, argc, &t) == ERR_OK) {
		need(t.kind != TRANSFER_NONE && t.npaths > 0 && t.npaths <= TRANSFER_PATHS_MAX);
		for (size_t i = 0; i < t.npaths; i++)
			need(t.paths[i].len > 0 && t.paths[i].path >= copy && t.paths[i].path + t.paths[i].len <= copy + n);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	look_records((struct view){ p, n });
	look_words(p, n < 8192 ? n : 8192);
	return 0;
}
