/* SPDX-License-Identifier: MIT */
/* Ports that a person names and no jail has. */
#include <errno.h>

#include "engine/hand_scopes.h"
#include "unit/engine/rig.h"

static int want(struct engine *e, uint16_t port, uint16_t *ret)
{
	char name[SCOPE_NAME_MAX + 1], label[8];
	const struct port_range range = { .proto = PROTO_TCP, .low = port, .high = port };
	struct scope wanted = { .ranges = &range, .n_ranges = 1 };

	snprintf(name, sizeof(name), "p_%u_", port);
	snprintf(label, sizeof(label), "%u", port);
	wanted.name = str_of(name);
	wanted.label = str_of(label);
	return engine_scope(e, &wanted, ret);
}

static void ban(struct engine *e, uint16_t scope, const char *prefix)
{
	const struct order order = { .kind = ORDER_BAN,
				     .time = instant_at(100),
				     .prefix = rig_prefix(prefix),
				     .until = instant_at(200),
				     .scope = scope };
	struct order_result result;

	(void)engine_take(e);
	assert_int_equal(engine_order(e, &order, &result), 0);
	assert_int_equal(result.made, 1);
}

static void unban(struct engine *e, const char *prefix)
{
	const struct order order = { .kind = ORDER_UNBAN,
				     .time = instant_at(150),
				     .prefix = rig_prefix(prefix),
				     .jail = ORDER_ANY_JAIL };
	struct order_result result;

	(void)engine_take(e);
	assert_int_equal(engine_order(e, &order, &result), 0);
}

static void ports_of_its_own_are_made_once(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	const struct ruleset *r = engine_ruleset(e);
	uint16_t a = 0, b = 0;

	(void)state;
	assert_int_equal(want(e, 25, &a), 1);
	assert_int_equal(a, 1);
	assert_int_equal(want(e, 25, &b), 0);
	assert_int_equal(b, 1);
	ban(e, a, "192.0.2.1/32");
	assert_int_equal(want(e, 26, &b), 1);
	assert_int_equal(b, 2);
	assert_int_equal(r->n_scopes, 3);
	assert_true(str_eq(r->scopes[1].label, STR("25")));
	assert_int_equal(r->scopes[2].ranges[0].low, 26);
}

static void a_number_that_nothing_uses_is_given_again(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	const struct ruleset *r = engine_ruleset(e);
	uint16_t n = 0;

	(void)state;
	for (uint16_t i = 0; i < 3; i++) {
		char prefix[] = "192.0.2.0/32";

		prefix[8] = (char)('0' + i);
		assert_int_equal(want(e, (uint16_t)(25 + i), &n), 1);
		ban(e, n, prefix);
	}
	unban(e, "192.0.2.1/32");
	assert_int_equal(want(e, 99, &n), 1);
	assert_int_equal(n, 2);
	assert_true(str_eq(r->scopes[1].label, STR("25")) && str_eq(r->scopes[2].label, STR("99")));
	unban(e, "192.0.2.2/32");
	assert_int_equal(want(e, 98, &n), 1);
	assert_int_equal(n, 2); /* 99 had no ban */
	assert_int_equal(r->n_scopes, 3);
}

static void there_is_a_bound_and_jails_keep_theirs(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	uint16_t n = 0;

	(void)state;
	for (unsigned i = 1; i < SCOPES_MAX; i++) {
		char prefix[PREFIX_TEXT_MAX];

		snprintf(prefix, sizeof(prefix), "192.0.2.%u/32", i);
		assert_int_equal(want(e, (uint16_t)i, &n), 1);
		assert_int_equal(n, i);
		ban(e, n, prefix);
	}
	n = 7;
	assert_int_equal(want(e, 1000, &n), -ENOSPC);
	assert_int_equal(n, 7);
	unban(e, "192.0.2.0/24");
	assert_int_equal(want(e, 1000, &n), 1);
	assert_int_equal(n, 1);
	assert_true(str_eq(engine_ruleset(e)->scopes[SCOPE_ALL].name, STR("all")));
}

static void what_is_too_long_is_refused(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	static const char label[SCOPE_LABEL_MAX + 1] = { 0 };
	struct scope wanted = { .name = STR("seventeen_letters"), .label = STR("25") };
	uint16_t n = 0;

	(void)state;
	assert_int_equal(engine_scope(e, &wanted, &n), -EINVAL);
	wanted.name = STR("p_25_");
	wanted.label = (struct str){ .p = label, .n = sizeof(label) };
	assert_int_equal(engine_scope(e, &wanted, &n), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_of_its_own_are_made_once),
		cmocka_unit_test(a_number_that_nothing_uses_is_given_again),
		cmocka_unit_test(there_is_a_bound_and_jails_keep_theirs),
		cmocka_unit_test(what_is_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
