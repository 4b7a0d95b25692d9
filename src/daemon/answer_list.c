/* SPDX-License-Identifier: MIT */
/* List streams rows from the engine's table, a slice at a time; bans may come and go between two
 * slices. Ended ones come from the database, newest first. Without `more` everything must fit into
 * one reply. */
#include <stdlib.h>
#include <string.h>

#include "daemon/call.h"
#include "daemon/rows.h"
#include "sys/clock.h"

enum { LIST_ENDED_MAX = 10000 };

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

static bool wanted(struct str filter, const struct value *row, const char *key)
{
	return !filter.n || str_eq_nocase(filter, value_text(value_get(row, key), STR_NONE));
}

/* Adds the row if it fits what was asked for, else frees it. */
static void list_add(struct list *l, struct value *row)
{
	if (wanted(l->jail, row, "jail") && wanted(l->service, row, "service") &&
	    wanted(l->type, row, "type") && wanted(l->action, row, "action")) {
		value_add(l->rows, row);
	} else {
		value_free(row);
	}
}

static bool list_ended_row(void *arg, const struct stored_ban *ban)
{
	struct list *l = arg;

	l->before = ban->decision.ban;
	l->n_ended++;
	if (ban->ended.us) {
		list_add(l, row_stored_ban(l->daemon, ban, l->now));
	}
	return true;
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

/* Fills `rows` up to a reply's worth; true when there is nothing left. */
static bool list_fill(struct list *l)
{
	const struct ban *ban;
	size_t seen;

	while (!l->engine_done && value_length(l->rows) < CALL_ROWS) {
		ban = engine_each_ban(l->daemon->engine, &l->cursor);
		if (!ban) {
			l->engine_done = true;
		} else if (list_wants(l, ban)) {
			list_add(l, row_ban(l->daemon, ban, l->now));
		}
	}
	while (l->engine_done && l->ended && value_length(l->rows) < CALL_ROWS) {
		seen = l->n_ended;
		if (store_bans(l->daemon->store, NULL, l->before, CALL_ROWS, list_ended_row, l) <
			    0 ||
		    l->n_ended == seen || l->n_ended >= LIST_ENDED_MAX) {
			l->ended = false;
		}
	}
	return l->engine_done && !l->ended;
}

static enum call_next list_step(struct call *call)
{
	struct list *l = call->state;
	struct value *reply = value_object();
	bool done;

	l->rows = value_array();
	done = list_fill(l);
	if (!done && !call->more) {
		value_free(l->rows);
		value_free(reply);
		return call_error(call, "org.varlink.service.ExpectedMore", NULL);
	}
	value_set_word(reply, "mode",
		       engine_observes(call->daemon->engine) ? "observe" : "enforce");
	value_set(reply, "bans", l->rows);
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
	call->free_state = free;
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
	call->step = list_step;
	return list_step(call);
}
