/* SPDX-License-Identifier: MIT */
/* A writer, a rotator and a crash at any moment: each line is stored once, in its order. */
#include <inttypes.h>

#include "unit/input/taken.h"

struct play {
	struct taken *t;
	uint64_t dice;
	struct buf expected;
	size_t written, rotations;
	int writer;
	bool is_new; /* the writer has the file that stands at the path */
	bool gone;   /* the file of the stored position was deleted */
};

static void play_open(struct play *play)
{
	if (play->writer >= 0) {
		assert_int_equal(close(play->writer), 0);
	}
	play->writer = open(place_path(&play->t->place, "log"),
			    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	assert_true(play->writer >= 0);
	play->is_new = true;
}

static void play_write(struct play *play)
{
	char line[128];
	size_t fill = below(&play->dice, 60), at = 0, n;

	n = (size_t)snprintf(line, sizeof(line), "%.*s %zu\n", (int)fill,
			     "the same words at the beginning of all of these lines, again",
			     play->written++);
	buf_add(&play->expected, line, n);
	while (at < n) {
		size_t part = 1 + below(&play->dice, n - at);

		fd_put(play->writer, line + at, part);
		at += part;
		if (below(&play->dice, 4) == 0) {
			(void)!followed_work(&play->t->followed);
		}
	}
}

static bool is_all_stored(struct play *play)
{
	work(play->t);
	commit(play->t);
	return play->t->stored.n == play->expected.n;
}

/* Does the stored position lie in the file at the path? What comes after a file that is not at the
 * path any more has no order. */
static bool is_up_to_date(struct play *play)
{
	struct stat st;

	return play->is_new && stat(place_path(&play->t->place, "log"), &st) == 0 &&
	       play->t->position.inode == st.st_ino && play->t->has_position;
}

static void play_rotate(struct play *play)
{
	char name[32];

	play->gone = play->gone && !is_up_to_date(play);
	if (!play->is_new || !play->t->has_position || !play->t->position.offset || play->gone) {
		return;
	}
	snprintf(name, sizeof(name), "log-%08zu", ++play->rotations);
	place_rename(&play->t->place, "log", name);
	play->is_new = false;
}

static void play_turn(struct play *play)
{
	switch (below(&play->dice, 12)) {
	case 0: play_rotate(play); return;
	case 1: play_open(play); return;
	case 2:
		if (is_all_stored(play) && is_up_to_date(play)) {
			assert_int_equal(ftruncate(play->writer, 0), 0);
			work(play->t); /* truncated and rotated between two looks it is not known
					  again */
			commit(play->t);
		}
		return;
	case 3:
		if (is_all_stored(play) && is_up_to_date(play)) {
			assert_int_equal(unlink(place_path(&play->t->place, "log")), 0);
			play_open(play);
			play->gone = true;
		}
		return;
	case 4:
		stop(play->t);
		start(play->t, true);
		return;
	case 5: commit(play->t); return;
	case 6: (void)!followed_work(&play->t->followed); return;
	default: play_write(play);
	}
}

static void random_writes_rotations_and_crashes_give_each_line_once(void **state)
{
	for (uint64_t seed = 1; seed <= rounds(200); seed++) {
		struct play play = { .dice = seed, .writer = -1 };

		setup(state);
		play.t = *state;
		play_open(&play);
		start(play.t, true);
		for (size_t i = 0; i < 400; i++) {
			play_turn(&play);
		}
		play_open(&play); /* what came and went is read when there is a file again */
		work(play.t);
		commit(play.t);
		if (play.t->stored.n != play.expected.n ||
		    memcmp(play.t->stored.p, play.expected.p, play.expected.n) != 0) {
			fail_msg("seed %" PRIu64, seed);
		}
		buf_done(&play.expected);
		assert_int_equal(close(play.writer), 0);
		teardown(state);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_writes_rotations_and_crashes_give_each_line_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
