/* The seccomp filters, as tables; see sandbox.h. What a taken-over process could do with a system call decides its row. */
#include "base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <linux/sockios.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

/* clang-format off */
/* Computing, waiting, memory, and the descriptors at hand. */
static const char *const calls_all[] = {
	"read", "write", "readv", "writev", "close", "fstat", "lseek", "dup",
	"mmap", "munmap", "mprotect", "mremap", "madvise", "brk", "mlock", "munlock", "mlock2", "membarrier",
	"poll", "ppoll", "select", "pselect6", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd2", "pipe2",
	"timerfd_create", "timerfd_settime", "signalfd4",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall", "gettid", "getpid", "getppid",
	"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
	"getrandom", "futex", "sched_yield", "sched_getaffinity", "set_robust_list", "get_robust_list", "rseq", "exit", "exit_group",
	"getuid", "geteuid", "getgid", "getegid", "getrusage", "getrlimit", "uname", "sysinfo", "prctl",
	"sendmsg", "recvmsg", "sendto", "recvfrom", "shutdown", NULL
};
/* Named files. */
static const char *const calls_files[] = {
	"open", "openat", "stat", "lstat", "newfstatat", "statx", "fstatfs", "statfs", "access", "faccessat", "faccessat2", "readlink",
	"readlinkat", "getcwd", "getdents64", "pread64", "pwrite64", "preadv", "pwritev", "ftruncate", "fallocate", "fsync", "fdatasync", "flock",
	"rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "fchmod", "fchmodat", "fchown", "umask", "utimensat", "link",
	"linkat", NULL
};
/* Files reached from an open directory: no path of its own choosing. */
static const char *const calls_files_at[] = {
	"newfstatat", "statx", "fstatfs", "getdents64", "pread64", "pwrite64", "ftruncate", "fallocate", "fsync", "fdatasync", "flock",
	"renameat", "renameat2", "unlinkat", "fchmod", "linkat", "sync_file_range", NULL
};
/* The connection at hand. */
static const char *const calls_connection[] = { "setsockopt", "getsockopt", "getsockname", "getpeername", NULL };
/* New connections, both ways. A pair of sockets is among them: one of datagrams sends to any path there is. */
static const char *const calls_network[] = {
	"socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "setsockopt", "getsockopt", "getsockname", "getpeername", "sendmmsg",
	"recvmmsg", NULL
};
static const char *const calls_threads[] = { "clone", "clone3", "set_tid_address", NULL };
/* Nothing here needs these: who asks is not us any more. */
static const char *const calls_fatal[] = {
	"execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "bpf", "init_module", "finit_module", "kexec_load", "mount",
	"umount2", "pivot_root", "setns", "unshare", "keyctl", "add_key", "request_key", "perf_event_open", "userfaultfd", "personality", NULL
};
/* clang-format on */

/* Calls that also reach other processes of the same user, or a terminal: only in these forms. A socket's owner gets signals (F_SETOWN), a terminal can be made
 * to read what was never typed (TIOCSTI). The number of the process itself stands for SELF. */
enum { SELF = -1 };
static const struct {
	const char *call;
	unsigned arg;
	int64_t value;
} calls_narrow[] = {
	{ "fcntl", 1, F_DUPFD }, { "fcntl", 1, F_DUPFD_CLOEXEC }, { "fcntl", 1, F_GETFD }, { "fcntl", 1, F_SETFD }, { "fcntl", 1, F_GETFL }, { "fcntl", 1, F_SETFL },
	{ "fcntl", 1, F_GETLK }, { "fcntl", 1, F_SETLK }, { "fcntl", 1, F_SETLKW }, { "fcntl", 1, F_OFD_GETLK }, { "fcntl", 1, F_OFD_SETLK }, { "fcntl", 1, F_OFD_SETLKW },
	{ "ioctl", 1, TCGETS }, { "ioctl", 1, FIONREAD }, { "ioctl", 1, FIONBIO }, { "ioctl", 1, SIOCOUTQ },
	{ "tgkill", 0, SELF }, { "prlimit64", 0, 0 },
};

static const struct profile {
	const char *const *groups[6];
} profiles[] = {
	[SANDBOX_VAULT] = { { calls_all, calls_files_at, calls_connection, NULL } },
	[SANDBOX_CONTROL] = { { calls_all, calls_files, calls_network, calls_threads, NULL } },
	[SANDBOX_SESSION] = { { calls_all, calls_connection, NULL } },
	[SANDBOX_RECORDER] = { { calls_all, calls_files_at, NULL } },
};

static int add_all(scmp_filter_ctx ctx, uint32_t action, const char *const *names)
{
	for (; *names != NULL; names++) {
		int nr = seccomp_syscall_resolve_name(*names);

		/* A name that this architecture does not have is no hole: there is nothing to allow. */
		if (nr == __NR_SCMP_ERROR || nr < 0)
			continue;
		if (seccomp_rule_add(ctx, action, nr, 0) < 0)
			return ERR_SYS;
	}
	return ERR_OK;
}

static int add_narrow(scmp_filter_ctx ctx)
{
	int r = ERR_OK;

	for (size_t i = 0; r == ERR_OK && i < sizeof(calls_narrow) / sizeof(calls_narrow[0]); i++) {
		int nr = seccomp_syscall_resolve_name(calls_narrow[i].call);
		uint64_t value = calls_narrow[i].value == SELF ? (uint64_t)getpid() : (uint64_t)calls_narrow[i].value;

		if (nr >= 0 && seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 1, SCMP_CMP(calls_narrow[i].arg, SCMP_CMP_EQ, value)) < 0)
			r = ERR_SYS;
	}
	return r;
}

#if defined(__SANITIZE_ADDRESS__)
#define WITH_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_SANITIZER 1
#endif
#endif

int sandbox_enter(enum sandbox_kind kind, const struct landlock_path *paths, unsigned n)
{
#ifdef WITH_SANITIZER
	(void)kind;
	(void)paths;
	(void)n;
	(void)profiles;
	(void)calls_fatal;
	(void)add_all;
	(void)add_narrow;
	return ERR_UNSUPPORTED;
#else
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r = ERR_OK;

	if (ctx == NULL)
		return ERR_UNSUPPORTED;
	for (size_t i = 0; r >= 0 && profiles[kind].groups[i] != NULL; i++)
		r = add_all(ctx, SCMP_ACT_ALLOW, profiles[kind].groups[i]);
	if (r >= 0)
		r = add_narrow(ctx);
	/* A name is opened only below a directory that was handed over. */
	if (r >= 0 && (kind == SANDBOX_RECORDER || kind == SANDBOX_VAULT) &&
	    seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, SCMP_A0(SCMP_CMP_LT, 0x7fffffff, 0)) < 0)
		r = ERR_SYS;
	if (r >= 0)
		r = add_all(ctx, SCMP_ACT_KILL_PROCESS, calls_fatal);
	if (r >= 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = ERR_SYS;
	if (r >= 0 && landlock_enter(paths, n, kind != SANDBOX_CONTROL) == ERR_SYS)
		r = ERR_SYS;
	/* A thread that were there already would otherwise stay outside. */
	if (r >= 0 && seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1) < 0)
		r = ERR_SYS;
	if (r >= 0 && seccomp_load(ctx) < 0)
		r = ERR_UNSUPPORTED;
	seccomp_release(ctx);
	return r;
#endif
}
