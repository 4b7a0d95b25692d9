/* SPDX-License-Identifier: MIT */
/* What filters remember is of the same point of the log as the events and the positions. */
#include "base/diag.h"
#include "detect/filter_spec.h"
#include "detect/once.h"
#include "detect/session.h"
#include "output/store_db.h"
#include "unit/output/world.h"

static const uint16_t OPENS[] = { EVENT_CONNECTION }, CLOSES[] = { EVENT_DISCONNECTION };
static const struct session_rule RULE = {
	.opens = { OPENS, 1 },
	.closes = { CLOSES, 1 },
	.otherwise = EVENT_BAD_SESSION,
	.carry = SESSION_ADDRESS | SESSION_ACCOUNT | SESSION_SERVICE,
};

static struct filter *make_filter(struct ruleset *r)
{
	static const struct spec_text match = { .text = { "^<ADDR> <SESSION>$", 18 } };
	static const struct section_spec section = { .name = { "s", 1 }, .match = { &match, 1 } };
	const struct filter_spec spec = {
		.name = STR("f"),
		.once = ONCE_ADDRESS | ONCE_SERVICE,
		.session = &RULE,
		.service = EVENT_SERVICE_NONE,
		.sections = &section,
		.n_sections = 1,
	};
	struct diag *diag = diag_new();
	struct filter *filter = NULL;

	assert_int_equal(filter_new(&spec, r->arena, diag, &filter), 0);
	diag_free(diag);
	return filter;
}

static void remember(struct ruleset *r)
{
	struct filter **filters = arena_alloc(r->arena, 1, sizeof(struct filter *));
	uint16_t number;

	assert_int_equal(names_add(&r->services, r->arena, STR("imap"), &number), 0);
	filters[0] = r->filters[0].filter = make_filter(r);
	assert_int_equal(detector_new(filters, 1, &r->sources[0].detector), 0);
	detector_name(r->sources[0].detector, &r->types, &r->services);
}

/* The same words by other numbers. */
static void remember_by_other_numbers(struct ruleset *r)
{
	struct str first = r->services.at[0];

	remember(r);
	r->services.at[0] = r->services.at[1];
	r->services.at[1] = first;
}

static struct sessions *sessions(const struct world *w)
{
	return detector_sessions(engine_ruleset(w->engine)->sources[0].detector, 0);
}

static struct once *once(const struct world *w)
{
	return detector_once(engine_ruleset(w->engine)->sources[0].detector, 0);
}

static int start(void **state)
{
	struct world *w;
	int r = world_setup(state);

	w = *state;
	w->rules = remember;
	world_restart(w);
	return r;
}

static uint16_t imap(const struct world *w)
{
	return names_find(&engine_ruleset(w->engine)->services, STR("imap"));
}

static void hear(struct world *w, uint16_t type, const char *id)
{
	struct event e = rig_event("192.0.2.1", type, w->now);

	e.service = imap(w);
	e.account = STR("bob");
	e.session = str_of(id);
	e.text = STR("a line");
	sessions_add(sessions(w), &e, instant_at(w->now + 7));
}

static bool is_open(const struct world *w, const char *id)
{
	struct event e = { .session = str_of(id), .service = EVENT_SERVICE_NONE, .count = 1 };

	sessions_carry(sessions(w), &e);
	if (e.addr.family == 0) {
		return false;
	}
	assert_true(str_eq(e.account, STR("bob")));
	assert_int_equal(e.service, imap(w));
	return true;
}

static struct event told(const struct world *w, const char *addr)
{
	struct event e = rig_event(addr, EVENT_AUTH_FAILURE, w->now);

	e.service = imap(w);
	return e;
}

static void tell(struct world *w, const char *addr)
{
	const struct event e = told(w, addr);

	once_add(once(w), &e);
}

static bool was_told(const struct world *w, const char *addr)
{
	const struct event e = told(w, addr);

	return once_has(once(w), &e);
}

static int apply_at(struct world *w, uint64_t offset)
{
	const struct stored_position at = { .path = STR("/log"), .position.offset = offset };
	const struct batch batch = engine_take(w->engine);

	return store_apply(w->store, engine_ruleset(w->engine), &batch, &at, 1, false);
}

static uint64_t position(struct world *w)
{
	struct position back;

	assert_int_equal(store_position(w->store, STR("/log"), &back), 1);
	return back.offset;
}

static int64_t number(struct world *w, const char *text)
{
	int64_t n = 0;

	assert_int_equal(sql_number(w->store->sql, text, -1, &n), 0);
	return n;
}

static void set_room(struct world *w, bool room)
{
	const char *text = room ? "PRAGMA max_page_count = 1000000" : "PRAGMA max_page_count = 1";

	assert_int_equal(sql_run(w->store->sql, text), 0);
}

/* So many that they need pages. */
static void hear_much(struct world *w)
{
	for (int i = 0; i < 2000; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "much%d", i);
		hear(w, EVENT_CONNECTION, id);
	}
}

static void what_filters_remember_comes_back(void **state)
{
	struct world *w = *state;

	hear(w, EVENT_CONNECTION, "open");
	hear(w, EVENT_CONNECTION, "ended");
	tell(w, "192.0.2.7");
	assert_int_equal(apply_at(w, 1), 0);
	hear(w, EVENT_DISCONNECTION, "ended");
	assert_int_equal(apply_at(w, 2), 0);
	world_restart(w);
	assert_true(is_open(w, "open"));
	assert_false(is_open(w, "ended"));
	assert_true(was_told(w, "192.0.2.7"));
	assert_false(was_told(w, "192.0.2.8"));
	assert_int_equal(sessions_time(sessions(w)).us, instant_at(w->now).us);
	assert_int_equal(sessions_lag(sessions(w)).us, seconds(7).us);
}

static void what_was_not_committed_is_of_no_point_of_the_log(void **state)
{
	struct world *w = *state;

	hear(w, EVENT_CONNECTION, "before");
	assert_int_equal(apply_at(w, 1), 0);
	hear(w, EVENT_CONNECTION, "after");
	hear(w, EVENT_DISCONNECTION, "before");
	tell(w, "192.0.2.7");
	world_restart(w);
	assert_int_equal(position(w), 1);
	assert_true(is_open(w, "before"));
	assert_false(is_open(w, "after"));
	assert_false(was_told(w, "192.0.2.7"));
}

static void a_disk_that_is_full_keeps_them_together(void **state)
{
	struct world *w = *state;

	hear(w, EVENT_CONNECTION, "before");
	assert_int_equal(apply_at(w, 1), 0);
	set_room(w, false);
	hear_much(w);
	hear(w, EVENT_DISCONNECTION, "before");
	tell(w, "192.0.2.7");
	assert_int_equal(apply_at(w, 2), -ENOSPC);
	assert_int_equal(number(w, "SELECT count(*) FROM sessions"), 1);
	hear(w, EVENT_CONNECTION, "later");
	hear(w, EVENT_DISCONNECTION, "much7");
	assert_int_equal(apply_at(w, 3), -ENOSPC);
	set_room(w, true);
	assert_int_equal(apply_at(w, 4), 0);
	assert_int_equal(number(w, "SELECT count(*) FROM sessions"), 2000);
	world_restart(w);
	assert_int_equal(position(w), 4);
	assert_true(is_open(w, "later") && is_open(w, "much8"));
	assert_false(is_open(w, "before") || is_open(w, "much7"));
	assert_true(was_told(w, "192.0.2.7"));
}

static void killed_with_a_full_disk_all_is_of_before(void **state)
{
	struct world *w = *state;

	hear(w, EVENT_CONNECTION, "before");
	tell(w, "192.0.2.6");
	assert_int_equal(apply_at(w, 1), 0);
	set_room(w, false);
	hear_much(w);
	tell(w, "192.0.2.7");
	assert_int_equal(apply_at(w, 2), -ENOSPC);
	world_restart(w);
	assert_int_equal(position(w), 1);
	assert_true(is_open(w, "before") && was_told(w, "192.0.2.6"));
	assert_false(is_open(w, "much1") || was_told(w, "192.0.2.7"));
}

static void an_order_takes_them_in_or_not_at_all(void **state)
{
	struct world *w = *state;
	const struct ruleset *rules = engine_ruleset(w->engine);

	hear(w, EVENT_CONNECTION, "a");
	assert_int_equal(store_open_order(w->store, rules), 0);
	assert_int_equal(apply_at(w, 1), 0);
	assert_int_equal(store_rollback(w->store, -EIO), -EIO);
	assert_int_equal(store_close_order(w->store), -EIO);
	assert_int_equal(number(w, "SELECT count(*) FROM sessions"), 0);
	assert_int_equal(store_open_order(w->store, rules), 0);
	assert_int_equal(apply_at(w, 2), 0);
	assert_int_equal(store_close_order(w->store), 0);
	world_restart(w);
	assert_int_equal(position(w), 2);
	assert_true(is_open(w, "a"));
}

static void a_fresh_database_gets_all(void **state)
{
	struct world *w = *state;

	hear(w, EVENT_CONNECTION, "a");
	tell(w, "192.0.2.7");
	assert_int_equal(apply_at(w, 1), 0);
	assert_int_equal(store_replace(w->store, w->aside), 0);
	hear(w, EVENT_CONNECTION, "b");
	assert_int_equal(apply_at(w, 2), 0);
	world_restart(w);
	assert_true(is_open(w, "a") && is_open(w, "b") && was_told(w, "192.0.2.7"));
}

static void only_what_changed_is_written(void **state)
{
	struct world *w = *state;
	int64_t before;

	hear_much(w);
	tell(w, "192.0.2.7");
	assert_int_equal(apply_at(w, 1), 0);
	before = number(w, "SELECT total_changes()");
	assert_int_equal(apply_at(w, 2), 0);
	assert_int_equal(number(w, "SELECT total_changes()") - before, 1);
	hear(w, EVENT_CONNECTION, "much5");
	hear(w, EVENT_DISCONNECTION, "much6");
	tell(w, "192.0.2.7");
	assert_int_equal(apply_at(w, 3), 0);
	assert_int_equal(number(w, "SELECT total_changes()") - before, 1 + 5);
	assert_int_equal(number(w, "SELECT count(*) FROM sessions"), 1999);
}

static void other_numbers_of_the_same_words_lose_nothing(void **state)
{
	struct world *w = *state;

	hear(w, EVENT_CONNECTION, "a");
	tell(w, "192.0.2.7");
	assert_int_equal(apply_at(w, 1), 0);
	w->rules = remember_by_other_numbers;
	world_restart(w);
	assert_true(is_open(w, "a") && was_told(w, "192.0.2.7"));
	hear(w, EVENT_CONNECTION, "b");
	assert_int_equal(apply_at(w, 2), 0);
	w->rules = remember;
	world_restart(w);
	assert_true(is_open(w, "a") && is_open(w, "b") && was_told(w, "192.0.2.7"));
}

static void what_nobody_remembers_any_more_goes(void **state)
{
	struct world *w = *state;

	hear(w, EVENT_CONNECTION, "a");
	tell(w, "192.0.2.7");
	assert_int_equal(apply_at(w, 1), 0);
	w->rules = NULL;
	world_restart(w);
	assert_int_equal(number(w, "SELECT count(*) FROM sessions"), 1);
	assert_int_equal(apply_at(w, 2), 0);
	assert_int_equal(
		number(w, "SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM once)"
			  " + (SELECT count(*) FROM memories)"),
		0);
}

/* A damaged row is not more than a session that is not known. */
static void rows_that_make_no_sense_are_left_out(void **state)
{
	struct world *w = *state;

	hear(w, EVENT_CONNECTION, "a");
	hear(w, EVENT_CONNECTION, "b");
	tell(w, "192.0.2.7");
	assert_int_equal(apply_at(w, 1), 0);
	assert_int_equal(sql_run(w->store->sql,
				 "UPDATE sessions SET digest = x'00', count = -5 WHERE place = 0;"
				 "UPDATE sessions SET addr = x'00', last = 9223372036854775807,"
				 " count = 70000, service = 99 WHERE place = 1;"
				 "UPDATE once SET digest = ''"),
			 0);
	world_restart(w);
	assert_false(is_open(w, "a"));
	assert_false(is_open(w, "b"));
	assert_false(was_told(w, "192.0.2.7"));
	assert_true(instant_is_never(sessions_deadline(sessions(w))));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define STARTED(test) cmocka_unit_test_setup_teardown(test, start, world_teardown)
		STARTED(what_filters_remember_comes_back),
		STARTED(what_was_not_committed_is_of_no_point_of_the_log),
		STARTED(a_disk_that_is_full_keeps_them_together),
		STARTED(killed_with_a_full_disk_all_is_of_before),
		STARTED(an_order_takes_them_in_or_not_at_all),
		STARTED(a_fresh_database_gets_all),
		STARTED(only_what_changed_is_written),
		STARTED(other_numbers_of_the_same_words_lose_nothing),
		STARTED(what_nobody_remembers_any_more_goes),
		STARTED(rows_that_make_no_sense_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
