/* SPDX-License-Identifier: MIT */
#pragma once
/* keeper.h - who starts the enforcer again when it dies?
 *
 * The process between the daemon and its enforcer. It has given up all rights but CAP_NET_ADMIN,
 * which each enforcer inherits from it, holds their end of the socket open and reads nothing. */
#include <sys/types.h>

#include "output/enforcer_process.h"
#include "sys/sandbox.h"

/* Forks a keeper, which becomes the user (NULL: stays), gives up the rights, closes every
 * descriptor but its end of a socket and stderr, and keeps an enforcer running until the daemon
 * closes its own end (*ret_fd) or dies. *ret_pid is what fork() said, also on failure, and the
 * socket is the caller's then, too. */
NODISCARD int keeper_start(const struct enforcer_job *job, const struct sandbox_user *user,
			   pid_t *ret_pid, int *ret_fd);
/* Waits until it has ended; kills it after a while. */
void keeper_end(pid_t keeper);
