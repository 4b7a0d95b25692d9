/* SPDX-License-Identifier: MIT */
#include "policy/brake.h"

#include "unit/policy/words.h"

static bool note(struct brake *b, uint8_t n, int64_t time)
{
	const struct prefix p = { .addr = { .family = 4, .bytes = { 192, 0, 2, n } }, .len = 32 };

	return brake_note(b, &p, at(time), BRAKE_LIMIT);
}

static void holds_at_the_twenty_first_address(void **state)
{
	struct brake b = { .n = 0 };

	(void)state;
	for (uint8_t i = 0; i < 20; i++) {
		assert_false(note(&b, i, 100 + i));
	}
	assert_false(brake_holds(&b, at(120)));
	assert_true(note(&b, 20, 120));
	assert_int_equal(b.n, 21);
	/* Until ten minutes after the rate has fallen: the first of them leaves the five minutes.
	 */
	assert_true(brake_holds(&b, at(100 + 900 - 1)));
	assert_false(brake_holds(&b, at(100 + 900)));
}

static void one_address_again_is_one(void **state)
{
	struct brake b = { .n = 0 };

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_false(note(&b, (uint8_t)(i % 20), 100 + i));
	}
	assert_int_equal(b.n, 20);
}

static void a_slow_trickle_does_nothing(void **state)
{
	struct brake b = { .n = 0 };

	(void)state;
	for (uint8_t i = 0; i < 200; i++) {
		assert_false(note(&b, i, 100 + 15 * i));
	}
	assert_true(note(&b, 201, 100 + 15 * 199));
}

static void holds_longer_while_it_goes_on(void **state)
{
	struct brake b = { .n = 0 };

	(void)state;
	for (uint8_t i = 0; i < 200; i++) {
		(void)note(&b, i, 100 + i);
	}
	assert_true(brake_holds(&b, at(279 + 900 - 1)));
	assert_false(brake_holds(&b, at(279 + 900)));
}

/* Of another log, which is ten minutes behind. */
static void lines_that_come_late_hide_nothing(void **state)
{
	struct brake b = { .n = 0 };

	(void)state;
	for (uint8_t i = 0; i < 20; i++) {
		assert_false(note(&b, i, 1000 + i));
		assert_false(note(&b, (uint8_t)(100 + i), 400 + i));
	}
	assert_true(note(&b, 200, 420));
	assert_true(brake_is_among(&b, 0));
	assert_false(brake_is_among(&b, b.n - 1));
	assert_false(brake_holds(&b, at(400 + 900)));
	assert_true(note(&b, 201, 1020));
	assert_false(brake_is_among(&b, 0));
	assert_true(brake_is_among(&b, b.n - 1));
	assert_true(brake_holds(&b, at(1000 + 900 - 1)));
}

static void is_full_of_the_newest(void **state)
{
	struct brake b = { .n = 0 };

	(void)state;
	for (uint8_t i = 0; i < 250; i++) {
		(void)note(&b, i, 100 + i);
	}
	assert_int_equal(b.n, BRAKE_KEPT);
	assert_int_equal(b.noted[0].at.us, at(100 + 250 - BRAKE_KEPT).us);
	assert_false(note(&b, 251, 5));
	assert_int_equal(b.n, BRAKE_KEPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_at_the_twenty_first_address),
		cmocka_unit_test(one_address_again_is_one),
		cmocka_unit_test(a_slow_trickle_does_nothing),
		cmocka_unit_test(holds_longer_while_it_goes_on),
		cmocka_unit_test(lines_that_come_late_hide_nothing),
		cmocka_unit_test(is_full_of_the_newest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
