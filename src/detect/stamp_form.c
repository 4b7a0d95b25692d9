/* SPDX-License-Identifier: MIT */
/* stamp_form.c - of which parts is a stamp of this format made?
 *
 * LETTERS says which letter of a format is which part. A format must make sense as a whole (`%M`
 * needs `%H`, `%p` needs `%I`), or a stamp of it would never be a time. */
#include "detect/stamp_form.h"

#include <errno.h>

static const struct letter {
	char letter;
	enum stamp_kind kind;
} LETTERS[] = {
	{ 'Y', STAMP_YEAR },       { 'y', STAMP_YEAR_SHORT }, { 'm', STAMP_MONTH },
	{ 'b', STAMP_MONTH_NAME }, { 'B', STAMP_MONTH_NAME }, { 'd', STAMP_DAY },
	{ 'e', STAMP_DAY },        { 'j', STAMP_YDAY },       { 'a', STAMP_WEEKDAY },
	{ 'A', STAMP_WEEKDAY },    { 'H', STAMP_HOUR },       { 'I', STAMP_HOUR_HALF },
	{ 'p', STAMP_AM_PM },      { 'M', STAMP_MINUTE },     { 'S', STAMP_SECOND },
	{ 'f', STAMP_DIGITS },     { 'z', STAMP_ZONE },       { 'Z', STAMP_ZONE_NAME },
	{ 's', STAMP_EPOCH },
};

/* A format that is being read. */
struct reader {
	struct str rest;
	struct stamp_item *items;
	size_t n;
	unsigned has;
};

static void add_text(struct reader *r, struct str text)
{
	r->items[r->n++] = (struct stamp_item){ .kind = STAMP_TEXT, .text = text };
}

static int add_part(struct reader *r, enum stamp_kind kind)
{
	if (r->has & stamp_item_has(kind)) {
		return -EINVAL;
	}
	r->has |= stamp_item_has(kind);
	r->items[r->n++] = (struct stamp_item){ .kind = kind };
	return 0;
}

/* Three numbers with `gap` between them. */
static int add_three(struct reader *r, const enum stamp_kind kinds[static 3], struct str gap)
{
	for (size_t i = 0; i < 3; i++) {
		if (i > 0) {
			add_text(r, gap);
		}
		if (add_part(r, kinds[i]) < 0) {
			return -EINVAL;
		}
	}
	return 0;
}

/* Seconds take a fraction along, unless its point stands in the format. */
static int add_fraction(struct reader *r)
{
	if (r->rest.n > 0 && (r->rest.p[0] == '.' || r->rest.p[0] == ',')) {
		return 0;
	}
	if (str_has_prefix(r->rest, STR("%f"))) {
		r->rest = str_slice(r->rest, 2, SIZE_MAX);
	}
	return add_part(r, STAMP_FRACTION);
}

static int add_letter(struct reader *r, char c)
{
	static const enum stamp_kind date[] = { STAMP_YEAR, STAMP_MONTH, STAMP_DAY };

	static const enum stamp_kind time[] = { STAMP_HOUR, STAMP_MINUTE, STAMP_SECOND };

	switch (c) {
	case '%': add_text(r, STR("%")); return 0;
	case 'F': return add_three(r, date, STR("-"));
	case 'T': return add_three(r, time, STR(":")) < 0 ? -EINVAL : add_fraction(r);
	default: break;
	}
	for (size_t i = 0; i < ARRAY_SIZE(LETTERS); i++) {
		if (LETTERS[i].letter == c) {
			if (add_part(r, LETTERS[i].kind) < 0) {
				return -EINVAL;
			}
			return c == 'S' || c == 's' ? add_fraction(r) : 0;
		}
	}
	return -EINVAL;
}

static bool implies(unsigned has, unsigned what, unsigned needed)
{
	return !(has & what) || (has & needed) == needed;
}

static bool is_whole(unsigned has)
{
	const unsigned date = STAMP_HAS_MONTH | STAMP_HAS_DAY;
	const unsigned local = STAMP_HAS_YEAR | STAMP_HAS_YDAY | date | STAMP_HAS_HOUR |
			       STAMP_HAS_MINUTE;

	if (has & STAMP_HAS_EPOCH) {
		return !(has & (local | STAMP_HAS_SECOND | STAMP_HAS_AM_PM));
	}
	return has & local && implies(has, date, date) &&
	       implies(has, STAMP_HAS_MINUTE, STAMP_HAS_HOUR) &&
	       implies(has, STAMP_HAS_SECOND, STAMP_HAS_MINUTE) &&
	       implies(has, STAMP_HAS_FRACTION, STAMP_HAS_SECOND) &&
	       implies(has, STAMP_HAS_AM_PM, STAMP_HAS_HOUR_HALF) &&
	       implies(has, STAMP_HAS_HOUR_HALF, STAMP_HAS_AM_PM) &&
	       !(has & STAMP_HAS_YDAY && has & date) &&
	       (!(has & STAMP_HAS_YEAR) || has & (STAMP_HAS_DAY | STAMP_HAS_YDAY));
}

int stamp_form_parse(struct str format, struct arena *arena, struct stamp_form *ret,
		     size_t *ret_bad)
{
	struct str copy = arena_str(arena, format);
	struct reader r = { .rest = copy };

	/* The most that two bytes can become is %T: five parts, and a fraction. */
	r.items = arena_alloc(arena, format.n * 3, sizeof(*r.items));
	if (!r.items || (format.n > 0 && !copy.p)) {
		return -ENOMEM;
	}
	while (r.rest.n > 0) {
		size_t literal = str_find_char(r.rest, '%');

		*ret_bad = format.n - r.rest.n;
		if (literal > 0) {
			add_text(&r, str_slice(r.rest, 0, literal));
			r.rest = str_slice(r.rest, literal, SIZE_MAX);
			continue;
		}
		if (r.rest.n < 2) {
			return -EINVAL;
		}
		r.rest = str_slice(r.rest, 2, SIZE_MAX);
		if (add_letter(&r, copy.p[*ret_bad + 1]) < 0) {
			return -EINVAL;
		}
	}
	*ret_bad = format.n;
	*ret = (struct stamp_form){ .at = r.items, .n = r.n, .has = r.has };
	return is_whole(r.has) ? 0 : -EINVAL;
}

struct stamp_form stamp_form_iso(void)
{
	static const struct stamp_item iso[] = {
		{ .kind = STAMP_YEAR },      { STAMP_TEXT, { "-", 1 } }, { .kind = STAMP_MONTH },
		{ STAMP_TEXT, { "-", 1 } },  { .kind = STAMP_DAY },      { .kind = STAMP_TEE },
		{ .kind = STAMP_HOUR },      { STAMP_TEXT, { ":", 1 } }, { .kind = STAMP_MINUTE },
		{ STAMP_TEXT, { ":", 1 } },  { .kind = STAMP_SECOND },   { .kind = STAMP_FRACTION },
		{ .kind = STAMP_ZONE_AUTO },
	};

	return (struct stamp_form){ .at = iso,
				    .n = ARRAY_SIZE(iso),
				    .has = STAMP_HAS_YEAR | STAMP_HAS_MONTH | STAMP_HAS_DAY |
					   STAMP_HAS_HOUR };
}

struct stamp_form stamp_form_rfc3164(void)
{
	static const struct stamp_item rfc3164[] = {
		{ .kind = STAMP_MONTH_NAME }, { STAMP_TEXT, { " ", 1 } },
		{ .kind = STAMP_DAY },        { STAMP_TEXT, { " ", 1 } },
		{ .kind = STAMP_HOUR },       { STAMP_TEXT, { ":", 1 } },
		{ .kind = STAMP_MINUTE },     { STAMP_TEXT, { ":", 1 } },
		{ .kind = STAMP_SECOND },     { .kind = STAMP_FRACTION },
	};

	return (struct stamp_form){ .at = rfc3164,
				    .n = ARRAY_SIZE(rfc3164),
				    .has = STAMP_HAS_MONTH | STAMP_HAS_DAY | STAMP_HAS_HOUR };
}

void stamp_form_regex(const struct stamp_form *form, struct buf *out)
{
	for (size_t i = 0; i < form->n; i++) {
		stamp_item_regex(&form->at[i], out);
	}
}

size_t stamp_form_read(const struct stamp_form *form, struct str text, struct stamp_fields *ret)
{
	struct str rest = text;

	*ret = (struct stamp_fields){ 0 };
	for (size_t i = 0; i < form->n; i++) {
		if (!stamp_item_read(&form->at[i], &rest, ret)) {
			return 0;
		}
	}
	return text.n - rest.n;
}
