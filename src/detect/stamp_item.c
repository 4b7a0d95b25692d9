/* SPDX-License-Identifier: MIT */
/* stamp_item.c - what is one part of a stamp, and what does it say in this text?
 *
 * PARTS is the one table: the regex of a part, its reader, what it tells. A reader takes as much as
 * it can from the front of the text and never gives back; the regexes say so with possessive
 * quantifiers, so that PCRE2 cannot find a second way to read a text. */
#include "detect/stamp_item.h"

#include "detect/quote.h"

/* Takes 1 to `max` digits, as many as there are. */
static bool read_number(struct str *s, size_t max, int64_t *ret)
{
	int64_t n = 0;
	size_t i = 0;

	for (; i < s->n && i < max && s->p[i] >= '0' && s->p[i] <= '9'; i++) {
		n = n * 10 + (s->p[i] - '0');
	}
	*s = str_slice(*s, i, SIZE_MAX);
	*ret = n;
	return i > 0;
}

static bool read_small(struct str *s, size_t max, unsigned *ret)
{
	int64_t n;
	bool ok = read_number(s, max, &n);

	*ret = (unsigned)n;
	return ok;
}

static bool has_digits(struct str s, size_t from, size_t n)
{
	for (size_t i = from; i < from + n; i++) {
		if (i >= s.n || s.p[i] < '0' || s.p[i] > '9') {
			return false;
		}
	}
	return true;
}

static bool eat_nocase(struct str *s, struct str text)
{
	if (!str_eq_nocase(str_slice(*s, 0, text.n), text)) {
		return false;
	}
	*s = str_slice(*s, text.n, SIZE_MAX);
	return true;
}

static bool eat_char(struct str *s, char c)
{
	return eat_nocase(s, (struct str){ .p = &c, .n = 1 });
}

/* Exactly `n` digits. */
static bool read_fixed(struct str *s, size_t n, unsigned *ret)
{
	return has_digits(*s, 0, n) && read_small(s, n, ret);
}

/* One of the names, short or, when it goes on like that, long. */
static bool read_name(struct str *s, const struct str *names, size_t n, unsigned *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (eat_nocase(s, str_slice(names[i], 0, 3))) {
			(void)eat_nocase(s, str_slice(names[i], 3, SIZE_MAX));
			*ret = (unsigned)i;
			return true;
		}
	}
	return false;
}

static bool read_digits(struct str *s, struct stamp_fields *v)
{
	size_t before = s->n;
	int64_t n;

	if (!read_number(s, 9, &n)) {
		return false;
	}
	for (size_t digits = before - s->n; digits < 9; digits++) {
		n *= 10;
	}
	v->us = (unsigned)(n / 1000);
	return true;
}

static bool read_fraction(struct str *s, struct stamp_fields *v)
{
	if (s->n > 0 && (s->p[0] == '.' || s->p[0] == ',') && has_digits(*s, 1, 1)) {
		*s = str_slice(*s, 1, SIZE_MAX);
		(void)read_digits(s, v);
	}
	return true;
}

static bool read_offset(struct str *s, struct stamp_fields *v)
{
	bool east = s->n > 0 && s->p[0] == '+', west = s->n > 0 && s->p[0] == '-';
	size_t colon = s->n > 3 && s->p[3] == ':' ? 1 : 0;
	unsigned h = 0, m = 0;

	if (!(east || west) || !has_digits(*s, 1, 2)) {
		return false;
	}
	*s = str_slice(*s, 1, SIZE_MAX);
	(void)read_fixed(s, 2, &h);
	if (has_digits(*s, colon, 2)) {
		*s = str_slice(*s, colon, SIZE_MAX);
		(void)read_fixed(s, 2, &m);
	}
	v->offset = h > 23 || m > 59 ? STAMP_NO_OFFSET : (int32_t)(h * 3600 + m * 60);
	if (west) {
		v->offset = -v->offset;
	}
	v->has |= STAMP_HAS_ZONE;
	return true;
}

static bool read_zone(struct str *s, struct stamp_fields *v)
{
	if (eat_char(s, 'Z')) {
		v->has |= STAMP_HAS_ZONE;
		return true;
	}
	return read_offset(s, v);
}

static bool read_zone_name(struct str *s, struct stamp_fields *v)
{
	v->has |= STAMP_HAS_ZONE;
	return eat_nocase(s, STR("UTC")) || eat_nocase(s, STR("GMT"));
}

static bool is_word(struct str s)
{
	char c = s.n > 0 ? s.p[0] : ' ';

	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '_';
}

/* A zone behind a blank must end there: the next field of a log may begin just so. */
static bool read_zone_auto(struct str *s, struct stamp_fields *v)
{
	struct str rest = str_slice(*s, 1, SIZE_MAX);
	struct stamp_fields probe = *v;

	if (read_zone(s, v)) {
		return true;
	}
	if (s->n == 0 || s->p[0] != ' ') {
		return true;
	}
	if (has_digits(rest, 1, 4) && !has_digits(rest, 5, 1) && read_offset(&rest, &probe)) {
		*s = rest;
		*v = probe;
		return true;
	}
	rest = str_slice(*s, 1, SIZE_MAX);
	probe = *v;
	if (read_zone_name(&rest, &probe) && !is_word(rest)) {
		*s = rest;
		*v = probe;
	}
	return true;
}

static bool read_tee(struct str *s, struct stamp_fields *v)
{
	(void)v;
	return eat_char(s, 'T') || eat_char(s, ' ');
}

static bool read_year(struct str *s, struct stamp_fields *v)
{
	return read_fixed(s, 4, &v->year);
}

static bool read_year_short(struct str *s, struct stamp_fields *v)
{
	bool ok = read_fixed(s, 2, &v->year);

	v->year += v->year < 69 ? 2000 : 1900;
	return ok;
}

static bool read_month_name(struct str *s, struct stamp_fields *v)
{
	static const struct str names[] = {
		{ "January", 7 },   { "February", 8 }, { "March", 5 },    { "April", 5 },
		{ "May", 3 },       { "June", 4 },     { "July", 4 },     { "August", 6 },
		{ "September", 9 }, { "October", 7 },  { "November", 8 }, { "December", 8 },
	};
	bool ok = read_name(s, names, ARRAY_SIZE(names), &v->month);

	v->month++;
	return ok;
}

static bool read_weekday(struct str *s, struct stamp_fields *v)
{
	static const struct str names[] = {
		{ "Monday", 6 }, { "Tuesday", 7 },  { "Wednesday", 9 }, { "Thursday", 8 },
		{ "Friday", 6 }, { "Saturday", 8 }, { "Sunday", 6 },
	};
	unsigned unused;

	(void)v;
	return read_name(s, names, ARRAY_SIZE(names), &unused);
}

static bool read_am_pm(struct str *s, struct stamp_fields *v)
{
	v->afternoon = s->n > 0 && (s->p[0] == 'p' || s->p[0] == 'P');
	return eat_nocase(s, v->afternoon ? STR("PM") : STR("AM"));
}

static bool read_month(struct str *s, struct stamp_fields *v)
{
	return read_small(s, 2, &v->month);
}

static bool read_day(struct str *s, struct stamp_fields *v)
{
	(void)eat_char(s, ' ');
	return read_small(s, 2, &v->day);
}

static bool read_yday(struct str *s, struct stamp_fields *v)
{
	return read_small(s, 3, &v->yday);
}

static bool read_hour(struct str *s, struct stamp_fields *v)
{
	return read_small(s, 2, &v->hour);
}

static bool read_minute(struct str *s, struct stamp_fields *v)
{
	return read_small(s, 2, &v->minute);
}

static bool read_second(struct str *s, struct stamp_fields *v)
{
	return read_small(s, 2, &v->second);
}

static bool read_epoch(struct str *s, struct stamp_fields *v)
{
	return read_number(s, 12, &v->epoch);
}

#define OFFSET "[+-]\\d\\d(?::?\\d\\d)?+"

static const struct part {
	const char *regex;
	bool (*read)(struct str *s, struct stamp_fields *v);
	unsigned has;
} PARTS[] = {
	[STAMP_YEAR] = { "\\d{4}", read_year, STAMP_HAS_YEAR },
	[STAMP_YEAR_SHORT] = { "\\d\\d", read_year_short, STAMP_HAS_YEAR },
	[STAMP_MONTH] = { "\\d{1,2}+", read_month, STAMP_HAS_MONTH },
	[STAMP_MONTH_NAME] = { "(?:Jan(?:uary)?+|Feb(?:ruary)?+|Mar(?:ch)?+|Apr(?:il)?+|May|June?+|July?+"
			       "|Aug(?:ust)?+|Sep(?:tember)?+|Oct(?:ober)?+|Nov(?:ember)?+|Dec(?:ember)?+)",
			       read_month_name, STAMP_HAS_MONTH },
	[STAMP_DAY] = { " ?+\\d{1,2}+", read_day, STAMP_HAS_DAY },
	[STAMP_YDAY] = { "\\d{1,3}+", read_yday, STAMP_HAS_YDAY },
	[STAMP_WEEKDAY] = { "(?:Mon(?:day)?+|Tue(?:sday)?+|Wed(?:nesday)?+|Thu(?:rsday)?+|Fri(?:day)?+"
			    "|Sat(?:urday)?+|Sun(?:day)?+)",
			    read_weekday, STAMP_HAS_WEEKDAY },
	[STAMP_HOUR] = { "\\d{1,2}+", read_hour, STAMP_HAS_HOUR },
	[STAMP_HOUR_HALF] = { "\\d{1,2}+", read_hour, STAMP_HAS_HOUR | STAMP_HAS_HOUR_HALF },
	[STAMP_AM_PM] = { "[AP]M", read_am_pm, STAMP_HAS_AM_PM },
	[STAMP_MINUTE] = { "\\d{1,2}+", read_minute, STAMP_HAS_MINUTE },
	[STAMP_SECOND] = { "\\d{1,2}+", read_second, STAMP_HAS_SECOND },
	[STAMP_DIGITS] = { "\\d{1,9}+", read_digits, STAMP_HAS_FRACTION },
	[STAMP_FRACTION] = { "(?:[.,]\\d{1,9}+)?+", read_fraction, STAMP_HAS_FRACTION },
	[STAMP_ZONE] = { "(?:Z|" OFFSET ")", read_zone, STAMP_HAS_ZONE },
	[STAMP_ZONE_NAME] = { "(?:UTC|GMT)", read_zone_name, STAMP_HAS_ZONE },
	[STAMP_EPOCH] = { "\\d{1,12}+", read_epoch, STAMP_HAS_EPOCH },
	[STAMP_TEE] = { "[T ]", read_tee, 0 },
	[STAMP_ZONE_AUTO] = { "(?:Z|" OFFSET "| [+-]\\d{4}(?!\\d)| (?:UTC|GMT)(?!\\w))?+",
			      read_zone_auto, 0 },
};

unsigned stamp_item_has(enum stamp_kind kind)
{
	return PARTS[kind].has;
}

void stamp_item_regex(const struct stamp_item *item, struct buf *out)
{
	if (item->kind == STAMP_TEXT) {
		quote_regex(out, item->text);
	} else {
		buf_add_str(out, str_of(PARTS[item->kind].regex));
	}
}

bool stamp_item_read(const struct stamp_item *item, struct str *text, struct stamp_fields *v)
{
	if (item->kind == STAMP_TEXT) {
		return eat_nocase(text, item->text);
	}
	v->has |= PARTS[item->kind].has;
	return PARTS[item->kind].read(text, v);
}
