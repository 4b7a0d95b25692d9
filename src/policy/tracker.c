/* SPDX-License-Identifier: MIT */
/* tracker.c - how bad has each subject been lately?
 *
 * A hash table gives each (jail, subject) a slot; the slot's record holds the running score and
 * both ends of a list of nodes, oldest first, which lie in one pool that all subjects share. An
 * event in order is hung at the newest end, a late one is walked to its place from there, and
 * whatever its coming pushes out of the window is taken off the oldest end: each event comes and
 * goes once. Nodes keep type and count rather than points; the score is only a cache of what the
 * jail's multipliers make of them.
 *
 * A multiplier `ban` brings no points. Such events are held beside the `kept` that can matter, the
 * newest TRACKER_UNSCORED_MAX of them, so that a decision can name them and they push out nothing
 * that counts.
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

#define NODE_NONE UINT32_MAX

struct node {
	instant time;
	uint64_t event;
	uint32_t older, newer; /* a free node: `newer` is the next free one */
	uint16_t type, count;
};

_Static_assert(sizeof(struct node) <= 32, "millions of these");

struct subject {
	instant newest; /* the latest event time */
	instant oldest; /* no node is older: only behind it has the window anything to lose */
	int64_t score;
	uint64_t heard;       /* turn of the latest arrival */
	uint32_t first, last; /* nodes, oldest and newest */
	uint32_t scored;      /* nodes that bring points */
	uint8_t unscored;     /* nodes of a `ban` multiplier */
	bool ranked;          /* is in `weakest` */
	bool risen;           /* its key there is too low */
	bool near;            /* at or above half of the threshold */
};

struct key {
	uint16_t jail;
	struct prefix subject;
};

_Static_assert(sizeof(struct key) == 20, "hashed as bytes");

struct tracker {
	struct table *slots;
	struct subject *subjects;
	struct node *nodes;
	uint32_t max_nodes, new_nodes; /* nodes from new_nodes on were never used */
	uint32_t free_nodes;           /* the first of those given back */
	struct heap *weakest;          /* by (score, heard) */
	struct heap *leaving;          /* by the time at which the newest event leaves the window */
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
	t->subjects = calloc(subjects, sizeof(*t->subjects));
	t->nodes = calloc(entries, sizeof(*t->nodes));
	if (!t->subjects || !t->nodes) {
		return -ENOMEM;
	}
	t->max_nodes = entries;
	t->free_nodes = NODE_NONE;
	*ret = TAKE(t);
	return 0;
}

struct tracker *tracker_free(struct tracker *t)
{
	if (t) {
		table_free(t->slots);
		heap_free(t->weakest);
		heap_free(t->leaving);
		free(t->subjects);
		free(t->nodes);
		free(t);
	}
	return NULL;
}

static struct key key_of(uint16_t jail, const struct prefix *subject)
{
	return (struct key){ .jail = jail, .subject = *subject };
}

static const struct key *key_at(const struct tracker *t, uint32_t slot)
{
	return table_key(t->slots, slot);
}

static void forget(struct tracker *t, uint32_t slot)
{
	struct subject *s = &t->subjects[slot];
	uint16_t jail = key_at(t, slot)->jail;

	if (s->last != NODE_NONE) {
		t->nodes[s->last].newer = t->free_nodes;
		t->free_nodes = s->first;
	}
	t->jails[jail].subjects--;
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
		struct subject *s;

		if (slot == HEAP_NONE) {
			return false;
		}
		s = &t->subjects[slot];
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
	struct subject *s = &t->subjects[slot];

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
	t->subjects[slot].ranked = false;
}

static instant leaves_at(const struct tracker *t, const struct jail *j, uint32_t slot)
{
	return instant_add(t->subjects[slot].newest, j->window);
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
		t->subjects[slot] = (struct subject){
			.newest = time,
			.oldest = time,
			.first = NODE_NONE,
			.last = NODE_NONE,
		};
		heap_set(t->leaving, slot, leaves_at(t, j, slot).us, 0);
		t->jails[key->jail].subjects++;
	}
	return slot;
}

/* What the node adds to the score; 0: a `ban` multiplier, or a type that no longer counts. */
static int64_t node_points(const struct jail *j, uint16_t type, uint16_t count)
{
	points p = jail_points(j, type);

	return p > 0 ? (int64_t)p * count : 0;
}

static void hang(struct tracker *t, struct subject *s, uint32_t number)
{
	struct node *n = &t->nodes[number];
	uint32_t newer = NODE_NONE, older = s->last;

	while (n->time.us < s->newest.us && older != NODE_NONE &&
	       t->nodes[older].time.us > n->time.us) {
		newer = older;
		older = t->nodes[older].older;
	}
	n->older = older;
	n->newer = newer;
	s->oldest = instant_min(s->oldest, n->time);
	*(older != NODE_NONE ? &t->nodes[older].newer : &s->first) = number;
	*(newer != NODE_NONE ? &t->nodes[newer].older : &s->last) = number;
}

static void drop(struct tracker *t, struct subject *s, const struct jail *j, uint32_t number)
{
	struct node *n = &t->nodes[number];
	int64_t p = node_points(j, n->type, n->count);

	*(n->older != NODE_NONE ? &t->nodes[n->older].newer : &s->first) = n->newer;
	*(n->newer != NODE_NONE ? &t->nodes[n->newer].older : &s->last) = n->older;
	s->score -= p;
	if (p > 0) {
		s->scored--;
	} else {
		s->unscored--;
	}
	n->newer = t->free_nodes;
	t->free_nodes = number;
}

static void prune(struct tracker *t, struct subject *s, const struct jail *j)
{
	instant horizon = jail_horizon(j, s->newest);

	if (s->oldest.us > horizon.us) {
		return;
	}
	while (s->first != NODE_NONE && t->nodes[s->first].time.us <= horizon.us) {
		drop(t, s, j, s->first);
	}
	s->oldest = s->first != NODE_NONE ? t->nodes[s->first].time : s->newest;
}

/* Lets go of what is older than the events that can matter. More than that many reach the
 * threshold, so below it there is nothing to do. */
static void trim(struct tracker *t, struct subject *s, const struct jail *j)
{
	if (s->score > j->threshold) {
		uint32_t kept = jail_kept_events(j);

		while (s->scored > kept) {
			drop(t, s, j, s->first);
		}
	}
	if (s->unscored > TRACKER_UNSCORED_MAX) {
		uint32_t n = s->first;

		while (node_points(j, t->nodes[n].type, t->nodes[n].count) > 0) {
			n = t->nodes[n].newer;
		}
		drop(t, s, j, n);
	}
}

/* A node for the subject, which is not pushed out for its own sake. */
static uint32_t take_node(struct tracker *t, const struct jail *j, uint32_t slot)
{
	struct subject *s = &t->subjects[slot];
	uint32_t number;

	if (t->free_nodes == NODE_NONE && t->new_nodes == t->max_nodes) {
		unrank(t, slot);
		if (!evict(t)) {
			drop(t, s, j, s->first);
		}
	}
	if (t->free_nodes == NODE_NONE) {
		return t->new_nodes++;
	}
	number = t->free_nodes;
	t->free_nodes = t->nodes[number].newer;
	return number;
}

static void enter(struct tracker *t, const struct jail *j, uint32_t slot,
		  const struct tracker_entry *entry)
{
	struct subject *s = &t->subjects[slot];
	int64_t p = node_points(j, entry->type, entry->count);
	uint32_t number = take_node(t, j, slot);

	t->nodes[number].time = entry->time;
	t->nodes[number].event = entry->event;
	t->nodes[number].type = entry->type;
	t->nodes[number].count = entry->count;
	hang(t, s, number);
	s->score += p;
	if (p > 0) {
		s->scored++;
	} else {
		s->unscored++;
	}
	trim(t, s, j);
}

static void mark_near(struct tracker *t, const struct jail *j, uint16_t index, struct subject *s)
{
	bool near = 2 * s->score >= j->threshold;

	if (near && !s->near) {
		t->jails[index].near++;
	} else if (!near && s->near) {
		t->jails[index].near--;
	}
	s->near = near;
}

uint32_t tracker_add(struct tracker *t, const struct jail *j, uint16_t index,
		     const struct prefix *subject, const struct tracker_entry *entry)
{
	const struct key key = key_of(index, subject);
	struct subject *s;
	int64_t before;
	uint32_t slot;

	assert(index < JAILS_MAX);
	slot = slot_for(t, j, &key, entry->time);
	s = &t->subjects[slot];
	before = s->score;
	s->heard = ++t->heard;
	if (entry->time.us > s->newest.us) {
		s->newest = entry->time;
		prune(t, s, j);
	}
	if (entry->time.us > jail_horizon(j, s->newest).us) {
		enter(t, j, slot, entry);
	}
	rank(t, slot, before);
	mark_near(t, j, index, s);
	return slot;
}

uint32_t tracker_find(const struct tracker *t, uint16_t index, const struct prefix *subject)
{
	const struct key key = key_of(index, subject);

	return table_find(t->slots, &key);
}

int64_t tracker_score(const struct tracker *t, uint32_t slot)
{
	return t->subjects[slot].score;
}

instant tracker_newest(const struct tracker *t, uint32_t slot)
{
	return t->subjects[slot].newest;
}

static bool is_within(const struct jail *j, instant time, instant at)
{
	return time.us <= at.us && time.us > jail_horizon(j, at).us;
}

int64_t tracker_score_at(const struct tracker *t, const struct jail *j, uint32_t slot, instant at)
{
	int64_t score = 0;

	for (uint32_t i = t->subjects[slot].first; i != NODE_NONE; i = t->nodes[i].newer) {
		const struct node *n = &t->nodes[i];

		score += is_within(j, n->time, at) ? node_points(j, n->type, n->count) : 0;
	}
	return score;
}

size_t tracker_entries(const struct tracker *t, const struct jail *j, uint32_t slot, instant at,
		       struct tracker_entry *out, size_t max)
{
	const struct subject *s = &t->subjects[slot];
	size_t total = 0, left;

	for (uint32_t i = s->first; i != NODE_NONE; i = t->nodes[i].newer) {
		total += is_within(j, t->nodes[i].time, at) ? 1 : 0;
	}
	left = total;
	for (uint32_t i = s->first; i != NODE_NONE; i = t->nodes[i].newer) {
		const struct node *n = &t->nodes[i];

		if (!is_within(j, n->time, at) || left-- > max) {
			continue;
		}
		*out++ = (struct tracker_entry){
			.time = n->time,
			.event = n->event,
			.type = n->type,
			.count = n->count,
		};
	}
	return total;
}

void tracker_forget(struct tracker *t, uint16_t index, const struct prefix *subject)
{
	uint32_t slot = tracker_find(t, index, subject);

	if (slot != TABLE_NONE) {
		forget(t, slot);
	}
}

void tracker_forget_inside(struct tracker *t, const struct prefix *inside, uint16_t only)
{
	for (uint32_t slot = 0; slot < table_bound(t->slots); slot++) {
		const struct key *key = key_at(t, slot);

		if (key && (only == TRACKER_ALL_JAILS || key->jail == only) &&
		    prefix_contains(inside, &key->subject)) {
			forget(t, slot);
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

	return sizeof(struct subject) + sizeof(struct key) + places + events * sizeof(struct node);
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
