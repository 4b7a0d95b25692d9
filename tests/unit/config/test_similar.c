/* SPDX-License-Identifier: MIT */
#include "config/similar.h"

#include "unit/check.h"

static const char *guess(const char *wanted)
{
	static const char *const known[] = { "ban",  "ban-memory", "threshold", "window",
					     "mail", "smtp",       "smtps",     "imap" };
	struct similar s = similar_to(str_of(wanted));

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		similar_offer(&s, str_of(known[i]));
	}
	return s.found.p ? s.found.p : "";
}

static void finds_slips(void **state)
{
	(void)state;
	assert_string_equal(guess("treshold"), "threshold");
	assert_string_equal(guess("thershold"), "threshold");
	assert_string_equal(guess("tresholds"), "threshold");
	assert_string_equal(guess("WINDOW"), "window");
	assert_string_equal(guess("mial"), "mail");
	assert_string_equal(guess("smpt"), "smtp");
	assert_string_equal(guess("imaps"), "imap");
	assert_string_equal(guess("smtp"), "smtp");
	assert_string_equal(guess("banmemory"), "ban-memory");
}

static void does_not_guess_wildly(void **state)
{
	(void)state;
	assert_string_equal(guess(""), "");
	assert_string_equal(guess("x"), "");
	assert_string_equal(guess("lima"), "");
	assert_string_equal(guess("http"), "");
	assert_string_equal(guess("something-else"), "");
}

static void the_nearest_wins_and_the_first_of_equals(void **state)
{
	struct similar s = similar_to(STR("abcdef"));

	(void)state;
	similar_offer(&s, STR("abcdxx"));
	assert_true(str_eq(s.found, STR("abcdxx")));
	similar_offer(&s, STR("abcdex"));
	assert_true(str_eq(s.found, STR("abcdex")));
	similar_offer(&s, STR("abcdey"));
	assert_true(str_eq(s.found, STR("abcdex")));
	similar_offer(&s, STR("ABCDEF"));
	assert_true(str_eq(s.found, STR("ABCDEF")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_slips),
		cmocka_unit_test(does_not_guess_wildly),
		cmocka_unit_test(the_nearest_wins_and_the_first_of_equals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
