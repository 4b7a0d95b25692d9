/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/pattern.h"
#include "unit/check.h"

static struct pattern *make(struct str regex, bool nocase)
{
	struct pattern *p = NULL;
	struct pattern_error error = { 0 };

	if (pattern_new(regex, nocase, &error, &p) < 0) {
		fail_msg("%.*s: %s at %zu", STR_ARG(regex), error.text, error.offset);
	}
	return p;
}

static struct matcher *make_matcher(void)
{
	struct matcher *m = NULL;

	assert_int_equal(matcher_new(&m), 0);
	return m;
}

static void check(struct str regex, struct str subject, enum pattern_result want)
{
	CLEANUP(pattern_freep) struct pattern *p = make(regex, false);
	CLEANUP(matcher_freep) struct matcher *m = make_matcher();

	assert_int_equal(pattern_match(p, m, subject), want);
	assert_int_equal(matcher_has(m, 0), want == PATTERN_HIT);
}

static void groups_are_what_they_caught(void **state)
{
	CLEANUP(pattern_freep)
	struct pattern *p =
		make(STR("from (?<ADDR>[0-9.]+)(?: user (?<USER>\\S*))?(?: id (x+))?"), false);
	CLEANUP(matcher_freep) struct matcher *m = make_matcher();
	unsigned addr = pattern_group(p, "ADDR"), user = pattern_group(p, "USER");

	(void)state;
	assert_int_equal(addr, 1);
	assert_int_equal(user, 2);
	assert_int_equal(pattern_group(p, "NONE"), 0);
	assert_int_equal(pattern_match(p, m, STR("x from 192.0.2.7 user  id xx.")), PATTERN_HIT);
	assert_true(str_eq(matcher_group(m, 0), STR("from 192.0.2.7 user  id xx")));
	assert_true(str_eq(matcher_group(m, addr), STR("192.0.2.7")));
	assert_true(matcher_has(m, user));
	assert_int_equal(matcher_group(m, user).n, 0);
	assert_true(str_eq(matcher_group(m, 3), STR("xx")));
	assert_int_equal(pattern_match(p, m, STR("from 192.0.2.8")), PATTERN_HIT);
	assert_false(matcher_has(m, user));
	assert_int_equal(matcher_group(m, user).n, 0);
	assert_false(matcher_has(m, 4));
	assert_false(matcher_has(m, 1000000));
	assert_int_equal(matcher_group(m, UINT32_MAX).n, 0);
	assert_int_equal(pattern_match(p, m, STR("nothing")), PATTERN_MISS);
	assert_false(matcher_has(m, addr));
	assert_int_equal(matcher_group(m, addr).n, 0);
}

static void a_match_that_ends_before_it_begins_is_empty(void **state)
{
	CLEANUP(pattern_freep) struct pattern *p = make(STR("^(?=(?1))a(?(DEFINE)(ab\\K))"), false);
	CLEANUP(matcher_freep) struct matcher *m = make_matcher();

	(void)state;
	assert_int_equal(pattern_match(p, m, STR("abc")), PATTERN_HIT);
	assert_true(matcher_has(m, 0));
	assert_int_equal(matcher_group(m, 0).n, 0);
}

static void a_matcher_serves_many_patterns(void **state)
{
	CLEANUP(pattern_freep) struct pattern *few = make(STR("(b)"), false);
	CLEANUP(pattern_freep) struct pattern *many = make(STR("(a)(b)(c)"), false);
	CLEANUP(matcher_freep) struct matcher *m = make_matcher();

	(void)state;
	assert_int_equal(pattern_match(many, m, STR("abc")), PATTERN_HIT);
	assert_true(matcher_has(m, 3));
	assert_int_equal(pattern_match(few, m, STR("abc")), PATTERN_HIT);
	assert_true(matcher_has(m, 1));
	assert_false(matcher_has(m, 2));
}

static void case_counts_unless_told_otherwise(void **state)
{
	CLEANUP(pattern_freep) struct pattern *p = make(STR("login \xc4"), false);
	CLEANUP(pattern_freep) struct pattern *nocase = make(STR("login \xc4"), true);
	CLEANUP(matcher_freep) struct matcher *m = make_matcher();

	(void)state;
	assert_int_equal(pattern_match(p, m, STR("LOGIN \xc4")), PATTERN_MISS);
	assert_int_equal(pattern_match(nocase, m, STR("LOGIN \xc4")), PATTERN_HIT);
	assert_int_equal(pattern_match(nocase, m, STR("LOGIN \xe4")), PATTERN_MISS);
}

static void bytes_are_bytes(void **state)
{
	(void)state;
	check(STR("a.b"), STR("a\0b"), PATTERN_HIT);
	check(STR("a\\x00b"), STR("xa\0bx"), PATTERN_HIT);
	check(STR("a\0b"), STR("a\0b"), PATTERN_HIT);
	check(STR("^..$"), STR("\xc3\xa9"), PATTERN_HIT);
	check(STR("user .* from"), STR("user \xff\xfe\x80 from"), PATTERN_HIT);
	check(STR("\\w"), STR("\xe9"), PATTERN_MISS);
	check(STR("a.b"), STR("a\rb"), PATTERN_HIT);
	check(STR(""), STR_NONE, PATTERN_HIT);
	check(STR_NONE, STR("x"), PATTERN_HIT);
	check(STR("x"), STR_NONE, PATTERN_MISS);
}

static void check_refused(struct str regex, const char *about)
{
	struct pattern *p = NULL;
	struct pattern_error error = { .text = "untouched" };

	if (pattern_new(regex, false, &error, &p) != -EINVAL) {
		fail_msg("%.*s was taken", STR_ARG(regex));
	}
	assert_int_equal(pattern_new(regex, false, NULL, &p), -EINVAL);
	assert_null(p);
	if (!strstr(error.text, about)) {
		fail_msg("%.*s: %s", STR_ARG(regex), error.text);
	}
	assert_true(error.offset <= regex.n);
}

static void refuses_what_is_bad_or_dangerous(void **state)
{
	static char groups[3 * (PATTERN_GROUPS_MAX + 1)], text[PATTERN_TEXT_MAX + 1];

	(void)state;
	check_refused(STR("a("), "parenthesis");
	check_refused(STR("*"), "quantifier");
	check_refused(STR("[z-a]"), "range");
	check_refused(STR("a\\Cb"), "\\C");
	check_refused(STR("(*UTF)abcd"), "UTF");
	check_refused(STR("(*UCP)abcd"), "UCP");
	check_refused(STR("abc(?C1)d"), "callout");
	check_refused(STR("abc(?C'x')d"), "callout");
	for (size_t i = 0; i < sizeof(groups); i += 3) {
		memcpy(groups + i, "(a)", 3);
	}
	check_refused((struct str){ groups, sizeof(groups) }, "too many");
	memset(text, 'a', sizeof(text));
	check_refused((struct str){ text, sizeof(text) }, "too long");
}

static void takes_as_much_as_it_says(void **state)
{
	static char groups[3 * PATTERN_GROUPS_MAX], text[PATTERN_TEXT_MAX];
	CLEANUP(pattern_freep) struct pattern *all = NULL;
	CLEANUP(matcher_freep) struct matcher *m = make_matcher();

	(void)state;
	for (size_t i = 0; i < sizeof(groups); i += 3) {
		memcpy(groups + i, "(a)", 3);
	}
	all = make((struct str){ groups, sizeof(groups) }, false);
	memset(text, 'a', sizeof(text));
	assert_int_equal(pattern_match(all, m, (struct str){ text, PATTERN_GROUPS_MAX }),
			 PATTERN_HIT);
	assert_true(matcher_has(m, PATTERN_GROUPS_MAX));
	check((struct str){ text, sizeof(text) }, (struct str){ text, sizeof(text) }, PATTERN_HIT);
	assert_true(pattern_size(all) > sizeof(groups));
}

static void gives_up_on_a_hostile_line_and_goes_on(void **state)
{
	CLEANUP(pattern_freep) struct pattern *p = make(STR("^(?:a+)+$"), false);
	CLEANUP(matcher_freep) struct matcher *m = make_matcher();
	static char text[4000];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = 'b';
	assert_int_equal(pattern_match(p, m, (struct str){ text, sizeof(text) }), PATTERN_GAVE_UP);
	assert_false(matcher_has(m, 0));
	assert_int_equal(pattern_match(p, m, STR("aaaa")), PATTERN_HIT);
	assert_int_equal(pattern_match(p, m, STR("aaab")), PATTERN_MISS);
}

/* 32 KiB of JIT stack, PCRE2's default, would not do for a line of 2.5 KB. */
static void long_innocent_lines_match(void **state)
{
	CLEANUP(pattern_freep) struct pattern *p = make(STR("^(?:(?:a|b)(?=.))*c$"), false);
	CLEANUP(matcher_freep) struct matcher *m = make_matcher();
	static char text[16000];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++) {
		text[i] = "ab"[i % 2];
	}
	text[sizeof(text) - 1] = 'c';
	assert_int_equal(pattern_match(p, m, (struct str){ text, sizeof(text) }), PATTERN_HIT);
}

/* More than the JIT's stack holds, so that it is tried without; whatever comes out, the next line
 * is matched as ever. */
static void the_longest_lines_leave_no_trace(void **state)
{
	static const struct str regexes[] = {
		{ "^(?:a|aa)+$", 11 },
		{ "^(?:(a)|(aa)|(b)|(c)|(d)|(e))+$", 31 },
		{ "^(a(?1)?b|.)+$", 14 },
	};

	enum { LENGTH = 64 * 1024 };
	CLEANUP(matcher_freep) struct matcher *m = make_matcher();
	char *text = malloc(LENGTH);

	(void)state;
	assert_non_null(text);
	memset(text, 'a', LENGTH);
	for (size_t i = 0; i < 5 * ARRAY_SIZE(regexes); i++) {
		CLEANUP(pattern_freep)
		struct pattern *p = make(regexes[i % ARRAY_SIZE(regexes)], false);

		assert_int_equal(pattern_match(p, m, (struct str){ text, LENGTH }),
				 PATTERN_GAVE_UP);
		assert_int_equal(pattern_match(p, m, STR("aaa")), PATTERN_HIT);
		assert_true(str_eq(matcher_group(m, 0), STR("aaa")));
	}
	free(text);
}

static void freeing_nothing_is_nothing(void **state)
{
	(void)state;
	assert_null(pattern_free(NULL));
	assert_null(matcher_free(NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_are_what_they_caught),
		cmocka_unit_test(a_match_that_ends_before_it_begins_is_empty),
		cmocka_unit_test(a_matcher_serves_many_patterns),
		cmocka_unit_test(case_counts_unless_told_otherwise),
		cmocka_unit_test(bytes_are_bytes),
		cmocka_unit_test(refuses_what_is_bad_or_dangerous),
		cmocka_unit_test(takes_as_much_as_it_says),
		cmocka_unit_test(gives_up_on_a_hostile_line_and_goes_on),
		cmocka_unit_test(long_innocent_lines_match),
		cmocka_unit_test(the_longest_lines_leave_no_trace),
		cmocka_unit_test(freeing_nothing_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
