/* SPDX-License-Identifier: MIT */
/* seal_files.c - Landlock.
 *
 * Kernels learn more rights with each version: what one does not know it cannot take away, and is
 * left out. The question for the version has no effect: whoever refuses it (a kernel without, or a
 * container's filter of calls) has no Landlock for us. */
#include "sys/seal_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/files.h"

#define RIGHT(bit) (UINT64_C(1) << (bit))

/* Rights of files, by the version that brought them; headers are older than kernels. */
static const struct {
	int version;
	uint64_t rights;
} known[] = {
	{ 1, RIGHT(13) - 1 },
	{ 2, RIGHT(13) /* to move between directories */ },
	{ 3, RIGHT(14) /* to cut */ },
};

static const uint64_t reads = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
static const uint64_t changes = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
				LANDLOCK_ACCESS_FS_REMOVE_FILE | RIGHT(14);

static int allow_changes(int ruleset, const char *dir, uint64_t handled)
{
	int fd CLEANUP(fd_close) = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct landlock_path_beneath_attr beneath = { .allowed_access = changes & handled,
						      .parent_fd = fd };

	if (fd < 0 ||
	    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) < 0) {
		return -errno;
	}
	return 0;
}

int seal_files(enum seal_files what, const char *writes)
{
	struct landlock_ruleset_attr attr = { 0 };
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	int fd CLEANUP(fd_close) = -1;
	int r = 0;

	if (version < 0) {
		return 1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		attr.handled_access_fs |= known[i].version <= version ? known[i].rights : 0;
	}
	if (what == SEAL_FILES_READ) {
		attr.handled_access_fs &= ~reads;
	}
	fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (fd < 0) {
		return -errno;
	}
	if (writes) {
		r = allow_changes(fd, writes, attr.handled_access_fs);
	}
	if (r == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0) {
		r = -errno;
	}
	return r;
}
