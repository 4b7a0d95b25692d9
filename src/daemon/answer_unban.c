/* SPDX-License-Identifier: MIT */
/* Unban. What will bring the block back is told before the score is forgotten, by the lines that
 * made it up: who unbans a user at night wants to know which mailbox to look at. A wider block goes
 * on; then the answer names it and whom it still covers, and ipsctl prints what to type. */
#include <errno.h>
#include <string.h>

#include "base/span.h"
#include "daemon/adoption.h"
#include "daemon/answer_order.h"
#include "daemon/call.h"
#include "daemon/rows.h"
#include "sys/clock.h"

static const duration patience = { .us = 10000000 };

enum {
	UNBAN_ENTRIES = 64,
	UNBAN_TYPES = 3,
	UNBAN_ACCOUNT_MAX = 64,
	UNBAN_PIECE = 500, /* bans that are looked at in one go */
};

/* The account that all lines of one kind named. */
struct named {
	struct buf *account;
	bool several, any;
};

static bool take_account(void *arg, const struct stored_event *event)
{
	struct named *n = arg;
	struct str account = str_slice(event->account, 0, UNBAN_ACCOUNT_MAX);

	if (!n->any) {
		buf_add_str(n->account, account);
		n->any = true;
	} else if (!str_eq(account, buf_str(n->account))) {
		n->several = true;
	}
	return false;
}

/* " 4 x wrong password for bob" */
static void add_kind(struct daemon *d, const struct evidence *entries, size_t n, uint16_t type,
		     struct buf *out)
{
	const struct ruleset *rules = engine_ruleset(d->engine);
	const struct event_kind *kind = type < EVENT_KNOWN_TYPES ? event_kind(type) : NULL;
	CLEANUP(buf_done) struct buf account = { 0 };
	struct named named = { .account = &account };
	unsigned count = 0;
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		if (entries[i].type == type) {
			count += entries[i].count;
			r = r < 0 ? r
				  : store_events_since(d->store, entries[i].event - 1, 1,
						       take_account, &named);
		}
	}
	buf_printf(out, "%u x %.*s", count,
		   STR_ARG(kind ? str_of(kind->about) : names_at(&rules->types, type)));
	if (r == 0 && !named.several && account.n > 0) {
		buf_printf(out, " for %.*s", STR_ARG(buf_str(&account)));
	}
}

/* "4 x wrong password for bob, 1 x relaying denied": the types that came last. */
static void add_kinds(struct daemon *d, const struct evidence *entries, size_t n, struct buf *out)
{
	uint16_t told[UNBAN_TYPES];
	size_t n_told = 0;

	for (size_t i = n; i-- > 0;) {
		bool known = false;

		for (size_t k = 0; k < n_told; k++) {
			known = known || told[k] == entries[i].type;
		}
		if (known) {
			continue;
		}
		if (n_told == UNBAN_TYPES) {
			buf_add_str(out, STR(" and more"));
			return;
		}
		buf_add_str(out, n_told ? STR(", ") : STR_NONE);
		add_kind(d, entries, n, entries[i].type, out);
		told[n_told++] = entries[i].type;
	}
}

/* What will bring it back: said before the score is gone. */
static void unban_note(const struct call *call, struct order_call *o)
{
	const struct prefix *p = &o->order.prefix;
	const struct engine *e = call->daemon->engine;
	const struct ruleset *rules = engine_ruleset(e);
	struct evidence entries[UNBAN_ENTRIES];
	char text[PREFIX_TEXT_MAX], window[SPAN_TEXT_MAX];

	for (uint16_t i = 0; i < rules->n_jails; i++) {
		const struct jail *jail = &rules->jails[i];
		CLEANUP(buf_done) struct buf line = { 0 };
		struct engine_score had;

		if (o->order.jail != ORDER_ANY_JAIL && o->order.jail != i) {
			continue;
		}
		had = engine_score(e, i, p, clock_now(), entries, UNBAN_ENTRIES);
		if (had.n == 0) {
			continue;
		}
		add_kinds(call->daemon, entries, had.n < UNBAN_ENTRIES ? had.n : UNBAN_ENTRIES,
			  &line);
		buf_printf(
			&line,
			" in the last %s gave %s %lld of %u points in %.*s; they are forgotten, %s",
			span_format_short(jail->window, window), prefix_format_short(p, text),
			(long long)had.score, jail->threshold, STR_ARG(jail->name),
			had.score >= (int64_t)jail->threshold ? "the same again blocks it again"
							      : "it begins at 0 again");
		value_add_text(o->notes, buf_str(&line));
	}
}

/* The events that led to the bans count no more, after a restart either. */
static void unban_forget(struct daemon *d, const struct order *order)
{
	static const struct prefix everything[] = { { .addr.family = 4 }, { .addr.family = 6 } };
	const struct ruleset *rules = engine_ruleset(d->engine);
	bool all = order->kind == ORDER_UNBAN_ALL;
	struct ignored ignored = { .prefix = all ? everything[0] : order->prefix };
	int r;

	if (order->jail == JAIL_BY_HAND) {
		return;
	}
	if (order->jail != ORDER_ANY_JAIL) {
		ignored.jail = rules->jails[order->jail].name;
	}
	r = store_ignore(d->store, &ignored);
	if (all) {
		int second;

		ignored.prefix = everything[1];
		second = store_ignore(d->store, &ignored);
		r = r < 0 ? r : second;
	}
	if (r < 0) {
		wheel_failed(d);
	}
}

/* The kernel may hold what a database knew that was lost. */
static void unban_unknown(struct daemon *d, const struct prefix *prefix)
{
	const struct ruleset *rules = engine_ruleset(d->engine);
	bool longer = prefix->addr.family == 6 && prefix->len > rules->host_v6;
	const struct prefix held = longer ? prefix_of(&prefix->addr, rules->host_v6) : *prefix;

	for (size_t i = 0; i < rules->n_scopes; i++) {
		enforcement_release(d, &held, (uint16_t)i);
	}
}

static void note_cover(struct call *call, struct order_call *o, const struct order_result *result)
{
	const struct ban *widest =
		bans_around(engine_bans(call->daemon->engine), &o->order.prefix, NULL);
	char text[PREFIX_TEXT_MAX];

	prefix_format_short(&o->order.prefix, text);
	value_add_text(o->covered, str_of(text));
	prefix_format_short(widest ? &widest->prefix : &result->cover, text);
	value_add_text(o->covered_by, str_of(text));
}

/* The jail's number, and the place in the table, are worth nothing under other rules. */
static bool unban_ready(struct call *call, struct order_call *o)
{
	const struct ruleset *rules = engine_ruleset(call->daemon->engine);
	struct str jail = value_text(value_get(call->parameters, "jail"), STR_NONE);
	bool all = value_bool(value_get(call->parameters, "all"), false);

	o->order = (struct order){ .kind = all ? ORDER_UNBAN_ALL : ORDER_UNBAN,
				   .time = clock_now(),
				   .by = str_of(call->peer.user),
				   .jail = jail.n ? ruleset_jail(rules, jail) : ORDER_ANY_JAIL,
				   .most = UNBAN_PIECE,
				   .from = o->order.from };
	if (o->reloads != call->daemon->reloads) {
		o->order.from.slot = 0;
		o->reloads = call->daemon->reloads;
	}
	if (o->order.jail == JAIL_BY_HAND && !str_eq(jail, STR("by hand")) && o->begun) {
		(void)call_refused(call, "ipsctl status",
				   "a reload came meanwhile, and there is no jail %.*s any more; "
				   "%llu blocks were lifted before",
				   STR_ARG(jail), (unsigned long long)o->lifted);
		return false;
	}
	if (o->order.jail == JAIL_BY_HAND && !str_eq(jail, STR("by hand"))) {
		(void)call_refused(call, "ipsctl status", "there is no jail %.*s", STR_ARG(jail));
		return false;
	}
	return true;
}

/* Once a prefix, when the last of its bans has been looked at. */
static void unban_over(struct call *call, struct order_call *o, const struct order_result *result)
{
	struct daemon *d = call->daemon;

	if (adoption_is_expected(d) && o->lifted == o->lifted_before &&
	    o->order.kind == ORDER_UNBAN && o->order.jail == ORDER_ANY_JAIL) {
		unban_unknown(d, &o->order.prefix);
	}
	if (result->covered) {
		note_cover(call, o, result);
	}
	o->lifted_before = o->lifted;
}

static int unban_act(struct call *call, struct order_call *o)
{
	struct daemon *d = call->daemon;
	struct order_result result;
	bool begins = o->order.from.newest == 0;
	int r;

	if (o->order.kind == ORDER_UNBAN) {
		o->order.prefix = o->prefixes[o->next];
		if (begins) {
			unban_note(call, o);
		}
	}
	r = engine_order(d->engine, &o->order, &result);
	r = r < 0 ? r : wheel_apply(d, false);
	if (r < 0) {
		(void)call_refused(call, "ipsctl status",
				   "%s; %llu blocks were lifted, not all that was to be",
				   strerror(-r), (unsigned long long)o->lifted);
		return r;
	}
	if (begins) {
		unban_forget(d, &o->order);
	}
	o->lifted += result.lifted;
	o->order.from = result.next;
	if (result.next.slot == 0) {
		unban_over(call, o, &result);
		o->order.from.newest = 0;
	}
	return result.next.slot > 0 ? 1 : 0;
}

static void unban_finish(struct call *call, struct order_call *o)
{
	(void)call;
	value_set_int(o->reply, "lifted", (int64_t)o->lifted);
	value_set_bool(o->reply, "free", value_length(o->covered_by) == 0);
	value_set(o->reply, "covered", TAKE(o->covered));
	value_set(o->reply, "covered_by", TAKE(o->covered_by));
	value_set(o->reply, "notes", TAKE(o->notes));
}

static enum call_next unban_wait(struct call *call)
{
	static const struct order_work work = { NULL, unban_ready, unban_act, unban_finish };
	bool all = value_bool(value_get(call->parameters, "all"), false);
	struct order_call *o;

	if (!call->daemon->caught_up && !call_is_late(call)) {
		return CALL_YIELD;
	}
	if (order_must_wait(call)) {
		return order_wait(call);
	}
	o = all ? order_new(call, 1) : order_begin(call);
	if (!o) {
		return CALL_DONE;
	}
	return o->n > 0 ? order_run(call, o, &work) : call_invalid(call, "prefixes");
}

/* After a crash lines are read again that may have led to a block before it. They are older than
 * the order, and must not block again whom it freed: it waits for them, but not for ever. */
enum call_next answer_unban(struct call *call)
{
	call_wait(call, patience);
	call->step = unban_wait;
	return unban_wait(call);
}
