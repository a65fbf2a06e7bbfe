/* The supervisor's state, shared by its files:
 *
 *   sallyportd.c  arguments, start, signals, end        services.c  vault and control: start, restart, their messages
 *   listen.c      listening sockets, accept, limits     workers.c   session workers and recorders: start, reap, end
 *   dial.c        connections to targets                spawn.c     fork+exec
 *   penalty.c     sources that are refused for a while  parents.c   warmed parents
 *   config.c      the configuration file                notify.c    systemd
 *
 * It parses nothing that comes from outside; the other programs' messages are read to the last byte (base/proto.h), and a
 * program that sends another is ended and started again. */
#ifndef SERVER_SUPERVISOR_H
#define SERVER_SUPERVISOR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/ipc.h"
#include "base/loop.h"
#include "base/proto.h"
#include "server/config.h"

enum { LISTENERS_MAX = 64 };

struct service {
	const char *program;
	const struct config_user *user; /* that it runs as */
	pid_t pid;      /* 0: not running */
	struct ipc ipc; /* fd -1: none */
	struct loop_watch *watch;
	struct loop_timer *restart;
	int64_t started_ms; /* monotonic */
	unsigned backoff_ms;
	uint32_t generation; /* grows at each start */
};

struct worker {
	struct worker *next;
	uint64_t sid;
	pid_t pid;      /* 0 once reaped */
	pid_t recorder; /* 0: none */
	const struct config_user *user; /* that it runs as */
	int auth_fd;    /* a byte comes here at login; -1 afterwards */
	struct loop_watch *auth_watch;
	struct loop_timer *kill_timer;
	uint32_t control_generation; /* of the control that knows it */
	struct in6_addr source;      /* IPv4 as mapped; IPv6 cut to its /64 */
	int64_t started_ms;          /* monotonic */
	bool evicted;                /* made room for another: its end is no fault of its source */
};

struct listener {
	int fd;
	struct loop_watch *watch; /* NULL while paused */
};

struct supervisor {
	struct loop *loop;
	struct config *config;
	const char *config_path;
	struct buf config_text; /* what it said when it was taken */
	int keep_fd;            /* where the last good one is kept; -1 */
	bool refused;           /* the file has mistakes: what is served is the last good one */
	char *host_key; /* path */
	int state_fd, recordings_fd;
	int reserve_fd; /* given up to accept and refuse one when we are out of descriptors */
	struct service vault, control;
	int held_vault_fd; /* control's end of a socket to a vault, until there is a control; -1 */
	int master_fd;     /* a copy of the master key's descriptor where it was passed as one; -1 */
	struct listener listeners[LISTENERS_MAX];
	unsigned nlisteners;
	unsigned nsystemd; /* of those, passed by the service manager */
	struct loop_timer *resume; /* accept again after a pause */
	struct worker *workers;
	struct penalties *penalties;
	struct in6_addr known[256]; /* sources from which somebody logged in, lately; all zero: none yet */
	unsigned next_known;
	unsigned nworkers, nunauthenticated;
	uint64_t next_sid;
	unsigned ndials;
	bool ready;    /* control said so, at least once */
	bool stopping; /* no new connections; end when the last session is over */
	bool drain;    /* SIGTERM lets sessions go on */
	bool finished; /* control and vault were told to end */
	int status;
};

/* services.c */
int services_start(struct supervisor *s);
void services_flush(struct supervisor *s); /* after each round of events */
void services_reaped(struct supervisor *s, pid_t pid, int status);
void services_finish(struct supervisor *s); /* ends control, then vault, then the loop */
bool services_control_ready(const struct supervisor *s);


/* listen.c */
int listen_open(struct supervisor *s);  /* binds */
int listen_start(struct supervisor *s); /* from now on connections are accepted */
void listen_pause(struct supervisor *s, int64_t resume_ms); /* resume_ms 0: until listen_resume() */
void listen_resume(struct supervisor *s);
void listen_close(struct supervisor *s);

/* workers.c */
void workers_new(struct supervisor *s, int fd, const struct sockaddr_storage *peer); /* takes fd over */
void workers_recorder(struct supervisor *s, uint32_t req, uint64_t sid);
void workers_repair(struct supervisor *s); /* what a crash cut; also before control starts, which reads them */
unsigned long workers_nofile(const char *program); /* descriptors that a worker of this program may have */
void workers_kill(struct supervisor *s, uint64_t sid);
bool workers_reaped(struct supervisor *s, pid_t pid, int status); /* whether it was one of ours */
void workers_end_all(struct supervisor *s, int signo);
/* Whether a connection is refused, and why. One that has not logged in for seconds may be ended to make room for it. */
bool workers_over_limit(struct supervisor *s, const struct sockaddr_storage *peer, const char **why);
void workers_address(const struct sockaddr_storage *sa, char *text, size_t n, uint16_t *port);

/* dial.c */
void dial_start(struct supervisor *s, const struct msg_dial *m);
void dial_socket_options(int fd); /* for both of a session's connections */


/* sallyportd.c */
void supervisor_status(struct supervisor *s); /* READY=1, and what `systemctl status` shows */
void supervisor_stop(struct supervisor *s, bool end_sessions);
void supervisor_maybe_finish(struct supervisor *s);

#endif
