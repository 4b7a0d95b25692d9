/* SPDX-License-Identifier: MIT */
#pragma once
/* unwritten.h - what could the database not take in yet?
 *
 * Copies of batches, of settings and positions (the latest of each), and of what unbans said, in
 * the order in which they came. Bounded: beyond UNWRITTEN_EVENTS rows, or half of UNWRITTEN_BYTES,
 * an event is added to the count of the row of the same address, type, service, filter, source,
 * account and minute; beyond twice that, to the latest row of the same but account and minute. Only
 * an event that has no such row is lost then, and a decision for which there are no bytes left;
 * both are counted. Embedded; allocates; touches nothing outside. */
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/position.h"
#include "engine/batch.h"

enum { UNWRITTEN_EVENTS = 100000, UNWRITTEN_BYTES = 64 * 1024 * 1024 };

/* What an unban said: the events inside the prefix that are there count no more. */
struct ignored {
	struct prefix prefix;
	struct str jail; /* empty: in no jail */
};

/* One of the three, else NULL. */
struct unwritten_item {
	struct counted *event;
	struct decision *decision;
	struct ignored *ignored;
};

/* A setting, or the position of a path. */
struct unwritten_note {
	struct buf key, value;
	bool is_setting;
	struct position position;
};

struct unwritten_counts {
	uint64_t events, decisions; /* that came */
	uint64_t folded;            /* events that have no row of their own */
	uint64_t lost_events, lost_decisions;
};

struct unwritten {
	struct arena *arena; /* NULL: nothing was added */
	struct unwritten_item *items;
	size_t n_items, items_cap;
	struct unwritten_note *notes;
	size_t n_notes, notes_cap;
	struct counted **index; /* the latest row of each kind, once there are many; NULL */
	size_t rows, limit;
	struct unwritten_counts counts;
};

void unwritten_init(struct unwritten *u);
void unwritten_clear(struct unwritten *u);
bool unwritten_is_empty(const struct unwritten *u);
/* Copies the batch. */
void unwritten_add(struct unwritten *u, const struct batch *batch);
/* Copies an unban, after all that was added before it. False: no memory. */
bool unwritten_ignore(struct unwritten *u, const struct ignored *ignored);
/* What was said of the key; NULL: nothing. */
const struct unwritten_note *unwritten_find(const struct unwritten *u, struct str key,
					    bool is_setting);
/* Copies what holds of the key from now on, in the place of what was said of it before. False: no
 * memory. */
bool unwritten_set(struct unwritten *u, struct str key, struct str value);
bool unwritten_position(struct unwritten *u, struct str path, const struct position *position);
