/* SPDX-License-Identifier: MIT */
#pragma once
/* stamp_item.h - what is one part of a stamp, and what does it say in this text?
 *
 * Numbers are read as they stand; whether they are a time is for stamp.c. The regex of a part and
 * its reader take the same bytes. Pure, allocates nothing. */
#include "base/buf.h"
#include "base/str.h"

enum stamp_kind {
	STAMP_TEXT,
	STAMP_YEAR,
	STAMP_YEAR_SHORT,
	STAMP_MONTH,
	STAMP_MONTH_NAME,
	STAMP_DAY,
	STAMP_YDAY,
	STAMP_WEEKDAY,
	STAMP_HOUR,
	STAMP_HOUR_HALF, /* 1..12 */
	STAMP_AM_PM,
	STAMP_MINUTE,
	STAMP_SECOND,
	STAMP_DIGITS,   /* of a fraction, whose point stands in the format */
	STAMP_FRACTION, /* with its point, if it is there */
	STAMP_ZONE,
	STAMP_ZONE_NAME,
	STAMP_EPOCH,
	STAMP_TEE,       /* what stands between date and time in ISO 8601 */
	STAMP_ZONE_AUTO, /* any of the zones, if it is there */
};

/* What a part tells, and a reading has found. */
enum stamp_has {
	STAMP_HAS_YEAR = 1 << 0,
	STAMP_HAS_MONTH = 1 << 1,
	STAMP_HAS_DAY = 1 << 2,
	STAMP_HAS_YDAY = 1 << 3,
	STAMP_HAS_WEEKDAY = 1 << 4,
	STAMP_HAS_HOUR = 1 << 5,
	STAMP_HAS_HOUR_HALF = 1 << 6,
	STAMP_HAS_AM_PM = 1 << 7,
	STAMP_HAS_MINUTE = 1 << 8,
	STAMP_HAS_SECOND = 1 << 9,
	STAMP_HAS_FRACTION = 1 << 10,
	STAMP_HAS_ZONE = 1 << 11,
	STAMP_HAS_EPOCH = 1 << 12,
};

/* The offset of a zone whose hour or minute is out of range. */
#define STAMP_NO_OFFSET INT32_MAX

struct stamp_fields {
	unsigned has;
	unsigned year, month, day, yday;
	unsigned hour, minute, second, us;
	bool afternoon;
	int32_t offset; /* seconds east of UTC */
	int64_t epoch;
};

struct stamp_item {
	enum stamp_kind kind;
	struct str text; /* of STAMP_TEXT */
};

/* What a part of this kind tells: bits of stamp_has. */
unsigned stamp_item_has(enum stamp_kind kind);
/* Adds its regex, without captures, to be used caseless. */
void stamp_item_regex(const struct stamp_item *item, struct buf *out);
/* Takes it off the front of the text. False when it is not there. */
bool stamp_item_read(const struct stamp_item *item, struct str *text, struct stamp_fields *v);
