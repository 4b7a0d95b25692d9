/* SPDX-License-Identifier: MIT */
/* history.c - how often was this prefix banned lately?
 *
 * A hash table over (observer, prefix) gives each history a slot; its record heads a list of
 * episodes, newest first, in one pool. Episodes of one prefix never overlap and begin in ascending
 * order: a ban that begins before the end of the newest joins it, even one whose event came late.
 * Most prefixes have one or two, so the pool holds twice as many as there may be prefixes.
 *
 * All histories stand in one list in the order in which they were heard of; the head goes when
 * slots or episodes run out. */
#include "policy/history.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define NONE UINT32_MAX

struct episode {
	instant since, until;
	instant first;  /* its first ban: one that came late may lie before the episode */
	uint32_t older; /* a free one: the next free one */
	uint32_t told;  /* listeners */
};

struct record {
	uint32_t newest; /* episode */
	uint32_t n;
	uint32_t before, after; /* records heard of earlier and later */
};

struct key {
	uint16_t observer;
	struct prefix prefix;
};

_Static_assert(sizeof(struct key) == 20, "hashed as bytes");

struct history {
	struct table *slots;
	struct record *records;
	struct episode *episodes;
	uint32_t max_episodes, new_episodes; /* episodes from new_episodes on were never used */
	uint32_t free_episodes;
	uint32_t first, last; /* records, heard of longest ago and just now */
};

int history_new(uint32_t capacity, const uint8_t seed[static TABLE_SEED_SIZE], struct history **ret)
{
	CLEANUP(history_freep) struct history *h = calloc(1, sizeof(*h));
	int r;

	if (!h) {
		return -ENOMEM;
	}
	r = table_new(capacity, sizeof(struct key), seed, &h->slots);
	if (r < 0) {
		return r;
	}
	/* One prefix alone never uses up the pool. */
	h->max_episodes = 2 * capacity > capacity + HISTORY_EPISODES ? 2 * capacity
								     : capacity + HISTORY_EPISODES;
	h->records = calloc(capacity, sizeof(*h->records));
	h->episodes = calloc(h->max_episodes, sizeof(*h->episodes));
	if (!h->records || !h->episodes) {
		return -ENOMEM;
	}
	h->free_episodes = NONE;
	h->first = NONE;
	h->last = NONE;
	*ret = TAKE(h);
	return 0;
}

struct history *history_free(struct history *h)
{
	if (h) {
		table_free(h->slots);
		free(h->records);
		free(h->episodes);
		free(h);
	}
	return NULL;
}

static struct key key_of(uint16_t observer, const struct prefix *p)
{
	return (struct key){ .observer = observer, .prefix = *p };
}

static const struct record *find(const struct history *h, uint16_t observer, const struct prefix *p)
{
	const struct key key = key_of(observer, p);
	uint32_t slot = table_find(h->slots, &key);

	return slot != TABLE_NONE ? &h->records[slot] : NULL;
}

static void unlink_record(struct history *h, uint32_t slot)
{
	const struct record *r = &h->records[slot];

	*(r->before != NONE ? &h->records[r->before].after : &h->first) = r->after;
	*(r->after != NONE ? &h->records[r->after].before : &h->last) = r->before;
}

static void link_record(struct history *h, uint32_t slot)
{
	struct record *r = &h->records[slot];

	r->before = h->last;
	r->after = NONE;
	*(h->last != NONE ? &h->records[h->last].after : &h->first) = slot;
	h->last = slot;
}

static void free_episode(struct history *h, uint32_t number)
{
	h->episodes[number].older = h->free_episodes;
	h->free_episodes = number;
}

static void forget(struct history *h, uint32_t slot)
{
	uint32_t next;

	for (uint32_t i = h->records[slot].newest; i != NONE; i = next) {
		next = h->episodes[i].older;
		free_episode(h, i);
	}
	unlink_record(h, slot);
	table_remove(h->slots, slot);
}

static void drop_oldest(struct history *h, struct record *r)
{
	uint32_t *at = &r->newest;

	while (h->episodes[*at].older != NONE) {
		at = &h->episodes[*at].older;
	}
	free_episode(h, *at);
	*at = NONE;
	r->n--;
}

/* The pool is larger than what one prefix may hold, so when it is used up there is another to
 * forget. */
static uint32_t take_episode(struct history *h)
{
	uint32_t number;

	if (h->free_episodes == NONE && h->new_episodes == h->max_episodes) {
		forget(h, h->first);
	}
	if (h->free_episodes == NONE) {
		return h->new_episodes++;
	}
	number = h->free_episodes;
	h->free_episodes = h->episodes[number].older;
	return number;
}

/* The record, now the one heard of last. */
static struct record *hear(struct history *h, uint16_t observer, const struct prefix *p)
{
	const struct key key = key_of(observer, p);
	bool added;
	uint32_t slot = table_add(h->slots, &key, &added);

	if (slot == TABLE_NONE) {
		forget(h, h->first);
		slot = table_add(h->slots, &key, &added);
		assert(slot != TABLE_NONE);
	}
	if (added) {
		h->records[slot] = (struct record){ .newest = NONE };
	} else {
		unlink_record(h, slot);
	}
	link_record(h, slot);
	return &h->records[slot];
}

/* Does the newest episode run at `at`? One that begins later does, too: a ban at `at` would join
 * it. */
static bool runs(const struct history *h, const struct record *r, instant at)
{
	return r->newest != NONE && at.us < h->episodes[r->newest].until.us;
}

static unsigned count(const struct history *h, uint32_t from, instant at, duration memory)
{
	unsigned n = 0;

	for (uint32_t i = from; i != NONE; i = h->episodes[i].older) {
		instant since = h->episodes[i].since;

		n += since.us <= at.us && instant_since(at, since).us < memory.us ? 1 : 0;
	}
	return n;
}

unsigned history_next(const struct history *h, uint16_t observer, const struct prefix *p,
		      instant at, duration memory)
{
	const struct record *r = find(h, observer, p);

	if (!r || r->newest == NONE) {
		return 1;
	}
	return 1 + count(h, runs(h, r, at) ? h->episodes[r->newest].older : r->newest, at, memory);
}

/* The episode began with its first ban, which may have come late; but behind the one before it. */
static void join(const struct history *h, struct episode *e, instant since, instant until)
{
	instant from = e->older != NONE ? instant_max(since, h->episodes[e->older].until) : since;

	e->since = instant_min(e->since, from);
	e->first = instant_min(e->first, since);
	e->until = instant_max(e->until, until);
}

/* The episode that the ban is part of: the newest. */
static struct episode *add(struct history *h, uint16_t observer, const struct prefix *p,
			   instant since, instant until)
{
	struct record *r = hear(h, observer, p);
	uint32_t number;

	if (runs(h, r, since)) {
		join(h, &h->episodes[r->newest], since, until);
		return &h->episodes[r->newest];
	}
	if (r->n == HISTORY_EPISODES) {
		drop_oldest(h, r);
	}
	number = take_episode(h);
	h->episodes[number] = (struct episode){
		.since = since, .until = until, .first = since, .older = r->newest
	};
	r->newest = number;
	r->n++;
	return &h->episodes[number];
}

void history_add(struct history *h, uint16_t observer, const struct prefix *p, instant since,
		 instant until)
{
	(void)add(h, observer, p, since, until);
}

void history_pardon(struct history *h, const struct prefix *p, instant at)
{
	const struct key key = key_of(HISTORY_ENFORCED, p);
	uint32_t slot = table_find(h->slots, &key), number;
	struct record *r;

	if (slot == TABLE_NONE || !runs(h, &h->records[slot], at)) {
		return;
	}
	r = &h->records[slot];
	number = r->newest;
	r->newest = h->episodes[number].older;
	r->n--;
	free_episode(h, number);
	if (r->newest == NONE) {
		forget(h, slot);
	}
}

void history_shorten(struct history *h, const struct prefix *p, instant at, instant until)
{
	const struct record *r = find(h, HISTORY_ENFORCED, p);

	if (r && runs(h, r, at)) {
		struct episode *e = &h->episodes[r->newest];

		e->until = instant_max(until, instant_add(e->since, (duration){ .us = 1 }));
	}
}

bool history_told(const struct history *h, const struct prefix *p, instant at, instant *ret_since,
		  uint32_t *ret_listeners)
{
	const struct record *r = find(h, HISTORY_ENFORCED, p);

	if (!r || !runs(h, r, at)) {
		return false;
	}
	*ret_since = h->episodes[r->newest].since;
	*ret_listeners = h->episodes[r->newest].told;
	return true;
}

uint32_t history_tell(struct history *h, const struct prefix *p, instant at, uint32_t listeners)
{
	const struct record *r = find(h, HISTORY_ENFORCED, p);
	uint32_t fresh;

	if (!r || !runs(h, r, at)) {
		return 0;
	}
	fresh = listeners & ~h->episodes[r->newest].told;
	h->episodes[r->newest].told |= listeners;
	return fresh;
}

unsigned history_count(const struct history *h, uint16_t observer, const struct prefix *p,
		       instant at, duration memory)
{
	const struct record *r = find(h, observer, p);

	return r ? count(h, r->newest, at, memory) : 0;
}

bool history_has(const struct history *h, const struct prefix *p, instant at)
{
	const struct record *r = find(h, HISTORY_ENFORCED, p);

	for (uint32_t i = r ? r->newest : NONE; i != NONE; i = h->episodes[i].older) {
		if (at.us >= h->episodes[i].first.us && at.us < h->episodes[i].until.us) {
			return true;
		}
	}
	return false;
}

static uint32_t translated(uint32_t told, const uint32_t *listeners)
{
	uint32_t all = 0;

	for (unsigned bit = 0; bit < WATCHERS_MAX; bit++) {
		all |= (told >> bit & 1) != 0 ? listeners[bit] : 0;
	}
	return all;
}

static void copy_record(const struct history *from, const struct record *r, const struct key *key,
			const uint32_t *listeners, struct history *to)
{
	uint32_t episodes[HISTORY_EPISODES] = { 0 };
	unsigned n = 0;

	for (uint32_t i = r->newest; i != NONE && n < HISTORY_EPISODES;
	     i = from->episodes[i].older) {
		episodes[n++] = i;
	}
	while (n-- > 0) {
		const struct episode *e = &from->episodes[episodes[n]];

		add(to, key->observer, &key->prefix, e->since, e->until)->first = e->first;
		if (key->observer == HISTORY_ENFORCED) {
			(void)history_tell(to, &key->prefix, e->since,
					   translated(e->told, listeners));
		}
	}
}

void history_copy(const struct history *from, const uint16_t *observers, const uint32_t *listeners,
		  struct history *to)
{
	for (uint32_t slot = from->first; slot != NONE; slot = from->records[slot].after) {
		struct key key = *(const struct key *)table_key(from->slots, slot);

		if (key.observer != HISTORY_ENFORCED) {
			key.observer = observers[key.observer];
			if (key.observer == HISTORY_ENFORCED) {
				continue;
			}
		}
		copy_record(from, &from->records[slot], &key, listeners, to);
	}
}
