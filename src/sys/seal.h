/* SPDX-License-Identifier: MIT */
#pragma once
/* seal.h - what may this process still ask of the kernel?
 *
 * Each process of ours has a list of system calls (seccomp) and of places in the file system
 * (Landlock), and is held to them from the seal until its end. What it has forked is held to them,
 * too, and may be sealed further. sandbox.h has given up its rights before. */
#include <sys/types.h>

#include "base/attr.h"

enum seal_profile {
	SEAL_READER,   /* the daemon itself: reads any file, writes in one directory */
	SEAL_KEEPER,   /* forks the enforcer, and may do what that one does before its own seal */
	SEAL_ENFORCER, /* netlink and the sockets that are open: no files at all */
	SEAL_STARTER,  /* forks the resolver, and may do what that one does */
	SEAL_RESOLVER, /* reads files, talks over the network */
};

struct seal {
	enum seal_profile profile;
	const char *writes; /* reader: the directory it writes in; others: NULL */
	pid_t ends;         /* reader: the child that it may kill; 0: none */
};

enum {
	SEAL_WHOLE = 0,
	SEAL_WITHOUT_PLACES, /* the kernel has no Landlock: what its user may write it may write */
	SEAL_WITHOUT_CALLS,  /* the kernel has no seccomp filters */
	SEAL_NONE,           /* a build with a sanitiser, which asks for more than we do */
};

/* Needs no_new_privs, or CAP_SYS_ADMIN. One of the above, or negative errno: then the process must
 * not go on. What it should not even try (other programs, rights, mounts, others' memory) ends it
 * by SIGSYS; any other call that is not on its list fails with ENOSYS. The kernel logs both. */
NODISCARD int seal_process(const struct seal *seal);
