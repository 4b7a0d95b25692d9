/* SPDX-License-Identifier: MIT */
#pragma once
/* brake.h - is a jail about to ban the host's own people?
 *
 * When more than `limit` addresses from which somebody is known to log in would be banned by one
 * jail within five minutes, the fault is the server's. The jail observes from then on, until the
 * rate has been normal for ten minutes (design 7.11). Embedded; plain data, copied as it is. Pure.
 */
#include "base/addr.h"
#include "base/time.h"

enum { BRAKE_LIMIT = 20 /* the usual one, and the highest */ };

struct brake {
	struct {
		struct prefix prefix;
		instant at;
	} recent[BRAKE_LIMIT + 1]; /* the newest addresses, in the order in which they came */

	uint32_t n;
	instant until; /* the jail observes what happens before */
};

/* A known address would be banned at `at`. True: one too many. */
bool brake_note(struct brake *b, const struct prefix *prefix, instant at, uint32_t limit);
bool brake_holds(const struct brake *b, instant at);
