/* SPDX-License-Identifier: MIT */
/* What accounts, logins and jails that watch jails need of a restart: nobody is known less, nothing
 * counts twice, and what was forgiven or taken back stays so. */
#include "unit/output/world.h"

enum { DAY = 86400 };

/* Jail a bans at three wrong passwords, b hears of it. */
static void rules_of_watching(struct ruleset *r)
{
	static const points failures[] = {
		[EVENT_AUTH_FAILURE] = 1, [EVENT_LOGIN] = POINTS_FORGIVE
	};
	static const points banned[] = { [EVENT_BANNED] = 1 };
	static const uint16_t watchers[] = { 1 };

	r->jails[0].points = failures;
	r->jails[0].n_points = ARRAY_SIZE(failures);
	r->jails[0].threshold = 3;
	r->jails[0].watchers = watchers;
	r->jails[0].n_watchers = 1;
	r->jails[1].points = banned;
	r->jails[1].n_points = ARRAY_SIZE(banned);
	r->jails[1].threshold = 5;
	r->jails[1].window = seconds(DAY);
	r->jails[1].watches_jails = true;
	r->brake = 2;
}

/* Jail a bans who tries an account twice that was tried four times. */
static void rules_of_accounts(struct ruleset *r)
{
	rules_of_watching(r);
	r->jails[0].n_watchers = 0;
	r->jails[0].subject = SUBJECT_ACCOUNT;
	r->jails[0].threshold = 4;
	r->jails[0].share = 2;
	r->jails[0].spare_known = true;
	r->n_jails = 1;
}

static void start_with(struct world *w, void (*rules)(struct ruleset *r))
{
	world_stop(w);
	w->rules = rules;
	world_start(w);
}

static void say(struct world *w, const char *addr, const char *account, uint16_t type, int64_t at)
{
	struct event event = rig_event(addr, type, w->now + at);

	event.account = str_of(account);
	event.text = STR("a line");
	world_feed(w, &event);
	assert_int_equal(world_apply(w), 0);
}

static void guess(struct world *w, const char *addr, const char *account, int64_t at, int n)
{
	for (int i = 0; i < n; i++) {
		say(w, addr, account, EVENT_AUTH_FAILURE, at + i);
	}
}

static bool knows(const struct world *w, const char *account, const char *addr)
{
	const struct prefix p = rig_prefix(addr);

	return engine_is_known(w->engine, str_of(account), &p, instant_at(w->now));
}

static void logins_are_known_for_thirty_days(void **state)
{
	struct world *w = *state;

	say(w, "192.0.2.1", "Bob", EVENT_LOGIN, -29 * DAY);
	say(w, "192.0.2.1", "bob", EVENT_LOGIN, -29 * DAY + 60);
	say(w, "192.0.2.2", "bob", EVENT_LOGIN, -31 * DAY);
	say(w, "2001:db8::1", "ann", EVENT_LOGIN, -60);
	world_restart(w);
	assert_true(knows(w, "bob", "192.0.2.1/32"));
	assert_true(knows(w, "", "192.0.2.1/32"));
	assert_false(knows(w, "ann", "192.0.2.1/32"));
	assert_false(knows(w, "bob", "192.0.2.2/32"));
	assert_true(knows(w, "ANN", "2001:db8::/64"));
}

static void the_owner_is_spared_after_a_restart(void **state)
{
	struct world *w = *state;

	start_with(w, rules_of_accounts);
	say(w, "192.0.2.1", "bob", EVENT_LOGIN, -2 * DAY);
	guess(w, "198.51.100.1", "bob", -60, 1);
	guess(w, "198.51.100.2", "bob", -59, 1);
	guess(w, "192.0.2.1", "bob", -58, 1);
	world_restart(w);
	guess(w, "192.0.2.1", "bob", -40, 1);
	guess(w, "198.51.100.1", "BOB", -39, 1);
	assert_int_equal(world_ban(w, 0, "192.0.2.1/32")->because, BECAUSE_KNOWN_GOOD);
	assert_int_equal(world_ban(w, 0, "198.51.100.1/32")->kind, DECISION_BAN);
	assert_null(world_ban(w, 0, "198.51.100.2/32"));
}

static void the_brake_goes_on_where_it_was(void **state)
{
	struct world *w = *state;

	start_with(w, rules_of_watching);
	say(w, "192.0.2.1", "ann", EVENT_LOGIN, -2 * DAY);
	say(w, "192.0.2.2", "bob", EVENT_LOGIN, -2 * DAY);
	say(w, "192.0.2.3", "cyd", EVENT_LOGIN, -2 * DAY);
	guess(w, "192.0.2.1", "ann", -90, 3);
	guess(w, "192.0.2.2", "bob", -80, 3);
	world_restart(w);
	assert_int_equal(world_ban(w, 0, "192.0.2.2/32")->kind, DECISION_BAN);
	guess(w, "192.0.2.3", "cyd", -70, 3);
	assert_int_equal(world_ban(w, 0, "192.0.2.3/32")->because, BECAUSE_BRAKE);
	assert_null(world_ban(w, 0, "192.0.2.1/32"));
	world_restart(w);
	guess(w, "198.51.100.1", "eve", -60, 3);
	assert_int_equal(world_ban(w, 0, "198.51.100.1/32")->because, BECAUSE_BRAKE);
	assert_null(world_ban(w, 0, "192.0.2.2/32"));
	assert_true(engine_jail_stats(w->engine, 0).braked_until.us > instant_at(w->now).us);
}

static void what_was_forgiven_stays_forgiven(void **state)
{
	struct world *w = *state;

	start_with(w, rules_of_watching);
	guess(w, "192.0.2.1", "bob", -60, 2);
	say(w, "192.0.2.1", "bob", EVENT_LOGIN, -50);
	say(w, "192.0.2.1", "bob", EVENT_LOGIN, -49);
	guess(w, "192.0.2.1", "bob", -40, 1);
	assert_int_equal(world_score(w, "192.0.2.1/32"), 1);
	world_restart(w);
	assert_int_equal(world_score(w, "192.0.2.1/32"), 1);
}

static int64_t heard(const struct world *w, const char *prefix)
{
	const struct prefix p = rig_prefix(prefix);

	return engine_score(w->engine, 1, &p, instant_at(w->now), NULL, 0).score;
}

static void a_ban_was_heard_of_once(void **state)
{
	struct world *w = *state;

	start_with(w, rules_of_watching);
	guess(w, "192.0.2.1", "bob", -7200, 3);
	guess(w, "192.0.2.1", "bob", -60, 3);
	assert_int_equal(heard(w, "192.0.2.1/32"), 2);
	world_restart(w);
	assert_int_equal(heard(w, "192.0.2.1/32"), 2);
}

static void what_the_brake_took_back_was_nothing(void **state)
{
	static const char *const addrs[] = { "192.0.2.1", "192.0.2.2", "192.0.2.3" };
	struct world *w = *state;

	start_with(w, rules_of_watching);
	for (size_t i = 0; i < ARRAY_SIZE(addrs); i++) {
		say(w, addrs[i], "bob", EVENT_LOGIN, -3600);
	}
	for (size_t i = 0; i < ARRAY_SIZE(addrs); i++) {
		guess(w, addrs[i], "bob", -60, 3);
	}
	assert_true(engine_jail_stats(w->engine, 0).braked_until.us > instant_at(w->now).us);
	assert_int_equal(heard(w, "192.0.2.1/32"), 0);
	world_restart(w);
	assert_null(world_ban(w, 0, "192.0.2.1/32"));
	assert_int_equal(world_ban(w, 0, "192.0.2.3/32")->because, BECAUSE_BRAKE);
	assert_int_equal(heard(w, "192.0.2.1/32"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(logins_are_known_for_thirty_days),
		IN_WORLD(the_brake_goes_on_where_it_was),
		IN_WORLD(the_owner_is_spared_after_a_restart),
		IN_WORLD(what_was_forgiven_stays_forgiven),
		IN_WORLD(a_ban_was_heard_of_once),
		IN_WORLD(what_the_brake_took_back_was_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
