/* SPDX-License-Identifier: MIT */
/* The writing half of the store. Recurring words (types, services, filters, sources, jails, scopes)
 * are rows of one table of names, so that an event row is small; addresses are their 4 or 16 bytes,
 * so that a prefix is a range. Events have no secondary index: their ids ascend with time, and an
 * index over addresses would cost many times what it saves. An unban notes up to which event id a
 * prefix is ignored instead of touching the events. Evidence is copied beside its ban and outlives
 * the events. */
#include "output/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/store_db.h"
#include "output/store_known.h"
#include "sys/clock.h"

int store_fail(struct store *s, int r)
{
	if (r < 0) {
		snprintf(s->error, sizeof(s->error), "%s", sql_error(s->sql));
	}
	return r;
}

const char *store_error(const struct store *s)
{
	return s->error;
}

static int store_connect(struct store *s, const char *path)
{
	int64_t version = 0;
	int r = sql_open(path, &s->sql);

	if (r >= 0) {
		r = sql_number(s->sql, "PRAGMA user_version", 0, &version);
	}
	if (r >= 0 && (version > STORE_VERSION || version < 0)) {
		return -EPROTO;
	}
	if (r >= 0) {
		r = sql_run(
			s->sql,
			"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;"
			"PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 1000;");
	}
	if (r >= 0) {
		r = store_upgrade(s, version);
	}
	store_note_file(s);
	return r < 0 ? r : store_ignored_load(s);
}

/* The damaged file and its companions get a name of their own. */
static int store_set_aside(const char *path, char *aside)
{
	static const char *const companions[] = { "-wal", "-shm" };
	char from[4096], to[4096];
	int r;

	snprintf(aside, 256, "%.200s.damaged-%lld", path, (long long)(clock_now().us / 1000000));
	r = rename(path, aside) < 0 ? -errno : 0;
	for (size_t i = 0; i < ARRAY_SIZE(companions); i++) {
		snprintf(from, sizeof(from), "%s%s", path, companions[i]);
		snprintf(to, sizeof(to), "%s%s", aside, companions[i]);
		(void)rename(from, to);
	}
	return r;
}

int store_replace(struct store *s, char *ret_aside)
{
	int r;

	s->sql = sql_close(s->sql);
	r = store_set_aside(s->path, ret_aside);
	return r < 0 ? r : store_connect(s, s->path);
}

int store_open(const char *state_dir, char *ret_aside, struct store **ret)
{
	CLEANUP(store_freep) struct store *s = calloc(1, sizeof(*s));
	bool damaged;
	int r;

	if (!s || asprintf(&s->path, "%s/state.db", state_dir) < 0) {
		return -ENOMEM;
	}
	r = store_connect(s, s->path);
	damaged = r == -EBADMSG;
	if (damaged) {
		r = store_replace(s, ret_aside);
	}
	if (r < 0) {
		return r;
	}
	*ret = TAKE(s);
	return damaged ? -EBADMSG : 0;
}

struct store *store_free(struct store *s)
{
	if (s) {
		sql_close(s->sql);
		free(s->path);
		free(s);
	}
	return NULL;
}

struct str store_addr_bytes(const struct addr *a)
{
	return (struct str){ .p = a->family ? (const char *)a->bytes : NULL,
			     .n = a->family == 4 ? 4 : 16 };
}

/* The number of a name in the table of names, made when it is new; 0 for an empty name. */
static int number_name(struct store *s, struct str name, int64_t *ret)
{
	struct sql_statement *st;
	int r;

	*ret = 0;
	if (!name.n) {
		return 0;
	}
	r = sql_prepare(s->sql, "SELECT id FROM names WHERE name = ?", &st);
	if (r < 0) {
		return r;
	}
	sql_bind_bytes(st, 1, name);
	r = sql_step(st);
	if (r == 1) {
		*ret = sql_int(st, 0);
	}
	sql_done(st);
	if (r != 0) {
		return r < 0 ? r : 0;
	}
	r = sql_prepare(s->sql, "INSERT INTO names (name) VALUES (?) RETURNING id", &st);
	if (r < 0) {
		return r;
	}
	sql_bind_bytes(st, 1, name);
	r = sql_step(st);
	if (r == 1) {
		*ret = sql_int(st, 0);
	}
	sql_done(st);
	return r < 0 ? r : 0;
}

/* Binds the number of a name; what is not there binds 0. */
static int bind_name(struct store *s, struct sql_statement *st, int i, struct str name)
{
	int64_t id;
	int r = number_name(s, name, &id);

	sql_bind_int(st, i, id);
	return r;
}

static int apply_event(struct store *s, const struct ruleset *rules, const struct counted *c)
{
	const struct event *e = &c->event;
	struct str source = e->source < rules->n_sources ? rules->sources[e->source].text
							 : STR_NONE;
	struct sql_statement *st;
	int r = sql_prepare(
		s->sql,
		"INSERT OR REPLACE INTO events (id, time, type, service, filter, source, addr, count, account, data, text)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		&st);

	if (r < 0 || (r = bind_name(s, st, 3, names_at(&rules->types, e->type))) < 0 ||
	    (r = bind_name(s, st, 4, names_at(&rules->services, e->service))) < 0 ||
	    (r = bind_name(s, st, 5,
			   e->filter < rules->n_filters ? rules->filters[e->filter].name
							: STR_NONE)) < 0 ||
	    (r = bind_name(s, st, 6, source)) < 0) {
		return r;
	}
	sql_bind_int(st, 1, (int64_t)c->id);
	sql_bind_int(st, 2, e->time.us);
	sql_bind_bytes(st, 7, store_addr_bytes(&e->addr));
	sql_bind_int(st, 8, e->count);
	sql_bind_bytes(st, 9, e->account);
	sql_bind_bytes(st, 10, e->data);
	sql_bind_bytes(st, 11, e->text);
	r = sql_finish(st);
	if (r >= 0 && e->type == EVENT_LOGIN && e->account.n > 0 && e->addr.family) {
		r = store_known_put(s, rules, e);
	}
	return r;
}

static int apply_evidence(struct store *s, uint64_t ban, const struct evidence *e)
{
	struct sql_statement *st;
	int r = sql_prepare(
		s->sql,
		"INSERT OR REPLACE INTO evidence SELECT ?, id, time, type, service, filter, source, addr, count, account,"
		" data, text, ? FROM events WHERE id = ?",
		&st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, (int64_t)ban);
	sql_bind_int(st, 2, e->points);
	sql_bind_int(st, 3, (int64_t)e->event);
	return sql_finish(st);
}

/* The lift's evidence is that of its heir, too. */
static int apply_heritage(struct store *s, const struct decision *d)
{
	struct sql_statement *st;
	int r = sql_prepare(
		s->sql,
		"INSERT OR REPLACE INTO evidence SELECT ?, event, time, type, service, filter, source, addr, count, account,"
		" data, text, points FROM evidence WHERE ban = ?",
		&st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, (int64_t)d->heir);
	sql_bind_int(st, 2, (int64_t)d->ban);
	return sql_finish(st);
}

static int apply_lift(struct store *s, const struct decision *d)
{
	struct sql_statement *st;
	int r = sql_prepare(s->sql, "UPDATE bans SET ended = ?, ended_because = ? WHERE id = ?",
			    &st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, d->time.us);
	sql_bind_int(st, 2, d->because);
	sql_bind_int(st, 3, (int64_t)d->ban);
	r = sql_finish(st);
	return r >= 0 && d->heir ? apply_heritage(s, d) : r;
}

int store_put_ban(struct store *s, const struct ruleset *rules, const struct decision *d)
{
	bool by_hand = d->jail == JAIL_BY_HAND;
	struct sql_statement *st;
	int r = sql_prepare(
		s->sql,
		"INSERT OR REPLACE INTO bans (id, kind, because, action, since, until, addr, len, jail, scope, type, service,"
		" threshold, score, by, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		&st);

	if (r < 0 ||
	    (r = bind_name(s, st, 9, by_hand ? STR_NONE : ruleset_jail_name(rules, d->jail))) < 0 ||
	    (r = bind_name(s, st, 10, rules->scopes[d->scope].label)) < 0 ||
	    (r = bind_name(s, st, 11, names_at(&rules->types, d->type))) < 0 ||
	    (r = bind_name(s, st, 12, names_at(&rules->services, d->service))) < 0) {
		return r;
	}
	sql_bind_int(st, 1, (int64_t)d->ban);
	sql_bind_int(st, 2, d->kind);
	sql_bind_int(st, 3, d->because);
	sql_bind_int(st, 4, d->action);
	sql_bind_int(st, 5, d->time.us);
	sql_bind_int(st, 6, d->until.us);
	sql_bind_bytes(st, 7, store_addr_bytes(&d->prefix.addr));
	sql_bind_int(st, 8, d->prefix.len);
	sql_bind_int(st, 13, d->threshold);
	sql_bind_int(st, 14, d->score);
	sql_bind_bytes(st, 15, d->by);
	sql_bind_bytes(st, 16, d->reason);
	r = sql_finish(st);
	for (size_t i = 0; r >= 0 && i < d->n_evidence; i++) {
		r = apply_evidence(s, d->ban, &d->evidence[i]);
	}
	return r;
}

int store_set(struct store *s, const char *key, struct str value)
{
	struct sql_statement *st;
	int r = sql_prepare(s->sql, "INSERT OR REPLACE INTO meta VALUES (?, ?)", &st);

	if (r >= 0) {
		sql_bind_bytes(st, 1, str_of(key));
		sql_bind_bytes(st, 2, value);
		r = sql_finish(st);
	}
	return store_fail(s, r);
}

static int apply_cursor(struct store *s, const struct stored_position *p)
{
	CLEANUP(buf_done) struct buf key = { 0 };

	buf_printf(&key, "cursor %.*s", STR_ARG(p->path));
	return store_set(s, buf_text(&key), p->cursor);
}

static int apply_position(struct store *s, const struct stored_position *p)
{
	struct sql_statement *st;
	int r = sql_prepare(s->sql,
			    "INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			    &st);

	if (r < 0) {
		return r;
	}
	sql_bind_bytes(st, 1, p->path);
	sql_bind_int(st, 2, (int64_t)p->position.device);
	sql_bind_int(st, 3, (int64_t)p->position.inode);
	sql_bind_int(st, 4, (int64_t)p->position.offset);
	sql_bind_int(st, 5, (int64_t)p->position.head);
	sql_bind_int(st, 6, (int64_t)p->position.tail);
	sql_bind_int(st, 7, p->position.head_n);
	sql_bind_int(st, 8, p->position.tail_n);
	return sql_finish(st);
}

/* Events first: evidence is copied from them. */
static int apply_all(struct store *s, const struct ruleset *rules, const struct batch *batch,
		     const struct stored_position *positions, size_t n_positions)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < batch->n_events; i++) {
		r = batch->events[i].id ? apply_event(s, rules, &batch->events[i]) : 0;
	}
	for (size_t i = 0; r >= 0 && i < batch->n_decisions; i++) {
		const struct decision *d = &batch->decisions[i];

		r = d->kind == DECISION_LIFT ? apply_lift(s, d) : store_put_ban(s, rules, d);
	}
	for (size_t i = 0; r >= 0 && i < n_positions; i++) {
		r = positions[i].cursor.n ? apply_cursor(s, &positions[i])
					  : apply_position(s, &positions[i]);
	}
	return r;
}

int store_rollback(struct store *s, int r)
{
	store_fail(s, r);
	s->broken = s->ordering;
	(void)!sql_run(s->sql, "ROLLBACK");
	return r;
}

static int store_begin(struct store *s, bool durable)
{
	return sql_run(s->sql, durable ? "PRAGMA synchronous = FULL; BEGIN IMMEDIATE"
				       : "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE");
}

int store_open_order(struct store *s)
{
	int r = store_begin(s, true);

	s->ordering = true;
	s->broken = r < 0;
	return store_fail(s, r);
}

int store_close_order(struct store *s)
{
	int r = s->broken ? -EIO : sql_run(s->sql, "COMMIT");

	s->ordering = false;
	if (r < 0 && !s->broken) {
		return store_rollback(s, r);
	}
	s->broken = false;
	return r;
}

int store_apply(struct store *s, const struct ruleset *rules, const struct batch *batch,
		const struct stored_position *positions, size_t n_positions, bool durable)
{
	int r;

	if (s->ordering) {
		r = s->broken ? -EIO : apply_all(s, rules, batch, positions, n_positions);
		return r < 0 && !s->broken ? store_rollback(s, r) : r;
	}
	r = store_begin(s, durable);
	if (r >= 0) {
		r = apply_all(s, rules, batch, positions, n_positions);
	}
	if (r >= 0) {
		r = sql_run(s->sql, "COMMIT");
	}
	return r < 0 ? store_rollback(s, r) : 0;
}
