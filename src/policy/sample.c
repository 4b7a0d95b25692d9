/* SPDX-License-Identifier: MIT */
#include "policy/sample.h"

#include <stdlib.h>
#include <string.h>

bool addr_is_inner(const struct addr *a)
{
	static const struct prefix inner[] = {
		{ { 4, { 10 } }, 8 },         { { 4, { 127 } }, 8 },
		{ { 4, { 172, 16 } }, 12 },   { { 4, { 192, 168 } }, 16 },
		{ { 4, { 169, 254 } }, 16 },  { { 4, { 100, 64 } }, 10 },
		{ { 6, { 0xfc } }, 7 },       { { 6, { 0xfe, 0x80 } }, 10 },
		{ { 6, { [15] = 1 } }, 128 },
	};
	const struct prefix host = prefix_of(a, addr_bits(a));

	for (size_t i = 0; i < ARRAY_SIZE(inner); i++) {
		if (prefix_contains(&inner[i], &host)) {
			return true;
		}
	}
	return false;
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* ---- crowds ---- */

static int by_place(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	int r = compare(x->log, y->log);

	r = r ? r : memcmp(&x->addr, &y->addr, sizeof(x->addr));
	return r ? r : compare(x->account, y->account);
}

static bool is_crowd(const struct crowd *c)
{
	return c->all >= CROWD_EVENTS &&
	       (uint64_t)c->events * 100 >= (uint64_t)c->all * CROWD_PERCENT &&
	       (c->accounts == 0 || c->accounts >= CROWD_ACCOUNTS) && addr_is_inner(&c->addr);
}

/* All of one log and address, from number i on; returns the number behind. */
static size_t gather(const struct sample *samples, size_t n, size_t i, struct crowd *ret)
{
	size_t first = i;

	*ret = (struct crowd){ .log = samples[i].log, .addr = samples[i].addr };
	for (; i < n && samples[i].log == ret->log && addr_eq(&samples[i].addr, &ret->addr); i++) {
		ret->events += samples[i].count;
		ret->accounts += samples[i].account != 0 &&
				 (i == first || samples[i].account != samples[i - 1].account);
	}
	return i;
}

size_t sample_crowds(struct sample *samples, size_t n, struct crowd *ret, size_t max)
{
	static uint32_t all[SAMPLE_LOGS_MAX];
	size_t found = 0;

	memset(all, 0, sizeof(all));
	for (size_t i = 0; i < n; i++) {
		all[samples[i].log] += samples[i].count;
	}
	qsort(samples, n, sizeof(*samples), by_place);
	for (size_t i = 0; i < n && found < max;) {
		struct crowd crowd;

		i = gather(samples, n, i, &crowd);
		crowd.all = all[crowd.log];
		if (is_crowd(&crowd)) {
			ret[found++] = crowd;
		}
	}
	return found;
}

/* ---- twins ---- */

static int same_event(const struct sample *a, const struct sample *b)
{
	int r = compare((uint64_t)(a->time.us / 1000000), (uint64_t)(b->time.us / 1000000));

	r = r ? r : compare(a->type, b->type);
	r = r ? r : memcmp(&a->addr, &b->addr, sizeof(a->addr));
	return r ? r : compare(a->account, b->account);
}

static int by_event(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	int r = same_event(x, y);

	return r ? r : compare(x->log, y->log);
}

/* Adds to the pair what both of them told; a new pair when there is none yet. */
static size_t add_twins(struct twins *pairs, size_t n, size_t max, const struct twins *more)
{
	for (size_t i = 0; i < n; i++) {
		if (pairs[i].logs[0] == more->logs[0] && pairs[i].logs[1] == more->logs[1]) {
			pairs[i].both += more->both;
			return n;
		}
	}
	if (n < max) {
		pairs[n++] = *more;
	}
	return n;
}

/* Of what is the same event, from number i on, each log with the next one that tells it. */
static size_t pair_up(const struct sample *samples, size_t n, size_t *i, struct twins *pairs,
		      size_t n_pairs)
{
	const struct sample *first = &samples[*i], *log = first;

	for (; *i < n && same_event(first, &samples[*i]) == 0; (*i)++) {
		const struct sample *s = &samples[*i];

		if (s->log != log->log) {
			const struct twins pair = { .logs = { log->log, s->log },
						    .both = s->count < log->count ? s->count
										  : log->count };

			n_pairs = add_twins(pairs, n_pairs, SAMPLE_LOGS_MAX, &pair);
			log = s;
		}
	}
	return n_pairs;
}

size_t sample_twins(struct sample *samples, size_t n, struct twins *ret, size_t max)
{
	static uint32_t all[SAMPLE_LOGS_MAX];
	static struct twins pairs[SAMPLE_LOGS_MAX];
	size_t n_pairs = 0, found = 0;

	memset(all, 0, sizeof(all));
	for (size_t i = 0; i < n; i++) {
		all[samples[i].log] += samples[i].count;
	}
	qsort(samples, n, sizeof(*samples), by_event);
	for (size_t i = 0; i < n;) {
		n_pairs = pair_up(samples, n, &i, pairs, n_pairs);
	}
	for (size_t i = 0; i < n_pairs && found < max; i++) {
		uint32_t a = all[pairs[i].logs[0]], b = all[pairs[i].logs[1]];

		pairs[i].all = a < b ? a : b;
		if (pairs[i].both >= TWIN_EVENTS &&
		    (uint64_t)pairs[i].both * 100 >= (uint64_t)pairs[i].all * TWIN_PERCENT) {
			ret[found++] = pairs[i];
		}
	}
	return found;
}
