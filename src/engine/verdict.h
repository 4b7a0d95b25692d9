/* SPDX-License-Identifier: MIT */
#pragma once
/* verdict.h - what becomes of a subject that has reached the threshold?
 *
 * Banned, spared or observed, for how long, and who is to hear of it. Allocates nothing; the room
 * in the outbox must be there. Pure. */
#include "engine/judge.h"

/* Decides about `target` in the jail; `slot` is that of the subject whose score it is. */
void verdict_decide(struct judge *j, uint16_t index, const struct prefix *target, uint32_t slot,
		    const struct sight *s);
/* Counts what would be the ban of an address, if it is a known one; too many, and the jail
 * observes, and takes those back that it had banned. */
void verdict_brake(struct judge *j, uint16_t index, const struct prefix *target, instant at);
/* A decision of before, as the brake knew it. False: the brake took it back, it counts for nothing
 * else. */
bool verdict_recall(struct judge *j, const struct ban *ban);
/* Puts it into the table. What there is no room for is left out, and counted if it runs. -ENOMEM.
 */
NODISCARD int verdict_recall_put(struct judge *j, const struct ban *ban);
/* Does the event come from an address on never-block? It counts for no network and no account. */
bool verdict_is_trusted(const struct judge *j, uint16_t index, const struct event *event);
