/* SPDX-License-Identifier: MIT */
#include "lookup/nameservers.h"

#include "unit/check.h"

static struct facts found;

static void finds_the_lines_that_name_a_server(void **state)
{
	char text[ADDR_TEXT_MAX];

	(void)state;
	found.n = 0;
	assert_false(
		nameservers_parse(STR("# nameserver 192.0.2.9\nsearch example.org\n"
				      "nameserver 192.0.2.1\n\tnameserver\t2001:db8::1 # ours\n"
				      "nameserver fe80::1%eth0\nnameserver dns.example.org\n"
				      "nameserver\nnameserver 192.0.2.1"),
				  &found));
	assert_int_equal(found.n, 3);
	assert_string_equal(addr_format(&found.at[0].addr, text), "192.0.2.1");
	assert_string_equal(addr_format(&found.at[1].addr, text), "2001:db8::1");
	assert_string_equal(addr_format(&found.at[2].addr, text), "fe80::1");
}

static void knows_the_stub_that_asks_others(void **state)
{
	(void)state;
	found.n = 0;
	assert_true(nameservers_parse(STR("nameserver 127.0.0.53\n"), &found));
	assert_false(nameservers_parse(STR("nameserver 127.0.0.1\n"), &found));
}

static void a_long_list_is_cut(void **state)
{
	struct addr addr = { .family = 4 };

	(void)state;
	found.n = 0;
	for (size_t i = 0; i < FACTS_MAX + 10; i++) {
		addr.bytes[2] = (uint8_t)(i >> 8);
		addr.bytes[3] = (uint8_t)i;
		facts_add(&found, &addr, INSTANT_NEVER, "");
		facts_add(&found, &addr, INSTANT_NEVER, "again");
	}
	assert_int_equal(found.n, FACTS_MAX);
	assert_string_equal(found.at[5].text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_lines_that_name_a_server),
		cmocka_unit_test(knows_the_stub_that_asks_others),
		cmocka_unit_test(a_long_list_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
