/* SPDX-License-Identifier: MIT */
/* When does a score ban? */
#include "unit/engine/rig.h"

#define ADDR "203.0.113.9"

static void vpop3s_example_bans_at_the_event_that_reaches_the_threshold(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));

	(void)state;
	rig_feed_many(e, ADDR, EVENT_RELAY_DENIED, 100, 2);
	rig_feed_many(e, ADDR, EVENT_AUTH_FAILURE, 200, 5);
	rig_feed_many(e, ADDR, EVENT_BAD_RECIPIENT, 300, 10);
	assert_string_equal(rig_said(e), "");
	rig_feed(e, ADDR, EVENT_BAD_RECIPIENT, 310);
	assert_string_equal(rig_said(e), "ban 1 a 203.0.113.9/32 310-2110");
	rig_feed(e, ADDR, EVENT_BAD_RECIPIENT, 311);
	assert_string_equal(rig_said(e), "");
}

static void exactly_the_threshold_bans_and_less_does_not(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));

	(void)state;
	rig_feed_many(e, ADDR, EVENT_AUTH_FAILURE, 100, 19);
	assert_string_equal(rig_said(e), "");
	rig_feed(e, "203.0.113.10", EVENT_AUTH_FAILURE, 119);
	assert_string_equal(rig_said(e), "");
	rig_feed(e, ADDR, EVENT_AUTH_FAILURE, 120);
	assert_string_equal(rig_said(e), "ban 1 a 203.0.113.9/32 120-1920");
}

static void a_count_counts_that_often(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	struct event event = rig_event(ADDR, EVENT_AUTH_FAILURE, 100);

	(void)state;
	event.count = 19;
	assert_true(engine_feed_event(e, &event));
	event.count = 0; /* is taken as 1 */
	assert_string_equal(rig_said(e), "");
	assert_true(engine_feed_event(e, &event));
	assert_string_equal(rig_said(e), "ban 1 a 203.0.113.9/32 100-1900");
}

static void what_is_exactly_one_window_old_counts_no_more(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));

	(void)state;
	rig_feed(e, ADDR, EVENT_AUTH_FAILURE, 1000);
	rig_feed_many(e, ADDR, EVENT_AUTH_FAILURE, 4580, 19);
	assert_string_equal(rig_said(e), "ban 1 a 203.0.113.9/32 4598-6398");

	rig_feed(e, "203.0.113.10", EVENT_AUTH_FAILURE, 10000);
	rig_feed_many(e, "203.0.113.10", EVENT_AUTH_FAILURE, 13600, 19);
	assert_string_equal(rig_said(e), "lift 1 a 203.0.113.9/32 6398 expired");
}

static void a_late_event_decides_by_its_own_time(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));

	(void)state;
	rig_feed_many(e, ADDR, EVENT_AUTH_FAILURE, 1000, 19);
	rig_feed(e, ADDR, EVENT_AUTH_FAILURE, 500);
	assert_string_equal(rig_said(e), "ban 1 a 203.0.113.9/32 500-2300");
}

static void a_late_event_outside_the_window_decides_nothing(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));

	(void)state;
	rig_feed(e, ADDR, EVENT_AUTH_FAILURE, 5000);
	rig_feed(e, ADDR, EVENT_IDS_VERDICT, 1400);
	assert_string_equal(rig_said(e), "");
	rig_feed(e, ADDR, EVENT_IDS_VERDICT, 1401);
	assert_string_equal(rig_said(e), "ban 1 a 203.0.113.9/32 1401-3201");
}

static void the_multiplier_ban_bans_at_once(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	struct batch batch;

	(void)state;
	rig_feed(e, ADDR, EVENT_IDS_VERDICT, 100);
	batch = engine_take(e);
	assert_int_equal(batch.n_decisions, 1);
	assert_int_equal(batch.decisions[0].score, 0);
	assert_int_equal(batch.decisions[0].n_evidence, 1);
	assert_int_equal(batch.decisions[0].evidence[0].points, 0);
}

static void events_that_no_jail_counts_leave_no_trace(void **state)
{
	static const uint64_t smtp[] = { 1 };
	struct ruleset *r = rig_rules(2);
	CLEANUP(engine_freep) struct engine *e = NULL;
	struct event event = rig_event(ADDR, EVENT_AUTH_FAILURE, 100);

	(void)state;
	r->jails[0].services = smtp;
	r->jails[0].n_services = 1;
	r->jails[1].services = smtp;
	r->jails[1].n_services = 1;
	e = rig_start(r);
	assert_true(engine_feed_event(e, &event)); /* no service */
	event.service = 0;
	event.addr.family = 0;
	assert_true(engine_feed_event(e, &event)); /* no address */
	event = rig_event(ADDR, EVENT_CONNECTION, 100);
	event.service = 0;
	assert_true(engine_feed_event(e, &event)); /* no multiplier */
	event.type = 60000;
	assert_true(engine_feed_event(e, &event));
	event = rig_event(ADDR, EVENT_AUTH_FAILURE, 100);
	event.service = 0;
	event.source = EVENT_SOURCE_NONE;
	assert_true(engine_feed_event(e, &event)); /* not watched */
	event.source = 0;
	event.filter = 1;
	assert_true(engine_feed_event(e, &event));
	assert_int_equal(engine_take(e).n_events, 0);
	assert_int_equal(engine_stats(e).events, 6);
	assert_int_equal(engine_stats(e).counted, 0);
	assert_int_equal(engine_stats(e).subjects, 0);
	event.filter = 0;
	assert_true(engine_feed_event(e, &event));
	assert_int_equal(engine_take(e).n_events, 1);
	assert_int_equal(engine_jail_stats(e, 0).events, 1);
}

static void ipv6_hosts_are_counted_by_their_network_and_ipv4_wherever_it_hides(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));

	(void)state;
	rig_feed_many(e, "2001:db8:0:1::1", EVENT_RELAY_DENIED, 100, 5);
	rig_feed_many(e, "2001:db8:0:1:ffff::2", EVENT_RELAY_DENIED, 105, 5);
	assert_string_equal(rig_said(e), "ban 1 a 2001:db8:0:1::/64 109-1909");
	rig_feed_many(e, "203.0.113.9", EVENT_RELAY_DENIED, 200, 5);
	rig_feed_many(e, "64:ff9b::cb00:7109", EVENT_RELAY_DENIED, 205, 5);
	assert_string_equal(rig_said(e), "ban 2 a 203.0.113.9/32 209-2009");
}

static void a_decision_names_what_counted(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	const struct decision *d;
	struct batch batch;

	(void)state;
	rig_feed_many(e, "198.51.100.1", EVENT_RELAY_DENIED, 90, 3);
	rig_feed_many(e, ADDR, EVENT_AUTH_FAILURE, 100, 18);
	rig_feed(e, ADDR, EVENT_RELAY_DENIED, 105);
	batch = engine_take(e);
	assert_int_equal(batch.n_events, 22);
	assert_int_equal(batch.n_decisions, 1);
	d = batch.decisions;
	assert_int_equal(d->score, 1000);
	assert_int_equal(d->threshold, 1000);
	assert_int_equal(d->type, EVENT_RELAY_DENIED);
	assert_int_equal(d->service, EVENT_SERVICE_NONE);
	assert_int_equal(d->n_evidence, 19);
	assert_int_equal(d->evidence[0].event, 4);
	assert_int_equal(d->evidence[0].points, 50);
	assert_int_equal(d->evidence[6].event, 22);
	assert_int_equal(d->evidence[6].points, 100);
	assert_int_equal(d->evidence[6].time.us, instant_at(105).us);
	assert_int_equal(d->evidence[18].event, 21);
}

static void the_score_can_be_asked(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rig_rules(1));
	const struct prefix p = rig_prefix(ADDR "/32"), other = rig_prefix("192.0.2.1/32");
	struct evidence out[4];
	struct engine_score has;

	(void)state;
	rig_feed_many(e, ADDR, EVENT_AUTH_FAILURE, 1000, 5);
	has = engine_score(e, 0, &p, instant_at(1010), out, 4);
	assert_int_equal(has.score, 250);
	assert_int_equal(has.n, 5);
	assert_int_equal(out[0].event, 2);
	assert_int_equal(out[3].event, 5);
	has = engine_score(e, 0, &p, instant_at(4602), out, 4);
	assert_int_equal(has.score, 100);
	assert_int_equal(has.n, 2);
	/* A clock that is behind the stamps. */
	assert_int_equal(engine_score(e, 0, &p, instant_at(0), NULL, 0).score, 250);
	has = engine_score(e, 0, &other, instant_at(1010), NULL, 0);
	assert_int_equal(has.score, 0);
	assert_int_equal(has.n, 0);
	assert_int_equal(engine_score(e, 1, &p, instant_at(1010), NULL, 0).score, 0);
	assert_int_equal(engine_score(e, JAIL_BY_HAND, &p, instant_at(1010), NULL, 0).score, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vpop3s_example_bans_at_the_event_that_reaches_the_threshold),
		cmocka_unit_test(exactly_the_threshold_bans_and_less_does_not),
		cmocka_unit_test(a_count_counts_that_often),
		cmocka_unit_test(what_is_exactly_one_window_old_counts_no_more),
		cmocka_unit_test(a_late_event_decides_by_its_own_time),
		cmocka_unit_test(a_late_event_outside_the_window_decides_nothing),
		cmocka_unit_test(the_multiplier_ban_bans_at_once),
		cmocka_unit_test(events_that_no_jail_counts_leave_no_trace),
		cmocka_unit_test(
			ipv6_hosts_are_counted_by_their_network_and_ipv4_wherever_it_hides),
		cmocka_unit_test(a_decision_names_what_counted),
		cmocka_unit_test(the_score_can_be_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
