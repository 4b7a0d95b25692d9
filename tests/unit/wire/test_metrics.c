/* SPDX-License-Identifier: MIT */
#include "unit/check.h"
#include "wire/metrics.h"

static void a_metric_has_help_kind_and_samples(void **state)
{
	CLEANUP(buf_done) struct buf out = { 0 };
	(void)state;

	metrics_begin(&out, "ipsd_lines_total", METRIC_COUNTER, "Lines read.");
	metrics_sample(&out, "ipsd_lines_total", NULL, STR_NONE, 1e15);
	metrics_begin(&out, "ipsd_bans", METRIC_GAUGE, "Bans.");
	metrics_sample(&out, "ipsd_bans", "jail", STR("a"), 0.5);
	assert_string_equal(buf_text(&out), "# HELP ipsd_lines_total Lines read.\n"
					    "# TYPE ipsd_lines_total counter\n"
					    "ipsd_lines_total 1000000000000000\n"
					    "# HELP ipsd_bans Bans.\n"
					    "# TYPE ipsd_bans gauge\n"
					    "ipsd_bans{jail=\"a\"} 0.5\n");
}

static void no_label_can_end_its_line_or_its_quotes(void **state)
{
	CLEANUP(buf_done) struct buf out = { 0 };
	(void)state;

	metrics_sample(&out, "m", "path", (struct str){ .p = "a\"b\\c\nd\0e\xff", .n = 10 }, 1);
	assert_string_equal(buf_text(&out), "m{path=\"a\\\"b\\\\c\\\\x0ad\\\\x00e\\\\xff\"} 1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_metric_has_help_kind_and_samples),
		cmocka_unit_test(no_label_can_end_its_line_or_its_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
