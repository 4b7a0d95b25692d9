/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "unit/detect/filter_world.h"

#define in_world(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

static const char LINE[] = "auth-failure 192.0.2.1 - []";

/* ---- what is a tag, and what is text ---- */

static void a_bracket_that_begins_no_tag_is_text(void **state)
{
	struct world *w = *state;

	make_one(w, "^<ADDR> a<b <> <c d> \\<ADDR> [<USER>]+ \\Q<USER>(\\E <!--$");
	expect(w, "192.0.2.1 a<b <> <c d> <ADDR> <SERUSER> <USER>( <!--", LINE);
}

static void a_tag_may_stand_between_angle_brackets(void **state)
{
	struct world *w = *state;

	make_one(w, "^user=<<USER>>, rip=<ADDR>$");
	expect(w, "user=<bob>, rip=192.0.2.1", "auth-failure 192.0.2.1 - [bob]");
}

static void names_of_groups_and_looks_are_no_tags(void **state)
{
	struct world *w = *state;

	make_one(w, "^(?<word>\\w+) (?'other'x) (?P<third>y) \\k<word>\\k'other'\\k{third} "
		    "\\g<word> (?<=x )(?<!z)<ADDR>(?(<word>)!|\\?)(?P=third)(?P>third)(?&word)$");
	expect(w, "ab x y abxy cx 192.0.2.1!yyzz", LINE);
}

static void a_class_may_hold_anything(void **state)
{
	struct world *w = *state;

	make_one(w, "^[]<(a]+[^]<]+[[:alpha:](\\])]+[\\Q]<ADDR>\\E]+[[:x]+<ADDR>$");
	expect(w, "<](axx(d])]<AD[x:192.0.2.1", LINE);
}

static void an_own_regex_may_stand_for_a_tag(void **state)
{
	struct world *w = *state;

	make_one(w, "^(?<ADDR>\\S+) (?<USER>[^,]*),");
	expect(w, "192.0.2.1 bob, x, y", "auth-failure 192.0.2.1 - [bob]");
	expect_no(w, "192.0.2.1.example.net bob, x, y", FILTER_NOT_ADDR);
}

static void unknown_tags_are_refused_with_a_suggestion(void **state)
{
	static const char *const WANT[][2] = {
		{ "^<HOST> x", "did you mean <ADDR>? For the text itself write \\<HOST>" },
		{ "^<addr> x", "did you mean <ADDR>?" },
		{ "^<ADR> x", "did you mean <ADDR>?" },
		{ "^<F-USER> x", "did you mean <USER>?" },
		{ "^<cleint> x", "did you mean <client>?" },
		{ "^<something-else> x",
		  "<something-else> is no tag and not in [define]; for the text" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(WANT); i++) {
		void *inner;
		struct world *w;

		world_set_up(&inner);
		w = inner;
		add_define(w, "client", "\\S+");
		refuse_one(w, WANT[i][0], WANT[i][1]);
		world_tear_down(&inner);
	}
}

static void a_tag_may_stand_once(void **state)
{
	struct world *w = *state;

	w->spec.prefix = text_at("prefix", "^<ADDR> ", 2);
	refuse_one(w, "to <ADDR>", "<ADDR> may stand once");
}

static void a_tag_and_a_group_of_its_name_are_the_same(void **state)
{
	refuse_one(*state, "^<USER> (?<USER>x)", "<USER> may stand once");
}

static void service_and_type_need_words(void **state)
{
	refuse_one(*state, "^<SERVICE>", "<SERVICE> needs a section [services]");
}

static void type_needs_words(void **state)
{
	struct world *w = *state;

	add_section(w, NAMES_NONE);
	add_match(w, "^<TYPE>");
	refuse(w, 10, "<TYPE> needs a section [types]");
}

static void the_type_is_said_once(void **state)
{
	struct world *w = *state;

	add_type(w, "1", 1);
	refuse_one(w, "^<TYPE>", "both say");
}

static void the_type_is_said_at_all(void **state)
{
	struct world *w = *state;

	add_section(w, NAMES_NONE);
	add_match(w, "^<ADDR>");
	refuse(w, 10, "without <TYPE>");
}

static void a_date_is_of_a_stamp(void **state)
{
	refuse_one(*state, "^<DATE> <ADDR>", "<DATE> is the date of a <STAMP>");
}

/* ---- defines ---- */

static void defines_hold_tags_and_defines(void **state)
{
	struct world *w = *state;

	add_define(w, "client", "[^[\\]\\s]*\\[<ADDR>\\]");
	add_define(w, "from", "from <client>|by <who>");
	add_define(w, "who", "<USER>");
	make_one(w, "^lost <from>$");
	expect(w, "lost from unknown[192.0.2.1]", LINE);
	expect(w, "lost by bob", "auth-failure - - [bob]");
	expect_no(w, "lost from unknown[192.0.2.1] x", FILTER_MISS);
}

static void a_circle_of_defines_is_named(void **state)
{
	struct world *w = *state;

	add_define(w, "a", "x<b>");
	add_define(w, "b", "y<c>");
	add_define(w, "c", "z<b>");
	add_section(w, EVENT_SPAM);
	add_match(w, "^<ADDR> <a>");
	refuse(w, 201, "goes round in a circle: <b> holds <c> holds <b>");
}

static void a_define_with_a_problem_is_told_once_and_used_or_not(void **state)
{
	struct world *w = *state;

	add_define(w, "a", "<nothing-known>");
	add_section(w, EVENT_SPAM);
	add_match(w, "^<ADDR> <a>");
	add_match(w, "^<ADDR> x<a>");
	refuse(w, 200, "<nothing-known> is no tag");
}

static void a_define_is_not_named_like_a_tag(void **state)
{
	struct world *w = *state;

	add_define(w, "USER", "x");
	add_section(w, EVENT_SPAM);
	add_match(w, "^<ADDR>");
	refuse(w, 200, "is the name of a tag");
}

static void defines_that_double_are_bounded(void **state)
{
	struct world *w = *state;
	char names[15][16], texts[15][40];

	for (int i = 0; i < 15; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "d%d", i);
		(void)snprintf(texts[i], sizeof(texts[i]), i < 14 ? "<d%d><d%d>" : "xy", i + 1,
			       i + 1);
		add_define(w, names[i], texts[i]);
	}
	add_section(w, EVENT_SPAM);
	add_match(w, "^<d0>");
	assert_true(filter_new(&w->spec, w->arena, w->diag, &w->filter) < 0);
	assert_non_null(strstr(diag_item(w->diag, 0)->text, "longer than 16384 bytes"));
}

static void defines_too_deep_are_refused(void **state)
{
	struct world *w = *state;
	char names[20][16], texts[20][20];

	for (int i = 0; i < 20; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "d%d", i);
		(void)snprintf(texts[i], sizeof(texts[i]), i < 19 ? "<d%d>" : "xy", i + 1);
		add_define(w, names[i], texts[i]);
	}
	add_section(w, EVENT_SPAM);
	add_match(w, "^<d19>");
	assert_true(filter_new(&w->spec, w->arena, w->diag, &w->filter) < 0);
	assert_non_null(strstr(diag_item(w->diag, 0)->text, "too deep"));
}

/* ---- the seam of prefix and match ---- */

static void a_choice_stays_in_its_text(void **state)
{
	struct world *w = *state;

	w->spec.prefix = text_at("prefix", "^a|^b", 2);
	make_one(w, " <ADDR>|, x$");
	expect(w, "a 192.0.2.1", LINE);
	expect(w, "b, x", "auth-failure - - []");
	expect_no(w, "a", FILTER_MISS);
	expect_no(w, "c, x", FILTER_MISS);
	assert_true(
		str_has_prefix(filter_pattern_regex(w->filter, 0), STR("(?:^a|^b)(?: (?<ADDR>")));
}

static void what_would_tear_the_seam_is_refused(void **state)
{
	static const char *const WANT[][2] = {
		{ "a)|(?:b", "a ) without its (; write \\) for the bracket itself, at )|(?:b" },
		{ "(a", "a ( without its )" },
		{ "a[b", "a [ without its ]" },
		{ "a\\", "ends with a single backslash" },
		{ "a(?#b", "the comment does not end" },
		{ "a(?<b", "the name of the group does not end" },
		{ "a\\k{b", "the name of the group does not end" },
		{ "a(?(b", "the condition does not end" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(WANT); i++) {
		void *inner;
		struct world *w;

		world_set_up(&inner);
		w = inner;
		w->spec.prefix = text_at("prefix", "^<ADDR> ", 2);
		refuse_one(w, WANT[i][0], WANT[i][1]);
		world_tear_down(&inner);
	}
}

static void what_pcre2_refuses_is_shown_in_its_part(void **state)
{
	struct world *w = *state;

	w->spec.prefix = text_at("prefix", "^<ADDR> ", 2);
	refuse_one(w, "abc**+?d", "<-- HERE");
}

static void a_bad_prefix_is_told_once_at_its_own_line(void **state)
{
	struct world *w = *state;

	w->spec.prefix = text_at("prefix", "^x{2,1}<ADDR>", 2);
	add_section(w, EVENT_SPAM);
	add_match(w, "a");
	add_match(w, "b");
	refuse(w, 2, "<-- HERE");
}

static void a_tag_of_the_prefix_that_is_unknown_is_told_once(void **state)
{
	struct world *w = *state;

	w->spec.prefix = text_at("prefix", "^<HOST>", 2);
	add_section(w, EVENT_SPAM);
	add_match(w, "a");
	add_match(w, "b");
	refuse(w, 2, "<HOST>");
}

/* ---- groups of the person's own ---- */

static void numbers_count_the_groups_of_their_own_text(void **state)
{
	static const char *const PATTERNS[] = {
		"(x)(y)<USER> \\2\\1(?:!)",       "(x)(y)<USER> \\g{2}\\g1(?:!)",
		"(x)(y)<USER> \\g{-1}\\g-2(?:!)", "(x)(y)<USER> (?2)(?-2)(?:!)",
		"(x)(y)<USER> \\g<2>\\g'1'(?:!)", "(?<a>x)(?<b>y)<USER> \\2\\1!",
		"(x)(y)<USER> yx(?(2)!|no)",      "<two><USER> yx!",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(PATTERNS); i++) {
		void *inner;
		struct world *w;

		world_set_up(&inner);
		w = inner;
		w->spec.prefix = text_at("prefix", "^(a|b)\\1<STAMP>(c) <ADDR> ", 2);
		add_define(w, "two", "(x)(y)(?=.* \\2\\1)");
		make_one(w, PATTERNS[i]);
		expect(w, "bb2026-11-22 03:04:05c 192.0.2.1 xybob yx!",
		       "auth-failure 192.0.2.1 - [bob]");
		expect_no(w, "bb2026-11-22 03:04:05c 192.0.2.1 xybob xy!", FILTER_MISS);
		expect_no(w, "ba2026-11-22 03:04:05c 192.0.2.1 xybob yx!", FILTER_MISS);
		world_tear_down(&inner);
	}
}

static void numbers_that_mean_nothing_are_refused(void **state)
{
	static const char *const PATTERNS[] = {
		"\\1(x)",         "(x)\\2",     "(x)\\g{-2}",  "(?+1)(x)", "(?(1)a)(x)",
		"(?|(x)|(y))\\1", "\\g{99999}", "(x)(?(R1)a)", "\\g",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(PATTERNS); i++) {
		void *inner;
		struct world *w;

		world_set_up(&inner);
		w = inner;
		w->spec.prefix = text_at("prefix", "^(a)(b)(c)<ADDR> ", 2);
		refuse_one(w, PATTERNS[i], "group");
		world_tear_down(&inner);
	}
}

static void there_may_be_many_groups_but_not_too_many(void **state)
{
	struct world *w = *state;
	char text[PATTERN_GROUPS_MAX * 2 + 1] = "";

	for (size_t i = 0; i + 1 < sizeof(text); i += 2) {
		memcpy(text + i, "()", 2);
	}
	refuse_one(w, text, "too many groups");
	w->spec.n_sections = 0;
	text[(PATTERN_GROUPS_MAX - 1) * 2] = '\0';
	make_one(w, text);
}

/* ---- the rest of the file ---- */

static void a_filter_must_recognise_something(void **state)
{
	refuse(*state, 0, "no [event] section");
}

static void a_section_must_recognise_something(void **state)
{
	struct world *w = *state;

	add_section(w, EVENT_SPAM);
	refuse(w, 100, "has no match");
}

static void patterns_are_limited(void **state)
{
	struct world *w = *state;

	add_section(w, EVENT_SPAM);
	for (int i = 0; i < FILTER_PATTERNS_MAX + 1; i++) {
		add_match(w, "x");
	}
	refuse(w, 0, "1 sections with 257 patterns");
}

static void stamps_are_checked(void **state)
{
	static const char *const WANT[][3] = {
		{ "%H:%M:%Q", NULL, "\"%Q\" is unknown" },
		{ "%M:%S", NULL, "%M needs %H" },
		{ "%Y-%m-%d", NULL, "tells no time of day" },
		{ "auto", "%m-%d", "must tell year, month and day" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(WANT); i++) {
		void *inner;
		struct world *w;

		world_set_up(&inner);
		w = inner;
		w->spec.stamp = text_at("stamp", WANT[i][0], 10);
		if (WANT[i][1]) {
			w->spec.stamp_date = text_at("stamp-date", WANT[i][1], 10);
		}
		refuse_one(w, "^<STAMP> <ADDR>", WANT[i][2]);
		world_tear_down(&inner);
	}
}

static void a_stamp_that_nobody_uses_is_a_warning(void **state)
{
	struct world *w = *state;

	w->spec.stamp = text_at("stamp", "%H:%M", 3);
	make_one(w, "^<ADDR>");
	assert_int_equal(diag_count(w->diag, DIAG_WARNING), 1);
	assert_int_equal(diag_item(w->diag, 0)->place.line, 3);
}

static void all_problems_are_told_in_one_run(void **state)
{
	struct world *w = *state;

	w->spec.stamp = text_at("stamp", "%Q", 3);
	add_define(w, "a", "<nothing-known>");
	add_section(w, EVENT_SPAM);
	add_match(w, "(");
	add_match(w, "^<ADDR>");
	add_match(w, "x**+?");
	add_ignore(w, ")");
	add_section(w, EVENT_VIRUS);
	assert_true(filter_new(&w->spec, w->arena, w->diag, &w->filter) < 0);
	assert_int_equal(diag_count(w->diag, DIAG_ERROR), 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_world(a_bracket_that_begins_no_tag_is_text),
		in_world(a_tag_may_stand_between_angle_brackets),
		in_world(names_of_groups_and_looks_are_no_tags),
		in_world(a_class_may_hold_anything),
		in_world(an_own_regex_may_stand_for_a_tag),
		in_world(unknown_tags_are_refused_with_a_suggestion),
		in_world(a_tag_may_stand_once),
		in_world(a_tag_and_a_group_of_its_name_are_the_same),
		in_world(service_and_type_need_words),
		in_world(type_needs_words),
		in_world(the_type_is_said_once),
		in_world(the_type_is_said_at_all),
		in_world(a_date_is_of_a_stamp),
		in_world(defines_hold_tags_and_defines),
		in_world(a_circle_of_defines_is_named),
		in_world(a_define_with_a_problem_is_told_once_and_used_or_not),
		in_world(a_define_is_not_named_like_a_tag),
		in_world(defines_that_double_are_bounded),
		in_world(defines_too_deep_are_refused),
		in_world(a_choice_stays_in_its_text),
		in_world(what_would_tear_the_seam_is_refused),
		in_world(what_pcre2_refuses_is_shown_in_its_part),
		in_world(a_bad_prefix_is_told_once_at_its_own_line),
		in_world(a_tag_of_the_prefix_that_is_unknown_is_told_once),
		in_world(numbers_count_the_groups_of_their_own_text),
		in_world(numbers_that_mean_nothing_are_refused),
		in_world(there_may_be_many_groups_but_not_too_many),
		in_world(a_filter_must_recognise_something),
		in_world(a_section_must_recognise_something),
		in_world(patterns_are_limited),
		in_world(stamps_are_checked),
		in_world(a_stamp_that_nobody_uses_is_a_warning),
		in_world(all_problems_are_told_in_one_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
