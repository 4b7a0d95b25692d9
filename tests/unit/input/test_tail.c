/* SPDX-License-Identifier: MIT */
/* The loop is real, and so is inotify. A script is a list of steps: what is done, and the lines
 * that must have been given before the next step comes. */
#include "detect/framer.h"
#include "input/tail.h"
#include "unit/input/place.h"

struct test;

struct step {
	void (*act)(struct test *t);
	const char *given; /* since the last step, each source's lines after its number; "" waits
			      for the end of the work */
};

struct test {
	struct place place;
	struct loop *loop;
	struct tail *tail;
	struct buf lines;
	const struct step *step;
	int fails;
};

static int take(void *arg, const struct tail_chunk *chunk)
{
	struct test *t = arg;

	for (size_t at = 0; at < chunk->chunk.n;) {
		buf_printf(&t->lines, "%u:", chunk->source);
		buf_add_str(&t->lines, line_around(chunk->chunk, at, &at));
		buf_add_char(&t->lines, '\n');
	}
	return t->fails;
}

static int turn(void *arg)
{
	struct test *t = arg;

	while (strcmp(buf_text(&t->lines), t->step->given) == 0 &&
	       (t->lines.n || tail_is_idle(t->tail))) {
		buf_clear(&t->lines);
		t->step++;
		if (!t->step->act) {
			loop_exit(t->loop, 0);
			return 0;
		}
		t->step->act(t);
	}
	return 0;
}

static void follow(struct test *t, uint16_t source, const char *name)
{
	assert_int_equal(tail_add(t->tail, source, place_path(&t->place, name), NULL, true), 0);
}

static int setup(void **state)
{
	struct test *t = calloc(1, sizeof(*t));

	place_make(&t->place);
	assert_int_equal(loop_new(&t->loop), 0);
	assert_int_equal(tail_new(t->loop, take, t, &t->tail), 0);
	assert_int_equal(loop_on_turn(t->loop, turn, t), 0);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct test *t = *state;

	tail_free(t->tail);
	loop_free(t->loop);
	place_remove(&t->place);
	buf_done(&t->lines);
	free(t);
	return 0;
}

/* Plays the script; what is waited for in vain ends in a signal. */
static void play(struct test *t, const struct step *script)
{
	alarm(30);
	t->step = script;
	t->step->act(t);
	assert_int_equal(loop_defer(t->loop, turn, t), 0);
	assert_int_equal(loop_run(t->loop), 0);
	alarm(0);
}

static void follow_log(struct test *t)
{
	follow(t, 1, "log");
}

static void say_one(struct test *t)
{
	place_say(&t->place, "log", "one\n");
}

static void say_half(struct test *t)
{
	place_say(&t->place, "log", "ha");
}

static void say_rest(struct test *t)
{
	place_say(&t->place, "log", "lf\n");
}

static void rotate(struct test *t)
{
	place_rename(&t->place, "log", "log.1");
}

static void say_old(struct test *t)
{
	place_say(&t->place, "log.1", "old\n");
}

static void growth_and_rotation_are_noticed(void **state)
{
	static const struct step script[] = {
		{ follow_log, "" },       { say_one, "1:one\n" }, { say_half, "" },
		{ say_rest, "1:half\n" }, { rotate, "" },         { say_old, "1:old\n" },
		{ say_one, "1:one\n" },   { say_old, "1:old\n" }, { rotate, "" },
		{ say_one, "1:one\n" },   { NULL, NULL },
	};

	play(*state, script);
}

static void cut_to_nothing(struct test *t)
{
	assert_int_equal(truncate(place_path(&t->place, "log"), 0), 0);
}

static void truncation_is_noticed(void **state)
{
	static const struct step script[] = {
		{ follow_log, "" },     { say_one, "1:one\n" }, { cut_to_nothing, "" },
		{ say_one, "1:one\n" }, { NULL, NULL },
	};
	struct tail_status status;
	struct test *t = *state;

	play(t, script);
	tail_status(t->tail, 0, &status);
	assert_int_equal(status.lost, 1);
	assert_int_equal(status.lines, 2);
	assert_int_equal(status.lag_bytes, 0);
	assert_int_equal(status.position.offset, 4);
}

static void link_both(struct test *t)
{
	assert_int_equal(link(place_path(&t->place, "log"), place_path(&t->place, "log2")), 0);
	follow(t, 1, "log");
	follow(t, 2, "log2");
}

static void say_two(struct test *t)
{
	place_say(&t->place, "log2", "two\n");
}

static void rotate_two(struct test *t)
{
	place_rename(&t->place, "log2", "log3");
}

static void two_paths_of_one_file_keep_their_notice_when_one_goes(void **state)
{
	static const struct step script[] = {
		{ say_one, "" },    { link_both, "1:one\n2:one\n" }, { say_one, "1:one\n2:one\n" },
		{ rotate_two, "" }, { say_two, "2:two\n" },          { say_one, "1:one\n2:one\n" },
		{ NULL, NULL },
	};

	play(*state, script);
}

static void follow_below(struct test *t)
{
	follow(t, 1, "sub/log");
}

static void make_sub(struct test *t)
{
	assert_int_equal(mkdir(place_path(&t->place, "sub"), 0755), 0);
	place_say(&t->place, "sub/log", "one\n");
}

static void say_sub(struct test *t)
{
	place_say(&t->place, "sub/log", "two\n");
}

static void move_sub(struct test *t)
{
	place_rename(&t->place, "sub", "away");
	make_sub(t);
}

/* The first step waits for the timer of what nothing can tell. */
static void a_directory_that_appears_later_or_is_replaced_is_noticed(void **state)
{
	static const struct step script[] = {
		{ follow_below, "" },    { make_sub, "1:one\n" }, { say_sub, "1:two\n" },
		{ move_sub, "1:one\n" }, { say_sub, "1:two\n" },  { NULL, NULL },
	};

	play(*state, script);
}

static void follow_many(struct test *t)
{
	char name[16];

	for (uint16_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "big%u", i);
		follow(t, i, name);
	}
}

/* How often another source came than before. */
static size_t changes(struct str lines)
{
	size_t n = 0;

	for (size_t at = 0; at + 1000 < lines.n; at += 1000 + 1) {
		n += lines.p[at] != lines.p[at + 1001];
	}
	return n;
}

static int enough(void *arg)
{
	struct test *t = arg;

	if (t->lines.n >= (size_t)3 * 1000 * 1001) {
		loop_exit(t->loop, 0);
	}
	return 0;
}

static void files_with_much_to_give_take_turns(void **state)
{
	struct test *t = *state;
	char line[1000], name[16];

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 2] = '\n'; /* 999 bytes with what stands before it */
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "big%d", i);
		for (int k = 0; k < 1000; k++) {
			place_put(&t->place, name, line, sizeof(line) - 1);
		}
	}
	follow_many(t);
	t->step = (const struct step[]){ { follow_many, "?" } };
	assert_int_equal(loop_on_turn(t->loop, enough, t), 0);
	alarm(30);
	assert_int_equal(loop_run(t->loop), 0);
	alarm(0);
	assert_true(changes(buf_str(&t->lines)) >= 6);
}

static void a_failing_sink_ends_the_loop_with_its_error(void **state)
{
	struct test *t = *state;

	place_say(&t->place, "log", "one\n");
	follow_log(t);
	t->fails = -EIO;
	t->step = (const struct step[]){ { follow_log, "?" } };
	alarm(30);
	assert_int_equal(loop_run(t->loop), -EIO);
	alarm(0);
}

static void freed_with_work_to_do_it_is_not_called_any_more(void **state)
{
	struct test *t = *state;

	place_say(&t->place, "log", "one\n");
	follow_log(t);
	t->tail = tail_free(t->tail);
	assert_int_equal(tail_new(t->loop, take, t, &t->tail), 0);
	place_say(&t->place, "other", "x\n");
	play(t, (const struct step[]){ { follow_many, "" }, { NULL, NULL } });
}

static void there_is_a_bound(void **state)
{
	struct test *t = *state;
	int r = 0;

	while (r == 0) {
		r = tail_add(t->tail, 0, place_path(&t->place, "log"), NULL, false);
	}
	assert_int_equal(r, -ENOSPC);
	assert_int_equal(tail_count(t->tail), 1024);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(growth_and_rotation_are_noticed),
		IN_PLACE(truncation_is_noticed),
		IN_PLACE(two_paths_of_one_file_keep_their_notice_when_one_goes),
		IN_PLACE(a_directory_that_appears_later_or_is_replaced_is_noticed),
		IN_PLACE(files_with_much_to_give_take_turns),
		IN_PLACE(a_failing_sink_ends_the_loop_with_its_error),
		IN_PLACE(freed_with_work_to_do_it_is_not_called_any_more),
		IN_PLACE(there_is_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
