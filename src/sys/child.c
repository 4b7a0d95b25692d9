/* SPDX-License-Identifier: MIT */
#include "sys/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	BACK_OFF_FIRST = 20, /* milliseconds */
	BACK_OFF_MAX = 5000,
	LIVED_WELL = 10 * 1000000, /* microseconds */
};

void child_reset_signals(void)
{
	static const int ignored[] = {
		SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2
	};
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGCHLD, SIG_DFL);
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++) {
		(void)signal(ignored[i], SIG_IGN);
	}
}

int child_close_others(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0) {
		return -errno;
	}
	if (fd != CHILD_FD && dup3(fd, CHILD_FD, O_CLOEXEC) < 0) {
		return -errno;
	}
	return close_range(CHILD_FD + 1, ~0U, 0) < 0 ? -errno : 0;
}

bool child_wait_while_daemon_lives(int milliseconds)
{
	struct pollfd p = { .fd = CHILD_FD };

	return poll(&p, 1, milliseconds) <= 0 || !(p.revents & (POLLHUP | POLLERR | POLLNVAL));
}

int child_await(pid_t pid)
{
	int status = -1;

	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	return status;
}

int child_next_back_off(int last, int64_t lived)
{
	if (lived > LIVED_WELL) {
		return 0;
	}
	return last == 0 ? BACK_OFF_FIRST : last * 2 < BACK_OFF_MAX ? last * 2 : BACK_OFF_MAX;
}
