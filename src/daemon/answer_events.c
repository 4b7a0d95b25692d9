/* SPDX-License-Identifier: MIT */
/* Events: the log of what was counted, or of what was decided. The wanted rows are looked for from
 * the newest backwards, in slices, and told oldest first; with `follow` the call then waits for new
 * ones. */
#include <errno.h>
#include <stdlib.h>

#include "base/span.h"
#include "daemon/call.h"
#include "daemon/rows.h"
#include "daemon/target.h"

enum { EVENTS_LIMIT = 100, EVENTS_LIMIT_MAX = 10000, EVENTS_SLICE = 5000 };

struct events {
	struct daemon *daemon;
	struct str account, type, service;
	const struct jail *jail;
	uint16_t jail_number;
	struct prefix subject;
	bool has_subject, follow, decisions, searched;
	instant since;
	size_t limit;
	uint64_t before; /* search: go on below this id */
	uint64_t newest; /* follow: what is told has ids up to here */
	bool too_old;
	struct value *found; /* newest first */
	size_t told;
};

static void events_free(void *state)
{
	struct events *s = state;

	value_free(s->found);
	free(s);
}

static bool jail_counts(const struct events *s, const struct stored_event *event)
{
	const struct ruleset *rules = engine_ruleset(s->daemon->engine);
	uint16_t service = event->service.n ? names_find(&rules->services, event->service)
					    : EVENT_SERVICE_NONE;

	return jail_points(s->jail, names_find(&rules->types, event->type)) != 0 &&
	       jail_serves(s->jail, service);
}

static bool events_wants(const struct events *s, const struct stored_event *event)
{
	struct prefix host = event->addr.family ? prefix_of(&event->addr, 128)
						: (struct prefix){ 0 };

	return (!s->account.n || str_eq_nocase(s->account, event->account)) &&
	       (!s->type.n || str_eq(s->type, event->type)) &&
	       (!s->service.n || str_eq(s->service, event->service)) &&
	       (!s->has_subject || (event->addr.family && prefix_contains(&s->subject, &host))) &&
	       (!s->jail || jail_counts(s, event));
}

static bool events_row(void *arg, const struct stored_event *event)
{
	struct events *s = arg;

	s->newest = event->id > s->newest ? event->id : s->newest;
	if (event->time.us < s->since.us) {
		s->too_old = true;
		return true;
	}
	if (events_wants(s, event)) {
		value_add(s->found, row_event(event, false));
	}
	return value_length(s->found) < s->limit;
}

static bool decisions_row(void *arg, const struct stored_ban *ban)
{
	struct events *s = arg;
	struct str jail = s->jail ? s->jail->name : STR_NONE;

	s->before = ban->decision.ban;
	if (ban->decision.time.us < s->since.us) {
		s->too_old = true;
	} else if ((!s->type.n || str_eq(s->type, ban->type)) &&
		   (!jail.n || str_eq(jail, ban->jail)) &&
		   (!s->service.n || str_eq(s->service, ban->service))) {
		value_add(s->found, row_decision(s->daemon, ban));
	}
	s->newest = ban->decision.ban > s->newest ? ban->decision.ban : s->newest;
	return value_length(s->found) < s->limit;
}

/* One slice of the search; true when it is over. */
static bool events_search(struct events *s)
{
	const struct prefix *subject = s->has_subject ? &s->subject : NULL;
	uint64_t before = s->before;
	int r;

	if (s->decisions) {
		r = store_bans(s->daemon->store, subject, s->before, EVENTS_SLICE, decisions_row,
			       s);
		return r < 0 || s->before == before || s->too_old ||
		       value_length(s->found) >= s->limit;
	}
	struct store_walk walk = { .subject = subject, .scan = EVENTS_SLICE, .before = s->before };

	r = store_events(s->daemon->store, &walk, events_row, s);
	s->before = walk.before;
	return r < 0 || !s->before || s->too_old || value_length(s->found) >= s->limit;
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

/* Looks for rows newer than what was told; false when there are none. */
static bool events_newer(struct events *s)
{
	uint64_t after = s->newest;

	s->found = value_free(s->found);
	s->found = value_array();
	s->told = 0;
	s->limit = CALL_ROWS;
	if (s->decisions) {
		s->before = 0;
		if (store_bans_since(s->daemon->store, after, CALL_ROWS, decisions_row, s) < 0) {
			return false;
		}
	} else if (store_events_since(s->daemon->store, after, CALL_ROWS, events_row, s) < 0) {
		return false;
	}
	value_reverse(s->found);
	return value_length(s->found) > 0;
}

static enum call_next events_step(struct call *call)
{
	struct events *s = call->state;

	if (!s->searched) {
		s->searched = events_search(s);
		if (!s->searched) {
			return CALL_YIELD;
		}
		if (!call->more && (s->follow || value_length(s->found) > CALL_ROWS)) {
			return call_error(call, "org.varlink.service.ExpectedMore", NULL);
		}
		return events_tell(call, s);
	}
	if (s->told < value_length(s->found)) {
		return events_tell(call, s);
	}
	call->deadline = INSTANT_NEVER;
	return events_newer(s) ? events_tell(call, s) : CALL_WAIT;
}

/* NULL, or the parameter that is wrong. */
static const char *events_parameters(const struct value *p, const struct ruleset *rules,
				     struct events *s)
{
	struct str address = value_text(value_get(p, "address"), STR_NONE);
	struct str jail = value_text(value_get(p, "jail"), STR_NONE),
		   since = value_text(value_get(p, "since"), STR_NONE);
	int64_t limit = value_int(value_get(p, "limit"), EVENTS_LIMIT);

	s->account = value_text(value_get(p, "account"), STR_NONE);
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
	if (jail.n) {
		s->jail_number = ruleset_jail(rules, jail);
		if (s->jail_number == JAIL_BY_HAND) {
			return "jail";
		}
		s->jail = &rules->jails[s->jail_number];
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
	s->found = value_array();
	call->step = events_step;
	return events_step(call);
}
