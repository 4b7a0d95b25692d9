/* SPDX-License-Identifier: MIT */
/* When do bans end, and what is forgotten when? */
#include "unit/engine/rig.h"

static struct ruleset *quick_rules(size_t jails)
{
	struct ruleset *r = rig_rules(jails);

	for (size_t i = 0; i < jails; i++) {
		r->jails[i].threshold = 100;
		r->jails[i].window = seconds(50);
	}
	return r;
}

static void a_ban_ends_before_the_event_that_comes_at_its_end(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(quick_rules(1));

	(void)state;
	rig_feed(e, "192.0.2.1", EVENT_RELAY_DENIED, 100);
	(void)rig_said(e);
	assert_int_equal(engine_deadline(e).us, instant_at(1900).us);
	rig_feed(e, "192.0.2.2", EVENT_AUTH_FAILURE, 1899);
	assert_string_equal(rig_said(e), "");
	rig_feed(e, "192.0.2.2", EVENT_LOGIN, 1900); /* counts for nobody, yet time goes on */
	assert_string_equal(rig_said(e), "lift 1 a 192.0.2.1/32 1900 expired");
	assert_true(instant_is_never(engine_deadline(e)));
}

static void ends_come_in_order_of_time_then_id(void **state)
{
	struct ruleset *r = quick_rules(2);
	CLEANUP(engine_freep) struct engine *e = NULL;

	(void)state;
	r->jails[1].ladder[0] = seconds(1790);
	e = rig_start(r);
	rig_feed(e, "192.0.2.1", EVENT_RELAY_DENIED, 100); /* 1: to 1900, 2: to 1890 */
	rig_feed(e, "192.0.2.2", EVENT_RELAY_DENIED, 90);  /* 3: to 1890, 4: to 1880 */
	(void)rig_said(e);
	assert_true(engine_tick(e, instant_at(1879)));
	assert_string_equal(rig_said(e), "");
	assert_true(engine_tick(e, instant_at(2000)));
	assert_string_equal(rig_said(e), "lift 4 b 192.0.2.2/32 1880 expired; "
					 "lift 2 b 192.0.2.1/32 1890 expired; "
					 "lift 3 a 192.0.2.2/32 1890 expired; "
					 "lift 1 a 192.0.2.1/32 1900 expired");
}

static void shadows_end_without_a_word(void **state)
{
	struct ruleset *r = quick_rules(1);
	CLEANUP(engine_freep) struct engine *e = NULL;
	const struct prefix p = rig_prefix("192.0.2.1/32");

	(void)state;
	r->jails[0].mode = JAIL_OBSERVE;
	e = rig_start(r);
	rig_feed(e, "192.0.2.1", EVENT_RELAY_DENIED, 100);
	(void)rig_said(e);
	assert_int_equal(engine_find_ban(e, 0, &p, 0)->id, 1);
	assert_true(engine_tick(e, instant_at(1900)));
	assert_string_equal(rig_said(e), "");
	assert_null(engine_find_ban(e, 0, &p, 0));
}

static void a_tick_forgets_subjects_and_ended_entries(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(quick_rules(1));
	uint32_t cursor = 0;

	(void)state;
	rig_feed(e, "192.0.2.1", EVENT_RELAY_DENIED, 100);
	assert_true(engine_tick(e, instant_at(149)));
	assert_int_equal(engine_stats(e).subjects, 1);
	assert_true(engine_tick(e, instant_at(150)));
	assert_int_equal(engine_stats(e).subjects, 0);
	assert_true(engine_tick(e, instant_at(1949)));
	assert_int_equal(engine_each_ban(e, &cursor)->ended, true);
	cursor = 0;
	assert_true(engine_tick(e, instant_at(1950)));
	assert_null(engine_each_ban(e, &cursor));
}

static void the_end_of_time_ends_all_but_permanent_bans(void **state)
{
	struct ruleset *r = quick_rules(2);
	CLEANUP(engine_freep) struct engine *e = NULL;
	const struct prefix p = rig_prefix("192.0.2.1/32");
	instant until;

	(void)state;
	r->jails[1].ladder[0] = DURATION_FOREVER;
	e = rig_start(r);
	rig_feed(e, "192.0.2.1", EVENT_RELAY_DENIED, 100);
	(void)rig_said(e);
	assert_true(engine_tick(e, INSTANT_NEVER));
	assert_string_equal(rig_said(e), "lift 1 a 192.0.2.1/32 1900 expired");
	assert_true(engine_wish(e, &p, 0, &until));
	assert_true(instant_is_never(until));
	assert_int_equal(engine_stats(e).subjects, 0);
}

static void the_wish_is_the_latest_end_and_the_cover_the_longest(void **state)
{
	struct ruleset *r = quick_rules(2);
	CLEANUP(engine_freep) struct engine *e = NULL;
	const struct prefix p = rig_prefix("192.0.2.1/32");
	instant until;

	(void)state;
	r->jails[1].ladder[0] = seconds(100);
	e = rig_start(r);
	rig_feed(e, "192.0.2.1", EVENT_RELAY_DENIED, 100);
	assert_true(engine_wish(e, &p, 0, &until));
	assert_int_equal(until.us, instant_at(1900).us);
	assert_false(engine_wish(e, &p, 1, &until));
	assert_int_equal(bans_covering(engine_bans(e), &p)->id, 1);
	assert_int_equal(engine_jail_stats(e, 0).bans, 1);
	assert_int_equal(engine_jail_stats(e, 1).bans, 1);
	assert_true(engine_tick(e, instant_at(1900)));
	assert_false(engine_wish(e, &p, 0, &until));
	assert_null(bans_covering(engine_bans(e), &p));
	assert_int_equal(engine_jail_stats(e, 1).bans, 0);
}

static void what_a_late_log_may_add_to_is_kept_so_long(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));

	(void)state;
	engine_set_lag(e, seconds(7200));
	rig_feed_many(e, "203.0.113.9", EVENT_RELAY_DENIED, 1000, 9);
	assert_true(engine_tick(e, instant_at(8200)));
	rig_feed(e, "203.0.113.9", EVENT_RELAY_DENIED, 1100);
	assert_string_equal(rig_said(e), "ban 1 a 203.0.113.9/32 1100-2900");
	assert_true(engine_tick(e, instant_at(9700)));
	assert_string_equal(rig_said(e), "lift 1 a 203.0.113.9/32 2900 expired");
	rig_feed(e, "203.0.113.9", EVENT_RELAY_DENIED, 2899);
	assert_string_equal(rig_said(e), "");
	assert_int_equal(engine_stats(e).subjects, 1);
	assert_true(engine_tick(e, instant_at(2899 + 3600 + 7200)));
	assert_int_equal(engine_stats(e).subjects, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_late_log_may_add_to_is_kept_so_long),
		cmocka_unit_test(a_ban_ends_before_the_event_that_comes_at_its_end),
		cmocka_unit_test(ends_come_in_order_of_time_then_id),
		cmocka_unit_test(shadows_end_without_a_word),
		cmocka_unit_test(a_tick_forgets_subjects_and_ended_entries),
		cmocka_unit_test(the_end_of_time_ends_all_but_permanent_bans),
		cmocka_unit_test(the_wish_is_the_latest_end_and_the_cover_the_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
