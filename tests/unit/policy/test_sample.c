/* SPDX-License-Identifier: MIT */
#include "policy/sample.h"

#include "unit/policy/words.h"

enum { MAX = 200 };

static struct sample samples[MAX];
static size_t n;

static struct addr parsed(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(str_of(text), &a), 0);
	return a;
}

static void add(uint16_t log, const char *address, uint64_t account, int64_t time)
{
	assert_true(n < MAX);
	samples[n++] = (struct sample){
		.time = at(time),
		.addr = parsed(address),
		.log = log,
		.type = 1,
		.account = account,
		.count = 1,
	};
}

static size_t crowds(struct crowd *ret)
{
	return sample_crowds(samples, n, ret, 10);
}

static size_t twins(struct twins *ret)
{
	return sample_twins(samples, n, ret, 10);
}

static int begin(void **state)
{
	(void)state;
	n = 0;
	return 0;
}

static void inner_addresses_are_those_that_nobody_has_for_himself(void **state)
{
	static const char *const inner[] = { "10.1.2.3",    "127.0.0.1", "172.31.255.255",
					     "192.168.0.1", "::1",       "fd00::1",
					     "100.127.0.1", "fe80::1",   "169.254.1.1" };
	static const char *const outer[] = { "11.0.0.0",    "172.32.0.0",  "198.51.100.7",
					     "100.128.0.1", "2001:db8::1", "::2",
					     "fe00::1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(inner); i++) {
		const struct addr a = parsed(inner[i]);

		assert_true(addr_is_inner(&a));
	}
	for (size_t i = 0; i < ARRAY_SIZE(outer); i++) {
		const struct addr a = parsed(outer[i]);

		assert_false(addr_is_inner(&a));
	}
}

static void many_accounts_from_one_inner_address_are_a_crowd(void **state)
{
	struct crowd c[10];

	(void)state;
	for (int i = 0; i < 15; i++) {
		add(4, "10.0.0.2", 100 + (uint64_t)i % 5, i);
		add(5, "10.0.0.2", 100 + (uint64_t)i % 5, i);
	}
	for (int i = 0; i < 5; i++) {
		add(4, "198.51.100.7", 200, i);
	}
	assert_int_equal(crowds(c), 1);
	assert_int_equal(c[0].log, 4);
	assert_int_equal(c[0].events, 15);
	assert_int_equal(c[0].all, 20);
	assert_int_equal(c[0].accounts, 5);
}

static void one_inner_client_that_errs_is_no_crowd(void **state)
{
	struct crowd c[10];

	(void)state;
	for (int i = 0; i < 30; i++) {
		add(4, "10.0.0.2", 100 + (uint64_t)i % 2, i);
		add(5, "198.51.100.7", 100 + (uint64_t)i, i);
	}
	assert_int_equal(crowds(c), 0);
}

static void without_accounts_the_share_alone_decides(void **state)
{
	struct crowd c[10];

	(void)state;
	for (int i = 0; i < 10; i++) {
		add(4, "::1", 0, i);
		add(4, "198.51.100.7", 0, i);
	}
	assert_int_equal(crowds(c), 1);
	add(4, "198.51.100.8", 0, 0);
	assert_int_equal(crowds(c), 0);
}

static void two_logs_that_tell_the_same_are_twins(void **state)
{
	struct twins t[10];

	(void)state;
	for (int i = 0; i < 12; i++) {
		add(7, "198.51.100.7", 1, i);
		add(3, "198.51.100.7", 1, i);
	}
	for (int i = 0; i < 50; i++) {
		add(7, "198.51.100.9", 1, 100 + i);
	}
	assert_int_equal(twins(t), 1);
	assert_int_equal(t[0].logs[0], 3);
	assert_int_equal(t[0].logs[1], 7);
	assert_int_equal(t[0].both, 12);
	assert_int_equal(t[0].all, 12);
}

static void events_of_another_second_account_or_log_are_not_the_same(void **state)
{
	struct twins t[10];

	(void)state;
	for (int i = 0; i < 30; i++) {
		add(3, "198.51.100.7", 1, i);
		add(7, "198.51.100.7", 2, i);
		add(8, "198.51.100.7", 1, 1000 + i);
		add(3, "198.51.100.7", 1, i);
	}
	assert_int_equal(twins(t), 0);
}

static void a_few_that_coincide_are_no_twins(void **state)
{
	struct twins t[10];

	(void)state;
	for (int i = 0; i < 12; i++) {
		add(3, "198.51.100.7", 1, i);
		add(7, "198.51.100.7", 1, i);
	}
	for (int i = 0; i < 13; i++) {
		add(3, "198.51.100.7", 1, 100 + i);
		add(7, "198.51.100.7", 1, 200 + i);
	}
	assert_int_equal(twins(t), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(inner_addresses_are_those_that_nobody_has_for_himself,
				       begin),
		cmocka_unit_test_setup(many_accounts_from_one_inner_address_are_a_crowd, begin),
		cmocka_unit_test_setup(one_inner_client_that_errs_is_no_crowd, begin),
		cmocka_unit_test_setup(without_accounts_the_share_alone_decides, begin),
		cmocka_unit_test_setup(two_logs_that_tell_the_same_are_twins, begin),
		cmocka_unit_test_setup(events_of_another_second_account_or_log_are_not_the_same,
				       begin),
		cmocka_unit_test_setup(a_few_that_coincide_are_no_twins, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
