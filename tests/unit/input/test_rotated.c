/* SPDX-License-Identifier: MIT */
/* What rotations made of a log while nobody looked: by names, in order, compressed, as copies. */
#include <zlib.h>

#include "input/rotated.h"
#include "unit/input/taken.h"

/* As gzip does it. */
static void pack(struct taken *t, const char *name)
{
	char packed[128], bytes[4096];
	FILE *from = fopen(place_path(&t->place, name), "rb");
	size_t n = fread(bytes, 1, sizeof(bytes), from);
	gzFile to;

	snprintf(packed, sizeof(packed), "%s.gz", place_path(&t->place, name));
	to = gzopen(packed, "wb");
	assert_int_equal(gzwrite(to, bytes, (unsigned)n), n);
	assert_int_equal(gzclose(to), Z_OK);
	fclose(from);
	assert_int_equal(unlink(place_path(&t->place, name)), 0);
}

/* As cp does it. */
static void copy(struct taken *t, const char *from, const char *to)
{
	char bytes[4096];
	FILE *in = fopen(place_path(&t->place, from), "rb");
	size_t n = fread(bytes, 1, sizeof(bytes), in);

	fclose(in);
	place_put(&t->place, to, bytes, n);
}

static void empty(struct taken *t, const char *name)
{
	assert_int_equal(truncate(place_path(&t->place, name), 0), 0);
}

static void begin(struct taken *t)
{
	place_say(&t->place, "log", "one\ntwo\n");
	start(t, true);
	assert_given(t, "one\ntwo\n");
	stop(t);
	place_say(&t->place, "log", "three\n");
}

static void two_rotations_while_stopped_lose_nothing(void **state)
{
	struct taken *t = *state;

	begin(t);
	place_say(&t->place, "log.3", "long ago\n");
	place_rename(&t->place, "log", "log.2");
	place_say(&t->place, "log.1", "four\n");
	place_say(&t->place, "log", "five\n");
	start(t, false);
	assert_given(t, "three\nfour\nfive\n");
	stop(t);
	place_say(&t->place, "log", "six\n");
	start(t, false);
	assert_given(t, "six\n");
}

static void nor_do_five_with_dates_in_their_names(void **state)
{
	struct taken *t = *state;

	begin(t);
	place_say(&t->place, "log-20261119", "long ago\n");
	place_rename(&t->place, "log", "log-20261120");
	place_say(&t->place, "log-20261121", "four\n");
	place_say(&t->place, "log-20261122", "five\n");
	place_say(&t->place, "log-20261123", "six\n");
	pack(t, "log-20261122");
	place_say(&t->place, "log", "seven\n");
	start(t, false);
	assert_given(t, "three\nfour\nfive\nsix\nseven\n");
}

static void a_compressed_file_is_read_on_where_the_plain_one_was_left(void **state)
{
	struct taken *t = *state;

	begin(t);
	place_rename(&t->place, "log", "log.2");
	pack(t, "log.2");
	place_say(&t->place, "log.1", "four\n");
	place_say(&t->place, "log", "five\n");
	start(t, false);
	assert_given(t, "three\nfour\nfive\n");
}

static void a_crash_in_the_middle_of_the_chain_goes_on_there(void **state)
{
	struct taken *t = *state;

	begin(t);
	place_rename(&t->place, "log", "log.3");
	place_say(&t->place, "log.2", "four\nfour and a half\n");
	pack(t, "log.2");
	place_say(&t->place, "log.1", "five\n");
	place_say(&t->place, "log", "six\n");
	for (size_t works = 1; works < 14; works++) {
		start(t, false);
		for (size_t i = 0; i < works && i < 3; i++) {
			assert_true(followed_work(&t->followed) >= 0);
		}
		commit(t);
		stop(t);
	}
	start(t, false);
	work(t);
	commit(t);
	assert_string_equal(buf_text(&t->stored),
			    "one\ntwo\nthree\nfour\nfour and a half\nfive\nsix\n");
}

static void copytruncate_while_stopped_loses_nothing(void **state)
{
	struct taken *t = *state;

	begin(t);
	copy(t, "log", "log.1");
	empty(t, "log");
	place_say(&t->place, "log", "four is written beyond the old place\n");
	start(t, false);
	assert_given(t, "three\nfour is written beyond the old place\n");
}

/* The bound: no bytes, no copy. What stands at the path is read, once. */
static void of_a_log_that_has_given_nothing_the_copy_is_not_known(void **state)
{
	struct taken *t = *state;

	place_say(&t->place, "log", "");
	start(t, true);
	t->position = followed_position(&t->followed);
	t->has_position = true;
	assert_int_not_equal(t->position.inode, 0);
	stop(t);
	place_say(&t->place, "log", "one\n");
	copy(t, "log", "log.1");
	empty(t, "log");
	place_say(&t->place, "log", "two\n");
	start(t, false);
	assert_given(t, "two\n");
	assert_given(t, "");
}

static void what_was_emptied_and_then_renamed_is_read_after_its_copy(void **state)
{
	struct taken *t = *state;

	begin(t);
	place_say(&t->place, "log.3", "long ago\n");
	copy(t, "log", "log.1");
	empty(t, "log");
	place_say(&t->place, "log", "four\n");
	place_rename(&t->place, "log", "log.2");
	place_say(&t->place, "log", "five\n");
	start(t, false);
	assert_given(t, "three\nfour\nfive\n");
}

static void nor_is_it_read_twice_where_the_names_say_the_same(void **state)
{
	struct taken *t = *state;

	begin(t);
	copy(t, "log", "log.3");
	empty(t, "log");
	place_say(&t->place, "log", "four\n");
	place_rename(&t->place, "log", "log.2");
	place_say(&t->place, "log.1", "five\n");
	place_say(&t->place, "log", "six\n");
	start(t, false);
	assert_given(t, "three\nfour\nfive\nsix\n");
}

static void what_was_emptied_and_renamed_is_read_without_a_copy_and_its_rest_is_told(void **state)
{
	struct taken *t = *state;

	begin(t);
	empty(t, "log");
	place_say(&t->place, "log", "four\n");
	place_rename(&t->place, "log", "log.2");
	place_say(&t->place, "log.1", "five\n");
	place_say(&t->place, "log", "six\n");
	start(t, false);
	assert_given(t, "four\nfive\nsix\n");
	assert_int_equal(t->news, TAIL_REST_GONE);
	assert_int_equal(t->news_bytes, 8);
}

/* The clock of files stands still for some milliseconds. */
static void age(struct taken *t, const char *name)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1 } };

	assert_int_equal(utimensat(AT_FDCWD, place_path(&t->place, name), times, 0), 0);
}

static void nor_is_it_read_twice_when_all_of_it_came_between_two_looks(void **state)
{
	struct taken *t = *state;

	place_say(&t->place, "log", "one\n");
	start(t, true);
	assert_given(t, "one\n");
	place_say(&t->place, "log", "two\n");
	copy(t, "log", "log.1");
	age(t, "log.1");
	empty(t, "log");
	place_say(&t->place, "log", "three\n");
	place_rename(&t->place, "log", "log.2");
	place_say(&t->place, "log", "four\n");
	assert_given(t, "two\nthree\nfour\n");
}

static void point(struct taken *t, const char *to)
{
	assert_int_equal(symlink(to, place_path(&t->place, "link")), 0);
	place_rename(&t->place, "link", "log");
}

static void a_link_to_files_with_dates_is_followed_over_all_that_came_between(void **state)
{
	struct taken *t = *state;

	place_say(&t->place, "log-20261119", "one\n");
	point(t, "log-20261119");
	start(t, true);
	assert_given(t, "one\n");
	stop(t);
	place_say(&t->place, "log-20261119", "two\n");
	place_say(&t->place, "log-20261120", "three\n");
	place_say(&t->place, "log-20261121", "four\n");
	point(t, "log-20261121");
	start(t, false);
	assert_given(t, "two\nthree\nfour\n");
	place_say(&t->place, "log-20261121", "five\n");
	place_say(&t->place, "log-20261122", "six\n");
	place_say(&t->place, "log-20261123", "seven\n");
	point(t, "log-20261123");
	assert_given(t, "five\nsix\nseven\n");
}

static void two_copytruncates_of_which_one_is_compressed(void **state)
{
	struct taken *t = *state;

	begin(t);
	copy(t, "log", "log.2");
	pack(t, "log.2");
	place_say(&t->place, "log.1", "four\n");
	empty(t, "log");
	start(t, false);
	assert_given(t, "three\nfour\n");
	place_say(&t->place, "log", "five\n");
	assert_given(t, "five\n");
}

static void copytruncate_between_two_looks_loses_nothing(void **state)
{
	struct taken *t = *state;

	place_say(&t->place, "log", "one\n");
	start(t, true);
	assert_given(t, "one\n");
	place_say(&t->place, "log", "two\n");
	copy(t, "log", "log.1");
	empty(t, "log");
	place_say(&t->place, "log", "three, and more than what stood there before\n");
	assert_given(t, "two\nthree, and more than what stood there before\n");
	assert_int_equal(t->olds, 0);
}

/* Renamed, and read on in the one that stands there since, which has no line yet. */
static void rotate_to_an_empty_one(struct taken *t)
{
	place_say(&t->place, "log", "one\n");
	start(t, true);
	assert_given(t, "one\n");
	place_rename(&t->place, "log", "log-20260031");
	place_say(&t->place, "log", "");
	assert_given(t, "");
}

static void copytruncate_of_a_file_of_which_nothing_was_read_loses_nothing(void **state)
{
	struct taken *t = *state;

	rotate_to_an_empty_one(t);
	place_say(&t->place, "log", "two\n");
	copy(t, "log", "log-20260032");
	empty(t, "log");
	assert_given(t, "two\n");
	place_say(&t->place, "log", "three\n");
	copy(t, "log", "log-20260033");
	empty(t, "log");
	place_say(&t->place, "log", "four\n");
	assert_given(t, "three\nfour\n");
	place_say(&t->place, "log", "five\n");
	assert_given(t, "five\n");
}

static void a_copy_of_what_is_emptied_later_is_not_read_twice(void **state)
{
	struct taken *t = *state;

	rotate_to_an_empty_one(t);
	place_say(&t->place, "log", "two\n");
	copy(t, "log", "log-20260032");
	place_say(&t->place, "log-20260031", "late\n");
	assert_given(t, "late\ntwo\n");
	empty(t, "log");
	place_say(&t->place, "log", "three is longer than what stood there\n");
	assert_given(t, "three is longer than what stood there\n");
}

static void nor_is_it_when_it_is_found_at_the_start(void **state)
{
	struct taken *t = *state;

	place_say(&t->place, "log", "one\n");
	start(t, true);
	assert_given(t, "one\n");
	stop(t);
	place_rename(&t->place, "log", "log.2");
	place_say(&t->place, "log", "two\n");
	copy(t, "log", "log.1");
	start(t, false);
	assert_given(t, "two\n");
}

static void two_rotations_are_waiting(struct taken *t)
{
	place_say(&t->place, "log", "one\n");
	start(t, true);
	assert_given(t, "one\n");
	place_say(&t->place, "log", "two\n");
	place_rename(&t->place, "log", "log.2");
	place_say(&t->place, "log.1", "three\n");
	place_say(&t->place, "log", "four\n");
}

static void a_rotation_while_the_chain_is_read_loses_nothing(void **state)
{
	struct taken *t = *state;

	two_rotations_are_waiting(t);
	while (!t->followed.old.chain_end) {
		assert_int_equal(followed_work(&t->followed), 1);
	}
	place_rename(&t->place, "log.2", "log.3");
	place_rename(&t->place, "log.1", "log.2");
	place_rename(&t->place, "log", "log.1");
	place_say(&t->place, "log", "five\n");
	assert_given(t, "two\nthree\nfour\nfive\n");
}

static void two_rotations_between_two_looks_lose_nothing(void **state)
{
	struct taken *t = *state;

	two_rotations_are_waiting(t);
	assert_given(t, "two\nthree\nfour\n");
}

static void a_file_that_came_and_went_while_the_path_was_empty_is_read(void **state)
{
	struct taken *t = *state;

	place_say(&t->place, "log", "one\n");
	start(t, true);
	assert_given(t, "one\n");
	place_rename(&t->place, "log", "log.1");
	assert_given(t, "");
	assert_int_equal(t->followed.state, TAIL_GONE);
	stop(t);
	start(t, false);
	assert_given(t, "");
	assert_int_equal(t->followed.state, TAIL_GONE);
	place_rename(&t->place, "log.1", "log.2");
	place_say(&t->place, "log.1", "two\n");
	assert_given(t, "two\n");
	place_say(&t->place, "log", "three\n");
	assert_given(t, "three\n");
}

static void what_cannot_be_read_is_told(void **state)
{
	struct taken *t = *state;

	begin(t);
	place_rename(&t->place, "log", "log.2");
	place_say(&t->place, "log.1.xz", "what we cannot unpack");
	place_say(&t->place, "log", "five\n");
	start(t, false);
	assert_given(t, "three\nfive\n");
	assert_int_equal(t->news, TAIL_NOT_READ);
	assert_int_equal(t->news_bytes, 21);
	stop(t);
	place_rename(&t->place, "log", "gone");
	assert_int_equal(unlink(place_path(&t->place, "gone")), 0);
	place_say(&t->place, "log", "six\n");
	start(t, false);
	assert_given(t, "six\n");
	assert_int_equal(t->news, TAIL_REST_GONE);
	assert_int_equal(t->news_bytes, 5);
	empty(t, "log");
	assert_given(t, "");
	assert_int_equal(t->news, TAIL_TRUNCATED);
}

static void damaged_packing_gives_what_came_before_and_is_told(void **state)
{
	struct taken *t = *state;

	begin(t);
	place_rename(&t->place, "log", "log.1");
	pack(t, "log.1");
	assert_int_equal(truncate(place_path(&t->place, "log.1.gz"), 15), 0);
	place_say(&t->place, "log", "four\n");
	start(t, false);
	work(t);
	assert_string_equal(buf_text(&t->lines), "four\n");
	assert_true(t->news == TAIL_NOT_READ || t->news == TAIL_REST_GONE);
}

static void names_of_rotated_files_are_known(void **state)
{
	static const struct {
		const char *name, *base;
		bool packed;
	} names[] = {
		{ "mail.log", NULL, false },
		{ "mail.log.1", "mail.log", false },
		{ "mail.log.2.gz", "mail.log", true },
		{ "mail.log-20261122", "mail.log", false },
		{ "mail.log-20261122-1763800000.xz", "mail.log", true },
		{ "mail-20261122.log", "mail.log", false },
		{ "mail-2.log", NULL, false },
		{ "2026.11.22-smtpLog.log", NULL, false },
		{ "20261122.log", NULL, false },
		{ "access-2026-11-22", "access", false },
		{ "mail.log.old", NULL, false },
		{ ".1", NULL, false },
		{ "", NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct buf base = { 0 };
		bool is = rotated_base(str_of(names[i].name), &base);

		assert_int_equal(is, names[i].base != NULL);
		if (is) {
			assert_string_equal(buf_text(&base), names[i].base);
		}
		assert_int_equal(rotated_is_packed(str_of(names[i].name)), names[i].packed);
		buf_done(&base);
	}
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(two_rotations_while_stopped_lose_nothing),
		IN_PLACE(nor_do_five_with_dates_in_their_names),
		IN_PLACE(a_compressed_file_is_read_on_where_the_plain_one_was_left),
		IN_PLACE(a_crash_in_the_middle_of_the_chain_goes_on_there),
		IN_PLACE(copytruncate_while_stopped_loses_nothing),
		IN_PLACE(of_a_log_that_has_given_nothing_the_copy_is_not_known),
		IN_PLACE(what_was_emptied_and_then_renamed_is_read_after_its_copy),
		IN_PLACE(nor_is_it_read_twice_where_the_names_say_the_same),
		IN_PLACE(what_was_emptied_and_renamed_is_read_without_a_copy_and_its_rest_is_told),
		IN_PLACE(nor_is_it_read_twice_when_all_of_it_came_between_two_looks),
		IN_PLACE(a_link_to_files_with_dates_is_followed_over_all_that_came_between),
		IN_PLACE(two_copytruncates_of_which_one_is_compressed),
		IN_PLACE(copytruncate_between_two_looks_loses_nothing),
		IN_PLACE(copytruncate_of_a_file_of_which_nothing_was_read_loses_nothing),
		IN_PLACE(a_copy_of_what_is_emptied_later_is_not_read_twice),
		IN_PLACE(nor_is_it_when_it_is_found_at_the_start),
		IN_PLACE(two_rotations_between_two_looks_lose_nothing),
		IN_PLACE(a_rotation_while_the_chain_is_read_loses_nothing),
		IN_PLACE(a_file_that_came_and_went_while_the_path_was_empty_is_read),
		IN_PLACE(what_cannot_be_read_is_told),
		IN_PLACE(damaged_packing_gives_what_came_before_and_is_told),
		cmocka_unit_test(names_of_rotated_files_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
