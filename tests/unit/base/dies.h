/* SPDX-License-Identifier: MIT */
#pragma once
/* dies.h - does this act end in a failed assert()? Tried in a child process. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/check.h"

static inline bool dies(void (*act)(void *arg), void *arg)
{
	const struct rlimit no_core = { 0 };
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		(void)setrlimit(RLIMIT_CORE, &no_core);
		(void)!freopen("/dev/null", "we", stderr);
		(void)signal(SIGABRT, SIG_DFL);
		act(arg);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}
