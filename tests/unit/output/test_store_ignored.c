/* SPDX-License-Identifier: MIT */
/* What an unban made forgotten stays forgotten. */
#include "unit/output/world.h"

static void an_unban_is_remembered(void **state)
{
	struct world *w = *state;
	struct prefix p = rig_prefix("192.0.2.0/24");

	world_attack(w, "192.0.2.1", -60, 10);
	world_attack(w, "198.51.100.1", -50, 2);
	world_order(w, (struct order){ .kind = ORDER_UNBAN, .prefix = p, .jail = ORDER_ANY_JAIL });
	assert_int_equal(store_ignore(w->store, &(struct ignored){ .prefix = p }), 0);
	world_attack(w, "192.0.2.1", -5, 3);
	for (int i = 0; i < 2; i++) {
		assert_null(world_ban(w, 0, "192.0.2.1/32"));
		assert_int_equal(world_score(w, "192.0.2.1/32"), 300);
		assert_int_equal(world_score(w, "198.51.100.1/32"), 200);
		assert_events(w, NULL, "15 14 13 12 11 10! 9! 8! 7! 6! 5! 4! 3! 2! 1!");
		world_restart(w);
	}
	assert_bans(w, NULL, "2! 1!");
}

static void an_unban_of_an_ipv4_address_means_those_that_carry_it(void **state)
{
	struct world *w = *state;
	struct prefix p = rig_prefix("192.0.2.1/32"), other = rig_prefix("192.0.2.2/32");

	world_attack(w, "64:ff9b::192.0.2.1", -60, 1);
	world_attack(w, "192.0.2.1", -50, 1);
	world_attack(w, "2001:db8::1", -40, 1);
	assert_events(w, "192.0.2.1/32", "2 1");
	assert_int_equal(store_ignore(w->store, &(struct ignored){ .prefix = other }), 0);
	assert_events(w, NULL, "3 2 1");
	assert_int_equal(store_ignore(w->store, &(struct ignored){ .prefix = p }), 0);
	assert_events(w, NULL, "3 2! 1!");
}

static void everything_can_be_ignored(void **state)
{
	static const struct prefix all[] = { { .addr.family = 4 }, { .addr.family = 6 } };
	struct world *w = *state;

	world_attack(w, "192.0.2.1", -60, 1);
	world_attack(w, "2001:db8::1", -40, 1);
	assert_int_equal(store_ignore(w->store, &(struct ignored){ .prefix = all[0] }), 0);
	assert_events(w, NULL, "2 1!");
	assert_int_equal(store_ignore(w->store, &(struct ignored){ .prefix = all[1] }), 0);
	world_restart(w);
	assert_events(w, NULL, "2! 1!");
}

static void an_unban_in_one_jail_leaves_the_scores_of_the_others(void **state)
{
	struct world *w = *state;
	const struct ignored ignored = { .prefix = rig_prefix("192.0.2.0/24"), .jail = STR("a") };

	world_attack(w, "192.0.2.1", -60, 9);
	world_attack(w, "198.51.100.1", -50, 2);
	world_order(w, (struct order){ .kind = ORDER_UNBAN, .prefix = ignored.prefix, .jail = 0 });
	assert_int_equal(store_ignore(w->store, &ignored), 0);
	assert_int_equal(store_ignore(w->store, &ignored), 0);
	world_attack(w, "192.0.2.1", -5, 3);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(world_score_in(w, 0, "192.0.2.1/32"), 300);
		assert_int_equal(world_score_in(w, 1, "192.0.2.1/32"), 1200);
		assert_int_equal(world_score_in(w, 0, "198.51.100.1/32"), 200);
		assert_events(w, NULL, "14 13 12 11 10 9 8 7 6 5 4 3 2 1");
		world_restart(w);
	}
	assert_int_equal(store_ignore(w->store, &(struct ignored){ .prefix = ignored.prefix }), 0);
	world_restart(w);
	assert_int_equal(world_score_in(w, 1, "192.0.2.1/32"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(an_unban_is_remembered),
		IN_WORLD(an_unban_of_an_ipv4_address_means_those_that_carry_it),
		IN_WORLD(everything_can_be_ignored),
		IN_WORLD(an_unban_in_one_jail_leaves_the_scores_of_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
