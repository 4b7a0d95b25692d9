/* SPDX-License-Identifier: MIT */
/* Show, asked about an account: who tries it, who has logged in, and which of them is blocked. The
 * events are walked backwards in slices between other work, as far as those of an address are. */
#include <stdlib.h>

#include "daemon/answer_show.h"
#include "daemon/rows.h"
#include "sys/clock.h"

enum { TRIED_MAX = 64, ACCOUNT_EVENTS = 20, ACCOUNT_BANS = 64, ACCOUNT_ENTRIES = 1000 };

struct tried {
	struct addr addr;
	uint64_t events, logins;
	instant last;
};

struct account {
	struct daemon *daemon;
	struct str name; /* part of the request */
	instant now;
	struct tried tried[TRIED_MAX]; /* those heard of last */
	size_t n_tried;
	uint64_t all, others; /* events; those of further addresses */
	uint64_t scanned;
	struct store_walk walk;
	struct value *events, *bans;
	bool banned;
};

static void account_free(void *state)
{
	struct account *a = state;

	value_free(a->events);
	value_free(a->bans);
	free(a);
}

static struct tried *find_tried(struct account *a, const struct addr *addr)
{
	for (size_t i = 0; i < a->n_tried; i++) {
		if (addr_eq(&a->tried[i].addr, addr)) {
			return &a->tried[i];
		}
	}
	if (a->n_tried == TRIED_MAX) {
		return NULL;
	}
	a->tried[a->n_tried] = (struct tried){ .addr = *addr };
	return &a->tried[a->n_tried++];
}

static void count_tried(struct account *a, const struct stored_event *event)
{
	struct tried *tried = event->addr.family ? find_tried(a, &event->addr) : NULL;

	a->all += event->count;
	if (!tried) {
		a->others += event->count;
		return;
	}
	if (str_eq(event->type, STR("login"))) {
		tried->logins += event->count;
	} else {
		tried->events += event->count;
	}
	tried->last = event->time.us > tried->last.us ? event->time : tried->last;
}

static bool account_event(void *arg, const struct stored_event *event)
{
	struct account *a = arg;

	if (str_eq_nocase(a->name, event->account)) {
		count_tried(a, event);
		if (value_length(a->events) < ACCOUNT_EVENTS) {
			value_add(a->events, row_event(a->daemon, event, false));
		}
	}
	return true;
}

/* The address's bans go to the list of all; is it blocked? */
static bool tried_is_blocked(struct account *a, const struct tried *tried)
{
	const struct ruleset *rules = engine_ruleset(a->daemon->engine);
	struct prefix subject = ruleset_subject(rules, &tried->addr);
	const struct ban *ban = bans_covering(engine_bans(a->daemon->engine), &subject);

	if (!ban || engine_observes(a->daemon->engine)) {
		return false;
	}
	if (value_length(a->bans) < ACCOUNT_BANS) {
		value_add(a->bans, row_ban(a->daemon, ban, a->now));
	}
	return true;
}

static struct value *tried_row(struct account *a, const struct tried *tried)
{
	struct value *row = value_object();
	bool blocked = tried_is_blocked(a, tried);
	char text[ADDR_TEXT_MAX];

	a->banned = a->banned || blocked;
	value_set_word(row, "address", addr_format(&tried->addr, text));
	row_set_country(row, a->daemon, &tried->addr, a->now);
	value_set_int(row, "events", (int64_t)tried->events);
	value_set_int(row, "logins", (int64_t)tried->logins);
	value_set_instant(row, "last", tried->last);
	value_set_bool(row, "blocked", blocked);
	return row;
}

/* In the jails that count by account. */
static struct value *account_scores(const struct account *a)
{
	static struct evidence entries[ACCOUNT_ENTRIES];
	const struct ruleset *rules = engine_ruleset(a->daemon->engine);
	struct value *list = value_array();

	for (size_t i = 0; i < rules->n_jails; i++) {
		const struct engine_score has = engine_score_account(a->daemon->engine, (uint16_t)i,
								     a->name, a->now, entries,
								     ACCOUNT_ENTRIES);

		if (has.n) {
			value_add(list, show_score_row(rules, &rules->jails[i], &has, entries,
						       has.n < ACCOUNT_ENTRIES ? has.n
									       : ACCOUNT_ENTRIES));
		}
	}
	return list;
}

static enum call_next account_reply(struct call *call, struct account *a)
{
	struct value *reply = value_object(), *addresses = value_array();

	for (size_t i = 0; i < a->n_tried; i++) {
		value_add(addresses, tried_row(a, &a->tried[i]));
	}
	value_set_text(reply, "query", a->name);
	value_set_null(reply, "table");
	value_set_word(reply, "kind", "account");
	value_set_null(reply, "prefix");
	value_set_word(reply, "mode", engine_observes(a->daemon->engine) ? "observe" : "enforce");
	value_set_bool(reply, "banned", a->banned);
	value_set(reply, "bans", TAKE(a->bans));
	value_set(reply, "scores", account_scores(a));
	value_set(reply, "evidence", value_array());
	value_set(reply, "events", TAKE(a->events));
	value_set_null(reply, "never_block");
	value_set(reply, "never", value_array());
	value_set_null(reply, "country");
	value_set_int(reply, "blocks_30d", 0);
	value_set(reply, "kernel", value_array());
	value_set_null(reply, "covered_by");
	value_set(reply, "past", value_array());
	value_set(reply, "addresses", addresses);
	value_set_int(reply, "all_events", (int64_t)a->all);
	value_set_int(reply, "other_events", (int64_t)a->others);
	call_reply(call, reply, false);
	return CALL_DONE;
}

static enum call_next account_step(struct call *call)
{
	struct account *a = call->state;
	int r = store_events(a->daemon->store, &a->walk, account_event, a);

	a->scanned += a->walk.scan;
	if (r >= 0 && a->walk.before && a->scanned < SHOW_SCAN_MAX) {
		return CALL_YIELD;
	}
	return account_reply(call, a);
}

enum call_next answer_show_account(struct call *call, struct str name)
{
	struct account *a = calloc(1, sizeof(*a));

	if (!a) {
		return call_refused(call, NULL, "no memory");
	}
	*a = (struct account){ .daemon = call->daemon, .name = name, .now = clock_now() };
	a->events = value_array();
	a->bans = value_array();
	a->walk = (struct store_walk){ .scan = SHOW_SLICE };
	call->state = a;
	call->free_state = account_free;
	call->step = account_step;
	return account_step(call);
}
