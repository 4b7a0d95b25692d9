/* SPDX-License-Identifier: MIT */
#pragma once
/* taken.h - one followed path, what it has given, what a restart would know of it, and a clock that
 * stands still (link with --wrap=clock_now). */
#include "input/followed.h"
#include "sys/clock.h"
#include "unit/input/place.h"

instant __wrap_clock_now(void);

static instant now = { .us = INT64_C(1700000000000000) };

instant __wrap_clock_now(void)
{
	return now;
}

/* What was given, and what a restart would know of it. */
struct taken {
	struct place place;
	struct followed followed;
	struct buf lines, stored; /* stored: those that a transaction took with their position */
	struct position noted, position;
	bool has_noted, has_position;
	size_t olds; /* chunks without a position */
	int fails;
	enum tail_news news; /* the last */
	uint64_t news_bytes;
};

static inline int take(void *arg, const struct tail_chunk *chunk)
{
	struct taken *t = arg;
	struct position p = chunk->before;

	if (t->fails) {
		return t->fails;
	}
	position_advance(&p, chunk->chunk);
	if (chunk->news) {
		t->news = chunk->news;
		t->news_bytes = chunk->other_bytes;
	} else if (chunk->is_old) {
		t->olds++;
	} else {
		t->noted = p;
		t->has_noted = true;
	}
	for (size_t at = 0; at < chunk->chunk.n;) {
		buf_add_str(&t->lines, line_around(chunk->chunk, at, &at));
		buf_add_char(&t->lines, '\n');
	}
	return 0;
}

static inline void start(struct taken *t, bool from_start)
{
	assert_int_equal(followed_init(&t->followed, 7, place_path(&t->place, "log"), take, t), 0);
	followed_start(&t->followed, t->has_position ? &t->position : NULL, from_start);
}

static inline void work(struct taken *t)
{
	int r, n = 0;

	while ((r = followed_work(&t->followed)) == 1) {
		assert_true(n++ < 10000);
	}
	assert_int_equal(r, 0);
}

/* As a transaction: lines and position together. */
static inline void commit(struct taken *t)
{
	buf_add_str(&t->stored, buf_str(&t->lines));
	buf_clear(&t->lines);
	t->position = t->noted;
	t->has_position = t->has_noted;
}

static inline void stop(struct taken *t)
{
	buf_clear(&t->lines);
	t->noted = t->position;
	t->has_noted = t->has_position;
	followed_done(&t->followed);
}

static inline void assert_given(struct taken *t, const char *expected)
{
	work(t);
	assert_string_equal(buf_text(&t->lines), expected);
	commit(t);
}

static inline int setup(void **state)
{
	struct taken *t = calloc(1, sizeof(*t));

	place_make(&t->place);
	*state = t;
	return 0;
}

static inline int teardown(void **state)
{
	struct taken *t = *state;

	followed_done(&t->followed);
	place_remove(&t->place);
	buf_done(&t->lines);
	buf_done(&t->stored);
	free(t);
	return 0;
}
