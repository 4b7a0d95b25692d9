/* SPDX-License-Identifier: MIT */
/* What a person says, and what becomes of it. */
#include <errno.h>

#include "unit/engine/rig.h"

#define ADDR "203.0.113.9"

static struct order order_of(enum order_kind kind, const char *prefix, int64_t time, int64_t until)
{
	return (struct order){
		.kind = kind,
		.time = instant_at(time),
		.prefix = rig_prefix(prefix),
		.until = instant_at(until),
		.jail = ORDER_ANY_JAIL,
		.by = STR("uid 1000 (ada)"),
		.reason = STR("scanner"),
	};
}

static struct order_result give(struct engine *e, const struct order *order)
{
	struct order_result result;

	(void)engine_take(e);
	assert_int_equal(engine_order(e, order, &result), 0);
	return result;
}

static struct order_result ban(struct engine *e, const char *prefix, int64_t time, int64_t until)
{
	const struct order order = order_of(ORDER_BAN, prefix, time, until);

	return give(e, &order);
}

static struct order_result unban(struct engine *e, const char *prefix, int64_t time)
{
	const struct order order = order_of(ORDER_UNBAN, prefix, time, 0);

	return give(e, &order);
}

static void a_ban_by_hand_says_who_and_why(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	const struct prefix p = rig_prefix(ADDR "/32");
	struct order order = order_of(ORDER_BAN, ADDR "/32", 100, 200);
	char by[] = "uid 1000 (ada)";
	struct order_result result;
	struct batch batch;

	(void)state;
	order.by = str_of(by);
	result = give(e, &order);
	memset(by, 'x', sizeof(by) - 1);
	assert_int_equal(result.made, 1);
	assert_false(result.known);
	batch = engine_take(e);
	assert_int_equal(batch.n_decisions, 1);
	assert_int_equal(batch.decisions[0].jail, JAIL_BY_HAND);
	assert_int_equal(batch.decisions[0].type, NAMES_NONE);
	assert_true(str_eq(batch.decisions[0].by, STR("uid 1000 (ada)")));
	assert_true(str_eq(batch.decisions[0].reason, STR("scanner")));
	assert_string_equal(engine_find_ban(e, JAIL_BY_HAND, &p, 0)->by, "uid 1000 (ada)");
	assert_int_equal(engine_blocks_30d(e, &p, instant_at(100)), 1);
	assert_int_equal(engine_jail_stats(e, JAIL_BY_HAND).bans, 1);
}

static void texts_are_cut_and_may_be_empty(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	const struct prefix p = rig_prefix(ADDR "/32");
	struct order order = order_of(ORDER_BAN, ADDR "/32", 100, 200);
	char text[1000];
	struct batch batch;

	(void)state;
	memset(text, 'y', sizeof(text));
	order.by = STR_NONE;
	order.reason = (struct str){ .p = text, .n = sizeof(text) };
	give(e, &order);
	batch = engine_take(e);
	assert_int_equal(batch.decisions[0].reason.n, ORDER_TEXT_MAX);
	assert_int_equal(batch.decisions[0].by.n, 0);
	assert_null(engine_find_ban(e, JAIL_BY_HAND, &p, 0)->by);
	assert_int_equal(strlen(engine_find_ban(e, JAIL_BY_HAND, &p, 0)->reason), ORDER_TEXT_MAX);
}

static void a_longer_ban_takes_the_place_of_the_shorter(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	struct order_result result;

	(void)state;
	ban(e, ADDR "/32", 100, 200);
	(void)rig_said(e);
	result = ban(e, ADDR "/32", 110, 200);
	assert_true(result.known && result.made == 0);
	assert_string_equal(rig_said(e), "");
	result = ban(e, ADDR "/32", 120, 300);
	assert_true(result.known && result.made == 1);
	assert_string_equal(rig_said(e), "lift 1 by hand 203.0.113.9/32 120 replaced; "
					 "ban 2 by hand 203.0.113.9/32 120-300");
	/* Over, but nobody has said so yet. */
	result = ban(e, ADDR "/32", 300, 400);
	assert_true(!result.known && result.made == 1);
	assert_string_equal(rig_said(e), "lift 2 by hand 203.0.113.9/32 300 expired; "
					 "ban 3 by hand 203.0.113.9/32 300-400");
}

static void a_ban_without_end_is_a_blacklist_entry(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	struct order order = order_of(ORDER_BAN, "203.0.113.0/24", 100, 0);
	const struct prefix inside = rig_prefix(ADDR "/32");
	struct batch batch;

	(void)state;
	order.until = INSTANT_NEVER;
	give(e, &order);
	batch = engine_take(e);
	assert_int_equal(batch.decisions[0].action, ACTION_BLACKLIST);
	assert_int_equal(bans_covering(engine_bans(e), &inside)->id, 1);
}

static void never_block_wins(void **state)
{
	struct ruleset *r = rig_rules(1);
	CLEANUP(engine_freep) struct engine *e = NULL;
	struct order_result result;

	(void)state;
	netset_free(r->never_block);
	r->never_block = rig_set("203.0.113.0/24");
	e = rig_start(r);
	result = ban(e, ADDR "/32", 100, 200);
	assert_true(result.never_block);
	assert_int_equal(result.made, 0);
	assert_int_equal(result.cover.len, 24);
	/* A network with such addresses in it is banned without them. */
	assert_int_equal(ban(e, "203.0.0.0/16", 100, 200).made, 1);
}

static void nothing_smaller_than_a_host_is_banned(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));

	(void)state;
	ban(e, "2001:db8::1/128", 100, 200);
	assert_string_equal(rig_said(e), "ban 1 by hand 2001:db8::/64 100-200");
	assert_int_equal(unban(e, "2001:db8::2/128", 110).lifted, 1);
}

static void an_unknown_scope_is_refused(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	struct order order = order_of(ORDER_BAN, ADDR "/32", 100, 200);
	struct order_result result;

	(void)state;
	order.scope = 1;
	assert_int_equal(engine_order(e, &order, &result), -EINVAL);
	assert_string_equal(rig_said(e), "");
}

static void a_full_table_says_so(void **state)
{
	CLEANUP(engine_freep)
	struct engine *e =
		rig_start_with(rig_rules(1), (struct engine_limits){ .subjects = 10, .bans = 1 });
	const struct order order = order_of(ORDER_BAN, "192.0.2.1/32", 100, 200);
	struct order_result result;

	(void)state;
	ban(e, ADDR "/32", 100, 200);
	(void)rig_said(e);
	assert_int_equal(engine_order(e, &order, &result), -ENOSPC);
	assert_string_equal(rig_said(e), "");
	assert_int_equal(ban(e, ADDR "/32", 110, 300).made, 1);
}

static void an_unban_lifts_and_forgets(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(2));
	const struct prefix p = rig_prefix(ADDR "/32");
	struct order_result result;
	instant until;

	(void)state;
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 100, 10);
	(void)rig_said(e);
	result = unban(e, ADDR "/32", 200);
	assert_int_equal(result.lifted, 2);
	assert_false(result.covered);
	assert_string_equal(rig_said(e), "lift 1 a 203.0.113.9/32 200 unban; "
					 "lift 2 b 203.0.113.9/32 200 unban");
	assert_false(engine_wish(e, &p, 0, &until));
	assert_int_equal(engine_score(e, 0, &p, instant_at(200), NULL, 0).score, 0);
	assert_int_equal(engine_blocks_30d(e, &p, instant_at(200)), 0);
	/* From zero, and at once if it must be. */
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 201, 9);
	assert_string_equal(rig_said(e), "");
	rig_feed(e, ADDR, EVENT_RELAY_DENIED, 210);
	assert_string_equal(rig_said(e), "ban 3 a 203.0.113.9/32 210-2010; "
					 "ban 4 b 203.0.113.9/32 210-2010");
}

static void an_unban_of_one_jail_leaves_the_others(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(2));
	const struct prefix p = rig_prefix(ADDR "/32");
	struct order order = order_of(ORDER_UNBAN, ADDR "/32", 200, 0);
	struct order_result result;

	(void)state;
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 100, 10);
	ban(e, ADDR "/32", 150, 300);
	(void)rig_said(e);
	order.jail = 1;
	result = give(e, &order);
	assert_int_equal(result.lifted, 1);
	assert_true(result.covered);
	assert_int_equal(result.cover.len, 32);
	assert_string_equal(rig_said(e), "lift 2 b 203.0.113.9/32 200 unban");
	assert_int_equal(engine_score(e, 0, &p, instant_at(200), NULL, 0).score, 1000);
	assert_int_equal(engine_score(e, 1, &p, instant_at(200), NULL, 0).score, 0);
	order.jail = JAIL_BY_HAND;
	assert_int_equal(give(e, &order).lifted, 1);
	order.prefix = rig_prefix("203.0.113.0/24");
	assert_int_equal(give(e, &order).lifted, 0);
	assert_int_equal(engine_score(e, 0, &p, instant_at(200), NULL, 0).score, 1000);
}

static void an_unban_of_a_network_reaches_all_inside(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	struct order_result result;

	(void)state;
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 100, 10);
	rig_feed_many(e, "203.0.113.77", EVENT_RELAY_DENIED, 110, 3);
	ban(e, "203.0.0.0/16", 120, 900);
	ban(e, "203.0.113.128/25", 130, 900);
	(void)rig_said(e);
	result = unban(e, "203.0.113.0/24", 200);
	assert_int_equal(result.lifted, 2);
	assert_true(result.covered);
	assert_int_equal(result.cover.len, 16);
	assert_int_equal(engine_stats(e).subjects, 0);
	assert_string_equal(rig_said(e), "lift 1 a 203.0.113.9/32 200 unban; "
					 "lift 3 by hand 203.0.113.128/25 200 unban");
}

static void an_unban_drops_shadows_without_a_word(void **state)
{
	struct ruleset *r = rig_rules(1);
	CLEANUP(engine_freep) struct engine *e = NULL;

	(void)state;
	r->jails[0].mode = JAIL_OBSERVE;
	e = rig_start(r);
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 100, 10);
	(void)rig_said(e);
	assert_int_equal(unban(e, ADDR "/32", 200).lifted, 0);
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 201, 10);
	assert_string_equal(rig_said(e), "observed 2 a 203.0.113.9/32 210-2010 jail-observes");
}

/* More than a batch holds. */
static void an_unban_of_all_lifts_them_all(void **state)
{
	enum { MANY = BATCH_DECISIONS + 1000 };

	CLEANUP(engine_freep)
	struct engine *e = rig_start_with(rig_rules(1), (struct engine_limits){ .subjects = 10,
										.bans = MANY + 1 });
	struct order all = { .kind = ORDER_UNBAN_ALL,
			     .time = instant_at(200),
			     .jail = ORDER_ANY_JAIL };
	struct batch batch;

	(void)state;
	for (int i = MANY - 1; i >= 0; i--) {
		char text[PREFIX_TEXT_MAX];

		(void)snprintf(text, sizeof(text), "10.%d.%d.%d/32", i >> 16, i >> 8 & 255,
			       i & 255);
		ban(e, text, 100, 900);
		(void)engine_take(e);
	}
	ban(e, "2001:db8::/64", 100, 900);
	(void)engine_take(e);
	all.by = STR("uid 0 (root)");
	assert_int_equal(give(e, &all).lifted, MANY + 1);
	batch = engine_take(e);
	assert_int_equal(batch.n_decisions, MANY + 1);
	for (size_t i = 0; i < batch.n_decisions; i++) {
		assert_int_equal(batch.decisions[i].ban, i + 1);
		assert_true(str_eq(batch.decisions[i].by, STR("uid 0 (root)")));
	}
	assert_int_equal(engine_take(e).n_decisions, 0);
	assert_int_equal(engine_jail_stats(e, JAIL_BY_HAND).bans, 0);
	assert_int_equal(ban(e, "10.0.0.1/32", 300, 900).made, 1);
	assert_string_equal(rig_said(e), "ban 9194 by hand 10.0.0.1/32 300-900");
}

/* Lifts so many of the table's entries at a time; how many pieces. */
static unsigned unban_in_pieces(struct engine *e, struct order *order, struct buf *said)
{
	unsigned pieces = 0;

	do {
		const struct order_result result = give(e, order);

		assert_true(result.next.slot == 0 || !result.covered);
		buf_printf(said, "%s; ", rig_said(e));
		order->from = result.next;
		pieces++;
	} while (order->from.slot > 0 && pieces < 100);
	return pieces;
}

static void an_unban_in_pieces_spares_who_was_banned_since_it_began(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	CLEANUP(buf_done) struct buf said = { 0 };
	struct order all = {
		.kind = ORDER_UNBAN_ALL, .time = instant_at(200), .jail = ORDER_ANY_JAIL, .most = 1
	};
	const char *const text[] = { "192.0.2.1/32", "192.0.2.2/32", "192.0.2.3/32" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(text); i++) {
		ban(e, text[i], 100, 900);
		(void)rig_said(e);
	}
	all.from = give(e, &all).next;
	assert_string_equal(rig_said(e), "lift 1 by hand 192.0.2.1/32 200 unban");
	ban(e, "192.0.2.9/32", 201, 900);
	(void)rig_said(e);
	assert_in_range(unban_in_pieces(e, &all, &said), 3, 4);
	assert_non_null(strstr(buf_text(&said), "lift 2 by hand 192.0.2.2/32 200 unban; "));
	assert_non_null(strstr(buf_text(&said), "lift 3 by hand 192.0.2.3/32 200 unban; "));
	assert_null(strstr(buf_text(&said), "192.0.2.9"));
	assert_int_equal(engine_jail_stats(e, JAIL_BY_HAND).bans, 1);
}

static void an_unban_that_looks_from_the_front_again_has_begun_all_the_same(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	CLEANUP(buf_done) struct buf said = { 0 };
	struct order all = {
		.kind = ORDER_UNBAN_ALL, .time = instant_at(200), .jail = ORDER_ANY_JAIL, .most = 1
	};

	(void)state;
	ban(e, "192.0.2.1/32", 100, 900);
	ban(e, "192.0.2.2/32", 100, 900);
	(void)rig_said(e);
	all.from = give(e, &all).next;
	ban(e, "192.0.2.9/32", 201, 900);
	(void)rig_said(e);
	all.from.slot = 0;
	(void)unban_in_pieces(e, &all, &said);
	assert_non_null(strstr(buf_text(&said), "lift 2 by hand 192.0.2.2/32 200 unban; "));
	assert_null(strstr(buf_text(&said), "192.0.2.9"));
}

static void an_unban_in_pieces_forgets_the_score_at_once(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	CLEANUP(buf_done) struct buf said = { 0 };
	struct order order = order_of(ORDER_UNBAN, ADDR "/32", 200, 0);

	(void)state;
	ban(e, "192.0.2.1/32", 100, 900);
	(void)rig_said(e);
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 100, 9);
	order.most = 1;
	order.from = give(e, &order).next;
	assert_true(order.from.slot > 0);
	(void)rig_said(e);
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 201, 1);
	(void)unban_in_pieces(e, &order, &said);
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 202, 8);
	assert_null(strstr(rig_said(e), "ban "));
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 210, 1);
	assert_non_null(strstr(rig_said(e), "ban 2"));
}

static void observing_is_a_mode_of_the_whole_daemon(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	const struct prefix p = rig_prefix(ADDR "/32"), hand = rig_prefix("192.0.2.1/32");
	struct order order = order_of(ORDER_OBSERVE, ADDR "/32", 200, 0);
	instant until;

	(void)state;
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 100, 10);
	(void)rig_said(e);
	give(e, &order);
	assert_string_equal(rig_said(e), "");
	assert_true(engine_observes(e));
	assert_false(engine_wish(e, &p, 0, &until));
	ban(e, "192.0.2.1/32", 210, 900);
	assert_string_equal(rig_said(e), "ban 2 by hand 192.0.2.1/32 210-900");
	assert_false(engine_wish(e, &hand, 0, &until));
	order.kind = ORDER_ENFORCE;
	give(e, &order);
	assert_false(engine_observes(e));
	assert_true(engine_wish(e, &p, 0, &until));
	assert_true(engine_wish(e, &hand, 0, &until));
}

static void who_was_only_observed_is_blocked_at_his_next_event_once_ipsd_enforces(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	struct order order = order_of(ORDER_OBSERVE, ADDR "/32", 90, 0);

	(void)state;
	give(e, &order);
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 100, 10);
	assert_string_equal(rig_said(e), "observed 1 a 203.0.113.9/32 109-1909 daemon-observes");
	order.kind = ORDER_ENFORCE;
	give(e, &order);
	assert_string_equal(rig_said(e), "");
	rig_feed(e, ADDR, EVENT_RELAY_DENIED, 120);
	assert_string_equal(rig_said(e), "ban 2 a 203.0.113.9/32 120-1920");
}

static void a_clock_that_is_set_makes_no_ban_longer_or_shorter(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	struct order order = order_of(ORDER_SET_CLOCK, ADDR "/32", 5000, 1400);
	const struct prefix p = rig_prefix(ADDR "/32");
	instant until;

	(void)state;
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 4000, 10);
	assert_string_equal(rig_said(e), "ban 1 a 203.0.113.9/32 4009-5809");
	give(e, &order);
	assert_string_equal(rig_said(e), "");
	assert_true(engine_wish(e, &p, 0, &until));
	assert_int_equal(until.us / 1000000, 2209);
	assert_true(engine_tick(e, instant_at(2208)));
	assert_string_equal(rig_said(e), "");
	assert_true(engine_tick(e, instant_at(2209)));
	assert_string_equal(rig_said(e), "lift 1 a 203.0.113.9/32 2209 expired");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clock_that_is_set_makes_no_ban_longer_or_shorter),
		cmocka_unit_test(a_ban_by_hand_says_who_and_why),
		cmocka_unit_test(texts_are_cut_and_may_be_empty),
		cmocka_unit_test(a_longer_ban_takes_the_place_of_the_shorter),
		cmocka_unit_test(a_ban_without_end_is_a_blacklist_entry),
		cmocka_unit_test(never_block_wins),
		cmocka_unit_test(nothing_smaller_than_a_host_is_banned),
		cmocka_unit_test(an_unknown_scope_is_refused),
		cmocka_unit_test(a_full_table_says_so),
		cmocka_unit_test(an_unban_lifts_and_forgets),
		cmocka_unit_test(an_unban_of_one_jail_leaves_the_others),
		cmocka_unit_test(an_unban_of_a_network_reaches_all_inside),
		cmocka_unit_test(an_unban_drops_shadows_without_a_word),
		cmocka_unit_test(an_unban_of_all_lifts_them_all),
		cmocka_unit_test(an_unban_in_pieces_spares_who_was_banned_since_it_began),
		cmocka_unit_test(an_unban_that_looks_from_the_front_again_has_begun_all_the_same),
		cmocka_unit_test(an_unban_in_pieces_forgets_the_score_at_once),
		cmocka_unit_test(observing_is_a_mode_of_the_whole_daemon),
		cmocka_unit_test(
			who_was_only_observed_is_blocked_at_his_next_event_once_ipsd_enforces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
