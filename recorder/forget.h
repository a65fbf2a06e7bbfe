/* Deleting recordings' content, when control says that their time is over and the log says so already. */
#ifndef RECORDER_FORGET_H
#define RECORDER_FORGET_H

#include "base/ipc.h"

/* Serves rec_forget messages, beginning with `first`, until control closes the socket. Returns ERR_EOF then; ERR_MALFORMED for anything else. */
int forget_serve(struct ipc *control, struct ipc_msg *first, int dirfd);

#endif
