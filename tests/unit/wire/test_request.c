/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "unit/check.h"
#include "wire/interface.h"
#include "wire/request.h"

static void put(struct requests *r, const char *bytes, size_t n)
{
	char *space = requests_reserve(r, n);

	assert_non_null(space);
	memcpy(space, bytes, n);
	requests_add(r, n);
}

static void messages_end_in_nul_however_they_come(void **state)
{
	static const char bytes[] = "one\0\0three";
	struct requests r = { 0 };
	struct str message;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		put(&r, bytes + i, 1);
		assert_false(requests_has(&r));
		assert_int_equal(requests_next(&r, &message), 0);
	}
	put(&r, bytes + 3, sizeof(bytes) - 3);
	assert_true(requests_has(&r));
	assert_int_equal(requests_next(&r, &message), 1);
	assert_true(str_eq(message, STR("one")));
	assert_int_equal(requests_next(&r, &message), 1);
	assert_int_equal(message.n, 0);
	assert_int_equal(requests_next(&r, &message), 1);
	assert_true(str_eq(message, STR("three")));
	assert_int_equal(requests_next(&r, &message), 0);
	assert_int_equal(requests_waiting(&r), 0);
	requests_done(&r);
}

static void a_message_without_end_is_refused(void **state)
{
	static char bytes[1 << 16];
	struct requests r = { 0 };
	struct str message;
	size_t n = 0;

	(void)state;
	memset(bytes, ' ', sizeof(bytes));
	while (n <= INTERFACE_REQUEST_MAX) {
		assert_int_equal(requests_next(&r, &message), 0);
		put(&r, bytes, sizeof(bytes));
		n += sizeof(bytes);
	}
	assert_int_equal(requests_next(&r, &message), -EMSGSIZE);
	requests_done(&r);
}

static void a_request_has_a_method_and_parameters(void **state)
{
	struct request request;

	(void)state;
	assert_int_equal(request_parse(STR("{\"method\":\"a.B\",\"parameters\":{\"n\":7},"
					   "\"more\":true}"),
				       &request),
			 0);
	assert_string_equal(request.method, "a.B");
	assert_int_equal(value_int(value_get(request.parameters, "n"), 0), 7);
	assert_true(request.more);
	value_free(request.message);
}

static void a_request_may_lack_all(void **state)
{
	struct request request;

	(void)state;
	assert_int_equal(request_parse(STR("{\"method\":[]}"), &request), 0);
	assert_null(request.method);
	assert_null(request.parameters);
	assert_false(request.more);
	value_free(request.message);
}

static void what_is_no_object_is_no_request(void **state)
{
	static const char *const bad[] = { "", "[]", "null", "{", "{}x", "\"method\"" };
	struct request request;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(request_parse(str_of(bad[i]), &request), -EINVAL);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_end_in_nul_however_they_come),
		cmocka_unit_test(a_message_without_end_is_refused),
		cmocka_unit_test(a_request_has_a_method_and_parameters),
		cmocka_unit_test(a_request_may_lack_all),
		cmocka_unit_test(what_is_no_object_is_no_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
