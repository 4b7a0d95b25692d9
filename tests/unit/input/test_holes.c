/* SPDX-License-Identifier: MIT */
/* NUL bytes in a log: holes, and room that was taken in advance. */
#include "input/stream.h"
#include "unit/input/place.h"

struct taken {
	struct buf lines;
	struct position position;
};

static int take(void *arg, const struct stream *stream, struct str chunk,
		const struct position *before)
{
	struct taken *t = arg;

	(void)stream;
	t->position = *before;
	position_advance(&t->position, chunk);
	buf_add_str(&t->lines, chunk);
	return 0;
}

static void taken_done(struct taken *t)
{
	buf_done(&t->lines);
}

static void read_all(struct stream *s, struct taken *t)
{
	int r = 1;

	while (r > 0) {
		r = stream_read(s, take, t);
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

/* A writer that does not append goes on at its old place after a truncation. */
static void nul_bytes_of_a_hole_are_no_part_of_the_line_behind_it(void **state)
{
	static const uint64_t holes[] = { 4096, 5000, 300000, UINT64_C(50) << 30 };
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_SIZE(holes); i++) {
		struct taken t = { 0 };
		struct stream s;
		int fd = open(place_path(p, "log"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		opened(&s, p, NULL, 0);
		assert_int_equal(pwrite(fd, "one\n", 4, 0), 4);
		read_all(&s, &t);
		assert_int_equal(ftruncate(fd, (off_t)(4 + holes[i])), 0);
		read_all(&s, &t);
		assert_int_equal(pwrite(fd, "two\nthree\n", 10, (off_t)(4 + holes[i])), 10);
		read_all(&s, &t);
		assert_int_equal(t.position.offset, holes[i] + 14);
		stream_close(&s);
		opened(&s, p, &t.position, 0);
		assert_int_equal(pwrite(fd, "four\n", 5, (off_t)(14 + holes[i])), 5);
		read_all(&s, &t);
		assert_string_equal(buf_text(&t.lines), "one\ntwo\nthree\nfour\n");
		assert_int_equal(s.truncations, 0);
		stream_close(&s);
		taken_done(&t);
		close(fd);
	}
}

/* Room that was taken in advance is written to later. */
static void nul_bytes_at_the_end_are_nothing_yet(void **state)
{
	struct place *p = *state;
	struct taken t = { 0 };
	struct stream s;
	int fd = open(place_path(p, "log"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	opened(&s, p, NULL, 0);
	assert_int_equal(posix_fallocate(fd, 0, 600000), 0);
	read_all(&s, &t);
	assert_int_equal(pwrite(fd, "one\n", 4, 0), 4);
	read_all(&s, &t);
	assert_int_equal(pwrite(fd, "two\n", 4, 4), 4);
	read_all(&s, &t);
	assert_string_equal(buf_text(&t.lines), "one\ntwo\n");
	stream_close(&s);
	taken_done(&t);
	close(fd);
}

/* Where a search begins the reading. */
static void a_position_behind_nul_bytes_is_the_beginning_of_a_line(void **state)
{
	struct place *p = *state;
	struct taken t = { 0 };
	struct position at = { .offset = 100000 };
	struct stream s;
	struct stat st;
	int fd = open(place_path(p, "log"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(pwrite(fd, "one\n", 4, 100000), 4);
	assert_int_equal(fstat(fd, &st), 0);
	at.device = st.st_dev;
	at.inode = st.st_ino;
	opened(&s, p, &at, 0);
	read_all(&s, &t);
	assert_string_equal(buf_text(&t.lines), "one\n");
	stream_close(&s);
	taken_done(&t);
	close(fd);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(nul_bytes_of_a_hole_are_no_part_of_the_line_behind_it),
		IN_PLACE(nul_bytes_at_the_end_are_nothing_yet),
		IN_PLACE(a_position_behind_nul_bytes_is_the_beginning_of_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
