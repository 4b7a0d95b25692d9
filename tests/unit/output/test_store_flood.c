/* SPDX-License-Identifier: MIT */
/* In a flood, what one address says again within a second is a row with a count: it comes back as
 * it counted. */
#include "engine/outbox.h"
#include "output/store_db.h"
#include "unit/output/world.h"

enum { ADDRESSES = 40, EVENTS = 3000 };

static uint64_t random_state;

static unsigned below(unsigned n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(random_state >> 33) % n;
}

static int64_t number(struct world *w, const char *text)
{
	int64_t n = 0;

	assert_int_equal(sql_number(w->store->sql, text, -1, &n), 0);
	return n;
}

static struct event flood(const struct world *w, unsigned address)
{
	static char text[ADDR_TEXT_MAX];

	snprintf(text, sizeof(text), "192.0.2.%u", address);
	return rig_event(text, EVENT_RELAY_DENIED, w->now - 60);
}

static void feed_same(struct world *w, const struct event *event, int n)
{
	for (int i = 0; i < n; i++) {
		world_feed(w, event);
	}
}

static void few_events_keep_a_row_each(void **state)
{
	struct world *w = *state;
	const struct event event = flood(w, 1);

	feed_same(w, &event, OUTBOX_FLOOD);
	assert_int_equal(world_apply(w), 0);
	assert_int_equal(number(w, "SELECT count(*) FROM events"), OUTBOX_FLOOD);
	assert_int_equal(number(w, "SELECT max(count) FROM events"), 1);
}

static void a_row_counts_at_most_a_thousand(void **state)
{
	struct world *w = *state;
	const struct event event = flood(w, 1);

	feed_same(w, &event, OUTBOX_FLOOD + 2500);
	assert_int_equal(world_apply(w), 0);
	assert_int_equal(number(w, "SELECT sum(count) FROM events"), OUTBOX_FLOOD + 2500);
	assert_int_equal(number(w, "SELECT count(*) FROM events"), OUTBOX_FLOOD + 3);
	assert_int_equal(number(w, "SELECT max(count) FROM events"), EVENT_COUNT_MAX);
	assert_int_equal(number(w, "SELECT max(id) FROM events"), OUTBOX_FLOOD + 3);
}

static void what_differs_has_rows_of_its_own(void **state)
{
	struct world *w = *state;
	struct event event = flood(w, 1), other = event;

	feed_same(w, &event, OUTBOX_FLOOD);
	feed_same(w, &event, 5);
	other.account = STR("bob");
	feed_same(w, &other, 5);
	other = event;
	other.type = EVENT_AUTH_FAILURE;
	feed_same(w, &other, 5);
	other = event;
	other.time.us += 1000000;
	feed_same(w, &other, 5);
	other = flood(w, 2);
	feed_same(w, &other, 5);
	feed_same(w, &event, 5);
	assert_int_equal(world_apply(w), 0);
	assert_int_equal(number(w, "SELECT count(*) FROM events WHERE count > 1"), 5);
	assert_int_equal(number(w, "SELECT sum(count) FROM events"), OUTBOX_FLOOD + 30);
}

/* The ban comes in the middle of what is one row. */
static void evidence_adds_up_to_the_score(void **state)
{
	struct world *w = *state;
	struct event event = flood(w, 1);

	feed_same(w, &event, OUTBOX_FLOOD);
	event = flood(w, 2);
	feed_same(w, &event, 100);
	assert_int_equal(world_apply(w), 0);
	assert_int_equal(number(w, "SELECT score FROM bans WHERE id = 3"), 1000);
	assert_int_equal(number(w, "SELECT sum(points) FROM evidence WHERE ban = 3"), 1000);
	assert_int_equal(number(w, "SELECT sum(count) FROM evidence WHERE ban = 3"), 10);
	assert_int_equal(number(w, "SELECT count(*) FROM evidence WHERE ban = 3"), 1);
}

/* ---- what comes back ---- */

static const uint16_t TYPES[] = { EVENT_RELAY_DENIED, EVENT_AUTH_FAILURE, EVENT_BAD_RECIPIENT,
				  EVENT_IDS_VERDICT, EVENT_LOGIN };

static void many_kinds(struct ruleset *r)
{
	static points weights[EVENT_KNOWN_TYPES];

	memcpy(weights, VPOP3, sizeof(VPOP3));
	weights[EVENT_LOGIN] = POINTS_FORGIVE;
	for (size_t i = 0; i < r->n_jails; i++) {
		r->jails[i].points = weights;
		r->jails[i].n_points = ARRAY_SIZE(weights);
		r->jails[i].threshold = 1000000; /* so that no window is cut to what can matter */
	}
	r->jails[1].distinct = DISTINCT_ACCOUNT;
	r->jails[1].after_ban = AFTER_BAN_CLEAR;
	r->jails[1].ladder[0] = seconds(3);
	r->jails[1].threshold = 200;
}

static void assert_same_scores(struct world *w, int64_t scores[static 2 * ADDRESSES], bool keep)
{
	for (unsigned i = 0; i < 2 * ADDRESSES; i++) {
		char text[PREFIX_TEXT_MAX];
		struct prefix p;
		int64_t score;

		snprintf(text, sizeof(text), "192.0.2.%u/32", i / 2);
		p = rig_prefix(text);
		score = engine_score(w->engine, i % 2, &p, instant_at(w->now), NULL, 0).score;
		scores[i] = keep ? score : scores[i];
		assert_int_equal(score, scores[i]);
	}
}

static void feed_random(struct world *w)
{
	static const char *const accounts[] = { "", "anna", "bob", "carl" };

	for (unsigned i = 0; i < EVENTS; i++) {
		struct event event = flood(w, below(below(ADDRESSES) + 1));
		unsigned type = below(100);

		event.type = TYPES[type == 0 ? 4 : type == 1 ? 3 : below(3)];
		event.account = str_of(accounts[below(4)]);
		event.time = instant_at(w->now - 60 + (int64_t)(i / 300) - (int64_t)below(2));
		world_feed(w, &event);
	}
	assert_int_equal(world_apply(w), 0);
}

static void scores_come_back_as_they_were(void **state)
{
	struct world *w = *state;
	int64_t scores[2 * ADDRESSES];

	w->rules = many_kinds;
	world_restart(w);
	for (unsigned seed = 1; seed <= 20; seed++) {
		random_state = seed;
		feed_random(w);
		assert_true(number(w, "SELECT max(count) FROM events") > 1);
		assert_same_scores(w, scores, true);
		world_restart(w);
		assert_same_scores(w, scores, false);
		world_teardown(state);
		world_setup(state);
		w = *state;
		w->rules = many_kinds;
		world_restart(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(few_events_keep_a_row_each),
		IN_WORLD(a_row_counts_at_most_a_thousand),
		IN_WORLD(what_differs_has_rows_of_its_own),
		IN_WORLD(evidence_adds_up_to_the_score),
		IN_WORLD(scores_come_back_as_they_were),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
