/* SPDX-License-Identifier: MIT */
/* never.c - bans follow the never-block list.
 *
 * What is learnt of this host are single addresses, and comes with every login: for these the table
 * is asked. A network may cover any ban, so an order that brings one walks over all of them, once,
 * however many entries it brings. The walk first counts what it will lift and makes room for it. */
#include "engine/never.h"

#include <errno.h>

#include "engine/lifts.h"

static int load_set(struct judge *j, const struct netset *set, struct str file, uint16_t jail)
{
	for (size_t i = 0; set && i < netset_count(set); i++) {
		uint32_t line;
		const struct prefix *p = netset_at(set, i, &line);
		struct never_entry entry =
			never_entry_of(line > 0 ? NEVER_CONFIG : NEVER_PRIVATE, p);
		int r;

		entry.jail = jail;
		if (line > 0) {
			entry.file = file;
			entry.line = line;
		}
		r = never_block_put(j->never, &entry);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

int never_load(struct judge *j)
{
	const struct ruleset *rules = j->rules;
	int r = load_set(j, rules->never_block, rules->never_file, NEVER_ANY_JAIL);

	for (size_t i = 0; r == 0 && i < rules->n_jails; i++) {
		const struct jail *jail = &rules->jails[i];

		r = load_set(j, jail->never_block, jail->never_file, (uint16_t)i);
	}
	return r;
}

/* What came into the list. */
struct news {
	const struct never_entry *entries;
	size_t n;
};

/* Does the entry cover no ban? False: perhaps. One for a jail or a service may be kept as a wider
 * prefix. */
static bool covers_nothing(const struct judge *j, const struct never_entry *entry)
{
	if (never_entry_is_host(entry)) {
		return true;
	}
	return never_entry_is_global(entry) &&
	       entry->prefix.len == addr_bits(&entry->prefix.addr) &&
	       !bans_on(j->bans, &entry->prefix, NULL);
}

/* May a running ban be on the list? None was when it was looked at last. */
static bool may_lift(const struct judge *j, const struct news *news)
{
	bool covers = j->unsettled;

	for (size_t i = 0; i < news->n && !covers; i++) {
		covers = !covers_nothing(j, &news->entries[i]);
	}
	return covers;
}

static bool is_to_lift(const struct judge *j, const struct ban *ban)
{
	return ban->kind == DECISION_BAN && !ban->ended && judge_spared_by(j, ban) != NULL;
}

/* Brings the bans in line with the list. */
static int settle(struct judge *j, const struct order *order, const struct news *news,
		  size_t *ret_lifted)
{
	bool looks = may_lift(j, news);
	uint32_t cursor = 0;
	const struct ban *ban;
	size_t lifts = 0;
	int r;

	while (looks && (ban = bans_each(j->bans, &cursor))) {
		lifts += is_to_lift(j, ban) ? 1 : 0;
	}
	r = outbox_reserve(&j->out, lifts);
	if (r < 0) {
		return r;
	}
	judge_drop_shadows(j);
	cursor = 0;
	while (lifts > 0 && (ban = bans_each(j->bans, &cursor))) {
		if (is_to_lift(j, ban)) {
			lifts_say(j, ban, order, BECAUSE_NEVER_BLOCK);
			bans_drop(j->bans, ban);
		}
	}
	lifts_pardon(j, order->time);
	j->unsettled = false;
	*ret_lifted = lifts;
	return 0;
}

/* The entry as it is kept: what an order says about all of its entries is the order's. */
static struct never_entry kept(const struct order *order, size_t i)
{
	struct never_entry entry = order->never[i];

	entry.from = NEVER_BY_HAND;
	entry.by = order->by;
	entry.reason = entry.reason.n > 0 ? entry.reason : order->reason;
	entry.reason = str_slice(entry.reason, 0, ORDER_TEXT_MAX);
	entry.text = str_slice(entry.text, 0, ORDER_TEXT_MAX);
	return entry;
}

static bool has_room(const struct judge *j, const struct order *order)
{
	size_t more = 0;

	for (size_t i = 0; i < order->n_never; i++) {
		const struct never_entry entry = kept(order, i);

		more += never_block_same(j->never, &entry) ? 0 : 1;
	}
	return never_block_count(j->never) + more <= NEVER_ENTRIES_MAX;
}

int never_add(struct judge *j, const struct order *order, struct order_result *ret)
{
	struct order_result result = { 0 };
	int r;

	if (!has_room(j, order)) {
		return -ENOSPC;
	}
	for (size_t i = 0; i < order->n_never; i++) {
		const struct never_entry entry = kept(order, i);

		r = never_block_put(j->never, &entry);
		if (r < 0) {
			return r;
		}
		result.made += r == NEVER_MADE ? 1 : 0;
		result.renewed += r == NEVER_RENEWED ? 1 : 0;
	}
	r = settle(j, order, &(struct news){ order->never, order->n_never }, &result.lifted);
	if (r < 0) {
		return r;
	}
	*ret = result;
	return 0;
}

int never_remove(struct judge *j, const struct order *order, struct order_result *ret)
{
	struct order_result result = { 0 };

	for (size_t i = 0; i < order->n_never; i++) {
		const struct never_entry entry = kept(order, i);
		const struct never_entry *found = never_block_same(j->never, &entry);

		if (found) {
			never_block_remove(j->never, found);
			result.removed++;
		}
	}
	judge_drop_shadows(j);
	*ret = result;
	return 0;
}

void never_recall(struct judge *j, const struct ban *ban)
{
	const struct never_entry *entry = judge_spared_by(j, ban);

	if (ban->kind == DECISION_SPARED && entry) {
		never_block_count_spared(j->never, entry, ban->since);
	}
	j->unsettled = j->unsettled || (ban->kind == DECISION_BAN && entry);
}

int never_learn(struct judge *j, enum never_from from, const struct never_entry *entries, size_t n)
{
	const struct order learnt = { .time = j->latest };
	size_t lifted;
	int r = never_block_replace(j->never, from, entries, n);

	return r < 0 ? r : settle(j, &learnt, &(struct news){ entries, n }, &lifted);
}
