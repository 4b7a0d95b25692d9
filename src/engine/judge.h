/* SPDX-License-Identifier: MIT */
#pragma once
/* judge.h - what does this event mean for the jails that watch it?
 *
 * The state of the engine's policy and the steps that all its doors share: events, ticks, orders.
 * Embedded in the engine, which hands the ruleset in and keeps it. judge_init() allocates, nothing
 * else here does. Pure. */
#include "engine/outbox.h"
#include "engine/ruleset.h"
#include "engine/stats.h"
#include "policy/bans.h"
#include "policy/history.h"
#include "policy/never_block.h"
#include "policy/tracker.h"

struct judge {
	const struct ruleset *rules;
	struct tracker *tracker;
	struct bans *bans;
	struct history *history;
	struct never_block *never;
	struct outbox out;
	struct outbox_room line; /* what one line may need at most */
	bool observes;
	instant latest; /* the newest time that it was told: of an event, a tick or an order */
	uint64_t last_event, last_ban; /* ids given so far */
	struct evidence *evidence;     /* scratch, max_evidence of them */
	struct tracker_entry *entries; /* the same */
	size_t max_evidence;
	struct engine_stats stats;
	struct jail_stats jails[JAILS_MAX]; /* spared, observed, events */
};

/* Room for that many subjects and bans; 0: the ruleset's max-subjects, 2,000,000 bans. -ENOMEM;
 * -EINVAL: too many jails or a limit out of range. */
NODISCARD int judge_init(struct judge *j, const struct ruleset *rules, uint32_t subjects,
			 uint32_t bans, const uint8_t seed[static TABLE_SEED_SIZE]);
void judge_done(struct judge *j);

/* Ends what runs until `limit` or less, in order of (until, id). False: it did not all fit. One
 * line's decisions fit afterwards, if they did before. */
bool judge_end(struct judge *j, instant limit);
/* Is there room for whatever one line may bring? */
bool judge_has_room(const struct judge *j);
/* Counts the event in the route's jails and decides. The room must be there. The route may be NULL:
 * nobody watches. */
void judge_event(struct judge *j, const struct route *route, const struct event *event);
/* Enters an event of before; nothing is decided. */
void judge_recall(struct judge *j, const struct route *route, uint64_t id,
		  const struct event *event);

/* Why is spared what this entry covers? */
enum because judge_because(const struct never_entry *cover);
/* What is on never-block and spares this ban; NULL. */
const struct never_entry *judge_spared_by(const struct judge *j, const struct ban *ban);
/* Drops what was spared and is on never-block no more: the jail decides again. */
void judge_drop_shadows(struct judge *j);
/* The decision about a ban with all that the ban knows; kind, because and time are the ban's. */
struct decision judge_about(const struct ban *ban);
/* Says that the ban's time was over. */
void judge_say_expired(struct judge *j, const struct ban *ban);
/* The history in which a ban of this kind counts. */
uint16_t judge_observer(const struct ban *ban);
/* The entries of the subject that make up its score at `at`; returns how many there are, writes the
 * newest `max` and at most max_evidence of them, oldest first. */
size_t judge_evidence(const struct judge *j, uint16_t jail, uint32_t slot, instant at,
		      struct evidence *out, size_t max);
