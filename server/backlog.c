/* Bytes that wait for a peer; see backlog.h. */
#include "server/backlog.h"

enum { PACKET_OVERHEAD = 64 /* length, padding, authentication */ };

uint64_t backlog_bytes(struct backlog *b, bool congested)
{
	uint64_t made, gone;

	if (!congested) {
		b->sock_then = b->sock.out_bytes;
		b->raw_then = b->raw.out_bytes;
		b->packets_then = b->raw.out_packets;
		return 0;
	}
	made = b->raw.out_bytes - b->raw_then + PACKET_OVERHEAD * (b->raw.out_packets - b->packets_then);
	gone = b->sock.out_bytes - b->sock_then;
	return made > gone ? made - gone : 0;
}
