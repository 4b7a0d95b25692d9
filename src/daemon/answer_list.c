/* SPDX-License-Identifier: MIT */
/* List streams rows from the engine's table, a slice at a time; bans may come and go between two
 * slices. Ended ones come from the database, newest first. Without `more` everything must fit into
 * one reply. What is asked for is compared before a row is made of it, and a step ends after so
 * many that did not fit, too: a table of a million holds nobody up. */
#include <stdlib.h>
#include <string.h>

#include "daemon/call.h"
#include "daemon/rows.h"
#include "sys/clock.h"

enum { LIST_ENDED_MAX = 10000, LIST_SLICE = 10000, LIST_ENDED_SLICE = 1000 };

struct list {
	struct str jail, service, type, action;
	bool ban, observed, spared, ended;
	uint32_t cursor;
	uint64_t before; /* ended: go on below this id */
	size_t n_ended;
	bool engine_done;
	struct daemon *daemon;
	struct value *rows;
	instant now;
};

static void list_free(void *state)
{
	struct list *l = state;

	value_free(l->rows);
	free(l);
}

static bool list_kinds(struct list *l, const struct value *kinds)
{
	l->ban = !kinds || value_type(kinds) == VALUE_NULL;
	for (size_t i = 0; i < value_length(kinds); i++) {
		struct str kind = value_text(value_at(kinds, i), STR(""));

		if (str_eq(kind, STR("ban"))) {
			l->ban = true;
		} else if (str_eq(kind, STR("observed"))) {
			l->observed = true;
		} else if (str_eq(kind, STR("spared"))) {
			l->spared = true;
		} else if (str_eq(kind, STR("ended"))) {
			l->ended = true;
		} else {
			return false;
		}
	}
	return true;
}

static bool fits(struct str wanted, struct str is)
{
	return !wanted.n || str_eq_nocase(wanted, is);
}

/* By the words of the row: a ban by hand has the type Manual, another that of its jail. */
static bool list_fits(const struct list *l, struct str jail, struct str service,
		      enum ban_action action)
{
	const struct ruleset *rules = engine_ruleset(l->daemon->engine);
	uint16_t number = ruleset_jail(rules, jail);
	struct str type = number != JAIL_BY_HAND         ? rules->jails[number].type
			  : str_eq(jail, STR("by hand")) ? STR("Manual")
							 : STR_NONE;

	return fits(l->jail, jail) && fits(l->service, service) && fits(l->type, type) &&
	       fits(l->action, str_of(action_word(action)));
}

static bool list_ended_row(void *arg, const struct stored_ban *ban)
{
	struct list *l = arg;

	l->before = ban->decision.ban;
	l->n_ended++;
	if (ban->ended.us && list_fits(l, ban->jail, ban->service, ban->decision.action)) {
		value_add(l->rows, row_stored_ban(l->daemon, ban, l->now));
	}
	return value_length(l->rows) < CALL_ROWS;
}

static bool list_wants(const struct list *l, const struct ban *ban)
{
	if (ban->ended) {
		return false;
	}
	switch (ban->kind) {
	case DECISION_BAN: return l->ban;
	case DECISION_OBSERVED: return l->observed;
	case DECISION_SPARED: return l->spared;
	case DECISION_LIFT: return false;
	}
	return false;
}

/* A slice of the table. */
static void list_engine(struct list *l)
{
	const struct ruleset *rules = engine_ruleset(l->daemon->engine);

	for (size_t i = 0; i < LIST_SLICE && value_length(l->rows) < CALL_ROWS; i++) {
		const struct ban *ban = engine_each_ban(l->daemon->engine, &l->cursor);

		if (!ban) {
			l->engine_done = true;
			return;
		}
		if (list_wants(l, ban) &&
		    list_fits(l, ruleset_jail_name(rules, ban->jail),
			      names_at(&rules->services, ban->service), ban->action)) {
			value_add(l->rows, row_ban(l->daemon, ban, l->now));
		}
	}
}

/* A slice of the database. */
static void list_ended(struct list *l)
{
	size_t seen = l->n_ended;
	int r = store_bans(l->daemon->store, NULL, l->before, LIST_ENDED_SLICE, list_ended_row, l);

	l->ended = r >= 0 && l->n_ended > seen && l->n_ended < LIST_ENDED_MAX;
}

static enum call_next list_step(struct call *call)
{
	struct list *l = call->state;
	struct value *reply;
	bool done;

	l->rows = l->rows ? l->rows : value_array();
	if (!l->engine_done) {
		list_engine(l);
	} else if (l->ended) {
		list_ended(l);
	}
	done = l->engine_done && !l->ended;
	if (!done && value_length(l->rows) < CALL_ROWS) {
		return CALL_YIELD;
	}
	if (!done && !call->more) {
		return call_error(call, "org.varlink.service.ExpectedMore", NULL);
	}
	reply = value_object();
	value_set_word(reply, "mode",
		       engine_observes(call->daemon->engine) ? "observe" : "enforce");
	value_set(reply, "bans", TAKE(l->rows));
	call_reply(call, reply, !done);
	return done ? CALL_DONE : CALL_AGAIN;
}

enum call_next answer_list(struct call *call)
{
	const struct value *p = call->parameters;
	struct list *l = calloc(1, sizeof(*l));

	if (!l) {
		return call_refused(call, NULL, "no memory");
	}
	call->state = l;
	call->free_state = list_free;
	*l = (struct list){
		.jail = value_text(value_get(p, "jail"), STR_NONE),
		.service = value_text(value_get(p, "service"), STR_NONE),
		.type = value_text(value_get(p, "type"), STR_NONE),
		.action = value_text(value_get(p, "action"), STR_NONE),
		.daemon = call->daemon,
		.now = clock_now(),
	};
	if (!list_kinds(l, value_get(p, "kinds"))) {
		return call_invalid(call, "kinds");
	}
	if (l->jail.n && !str_eq(l->jail, STR("by hand")) &&
	    ruleset_jail(engine_ruleset(call->daemon->engine), l->jail) == JAIL_BY_HAND) {
		return call_refused(call, "ipsctl status",
				    "there is no jail of this name that runs");
	}
	call->step = list_step;
	return list_step(call);
}
