/* SPDX-License-Identifier: MIT */
#pragma once
/* span.h - how people write lengths of time and points in time.
 *
 * Lengths: `30m`, `1h`, `2d`, `90s`, `1h30m`, `2w`, `500ms`, `250us`: whole numbers, the larger
 * unit first; a bare number is refused, the unit is not guessed. Times are printed as RFC 3339 UTC
 * with `Z`. Pure, allocates nothing. */
#include "base/str.h"
#include "base/time.h"

enum { SPAN_TEXT_MAX = 32, INSTANT_TEXT_MAX = 32 };

/* -EINVAL: not a length. -ENODATA: a number without a unit. -ERANGE: more than 999,999,999 minutes
 * (VPOP3's longest). */
NODISCARD int span_parse(struct str text, duration *ret);
/* Exact and parseable again: `30m`, `1h30m`, `14d`, `1.5s` never; `permanent` for DURATION_FOREVER
 * and a `-` in front of a negative length, which span_parse() refuses. Returns `out`. */
const char *span_format(duration d, char out[static SPAN_TEXT_MAX]);
/* For people, two units at most, cut down: `29m 12s`, `3d 4h`, `now`; `permanent` for
 * DURATION_FOREVER. Returns `out`. */
const char *span_format_short(duration d, char out[static SPAN_TEXT_MAX]);
/* 2026-11-22T03:04:05Z; with `.mmm` only when there are milliseconds. What is below is cut off.
 * INSTANT_NEVER gives "". Returns `out`. */
const char *instant_format(instant t, char out[static INSTANT_TEXT_MAX]);
/* RFC 3339 with zone, or `YYYY-MM-DD[ T]HH:MM[:SS]` and `YYYY-MM-DD` taken as UTC. Digits below a
 * microsecond are cut off; second 60 is the next minute. -EINVAL. */
NODISCARD int instant_parse(struct str text, instant *ret);
/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar; month 1..12. */
int64_t days_from_civil(int64_t year, unsigned month, unsigned day);
