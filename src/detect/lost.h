/* SPDX-License-Identifier: MIT */
#pragma once
/* lost.h - does a log daemon say that it threw lines away?
 *
 * rsyslog ("imuxsock lost 313 messages from pid 4711 due to rate-limiting", "23 messages lost due
 * to rate-limiting") and journald ("Suppressed 5 messages from postfix.service"). Pure, allocates
 * nothing. */
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct lost {
	uint64_t lines;
	struct str from; /* whose; a piece of the message, empty: not told */
};

/* `program` as the head of the line names it: what another program says of lost lines is none of
 * this. False: it says no such thing. */
bool lost_read(struct str program, struct str message, struct lost *ret);
