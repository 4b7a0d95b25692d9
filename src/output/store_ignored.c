/* SPDX-License-Identifier: MIT */
/* What an unban said counts no more: prefixes, each up to an event's id, in one jail or in all
 * (jail is NULL). An event is asked about by looking up the prefixes around its address, one for
 * each length that was ever unbanned: mostly two or three, however many prefixes there are. */
#include <errno.h>

#include "output/store_db.h"
#include "output/store_rows.h"
#include "sys/clock.h"

static void note_length(struct store *s, bool v4, unsigned len)
{
	s->ignored[v4 ? 0 : 1][len / 64] |= UINT64_C(1) << len % 64;
}

static bool has_length(const struct store *s, bool v4, unsigned len)
{
	return s->ignored[v4 ? 0 : 1][len / 64] & UINT64_C(1) << len % 64;
}

int store_ignored_load(struct store *s)
{
	struct sql_statement *st;
	int r = sql_prepare(s->sql, "SELECT DISTINCT length(addr), len FROM ignored", &st);

	if (r < 0) {
		return r;
	}
	while ((r = sql_step(st)) == 1) {
		int64_t n = sql_int(st, 0), len = sql_int(st, 1);

		if (len >= 0 && len <= n * 8 && (n == 4 || n == 16)) {
			note_length(s, n == 4, (unsigned)len);
		}
	}
	sql_done(st);
	return r;
}

/* Who ignores an event. */
struct ignoring {
	const struct ruleset *rules; /* NULL: only those in all jails are asked for */
	bool by_all;
	struct jail_set jails;
};

static void add_jail(struct ignoring *by, struct str name)
{
	uint16_t jail = by->rules ? ruleset_jail(by->rules, name) : (uint16_t)JAIL_BY_HAND;

	if (name.n == 0) {
		by->by_all = true;
	} else if (jail != JAIL_BY_HAND) {
		jail_set_add(&by->jails, jail);
	}
}

/* Who ignores exactly this prefix up to the event. */
static void ask(struct store *s, const struct prefix *p, uint64_t event, struct ignoring *by)
{
	struct sql_statement *st;

	if (sql_prepare(s->sql,
			"SELECT jail FROM ignored WHERE addr = ? AND len = ? AND up_to >= ?",
			&st) < 0) {
		return;
	}
	sql_bind_bytes(st, 1, store_addr_bytes(&p->addr));
	sql_bind_int(st, 2, p->len);
	sql_bind_int(st, 3, (int64_t)event);
	while (sql_step(st) == 1) {
		add_jail(by, sql_bytes(st, 0));
	}
	sql_done(st);
}

static void ask_around(struct store *s, const struct addr *addr, uint64_t event,
		       struct ignoring *by)
{
	for (uint8_t len = 0; !by->by_all && len <= addr_bits(addr); len++) {
		if (has_length(s, addr->family == 4, len)) {
			const struct prefix p = prefix_of(addr, len);

			ask(s, &p, event, by);
		}
	}
}

static void ask_all(struct store *s, const struct stored_event *event, struct ignoring *by)
{
	struct addr inner;

	if (event->addr.family == 0) {
		return;
	}
	inner = addr_unwrap(&event->addr);
	ask_around(s, &event->addr, event->id, by);
	if (inner.family != event->addr.family) {
		ask_around(s, &inner, event->id, by);
	}
}

bool store_is_ignored(struct store *s, const struct stored_event *event)
{
	struct ignoring by = { .rules = NULL };

	ask_all(s, event, &by);
	return by.by_all;
}

bool store_is_ignored_in(struct store *s, const struct stored_event *event,
			 const struct ruleset *rules, struct jail_set *ret)
{
	struct ignoring by = { .rules = rules };

	ask_all(s, event, &by);
	*ret = by.jails;
	return by.by_all;
}

/* Spared and observed ones are ended here; the engine, too, has dropped them without a decision. */
static int ignore_shadows(struct store *s, const struct ignored *ignored)
{
	const struct prefix *p = &ignored->prefix;
	uint8_t low[16], high[16];
	struct str first, last;
	struct sql_statement *st;
	int64_t jail;
	int r = store_name(s, ignored->jail, &jail);

	if (r >= 0) {
		r = sql_prepare(
			s->sql,
			"UPDATE bans SET ended = ?, ended_because = ? WHERE ended IS NULL AND kind != 0"
			" AND addr BETWEEN ? AND ? AND len >= ? AND length(addr) = ? AND ?7 IN (0, jail)",
			&st);
	}
	if (r < 0) {
		return r;
	}
	store_range(p, low, high, &first, &last);
	sql_bind_int(st, 1, clock_now().us);
	sql_bind_int(st, 2, BECAUSE_UNBAN);
	sql_bind_bytes(st, 3, first);
	sql_bind_bytes(st, 4, last);
	sql_bind_int(st, 5, p->len);
	sql_bind_int(st, 6, (int64_t)first.n);
	sql_bind_int(st, 7, jail);
	return sql_finish(st);
}

int store_put_ignored(struct store *s, const struct ignored *ignored)
{
	const struct prefix *p = &ignored->prefix;
	struct sql_statement *st;
	int r = sql_prepare(
		s->sql,
		"INSERT OR REPLACE INTO ignored SELECT ?, ?, ?, coalesce(max(id), 0) FROM events",
		&st);

	if (r >= 0) {
		sql_bind_bytes(st, 1, store_addr_bytes(&p->addr));
		sql_bind_int(st, 2, p->len);
		if (ignored->jail.n > 0) {
			sql_bind_bytes(st, 3, ignored->jail);
		}
		r = sql_finish(st);
	}
	if (r >= 0) {
		r = ignore_shadows(s, ignored);
	}
	note_length(s, p->addr.family == 4, p->len);
	return r;
}

int store_ignore(struct store *s, const struct ignored *ignored)
{
	int r = s->broken ? -EIO : store_put_ignored(s, ignored);

	if ((r < 0 || s->ordering || !unwritten_is_empty(&s->unwritten)) &&
	    !unwritten_ignore(&s->unwritten, ignored)) {
		s->stale = true;
	}
	if (r < 0 && s->ordering && !s->broken) {
		return store_rollback(s, r);
	}
	return store_fail(s, r);
}
