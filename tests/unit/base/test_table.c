/* SPDX-License-Identifier: MIT */
#include "base/table.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/resource.h>

#include "unit/base/dice.h"
#include "unit/base/dies.h"

enum { KEY_SIZE = 17, KEYS_MAX = 600 };

static const uint8_t SEED[TABLE_SEED_SIZE] = {
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
};

static const unsigned char *key_of(uint32_t number)
{
	static unsigned char key[KEY_SIZE];

	memset(key, 0, sizeof(key));
	memcpy(key + 3, &number, sizeof(number));
	return key;
}

static struct table *new_table(uint32_t capacity)
{
	struct table *t = NULL;

	assert_int_equal(table_new(capacity, KEY_SIZE, SEED, &t), 0);
	return t;
}

static uint32_t add(struct table *t, uint32_t number)
{
	bool added = false;
	uint32_t slot = table_add(t, key_of(number), &added);

	assert_true(added);
	return slot;
}

static void hashes_as_the_authors_of_siphash_do(void **state)
{
	static const struct {
		size_t n;
		uint64_t hash;
	} cases[] = {
		{ 0, 0x726fdb47dd0e0e31 },  { 1, 0x74f839c593dc67fd }, { 2, 0x0d6c8009d9a94f5a },
		{ 3, 0x85676696d7fb7e2d },  { 4, 0xcf2794e0277187b7 }, { 5, 0x18765564cd99a68d },
		{ 6, 0xcbc9466e58fee3ce },  { 7, 0xab0200f58b01d137 }, { 8, 0x93f5f5799a932462 },
		{ 15, 0xa129ca6149be45e5 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(siphash(SEED, cases[i].n, SEED) == cases[i].hash);
	}
}

static void the_seed_changes_the_hash(void **state)
{
	uint8_t other[TABLE_SEED_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(other); i++) {
		memcpy(other, SEED, sizeof(other));
		other[i] ^= 1;
		assert_true(siphash("key", 3, other) != siphash("key", 3, SEED));
	}
}

static void refuses_sizes_out_of_range(void **state)
{
	struct table *t = NULL;

	(void)state;
	assert_int_equal(table_new(0, 4, SEED, &t), -EINVAL);
	assert_int_equal(table_new(UINT32_C(1) << 31, 4, SEED, &t), -EINVAL);
	assert_int_equal(table_new(UINT32_MAX, 4, SEED, &t), -EINVAL);
	assert_int_equal(table_new(4, 0, SEED, &t), -EINVAL);
	assert_int_equal(table_new(4, 256, SEED, &t), -EINVAL);
	assert_null(t);
	assert_null(table_free(NULL));
}

static void the_longest_key_counts_to_its_last_byte(void **state)
{
	CLEANUP(table_freep) struct table *t = NULL;
	unsigned char a[255] = { 0 }, b[255] = { 0 };
	bool added;

	(void)state;
	b[254] = 1;
	assert_int_equal(table_new(2, sizeof(a), SEED, &t), 0);
	assert_int_equal(table_add(t, a, &added), 0);
	assert_int_equal(table_add(t, b, &added), 1);
	assert_true(added);
	assert_memory_equal(table_key(t, 1), b, sizeof(b));
}

static void finds_what_was_added_and_nothing_else(void **state)
{
	CLEANUP(table_freep) struct table *t = new_table(4);
	bool added = true;

	(void)state;
	assert_true(table_find(t, key_of(1)) == TABLE_NONE);
	assert_int_equal(add(t, 1), 0);
	assert_int_equal(table_find(t, key_of(1)), 0);
	assert_int_equal(table_add(t, key_of(1), &added), 0);
	assert_false(added);
	assert_true(table_find(t, key_of(2)) == TABLE_NONE);
	assert_int_equal(table_count(t), 1);
	assert_memory_equal(table_key(t, 0), key_of(1), KEY_SIZE);
	assert_null(table_key(t, 1));
	assert_null(table_key(t, TABLE_NONE));
}

static void a_full_table_says_so_and_keeps_what_it_has(void **state)
{
	CLEANUP(table_freep) struct table *t = new_table(3);
	bool added = true;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(add(t, i), i);
	}
	assert_true(table_add(t, key_of(9), &added) == TABLE_NONE);
	assert_false(added);
	assert_int_equal(table_add(t, key_of(2), &added), 2);
	assert_false(added);
	assert_int_equal(table_count(t), 3);
	table_remove(t, 1);
	assert_int_equal(add(t, 9), 1);
}

static void slots_are_reused_last_freed_first(void **state)
{
	CLEANUP(table_freep) struct table *t = new_table(10);

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		add(t, i);
	}
	table_remove(t, 1);
	table_remove(t, 3);
	assert_int_equal(table_bound(t), 4);
	assert_int_equal(add(t, 10), 3);
	assert_int_equal(add(t, 11), 1);
	assert_int_equal(add(t, 12), 4);
	assert_int_equal(table_bound(t), 5);
}

static void clearing_empties_everything(void **state)
{
	CLEANUP(table_freep) struct table *t = new_table(300);

	(void)state;
	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 300; i++) {
			assert_int_equal(add(t, round * 1000 + i), i);
		}
		table_remove(t, 17);
		table_clear(t);
		assert_int_equal(table_count(t), 0);
		assert_int_equal(table_bound(t), 0);
		assert_null(table_key(t, 0));
		for (uint32_t i = 0; i < 300; i++) {
			assert_true(table_find(t, key_of(round * 1000 + i)) == TABLE_NONE);
		}
	}
}

static void clearing_what_was_full_once_empties_everything(void **state)
{
	CLEANUP(table_freep) struct table *t = new_table(300);

	(void)state;
	for (uint32_t i = 0; i < 300; i++) {
		assert_int_equal(add(t, i), i);
	}
	for (uint32_t slot = 3; slot < 299; slot++) {
		table_remove(t, slot);
	}
	table_clear(t);
	for (uint32_t i = 0; i < 300; i++) {
		assert_true(table_find(t, key_of(i)) == TABLE_NONE);
		assert_int_equal(add(t, i), i);
	}
}

struct model {
	uint32_t slots[KEYS_MAX]; /* by key; TABLE_NONE: not in */
	uint32_t count;
};

static void assert_like_model(const struct table *t, const struct model *m, uint32_t keys)
{
	uint32_t used = 0;

	for (uint32_t k = 0; k < keys; k++) {
		assert_true(table_find(t, key_of(k)) == m->slots[k]);
		if (m->slots[k] != TABLE_NONE) {
			assert_memory_equal(table_key(t, m->slots[k]), key_of(k), KEY_SIZE);
		}
	}
	for (uint32_t slot = 0; slot < table_bound(t); slot++) {
		used += table_key(t, slot) != NULL;
	}
	assert_int_equal(used, m->count);
	assert_int_equal(table_count(t), m->count);
}

static void step(struct table *t, struct model *m, uint32_t key, uint32_t capacity)
{
	bool added, is_new = m->slots[key] == TABLE_NONE;

	if (!is_new && key % 2 == 0) {
		table_remove(t, m->slots[key]);
		assert_null(table_key(t, m->slots[key]));
		m->slots[key] = TABLE_NONE;
		m->count--;
		return;
	}
	if (is_new && m->count == capacity) {
		assert_true(table_add(t, key_of(key), &added) == TABLE_NONE);
		for (key = 0; m->slots[key] == TABLE_NONE; key++) {
		}
		table_remove(t, m->slots[key]);
		m->slots[key] = TABLE_NONE;
		m->count--;
		return;
	}
	if (is_new) {
		m->slots[key] = add(t, key);
		m->count++;
		assert_true(m->slots[key] < capacity);
	}
	assert_true(table_add(t, key_of(key), &added) == m->slots[key]);
	assert_false(added);
}

static void behaves_as_a_naive_map_does(void **state)
{
	static const uint32_t capacities[] = { 1, 2, 3, 4, 5, 8, 31, 257 };
	struct dice d = dice_new(1976);

	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(capacities); c++) {
		uint32_t capacity = capacities[c];
		uint32_t keys = capacity * 2 + 3 < KEYS_MAX ? capacity * 2 + 3 : KEYS_MAX;
		CLEANUP(table_freep) struct table *t = new_table(capacity);
		struct model m;

		memset(&m, 0xff, sizeof(m));
		m.count = 0;
		for (uint32_t i = 0; i < 40000; i++) {
			step(t, &m, dice_below(&d, keys), capacity);
			if (capacity < 9 || i % 500 == 0) {
				assert_like_model(t, &m, keys);
			}
		}
	}
}

/* Keys 0, 3, 6, ... are removed again, each some time after it came. */
static void a_table_that_grows_loses_nothing(void **state)
{
	enum { MANY = 60000, LATER = 100 };
	CLEANUP(table_freep) struct table *t = new_table(MANY);

	(void)state;
	for (uint32_t i = 0; i < MANY + LATER; i++) {
		if (i < MANY) {
			add(t, i);
		}
		if (i >= LATER && i % 3 == LATER % 3) {
			table_remove(t, table_find(t, key_of(i - LATER)));
		}
		if (i % 2500 != 0) {
			continue;
		}
		for (uint32_t k = 0; k <= i && k < MANY; k++) {
			bool gone = k % 3 == 0 && k + LATER <= i;

			assert_int_equal(table_find(t, key_of(k)) == TABLE_NONE, gone);
		}
	}
	assert_int_equal(table_count(t), MANY / 3 * 2);
}

static long resident_kib(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

static void a_large_table_touches_only_what_it_uses(void **state)
{
	/* A page for each would be 200,000 KiB; the shadow that the sanitizer keeps is 60,000. */
	enum { CAPACITY = 10000000, USED = 50000, MOST_KIB = 80000 };
	CLEANUP(table_freep) struct table *t = NULL;
	long before = resident_kib();

	(void)state;
	(void)mallopt(M_PERTURB, 0); /* the test runner sets it, to fill what malloc() gives */
	t = new_table(CAPACITY);
	for (uint32_t i = 0; i < USED; i++) {
		assert_int_equal(add(t, i), i);
	}
	for (uint32_t i = 0; i < 2 * USED; i++) {
		table_remove(t, i % USED);
		assert_int_equal(add(t, USED + i), i % USED);
	}
	assert_int_equal(table_bound(t), USED);
	table_clear(t);
	assert_in_range(resident_kib() - before, 0, MOST_KIB);
}

static void remove_slot_0(void *t)
{
	table_remove(t, 0);
}

static void remove_slot_1(void *t)
{
	table_remove(t, 1);
}

static void removing_an_unused_slot_is_a_bug(void **state)
{
	CLEANUP(table_freep) struct table *t = new_table(2);

	(void)state;
	add(t, 1);
	assert_false(dies(remove_slot_0, t));
	assert_true(dies(remove_slot_1, t));
	table_remove(t, 0);
	assert_true(dies(remove_slot_0, t));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_as_the_authors_of_siphash_do),
		cmocka_unit_test(the_seed_changes_the_hash),
		cmocka_unit_test(refuses_sizes_out_of_range),
		cmocka_unit_test(the_longest_key_counts_to_its_last_byte),
		cmocka_unit_test(finds_what_was_added_and_nothing_else),
		cmocka_unit_test(a_full_table_says_so_and_keeps_what_it_has),
		cmocka_unit_test(slots_are_reused_last_freed_first),
		cmocka_unit_test(clearing_empties_everything),
		cmocka_unit_test(clearing_what_was_full_once_empties_everything),
		cmocka_unit_test(behaves_as_a_naive_map_does),
		cmocka_unit_test(a_table_that_grows_loses_nothing),
		cmocka_unit_test(a_large_table_touches_only_what_it_uses),
		cmocka_unit_test(removing_an_unused_slot_is_a_bug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
