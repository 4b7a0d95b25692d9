/* SPDX-License-Identifier: MIT */
/* Somebody may set the clock: a machine without one of its own at every boot, a person, a host that
 * was copied.
 *
 * A ban is so long, and the kernel counts that down by a clock of its own. So whatever the time of
 * day becomes, a ban that runs keeps the time it has left: in the engine's table its beginning and
 * end move with the clock, the kernel has nothing to be told, and the database gets the bans as
 * they run, or a restart would end them by the old time. What has happened keeps its time: events,
 * windows, episodes. Never-block and whatever else people named an end of goes by the time of day,
 * but for `observe --for`, which is meant as a length.
 *
 * The difference of the two clocks is constant otherwise, also while a clock is led to the right
 * time slowly. Sleep is no such change. A difference of less than two seconds waits for more of it:
 * a leap second is one. */
#include <errno.h>
#include <inttypes.h>
#include <sys/epoll.h>

#include "daemon/daemon.h"
#include "daemon/mode.h"
#include "sys/clock.h"
#include "sys/files.h"
#include "sys/log.h"

static const int64_t SLACK = 2000000;
static const int64_t APART = 100000; /* readings of two clocks, when something came between them */

/* False: just now the clocks cannot be compared. */
static bool compare(instant *ret_now, int64_t *ret_base)
{
	int64_t before = clock_boot();
	instant now = clock_now();

	if (clock_boot() - before > APART) {
		return false;
	}
	*ret_now = now;
	*ret_base = now.us - before;
	return true;
}

void steps_begin(struct daemon *d)
{
	instant now;

	while (!compare(&now, &d->clock_base)) {
	}
}

static int note(void *daemon, int fd, uint32_t events)
{
	(void)events;
	clock_set_noted(fd);
	steps_follow(daemon);
	return 0;
}

int steps_watch(struct daemon *d)
{
	int r;

	d->steps_fd = clock_set_open();
	r = d->steps_fd;
	return r < 0 ? r : loop_add_fd(d->loop, d->steps_fd, EPOLLIN, note, d, &d->steps_watch);
}

void steps_stop(struct daemon *d)
{
	loop_watch_free(d->steps_watch);
	d->steps_watch = NULL;
	if (d->steps_fd > 0) {
		fd_close(&d->steps_fd);
	}
}

/* What was to be done soon is to be done as soon, what was begun was begun as long ago. */
static void move_times(struct daemon *d, duration by)
{
	instant *const times[] = { &d->positions_since, &d->retain_at,        &d->reconcile.at,
				   &d->retry_at,        &d->mode_until,       &d->lag_until,
				   &d->lag_saved,       &d->started,          &d->reconcile.since,
				   &d->reconcile.paid,  &d->reconcile.lost_at };

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		if (times[i]->us != 0) {
			*times[i] = instant_add(*times[i], by);
		}
	}
	if (!instant_is_never(d->mode_until)) {
		mode_keep(d);
	}
}

/* What was over by the clock of before has ended. A failure is met again in the turn. */
static void end_by(struct daemon *d, instant was)
{
	bool idle = tail_is_idle(d->tail) && journals_are_idle(d);

	while (idle && !engine_tick(d->engine, was)) {
		if (wheel_apply(d, false) < 0) {
			return;
		}
	}
	(void)!wheel_apply(d, false);
}

void steps_follow(struct daemon *d)
{
	struct order order = { .kind = ORDER_SET_CLOCK, .jail = ORDER_ANY_JAIL };
	struct order_result result;
	int64_t base;
	duration by;

	if (!compare(&order.until, &base)) {
		return;
	}
	by.us = base - d->clock_base;
	if (by.us < SLACK && by.us > -SLACK) {
		return;
	}
	d->clock_base = base;
	order.time = instant_add(order.until, (duration){ .us = -by.us });
	log_notice("the clock was set %s by %" PRId64 " s: bans that run keep the time they have "
		   "left",
		   by.us < 0 ? "back" : "forward", (by.us < 0 ? -by.us : by.us) / 1000000);
	end_by(d, order.time);
	leaks_restart(&d->leaks, order.until);
	if (engine_order(d->engine, &order, &result) == 0) {
		move_times(d, by);
		store_doubt(d->store);
		(void)!wheel_apply(d, true);
	}
}
