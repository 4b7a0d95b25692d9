/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "detect/framer.h"
#include "unit/base/dice.h"
#include "unit/check.h"

/* Lines are written down as "[length:bytes]", so that two lists of them compare as bytes. */
static void note_line(struct buf *out, struct str line)
{
	buf_printf(out, "[%zu:", line.n);
	buf_add_str(out, line);
	buf_add_char(out, ']');
}

static void note_chunk(struct buf *out, struct str chunk)
{
	size_t at = 0;

	while (at < chunk.n) {
		note_line(out, line_around(chunk, at, &at));
	}
}

/* What the lines of the bytes are, by the plainest reading of framer.h. */
static uint64_t note_naively(struct buf *out, struct str bytes)
{
	uint64_t cut = 0;

	for (size_t at = 0; at < bytes.n;) {
		struct str line = str_slice(bytes, at, SIZE_MAX);
		size_t lf = str_find_char(line, '\n');
		bool last = lf == STR_NOT_FOUND;

		line = last ? line : str_slice(line, 0, lf);
		at += line.n + 1;
		if (line.n > 0 && line.p[line.n - 1] == '\r') {
			line.n--;
		}
		if (line.n > LINE_MAX_BYTES) {
			line.n = LINE_MAX_BYTES;
			cut++;
		}
		if (!last || line.n > 0) {
			note_line(out, line);
		}
	}
	return cut;
}

static void note_taken(struct buf *out, struct framer *f)
{
	for (struct str chunk = framer_take(f); chunk.n > 0; chunk = framer_take(f)) {
		assert_true(chunk.n <= CHUNK_MAX_BYTES);
		note_chunk(out, chunk);
	}
}

struct reads {
	size_t first;      /* bytes of the first read; 0: like the others */
	size_t max;        /* bytes of each other one; 0: as many as there is space for */
	struct dice *dice; /* NULL: always `max`; else 1 to `max` */
};

static size_t next_read(const struct reads *reads, size_t at, size_t space)
{
	size_t n = at == 0 && reads->first > 0 ? reads->first : reads->max;

	if (n == 0 || n > space) {
		n = space;
	}
	assert_true(n > 0);
	return reads->dice && n > 0 ? 1 + dice_below(reads->dice, (uint32_t)n) : n;
}

static void check_against_naive(struct str bytes, struct reads reads)
{
	CLEANUP(buf_done) struct buf got = { 0 };
	CLEANUP(buf_done) struct buf want = { 0 };
	CLEANUP(framer_done) struct framer f;
	struct str rest;

	assert_int_equal(framer_init(&f), 0);
	for (size_t at = 0; at < bytes.n;) {
		size_t n;
		char *space = framer_space(&f, &n);

		assert_true(n > 0);
		n = next_read(&reads, at, n);
		n = n < bytes.n - at ? n : bytes.n - at;
		memcpy(space, bytes.p + at, n);
		framer_fill(&f, n);
		at += n;
		note_taken(&got, &f);
	}
	rest = framer_seal(&f);
	if (rest.n > 0) {
		note_line(&got, rest);
	}
	assert_int_equal(f.cut, note_naively(&want, bytes));
	assert_int_equal(f.consumed, bytes.n);
	assert_int_equal(framer_pending(&f), 0);
	assert_int_equal(buf_ok(&got), 0);
	assert_true(str_eq(buf_str(&got), buf_str(&want)));
}

static void check_all_reads(struct str bytes)
{
	for (size_t max = 0; max <= 9; max++) {
		check_against_naive(bytes, (struct reads){ .max = max });
	}
}

static void splits_lines_the_same_however_they_were_read(void **state)
{
	(void)state;
	check_all_reads(STR(""));
	check_all_reads(STR("\n"));
	check_all_reads(STR("\r\n"));
	check_all_reads(STR("one\ntwo\nthree\n"));
	check_all_reads(STR("one\r\ntwo\r\n\r\nthree"));
	check_all_reads(STR("a\0b\n\0\n\0"));
	check_all_reads(STR("cr\rinside\r\r\nlast\r"));
	check_all_reads(STR("\n\n\n\xff\xfe\n"));
}

/* A line of n bytes `fill` with that end, among short ones. */
static void check_long_line(size_t n, char fill, struct str end)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	char *p;

	buf_add_str(&text, STR("before\r\n"));
	p = buf_reserve(&text, n);
	assert_non_null(p);
	memset(p, fill, n);
	text.n += n;
	buf_add_str(&text, end);
	assert_int_equal(buf_ok(&text), 0);
	check_against_naive(buf_str(&text), (struct reads){ .max = 0 });
	check_against_naive(buf_str(&text), (struct reads){ .max = 4096 });
	check_against_naive(buf_str(&text), (struct reads){ .max = LINE_MAX_BYTES });
	check_against_naive(buf_str(&text), (struct reads){ .max = LINE_MAX_BYTES + 1 });
	check_against_naive(buf_str(&text), (struct reads){ .first = LINE_MAX_BYTES, .max = 1 });
}

static void cuts_a_line_only_behind_its_first_64_kib(void **state)
{
	static const struct str ends[] = { { "\n", 1 },    { "\r\n", 2 },      { "\nx\n", 3 },
					   { "\r\nx", 3 }, { "\rx\nnext", 7 }, { "\r\r\nnext", 8 },
					   { "", 0 },      { "\r", 1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		for (size_t n = LINE_MAX_BYTES - 2; n <= LINE_MAX_BYTES + 3; n++) {
			check_long_line(n, 'x', ends[i]);
		}
		check_long_line(LINE_MAX_BYTES + 1, '\r', ends[i]);
		check_long_line(LINE_MAX_BYTES, '\0', ends[i]);
	}
}

/* Bytes of which many are line ends, with a line around 64 KiB here and there. */
static void make_random(struct dice *dice, struct buf *out)
{
	static const char alphabet[] = "\n\n\r\r\n\0ab";
	size_t n = dice_below(dice, 2000);

	buf_clear(out);
	for (size_t i = 0; i < n; i++) {
		if (dice_below(dice, 500) == 0) {
			size_t length = LINE_MAX_BYTES - 3 + dice_below(dice, 7);
			char *p = buf_reserve(out, length);

			assert_non_null(p);
			memset(p, 'l', length);
			out->n += length;
		}
		buf_add_char(out, alphabet[dice_below(dice, sizeof(alphabet) - 1)]);
	}
	assert_int_equal(buf_ok(out), 0);
}

static void skips_the_rest_of_a_line_over_many_chunks(void **state)
{
	CLEANUP(buf_done) struct buf text = { 0 };

	(void)state;
	for (size_t n = 0; n < 3 * CHUNK_MAX_BYTES + 7; n++) {
		buf_add_char(&text, 'x');
	}
	buf_add_str(&text, STR("\r\nafter\n"));
	assert_int_equal(buf_ok(&text), 0);
	check_against_naive(buf_str(&text), (struct reads){ .max = 0 });
	check_against_naive(buf_str(&text), (struct reads){ .max = 5000 });
}

static void random_bytes_in_random_reads_split_as_naively(void **state)
{
	static const size_t reads[] = { 0, 30, 500, 5000, LINE_MAX_BYTES + 2, CHUNK_MAX_BYTES };
	CLEANUP(buf_done) struct buf bytes = { 0 };
	struct dice dice = dice_new(0x1f4a);

	(void)state;
	for (int i = 0; i < 300; i++) {
		make_random(&dice, &bytes);
		size_t max = reads[dice_below(&dice, ARRAY_SIZE(reads))];

		check_against_naive(buf_str(&bytes), (struct reads){ .max = max, .dice = &dice });
	}
}

static void a_taken_chunk_stays_until_space_is_asked_for(void **state)
{
	CLEANUP(framer_done) struct framer f;
	struct str first, second;
	size_t n;
	char *space;

	(void)state;
	assert_int_equal(framer_init(&f), 0);
	space = framer_space(&f, &n);
	memset(space, 'x', LINE_MAX_BYTES + 3);
	memcpy(space + LINE_MAX_BYTES + 3, "\nnext\nrest", 10);
	framer_fill(&f, LINE_MAX_BYTES + 13);
	first = framer_take(&f);
	second = framer_take(&f);
	assert_int_equal(first.n, LINE_MAX_BYTES);
	assert_int_equal(first.p[first.n - 1], 'x');
	assert_true(str_eq(second, STR("next\n")));
	assert_int_equal(framer_take(&f).n, 0);
	assert_int_equal(framer_pending(&f), 4);
	assert_int_equal(f.consumed, LINE_MAX_BYTES + 9);
}

static void reset_forgets_the_partial_line_and_keeps_the_count(void **state)
{
	CLEANUP(framer_done) struct framer f;
	size_t n;

	(void)state;
	assert_int_equal(framer_init(&f), 0);
	memset(framer_space(&f, &n), 'x', LINE_MAX_BYTES + 3);
	framer_fill(&f, LINE_MAX_BYTES + 3);
	assert_int_equal(framer_take(&f).n, LINE_MAX_BYTES);
	assert_int_equal(f.cut, 1);
	framer_reset(&f);
	assert_int_equal(framer_pending(&f), 0);
	assert_int_equal(f.consumed, 0);
	assert_int_equal(f.cut, 1);
	memcpy(framer_space(&f, &n), "new\n", 4);
	framer_fill(&f, 4);
	assert_true(str_eq(framer_take(&f), STR("new\n")));
}

static void seal_ends_the_partial_line(void **state)
{
	CLEANUP(framer_done) struct framer f;
	size_t n;

	(void)state;
	assert_int_equal(framer_init(&f), 0);
	assert_int_equal(framer_seal(&f).n, 0);
	memcpy(framer_space(&f, &n), "whole\npart\r", 11);
	framer_fill(&f, 11);
	assert_true(str_eq(framer_take(&f), STR("whole\n")));
	assert_int_equal(framer_take(&f).n, 0);
	assert_true(str_eq(framer_seal(&f), STR("part")));
	assert_int_equal(framer_seal(&f).n, 0);
	assert_int_equal(f.consumed, 11);
}

static void finds_the_line_around_every_byte(void **state)
{
	static const struct str chunk = { "one\r\n\ntwo", 9 };

	static const struct {
		struct str line;
		size_t next;
	} want[] = { { { "one", 3 }, 5 }, { { "one", 3 }, 5 }, { { "one", 3 }, 5 },
		     { { "one", 3 }, 5 }, { { "one", 3 }, 5 }, { { "", 0 }, 6 },
		     { { "two", 3 }, 9 }, { { "two", 3 }, 9 }, { { "two", 3 }, 9 } };

	(void)state;
	for (size_t at = 0; at < chunk.n; at++) {
		size_t next = 0;

		assert_true(str_eq(line_around(chunk, at, &next), want[at].line));
		assert_int_equal(next, want[at].next);
	}
	size_t next = 0;

	assert_int_equal(line_around(chunk, 9, &next).n, 0);
	assert_int_equal(next, 9);
	assert_int_equal(line_around(STR_NONE, 0, &next).n, 0);
	assert_int_equal(next, 0);
}

static void counts_lines(void **state)
{
	CLEANUP(buf_done) struct buf text = { 0 };

	(void)state;
	assert_int_equal(line_count(STR_NONE), 0);
	assert_int_equal(line_count(STR("\n")), 1);
	assert_int_equal(line_count(STR("a\n\nb")), 3);
	for (size_t n = 0; n < 1000; n++) {
		assert_int_equal(line_count(buf_str(&text)), n);
		buf_printf(&text, "%.*s\n", (int)(n % 7), "xxxxxxx");
	}
	buf_clear(&text);
	for (size_t n = 1; n < 1000; n++) {
		buf_add_char(&text, '\n');
		assert_int_equal(line_count(buf_str(&text)), n);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_lines_the_same_however_they_were_read),
		cmocka_unit_test(cuts_a_line_only_behind_its_first_64_kib),
		cmocka_unit_test(skips_the_rest_of_a_line_over_many_chunks),
		cmocka_unit_test(random_bytes_in_random_reads_split_as_naively),
		cmocka_unit_test(a_taken_chunk_stays_until_space_is_asked_for),
		cmocka_unit_test(reset_forgets_the_partial_line_and_keeps_the_count),
		cmocka_unit_test(seal_ends_the_partial_line),
		cmocka_unit_test(finds_the_line_around_every_byte),
		cmocka_unit_test(counts_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
