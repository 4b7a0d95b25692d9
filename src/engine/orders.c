/* SPDX-License-Identifier: MIT */
/* orders.c - what happens when a person says ban, unban, observe or enforce?
 *
 * Orders are rare, so they may walk all bans and all subjects; only the usual one, the unban of a
 * single host, asks the tracker jail by jail instead. An unban goes through the bans in slices as
 * large as its caller wants. Of each it first counts what it will lift and makes room for that many
 * decisions, so nothing is half done when memory runs out. */
#include "engine/orders.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "engine/lifts.h"
#include "engine/never.h"

/* An IPv6 prefix longer than what is counted and banned is widened to it. */
static struct prefix widened(const struct ruleset *r, const struct prefix *p)
{
	bool longer = p->addr.family == 6 && p->len > r->host_v6;

	return longer ? prefix_of(&p->addr, r->host_v6) : *p;
}

/* The order's text as the table of bans wants it, NULL for none. A NUL byte ends it. */
static const char *note(struct str text, char out[static ORDER_TEXT_MAX + 1])
{
	size_t n = text.n < ORDER_TEXT_MAX ? text.n : ORDER_TEXT_MAX;

	if (n == 0) {
		return NULL;
	}
	memcpy(out, text.p, n);
	out[n] = '\0';
	return out;
}

static void say(struct judge *j, struct decision *d, const struct order *order)
{
	d->by = order->by;
	d->reason = order->reason;
	outbox_decision(&j->out, d);
}

/* Says what becomes of the entry that a new ban by hand takes the place of. */
static void say_old(struct judge *j, const struct ban *old, const struct order *order)
{
	if (old->ended) {
		return;
	}
	if (order->time.us < old->until.us) {
		lifts_say(j, old, order, BECAUSE_REPLACED);
	} else {
		judge_say_expired(j, old);
	}
}

/* The bans that jails have made of just that become the blacklist entry, with their evidence. */
static void take_over(struct judge *j, const struct order *order, const struct ban *heir)
{
	for (uint16_t i = 0; i < j->rules->n_jails; i++) {
		uint16_t scope = j->rules->jails[i].scope;
		const struct ban *ban = bans_find(j->bans, i, &heir->prefix, scope);

		if (ban && ban->kind == DECISION_BAN && !ban->ended &&
		    order->time.us < ban->until.us &&
		    (order->scope == SCOPE_ALL || order->scope == scope)) {
			struct decision lift = lifts_decision(ban, order, BECAUSE_REPLACED);

			lift.heir = heir->id;
			outbox_decision(&j->out, &lift);
			bans_drop(j->bans, ban);
		}
	}
}

static int put(struct judge *j, const struct order *order, const struct prefix *prefix,
	       const struct ban *old)
{
	char by[ORDER_TEXT_MAX + 1], reason[ORDER_TEXT_MAX + 1];
	const struct ban ban = {
		.id = j->last_ban + 1,
		.kind = DECISION_BAN,
		.action = instant_is_never(order->until) ? ACTION_BLACKLIST : ACTION_BLOCK,
		.prefix = *prefix,
		.jail = JAIL_BY_HAND,
		.scope = order->scope,
		.type = NAMES_NONE,
		.service = EVENT_SERVICE_NONE,
		.since = order->time,
		.until = order->until,
		.by = note(order->by, by),
		.reason = note(order->reason, reason),
	};
	const struct ban before = old ? *old : (struct ban){ .ended = true };
	struct decision d = bans_decision(&ban);

	if (!bans_put(j->bans, &ban)) {
		return -ENOMEM;
	}
	say_old(j, &before, order);
	if (ban.action == ACTION_BLACKLIST) {
		take_over(j, order, &ban);
	}
	say(j, &d, order);
	j->last_ban = ban.id;
	j->stats.bans++;
	history_add(j->history, HISTORY_ENFORCED, prefix, ban.since, ban.until);
	return 0;
}

static int ban(struct judge *j, const struct order *order, struct order_result *ret)
{
	const struct prefix prefix = widened(j->rules, &order->prefix);
	const struct never_entry *cover =
		never_block_find(j->never, &prefix, JAIL_BY_HAND, NEVER_ANY_SERVICE);
	const struct ban *old = bans_find(j->bans, JAIL_BY_HAND, &prefix, order->scope);
	bool runs = old && !old->ended && order->time.us < old->until.us;
	int r;

	if (order->scope >= j->rules->n_scopes) {
		return -EINVAL;
	}
	if (cover) {
		*ret = (struct order_result){ .never_block = true, .cover = cover->prefix };
		return 0;
	}
	if (runs && order->until.us <= old->until.us) {
		*ret = (struct order_result){ .known = true };
		return 0;
	}
	if (!old && bans_is_full(j->bans)) {
		return -ENOSPC;
	}
	r = put(j, order, &prefix, old);
	if (r < 0) {
		return r;
	}
	*ret = (struct order_result){ .made = 1, .known = runs };
	return 0;
}

/* What an unban is about. */
struct lifting {
	const struct order *order;
	const struct prefix *inside;
	size_t n;
	uint64_t newest;
};

static bool is_meant(const struct ban *ban, const struct lifting *l)
{
	bool meant = false;

	for (size_t i = 0; i < l->n; i++) {
		meant = meant || prefix_contains(&l->inside[i], &ban->prefix);
	}
	return meant && ban->id <= l->newest &&
	       (l->order->jail == ORDER_ANY_JAIL || l->order->jail == ban->jail);
}

static bool is_running(const struct ban *ban)
{
	return ban->kind == DECISION_BAN && !ban->ended;
}

/* The next of the order's slice, *looked being how many came before; NULL: the slice is over, and
 * *cursor 0 if it was the last. */
static const struct ban *next_ban(const struct judge *j, const struct lifting *l, uint32_t *cursor,
				  uint32_t *looked)
{
	const struct ban *ban = NULL;

	if (l->order->most == 0 || *looked < l->order->most) {
		ban = bans_each(j->bans, cursor);
		*looked += 1;
		*cursor = ban ? *cursor : 0;
	}
	return ban;
}

/* Bans that the slice lifts. */
static size_t count_lifts(const struct judge *j, const struct lifting *l)
{
	uint32_t cursor = l->order->from.slot, looked = 0;
	const struct ban *ban;
	size_t lifts = 0;

	while ((ban = next_ban(j, l, &cursor, &looked))) {
		lifts += is_running(ban) && is_meant(ban, l) ? 1 : 0;
	}
	return lifts;
}

/* Where the next slice begins; 0: there is none. */
static uint32_t lift_inside(struct judge *j, const struct lifting *l, size_t *ret_lifted)
{
	uint32_t cursor = l->order->from.slot, looked = 0;
	const struct ban *ban;
	size_t lifted = 0;

	while ((ban = next_ban(j, l, &cursor, &looked))) {
		if (!is_meant(ban, l) || (ban->kind == DECISION_BAN && ban->ended)) {
			continue;
		}
		if (is_running(ban)) {
			lifts_say(j, ban, l->order, BECAUSE_UNBAN);
			lifted++;
		}
		bans_drop(j->bans, ban);
	}
	*ret_lifted = lifted;
	return cursor;
}

static void forget_inside(struct judge *j, const struct order *order, const struct prefix *inside)
{
	const struct subject subject = subject_of_prefix(inside);
	uint8_t host = inside->addr.family == 4 ? addr_bits(&inside->addr) : j->rules->host_v6;

	if (order->jail == JAIL_BY_HAND) {
		return;
	}
	if (inside->len != host || j->tells_apart) {
		tracker_forget_inside(j->tracker, j->rules->jails, inside,
				      inside->len == host ? prefix_tag(inside, j->seed) : 0,
				      order->jail == ORDER_ANY_JAIL ? TRACKER_ALL_JAILS
								    : order->jail);
		return;
	}
	for (uint16_t i = 0; i < j->rules->n_jails; i++) {
		if (order->jail == ORDER_ANY_JAIL || order->jail == i) {
			tracker_forget(j->tracker, i, &subject);
		}
	}
}

/* What was scored is forgotten before the first ban goes: nobody who is let in is banned again for
 * it while the slices go on. */
static int unban(struct judge *j, const struct order *order, const struct prefix *inside, size_t n,
		 struct order_result *ret)
{
	bool begins = order->from.newest == 0;
	const struct lifting l = { order, inside, n, begins ? j->last_ban : order->from.newest };
	struct order_result result = { .next.newest = l.newest };
	int r = outbox_reserve(&j->out, count_lifts(j, &l));

	if (r < 0) {
		return r;
	}
	for (size_t i = 0; i < n && begins; i++) {
		forget_inside(j, order, &inside[i]);
	}
	result.next.slot = lift_inside(j, &l, &result.lifted);
	for (size_t i = 0; i < n && result.next.slot == 0; i++) {
		const struct ban *cover = bans_covering(j->bans, &inside[i]);

		if (cover) {
			result.covered = true;
			result.cover = cover->prefix;
		}
	}
	lifts_pardon(j, order->time);
	*ret = result;
	return 0;
}

/* What was only observed because all was is nobody's block: while it ran, its jail would decide
 * nothing more about an address that nobody stops. The next event decides. */
static void enforce(struct judge *j)
{
	uint32_t cursor = 0;
	const struct ban *ban;

	while ((ban = bans_each(j->bans, &cursor))) {
		if (!ban->ended && ban->because == BECAUSE_DAEMON_OBSERVES) {
			bans_drop(j->bans, ban);
		}
	}
	j->observes = false;
}

int orders_apply(struct judge *j, const struct order *order, struct order_result *ret)
{
	static const struct prefix everything[] = { { .addr.family = 4 }, { .addr.family = 6 } };
	struct order kept = *order;
	struct prefix inside;

	assert(outbox_is_empty(&j->out));
	j->latest = instant_max(j->latest, order->time);
	kept.by = outbox_text(&j->out, order->by, ORDER_TEXT_MAX);
	kept.reason = outbox_text(&j->out, order->reason, ORDER_TEXT_MAX);
	switch (order->kind) {
	case ORDER_BAN: return ban(j, &kept, ret);
	case ORDER_UNBAN:
		inside = widened(j->rules, &order->prefix);
		return unban(j, &kept, &inside, 1, ret);
	case ORDER_UNBAN_ALL: return unban(j, &kept, everything, ARRAY_SIZE(everything), ret);
	case ORDER_NEVER_ADD: return never_add(j, &kept, ret);
	case ORDER_NEVER_REMOVE: return never_remove(j, &kept, ret);
	case ORDER_OBSERVE:
		j->observes = true;
		*ret = (struct order_result){ 0 };
		return 0;
	case ORDER_SET_CLOCK:
		bans_move(j->bans, order->time, instant_since(order->until, order->time));
		*ret = (struct order_result){ 0 };
		return 0;
	case ORDER_ENFORCE:
		enforce(j);
		*ret = (struct order_result){ 0 };
		return 0;
	}
	return -EINVAL;
}
