/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "input/stream.h"
#include "unit/input/place.h"

/* What a stream gave: the lines, one after the other with LF between, and where it is. */
struct taken {
	struct buf lines, file; /* file: what the file holds; for the check of positions */
	struct position position;
	size_t n;
	int fails;
};

/* Each chunk stands in the file where its position says. */
static int take(void *arg, const struct stream *stream, struct str chunk,
		const struct position *before)
{
	struct taken *t = arg;

	(void)stream;
	if (t->fails) {
		return t->fails;
	}
	if (t->file.n) {
		assert_true(before->offset + chunk.n <= t->file.n);
		assert_memory_equal(t->file.p + before->offset, chunk.p, chunk.n);
	}
	t->position = *before;
	position_advance(&t->position, chunk);
	for (size_t at = 0; at < chunk.n; t->n++) {
		buf_add_str(&t->lines, line_around(chunk, at, &at));
		buf_add_char(&t->lines, '\n');
	}
	return 0;
}

static void taken_done(struct taken *t)
{
	buf_done(&t->lines);
	buf_done(&t->file);
}

static void read_all(struct stream *s, struct taken *t)
{
	int r;

	while ((r = stream_read(s, take, t)) > 0) {
	}
	assert_int_equal(r, 0);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	place_make(p);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	place_remove(*state);
	free(*state);
	return 0;
}

static void opened(struct stream *s, struct place *p, const struct position *from, int expected)
{
	assert_int_equal(stream_open(s, place_path(p, "log"), from), expected);
}

static void what_is_appended_is_given_once(void **state)
{
	CLEANUP(taken_done) struct taken t = { 0 };
	struct place *p = *state;
	struct stream s;

	place_say(p, "log", "one\r\ntwo\n");
	opened(&s, p, NULL, 0);
	read_all(&s, &t);
	assert_string_equal(buf_text(&t.lines), "one\ntwo\n");
	place_say(p, "log", "thr");
	read_all(&s, &t);
	assert_int_equal(t.n, 2);
	assert_int_equal(stream_lag(&s), 3);
	place_say(p, "log", "ee\n");
	read_all(&s, &t);
	assert_string_equal(buf_text(&t.lines), "one\ntwo\nthree\n");
	assert_int_equal(s.position.offset, 15);
	assert_int_equal(stream_lag(&s), 0);
	assert_int_equal(s.truncations, 0);
	stream_close(&s);
}

static void bytes_one_by_one_make_the_same_lines(void **state)
{
	static const char text[] = "a\r\n\r\n\nb\0c\n\r\rx\ny";
	CLEANUP(taken_done) struct taken t = { 0 };
	struct place *p = *state;
	struct stream s;

	place_put(p, "log", "", 0);
	opened(&s, p, NULL, 0);
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		place_put(p, "log", text + i, 1);
		read_all(&s, &t);
	}
	assert_int_equal(t.lines.n, sizeof("a\n\n\nb\0c\n\r\rx\n") - 1);
	assert_memory_equal(t.lines.p, "a\n\n\nb\0c\n\r\rx\n", t.lines.n);
	assert_int_equal(stream_seal(&s, take, &t), 0);
	assert_int_equal(t.n, 6);
	assert_int_equal(t.position.offset, sizeof(text) - 1);
	stream_close(&s);
}

static void a_line_that_is_too_long_is_cut_and_the_next_one_is_whole(void **state)
{
	CLEANUP(taken_done) struct taken t = { 0 };
	struct place *p = *state;
	size_t n = 3 * LINE_MAX_BYTES + 17;
	char *text = malloc(n);
	struct position inside;
	struct stream s;

	memset(text, 'x', n);
	place_say(p, "log", "first\n");
	place_put(p, "log", text, n);
	opened(&s, p, NULL, 0);
	read_all(&s, &t);
	assert_int_equal(t.n, 2);
	assert_int_equal(s.framer.cut, 1);
	inside = t.position;
	assert_int_equal(inside.offset, 6 + LINE_MAX_BYTES);
	place_say(p, "log", "\nlast\n");
	read_all(&s, &t);
	assert_int_equal(t.n, 3);
	assert_string_equal(t.lines.p + 6 + LINE_MAX_BYTES + 1, "last\n");
	assert_int_equal(t.position.offset, 6 + n + 6);
	stream_close(&s);
	/* Whoever goes on inside the cut line gives nothing more of it. */
	buf_clear(&t.lines);
	opened(&s, p, &inside, 0);
	read_all(&s, &t);
	assert_string_equal(buf_text(&t.lines), "last\n");
	stream_close(&s);
	free(text);
}

static void reading_goes_on_at_the_position_of_the_same_file(void **state)
{
	CLEANUP(taken_done) struct taken t = { 0 };
	struct place *p = *state;
	struct position at;
	struct stream s;

	place_say(p, "log", "one\ntwo\n");
	opened(&s, p, NULL, 0);
	read_all(&s, &t);
	at = s.position;
	stream_close(&s);
	place_say(p, "log", "three\n");
	buf_clear(&t.lines);
	opened(&s, p, &at, 0);
	read_all(&s, &t);
	assert_string_equal(buf_text(&t.lines), "three\n");
	stream_close(&s);
}

static void a_position_in_another_file_begins_at_its_start(void **state)
{
	static const char *const others[] = { "one\ntwX\n", "onX\ntwo\n", "one\n", "" };
	CLEANUP(taken_done) struct taken t = { 0 };
	struct place *p = *state;
	struct position at;
	struct stream s;

	place_say(p, "log", "one\ntwo\n");
	opened(&s, p, NULL, 0);
	read_all(&s, &t);
	at = s.position;
	stream_close(&s);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		/* the same inode, as after a reuse or a truncation */
		assert_int_equal(truncate(place_path(p, "log"), 0), 0);
		place_say(p, "log", others[i]);
		buf_clear(&t.lines);
		opened(&s, p, &at, 1);
		read_all(&s, &t);
		assert_string_equal(buf_text(&t.lines), others[i]);
		stream_close(&s);
	}
}

static void a_position_without_fingerprints_fits_the_very_same_file_only(void **state)
{
	CLEANUP(taken_done) struct taken t = { 0 };
	struct place *p = *state;
	struct stat st;
	struct position at;
	struct stream s;

	place_say(p, "log", "old\nhalf a li");
	assert_int_equal(stat(place_path(p, "log"), &st), 0);
	at = (struct position){ .device = st.st_dev,
				.inode = st.st_ino,
				.offset = (uint64_t)st.st_size };
	opened(&s, p, &at, 0);
	place_say(p, "log", "ne\nnew\n");
	read_all(&s, &t);
	assert_string_equal(buf_text(&t.lines), "new\n");
	stream_close(&s);
	at.inode++;
	buf_clear(&t.lines);
	opened(&s, p, &at, 1);
	read_all(&s, &t);
	assert_string_equal(buf_text(&t.lines), "old\nhalf a line\nnew\n");
	stream_close(&s);
}

static void a_file_that_was_first_read_at_its_end_is_known_by_what_was_there(void **state)
{
	struct place *p = *state;
	struct stat st;
	struct position at;
	struct stream s;

	place_say(p, "log", "old\n");
	assert_int_equal(stat(place_path(p, "log"), &st), 0);
	at = (struct position){ .device = st.st_dev, .inode = st.st_ino, .offset = 4 };
	opened(&s, p, &at, 0);
	at = s.position;
	stream_close(&s);
	assert_int_equal(truncate(place_path(p, "log"), 0), 0);
	place_say(p, "log", "new\nnewer\n");
	opened(&s, p, &at, 1);
	stream_close(&s);
}

static void a_truncated_file_is_read_from_its_start(void **state)
{
	static const char *const before[] = { "one\ntwo\n", "one\npart", "par" };
	static const char *const after[] = { "", "x\n", "one\n",
					     "something longer than before\nit was\n",
					     "pat\nthree\n" };
	struct place *p = *state;

	for (size_t b = 0; b < ARRAY_SIZE(before); b++) {
		for (size_t a = 0; a < ARRAY_SIZE(after); a++) {
			CLEANUP(taken_done) struct taken t = { 0 };
			struct stream s;

			assert_true(unlink(place_path(p, "log")) == 0 || errno == ENOENT);
			place_say(p, "log", before[b]);
			opened(&s, p, NULL, 0);
			read_all(&s, &t);
			assert_int_equal(truncate(place_path(p, "log"), 0), 0);
			place_say(p, "log", after[a]);
			buf_clear(&t.lines);
			read_all(&s, &t);
			assert_string_equal(buf_text(&t.lines), after[a]);
			assert_int_equal(s.truncations, 1);
			stream_close(&s);
		}
	}
}

static void a_truncation_inside_a_line_that_is_skipped_is_seen(void **state)
{
	CLEANUP(taken_done) struct taken t = { 0 };
	struct place *p = *state;
	size_t n = 2 * LINE_MAX_BYTES;
	char *text = malloc(n);
	struct stream s;

	memset(text, 'x', n);
	place_put(p, "log", text, n);
	opened(&s, p, NULL, 0);
	read_all(&s, &t);
	assert_int_equal(truncate(place_path(p, "log"), LINE_MAX_BYTES + 1), 0);
	read_all(&s, &t);
	assert_int_equal(s.truncations, 1);
	stream_close(&s);
	free(text);
}

static void what_is_no_file_is_refused(void **state)
{
	struct place *p = *state;
	struct stream s;

	assert_int_equal(stream_open(&s, place_path(p, "log"), NULL), -ENOENT);
	assert_int_equal(s.fd, -1);
	assert_int_equal(stream_open(&s, p->dir, NULL), -EINVAL);
	assert_int_equal(s.fd, -1);
	assert_int_equal(mkfifo(place_path(p, "pipe"), 0600), 0);
	assert_int_equal(stream_open(&s, place_path(p, "pipe"), NULL), -EINVAL);
	stream_close(&s);
}

static void what_the_sink_fails_with_comes_back(void **state)
{
	CLEANUP(taken_done) struct taken t = { .fails = -ECANCELED };
	struct place *p = *state;
	struct stream s;

	place_say(p, "log", "one\n");
	opened(&s, p, NULL, 0);
	assert_int_equal(stream_read(&s, take, &t), -ECANCELED);
	stream_close(&s);
}

static void a_path_is_compared_by_the_file_that_it_names(void **state)
{
	struct place *p = *state;
	struct stream s;

	place_say(p, "log", "one\n");
	opened(&s, p, NULL, 0);
	assert_int_equal(symlink("log", place_path(p, "link")), 0);
	assert_true(stream_is_at(&s, place_path(p, "link")));
	place_rename(p, "log", "log.1");
	assert_false(stream_is_at(&s, place_path(p, "log")));
	place_say(p, "log", "one\n");
	assert_false(stream_is_at(&s, place_path(p, "log")));
	assert_true(stream_is_at(&s, place_path(p, "log.1")));
	stream_close(&s);
}

/* ---- dice ---- */

/* A line's text without its end: mostly short, sometimes near the longest that is taken whole. */
static size_t random_line(uint64_t *dice, char *out, size_t number)
{
	size_t n = below(dice, 40);

	if (below(dice, 100) == 0) {
		n = LINE_MAX_BYTES - 3 + below(dice, 6);
	} else if (below(dice, 150) == 0) {
		n = LINE_MAX_BYTES * (1 + below(dice, 4)) + below(dice, 1000);
	}
	for (size_t i = 0; i < n; i++) {
		out[i] = "abc\r\0\xff xyz"[below(dice, 9)];
	}
	return (size_t)snprintf(out + n, 32, "#%zu", number) + n;
}

struct play {
	struct place *place;
	uint64_t dice;
	struct stream stream;
	struct taken taken;
	struct buf expected;
	char *line;
};

/* Appends to file and expectation; in pieces, with reads between. */
static void play_write(struct play *play, size_t number)
{
	size_t n = random_line(&play->dice, play->line, number), at = 0;
	bool cr = below(&play->dice, 3) == 0;

	buf_add(&play->expected, play->line, n < LINE_MAX_BYTES ? n : LINE_MAX_BYTES);
	buf_add_char(&play->expected, '\n');
	if (cr) {
		play->line[n++] = '\r';
	}
	play->line[n++] = '\n';
	while (at < n) {
		size_t part = 1 + below(&play->dice, below(&play->dice, 4) ? n : 3);

		part = part < n - at ? part : n - at;
		buf_add(&play->taken.file, play->line + at, part);
		place_put(play->place, "log", play->line + at, part);
		at += part;
		if (below(&play->dice, 3) == 0) {
			(void)!stream_read(&play->stream, take, &play->taken);
		}
	}
}

/* Ends, and goes on from the position that was given last. */
static void play_restart(struct play *play)
{
	struct position at = play->taken.position;

	stream_close(&play->stream);
	assert_int_equal(stream_open(&play->stream, place_path(play->place, "log"),
				     at.offset ? &at : NULL),
			 0);
}

static void random_writes_and_restarts_give_each_line_once(void **state)
{
	for (uint64_t seed = 1; seed <= rounds(30); seed++) {
		struct play play = { .place = *state,
				     .dice = seed,
				     .line = malloc(6 * LINE_MAX_BYTES) };

		place_put(play.place, "log", "", 0);
		assert_int_equal(stream_open(&play.stream, place_path(play.place, "log"), NULL), 0);
		for (size_t i = 0; i < 200; i++) {
			play_write(&play, i);
			if (below(&play.dice, 8) == 0) {
				play_restart(&play);
			}
		}
		read_all(&play.stream, &play.taken);
		if (play.taken.lines.n != play.expected.n ||
		    memcmp(play.taken.lines.p, play.expected.p, play.expected.n) != 0) {
			fail_msg("seed %" PRIu64 ": %zu lines", seed, play.taken.n);
		}
		stream_close(&play.stream);
		taken_done(&play.taken);
		buf_done(&play.expected);
		free(play.line);
		assert_int_equal(unlink(place_path(play.place, "log")), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_appended_is_given_once, setup, teardown),
		cmocka_unit_test_setup_teardown(bytes_one_by_one_make_the_same_lines, setup,
						teardown),
		cmocka_unit_test_setup_teardown(
			a_line_that_is_too_long_is_cut_and_the_next_one_is_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(reading_goes_on_at_the_position_of_the_same_file,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_position_in_another_file_begins_at_its_start,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_position_without_fingerprints_fits_the_very_same_file_only, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_file_that_was_first_read_at_its_end_is_known_by_what_was_there, setup,
			teardown),
		cmocka_unit_test_setup_teardown(a_truncated_file_is_read_from_its_start, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_truncation_inside_a_line_that_is_skipped_is_seen,
						setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(what_the_sink_fails_with_comes_back, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_path_is_compared_by_the_file_that_it_names, setup,
						teardown),
		cmocka_unit_test_setup_teardown(random_writes_and_restarts_give_each_line_once,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
