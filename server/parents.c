/* Warmed parents; see parents.h. They are our own children and run as the users of what they fork. */
#include "server/parents.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/zygote.h"

enum { PARENTS = 2, LIFE_MS = 10 * 60 * 1000, LIFE_FORKS = 10000, WARM_MS = 2000, ANSWER_MS = 3000, AGAIN_MS = 5000 };

/* The one in use, and the one that warms up to follow it. */
struct one {
	int sock; /* -1: none */
	pid_t pid;
	int64_t started_ms;
	unsigned forks;
};

static struct parent {
	const char *program;
	const struct config_user *user;
	unsigned long nofile;
	struct one now, next;
	int64_t tried_ms;
} parents[PARENTS];
static bool disabled;

void parents_disable(void)
{
	disabled = true;
}

static void drop(struct one *o)
{
	if (o->sock >= 0)
		close(o->sock); /* it ends by itself */
	o->sock = -1;
	o->pid = 0;
}

static void start_one(struct parent *p, struct one *o)
{
	const char *args[] = { "--parent", NULL };
	struct spawn sp = { .program = p->program, .args = args, .nfds = 1, .user = p->user, .nofile = p->nofile };
	int pair[2];

	p->tried_ms = clock_mono_ms();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return;
	sp.fds[0] = pair[1];
	o->pid = spawn_program(&sp);
	close(pair[1]);
	if (o->pid < 0) {
		close(pair[0]);
		o->pid = 0;
		return;
	}
	o->sock = pair[0];
	o->started_ms = p->tried_ms;
	o->forks = 0;
}

void parents_start(const char *program, const struct config_user *user, unsigned long nofile)
{
	struct parent *p = parents;

	if (disabled)
		return;
	while (p < parents + PARENTS && p->program != NULL)
		p++;
	if (p == parents + PARENTS)
		return;
	*p = (struct parent){ .program = program, .user = user, .nofile = nofile, .now.sock = -1, .next.sock = -1 };
	start_one(p, &p->now);
}

/* Lets the next one follow when the present one has served its time. */
static void turn(struct parent *p)
{
	int64_t now = clock_mono_ms();

	if (p->now.sock < 0 && p->next.sock < 0 && now - p->tried_ms > AGAIN_MS)
		start_one(p, &p->next);
	else if (p->now.sock >= 0 && p->next.sock < 0 && (now - p->now.started_ms > LIFE_MS || p->now.forks > LIFE_FORKS))
		start_one(p, &p->next);
	if (p->next.sock >= 0 && now - p->next.started_ms > WARM_MS) {
		drop(&p->now);
		p->now = p->next;
		p->next = (struct one){ .sock = -1 };
	}
}

pid_t parents_spawn(const struct spawn *s)
{
	struct parent *p = parents;
	pid_t pid;

	while (p < parents + PARENTS && (p->program == NULL || strcmp(p->program, s->program) != 0))
		p++;
	if (disabled || p == parents + PARENTS)
		return spawn_program(s);
	turn(p);
	if (p->now.sock < 0)
		return spawn_program(s);
	pid = zygote_fork(p->now.sock, s->fds, s->nfds, ANSWER_MS);
	if (pid > 0) {
		p->now.forks++;
		return pid;
	}
	log_warn("the parent of %s processes does not answer; they are executed anew", s->program);
	drop(&p->now);
	return spawn_program(s);
}

void parents_retire(const char *program)
{
	for (struct parent *p = parents; p < parents + PARENTS; p++) {
		if (p->program == NULL || strcmp(p->program, program) != 0)
			continue;
		drop(&p->now);
		drop(&p->next);
	}
}

bool parents_reaped(pid_t pid)
{
	for (struct parent *p = parents; p < parents + PARENTS; p++) {
		if (p->program != NULL && (pid == p->now.pid || pid == p->next.pid)) {
			drop(pid == p->now.pid ? &p->now : &p->next);
			return true;
		}
	}
	return false;
}
