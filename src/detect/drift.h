/* SPDX-License-Identifier: MIT */
#pragma once
/* drift.h - are the stamps of this log those of another time zone?
 *
 * Lines that arrive as they are written tell: when their stamps differ from their arrival by the
 * same multiple of 15 minutes, within a minute, for five lines in a row over three minutes, that is
 * the zone and not a delay, for what is delivered late comes faster than it was written. The
 * difference is what has to be added to the stamps from then on, until they differ steadily by
 * another one (design 7.4). Embedded; plain data, copied as it is. Pure. */
#include "base/time.h"

enum { DRIFT_QUARTERS_MAX = 26 * 4 /* UTC-12 read as UTC+14 */ };

struct drift {
	int32_t quarters; /* of an hour that are added to stamps */
	int32_t candidate;
	uint32_t lines; /* in a row that want the candidate */
	instant first;  /* arrival of the first of them */
};

/* A line with this stamp has arrived. */
void drift_note(struct drift *d, instant stamp, instant arrival);
/* One that was learnt before. What is no multiple of 15 minutes, or no zone, is none. */
struct drift drift_of(duration offset);
duration drift_offset(const struct drift *d);
