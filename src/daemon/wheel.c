/* SPDX-License-Identifier: MIT */
/* A turn of the wheel, at the end of each wake-up: what was fed has made a batch; every output gets
 * the same one, the kernel first because that is what the attacker feels, then the database.
 * Neither waits for the other: if we die between the two, the lines are read again and give the
 * same decisions.
 *
 * Lines that made no event move positions only. These are written at most every few seconds:
 * reading such lines again after a crash counts nothing twice.
 *
 * What is older than the retention goes in small slices, some a second while there is more to do,
 * else a look every ten minutes. */
#include <errno.h>
#include <stdio.h>

#include "daemon/adoption.h"
#include "daemon/braking.h"
#include "daemon/control.h"
#include "daemon/damage.h"
#include "daemon/leaking.h"
#include "daemon/learning.h"
#include "daemon/mode.h"
#include "daemon/reconcile.h"
#include "daemon/telling.h"
#include "sys/clock.h"

static const duration position_delay = { .us = 5000000 };
/* At least; a ladder that remembers longer needs them longer. */
static const duration bans_kept = { .us = INT64_C(90) * 86400 * 1000000 };
static const duration retain_pause = { .us = 50000 }, retain_every = { .us = 600000000 };

static void wheel_enforce(struct daemon *d, const struct batch *batch)
{
	for (size_t i = 0; i < batch->n_decisions; i++) {
		const struct decision *decision = &batch->decisions[i];

		if (decision->kind == DECISION_BAN || decision->kind == DECISION_LIFT) {
			enforcement_sync(d, &decision->prefix, decision->scope);
		}
		control_decided(d->control, decision);
	}
	telling_decisions(d, batch);
}

void wheel_failed(struct daemon *d)
{
	snprintf(d->store_trouble.text, sizeof(d->store_trouble.text), "%s", store_error(d->store));
	if (!d->store_trouble.on) {
		log_error("the database cannot be written: %s; detection and blocking go on, what "
			  "comes about waits in memory",
			  d->store_trouble.text);
	}
	d->store_trouble.on = true;
	d->positions_since = clock_now();
}

static void wheel_recovered(struct daemon *d, const struct unwritten_counts *waited)
{
	d->store_trouble.on = false;
	log_notice("the database is written again, and what had waited is in it: events %llu, "
		   "decisions %llu",
		   (unsigned long long)(waited->events - waited->lost_events),
		   (unsigned long long)(waited->decisions - waited->lost_decisions));
	if (waited->folded > 0 || waited->lost_events > 0 || waited->lost_decisions > 0) {
		log_warning(
			"it took so long that of these %llu are counted in rows of the same address "
			"and type; not in the database are: events %llu, decisions %llu; which "
			"blocks run is",
			(unsigned long long)waited->folded, (unsigned long long)waited->lost_events,
			(unsigned long long)waited->lost_decisions);
	}
}

/* Ends the order, with what must be mended first. */
static int wheel_finish(struct daemon *d)
{
	const struct unwritten_counts waited = store_waiting(d->store);
	int r;

	if (store_is_stale(d->store)) {
		(void)!store_heal(d->store, d->engine); /* closing says so */
	}
	r = store_close_order(d->store);
	d->ordering = false;
	if (r < 0) {
		wheel_failed(d);
	} else if (d->store_trouble.on) {
		wheel_recovered(d, &waited);
	}
	return r;
}

/* Once there was trouble, what waits and what must be mended are one transaction. */
static int wheel_write(struct daemon *d, const struct batch *batch, bool durable)
{
	const struct ruleset *rules = engine_ruleset(d->engine);
	bool mends = (d->store_trouble.on || store_is_stale(d->store)) && !d->ordering;
	int r = mends ? store_open_order(d->store, rules) : 0;

	if (r >= 0 || !mends) {
		r = store_apply(d->store, rules, batch, d->positions, d->n_positions, durable);
	} else {
		store_keep(d->store, batch, d->positions, d->n_positions);
	}
	if (mends) {
		return wheel_finish(d);
	}
	if (r < 0) {
		wheel_failed(d);
	}
	return r;
}

static void wheel_store(struct daemon *d, const struct batch *batch, bool durable)
{
	int r = wheel_write(d, batch, durable);

	d->n_positions = 0;
	if (r >= 0) {
		control_progress(d->control);
	}
	if (!d->store_trouble.on) {
		d->positions_since = instant_at(0);
	}
}

void wheel_open_order(struct daemon *d)
{
	d->ordering = true;
	if (store_open_order(d->store, engine_ruleset(d->engine)) < 0) {
		wheel_failed(d);
	}
}

int wheel_close_order(struct daemon *d)
{
	int r = wheel_apply(d, true);

	(void)!wheel_finish(d);
	return r;
}

/* Positions wait, or all that the database could not take in. */
static bool is_unwritten(const struct daemon *d)
{
	return d->n_positions || d->store_trouble.on;
}

int wheel_apply(struct daemon *d, bool durable)
{
	struct batch batch = engine_take(d->engine);
	bool late = is_unwritten(d) &&
		    instant_since(clock_now(), d->positions_since).us >= position_delay.us;
	int r;

	enforcement_follow(d);
	if (batch.n_decisions) {
		wheel_enforce(d, &batch);
	}
	leaking_note(d, &batch);
	learning_note(d, &batch);
	lag_note(d, &batch);
	r = enforcement_flush(d);
	if (r < 0) {
		return r;
	}
	if (d->store_trouble.on && !durable && !late && !d->ordering) {
		store_keep(d->store, &batch, d->positions, d->n_positions);
		d->n_positions = 0;
	} else if (batch.n_events || batch.n_decisions || durable || late) {
		wheel_store(d, &batch, durable);
	}
	return 0;
}

/* Up to when everything has been read: a backlog holds the engine's clock at its newest line. */
static instant wheel_read_up_to(struct daemon *d)
{
	instant now = clock_now();
	bool idle = tail_is_idle(d->tail) && journals_are_idle(d);

	d->caught_up = d->caught_up || idle;
	engine_hold_sessions(d->engine, !d->caught_up);
	return idle ? now : instant_min(now, engine_stats(d->engine).newest);
}

static instant ago(instant t, duration d)
{
	return instant_add(t, (duration){ .us = -d.us });
}

/* No event goes that is in a window: a restart fills the windows from them, and a log that is late
 * is behind the clock. */
static struct store_retention wheel_retention(const struct daemon *d, instant now)
{
	const struct ruleset *rules = engine_ruleset(d->engine);
	const struct config_settings *settings = &d->config->settings;
	instant newest = engine_stats(d->engine).newest;
	duration window = ruleset_window(rules), memory = ruleset_memory(rules);

	newest = newest.us ? instant_min(now, newest) : now;
	return (struct store_retention){
		.events_from = instant_min(ago(now, settings->retention), ago(newest, window)),
		.windows_from = ago(newest, window),
		.events_max = settings->retention_events,
		.bans_from = ago(now, memory.us > bans_kept.us ? memory : bans_kept),
		.now = now,
	};
}

static void wheel_retain(struct daemon *d, instant now)
{
	struct store_retention keep;
	int r;

	if (now.us < d->retain_at.us || d->store_trouble.on) {
		return;
	}
	keep = wheel_retention(d, now);
	r = store_retain(d->store, &keep);
	if (r < 0) {
		log_error("old events and bans cannot be deleted: %s", store_error(d->store));
	}
	d->retain_at = instant_add(now, r == 1 ? retain_pause : retain_every);
}

int wheel_timer(void *daemon)
{
	(void)daemon;
	return 0;
}

/* When there is something to do at the latest. */
static instant wheel_wake(struct daemon *d)
{
	instant wake =
		instant_min(instant_min(engine_deadline(d->engine), d->mode_until), d->retain_at);

	wake = instant_min(wake,
			   instant_min(telling_due(d, clock_now()), braking_tell(d, clock_now())));
	wake = instant_min(wake, learning_deadline(d));
	if (d->enforcer) {
		wake = instant_min(wake, reconcile_deadline(d));
		wake = adoption_goes_on(d) ? clock_now() : wake;
	}
	if (d->retry_at.us) {
		wake = instant_min(wake, d->retry_at);
	}
	if (is_unwritten(d)) {
		wake = instant_min(wake, instant_add(d->positions_since, position_delay));
	}
	return wake;
}

int wheel_turn(void *daemon)
{
	struct daemon *d = daemon;
	instant up_to, wake;
	int r;

	steps_follow(d);
	up_to = wheel_read_up_to(d);
	r = damage_mend(d);
	if (r < 0) {
		return r;
	}
	r = mode_due(d, clock_now());
	r = r < 0 ? r : adoption_turn(d);
	if (r < 0) {
		return r;
	}
	enforcement_turn(d, clock_now());
	r = wheel_apply(d, false); /* how late a log is, the tick has to know */
	if (r < 0) {
		return r;
	}
	while (!engine_tick(d->engine, up_to)) {
		r = wheel_apply(d, false);
		if (r < 0) {
			return r;
		}
	}
	r = wheel_apply(d, false);
	if (r < 0) {
		return r;
	}
	r = learning_turn(d, clock_now());
	if (r < 0) {
		return r;
	}
	wheel_retain(d, clock_now());
	wake = wheel_wake(d);
	return loop_timer_set(d->timer, wake);
}
