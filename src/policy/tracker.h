/* SPDX-License-Identifier: MIT */
#pragma once
/* tracker.h - how bad has each subject been lately?
 *
 * One window of scored events per (jail, subject). Exact within its bounds (design 7.2, 7.3): the
 * score of a subject is the sum of the points of its events in (T - window, T], T being the latest
 * event time seen for it; with `distinct` each value counts once, with its highest multiplier. Of
 * those the newest `kept` are held, the others cannot change a decision. A share (subject.h) has
 * the number of its events for a score and its jail's `share` for a threshold.
 * Bounded: when the subjects or the entries are used up, the subject with the lowest score goes
 * first, among equals the one heard of longest ago. Pure; allocates only in tracker_new(). */
#include "base/addr.h"
#include "base/table.h"
#include "policy/entry.h"
#include "policy/jail.h"
#include "policy/subject.h"

enum { TRACKER_ALL_JAILS = 0xffff };

struct tracker;

/* Room for `subjects` subjects and `entries` events in all. `seed` keys the hash and must be
 * secret. -ENOMEM, -EINVAL. */
NODISCARD int tracker_new(uint32_t subjects, uint32_t entries,
			  const uint8_t seed[static TABLE_SEED_SIZE], struct tracker **ret);
struct tracker *tracker_free(struct tracker *t);
DEFINE_FREEP(struct tracker, tracker_free)

/* Adds an event of the subject in jail number `index` (below JAILS_MAX); returns the subject's
 * slot, valid until the next add, forget or tick. An event that is out of the window already is
 * heard of, but not entered. */
uint32_t tracker_add(struct tracker *t, const struct jail *j, uint16_t index,
		     const struct subject *subject, const struct tracker_entry *entry);
/* The slot of the subject, or TABLE_NONE. */
uint32_t tracker_find(const struct tracker *t, uint16_t index, const struct subject *subject);
/* The score at the subject's latest event time. */
int64_t tracker_score(const struct tracker *t, uint32_t slot);
/* The subject's latest event time. */
instant tracker_newest(const struct tracker *t, uint32_t slot);
/* The score at another time, of what is still held. */
int64_t tracker_score_at(const struct tracker *t, const struct jail *j, uint32_t slot, instant at);
/* Copies the entries that make up the score at time `at`, oldest first, of more than `max` the
 * newest; returns how many there are. */
size_t tracker_entries(const struct tracker *t, const struct jail *j, uint32_t slot, instant at,
		       struct tracker_entry *out, size_t max);
/* Forgets the subject's events (unban, after-ban = clear). */
void tracker_forget(struct tracker *t, uint16_t index, const struct subject *subject);
/* Takes matching entries out of a subject; true when one of them had points. */
bool tracker_withdraw(struct tracker *t, const struct jail *j, uint32_t slot,
		      const struct tracker_match *match);
/* Forgets the events of all subjects inside the prefix, in one jail or TRACKER_ALL_JAILS, with a
 * prefix of length 0 also of accounts; and takes those tagged `address` (0: none) out of all other
 * networks and accounts. Walks all subjects. */
void tracker_forget_inside(struct tracker *t, const struct jail *jails, const struct prefix *inside,
			   tag address, uint16_t only);
/* Forgets all subjects whose newest event has left its jail's window at `now`, in at most `max`
 * steps a call; true when there may be more. */
bool tracker_tick(struct tracker *t, const struct jail *jails, instant now, size_t max);
/* About how many bytes a subject with so many events takes. */
size_t tracker_bytes(uint32_t events);
uint32_t tracker_count(const struct tracker *t);
/* Subjects in one jail (shares are none), and those at or above half its threshold ("near") at
 * their latest event. */
void tracker_count_jail(const struct tracker *t, uint16_t index, uint32_t *ret_subjects,
			uint32_t *ret_near);
/* Subjects that were pushed out for lack of room. */
uint64_t tracker_evicted(const struct tracker *t);
