/* SPDX-License-Identifier: MIT */
#include "base/str.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "unit/base/dice.h"

static void assert_str(struct str s, const char *want)
{
	if (s.n != strlen(want) || (s.n > 0 && memcmp(s.p, want, s.n) != 0)) {
		fail_msg("\"%.*s\", want \"%s\"", STR_ARG(s), want);
	}
}

static void a_null_pointer_is_the_empty_text(void **state)
{
	struct str none = str_of(NULL), rest = STR_NONE, word;

	(void)state;
	assert_int_equal(none.n, 0);
	assert_true(str_eq(none, STR("")));
	assert_true(str_eq_nocase(none, STR("")));
	assert_int_equal(str_cmp(none, STR("")), 0);
	assert_true(str_cmp(none, STR("a")) < 0);
	assert_true(str_has_prefix(none, none));
	assert_true(str_has_suffix(STR("a"), none));
	assert_true(str_find(none, STR("a")) == STR_NOT_FOUND);
	assert_true(str_find_char(none, 'a') == STR_NOT_FOUND);
	assert_int_equal(str_slice(none, 0, 5).n, 0);
	assert_int_equal(str_trim(none).n, 0);
	assert_false(str_split(&rest, ',', &word));
	assert_false(str_word(&rest, &word));
	assert_true(str_glob(none, none));
	assert_int_equal(str_distance(none, STR("abc"), 9), 3);
}

static void compares_bytes_not_letters(void **state)
{
	(void)state;
	assert_true(str_eq(STR("a\0b"), STR("a\0b")));
	assert_false(str_eq(STR("a\0b"), STR("a\0c")));
	assert_false(str_eq(STR("a"), STR("a\0")));
	assert_true(str_cmp(STR("\xff"), STR("a")) > 0);
	assert_true(str_cmp(STR("ab"), STR("abc")) < 0);
	assert_true(str_cmp(STR("abc"), STR("ab")) > 0);
	assert_true(str_cmp(STR("b"), STR("abc")) > 0);
	assert_int_equal(str_cmp(STR("abc"), STR("abc")), 0);
}

static void folds_ascii_letters_only(void **state)
{
	(void)state;
	assert_true(str_eq_nocase(STR("AZaz09"), STR("azAZ09")));
	assert_false(str_eq_nocase(STR("[@"), STR("{`")));
	assert_false(str_eq_nocase(STR("\xc3\x84"), STR("\xc3\xa4")));
	assert_false(str_eq_nocase(STR("ab"), STR("abc")));
}

static void knows_how_a_text_begins_and_ends(void **state)
{
	(void)state;
	assert_true(str_has_prefix(STR("mail.log"), STR("mail")));
	assert_false(str_has_prefix(STR("mail"), STR("mail.log")));
	assert_false(str_has_prefix(STR("mail"), STR("nail")));
	assert_true(str_has_suffix(STR("mail.log"), STR(".log")));
	assert_false(str_has_suffix(STR("mail.log"), STR(".gz")));
	assert_false(str_has_suffix(STR("log"), STR("mail.log")));
	assert_true(str_has_prefix(STR("x"), STR("")));
	assert_true(str_has_suffix(STR("x"), STR("x")));
}

static void finds_the_first_occurrence(void **state)
{
	(void)state;
	assert_int_equal(str_find(STR("ababc"), STR("abc")), 2);
	assert_int_equal(str_find(STR("aXbXc"), STR("X")), 1);
	assert_int_equal(str_find(STR("abc"), STR("")), 0);
	assert_true(str_find(STR("abc"), STR("abcd")) == STR_NOT_FOUND);
	assert_true(str_find(STR("abc"), STR("d")) == STR_NOT_FOUND);
	assert_int_equal(str_find(STR("a\0b"), STR("\0b")), 1);
	assert_int_equal(str_find_char(STR("a\0b"), 'b'), 2);
	assert_int_equal(str_find_char(STR("a"), 'a'), 0);
	assert_true(str_find_char((struct str){ .p = "abc", .n = 2 }, 'c') == STR_NOT_FOUND);
}

static void slices_never_leave_the_text(void **state)
{
	(void)state;
	assert_str(str_slice(STR("hello"), 1, 3), "ell");
	assert_str(str_slice(STR("hello"), 3, SIZE_MAX), "lo");
	assert_str(str_slice(STR("hello"), 0, 0), "");
	assert_str(str_slice(STR("hello"), 5, 1), "");
	assert_str(str_slice(STR("hello"), SIZE_MAX, SIZE_MAX), "");
}

static void trims_every_blank_at_both_ends(void **state)
{
	(void)state;
	assert_str(str_trim(STR(" \t\r\n\v\fa b \t\r\n\v\f")), "a b");
	assert_str(str_trim(STR(" \t ")), "");
	assert_int_equal(str_trim(STR("\0a\0")).n, 3);
	assert_str(str_trim(STR("\xa0x")), "\xa0x");
}

static void splits_at_each_separator(void **state)
{
	struct str rest = STR("a,,b,"), part;

	(void)state;
	assert_true(str_split(&rest, ',', &part));
	assert_str(part, "a");
	assert_true(str_split(&rest, ',', &part));
	assert_str(part, "");
	assert_true(str_split(&rest, ',', &part));
	assert_str(part, "b");
	assert_false(str_split(&rest, ',', &part));
	assert_str(part, "b");
	rest = STR("last");
	assert_true(str_split(&rest, ',', &part));
	assert_str(part, "last");
	assert_false(str_split(&rest, ',', &part));
}

static void takes_words_between_runs_of_blanks(void **state)
{
	struct str rest = STR("\t one  two\r\n"), word;

	(void)state;
	assert_true(str_word(&rest, &word));
	assert_str(word, "one");
	assert_true(str_word(&rest, &word));
	assert_str(word, "two");
	assert_false(str_word(&rest, &word));
	assert_int_equal(rest.n, 0);
}

static void reads_plain_decimal_numbers_only(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		int r;
		uint64_t value;
	} cases[] = {
		{ "0", 0, 0, 0 },
		{ "007", 9, 0, 7 },
		{ "65535", 65535, 0, 65535 },
		{ "65536", 65535, -ERANGE, 0 },
		{ "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, -ERANGE, 0 },
		{ "36893488147419103232", UINT64_MAX, -ERANGE, 0 },
		{ "99999999999999999999999999", UINT64_MAX, -ERANGE, 0 },
		{ "99999999999999999999999999x", UINT64_MAX, -EINVAL, 0 },
		{ "", 9, -EINVAL, 0 },
		{ "-1", 9, -EINVAL, 0 },
		{ "+1", 9, -EINVAL, 0 },
		{ " 1", 9, -EINVAL, 0 },
		{ "1 ", 9, -EINVAL, 0 },
		{ "0x1", 9, -EINVAL, 0 },
		{ "1e3", UINT64_MAX, -EINVAL, 0 },
		{ "\xb2", 9, -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t value = 4711;
		int r = str_to_uint(str_of(cases[i].text), cases[i].max, &value);

		if (r != cases[i].r || value != (r < 0 ? 4711 : cases[i].value)) {
			fail_msg("\"%s\": %d", cases[i].text, r);
		}
	}
	assert_int_equal(str_to_uint(STR("1\0"), 9, &(uint64_t){ 0 }), -EINVAL);
}

static void matches_stars_and_question_marks(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} cases[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "*", "", true },
		{ "?", "", false },
		{ "?", "\xff", true },
		{ "*.log", "mail.log", true },
		{ "*.log", "mail.log.1", false },
		{ "a*b*c", "a-b-b-c", true },
		{ "a*b*c", "a-c-b", false },
		{ "**", "x", true },
		{ "a**", "a", true },
		{ "*a?", "aaab", true },
		{ "*a?", "aaaa", true },
		{ "*?a", "a", false },
		{ "mail.*", "mail", false },
		{ "[a]", "a", false },
		{ "[a]", "[a]", true },
		{ "A", "a", false },
		{ "*ab", "aaab", true },
		{ "*abab*", "abaabab", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (str_glob(str_of(cases[i].pattern), str_of(cases[i].text)) != cases[i].matches) {
			fail_msg("%s against %s", cases[i].pattern, cases[i].text);
		}
	}
}

static bool naive_glob(struct str p, struct str s)
{
	if (p.n == 0) {
		return s.n == 0;
	}
	if (p.p[0] == '*') {
		return naive_glob(str_slice(p, 1, SIZE_MAX), s) ||
		       (s.n > 0 && naive_glob(p, str_slice(s, 1, SIZE_MAX)));
	}
	return s.n > 0 && (p.p[0] == '?' || p.p[0] == s.p[0]) &&
	       naive_glob(str_slice(p, 1, SIZE_MAX), str_slice(s, 1, SIZE_MAX));
}

static struct str random_text(struct dice *d, const char *alphabet, char *out, uint32_t max)
{
	size_t n = dice_below(d, max + 1);

	for (size_t i = 0; i < n; i++) {
		out[i] = alphabet[dice_below(d, (uint32_t)strlen(alphabet))];
	}
	return (struct str){ .p = out, .n = n };
}

static void globs_as_a_naive_matcher_does(void **state)
{
	struct dice d = dice_new(20261122);
	unsigned matched = 0;

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		char a[8], b[10];
		struct str pattern = random_text(&d, "ab*?", a, sizeof(a));
		struct str text = random_text(&d, "ab", b, sizeof(b));
		bool want = naive_glob(pattern, text);

		matched += want;
		if (str_glob(pattern, text) != want) {
			fail_msg("%.*s against %.*s", STR_ARG(pattern), STR_ARG(text));
		}
	}
	assert_in_range(matched, 10000, 90000);
}

static void many_stars_do_not_explode(void **state)
{
	static char text[20000];
	char pattern[101];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < 100; i += 2) {
		pattern[i] = 'a';
		pattern[i + 1] = '*';
	}
	pattern[100] = 'b';
	assert_false(str_glob((struct str){ pattern, 101 }, (struct str){ text, sizeof(text) }));
}

static void counts_single_character_edits(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned max, want;
	} cases[] = {
		{ "", "", 3, 0 },
		{ "treshold", "threshold", 3, 1 },
		{ "window", "windows", 3, 1 },
		{ "window", "widnow", 3, 2 },
		{ "kitten", "sitting", 9, 3 },
		{ "kitten", "sitting", 2, 3 },
		{ "kitten", "sitting", 0, 1 },
		{ "abc", "xyz", 1, 2 },
		{ "same", "same", 0, 0 },
		{ "abcdef", "", 100, 6 },
		{ "abc", "xyz", UINT_MAX, 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned d = str_distance(str_of(cases[i].a), str_of(cases[i].b), cases[i].max);
		unsigned back = str_distance(str_of(cases[i].b), str_of(cases[i].a), cases[i].max);

		if (d != cases[i].want || back != d) {
			fail_msg("%s to %s: %u and back %u", cases[i].a, cases[i].b, d, back);
		}
	}
}

static unsigned naive_distance(struct str a, struct str b)
{
	unsigned best, d;

	if (a.n == 0 || b.n == 0) {
		return (unsigned)(a.n + b.n);
	}
	best = naive_distance(str_slice(a, 1, 9), str_slice(b, 1, 9)) + (a.p[0] != b.p[0]);
	d = naive_distance(str_slice(a, 1, 9), b) + 1;
	best = d < best ? d : best;
	d = naive_distance(a, str_slice(b, 1, 9)) + 1;
	return d < best ? d : best;
}

static void the_distance_is_the_naive_one(void **state)
{
	struct dice d = dice_new(64);

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		char x[5], y[5];
		struct str a = random_text(&d, "abc", x, sizeof(x));
		struct str b = random_text(&d, "abc", y, sizeof(y));

		assert_int_equal(str_distance(a, b, 9), naive_distance(a, b));
	}
}

static void long_texts_are_far_unless_equal(void **state)
{
	char a[66], b[66];

	(void)state;
	memset(a, 'a', sizeof(a));
	memset(b, 'a', sizeof(b));
	b[65] = 'b';
	assert_int_equal(str_distance((struct str){ a, 66 }, (struct str){ b, 66 }, 2), 3);
	assert_int_equal(str_distance((struct str){ a, 66 }, (struct str){ a, 66 }, 2), 0);
	assert_int_equal(str_distance((struct str){ a, 64 }, (struct str){ a, 63 }, 2), 1);
	assert_int_equal(str_distance((struct str){ a, 66 }, STR(""), UINT_MAX), UINT_MAX);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_null_pointer_is_the_empty_text),
		cmocka_unit_test(compares_bytes_not_letters),
		cmocka_unit_test(folds_ascii_letters_only),
		cmocka_unit_test(knows_how_a_text_begins_and_ends),
		cmocka_unit_test(finds_the_first_occurrence),
		cmocka_unit_test(slices_never_leave_the_text),
		cmocka_unit_test(trims_every_blank_at_both_ends),
		cmocka_unit_test(splits_at_each_separator),
		cmocka_unit_test(takes_words_between_runs_of_blanks),
		cmocka_unit_test(reads_plain_decimal_numbers_only),
		cmocka_unit_test(matches_stars_and_question_marks),
		cmocka_unit_test(globs_as_a_naive_matcher_does),
		cmocka_unit_test(many_stars_do_not_explode),
		cmocka_unit_test(counts_single_character_edits),
		cmocka_unit_test(the_distance_is_the_naive_one),
		cmocka_unit_test(long_texts_are_far_unless_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
