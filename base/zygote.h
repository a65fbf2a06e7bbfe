/* A warmed parent: a program that has its libraries loaded and initialised, and forks a process for each request instead of being executed
 * anew. What it made before is shared memory of all its children: an idle session costs a third, and starts in a tenth of the time.
 *
 * The children are children of the one that asks (clone's CLONE_PARENT), which reaps them as if it had started them. They share their parent's
 * address layout; the asker starts a new parent now and then so that the layout changes. A parent holds no secret and no descriptor but its
 * socket. */
#ifndef BASE_ZYGOTE_H
#define BASE_ZYGOTE_H

#include <sys/types.h>

enum { ZYGOTE_FDS_MAX = 5 };

/* In the warmed program, with sock from its parent: serves until the socket closes, then ends the process. Returns in each child, with the
 * request's descriptors placed from 3 on and every other one closed; nfds is how many a request must bring. argv is main()'s: the parent is
 * listed as "sallyport-parent", its children by the program's name. */
void zygote_serve(int sock, unsigned nfds, char **argv);

/* Asks for a process and waits for it, at most timeout_ms. The descriptors stay the caller's. The pid, or -1: the parent is of no use any more, start
 * the program the slow way and a new parent. */
pid_t zygote_fork(int sock, const int *fds, unsigned nfds, int timeout_ms);

#endif
