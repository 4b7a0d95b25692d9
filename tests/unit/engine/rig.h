/* SPDX-License-Identifier: MIT */
#pragma once
/* rig.h - an engine on the table: rules in a few lines, events by hand, decisions as text.
 *
 * One source, one filter, up to four jails that watch it, named a, b, c, d. Each begins as VPOP3's
 * SMTP jail: 60 minutes, 1000 points, banned for 30 minutes. Times are seconds. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/engine.h"
#include "unit/check.h"

enum { RIG_JAILS = 4, RIG_SAID = 8192 };

static const uint8_t SEED[TABLE_SEED_SIZE] = { 9 };

/* VPOP3's documented weights. */
static const points VPOP3[] = {
	[EVENT_AUTH_FAILURE] = 50,
	[EVENT_RELAY_DENIED] = 100,
	[EVENT_BAD_RECIPIENT] = 50,
	[EVENT_IDS_VERDICT] = POINTS_BAN,
};

static const uint16_t RIG_ALL_JAILS[RIG_JAILS] = { 0, 1, 2, 3 };

static inline struct ruleset *rig_rules(size_t n_jails)
{
	static const char *const names[RIG_JAILS] = { "a", "b", "c", "d" };
	struct ruleset *r = NULL;
	struct route *route;

	assert_int_equal(ruleset_new(&r), 0);
	route = arena_alloc(r->arena, 1, sizeof(*route));
	r->jails = arena_alloc(r->arena, RIG_JAILS, sizeof(*r->jails));
	r->sources = arena_alloc(r->arena, 1, sizeof(*r->sources));
	assert_true(route && r->jails && r->sources);
	r->n_jails = n_jails;
	for (size_t i = 0; i < n_jails; i++) {
		r->jails[i] = (struct jail){
			.name = str_of(names[i]),
			.window = seconds(3600),
			.threshold = 1000,
			.ladder = { seconds(1800) },
			.steps = 1,
			.ban_memory = seconds(30 * 86400),
			.points = VPOP3,
			.n_points = ARRAY_SIZE(VPOP3),
		};
	}
	*route = (struct route){ .jails = RIG_ALL_JAILS, .n_jails = n_jails };
	r->n_sources = 1;
	r->sources[0] = (struct source){ .routes = route, .n_routes = 1 };
	return r;
}

static inline struct netset *rig_set(const char *prefix)
{
	struct netset *set = netset_new();
	struct prefix p = { 0 };

	assert_non_null(set);
	assert_int_equal(prefix_parse(str_of(prefix), &p), 0);
	assert_int_equal(netset_add(set, &p, 1), 0);
	netset_seal(set);
	return set;
}

static inline struct engine *rig_start_with(struct ruleset *r, struct engine_limits limits)
{
	struct engine *e = NULL;

	assert_int_equal(engine_new(r, &limits, SEED, &e), 0);
	return e;
}

static inline struct engine *rig_start(struct ruleset *r)
{
	return rig_start_with(r, (struct engine_limits){ .subjects = 1000, .bans = 1000 });
}

static inline struct event rig_event(const char *addr, uint16_t type, int64_t time)
{
	struct event e = {
		.time = instant_at(time), .type = type, .service = EVENT_SERVICE_NONE, .count = 1
	};

	assert_int_equal(addr_parse(str_of(addr), &e.addr), 0);
	return e;
}

static inline void rig_feed(struct engine *e, const char *addr, uint16_t type, int64_t time)
{
	const struct event event = rig_event(addr, type, time);

	assert_true(engine_feed_event(e, &event));
}

/* n events, the first at `time`, one a second. */
static inline void rig_feed_many(struct engine *e, const char *addr, uint16_t type, int64_t time,
				 int64_t n)
{
	for (int64_t i = 0; i < n; i++) {
		rig_feed(e, addr, type, time + i);
	}
}

static inline struct prefix rig_prefix(const char *text)
{
	struct prefix p = { 0 };

	assert_int_equal(prefix_parse(str_of(text), &p), 0);
	return p;
}

static inline const char *rig_time(instant t, char out[static 32])
{
	if (instant_is_never(t)) {
		return "never";
	}
	(void)snprintf(out, 32, "%" PRId64, t.us / 1000000);
	return out;
}

static inline void rig_say(char *out, const char *fmt, ...) PRINTF(2, 3);

static inline void rig_say(char *out, const char *fmt, ...)
{
	size_t n = strlen(out);
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(out + n, RIG_SAID - n, fmt, args);
	va_end(args);
}

/* A decision as `ban 1 a 192.0.2.1/32 100-1900`, `spared 2 b ... 100-1900 never-block`, `lift 1 a
 * ... 1900 expired`. */
static inline void rig_say_decision(const struct engine *e, char *out, const struct decision *d)
{
	const struct str jail = ruleset_jail_name(engine_ruleset(e), d->jail);
	char prefix[PREFIX_TEXT_MAX], time[32], until[32];

	rig_say(out, "%s%s %" PRIu64 " %.*s %s %s", out[0] != '\0' ? "; " : "",
		decision_word(d->kind), d->ban, STR_ARG(jail), prefix_format(&d->prefix, prefix),
		rig_time(d->time, time));
	if (d->kind != DECISION_LIFT) {
		rig_say(out, "-%s", rig_time(d->until, until));
	}
	if (d->because != BECAUSE_NONE) {
		rig_say(out, " %s", because_word(d->because));
	}
}

/* All decisions since the last take, parted by `; `. */
static inline const char *rig_said(struct engine *e)
{
	static char said[RIG_SAID];
	const struct batch batch = engine_take(e);

	said[0] = '\0';
	for (size_t i = 0; i < batch.n_decisions; i++) {
		rig_say_decision(e, said, &batch.decisions[i]);
	}
	return said;
}
