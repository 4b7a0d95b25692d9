/* SPDX-License-Identifier: MIT */
#pragma once
/* outbox.h - what has come about since the last take?
 *
 * Collects counted events, decisions, their evidence and all their texts in arrays of fixed size,
 * taken by outbox_init(). Only outbox_reserve() takes more, for an order that lifts many bans; the
 * next batch gives it back. Whoever adds has asked for room before: adding without room is a bug.
 * What was taken stays until the first add or reserve after the take. Pure. */
#include "engine/batch.h"

/* How much of each. */
struct outbox_room {
	size_t events, decisions, evidence, texts;
};

struct outbox {
	struct counted *events;
	struct decision *decisions,
		*more; /* `more` stands in for `decisions` when it is not NULL */
	struct evidence *evidence;
	char *texts;
	struct outbox_room room, used;
	size_t n_more;   /* room in `more` */
	uint32_t *folds; /* rows of a flood, by what makes them the same */
	size_t parted;   /* rows before this one are counted no further */
	bool taken;
};

/* Bytes of text that one event may bring at most. */
enum { OUTBOX_EVENT_TEXTS = EVENT_TEXT_KEPT + 3 * EVENT_ACCOUNT_KEPT };

/* A flood begins with so many events since the last take. */
enum { OUTBOX_FLOOD = 256 };

/* -ENOMEM. */
NODISCARD int outbox_init(struct outbox *o, const struct outbox_room *room);
void outbox_done(struct outbox *o);
/* Forgets what was taken. To be called at the start of whatever adds. */
void outbox_begin(struct outbox *o);
bool outbox_is_empty(const struct outbox *o);
/* Would all of this fit? */
bool outbox_has(const struct outbox *o, const struct outbox_room *room);
/* Is more than half of some room in use? */
bool outbox_is_half_full(const struct outbox *o);
/* Decisions that still fit. */
size_t outbox_decisions_left(const struct outbox *o);
/* Makes room for n decisions in a box without any. -ENOMEM. */
NODISCARD int outbox_reserve(struct outbox *o, size_t n);
/* Copies the event with its texts, cut to what is kept. */
void outbox_event(struct outbox *o, uint64_t id, const struct event *event);
/* In a flood: counts the event in the row of one of the same second that says the same, and returns
 * the id of that. 0: it needs a row of its own. */
uint64_t outbox_fold(struct outbox *o, const struct event *event);
/* What comes is not counted in rows that stand there: something happened in between. */
void outbox_part(struct outbox *o);
/* Copies the decision, and its evidence; its texts must be in the box already. */
void outbox_decision(struct outbox *o, const struct decision *decision);
/* Copies a text, cut to `max` bytes. */
struct str outbox_text(struct outbox *o, struct str text, size_t max);
/* The decisions collected so far; *ret_n: how many. */
struct decision *outbox_decisions(struct outbox *o, size_t *ret_n);
struct batch outbox_take(struct outbox *o);
