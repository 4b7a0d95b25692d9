/* SPDX-License-Identifier: MIT */
#pragma once
/* learnt.h - tell the engine what this host knows about never-block.
 *
 * For the learning_*.c. */
#include "daemon/daemon.h"

/* What a person should do about it; `command` may be NULL. */
typedef void (*learnt_finding_fn)(void *arg, const char *level, const char *command,
				  const char *text);

/* The entries are all that is known from this origin. Lifts the bans that they cover. What the
 * engine has no room for is told, and is no failure. */
NODISCARD int learnt_tell(struct daemon *d, enum never_from from, const struct never_entry *entries,
			  size_t n);
