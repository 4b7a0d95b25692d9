/* SPDX-License-Identifier: MIT */
#pragma once
/* filter_time.h - when was this line of a filter's log written, whatever it says?
 *
 * For a search in a log by time: no pattern is asked. Pure, allocates nothing. */
#include "detect/filter.h"

enum { FILTER_TIME_REACH = 96 };

/* The first text in the line's first FILTER_TIME_REACH bytes that reads as a stamp of the filter
 * and does not begin inside a word. `when` as for filter_match(). False: there is none, or such
 * stamps do not tell the day and neither does the file's name. */
bool filter_time(const struct filter *f, struct str line, const struct stamp_context *when,
		 instant *ret);
