/* SPDX-License-Identifier: MIT */
/* What the engine knows goes on under other rules, in which every number means something else. */
#include <errno.h>
#include <stdlib.h>

#include "unit/allocations.h"
#include "unit/engine/rig.h"

#define A "192.0.2.1"
#define B "192.0.2.2"

struct change {
	struct engine *engine;
	const struct event *events; /* what the database would know */
	size_t n_events, refills;
	char said[RIG_SAID];
};

static int refill(void *arg, struct engine *e)
{
	struct change *c = arg;

	c->refills++;
	for (size_t i = 0; i < c->n_events; i++) {
		engine_recall_event(e, i + 1, &c->events[i], NULL);
	}
	return 0;
}

static void told(void *arg)
{
	struct change *c = arg;

	(void)snprintf(c->said, sizeof(c->said), "%s", rig_said(c->engine));
}

static int adopt(struct change *c, struct ruleset *rules)
{
	const struct engine_change change = {
		.ruleset = rules,
		.now = instant_at(5000),
		.refill = refill,
		.told = told,
		.arg = c,
	};

	(void)engine_take(c->engine);
	return engine_adopt(c->engine, &change);
}

/* Jails a and b, a filter, and three scopes: all, mail, web, in the given order behind all. */
static struct ruleset *rules_of(size_t n_jails, const char *second, const char *third)
{
	struct ruleset *r = rig_rules(n_jails);
	const char *const labels[] = { "all", second, third };

	r->filters = arena_alloc(r->arena, 1, sizeof(*r->filters));
	r->scopes = arena_alloc(r->arena, SCOPES_MAX, sizeof(*r->scopes));
	assert_true(r->filters && r->scopes);
	r->filters[0].name = STR("filter");
	r->n_filters = 1;
	r->sources[0].text = STR("/var/log/mail");
	r->n_scopes = ARRAY_SIZE(labels);
	for (size_t i = 0; i < r->n_scopes; i++) {
		r->scopes[i] =
			(struct scope){ .name = str_of(labels[i]), .label = str_of(labels[i]) };
	}
	return r;
}

static uint16_t add_name(struct ruleset *r, struct names *names, const char *name)
{
	uint16_t number = NAMES_NONE;

	assert_int_equal(names_add(names, r->arena, str_of(name), &number), 0);
	return number;
}

static void order_ban(struct engine *e, const char *prefix, uint16_t scope)
{
	const struct order o = { .kind = ORDER_BAN,
				 .prefix = rig_prefix(prefix),
				 .scope = scope,
				 .time = instant_at(4000),
				 .until = instant_at(9000),
				 .by = STR("ann"),
				 .reason = STR("why") };
	struct order_result result;

	(void)engine_take(e);
	assert_int_equal(engine_order(e, &o, &result), 0);
	assert_int_equal(result.made, 1);
	(void)engine_take(e);
}

static void every_number_is_translated_by_its_name(void **state)
{
	struct ruleset *old = rules_of(2, "mail", "web"), *now = rules_of(2, "web", "mail");
	uint16_t old_type = add_name(old, &old->types, "other"), smtp, imap;
	points *of_type = arena_alloc(old->arena, old_type + 1U, sizeof(*of_type));
	struct change c = { 0 };
	const struct prefix a = rig_prefix(A), b = rig_prefix(B);
	struct event event = rig_event(A, old_type, 4900);
	const struct ban *ban;

	(void)state;
	assert_non_null(of_type);
	of_type[old_type] = 1000;
	old->jails[1].points = of_type;
	old->jails[1].n_points = (uint16_t)(old_type + 1U);
	old->jails[1].scope = 1;
	event.service = add_name(old, &old->services, "smtp");
	(void)add_name(now, &now->types, "first");
	imap = add_name(now, &now->services, "imap");
	smtp = add_name(now, &now->services, "smtp");
	now->jails[0].name = STR("b");
	now->jails[1].name = STR("c");
	now->jails[0].scope = 1;
	c.engine = rig_start(old);
	assert_true(engine_feed_event(c.engine, &event));
	order_ban(c.engine, B, 1);
	assert_int_equal(adopt(&c, now), 0);
	assert_string_equal(c.said, "");
	ban = engine_find_ban(c.engine, 0, &a, 1);
	assert_non_null(ban);
	assert_int_equal(ban->id, 1);
	assert_true(ban->until.us == instant_at(6700).us);
	assert_true(str_eq(names_at(&now->types, ban->type), STR("other")));
	assert_int_equal(ban->service, smtp);
	assert_int_not_equal(smtp, imap);
	ban = engine_find_ban(c.engine, JAIL_BY_HAND, &b, 2);
	assert_non_null(ban);
	assert_string_equal(ban->by, "ann");
	assert_string_equal(ban->reason, "why");
	assert_int_equal(engine_stats(c.engine).bans, 2);
	engine_free(c.engine);
}

static void the_bans_of_a_jail_that_is_gone_are_lifted(void **state)
{
	struct ruleset *now = rules_of(1, "mail", "web");
	struct change c = { .engine = rig_start(rules_of(2, "mail", "web")) };

	(void)state;
	rig_feed(c.engine, A, EVENT_IDS_VERDICT, 4900);
	assert_int_equal(adopt(&c, now), 0);
	assert_string_equal(c.said, "lift 2 b 192.0.2.1/32 5000 jail-gone");
	assert_int_equal(engine_jail_stats(c.engine, 0).bans, 1);
	engine_free(c.engine);
}

static void a_ban_by_hand_keeps_ports_that_no_jail_has_any_more(void **state)
{
	struct change c = { .engine = rig_start(rules_of(1, "mail", "web")) };
	const struct prefix a = rig_prefix(A "/32");

	(void)state;
	order_ban(c.engine, A, 1);
	assert_int_equal(adopt(&c, rules_of(1, "post", "web")), 0);
	assert_string_equal(c.said, "");
	assert_int_equal(engine_ruleset(c.engine)->n_scopes, 4);
	assert_true(str_eq(engine_ruleset(c.engine)->scopes[3].label, STR("mail")));
	assert_non_null(engine_find_ban(c.engine, JAIL_BY_HAND, &a, 3));
	assert_int_equal(adopt(&c, rules_of(1, "web", "mail")), 0);
	assert_int_equal(engine_ruleset(c.engine)->n_scopes, 3);
	assert_non_null(engine_find_ban(c.engine, JAIL_BY_HAND, &a, 2));
	engine_free(c.engine);
}

static void a_ban_by_hand_whose_ports_have_no_room_is_lifted(void **state)
{
	struct change c = { .engine = rig_start(rules_of(1, "mail", "web")) };
	struct ruleset *full = rules_of(1, "post", "web");

	(void)state;
	order_ban(c.engine, A, 1);
	for (; full->n_scopes < SCOPES_MAX; full->n_scopes++) {
		full->scopes[full->n_scopes] = full->scopes[1];
	}
	assert_int_equal(adopt(&c, full), 0);
	assert_string_equal(c.said, "lift 1 by hand 192.0.2.1/32 5000 ports-gone");
	engine_free(c.engine);
}

static void nobody_is_banned_by_a_lower_threshold_but_the_next_event_decides(void **state)
{
	const struct event known[] = { rig_event(A, EVENT_RELAY_DENIED, 4900),
				       rig_event(A, EVENT_RELAY_DENIED, 4901),
				       rig_event(A, EVENT_RELAY_DENIED, 4902) };
	struct ruleset *now = rules_of(1, "mail", "web");
	struct change c = { .engine = rig_start(rules_of(1, "mail", "web")),
			    .events = known,
			    .n_events = ARRAY_SIZE(known) };

	(void)state;
	now->jails[0].threshold = 300;
	rig_feed_many(c.engine, A, EVENT_RELAY_DENIED, 4900, 3);
	assert_int_equal(adopt(&c, now), 0);
	assert_string_equal(c.said, "");
	assert_int_equal(c.refills, 1);
	assert_string_equal(rig_said(c.engine), "");
	rig_feed(c.engine, A, EVENT_RELAY_DENIED, 4903);
	assert_string_equal(rig_said(c.engine), "ban 1 a 192.0.2.1/32 4903-6703");
	engine_free(c.engine);
}

static void windows_go_on_untouched_when_no_score_changes(void **state)
{
	struct ruleset *now = rules_of(1, "mail", "web");
	struct change c = { .engine = rig_start(rules_of(1, "mail", "web")) };

	(void)state;
	now->jails[0].ladder[0] = seconds(60);
	now->jails[0].scope = 2;
	rig_feed_many(c.engine, A, EVENT_RELAY_DENIED, 4900, 9);
	assert_int_equal(adopt(&c, now), 0);
	assert_int_equal(c.refills, 0);
	rig_feed(c.engine, A, EVENT_RELAY_DENIED, 4909);
	assert_string_equal(rig_said(c.engine), "ban 1 a 192.0.2.1/32 4909-4969");
	engine_free(c.engine);
}

static void the_mode_that_a_person_ordered_goes_on_unless_the_rules_change_theirs(void **state)
{
	struct change c = { .engine = rig_start(rules_of(1, "mail", "web")) };
	const struct order observe = { .kind = ORDER_OBSERVE };
	struct ruleset *now = rules_of(1, "mail", "web");
	struct order_result result;

	(void)state;
	assert_int_equal(engine_order(c.engine, &observe, &result), 0);
	assert_int_equal(adopt(&c, now), 0);
	assert_true(engine_observes(c.engine));
	now = rules_of(1, "mail", "web");
	now->observe = true;
	assert_int_equal(adopt(&c, now), 0);
	assert_int_equal(adopt(&c, rules_of(1, "mail", "web")), 0);
	assert_false(engine_observes(c.engine));
	engine_free(c.engine);
}

static void a_ladder_goes_on(void **state)
{
	struct change c = { 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct ruleset *r = rules_of(1, "mail", "web");

		r->jails[0].ladder[1] = seconds(100);
		r->jails[0].steps = 2;
		if (i == 0) {
			c.engine = rig_start(r);
			rig_feed(c.engine, A, EVENT_IDS_VERDICT, 1000);
			assert_string_equal(rig_said(c.engine), "ban 1 a 192.0.2.1/32 1000-2800");
		} else {
			assert_int_equal(adopt(&c, r), 0);
		}
	}
	rig_feed(c.engine, A, EVENT_IDS_VERDICT, 3000);
	assert_string_equal(rig_said(c.engine),
			    "lift 1 a 192.0.2.1/32 2800 expired; ban 2 a 192.0.2.1/32 3000-3100");
	engine_free(c.engine);
}

static struct ruleset *rules_by_account(bool spare_known)
{
	static const points failures[] = { [EVENT_AUTH_FAILURE] = 1 };
	struct ruleset *r = rules_of(1, "mail", "web");

	r->jails[0].points = failures;
	r->jails[0].n_points = ARRAY_SIZE(failures);
	r->jails[0].threshold = 3;
	r->jails[0].subject = SUBJECT_ACCOUNT;
	r->jails[0].share = 1;
	r->jails[0].spare_known = spare_known;
	return r;
}

static void feed_bob(struct engine *e, uint16_t type, int64_t time, size_t n)
{
	struct event event = rig_event(A, type, time);

	event.account = STR("bob");
	for (size_t i = 0; i < n; i++) {
		assert_true(engine_feed_event(e, &event));
	}
}

static void who_is_known_is_spared_on_by_a_jail_that_still_spares_and_by_no_other(void **state)
{
	static const struct {
		bool spares;
		const char *said;
	} cases[] = {
		{ true, "" },
		{ false, "ban 2 a 192.0.2.1/32 4980-6780" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct change c = { .engine = rig_start(rules_by_account(true)) };

		feed_bob(c.engine, EVENT_LOGIN, 4900, 1);
		feed_bob(c.engine, EVENT_AUTH_FAILURE, 4950, 3);
		assert_string_equal(rig_said(c.engine),
				    "spared 1 a 192.0.2.1/32 4950-6750 known-good");
		assert_int_equal(adopt(&c, rules_by_account(cases[i].spares)), 0);
		assert_string_equal(c.said, "");
		feed_bob(c.engine, EVENT_AUTH_FAILURE, 4980, 1);
		assert_string_equal(rig_said(c.engine), cases[i].said);
		engine_free(c.engine);
	}
}

static void without_memory_the_rules_of_before_go_on(void **state)
{
	struct change c = { .engine = rig_start(rules_of(2, "mail", "web")) };
	struct ruleset *now = rules_of(1, "web", "mail");
	const struct prefix b = rig_prefix(B);
	size_t tries = 0;
	int r;

	(void)state;
	rig_feed(c.engine, A, EVENT_IDS_VERDICT, 4000);
	order_ban(c.engine, B, 1);
	do {
		withhold(tries++, SIZE_MAX);
		r = adopt(&c, now);
		withhold_none();
		if (r < 0) {
			assert_int_equal(r, -ENOMEM);
			assert_ptr_not_equal(engine_ruleset(c.engine), now);
			assert_int_equal(engine_jail_stats(c.engine, 1).bans, 1);
			assert_non_null(engine_find_ban(c.engine, JAIL_BY_HAND, &b, 1));
		}
	} while (r < 0);
	assert_true(tries > 20);
	assert_ptr_equal(engine_ruleset(c.engine), now);
	assert_string_equal(c.said, "lift 2 b 192.0.2.1/32 5000 jail-gone");
	assert_non_null(engine_find_ban(c.engine, JAIL_BY_HAND, &b, 2));
	engine_free(c.engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_is_translated_by_its_name),
		cmocka_unit_test(the_bans_of_a_jail_that_is_gone_are_lifted),
		cmocka_unit_test(a_ban_by_hand_keeps_ports_that_no_jail_has_any_more),
		cmocka_unit_test(a_ban_by_hand_whose_ports_have_no_room_is_lifted),
		cmocka_unit_test(nobody_is_banned_by_a_lower_threshold_but_the_next_event_decides),
		cmocka_unit_test(windows_go_on_untouched_when_no_score_changes),
		cmocka_unit_test(
			the_mode_that_a_person_ordered_goes_on_unless_the_rules_change_theirs),
		cmocka_unit_test(a_ladder_goes_on),
		cmocka_unit_test(
			who_is_known_is_spared_on_by_a_jail_that_still_spares_and_by_no_other),
		cmocka_unit_test(without_memory_the_rules_of_before_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
