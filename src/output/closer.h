/* SPDX-License-Identifier: MIT */
#pragma once
/* closer.h - which of this host's connections end together with a ban?
 *
 * Those that stand between a banned address and a local port of the ban's scope, and that the other
 * side began: their sockets are closed in the kernel, and the program that waits for one hears of
 * it. Never those of this host with itself, and of never-block. All bans of a while share one look
 * at the kernel's sockets, which goes on in slices: closer_step() reads one message of the kernel's
 * (some hundred sockets), or closes at most 256.
 *
 * Bounded by BANNED_MAX bans in a look and as many that wait for the next one. */
#include "base/netset.h"
#include "policy/scope.h"

struct closer;

/* `both`: also connections that this host began. -EOPNOTSUPP: the kernel cannot tell its
 * sockets; -ENOMEM, -EMFILE and others. */
NODISCARD int closer_open(bool both, struct closer **ret);
struct closer *closer_close(struct closer *c);
/* The prefix is banned in a scope; its ranges are copied. When no more can wait, the look under way
 * is brought to its end first. 0, or the errors of closer_step(); -ENOMEM. */
NODISCARD int closer_add(struct closer *c, const struct prefix *prefix, const struct scope *scope,
			 const struct netset *never_block);
/* Whether closer_step() has something to do. */
bool closer_is_busy(const struct closer *c);
/* One slice. 0; 1: a look has ended well; -EOPNOTSUPP: the kernel closes no sockets (it was built
 * without CONFIG_INET_DIAG_DESTROY); -ENOENT: it lists none (it lacks the module tcp_diag); others:
 * the look failed. After an error nothing is left to do. */
NODISCARD int closer_step(struct closer *c, const struct netset *never_block);
