/* SPDX-License-Identifier: MIT */
/* What people put on never-block, as rows of a table of its own. The list is short and seldom
 * changes, so it is always written as a whole: what stands in the engine is what stands here. Jails
 * and services are kept by name, for their numbers mean something else after a restart. */
#include <errno.h>
#include <stdlib.h>

#include "output/store.h"
#include "output/store_db.h"

enum { ROWS_FIRST = 64 };

static int put(struct store *s, const struct ruleset *rules, const struct never_entry *e)
{
	struct sql_statement *st;
	int r = sql_prepare(
		s->sql,
		"INSERT INTO never_block (addr, len, host, until, jail, service, by, reason)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		&st);

	if (r < 0) {
		return r;
	}
	sql_bind_bytes(st, 1, store_addr_bytes(&e->prefix.addr));
	sql_bind_int(st, 2, e->prefix.len);
	sql_bind_bytes(st, 3, e->text);
	sql_bind_int(st, 4, e->until.us);
	sql_bind_bytes(st, 5, e->jail < rules->n_jails ? rules->jails[e->jail].name : STR_NONE);
	sql_bind_bytes(st, 6, names_at(&rules->services, e->service));
	sql_bind_bytes(st, 7, e->by);
	sql_bind_bytes(st, 8, e->reason);
	return sql_finish(st);
}

int store_put_never(struct store *s, const struct engine *e)
{
	const struct never_entry *entry;
	uint32_t cursor = 0;
	int r = s->broken ? -EIO : sql_run(s->sql, "DELETE FROM never_block");

	while (r >= 0 && (entry = never_block_each(engine_never(e), &cursor))) {
		if (entry->from == NEVER_BY_HAND) {
			r = put(s, engine_ruleset(e), entry);
		}
	}
	s->stale = s->stale || r < 0;
	if (r < 0 && s->ordering && !s->broken) {
		return store_rollback(s, r);
	}
	return store_fail(s, r);
}

/* Rows as entries; their texts are copied into the arena. */
struct rows {
	struct never_entry *at;
	size_t n, cap;
	struct arena *arena;
	const struct ruleset *rules;
	size_t gone; /* whose jail or service is gone */
};

/* False: the row's jail or service is gone, or it makes no sense. */
static bool read_row(struct sql_statement *st, struct rows *rows, struct never_entry *ret)
{
	struct str jail = sql_bytes(st, 4), service = sql_bytes(st, 5);
	struct prefix p = { .len = (uint8_t)sql_int(st, 1) };

	(void)store_addr(sql_bytes(st, 0), &p.addr);
	*ret = never_entry_of(NEVER_BY_HAND, &p);
	ret->until = (instant){ .us = sql_int(st, 3) };
	ret->text = arena_str(rows->arena, sql_bytes(st, 2));
	ret->by = arena_str(rows->arena, sql_bytes(st, 6));
	ret->reason = arena_str(rows->arena, sql_bytes(st, 7));
	if (jail.n > 0) {
		ret->jail = ruleset_jail(rows->rules, jail);
	}
	if (service.n > 0) {
		ret->service = names_find(&rows->rules->services, service);
	}
	if ((jail.n > 0 && ret->jail == JAIL_BY_HAND) ||
	    (service.n > 0 && ret->service == NAMES_NONE)) {
		rows->gone++;
		return false;
	}
	return p.addr.family ? p.len <= addr_bits(&p.addr) : ret->text.n > 0;
}

static int read_rows(struct store *s, instant now, struct rows *rows)
{
	struct sql_statement *st;
	int r = sql_prepare(s->sql,
			    "SELECT addr, len, host, until, jail, service, by, reason"
			    " FROM never_block WHERE until > ?",
			    &st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, now.us);
	while ((r = sql_step(st)) == 1) {
		if (rows->n == rows->cap) {
			size_t cap = rows->cap > 0 ? 2 * rows->cap : ROWS_FIRST;
			struct never_entry *more = reallocarray(rows->at, cap, sizeof(*more));

			if (!more) {
				r = -ENOMEM;
				break;
			}
			rows->at = more;
			rows->cap = cap;
		}
		rows->n += read_row(st, rows, &rows->at[rows->n]) ? 1 : 0;
	}
	sql_done(st);
	return r;
}

int store_recall_never(struct store *s, struct engine *e, instant now, size_t *ret_gone)
{
	struct rows rows = { .arena = arena_new(), .rules = engine_ruleset(e) };
	int r = rows.arena ? read_rows(s, now, &rows) : -ENOMEM;

	if (r >= 0) {
		r = engine_learn(e, NEVER_BY_HAND, rows.at, rows.n);
	}
	*ret_gone = rows.gone;
	free(rows.at);
	arena_free(rows.arena);
	return r < 0 ? store_fail(s, r) : 0;
}
