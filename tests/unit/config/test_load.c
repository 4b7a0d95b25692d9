/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include <stdio.h>
#include <string.h>

#include "config/watching.h"
#include "engine/engine.h"
#include "unit/config/loaded.h"

static void nothing_at_all_is_a_good_config(void **state)
{
	struct loaded l = load("", CONFIG_STRICT);

	(void)state;
	assert_int_equal(l.r, 0);
	assert_int_equal(diag_count(l.diag, DIAG_WARNING), 1);
	assert_string_equal(diag_item(l.diag, 0)->text,
			    "there is no such folder, so everything has its default");
	assert_false(l.c->settings.observe);
	assert_int_equal(l.c->ruleset->n_jails, 0);
	unload(&l);
}

static void settings_have_the_documented_defaults(void **state)
{
	struct loaded l = load("--- etc/ipsd.conf\n", CONFIG_STRICT);
	const struct config_settings *s = &l.c->settings;
	const struct ruleset *r = l.c->ruleset;

	(void)state;
	assert_int_equal(l.r, 0);
	assert_int_equal(diag_total(l.diag), 0);
	assert_false(s->observe || s->never_block_broken || s->nft_both || s->nft_counters);
	assert_true(s->nft_counters_auto);
	assert_true(str_eq(s->nft_table, STR("ipsd")));
	assert_int_equal(s->retention.us, seconds(30 * 86400).us);
	assert_int_equal(s->retention_events, 5000000);
	assert_int_equal(r->host_v6, 64);
	assert_int_equal(r->network_v4, 24);
	assert_int_equal(r->network_v6, 48);
	assert_int_equal(r->max_subjects, 1000000);
	assert_int_equal(r->n_scopes, 1);
	assert_int_equal(netset_count(r->never_block), 8);
	unload(&l);
}

static void settings_are_taken_over(void **state)
{
	struct loaded l = load("--- etc/ipsd.conf\n[ipsd]\nmode = observe\nipv6-host-prefix = 56\n"
			       "network-prefix-v4 = 20\nnetwork-prefix-v6 = 40\nmax-subjects = 5\n"
			       "retention = 2d, 1000\nread-any-log = no\n[nft]\ntable = mine\n"
			       "direction = both\ncounters = yes\n[never-block]\nprivate = no\n"
			       "addresses = 192.0.2.0/24\n",
			       CONFIG_STRICT);
	const struct config_settings *s = &l.c->settings;
	const struct ruleset *r = l.c->ruleset;
	uint32_t line;
	const struct prefix *p = netset_at(r->never_block, 0, &line);

	(void)state;
	assert_int_equal(l.r, 0);
	assert_true(s->observe && r->observe && s->nft_both && s->nft_counters);
	assert_false(s->nft_counters_auto);
	assert_true(str_eq(s->nft_table, STR("mine")));
	assert_int_equal(s->retention.us, seconds(2 * 86400).us);
	assert_int_equal(s->retention_events, 1000);
	assert_int_equal(r->host_v6, 56);
	assert_int_equal(r->network_v4, 20);
	assert_int_equal(r->network_v6, 40);
	assert_int_equal(r->max_subjects, 5);
	assert_int_equal(netset_count(r->never_block), 1);
	assert_int_equal(p->len, 24);
	assert_int_equal(line, 15);
	unload(&l);
}

static bool is_never_blocked(const struct loaded *l, const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_parse(str_of(text), &p), 0);
	return netset_covering(l->c->ruleset->never_block, &p, NULL);
}

static void private_addresses_are_never_blocked(void **state)
{
	static const char *const in[] = { "10.1.2.3",    "172.16.0.1", "172.31.255.255",
					  "192.168.0.1", "127.0.0.1",  "169.254.1.1",
					  "::1",         "fe80::1",    "fd00::1" };
	static const char *const out[] = { "11.0.0.1", "172.32.0.1", "192.169.0.1", "100.64.0.1",
					   "0.0.0.0",  "::2",        "fec0::1",     "2001:db8::1" };
	struct loaded l = load("--- etc/ipsd.conf\n", 0);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(in); i++) {
		assert_true(is_never_blocked(&l, in[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(out); i++) {
		assert_false(is_never_blocked(&l, out[i]));
	}
	unload(&l);
}

static void a_jail_is_taken_over(void **state)
{
	struct loaded l = load("--- etc/filters/a.conf\n" FILTER "--- etc/jails/j.conf\n" JAIL
			       "[jail]\nabout = words\ntype = SMTP abuse\nservices = smtp imap\n"
			       "window = 10m\nban = 30m, 2h, permanent\nban-memory = 7d\n"
			       "after-ban = clear\nports = mail\nverdict = reject\nmode = observe\n"
			       "never-block = 192.0.2.0/24\n",
			       0);
	const struct ruleset *r = l.c->ruleset;
	const struct jail *j = &r->jails[0];

	(void)state;
	assert_int_equal(l.r, 0);
	assert_int_equal(r->n_jails, 1);
	assert_true(str_eq(j->name, STR("j")) && str_eq(j->about, STR("words")));
	assert_true(str_eq(j->type, STR("SMTP abuse")));
	assert_int_equal(j->mode, JAIL_OBSERVE);
	assert_int_equal(j->window.us, seconds(600).us);
	assert_int_equal(j->threshold, 20);
	assert_int_equal(j->steps, 3);
	assert_int_equal(j->ladder[2].us, DURATION_FOREVER.us);
	assert_int_equal(j->ban_memory.us, seconds(7 * 86400).us);
	assert_int_equal(j->after_ban, AFTER_BAN_CLEAR);
	assert_int_equal(jail_points(j, EVENT_AUTH_FAILURE), 10);
	assert_int_equal(jail_points(j, EVENT_SPAM), POINTS_BAN);
	assert_int_equal(jail_points(j, EVENT_VIRUS), 0);
	assert_true(jail_serves(j, names_find(&r->services, STR("smtp"))));
	assert_true(jail_serves(j, names_find(&r->services, STR("imap"))));
	assert_false(jail_serves(j, EVENT_SERVICE_NONE));
	assert_int_equal(netset_count(j->never_block), 1);
	assert_true(str_eq(r->scopes[j->scope].label, STR("mail")));
	assert_int_equal(r->scopes[j->scope].verdict, VERDICT_REJECT);
	assert_int_equal(r->scopes[j->scope].n_ranges, 8);
	assert_int_equal(l.c->jails[0].index, 0);
	assert_true(l.c->jails[0].automatic);
	unload(&l);
}

static void a_jail_has_defaults(void **state)
{
	struct loaded l = load("--- etc/filters/a.conf\n" FILTER "--- etc/jails/j.conf\n" JAIL, 0);
	const struct jail *j = &l.c->ruleset->jails[0];

	(void)state;
	assert_int_equal(j->window.us, seconds(3600).us);
	assert_int_equal(j->steps, 1);
	assert_int_equal(j->ladder[0].us, seconds(1800).us);
	assert_int_equal(j->ban_memory.us, seconds(30 * 86400).us);
	assert_int_equal(j->after_ban, AFTER_BAN_KEEP);
	assert_int_equal(j->mode, JAIL_ENFORCE);
	assert_int_equal(j->subject, SUBJECT_ADDRESS);
	assert_int_equal(j->scope, SCOPE_ALL);
	assert_null(j->services);
	assert_null(j->never_block);
	assert_true(str_eq(j->type, STR("j")));
	unload(&l);
}

static void a_source_is_read_once_for_all_jails(void **state)
{
	struct loaded l = load(
		"--- etc/filters/a.conf\n" FILTER "--- etc/filters/b.conf\n" FILTER
		"--- etc/jails/one.conf\n" JAIL "--- etc/jails/two.conf\n" JAIL
		"[jail]\nports = 25\n--- etc/jails/three.conf\n"
		"[jail]\nwatch = b /var/log/a.log /var/log/b.log\n\tb\n\ta\n\ta\nthreshold = 5\n"
		"[multipliers]\nauth-failure = 1\n",
		0);
	const struct ruleset *r = l.c->ruleset;

	(void)state;
	assert_int_equal(l.r, 0);
	assert_int_equal(r->n_sources, 2);
	assert_true(str_eq(r->sources[0].text, STR("/var/log/a.log")));
	assert_int_equal(r->sources[0].kind, SOURCE_FILE);
	assert_int_equal(r->sources[0].n_routes, 2);
	assert_int_equal(r->sources[0].routes[0].filter, 0);
	assert_int_equal(r->sources[0].routes[0].n_jails, 3);
	assert_int_equal(r->sources[0].routes[1].filter, 1);
	assert_int_equal(r->sources[0].routes[1].n_jails, 1);
	assert_true(str_eq(r->jails[r->sources[0].routes[1].jails[0]].name, STR("three")));
	assert_int_equal(r->sources[1].n_routes, 1);
	assert_int_equal(r->sources[1].routes[0].filter, 1);
	assert_non_null(r->sources[1].detector);
	unload(&l);
}

static void the_ruleset_works_in_an_engine(void **state)
{
	struct loaded l = load("--- etc/filters/a.conf\n" FILTER "--- etc/jails/j.conf\n" JAIL, 0);
	static const uint8_t seed[TABLE_SEED_SIZE] = { 1 };
	const struct engine_limits limits = { .subjects = 10, .bans = 10 };
	CLEANUP(engine_freep) struct engine *e = NULL;
	struct feed feed = {
		.chunk = STR("203.0.113.9 failed bob\nnothing\n203.0.113.9 failed eve\n"),
		.arrival = instant_at(1700000000),
		.file_time = instant_at(1700000000),
	};
	struct batch batch;

	(void)state;
	assert_int_equal(engine_new(TAKE(l.c->ruleset), &limits, seed, &e), 0);
	unload(&l);
	assert_int_equal(engine_feed(e, &feed), feed.chunk.n);
	batch = engine_take(e);
	assert_int_equal(batch.n_events, 2);
	assert_int_equal(batch.n_decisions, 1);
	assert_int_equal(batch.decisions[0].score, 20);
}

static void broken_parts_fail_alone(void **state)
{
	struct loaded l =
		load("--- etc/filters/a.conf\n" FILTER "--- etc/filters/b.conf\n[filter]\nx = y\n"
		     "--- etc/jails/bad.conf\n" JAIL "[jail]\nban = 30\n"
		     "--- etc/jails/good.conf\n" JAIL "--- etc/jails/off.conf\n" JAIL
		     "[jail]\nenabled = no\n--- etc/jails/of-b.conf\n"
		     "[jail]\nwatch = b\nthreshold = 5\n[multipliers]\nauth-failure = 1\n",
		     0);
	const struct config *c = l.c;

	(void)state;
	assert_int_equal(l.r, 0);
	assert_int_equal(c->n_filters, 2);
	assert_int_equal(c->filters[0].state, PART_OK);
	assert_int_equal(c->filters[1].state, PART_FAILED);
	assert_int_equal(c->filters[1].index, NAMES_NONE);
	assert_int_equal(c->n_jails, 4);
	assert_int_equal(c->jails[0].state, PART_FAILED);
	assert_true(str_eq(c->jails[0].why,
			   STR("etc/jails/bad.conf:8: [jail] ban: 30 what? VPOP3 means "
			       "minutes, 30m; fail2ban seconds, 30s")));
	assert_int_equal(c->jails[1].state, PART_OK);
	assert_int_equal(c->jails[1].index, 0);
	assert_int_equal(c->jails[2].state, PART_FAILED);
	assert_int_equal(c->jails[3].state, PART_DISABLED);
	assert_int_equal(c->ruleset->n_jails, 1);
	assert_int_equal(c->ruleset->n_filters, 1);
	assert_int_equal(ruleset_jail(c->ruleset, STR("good")), 0);
	unload(&l);
}

static void strict_makes_every_error_fatal(void **state)
{
	struct loaded l = load("--- etc/jails/a.conf\n", CONFIG_STRICT);

	(void)state;
	assert_int_equal(l.r, -EINVAL);
	assert_non_null(l.c);
	assert_null(l.c->ruleset);
	assert_int_equal(l.c->jails[0].state, PART_FAILED);
	unload(&l);
}

static void a_broken_ipsd_conf_is_refused_and_the_rest_is_still_told(void **state)
{
	struct loaded l =
		load("--- etc/ipsd.conf\n[ipsd]\nmode = x\n--- etc/jails/a.conf\n[jail]\nx = 1\n",
		     0);

	(void)state;
	assert_int_equal(l.r, -EINVAL);
	assert_null(l.c->ruleset);
	assert_true(diag_count(l.diag, DIAG_ERROR) > 2);
	unload(&l);
}

static void a_broken_never_block_goes_on_and_says_so(void **state)
{
	struct loaded l =
		load("--- etc/ipsd.conf\n[never-block]\naddresses = 192.0.2.1, nonsense\n", 0);

	(void)state;
	assert_int_equal(l.r, 0);
	assert_true(l.c->settings.never_block_broken);
	assert_true(is_never_blocked(&l, "192.0.2.1"));
	unload(&l);
	l = load("--- etc/ipsd.conf\n[never-block]\naddresses = nonsense\n", CONFIG_STRICT);
	assert_int_equal(l.r, -EINVAL);
	unload(&l);
	l = load("--- etc/ipsd.conf\n[never-block]\naddresses = nonsense\n[ipsd]\nmode = x\n", 0);
	assert_int_equal(l.r, -EINVAL);
	unload(&l);
}

static void one_filter_is_loaded_alone(void **state)
{
	static struct bundle bundle;
	static const char *const names[] = { "a", "etc/filters/a.conf", "./x/b.conf", "c.conf" };

	(void)state;
	bundle_parse(STR("--- etc/filters/a.conf\n" FILTER "--- ./x/b.conf\n[event login]\n"
			 "match = <ADDR> ok\n--- c.conf\n" FILTER
			 "--- etc/filters/bad.conf\n[filter]\n"),
		     &bundle);
	bundle_open = &bundle;
	for (size_t i = 0; i < ARRAY_SIZE(names) + 2; i++) {
		CLEANUP(diag_freep) struct diag *diag = diag_new();
		CLEANUP(config_freep) struct config *c = NULL;
		const char *name = i < ARRAY_SIZE(names)    ? names[i]
				   : i == ARRAY_SIZE(names) ? "bad"
							    : "none";
		int r = config_load_filter(&BUNDLE_ACCESS, &BUNDLE_PATHS, str_of(name), diag, &c);

		if (i >= ARRAY_SIZE(names)) {
			assert_int_equal(r, i == ARRAY_SIZE(names) ? -EINVAL : -ENOENT);
			assert_null(c);
			continue;
		}
		assert_int_equal(r, 0);
		assert_int_equal(c->ruleset->n_filters, 1);
		assert_int_equal(c->ruleset->n_sources, 1);
		assert_int_equal(c->ruleset->sources[0].routes[0].n_jails, 0);
		assert_int_equal(c->ruleset->n_jails, 0);
		assert_true(str_eq(c->filters[0].name, i == 3   ? STR("c")
						       : i == 2 ? STR("b")
								: STR("a")));
		assert_true(str_eq(c->ruleset->sources[0].text,
				   i == 2 ? STR("-") : STR("/var/log/a.log")));
	}
}

static void there_are_at_most_so_many_scopes(void **state)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	struct loaded l;

	(void)state;
	buf_add_str(&text, STR("--- etc/filters/a.conf\n" FILTER));
	for (unsigned i = 0; i < SCOPES_MAX + 10; i++) {
		buf_printf(&text, "--- etc/jails/%03u.conf\n" JAIL "[jail]\nports = %u\n", i,
			   1000 + i);
	}
	l = load(buf_text(&text), 0);
	assert_int_equal(l.r, 0);
	assert_int_equal(l.c->ruleset->n_scopes, SCOPES_MAX);
	assert_int_equal(l.c->ruleset->n_jails, SCOPES_MAX - 1);
	assert_int_equal(diag_count(l.diag, DIAG_ERROR), 11);
	unload(&l);
}

static void there_are_at_most_so_many_jails(void **state)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	struct loaded l;

	(void)state;
	buf_add_str(&text, STR("--- etc/filters/a.conf\n" FILTER));
	for (unsigned i = 0; i < JAILS_MAX + 2; i++) {
		buf_printf(&text, "--- etc/jails/%03u.conf\n" JAIL, i);
	}
	l = load(buf_text(&text), 0);
	assert_int_equal(l.r, 0);
	assert_int_equal(l.c->ruleset->n_jails, JAILS_MAX);
	assert_int_equal(diag_count(l.diag, DIAG_ERROR), 1);
	assert_string_equal(diag_item(l.diag, 0)->text,
			    "there are more than 256 jails; those after 255 are left out");
	unload(&l);
}

static void there_are_at_most_so_many_sources(void **state)
{
	(void)state;
	for (unsigned more = 0; more < 2; more++) {
		CLEANUP(buf_done) struct buf text = { 0 };
		struct loaded l;

		buf_add_str(&text, STR("--- etc/filters/a.conf\n" FILTER
				       "--- etc/jails/a.conf\n" JAIL "--- etc/jails/b.conf\n" JAIL
				       "--- etc/jails/b.conf.d/x.conf\n[jail]\nwatch =\n"));
		for (unsigned i = 1; i < WATCHES_MAX + more; i++) {
			buf_printf(&text, "\ta /var/log/%u.log\n", i);
		}
		l = load(buf_text(&text), 0);
		assert_int_equal(l.r, 0);
		assert_int_equal(diag_count(l.diag, DIAG_ERROR), more);
		assert_int_equal(l.c->ruleset->n_jails, 2 - more);
		assert_int_equal(l.c->ruleset->n_sources, more ? 1 : WATCHES_MAX);
		unload(&l);
	}
}

static void cat_asks_for_parts_that_exist(void **state)
{
	struct loaded l = load("--- etc/filters/a.conf\n" FILTER, 0);
	CLEANUP(buf_done) struct buf out = { 0 };

	(void)state;
	assert_int_equal(config_cat(l.c, CONFIG_FILTER, STR("b"), true, &out), -ENOENT);
	assert_int_equal(config_cat(l.c, CONFIG_JAIL, STR("a"), true, &out), -ENOENT);
	assert_int_equal(out.n, 0);
	assert_int_equal(config_cat(l.c, CONFIG_FILTER, STR("a"), true, &out), 0);
	assert_true(
		str_has_prefix(buf_str(&out), STR("[filter]\n; etc/filters/a.conf:2\nsources = ")));
	unload(&l);
}

#define ALTERNATIVES                                                                               \
	"--- etc/filters/a.conf\n[filter]\nsources = /log/a /log/b*\n          /log/c\n"           \
	"          journal:_COMM=a\n          journal:/dir _COMM=b journal:\nservice = smtp\n"     \
	"[event auth-failure]\nmatch = ^<ADDR> failed <USER>\nhit = 203.0.113.9 failed bob\n"      \
	"--- etc/jails/j.conf\n" JAIL

static const char *the_one_that_exists;

static bool exists(const char *path)
{
	return strcmp(path, the_one_that_exists) == 0;
}

/* The sources of the ruleset, a line each, while that path exists. */
static void check_alternative(const char *path, const char *sources)
{
	static const struct config_access access = { .read = bundle_read,
						     .list = bundle_list,
						     .exists = exists };
	static struct bundle bundle;
	CLEANUP(buf_done) struct buf found = { 0 };
	CLEANUP(diag_freep) struct diag *diag = diag_new();
	CLEANUP(config_freep) struct config *c = NULL;

	bundle_parse(STR(ALTERNATIVES), &bundle);
	bundle_open = &bundle;
	the_one_that_exists = path;
	assert_int_equal(config_load(&access, &BUNDLE_PATHS, CONFIG_STRICT, diag, &c), 0);
	for (size_t i = 0; i < c->ruleset->n_sources; i++) {
		buf_printf(&found, "%.*s\n", STR_ARG(c->ruleset->sources[i].text));
	}
	assert_string_equal(buf_text(&found), sources);
}

static void the_first_alternative_that_exists_is_read(void **state)
{
	(void)state;
	check_alternative("/log/a", "/log/a\n/log/b*\n");
	check_alternative("/log/b*", "/log/a\n/log/b*\n");
	check_alternative("/log/c", "/log/c\n");
	check_alternative("/run/log/journal", "journal:_COMM=a\n");
	check_alternative("/var/log/journal", "journal:_COMM=a\n");
	check_alternative("/dir", "journal:\njournal:/dir _COMM=b\n");
	check_alternative("/nothing", "/log/a\n/log/b*\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_at_all_is_a_good_config),
		cmocka_unit_test(the_first_alternative_that_exists_is_read),
		cmocka_unit_test(settings_have_the_documented_defaults),
		cmocka_unit_test(settings_are_taken_over),
		cmocka_unit_test(private_addresses_are_never_blocked),
		cmocka_unit_test(a_jail_is_taken_over),
		cmocka_unit_test(a_jail_has_defaults),
		cmocka_unit_test(a_source_is_read_once_for_all_jails),
		cmocka_unit_test(the_ruleset_works_in_an_engine),
		cmocka_unit_test(broken_parts_fail_alone),
		cmocka_unit_test(strict_makes_every_error_fatal),
		cmocka_unit_test(a_broken_ipsd_conf_is_refused_and_the_rest_is_still_told),
		cmocka_unit_test(a_broken_never_block_goes_on_and_says_so),
		cmocka_unit_test(one_filter_is_loaded_alone),
		cmocka_unit_test(there_are_at_most_so_many_scopes),
		cmocka_unit_test(there_are_at_most_so_many_jails),
		cmocka_unit_test(there_are_at_most_so_many_sources),
		cmocka_unit_test(cat_asks_for_parts_that_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
