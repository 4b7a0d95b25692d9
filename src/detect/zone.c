/* SPDX-License-Identifier: MIT */
/* zone.c - what is local time in this place, at this moment?
 *
 * A TZif file is a list of instants at which the clock's distance from UTC changes, and a footer
 * with a rule in POSIX's TZ notation for the time after the last of them. Of both only the
 * distances matter here, not the names and not what is called summer time.
 *
 * Version 2 and later repeat the data with 64-bit times behind the 32-bit ones; those are then
 * skipped. Where a file counts leap seconds ("right" zones) they are taken out again, because an
 * instant has none.
 *
 * The way back, from wall clock to instant, walks the stretches of constant distance around the
 * time in question, earliest first: the first stretch that contains it wins, so a time that occurs
 * twice is the first of the two. A time that falls between two stretches was skipped, and counts by
 * the distance before the gap. */
#include "detect/zone.h"

#include <errno.h>
#include <string.h>

#include "detect/calendar.h"
#include "detect/zone_rule.h"

enum { TZIF_MAX = 1 << 20, OFFSET_MAX = 26 * 3600 };

struct zone {
	size_t n;
	int64_t *at;     /* when the offset changes, seconds, ascending */
	int32_t *offset; /* from then on, seconds east of UTC */
	int32_t first;   /* before the first change */
	bool has_rule;
	struct zone_rule rule; /* from the last change on */
};

struct header {
	char version;
	size_t isutc, isstd, leap, time, type, chars;
};

/* What is left of the file. */
struct cursor {
	const uint8_t *p;
	size_t n;
};

static const uint8_t *take(struct cursor *c, size_t n)
{
	const uint8_t *p = c->p;

	if (n > c->n) {
		return NULL;
	}
	c->p += n;
	c->n -= n;
	return p;
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be_time(const uint8_t *p, size_t width)
{
	if (width == 4) {
		return (int32_t)be32(p);
	}
	return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

static int read_header(struct cursor *c, struct header *ret)
{
	const uint8_t *p = take(c, 44);
	size_t *const counts[] = { &ret->isutc, &ret->isstd, &ret->leap,
				   &ret->time,  &ret->type,  &ret->chars };

	if (!p || memcmp(p, "TZif", 4) != 0) {
		return -EINVAL;
	}
	ret->version = (char)p[4];
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		*counts[i] = be32(p + 20 + 4 * i);
		if (*counts[i] > TZIF_MAX) {
			return -EINVAL;
		}
	}
	return 0;
}

static int skip_data(struct cursor *c, const struct header *h)
{
	size_t n = h->time * 5 + h->type * 6 + h->chars + h->leap * 8 + h->isstd + h->isutc;

	return take(c, n) ? 0 : -EINVAL;
}

/* Seconds that the file has inserted up to its own count `t`. */
static int64_t leap_seconds(const uint8_t *leaps, size_t n, size_t width, int64_t t)
{
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		const uint8_t *p = leaps + i * (width + 4);

		if (be_time(p, width) > t) {
			break;
		}
		sum = (int32_t)be32(p + width);
	}
	return sum;
}

static int read_offset(const uint8_t *types, size_t n_types, size_t type, int32_t *ret)
{
	int32_t offset;

	if (type >= n_types) {
		return -EINVAL;
	}
	offset = (int32_t)be32(types + type * 6);
	if (offset > OFFSET_MAX || offset < -OFFSET_MAX) {
		return -EINVAL;
	}
	*ret = offset;
	return 0;
}

static int read_data(struct cursor *c, const struct header *h, size_t width, struct zone *z)
{
	const uint8_t *times = take(c, h->time * width);
	const uint8_t *indexes = take(c, h->time);
	const uint8_t *types = take(c, h->type * 6);
	const uint8_t *chars = take(c, h->chars);
	const uint8_t *leaps = take(c, h->leap * (width + 4));
	int r;

	if (!times || !indexes || !types || !chars || !leaps || !take(c, h->isstd + h->isutc)) {
		return -EINVAL;
	}
	r = read_offset(types, h->type, 0, &z->first);
	for (size_t i = 0; r == 0 && i < h->time; i++) {
		int64_t t = be_time(times + i * width, width);

		if (__builtin_sub_overflow(t, leap_seconds(leaps, h->leap, width, t), &z->at[i]) ||
		    (i > 0 && z->at[i] <= z->at[i - 1])) {
			return -EINVAL;
		}
		r = read_offset(types, h->type, indexes[i], &z->offset[i]);
	}
	return r;
}

static int read_footer(struct cursor c, struct zone *z)
{
	struct str footer = { .p = (const char *)c.p, .n = c.n };
	size_t end;

	if (footer.n == 0 || footer.p[0] != '\n') {
		return -EINVAL;
	}
	footer = str_slice(footer, 1, SIZE_MAX);
	end = str_find_char(footer, '\n');
	if (end == STR_NOT_FOUND) {
		return -EINVAL;
	}
	z->has_rule = end > 0;
	return z->has_rule ? zone_rule_parse(str_slice(footer, 0, end), &z->rule) : 0;
}

int zone_parse(struct str tzif, struct arena *arena, const struct zone **ret)
{
	struct cursor c = { .p = (const uint8_t *)tzif.p, .n = tzif.n };
	struct header h;
	struct zone *z;
	size_t width = 4;
	int r;

	if (tzif.n > TZIF_MAX || read_header(&c, &h) < 0) {
		return -EINVAL;
	}
	if (h.version >= '2') {
		width = 8;
		if (skip_data(&c, &h) < 0 || read_header(&c, &h) < 0) {
			return -EINVAL;
		}
	}
	if (h.time * width > c.n) {
		return -EINVAL;
	}
	z = arena_alloc(arena, 1, sizeof(*z));
	if (!z) {
		return -ENOMEM;
	}
	z->n = h.time;
	z->at = arena_alloc(arena, z->n, sizeof(*z->at));
	z->offset = arena_alloc(arena, z->n, sizeof(*z->offset));
	if (!z->at || !z->offset) {
		return -ENOMEM;
	}
	r = read_data(&c, &h, width, z);
	if (r == 0 && width == 8) {
		r = read_footer(c, z);
	}
	if (r == 0) {
		*ret = z;
	}
	return r;
}

/* How many changes lie at or before `t`. */
static size_t changes_until(const struct zone *z, int64_t t)
{
	size_t low = 0, high = z->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (z->at[middle] <= t) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

/* The stretch of constant offset that `t` lies in. */
struct stretch {
	int32_t offset;
	int64_t end; /* the first second after it, INT64_MAX when it has no end */
};

static struct stretch stretch_at(const struct zone *z, int64_t t)
{
	size_t i = changes_until(z, t);

	if (i == z->n && z->has_rule) {
		struct stretch s;

		s.offset = zone_rule_offset(&z->rule, t, &s.end);
		return s;
	}
	return (struct stretch){ .offset = i > 0 ? z->offset[i - 1] : z->first,
				 .end = i < z->n ? z->at[i] : INT64_MAX };
}

static int32_t offset_of_local(const struct zone *z, int64_t local)
{
	struct stretch s = stretch_at(z, local - OFFSET_MAX - 1);
	int64_t begin = INT64_MIN;
	int32_t before = s.offset;

	while (local - s.offset < begin || local - s.offset >= s.end) {
		if (s.end > local + OFFSET_MAX) {
			return before;
		}
		if (local - s.offset >= s.end) {
			before = s.offset;
		}
		begin = s.end;
		s = stretch_at(z, begin);
	}
	return s.offset;
}

/* Beyond these there is no calendar, only arithmetic that would overflow. */
static bool is_sane(int64_t us)
{
	return us > INT64_MIN / 2 && us < INT64_MAX / 2;
}

instant zone_to_utc(const struct zone *z, int64_t local_us)
{
	if (!z || !is_sane(local_us)) {
		return (instant){ .us = local_us };
	}
	return (instant){
		.us = local_us - (int64_t)offset_of_local(z, floor_div(local_us, 1000000)) * 1000000
	};
}

int32_t zone_offset(const struct zone *z, instant t)
{
	if (!z || !is_sane(t.us)) {
		return 0;
	}
	return stretch_at(z, floor_div(t.us, 1000000)).offset;
}
