/* SPDX-License-Identifier: MIT */
#pragma once
/* engine.h - lines in, decisions out; the clock is data.
 *
 * The one engine of live work and of replay. It reads no clock, touches no file, and after
 * engine_new() allocates only in engine_order(), engine_adopt() and the recalls. All state is
 * bounded by struct engine_limits.
 *
 * What it says is collected in a batch: the events that some jail counts, and the decisions, in the
 * order in which they came about. engine_feed() stops when the batch is full: take it, apply it,
 * feed the rest. */
#include "engine/batch.h"
#include "engine/ruleset.h"
#include "engine/stats.h"
#include "policy/bans.h"
#include "policy/never_block.h"
#include "policy/order.h"

struct engine;

struct engine_limits {
	uint32_t subjects; /* 0: the ruleset's max-subjects */
	uint32_t bans;     /* 0: 2,000,000 running, observed and spared */
};

/* Where a chunk comes from. */
struct feed {
	uint16_t source;      /* index in the ruleset's sources */
	struct str chunk;     /* whole lines */
	instant arrival;      /* INSTANT_NEVER in replay: stamps of the future are believed */
	instant file_time;    /* when the file was last written: year and date of stamps without */
	struct str file_name; /* last component, for stamp-date */
	bool said; /* the chunk is what `program` said at file_time: lines have no head */
	struct str program;
	instant from, to; /* only what happened in [from, to) counts; to 0: without end */
};

/* What engine_score() answers. */
struct engine_score {
	int64_t score;
	size_t n; /* events that make it up, perhaps more than were written */
};

/* Takes the ruleset over unless it fails. `seed` keys the hashes. -ENOMEM; -EINVAL: more than
 * JAILS_MAX jails, a limit out of range. */
NODISCARD int engine_new(struct ruleset *ruleset, const struct engine_limits *limits,
			 const uint8_t seed[static TABLE_SEED_SIZE], struct engine **ret);
struct engine *engine_free(struct engine *e);
DEFINE_FREEP(struct engine, engine_free)
const struct ruleset *engine_ruleset(const struct engine *e);

/* Bytes of the chunk consumed; less than all: the batch is full. */
size_t engine_feed(struct engine *e, const struct feed *feed);
/* The same for an event that is ready. False: the batch is full. */
bool engine_feed_event(struct engine *e, const struct event *event);
/* Is more than half of the batch full? What belongs to one position, and is fed in pieces, begins
 * after a take then. */
bool engine_is_half_full(const struct engine *e);
/* Everything up to `now` has been read: silent sessions end, bans end, what is out of every window
 * is forgotten. False: the batch is full or there was a lot to forget: take, and call again. */
bool engine_tick(struct engine *e, instant now);
/* Lines come up to so much later than their stamps say: what a tick forgets, and what it calls a
 * silent session, waits that much longer. */
void engine_set_lag(struct engine *e, duration lag);
/* While some logs still have lines of before a restart, their sessions do not end by the clock, nor
 * by what other logs say. */
void engine_hold_sessions(struct engine *e, bool hold);
/* When the next ban, shadow, never-block entry or silent session ends by itself; INSTANT_NEVER. */
instant engine_deadline(const struct engine *e);
/* What came about since the last take. Valid until the next call that feeds, ticks or orders. */
struct batch engine_take(struct engine *e);

/* 0: done, *ret says what. -ENOSPC: no room for the ban or the entries. -ENOMEM. -EINVAL: no such
 * scope. The batch must have been taken before. */
NODISCARD int engine_order(struct engine *e, const struct order *order, struct order_result *ret);

/* Other rules, and who helps with them. */
struct engine_change {
	struct ruleset *ruleset;
	instant now;
	/* Fills the windows of the engine that is being made by engine_recall_event(), as at the
	 * start. Asked for only where scores change. 0, or a negative errno, which comes back. */
	int (*refill)(void *arg, struct engine *e);
	/* The lifts are to be taken; they, and engine_ruleset(), speak of the rules of before.
	 * Nothing can fail any more. */
	void (*told)(void *arg);
	void *arg;
};

/* Goes on under other rules, with everything it knows (adopt.h): jails are matched by name, bans
 * move to the ports their jail has now, those of jails that are gone are lifted, and nobody is
 * banned. The rules' mode is taken when it is another than that of the rules before. Takes the
 * ruleset over and frees the one before, unless it fails: then all is as it was. The batch must
 * have been taken. -ENOMEM; -EINVAL as engine_new(); what refill() gave. */
NODISCARD int engine_adopt(struct engine *e, const struct engine_change *change);

/* What is on never-block from this origin is exactly this; texts are copied, the same entry keeps
 * its count of spared bans. Bans that an entry covers are lifted: take them as after an order. For
 * NEVER_BY_HAND at the start only, with what was stored. An entry without a prefix is a host name
 * by hand: whoever resolves it learns its addresses as NEVER_HOST with the same text, jail, service
 * and end. -ENOSPC: more than NEVER_ENTRIES_MAX; -ENOMEM; nothing was taken away then. The batch
 * must have been taken before. */
NODISCARD int engine_learn(struct engine *e, enum never_from from,
			   const struct never_entry *entries, size_t n);
/* The list, to walk and to ask; valid until the next call that changes the engine. Its
 * never_block_holes() belong into the kernel; never_block_changes() says when they are others. */
const struct never_block *engine_never(const struct engine *e);
/* Is the whole daemon observing? */
bool engine_observes(const struct engine *e);

/* The number of the scope of this name, made when there is none: a person bans ports that no jail
 * does. 0: it was there; 1: made, the kernel is to hear of it before any ban. -ENOSPC: SCOPES_MAX
 * are in use; -EINVAL: too long. */
NODISCARD int engine_scope(struct engine *e, const struct scope *wanted, uint16_t *ret);

/* State from before, at the start only, nothing is decided: ids go on after the highest; events
 * fill the windows (with the jails of the ruleset), bans (those that ended, too) and with them the
 * episodes come back. Logins first, for the brake asks who is known; then bans, in the order of
 * their decisions (one that the brake took back has its `because`), then events, for a jail with
 * after-ban = clear leaves out what came while its ban ran, and what it forgot when it decided. An
 * event counts in all jails `but` those that were told to forget it (NULL: none).
 * -ENOMEM; -EINVAL: no such jail, or it is a lift. What there is no room for is left out, and
 * counted (no_room) if it runs. */
void engine_recall_event(struct engine *e, uint64_t id, const struct event *event,
			 const struct jail_set *but);
NODISCARD int engine_recall_ban(struct engine *e, const struct ban *ban);
/* A login of before; those of the ruleset's known_for. */
void engine_recall_login(struct engine *e, struct str account, const struct addr *addr, instant at);
void engine_recall_ids(struct engine *e, uint64_t last_event, uint64_t last_ban);

/* Until when the kernel should hold this prefix in this scope; false: not at all. False for
 * everything while the daemon observes. */
bool engine_wish(const struct engine *e, const struct prefix *prefix, uint16_t scope,
		 instant *ret_until);
/* Walks the bans, as bans_each(). */
const struct ban *engine_each_ban(const struct engine *e, uint32_t *cursor);
/* The running entry of this jail, prefix and scope; NULL. */
const struct ban *engine_find_ban(const struct engine *e, uint16_t jail,
				  const struct prefix *prefix, uint16_t scope);
/* All bans, to ask; valid until the next call that changes the engine. */
const struct bans *engine_bans(const struct engine *e);
/* Blocks in 30 days of this prefix at `now`. */
unsigned engine_blocks_30d(const struct engine *e, const struct prefix *p, instant now);

/* The score of a prefix in a jail at `now`, or at its latest event where that is later; in a jail
 * that counts by network that of its network, in one by account none. `out` gets what makes it up,
 * oldest first, of more than `max` or EVIDENCE_MAX the newest. */
struct engine_score engine_score(const struct engine *e, uint16_t jail, const struct prefix *prefix,
				 instant now, struct evidence *out, size_t max);
/* The same of an account, in a jail that counts by account. */
struct engine_score engine_score_account(const struct engine *e, uint16_t jail, struct str account,
					 instant now, struct evidence *out, size_t max);
/* Did the account (empty: anybody) log in from this host prefix lately? */
bool engine_is_known(const struct engine *e, struct str account, const struct prefix *host,
		     instant now);
struct engine_stats engine_stats(const struct engine *e);
struct jail_stats engine_jail_stats(const struct engine *e, uint16_t jail);
