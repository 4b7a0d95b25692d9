/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "base/span.h"
#include "detect/zone_rule.h"
#include "unit/check.h"

enum { HOUR = 3600 };

static int32_t offset_by(const char *text, int64_t t)
{
	struct zone_rule rule;
	int64_t end;

	assert_int_equal(zone_rule_parse(str_of(text), &rule), 0);
	return zone_rule_offset(&rule, t, &end);
}

static void rules_are_what_posix_and_rfc_8536_say(void **state)
{
	const int64_t year = days_from_civil(2023, 1, 1) * 86400,
		      leap = days_from_civil(2024, 1, 1) * 86400;

	(void)state;
	assert_int_equal(offset_by("UTC0", year), 0);
	assert_int_equal(offset_by("<-0330>3:30:15", year), -(3 * HOUR + 30 * 60 + 15));
	assert_int_equal(offset_by("AAA-1BBB,J60/0,J61/0", year + 59 * 86400 - HOUR), 2 * HOUR);
	assert_int_equal(offset_by("AAA-1BBB,J60/0,J61/0", leap + 60 * 86400 - HOUR), 2 * HOUR);
	assert_int_equal(offset_by("AAA-1BBB,J60/0,J61/0", leap + 60 * 86400 - HOUR - 1), HOUR);
	assert_int_equal(offset_by("AAA-1BBB,J59/0,J60/0", leap + 58 * 86400 - HOUR), 2 * HOUR);
	assert_int_equal(offset_by("AAA-1BBB,59/0,60/0", leap + 59 * 86400 - HOUR), 2 * HOUR);
	assert_int_equal(offset_by("AAA-1BBB,59/0,60/0", leap + 60 * 86400), HOUR);
	/* Summer time all year. */
	for (int day = 0; day < 366; day++) {
		assert_int_equal(offset_by("EST5EDT,0/0,J365/25", leap + day * 86400), -4 * HOUR);
	}
	/* Times before the day, and a week behind it: Greenland, Jerusalem. */
	assert_int_equal(offset_by("<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
				   days_from_civil(2024, 3, 31) * 86400 + HOUR - 1),
			 -2 * HOUR);
	assert_int_equal(offset_by("<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
				   days_from_civil(2024, 3, 31) * 86400 + HOUR),
			 -1 * HOUR);
	assert_int_equal(offset_by("IST-2IDT,M3.4.4/26,M10.5.0",
				   days_from_civil(2024, 3, 29) * 86400),
			 3 * HOUR);
	assert_int_equal(offset_by("IST-2IDT,M3.4.4/26,M10.5.0",
				   days_from_civil(2024, 3, 29) * 86400 - 1),
			 2 * HOUR);
}

static void what_is_no_rule_is_refused(void **state)
{
	static const char *const RULES[] = {
		"",
		"AB1",
		"AAA",
		"AAA25",
		"<>1",
		"<AAA1",
		"AAA1BBB",
		"AAA1BBB,M3.5.0",
		"AAA1BBB,M13.1.0,M1.1.0",
		"AAA1BBB,M0.1.0,M1.1.0",
		"AAA1BBB,M1.6.0,M1.1.0",
		"AAA1BBB,M1.0.0,M1.1.0",
		"AAA1BBB,M1.1.7,M1.1.0",
		"AAA1BBB,J0,J1",
		"AAA1BBB,J366,J1",
		"AAA1BBB,366,1",
		"AAA1BBB,1/168,2",
		"AAA1BBB,1,2x",
		"AAA1:60",
		"AAA1:30:60",
		"AAA1,1,2",
		"AAA+-1",
		"AAA99999999999",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(RULES); i++) {
		struct zone_rule rule = { .winter = 77 };

		if (zone_rule_parse(str_of(RULES[i]), &rule) != -EINVAL || rule.winter != 77) {
			fail_msg("%s is taken", RULES[i]);
		}
	}
}

static void an_offset_lasts_until_the_next_change(void **state)
{
	struct zone_rule rule;
	int64_t begin = days_from_civil(2026, 3, 29) * 86400 + HOUR, end = 0;

	(void)state;
	assert_int_equal(zone_rule_parse(STR("CET-1CEST,M3.5.0,M10.5.0/3"), &rule), 0);
	assert_int_equal(zone_rule_offset(&rule, begin - 1, &end), HOUR);
	assert_int_equal(end, begin);
	assert_int_equal(zone_rule_offset(&rule, begin, &end), 2 * HOUR);
	assert_int_equal(end, days_from_civil(2026, 10, 25) * 86400 + HOUR);
	assert_int_equal(zone_rule_offset(&rule, end, &end), HOUR);
	assert_int_equal(end, days_from_civil(2027, 3, 28) * 86400 + HOUR);
	assert_int_equal(zone_rule_parse(STR("UTC0"), &rule), 0);
	assert_int_equal(zone_rule_offset(&rule, begin, &end), 0);
	assert_int_equal(end, INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_what_posix_and_rfc_8536_say),
		cmocka_unit_test(what_is_no_rule_is_refused),
		cmocka_unit_test(an_offset_lasts_until_the_next_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
