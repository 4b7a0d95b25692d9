/* SPDX-License-Identifier: MIT */
#include "engine/ruleset.h"

#include "unit/engine/rig.h"

static void an_empty_one_has_the_known_types_and_one_scope(void **state)
{
	CLEANUP(ruleset_freep) struct ruleset *r = NULL;

	(void)state;
	assert_int_equal(ruleset_new(&r), 0);
	assert_int_equal(r->types.n, EVENT_KNOWN_TYPES);
	assert_int_equal(names_find(&r->types, STR("auth-failure")), EVENT_AUTH_FAILURE);
	assert_int_equal(names_find(&r->types, STR("banned")), EVENT_BANNED);
	assert_int_equal(r->n_scopes, 1);
	assert_true(str_eq(r->scopes[SCOPE_ALL].name, STR("all")));
	assert_int_equal(r->scopes[SCOPE_ALL].n_ranges, 0);
	assert_int_equal(r->host_v6, 64);
	assert_int_equal(r->network_v4, 24);
	assert_int_equal(r->network_v6, 48);
	assert_int_equal(r->max_subjects, 1000000);
	assert_false(r->observe);
	assert_int_equal(netset_count(r->never_block), 0);
	assert_null(ruleset_free(NULL));
}

static void jails_have_numbers_and_names(void **state)
{
	CLEANUP(ruleset_freep) struct ruleset *r = rig_rules(3);

	(void)state;
	assert_int_equal(ruleset_jail(r, STR("c")), 2);
	assert_int_equal(ruleset_jail(r, STR("d")), JAIL_BY_HAND);
	assert_true(str_eq(ruleset_jail_name(r, 1), STR("b")));
	assert_true(str_eq(ruleset_jail_name(r, JAIL_BY_HAND), STR("by hand")));
	assert_true(str_eq(ruleset_jail_name(r, 3), STR("by hand")));
}

static void expect_subject(const char *addr, const char *subject)
{
	CLEANUP(ruleset_freep) struct ruleset *r = rig_rules(0);
	char text[PREFIX_TEXT_MAX];
	struct addr a;
	struct prefix p;

	assert_int_equal(addr_parse(str_of(addr), &a), 0);
	p = ruleset_subject(r, &a);
	assert_string_equal(prefix_format(&p, text), subject);
}

static void the_subject_of_an_address_is_the_host(void **state)
{
	(void)state;
	expect_subject("203.0.113.9", "203.0.113.9/32");
	expect_subject("::ffff:203.0.113.9", "203.0.113.9/32");
	expect_subject("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64");
	expect_subject("64:ff9b::203.0.113.9", "203.0.113.9/32");
	expect_subject("2002:cb00:7109::1", "203.0.113.9/32");
}

static void what_it_owns_goes_with_it(void **state)
{
	struct ruleset *r = rig_rules(2);

	(void)state;
	r->jails[1].never_block = rig_set("192.0.2.0/24");
	assert_null(ruleset_free(r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_one_has_the_known_types_and_one_scope),
		cmocka_unit_test(jails_have_numbers_and_names),
		cmocka_unit_test(the_subject_of_an_address_is_the_host),
		cmocka_unit_test(what_it_owns_goes_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
