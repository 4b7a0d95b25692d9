/* SPDX-License-Identifier: MIT */
#include "output/record.h"

#include <errno.h>
#include <string.h>

#include "unit/check.h"

enum { SCOPES_IN_USE = 3 };

static int parse(const struct record *r, struct record *ret)
{
	uint8_t bytes[sizeof(*r)];

	memcpy(bytes, r, sizeof(bytes));
	return record_parse(bytes, sizeof(bytes), SCOPES_IN_USE, ret);
}

static bool is_good(struct record r)
{
	struct record parsed = { 0 };
	int e = parse(&r, &parsed);

	assert_true(e == 0 || e == -EBADMSG);
	if (e == 0) {
		assert_memory_equal(&parsed, &r, sizeof(r));
	} else {
		assert_int_equal(parsed.seq, 0);
	}
	return e == 0;
}

static const struct record HOLD = { .seq = 1,
				    .deadline = 1000,
				    .kind = RECORD_HOLD,
				    .family = 4,
				    .len = 24,
				    .scope = 2,
				    .bytes = { 203, 0, 113 } };

static void takes_what_a_daemon_sends(void **state)
{
	struct record r = HOLD;
	struct prefix p;

	(void)state;
	assert_true(is_good(r));
	p = record_prefix(&r);
	assert_true(p.addr.family == 4 && p.len == 24 && p.addr.bytes[2] == 113);
	r.deadline = RECORD_NO_END;
	assert_true(is_good(r));
	r.deadline = 0;
	r.kind = RECORD_RELEASE;
	assert_true(is_good(r));
	r.kind = RECORD_ASK;
	r.cookie = UINT64_MAX;
	assert_true(is_good(r));
	assert_true(is_good((struct record){ .seq = 9, .kind = RECORD_RELEASE_ALL }));
	assert_true(is_good((struct record){ .seq = 9, .kind = RECORD_ASK, .family = 6 }));
}

static void takes_the_records_of_a_plan(void **state)
{
	const uint16_t ports[] = { 8000, 8010 };
	struct record r = { .seq = 1, .kind = RECORD_PLAN, .scope = SCOPES_MAX };

	(void)state;
	r.cookie = RECORD_NEVER_MAX;
	assert_true(is_good(r));
	assert_true(is_good((struct record){ .seq = 1, .kind = RECORD_PLAN_END }));
	assert_true(is_good((struct record){ .seq = 1, .kind = RECORD_NEVER, .family = 6 }));
	r = (struct record){ .seq = 1,
			     .kind = RECORD_SCOPE,
			     .scope = SCOPES_MAX - 1,
			     .family = VERDICT_REJECT,
			     .len = SCOPE_RANGES_MAX,
			     .bytes = "p_25_465_000000" };
	assert_true(is_good(r));
	r.bytes[15] = 'Z';
	assert_true(is_good(r));
	r = (struct record){
		.seq = 1, .kind = RECORD_PORTS, .scope = SCOPES_MAX - 1, .family = PROTO_UDP
	};
	memcpy(r.bytes, ports, sizeof(ports));
	assert_true(is_good(r));
}

static struct record scope_named(const char *name)
{
	struct record r = { .seq = 1, .kind = RECORD_SCOPE };

	memcpy(r.bytes, name, strlen(name));
	return r;
}

static struct record ports_of(uint8_t proto, uint16_t low, uint16_t high)
{
	const uint16_t ports[] = { low, high };
	struct record r = { .seq = 1, .kind = RECORD_PORTS, .family = proto };

	memcpy(r.bytes, ports, sizeof(ports));
	return r;
}

static void refuses_what_no_plan_says(void **state)
{
	struct record r;

	(void)state;
	assert_false(is_good((struct record){ .seq = 1, .kind = RECORD_PLAN }));
	assert_false(is_good((struct record){ .seq = 1, .kind = RECORD_PLAN, .scope = 65 }));
	assert_false(is_good(
		(struct record){ .seq = 1, .kind = RECORD_PLAN, .scope = 1, .cookie = 65537 }));
	assert_false(is_good(scope_named("")));
	assert_false(is_good(scope_named("a b")));
	assert_false(is_good(scope_named("a;flush")));
	r = scope_named("a");
	r.bytes[2] = 'b';
	assert_false(is_good(r));
	r = scope_named("a");
	r.scope = SCOPES_MAX;
	assert_false(is_good(r));
	r = scope_named("a");
	r.family = 2;
	assert_false(is_good(r));
	r = scope_named("a");
	r.len = SCOPE_RANGES_MAX + 1;
	assert_false(is_good(r));
	assert_true(is_good(ports_of(PROTO_TCP, 1, 65535)));
	assert_false(is_good(ports_of(PROTO_TCP, 0, 25)));
	assert_false(is_good(ports_of(PROTO_TCP, 26, 25)));
	assert_false(is_good(ports_of(1, 25, 25)));
	r = ports_of(PROTO_TCP, 25, 25);
	r.bytes[4] = 1;
	assert_false(is_good(r));
	r = (struct record){ .seq = 1, .kind = RECORD_NEVER, .family = 4, .bytes = { 192 } };
	assert_false(is_good(r));
}

static void refuses_any_other_size(void **state)
{
	uint8_t bytes[2 * sizeof(struct record)];
	struct record r;

	(void)state;
	memcpy(bytes, &HOLD, sizeof(HOLD));
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		assert_int_equal(record_parse(bytes, n, SCOPES_IN_USE, &r),
				 n == sizeof(HOLD) ? 0 : -EMSGSIZE);
	}
}

static void refuses_other_kinds_and_families(void **state)
{
	struct record r = HOLD;

	(void)state;
	for (unsigned kind = 0; kind <= UINT8_MAX; kind++) {
		r.kind = (uint8_t)kind;
		assert_int_equal(is_good(r), kind == RECORD_HOLD);
	}
	r = HOLD;
	for (unsigned family = 0; family <= UINT8_MAX; family++) {
		r.family = (uint8_t)family;
		assert_int_equal(is_good(r), family == 4 || family == 6);
	}
}

static void refuses_lengths_beyond_the_family_and_host_bits(void **state)
{
	struct record r = HOLD;

	(void)state;
	for (unsigned len = 0; len <= UINT8_MAX; len++) {
		r.len = (uint8_t)len;
		assert_int_equal(is_good(r), len >= 24 && len <= 32); /* 113 ends in a 1 */
	}
	r.family = 6;
	for (unsigned len = 0; len <= UINT8_MAX; len++) {
		r.len = (uint8_t)len;
		assert_int_equal(is_good(r), len >= 24 && len <= 128);
	}
	r = HOLD;
	for (size_t bit = 0; bit < 128; bit++) {
		r = HOLD;
		r.bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		assert_int_equal(is_good(r), bit < 24);
	}
}

static void refuses_a_scope_that_there_is_not(void **state)
{
	struct record r = HOLD;

	(void)state;
	for (uint32_t scope = 0; scope <= UINT16_MAX; scope++) {
		r.scope = (uint16_t)scope;
		assert_int_equal(is_good(r), scope < SCOPES_IN_USE);
	}
}

static void refuses_numbers_where_none_belong(void **state)
{
	struct record r = HOLD;

	(void)state;
	r.seq = 0;
	assert_false(is_good(r));
	r = HOLD;
	r.zero = 1;
	assert_false(is_good(r));
	r = HOLD;
	r.zeros = 0x100;
	assert_false(is_good(r));
	r = HOLD;
	r.cookie = 2;
	assert_false(is_good(r));
	r = HOLD;
	r.deadline = 0;
	assert_false(is_good(r));
	r.deadline = INT64_MIN;
	assert_false(is_good(r));
	r = HOLD;
	r.kind = RECORD_RELEASE;
	assert_false(is_good(r));
	r.kind = RECORD_ASK;
	assert_false(is_good(r));
	r.kind = RECORD_RELEASE_ALL;
	assert_false(is_good(r));
	r = (struct record){ .seq = 1, .kind = RECORD_RELEASE_ALL, .bytes = { [15] = 1 } };
	assert_false(is_good(r));
}

static void checks_replies(void **state)
{
	struct reply good = { .kind = REPLY_FATE, .seq = 5, .error = EACCES }, bad, ret;
	uint8_t bytes[sizeof(good)];

	(void)state;
	memcpy(bytes, &good, sizeof(bytes));
	assert_int_equal(reply_parse(bytes, sizeof(bytes), &ret), 0);
	assert_memory_equal(&ret, &good, sizeof(ret));
	assert_int_equal(reply_parse(bytes, sizeof(bytes) - 1, &ret), -EMSGSIZE);
	for (int i = 0; i < 4; i++) {
		bad = good;
		bad.kind = i == 0 ? REPLY_REPORT : bad.kind;
		bad.held = i == 1 ? 2 : bad.held;
		bad.has_end = i == 2 ? 2 : bad.has_end;
		bad.error = i == 3 ? -1 : bad.error;
		memcpy(bytes, &bad, sizeof(bytes));
		assert_int_equal(reply_parse(bytes, sizeof(bytes), &ret), -EBADMSG);
	}
}

static void checks_reports(void **state)
{
	struct report good = { .kind = REPLY_REPORT, .state = REPORT_READY, .text = "hello" }, bad;
	struct report ret;
	uint8_t bytes[sizeof(good)];

	(void)state;
	memcpy(bytes, &good, sizeof(bytes));
	assert_int_equal(report_parse(bytes, sizeof(bytes), &ret), 0);
	assert_string_equal(ret.text, "hello");
	assert_int_equal(report_parse(bytes, sizeof(bytes) + 1, &ret), -EMSGSIZE);
	for (int i = 0; i < 5; i++) {
		bad = good;
		bad.kind = i == 0 ? REPLY_FATE : bad.kind;
		bad.state = i == 1 ? 0 : i == 2 ? REPORT_UNCUT + 1 : bad.state;
		bad.error = i == 3 ? -1 : bad.error;
		if (i == 4) {
			memset(bad.text, 'x', sizeof(bad.text));
		}
		memcpy(bytes, &bad, sizeof(bytes));
		assert_int_equal(report_parse(bytes, sizeof(bytes), &ret), -EBADMSG);
	}
}

static void checks_what_was_found(void **state)
{
	struct found good = { .kind = REPLY_FOUND,
			      .family = 4,
			      .len = 24,
			      .scope = SCOPES_MAX - 1,
			      .left = 5,
			      .bytes = { 192, 0, 2 } },
		     bad, ret;
	uint8_t bytes[sizeof(good)];

	(void)state;
	memcpy(bytes, &good, sizeof(bytes));
	assert_int_equal(found_parse(bytes, sizeof(bytes), &ret), 0);
	assert_int_equal(found_prefix(&ret).len, 24);
	assert_int_equal(found_parse(bytes, sizeof(bytes) - 1, &ret), -EMSGSIZE);
	for (int i = 0; i < 7; i++) {
		bad = good;
		bad.kind = i == 0 ? REPLY_FATE : bad.kind;
		bad.family = i == 1 ? 5 : bad.family;
		bad.bytes[3] = i == 2;
		bad.zero = i == 3;
		bad.scope = i == 4 ? SCOPES_MAX : bad.scope;
		bad.zeros = i == 5;
		bad.left = i == 6 ? -1 : bad.left;
		memcpy(bytes, &bad, sizeof(bytes));
		assert_int_equal(found_parse(bytes, sizeof(bytes), &ret), -EBADMSG);
	}
}

static void takes_a_list_of_as_many_as_a_list_may_have(void **state)
{
	struct record r = { .seq = 1, .kind = RECORD_LIST, .cookie = RECORD_LIST_MAX };

	(void)state;
	assert_true(is_good(r));
	r.cookie++;
	assert_false(is_good(r));
	r.cookie = 0;
	assert_true(is_good(r));
	r.len = 1;
	assert_false(is_good(r));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_a_daemon_sends),
		cmocka_unit_test(takes_the_records_of_a_plan),
		cmocka_unit_test(refuses_what_no_plan_says),
		cmocka_unit_test(refuses_any_other_size),
		cmocka_unit_test(refuses_other_kinds_and_families),
		cmocka_unit_test(refuses_lengths_beyond_the_family_and_host_bits),
		cmocka_unit_test(refuses_a_scope_that_there_is_not),
		cmocka_unit_test(refuses_numbers_where_none_belong),
		cmocka_unit_test(checks_replies),
		cmocka_unit_test(checks_reports),
		cmocka_unit_test(checks_what_was_found),
		cmocka_unit_test(takes_a_list_of_as_many_as_a_list_may_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
