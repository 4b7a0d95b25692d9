/* SPDX-License-Identifier: MIT */
#pragma once
/* bans.h - who is banned, by which jail, until when?
 *
 * One entry per (jail, prefix, scope): bans that are enforced, and the shadows of those that were
 * spared or only observed (they follow the same rule, one per would-be ban). The table is the wish;
 * the kernel is its shadow. An ended entry stays, marked, until its jail's window has passed, so
 * that a late line is judged right. Bounded by `capacity`; allocates in bans_new() and for notes.
 * Pure. */
#include "base/addr.h"
#include "base/table.h"
#include "policy/decision.h"
#include "policy/jail.h"

struct bans;

struct ban {
	uint64_t id;
	enum decision_kind kind; /* BAN, SPARED or OBSERVED */
	enum ban_action action;
	enum because because;
	bool ended;
	struct prefix prefix;
	uint16_t jail, scope, type, service;
	uint32_t threshold;
	int64_t score;
	uint64_t event; /* the id of the one that decided; 0: not known, or by hand */
	instant since, until;
	const char *by, *reason; /* by hand, NUL-terminated, owned by the table; NULL */
};

NODISCARD int bans_new(uint32_t capacity, const uint8_t seed[static TABLE_SEED_SIZE],
		       struct bans **ret);
struct bans *bans_free(struct bans *b);
DEFINE_FREEP(struct bans, bans_free)

/* Puts the ban in, in the place of an earlier one of the same jail, prefix and scope. by and reason
 * are copied. The stored ban, or NULL: the table is full (or no memory for the note). */
const struct ban *bans_put(struct bans *b, const struct ban *ban);
const struct ban *bans_find(const struct bans *b, uint16_t jail, const struct prefix *prefix,
			    uint16_t scope);
/* The decision about a ban with all that the ban knows but its texts; kind, because and time are
 * the ban's. */
struct decision bans_decision(const struct ban *ban);
/* Marks it as ended. */
void bans_end(struct bans *b, const struct ban *ban);
/* The clock that stood at `was` has been set: what runs then, of any kind, begins and ends by so
 * much later. */
void bans_move(struct bans *b, instant was, duration by);
/* Takes it out of the table: the pointer is dead. */
void bans_drop(struct bans *b, const struct ban *ban);
/* Entries of all kinds, running or not; and how many there may be. */
uint32_t bans_entries(const struct bans *b);
uint32_t bans_capacity(const struct bans *b);
/* No room for another jail, prefix and scope. */
bool bans_is_full(const struct bans *b);
/* The latest end of the enforced, not ended bans on exactly this prefix in this scope. False: there
 * is none. */
bool bans_wish(const struct bans *b, const struct prefix *prefix, uint16_t scope,
	       instant *ret_until);
/* An enforced, not ended ban whose prefix contains `p` (of any scope): the longest, of several the
 * one that ends last; NULL: none. */
const struct ban *bans_covering(const struct bans *b, const struct prefix *p);
/* Walks the enforced, not ended bans on exactly this prefix: `previous` is NULL at first; NULL at
 * the end. */
const struct ban *bans_on(const struct bans *b, const struct prefix *p, const struct ban *previous);
/* The same for those of wider prefixes around it, the widest first. */
const struct ban *bans_around(const struct bans *b, const struct prefix *p,
			      const struct ban *previous);
/* The running (not ended) entry of any kind that ends first, of equals the one with the lower id;
 * NULL: none ends. */
const struct ban *bans_next_end(const struct bans *b);
/* Drops ended entries with until + their jail's window <= now (by hand: until <= now), in at most
 * `max` steps; true when there may be more. */
bool bans_sweep(struct bans *b, const struct jail *jails, instant now, size_t max);
/* Walks all entries: *cursor starts at 0; NULL at the end. Entries put or dropped meanwhile may or
 * may not be seen. */
const struct ban *bans_each(const struct bans *b, uint32_t *cursor);
/* Running ones. */
uint32_t bans_count(const struct bans *b, enum decision_kind kind);
/* Running enforced ones of one jail. */
uint32_t bans_count_jail(const struct bans *b, uint16_t jail);
