/* SPDX-License-Identifier: MIT */
#include "base/journal_place.h"

#include <errno.h>

#include "unit/check.h"

static struct journal_place parsed(struct str text)
{
	struct journal_place place;
	struct str bad;

	assert_int_equal(journal_place_parse(text, &place, &bad), 0);
	return place;
}

static void check_bad(struct str text, int error, struct str word)
{
	struct journal_place place;
	struct str bad;

	assert_int_equal(journal_place_parse(text, &place, &bad), error);
	assert_true(str_eq(bad, word));
}

static void a_place_has_a_directory_and_terms(void **state)
{
	struct journal_place p = parsed(STR("journal:/a/b _SYSTEMD_UNIT=x.service PRIORITY=3"));

	(void)state;
	assert_true(str_eq(p.dir, STR("/a/b")));
	assert_int_equal(p.n_terms, 2);
	assert_true(str_eq(p.terms[1], STR("PRIORITY=3")));
	p = parsed(STR("journal:_COMM=a=b"));
	assert_int_equal(p.dir.n, 0);
	assert_true(str_eq(p.terms[0], STR("_COMM=a=b")));
	assert_int_equal(parsed(STR("journal:")).n_terms, 0);
}

static void what_is_no_field_is_named(void **state)
{
	(void)state;
	check_bad(STR("journal:ssh.service"), -EINVAL, STR("ssh.service"));
	check_bad(STR("journal:_COMM=a unit=b"), -EINVAL, STR("unit=b"));
	check_bad(STR("journal:_COMM=a /var/log"), -EINVAL, STR("/var/log"));
	check_bad(STR("journal: /var/log"), -EINVAL, STR("/var/log"));
	check_bad(STR("journal:__CURSOR=x"), -EINVAL, STR("__CURSOR=x"));
	check_bad(STR("journal:1A=x"), -EINVAL, STR("1A=x"));
	check_bad(STR("journal:=x"), -EINVAL, STR("=x"));
	check_bad(STR("/var/log/x"), -EINVAL, STR("/var/log/x"));
	check_bad(STR("journal:A=1 A=2 A=3 A=4 A=5 A=6 A=7 A=8 A=9 A=10 A=11 A=12 A=13 A=14 A=15 "
		      "A=16 A=17"),
		  -E2BIG, STR("A=17"));
}

static bool fits(const struct journal_place *p, struct str a, struct str b)
{
	return journal_place_fits(p, journal_place_mark(p, a) | journal_place_mark(p, b));
}

static void one_field_is_any_of_its_values_several_are_all(void **state)
{
	struct journal_place p = parsed(STR("journal:U=a U=b P=1"));
	struct journal_place all = parsed(STR("journal:"));

	(void)state;
	assert_true(fits(&p, STR("U=a"), STR("P=1")));
	assert_true(fits(&p, STR("P=1"), STR("U=b")));
	assert_false(fits(&p, STR("U=a"), STR("U=b")));
	assert_false(fits(&p, STR("U=c"), STR("P=1")));
	assert_false(fits(&p, STR("U=ab"), STR("P=1")));
	assert_false(fits(&p, STR_NONE, STR_NONE));
	assert_true(fits(&all, STR("U=a"), STR_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_place_has_a_directory_and_terms),
		cmocka_unit_test(what_is_no_field_is_named),
		cmocka_unit_test(one_field_is_any_of_its_values_several_are_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
