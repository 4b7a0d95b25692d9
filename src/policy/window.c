/* SPDX-License-Identifier: MIT */
/* window.c - what did one subject do lately, and what is its score?
 *
 * An event in order is hung at the newest end, a late one is walked to its place from there, and
 * whatever its coming pushes out of the window is taken off the oldest end: each event comes and
 * goes once. Nodes keep type and count rather than points; the score is only a cache of what the
 * jail's multipliers make of them.
 *
 * A multiplier `ban` brings no points. Such events are held beside the `kept` that can matter, the
 * newest TRACKER_UNSCORED_MAX of them, so that a decision can name them and they push out nothing
 * that counts.
 *
 * With `distinct` a node goes when a later one of the same value brings as many points. What is
 * left of a value is a stair: from its oldest node to its newest the points fall, and the oldest is
 * what the value brings. Finding the nodes of a value is a walk over the window; DISTINCT_MAX
 * bounds it. */
#include "policy/window.h"

#include <errno.h>
#include <stdlib.h>

#include "base/names.h"

#define SMALL_BITS (64 - TAG_BITS)
#define SMALL_MASK ((1U << SMALL_BITS) - 1U)

struct node {
	instant time;
	uint64_t event;
	uint32_t older, newer; /* a free node: `newer` is the next free one */
	uint64_t address : TAG_BITS;
	uint64_t type : SMALL_BITS;
	uint64_t account : TAG_BITS;
	uint64_t count : SMALL_BITS;
};

_Static_assert(sizeof(struct node) == NODE_SIZE, "millions of these");
_Static_assert(NAMES_MAX <= 1 << SMALL_BITS, "types");
_Static_assert(EVENT_COUNT_MAX < 1 << SMALL_BITS, "counts");

int pool_init(struct pool *p, uint32_t entries)
{
	*p = (struct pool){
		.nodes = calloc(entries, sizeof(*p->nodes)),
		.max = entries,
		.free = NODE_NONE,
	};
	return p->nodes ? 0 : -ENOMEM;
}

void pool_done(struct pool *p)
{
	free(p->nodes);
	p->nodes = NULL;
}

uint32_t pool_take(struct pool *p)
{
	uint32_t number = p->free;

	if (number != NODE_NONE) {
		p->free = p->nodes[number].newer;
		return number;
	}
	return p->fresh < p->max ? p->fresh++ : NODE_NONE;
}

struct window window_begin(instant time, bool is_share)
{
	return (struct window){
		.newest = time,
		.oldest = time,
		.first = NODE_NONE,
		.last = NODE_NONE,
		.is_share = is_share,
	};
}

void window_clear(struct pool *p, struct window *w)
{
	if (w->last != NODE_NONE) {
		p->nodes[w->last].newer = p->free;
		p->free = w->first;
	}
}

/* What the node brings on its own; 0: a `ban` multiplier, or a type that no longer counts. */
static int64_t node_worth(const struct jail *j, const struct window *w, const struct node *n)
{
	return w->is_share ? (int64_t)n->count : jail_worth(j, n->type, n->count);
}

static int64_t goal(const struct jail *j, const struct window *w)
{
	return w->is_share ? jail_share(j) : j->threshold;
}

static bool is_distinct(const struct jail *j, const struct window *w)
{
	return j->distinct != DISTINCT_NONE && !w->is_share;
}

/* Do both stand for the same, of what counts once? */
static bool is_same_value(const struct jail *j, const struct node *a, const struct node *b)
{
	return j->distinct == DISTINCT_ADDRESS ? a->address == b->address
					       : a->account == b->account;
}

/* What all nodes of this one's value bring: its oldest, for later ones are held only while they
 * bring less. */
static int64_t value_worth(const struct pool *p, const struct jail *j, const struct window *w,
			   const struct node *like)
{
	for (uint32_t i = w->first; i != NODE_NONE; i = p->nodes[i].newer) {
		const struct node *n = &p->nodes[i];
		int64_t worth = node_worth(j, w, n);

		if (worth > 0 && is_same_value(j, n, like)) {
			return worth;
		}
	}
	return 0;
}

static void hang(struct pool *p, struct window *w, uint32_t number)
{
	struct node *n = &p->nodes[number];
	uint32_t newer = NODE_NONE, older = w->last;

	while (n->time.us < w->newest.us && older != NODE_NONE &&
	       p->nodes[older].time.us > n->time.us) {
		newer = older;
		older = p->nodes[older].older;
	}
	n->older = older;
	n->newer = newer;
	w->oldest = instant_min(w->oldest, n->time);
	*(older != NODE_NONE ? &p->nodes[older].newer : &w->first) = number;
	*(newer != NODE_NONE ? &p->nodes[newer].older : &w->last) = number;
}

static void unhang(struct pool *p, struct window *w, const struct jail *j, uint32_t number)
{
	struct node *n = &p->nodes[number];

	*(n->older != NODE_NONE ? &p->nodes[n->older].newer : &w->first) = n->newer;
	*(n->newer != NODE_NONE ? &p->nodes[n->newer].older : &w->last) = n->older;
	if (node_worth(j, w, n) > 0) {
		w->scored--;
	} else {
		w->unscored--;
	}
	n->newer = p->free;
	p->free = number;
}

static void drop(struct pool *p, struct window *w, const struct jail *j, uint32_t number)
{
	const struct node n = p->nodes[number];
	int64_t worth = node_worth(j, w, &n);

	if (worth > 0 && is_distinct(j, w)) {
		w->score -= value_worth(p, j, w, &n);
		unhang(p, w, j, number);
		w->score += value_worth(p, j, w, &n);
	} else {
		w->score -= worth;
		unhang(p, w, j, number);
	}
}

/* The node that was hung stands for its value, or a later one does that brings as many points; and
 * it stands for those before it that bring no more. Returns what that adds to the score. */
static int64_t settle(struct pool *p, struct window *w, const struct jail *j, uint32_t number)
{
	const struct node n = p->nodes[number];
	int64_t worth = node_worth(j, w, &n), before = 0, after = 0;
	bool behind = false;
	uint32_t next;

	for (uint32_t i = w->first; i != NODE_NONE; i = next) {
		const struct node *other = &p->nodes[i];
		int64_t others = i != number ? node_worth(j, w, other) : worth;

		next = other->newer;
		if (others == 0 || !is_same_value(j, other, &n)) {
			continue;
		}
		before = before == 0 && i != number ? others : before;
		if (behind && others >= worth) {
			unhang(p, w, j, number);
			return 0;
		}
		if (i != number && !behind && others <= worth) {
			unhang(p, w, j, i);
			continue;
		}
		after = after == 0 ? others : after;
		behind = behind || i == number;
	}
	return after - before;
}

void window_prune(struct pool *p, struct window *w, const struct jail *j)
{
	instant horizon = jail_horizon(j, w->newest);

	if (w->oldest.us > horizon.us) {
		return;
	}
	while (w->first != NODE_NONE && p->nodes[w->first].time.us <= horizon.us) {
		drop(p, w, j, w->first);
	}
	w->oldest = w->first != NODE_NONE ? p->nodes[w->first].time : w->newest;
}

/* Lets go of what is older than the events that can matter. More than that many reach the
 * threshold, so below it there is nothing to do. */
static void trim(struct pool *p, struct window *w, const struct jail *j)
{
	if (w->score > goal(j, w)) {
		uint32_t kept = w->is_share ? jail_share(j) : jail_kept_events(j);

		while (w->scored > kept) {
			drop(p, w, j, w->first);
		}
	}
	if (w->unscored > TRACKER_UNSCORED_MAX) {
		uint32_t n = w->first;

		while (node_worth(j, w, &p->nodes[n]) > 0) {
			n = p->nodes[n].newer;
		}
		drop(p, w, j, n);
	}
}

static void score(struct pool *p, struct window *w, const struct jail *j, uint32_t number)
{
	int64_t worth = node_worth(j, w, &p->nodes[number]);

	hang(p, w, number);
	if (worth > 0) {
		w->scored++;
	} else {
		w->unscored++;
	}
	w->score += worth > 0 && is_distinct(j, w) ? settle(p, w, j, number) : worth;
}

void window_enter(struct pool *p, struct window *w, const struct jail *j, uint32_t number,
		  const struct tracker_entry *entry)
{
	struct node *n = &p->nodes[number];

	n->time = entry->time;
	n->event = entry->event;
	n->type = entry->type & SMALL_MASK;
	n->count = entry->count & SMALL_MASK;
	n->address = entry->address & TAG_MASK;
	n->account = entry->account & TAG_MASK;
	score(p, w, j, number);
	trim(p, w, j);
}

void window_drop_oldest(struct pool *p, struct window *w, const struct jail *j)
{
	drop(p, w, j, w->first);
}

static bool is_within(const struct jail *j, instant time, instant at)
{
	return time.us <= at.us && time.us > jail_horizon(j, at).us;
}

/* Is the node part of what makes up the score at `at`? With `distinct` that is a value's oldest. */
static bool counts_at(const struct pool *p, const struct jail *j, const struct window *w,
		      uint32_t number, instant at)
{
	const struct node *n = &p->nodes[number];

	if (!is_within(j, n->time, at)) {
		return false;
	}
	if (!is_distinct(j, w) || node_worth(j, w, n) == 0) {
		return true;
	}
	for (uint32_t i = n->older; i != NODE_NONE; i = p->nodes[i].older) {
		const struct node *older = &p->nodes[i];

		if (!is_within(j, older->time, at)) {
			break;
		}
		if (node_worth(j, w, older) > 0 && is_same_value(j, older, n)) {
			return false;
		}
	}
	return true;
}

int64_t window_score_at(const struct pool *p, const struct window *w, const struct jail *j,
			instant at)
{
	int64_t score = 0;

	for (uint32_t i = w->first; i != NODE_NONE; i = p->nodes[i].newer) {
		score += counts_at(p, j, w, i, at) ? node_worth(j, w, &p->nodes[i]) : 0;
	}
	return score;
}

size_t window_entries(const struct pool *p, const struct window *w, const struct jail *j,
		      instant at, struct tracker_entry *out, size_t max)
{
	size_t total = 0, left;

	for (uint32_t i = w->first; i != NODE_NONE; i = p->nodes[i].newer) {
		total += counts_at(p, j, w, i, at) ? 1 : 0;
	}
	left = total;
	for (uint32_t i = w->first; i != NODE_NONE; i = p->nodes[i].newer) {
		const struct node *n = &p->nodes[i];

		if (!counts_at(p, j, w, i, at) || left-- > max) {
			continue;
		}
		*out++ = (struct tracker_entry){
			.time = n->time,
			.event = n->event,
			.type = n->type,
			.count = n->count,
			.address = n->address,
			.account = n->account,
		};
	}
	return total;
}

static bool is_match(const struct node *n, const struct tracker_match *m)
{
	return (m->address == 0 || m->address == n->address) &&
	       (m->account == 0 || m->account == n->account) &&
	       (m->type == NAMES_NONE || m->type == n->type) && n->time.us >= m->from.us &&
	       n->time.us <= m->to.us;
}

bool window_withdraw(struct pool *p, struct window *w, const struct jail *j,
		     const struct tracker_match *match)
{
	uint32_t scored = w->scored, next;

	for (uint32_t i = w->first; i != NODE_NONE; i = next) {
		next = p->nodes[i].newer;
		if (is_match(&p->nodes[i], match)) {
			drop(p, w, j, i);
		}
	}
	return w->scored < scored;
}
