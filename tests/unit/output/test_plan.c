/* SPDX-License-Identifier: MIT */
#include "output/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unit/check.h"

static const struct port_range RANGES[] = {
	{ .proto = PROTO_TCP, .low = 25, .high = 25 },
	{ .proto = PROTO_UDP, .low = 8000, .high = 8010 },
};

static const struct scope SCOPES[] = {
	{ .name = { "all", 3 } },
	{ .name = { "sixteen_letters_", 16 },
	  .ranges = RANGES,
	  .n_ranges = 2,
	  .verdict = VERDICT_REJECT },
	{ .name = { "rej", 3 }, .verdict = VERDICT_REJECT },
};

struct told {
	struct netset *never;
	struct record *records;
	size_t n;
};

static struct told tell(size_t n_scopes)
{
	static const char *const list[] = { "192.0.2.0/24", "192.0.2.7/32", "2001:db8::/32" };
	struct told t = { .never = netset_new() };
	struct enforcer_plan plan = { SCOPES, n_scopes, t.never };

	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		struct prefix p;

		assert_int_equal(prefix_parse(str_of(list[i]), &p), 0);
		assert_int_equal(netset_add(t.never, &p, 0), 0);
	}
	netset_seal(t.never);
	assert_int_equal(plan_tell(&plan, &t.records, &t.n), 0);
	for (size_t i = 0; i < t.n; i++) {
		t.records[i].seq = 7;
	}
	return t;
}

static void told_done(struct told *t)
{
	netset_free(t->never);
	free(t->records);
}

/* What plan_take() says to the last record; the others are to be just taken. */
static int take(struct plan *p, const struct told *t)
{
	for (size_t i = 0; i + 1 < t->n; i++) {
		assert_int_equal(plan_take(p, &t->records[i]), 0);
	}
	return plan_take(p, &t->records[t->n - 1]);
}

static void what_is_told_arrives(void **state)
{
	struct told t = tell(3);
	struct kernel_plan got = { .table = "ipsd" }, same = got;
	struct plan *p;

	(void)state;
	assert_int_equal(t.n, 1 + 3 + 2 + 2 + 1); /* one prefix lies inside another */
	assert_int_equal(plan_new(&p), 0);
	assert_int_equal(take(p, &t), 1);
	plan_read(p, &got);
	assert_int_equal(got.n_scopes, 3);
	assert_true(str_eq(got.scopes[1].name, STR("sixteen_letters_")));
	assert_int_equal(got.scopes[1].n_ranges, 2);
	assert_int_equal(got.scopes[1].ranges[1].proto, PROTO_UDP);
	assert_int_equal(got.scopes[1].ranges[1].high, 8010);
	assert_int_equal(got.scopes[2].verdict, VERDICT_REJECT);
	assert_int_equal(got.scopes[2].n_ranges, 0);
	assert_int_equal(netset_count(got.never_block), 2);
	same.scopes = SCOPES;
	same.n_scopes = 2;
	assert_true(plan_same_scope(&got, &same, 1));
	assert_false(plan_same_scope(&got, &same, 2));
	plan_free(p);
	told_done(&t);
}

static void each_record_is_one_that_the_enforcer_reads(void **state)
{
	struct told t = tell(3);

	(void)state;
	for (size_t i = 0; i < t.n; i++) {
		uint8_t bytes[sizeof(struct record)];
		struct record r;

		memcpy(bytes, &t.records[i], sizeof(bytes));
		assert_int_equal(record_parse(bytes, sizeof(bytes), 0, &r), 0);
	}
	told_done(&t);
}

static void a_plan_without_one_of_its_records_is_broken(void **state)
{
	struct plan *p;

	(void)state;
	assert_int_equal(plan_new(&p), 0);
	for (size_t gone = 1; gone < 8; gone++) {
		struct told t = tell(3), whole = tell(3);

		memmove(&t.records[gone], &t.records[gone + 1],
			(t.n - gone - 1) * sizeof(*t.records));
		t.n--;
		assert_int_equal(take(p, &t), -EBADMSG);
		assert_int_equal(take(p, &whole), 1);
		told_done(&t);
		told_done(&whole);
	}
	plan_free(p);
}

static void a_plan_with_one_of_its_records_twice_is_broken(void **state)
{
	struct plan *p;

	(void)state;
	assert_int_equal(plan_new(&p), 0);
	for (size_t twice = 1; twice < 8; twice++) {
		struct told t = tell(3);
		int r = 0;

		for (size_t i = 0; i < t.n; i++) {
			r = plan_take(p, &t.records[i]);
			r = i == twice ? plan_take(p, &t.records[i]) : r;
		}
		assert_int_equal(r, -EBADMSG);
		told_done(&t);
	}
	plan_free(p);
}

static void a_wish_inside_a_plan_breaks_it(void **state)
{
	struct told t = tell(1);
	struct plan *p;

	(void)state;
	t.records[2] = (struct record){ .kind = RECORD_RELEASE_ALL, .seq = 1 };
	assert_int_equal(plan_new(&p), 0);
	assert_int_equal(take(p, &t), -EBADMSG);
	plan_free(p);
	told_done(&t);
}

static void scope_0_is_all_ports_and_drop(void **state)
{
	struct told t = tell(1);
	struct plan *p;

	(void)state;
	assert_int_equal(plan_new(&p), 0);
	t.records[1].family = VERDICT_REJECT;
	assert_int_equal(take(p, &t), -EBADMSG);
	plan_free(p);
	told_done(&t);
}

static void an_end_without_a_beginning_is_nothing(void **state)
{
	struct told t = tell(3);
	struct plan *p;

	(void)state;
	assert_int_equal(plan_new(&p), 0);
	for (size_t i = 4; i < t.n; i++) {
		assert_int_equal(plan_take(p, &t.records[i]), 0);
	}
	assert_int_equal(take(p, &t), 1);
	assert_int_equal(plan_take(p, &t.records[t.n - 1]), 0);
	plan_free(p);
	told_done(&t);
}

static void a_plan_that_begins_anew_forgets_the_one_before(void **state)
{
	struct told t = tell(3);
	struct plan *p;

	(void)state;
	assert_int_equal(plan_new(&p), 0);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(plan_take(p, &t.records[i]), 0);
	}
	assert_int_equal(take(p, &t), 1);
	plan_free(p);
	told_done(&t);
}

static void what_no_record_can_tell_is_no_plan(void **state)
{
	struct netset *never = netset_new();
	struct scope long_name = { .name = STR("seventeen_letters") };
	struct enforcer_plan plan = { SCOPES, 0, never };
	struct record *records = NULL;
	size_t n;

	(void)state;
	netset_seal(never);
	assert_int_equal(plan_tell(&plan, &records, &n), -EINVAL);
	plan = (struct enforcer_plan){ SCOPES, SCOPES_MAX + 1, never };
	assert_int_equal(plan_tell(&plan, &records, &n), -EINVAL);
	plan = (struct enforcer_plan){ &long_name, 1, never };
	assert_int_equal(plan_tell(&plan, &records, &n), -EINVAL);
	assert_null(records);
	netset_free(never);
}

/* Every other address, so that no two lie together. */
static struct netset *apart(uint32_t n)
{
	struct netset *set = netset_new();

	for (uint32_t i = 0; i < n; i++) {
		struct addr a = { .family = 4,
				  .bytes = { 10, (uint8_t)(i >> 15), (uint8_t)(i >> 7),
					     (uint8_t)(i << 1) } };
		struct prefix p = prefix_of(&a, 32);

		assert_int_equal(netset_add(set, &p, 0), 0);
	}
	netset_seal(set);
	return set;
}

static void never_block_has_a_bound(void **state)
{
	struct netset *most = apart(RECORD_NEVER_MAX), *more = apart(RECORD_NEVER_MAX + 1);
	struct enforcer_plan plan = { SCOPES, 1, most };
	struct told t = { 0 };
	struct record *records = NULL;
	struct plan *p;
	size_t n;

	(void)state;
	assert_int_equal(plan_tell(&plan, &t.records, &t.n), 0);
	assert_int_equal(t.n, RECORD_NEVER_MAX + 3);
	assert_int_equal(plan_new(&p), 0);
	assert_int_equal(take(p, &t), 1);
	plan.never_block = more;
	assert_int_equal(plan_tell(&plan, &records, &n), -E2BIG);
	assert_null(records);
	plan_free(p);
	netset_free(most);
	netset_free(more);
	told_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_told_arrives),
		cmocka_unit_test(each_record_is_one_that_the_enforcer_reads),
		cmocka_unit_test(a_plan_without_one_of_its_records_is_broken),
		cmocka_unit_test(a_plan_with_one_of_its_records_twice_is_broken),
		cmocka_unit_test(a_wish_inside_a_plan_breaks_it),
		cmocka_unit_test(scope_0_is_all_ports_and_drop),
		cmocka_unit_test(an_end_without_a_beginning_is_nothing),
		cmocka_unit_test(a_plan_that_begins_anew_forgets_the_one_before),
		cmocka_unit_test(what_no_record_can_tell_is_no_plan),
		cmocka_unit_test(never_block_has_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
