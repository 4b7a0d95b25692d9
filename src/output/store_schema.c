/* SPDX-License-Identifier: MIT */
/* What the database looks like, as the steps that each version added to the one before it. A fresh
 * database goes through all of them, so that an old one that was upgraded is the same as a fresh
 * one. All steps that are missing are one transaction: it is the old version or the latest. What a
 * version that was released has said here is never changed again. */
#include <errno.h>

#include "output/store.h"
#include "output/store_db.h"

/* What the next version adds to the one of its row. */
static const char *const steps[STORE_VERSION] = {
	[0] = "CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;"
	      "CREATE TABLE names (id INTEGER PRIMARY KEY, name BLOB UNIQUE NOT NULL);"
	      "CREATE TABLE events (id INTEGER PRIMARY KEY, time INTEGER NOT NULL,"
	      " type INTEGER NOT NULL, service INTEGER NOT NULL, filter INTEGER NOT NULL,"
	      " source INTEGER NOT NULL, addr BLOB, count INTEGER NOT NULL, account BLOB,"
	      " data BLOB, text BLOB);"
	      "CREATE TABLE bans (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL,"
	      " because INTEGER NOT NULL, action INTEGER NOT NULL, since INTEGER NOT NULL,"
	      " until INTEGER NOT NULL, addr BLOB NOT NULL, len INTEGER NOT NULL,"
	      " jail INTEGER NOT NULL, scope INTEGER NOT NULL, type INTEGER NOT NULL,"
	      " service INTEGER NOT NULL, threshold INTEGER NOT NULL, score INTEGER NOT NULL,"
	      " by BLOB, reason BLOB, ended INTEGER, ended_because INTEGER);"
	      "CREATE INDEX bans_addr ON bans (addr);"
	      "CREATE INDEX bans_running ON bans (id) WHERE ended IS NULL;"
	      "CREATE TABLE evidence (ban INTEGER NOT NULL, event INTEGER NOT NULL,"
	      " time INTEGER NOT NULL, type INTEGER NOT NULL, service INTEGER NOT NULL,"
	      " filter INTEGER NOT NULL, source INTEGER NOT NULL, addr BLOB,"
	      " count INTEGER NOT NULL, account BLOB, data BLOB, text BLOB,"
	      " points INTEGER NOT NULL, PRIMARY KEY (ban, event)) WITHOUT ROWID;"
	      "CREATE TABLE ignored (addr BLOB NOT NULL, len INTEGER NOT NULL,"
	      " up_to INTEGER NOT NULL, PRIMARY KEY (addr, len)) WITHOUT ROWID;"
	      "CREATE TABLE positions (path BLOB PRIMARY KEY, device INTEGER, inode INTEGER,"
	      " offset INTEGER, head INTEGER, tail INTEGER, head_n INTEGER, tail_n INTEGER)"
	      " WITHOUT ROWID;",
	[1] = "CREATE TABLE never_block (addr BLOB, len INTEGER NOT NULL, host BLOB,"
	      " until INTEGER NOT NULL, jail BLOB, service BLOB, by BLOB, reason BLOB);",
	/* Some databases of version 2 have these already. */
	[2] = "CREATE TABLE IF NOT EXISTS known (account BLOB NOT NULL, addr BLOB NOT NULL,"
	      " time INTEGER NOT NULL, PRIMARY KEY (account, addr)) WITHOUT ROWID;"
	      "CREATE INDEX IF NOT EXISTS known_time ON known (time);"
	      "CREATE TABLE marks (id INTEGER PRIMARY KEY, newest INTEGER NOT NULL);"
	      "ALTER TABLE ignored RENAME TO ignored_by_all;"
	      "CREATE TABLE ignored (addr BLOB NOT NULL, len INTEGER NOT NULL, jail BLOB,"
	      " up_to INTEGER NOT NULL);"
	      "CREATE UNIQUE INDEX ignored_addr ON ignored (addr, len, ifnull(jail, x''));"
	      "INSERT INTO ignored SELECT addr, len, NULL, up_to FROM ignored_by_all;"
	      "DROP TABLE ignored_by_all;"
	      "CREATE TABLE memories (id INTEGER PRIMARY KEY, source BLOB NOT NULL,"
	      " filter BLOB NOT NULL, time INTEGER NOT NULL, lag INTEGER NOT NULL,"
	      " once INTEGER NOT NULL);"
	      "CREATE TABLE sessions (memory INTEGER NOT NULL, place INTEGER NOT NULL,"
	      " heard INTEGER NOT NULL, digest BLOB NOT NULL, last INTEGER NOT NULL, addr BLOB,"
	      " service INTEGER NOT NULL, count INTEGER NOT NULL, opened INTEGER NOT NULL,"
	      " satisfied INTEGER NOT NULL, account BLOB, text BLOB,"
	      " PRIMARY KEY (memory, place)) WITHOUT ROWID;"
	      "CREATE TABLE once (memory INTEGER NOT NULL, place INTEGER NOT NULL,"
	      " added INTEGER NOT NULL, time INTEGER NOT NULL, digest BLOB NOT NULL,"
	      " PRIMARY KEY (memory, place)) WITHOUT ROWID;",
	/* An unban of all ends the shadows, and does not look at each block for it. */
	[3] = "CREATE INDEX bans_shadows ON bans (addr) WHERE ended IS NULL AND kind != 0;",
};

_Static_assert(DECISION_BAN == 0, "what is no shadow");

/* The number stands in the file's header, so it cannot be a parameter of a statement. */
#define SET_VERSION(number) "PRAGMA user_version = " #number
_Static_assert(STORE_VERSION == 4, "the number below");

int store_upgrade(struct store *s, int64_t version)
{
	int r;

	if (version == STORE_VERSION) {
		return 0;
	}
	r = sql_run(s->sql, "BEGIN IMMEDIATE");
	for (int64_t i = version; r >= 0 && i < STORE_VERSION; i++) {
		r = sql_run(s->sql, steps[i]);
	}
	if (r >= 0) {
		r = sql_run(s->sql, SET_VERSION(4) "; COMMIT");
	}
	return r < 0 ? store_rollback(s, r) : 0;
}
