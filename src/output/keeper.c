/* SPDX-License-Identifier: MIT */
/* keeper.c - who starts the enforcer again when it dies?
 *
 * The daemon cannot do it: it has given up the right that an enforcer needs. So the first fork
 * keeps it, and nothing else: it is the one process that reads not a single byte, hence cannot be
 * talked into anything. */
#include "output/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "output/record.h"
#include "sys/child.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/seal.h"
#include "sys/sockets.h"

enum { END_TIMEOUT = 5 * 1000 };

/* What the daemon's side of the socket does not take is lost: it hears of the end in any case. */
static bool say(enum report_state state, int error, uint64_t starts, const char *text)
{
	struct report r = {
		.kind = REPLY_REPORT, .state = (uint8_t)state, .error = -error, .starts = starts
	};

	(void)snprintf(r.text, sizeof(r.text), "%s", text);
	return sockets_write(CHILD_FD, &r, sizeof(r)) == sizeof(r);
}

static noreturn void fail(int error, const char *text)
{
	(void)say(REPORT_FAILED, error, 0, text);
	_exit(ENFORCER_FAILED);
}

static void give_up_rights(const struct sandbox_user *user)
{
	const struct seal seal = { .profile = SEAL_KEEPER };
	int r;

	if (!sandbox_has_net_admin()) {
		fail(-EPERM,
		     "changing nftables is not permitted: the capability CAP_NET_ADMIN is missing");
	}
	r = sandbox_keep_net_admin(user);
	if (r < 0) {
		fail(r, "the rights that the enforcer must not have could not be given up");
	}
	r = sandbox_die_with_parent();
	if (r < 0) {
		fail(r, "the kernel refuses to end the enforcer together with ipsd");
	}
	r = seal_process(&seal);
	if (r < 0) {
		fail(r, "the enforcer could not be sealed (seccomp, Landlock)");
	}
}

static pid_t start(const struct enforcer_job *job, uint64_t starts)
{
	pid_t keeper = getpid(), pid = fork();

	if (pid == 0) {
		int r = sandbox_die_with_parent();

		if (r < 0) {
			fail(r, "the kernel refuses to end the enforcer together with ipsd");
		}
		if (getppid() != keeper) {
			_exit(ENFORCER_DONE);
		}
		enforcer_process_run(job, CHILD_FD, starts);
	}
	return pid;
}

/* It ended because it should, or it said why it cannot work before it ever did. */
static bool is_final(int status, uint64_t starts)
{
	return status >= 0 && WIFEXITED(status) &&
	       (WEXITSTATUS(status) == ENFORCER_DONE ||
		(WEXITSTATUS(status) == ENFORCER_FAILED && starts == 0));
}

static void tell_end(int status, uint64_t starts)
{
	char text[REPORT_TEXT];

	if (status < 0) {
		(void)snprintf(text, sizeof(text), "the enforcer could not be started");
	} else if (WIFSIGNALED(status)) {
		(void)snprintf(text, sizeof(text),
			       "the enforcer was ended by signal %d and is started again",
			       WTERMSIG(status));
	} else {
		(void)snprintf(text, sizeof(text),
			       "the enforcer ended with code %d and is started again",
			       WEXITSTATUS(status));
	}
	(void)say(REPORT_ENDED, -ECHILD, starts, text);
}

static noreturn void keeper_run(const struct enforcer_job *job, const struct sandbox_user *user,
				int fd)
{
	int back_off = 0;

	log_to_stderr();
	(void)prctl(PR_SET_NAME, "ipsd: keeper");
	child_reset_signals();
	if (child_close_others(fd) < 0) {
		_exit(ENFORCER_FAILED);
	}
	give_up_rights(user);
	for (uint64_t starts = 0; child_wait_while_daemon_lives(back_off); starts++) {
		int64_t since = clock_monotonic();
		int status = child_await(start(job, starts));

		if (is_final(status, starts)) {
			_exit(WEXITSTATUS(status));
		}
		back_off = child_next_back_off(back_off, clock_monotonic() - since);
		tell_end(status, starts);
	}
	_exit(ENFORCER_DONE);
}

int keeper_start(const struct enforcer_job *job, const struct sandbox_user *user, pid_t *ret_pid,
		 int *ret_fd)
{
	int fds[2];
	int r = sockets_pair(fds);
	pid_t pid;

	if (r < 0) {
		return r;
	}
	pid = fork();
	if (pid == 0) {
		keeper_run(job, user, fds[1]);
	}
	r = pid < 0 ? -errno : 0;
	(void)close(fds[1]);
	*ret_pid = pid;
	*ret_fd = fds[0];
	return r;
}

void keeper_end(pid_t keeper)
{
	struct pollfd wait = { .fd = pidfd_open(keeper, 0), .events = POLLIN };
	int options = 0;

	if (wait.fd >= 0) {
		if (poll(&wait, 1, END_TIMEOUT) == 0 && kill(keeper, SIGKILL) < 0) {
			options = WNOHANG;
		}
		(void)close(wait.fd);
	}
	while (waitpid(keeper, NULL, options) < 0 && errno == EINTR) {
	}
}
