/* SPDX-License-Identifier: MIT */
#include "base/names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "unit/check.h"

static uint16_t add(struct names *names, struct arena *arena, struct str name)
{
	uint16_t number = NAMES_NONE;

	assert_int_equal(names_add(names, arena, name, &number), 0);
	return number;
}

static void numbers_names_in_the_order_they_come(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct names names = { 0 };
	char mine[] = "relay";

	(void)state;
	assert_int_equal(names_find(&names, STR("relay")), NAMES_NONE);
	assert_int_equal(add(&names, arena, str_of(mine)), 0);
	assert_int_equal(add(&names, arena, STR("auth-failure")), 1);
	memset(mine, 'x', 5);
	assert_int_equal(add(&names, arena, STR("relay")), 0);
	assert_int_equal(names.n, 2);
	assert_int_equal(names_find(&names, STR("auth-failure")), 1);
	assert_true(str_eq(names_at(&names, 0), STR("relay")));
	assert_int_equal(names_at(&names, 2).n, 0);
	assert_int_equal(names_at(&names, NAMES_NONE).n, 0);
}

static void holds_names_max_names_and_no_more(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct names names = { 0 };
	uint16_t number = 4711;
	char text[16];

	(void)state;
	for (unsigned i = 0; i < NAMES_MAX; i++) {
		(void)snprintf(text, sizeof(text), "name-%u", i);
		assert_int_equal(add(&names, arena, str_of(text)), i);
	}
	assert_int_equal(names_add(&names, arena, STR("one more"), &number), -ENOSPC);
	assert_int_equal(number, 4711);
	assert_int_equal(add(&names, arena, STR("name-7")), 7);
	assert_true(str_eq(names_at(&names, NAMES_MAX - 1), str_of(text)));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_names_in_the_order_they_come),
		cmocka_unit_test(holds_names_max_names_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
