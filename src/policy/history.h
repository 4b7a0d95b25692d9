/* SPDX-License-Identifier: MIT */
#pragma once
/* history.h - how often was this prefix banned lately?
 *
 * Episodes: from a prefix's first ban by any jail to the end of its last overlapping one is one.
 * Kept per prefix, the newest HISTORY_EPISODES of them; used for ladders and for BLOCKS-30D. The
 * observed ones of an observing jail are kept apart, per jail. Bounded: when full, the prefix heard
 * of longest ago is forgotten. Pure; allocates only in history_new(). */
#include "base/addr.h"
#include "base/table.h"
#include "base/time.h"
#include "policy/jail.h"

enum { HISTORY_EPISODES = 32, HISTORY_ENFORCED = 0xffff };

struct history;

NODISCARD int history_new(uint32_t capacity, const uint8_t seed[static TABLE_SEED_SIZE],
			  struct history **ret);
struct history *history_free(struct history *h);
DEFINE_FREEP(struct history, history_free)
/* How many episodes began in (at - memory, at], counting the one that a ban at `at` would begin or
 * join: >= 1. `observer` is HISTORY_ENFORCED or the number of an observing jail. */
unsigned history_next(const struct history *h, uint16_t observer, const struct prefix *p,
		      instant at, duration memory);
/* A ban from `since` to `until` was made: begins an episode, or joins and lengthens the one that
 * runs at `since`. */
void history_add(struct history *h, uint16_t observer, const struct prefix *p, instant since,
		 instant until);
/* A person lifted what runs at `at`: that episode, the newest, counts for none. */
void history_pardon(struct history *h, const struct prefix *p, instant at);
/* The same, but it counts: it ends at `until`, or just after it began. */
void history_shorten(struct history *h, const struct prefix *p, instant at, instant until);
/* When the episode that runs at `at` began, and the listeners for which it is marked. False: none
 * runs. */
bool history_told(const struct history *h, const struct prefix *p, instant at, instant *ret_since,
		  uint32_t *ret_listeners);
/* Copies all episodes into an empty history, those of observer i as those of observers[i];
 * HISTORY_ENFORCED stays what it is, and what becomes HISTORY_ENFORCED otherwise is left out. The
 * bit i of a listener becomes listeners[i]. */
void history_copy(const struct history *from, const uint16_t *observers, const uint32_t *listeners,
		  struct history *to);
/* Marks the episode that runs at `at` for these listeners, one bit each; returns those for which it
 * was not marked yet. 0: none runs. */
uint32_t history_tell(struct history *h, const struct prefix *p, instant at, uint32_t listeners);
/* Does an enforced episode of the prefix contain this time? It does from its first ban on, even
 * where that came late and lies before the episode, which begins behind the one before it. */
bool history_has(const struct history *h, const struct prefix *p, instant at);
/* Episodes that began in (at - memory, at]; at most HISTORY_EPISODES. */
unsigned history_count(const struct history *h, uint16_t observer, const struct prefix *p,
		       instant at, duration memory);
