/* SPDX-License-Identifier: MIT */
/* bans.c - who is banned, by which jail, until when?
 *
 * Entries lie in an array by the slots of a hash table over (jail, prefix, scope). Running ones
 * that end are in a heap by (until, id), ended ones in another by the time at which they may be
 * dropped: there `until` is the first, too early guess, put right when it reaches the top, for only
 * the sweep knows the windows.
 *
 * Enforced, running entries are hung in one list per prefix, found by a second hash table, whatever
 * their jails and scopes are. It answers what the kernel should hold for a prefix, and with a count
 * of prefixes per length, which ban covers an address: one look-up per length in use. The lists are
 * short: jails times scopes bound them. */
#include "policy/bans.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"

enum { LENGTHS = 129, KINDS = DECISION_OBSERVED + 1 };

#define SLOT_NONE UINT32_MAX

struct key {
	uint16_t jail, scope;
	struct prefix prefix;
};

_Static_assert(sizeof(struct key) == 22, "hashed as bytes");

/* Neighbours in the list of a prefix. */
struct link {
	uint32_t previous, next;
};

/* What the texts of a ban point to; most bans have none. */
struct notes {
	char *by, *reason;
};

struct bans {
	struct table *slots;
	struct ban *bans;
	struct notes *notes;
	struct link *links;
	struct table *prefixes;
	uint32_t *firsts; /* by slot in `prefixes` */
	struct heap *running, *ended;
	uint32_t capacity;
	uint32_t lengths[2][LENGTHS];
	uint32_t counts[KINDS];
	uint32_t jails[JAILS_MAX + 1]; /* the last is by hand */
};

static int take_tables(struct bans *b, const uint8_t seed[static TABLE_SEED_SIZE])
{
	int r = table_new(b->capacity, sizeof(struct key), seed, &b->slots);

	if (r < 0) {
		return r;
	}
	r = table_new(b->capacity, sizeof(struct prefix), seed, &b->prefixes);
	if (r < 0) {
		return r;
	}
	r = heap_new(b->capacity, &b->running);
	if (r < 0) {
		return r;
	}
	return heap_new(b->capacity, &b->ended);
}

int bans_new(uint32_t capacity, const uint8_t seed[static TABLE_SEED_SIZE], struct bans **ret)
{
	CLEANUP(bans_freep) struct bans *b = calloc(1, sizeof(*b));
	int r;

	if (!b) {
		return -ENOMEM;
	}
	b->capacity = capacity;
	r = take_tables(b, seed);
	if (r < 0) {
		return r;
	}
	b->bans = calloc(capacity, sizeof(*b->bans));
	b->links = calloc(capacity, sizeof(*b->links));
	b->firsts = calloc(capacity, sizeof(*b->firsts));
	b->notes = calloc(capacity, sizeof(*b->notes));
	if (!b->bans || !b->links || !b->firsts || !b->notes) {
		return -ENOMEM;
	}
	*ret = TAKE(b);
	return 0;
}

static void free_notes(struct notes *n)
{
	free(n->by);
	free(n->reason);
	*n = (struct notes){ 0 };
}

struct bans *bans_free(struct bans *b)
{
	if (b) {
		for (uint32_t slot = 0; b->notes && slot < table_bound(b->slots); slot++) {
			free_notes(&b->notes[slot]);
		}
		free(b->notes);
		table_free(b->slots);
		table_free(b->prefixes);
		heap_free(b->running);
		heap_free(b->ended);
		free(b->bans);
		free(b->links);
		free(b->firsts);
		free(b);
	}
	return NULL;
}

static uint32_t slot_of(const struct bans *b, const struct ban *ban)
{
	return (uint32_t)(ban - b->bans);
}

static uint32_t *jail_counter(struct bans *b, uint16_t jail)
{
	return &b->jails[jail < JAILS_MAX ? jail : JAILS_MAX];
}

static uint32_t *length_counter(struct bans *b, const struct prefix *p)
{
	return &b->lengths[p->addr.family == 6][p->len];
}

static void hang(struct bans *b, uint32_t slot)
{
	const struct prefix *prefix = &b->bans[slot].prefix;
	bool added;
	uint32_t list = table_add(b->prefixes, prefix, &added);

	assert(list != TABLE_NONE);
	if (added) {
		b->firsts[list] = SLOT_NONE;
		(*length_counter(b, prefix))++;
	}
	b->links[slot] = (struct link){ .previous = SLOT_NONE, .next = b->firsts[list] };
	if (b->firsts[list] != SLOT_NONE) {
		b->links[b->firsts[list]].previous = slot;
	}
	b->firsts[list] = slot;
}

static void unhang(struct bans *b, uint32_t slot)
{
	const struct prefix *prefix = &b->bans[slot].prefix;
	const struct link link = b->links[slot];
	uint32_t list;

	if (link.next != SLOT_NONE) {
		b->links[link.next].previous = link.previous;
	}
	if (link.previous != SLOT_NONE) {
		b->links[link.previous].next = link.next;
		return;
	}
	list = table_find(b->prefixes, prefix);
	b->firsts[list] = link.next;
	if (link.next == SLOT_NONE) {
		table_remove(b->prefixes, list);
		(*length_counter(b, prefix))--;
	}
}

static void start(struct bans *b, uint32_t slot)
{
	const struct ban *ban = &b->bans[slot];

	b->counts[ban->kind]++;
	if (!instant_is_never(ban->until)) {
		heap_set(b->running, slot, ban->until.us, ban->id);
	}
	if (ban->kind == DECISION_BAN) {
		(*jail_counter(b, ban->jail))++;
		hang(b, slot);
	}
}

static void stop(struct bans *b, uint32_t slot)
{
	const struct ban *ban = &b->bans[slot];

	b->counts[ban->kind]--;
	heap_remove(b->running, slot);
	if (ban->kind == DECISION_BAN) {
		(*jail_counter(b, ban->jail))--;
		unhang(b, slot);
	}
}

/* Takes the entry out of all but the table of slots. */
static void clear(struct bans *b, uint32_t slot)
{
	if (b->bans[slot].ended) {
		heap_remove(b->ended, slot);
	} else {
		stop(b, slot);
	}
	free_notes(&b->notes[slot]);
}

static int copy_notes(const struct ban *from, struct notes *to)
{
	to->by = from->by ? strdup(from->by) : NULL;
	to->reason = from->reason ? strdup(from->reason) : NULL;
	if ((from->by && !to->by) || (from->reason && !to->reason)) {
		free_notes(to);
		return -ENOMEM;
	}
	return 0;
}

const struct ban *bans_put(struct bans *b, const struct ban *ban)
{
	const struct key key = { .jail = ban->jail, .scope = ban->scope, .prefix = ban->prefix };
	struct ban copy = *ban;
	struct notes notes = { 0 };
	uint32_t slot;
	bool added;

	assert(ban->kind != DECISION_LIFT);
	if (copy_notes(ban, &notes) < 0) {
		return NULL;
	}
	slot = table_add(b->slots, &key, &added);
	if (slot == TABLE_NONE) {
		free_notes(&notes);
		return NULL;
	}
	if (!added) {
		clear(b, slot);
	}
	copy.by = notes.by;
	copy.reason = notes.reason;
	b->bans[slot] = copy;
	b->notes[slot] = notes;
	if (copy.ended) {
		heap_set(b->ended, slot, copy.until.us, copy.id);
	} else {
		start(b, slot);
	}
	return &b->bans[slot];
}

const struct ban *bans_find(const struct bans *b, uint16_t jail, const struct prefix *prefix,
			    uint16_t scope)
{
	const struct key key = { .jail = jail, .scope = scope, .prefix = *prefix };
	uint32_t slot = table_count(b->slots) > 0 ? table_find(b->slots, &key) : TABLE_NONE;

	return slot != TABLE_NONE ? &b->bans[slot] : NULL;
}

void bans_end(struct bans *b, const struct ban *ban)
{
	uint32_t slot = slot_of(b, ban);

	assert(!ban->ended);
	stop(b, slot);
	b->bans[slot].ended = true;
	heap_set(b->ended, slot, ban->until.us, ban->id);
}

void bans_move(struct bans *b, instant was, duration by)
{
	for (uint32_t slot = 0; slot < table_bound(b->slots); slot++) {
		struct ban *ban = &b->bans[slot];

		if (heap_has(b->running, slot) && ban->until.us > was.us) {
			ban->since = instant_add(ban->since, by);
			ban->until = instant_add(ban->until, by);
			heap_set(b->running, slot, ban->until.us, ban->id);
		}
	}
}

void bans_drop(struct bans *b, const struct ban *ban)
{
	uint32_t slot = slot_of(b, ban);

	clear(b, slot);
	table_remove(b->slots, slot);
}

uint32_t bans_entries(const struct bans *b)
{
	return table_count(b->slots);
}

uint32_t bans_capacity(const struct bans *b)
{
	return b->capacity;
}

bool bans_is_full(const struct bans *b)
{
	return table_count(b->slots) == b->capacity;
}

bool bans_wish(const struct bans *b, const struct prefix *prefix, uint16_t scope,
	       instant *ret_until)
{
	uint32_t list = table_find(b->prefixes, prefix);
	bool found = false;
	instant until = { .us = INT64_MIN };

	for (uint32_t i = list != TABLE_NONE ? b->firsts[list] : SLOT_NONE; i != SLOT_NONE;
	     i = b->links[i].next) {
		if (b->bans[i].scope == scope) {
			until = instant_max(until, b->bans[i].until);
			found = true;
		}
	}
	if (found) {
		*ret_until = until;
	}
	return found;
}

static const struct ban *last_to_end(const struct bans *b, uint32_t list)
{
	const struct ban *found = &b->bans[b->firsts[list]];

	for (uint32_t i = b->firsts[list]; i != SLOT_NONE; i = b->links[i].next) {
		if (b->bans[i].until.us > found->until.us) {
			found = &b->bans[i];
		}
	}
	return found;
}

const struct ban *bans_covering(const struct bans *b, const struct prefix *p)
{
	for (unsigned len = p->len + 1U; len-- > 0;) {
		struct prefix outer;
		uint32_t list;

		if (b->lengths[p->addr.family == 6][len] == 0) {
			continue;
		}
		outer = prefix_of(&p->addr, (uint8_t)len);
		list = table_find(b->prefixes, &outer);
		if (list != TABLE_NONE) {
			return last_to_end(b, list);
		}
	}
	return NULL;
}

const struct ban *bans_on(const struct bans *b, const struct prefix *p, const struct ban *previous)
{
	uint32_t next = SLOT_NONE;

	if (previous) {
		next = b->links[slot_of(b, previous)].next;
	} else if (b->lengths[p->addr.family == 6][p->len] > 0) {
		uint32_t list = table_find(b->prefixes, p);

		next = list != TABLE_NONE ? b->firsts[list] : SLOT_NONE;
	}
	return next != SLOT_NONE ? &b->bans[next] : NULL;
}

const struct ban *bans_around(const struct bans *b, const struct prefix *p,
			      const struct ban *previous)
{
	unsigned len = 0;

	if (previous) {
		const struct ban *next = bans_on(b, &previous->prefix, previous);

		if (next) {
			return next;
		}
		len = previous->prefix.len + 1U;
	}
	for (; len < p->len; len++) {
		struct prefix outer;
		const struct ban *first;

		if (b->lengths[p->addr.family == 6][len] == 0) {
			continue;
		}
		outer = prefix_of(&p->addr, (uint8_t)len);
		first = bans_on(b, &outer, NULL);
		if (first) {
			return first;
		}
	}
	return NULL;
}

const struct ban *bans_next_end(const struct bans *b)
{
	uint32_t slot = heap_top(b->running);

	return slot != HEAP_NONE ? &b->bans[slot] : NULL;
}

bool bans_sweep(struct bans *b, const struct jail *jails, instant now, size_t max)
{
	for (size_t done = 0; done < max; done++) {
		uint32_t slot = heap_top(b->ended);
		const struct ban *ban;
		instant over;

		if (slot == HEAP_NONE || heap_major(b->ended, slot) > now.us) {
			return false;
		}
		ban = &b->bans[slot];
		over = ban->until;
		if (ban->jail != JAIL_BY_HAND) {
			over = instant_add(over, jails[ban->jail].window);
		}
		if (over.us > now.us) {
			heap_set(b->ended, slot, over.us, ban->id);
		} else {
			bans_drop(b, ban);
		}
	}
	return true;
}

const struct ban *bans_each(const struct bans *b, uint32_t *cursor)
{
	while (*cursor < table_bound(b->slots)) {
		uint32_t slot = (*cursor)++;

		if (table_key(b->slots, slot)) {
			return &b->bans[slot];
		}
	}
	return NULL;
}

uint32_t bans_count(const struct bans *b, enum decision_kind kind)
{
	return b->counts[kind];
}

uint32_t bans_count_jail(const struct bans *b, uint16_t jail)
{
	return b->jails[jail < JAILS_MAX ? jail : JAILS_MAX];
}

struct decision bans_decision(const struct ban *ban)
{
	return (struct decision){
		.kind = ban->kind,
		.because = ban->because,
		.action = ban->action,
		.ban = ban->id,
		.time = ban->since,
		.until = ban->until,
		.prefix = ban->prefix,
		.jail = ban->jail,
		.scope = ban->scope,
		.type = ban->type,
		.service = ban->service,
		.threshold = ban->threshold,
		.score = ban->score,
	};
}
