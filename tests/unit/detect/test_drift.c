/* SPDX-License-Identifier: MIT */
#include "detect/drift.h"
#include "unit/check.h"

enum { NOON = 1720000000, MINUTE = 60, HOUR = 3600 };

/* n lines, one every `step` seconds, written `behind` seconds before they arrive. */
static void live(struct drift *d, int64_t from, int n, int64_t step, int64_t behind)
{
	for (int i = 0; i < n; i++) {
		drift_note(d, instant_at(from + i * step - behind), instant_at(from + i * step));
	}
}

static void assert_offset(const struct drift *d, int64_t expected)
{
	assert_int_equal(drift_offset(d).us, seconds(expected).us);
}

static void stamps_that_are_steadily_behind_are_of_another_zone(void **state)
{
	struct drift d = { 0 };

	(void)state;
	live(&d, NOON, 4, MINUTE, 2 * HOUR + 3);
	assert_offset(&d, 0);
	live(&d, NOON + 4 * MINUTE, 1, 1, 2 * HOUR + 20);
	assert_offset(&d, 2 * HOUR);
}

static void stamps_ahead_and_odd_quarters_are_zones_too(void **state)
{
	struct drift ahead = { 0 }, nepal = { 0 };

	(void)state;
	live(&ahead, NOON, 10, MINUTE, -5 * HOUR + 1);
	assert_offset(&ahead, -5 * HOUR);
	live(&nepal, NOON, 10, MINUTE, 5 * HOUR + 45 * MINUTE + 5);
	assert_offset(&nepal, 5 * HOUR + 45 * MINUTE);
}

static void what_is_delivered_late_at_once_is_no_zone(void **state)
{
	struct drift d = { 0 };

	(void)state;
	for (int i = 0; i < 7200; i++) {
		drift_note(&d, instant_at(NOON - 7200 + i), instant_at(NOON + i / 1000));
	}
	assert_offset(&d, 0);
	for (int i = 0; i < 50; i++) {
		drift_note(&d, instant_at(NOON - 2 * HOUR), instant_at(NOON + 10 + i % 2));
	}
	assert_offset(&d, 0);
}

static void a_backlog_that_is_caught_up_slowly_is_no_zone(void **state)
{
	struct drift d = { 0 };

	(void)state;
	for (int i = 0; i < 600; i++) {
		drift_note(&d, instant_at(NOON - 2 * HOUR + i * 12), instant_at(NOON + i));
	}
	assert_offset(&d, 0);
}

static void a_line_in_time_breaks_the_row(void **state)
{
	struct drift d = { 0 };

	(void)state;
	for (int i = 0; i < 40; i++) {
		live(&d, NOON + i * 4 * MINUTE, 4, MINUTE, HOUR);
		live(&d, NOON + i * 4 * MINUTE + 1, 1, 1, 2);
	}
	assert_offset(&d, 0);
}

static void a_difference_that_is_no_quarter_of_an_hour_is_a_wrong_clock(void **state)
{
	struct drift d = { 0 };

	(void)state;
	live(&d, NOON, 100, MINUTE, HOUR + 7 * MINUTE);
	assert_offset(&d, 0);
	live(&d, NOON, 100, MINUTE, 40 * HOUR);
	assert_offset(&d, 0);
	drift_note(&d, INSTANT_NEVER, instant_at(0));
	drift_note(&d, instant_at(INT64_MIN / 2000000), instant_at(NOON));
	assert_offset(&d, 0);
}

static void summer_time_and_a_mended_clock_are_learnt(void **state)
{
	struct drift d = { 0 };

	(void)state;
	live(&d, NOON, 10, MINUTE, HOUR);
	assert_offset(&d, HOUR);
	live(&d, NOON + HOUR, 10, MINUTE, 2 * HOUR);
	assert_offset(&d, 2 * HOUR);
	live(&d, NOON + 2 * HOUR, 10, MINUTE, 1);
	assert_offset(&d, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stamps_that_are_steadily_behind_are_of_another_zone),
		cmocka_unit_test(stamps_ahead_and_odd_quarters_are_zones_too),
		cmocka_unit_test(what_is_delivered_late_at_once_is_no_zone),
		cmocka_unit_test(a_backlog_that_is_caught_up_slowly_is_no_zone),
		cmocka_unit_test(a_line_in_time_breaks_the_row),
		cmocka_unit_test(a_difference_that_is_no_quarter_of_an_hour_is_a_wrong_clock),
		cmocka_unit_test(summer_time_and_a_mended_clock_are_learnt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
