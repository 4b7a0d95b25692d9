/* SPDX-License-Identifier: MIT */
#include "unit/input/taken.h"

/* ---- where reading begins ---- */

static void a_log_that_was_never_read_is_read_from_its_end(void **state)
{
	struct taken *t = *state;

	place_say(&t->place, "log", "old\nhalf");
	start(t, false);
	assert_given(t, "");
	assert_int_equal(followed_position(&t->followed).offset, 8);
	place_say(&t->place, "log", " a line\nnew\n");
	assert_given(t, "new\n");
}

static void or_from_its_start_when_that_is_asked_for(void **state)
{
	struct taken *t = *state;

	place_say(&t->place, "log", "old\n");
	start(t, true);
	assert_given(t, "old\n");
}

static void a_log_that_appears_later_is_read_from_its_start(void **state)
{
	struct taken *t = *state;

	start(t, false);
	assert_given(t, "");
	assert_int_equal(t->followed.state, TAIL_MISSING);
	assert_true(followed_is_waiting(&t->followed));
	place_say(&t->place, "log", "first\n");
	assert_given(t, "first\n");
	assert_int_equal(t->followed.state, TAIL_READING);
	assert_false(followed_is_waiting(&t->followed));
}

static void the_position_of_a_missing_log_is_its_start(void **state)
{
	struct taken *t = *state;

	start(t, false);
	t->position = followed_position(&t->followed);
	t->has_position = true;
	followed_done(&t->followed);
	place_say(&t->place, "log", "first\n");
	start(t, false);
	assert_given(t, "first\n");
}

/* Who is root may read everything. */
static void as_nobody(bool yes)
{
	if (getuid() == 0) {
		assert_int_equal(seteuid(yes ? 65534 : 0), 0);
	}
}

static void an_unreadable_log_is_read_from_where_it_was_when_we_came(void **state)
{
	struct taken *t = *state;

	assert_int_equal(chmod(t->place.dir, 0755), 0);
	place_say(&t->place, "log", "before\n");
	assert_int_equal(chmod(place_path(&t->place, "log"), 0), 0);
	as_nobody(true);
	start(t, false);
	work(t);
	as_nobody(false);
	assert_int_equal(t->followed.state, TAIL_UNREADABLE);
	assert_int_equal(t->followed.error, EACCES);
	assert_true(followed_is_waiting(&t->followed));
	assert_int_equal(followed_position(&t->followed).offset, 7);
	place_say(&t->place, "log", "meanwhile\n");
	assert_int_equal(chmod(place_path(&t->place, "log"), 0644), 0);
	assert_given(t, "meanwhile\n");
	assert_int_equal(t->followed.state, TAIL_READING);
}

static void an_unreadable_log_goes_on_at_its_position(void **state)
{
	struct taken *t = *state;

	assert_int_equal(chmod(t->place.dir, 0755), 0);
	place_say(&t->place, "log", "one\n");
	start(t, true);
	assert_given(t, "one\n");
	stop(t);
	place_say(&t->place, "log", "two\n");
	assert_int_equal(chmod(place_path(&t->place, "log"), 0), 0);
	as_nobody(true);
	start(t, false);
	work(t);
	as_nobody(false);
	assert_int_equal(chmod(place_path(&t->place, "log"), 0644), 0);
	assert_given(t, "two\n");
}

static void an_unreadable_log_that_is_rotated_is_read_on_when_it_can_be(void **state)
{
	struct taken *t = *state;

	assert_int_equal(chmod(t->place.dir, 0755), 0);
	place_say(&t->place, "log", "before\n");
	assert_int_equal(chmod(place_path(&t->place, "log"), 0), 0);
	as_nobody(true);
	start(t, false);
	work(t);
	as_nobody(false);
	place_say(&t->place, "log", "old\n");
	assert_int_equal(chmod(place_path(&t->place, "log"), 0644), 0);
	place_rename(&t->place, "log", "log.1");
	place_say(&t->place, "log", "new\n");
	assert_given(t, "old\nnew\n");
}

/* ---- rotation ---- */

static void after_a_rotation_the_old_file_is_read_to_its_end_first(void **state)
{
	struct taken *t = *state;
	int writer;

	place_say(&t->place, "log", "one\n");
	start(t, true);
	assert_given(t, "one\n");
	writer = open(place_path(&t->place, "log"), O_WRONLY | O_APPEND | O_CLOEXEC);
	place_rename(&t->place, "log", "log.1");
	fd_put(writer, "two\nthr", 7);
	assert_given(t, "two\n");
	place_say(&t->place, "log", "four\n");
	fd_put(writer, "ee\n", 3);
	assert_given(t, "three\nfour\n");
	fd_put(writer, "late\n", 5);
	place_say(&t->place, "log", "five\n");
	assert_given(t, "late\nfive\n");
	assert_int_equal(t->olds, 1);
	assert_int_equal(t->followed.lines, 6);
	assert_int_equal(close(writer), 0);
}

static void the_old_file_is_let_go_a_minute_after_it_last_grew(void **state)
{
	struct taken *t = *state;

	place_say(&t->place, "log", "one\nand no end");
	start(t, true);
	assert_given(t, "one\n");
	place_rename(&t->place, "log", "log.1");
	place_say(&t->place, "log", "new\n");
	assert_given(t, "new\n");
	assert_true(followed_is_waiting(&t->followed));
	now.us += 61 * 1000000;
	assert_given(t, "and no end\n");
	assert_false(followed_is_waiting(&t->followed));
	assert_int_equal(t->followed.old.stream.fd, -1);
}

static void a_file_that_came_and_went_is_read_on_while_there_is_no_other(void **state)
{
	struct taken *t = *state;

	place_say(&t->place, "log", "one\n");
	start(t, true);
	assert_given(t, "one\n");
	place_rename(&t->place, "log", "log.2");
	place_say(&t->place, "log.1", "two\n");
	assert_given(t, "two\n");
	assert_int_equal(t->followed.state, TAIL_GONE);
	now.us += 61 * 1000000;
	assert_given(t, "");
	place_say(&t->place, "log.1", "three\n");
	assert_given(t, "three\n");
	now.us += 61 * 1000000;
	place_say(&t->place, "log", "four\n");
	assert_given(t, "four\n");
	place_say(&t->place, "log.1", "late\n");
	place_say(&t->place, "log", "five\n");
	assert_given(t, "late\nfive\n");
	stop(t);
	start(t, false);
	assert_given(t, "");
}

static void a_copy_over_the_old_file_is_no_news(void **state)
{
	struct taken *t = *state;

	place_say(&t->place, "log", "one\n");
	start(t, true);
	place_rename(&t->place, "log", "log.1");
	place_say(&t->place, "log", "two\n");
	assert_given(t, "one\ntwo\n");
	assert_int_equal(truncate(place_path(&t->place, "log.1"), 0), 0);
	place_say(&t->place, "log.1", "two\n");
	assert_given(t, "");
	place_say(&t->place, "log", "three\n");
	assert_given(t, "three\n");
}

static void a_second_rotation_ends_the_first(void **state)
{
	struct taken *t = *state;

	place_say(&t->place, "log", "one\nx");
	start(t, true);
	assert_given(t, "one\n");
	place_rename(&t->place, "log", "log.2");
	place_say(&t->place, "log", "two\ny");
	assert_given(t, "two\n");
	place_rename(&t->place, "log", "log.1");
	place_say(&t->place, "log", "three\n");
	assert_given(t, "x\nthree\n");
}

static void a_long_old_file_holds_the_new_one_back(void **state)
{
	struct taken *t = *state;
	char line[100];

	place_say(&t->place, "log", "one\n");
	start(t, true);
	assert_given(t, "one\n");
	memset(line, 'x', sizeof(line));
	line[99] = '\n';
	for (int i = 0; i < 12000; i++) {
		place_put(&t->place, "log", line, sizeof(line));
	}
	place_rename(&t->place, "log", "log.1");
	place_say(&t->place, "log", "new\n");
	assert_int_equal(followed_work(&t->followed), 1);
	work(t);
	assert_int_equal(t->lines.n, 12000 * sizeof(line) + 4);
	assert_string_equal(t->lines.p + t->lines.n - 5, "\nnew\n");
}

static void a_file_that_is_renamed_away_and_back_goes_on(void **state)
{
	struct taken *t = *state;

	place_say(&t->place, "log", "one\n");
	start(t, true);
	assert_given(t, "one\n");
	place_rename(&t->place, "log", "away");
	assert_given(t, "");
	place_rename(&t->place, "away", "log");
	place_say(&t->place, "log", "two\n");
	assert_given(t, "two\n");
	place_rename(&t->place, "log", "away");
	place_say(&t->place, "log", "other\n");
	assert_given(t, "other\n");
	place_rename(&t->place, "away", "log");
	place_say(&t->place, "log", "three\n");
	assert_given(t, "three\n");
}

static void a_file_that_is_deleted_is_read_until_there_is_another(void **state)
{
	struct taken *t = *state;
	int writer;

	place_say(&t->place, "log", "one\n");
	start(t, true);
	assert_given(t, "one\n");
	writer = open(place_path(&t->place, "log"), O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(unlink(place_path(&t->place, "log")), 0);
	fd_put(writer, "two\n", 4);
	assert_given(t, "two\n");
	place_say(&t->place, "log", "three\n");
	assert_given(t, "three\n");
	assert_int_equal(close(writer), 0);
}

static void a_symlink_that_is_switched_is_a_rotation(void **state)
{
	struct taken *t = *state;

	place_say(&t->place, "monday", "one\n");
	place_say(&t->place, "tuesday", "two\n");
	assert_int_equal(symlink("monday", place_path(&t->place, "log")), 0);
	start(t, true);
	assert_given(t, "one\n");
	assert_int_equal(symlink("tuesday", place_path(&t->place, "link")), 0);
	place_rename(&t->place, "link", "log");
	assert_given(t, "two\n");
}

static void a_path_that_becomes_a_directory_is_unreadable(void **state)
{
	struct taken *t = *state;

	place_say(&t->place, "log", "one\n");
	start(t, true);
	assert_given(t, "one\n");
	place_rename(&t->place, "log", "log.1");
	assert_int_equal(mkdir(place_path(&t->place, "log"), 0755), 0);
	assert_given(t, "");
	assert_int_equal(t->followed.state, TAIL_UNREADABLE);
	assert_int_equal(rmdir(place_path(&t->place, "log")), 0);
	place_say(&t->place, "log", "two\n");
	assert_given(t, "two\n");
}

/* ---- restarts ---- */

static void a_rotation_while_stopped_loses_nothing(void **state)
{
	struct taken *t = *state;

	place_say(&t->place, "log", "one\ntwo\n");
	start(t, true);
	assert_given(t, "one\ntwo\n");
	stop(t);
	place_say(&t->place, "log", "three\n");
	place_rename(&t->place, "log", "log.1");
	place_say(&t->place, "log", "four\n");
	start(t, false);
	assert_given(t, "three\nfour\n");
}

static void a_rotation_while_stopped_is_known_though_the_files_begin_alike(void **state)
{
	struct taken *t = *state;

	place_say(&t->place, "log", "same\nsame\n");
	start(t, true);
	assert_given(t, "same\nsame\n");
	stop(t);
	place_say(&t->place, "log", "rest\n");
	place_rename(&t->place, "log", "log.1");
	place_say(&t->place, "log", "same\nsame\nnew\n");
	start(t, false);
	assert_given(t, "rest\nsame\nsame\nnew\n");
}

static void a_rotation_while_stopped_without_a_new_file_is_read_on(void **state)
{
	struct taken *t = *state;

	place_say(&t->place, "log", "one\n");
	start(t, true);
	assert_given(t, "one\n");
	stop(t);
	place_say(&t->place, "log", "two\n");
	place_rename(&t->place, "log", "log.1");
	start(t, false);
	assert_given(t, "two\n");
	assert_int_equal(t->followed.state, TAIL_GONE);
	place_say(&t->place, "log", "three\n");
	assert_given(t, "three\n");
}

static void lines_of_the_old_file_are_not_told_twice_after_a_crash(void **state)
{
	struct taken *t = *state;
	int writer;

	place_say(&t->place, "log", "one\n");
	start(t, true);
	assert_given(t, "one\n");
	writer = open(place_path(&t->place, "log"), O_WRONLY | O_APPEND | O_CLOEXEC);
	place_rename(&t->place, "log", "log.1");
	place_say(&t->place, "log", "");
	assert_given(t, "");
	fd_put(writer, "two\n", 4);
	assert_given(t, "two\n");
	stop(t);
	start(t, false);
	place_say(&t->place, "log", "three\n");
	assert_given(t, "three\n");
	assert_int_equal(close(writer), 0);
}

static void the_same_inode_with_other_bytes_is_another_file(void **state)
{
	struct taken *t = *state;

	place_say(&t->place, "log", "one\ntwo\n");
	start(t, true);
	assert_given(t, "one\ntwo\n");
	stop(t);
	assert_int_equal(truncate(place_path(&t->place, "log"), 0), 0);
	place_say(&t->place, "log", "another\nand more of it\n");
	start(t, false);
	assert_given(t, "another\nand more of it\n");
}

static void what_the_sink_fails_with_ends_the_work(void **state)
{
	struct taken *t = *state;

	place_say(&t->place, "log", "one\n");
	start(t, true);
	t->fails = -EIO;
	assert_int_equal(followed_work(&t->followed), -EIO);
	assert_int_equal(t->followed.state, TAIL_READING);
}

static void what_was_cut_and_lost_is_counted_over_rotations(void **state)
{
	struct taken *t = *state;
	char *text = calloc(1, LINE_MAX_BYTES + 10);

	memset(text, 'x', LINE_MAX_BYTES + 9);
	text[LINE_MAX_BYTES + 8] = '\n';
	place_say(&t->place, "log", text);
	start(t, true);
	work(t);
	assert_int_equal(truncate(place_path(&t->place, "log"), 0), 0);
	work(t);
	for (int i = 0; i < 2; i++) {
		place_rename(&t->place, "log", "log.1");
		place_say(&t->place, "log", "");
		work(t);
	}
	assert_int_equal(t->followed.cut, 1);
	assert_int_equal(t->followed.lost, 1);
	free(text);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(a_log_that_was_never_read_is_read_from_its_end),
		IN_PLACE(or_from_its_start_when_that_is_asked_for),
		IN_PLACE(a_log_that_appears_later_is_read_from_its_start),
		IN_PLACE(the_position_of_a_missing_log_is_its_start),
		IN_PLACE(an_unreadable_log_is_read_from_where_it_was_when_we_came),
		IN_PLACE(an_unreadable_log_goes_on_at_its_position),
		IN_PLACE(an_unreadable_log_that_is_rotated_is_read_on_when_it_can_be),
		IN_PLACE(after_a_rotation_the_old_file_is_read_to_its_end_first),
		IN_PLACE(the_old_file_is_let_go_a_minute_after_it_last_grew),
		IN_PLACE(a_file_that_came_and_went_is_read_on_while_there_is_no_other),
		IN_PLACE(a_copy_over_the_old_file_is_no_news),
		IN_PLACE(a_second_rotation_ends_the_first),
		IN_PLACE(a_long_old_file_holds_the_new_one_back),
		IN_PLACE(a_file_that_is_renamed_away_and_back_goes_on),
		IN_PLACE(a_file_that_is_deleted_is_read_until_there_is_another),
		IN_PLACE(a_symlink_that_is_switched_is_a_rotation),
		IN_PLACE(a_path_that_becomes_a_directory_is_unreadable),
		IN_PLACE(a_rotation_while_stopped_loses_nothing),
		IN_PLACE(a_rotation_while_stopped_is_known_though_the_files_begin_alike),
		IN_PLACE(a_rotation_while_stopped_without_a_new_file_is_read_on),
		IN_PLACE(lines_of_the_old_file_are_not_told_twice_after_a_crash),
		IN_PLACE(the_same_inode_with_other_bytes_is_another_file),
		IN_PLACE(what_the_sink_fails_with_ends_the_work),
		IN_PLACE(what_was_cut_and_lost_is_counted_over_rotations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
