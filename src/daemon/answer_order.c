/* SPDX-License-Identifier: MIT */
/* Orders. Everything that was fed before an order is decided and stored before it; the order is on
 * the disk before the answer, all of it or nothing; and the answer waits until the kernel has said
 * what became of it, so that "done" means that packets are dropped or pass. What speaks against an
 * order is looked for in all of its prefixes before the first one is taken. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "daemon/answer_order.h"
#include "daemon/call.h"
#include "daemon/class_c.h"
#include "daemon/rows.h"
#include "daemon/target.h"
#include "sys/clock.h"

enum {
	ORDER_PREFIXES_MAX = 1000,
	ORDER_LINES_MAX = 200000, /* of a file */
	SECONDS_MAX_MINUTES = 999999999,
};

static const duration file_patience = { .us = 60000000 };

static void order_call_free(void *state)
{
	struct order_call *o = state;

	value_free(o->reply);
	free(o->prefixes);
	free(o);
}

/* Has the kernel said what became of all that the order sent? What did not fit into the queue is
 * sent when it has room. */
static bool order_is_done(struct order_call *o, const struct daemon *d)
{
	const struct enforcer_state *s = d->enforcer ? enforcer_state(d->enforcer) : NULL;

	if (!s) {
		return true;
	}
	if (o->behind && !d->empty && !d->resync) {
		o->behind = false;
		o->sent = s->sent;
	}
	return !o->behind && !d->replan && s->done + s->failed >= o->sent;
}

static enum call_next order_step(struct call *call)
{
	struct order_call *o = call->state;
	bool done = order_is_done(o, call->daemon);
	struct value *warnings;

	if (!done && !call_is_late(call)) {
		return CALL_WAIT;
	}
	warnings = value_array();
	if (!done) {
		value_add_text(warnings, STR("the kernel has not answered yet; see ipsctl status"));
	}
	if (call->daemon->refused > o->refused) {
		value_add_text(warnings, str_of(call->daemon->kernel_trouble.text));
	}
	value_set(o->reply, "warnings", warnings);
	call_reply(call, TAKE(o->reply), false);
	return CALL_DONE;
}

/* NULL, or the parameter that is wrong. */
static const char *order_prefixes(const struct call *call, struct order_call *o, bool all)
{
	const struct ruleset *rules = engine_ruleset(call->daemon->engine);
	const struct value *list = value_get(call->parameters, o->lines ? "lines" : "prefixes");
	size_t n = value_length(list);

	for (size_t i = 0; i < n; i++) {
		const struct value *item = value_at(list, i);
		struct str text = value_text(o->lines ? value_get(item, "prefix") : item, STR_NONE);

		if (target_parse(rules, text, &o->prefixes[i]) < 0) {
			return o->lines ? "lines" : "prefixes";
		}
	}
	o->n_prefixes = n;
	return n || all ? NULL : "prefixes";
}

struct order_call *order_new(struct call *call, size_t n)
{
	struct order_call *o = calloc(1, sizeof(*o));

	if (o) {
		*o = (struct order_call){ .reply = value_object(),
					  .refused = call->daemon->refused,
					  .prefixes = calloc(n ? n : 1, sizeof(*o->prefixes)) };
		call->state = o;
		call->free_state = order_call_free;
		call->step = order_step;
	}
	if (!o || !o->prefixes || wheel_apply(call->daemon, false) < 0) {
		(void)call_refused(call, NULL, "no memory, or ipsd is about to end");
		return NULL;
	}
	return o;
}

struct order_call *order_begin(struct call *call, bool all)
{
	const struct value *lines = value_get(call->parameters, "lines");
	size_t most = lines ? ORDER_LINES_MAX : ORDER_PREFIXES_MAX;
	size_t n = value_length(lines ? lines : value_get(call->parameters, "prefixes"));
	struct order_call *o;
	const char *wrong;

	if (n > most) {
		(void)call_refused(call, NULL, "at most %zu %s at a time", most,
				   lines ? "lines" : "prefixes");
		return NULL;
	}
	o = order_new(call, n);
	if (!o) {
		return NULL;
	}
	o->lines = lines;
	wrong = order_prefixes(call, o, all);
	if (wrong) {
		(void)call_invalid(call, wrong);
		return NULL;
	}
	return o;
}

/* Applies what the orders made, durably, and waits for the kernel. */
enum call_next order_end(struct call *call, struct order_call *o)
{
	struct daemon *d = call->daemon;

	if (wheel_close_order(d) < 0) {
		return call_refused(call, NULL, "ipsd is about to end");
	}
	if (d->store_trouble.on) {
		value_set_bool(o->reply, "stored", false);
	}
	o->sent = d->enforcer ? enforcer_state(d->enforcer)->sent : 0;
	o->behind = d->enforcer && (d->empty || d->resync);
	return order_step(call);
}

bool order_is_too_wide(const struct prefix *p)
{
	return p->len < (p->addr.family == 4 ? 8 : 16);
}

/* All of them or none: 0, or -errno when the call has been answered with why not. */
static int ban_check(struct call *call, const struct order_call *o, bool force)
{
	const struct never_block *never = engine_never(call->daemon->engine);
	char text[PREFIX_TEXT_MAX], cover[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < o->n_prefixes; i++) {
		const struct never_entry *by =
			never_block_find(never, &o->prefixes[i], JAIL_BY_HAND, NEVER_ANY_SERVICE);

		prefix_format_short(&o->prefixes[i], text);
		if (order_is_too_wide(&o->prefixes[i]) && !force) {
			(void)call_refused(
				call, NULL,
				"%s is a large part of the internet; --force does it all the same",
				text);
			return -EPERM;
		}
		if (target_wraps_v4(&o->prefixes[i]) && !force) {
			(void)call_refused(
				call, NULL,
				"%s stands for IPv4 addresses (NAT64, 6to4, Teredo), and it is those that are counted and banned; ban them, or this by --force",
				text);
			return -EPERM;
		}
		if (by) {
			(void)call_refused(call, "ipsctl never-block list",
					   "%s is inside %s, which is on never-block", text,
					   prefix_format_short(&by->prefix, cover));
			return -EPERM;
		}
	}
	return 0;
}

int order_until(const struct value *from, instant *ret)
{
	const struct value *seconds = value_get(from, "seconds");
	int64_t n = value_int(seconds, -1);

	if (!seconds || value_type(seconds) == VALUE_NULL) {
		*ret = INSTANT_NEVER;
		return 0;
	}
	if (n <= 0 || n > (int64_t)SECONDS_MAX_MINUTES * 60) {
		return -ERANGE;
	}
	*ret = instant_add(clock_now(), (duration){ .us = n * 1000000 });
	return 0;
}

static bool lines_are_good(const struct order_call *o)
{
	instant until;

	for (size_t i = 0; o->lines && i < o->n_prefixes; i++) {
		if (order_until(value_at(o->lines, i), &until) < 0) {
			return false;
		}
	}
	return true;
}

/* What the line of a file says about its ban. */
static void take_line(const struct order_call *o, size_t i, struct order *order)
{
	const struct value *line = value_at(o->lines, i);

	(void)!order_until(line, &order->until);
	order->reason = value_text(value_get(line, "reason"), STR_NONE);
}

/* One prefix; false: the call has been answered with why not. */
static bool ban_one(struct call *call, const struct order *order, size_t *made, size_t *known)
{
	struct order_result result;
	char text[PREFIX_TEXT_MAX];
	int r = engine_order(call->daemon->engine, order, &result);

	if (r < 0) {
		(void)call_refused(call, "ipsctl status", "%s: %s",
				   prefix_format_short(&order->prefix, text), strerror(-r));
		return false;
	}
	*made += result.made;
	*known += result.known;
	return wheel_apply(call->daemon, false) >= 0;
}

static struct value *ban_rows(struct call *call, const struct order_call *o, uint16_t scope)
{
	struct engine *e = call->daemon->engine;
	struct value *rows = value_array();
	instant now = clock_now();

	for (size_t i = 0; i < o->n_prefixes && !o->lines; i++) {
		const struct ban *ban = engine_find_ban(e, JAIL_BY_HAND, &o->prefixes[i], scope);

		if (ban) {
			value_add(rows, row_ban(call->daemon, ban, now));
		}
	}
	return rows;
}

static int refuse_ports(struct call *call, int error, struct str word)
{
	if (error == -E2BIG || error == -ENOSPC) {
		(void)call_refused(call, NULL, "--ports: the list is too long: at most %d ranges",
				   (int)SCOPE_RANGES_MAX);
	} else if (error == -ERANGE) {
		(void)call_refused(
			call, NULL,
			"%.*s is no port: ports go from 1 to 65535, ranges from low to high",
			STR_ARG(word));
	} else {
		(void)call_refused(
			call, "ipsctl cat",
			"%.*s is neither a port, a range like 8000-8010 or udp/53, nor a group of [ports]",
			STR_ARG(word));
	}
	return error;
}

/* The number of the scope, made when no ban has these ports yet. Negative: the call has been
 * answered. */
static int ban_scope(struct call *call, struct str ports, uint16_t *ret)
{
	struct daemon *d = call->daemon;
	struct config_scope wanted;
	struct str word;
	int r = config_scope(d->config, ports, &wanted, &word);

	if (r < 0) {
		return refuse_ports(call, r, word);
	}
	r = engine_scope(d->engine, &wanted.scope, ret);
	if (r < 0) {
		(void)call_refused(
			call, "ipsctl list -o +PORTS",
			"there are %d different lists of ports already; lift the bans of one, or take one of them",
			(int)SCOPES_MAX);
	} else if (r > 0) {
		enforcement_plan(d);
	}
	return r;
}

/* What --class-c made, or found, wider than a Class C. */
static void note_wide(const struct call *call, const struct order_call *o, struct value *notes)
{
	char text[PREFIX_TEXT_MAX], line[160];

	for (size_t i = 0; i < o->n_prefixes && !o->lines; i++) {
		const struct prefix *p = &o->prefixes[i];
		int usual = p->addr.family == 4 ? 24 : 48;

		if (value_bool(value_get(call->parameters, "class_c"), false) && p->len < usual) {
			snprintf(line, sizeof(line), "%s is wider than a Class C (/%d)",
				 prefix_format_short(p, text), usual);
			value_add_text(notes, str_of(line));
		}
	}
}

static enum call_next ban_run(struct call *call, struct order_call *o, struct order *order)
{
	size_t made = 0, known = 0;
	struct value *notes;

	wheel_open_order(call->daemon);
	for (size_t i = 0; i < o->n_prefixes; i++) {
		order->prefix = o->prefixes[i];
		if (o->lines) {
			take_line(o, i, order);
		}
		if (!ban_one(call, order, &made, &known)) {
			(void)!wheel_close_order(call->daemon); /* what the engine did stands */
			return CALL_DONE;
		}
	}
	value_set_int(o->reply, "made", (int64_t)made);
	value_set_int(o->reply, "known", (int64_t)known);
	value_set(o->reply, "bans", ban_rows(call, o, order->scope));
	value_set_bool(o->reply, "many", o->lines != NULL);
	notes = row_holes(call->daemon->engine, o->prefixes, o->lines ? 0 : o->n_prefixes);
	note_wide(call, o, notes);
	value_set(o->reply, "notes", notes);
	if (o->lines) {
		call->deadline = instant_add(clock_now(), file_patience);
	}
	return order_end(call, o);
}

static enum call_next ban_go(struct call *call)
{
	const struct value *p = call->parameters;
	const struct ruleset *rules = engine_ruleset(call->daemon->engine);
	struct order order = { .kind = ORDER_BAN,
			       .by = str_of(call->peer.user),
			       .time = clock_now() };
	struct order_call *o = order_begin(call, false);

	if (!o) {
		return CALL_DONE;
	}
	order.reason = value_text(value_get(p, "reason"), STR_NONE);
	if (order_until(p, &order.until) < 0 || !lines_are_good(o)) {
		return call_invalid(call, "seconds");
	}
	for (size_t i = 0; i < o->n_prefixes && value_bool(value_get(p, "class_c"), false); i++) {
		o->prefixes[i] = target_class_c(rules, &o->prefixes[i]);
	}
	if (ban_check(call, o, value_bool(value_get(p, "force"), false)) < 0) {
		return CALL_DONE;
	}
	if (ban_scope(call, value_text(value_get(p, "ports"), STR("all")), &order.scope) < 0) {
		return CALL_DONE;
	}
	return ban_run(call, o, &order);
}

enum call_next answer_ban(struct call *call)
{
	const struct value *p = call->parameters;
	bool seek = value_bool(value_get(p, "class_c"), false) &&
		    !value_bool(value_get(p, "force"), false) && !value_get(p, "lines");

	return seek ? class_c_seek(call, ban_go) : ban_go(call);
}
