/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/names.h"
#include "unit/detect/session_rule.h"

static struct sessions *make(const struct session_rule *rule)
{
	struct sessions *s = NULL;

	assert_int_equal(sessions_new(rule, &s), 0);
	return s;
}

static struct event event_of(uint16_t type, const char *id, int64_t second)
{
	return (struct event){
		.time = instant_at(second),
		.type = type,
		.service = EVENT_SERVICE_NONE,
		.count = 1,
		.session = str_of(id),
		.text = STR("line"),
	};
}

/* Takes the event in; was it a bad end? */
static bool take(struct sessions *s, const struct event *e, struct event *ret)
{
	bool bad = sessions_ends_badly(s, e, ret);

	sessions_add(s, e, INSTANT_NEVER);
	return bad;
}

static bool add(struct sessions *s, uint16_t type, const char *id, int64_t second)
{
	const struct event e = event_of(type, id, second);
	struct event bad;

	return take(s, &e, &bad);
}

static void one_without_a_message_is_bad_at_its_end(void **state)
{
	struct sessions *s = make(&RULE);
	struct event open = event_of(EVENT_CONNECTION, "1", 100), bad;
	struct event close = event_of(EVENT_DISCONNECTION, "1", 107);

	(void)state;
	assert_int_equal(addr_parse(STR("192.0.2.7"), &open.addr), 0);
	open.account = STR("bob");
	open.service = 3;
	assert_false(take(s, &open, &bad));
	assert_true(take(s, &close, &bad));
	assert_int_equal(bad.type, EVENT_BAD_SESSION);
	assert_int_equal(bad.time.us, instant_at(107).us);
	assert_true(addr_eq(&bad.addr, &open.addr));
	assert_true(str_eq(bad.account, STR("bob")));
	assert_int_equal(bad.service, 3);
	assert_true(instant_is_never(sessions_deadline(s)));
	sessions_free(s);
}

static void one_with_a_message_is_none(void **state)
{
	struct sessions *s = make(&RULE);

	(void)state;
	assert_false(add(s, EVENT_CONNECTION, "1", 100));
	assert_false(add(s, EVENT_MESSAGE_ACCEPTED, "1", 101));
	assert_false(add(s, EVENT_DISCONNECTION, "1", 102));
	assert_true(instant_is_never(sessions_deadline(s)));
	sessions_free(s);
}

static void one_that_was_not_seen_to_open_is_none(void **state)
{
	struct sessions *s = make(&RULE);

	(void)state;
	assert_false(add(s, EVENT_DISCONNECTION, "1", 102));
	assert_false(add(s, EVENT_AUTH_FAILURE, "2", 102));
	assert_false(add(s, EVENT_DISCONNECTION, "2", 103));
	sessions_free(s);
}

static void an_id_can_be_used_again(void **state)
{
	struct sessions *s = make(&RULE);

	(void)state;
	assert_false(add(s, EVENT_CONNECTION, "1", 100));
	assert_false(add(s, EVENT_MESSAGE_ACCEPTED, "1", 101));
	assert_false(add(s, EVENT_DISCONNECTION, "1", 102));
	assert_false(add(s, EVENT_CONNECTION, "1", 103));
	assert_true(add(s, EVENT_DISCONNECTION, "1", 104));
	sessions_free(s);
}

static void sessions_do_not_mix(void **state)
{
	struct sessions *s = make(&RULE);

	(void)state;
	assert_false(add(s, EVENT_CONNECTION, "1", 100));
	assert_false(add(s, EVENT_CONNECTION, "10", 100));
	assert_false(add(s, EVENT_MESSAGE_ACCEPTED, "10", 101));
	assert_true(add(s, EVENT_DISCONNECTION, "1", 102));
	assert_false(add(s, EVENT_DISCONNECTION, "10", 102));
	sessions_free(s);
}

static void silence_ends_one_at_its_last_line_and_ten_minutes(void **state)
{
	struct sessions *s = make(&RULE);
	struct event bad;

	(void)state;
	assert_false(add(s, EVENT_CONNECTION, "1", 100));
	assert_false(add(s, EVENT_AUTH_FAILURE, "1", 130));
	assert_int_equal(sessions_deadline(s).us, instant_at(130 + SESSION_SILENCE).us);
	assert_false(sessions_silent(s, instant_at(129 + SESSION_SILENCE), &bad));
	assert_true(sessions_silent(s, instant_at(130 + SESSION_SILENCE), &bad));
	assert_int_equal(bad.time.us, instant_at(130 + SESSION_SILENCE).us);
	assert_true(str_eq(bad.text, STR("line")));
	assert_true(bad.unsaid);
	/* Who had no room for it asks again. */
	assert_true(sessions_silent(s, instant_at(5000), &bad));
	sessions_end(s);
	assert_false(sessions_silent(s, instant_at(5000), &bad));
	assert_true(instant_is_never(sessions_deadline(s)));
	sessions_free(s);
}

static void silence_ends_the_satisfied_quietly(void **state)
{
	struct sessions *s = make(&RULE);
	struct event bad;

	(void)state;
	assert_false(add(s, EVENT_CONNECTION, "1", 100));
	assert_false(add(s, EVENT_MESSAGE_ACCEPTED, "1", 100));
	assert_false(sessions_silent(s, instant_at(5000), &bad));
	assert_true(instant_is_never(sessions_deadline(s)));
	sessions_free(s);
}

static void what_a_line_lacks_its_session_knows(void **state)
{
	struct sessions *s = make(&RULE);
	struct event first = event_of(EVENT_LOGIN, "4XYZ", 100), bad;
	struct event later = event_of(EVENT_MESSAGE_ACCEPTED, "4XYZ", 101);
	struct event other = event_of(EVENT_MESSAGE_ACCEPTED, "4XYa", 101);

	(void)state;
	assert_int_equal(addr_parse(STR("192.0.2.7"), &first.addr), 0);
	first.account = STR("bob");
	first.count = 50;
	first.service = 1;
	assert_false(take(s, &first, &bad));
	sessions_carry(s, &later);
	assert_true(addr_eq(&later.addr, &first.addr));
	assert_true(str_eq(later.account, STR("bob")));
	assert_int_equal(later.count, 50);
	assert_int_equal(later.service, 1);
	sessions_carry(s, &other);
	assert_int_equal(other.addr.family, 0);
	assert_int_equal(other.account.n, 0);
	sessions_free(s);
}

static void what_a_line_says_wins(void **state)
{
	struct sessions *s = make(&RULE);
	struct event first = event_of(EVENT_LOGIN, "1", 100), later = first, bad;

	(void)state;
	assert_int_equal(addr_parse(STR("192.0.2.7"), &first.addr), 0);
	assert_int_equal(addr_parse(STR("192.0.2.8"), &later.addr), 0);
	first.account = STR("bob");
	later.account = STR("eve");
	assert_false(take(s, &first, &bad));
	sessions_carry(s, &later);
	assert_int_equal(later.addr.bytes[3], 8);
	assert_true(str_eq(later.account, STR("eve")));
	sessions_free(s);
}

static void only_what_is_named_is_carried(void **state)
{
	const struct session_rule rule = { .otherwise = NAMES_NONE, .carry = SESSION_ADDRESS };
	struct sessions *s = make(&rule);
	struct event first = event_of(EVENT_LOGIN, "1", 100), later = first, bad;

	(void)state;
	assert_int_equal(addr_parse(STR("192.0.2.7"), &first.addr), 0);
	first.account = STR("bob");
	assert_false(take(s, &first, &bad));
	sessions_carry(s, &later);
	assert_int_equal(later.addr.family, first.addr.family);
	assert_int_equal(later.account.n, 0);
	assert_false(sessions_silent(s, instant_at(5000), &bad));
	sessions_free(s);
}

static void events_without_an_id_stand_alone(void **state)
{
	struct sessions *s = make(&RULE);

	(void)state;
	assert_false(add(s, EVENT_CONNECTION, "", 100));
	assert_true(instant_is_never(sessions_deadline(s)));
	assert_false(add(s, EVENT_DISCONNECTION, "", 101));
	sessions_free(s);
}

static void a_flood_pushes_out_the_oldest_and_grows_nothing(void **state)
{
	struct sessions *s = make(&RULE);
	char id[16];

	(void)state;
	for (int i = 0; i < SESSIONS_MAX + 5; i++) {
		snprintf(id, sizeof(id), "%d", i);
		assert_false(add(s, EVENT_CONNECTION, id, 100));
		/* Number 3 is heard of again and again. */
		assert_false(add(s, EVENT_AUTH_FAILURE, "3", 100));
	}
	assert_int_equal(sessions_evicted(s), 5);
	assert_false(add(s, EVENT_DISCONNECTION, "0", 101));
	assert_true(add(s, EVENT_DISCONNECTION, "3", 101));
	sessions_free(s);
}

static void the_clock_goes_on_from_the_last_stamp(void **state)
{
	const struct event late = event_of(EVENT_CONNECTION, "1", 1000);
	struct sessions *s = make(&RULE);
	struct event bad;

	(void)state;
	/* A log an hour behind the clock. */
	sessions_add(s, &late, instant_at(4600));
	assert_int_equal(sessions_deadline(s).us, instant_at(4600 + SESSION_SILENCE).us);
	assert_int_equal(sessions_time_at(s, instant_at(4610)).us, instant_at(1010).us);
	assert_false(sessions_silent(s, sessions_time_at(s, instant_at(4610)), &bad));
	assert_true(sessions_silent(s, sessions_time_at(s, instant_at(5200)), &bad));
	sessions_free(s);
}

static void nobody_is_silent_because_the_hour_went_back(void **state)
{
	struct sessions *s = make(&RULE);
	struct event bad;

	(void)state;
	assert_false(add(s, EVENT_CONNECTION, "1", 7199));
	assert_false(add(s, EVENT_MESSAGE_ACCEPTED, "1", 7199));
	assert_false(add(s, EVENT_DISCONNECTION, "1", 7199));
	assert_false(add(s, EVENT_CONNECTION, "2", 3600));
	assert_false(sessions_silent(s, sessions_time(s), &bad));
	assert_false(add(s, EVENT_AUTH_FAILURE, "3", 3600 + SESSION_SILENCE));
	assert_true(sessions_silent(s, sessions_time(s), &bad));
	sessions_free(s);
}

static void long_texts_are_cut(void **state)
{
	static char text[100000];
	struct sessions *s = make(&RULE);
	struct event e = event_of(EVENT_CONNECTION, "1", 100), bad;

	(void)state;
	e.account = (struct str){ text, sizeof(text) };
	e.text = e.account;
	e.session = e.account;
	assert_false(take(s, &e, &bad));
	assert_true(sessions_silent(s, instant_at(5000), &bad));
	assert_int_equal(bad.account.n, SESSION_ACCOUNT_KEPT);
	assert_int_equal(bad.text.n, SESSION_TEXT_KEPT);
	sessions_free(s);
}

/* What one client leaves behind under an id is not the next one's. */
static void an_id_used_again_brings_nothing_along(void **state)
{
	struct sessions *s = make(&RULE);
	struct event open = event_of(EVENT_CONNECTION, "1", 100), later;

	(void)state;
	assert_int_equal(addr_parse(STR("203.0.113.9"), &open.addr), 0);
	open.account = STR("alice");
	open.count = 50;
	sessions_add(s, &open, INSTANT_NEVER);
	assert_true(add(s, EVENT_DISCONNECTION, "1", 101));
	later = event_of(EVENT_AUTH_FAILURE, "1", 102);
	sessions_carry(s, &later);
	assert_int_equal(later.addr.family, 0);
	assert_int_equal(later.account.n, 0);
	assert_int_equal(later.count, 1);
	sessions_free(s);
}

/* Nobody says that one ended when its line is lost: what it had done is not forgotten. */
static void an_id_that_opens_again_without_an_end_goes_on(void **state)
{
	struct sessions *s = make(&RULE);

	(void)state;
	assert_false(add(s, EVENT_CONNECTION, "1", 100));
	assert_false(add(s, EVENT_MESSAGE_ACCEPTED, "1", 101));
	assert_false(add(s, EVENT_CONNECTION, "1", 200));
	assert_false(add(s, EVENT_DISCONNECTION, "1", 201));
	assert_false(add(s, EVENT_CONNECTION, "1", 300));
	assert_true(add(s, EVENT_DISCONNECTION, "1", 301));
	sessions_free(s);
}

/* A stamp of yesterday or of 1970 closes its own session and nothing else. */
static void an_end_before_the_beginning_is_an_end(void **state)
{
	struct sessions *s = make(&RULE);
	struct event bad;

	(void)state;
	assert_false(add(s, EVENT_CONNECTION, "1", 90000));
	assert_false(add(s, EVENT_CONNECTION, "2", 90000));
	assert_true(add(s, EVENT_DISCONNECTION, "1", 0));
	assert_false(sessions_silent(s, sessions_time(s), &bad));
	assert_true(add(s, EVENT_DISCONNECTION, "2", 90001));
	sessions_free(s);
}

/* Ids of one flood take each place; those that are left are whole, and the list holds together. */
static void after_a_flood_each_place_is_used_anew(void **state)
{
	struct sessions *s = make(&RULE);
	struct event bad;
	char id[16];
	int silent = 0;

	(void)state;
	for (int i = 0; i < 3 * SESSIONS_MAX; i++) {
		snprintf(id, sizeof(id), "%d", i);
		assert_false(add(s, EVENT_CONNECTION, id, 100));
		if (i % 2 == 0) {
			assert_true(add(s, EVENT_DISCONNECTION, id, 100));
		}
	}
	assert_int_equal(sessions_evicted(s), SESSIONS_MAX / 2);
	while (sessions_silent(s, instant_at(5000), &bad)) {
		sessions_end(s);
		silent++;
	}
	assert_int_equal(silent, SESSIONS_MAX);
	assert_true(instant_is_never(sessions_deadline(s)));
	sessions_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_without_a_message_is_bad_at_its_end),
		cmocka_unit_test(one_with_a_message_is_none),
		cmocka_unit_test(one_that_was_not_seen_to_open_is_none),
		cmocka_unit_test(an_id_can_be_used_again),
		cmocka_unit_test(sessions_do_not_mix),
		cmocka_unit_test(silence_ends_one_at_its_last_line_and_ten_minutes),
		cmocka_unit_test(silence_ends_the_satisfied_quietly),
		cmocka_unit_test(what_a_line_lacks_its_session_knows),
		cmocka_unit_test(what_a_line_says_wins),
		cmocka_unit_test(only_what_is_named_is_carried),
		cmocka_unit_test(events_without_an_id_stand_alone),
		cmocka_unit_test(a_flood_pushes_out_the_oldest_and_grows_nothing),
		cmocka_unit_test(the_clock_goes_on_from_the_last_stamp),
		cmocka_unit_test(nobody_is_silent_because_the_hour_went_back),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(an_id_used_again_brings_nothing_along),
		cmocka_unit_test(an_id_that_opens_again_without_an_end_goes_on),
		cmocka_unit_test(an_end_before_the_beginning_is_an_end),
		cmocka_unit_test(after_a_flood_each_place_is_used_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
