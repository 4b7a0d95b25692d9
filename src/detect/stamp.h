/* SPDX-License-Identifier: MIT */
#pragma once
/* stamp.h - when does this line say that it was written?
 *
 * A stamp format is `auto` (RFC 3339/ISO 8601 with or without zone and fraction, RFC 3164 "Nov 22 03:04:05", RFC 5424 is
 * ISO) or strptime-like: %Y %y %m %d %e %b %B %H %I %p %M %S (with optional .fraction when %f follows) %f %z %Z(UTC, GMT
 * only) %s %j %T (= %H:%M:%S) %F (= %Y-%m-%d) %% and literal text. It yields a regex for <STAMP> and reads what that
 * caught. What is missing is taken from the context: the year from the file's time (a stamp may not lie more than a day
 * after it: then it is the year before), the date from the file's name (stamp-date) or its time, the zone from `zone`. Pure. */
#include "base/arena.h"
#include "base/str.h"
#include "base/time.h"
#include "detect/zone.h"

struct stamp_format; /* in an arena */

struct stamp_context {
	instant file_time;	 /* when the file was last written, or arrival: gives year and date */
	int32_t date;		 /* days since 1970-01-01 from the file's name, STAMP_NO_DATE */
	const struct zone *zone; /* NULL: UTC */
};

#define STAMP_NO_DATE INT32_MIN

/* -ENOMEM; -EINVAL: *ret_bad (may be NULL) is where the format is wrong. */
NODISCARD int stamp_format_parse(struct str format, struct arena *arena, struct stamp_format **ret, size_t *ret_bad);
/* The regex (no captures) of what the format reads. Lives as long as the format. */
struct str stamp_format_regex(const struct stamp_format *f);
/* -EINVAL: the text is no such stamp or no such time (25:00, February 30). Reads a prefix of `text`; *ret_n (may be NULL) how much. */
NODISCARD int stamp_read(const struct stamp_format *f, struct str text, const struct stamp_context *ctx, instant *ret,
			 size_t *ret_n);
