/* SPDX-License-Identifier: MIT */
/* Databases of older versions, made by the statements of their time, and of newer ones. */
#include <errno.h>
#include <fcntl.h>

#include "output/sql.h"
#include "output/store_db.h"
#include "unit/output/world.h"

static const char version_1[] =
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;"
	"CREATE TABLE names (id INTEGER PRIMARY KEY, name BLOB UNIQUE NOT NULL);"
	"CREATE TABLE events (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, type INTEGER NOT NULL, service INTEGER NOT NULL,"
	" filter INTEGER NOT NULL, source INTEGER NOT NULL, addr BLOB, count INTEGER NOT NULL, account BLOB, data BLOB, text BLOB);"
	"CREATE TABLE bans (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, because INTEGER NOT NULL, action INTEGER NOT NULL,"
	" since INTEGER NOT NULL, until INTEGER NOT NULL, addr BLOB NOT NULL, len INTEGER NOT NULL, jail INTEGER NOT NULL,"
	" scope INTEGER NOT NULL, type INTEGER NOT NULL, service INTEGER NOT NULL, threshold INTEGER NOT NULL, score INTEGER NOT NULL,"
	" by BLOB, reason BLOB, ended INTEGER, ended_because INTEGER);"
	"CREATE INDEX bans_addr ON bans (addr);"
	"CREATE INDEX bans_running ON bans (id) WHERE ended IS NULL;"
	"CREATE TABLE evidence (ban INTEGER NOT NULL, event INTEGER NOT NULL, time INTEGER NOT NULL, type INTEGER NOT NULL,"
	" service INTEGER NOT NULL, filter INTEGER NOT NULL, source INTEGER NOT NULL, addr BLOB, count INTEGER NOT NULL,"
	" account BLOB, data BLOB, text BLOB, points INTEGER NOT NULL, PRIMARY KEY (ban, event)) WITHOUT ROWID;"
	"CREATE TABLE ignored (addr BLOB NOT NULL, len INTEGER NOT NULL, up_to INTEGER NOT NULL, PRIMARY KEY (addr, len)) WITHOUT ROWID;"
	"CREATE TABLE positions (path BLOB PRIMARY KEY, device INTEGER, inode INTEGER, offset INTEGER, head INTEGER, tail INTEGER,"
	" head_n INTEGER, tail_n INTEGER) WITHOUT ROWID;"
	"PRAGMA user_version = 1;";

static const char version_2[] =
	"CREATE TABLE never_block (addr BLOB, len INTEGER NOT NULL, host BLOB, until INTEGER NOT NULL, jail BLOB, service BLOB,"
	" by BLOB, reason BLOB);"
	"PRAGMA user_version = 2;";

/* Version 2 was written with this and without. */
static const char known[] =
	"CREATE TABLE known (account BLOB NOT NULL, addr BLOB NOT NULL, time INTEGER NOT NULL,"
	" PRIMARY KEY (account, addr)) WITHOUT ROWID;"
	"CREATE INDEX known_time ON known (time);";

static const char version_3[] =
	"CREATE TABLE marks (id INTEGER PRIMARY KEY, newest INTEGER NOT NULL);"
	"DROP TABLE ignored;"
	"CREATE TABLE ignored (addr BLOB NOT NULL, len INTEGER NOT NULL, jail BLOB, up_to INTEGER NOT NULL);"
	"CREATE UNIQUE INDEX ignored_addr ON ignored (addr, len, ifnull(jail, x''));"
	"CREATE TABLE memories (id INTEGER PRIMARY KEY, source BLOB NOT NULL, filter BLOB NOT NULL, time INTEGER NOT NULL,"
	" lag INTEGER NOT NULL, once INTEGER NOT NULL);"
	"CREATE TABLE sessions (memory INTEGER NOT NULL, place INTEGER NOT NULL, heard INTEGER NOT NULL, digest BLOB NOT NULL,"
	" last INTEGER NOT NULL, addr BLOB, service INTEGER NOT NULL, count INTEGER NOT NULL, opened INTEGER NOT NULL,"
	" satisfied INTEGER NOT NULL, account BLOB, text BLOB, PRIMARY KEY (memory, place)) WITHOUT ROWID;"
	"CREATE TABLE once (memory INTEGER NOT NULL, place INTEGER NOT NULL, added INTEGER NOT NULL, time INTEGER NOT NULL,"
	" digest BLOB NOT NULL, PRIMARY KEY (memory, place)) WITHOUT ROWID;"
	"PRAGMA user_version = 3;";

/* Texts are bytes, here in hexadecimal.
 * Nine refused relays of 192.0.2.1 and one of 192.0.2.2 that an unban forgot, a running ban of
 * 192.0.2.3 by jail a. %1$: the moment, in microseconds. */
static const char rows[] =
	"INSERT INTO names VALUES (1, x'72656c61792d64656e696564'), (2, x'66'), (3, x'2f6c6f67'), (4, x'61'), (5, x'616c6c');"
	"INSERT INTO events SELECT value, %1$" PRId64
	" - 60000000, 1, 0, 2, 3, x'c0000201', 1, x'626f62',"
	" NULL, x'61206c696e65' FROM generate_nine;"
	"INSERT INTO events VALUES (10, %1$" PRId64
	" - 50000000, 1, 0, 2, 3, x'c0000202', 1, NULL, NULL,"
	" x'61206c696e65');"
	"INSERT INTO ignored (addr, len, up_to) VALUES (x'c0000202', 32, 10);"
	"INSERT INTO bans VALUES (7, 0, 0, 0, %1$" PRId64 " - 60000000, %1$" PRId64 " + 1740000000,"
	" x'c0000203', 32, 4, 5, 1, 0, 1000, 1000, NULL, NULL, NULL, NULL);"
	"INSERT INTO evidence VALUES (7, 1, %1$" PRId64
	" - 60000000, 1, 0, 2, 3, x'c0000203', 10, NULL,"
	" NULL, x'61206c696e65', 1000);"
	"INSERT INTO positions VALUES (x'2f6c6f67', 1, 2, 3, 4, 5, 6, 7);"
	"INSERT INTO meta VALUES (x'6d6f6465', x'6f627365727665'), (x'637572736f72206a6f75726e616c3a', x'63');";

static const char nine[] =
	"CREATE TEMP VIEW generate_nine AS WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n"
	" WHERE value < 9) SELECT value FROM n;";

static struct sql *open_raw(struct world *w)
{
	struct sql *sql = NULL;

	assert_int_equal(sql_open(w->path, &sql), 0);
	return sql;
}

static void remove_database(struct world *w)
{
	world_stop(w);
	assert_int_equal(unlink(w->path), 0);
}

/* The statements, one after the other, make the file; it gets the rows. */
static void make_old(struct world *w, const char *const statements[static 4])
{
	CLEANUP(buf_done) struct buf text = { 0 };
	struct sql *sql;

	remove_database(w);
	sql = open_raw(w);
	assert_int_equal(sql_run(sql, "PRAGMA journal_mode = WAL"), 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(statements[i] ? sql_run(sql, statements[i]) : 0, 0);
	}
	assert_int_equal(sql_run(sql, nine), 0);
	buf_printf(&text, rows, w->now * 1000000);
	assert_int_equal(sql_run(sql, buf_text(&text)), 0);
	sql_close(sql);
}

static int64_t number(struct world *w, const char *text)
{
	struct sql *sql = open_raw(w);
	int64_t n = 0;

	assert_int_equal(sql_number(sql, text, -1, &n), 0);
	sql_close(sql);
	return n;
}

static void schema(struct world *w, struct buf *out)
{
	struct sql_statement *st;

	assert_int_equal(sql_prepare(w->store->sql, "SELECT sql FROM sqlite_schema ORDER BY name",
				     &st),
			 0);
	while (sql_step(st) == 1) {
		buf_add_str(out, sql_bytes(st, 0));
		buf_add_str(out, STR("\n"));
	}
	sql_done(st);
}

static void assert_all_is_there(struct world *w)
{
	CLEANUP(buf_done) struct buf mode = { 0 }, cursor = { 0 };
	CLEANUP(ids_done) struct ids evidence = { 0 };
	struct position back;

	assert_int_equal(world_score(w, "192.0.2.1/32"), 900);
	assert_int_equal(world_score(w, "192.0.2.2/32"), 0);
	assert_non_null(world_ban(w, 0, "192.0.2.3/32"));
	assert_events(w, NULL, "10! 9 8 7 6 5 4 3 2 1");
	assert_bans(w, NULL, "7");
	assert_int_equal(store_evidence(w->store, 7, ids_event, &evidence), 0);
	assert_string_equal(buf_text(&evidence.text), "1");
	assert_int_equal(store_position(w->store, STR("/log"), &back), 1);
	assert_int_equal(back.offset, 3);
	assert_int_equal(back.tail_n, 7);
	assert_int_equal(store_get(w->store, "mode", &mode), 1);
	assert_true(str_eq(buf_str(&mode), STR("observe")));
	assert_int_equal(store_cursor(w->store, STR("journal:"), &cursor), 1);
	world_attack(w, "192.0.2.1", -10, 1);
	assert_non_null(world_ban(w, 0, "192.0.2.1/32"));
}

static void opens_as_the_latest(struct world *w, const char *const statements[static 4])
{
	CLEANUP(buf_done) struct buf fresh = { 0 }, upgraded = { 0 };

	schema(w, &fresh);
	make_old(w, statements);
	world_start(w);
	assert_int_equal(w->opened, 0);
	schema(w, &upgraded);
	assert_string_equal(buf_text(&upgraded), buf_text(&fresh));
	assert_all_is_there(w);
	world_restart(w);
	assert_int_equal(number(w, "PRAGMA user_version"), STORE_VERSION);
	assert_non_null(world_ban(w, 0, "192.0.2.1/32"));
}

static void one_of_version_1_becomes_the_latest_with_all_that_is_in_it(void **state)
{
	opens_as_the_latest(*state, (const char *const[]){ version_1, NULL, NULL, NULL });
}

static void one_of_version_2_becomes_the_latest_with_all_that_is_in_it(void **state)
{
	opens_as_the_latest(*state, (const char *const[]){ version_1, version_2, NULL, NULL });
}

static void one_of_version_2_may_have_the_known_logins_already(void **state)
{
	struct world *w = *state;

	opens_as_the_latest(w, (const char *const[]){ version_1, version_2, known, NULL });
	assert_int_equal(number(w, "SELECT count(*) FROM known"), 0);
}

static void one_of_version_3_becomes_the_latest_with_all_that_is_in_it(void **state)
{
	opens_as_the_latest(*state,
			    (const char *const[]){ version_1, version_2, known, version_3 });
}

/* Something else has the name of an index that a step makes. */
static void an_upgrade_that_fails_leaves_the_old_one_as_it_was(void **state)
{
	struct world *w = *state;

	make_old(w, (const char *const[]){ version_1, "CREATE TABLE known_time (x)", NULL, NULL });
	assert_true(store_open(w->dir, w->aside, &w->store) < 0);
	assert_null(w->store);
	assert_int_equal(number(w, "PRAGMA user_version"), 1);
	assert_int_equal(number(w, "SELECT count(*) FROM sqlite_schema WHERE name = 'never_block'"),
			 0);
	assert_int_equal(number(w, "SELECT count(*) FROM events"), 10);
	(void)number(w, "DROP TABLE known_time");
	world_start(w);
	assert_int_equal(w->opened, 0);
	assert_all_is_there(w);
}

static void read_whole(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *space;
	ssize_t n;

	assert_true(fd >= 0);
	while ((space = buf_reserve(out, 65536)) && (n = read(fd, space, 65536)) > 0) {
		out->n += (size_t)n;
	}
	assert_int_equal(close(fd), 0);
}

static void one_of_a_newer_version_is_not_touched(void **state)
{
	struct world *w = *state;
	CLEANUP(buf_done) struct buf before = { 0 }, after = { 0 }, statement = { 0 };

	buf_printf(&statement, "PRAGMA journal_mode = DELETE; PRAGMA user_version = %d",
		   STORE_VERSION + 1);
	assert_int_equal(sql_run(w->store->sql, buf_text(&statement)), 0);
	world_stop(w);
	read_whole(w->path, &before);
	assert_int_equal(store_open(w->dir, w->aside, &w->store), -EPROTO);
	assert_null(w->store);
	read_whole(w->path, &after);
	assert_true(str_eq(buf_str(&before), buf_str(&after)));
	assert_int_equal(unlink(w->path), 0);
	world_start(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(one_of_version_1_becomes_the_latest_with_all_that_is_in_it),
		IN_WORLD(one_of_version_2_becomes_the_latest_with_all_that_is_in_it),
		IN_WORLD(one_of_version_2_may_have_the_known_logins_already),
		IN_WORLD(one_of_version_3_becomes_the_latest_with_all_that_is_in_it),
		IN_WORLD(an_upgrade_that_fails_leaves_the_old_one_as_it_was),
		IN_WORLD(one_of_a_newer_version_is_not_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
