/* SPDX-License-Identifier: MIT */
/* Bans of all kinds over restarts, and questions about them. */
#include "unit/output/world.h"

static bool first_ban(void *arg, const struct stored_ban *ban)
{
	struct stored_ban *out = arg;

	*out = *ban;
	return false;
}

static void a_ban_by_hand_keeps_who_and_why(void **state)
{
	static const struct {
		const char *prefix;
		instant until;
		enum ban_action action;
	} cases[] = {
		{ "192.0.2.0/25", { .us = INT64_MAX }, ACTION_BLACKLIST },
		{ "2001:db8::/48", { .us = INT64_C(4000000000) * 1000000 }, ACTION_BLOCK },
		{ "0.0.0.0/0", { .us = INT64_MAX }, ACTION_BLACKLIST },
		{ "::/0", { .us = INT64_MAX }, ACTION_BLACKLIST },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct ban *ban;

		world_order(w, (struct order){ .kind = ORDER_BAN,
					       .prefix = rig_prefix(cases[i].prefix),
					       .until = cases[i].until,
					       .by = STR("root"),
					       .reason = STR("caf\xe9 \x1b[0m") });
		world_restart(w);
		ban = world_ban(w, JAIL_BY_HAND, cases[i].prefix);
		assert_non_null(ban);
		assert_string_equal(ban->by, "root");
		assert_string_equal(ban->reason, "caf\xe9 \x1b[0m");
		assert_int_equal(ban->until.us, cases[i].until.us);
		assert_int_equal(ban->action, cases[i].action);
		assert_int_equal(ban->id, i + 1);
	}
}

static void a_renewed_ban_by_hand_ends_the_old_row(void **state)
{
	struct world *w = *state;
	struct order order = { .kind = ORDER_BAN,
			       .prefix = rig_prefix("192.0.2.1/32"),
			       .until = instant_at(w->now + 60) };

	world_order(w, order);
	order.until = INSTANT_NEVER;
	world_order(w, order);
	assert_bans(w, NULL, "2 1!");
	world_restart(w);
	assert_int_equal(world_ban(w, JAIL_BY_HAND, "192.0.2.1/32")->id, 2);
	world_order(w, (struct order){ .kind = ORDER_UNBAN,
				       .prefix = order.prefix,
				       .jail = ORDER_ANY_JAIL });
	assert_bans(w, NULL, "2! 1!");
	world_restart(w);
	assert_null(world_ban(w, JAIL_BY_HAND, "192.0.2.1/32"));
}

static void a_observes(struct ruleset *r)
{
	r->jails[0].mode = JAIL_OBSERVE;
}

static void what_was_only_observed_stays_so_and_ends_by_itself(void **state)
{
	struct world *w = *state;

	world_stop(w);
	w->rules = a_observes;
	world_start(w);
	world_attack(w, "192.0.2.1", -60, 10);
	world_restart(w);
	assert_int_equal(world_ban(w, 0, "192.0.2.1/32")->kind, DECISION_OBSERVED);
	assert_int_equal(world_ban(w, 1, "192.0.2.1/32")->kind, DECISION_BAN);
	world_attack(w, "192.0.2.1", -10, 3);
	assert_bans(w, NULL, "2 1");
	w->now += 3600;
	world_restart(w);
	assert_true(engine_tick(w->engine, instant_at(w->now)));
	assert_null(world_ban(w, 0, "192.0.2.1/32"));
}

static void an_unban_ends_what_was_only_observed(void **state)
{
	struct world *w = *state;
	struct prefix p = rig_prefix("192.0.2.0/24");

	world_stop(w);
	w->rules = a_observes;
	world_start(w);
	world_attack(w, "192.0.2.1", -60, 10);
	world_attack(w, "198.51.100.1", -60, 10);
	world_order(w, (struct order){ .kind = ORDER_UNBAN, .prefix = p, .jail = ORDER_ANY_JAIL });
	assert_int_equal(store_ignore(w->store, &(struct ignored){ .prefix = p }), 0);
	assert_bans(w, NULL, "4 3 2! 1!");
	world_restart(w);
	assert_null(world_ban(w, 0, "192.0.2.1/32"));
	assert_non_null(world_ban(w, 0, "198.51.100.1/32"));
}

static void a_ban_that_ended_while_we_slept_ends_with_its_reason(void **state)
{
	struct world *w = *state;
	struct stored_ban ban = { 0 };

	world_attack(w, "192.0.2.1", -3000, 10);
	world_restart(w);
	assert_non_null(world_ban(w, 0, "192.0.2.1/32"));
	assert_true(engine_tick(w->engine, instant_at(w->now)));
	assert_int_equal(world_apply(w), 0);
	assert_bans(w, NULL, "2! 1!");
	assert_int_equal(store_bans(w->store, NULL, 0, 1, first_ban, &ban), 0);
	assert_int_equal(ban.ended_because, BECAUSE_EXPIRED);
	world_restart(w);
	assert_null(world_ban(w, 0, "192.0.2.1/32"));
}

static void episodes_count_after_a_restart_for_thirty_days(void **state)
{
	struct world *w = *state;
	struct prefix p = rig_prefix("192.0.2.1/32");

	for (int day = 40; day > 0; day -= 10) {
		world_attack(w, "192.0.2.1", -86400 * day + 60, 10);
		assert_true(engine_tick(w->engine, instant_at(w->now - 86400 * day + 7200)));
		assert_int_equal(world_apply(w), 0);
	}
	world_restart(w);
	assert_int_equal(engine_blocks_30d(w->engine, &p, instant_at(w->now)), 3);
	/* Those before are left in the database. */
	assert_bans(w, NULL, "8! 7! 6! 5! 4! 3! 2! 1!");
}

static void five_seconds_and_b_at_once_only(struct ruleset *r)
{
	r->jails[0].ladder[0] = r->jails[1].ladder[0] = seconds(5);
	r->jails[1].threshold = 1000000;
}

static void what_came_late_is_in_the_episode_that_it_joined(void **state)
{
	struct world *w = *state;
	struct prefix p = rig_prefix("192.0.2.1/32");

	world_stop(w);
	w->rules = five_seconds_and_b_at_once_only;
	world_start(w);
	world_attack(w, "192.0.2.1", -60, 10);
	rig_feed(w->engine, "192.0.2.1", EVENT_IDS_VERDICT, w->now - 100);
	assert_int_equal(world_apply(w), 0);
	assert_int_equal(engine_blocks_30d(w->engine, &p, instant_at(w->now)), 1);
	world_restart(w);
	assert_int_equal(engine_blocks_30d(w->engine, &p, instant_at(w->now)), 1);
}

static void a_clears(struct ruleset *r)
{
	r->jails[0].after_ban = AFTER_BAN_CLEAR;
	r->jails[0].ladder[0] = seconds(5);
}

static void what_was_forgotten_at_a_ban_stays_forgotten(void **state)
{
	struct world *w = *state;

	world_stop(w);
	w->rules = a_clears;
	world_start(w);
	world_attack(w, "192.0.2.1", -60, 9);
	world_attack(w, "192.0.2.1", -100, 1); /* late: the ban is over before the others came */
	world_attack(w, "192.0.2.1", -40, 1);
	assert_bans(w, NULL, "2 1!");
	assert_int_equal(world_score(w, "192.0.2.1/32"), 100);
	world_restart(w);
	assert_int_equal(world_score(w, "192.0.2.1/32"), 100);
}

/* ---- rules that changed ---- */

static void without_b(struct ruleset *r)
{
	r->n_jails = 1;
	((struct route *)(uintptr_t)r->sources[0].routes)->n_jails = 1;
}

static void bans_of_a_jail_that_is_gone_are_left_out_and_counted(void **state)
{
	struct world *w = *state;

	world_attack(w, "192.0.2.1", -3000, 10); /* over by itself */
	world_attack(w, "192.0.2.2", -60, 10);
	w->rules = without_b;
	world_restart(w);
	assert_int_equal(w->dropped, 1);
	assert_non_null(world_ban(w, 0, "192.0.2.2/32"));
	/* and their ids are not given again */
	world_attack(w, "192.0.2.3", -10, 10);
	assert_int_equal(world_ban(w, 0, "192.0.2.3/32")->id, 5);
}

static void a_has_mail(struct ruleset *r)
{
	r->jails[0].scope = 1;
}

static void without_mail(struct ruleset *r)
{
	r->n_scopes = 1;
}

static void a_ban_takes_the_ports_that_its_jail_has_now(void **state)
{
	struct world *w = *state;
	struct prefix p = rig_prefix("192.0.2.1/32");

	world_attack(w, "192.0.2.1", -60, 10);
	w->rules = a_has_mail;
	world_restart(w);
	assert_null(engine_find_ban(w->engine, 0, &p, SCOPE_ALL));
	assert_non_null(engine_find_ban(w->engine, 0, &p, 1));
	assert_int_equal(w->dropped, 0);
	assert_int_equal(w->moved, 1);
}

static void a_ban_by_hand_of_ports_that_are_gone_is_not_one_of_all_ports(void **state)
{
	struct world *w = *state;

	world_order(w, (struct order){ .kind = ORDER_BAN,
				       .prefix = rig_prefix("192.0.2.1/32"),
				       .scope = 1,
				       .until = INSTANT_NEVER });
	world_restart(w);
	assert_int_equal(w->dropped, 0);
	w->rules = without_mail;
	world_restart(w);
	assert_int_equal(w->dropped, 1);
	assert_null(world_ban(w, JAIL_BY_HAND, "192.0.2.1/32"));
}

static void a_ban_by_hand_makes_its_ports_again(void **state)
{
	struct world *w = *state;
	struct prefix p = rig_prefix("192.0.2.1/32"), old = rig_prefix("192.0.2.2/32");
	uint16_t scope = 0;

	assert_int_equal(world_scope(w, STR("25"), &scope), 1);
	assert_int_equal(scope, 2);
	world_order(w, (struct order){ .kind = ORDER_BAN,
				       .prefix = p,
				       .scope = scope,
				       .until = INSTANT_NEVER });
	w->rules = without_mail;
	world_restart(w);
	assert_int_equal(w->dropped, 0);
	assert_int_equal(w->moved, 0);
	assert_non_null(engine_find_ban(w->engine, JAIL_BY_HAND, &p, 1));
	world_order(w, (struct order){ .kind = ORDER_UNBAN, .prefix = p, .jail = ORDER_ANY_JAIL });
	world_order(w, (struct order){ .kind = ORDER_BAN,
				       .prefix = old,
				       .scope = 1,
				       .until = instant_at(w->now + 60) });
	w->now += 3600;
	world_restart(w);
	assert_int_equal(engine_ruleset(w->engine)->n_scopes, 1);
}

static void a_clock_set_back_makes_no_ban_longer(void **state)
{
	struct world *w = *state;

	world_attack(w, "192.0.2.1", -60, 10);
	w->now -= 86400;
	world_restart(w);
	assert_int_equal(world_ban(w, 0, "192.0.2.1/32")->until.us, instant_at(w->now + 1800).us);
}

/* ---- questions ---- */

static void ban_by_hand(struct world *w, const struct prefix *p)
{
	world_order(w, (struct order){ .kind = ORDER_BAN,
				       .prefix = *p,
				       .until = instant_at(w->now + 3600) });
}

static void a_question_about_a_prefix_finds_what_is_inside_and_around(void **state)
{
	static const char *const bans[] = { "192.0.2.1/32",   "192.0.2.0/24", "192.0.0.0/16",
					    "0.0.0.0/0",      "192.0.3.0/24", "2001:db8::/32",
					    "2001:db8::/64",  "::/0",         "c000:201::/32",
					    "192.0.2.128/25", "192.0.2.2/32" };
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bans); i++) {
		struct prefix p = rig_prefix(bans[i]);

		ban_by_hand(w, &p);
	}
	assert_bans(w, "192.0.2.1/32", "4 3 2 1");
	assert_bans(w, "192.0.2.0/24", "11 10 4 3 2 1");
	assert_bans(w, "192.0.2.128/26", "10 4 3 2");
	assert_bans(w, "0.0.0.0/0", "11 10 5 4 3 2 1");
	assert_bans(w, "2001:db8::/64", "8 7 6");
	assert_bans(w, "2001:db8::/33", "8 7 6");
	assert_bans(w, "::/0", "9 8 7 6");
	assert_bans(w, "198.51.100.1/32", "4");
	assert_bans(w, NULL, "11 10 9 8 7 6 5 4 3 2 1");
}

/* Bans elsewhere do not take the places of those that were asked for. */
static void the_limit_is_for_what_fits(void **state)
{
	struct world *w = *state;
	struct prefix subject = rig_prefix("2001:db8::/64"), p;
	struct ids ids = { 0 };

	ban_by_hand(w, &subject);
	for (unsigned i = 0; i < 30; i++) {
		p = rig_prefix("10.0.0.0/24");
		p.addr.bytes[2] = (uint8_t)i;
		ban_by_hand(w, &p);
	}
	assert_int_equal(store_bans(w->store, &subject, 0, 10, ids_ban, &ids), 0);
	assert_string_equal(buf_text(&ids.text), "1");
	ids_done(&ids);
	ids = (struct ids){ 0 };
	p = rig_prefix("10.0.0.0/16");
	assert_int_equal(store_bans(w->store, &p, 12, 3, ids_ban, &ids), 0);
	assert_string_equal(buf_text(&ids.text), "11 10 9");
	ids_done(&ids);
}

static uint64_t roll(uint64_t *dice)
{
	*dice = *dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *dice >> 33;
}

static struct prefix random_prefix(uint64_t *dice)
{
	struct addr a = { .family = roll(dice) % 2 ? 4 : 6 };

	for (int i = 0; i < (a.family == 4 ? 4 : 16); i++) {
		a.bytes[i] = (uint8_t)(roll(dice) % 3 ? 0 : roll(dice) % 4 << roll(dice) % 8);
	}
	return prefix_of(&a, (uint8_t)(roll(dice) % (a.family == 4 ? 33 : 65)));
}

static void answers_are_those_of_asking_every_row(void **state)
{
	enum { BANS = 150 };

	struct world *w = *state;
	struct prefix bans[BANS + 1];
	size_t n = 0;
	uint64_t dice = 7;

	while (n < BANS) {
		struct prefix p = random_prefix(&dice);
		bool known = false;

		for (size_t i = 1; i <= n; i++) {
			known = known || prefix_eq(&bans[i], &p);
		}
		if (!known) {
			ban_by_hand(w, &p);
			bans[++n] = p;
		}
	}
	for (size_t i = 0; i < 300; i++) {
		CLEANUP(buf_done) struct buf expected = { 0 };
		CLEANUP(ids_done) struct ids ids = { 0 };
		struct prefix p = random_prefix(&dice);

		for (size_t id = n; id > 0; id--) {
			if (prefix_overlaps(&bans[id], &p)) {
				buf_printf(&expected, "%s%zu", expected.n ? " " : "", id);
			}
		}
		assert_int_equal(store_bans(w->store, &p, 0, 1000, ids_ban, &ids), 0);
		assert_string_equal(buf_text(&ids.text), buf_text(&expected));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_ban_by_hand_keeps_who_and_why),
		IN_WORLD(a_renewed_ban_by_hand_ends_the_old_row),
		IN_WORLD(what_was_only_observed_stays_so_and_ends_by_itself),
		IN_WORLD(an_unban_ends_what_was_only_observed),
		IN_WORLD(a_ban_that_ended_while_we_slept_ends_with_its_reason),
		IN_WORLD(episodes_count_after_a_restart_for_thirty_days),
		IN_WORLD(what_was_forgotten_at_a_ban_stays_forgotten),
		IN_WORLD(what_came_late_is_in_the_episode_that_it_joined),
		IN_WORLD(bans_of_a_jail_that_is_gone_are_left_out_and_counted),
		IN_WORLD(a_ban_takes_the_ports_that_its_jail_has_now),
		IN_WORLD(a_ban_by_hand_of_ports_that_are_gone_is_not_one_of_all_ports),
		IN_WORLD(a_ban_by_hand_makes_its_ports_again),
		IN_WORLD(a_clock_set_back_makes_no_ban_longer),
		IN_WORLD(a_question_about_a_prefix_finds_what_is_inside_and_around),
		IN_WORLD(the_limit_is_for_what_fits),
		IN_WORLD(answers_are_those_of_asking_every_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
