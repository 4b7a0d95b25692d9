/* SPDX-License-Identifier: MIT */
#include "base/heap.h"

#include <errno.h>

#include "unit/base/dice.h"
#include "unit/base/dies.h"

enum { ITEMS = 200 };

static struct heap *new_heap(uint32_t capacity)
{
	struct heap *h = NULL;

	assert_int_equal(heap_new(capacity, &h), 0);
	return h;
}

static void an_empty_heap_has_no_top(void **state)
{
	CLEANUP(heap_freep) struct heap *h = new_heap(1);

	(void)state;
	assert_true(heap_top(h) == HEAP_NONE);
	assert_int_equal(heap_count(h), 0);
	assert_false(heap_has(h, 0));
	assert_false(heap_has(h, 1));
	assert_false(heap_has(h, HEAP_NONE));
	heap_remove(h, 0);
	heap_remove(h, HEAP_NONE);
}

static void refuses_no_capacity(void **state)
{
	struct heap *h = NULL;

	(void)state;
	assert_int_equal(heap_new(0, &h), -EINVAL);
	assert_null(h);
	assert_null(heap_free(NULL));
}

static void orders_by_major_then_minor(void **state)
{
	CLEANUP(heap_freep) struct heap *h = new_heap(6);
	static const uint32_t order[] = { 4, 3, 1, 0, 2, 5 };

	(void)state;
	heap_set(h, 0, 5, 7);
	heap_set(h, 1, 5, 6);
	heap_set(h, 2, 5, UINT64_MAX);
	heap_set(h, 3, -5, 9);
	heap_set(h, 4, INT64_MIN, UINT64_MAX);
	heap_set(h, 5, INT64_MAX, 0);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		assert_int_equal(heap_top(h), order[i]);
		heap_remove(h, heap_top(h));
	}
	assert_true(heap_top(h) == HEAP_NONE);
}

static void setting_again_moves_the_item(void **state)
{
	CLEANUP(heap_freep) struct heap *h = new_heap(3);

	(void)state;
	heap_set(h, 0, 10, 0);
	heap_set(h, 1, 20, 0);
	heap_set(h, 2, 30, 0);
	heap_set(h, 2, 5, 0);
	assert_int_equal(heap_top(h), 2);
	assert_int_equal(heap_major(h, 2), 5);
	heap_set(h, 2, 40, 0);
	assert_int_equal(heap_top(h), 0);
	assert_int_equal(heap_count(h), 3);
	heap_set(h, 0, 40, 1);
	assert_int_equal(heap_top(h), 1);
}

static void set_item_3(void *h)
{
	heap_set(h, 3, 0, 0);
}

static void ask_for_the_key_of_item_1(void *h)
{
	(void)heap_major(h, 1);
}

static void a_foreign_item_is_a_bug(void **state)
{
	CLEANUP(heap_freep) struct heap *h = new_heap(3);

	(void)state;
	assert_true(dies(set_item_3, h));
	assert_true(dies(ask_for_the_key_of_item_1, h));
	heap_set(h, 1, 0, 0);
	assert_false(dies(ask_for_the_key_of_item_1, h));
}

struct model {
	bool in[ITEMS];
	int64_t major[ITEMS];
	uint64_t minor[ITEMS];
	uint32_t count;
};

/* The item that nothing in the model sorts before; its key, for items may have the same. */
static uint32_t model_top(const struct model *m)
{
	uint32_t best = HEAP_NONE;

	for (uint32_t i = 0; i < ITEMS; i++) {
		if (!m->in[i]) {
			continue;
		}
		if (best == HEAP_NONE || m->major[i] < m->major[best] ||
		    (m->major[i] == m->major[best] && m->minor[i] < m->minor[best])) {
			best = i;
		}
	}
	return best;
}

static void assert_like_model(const struct heap *h, const struct model *m, uint32_t item)
{
	uint32_t top = heap_top(h), want = model_top(m);

	assert_int_equal(heap_count(h), m->count);
	assert_int_equal(heap_has(h, item), m->in[item]);
	if (m->in[item]) {
		assert_true(heap_major(h, item) == m->major[item]);
	}
	if (want == HEAP_NONE) {
		assert_true(top == HEAP_NONE);
		return;
	}
	assert_true(top < ITEMS && m->in[top]);
	assert_true(m->major[top] == m->major[want] && m->minor[top] == m->minor[want]);
}

static void behaves_as_a_naive_list_does(void **state)
{
	CLEANUP(heap_freep) struct heap *h = new_heap(ITEMS);
	struct dice d = dice_new(1964);
	struct model m = { .count = 0 };

	(void)state;
	for (uint32_t i = 0; i < 200000; i++) {
		uint32_t item = dice_below(&d, ITEMS);
		bool filling = i / 5000 % 2 == 0;

		if (dice_below(&d, 4) < (filling ? 3 : 1)) {
			m.count += !m.in[item];
			m.in[item] = true;
			m.major[item] = (int64_t)dice_below(&d, 50) - 25;
			m.minor[item] = dice_below(&d, 4);
			heap_set(h, item, m.major[item], m.minor[item]);
		} else {
			m.count -= m.in[item];
			m.in[item] = false;
			heap_remove(h, item);
		}
		assert_like_model(h, &m, item);
	}
	while (m.count > 0) {
		uint32_t top = heap_top(h);

		assert_like_model(h, &m, top);
		heap_remove(h, top);
		m.in[top] = false;
		m.count--;
	}
	assert_true(heap_top(h) == HEAP_NONE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_heap_has_no_top),
		cmocka_unit_test(refuses_no_capacity),
		cmocka_unit_test(orders_by_major_then_minor),
		cmocka_unit_test(setting_again_moves_the_item),
		cmocka_unit_test(a_foreign_item_is_a_bug),
		cmocka_unit_test(behaves_as_a_naive_list_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
