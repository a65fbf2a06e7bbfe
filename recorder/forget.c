/* See forget.h. Distrusts control as far as names go: only what is the id of a recording becomes a file name. */
#include "recorder/forget.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/proto.h"
#include "recorder/recording.h"

enum { PARTS_MAX = 1000000, WAIT_MS = 60000 };

/* "SESSION-CHANNEL" */
static bool id_ok(struct view id)
{
	const uint8_t *dash = id.n > 0 ? memrchr(id.p, '-', id.n) : NULL;
	size_t n;

	if (dash == NULL || id.n > RECORDING_ID_MAX || !recording_session_id_ok((struct view){ id.p, (size_t)(dash - id.p) }))
		return false;
	n = id.n - (size_t)(dash - id.p) - 1;
	for (size_t i = 1; i <= n; i++)
		if (dash[i] < '0' || dash[i] > '9')
			return false;
	return n > 0;
}

/* What is gone already is no mistake: a deletion that was cut is begun again. */
static int forget_file(int dirfd, const char *name)
{
	return unlinkat(dirfd, name, 0) == 0 || errno == ENOENT ? ERR_OK : ERR_SYS;
}

static int forget(int dirfd, const struct msg_rec_forget *m, struct why *w)
{
	static const char *const suffixes[] = { ".cast.gz", ".cast.gz.cms", ".json", ".json.new" };
	char stem[RECORDING_NAME_MAX], name[RECORDING_NAME_MAX + 16];

	if (!id_ok(m->recording) || m->parts == 0 || m->parts > PARTS_MAX)
		return why_fail(w, ERR_MALFORMED, "not a recording");
	for (uint32_t part = m->parts; part > 0; part--) {
		if (part == 1)
			snprintf(stem, sizeof(stem), "%.*s", (int)m->recording.n, (const char *)m->recording.p);
		else
			snprintf(stem, sizeof(stem), "%.*s.%u", (int)m->recording.n, (const char *)m->recording.p, part);
		for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
			snprintf(name, sizeof(name), "%s%s", stem, suffixes[i]);
			if (forget_file(dirfd, name) < 0)
				return why_fail(w, ERR_SYS, "%s: %s", name, strerror(errno));
		}
	}
	return ERR_OK;
}

int forget_serve(struct ipc *control, struct ipc_msg *first, int dirfd)
{
	struct msg_rec_forgotten answer;
	struct msg_rec_forget m;
	struct ipc_msg msg = *first;
	struct why w;
	int r;

	for (;;) {
		if (msg.nfds != 0 || msg_rec_forget_read(&msg, &m) < 0)
			return ERR_MALFORMED;
		w.text[0] = '\0';
		r = forget(dirfd, &m, &w);
		answer = (struct msg_rec_forgotten){ .recording = m.recording, .ok = r == ERR_OK, .why = proto_str(w.text) };
		if (msg_rec_forgotten_send(control, &answer, NULL, 0) < 0)
			return ERR_EOF;
		/* Sends what is queued, too. */
		if (ipc_wait(control, &msg, WAIT_MS) < 0)
			break;
	}
	(void)fsync(dirfd);
	return ERR_EOF;
}
