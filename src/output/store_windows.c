/* SPDX-License-Identifier: MIT */
/* Windows are filled from the events: millions of rows at a start. So the rows' numbers of names
 * are turned into the ruleset's by a table that is made once, and texts are not read. */
#include <errno.h>
#include <stdlib.h>

#include "output/store_db.h"
#include "output/store_rows.h"

/* What a name means here; NAMES_NONE, EVENT_SOURCE_NONE: nothing. */
struct meaning {
	uint16_t type, service, filter, source;
};

struct windows {
	struct engine *engine;
	struct meaning *meanings;
	size_t n;
};

static struct meaning meaning_of(const struct ruleset *rules, struct str name)
{
	struct meaning m = {
		.type = names_find(&rules->types, name),
		.service = names_find(&rules->services, name),
		.filter = NAMES_NONE,
		.source = EVENT_SOURCE_NONE,
	};

	for (uint16_t i = 0; i < rules->n_filters; i++) {
		m.filter = str_eq(rules->filters[i].name, name) ? i : m.filter;
	}
	for (uint16_t i = 0; i < rules->n_sources; i++) {
		m.source = str_eq(rules->sources[i].text, name) ? i : m.source;
	}
	return m;
}

/* Number 0 is no name. */
static const struct meaning *meaning_at(const struct windows *w, int64_t number)
{
	return &w->meanings[number > 0 && (uint64_t)number < w->n ? number : 0];
}

static int read_names(struct store *s, struct windows *w)
{
	struct sql_statement *st;
	int64_t last = 0;
	int r = sql_number(s->sql, "SELECT max(id) FROM names", 0, &last);

	if (r < 0) {
		return r;
	}
	w->n = last > 0 && last < STORE_NAMES_MAX ? (size_t)last + 1 : 1;
	w->meanings = calloc(w->n, sizeof(*w->meanings));
	if (!w->meanings) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < w->n; i++) {
		w->meanings[i] = meaning_of(engine_ruleset(w->engine), STR_NONE);
	}
	r = sql_prepare(s->sql, "SELECT id, name FROM names", &st);
	while (r >= 0 && (r = sql_step(st)) == 1) {
		int64_t id = sql_int(st, 0);

		if (id > 0 && (uint64_t)id < w->n) {
			w->meanings[id] = meaning_of(engine_ruleset(w->engine), sql_bytes(st, 1));
		}
	}
	if (r >= 0) {
		sql_done(st);
	}
	return r;
}

enum {
	AT_ID,
	AT_TIME,
	AT_TYPE,
	AT_SERVICE,
	AT_FILTER,
	AT_SOURCE,
	AT_ADDR,
	AT_COUNT,
	AT_ACCOUNT,
	AT_DATA
};

/* Does the event mean anything here? */
static bool read_event(const struct windows *w, struct sql_statement *st, struct event *ret)
{
	const struct ruleset *rules = engine_ruleset(w->engine);
	int64_t service = sql_int(st, AT_SERVICE);
	bool of_ban;

	*ret = (struct event){
		.time = { .us = sql_int(st, AT_TIME) },
		.type = meaning_at(w, sql_int(st, AT_TYPE))->type,
		.service = service != 0 ? meaning_at(w, service)->service
					: (uint16_t)EVENT_SERVICE_NONE,
		.filter = meaning_at(w, sql_int(st, AT_FILTER))->filter,
		.source = meaning_at(w, sql_int(st, AT_SOURCE))->source,
		.count = (uint16_t)sql_int(st, AT_COUNT),
		.account = sql_bytes(st, AT_ACCOUNT),
	};
	(void)store_addr(sql_bytes(st, AT_ADDR), &ret->addr);
	of_ban = sql_int(st, AT_SOURCE) == 0 && ret->type == EVENT_BANNED;
	if (of_ban) {
		ret->pattern = ruleset_jail(rules, sql_bytes(st, AT_DATA));
	}
	return ret->type != NAMES_NONE &&
	       (of_ban || (ret->filter != NAMES_NONE && ret->source != EVENT_SOURCE_NONE));
}

static int fill(struct store *s, const struct windows *w, int64_t after)
{
	struct sql_statement *st;
	struct event event;
	int r = sql_prepare(
		s->sql,
		"SELECT id, time, type, service, filter, source, addr, count, account,"
		" CASE source WHEN 0 THEN data END FROM events WHERE id > ? ORDER BY id",
		&st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, after);
	while ((r = sql_step(st)) == 1) {
		struct stored_event stored = { .id = (uint64_t)sql_int(st, AT_ID) };
		bool counts = read_event(w, st, &event);
		struct jail_set but;

		stored.addr = event.addr;
		if (counts && !store_is_ignored_in(s, &stored, engine_ruleset(w->engine), &but)) {
			engine_recall_event(w->engine, stored.id, &event, &but);
		}
	}
	sql_done(st);
	return r;
}

/* A log goes on where it was left, however long ago. */
int store_recall_events(struct store *s, struct engine *e, instant now)
{
	struct windows w = { .engine = e };
	int64_t newest = 0, after = 0;
	instant oldest;
	int r = sql_number(s->sql, "SELECT time FROM events ORDER BY id DESC LIMIT 1", now.us,
			   &newest);

	if (r < 0) {
		return r;
	}
	oldest = instant_min(now, (instant){ .us = newest });
	oldest.us -= ruleset_window(engine_ruleset(e)).us;
	r = store_marks_find(s, oldest, &after);
	if (r >= 0) {
		r = read_names(s, &w);
	}
	if (r >= 0) {
		r = fill(s, &w, after);
	}
	free(w.meanings);
	return r < 0 ? store_fail(s, r) : 0;
}
