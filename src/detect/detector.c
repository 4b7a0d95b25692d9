/* SPDX-License-Identifier: MIT */
/* detector - from a chunk to its events, without looking at most lines.
 *
 * The literals of all patterns of all filters are one scanner, and target[] says to which pattern
 * of which filter each belongs. Hits come in order of their end, so a pass over the chunk has one
 * open line: a hit inside it marks a candidate, a hit behind it closes the line (its candidates are
 * tried) and opens the one around the hit. Lines that nothing hits are never looked at, only
 * counted.
 *
 * A pattern without a literal is a candidate on every line. Where there is one, the pass steps
 * through all lines between two hits; the other patterns are still tried only where they were hit.
 *
 * An event that another one told already (once.h) does not reach the sink. It is remembered when
 * the sink took it, not before: a line that was refused comes again and must not fold itself.
 *
 * An event that belongs to a session gets what the session knows before it is told, and becomes
 * part of it when the sink took it and what comes of it. Sessions that fell silent are told before
 * the next line is, so that a refusal there refuses the whole line.
 *
 * What a line adds to the counts is kept apart until the line is done: a line that the sink
 * refused is fed again and counts once. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detect/detector.h"
#include "detect/drift.h"
#include "detect/framer.h"
#include "detect/once.h"
#include "detect/scanner.h"
#include "detect/session.h"

/* The pattern that a literal belongs to. */
struct target {
	uint16_t filter, pattern;
};

struct detector {
	struct filter *const *filters;
	size_t n;
	struct scanner *scanner; /* NULL: no pattern has a literal */
	struct target *targets;  /* one for each literal */
	size_t n_targets;
	struct filter_candidates *always; /* for each filter, its patterns without a literal */
	struct filter_candidates *now;    /* for each filter, those to be tried on the open line */
	struct once **once;               /* for each filter; NULL: all its events count */
	struct sessions **sessions;       /* for each filter; NULL: its lines stand alone */
	const struct names *types;        /* NULL: nobody told them */
	const struct names *services;
	bool every_line; /* some `always` is not empty */
	struct drift drift;
	struct detector_stats stats;
};

struct pass {
	struct detector *d;
	struct matcher *m;
	struct str chunk;
	const struct stamp_context *when;
	detector_sink sink;
	void *arg;
	struct str line; /* the open one, if there is one */
	size_t next;     /* where the line behind it begins */
	duration offset; /* of stamps, the same for the whole chunk */
	bool open, refused;
};

/* ---- making ---- */

/* Fills `targets` and `literals` when they are not NULL. Returns how many there are. */
static size_t collect(const struct detector *d, struct target *targets, struct literal *literals)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		for (size_t k = 0; k < filter_pattern_count(d->filters[i]); k++) {
			const struct literal_set *set = filter_pattern_literals(d->filters[i], k);

			for (size_t j = 0; j < set->n; j++, n++) {
				if (targets && literals) {
					targets[n].filter = (uint16_t)i;
					targets[n].pattern = (uint16_t)k;
					literals[n] = set->at[j];
				}
			}
		}
	}
	return n;
}

static int make_scanner(struct detector *d)
{
	struct literal *literals;
	int r;

	d->n_targets = collect(d, NULL, NULL);
	if (d->n_targets == 0) {
		return 0;
	}
	literals = calloc(d->n_targets, sizeof(*literals));
	d->targets = calloc(d->n_targets, sizeof(*d->targets));
	if (!literals || !d->targets) {
		free(literals);
		return -ENOMEM;
	}
	(void)collect(d, d->targets, literals);
	r = scanner_new(literals, d->n_targets, &d->scanner);
	free(literals);
	return r;
}

static int make_memories(struct detector *d)
{
	int r = 0;

	for (size_t i = 0; i < d->n && r == 0; i++) {
		const struct session_rule *rule = filter_session(d->filters[i]);
		unsigned fields = filter_once(d->filters[i]);

		r = fields ? once_new(fields, &d->once[i]) : 0;
		if (r == 0 && rule) {
			r = sessions_new(rule, &d->sessions[i]);
		}
	}
	return r;
}

int detector_new(struct filter *const *filters, size_t n, struct detector **ret)
{
	CLEANUP(detector_freep) struct detector *d = NULL;
	int r;

	if (n == 0 || n > UINT16_MAX) {
		return -EINVAL;
	}
	d = calloc(1, sizeof(*d));
	if (!d) {
		return -ENOMEM;
	}
	d->filters = filters;
	d->n = n;
	d->always = calloc(n, sizeof(*d->always));
	d->now = calloc(n, sizeof(*d->now));
	d->once = calloc(n, sizeof(struct once *));
	d->sessions = calloc(n, sizeof(struct sessions *));
	if (!d->always || !d->now || !d->once || !d->sessions) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		d->every_line = filter_always(filters[i], &d->always[i]) || d->every_line;
	}
	r = make_memories(d);
	r = r < 0 ? r : make_scanner(d);
	if (r < 0) {
		return r;
	}
	*ret = TAKE(d);
	return 0;
}

struct detector *detector_free(struct detector *d)
{
	if (d) {
		d->scanner = scanner_free(d->scanner);
		for (size_t i = 0; d->once && i < d->n; i++) {
			d->once[i] = once_free(d->once[i]);
		}
		for (size_t i = 0; d->sessions && i < d->n; i++) {
			d->sessions[i] = sessions_free(d->sessions[i]);
		}
		free(d->sessions);
		free(d->once);
		free(d->targets);
		free(d->always);
		free(d->now);
		free(d);
	}
	return NULL;
}

void detector_inherit(struct detector *d, size_t i, struct detector *other, size_t k)
{
	struct once *fresh = d->once[i];

	if (fresh && filter_once(d->filters[i]) == filter_once(other->filters[k])) {
		d->once[i] = other->once[k];
		other->once[k] = fresh;
		once_name(d->once[i], d->types, d->services);
	}
	if (d->sessions[i] && other->sessions[k]) {
		sessions_inherit(d->sessions[i], other->sessions[k], other->services, d->services);
	}
}

void detector_name(struct detector *d, const struct names *types, const struct names *services)
{
	d->types = types;
	d->services = services;
	for (size_t i = 0; i < d->n; i++) {
		if (d->once[i]) {
			once_name(d->once[i], types, services);
		}
	}
}

struct once *detector_once(const struct detector *d, size_t i)
{
	return d->once[i];
}

struct sessions *detector_sessions(const struct detector *d, size_t i)
{
	return d->sessions[i];
}

duration detector_offset(const struct detector *d)
{
	return drift_offset(&d->drift);
}

void detector_set_offset(struct detector *d, duration offset)
{
	d->drift = drift_of(offset);
}

const struct detector_stats *detector_stats(const struct detector *d)
{
	return &d->stats;
}

/* ---- feeding ---- */

static bool is_empty(const struct filter_candidates *c)
{
	uint64_t any = 0;

	for (size_t i = 0; i < ARRAY_SIZE(c->bit); i++) {
		any |= c->bit[i];
	}
	return any == 0;
}

/* Tells the silent sessions of filter i. False: refused. */
static bool tell_silent(struct detector *d, size_t i, instant now, detector_sink sink, void *arg)
{
	struct event event;

	while (sessions_silent(d->sessions[i], now, &event)) {
		event.filter = (uint16_t)i;
		if (!sink(arg, &event)) {
			return false;
		}
		d->stats.events++;
		sessions_end(d->sessions[i]);
	}
	return true;
}

bool detector_tick(struct detector *d, instant now, detector_sink sink, void *arg)
{
	for (size_t i = 0; i < d->n; i++) {
		if (d->sessions[i] &&
		    !tell_silent(d, i, sessions_time_at(d->sessions[i], now), sink, arg)) {
			return false;
		}
	}
	return true;
}

instant detector_deadline(const struct detector *d)
{
	instant first = INSTANT_NEVER;

	for (size_t i = 0; i < d->n; i++) {
		if (d->sessions[i]) {
			first = instant_min(first, sessions_deadline(d->sessions[i]));
		}
	}
	return first;
}

/* Gives the event of filter i to the sink, unless it gave the same before. False: refused. */
static bool tell_once(struct pass *pass, size_t i, const struct event *event,
		      struct detector_stats *counts)
{
	struct once *once = pass->d->once[i];

	if (once && once_has(once, event)) {
		counts->folded++;
		return true;
	}
	counts->events++;
	if (!pass->sink(pass->arg, event)) {
		return false;
	}
	if (once) {
		once_add(once, event);
	}
	return true;
}

/* The same with what its session knows, and what comes of that. */
static bool tell(struct pass *pass, size_t i, struct event *event, struct detector_stats *counts)
{
	struct sessions *sessions = pass->d->sessions[i];
	struct event bad;
	uint64_t lost;
	bool is_bad;

	if (!sessions) {
		return tell_once(pass, i, event, counts);
	}
	sessions_carry(sessions, event);
	is_bad = sessions_ends_badly(sessions, event, &bad);
	if (!tell_once(pass, i, event, counts) || (is_bad && !tell_once(pass, i, &bad, counts))) {
		return false;
	}
	lost = sessions_evicted(sessions);
	sessions_add(sessions, event, pass->when[i].arrival);
	counts->sessions_lost += sessions_evicted(sessions) - lost;
	return true;
}

/* The time of a line with this stamp. What the journal says is its own clock's. */
static instant arrived(struct pass *pass, size_t i, instant stamp)
{
	const struct stamp_context *when = &pass->when[i];

	if (when->said || when->arrival.us == 0 || instant_is_never(when->arrival)) {
		return stamp_believed(stamp, when->arrival);
	}
	drift_note(&pass->d->drift, stamp, when->arrival);
	return stamp_believed(instant_add(stamp, pass->offset), when->arrival);
}

/* What filter i says about the open line. False when the sink refused its event. */
static bool ask(struct pass *pass, size_t i, struct detector_stats *counts)
{
	struct detector *d = pass->d;
	struct event event = { 0 };

	switch (filter_match(d->filters[i], pass->m, pass->line, &d->now[i], &pass->when[i],
			     &event)) {
	case FILTER_EVENT:
		event.filter = (uint16_t)i;
		event.source = EVENT_SOURCE_NONE;
		event.time = arrived(pass, i, event.time);
		return tell(pass, i, &event, counts);
	case FILTER_NOT_ADDR: counts->not_addr++; break;
	case FILTER_BAD_STAMP: counts->bad_stamp++; break;
	case FILTER_GAVE_UP: counts->gave_up++; break;
	case FILTER_MISS:
	case FILTER_IGNORED: break;
	}
	return true;
}

static void open_line(struct pass *pass, size_t at)
{
	struct detector *d = pass->d;

	pass->line = line_around(pass->chunk, at, &pass->next);
	pass->open = true;
	memcpy(d->now, d->always, d->n * sizeof(*d->now));
}

/* By the time of the lines before this one. */
static bool go_silent(struct pass *pass)
{
	struct detector *d = pass->d;

	for (size_t i = 0; i < d->n; i++) {
		if (d->sessions[i] &&
		    !tell_silent(d, i, sessions_time(d->sessions[i]), pass->sink, pass->arg)) {
			pass->refused = true;
			return false;
		}
	}
	return true;
}

/* Tries the candidates of the open line. False when the sink refused. */
static bool close_line(struct pass *pass)
{
	struct detector *d = pass->d;
	struct detector_stats counts;
	bool tried = false;

	if (!pass->open) {
		return true;
	}
	if (!go_silent(pass)) {
		return false;
	}
	counts = d->stats;
	for (size_t i = 0; i < d->n; i++) {
		if (is_empty(&d->now[i])) {
			continue;
		}
		tried = true;
		if (!ask(pass, i, &counts)) {
			pass->refused = true;
			return false;
		}
	}
	counts.candidates += tried;
	d->stats = counts;
	pass->open = false;
	return true;
}

/* Closes the open line and, if all lines are to be seen, those up to the one that `at` lies in. */
static bool go_on(struct pass *pass, size_t at)
{
	if (!close_line(pass)) {
		return false;
	}
	while (pass->d->every_line && pass->next < pass->chunk.n && pass->next <= at) {
		open_line(pass, pass->next);
		if (pass->next > at) {
			return true;
		}
		if (!close_line(pass)) {
			return false;
		}
	}
	return true;
}

static bool on_hit(void *arg, uint32_t literal, size_t end)
{
	struct pass *pass = arg;
	const struct target *target = &pass->d->targets[literal];
	size_t at = end - 1;

	if (at >= pass->next) {
		if (!go_on(pass, at)) {
			return false;
		}
		if (!pass->open) {
			open_line(pass, at);
		}
	}
	if (end <= (size_t)(pass->line.p - pass->chunk.p) + pass->line.n) {
		pass->d->now[target->filter].bit[target->pattern / 64] |= UINT64_C(1)
									  << target->pattern % 64;
	}
	return true;
}

size_t detector_feed(struct detector *d, struct matcher *m, struct str chunk,
		     const struct stamp_context *when, detector_sink sink, void *arg)
{
	struct pass pass = { d, m, chunk, when, sink, arg, .offset = drift_offset(&d->drift) };
	size_t consumed = chunk.n;

	if (d->scanner) {
		int r = scanner_scan(d->scanner, chunk, on_hit, &pass);

		assert(r >= 0);
	}
	if (!pass.refused && go_on(&pass, chunk.n)) {
		(void)close_line(&pass);
	}
	if (pass.refused) {
		consumed = (size_t)(pass.line.p - chunk.p);
	}
	d->stats.bytes += consumed;
	d->stats.lines += line_count(str_slice(chunk, 0, consumed));
	return consumed;
}
