/* SPDX-License-Identifier: MIT */
/* One decision per ban, and how long it is. */
#include "unit/engine/rig.h"

#define ADDR "203.0.113.9"

static struct ruleset *rules_with_ladder(size_t jails)
{
	struct ruleset *r = rig_rules(jails);

	for (size_t i = 0; i < jails; i++) {
		r->jails[i].threshold = 50;
		r->jails[i].window = seconds(10);
		r->jails[i].ladder[0] = seconds(100);
		r->jails[i].ladder[1] = seconds(1000);
		r->jails[i].ladder[2] = DURATION_FOREVER;
		r->jails[i].steps = 3;
		r->jails[i].ban_memory = seconds(100000);
	}
	return r;
}

static void a_running_ban_is_neither_renewed_nor_counted_again(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rules_with_ladder(1));

	(void)state;
	rig_feed_many(e, ADDR, EVENT_AUTH_FAILURE, 100, 100);
	assert_string_equal(rig_said(e), "ban 1 a 203.0.113.9/32 100-200");
	assert_int_equal(engine_stats(e).counted, 100);
}

static void with_keep_one_event_after_the_end_bans_again(void **state)
{
	struct ruleset *r = rig_rules(1);
	CLEANUP(engine_freep) struct engine *e = rig_start(r);

	(void)state;
	rig_feed_many(e, ADDR, EVENT_AUTH_FAILURE, 100, 20);
	rig_feed_many(e, ADDR, EVENT_AUTH_FAILURE, 1918, 2);
	assert_string_equal(rig_said(e), "ban 1 a 203.0.113.9/32 119-1919; "
					 "lift 1 a 203.0.113.9/32 1919 expired; "
					 "ban 2 a 203.0.113.9/32 1919-3719");
}

static void with_clear_the_count_begins_at_zero(void **state)
{
	struct ruleset *r = rig_rules(1);
	CLEANUP(engine_freep) struct engine *e = NULL;

	(void)state;
	r->jails[0].after_ban = AFTER_BAN_CLEAR;
	e = rig_start(r);
	rig_feed_many(e, ADDR, EVENT_AUTH_FAILURE, 100, 20);
	rig_feed_many(e, ADDR, EVENT_AUTH_FAILURE, 1900, 19); /* to 1918: the ban runs */
	assert_int_equal(engine_stats(e).subjects, 0);
	assert_int_equal(engine_stats(e).counted, 39);
	rig_feed_many(e, ADDR, EVENT_AUTH_FAILURE, 1919, 19);
	assert_string_equal(rig_said(e), "ban 1 a 203.0.113.9/32 119-1919; "
					 "lift 1 a 203.0.113.9/32 1919 expired");
	rig_feed(e, ADDR, EVENT_AUTH_FAILURE, 1940);
	assert_string_equal(rig_said(e), "ban 2 a 203.0.113.9/32 1940-3740");
}

static void a_late_event_inside_a_past_ban_decides_nothing(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rules_with_ladder(1));

	(void)state;
	rig_feed(e, ADDR, EVENT_AUTH_FAILURE, 100);
	assert_true(engine_tick(e, instant_at(205)));
	rig_feed(e, ADDR, EVENT_AUTH_FAILURE, 199);
	assert_string_equal(rig_said(e), "ban 1 a 203.0.113.9/32 100-200; "
					 "lift 1 a 203.0.113.9/32 200 expired");
	/* When the entry has gone as well, nobody knows. */
	assert_true(engine_tick(e, instant_at(210)));
	rig_feed(e, ADDR, EVENT_AUTH_FAILURE, 199);
	assert_string_equal(rig_said(e), "ban 2 a 203.0.113.9/32 199-299");
}

static void the_ladder_goes_by_episodes(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rules_with_ladder(1));
	struct batch batch;

	(void)state;
	rig_feed(e, ADDR, EVENT_AUTH_FAILURE, 100);
	rig_feed(e, ADDR, EVENT_AUTH_FAILURE, 300);
	assert_string_equal(rig_said(e), "ban 1 a 203.0.113.9/32 100-200; "
					 "lift 1 a 203.0.113.9/32 200 expired; "
					 "ban 2 a 203.0.113.9/32 300-1300");
	rig_feed(e, ADDR, EVENT_AUTH_FAILURE, 1400);
	batch = engine_take(e);
	assert_int_equal(batch.n_decisions, 2);
	assert_true(instant_is_never(batch.decisions[1].until));
	assert_int_equal(batch.decisions[1].action, ACTION_BLACKLIST);
	assert_true(instant_is_never(engine_deadline(e)));
	rig_feed(e, ADDR, EVENT_AUTH_FAILURE, 1000000);
	assert_string_equal(rig_said(e), "");
}

static void episodes_are_forgotten_after_ban_memory(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rules_with_ladder(1));

	(void)state;
	rig_feed(e, ADDR, EVENT_AUTH_FAILURE, 100);
	(void)rig_said(e);
	rig_feed(e, ADDR, EVENT_AUTH_FAILURE, 100100);
	assert_string_equal(rig_said(e), "lift 1 a 203.0.113.9/32 200 expired; "
					 "ban 2 a 203.0.113.9/32 100100-100200");
}

static void overlapping_bans_of_two_jails_are_one_episode(void **state)
{
	struct ruleset *r = rules_with_ladder(2);
	CLEANUP(engine_freep) struct engine *e = NULL;
	const struct prefix p = rig_prefix(ADDR "/32");

	(void)state;
	r->jails[1].threshold = 100;
	e = rig_start(r);
	rig_feed_many(e, ADDR, EVENT_AUTH_FAILURE, 100, 2);
	assert_string_equal(rig_said(e), "ban 1 a 203.0.113.9/32 100-200; "
					 "ban 2 b 203.0.113.9/32 101-201");
	assert_int_equal(engine_blocks_30d(e, &p, instant_at(200)), 1);
	rig_feed(e, ADDR, EVENT_AUTH_FAILURE, 300);
	assert_string_equal(rig_said(e), "lift 1 a 203.0.113.9/32 200 expired; "
					 "lift 2 b 203.0.113.9/32 201 expired; "
					 "ban 3 a 203.0.113.9/32 300-1300");
	assert_int_equal(engine_blocks_30d(e, &p, instant_at(300)), 2);
}

static void an_observing_jail_climbs_a_ladder_of_its_own(void **state)
{
	struct ruleset *r = rules_with_ladder(2);
	CLEANUP(engine_freep) struct engine *e = NULL;

	(void)state;
	r->jails[0].mode = JAIL_OBSERVE;
	r->jails[1].threshold = 100;
	e = rig_start(r);
	rig_feed(e, ADDR, EVENT_AUTH_FAILURE, 100);
	rig_feed_many(e, ADDR, EVENT_AUTH_FAILURE, 300, 2);
	assert_string_equal(rig_said(e), "observed 1 a 203.0.113.9/32 100-200 jail-observes; "
					 "observed 2 a 203.0.113.9/32 300-1300 jail-observes; "
					 "ban 3 b 203.0.113.9/32 301-401");
}

/* Jail a bans at the first event, b never; c and d ban whom the jail that they watch has banned. */
static struct ruleset *rules_with_watchers(void)
{
	static const points listens[] = { [EVENT_BANNED] = POINTS_BAN };
	struct ruleset *r = rules_with_ladder(4);

	r->jails[1].threshold = 1000;
	for (size_t i = 2; i < 4; i++) {
		r->jails[i].points = listens;
		r->jails[i].n_points = ARRAY_SIZE(listens);
		r->jails[i].watches_jails = true;
	}
	return r;
}

static const char *said_of_two_events(struct ruleset *r)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(r);

	rig_feed_many(e, ADDR, EVENT_AUTH_FAILURE, 100, 2);
	return rig_said(e);
}

static void what_is_only_observed_is_no_news_though_another_jail_bans(void **state)
{
	static const uint16_t watchers[] = { 2 };

	(void)state;
	for (enum jail_mode mode = JAIL_ENFORCE; mode <= JAIL_OBSERVE; mode++) {
		struct ruleset *r = rules_with_watchers();

		r->jails[1].threshold = 100;
		r->jails[1].mode = mode;
		r->jails[1].watchers = watchers;
		r->jails[1].n_watchers = 1;
		assert_string_equal(said_of_two_events(r),
				    mode == JAIL_ENFORCE
					    ? "ban 1 a 203.0.113.9/32 100-200; "
					      "ban 2 b 203.0.113.9/32 101-201; "
					      "ban 3 c 203.0.113.9/32 101-201"
					    : "ban 1 a 203.0.113.9/32 100-200; "
					      "observed 2 b 203.0.113.9/32 101-201 jail-observes");
	}
}

static void the_ban_of_a_network_is_no_news(void **state)
{
	static const uint16_t watchers[] = { 2 };
	struct ruleset *r = rules_with_watchers();

	(void)state;
	r->jails[0].subject = SUBJECT_NETWORK;
	r->jails[0].watchers = watchers;
	r->jails[0].n_watchers = 1;
	assert_string_equal(said_of_two_events(r), "ban 1 a 203.0.113.0/24 100-200");
}

static void the_ban_of_a_jail_that_watches_jails_is_no_news(void **state)
{
	static const uint16_t watchers[] = { 2 }, watchers_of_c[] = { 3 };
	struct ruleset *r = rules_with_watchers();

	(void)state;
	r->jails[0].watchers = watchers;
	r->jails[2].watchers = watchers_of_c;
	r->jails[0].n_watchers = r->jails[2].n_watchers = 1;
	assert_string_equal(said_of_two_events(r), "ban 1 a 203.0.113.9/32 100-200; "
						   "ban 2 c 203.0.113.9/32 100-200");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_running_ban_is_neither_renewed_nor_counted_again),
		cmocka_unit_test(with_keep_one_event_after_the_end_bans_again),
		cmocka_unit_test(with_clear_the_count_begins_at_zero),
		cmocka_unit_test(a_late_event_inside_a_past_ban_decides_nothing),
		cmocka_unit_test(the_ladder_goes_by_episodes),
		cmocka_unit_test(episodes_are_forgotten_after_ban_memory),
		cmocka_unit_test(overlapping_bans_of_two_jails_are_one_episode),
		cmocka_unit_test(an_observing_jail_climbs_a_ladder_of_its_own),
		cmocka_unit_test(what_is_only_observed_is_no_news_though_another_jail_bans),
		cmocka_unit_test(the_ban_of_a_network_is_no_news),
		cmocka_unit_test(the_ban_of_a_jail_that_watches_jails_is_no_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
