/* SPDX-License-Identifier: MIT */
/* What a batch holds, and that it does not matter how often it is taken. */
#include "policy/brake.h"
#include "unit/engine/rig.h"

static char *copy(struct str s, char out[static 64])
{
	(void)snprintf(out, 64, "%.*s", STR_ARG(s));
	return out;
}

static void events_keep_their_texts(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	char line[] = "login of bob failed", account[] = "bob", session[] = "s1", data[] = "d2",
	     text[64];
	struct event event = rig_event("192.0.2.1", EVENT_AUTH_FAILURE, 100);
	struct batch batch;

	(void)state;
	event.text = str_of(line);
	event.account = str_of(account);
	event.session = str_of(session);
	event.data = str_of(data);
	assert_true(engine_feed_event(e, &event));
	memset(line, 'x', sizeof(line) - 1);
	memset(account, 'x', sizeof(account) - 1);
	memset(session, 'x', sizeof(session) - 1);
	memset(data, 'x', sizeof(data) - 1);
	batch = engine_take(e);
	assert_int_equal(batch.n_events, 1);
	assert_string_equal(copy(batch.events[0].event.text, text), "login of bob failed");
	assert_string_equal(copy(batch.events[0].event.account, text), "bob");
	assert_string_equal(copy(batch.events[0].event.session, text), "s1");
	assert_string_equal(copy(batch.events[0].event.data, text), "d2");
	/* As long as nothing is fed, ticked or ordered. */
	assert_int_equal(engine_take(e).n_events, 0);
	assert_string_equal(copy(batch.events[0].event.account, text), "bob");
}

static void more_than_half_of_a_batch_is_known(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	struct event event = rig_event("192.0.2.1", EVENT_LOGIN, 100);
	size_t n = 0;

	(void)state;
	while (!engine_is_half_full(e)) {
		char account[32];

		(void)snprintf(account, sizeof(account), "user%zu", n);
		event.account = str_of(account);
		assert_true(engine_feed_event(e, &event));
		assert_true(n++ < BATCH_EVENTS);
	}
	assert_int_equal(n, BATCH_EVENTS / 2 + 1);
	(void)engine_take(e);
	assert_false(engine_is_half_full(e));
}

static void a_login_is_told_even_if_no_jail_counts_it(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	struct event login = rig_event("192.0.2.1", EVENT_LOGIN, 100),
		     failure = rig_event("192.0.2.1", EVENT_AUTH_FAILURE, 101),
		     other = rig_event("192.0.2.1", EVENT_CONNECTION, 102);
	struct batch batch;

	(void)state;
	assert_true(engine_feed_event(e, &login) && engine_feed_event(e, &failure) &&
		    engine_feed_event(e, &other));
	batch = engine_take(e);
	assert_int_equal(batch.n_events, 2);
	assert_int_equal(batch.events[0].event.type, EVENT_LOGIN);
	assert_int_equal(batch.events[0].id, 0);
	assert_int_equal(batch.events[1].id, 1);
	assert_int_equal(engine_stats(e).counted, 1);
}

static void long_texts_are_cut(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	static char text[65536];
	struct event event = rig_event("192.0.2.1", EVENT_AUTH_FAILURE, 100);
	struct batch batch;

	(void)state;
	event.text = (struct str){ .p = text, .n = sizeof(text) };
	event.account = event.text;
	event.session = event.text;
	event.data = event.text;
	assert_true(engine_feed_event(e, &event));
	batch = engine_take(e);
	assert_int_equal(batch.events[0].event.text.n, EVENT_TEXT_KEPT);
	assert_int_equal(batch.events[0].event.account.n, EVENT_ACCOUNT_KEPT);
	assert_int_equal(batch.events[0].event.session.n, EVENT_ACCOUNT_KEPT);
	assert_int_equal(batch.events[0].event.data.n, EVENT_ACCOUNT_KEPT);
}

/* Feeds until the engine refuses; the number of events taken by then. */
static size_t fill(struct engine *e, const struct event *event, int64_t spread)
{
	struct event next = *event;
	size_t n = 0;

	while (engine_feed_event(e, &next)) {
		n++;
		next.data = n % 2 == 0 ? STR("a") : STR("b"); /* no two say the same */
		next.addr.bytes[1] = (uint8_t)(n * (size_t)spread >> 16);
		next.addr.bytes[2] = (uint8_t)(n * (size_t)spread >> 8);
		next.addr.bytes[3] = (uint8_t)(n * (size_t)spread);
	}
	return n;
}

static void a_full_batch_refuses_and_loses_nothing(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	static char text[EVENT_TEXT_KEPT - 1];
	struct event event = rig_event("192.0.2.1", EVENT_AUTH_FAILURE, 100);
	uint64_t counted;

	(void)state;
	assert_int_equal(fill(e, &event, 0), BATCH_EVENTS);
	counted = engine_stats(e).counted;
	assert_false(engine_feed_event(e, &event));
	assert_int_equal(engine_stats(e).counted, counted);
	assert_int_equal(engine_take(e).n_events, BATCH_EVENTS);
	assert_true(engine_feed_event(e, &event));
	assert_int_equal(engine_take(e).n_events, 1);
	/* Texts run out before events. */
	event.text = (struct str){ .p = text, .n = sizeof(text) };
	assert_in_range(fill(e, &event, 0), 1000, BATCH_EVENTS - 1);
	(void)engine_take(e);
}

static void room_for_decisions_counts_too(void **state)
{
	struct ruleset *r = rig_rules(4);
	CLEANUP(engine_freep) struct engine *e = NULL;
	const struct event event = rig_event("10.0.0.0", EVENT_IDS_VERDICT, 100);
	size_t n;

	(void)state;
	e = rig_start_with(r, (struct engine_limits){ .subjects = 10, .bans = 100000 });
	n = fill(e, &event, 1);
	assert_in_range(n, BATCH_DECISIONS / 4 - 2 - BRAKE_LIMIT, BATCH_DECISIONS / 4);
	assert_int_equal(engine_take(e).n_decisions, 4 * n);
}

static void a_tick_that_does_not_fit_goes_on_later(void **state)
{
	enum { MANY = 20000 };

	CLEANUP(engine_freep)
	struct engine *e = rig_start_with(rig_rules(1),
					  (struct engine_limits){ .subjects = MANY, .bans = MANY });
	struct event event = rig_event("10.0.0.1", EVENT_IDS_VERDICT, 100);
	uint64_t lifts = 0, last = 0;
	unsigned calls = 0;
	bool done;

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		event.addr.bytes[2] = (uint8_t)(i >> 8);
		event.addr.bytes[3] = (uint8_t)i;
		while (!engine_feed_event(e, &event)) {
			(void)engine_take(e);
		}
		event.addr.bytes[1] = (uint8_t)(i >> 16);
	}
	(void)engine_take(e);
	do {
		struct batch batch;

		done = engine_tick(e, instant_at(1900));
		batch = engine_take(e);
		for (size_t i = 0; i < batch.n_decisions; i++) {
			assert_true(batch.decisions[i].ban > last);
			last = batch.decisions[i].ban;
		}
		lifts += batch.n_decisions;
		calls++;
	} while (!done);
	assert_int_equal(lifts, engine_stats(e).bans);
	assert_true(calls > 1);
}

static void lifts_leave_room_for_what_the_event_brings(void **state)
{
	enum { MANY = 3 * BATCH_DECISIONS };

	CLEANUP(engine_freep)
	struct engine *e =
		rig_start_with(rig_rules(2),
			       (struct engine_limits){ .subjects = MANY, .bans = 2 * MANY + 2 });
	struct event event = rig_event("10.0.0.1", EVENT_IDS_VERDICT, 100);
	size_t lifts = 0, bans = 0;
	bool fed;

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		event.addr.bytes[2] = (uint8_t)(i >> 8);
		event.addr.bytes[3] = (uint8_t)i;
		while (!engine_feed_event(e, &event)) {
			(void)engine_take(e);
		}
	}
	(void)engine_take(e);
	event = rig_event("192.0.2.1", EVENT_IDS_VERDICT, 1900);
	do {
		struct batch batch;

		fed = engine_feed_event(e, &event);
		batch = engine_take(e);
		for (size_t i = 0; i < batch.n_decisions; i++) {
			lifts += batch.decisions[i].kind == DECISION_LIFT ? 1 : 0;
			bans += batch.decisions[i].kind == DECISION_BAN ? 1 : 0;
		}
	} while (!fed);
	assert_int_equal(lifts, 2 * MANY);
	assert_int_equal(bans, 2);
}

/* A flood of events of few hosts with every kind of decision in it; taken every `often` events, or
 * only when the engine refuses. Returns a hash of all that was said. */
static uint64_t play(unsigned often)
{
	struct ruleset *r = rig_rules(4);
	CLEANUP(engine_freep) struct engine *e = NULL;
	uint64_t hash = 1469598103934665603ULL;
	uint32_t dice = 1;
	char said[RIG_SAID] = "";

	for (size_t i = 0; i < 4; i++) {
		r->jails[i].window = seconds(20 + (int64_t)i);
		r->jails[i].threshold = 100;
		r->jails[i].ladder[0] = seconds(3 + (int64_t)i);
	}
	r->jails[1].mode = JAIL_OBSERVE;
	r->jails[2].after_ban = AFTER_BAN_CLEAR;
	r->jails[3].never_block = rig_set("10.0.0.0/26");
	e = rig_start_with(r, (struct engine_limits){ .subjects = 700, .bans = 1000 });
	for (unsigned i = 0; i < 30000; i++) {
		struct event event = rig_event("10.0.0.0", EVENT_RELAY_DENIED, 100 + i / 50);
		bool fed;

		dice = dice * 1664525 + 1013904223;
		event.addr.bytes[3] = (uint8_t)(dice >> 24);
		event.time.us -= (dice >> 8 & 7) == 0 ? 5000000 : 0;
		do {
			struct batch batch;

			fed = engine_feed_event(e, &event);
			if (fed && (often == 0 || i % often != 0) && i != 29999) {
				continue;
			}
			batch = engine_take(e);
			for (size_t k = 0; k < batch.n_decisions; k++) {
				said[0] = '\0';
				rig_say_decision(e, said, &batch.decisions[k]);
				for (const char *c = said; *c != '\0'; c++) {
					hash = (hash ^ (uint8_t)*c) * 1099511628211ULL;
				}
			}
		} while (!fed);
	}
	assert_true(engine_stats(e).bans > 10000);
	assert_true(engine_stats(e).evicted > 0);
	return hash;
}

static void how_often_it_is_taken_changes_nothing(void **state)
{
	uint64_t expected = play(1);

	(void)state;
	assert_true(play(7) == expected);
	assert_true(play(1000) == expected);
	assert_true(play(0) == expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_keep_their_texts),
		cmocka_unit_test(more_than_half_of_a_batch_is_known),
		cmocka_unit_test(a_login_is_told_even_if_no_jail_counts_it),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(a_full_batch_refuses_and_loses_nothing),
		cmocka_unit_test(room_for_decisions_counts_too),
		cmocka_unit_test(a_tick_that_does_not_fit_goes_on_later),
		cmocka_unit_test(lifts_leave_room_for_what_the_event_brings),
		cmocka_unit_test(how_often_it_is_taken_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
