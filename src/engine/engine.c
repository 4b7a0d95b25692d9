/* SPDX-License-Identifier: MIT */
/* Lines in, decisions out: the doors; what is behind several of them is in judge.c.
 *
 * Back-pressure: a line is taken wholly, when there is room for whatever it may bring (an event of
 * each filter, a lift and a ban in each jail), or not at all. */
#include "engine/engine.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "detect/detector.h"
#include "engine/adopt.h"
#include "engine/hand_scopes.h"
#include "engine/hearing.h"
#include "engine/judge.h"
#include "engine/never.h"
#include "engine/orders.h"
#include "engine/verdict.h"

enum { TICK_STEPS = 65536 }; /* bounds the pause that one tick may make */

struct engine {
	struct ruleset *rules;
	struct matcher *matcher;        /* NULL: no source has a detector */
	struct stamp_context *contexts; /* one per route, of the source with most */
	struct judge judge;
	struct engine_limits limits;
	uint8_t seed[TABLE_SEED_SIZE];
	struct engine_stats before; /* lines, evicted, sessions_lost under rules of before */
	struct hand_scopes *scopes;
	bool holds_sessions;
	duration lag; /* of lines behind their stamps */
};

/* What engine_feed() knows when the detector calls back. */
struct reading {
	struct engine *engine;
	const struct feed *feed;
	const struct source *source;
	const char *line; /* the last event's */
};

static int take_detection(struct engine *e)
{
	size_t routes = 1;
	bool detects = false;

	for (size_t i = 0; i < e->rules->n_sources; i++) {
		const struct source *s = &e->rules->sources[i];

		routes = s->n_routes > routes ? s->n_routes : routes;
		detects = detects || s->detector;
	}
	e->contexts = calloc(routes, sizeof(*e->contexts));
	if (!e->contexts) {
		return -ENOMEM;
	}
	return detects ? matcher_new(&e->matcher) : 0;
}

/* What an engine holds beside its rules. */
static int take_tables(struct engine *e)
{
	int r = judge_init(&e->judge, e->rules, e->limits.subjects, e->limits.bans, e->seed);

	if (r == 0) {
		r = never_load(&e->judge);
	}
	r = r < 0 ? r : hand_scopes_new(e->rules, &e->scopes);
	return r < 0 ? r : take_detection(e);
}

static void free_tables(struct engine *e)
{
	judge_done(&e->judge);
	e->matcher = matcher_free(e->matcher);
	free(e->contexts);
	e->contexts = NULL;
	e->scopes = hand_scopes_free(e->scopes);
}

int engine_new(struct ruleset *ruleset, const struct engine_limits *limits,
	       const uint8_t seed[static TABLE_SEED_SIZE], struct engine **ret)
{
	struct engine *e = calloc(1, sizeof(*e));
	int r;

	if (!e) {
		return -ENOMEM;
	}
	e->rules = ruleset;
	e->limits = *limits;
	memcpy(e->seed, seed, sizeof(e->seed));
	r = take_tables(e);
	if (r < 0) {
		e->rules = NULL;
		engine_free(e);
		return r;
	}
	*ret = e;
	return 0;
}

struct engine *engine_free(struct engine *e)
{
	if (e) {
		free_tables(e);
		ruleset_free(e->rules);
		free(e);
	}
	return NULL;
}

const struct ruleset *engine_ruleset(const struct engine *e)
{
	return e->rules;
}

static bool is_asked_for(const struct feed *feed, instant time)
{
	return time.us >= feed->from.us && (feed->to.us == 0 || time.us < feed->to.us);
}

static bool take_event(void *arg, const struct event *event)
{
	struct reading *r = arg;
	struct judge *j = &r->engine->judge;
	const struct route *route = &r->source->routes[event->filter];
	struct event form = judge_form(event);
	bool ended, begins_line = event->text.p != r->line;

	if (!is_asked_for(r->feed, form.time)) {
		return true;
	}
	form.source = r->feed->source;
	form.filter = route->filter;
	if (begins_line && !judge_has_room(j)) {
		return false;
	}
	ended = judge_end(j, instant_min(form.time, r->feed->arrival));
	if (begins_line && !ended) {
		return false;
	}
	r->line = event->text.p;
	hearing_event(j, route, &form);
	return true;
}

size_t engine_feed(struct engine *e, const struct feed *feed)
{
	const struct source *source = &e->rules->sources[feed->source];
	struct reading reading = { .engine = e, .feed = feed, .source = source };

	assert(feed->source < e->rules->n_sources && source->detector);
	outbox_begin(&e->judge.out);
	for (size_t i = 0; i < source->n_routes; i++) {
		const struct filter *filter = e->rules->filters[source->routes[i].filter].filter;

		e->contexts[i] = (struct stamp_context){
			.file_time = feed->file_time,
			.arrival = feed->arrival,
			.date = filter_file_date(filter, feed->file_name),
			.said = feed->said,
			.program = feed->program,
		};
	}
	return detector_feed(source->detector, e->matcher, feed->chunk, e->contexts, take_event,
			     &reading);
}

bool engine_feed_event(struct engine *e, const struct event *event)
{
	const struct event form = judge_form(event);

	outbox_begin(&e->judge.out);
	if (!judge_has_room(&e->judge) || !judge_end(&e->judge, form.time)) {
		return false;
	}
	hearing_event(&e->judge, ruleset_route(e->rules, event), &form);
	return true;
}

/* Sessions that are silent by now are events of now. */
static bool end_sessions(struct engine *e, instant now)
{
	for (size_t i = 0; i < e->rules->n_sources; i++) {
		const struct source *source = &e->rules->sources[i];
		struct feed feed = { .source = (uint16_t)i, .arrival = now };
		struct reading reading = { .engine = e, .feed = &feed, .source = source };

		if (source->detector &&
		    !detector_tick(source->detector, now, take_event, &reading)) {
			return false;
		}
	}
	return true;
}

bool engine_is_half_full(const struct engine *e)
{
	return outbox_is_half_full(&e->judge.out);
}

bool engine_tick(struct engine *e, instant now)
{
	instant heard = instant_add(now, (duration){ .us = -e->lag.us });

	outbox_begin(&e->judge.out);
	return (e->holds_sessions || end_sessions(e, heard)) && judge_end(&e->judge, now) &&
	       !bans_sweep(e->judge.bans, e->rules->jails, heard, TICK_STEPS) &&
	       !tracker_tick(e->judge.tracker, e->rules->jails, heard, TICK_STEPS);
}

void engine_set_lag(struct engine *e, duration lag)
{
	e->lag = lag;
}

void engine_hold_sessions(struct engine *e, bool hold)
{
	e->holds_sessions = hold;
}

instant engine_deadline(const struct engine *e)
{
	const struct ban *ban = bans_next_end(e->judge.bans);
	instant first = never_block_next_end(e->judge.never);

	first = ban ? instant_min(first, ban->until) : first;
	for (size_t i = 0; i < e->rules->n_sources && !e->holds_sessions; i++) {
		const struct detector *detector = e->rules->sources[i].detector;

		if (detector) {
			first = instant_min(first,
					    instant_add(detector_deadline(detector), e->lag));
		}
	}
	return first;
}

struct batch engine_take(struct engine *e)
{
	return outbox_take(&e->judge.out);
}

int engine_order(struct engine *e, const struct order *order, struct order_result *ret)
{
	outbox_begin(&e->judge.out);
	return orders_apply(&e->judge, order, ret);
}

static void add_seen(const struct ruleset *rules, struct engine_stats *s)
{
	for (size_t i = 0; i < rules->n_sources; i++) {
		const struct detector *detector = rules->sources[i].detector;
		const struct detector_stats *seen = detector ? detector_stats(detector) : NULL;

		if (seen) {
			s->lines += seen->lines;
			s->sessions_lost += seen->sessions_lost;
		}
	}
}

static void exchange_known(struct engine *e, struct engine *other)
{
	struct known *known = e->judge.known;

	e->judge.known = other->judge.known;
	other->judge.known = known;
}

/* Nothing fails from here on. */
static void change_over(struct engine *e, struct engine *fresh, const struct engine_change *change,
			bool keeps_scores)
{
	struct tracker *windows = e->judge.tracker;
	struct engine before;

	adopt_lift(&e->judge, &fresh->judge, change->now);
	change->told(change->arg);
	if (keeps_scores) {
		e->judge.tracker = fresh->judge.tracker;
		fresh->judge.tracker = windows;
	} else {
		fresh->before.evicted += tracker_evicted(windows);
	}
	adopt_memory(e->rules, change->ruleset);
	add_seen(e->rules, &fresh->before);
	before = *e;
	*e = *fresh;
	*fresh = before;
	ruleset_free(before.rules);
}

/* An engine for other rules, with the same limits and nothing in it. It borrows the rules. */
static int engine_beside(const struct engine *e, struct ruleset *rules, struct engine **ret)
{
	struct engine *fresh = calloc(1, sizeof(*fresh));
	int r;

	if (!fresh) {
		return -ENOMEM;
	}
	fresh->rules = rules;
	fresh->limits = e->limits;
	fresh->before = e->before;
	fresh->holds_sessions = e->holds_sessions;
	fresh->lag = e->lag;
	memcpy(fresh->seed, e->seed, sizeof(fresh->seed));
	r = take_tables(fresh);
	if (r < 0) {
		free_tables(fresh);
		free(fresh);
		return r;
	}
	*ret = fresh;
	return 0;
}

int engine_adopt(struct engine *e, const struct engine_change *change)
{
	bool keeps_scores = adopt_keeps_scores(e->rules, change->ruleset);
	struct engine *fresh;
	int r = engine_beside(e, change->ruleset, &fresh);

	if (r < 0) {
		return r;
	}
	outbox_begin(&e->judge.out);
	assert(outbox_is_empty(&e->judge.out));
	hand_scopes_carry(fresh->scopes, e->rules, e->judge.bans);
	r = adopt_prepare(&e->judge, change->ruleset, &fresh->judge);
	exchange_known(e, fresh);
	if (r == 0 && !keeps_scores) {
		r = change->refill(change->arg, fresh);
	}
	if (r == 0) {
		change_over(e, fresh, change, keeps_scores);
	} else {
		exchange_known(e, fresh);
	}
	free_tables(fresh);
	free(fresh);
	return r;
}

int engine_learn(struct engine *e, enum never_from from, const struct never_entry *entries,
		 size_t n)
{
	outbox_begin(&e->judge.out);
	return never_learn(&e->judge, from, entries, n);
}

const struct never_block *engine_never(const struct engine *e)
{
	return e->judge.never;
}

bool engine_observes(const struct engine *e)
{
	return e->judge.observes;
}

int engine_scope(struct engine *e, const struct scope *wanted, uint16_t *ret)
{
	return hand_scopes_want(e->scopes, wanted, e->judge.bans, ret);
}

void engine_recall_event(struct engine *e, uint64_t id, const struct event *event,
			 const struct jail_set *but)
{
	const struct event form = judge_form(event);

	hearing_recall(&e->judge, ruleset_route(e->rules, event), id, &form, but);
}

int engine_recall_ban(struct engine *e, const struct ban *ban)
{
	struct judge *j = &e->judge;

	if (ban->kind == DECISION_LIFT ||
	    (ban->jail >= e->rules->n_jails && ban->jail != JAIL_BY_HAND)) {
		return -EINVAL;
	}
	engine_recall_ids(e, 0, ban->id);
	if (!verdict_recall(j, ban)) {
		return 0;
	}
	never_recall(j, ban);
	history_add(j->history, judge_observer(ban), &ban->prefix, ban->since, ban->until);
	hearing_recall_news(j, ban);
	return verdict_recall_put(j, ban);
}

void engine_recall_ids(struct engine *e, uint64_t last_event, uint64_t last_ban)
{
	e->judge.last_event = last_event > e->judge.last_event ? last_event : e->judge.last_event;
	e->judge.last_ban = last_ban > e->judge.last_ban ? last_ban : e->judge.last_ban;
}

bool engine_wish(const struct engine *e, const struct prefix *prefix, uint16_t scope,
		 instant *ret_until)
{
	return !e->judge.observes && bans_wish(e->judge.bans, prefix, scope, ret_until);
}

const struct ban *engine_each_ban(const struct engine *e, uint32_t *cursor)
{
	return bans_each(e->judge.bans, cursor);
}

const struct ban *engine_find_ban(const struct engine *e, uint16_t jail,
				  const struct prefix *prefix, uint16_t scope)
{
	const struct ban *ban = bans_find(e->judge.bans, jail, prefix, scope);

	return ban && !ban->ended ? ban : NULL;
}

const struct bans *engine_bans(const struct engine *e)
{
	return e->judge.bans;
}

unsigned engine_blocks_30d(const struct engine *e, const struct prefix *p, instant now)
{
	return history_count(e->judge.history, HISTORY_ENFORCED, p, now, seconds(BLOCKS_SECONDS));
}

void engine_recall_login(struct engine *e, struct str account, const struct addr *addr, instant at)
{
	hearing_recall_login(&e->judge, account, addr, at);
}

static struct engine_score score_of(const struct engine *e, uint16_t jail, uint32_t slot,
				    instant now, struct evidence *out, size_t max)
{
	instant at;

	if (slot == TABLE_NONE) {
		return (struct engine_score){ 0 };
	}
	at = instant_max(now, tracker_newest(e->judge.tracker, slot));
	return (struct engine_score){
		.score = tracker_score_at(e->judge.tracker, &e->rules->jails[jail], slot, at),
		.n = judge_evidence(&e->judge, jail, slot, at, out, max),
	};
}

struct engine_score engine_score(const struct engine *e, uint16_t jail, const struct prefix *prefix,
				 instant now, struct evidence *out, size_t max)
{
	return score_of(e, jail, judge_slot(&e->judge, jail, prefix), now, out, max);
}

struct engine_score engine_score_account(const struct engine *e, uint16_t jail, struct str account,
					 instant now, struct evidence *out, size_t max)
{
	return score_of(e, jail, judge_account_slot(&e->judge, jail, account), now, out, max);
}

bool engine_is_known(const struct engine *e, struct str account, const struct prefix *host,
		     instant now)
{
	const struct account_id id = account_id(account, e->judge.seed);

	return known_has(e->judge.known, host, account_is_none(&id) ? NULL : &id, now,
			 e->rules->known_for);
}

struct engine_stats engine_stats(const struct engine *e)
{
	struct engine_stats stats = e->judge.stats;

	stats.lines = e->before.lines;
	stats.sessions_lost = e->before.sessions_lost;
	stats.evicted = e->before.evicted + tracker_evicted(e->judge.tracker);
	add_seen(e->rules, &stats);
	stats.subjects = tracker_count(e->judge.tracker);
	return stats;
}

struct jail_stats engine_jail_stats(const struct engine *e, uint16_t jail)
{
	struct jail_stats stats = { 0 };

	if (jail < e->rules->n_jails) {
		stats = e->judge.jails[jail];
		stats.braked_until = e->judge.brakes[jail].until;
		tracker_count_jail(e->judge.tracker, jail, &stats.subjects, &stats.near);
	}
	stats.bans = bans_count_jail(e->judge.bans, jail);
	return stats;
}
