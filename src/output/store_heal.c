/* SPDX-License-Identifier: MIT */
/* More came about than could be kept while the database could not be written, or it is a fresh one.
 * The engine's table is the truth: what runs there, and what is on never-block, gets its row again,
 * whatever else seems to run has ended. Evidence that was not written is lost; who is banned, and
 * until when, is not. */
#include <errno.h>
#include <sys/stat.h>

#include "output/store.h"
#include "output/store_db.h"
#include "sys/clock.h"

void store_note_file(struct store *s)
{
	struct stat st;

	s->inode = stat(s->path, &st) == 0 ? st.st_ino : 0;
}

bool store_is_unlinked(const struct store *s)
{
	struct stat st;

	return stat(s->path, &st) < 0 ? errno == ENOENT : st.st_ino != s->inode;
}

void store_doubt(struct store *s)
{
	s->stale = true;
}

static int end_all(struct store *s)
{
	struct sql_statement *st;
	int r = sql_prepare(
		s->sql,
		"UPDATE bans SET ended = ?, ended_because = ? WHERE ended IS NULL AND kind = ?",
		&st);

	if (r < 0) {
		return r;
	}
	sql_bind_int(st, 1, clock_now().us);
	sql_bind_int(st, 2, BECAUSE_EXPIRED);
	sql_bind_int(st, 3, DECISION_BAN);
	return sql_finish(st);
}

int store_end_observed(struct store *s)
{
	struct sql_statement *st;
	int r = sql_prepare(
		s->sql,
		"UPDATE bans SET ended = ?1, ended_because = ?2 WHERE ended IS NULL AND because = ?3"
		" AND until > ?1",
		&st);

	if (r >= 0) {
		sql_bind_int(st, 1, clock_now().us);
		sql_bind_int(st, 2, BECAUSE_EXPIRED);
		sql_bind_int(st, 3, BECAUSE_DAEMON_OBSERVES);
		r = sql_finish(st);
	}
	s->stale = s->stale || r < 0;
	return store_fail(s, r);
}

static int put_running(struct store *s, const struct engine *e)
{
	const struct ban *ban;
	uint32_t cursor = 0;
	int r = 0;

	while (r >= 0 && (ban = engine_each_ban(e, &cursor))) {
		struct decision d = bans_decision(ban);

		d.by = str_of(ban->by);
		d.reason = str_of(ban->reason);
		r = ban->ended ? 0 : store_put_ban(s, engine_ruleset(e), &d);
	}
	return r;
}

int store_heal(struct store *s, const struct engine *e)
{
	int r = s->broken ? -EIO : end_all(s);

	if (r >= 0) {
		r = put_running(s, e);
	}
	if (r >= 0) {
		r = store_put_never(s, e);
	}
	if (r < 0) {
		return s->broken ? r : store_rollback(s, r);
	}
	s->stale = false;
	return 0;
}
