/* SPDX-License-Identifier: MIT */
#include "base/span.h"

#include <errno.h>
#include <time.h>

#include "unit/base/dice.h"

#define MINUTE INT64_C(60000000)

static void reads_lengths_as_people_write_them(void **state)
{
	static const struct {
		const char *text;
		int r;
		int64_t us;
	} cases[] = {
		{ "30m", 0, 30 * MINUTE },
		{ "1h", 0, 60 * MINUTE },
		{ "2d", 0, 2880 * MINUTE },
		{ "90s", 0, 90000000 },
		{ "1h30m", 0, 90 * MINUTE },
		{ "2w", 0, 20160 * MINUTE },
		{ "500ms", 0, 500000 },
		{ "7us", 0, 7 },
		{ "1w2d3h4m5s6ms7us", 0, 788645006007 },
		{ "0s", 0, 0 },
		{ "1h90m", 0, 150 * MINUTE },
		{ "007s", 0, 7000000 },
		{ "999999999m", 0, 999999999 * MINUTE },
		{ "1000000000m", -ERANGE, 0 },
		{ "999999999m1us", -ERANGE, 0 },
		{ "99999w999999999m", -ERANGE, 0 },
		{ "99999999999999999999w", -ERANGE, 0 },
		{ "99999999999999999999w1s", -ERANGE, 0 },
		{ "1s99999999999999999999us", -ERANGE, 0 },
		{ "30", -ENODATA, 0 },
		{ "0", -ENODATA, 0 },
		{ "1h30", -ENODATA, 0 },
		{ "99999999999999999999", -ENODATA, 0 },
		{ "", -EINVAL, 0 },
		{ " ", -EINVAL, 0 },
		{ "m", -EINVAL, 0 },
		{ "-30m", -EINVAL, 0 },
		{ "+30m", -EINVAL, 0 },
		{ "1.5s", -EINVAL, 0 },
		{ "30 m", -EINVAL, 0 },
		{ " 30m", -EINVAL, 0 },
		{ "30m ", -EINVAL, 0 },
		{ "1h 30m", -EINVAL, 0 },
		{ "30M", -EINVAL, 0 },
		{ "30min", -EINVAL, 0 },
		{ "1y", -EINVAL, 0 },
		{ "30m1h", -EINVAL, 0 },
		{ "30m30m", -EINVAL, 0 },
		{ "1ms1s", -EINVAL, 0 },
		{ "99999999999999999999x", -EINVAL, 0 },
		{ "1000000000m1x", -EINVAL, 0 },
		{ "permanent", -EINVAL, 0 },
		{ "\xff", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		duration d = { .us = -4711 };
		int r = span_parse(str_of(cases[i].text), &d);

		if (r != cases[i].r || d.us != (r < 0 ? -4711 : cases[i].us)) {
			fail_msg("\"%s\": %d, %lld", cases[i].text, r, (long long)d.us);
		}
	}
	assert_int_equal(span_parse(STR("3\0m"), &(duration){ 0 }), -EINVAL);
	assert_int_equal(span_parse(STR("3m\0"), &(duration){ 0 }), -EINVAL);
}

static void prints_lengths_exactly(void **state)
{
	static const struct {
		int64_t us;
		const char *want;
	} cases[] = {
		{ 0, "0s" },
		{ 30 * MINUTE, "30m" },
		{ 90 * MINUTE, "1h30m" },
		{ 90000000, "1m30s" },
		{ 14 * 1440 * MINUTE, "14d" },
		{ 1500000, "1s500ms" },
		{ 1, "1us" },
		{ 788645006007, "9d3h4m5s6ms7us" },
		{ -30 * MINUTE, "-30m" },
		{ INT64_MAX, "permanent" },
		{ INT64_MAX - 1, "106751991d4h54s775ms806us" },
		{ INT64_MIN, "-106751991d4h54s775ms808us" },
		{ -INT64_C(9223372022399999999), "-106751990d23h59m59s999ms999us" },
	};

	char out[SPAN_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_string_equal(span_format((duration){ cases[i].us }, out), cases[i].want);
	}
}

static void what_is_printed_reads_back(void **state)
{
	struct dice d = dice_new(60);
	char out[SPAN_TEXT_MAX];

	(void)state;
	for (uint32_t i = 0; i < 200000; i++) {
		int64_t us = (int64_t)(dice_roll(&d) >> (8 + dice_below(&d, 50)));
		duration back;

		if (us > 999999999 * MINUTE) {
			continue;
		}
		assert_int_equal(span_parse(str_of(span_format((duration){ us }, out)), &back), 0);
		assert_true(back.us == us);
	}
}

static void prints_two_units_for_people(void **state)
{
	static const struct {
		const char *length, *want;
	} cases[] = {
		{ "29m12s", "29m 12s" },
		{ "3d4h59m", "3d 4h" },
		{ "3d59m", "3d" },
		{ "1h", "1h" },
		{ "90s", "1m 30s" },
		{ "59s999ms", "59s" },
		{ "999ms", "now" },
		{ "0s", "now" },
		{ "1s1ms", "1s" },
		{ "23h59m59s", "23h 59m" },
		{ "2w1d", "15d" },
		{ "1d1s", "1d" },
		{ "999999999m", "694444d 10h" },
	};

	char out[SPAN_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		duration d;

		assert_int_equal(span_parse(str_of(cases[i].length), &d), 0);
		assert_string_equal(span_format_short(d, out), cases[i].want);
	}
	assert_string_equal(span_format_short((duration){ -MINUTE }, out), "now");
	assert_string_equal(span_format_short((duration){ INT64_MIN }, out), "now");
	assert_string_equal(span_format_short(DURATION_FOREVER, out), "permanent");
}

static void reads_points_in_time(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "2026-11-22T03:04:05Z", "2026-11-22T03:04:05Z" },
		{ "2026-11-22t03:04:05z", "2026-11-22T03:04:05Z" },
		{ "2026-11-22 03:04:05+00:00", "2026-11-22T03:04:05Z" },
		{ "2026-11-22T03:04:05+01:00", "2026-11-22T02:04:05Z" },
		{ "2026-01-01T00:30:00+05:45", "2025-12-31T18:45:00Z" },
		{ "2026-11-22T23:04:05-02:30", "2026-11-23T01:34:05Z" },
		{ "2026-11-22T03:04:05-00:00", "2026-11-22T03:04:05Z" },
		{ "2026-11-22T03:04:05.25Z", "2026-11-22T03:04:05.250Z" },
		{ "2026-11-22T03:04:05.001999Z", "2026-11-22T03:04:05.001Z" },
		{ "2026-11-22T03:04:05.000999Z", "2026-11-22T03:04:05Z" },
		{ "2026-11-22T03:04:05.123456789012345678901Z", "2026-11-22T03:04:05.123Z" },
		{ "2026-11-22 03:04", "2026-11-22T03:04:00Z" },
		{ "2026-11-22T03:04:05", "2026-11-22T03:04:05Z" },
		{ "2026-11-22", "2026-11-22T00:00:00Z" },
		{ "2024-02-29", "2024-02-29T00:00:00Z" },
		{ "2000-02-29", "2000-02-29T00:00:00Z" },
		{ "2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z" },
		{ "1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z" },
		{ "0000-01-01", "0000-01-01T00:00:00Z" },
		{ "0000-01-01T00:00:00+01:00", "-0001-12-31T23:00:00Z" },
		{ "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z" },
	};

	char out[INSTANT_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		instant t;

		assert_int_equal(instant_parse(str_of(cases[i].text), &t), 0);
		assert_string_equal(instant_format(t, out), cases[i].want);
	}
}

static void refuses_what_is_no_point_in_time(void **state)
{
	static const char *const cases[] = {
		"",
		"2026",
		"2026-11",
		"2026-1-1",
		"26-11-22",
		"2026-11-22T",
		"2026-11-22 ",
		"2026-11-22T03",
		"2026-11-22T03:",
		"2026-11-22T3:04",
		"2026-11-22T03:04:",
		"2026-11-22T03:04:5",
		"2026-11-22T03:04:05.",
		"2026-11-22T03:04:05.Z",
		"2026-11-22T03:04:05+0100",
		"2026-11-22T03:04:05+01",
		"2026-11-22T03:04:05+24:00",
		"2026-11-22T03:04:05+01:60",
		"2026-11-22T03:04:05ZZ",
		"2026-11-22T03:04:05 Z",
		"2026-11-22Z",
		"2026-00-22",
		"2026-13-22",
		"2026-11-00",
		"2026-11-31",
		"2026-02-29",
		"2100-02-29",
		"2026-04-31",
		"2026-11-22T24:00:00Z",
		"2026-11-22T03:60:00Z",
		"2026-11-22T03:04:61Z",
		"2026/11/22",
		"2026-11-22_03:04",
		" 2026-11-22",
		"-026-11-22",
		"+026-11-22",
		"now",
		"2026-11-22T03:04:05.-1Z",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		instant t = { .us = 4711 };

		if (instant_parse(str_of(cases[i]), &t) != -EINVAL || t.us != 4711) {
			fail_msg("\"%s\" is no point in time", cases[i]);
		}
	}
	assert_int_equal(instant_parse(STR("2026-11-22\0"), &(instant){ 0 }), -EINVAL);
}

static void the_ends_of_time_fit_their_text(void **state)
{
	char out[INSTANT_TEXT_MAX];

	(void)state;
	assert_string_equal(instant_format(INSTANT_NEVER, out), "");
	assert_string_equal(instant_format((instant){ INT64_MAX - 1 }, out),
			    "294247-01-10T04:00:54.775Z");
	assert_string_equal(instant_format((instant){ INT64_MIN }, out),
			    "-290308-12-21T19:59:05.224Z");
	assert_string_equal(instant_format((instant){ -1 }, out), "1969-12-31T23:59:59.999Z");
	assert_string_equal(instant_format((instant){ 0 }, out), "1970-01-01T00:00:00Z");
}

static void counts_days_as_the_c_library_does(void **state)
{
	struct dice d = dice_new(1582);

	(void)state;
	assert_int_equal(days_from_civil(1970, 1, 1), 0);
	assert_int_equal(days_from_civil(2000, 3, 1), 11017);
	assert_int_equal(days_from_civil(0, 3, 1), -719468);
	assert_int_equal(days_from_civil(-1, 12, 31), days_from_civil(0, 1, 1) - 1);
	for (uint32_t i = 0; i < 100000; i++) {
		time_t seconds = ((time_t)dice_below(&d, 6000000) - 3000000) * 86400;
		struct tm tm;
		char out[INSTANT_TEXT_MAX], want[64];

		assert_non_null(gmtime_r(&seconds, &tm));
		assert_true(days_from_civil((int64_t)tm.tm_year + 1900, (unsigned)tm.tm_mon + 1,
					    (unsigned)tm.tm_mday) == seconds / 86400);
		if (tm.tm_year + 1900 >= 0 && tm.tm_year + 1900 <= 9999) {
			instant back;

			assert_true(strftime(want, sizeof(want), "-%m-%dT%H:%M:%SZ", &tm) > 0);
			instant_format((instant){ (int64_t)seconds * 1000000 }, out);
			assert_string_equal(out + 4, want);
			assert_int_equal(instant_parse(str_of(out), &back), 0);
			assert_true(back.us == (int64_t)seconds * 1000000);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_lengths_as_people_write_them),
		cmocka_unit_test(prints_lengths_exactly),
		cmocka_unit_test(what_is_printed_reads_back),
		cmocka_unit_test(prints_two_units_for_people),
		cmocka_unit_test(reads_points_in_time),
		cmocka_unit_test(refuses_what_is_no_point_in_time),
		cmocka_unit_test(the_ends_of_time_fit_their_text),
		cmocka_unit_test(counts_days_as_the_c_library_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
