/* SPDX-License-Identifier: MIT */
/* What becomes of a reading when memory runs out: at each single request, once for that request
 * alone and once for all from there on. It must fail with -ENOMEM or bring the whole ruleset: half
 * of one would leave people unprotected who believe that they are. */
#include <errno.h>
#include <stdlib.h>

#include "config/bundle.h"
#include "unit/allocations.h"
#include "unit/check.h"

static const char TEXT[] =
	"--- etc/ipsd.conf\n[ports]\nmine = 25 465\n[never-block]\naddresses = 192.0.2.1, 2001:db8::/32\n"
	"[defaults]\nports = mine\n"
	"--- etc/filters/a.conf\n[filter]\nsources = /var/log/a.log\nprefix = \"^<STAMP> \"\n"
	"[services]\nSMTP = smtp\n[types]\n1 = spam\n2 = virus\n[define]\nclient = \\[<ADDR>\\]\n"
	"[event auth-failure]\nmatch = <client> failed by <SERVICE>\n\tdenied <client>\nignore = x$\n"
	"[event <TYPE>]\nmatch = <TYPE> <ADDR>\n"
	"--- etc/filters/a.conf.d/x.conf\n[event relay-denied]\nmatch = relay <ADDR>\n"
	"--- etc/jails/a.conf\n[jail]\nwatch = a\n\ta /var/log/b.log\nservices = smtp\nthreshold = 10\n"
	"never-block = 198.51.100.0/24\n[multipliers]\nauth-failure = 5\nspam = 1\nvirus = ban\n"
	"--- etc/jails/b.conf\n[jail]\nwatch = a\nthreshold = 10\n[multipliers]\nnew-type = 5\nspam = 1\n";

static void assert_whole(const struct config *c)
{
	const struct ruleset *r = c->ruleset;

	assert_int_equal(r->n_filters, 1);
	assert_int_equal(filter_pattern_count(r->filters[0].filter), 4);
	assert_int_equal(r->n_jails, 2);
	assert_int_equal(netset_count(r->jails[0].never_block), 1);
	assert_int_equal(jail_points(&r->jails[0], EVENT_VIRUS), POINTS_BAN);
	assert_true(jail_serves(&r->jails[0], names_find(&r->services, STR("smtp"))));
	assert_int_equal(r->n_scopes, 2);
	assert_int_equal(r->scopes[1].n_ranges, 2);
	assert_int_equal(r->n_sources, 2);
	assert_int_equal(r->sources[0].routes[0].n_jails, 2);
	assert_int_equal(netset_count(r->never_block), 10);
	assert_true(str_eq(c->filters[0].name, STR("a")));
}

/* Loads with the requests from..to refused. Returns whether so many were asked for at all. */
static bool load_refusing(size_t from, size_t to)
{
	static struct bundle bundle;
	struct diag *diag = diag_new();
	struct config *c = NULL;
	int r;

	bundle_parse(str_of(TEXT), &bundle);
	bundle_open = &bundle;
	withhold(from, to);
	r = config_load(&BUNDLE_ACCESS, &BUNDLE_PATHS, CONFIG_SAMPLES * (from % 2), diag, &c);
	withhold_none();
	assert_true(r == 0 || r == -ENOMEM);
	if (r == 0) {
		assert_whole(c);
	}
	config_free(c);
	diag_free(diag);
	return asked > from;
}

static void fails_or_is_whole_when_one_request_is_refused(void **state)
{
	size_t n = 0;

	(void)state;
	while (load_refusing(n, n + 1)) {
		n++;
	}
	assert_in_range(n, 50, 10000);
}

static void fails_or_is_whole_when_memory_runs_out(void **state)
{
	size_t n = 0;

	(void)state;
	while (load_refusing(n, SIZE_MAX)) {
		n++;
	}
	assert_in_range(n, 50, 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fails_or_is_whole_when_one_request_is_refused),
		cmocka_unit_test(fails_or_is_whole_when_memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
