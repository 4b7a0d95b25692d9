/* SPDX-License-Identifier: MIT */
/* From which id on are there events newer than a time? Mostly ids ascend with time, but a log that
 * comes late, or a clock that was wrong, puts old events behind new ones, and no search by halves
 * is sure then. So of each few thousand ids one row says what the newest time among them is. Events
 * behind the last such row are few; they are always read. */
#include "output/store_db.h"

enum { MARK_EVENTS = 4096 };

int store_marks_load(struct store *s)
{
	int r = sql_number(s->sql, "SELECT max(id) FROM marks", 0, &s->marked);

	return r < 0 ? r
		     : sql_number(s->sql,
				  "SELECT max(time) FROM events WHERE id >"
				  " (SELECT coalesce(max(id), 0) FROM marks)",
				  INT64_MIN, &s->mark_newest);
}

int store_marks_note(struct store *s, uint64_t id, instant time)
{
	struct sql_statement *st;
	int r;

	s->mark_newest = time.us > s->mark_newest ? time.us : s->mark_newest;
	if ((int64_t)id - s->marked < MARK_EVENTS) {
		return 0;
	}
	r = sql_prepare(s->sql, "INSERT OR REPLACE INTO marks VALUES (?, ?)", &st);
	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, (int64_t)id);
	sql_bind_int(st, 2, s->mark_newest);
	s->marked = (int64_t)id;
	s->mark_newest = INT64_MIN;
	return sql_finish(st);
}

int store_marks_find(struct store *s, instant oldest, int64_t *ret_after)
{
	struct sql_statement *st;
	int r = sql_prepare(
		s->sql,
		"SELECT max(id) FROM marks WHERE id < coalesce((SELECT min(id) FROM marks"
		" WHERE newest >= ?), 9223372036854775807)",
		&st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, oldest.us);
	r = sql_step(st);
	*ret_after = r == 1 && !sql_is_null(st, 0) ? sql_int(st, 0) : 0;
	sql_done(st);
	return r < 0 ? r : 0;
}
