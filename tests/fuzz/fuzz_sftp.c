/* sftp's packets, from either side: what is read as a request or an answer is written again to the same bytes, and read the same; a path that was made clean
 * is absolute and has no step that would have to be looked up. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/sftp_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void need(int ok)
{
	if (!ok)
		abort();
}

static void look_path(const char *base, struct view path)
{
	char out[SFTP_PATH_MAX + 1], again[SFTP_PATH_MAX + 1];

	if (sftp_clean(base, path, out) != ERR_OK)
		return;
	need(out[0] == '/' && strlen(out) <= SFTP_PATH_MAX);
	need(strstr(out, "//") == NULL && strstr(out, "/./") == NULL && strstr(out, "/../") == NULL);
	need(strlen(out) == 1 || out[strlen(out) - 1] != '/');
	need(strlen(out) < 3 || strcmp(out + strlen(out) - 3, "/..") != 0);
	need(sftp_clean("/elsewhere", (struct view){ (const uint8_t *)out, strlen(out) }, again) == ERR_OK && strcmp(out, again) == 0);
}

static void look_request(struct view packet)
{
	const struct view none = { NULL, 0 };
	struct sftp_request q, k;
	struct buf b;

	if (sftp_read_request(packet, &q) != ERR_OK || q.type == 0)
		return;
	look_path("/home/u", q.path);
	look_path("/home/u", q.path2);
	buf_init(&b, 2 * SFTP_PACKET_MAX);
	need(sftp_put_request(&b, &q, q.id, none, none, none, none) == ERR_OK);
	need(b.len == packet.n + 4 && memcmp(buf_ptr(&b) + 4, packet.p, packet.n) == 0);
	need(sftp_read_request((struct view){ buf_ptr(&b) + 4, b.len - 4 }, &k) == ERR_OK && k.type == q.type);
	buf_free(&b);
}

static void look_reply(struct view packet)
{
	static const uint8_t ours[4] = { 1, 2, 3, 4 };
	struct sftp_reply r, k;
	struct buf b;

	if (sftp_read_reply(packet, &r) != ERR_OK)
		return;
	need(r.data.n <= packet.n && r.handle.n <= SFTP_HANDLE_MAX && r.name.n <= SFTP_PATH_MAX);
	buf_init(&b, 2 * SFTP_PACKET_MAX);
	need(sftp_put_reply(&b, &r, r.id, (struct view){ ours, 4 }) == ERR_OK);
	need(sftp_read_reply((struct view){ buf_ptr(&b) + 4, b.len - 4 }, &k) == ERR_OK && k.type == r.type && k.count == r.count);
	if (r.type == SFTP_EXTENDED_REPLY) {
		buf_clear(&b);
		(void)sftp_put_limits(&b, &r, 1, 10);
	}
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct view in = { p, n }, packet;
	uint32_t version, offered;
	size_t whole;

	while (sftp_packet(in, &packet, &whole) == ERR_OK) {
		need(whole <= in.n && whole <= SFTP_PACKET_MAX);
		look_request(packet);
		look_reply(packet);
		(void)sftp_read_version(packet, &version, &offered);
		in.p += whole;
		in.n -= whole;
	}
	look_path("/home/u", (struct view){ p, n < 6000 ? n : 6000 });
	return 0;
}
