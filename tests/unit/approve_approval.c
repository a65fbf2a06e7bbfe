/* The promises of approval.h: who may say yes, what a yes is worth, and that no order of events makes two uses out of one. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approve/approval.h"

static struct identity *person(const char *issuer, const char *subject, const char *email)
{
	struct identity *id = calloc(1, sizeof(*id));

	id->issuer = strdup(issuer);
	id->iss = strdup(issuer);
	id->subject = strdup(subject);
	id->email = email != NULL ? strdup(email) : NULL;
	return id;
}

static struct approval *request(unsigned needed, unsigned uses)
{
	struct approval *a = approval_new();

	memset(a->id, 'a', APPROVAL_ID);
	a->asker = person("idp", "agent", NULL);
	a->text = strdup("'touch' 'x'");
	a->text_len = strlen(a->text);
	a->ask = json_object();
	a->needed = needed;
	a->uses_max = uses;
	a->ttl_max = 900;
	a->created_ms = 1000;
	a->expires_ms = 100000;
	memset(a->digest, 7, sizeof(a->digest));
	return a;
}

static int say(struct approval *a, const char *subject, bool yes, int64_t now)
{
	struct identity *who = person("idp", subject, NULL);
	struct approval_wish w = { .who = who, .yes = yes, .reason = "because" };
	int r = approval_vote(a, &w, now, NULL);

	identity_free(who);
	return r;
}

static void own_request(void **state)
{
	struct approval *a = request(1, 1);
	struct identity *alias = person("idp", "agent-2", NULL), *other = person("other", "agent", NULL);
	struct approval_wish w = { .who = alias, .yes = true, .reason = "x" };

	(void)state;
	assert_int_equal(say(a, "agent", true, 2000), ERR_REFUSED);
	/* Acting through another client for the same person. */
	alias->on_behalf_of = strdup("agent");
	assert_int_equal(approval_vote(a, &w, 2000, NULL), ERR_REFUSED);
	/* The same e-mail address at another issuer is the same person. */
	a->asker->email = strdup("kim@example.org");
	other->email = strdup("Kim@example.org");
	w.who = other;
	assert_int_equal(approval_vote(a, &w, 2000, NULL), ERR_REFUSED);
	assert_int_equal(a->state, APPROVAL_PENDING);
	assert_int_equal(a->n_votes, 0);
	/* One may take back what one asked. */
	assert_int_equal(say(a, "agent", false, 2000), ERR_OK);
	assert_int_equal(a->state, APPROVAL_DENIED);
	identity_free(alias);
	identity_free(other);
	approval_free(a);
}

static void reasons_and_ceilings(void **state)
{
	struct approval *a = request(1, 2);
	struct identity *who = person("idp", "op", NULL);
	struct approval_wish w = { .who = who, .yes = true, .reason = "  " };

	(void)state;
	assert_int_equal(approval_vote(a, &w, 2000, NULL), ERR_MALFORMED);
	w.reason = NULL;
	assert_int_equal(approval_vote(a, &w, 2000, NULL), ERR_MALFORMED);
	w.reason = "ok";
	w.uses = 3;
	assert_int_equal(approval_vote(a, &w, 2000, NULL), ERR_LIMIT);
	w.uses = 1;
	w.ttl = 901;
	assert_int_equal(approval_vote(a, &w, 2000, NULL), ERR_LIMIT);
	w.ttl = 60;
	assert_int_equal(approval_vote(a, &w, 2000, NULL), ERR_OK);
	assert_int_equal(a->uses_left, 1);
	assert_int_equal(a->grant_until_ms, 62000);
	identity_free(who);
	approval_free(a);
}

static void two_people(void **state)
{
	struct approval *a = request(2, 1);

	(void)state;
	assert_int_equal(say(a, "op1", true, 2000), ERR_OK);
	assert_int_equal(a->state, APPROVAL_PENDING);
	assert_int_equal(approval_use(a, a->digest, 2000), ERR_WRONGSTATE);
	assert_int_equal(say(a, "op1", true, 2000), ERR_EXISTS);
	assert_int_equal(a->state, APPROVAL_PENDING);
	assert_int_equal(say(a, "op2", true, 2000), ERR_OK);
	assert_int_equal(a->state, APPROVAL_APPROVED);
	assert_int_equal(say(a, "op3", false, 2000), ERR_WRONGSTATE);
	approval_free(a);
}

static void signature_required(void **state)
{
	struct approval *a = request(1, 1);
	struct identity *who = person("idp", "op", NULL);
	struct approval_wish w = { .who = who, .yes = true, .reason = "ok" };

	(void)state;
	a->signed_required = true;
	assert_int_equal(approval_vote(a, &w, 2000, NULL), ERR_REFUSED);
	w.signature = "sig";
	w.signer = "idp|op";
	assert_int_equal(approval_vote(a, &w, 2000, NULL), ERR_OK);
	identity_free(who);
	approval_free(a);
}

static void deadlines(void **state)
{
	struct approval *a = request(1, 5);

	(void)state;
	assert_false(approval_tick(a, 99999));
	assert_int_equal(say(a, "op", true, 100000), ERR_WRONGSTATE);
	assert_int_equal(a->state, APPROVAL_EXPIRED);
	approval_free(a);
	a = request(1, 5);
	assert_int_equal(say(a, "op", true, 2000), ERR_OK);
	assert_int_equal(approval_use(a, a->digest, 2000 + 899999), ERR_OK);
	assert_int_equal(approval_use(a, a->digest, 2000 + 900000), ERR_EXPIRED);
	assert_int_equal(a->state, APPROVAL_EXPIRED);
	assert_null(a->text);
	approval_free(a);
}

static void another_digest(void **state)
{
	struct approval *a = request(1, 1);
	uint8_t d[APPROVAL_DIGEST] = { 8 };

	(void)state;
	assert_int_equal(say(a, "op", true, 2000), ERR_OK);
	assert_int_equal(approval_use(a, d, 2000), ERR_REFUSED);
	assert_int_equal(a->uses_left, 1);
	assert_int_equal(approval_use(a, a->digest, 2000), ERR_OK);
	assert_int_equal(approval_use(a, a->digest, 2000), ERR_WRONGSTATE);
	approval_free(a);
}

#define V(s) { (const uint8_t *)s, sizeof(s) - 1 }

/* Every field enters, and no two fields can lend each other bytes. */
static void digest_binds(void **state)
{
	struct approval_binding base = { .text = V("ls"), .issuer = V("idp"), .subject = V("agent"), .on_behalf_of = V(""), .target = V("web"),
					 .login = V("deploy"), .cwd = V("/"), .policy = V("p"), .env = V(""), .state = V(""), .stdin_bytes = V("") };
	struct approval_binding b[16];
	uint8_t d0[APPROVAL_DIGEST], d[APPROVAL_DIGEST];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < 16; i++)
		b[i] = base;
	b[n++].text = (struct view)V("ls ");
	b[n++].issuer = (struct view)V("idp2");
	b[n++].subject = (struct view)V("agent2");
	b[n++].on_behalf_of = (struct view)V("x");
	b[n++].target = (struct view)V("web2");
	b[n++].login = (struct view)V("root");
	b[n++].cwd = (struct view)V("/tmp");
	b[n++].policy = (struct view)V("q");
	b[n++].env = (struct view)V("A");
	b[n++].state = (struct view)V("A");
	b[n++].stdin_bytes = (struct view)V("rm");
	b[n++].has_pty = true;
	b[n++].stdin_known = true;
	b[n++].exact = true;
	b[n++].kind = 1;
	b[n].op = 1;
	assert_int_equal(approval_digest(&base, "id", d0), ERR_OK);
	for (size_t i = 0; i < 16; i++) {
		assert_int_equal(approval_digest(&b[i], "id", d), ERR_OK);
		assert_memory_not_equal(d0, d, sizeof(d));
	}
	assert_int_equal(approval_digest(&base, "ie", d), ERR_OK);
	assert_memory_not_equal(d0, d, sizeof(d));
	/* "web"+"deploy" against "webd"+"eploy" */
	base.target = (struct view)V("webd");
	base.login = (struct view)V("eploy");
	assert_int_equal(approval_digest(&base, "id", d), ERR_OK);
	assert_memory_not_equal(d0, d, sizeof(d));
}

static uint32_t rnd_state;
static uint32_t rnd(uint32_t n)
{
	rnd_state = rnd_state * 1664525u + 1013904223u;
	return (rnd_state >> 8) % n;
}

/* Ten thousand orders of yes, no, use, time and withdrawal: what ran was approved by enough people, in time, at most as often as
 * they said, never after a no; and an end is an end. */
static void ten_thousand_orders(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < 10000; seed++) {
		unsigned needed = 1 + seed % 3, uses = 1 + seed % 4, ran = 0, yes = 0;
		struct approval *a = request(needed, uses);
		char name[8];
		int64_t now = 2000, granted_at = 0;
		bool denied = false;

		rnd_state = seed;
		for (int step = 0; step < 40; step++) {
			enum approval_state before = a->state;
			int r;

			now += rnd(30000);
			switch (rnd(8)) {
			case 0:
			case 1:
			case 2:
				snprintf(name, sizeof(name), "op%u", rnd(5));
				r = say(a, name, true, now);
				if (r == ERR_OK) {
					assert_true(before == APPROVAL_PENDING && now < a->expires_ms && !denied);
					yes++;
					if (a->state == APPROVAL_APPROVED)
						granted_at = now;
				}
				break;
			case 3:
				if (rnd(4) != 0)
					break;
				r = say(a, "op9", false, now);
				if (r == ERR_OK) {
					assert_int_equal(before, APPROVAL_PENDING);
					denied = true;
				}
				break;
			case 4:
				(void)approval_tick(a, now);
				break;
			case 5:
				if (rnd(10) == 0)
					(void)approval_withdraw(a, "policy", now);
				break;
			default:
				r = approval_use(a, a->digest, now);
				if (r == ERR_OK) {
					ran++;
					assert_true(granted_at > 0 && yes >= needed && !denied);
					assert_true(now < granted_at + 900 * 1000);
					assert_true(ran <= uses);
				}
				break;
			}
			/* Nothing leads back. */
			if (before == APPROVAL_DENIED || before == APPROVAL_EXPIRED || before == APPROVAL_WITHDRAWN)
				assert_int_equal(a->state, before);
			if (before == APPROVAL_APPROVED)
				assert_true(a->state == APPROVAL_APPROVED || a->state == APPROVAL_EXPIRED || a->state == APPROVAL_WITHDRAWN);
			if (a->state != APPROVAL_APPROVED)
				assert_int_equal(a->uses_left, 0);
		}
		assert_true(ran <= uses);
		approval_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_request),	    cmocka_unit_test(reasons_and_ceilings), cmocka_unit_test(two_people),
		cmocka_unit_test(signature_required), cmocka_unit_test(deadlines),	    cmocka_unit_test(another_digest),
		cmocka_unit_test(digest_binds),	    cmocka_unit_test(ten_thousand_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
