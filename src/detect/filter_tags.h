/* SPDX-License-Identifier: MIT */
#pragma once
/* filter_tags.h - which regex stands for a tag?
 *
 * A tag becomes the named group (?<NAME>REGEX). A group that a person names so (`(?<ADDR>\S+)`) is
 * the tag with a regex of his own; what it catches is judged all the same.
 *
 *   ADDR     an IPv4 or IPv6 address, also ::ffff:1.2.3.4, without brackets; not a piece of
 *            a longer address, a number or a host name (the regex is in filter_tags.c)
 *   USER     [^\n]*  as long as the rest of the pattern allows
 *   STAMP    by the format of the filter's stamp
 *   DATE     \d{4}[-./]\d\d[-./]\d\d  year, month, day of a stamp that has none
 *   SERVICE  (?i:WORD|...)  the words of [services], longest first
 *   TYPE     (?:WORD|...)(?!\w)  the words of [types], longest first
 *   SESSION  [^\]\s]{1,64}
 *   COUNT    \d{1,9}  the event counts that many times, at most EVENT_COUNT_MAX; 0: no event
 *   DATA     [^\n]*
 *
 * Allocates in the caller's arena. Pure. */
#include "base/arena.h"
#include "detect/filter_spec.h"

enum filter_tag {
	FILTER_TAG_ADDR,
	FILTER_TAG_USER,
	FILTER_TAG_STAMP,
	FILTER_TAG_DATE,
	FILTER_TAG_SERVICE,
	FILTER_TAG_TYPE,
	FILTER_TAG_SESSION,
	FILTER_TAG_COUNT,
	FILTER_TAG_DATA,
	FILTER_TAGS, /* how many there are; no tag */
};

/* The regexes of one filter, without their groups. Empty: the filter says nothing that it could be
 * made from. */
struct filter_tags {
	struct str regex[FILTER_TAGS];
};

/* "ADDR". `tag` < FILTER_TAGS. */
const char *filter_tag_name(enum filter_tag tag);
/* FILTER_TAGS when there is none of that name. */
enum filter_tag filter_tag_find(struct str name);
/* The tag that somebody meant who wrote this: another case, a letter wrong, fail2ban's word for it;
 * FILTER_TAGS. */
enum filter_tag filter_tag_similar(struct str name);
/* `stamp` is the regex of the filter's stamp. -ENOMEM. */
NODISCARD int filter_tags_make(const struct filter_spec *spec, struct str stamp,
			       struct arena *arena, struct filter_tags *ret);

/* Adds an error unless the diag has the very same already: a prefix is used by many patterns. */
void filter_tell(struct diag *diag, const struct diag_place *at, const char *fmt, ...) PRINTF(3, 4);
