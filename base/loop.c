/* The event loop. epoll, with timers in a list sorted by time: there are few, and the next one is at the front. */
#include "base/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

struct loop_watch {
	struct loop *loop;
	struct loop_watch *next_dead;
	int fd;
	unsigned events;
	bool dead;
	loop_fd_fn *fn;
	void *arg;
};

struct loop_timer {
	struct loop *loop;
	struct loop_timer *next;
	int64_t at;
	loop_timer_fn *fn;
	void *arg;
};

struct loop {
	int ep;
	int sigfd;
	bool stop;
	struct loop_timer *timers;
	struct loop_watch *dead; /* deleted in this round; freed at its end, since events for them may still be in hand */
	struct loop_watch *sigwatch;
	loop_signal_fn *sigfn;
	void *sigarg;
	loop_timer_fn *after;
	void *after_arg;
};

static int64_t clock_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

int64_t clock_mono_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

int64_t clock_mono_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

struct loop *loop_new(void)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->sigfd = -1;
	l->ep = epoll_create1(EPOLL_CLOEXEC);
	if (l->ep < 0) {
		free(l);
		return NULL;
	}
	return l;
}

static void free_dead(struct loop *l)
{
	struct loop_watch *w;

	while ((w = l->dead) != NULL) {
		l->dead = w->next_dead;
		free(w);
	}
}

void loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	while (l->timers != NULL)
		loop_timer_del(l->timers);
	loop_watch_del(l->sigwatch);
	free_dead(l);
	if (l->sigfd >= 0)
		close(l->sigfd);
	close(l->ep);
	free(l);
}

static uint32_t to_epoll(unsigned events)
{
	return (events & LOOP_READ ? (uint32_t)EPOLLIN | EPOLLRDHUP : 0) | (events & LOOP_WRITE ? (uint32_t)EPOLLOUT : 0);
}

struct loop_watch *loop_watch(struct loop *l, int fd, unsigned events, loop_fd_fn *fn, void *arg)
{
	struct loop_watch *w = calloc(1, sizeof(*w));
	struct epoll_event ev = { .events = to_epoll(events) };

	if (w == NULL)
		return NULL;
	w->loop = l;
	w->fd = fd;
	w->events = events;
	w->fn = fn;
	w->arg = arg;
	ev.data.ptr = w;
	if (epoll_ctl(l->ep, EPOLL_CTL_ADD, fd, &ev) < 0) {
		free(w);
		return NULL;
	}
	return w;
}

void loop_watch_events(struct loop_watch *w, unsigned events)
{
	struct epoll_event ev = { .events = to_epoll(events), .data.ptr = w };

	if (w == NULL || w->dead || w->events == events)
		return;
	w->events = events;
	(void)epoll_ctl(w->loop->ep, EPOLL_CTL_MOD, w->fd, &ev);
}

void loop_watch_del(struct loop_watch *w)
{
	if (w == NULL || w->dead)
		return;
	w->dead = true;
	(void)epoll_ctl(w->loop->ep, EPOLL_CTL_DEL, w->fd, NULL);
	w->next_dead = w->loop->dead;
	w->loop->dead = w;
}

struct loop_timer *loop_timer(struct loop *l, int64_t ms, loop_timer_fn *fn, void *arg)
{
	struct loop_timer *t = calloc(1, sizeof(*t)), **p;

	if (t == NULL)
		return NULL;
	t->loop = l;
	t->at = clock_mono_ms() + (ms > 0 ? ms : 0);
	t->fn = fn;
	t->arg = arg;
	for (p = &l->timers; *p != NULL && (*p)->at <= t->at; p = &(*p)->next)
		;
	t->next = *p;
	*p = t;
	return t;
}

void loop_timer_del(struct loop_timer *t)
{
	struct loop_timer **p;

	if (t == NULL)
		return;
	for (p = &t->loop->timers; *p != NULL; p = &(*p)->next) {
		if (*p == t) {
			*p = t->next;
			free(t);
			return;
		}
	}
}

static void on_signal(int fd, unsigned events, void *arg)
{
	struct loop *l = arg;
	struct signalfd_siginfo si;

	(void)events;
	while (read(fd, &si, sizeof(si)) == (ssize_t)sizeof(si))
		l->sigfn((int)si.ssi_signo, l->sigarg);
}

int loop_signals(struct loop *l, const int *signos, loop_signal_fn *fn, void *arg)
{
	sigset_t set;

	sigemptyset(&set);
	for (; *signos != 0; signos++)
		sigaddset(&set, *signos);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return ERR_SYS;
	l->sigfd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (l->sigfd < 0)
		return ERR_SYS;
	l->sigfn = fn;
	l->sigarg = arg;
	l->sigwatch = loop_watch(l, l->sigfd, LOOP_READ, on_signal, l);
	return l->sigwatch == NULL ? ERR_SYS : ERR_OK;
}

void loop_after_round(struct loop *l, loop_timer_fn *fn, void *arg)
{
	l->after = fn;
	l->after_arg = arg;
}

static void fire_timers(struct loop *l)
{
	int64_t now = clock_mono_ms();
	struct loop_timer *t;

	while ((t = l->timers) != NULL && t->at <= now) {
		loop_timer_fn *fn = t->fn;
		void *arg = t->arg;

		l->timers = t->next;
		free(t);
		fn(arg);
	}
}

void loop_once(struct loop *l, int ms)
{
	struct epoll_event ev[64];
	int64_t left;
	int n;

	if (l->timers != NULL) {
		left = l->timers->at - clock_mono_ms();
		left = left < 0 ? 0 : left > 3600000 ? 3600000 : left;
		if (ms < 0 || left < ms)
			ms = (int)left;
	}
	n = epoll_wait(l->ep, ev, 64, ms);
	for (int i = 0; i < n; i++) {
		struct loop_watch *w = ev[i].data.ptr;
		unsigned events = (ev[i].events & EPOLLIN ? LOOP_READ : 0u) | (ev[i].events & EPOLLOUT ? LOOP_WRITE : 0u) |
				  (ev[i].events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP) ? LOOP_HANGUP : 0u);

		if (!w->dead)
			w->fn(w->fd, events, w->arg);
	}
	fire_timers(l);
	if (l->after != NULL)
		l->after(l->after_arg);
	free_dead(l);
}

void loop_run(struct loop *l)
{
	while (!l->stop)
		loop_once(l, -1);
}

void loop_stop(struct loop *l)
{
	l->stop = true;
}
