/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "unit/check.h"

static void an_empty_buffer_has_a_text(void **state)
{
	CLEANUP(buf_done) struct buf b = { 0 };

	(void)state;
	assert_string_equal(buf_text(&b), "");
	assert_int_equal(buf_str(&b).n, 0);
	assert_int_equal(buf_ok(&b), 0);
	assert_null(buf_take(&b));
	buf_clear(&b);
	buf_consume(&b, 7);
	buf_truncate(&b, 0);
	buf_add(&b, NULL, 0);
	assert_string_equal(buf_text(&b), "");
}

static void every_add_ends_in_an_uncounted_nul(void **state)
{
	CLEANUP(buf_done) struct buf b = { 0 };

	(void)state;
	buf_add(&b, "ab", 2);
	assert_string_equal(buf_text(&b), "ab");
	buf_add_char(&b, 'c');
	assert_string_equal(buf_text(&b), "abc");
	buf_add_str(&b, STR("de"));
	assert_string_equal(buf_text(&b), "abcde");
	buf_printf(&b, "-%d%s", 42, "x");
	assert_string_equal(buf_text(&b), "abcde-42x");
	assert_int_equal(b.n, 9);
	buf_add_str(&b, STR_NONE);
	assert_int_equal(b.n, 9);
}

static void keeps_nul_bytes(void **state)
{
	CLEANUP(buf_done) struct buf b = { 0 };

	(void)state;
	buf_add_str(&b, STR("a\0b"));
	buf_add_char(&b, '\0');
	assert_int_equal(b.n, 4);
	assert_memory_equal(buf_str(&b).p, "a\0b\0\0", 5);
}

static void grows_over_every_boundary(void **state)
{
	CLEANUP(buf_done) struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < 5000; i++) {
		buf_add_char(&b, (char)('a' + i % 26));
		assert_int_equal(buf_text(&b)[b.n], '\0');
		assert_true(b.cap > b.n);
	}
	assert_int_equal(buf_ok(&b), 0);
	assert_int_equal(b.n, 5000);
	for (size_t i = 0; i < 5000; i++) {
		assert_int_equal(b.p[i], 'a' + i % 26);
	}
}

static void prints_texts_longer_than_the_room(void **state)
{
	CLEANUP(buf_done) struct buf b = { 0 };

	(void)state;
	buf_printf(&b, "%*s|", 127, "x");
	assert_int_equal(b.n, 128);
	buf_printf(&b, "%*s|", 9999, "y");
	assert_int_equal(b.n, 10128);
	assert_int_equal(b.p[10126], 'y');
	assert_int_equal(strlen(buf_text(&b)), 10128);
}

static void consumes_from_the_front(void **state)
{
	CLEANUP(buf_done) struct buf b = { 0 };

	(void)state;
	buf_add_str(&b, STR("abcdef"));
	buf_consume(&b, 2);
	assert_string_equal(buf_text(&b), "cdef");
	buf_consume(&b, 0);
	assert_string_equal(buf_text(&b), "cdef");
	buf_consume(&b, 99);
	assert_string_equal(buf_text(&b), "");
	assert_int_equal(b.n, 0);
}

static void consumes_from_a_buffer_filled_to_the_brim(void **state)
{
	CLEANUP(buf_done) struct buf b = { 0 };

	(void)state;
	do {
		buf_add_char(&b, 'x');
	} while (b.n + 1 < b.cap);
	buf_consume(&b, 1);
	assert_int_equal(b.n, b.cap - 2);
	assert_int_equal(strlen(buf_text(&b)), b.n);
}

static void what_cannot_be_printed_is_a_failure(void **state)
{
	CLEANUP(buf_done) struct buf b = { 0 };

	(void)state;
	buf_printf(&b, "%lc", (wint_t)0x10ffff); /* no character of the C locale */
	assert_int_equal(buf_ok(&b), -ENOMEM);
	assert_string_equal(buf_text(&b), "");
}

static void a_cleared_buffer_is_empty(void **state)
{
	CLEANUP(buf_done) struct buf b = { 0 };

	(void)state;
	assert_non_null(buf_reserve(&b, 10));
	assert_string_equal(buf_text(&b), "");
	buf_add_str(&b, STR("text"));
	buf_clear(&b);
	assert_int_equal(b.n, 0);
	assert_string_equal(buf_text(&b), "");
}

static void truncates_at_the_back_only(void **state)
{
	CLEANUP(buf_done) struct buf b = { 0 };

	(void)state;
	buf_add_str(&b, STR("abcdef"));
	buf_truncate(&b, 9);
	assert_string_equal(buf_text(&b), "abcdef");
	buf_truncate(&b, 2);
	assert_string_equal(buf_text(&b), "ab");
}

static void reserves_room_that_the_caller_fills(void **state)
{
	CLEANUP(buf_done) struct buf b = { 0 };
	char *room;

	(void)state;
	buf_add_str(&b, STR("head"));
	room = buf_reserve(&b, 1000);
	assert_non_null(room);
	assert_ptr_equal(room, b.p + b.n);
	assert_true(b.cap >= 1004);
	memset(room, 'x', 1000);
	b.n += 1000;
	buf_add_char(&b, '!');
	assert_int_equal(b.n, 1005);
	assert_memory_equal(b.p, "headxxx", 7);
	assert_string_equal(b.p + 1003, "x!");
}

static void an_absurd_size_fails_for_good(void **state)
{
	CLEANUP(buf_done) struct buf b = { 0 };

	(void)state;
	buf_add_str(&b, STR("kept"));
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_int_equal(buf_ok(&b), -ENOMEM);
	buf_add_str(&b, STR(" not kept"));
	buf_printf(&b, "%d", 1);
	assert_string_equal(buf_text(&b), "kept");
	assert_null(buf_take(&b));
	assert_int_equal(buf_ok(&b), 0);
}

static void clearing_forgets_a_failure(void **state)
{
	CLEANUP(buf_done) struct buf b = { 0 };

	(void)state;
	assert_null(buf_reserve(&b, SIZE_MAX / 2));
	buf_clear(&b);
	buf_add_str(&b, STR("again"));
	assert_int_equal(buf_ok(&b), 0);
	assert_string_equal(buf_text(&b), "again");
}

static void gives_its_text_away(void **state)
{
	CLEANUP(buf_done) struct buf b = { 0 };
	char *text;

	(void)state;
	buf_add_str(&b, STR("mine"));
	text = buf_take(&b);
	assert_string_equal(text, "mine");
	free(text);
	assert_null(b.p);
	assert_int_equal(b.n, 0);
	buf_add_str(&b, STR("next"));
	assert_string_equal(buf_text(&b), "next");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_has_a_text),
		cmocka_unit_test(every_add_ends_in_an_uncounted_nul),
		cmocka_unit_test(keeps_nul_bytes),
		cmocka_unit_test(grows_over_every_boundary),
		cmocka_unit_test(prints_texts_longer_than_the_room),
		cmocka_unit_test(consumes_from_the_front),
		cmocka_unit_test(consumes_from_a_buffer_filled_to_the_brim),
		cmocka_unit_test(what_cannot_be_printed_is_a_failure),
		cmocka_unit_test(a_cleared_buffer_is_empty),
		cmocka_unit_test(truncates_at_the_back_only),
		cmocka_unit_test(reserves_room_that_the_caller_fills),
		cmocka_unit_test(an_absurd_size_fails_for_good),
		cmocka_unit_test(clearing_forgets_a_failure),
		cmocka_unit_test(gives_its_text_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
