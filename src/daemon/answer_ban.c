/* SPDX-License-Identifier: MIT */
/* Ban. All prefixes are looked at before the first one is taken: what is refused for safety, and
 * never-block, stop the whole order. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/answer_order.h"
#include "daemon/call.h"
#include "daemon/class_c.h"
#include "daemon/rows.h"
#include "daemon/target.h"
#include "sys/clock.h"

static bool has(const struct call *call, const char *word)
{
	return value_bool(value_get(call->parameters, word), false);
}

/* May it be banned? False: the call has been answered with why not. */
static bool ban_check(struct call *call, const struct prefix *p)
{
	const struct never_entry *by = never_block_find(engine_never(call->daemon->engine), p,
							JAIL_BY_HAND, NEVER_ANY_SERVICE);
	char text[PREFIX_TEXT_MAX], cover[PREFIX_TEXT_MAX];
	bool force = has(call, "force");

	prefix_format_short(p, text);
	if (order_is_too_wide(p) && !force) {
		(void)call_refused(
			call, NULL,
			"%s is a large part of the internet; --force does it all the same", text);
		return false;
	}
	if (target_wraps_v4(p) && !force) {
		(void)call_refused(
			call, NULL,
			"%s stands for IPv4 addresses (NAT64, 6to4, Teredo), and it is those that are counted and banned; ban them, or this by --force",
			text);
		return false;
	}
	if (by) {
		(void)call_refused(call, "ipsctl never-block list",
				   "%s is inside %s, which is on never-block", text,
				   prefix_format_short(&by->prefix, cover));
		return false;
	}
	return true;
}

/* What says how long: each line of a file, or the call for all its prefixes. */
static const struct value *ban_time(const struct call *call, const struct order_call *o)
{
	return o->lines ? value_at(o->list, o->next) : call->parameters;
}

static bool ban_look(struct call *call, struct order_call *o)
{
	struct prefix *p = &o->prefixes[o->next];
	instant until;

	if (order_until(ban_time(call, o), clock_now(), &until) < 0) {
		(void)call_invalid(call, "seconds");
		return false;
	}
	if (has(call, "class_c")) {
		*p = target_class_c(engine_ruleset(call->daemon->engine), p);
	}
	return ban_check(call, p);
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

/* Rules may be others than in the slice before, and with them the number of the ports. */
static bool ban_ready(struct call *call, struct order_call *o)
{
	const struct value *p = call->parameters;
	struct order *order = &o->order;
	struct str ports = value_text(value_get(p, "ports"), STR("all")), word;
	struct config_scope wanted;

	*order = (struct order){ .kind = ORDER_BAN,
				 .by = str_of(call->peer.user),
				 .reason = value_text(value_get(p, "reason"), STR_NONE),
				 .time = clock_now() };
	if (o->begun && config_scope(call->daemon->config, ports, &wanted, &word) < 0) {
		(void)call_refused(call, "ipsctl cat",
				   "a reload came meanwhile, and there are no ports %.*s any more; "
				   "%zu of %zu were done and stand",
				   STR_ARG(word), o->next, o->n);
		return false;
	}
	return ban_scope(call, ports, &order->scope) >= 0;
}

/* How far it got, for who is told of a failure. */
static void ban_failed(struct call *call, const struct order_call *o, int error)
{
	const struct bans *bans = engine_bans(call->daemon->engine);
	char text[PREFIX_TEXT_MAX];

	prefix_format_short(&o->order.prefix, text);
	if (error == -ENOSPC) {
		(void)call_refused(
			call, "ipsctl unban",
			"%s was not banned: there are %u blocks, and ipsd holds no more; %zu of %zu "
			"were done and stand; lift those that are not needed, or ban networks in "
			"place of their addresses",
			text, bans_capacity(bans), o->next, o->n);
	} else {
		(void)call_refused(call, "ipsctl status",
				   "%s was not banned: %s; %zu of %zu were done and stand", text,
				   strerror(-error), o->next, o->n);
	}
}

/* Put on never-block since it was looked at. */
static void note_never(struct order_call *o, const struct prefix *by)
{
	char text[PREFIX_TEXT_MAX], cover[PREFIX_TEXT_MAX], line[160];

	snprintf(line, sizeof(line), "%s is not blocked: %s is on never-block by now",
		 prefix_format_short(&o->order.prefix, text), prefix_format_short(by, cover));
	value_add_text(o->notes, str_of(line));
}

/* How long it lasts is counted from the moment when it is made. */
static int ban_act(struct call *call, struct order_call *o)
{
	const struct value *line = o->lines ? value_at(o->list, o->next) : NULL;
	struct order_result result;
	int r;

	o->order.prefix = o->prefixes[o->next];
	(void)!order_until(ban_time(call, o), o->order.time, &o->order.until);
	if (line) {
		o->order.reason = value_text(value_get(line, "reason"), STR_NONE);
	}
	r = engine_order(call->daemon->engine, &o->order, &result);
	if (r < 0) {
		ban_failed(call, o, r);
		return r;
	}
	o->made += result.made;
	o->known += result.known;
	if (result.never_block) {
		note_never(o, &result.cover);
	}
	r = wheel_apply(call->daemon, false);
	if (r < 0) {
		(void)call_refused(call, NULL, "ipsd is about to end");
	}
	return r;
}

static struct value *ban_rows(struct call *call, const struct order_call *o)
{
	struct engine *e = call->daemon->engine;
	struct value *rows = value_array();
	instant now = clock_now();

	for (size_t i = 0; i < o->n && !o->lines; i++) {
		const struct ban *ban =
			engine_find_ban(e, JAIL_BY_HAND, &o->prefixes[i], o->order.scope);

		if (ban) {
			value_add(rows, row_ban(call->daemon, ban, now));
		}
	}
	return rows;
}

/* What --class-c made, or found, wider than a Class C. */
static void note_wide(const struct call *call, const struct order_call *o)
{
	char text[PREFIX_TEXT_MAX], line[160];

	for (size_t i = 0; i < o->n && !o->lines && has(call, "class_c"); i++) {
		const struct prefix *p = &o->prefixes[i];
		int usual = p->addr.family == 4 ? 24 : 48;

		if (p->len < usual) {
			snprintf(line, sizeof(line), "%s is wider than a Class C (/%d)",
				 prefix_format_short(p, text), usual);
			value_add_text(o->notes, str_of(line));
		}
	}
}

static void ban_finish(struct call *call, struct order_call *o)
{
	value_set_int(o->reply, "made", (int64_t)o->made);
	value_set_int(o->reply, "known", (int64_t)o->known);
	value_set(o->reply, "bans", ban_rows(call, o));
	value_set_bool(o->reply, "many", o->lines);
	row_add_holes(call->daemon->engine, o->prefixes, o->lines ? 0 : o->n, o->notes);
	note_wide(call, o);
	value_set(o->reply, "notes", TAKE(o->notes));
}

static enum call_next ban_go(struct call *call)
{
	static const struct order_work work = { ban_look, ban_ready, ban_act, ban_finish };
	struct order_call *o;

	if (order_must_wait(call)) {
		call->step = ban_go;
		return order_wait(call);
	}
	o = order_begin(call);
	if (!o) {
		return CALL_DONE;
	}
	if (o->n == 0) {
		return call_invalid(call, "prefixes");
	}
	return order_run(call, o, &work);
}

enum call_next answer_ban(struct call *call)
{
	const struct value *p = call->parameters;
	bool seek = has(call, "class_c") && !has(call, "force") && !value_get(p, "lines");

	return seek ? class_c_seek(call, ban_go) : ban_go(call);
}
