/* SPDX-License-Identifier: MIT */
/* span.c - how people write lengths of time and points in time.
 *
 * One table of units, the longest first, serves both directions. When a length is read each unit
 * may stand once, in this order, so that `1h30m` has one meaning and `30m30m` none. The exact form
 * uses days and below: people compare `14d` with `30d`, not `2w` with `4w2d`.
 *
 * Dates are computed by our own arithmetic (H. Hinnant, "chrono-compatible low-level date
 * algorithms"): the C library's asks the environment for a time zone. */
#include "base/span.h"

#include <errno.h>

#define US_PER_S   INT64_C(1000000)
#define US_PER_DAY (86400 * US_PER_S)
#define SPAN_LIMIT (INT64_C(999999999) * 60 * US_PER_S)

static const struct unit {
	struct str name;
	int64_t us;
} UNITS[] = {
	{ { "w", 1 }, 7 * US_PER_DAY },
	{ { "d", 1 }, US_PER_DAY },
	{ { "h", 1 }, 3600 * US_PER_S },
	{ { "m", 1 }, 60 * US_PER_S },
	{ { "s", 1 }, US_PER_S },
	{ { "ms", 2 }, 1000 },
	{ { "us", 2 }, 1 },
};

enum { UNIT_DAYS = 1, UNIT_SECONDS = 4 };

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

static char *put_text(char *to, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		*to++ = text.p[i];
	}
	*to = '\0';
	return to;
}

/* Decimal, with zeros in front up to `width` digits. */
static char *put_number(char *to, uint64_t value, unsigned width)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0 || sizeof(digits) - at < width);
	return put_text(to, (struct str){ .p = digits + at, .n = sizeof(digits) - at });
}

/* Days down to UNITS[last], those with a count above 0, but none more than `reach` places behind
 * the first of them. */
static char *put_units(char *to, uint64_t us, size_t last, size_t reach, struct str gap)
{
	for (size_t i = UNIT_DAYS, stop = last, n = 0; i <= stop; i++) {
		uint64_t unit = (uint64_t)UNITS[i].us;

		if (us < unit) {
			continue;
		}
		if (n++ == 0) {
			stop = i + reach < last ? i + reach : last;
		} else {
			to = put_text(to, gap);
		}
		to = put_number(to, us / unit, 1);
		to = put_text(to, UNITS[i].name);
		us %= unit;
	}
	return to;
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
		put_units(out + (d.us < 0), us, ARRAY_SIZE(UNITS) - 1, ARRAY_SIZE(UNITS), STR_NONE);
	}
	return out;
}

const char *span_format_short(duration d, char out[static SPAN_TEXT_MAX])
{
	if (d.us == INT64_MAX) {
		put_text(out, STR("permanent"));
	} else if (d.us < US_PER_S) {
		put_text(out, STR("now"));
	} else {
		put_units(out, (uint64_t)d.us, UNIT_SECONDS, 1, STR(" "));
	}
	return out;
}

struct date {
	int64_t year;
	unsigned month, day;
};

int64_t days_from_civil(int64_t year, unsigned month, unsigned day)
{
	int64_t y = month <= 2 ? year - 1
			       : year; /* years begin in March: the leap day is the last */
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t month_from_march = (month + 9) % 12;
	int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

static struct date civil_from_days(int64_t days)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t day_of_era = z - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month_from_march = (5 * day_of_year + 2) / 153;
	struct date date = {
		.year = year_of_era + era * 400,
		.month = (unsigned)(month_from_march < 10 ? month_from_march + 3
							  : month_from_march - 9),
		.day = (unsigned)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
	};

	date.year += date.month <= 2;
	return date;
}

static unsigned days_in_month(int64_t year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && is_leap ? 1U : 0U);
}

const char *instant_format(instant t, char out[static INSTANT_TEXT_MAX])
{
	bool is_before_0 = t.us % US_PER_DAY < 0;
	int64_t days = t.us / US_PER_DAY - (is_before_0 ? 1 : 0);
	uint64_t ms = (uint64_t)(t.us % US_PER_DAY + (is_before_0 ? US_PER_DAY : 0)) / 1000;
	struct date date = civil_from_days(days);
	char *to = out;

	if (instant_is_never(t)) {
		out[0] = '\0';
		return out;
	}
	if (date.year < 0) {
		to = put_text(to, STR("-"));
	}
	to = put_number(to, (uint64_t)(date.year < 0 ? -date.year : date.year), 4);
	to = put_number(put_text(to, STR("-")), date.month, 2);
	to = put_number(put_text(to, STR("-")), date.day, 2);
	to = put_number(put_text(to, STR("T")), ms / 3600000, 2);
	to = put_number(put_text(to, STR(":")), ms / 60000 % 60, 2);
	to = put_number(put_text(to, STR(":")), ms / 1000 % 60, 2);
	if (ms % 1000 != 0) {
		to = put_number(put_text(to, STR(".")), ms % 1000, 3);
	}
	put_text(to, STR("Z"));
	return out;
}

/* Takes exactly n digits. */
static bool take_number(struct str *rest, size_t n, unsigned *ret)
{
	unsigned value = 0;

	if (rest->n < n) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (!is_digit(rest->p[i])) {
			return false;
		}
		value = value * 10 + (unsigned)(rest->p[i] - '0');
	}
	*rest = str_slice(*rest, n, SIZE_MAX);
	*ret = value;
	return true;
}

static bool take_one_of(struct str *rest, struct str chars, char *ret)
{
	if (rest->n == 0 || str_find_char(chars, rest->p[0]) == STR_NOT_FOUND) {
		return false;
	}
	*ret = rest->p[0];
	*rest = str_slice(*rest, 1, SIZE_MAX);
	return true;
}

static bool take_char(struct str *rest, char c)
{
	char taken;

	return take_one_of(rest, (struct str){ .p = &c, .n = 1 }, &taken);
}

/* `.` and digits, of which the first six count. True when there is nothing of the kind. */
static bool take_fraction(struct str *rest, int64_t *us)
{
	struct str digits;

	if (!take_char(rest, '.')) {
		return true;
	}
	digits = take_run(rest, true);
	for (size_t i = 0; i < 6; i++) {
		*us = *us * 10 + (i < digits.n ? digits.p[i] - '0' : 0);
	}
	return digits.n > 0;
}

static bool take_date(struct str *rest, int64_t *ret_us)
{
	unsigned year, month, day;

	if (!take_number(rest, 4, &year) || !take_char(rest, '-') ||
	    !take_number(rest, 2, &month) || !take_char(rest, '-') || !take_number(rest, 2, &day)) {
		return false;
	}
	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) {
		return false;
	}
	*ret_us = days_from_civil(year, month, day) * US_PER_DAY;
	return true;
}

/* HH:MM[:SS[.fraction]] */
static bool take_time(struct str *rest, int64_t *ret_us)
{
	unsigned hour, minute, second = 0;
	int64_t fraction = 0;

	if (!take_number(rest, 2, &hour) || !take_char(rest, ':') ||
	    !take_number(rest, 2, &minute)) {
		return false;
	}
	if (take_char(rest, ':') &&
	    (!take_number(rest, 2, &second) || !take_fraction(rest, &fraction))) {
		return false;
	}
	if (hour > 23 || minute > 59 || second > 60) {
		return false;
	}
	*ret_us = (hour * INT64_C(3600) + minute * INT64_C(60) + second) * US_PER_S + fraction;
	return true;
}

/* `Z` or +HH:MM. True with 0 when there is nothing: UTC. */
static bool take_zone(struct str *rest, int64_t *ret_us)
{
	unsigned hour, minute;
	char sign;

	*ret_us = 0;
	if (rest->n == 0 || take_one_of(rest, STR("Zz"), &sign)) {
		return true;
	}
	if (!take_one_of(rest, STR("+-"), &sign) || !take_number(rest, 2, &hour) ||
	    !take_char(rest, ':') || !take_number(rest, 2, &minute) || hour > 23 || minute > 59) {
		return false;
	}
	*ret_us = (hour * INT64_C(60) + minute) * 60 * US_PER_S;
	if (sign == '-') {
		*ret_us = -*ret_us;
	}
	return true;
}

int instant_parse(struct str text, instant *ret)
{
	int64_t date, time = 0, zone = 0;
	char between;

	if (!take_date(&text, &date)) {
		return -EINVAL;
	}
	if (text.n > 0 && (!take_one_of(&text, STR("Tt "), &between) || !take_time(&text, &time) ||
			   !take_zone(&text, &zone))) {
		return -EINVAL;
	}
	if (text.n > 0) {
		return -EINVAL;
	}
	ret->us = date + time - zone;
	return 0;
}
