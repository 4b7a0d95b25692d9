/* SPDX-License-Identifier: MIT */
/* The never-block list on the control socket. An order of many entries is one: all of them are
 * looked at before the first one is taken. What stands in a file, or was learnt, is not for an
 * order to take away: the answer says what to do instead. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hostname.h"
#include "daemon/answer_order.h"
#include "daemon/learning.h"
#include "daemon/rows.h"
#include "sys/clock.h"

enum { REMOVE_MAX = 1000, NOTES_MAX = 20 };

/* ---- list ---- */

static enum call_next list_step(struct call *call)
{
	uint32_t *cursor = call->state;
	struct daemon *d = call->daemon;
	struct value *reply = value_object(), *entries = value_array();
	const struct never_entry *entry = NULL;

	for (size_t n = 0; n < CALL_ROWS || !call->more; n++) {
		entry = never_block_each(engine_never(d->engine), cursor);
		if (!entry) {
			break;
		}
		value_add(entries, row_never(d, entry, clock_now()));
	}
	value_set(reply, "entries", entries);
	call_reply(call, reply, entry != NULL);
	return entry ? CALL_AGAIN : CALL_DONE;
}

enum call_next answer_never_list(struct call *call)
{
	call->state = calloc(1, sizeof(uint32_t));
	call->free_state = free;
	call->step = list_step;
	return call->state ? list_step(call) : call_refused(call, NULL, "no memory");
}

/* ---- which entries are meant ---- */

/* The scope of the whole order. False: the call has been answered with why not. */
static bool read_scope(struct call *call, struct never_entry *ret)
{
	const struct ruleset *rules = engine_ruleset(call->daemon->engine);
	struct str jail = value_text(value_get(call->parameters, "jail"), STR_NONE);
	struct str service = value_text(value_get(call->parameters, "service"), STR_NONE);

	if (jail.n) {
		ret->jail = ruleset_jail(rules, jail);
		if (ret->jail == JAIL_BY_HAND) {
			(void)call_refused(call, "ipsctl status", "there is no jail %.*s",
					   STR_ARG(jail));
			return false;
		}
	}
	if (service.n) {
		ret->service = names_find(&rules->services, service);
		if (ret->service == NAMES_NONE) {
			(void)call_refused(call, "ipsctl check --verbose",
					   "no filter and no jail knows a service %.*s",
					   STR_ARG(service));
			return false;
		}
	}
	return true;
}

/* An address, a prefix or a host name. False: the call has been answered. */
static bool read_entry(struct call *call, struct str text, struct never_entry *ret)
{
	char prefix[PREFIX_TEXT_MAX];
	int r = prefix_parse(text, &ret->prefix);

	if (r == -ERANGE) {
		(void)call_refused(call, NULL, "%.*s has bits behind its length; did you mean %s?",
				   STR_ARG(text), prefix_format(&ret->prefix, prefix));
	} else if (r < 0 && hostname_is_entry(text)) {
		ret->prefix = (struct prefix){ 0 };
		ret->text = text;
		r = 0;
	} else if (r < 0) {
		(void)call_invalid(call, "entries");
	}
	return r == 0;
}

/* ---- add ---- */

static bool read_wish(struct call *call, const struct value *wish, bool force,
		      struct never_entry *ret)
{
	char prefix[PREFIX_TEXT_MAX];

	if (!read_entry(call, value_text(value_get(wish, "entry"), STR_NONE), ret)) {
		return false;
	}
	ret->reason = value_text(value_get(wish, "reason"), STR_NONE);
	if (order_until(wish, clock_now(), &ret->until) < 0) {
		(void)call_invalid(call, "seconds");
		return false;
	}
	if (!never_entry_is_host(ret) && order_is_too_wide(&ret->prefix) && !force) {
		(void)call_refused(
			call, NULL,
			"%s is a large part of the internet, and nobody in it would ever be "
			"blocked; --force does it all the same",
			prefix_format(&ret->prefix, prefix));
		return false;
	}
	return true;
}

/* The entries of the request, free()d by the caller; NULL: the call has been answered. */
static struct never_entry *read_wishes(struct call *call, size_t *ret_n)
{
	const struct value *list = value_get(call->parameters, "entries");
	bool force = value_bool(value_get(call->parameters, "force"), false);
	size_t n = value_length(list);
	struct never_entry scope = { .jail = NEVER_ANY_JAIL, .service = NEVER_ANY_SERVICE };
	struct never_entry *entries = NULL;
	bool good = read_scope(call, &scope);

	if (good && (n == 0 || n > NEVER_ENTRIES_MAX)) {
		(void)call_refused(call, NULL, "between 1 and %d entries at a time",
				   NEVER_ENTRIES_MAX);
		return NULL;
	}
	entries = good ? calloc(n, sizeof(*entries)) : NULL;
	for (size_t i = 0; entries && good && i < n; i++) {
		entries[i] = scope;
		good = read_wish(call, value_at(list, i), force, &entries[i]);
	}
	if (!good) {
		free(entries);
		return NULL;
	}
	*ret_n = n;
	return entries;
}

static void note_about(const struct engine *e, const struct never_entry *entry, struct value *notes)
{
	const struct ban *cover = NULL;
	char inner[PREFIX_TEXT_MAX], outer[PREFIX_TEXT_MAX], line[256];

	if (never_entry_is_host(entry)) {
		snprintf(line, sizeof(line), "the addresses of %.*s are looked up and follow",
			 STR_ARG(entry->text));
		value_add_text(notes, str_of(line));
		return;
	}
	cover = bans_covering(engine_bans(e), &entry->prefix);
	if (!cover) {
		return;
	}
	prefix_format_short(&entry->prefix, inner);
	prefix_format_short(&cover->prefix, outer);
	if (never_entry_is_global(entry)) {
		snprintf(line, sizeof(line), "%s stays blocked, but for %s", outer, inner);
	} else {
		snprintf(
			line, sizeof(line),
			"%s is still blocked: %s covers it, for another reason; let it in: ipsctl unban %s",
			inner, outer, outer);
	}
	value_add_text(notes, str_of(line));
}

/* Gives the order; false: the call has been answered. */
static bool give(struct call *call, const struct order *order, struct order_result *ret)
{
	struct daemon *d = call->daemon;
	int r;

	wheel_open_order(d);
	r = engine_order(d->engine, order, ret);
	if (r >= 0) {
		learning_hurry(d);
		r = wheel_apply(d, false);
	}
	if (r >= 0) {
		if (store_put_never(d->store, d->engine) < 0) {
			log_error("never-block cannot be saved: %s; a restart would forget it",
				  store_error(d->store));
		}
		return true;
	}
	(void)!wheel_close_order(d);
	if (r == -ENOSPC) {
		(void)call_refused(call, "ipsctl never-block list",
				   "never-block has room for %d entries", NEVER_ENTRIES_MAX);
	} else {
		(void)call_refused(call, "ipsctl status", "%s", strerror(-r));
	}
	return false;
}

static enum call_next add_run(struct call *call, const struct never_entry *entries, size_t n)
{
	const struct order order = {
		.kind = ORDER_NEVER_ADD,
		.time = clock_now(),
		.by = str_of(call->peer.user),
		.reason = value_text(value_get(call->parameters, "reason"), STR_NONE),
		.never = entries,
		.n_never = n,
	};
	struct order_call *o = order_new(call, 0);
	struct order_result result;
	struct value *notes;

	if (!o || !give(call, &order, &result)) {
		return CALL_DONE;
	}
	notes = value_array();
	for (size_t i = 0; i < n && value_length(notes) < NOTES_MAX; i++) {
		note_about(call->daemon->engine, &entries[i], notes);
	}
	log_notice("%s changed never-block: entries put on it %zu, renewed %zu; bans lifted %zu",
		   call->peer.user, result.made, result.renewed, result.lifted);
	value_set_int(o->reply, "added", (int64_t)result.made);
	value_set_int(o->reply, "renewed", (int64_t)result.renewed);
	value_set_int(o->reply, "lifted", (int64_t)result.lifted);
	value_set(o->reply, "notes", notes);
	return order_end(call, o);
}

enum call_next answer_never_add(struct call *call)
{
	size_t n;
	struct never_entry *entries;
	enum call_next next = CALL_DONE;

	if (order_must_wait(call)) {
		return order_wait(call);
	}
	entries = read_wishes(call, &n);
	if (entries) {
		next = add_run(call, entries, n);
		free(entries);
	}
	return next;
}

/* ---- remove ---- */

static bool is_meant(const struct never_entry *entry, const struct never_entry *wish)
{
	return prefix_eq(&entry->prefix, &wish->prefix) &&
	       (!never_entry_is_host(wish) || str_eq(entry->text, wish->text)) &&
	       (wish->jail == NEVER_ANY_JAIL || wish->jail == entry->jail) &&
	       (wish->service == NEVER_ANY_SERVICE || wish->service == entry->service);
}

/* What to do about an entry that is not by hand. */
static void refuse(struct call *call, const struct never_entry *entry)
{
	char text[PREFIX_TEXT_MAX];

	prefix_format_short(&entry->prefix, text);
	switch (entry->from) {
	case NEVER_CONFIG:
		(void)call_refused(call, "ipsctl reload", "%s stands in %.*s:%u; take it out there",
				   text, STR_ARG(entry->file), entry->line);
		break;
	case NEVER_PRIVATE:
		(void)call_refused(call, "ipsctl reload",
				   "%s is built in; `private = no` in [never-block] of ipsd.conf "
				   "takes all private networks off",
				   text);
		break;
	case NEVER_HOST:
		(void)call_refused(call, "ipsctl never-block list",
				   "%s is an address of the host name %.*s; take that off", text,
				   STR_ARG(entry->text));
		break;
	case NEVER_OWN:
	case NEVER_RESOLVER:
	case NEVER_GATEWAY:
	case NEVER_SSH_PEER:
		(void)call_refused(call, "ipsctl cat",
				   "%s was found by ipsd (%s); [never-block] of ipsd.conf says "
				   "whether it looks for such",
				   text, never_from_word(entry->from));
		break;
	case NEVER_BY_HAND: break;
	}
}

/* The entries that are to go, free()d by the caller. */
struct going {
	struct never_entry *at;
	size_t n, cap;
};

static int keep(struct going *g, const struct never_entry *entry)
{
	if (g->n == g->cap) {
		size_t cap = g->cap > 0 ? 2 * g->cap : 16;
		struct never_entry *more = reallocarray(g->at, cap, sizeof(*more));

		if (!more) {
			return -ENOMEM;
		}
		g->at = more;
		g->cap = cap;
	}
	g->at[g->n++] = *entry;
	return 0;
}

/* Collects the entries by hand that the wish means. False: the call has been answered. */
static bool collect(struct call *call, const struct never_entry *wish, struct going *g)
{
	const struct never_entry *entry, *other = NULL;
	uint32_t cursor = 0;
	size_t before = g->n;

	while ((entry = never_block_each(engine_never(call->daemon->engine), &cursor))) {
		if (!is_meant(entry, wish)) {
			continue;
		}
		if (entry->from != NEVER_BY_HAND) {
			other = entry;
		} else if (keep(g, entry) < 0) {
			(void)call_refused(call, NULL, "no memory");
			return false;
		}
	}
	if (other && g->n == before) {
		refuse(call, other);
		return false;
	}
	return true;
}

static bool read_going(struct call *call, struct going *g)
{
	const struct value *list = value_get(call->parameters, "entries");
	struct never_entry scope = { .jail = NEVER_ANY_JAIL, .service = NEVER_ANY_SERVICE };
	size_t n = value_length(list);
	bool good = read_scope(call, &scope);

	if (good && (n == 0 || n > REMOVE_MAX)) {
		(void)call_refused(call, NULL, "between 1 and %d entries at a time", REMOVE_MAX);
		return false;
	}
	for (size_t i = 0; good && i < n; i++) {
		struct never_entry wish = scope;

		good = read_entry(call, value_text(value_at(list, i), STR_NONE), &wish) &&
		       collect(call, &wish, g);
	}
	return good;
}

/* What keeps them on the list all the same: the entries that cover them. */
static struct value *still(struct call *call)
{
	const struct value *list = value_get(call->parameters, "entries");
	const struct engine *e = call->daemon->engine;
	struct value *rows = value_array();

	for (size_t i = 0; i < value_length(list) && value_length(rows) < NOTES_MAX; i++) {
		const struct never_entry *by = NULL;
		struct prefix p;

		if (prefix_parse(value_text(value_at(list, i), STR_NONE), &p) == 0) {
			by = never_block_find(engine_never(e), &p, JAIL_BY_HAND, NEVER_ANY_SERVICE);
		}
		if (by) {
			value_add(rows, row_never(call->daemon, by, clock_now()));
		}
	}
	return rows;
}

static enum call_next remove_run(struct call *call, const struct going *g)
{
	const struct order order = {
		.kind = ORDER_NEVER_REMOVE,
		.time = clock_now(),
		.by = str_of(call->peer.user),
		.never = g->at,
		.n_never = g->n,
	};
	struct order_call *o = order_new(call, 0);
	struct order_result result;

	if (!o || !give(call, &order, &result)) {
		return CALL_DONE;
	}
	log_notice("%s took %zu entr%s off never-block", call->peer.user, result.removed,
		   result.removed == 1 ? "y" : "ies");
	value_set_int(o->reply, "removed", (int64_t)result.removed);
	value_set(o->reply, "still", still(call));
	return order_end(call, o);
}

enum call_next answer_never_remove(struct call *call)
{
	struct going g = { .n = 0 };
	enum call_next next = CALL_DONE;

	if (order_must_wait(call)) {
		return order_wait(call);
	}
	if (read_going(call, &g)) {
		next = remove_run(call, &g);
	}
	free(g.at);
	return next;
}
