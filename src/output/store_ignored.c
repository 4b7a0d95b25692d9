/* SPDX-License-Identifier: MIT */
/* What an unban said counts no more: prefixes, each up to an event's id. An event is asked about by
 * looking up the prefixes around its address, one for each length that was ever unbanned: mostly
 * two or three, however many prefixes there are. */
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

/* Is exactly this prefix ignored up to the event? */
static bool stands(struct store *s, const struct prefix *p, uint64_t event)
{
	struct sql_statement *st;
	bool found;

	if (sql_prepare(s->sql, "SELECT 1 FROM ignored WHERE addr = ? AND len = ? AND up_to >= ?",
			&st) < 0) {
		return false;
	}
	sql_bind_bytes(st, 1, store_addr_bytes(&p->addr));
	sql_bind_int(st, 2, p->len);
	sql_bind_int(st, 3, (int64_t)event);
	found = sql_step(st) == 1;
	sql_done(st);
	return found;
}

static bool is_inside(struct store *s, const struct addr *addr, uint64_t event)
{
	bool found = false;

	for (uint8_t len = 0; !found && len <= addr_bits(addr); len++) {
		if (has_length(s, addr->family == 4, len)) {
			struct prefix p = prefix_of(addr, len);

			found = stands(s, &p, event);
		}
	}
	return found;
}

bool store_is_ignored(struct store *s, const struct stored_event *event)
{
	struct addr inner;

	if (!event->addr.family) {
		return false;
	}
	inner = addr_unwrap(&event->addr);
	return is_inside(s, &event->addr, event->id) ||
	       (inner.family != event->addr.family && is_inside(s, &inner, event->id));
}

/* Spared and observed ones are ended here; the engine, too, has dropped them without a decision. */
static int ignore_shadows(struct store *s, const struct prefix *p)
{
	uint8_t low[16], high[16];
	struct str first, last;
	struct sql_statement *st;
	int r = sql_prepare(
		s->sql,
		"UPDATE bans SET ended = ?, ended_because = ? WHERE ended IS NULL AND kind != ? AND addr BETWEEN ? AND ?"
		" AND len >= ? AND length(addr) = ?",
		&st);

	if (r < 0) {
		return r;
	}
	store_range(p, low, high, &first, &last);
	sql_bind_int(st, 1, clock_now().us);
	sql_bind_int(st, 2, BECAUSE_UNBAN);
	sql_bind_int(st, 3, DECISION_BAN);
	sql_bind_bytes(st, 4, first);
	sql_bind_bytes(st, 5, last);
	sql_bind_int(st, 6, p->len);
	sql_bind_int(st, 7, (int64_t)first.n);
	return sql_finish(st);
}

int store_put_ignored(struct store *s, const struct prefix *p)
{
	struct sql_statement *st;
	int r = sql_prepare(
		s->sql,
		"INSERT OR REPLACE INTO ignored SELECT ?, ?, coalesce(max(id), 0) FROM events",
		&st);

	if (r >= 0) {
		sql_bind_bytes(st, 1, store_addr_bytes(&p->addr));
		sql_bind_int(st, 2, p->len);
		r = sql_finish(st);
	}
	if (r >= 0) {
		r = ignore_shadows(s, p);
	}
	note_length(s, p->addr.family == 4, p->len);
	return r;
}

int store_ignore(struct store *s, const struct prefix *p)
{
	int r = s->broken ? -EIO : store_put_ignored(s, p);

	if ((r < 0 || s->ordering || !unwritten_is_empty(&s->unwritten)) &&
	    !unwritten_ignore(&s->unwritten, p)) {
		s->stale = true;
	}
	if (r < 0 && s->ordering && !s->broken) {
		return store_rollback(s, r);
	}
	return store_fail(s, r);
}
