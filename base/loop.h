/* One thread's event loop over epoll: descriptors, one-shot timers, signals. Callbacks may add and delete anything, their
 * own watch included. Nothing here allocates once the watches stand. */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_watch;
struct loop_timer;

enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_HANGUP = 4 /* reported, never asked for */ };

typedef void loop_fd_fn(int fd, unsigned events, void *arg);
typedef void loop_timer_fn(void *arg);
typedef void loop_signal_fn(int signo, void *arg);

struct loop *loop_new(void); /* NULL on failure */
void loop_free(struct loop *l);

/* Watches fd; it stays the caller's. NULL on failure. Delete the watch before closing fd. */
struct loop_watch *loop_watch(struct loop *l, int fd, unsigned events, loop_fd_fn *fn, void *arg);
void loop_watch_events(struct loop_watch *w, unsigned events);
void loop_watch_del(struct loop_watch *w); /* NULL is fine */

/* Calls fn once after ms milliseconds. The timer is gone when fn is called. NULL on failure. */
struct loop_timer *loop_timer(struct loop *l, int64_t ms, loop_timer_fn *fn, void *arg);
void loop_timer_del(struct loop_timer *t); /* only before it fired; NULL is fine */

/* Blocks the signals of the zero-terminated list and calls fn for each that arrives, from the loop. Once a loop. ERR_OK or ERR_SYS. */
int loop_signals(struct loop *l, const int *signos, loop_signal_fn *fn, void *arg);

/* Called after every round of events, before sleeping: the place for group commits and flushes. */
void loop_after_round(struct loop *l, loop_timer_fn *fn, void *arg);

/* Runs until loop_stop(). */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

/* One round, waiting at most ms milliseconds (-1: until something happens). */
void loop_once(struct loop *l, int ms);

/* Clocks. Wall: Unix milliseconds. Mono: milliseconds since some start; never goes back. */
int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

#endif
