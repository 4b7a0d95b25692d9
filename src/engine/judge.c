/* SPDX-License-Identifier: MIT */
/* judge.c - what does the policy of the engine hold?
 *
 * All memory is taken here, and the room that one line may need in the outbox is measured, so that
 * nothing is begun that would not fit. */
#include "engine/judge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	BANS_DEFAULT = 2000000,
	ENTRIES_PER_SUBJECT = 4,
	ENTRIES_MIN = 65536,
	BATCH_TEXTS = 4 * 1024 * 1024,
	KNOWN_MAX = 262144,
};

static size_t most(size_t a, size_t b)
{
	return a > b ? a : b;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t evidence_of(const struct judge *j, const struct jail *jail)
{
	return least(jail_kept_events(jail) + TRACKER_UNSCORED_MAX, j->max_evidence);
}

/* Events that a line may bring by this route: its own, and that of the session that it closes. */
static size_t events_of_line(const struct judge *j, const struct route *route)
{
	const struct ruleset *r = j->rules;
	const struct filter *filter =
		route->filter < r->n_filters ? r->filters[route->filter].filter : NULL;

	return filter && filter_session(filter) ? 2 : 1;
}

static size_t listeners(const struct judge *j)
{
	size_t n = 0;

	for (size_t i = 0; i < j->rules->n_jails; i++) {
		n += j->listener[i] != 0 ? 1 : 0;
	}
	return n;
}

/* What the event of a route may bring in the jails that watch jails, each of which hears of it
 * once. */
static struct outbox_room room_of_news(const struct judge *j, const struct route *route)
{
	struct outbox_room room = { .events = 0 };

	for (size_t i = 0; i < j->rules->n_jails; i++) {
		if (j->listener[i] != 0) {
			room.evidence += evidence_of(j, &j->rules->jails[i]);
		}
	}
	room.decisions = listeners(j);
	room.events = least(route->n_jails, room.decisions);
	return room;
}

/* The jails that a line of the source may reach, each as often as something leads there. */
static size_t jails_of_line(const struct judge *j, const struct source *source)
{
	size_t n = 0;

	for (size_t i = 0; i < source->n_routes; i++) {
		n += events_of_line(j, &source->routes[i]) *
		     (source->routes[i].n_jails + room_of_news(j, &source->routes[i]).decisions);
	}
	return n;
}

static struct outbox_room room_of_line(const struct judge *j, const struct source *source)
{
	struct outbox_room room = { .events = 0 };

	for (size_t i = 0; i < source->n_routes; i++) {
		const struct route *route = &source->routes[i];
		const struct outbox_room news = room_of_news(j, route);

		size_t events = events_of_line(j, route);

		room.events += events * (1 + news.events);
		room.evidence += events * news.evidence;
		room.decisions += events * (2 + BRAKE_LIMIT * (1 + listeners(j))) *
				  (route->n_jails + news.decisions);
		for (size_t k = 0; k < route->n_jails; k++) {
			room.evidence += events * evidence_of(j, &j->rules->jails[route->jails[k]]);
		}
	}
	return room;
}

/* How much one line may bring: the events of each filter, in each jail a lift and a ban, and what
 * the brake takes back: bans of its own, and of each what came of it. */
static void measure_line(struct judge *j)
{
	const struct ruleset *r = j->rules;
	size_t jails = 1;

	j->line = (struct outbox_room){ .events = 1, .decisions = 2 };
	j->max_evidence = EVIDENCE_MAX;
	for (size_t i = 0; i < r->n_sources; i++) {
		jails = most(jails, jails_of_line(j, &r->sources[i]));
	}
	j->max_evidence = most(1, least(EVIDENCE_MAX, BATCH_EVIDENCE / jails));
	for (size_t i = 0; i < r->n_sources; i++) {
		const struct outbox_room room = room_of_line(j, &r->sources[i]);

		j->line.events = most(j->line.events, room.events);
		j->line.decisions = most(j->line.decisions, room.decisions);
		j->line.evidence = most(j->line.evidence, room.evidence);
	}
	j->line.texts = j->line.events * OUTBOX_EVENT_TEXTS;
}

/* Numbers the jails that watch jails; -EINVAL: there are too many. */
static int number_listeners(struct judge *j)
{
	unsigned n = 0;

	for (size_t i = 0; i < j->rules->n_jails; i++) {
		const struct jail *jail = &j->rules->jails[i];

		if (jail->watches_jails && n == WATCHERS_MAX) {
			return -EINVAL;
		}
		j->listener[i] = jail->watches_jails ? UINT32_C(1) << n++ : 0;
		j->tells_apart = j->tells_apart || jail->watches_jails ||
				 jail->subject != SUBJECT_ADDRESS ||
				 jail->distinct != DISTINCT_NONE || jail_forgives(jail);
	}
	return 0;
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
	r = known_new((uint32_t)least(subjects, KNOWN_MAX), seed, &j->known);
	if (r < 0) {
		return r;
	}
	j->brakes = calloc(j->rules->n_jails + 1, sizeof(*j->brakes));
	j->news = calloc(j->rules->n_jails + 1, sizeof(*j->news));
	if (!j->brakes || !j->news) {
		return -ENOMEM;
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
	memcpy(j->seed, seed, sizeof(j->seed));
	r = number_listeners(j);
	if (r < 0) {
		return r;
	}
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
	j->known = known_free(j->known);
	free(j->brakes);
	free(j->news);
	j->news = NULL;
	j->brakes = NULL;
	free(j->evidence);
	free(j->entries);
	j->evidence = NULL;
	j->entries = NULL;
}

struct event judge_form(const struct event *event)
{
	struct event form = *event;

	if (form.count < 1) {
		form.count = 1;
	} else if (form.count > EVENT_COUNT_MAX) {
		form.count = EVENT_COUNT_MAX;
	}
	return form;
}

uint16_t judge_observer(const struct ban *ban)
{
	return ban->kind == DECISION_BAN ? HISTORY_ENFORCED : ban->jail;
}

void judge_shorten(struct judge *j, const struct prefix *prefix, instant at, bool pardons)
{
	const struct ban *ban = NULL;
	instant until = at;

	while ((ban = bans_on(j->bans, prefix, ban))) {
		until = instant_max(until, ban->until);
	}
	if (pardons && until.us == at.us) {
		history_pardon(j->history, prefix, at);
	} else {
		history_shorten(j->history, prefix, at, until);
	}
}

void judge_say_expired(struct judge *j, const struct ban *ban)
{
	struct decision lift = bans_decision(ban);

	lift.kind = DECISION_LIFT;
	lift.because = BECAUSE_EXPIRED;
	lift.time = ban->until;
	outbox_decision(&j->out, &lift);
}

const struct never_entry *judge_spared_by(const struct judge *j, const struct ban *ban)
{
	return never_block_find(j->never, &ban->prefix, ban->jail, ban->service);
}

enum because judge_because(const struct never_entry *cover)
{
	if (never_entry_is_global(cover)) {
		return BECAUSE_NEVER_BLOCK;
	}
	return cover->jail != NEVER_ANY_JAIL ? BECAUSE_JAIL_NEVER_BLOCK
					     : BECAUSE_SERVICE_NEVER_BLOCK;
}

void judge_drop_shadows(struct judge *j)
{
	uint32_t cursor = 0;
	const struct ban *ban;

	while ((ban = bans_each(j->bans, &cursor))) {
		if (ban->kind == DECISION_SPARED && ban->because != BECAUSE_KNOWN_GOOD &&
		    !judge_spared_by(j, ban)) {
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
		outbox_part(&j->out);
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

		out[i] = (struct evidence){
			.event = e->event,
			.time = e->time,
			.type = e->type,
			.count = rules->distinct == DISTINCT_NONE ? e->count : 1,
			.points = jail_worth(rules, e->type, e->count),
		};
	}
	return n;
}

struct subject judge_subject(const struct judge *j, const struct jail *jail, const struct sight *s)
{
	struct prefix network;

	switch (jail->subject) {
	case SUBJECT_ADDRESS: break;
	case SUBJECT_NETWORK:
		network = ruleset_network(j->rules, &s->event->addr);
		return subject_of_prefix(&network);
	case SUBJECT_ACCOUNT: return subject_of_account(&s->account);
	}
	return subject_of_prefix(&s->host);
}

uint32_t judge_slot(const struct judge *j, uint16_t jail, const struct prefix *prefix)
{
	const struct prefix around = ruleset_network(j->rules, &prefix->addr);
	struct subject subject = subject_of_prefix(prefix);

	if (jail >= j->rules->n_jails || j->rules->jails[jail].subject == SUBJECT_ACCOUNT) {
		return TABLE_NONE;
	}
	if (j->rules->jails[jail].subject == SUBJECT_NETWORK && prefix_contains(&around, prefix)) {
		subject = subject_of_prefix(&around);
	}
	return tracker_find(j->tracker, jail, &subject);
}

uint32_t judge_account_slot(const struct judge *j, uint16_t jail, struct str account)
{
	const struct account_id id = account_id(account, j->seed);
	const struct subject subject = subject_of_account(&id);

	if (jail >= j->rules->n_jails || j->rules->jails[jail].subject != SUBJECT_ACCOUNT) {
		return TABLE_NONE;
	}
	return tracker_find(j->tracker, jail, &subject);
}
