/* SPDX-License-Identifier: MIT */
#include "policy/jail.h"

#include "unit/check.h"

static uint32_t kept(uint32_t threshold, const points *p, uint16_t n)
{
	const struct jail j = { .threshold = threshold, .points = p, .n_points = n };

	return jail_kept_events(&j);
}

static void counts_only_the_types_that_it_names(void **state)
{
	static const points p[] = { 50, 0, POINTS_BAN };
	const struct jail j = { .points = p, .n_points = 3 };

	(void)state;
	assert_int_equal(jail_points(&j, 0), 50);
	assert_int_equal(jail_points(&j, 1), 0);
	assert_int_equal(jail_points(&j, 2), POINTS_BAN);
	assert_int_equal(jail_points(&j, 3), 0);
	assert_int_equal(jail_points(&j, UINT16_MAX), 0);
}

static void serves_all_services_unless_told(void **state)
{
	static const uint64_t bits[] = { 1ULL << 63, 1 };
	const struct jail all = { 0 };
	const struct jail some = { .services = bits, .n_services = 65 };
	const struct jail cut = { .services = bits, .n_services = 64 };

	(void)state;
	assert_true(jail_serves(&all, 0));
	assert_true(jail_serves(&all, EVENT_SERVICE_NONE));
	assert_false(jail_serves(&some, 0));
	assert_false(jail_serves(&some, 62));
	assert_true(jail_serves(&some, 63));
	assert_true(jail_serves(&some, 64));
	assert_false(jail_serves(&some, 65));
	assert_false(jail_serves(&some, EVENT_SERVICE_NONE));
	assert_false(jail_serves(&cut, 64));
}

static void keeps_as_many_events_as_can_matter(void **state)
{
	static const points vpop3[] = { 50, 100, 0, 50 };
	static const points odd[] = { 7, 3 };
	static const points only_ban[] = { POINTS_BAN, 0 };
	static const points with_ban[] = { POINTS_BAN, 10 };

	(void)state;
	assert_int_equal(kept(1000, vpop3, 4), 20);
	assert_int_equal(kept(10, odd, 2), 4);
	assert_int_equal(kept(9, odd, 2), 3);
	assert_int_equal(kept(1, odd, 2), 1);
	assert_int_equal(kept(100, only_ban, 2), 1);
	assert_int_equal(kept(100, with_ban, 2), 10);
	assert_int_equal(kept(100, NULL, 0), 1);
	assert_int_equal(kept(THRESHOLD_MAX, (const points[]){ 1 }, 1), THRESHOLD_MAX);
}

static void the_horizon_is_one_window_back(void **state)
{
	const struct jail j = { .window = seconds(60) };

	(void)state;
	assert_int_equal(jail_horizon(&j, instant_at(100)).us, instant_at(40).us);
	assert_int_equal(jail_horizon(&j, (instant){ .us = INT64_MIN + 1 }).us, INT64_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_only_the_types_that_it_names),
		cmocka_unit_test(serves_all_services_unless_told),
		cmocka_unit_test(keeps_as_many_events_as_can_matter),
		cmocka_unit_test(the_horizon_is_one_window_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
