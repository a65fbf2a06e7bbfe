/* When keys are exchanged anew, and what waits for it; see rekey.h. */
#include "server/rekey.h"

#include <string.h>

#include "server/packet.h"
#include "server/session.h"

enum {
	CIPHER_BYTES = 1 << 30,     /* libssh begins by itself past this (chacha20-poly1305), or later */
	PACKET_MAX = 64 * 1024,
	PROBE = 4096,               /* below, a write tells nothing: the first packet of an exchange and answers "unimplemented" may go out meanwhile */
	UNSURE_BYTES = 1024 * 1024,
	UNSURE_PACKETS = 16 * 1024, /* that came: libssh answers some by itself */
	PACKET_OVERHEAD = 256,      /* of a small write that libssh keeps */
	ANSWER = 64                 /* what it may keep for a packet that came */
};

static struct rekey *side(struct session *s, bool agent)
{
	return agent ? &s->agent_rekey : &s->target_rekey;
}

static const struct ssh_counter_struct *raw(const struct session *s, bool agent)
{
	return agent ? &s->agent_backlog.raw : &s->target_backlog.raw;
}

/* What may have been answered, or passed on. A side's data is neither: it waits in the pump. */
static uint64_t packets(const struct session *s, bool agent)
{
	return agent ? raw(s, true)->in_packets : raw(s, false)->in_packets + s->passed_on;
}

int rekey_limit(const struct session *s, ssh_session session)
{
	uint64_t bytes = s->rekey_bytes;
	uint32_t seconds = s->rekey_seconds;

	return ssh_options_set(session, SSH_OPTIONS_REKEY_DATA, &bytes) < 0 || ssh_options_set(session, SSH_OPTIONS_REKEY_TIME, &seconds) < 0 ? SSH_ERROR
																		: SSH_OK;
}

static void fresh_keys(struct session *s, struct rekey *r)
{
	r->since = r->seen;
	r->due = s->rekey_seconds == 0 ? 0 : session_now() + (int64_t)s->rekey_seconds * 1000;
	r->held = false;
}

void rekey_start(struct session *s, bool agent)
{
	struct rekey *r = side(s, agent);

	*r = (struct rekey){ .exchanges = packet_exchanges(agent) };
	fresh_keys(s, r);
}

static void look(struct session *s, bool agent)
{
	struct rekey *r = side(s, agent);
	uint32_t n = packet_exchanges(agent);

	if (n != r->exchanges) {
		r->exchanges = n;
		fresh_keys(s, r);
	}
	r->seen = raw(s, agent)->in_bytes + raw(s, agent)->out_bytes;
}

/* Whether libssh can have begun at all: it counts less than all bytes, each direction for itself, and the packet that would have been too much. */
static bool possible(const struct session *s, const struct rekey *r)
{
	uint64_t bytes = s->rekey_bytes == 0 || s->rekey_bytes > CIPHER_BYTES ? CIPHER_BYTES : s->rekey_bytes;

	return s->rekey_seconds > 0 || r->seen - r->since + PACKET_MAX >= bytes;
}

static void keeps_nothing(struct session *s, bool agent)
{
	struct rekey *r = side(s, agent);

	r->held = false;
	r->unsure = 0;
	r->packets = packets(s, agent);
}

bool rekey_held(struct session *s, bool agent)
{
	look(s, agent);
	return side(s, agent)->held;
}

void rekey_wrote(struct session *s, bool agent, uint64_t out, size_t n)
{
	struct rekey *r = side(s, agent);

	look(s, agent);
	if (r->held)
		return;
	if (!possible(s, r)) {
		keeps_nothing(s, agent);
	} else if (n < PROBE) {
		r->unsure += n + PACKET_OVERHEAD;
	} else if (raw(s, agent)->out_bytes - out >= n / 2) {
		keeps_nothing(s, agent);
	} else if (packet_hears()) { /* else its end would not be heard */
		r->held = true;
		r->unsure = 0;
		r->packets = packets(s, agent);
	}
}

static void probe(struct session *s, bool agent, ssh_session session)
{
	uint64_t out = raw(s, agent)->out_bytes;
	char text[PROBE + 1];

	memset(text, '.', PROBE);
	text[PROBE] = '\0';
	(void)ssh_send_ignore(session, text);
	rekey_wrote(s, agent, out, PROBE);
}

static void step(struct session *s, bool agent, ssh_session session)
{
	struct rekey *r = side(s, agent);

	look(s, agent);
	if (r->due > 0 && session_now() >= r->due) {
		/* Any packet makes libssh look. */
		r->due = session_now() + (int64_t)s->rekey_seconds * 1000;
		(void)ssh_send_ignore(session, "");
	}
	if (!r->held && !possible(s, r))
		keeps_nothing(s, agent);
	else if (!r->held && (r->unsure > UNSURE_BYTES || packets(s, agent) - r->packets > UNSURE_PACKETS))
		probe(s, agent, session);
	if (r->held && (packets(s, agent) - r->packets) * ANSWER > BACKLOG_MAX)
		session_cut(s, agent ? "the agent asks and exchanges no keys" : "the target exchanges no keys");
}

void rekey_step(struct session *s)
{
	if (s->authenticated && !s->cut)
		step(s, true, s->agent);
	if (s->target_state == TARGET_UP && !s->cut)
		step(s, false, s->target);
}

int64_t rekey_due(const struct session *s)
{
	int64_t a = s->authenticated ? s->agent_rekey.due : 0, t = s->target_state == TARGET_UP ? s->target_rekey.due : 0;

	return a == 0 || (t != 0 && t < a) ? t : a;
}
