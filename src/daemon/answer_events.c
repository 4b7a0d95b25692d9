/* SPDX-License-Identifier: MIT */
/* Events: the log of what was counted, or of what was decided. The wanted rows are looked for from
 * the newest backwards, in slices, and told oldest first; with `follow` the call then waits for new
 * ones. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "daemon/call.h"
#include "daemon/rows.h"
#include "daemon/target.h"

/* What is followed is told in the order in which it came about. */
struct decided {
	uint64_t ban;
	bool lift;
	char *by; /* who lifted it; NULL */
};

enum { EVENTS_LIMIT = 100, EVENTS_LIMIT_MAX = 10000, EVENTS_SLICE = 5000 };

static const duration lateness = { .us = -INT64_C(3600) * 1000000 };

struct events {
	struct daemon *daemon;
	struct str account, type, service;
	struct str jail; /* empty: all */
	struct prefix subject;
	bool has_subject, follow, decisions, searched;
	instant since;
	size_t limit;
	uint64_t before; /* search: go on below this id */
	uint64_t newest; /* follow: what was looked at has ids up to here */
	size_t seen;     /* rows of the last slice of what is followed */
	bool too_old;
	struct value *found; /* newest first */
	size_t told;
	struct decided *decided; /* follow: since the call began, not told yet */
	size_t n_decided, decided_room;
	bool decided_lost; /* no memory for one */
};

static void events_free(void *state)
{
	struct events *s = state;

	value_free(s->found);
	for (size_t i = 0; i < s->n_decided; i++) {
		free(s->decided[i].by);
	}
	free(s->decided);
	free(s);
}

static bool jail_counts(const struct events *s, const struct stored_event *event)
{
	const struct ruleset *rules = engine_ruleset(s->daemon->engine);
	uint16_t number = ruleset_jail(rules, s->jail);
	const struct jail *jail = number != JAIL_BY_HAND ? &rules->jails[number] : NULL;
	uint16_t service = event->service.n ? names_find(&rules->services, event->service)
					    : EVENT_SERVICE_NONE;

	return jail && jail_points(jail, names_find(&rules->types, event->type)) != 0 &&
	       jail_serves(jail, service);
}

static bool events_wants(const struct events *s, const struct stored_event *event)
{
	return (!s->account.n || str_eq_nocase(s->account, event->account)) &&
	       (!s->type.n || str_eq(s->type, event->type)) &&
	       (!s->service.n || str_eq(s->service, event->service)) &&
	       (!s->has_subject || target_holds(&s->subject, &event->addr)) &&
	       (!s->jail.n || jail_counts(s, event));
}

/* A late line has an id among newer ones: the search goes on for a while behind the first row that
 * is too old. */
static bool is_wanted_time(struct events *s, instant time)
{
	s->too_old = s->too_old || time.us < instant_add(s->since, lateness).us;
	return time.us >= s->since.us;
}

static bool is_full(const struct events *s)
{
	return value_length(s->found) >= s->limit;
}

static bool events_row(void *arg, const struct stored_event *event)
{
	struct events *s = arg;

	s->seen++;
	s->newest = event->id > s->newest ? event->id : s->newest;
	if (!is_full(s) && is_wanted_time(s, event->time) && events_wants(s, event)) {
		value_add(s->found, row_event(s->daemon, event, false));
	}
	return !is_full(s);
}

static bool decisions_wants(const struct events *s, const struct stored_ban *ban)
{
	return (!s->type.n || str_eq(s->type, ban->type)) &&
	       (!s->jail.n || str_eq(s->jail, ban->jail)) &&
	       (!s->service.n || str_eq(s->service, ban->service)) &&
	       (!s->has_subject || prefix_overlaps(&s->subject, &ban->decision.prefix));
}

static bool decisions_row(void *arg, const struct stored_ban *ban)
{
	struct events *s = arg;

	s->seen++;
	s->before = ban->decision.ban;
	s->newest = ban->decision.ban > s->newest ? ban->decision.ban : s->newest;
	if (!is_full(s) && is_wanted_time(s, ban->decision.time) && decisions_wants(s, ban)) {
		value_add(s->found, row_decision(s->daemon, ban));
	}
	return !is_full(s);
}

static bool note_event(void *arg, const struct stored_event *event)
{
	struct events *s = arg;

	s->newest = event->id;
	return false;
}

static bool note_decision(void *arg, const struct stored_ban *ban)
{
	struct events *s = arg;

	s->newest = ban->decision.ban;
	return false;
}

/* What is followed begins behind what stands there now, whether it is told or not. */
static int events_note_newest(struct events *s)
{
	struct store_walk walk = { .scan = 1 };

	return s->decisions ? store_bans(s->daemon->store, NULL, 0, 1, note_decision, s)
			    : store_events(s->daemon->store, &walk, note_event, s);
}

/* One slice of the search. 1: it is over; 0: it is not; negative errno. */
static int events_search(struct events *s)
{
	const struct prefix *subject = s->has_subject ? &s->subject : NULL;
	struct store_walk walk = { .subject = subject, .scan = EVENTS_SLICE, .before = s->before };
	uint64_t before = s->before;
	int r;

	if (s->decisions) {
		r = store_bans(s->daemon->store, subject, before, EVENTS_SLICE, decisions_row, s);
	} else {
		r = store_events(s->daemon->store, &walk, events_row, s);
		s->before = walk.before;
		before = 0;
	}
	return r < 0 ? r : s->before == before || s->too_old || is_full(s);
}

static struct value *take_row(struct events *s)
{
	return value_copy(value_at(s->found, value_length(s->found) - ++s->told));
}

/* Tells up to a reply's worth of what was found, oldest first. */
static enum call_next events_tell(struct call *call, struct events *s)
{
	struct value *reply = value_object(), *rows = value_array();
	bool rest;

	while (s->told < value_length(s->found) && value_length(rows) < CALL_ROWS) {
		value_add(rows, take_row(s));
	}
	rest = s->told < value_length(s->found);
	value_set(reply, "events", s->decisions ? value_array() : rows);
	value_set(reply, "decisions", s->decisions ? rows : value_array());
	call_reply(call, reply, rest || s->follow);
	return rest || s->follow ? CALL_AGAIN : CALL_DONE;
}

static bool decided_row(void *arg, const struct stored_ban *ban)
{
	struct events *s = arg;
	const struct decided *is = &s->decided[s->seen];
	struct stored_ban lift = *ban;

	if (ban->decision.ban != is->ban || !decisions_wants(s, ban)) {
		return false;
	}
	if (is->lift) {
		lift.decision.kind = DECISION_LIFT;
		lift.decision.time = ban->ended;
		lift.decision.until = instant_at(0);
		lift.ended = instant_at(0);
		lift.decision.because = ban->ended_because;
		lift.decision.by = str_of(is->by);
		lift.decision.reason = STR_NONE;
	}
	value_add(s->found, row_decision(s->daemon, is->lift ? &lift : ban));
	return false;
}

/* Takes the first of what was decided, some at a time. What the search has told is not told again.
 */
static int decisions_newer(struct events *s)
{
	int r = 0;

	for (; s->seen < s->n_decided && s->seen < CALL_ROWS && r >= 0; s->seen++) {
		const struct decided *is = &s->decided[s->seen];

		if (is->lift || is->ban > s->newest) {
			r = store_bans(s->daemon->store, NULL, is->ban + 1, 1, decided_row, s);
		}
		free(is->by);
	}
	s->n_decided -= s->seen;
	if (s->n_decided) {
		memmove(s->decided, s->decided + s->seen, s->n_decided * sizeof(*s->decided));
	}
	return r;
}

static void events_decided(struct call *call, const struct decision *decision)
{
	struct events *s = call->state;

	if (s->n_decided == s->decided_room) {
		size_t room = s->decided_room ? s->decided_room * 2 : 64;
		struct decided *more = reallocarray(s->decided, room, sizeof(*more));

		if (!more) {
			s->decided_lost = true;
			return;
		}
		s->decided = more;
		s->decided_room = room;
	}
	s->decided[s->n_decided++] = (struct decided){
		.ban = decision->ban,
		.lift = decision->kind == DECISION_LIFT,
		.by = decision->by.n ? strndup(decision->by.p, decision->by.n) : NULL,
	};
}

/* Looks for rows newer than those that were looked at, some at a time. */
static int events_newer(struct events *s)
{
	struct store *store = s->daemon->store;
	int r;

	s->found = value_free(s->found);
	s->found = value_array();
	s->told = 0;
	s->seen = 0;
	s->limit = CALL_ROWS;
	r = s->decisions ? decisions_newer(s)
			 : store_events_since(store, s->newest, CALL_ROWS, events_row, s);
	value_reverse(s->found);
	return r;
}

static enum call_next events_failed(struct call *call)
{
	return call_refused(call, "ipsctl status", "the database cannot be read: %s",
			    store_error(call->daemon->store));
}

static enum call_next events_step(struct call *call)
{
	struct events *s = call->state;

	if (!s->searched) {
		int r = events_search(s);

		s->searched = r != 0;
		if (r <= 0) {
			return r < 0 ? events_failed(call) : CALL_YIELD;
		}
		if (!call->more && (s->follow || value_length(s->found) > CALL_ROWS)) {
			return call_error(call, "org.varlink.service.ExpectedMore", NULL);
		}
		return events_tell(call, s);
	}
	if (s->told < value_length(s->found)) {
		return events_tell(call, s);
	}
	call_wait(call, DURATION_FOREVER);
	if (s->decided_lost) {
		return call_refused(call, NULL, "no memory: decisions were lost");
	}
	if (events_newer(s) < 0) {
		return events_failed(call);
	}
	if (value_length(s->found)) {
		return events_tell(call, s);
	}
	return s->seen < CALL_ROWS ? CALL_WAIT : CALL_YIELD;
}

/* NULL, or the parameter that is wrong. */
static const char *events_parameters(const struct value *p, const struct ruleset *rules,
				     struct events *s)
{
	struct str address = value_text(value_get(p, "address"), STR_NONE);
	struct str since = value_text(value_get(p, "since"), STR_NONE);
	int64_t limit = value_int(value_get(p, "limit"), EVENTS_LIMIT);

	s->account = value_text(value_get(p, "account"), STR_NONE);
	s->jail = value_text(value_get(p, "jail"), STR_NONE);
	s->type = value_text(value_get(p, "type"), STR_NONE);
	s->service = value_text(value_get(p, "service"), STR_NONE);
	s->follow = value_bool(value_get(p, "follow"), false);
	s->decisions = value_bool(value_get(p, "decisions"), false);
	s->has_subject = address.n > 0;
	if (address.n && target_parse(rules, address, &s->subject) < 0) {
		return "address";
	}
	if (since.n && instant_parse(since, &s->since) < 0) {
		return "since";
	}
	if (s->jail.n && ruleset_jail(rules, s->jail) == JAIL_BY_HAND) {
		return "jail";
	}
	if (limit < 0 || limit > EVENTS_LIMIT_MAX) {
		return "limit";
	}
	s->limit = (size_t)limit;
	return NULL;
}

enum call_next answer_events(struct call *call)
{
	struct events *s = calloc(1, sizeof(*s));
	const char *wrong;

	if (!s) {
		return call_refused(call, NULL, "no memory");
	}
	s->daemon = call->daemon;
	call->state = s;
	call->free_state = events_free;
	wrong = events_parameters(call->parameters, engine_ruleset(call->daemon->engine), s);
	if (wrong) {
		return call_invalid(call, wrong);
	}
	if (wheel_apply(call->daemon, false) < 0) {
		return call_refused(call, NULL, "ipsd is about to end");
	}
	if (events_note_newest(s) < 0) {
		return events_failed(call);
	}
	s->found = value_array();
	call->decided = s->follow && s->decisions ? events_decided : NULL;
	call->step = events_step;
	return events_step(call);
}
