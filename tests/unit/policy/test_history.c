/* SPDX-License-Identifier: MIT */
#include "policy/history.h"

#include <errno.h>

#include "unit/policy/words.h"

enum { DAY = 86400 };

static const struct prefix A = { .addr = { .family = 4, .bytes = { 1 } }, .len = 32 };

static struct history *new_history(uint32_t capacity)
{
	struct history *h = NULL;

	assert_int_equal(history_new(capacity, SEED, &h), 0);
	return h;
}

static struct prefix host(unsigned n)
{
	return (struct prefix){
		.addr = { .family = 4, .bytes = { 10, 0, 0, (uint8_t)n } },
		.len = 32,
	};
}

static void add(struct history *h, int64_t since, int64_t until)
{
	history_add(h, HISTORY_ENFORCED, &A, at(since), at(until));
}

static unsigned next(const struct history *h, int64_t time)
{
	return history_next(h, HISTORY_ENFORCED, &A, at(time), seconds(30 * DAY));
}

static unsigned count(const struct history *h, int64_t time)
{
	return history_count(h, HISTORY_ENFORCED, &A, at(time), seconds(30 * DAY));
}

static void the_first_ban_is_the_first_episode(void **state)
{
	CLEANUP(history_freep) struct history *h = new_history(4);

	(void)state;
	assert_int_equal(next(h, 100), 1);
	assert_int_equal(count(h, 100), 0);
	add(h, 100, 200);
	assert_int_equal(count(h, 100), 1);
	assert_int_equal(count(h, 99), 0);
	assert_null(history_free(NULL));
}

static void what_overlaps_is_one_episode(void **state)
{
	CLEANUP(history_freep) struct history *h = new_history(4);

	(void)state;
	add(h, 100, 200);
	assert_int_equal(next(h, 150), 1);
	add(h, 150, 300);
	assert_int_equal(next(h, 299), 1);
	assert_int_equal(next(h, 300), 2);
	add(h, 300, 400);
	assert_int_equal(count(h, 400), 2);
}

static void joining_never_shortens(void **state)
{
	CLEANUP(history_freep) struct history *h = new_history(4);

	(void)state;
	add(h, 100, 500);
	add(h, 200, 300);
	assert_int_equal(next(h, 499), 1);
	assert_int_equal(next(h, 500), 2);
}

static void a_late_ban_joins_the_newest(void **state)
{
	CLEANUP(history_freep) struct history *h = new_history(4);

	(void)state;
	add(h, 100, 200);
	add(h, 1000, 1100);
	assert_int_equal(next(h, 500), 2);
	add(h, 500, 600);
	assert_int_equal(count(h, 2000), 2);
	assert_int_equal(next(h, 50), 1);
	assert_true(history_has(h, &A, at(500)));
	assert_false(history_has(h, &A, at(499)));
	add(h, 150, 160);
	assert_int_equal(count(h, 199), 1);
}

static void old_episodes_are_forgiven(void **state)
{
	CLEANUP(history_freep) struct history *h = new_history(4);

	(void)state;
	add(h, 100, 200);
	add(h, 1000, 1100);
	assert_int_equal(next(h, 100 + 30 * DAY - 1), 3);
	assert_int_equal(next(h, 100 + 30 * DAY), 2);
	assert_int_equal(next(h, 1000 + 30 * DAY), 1);
}

static void a_permanent_ban_is_joined_by_all_that_follow(void **state)
{
	CLEANUP(history_freep) struct history *h = new_history(4);

	(void)state;
	history_add(h, HISTORY_ENFORCED, &A, at(100), INSTANT_NEVER);
	assert_int_equal(next(h, 100 + 29 * DAY), 1);
	assert_int_equal(next(h, 100 + 90 * DAY), 1);
}

static void observers_keep_their_own(void **state)
{
	CLEANUP(history_freep) struct history *h = new_history(4);

	(void)state;
	add(h, 100, 200);
	history_add(h, 3, &A, at(300), at(400));
	history_add(h, 3, &A, at(500), at(600));
	assert_int_equal(history_next(h, 3, &A, at(700), seconds(DAY)), 3);
	assert_int_equal(history_next(h, 4, &A, at(700), seconds(DAY)), 1);
	assert_int_equal(next(h, 700), 2);
}

static void a_pardoned_episode_counts_for_none(void **state)
{
	CLEANUP(history_freep) struct history *h = new_history(4);

	(void)state;
	history_pardon(h, &A, at(100));
	add(h, 100, 200);
	history_pardon(h, &A, at(200));
	assert_int_equal(count(h, 200), 1);
	add(h, 300, 400);
	history_pardon(h, &A, at(350));
	assert_int_equal(count(h, 400), 1);
	history_pardon(h, &A, at(350));
	assert_int_equal(count(h, 400), 1);
	history_pardon(h, &A, at(150));
	assert_int_equal(count(h, 400), 0);
	assert_int_equal(next(h, 400), 1);
}

static void keeps_the_newest_of_one_prefix(void **state)
{
	CLEANUP(history_freep) struct history *h = new_history(1);

	(void)state;
	for (int64_t i = 0; i < 100; i++) {
		add(h, i * 10, i * 10 + 5);
	}
	assert_int_equal(count(h, 1000), HISTORY_EPISODES);
	assert_int_equal(history_count(h, HISTORY_ENFORCED, &A, at(990), seconds(21)), 3);
}

static void the_prefix_heard_of_longest_ago_goes_first(void **state)
{
	CLEANUP(history_freep) struct history *h = new_history(3);
	struct prefix p[5];

	(void)state;
	for (uint8_t i = 0; i < 5; i++) {
		p[i] = host(i);
	}
	for (uint8_t i = 0; i < 3; i++) {
		history_add(h, HISTORY_ENFORCED, &p[i], at(i), at(i + 1));
	}
	history_add(h, HISTORY_ENFORCED, &p[0], at(10), at(11));
	history_add(h, HISTORY_ENFORCED, &p[3], at(12), at(13));
	assert_int_equal(history_count(h, HISTORY_ENFORCED, &p[1], at(99), seconds(DAY)), 0);
	assert_int_equal(history_count(h, HISTORY_ENFORCED, &p[0], at(99), seconds(DAY)), 2);
	history_add(h, HISTORY_ENFORCED, &p[4], at(14), at(15));
	assert_int_equal(history_count(h, HISTORY_ENFORCED, &p[2], at(99), seconds(DAY)), 0);
	assert_int_equal(history_count(h, HISTORY_ENFORCED, &p[0], at(99), seconds(DAY)), 2);
}

/* Many episodes a prefix use up the pool before the slots. */
static void forgets_prefixes_when_the_episodes_run_out(void **state)
{
	enum { PREFIXES = 40 };
	CLEANUP(history_freep) struct history *h = new_history(PREFIXES);
	unsigned all = 0, known = 0;

	(void)state;
	for (unsigned i = 0; i < PREFIXES; i++) {
		const struct prefix p = host(i);

		for (int64_t k = 0; k < HISTORY_EPISODES; k++) {
			history_add(h, HISTORY_ENFORCED, &p, at(k * 10), at(k * 10 + 5));
		}
		assert_int_equal(history_count(h, HISTORY_ENFORCED, &p, at(9999), seconds(DAY)),
				 HISTORY_EPISODES);
	}
	for (unsigned i = 0; i < PREFIXES; i++) {
		const struct prefix p = host(i);
		unsigned n = history_count(h, HISTORY_ENFORCED, &p, at(9999), seconds(DAY));

		all += n;
		known += n > 0 ? 1 : 0;
	}
	assert_int_equal(known, 2);
	assert_int_equal(all, 2 * HISTORY_EPISODES);
}

static void refuses_no_capacity(void **state)
{
	struct history *h = NULL;

	(void)state;
	assert_int_equal(history_new(0, SEED, &h), -EINVAL);
	assert_null(h);
}

static void tells_each_listener_once_an_episode(void **state)
{
	CLEANUP(history_freep) struct history *h = new_history(4);

	(void)state;
	assert_int_equal(history_tell(h, &A, at(100), 1), 0);
	add(h, 100, 200);
	assert_int_equal(history_tell(h, &A, at(100), 1), 1);
	assert_int_equal(history_tell(h, &A, at(150), 3), 2);
	add(h, 150, 300);
	assert_int_equal(history_tell(h, &A, at(250), 3), 0);
	assert_int_equal(history_tell(h, &A, at(300), 3), 0);
	add(h, 300, 400);
	assert_int_equal(history_tell(h, &A, at(300), 3), 3);
}

static void has_what_was_not_pardoned(void **state)
{
	CLEANUP(history_freep) struct history *h = new_history(4);

	(void)state;
	add(h, 100, 200);
	add(h, 300, 400);
	assert_true(history_has(h, &A, at(100)));
	assert_true(history_has(h, &A, at(199)));
	assert_false(history_has(h, &A, at(200)));
	assert_true(history_has(h, &A, at(300)));
	history_pardon(h, &A, at(350));
	assert_false(history_has(h, &A, at(300)));
	assert_true(history_has(h, &A, at(150)));
}

/* Between two episodes there may be no room for a ban that came late; it was made all the same. */
static void has_a_late_ban_that_joined_a_later_one(void **state)
{
	CLEANUP(history_freep) struct history *h = new_history(4), *to = new_history(4);
	const uint16_t observers[JAILS_MAX] = { 0 };
	const uint32_t listeners[WATCHERS_MAX] = { 0 };

	(void)state;
	add(h, 200, 300);
	add(h, 400, 500);
	add(h, 100, 150);
	assert_true(history_has(h, &A, at(100)));
	assert_false(history_has(h, &A, at(99)));
	assert_int_equal(next(h, 250), 2);
	history_copy(h, observers, listeners, to);
	assert_true(history_has(to, &A, at(100)));
	assert_false(history_has(to, &A, at(99)));
	history_pardon(h, &A, at(450));
	assert_false(history_has(h, &A, at(100)));
}

static void a_copy_tells_by_other_numbers(void **state)
{
	CLEANUP(history_freep) struct history *h = new_history(4), *to = new_history(4);
	uint16_t observers[JAILS_MAX] = { 0 };
	uint32_t listeners[WATCHERS_MAX] = { [0] = 4, [1] = 0, [31] = 1 };

	(void)state;
	add(h, 100, 200);
	assert_int_equal(history_tell(h, &A, at(100), 0x80000003U), 0x80000003U);
	history_copy(h, observers, listeners, to);
	assert_int_equal(history_tell(to, &A, at(100), 7), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_ban_is_the_first_episode),
		cmocka_unit_test(what_overlaps_is_one_episode),
		cmocka_unit_test(joining_never_shortens),
		cmocka_unit_test(a_late_ban_joins_the_newest),
		cmocka_unit_test(old_episodes_are_forgiven),
		cmocka_unit_test(a_permanent_ban_is_joined_by_all_that_follow),
		cmocka_unit_test(observers_keep_their_own),
		cmocka_unit_test(a_pardoned_episode_counts_for_none),
		cmocka_unit_test(keeps_the_newest_of_one_prefix),
		cmocka_unit_test(the_prefix_heard_of_longest_ago_goes_first),
		cmocka_unit_test(forgets_prefixes_when_the_episodes_run_out),
		cmocka_unit_test(refuses_no_capacity),
		cmocka_unit_test(tells_each_listener_once_an_episode),
		cmocka_unit_test(has_what_was_not_pardoned),
		cmocka_unit_test(has_a_late_ban_that_joined_a_later_one),
		cmocka_unit_test(a_copy_tells_by_other_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
