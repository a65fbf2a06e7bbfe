/* Landlock by its system calls; see landlock.h. The numbers are the kernel's own (Documentation/userspace-api/landlock.rst): headers of the distributions
 * that we build on are older than the kernels that we run on. */
#include "base/landlock.h"

#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset /* the same on every architecture */
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

enum { CREATE_VERSION = 1, RULE_PATH_BENEATH = 1 };

/* Rights over files, in the order in which versions of the interface brought them. */
enum {
	FS_EXECUTE = 1 << 0,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_MAKE_CHAR = 1 << 6,
	FS_MAKE_BLOCK = 1 << 11,
	FS_VERSION_1 = (1 << 13) - 1,
	FS_REFER = 1 << 13,    /* 2 */
	FS_TRUNCATE = 1 << 14, /* 3 */
	FS_IOCTL_DEV = 1 << 15 /* 5 */
};
enum { NET_TCP = 3 };           /* 4: bind and connect */
enum { SCOPE_ABSTRACT_AND_SIGNAL = 3 }; /* 6 */

struct ruleset {
	uint64_t fs, net, scoped;
};

struct beneath {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

int landlock_enter(const struct landlock_path *paths, unsigned n, bool no_tcp)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);
	struct ruleset rules = { .fs = FS_VERSION_1 };
	size_t size = sizeof(rules.fs);
	struct beneath rule;
	int fd, r = ERR_OK;

	if (version < 1)
		return ERR_UNSUPPORTED;
	if (version >= 2)
		rules.fs |= FS_REFER;
	if (version >= 3)
		rules.fs |= FS_TRUNCATE;
	if (version >= 5)
		rules.fs |= FS_IOCTL_DEV;
	if (version >= 4) {
		size += sizeof(rules.net);
		rules.net = no_tcp ? NET_TCP : 0;
	}
	if (version >= 6) {
		size += sizeof(rules.scoped);
		rules.scoped = SCOPE_ABSTRACT_AND_SIGNAL;
	}
	fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	if (fd < 0)
		return ERR_SYS;
	for (unsigned i = 0; i < n && r == ERR_OK; i++) {
		rule.allowed = paths[i].write ? rules.fs & ~(uint64_t)(FS_EXECUTE | FS_MAKE_CHAR | FS_MAKE_BLOCK | FS_IOCTL_DEV) :
						(uint64_t)(FS_READ_FILE | FS_READ_DIR);
		rule.fd = paths[i].fd;
		if (syscall(SYS_landlock_add_rule, fd, RULE_PATH_BENEATH, &rule, 0) < 0)
			r = ERR_SYS;
	}
	if (r == ERR_OK && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		r = ERR_SYS;
	close(fd);
	return r;
}
