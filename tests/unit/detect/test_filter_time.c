/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/span.h"
#include "detect/filter_time.h"
#include "unit/detect/filter_world.h"

enum { SUMMER = 1720000000 }; /* 2024-07-03T09:46:40Z */

static void made(struct world *w, const char *stamp, const char *date)
{
	w->when.file_time = instant_at(SUMMER);
	w->when.date = STAMP_NO_DATE;
	if (stamp) {
		w->spec.stamp = text_at("stamp", stamp, 5);
	}
	if (date) {
		w->spec.stamp_date = text_at("stamp-date", date, 6);
	}
	make_one(w, "<ADDR> failed");
}

static void assert_time(struct world *w, const char *line, const char *expected)
{
	char text[INSTANT_TEXT_MAX] = "none";
	instant t;

	if (filter_time(w->filter, str_of(line), &w->when, &t)) {
		instant_format(t, text);
	}
	assert_string_equal(text, expected);
}

static void any_line_tells_its_time(void **state)
{
	made(*state, NULL, NULL);
	assert_time(*state, "2024-07-03T08:00:00Z whatever", "2024-07-03T08:00:00Z");
	assert_time(*state, "Jul  3 08:00:00 host whatever", "2024-07-03T08:00:00Z");
	assert_time(*state, "<38>1 2024-07-03T08:00:00+02:00 host x - - -", "2024-07-03T06:00:00Z");
	assert_time(*state, "[2024-07-03 08:00:00] 2023-01-01T00:00:00Z", "2024-07-03T08:00:00Z");
	assert_time(*state, "a line without a time", "none");
	assert_time(*state, "x2024-07-03T08:00:00Z", "none");
	assert_time(*state, "2024-07-03T25:00:00Z", "none");
	assert_time(*state, "", "none");
}

static void a_time_without_a_day_needs_that_of_the_file_name(void **state)
{
	struct world *w = *state;

	made(w, "%H:%M:%S", "%Y.%m.%d");
	assert_time(w, "08:00:00.123 [192.0.2.1] rsp", "none");
	w->when.date = filter_file_date(w->filter, STR("2024.07.01-smtpLog.log"));
	assert_time(w, "08:00:00.123 [192.0.2.1] rsp", "2024-07-01T08:00:00.123Z");
}

static void a_stamp_far_behind_the_beginning_is_not_looked_for(void **state)
{
	char line[FILTER_TIME_REACH + 64];
	int n = snprintf(line, sizeof(line), "%*s 2024-07-03T08:00:00Z", FILTER_TIME_REACH, "x");

	assert_true(n > FILTER_TIME_REACH);
	made(*state, NULL, NULL);
	assert_time(*state, line, "none");
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(any_line_tells_its_time),
		IN_WORLD(a_time_without_a_day_needs_that_of_the_file_name),
		IN_WORLD(a_stamp_far_behind_the_beginning_is_not_looked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
