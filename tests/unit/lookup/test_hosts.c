/* SPDX-License-Identifier: MIT */
#include "lookup/hosts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "unit/check.h"

enum { MINUTE = 60, HOUR = 3600, NOW = 1000000000 };

static struct hosts *hosts;

static int setup(void **state)
{
	(void)state;
	if (hosts_new(&hosts) < 0) {
		return -1;
	}
	hosts_begin(hosts);
	return hosts_want(hosts, STR("mail.example.org"));
}

static int teardown(void **state)
{
	(void)state;
	hosts = hosts_free(hosts);
	return 0;
}

/* An answer with 192.0.2.X for each byte of `last`. */
static struct answer found(const char *last)
{
	struct answer a = { .id = 1, .state = ANSWER_FOUND };

	for (; *last; last++) {
		a.addresses[a.n++] =
			(struct addr){ .family = 4, .bytes = { 192, 0, 2, (uint8_t)*last } };
	}
	return a;
}

static bool answer(struct answer a, int64_t at)
{
	return hosts_answer(hosts, STR("mail.example.org"), &a, instant_at(at));
}

/* The last bytes of the addresses known, in their order. */
static const char *known(void)
{
	static char last[ANSWER_ADDRESSES + 1];
	const struct host *host = hosts_at(hosts, 0);

	memset(last, 0, sizeof(last));
	for (size_t i = 0; i < host->n; i++) {
		last[i] = (char)host->addresses[i].addr.bytes[3];
	}
	return last;
}

static const struct answer FAILED = { .id = 1, .state = ANSWER_FAILED, .why = "no answer" };
static const struct answer NO_SUCH = { .id = 1, .state = ANSWER_NONE, .why = "no such name" };

static void asks_at_once_and_every_five_minutes(void **state)
{
	(void)state;
	assert_string_equal(hosts_due(hosts, instant_at(NOW)), "mail.example.org");
	assert_true(answer(found("a"), NOW));
	assert_null(hosts_due(hosts, instant_at(NOW + 5 * MINUTE - 1)));
	assert_int_equal(hosts_next(hosts).us, instant_at(NOW + 5 * MINUTE).us);
	assert_non_null(hosts_due(hosts, instant_at(NOW + 5 * MINUTE)));
	assert_false(answer(found("a"), NOW + 5 * MINUTE));
}

static void asks_sooner_after_a_failure_and_then_later_and_later(void **state)
{
	int64_t last = NOW, wait = 0;

	(void)state;
	for (int i = 0; i < 40; i++) {
		int64_t next;

		assert_false(answer(i % 2 ? FAILED : NO_SUCH, last));
		next = hosts_next(hosts).us / 1000000;
		assert_true(next - last >= wait && next - last <= 5 * MINUTE);
		wait = next - last;
		assert_true(i > 0 || wait < MINUTE);
		last = next;
	}
	assert_int_equal(wait, 5 * MINUTE);
}

static void a_clock_set_back_holds_up_nothing(void **state)
{
	(void)state;
	assert_true(answer(found("a"), NOW));
	assert_non_null(hosts_due(hosts, instant_at(NOW - HOUR)));
}

static void the_old_address_stays_for_an_hour_and_until_a_success(void **state)
{
	(void)state;
	assert_true(answer(found("a"), NOW));
	assert_true(answer(found("b"), NOW + MINUTE));
	assert_string_equal(known(), "ab");
	assert_false(answer(found("b"), NOW + MINUTE + HOUR - 1));
	assert_string_equal(known(), "ab");
	assert_false(answer(FAILED, NOW + 3 * HOUR));
	assert_false(answer(NO_SUCH, NOW + 4 * HOUR));
	assert_string_equal(known(), "ab");
	assert_true(answer(found("b"), NOW + 5 * HOUR));
	assert_string_equal(known(), "b");
}

static void an_address_that_comes_back_is_as_good_as_before(void **state)
{
	(void)state;
	assert_true(answer(found("a"), NOW));
	assert_true(answer(found("b"), NOW + MINUTE));
	assert_false(answer(found("ab"), NOW + 30 * MINUTE));
	assert_false(answer(found("b"), NOW + 2 * HOUR));
	assert_string_equal(known(), "ab");
}

static void an_answer_that_may_lack_some_takes_nothing(void **state)
{
	struct answer part = found("b");

	(void)state;
	part.why[0] = '?';
	assert_true(answer(found("a"), NOW));
	assert_true(answer(part, NOW + MINUTE));
	assert_false(answer(part, NOW + 3 * HOUR));
	assert_string_equal(known(), "ab");
	assert_false(answer(found("b"), NOW + 4 * HOUR));
	assert_true(answer(found("b"), NOW + 5 * HOUR));
	assert_string_equal(known(), "b");
}

static void what_is_gone_makes_room(void **state)
{
	struct answer many = { .id = 1, .state = ANSWER_FOUND, .n = ANSWER_ADDRESSES };

	(void)state;
	for (size_t i = 0; i < ANSWER_ADDRESSES; i++) {
		many.addresses[i] =
			(struct addr){ .family = 4, .bytes = { 192, 0, 2, (uint8_t)(i + 1) } };
	}
	assert_true(answer(many, NOW));
	assert_true(answer(found("z"), NOW + MINUTE));
	assert_int_equal(hosts_at(hosts, 0)->n, ANSWER_ADDRESSES);
	assert_int_equal(hosts_at(hosts, 0)->addresses[0].addr.bytes[3], 'z');
}

static void a_name_not_wanted_any_more_is_forgotten(void **state)
{
	(void)state;
	assert_true(answer(found("a"), NOW));
	hosts_begin(hosts);
	assert_int_equal(hosts_want(hosts, STR("MAIL.example.org")), 0);
	assert_int_equal(hosts_want(hosts, STR("mx:example.org")), 0);
	assert_int_equal(hosts_want(hosts, STR("mx:example.org")), 0);
	assert_int_equal(hosts_want(hosts, STR("no name")), -EINVAL);
	assert_false(hosts_end(hosts));
	assert_int_equal(hosts_count(hosts), 2);
	hosts_begin(hosts);
	assert_int_equal(hosts_want(hosts, STR("mx:example.org")), 0);
	assert_true(hosts_end(hosts));
	assert_null(hosts_find(hosts, STR("mail.example.org")));
	assert_false(answer(found("a"), NOW));
}

static void takes_no_more_names_than_it_says(void **state)
{
	char name[32];

	(void)state;
	for (int i = 1; i < HOSTS_MAX; i++) {
		snprintf(name, sizeof(name), "host-%d", i);
		assert_int_equal(hosts_want(hosts, str_of(name)), 0);
	}
	assert_int_equal(hosts_want(hosts, STR("one-more")), -ENOSPC);
}

static void comes_back_as_it_was_saved(void **state)
{
	CLEANUP(buf_done) struct buf text = { 0 };

	(void)state;
	assert_true(answer(found("a"), NOW));
	assert_true(answer(found("b"), NOW + MINUTE));
	hosts_save(hosts, &text);
	buf_add_str(&text,
		    STR("other.example.org 192.0.2.9 1 0\nnonsense\nmail.example.org x 1 1\n"));
	(void)teardown(NULL);
	assert_int_equal(setup(NULL), 0);
	hosts_load(hosts, buf_str(&text));
	assert_string_equal(known(), "ab");
	assert_non_null(hosts_due(hosts, instant_at(NOW)));
	assert_int_equal(hosts_at(hosts, 0)->resolved.us, instant_at(NOW + MINUTE).us);
	assert_false(answer(found("b"), NOW + HOUR));
	assert_string_equal(known(), "ab");
	assert_true(answer(found("b"), NOW + MINUTE + HOUR));
	assert_string_equal(known(), "b");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(asks_at_once_and_every_five_minutes),
		TEST(asks_sooner_after_a_failure_and_then_later_and_later),
		TEST(a_clock_set_back_holds_up_nothing),
		TEST(the_old_address_stays_for_an_hour_and_until_a_success),
		TEST(an_address_that_comes_back_is_as_good_as_before),
		TEST(an_answer_that_may_lack_some_takes_nothing),
		TEST(what_is_gone_makes_room),
		TEST(a_name_not_wanted_any_more_is_forgotten),
		TEST(takes_no_more_names_than_it_says),
		TEST(comes_back_as_it_was_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
