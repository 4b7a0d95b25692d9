/* SPDX-License-Identifier: MIT */
/* What is old goes in small slices, so that a deletion holds nothing up: events from the oldest id
 * on; bans, with their evidence, in one walk over their ids from the oldest to the first that is
 * young; and of what an unban said, that which is about events that are gone. */
#include <errno.h>

#include "output/store.h"
#include "output/store_db.h"

enum { BANS_SLICE = 500 };

/* Never the newest: the ids of a restart go on behind it. */
static int retain_events(struct store *s, const struct store_retention *keep)
{
	struct sql_statement *st;
	uint64_t most = keep->events_max > INT64_MAX / 2 ? INT64_MAX / 2 : keep->events_max;
	int r = sql_prepare(
		s->sql,
		"DELETE FROM events WHERE id IN (SELECT id FROM (SELECT id, time FROM events ORDER BY id LIMIT 2000)"
		" WHERE id < (SELECT max(id) FROM events) AND (time < ?2"
		" OR (id <= (SELECT max(id) FROM events) - ?1 AND time <= ?3)))",
		&st);

	if (r >= 0) {
		sql_bind_int(st, 1, (int64_t)most);
		sql_bind_int(st, 2, keep->events_from.us);
		sql_bind_int(st, 3, keep->windows_from.us);
		r = sql_finish(st);
	}
	return r < 0 ? r : sql_changes(s->sql) > 0;
}

/* The last id of the next slice; 0: what follows is young, or nothing follows. */
static int next_slice(struct store *s, instant from, int64_t *ret_to)
{
	struct sql_statement *st;
	int r = sql_prepare(
		s->sql,
		"SELECT max(id), min(since) FROM (SELECT id, since FROM bans WHERE id > ? ORDER BY id LIMIT ?)",
		&st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, s->retained);
	sql_bind_int(st, 2, BANS_SLICE);
	r = sql_step(st);
	*ret_to = r == 1 && !sql_is_null(st, 0) && sql_int(st, 1) < from.us ? sql_int(st, 0) : 0;
	sql_done(st);
	return r < 0 ? r : 0;
}

/* The bans of the slice that ended before `from`; spared and observed ones end by their time. */
#define OLD_BANS                                                                                   \
	"SELECT id FROM bans WHERE id > ?1 AND id <= ?2 AND id < (SELECT max(id) FROM bans)"       \
	" AND CASE WHEN ended IS NOT NULL THEN ended < ?3 ELSE kind != ?4 AND until < ?3 END"

static int delete_slice(struct store *s, const char *text, int64_t to, instant from)
{
	struct sql_statement *st;
	int r = sql_prepare(s->sql, text, &st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, s->retained);
	sql_bind_int(st, 2, to);
	sql_bind_int(st, 3, from.us);
	sql_bind_int(st, 4, DECISION_BAN);
	return sql_finish(st);
}

static int retain_bans(struct store *s, instant from)
{
	int64_t to = 0;
	int r = next_slice(s, from, &to);

	if (r < 0 || to == 0) {
		s->retained = 0;
		return r;
	}
	r = delete_slice(s, "DELETE FROM evidence WHERE ban IN (" OLD_BANS ")", to, from);
	if (r >= 0) {
		r = delete_slice(s, "DELETE FROM bans WHERE id IN (" OLD_BANS ")", to, from);
	}
	s->retained = to;
	return r < 0 ? r : 1;
}

static int retain_companions(struct store *s)
{
	return sql_run(s->sql, "DELETE FROM ignored WHERE up_to < (SELECT min(id) FROM events);"
			       "DELETE FROM marks WHERE id < (SELECT min(id) FROM events)");
}

int store_retain(struct store *s, const struct store_retention *keep)
{
	int r = retain_events(s, keep);

	if (r == 0) {
		r = retain_bans(s, keep->bans_from);
	}
	if (r == 0) {
		r = retain_companions(s);
	}
	return store_fail(s, r);
}
