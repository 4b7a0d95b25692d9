/* SPDX-License-Identifier: MIT */
/* tracker.c - how bad has each subject been lately?
 *
 * A hash table gives each (jail, subject) a slot, which is the place of its window. What becomes of
 * events in there is window.c's.
 *
 * Who goes first when room runs out, and who is out of the window at a tick, are asked of two
 * heaps. Both are lazy: a key in a heap may be lower than the true one, never higher, and is put
 * right only when it reaches the top. Scores and times nearly always rise, so an ordinary event
 * touches neither heap.
 *
 * All memory is calloc'ed and touched as it is used: freed slots and nodes are handed out again
 * before new ones are broken in. */
#include "policy/tracker.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/heap.h"
#include "base/names.h"
#include "policy/window.h"

struct key {
	uint16_t jail;
	struct subject subject;
};

_Static_assert(sizeof(struct key) == 28, "hashed as bytes");

struct tracker {
	struct table *slots;
	struct window *windows;
	struct pool pool;
	struct heap *weakest; /* by (score, heard) */
	struct heap *leaving; /* by the time at which the newest event leaves the window */
	uint64_t heard, evicted;

	struct {
		uint32_t subjects, near;
	} jails[JAILS_MAX];
};

int tracker_new(uint32_t subjects, uint32_t entries, const uint8_t seed[static TABLE_SEED_SIZE],
		struct tracker **ret)
{
	CLEANUP(tracker_freep) struct tracker *t = NULL;
	int r;

	if (entries == 0 || entries == NODE_NONE) {
		return -EINVAL;
	}
	t = calloc(1, sizeof(*t));
	if (!t) {
		return -ENOMEM;
	}
	r = table_new(subjects, sizeof(struct key), seed, &t->slots);
	if (r < 0) {
		return r;
	}
	r = heap_new(subjects, &t->weakest);
	if (r < 0) {
		return r;
	}
	r = heap_new(subjects, &t->leaving);
	if (r < 0) {
		return r;
	}
	t->windows = calloc(subjects, sizeof(*t->windows));
	r = pool_init(&t->pool, entries);
	if (!t->windows || r < 0) {
		return -ENOMEM;
	}
	*ret = TAKE(t);
	return 0;
}

struct tracker *tracker_free(struct tracker *t)
{
	if (t) {
		table_free(t->slots);
		heap_free(t->weakest);
		heap_free(t->leaving);
		free(t->windows);
		pool_done(&t->pool);
		free(t);
	}
	return NULL;
}

static struct key key_of(uint16_t jail, const struct subject *subject)
{
	return (struct key){ .jail = jail, .subject = *subject };
}

static const struct key *key_at(const struct tracker *t, uint32_t slot)
{
	return table_key(t->slots, slot);
}

static void forget(struct tracker *t, uint32_t slot)
{
	struct window *s = &t->windows[slot];
	uint16_t jail = key_at(t, slot)->jail;

	window_clear(&t->pool, s);
	t->jails[jail].subjects -= s->is_share ? 0 : 1;
	t->jails[jail].near -= s->near ? 1 : 0;
	heap_remove(t->weakest, slot);
	heap_remove(t->leaving, slot);
	table_remove(t->slots, slot);
}

/* Pushes the weakest out. False: none is ranked. */
static bool evict(struct tracker *t)
{
	for (;;) {
		uint32_t slot = heap_top(t->weakest);
		struct window *s;

		if (slot == HEAP_NONE) {
			return false;
		}
		s = &t->windows[slot];
		if (!s->risen) {
			forget(t, slot);
			t->evicted++;
			return true;
		}
		s->risen = false;
		heap_set(t->weakest, slot, s->score, s->heard);
	}
}

/* Its key in the heap may stay as long as it is not too high. */
static void rank(struct tracker *t, uint32_t slot, int64_t score_before)
{
	struct window *s = &t->windows[slot];

	if (s->ranked && (s->score >= score_before || s->score >= heap_major(t->weakest, slot))) {
		s->risen = true;
		return;
	}
	heap_set(t->weakest, slot, s->score, s->heard);
	s->ranked = true;
	s->risen = false;
}

static void unrank(struct tracker *t, uint32_t slot)
{
	heap_remove(t->weakest, slot);
	t->windows[slot].ranked = false;
}

static instant leaves_at(const struct tracker *t, const struct jail *j, uint32_t slot)
{
	return instant_add(t->windows[slot].newest, j->window);
}

static uint32_t slot_for(struct tracker *t, const struct jail *j, const struct key *key,
			 instant time)
{
	bool added;
	uint32_t slot = table_add(t->slots, key, &added);

	if (slot == TABLE_NONE) {
		(void)evict(t);
		slot = table_add(t->slots, key, &added);
		assert(slot != TABLE_NONE);
	}
	if (added) {
		t->windows[slot] = window_begin(time, subject_is_share(&key->subject));
		heap_set(t->leaving, slot, leaves_at(t, j, slot).us, 0);
		t->jails[key->jail].subjects += t->windows[slot].is_share ? 0 : 1;
	}
	return slot;
}

/* A node for the subject, which is not pushed out for its own sake. */
static uint32_t take_node(struct tracker *t, const struct jail *j, uint32_t slot)
{
	uint32_t number;

	while ((number = pool_take(&t->pool)) == NODE_NONE) {
		unrank(t, slot);
		if (!evict(t)) {
			window_drop_oldest(&t->pool, &t->windows[slot], j);
		}
	}
	return number;
}

static void mark_near(struct tracker *t, const struct jail *j, uint16_t index, struct window *s)
{
	bool near = !s->is_share && 2 * s->score >= j->threshold;

	if (near && !s->near) {
		t->jails[index].near++;
	} else if (!near && s->near) {
		t->jails[index].near--;
	}
	s->near = near;
}

uint32_t tracker_add(struct tracker *t, const struct jail *j, uint16_t index,
		     const struct subject *subject, const struct tracker_entry *entry)
{
	const struct key key = key_of(index, subject);
	struct window *s;
	int64_t before;
	uint32_t slot;

	assert(index < JAILS_MAX);
	slot = slot_for(t, j, &key, entry->time);
	s = &t->windows[slot];
	before = s->score;
	s->heard = ++t->heard;
	if (entry->time.us > s->newest.us) {
		s->newest = entry->time;
		window_prune(&t->pool, s, j);
	}
	if (entry->time.us > jail_horizon(j, s->newest).us) {
		window_enter(&t->pool, s, j, take_node(t, j, slot), entry);
	}
	rank(t, slot, before);
	mark_near(t, j, index, s);
	return slot;
}

uint32_t tracker_find(const struct tracker *t, uint16_t index, const struct subject *subject)
{
	const struct key key = key_of(index, subject);

	return table_find(t->slots, &key);
}

int64_t tracker_score(const struct tracker *t, uint32_t slot)
{
	return t->windows[slot].score;
}

instant tracker_newest(const struct tracker *t, uint32_t slot)
{
	return t->windows[slot].newest;
}

int64_t tracker_score_at(const struct tracker *t, const struct jail *j, uint32_t slot, instant at)
{
	return window_score_at(&t->pool, &t->windows[slot], j, at);
}

size_t tracker_entries(const struct tracker *t, const struct jail *j, uint32_t slot, instant at,
		       struct tracker_entry *out, size_t max)
{
	return window_entries(&t->pool, &t->windows[slot], j, at, out, max);
}

void tracker_forget(struct tracker *t, uint16_t index, const struct subject *subject)
{
	uint32_t slot = tracker_find(t, index, subject);

	if (slot != TABLE_NONE) {
		forget(t, slot);
	}
}

bool tracker_withdraw(struct tracker *t, const struct jail *j, uint32_t slot,
		      const struct tracker_match *match)
{
	struct window *s = &t->windows[slot];
	int64_t before = s->score;
	bool had_points = window_withdraw(&t->pool, s, j, match);

	rank(t, slot, before);
	mark_near(t, j, key_at(t, slot)->jail, s);
	return had_points;
}

void tracker_forget_inside(struct tracker *t, const struct jail *jails, const struct prefix *inside,
			   tag address, uint16_t only)
{
	const struct tracker_match match = {
		.address = address,
		.type = NAMES_NONE,
		.from = { .us = INT64_MIN },
		.to = INSTANT_NEVER,
	};

	for (uint32_t slot = 0; slot < table_bound(t->slots); slot++) {
		const struct key *key = key_at(t, slot);
		bool account = key && subject_is_account(&key->subject);

		if (!key || (only != TRACKER_ALL_JAILS && key->jail != only)) {
			continue;
		}
		if (account ? inside->len == 0 : prefix_contains(inside, &key->subject.prefix)) {
			forget(t, slot);
		} else if (address != 0 &&
			   (account || prefix_contains(&key->subject.prefix, inside))) {
			(void)tracker_withdraw(t, &jails[key->jail], slot, &match);
		}
	}
}

bool tracker_tick(struct tracker *t, const struct jail *jails, instant now, size_t max)
{
	for (size_t done = 0; done < max; done++) {
		uint32_t slot = heap_top(t->leaving);
		instant leaves;

		if (slot == HEAP_NONE || heap_major(t->leaving, slot) > now.us) {
			return false;
		}
		leaves = leaves_at(t, &jails[key_at(t, slot)->jail], slot);
		if (leaves.us > now.us) {
			heap_set(t->leaving, slot, leaves.us, 0);
		} else {
			forget(t, slot);
		}
	}
	return true;
}

size_t tracker_bytes(uint32_t events)
{
	/* Its place in the table and in both heaps: slot numbers, keys and places. */
	size_t places = 2 * sizeof(uint32_t) + 2 * (sizeof(int64_t) + 2 * sizeof(uint32_t));

	return sizeof(struct window) + sizeof(struct key) + places + events * NODE_SIZE;
}

uint32_t tracker_count(const struct tracker *t)
{
	return table_count(t->slots);
}

void tracker_count_jail(const struct tracker *t, uint16_t index, uint32_t *ret_subjects,
			uint32_t *ret_near)
{
	*ret_subjects = t->jails[index].subjects;
	*ret_near = t->jails[index].near;
}

uint64_t tracker_evicted(const struct tracker *t)
{
	return t->evicted;
}
