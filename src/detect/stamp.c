/* SPDX-License-Identifier: MIT */
/* stamp.c - when does this line say that it was written?
 *
 * A format becomes a list of items, each of which knows its regex and how to read it. Both sides of
 * an item say the same: they take as many digits as they can get and never give one back, which in
 * the regex is spelt with possessive quantifiers. So there is one reading of a text, and what PCRE2
 * caught is what the reader takes.
 *
 * Reading fills a struct of numbers without judging them; only then is it asked whether there is
 * such a time. The shape of a stamp is the pattern's affair, its sense is ours. The C library's
 * strptime() is not used: it obeys the locale, guesses, and tells no zone.
 *
 * What a stamp leaves out is chosen so that the time lies before the file's time, give or take the
 * clock's error: a log is written before it is read. The slack for a time without a date is small,
 * because a file that was last written at 23:59 may well begin at 00:10 of that day. A zone that is
 * set wrongly is not our affair: the source's offset mends it. */
#include "detect/stamp.h"

#include <errno.h>

#include "detect/calendar.h"
#include "detect/stamp_form.h"

enum { SECOND_US = 1000000, YEAR_MAX = 9999, TIME_SLACK_S = 300 };

#define DAY_US ((int64_t)DAY_SECONDS * SECOND_US)
/* No file was written before the year 1 or after the year 9999. */
#define US_LIMIT (INT64_C(253402300800) * SECOND_US)

struct stamp_format {
	struct stamp_form forms[2]; /* the second: NULL, or what begins with a letter */
	struct str regex;
};

static int add_regex(struct stamp_format *f, struct arena *arena)
{
	CLEANUP(buf_done) struct buf b = { 0 };

	buf_add_str(&b, STR("(?i:"));
	stamp_form_regex(&f->forms[0], &b);
	if (f->forms[1].n > 0) {
		buf_add_char(&b, '|');
		stamp_form_regex(&f->forms[1], &b);
	}
	buf_add_char(&b, ')');
	if (buf_ok(&b) < 0) {
		return -ENOMEM;
	}
	f->regex = arena_str(arena, buf_str(&b));
	return f->regex.p ? 0 : -ENOMEM;
}

int stamp_format_parse(struct str format, struct arena *arena, struct stamp_format **ret,
		       size_t *ret_bad)
{
	struct stamp_format *f = arena_alloc(arena, 1, sizeof(*f));
	size_t bad = 0;
	int r = 0;

	if (!f) {
		return -ENOMEM;
	}
	if (str_eq(format, STR("auto"))) {
		f->forms[0] = stamp_form_iso();
		f->forms[1] = stamp_form_rfc3164();
	} else {
		r = stamp_form_parse(format, arena, &f->forms[0], &bad);
	}
	if (r == 0) {
		r = add_regex(f, arena);
	}
	if (r == 0) {
		*ret = f;
	} else if (ret_bad) {
		*ret_bad = bad;
	}
	return r;
}

struct str stamp_format_regex(const struct stamp_format *f)
{
	return f->regex;
}

bool stamp_format_has_date(const struct stamp_format *f)
{
	unsigned has = f->forms[0].has;

	return has & STAMP_HAS_EPOCH ||
	       (has & STAMP_HAS_YEAR && has & (STAMP_HAS_DAY | STAMP_HAS_YDAY));
}

bool stamp_format_has_day(const struct stamp_format *f)
{
	return f->forms[0].has & (STAMP_HAS_EPOCH | STAMP_HAS_DAY | STAMP_HAS_YDAY);
}

bool stamp_format_has_time(const struct stamp_format *f)
{
	return f->forms[0].has & (STAMP_HAS_EPOCH | STAMP_HAS_HOUR);
}

/* Which of the two forms could this be? */
static const struct stamp_form *form_of(const struct stamp_format *f, struct str text)
{
	bool digit = text.n > 0 && text.p[0] >= '0' && text.p[0] <= '9';

	return f->forms[1].n > 0 && !digit ? &f->forms[1] : &f->forms[0];
}

static bool has_sense(const struct stamp_fields *v)
{
	if (v->offset > DAY_SECONDS || v->offset < -DAY_SECONDS) {
		return false;
	}
	if (v->has & STAMP_HAS_AM_PM ? v->hour < 1 || v->hour > 12 : v->hour > 23) {
		return false;
	}
	return v->minute <= 59 && v->second <= 60;
}

/* The day that month and day, or the day of the year, are in that year. */
static int day_of(const struct stamp_fields *v, int64_t year, int64_t *ret)
{
	if (year < 0 || year > YEAR_MAX) {
		return -EINVAL;
	}
	if (v->has & STAMP_HAS_YDAY) {
		if (v->yday < 1 || v->yday > (calendar_is_leap(year) ? 366U : 365U)) {
			return -EINVAL;
		}
		*ret = days_from_civil(year, 1, 1) + v->yday - 1;
		return 0;
	}
	if (v->month < 1 || v->month > 12 || v->day < 1 ||
	    v->day > calendar_month_days(year, v->month)) {
		return -EINVAL;
	}
	*ret = days_from_civil(year, v->month, v->day);
	return 0;
}

static int64_t time_of_day(const struct stamp_fields *v)
{
	int64_t hour = v->has & STAMP_HAS_AM_PM ? v->hour % 12 + (v->afternoon ? 12 : 0) : v->hour;

	return ((hour * 60 + v->minute) * 60 + v->second) * SECOND_US + v->us;
}

static instant instant_of(const struct stamp_fields *v, const struct zone *zone, int64_t day)
{
	int64_t local = day * DAY_US + time_of_day(v);

	if (v->has & STAMP_HAS_ZONE) {
		return (instant){ .us = local - (int64_t)v->offset * SECOND_US };
	}
	return zone_to_utc(zone, local);
}

/* The file's time as the wall clock of the stamp's zone shows it. */
static int file_day(const struct stamp_fields *v, const struct stamp_context *ctx, int64_t *ret)
{
	int64_t us = ctx->file_time.us;
	int32_t offset = v->has & STAMP_HAS_ZONE ? v->offset : 0;

	if (us <= -US_LIMIT || us >= US_LIMIT) {
		return -EINVAL;
	}
	if (!(v->has & STAMP_HAS_ZONE)) {
		offset = zone_offset(ctx->zone, ctx->file_time);
	}
	*ret = floor_div(us + (int64_t)offset * SECOND_US, DAY_US);
	return 0;
}

static bool is_too_late(instant t, const struct stamp_context *ctx, int64_t slack_s)
{
	return t.us > ctx->file_time.us + slack_s * SECOND_US;
}

static int without_year(const struct stamp_fields *v, const struct stamp_context *ctx, instant *ret)
{
	int64_t day, year;

	if (file_day(v, ctx, &day) < 0) {
		return -EINVAL;
	}
	year = calendar_year_of(day);
	for (int64_t y = year + 1; y >= year - 1; y--) {
		if (day_of(v, y, &day) == 0) {
			instant t = instant_of(v, ctx->zone, day);

			if (!is_too_late(t, ctx, DAY_SECONDS)) {
				*ret = t;
				return 0;
			}
		}
	}
	return -EINVAL;
}

static int without_date(const struct stamp_fields *v, const struct stamp_context *ctx, instant *ret)
{
	int64_t day = ctx->date;
	instant t;

	if (ctx->date != STAMP_NO_DATE) {
		if (day < -US_LIMIT / DAY_US || day > US_LIMIT / DAY_US) {
			return -EINVAL;
		}
		*ret = instant_of(v, ctx->zone, day);
		return 0;
	}
	if (file_day(v, ctx, &day) < 0) {
		return -EINVAL;
	}
	day++;
	t = instant_of(v, ctx->zone, day);
	for (int tries = 0; tries < 2 && is_too_late(t, ctx, TIME_SLACK_S); tries++) {
		t = instant_of(v, ctx->zone, --day);
	}
	*ret = t;
	return 0;
}

static int resolve(const struct stamp_fields *v, const struct stamp_context *ctx, instant *ret)
{
	int64_t day;

	if (v->has & STAMP_HAS_EPOCH) {
		if (v->epoch >= US_LIMIT / SECOND_US) {
			return -EINVAL;
		}
		*ret = (instant){ .us = v->epoch * SECOND_US + v->us };
		return 0;
	}
	if (!has_sense(v)) {
		return -EINVAL;
	}
	if (!(v->has & (STAMP_HAS_DAY | STAMP_HAS_YDAY))) {
		return without_date(v, ctx, ret);
	}
	if (!(v->has & STAMP_HAS_YEAR)) {
		return without_year(v, ctx, ret);
	}
	if (day_of(v, v->year, &day) < 0) {
		return -EINVAL;
	}
	*ret = instant_of(v, ctx->zone, day);
	return 0;
}

int stamp_read(const struct stamp_format *f, struct str text, const struct stamp_context *ctx,
	       instant *ret, size_t *ret_n)
{
	struct stamp_fields v;
	size_t n = stamp_form_read(form_of(f, text), text, &v);

	if (n == 0 || resolve(&v, ctx, ret) < 0) {
		return -EINVAL;
	}
	if (ret_n) {
		*ret_n = n;
	}
	return 0;
}

instant stamp_believed(instant stamp, instant arrival)
{
	bool ahead = stamp.us > instant_add(arrival, seconds(STAMP_AHEAD)).us;

	return arrival.us != 0 && ahead ? arrival : stamp;
}

size_t stamp_length(const struct stamp_format *f, struct str text)
{
	struct stamp_fields v;

	return stamp_form_read(form_of(f, text), text, &v);
}

int32_t stamp_find_date(const struct stamp_format *f, struct str text)
{
	struct stamp_context nothing = { .date = STAMP_NO_DATE };
	bool in_number = false;

	for (size_t i = 0; i < text.n; i++) {
		struct str rest = str_slice(text, i, SIZE_MAX);
		struct stamp_fields v;
		instant t;

		if (!in_number && stamp_form_read(form_of(f, rest), rest, &v) > 0) {
			v.offset = 0;
			v.has |= STAMP_HAS_ZONE;
			if (resolve(&v, &nothing, &t) == 0) {
				return (int32_t)floor_div(t.us, DAY_US);
			}
		}
		in_number = text.p[i] >= '0' && text.p[i] <= '9';
	}
	return STAMP_NO_DATE;
}
