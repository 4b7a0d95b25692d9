/* SPDX-License-Identifier: MIT */
#include "base/attr.h"
#include "policy/scope.h"
#include "unit/check.h"

static const struct port_range MAIL[] = { { PROTO_TCP, 25, 25 }, { PROTO_TCP, 143, 143 } };
static const struct port_range LOW[] = { { PROTO_TCP, 1, 1023 } };
static const struct port_range LOW_UDP[] = { { PROTO_UDP, 1, 1023 } };
static const struct port_range EDGE[] = { { PROTO_TCP, 1000, 1024 } };

static const struct scope ALL = { .n_ranges = 0 };
static const struct scope REJECT = { .n_ranges = 0, .verdict = VERDICT_REJECT };

static struct scope scope_of(const struct port_range *ranges, size_t n)
{
	return (struct scope){ .ranges = ranges, .n_ranges = n };
}

static void all_ports_cover_every_list_and_no_list_covers_all_ports(void **state)
{
	const struct scope low = scope_of(LOW, 1);

	(void)state;
	assert_true(scope_covers(&ALL, &low));
	assert_true(scope_covers(&ALL, &REJECT));
	assert_true(scope_covers(&REJECT, &ALL));
	assert_false(scope_covers(&low, &ALL));
}

static void each_range_must_lie_inside_one_of_the_same_protocol(void **state)
{
	const struct scope mail = scope_of(MAIL, 2), low = scope_of(LOW, 1),
			   udp = scope_of(LOW_UDP, 1), edge = scope_of(EDGE, 1);

	(void)state;
	assert_true(scope_covers(&low, &mail));
	assert_true(scope_covers(&mail, &mail));
	assert_false(scope_covers(&mail, &low));
	assert_false(scope_covers(&low, &edge));
	assert_false(scope_covers(&low, &udp));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_ports_cover_every_list_and_no_list_covers_all_ports),
		cmocka_unit_test(each_range_must_lie_inside_one_of_the_same_protocol),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
