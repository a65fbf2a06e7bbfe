/* sftp's packets and scp's records: what is of its form is read and written again unchanged; what is not is refused. */
#include "tests/unit/unit.h"

#include <string.h>

#include "server/scp_wire.h"
#include "server/sftp_wire.h"

static struct view proto_view(const char *s) { return (struct view){ (const uint8_t *)s, strlen(s) }; }
static struct view view_of(const struct buf *b) { return (struct view){ buf_ptr(b), b->len }; }

static int parse(const void *bytes, size_t n, struct sftp_request *q)
{
	return sftp_read_request((struct view){ bytes, n }, q);
}

static void packets_are_framed(void **state)
{
	static const uint8_t whole[] = { 0, 0, 0, 5, 1, 0, 0, 0, 3, 99 }, empty[] = { 0, 0, 0, 0 }, huge[] = { 0, 4, 0, 0, 1 };
	struct view packet;
	size_t n;

	(void)state;
	assert_int_equal(sftp_packet((struct view){ whole, 10 }, &packet, &n), ERR_OK);
	assert_int_equal(n, 9);
	assert_int_equal(packet.n, 5);
	for (size_t k = 0; k < 9; k++)
		assert_int_equal(sftp_packet((struct view){ whole, k }, &packet, &n), ERR_AGAIN);
	assert_int_equal(sftp_packet((struct view){ empty, 4 }, &packet, &n), ERR_MALFORMED);
	assert_int_equal(sftp_packet((struct view){ huge, 5 }, &packet, &n), ERR_LIMIT);
}

/* A request with a value in every field that its form has. */
static struct sftp_request full(unsigned type)
{
	static const uint8_t attrs[] = { 0, 0, 0, 4, 0, 0, 1, 0xa4 };
	struct sftp_request q = { .type = type, .id = 7, .path = { (const uint8_t *)"/a b", 4 }, .path2 = { (const uint8_t *)"c", 1 },
				  .handle = { (const uint8_t *)"hhhh", 4 }, .handle2 = { (const uint8_t *)"gg", 2 }, .offset = 1ull << 40, .offset2 = 3,
				  .length = 4096, .flags = SFTP_F_READ | SFTP_F_CREAT, .data = { (const uint8_t *)"bytes", 5 } };

	q.attrs.bytes = (struct view){ attrs, sizeof(attrs) };
	return q;
}

static void every_request_comes_back(void **state)
{
	static const unsigned types[] = { SFTP_OPEN, SFTP_CLOSE, SFTP_READ, SFTP_WRITE, SFTP_LSTAT, SFTP_FSTAT, SFTP_SETSTAT, SFTP_FSETSTAT, SFTP_OPENDIR,
					  SFTP_READDIR, SFTP_REMOVE, SFTP_MKDIR, SFTP_RMDIR, SFTP_REALPATH, SFTP_STAT, SFTP_RENAME, SFTP_READLINK, SFTP_SYMLINK,
					  SFTP_POSIX_RENAME, SFTP_HARDLINK, SFTP_STATVFS, SFTP_FSTATVFS, SFTP_FSYNC, SFTP_LSETSTAT, SFTP_LIMITS, SFTP_EXPAND_PATH,
					  SFTP_COPY_DATA };
	const struct view none = { NULL, 0 };

	(void)state;
	for (unsigned i = 0; i < sizeof(types) / sizeof(*types); i++) {
		struct sftp_request q = full(types[i]), k;
		struct buf one, two;
		struct view packet;
		size_t n;

		buf_init(&one, SFTP_PACKET_MAX);
		buf_init(&two, SFTP_PACKET_MAX);
		assert_int_equal(sftp_put_request(&one, &q, 7, none, none, none, none), ERR_OK);
		assert_int_equal(sftp_packet(view_of(&one), &packet, &n), ERR_OK);
		assert_int_equal(n, one.len);
		assert_int_equal(sftp_read_request(packet, &k), ERR_OK);
		assert_int_equal(k.type, types[i]);
		assert_int_equal(sftp_put_request(&two, &k, 7, none, none, none, none), ERR_OK);
		assert_int_equal(one.len, two.len);
		assert_memory_equal(buf_ptr(&one), buf_ptr(&two), one.len);
		/* Not a byte less, nor one more. */
		for (size_t cut = 0; cut < packet.n; cut++)
			assert_int_equal(sftp_read_request((struct view){ packet.p, cut }, &k), ERR_MALFORMED);
		assert_int_equal(buf_put_u8(&one, 0), ERR_OK);
		assert_int_equal(sftp_read_request((struct view){ buf_ptr(&one) + 4, n - 3 }, &k), ERR_MALFORMED);
		buf_free(&one);
		buf_free(&two);
	}
}

static void what_is_put_in_its_place(void **state)
{
	struct sftp_request q = full(SFTP_RENAME), k;
	struct buf b;

	(void)state;
	buf_init(&b, SFTP_PACKET_MAX);
	assert_int_equal(sftp_put_request(&b, &q, 99, proto_view("/real"), proto_view("/other"), proto_view(""), proto_view("")), ERR_OK);
	assert_int_equal(sftp_read_request((struct view){ buf_ptr(&b) + 4, b.len - 4 }, &k), ERR_OK);
	assert_int_equal(k.id, 99);
	assert_true(view_is(&k.path, "/real") && view_is(&k.path2, "/other"));
	buf_free(&b);
}

static void requests_that_are_none(void **state)
{
	static const uint8_t nul[] = { 17, 0, 0, 0, 1, 0, 0, 0, 3, 'a', 0, 'b' }, flags[] = { 3, 0, 0, 0, 1, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 0, 0, 0, 0 },
			     attrs[] = { 9, 0, 0, 0, 1, 0, 0, 0, 1, 'a', 0, 0, 0, 16 }, handle[] = { 4, 0, 0, 0, 1, 0, 0, 0, 0 }, reply[] = { 101, 0, 0, 0, 1 },
			     unknown[] = { 200, 0, 0, 0, 1, 0, 0, 0, 1, 'x', 'y' };
	struct sftp_request q;

	(void)state;
	assert_int_equal(parse(nul, sizeof(nul), &q), ERR_MALFORMED);
	assert_int_equal(parse(flags, sizeof(flags), &q), ERR_MALFORMED);
	assert_int_equal(parse(attrs, sizeof(attrs), &q), ERR_MALFORMED);
	assert_int_equal(parse(handle, sizeof(handle), &q), ERR_MALFORMED);
	assert_int_equal(parse(reply, sizeof(reply), &q), ERR_MALFORMED);
	assert_int_equal(parse(unknown, sizeof(unknown), &q), ERR_OK);
	assert_int_equal(q.type, 0);
}

static void answers_are_read_to_their_last_byte(void **state)
{
	static const uint8_t status[] = { 101, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 1, 'x', 0, 0, 0, 0 }, names[] = { 104, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 'a', 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 2, '/', 'b', 0, 0, 0, 0, 0, 0, 0, 0 }, many[] = { 104, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff },
		data[] = { 103, 0, 0, 0, 1, 0, 0, 0, 9, 'x' };
	struct sftp_reply r;

	(void)state;
	assert_int_equal(sftp_read_reply((struct view){ status, sizeof(status) }, &r), ERR_OK);
	assert_int_equal(r.status, 3);
	assert_int_equal(sftp_read_reply((struct view){ status, 9 }, &r), ERR_OK); /* as old servers say it */
	for (size_t n = 0; n < 9; n++)
		assert_int_equal(sftp_read_reply((struct view){ status, n }, &r), ERR_MALFORMED);
	assert_int_equal(sftp_read_reply((struct view){ names, sizeof(names) }, &r), ERR_OK);
	assert_int_equal(r.count, 2);
	assert_false(r.names_plain);
	assert_int_equal(sftp_read_reply((struct view){ many, sizeof(many) }, &r), ERR_MALFORMED);
	assert_int_equal(sftp_read_reply((struct view){ data, sizeof(data) }, &r), ERR_MALFORMED);
}

static void limits_are_no_greater_than_ours(void **state)
{
	static const uint8_t limits[] = { 201, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct sftp_reply r;
	struct buf b;
	struct view v;
	uint64_t x[4];

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(sftp_read_reply((struct view){ limits, sizeof(limits) }, &r), ERR_OK);
	assert_int_equal(sftp_put_limits(&b, &r, 1, 128), ERR_OK);
	v = (struct view){ buf_ptr(&b) + 9, b.len - 9 };
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(view_u64(&v, &x[i]), ERR_OK);
	assert_int_equal(x[0], SFTP_PACKET_MAX - 4);
	assert_int_equal(x[1], 1024);
	assert_int_equal(x[2], SFTP_DATA_MAX);
	assert_int_equal(x[3], 128);
	buf_free(&b);
}

static void paths_are_made_clean(void **state)
{
	static const struct {
		const char *base, *path, *clean;
	} cases[] = {
		{ "/home/u", "", "/home/u" },	    { "/home/u", ".", "/home/u" },	   { "/home/u", "x", "/home/u/x" },	{ "/home/u", "..", "/home" },
		{ "/home/u", "../../../..", "/" },  { "/home/u", "/", "/" },		   { "/home/u", "//etc//x/", "/etc/x" }, { "/home/u", "/a/./b/../c", "/a/c" },
		{ "/home/u", "a/../../x", "/home/x" }, { "/", "x", "/x" },		   { "/home/u", "...", "/home/u/..." },	{ "/home/u", "/..a/b..", "/..a/b.." },
	};
	char out[SFTP_PATH_MAX + 1], longest[SFTP_PATH_MAX + 10];

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(sftp_clean(cases[i].base, proto_view(cases[i].path), out), ERR_OK);
		assert_string_equal(out, cases[i].clean);
	}
	memset(longest, 'a', sizeof(longest));
	assert_int_equal(sftp_clean("/", (struct view){ (const uint8_t *)longest, SFTP_PATH_MAX - 1 }, out), ERR_OK);
	assert_int_equal(sftp_clean("/", (struct view){ (const uint8_t *)longest, SFTP_PATH_MAX }, out), ERR_LIMIT);
	assert_int_equal(sftp_clean("/", (struct view){ (const uint8_t *)"a\0b", 3 }, out), ERR_MALFORMED);
}

static int record(const char *text, size_t n, struct scp_record *r)
{
	return scp_read((struct view){ (const uint8_t *)text, n }, r);
}

static void records_of_scp(void **state)
{
	static const char *const bad[] = { "C0644 3 a/b\n", "C0644 3 ..\n", "C0644 3 .\n", "C0644 3 \n", "C0644 -3 a\n", "C644x 3 a\n", "C99999 3 a\n", "C0644  3 a\n", "C0644 3\n",
		"C0644 9999999999999999999 a\n", "D0755 0 ../x\n", "E x\n", "T1 0 2\n", "T1 0 2 0 3\n", "X\n", "c0644 3 a\n", " C0644 3 a\n", "C 3 a\n" };
	struct scp_record r;
	char longest[SCP_LINE_MAX + 1];

	(void)state;
	assert_int_equal(record("C0644 12 a name\nmore", 20, &r), ERR_OK);
	assert_int_equal(r.kind, SCP_FILE);
	assert_int_equal(r.mode, 0644);
	assert_int_equal(r.size, 12);
	assert_int_equal(r.line.n, 16);
	assert_true(view_is(&r.name, "a name"));
	assert_int_equal(record("D0755 0 d\n", 10, &r), ERR_OK);
	assert_int_equal(r.kind, SCP_DIRECTORY);
	assert_int_equal(record("E\n", 2, &r), ERR_OK);
	assert_int_equal(record("T1700000000 0 1700000000 0\n", 27, &r), ERR_OK);
	assert_int_equal(r.kind, SCP_TIMES);
	assert_int_equal(record("\0C", 2, &r), ERR_OK);
	assert_int_equal(r.line.n, 1);
	assert_int_equal(record("\1scp: no\n", 9, &r), ERR_OK);
	assert_int_equal(r.kind, SCP_WARNING);
	assert_int_equal(record("C0644 3 a", 9, &r), ERR_AGAIN);
	assert_int_equal(record("", 0, &r), ERR_AGAIN);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(record(bad[i], strlen(bad[i]), &r), ERR_MALFORMED);
	assert_int_equal(record("C0644 3 a\0b\n", 12, &r), ERR_MALFORMED);
	memset(longest, 'a', sizeof(longest));
	longest[0] = 'C';
	assert_int_equal(record(longest, SCP_LINE_MAX - 1, &r), ERR_AGAIN);
	assert_int_equal(record(longest, SCP_LINE_MAX, &r), ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_framed),		 cmocka_unit_test(every_request_comes_back),
		cmocka_unit_test(what_is_put_in_its_place),	 cmocka_unit_test(requests_that_are_none),
		cmocka_unit_test(answers_are_read_to_their_last_byte), cmocka_unit_test(limits_are_no_greater_than_ours),
		cmocka_unit_test(paths_are_made_clean),		 cmocka_unit_test(records_of_scp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
