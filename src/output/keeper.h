/* SPDX-License-Identifier: MIT */
#pragma once
/* keeper.h - who starts the enforcer again when it dies?
 *
 * The process between the daemon and its enforcer. It has given up all rights but CAP_NET_ADMIN,
 * which each enforcer inherits from it, holds their end of the socket open and reads nothing. */
#include <stdnoreturn.h>

#include "output/enforcer_process.h"
#include "sys/sandbox.h"

/* To be called in a child just forked. Becomes the user (NULL: stays), gives up the rights, closes
 * every descriptor but `fd` and stderr, and keeps an enforcer running until the daemon closes its
 * end or dies. Never returns. */
noreturn void keeper_run(const struct enforcer_job *job, const struct sandbox_user *user, int fd);
