/* SPDX-License-Identifier: MIT */
/* adopt.c - what becomes of bans, scores and counts when the rules change?
 *
 * A second judge is filled beside the first, and takes its place when nothing can fail any more.
 * All numbers (jails, scopes, types, services) mean something else under other rules, so everything
 * is copied by name. What happens to a ban is asked twice, when the copy is made and when the lifts
 * are said, and must be the same both times.
 *
 * Windows are not translated. A window holds the newest events that could matter under its own
 * rules; with a higher threshold, a smaller multiplier or a longer window older ones matter, and
 * only the log of events knows them. Where nothing that makes up a score has changed, the windows
 * go on as they are; else all are filled as at a start. */
#include "engine/adopt.h"

#include <errno.h>
#include <string.h>

enum fate { FATE_KEPT, FATE_LIFTED, FATE_FORGOTTEN };

/* ---- scores ---- */

static bool has_same_services(const struct jail *a, const struct jail *b)
{
	uint16_t n = a->n_services > b->n_services ? a->n_services : b->n_services;

	if (!a->services || !b->services) {
		return a->services == b->services;
	}
	for (uint16_t i = 0; i < n; i++) {
		if (jail_serves(a, i) != jail_serves(b, i)) {
			return false;
		}
	}
	return true;
}

static bool has_same_points(const struct jail *a, const struct jail *b)
{
	uint16_t n = a->n_points > b->n_points ? a->n_points : b->n_points;

	for (uint16_t i = 0; i < n; i++) {
		if (jail_points(a, i) != jail_points(b, i)) {
			return false;
		}
	}
	return true;
}

/* Their numbers mean the same, for all jails are compared. */
static bool has_same_watchers(const struct jail *a, const struct jail *b)
{
	return a->watches_jails == b->watches_jails && a->n_watchers == b->n_watchers &&
	       (a->n_watchers == 0 ||
		memcmp(a->watchers, b->watchers, a->n_watchers * sizeof(*a->watchers)) == 0);
}

static bool is_same_jail(const struct jail *a, const struct jail *b)
{
	return str_eq(a->name, b->name) && a->subject == b->subject && a->distinct == b->distinct &&
	       jail_share(a) == jail_share(b) && has_same_watchers(a, b) &&
	       a->window.us == b->window.us && a->threshold == b->threshold &&
	       has_same_services(a, b) && has_same_points(a, b);
}

static bool is_same_route(const struct ruleset *before, const struct route *a,
			  const struct ruleset *rules, const struct route *b)
{
	if (a->n_jails != b->n_jails ||
	    !str_eq(before->filters[a->filter].name, rules->filters[b->filter].name)) {
		return false;
	}
	for (size_t i = 0; i < a->n_jails; i++) {
		if (a->jails[i] != b->jails[i]) {
			return false;
		}
	}
	return true;
}

static bool is_same_source(const struct source *a, const struct source *b)
{
	return a->kind == b->kind && str_eq(a->text, b->text);
}

static bool has_same_routes(const struct ruleset *before, const struct ruleset *rules)
{
	if (before->n_sources != rules->n_sources) {
		return false;
	}
	for (size_t i = 0; i < rules->n_sources; i++) {
		const struct source *a = &before->sources[i], *b = &rules->sources[i];

		if (!is_same_source(a, b) || a->n_routes != b->n_routes) {
			return false;
		}
		for (size_t k = 0; k < a->n_routes; k++) {
			if (!is_same_route(before, &a->routes[k], rules, &b->routes[k])) {
				return false;
			}
		}
	}
	return true;
}

/* Every number of before means the same now. */
static bool goes_on(const struct names *before, const struct names *now)
{
	for (uint16_t i = 0; i < before->n; i++) {
		if (!str_eq(names_at(before, i), names_at(now, i))) {
			return false;
		}
	}
	return true;
}

static bool has_same_words(const struct ruleset *before, const struct ruleset *rules)
{
	return goes_on(&before->types, &rules->types) &&
	       goes_on(&before->services, &rules->services);
}

bool adopt_keeps_scores(const struct ruleset *before, const struct ruleset *rules)
{
	if (before->n_jails != rules->n_jails || before->host_v6 != rules->host_v6 ||
	    before->network_v4 != rules->network_v4 || before->network_v6 != rules->network_v6 ||
	    before->max_subjects != rules->max_subjects || !has_same_words(before, rules)) {
		return false;
	}
	for (size_t i = 0; i < rules->n_jails; i++) {
		if (!is_same_jail(&before->jails[i], &rules->jails[i])) {
			return false;
		}
	}
	return has_same_routes(before, rules);
}

/* ---- bans ---- */

/* The number that the jail has now; JAIL_BY_HAND: it is gone. */
static uint16_t find_jail(const struct ruleset *before, uint16_t jail, const struct ruleset *rules)
{
	uint16_t found = ruleset_jail(rules, before->jails[jail].name);
	bool same = found != JAIL_BY_HAND &&
		    rules->jails[found].subject == before->jails[jail].subject;

	return same ? found : (uint16_t)JAIL_BY_HAND;
}

static bool find_scope(const struct ruleset *rules, struct str name, uint16_t *ret)
{
	for (size_t i = 0; i < rules->n_scopes; i++) {
		if (str_eq(rules->scopes[i].name, name)) {
			*ret = (uint16_t)i;
			return true;
		}
	}
	return false;
}

/* Gives the ban its jail and ports of now. False: *ret says which of them is gone. */
static bool place(const struct ruleset *before, const struct ruleset *rules, struct ban *ban,
		  enum because *ret)
{
	if (ban->jail == JAIL_BY_HAND) {
		*ret = BECAUSE_PORTS_GONE;
		return find_scope(rules, before->scopes[ban->scope].name, &ban->scope);
	}
	ban->jail = find_jail(before, ban->jail, rules);
	if (ban->jail == JAIL_BY_HAND) {
		*ret = BECAUSE_JAIL_GONE;
		return false;
	}
	ban->scope = rules->jails[ban->jail].scope;
	return true;
}

/* Would the rules of now make it another kind of entry? *ret says why. */
static bool is_of_another_kind(const struct judge *now, const struct ban *ban, enum because *ret)
{
	const struct jail *jail = ban->jail != JAIL_BY_HAND ? &now->rules->jails[ban->jail] : NULL;
	const struct never_entry *cover = judge_spared_by(now, ban);

	*ret = BECAUSE_NONE;
	if (cover) {
		*ret = judge_because(cover);
	} else if (jail && jail->mode == JAIL_OBSERVE) {
		*ret = BECAUSE_JAIL_OBSERVES;
	} else if ((ban->because == BECAUSE_DAEMON_OBSERVES && now->observes) ||
		   (ban->because == BECAUSE_KNOWN_GOOD && jail && jail->spare_known) ||
		   ban->because == BECAUSE_BRAKE) {
		*ret = ban->because;
	}
	return *ret != ban->because;
}

/* *ban becomes what it is under the rules of now. */
static enum fate fate_of(const struct ruleset *before, const struct judge *now, struct ban *ban,
			 enum because *ret)
{
	bool goes = !place(before, now->rules, ban, ret);

	if (!goes) {
		struct ban renamed = *ban;

		renamed.service = names_find(&now->rules->services,
					     names_at(&before->services, ban->service));
		goes = !ban->ended && is_of_another_kind(now, &renamed, ret);
	}
	if (!goes) {
		return FATE_KEPT;
	}
	return ban->kind == DECISION_BAN && !ban->ended ? FATE_LIFTED : FATE_FORGOTTEN;
}

/* The number of the word in the other list, added there if need be; when there is no room, none. */
static uint16_t carry(const struct names *from, uint16_t number, struct names *to,
		      struct arena *arena, uint16_t none)
{
	struct str word = names_at(from, number);
	uint16_t carried;

	return word.n > 0 && names_add(to, arena, word, &carried) == 0 ? carried : none;
}

/* Under the rules of now the entry has other numbers. False: its jail is gone. */
static bool rename_entry(const struct ruleset *before, struct ruleset *rules,
			 struct never_entry *entry)
{
	if (entry->jail != NEVER_ANY_JAIL) {
		entry->jail = ruleset_jail(rules, before->jails[entry->jail].name);
	}
	if (entry->service != NEVER_ANY_SERVICE) {
		entry->service = carry(&before->services, entry->service, &rules->services,
				       rules->arena, NEVER_ANY_SERVICE);
		return entry->jail != JAIL_BY_HAND && entry->service != NEVER_ANY_SERVICE;
	}
	return entry->jail != JAIL_BY_HAND;
}

/* What the files say is there already, by the rules of now; the rest comes along, and all go on
 * counting what they spare. */
static int copy_never(const struct judge *before, struct ruleset *rules, struct judge *ret)
{
	const struct never_entry *entry, *same;
	uint32_t cursor = 0;

	while ((entry = never_block_each(before->never, &cursor))) {
		bool from_files = entry->from == NEVER_CONFIG || entry->from == NEVER_PRIVATE;
		struct never_entry copy = *entry;
		int r = 0;

		if (!rename_entry(before->rules, rules, &copy)) {
			continue;
		}
		r = from_files ? 0 : never_block_put(ret->never, &copy);
		if (r < 0) {
			return r;
		}
		same = never_block_same(ret->never, &copy);
		if (same) {
			never_block_inherit(ret->never, same, before->never, entry);
		}
	}
	never_block_follow(ret->never, before->never);
	return 0;
}

static int copy_ban(const struct ruleset *before, struct ruleset *rules, struct ban *ban,
		    struct judge *ret)
{
	const struct ban *there = bans_find(ret->bans, ban->jail, &ban->prefix, ban->scope);

	/* Two lists of ports may have become one. */
	if (there && !there->ended && there->until.us >= ban->until.us) {
		return 0;
	}
	ban->type = carry(&before->types, ban->type, &rules->types, rules->arena, NAMES_NONE);
	ban->service = carry(&before->services, ban->service, &rules->services, rules->arena,
			     EVENT_SERVICE_NONE);
	return bans_put(ret->bans, ban) ? 0 : -ENOMEM;
}

static int copy_bans(struct judge *before, struct ruleset *rules, struct judge *ret)
{
	uint32_t cursor = 0;
	const struct ban *ban;
	size_t lifts = 0;

	while ((ban = bans_each(before->bans, &cursor))) {
		struct ban copy = *ban;
		enum because because;
		int r = 0;

		switch (fate_of(before->rules, ret, &copy, &because)) {
		case FATE_KEPT: r = copy_ban(before->rules, rules, &copy, ret); break;
		case FATE_LIFTED: lifts++; break;
		case FATE_FORGOTTEN: break;
		}
		if (r < 0) {
			return r;
		}
	}
	return outbox_reserve(&before->out, lifts);
}

static void copy_jails(const struct judge *before, const struct ruleset *rules, struct judge *ret)
{
	uint16_t observers[JAILS_MAX];
	uint32_t listeners[WATCHERS_MAX] = { 0 };

	for (uint16_t i = 0; i < before->rules->n_jails; i++) {
		uint16_t now = find_jail(before->rules, i, rules);

		observers[i] = now != JAIL_BY_HAND ? now : (uint16_t)HISTORY_ENFORCED;
		if (now != JAIL_BY_HAND) {
			ret->jails[now] = before->jails[i];
			ret->brakes[now] = before->brakes[i];
		}
		if (now != JAIL_BY_HAND && before->listener[i] != 0) {
			listeners[__builtin_ctz(before->listener[i])] = ret->listener[now];
		}
	}
	history_copy(before->history, observers, listeners, ret->history);
}

int adopt_prepare(struct judge *before, struct ruleset *rules, struct judge *ret)
{
	int r = copy_never(before, rules, ret);

	if (r < 0) {
		return r;
	}
	copy_jails(before, rules, ret);
	ret->latest = before->latest;
	ret->stats = before->stats;
	ret->last_event = before->last_event;
	ret->last_ban = before->last_ban;
	if (before->rules->observe == rules->observe) {
		ret->observes = before->observes;
	}
	return copy_bans(before, rules, ret);
}

void adopt_lift(struct judge *before, struct judge *now, instant at)
{
	uint32_t cursor = 0;
	const struct ban *ban;

	while ((ban = bans_each(before->bans, &cursor))) {
		struct ban copy = *ban;
		struct decision lift = bans_decision(ban);

		if (fate_of(before->rules, now, &copy, &lift.because) != FATE_LIFTED) {
			continue;
		}
		lift.kind = DECISION_LIFT;
		lift.time = at;
		outbox_decision(&before->out, &lift);
		judge_shorten(now, &ban->prefix, at, false);
		bans_drop(before->bans, ban);
	}
}

/* ---- what filters remember ---- */

static void inherit(const struct ruleset *before, struct source *old, const struct ruleset *rules,
		    struct source *now)
{
	for (size_t i = 0; now->detector && old->detector && i < now->n_routes; i++) {
		struct str name = rules->filters[now->routes[i].filter].name;

		for (size_t k = 0; k < old->n_routes; k++) {
			if (str_eq(before->filters[old->routes[k].filter].name, name)) {
				detector_inherit(now->detector, i, old->detector, k);
			}
		}
	}
}

void adopt_memory(const struct ruleset *before, struct ruleset *rules)
{
	for (size_t i = 0; i < rules->n_sources; i++) {
		for (size_t k = 0; k < before->n_sources; k++) {
			if (is_same_source(&before->sources[k], &rules->sources[i])) {
				inherit(before, &before->sources[k], rules, &rules->sources[i]);
			}
		}
	}
}
