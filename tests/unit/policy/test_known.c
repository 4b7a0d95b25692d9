/* SPDX-License-Identifier: MIT */
#include "policy/known.h"

#include <errno.h>

#include "unit/policy/words.h"

enum { DAY = 86400 };

static const duration MONTH = { .us = INT64_C(30) * DAY * 1000000 };

static struct known *new_known(uint32_t capacity)
{
	struct known *k = NULL;

	assert_int_equal(known_new(capacity, SEED, &k), 0);
	return k;
}

static bool login(struct known *k, const char *addr, const char *account, int64_t time)
{
	const struct prefix p = prefix_at(addr);
	const struct account_id id = account_id(str_of(account), SEED);

	return known_add(k, &p, &id, at(time), seconds(DAY));
}

/* `account` NULL: anybody. */
static bool has(const struct known *k, const char *addr, const char *account, int64_t time)
{
	const struct prefix p = prefix_at(addr);
	const struct account_id id = account_id(str_of(account), SEED);

	return known_has(k, &p, account ? &id : NULL, at(time), MONTH);
}

static void knows_the_account_and_that_there_was_one(void **state)
{
	CLEANUP(known_freep) struct known *k = new_known(8);

	(void)state;
	assert_true(login(k, "192.0.2.1/32", "bob", 100));
	assert_true(has(k, "192.0.2.1/32", "bob", 100));
	assert_true(has(k, "192.0.2.1/32", "BOB", 100));
	assert_true(has(k, "192.0.2.1/32", NULL, 100));
	assert_false(has(k, "192.0.2.1/32", "ann", 100));
	assert_false(has(k, "192.0.2.2/32", NULL, 100));
	assert_int_equal(known_count(k), 2);
	assert_null(known_free(NULL));
}

static void forgets_at_the_end_of_the_memory(void **state)
{
	CLEANUP(known_freep) struct known *k = new_known(8);

	(void)state;
	login(k, "192.0.2.1/32", "bob", 100);
	assert_true(has(k, "192.0.2.1/32", "bob", 100 + 30 * DAY - 1));
	assert_false(has(k, "192.0.2.1/32", "bob", 100 + 30 * DAY));
	/* A late event: the login came after it. */
	assert_true(has(k, "192.0.2.1/32", "bob", 50));
	/* A late login makes nothing older. */
	login(k, "192.0.2.1/32", "bob", 50);
	assert_true(has(k, "192.0.2.1/32", "bob", 100 + 30 * DAY - 1));
}

static void tells_a_login_once_a_pause(void **state)
{
	CLEANUP(known_freep) struct known *k = new_known(8);

	(void)state;
	assert_true(login(k, "192.0.2.1/32", "bob", 100));
	assert_false(login(k, "192.0.2.1/32", "bob", 100 + DAY - 1));
	assert_true(login(k, "192.0.2.1/32", "bob", 100 + DAY));
	assert_true(login(k, "192.0.2.1/32", "ann", 100 + DAY));
	assert_true(login(k, "192.0.2.2/32", "bob", 100 + DAY));
}

static void when_full_forgets_what_was_heard_of_longest_ago(void **state)
{
	CLEANUP(known_freep) struct known *k = new_known(4);

	(void)state;
	login(k, "192.0.2.1/32", "bob", 100);
	login(k, "192.0.2.2/32", "bob", 101);
	login(k, "192.0.2.1/32", "bob", 102);
	login(k, "192.0.2.3/32", "bob", 103);
	assert_int_equal(known_count(k), 4);
	assert_true(has(k, "192.0.2.1/32", "bob", 103));
	assert_true(has(k, "192.0.2.3/32", "bob", 103));
	assert_false(has(k, "192.0.2.2/32", "bob", 103));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_the_account_and_that_there_was_one),
		cmocka_unit_test(forgets_at_the_end_of_the_memory),
		cmocka_unit_test(tells_a_login_once_a_pause),
		cmocka_unit_test(when_full_forgets_what_was_heard_of_longest_ago),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
