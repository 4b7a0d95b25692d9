/* SPDX-License-Identifier: MIT */
/* Ban, spared or observed, and what the kernel should hold then. */
#include "unit/engine/rig.h"

#define ADDR "203.0.113.9"

static bool wished(const struct engine *e, const char *prefix)
{
	const struct prefix p = rig_prefix(prefix);
	instant until;

	return engine_wish(e, &p, 0, &until);
}

static void what_is_on_never_block_is_spared(void **state)
{
	struct ruleset *r = rig_rules(1);
	CLEANUP(engine_freep) struct engine *e = NULL;
	char text[PREFIX_TEXT_MAX];
	struct batch batch;

	(void)state;
	netset_free(r->never_block);
	r->never_block = rig_set("203.0.113.0/24");
	r->jails[0].never_block = rig_set(ADDR "/32");
	r->jails[0].mode = JAIL_OBSERVE;
	r->observe = true;
	e = rig_start(r);
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 100, 12);
	batch = engine_take(e);
	assert_int_equal(batch.n_decisions, 1);
	assert_int_equal(batch.decisions[0].kind, DECISION_SPARED);
	assert_int_equal(batch.decisions[0].because, BECAUSE_NEVER_BLOCK);
	assert_string_equal(prefix_format(&batch.decisions[0].cover, text), "203.0.113.0/24");
	assert_false(wished(e, ADDR "/32"));
	assert_int_equal(engine_jail_stats(e, 0).spared, 1);
}

static void a_jail_has_exceptions_of_its_own(void **state)
{
	struct ruleset *r = rig_rules(2);
	CLEANUP(engine_freep) struct engine *e = NULL;

	(void)state;
	r->jails[0].never_block = rig_set("203.0.113.0/24");
	e = rig_start(r);
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 100, 10);
	assert_string_equal(rig_said(e), "spared 1 a 203.0.113.9/32 109-1909 jail-never-block; "
					 "ban 2 b 203.0.113.9/32 109-1909");
	assert_true(wished(e, ADDR "/32"));
}

static void a_jail_may_only_observe(void **state)
{
	struct ruleset *r = rig_rules(1);
	CLEANUP(engine_freep) struct engine *e = NULL;

	(void)state;
	r->jails[0].mode = JAIL_OBSERVE;
	r->observe = true;
	e = rig_start(r);
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 100, 12);
	assert_string_equal(rig_said(e), "observed 1 a 203.0.113.9/32 109-1909 jail-observes");
	assert_int_equal(engine_jail_stats(e, 0).observed, 1);
	assert_int_equal(engine_jail_stats(e, 0).bans, 0);
}

static void the_daemon_may_only_observe(void **state)
{
	struct ruleset *r = rig_rules(1);
	CLEANUP(engine_freep) struct engine *e = NULL;

	(void)state;
	r->observe = true;
	e = rig_start(r);
	assert_true(engine_observes(e));
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 100, 12);
	assert_string_equal(rig_said(e), "observed 1 a 203.0.113.9/32 109-1909 daemon-observes");
	assert_false(wished(e, ADDR "/32"));
}

static void shadows_follow_the_rule_of_bans(void **state)
{
	struct ruleset *r = rig_rules(1);
	CLEANUP(engine_freep) struct engine *e = NULL;

	(void)state;
	r->jails[0].mode = JAIL_OBSERVE;
	e = rig_start(r);
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 100, 12);
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 1907, 3);
	assert_string_equal(rig_said(e), "observed 1 a 203.0.113.9/32 109-1909 jail-observes; "
					 "observed 2 a 203.0.113.9/32 1909-3709 jail-observes");
}

static void a_full_table_drops_the_decision_and_it_comes_again(void **state)
{
	CLEANUP(engine_freep)
	struct engine *e =
		rig_start_with(rig_rules(1), (struct engine_limits){ .subjects = 10, .bans = 1 });
	const struct prefix p = rig_prefix("203.0.113.10/32");

	(void)state;
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 100, 10);
	(void)rig_said(e);
	rig_feed_many(e, "203.0.113.10", EVENT_RELAY_DENIED, 100, 11);
	assert_string_equal(rig_said(e), "");
	assert_int_equal(engine_stats(e).no_room, 2);
	assert_int_equal(engine_blocks_30d(e, &p, instant_at(200)), 0);
	assert_true(engine_tick(e, instant_at(5600)));
	rig_feed_many(e, "203.0.113.10", EVENT_RELAY_DENIED, 5600, 10);
	assert_string_equal(rig_said(e), "lift 1 a 203.0.113.9/32 1909 expired; "
					 "ban 2 a 203.0.113.10/32 5609-7409");
}

static void the_crowd_pushes_out_the_lowest_score(void **state)
{
	CLEANUP(engine_freep)
	struct engine *e =
		rig_start_with(rig_rules(1), (struct engine_limits){ .subjects = 3, .bans = 10 });

	(void)state;
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 100, 9);
	for (int i = 1; i < 100; i++) {
		char other[ADDR_TEXT_MAX];

		(void)snprintf(other, sizeof(other), "198.51.100.%d", i);
		rig_feed(e, other, EVENT_RELAY_DENIED, 200 + i);
	}
	assert_int_equal(engine_stats(e).evicted, 97);
	assert_int_equal(engine_stats(e).subjects, 3);
	rig_feed(e, ADDR, EVENT_RELAY_DENIED, 300);
	assert_string_equal(rig_said(e), "ban 1 a 203.0.113.9/32 300-2100");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_on_never_block_is_spared),
		cmocka_unit_test(a_jail_has_exceptions_of_its_own),
		cmocka_unit_test(a_jail_may_only_observe),
		cmocka_unit_test(the_daemon_may_only_observe),
		cmocka_unit_test(shadows_follow_the_rule_of_bans),
		cmocka_unit_test(a_full_table_drops_the_decision_and_it_comes_again),
		cmocka_unit_test(the_crowd_pushes_out_the_lowest_score),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
