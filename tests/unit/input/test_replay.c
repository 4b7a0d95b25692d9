/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include <zlib.h>

#include "detect/framer.h"
#include "input/replay.h"
#include "unit/input/place.h"

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

/* Appends one gzip member. */
static void pack(struct buf *out, const void *bytes, size_t n)
{
	z_stream z = { 0 };
	size_t bound;

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	bound = deflateBound(&z, n);
	z.next_out = (unsigned char *)buf_reserve(out, bound);
	z.avail_out = (unsigned)bound;
	z.next_in = (unsigned char *)(uintptr_t)bytes;
	z.avail_in = (unsigned)n;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->n += bound - z.avail_out;
	deflateEnd(&z);
}

/* Reads all lines, each with LF behind it; what came last from replay_next(). */
static int lines_of(struct replay *r, struct buf *out)
{
	struct str chunk;
	int n;

	while ((n = replay_next(r, &chunk)) == 1) {
		for (size_t at = 0; at < chunk.n;) {
			buf_add_str(out, line_around(chunk, at, &at));
			buf_add_char(out, '\n');
		}
	}
	return n;
}

static void assert_replays(const struct place *p, struct str file, const char *lines, int end)
{
	CLEANUP(replay_freep) struct replay *r = NULL;
	CLEANUP(buf_done) struct buf out = { 0 };
	int fd = open(place_path(p, "log"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	fd_put(fd, file.p, file.n);
	assert_int_equal(close(fd), 0);
	assert_int_equal(replay_open(place_path(p, "log"), &r), 0);
	assert_int_equal(lines_of(r, &out), end);
	assert_string_equal(buf_text(&out), lines);
	assert_int_equal(lines_of(r, &out), end);
	assert_string_equal(buf_text(&out), lines);
}

static void a_plain_file_gives_its_lines_also_the_last_without_lf(void **state)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "\n", "\n" },
		{ "x", "x\n" },
		{ "one\ntwo", "one\ntwo\n" },
		{ "one\r\ntwo\r", "one\ntwo\n" },
		{ "\x1f", "\x1f\n" },
		{ "\x1f\x8c\n", "\x1f\x8c\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_replays(*state, str_of(cases[i][0]), cases[i][1], 0);
	}
}

static void members_follow_one_another_and_what_is_behind_them_is_left_alone(void **state)
{
	CLEANUP(buf_done) struct buf file = { 0 };

	pack(&file, "one\ntw", 6);
	assert_replays(*state, buf_str(&file), "one\ntw\n", 0);
	pack(&file, "", 0);
	pack(&file, "o\nthree\n", 8);
	assert_replays(*state, buf_str(&file), "one\ntwo\nthree\n", 0);
	buf_add(&file, "\0\0\0\0\0", 5);
	assert_replays(*state, buf_str(&file), "one\ntwo\nthree\n", 0);
	buf_add(&file, "no member", 9);
	assert_replays(*state, buf_str(&file), "one\ntwo\nthree\n", 0);
}

static void an_empty_member_is_an_empty_log(void **state)
{
	CLEANUP(buf_done) struct buf file = { 0 };

	pack(&file, "", 0);
	assert_replays(*state, buf_str(&file), "", 0);
}

static void a_file_that_was_cut_gives_whole_lines_and_says_so(void **state)
{
	CLEANUP(buf_done) struct buf file = { 0 };

	pack(&file, "first\n", 6);
	for (size_t n = 3; n < file.n; n++) {
		CLEANUP(replay_freep) struct replay *r = NULL;
		CLEANUP(buf_done) struct buf out = { 0 };
		int fd = open(place_path(*state, "cut"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			      0644);

		fd_put(fd, file.p, n);
		assert_int_equal(close(fd), 0);
		assert_int_equal(replay_open(place_path(*state, "cut"), &r), 0);
		assert_int_equal(lines_of(r, &out), -EBADMSG);
		assert_true(out.n == 0 || strcmp(buf_text(&out), "first\n") == 0);
	}
}

/* The end of a line that was cut off is not known: 203.0.113.1 may be 203.0.113.199. */
static void half_a_line_before_the_damage_is_no_line(void **state)
{
	CLEANUP(buf_done) struct buf text = { 0 }, file = { 0 };
	size_t whole;

	for (int i = 0; i < 50000; i++) {
		buf_printf(&text, "%d from 203.0.113.%d\n", i * 7919, i % 256);
	}
	pack(&file, text.p, text.n);
	for (size_t n = file.n / 3; n < file.n / 3 + 20; n++) {
		CLEANUP(replay_freep) struct replay *r = NULL;
		CLEANUP(buf_done) struct buf out = { 0 };
		int fd = open(place_path(*state, "cut"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			      0644);

		fd_put(fd, file.p, n);
		assert_int_equal(close(fd), 0);
		assert_int_equal(replay_open(place_path(*state, "cut"), &r), 0);
		assert_int_equal(lines_of(r, &out), -EBADMSG);
		whole = out.n;
		assert_true(whole > text.n / 4 && whole < text.n / 2);
		assert_memory_equal(out.p, text.p, whole);
	}
}

static void a_changed_byte_is_damage_and_what_came_before_is_given(void **state)
{
	CLEANUP(buf_done) struct buf file = { 0 };

	pack(&file, "one\ntwo\n", 8);
	file.p[file.n - 6] ^= 1; /* the checksum */
	assert_replays(*state, buf_str(&file), "one\ntwo\n", -EBADMSG);
	buf_clear(&file);
	buf_add(&file, "\x1f\x8b\x08\xff\xff\xff garbage instead of a header", 34);
	assert_replays(*state, buf_str(&file), "", -EBADMSG);
	buf_clear(&file);
	pack(&file, "one\n", 4);
	buf_add(&file, "\x1f no member", 11);
	assert_replays(*state, buf_str(&file), "one\n", -EBADMSG);
}

static void what_cannot_be_opened_is_refused(void **state)
{
	struct place *p = *state;
	struct replay *r = NULL;

	assert_int_equal(replay_open(place_path(p, "gone"), &r), -ENOENT);
	assert_int_equal(replay_open(p->dir, &r), -EISDIR);
	assert_null(r);
	assert_null(replay_free(NULL));
}

static void a_look_at_the_first_line_takes_nothing(void **state)
{
	CLEANUP(replay_freep) struct replay *r = NULL;
	CLEANUP(buf_done) struct buf out = { 0 };
	struct place *p = *state;
	struct str line;
	uint64_t done, size;

	place_say(p, "log", "one\ntwo\n");
	assert_int_equal(replay_open(place_path(p, "log"), &r), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(replay_peek(r, &line), 0);
		assert_true(str_eq(line, STR("one")));
	}
	assert_int_equal(lines_of(r, &out), 0);
	assert_string_equal(buf_text(&out), "one\ntwo\n");
	assert_int_equal(replay_peek(r, &line), 0);
	assert_int_equal(line.n, 0);
	replay_progress(r, &done, &size);
	assert_int_equal(done, 8);
	assert_int_equal(size, 8);
	assert_true(replay_file_time(r).us > INT64_C(1500000000000000));
}

static void standard_input_is_read_as_it_comes(void **state)
{
	CLEANUP(buf_done) struct buf file = { 0 };
	int kept = dup(STDIN_FILENO), fds[2];
	(void)state;

	pack(&file, "packed\nlast", 11);
	for (int packed = 0; packed < 2; packed++) {
		CLEANUP(replay_freep) struct replay *r = NULL;
		CLEANUP(buf_done) struct buf out = { 0 };
		uint64_t done, size;

		assert_int_equal(pipe(fds), 0);
		fd_put(fds[1], packed ? file.p : "plain\nlast", packed ? file.n : 10);
		assert_int_equal(close(fds[1]), 0);
		assert_int_equal(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
		assert_int_equal(close(fds[0]), 0);
		assert_int_equal(replay_open("-", &r), 0);
		assert_int_equal(lines_of(r, &out), 0);
		assert_string_equal(buf_text(&out), packed ? "packed\nlast\n" : "plain\nlast\n");
		replay_progress(r, &done, &size);
		assert_int_equal(size, 0);
	}
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
	if (kept >= 0) {
		assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
		assert_int_equal(close(kept), 0);
	}
}

/* Lines of all lengths, in members of all sizes, with the ends of both anywhere. */
static void random_texts_come_out_as_they_went_in(void **state)
{
	for (uint64_t seed = 1; seed <= rounds(20); seed++) {
		CLEANUP(buf_done) struct buf text = { 0 }, file = { 0 };
		uint64_t dice = seed;
		size_t lines = below(&dice, 2000);

		for (size_t i = 0; i < lines; i++) {
			size_t n = below(&dice, 30) ? below(&dice, 100) : below(&dice, 60000);

			while (n--) {
				buf_add_char(&text, "abcdefgh"[below(&dice, 8)]);
			}
			buf_add_char(&text, '\n');
		}
		for (size_t at = 0; at < text.n;) {
			size_t n = 1 + below(&dice, below(&dice, 3) ? 1000000 : 1000);

			n = n < text.n - at ? n : text.n - at;
			pack(&file, text.p + at, n);
			at += n;
		}
		if (text.n) {
			assert_replays(*state, buf_str(&file), buf_text(&text), 0);
		}
		assert_replays(*state, buf_str(&text), buf_text(&text), 0);
	}
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(a_plain_file_gives_its_lines_also_the_last_without_lf),
		IN_PLACE(members_follow_one_another_and_what_is_behind_them_is_left_alone),
		IN_PLACE(an_empty_member_is_an_empty_log),
		IN_PLACE(a_file_that_was_cut_gives_whole_lines_and_says_so),
		IN_PLACE(half_a_line_before_the_damage_is_no_line),
		IN_PLACE(a_changed_byte_is_damage_and_what_came_before_is_given),
		IN_PLACE(what_cannot_be_opened_is_refused),
		IN_PLACE(a_look_at_the_first_line_takes_nothing),
		IN_PLACE(standard_input_is_read_as_it_comes),
		IN_PLACE(random_texts_come_out_as_they_went_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
