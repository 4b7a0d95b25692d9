/* SPDX-License-Identifier: MIT */
#include "output/print.h"
#include "unit/engine/rig.h"

static const struct evidence seed[] = {
	{ .event = 1, .type = EVENT_RELAY_DENIED, .count = 2, .points = 200 },
	{ .event = 2, .type = EVENT_AUTH_FAILURE, .count = 1, .points = 50 },
	{ .event = 3, .type = EVENT_BAD_RECIPIENT, .count = 12, .points = 600 },
	{ .event = 4, .type = EVENT_AUTH_FAILURE, .count = 4, .points = 200 },
};

static int setup(void **state)
{
	struct ruleset *r = rig_rules(1);

	r->scopes = arena_alloc(r->arena, 2, sizeof(*r->scopes));
	assert_non_null(r->scopes);
	r->scopes[0] = (struct scope){ .label = STR("all") };
	r->scopes[1] = (struct scope){ .label = STR("25,465") };
	r->n_scopes = 2;
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	ruleset_free(*state);
	return 0;
}

static struct decision ban(void)
{
	return (struct decision){
		.kind = DECISION_BAN,
		.prefix = rig_prefix("203.0.113.9/32"),
		.time = instant_at(1795316645),
		.until = instant_at(1795316645 + 1800),
		.evidence = seed,
		.n_evidence = ARRAY_SIZE(seed),
		.score = 1050,
		.threshold = 1000,
	};
}

static void assert_line(const struct ruleset *r, struct decision d, const char *expected)
{
	CLEANUP(buf_done) struct buf out = { 0 };

	print_decision(r, &d, &out);
	assert_string_equal(buf_text(&out), expected);
}

static void a_ban_is_told_with_its_sum(void **state)
{
	assert_line(
		*state, ban(),
		"2026-11-22T03:04:05Z ban 203.0.113.9 for 30m, until 2026-11-22T03:34:05Z: a: "
		"2 relay-denied x 100 + 5 auth-failure x 50 + 12 bad-recipient x 50 = 1050 >= 1000");
}

static void what_was_not_done_is_told_with_its_reason(void **state)
{
	struct decision d = ban();

	d.n_evidence = 0;
	d.scope = 1;
	d.prefix = rig_prefix("2001:db8::/64");
	d.kind = DECISION_SPARED;
	d.because = BECAUSE_NEVER_BLOCK;
	assert_line(*state, d,
		    "2026-11-22T03:04:05Z spared 2001:db8::/64 (ports 25,465) for 30m, until "
		    "2026-11-22T03:34:05Z (it is on never-block): a");
	d.kind = DECISION_OBSERVED;
	d.because = BECAUSE_JAIL_OBSERVES;
	d.until = INSTANT_NEVER;
	assert_line(*state, d,
		    "2026-11-22T03:04:05Z observed 2001:db8::/64 (ports 25,465) permanently "
		    "(the jail only observes): a");
	d.kind = DECISION_LIFT;
	d.because = BECAUSE_EXPIRED;
	assert_line(
		*state, d,
		"2026-11-22T03:04:05Z lift 2001:db8::/64 (ports 25,465) (its time was over): a");
}

static void an_order_is_told_with_who_and_why_and_nothing_to_obey(void **state)
{
	struct decision d = ban();

	d.jail = JAIL_BY_HAND;
	d.n_evidence = 0;
	d.by = STR("ro\x1bot");
	d.reason = STR("line\nbreak \xff \xe2\x80\xae");
	assert_line(
		*state, d,
		"2026-11-22T03:04:05Z ban 203.0.113.9 for 30m, until 2026-11-22T03:34:05Z: by ro\\x1bot "
		"(line\\x0abreak \\xff \\xe2\\x80\\xae)");
	d.by = d.reason = STR_NONE;
	assert_line(
		*state, d,
		"2026-11-22T03:04:05Z ban 203.0.113.9 for 30m, until 2026-11-22T03:34:05Z: by hand");
}

static void an_event_that_bans_at_once_says_so(void **state)
{
	static const struct evidence at_once[] = {
		{ .event = 1, .type = EVENT_AUTH_FAILURE, .count = 1, .points = 50 },
		{ .event = 2, .type = EVENT_IDS_VERDICT, .count = 1 },
	};
	struct ruleset *r = *state;
	CLEANUP(buf_done) struct buf out = { 0 };

	print_arithmetic(r, &r->jails[0], at_once, 2, &out);
	assert_string_equal(buf_text(&out), "1 auth-failure x 50 + 1 ids-verdict (bans at once)");
	buf_clear(&out);
	print_arithmetic(r, NULL, at_once, 2, &out);
	print_arithmetic(r, &r->jails[0], NULL, 0, &out);
	assert_int_equal(out.n, 0);
}

#define IN_RULES(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_RULES(a_ban_is_told_with_its_sum),
		IN_RULES(what_was_not_done_is_told_with_its_reason),
		IN_RULES(an_order_is_told_with_who_and_why_and_nothing_to_obey),
		IN_RULES(an_event_that_bans_at_once_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
