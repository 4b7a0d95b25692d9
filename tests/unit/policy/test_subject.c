/* SPDX-License-Identifier: MIT */
#include "policy/subject.h"

#include <string.h>

#include "unit/policy/words.h"

static bool is_same(const char *a, size_t n, const char *b, size_t m)
{
	const struct account_id x = account_id((struct str){ .p = a, .n = n }, SEED);
	const struct account_id y = account_id((struct str){ .p = b, .n = m }, SEED);

	return memcmp(&x, &y, sizeof(x)) == 0;
}

static void an_account_is_the_same_in_capitals(void **state)
{
	const struct account_id none = account_id(STR_NONE, SEED);

	(void)state;
	assert_true(is_same("Bob@Example.COM", 15, "bob@example.com", 15));
	assert_false(is_same("bob", 3, "bo", 2));
	assert_false(is_same("b\0b", 3, "b\0c", 3));
	assert_false(is_same("\xc3\x84", 2, "\xc3\xa4", 2));
	assert_true(account_is_none(&none));
}

static void what_is_beyond_the_bound_is_the_same_account(void **state)
{
	static char a[10240], b[10240];

	(void)state;
	memset(a, 'x', sizeof(a));
	memset(b, 'x', sizeof(b));
	b[ACCOUNT_KEPT] = 'y';
	assert_true(is_same(a, sizeof(a), b, sizeof(b)));
	b[ACCOUNT_KEPT - 1] = 'y';
	assert_false(is_same(a, sizeof(a), b, sizeof(b)));
}

static void another_seed_makes_another_digest(void **state)
{
	static const uint8_t other[TABLE_SEED_SIZE] = { 77 };
	const struct account_id a = account_id(STR("bob"), SEED), b = account_id(STR("bob"), other);

	(void)state;
	assert_memory_not_equal(&a, &b, sizeof(a));
}

static void kinds_of_subjects_do_not_mix(void **state)
{
	const struct prefix p = prefix_at("192.0.2.1/32");
	const struct account_id bob = account_id(STR("bob"), SEED);
	const struct subject host = subject_of_prefix(&p), account = subject_of_account(&bob),
			     share = subject_of_share(&p, &bob);

	(void)state;
	assert_false(subject_is_account(&host) || subject_is_share(&host));
	assert_true(subject_is_account(&account) && !subject_is_share(&account));
	assert_true(subject_is_share(&share) && !subject_is_account(&share));
	assert_memory_not_equal(&host, &share, sizeof(host));
	assert_true(account_tag(&bob) != 0 && account_tag(&bob) <= TAG_MASK);
	assert_true(prefix_tag(&p, SEED) != 0 && prefix_tag(&p, SEED) <= TAG_MASK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_account_is_the_same_in_capitals),
		cmocka_unit_test(what_is_beyond_the_bound_is_the_same_account),
		cmocka_unit_test(another_seed_makes_another_digest),
		cmocka_unit_test(kinds_of_subjects_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
