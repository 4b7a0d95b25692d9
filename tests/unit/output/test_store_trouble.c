/* SPDX-License-Identifier: MIT */
/* Bad days: damaged, newer, full, read only; orders that fail half way. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "output/store_db.h"
#include "unit/output/world.h"

static void write_file(const char *path, const char *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	assert_int_equal(close(fd), 0);
}

static void read_file(const char *path, struct buf *out)
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

static void a_damaged_database_is_set_aside_and_kept(void **state)
{
	static const char garbage[] = "this is not a database, it only has the name of one; "
				      "and it is longer than the header of a real one would be.";
	struct world *w = *state;
	struct stat st;

	world_attack(w, "192.0.2.1", -60, 10);
	world_stop(w);
	write_file(w->path, garbage, sizeof(garbage));
	world_start(w);
	assert_int_equal(w->opened, -EBADMSG);
	assert_memory_equal(w->aside, w->path, strlen(w->path));
	assert_int_equal(stat(w->aside, &st), 0);
	assert_int_equal(st.st_size, sizeof(garbage));
	assert_null(world_ban(w, 0, "192.0.2.1/32"));
	world_attack(w, "192.0.2.1", -60, 10);
	world_restart(w);
	assert_non_null(world_ban(w, 0, "192.0.2.1/32"));
}

/* Wherever the bytes are wrong, a start ends with a usable store, or says that it is damaged. */
static void damage_anywhere_is_survived(void **state)
{
	struct world *w = *state;
	CLEANUP(buf_done) struct buf good = { 0 };
	size_t said = 0;

	for (int i = 0; i < 20; i++) {
		world_attack(w, "192.0.2.1", -600 + i * 10, 10);
		world_attack(w, "2001:db8::1", -600 + i * 10, 10);
	}
	world_stop(w);
	read_file(w->path, &good);
	assert_true(good.n > 8192);
	for (size_t at = 0; at < good.n; at += 4096 / 4 + 37) {
		CLEANUP(buf_done) struct buf bad = { 0 };
		int r;

		buf_add_str(&bad, buf_str(&good));
		memset(bad.p + at, 0xa5, bad.n - at < 512 ? bad.n - at : 512);
		write_file(w->path, bad.p, bad.n);
		r = store_open(w->dir, w->aside, &w->store);
		assert_true(r == 0 || r == -EBADMSG);
		w->engine = rig_start(world_rules(w));
		r = r < 0 ? r : world_recall(w);
		said += r == -EBADMSG;
		assert_true(r == 0 || r == -EBADMSG);
		world_stop(w);
		assert_true(unlink(w->path) == 0 || errno == ENOENT);
	}
	assert_true(said > 0);
	world_start(w);
}

static void what_is_found_damaged_later_can_be_set_aside_as_well(void **state)
{
	struct world *w = *state;
	struct stat st;

	world_attack(w, "192.0.2.1", -60, 10);
	assert_int_equal(store_replace(w->store, w->aside), 0);
	assert_int_equal(stat(w->aside, &st), 0);
	assert_bans(w, NULL, "");
	world_attack(w, "192.0.2.2", -60, 10);
	assert_bans(w, NULL, "4 3");
	world_restart(w);
	assert_non_null(world_ban(w, 0, "192.0.2.2/32"));
}

static void an_empty_file_becomes_a_database(void **state)
{
	struct world *w = *state;

	world_stop(w);
	write_file(w->path, "", 0);
	world_start(w);
	assert_int_equal(w->opened, 0);
	world_attack(w, "192.0.2.1", -60, 10);
}

static void a_directory_that_is_missing_is_an_error_with_words(void **state)
{
	struct world *w = *state;
	struct store *s = NULL;

	assert_true(store_open("/nonexistent", w->aside, &s) < 0);
	assert_null(s);
}

static int limit_pages(struct world *w, const char *text)
{
	int64_t n;

	return sql_number(w->store->sql, text, 0, &n);
}

static void the_disk_is_full(struct world *w)
{
	assert_int_equal(limit_pages(w, "PRAGMA max_page_count = 1"), 0);
}

static void the_disk_has_room(struct world *w)
{
	assert_int_equal(limit_pages(w, "PRAGMA max_page_count = 1000000"), 0);
}

/* So many lines that they do not fit into what is left of the pages. */
static void feed_much(struct world *w, const char *addr)
{
	for (int64_t i = 0; i < 500; i++) {
		struct event event = rig_event(addr, EVENT_BAD_RECIPIENT, w->now - 600 + i);

		event.text = STR(
			"a long line that takes some room in the database, and again a long line");
		world_feed(w, &event);
	}
}

static int apply_at(struct world *w, uint64_t offset, bool durable)
{
	const struct stored_position at = { .path = STR("/log"), .position.offset = offset };
	const struct batch batch = engine_take(w->engine);

	return store_apply(w->store, engine_ruleset(w->engine), &batch, &at, 1, durable);
}

static int64_t count(struct world *w, const char *text)
{
	int64_t n = 0;

	assert_int_equal(sql_number(w->store->sql, text, -1, &n), 0);
	return n;
}

static void what_a_full_disk_keeps_out_waits_and_comes_in_with_its_positions(void **state)
{
	struct world *w = *state;
	struct position back;

	world_attack(w, "192.0.2.1", -600, 3);
	the_disk_is_full(w);
	feed_much(w, "192.0.2.2");
	assert_int_equal(apply_at(w, 7, true), -ENOSPC);
	assert_non_null(strstr(store_error(w->store), "full"));
	feed_much(w, "192.0.2.3");
	assert_int_equal(apply_at(w, 8, false), -ENOSPC);
	assert_events(w, NULL, "3 2 1");
	assert_bans(w, NULL, "");
	assert_int_equal(store_waiting(w->store).events, 1000);
	assert_int_equal(store_waiting(w->store).decisions, 4);
	the_disk_has_room(w);
	feed_much(w, "192.0.2.4");
	assert_int_equal(apply_at(w, 9, false), 0);
	assert_int_equal(store_waiting(w->store).events, 0);
	assert_false(store_is_stale(w->store));
	world_restart(w);
	assert_int_equal(store_position(w->store, STR("/log"), &back), 1);
	assert_int_equal(back.offset, 9);
	assert_int_equal(count(w, "SELECT sum(count) FROM events"), 1503);
	assert_bans(w, NULL, "6 5 4 3 2 1");
	assert_int_equal(count(w, "SELECT sum(points) FROM evidence WHERE ban = 1"), 1000);
}

/* Killed while it waits: nothing of it was there, and the position says where to read on. */
static void what_waited_when_we_died_is_read_again(void **state)
{
	struct world *w = *state;
	struct position back;

	world_attack(w, "192.0.2.1", -600, 3);
	assert_int_equal(apply_at(w, 7, true), 0);
	the_disk_is_full(w);
	feed_much(w, "192.0.2.2");
	assert_int_equal(apply_at(w, 8, true), -ENOSPC);
	assert_int_equal(store_position(w->store, STR("/log"), &back), 1);
	assert_int_equal(back.offset, 8);
	world_restart(w);
	assert_int_equal(store_position(w->store, STR("/log"), &back), 1);
	assert_int_equal(back.offset, 7);
	feed_much(w, "192.0.2.2");
	assert_int_equal(apply_at(w, 8, true), 0);
	assert_int_equal(count(w, "SELECT count(*) FROM events"), 503);
	assert_bans(w, NULL, "2 1");
}

static void an_unban_and_settings_wait_in_their_place(void **state)
{
	struct world *w = *state;
	struct prefix p = rig_prefix("192.0.2.2/32");
	CLEANUP(buf_done) struct buf mode = { 0 };

	world_attack(w, "192.0.2.1", -600, 1);
	the_disk_is_full(w);
	feed_much(w, "192.0.2.2");
	assert_int_equal(apply_at(w, 7, true), -ENOSPC);
	assert_int_equal(store_open_order(w->store, engine_ruleset(w->engine)), -ENOSPC);
	assert_int_equal(store_ignore(w->store, &(struct ignored){ .prefix = p }), -EIO);
	assert_int_equal(store_set(w->store, "mode", STR("observe")), -EIO);
	assert_true(store_close_order(w->store) < 0);
	assert_int_equal(store_set(w->store, "mode", STR("enforce")), 0);
	feed_much(w, "192.0.2.2");
	store_keep(w->store, &(struct batch){ 0 }, NULL, 0);
	the_disk_has_room(w);
	assert_int_equal(apply_at(w, 9, true), 0);
	world_restart(w);
	assert_int_equal(count(w, "SELECT up_to FROM ignored"), 501);
	assert_int_equal(store_get(w->store, "mode", &mode), 1);
	assert_string_equal(buf_text(&mode), "enforce");
}

static void what_waited_comes_into_the_fresh_one_behind_a_damaged_one(void **state)
{
	struct world *w = *state;
	struct position back;

	world_attack(w, "192.0.2.1", -600, 10);
	the_disk_is_full(w);
	feed_much(w, "192.0.2.2");
	assert_int_equal(apply_at(w, 7, true), -ENOSPC);
	assert_int_equal(store_replace(w->store, w->aside), 0);
	assert_true(store_is_stale(w->store));
	assert_false(store_is_damaged(w->store));
	assert_int_equal(store_open_order(w->store, engine_ruleset(w->engine)), 0);
	assert_int_equal(store_heal(w->store, w->engine), 0);
	assert_int_equal(store_close_order(w->store), 0);
	world_restart(w);
	assert_int_equal(count(w, "SELECT count(*) FROM events"), 500);
	assert_int_equal(store_position(w->store, STR("/log"), &back), 1);
	assert_non_null(world_ban(w, 0, "192.0.2.1/32"));
	assert_non_null(world_ban(w, 0, "192.0.2.2/32"));
	assert_int_equal(count(w, "SELECT count(*) FROM bans"), 4);
}

/* Pages that are read again, because the memory they were kept in is given back. */
static void damage_is_noticed_by_who_reads(void **state)
{
	struct world *w = *state;
	struct store_walk walk = { .scan = 10000 };
	struct ids ids = { 0 };
	char garbage[4096];
	int fd;

	memset(garbage, 0xa5, sizeof(garbage));
	for (int i = 0; i < 20; i++) {
		feed_much(w, "192.0.2.2");
		assert_int_equal(world_apply(w), 0);
	}
	assert_int_equal(count(w, "PRAGMA wal_checkpoint(TRUNCATE)"), 0);
	fd = open(w->path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (off_t at = 4096; at < 100 * 4096; at += 4096) {
		assert_int_equal(pwrite(fd, garbage, sizeof(garbage), at), sizeof(garbage));
	}
	assert_int_equal(close(fd), 0);
	assert_int_equal(sql_run(w->store->sql, "PRAGMA shrink_memory"), 0);
	assert_false(store_is_damaged(w->store));
	assert_int_equal(store_events(w->store, &walk, ids_event, &ids), -EBADMSG);
	ids_done(&ids);
	assert_true(store_is_damaged(w->store));
	assert_int_equal(store_replace(w->store, w->aside), 0);
	assert_false(store_is_damaged(w->store));
	world_attack(w, "192.0.2.3", -60, 10);
	world_restart(w);
	assert_non_null(world_ban(w, 0, "192.0.2.3/32"));
}

/* The same again and again, too few of it for a flood. */
static void feed_again(struct world *w)
{
	static char text[EVENT_TEXT_KEPT];
	struct event event = rig_event("192.0.2.2", EVENT_BAD_RECIPIENT, w->now - 60);

	event.text = (struct str){ .p = text, .n = sizeof(text) };
	for (int i = 0; i < 200; i++) {
		world_feed(w, &event);
	}
}

static void what_waits_beyond_the_bound_is_counted_in_rows_of_its_kind(void **state)
{
	struct world *w = *state;

	the_disk_is_full(w);
	w->store->unwritten.limit = 20;
	feed_again(w);
	assert_int_equal(apply_at(w, 7, true), -ENOSPC);
	assert_int_equal(store_waiting(w->store).folded, 180);
	for (unsigned i = 0; i < 60; i++) {
		char addr[ADDR_TEXT_MAX];

		snprintf(addr, sizeof(addr), "198.51.100.%u", i);
		rig_feed(w->engine, addr, EVENT_RELAY_DENIED, w->now);
	}
	assert_int_equal(apply_at(w, 8, true), -ENOSPC);
	feed_again(w);
	assert_int_equal(apply_at(w, 9, true), -ENOSPC);
	assert_int_equal(store_waiting(w->store).events, 460);
	assert_int_equal(store_waiting(w->store).folded, 380);
	assert_int_equal(store_waiting(w->store).lost_events, 40);
	assert_int_equal(store_waiting(w->store).lost_decisions, 0);
	the_disk_has_room(w);
	assert_int_equal(apply_at(w, 10, true), 0);
	assert_int_equal(count(w, "SELECT sum(count) FROM events"), 420);
	assert_int_equal(count(w, "SELECT count(*) FROM events"), 40);
	/* evidence without a row of its own: the sum is that of the decision */
	assert_int_equal(count(w, "SELECT sum(points) FROM evidence WHERE ban = 1"), 1000);
	assert_int_equal(count(w, "SELECT score FROM bans WHERE id = 1"), 1000);
}

/* Bans that nobody could write down, and lifts; told again when there is room. */
static void what_came_and_went_while_the_disk_was_full_is_mended(void **state)
{
	struct world *w = *state;
	struct order unban = { .kind = ORDER_UNBAN,
			       .prefix = rig_prefix("192.0.2.1/32"),
			       .jail = ORDER_ANY_JAIL,
			       .time = instant_at(w->now) };
	struct order_result result;

	world_attack(w, "192.0.2.1", -600, 10);
	world_attack(w, "192.0.2.2", -600, 10);
	rig_feed_many(w->engine, "192.0.2.3", EVENT_RELAY_DENIED, w->now - 500, 10);
	(void)engine_take(w->engine);
	assert_int_equal(engine_order(w->engine, &unban, &result), 0);
	(void)engine_take(w->engine);
	assert_bans(w, NULL, "4 3 2 1");
	assert_int_equal(store_open_order(w->store, engine_ruleset(w->engine)), 0);
	assert_int_equal(store_heal(w->store, w->engine), 0);
	assert_int_equal(store_close_order(w->store), 0);
	assert_bans(w, NULL, "6 5 4 3 2! 1!");
	world_restart(w);
	assert_null(world_ban(w, 0, "192.0.2.1/32"));
	assert_int_equal(world_ban(w, 0, "192.0.2.2/32")->score, 1000);
	assert_int_equal(world_ban(w, 1, "192.0.2.3/32")->until.us,
			 instant_at(w->now - 491 + 1800).us);
}

static void order_ban(struct world *w, const char *prefix)
{
	struct order order = { .kind = ORDER_BAN,
			       .prefix = rig_prefix(prefix),
			       .time = instant_at(w->now),
			       .until = INSTANT_NEVER };
	struct order_result result;

	assert_int_equal(engine_order(w->engine, &order, &result), 0);
}

static void an_order_is_stored_as_one(void **state)
{
	struct world *w = *state;

	assert_int_equal(store_open_order(w->store, engine_ruleset(w->engine)), 0);
	order_ban(w, "192.0.2.1/32");
	assert_int_equal(world_apply(w), 0);
	order_ban(w, "192.0.2.2/32");
	assert_int_equal(world_apply(w), 0);
	/* gone with us */
	world_restart(w);
	assert_bans(w, NULL, "");
	assert_int_equal(store_open_order(w->store, engine_ruleset(w->engine)), 0);
	order_ban(w, "192.0.2.1/32");
	assert_int_equal(world_apply(w), 0);
	order_ban(w, "192.0.2.2/32");
	assert_int_equal(world_apply(w), 0);
	assert_int_equal(store_close_order(w->store), 0);
	world_restart(w);
	assert_bans(w, NULL, "2 1");
}

static void an_order_that_fails_half_way_is_undone_and_waits(void **state)
{
	struct world *w = *state;

	assert_int_equal(store_open_order(w->store, engine_ruleset(w->engine)), 0);
	order_ban(w, "192.0.2.1/32");
	assert_int_equal(world_apply(w), 0);
	assert_int_equal(limit_pages(w, "PRAGMA max_page_count = 1"), 0);
	for (unsigned i = 0; i < 200; i++) {
		char text[PREFIX_TEXT_MAX];

		snprintf(text, sizeof(text), "198.51.100.%u/32", i);
		order_ban(w, text);
		(void)!world_apply(w);
	}
	assert_int_equal(limit_pages(w, "PRAGMA max_page_count = 1000000"), 0);
	order_ban(w, "192.0.2.2/32");
	assert_true(world_apply(w) < 0);
	assert_true(store_close_order(w->store) < 0);
	assert_non_null(strstr(store_error(w->store), "full"));
	assert_bans(w, NULL, "");
	assert_true(store_is_stale(w->store));
	order_ban(w, "192.0.2.3/32");
	assert_int_equal(world_apply(w), 0);
	assert_int_equal(count(w, "SELECT count(*) FROM bans WHERE ended IS NULL"), 203);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_damaged_database_is_set_aside_and_kept),
		IN_WORLD(damage_anywhere_is_survived),
		IN_WORLD(what_is_found_damaged_later_can_be_set_aside_as_well),
		IN_WORLD(an_empty_file_becomes_a_database),
		IN_WORLD(a_directory_that_is_missing_is_an_error_with_words),
		IN_WORLD(what_a_full_disk_keeps_out_waits_and_comes_in_with_its_positions),
		IN_WORLD(what_waited_when_we_died_is_read_again),
		IN_WORLD(an_unban_and_settings_wait_in_their_place),
		IN_WORLD(what_waited_comes_into_the_fresh_one_behind_a_damaged_one),
		IN_WORLD(damage_is_noticed_by_who_reads),
		IN_WORLD(what_waits_beyond_the_bound_is_counted_in_rows_of_its_kind),
		IN_WORLD(what_came_and_went_while_the_disk_was_full_is_mended),
		IN_WORLD(an_order_is_stored_as_one),
		IN_WORLD(an_order_that_fails_half_way_is_undone_and_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
