/* SPDX-License-Identifier: MIT */
/* keeper.c - who starts the enforcer again when it dies?
 *
 * The daemon cannot do it: it has given up the right that an enforcer needs. So the first fork
 * keeps it, and nothing else: it is the one process that reads not a single byte, hence cannot be
 * talked into anything.
 *
 * It ends with the daemon in two ways: by the signal that the kernel sends when a parent dies, and
 * by the socket, whose other end is closed then. The second also works where the first is not
 * allowed to cross from one user to another.
 *
 * SIGTERM and SIGINT are ignored here: a service manager or a terminal sends them to all processes
 * at once, but the daemon still has last wishes to send. Its end is theirs. */
#include "output/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "output/record.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/sockets.h"

enum {
	OUR_FD = 3,
	BACK_OFF_FIRST = 20, /* milliseconds */
	BACK_OFF_MAX = 5000,
	LIVED_WELL = 10 * 1000000, /* microseconds */
};

static void reset_signals(void)
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

/* What is left: nothing to read, nothing to write, stderr, and the socket as OUR_FD. */
static int close_others(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0) {
		return -errno;
	}
	if (fd != OUR_FD && dup3(fd, OUR_FD, O_CLOEXEC) < 0) {
		return -errno;
	}
	return close_range(OUR_FD + 1, ~0U, 0) < 0 ? -errno : 0;
}

/* What the daemon's side of the socket does not take is lost: it hears of the end in any case. */
static bool say(enum report_state state, int error, uint64_t starts, const char *text)
{
	struct report r = {
		.kind = REPLY_REPORT, .state = (uint8_t)state, .error = -error, .starts = starts
	};

	(void)snprintf(r.text, sizeof(r.text), "%s", text);
	return sockets_write(OUR_FD, &r, sizeof(r)) == sizeof(r);
}

static noreturn void fail(int error, const char *text)
{
	(void)say(REPORT_FAILED, error, 0, text);
	_exit(ENFORCER_FAILED);
}

static void give_up_rights(const struct sandbox_user *user)
{
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
}

/* Waits so long, less when the daemon goes. False: it is gone. */
static bool wait_while_daemon_lives(int milliseconds)
{
	struct pollfd p = { .fd = OUR_FD };

	return poll(&p, 1, milliseconds) <= 0 || !(p.revents & (POLLHUP | POLLERR | POLLNVAL));
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
		enforcer_process_run(job, OUR_FD, starts);
	}
	return pid;
}

/* How it ended, as of waitpid(); -1: it could not be started. */
static int await(pid_t pid)
{
	int status = -1;

	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	return status;
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

/* At once after a life of some length, then later and later. */
static int next_back_off(int last, int64_t lived)
{
	if (lived > LIVED_WELL) {
		return 0;
	}
	return last == 0 ? BACK_OFF_FIRST : last * 2 < BACK_OFF_MAX ? last * 2 : BACK_OFF_MAX;
}

noreturn void keeper_run(const struct enforcer_job *job, const struct sandbox_user *user, int fd)
{
	int back_off = 0;

	log_to_stderr();
	(void)prctl(PR_SET_NAME, "ipsd: keeper");
	reset_signals();
	if (close_others(fd) < 0) {
		_exit(ENFORCER_FAILED);
	}
	give_up_rights(user);
	for (uint64_t starts = 0; wait_while_daemon_lives(back_off); starts++) {
		int64_t since = clock_monotonic();
		int status = await(start(job, starts));

		if (is_final(status, starts)) {
			_exit(WEXITSTATUS(status));
		}
		back_off = next_back_off(back_off, clock_monotonic() - since);
		tell_end(status, starts);
	}
	_exit(ENFORCER_DONE);
}
