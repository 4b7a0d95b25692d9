/* SPDX-License-Identifier: MIT */
#pragma once
/* jail.h - which events count, how much, and what happens then?
 *
 * A jail is plain data that the config made; it is immutable and lives in the ruleset's arena.
 * Pure. */
#include "base/netset.h"
#include "base/time.h"
#include "detect/event.h"

enum subject_kind { SUBJECT_ADDRESS, SUBJECT_NETWORK, SUBJECT_ACCOUNT };

enum jail_mode { JAIL_ENFORCE, JAIL_OBSERVE };

/* Of what each value counts once. */
enum distinct { DISTINCT_NONE, DISTINCT_ADDRESS, DISTINCT_ACCOUNT };

enum after_ban { AFTER_BAN_KEEP, AFTER_BAN_CLEAR };

enum {
	LADDER_MAX = 8,
	JAILS_MAX = 256,
	JAIL_BY_HAND = 0xffff, /* the jail of a ban that a person ordered */
	THRESHOLD_MAX = 1000000,
	POINTS_MAX = 1000000,
	POINTS_BAN = -1,     /* `ban`: the event bans at once */
	POINTS_FORGIVE = -2, /* `forgive`: clears the account's failures from that address */
	SHARE_MAX = 1000,
	DISTINCT_MAX = 1000, /* values that can matter: more would cost too much an event */
	WATCHERS_MAX = 32,   /* jails that watch jails */
};

/* Some of the jails, by number. */
struct jail_set {
	uint64_t bits[JAILS_MAX / 64];
};

static inline void jail_set_add(struct jail_set *set, uint16_t jail)
{
	set->bits[jail / 64] |= UINT64_C(1) << jail % 64;
}

static inline bool jail_set_has(const struct jail_set *set, uint16_t jail)
{
	return (set->bits[jail / 64] >> jail % 64 & 1) != 0;
}

/* A multiplier: points >= 0, or one of the two above. */
typedef int32_t points;

struct jail {
	struct str name, about, type; /* type: the TYPE column ("SMTP abuse") */
	enum jail_mode mode;
	enum subject_kind subject;
	enum distinct distinct;
	uint32_t share;   /* by account: events that an address needs of its own; 0 is as 1 */
	bool spare_known; /* by account: addresses from which it logged in are spared */
	duration window;
	uint32_t threshold;          /* 1..THRESHOLD_MAX */
	duration ladder[LADDER_MAX]; /* DURATION_FOREVER: permanent */
	uint8_t steps;               /* 1..LADDER_MAX */
	duration ban_memory;
	enum after_ban after_ban;
	uint16_t scope;       /* index in the ruleset's scopes */
	const points *points; /* by event type */
	uint16_t n_points;
	const uint64_t *
		services; /* one bit per service number; NULL: all, also events without a service */
	uint16_t n_services;        /* bits in `services` */
	struct netset *never_block; /* this jail's own, sealed, freed with its ruleset; NULL: none.
				       The tag is the line in never_file */
	struct str never_file;
	bool watches_jails;
	const uint16_t *watchers; /* the jails that watch this one */
	uint16_t n_watchers;
};

/* The multiplier of an event type; 0 for types the jail does not name. */
points jail_points(const struct jail *j, uint16_t type);
/* Does the jail count events of this service (EVENT_SERVICE_NONE: of none)? */
bool jail_serves(const struct jail *j, uint16_t service);
/* Events that an address needs of its own, at least 1. */
uint32_t jail_share(const struct jail *j);
/* What an event adds to the score; 0 for `ban` and `forgive`. */
int64_t jail_worth(const struct jail *j, uint16_t type, uint16_t count);
/* Is there a type whose multiplier is `forgive`? */
bool jail_forgives(const struct jail *j);
/* How many events, or values, of a subject can matter: ceil(threshold / smallest positive
 * multiplier), at least 1. */
uint32_t jail_kept_values(const struct jail *j);
/* How many entries that is: with `distinct` a value has at most one of each multiplier. */
uint32_t jail_kept_events(const struct jail *j);
/* The window at `at` is (horizon, at]: what happened at the horizon or before is out of it. */
instant jail_horizon(const struct jail *j, instant at);
