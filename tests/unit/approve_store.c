/* The promises of store.h: what was put comes back, tokens are used once, a damaged answer is none. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "approve/store.h"

static char path[] = "/tmp/approve_store.XXXXXX";

static struct store *open_store(const char *where)
{
	struct store *s = NULL;
	struct why why = { "" };

	assert_int_equal(store_open(where, &s, &why), ERR_OK);
	return s;
}

static struct approval *request(char fill, int64_t created)
{
	struct approval *a = approval_new();
	json_t *who = json_pack("{s:s,s:s,s:[s,s],s:s}", "issuer", "idp", "subject", "agent", "groups", "a", "b", "email", "x@y");

	memset(a->id, fill, APPROVAL_ID);
	assert_int_equal(approval_asker_read(who, &a->asker), ERR_OK);
	json_decref(who);
	a->text = strdup("it's '; DROP TABLE approvals; --");
	a->text_len = strlen(a->text);
	a->ask = json_pack("{s:s}", "command", "x");
	a->needed = 2;
	a->uses_max = 3;
	a->ttl_max = 60;
	a->created_ms = created;
	a->expires_ms = created + 1000;
	memset(a->digest, fill, sizeof(a->digest));
	return a;
}

static void approvals_come_back(void **state)
{
	struct store *s = open_store(":memory:");
	struct approval *a = request('a', 5), *b = NULL;
	struct identity who = { .issuer = (char *)(uintptr_t)"idp", .iss = (char *)(uintptr_t)"i", .subject = (char *)(uintptr_t)"op" };
	struct approval_wish w = { .who = &who, .yes = true, .reason = "it's fine", .signature = "s", .signer = "p", .uses = 2 };

	(void)state;
	assert_int_equal(approval_vote(a, &w, 10, NULL), ERR_OK);
	assert_int_equal(store_approval_put(s, a), ERR_OK);
	assert_int_equal(store_approval_get(s, a->id, &b), ERR_OK);
	assert_string_equal(b->text, a->text);
	assert_int_equal(b->text_len, a->text_len);
	assert_int_equal(b->n_votes, 1);
	assert_string_equal(b->votes[0].reason, "it's fine");
	assert_int_equal(b->votes[0].uses, 2);
	assert_int_equal(b->asker->n_groups, 2);
	assert_string_equal(b->asker->email, "x@y");
	assert_memory_equal(a->digest, b->digest, 32);
	assert_int_equal(b->needed, 2);
	assert_int_equal(b->uses_max, 3);
	assert_int_equal(b->ttl_max, 60);
	assert_int_equal(b->expires_ms, 1005);
	approval_free(b);
	/* What can never run again leaves no text behind. */
	assert_int_equal(approval_withdraw(a, "policy", 20), ERR_OK);
	assert_int_equal(store_approval_put(s, a), ERR_OK);
	assert_int_equal(store_approval_get(s, a->id, &b), ERR_OK);
	assert_null(b->text);
	assert_string_equal(b->why, "policy");
	approval_free(b);
	assert_int_equal(store_approval_get(s, "nosuch", &b), ERR_NOTFOUND);
	approval_free(a);
	store_close(s);
}

static bool count(void *arg, struct approval *a)
{
	int *n = arg;

	(*n)++;
	approval_free(a);
	return *n < 2;
}

static void lists(void **state)
{
	struct store *s = open_store(":memory:");
	int n = 0;

	(void)state;
	for (char c = 'a'; c < 'f'; c++) {
		struct approval *a = request(c, c);

		a->state = c == 'a' ? APPROVAL_DENIED : APPROVAL_PENDING;
		a->told = true;
		assert_int_equal(store_approval_put(s, a), ERR_OK);
		approval_free(a);
	}
	assert_int_equal(store_approvals(s, APPROVAL_DENIED, false, 0, 10, count, &n), ERR_OK);
	assert_int_equal(n, 1);
	n = 0;
	assert_int_equal(store_approvals(s, -1, true, 0, 10, count, &n), ERR_OK);
	assert_int_equal(n, 2); /* stopped by the callback */
	n = -100;
	assert_int_equal(store_approvals(s, -1, true, 0, 10, count, &n), ERR_OK);
	assert_int_equal(n, -96);
	store_close(s);
}

static void tokens_once(void **state)
{
	struct store *s;
	uint8_t key[32] = { 1 }, other[32] = { 2 };

	(void)state;
	(void)unlink(path);
	s = open_store(path);
	assert_int_equal(store_token_use(s, key, 100), ERR_OK);
	assert_int_equal(store_token_use(s, key, 100), ERR_EXISTS);
	assert_int_equal(store_token_use(s, other, 300), ERR_OK);
	assert_int_equal(store_commit(s, 42, NULL), ERR_OK);
	store_close(s);
	/* Also after a restart. */
	s = open_store(path);
	assert_int_equal(store_chain_seq(s), 42);
	assert_int_equal(store_token_use(s, key, 100), ERR_EXISTS);
	assert_int_equal(store_token_sweep(s, 200), ERR_OK);
	assert_int_equal(store_token_use(s, key, 100), ERR_OK);
	assert_int_equal(store_token_use(s, other, 100), ERR_EXISTS);
	store_close(s);
	/* What was not committed is not there: the round did not happen. */
	s = open_store(path);
	assert_int_equal(store_token_use(s, key, 100), ERR_EXISTS);
	store_close(s);
	(void)unlink(path);
}

static void revoked(void **state)
{
	struct store *s = open_store(":memory:");

	(void)state;
	assert_false(store_certificate_revoked(s, 7));
	assert_int_equal(store_certificate_add(s, 7, "{}", 1000), ERR_OK);
	assert_false(store_certificate_revoked(s, 7));
	assert_int_equal(store_certificate_revoke(s, 7, 5), ERR_OK);
	assert_true(store_certificate_revoked(s, 7));
	assert_int_equal(store_certificate_revoke(s, 7, 5), ERR_EXISTS);
	assert_int_equal(store_certificate_revoke(s, 8, 5), ERR_NOTFOUND);
	assert_true(store_certificate_revoked(s, 8));
	store_close(s);
}

static void one_session(void *arg, const struct store_session *v)
{
	assert_string_equal(v->id, "s1");
	assert_string_equal(v->subject, "agent");
	assert_int_equal(v->started_ms, 9);
	(*(int *)arg)++;
}

static void one_recording(void *arg, const struct store_recording *v)
{
	assert_string_equal(v->id, "r1");
	assert_int_equal(v->bytes, 30);
	assert_int_equal(v->parts, 2);
	assert_int_equal(v->ended_ms, 20);
	assert_string_equal(v->sha256, "bb");
	(*(int *)arg)++;
}

static void sessions_and_recordings(void **state)
{
	struct store *s = open_store(":memory:");
	struct store_session v = { "s1", "idp", "agent", "web", "deploy", "127.0.0.1", 3, 9 };
	struct store_recording r = { .id = "r1", .session = "s1", .issuer = "idp", .subject = "agent", .target = "web", .login = "deploy",
				     .started_ms = 5, .channel = 1 };
	int n = 0;

	(void)state;
	assert_int_equal(store_session_add(s, &v), ERR_OK);
	(void)store_sessions(s, one_session, &n);
	assert_int_equal(n, 1);
	assert_int_equal(store_session_end(s, "s1"), ERR_OK);
	(void)store_sessions(s, one_session, &n);
	assert_int_equal(n, 1);
	assert_int_equal(store_recording_open(s, &r), ERR_OK);
	assert_int_equal(store_recording_close(s, "r1", 1, 10, 100, "aa", 15, false), ERR_OK);
	assert_int_equal(store_recording_close(s, "r1", 2, 20, 200, "bb", 20, true), ERR_OK);
	n = 0;
	(void)store_recordings(s, NULL, "s1", 0, 10, one_recording, &n);
	(void)store_recordings(s, "r1", NULL, 0, 10, one_recording, &n);
	(void)store_recordings(s, "r1' OR '1'='1", NULL, 0, 10, one_recording, &n);
	assert_int_equal(n, 2);
	store_close(s);
}

static void any_recording(void *arg, const struct store_recording *v)
{
	(void)v;
	(*(int *)arg)++;
}

/* What is asked all the time, of a store that holds what ever was: seconds for a thousand times. */
static double asked(struct store *s, const char *id)
{
	clock_t start = clock();
	int n = 0;

	for (int i = 0; i < 1000; i++) {
		assert_int_equal(store_recordings(s, id, NULL, 0, 1, any_recording, &n), ERR_OK);
		assert_int_equal(store_recordings(s, NULL, "none", 0, 1, any_recording, &n), ERR_OK);
		assert_int_equal(store_recordings_open(s, any_recording, &n), ERR_OK);
		assert_int_equal(store_approvals(s, APPROVAL_PENDING, false, 0, 10, count, &n), ERR_OK);
		assert_int_equal(store_approvals(s, -1, true, 0, 10, count, &n), ERR_OK);
	}
	assert_int_equal(n, 1000);
	return (double)(clock() - start) / CLOCKS_PER_SEC;
}

static void what_is_over_slows_nothing(void **state)
{
	struct store *s = open_store(":memory:");
	double few, many;
	char id[APPROVAL_ID + 1];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		struct store_recording r = { .id = id, .session = id, .issuer = "", .subject = "", .target = "", .login = "", .started_ms = i };
		struct approval *a = request('a', i);

		snprintf(id, sizeof(id), "%026d", i);
		memcpy(a->id, id, sizeof(id));
		a->state = APPROVAL_DENIED;
		a->told = true;
		assert_int_equal(store_approval_put(s, a), ERR_OK);
		approval_free(a);
		assert_int_equal(store_recording_open(s, &r), ERR_OK);
		assert_int_equal(store_recording_close(s, id, 1, 10, 100, "aa", 15, true), ERR_OK);
		if (i == 99)
			few = asked(s, id);
	}
	many = asked(s, id);
	if (many > 10 * few)
		fail_msg("asking takes %.1f ms among 100, %.1f ms among 10000", few, many);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(approvals_come_back), cmocka_unit_test(lists),			 cmocka_unit_test(tokens_once),
		cmocka_unit_test(revoked),	       cmocka_unit_test(sessions_and_recordings),
		cmocka_unit_test(what_is_over_slows_nothing),
	};
	int fd = mkstemp(path);

	if (fd >= 0)
		close(fd);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
