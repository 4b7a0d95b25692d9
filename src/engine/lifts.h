/* SPDX-License-Identifier: MIT */
#pragma once
/* lifts.h - what is said and forgotten when a person's wish ends bans before their time?
 *
 * The outbox must have room. Pure, allocates nothing. */
#include "engine/judge.h"
#include "policy/order.h"

/* That the ban is lifted at the order's time. */
struct decision lifts_decision(const struct ban *ban, const struct order *order,
			       enum because because);
/* Says so; the ban itself stays as it is. */
void lifts_say(struct judge *j, const struct ban *ban, const struct order *order,
	       enum because because);
/* What the outbox holds are lifts: pardons each prefix once, however many jails had banned it, and
 * leaves them in order of their ids. The bans are out of the table. */
void lifts_pardon(struct judge *j, instant at);
