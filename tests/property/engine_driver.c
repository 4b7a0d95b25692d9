/* SPDX-License-Identifier: MIT */
/* The engine at the end of a pipe: reads the sequences that sequence.py describes, any number of
 * them, from standard input and prints what the engine answers to each line of what happens, then a
 * line with a dot. */
#include <malloc.h>
#include <stdio.h>

#include "property/driver.h"

static void feed(struct driver *d, const struct words *w)
{
	struct event e = { .time = { word_time(w->at[1]) },
			   .type = word_small(w->at[3]),
			   .service = EVENT_SERVICE_NONE,
			   .source = word_small(w->at[5]),
			   .filter = word_small(w->at[6]),
			   .count = word_small(w->at[7]),
			   .account = w->n > 8 ? w->at[8] : STR_NONE,
			   .text = STR("a line") };

	if (!str_eq(w->at[2], STR("-")) && addr_parse(w->at[2], &e.addr) < 0) {
		fail("no address", w->at[2]);
	}
	if (!str_eq(w->at[4], STR("none"))) {
		e.service = word_small(w->at[4]);
	}
	if (!engine_feed_event(d->engine, &e)) {
		fail("refused", w->at[0]);
	}
}

/* The database marks them: they count no more, in one jail or in none. */
static void forget_inside(struct driver *d, const struct order *o)
{
	const struct ruleset *rules = engine_ruleset(d->engine);
	struct prefix inside = o->prefix;
	size_t n = 0;

	if (inside.addr.family == 6 && inside.len > rules->host_v6) {
		inside = prefix_of(&inside.addr, rules->host_v6);
	}
	for (size_t i = 0; i < d->n_events; i++) {
		struct prefix subject = ruleset_subject(rules, &d->events[i].counted.event.addr);

		bool meant = o->kind == ORDER_UNBAN_ALL || prefix_contains(&inside, &subject);

		if (meant && o->jail == ORDER_ANY_JAIL) {
			continue;
		}
		if (meant && o->jail != JAIL_BY_HAND) {
			d->events[i].forgotten |= letter(rules->jails[o->jail].name);
		}
		d->events[n++] = d->events[i];
	}
	d->n_events = n;
}

static uint16_t order_jail(struct str word)
{
	if (str_eq(word, STR("any"))) {
		return ORDER_ANY_JAIL;
	}
	return str_eq(word, STR("hand")) ? JAIL_BY_HAND : word_small(word);
}

/* The entry of an order whose word number `at` is the jail. */
static struct never_entry read_never(const struct words *w, size_t at)
{
	const struct prefix p = word_prefix(w->at[2]);
	struct never_entry entry = never_entry_of(NEVER_BY_HAND, &p);

	if (!str_eq(w->at[at], STR("any"))) {
		entry.jail = word_small(w->at[at]);
	}
	if (!str_eq(w->at[at + 1], STR("any"))) {
		entry.service = word_small(w->at[at + 1]);
	}
	return entry;
}

static struct order read_order(const struct words *w, struct never_entry *never)
{
	struct order o = { .time = { word_time(w->at[1]) },
			   .by = STR("ann"),
			   .reason = STR("why") };
	struct str verb = w->at[0];

	if (str_eq(verb, STR("ban"))) {
		o.kind = ORDER_BAN;
		o.prefix = word_prefix(w->at[2]);
		o.until = (instant){ word_time(w->at[3]) };
		o.scope = word_small(w->at[4]);
	} else if (str_eq(verb, STR("unban"))) {
		o.kind = ORDER_UNBAN;
		o.prefix = word_prefix(w->at[2]);
		o.jail = order_jail(w->at[3]);
	} else if (str_eq(verb, STR("unban-all"))) {
		o.kind = ORDER_UNBAN_ALL;
		o.jail = order_jail(w->at[2]);
	} else if (str_eq(verb, STR("never-add"))) {
		o.kind = ORDER_NEVER_ADD;
		*never = read_never(w, 4);
		never->until = (instant){ word_time(w->at[3]) };
	} else if (str_eq(verb, STR("never-remove"))) {
		o.kind = ORDER_NEVER_REMOVE;
		*never = read_never(w, 3);
	} else if (str_eq(verb, STR("observe"))) {
		o.kind = ORDER_OBSERVE;
	} else if (str_eq(verb, STR("enforce"))) {
		o.kind = ORDER_ENFORCE;
	} else {
		fail("unknown", verb);
	}
	return o;
}

static void give_order(struct driver *d, const struct words *w)
{
	struct never_entry never;
	struct order o = read_order(w, &never);
	struct order_result result;

	o.never = &never;
	o.n_never = 1;
	if (engine_order(d->engine, &o, &result) < 0) {
		fail("order failed", w->at[0]);
	}
	if (o.kind == ORDER_UNBAN || o.kind == ORDER_UNBAN_ALL) {
		forget_inside(d, &o);
	}
	answer_batch(d);
	answer_order(&o, &result);
}

static void happen(struct driver *d, const struct words *w)
{
	bool ends = str_eq(w->at[0], STR("end"));

	if (!d->engine) {
		rules_start(d);
	}
	if (w->n < 2) {
		fail("no time", w->at[0]);
	}
	if (str_eq(w->at[0], STR("event"))) {
		feed(d, w);
	} else if (str_eq(w->at[0], STR("tick"))) {
		engine_set_lag(d->engine, (duration){ w->n > 2 ? word_time(w->at[2]) : 0 });
		while (!engine_tick(d->engine, (instant){ word_time(w->at[1]) })) {
			answer_batch(d);
		}
	} else if (str_eq(w->at[0], STR("reload"))) {
		rules_change(d, (instant){ word_time(w->at[1]) });
	} else if (ends) {
		answer_state(d->engine, w);
	} else {
		give_order(d, w);
	}
	answer_batch(d);
	(void)puts(".");
	if (ends) {
		rules_stop(d);
	}
}

static void read_line(struct driver *d, struct str line)
{
	struct words w = { .n = 0 };

	while (w.n < WORDS && str_word(&line, &w.at[w.n])) {
		w.n++;
	}
	if (w.n == 0 || w.at[0].p[0] == '#') {
		return;
	}
	if (str_eq(w.at[0], STR("rules"))) {
		rules_begin(d, &w);
	} else if (str_eq(w.at[0], STR("jail"))) {
		rules_add_jail(d, &w);
	} else {
		/* Missing words are empty, and no number. */
		happen(d, &w);
	}
}

int main(void)
{
	static char line[8192];
	static struct driver d;

	/* Each engine gets fresh pages, so that its large tables need not be cleared. */
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 17);
	while (fgets(line, sizeof(line), stdin)) {
		next_line();
		read_line(&d, str_of(line));
	}
	if (d.rules || d.engine) {
		fail("a sequence without its end", STR_NONE);
	}
	return 0;
}
