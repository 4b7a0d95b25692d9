/* SPDX-License-Identifier: MIT */
/* What a restart needs back: who is known, the bans and episodes that can still matter, then the
 * windows from the events. In this order: the brake knows the bans of known addresses, and an event
 * that came while a ban of a jail with `after-ban = clear` ran does not count. Bans come in the
 * order in which they were decided: which episode one joined depends on it, and a late line's ban
 * begins before one that was decided earlier. */
#include <errno.h>
#include <stdint.h>

#include "output/store_db.h"
#include "output/store_known.h"
#include "output/store_memory.h"
#include "output/store_rows.h"

struct recall {
	struct store *store;
	struct engine *engine;
	instant now;
	const struct store_recall_calls *calls;
	size_t n; /* bans read */
	int error;
};

enum { PROGRESS_BANS = 16384 };

static void tell_progress(const struct recall *recall, bool events)
{
	if (recall->calls->progress) {
		recall->calls->progress(recall->calls->arg, recall->n, events);
	}
}

/* The ports of a jail's ban are those that the jail has now, of one by hand those that were named:
 * for one that runs they are made again. False: they are no ports of the ruleset any more; a ban of
 * all ports would be another ban. */
static bool find_scope(const struct recall *recall, struct ban *ban, bool runs, struct str label)
{
	const struct ruleset *rules = engine_ruleset(recall->engine);

	if (ban->jail != JAIL_BY_HAND) {
		ban->scope = rules->jails[ban->jail].scope;
		return true;
	}
	for (size_t i = 0; i < rules->n_scopes; i++) {
		if (str_eq(rules->scopes[i].label, label)) {
			ban->scope = (uint16_t)i;
			return true;
		}
	}
	return runs && recall->calls->scope(recall->calls->arg, label, &ban->scope) >= 0;
}

/* A clock that was set back makes no ban longer than it was meant to be. What another took the
 * place of overlaps it, so that both are one episode. */
static instant end_of(const struct recall *recall, const struct stored_ban *stored)
{
	const struct decision *d = &stored->decision;

	if (stored->ended.us && stored->ended_because == BECAUSE_REPLACED) {
		return instant_add(stored->ended, (duration){ .us = 1 });
	}
	if (stored->ended.us) {
		return stored->ended;
	}
	return instant_min(d->until, instant_add(recall->now, instant_since(d->until, d->time)));
}

/* Where that was, it begins earlier, too. */
static instant start_of(const struct stored_ban *stored, instant until)
{
	const struct decision *d = &stored->decision;
	int64_t left_out = instant_since(d->until, until).us;

	if (stored->ended.us || instant_is_never(until)) {
		return d->time;
	}
	return instant_add(d->time, (duration){ .us = -left_out });
}

/* Counts for none: a person's wish ended it. */
static bool is_pardoned(const struct stored_ban *stored)
{
	return stored->ended_because == BECAUSE_UNBAN ||
	       stored->ended_because == BECAUSE_NEVER_BLOCK;
}

/* Observed because all was, which now enforces: nobody stops this address. */
static bool is_outdated(const struct recall *recall, const struct ban *ban)
{
	return ban->because == BECAUSE_DAEMON_OBSERVES && !ban->ended &&
	       !engine_observes(recall->engine);
}

/* Gives the ban the ports it has here, and tells of it when it does not come back as it was. False:
 * there is no such jail, or there are no such ports. */
static bool place(const struct recall *recall, const struct stored_ban *stored, struct ban *ban)
{
	const struct ruleset *rules = engine_ruleset(recall->engine);
	bool by_hand = stored->decision.jail == JAIL_BY_HAND;
	bool runs = ban->kind == DECISION_BAN && !ban->ended && ban->until.us > recall->now.us;
	bool known = (by_hand || ban->jail != JAIL_BY_HAND) &&
		     find_scope(recall, ban, runs, stored->scope);

	if (runs &&
	    (!known || (!by_hand && !str_eq(stored->scope, rules->scopes[ban->scope].label)))) {
		recall->calls->gone(recall->calls->arg, stored, known);
	}
	return known;
}

/* The one that decided is the newest of its evidence. Asked for where something hangs on it. */
static int find_event(const struct recall *recall, struct ban *ban)
{
	const struct ruleset *rules = engine_ruleset(recall->engine);
	struct sql_statement *st;
	int r;

	if (ban->jail == JAIL_BY_HAND || rules->jails[ban->jail].after_ban != AFTER_BAN_CLEAR) {
		return 0;
	}
	r = sql_prepare(recall->store->sql, "SELECT max(event) FROM evidence WHERE ban = ?", &st);
	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, (int64_t)ban->id);
	r = sql_step(st);
	ban->event = r == 1 ? (uint64_t)sql_int(st, 0) : 0;
	sql_done(st);
	return r;
}

static bool recall_ban(struct recall *recall, const struct stored_ban *stored)
{
	const struct ruleset *rules = engine_ruleset(recall->engine);
	const struct decision *d = &stored->decision;
	CLEANUP(buf_done) struct buf by = { 0 }, reason = { 0 };
	struct ban ban = {
		.id = d->ban,
		.kind = d->kind,
		.action = d->action,
		.because = d->because,
		.ended = stored->ended.us != 0,
		.prefix = d->prefix,
		.jail = d->jail == JAIL_BY_HAND ? d->jail : ruleset_jail(rules, stored->jail),
		.type = names_find(&rules->types, stored->type),
		.service = stored->service.n ? names_find(&rules->services, stored->service)
					     : (uint16_t)EVENT_SERVICE_NONE,
		.threshold = d->threshold,
		.score = d->score,
		.until = end_of(recall, stored),
	};

	ban.since = start_of(stored, ban.until);
	if (!place(recall, stored, &ban)) {
		return true;
	}
	buf_add_str(&by, d->by);
	buf_add_str(&reason, d->reason);
	ban.by = by.n ? buf_text(&by) : NULL;
	ban.reason = reason.n ? buf_text(&reason) : NULL;
	if (stored->ended_because == BECAUSE_BRAKE) {
		ban.because = BECAUSE_BRAKE;
	} else if (is_pardoned(stored) || is_outdated(recall, &ban)) {
		return true;
	}
	recall->error = find_event(recall, &ban);
	if (recall->error >= 0) {
		recall->error = engine_recall_ban(recall->engine, &ban);
	}
	return recall->error >= 0;
}

static bool recall_row(void *arg, const struct stored_ban *stored)
{
	struct recall *recall = arg;

	if (++recall->n % PROGRESS_BANS == 0) {
		tell_progress(recall, false);
	}
	return recall_ban(recall, stored);
}

static int recall_bans(struct store *s, struct recall *recall)
{
	struct sql_statement *st;
	int r = sql_prepare(
		s->sql,
		"SELECT " BAN_COLUMNS
		" FROM bans WHERE since > ?1 OR (ended IS NULL AND (kind = ?2 OR until > ?3))"
		" ORDER BY id",
		&st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, recall->now.us - ruleset_memory(engine_ruleset(recall->engine)).us);
	sql_bind_int(st, 2, DECISION_BAN);
	sql_bind_int(st, 3, recall->now.us);
	r = store_rows_bans(st, NULL, recall_row, recall);
	return r < 0 ? r : recall->error;
}

int store_recall(struct store *s, struct engine *e, instant now,
		 const struct store_recall_calls *calls)
{
	struct recall recall = { .store = s, .engine = e, .now = now, .calls = calls };
	int64_t last_event, last_ban;
	int r = sql_number(s->sql, "SELECT max(id) FROM events", 0, &last_event);

	if (r >= 0) {
		r = sql_number(s->sql, "SELECT max(id) FROM bans", 0, &last_ban);
	}
	if (r >= 0) {
		r = store_known_recall(s, e, now);
	}
	if (r >= 0) {
		r = recall_bans(s, &recall);
	}
	if (r >= 0) {
		tell_progress(&recall, true);
		r = store_recall_events(s, e, now);
	}
	if (r >= 0) {
		r = store_recall_memories(s, engine_ruleset(e));
	}
	if (r < 0) {
		return store_fail(s, r);
	}
	engine_recall_ids(e, (uint64_t)last_event, (uint64_t)last_ban);
	return 0;
}
