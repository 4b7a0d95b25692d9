/* SPDX-License-Identifier: MIT */
#pragma once
/* calendar.h - how long is a month, and in which year does a day lie?
 *
 * The proleptic Gregorian calendar; days are counted from 1970-01-01. What base/span.h leaves open.
 * Pure. */
#include "base/span.h"

enum { DAY_SECONDS = 86400 };

/* Rounds towards minus infinity; `by` > 0. */
static inline int64_t floor_div(int64_t n, int64_t by)
{
	return n / by - (n % by < 0);
}

static inline bool calendar_is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* 28..31; month 1..12. */
static inline unsigned calendar_month_days(int64_t year, unsigned month)
{
	if (month == 2) {
		return calendar_is_leap(year) ? 29 : 28;
	}
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* The year that contains the day. */
static inline int64_t calendar_year_of(int64_t days)
{
	int64_t year = 1970 + floor_div(days * 400, 146097);

	while (days_from_civil(year, 1, 1) > days) {
		year--;
	}
	while (days_from_civil(year + 1, 1, 1) <= days) {
		year++;
	}
	return year;
}
