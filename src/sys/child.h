/* SPDX-License-Identifier: MIT */
#pragma once
/* child.h - how does a process of ours begin after a fork, and how is it kept running?
 *
 * For processes that have one socket to the daemon and nothing else. They end with the daemon in
 * two ways: by the signal that the kernel sends when a parent dies, and by the socket, whose other
 * end is closed then. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"

enum { CHILD_FD = 3 };

/* SIGTERM and its like are ignored: a service manager or a terminal sends them to all processes at
 * once, but the daemon still has last words to say. Its end is theirs. */
void child_reset_signals(void);
/* What is left: nothing to read, nothing to write, stderr, and `fd` as CHILD_FD. */
NODISCARD int child_close_others(int fd);
/* Waits so long, less when the daemon goes. False: it is gone. */
bool child_wait_while_daemon_lives(int milliseconds);
/* How it ended, as of waitpid(); -1: it could not be started. */
int child_await(pid_t pid);
/* How many milliseconds to wait before the next start: none after a life of some length
 * (microseconds), then longer and longer. */
int child_next_back_off(int last, int64_t lived);
