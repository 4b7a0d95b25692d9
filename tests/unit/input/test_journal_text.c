/* SPDX-License-Identifier: MIT */
#include "input/journal_text.h"

#include <string.h>

#include "detect/framer.h"
#include "unit/check.h"

static void check_message(struct str field, struct str message)
{
	struct journal_text t = { .cut = true };

	journal_text_clear(&t);
	journal_text_take(&t, field);
	assert_true(str_eq(buf_str(&t.message), message));
	assert_false(t.cut);
	journal_text_done(&t);
}

static void a_message_is_one_line(void **state)
{
	(void)state;
	check_message(STR("MESSAGE=hello"), STR("hello\n"));
	check_message(STR("MESSAGE=hello\r\n\n"), STR("hello\n"));
	check_message(STR("MESSAGE= a\nb\0c "), STR(" a b\0c \n"));
	check_message(STR("MESSAGE="), STR_NONE);
	check_message(STR("MESSAGE=\n"), STR_NONE);
	check_message(STR("MESSAGE_ID=x"), STR_NONE);
}

static void a_long_message_is_cut_and_told(void **state)
{
	static char field[LINE_MAX_BYTES + 100] = "MESSAGE=";
	struct journal_text t = { .cut = false };

	(void)state;
	memset(field + 8, 'x', sizeof(field) - 8);
	journal_text_take(&t, (struct str){ .p = field, .n = sizeof(field) });
	assert_true(t.cut);
	assert_int_equal(t.message.n, LINE_MAX_BYTES + 1);
	assert_int_equal(t.message.p[LINE_MAX_BYTES], '\n');
	journal_text_done(&t);
}

static void the_program_is_what_it_calls_itself_or_its_command(void **state)
{
	struct journal_text t = { .cut = false };

	(void)state;
	journal_text_take(&t, STR("_COMM=smtpd"));
	assert_true(str_eq(journal_text_program(&t), STR("smtpd")));
	journal_text_take(&t, STR("SYSLOG_IDENTIFIER=postfix/smtpd"));
	assert_true(str_eq(journal_text_program(&t), STR("postfix/smtpd")));
	journal_text_clear(&t);
	assert_int_equal(journal_text_program(&t).n, 0);
}

static void a_time_that_is_none_is_not_told(void **state)
{
	struct journal_text t = { .cut = false };

	(void)state;
	journal_text_take(&t, STR("_SOURCE_REALTIME_TIMESTAMP=1700000000000000"));
	assert_true(t.sent_us == 1700000000000000);
	journal_text_take(&t, STR("_SOURCE_REALTIME_TIMESTAMP=-1"));
	assert_true(t.sent_us == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_one_line),
		cmocka_unit_test(a_long_message_is_cut_and_told),
		cmocka_unit_test(the_program_is_what_it_calls_itself_or_its_command),
		cmocka_unit_test(a_time_that_is_none_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
