/* SPDX-License-Identifier: MIT */
/* What each module does when memory runs out, and which never ask for any after their start.
 *
 * A scene is played again with one more request granted each time until it comes to its end; the
 * sanitizer says whether any way out leaks. */
#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/escape.h"
#include "base/heap.h"
#include "base/names.h"
#include "base/netset.h"
#include "base/table.h"
#include "unit/allocations.h"
#include "unit/check.h"

/* Plays the scene with 0, 1, 2 … allocations granted until it says that it was played to the end.
 */
static void assert_survives(bool (*scene)(void), size_t at_least)
{
	size_t given = 0;
	bool finished = false;

	while (!finished) {
		assert_in_range(given, 0, 1000);
		withhold(given++, SIZE_MAX);
		finished = scene();
		withhold_none();
	}
	assert_in_range(given - 1, at_least, 1000);
}

static bool play_buf(void)
{
	CLEANUP(buf_done) struct buf b = { 0 };
	char *text;
	bool ok;

	for (unsigned i = 0; i < 200; i++) {
		buf_printf(&b, "%u", i);
		buf_add_str(&b, STR("some text"));
		escape_cut(&b, STR("more \xff than fits"), 9);
	}
	ok = buf_ok(&b) == 0;
	assert_int_equal(buf_text(&b)[b.n], '\0');
	text = buf_take(&b);
	assert_int_equal(text != NULL, ok);
	free(text);
	return ok;
}

static bool play_arena(void)
{
	CLEANUP(arena_freep) struct arena *a = arena_new();
	struct names names = { 0 };
	uint16_t number;
	int r;

	if (!a) {
		return false;
	}
	for (unsigned i = 0; i < 300; i++) {
		if (!arena_alloc(a, 1, i * 11)) {
			return false;
		}
		if (!arena_str(a, STR("text")).p) {
			return false;
		}
		r = names_add(&names, a, (struct str){ .p = (const char *)&i, .n = sizeof(i) },
			      &number);
		if (r < 0) {
			assert_int_equal(r, -ENOMEM);
			return false;
		}
	}
	return true;
}

static bool play_table(void)
{
	CLEANUP(table_freep) struct table *t = NULL;
	const uint8_t seed[TABLE_SEED_SIZE] = { 1 };
	int r = table_new(100, 4, seed, &t);

	assert_int_equal(r, t ? 0 : -ENOMEM);
	return t;
}

static bool play_heap(void)
{
	CLEANUP(heap_freep) struct heap *h = NULL;
	int r = heap_new(100, &h);

	assert_int_equal(r, h ? 0 : -ENOMEM);
	return h;
}

static bool play_netset(void)
{
	CLEANUP(netset_freep) struct netset *s = netset_new();
	size_t kept = 0;
	int r = 0;

	if (!s) {
		return false;
	}
	for (uint8_t i = 0; i < 100 && r == 0; i++) {
		struct prefix p = { .addr = { .family = 4, .bytes = { 10, i } }, .len = 32 };

		r = netset_add(s, &p, i);
		kept += r == 0;
	}
	assert_true(r == 0 || r == -ENOMEM);
	netset_seal(s);
	assert_int_equal(netset_count(s), kept);
	return r == 0;
}

static bool play_diag(void)
{
	CLEANUP(diag_freep) struct diag *d = diag_new();
	struct diag_place at = {
		.file = STR("file"), .line = 3, .section = STR("s"), .key = STR("k")
	};
	const struct diag_item *item;
	bool whole = true;
	size_t n = 0;

	if (!d) {
		return false;
	}
	for (unsigned i = 0; i < 40; i++) {
		diag_add(d, DIAG_ERROR, &at, "number %u", i);
	}
	assert_int_equal(diag_count(d, DIAG_ERROR), 40);
	for (; (item = diag_item(d, n)); n++) {
		assert_non_null(item->text);
		whole = whole && item->text[0] == 'n' && item->place.key.n == 1;
	}
	return whole && n == 40;
}

static void buf_remembers_that_memory_ran_out(void **state)
{
	(void)state;
	assert_survives(play_buf, 3);
}

static void arena_and_names_say_that_memory_ran_out(void **state)
{
	(void)state;
	assert_survives(play_arena, 8);
}

static void table_takes_four_allocations_or_none(void **state)
{
	(void)state;
	assert_survives(play_table, 4);
}

static void heap_takes_three_allocations_or_none(void **state)
{
	(void)state;
	assert_survives(play_heap, 3);
}

static void netset_keeps_what_it_had(void **state)
{
	(void)state;
	assert_survives(play_netset, 4);
}

static void diag_counts_what_it_cannot_keep(void **state)
{
	(void)state;
	assert_survives(play_diag, 10);
}

static void use_table(struct table *t, uint32_t key)
{
	bool added;
	uint32_t slot = table_add(t, &key, &added);

	assert_true(added && table_find(t, &key) == slot);
	if (key % 3 == 0) {
		table_remove(t, slot);
	}
}

static void tables_ask_for_nothing_after_their_start(void **state)
{
	CLEANUP(table_freep) struct table *t = NULL;
	CLEANUP(heap_freep) struct heap *h = NULL;
	CLEANUP(netset_freep) struct netset *s = netset_new();
	const uint8_t seed[TABLE_SEED_SIZE] = { 1 };
	struct prefix p = { .addr = { .family = 4, .bytes = { 10 } }, .len = 8 };

	(void)state;
	assert_int_equal(table_new(1000, 4, seed, &t), 0);
	assert_int_equal(heap_new(1000, &h), 0);
	assert_int_equal(netset_add(s, &p, 1), 0);
	netset_seal(s);
	withhold(0, SIZE_MAX);
	for (uint32_t i = 0; i < 1000; i++) {
		use_table(t, i);
		heap_set(h, i, (int64_t)(i * 7919 % 1000), i);
		heap_set(h, i / 2, (int64_t)i, i);
	}
	assert_ptr_equal(netset_covering(s, &p, NULL), netset_at(s, 0, NULL));
	while (heap_count(h) > 0) {
		heap_remove(h, heap_top(h));
	}
	table_clear(t);
	withhold_none();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(buf_remembers_that_memory_ran_out),
		cmocka_unit_test(arena_and_names_say_that_memory_ran_out),
		cmocka_unit_test(table_takes_four_allocations_or_none),
		cmocka_unit_test(heap_takes_three_allocations_or_none),
		cmocka_unit_test(netset_keeps_what_it_had),
		cmocka_unit_test(diag_counts_what_it_cannot_keep),
		cmocka_unit_test(tables_ask_for_nothing_after_their_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
