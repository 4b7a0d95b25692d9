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
#include "output/store_memory.h"
#include "sys/clock.h"

int store_fail(struct store *s, int r)
{
	if (r < 0) {
		snprintf(s->error, sizeof(s->error), "%s", sql_error(s->sql));
		s->damaged = s->damaged || r == -EBADMSG;
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

	s->memories_anew = true;
	if (r >= 0) {
		r = sql_number(s->sql, "PRAGMA user_version", 0, &version);
	}
	if (r >= 0 && (version > STORE_VERSION || version < 0)) {
		return -EPROTO;
	}
	/* 250 pages: a megabyte of write-ahead log, beside which a small disk has room for the
	 * database; with the usual four times of it the turn that empties it is longer. */
	if (r >= 0) {
		r = sql_run(
			s->sql,
			"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;"
			"PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 250;");
	}
	if (r >= 0) {
		s->fresh = version == 0;
		r = store_upgrade(s, version);
	}
	store_note_file(s);
	if (r >= 0) {
		r = store_marks_load(s);
	}
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
	s->ordering = s->broken = false;
	s->stale = true;
	s->retained = s->passed = 0;
	memset(s->ignored, 0, sizeof(s->ignored));
	store_forget_names(s);
	r = s->unmade ? 0 : store_set_aside(s->path, ret_aside);
	s->unmade = r >= 0;
	r = r < 0 ? r : store_connect(s, s->path);
	s->unmade = s->unmade && r < 0;
	s->damaged = r < 0;
	return r;
}

int store_open(const char *state_dir, char *ret_aside, struct store **ret)
{
	CLEANUP(store_freep) struct store *s = calloc(1, sizeof(*s));
	bool damaged;
	int r;

	if (!s || asprintf(&s->path, "%s/state.db", state_dir) < 0) {
		return -ENOMEM;
	}
	unwritten_init(&s->unwritten);
	r = store_connect(s, s->path);
	damaged = r == -EBADMSG;
	if (damaged) {
		r = store_replace(s, ret_aside);
	}
	s->stale = s->damaged = false;
	if (r < 0) {
		return r;
	}
	*ret = TAKE(s);
	return damaged ? -EBADMSG : 0;
}

struct store *store_free(struct store *s)
{
	if (s) {
		unwritten_clear(&s->unwritten);
		sql_close(s->sql);
		free(s->path);
		free(s);
	}
	return NULL;
}

static int put_items(struct store *s, const struct ruleset *rules)
{
	const struct unwritten *u = &s->unwritten;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < u->n_items; i++) {
		const struct unwritten_item *item = &u->items[i];

		if (item->event) {
			r = store_put_event(s, rules, item->event);
		} else if (item->decision) {
			r = store_put_decision(s, rules, item->decision);
		} else {
			r = store_put_ignored(s, item->ignored);
		}
	}
	return r;
}

/* What waits, in the order in which it came. */
static int put_unwritten(struct store *s, const struct ruleset *rules)
{
	const struct unwritten *u = &s->unwritten;
	int r = put_items(s, rules);

	s->stale = s->stale || u->counts.lost_decisions > 0;

	for (size_t i = 0; r >= 0 && i < u->n_notes; i++) {
		const struct unwritten_note *n = &u->notes[i];

		r = n->is_setting ? store_put_setting(s, buf_str(&n->key), buf_str(&n->value))
				  : store_put_position(s, buf_str(&n->key), &n->position);
	}
	return r;
}

/* The key of the setting that is a journal's position. */
static struct str cursor_key(struct str path, struct buf *key)
{
	buf_printf(key, "cursor %.*s", STR_ARG(path));
	return buf_str(key);
}

static int put_position(struct store *s, const struct stored_position *p)
{
	CLEANUP(buf_done) struct buf key = { 0 };

	return p->cursor.n ? store_put_setting(s, cursor_key(p->path, &key), p->cursor)
			   : store_put_position(s, p->path, &p->position);
}

/* Events first: evidence is copied from them. */
static int put_all(struct store *s, const struct ruleset *rules, const struct batch *batch,
		   const struct stored_position *positions, size_t n_positions)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < batch->n_events; i++) {
		r = batch->events[i].id ? store_put_event(s, rules, &batch->events[i]) : 0;
	}
	for (size_t i = 0; r >= 0 && i < batch->n_decisions; i++) {
		r = store_put_decision(s, rules, &batch->decisions[i]);
	}
	for (size_t i = 0; r >= 0 && i < n_positions; i++) {
		r = put_position(s, &positions[i]);
	}
	return r;
}

void store_keep(struct store *s, const struct batch *batch, const struct stored_position *positions,
		size_t n_positions)
{
	CLEANUP(buf_done) struct buf key = { 0 };

	unwritten_add(&s->unwritten, batch);
	for (size_t i = 0; i < n_positions; i++) {
		const struct stored_position *p = &positions[i];
		bool kept;

		buf_clear(&key);
		kept = p->cursor.n
			       ? unwritten_set(&s->unwritten, cursor_key(p->path, &key), p->cursor)
			       : unwritten_position(&s->unwritten, p->path, &p->position);
		s->stale = s->stale || !kept;
	}
}

void store_put_memories_anew(struct store *s)
{
	s->memories_anew = true;
}

struct unwritten_counts store_waiting(const struct store *s)
{
	return s->unwritten.counts;
}

bool store_is_damaged(const struct store *s)
{
	return s->damaged;
}

bool store_is_fresh(const struct store *s)
{
	return s->fresh;
}

bool store_is_stale(const struct store *s)
{
	return s->stale;
}

int store_rollback(struct store *s, int r)
{
	store_fail(s, r);
	s->broken = s->ordering;
	store_forget_names(s);
	(void)!sql_run(s->sql, "ROLLBACK");
	(void)!store_marks_load(s);
	return r;
}

static int store_begin(struct store *s, bool durable)
{
	return sql_run(s->sql, durable ? "PRAGMA synchronous = FULL; BEGIN IMMEDIATE"
				       : "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE");
}

int store_open_order(struct store *s, const struct ruleset *rules)
{
	int r = store_begin(s, true);

	s->ordering = true;
	s->rules = rules;
	s->broken = r < 0;
	if (r < 0) {
		return store_fail(s, r);
	}
	r = put_unwritten(s, rules);
	return r < 0 ? store_rollback(s, r) : 0;
}

int store_close_order(struct store *s)
{
	int r = s->broken ? -EIO : store_put_memories(s, s->rules);

	if (r >= 0) {
		r = sql_run(s->sql, "COMMIT");
	}
	if (r < 0 && !s->broken) {
		(void)!store_rollback(s, r);
	}
	s->ordering = false;
	s->broken = false;
	s->stale = s->stale || r < 0;
	if (r >= 0) {
		store_memories_were_put(s, s->rules);
		unwritten_clear(&s->unwritten);
	}
	return r;
}

static int apply_in_order(struct store *s, const struct ruleset *rules, const struct batch *batch,
			  const struct stored_position *positions, size_t n_positions)
{
	int r = s->broken ? -EIO : put_all(s, rules, batch, positions, n_positions);

	store_keep(s, batch, positions, n_positions);
	return r < 0 && !s->broken ? store_rollback(s, r) : r;
}

int store_apply(struct store *s, const struct ruleset *rules, const struct batch *batch,
		const struct stored_position *positions, size_t n_positions, bool durable)
{
	int r;

	if (s->ordering) {
		return apply_in_order(s, rules, batch, positions, n_positions);
	}
	r = store_begin(s, durable);
	if (r >= 0) {
		r = put_unwritten(s, rules);
	}
	if (r >= 0) {
		r = put_all(s, rules, batch, positions, n_positions);
	}
	if (r >= 0) {
		r = store_put_memories(s, rules);
	}
	if (r >= 0) {
		r = sql_run(s->sql, "COMMIT");
	}
	if (r < 0) {
		(void)!store_rollback(s, r);
		store_keep(s, batch, positions, n_positions);
		return r;
	}
	store_memories_were_put(s, rules);
	unwritten_clear(&s->unwritten);
	return 0;
}

int store_set(struct store *s, const char *key, struct str value)
{
	int r = s->broken ? -EIO : store_put_setting(s, str_of(key), value);

	if ((r < 0 || s->ordering || !unwritten_is_empty(&s->unwritten)) &&
	    !unwritten_set(&s->unwritten, str_of(key), value)) {
		s->stale = true;
	}
	return store_fail(s, r);
}
