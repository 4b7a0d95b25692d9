/* SPDX-License-Identifier: MIT */
#pragma once
/* detector.h - which events are in this chunk?
 *
 * Ties the filters of one source together: one scanner over all their literals runs over the chunk,
 * only lines with a hit are framed and given to PCRE2, and only to the patterns whose literal was
 * hit. When a filter has patterns without a literal, all lines are framed for those. Events come in
 * order of their lines; for one line, in order of the filters. What a filter calls the same event
 * (filter_once()) is told once. A filter with sessions (filter_session()) may tell two events of
 * one line, and events of sessions that fell silent between the lines. Scanning allocates nothing.
 * Pure.
 */
#include "base/names.h"
#include "detect/filter.h"

struct detector;
struct once;
struct sessions;

struct detector_stats {
	uint64_t lines, bytes; /* seen */
	uint64_t candidates;   /* lines given to PCRE2 */
	uint64_t events;
	uint64_t folded; /* not told, because they were the same as one before (once.h) */
	uint64_t not_addr, bad_stamp, gave_up;
	uint64_t sessions_lost; /* forgotten for lack of room */
};

/* Called for each event; `event->filter` is the index in `filters` of detector_new(). False: no
 * room, stop before this line. */
typedef bool (*detector_sink)(void *arg, const struct event *event);

/* The filters are borrowed and must outlive the detector. n >= 1. -ENOMEM, -EINVAL. */
NODISCARD int detector_new(struct filter *const *filters, size_t n, struct detector **ret);
struct detector *detector_free(struct detector *d);
DEFINE_FREEP(struct detector, detector_free)
/* What its filters remember is of types and services with these names from here on; borrowed. To be
 * said before the first chunk, where memories are to survive other rules or a restart. */
void detector_name(struct detector *d, const struct names *types, const struct names *services);
/* What filter i remembers of events (once.h) and sessions (session.h); NULL: nothing. */
struct once *detector_once(const struct detector *d, size_t i);
struct sessions *detector_sessions(const struct detector *d, size_t i);
/* Feeds a chunk of whole lines. `when`: one context per filter. Returns the bytes consumed: all, or
 * up to the line whose event the sink refused (that line is fed again; events of it that earlier
 * filters gave are not given twice only when the sink refuses the first of the line: a sink must
 * therefore have room for an event of each filter, for two of one with sessions). */
size_t detector_feed(struct detector *d, struct matcher *m, struct str chunk,
		     const struct stamp_context *when, detector_sink sink, void *arg);
/* Filter i goes on with what filter k of the other one remembers of the events it told, if both
 * fold by the same fields, and with its open sessions. Where the two were told no names, types and
 * services must have the same numbers. */
void detector_inherit(struct detector *d, size_t i, struct detector *other, size_t k);
/* What is added to the stamps of lines that arrive as they are written (drift.h). It changes
 * between two chunks, never within one. */
duration detector_offset(const struct detector *d);
void detector_set_offset(struct detector *d, duration offset);
/* All lines up to `now` were fed: sessions that are silent are told. Each is refused or taken like
 * a line of its own; false: one was refused, call again. */
bool detector_tick(struct detector *d, instant now, detector_sink sink, void *arg);
/* When the next session falls silent; INSTANT_NEVER. */
instant detector_deadline(const struct detector *d);
const struct detector_stats *detector_stats(const struct detector *d);
