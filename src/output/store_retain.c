/* SPDX-License-Identifier: MIT */
/* What is old goes in small slices, so that a deletion holds nothing up: events from the oldest id
 * on; bans, with their evidence, in one walk over their ids from the oldest to the first that is
 * young; and of what an unban said, that which is about events that are gone. What is dated a day
 * ahead or more, by a clock that was wrong, is passed over; of events, it goes when there are too
 * many of them. */
#include <errno.h>

#include "output/store.h"
#include "output/store_db.h"

enum { EVENTS_SLICE = 2000, BANS_SLICE = 500 };

static const duration a_day = { .us = INT64_C(86400000000) };

/* A few rows from the oldest on. */
struct slice {
	int64_t to; /* the last id; 0: there are none */
	instant oldest, newest;
};

static int next_slice(struct store *s, const char *text, int64_t after, int64_t n,
		      struct slice *ret)
{
	struct sql_statement *st;
	int r = sql_prepare(s->sql, text, &st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, after);
	sql_bind_int(st, 2, n);
	r = sql_step(st);
	if (r == 1 && !sql_is_null(st, 0)) {
		ret->to = sql_int(st, 0);
		ret->oldest.us = sql_int(st, 1);
		ret->newest.us = sql_int(st, 2);
	}
	sql_done(st);
	return r < 0 ? r : 0;
}

/* By a clock that was wrong: behind such rows there may be old ones. */
static bool is_dated_ahead(const struct slice *slice, const struct store_retention *keep)
{
	return keep->now.us != 0 && slice->newest.us > instant_add(keep->now, a_day).us;
}

/* Never the newest: the ids of a restart go on behind it. */
static int delete_events(struct store *s, const struct store_retention *keep, int64_t to)
{
	struct sql_statement *st;
	uint64_t most = keep->events_max > INT64_MAX / 2 ? INT64_MAX / 2 : keep->events_max;
	instant ahead = keep->now.us != 0 ? instant_add(keep->now, a_day) : INSTANT_NEVER;
	int r = sql_prepare(s->sql,
			    "DELETE FROM events WHERE id > ?4 AND id <= ?5"
			    " AND id < (SELECT max(id) FROM events) AND (time < ?2"
			    " OR (id <= (SELECT max(id) FROM events) - ?1"
			    " AND (time <= ?3 OR time > ?6)))",
			    &st);

	if (r >= 0) {
		sql_bind_int(st, 1, (int64_t)most);
		sql_bind_int(st, 2, keep->events_from.us);
		sql_bind_int(st, 3, keep->windows_from.us);
		sql_bind_int(st, 4, s->passed);
		sql_bind_int(st, 5, to);
		sql_bind_int(st, 6, ahead.us);
		r = sql_finish(st);
	}
	return r < 0 ? r : sql_changes(s->sql) > 0;
}

static int retain_events(struct store *s, const struct store_retention *keep)
{
	struct slice slice = { 0 };
	int r = next_slice(s,
			   "SELECT max(id), min(time), max(time) FROM"
			   " (SELECT id, time FROM events WHERE id > ? ORDER BY id LIMIT ?)",
			   s->passed, EVENTS_SLICE, &slice);

	if (r == 0 && slice.to != 0) {
		r = delete_events(s, keep, slice.to);
	}
	if (r == 0 && slice.to != 0 && is_dated_ahead(&slice, keep)) {
		s->passed = slice.to;
		return 1;
	}
	s->passed = r == 0 ? 0 : s->passed;
	return r;
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

static int retain_bans(struct store *s, const struct store_retention *keep)
{
	struct slice slice = { 0 };
	int r = next_slice(s,
			   "SELECT max(id), min(since), max(since) FROM"
			   " (SELECT id, since FROM bans WHERE id > ? ORDER BY id LIMIT ?)",
			   s->retained, BANS_SLICE, &slice);
	instant from = keep->bans_from;
	bool looks = slice.oldest.us < from.us || is_dated_ahead(&slice, keep);

	if (r < 0 || slice.to == 0 || !looks) {
		s->retained = 0;
		return r;
	}
	r = delete_slice(s, "DELETE FROM evidence WHERE ban IN (" OLD_BANS ")", slice.to, from);
	if (r >= 0) {
		r = delete_slice(s, "DELETE FROM bans WHERE id IN (" OLD_BANS ")", slice.to, from);
	}
	s->retained = slice.to;
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
		r = retain_bans(s, keep);
	}
	if (r == 0) {
		r = retain_companions(s);
	}
	return store_fail(s, r);
}
