/* SPDX-License-Identifier: MIT */
#pragma once
/* entry.h - what does a window hold of an event?
 *
 * Plain data. */
#include "base/time.h"
#include "policy/subject.h"

enum {
	/* Events of a `ban` multiplier that are held per subject, beside those that count. */
	TRACKER_UNSCORED_MAX = 16,
};

struct tracker_entry {
	instant time;
	uint64_t event; /* id */
	uint16_t type;
	uint16_t count;
	tag address, account; /* whose it was; 0 where nobody asks */
};

/* Some entries of a subject. */
struct tracker_match {
	tag address, account; /* 0: whosever */
	uint16_t type;        /* NAMES_NONE: any */
	instant from, to;     /* both included */
};
