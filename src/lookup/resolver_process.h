/* SPDX-License-Identifier: MIT */
#pragma once
/* resolver_process.h - the process that asks name servers, and the one that keeps it running.
 *
 * It reads questions, waits for name servers, answers. What name servers send can hurt nobody but
 * itself. */
#include <stdnoreturn.h>

#include "sys/sandbox.h"

/* To be called in a child just forked. Becomes the user (NULL: stays), gives up all rights, closes
 * every descriptor but `fd` and stderr, and keeps a process running until the daemon closes its end
 * or dies. Never returns. */
noreturn void resolver_process_keep(const struct sandbox_user *user, int fd);
