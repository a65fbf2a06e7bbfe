/* Making valid recordings of those that a crash cut.
 *
 * The bytes up to the last whole flush stay as they are, so that running digests that the chain holds still fit; what can be
 * read after it is kept up to its last whole line; then the gzip member is ended. The new file takes the old one's place in
 * one rename, and a sidecar says what was done. Of an encrypted recording the bytes up to the last whole write stay, and the form around them is
 * completed: what is in them can be decrypted, and its missing tag says that the end never came. */
#ifndef RECORDER_REPAIR_H
#define RECORDER_REPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "recorder/recording.h"

struct repair {
	bool was_cut;          /* false: the file was whole, nothing was done to it */
	uint64_t bytes, raw;   /* after */
	uint64_t was_bytes;    /* before */
	uint64_t lost_text;    /* bytes of text after the last whole line, which are gone; of an encrypted file, stored bytes */
	uint8_t sha256[SINK_DIGEST], was_sha256[SINK_DIGEST];
};

/* Repairs one file below dirfd. ERR_OK; ERR_MALFORMED: not the beginning of a recording of ours (it is left alone);
 * ERR_SYS, ERR_NOMEM. */
int repair_file(int dirfd, const char *name, struct repair *out, struct why *w);

/* Repairs every recording in a directory that has no sidecar, and prints a line of JSON for each that needed it:
 * {"recording":…,"part":…,"file":…,"bytes":…,"raw_bytes":…,"sha256":…,"was_bytes":…,"was_sha256":…,"lost_bytes":…,"session":…}. Files that a
 * recorder still writes (it holds a lock) are left alone. dir: a path, or "fd:N". Returns the exit code: 0, or 1 when something could not be
 * repaired (its name is on stderr). */
int repair_main(const char *dir);

#endif
