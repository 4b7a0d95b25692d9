/* SPDX-License-Identifier: MIT */
#include "base/position.h"

#include <string.h>

#include "unit/check.h"

static void fingerprints_are_the_same_on_every_day(void **state)
{
	(void)state;
	assert_true(position_fingerprint(STR_NONE) == position_fingerprint(STR("")));
	assert_true(position_fingerprint(STR("a log line\n")) == 0x920634f3e1587e11);
	assert_true(position_fingerprint(STR("a log line\n")) !=
		    position_fingerprint(STR("a log lime\n")));
	assert_true(position_fingerprint(STR("a\0")) != position_fingerprint(STR("a")));
}

static void the_first_piece_gives_the_head(void **state)
{
	struct position p = { .device = 1, .inode = 2 };

	(void)state;
	position_advance(&p, STR("first\n"));
	position_advance(&p, STR("second\n"));
	assert_int_equal(p.offset, 13);
	assert_int_equal(p.head_n, 6);
	assert_true(p.head == position_fingerprint(STR("first\n")));
	assert_int_equal(p.tail_n, 7);
	assert_true(p.tail == position_fingerprint(STR("second\n")));
	assert_int_equal(p.device, 1);
	assert_int_equal(p.inode, 2);
}

static void large_pieces_are_cut_to_both_ends(void **state)
{
	static char text[70000];
	struct position p = { .offset = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++) {
		text[i] = (char)(i * i % 251);
	}
	position_advance(&p, (struct str){ text, sizeof(text) });
	assert_int_equal(p.offset, sizeof(text));
	assert_int_equal(p.head_n, POSITION_HEAD_BYTES);
	assert_true(p.head == position_fingerprint((struct str){ text, 256 }));
	assert_int_equal(p.tail_n, POSITION_TAIL_BYTES);
	assert_true(p.tail == position_fingerprint((struct str){ text + sizeof(text) - 64, 64 }));
}

static void nothing_taken_changes_nothing(void **state)
{
	struct position p = { .offset = 0 }, before;

	(void)state;
	position_advance(&p, STR_NONE);
	assert_int_equal(p.head_n, 0);
	position_advance(&p, STR("x\n"));
	before = p;
	position_advance(&p, STR(""));
	assert_memory_equal(&p, &before, sizeof(p));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(fingerprints_are_the_same_on_every_day),
		cmocka_unit_test(the_first_piece_gives_the_head),
		cmocka_unit_test(large_pieces_are_cut_to_both_ends),
		cmocka_unit_test(nothing_taken_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
