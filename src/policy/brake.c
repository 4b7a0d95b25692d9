/* SPDX-License-Identifier: MIT */
#include "policy/brake.h"

#include <assert.h>
#include <string.h>

static const duration RATE = { .us = INT64_C(300000000) };
static const duration CALM = { .us = INT64_C(600000000) };

static void take_out(struct brake *b, uint32_t i)
{
	memmove(&b->recent[i], &b->recent[i + 1], (b->n - i - 1) * sizeof(b->recent[0]));
	b->n--;
}

bool brake_note(struct brake *b, const struct prefix *prefix, instant at, uint32_t limit)
{
	instant first = at, last = at;

	assert(limit <= BRAKE_LIMIT);
	for (uint32_t i = 0; i < b->n; i++) {
		if (prefix_eq(&b->recent[i].prefix, prefix)) {
			take_out(b, i);
		}
	}
	while (b->n > limit) {
		take_out(b, 0);
	}
	b->recent[b->n].prefix = *prefix;
	b->recent[b->n++].at = at;
	for (uint32_t i = 0; i < b->n; i++) {
		first = instant_min(first, b->recent[i].at);
		last = instant_max(last, b->recent[i].at);
	}
	if (b->n <= limit || instant_since(last, first).us >= RATE.us) {
		return false;
	}
	b->until = instant_max(b->until, instant_add(instant_add(first, RATE), CALM));
	return true;
}

bool brake_holds(const struct brake *b, instant at)
{
	return at.us < b->until.us;
}
