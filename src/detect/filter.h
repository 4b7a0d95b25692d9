/* SPDX-License-Identifier: MIT */
#pragma once
/* filter.h - what does this line mean to this kind of log?
 *
 * A filter is an ordered list of event sections, each with patterns. It is made from a filter_spec
 * (what a file said, tags not yet replaced) and matches one line at a time. Its tags become PCRE2
 * groups here; filter_tags.h has each one's regex, filter_expand.h says what is a tag and what a
 * reference to a group means. Memory: the caller's arena, plus PCRE2's. Matching allocates nothing.
 * Pure.
 *
 * Tags: <ADDR> <USER> <STAMP> <DATE> <SERVICE> <TYPE> <SESSION> <COUNT> <DATA> and the names of
 * [define]. Each of ours may occur once in a pattern (prefix included). The caught address must be
 * an address (addr_parse), or the line is no event.
 *
 * In the layout of syslog the line's head is taken off first (syslog.h): patterns see the message,
 * `^` is where it begins, the head gives the time, and a line without a head, or of a program that
 * the filter does not name, is a miss.
 *
 * A pattern is (?:prefix)(?:match): what is set in one of them, as (?i), holds in that one only. */
#include "detect/filter_spec.h"
#include "detect/literal.h"
#include "detect/pattern.h"
#include "detect/stamp.h"

struct filter;

/* All texts of the spec must live as long as the arena. Problems go to `diag`, each at its place;
 * -EINVAL when there was an error. -ENOMEM. */
NODISCARD int filter_new(const struct filter_spec *spec, struct arena *arena, struct diag *diag,
			 struct filter **ret);
/* Frees what lies outside the arena. */
struct filter *filter_free(struct filter *f);
DEFINE_FREEP(struct filter, filter_free)

size_t filter_pattern_count(const struct filter *f);
/* Where pattern i stands, and its literals. */
const struct diag_place *filter_pattern_place(const struct filter *f, size_t i);
const struct literal_set *filter_pattern_literals(const struct filter *f, size_t i);
/* Pattern i with its prefix, tags written out. */
struct str filter_pattern_regex(const struct filter *f, size_t i);

/* What pattern i takes, compiled. */
struct filter_pattern_cost {
	size_t bytes;
	bool jit;
};

struct filter_pattern_cost filter_pattern_cost(const struct filter *f, size_t i);
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
	FILTER_IGNORED = 2,   /* a pattern hit, an ignore pattern vetoed, or <COUNT> is 0 */
	FILTER_NOT_ADDR = 3,  /* a pattern hit, what stands for the address is none */
	FILTER_BAD_STAMP = 4, /* a pattern hit, the stamp (or its <DATE>) is no time */
	FILTER_GAVE_UP = 5, /* a pattern, or an ignore pattern, reached a limit and no other hit */
};

/* What does the line say? `candidates` NULL: try all. `when` gives the stamp's context and, as its
 * file_time, the time of a line without a stamp; its zone is not used, the filter has its own. With
 * `said` the line is a message as the journal has it, without a head. The
 * event is untouched unless it is one. Fills all fields of the event except filter and source.
 * Sections are tried in order, first hit wins. */
enum filter_result filter_match(struct filter *f, struct matcher *m, struct str line,
				const struct filter_candidates *candidates,
				const struct stamp_context *when, struct event *ret);
/* Bits of once_field: what must be the same for two events to be one; 0: every event counts. */
unsigned filter_once(const struct filter *f);
/* How its lines belong together; NULL: each stands alone. */
const struct session_rule *filter_session(const struct filter *f);
/* Seconds east of UTC in the zone of its stamps. */
int32_t filter_zone_offset(const struct filter *f, instant t);
/* The date that a file name tells by the filter's stamp-date, or STAMP_NO_DATE. */
int32_t filter_file_date(const struct filter *f, struct str file_name);
