/* SPDX-License-Identifier: MIT */
/* Who logged in from where. A login is a counted event once a day for each account and address, so
 * this table, which keeps the latest of them, is written seldom; an index over the time lets what
 * is too old go a few rows at a time. */
#include "output/store_known.h"

enum { KNOWN_SWEEP_PUTS = 32, KNOWN_SWEEP_ROWS = 64, KNOWN_ROWS_MAX = 262144 };

static int sweep(struct store *s, instant oldest)
{
	struct sql_statement *st;
	int r = sql_prepare(s->sql,
			    "DELETE FROM known WHERE (account, addr) IN (SELECT account, addr FROM"
			    " known WHERE time < ? ORDER BY time LIMIT ?)",
			    &st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, oldest.us);
	sql_bind_int(st, 2, KNOWN_SWEEP_ROWS);
	return sql_finish(st);
}

int store_known_put(struct store *s, const struct ruleset *rules, const struct event *event)
{
	struct sql_statement *st;
	int r = sql_prepare(s->sql,
			    "INSERT INTO known VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET time ="
			    " max(time, excluded.time)",
			    &st);

	if (r < 0) {
		return r;
	}
	sql_bind_bytes(st, 1, event->account);
	sql_bind_bytes(st, 2, store_addr_bytes(&event->addr));
	sql_bind_int(st, 3, event->time.us);
	r = sql_finish(st);
	if (r >= 0 && ++s->known_puts % KNOWN_SWEEP_PUTS == 0) {
		r = sweep(s, (instant){ .us = event->time.us - rules->known_for.us });
	}
	return r;
}

int store_known_recall(struct store *s, struct engine *e, instant now)
{
	instant oldest = { .us = now.us - engine_ruleset(e)->known_for.us };
	struct sql_statement *st;
	int r = sql_prepare(s->sql,
			    "SELECT account, addr, time FROM (SELECT * FROM known WHERE time > ?"
			    " ORDER BY time DESC LIMIT ?) ORDER BY time",
			    &st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, oldest.us);
	sql_bind_int(st, 2, KNOWN_ROWS_MAX);
	while ((r = sql_step(st)) == 1) {
		struct addr addr;

		if (store_addr(sql_bytes(st, 1), &addr)) {
			engine_recall_login(e, sql_bytes(st, 0), &addr,
					    (instant){ .us = sql_int(st, 2) });
		}
	}
	sql_done(st);
	return r;
}
