/* SPDX-License-Identifier: MIT */
/* sandbox.c - giving up rights, for good.
 *
 * The order is the kernel's: the bounding set while CAP_SETPCAP is there, groups before the user,
 * the user before the capabilities (KEEPCAPS carries the one we need over), the ambient set with
 * the permitted one. Afterwards everything is read back, and becoming root again is tried:
 * libraries and kernels have been known to report success for less.
 *
 * A process that never had CAP_SETPCAP (started as `ipsd` with an ambient capability) cannot empty
 * its bounding set. no_new_privs makes the set meaningless: no exec can raise anything, ever. */
#include "sys/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cap-ng.h>

enum { KEEP_NOTHING = -1 };

int sandbox_find_user(const char *name, struct sandbox_user *ret)
{
	struct sandbox_user user = { .n_groups = ARRAY_SIZE(ret->groups) };
	const struct passwd *entry;

	errno = 0;
	entry = getpwnam(name); /* NOLINT(concurrency-mt-unsafe) */
	if (!entry) {
		return errno != 0 && errno != ESRCH ? -errno : -ENOENT;
	}
	user.uid = entry->pw_uid;
	user.gid = entry->pw_gid;
	if (getgrouplist(name, user.gid, user.groups, &user.n_groups) < 0) {
		return -E2BIG;
	}
	*ret = user;
	return 0;
}

static bool has(unsigned capability)
{
	capng_clear(CAPNG_SELECT_ALL);
	return capng_get_caps_process() == 0 && capng_have_capability(CAPNG_EFFECTIVE, capability);
}

bool sandbox_has_net_admin(void)
{
	return has(CAP_NET_ADMIN);
}

bool sandbox_has_read_any(void)
{
	return has(CAP_DAC_READ_SEARCH);
}

static int empty_bounding_set(void)
{
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_get_caps_process() != 0) {
		return -EPERM;
	}
	capng_clear(CAPNG_SELECT_BOUNDS);
	return capng_apply(CAPNG_SELECT_BOUNDS) == 0 ? 0 : -EPERM;
}

static int become(const struct sandbox_user *user)
{
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ||
	    setgroups((size_t)user->n_groups, user->groups) < 0 ||
	    setresgid(user->gid, user->gid, user->gid) < 0 ||
	    setresuid(user->uid, user->uid, user->uid) < 0 ||
	    prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0) {
		return -errno;
	}
	return 0;
}

static int reduce_capabilities(int keep)
{
	capng_clear(CAPNG_SELECT_CAPS);
	if (keep != KEEP_NOTHING &&
	    capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, (unsigned)keep) != 0) {
		return -EPERM;
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) {
		return -errno;
	}
	return capng_apply(CAPNG_SELECT_CAPS) == 0 ? 0 : -EPERM;
}

static bool has_user(const struct sandbox_user *user)
{
	uid_t uid[3];
	gid_t gid[3];

	return getresuid(&uid[0], &uid[1], &uid[2]) == 0 &&
	       getresgid(&gid[0], &gid[1], &gid[2]) == 0 && uid[0] == user->uid &&
	       uid[1] == user->uid && uid[2] == user->uid && gid[0] == user->gid &&
	       gid[1] == user->gid && gid[2] == user->gid;
}

/* Exactly `keep`, permitted and effective, in no other set. */
static bool has_only(int keep, bool bounding_too)
{
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_get_caps_process() != 0) {
		return false;
	}
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++) {
		bool wanted = cap == keep;
		unsigned c = (unsigned)cap;

		if (capng_have_capability(CAPNG_EFFECTIVE, c) != wanted ||
		    capng_have_capability(CAPNG_PERMITTED, c) != wanted ||
		    capng_have_capability(CAPNG_INHERITABLE, c) ||
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) == 1 ||
		    (bounding_too && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)) {
			return false;
		}
	}
	return true;
}

static int reduce(const struct sandbox_user *user, int keep)
{
	bool root = geteuid() == 0, bounding = has(CAP_SETPCAP);
	int r = bounding ? empty_bounding_set() : 0;

	if (r == 0 && user && root) {
		r = become(user);
	}
	if (r == 0) {
		r = reduce_capabilities(keep);
	}
	if (r < 0) {
		return r;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		return -errno;
	}
	if ((user && root && !has_user(user)) || !has_only(keep, bounding) ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) {
		return -EPERM;
	}
	return user && user->uid != 0 && setuid(0) == 0 ? -EPERM : 0;
}

int sandbox_drop_all(const struct sandbox_user *user)
{
	return reduce(user, KEEP_NOTHING);
}

static int keep(const struct sandbox_user *user, int capability)
{
	int r = reduce(user, capability);

	if (r == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) {
		r = -errno;
	}
	return r;
}

int sandbox_keep_net_admin(const struct sandbox_user *user)
{
	return keep(user, CAP_NET_ADMIN);
}

int sandbox_keep_read_any(const struct sandbox_user *user)
{
	return keep(user, CAP_DAC_READ_SEARCH);
}

int sandbox_die_with_parent(void)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ? -errno : 0;
}
