/* SPDX-License-Identifier: MIT */
#include "lookup/mx.h"

#include <errno.h>
#include <string.h>

#include "unit/check.h"

/* Header: id, flags (an answer), one question, n answers; question example.org MX. */
#define HEAD(n)                                                                                    \
	"\x12\x34\x81\x80\x00\x01\x00" n "\x00\x00\x00\x00\x07"                                    \
	"example\x03org\x00\x00\x0f\x00\x01"
/* A record of the name at 12: type, class IN, time to live 60. */
#define RECORD(type) "\xc0\x0c\x00" type "\x00\x01\x00\x00\x00\x3c"

static int parse(const char *bytes, size_t n, struct mx_hosts *ret)
{
	memset(ret, 0, sizeof(*ret));
	return mx_parse(bytes, n, ret);
}

static void finds_the_hosts_of_a_domain(void **state)
{
	static const char message[] = HEAD("\x03") RECORD("\x0f") "\x00\x09\x00\x0a\x04mail\xc0\x0c" RECORD(
		"\x01") "\x00\x04\xc0\x00\x02\x01" RECORD("\x0f") "\x00\x0a\x00\x14\x02mx\x01x\x01y\x00";
	struct mx_hosts hosts;

	(void)state;
	assert_int_equal(parse(message, sizeof(message) - 1, &hosts), 1);
	assert_int_equal(hosts.n, 2);
	assert_string_equal(hosts.at[0], "mail.example.org");
	assert_string_equal(hosts.at[1], "mx.x.y");
}

static void a_domain_that_takes_no_mail_has_no_host(void **state)
{
	static const char message[] = HEAD("\x01") RECORD("\x0f") "\x00\x03\x00\x00\x00";
	struct mx_hosts hosts;

	(void)state;
	assert_int_equal(parse(message, sizeof(message) - 1, &hosts), 1);
	assert_int_equal(hosts.n, 0);
}

static void other_records_are_no_mx(void **state)
{
	static const char message[] = HEAD("\x01") RECORD("\x01") "\x00\x04\xc0\x00\x02\x01";
	struct mx_hosts hosts;

	(void)state;
	assert_int_equal(parse(message, sizeof(message) - 1, &hosts), 0);
	assert_int_equal(hosts.n, 0);
}

static void a_message_cut_anywhere_is_refused(void **state)
{
	static const char message[] = HEAD("\x01")
		RECORD("\x0f") "\x00\x09\x00\x0a\x04mail\xc0\x0c";
	struct mx_hosts hosts;

	(void)state;
	assert_int_equal(parse(message, sizeof(message) - 1, &hosts), 1);
	for (size_t n = 0; n < sizeof(message) - 1; n++) {
		assert_int_equal(parse(message, n, &hosts), -EBADMSG);
	}
}

static void a_name_that_points_to_itself_is_refused(void **state)
{
	static const char message[] = HEAD("\x01") RECORD("\x0f") "\x00\x04\x00\x0a\xc0\x2b";
	struct mx_hosts hosts;

	(void)state;
	assert_int_equal(parse(message, sizeof(message) - 1, &hosts), -EBADMSG);
}

static void no_more_hosts_than_there_is_room_for(void **state)
{
	static const char record[] = RECORD("\x0f") "\x00\x09\x00\x0a\x04mail\xc0\x0c";
	char message[2048] = HEAD("\x28");
	size_t n = sizeof(HEAD("\x28")) - 1;
	struct mx_hosts hosts;

	(void)state;
	for (size_t i = 0; i < 0x28; i++, n += sizeof(record) - 1) {
		memcpy(message + n, record, sizeof(record) - 1);
	}
	assert_int_equal(parse(message, n, &hosts), 1);
	assert_int_equal(hosts.n, MX_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_hosts_of_a_domain),
		cmocka_unit_test(a_domain_that_takes_no_mail_has_no_host),
		cmocka_unit_test(other_records_are_no_mx),
		cmocka_unit_test(a_message_cut_anywhere_is_refused),
		cmocka_unit_test(a_name_that_points_to_itself_is_refused),
		cmocka_unit_test(no_more_hosts_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
