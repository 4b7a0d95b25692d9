/* SPDX-License-Identifier: MIT */
#include "daemon/mode.h"

#include <errno.h>
#include <stdio.h>

#include "base/span.h"
#include "sys/clock.h"

static const char *word(bool observe)
{
	return observe ? "observe" : "enforce";
}

/* "MODE UNTIL CONFIG": what was ordered, until when ("" for good), and what the config said then.
 */
static int mode_save(struct daemon *d, bool observe)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	char until[INSTANT_TEXT_MAX];

	buf_printf(&text, "%s,%s,%s", word(observe), instant_format(d->mode_until, until),
		   word(d->config->settings.observe));
	return store_set(d->store, "mode", buf_str(&text));
}

/* The kernel follows: all bans leave it, or all come back. */
static int mode_apply(struct daemon *d, bool observe)
{
	struct order order = { .kind = observe ? ORDER_OBSERVE : ORDER_ENFORCE,
			       .time = clock_now(),
			       .jail = ORDER_ANY_JAIL };
	struct order_result result;
	int r = engine_order(d->engine, &order, &result);

	if (r >= 0 && !observe && store_end_observed(d->store) < 0) {
		log_error("what was observed cannot be ended in the database: %s",
			  store_error(d->store));
	}
	if (r >= 0) {
		enforcement_resync(d);
	}
	return r;
}

int mode_set(struct daemon *d, bool observe, instant until, const char *by)
{
	char text[INSTANT_TEXT_MAX];
	int r;

	if (!observe && d->forced_observe) {
		return -EPERM;
	}
	r = wheel_apply(d, true);
	if (r >= 0) {
		r = mode_apply(d, observe);
	}
	if (r < 0) {
		return r;
	}
	d->mode_until = until;
	log_notice("%s: %s%s%s", by, observe ? "observing, nobody is blocked" : "enforcing",
		   instant_is_never(until) ? "" : " until ", instant_format(until, text));
	if (mode_save(d, observe) < 0) {
		log_error("the mode cannot be saved: %s; a restart would forget it",
			  store_error(d->store));
	}
	return wheel_apply(d, true);
}

void mode_keep(struct daemon *d)
{
	if (!d->options.observe && !d->forced_observe &&
	    mode_save(d, engine_observes(d->engine)) < 0) {
		log_error("the mode cannot be saved: %s", store_error(d->store));
	}
}

int mode_due(struct daemon *d, instant now)
{
	bool observes = engine_observes(d->engine);

	if (instant_is_never(d->mode_until) || now.us < d->mode_until.us) {
		return 0;
	}
	if (observes && d->forced_observe) {
		d->mode_until = INSTANT_NEVER;
		return 0;
	}
	return mode_set(d, !observes, INSTANT_NEVER,
			observes ? "the time of observing is over"
				 : "nobody confirmed `ipsctl enforce`");
}

int mode_recall(struct daemon *d)
{
	CLEANUP(buf_done) struct buf saved = { 0 };
	struct str rest, mode, until, config;
	bool observe;

	d->mode_until = INSTANT_NEVER;
	if (d->options.observe || store_get(d->store, "mode", &saved) != 1) {
		return 0;
	}
	rest = buf_str(&saved);
	if (!str_split(&rest, ',', &mode) || !str_split(&rest, ',', &until)) {
		return 0;
	}
	config = rest;
	observe = str_eq(mode, STR("observe"));
	if (!str_eq(config, str_of(word(d->config->settings.observe))) ||
	    (!observe && d->forced_observe)) {
		return 0;
	}
	if (until.n && instant_parse(until, &d->mode_until) < 0) {
		d->mode_until = INSTANT_NEVER;
	}
	return mode_apply(d, observe);
}
