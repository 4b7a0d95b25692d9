/* SPDX-License-Identifier: MIT */
/* hearing.c - what does this event mean for the jails that watch it?
 *
 * An event is entered into the window of its subject in each jail that counts it. When that reaches
 * the threshold, the table of bans is asked whether the jail has spoken about this prefix already;
 * if not, verdict.c decides. All of it goes by the event's own time.
 *
 * A jail that counts by account enters an event twice: for the account, and for the address's share
 * in it; so whether an address did enough of its own costs one look-up. When all jails have seen
 * the event, the bans that came of it are events for those that watch jails. Those decide, too, but
 * their bans are no events: it ends there. */
#include "engine/hearing.h"

#include <stdio.h>

#include "engine/verdict.h"

/* In so many parts of the time that a login makes an address known, it is told once each. */
enum { KNOWN_PAUSES = 30 };

_Static_assert((int)ACCOUNT_KEPT == (int)EVENT_ACCOUNT_KEPT,
	       "an account from the store is the same");

static struct sight sight_of(const struct judge *j, const struct event *event)
{
	struct sight s = { .event = event, .host = ruleset_subject(j->rules, &event->addr) };

	if (j->tells_apart || event->type == EVENT_LOGIN) {
		s.account = account_id(event->account, j->seed);
		s.account_tag = account_is_none(&s.account) ? 0 : account_tag(&s.account);
		s.host_tag = prefix_tag(&s.host, j->seed);
	}
	return s;
}

/* What the jail would ban for the event. */
static struct prefix target_of(const struct judge *j, const struct jail *jail,
			       const struct sight *s)
{
	return jail->subject == SUBJECT_NETWORK ? ruleset_network(j->rules, &s->event->addr)
						: s->host;
}

/* The id of the event, which is counted from here on. */
static uint64_t sight_id(struct judge *j, struct sight *s)
{
	if (s->id == 0) {
		s->id = outbox_fold(&j->out, s->event);
		if (s->id == 0) {
			s->id = ++j->last_event;
			outbox_event(&j->out, s->id, s->event);
		}
		j->stats.counted++;
	}
	return s->id;
}

static bool counts(const struct judge *j, uint16_t index, const struct sight *s)
{
	const struct jail *jail = &j->rules->jails[index];
	points p = jail_points(jail, s->event->type);
	bool of_account = jail->subject == SUBJECT_ACCOUNT || jail->distinct == DISTINCT_ACCOUNT;

	if (p == 0 || !jail_serves(jail, s->event->service)) {
		return false;
	}
	if (of_account && p != POINTS_FORGIVE && account_is_none(&s->account)) {
		return false;
	}
	return jail->subject == SUBJECT_ADDRESS || !verdict_is_trusted(j, index, s->event);
}

/* A shadow stands for what would have been banned, as long as it still would not be: the brake lets
 * go of those whom nobody knows, and who is spared for one account, or service, is not for the
 * next.
 */
static bool holds(const struct judge *j, const struct ban *ban, const struct sight *s)
{
	const struct event *event = s->event;

	if (ban->because == BECAUSE_BRAKE) {
		return brake_holds(&j->brakes[ban->jail], event->time) ||
		       known_has(j->known, &ban->prefix, NULL, event->time, j->rules->known_for);
	}
	if (ban->because == BECAUSE_KNOWN_GOOD) {
		return known_has(j->known, &ban->prefix, &s->account, event->time,
				 j->rules->known_for);
	}
	return ban->because != BECAUSE_SERVICE_NEVER_BLOCK ||
	       never_block_find(j->never, &ban->prefix, ban->jail, event->service);
}

/* The ban of the jail, or its shadow, because of which it decides nothing about the event; NULL. */
static const struct ban *spoken(const struct judge *j, uint16_t index, const struct prefix *prefix,
				const struct sight *s)
{
	const struct ban *ban = bans_find(j->bans, index, prefix, j->rules->jails[index].scope);

	return ban && s->event->time.us < ban->until.us && holds(j, ban, s) ? ban : NULL;
}

/* The ban that a jail with after-ban = clear made: what came while it ran is not entered, and what
 * came before it (id <= event) was forgotten, which an event that comes back must know. NULL. */
static const struct ban *clearing_ban(const struct judge *j, uint16_t index,
				      const struct prefix *target)
{
	const struct jail *jail = &j->rules->jails[index];

	return jail->after_ban == AFTER_BAN_CLEAR ? bans_find(j->bans, index, target, jail->scope)
						  : NULL;
}

/* The slot of the subject, or TABLE_NONE when the event is not entered. */
static uint32_t enter(struct judge *j, uint16_t index, const struct sight *s, uint64_t id)
{
	const struct jail *jail = &j->rules->jails[index];
	const struct subject subject = judge_subject(j, jail, s);
	const struct prefix target = target_of(j, jail, s);
	const struct tracker_entry entry = {
		.time = s->event->time,
		.event = id,
		.type = s->event->type,
		.count = s->event->count,
		.address = s->host_tag,
		.account = s->account_tag,
	};
	const struct ban *ban = clearing_ban(j, index, &target);
	bool cleared = ban && id <= ban->event;
	struct subject share;
	uint32_t slot;

	if (cleared ? jail->subject != SUBJECT_ACCOUNT : ban && spoken(j, index, &target, s)) {
		return TABLE_NONE;
	}
	slot = tracker_add(j->tracker, jail, index, &subject, &entry);
	if (entry.time.us <= jail_horizon(jail, tracker_newest(j->tracker, slot)).us) {
		return TABLE_NONE;
	}
	if (jail->subject != SUBJECT_ACCOUNT) {
		return slot;
	}
	share = subject_of_share(&s->host, &s->account);
	if (!cleared) {
		(void)tracker_add(j->tracker, jail, index, &share, &entry);
	}
	return tracker_find(j->tracker, index, &subject);
}

static bool withdraw(struct judge *j, uint16_t index, const struct subject *subject,
		     const struct tracker_match *match)
{
	uint32_t slot = tracker_find(j->tracker, index, subject);

	return slot != TABLE_NONE &&
	       tracker_withdraw(j->tracker, &j->rules->jails[index], slot, match);
}

/* A login clears the failures of that account from that address. True: there were some. */
static bool forgive(struct judge *j, uint16_t index, const struct sight *s)
{
	const struct jail *jail = &j->rules->jails[index];
	const struct tracker_match match = {
		.address = s->host_tag,
		.account = s->account_tag,
		.type = NAMES_NONE,
		.from = { .us = INT64_MIN },
		.to = s->event->time,
	};
	const struct subject subject = judge_subject(j, jail, s);
	const struct subject share = subject_of_share(&s->host, &s->account);
	bool forgiven;

	if (account_is_none(&s->account)) {
		return false;
	}
	forgiven = withdraw(j, index, &subject, &match);
	if (jail->subject == SUBJECT_ACCOUNT && withdraw(j, index, &share, &match)) {
		forgiven = true;
	}
	return forgiven;
}

/* Did the address do enough of what was done to the account? */
static bool has_share(const struct judge *j, uint16_t index, const struct sight *s, uint32_t slot)
{
	const struct jail *jail = &j->rules->jails[index];
	const struct subject share = subject_of_share(&s->host, &s->account);
	uint32_t own;

	if (jail->subject != SUBJECT_ACCOUNT) {
		return true;
	}
	own = tracker_find(j->tracker, index, &share);
	return own != TABLE_NONE &&
	       tracker_score_at(j->tracker, jail, own, tracker_newest(j->tracker, slot)) >=
		       jail_share(jail);
}

/* Is that enough for a ban? */
static bool reaches(const struct judge *j, uint16_t index, const struct sight *s, uint32_t slot)
{
	const struct jail *jail = &j->rules->jails[index];

	return jail_points(jail, s->event->type) == POINTS_BAN ||
	       (tracker_score(j->tracker, slot) >= jail->threshold && has_share(j, index, s, slot));
}

static void hear_in(struct judge *j, uint16_t index, struct sight *s)
{
	const struct jail *jail = &j->rules->jails[index];
	points p = jail_points(jail, s->event->type);
	const struct prefix target = target_of(j, jail, s);
	const struct ban *ban;
	uint32_t slot;

	if (p == POINTS_FORGIVE) {
		if (forgive(j, index, s)) {
			outbox_part(&j->out);
			(void)sight_id(j, s);
		}
		return;
	}
	j->jails[index].events++;
	slot = enter(j, index, s, sight_id(j, s));
	ban = spoken(j, index, &target, s);
	if (slot == TABLE_NONE || (ban && ban->because != BECAUSE_BRAKE) ||
	    !reaches(j, index, s, slot)) {
		return;
	}
	if (ban) {
		verdict_brake(j, index, &target, s->event->time);
	} else {
		verdict_decide(j, index, &target, slot, s);
	}
}

/* An address is known from its login on. */
static void note_login(struct judge *j, struct sight *s)
{
	const duration pause = { .us = j->rules->known_for.us / KNOWN_PAUSES };

	if (s->event->type == EVENT_LOGIN && !account_is_none(&s->account) &&
	    known_add(j->known, &s->host, &s->account, s->event->time, pause)) {
		(void)sight_id(j, s);
	}
}

/* The bits of those jails that would count the event as one of a ban of `jail`. */
static uint32_t listeners(const struct judge *j, uint16_t jail, const struct sight *s)
{
	const struct jail *watched = &j->rules->jails[jail];
	uint32_t all = 0;

	for (uint16_t i = 0; i < watched->n_watchers; i++) {
		uint16_t watcher = watched->watchers[i];

		all |= counts(j, watcher, s) ? j->listener[watcher] : 0;
	}
	return all;
}

static void hear_news(struct judge *j, const struct judge_news *news, const struct event *cause)
{
	const struct jail *jail = &j->rules->jails[news->jail];
	struct event event = *cause;
	struct sight s;
	char text[128];
	uint32_t told;

	event.time = news->time;
	event.type = EVENT_BANNED;
	event.addr = news->prefix.addr;
	event.source = EVENT_SOURCE_NONE;
	event.filter = NAMES_NONE;
	event.pattern = news->jail;
	event.count = 1;
	event.data = jail->name;
	(void)snprintf(text, sizeof(text), "banned by %.*s", STR_ARG(jail->name));
	event.text = str_of(text);
	s = sight_of(j, &event);
	told = history_tell(j->history, &news->prefix, news->time, listeners(j, news->jail, &s));
	for (uint16_t i = 0; i < jail->n_watchers; i++) {
		if ((told & j->listener[jail->watchers[i]]) != 0) {
			hear_in(j, jail->watchers[i], &s);
		}
	}
}

static void hear_route(struct judge *j, const struct route *route, const struct event *event)
{
	struct sight s = sight_of(j, event);

	note_login(j, &s);
	j->n_news = 0;
	for (size_t i = 0; i < route->n_jails; i++) {
		if (counts(j, route->jails[i], &s)) {
			hear_in(j, route->jails[i], &s);
		}
	}
	if (s.id == 0 && event->type == EVENT_LOGIN) {
		outbox_event(&j->out, 0, event);
	}
	for (uint16_t i = 0; i < j->n_news; i++) {
		hear_news(j, &j->news[i], event);
	}
}

void hearing_event(struct judge *j, const struct route *route, const struct event *event)
{
	j->stats.oldest = j->stats.events > 0 ? instant_min(j->stats.oldest, event->time)
					      : event->time;
	j->stats.newest = instant_max(j->stats.newest, event->time);
	j->stats.events++;
	if (route && event->addr.family != 0) {
		hear_route(j, route, event);
	}
}

/* ---- what comes back ---- */

static void recall_in(struct judge *j, uint16_t index, const struct sight *s,
		      const struct jail_set *but)
{
	if ((but && jail_set_has(but, index)) || !counts(j, index, s)) {
		return;
	}
	if (jail_points(&j->rules->jails[index], s->event->type) == POINTS_FORGIVE) {
		(void)forgive(j, index, s);
	} else {
		(void)enter(j, index, s, s->id);
	}
}

void hearing_recall(struct judge *j, const struct route *route, uint64_t id,
		    const struct event *event, const struct jail_set *but)
{
	struct sight s;

	j->last_event = id > j->last_event ? id : j->last_event;
	j->stats.newest = instant_max(j->stats.newest, event->time);
	if (event->addr.family == 0) {
		return;
	}
	s = sight_of(j, event);
	s.id = id;
	for (size_t i = 0; route && i < route->n_jails; i++) {
		recall_in(j, route->jails[i], &s, but);
	}
	/* A ban that was taken back is no event any more. */
	if (event->type == EVENT_BANNED && event->source == EVENT_SOURCE_NONE &&
	    event->pattern < j->rules->n_jails && history_has(j->history, &s.host, event->time)) {
		const struct jail *jail = &j->rules->jails[event->pattern];

		for (uint16_t i = 0; i < jail->n_watchers; i++) {
			recall_in(j, jail->watchers[i], &s, but);
		}
	}
}

void hearing_recall_login(struct judge *j, struct str account, const struct addr *addr, instant at)
{
	const struct prefix host = ruleset_subject(j->rules, addr);
	const struct account_id id = account_id(account, j->seed);

	if (!account_is_none(&id)) {
		(void)known_add(j->known, &host, &id, at, (duration){ .us = 0 });
	}
}

void hearing_recall_news(struct judge *j, const struct ban *ban)
{
	const struct event event = {
		.time = ban->since,
		.type = EVENT_BANNED,
		.service = ban->service,
		.addr = ban->prefix.addr,
	};
	struct sight s;

	if (ban->jail != JAIL_BY_HAND && ban->kind == DECISION_BAN) {
		s = sight_of(j, &event);
		(void)history_tell(j->history, &ban->prefix, ban->since,
				   listeners(j, ban->jail, &s));
	}
}
