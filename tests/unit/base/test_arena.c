/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "unit/base/dice.h"

enum { PIECES = 4000 };

static void memory_is_zeroed_aligned_and_apart(void **state)
{
	static struct {
		unsigned char *p;
		size_t n;
	} pieces[PIECES];
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct dice d = dice_new(7);

	(void)state;
	for (size_t i = 0; i < PIECES; i++) {
		size_t n = dice_below(&d, i % 100 == 0 ? 200000 : 300);

		pieces[i].p = arena_alloc(a, n, 1);
		pieces[i].n = n;
		assert_non_null(pieces[i].p);
		assert_int_equal((uintptr_t)pieces[i].p % alignof(max_align_t), 0);
		for (size_t k = 0; k < n; k++) {
			assert_int_equal(pieces[i].p[k], 0);
		}
		memset(pieces[i].p, (int)(i % 255 + 1), n);
	}
	for (size_t i = 0; i < PIECES; i++) {
		for (size_t k = 0; k < pieces[i].n; k++) {
			assert_int_equal(pieces[i].p[k], i % 255 + 1);
		}
	}
}

static void nothing_is_a_valid_and_distinct_piece(void **state)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	void *first = arena_alloc(a, 0, 8), *second = arena_alloc(a, 8, 0);

	(void)state;
	assert_non_null(first);
	assert_non_null(second);
	assert_ptr_not_equal(first, second);
}

static void a_product_that_overflows_is_refused(void **state)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	size_t before = arena_size(a);

	(void)state;
	assert_null(arena_alloc(a, SIZE_MAX, 2));
	assert_null(arena_alloc(a, SIZE_MAX / 2 + 2, 2));
	assert_null(arena_alloc(a, SIZE_MAX, 1));
	assert_null(arena_alloc(a, SIZE_MAX / 2, 1));
	assert_int_equal(arena_size(a), before);
	assert_non_null(arena_alloc(a, 1, 1));
}

static void copies_text_with_an_uncounted_nul(void **state)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	char original[] = "a\0b";
	struct str copy = arena_str(a, (struct str){ .p = original, .n = 3 });
	struct str empty = arena_str(a, STR_NONE);

	(void)state;
	memset(original, 'x', sizeof(original));
	assert_int_equal(copy.n, 3);
	assert_memory_equal(copy.p, "a\0b\0", 4);
	assert_non_null(empty.p);
	assert_int_equal(empty.n, 0);
	assert_int_equal(empty.p[0], '\0');
}

static void small_pieces_cost_little_more_than_they_are(void **state)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < 100000; i++) {
		assert_non_null(arena_alloc(a, 1, 32));
	}
	assert_in_range(arena_size(a), 3200000, 3200000 + 300 * 1024);
}

static void a_large_piece_does_not_waste_the_rest(void **state)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	const char *before, *after;

	(void)state;
	before = arena_alloc(a, 1, 16);
	assert_non_null(arena_alloc(a, 1, 1000000));
	after = arena_alloc(a, 1, 16);
	assert_ptr_equal(after, before + 16);
	assert_in_range(arena_size(a), 1000000, 1010000);
}

static void freeing_nothing_is_fine(void **state)
{
	(void)state;
	assert_null(arena_free(NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(nothing_is_a_valid_and_distinct_piece),
		cmocka_unit_test(a_product_that_overflows_is_refused),
		cmocka_unit_test(copies_text_with_an_uncounted_nul),
		cmocka_unit_test(small_pieces_cost_little_more_than_they_are),
		cmocka_unit_test(a_large_piece_does_not_waste_the_rest),
		cmocka_unit_test(freeing_nothing_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
