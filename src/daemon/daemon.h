/* SPDX-License-Identifier: MIT */
#pragma once
/* daemon.h - ipsd as a whole: the only place where all rooms meet.
 *
 * One struct holds what runs; the modules of this room each look after one part of it: start.c
 * (order of starting, rights), sources.c (inputs), wheel.c (a turn of work), enforcement.c (the
 * kernel's side), control.c (the socket) and the answer_*.c (its methods). */
#include "config/config.h"
#include "daemon/options.h"
#include "engine/engine.h"
#include "input/globs.h"
#include "input/journal.h"
#include "input/tail.h"
#include "output/enforcer.h"
#include "output/store.h"
#include "policy/leaks.h"
#include "sys/loop.h"
#include "sys/sandbox.h"

enum { POSITIONS_MAX = 1024, JOURNALS_MAX = 8, DAEMON_LONGEST_WAIT_US = 2000000 };

/* Who asked the enforcer. */
enum { COOKIE_LEAKING, COOKIES_OF_CALLS };

struct control;
struct order_call;
struct learning;
struct geo;

/* A journal that is read: the host's, or that of a directory. */
struct reading {
	struct journal *journal;
	struct str name;   /* its position's: `journal:`, or `journal:/DIRECTORY` */
	struct buf text;   /* of the name */
	struct buf cursor; /* of what was taken in */
};

/* What the kernel should hold, or not: the engine knows. */
struct wish {
	struct prefix prefix;
	uint16_t scope;
};

/* Whether the kernel's sets hold what is wished, and nothing else. */
struct reconcile {
	bool wanted;    /* somebody has changed nftables: elements are to be asked for */
	bool list_due;  /* all wishes are on their way; what else stands there is to be asked for */
	bool under_way; /* that was asked */
	bool confirms;  /* the wishes on their way should stand there already */
	bool asked_all; /* all elements were asked for, */
	bool listed;    /* and told, the last time, */
	bool too_many;  /* or there were more than can be */
	instant at;     /* no look at the elements before */
	instant since;  /* when the last one began */
	bool free;      /* the next that ends was no look for what others did */
	bool lost;      /* an enforcer has ended: lifts may not have reached the kernel; */
	instant lost_at;    /* no look for them before, */
	duration lost_wait; /* so long after one that was in vain */
	bool asked_lost;    /* the look under way is for them */
	uint64_t left_over; /* that it found */
	instant paid;       /* until then the looks so far take their share of the time */
	uint64_t looks;     /* that are over */
	uint64_t releases, releases_then; /* wishes not to hold, so far, and when the list was asked
					     for */
	uint64_t put_back;                /* told so far (enforcer_state) */
	uint64_t removed, removed_told;   /* elements that nobody had wished */
	bool broken;                      /* the table cannot be made, and that was told */
};

/* Bans that the kernel holds and the database may not know. */
struct adoption {
	const char *reason; /* NULL: the database knows all */
	struct buf found;   /* what the kernel told of */
	bool whole;         /* that is all; */
	size_t at;          /* from here on it is to be adopted */
	bool too_many;
	size_t adopted, spared, failed;
};

/* Trouble with one output that has been said once and is not said again until it changes. */
struct trouble {
	bool on;
	char text[256];
};

/* How many decisions were told in the second since then, and how many of each kind were not. */
struct telling {
	instant since;
	unsigned lines;
	uint64_t left_out[DECISION_OBSERVED + 1];
};

struct daemon {
	struct options options;
	struct config *config;
	struct engine *engine;
	struct store *store;
	struct enforcer *enforcer; /* NULL: observing without rights */
	struct loop *loop;
	struct loop_timer *timer;
	struct loop_watch *enforcer_watch;
	struct tail *tail;
	struct globs *globs;
	struct reading readings[JOURNALS_MAX];
	size_t n_readings;
	bool in_entry; /* of a journal: not all of its sources have it yet */
	struct control *control;
	struct learning *learning;
	struct geo *geo; /* NULL: countries are not known */
	int geo_error;   /* of the named database, that was told */
	instant geo_at;  /* when it was looked at last */
	int lock_fd, listen_fd;
	instant started;
	uint64_t config_stamp; /* of the config files that were read (reload.h) */

	struct stored_position positions[POSITIONS_MAX]; /* moved since the last commit */
	size_t n_positions;
	instant positions_since;  /* when the oldest of them moved; 0: none */
	struct order_call *order; /* that is done in slices; NULL */
	bool ordering;            /* between wheel_open_order() and wheel_close_order() */
	instant retain_at;        /* when old events are looked for next */

	struct netset *holes; /* of the last plan: what is on never-block for everybody */
	uint64_t holes_of;    /* the list's changes then */
	bool replan;          /* a plan is to be sent as soon as the one under way is there */
	bool plan_failed;     /* the kernel has not taken the last one */
	bool resync;          /* all wishes are to be sent again, from resync_cursor on */
	bool empty;           /* before that the kernel's sets are to be emptied */
	uint32_t resync_cursor;
	bool resync_blocked;          /* the enforcer takes no more just now */
	uint64_t refused;             /* wishes that the kernel refused */
	uint64_t refused_in_a_row;    /* since kernel_trouble is on */
	struct prefix refused_prefix; /* the last of them */
	struct wish again[64];        /* refused ones that no ban stands for any more (lifts) */
	size_t n_again;
	struct reconcile reconcile;
	instant retry_at;    /* when all wishes are sent again because of it; 0: no need */
	bool counts_packets; /* the kernel's elements have counters */
	struct leaks leaks;  /* bans that do nothing */
	uint64_t mends;      /* of the kernel's table, that were told */
	struct telling telling;
	bool braked[JAILS_MAX]; /* jails whose brake was told to hold */
	struct trouble store_trouble, kernel_trouble;
	int uncut; /* enforcer_state.uncut, as told */
	struct adoption adoption;
	duration lag; /* lines come up to so late; until then, NEVER: none do */
	instant lag_until, lag_saved;
	int64_t clock_base; /* the wall clock less the one that nobody sets, in us */
	int steps_fd;
	struct loop_watch *steps_watch;
	instant mode_until;  /* when the mode turns into its opposite; INSTANT_NEVER */
	bool caught_up;      /* what stood in the logs at the start has been read */
	bool forced_observe; /* --observe, no rights, or a broken never-block list */
	const char *forced_why;
	uint64_t reloads; /* that were done */
};

/* start.c: how config files are read, and what exists on this host. */
extern const struct config_access daemon_access;
/* 0 or the exit code. */
NODISCARD int daemon_start(struct daemon *d);
void daemon_stop(struct daemon *d);
/* main.c's one call: start, run, stop; returns the exit code. */
int daemon_run(const struct options *options);

/* sources.c */
NODISCARD int sources_start(struct daemon *d);
/* `cursor` of a journal, which has no position; else empty. Both texts stay where they are until
 * the next commit. */
void sources_note(struct daemon *d, const struct stored_position *position);

/* journals.c */
/* -ENOSPC. */
NODISCARD int journals_add(struct daemon *d, uint16_t number, struct str place);
NODISCARD int journals_start(struct daemon *d);
bool journals_are_idle(const struct daemon *d);
/* Notes all cursors again. */
void journals_note_all(struct daemon *d);
void journals_stop(struct daemon *d);
/* Begins to read a source of the ruleset; too many sources or files are told, and no failure. */
NODISCARD int sources_begin(struct daemon *d, uint16_t number, const struct source *source);

/* sources_change.c: the numbers that the sources of before have now, TAIL_NO_SOURCE for none, one
 * for each (free()), and lines about those added and removed. -ENOMEM. */
NODISCARD int sources_map(const struct ruleset *before, const struct ruleset *now, uint16_t **ret,
			  struct buf *told);
/* The engine has other rules: `map` is of n sources of before. */
void sources_change(struct daemon *d, const uint16_t *map, size_t n);

/* steps.c: somebody may set the clock. */
/* What comes back from the database goes by the clock of this moment. */
void steps_begin(struct daemon *d);
NODISCARD int steps_watch(struct daemon *d);
void steps_stop(struct daemon *d);
/* To be called before anything is done that goes by the clock. */
void steps_follow(struct daemon *d);

/* lag.c: lines may come late, again and again. */
void lag_recall(struct daemon *d);
/* A batch that was just taken. */
void lag_note(struct daemon *d, const struct batch *batch);

/* wheel.c: once a wake-up, and before an order. */
NODISCARD int wheel_turn(void *daemon);
/* The timer that wakes the wheel; the turn that follows does the work. */
int wheel_timer(void *daemon);
/* Applies what the engine has said so far. `durable`: it is on the disk afterwards. */
NODISCARD int wheel_apply(struct daemon *d, bool durable);
/* The database could not be written: said once, and tried again later. */
void wheel_failed(struct daemon *d);
/* What is applied between the two is in the database as one, and on the disk when it is closed. */
void wheel_open_order(struct daemon *d);
NODISCARD int wheel_close_order(struct daemon *d);

/* enforcement.c */
NODISCARD int enforcement_start(struct daemon *d, const struct sandbox_user *user);
NODISCARD int enforcement_watch(struct daemon *d);
/* Sends scopes and never-block as the engine has them, in front of every wish that follows. What a
 * scope that stays holds, it keeps; a caller that gave scopes other numbers sends all wishes again.
 */
void enforcement_plan(struct daemon *d);
/* The same, if the never-block list is another one than in the last plan. */
void enforcement_follow(struct daemon *d);
/* Sends the wish for this (prefix, scope). */
void enforcement_sync(struct daemon *d, const struct prefix *prefix, uint16_t scope);
/* Sends that it is not to be held. */
void enforcement_release(struct daemon *d, const struct prefix *prefix, uint16_t scope);
/* Sends all wishes, in slices between other work; while the daemon observes, that there are none.
 */
void enforcement_resync(struct daemon *d);
/* The same, when the kernel is thought to hold them all. */
void enforcement_confirm(struct daemon *d);
/* Sends them again when the kernel refused one a while ago, or others have changed nftables. */
void enforcement_turn(struct daemon *d, instant now);
NODISCARD int enforcement_flush(struct daemon *d);
/* All wishes stand in the kernel. */
bool enforcement_agrees(const struct daemon *d);
