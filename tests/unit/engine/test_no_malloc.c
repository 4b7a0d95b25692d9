/* SPDX-License-Identifier: MIT */
/* After the start, feeding, ticking and taking ask for no memory, whatever happens. */
#include <stdlib.h>

#include "unit/allocations.h"
#include "unit/engine/rig_lines.h"

static void the_start_is_seen_to_ask(void **state)
{
	struct engine *e;

	(void)state;
	asked = 0;
	e = rig_start(rig_rules(1));
	assert_true(asked > 10);
	engine_free(e);
}

/* Crowds that do not fit, late events, ladders, shadows, ends, full batches. */
static void flood(struct engine *e)
{
	struct event event = rig_event("10.0.0.0", EVENT_RELAY_DENIED, 0);
	uint32_t dice = 7;

	event.text = STR("10.0.0.0 was told that it may not relay");
	event.account = STR("bob");
	for (uint32_t i = 0; i < 50000; i++) {
		dice = dice * 1664525 + 1013904223;
		event.addr.bytes[2] = (uint8_t)(dice >> 26 & 3);
		event.addr.bytes[3] = (uint8_t)(dice >> 16);
		event.time = instant_at(100 + (int64_t)(i / 10) - (dice >> 8 & 7));
		while (!engine_feed_event(e, &event)) {
			(void)engine_take(e);
		}
		if (i % 1000 == 0) {
			while (!engine_tick(e, event.time)) {
				(void)engine_take(e);
			}
		}
	}
}

static void events_ticks_and_takes_ask_for_nothing(void **state)
{
	struct ruleset *r = rig_rules(3);
	CLEANUP(engine_freep) struct engine *e = NULL;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		r->jails[i].threshold = 200;
		r->jails[i].ladder[0] = seconds(60);
		r->jails[i].ladder[1] = seconds(120);
		r->jails[i].steps = 2;
	}
	r->jails[1].mode = JAIL_OBSERVE;
	r->jails[2].after_ban = AFTER_BAN_CLEAR;
	e = rig_start_with(r, (struct engine_limits){ .subjects = 500, .bans = 500 });
	asked = 0;
	flood(e);
	while (!engine_tick(e, INSTANT_NEVER)) {
		(void)engine_take(e);
	}
	(void)engine_take(e);
	assert_int_equal(asked, 0);
	assert_true(engine_stats(e).bans > 1000);
	assert_true(engine_stats(e).observed > 1000);
	assert_true(engine_stats(e).evicted > 1000);
	assert_true(engine_stats(e).no_room > 1000);
	assert_int_equal(engine_stats(e).subjects, 0);
}

/* Logins, accounts, networks, jails that watch jails, the brake. */
static void every_rule_asks_for_nothing(void **state)
{
	static const points each[] = {
		[EVENT_AUTH_FAILURE] = 1, [EVENT_RELAY_DENIED] = 1, [EVENT_LOGIN] = POINTS_FORGIVE
	};
	static const points banned[] = { [EVENT_BANNED] = 1 };
	static const uint16_t watchers[] = { 3 };
	struct ruleset *r = rig_rules(4);
	CLEANUP(engine_freep) struct engine *e = NULL;
	struct event login = rig_event("10.0.0.0", EVENT_LOGIN, 100);

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		r->jails[i].points = each;
		r->jails[i].n_points = ARRAY_SIZE(each);
		r->jails[i].threshold = 5;
		r->jails[i].watchers = watchers;
		r->jails[i].n_watchers = 1;
	}
	r->jails[1].subject = SUBJECT_ACCOUNT;
	r->jails[1].spare_known = true;
	r->jails[2].subject = SUBJECT_NETWORK;
	r->jails[2].distinct = DISTINCT_ADDRESS;
	r->jails[3].points = banned;
	r->jails[3].n_points = ARRAY_SIZE(banned);
	r->jails[3].threshold = 2;
	r->jails[3].watches_jails = true;
	e = rig_start_with(r, (struct engine_limits){ .subjects = 500, .bans = 5000 });
	login.account = STR("Bob");
	asked = 0;
	for (unsigned i = 0; i < 64; i++) {
		login.addr.bytes[3] = (uint8_t)i;
		assert_true(engine_feed_event(e, &login));
	}
	flood(e);
	(void)engine_take(e);
	assert_int_equal(asked, 0);
	assert_true(engine_jail_stats(e, 0).brakes > 0);
	assert_true(engine_jail_stats(e, 1).spared > 0);
	assert_true(engine_jail_stats(e, 2).bans > 0);
	assert_true(engine_jail_stats(e, 3).events > 0);
	assert_true(engine_stats(e).evicted > 1000);
}

static void lines_ask_for_nothing(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_line_rules(2));
	const struct feed feed = {
		.chunk = STR(
			"1000 fail 192.0.2.1\nfail 192.0.2.2\nnothing\n1001 fail 2001:db8::1\n"),
		.arrival = instant_at(1000),
		.file_time = instant_at(1000),
	};
	size_t bans = 0;

	(void)state;
	asked = 0;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(engine_feed(e, &feed), feed.chunk.n);
		bans += engine_take(e).n_decisions;
	}
	assert_int_equal(asked, 0);
	assert_int_equal(bans, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_start_is_seen_to_ask),
		cmocka_unit_test(events_ticks_and_takes_ask_for_nothing),
		cmocka_unit_test(every_rule_asks_for_nothing),
		cmocka_unit_test(lines_ask_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
