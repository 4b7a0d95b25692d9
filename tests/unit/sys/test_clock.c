/* SPDX-License-Identifier: MIT */
#include "sys/clock.h"

#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "unit/check.h"

static void the_wall_clock_is_utc_in_microseconds(void **state)
{
	int64_t before = (int64_t)time(NULL) - 1;
	instant now = clock_now();
	int64_t after = (int64_t)time(NULL) + 1;

	(void)state;
	assert_true(now.us / 1000000 >= before && now.us / 1000000 <= after);
}

static void the_other_clock_goes_forward_only(void **state)
{
	int64_t begin = clock_monotonic(), last = begin;

	(void)state;
	while (last < begin + 2000) {
		int64_t now = clock_monotonic();

		assert_true(now >= last);
		last = now;
	}
}

static void nobody_sets_the_clock_during_this_test(void **state)
{
	int64_t awake = clock_monotonic();
	int fd = clock_set_open();
	struct pollfd set = { .fd = fd, .events = POLLIN };

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(poll(&set, 1, 0), 0);
	clock_set_noted(fd);
	assert_true(clock_boot() >= awake);
	(void)close(fd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_wall_clock_is_utc_in_microseconds),
		cmocka_unit_test(the_other_clock_goes_forward_only),
		cmocka_unit_test(nobody_sets_the_clock_during_this_test),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
