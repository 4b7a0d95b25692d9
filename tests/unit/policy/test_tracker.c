/* SPDX-License-Identifier: MIT */
#include "policy/tracker.h"

#include <errno.h>

#include "unit/policy/words.h"

static const points POINTS[] = { 50, 100, 0, POINTS_BAN };

static const struct jail JAIL = {
	.window = { .us = 60000000 },
	.threshold = 1000,
	.points = POINTS,
	.n_points = ARRAY_SIZE(POINTS),
};

static struct subject host(uint8_t n)
{
	const struct prefix p = { .addr = { .family = 4, .bytes = { 192, 0, 2, n } }, .len = 32 };

	return subject_of_prefix(&p);
}

static uint32_t add(struct tracker *t, uint8_t subject, uint16_t type, int64_t time)
{
	const struct subject p = host(subject);
	const struct tracker_entry e = {
		.time = at(time),
		.event = (uint64_t)time,
		.type = type,
		.count = 1,
	};

	return tracker_add(t, &JAIL, 0, &p, &e);
}

static int64_t score(const struct tracker *t, uint8_t subject)
{
	const struct subject p = host(subject);
	uint32_t slot = tracker_find(t, 0, &p);

	return slot != TABLE_NONE ? tracker_score(t, slot) : -1;
}

static void adds_up_by_type_and_count(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(4, 16);
	const struct subject p = host(1);
	struct tracker_entry e = { .time = at(100), .type = 1, .count = 3 };

	(void)state;
	add(t, 1, 0, 99);
	tracker_add(t, &JAIL, 0, &p, &e);
	assert_int_equal(score(t, 1), 350);
	assert_int_equal(score(t, 2), -1);
	assert_int_equal(tracker_count(t), 1);
	assert_null(tracker_free(NULL));
}

static void what_is_exactly_one_window_old_is_out(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(4, 16);

	(void)state;
	add(t, 1, 0, 100);
	add(t, 1, 1, 159);
	assert_int_equal(score(t, 1), 150);
	add(t, 1, 0, 160);
	assert_int_equal(score(t, 1), 150);
	add(t, 1, 0, 219);
	assert_int_equal(score(t, 1), 100);
}

static void late_events_find_their_place(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(4, 16);
	struct tracker_entry out[8];
	uint32_t slot;

	(void)state;
	add(t, 1, 0, 130);
	add(t, 1, 0, 110);
	add(t, 1, 1, 120);
	slot = add(t, 1, 0, 90);
	assert_int_equal(tracker_newest(t, slot).us, at(130).us);
	assert_int_equal(tracker_entries(t, &JAIL, slot, at(130), out, 8), 4);
	assert_int_equal(out[0].event, 90);
	assert_int_equal(out[1].event, 110);
	assert_int_equal(out[2].event, 120);
	assert_int_equal(out[3].event, 130);
	add(t, 1, 0, 170);
	assert_int_equal(score(t, 1), 50 + 100 + 50);
}

static void what_comes_too_late_is_not_entered(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(4, 16);

	(void)state;
	add(t, 1, 0, 160);
	add(t, 1, 1, 100);
	assert_int_equal(score(t, 1), 50);
	add(t, 1, 1, 101);
	assert_int_equal(score(t, 1), 150);
}

static void equal_times_stay_in_order_of_arrival(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(4, 16);
	const struct subject p = host(1);
	struct tracker_entry out[4];
	uint32_t slot = TABLE_NONE;

	(void)state;
	for (uint64_t i = 1; i <= 4; i++) {
		const struct tracker_entry e = {
			.time = at(i == 2 ? 101 : 100),
			.event = i,
			.count = 1,
		};

		slot = tracker_add(t, &JAIL, 0, &p, &e);
	}
	assert_int_equal(tracker_entries(t, &JAIL, slot, at(101), out, 4), 4);
	assert_int_equal(out[0].event, 1);
	assert_int_equal(out[1].event, 3);
	assert_int_equal(out[2].event, 4);
	assert_int_equal(out[3].event, 2);
}

static void keeps_only_the_newest_that_can_matter(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(4, 100);
	struct tracker_entry out[100];
	uint32_t slot = TABLE_NONE;

	(void)state;
	for (int64_t i = 0; i < 50; i++) {
		slot = add(t, 1, 0, 100 + i);
	}
	assert_int_equal(tracker_entries(t, &JAIL, slot, at(149), out, 100), 20);
	assert_int_equal(out[0].event, 130);
	assert_int_equal(out[19].event, 149);
	assert_int_equal(score(t, 1), 1000);
	/* Too old to be among them. */
	add(t, 1, 1, 110);
	assert_int_equal(score(t, 1), 1000);
	assert_int_equal(tracker_entries(t, &JAIL, slot, at(149), out, 100), 20);
}

static void entries_that_ban_at_once_push_out_nothing_that_counts(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(4, 100);
	struct tracker_entry out[100];
	uint32_t slot = TABLE_NONE;
	size_t n;

	(void)state;
	for (int64_t i = 0; i < 20; i++) {
		add(t, 1, 0, 100 + i);
	}
	for (int64_t i = 0; i < 30; i++) {
		slot = add(t, 1, 3, 120 + i);
	}
	assert_int_equal(score(t, 1), 1000);
	n = tracker_entries(t, &JAIL, slot, at(149), out, 100);
	assert_int_equal(n, 20 + TRACKER_UNSCORED_MAX);
	assert_int_equal(out[n - 1].event, 149);
	assert_int_equal(out[20].event, 150 - TRACKER_UNSCORED_MAX);
}

static void entries_are_those_of_the_window_at_that_time(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(4, 100);
	struct tracker_entry out[2];
	uint32_t slot = TABLE_NONE;

	(void)state;
	for (int64_t i = 0; i < 10; i++) {
		slot = add(t, 1, 0, 100 + i);
	}
	assert_int_equal(tracker_entries(t, &JAIL, slot, at(109), out, 2), 10);
	assert_int_equal(out[0].event, 108);
	assert_int_equal(out[1].event, 109);
	assert_int_equal(tracker_entries(t, &JAIL, slot, at(167), out, 2), 2);
	assert_int_equal(tracker_score_at(t, &JAIL, slot, at(167)), 100);
	assert_int_equal(tracker_entries(t, &JAIL, slot, at(102), out, 0), 3);
	assert_int_equal(tracker_entries(t, &JAIL, slot, at(169), out, 2), 0);
	assert_int_equal(tracker_score_at(t, &JAIL, slot, at(169)), 0);
}

static void the_lowest_score_is_pushed_out_first(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(3, 100);

	(void)state;
	add(t, 1, 0, 100);
	add(t, 2, 1, 101);
	add(t, 3, 1, 102);
	add(t, 1, 1, 103); /* 1: 150, 2: 100, 3: 100 */
	add(t, 4, 0, 104);
	assert_int_equal(score(t, 2), -1);
	add(t, 5, 0, 105);
	assert_int_equal(score(t, 4), -1);
	assert_int_equal(score(t, 1), 150);
	assert_int_equal(score(t, 3), 100);
	assert_int_equal(tracker_evicted(t), 2);
	assert_int_equal(tracker_count(t), 3);
}

static void among_equals_the_one_heard_of_longest_ago_goes(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(3, 100);

	(void)state;
	add(t, 1, 0, 100);
	add(t, 2, 0, 101);
	add(t, 3, 0, 102);
	add(t, 1, 0, 30); /* too late to be entered, but heard of */
	add(t, 4, 0, 103);
	assert_int_equal(score(t, 2), -1);
	add(t, 5, 0, 104);
	assert_int_equal(score(t, 3), -1);
	assert_int_equal(score(t, 1), 50);
}

static void a_score_that_fell_is_ranked_anew(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(2, 100);

	(void)state;
	for (int64_t i = 0; i < 5; i++) {
		add(t, 1, 1, 100 + i);
	}
	add(t, 2, 1, 150);
	add(t, 1, 0, 200); /* the five are out of the window */
	assert_int_equal(score(t, 1), 50);
	add(t, 3, 0, 201);
	assert_int_equal(score(t, 1), -1);
	assert_int_equal(score(t, 2), 100);
}

static void a_subject_is_not_pushed_out_for_its_own_event(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(4, 3);

	(void)state;
	add(t, 1, 0, 100);
	add(t, 2, 1, 101);
	add(t, 2, 1, 102);
	add(t, 1, 0, 103);
	assert_int_equal(score(t, 1), 100);
	assert_int_equal(score(t, 2), -1);
	add(t, 1, 0, 104);
	add(t, 1, 0, 105);
	assert_int_equal(score(t, 1), 150);
	add(t, 1, 1, 106); /* alone, it loses its own oldest */
	assert_int_equal(score(t, 1), 200);
}

static void forgets_on_demand(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(8, 16);
	const struct subject p = host(1);
	const struct prefix all = prefix_at("192.0.2.0/24"), half = prefix_at("192.0.2.0/30");

	(void)state;
	for (uint8_t i = 1; i < 5; i++) {
		add(t, i, 0, 100);
	}
	tracker_forget(t, 1, &p);
	assert_int_equal(score(t, 1), 50);
	tracker_forget(t, 0, &p);
	tracker_forget(t, 0, &p);
	assert_int_equal(score(t, 1), -1);
	tracker_forget_inside(t, &JAIL, &all, 0, 1);
	assert_int_equal(tracker_count(t), 3);
	tracker_forget_inside(t, &JAIL, &half, 0, TRACKER_ALL_JAILS);
	assert_int_equal(tracker_count(t), 1);
	assert_int_equal(score(t, 4), 50);
	tracker_forget_inside(t, &JAIL, &all, 0, 0);
	assert_int_equal(tracker_count(t), 0);
	/* The latest time, too: this would be too late otherwise. */
	add(t, 1, 0, 10);
	assert_int_equal(score(t, 1), 50);
}

static void a_tick_forgets_who_left_the_window(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(8, 16);

	(void)state;
	add(t, 1, 0, 100);
	add(t, 2, 0, 101);
	add(t, 3, 0, 90);
	add(t, 1, 0, 120);
	assert_false(tracker_tick(t, &JAIL, at(149), 100));
	assert_int_equal(tracker_count(t), 3);
	assert_false(tracker_tick(t, &JAIL, at(150), 100));
	assert_int_equal(score(t, 3), -1);
	assert_false(tracker_tick(t, &JAIL, at(161), 100));
	assert_int_equal(score(t, 2), -1);
	assert_int_equal(score(t, 1), 100);
	assert_true(tracker_tick(t, &JAIL, at(180), 1));
	assert_false(tracker_tick(t, &JAIL, INSTANT_NEVER, 1));
	assert_int_equal(tracker_count(t), 0);
}

static void counts_who_is_near_the_threshold(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(2, 100);
	uint32_t subjects, near;

	(void)state;
	for (int64_t i = 0; i < 4; i++) {
		add(t, 1, 1, 100 + i);
	}
	add(t, 1, 0, 104);
	tracker_count_jail(t, 0, &subjects, &near);
	assert_int_equal(near, 0);
	add(t, 1, 0, 105);
	tracker_count_jail(t, 0, &subjects, &near);
	assert_int_equal(subjects, 1);
	assert_int_equal(near, 1);
	add(t, 1, 0, 164);
	tracker_count_jail(t, 0, &subjects, &near);
	assert_int_equal(near, 0);
	tracker_count_jail(t, 255, &subjects, &near);
	assert_int_equal(subjects, 0);
}

static void jails_do_not_mix(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(4, 16);
	const struct subject p = host(1);
	const struct tracker_entry e = { .time = at(100), .count = 1 };

	(void)state;
	add(t, 1, 0, 100);
	tracker_add(t, &JAIL, 7, &p, &e);
	assert_int_equal(tracker_count(t), 2);
	assert_int_equal(score(t, 1), 50);
}

static void times_at_the_ends_of_the_scale_do_no_harm(void **state)
{
	CLEANUP(tracker_freep) struct tracker *t = new_tracker(4, 16);
	const struct subject p = host(1);
	struct tracker_entry e = { .time = { .us = INT64_MIN + 1 }, .count = EVENT_COUNT_MAX };
	uint32_t slot = tracker_add(t, &JAIL, 0, &p, &e);

	(void)state;
	assert_int_equal(tracker_score(t, slot), 50 * EVENT_COUNT_MAX);
	e.time = INSTANT_NEVER;
	slot = tracker_add(t, &JAIL, 0, &p, &e);
	assert_int_equal(tracker_score(t, slot), 50 * EVENT_COUNT_MAX);
	assert_int_equal(tracker_newest(t, slot).us, INT64_MAX);
}

static void refuses_no_room(void **state)
{
	struct tracker *t = NULL;

	(void)state;
	assert_int_equal(tracker_new(0, 1, SEED, &t), -EINVAL);
	assert_int_equal(tracker_new(1, 0, SEED, &t), -EINVAL);
	assert_int_equal(tracker_new(1, UINT32_MAX, SEED, &t), -EINVAL);
	assert_null(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_up_by_type_and_count),
		cmocka_unit_test(what_is_exactly_one_window_old_is_out),
		cmocka_unit_test(late_events_find_their_place),
		cmocka_unit_test(what_comes_too_late_is_not_entered),
		cmocka_unit_test(equal_times_stay_in_order_of_arrival),
		cmocka_unit_test(keeps_only_the_newest_that_can_matter),
		cmocka_unit_test(entries_that_ban_at_once_push_out_nothing_that_counts),
		cmocka_unit_test(entries_are_those_of_the_window_at_that_time),
		cmocka_unit_test(the_lowest_score_is_pushed_out_first),
		cmocka_unit_test(among_equals_the_one_heard_of_longest_ago_goes),
		cmocka_unit_test(a_score_that_fell_is_ranked_anew),
		cmocka_unit_test(a_subject_is_not_pushed_out_for_its_own_event),
		cmocka_unit_test(forgets_on_demand),
		cmocka_unit_test(a_tick_forgets_who_left_the_window),
		cmocka_unit_test(counts_who_is_near_the_threshold),
		cmocka_unit_test(jails_do_not_mix),
		cmocka_unit_test(times_at_the_ends_of_the_scale_do_no_harm),
		cmocka_unit_test(refuses_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
