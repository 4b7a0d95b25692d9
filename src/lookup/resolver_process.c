/* SPDX-License-Identifier: MIT */
/* resolver_process.c - the process that asks name servers.
 *
 * A library that parses what strangers send does the work, plug-ins of the system's own choosing
 * among it (NSS). So it works where there is nothing to be had, may die of it, and the starter
 * above it, which reads not a byte, starts the next one. */
#include "lookup/resolver_process.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lookup/resolve.h"
#include "sys/child.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/seal.h"
#include "sys/sockets.h"

enum { DONE = 0, FAILED = 3, LONGEST_LOOKUP = 60 /* seconds; then the process ends */ };

/* --- The process --------------------------------------------------------------------------------
 */

/* When the daemon is gone there is nobody to work for. */
static void send_answer(const struct answer *a)
{
	struct pollfd wait = { .fd = CHILD_FD, .events = POLLOUT };
	int64_t n;

	while ((n = sockets_write(CHILD_FD, a, sizeof(*a))) == -EAGAIN) {
		(void)poll(&wait, 1, -1);
	}
	if (n < 0) {
		_exit(DONE);
	}
}

static void take_question(void)
{
	uint8_t bytes[sizeof(struct question) + 1]; /* one more tells a message too long */
	static struct answer a;
	struct question q;
	int64_t n = sockets_read(CHILD_FD, bytes, sizeof(bytes));

	if (n == -EAGAIN) {
		return;
	}
	if (n <= 0) {
		_exit(DONE);
	}
	if (question_parse(bytes, (size_t)n, &q) == 0) {
		(void)alarm(LONGEST_LOOKUP);
		resolve(&q, &a);
		(void)alarm(0);
		send_answer(&a);
	}
}

static noreturn void run(void)
{
	static const struct answer ready = { .state = ANSWER_READY };
	struct pollfd wait = { .fd = CHILD_FD, .events = POLLIN };

	(void)prctl(PR_SET_NAME, "ipsd: resolver");
	send_answer(&ready);
	for (;;) {
		(void)poll(&wait, 1, -1);
		take_question();
	}
}

/* --- Its starter --------------------------------------------------------------------------------
 */

static pid_t start(void)
{
	static const struct seal seal = { .profile = SEAL_RESOLVER };
	pid_t starter = getpid(), pid = fork();

	if (pid == 0) {
		if (sandbox_die_with_parent() < 0) {
			_exit(FAILED);
		}
		if (getppid() != starter) {
			_exit(DONE);
		}
		if (seal_process(&seal) < 0) {
			_exit(FAILED);
		}
		run();
	}
	return pid;
}

/* No group of the user's goes along: they are for reading logs. */
static int give_up_rights(const struct sandbox_user *user)
{
	static const struct seal seal = { .profile = SEAL_STARTER };
	struct sandbox_user alone = user ? *user : (struct sandbox_user){ 0 };
	int r;

	alone.n_groups = 0;
	r = sandbox_drop_all(user ? &alone : NULL);
	if (r == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) {
		r = -errno;
	}
	r = r == 0 ? sandbox_die_with_parent() : r;
	return r == 0 ? seal_process(&seal) : r;
}

noreturn void resolver_process_keep(const struct sandbox_user *user, int fd)
{
	int back_off = 0;

	log_to_stderr();
	(void)prctl(PR_SET_NAME, "ipsd: starter");
	child_reset_signals();
	/* A dead name server holds up the next question only so long, unless the admin says. */
	(void)setenv("RES_OPTIONS", "timeout:3 attempts:2", 0); /* NOLINT(concurrency-mt-unsafe) */
	if (child_close_others(fd) < 0 || give_up_rights(user) < 0) {
		log_error("host names cannot be looked up: the rights that the resolver must not "
			  "have could not be given up");
		_exit(FAILED);
	}
	while (child_wait_while_daemon_lives(back_off)) {
		int64_t since = clock_monotonic();

		if (child_await(start()) == DONE) {
			break;
		}
		back_off = child_next_back_off(back_off, clock_monotonic() - since);
	}
	_exit(DONE);
}
