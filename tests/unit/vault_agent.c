/* A grant signs its own login, with its own key, in its own time, so many times, and nothing else. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "vault/agent.h"

enum { NOW = 1000000, FAILURE = 5, IDENTITIES = 12, SIGNED = 14 };

/* One request, taken apart so that each test changes one thing. */
struct request {
	const char *user, *service, *method, *algorithm, *host_key;
	size_t session_len;
	uint8_t session_byte, number, has_signature;
	const struct buf *asked, *inside; /* key blobs */
	uint32_t flags;
	unsigned tail, data_tail; /* bytes too many */
};

static struct key *mine, *foreign, *rsa, *ecdsa;
static struct buf mine_blob, foreign_blob, rsa_blob, ecdsa_blob;
static unsigned signatures;

static int sign_with(void *arg, size_t i, enum key_sign how, const uint8_t *p, size_t n, struct buf *out)
{
	struct key *const *keys = arg;

	signatures++;
	return key_sign(keys[i], how, p, n, out);
}

static struct key *granted[AGENT_KEYS_MAX];

static void open_grant(struct grant *g, struct key *k, const struct buf *blob)
{
	memset(g, 0, sizeof(*g));
	strcpy(g->login, "deploy");
	buf_init(&g->keys[0].blob, KEY_BLOB_MAX);
	assert_int_equal(buf_put(&g->keys[0].blob, buf_ptr(blob), blob->len), ERR_OK);
	g->keys[0].type = key_type_of(k);
	g->nkeys = 1;
	g->valid_from = NOW - 5;
	g->valid_to = NOW + 60;
	g->uses = 4;
	granted[0] = k;
	g->sign = sign_with;
	g->arg = granted;
	signatures = 0;
}

static struct request good(void)
{
	return (struct request){ .user = "deploy", .service = "ssh-connection", .method = "publickey",
		.algorithm = "ssh-ed25519", .session_len = 32, .session_byte = 7, .number = 50, .has_signature = 1,
		.asked = &mine_blob, .inside = &mine_blob };
}

static void put_cstr(struct buf *b, const char *s)
{
	assert_int_equal(buf_put_string(b, s, strlen(s)), ERR_OK);
}

static void build(const struct request *q, struct buf *frame)
{
	uint8_t session[256];
	struct buf data;

	buf_init(&data, 65536);
	buf_init(frame, 65536);
	memset(session, q->session_byte, sizeof(session));
	buf_put_string(&data, session, q->session_len);
	buf_put_u8(&data, q->number);
	put_cstr(&data, q->user);
	put_cstr(&data, q->service);
	put_cstr(&data, q->method);
	buf_put_u8(&data, q->has_signature);
	put_cstr(&data, q->algorithm);
	buf_put_string(&data, buf_ptr(q->inside), q->inside->len);
	if (q->host_key != NULL)
		put_cstr(&data, q->host_key);
	for (unsigned i = 0; i < q->data_tail; i++)
		buf_put_u8(&data, 0);
	buf_put_u8(frame, 13);
	buf_put_string(frame, buf_ptr(q->asked), q->asked->len);
	buf_put_string(frame, buf_ptr(&data), data.len);
	buf_put_u32(frame, q->flags);
	for (unsigned i = 0; i < q->tail; i++)
		buf_put_u8(frame, 0);
	buf_free(&data);
}

/* Asks, and checks that the answer is one whole frame. Returns agent_handle()'s code; *type gets the answer's type. */
static int ask(struct grant *g, const uint8_t *p, size_t n, int64_t now, uint8_t *type)
{
	struct buf out;
	struct view v, body;
	struct why why = { "" };
	int r;

	buf_init(&out, AGENT_REPLY_MAX);
	r = agent_handle(g, p, n, now, &out, &why);
	v = (struct view){ buf_ptr(&out), out.len };
	assert_int_equal(view_string(&v, &body), ERR_OK);
	assert_int_equal(view_end(&v), ERR_OK);
	assert_int_equal(view_u8(&body, type), ERR_OK);
	if (r < 0) {
		assert_int_equal(*type, FAILURE);
		assert_int_equal(body.n, 0);
		assert_true(why.text[0] != '\0');
	}
	buf_free(&out);
	return r;
}

static int ask_to_sign(struct grant *g, const struct request *q, int64_t now)
{
	struct buf frame;
	uint8_t type;
	unsigned before = signatures;
	int r;

	build(q, &frame);
	r = ask(g, buf_ptr(&frame), frame.len, now, &type);
	assert_int_equal(type, r == ERR_OK ? SIGNED : FAILURE);
	assert_int_equal(signatures - before, r == ERR_OK ? 1 : 0);
	buf_free(&frame);
	return r;
}

/* One grant, one request with one thing wrong. */
static int try_one(struct request q)
{
	struct grant g;
	int r;

	open_grant(&g, mine, &mine_blob);
	r = ask_to_sign(&g, &q, NOW);
	grant_clear(&g);
	return r;
}

#define WITH(change) ({ struct request q = good(); change; try_one(q); })

static void the_granted_login_is_signed(void **state)
{
	(void)state;
	assert_int_equal(try_one(good()), ERR_OK);
	assert_int_equal(WITH((q.method = "publickey-hostbound-v00@openssh.com", q.host_key = "key")), ERR_OK);
	assert_int_equal(WITH(q.session_len = 20), ERR_OK);
	assert_int_equal(WITH(q.session_len = 64), ERR_OK);
}

static void anything_else_is_refused(void **state)
{
	(void)state;
	assert_int_equal(WITH(q.user = "root"), ERR_REFUSED);
	assert_int_equal(WITH(q.user = "deploy "), ERR_REFUSED);
	assert_int_equal(WITH(q.user = "Deploy"), ERR_REFUSED);
	assert_int_equal(WITH(q.user = "deplo"), ERR_REFUSED);
	assert_int_equal(WITH(q.user = ""), ERR_REFUSED);
	assert_int_equal(WITH(q.service = "ssh-userauth"), ERR_REFUSED);
	assert_int_equal(WITH(q.service = ""), ERR_REFUSED);
	assert_int_equal(WITH(q.asked = &foreign_blob), ERR_REFUSED);
	assert_int_equal(WITH(q.inside = &foreign_blob), ERR_REFUSED);
	assert_int_equal(WITH((q.asked = &foreign_blob, q.inside = &foreign_blob)), ERR_REFUSED);
	assert_int_equal(WITH(q.method = "hostbased"), ERR_MALFORMED);
	assert_int_equal(WITH(q.method = "password"), ERR_MALFORMED);
	assert_int_equal(WITH(q.method = "publickey-hostbound-v00@openssh.com"), ERR_MALFORMED);
	assert_int_equal(WITH(q.host_key = "key"), ERR_MALFORMED);
	assert_int_equal(WITH(q.number = 51), ERR_MALFORMED);
	assert_int_equal(WITH(q.has_signature = 0), ERR_MALFORMED);
	assert_int_equal(WITH(q.has_signature = 2), ERR_MALFORMED);
	assert_int_equal(WITH(q.session_len = 0), ERR_REFUSED);
	assert_int_equal(WITH(q.session_len = 19), ERR_REFUSED);
	assert_int_equal(WITH(q.session_len = 65), ERR_REFUSED);
	assert_int_equal(WITH(q.algorithm = "ssh-rsa"), ERR_UNSUPPORTED);
	assert_int_equal(WITH(q.algorithm = "ssh-ed25519-cert-v01@openssh.com"), ERR_UNSUPPORTED);
	assert_int_equal(WITH(q.algorithm = ""), ERR_UNSUPPORTED);
	assert_int_equal(WITH(q.flags = 2), ERR_UNSUPPORTED);
	assert_int_equal(WITH(q.flags = 0x80000000), ERR_UNSUPPORTED);
	assert_int_equal(WITH(q.tail = 1), ERR_MALFORMED);
	assert_int_equal(WITH(q.data_tail = 1), ERR_MALFORMED);
}

static void only_inside_its_time(void **state)
{
	static const struct {
		int64_t now;
		int r;
	} rows[] = {
		{ NOW - 6, ERR_EXPIRED }, { NOW - 5, ERR_OK },      { NOW + 59, ERR_OK },
		{ NOW + 60, ERR_EXPIRED }, { NOW + 9999, ERR_EXPIRED }, { 0, ERR_EXPIRED },
	};
	static const uint8_t list[] = { 11 };
	struct request q = good();
	struct grant g;
	uint8_t type;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		open_grant(&g, mine, &mine_blob);
		assert_int_equal(ask(&g, list, 1, rows[i].now, &type), rows[i].r);
		assert_int_equal(ask_to_sign(&g, &q, rows[i].now), rows[i].r);
		grant_clear(&g);
	}
}

static void at_most_its_uses(void **state)
{
	struct request q = good();
	struct grant g;

	(void)state;
	open_grant(&g, mine, &mine_blob);
	for (int i = 0; i < 4; i++)
		assert_int_equal(ask_to_sign(&g, &q, NOW), ERR_OK);
	assert_int_equal(ask_to_sign(&g, &q, NOW), ERR_LIMIT);
	grant_clear(&g);
}

/* A grant is one login: a worker that was taken over cannot use what is left of it against another host. */
static void only_one_ssh_session(void **state)
{
	struct request q = good(), another = good(), longer = good();
	struct grant g;

	(void)state;
	another.session_byte = 8;
	longer.session_len = 64;
	open_grant(&g, mine, &mine_blob);
	assert_int_equal(ask_to_sign(&g, &q, NOW), ERR_OK);
	assert_int_equal(ask_to_sign(&g, &another, NOW), ERR_REFUSED);
	assert_int_equal(ask_to_sign(&g, &longer, NOW), ERR_REFUSED);
	assert_int_equal(ask_to_sign(&g, &q, NOW), ERR_OK);
	grant_clear(&g);
}

static void a_refusal_costs_no_signature(void **state)
{
	struct request q = good(), bad = good();
	struct grant g;

	(void)state;
	bad.user = "root";
	open_grant(&g, mine, &mine_blob);
	for (int i = 0; i < 20; i++)
		assert_int_equal(ask_to_sign(&g, &bad, NOW), ERR_REFUSED);
	assert_int_equal(g.uses, 4);
	assert_int_equal(ask_to_sign(&g, &q, NOW), ERR_OK);
	for (int i = 0; i < 60; i++)
		assert_true(ask_to_sign(&g, &bad, NOW) < 0);
	/* … but nobody may go on asking for ever. */
	assert_int_equal(ask_to_sign(&g, &q, NOW), ERR_LIMIT);
	grant_clear(&g);
}

static void flags_choose_the_hash_of_rsa(void **state)
{
	static const struct {
		const char *algorithm;
		uint32_t flags;
		int r;
	} rows[] = {
		{ "rsa-sha2-256", 2, ERR_OK },          { "rsa-sha2-512", 4, ERR_OK },
		{ "ssh-rsa", 0, ERR_UNSUPPORTED },      { "rsa-sha2-256", 0, ERR_UNSUPPORTED },
		{ "rsa-sha2-512", 2, ERR_UNSUPPORTED }, { "rsa-sha2-256", 6, ERR_UNSUPPORTED },
		{ "ssh-rsa", 2, ERR_UNSUPPORTED },
	};
	struct grant g;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct request q = good();

		q.asked = q.inside = &rsa_blob;
		q.algorithm = rows[i].algorithm;
		q.flags = rows[i].flags;
		open_grant(&g, rsa, &rsa_blob);
		assert_int_equal(ask_to_sign(&g, &q, NOW), rows[i].r);
		grant_clear(&g);
	}
	open_grant(&g, ecdsa, &ecdsa_blob);
	struct request q = good();
	q.asked = q.inside = &ecdsa_blob;
	q.algorithm = "ecdsa-sha2-nistp256";
	assert_int_equal(ask_to_sign(&g, &q, NOW), ERR_OK);
	q.algorithm = "ecdsa-sha2-nistp384";
	assert_int_equal(ask_to_sign(&g, &q, NOW), ERR_UNSUPPORTED);
	grant_clear(&g);
}

static void lists_its_key_and_no_other(void **state)
{
	static const uint8_t list[] = { 11 }, longer[] = { 11, 0 };
	struct buf out, expect;
	struct why why;
	struct grant g;
	uint8_t type;

	(void)state;
	open_grant(&g, mine, &mine_blob);
	buf_init(&out, AGENT_REPLY_MAX);
	buf_init(&expect, AGENT_REPLY_MAX);
	assert_int_equal(agent_handle(&g, list, 1, NOW, &out, &why), ERR_OK);
	buf_put_u32(&expect, (uint32_t)(1 + 4 + 4 + mine_blob.len + 4 + 9));
	buf_put_u8(&expect, IDENTITIES);
	buf_put_u32(&expect, 1);
	buf_put_string(&expect, buf_ptr(&mine_blob), mine_blob.len);
	put_cstr(&expect, "sallyport");
	assert_int_equal(out.len, expect.len);
	assert_memory_equal(buf_ptr(&out), buf_ptr(&expect), expect.len);
	assert_int_equal(ask(&g, longer, 2, NOW, &type), ERR_MALFORMED);
	buf_free(&out);
	buf_free(&expect);
	grant_clear(&g);
}

/* Add, remove, lock, smartcards, extensions (session-bind, query): nothing but the two requests. */
static void no_other_request_is_served(void **state)
{
	struct grant g;
	uint8_t type;

	(void)state;
	for (unsigned n = 0; n < 256; n++) {
		uint8_t request[64] = { (uint8_t)n };

		if (n == 11 || n == 13)
			continue;
		open_grant(&g, mine, &mine_blob);
		assert_int_equal(ask(&g, request, sizeof(request), NOW, &type), ERR_UNSUPPORTED);
		assert_int_equal(ask(&g, request, 1, NOW, &type), ERR_UNSUPPORTED);
		grant_clear(&g);
	}
	open_grant(&g, mine, &mine_blob);
	assert_int_equal(ask(&g, NULL, 0, NOW, &type), ERR_MALFORMED);
	grant_clear(&g);
}

static void every_cut_of_a_request_is_refused(void **state)
{
	struct request q = good();
	struct buf frame;
	struct grant g;
	uint8_t type;

	(void)state;
	build(&q, &frame);
	for (size_t n = 1; n < frame.len; n++) {
		open_grant(&g, mine, &mine_blob);
		assert_true(ask(&g, buf_ptr(&frame), n, NOW, &type) < 0);
		assert_int_equal(signatures, 0);
		grant_clear(&g);
	}
	buf_free(&frame);
}

/* Any single changed byte outside the session id gives no signature. */
static void every_flipped_byte_is_refused(void **state)
{
	struct request q = good();
	struct buf frame;
	struct grant g;
	uint8_t type;
	size_t session;

	(void)state;
	build(&q, &frame);
	session = 1 + 4 + mine_blob.len + 4 + 4;
	for (size_t i = 0; i < frame.len; i++) {
		if (i >= session && i < session + 32)
			continue;
		frame.data[frame.off + i] ^= 1;
		open_grant(&g, mine, &mine_blob);
		assert_true(ask(&g, buf_ptr(&frame), frame.len, NOW, &type) < 0);
		assert_int_equal(signatures, 0);
		grant_clear(&g);
		frame.data[frame.off + i] ^= 1;
	}
	buf_free(&frame);
}

static int make(enum key_type t, struct key **k, struct buf *blob)
{
	buf_init(blob, KEY_BLOB_MAX);
	return key_generate(t, k) < 0 || key_write_public(*k, blob) < 0;
}

static int set_up(void **state)
{
	(void)state;
	return make(KEY_ED25519, &mine, &mine_blob) || make(KEY_ED25519, &foreign, &foreign_blob) ||
	       make(KEY_RSA, &rsa, &rsa_blob) || make(KEY_ECDSA_P256, &ecdsa, &ecdsa_blob);
}

static int tear_down(void **state)
{
	(void)state;
	key_free(mine);
	key_free(foreign);
	key_free(rsa);
	key_free(ecdsa);
	buf_free(&mine_blob);
	buf_free(&foreign_blob);
	buf_free(&rsa_blob);
	buf_free(&ecdsa_blob);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_granted_login_is_signed),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(only_inside_its_time),
		cmocka_unit_test(at_most_its_uses),
		cmocka_unit_test(only_one_ssh_session),
		cmocka_unit_test(a_refusal_costs_no_signature),
		cmocka_unit_test(flags_choose_the_hash_of_rsa),
		cmocka_unit_test(lists_its_key_and_no_other),
		cmocka_unit_test(no_other_request_is_served),
		cmocka_unit_test(every_cut_of_a_request_is_refused),
		cmocka_unit_test(every_flipped_byte_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
