/* SPDX-License-Identifier: MIT */
/* From lines to decisions. */
#include "unit/engine/rig_lines.h"

static size_t feed_at(struct engine *e, struct str chunk, instant arrival)
{
	const struct feed feed = {
		.chunk = chunk,
		.arrival = arrival,
		.file_time = instant_at(5000),
		.file_name = STR("test.log"),
	};

	return engine_feed(e, &feed);
}

static void feed(struct engine *e, const char *lines, instant arrival)
{
	assert_int_equal(feed_at(e, str_of(lines), arrival), strlen(lines));
}

static void lines_become_events_of_each_filter(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_line_rules(1));
	struct batch batch;

	(void)state;
	feed(e, "nothing\n1000 fail 192.0.2.1\nfail 192.0.2.2\n", INSTANT_NEVER);
	batch = engine_take(e);
	assert_int_equal(batch.n_events, 3);
	assert_int_equal(batch.events[0].event.type, EVENT_AUTH_FAILURE);
	assert_int_equal(batch.events[0].event.filter, 0);
	assert_int_equal(batch.events[0].event.time.us, instant_at(1000).us);
	assert_int_equal(batch.events[1].event.type, EVENT_RELAY_DENIED);
	assert_int_equal(batch.events[1].event.filter, 1);
	assert_true(str_eq(batch.events[1].event.text, STR("1000 fail 192.0.2.1")));
	assert_int_equal(batch.events[2].event.time.us, instant_at(5000).us);
	assert_int_equal(engine_stats(e).lines, 3);
	assert_int_equal(engine_stats(e).events, 3);
	assert_int_equal(engine_stats(e).newest.us, instant_at(5000).us);
}

static instant time_of(struct engine *e, const char *line, instant arrival)
{
	struct batch batch;

	feed(e, line, arrival);
	batch = engine_take(e);
	assert_true(batch.n_events > 0);
	return batch.events[0].event.time;
}

static void a_stamp_is_believed_up_to_a_minute_ahead(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_line_rules(1));
	const instant arrival = instant_at(2000);

	(void)state;
	assert_int_equal(time_of(e, "7 fail 192.0.2.1\n", arrival).us, instant_at(7).us);
	assert_int_equal(time_of(e, "2060 fail 192.0.2.1\n", arrival).us, instant_at(2060).us);
	assert_int_equal(time_of(e, "2061 fail 192.0.2.1\n", arrival).us, arrival.us);
	assert_int_equal(time_of(e, "9999 fail 192.0.2.1\n", INSTANT_NEVER).us,
			 instant_at(9999).us);
}

static void bans_end_by_arrival_where_stamps_are_ahead(void **state)
{
	struct ruleset *r = rig_line_rules(1);
	CLEANUP(engine_freep) struct engine *e = NULL;

	(void)state;
	r->jails[0].threshold = 100;
	r->jails[0].ladder[0] = seconds(100);
	e = rig_start(r);
	feed(e, "1000 fail 192.0.2.1\n", instant_at(1000));
	assert_string_equal(rig_said(e), "ban 1 a 192.0.2.1/32 1000-1100");
	feed(e, "1110 fail 192.0.2.2\n", instant_at(1099));
	assert_string_equal(rig_said(e), "ban 2 a 192.0.2.2/32 1110-1210");
	/* Not ended yet, but over at the event's time: the lift comes first. */
	feed(e, "1111 fail 192.0.2.1\n", instant_at(1099));
	assert_string_equal(rig_said(e), "lift 1 a 192.0.2.1/32 1100 expired; "
					 "ban 3 a 192.0.2.1/32 1111-1211");
}

static void only_the_time_that_was_asked_for_counts(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_line_rules(1));
	struct feed feed = {
		.chunk = STR(
			"99 fail 192.0.2.1\n100 fail 192.0.2.2\n199 fail 192.0.2.3\n200 fail 192.0.2.4\n"),
		.arrival = INSTANT_NEVER,
		.file_time = instant_at(5000),
		.from = instant_at(100),
		.to = instant_at(200),
	};

	(void)state;
	assert_int_equal(engine_feed(e, &feed), feed.chunk.n);
	assert_int_equal(engine_take(e).n_events, 4);
	assert_int_equal(engine_stats(e).lines, 4);
	assert_int_equal(engine_stats(e).oldest.us, instant_at(100).us);
	assert_int_equal(engine_stats(e).newest.us, instant_at(199).us);
	feed.to = (instant){ 0 };
	assert_int_equal(engine_feed(e, &feed), feed.chunk.n);
	assert_int_equal(engine_take(e).n_events, 6);
}

/* Everything that the lines bring, as text; taken whenever the engine stops. */
static size_t feed_all(struct engine *e, struct str lines, size_t piece, char *said)
{
	size_t events = 0, done = 0;

	while (done < lines.n) {
		size_t n = lines.n - done < piece ? lines.n - done : piece, eaten;
		struct batch batch;

		while (done + n < lines.n && lines.p[done + n - 1] != '\n') {
			n++;
		}
		eaten = feed_at(e, str_slice(lines, done, n), INSTANT_NEVER);
		done += eaten;
		batch = engine_take(e);
		assert_true(eaten > 0 || batch.n_events > 0);
		events += batch.n_events;
		for (size_t i = 0; i < batch.n_decisions; i++) {
			rig_say_decision(e, said, &batch.decisions[i]);
		}
	}
	return events;
}

static void a_full_batch_stops_at_a_line_and_goes_on_there(void **state)
{
	enum { LINES = 10000, LINE = 40 };
	CLEANUP(engine_freep) struct engine *whole = rig_start(rig_line_rules(2));
	CLEANUP(engine_freep) struct engine *pieces = rig_start(rig_line_rules(2));
	static char lines[LINES * (LINE + 1)], said[2][RIG_SAID];
	struct str all = { .p = lines };

	(void)state;
	for (int i = 0; i < LINES; i++) {
		all.n += (size_t)snprintf(lines + all.n, LINE + 1, "%d fail 10.0.0.%d\n", 1000 + i,
					  i % 100);
	}
	assert_int_equal(feed_all(whole, all, all.n, said[0]), 2 * LINES);
	assert_int_equal(feed_all(pieces, all, 1000, said[1]), 2 * LINES);
	assert_true(strlen(said[0]) > 1000);
	assert_string_equal(said[0], said[1]);
	assert_int_equal(engine_stats(whole).lines, LINES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_become_events_of_each_filter),
		cmocka_unit_test(a_stamp_is_believed_up_to_a_minute_ahead),
		cmocka_unit_test(bans_end_by_arrival_where_stamps_are_ahead),
		cmocka_unit_test(only_the_time_that_was_asked_for_counts),
		cmocka_unit_test(a_full_batch_stops_at_a_line_and_goes_on_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
