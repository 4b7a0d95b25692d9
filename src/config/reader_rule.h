/* SPDX-License-Identifier: MIT */
#pragma once
/* reader_rule.h - which kinds of values are there, and what becomes of each?
 *
 * Plain data: a rule says the kind and its limits; what is read goes to a field of the kind's type.
 */
#include "base/addr.h"
#include "base/time.h"
#include "config/document.h"
#include "detect/filter_spec.h"
#include "policy/jail.h"

enum reader_kind {
	READ_YES_NO,    /* bool */
	READ_CHOICE,    /* int: the place of the word among rule.words */
	READ_COUNT,     /* uint64_t within low..high */
	READ_SPAN,      /* duration of low..high seconds */
	READ_LADDER,    /* struct ladder */
	READ_RETENTION, /* struct retention */
	READ_POINTS,    /* points */
	READ_TEXT,      /* struct spec_text */
	READ_NAME,      /* struct spec_text: small letters, digits, dashes */
	READ_SET_NAME,  /* struct spec_text: letters, digits, underscores */
	READ_PATH,      /* struct spec_text: an absolute path */
	READ_ZONE,      /* struct spec_text: a time zone */
	READ_LINES,     /* struct spec_texts: one text a line */
	READ_NAMES,     /* struct spec_texts: names, blanks or commas between them */
	READ_WORDS,     /* struct spec_texts: the same with any words */
	READ_PLACES,    /* struct places */
	READ_NETWORKS,  /* struct networks */
};

struct reader_rule {
	enum reader_kind kind;
	uint64_t low, high;
	const char *words; /* READ_CHOICE, READ_YES_NO: in the order of the enum; one with a `!`
			      behind it is not supported yet */
};

struct ladder {
	duration at[LADDER_MAX];
	uint8_t n;
};

struct retention {
	duration span;
	uint64_t events;
};

/* Words of one line that belong together: a line of `sources` or `watch`. */
struct place_line {
	struct spec_texts words;
	struct diag_place at;
};

struct places {
	const struct place_line *at;
	size_t n;
};

struct network {
	struct prefix prefix;
	struct diag_place at;
};

struct networks {
	const struct network *at;
	size_t n;
};

/* Where lists go, and where problems go. */
struct reader {
	struct arena *arena;
	struct diag *diag;
	bool failed; /* memory ran out */
};

/* Says what is wrong with a text. False, so that a reader can return it. */
#define READER_WRONG(r, t, ...) (diag_add((r)->diag, DIAG_ERROR, &(t)->at, __VA_ARGS__), false)
