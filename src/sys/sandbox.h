/* SPDX-License-Identifier: MIT */
#pragma once
/* sandbox.h - giving up rights, for good.
 *
 * Every failure is fatal for the caller: a process that keeps rights it should have lost must not
 * go on. */
#include <stdbool.h>

#include "base/attr.h"

struct sandbox_user {
	unsigned uid, gid;
	unsigned groups[16]; /* supplementary: adm, systemd-journal and the user's own */
	int n_groups;
};

/* The user's ids and groups. -ENOENT: there is no such user. */
NODISCARD int sandbox_find_user(const char *name, struct sandbox_user *ret);
/* Does this process have CAP_NET_ADMIN (effective)? */
bool sandbox_has_net_admin(void);
/* Does it have CAP_DAC_READ_SEARCH? */
bool sandbox_has_read_any(void);
/* Becomes the user (when root) and keeps no capability at all, bounding and ambient sets included;
 * sets no_new_privs. Checks that it worked. */
NODISCARD int sandbox_drop_all(const struct sandbox_user *user);
/* The same, but keeps CAP_NET_ADMIN, permitted and effective; the process is not dumpable. */
NODISCARD int sandbox_keep_net_admin(const struct sandbox_user *user);
/* The same, but keeps CAP_DAC_READ_SEARCH: it reads what its user may not; not dumpable. */
NODISCARD int sandbox_keep_read_any(const struct sandbox_user *user);
/* Gets SIGKILL when its parent ends. */
NODISCARD int sandbox_die_with_parent(void);
