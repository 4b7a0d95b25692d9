/* SPDX-License-Identifier: MIT */
#include "detect/once.h"
#include "unit/detect/filter_world.h"

enum { SUMMER = 1720000000 }; /* 2024-07-03 */

static void make_sshd(struct world *w)
{
	w->spec.layout = LAYOUT_SYSLOG;
	w->when.file_time = instant_at(SUMMER);
	add_text(w, &w->spec.programs, "program", "sshd");
	add_text(w, &w->spec.programs, "program", "sshd-*");
	add_section(w, EVENT_AUTH_FAILURE);
	add_match(w, "^Failed password for <USER> from <ADDR>$");
	last_section(w)->service = SMTP;
	make(w);
}

static void patterns_see_what_the_program_said(void **state)
{
	struct world *w = *state;

	make_sshd(w);
	expect(w, "Mar  5 11:02:17 mail sshd[1]: Failed password for bob from 192.0.2.1",
	       "auth-failure 192.0.2.1 smtp [bob]");
	expect_time(w, "2024-03-05T11:02:17Z");
	assert_int_equal(w->event.count, 1);
	expect(w, "<38>1 2024-03-05T11:02:17+01:00 mail sshd 1 - - Failed password for b from 1::",
	       "auth-failure 1:: smtp [b]");
	expect_time(w, "2024-03-05T10:02:17Z");
	expect(w, "mail sshd-session: Failed password for bob from 192.0.2.1",
	       "auth-failure 192.0.2.1 smtp [bob]");
	expect_time(w, "2024-07-03T09:46:40Z");
}

static void what_is_not_said_by_the_program_is_a_miss(void **state)
{
	static const char *const lines[] = {
		"Failed password for bob from 192.0.2.1",
		"Mar  5 11:02:17 mail Failed password for bob from 192.0.2.1",
		"Mar  5 11:02:17 mail other[1]: Failed password for bob from 192.0.2.1",
		"Mar  5 11:02:17 mail xsshd[1]: Failed password for bob from 192.0.2.1",
		"Mar  5 11:02:17 mail other[1]: sshd[1]: Failed password for bob from 192.0.2.1",
		"Mar  5 11:02:17 mail sshd[1]: x Failed password for bob from 192.0.2.1",
		"Mar  5 11:02:17 mail sshd[1]: sshd[1]: Failed password for bob from 192.0.2.1",
	};
	struct world *w = *state;

	make_sshd(w);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		expect_no(w, lines[i], FILTER_MISS);
	}
}

static void a_head_whose_stamp_is_no_time_makes_no_event(void **state)
{
	struct world *w = *state;

	make_sshd(w);
	expect_no(w, "Feb 30 11:02:17 mail sshd[1]: Failed password for bob from 192.0.2.1",
		  FILTER_BAD_STAMP);
	expect_no(w, "<38>1 2024 mail sshd 1 - - Failed password for bob from 192.0.2.1",
		  FILTER_BAD_STAMP);
	expect_no(w, "Feb 30 11:02:17 mail sshd[1]: Accepted", FILTER_MISS);
}

static void a_repeated_line_counts_as_often(void **state)
{
	struct world *w = *state;

	make_sshd(w);
	expect(w,
	       "Mar  5 11:02:17 mail sshd[1]: message repeated 3 times: "
	       "[ Failed password for bob from 192.0.2.1]",
	       "auth-failure 192.0.2.1 smtp [bob]");
	assert_int_equal(w->event.count, 3);
}

static void counts_of_line_and_head_are_multiplied_and_capped(void **state)
{
	struct world *w = *state;

	w->spec.layout = LAYOUT_SYSLOG;
	make_one(w, "^<COUNT> from <ADDR>$");
	expect(w, "sshd: message repeated 3 times: [ 5 from 192.0.2.1]",
	       "auth-failure 192.0.2.1 - []");
	assert_int_equal(w->event.count, 15);
	expect(w, "sshd: message repeated 999 times: [ 999999999 from 192.0.2.1]",
	       "auth-failure 192.0.2.1 - []");
	assert_int_equal(w->event.count, EVENT_COUNT_MAX);
	expect_no(w, "sshd: message repeated 3 times: [ 0 from 192.0.2.1]", FILTER_IGNORED);
}

static void ignore_sees_the_message_only(void **state)
{
	struct world *w = *state;

	w->spec.layout = LAYOUT_SYSLOG;
	add_text(w, &w->spec.ignore, "ignore", "mail|^x");
	make_one(w, "from <ADDR>$");
	expect(w, "mail sshd: from 192.0.2.1", "auth-failure 192.0.2.1 - []");
	expect_no(w, "mail sshd: x from 192.0.2.1", FILTER_IGNORED);
}

static void an_entry_of_the_journal_has_no_head(void **state)
{
	struct world *w = *state;

	make_sshd(w);
	w->when.said = true;
	w->when.program = STR("sshd");
	expect(w, "Failed password for bob from 192.0.2.1", "auth-failure 192.0.2.1 smtp [bob]");
	expect_time(w, "2024-07-03T09:46:40Z");
	expect_no(w, "Mar  5 11:02:17 mail sshd[1]: Failed password for bob from 192.0.2.1",
		  FILTER_MISS);
	w->when.program = STR("other");
	expect_no(w, "Failed password for bob from 192.0.2.1", FILTER_MISS);
}

static void a_stamp_of_another_form_may_stand_in_the_head(void **state)
{
	struct world *w = *state;

	w->spec.layout = LAYOUT_SYSLOG;
	w->spec.stamp = text_at("stamp", "%b %d %Y %T", 1);
	make_one(w, "^from <ADDR>$");
	expect(w, "Mar 05 2023 11:02:17 mail sshd: from 192.0.2.1", "auth-failure 192.0.2.1 - []");
	expect_time(w, "2023-03-05T11:02:17Z");
	expect(w, "<38>1 2024-03-05T11:02:17Z mail sshd 1 - - from 192.0.2.1",
	       "auth-failure 192.0.2.1 - []");
	expect_time(w, "2024-03-05T11:02:17Z");
}

static void a_pattern_cannot_have_a_stamp_that_was_taken_off(void **state)
{
	struct world *w = *state;

	w->spec.layout = LAYOUT_SYSLOG;
	refuse_one(w, "^<STAMP> <ADDR>", "the stamp is no longer there");
}

static void a_program_needs_the_layout(void **state)
{
	struct world *w = *state;

	add_text(w, &w->spec.programs, "program", "sshd");
	add_section(w, EVENT_AUTH_FAILURE);
	add_match(w, "^<ADDR> failed");
	refuse(w, 10, "only with layout = syslog");
}

static void once_per_stamp_needs_a_stamp(void **state)
{
	struct world *w = *state;

	w->spec.once = ONCE_STAMP;
	w->spec.once_at = (struct diag_place){ .line = 7 };
	add_section(w, EVENT_AUTH_FAILURE);
	add_match(w, "^<ADDR> failed");
	refuse(w, 7, "lines that arrive together would be one");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
		TEST(patterns_see_what_the_program_said),
		TEST(what_is_not_said_by_the_program_is_a_miss),
		TEST(a_head_whose_stamp_is_no_time_makes_no_event),
		TEST(a_repeated_line_counts_as_often),
		TEST(counts_of_line_and_head_are_multiplied_and_capped),
		TEST(ignore_sees_the_message_only),
		TEST(an_entry_of_the_journal_has_no_head),
		TEST(a_stamp_of_another_form_may_stand_in_the_head),
		TEST(a_pattern_cannot_have_a_stamp_that_was_taken_off),
		TEST(a_program_needs_the_layout),
		TEST(once_per_stamp_needs_a_stamp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
