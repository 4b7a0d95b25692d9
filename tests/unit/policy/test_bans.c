/* SPDX-License-Identifier: MIT */
#include "policy/bans.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "unit/policy/words.h"

static const struct jail JAILS[] = { { .window = { .us = 60000000 } },
				     { .window = { .us = 600000000 } } };

static struct bans *new_bans(uint32_t capacity)
{
	struct bans *b = NULL;

	assert_int_equal(bans_new(capacity, SEED, &b), 0);
	return b;
}

static struct ban ban_of(uint64_t id, const char *prefix, int64_t until)
{
	return (struct ban){
		.id = id, .kind = DECISION_BAN, .prefix = prefix_at(prefix), .until = at(until)
	};
}

static const struct ban *put(struct bans *b, const struct ban *ban)
{
	const struct ban *stored = bans_put(b, ban);

	assert_non_null(stored);
	return stored;
}

static int64_t wish(const struct bans *b, const char *prefix, uint16_t scope)
{
	const struct prefix p = prefix_at(prefix);
	instant until = at(-1);

	return bans_wish(b, &p, scope, &until) ? until.us / 1000000 : -1;
}

static uint64_t covering(const struct bans *b, const char *prefix)
{
	const struct prefix p = prefix_at(prefix);
	const struct ban *ban = bans_covering(b, &p);

	return ban ? ban->id : 0;
}

static size_t walk(const struct bans *b)
{
	uint32_t cursor = 0;
	size_t n = 0;

	while (bans_each(b, &cursor)) {
		n++;
	}
	return n;
}

static void an_empty_table_wishes_nothing(void **state)
{
	CLEANUP(bans_freep) struct bans *b = new_bans(1);
	const struct prefix p = prefix_at("192.0.2.1/32");
	struct bans *none = NULL;

	(void)state;
	assert_int_equal(wish(b, "192.0.2.1/32", 0), -1);
	assert_int_equal(covering(b, "192.0.2.1/32"), 0);
	assert_null(bans_next_end(b));
	assert_null(bans_find(b, 0, &p, 0));
	assert_int_equal(walk(b), 0);
	assert_false(bans_sweep(b, JAILS, at(100), 10));
	assert_null(bans_free(NULL));
	assert_int_equal(bans_new(0, SEED, &none), -EINVAL);
	assert_null(none);
}

static void finds_by_jail_prefix_and_scope(void **state)
{
	CLEANUP(bans_freep) struct bans *b = new_bans(8);
	struct ban ban = ban_of(1, "192.0.2.1/32", 100);

	(void)state;
	ban.jail = 1;
	ban.scope = 2;
	assert_ptr_equal(bans_find(b, 1, &ban.prefix, 2), NULL);
	put(b, &ban);
	assert_int_equal(bans_find(b, 1, &ban.prefix, 2)->id, 1);
	assert_null(bans_find(b, 0, &ban.prefix, 2));
	assert_null(bans_find(b, 1, &ban.prefix, 0));
}

static void the_wish_is_the_latest_end_of_all_jails(void **state)
{
	CLEANUP(bans_freep) struct bans *b = new_bans(8);
	struct ban first = ban_of(1, "192.0.2.1/32", 100);
	struct ban second = ban_of(2, "192.0.2.1/32", 300);
	struct ban third = ban_of(3, "192.0.2.1/32", 200);
	struct ban other = ban_of(4, "192.0.2.1/32", 900);

	(void)state;
	second.jail = 1;
	third.jail = JAIL_BY_HAND;
	other.scope = 1;
	put(b, &first);
	put(b, &second);
	put(b, &third);
	put(b, &other);
	assert_int_equal(wish(b, "192.0.2.1/32", 0), 300);
	assert_int_equal(wish(b, "192.0.2.1/32", 1), 900);
	assert_int_equal(wish(b, "192.0.2.1/32", 2), -1);
	assert_int_equal(wish(b, "192.0.2.0/24", 0), -1);
	bans_end(b, bans_find(b, 1, &second.prefix, 0));
	assert_int_equal(wish(b, "192.0.2.1/32", 0), 200);
	bans_drop(b, bans_find(b, JAIL_BY_HAND, &third.prefix, 0));
	assert_int_equal(wish(b, "192.0.2.1/32", 0), 100);
	bans_drop(b, bans_find(b, 0, &first.prefix, 0));
	assert_int_equal(wish(b, "192.0.2.1/32", 0), -1);
	assert_int_equal(wish(b, "192.0.2.1/32", 1), 900);
}

static void shadows_are_no_wish(void **state)
{
	CLEANUP(bans_freep) struct bans *b = new_bans(8);
	struct ban spared = ban_of(1, "192.0.2.1/32", 100);
	struct ban observed = ban_of(2, "192.0.2.2/32", 100);

	(void)state;
	spared.kind = DECISION_SPARED;
	observed.kind = DECISION_OBSERVED;
	put(b, &spared);
	put(b, &observed);
	assert_int_equal(wish(b, "192.0.2.1/32", 0), -1);
	assert_int_equal(covering(b, "192.0.2.2/32"), 0);
	assert_int_equal(bans_count(b, DECISION_SPARED), 1);
	assert_int_equal(bans_count(b, DECISION_OBSERVED), 1);
	assert_int_equal(bans_count(b, DECISION_BAN), 0);
	assert_int_equal(bans_next_end(b)->id, 1);
}

static void the_longest_ban_covers(void **state)
{
	CLEANUP(bans_freep) struct bans *b = new_bans(8);
	struct ban wide = ban_of(1, "192.0.0.0/16", 100);
	struct ban narrow = ban_of(2, "192.0.2.0/24", 50);
	struct ban later = ban_of(3, "192.0.2.0/24", 70);
	struct ban six = ban_of(4, "2001:db8::/32", 50);

	(void)state;
	later.scope = 5;
	put(b, &wide);
	put(b, &narrow);
	put(b, &later);
	put(b, &six);
	assert_int_equal(covering(b, "192.0.2.1/32"), 3);
	assert_int_equal(covering(b, "192.0.2.0/24"), 3);
	assert_int_equal(covering(b, "192.0.2.0/23"), 1);
	assert_int_equal(covering(b, "192.0.0.0/15"), 0);
	assert_int_equal(covering(b, "2001:db8:1::/64"), 4);
	assert_int_equal(covering(b, "2001:db9::/64"), 0);
	bans_end(b, bans_find(b, 0, &later.prefix, 5));
	assert_int_equal(covering(b, "192.0.2.1/32"), 2);
	bans_end(b, bans_find(b, 0, &narrow.prefix, 0));
	assert_int_equal(covering(b, "192.0.2.1/32"), 1);
}

static void ends_come_in_order_of_time_then_id(void **state)
{
	CLEANUP(bans_freep) struct bans *b = new_bans(8);
	struct ban bans[] = { ban_of(9, "192.0.2.1/32", 50), ban_of(2, "192.0.2.2/32", 100),
			      ban_of(4, "192.0.2.3/32", 50) };
	struct ban never = ban_of(1, "192.0.2.4/32", 0);
	static const uint64_t order[] = { 4, 9, 2 };

	(void)state;
	never.until = INSTANT_NEVER;
	put(b, &never);
	for (size_t i = 0; i < ARRAY_SIZE(bans); i++) {
		put(b, &bans[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		assert_int_equal(bans_next_end(b)->id, order[i]);
		bans_end(b, bans_next_end(b));
	}
	assert_null(bans_next_end(b));
	assert_int_equal(bans_count(b, DECISION_BAN), 1);
	assert_int_equal(walk(b), 4);
}

static void a_new_ban_takes_the_place_of_the_old(void **state)
{
	CLEANUP(bans_freep) struct bans *b = new_bans(1);
	struct ban ban = ban_of(1, "192.0.2.1/32", 100);

	(void)state;
	put(b, &ban);
	assert_true(bans_is_full(b));
	ban.id = 2;
	ban.until = at(50);
	put(b, &ban);
	assert_int_equal(wish(b, "192.0.2.1/32", 0), 50);
	assert_int_equal(bans_next_end(b)->id, 2);
	bans_end(b, bans_next_end(b));
	ban.id = 3;
	put(b, &ban);
	assert_int_equal(bans_count(b, DECISION_BAN), 1);
	assert_int_equal(bans_count_jail(b, 0), 1);
	assert_false(bans_sweep(b, JAILS, at(100000), 10));
	assert_int_equal(walk(b), 1);
}

static void a_full_table_refuses(void **state)
{
	CLEANUP(bans_freep) struct bans *b = new_bans(2);
	struct ban bans[] = { ban_of(1, "192.0.2.1/32", 100), ban_of(2, "192.0.2.2/32", 100),
			      ban_of(3, "192.0.2.3/32", 100) };

	(void)state;
	put(b, &bans[0]);
	assert_false(bans_is_full(b));
	put(b, &bans[1]);
	bans[2].by = "a person";
	assert_null(bans_put(b, &bans[2]));
	bans_drop(b, bans_find(b, 0, &bans[0].prefix, 0));
	put(b, &bans[2]);
	assert_int_equal(covering(b, "192.0.2.3/32"), 3);
	assert_int_equal(covering(b, "192.0.2.1/32"), 0);
}

static void ended_entries_stay_for_a_window(void **state)
{
	CLEANUP(bans_freep) struct bans *b = new_bans(8);
	struct ban bans[] = { ban_of(1, "192.0.2.1/32", 100), ban_of(2, "192.0.2.2/32", 101),
			      ban_of(3, "192.0.2.3/32", 100), ban_of(4, "192.0.2.4/32", 900) };

	(void)state;
	bans[1].jail = 1;
	bans[2].jail = JAIL_BY_HAND;
	for (size_t i = 0; i < ARRAY_SIZE(bans); i++) {
		put(b, &bans[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		bans_end(b, bans_next_end(b));
	}
	(void)bans_sweep(b, JAILS, at(99), 10);
	assert_int_equal(walk(b), 4);
	(void)bans_sweep(b, JAILS, at(100), 10);
	assert_null(bans_find(b, JAIL_BY_HAND, &bans[2].prefix, 0));
	assert_int_equal(walk(b), 3);
	(void)bans_sweep(b, JAILS, at(159), 10);
	assert_true(bans_find(b, 0, &bans[0].prefix, 0)->ended);
	(void)bans_sweep(b, JAILS, at(160), 10);
	assert_null(bans_find(b, 0, &bans[0].prefix, 0));
	(void)bans_sweep(b, JAILS, at(700), 10);
	assert_int_equal(walk(b), 2);
	assert_false(bans_sweep(b, JAILS, at(701), 10));
	assert_int_equal(walk(b), 1);
	assert_int_equal(bans_count(b, DECISION_BAN), 1);
}

static void a_sweep_goes_on_where_it_stopped(void **state)
{
	CLEANUP(bans_freep) struct bans *b = new_bans(100);
	char text[PREFIX_TEXT_MAX];
	size_t calls = 1;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		(void)snprintf(text, sizeof(text), "10.0.0.%u/32", i);
		struct ban ban = ban_of(i + 1, text, 100);

		ban.ended = true;
		put(b, &ban);
	}
	assert_int_equal(bans_count(b, DECISION_BAN), 0);
	assert_null(bans_next_end(b));
	while (bans_sweep(b, JAILS, at(1000), 7)) {
		calls++;
	}
	assert_int_equal(walk(b), 0);
	assert_true(calls > 100 / 7);
}

static void notes_are_copied(void **state)
{
	CLEANUP(bans_freep) struct bans *b = new_bans(2);
	char by[] = "uid 0 (root)", reason[] = "scanner";
	struct ban ban = ban_of(1, "192.0.2.1/32", 100);
	const struct ban *stored;

	(void)state;
	ban.by = by;
	ban.reason = reason;
	stored = put(b, &ban);
	memset(by, 'x', sizeof(by) - 1);
	assert_string_equal(stored->by, "uid 0 (root)");
	assert_string_equal(stored->reason, "scanner");
	/* In its own place, with its own notes. */
	stored = put(b, stored);
	assert_string_equal(stored->by, "uid 0 (root)");
	ban.by = NULL;
	stored = put(b, &ban);
	assert_null(stored->by);
	assert_string_equal(stored->reason, "scanner");
}

static void counts_by_jail(void **state)
{
	CLEANUP(bans_freep) struct bans *b = new_bans(8);
	struct ban bans[] = { ban_of(1, "192.0.2.1/32", 100), ban_of(2, "192.0.2.2/32", 100),
			      ban_of(3, "192.0.2.3/32", 100) };

	(void)state;
	bans[1].jail = 255;
	bans[2].jail = JAIL_BY_HAND;
	for (size_t i = 0; i < ARRAY_SIZE(bans); i++) {
		put(b, &bans[i]);
	}
	assert_int_equal(bans_count_jail(b, 0), 1);
	assert_int_equal(bans_count_jail(b, 255), 1);
	assert_int_equal(bans_count_jail(b, JAIL_BY_HAND), 1);
	assert_int_equal(bans_count_jail(b, 1), 0);
	bans_drop(b, bans_find(b, 255, &bans[1].prefix, 0));
	assert_int_equal(bans_count_jail(b, 255), 0);
}

static void walks_what_stands_on_and_around_a_prefix(void **state)
{
	CLEANUP(bans_freep) struct bans *b = new_bans(8);
	struct ban inner = ban_of(1, "192.0.2.1/32", 100), twin = inner, wide, wider, other;
	const struct ban *found = NULL;
	uint64_t ids[4] = { 0 };
	size_t n = 0;

	(void)state;
	twin.id = 2;
	twin.jail = 1;
	wide = ban_of(3, "192.0.2.0/24", 100);
	wider = ban_of(4, "192.0.0.0/16", 100);
	other = ban_of(5, "2001::/16", 100);
	assert_null(bans_around(b, &inner.prefix, NULL));
	assert_null(bans_on(b, &inner.prefix, NULL));
	put(b, &wide);
	put(b, &inner);
	put(b, &twin);
	put(b, &other);
	put(b, &wider);
	while ((found = bans_around(b, &inner.prefix, found)) && n < ARRAY_SIZE(ids)) {
		ids[n++] = found->id;
	}
	assert_int_equal(n, 2);
	assert_int_equal(ids[0], 4);
	assert_int_equal(ids[1], 3);
	found = bans_on(b, &inner.prefix, NULL);
	assert_int_equal(found->id + bans_on(b, &inner.prefix, found)->id, 3);
	assert_null(bans_on(b, &inner.prefix, bans_on(b, &inner.prefix, found)));
	assert_null(bans_around(b, &wider.prefix, NULL));
	bans_end(b, bans_find(b, 0, &wider.prefix, 0));
	assert_int_equal(bans_around(b, &inner.prefix, NULL)->id, 3);
}

static void what_runs_moves_with_the_clock(void **state)
{
	CLEANUP(bans_freep) struct bans *b = new_bans(4);
	struct ban runs = ban_of(1, "192.0.2.1/32", 300), longer = ban_of(2, "192.0.2.2/32", 400);
	struct ban over = ban_of(3, "192.0.2.3/32", 150), ever = ban_of(4, "192.0.2.4/32", 0);
	const struct ban *found;

	(void)state;
	runs.since = at(100);
	longer.since = at(90);
	ever.until = INSTANT_NEVER;
	ever.since = at(50);
	put(b, &longer);
	put(b, &runs);
	put(b, &over);
	put(b, &ever);
	bans_move(b, at(150), seconds(-120));
	found = bans_find(b, 0, &runs.prefix, 0);
	assert_int_equal(found->since.us, at(-20).us);
	assert_int_equal(wish(b, "192.0.2.1/32", 0), 180);
	assert_int_equal(wish(b, "192.0.2.2/32", 0), 280);
	assert_int_equal(bans_find(b, 0, &over.prefix, 0)->until.us, at(150).us);
	assert_int_equal(bans_find(b, 0, &ever.prefix, 0)->since.us, at(50).us);
	assert_true(instant_is_never(bans_find(b, 0, &ever.prefix, 0)->until));
	bans_end(b, bans_next_end(b));
	assert_int_equal(bans_next_end(b)->id, 1);
	bans_move(b, at(30), seconds(1000));
	assert_int_equal(bans_next_end(b)->until.us, at(1180).us);
	assert_int_equal(bans_find(b, 0, &over.prefix, 0)->until.us, at(150).us);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_table_wishes_nothing),
		cmocka_unit_test(finds_by_jail_prefix_and_scope),
		cmocka_unit_test(the_wish_is_the_latest_end_of_all_jails),
		cmocka_unit_test(shadows_are_no_wish),
		cmocka_unit_test(the_longest_ban_covers),
		cmocka_unit_test(ends_come_in_order_of_time_then_id),
		cmocka_unit_test(a_new_ban_takes_the_place_of_the_old),
		cmocka_unit_test(a_full_table_refuses),
		cmocka_unit_test(ended_entries_stay_for_a_window),
		cmocka_unit_test(a_sweep_goes_on_where_it_stopped),
		cmocka_unit_test(notes_are_copied),
		cmocka_unit_test(counts_by_jail),
		cmocka_unit_test(walks_what_stands_on_and_around_a_prefix),
		cmocka_unit_test(what_runs_moves_with_the_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
