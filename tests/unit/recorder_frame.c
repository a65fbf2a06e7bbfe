/* Frames come back as they were written, and nothing malformed is read. */
#include "tests/unit/unit.h"

#include <string.h>

#include "base/err.h"
#include "recorder/frame.h"

#define VIEW(s) { (const uint8_t *)(s), sizeof(s) - 1 }

static const struct frame samples[] = {
	{ .type = FRAME_OPEN, .channel = 1, .time_us = 77, .wall_us = 1700000000000000, .flags = FRAME_PTY, .width = 80,
	  .height = 24, .term = VIEW("xterm"), .text = VIEW("'systemctl' 'status' 'nginx'") },
	{ .type = FRAME_OUTPUT, .channel = 9, .time_us = 78, .stream = FRAME_STDERR, .data = VIEW("a\0b\xff") },
	{ .type = FRAME_INPUT, .channel = 9, .time_us = 79, .data = VIEW("ls\r") },
	{ .type = FRAME_RESIZE, .channel = 4000000000u, .time_us = 80, .width = 200, .height = 50 },
	{ .type = FRAME_MARKER, .channel = 3, .time_us = 81, .text = VIEW("allow: ls") },
	{ .type = FRAME_CLOSE, .channel = 3, .time_us = 82, .exit_status = -1, .signal = VIEW("KILL"), .complete = true },
	{ .type = FRAME_ACK, .channel = 3, .flags = FRAME_ACK_CLOSED, .bytes = UINT64_C(1) << 40 },
};

static void view_same(struct view a, struct view b)
{
	assert_int_equal(a.n, b.n);
	if (a.n > 0)
		assert_memory_equal(a.p, b.p, a.n);
}

static void frames_come_back_as_written(void **state)
{
	struct frame f;
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		const struct frame *s = &samples[i];

		buf_init(&b, FRAME_MAX);
		assert_int_equal(frame_write(&b, s), ERR_OK);
		assert_int_equal(frame_read((uint8_t)s->type, (struct view){ buf_ptr(&b), b.len }, &f), ERR_OK);
		assert_int_equal(f.channel, s->channel);
		assert_int_equal(f.time_us, s->time_us);
		assert_int_equal(f.wall_us, s->wall_us);
		assert_int_equal(f.flags, s->flags);
		assert_int_equal(f.width, s->width);
		assert_int_equal(f.height, s->height);
		assert_int_equal(f.exit_status, s->exit_status);
		assert_int_equal(f.complete, s->complete);
		assert_int_equal(f.stream, s->stream);
		assert_int_equal(f.bytes, s->bytes);
		view_same(f.term, s->term);
		view_same(f.text, s->text);
		view_same(f.data, s->data);
		view_same(f.signal, s->signal);
		buf_free(&b);
	}
}

static void every_cut_and_every_tail_is_refused(void **state)
{
	struct frame f;
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		buf_init(&b, FRAME_MAX);
		assert_int_equal(frame_write(&b, &samples[i]), ERR_OK);
		for (size_t n = 0; n < b.len; n++)
			assert_int_not_equal(frame_read((uint8_t)samples[i].type, (struct view){ buf_ptr(&b), n }, &f), ERR_OK);
		assert_int_equal(buf_put_u8(&b, 0), ERR_OK);
		assert_int_not_equal(frame_read((uint8_t)samples[i].type, (struct view){ buf_ptr(&b), b.len }, &f), ERR_OK);
		buf_free(&b);
	}
}

static void the_bulk_head_is_the_same_bytes(void **state)
{
	struct buf a, b;

	(void)state;
	buf_init(&a, FRAME_MAX);
	buf_init(&b, FRAME_MAX);
	assert_int_equal(frame_write(&a, &samples[1]), ERR_OK);
	assert_int_equal(frame_write_output_head(&b, samples[1].channel, samples[1].time_us, samples[1].stream,
						 samples[1].data.n), ERR_OK);
	assert_int_equal(buf_put(&b, samples[1].data.p, samples[1].data.n), ERR_OK);
	assert_int_equal(a.len, b.len);
	assert_memory_equal(buf_ptr(&a), buf_ptr(&b), a.len);
	buf_free(&a);
	buf_free(&b);
}

static void limits_hold_both_ways(void **state)
{
	static const uint8_t big[FRAME_MAX_DATA + 1];
	struct frame f = { .type = FRAME_OUTPUT, .channel = 1, .data = { big, sizeof(big) } };
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	assert_int_equal(frame_write(&b, &f), ERR_LIMIT);
	assert_int_equal(b.len, 0);
	f.data.n = FRAME_MAX_DATA;
	assert_int_equal(frame_write(&b, &f), ERR_OK);
	f.channel = 0;
	assert_int_equal(frame_write(&b, &f), ERR_MALFORMED);
	f = (struct frame){ .type = FRAME_OUTPUT, .channel = 1 };
	assert_int_equal(frame_write(&b, &f), ERR_MALFORMED);
	f = (struct frame){ .type = FRAME_RESIZE, .channel = 1, .width = 80 };
	assert_int_equal(frame_write(&b, &f), ERR_MALFORMED);
	assert_int_equal(frame_read(0, (struct view){ big, 100 }, &f), ERR_MALFORMED);
	assert_int_equal(frame_read(99, (struct view){ big, 100 }, &f), ERR_MALFORMED);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_come_back_as_written),
		cmocka_unit_test(every_cut_and_every_tail_is_refused),
		cmocka_unit_test(the_bulk_head_is_the_same_bytes),
		cmocka_unit_test(limits_hold_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
