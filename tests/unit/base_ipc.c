/* Messages arrive whole, with their descriptors, and a malformed one is told apart. */
#include "tests/unit/unit.h"

#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/proto.h"

static void pair(struct ipc *a, struct ipc *b)
{
	int fds[2];

	assert_int_equal(ipc_pair(fds), ERR_OK);
	ipc_init(a, fds[0], false);
	ipc_init(b, fds[1], false);
}

static void message_comes_back_with_its_descriptor(void **state)
{
	struct ipc a, b;
	struct ipc_msg m;
	struct msg_session_new out = { .sid = 7, .peer = proto_str("127.0.0.1"), .port = 22 }, in;
	int p[2];
	char c = 0;

	(void)state;
	pair(&a, &b);
	assert_int_equal(pipe(p), 0);
	assert_int_equal(msg_session_new_send(&a, &out, &p[1], 1), ERR_OK);
	assert_int_equal(ipc_wait(&b, &m, 1000), ERR_OK);
	assert_int_equal(msg_session_new_read(&m, &in), ERR_OK);
	assert_int_equal(in.sid, 7);
	assert_true(view_is(&in.peer, "127.0.0.1"));
	assert_int_equal(m.nfds, 1);
	assert_int_equal(write(m.fds[0], "x", 1), 1);
	assert_int_equal(read(p[0], &c, 1), 1);
	assert_int_equal(c, 'x');
	ipc_msg_close(&m);
	close(p[0]);
	ipc_free(&a);
	ipc_free(&b);
}

static void a_byte_more_or_less_is_malformed(void **state)
{
	struct ipc a, b;
	struct ipc_msg m;
	struct msg_reload in;

	(void)state;
	pair(&a, &b);
	assert_int_equal(ipc_send(&a, MSG_reload, "ab", 2, NULL, 0), ERR_OK);
	assert_int_equal(ipc_wait(&b, &m, 1000), ERR_OK);
	assert_int_equal(msg_reload_read(&m, &in), ERR_MALFORMED);
	assert_int_equal(ipc_send(&a, MSG_reload, "", 0, NULL, 0), ERR_OK);
	assert_int_equal(ipc_wait(&b, &m, 1000), ERR_OK);
	assert_int_equal(msg_reload_read(&m, &in), ERR_MALFORMED);
	assert_int_equal(write(a.fd, "\xff\xff\xff\xff\0\0\0\0", 8), 8);
	assert_int_equal(ipc_wait(&b, &m, 1000), ERR_LIMIT);
	ipc_free(&a);
	ipc_free(&b);
}

static void many_messages_keep_their_order_and_descriptors(void **state)
{
	struct ipc a, b;
	struct ipc_msg m;
	struct msg_dialed in;
	char big[20000];
	unsigned got = 0;
	int p[2];

	(void)state;
	memset(big, 'x', sizeof(big));
	pair(&a, &b);
	for (uint32_t i = 0; i < 200; i++) {
		struct msg_dialed d = { .req = i, .ok = 1, .why = { (const uint8_t *)big, i * 100 } };

		if (i % 20 == 0) {
			assert_int_equal(pipe(p), 0);
			close(p[0]);
			assert_int_equal(msg_dialed_send(&a, &d, &p[1], 1), ERR_OK);
		} else {
			assert_int_equal(msg_dialed_send(&a, &d, NULL, 0), ERR_OK);
		}
	}
	while (got < 200) {
		(void)ipc_flush(&a);
		assert_int_equal(ipc_wait(&b, &m, 1000), ERR_OK);
		assert_int_equal(msg_dialed_read(&m, &in), ERR_OK);
		assert_int_equal(in.req, got);
		assert_int_equal(in.why.n, got * 100);
		assert_int_equal(m.nfds, got % 20 == 0 ? 1 : 0);
		ipc_msg_close(&m);
		got++;
	}
	ipc_free(&a);
	assert_int_equal(ipc_wait(&b, &m, 1000), ERR_EOF);
	ipc_free(&b);
}

static void a_peer_that_does_not_read_meets_the_bound(void **state)
{
	struct ipc a, b;
	static char big[100000];
	int r = ERR_OK;

	(void)state;
	pair(&a, &b);
	for (int i = 0; i < 200 && r == ERR_OK; i++)
		r = ipc_send(&a, MSG_reload, big, sizeof(big), NULL, 0);
	assert_int_equal(r, ERR_LIMIT);
	assert_true(a.out.cap <= 2 * IPC_QUEUE_MAX);
	ipc_free(&a);
	ipc_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_comes_back_with_its_descriptor),
		cmocka_unit_test(a_byte_more_or_less_is_malformed),
		cmocka_unit_test(many_messages_keep_their_order_and_descriptors),
		cmocka_unit_test(a_peer_that_does_not_read_meets_the_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
