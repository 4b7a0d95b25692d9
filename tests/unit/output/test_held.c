/* SPDX-License-Identifier: MIT */
#include "output/held.h"

#include "unit/check.h"

static struct prefix number(uint32_t i, uint8_t len)
{
	struct addr a = { .family = 4,
			  .bytes = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i } };

	return prefix_of(&a, len);
}

static void counts_each_prefix_of_each_scope_once(void **state)
{
	struct held *h = NULL;
	struct prefix a = number(1, 32), wide = number(0, 24), a0 = number(0, 32);

	(void)state;
	assert_int_equal(held_new(&h), 0);
	assert_int_equal(held_count(h), 0);
	held_add(h, &a, 0);
	held_add(h, &a, 0);
	assert_int_equal(held_count(h), 1);
	held_add(h, &a, 1);
	held_add(h, &wide, 0);
	held_add(h, &a0, 0);
	assert_int_equal(held_count(h), 4);
	held_remove(h, &a, 0);
	held_remove(h, &a, 0);
	assert_int_equal(held_count(h), 3);
	held_clear(h);
	assert_int_equal(held_count(h), 0);
	held_remove(h, &a, 1);
	assert_null(held_free(h));
	assert_null(held_free(NULL));
}

static void a_scope_is_forgotten_alone(void **state)
{
	struct held *h = NULL;

	(void)state;
	assert_int_equal(held_new(&h), 0);
	for (uint32_t i = 0; i < 100; i++) {
		struct prefix p = number(i, 32);

		held_add(h, &p, (uint16_t)(i % 2));
	}
	held_forget(h, 1);
	assert_int_equal(held_count(h), 50);
	held_forget(h, 1);
	held_forget(h, 0);
	assert_int_equal(held_count(h), 0);
	held_free(h);
}

static void grows_with_what_is_in_it(void **state)
{
	struct held *h = NULL;

	(void)state;
	assert_int_equal(held_new(&h), 0);
	for (uint32_t i = 0; i < 100000; i++) {
		struct prefix p = number(i, 32);

		held_add(h, &p, 0);
		assert_int_equal(held_count(h), i + 1);
	}
	for (uint32_t i = 0; i < 100000; i++) {
		struct prefix p = number(i, 32);

		held_remove(h, &p, 0);
		assert_int_equal(held_count(h), 99999 - i);
	}
	held_free(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_each_prefix_of_each_scope_once),
		cmocka_unit_test(a_scope_is_forgotten_alone),
		cmocka_unit_test(grows_with_what_is_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
