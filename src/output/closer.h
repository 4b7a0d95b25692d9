/* SPDX-License-Identifier: MIT */
#pragma once
/* closer.h - which of this host's connections end together with a ban?
 *
 * Those that stand between a banned address and a local port of the ban's scope, and that the other
 * side began: their sockets are closed in the kernel, and the program that waits for one hears of
 * it. Never those of this host with itself, and of never-block. All bans of a while share one look
 * at the kernel's sockets, which goes on in slices: closer_step() reads one message of it.
 *
 * Bounded by CLOSER_MAX bans in a look and as many that wait; those beyond are left to time out. */
#include "base/netset.h"
#include "policy/scope.h"

enum { CLOSER_MAX = 65536 };

struct closer;

/* `both`: also connections that this host began. -EOPNOTSUPP: the kernel cannot tell its
 * sockets; -ENOMEM, -EMFILE and others. */
NODISCARD int closer_open(bool both, struct closer **ret);
struct closer *closer_close(struct closer *c);
/* The prefix is banned in a scope; its ranges are copied. */
void closer_add(struct closer *c, const struct prefix *prefix, const struct scope *scope);
/* Whether closer_step() has something to do. */
bool closer_is_busy(const struct closer *c);
/* One slice. 0; -EOPNOTSUPP: the kernel closes no sockets (it was built without
 * CONFIG_INET_DIAG_DESTROY); others: the look failed. After an error nothing is left to do. */
NODISCARD int closer_step(struct closer *c, const struct netset *never_block);
