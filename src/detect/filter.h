/* SPDX-License-Identifier: MIT */
#pragma once
/* filter.h - what does this line mean to this kind of log?
 *
 * A filter is an ordered list of event sections, each with patterns. It is made from a filter_spec (what a file said, tags not
 * yet replaced) and matches one line at a time. Its tags become PCRE2 groups here; ipsd-filter(5) gives each one's regex.
 * Memory: the caller's arena, plus PCRE2's. Matching allocates nothing. Pure.
 *
 * Tags: <ADDR> <USER> <STAMP> <DATE> <SERVICE> <TYPE> <SESSION> <COUNT> <DATA> and the names of [define]. Each of ours may occur
 * once in a pattern (prefix included). The caught address must be an address (addr_parse), or the line is no event. */
#include "base/diag.h"
#include "detect/event.h"
#include "detect/literal.h"
#include "detect/pattern.h"
#include "detect/stamp.h"

enum { FILTER_PATTERNS_MAX = 256, FILTER_SECTIONS_MAX = 64 };

enum filter_layout {
	LAYOUT_BARE,   /* patterns see the whole line */
	LAYOUT_SYSLOG, /* patterns see what the program said */
};

/* A piece of text that a person wrote, and where. */
struct spec_text {
	struct str text;
	struct diag_place at;
};

/* A word of a log and what it means: [services], [types]. */
struct spec_word {
	struct str word;
	uint16_t number; /* service or type */
};

struct spec_texts {
	const struct spec_text *at;
	size_t n;
};

struct section_spec {
	uint16_t type;	    /* NAMES_NONE: comes from <TYPE> */
	struct str name;    /* "auth-failure" or "auth-failure smtp", for messages */
	struct diag_place at;
	uint16_t service;   /* EVENT_SERVICE_NONE: the filter's */
	struct spec_text prefix; /* text.p NULL: the filter's */
	struct spec_texts match, ignore;
};

struct filter_spec {
	struct str name;
	struct diag_place at;
	enum filter_layout layout;
	struct spec_texts programs;	/* globs; syslog only */
	struct spec_text prefix;
	struct spec_text stamp;		/* text.p NULL: arrival unless <STAMP> is used, then auto */
	struct spec_text stamp_date;
	const struct zone *zone;	/* NULL: UTC */
	bool nocase;
	uint16_t service;
	struct spec_texts ignore;
	const struct spec_word *services, *types;
	size_t n_services, n_types;
	const struct spec_text *defines; /* at.key is the name */
	size_t n_defines;
	const struct section_spec *sections;
	size_t n_sections;
};

struct filter;

/* All texts of the spec must live as long as the arena. Problems go to `diag`, each at its place; -EINVAL when there was an error. -ENOMEM. */
NODISCARD int filter_new(const struct filter_spec *spec, struct arena *arena, struct diag *diag, struct filter **ret);
/* Frees what lies outside the arena. */
struct filter *filter_free(struct filter *f);
DEFINE_FREEP(struct filter, filter_free)

size_t filter_pattern_count(const struct filter *f);
/* Where pattern i stands, and its literals. */
const struct diag_place *filter_pattern_place(const struct filter *f, size_t i);
const struct literal_set *filter_pattern_literals(const struct filter *f, size_t i);
/* Lines on which pattern i gave up so far. */
uint64_t filter_pattern_gave_up(const struct filter *f, size_t i);
/* The section (index in the spec) that pattern i belongs to. */
size_t filter_pattern_section(const struct filter *f, size_t i);

/* Patterns to be tried: one bit each. */
struct filter_candidates {
	uint64_t bit[FILTER_PATTERNS_MAX / 64];
};
/* Patterns without a literal: candidates on every line. True when there are any. */
bool filter_always(const struct filter *f, struct filter_candidates *ret);

enum filter_result {
	FILTER_MISS = 0,
	FILTER_EVENT = 1,
	FILTER_IGNORED = 2,  /* a pattern hit, an ignore pattern vetoed */
	FILTER_NOT_ADDR = 3, /* a pattern hit, what stands for the address is none */
	FILTER_BAD_STAMP = 4,/* a pattern hit, the stamp is no time */
	FILTER_GAVE_UP = 5,  /* a pattern reached a limit and no other hit */
};

/* What does the line say? `candidates` NULL: try all. `when` gives the stamp's context and, as its file_time, the time of a line
 * without a stamp. Fills all fields of the event except filter and source. Sections are tried in order, first hit wins. */
enum filter_result filter_match(struct filter *f, struct matcher *m, struct str line,
				const struct filter_candidates *candidates, const struct stamp_context *when,
				struct event *ret);
/* The date that a file name tells by the filter's stamp-date, or STAMP_NO_DATE. */
int32_t filter_file_date(const struct filter *f, struct str file_name);
