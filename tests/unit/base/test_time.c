/* SPDX-License-Identifier: MIT */
#include "base/time.h"

#include "unit/check.h"

static void adds_a_length_to_a_point(void **state)
{
	(void)state;
	assert_int_equal(instant_add(instant_at(100), seconds(5)).us, 105000000);
	assert_int_equal(instant_add(instant_at(100), seconds(-5)).us, 95000000);
}

static void never_stays_never(void **state)
{
	(void)state;
	assert_true(instant_is_never(instant_add(INSTANT_NEVER, seconds(1))));
	assert_true(instant_is_never(instant_add(INSTANT_NEVER, seconds(-1))));
	assert_true(instant_is_never(instant_add(instant_at(-7), DURATION_FOREVER)));
	assert_false(instant_is_never(instant_at(INT32_MAX)));
}

static void sums_saturate_at_both_ends(void **state)
{
	instant early = { .us = INT64_MIN + 1 }, late = { .us = INT64_MAX - 1 };

	(void)state;
	assert_true(instant_is_never(instant_add(late, seconds(1))));
	assert_true(instant_add(early, seconds(-1)).us == INT64_MIN);
	assert_true(seconds(INT64_MAX).us == INT64_MAX);
	assert_true(seconds(INT64_MIN).us == INT64_MIN);
	assert_true(instant_is_never(instant_at(INT64_MAX)));
}

static void measures_from_one_point_to_another(void **state)
{
	(void)state;
	assert_int_equal(instant_since(instant_at(9), instant_at(4)).us, 5000000);
	assert_int_equal(instant_since(instant_at(4), instant_at(9)).us, -5000000);
}

static void until_never_it_is_forever(void **state)
{
	(void)state;
	assert_true(instant_since(INSTANT_NEVER, instant_at(1000)).us == DURATION_FOREVER.us);
	assert_true(instant_since(INSTANT_NEVER, instant_at(-1000)).us == DURATION_FOREVER.us);
	assert_true(instant_since((instant){ .us = -2 }, INSTANT_NEVER).us == INT64_MIN);
}

static void finds_the_earlier_and_the_later(void **state)
{
	(void)state;
	assert_int_equal(instant_min(instant_at(1), instant_at(2)).us, 1000000);
	assert_int_equal(instant_max(instant_at(1), instant_at(2)).us, 2000000);
	assert_int_equal(instant_min(INSTANT_NEVER, instant_at(2)).us, 2000000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_a_length_to_a_point),
		cmocka_unit_test(never_stays_never),
		cmocka_unit_test(sums_saturate_at_both_ends),
		cmocka_unit_test(measures_from_one_point_to_another),
		cmocka_unit_test(until_never_it_is_forever),
		cmocka_unit_test(finds_the_earlier_and_the_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
