/* SPDX-License-Identifier: MIT */
#pragma once
/* stats.h - how much has the engine done?
 *
 * Plain data. */
#include "base/time.h"

/* Since the start, but `subjects`. */
struct engine_stats {
	uint64_t lines, events, counted, bans, spared, observed, evicted;
	uint64_t sessions_lost; /* forgotten early for lack of room */
	uint64_t no_room;       /* decisions dropped because the table of bans was full */
	uint32_t subjects;
	instant oldest, newest; /* event times; 0 when there was none */
};

struct jail_stats {
	/* In this moment: watched, at half the threshold or above, banned. */
	uint32_t subjects, near, bans;
	/* Since the start. */
	uint64_t spared, observed, events, brakes;
	instant braked_until; /* it observes what happens before, for the brake is on */
};
