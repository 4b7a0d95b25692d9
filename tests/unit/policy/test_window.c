/* SPDX-License-Identifier: MIT */
/* What a window holds with `distinct`, as a share, and when a part of it is taken out. */
#include <errno.h>

#include "base/names.h"
#include "policy/tracker.h"
#include "unit/policy/words.h"

static const points POINTS[] = { 1, 3, POINTS_BAN };

static struct jail jail_with(enum distinct distinct, uint32_t threshold)
{
	return (struct jail){
		.window = seconds(60),
		.threshold = threshold,
		.distinct = distinct,
		.share = 2,
		.points = POINTS,
		.n_points = ARRAY_SIZE(POINTS),
	};
}

static struct subject network(void)
{
	const struct prefix p = prefix_at("192.0.2.0/24");

	return subject_of_prefix(&p);
}

static uint32_t add(struct tracker *t, const struct jail *j, tag address, uint16_t type,
		    int64_t time)
{
	const struct subject s = network();
	const struct tracker_entry e = {
		.time = at(time),
		.event = (uint64_t)time,
		.type = type,
		.count = 5,
		.address = address,
		.account = 7,
	};

	return tracker_add(t, j, 0, &s, &e);
}

static void each_value_counts_once_with_its_highest_multiplier(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(4, 64);
	const struct jail j = jail_with(DISTINCT_ADDRESS, 10);
	struct tracker_entry out[8];
	uint32_t slot;

	(void)state;
	assert_int_equal(tracker_score(t, add(t, &j, 1, 0, 100)), 1);
	assert_int_equal(tracker_score(t, add(t, &j, 1, 1, 110)), 3);
	assert_int_equal(tracker_score(t, add(t, &j, 1, 0, 120)), 3);
	assert_int_equal(tracker_score(t, add(t, &j, 2, 0, 130)), 4);
	slot = add(t, &j, 2, 0, 131);
	assert_int_equal(tracker_score(t, slot), 4);
	assert_int_equal(tracker_entries(t, &j, slot, at(131), out, 8), 2);
	assert_int_equal(out[0].event, 110);
	assert_int_equal(out[1].event, 131);
	/* The higher one leaves the window, the lower one still stands for the value. */
	assert_int_equal(tracker_score_at(t, &j, slot, at(169)), 4);
	assert_int_equal(tracker_score_at(t, &j, slot, at(170)), 2);
	assert_int_equal(tracker_score(t, add(t, &j, 3, 0, 175)), 3);
	assert_int_equal(tracker_score(t, add(t, &j, 3, 0, 181)), 2);
}

static void a_late_event_of_a_value_is_put_where_it_belongs(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(4, 64);
	const struct jail j = jail_with(DISTINCT_ADDRESS, 10);
	uint32_t slot;

	(void)state;
	add(t, &j, 1, 0, 150);
	slot = add(t, &j, 1, 1, 120);
	assert_int_equal(tracker_score(t, slot), 3);
	assert_int_equal(tracker_score_at(t, &j, slot, at(185)), 1);
	/* Outdone by the one that came before. */
	slot = add(t, &j, 1, 0, 110);
	assert_int_equal(tracker_score(t, slot), 3);
	assert_int_equal(tracker_score_at(t, &j, slot, at(175)), 3);
}

static void holds_no_more_values_than_can_matter(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(4, 64);
	const struct jail j = jail_with(DISTINCT_ADDRESS, 10);
	struct tracker_entry out[64];
	uint32_t slot = TABLE_NONE;

	(void)state;
	for (tag i = 1; i <= 40; i++) {
		slot = add(t, &j, i, 0, 100 + (int64_t)i / 2);
	}
	/* Ten values, at most one entry of each of the two multipliers. */
	assert_int_equal(tracker_entries(t, &j, slot, at(120), out, 64), 20);
	assert_int_equal(out[0].address, 21);
}

static void a_share_has_its_own_measure(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(4, 64);
	const struct jail j = jail_with(DISTINCT_ADDRESS, 10);
	const struct prefix p = prefix_at("192.0.2.1/32");
	const struct account_id bob = account_id(STR("bob"), SEED);
	const struct subject share = subject_of_share(&p, &bob);
	struct tracker_entry out[8];
	uint32_t slot = TABLE_NONE, subjects, near;

	(void)state;
	for (int64_t i = 0; i < 5; i++) {
		const struct tracker_entry e = { .time = at(100 + i), .type = 2, .count = 1 };

		slot = tracker_add(t, &j, 0, &share, &e);
	}
	assert_int_equal(tracker_score(t, slot), 2);
	assert_int_equal(tracker_entries(t, &j, slot, at(104), out, 8), 2);
	assert_int_equal(tracker_count(t), 1);
	tracker_count_jail(t, 0, &subjects, &near);
	assert_int_equal(subjects, 0);
	assert_int_equal(near, 0);
	tracker_forget(t, 0, &share);
	assert_int_equal(tracker_count(t), 0);
}

static void takes_out_what_matches(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(4, 64);
	const struct jail j = jail_with(DISTINCT_NONE, 1000);
	const struct tracker_match match = {
		.address = 1,
		.account = 7,
		.type = NAMES_NONE,
		.from = at(101),
		.to = at(102),
	};
	uint32_t slot = TABLE_NONE;

	(void)state;
	for (int64_t i = 0; i < 4; i++) {
		add(t, &j, 1, 0, 100 + i);
		slot = add(t, &j, 2, 0, 100 + i);
	}
	assert_int_equal(tracker_score(t, slot), 40);
	assert_true(tracker_withdraw(t, &j, slot, &match));
	assert_int_equal(tracker_score(t, slot), 30);
	assert_false(tracker_withdraw(t, &j, slot, &match));
}

/* A subject may have lost all its entries and still stand; whoever needs room gets on. */
static void an_emptied_subject_gives_way(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(4, 2);
	const struct jail j = jail_with(DISTINCT_NONE, 1000);
	const struct tracker_match all = {
		.type = NAMES_NONE,
		.from = at(0),
		.to = INSTANT_NEVER,
	};
	const struct prefix other = prefix_at("198.51.100.1/32");
	const struct subject s = subject_of_prefix(&other);
	const struct tracker_entry e = { .time = at(100), .count = 1 };
	uint32_t slot = add(t, &j, 1, 0, 100);

	(void)state;
	assert_true(tracker_withdraw(t, &j, slot, &all));
	assert_int_equal(tracker_score(t, slot), 0);
	for (int i = 0; i < 5; i++) {
		slot = tracker_add(t, &j, 0, &s, &e);
	}
	assert_int_equal(tracker_score(t, slot), 2);
	assert_int_equal(tracker_count(t), 1);
}

static void an_unban_reaches_what_is_around(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(8, 64);
	const struct jail j = jail_with(DISTINCT_NONE, 1000);
	const struct prefix host = prefix_at("192.0.2.1/32");
	const struct account_id bob = account_id(STR("bob"), SEED);
	const struct subject account = subject_of_account(&bob),
			     share = subject_of_share(&host, &bob);
	const tag own = prefix_tag(&host, SEED);
	struct tracker_entry e = { .time = at(100), .count = 1, .address = own };
	static const struct prefix everything = { .addr.family = 4 };

	(void)state;
	add(t, &j, 1, 0, 100);
	add(t, &j, own, 0, 100);
	(void)tracker_add(t, &j, 0, &account, &e);
	(void)tracker_add(t, &j, 0, &share, &e);
	tracker_forget_inside(t, &j, &host, own, TRACKER_ALL_JAILS);
	assert_int_equal(tracker_score(t, add(t, &j, 1, 0, 100)), 10);
	assert_int_equal(tracker_score(t, tracker_find(t, 0, &account)), 0);
	assert_int_equal(tracker_find(t, 0, &share), TABLE_NONE);
	assert_int_equal(tracker_count(t), 2);
	tracker_forget_inside(t, &j, &everything, 0, TRACKER_ALL_JAILS);
	assert_int_equal(tracker_count(t), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_value_counts_once_with_its_highest_multiplier),
		cmocka_unit_test(a_late_event_of_a_value_is_put_where_it_belongs),
		cmocka_unit_test(holds_no_more_values_than_can_matter),
		cmocka_unit_test(a_share_has_its_own_measure),
		cmocka_unit_test(takes_out_what_matches),
		cmocka_unit_test(an_emptied_subject_gives_way),
		cmocka_unit_test(an_unban_reaches_what_is_around),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
