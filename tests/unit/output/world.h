/* SPDX-License-Identifier: MIT */
#pragma once
/* world.h - an engine and its store in a directory of the test's own, and restarts of both.
 *
 * Jails a and b as in rig.h watch filter `f` on /log; scope 1 is `mail`. Times are seconds before
 * or after the moment at which the test began. */
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output/store.h"
#include "sys/clock.h"
#include "unit/engine/rig.h"

struct world {
	char dir[64], path[96], aside[256];
	struct store *store;
	struct engine *engine;
	int64_t now;                      /* unix seconds */
	int opened;                       /* what store_open() said last */
	size_t dropped, moved;            /* told by the last start */
	void (*rules)(struct ruleset *r); /* changes the rules of the next start; NULL */
};

static inline struct ruleset *world_rules(const struct world *w)
{
	struct ruleset *r = rig_rules(2);
	uint16_t number;

	r->filters = arena_alloc(r->arena, 1, sizeof(*r->filters));
	r->scopes = arena_alloc(r->arena, SCOPES_MAX, sizeof(*r->scopes));
	assert_true(r->filters && r->scopes);
	r->filters[0].name = STR("f");
	r->n_filters = 1;
	r->sources[0].text = STR("/log");
	r->scopes[0] = (struct scope){ .name = STR("all"), .label = STR("all") };
	r->scopes[1] = (struct scope){ .name = STR("mail"), .label = STR("mail") };
	r->n_scopes = 2;
	assert_int_equal(names_add(&r->services, r->arena, STR("smtp"), &number), 0);
	if (w->rules) {
		w->rules(r);
	}
	return r;
}

static inline void world_stop(struct world *w)
{
	w->store = store_free(w->store);
	w->engine = engine_free(w->engine);
}

static inline void world_gone(void *arg, const struct stored_ban *ban, bool moved)
{
	struct world *w = arg;

	assert_true(ban->scope.n > 0);
	w->moved += moved;
	w->dropped += !moved;
}

/* Ports that are named by a number can be had again. */
static inline int world_scope(void *arg, struct str words, uint16_t *ret)
{
	struct world *w = arg;
	static struct port_range range = { .proto = PROTO_TCP, .low = 25, .high = 25 };
	const struct scope wanted = {
		.name = STR("p_25_"), .label = words, .ranges = &range, .n_ranges = 1
	};

	return str_eq(words, STR("25")) ? engine_scope(w->engine, &wanted, ret) : -EINVAL;
}

static inline int world_recall(struct world *w)
{
	const struct store_recall_calls calls = { .gone = world_gone,
						  .scope = world_scope,
						  .arg = w };

	w->dropped = w->moved = 0;
	return store_recall(w->store, w->engine, instant_at(w->now), &calls);
}

static inline void world_start(struct world *w)
{
	w->opened = store_open(w->dir, w->aside, &w->store);
	assert_non_null(w->store);
	w->engine = rig_start(world_rules(w));
	assert_int_equal(world_recall(w), 0);
}

static inline void world_restart(struct world *w)
{
	world_stop(w);
	world_start(w);
	assert_int_equal(w->opened, 0);
}

/* Writes what the engine has said. */
static inline int world_apply(struct world *w)
{
	const struct batch batch = engine_take(w->engine);

	return store_apply(w->store, engine_ruleset(w->engine), &batch, NULL, 0, false);
}

static inline void world_feed(struct world *w, const struct event *event)
{
	assert_true(engine_feed_event(w->engine, event));
}

/* n refused relays of the address, one a second, the first at `at`; stored. */
static inline void world_attack(struct world *w, const char *addr, int64_t at, int64_t n)
{
	rig_feed_many(w->engine, addr, EVENT_RELAY_DENIED, w->now + at, n);
	assert_int_equal(world_apply(w), 0);
}

static inline const struct ban *world_ban(const struct world *w, uint16_t jail, const char *prefix)
{
	const struct prefix p = rig_prefix(prefix);

	return engine_find_ban(w->engine, jail, &p, SCOPE_ALL);
}

static inline int64_t world_score_in(const struct world *w, uint16_t jail, const char *prefix)
{
	const struct prefix p = rig_prefix(prefix);

	return engine_score(w->engine, jail, &p, instant_at(w->now), NULL, 0).score;
}

static inline int64_t world_score(const struct world *w, const char *prefix)
{
	return world_score_in(w, 0, prefix);
}

static inline void world_order(struct world *w, struct order order)
{
	struct order_result result;

	order.time = instant_at(w->now);
	assert_int_equal(engine_order(w->engine, &order, &result), 0);
	assert_int_equal(world_apply(w), 0);
}

static inline int world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->now = clock_now().us / 1000000;
	snprintf(w->dir, sizeof(w->dir), "/tmp/ipsd-unit-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->path, sizeof(w->path), "%s/state.db", w->dir);
	world_start(w);
	*state = w;
	return 0;
}

static inline int world_remove(const char *path, const struct stat *st, int what, struct FTW *at)
{
	(void)st;
	(void)what;
	(void)at;
	return remove(path);
}

static inline int world_teardown(void **state)
{
	struct world *w = *state;

	world_stop(w);
	assert_int_equal(nftw(w->dir, world_remove, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(w);
	return 0;
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

/* ---- rows ---- */

/* Rows as text, parted by blanks: ids of events or decisions. */
struct ids {
	struct buf text;
	size_t n, stop_after;
};

static inline bool ids_event(void *arg, const struct stored_event *event)
{
	struct ids *ids = arg;

	buf_printf(&ids->text, "%s%" PRIu64 "%s", ids->n ? " " : "", event->id,
		   event->ignored ? "!" : "");
	return ++ids->n != ids->stop_after;
}

static inline bool ids_ban(void *arg, const struct stored_ban *ban)
{
	struct ids *ids = arg;

	buf_printf(&ids->text, "%s%" PRIu64 "%s", ids->n ? " " : "", ban->decision.ban,
		   ban->ended.us ? "!" : "");
	return ++ids->n != ids->stop_after;
}

static inline void ids_done(struct ids *ids)
{
	buf_done(&ids->text);
}

/* Events, newest first, ignored ones with a mark. */
static inline void assert_events(struct world *w, const char *subject, const char *expected)
{
	CLEANUP(ids_done) struct ids ids = { 0 };
	struct prefix p = subject ? rig_prefix(subject) : (struct prefix){ 0 };
	struct store_walk walk = { .subject = subject ? &p : NULL, .scan = 1000 };

	assert_int_equal(store_events(w->store, &walk, ids_event, &ids), 0);
	assert_string_equal(buf_text(&ids.text), expected);
}

/* Decisions, newest first, ended ones with a mark. */
static inline void assert_bans(struct world *w, const char *subject, const char *expected)
{
	CLEANUP(ids_done) struct ids ids = { 0 };
	struct prefix p = subject ? rig_prefix(subject) : (struct prefix){ 0 };

	assert_int_equal(store_bans(w->store, subject ? &p : NULL, 0, 100, ids_ban, &ids), 0);
	assert_string_equal(buf_text(&ids.text), expected);
}
