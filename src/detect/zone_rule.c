/* SPDX-License-Identifier: MIT */
/* zone_rule.c - when does the clock change in years that no table lists?
 *
 * The days of a rule are worked out for the year in question and its two neighbours: a change on
 * January 1 at 00:00 belongs to the year before in half of the world, and RFC 8536 lets a time
 * reach a week beyond its day. Where summer time of one year begins in the second in which that of
 * the year before ends, there is no winter. */
#include "detect/zone_rule.h"

#include <errno.h>

#include "detect/calendar.h"

static bool eat(struct str *s, char c)
{
	if (s->n == 0 || s->p[0] != c) {
		return false;
	}
	*s = str_slice(*s, 1, SIZE_MAX);
	return true;
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static int eat_number(struct str *s, unsigned max, unsigned *ret)
{
	unsigned n = 0;
	size_t i = 0;

	for (; i < s->n && i < 4 && s->p[i] >= '0' && s->p[i] <= '9'; i++) {
		n = n * 10 + (unsigned)(s->p[i] - '0');
	}
	if (i == 0 || n > max) {
		return -EINVAL;
	}
	*s = str_slice(*s, i, SIZE_MAX);
	*ret = n;
	return 0;
}

/* Three letters or more, or anything between < and >. */
static int eat_name(struct str *s)
{
	size_t n = 0;

	if (eat(s, '<')) {
		n = str_find_char(*s, '>');
		if (n == STR_NOT_FOUND || n == 0) {
			return -EINVAL;
		}
		*s = str_slice(*s, n + 1, SIZE_MAX);
		return 0;
	}
	while (n < s->n && is_letter(s->p[n])) {
		n++;
	}
	*s = str_slice(*s, n, SIZE_MAX);
	return n >= 3 ? 0 : -EINVAL;
}

/* [+-]h[h[h]][:mm[:ss]] */
static int eat_time(struct str *s, unsigned max_hours, int32_t *ret)
{
	bool negative = eat(s, '-');
	unsigned h, m = 0, sec = 0;

	if (!negative) {
		(void)eat(s, '+');
	}
	if (eat_number(s, max_hours, &h) < 0) {
		return -EINVAL;
	}
	if (eat(s, ':')) {
		if (eat_number(s, 59, &m) < 0 || (eat(s, ':') && eat_number(s, 59, &sec) < 0)) {
			return -EINVAL;
		}
	}
	*ret = (int32_t)(h * 3600 + m * 60 + sec) * (negative ? -1 : 1);
	return 0;
}

static int eat_month_day(struct str *s, struct zone_rule_day *d)
{
	unsigned month, week, weekday;

	if (eat_number(s, 12, &month) < 0 || !eat(s, '.') || eat_number(s, 5, &week) < 0 ||
	    !eat(s, '.') || eat_number(s, 6, &weekday) < 0 || month == 0 || week == 0) {
		return -EINVAL;
	}
	d->kind = RULE_MONTH;
	d->month = (uint8_t)month;
	d->week = (uint8_t)week;
	d->weekday = (uint8_t)weekday;
	return 0;
}

static int eat_day(struct str *s, struct zone_rule_day *d)
{
	unsigned day = 0;
	bool julian;
	int r;

	if (!eat(s, ',')) {
		return -EINVAL;
	}
	if (eat(s, 'M')) {
		r = eat_month_day(s, d);
	} else {
		julian = eat(s, 'J');
		r = eat_number(s, 365, &day);
		d->kind = julian ? RULE_JULIAN : RULE_DAY;
		d->day = (uint16_t)day;
		if (julian && day == 0) {
			r = -EINVAL;
		}
	}
	d->time = 2 * 3600;
	if (r == 0 && eat(s, '/')) {
		r = eat_time(s, 167, &d->time);
	}
	return r;
}

int zone_rule_parse(struct str text, struct zone_rule *ret)
{
	struct zone_rule rule = { 0 };

	if (eat_name(&text) < 0 || eat_time(&text, 24, &rule.winter) < 0) {
		return -EINVAL;
	}
	rule.winter = -rule.winter;
	rule.has_summer = text.n > 0;
	if (rule.has_summer) {
		rule.summer = rule.winter + 3600;
		if (eat_name(&text) < 0) {
			return -EINVAL;
		}
		if (text.n > 0 && text.p[0] != ',') {
			if (eat_time(&text, 24, &rule.summer) < 0) {
				return -EINVAL;
			}
			rule.summer = -rule.summer;
		}
		if (eat_day(&text, &rule.begin) < 0 || eat_day(&text, &rule.end) < 0) {
			return -EINVAL;
		}
	}
	if (text.n > 0) {
		return -EINVAL;
	}
	*ret = rule;
	return 0;
}

static int64_t day_in(const struct zone_rule_day *d, int64_t year)
{
	int64_t first = days_from_civil(year, d->kind == RULE_MONTH ? d->month : 1, 1);
	int64_t day = d->day;

	switch (d->kind) {
	case RULE_JULIAN: return first + day - (day >= 60 && calendar_is_leap(year) ? 0 : 1);
	case RULE_DAY: return first + day;
	case RULE_MONTH:
		/* 1970-01-01 was a Thursday. */
		day = (d->weekday - (first + 4) % 7 + 14) % 7 + INT64_C(7) * (d->week - 1);
		if (day >= calendar_month_days(year, d->month)) {
			day -= 7;
		}
	}
	return first + day;
}

static int64_t begin_in(const struct zone_rule *r, int64_t year)
{
	return day_in(&r->begin, year) * DAY_SECONDS + r->begin.time - r->winter;
}

static int64_t end_in(const struct zone_rule *r, int64_t year)
{
	return day_in(&r->end, year) * DAY_SECONDS + r->end.time - r->summer;
}

int32_t zone_rule_offset(const struct zone_rule *rule, int64_t t, int64_t *ret_end)
{
	int64_t year = calendar_year_of(floor_div(t + rule->winter, DAY_SECONDS));
	int64_t last = INT64_MIN, next = INT64_MAX;
	bool summer = false;

	if (!rule->has_summer) {
		*ret_end = INT64_MAX;
		return rule->winter;
	}
	for (int64_t y = year - 1; y <= year + 1; y++) {
		int64_t begin = begin_in(rule, y), end = end_in(rule, y);

		if (end <= t && end > last) {
			last = end;
			summer = false;
		}
		if (begin <= t && begin >= last) {
			last = begin;
			summer = true;
		}
		next = end > t && end < next ? end : next;
		next = begin > t && begin < next ? begin : next;
	}
	*ret_end = next;
	return summer ? rule->summer : rule->winter;
}
