/* SPDX-License-Identifier: MIT */
#include "lookup/logins.h"

#include "unit/check.h"

enum { HOUR = 3600, NOW = 1000000000 };

static struct logins list;

static struct addr address(unsigned i)
{
	return (struct addr){ .family = 4, .bytes = { 192, 0, (uint8_t)(i >> 8), (uint8_t)i } };
}

static bool add(unsigned i, const char *account, int64_t time, int64_t now)
{
	struct addr a = address(i);

	return logins_add(&list, &a, str_of(account), instant_at(time), instant_at(now));
}

static int clear(void **state)
{
	(void)state;
	list = (struct logins){ .n = 0 };
	return 0;
}

static void a_login_lasts_for_twelve_hours(void **state)
{
	(void)state;
	assert_true(add(1, "root", NOW, NOW));
	assert_int_equal(logins_end(&list.at[0]).us, instant_at(NOW + 12 * HOUR).us);
	assert_false(logins_expire(&list, instant_at(NOW + 12 * HOUR - 1)));
	assert_true(logins_expire(&list, instant_at(NOW + 12 * HOUR)));
	assert_int_equal(list.n, 0);
	assert_false(add(1, "root", NOW - 12 * HOUR, NOW));
}

static void the_newest_login_of_an_address_counts(void **state)
{
	(void)state;
	assert_true(add(1, "root", NOW - HOUR, NOW));
	assert_true(add(1, "bob", NOW, NOW));
	assert_false(add(1, "bob", NOW, NOW));
	assert_false(add(1, "eve", NOW - 2 * HOUR, NOW));
	assert_int_equal(list.n, 1);
	assert_string_equal(list.at[0].account, "bob");
	assert_int_equal(list.at[0].time.us, instant_at(NOW).us);
}

static void the_future_is_now(void **state)
{
	(void)state;
	assert_true(add(1, "root", NOW + 100 * HOUR, NOW));
	assert_int_equal(logins_end(&list.at[0]).us, instant_at(NOW + 12 * HOUR).us);
}

static void the_oldest_makes_room(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LOGINS_MAX; i++) {
		assert_true(add(i, "root", NOW - (i == 3 ? HOUR : 0), NOW));
	}
	assert_true(add(LOGINS_MAX, "root", NOW, NOW));
	assert_int_equal(list.n, LOGINS_MAX);
	assert_true(add(3, "root", NOW, NOW));
}

static void comes_back_as_it_was_saved(void **state)
{
	CLEANUP(buf_done) struct buf text = { 0 }, again = { 0 };

	(void)state;
	assert_true(add(1, "root", NOW, NOW));
	assert_true(add(2, "a b\n\033", NOW - HOUR, NOW));
	assert_true(add(3, "", NOW - 2 * HOUR, NOW));
	logins_save(&list, &text);
	buf_add_str(&again, buf_str(&text));
	buf_add_str(&again, STR("nonsense\n192.0.2.300 1 x\n192.0.2.1 x y\n\n"));
	(void)clear(NULL);
	logins_load(&list, buf_str(&again), instant_at(NOW));
	buf_clear(&again);
	logins_save(&list, &again);
	assert_string_equal(buf_text(&again), buf_text(&text));
	assert_string_equal(list.at[1].account, "a?b??");
	(void)clear(NULL);
	logins_load(&list, buf_str(&text), instant_at(NOW + 11 * HOUR));
	assert_int_equal(list.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_login_lasts_for_twelve_hours, clear),
		cmocka_unit_test_setup(the_newest_login_of_an_address_counts, clear),
		cmocka_unit_test_setup(the_future_is_now, clear),
		cmocka_unit_test_setup(the_oldest_makes_room, clear),
		cmocka_unit_test_setup(comes_back_as_it_was_saved, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
