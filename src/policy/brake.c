/* SPDX-License-Identifier: MIT */
#include "policy/brake.h"

#include <assert.h>
#include <string.h>

static const duration RATE = { .us = INT64_C(300000000) };
static const duration CALM = { .us = INT64_C(600000000) };

static void take_out(struct brake *b, uint32_t i)
{
	memmove(&b->noted[i], &b->noted[i + 1], (b->n - i - 1) * sizeof(b->noted[0]));
	b->n--;
}

static void put_in(struct brake *b, const struct prefix *prefix, instant at)
{
	uint32_t i = b->n++;

	for (; i > 0 && b->noted[i - 1].at.us > at.us; i--) {
		b->noted[i] = b->noted[i - 1];
	}
	b->noted[i].prefix = *prefix;
	b->noted[i].at = at;
}

/* Is `at` in the five minutes that begin there? */
static bool is_within(instant at, instant first)
{
	return at.us >= first.us && instant_since(at, first).us < RATE.us;
}

bool brake_note(struct brake *b, const struct prefix *prefix, instant at, uint32_t limit)
{
	bool too_many = false;

	assert(limit <= BRAKE_LIMIT);
	for (uint32_t i = 0; i < b->n; i++) {
		if (prefix_eq(&b->noted[i].prefix, prefix)) {
			take_out(b, i);
		}
	}
	if (b->n == BRAKE_KEPT) {
		if (at.us < b->noted[0].at.us) {
			return false;
		}
		take_out(b, 0);
	}
	put_in(b, prefix, at);
	for (uint32_t i = 0; i + limit < b->n; i++) {
		instant first = b->noted[i].at;

		if (is_within(at, first) && is_within(b->noted[i + limit].at, first)) {
			b->first = first;
			too_many = true;
		}
	}
	if (too_many) {
		b->until = instant_max(b->until, instant_add(instant_add(b->first, RATE), CALM));
	}
	return too_many;
}

bool brake_is_among(const struct brake *b, uint32_t number)
{
	return is_within(b->noted[number].at, b->first);
}

bool brake_holds(const struct brake *b, instant at)
{
	return at.us < b->until.us;
}
