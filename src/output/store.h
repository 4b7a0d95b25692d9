/* SPDX-License-Identifier: MIT */
#pragma once
/* store.h - what survives a restart: events, reading positions, bans with their evidence, what
 * people put on never-block, what filters remember (SQLite).
 *
 * One database, `state.db`, WAL. Each batch is one transaction: counted events, positions of their
 * sources, decisions, and what the detectors of the ruleset remember after these lines. Texts are
 * stored as bytes. Used by one process; a second one is kept out by a lock (sys/files). Errors are
 * negative errno; store_error() has SQLite's words. */
#include "base/position.h"
#include "engine/engine.h"
#include "output/unwritten.h"

enum { STORE_VERSION = 4 };

struct store;

struct stored_position {
	struct str path;
	struct position position;
	struct str cursor; /* of a journal, which has no position; else empty */
};

/* One event as `events` and `show` print it. Texts live until the next row. */
struct stored_event {
	uint64_t id;
	instant time;
	struct str type, service, filter, source;
	struct addr addr;
	struct str account, data, text;
	uint16_t count;
	bool ignored;   /* by an unban in all jails */
	int64_t points; /* evidence only */
};

/* One decision as `list --all`, `events --decisions` and `show` print it. */
struct stored_ban {
	struct decision decision; /* jail and scope numbers are not stored: see the names */
	struct str jail, scope, type, service;
	instant ended; /* 0: not ended */
	enum because ended_because;
};

/* Rows are handed to a callback; false stops. */
typedef bool (*store_event_fn)(void *arg, const struct stored_event *event);
typedef bool (*store_ban_fn)(void *arg, const struct stored_ban *ban);

/* Opens or makes the database in the directory. -EBADMSG: damaged (it was set aside, *ret_aside
 * tells the name, and a fresh one made); -EPROTO: of a newer version, nothing was touched. Other
 * negative errno. `ret_aside` holds 256 bytes. */
NODISCARD int store_open(const char *state_dir, char *ret_aside, struct store **ret);
/* What turned out to be damaged later is set aside in the same way; the store goes on with a fresh
 * one. When that could not be made it stays damaged, and the next call tries only that. */
NODISCARD int store_replace(struct store *s, char *ret_aside);
struct store *store_free(struct store *s);
DEFINE_FREEP(struct store, store_free)
const char *store_error(const struct store *s);

/* One transaction: what waits, then this. Names are taken from the ruleset, which must be the one
 * of all that waits. `durable`: on the disk before it returns. What could not be written waits, in
 * memory, positions and settings, too: it comes before whatever is written next. */
NODISCARD int store_apply(struct store *s, const struct ruleset *r, const struct batch *batch,
			  const struct stored_position *positions, size_t n_positions,
			  bool durable);
/* What is applied or ignored between the two is one transaction, on the disk when it is closed: an
 * order of many prefixes. It begins with what waits. Whatever fails in between undoes all of it;
 * closing fails then, too, and it waits. */
NODISCARD int store_open_order(struct store *s, const struct ruleset *r);
NODISCARD int store_close_order(struct store *s);
/* The ruleset is another one: of what its detectors remember all is written with the next batch,
 * and what was written before goes. It is so after opening, too. */
void store_put_memories_anew(struct store *s);
/* Lets it wait without an attempt. */
void store_keep(struct store *s, const struct batch *batch, const struct stored_position *positions,
		size_t n_positions);
/* What waits. */
struct unwritten_counts store_waiting(const struct store *s);
/* What was found is no database any more: to be replaced. */
bool store_is_damaged(const struct store *s);
/* Something could not be written and is not what waits: heal, once it can be written again. */
bool store_is_stale(const struct store *s);
/* The bans that run are others than it knows: stale. */
void store_doubt(struct store *s);
/* Inside an order: the bans that run, and never-block, are those of the engine. */
NODISCARD int store_heal(struct store *s, const struct engine *e);
/* There was none when it was opened: made then. */
bool store_is_fresh(const struct store *s);
/* The file that is written has no name any more: it ends with this process. */
bool store_is_unlinked(const struct store *s);
/* What was observed because all of ipsd observed has ended, as the engine has it when it enforces.
 */
NODISCARD int store_end_observed(struct store *s);
/* A setting that survives: "mode". */
NODISCARD int store_set(struct store *s, const char *key, struct str value);
/* 1: found; 0: not. */
NODISCARD int store_get(struct store *s, const char *key, struct buf *ret);
/* 1: found; 0: not. */
NODISCARD int store_position(struct store *s, struct str path, struct position *ret);
/* Appends the cursor of a journal. 1: found; 0: not. */
NODISCARD int store_cursor(struct store *s, struct str path, struct buf *ret);

/* A ban that does not come back as it was, though its time is not over: its jail, or the ports that
 * a person named, are gone; or (`moved`) its jail has other ports now. The kernel may hold it. */
typedef void (*store_gone_fn)(void *arg, const struct stored_ban *ban, bool moved);

struct store_recall_calls {
	store_gone_fn gone;
	/* The number of the scope that a person once named by these words; negative: none. */
	int (*scope)(void *arg, struct str words, uint16_t *ret);
	/* Now and then while there is much to read: so many bans were; the events come behind. May
	 * be NULL. */
	void (*progress)(void *arg, size_t bans, bool events);
	void *arg;
};

/* At the start: fills the engine with ids, running bans and the last 30 days' episodes, and windows
 * (events not older than the longest window before the newest event or `now`: a log goes on where
 * it was left, however long ago); and the detectors of its ruleset with what they remembered. Names
 * that the ruleset does not know any more are left out. */
NODISCARD int store_recall(struct store *s, struct engine *e, instant now,
			   const struct store_recall_calls *calls);

/* Of that the windows only, from what is committed: for an engine that is to know no bans. */
NODISCARD int store_recall_events(struct store *s, struct engine *e, instant now);

/* A walk over the events, newest first, in slices: there is no index to jump by. */
struct store_walk {
	const struct prefix *subject; /* NULL: all */
	size_t scan;                  /* rows that a slice looks at */
	uint64_t before; /* ids below this one come next; 0 at first: from the newest, and 0 at the
			    end */
};

/* One slice. */
NODISCARD int store_events(struct store *s, struct store_walk *walk, store_event_fn fn, void *arg);
/* Events with id > after, ascending, at most `limit` (for --follow). */
NODISCARD int store_events_since(struct store *s, uint64_t after, size_t limit, store_event_fn fn,
				 void *arg);
/* The events that counted towards the ban, oldest first. */
NODISCARD int store_evidence(struct store *s, uint64_t ban, store_event_fn fn, void *arg);
/* Decisions with id < before (0: all) on prefixes inside or around `subject` (NULL: all), newest
 * first, at most `limit`. */
NODISCARD int store_bans(struct store *s, const struct prefix *subject, uint64_t before_id,
			 size_t limit, store_ban_fn fn, void *arg);

/* What is to be kept: events from a time on, the newest so many of them, and in any case those that
 * are in a window; bans, with their evidence, that ended after a time. */
struct store_retention {
	instant events_from, windows_from;
	uint64_t events_max;
	instant bans_from;
	instant now; /* 0: whatever is dated ahead of it is as good as any */
};

/* Deletes a slice of what is beyond it: at most 2,000 events, else 500 bans; and at the end what
 * unbans said about events that are gone. The newest event and ban stay. 1: there may be more. */
NODISCARD int store_retain(struct store *s, const struct store_retention *keep);
/* What people put on never-block, as the engine has it. To be called inside an order. */
NODISCARD int store_put_never(struct store *s, const struct engine *e);
/* Teaches the engine what was put on never-block and has not ended; the batch must have been taken.
 * *ret_gone: entries for jails or services that the ruleset does not know any more; they are left
 * out. */
NODISCARD int store_recall_never(struct store *s, struct engine *e, instant now, size_t *ret_gone);
/* Events of this prefix that are in the database count no more (unban): VPOP3's flag. In that jail,
 * or in none. */
NODISCARD int store_ignore(struct store *s, const struct ignored *ignored);
