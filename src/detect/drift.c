/* SPDX-License-Identifier: MIT */
#include "detect/drift.h"

#include <stdlib.h>

enum { ENOUGH_LINES = 5 };

static const int64_t QUARTER_US = INT64_C(900) * 1000000;
static const duration NEAR = { .us = INT64_C(60) * 1000000 };
static const duration STEADY = { .us = INT64_C(180) * 1000000 };

/* The nearest multiple. False: it is not near one, or no zone. */
static bool quarters_of(duration difference, int32_t *ret)
{
	int64_t limit = DRIFT_QUARTERS_MAX * QUARTER_US, half = QUARTER_US / 2, n;

	if (difference.us > limit || difference.us < -limit) {
		return false;
	}
	n = (difference.us + (difference.us < 0 ? -half : half)) / QUARTER_US;
	*ret = (int32_t)n;
	return llabs(difference.us - n * QUARTER_US) <= NEAR.us;
}

void drift_note(struct drift *d, instant stamp, instant arrival)
{
	int32_t quarters;

	if (!quarters_of(instant_since(arrival, stamp), &quarters) || quarters == d->quarters) {
		d->lines = 0;
		return;
	}
	if (d->lines == 0 || quarters != d->candidate) {
		d->candidate = quarters;
		d->first = arrival;
		d->lines = 0;
	}
	d->lines++;
	if (d->lines >= ENOUGH_LINES && instant_since(arrival, d->first).us >= STEADY.us) {
		d->quarters = quarters;
		d->lines = 0;
	}
}

struct drift drift_of(duration offset)
{
	struct drift d = { 0 };

	if (!quarters_of(offset, &d.quarters)) {
		d.quarters = 0;
	}
	return d;
}

duration drift_offset(const struct drift *d)
{
	return (duration){ .us = d->quarters * QUARTER_US };
}
