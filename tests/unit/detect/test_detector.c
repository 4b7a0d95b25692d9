/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detect/detector.h"
#include "detect/framer.h"
#include "unit/allocations.h"
#include "unit/base/dice.h"
#include "unit/detect/filter_world.h"

enum { FILTERS = 4, EVENTS_MAX = 4000 };

/* ---- filters, and what they find ---- */

struct fixture {
	struct world *worlds[FILTERS];
	struct filter *filters[FILTERS];
	struct stamp_context when[FILTERS];
	size_t n;
	struct matcher *matcher;
	struct detector *detector;
};

/* What a sink was given. */
struct found {
	struct event at[EVENTS_MAX];
	size_t n, room;   /* no line is begun with less than `room` places */
	size_t max;       /* places */
	const char *line; /* of the last event */
};

static bool keep(void *arg, const struct event *event)
{
	struct found *found = arg;

	if (event->text.p != found->line && found->n + found->room > found->max) {
		return false;
	}
	assert_true(found->n < EVENTS_MAX);
	found->line = event->text.p;
	found->at[found->n++] = *event;
	return true;
}

static struct world *add_filter(struct fixture *f)
{
	void *state = NULL;

	assert_int_equal(world_set_up(&state), 0);
	f->worlds[f->n++] = state;
	return state;
}

static void add_pattern(struct world *w, uint16_t type, const char *pattern)
{
	add_section(w, type);
	add_match(w, pattern);
}

static void make_detector(struct fixture *f)
{
	for (size_t i = 0; i < f->n; i++) {
		make(f->worlds[i]);
		f->filters[i] = f->worlds[i]->filter;
		f->when[i] = f->worlds[i]->when;
	}
	assert_int_equal(matcher_new(&f->matcher), 0);
	assert_int_equal(detector_new(f->filters, f->n, &f->detector), 0);
}

static void fixture_done(struct fixture *f)
{
	f->detector = detector_free(f->detector);
	f->matcher = matcher_free(f->matcher);
	for (size_t i = 0; i < f->n; i++) {
		void *state = f->worlds[i];

		assert_int_equal(world_tear_down(&state), 0);
	}
}

/* Three filters whose patterns all have literals, some of them the same. */
static void make_literal_filters(struct fixture *f)
{
	struct world *w = add_filter(f);

	add_pattern(w, EVENT_AUTH_FAILURE, "^alpha from <ADDR>$");
	add_pattern(w, EVENT_SPAM, "(?:beta|gamma) one <ADDR>");
	add_ignore(w, "internal");
	w = add_filter(f);
	w->spec.nocase = true;
	add_pattern(w, EVENT_LOGIN, "^alpha from <ADDR>");
	add_pattern(w, EVENT_VIRUS, "^[a-z]+ two <ADDR>");
	w = add_filter(f);
	add_pattern(w, EVENT_REFUSED, "gamma (?:one|two) <ADDR>.*delta");
}

/* And one that must see every line. */
static void make_all_filters(struct fixture *f)
{
	struct world *w;

	make_literal_filters(f);
	w = add_filter(f);
	add_pattern(w, EVENT_CONNECTION, "^<ADDR> \\d+$");
	add_pattern(w, EVENT_BOUNCE, "epsilon <ADDR>");
}

static size_t feed(struct fixture *f, struct str chunk, struct found *found)
{
	return detector_feed(f->detector, f->matcher, chunk, f->when, keep, found);
}

/* All lines and all patterns, one after the other. */
static void feed_naively(struct fixture *f, struct str chunk, struct found *found)
{
	size_t at = 0;

	while (at < chunk.n) {
		struct str line = line_around(chunk, at, &at);

		for (size_t i = 0; i < f->n; i++) {
			struct event event = { 0 };

			if (filter_match(f->filters[i], f->matcher, line, NULL, &f->when[i],
					 &event) == FILTER_EVENT) {
				event.filter = (uint16_t)i;
				assert_true(keep(found, &event));
			}
		}
	}
}

static void check_same(const struct found *got, const struct found *want)
{
	assert_int_equal(got->n, want->n);
	for (size_t i = 0; i < want->n; i++) {
		const struct event *a = &got->at[i], *b = &want->at[i];

		assert_ptr_equal(a->text.p, b->text.p);
		assert_int_equal(a->text.n, b->text.n);
		assert_int_equal(a->filter, b->filter);
		assert_int_equal(a->pattern, b->pattern);
		assert_int_equal(a->type, b->type);
		assert_int_equal(a->source, EVENT_SOURCE_NONE);
		assert_true(addr_eq(&a->addr, &b->addr));
	}
}

/* ---- tests ---- */

static void events_come_in_order_of_lines_then_filters(void **state)
{
	CLEANUP(fixture_done) struct fixture f = { 0 };
	static struct found found;
	static const uint16_t filters[] = { 1, 0, 1, 0, 2 };
	const struct str chunk = STR("nothing here\n"
				     "ALPHA from 192.0.2.1\r\n"
				     "\n"
				     "alpha from 192.0.2.2\r\n"
				     "beta one 192.0.2.3 internal\n"
				     "gamma one 192.0.2.4 and delta");
	static const uint16_t types[] = { EVENT_LOGIN, EVENT_AUTH_FAILURE, EVENT_LOGIN, EVENT_SPAM,
					  EVENT_REFUSED };

	(void)state;
	make_literal_filters(&f);
	make_detector(&f);
	found = (struct found){ .max = EVENTS_MAX };
	assert_int_equal(feed(&f, chunk, &found), chunk.n);
	assert_int_equal(found.n, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(found.at[i].filter, filters[i]);
		assert_int_equal(found.at[i].type, types[i]);
	}
	assert_true(str_eq(found.at[0].text, STR("ALPHA from 192.0.2.1")));
	assert_int_equal(detector_stats(f.detector)->lines, 6);
	assert_int_equal(detector_stats(f.detector)->bytes, chunk.n);
	assert_int_equal(detector_stats(f.detector)->candidates, 4);
	assert_int_equal(detector_stats(f.detector)->events, 5);
}

static void lines_that_are_no_events_are_counted_by_why(void **state)
{
	CLEANUP(fixture_done) struct fixture f = { 0 };
	static struct found found;
	const struct detector_stats *stats;
	struct world *w;

	(void)state;
	w = add_filter(&f);
	add_pattern(w, EVENT_SPAM, "alpha <ADDR> at <STAMP>");
	add_pattern(w, EVENT_SPAM, "hostile (?:x+)+[yz]");
	make_detector(&f);
	stats = detector_stats(f.detector);
	found = (struct found){ .max = EVENTS_MAX };
	(void)feed(&f, STR("alpha 192.0.2.999 at 2026-01-01T00:00:00Z\n"), &found);
	assert_int_equal(stats->not_addr, 1);
	(void)feed(&f, STR("alpha 192.0.2.1 at 2026-02-31T00:00:00Z\n"), &found);
	assert_int_equal(stats->bad_stamp, 1);
	(void)feed(&f, STR("hostile xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"),
		   &found);
	assert_int_equal(stats->gave_up, 1);
	assert_int_equal(stats->events, 0);
	assert_int_equal(stats->candidates, 3);
	assert_int_equal(found.n, 0);
}

static void make_chunk(struct dice *dice, struct buf *chunk)
{
	static const char *const lines[] = {
		"alpha from 192.0.2.%u",
		"ALPHA from 192.0.2.%u",
		"beta one 192.0.2.%u",
		"beta one 192.0.2.%u internal",
		"gamma one 192.0.2.%u x delta",
		"gamma two 192.0.2.%u delta delta gamma one",
		"alpha from alpha from 192.0.2.%u",
		"192.0.2.%u 17",
		"epsilon 192.0.2.%u",
		"alpha from",
		"two 1",
		"nothing %u",
		"nothing of any interest at all, whoever reads it (%u)",
		""
	};
	static const struct str alphabet = { "\n\r\0 ag2.\xff", 9 };
	uint32_t n = dice_below(dice, 60);

	buf_clear(chunk);
	for (uint32_t i = 0; i < n; i++) {
		const char *line = lines[dice_below(dice, ARRAY_SIZE(lines))];
		struct str number = str_of(strstr(line, "%u"));

		buf_add(chunk, line, strlen(line) - number.n);
		if (number.n > 0) {
			buf_printf(chunk, "%u", dice_below(dice, 300));
			buf_add(chunk, number.p + 2, number.n - 2);
		}
		buf_add_str(chunk, dice_below(dice, 3) ? STR("\n") : STR("\r\n"));
		if (dice_below(dice, 4) == 0) {
			chunk->p[dice_below(dice, (uint32_t)chunk->n)] =
				alphabet.p[dice_below(dice, (uint32_t)alphabet.n)];
		}
	}
	buf_truncate(chunk, chunk->n - (chunk->n > 0 && dice_below(dice, 3) == 0));
	assert_int_equal(buf_ok(chunk), 0);
}

static void check_random_chunks(struct fixture *f)
{
	static struct found got, want;
	CLEANUP(buf_done) struct buf chunk = { 0 };
	struct dice dice = dice_new(0xde7ec7);
	size_t events = 0;

	for (int i = 0; i < 3000; i++) {
		struct str rest;

		make_chunk(&dice, &chunk);
		want = (struct found){ .max = EVENTS_MAX };
		feed_naively(f, buf_str(&chunk), &want);
		got = (struct found){ .max = EVENTS_MAX };
		assert_int_equal(feed(f, buf_str(&chunk), &got), chunk.n);
		check_same(&got, &want);
		events += want.n;

		got = (struct found){ .room = f->n };
		rest = buf_str(&chunk);
		for (size_t rounds = 0; rest.n > 0; rounds++) {
			size_t consumed;

			assert_true(rounds <= want.n);
			got.max = got.n + f->n + dice_below(&dice, 5);
			got.line = NULL;
			consumed = feed(f, rest, &got);
			rest = str_slice(rest, consumed, SIZE_MAX);
		}
		check_same(&got, &want);
	}
	assert_int_equal(detector_stats(f->detector)->events, 2 * events);
	assert_true(events > 10000);
}

static void finds_what_trying_everything_finds(void **state)
{
	CLEANUP(fixture_done) struct fixture f = { 0 };

	(void)state;
	make_literal_filters(&f);
	make_detector(&f);
	check_random_chunks(&f);
}

static void finds_it_too_when_a_filter_must_see_all_lines(void **state)
{
	CLEANUP(fixture_done) struct fixture f = { 0 };

	(void)state;
	make_all_filters(&f);
	make_detector(&f);
	check_random_chunks(&f);
}

static void no_literal_at_all_is_no_scan(void **state)
{
	CLEANUP(fixture_done) struct fixture f = { 0 };
	static struct found found;

	(void)state;
	add_pattern(add_filter(&f), EVENT_CONNECTION, "^<ADDR> \\d+$");
	make_detector(&f);
	found = (struct found){ .max = EVENTS_MAX };
	assert_int_equal(feed(&f, STR_NONE, &found), 0);
	assert_int_equal(feed(&f, STR("\n192.0.2.1 1\nx\n\n192.0.2.2 2"), &found), 27);
	assert_int_equal(found.n, 2);
	assert_int_equal(detector_stats(f.detector)->candidates, 5);
	assert_int_equal(detector_stats(f.detector)->lines, 5);
}

static void a_sink_that_refuses_stops_before_the_line(void **state)
{
	CLEANUP(fixture_done) struct fixture f = { 0 };
	static struct found found;
	static const struct str chunk = { "x\nalpha from 192.0.2.1\ny\n", 25 };

	(void)state;
	make_all_filters(&f);
	make_detector(&f);
	found = (struct found){ .room = 1 };
	assert_int_equal(feed(&f, chunk, &found), 2);
	assert_int_equal(feed(&f, str_slice(chunk, 2, SIZE_MAX), &found), 0);
	assert_int_equal(detector_stats(f.detector)->lines, 1);
	assert_int_equal(detector_stats(f.detector)->bytes, 2);
	assert_int_equal(detector_stats(f.detector)->events, 0);
	assert_int_equal(detector_stats(f.detector)->candidates, 1);
	found.max = FILTERS;
	assert_int_equal(feed(&f, str_slice(chunk, 2, SIZE_MAX), &found), chunk.n - 2);
	assert_int_equal(found.n, 2);
	assert_int_equal(detector_stats(f.detector)->lines, 3);
	assert_int_equal(detector_stats(f.detector)->events, 2);
	assert_int_equal(detector_stats(f.detector)->candidates, 3);
}

/* The literal's place in a line that is longer than 64 KiB. */
static uint64_t candidates_at(size_t place)
{
	CLEANUP(fixture_done) struct fixture f = { 0 };
	CLEANUP(buf_done) struct buf chunk = { 0 };
	static struct found found;

	make_literal_filters(&f);
	make_detector(&f);
	buf_add_str(&chunk, STR("first\n"));
	for (size_t i = 0; i < LINE_MAX_BYTES + 5000; i++) {
		buf_add_char(&chunk, i == place ? '\0' : 'x');
	}
	buf_add_str(&chunk, STR("\nlast\n"));
	assert_int_equal(buf_ok(&chunk), 0);
	memcpy(chunk.p + 6 + place, "beta one 192.0.2.1 ", 19);
	found = (struct found){ .max = EVENTS_MAX };
	assert_int_equal(feed(&f, buf_str(&chunk), &found), chunk.n);
	assert_int_equal(found.n, place + 19 <= LINE_MAX_BYTES);
	return detector_stats(f.detector)->candidates;
}

static void what_was_cut_off_a_line_is_not_there(void **state)
{
	(void)state;
	assert_int_equal(candidates_at(0), 1);
	assert_int_equal(candidates_at(LINE_MAX_BYTES - 19), 1);
	assert_int_equal(candidates_at(LINE_MAX_BYTES - 2), 0);
	assert_int_equal(candidates_at(LINE_MAX_BYTES), 0);
	assert_int_equal(candidates_at(LINE_MAX_BYTES + 4000), 0);
}

static void feeding_allocates_nothing(void **state)
{
	CLEANUP(fixture_done) struct fixture f = { 0 };
	CLEANUP(buf_done) struct buf chunk = { 0 };
	static struct found found;
	struct dice dice = dice_new(0xa110c);

	(void)state;
	make_all_filters(&f);
	make_detector(&f);
	for (int i = 0; i < 100; i++) {
		make_chunk(&dice, &chunk);
		found = (struct found){ .max = EVENTS_MAX };
		asked = 0;
		assert_int_equal(feed(&f, buf_str(&chunk), &found), chunk.n);
		assert_int_equal(asked, 0);
	}
}

static void running_out_of_memory_is_an_answer(void **state)
{
	CLEANUP(fixture_done) struct fixture f = { 0 };
	int r = -ENOMEM;
	long n;

	(void)state;
	make_all_filters(&f);
	make_detector(&f);
	for (n = 0; r == -ENOMEM; n++) {
		struct detector *d = NULL;

		withhold((size_t)n, SIZE_MAX);
		r = detector_new(f.filters, f.n, &d);
		withhold_none();
		assert_true(r == 0 ? d != NULL : d == NULL);
		d = detector_free(d);
	}
	assert_int_equal(r, 0);
	assert_true(n > 5);
}

static void refuses_no_filters(void **state)
{
	struct detector *d = NULL;

	(void)state;
	assert_int_equal(detector_new(NULL, 0, &d), -EINVAL);
	assert_null(d);
	assert_null(detector_free(NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_come_in_order_of_lines_then_filters),
		cmocka_unit_test(lines_that_are_no_events_are_counted_by_why),
		cmocka_unit_test(finds_what_trying_everything_finds),
		cmocka_unit_test(finds_it_too_when_a_filter_must_see_all_lines),
		cmocka_unit_test(no_literal_at_all_is_no_scan),
		cmocka_unit_test(a_sink_that_refuses_stops_before_the_line),
		cmocka_unit_test(what_was_cut_off_a_line_is_not_there),
		cmocka_unit_test(feeding_allocates_nothing),
		cmocka_unit_test(running_out_of_memory_is_an_answer),
		cmocka_unit_test(refuses_no_filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
