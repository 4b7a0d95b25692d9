/* SPDX-License-Identifier: MIT */
#include "policy/leaks.h"

#include "unit/policy/words.h"

enum { START = 1000, FROM = START + LEAK_GRACE };

static struct ban ban_of(uint64_t id)
{
	return (struct ban){
		.id = id,
		.kind = DECISION_BAN,
		.prefix = { .addr = { .family = 4,
				      .bytes = { 198, 51, (uint8_t)(id >> 8), (uint8_t)id } },
			    .len = 32 },
		.jail = 3,
		.since = at(START),
		.until = at(START + 86400),
	};
}

/* An event that happened at `time` and is heard of at `now`; `count` of them in one row. */
static const struct leak *hear_late(struct leaks *l, uint64_t id, int64_t time, int64_t now,
				    uint16_t count)
{
	const struct ban ban = ban_of(id);
	const struct event event = { .time = at(time), .source = 7, .count = count };

	return leaks_note(l, &ban, &event, at(now));
}

static const struct leak *hear(struct leaks *l, uint64_t id, int64_t time)
{
	return hear_late(l, id, time, time, 1);
}

static const struct leak *confirm(struct leaks *l, uint64_t id, bool held)
{
	const struct ban ban = ban_of(id);

	return leaks_confirm(l, &ban.prefix, ban.scope, held, 5);
}

static struct leaks *made(void)
{
	static struct leaks leaks;

	leaks = (struct leaks){ .n = 0 };
	return &leaks;
}

static void as_many_events_as_no_client_has_connections_are_a_leak(void **state)
{
	struct leaks *l = made();
	const struct leak *leak;

	(void)state;
	assert_null(hear(l, 1, START));
	for (int i = 0; i < LEAK_MANY - 1; i++) {
		assert_null(hear(l, 1, FROM));
	}
	leak = hear(l, 1, FROM + 1);
	assert_non_null(leak);
	assert_int_equal(leak->events, LEAK_MANY);
	assert_int_equal(leak->first.us, at(FROM).us);
	assert_int_equal(leak->last.us, at(FROM + 1).us);
	assert_int_equal(leak->source, 7);
	assert_false(leak->is_certain);
	assert_null(hear(l, 1, FROM + 2));
	assert_true(confirm(l, 1, true)->is_certain);
	assert_int_equal(l->total, 1);
	assert_null(confirm(l, 1, true));
	assert_null(hear(l, 1, FROM + 3));
	assert_int_equal(l->total, 1);
}

static void a_row_counts_as_many_as_it_stands_for(void **state)
{
	struct leaks *l = made();

	(void)state;
	assert_null(hear(l, 1, START));
	assert_null(hear_late(l, 1, FROM, FROM, LEAK_MANY - 1));
	assert_non_null(hear(l, 1, FROM));
}

static void what_is_told_late_happened_before(void **state)
{
	struct leaks *l = made();

	(void)state;
	for (int i = 0; i < 10 * LEAK_MANY; i++) {
		assert_null(hear_late(l, 1, START - i, START + i, 1));
	}
	for (int i = 0; i < 10 * LEAK_MANY; i++) {
		assert_null(hear_late(l, 1, FROM - 1, START + 100000, 1));
	}
}

static void connections_that_a_server_gives_up_on_are_none(void **state)
{
	struct leaks *l = made();

	(void)state;
	for (int i = 0; i < LEAK_MANY; i++) {
		assert_null(hear(l, 1, START + 5 * i));
	}
}

static void a_few_events_are_enough_when_no_server_waits_any_more(void **state)
{
	struct leaks *l = made();

	(void)state;
	assert_null(hear(l, 1, START));
	assert_null(hear(l, 1, FROM + LEAK_PATIENCE - 1));
	for (int i = 0; i < LEAK_LATE - 1; i++) {
		assert_null(hear(l, 1, FROM + LEAK_PATIENCE + i));
	}
	assert_non_null(hear(l, 1, FROM + LEAK_PATIENCE + LEAK_LATE));
}

static void a_ban_that_the_kernel_does_not_hold_is_counted_again(void **state)
{
	struct leaks *l = made();

	(void)state;
	assert_null(hear(l, 1, START));
	assert_non_null(hear_late(l, 1, FROM, FROM, LEAK_MANY));
	assert_null(confirm(l, 1, false));
	assert_int_equal(l->total, 0);
	assert_null(hear_late(l, 1, FROM + LEAK_GRACE - 1, FROM, LEAK_MANY));
	assert_non_null(hear_late(l, 1, FROM + LEAK_GRACE, FROM, LEAK_MANY));
}

static void a_restart_forgets_all_but_what_is_certain(void **state)
{
	struct leaks *l = made();

	(void)state;
	for (uint64_t id = 1; id <= 2; id++) {
		assert_null(hear(l, id, START));
		assert_non_null(hear_late(l, id, FROM, FROM, LEAK_MANY));
	}
	assert_non_null(confirm(l, 1, true));
	leaks_restart(l, at(FROM));
	assert_null(confirm(l, 2, true));
	assert_true(l->at[0].is_certain);
	assert_int_equal(l->at[0].events, LEAK_MANY);
	assert_int_equal(l->at[1].events, 0);
	assert_null(hear_late(l, 2, FROM + 1, FROM + 1, LEAK_MANY));
}

static void of_too_many_the_one_heard_of_longest_ago_goes_certain_ones_last(void **state)
{
	struct leaks *l = made();

	(void)state;
	for (uint64_t id = 0; id < LEAKS_MAX; id++) {
		assert_null(hear(l, id, START + (int64_t)id));
	}
	assert_non_null(hear_late(l, 0, FROM, FROM, LEAK_MANY));
	assert_non_null(confirm(l, 0, true));
	assert_null(hear(l, LEAKS_MAX, START + 100000));
	assert_int_equal(l->n, LEAKS_MAX);
	for (size_t i = 0; i < l->n; i++) {
		assert_true(l->at[i].ban != 1);
	}
	assert_int_equal(l->at[0].ban, 0);
	leaks_drop(l, 0);
	assert_int_equal(l->n, LEAKS_MAX - 1);
	assert_int_equal(l->at[0].ban, LEAKS_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_many_events_as_no_client_has_connections_are_a_leak),
		cmocka_unit_test(a_row_counts_as_many_as_it_stands_for),
		cmocka_unit_test(what_is_told_late_happened_before),
		cmocka_unit_test(connections_that_a_server_gives_up_on_are_none),
		cmocka_unit_test(a_few_events_are_enough_when_no_server_waits_any_more),
		cmocka_unit_test(a_ban_that_the_kernel_does_not_hold_is_counted_again),
		cmocka_unit_test(a_restart_forgets_all_but_what_is_certain),
		cmocka_unit_test(of_too_many_the_one_heard_of_longest_ago_goes_certain_ones_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
