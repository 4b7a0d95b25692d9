/* SPDX-License-Identifier: MIT */
/* The tracker against a model that keeps every event and knows no shortcut, over random events,
 * late ones and crowds that do not fit included. */
#include <stdio.h>
#include <string.h>

#include "policy/tracker.h"
#include "unit/base/dice.h"
#include "unit/policy/words.h"

enum { JAILS = 2, HOSTS = 12, ROOM = 8, EVENTS = 512, STEPS = 400, GAMES = 300 };

struct model_subject {
	bool known;
	uint64_t heard;
	int64_t newest;
	size_t n;

	struct {
		int64_t time;
		uint16_t type, count;
	} events[EVENTS];
};

static const points MULTIPLIERS[JAILS][3] = { { 1, 3, POINTS_BAN }, { 5, 0, 2 } };

static const struct jail RULES[JAILS] = {
	{ .window = { .us = 20 }, .threshold = 9, .points = MULTIPLIERS[0], .n_points = 3 },
	{ .window = { .us = 50 }, .threshold = 20, .points = MULTIPLIERS[1], .n_points = 3 },
};

static struct model_subject model[JAILS][HOSTS];
static uint64_t heard;
static unsigned evicted, near_seen;

static struct subject host(uint32_t n)
{
	const struct prefix p = { .addr = { .family = 4, .bytes = { 10, 0, 0, (uint8_t)n } },
				  .len = 32 };

	return subject_of_prefix(&p);
}

static int64_t model_score(uint32_t jail, const struct model_subject *s)
{
	int64_t score = 0;

	for (size_t i = 0; i < s->n; i++) {
		points p = jail_points(&RULES[jail], s->events[i].type);

		if (s->events[i].time > s->newest - RULES[jail].window.us && p > 0) {
			score += (int64_t)p * s->events[i].count;
		}
	}
	return score;
}

static size_t model_count(void)
{
	size_t n = 0;

	for (size_t i = 0; i < JAILS; i++) {
		for (size_t k = 0; k < HOSTS; k++) {
			n += model[i][k].known ? 1 : 0;
		}
	}
	return n;
}

/* What is kept of a subject above its threshold is less than all, so scores above it are equal. */
static int64_t rank_of(uint32_t jail, const struct model_subject *s, int64_t tracked)
{
	int64_t score = model_score(jail, s);

	return score > RULES[jail].threshold ? tracked : score;
}

static int64_t tracked_score(const struct tracker *t, uint32_t jail, uint32_t n)
{
	const struct subject p = host(n);
	uint32_t slot = tracker_find(t, (uint16_t)jail, &p);

	return slot != TABLE_NONE ? tracker_score(t, slot) : -1;
}

static void model_evict(const struct tracker *t)
{
	struct model_subject *worst = NULL;
	int64_t lowest = INT64_MAX;

	for (uint32_t jail = 0; jail < JAILS; jail++) {
		for (uint32_t n = 0; n < HOSTS; n++) {
			struct model_subject *s = &model[jail][n];
			int64_t rank;

			if (!s->known) {
				continue;
			}
			rank = rank_of(jail, s, tracked_score(t, jail, n));
			if (rank < lowest || (rank == lowest && s->heard < worst->heard)) {
				worst = s;
				lowest = rank;
			}
		}
	}
	assert_non_null(worst);
	worst->known = false;
	evicted++;
}

static void model_add(const struct tracker *t, uint32_t jail, uint32_t n,
		      const struct tracker_entry *e)
{
	struct model_subject *s = &model[jail][n];

	if (!s->known) {
		if (model_count() == ROOM) {
			model_evict(t);
		}
		*s = (struct model_subject){ .known = true, .newest = e->time.us };
	}
	s->heard = ++heard;
	if (e->time.us > s->newest) {
		s->newest = e->time.us;
	}
	if (e->time.us > s->newest - RULES[jail].window.us && s->n < EVENTS) {
		s->events[s->n].time = e->time.us;
		s->events[s->n].type = e->type;
		s->events[s->n++].count = e->count;
	}
}

static void model_tick(int64_t now)
{
	for (uint32_t jail = 0; jail < JAILS; jail++) {
		for (uint32_t n = 0; n < HOSTS; n++) {
			if (model[jail][n].newest <= now - RULES[jail].window.us) {
				model[jail][n].known = false;
			}
		}
	}
}

static void compare(const struct tracker *t)
{
	for (uint32_t jail = 0; jail < JAILS; jail++) {
		uint32_t subjects, near, expected_near = 0, expected = 0;

		for (uint32_t n = 0; n < HOSTS; n++) {
			const struct model_subject *s = &model[jail][n];
			int64_t tracked = tracked_score(t, jail, n);
			int64_t score = s->known ? model_score(jail, s) : -1;

			if (score >= (int64_t)RULES[jail].threshold) {
				assert_true(tracked >= (int64_t)RULES[jail].threshold &&
					    tracked <= score);
			} else {
				assert_int_equal(tracked, score);
			}
			expected += s->known ? 1 : 0;
			expected_near += s->known && 2 * score >= RULES[jail].threshold ? 1 : 0;
		}
		tracker_count_jail(t, (uint16_t)jail, &subjects, &near);
		assert_int_equal(subjects, expected);
		assert_int_equal(near, expected_near);
		near_seen += near;
	}
}

static void play(struct dice *d)
{
	CLEANUP(tracker_freep) struct tracker *t = NULL;
	int64_t now = 1000;

	assert_int_equal(tracker_new(ROOM, 4096, SEED, &t), 0);
	memset(model, 0, sizeof(model));
	for (unsigned step = 0; step < STEPS; step++) {
		uint32_t jail = dice_below(d, JAILS), n = dice_below(d, HOSTS);
		const struct subject p = host(n);
		const struct tracker_entry e = {
			.time = { .us = now - (dice_below(d, 4) == 0 ? dice_below(d, 60) : 0) },
			.type = (uint16_t)(jail == 1 ? 2 * dice_below(d, 2) : dice_below(d, 3)),
			.count = (uint16_t)(1 + dice_below(d, 2)),
		};

		now += dice_below(d, 4);
		switch (dice_below(d, 20)) {
		case 0:
			model_tick(now - 10);
			assert_false(tracker_tick(t, RULES, (instant){ .us = now - 10 }, SIZE_MAX));
			break;
		case 1:
			model[jail][n].known = false;
			tracker_forget(t, (uint16_t)jail, &p);
			break;
		default:
			model_add(t, jail, n, &e);
			tracker_add(t, &RULES[jail], (uint16_t)jail, &p, &e);
			break;
		}
		compare(t);
	}
}

static void agrees_with_a_model_that_keeps_everything(void **state)
{
	struct dice d = dice_new(20260122);

	(void)state;
	for (unsigned game = 0; game < GAMES; game++) {
		play(&d);
	}
	assert_true(evicted > GAMES);
	assert_true(near_seen > GAMES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_a_model_that_keeps_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
