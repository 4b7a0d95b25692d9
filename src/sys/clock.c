/* SPDX-License-Identifier: MIT */
/* clock.c - what time is it?
 *
 * All clocks are read through the vDSO: no system call, so they may be asked for every line. That
 * the wall clock was set is told by a timer which is cancelled by that, and due never. */
#include "sys/clock.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

instant clock_now(void)
{
	return (instant){ .us = read_clock(CLOCK_REALTIME) };
}

int64_t clock_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

bool clock_is_kept(void)
{
	struct timex now = { 0 };

	return adjtimex(&now) != TIME_ERROR && (now.status & STA_UNSYNC) == 0;
}

int64_t clock_boot(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

int clock_set_open(void)
{
	const struct itimerspec never = { .it_value.tv_sec = INT64_MAX / 1000000000 };
	int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	int error;

	if (fd < 0) {
		return -errno;
	}
	if (timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) < 0) {
		error = -errno;
		(void)close(fd);
		return error;
	}
	return fd;
}

void clock_set_noted(int fd)
{
	uint64_t n;

	while (read(fd, &n, sizeof(n)) < 0 && errno == EINTR) {
	}
}
