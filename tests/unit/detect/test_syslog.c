/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "detect/syslog.h"
#include "unit/base/dice.h"
#include "unit/check.h"

static int set_up(void **state)
{
	struct arena *arena = arena_new();
	struct stamp_format *format;

	assert_non_null(arena);
	assert_int_equal(stamp_format_parse(STR("auto"), arena, &format, NULL), 0);
	state[0] = arena;
	return 0;
}

static int tear_down(void **state)
{
	arena_free(state[0]);
	return 0;
}

static bool read_line(void **state, struct str line, struct syslog_line *ret)
{
	struct stamp_format *format;

	assert_int_equal(stamp_format_parse(STR("auto"), state[0], &format, NULL), 0);
	return syslog_read(line, format, ret);
}

static void check_str(struct str got, const char *want)
{
	char text[512] = "";

	assert_true(got.n < sizeof(text));
	memcpy(text, got.p ? got.p : "", got.n);
	assert_string_equal(text, want);
}

struct row {
	const char *line, *stamp, *program, *message;
};

static void check_rows(void **state, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct syslog_line l;

		if (!read_line(state, str_of(rows[i].line), &l)) {
			fail_msg("no head: %s", rows[i].line);
		}
		check_str(l.stamp, rows[i].stamp);
		check_str(l.program, rows[i].program);
		check_str(l.message, rows[i].message);
		assert_int_equal(l.count, 1);
	}
}

static void check_none(void **state, const char *const *lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct syslog_line l;

		if (read_line(state, str_of(lines[i]), &l)) {
			fail_msg("a head: %s", lines[i]);
		}
	}
}

static void takes_off_the_heads_that_syslog_daemons_write(void **state)
{
	static const struct row rows[] = {
		{ "Mar  5 11:02:17 mail postfix/smtpd[12]: hello", "Mar  5 11:02:17",
		  "postfix/smtpd", "hello" },
		{ "Mar 05 11:02:17.123456 mail postfix/submission/smtpd[12]: hello",
		  "Mar 05 11:02:17.123456", "postfix/submission/smtpd", "hello" },
		{ "<38>Mar  5 11:02:17 mail sshd[12]: hello", "Mar  5 11:02:17", "sshd", "hello" },
		{ "2024-03-05T11:02:17.123456+01:00 mail dovecot: imap-login: x",
		  "2024-03-05T11:02:17.123456+01:00", "dovecot", "imap-login: x" },
		{ "2024-03-05T11:02:17+0100 mail sshd[12]: hello", "2024-03-05T11:02:17+0100",
		  "sshd", "hello" },
		{ "2024-03-05T11:02:17Z 2001:db8::1 kernel: [ 1.2] x", "2024-03-05T11:02:17Z",
		  "kernel", "[ 1.2] x" },
		{ "Mar  5 11:02:17 sshd[12]: no host", "Mar  5 11:02:17", "sshd", "no host" },
		{ "mail sshd[12]: no stamp", "", "sshd", "no stamp" },
		{ "sshd[12]: neither", "", "sshd", "neither" },
		{ "<0>sshd: neither", "", "sshd", "neither" },
		{ "Mar  5 11:02:17 mail (sd-pam)[12]: x", "Mar  5 11:02:17", "(sd-pam)", "x" },
		{ "Mar  5 11:02:17 mail sshd[]:", "Mar  5 11:02:17", "sshd", "" },
		{ "Mar  5 11:02:17 mail sshd[12]:  two blanks ", "Mar  5 11:02:17", "sshd",
		  " two blanks " },
	};

	check_rows(state, rows, ARRAY_SIZE(rows));
}

static void takes_off_the_head_of_rfc_5424(void **state)
{
	static const struct row rows[] = {
		{ "<34>1 2024-03-05T11:02:17.5Z mail sshd 12 - - hello", "2024-03-05T11:02:17.5Z",
		  "sshd", "hello" },
		{ "<34>1 - - - - - - hello", "", "", "hello" },
		{ "<34>1 - mail sshd 12 ID47 -", "", "sshd", "" },
		{ "<34>1 - mail sshd 12 - [a b=\"c\"][d e=\"] \\\" \\\\\"] hello", "", "sshd",
		  "hello" },
		{ "<34>1 - mail sshd 12 - - \xef\xbb\xbfhello", "", "sshd", "hello" },
	};

	check_rows(state, rows, ARRAY_SIZE(rows));
}

static void finds_no_head_where_there_is_none(void **state)
{
	static const char *const lines[] = {
		"",
		" ",
		":",
		": x",
		"[12]: x",
		"hello",
		"Mar  5 11:02:17",
		"Mar  5 11:02:17 ",
		"Mar  5 11:02:17 mail",
		"Mar  5 11:02:17 mail last message repeated 3 times",
		"Mar  5 11:02:17 mail postfix said sshd[1]: x",
		"Mar  5 11:02:17  mail sshd[1]: x",
		"Mar  5 11:02:17 mail  sshd[1]: x",
		" Mar  5 11:02:17 mail sshd[1]: x",
		"Mar  5 11:02:17 mail sshd[1]x: x",
		"Mar  5 11:02:17 mail sshd[1: x",
		"Mar  5 11:02:17 mail sshd[1] x",
		"Mar  5 11:02:17 mail sshd:x",
		"Mar  5 11:02:17 mail <sshd>: x",
		"<192>Mar  5 11:02:17 mail other sshd: x",
		"<>mail sshd: x",
		"<34>2 - mail sshd 12 - - x",
		"<34>1 - mail sshd 12 -",
		"<34>1 x mail sshd 12 - - x",
		"<34>1 - mail  sshd 12 - - x",
		"<34>1 - mail sshd 12 - [a b=\"c] x",
		"<34>1 - mail sshd 12 - [a]x",
		"-- Boot 0123456789 --",
	};

	check_none(state, lines, ARRAY_SIZE(lines));
}

static void knows_no_names_that_are_too_long(void **state)
{
	char line[1024];
	struct syslog_line l;

	memset(line, 'x', sizeof(line));
	memcpy(line + 128, ": y", 3);
	assert_true(read_line(state, (struct str){ line, 131 }, &l));
	assert_int_equal(l.program.n, SYSLOG_PROGRAM_MAX);
	memset(line, 'x', sizeof(line));
	memcpy(line + 129, ": y", 3);
	assert_false(read_line(state, (struct str){ line, 132 }, &l));
	memset(line, 'h', sizeof(line));
	memcpy(line + 255, " p: y", 5);
	assert_true(read_line(state, (struct str){ line, 260 }, &l));
	memset(line, 'h', sizeof(line));
	memcpy(line + 256, " p: y", 5);
	assert_false(read_line(state, (struct str){ line, 261 }, &l));
}

static void reads_a_message_with_any_bytes(void **state)
{
	struct syslog_line l;
	struct str line = STR("Mar  5 11:02:17 mail sshd[1]: \0\xff\x1b[2J");

	assert_true(read_line(state, line, &l));
	assert_int_equal(l.message.n, 6);
	assert_ptr_equal(l.message.p + l.message.n, line.p + line.n);
	assert_false(read_line(state, STR("Mar  5 11:02:17 mail s\0hd[1]: x"), &l));
	assert_false(read_line(state, STR("Mar  5 11:02:17 mail s\thd[1]: x"), &l));
}

static void a_client_cannot_forge_a_head_by_what_it_says(void **state)
{
	static const struct row rows[] = {
		{ "Mar  5 11:02:17 mail sshd[1]: Mar  6 12:00:00 mail postfix/smtpd[2]: x",
		  "Mar  5 11:02:17", "sshd", "Mar  6 12:00:00 mail postfix/smtpd[2]: x" },
		{ "Mar  5 11:02:17 mail sshd[1]: postfix/smtpd[2]: x", "Mar  5 11:02:17", "sshd",
		  "postfix/smtpd[2]: x" },
		{ "Mar  5 11:02:17 mail sshd[1]: <34>1 - mail postfix 12 - - x", "Mar  5 11:02:17",
		  "sshd", "<34>1 - mail postfix 12 - - x" },
		{ "<34>1 - mail sshd 1 - - <34>1 - mail postfix 1 - - x", "", "sshd",
		  "<34>1 - mail postfix 1 - - x" },
		{ "<34>1 - mail sshd 1 - [a b=\"] postfix: \"] x", "", "sshd", "x" },
	};

	check_rows(state, rows, ARRAY_SIZE(rows));
}

static void check_repeated(void **state, const char *message, const char *want, unsigned count)
{
	char line[512];
	struct syslog_line l;

	(void)snprintf(line, sizeof(line), "Mar  5 11:02:17 mail sshd[1]: %s", message);
	assert_true(read_line(state, str_of(line), &l));
	check_str(l.message, want);
	assert_int_equal(l.count, count);
}

static void a_repeated_message_counts_as_often_as_it_was_said(void **state)
{
	check_repeated(state, "message repeated 3 times: [ hello]", "hello", 3);
	check_repeated(state, "message repeated 3 times: [hello [x]]", "hello [x]", 3);
	check_repeated(state, "message repeated 1000 times: [ x]", "x", 1000);
	check_repeated(state, "message repeated 1001 times: [ x]", "x", 1000);
	check_repeated(state, "message repeated 99999999 times: [ x]", "x", 1000);
	check_repeated(state, "message repeated 3 times: [ message repeated 9 times: [ x]]",
		       "message repeated 9 times: [ x]", 3);
}

static void what_only_looks_like_a_repetition_is_a_message(void **state)
{
	static const char *const messages[] = {
		"message repeated 0 times: [ x]",
		"message repeated 3 times: [ x",
		"message repeated 3 times: x]",
		"message repeated -3 times: [ x]",
		"message repeated x times: [ x]",
		"message repeated  times: [ x]",
		" message repeated 3 times: [ x]",
		"message repeated 3 times: [",
		"x message repeated 3 times: [ x]",
		"message repeated 3times: [ x]",
		"message repeated 12345678901 times: [ x]",
	};

	for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
		check_repeated(state, messages[i], messages[i], 1);
	}
}

static void what_lines_say_does_not_change_their_head(void **state)
{
	static const char pieces[] = "Mar 5 11:02:17<34>1 - []:\"\\ sshd x";
	struct dice dice = dice_new(7);

	for (unsigned round = 0; round < 20000; round++) {
		char line[128];
		struct syslog_line l;
		size_t n = (size_t)snprintf(line, sizeof(line), "%s",
					    dice_below(&dice, 2)
						    ? "Mar  5 11:02:17 mail postfix[1]: a"
						    : "<34>1 - mail postfix 1 - - a");

		for (; n < 100; n++) {
			line[n] = pieces[dice_below(&dice, sizeof(pieces) - 1)];
		}
		assert_true(read_line(state, (struct str){ line, n }, &l));
		check_str(l.program, "postfix");
		assert_ptr_equal(l.message.p + l.message.n, line + n);
		assert_int_equal(l.message.p[0], 'a');
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(takes_off_the_heads_that_syslog_daemons_write,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(takes_off_the_head_of_rfc_5424, set_up, tear_down),
		cmocka_unit_test_setup_teardown(finds_no_head_where_there_is_none, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(knows_no_names_that_are_too_long, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(reads_a_message_with_any_bytes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_client_cannot_forge_a_head_by_what_it_says,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_repeated_message_counts_as_often_as_it_was_said,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_only_looks_like_a_repetition_is_a_message,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_lines_say_does_not_change_their_head, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
