/* SPDX-License-Identifier: MIT */
/* Lines say when they were written in ten digits of seconds. */
#include <inttypes.h>

#include "detect/framer.h"
#include "input/since.h"
#include "unit/input/place.h"

enum { FIRST = 1000000000 };

struct log {
	struct place place;
	int fd;
	uint64_t size;
	size_t asked; /* lines that were asked for their time */
};

static bool time_of(void *arg, struct str line, instant *ret)
{
	struct log *log = arg;
	uint64_t seconds;

	log->asked++;
	if (str_to_uint(str_slice(line, 0, 10), UINT64_C(9999999999), &seconds) < 0) {
		return false;
	}
	*ret = instant_at((int64_t)seconds);
	return true;
}

static int setup(void **state)
{
	struct log *log = calloc(1, sizeof(*log));

	place_make(&log->place);
	log->fd = open(place_path(&log->place, "log"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(log->fd >= 0);
	*state = log;
	return 0;
}

static int teardown(void **state)
{
	struct log *log = *state;

	close(log->fd);
	place_remove(&log->place);
	free(log);
	return 0;
}

/* Where the text stands. */
static uint64_t put(struct log *log, uint64_t at, const char *text)
{
	size_t n = strlen(text);

	assert_int_equal(pwrite(log->fd, text, n, (off_t)at), n);
	log->size = at + n > log->size ? at + n : log->size;
	return at;
}

/* n lines, one a second; where they end. */
static uint64_t put_lines(struct log *log, uint64_t at, int64_t seconds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char line[64];

		snprintf(line, sizeof(line), "%010" PRId64 " said\n", seconds + (int64_t)i);
		put(log, at, line);
		at += strlen(line);
	}
	return at;
}

static uint64_t found(struct log *log, int64_t since)
{
	uint64_t offset = UINT64_MAX;

	log->asked = 0;
	assert_int_equal(since_find(log->fd, log->size, instant_at(since), time_of, log, &offset),
			 0);
	return offset;
}

static void the_first_line_that_is_young_enough_is_found(void **state)
{
	struct log *log = *state;
	const size_t n = 100000, line = 16;

	put_lines(log, 0, FIRST, n);
	for (size_t i = 1; i < n; i += 997) {
		assert_int_equal(found(log, FIRST + (int64_t)i), i * line);
		assert_true(log->asked < 64 * 1024 / line + 100);
	}
	assert_int_equal(found(log, FIRST + (int64_t)n), log->size);
	assert_int_equal(found(log, FIRST - 1), 0);
	assert_int_equal(found(log, FIRST), 0);
}

static void small_and_empty_files_are_no_exception(void **state)
{
	struct log *log = *state;
	uint64_t offset;

	assert_int_equal(since_find(log->fd, 0, instant_at(1), time_of, log, &offset), 1);
	put_lines(log, 0, FIRST, 3);
	assert_int_equal(found(log, FIRST + 1), 16);
	assert_int_equal(found(log, FIRST + 3), log->size);
	put(log, log->size, "1000000");
	assert_int_equal(found(log, FIRST + 3), log->size);
}

static void without_stamps_there_is_no_place(void **state)
{
	struct log *log = *state;
	uint64_t offset;
	uint64_t at = 0;

	for (size_t i = 0; i < 200000; i++) {
		at = put(log, at, "no time is told here\n") + 21;
	}
	assert_int_equal(since_find(log->fd, log->size, instant_at(1), time_of, log, &offset), 1);
	assert_true(log->asked < 200000);
}

static void lines_between_without_a_stamp_are_passed_over(void **state)
{
	struct log *log = *state;
	uint64_t at = put_lines(log, 0, FIRST, 5000);

	for (size_t i = 0; i < 20000; i++) {
		at = put(log, at, "\tat some.trace(line)\n") + 21;
	}
	put_lines(log, at, FIRST + 5000, 5000);
	assert_int_equal(found(log, FIRST + 5000), at);
	assert_int_equal(found(log, FIRST + 4000), UINT64_C(16) * 4000);
	assert_int_equal(found(log, FIRST + 6000), at + UINT64_C(16) * 1000);
}

static void a_huge_file_of_holes_is_searched_in_no_time(void **state)
{
	struct log *log = *state;
	const uint64_t gib = UINT64_C(1) << 30, size = 50 * gib;

	put_lines(log, 0, FIRST, 100);
	put_lines(log, 20 * gib + 12345, FIRST + 100, 100);
	put_lines(log, 49 * gib, FIRST + 200, 100);
	put_lines(log, size - 1600, FIRST + 300, 100);
	assert_int_equal(found(log, FIRST + 350), size - 800);
	assert_int_equal(found(log, FIRST + 250), 49 * gib + 800);
	assert_int_equal(found(log, FIRST + 150), 20 * gib + 12345 + 800);
	assert_int_equal(found(log, FIRST + 50), 800);
	assert_true(log->asked < 1000);
	assert_int_equal(found(log, FIRST + 300), size - 1600);
	assert_int_equal(found(log, FIRST + 100), 20 * gib + 12345);
}

static void a_log_that_begins_behind_a_hole_is_found(void **state)
{
	struct log *log = *state;
	const uint64_t at = (UINT64_C(1) << 33) + 100;

	put_lines(log, at, FIRST, 10);
	assert_int_equal(found(log, FIRST + 5), at + 80);
	assert_true(found(log, FIRST - 5) <= at);
}

static void what_looks_young_far_behind_old_lines_is_not_found(void **state)
{
	struct log *log = *state;
	uint64_t at = put_lines(log, 0, FIRST + 50000, 20000);

	at = put_lines(log, at, FIRST, 60000);
	assert_int_equal(found(log, FIRST + 59000), at - UINT64_C(16) * 1000);
}

static void out_of_order_by_a_little_is_wrong_by_no_more(void **state)
{
	struct log *log = *state;
	uint64_t dice = 7, at = 0;

	for (int64_t i = 0; i < 50000; i++) {
		at = put_lines(log, at, FIRST + i - (int64_t)below(&dice, 20), 1);
	}
	for (int64_t i = 100; i < 50000; i += 1999) {
		uint64_t offset = found(log, FIRST + i);

		assert_true(offset <= UINT64_C(16) * (uint64_t)(i + 20));
		assert_true(offset >= UINT64_C(16) * (uint64_t)(i - 20));
	}
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(the_first_line_that_is_young_enough_is_found),
		IN_PLACE(small_and_empty_files_are_no_exception),
		IN_PLACE(without_stamps_there_is_no_place),
		IN_PLACE(lines_between_without_a_stamp_are_passed_over),
		IN_PLACE(a_huge_file_of_holes_is_searched_in_no_time),
		IN_PLACE(a_log_that_begins_behind_a_hole_is_found),
		IN_PLACE(what_looks_young_far_behind_old_lines_is_not_found),
		IN_PLACE(out_of_order_by_a_little_is_wrong_by_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
