/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "detect/detector.h"
#include "detect/once.h"
#include "unit/detect/filter_world.h"
#include "unit/detect/session_rule.h"

struct log {
	struct world *w;
	struct detector *detector;
	struct event at[16];
	size_t n;
	size_t refuse; /* so many are refused yet */
};

static bool keep(void *arg, const struct event *event)
{
	struct log *log = arg;

	if (log->refuse > 0) {
		log->refuse--;
		return false;
	}
	assert_true(log->n < ARRAY_SIZE(log->at));
	log->at[log->n++] = *event;
	return true;
}

static void log_init(struct log *log, void **state, unsigned once)
{
	struct world *w = *state;

	*log = (struct log){ .w = w };
	w->spec.session = &RULE;
	w->spec.once = once;
	w->spec.prefix = text_at("prefix", "^<STAMP> <SESSION> ", 1);
	w->spec.stamp = text_at("stamp", "%Y-%m-%d %H:%M:%S", 2);
	add_section(w, EVENT_CONNECTION);
	add_match(w, "open <ADDR>$");
	add_section(w, EVENT_DISCONNECTION);
	add_match(w, "close$");
	add_section(w, EVENT_MESSAGE_ACCEPTED);
	add_match(w, "sent$");
	make(w);
	assert_int_equal(detector_new(&w->filter, 1, &log->detector), 0);
}

/* Bytes of the line that were taken. */
static size_t feed(struct log *log, const char *line, instant arrival)
{
	struct stamp_context when = log->w->when;

	when.arrival = arrival;
	return detector_feed(log->detector, log->w->matcher, str_of(line), &when, keep, log);
}

static void a_stamp_of_the_future_ends_nobody_elses_session(void **state)
{
	const instant now = instant_at(1709636400); /* 2024-03-05 11:00:00 */
	struct log log;

	log_init(&log, state, 0);
	(void)feed(&log, "2024-03-05 11:00:00 a open 192.0.2.1\n", now);
	(void)feed(&log, "2036-03-05 11:00:00 b open 192.0.2.2\n", now);
	(void)feed(&log, "2024-03-05 11:00:01 c open 192.0.2.3\n", now);
	assert_int_equal(log.n, 3);
	assert_int_equal(log.at[1].time.us, now.us);
	/* Nor does it keep itself and others open for years. */
	assert_true(detector_tick(log.detector, instant_add(now, seconds(700)), keep, &log));
	assert_int_equal(log.n, 6);
	detector_free(log.detector);
}

static void sessions_of_a_log_in_another_zone_last(void **state)
{
	const instant now = instant_at(1709636400 + 3600);
	struct log log;

	log_init(&log, state, 0);
	(void)feed(&log, "2024-03-05 11:00:00 a open 192.0.2.1\n", now);
	assert_true(detector_tick(log.detector, instant_add(now, seconds(5)), keep, &log));
	assert_int_equal(log.n, 1);
	assert_int_equal(detector_deadline(log.detector).us,
			 instant_add(now, seconds(SESSION_SILENCE)).us);
	detector_free(log.detector);
}

/* The end itself is told once for both sessions: that of the bad one is all that the line brings.
 */
static void a_bad_end_that_was_refused_comes_again(void **state)
{
	static const char *const end = "2024-03-05 11:00:01 b close\n";
	struct log log;

	log_init(&log, state, ONCE_ADDRESS | ONCE_TYPE);
	(void)feed(&log, "2024-03-05 11:00:00 a open 192.0.2.1\n", INSTANT_NEVER);
	(void)feed(&log, "2024-03-05 11:00:00 b open 192.0.2.1\n", INSTANT_NEVER);
	(void)feed(&log, "2024-03-05 11:00:00 a sent\n", INSTANT_NEVER);
	(void)feed(&log, "2024-03-05 11:00:00 a close\n", INSTANT_NEVER);
	log.n = 0;
	log.refuse = 1;
	assert_int_equal(feed(&log, end, INSTANT_NEVER), 0);
	assert_int_equal(feed(&log, end, INSTANT_NEVER), strlen(end));
	assert_int_equal(log.n, 1);
	assert_int_equal(log.at[0].type, EVENT_BAD_SESSION);
	detector_free(log.detector);
}

static void sessions_that_had_no_room_are_counted(void **state)
{
	char line[64];
	struct log log;

	log_init(&log, state, 0);
	for (int i = 0; i < SESSIONS_MAX + 3; i++) {
		log.n = 0;
		snprintf(line, sizeof(line), "2024-03-05 11:00:00 %d open 192.0.2.1\n", i);
		(void)feed(&log, line, INSTANT_NEVER);
	}
	assert_int_equal(detector_stats(log.detector)->sessions_lost, 3);
	detector_free(log.detector);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_stamp_of_the_future_ends_nobody_elses_session,
						world_set_up, world_tear_down),
		cmocka_unit_test_setup_teardown(sessions_of_a_log_in_another_zone_last,
						world_set_up, world_tear_down),
		cmocka_unit_test_setup_teardown(a_bad_end_that_was_refused_comes_again,
						world_set_up, world_tear_down),
		cmocka_unit_test_setup_teardown(sessions_that_had_no_room_are_counted, world_set_up,
						world_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
