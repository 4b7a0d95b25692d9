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

enum { UNBAN_ENTRIES = 64, UNBAN_TYPES = 3, UNBAN_ACCOUNT_MAX = 64 };

struct unban {
	struct call *call;
	struct order order;
	struct value *covered, *covered_by, *notes;
};

static void unban_done(struct unban *u)
{
	value_free(u->covered);
	value_free(u->covered_by);
	value_free(u->notes);
}

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
static void add_kind(const struct unban *u, const struct evidence *entries, size_t n, uint16_t type,
		     struct buf *out)
{
	const struct ruleset *rules = engine_ruleset(u->call->daemon->engine);
	const struct event_kind *kind = type < EVENT_KNOWN_TYPES ? event_kind(type) : NULL;
	CLEANUP(buf_done) struct buf account = { 0 };
	struct named named = { .account = &account };
	unsigned count = 0;
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		if (entries[i].type == type) {
			count += entries[i].count;
			r = r < 0 ? r
				  : store_events_since(u->call->daemon->store, entries[i].event - 1,
						       1, take_account, &named);
		}
	}
	buf_printf(out, "%u x %.*s", count,
		   STR_ARG(kind ? str_of(kind->about) : names_at(&rules->types, type)));
	if (r == 0 && !named.several && account.n > 0) {
		buf_printf(out, " for %.*s", STR_ARG(buf_str(&account)));
	}
}

/* "4 x wrong password for bob, 1 x relaying denied": the types that came last. */
static void add_kinds(const struct unban *u, const struct evidence *entries, size_t n,
		      struct buf *out)
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
		add_kind(u, entries, n, entries[i].type, out);
		told[n_told++] = entries[i].type;
	}
}

/* What will bring it back: said before the score is gone. */
static void unban_note(const struct unban *u, const struct prefix *p)
{
	const struct engine *e = u->call->daemon->engine;
	const struct ruleset *rules = engine_ruleset(e);
	struct evidence entries[UNBAN_ENTRIES];
	char text[PREFIX_TEXT_MAX], window[SPAN_TEXT_MAX];

	for (uint16_t i = 0; i < rules->n_jails; i++) {
		const struct jail *jail = &rules->jails[i];
		CLEANUP(buf_done) struct buf line = { 0 };
		struct engine_score had;

		if (u->order.jail != ORDER_ANY_JAIL && u->order.jail != i) {
			continue;
		}
		had = engine_score(e, i, p, clock_now(), entries, UNBAN_ENTRIES);
		if (had.n == 0) {
			continue;
		}
		add_kinds(u, entries, had.n < UNBAN_ENTRIES ? had.n : UNBAN_ENTRIES, &line);
		buf_printf(
			&line,
			" in the last %s gave %s %lld of %u points in %.*s; they are forgotten, %s",
			span_format_short(jail->window, window), prefix_format_short(p, text),
			(long long)had.score, jail->threshold, STR_ARG(jail->name),
			had.score >= (int64_t)jail->threshold ? "the same again blocks it again"
							      : "it begins at 0 again");
		value_add_text(u->notes, buf_str(&line));
	}
}

/* The events that led to the bans count no more, after a restart either. */
static void unban_forget(struct store *s, const struct ruleset *rules, const struct order *order)
{
	static const struct prefix everything[] = { { .addr.family = 4 }, { .addr.family = 6 } };
	bool all = order->kind == ORDER_UNBAN_ALL;
	struct ignored ignored = { .prefix = all ? everything[0] : order->prefix };
	int r;

	if (order->jail == JAIL_BY_HAND) {
		return;
	}
	if (order->jail != ORDER_ANY_JAIL) {
		ignored.jail = rules->jails[order->jail].name;
	}
	r = store_ignore(s, &ignored);
	if (r >= 0 && all) {
		ignored.prefix = everything[1];
		r = store_ignore(s, &ignored);
	}
	if (r < 0) {
		log_error("cannot mark the events of an unban as ignored: %s", store_error(s));
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

/* The number of lifted bans, or -errno when the call has been answered. */
static int64_t unban_one(const struct unban *u, const struct order *order)
{
	struct call *call = u->call;
	struct order_result result;
	char text[PREFIX_TEXT_MAX];
	int r = engine_order(call->daemon->engine, order, &result);

	if (r < 0 || wheel_apply(call->daemon, false) < 0) {
		(void)call_refused(call, "ipsctl status", "%s", strerror(r < 0 ? -r : EIO));
		return -EIO;
	}
	if (adoption_is_expected(call->daemon) && result.lifted == 0 &&
	    order->kind == ORDER_UNBAN && order->jail == ORDER_ANY_JAIL) {
		unban_unknown(call->daemon, &order->prefix);
	}
	if (result.covered) {
		const struct ban *widest =
			bans_around(engine_bans(call->daemon->engine), &order->prefix, NULL);
		const struct prefix *cover = widest ? &widest->prefix : &result.cover;

		value_add_text(u->covered, str_of(prefix_format_short(&order->prefix, text)));
		value_add_text(u->covered_by, str_of(prefix_format_short(cover, text)));
	}
	unban_forget(call->daemon->store, engine_ruleset(call->daemon->engine), order);
	return (int64_t)result.lifted;
}

/* False: the call has been answered. */
static bool unban_run(struct unban *u, struct order_call *o)
{
	int64_t lifted = 0, n;

	if (u->order.kind == ORDER_UNBAN_ALL) {
		lifted = unban_one(u, &u->order);
	}
	for (size_t i = 0; u->order.kind == ORDER_UNBAN && i < o->n_prefixes; i++) {
		u->order.prefix = o->prefixes[i];
		unban_note(u, &u->order.prefix);
		n = unban_one(u, &u->order);
		if (n < 0) {
			return false;
		}
		lifted += n;
	}
	value_set_int(o->reply, "lifted", lifted);
	return lifted >= 0;
}

/* After a crash lines are read again that may have led to a block before it. They are older than
 * the order, and must not block again whom it freed: it waits for them, but not for ever. */
static bool must_wait(struct call *call)
{
	if (!call->deadline.us) {
		call->deadline = instant_add(clock_now(), patience);
	}
	return !call->daemon->caught_up && !call_is_late(call);
}

static enum call_next unban_answer(struct call *call)
{
	const struct value *p = call->parameters;
	bool all = value_bool(value_get(p, "all"), false);
	struct str jail = value_text(value_get(p, "jail"), STR_NONE);
	CLEANUP(unban_done)
	struct unban u = {
		.call = call,
		.order = { .kind = all ? ORDER_UNBAN_ALL : ORDER_UNBAN,
			   .time = clock_now(),
			   .by = str_of(call->peer.user),
			   .jail = ORDER_ANY_JAIL },
	};
	struct order_call *o = order_begin(call, all);

	if (!o) {
		return CALL_DONE;
	}
	if (jail.n) {
		u.order.jail = ruleset_jail(engine_ruleset(call->daemon->engine), jail);
		if (u.order.jail == JAIL_BY_HAND && !str_eq(jail, STR("by hand"))) {
			return call_refused(call, "ipsctl status", "there is no jail %.*s",
					    STR_ARG(jail));
		}
	}
	u.covered = value_array();
	u.covered_by = value_array();
	u.notes = value_array();
	wheel_open_order(call->daemon);
	if (!unban_run(&u, o)) {
		(void)!wheel_close_order(call->daemon);
		return CALL_DONE;
	}
	value_set_bool(o->reply, "free", value_length(u.covered_by) == 0);
	value_set(o->reply, "covered", TAKE(u.covered));
	value_set(o->reply, "covered_by", TAKE(u.covered_by));
	value_set(o->reply, "notes", TAKE(u.notes));
	return order_end(call, o);
}

enum call_next answer_unban(struct call *call)
{
	return must_wait(call) ? CALL_YIELD : unban_answer(call);
}
