/* SPDX-License-Identifier: MIT */
#pragma once
/* leaks.h - which bans do nothing?
 *
 * The logs go on telling of an address, although it is banned. What came before the ban may be told
 * late, and a connection that stood when the ban began is told once more when the server gives up
 * on it; so events count that happened a while after the first one that was heard under the ban,
 * and a ban leaks when there are more of them than one client has connections open, or some when no
 * server waits any more. Bounded: of more than LEAKS_MAX bans the one heard of longest ago is
 * forgotten. Pure, allocates nothing. */
#include "detect/event.h"
#include "policy/bans.h"

enum {
	LEAKS_MAX = 256,
	LEAK_GRACE = 10,     /* seconds */
	LEAK_MANY = 60,      /* events */
	LEAK_PATIENCE = 600, /* seconds after which events are late: */
	LEAK_LATE = 3,       /* so many of those are enough */
};

struct leak {
	uint64_t ban; /* id */
	struct prefix prefix;
	uint16_t jail, scope;
	uint16_t source;     /* of the last event */
	instant from;        /* what happened before does not count */
	instant first, last; /* of what counted */
	uint64_t events, late;
	uint64_t packets;  /* that the kernel had dropped when it was confirmed */
	bool is_suspected; /* enough events; whether the kernel holds the ban is not known yet */
	bool is_certain;
};

struct leaks {
	size_t n;
	uint64_t total; /* certain ones so far */
	struct leak at[LEAKS_MAX];
};

/* An event that this ban should have prevented was heard at `now`. The leak, when it has just
 * become suspect; else NULL. */
const struct leak *leaks_note(struct leaks *l, const struct ban *ban, const struct event *event,
			      instant now);
/* What the kernel says of a suspect's ban. Held: it is certain, and returned. Not held: its count
 * begins again; NULL, as when there is no such suspect. */
const struct leak *leaks_confirm(struct leaks *l, const struct prefix *prefix, uint16_t scope,
				 bool held, uint64_t packets);
/* The kernel did not hold what it should, or the clock was set: what is not certain is counted
 * again from `now` on. */
void leaks_restart(struct leaks *l, instant now);
/* Forgets number i; the last one takes its place. */
void leaks_drop(struct leaks *l, size_t i);
