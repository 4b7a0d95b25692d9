/* SPDX-License-Identifier: MIT */
/* How far a shadow shields, and what is left of what was lifted. Jail a counts failures, ten of
 * them ban; jail b hears of its bans and bans a network at the second one. */
#include "unit/engine/rig.h"

#define CUSTOMER "203.0.113.1"
#define STRANGER "198.51.100.9"
#define OTHER    "198.51.100.10"

static struct ruleset *rules(void)
{
	static const points failures[] = { [EVENT_AUTH_FAILURE] = 1 };
	static const points banned[] = { [EVENT_BANNED] = 1 };
	static const uint16_t b[] = { 1 };
	struct ruleset *r = rig_rules(2);

	r->jails[0].points = failures;
	r->jails[0].n_points = ARRAY_SIZE(failures);
	r->jails[0].threshold = 10;
	r->jails[0].ladder[0] = DURATION_FOREVER;
	r->jails[0].watchers = b;
	r->jails[0].n_watchers = ARRAY_SIZE(b);
	r->jails[1].points = banned;
	r->jails[1].n_points = ARRAY_SIZE(banned);
	r->jails[1].threshold = 2;
	r->jails[1].subject = SUBJECT_NETWORK;
	r->jails[1].watches_jails = true;
	return r;
}

static void feed_as(struct engine *e, const char *addr, const char *account, uint16_t type,
		    int64_t time, int64_t n)
{
	struct event event = rig_event(addr, type, time);

	event.account = str_of(account);
	for (int64_t i = 0; i < n; i++) {
		event.time = instant_at(time + i);
		assert_true(engine_feed_event(e, &event));
	}
}

static unsigned blocks(const struct engine *e, const char *prefix)
{
	const struct prefix p = rig_prefix(prefix);

	return engine_blocks_30d(e, &p, instant_at(90000));
}

/* Customers 1 to n fail, one after the other. */
static void let_fail(struct engine *e, int n, int64_t time)
{
	for (int i = 1; i <= n; i++) {
		char addr[ADDR_TEXT_MAX];

		(void)snprintf(addr, sizeof(addr), "203.0.113.%d", i);
		feed_as(e, addr, "bob", EVENT_AUTH_FAILURE, time, 10);
	}
}

static void know(struct engine *e, int n)
{
	for (int i = 1; i <= n; i++) {
		char addr[ADDR_TEXT_MAX];

		(void)snprintf(addr, sizeof(addr), "203.0.113.%d", i);
		feed_as(e, addr, "bob", EVENT_LOGIN, 10, 1);
	}
	(void)engine_take(e);
}

static void who_is_spared_for_one_account_is_banned_for_another(void **state)
{
	struct ruleset *r = rules();
	CLEANUP(engine_freep) struct engine *e = NULL;

	(void)state;
	r->jails[0].subject = SUBJECT_ACCOUNT;
	r->jails[0].spare_known = true;
	r->jails[0].share = 2;
	e = rig_start(r);
	feed_as(e, CUSTOMER, "bob", EVENT_LOGIN, 10, 1);
	feed_as(e, CUSTOMER, "bob", EVENT_AUTH_FAILURE, 100, 12);
	assert_string_equal(rig_said(e), "spared 1 a 203.0.113.1/32 109-never known-good");
	feed_as(e, CUSTOMER, "ann", EVENT_AUTH_FAILURE, 200, 10);
	assert_string_equal(rig_said(e), "ban 2 a 203.0.113.1/32 209-never");
}

static void who_is_spared_for_one_service_is_banned_for_another(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rules());
	const struct prefix p = rig_prefix(STRANGER "/32");
	struct never_entry entry = never_entry_of(NEVER_BY_HAND, &p);
	const struct order order = {
		.kind = ORDER_NEVER_ADD, .time = instant_at(1), .never = &entry, .n_never = 1
	};
	struct order_result result;
	struct event event = rig_event(STRANGER, EVENT_AUTH_FAILURE, 100);

	(void)state;
	entry.service = 1;
	assert_int_equal(engine_order(e, &order, &result), 0);
	event.service = 1;
	for (int i = 0; i < 12; i++) {
		assert_true(engine_feed_event(e, &event));
	}
	assert_string_equal(rig_said(e),
			    "spared 1 a 198.51.100.9/32 100-never service-never-block");
	event.service = 2;
	assert_true(engine_feed_event(e, &event));
	assert_string_equal(rig_said(e), "ban 2 a 198.51.100.9/32 100-never");
}

/* Else whoever guessed while the server's login was dead could go on for ever. */
static void the_brake_lets_go_of_strangers_and_keeps_customers(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rules());

	(void)state;
	know(e, 21);
	let_fail(e, 21, 100);
	feed_as(e, STRANGER, "root", EVENT_AUTH_FAILURE, 200, 10);
	(void)engine_take(e);
	feed_as(e, STRANGER, "root", EVENT_AUTH_FAILURE, 109 + 900 - 1, 1);
	feed_as(e, "203.0.113.21", "bob", EVENT_AUTH_FAILURE, 109 + 900, 1);
	assert_string_equal(rig_said(e), "");
	feed_as(e, STRANGER, "root", EVENT_AUTH_FAILURE, 109 + 900, 1);
	assert_string_equal(rig_said(e), "ban 24 a 198.51.100.9/32 1009-never");
}

/* Whose programs try again and again is observed once; the brake hears of him all the same. */
static void the_brake_holds_while_customers_fail(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rules());

	(void)state;
	know(e, 21);
	let_fail(e, 21, 100);
	let_fail(e, 21, 800);
	assert_int_equal(engine_jail_stats(e, 0).braked_until.us / 1000000, 809 + 900);
	assert_int_equal(engine_jail_stats(e, 0).brakes, 1);
}

static void what_was_banned_because_of_customers_is_free_again(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rules());
	const struct prefix network = rig_prefix("203.0.113.0/24");
	instant until;

	(void)state;
	know(e, 21);
	let_fail(e, 20, 100);
	assert_true(engine_wish(e, &network, 0, &until));
	let_fail(e, 21, 100);
	assert_false(engine_wish(e, &network, 0, &until));
	assert_int_equal(blocks(e, "203.0.113.0/24"), 0);
	assert_int_equal(blocks(e, "203.0.113.1/32"), 0);
	assert_int_equal(engine_jail_stats(e, 1).bans, 0);
}

/* Two strangers of that network had been banned before: that stands. */
static void what_stands_without_the_customers_stays(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rules());
	const struct prefix network = rig_prefix("203.0.113.0/24");
	instant until;

	(void)state;
	know(e, 21);
	feed_as(e, "203.0.113.201", "root", EVENT_AUTH_FAILURE, 50, 10);
	feed_as(e, "203.0.113.202", "root", EVENT_AUTH_FAILURE, 50, 10);
	let_fail(e, 21, 100);
	assert_true(engine_wish(e, &network, 0, &until));
	assert_int_equal(blocks(e, "203.0.113.0/24"), 1);
	assert_int_equal(blocks(e, "203.0.113.1/32"), 0);
}

/* Two of them were banned in the middle of it: the network is what they made it, too. */
static void nor_does_what_strangers_made_meanwhile(void **state)
{
	CLEANUP(engine_freep) struct engine *e = rig_start(rules());
	const struct prefix network = rig_prefix("203.0.113.0/24");
	instant until;

	(void)state;
	know(e, 21);
	let_fail(e, 1, 100);
	feed_as(e, "203.0.113.201", "root", EVENT_AUTH_FAILURE, 120, 10);
	assert_true(engine_wish(e, &network, 0, &until));
	feed_as(e, "203.0.113.202", "root", EVENT_AUTH_FAILURE, 120, 10);
	let_fail(e, 21, 130);
	assert_int_equal(blocks(e, "203.0.113.1/32"), 0);
	assert_true(engine_wish(e, &network, 0, &until));
	assert_int_equal(blocks(e, "203.0.113.0/24"), 1);
}

static void an_unban_in_one_jail_leaves_the_episode_of_another(void **state)
{
	struct ruleset *r = rules();
	CLEANUP(engine_freep) struct engine *e = NULL;
	struct order order = { .kind = ORDER_UNBAN, .time = instant_at(300), .jail = 0 };
	struct order_result result;

	(void)state;
	r->jails[1] = r->jails[0];
	r->jails[1].name = STR("b");
	r->jails[0].n_watchers = 0;
	r->jails[1].n_watchers = 0;
	r->jails[1].ladder[0] = seconds(600);
	order.prefix = rig_prefix(OTHER "/32");
	e = rig_start(r);
	feed_as(e, OTHER, "root", EVENT_AUTH_FAILURE, 100, 10);
	assert_int_equal(blocks(e, OTHER "/32"), 1);
	(void)engine_take(e);
	assert_int_equal(engine_order(e, &order, &result), 0);
	assert_int_equal(blocks(e, OTHER "/32"), 1);
	/* It ended with the ban of b: the next one is another. */
	feed_as(e, OTHER, "root", EVENT_AUTH_FAILURE, 800, 10);
	assert_int_equal(blocks(e, OTHER "/32"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_spared_for_one_account_is_banned_for_another),
		cmocka_unit_test(who_is_spared_for_one_service_is_banned_for_another),
		cmocka_unit_test(the_brake_lets_go_of_strangers_and_keeps_customers),
		cmocka_unit_test(the_brake_holds_while_customers_fail),
		cmocka_unit_test(what_was_banned_because_of_customers_is_free_again),
		cmocka_unit_test(what_stands_without_the_customers_stays),
		cmocka_unit_test(nor_does_what_strangers_made_meanwhile),
		cmocka_unit_test(an_unban_in_one_jail_leaves_the_episode_of_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
