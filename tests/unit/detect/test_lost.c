/* SPDX-License-Identifier: MIT */
#include "detect/lost.h"

#include "unit/check.h"

static uint64_t lines(const char *program, const char *message)
{
	struct lost lost = { .lines = 0 };

	return lost_read(str_of(program), str_of(message), &lost) ? lost.lines : 0;
}

static void rsyslog_says_it_in_two_ways(void **state)
{
	(void)state;
	assert_int_equal(lines("rsyslogd",
			       "imuxsock lost 313 messages from pid 4711 due to rate-limiting"),
			 313);
	assert_int_equal(lines("rsyslogd-2177",
			       "imuxsock lost 2 messages from pid 1 due to rate-limiting"),
			 2);
	assert_int_equal(
		lines("rsyslogd",
		      "imjournal: 1234 messages lost due to rate-limiting (20000 allowed within 600 seconds)"),
		1234);
	assert_int_equal(
		lines("rsyslogd",
		      "imuxsock[pid: 12, name: /usr/lib/postfix/smtpd] from <mail:postfix>: 23 messages lost due to rate-limiting (200 allowed within 5 seconds)"),
		23);
}

static void journald_names_the_unit(void **state)
{
	struct lost lost;

	(void)state;
	assert_true(lost_read(STR("systemd-journald"),
			      STR("Suppressed 57 messages from postfix@-.service"), &lost));
	assert_int_equal(lost.lines, 57);
	assert_true(str_eq(lost.from, STR("postfix@-.service")));
	assert_int_equal(lines("systemd-journal", "Suppressed 1 message from x.service"), 1);
}

static void other_words_say_nothing(void **state)
{
	(void)state;
	assert_int_equal(lines("rsyslogd",
			       "imuxsock begins to drop messages from pid 1 due to rate-limiting"),
			 0);
	assert_int_equal(lines("rsyslogd", "313 messages were due to rate-limiting"), 0);
	assert_int_equal(lines("rsyslogd", "lost 313 messages"), 0);
	assert_int_equal(lines("rsyslogd",
			       "imuxsock lost 0 messages from pid 1 due to rate-limiting"),
			 0);
	assert_int_equal(lines("rsyslogd", ""), 0);
	assert_int_equal(lines("systemd-journald", "Suppressed many messages from x"), 0);
	assert_int_equal(lines("systemd-journald", "Suppressed 5 messages"), 0);
}

static void what_another_program_says_is_none(void **state)
{
	(void)state;
	assert_int_equal(lines("sshd",
			       "imuxsock lost 313 messages from pid 4711 due to rate-limiting"),
			 0);
	assert_int_equal(lines("sshd", "Suppressed 57 messages from postfix.service"), 0);
	assert_int_equal(lines("rsyslogd", "Suppressed 57 messages from postfix.service"), 0);
	assert_int_equal(lines("", "Suppressed 57 messages from postfix.service"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rsyslog_says_it_in_two_ways),
		cmocka_unit_test(journald_names_the_unit),
		cmocka_unit_test(other_words_say_nothing),
		cmocka_unit_test(what_another_program_says_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
