/* SPDX-License-Identifier: MIT */
/* A log may lag: a log server delivers the lines of two hours at once, again and again. Its
 * windows are behind the clock, so a tick by the clock would empty them between two deliveries, and
 * what a replay of that log adds up would never add up live.
 *
 * How late lines come is seen in those that count: the largest difference of arrival and stamp
 * since the start is believed for twice its length, and again with each line that is half as late.
 * So long the engine keeps what a tick would forget. It survives a restart as a setting, for the
 * windows that come back then would be gone before the next delivery. What is read before the logs
 * were read up to their end for the first time is old, and says nothing about tomorrow; nor does a
 * session that ended by silence, an hour ago by a clock that was just set. An end further off than
 * any that could have been saved is one of a wrong clock or a damaged database. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/daemon.h"
#include "sys/clock.h"
#include "sys/log.h"

static const duration least = { .us = INT64_C(60000000) };
static const duration most = { .us = INT64_C(86400000000) };

static void save(struct daemon *d)
{
	char text[64];

	snprintf(text, sizeof(text), "%" PRId64 " %" PRId64, d->lag.us, d->lag_until.us);
	d->lag_saved = d->lag_until;
	if (store_set(d->store, "lag", str_of(text)) < 0) {
		log_error("how late logs come cannot be saved: %s", store_error(d->store));
	}
}

void lag_recall(struct daemon *d)
{
	CLEANUP(buf_done) struct buf saved = { 0 };
	long long lag = 0, until = 0;
	instant latest_end;
	char *end;

	if (store_get(d->store, "lag", &saved) == 1 && buf_ok(&saved) == 0) {
		lag = strtoll(buf_text(&saved), &end, 10);
		until = strtoll(end, NULL, 10);
	}
	d->lag_until = INSTANT_NEVER;
	if (lag > 0 && lag <= most.us) {
		d->lag.us = lag;
		latest_end = instant_add(clock_now(), (duration){ .us = 2 * lag });
		d->lag_until = instant_min((instant){ .us = until }, latest_end);
		engine_set_lag(d->engine, d->lag);
	}
	d->lag_saved = d->lag_until;
}

/* The latest line of the batch. */
static duration latest(const struct batch *batch, instant now)
{
	duration late = { 0 };

	for (size_t i = 0; i < batch->n_events; i++) {
		const struct event *event = &batch->events[i].event;
		duration one = instant_since(now, event->time);

		late = !event->unsaid && one.us > late.us ? one : late;
	}
	return late.us > most.us ? most : late;
}

static void believe(struct daemon *d, duration late, instant now)
{
	d->lag = late.us > d->lag.us ? late : d->lag;
	d->lag_until = instant_add(now, (duration){ .us = 2 * d->lag.us });
	engine_set_lag(d->engine, d->lag);
	if (instant_is_never(d->lag_saved) ||
	    instant_since(d->lag_until, d->lag_saved).us > d->lag.us / 4) {
		save(d);
	}
}

void lag_note(struct daemon *d, const struct batch *batch)
{
	instant now = clock_now();
	duration late = { 0 };

	if (d->caught_up && batch->n_events) {
		late = latest(batch, now);
	}
	if (late.us >= least.us && 2 * late.us >= d->lag.us) {
		believe(d, late, now);
	} else if (now.us >= d->lag_until.us) {
		d->lag.us = 0;
		d->lag_until = INSTANT_NEVER;
		engine_set_lag(d->engine, d->lag);
		save(d);
	}
}
