/* SPDX-License-Identifier: MIT */
#pragma once
/* decision.h - what the engine says: ban, lift, spared, observed.
 *
 * Plain data. Texts point into the batch that carries the decision. */
#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/str.h"
#include "base/time.h"

enum decision_kind {
	DECISION_BAN,      /* the prefix is banned from `time` until `until` */
	DECISION_LIFT,     /* ban `ban` is over at `time` */
	DECISION_SPARED,   /* would have been banned, but is on never-block */
	DECISION_OBSERVED, /* would have been banned, but the jail or the daemon only observes */
};

enum ban_action { ACTION_BLOCK, ACTION_BLACKLIST };

enum because {
	BECAUSE_NONE,
	BECAUSE_NEVER_BLOCK, /* spared: an entry for everybody; lift: it was put on never-block */
	BECAUSE_JAIL_NEVER_BLOCK, /* spared: an entry for this jail */
	BECAUSE_JAIL_OBSERVES,
	BECAUSE_DAEMON_OBSERVES,
	BECAUSE_EXPIRED,             /* lift: its time was over */
	BECAUSE_UNBAN,               /* lift: a person ordered it */
	BECAUSE_REPLACED,            /* lift: an order made it another ban */
	BECAUSE_JAIL_GONE,           /* lift: the rules have no such jail any more */
	BECAUSE_PORTS_GONE,          /* lift, by hand: nor these ports */
	BECAUSE_SERVICE_NEVER_BLOCK, /* spared: an entry for this service */
	BECAUSE_KNOWN_GOOD,          /* spared: the account logged in from there lately */
	BECAUSE_BRAKE,               /* observed, lift: too many known addresses at once */
};

/* Their numbers are stored: one more goes to the end. */
#define BECAUSE_COUNT (BECAUSE_BRAKE + 1)

/* One event that counted towards a decision. */
struct evidence {
	uint64_t event; /* id of the event */
	instant time;
	uint16_t type;
	uint16_t count;
	int64_t points; /* multiplier x count; 0 for a `ban` multiplier */
};

struct decision {
	enum decision_kind kind;
	enum because because;
	enum ban_action action;
	uint64_t ban;  /* id; spared and observed ones have one, too */
	uint64_t heir; /* lift: the ban that its evidence goes to; 0: none */
	instant time, until;
	struct prefix prefix;
	uint16_t jail; /* index, JAIL_BY_HAND */
	uint16_t scope;
	uint16_t type;    /* of the event that reached the threshold; NAMES_NONE by hand */
	uint16_t service; /* of that event */
	uint32_t threshold;
	int64_t score;
	struct prefix cover;             /* spared: the never-block entry */
	struct str by, reason;           /* by hand: who ordered it and why */
	const struct evidence *evidence; /* oldest first */
	size_t n_evidence;
};

/* "ban", "lift", "spared", "observed". */
const char *decision_word(enum decision_kind kind);
/* "block", "blacklist". */
const char *action_word(enum ban_action action);
/* A sentence's end: "it is on never-block", "the jail only observes", "its time was over". */
const char *because_words(enum because because);
/* A word for JSON: "never-block", "jail-never-block", "service-never-block", "jail-observes",
 * "daemon-observes", "expired", "unban", "replaced", "jail-gone", "ports-gone",
 * "known-good", "brake"; NULL for none. */
const char *because_word(enum because because);
