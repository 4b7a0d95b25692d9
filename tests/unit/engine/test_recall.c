/* SPDX-License-Identifier: MIT */
/* A new engine that was told what the old one knew goes on as the old one would have. */
#include <errno.h>

#include "unit/engine/rig.h"

#define ADDR "203.0.113.9"

static void recall(struct engine *e, uint64_t id, uint16_t type, int64_t time)
{
	const struct event event = rig_event(ADDR, type, time);

	engine_recall_event(e, id, &event, NULL);
}

static struct ban ban_of(uint64_t id, int64_t since, int64_t until)
{
	return (struct ban){
		.id = id,
		.kind = DECISION_BAN,
		.prefix = rig_prefix(ADDR "/32"),
		.since = instant_at(since),
		.until = instant_at(until),
	};
}

static void events_of_before_fill_the_windows_and_decide_nothing(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	struct batch batch;

	(void)state;
	for (uint64_t i = 0; i < 30; i++) {
		recall(e, 100 + i, EVENT_AUTH_FAILURE, 1000 + (int64_t)i);
	}
	batch = engine_take(e);
	assert_int_equal(batch.n_events + batch.n_decisions, 0);
	rig_feed(e, ADDR, EVENT_AUTH_FAILURE, 1030);
	batch = engine_take(e);
	assert_int_equal(batch.n_decisions, 1);
	assert_int_equal(batch.events[0].id, 130);
	assert_int_equal(batch.decisions[0].evidence[0].event, 111);
}

static void bans_come_back_with_their_episodes_and_ids(void **state)
{
	struct ruleset *r = rig_rules(1);
	CLEANUP(engine_freep) struct engine *e = NULL;
	struct ban old = ban_of(5, 100, 200), running = ban_of(7, 1000, 2800);
	const struct prefix p = rig_prefix(ADDR "/32");

	(void)state;
	r->jails[0].ladder[1] = seconds(1);
	r->jails[0].ladder[2] = seconds(2);
	r->jails[0].steps = 3;
	e = rig_start(r);
	old.ended = true;
	assert_int_equal(engine_recall_ban(e, &old), 0);
	assert_int_equal(engine_recall_ban(e, &running), 0);
	assert_int_equal(engine_take(e).n_decisions, 0);
	assert_int_equal(engine_blocks_30d(e, &p, instant_at(1000)), 2);
	assert_int_equal(engine_deadline(e).us, instant_at(2800).us);
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 2000, 10);
	assert_string_equal(rig_said(e), "");
	rig_feed(e, ADDR, EVENT_RELAY_DENIED, 3000);
	assert_string_equal(rig_said(e), "lift 7 a 203.0.113.9/32 2800 expired; "
					 "ban 8 a 203.0.113.9/32 3000-3002");
}

static void a_jail_that_clears_forgets_what_led_to_the_ban(void **state)
{
	struct ruleset *r = rig_rules(1);
	CLEANUP(engine_freep) struct engine *e = NULL;
	struct ban ended = ban_of(1, 119, 1919);

	(void)state;
	r->jails[0].after_ban = AFTER_BAN_CLEAR;
	e = rig_start(r);
	ended.ended = true;
	assert_int_equal(engine_recall_ban(e, &ended), 0);
	for (uint64_t i = 0; i < 20; i++) {
		recall(e, 1 + i, EVENT_AUTH_FAILURE, 100 + (int64_t)i);
	}
	recall(e, 21, EVENT_AUTH_FAILURE, 1918);
	assert_int_equal(engine_stats(e).subjects, 0);
	recall(e, 22, EVENT_AUTH_FAILURE, 1919);
	rig_feed_many(e, ADDR, EVENT_AUTH_FAILURE, 1920, 18);
	assert_string_equal(rig_said(e), "");
	rig_feed(e, ADDR, EVENT_AUTH_FAILURE, 1940);
	assert_string_equal(rig_said(e), "ban 2 a 203.0.113.9/32 1940-3740");
}

static void ids_go_on_after_the_highest(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	struct batch batch;

	(void)state;
	engine_recall_ids(e, 500, 60);
	recall(e, 400, EVENT_AUTH_FAILURE, 1000);
	engine_recall_ids(e, 3, 2);
	rig_feed(e, ADDR, EVENT_IDS_VERDICT, 1001);
	batch = engine_take(e);
	assert_int_equal(batch.events[0].id, 501);
	assert_int_equal(batch.decisions[0].ban, 61);
}

static void what_cannot_be_is_refused(void **state)
{
	CLEANUP(engine_freep)
	struct engine *e =
		rig_start_with(rig_rules(1), (struct engine_limits){ .subjects = 10, .bans = 1 });
	struct ban ban = ban_of(1, 100, 200);

	(void)state;
	ban.jail = 1;
	assert_int_equal(engine_recall_ban(e, &ban), -EINVAL);
	ban.jail = JAIL_BY_HAND;
	ban.kind = DECISION_LIFT;
	assert_int_equal(engine_recall_ban(e, &ban), -EINVAL);
	ban.kind = DECISION_BAN;
}

static void what_there_is_no_room_for_is_left_out_and_counted(void **state)
{
	CLEANUP(engine_freep)
	struct engine *e =
		rig_start_with(rig_rules(1), (struct engine_limits){ .subjects = 10, .bans = 1 });
	struct ban first = ban_of(1, 100, 2000), second = ban_of(2, 150, 3000);

	(void)state;
	first.jail = JAIL_BY_HAND;
	first.by = "uid 0 (root)";
	assert_int_equal(engine_recall_ban(e, &first), 0);
	second.ended = true;
	assert_int_equal(engine_recall_ban(e, &second), 0);
	assert_int_equal(engine_stats(e).no_room, 0);
	second.ended = false;
	assert_int_equal(engine_recall_ban(e, &second), 0);
	assert_int_equal(engine_stats(e).no_room, 1);
	assert_null(engine_find_ban(e, 0, &second.prefix, second.scope));
	assert_non_null(engine_find_ban(e, JAIL_BY_HAND, &first.prefix, first.scope));
}

/* The window of the first is over when the second begins. */
static void what_is_over_makes_room_for_what_runs(void **state)
{
	CLEANUP(engine_freep)
	struct engine *e =
		rig_start_with(rig_rules(1), (struct engine_limits){ .subjects = 10, .bans = 1 });
	struct ban first = ban_of(1, 100, 2000), second = ban_of(2, 2000 + 86400, 200000);

	(void)state;
	first.ended = true;
	first.prefix = rig_prefix("198.51.100.0/24");
	assert_int_equal(engine_recall_ban(e, &first), 0);
	assert_int_equal(engine_recall_ban(e, &second), 0);
	assert_int_equal(engine_stats(e).no_room, 0);
	assert_non_null(engine_find_ban(e, 0, &second.prefix, second.scope));
}

/* Bans come in the place of the list, addresses that are learnt behind it. */
static void a_ban_that_is_on_the_list_is_lifted_when_something_is_learnt(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	const struct ban ban = ban_of(1, 100, 2000);
	const struct prefix wide = prefix_of(&ban.prefix.addr, 24),
			    other = rig_prefix("192.0.2.1/32");
	const struct never_entry entry = never_entry_of(NEVER_BY_HAND, &wide),
				 own = never_entry_of(NEVER_OWN, &other);

	(void)state;
	assert_int_equal(engine_learn(e, NEVER_BY_HAND, &entry, 1), 0);
	assert_int_equal(engine_recall_ban(e, &ban), 0);
	assert_int_equal(engine_learn(e, NEVER_OWN, &own, 1), 0);
	assert_int_equal(engine_take(e).n_decisions, 1);
	assert_null(engine_find_ban(e, 0, &ban.prefix, ban.scope));
}

/* Half a history by the old engine, its events and bans told to a new one, the other half by both.
 */
static void the_new_engine_decides_as_the_old_one(void **state)
{
	CLEANUP(engine_freep) struct engine *old = rig_start(rig_rules(2));
	CLEANUP(engine_freep) struct engine *new = rig_start(rig_rules(2));
	static const char *const hosts[] = { ADDR, "198.51.100.1", "192.0.2.1" };
	char said[RIG_SAID];
	const struct ban *ban;
	uint32_t cursor = 0;

	(void)state;
	for (int i = 0; i < 40; i++) {
		rig_feed(old, hosts[i % 3], (i % 3) == 0 ? EVENT_RELAY_DENIED : EVENT_AUTH_FAILURE,
			 100 + i);
	}
	while ((ban = engine_each_ban(old, &cursor))) {
		assert_int_equal(engine_recall_ban(new, ban), 0);
	}
	for (int i = 0; i < 40; i++) {
		const struct event event =
			rig_event(hosts[i % 3],
				  (i % 3) == 0 ? EVENT_RELAY_DENIED : EVENT_AUTH_FAILURE, 100 + i);

		engine_recall_event(new, (uint64_t)i + 1, &event, NULL);
	}
	(void)rig_said(old);
	for (int i = 0; i < 100; i++) {
		rig_feed(old, hosts[i % 3], EVENT_AUTH_FAILURE, 1000 + 20 * i);
		rig_feed(new, hosts[i % 3], EVENT_AUTH_FAILURE, 1000 + 20 * i);
	}
	(void)snprintf(said, sizeof(said), "%s", rig_said(old));
	assert_true(strlen(said) > 200);
	assert_string_equal(rig_said(new), said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_of_before_fill_the_windows_and_decide_nothing),
		cmocka_unit_test(bans_come_back_with_their_episodes_and_ids),
		cmocka_unit_test(a_jail_that_clears_forgets_what_led_to_the_ban),
		cmocka_unit_test(ids_go_on_after_the_highest),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(what_there_is_no_room_for_is_left_out_and_counted),
		cmocka_unit_test(what_is_over_makes_room_for_what_runs),
		cmocka_unit_test(a_ban_that_is_on_the_list_is_lifted_when_something_is_learnt),
		cmocka_unit_test(the_new_engine_decides_as_the_old_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
