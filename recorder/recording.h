/* One recording: a channel's frames, encoded, compressed, digested, rotated into parts, durable. Owns its files.
 *
 * Recording ID is "SESSION-CHANNEL". Part 1 lies in ID.cast.gz, part N in ID.N.cast.gz; when a part is complete, ID.json or ID.N.json
 * beside it says its digest, sizes and times. An encrypted one has .cms behind its name. Files are made new (O_EXCL), mode 0600, below the directory descriptor. */
#ifndef RECORDER_RECORDING_H
#define RECORDER_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "recorder/frame.h"
#include "recorder/sink.h"

#define RECORDING_MAX_SESSION 64             /* bytes of a session id: [A-Za-z0-9_] only */
#define RECORDING_ID_MAX (RECORDING_MAX_SESSION + 12)
#define RECORDING_NAME_MAX (RECORDING_ID_MAX + 32)
#define RECORDING_PART_BYTES (64ull << 20)   /* text of one part */

/* What control says of the session; goes into every header. NUL-terminated, UTF-8 or not. */
struct recording_session {
	char id[RECORDING_MAX_SESSION + 1];
	char *identity, *on_behalf_of, *issuer, *target, *login;
	const struct seal_readers *readers; /* who alone can read it (seal.h); NULL: everybody who has the file */
};

/* Told of a part's progress. kept: all bytes payload bytes of the channel are on disk and the file is whole, before its note is written:
 * what waits for a recording's end need not wait for that as well. lag_ms: the longest that a byte waited to be on the disk, since either was last called for this recording. */
struct recording_events {
	void (*digest)(void *ctx, const char *recording, unsigned part, uint64_t bytes, const uint8_t sha256[SINK_DIGEST], uint32_t lag_ms);
	void (*closed)(void *ctx, const char *recording, unsigned part, uint64_t bytes, uint64_t raw, const uint8_t sha256[SINK_DIGEST],
		       uint64_t ms, bool last, uint32_t lag_ms);
	void (*kept)(void *ctx, uint32_t channel, uint64_t bytes);
	void *ctx;
};

struct recording;

/* Whether a session id is one: it becomes part of file names. */
bool recording_session_id_ok(struct view id);

/* Begins the recording of an OPEN frame: file made, header written (not yet durable). session and events must outlive it.
 * part_bytes: 0 for RECORDING_PART_BYTES. ERR_OK, ERR_EXISTS (the name is taken), ERR_SYS, ERR_NOMEM. */
int recording_open(int dirfd, const struct recording_session *session, const struct recording_events *events,
		   const struct frame *open, uint64_t part_bytes, struct recording **out, struct why *w);

/* Takes one OUTPUT, INPUT, RESIZE or MARKER frame. */
int recording_frame(struct recording *r, const struct frame *f, struct why *w);

/* When recording_tick() has something to do; 0: nothing. µs of the frames' clock.
 *
 * What came is written to the file within RECORDING_WRITE_US, so that a recorder that is killed takes no more than that with it;
 * and made durable at once after RECORDING_SYNC_BYTES, else within RECORDING_SYNC_US. */
#define RECORDING_WRITE_US 20000
#define RECORDING_SYNC_BYTES (2 * 1024 * 1024)
#define RECORDING_SYNC_US 1000000
uint64_t recording_due(const struct recording *r);

/* Does what is due. *synced: whether everything taken so far is on disk now; *bytes: payload bytes of OUTPUT and INPUT so far. */
int recording_tick(struct recording *r, uint64_t now_us, bool *synced, uint64_t *bytes, struct why *w);

/* Ends it in good order, durable; close may be NULL when the session just went away. The files stay; r is freed by
 * recording_free() in any case. */
int recording_close(struct recording *r, const struct frame *close, uint64_t now_us, struct why *w);

const char *recording_id(const struct recording *r);

/* Drops it as it is (after an error): the file stays, to be repaired. r may be NULL. */
void recording_free(struct recording *r);

/* Files are for their owner alone; in a directory that passes its group on (set-group-ID), which the supervisor makes where control runs as another
 * user, that group may read them too. Sets the process's umask. */
void recording_umask(int dirfd);

#endif
