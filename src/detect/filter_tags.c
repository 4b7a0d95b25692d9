/* SPDX-License-Identifier: MIT */
/* filter_tags.c - which regex stands for a tag?
 *
 * The address is the tag that must not be fooled. A pattern like `from .*<ADDR>` has PCRE2 try
 * every place where an address could begin, the last one first, and "3.0.113.9" is an address as
 * good as "203.0.113.9" - somebody else's. So an address begins only where none can be under way
 * (BEGIN: not behind a letter, digit or dot, not behind the colon of an IPv6 address) and ends only
 * where none goes on (END_V4, END_V6); "1.2.3.4.example.net", a name that the client's own DNS
 * server made up, holds no address. A port behind an IPv4 address is left alone. Numbers are not
 * judged here: 999.1.1.1 is caught, and then counted as an address that is none.
 *
 * USER and DATA are greedy and take any byte. If they took less, a name with the wrong byte in it
 * would hide a failed login, and if they were lazy, a name such as "root from 192.0.2.1 port 22"
 * would name the address that is banned. */
#include "detect/filter_tags.h"

#include <errno.h>
#include <stdlib.h>

#include "base/escape.h"
#include "detect/quote.h"

#define TEXT(literal)                                                                              \
	{                                                                                          \
		.p = (literal), .n = sizeof(literal) - 1                                           \
	}

#define HEX       "[0-9A-Fa-f]"
#define HEXES     HEX "{1,4}"
#define BEGIN     "(?<![\\w.]|::|\\b" HEX ":|\\b" HEX "{2}:|\\b" HEX "{3}:|\\b" HEX "{4}:)"
#define END_V4    "(?![-.]?\\w)"
#define END_V6    "(?![-.:]?\\w|::)"
#define FILTER_V4 "\\d{1,3}(?:\\.\\d{1,3}){3}"
#define FILTER_V6                                                                                  \
	"(?:(?:" HEXES ":){6}" FILTER_V4 "|(?:" HEXES "(?::" HEXES "){0,5})?::(?:" HEXES           \
	":){0,5}" FILTER_V4 "|(?:" HEXES ":){7}" HEXES "|(?:" HEXES "(?::" HEXES                   \
	"){0,6})?::(?:" HEXES "(?::" HEXES "){0,6})?)"

static const struct row {
	struct str name;
	struct str regex; /* empty: made for each filter */
	struct str alias; /* fail2ban's name, or a likely guess */
} TAGS[] = {
	[FILTER_TAG_ADDR] = { { "ADDR", 4 },
			      TEXT(BEGIN "(?:" FILTER_V4 END_V4 "|" FILTER_V6 END_V6 ")"),
			      { "HOST", 4 } },
	[FILTER_TAG_USER] = { { "USER", 4 }, TEXT("[^\\n]*"), { "F-USER", 6 } },
	[FILTER_TAG_STAMP] = { { "STAMP", 5 }, { NULL, 0 }, { "TIME", 4 } },
	[FILTER_TAG_DATE] = { { "DATE", 4 }, TEXT("\\d{4}[-./]\\d\\d[-./]\\d\\d"), { "DAY", 3 } },
	[FILTER_TAG_SERVICE] = { { "SERVICE", 7 }, { NULL, 0 }, { "PROTOCOL", 8 } },
	[FILTER_TAG_TYPE] = { { "TYPE", 4 }, { NULL, 0 }, { "EVENT", 5 } },
	[FILTER_TAG_SESSION] = { { "SESSION", 7 }, TEXT("[^\\]\\s]{1,64}"), { "F-MLFID", 7 } },
	[FILTER_TAG_COUNT] = { { "COUNT", 5 }, TEXT("\\d{1,9}"), { "REPEAT", 6 } },
	[FILTER_TAG_DATA] = { { "DATA", 4 }, TEXT("[^\\n]*"), { "TEXT", 4 } },
};

const char *filter_tag_name(enum filter_tag tag)
{
	return TAGS[tag].name.p;
}

enum filter_tag filter_tag_find(struct str name)
{
	size_t tag = 0;

	while (tag < FILTER_TAGS && !str_eq(TAGS[tag].name, name)) {
		tag++;
	}
	return (enum filter_tag)tag;
}

enum filter_tag filter_tag_similar(struct str name)
{
	size_t near = FILTER_TAGS;

	for (size_t tag = 0; tag < FILTER_TAGS; tag++) {
		if (str_eq_nocase(TAGS[tag].name, name) || str_eq_nocase(TAGS[tag].alias, name)) {
			return (enum filter_tag)tag;
		}
		if (near == FILTER_TAGS && str_distance(TAGS[tag].name, name, 2) <= 2) {
			near = tag;
		}
	}
	return (enum filter_tag)near;
}

static int by_length(const void *a, const void *b)
{
	const struct str *x = a, *y = b;

	return x->n != y->n ? (x->n < y->n) - (x->n > y->n) : str_cmp(*x, *y);
}

/* (?:longest|...|shortest), between `before` and `after`. */
static int join_words(const struct spec_word *words, size_t n, const char *before,
		      const char *after, struct arena *arena, struct str *ret)
{
	CLEANUP(buf_done) struct buf b = { 0 };
	struct str *sorted = arena_alloc(arena, n, sizeof(*sorted));

	if (!sorted) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		sorted[i] = words[i].word;
	}
	qsort(sorted, n, sizeof(*sorted), by_length);
	buf_add_str(&b, str_of(before));
	for (size_t i = 0; i < n; i++) {
		if (i > 0) {
			buf_add_char(&b, '|');
		}
		quote_regex(&b, sorted[i]);
	}
	buf_add_str(&b, str_of(after));
	if (buf_ok(&b) < 0) {
		return -ENOMEM;
	}
	*ret = arena_str(arena, buf_str(&b));
	return ret->p ? 0 : -ENOMEM;
}

int filter_tags_make(const struct filter_spec *spec, struct str stamp, struct arena *arena,
		     struct filter_tags *ret)
{
	struct str services = STR_NONE, types = STR_NONE;
	int r = 0;

	if (spec->n_services > 0) {
		r = join_words(spec->services, spec->n_services, "(?i:", ")", arena, &services);
	}
	if (r == 0 && spec->n_types > 0) {
		r = join_words(spec->types, spec->n_types, "(?:", ")(?!\\w)", arena, &types);
	}
	if (r < 0) {
		return r;
	}
	for (size_t tag = 0; tag < FILTER_TAGS; tag++) {
		ret->regex[tag] = TAGS[tag].regex;
	}
	ret->regex[FILTER_TAG_STAMP] = stamp;
	ret->regex[FILTER_TAG_SERVICE] = services;
	ret->regex[FILTER_TAG_TYPE] = types;
	return 0;
}

static bool is_same_place(const struct diag_place *a, const struct diag_place *b)
{
	return a->line == b->line && str_eq(a->file, b->file) && str_eq(a->section, b->section) &&
	       str_eq(a->key, b->key);
}

void filter_tell(struct diag *diag, const struct diag_place *at, const char *fmt, ...)
{
	CLEANUP(buf_done) struct buf raw = { 0 };
	CLEANUP(buf_done) struct buf text = { 0 };
	va_list args;

	va_start(args, fmt);
	buf_vprintf(&raw, fmt, args);
	va_end(args);
	escape_utf8(&text, buf_str(&raw));
	for (size_t i = 0; i < diag_total(diag); i++) {
		const struct diag_item *item = diag_item(diag, i);

		if (item && item->level == DIAG_ERROR && is_same_place(&item->place, at) &&
		    str_eq(str_of(item->text), buf_str(&text))) {
			return;
		}
	}
	diag_add(diag, DIAG_ERROR, at, "%s", buf_text(&text));
}
