/* SPDX-License-Identifier: MIT */
#include "config/reader.h"

#include <string.h>

#include "base/span.h"
#include "config/reader_one.h"
#include "unit/check.h"

struct reading {
	struct reader r;
	struct document *d;
};

static struct reading begin(void)
{
	struct reading t = { .r = { .arena = arena_new(), .diag = diag_new() } };

	t.d = document_new(t.r.arena);
	assert_non_null(t.d);
	return t;
}

static void end(struct reading *t)
{
	diag_free(t->r.diag);
	arena_free(t->r.arena);
}

/* Reads the value, which may have lines. */
static bool read_value(struct reading *t, const struct reader_rule *rule, const char *value,
		       void *ret)
{
	CLEANUP(buf_done) struct buf text = { 0 };

	buf_printf(&text, "[s]\nk = %s\n", value);
	assert_int_equal(document_add(t->d, STR("f"), buf_str(&text), t->r.diag), 0);
	return reader_read(&t->r, rule, section_setting(t->d->first, STR("k")), ret);
}

/* The value is refused with these words, once, at line 2. */
static void refuses(const struct reader_rule *rule, const char *value, const char *words)
{
	struct reading t = begin();
	uint8_t before[256], field[256];

	memset(field, 0x5a, sizeof(field));
	memcpy(before, field, sizeof(before));
	assert_false(read_value(&t, rule, value, field));
	assert_memory_equal(before, field, sizeof(before));
	assert_int_equal(diag_count(t.r.diag, DIAG_ERROR), 1);
	assert_string_equal(diag_item(t.r.diag, 0)->text, words);
	assert_int_equal(diag_item(t.r.diag, 0)->place.line, 2);
	end(&t);
}

static void reads_yes_and_no(void **state)
{
	static const struct reader_rule rule = { .kind = READ_YES_NO };
	static const struct reader_rule only_no = { .kind = READ_YES_NO, .words = "yes!" };
	static const char *const words[] = { "yes", "no", "true", "false", "on", "off" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct reading t = begin();
		bool got = i % 2;

		assert_true(read_value(&t, &rule, words[i], &got));
		assert_int_equal(got, i % 2 == 0);
		assert_int_equal(read_value(&t, &only_no, words[i], &got), i % 2);
		end(&t);
	}
	refuses(&rule, "Yes", "\"Yes\" is neither yes nor no");
	refuses(&rule, "1", "\"1\" is neither yes nor no");
	refuses(&rule, "\"\"", "\"\" is neither yes nor no");
	refuses(&only_no, "yes", "\"yes\" is not supported yet");
}

static void reads_choices(void **state)
{
	static const struct reader_rule rule = { .kind = READ_CHOICE,
						 .words = "drop reject later!" };
	struct reading t = begin();
	int got = -1;

	(void)state;
	assert_true(read_value(&t, &rule, "drop", &got));
	assert_int_equal(got, 0);
	assert_true(read_value(&t, &rule, "reject", &got));
	assert_int_equal(got, 1);
	end(&t);
	refuses(&rule, "later", "\"later\" is not supported yet");
	refuses(&rule, "later!", "\"later!\" is none of drop, reject; did you mean later?");
	refuses(&rule, "rejct", "\"rejct\" is none of drop, reject; did you mean reject?");
	refuses(&rule, "drop reject", "\"drop reject\" is none of drop, reject");
}

static void reads_counts_within_limits(void **state)
{
	static const struct reader_rule rule = { .kind = READ_COUNT, .low = 5, .high = 1000000 };
	struct reading t = begin();
	uint64_t got = 0;

	(void)state;
	assert_true(read_value(&t, &rule, "5", &got));
	assert_int_equal(got, 5);
	assert_true(read_value(&t, &rule, "1000000", &got));
	assert_int_equal(got, 1000000);
	end(&t);
	refuses(&rule, "4", "4 is not within 5 to 1000000");
	refuses(&rule, "1000001", "1000001 is not within 5 to 1000000");
	refuses(&rule, "99999999999999999999999",
		"99999999999999999999999 is not within 5 to 1000000");
	refuses(&rule, "-5", "\"-5\" is no whole number");
	refuses(&rule, "+5", "\"+5\" is no whole number");
	refuses(&rule, "5.5", "\"5.5\" is no whole number");
	refuses(&rule, "0x10", "\"0x10\" is no whole number");
	refuses(&rule, "five", "\"five\" is no whole number");
}

static void reads_lengths_of_time_with_units_only(void **state)
{
	static const struct reader_rule rule = { .kind = READ_SPAN, .low = 1, .high = 86400 };
	struct reading t = begin();
	duration got = { 0 };

	(void)state;
	assert_true(read_value(&t, &rule, "1h30m", &got));
	assert_int_equal(got.us, INT64_C(5400000000));
	assert_true(read_value(&t, &rule, "1d", &got));
	assert_int_equal(got.us, INT64_C(86400000000));
	end(&t);
	refuses(&rule, "30", "30 what? VPOP3 means minutes, 30m; fail2ban seconds, 30s");
	refuses(&rule, "30 m",
		"\"30 m\" is no length of time; right would be 90s, 30m, 12h, 7d or 1h30m");
	refuses(&rule, "500ms", "500ms is not within 1s to 1d");
	refuses(&rule, "25h", "25h is not within 1s to 1d");
	refuses(&rule, "permanent",
		"\"permanent\" is no length of time; right would be 90s, 30m, 12h, 7d or 1h30m");
}

static void reads_ladders_that_go_up(void **state)
{
	static const struct reader_rule rule = { .kind = READ_LADDER, .low = 1, .high = 86400000 };
	struct reading t = begin();
	struct ladder got = { .n = 0 };

	(void)state;
	assert_true(read_value(&t, &rule, "30m", &got));
	assert_int_equal(got.n, 1);
	assert_true(read_value(&t, &rule, "30m, 2h,1d ,permanent", &got));
	assert_int_equal(got.n, 4);
	assert_int_equal(got.at[0].us, seconds(1800).us);
	assert_int_equal(got.at[2].us, seconds(86400).us);
	assert_int_equal(got.at[3].us, DURATION_FOREVER.us);
	assert_true(read_value(&t, &rule, "1m\n\t2m, 3m\n\t4m", &got));
	assert_int_equal(got.n, 4);
	assert_true(read_value(&t, &rule, "1s,2s,3s,4s,5s,6s,7s,8s", &got));
	assert_int_equal(got.n, LADDER_MAX);
	end(&t);
	refuses(&rule, "1s,2s,3s,4s,5s,6s,7s,8s,9s", "a ladder has at most 8 steps");
	refuses(&rule, "30m, 30m", "30m is not longer than the step before it; a ladder goes up");
	refuses(&rule, "permanent, 1d",
		"1d is not longer than the step before it; a ladder goes up");
	refuses(&rule, "30m, 2", "2 what? VPOP3 means minutes, 2m; fail2ban seconds, 2s");
	refuses(&rule, ",", "there is no length of time in it");
	refuses(&rule, "\"\"", "there is no length of time in it");
}

static void reads_retention(void **state)
{
	static const struct reader_rule rule = { .kind = READ_RETENTION,
						 .low = 1,
						 .high = 86400000 };
	struct reading t = begin();
	struct retention got = { .events = 7 };

	(void)state;
	assert_true(read_value(&t, &rule, "1d", &got));
	assert_int_equal(got.span.us, seconds(86400).us);
	assert_int_equal(got.events, 7);
	assert_true(read_value(&t, &rule, "2d, 2000", &got));
	assert_int_equal(got.span.us, seconds(172800).us);
	assert_int_equal(got.events, 2000);
	end(&t);
	refuses(&rule, "1d, 5", "5 is not within 1000 to 1000000000");
	refuses(&rule, "1d, 5000, x",
		"a length of time and a number of events are enough, such as 30d, 5000000");
}

static void reads_multipliers(void **state)
{
	static const struct reader_rule rule = { .kind = READ_POINTS };
	struct reading t = begin();
	points got = 5;

	(void)state;
	assert_true(read_value(&t, &rule, "0", &got));
	assert_int_equal(got, 0);
	assert_true(read_value(&t, &rule, "1000000", &got));
	assert_int_equal(got, POINTS_MAX);
	assert_true(read_value(&t, &rule, "ban", &got));
	assert_int_equal(got, POINTS_BAN);
	assert_true(read_value(&t, &rule, "forgive", &got));
	assert_int_equal(got, POINTS_FORGIVE);
	end(&t);
	refuses(&rule, "-1",
		"\"-1\" is no multiplier; right would be a whole number from 0 to "
		"1000000, `ban` or `forgive`");
	refuses(&rule, "1000001",
		"\"1000001\" is no multiplier; right would be a whole number from "
		"0 to 1000000, `ban` or `forgive`");
}

static void reads_names(void **state)
{
	static const struct reader_rule rule = { .kind = READ_NAME };
	static const struct reader_rule list = { .kind = READ_NAMES };
	struct reading t = begin();
	struct spec_text one;
	struct spec_texts many;
	char longest[65];

	(void)state;
	assert_true(read_value(&t, &rule, "auth-failure", &one));
	assert_true(str_eq(one.text, STR("auth-failure")));
	assert_int_equal(one.at.line, 2);
	assert_true(read_value(&t, &list, "a, b c\n\t3d,,\n\te-f", &many));
	assert_int_equal(many.n, 5);
	assert_true(str_eq(many.at[3].text, STR("3d")));
	assert_int_equal(many.at[3].at.line, 3);
	end(&t);
	refuses(&rule, "Auth", "\"Auth\" is no name: small letters, digits and dashes make one");
	refuses(&rule, "-x", "\"-x\" is no name: small letters, digits and dashes make one");
	refuses(&list, "a b_c", "\"b_c\" is no name: small letters, digits and dashes make one");
	memset(longest, 'a', sizeof(longest));
	assert_true(reader_one_is_name((struct str){ longest, 64 }));
	assert_false(reader_one_is_name((struct str){ longest, 65 }));
	assert_false(reader_one_is_name(STR("")));
}

static void reads_paths_and_tables(void **state)
{
	static const struct reader_rule path = { .kind = READ_PATH };
	static const struct reader_rule table = { .kind = READ_SET_NAME };
	static const struct reader_rule zone = { .kind = READ_ZONE };
	struct reading t = begin();
	struct spec_text one;

	(void)state;
	assert_true(read_value(&t, &path, "/a b", &one));
	assert_true(read_value(&t, &table, "my_table2", &one));
	assert_true(read_value(&t, &zone, "UTC", &one));
	end(&t);
	refuses(&path, "a/b", "\"a/b\" is no path that begins with /");
	refuses(&path, "\"\"", "\"\" is no path that begins with /");
	refuses(&table, "2nd",
		"\"2nd\" is no name of a table: a small letter, then letters, digits "
		"and underscores, at most 24");
	refuses(&table, "a;drop",
		"\"a;drop\" is no name of a table: a small letter, then letters, "
		"digits and underscores, at most 24");
	refuses(&zone, "../passwd", "\"../passwd\" is no name of a time zone, as Europe/Berlin is");
}

static void reads_places(void **state)
{
	static const struct reader_rule rule = { .kind = READ_PLACES };
	struct reading t = begin();
	struct places got;

	(void)state;
	assert_true(read_value(&t, &rule, "/a  /b\n\t\"/c d\"\n\tx \"/e f\" \"g", &got));
	assert_int_equal(got.n, 3);
	assert_int_equal(got.at[0].words.n, 2);
	assert_true(str_eq(got.at[0].words.at[1].text, STR("/b")));
	assert_int_equal(got.at[1].words.n, 1);
	assert_true(str_eq(got.at[1].words.at[0].text, STR("/c d")));
	assert_int_equal(got.at[2].words.n, 3);
	assert_true(str_eq(got.at[2].words.at[1].text, STR("/e f")));
	assert_true(str_eq(got.at[2].words.at[2].text, STR("\"g")));
	assert_int_equal(got.at[2].at.line, 4);
	end(&t);
}

static void reads_networks(void **state)
{
	static const struct reader_rule rule = { .kind = READ_NETWORKS };
	struct reading t = begin();
	struct networks got = { .n = 0 };
	char out[PREFIX_TEXT_MAX];

	(void)state;
	assert_true(read_value(&t, &rule, "192.0.2.1, 2001:db8::/32\n\t10.0.0.0/8", &got));
	assert_int_equal(got.n, 3);
	assert_string_equal(prefix_format(&got.at[0].prefix, out), "192.0.2.1/32");
	assert_string_equal(prefix_format(&got.at[2].prefix, out), "10.0.0.0/8");
	assert_int_equal(got.at[2].at.line, 3);
	assert_false(read_value(&t, &rule, "192.0.2.1 nonsense 10.0.0.1/8 ::1", &got));
	assert_int_equal(got.n, 2);
	assert_int_equal(diag_count(t.r.diag, DIAG_ERROR), 2);
	assert_string_equal(diag_item(t.r.diag, 1)->text,
			    "10.0.0.1/8 has bits behind its length; 10.0.0.0/8 is the network, "
			    "10.0.0.1 the address");
	end(&t);
}

static void a_list_of_nonsense_is_told_up_to_a_bound(void **state)
{
	static const struct reader_rule kinds[] = { { .kind = READ_NETWORKS },
						    { .kind = READ_NAMES } };
	CLEANUP(buf_done) struct buf text = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++) {
		buf_add_str(&text, STR("X_Y "));
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct reading t = begin();
		uint8_t field[256] = { 0 };

		assert_false(read_value(&t, &kinds[i], buf_text(&text), field));
		assert_int_equal(diag_count(t.r.diag, DIAG_ERROR), 20);
		end(&t);
	}
}

static void one_value_stands_alone(void **state)
{
	static const struct reader_rule rule = { .kind = READ_COUNT, .low = 0, .high = 10 };
	struct reading t = begin();
	uint64_t got = 3;

	(void)state;
	assert_false(read_value(&t, &rule, "1\n\t2", &got));
	assert_int_equal(got, 3);
	assert_int_equal(diag_item(t.r.diag, 0)->place.line, 3);
	assert_string_equal(diag_item(t.r.diag, 0)->text,
			    "there can be one value only, but this indented line continues the one "
			    "of line 2");
	assert_true(read_value(&t, &rule, "", &got));
	assert_int_equal(got, 3);
	end(&t);
}

static void describes_kinds(void **state)
{
	static const struct {
		struct reader_rule rule;
		const char *want;
	} cases[] = {
		{ { .kind = READ_YES_NO }, "yes or no" },
		{ { .kind = READ_CHOICE, .words = "a b! c" }, "one of a, c" },
		{ { .kind = READ_COUNT, .low = 1, .high = 9 }, "a whole number, 1 to 9" },
		{ { .kind = READ_SPAN, .low = 1, .high = 60 }, "a length of time, 1s to 1m" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_done) struct buf out = { 0 };

		reader_describe(&cases[i].rule, &out);
		assert_string_equal(buf_text(&out), cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_yes_and_no),
		cmocka_unit_test(reads_choices),
		cmocka_unit_test(reads_counts_within_limits),
		cmocka_unit_test(reads_lengths_of_time_with_units_only),
		cmocka_unit_test(reads_ladders_that_go_up),
		cmocka_unit_test(reads_retention),
		cmocka_unit_test(reads_multipliers),
		cmocka_unit_test(reads_names),
		cmocka_unit_test(reads_paths_and_tables),
		cmocka_unit_test(reads_places),
		cmocka_unit_test(reads_networks),
		cmocka_unit_test(a_list_of_nonsense_is_told_up_to_a_bound),
		cmocka_unit_test(one_value_stands_alone),
		cmocka_unit_test(describes_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
