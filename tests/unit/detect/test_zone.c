/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/span.h"
#include "detect/zone.h"
#include "unit/check.h"

enum { HOUR = 3600, STEP = 900, STRIDE = 6 * HOUR };

static const char *const PLACES[] = {
	"Europe/Berlin",     "America/New_York",  "Asia/Kolkata", "Australia/Lord_Howe",
	"Africa/Casablanca", "America/Sao_Paulo", "Pacific/Apia",
};

static struct str read_file(const char *folder, const char *name, char *bytes, size_t max)
{
	char path[256];
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "rbe");
	if (!f) {
		return STR_NONE;
	}
	n = fread(bytes, 1, max, f);
	(void)fclose(f);
	return (struct str){ bytes, n };
}

/* The place as we read it, and as the C library does. */
static const struct zone *go_to(const char *place, struct arena *arena)
{
	static char bytes[65536];
	const struct zone *z = NULL;
	struct str tzif = read_file("/usr/share/zoneinfo", place, bytes, sizeof(bytes));

	if (tzif.n == 0) {
		skip();
	}
	assert_int_equal(zone_parse(tzif, arena, &z), 0);
	assert_int_equal(setenv("TZ", place, 1), 0);
	tzset();
	return z;
}

static int32_t libc_offset(int64_t t)
{
	time_t clock = (time_t)t;
	struct tm tm;

	assert_non_null(localtime_r(&clock, &tm));
	return (int32_t)tm.tm_gmtoff;
}

/* By the words of zone.h, with the C library's offsets: the first instant that shows this time;
 * when there is none, the one by the offset before the clock was set. All changes in question
 * happen at whole quarters of an hour. */
static int64_t libc_to_utc(int64_t local)
{
	int64_t before = local - 16 * HOUR, t = before - before % STEP + local % STEP;

	for (; t <= local + 16 * HOUR; t += STEP) {
		if (t + libc_offset(t) == local) {
			return t;
		}
		if (t + libc_offset(t) > local) {
			return local - libc_offset(t - STEP);
		}
	}
	fail_msg("no such time");
	return 0;
}

static void check_offset(const struct zone *z, const char *place, int64_t t)
{
	if (zone_offset(z, instant_at(t)) != libc_offset(t)) {
		fail_msg("%s differs at %lld", place, (long long)t);
	}
}

static void offsets_are_those_of_the_c_library(void **state)
{
	const int64_t end = days_from_civil(2101, 1, 1) * 86400;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(PLACES); i++) {
		CLEANUP(arena_freep) struct arena *arena = arena_new();
		const struct zone *z = go_to(PLACES[i], arena);

		for (int64_t t = days_from_civil(1965, 1, 1) * 86400; t < end; t += STRIDE) {
			bool changed = libc_offset(t) != libc_offset(t - STRIDE);

			check_offset(z, PLACES[i], t);
			for (int64_t u = t - STRIDE; changed && u < t; u += STEP) {
				check_offset(z, PLACES[i], u);
				check_offset(z, PLACES[i], u - 1);
			}
		}
	}
}

static void check_local(const struct zone *z, const char *place, int64_t local)
{
	int64_t want = libc_to_utc(local), got = zone_to_utc(z, local * 1000000 + 999999).us;

	if (got != want * 1000000 + 999999) {
		fail_msg("%s at local %lld: %lld, not %lld", place, (long long)local,
			 (long long)got / 1000000, (long long)want);
	}
}

static void local_times_around_each_change_are_found(void **state)
{
	const int64_t end = days_from_civil(2101, 1, 1) * 86400;
	unsigned changes = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(PLACES); i++) {
		CLEANUP(arena_freep) struct arena *arena = arena_new();
		const struct zone *z = go_to(PLACES[i], arena);

		for (int64_t t = 0; t < end; t += STRIDE) {
			int32_t offset = libc_offset(t);
			int64_t exact = t;

			if (offset == libc_offset(t - STRIDE)) {
				continue;
			}
			changes++;
			for (int64_t u = t; libc_offset(u - STEP) == offset; u -= STEP) {
				exact = u - STEP;
			}
			for (int64_t d = -2 * HOUR; d <= 2 * HOUR; d += STEP) {
				check_local(z, PLACES[i], exact + offset + d);
			}
		}
	}
	assert_true(changes > 800);
}

static void a_year_of_local_times_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(PLACES); i++) {
		CLEANUP(arena_freep) struct arena *arena = arena_new();
		const struct zone *z = go_to(PLACES[i], arena);

		for (int64_t t = days_from_civil(2011, 1, 1); t < days_from_civil(2012, 2, 1);
		     t++) {
			check_local(z, PLACES[i], t * 86400 + 12345);
		}
		for (int64_t t = days_from_civil(2099, 1, 1); t < days_from_civil(2100, 1, 1);
		     t++) {
			check_local(z, PLACES[i], t * 86400 + 12345);
		}
	}
}

static void check_place(const char *place, int64_t year, unsigned month, unsigned day, int minutes,
			int64_t want_minutes)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	const struct zone *z = go_to(place, arena);
	int64_t midnight = days_from_civil(year, month, day) * 86400;

	assert_int_equal(zone_to_utc(z, (midnight + minutes * 60) * 1000000).us / 1000000 -
				 midnight,
			 want_minutes * 60);
}

static void twice_is_the_first_and_never_is_as_if_the_clock_had_not_been_set(void **state)
{
	(void)state;
	check_place("Europe/Berlin", 2026, 10, 25, 2 * 60 + 30, 30);
	check_place("Europe/Berlin", 2026, 10, 25, 1 * 60 + 59, -1);
	check_place("Europe/Berlin", 2026, 10, 25, 3 * 60, 2 * 60);
	check_place("Europe/Berlin", 2026, 3, 29, 2 * 60 + 30, 1 * 60 + 30);
	check_place("Europe/Berlin", 2060, 3, 28, 2 * 60 + 30, 1 * 60 + 30);
	check_place("America/New_York", 2026, 11, 1, 1 * 60 + 30, 5 * 60 + 30);
	check_place("Australia/Lord_Howe", 2026, 4, 5, 1 * 60 + 45, 1 * 60 + 45 - 11 * 60);
	check_place("Australia/Lord_Howe", 2026, 10, 4, 2 * 60 + 15, 2 * 60 + 15 - 10 * 60 - 30);
	check_place("Asia/Kolkata", 2026, 1, 1, 0, -(5 * 60 + 30));
	/* Samoa had no December 30, 2011. */
	check_place("Pacific/Apia", 2011, 12, 30, 12 * 60, 22 * 60);
}

static void no_zone_is_utc(void **state)
{
	(void)state;
	assert_int_equal(zone_to_utc(NULL, 12345).us, 12345);
	assert_int_equal(zone_offset(NULL, instant_at(0)), 0);
}

static void times_beyond_all_calendars_do_no_harm(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	const struct zone *z = go_to("Europe/Berlin", arena);
	const int64_t times[] = { INT64_MIN, INT64_MIN + 1, INT64_MIN / 2 + 1, INT64_MAX / 2 - 1,
				  INT64_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		int64_t got = zone_to_utc(z, times[i]).us;

		assert_true(got <= times[i] && got >= (times[i] < -HOUR ? INT64_MIN : 0));
		assert_true(zone_offset(z, (instant){ times[i] }) < 3 * HOUR);
	}
}

/* ---- files made by hand ---- */

static void put(struct buf *b, int64_t value, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--) {
		buf_add_char(b, (char)(i < 8 ? (uint64_t)value >> (8 * i) : 0));
	}
}

/* A header with one type, and `times` changes. */
static void put_header(struct buf *b, char version, int times, int types)
{
	buf_add_str(b, STR("TZif"));
	buf_add_char(b, version);
	put(b, 0, 15);
	put(b, 0, 12);
	put(b, times, 4);
	put(b, types, 4);
	put(b, 4, 4);
}

static void put_type(struct buf *b, int32_t offset)
{
	put(b, offset, 4);
	put(b, 0, 2);
}

/* Version 2: from the second 1000 on one hour east, then the rule. */
static void put_file(struct buf *b, const char *rule)
{
	put_header(b, '2', 0, 1);
	put_type(b, 0);
	put(b, 0, 4);
	put_header(b, '2', 1, 2);
	put(b, 1000, 8);
	put(b, 1, 1);
	put_type(b, 0);
	put_type(b, HOUR);
	put(b, 0, 4);
	buf_printf(b, "\n%s\n", rule);
}

static int parse(const struct buf *b, struct arena *arena, const struct zone **ret)
{
	return zone_parse(buf_str(b), arena, ret);
}

static void all_versions_are_read(void **state)
{
	(void)state;
	for (int version = 0; version <= '5'; version = version == 0 ? '2' : version + 1) {
		CLEANUP(arena_freep) struct arena *arena = arena_new();
		CLEANUP(buf_done) struct buf b = { 0 };
		const struct zone *z = NULL;

		put_header(&b, (char)version, 1, 2);
		put(&b, 1000, 4);
		put(&b, 1, 1);
		put_type(&b, -60);
		put_type(&b, version ? 60 : HOUR);
		put(&b, 0, 4);
		if (version) {
			put_file(&b, "");
			memmove(b.p + 44 + 4 + 1 + 12 + 4, b.p + 44 + 4 + 1 + 12 + 4 + 54,
				b.n - (44 + 4 + 1 + 12 + 4 + 54));
			buf_truncate(&b, b.n - 54);
		}
		assert_int_equal(parse(&b, arena, &z), 0);
		assert_int_equal(zone_offset(z, instant_at(999)), version ? 0 : -60);
		assert_int_equal(zone_offset(z, instant_at(1000)), HOUR);
		assert_int_equal(zone_offset(z, instant_at(INT32_MAX)), HOUR);
	}
}

static void a_file_that_is_cut_anywhere_is_refused(void **state)
{
	CLEANUP(buf_done) struct buf b = { 0 };

	(void)state;
	put_file(&b, "CET-1CEST,M3.5.0,M10.5.0/3");
	for (size_t n = 0; n < b.n; n++) {
		CLEANUP(arena_freep) struct arena *arena = arena_new();
		const struct zone *z = NULL;
		char *exact = malloc(n ? n : 1);

		assert_non_null(exact);
		memcpy(exact, b.p, n);
		assert_int_equal(zone_parse((struct str){ exact, n }, arena, &z), -EINVAL);
		assert_null(z);
		free(exact);
	}
}

static void counts_that_lie_are_refused(void **state)
{
	static const size_t COUNTS[] = { 20, 24, 28, 32, 36, 40 };

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(COUNTS); i++) {
		CLEANUP(arena_freep) struct arena *arena = arena_new();
		CLEANUP(buf_done) struct buf b = { 0 };
		const struct zone *z = NULL;
		size_t header = i < ARRAY_SIZE(COUNTS) ? 0 : 44 + 10;

		put_file(&b, "UTC0");
		assert_int_equal(parse(&b, arena, &z), 0);
		z = NULL;
		memset(b.p + header + COUNTS[i % ARRAY_SIZE(COUNTS)], 0xff, 4);
		assert_int_equal(parse(&b, arena, &z), -EINVAL);
		assert_null(z);
	}
}

static void times_that_do_not_ascend_and_types_that_are_none_are_refused(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	const struct zone *z = NULL;

	(void)state;
	for (int bad = 0; bad < 4; bad++) {
		CLEANUP(buf_done) struct buf b = { 0 };

		put_header(&b, 0, 2, bad == 3 ? 0 : 1);
		put(&b, 1000, 4);
		put(&b, bad == 1 ? 1000 : 2000, 4);
		put(&b, bad == 2 ? 1 : 0, 2);
		if (bad != 3) {
			put_type(&b, 60);
		}
		put(&b, 0, 4);
		assert_int_equal(parse(&b, arena, &z), bad == 0 ? 0 : -EINVAL);
	}
}

static void changes_may_follow_each_other_closely(void **state)
{
	static const int32_t OFFSETS[] = { 0, 600, 4200, -600 };
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	CLEANUP(buf_done) struct buf b = { 0 };
	const struct zone *z = NULL;

	(void)state;
	put_header(&b, 0, 3, 4);
	put(&b, 100000, 4);
	put(&b, 110000, 4);
	put(&b, 120000, 4);
	put(&b, 0x010203, 3);
	for (size_t i = 0; i < ARRAY_SIZE(OFFSETS); i++) {
		put_type(&b, OFFSETS[i]);
	}
	put(&b, 0, 4);
	assert_int_equal(parse(&b, arena, &z), 0);
	assert_int_equal(zone_to_utc(z, INT64_C(100300) * 1000000).us, INT64_C(100300) * 1000000);
	assert_int_equal(zone_to_utc(z, INT64_C(110599) * 1000000).us, INT64_C(109999) * 1000000);
	assert_int_equal(zone_to_utc(z, INT64_C(112000) * 1000000).us, INT64_C(111400) * 1000000);
	assert_int_equal(zone_to_utc(z, INT64_C(123000) * 1000000).us, INT64_C(118800) * 1000000);
	assert_int_equal(zone_to_utc(z, INT64_C(124200) * 1000000).us, INT64_C(124800) * 1000000);
}

static void leap_seconds_are_taken_out(void **state)
{
	static char bytes[65536];
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	const struct zone *right = NULL, *posix = go_to("Europe/Berlin", arena);
	struct str tzif =
		read_file("/usr/share/zoneinfo/right", "Europe/Berlin", bytes, sizeof(bytes));

	(void)state;
	if (tzif.n == 0) {
		skip();
	}
	assert_int_equal(zone_parse(tzif, arena, &right), 0);
	/* Such files have no rule: leap seconds are known for a while only. */
	for (int64_t t = 0; t < days_from_civil(2025, 1, 1) * 86400; t += HOUR) {
		int32_t want = zone_offset(posix, instant_at(t));

		assert_int_equal(zone_offset(right, instant_at(t)), want);
		if (zone_offset(posix, instant_at(t - 1)) != want) {
			assert_int_not_equal(zone_offset(right, instant_at(t - 1)), want);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offsets_are_those_of_the_c_library),
		cmocka_unit_test(local_times_around_each_change_are_found),
		cmocka_unit_test(a_year_of_local_times_is_found),
		cmocka_unit_test(twice_is_the_first_and_never_is_as_if_the_clock_had_not_been_set),
		cmocka_unit_test(no_zone_is_utc),
		cmocka_unit_test(times_beyond_all_calendars_do_no_harm),
		cmocka_unit_test(all_versions_are_read),
		cmocka_unit_test(a_file_that_is_cut_anywhere_is_refused),
		cmocka_unit_test(counts_that_lie_are_refused),
		cmocka_unit_test(times_that_do_not_ascend_and_types_that_are_none_are_refused),
		cmocka_unit_test(changes_may_follow_each_other_closely),
		cmocka_unit_test(leap_seconds_are_taken_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
