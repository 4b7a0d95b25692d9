/* SPDX-License-Identifier: MIT */
/* Somebody rotates the log between any two looks of the reader: each line is given once.
 *
 * Each scene has steps, which are done one by one in front of the reader's looks at files: the
 * first one in front of each of them in turn, the others so many looks later. */
#include "input/rotated.h"
#include "sys/files.h"
#include "unit/input/taken.h"

enum { STEPS_MAX = 6, GAP_MAX = 5, LOOKS_MAX = 200 };

struct scene {
	const char *name;
	void (*before)(struct place *p);
	void (*steps[STEPS_MAX])(struct place *p);
	const char *lines; /* all, in their order */
};

static struct {
	const struct scene *scene;
	struct place *place;
	size_t looks, next, gap, step; /* the step is done in front of look number `next` */
} play;

static void take_step(void)
{
	void (*step)(struct place *) = play.scene->steps[play.step];

	if (step) {
		play.step++;
		step(play.place);
	}
}

static bool is_over(void)
{
	return !play.scene || play.step == STEPS_MAX || !play.scene->steps[play.step];
}

static void look(void)
{
	while (!is_over() && play.looks == play.next) {
		play.next += play.gap;
		take_step();
	}
	play.looks++;
}

/* ---- where the reader looks ---- */

int64_t __real_files_pread(int fd, void *buf, size_t n, uint64_t offset);
int64_t __wrap_files_pread(int fd, void *buf, size_t n, uint64_t offset);
int __real_rotated_list(const char *path, struct rotated *ret);
int __wrap_rotated_list(const char *path, struct rotated *ret);
bool __real_stream_is_at(const struct stream *s, const char *path);
bool __wrap_stream_is_at(const struct stream *s, const char *path);

int64_t __wrap_files_pread(int fd, void *buf, size_t n, uint64_t offset)
{
	look();
	return __real_files_pread(fd, buf, n, offset);
}

int __wrap_rotated_list(const char *path, struct rotated *ret)
{
	look();
	return __real_rotated_list(path, ret);
}

bool __wrap_stream_is_at(const struct stream *s, const char *path)
{
	look();
	return __real_stream_is_at(s, path);
}

/* ---- what is done ---- */

static void make_room(struct place *p)
{
	place_rename(p, "log.1", "log.2");
}

static void copy_some(struct place *p, size_t most)
{
	char bytes[8192];
	int fd = open(place_path(p, "log"), O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, bytes, sizeof(bytes));

	assert_in_range(n, 1, sizeof(bytes) - 1);
	assert_int_equal(close(fd), 0);
	(void)unlink(place_path(p, "log.1"));
	place_put(p, "log.1", bytes, (size_t)n < most ? (size_t)n : most);
}

static void copy_the_beginning(struct place *p)
{
	copy_some(p, 5);
}

static void copy(struct place *p)
{
	copy_some(p, SIZE_MAX);
}

static void empty(struct place *p)
{
	assert_int_equal(truncate(place_path(p, "log"), 0), 0);
}

static void rename_it(struct place *p)
{
	place_rename(p, "log", "log.1");
}

static void create(struct place *p)
{
	place_say(p, "log", "");
}

static void say_more(struct place *p)
{
	place_say(p, "log", "more\n");
}

static void say_much(struct place *p)
{
	place_say(p, "log", "much, and longer than all that was there before\n");
}

/* As logrotate: all numbers move up. */
static void shift(struct place *p)
{
	(void)rename(place_path(p, "log.2"), place_path(p, "log.3"));
	(void)rename(place_path(p, "log.1"), place_path(p, "log.2"));
	rename_it(p);
}

static void say_late(struct place *p)
{
	place_say(p, "log.1", "more\n");
}

/* ---- what is there before ---- */

static void nothing_more(struct place *p)
{
	(void)p;
}

static void lines(struct place *p)
{
	place_say(p, "log", "one\ntwo\n");
}

static void moved(struct place *p)
{
	rename_it(p);
	create(p);
}

static void moved_and_lines(struct place *p)
{
	moved(p);
	lines(p);
}

static void end_the_line(struct place *p)
{
	place_say(p, "log", "e\ntwo\n");
}

static void moved_and_half_a_line(struct place *p)
{
	moved(p);
	place_say(p, "log", "on");
}

/* A line that waits and what comes in its place are alike but for their beginnings. */
static void say_alike(struct place *p)
{
	place_say(p, "log",
		  "more\n----------------------------------------------------------------"
		  "----------------------------------------------------------------\n");
}

static void end_alike(struct place *p)
{
	place_say(p, "log", "-\n");
}

static void moved_and_half_a_line_alike(struct place *p)
{
	moved(p);
	place_say(p, "log",
		  "-----------------------------------------------------------------------"
		  "----------------------------------");
}

static const struct scene scenes[] = {
	{ "renamed",
	  lines,
	  { rename_it, create, say_more, say_much },
	  "one\ntwo\nmore\nmuch, and longer than all that was there before\n" },
	{ "copied and emptied",
	  lines,
	  { copy_the_beginning, copy, empty, say_more },
	  "one\ntwo\nmore\n" },
	{ "copied, emptied and longer",
	  lines,
	  { copy_the_beginning, copy, empty, say_much },
	  "one\ntwo\nmuch, and longer than all that was there before\n" },
	{ "renamed, copied and emptied",
	  moved_and_lines,
	  { make_room, copy_the_beginning, copy, empty, say_more },
	  "one\ntwo\nmore\n" },
	{ "renamed, copied, emptied and longer",
	  moved_and_lines,
	  { make_room, copy_the_beginning, copy, empty, say_much },
	  "one\ntwo\nmuch, and longer than all that was there before\n" },
	{ "renamed and half a line",
	  moved_and_half_a_line,
	  { end_the_line, make_room, copy, empty, say_more },
	  "one\ntwo\nmore\n" },
	{ "renamed and half a line, then longer",
	  moved_and_half_a_line,
	  { end_the_line, make_room, copy, empty, say_much },
	  "one\ntwo\nmuch, and longer than all that was there before\n" },
	{ "renamed twice",
	  lines,
	  { rename_it, create, say_more, make_room, moved, say_much },
	  "one\ntwo\nmore\nmuch, and longer than all that was there before\n" },
	{ "renamed and half a line, alike",
	  moved_and_half_a_line_alike,
	  { end_alike, make_room, copy, empty, say_alike },
	  "----------------------------------------------------------------------------------------------------------\nmore\n"
	  "--------------------------------------------------------------------------------------------------------------------------------\n" },
	{ "renamed empty, and again",
	  moved,
	  { shift, create, shift, say_late, create, say_much },
	  "more\nmuch, and longer than all that was there before\n" },
	{ "nothing there yet",
	  nothing_more,
	  { say_more, copy, empty, say_much },
	  "more\nmuch, and longer than all that was there before\n" },
};

static void assert_lines(struct taken *t, size_t first, const char *what)
{
	work(t);
	if (strcmp(buf_text(&t->lines), play.scene->lines) != 0) {
		fail_msg("%s, in front of look %zu and each %zu behind it%s: %s", play.scene->name,
			 first, play.gap, what, buf_text(&t->lines));
	}
}

/* Are there further looks at which it could begin? */
static bool is_played(const struct scene *scene, size_t first, size_t gap)
{
	struct taken *t;
	void *state;
	bool more;

	setup(&state);
	t = state;
	place_say(&t->place, "log", "first\n");
	start(t, true);
	assert_given(t, "first\n");
	scene->before(&t->place);
	memset(&play, 0, sizeof(play));
	play.place = &t->place;
	play.next = first;
	play.gap = gap;
	play.scene = scene;
	work(t);
	more = play.step > 0;
	while (!is_over()) { /* it has looked at all: each step wakes it up */
		play.next = SIZE_MAX;
		take_step();
		work(t);
	}
	assert_lines(t, first, "");
	stop(t);
	start(t, true);
	assert_lines(t, first, ", and after a crash");
	play.scene = NULL;
	teardown(&state);
	return more;
}

static void each_line_is_given_once_whenever_it_is_rotated(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scenes); i++) {
		for (size_t gap = 0; gap < GAP_MAX; gap++) {
			size_t first = 0;

			while (is_played(&scenes[i], first, gap)) {
				assert_true(++first < LOOKS_MAX);
			}
			assert_true(first > 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_is_given_once_whenever_it_is_rotated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
