/* SPDX-License-Identifier: MIT */
#pragma once
/* stamp.h - when does this line say that it was written?
 *
 * A stamp format is `auto` or strptime-like. It yields a regex for <STAMP> and reads what that
 * caught: what the regex matches is what stamp_read() takes, byte for byte, though it may still be
 * no time (25:00, February 30). Case never matters.
 *
 * auto: RFC 3339 / ISO 8601 (RFC 5424) with or without fraction and zone, blank or T between date
 * and time; RFC 3164 "Nov 22 03:04:05".
 *
 *   %Y     year, four digits
 *   %y     year, two digits, 69..99 are 19xx
 *   %m     month, one or two digits
 *   %b %B  month's name, short or long
 *   %d %e  day, one or two digits, a blank may stand before
 *   %j     day of the year
 *   %a %A  weekday's name, short or long; not checked
 *   %H %M  hour, minute, one or two digits
 *   %I %p  hour 1..12; AM or PM
 *   %S     second, one or two digits, and an optional .fraction or ,fraction
 *          (unless a `.` or `,` follows in the format)
 *   %f     digits of a fraction; directly after %S nothing more
 *   %s     seconds since 1970, with a fraction as %S
 *   %z     Z, +hh, +hhmm or +hh:mm
 *   %Z     UTC or GMT
 *   %T %F  %H:%M:%S, %Y-%m-%d
 *   %%     %
 *
 * What is missing is taken from the context. A date without a year is the latest that lies at most
 * a day after the file's time. A time without a date belongs to the date of the file's name
 * (stamp-date) or, without one, is the latest that lies at most five minutes after the file's time.
 * A time without a zone is read in `zone`. Pure; reading allocates nothing. */
#include "base/arena.h"
#include "base/str.h"
#include "base/time.h"
#include "detect/zone.h"

struct stamp_format; /* in an arena */

struct stamp_context {
	instant file_time; /* when the file was last written, or arrival: gives year and date */
	instant arrival;   /* of the line; 0 or never: nobody knows */
	int32_t date;      /* days since 1970-01-01 from the file's name, STAMP_NO_DATE */
	const struct zone *zone; /* NULL: UTC */
	bool said;               /* the line is what `program` said at file_time: it has no head */
	struct str program;
};

#define STAMP_NO_DATE INT32_MIN

enum { STAMP_AHEAD = 60 }; /* seconds that a stamp may be ahead of its arrival */

/* -ENOMEM; -EINVAL: *ret_bad (may be NULL) is where the format is wrong. */
NODISCARD int stamp_format_parse(struct str format, struct arena *arena, struct stamp_format **ret,
				 size_t *ret_bad);
/* The regex (no captures) of what the format reads. Lives as long as the format. */
struct str stamp_format_regex(const struct stamp_format *f);
/* Whether it tells a whole date; a day, be it without the year; a time of day. */
bool stamp_format_has_date(const struct stamp_format *f);
bool stamp_format_has_day(const struct stamp_format *f);
bool stamp_format_has_time(const struct stamp_format *f);
/* -EINVAL: the text is no such stamp or no such time (25:00, February 30). Reads a prefix of
 * `text`; *ret_n (may be NULL) how much. */
NODISCARD int stamp_read(const struct stamp_format *f, struct str text,
			 const struct stamp_context *ctx, instant *ret, size_t *ret_n);
/* A stamp further ahead of a known arrival than STAMP_AHEAD is not believed: the arrival. */
instant stamp_believed(instant stamp, instant arrival);
/* How many bytes at the start of the text have the shape of such a stamp, be it a time or not; 0:
 * none. */
size_t stamp_length(const struct stamp_format *f, struct str text);
/* The first date in the text that the format reads, not in the middle of a number; STAMP_NO_DATE.
 */
int32_t stamp_find_date(const struct stamp_format *f, struct str text);
