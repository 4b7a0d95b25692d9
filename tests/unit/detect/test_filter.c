/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "unit/detect/filter_world.h"

#define in_world(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

/* ---- the two mail servers ---- */

static void make_vpop3(struct world *w)
{
	static const char *const NUMBERS[] = { "0", "1", "2", "3",  "4",  "5",  "6",
					       "7", "8", "9", "10", "11", "12", "13" };

	for (uint16_t i = 0; i < 14; i++) {
		add_type(w, NUMBERS[i], i);
	}
	w->spec.service = SMTP;
	add_section(w, NAMES_NONE);
	add_match(w, "^<STAMP>[ \\t]+<ADDR>[ \\t]+<TYPE>(?:[ \\t]+<DATA>)?$");
	make(w);
}

static void vpop3_lines_are_what_their_number_says(void **state)
{
	struct world *w = *state;

	make_vpop3(w);
	expect(w, "2024-03-05T11:02:17Z 203.0.113.9 0 SMTP authentication failure admin",
	       "auth-failure 203.0.113.9 smtp []");
	expect_time(w, "2024-03-05T11:02:17Z");
	assert_true(str_eq(w->event.data, STR("SMTP authentication failure admin")));
	assert_int_equal(w->event.count, 1);
	expect(w, "2024-03-05T11:02:19Z 203.0.113.9 1 Relay denied someone@example.org",
	       "relay-denied 203.0.113.9 smtp []");
	expect(w, "2024-03-05 11:02:22.5 2001:db8::9 9 SMTP Syntax error RCPT TO:<x@example.com>",
	       "syntax-error 2001:db8::9 smtp []");
	expect_time(w, "2024-03-05T11:02:22.500Z");
	expect(w, "2024-03-05T11:02:30+00:00\t203.0.113.9\t13\tSPF\tx",
	       "spf-failure 203.0.113.9 smtp []");
	expect(w, "2024-03-05T11:02:30Z 203.0.113.9 12", "partial-attachment 203.0.113.9 smtp []");
}

static void vpop3_lines_with_anything_odd_are_no_events(void **state)
{
	struct world *w = *state;

	make_vpop3(w);
	expect_no(w, "2024-03-05T11:02:17Z 203.0.113.9 14 Something new", FILTER_MISS);
	expect_no(w, "2024-03-05T11:02:17Z 203.0.113.9 130", FILTER_MISS);
	expect_no(w, "2024-03-05T11:02:17Z 203.0.113.9 1x", FILTER_MISS);
	expect_no(w, " 2024-03-05T11:02:17Z 203.0.113.9 1 x", FILTER_MISS);
	expect_no(w, "2024-03-05T11:02:17Z 203.0.113.999 1 x", FILTER_NOT_ADDR);
	expect_no(w, "2024-02-30T11:02:17Z 203.0.113.9 1 x", FILTER_BAD_STAMP);
	expect_no(w, "", FILTER_MISS);
	expect(w, "2024-03-05T11:02:17Z 203.0.113.9 3 no such 2024-03-05T11:02:17Z 192.0.2.1 0 x",
	       "bad-recipient 203.0.113.9 smtp []");
}

static void make_smartermail(struct world *w)
{
	w->spec.prefix = text_at("prefix", "^(?:\\[<DATE>\\] )?<STAMP> \\[<ADDR>\\] <SERVICE> ", 2);
	w->spec.stamp = text_at("stamp", "%H:%M:%S", 3);
	w->spec.stamp_date = text_at("stamp-date", "%Y.%m.%d", 4);
	add_service(w, "SMTP", SMTP);
	add_service(w, "IMAP", IMAP);
	add_service(w, "POP", POP3);
	add_service(w, "Webmail", WEBMAIL);
	add_section(w, EVENT_AUTH_FAILURE);
	add_ignore(w, "Login failed: Domain \\[");
	add_match(w, "Login failed: User \\[<USER>\\] not found");
	add_match(w, "Login failed: \\S");
	add_section(w, EVENT_LOGIN);
	add_match(w, "Login successful(?:: With user <USER>)?$");
	add_section(w, EVENT_IDS_VERDICT);
	last_section(w)->prefix =
		text_at("prefix",
			"^(?:\\[<DATE>\\] )?<STAMP> \\[[A-Za-z]+Detector\\] \\[<ADDR>\\] ", 5);
	add_match(w, "Added to IDS block list for violating rule Type: <DATA>");
	make(w);
	w->when.date = filter_file_date(w->filter,
					STR("/var/lib/2020.01.01/2026.02.18-administrative.log"));
}

static void smartermail_lines_are_events(void **state)
{
	struct world *w = *state;

	make_smartermail(w);
	expect(w, "23:59:57.727 [203.0.113.9] IMAP Login failed: User [bob] not found",
	       "auth-failure 203.0.113.9 imap [bob]");
	expect_time(w, "2026-02-18T23:59:57.727Z");
	expect(w, "00:00:01.100 [192.0.2.4] SMTP Login failed: bad password",
	       "auth-failure 192.0.2.4 smtp []");
	expect(w,
	       "03:41:35.233 [198.51.100.5] WEBMAIL Login failed: LOGIN_FAILURE_DOMAIN_NOT_FOUND. Brute "
	       "force attempts increased to 1.",
	       "auth-failure 198.51.100.5 webmail []");
	expect(w,
	       "[2026.02.19] 01:27:54.048 [198.51.100.23] IMAP Login successful: With user j@example.net",
	       "login 198.51.100.23 imap [j@example.net]");
	expect_time(w, "2026-02-19T01:27:54.048Z");
	expect(w, "10:13:13 [2001:db8::1] POP Login successful", "login 2001:db8::1 pop3 []");
	expect(w,
	       "[2026.02.18] 01:27:54.052 [IpBruteForceDetector] [203.0.113.9] Added to IDS block list "
	       "for violating rule Type: Password Brute Force by IP, Description: Brute Force by IP",
	       "ids-verdict 203.0.113.9 - []");
	assert_true(str_has_prefix(w->event.data, STR("Password Brute Force by IP,")));
}

static void smartermail_lines_that_only_look_like_events_are_none(void **state)
{
	struct world *w = *state;

	make_smartermail(w);
	expect_no(
		w,
		"03:41:35.233 [203.0.113.9] Webmail Attempting to login user: x] IMAP Login failed: User "
		"[198.51.100.1] not found",
		FILTER_MISS);
	expect_no(w, "03:41:35.233 [203.0.113.9] Webmail Login failed: Domain [65] not found",
		  FILTER_IGNORED);
	expect_no(w, "03:41:35.233 [203.0.113.9] Webmail Login failed: Domain [User [x] not found",
		  FILTER_IGNORED);
	expect_no(w, "00:06:03.076 [84012980] IMAP Login failed: x", FILTER_MISS);
	expect_no(w, "12:00:00.000 [72] [user@example.com; 127.0.0.1:other] Connection refused",
		  FILTER_MISS);
	expect_no(w, "\tBrute force attempts increased to 1 of 5 in 10 minutes.", FILTER_MISS);
	expect_no(w, "[192.0.2.4] SMTP Login failed 00:01:02.003", FILTER_MISS);
	expect_no(w, "25:00:00 [192.0.2.4] SMTP Login failed: x", FILTER_BAD_STAMP);
	expect_no(w, "[2026.02.29] 23:00:00 [192.0.2.4] SMTP Login failed: x", FILTER_BAD_STAMP);
	expect_no(w, "[2026.13.01] 23:00:00 [192.0.2.4] SMTP Login failed: x", FILTER_BAD_STAMP);
	expect_no(w, "23:00:00 [192.0.2.256] SMTP Login failed: x", FILTER_NOT_ADDR);
}

static void an_account_may_hold_anything(void **state)
{
	struct world *w = *state;

	make_smartermail(w);
	expect(w, "23:59:57 [203.0.113.9] IMAP Login failed: User [a] not found [b] not found",
	       "auth-failure 203.0.113.9 imap [a] not found [b]");
	expect(w, "23:59:57 [203.0.113.9] IMAP Login failed: User [192.0.2.1] IMAP x] not found",
	       "auth-failure 203.0.113.9 imap [192.0.2.1] IMAP x]");
	expect(w, "23:59:57 [203.0.113.9] IMAP Login failed: User [] not found",
	       "auth-failure 203.0.113.9 imap []");
	expect(w, "23:59:57 [203.0.113.9] IMAP Login failed: User [b\xf6se \x1b[2J\r] not found",
	       "auth-failure 203.0.113.9 imap [b\\xf6se \\x1b[2J\\x0d]");
	expect_str(w, STR("23:59:57 [203.0.113.9] IMAP Login failed: User [a\0b] not found"),
		   "auth-failure 203.0.113.9 imap [a\\x00b]");
}

/* ---- hostile lines ---- */

static void the_longest_line_is_read(void **state)
{
	static const struct str BEGIN = { "23:59:57 [203.0.113.9] IMAP Login failed: User [", 48 };
	static const struct str END = { "] not found", 11 };
	struct world *w = *state;
	const size_t size = 65536;
	char *line = malloc(size);

	make_smartermail(w);
	assert_non_null(line);
	for (int fill = 0; fill < 4; fill++) {
		memset(line, "]\0\xff["[fill], size);
		memcpy(line, BEGIN.p, BEGIN.n);
		memcpy(line + size - END.n, END.p, END.n);
		assert_int_equal(ask(w, (struct str){ line, size }), FILTER_EVENT);
		assert_int_equal(w->event.account.n, size - BEGIN.n - END.n);
		assert_ptr_equal(w->event.account.p, line + BEGIN.n);
	}
	free(line);
}

/* ---- addresses ---- */

static void an_address_is_not_a_piece_of_something_longer(void **state)
{
	static const char *const LINES[][2] = {
		{ "from 203.0.113.9 x", "203.0.113.9" },
		{ "from 203.0.113.9.", "203.0.113.9" },
		{ "from 203.0.113.9: x", "203.0.113.9" },
		{ "from [203.0.113.9]:2525", "203.0.113.9" },
		{ "from 203.0.113.9:2525", "203.0.113.9" },
		{ "from host:203.0.113.9", "203.0.113.9" },
		{ "from 2001:db8::9", "2001:db8::9" },
		{ "from 2001:db8::9: x", "2001:db8::9" },
		{ "from [IPv6:2001:db8:1:2:3:4:5:6] x", "2001:db8:1:2:3:4:5:6" },
		{ "from ::1 x", "::1" },
		{ "from 2001:db8::. x", "2001:db8::" },
		{ "from ::ffff:203.0.113.9 x", "203.0.113.9" },
		{ "from 2001:db8::203.0.113.9", "2001:db8::cb00:7109" },
		{ "from 2001:db8:1:2:3:4:203.0.113.9", "2001:db8:1:2:3:4:cb00:7109" },
		{ "from 198.51.100.1.dyn.example.net [203.0.113.9]", "203.0.113.9" },
		{ "from 203.0.113.9 x 1.2.3.4.5 1.2.3.4-5 1.2.3.4567", "203.0.113.9" },
	};
	struct world *w = *state;

	make_one(w, "from .*<ADDR>");
	for (size_t i = 0; i < ARRAY_SIZE(LINES); i++) {
		char got[ADDR_TEXT_MAX];

		assert_int_equal(ask(w, str_of(LINES[i][0])), FILTER_EVENT);
		assert_string_equal(addr_format(&w->event.addr, got), LINES[i][1]);
	}
}

static void a_piece_of_something_longer_is_no_address(void **state)
{
	static const char *const LINES[] = {
		"from 2001:db8::9.dyn.example.net",
		"from 2001:db8::9g",
		"from 2001:db8::9-2",
		"from 1:2:3:4:5:6:7:8:9",
		"from 1::2::3",
		"from 203.0.113.9.example.net",
		"from a203.0.113.9",
		"from 1.2.3.4.5",
		"from 12:34:56 x",
	};
	struct world *w = *state;

	make_one(w, "from .*<ADDR>");
	for (size_t i = 0; i < ARRAY_SIZE(LINES); i++) {
		expect_no(w, LINES[i], FILTER_MISS);
	}
}

static void what_is_no_address_is_no_event(void **state)
{
	struct world *w = *state;

	make_one(w, "^from <ADDR> x$");
	expect_no(w, "from 203.0.113.256 x", FILTER_NOT_ADDR);
	expect_no(w, "from 203.0.113.09 x", FILTER_NOT_ADDR);
	expect_no(w, "from 1.2.3 x", FILTER_MISS);
	expect_no(w, "from 1.2.3.4.5 x", FILTER_MISS);
	expect_no(w, "from deadbeef x", FILTER_MISS);
	expect_no(w, "from fe80::1%eth0 x", FILTER_MISS);
	expect_no(w, "from 1:2:3:4:5:6:7:8:9 x", FILTER_MISS);
	expect_no(w, "from 12345::1 x", FILTER_MISS);
	expect_no(w, "from 1::2::3 x", FILTER_MISS);
}

static void an_event_may_be_without_an_address(void **state)
{
	struct world *w = *state;

	make_one(w, "^user (?<USER>\\S+) failed(?: from <ADDR>)?$");
	expect(w, "user bob failed", "auth-failure - - [bob]");
	expect(w, "user bob failed from 192.0.2.1", "auth-failure 192.0.2.1 - [bob]");
}

/* ---- which section ---- */

static void the_first_section_that_hits_wins(void **state)
{
	struct world *w = *state;

	add_section(w, EVENT_SPAM);
	add_match(w, "^<ADDR> one two");
	add_section(w, EVENT_VIRUS);
	add_match(w, "^<ADDR> zero");
	add_match(w, "^<ADDR> one");
	last_section(w)->service = IMAP;
	w->spec.service = SMTP;
	make(w);
	expect(w, "192.0.2.1 one two", "spam 192.0.2.1 smtp []");
	assert_int_equal(w->event.pattern, 0);
	expect(w, "192.0.2.1 one", "virus 192.0.2.1 imap []");
	assert_int_equal(w->event.pattern, 2);
	assert_int_equal(filter_pattern_count(w->filter), 3);
	assert_int_equal(filter_pattern_section(w->filter, 0), 0);
	assert_int_equal(filter_pattern_section(w->filter, 2), 1);
	assert_int_equal(filter_pattern_place(w->filter, 2)->line, 12);
}

static void only_candidates_are_tried(void **state)
{
	struct filter_candidates c = { 0 };
	struct world *w = *state;

	add_section(w, EVENT_SPAM);
	for (int i = 0; i < 70; i++) {
		add_match(w, i == 3 || i == 66 ? "^<ADDR> abcdef" : "^<ADDR> nothing of that");
	}
	make(w);
	assert_int_equal(filter_match(w->filter, w->matcher, STR("192.0.2.1 abcdef"), &c, &w->when,
				      &w->event),
			 FILTER_MISS);
	c.bit[66 / 64] = UINT64_C(1) << 66 % 64;
	assert_int_equal(filter_match(w->filter, w->matcher, STR("192.0.2.1 abcdef"), &c, &w->when,
				      &w->event),
			 FILTER_EVENT);
	assert_int_equal(w->event.pattern, 66);
	c.bit[0] = UINT64_C(1) << 3;
	assert_int_equal(filter_match(w->filter, w->matcher, STR("192.0.2.1 abcdef"), &c, &w->when,
				      &w->event),
			 FILTER_EVENT);
	assert_int_equal(w->event.pattern, 3);
}

static void patterns_without_a_literal_are_always_candidates(void **state)
{
	struct filter_candidates c;
	struct world *w = *state;

	add_section(w, EVENT_SPAM);
	add_match(w, "^<ADDR> spam here");
	add_match(w, "^<ADDR> \\d+$");
	make(w);
	assert_true(filter_always(w->filter, &c));
	assert_int_equal(c.bit[0], 2);
	assert_int_equal(filter_pattern_literals(w->filter, 0)->n, 1);
	assert_true(str_eq(filter_pattern_literals(w->filter, 0)->at[0].text, STR(" spam here")));
}

static void ignore_vetoes_its_section_or_the_whole_line(void **state)
{
	struct world *w = *state;

	add_section(w, EVENT_SPAM);
	add_match(w, "^<ADDR> one");
	add_match(w, "^<ADDR>");
	add_ignore(w, "two");
	add_section(w, EVENT_VIRUS);
	add_match(w, "^<ADDR> one two");
	add_text(w, &w->spec.ignore, "ignore", "from <ADDR> itself$");
	make(w);
	expect(w, "192.0.2.1 one", "spam 192.0.2.1 - []");
	expect(w, "192.0.2.1 one two", "virus 192.0.2.1 - []");
	expect_no(w, "192.0.2.1 two", FILTER_IGNORED);
	expect_no(w, "192.0.2.1 one two from ::1 itself", FILTER_IGNORED);
	expect_no(w, "two", FILTER_MISS);
}

/* ---- what stands for a tag ---- */

static void a_count_is_capped_and_zero_is_no_event(void **state)
{
	struct world *w = *state;

	make_one(w, "^<ADDR> failed(?: <COUNT> times)?$");
	expect(w, "192.0.2.1 failed", "auth-failure 192.0.2.1 - []");
	assert_int_equal(w->event.count, 1);
	expect(w, "192.0.2.1 failed 0017 times", "auth-failure 192.0.2.1 - []");
	assert_int_equal(w->event.count, 17);
	expect(w, "192.0.2.1 failed 999999999 times", "auth-failure 192.0.2.1 - []");
	assert_int_equal(w->event.count, EVENT_COUNT_MAX);
	expect_no(w, "192.0.2.1 failed 0 times", FILTER_IGNORED);
	expect_no(w, "192.0.2.1 failed 1000000000 times", FILTER_MISS);
}

static void a_service_is_the_longest_word_in_any_case(void **state)
{
	struct world *w = *state;

	add_service(w, "pop", SMTP);
	add_service(w, "pop3", POP3);
	add_service(w, "web.mail", WEBMAIL);
	w->spec.service = IMAP;
	make_one(w, "^<ADDR>(?: <SERVICE>)?");
	expect(w, "192.0.2.1 POP3", "auth-failure 192.0.2.1 pop3 []");
	expect(w, "192.0.2.1 Pop2", "auth-failure 192.0.2.1 smtp []");
	expect(w, "192.0.2.1 Web.Mail", "auth-failure 192.0.2.1 webmail []");
	expect(w, "192.0.2.1 Web-Mail", "auth-failure 192.0.2.1 imap []");
}

static void a_pattern_without_case_knows_words_in_any_case(void **state)
{
	struct world *w = *state;

	add_type(w, "Virus", EVENT_VIRUS);
	add_type(w, "VIRUSES", EVENT_SPAM);
	w->spec.nocase = true;
	add_section(w, NAMES_NONE);
	add_match(w, "^<STAMP> <ADDR> found <TYPE>");
	make(w);
	expect(w, "nov 22 03:04:05 192.0.2.1 FOUND vIRUS", "virus 192.0.2.1 - []");
	expect(w, "2026-11-22t03:04:05z 192.0.2.1 FOUND viruses", "spam 192.0.2.1 - []");
	expect_time(w, "2026-11-22T03:04:05Z");
}

static void a_type_that_took_no_part_is_a_miss(void **state)
{
	struct world *w = *state;

	add_type(w, "x", EVENT_VIRUS);
	add_section(w, NAMES_NONE);
	add_match(w, "^<ADDR>(?: <TYPE>)?");
	make(w);
	expect(w, "192.0.2.1 x", "virus 192.0.2.1 - []");
	expect_no(w, "192.0.2.1 y", FILTER_MISS);
}

static void session_and_data_are_told(void **state)
{
	struct world *w = *state;

	make_one(w, "^<STAMP> \\[<ADDR>\\]\\[<SESSION>\\] rsp: <DATA>");
	expect(w, "2026-11-22 15:24:36.585 [192.0.2.1][60044376] rsp: 535 no",
	       "auth-failure 192.0.2.1 - []");
	assert_true(str_eq(w->event.session, STR("60044376")));
	assert_true(str_eq(w->event.data, STR("535 no")));
	expect_no(w, "2026-11-22 15:24:36.585 [192.0.2.1][6004 4376] rsp: 535 no", FILTER_MISS);
}

static void a_line_without_a_stamp_has_the_time_of_its_arrival(void **state)
{
	struct world *w = *state;

	make_one(w, "^(?:<STAMP> )?<ADDR>");
	expect(w, "192.0.2.1", "auth-failure 192.0.2.1 - []");
	expect_time(w, "1970-01-01T00:16:40Z");
	expect(w, "2026-11-22T00:00:00Z 192.0.2.1", "auth-failure 192.0.2.1 - []");
	expect_time(w, "2026-11-22T00:00:00Z");
	assert_int_equal(filter_file_date(w->filter, STR("2026-11-22.log")), STAMP_NO_DATE);
}

static void a_stamp_caught_by_an_own_regex_must_be_one_wholly(void **state)
{
	struct world *w = *state;

	make_one(w, "^(?<STAMP>\\S+) <ADDR>");
	expect(w, "2026-11-22T00:00:00Z 192.0.2.1", "auth-failure 192.0.2.1 - []");
	expect_no(w, "2026-11-22T00:00:00Zx 192.0.2.1", FILTER_BAD_STAMP);
	expect_no(w, "x 192.0.2.1", FILTER_BAD_STAMP);
}

static void a_pattern_that_gives_up_is_counted_and_others_go_on(void **state)
{
	struct world *w = *state;
	char line[200];

	add_section(w, EVENT_SPAM);
	add_match(w, "^(?:a|a|a|aa)+$");
	add_section(w, EVENT_VIRUS);
	add_match(w, "!$");
	make(w);
	memset(line, 'a', sizeof(line));
	line[sizeof(line) - 1] = '?';
	assert_int_equal(ask(w, (struct str){ line, sizeof(line) }), FILTER_GAVE_UP);
	assert_int_equal(filter_pattern_gave_up(w->filter, 0), 1);
	line[sizeof(line) - 1] = '!';
	assert_int_equal(ask(w, (struct str){ line, sizeof(line) }), FILTER_EVENT);
	assert_int_equal(w->event.type, EVENT_VIRUS);
	assert_int_equal(filter_pattern_gave_up(w->filter, 0), 2);
	assert_int_equal(filter_pattern_gave_up(w->filter, 1), 0);
}

static void a_veto_that_gives_up_lets_no_event_pass(void **state)
{
	struct world *w = *state;
	char line[200];

	add_section(w, EVENT_SPAM);
	add_match(w, "a$|!$");
	add_ignore(w, "^(?:a|a|a|aa)+$");
	make(w);
	memset(line, 'a', sizeof(line));
	assert_int_equal(ask(w, (struct str){ line, sizeof(line) }), FILTER_IGNORED);
	line[sizeof(line) - 1] = '!';
	assert_int_equal(ask(w, (struct str){ line, sizeof(line) }), FILTER_GAVE_UP);
	assert_int_equal(filter_pattern_gave_up(w->filter, 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_world(vpop3_lines_are_what_their_number_says),
		in_world(vpop3_lines_with_anything_odd_are_no_events),
		in_world(smartermail_lines_are_events),
		in_world(smartermail_lines_that_only_look_like_events_are_none),
		in_world(an_account_may_hold_anything),
		in_world(the_longest_line_is_read),
		in_world(an_address_is_not_a_piece_of_something_longer),
		in_world(a_piece_of_something_longer_is_no_address),
		in_world(what_is_no_address_is_no_event),
		in_world(a_stamp_caught_by_an_own_regex_must_be_one_wholly),
		in_world(an_event_may_be_without_an_address),
		in_world(the_first_section_that_hits_wins),
		in_world(only_candidates_are_tried),
		in_world(patterns_without_a_literal_are_always_candidates),
		in_world(ignore_vetoes_its_section_or_the_whole_line),
		in_world(a_count_is_capped_and_zero_is_no_event),
		in_world(a_service_is_the_longest_word_in_any_case),
		in_world(a_pattern_without_case_knows_words_in_any_case),
		in_world(a_type_that_took_no_part_is_a_miss),
		in_world(session_and_data_are_told),
		in_world(a_line_without_a_stamp_has_the_time_of_its_arrival),
		in_world(a_pattern_that_gives_up_is_counted_and_others_go_on),
		in_world(a_veto_that_gives_up_lets_no_event_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
