/* SPDX-License-Identifier: MIT */
/* What filters remember of their sources between two lines: open sessions, and which events were
 * told already. It belongs to the reading positions as the events do, so what changed is written in
 * the transaction of every batch; what could not be written stays marked where it is remembered,
 * and is written with the next, so that nothing has to wait here.
 *
 * A row's place is that of the table in memory: few places are used again and again, so few pages
 * are written. The numbers of memories and places are those of one run under one set of rules. At
 * the start and after a reload all is written anew, and what no rule knows any more goes. */
#include "output/store_memory.h"

#include <string.h>

/* One filter on one source. */
struct memory {
	int64_t number;
	struct str source, filter;
	struct once *once;         /* NULL: it folds nothing */
	struct sessions *sessions; /* NULL: it has none */
};

struct cursor {
	size_t source, route;
	int64_t n;
};

static bool next(const struct ruleset *rules, struct cursor *c, struct memory *ret)
{
	for (; c->source < rules->n_sources; c->source++, c->route = 0) {
		const struct source *source = &rules->sources[c->source];

		while (source->detector && c->route < source->n_routes) {
			size_t i = c->route++;

			*ret = (struct memory){
				.source = source->text,
				.filter = rules->filters[source->routes[i].filter].name,
				.once = detector_once(source->detector, i),
				.sessions = detector_sessions(source->detector, i),
			};
			if (ret->once || ret->sessions) {
				ret->number = ++c->n;
				return true;
			}
		}
	}
	return false;
}

/* ---- writing ---- */

static int put_once(struct store *s, const struct memory *m)
{
	struct once_kept kept;
	uint32_t cursor = 0;
	int r = 0;

	while (r >= 0 && once_each(m->once, s->memories_anew, &cursor, &kept)) {
		struct sql_statement *st;

		r = sql_prepare(s->sql, "INSERT OR REPLACE INTO once VALUES (?, ?, ?, ?, ?)", &st);
		if (r < 0) {
			break;
		}
		sql_bind_int(st, 1, m->number);
		sql_bind_int(st, 2, kept.place);
		sql_bind_int(st, 3, (int64_t)kept.added);
		sql_bind_int(st, 4, kept.time.us);
		sql_bind_bytes(st, 5, (struct str){ (const char *)kept.digest, ONCE_DIGEST });
		r = sql_finish(st);
	}
	return r;
}

static int put_session(struct store *s, const struct ruleset *rules, const struct memory *m,
		       const struct session_kept *kept)
{
	struct sql_statement *st;
	int64_t service = 0;
	int r = sql_prepare(
		s->sql,
		"INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", &st);

	if (r < 0 || (r = store_name(s, names_at(&rules->services, kept->service), &service)) < 0) {
		return r;
	}
	sql_bind_int(st, 1, m->number);
	sql_bind_int(st, 2, kept->place);
	sql_bind_int(st, 3, (int64_t)kept->heard);
	sql_bind_bytes(st, 4, (struct str){ (const char *)kept->digest, SESSION_DIGEST });
	sql_bind_int(st, 5, kept->last.us);
	sql_bind_bytes(st, 6, store_addr_bytes(&kept->addr));
	sql_bind_int(st, 7, service);
	sql_bind_int(st, 8, kept->count);
	sql_bind_int(st, 9, kept->opened);
	sql_bind_int(st, 10, kept->satisfied);
	sql_bind_bytes(st, 11, kept->account);
	sql_bind_bytes(st, 12, kept->text);
	return sql_finish(st);
}

static int drop_session(struct store *s, const struct memory *m, uint32_t place)
{
	struct sql_statement *st;
	int r = sql_prepare(s->sql, "DELETE FROM sessions WHERE memory = ? AND place = ?", &st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, m->number);
	sql_bind_int(st, 2, place);
	return sql_finish(st);
}

static int put_sessions(struct store *s, const struct ruleset *rules, const struct memory *m)
{
	struct session_kept kept;
	uint32_t cursor = 0, place;
	int r = 0;

	while (r >= 0 && !s->memories_anew && sessions_each_ended(m->sessions, &cursor, &place)) {
		r = drop_session(s, m, place);
	}
	cursor = 0;
	while (r >= 0 && sessions_each(m->sessions, s->memories_anew, &cursor, &kept)) {
		r = put_session(s, rules, m, &kept);
	}
	return r;
}

static int put_row(struct store *s, const struct memory *m)
{
	struct sql_statement *st;
	int r = sql_prepare(s->sql, "INSERT OR REPLACE INTO memories VALUES (?, ?, ?, ?, ?, ?)",
			    &st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, m->number);
	sql_bind_bytes(st, 2, m->source);
	sql_bind_bytes(st, 3, m->filter);
	sql_bind_int(st, 4, m->sessions ? sessions_time(m->sessions).us : 0);
	sql_bind_int(st, 5, m->sessions ? sessions_lag(m->sessions).us : 0);
	sql_bind_int(st, 6, m->once ? once_fields(m->once) : 0);
	return sql_finish(st);
}

static int put_memory(struct store *s, const struct ruleset *rules, const struct memory *m)
{
	bool changed = m->sessions && sessions_changed(m->sessions);
	int r = changed || s->memories_anew ? put_row(s, m) : 0;

	if (r >= 0 && (changed || s->memories_anew) && m->sessions) {
		r = put_sessions(s, rules, m);
	}
	return r >= 0 && m->once ? put_once(s, m) : r;
}

int store_put_memories(struct store *s, const struct ruleset *rules)
{
	struct cursor cursor = { 0 };
	struct memory m;
	int r = s->memories_anew ? sql_run(s->sql, "DELETE FROM memories; DELETE FROM sessions;"
						   "DELETE FROM once")
				 : 0;

	while (r >= 0 && next(rules, &cursor, &m)) {
		r = put_memory(s, rules, &m);
	}
	return r;
}

void store_memories_were_put(struct store *s, const struct ruleset *rules)
{
	struct cursor cursor = { 0 };
	struct memory m;

	while (next(rules, &cursor, &m)) {
		if (m.once) {
			once_was_kept(m.once);
		}
		if (m.sessions) {
			sessions_were_kept(m.sessions);
		}
	}
	s->memories_anew = false;
}

/* ---- at the start ---- */

static int recall_once(struct store *s, int64_t number, struct once *once)
{
	struct sql_statement *st;
	int r = sql_prepare(s->sql,
			    "SELECT added, time, digest FROM once WHERE memory = ? ORDER BY added",
			    &st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, number);
	while ((r = sql_step(st)) == 1) {
		struct once_kept kept = { .added = (uint64_t)sql_int(st, 0),
					  .time = { .us = sql_int(st, 1) } };
		struct str digest = sql_bytes(st, 2);

		if (digest.n == sizeof(kept.digest)) {
			memcpy(kept.digest, digest.p, digest.n);
			once_recall(once, &kept);
		}
	}
	sql_done(st);
	return r;
}

static void recall_session(const struct ruleset *rules, struct sql_statement *st,
			   struct sessions *sessions)
{
	int64_t count = sql_int(st, 4);
	struct str digest = sql_bytes(st, 0);
	struct session_kept kept = {
		.last = { .us = sql_int(st, 1) },
		.service = names_find(&rules->services, sql_bytes(st, 3)),
		.count = (uint16_t)(count >= 1 && count <= EVENT_COUNT_MAX ? count : 1),
		.opened = sql_int(st, 5) != 0,
		.satisfied = sql_int(st, 6) != 0,
		.account = sql_bytes(st, 7),
		.text = sql_bytes(st, 8),
	};

	(void)store_addr(sql_bytes(st, 2), &kept.addr);
	if (digest.n == sizeof(kept.digest)) {
		memcpy(kept.digest, digest.p, digest.n);
		sessions_recall(sessions, &kept);
	}
}

static int recall_sessions(struct store *s, const struct ruleset *rules, int64_t number,
			   struct sessions *sessions)
{
	struct sql_statement *st;
	int r = sql_prepare(
		s->sql,
		"SELECT digest, last, addr, (SELECT name FROM names WHERE id = service), count, opened,"
		" satisfied, account, text FROM sessions WHERE memory = ? ORDER BY heard",
		&st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, number);
	while ((r = sql_step(st)) == 1) {
		recall_session(rules, st, sessions);
	}
	sql_done(st);
	return r;
}

/* The memory of now that the row is of. False: nobody remembers that any more. */
static bool find(const struct ruleset *rules, struct sql_statement *st, struct memory *ret)
{
	struct str source = sql_bytes(st, 1), filter = sql_bytes(st, 2);
	struct cursor cursor = { 0 };

	while (next(rules, &cursor, ret)) {
		if (str_eq(ret->source, source) && str_eq(ret->filter, filter)) {
			return true;
		}
	}
	return false;
}

static int recall_memory(struct store *s, const struct ruleset *rules, struct sql_statement *st,
			 const struct memory *m)
{
	int64_t number = sql_int(st, 0);
	int r = 0;

	if (m->sessions) {
		const instant time = { .us = sql_int(st, 3) };
		const duration lag = { .us = sql_int(st, 4) };

		sessions_recall_time(m->sessions, time, lag);
		r = recall_sessions(s, rules, number, m->sessions);
	}
	if (r >= 0 && m->once && once_fields(m->once) == (unsigned)sql_int(st, 5)) {
		r = recall_once(s, number, m->once);
	}
	return r;
}

int store_recall_memories(struct store *s, const struct ruleset *rules)
{
	struct sql_statement *st;
	struct memory m;
	int r = sql_prepare(s->sql, "SELECT id, source, filter, time, lag, once FROM memories",
			    &st);

	if (r < 0) {
		return r;
	}
	while ((r = sql_step(st)) == 1 && r >= 0) {
		r = find(rules, st, &m) ? recall_memory(s, rules, st, &m) : 0;
		if (r < 0) {
			break;
		}
	}
	sql_done(st);
	return r;
}
