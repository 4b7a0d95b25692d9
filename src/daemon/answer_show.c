/* SPDX-License-Identifier: MIT */
/* Show: why is this address blocked, or why not? What the engine knows is told at once; the latest
 * events are looked for in the database in slices, newest first, between other work; the kernel is
 * asked what it holds, and the reply waits for its answers, not for ever. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "daemon/answer_show.h"
#include "daemon/rows.h"
#include "daemon/target.h"
#include "sys/clock.h"

enum {
	SHOW_EVENTS = 20,
	SHOW_BANS = 64,
	SHOW_PAST = 10,
	SHOW_ENTRIES = 1000 /* that one score and all evidence are told with */
};

struct show {
	struct daemon *daemon;
	struct prefix prefix;
	instant now;
	bool banned, spared; /* by never-block, whatever bans are around it */
	struct value *reply, *bans, *held, *evidence, *events, *past;
	size_t n_bans, asked, answered;
	struct store_walk walk;
	uint64_t scanned;
	bool events_done;
	struct evidence entries[SHOW_ENTRIES];
};

static void show_free(void *state)
{
	struct show *s = state;

	value_free(s->reply);
	value_free(s->bans);
	value_free(s->held);
	value_free(s->evidence);
	value_free(s->events);
	value_free(s->past);
	free(s);
}

static void set_left(struct value *row, const struct enforcer_answer *answer)
{
	if (answer->held && answer->left.us != DURATION_FOREVER.us) {
		value_set_int(row, "seconds_left", (answer->left.us + 999999) / 1000000);
	} else {
		value_set_null(row, "seconds_left");
	}
}

static void show_answer(struct call *call, const struct enforcer_answer *answer)
{
	struct show *s = call->state;
	const struct ruleset *rules = engine_ruleset(s->daemon->engine);
	struct value *row = value_object();

	s->answered++;
	value_set_text(row, "ports", ruleset_ports(rules, answer->scope));
	value_set_bool(row, "held", answer->held);
	set_left(row, answer);
	value_set_int(row, "packets", (int64_t)answer->packets);
	value_set_word(row, "error", answer->error ? strerror(answer->error) : NULL);
	value_add(s->held, row);
}

static bool show_evidence_row(void *arg, const struct stored_event *event)
{
	struct show *s = arg;

	value_add(s->evidence, row_event(s->daemon, event, true));
	return value_length(s->evidence) < SHOW_ENTRIES;
}

static const struct value *find_id(const struct value *events, int64_t id)
{
	for (size_t i = 0; i < value_length(events); i++) {
		if (value_int(value_get(value_at(events, i), "id"), 0) == id) {
			return value_at(events, i);
		}
	}
	return NULL;
}

/* What counted towards a block is told with its points. */
static bool show_event_row(void *arg, const struct stored_event *event)
{
	struct show *s = arg;
	const struct value *counted = find_id(s->evidence, (int64_t)event->id);

	value_add(s->events, counted ? value_copy(counted) : row_event(s->daemon, event, false));
	return value_length(s->events) < SHOW_EVENTS;
}

/* What counted longer ago than the latest events reach belongs to the list, too. */
static void show_older_evidence(struct show *s)
{
	for (size_t i = value_length(s->evidence), n = 0; i-- > 0 && n < SHOW_ENTRIES; n++) {
		const struct value *e = value_at(s->evidence, i);

		if (!find_id(s->events, value_int(value_get(e, "id"), 0))) {
			value_add(s->events, value_copy(e));
		}
	}
}

static bool show_past_row(void *arg, const struct stored_ban *ban)
{
	struct show *s = arg;

	if (ban->ended.us && value_length(s->past) < SHOW_PAST) {
		value_add(s->past, row_stored_ban(s->daemon, ban, s->now));
	}
	return true;
}

static void show_ban(struct call *call, struct show *s, const struct ban *ban)
{
	struct daemon *d = s->daemon;

	value_add(s->bans, row_ban(d, ban, s->now));
	s->n_bans++;
	s->banned = s->banned || (ban->kind == DECISION_BAN && !engine_observes(d->engine));
	if (value_length(s->evidence) < SHOW_ENTRIES &&
	    store_evidence(d->store, ban->id, show_evidence_row, s) < 0) {
		log_error("cannot read the evidence of a ban: %s", store_error(d->store));
	}
	if (ban->kind == DECISION_BAN && d->enforcer &&
	    enforcer_ask(d->enforcer, &ban->prefix, ban->scope, call->cookie) == 0) {
		s->asked++;
	}
}

static void show_bans(struct call *call, struct show *s)
{
	uint32_t cursor = 0;
	const struct ban *ban;

	while ((ban = engine_each_ban(s->daemon->engine, &cursor)) && s->n_bans < SHOW_BANS) {
		if (!ban->ended && prefix_overlaps(&ban->prefix, &s->prefix)) {
			show_ban(call, s, ban);
		}
	}
	if (s->asked && enforcer_flush(s->daemon->enforcer) < 0) {
		s->asked = 0;
	}
}

/* When the score falls below the threshold, or, below it already, when it is 0. */
static instant score_falls(const struct jail *jail, int64_t score, const struct evidence *entries,
			   size_t n)
{
	int64_t until = score >= jail->threshold ? jail->threshold : 1;

	for (size_t i = 0; i < n; i++) {
		score -= entries[i].points;
		if (score < until) {
			return instant_add(entries[i].time, jail->window);
		}
	}
	return INSTANT_NEVER;
}

struct value *show_score_row(const struct ruleset *rules, const struct jail *jail,
			     const struct engine_score *has, const struct evidence *entries,
			     size_t n)
{
	struct value *row = value_object();

	value_set_text(row, "jail", jail->name);
	value_set_int(row, "score", has->score);
	value_set_int(row, "threshold", jail->threshold);
	value_set_instant(row, "falls", score_falls(jail, has->score, entries, n));
	value_set(row, "events", row_points(rules, jail, entries, n));
	return row;
}

static struct value *show_scores(struct show *s)
{
	const struct ruleset *rules = engine_ruleset(s->daemon->engine);
	struct value *list = value_array();

	for (size_t i = 0; i < rules->n_jails; i++) {
		const struct jail *jail = &rules->jails[i];
		const struct engine_score has = engine_score(s->daemon->engine, (uint16_t)i,
							     &s->prefix, s->now, s->entries,
							     SHOW_ENTRIES);
		size_t n = has.n;

		if (!n) {
			continue;
		}
		n = n < SHOW_ENTRIES ? n : SHOW_ENTRIES;
		value_add(list, show_score_row(rules, jail, &has, s->entries, n));
	}
	return list;
}

static void set_prefix(struct value *reply, const char *key, const struct prefix *p)
{
	char text[PREFIX_TEXT_MAX];

	value_set_word(reply, key, p ? prefix_format(p, text) : NULL);
}

static void show_facts(struct show *s, struct str what)
{
	struct daemon *d = s->daemon;
	const struct ban *cover = bans_covering(engine_bans(d->engine), &s->prefix);
	const struct never_entry *never = never_block_find(engine_never(d->engine), &s->prefix,
							   JAIL_BY_HAND, NEVER_ANY_SERVICE);

	value_set_text(s->reply, "query", what);
	value_set_text(s->reply, "table", d->config->settings.nft_table);
	value_set_word(s->reply, "kind", "prefix");
	value_set(s->reply, "addresses", value_array());
	value_set_int(s->reply, "all_events", 0);
	value_set_int(s->reply, "other_events", 0);
	set_prefix(s->reply, "prefix", &s->prefix);
	value_set_word(s->reply, "mode", engine_observes(d->engine) ? "observe" : "enforce");
	s->spared = never != NULL;
	set_prefix(s->reply, "never_block", never ? &never->prefix : NULL);
	value_set(s->reply, "never", row_never_entries(d, &s->prefix, s->now));
	set_prefix(s->reply, "covered_by", cover ? &cover->prefix : NULL);
	row_set_country(s->reply, d, &s->prefix.addr, s->now);
	value_set_int(s->reply, "blocks_30d", engine_blocks_30d(d->engine, &s->prefix, s->now));
	value_set(s->reply, "scores", show_scores(s));
}

static enum call_next show_reply(struct call *call, struct show *s)
{
	show_older_evidence(s);
	value_set_bool(s->reply, "banned", s->banned && !s->spared);
	value_set(s->reply, "bans", TAKE(s->bans));
	value_set(s->reply, "kernel", TAKE(s->held));
	value_set(s->reply, "evidence", TAKE(s->evidence));
	value_set(s->reply, "events", TAKE(s->events));
	value_set(s->reply, "past", TAKE(s->past));
	call_reply(call, TAKE(s->reply), false);
	return CALL_DONE;
}

static enum call_next show_step(struct call *call)
{
	struct show *s = call->state;

	if (!s->events_done) {
		int r = store_events(s->daemon->store, &s->walk, show_event_row, s);

		s->scanned += SHOW_SLICE;
		s->events_done = r < 0 || !s->walk.before || s->scanned >= SHOW_SCAN_MAX ||
				 value_length(s->events) >= SHOW_EVENTS;
		if (!s->events_done) {
			return CALL_YIELD;
		}
	}
	if (s->answered < s->asked && !call_is_late(call)) {
		return CALL_WAIT;
	}
	return show_reply(call, s);
}

enum call_next answer_show(struct call *call)
{
	struct str what = str_of(value_cstring(value_get(call->parameters, "what")));
	struct show *s;
	struct prefix prefix;

	if (!what.n) {
		return call_invalid(call, "what");
	}
	if (wheel_apply(call->daemon, false) < 0) {
		return call_refused(call, NULL, "ipsd is about to end");
	}
	if (str_eq(value_text(value_get(call->parameters, "kind"), STR_NONE), STR("account")) ||
	    target_parse(engine_ruleset(call->daemon->engine), what, &prefix) < 0) {
		return answer_show_account(call, what);
	}
	s = calloc(1, sizeof(*s));
	if (!s) {
		return call_refused(call, NULL, "no memory");
	}
	*s = (struct show){ .daemon = call->daemon, .prefix = prefix, .now = clock_now() };
	s->reply = value_object();
	s->bans = value_array();
	s->held = value_array();
	s->evidence = value_array();
	s->events = value_array();
	s->past = value_array();
	s->walk = (struct store_walk){ .subject = &s->prefix, .scan = SHOW_SLICE };
	call->state = s;
	call->free_state = show_free;
	call->answer = show_answer;
	call->step = show_step;
	show_bans(call, s);
	show_facts(s, what);
	if (store_bans(call->daemon->store, &prefix, 0, SHOW_BANS, show_past_row, s) < 0) {
		log_error("cannot read past bans: %s", store_error(call->daemon->store));
	}
	return show_step(call);
}
