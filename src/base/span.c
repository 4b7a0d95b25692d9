/* SPDX-License-Identifier: MIT */
/* span.c - how people write lengths of time and points in time.
 *
 * One table of units, the longest first, serves both directions. When a length is read each unit may stand once, in this
 * order, so that `1h30m` has one meaning and `30m30m` none. The exact form uses days and below: people compare `14d` with
 * `30d`, not `2w` with `4w2d`.
 *
 * Dates are computed by our own arithmetic (H. Hinnant, "chrono-compatible low-level date algorithms"): the C library's
 * asks the environment for a time zone. */
#include "base/span.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define US_PER_S   INT64_C(1000000)
#define US_PER_DAY (86400 * US_PER_S)
#define SPAN_LIMIT (INT64_C(999999999) * 60 * US_PER_S)

static const struct unit {
	struct str name;
	int64_t us;
} UNITS[] = {
	{ { "w", 1 }, 7 * US_PER_DAY },	     { { "d", 1 }, US_PER_DAY },
	{ { "h", 1 }, 3600 * US_PER_S },     { { "m", 1 }, 60 * US_PER_S },
	{ { "s", 1 }, US_PER_S },	     { { "ms", 2 }, 1000 },
	{ { "us", 2 }, 1 },
};

enum { UNIT_DAYS = 1 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Takes the bytes at the start for which is_digit() is `digits`. */
static struct str take_run(struct str *rest, bool digits)
{
	size_t n = 0;
	struct str run;

	while (n < rest->n && is_digit(rest->p[n]) == digits) {
		n++;
	}
	run = str_slice(*rest, 0, n);
	*rest = str_slice(*rest, n, SIZE_MAX);
	return run;
}

static size_t find_unit(struct str name)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(UNITS) && !str_eq(UNITS[i].name, name)) {
		i++;
	}
	return i;
}

int span_parse(struct str text, duration *ret)
{
	size_t least = 0;
	int64_t sum = 0;
	bool too_long = false;

	if (text.n == 0) {
		return -EINVAL;
	}
	while (text.n > 0) {
		struct str number = take_run(&text, true), name = take_run(&text, false);
		size_t unit = find_unit(name);
		uint64_t n;

		if (number.n > 0 && name.n == 0) {
			return -ENODATA;
		}
		if (number.n == 0 || unit < least || unit == ARRAY_SIZE(UNITS)) {
			return -EINVAL;
		}
		least = unit + 1;
		if (str_to_uint(number, (uint64_t)((SPAN_LIMIT - sum) / UNITS[unit].us), &n) < 0) {
			too_long = true;
		} else if (!too_long) {
			sum += (int64_t)n * UNITS[unit].us;
		}
	}
	if (too_long) {
		return -ERANGE;
	}
	ret->us = sum;
	return 0;
}

static size_t put_text(char *to, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		to[i] = text.p[i];
	}
	to[text.n] = '\0';
	return text.n;
}

/* At most `parts` units down to `last`, each with a count above 0, `gap` between them. Returns the length written. */
static size_t put_units(char *to, uint64_t us, size_t last, unsigned parts, struct str gap)
{
	size_t n = 0, first = SIZE_MAX;

	for (size_t i = UNIT_DAYS; i <= last; i++) {
		uint64_t count = us / (uint64_t)UNITS[i].us;

		us %= (uint64_t)UNITS[i].us;
		if (first != SIZE_MAX && i - first >= parts) {
			break;
		}
		if (count == 0) {
			continue;
		}
		if (first == SIZE_MAX) {
			first = i;
		} else {
			n += put_text(to + n, gap);
		}
		n += (size_t)snprintf(to + n, SPAN_TEXT_MAX - n, "%" PRIu64, count);
		n += put_text(to + n, UNITS[i].name);
	}
	return n;
}

const char *span_format(duration d, char out[static SPAN_TEXT_MAX])
{
	uint64_t us = d.us < 0 ? -(uint64_t)d.us : (uint64_t)d.us;

	if (d.us == INT64_MAX) {
		put_text(out, STR("permanent"));
	} else if (us == 0) {
		put_text(out, STR("0s"));
	} else {
		out[0] = '-';
		put_units(out + (d.us < 0), us, ARRAY_SIZE(UNITS) - 1, ARRAY_SIZE(UNITS), STR(""));
	}
	return out;
}
