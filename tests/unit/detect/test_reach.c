/* SPDX-License-Identifier: MIT */
#include "detect/reach.h"

#include <string.h>

#include "unit/check.h"

static struct matcher *matcher;

static int set_up(void **state)
{
	(void)state;
	return matcher_new(&matcher);
}

static int tear_down(void **state)
{
	(void)state;
	matcher = matcher_free(matcher);
	return 0;
}

static struct reach reach_of(const char *regex, const char *text)
{
	struct reach reach;

	assert_int_equal(reach_find(str_of(regex), false, matcher, str_of(text), &reach), 0);
	return reach;
}

/* The pattern stops after `reached` bytes and wants that. */
static void stops(const char *regex, const char *text, size_t reached, const char *wants)
{
	struct reach reach = reach_of(regex, text);

	assert_false(reach.whole);
	assert_int_equal(reach.at, reached);
	assert_int_equal(reach.n_wants, strlen(wants));
	assert_memory_equal(reach.wants, wants, strlen(wants));
}

static void tells_where_plain_text_differs(void **state)
{
	(void)state;
	stops("^abcdef", "abcxef", 3, "def");
	stops("^abc", "", 0, "abc");
	stops("(?:^ab)(?:cd)", "abxd", 2, "cd");
	stops("(?:^a(?:b(?:c)))(?:d)", "abx", 2, "cd");
}

static void a_pattern_that_matches_is_whole(void **state)
{
	(void)state;
	assert_true(reach_of("b+", "abbc").whole);
	assert_true(reach_of("", "x").whole);
}

static void pieces_with_quantifiers_and_branches_stay_whole(void **state)
{
	(void)state;
	stops("^\\d{2}:\\d{2}", "12:3", 3, "\\d{2}");
	stops("^a(?:b|c)d", "axd", 1, "(?:b|c)");
	stops("^(?:ab)+c", "ababx", 4, "c");
	stops("^a(?=b)b", "ac", 1, "(?=b)");
	stops("^[^]]x", "]", 0, "[^]]");
}

static void a_tag_is_shown_as_it_was_written(void **state)
{
	(void)state;
	stops("^from (?<ADDR>[\\d.]+) by", "from mail", 5, "<ADDR>");
	stops("^from (?<host>[\\d.]+) by", "from mail", 5, "(?<host>[\\d.]+)");
}

static void what_fits_anything_is_not_the_place(void **state)
{
	struct reach reach = reach_of("^user (?<USER>[^\\n]*)] failed", "user bob) failed");

	(void)state;
	assert_int_equal(reach.at, 5);
	assert_true(reach.searched);
	assert_memory_equal(reach.wants, "] failed", 8);
}

static void options_hold_to_the_end_of_their_group(void **state)
{
	(void)state;
	stops("(?:(?i)^AB)(?:CD)", "abcd", 2, "CD");
	stops("(?:(?i)^AB)(?:cd)", "aBcx", 3, "d");
}

static void what_is_not_understood_is_the_last_piece(void **state)
{
	(void)state;
	stops("^ab(*ACCEPT)?c", "x", 0, "ab");
	stops("^a\\Qb.c\\Ed", "ab.x", 3, "cd");
	stops("^(a)b(?1)c", "abx", 2, "(?1)");
}

static void bytes_are_bytes(void **state)
{
	struct reach reach;
	const struct str text = { "a\0b\xff", 4 };

	(void)state;
	assert_int_equal(reach_find(STR("^a\\x00b\\xffc"), false, matcher, text, &reach), 0);
	assert_int_equal(reach.at, 4);
	assert_true(reach.wants_text);
	assert_int_equal(reach_find(STR("^a"), false, matcher, STR_NONE, &reach), 0);
	assert_int_equal(reach.at, 0);
}

static void long_wishes_are_cut(void **state)
{
	char regex[300];
	struct reach reach;

	(void)state;
	memset(regex, 'x', sizeof(regex) - 1);
	regex[0] = '^';
	regex[sizeof(regex) - 1] = '\0';
	reach = reach_of(regex, "y");
	assert_int_equal(reach.n_wants, REACH_WANTS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_where_plain_text_differs),
		cmocka_unit_test(a_pattern_that_matches_is_whole),
		cmocka_unit_test(pieces_with_quantifiers_and_branches_stay_whole),
		cmocka_unit_test(a_tag_is_shown_as_it_was_written),
		cmocka_unit_test(what_fits_anything_is_not_the_place),
		cmocka_unit_test(options_hold_to_the_end_of_their_group),
		cmocka_unit_test(what_is_not_understood_is_the_last_piece),
		cmocka_unit_test(bytes_are_bytes),
		cmocka_unit_test(long_wishes_are_cut),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
