/* SPDX-License-Identifier: MIT */
#include "base/escape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/base/dies.h"

static void assert_shown(struct str text, const char *want)
{
	CLEANUP(buf_done) struct buf out = { 0 };
	char *exact =
		malloc(text.n + (text.n == 0)); /* so that reading one byte too many is seen */

	assert_non_null(exact);
	if (text.n > 0) {
		memcpy(exact, text.p, text.n);
	}
	escape_text(&out, (struct str){ .p = exact, .n = text.n });
	free(exact);
	assert_string_equal(buf_text(&out), want);
	assert_int_equal(out.n, strlen(want));
}

static void printable_text_passes(void **state)
{
	(void)state;
	assert_shown(STR(""), "");
	assert_shown(STR_NONE, "");
	assert_shown(STR(" plain ~!\"'%$`"), " plain ~!\"'%$`");
	assert_shown(STR("Gr\u00fc\u00dfe \u20ac \U0001f600 \u05d0 \u6f22"),
		     "Gr\u00fc\u00dfe \u20ac \U0001f600 \u05d0 \u6f22");
	assert_shown(STR("\u00a0\u00a1\ud7ff\ue000\U0010fffd"),
		     "\u00a0\u00a1\ud7ff\ue000\U0010fffd");
}

static void the_first_and_last_of_each_length_pass(void **state)
{
	(void)state;
	assert_shown(STR("\u00a1\u07ff\u0800\uffee\U00010000\U0010ffff"),
		     "\u00a1\u07ff\u0800\uffee\U00010000\U0010ffff");
}

static void controls_become_hex(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 0x20; c++) {
		char text = (char)c, want[8];

		(void)snprintf(want, sizeof(want), "\\x%02x", c);
		assert_shown((struct str){ &text, 1 }, want);
	}
	assert_shown(STR("a\tb\x7f"), "a\\x09b\\x7f");
	assert_shown(STR("\x1b[2J\r\n"), "\\x1b[2J\\x0d\\x0a");
	assert_shown(STR("\xc2\x80\xc2\x9b\xc2\x9f"), "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f");
	assert_shown(STR("a\0b"), "a\\x00b");
}

static void backslashes_are_doubled(void **state)
{
	(void)state;
	assert_shown(STR("\\"), "\\\\");
	assert_shown(STR("\\x41\\"), "\\\\x41\\\\");
}

static void invalid_bytes_become_hex_one_by_one(void **state)
{
	static const struct {
		struct str text;
		const char *want;
	} cases[] = {
		{ STR("\x80"), "\\x80" },                            /* continuation alone */
		{ STR("\xc3"), "\\xc3" },                            /* cut short */
		{ STR("\xe2\x82"), "\\xe2\\x82" },                   /* cut short */
		{ STR("\xe2\x82z"), "\\xe2\\x82z" },                 /* a good byte in the middle */
		{ STR("\xf0\x9f\x98"), "\\xf0\\x9f\\x98" },          /* cut short */
		{ STR("\xc0\xaf"), "\\xc0\\xaf" },                   /* overlong */
		{ STR("\xc1\xbf"), "\\xc1\\xbf" },                   /* overlong */
		{ STR("\xe0\x9f\xbf"), "\\xe0\\x9f\\xbf" },          /* overlong */
		{ STR("\xf0\x8f\xbf\xbf"), "\\xf0\\x8f\\xbf\\xbf" }, /* overlong */
		{ STR("\xed\xa0\x80"), "\\xed\\xa0\\x80" },          /* surrogate */
		{ STR("\xed\xbf\xbf"), "\\xed\\xbf\\xbf" },          /* surrogate */
		{ STR("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80" }, /* above U+10FFFF */
		{ STR("\xf5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80" }, /* no lead byte */
		{ STR("\xff\xfe"), "\\xff\\xfe" },
		{ STR("\xc3\xc3\xa9"), "\\xc3\u00e9" }, /* the second one is good */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_shown(cases[i].text, cases[i].want);
	}
}

static void what_hides_or_turns_text_becomes_hex(void **state)
{
	static const struct {
		struct str text;
		const char *want;
	} cases[] = {
		{ STR("\u202e"), "\\xe2\\x80\\xae" }, /* right-to-left override */
		{ STR("\u2066"), "\\xe2\\x81\\xa6" }, /* isolate */
		{ STR("\u200b"), "\\xe2\\x80\\x8b" }, /* zero width space */
		{ STR("\u200f"), "\\xe2\\x80\\x8f" }, /* right-to-left mark */
		{ STR("\u2028"), "\\xe2\\x80\\xa8" }, /* line separator */
		{ STR("\u00ad"), "\\xc2\\xad" },      /* soft hyphen */
		{ STR("\ufeff"), "\\xef\\xbb\\xbf" }, /* byte order mark */
		{ STR("\uffff"), "\\xef\\xbf\\xbf" },
		{ STR("\U000e0041"), "\\xf3\\xa0\\x81\\x81" }, /* tag */
		{ STR("\U0001d173"), "\\xf0\\x9d\\x85\\xb3" },
		{ STR("\u200a\u2010"), "\u200a\u2010" }, /* the neighbours pass */
		{ STR("\u2027\u202f"), "\u2027\u202f" },
		{ STR("\ufffd"), "\ufffd" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_shown(cases[i].text, cases[i].want);
	}
}

static void utf8_keeps_backslashes_single(void **state)
{
	CLEANUP(buf_done) struct buf out = { 0 };

	(void)state;
	escape_utf8(&out, STR("\\d\xff\n\u00e9\u202e"));
	assert_string_equal(buf_text(&out), "\\d\\xff\\x0a\u00e9\\xe2\\x80\\xae");
}

static void cuts_at_the_width_with_dots(void **state)
{
	static const struct {
		struct str text;
		size_t width;
		const char *want;
	} cases[] = {
		{ STR(""), 3, "" },
		{ STR("abc"), 3, "abc" },
		{ STR("abcd"), 3, "..." },
		{ STR("abcd"), 4, "abcd" },
		{ STR("abcde"), 4, "a..." },
		{ STR("abcdefgh"), 7, "abcd..." },
		{ STR("\xff"), 4, "\\xff" },
		{ STR("\xff"), 3, "..." },
		{ STR("a\xff"
		      "bc"),
		  7,
		  "a\\xff"
		  "bc" },
		{ STR("a\xff"
		      "bcd"),
		  7, "a..." },
		{ STR("a\xff"
		      "bcd"),
		  8,
		  "a\\xff"
		  "bcd" },
		{ STR("\u20ac\u20ac\u20ac"), 9, "\u20ac\u20ac\u20ac" },
		{ STR("\u20ac\u20ac\u20ac"), 8, "\u20ac..." },
		{ STR("\u20ac\u20ac\u20ac"), 5, "..." },
		{ STR("\\\\\\"), 6, "\\\\\\\\\\\\" },
		{ STR("\\\\\\"), 5, "\\\\..." },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_done) struct buf out = { 0 };

		buf_add_str(&out, STR("before "));
		escape_cut(&out, cases[i].text, cases[i].width);
		assert_string_equal(buf_text(&out) + 7, cases[i].want);
		assert_true(out.n <= 7 + cases[i].width);
	}
}

static void stops_reading_where_the_cut_is(void **state)
{
	CLEANUP(buf_done) struct buf out = { 0 };
	char text[64];

	(void)state;
	memset(text, 'a', sizeof(text));
	escape_cut(&out, (struct str){ .p = text, .n = SIZE_MAX / 2 }, 16);
	assert_string_equal(buf_text(&out), "aaaaaaaaaaaaa...");
}

static void cut_to_two(void *out)
{
	escape_cut(out, STR("abc"), 2);
}

static void a_width_without_room_for_the_dots_is_a_bug(void **state)
{
	CLEANUP(buf_done) struct buf out = { 0 };

	(void)state;
	assert_true(dies(cut_to_two, &out));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(printable_text_passes),
		cmocka_unit_test(the_first_and_last_of_each_length_pass),
		cmocka_unit_test(controls_become_hex),
		cmocka_unit_test(backslashes_are_doubled),
		cmocka_unit_test(invalid_bytes_become_hex_one_by_one),
		cmocka_unit_test(what_hides_or_turns_text_becomes_hex),
		cmocka_unit_test(utf8_keeps_backslashes_single),
		cmocka_unit_test(cuts_at_the_width_with_dots),
		cmocka_unit_test(stops_reading_where_the_cut_is),
		cmocka_unit_test(a_width_without_room_for_the_dots_is_a_bug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
