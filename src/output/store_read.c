/* SPDX-License-Identifier: MIT */
/* The reading half of the store: what people ask. Questions about
 * events walk ids backwards in slices that the caller chooses, because there is no index to jump
 * by; questions about bans use the index over their addresses. */
#include "output/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output/store_db.h"
#include "output/store_rows.h"

int store_get(struct store *s, const char *key, struct buf *ret)
{
	const struct unwritten_note *waits = unwritten_find(&s->unwritten, str_of(key), true);
	struct sql_statement *st;
	int r = sql_prepare(s->sql, "SELECT value FROM meta WHERE key = ?", &st);

	if (waits) {
		buf_add_str(ret, buf_str(&waits->value));
		return 1;
	}
	if (r < 0) {
		return store_fail(s, r);
	}
	sql_bind_bytes(st, 1, str_of(key));
	r = sql_step(st);
	if (r == 1) {
		buf_add_str(ret, sql_bytes(st, 0));
	}
	sql_done(st);
	return store_fail(s, r);
}

int store_cursor(struct store *s, struct str path, struct buf *ret)
{
	CLEANUP(buf_done) struct buf key = { 0 };

	buf_printf(&key, "cursor %.*s", STR_ARG(path));
	return store_get(s, buf_text(&key), ret);
}

int store_position(struct store *s, struct str path, struct position *ret)
{
	const struct unwritten_note *waits = unwritten_find(&s->unwritten, path, false);
	struct sql_statement *st;
	int r = sql_prepare(
		s->sql,
		"SELECT device, inode, offset, head, tail, head_n, tail_n FROM positions WHERE path = ?",
		&st);

	if (waits) {
		*ret = waits->position;
		return 1;
	}
	if (r < 0) {
		return store_fail(s, r);
	}
	sql_bind_bytes(st, 1, path);
	r = sql_step(st);
	if (r == 1) {
		*ret = (struct position){
			.device = (uint64_t)sql_int(st, 0),
			.inode = (uint64_t)sql_int(st, 1),
			.offset = (uint64_t)sql_int(st, 2),
			.head = (uint64_t)sql_int(st, 3),
			.tail = (uint64_t)sql_int(st, 4),
			.head_n = (uint32_t)sql_int(st, 5),
			.tail_n = (uint32_t)sql_int(st, 6),
		};
	}
	sql_done(st);
	return store_fail(s, r);
}

static bool concerns(const struct store_walk *walk, struct sql_statement *st)
{
	struct addr addr;

	return store_addr(sql_bytes(st, 1), &addr) && store_concerns(walk->subject, &addr);
}

static void bind_walk(struct sql_statement *st, const struct store_walk *walk, size_t seen)
{
	sql_bind_int(st, 1,
		     walk->before && walk->before < INT64_MAX ? (int64_t)walk->before : INT64_MAX);
	sql_bind_int(st, 2, (int64_t)(walk->scan - seen));
}

/* Goes to the next event that the walk asks for: 1, and walk->before is its id; 0: none in this
 * slice. Only addresses are looked at, for most rows are others'. */
static int next_event(struct store *s, struct store_walk *walk, size_t *seen)
{
	struct sql_statement *st;
	bool found = false;
	int r = sql_prepare(s->sql,
			    "SELECT id, addr FROM events WHERE id < ? ORDER BY id DESC LIMIT ?",
			    &st);

	if (r < 0) {
		return r;
	}
	bind_walk(st, walk, *seen);
	while (!found && (r = sql_step(st)) == 1) {
		++*seen;
		walk->before = (uint64_t)sql_int(st, 0);
		found = !walk->subject || concerns(walk, st);
	}
	sql_done(st);
	return r < 0 ? r : found;
}

/* Hands out the event with the id walk->before; *go_on: what the callback said. */
static int hand_out(struct store *s, const struct store_walk *walk, store_event_fn fn, void *arg,
		    bool *go_on)
{
	struct sql_statement *st;
	struct stored_event event;
	int r = sql_prepare(s->sql, "SELECT " EVENT_COLUMNS " FROM events WHERE id = ?", &st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, (int64_t)walk->before);
	r = sql_step(st);
	if (r == 1) {
		store_row_event(st, 0, &event);
		event.ignored = store_is_ignored(s, &event);
		*go_on = fn(arg, &event);
	}
	sql_done(st);
	return r;
}

int store_events(struct store *s, struct store_walk *walk, store_event_fn fn, void *arg)
{
	size_t seen = 0;
	bool go_on = true;
	int r;

	do {
		r = next_event(s, walk, &seen);
		r = r == 1 ? hand_out(s, walk, fn, arg, &go_on) : r;
	} while (r == 1 && go_on);
	walk->before = go_on && seen < walk->scan ? 0 : walk->before;
	return r < 0 ? store_fail(s, r) : 0;
}

int store_events_since(struct store *s, uint64_t after, size_t limit, store_event_fn fn, void *arg)
{
	struct sql_statement *st;
	struct stored_event event;
	int r = sql_prepare(s->sql,
			    "SELECT " EVENT_COLUMNS " FROM events WHERE id > ? ORDER BY id LIMIT ?",
			    &st);

	if (r < 0) {
		return store_fail(s, r);
	}
	sql_bind_int(st, 1, (int64_t)after);
	sql_bind_int(st, 2, (int64_t)limit);
	while ((r = sql_step(st)) == 1) {
		store_row_event(st, 0, &event);
		event.ignored = store_is_ignored(s, &event);
		if (!fn(arg, &event)) {
			break;
		}
	}
	sql_done(st);
	return r < 0 ? store_fail(s, r) : 0;
}

int store_evidence(struct store *s, uint64_t ban, store_event_fn fn, void *arg)
{
	struct sql_statement *st;
	struct stored_event event;
	int r = sql_prepare(
		s->sql,
		"SELECT event AS id, time, " NAME_OF("type") ", " NAME_OF("service") ", " NAME_OF(
			"filter") ", " NAME_OF("source") ", addr, account, data, text, count, points FROM evidence WHERE ban = ? ORDER BY time, event",
		&st);

	if (r < 0) {
		return store_fail(s, r);
	}
	sql_bind_int(st, 1, (int64_t)ban);
	while ((r = sql_step(st)) == 1) {
		store_row_event(st, 0, &event);
		event.points = sql_int(st, 11);
		event.ignored = store_is_ignored(s, &event);
		if (!fn(arg, &event)) {
			break;
		}
	}
	sql_done(st);
	return r < 0 ? store_fail(s, r) : 0;
}

/* The addresses of all prefixes around the subject that are wider than it, one behind the other.
 * Neighbours are often the same; the index finds them once. */
static void bind_wider(struct sql_statement *st, const struct prefix *subject,
		       char addresses[static 128 * 16])
{
	size_t width = subject->addr.family == 4 ? 4 : 16;

	for (uint8_t len = 0; len < subject->len; len++) {
		struct prefix p = prefix_of(&subject->addr, len);

		memcpy(addresses + len * width, p.addr.bytes, width);
	}
	sql_bind_int(st, 5, subject->len);
	sql_bind_bytes(st, 6, (struct str){ .p = addresses, .n = subject->len * width });
	sql_bind_int(st, 7, (int64_t)width);
}

int store_bans(struct store *s, const struct prefix *subject, uint64_t before_id, size_t limit,
	       store_ban_fn fn, void *arg)
{
	static const char all[] = "SELECT " BAN_COLUMNS
				  " FROM bans WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
	/* What is inside the subject lies in its range of the index; what is around it has one of a
	 * few addresses. */
	static const char some[] =
		"WITH RECURSIVE wider(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM wider WHERE i + 1 < ?5)"
		" SELECT " BAN_COLUMNS
		" FROM bans WHERE id IN (SELECT id FROM bans WHERE addr BETWEEN ?3 AND ?4 AND length(addr) = ?7"
		" AND len >= ?5 AND id < ?1 UNION ALL SELECT id FROM bans WHERE len < ?5 AND id < ?1"
		" AND addr IN (SELECT substr(?6, 1 + i * ?7, ?7) FROM wider)) ORDER BY id DESC LIMIT ?2";
	char addresses[128 * 16];
	uint8_t low[16], high[16];
	struct str first, last;
	struct sql_statement *st;
	int r = sql_prepare(s->sql, subject ? some : all, &st);

	if (r < 0) {
		return store_fail(s, r);
	}
	sql_bind_int(st, 1, before_id && before_id < INT64_MAX ? (int64_t)before_id : INT64_MAX);
	sql_bind_int(st, 2, (int64_t)limit);
	if (subject) {
		store_range(subject, low, high, &first, &last);
		sql_bind_bytes(st, 3, first);
		sql_bind_bytes(st, 4, last);
		bind_wider(st, subject, addresses);
	}
	return store_fail(s, store_rows_bans(st, subject, fn, arg));
}
