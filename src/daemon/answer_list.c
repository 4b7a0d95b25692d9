/* SPDX-License-Identifier: MIT */
/* List streams rows from the engine's table, a slice at a time; bans may come and go between two
 * slices. Ended ones come from the database, newest first. Without `more` everything must fit into
 * one reply. What is asked for is compared before a row is made of it, and a step ends after so
 * many that did not fit, too: a table of a million holds nobody up.
 *
 * What only repeats a wider block of the same list is told in that one's row (folds.h), where this
 * is wanted.
 *
 * A reload copies the table in its order and closes the gaps in it: the list goes on behind the
 * entry that it looked at last.
 *
 * How many packets were dropped only the kernel knows. It is asked about the rows of a reply when
 * that is wanted; the reply waits for the answers, not for ever. */
#include <stdlib.h>
#include <string.h>

#include "daemon/call.h"
#include "daemon/folds.h"
#include "daemon/rows.h"
#include "sys/clock.h"

enum { LIST_ENDED_MAX = 10000, LIST_SLICE = 10000, LIST_ENDED_SLICE = 1000 };

static const duration patience = { .us = DAEMON_LONGEST_WAIT_US };

/* What the kernel was asked, and the row that its answer belongs to. */
struct question {
	struct value *row;
	struct prefix prefix;
	uint16_t scope;
};

struct list {
	struct str jail, service, type, action;
	bool ban, observed, spared, ended;
	uint32_t cursor;
	uint64_t last;    /* the id that the cursor stands behind */
	uint64_t reloads; /* when the cursor was right */
	uint64_t before;  /* ended: go on below this id */
	size_t n_ended;
	struct folds *folds; /* NULL: each block has a row */
	bool counted;        /* what is told in the rows of others */
	int64_t folded;
	bool engine_done;
	bool dropped; /* the kernel is to be asked */
	struct question asked[CALL_ROWS];
	size_t n_asked, n_answered;
	struct daemon *daemon;
	struct value *rows;
	instant now;
};

static void list_free(void *state)
{
	struct list *l = state;

	value_free(l->rows);
	folds_free(l->folds);
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

static bool list_shows(const void *arg, const struct ban *ban)
{
	const struct list *l = arg;
	const struct ruleset *rules = engine_ruleset(l->daemon->engine);

	return list_wants(l, ban) &&
	       list_fits(l, ruleset_jail_name(rules, ban->jail),
			 names_at(&rules->services, ban->service), ban->action);
}

/* The row of a block with what is told in it of others. */
static struct value *list_row(const struct list *l, const struct ban *ban)
{
	struct value *row = row_ban(l->daemon, ban, l->now);
	const struct fold fold = l->folds ? folds_of(l->folds, ban) : (struct fold){ 0 };
	CLEANUP(buf_done) struct buf text = { 0 };

	if (fold.prefixes > 0) {
		struct str about = value_text(value_get(row, "description"), STR_NONE);
		bool one = fold.prefixes == 1;

		buf_printf(&text, "%.*s%swith %u %s banned on %s own", STR_ARG(about),
			   about.n ? "; " : "", fold.prefixes,
			   fold.networks ? (one ? "network" : "addresses or networks")
					 : (one ? "address" : "addresses"),
			   one ? "its" : "their");
		value_set_word(row, "description", buf_text(&text));
		value_set_int(row, "folded", fold.prefixes);
	}
	return row;
}

/* Asks the kernel about a ban. When the enforcer takes no more, this row's number is not known. */
static void list_ask(struct call *call, struct list *l, const struct ban *ban, struct value *row)
{
	struct enforcer *enforcer = l->daemon->enforcer;

	if (l->dropped && ban->kind == DECISION_BAN && l->n_asked < CALL_ROWS &&
	    enforcer_ask(enforcer, &ban->prefix, ban->scope, call->cookie) == 0) {
		l->asked[l->n_asked++] =
			(struct question){ .row = row, .prefix = ban->prefix, .scope = ban->scope };
	}
}

/* Answers come in the order of the questions; those of an enforcer that ended come again. */
static void list_answer(struct call *call, const struct enforcer_answer *answer)
{
	struct list *l = call->state;

	for (size_t i = l->n_answered; i < l->n_asked; i++) {
		const struct question *q = &l->asked[i];

		if (prefix_eq(&q->prefix, &answer->prefix) && q->scope == answer->scope) {
			if (answer->held && !answer->error) {
				value_set_int(q->row, "dropped_packets", (int64_t)answer->packets);
			}
			l->n_answered = i + 1;
			return;
		}
	}
}

/* False: rules were taken over, and the entry that was looked at last is not there any more. */
static bool list_resume(struct list *l)
{
	const struct ban *ban;
	uint32_t cursor = 0;

	if (l->reloads == l->daemon->reloads || l->engine_done || l->cursor == 0) {
		return true;
	}
	while ((ban = engine_each_ban(l->daemon->engine, &cursor))) {
		if (ban->id == l->last) {
			l->cursor = cursor;
			l->reloads = l->daemon->reloads;
			return true;
		}
	}
	return false;
}

/* A slice of the table. */
static void list_engine(struct call *call, struct list *l)
{
	for (size_t i = 0; i < LIST_SLICE && value_length(l->rows) < CALL_ROWS; i++) {
		const struct ban *ban = engine_each_ban(l->daemon->engine, &l->cursor);

		if (!ban) {
			l->engine_done = true;
			return;
		}
		l->last = ban->id;
		if (!list_shows(l, ban)) {
			continue;
		}
		if (l->folds && folds_find(l->folds, ban)) {
			l->folded++;
		} else {
			struct value *row = list_row(l, ban);

			value_add(l->rows, row);
			list_ask(call, l, ban, row);
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

/* Have the answers come, or is it of no use to wait for them? An enforcer that was silent once is
 * not asked again in this list. */
static bool list_is_answered(struct call *call, struct list *l)
{
	if (l->n_answered < l->n_asked && !call_is_late(call)) {
		return false;
	}
	l->dropped = l->dropped && l->n_answered == l->n_asked;
	l->n_asked = l->n_answered = 0;
	return true;
}

static enum call_next list_reply(struct call *call, struct list *l, bool done)
{
	struct value *reply = value_object();

	value_set_word(reply, "mode",
		       engine_observes(call->daemon->engine) ? "observe" : "enforce");
	value_set(reply, "bans", TAKE(l->rows));
	value_set_int(reply, "folded", l->folded);
	call_reply(call, reply, !done);
	return done ? CALL_DONE : CALL_AGAIN;
}

/* A reply's rows, a slice at a time. */
static void list_collect(struct call *call, struct list *l)
{
	l->rows = l->rows ? l->rows : value_array();
	l->counted = l->counted || !l->folds || !folds_count(l->folds, LIST_SLICE);
	if (!l->counted) {
		return;
	}
	if (!l->engine_done) {
		list_engine(call, l);
	} else if (l->ended) {
		list_ended(l);
	}
	if (l->n_asked && enforcer_flush(l->daemon->enforcer) < 0) {
		l->n_asked = 0;
	}
	call_wait(call, patience);
}

static enum call_next list_step(struct call *call)
{
	struct list *l = call->state;
	bool done = l->engine_done && !l->ended;

	if (!list_resume(l)) {
		return call_refused(call, "ipsctl list",
				    "the config was taken over while the list was made");
	}
	if (!done && value_length(l->rows) < CALL_ROWS) {
		list_collect(call, l);
		done = l->engine_done && !l->ended;
	}
	if (!done && value_length(l->rows) < CALL_ROWS) {
		return CALL_YIELD;
	}
	if (!done && !call->more) {
		return call_error(call, "org.varlink.service.ExpectedMore", NULL);
	}
	return list_is_answered(call, l) ? list_reply(call, l, done) : CALL_WAIT;
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
		.dropped = call->daemon->enforcer && value_bool(value_get(p, "dropped"), false),
		.daemon = call->daemon,
		.now = clock_now(),
		.reloads = call->daemon->reloads,
	};
	if (!list_kinds(l, value_get(p, "kinds"))) {
		return call_invalid(call, "kinds");
	}
	if (value_bool(value_get(p, "fold"), false) &&
	    folds_new(call->daemon->engine, list_shows, l, &l->folds) < 0) {
		return call_refused(call, NULL, "no memory");
	}
	if (l->jail.n && !str_eq(l->jail, STR("by hand")) &&
	    ruleset_jail(engine_ruleset(call->daemon->engine), l->jail) == JAIL_BY_HAND) {
		return call_refused(call, "ipsctl status",
				    "there is no jail of this name that runs");
	}
	call->answer = list_answer;
	call->step = list_step;
	return list_step(call);
}
