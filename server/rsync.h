/* rsync's far end. What passes is rsync's own protocol, which nobody here speaks: before it starts, it is found out where the paths among its words lead,
 * and control is asked whether all of it may be read, written, deleted (policy/transfer.h); then it passes as it is, with a digest of each direction. */
#ifndef SERVER_RSYNC_H
#define SERVER_RSYNC_H

#include "server/files.h"

/* argv: a list, as control answered. NULL: no memory, or not the words of such a command. */
struct files *rsync_new(struct view argv);

/* The words of a transfer (shared with scp): the plan's strings lie in *words, which the caller frees with words_free(). */
struct transfer_plan;
int words_read(struct view argv, char ***words, struct transfer_plan *plan);
void words_free(char **words);
/* A path of a transfer as an absolute one; out has SFTP_PATH_MAX + 1 bytes. */
int words_path(const char *home, const char *path, char *out);

#endif
