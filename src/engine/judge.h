/* SPDX-License-Identifier: MIT */
#pragma once
/* judge.h - what does the policy of the engine hold?
 *
 * The state of the engine's policy and the steps that all its doors share: events, ticks, orders.
 * Embedded in the engine, which hands the ruleset in and keeps it. judge_init() allocates, nothing
 * else here does. Pure. */
#include "engine/outbox.h"
#include "engine/ruleset.h"
#include "engine/stats.h"
#include "policy/bans.h"
#include "policy/brake.h"
#include "policy/history.h"
#include "policy/known.h"
#include "policy/never_block.h"
#include "policy/tracker.h"

/* A ban that is an event for the jails that watch the one that made it. */
struct judge_news {
	uint16_t jail;
	struct prefix prefix;
	instant time;
};

/* An event while it is judged. */
struct sight {
	const struct event *event;
	uint64_t id;        /* 0: it is no counted event yet */
	struct prefix host; /* what is counted and banned for its address */
	struct account_id account;
	tag host_tag, account_tag; /* 0 where no jail asks */
};

struct judge {
	const struct ruleset *rules;
	struct tracker *tracker;
	struct bans *bans;
	struct history *history;
	struct never_block *never;
	struct known *known;
	struct brake *brakes; /* one for each jail */
	struct outbox out;
	struct outbox_room line; /* what one line may need at most */
	bool observes;
	bool unsettled; /* a ban that was recalled is on never-block */
	instant latest; /* the newest time that it was told: of an event, a tick or an order */
	uint64_t last_event, last_ban; /* ids given so far */
	struct evidence *evidence;     /* scratch, max_evidence of them */
	struct tracker_entry *entries; /* the same */
	size_t max_evidence;
	uint8_t seed[TABLE_SEED_SIZE];
	bool tells_apart;             /* some jail asks whose an entry was */
	uint32_t listener[JAILS_MAX]; /* a bit for each jail that watches jails */
	struct judge_news *news;      /* of the event that is judged, one jail each */
	uint16_t n_news;
	struct engine_stats stats;
	struct jail_stats jails[JAILS_MAX]; /* spared, observed, events */
};

/* Room for that many subjects and bans; 0: the ruleset's max-subjects, 2,000,000 bans. -ENOMEM;
 * -EINVAL: too many jails or a limit out of range. */
NODISCARD int judge_init(struct judge *j, const struct ruleset *rules, uint32_t subjects,
			 uint32_t bans, const uint8_t seed[static TABLE_SEED_SIZE]);
void judge_done(struct judge *j);

/* The event as it is judged: it counts at least once, at most EVENT_COUNT_MAX times. */
struct event judge_form(const struct event *event);
/* Ends what runs until `limit` or less, in order of (until, id). False: it did not all fit. One
 * line's decisions fit afterwards, if they did before. */
bool judge_end(struct judge *j, instant limit);
/* Is there room for whatever one line may bring? */
bool judge_has_room(const struct judge *j);
/* What the jail counts the event under. */
struct subject judge_subject(const struct judge *j, const struct jail *jail,
			     const struct sight *sight);

/* The slot of the prefix in the jail, or of its network in one that counts by network; and that of
 * an account in one that counts by account. TABLE_NONE: nothing was heard of it. */
uint32_t judge_slot(const struct judge *j, uint16_t jail, const struct prefix *prefix);
uint32_t judge_account_slot(const struct judge *j, uint16_t jail, struct str account);
/* Why is spared what this entry covers? */
enum because judge_because(const struct never_entry *cover);
/* What is on never-block and spares this ban; NULL. */
const struct never_entry *judge_spared_by(const struct judge *j, const struct ban *ban);
/* Drops what was spared and is on never-block no more: the jail decides again. */
void judge_drop_shadows(struct judge *j);
/* Says that the ban's time was over. */
void judge_say_expired(struct judge *j, const struct ban *ban);
/* Bans of the prefix were lifted before their time, and are out of the table: its episode lasts for
 * what still runs at `at`. When nothing does, it ends there, or counts for none. */
void judge_shorten(struct judge *j, const struct prefix *prefix, instant at, bool pardons);
/* The history in which a ban of this kind counts. */
uint16_t judge_observer(const struct ban *ban);
/* The entries of the subject that make up its score at `at`; returns how many there are, writes the
 * newest `max` and at most max_evidence of them, oldest first. */
size_t judge_evidence(const struct judge *j, uint16_t jail, uint32_t slot, instant at,
		      struct evidence *out, size_t max);
