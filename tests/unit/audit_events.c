/* docs/events.md is the catalogue of the code, word for word; with --print it is printed anew. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/chain.h"
#include "audit/events.h"

static void put_fields(FILE *f, const char *list, const char *mark)
{
	for (const char *p = list; *p != '\0'; p += *p == ' ') {
		size_t k = strcspn(p, " ");

		fprintf(f, "%s`%.*s`%s", p == list ? "" : ", ", (int)k, p, mark);
		p += k;
	}
}

static void print(FILE *f)
{
	fputs("# The event catalogue\n\n"
	      "Generated from audit/events.tbl (`tests/unit/audit_events --print`); a test compares the two. What is not here cannot be written.\n\n"
	      "Every record is one line of ASCII JSON: `seq` (from 1, no gap), `time` (RFC 3339, UTC, ms), `mono` (ms of the machine's monotonic\n"
	      "clock), `session` (id or null), `event`, the event's own fields in order of name, `prev` (SHA-256 of the previous line's bytes\n"
	      "without its newline). Secrets are never in it: command text is masked before it is written, tokens are there as digests.\n\n"
	      "*Closing* events are still written when the disk is nearly full; all others are then refused, and with them what they would allow.\n"
	      "OCSF is the class and activity that `sallyport audit export --format ocsf` gives the event (schema 1.3).\n\n"
	      "## Events\n\n| event | meaning | fields (optional ones in brackets) | closing | OCSF |\n|---|---|---|---|---|\n", f);
	for (size_t i = 0; i < nevents; i++) {
		const struct event *e = &events[i];

		fprintf(f, "| `%s` | %s | ", e->name, e->meaning);
		put_fields(f, e->required, "");
		if (e->optional[0] != '\0') {
			fputs(e->required[0] != '\0' ? " [" : "[", f);
			put_fields(f, e->optional, "");
			fputc(']', f);
		}
		fprintf(f, " | %s | %d/%d |\n", e->closing ? "yes" : "", e->ocsf_class, e->ocsf_activity);
	}
	fputs("\n## Fields\n\nA field means the same in every event.\n\n| field | type | meaning | OCSF path |\n|---|---|---|---|\n", f);
	for (size_t i = 0; i < nevent_fields; i++)
		fprintf(f, "| `%s` | %s | %s | %s%s%s |\n", event_fields[i].name, event_fields[i].type, event_fields[i].meaning,
			event_fields[i].ocsf[0] != '\0' ? "`" : "unmapped", event_fields[i].ocsf, event_fields[i].ocsf[0] != '\0' ? "`" : "");
}

static void the_document_is_the_catalogue(void **state)
{
	const char *top = getenv("srcdir");
	char path[512], *want = NULL, *got;
	size_t n, k;
	FILE *f = open_memstream(&want, &n);

	(void)state;
	print(f);
	fclose(f);
	snprintf(path, sizeof(path), "%s/docs/events.md", top != NULL ? top : ".");
	f = fopen(path, "r");
	assert_non_null(f);
	got = calloc(1, n + 2);
	k = fread(got, 1, n + 1, f);
	fclose(f);
	if (k != n || memcmp(got, want, n) != 0)
		print_message("docs/events.md is not what the code says: tests/unit/audit_events --print > docs/events.md\n");
	assert_int_equal(k, n);
	assert_memory_equal(got, want, n);
	free(got);
	free(want);
}

static void every_field_is_described_once_and_used(void **state)
{
	char name[64];

	(void)state;
	for (size_t i = 0; i < nevents; i++) {
		const char *const lists[] = { events[i].required, events[i].optional };

		for (int l = 0; l < 2; l++)
			for (const char *p = lists[l]; *p != '\0'; p += *p == ' ') {
				size_t k = strcspn(p, " ");

				snprintf(name, sizeof(name), "%.*s", (int)k, p);
				if (events_field(name) == NULL)
					print_message("%s: field %s is not described\n", events[i].name, name);
				assert_non_null(events_field(name));
				p += k;
			}
		assert_ptr_equal(events_find(events[i].name, strlen(events[i].name)), &events[i]);
	}
	for (size_t i = 0; i < nevent_fields; i++) {
		bool used = false;

		assert_ptr_equal(events_field(event_fields[i].name), &event_fields[i]);
		snprintf(name, sizeof(name), "%s", event_fields[i].name);
		for (size_t e = 0; e < nevents; e++)
			used = used || strstr(events[e].required, name) != NULL || strstr(events[e].optional, name) != NULL;
		assert_true(used);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_document_is_the_catalogue),
		cmocka_unit_test(every_field_is_described_once_and_used),
	};

	if (argc > 1 && strcmp(argv[1], "--print") == 0) {
		print(stdout);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
