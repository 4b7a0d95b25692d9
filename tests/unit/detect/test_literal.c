/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/buf.h"
#include "detect/literal.h"
#include "unit/check.h"

/* What is found, as text: literals between bars, an `i` behind one whose case does not matter. */
static void check_flags(struct str regex, bool nocase, const char *want)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_done) struct buf got = { 0 };
	struct literal_set set;

	assert_non_null(arena);
	assert_int_equal(literal_extract(regex, nocase, arena, &set), 0);
	for (size_t i = 0; i < set.n; i++) {
		buf_add_str(&got, i > 0 ? STR("|") : STR_NONE);
		buf_add_str(&got, set.at[i].text);
		buf_add_str(&got, set.at[i].nocase ? STR("/i") : STR_NONE);
	}
	if (strcmp(buf_text(&got), want) != 0) {
		fail_msg("%.*s: got %s, want %s", STR_ARG(regex), buf_text(&got), want);
	}
}

static void check(const char *regex, const char *want)
{
	check_flags(str_of(regex), false, want);
}

static void the_longest_run_is_found(void **state)
{
	(void)state;
	check("", "");
	check("abc", "");
	check("abcd", "abcd");
	check("^Login failed: \\S", "Login failed: ");
	check("short\\d+much longer", "much longer");
	check("much longer\\d+short", "much longer");
	check("four.five5.four", "five5");
	check("same1.same2", "same2");
	check("abc\\.def\\[\\d", "abc.def[");
	check("a\\x62c\\x{64}e", "abcde");
	check("tab\\there\\e\\n", "tab\there\x1b\n");
	check("abcd\\x00efghi", "efghi");
	check_flags(STR("abcd\0efghi"), false, "efghi");
	check("] closes, } too", "] closes, } too");
	check("set {name}", "set {name}");
	check("not\\bat\\Aall$^\\G\\z", "notatall");
	check("from\\Khere", "fromhere");
}

static void what_may_be_missing_is_not_promised(void **state)
{
	(void)state;
	check("abcde?", "abcd");
	check("abcd?", "");
	check("abcde*", "abcd");
	check("abcde{0}", "abcd");
	check("abcde{0,}", "abcd");
	check("abcde{0,5}", "abcd");
	check("abcde{00}", "abcd");
	check("abcde??fghij", "fghij");
	check("abcde*+fghij", "fghij");
	check("(?:abcd)?efgh", "efgh");
	check("(?:abcd)*", "");
	check("(?:abcd){0}efgh", "efgh");
	check("(?:a|bcdef)*?ghij", "ghij");
	check("\\Qabcd\\E?", "");
	check("\\Qabcde\\E?", "abcd");
	check("(?:(?:(?:abcd)?)+)efgh", "efgh");
}

static void the_first_and_last_of_many_go_on(void **state)
{
	(void)state;
	check("abc+def", "cdef");
	check("abcd+ef", "abcd");
	check("abc{2}def", "cdef");
	check("abc{2,}defg", "cdefg");
	check("abc{1,3}+defg", "cdefg");
	check("x(?:abc)+y", "abcy");
	check("x(?:abcd)+y", "abcdy");
	check("x(?:abcd)+yz", "abcdyz");
	check("(?:ab|cd)+efgh", "efgh");
	check("(?:abcde|fghij)+xyz", "abcde|fghij");
}

static void groups_that_are_text_go_on_with_the_run(void **state)
{
	(void)state;
	check("ab(cd)ef", "abcdef");
	check("ab(?:c(?:d(?>e)f)g)h", "abcdefgh");
	check("ab(?<name>cd)ef", "abcdef");
	check("ab(?P<name>cd)ef", "abcdef");
	check("ab(?'name'cd)ef", "abcdef");
	check("ab(?|cd)ef", "abcdef");
	check("ab()cd", "abcd");
	check("ab(?:c\\dd)ef", "");
	check("abcd(?:c\\dlonger)ef", "longer");
}

static void one_literal_for_each_branch(void **state)
{
	(void)state;
	check("abcd|efgh", "abcd|efgh");
	check("abcd|efg", "");
	check("abcd|", "");
	check("|abcd", "");
	check("x(?:abcd|efgh)y", "abcd|efgh");
	check("(?:abcd|efgh) failed", " failed");
	check("(?:abcdefgh|efghijklm) xyzw", "abcdefgh|efghijklm");
	check("(?:a(?:bcde|fghi)|jklm)", "bcde|fghi|jklm");
	check("(?:abcd|(?:efgh|ij))xyzw", "xyzw");
	check("(?|ab(cd)|ef(gh))", "abcd|efgh");
	check("(?:abcdef|abcdeg|abcdeh).*four", "abcdef|abcdeg|abcdeh");
}

static void a_set_is_bounded(void **state)
{
	CLEANUP(buf_done) struct buf regex = { 0 };
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct literal_set set;

	(void)state;
	for (int i = 0; i < LITERAL_SET_MAX; i++) {
		buf_printf(&regex, "%sword%d", i > 0 ? "|" : "", i);
	}
	assert_int_equal(literal_extract(buf_str(&regex), false, arena, &set), 0);
	assert_int_equal(set.n, LITERAL_SET_MAX);
	buf_add_str(&regex, STR("|more"));
	assert_int_equal(literal_extract(buf_str(&regex), false, arena, &set), 0);
	assert_int_equal(set.n, 0);
	buf_clear(&regex);
	for (int i = 0; i < 200; i++) {
		buf_add_char(&regex, (char)('a' + i % 26));
	}
	assert_int_equal(literal_extract(buf_str(&regex), false, arena, &set), 0);
	assert_int_equal(set.n, 1);
	assert_int_equal(set.at[0].text.n, LITERAL_MAX_BYTES);
	assert_true(str_find(buf_str(&regex), set.at[0].text) != STR_NOT_FOUND);
}

static void contents_that_are_no_part_of_the_text_do_not_count(void **state)
{
	(void)state;
	check("ab(?=cdefg)cd", "abcd");
	check("ab(?!cdefg)cd", "abcd");
	check("(?<=cdefg)abcd", "abcd");
	check("(?<!cdefg|x)abcd", "abcd");
	check("(?*cdefg)abcd", "abcd");
	check("ab(?#cdefg)cd", "abcd");
	check("[abcdefg]hijk", "hijk");
	check("(a)?(?(1)abcdefg|hijklmn)opqr", "opqr");
	check("(?<n>a)?(?(<n>)abcdefg)opqr", "opqr");
	check("(?(?=abcdefg)abcdefg|hijklmn)opqr", "opqr");
	check("(?(DEFINE)(?<n>abcdefg))opqr", "opqr");
	check("(abcd)\\1efgh", "efgh");
	check("(a)bcd\\g{1}efgh", "efgh");
	check("(a)bcde\\g1fgh", "abcde");
	check("(a)bcde\\g{-1}fgh\\g'1'\\g<1>", "abcde");
	check("(?<n>a)bcde\\k<n>fgh\\k{n}\\k'n'(?P=n)(?P>n)(?&n)", "abcde");
	check("(?:a(?R)?b)cdef(?1)", "cdef");
	check("abc(?+1)(defg)", "defg");
}

static void escapes_end_where_pcre2_ends_them(void **state)
{
	(void)state;
	check("\\dabcd", "abcd");
	check("\\pLabcd\\p{^Lu}efghi", "efghi");
	check("\\x41bcd", "Abcd");
	check("\\x6cm\\x4En\\xC3", "lmNn\xc3");
	check("abcd\\g+1(e)", "abcd");
	check("\\x4gbcd", "\x04gbcd");
	check("a\\0123bcd", "3bcd");
	check("a\\12bcde", "bcde");
	check("a\\o{101}bcde", "bcde");
	check("a\\cAbcde", "bcde");
	check("a\\c\\bcde", "bcde");
	check("a\\Rbcde\\Xfgh\\N\\hijk", "bcde");
	check("\\Qa.b|c(\\Ed", "a.b|c(d");
	check("\\Qabcd", "abcd");
	check("ab\\Ecd\\Q\\Eef", "abcdef");
	check("abcd\\E\\Q\\E?", "");
	check("[]abcd]efgh", "efgh");
	check("[^]abcd]efgh", "efgh");
	check("[\\]abcd]efgh", "efgh");
	check("[\\\\]abcd", "abcd");
	check("[[:alpha:]abcd]efgh", "efgh");
	check("[[:^alpha:]abcd]efgh", "efgh");
	check("[[abcd]efgh", "efgh");
	check("[\\c]abcd]efgh", "efgh");
	check("[a-]abcd", "abcd");
}

static void options_hold_to_the_end_of_their_group(void **state)
{
	(void)state;
	check_flags(STR("abcd"), true, "abcd/i");
	check_flags(STR("1234"), true, "1234");
	check_flags(STR("(?-i)abcd"), true, "abcd");
	check_flags(STR("(?^)abcd"), true, "abcd");
	check_flags(STR("abcd\xe9"
			"fgh"),
		    true, "abcd/i");
	check_flags(STR("abcd\xe9"
			"fgh"),
		    false,
		    "abcd\xe9"
		    "fgh");
	check("(?i)abcd", "abcd/i");
	check("(?i:ab)cd", "abcd/i");
	check("(?:(?i)x)abcd(?i)", "xabcd/i");
	check("(?:(?i)\\d)abcd", "abcd");
	check("(?:a(?i)bcd|efgh)ijklm", "ijklm");
	check("(?:a(?i)bcd|efgh)", "abcd/i|efgh/i");
	check("(?s-i)abcd(?m:efgh)(?J)(?U)(?n)", "abcdefgh");
	check("(?x) ab cd # efghijkl\n ef", "abcdef");
	check("(?x) ab\\ cd [ ] ", "ab cd");
	check("(?x)abcd e ?", "abcd");
	check("(?x)abcd #c\n ?efgh", "efgh");
	check("(?x)(?-x) ab cd", " ab cd");
	check("(?x:ab cd) ef", "abcd ef");
	check("(?x)\\Qab cd\\E ef", "ab cdef");
	check("(?x)abcd#efgh", "abcd");
}

static void what_is_not_understood_promises_nothing(void **state)
{
	(void)state;
	check("abcd(*ACCEPT)efgh", "");
	check("(*LIMIT_MATCH=5)abcd", "");
	check("(*pla:abcd)efgh", "");
	check("abcd(?C1)", "");
	check("abcd{,3}efgh", "");
	check("abcd{ 1, 2 }efgh", "");
	check("{2}abcd", "");
	check("abcd**", "");
	check("a++b+++abcd", "");
	check("[[.a.]]abcd", "");
	check("[[:]]abcd", "");
	check("[\\Qab]\\E]cdef", "");
	check("(?xx)[ ]]abcd", "");
	check("\\Uabcd", "");
	check("\\Cabcd", "");
	check("\\N{U+41}abcd", "");
	check("abcd\\x{123}", "");
	check("abcd\\x{4", "");
	check("abcd(", "");
	check("abcd)", "");
	check("(abcd", "");
	check("[abcd", "");
	check("abcd\\", "");
	check("abcd\\c", "abcd");
	check("abcd(?", "");
	check("abcd(?<", "");
	check("abcd(?(", "");
	check("abcd(?#", "abcd");
	check("(?z)abcd", "");
	check("abcd\\gx", "");
	check("(?(*pla:a)abcd|efgh)", "");
	check("(?(?C1)(?=a)abcd)efgh", "");
	check("(?P!abcd)", "");
	check("abcd(?1(efgh))", "");
}

static void deep_nesting_is_given_up(void **state)
{
	CLEANUP(buf_done) struct buf regex = { 0 };

	(void)state;
	for (int i = 0; i < 20000; i++) {
		buf_add_char(&regex, '(');
	}
	buf_add_str(&regex, STR("abcd"));
	for (int i = 0; i < 20000; i++) {
		buf_add_char(&regex, ')');
	}
	assert_int_equal(buf_ok(&regex), 0);
	check_flags(buf_str(&regex), false, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_run_is_found),
		cmocka_unit_test(what_may_be_missing_is_not_promised),
		cmocka_unit_test(the_first_and_last_of_many_go_on),
		cmocka_unit_test(groups_that_are_text_go_on_with_the_run),
		cmocka_unit_test(one_literal_for_each_branch),
		cmocka_unit_test(a_set_is_bounded),
		cmocka_unit_test(contents_that_are_no_part_of_the_text_do_not_count),
		cmocka_unit_test(escapes_end_where_pcre2_ends_them),
		cmocka_unit_test(options_hold_to_the_end_of_their_group),
		cmocka_unit_test(what_is_not_understood_promises_nothing),
		cmocka_unit_test(deep_nesting_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
