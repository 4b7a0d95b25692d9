/* SPDX-License-Identifier: MIT */
#pragma once
/* brake.h - is a jail about to ban the host's own people?
 *
 * When more than `limit` addresses from which somebody is known to log in would be banned by one
 * jail within five minutes, the fault is the server's. The jail observes from then on, until the
 * rate has been normal for ten minutes (design 7.11). Of the addresses the newest BRAKE_KEPT are
 * known: some of a log that comes late do not hide what happens in another. Embedded; plain data,
 * copied as it is. Pure. */
#include "base/addr.h"
#include "base/time.h"

enum { BRAKE_LIMIT = 20 /* the usual one, and the highest */, BRAKE_KEPT = 64 };

struct brake {
	struct {
		struct prefix prefix;
		instant at;
	} noted[BRAKE_KEPT]; /* each address once, in the order of times */

	uint32_t n;
	instant first; /* begins the five minutes that held too many */
	instant until; /* the jail observes what happens before */
};

/* A known address would be banned at `at`. True: some five minutes in which that falls hold too
 * many. */
bool brake_note(struct brake *b, const struct prefix *prefix, instant at, uint32_t limit);
/* Is this one in the five minutes that held too many last? */
bool brake_is_among(const struct brake *b, uint32_t number);
bool brake_holds(const struct brake *b, instant at);
