/* SPDX-License-Identifier: MIT */
#pragma once
/* time.h - a point in time and a length of time, which cannot be mixed up.
 *
 * An instant is microseconds since 1970-01-01 00:00 UTC. INSTANT_NEVER is later than every other
 * instant: the end of a permanent ban, the deadline of an engine with nothing to do. Sums saturate
 * at it and at the earliest instant. Pure. */
#include <stdbool.h>
#include <stdint.h>

typedef struct {
	int64_t us;
} instant;

typedef struct {
	int64_t us;
} duration;

#define INSTANT_NEVER    ((instant){ .us = INT64_MAX })
#define DURATION_FOREVER ((duration){ .us = INT64_MAX })

static inline duration seconds(int64_t s)
{
	int64_t us;

	if (__builtin_mul_overflow(s, 1000000, &us)) {
		us = s < 0 ? INT64_MIN : INT64_MAX;
	}
	return (duration){ .us = us };
}

static inline instant instant_at(int64_t unix_seconds)
{
	return (instant){ .us = seconds(unix_seconds).us };
}

static inline bool instant_is_never(instant t)
{
	return t.us == INT64_MAX;
}

/* Whatever is added to it, never stays never; and forever after anything is never. */
static inline instant instant_add(instant t, duration d)
{
	int64_t sum;

	if (t.us == INT64_MAX || d.us == INT64_MAX) {
		return INSTANT_NEVER;
	}
	if (__builtin_add_overflow(t.us, d.us, &sum)) {
		sum = d.us < 0 ? INT64_MIN : INT64_MAX;
	}
	return (instant){ .us = sum };
}

/* From `a` to `b`; negative when b is earlier. Until never it is forever. */
static inline duration instant_since(instant b, instant a)
{
	int64_t diff;

	if (b.us == INT64_MAX) {
		return DURATION_FOREVER;
	}
	if (__builtin_sub_overflow(b.us, a.us, &diff)) {
		diff = b.us < a.us ? INT64_MIN : INT64_MAX;
	}
	return (duration){ .us = diff };
}

static inline instant instant_min(instant a, instant b)
{
	return a.us < b.us ? a : b;
}

static inline instant instant_max(instant a, instant b)
{
	return a.us > b.us ? a : b;
}
