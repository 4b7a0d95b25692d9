/* SPDX-License-Identifier: MIT */
#include "config/scopes.h"

#include <errno.h>

#include "unit/config/loaded.h"

static int name_ports(const struct loaded *l, const char *text, struct str *ret_word,
		      struct config_scope *ret)
{
	return config_scope(l->c, str_of(text), ret, ret_word);
}

static void the_same_ports_are_the_same_scope_in_any_words(void **state)
{
	struct loaded l = load("--- etc/filters/a.conf\n" FILTER "--- etc/jails/a.conf\n" JAIL
			       "[jail]\nports = mail\n--- etc/jails/b.conf\n" JAIL
			       "[jail]\nports = 465 smtp\n--- etc/jails/c.conf\n" JAIL
			       "[jail]\nports = smtp,submissions\n",
			       0);
	static const char *const two[] = { "465,smtp", "25,465", " 25  465,", "smtp submissions" };
	const struct ruleset *r = l.c->ruleset;
	struct config_scope got;
	struct str word;

	(void)state;
	assert_int_equal(r->n_scopes, 3);
	assert_int_equal(r->jails[1].scope, r->jails[2].scope);
	for (size_t i = 0; i < ARRAY_SIZE(two); i++) {
		assert_int_equal(name_ports(&l, two[i], &word, &got), 0);
		assert_true(str_eq(got.scope.name, r->scopes[r->jails[1].scope].name));
		assert_int_equal(got.scope.n_ranges, 2);
	}
	assert_true(str_eq(got.scope.label, STR("smtp,submissions")));
	assert_int_equal(name_ports(&l, "25, 110,143,465,587,993,995,4190", &word, &got), 0);
	assert_true(str_eq(got.scope.name, r->scopes[r->jails[0].scope].name));
	assert_int_equal(name_ports(&l, "mail", &word, &got), 0);
	assert_true(str_eq(got.scope.name, r->scopes[r->jails[0].scope].name));
	assert_int_equal(name_ports(&l, "all", &word, &got), 0);
	assert_true(str_eq(got.scope.name, STR("all")) && got.scope.n_ranges == 0);
	assert_int_equal(name_ports(&l, "smtp,465,udp/53,8000-8010", &word, &got), 0);
	assert_int_equal(got.scope.n_ranges, 4);
	unload(&l);
}

static void ports_that_are_none_are_named(void **state)
{
	struct loaded l = load("", 0);
	CLEANUP(buf_done) struct buf many = { 0 };
	struct config_scope got;
	struct str word;

	(void)state;
	assert_int_equal(name_ports(&l, "25,nonsense,26", &word, &got), -EINVAL);
	assert_true(str_eq(word, STR("nonsense")));
	assert_int_equal(name_ports(&l, "25,70000", &word, &got), -ERANGE);
	assert_true(str_eq(word, STR("70000")));
	assert_int_equal(name_ports(&l, "9-8", &word, &got), -ERANGE);
	assert_int_equal(name_ports(&l, "", &word, &got), -EINVAL);
	assert_int_equal(name_ports(&l, " , ", &word, &got), -EINVAL);
	for (unsigned i = 1; i <= SCOPE_RANGES_MAX + 1; i++) {
		buf_printf(&many, "%u ", i * 2);
	}
	assert_int_equal(name_ports(&l, buf_text(&many), &word, &got), -ENOSPC);
	for (unsigned i = 0; i < 100; i++) {
		buf_printf(&many, "25,");
	}
	assert_int_equal(name_ports(&l, buf_text(&many), &word, &got), -E2BIG);
	unload(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_ports_are_the_same_scope_in_any_words),
		cmocka_unit_test(ports_that_are_none_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
