/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/span.h"
#include "detect/stamp.h"
#include "unit/check.h"

static const struct stamp_context NOTHING = { .file_time = { INT64_MAX }, .date = STAMP_NO_DATE };

static struct stamp_format *parse(const char *format, struct arena *arena)
{
	struct stamp_format *f = NULL;

	if (stamp_format_parse(str_of(format), arena, &f, NULL) < 0) {
		fail_msg("%s is refused", format);
	}
	return f;
}

/* The text is wholly that time; `want` NULL: it is none. */
static void check_in(const char *format, const char *text, const struct stamp_context *ctx,
		     const char *want)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct stamp_format *f = parse(format, arena);
	char got[INSTANT_TEXT_MAX];
	instant t = { -1 };
	size_t n = 0;
	int r = stamp_read(f, str_of(text), ctx, &t, &n);

	if (!want) {
		if (r != -EINVAL || t.us != -1) {
			fail_msg("%s reads \"%s\" as %s", format, text, instant_format(t, got));
		}
		return;
	}
	if (r < 0) {
		fail_msg("%s does not read \"%s\"", format, text);
	}
	assert_string_equal(instant_format(t, got), want);
	assert_int_equal(n, strlen(text));
}

static void check(const char *format, const char *text, const char *want)
{
	check_in(format, text, &NOTHING, want);
}

static instant at(const char *text)
{
	instant t;

	assert_int_equal(instant_parse(str_of(text), &t), 0);
	return t;
}

static const struct zone *zone_named(const char *name, struct arena *arena)
{
	static char bytes[65536];
	const struct zone *z = NULL;
	char path[256];
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	f = fopen(path, "rbe");
	if (!f) {
		skip();
	}
	n = fread(bytes, 1, sizeof(bytes), f);
	(void)fclose(f);
	assert_int_equal(zone_parse((struct str){ bytes, n }, arena, &z), 0);
	return z;
}

/* ---- what is read ---- */

static void auto_reads_iso(void **state)
{
	(void)state;
	check("auto", "2024-03-05T11:02:17Z", "2024-03-05T11:02:17Z");
	check("auto", "2024-03-05 11:02:17", "2024-03-05T11:02:17Z");
	check("auto", "2024-03-05 11:02:17.25", "2024-03-05T11:02:17.250Z");
	check("auto", "2024-03-05 11:02:17,025", "2024-03-05T11:02:17.025Z");
	check("auto", "2024-03-05T11:02:17.123456789+02:00", "2024-03-05T09:02:17.123Z");
	check("auto", "2024-03-05T11:02:17-0330", "2024-03-05T14:32:17Z");
	check("auto", "2024-03-05T11:02:17+01", "2024-03-05T10:02:17Z");
	check("auto", "2024-03-05 11:02:17 +0100", "2024-03-05T10:02:17Z");
	check("auto", "2024-03-05 11:02:17 UTC", "2024-03-05T11:02:17Z");
	check("auto", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z");
	check("auto", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z");
	check("auto", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z");
}

static void auto_leaves_what_follows_alone(void **state)
{
	static const struct {
		const char *text;
		size_t n;
	} TEXTS[] = {
		{ "2024-03-05T11:02:17Z 203.0.113.9", 20 },
		{ "2024-03-05 11:02:17 203.0.113.9", 19 },
		{ "2024-03-05 11:02:17 -1234567 x", 19 },
		{ "2024-03-05 11:02:17 UTCx", 19 },
		{ "2024-03-05 11:02:17. x", 19 },
		{ "2024-03-05 11:02:17, x", 19 },
		{ "2024-03-05 11:02:17+1 x", 19 },
		{ "2024-03-05 11:02:17+01: x", 22 },
		{ "2024-03-05 11:02:17+01:3 x", 22 },
		{ "2024-03-05 11:02:175", 19 },
	};
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct stamp_format *f = parse("auto", arena);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(TEXTS); i++) {
		size_t n = 0;
		instant t;

		assert_int_equal(stamp_read(f, str_of(TEXTS[i].text), &NOTHING, &t, &n), 0);
		assert_int_equal(n, TEXTS[i].n);
	}
}

static void what_is_no_such_time_is_refused(void **state)
{
	static const char *const TEXTS[] = {
		"2023-02-29T00:00:00Z",
		"2100-02-29T00:00:00Z",
		"2024-02-30T00:00:00Z",
		"2024-04-31T00:00:00Z",
		"2024-00-01T00:00:00Z",
		"2024-13-01T00:00:00Z",
		"2024-01-00T00:00:00Z",
		"2024-01-01T24:00:00Z",
		"2024-01-01T00:60:00Z",
		"2024-01-01T00:00:61Z",
		"2024-01-01T00:00:00+24:00",
		"2024-01-01T00:00:00-01:60",
		"2024-01-01",
		"24-01-01T00:00:00Z",
		"",
		"x",
		"2024-01-01T00:00:",
		"Foo 22 03:04:05",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(TEXTS); i++) {
		check("auto", TEXTS[i], NULL);
	}
	check("auto", "2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z");
	check("auto", "2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z");
}

static void formats_read_what_they_say(void **state)
{
	(void)state;
	check("%Y-%m-%d %H:%M:%S", "2024-3-5 1:2:3", "2024-03-05T01:02:03Z");
	check("%Y%m%d%H%M%S", "20240305110217", "2024-03-05T11:02:17Z");
	check("%F %T", "2024-03-05 11:02:17.5", "2024-03-05T11:02:17.500Z");
	check("%d/%b/%Y:%H:%M:%S %z", "05/Mar/2024:11:02:17 -0500", "2024-03-05T16:02:17Z");
	check("%a %b %d %H:%M:%S.%f %Y", "Tue Mar 05 11:02:17.000750 2024", "2024-03-05T11:02:17Z");
	check("%A, %e %B %y %T %Z", "tuesday,  5 MARCH 24 11:02:17 GMT", "2024-03-05T11:02:17Z");
	check("%m/%d/%Y %I:%M:%S %p", "6/6/2024 3:24:36 PM", "2024-06-06T15:24:36Z");
	check("%m/%d/%Y %I:%M:%S %p", "6/6/2024 12:24:36 am", "2024-06-06T00:24:36Z");
	check("%m/%d/%Y %I:%M:%S %p", "6/6/2024 12:24:36 pm", "2024-06-06T12:24:36Z");
	check("%m/%d/%Y %I:%M:%S %p", "6/6/2024 13:24:36 PM", NULL);
	check("%m/%d/%Y %I:%M:%S %p", "6/6/2024 0:24:36 AM", NULL);
	check("%s", "1709636537", "2024-03-05T11:02:17Z");
	check("%s%f", "1709636537.042", "2024-03-05T11:02:17.042Z");
	check("%s.%f", "1709636537.042", "2024-03-05T11:02:17.042Z");
	check("%s", "999999999999", NULL);
	check("%Y.%j %H:%M", "2024.060 11:02", "2024-02-29T11:02:00Z");
	check("%Y.%j %H:%M", "2024.366 11:02", "2024-12-31T11:02:00Z");
	check("%Y.%j %H:%M", "2023.366 11:02", NULL);
	check("%Y.%j %H:%M", "2023.0 11:02", NULL);
	check("%y-%m-%d %H", "69-01-01 00", "1969-01-01T00:00:00Z");
	check("%y-%m-%d %H", "68-01-01 00", "2068-01-01T00:00:00Z");
	check("[%Y|%m|%d] (%Hh%M) 100%%", "[2024|03|05] (11H02) 100%", "2024-03-05T11:02:00Z");
	check("%F %T,%f", "2024-03-05 11:02:17,5", "2024-03-05T11:02:17.500Z");
}

static void formats_that_make_no_sense_are_refused(void **state)
{
	static const struct {
		const char *format;
		size_t bad;
	} FORMATS[] = {
		{ "", 0 },         { "text", 4 },      { "%", 0 },        { "%Y-%m-%d %", 9 },
		{ "%Q", 0 },       { "x%H:%M:%H", 7 }, { "%T %S", 3 },    { "%F%j", 4 },
		{ "%Y", 2 },       { "%Y-%m", 5 },     { "%d", 2 },       { "%M", 2 },
		{ "%H:%S", 5 },    { "%I:%M", 5 },     { "%H:%M %p", 8 }, { "%s %H", 5 },
		{ "%H.%f", 5 },    { "%z", 2 },        { "%s %F", 5 },    { "%a", 2 },
		{ "%F %z %Z", 6 }, { "%b %m %d", 3 },
	};
	CLEANUP(arena_freep) struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(FORMATS); i++) {
		struct stamp_format *f = NULL;
		size_t bad = 99;

		if (stamp_format_parse(str_of(FORMATS[i].format), arena, &f, &bad) != -EINVAL) {
			fail_msg("%s is taken", FORMATS[i].format);
		}
		assert_int_equal(bad, FORMATS[i].bad);
		assert_null(f);
	}
}

/* ---- what is taken from the context ---- */

static void a_year_is_the_latest_that_fits_the_files_time(void **state)
{
	struct stamp_context ctx = { .file_time = at("2026-11-22T03:00:00Z"),
				     .date = STAMP_NO_DATE };

	(void)state;
	check_in("auto", "Nov 22 03:04:05", &ctx, "2026-11-22T03:04:05Z");
	check_in("auto", "Nov 23 02:59:59", &ctx, "2026-11-23T02:59:59Z");
	check_in("auto", "Nov 23 03:00:01", &ctx, "2025-11-23T03:00:01Z");
	check_in("auto", "Dec 31 23:59:59", &ctx, "2025-12-31T23:59:59Z");
	check_in("auto", "Jan  1 00:00:00", &ctx, "2026-01-01T00:00:00Z");
	check_in("auto", "Feb 29 00:00:00", &ctx, NULL);
	ctx.file_time = at("2026-12-31T23:59:50Z");
	check_in("auto", "Jan  1 00:00:05", &ctx, "2027-01-01T00:00:05Z");
	ctx.file_time = at("2025-01-03T00:00:00Z");
	check_in("auto", "Feb 29 12:00:00", &ctx, "2024-02-29T12:00:00Z");
	check_in("%m-%d %H:%M", "01-03 00:00", &ctx, "2025-01-03T00:00:00Z");
	check_in("%j %H:%M", "366 00:00", &ctx, "2024-12-31T00:00:00Z");
	check("auto", "Nov 22 03:04:05", NULL);
}

static void a_time_without_a_date_is_of_the_file_name_or_before_the_files_time(void **state)
{
	struct stamp_context ctx = { .file_time = at("2026-11-22T00:00:10Z"),
				     .date = (int32_t)days_from_civil(2024, 2, 29) };

	(void)state;
	check_in("%H:%M:%S", "23:59:58.5", &ctx, "2024-02-29T23:59:58.500Z");
	ctx.date = STAMP_NO_DATE;
	check_in("%H:%M:%S", "23:59:58", &ctx, "2026-11-21T23:59:58Z");
	check_in("%H:%M:%S", "00:00:09", &ctx, "2026-11-22T00:00:09Z");
	check_in("%H:%M:%S", "00:05:10", &ctx, "2026-11-22T00:05:10Z");
	check_in("%H:%M:%S", "00:05:11", &ctx, "2026-11-21T00:05:11Z");
	ctx.file_time = at("2026-11-21T23:59:59Z");
	check_in("%H:%M:%S", "00:00:01", &ctx, "2026-11-22T00:00:01Z");
	check_in("%H:%M:%S %z", "01:00:01 +0100", &ctx, "2026-11-22T00:00:01Z");
	check_in("%H:%M:%S", "24:00:01", &ctx, NULL);
	check("%H:%M:%S", "00:00:01", NULL);
	ctx.date = INT32_MAX;
	check_in("%H:%M:%S", "00:00:01", &ctx, NULL);
}

static void a_stamp_without_a_zone_is_local(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct stamp_context ctx = { .file_time = at("2026-12-31T23:30:00Z"),
				     .date = STAMP_NO_DATE };

	(void)state;
	ctx.zone = zone_named("Europe/Berlin", arena);
	check_in("auto", "2026-07-01 12:00:00", &ctx, "2026-07-01T10:00:00Z");
	check_in("auto", "2026-07-01 12:00:00Z", &ctx, "2026-07-01T12:00:00Z");
	check_in("auto", "2026-10-25 02:30:00", &ctx, "2026-10-25T00:30:00Z");
	check_in("auto", "2026-03-29 02:30:00", &ctx, "2026-03-29T01:30:00Z");
	check_in("auto", "Jan  1 00:29:00", &ctx, "2026-12-31T23:29:00Z");
	check_in("%H:%M:%S", "00:29:00", &ctx, "2026-12-31T23:29:00Z");
	check_in("%H:%M:%S", "23:59:00", &ctx, "2026-12-31T22:59:00Z");
	check_in("%s", "0", &ctx, "1970-01-01T00:00:00Z");
}

static void a_date_is_found_in_a_file_name(void **state)
{
	static const struct {
		const char *format, *name;
		int year, month, day; /* 0: none */
	} NAMES[] = {
		{ "%Y.%m.%d", "2026.02.18-administrative.log", 2026, 2, 18 },
		{ "%Y.%m.%d", "log-2026.02.30-2024.02.29.log", 2024, 2, 29 },
		{ "%Y%m%d", "ex20260218.log", 2026, 2, 18 },
		{ "%Y%m%d", "1120260218.log", 0, 0, 0 },
		{ "%d-%b-%y", "mail-01-Feb-26", 2026, 2, 1 },
		{ "%Y.%j", "x2026.049", 2026, 2, 18 },
		{ "%Y.%m.%d", "administrative.log", 0, 0, 0 },
		{ "%Y.%m.%d", "", 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) {
		CLEANUP(arena_freep) struct arena *arena = arena_new();
		int32_t got = stamp_find_date(parse(NAMES[i].format, arena), str_of(NAMES[i].name));

		if (NAMES[i].year == 0) {
			assert_int_equal(got, STAMP_NO_DATE);
		} else {
			assert_int_equal(got,
					 days_from_civil(NAMES[i].year, (unsigned)NAMES[i].month,
							 (unsigned)NAMES[i].day));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(auto_reads_iso),
		cmocka_unit_test(auto_leaves_what_follows_alone),
		cmocka_unit_test(what_is_no_such_time_is_refused),
		cmocka_unit_test(formats_read_what_they_say),
		cmocka_unit_test(formats_that_make_no_sense_are_refused),
		cmocka_unit_test(a_year_is_the_latest_that_fits_the_files_time),
		cmocka_unit_test(
			a_time_without_a_date_is_of_the_file_name_or_before_the_files_time),
		cmocka_unit_test(a_stamp_without_a_zone_is_local),
		cmocka_unit_test(a_date_is_found_in_a_file_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
