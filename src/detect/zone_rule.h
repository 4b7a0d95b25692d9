/* SPDX-License-Identifier: MIT */
#pragma once
/* zone_rule.h - when does the clock change in years that no table lists?
 *
 * A rule in POSIX's TZ notation ("CET-1CEST,M3.5.0,M10.5.0/3"), with the extensions of RFC 8536:
 * times from -167 to 167 hours, summer time all year. Offsets are seconds east of UTC. Pure,
 * allocates nothing. */
#include "base/str.h"

/* A day of any year, and a time on it. */
struct zone_rule_day {
	enum { RULE_MONTH, RULE_JULIAN, RULE_DAY } kind;

	uint16_t day;        /* JULIAN: 1..365, February 29 is never counted; DAY: 0..365 */
	uint8_t month, week; /* MONTH: 1..12; 1..5, 5 is the last */
	uint8_t weekday;     /* MONTH: 0..6, 0 is Sunday */
	int32_t time;        /* seconds after midnight, may be negative or beyond the day */
};

struct zone_rule {
	int32_t winter, summer;
	bool has_summer;
	struct zone_rule_day begin, end; /* of summer time, each by the clock that ends then */
};

/* -EINVAL. Summer time without the days of its begin and end is refused. */
NODISCARD int zone_rule_parse(struct str text, struct zone_rule *ret);
/* The offset at `t` (seconds since 1970); *ret_end: until when, INT64_MAX for ever. */
int32_t zone_rule_offset(const struct zone_rule *rule, int64_t t, int64_t *ret_end);
