/* SPDX-License-Identifier: MIT */
/* What is stored comes back: events, evidence, windows, positions, settings. */
#include "output/store_db.h"
#include "unit/output/world.h"

struct sum {
	int64_t points;
	size_t n;
	uint64_t first;
};

static bool add_points(void *arg, const struct stored_event *event)
{
	struct sum *sum = arg;

	sum->first = sum->n ? sum->first : event->id;
	sum->n++;
	sum->points += event->points;
	return true;
}

static void a_ban_comes_back_with_its_evidence(void **state)
{
	struct world *w = *state;
	const struct ban *ban;
	struct sum sum = { 0 };

	world_attack(w, "192.0.2.1", -60, 10);
	world_restart(w);
	ban = world_ban(w, 0, "192.0.2.1/32");
	assert_non_null(ban);
	assert_int_equal(ban->score, 1000);
	assert_int_equal(ban->threshold, 1000);
	assert_int_equal(ban->since.us, instant_at(w->now - 51).us);
	assert_int_equal(ban->until.us, instant_at(w->now - 51 + 1800).us);
	assert_int_equal(ban->type, EVENT_RELAY_DENIED);
	assert_null(ban->by);
	assert_non_null(world_ban(w, 1, "192.0.2.1/32"));
	assert_int_equal(store_evidence(w->store, ban->id, add_points, &sum), 0);
	assert_int_equal(sum.points, 1000);
	assert_int_equal(sum.n, 10);
	assert_int_equal(sum.first, 1);
	assert_bans(w, NULL, "2 1");
	assert_events(w, NULL, "10 9 8 7 6 5 4 3 2 1");
}

static void one_more_event_after_a_restart_bans(void **state)
{
	struct world *w = *state;

	world_attack(w, "192.0.2.1", -600, 9);
	world_restart(w);
	assert_int_equal(world_score(w, "192.0.2.1/32"), 900);
	world_attack(w, "192.0.2.1", -10, 1);
	assert_int_equal(world_ban(w, 0, "192.0.2.1/32")->score, 1000);
}

static void events_out_of_the_window_do_not_count_after_a_restart(void **state)
{
	struct world *w = *state;

	world_attack(w, "192.0.2.1", -3601 - 9, 9);
	world_restart(w);
	world_attack(w, "192.0.2.1", 0, 1);
	assert_null(world_ban(w, 0, "192.0.2.1/32"));
}

/* The log stood still as long as we did: what counted then counts for the lines that came
 * meanwhile. */
static void windows_come_back_as_they_were_when_the_log_was_left(void **state)
{
	struct world *w = *state;

	world_attack(w, "192.0.2.1", -86400, 9);
	world_restart(w);
	rig_feed(w->engine, "192.0.2.1", EVENT_RELAY_DENIED, w->now - 86400 + 60);
	assert_non_null(strstr(rig_said(w->engine), "ban 1 a 192.0.2.1/32"));
}

/* One event of each address, the first at `at`. */
static void feed_crowd(struct world *w, unsigned net, int64_t at, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char addr[ADDR_TEXT_MAX];

		snprintf(addr, sizeof(addr), "%u.1.%u.%u", net, i >> 8, i & 255);
		rig_feed(w->engine, addr, EVENT_RELAY_DENIED, w->now + at);
		if (i % 1000 == 999) {
			assert_int_equal(world_apply(w), 0);
		}
	}
	assert_int_equal(world_apply(w), 0);
}

/* Another log is read that is a day behind: its events have higher ids and older times. */
static void windows_come_back_though_a_late_log_came_after(void **state)
{
	struct world *w = *state;

	feed_crowd(w, 100, -90000, 9000);
	world_attack(w, "192.0.2.1", -600, 9);
	feed_crowd(w, 101, -86400, 9000);
	assert_true(world_score(w, "192.0.2.1/32") == 900);
	for (int i = 0; i < 3; i++) {
		world_restart(w);
		assert_int_equal(world_score(w, "192.0.2.1/32"), 900);
		feed_crowd(w, 102, -80000, 10);
	}
}

/* What lies before the window is not read at all. */
static void only_what_can_be_in_a_window_is_read(void **state)
{
	struct world *w = *state;
	int64_t after = 0;

	feed_crowd(w, 100, -90000, 9000);
	feed_crowd(w, 101, -60, 100);
	assert_int_equal(store_marks_find(w->store, instant_at(w->now - 3600), &after), 0);
	assert_in_range(after, 8000, 9000);
	world_restart(w);
	assert_int_equal(store_marks_find(w->store, instant_at(w->now - 3600), &after), 0);
	assert_in_range(after, 8000, 9000);
	assert_int_equal(store_marks_find(w->store, instant_at(w->now - 100000), &after), 0);
	assert_int_equal(after, 0);
}

static void an_event_keeps_all_that_it_says(void **state)
{
	static const char text[] = "\xff\0<\x1b[2J> caf\xe9 '\"; DROP TABLE events; --";
	struct world *w = *state;
	struct event event = rig_event("2001:db8::5", EVENT_AUTH_FAILURE, w->now);
	struct ids ids = { 0 };
	struct store_walk walk = { .scan = 10 };

	event.service = 0;
	event.count = 3;
	event.account = (struct str){ .p = text, .n = sizeof(text) - 1 };
	event.data = STR("data");
	event.text = event.account;
	world_feed(w, &event);
	event = rig_event("192.0.2.1", EVENT_AUTH_FAILURE, w->now);
	world_feed(w, &event);
	assert_int_equal(world_apply(w), 0);
	world_restart(w);
	assert_int_equal(world_score(w, "2001:db8::/64"), 150);
	assert_int_equal(store_events(w->store, &walk, ids_event, &ids), 0);
	ids_done(&ids);
}

static bool check_event(void *arg, const struct stored_event *event)
{
	const char *text = arg;

	assert_true(str_eq(event->type, STR("auth-failure")));
	assert_true(str_eq(event->service, STR("smtp")));
	assert_true(str_eq(event->filter, STR("f")));
	assert_true(str_eq(event->source, STR("/log")));
	assert_int_equal(event->count, 3);
	assert_int_equal(event->text.n, 5);
	assert_memory_equal(event->text.p, text, 5);
	assert_true(str_eq(event->account, STR("bob")));
	assert_int_equal(event->data.n, 0);
	assert_int_equal(event->addr.family, 6);
	return true;
}

static void names_and_bytes_of_an_event_are_told(void **state)
{
	static const char text[] = "\xff\0\x1b\xe9.";
	struct world *w = *state;
	struct event event = rig_event("2001:db8::5", EVENT_AUTH_FAILURE, w->now);

	event.service = 0;
	event.count = 3;
	event.account = STR("bob");
	event.text = (struct str){ .p = text, .n = 5 };
	world_feed(w, &event);
	assert_int_equal(world_apply(w), 0);
	assert_int_equal(store_events_since(w->store, 0, 10, check_event, (void *)(uintptr_t)text),
			 0);
}

/* ---- walking ---- */

static void events_are_walked_backwards_in_slices(void **state)
{
	struct world *w = *state;
	struct store_walk walk = { .scan = 4 };
	struct prefix p = rig_prefix("192.0.2.0/24");
	struct ids ids = { 0 };

	world_attack(w, "192.0.2.1", -60, 5);
	world_attack(w, "198.51.100.1", -50, 5);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_events(w->store, &walk, ids_event, &ids), 0);
		assert_int_equal(walk.before, 7 - 4 * i);
	}
	assert_int_equal(store_events(w->store, &walk, ids_event, &ids), 0);
	assert_int_equal(walk.before, 0);
	assert_string_equal(buf_text(&ids.text), "10 9 8 7 6 5 4 3 2 1");
	ids_done(&ids);
	walk = (struct store_walk){ .subject = &p, .scan = 4 };
	ids = (struct ids){ 0 };
	assert_int_equal(store_events(w->store, &walk, ids_event, &ids), 0);
	assert_int_equal(ids.n, 0);
	assert_int_equal(walk.before, 7);
	ids.stop_after = 2;
	assert_int_equal(store_events(w->store, &walk, ids_event, &ids), 0);
	assert_string_equal(buf_text(&ids.text), "5 4");
	assert_int_equal(walk.before, 4);
	ids_done(&ids);
}

static void what_is_new_is_told_from_an_id_on(void **state)
{
	struct world *w = *state;
	struct ids ids = { 0 };

	world_attack(w, "192.0.2.1", -60, 12);
	assert_int_equal(store_events_since(w->store, 9, 2, ids_event, &ids), 0);
	assert_string_equal(buf_text(&ids.text), "10 11");
	assert_int_equal(store_events_since(w->store, 12, 2, ids_event, &ids), 0);
	assert_string_equal(buf_text(&ids.text), "10 11");
	ids_done(&ids);
}

/* ---- retention ---- */

/* Events from `from` (seconds from now) on, the newest `most`, what is in a window from `window`
 * on. */
static int retain(struct world *w, int64_t from, uint64_t most, int64_t window)
{
	const struct store_retention keep = {
		.events_from = instant_at(w->now + from),
		.windows_from = instant_at(w->now + window),
		.events_max = most,
	};

	return store_retain(w->store, &keep);
}

static int retain_bans(struct world *w, int64_t from)
{
	const struct store_retention keep = { .events_max = UINT64_MAX,
					      .bans_from = instant_at(w->now + from) };

	return store_retain(w->store, &keep);
}

static void assert_kept(struct world *w, const char *expected)
{
	struct ids ids = { 0 };

	assert_int_equal(store_bans(w->store, NULL, 0, 100, ids_ban, &ids), 0);
	assert_string_equal(buf_text(&ids.text), expected);
	ids_done(&ids);
}

static void what_is_in_a_window_stays_however_many_there_are(void **state)
{
	struct world *w = *state;

	world_attack(w, "192.0.2.1", -60, 10);
	assert_int_equal(retain(w, -3600, 3, -54), 1);
	assert_events(w, NULL, "10 9 8");
	world_attack(w, "192.0.2.1", -40, 10);
	assert_int_equal(retain(w, -3600, 3, -40), 1);
	assert_events(w, NULL, "20 19 18 17 16 15 14 13 12");
	assert_int_equal(retain(w, -3600, 3, -40), 0);
}

static void old_bans_go_with_their_evidence_and_running_ones_stay(void **state)
{
	struct world *w = *state;
	struct sum sum = { 0 };

	world_attack(w, "192.0.2.1", -7300, 10);
	world_attack(w, "192.0.2.2", -30, 10);
	world_attack(w, "192.0.2.3", -20, 10);
	assert_true(engine_tick(w->engine, instant_at(w->now)));
	assert_int_equal(world_apply(w), 0);
	assert_kept(w, "6 5 4 3 2! 1!");
	assert_int_equal(retain_bans(w, -86400), 0);
	assert_kept(w, "6 5 4 3 2! 1!");
	assert_int_equal(retain_bans(w, -10), 1);
	assert_int_equal(retain_bans(w, -10), 0);
	assert_kept(w, "6 5 4 3");
	assert_int_equal(store_evidence(w->store, 1, add_points, &sum), 0);
	assert_int_equal(sum.points, 0);
	assert_int_equal(store_evidence(w->store, 3, add_points, &sum), 0);
	assert_int_equal(sum.points, 1000);
}

static void what_an_unban_said_goes_with_its_events(void **state)
{
	struct world *w = *state;
	struct prefix p = rig_prefix("192.0.2.1/32"), q = rig_prefix("192.0.2.2/32");
	int64_t left;

	world_attack(w, "192.0.2.1", -60, 3);
	assert_int_equal(store_ignore(w->store, &(struct ignored){ .prefix = p }), 0);
	world_attack(w, "192.0.2.2", -30, 3);
	assert_int_equal(store_ignore(w->store, &(struct ignored){ .prefix = q }), 0);
	while (retain(w, -40, UINT64_MAX, 0) == 1) {
	}
	assert_events(w, NULL, "6! 5! 4!");
	assert_int_equal(sql_number(w->store->sql, "SELECT count(*) FROM ignored", 0, &left), 0);
	assert_int_equal(left, 1);
}

static void the_oldest_events_go_and_their_evidence_stays(void **state)
{
	struct world *w = *state;
	struct sum sum = { 0 };

	world_attack(w, "192.0.2.1", -60, 10);
	assert_int_equal(retain(w, -55, UINT64_MAX, 0), 1);
	assert_events(w, NULL, "10 9 8 7 6");
	assert_int_equal(retain(w, -55, UINT64_MAX, 0), 0);
	assert_int_equal(retain(w, -86400, 3, 0), 1);
	assert_events(w, NULL, "10 9 8");
	assert_int_equal(store_evidence(w->store, 1, add_points, &sum), 0);
	assert_int_equal(sum.points, 1000);
}

static void ids_go_on_after_all_events_were_old(void **state)
{
	struct world *w = *state;
	struct prefix p = rig_prefix("192.0.2.1/32");

	world_attack(w, "192.0.2.1", -60, 10);
	assert_int_equal(store_ignore(w->store, &(struct ignored){ .prefix = p }), 0);
	assert_int_equal(retain(w, 1, 0, 0), 1);
	assert_events(w, NULL, "10!");
	world_restart(w);
	world_attack(w, "192.0.2.1", 0, 1);
	assert_events(w, NULL, "11 10!");
}

static void a_call_deletes_no_more_than_two_thousand(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 5; i++) {
		world_attack(w, "192.0.2.1", -10000 + i * 1000, 1000);
	}
	for (size_t left = 3000; left <= 3000; left -= 2000) {
		struct store_walk walk = { .scan = 10000 };
		struct ids ids = { 0 };

		assert_int_equal(retain(w, 0, UINT64_MAX, 0), 1);
		assert_int_equal(store_events(w->store, &walk, ids_event, &ids), 0);
		assert_int_equal(ids.n, left);
		ids_done(&ids);
	}
	assert_int_equal(retain(w, 0, UINT64_MAX, 0), 1);
	assert_int_equal(retain(w, 0, UINT64_MAX, 0), 0);
	assert_events(w, NULL, "5000");
}

static void what_a_wrong_clock_has_dated_ahead_holds_up_nothing(void **state)
{
	struct world *w = *state;
	struct store_retention keep = { .events_from = instant_at(w->now - 7200),
					.windows_from = instant_at(w->now - 7200),
					.events_max = UINT64_MAX,
					.bans_from = instant_at(w->now - 7200),
					.now = instant_at(w->now) };
	int64_t left;
	int calls = 0;

	for (int i = 0; i < 5; i++) {
		world_attack(w, "192.0.2.1", INT64_C(30) * 365 * 86400 + i * 1000, 1000);
	}
	world_attack(w, "192.0.2.2", -10000, 10);
	world_attack(w, "192.0.2.3", -10, 2);
	while (store_retain(w->store, &keep) == 1) {
		assert_true(++calls < 10);
	}
	assert_int_equal(sql_number(w->store->sql, "SELECT count(*) FROM events", 0, &left), 0);
	assert_int_equal(left, 5002);
	keep.events_max = 2;
	while (store_retain(w->store, &keep) == 1) {
		assert_true(++calls < 20);
	}
	assert_events(w, NULL, "5012 5011");
}

/* ---- positions, settings ---- */

static void positions_come_back_bit_for_bit(void **state)
{
	static const struct position at = { .device = UINT64_MAX,
					    .inode = UINT64_MAX - 1,
					    .offset = INT64_MAX,
					    .head = UINT64_C(0x8000000000000001),
					    .tail = 5,
					    .head_n = 256,
					    .tail_n = 64 };
	struct world *w = *state;
	struct stored_position positions[] = { { .path = STR("/log \xff'"), .position = at },
					       { .path = STR("/other") } };
	struct batch none = { 0 };
	struct position back;

	assert_int_equal(store_position(w->store, STR("/log"), &back), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_apply(w->store, engine_ruleset(w->engine), &none, positions,
					     2, i == 0),
				 0);
		world_restart(w);
		assert_int_equal(store_position(w->store, positions[0].path, &back), 1);
		assert_memory_equal(&back, &positions[0].position, sizeof(back));
		positions[0].position.offset = 7;
	}
	assert_int_equal(store_position(w->store, STR("/other"), &back), 1);
	assert_int_equal(back.offset, 0);
	assert_int_equal(store_position(w->store, STR("/log"), &back), 0);
}

static void settings_survive(void **state)
{
	CLEANUP(buf_done) struct buf value = { 0 };
	struct world *w = *state;

	assert_int_equal(store_get(w->store, "mode", &value), 0);
	assert_int_equal(store_set(w->store, "mode", STR("observe")), 0);
	assert_int_equal(store_set(w->store, "mode", STR("a\0b")), 0);
	world_restart(w);
	assert_int_equal(store_get(w->store, "mode", &value), 1);
	assert_true(str_eq(buf_str(&value), STR("a\0b")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(a_ban_comes_back_with_its_evidence),
		IN_WORLD(one_more_event_after_a_restart_bans),
		IN_WORLD(events_out_of_the_window_do_not_count_after_a_restart),
		IN_WORLD(windows_come_back_as_they_were_when_the_log_was_left),
		IN_WORLD(windows_come_back_though_a_late_log_came_after),
		IN_WORLD(only_what_can_be_in_a_window_is_read),
		IN_WORLD(an_event_keeps_all_that_it_says),
		IN_WORLD(names_and_bytes_of_an_event_are_told),
		IN_WORLD(events_are_walked_backwards_in_slices),
		IN_WORLD(what_is_new_is_told_from_an_id_on),
		IN_WORLD(the_oldest_events_go_and_their_evidence_stays),
		IN_WORLD(what_is_in_a_window_stays_however_many_there_are),
		IN_WORLD(old_bans_go_with_their_evidence_and_running_ones_stay),
		IN_WORLD(what_an_unban_said_goes_with_its_events),
		IN_WORLD(ids_go_on_after_all_events_were_old),
		IN_WORLD(a_call_deletes_no_more_than_two_thousand),
		IN_WORLD(what_a_wrong_clock_has_dated_ahead_holds_up_nothing),
		IN_WORLD(positions_come_back_bit_for_bit),
		IN_WORLD(settings_survive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
