/* The verifier passes what the writer wrote and names what was done to it since. */
#include "tests/unit/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/verify_dir.h"
#include "tests/unit/fixture.h"

struct seen {
	unsigned n, kinds[16];
	struct verify_fault first;
};

static void note(void *ctx, const struct verify_fault *f)
{
	struct seen *s = ctx;

	if (s->n++ == 0)
		s->first = *f;
	s->kinds[f->kind]++;
	if (getenv("SHOW") != NULL)
		print_message("  %s: %s\n", verify_kind_name(f->kind), f->text);
}

static int verify(const struct fixture *f, const char *signers, struct buf *out_text, struct buf *out_sig, struct seen *s,
		  struct verify_dir_report *report)
{
	struct view text, sig;
	struct verify_dir_options o = { .dirfd = f->dirfd, .recordings_dirfd = -1, .outside = &text, .outside_sigs = &sig };
	struct verify_dir_report dummy;

	memset(s, 0, sizeof(*s));
	if (out_text != NULL) {
		text = (struct view){ buf_ptr(out_text), out_text->len };
		sig = (struct view){ buf_ptr(out_sig), out_sig->len };
		o.noutside = 1;
	}
	o.verify.allowed_signers = (struct view){ (const uint8_t *)signers, signers == NULL ? 0 : strlen(signers) };
	o.verify.fault = note;
	o.verify.ctx = s;
	return verify_dir(&o, report != NULL ? report : &dummy, NULL);
}

/* Lines of one file, to move about. */
struct text {
	char *bytes;
	size_t size, n;
	char *line[4000];
	size_t len[4000];
};

static void load(const struct fixture *f, const char *name, struct text *t)
{
	t->bytes = fixture_read(f, name, &t->size);
	t->n = 0;
	for (char *p = t->bytes, *nl; (nl = strchr(p, '\n')) != NULL; p = nl + 1) {
		t->line[t->n] = p;
		t->len[t->n++] = (size_t)(nl + 1 - p);
	}
}

static void store(const struct fixture *f, const char *name, struct text *t)
{
	struct buf b;

	buf_init(&b, 1 << 24);
	for (size_t i = 0; i < t->n; i++)
		assert_int_equal(buf_put(&b, t->line[i], t->len[i]), ERR_OK);
	fixture_write(f, name, buf_ptr(&b), b.len);
	buf_free(&b);
	free(t->bytes);
}

static void a_clean_log_verifies(void **state)
{
	struct verify_dir_report r;
	struct fixture f;
	struct seen s;
	char signers[300];
	struct buf text, sig;

	(void)state;
	buf_init(&text, 4096);
	buf_init(&sig, 65536);
	fixture_begin(&f, 8000);
	fixture_fill(&f, 300);
	fixture_turn(&f);
	fixture_fill(&f, 100);
	fixture_turn(&f);
	fixture_fill(&f, 55);
	fixture_last_checkpoint(&f, &text, &sig);
	fixture_end(&f);
	assert_int_equal(verify(&f, NULL, &text, &sig, &s, &r), ERR_OK);
	assert_int_equal(r.log.records, 300 + 100 + 55 + 5);
	assert_int_equal(r.log.epochs, 3);
	assert_true(r.segments > 5);
	assert_false(r.log.key_trusted);
	for (int k = 1; k <= 3; k++) {
		snprintf(signers, sizeof(signers), "sallyport namespaces=\"sallyport-checkpoint\" %s\n", f.keys[k].line);
		assert_int_equal(verify(&f, signers, NULL, NULL, &s, &r), ERR_OK);
		assert_true(r.log.key_trusted);
	}
	fixture_key_new(&f.keys[7], 7);
	snprintf(signers, sizeof(signers), "sallyport %s\n", f.keys[7].line);
	assert_int_equal(verify(&f, signers, NULL, NULL, &s, &r), ERR_SIGNATURE);
	assert_int_equal(s.kinds[VERIFY_KEY], 1);
	buf_free(&text);
	buf_free(&sig);
	fixture_drop(&f);
}

/* Breaks a fresh log in one way; the first fault must be of the kind and about the record. */
static void broken(void (*change)(struct text *), enum verify_kind kind, uint64_t seq, unsigned faults)
{
	struct fixture f;
	struct seen s;
	struct text t;

	fixture_begin(&f, 0);
	fixture_fill(&f, 100);
	fixture_end(&f);
	load(&f, "log-000001.jsonl", &t);
	change(&t);
	store(&f, "log-000001.jsonl", &t);
	assert_int_equal(verify(&f, NULL, NULL, NULL, &s, NULL), ERR_SIGNATURE);
	assert_int_equal(s.first.kind, kind);
	assert_int_equal(s.first.seq, seq);
	assert_int_equal(s.n, faults);
	fixture_drop(&f);
}

static void edit_content(struct text *t) { strstr(t->line[49], "work")[0] = 'W'; }
static void edit_prev(struct text *t) { char *p = strstr(t->line[49], "\"prev\":\"") + 8; *p = *p == 'a' ? 'b' : 'a'; }
static void edit_time(struct text *t) { strstr(t->line[49], "T")[1] = '9'; }
static void edit_first(struct text *t) { strstr(t->line[0], "epoch.open")[9] = 'x'; }

static void remove_line(struct text *t)
{
	memmove(t->line + 49, t->line + 50, (t->n - 50) * sizeof(t->line[0]));
	memmove(t->len + 49, t->len + 50, (t->n - 50) * sizeof(t->len[0]));
	t->n--;
}

static void remove_ten(struct text *t)
{
	for (int i = 0; i < 10; i++)
		remove_line(t);
}

static void swap_lines(struct text *t)
{
	char *l = t->line[49];
	size_t n = t->len[49];

	t->line[49] = t->line[50];
	t->len[49] = t->len[50];
	t->line[50] = l;
	t->len[50] = n;
}

static void insert_line(struct text *t)
{
	memmove(t->line + 50, t->line + 49, (t->n - 49) * sizeof(t->line[0]));
	memmove(t->len + 50, t->len + 49, (t->n - 49) * sizeof(t->len[0]));
	t->n++;
}

static void garbage(struct text *t) { t->line[49][0] = 'x'; }
static void tear(struct text *t) { t->len[t->n - 1] -= 10; }
static void cut_tail(struct text *t) { t->n -= 30; }

static void what_was_done_to_which_record_is_said(void **state)
{
	(void)state;
	broken(edit_content, VERIFY_EDITED, 50, 1);
	broken(edit_prev, VERIFY_EDITED, 50, 1);
	broken(edit_time, VERIFY_MALFORMED, 50, 1);
	broken(remove_line, VERIFY_REMOVED, 50, 1);
	broken(remove_ten, VERIFY_REMOVED, 50, 1);
	broken(swap_lines, VERIFY_SWAPPED, 50, 1);
	broken(insert_line, VERIFY_INSERTED, 50, 1);
	broken(garbage, VERIFY_MALFORMED, 50, 1);
	broken(tear, VERIFY_TORN, 101, 1);
	broken(cut_tail, VERIFY_CUT, 71, 1);
	broken(edit_first, VERIFY_REWRITTEN, 1, 2);
}

static void a_missing_segment_is_named(void **state)
{
	struct fixture f;
	struct seen s;

	(void)state;
	fixture_begin(&f, 5000);
	fixture_fill(&f, 100);
	fixture_end(&f);
	assert_int_equal(unlinkat(f.dirfd, "log-000003.jsonl", 0), 0);
	assert_int_equal(verify(&f, NULL, NULL, NULL, &s, NULL), ERR_SIGNATURE);
	assert_int_equal(s.first.kind, VERIFY_SEGMENT);
	assert_int_equal(s.kinds[VERIFY_REMOVED], 1);
	fixture_drop(&f);
}

static void a_checkpoint_signed_by_a_stranger_is_refused(void **state)
{
	struct fixture f;
	struct seen s;

	(void)state;
	fixture_begin(&f, 0);
	fixture_fill(&f, 30);
	fixture_key_new(&f.keys[2], 2);
	f.epoch = 2;
	fixture_checkpoint(&f);
	fixture_end(&f);
	assert_int_equal(verify(&f, NULL, NULL, NULL, &s, NULL), ERR_SIGNATURE);
	assert_int_equal(s.first.kind, VERIFY_SIGNATURE);
	fixture_drop(&f);
}

/* What an export of some months holds: the later segments only. */
static void a_cutting_verifies_from_its_first_record_on(void **state)
{
	struct verify_dir_options o = { .recordings_dirfd = -1 };
	struct verify_dir_report r;
	struct fixture f;
	struct seen s;
	struct text t;

	(void)state;
	fixture_begin(&f, 6000);
	fixture_fill(&f, 60);
	fixture_turn(&f);
	fixture_fill(&f, 90);
	fixture_checkpoint(&f);
	fixture_end(&f);
	for (int n = 1; n <= 2; n++) {
		char name[32];

		snprintf(name, sizeof(name), "log-00000%d.jsonl", n);
		assert_int_equal(unlinkat(f.dirfd, name, 0), 0);
		snprintf(name, sizeof(name), "checkpoints-00000%d.jsonl", n);
		assert_int_equal(unlinkat(f.dirfd, name, 0), 0);
	}
	o.dirfd = f.dirfd;
	o.verify.fault = note;
	o.verify.ctx = &s;
	memset(&s, 0, sizeof(s));
	assert_int_equal(verify_dir(&o, &r, NULL), ERR_SIGNATURE);
	assert_int_equal(s.first.kind, VERIFY_SEGMENT);
	o.verify.partial = true;
	assert_int_equal(verify_dir(&o, &r, NULL), ERR_OK);
	assert_true(r.log.first_seq > 20);
	assert_int_equal(r.log.sealed, r.log.first_seq + r.log.records - 1);
	/* The last record is nowhere named but in the checkpoint's head. */
	load(&f, "log-000005.jsonl", &t);
	memcpy(strstr(t.line[t.n - 1], "work"), "WORK", 4);
	store(&f, "log-000005.jsonl", &t);
	memset(&s, 0, sizeof(s));
	assert_int_equal(verify_dir(&o, &r, NULL), ERR_SIGNATURE);
	assert_true(s.kinds[VERIFY_EDITED] + s.kinds[VERIFY_REWRITTEN] > 0);
	fixture_drop(&f);
}

/* A writer under full steam, verified again and again while it writes: never a false alarm. */
static void a_live_log_verifies_at_any_moment(void **state)
{
	struct fixture f;
	struct seen s;
	unsigned moments = 0, wrong = 0;
	int status = -1;
	pid_t pid;

	(void)state;
	fixture_begin(&f, 20000);
	fixture_fill(&f, 50);
	fixture_end(&f);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fixture_reopen(&f, 20000);
		for (int i = 0; i < 3000; i++) {
			fixture_fill(&f, 7);
			usleep(100);
		}
		_exit(0);
	}
	for (; waitpid(pid, &status, WNOHANG) == 0; moments++)
		wrong += verify(&f, NULL, NULL, NULL, &s, NULL) != ERR_OK;
	assert_int_equal(status, 0);
	assert_int_equal(wrong, 0);
	assert_true(moments > 5);
	assert_int_equal(verify(&f, NULL, NULL, NULL, &s, NULL), ERR_OK);
	fixture_drop(&f);
}

static void the_operators_certificate_makes_the_first_key_trusted(void **state)
{
	struct audit_options o = { .origin = "sallyport/test", .strict = true };
	struct fixture_key op, key;
	struct verify_dir_report r;
	struct fixture f;
	struct seen s;
	struct buf text, sig;
	char signers[300];

	(void)state;
	fixture_begin(&f, 0);
	fixture_end(&f);
	unlinkat(f.dirfd, "log-000001.jsonl", 0);
	unlinkat(f.dirfd, "checkpoints-000001.jsonl", 0);
	unlinkat(f.dirfd, "state", 0);
	fixture_key_new(&op, 0);
	fixture_key_new(&key, 1);
	buf_init(&text, 1024);
	buf_init(&sig, 65536);
	assert_int_equal(buf_printf(&text, "%s\n", key.line), ERR_OK);
	fixture_sign(&op, VERIFY_EPOCH_NAMESPACE, (struct view){ buf_ptr(&text), text.len }, &sig);
	o.dirfd = f.dirfd;
	assert_int_equal(audit_open(&o, &f.log, NULL, NULL), ERR_OK);
	assert_int_equal(audit_append(f.log, NULL, "epoch.open", json_pack("{s:i,s:s,s:s}", "epoch", 1, "key", key.line, "certified", buf_cstr(&sig)),
				      NULL, NULL), ERR_OK);
	assert_int_equal(audit_commit(f.log, NULL), ERR_OK);
	fixture_end(&f);
	snprintf(signers, sizeof(signers), "operator@example namespaces=\"sallyport-epoch\" %s\n", op.line);
	assert_int_equal(verify(&f, signers, NULL, NULL, &s, &r), ERR_OK);
	assert_true(r.log.key_trusted);
	snprintf(signers, sizeof(signers), "operator@example %s\n", f.keys[1].line);
	assert_int_equal(verify(&f, signers, NULL, NULL, &s, &r), ERR_SIGNATURE);
	EVP_PKEY_free(op.key);
	EVP_PKEY_free(key.key);
	buf_free(&text);
	buf_free(&sig);
	fixture_drop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clean_log_verifies),
		cmocka_unit_test(what_was_done_to_which_record_is_said),
		cmocka_unit_test(a_missing_segment_is_named),
		cmocka_unit_test(a_checkpoint_signed_by_a_stranger_is_refused),
		cmocka_unit_test(a_cutting_verifies_from_its_first_record_on),
		cmocka_unit_test(a_live_log_verifies_at_any_moment),
		cmocka_unit_test(the_operators_certificate_makes_the_first_key_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
