/* SPDX-License-Identifier: MIT */
/* judge.c - what does this event mean for the jails that watch it?
 *
 * An event is entered into the window of its subject in each jail that counts it. When that reaches
 * the threshold, the table of bans is asked whether the jail has spoken about this prefix already;
 * if not, the never-block lists and the modes say which kind of decision it is, the history says
 * which step of the ladder, and the entry is made. All of it goes by the event's own time.
 *
 * The order of acts matters when there is no room: the entry comes first, so that a decision that
 * finds no room leaves no trace but a count, and the subject decides again at its next event. */
#include "engine/judge.h"

#include <errno.h>
#include <stdlib.h>

enum {
	BANS_DEFAULT = 2000000,
	ENTRIES_PER_SUBJECT = 4,
	ENTRIES_MIN = 65536,
	BATCH_TEXTS = 4 * 1024 * 1024,
};

static size_t most(size_t a, size_t b)
{
	return a > b ? a : b;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Events that a line may bring by this route: its own, and that of the session that it closes. */
static size_t events_of_line(const struct judge *j, const struct route *route)
{
	const struct ruleset *r = j->rules;
	const struct filter *filter =
		route->filter < r->n_filters ? r->filters[route->filter].filter : NULL;

	return filter && filter_session(filter) ? 2 : 1;
}

/* The jails that a line of the source may reach, each as often as an event leads there. */
static size_t jails_of_line(const struct judge *j, const struct source *source)
{
	size_t n = 0;

	for (size_t i = 0; i < source->n_routes; i++) {
		n += source->routes[i].n_jails * events_of_line(j, &source->routes[i]);
	}
	return n;
}

static size_t evidence_of_line(const struct judge *j, const struct source *source)
{
	size_t n = 0;

	for (size_t i = 0; i < source->n_routes; i++) {
		size_t events = events_of_line(j, &source->routes[i]);

		for (size_t k = 0; k < source->routes[i].n_jails; k++) {
			const struct jail *jail = &j->rules->jails[source->routes[i].jails[k]];

			n += events *
			     least(jail_kept_events(jail) + TRACKER_UNSCORED_MAX, j->max_evidence);
		}
	}
	return n;
}

/* How much one line may bring: the events of each filter, in each jail a lift and a ban. */
static void measure_line(struct judge *j)
{
	const struct ruleset *r = j->rules;
	size_t jails = 1;

	j->line = (struct outbox_room){ .events = 1 };
	for (size_t i = 0; i < r->n_sources; i++) {
		size_t events = 0;

		for (size_t k = 0; k < r->sources[i].n_routes; k++) {
			events += events_of_line(j, &r->sources[i].routes[k]);
		}
		jails = most(jails, jails_of_line(j, &r->sources[i]));
		j->line.events = most(j->line.events, events);
	}
	j->max_evidence = most(1, least(EVIDENCE_MAX, BATCH_EVIDENCE / jails));
	for (size_t i = 0; i < r->n_sources; i++) {
		j->line.evidence = most(j->line.evidence, evidence_of_line(j, &r->sources[i]));
	}
	j->line.decisions = 2 * jails;
	j->line.texts = j->line.events * OUTBOX_EVENT_TEXTS;
}

static int take_outbox(struct judge *j)
{
	const struct outbox_room room = {
		.events = most(BATCH_EVENTS, j->line.events),
		.decisions = most(BATCH_DECISIONS, 2 * j->line.decisions),
		.evidence = most(BATCH_EVIDENCE, j->line.evidence),
		.texts = most(BATCH_TEXTS, j->line.texts),
	};

	j->evidence = calloc(j->max_evidence, sizeof(*j->evidence));
	j->entries = calloc(j->max_evidence, sizeof(*j->entries));
	if (!j->evidence || !j->entries) {
		return -ENOMEM;
	}
	return outbox_init(&j->out, &room);
}

static int take_tables(struct judge *j, uint32_t subjects, uint32_t bans,
		       const uint8_t seed[static TABLE_SEED_SIZE])
{
	size_t entries = most(ENTRIES_MIN, (size_t)subjects * ENTRIES_PER_SUBJECT);
	int r;

	r = tracker_new(subjects, (uint32_t)least(entries, UINT32_MAX - 1), seed, &j->tracker);
	if (r < 0) {
		return r;
	}
	r = bans_new(bans, seed, &j->bans);
	if (r < 0) {
		return r;
	}
	r = history_new(bans, seed, &j->history);
	return r < 0 ? r : never_block_new(NEVER_ENTRIES_MAX, j->rules->host_v6, seed, &j->never);
}

int judge_init(struct judge *j, const struct ruleset *rules, uint32_t subjects, uint32_t bans,
	       const uint8_t seed[static TABLE_SEED_SIZE])
{
	int r;

	if (rules->n_jails > JAILS_MAX) {
		return -EINVAL;
	}
	*j = (struct judge){ .rules = rules, .observes = rules->observe };
	measure_line(j);
	r = take_tables(j, subjects > 0 ? subjects : rules->max_subjects,
			bans > 0 ? bans : BANS_DEFAULT, seed);
	if (r == 0) {
		r = take_outbox(j);
	}
	if (r < 0) {
		judge_done(j);
	}
	return r;
}

void judge_done(struct judge *j)
{
	outbox_done(&j->out);
	j->tracker = tracker_free(j->tracker);
	j->bans = bans_free(j->bans);
	j->history = history_free(j->history);
	j->never = never_block_free(j->never);
	free(j->evidence);
	free(j->entries);
	j->evidence = NULL;
	j->entries = NULL;
}

struct decision judge_about(const struct ban *ban)
{
	return (struct decision){
		.kind = ban->kind,
		.because = ban->because,
		.action = ban->action,
		.ban = ban->id,
		.time = ban->since,
		.until = ban->until,
		.prefix = ban->prefix,
		.jail = ban->jail,
		.scope = ban->scope,
		.type = ban->type,
		.service = ban->service,
		.threshold = ban->threshold,
		.score = ban->score,
	};
}

uint16_t judge_observer(const struct ban *ban)
{
	return ban->kind == DECISION_BAN ? HISTORY_ENFORCED : ban->jail;
}

void judge_say_expired(struct judge *j, const struct ban *ban)
{
	struct decision lift = judge_about(ban);

	lift.kind = DECISION_LIFT;
	lift.because = BECAUSE_EXPIRED;
	lift.time = ban->until;
	outbox_decision(&j->out, &lift);
}

const struct never_entry *judge_spared_by(const struct judge *j, const struct ban *ban)
{
	return never_block_find(j->never, &ban->prefix, ban->jail, ban->service);
}

void judge_drop_shadows(struct judge *j)
{
	uint32_t cursor = 0;
	const struct ban *ban;

	while ((ban = bans_each(j->bans, &cursor))) {
		if (ban->kind == DECISION_SPARED && !judge_spared_by(j, ban)) {
			bans_drop(j->bans, ban);
		}
	}
}

bool judge_end(struct judge *j, instant limit)
{
	j->latest = instant_max(j->latest, limit);
	if (never_block_expire(j->never, limit)) {
		judge_drop_shadows(j);
	}
	for (;;) {
		const struct ban *ban = bans_next_end(j->bans);

		if (!ban || ban->until.us > limit.us) {
			return true;
		}
		if (ban->kind == DECISION_BAN) {
			if (outbox_decisions_left(&j->out) <= j->line.decisions) {
				return false;
			}
			judge_say_expired(j, ban);
		}
		bans_end(j->bans, ban);
	}
}

bool judge_has_room(const struct judge *j)
{
	return outbox_has(&j->out, &j->line);
}

size_t judge_evidence(const struct judge *j, uint16_t jail, uint32_t slot, instant at,
		      struct evidence *out, size_t max)
{
	const struct jail *rules = &j->rules->jails[jail];
	size_t room = least(max, j->max_evidence);
	size_t n = tracker_entries(j->tracker, rules, slot, at, j->entries, room);

	for (size_t i = 0; i < least(n, room); i++) {
		const struct tracker_entry *e = &j->entries[i];
		points p = jail_points(rules, e->type);

		out[i] = (struct evidence){
			.event = e->event,
			.time = e->time,
			.type = e->type,
			.count = e->count,
			.points = p > 0 ? (int64_t)p * e->count : 0,
		};
	}
	return n;
}

enum because judge_because(const struct never_entry *cover)
{
	if (never_entry_is_global(cover)) {
		return BECAUSE_NEVER_BLOCK;
	}
	return cover->jail != NEVER_ANY_JAIL ? BECAUSE_JAIL_NEVER_BLOCK
					     : BECAUSE_SERVICE_NEVER_BLOCK;
}

/* Kind and reason. */
static void judge_kind(const struct judge *j, struct ban *ban, const struct never_entry *cover)
{
	const struct jail *jail = &j->rules->jails[ban->jail];

	if (cover) {
		ban->kind = DECISION_SPARED;
		ban->because = judge_because(cover);
	} else if (jail->mode == JAIL_OBSERVE || j->observes) {
		ban->kind = DECISION_OBSERVED;
		ban->because = jail->mode == JAIL_OBSERVE ? BECAUSE_JAIL_OBSERVES
							  : BECAUSE_DAEMON_OBSERVES;
	} else {
		ban->kind = DECISION_BAN;
		ban->because = BECAUSE_NONE;
	}
}

/* The step of the ladder that this episode takes. */
static void judge_length(const struct judge *j, struct ban *ban)
{
	const struct jail *jail = &j->rules->jails[ban->jail];
	unsigned n = history_next(j->history, judge_observer(ban), &ban->prefix, ban->since,
				  jail->ban_memory);
	duration step = jail->ladder[(n < jail->steps ? n : jail->steps) - 1U];

	ban->until = instant_add(ban->since, step);
	ban->action = ACTION_BLOCK;
	if (step.us == DURATION_FOREVER.us) {
		ban->until = INSTANT_NEVER;
		ban->action = ACTION_BLACKLIST;
	}
}

static void count_kind(struct judge *j, const struct ban *ban)
{
	struct jail_stats *jail = &j->jails[ban->jail];

	switch (ban->kind) {
	case DECISION_BAN: j->stats.bans++; break;
	case DECISION_SPARED:
		j->stats.spared++;
		jail->spared++;
		break;
	case DECISION_OBSERVED:
		j->stats.observed++;
		jail->observed++;
		break;
	case DECISION_LIFT: break;
	}
}

/* Makes the entry, in the place of an ended or overdue one. False: no room. */
static bool put(struct judge *j, struct ban *ban)
{
	const struct ban *old = bans_find(j->bans, ban->jail, &ban->prefix, ban->scope);

	if (!old && bans_is_full(j->bans)) {
		return false;
	}
	if (old && old->kind == DECISION_BAN && !old->ended) {
		judge_say_expired(j, old);
	}
	ban->id = ++j->last_ban;
	return bans_put(j->bans, ban) != NULL;
}

static void decide(struct judge *j, uint16_t index, const struct prefix *subject, uint32_t slot,
		   const struct event *event)
{
	const struct jail *jail = &j->rules->jails[index];
	struct ban ban = {
		.prefix = *subject,
		.jail = index,
		.scope = jail->scope,
		.type = event->type,
		.service = event->service,
		.threshold = jail->threshold,
		.score = tracker_score(j->tracker, slot),
		.since = event->time,
	};
	const struct never_entry *cover = judge_spared_by(j, &ban);
	struct decision d;

	judge_kind(j, &ban, cover);
	judge_length(j, &ban);
	if (!put(j, &ban)) {
		j->stats.no_room++;
		return;
	}
	history_add(j->history, judge_observer(&ban), subject, ban.since, ban.until);
	count_kind(j, &ban);
	d = judge_about(&ban);
	if (cover) {
		never_block_count_spared(j->never, cover, ban.since);
		d.cover = cover->prefix;
	}
	d.evidence = j->evidence;
	d.n_evidence = least(j->max_evidence,
			     judge_evidence(j, index, slot, tracker_newest(j->tracker, slot),
					    j->evidence, j->max_evidence));
	outbox_decision(&j->out, &d);
	if (jail->after_ban == AFTER_BAN_CLEAR) {
		tracker_forget(j->tracker, index, subject);
	}
}

static bool counts(const struct jail *jail, const struct event *event)
{
	return jail->subject == SUBJECT_ADDRESS && jail_points(jail, event->type) != 0 &&
	       jail_serves(jail, event->service);
}

static bool has_spoken(const struct judge *j, uint16_t index, const struct prefix *subject,
		       instant at)
{
	const struct ban *ban = bans_find(j->bans, index, subject, j->rules->jails[index].scope);

	return ban && at.us < ban->until.us;
}

/* The slot of the subject, or TABLE_NONE when the event is not entered. */
static uint32_t enter(struct judge *j, uint16_t index, const struct prefix *subject,
		      const struct event *event, uint64_t id)
{
	const struct jail *jail = &j->rules->jails[index];
	const struct tracker_entry entry = {
		.time = event->time,
		.event = id,
		.type = event->type,
		.count = event->count,
	};
	uint32_t slot;

	if (jail->after_ban == AFTER_BAN_CLEAR && has_spoken(j, index, subject, event->time)) {
		return TABLE_NONE;
	}
	slot = tracker_add(j->tracker, jail, index, subject, &entry);
	return event->time.us > jail_horizon(jail, tracker_newest(j->tracker, slot)).us
		       ? slot
		       : TABLE_NONE;
}

void judge_event(struct judge *j, const struct route *route, const struct event *event)
{
	struct prefix subject;
	bool counted = false;

	j->stats.oldest = j->stats.events > 0 ? instant_min(j->stats.oldest, event->time)
					      : event->time;
	j->stats.newest = instant_max(j->stats.newest, event->time);
	j->stats.events++;
	if (!route || event->addr.family == 0) {
		return;
	}
	subject = ruleset_subject(j->rules, &event->addr);
	for (size_t i = 0; i < route->n_jails; i++) {
		uint16_t index = route->jails[i];
		const struct jail *jail = &j->rules->jails[index];
		uint32_t slot;

		if (!counts(jail, event)) {
			continue;
		}
		if (!counted) {
			outbox_event(&j->out, ++j->last_event, event);
			j->stats.counted++;
			counted = true;
		}
		j->jails[index].events++;
		slot = enter(j, index, &subject, event, j->last_event);
		if (slot != TABLE_NONE &&
		    (tracker_score(j->tracker, slot) >= jail->threshold ||
		     jail_points(jail, event->type) == POINTS_BAN) &&
		    !has_spoken(j, index, &subject, event->time)) {
			decide(j, index, &subject, slot, event);
		}
	}
	if (!counted && event->type == EVENT_LOGIN) {
		outbox_event(&j->out, 0, event);
	}
}

void judge_recall(struct judge *j, const struct route *route, uint64_t id,
		  const struct event *event)
{
	struct prefix subject;

	j->last_event = id > j->last_event ? id : j->last_event;
	j->stats.newest = instant_max(j->stats.newest, event->time);
	if (!route || event->addr.family == 0) {
		return;
	}
	subject = ruleset_subject(j->rules, &event->addr);
	for (size_t i = 0; i < route->n_jails; i++) {
		if (counts(&j->rules->jails[route->jails[i]], event)) {
			(void)enter(j, route->jails[i], &subject, event, id);
		}
	}
}
