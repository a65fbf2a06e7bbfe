/* The tamper experiment: fourteen attacks on logs, each many times at random places, and clean logs that were killed in between.
 *
 *     tamper [TRIALS [CLEAN]]      default 3 and 10; the whole experiment is 100 and 1000
 *
 * The attacker owns the disk and the signing key of the current epoch, not those of epochs that are over (wiped) nor checkpoints that
 * left the host. Prints a table: how often the verifier noticed without and with such a checkpoint. Exits 0 when it noticed all of
 * them with it; when without it it missed exactly those that docs/auditor.md says it must miss; and when no clean log was accused. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/checkpoint.h"
#include "audit/segments.h"
#include "audit/verify_dir.h"
#include "tests/unit/fixture.h"

#define MUST(x) do { if (!(x)) { fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x); abort(); } } while (0)
#define MAX_LINES 2000

/* A whole log in memory: lines of all segments, and of all checkpoint files. */
struct loaded {
	char *line[MAX_LINES];    /* without newline */
	unsigned segment[MAX_LINES];
	size_t n;
	char *cp[MAX_LINES];
	uint64_t cp_size[MAX_LINES];
	size_t ncp;
	unsigned segments;
	bool torn;
};

static size_t pick(size_t from, size_t to)
{
	return from + (size_t)random() % (to - from);
}

static void load_kind(const struct fixture *f, const char *kind, char **line, unsigned *segment, size_t *n, unsigned *segments)
{
	char name[SEGMENT_NAME_MAX], *text, *p, *nl;
	unsigned *numbers;
	size_t k, size;

	*n = 0;
	MUST(segments_list(f->dirfd, kind, &numbers, &k) == 0);
	for (size_t i = 0; i < k; i++) {
		segment_name(kind, numbers[i], name);
		text = fixture_read(f, name, &size);
		for (p = text; (nl = strchr(p, '\n')) != NULL; p = nl + 1) {
			*nl = '\0';
			MUST(*n < MAX_LINES);
			if (segment != NULL)
				segment[*n] = numbers[i];
			line[(*n)++] = strdup(p);
		}
		free(text);
	}
	if (segments != NULL)
		*segments = (unsigned)k;
	free(numbers);
}

static void load(const struct fixture *f, struct loaded *l)
{
	memset(l, 0, sizeof(*l));
	load_kind(f, SEGMENT_LOG, l->line, l->segment, &l->n, &l->segments);
	load_kind(f, SEGMENT_CHECKPOINTS, l->cp, NULL, &l->ncp, NULL);
	for (size_t i = 0; i < l->ncp; i++)
		l->cp_size[i] = strtoull(l->cp[i] + strlen("{\"size\":"), NULL, 10);
}

static void store(const struct fixture *f, struct loaded *l)
{
	char name[SEGMENT_NAME_MAX];
	struct buf b;
	unsigned *numbers;
	size_t k;

	MUST(segments_list(f->dirfd, SEGMENT_CHECKPOINTS, &numbers, &k) == 0);
	for (size_t i = 0; i < k; i++) {
		segment_name(SEGMENT_CHECKPOINTS, numbers[i], name);
		unlinkat(f->dirfd, name, 0);
	}
	free(numbers);
	buf_init(&b, 1 << 24);
	for (unsigned s = 1; s <= l->segments; s++) {
		bool any = false;

		buf_clear(&b);
		for (size_t i = 0; i < l->n; i++)
			if (l->segment[i] == s) {
				MUST(buf_printf(&b, "%s\n", l->line[i]) == 0);
				any = true;
			}
		if (l->torn && any && s == l->segment[l->n - 1])
			b.len -= pick(2, 40);
		segment_name(SEGMENT_LOG, s, name);
		if (any)
			fixture_write(f, name, buf_ptr(&b), b.len);
		else
			unlinkat(f->dirfd, name, 0);
	}
	buf_clear(&b);
	for (size_t i = 0; i < l->ncp; i++)
		MUST(buf_printf(&b, "%s\n", l->cp[i]) == 0);
	if (l->ncp > 0)
		fixture_write(f, "checkpoints-000001.jsonl", buf_ptr(&b), b.len);
	buf_free(&b);
	for (size_t i = 0; i < l->n; i++)
		free(l->line[i]);
	for (size_t i = 0; i < l->ncp; i++)
		free(l->cp[i]);
}

static void drop_line(struct loaded *l, size_t i)
{
	free(l->line[i]);
	memmove(l->line + i, l->line + i + 1, (l->n - i - 1) * sizeof(l->line[0]));
	memmove(l->segment + i, l->segment + i + 1, (l->n - i - 1) * sizeof(l->segment[0]));
	l->n--;
}

/* Keeps the first n records, and the checkpoints that are within them. */
static void cut(struct loaded *l, size_t n)
{
	while (l->n > n)
		free(l->line[--l->n]);
	while (l->ncp > 0 && l->cp_size[l->ncp - 1] > n)
		free(l->cp[--l->ncp]);
}

static void insert_line(struct loaded *l, size_t i, char *line, unsigned segment)
{
	MUST(l->n < MAX_LINES);
	memmove(l->line + i + 1, l->line + i, (l->n - i) * sizeof(l->line[0]));
	memmove(l->segment + i + 1, l->segment + i, (l->n - i) * sizeof(l->segment[0]));
	l->line[i] = line;
	l->segment[i] = segment;
	l->n++;
}

/* Makes the chain whole again from record i on: numbers and prev. */
static void rechain(struct loaded *l, size_t from)
{
	uint8_t d[DIGEST_SIZE] = { 0 };
	char hex[DIGEST_HEX + 1], *line, *rest;
	size_t size;

	for (size_t i = from; i < l->n; i++) {
		if (i > 0)
			MUST(digest(l->line[i - 1], strlen(l->line[i - 1]), d) == 0);
		digest_hex(d, hex);
		rest = strchr(l->line[i], ',');
		size = strlen(rest) + 64;
		line = malloc(size);
		snprintf(line, size, "{\"seq\":%zu%s", i + 1, rest);
		memcpy(line + strlen(line) - 2 - DIGEST_HEX, hex, DIGEST_HEX);
		free(l->line[i]);
		l->line[i] = line;
	}
}

/* A checkpoint over the first n records, by this key; put where its size belongs, in the place of one of that size. */
static void reseal(const struct fixture *f, struct loaded *l, size_t n, unsigned key)
{
	uint8_t root[DIGEST_SIZE];
	struct buf text, sig, line;
	struct chain c;
	size_t at;

	buf_init(&text, 4096);
	buf_init(&sig, 65536);
	buf_init(&line, 65536);
	chain_init(&c);
	for (size_t i = 0; i < n; i++)
		MUST(chain_push(&c, (struct view){ (uint8_t *)l->line[i], strlen(l->line[i]) }, NULL) == 0);
	MUST(merkle_root(&c.tree, root) == 0);
	MUST(checkpoint_write(&text, "sallyport/test", n, root, c.head, 1700000001000) == 0);
	fixture_sign(&f->keys[key], CHECKPOINT_NAMESPACE, (struct view){ buf_ptr(&text), text.len }, &sig);
	MUST(checkpoint_line_write(&line, (struct view){ buf_ptr(&text), text.len }, (struct view){ buf_ptr(&sig), sig.len }, NULL) == 0);
	for (at = 0; at < l->ncp && l->cp_size[at] < n; at++)
		;
	if (at < l->ncp && l->cp_size[at] == n) {
		free(l->cp[at]);
	} else {
		memmove(l->cp + at + 1, l->cp + at, (l->ncp - at) * sizeof(l->cp[0]));
		memmove(l->cp_size + at + 1, l->cp_size + at, (l->ncp - at) * sizeof(l->cp_size[0]));
		l->ncp++;
	}
	l->cp[at] = strndup(buf_cstr(&line), line.len - 1);
	l->cp_size[at] = n;
	buf_free(&text);
	buf_free(&sig);
	buf_free(&line);
}

/* Index of the record with which the k-th epoch begins (1-based), or of its closing record. */
static size_t find_event(const struct loaded *l, const char *event, unsigned k)
{
	char want[64];

	snprintf(want, sizeof(want), "\"event\":\"%s\"", event);
	for (size_t i = 0; i < l->n; i++)
		if (strstr(l->line[i], want) != NULL && --k == 0)
			return i;
	abort();
}

/* Index of a record with text that may be changed. */
static size_t some_work(const struct loaded *l, size_t from, size_t to)
{
	size_t i;

	do {
		i = pick(from, to);
	} while (strstr(l->line[i], "of the work") == NULL);
	return i;
}

static void edit(struct fixture *f, struct loaded *l)
{
	(void)f;
	memcpy(strstr(l->line[some_work(l, 0, l->n)], "of the work"), "by somebody", 11);
}

static void delete(struct fixture *f, struct loaded *l)
{
	(void)f;
	drop_line(l, pick(1, l->n - 1));
}

static void swap(struct fixture *f, struct loaded *l)
{
	size_t i = pick(0, l->n - 1);
	char *line = l->line[i];

	(void)f;
	l->line[i] = l->line[i + 1];
	l->line[i + 1] = line;
}

static void insert(struct fixture *f, struct loaded *l)
{
	size_t i = pick(1, l->n);

	(void)f;
	insert_line(l, i, strdup(l->line[pick(0, l->n)]), l->segment[i - 1]);
}

static void rechain_without_key(struct fixture *f, struct loaded *l)
{
	/* Something that is under a checkpoint: what is not yet is nobody's promise. */
	size_t i = some_work(l, 0, (size_t)l->cp_size[l->ncp - 1]);

	(void)f;
	memcpy(strstr(l->line[i], "of the work"), "by somebody", 11);
	rechain(l, i);
}

static void torn(struct fixture *f, struct loaded *l)
{
	(void)f;
	l->torn = true;
}

static void cut_tail(struct fixture *f, struct loaded *l)
{
	(void)f;
	cut(l, pick(find_event(l, "epoch.open", 3) + 2, (size_t)l->cp_size[l->ncp - 1]));
}

static void cut_and_resign(struct fixture *f, struct loaded *l)
{
	cut_tail(f, l);
	reseal(f, l, l->n, 3);
}

/* Back to the end of the first epoch; a second one that is closed at once in favour of the key at hand; on from there. */
static void empty_epoch(struct fixture *f, struct loaded *l)
{
	size_t close = find_event(l, "epoch.close", 1), open = find_event(l, "epoch.open", 2), close2 = find_event(l, "epoch.close", 2),
	       open3 = find_event(l, "epoch.open", 3);
	char *opening = strdup(l->line[open]), *closing = strdup(l->line[close2]), *third = strdup(l->line[open3]);
	unsigned segment = l->segment[close];

	cut(l, close + 1);
	insert_line(l, l->n, opening, segment);
	insert_line(l, l->n, closing, segment);
	insert_line(l, l->n, third, segment);
	rechain(l, close + 1);
	reseal(f, l, l->n, 3);
}

static void newer_key(struct fixture *f, struct loaded *l)
{
	size_t i = some_work(l, 1, find_event(l, "epoch.close", 1));
	size_t n = l->ncp;

	memcpy(strstr(l->line[i], "of the work"), "by somebody", 11);
	rechain(l, i);
	for (size_t k = 0; k < n; k++)
		reseal(f, l, (size_t)l->cp_size[k], 3);
}

static void recording_swapped(struct fixture *f, struct loaded *l)
{
	(void)l;
	MUST(renameat(f->dirfd, "recordings/s1-1.cast.gz", f->dirfd, "x") == 0 &&
	     renameat(f->dirfd, "recordings/s1-2.cast.gz", f->dirfd, "recordings/s1-1.cast.gz") == 0 &&
	     renameat(f->dirfd, "x", f->dirfd, "recordings/s1-2.cast.gz") == 0);
}

static void recording_cut(struct fixture *f, struct loaded *l)
{
	char path[256];

	(void)l;
	snprintf(path, sizeof(path), "%s/recordings/s1-1.cast.gz", f->dir);
	MUST(truncate(path, (off_t)pick(0, 3000)) == 0);
}

static void segment_removed(struct fixture *f, struct loaded *l)
{
	unsigned s = (unsigned)pick(1, l->segments);

	(void)f;
	for (size_t i = 0; i < l->n; i++)
		while (i < l->n && l->segment[i] == s)
			drop_line(l, i);
}

static void checkpoint_rolled_back(struct fixture *f, struct loaded *l)
{
	/* Within the epoch: a closed epoch's last checkpoint would be missed. */
	size_t open = find_event(l, "epoch.open", 3), first = 0, keep;

	(void)f;
	while (l->cp_size[first] <= open)
		first++;
	keep = pick(first, l->ncp - 1);
	while (l->ncp > keep)
		free(l->cp[--l->ncp]);
}

static const struct {
	const char *name;
	void (*apply)(struct fixture *, struct loaded *);
	bool missed_alone; /* without an outside checkpoint nobody can notice */
} attacks[] = {
	{ "a record edited", edit, false },
	{ "a record deleted", delete, false },
	{ "two records swapped", swap, false },
	{ "a record inserted", insert, false },
	{ "edited and chained anew, without the key", rechain_without_key, false },
	{ "the last line torn", torn, false },
	{ "tail cut off, with its checkpoints", cut_tail, true },
	{ "tail cut off, signed anew with the current key", cut_and_resign, true },
	{ "continued from an old epoch through an empty one", empty_epoch, false },
	{ "old epoch edited, sealed anew with the newer key", newer_key, false },
	{ "two recordings swapped", recording_swapped, false },
	{ "a recording cut", recording_cut, false },
	{ "a segment removed", segment_removed, false },
	{ "checkpoints rolled back", checkpoint_rolled_back, true },
};

static bool noticed(const struct fixture *f, const struct buf *text, const struct buf *sig, const char *signers)
{
	struct view t = { buf_ptr(text), text->len }, s = { buf_ptr(sig), sig->len };
	struct verify_dir_options o = { .dirfd = f->dirfd, .outside = &t, .outside_sigs = &s, .noutside = text->len > 0 };
	struct verify_dir_report r;
	int k;

	o.recordings_dirfd = openat(f->dirfd, "recordings", O_RDONLY | O_DIRECTORY);
	o.verify.allowed_signers = (struct view){ (const uint8_t *)signers, strlen(signers) };
	k = verify_dir(&o, &r, NULL);
	if (o.recordings_dirfd >= 0)
		close(o.recordings_dirfd);
	MUST(k == ERR_OK || k == ERR_SIGNATURE);
	return k == ERR_SIGNATURE;
}

/* Three epochs, several segments, two recordings, and the last checkpoint on its way out. */
static void make_log(struct fixture *f, struct buf *text, struct buf *sig, char signers[300])
{
	buf_init(text, 4096);
	buf_init(sig, 65536);
	fixture_begin(f, 6000);
	fixture_fill(f, (unsigned)pick(15, 40));
	fixture_recording(f, 1);
	fixture_turn(f);
	fixture_fill(f, (unsigned)pick(15, 40));
	fixture_recording(f, 2);
	fixture_turn(f);
	fixture_fill(f, (unsigned)pick(25, 60));
	fixture_checkpoint(f);
	fixture_last_checkpoint(f, text, sig);
	fixture_end(f);
	snprintf(signers, 300, "bastion namespaces=\"sallyport-checkpoint\" %s\n", f->keys[1].line);
}

static bool run_attack(size_t a, unsigned trials)
{
	unsigned alone = 0, outside = 0, wanted = attacks[a].missed_alone ? 0 : trials;
	struct buf text, sig, none;
	struct loaded *l = malloc(sizeof(*l));
	struct fixture f;
	char signers[300];

	buf_init(&none, 1);
	for (unsigned i = 0; i < trials; i++) {
		make_log(&f, &text, &sig, signers);
		load(&f, l);
		attacks[a].apply(&f, l);
		store(&f, l);
		alone += noticed(&f, &none, &none, signers);
		outside += noticed(&f, &text, &sig, signers);
		buf_free(&text);
		buf_free(&sig);
		fixture_drop(&f);
	}
	free(l);
	printf("%-52s %4u of %-4u %4u of %-4u%s%s\n", attacks[a].name, alone, trials, outside, trials,
	       attacks[a].missed_alone ? "  (alone: cannot be noticed)" : "", alone == wanted && outside == trials ? "" : "  WRONG");
	fflush(stdout);
	return alone == wanted && outside == trials;
}

/* Writers killed with -9, opened again, killed again: the verifier must not accuse them. */
static unsigned false_alarms(unsigned logs)
{
	struct buf none, text, sig;
	unsigned alarms = 0;
	struct fixture f;
	char signers[300];
	pid_t pid;

	buf_init(&none, 1);
	for (unsigned i = 0; i < logs; i++) {
		make_log(&f, &text, &sig, signers);
		for (int kill_round = 0; kill_round < 3; kill_round++) {
			pid = fork();
			if (pid == 0) {
				prctl(PR_SET_PDEATHSIG, SIGKILL);
				fixture_reopen(&f, 6000);
				for (int n = 0; n < 2000; n++)
					fixture_fill(&f, 5);
				pause();
			}
			usleep((useconds_t)pick(1000, 9000));
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
		}
		fixture_reopen(&f, 6000);
		fixture_fill(&f, 3);
		fixture_end(&f);
		alarms += noticed(&f, &none, &none, signers) || noticed(&f, &text, &sig, signers);
		buf_free(&text);
		buf_free(&sig);
		fixture_drop(&f);
	}
	return alarms;
}

int main(int argc, char **argv)
{
	unsigned trials = argc > 1 ? (unsigned)atoi(argv[1]) : 3, clean = argc > 2 ? (unsigned)atoi(argv[2]) : 10, alarms;
	bool ok = true;

	srandom(argc > 3 ? (unsigned)atoi(argv[3]) : 1);
	printf("%-52s %-12s %s\n", "attack", "noticed", "with an outside checkpoint");
	for (size_t a = 0; a < sizeof(attacks) / sizeof(attacks[0]); a++)
		ok = run_attack(a, trials) && ok;
	alarms = false_alarms(clean);
	printf("%-52s %4u of %u accused%s\n", "clean logs, killed three times each", alarms, clean, alarms == 0 ? "" : "  WRONG");
	return ok && alarms == 0 ? 0 : 1;
}
