/* SPDX-License-Identifier: MIT */
#include "base/hostname.h"

#include <string.h>

#include "unit/check.h"

static bool is_name(const char *name)
{
	return hostname_is_name(str_of(name));
}

static void knows_a_host_name(void **state)
{
	(void)state;
	assert_true(is_name("mail.example.org") && is_name("localhost") &&
		    is_name("_dmarc.a-b.c") && is_name("mail.example.org.") && is_name("1.a"));
	assert_false(is_name("") || is_name(".") || is_name("a..b") || is_name("-a.b") ||
		     is_name("a-.b") || is_name("a b") || is_name("a\nb") || is_name("mx:a") ||
		     is_name("a:25") || is_name("\xc3\xa4.de"));
	assert_false(is_name("192.0.2.1") || is_name("12") || is_name("2001:db8::1"));
}

static void names_are_as_long_as_dns_allows(void **state)
{
	char longest[254], label[65] = "";

	(void)state;
	memset(label, 'a', 63);
	assert_true(is_name(label));
	label[63] = 'a';
	assert_false(is_name(label));
	memset(longest, 'a', sizeof(longest));
	for (size_t i = 60; i < 253; i += 60) {
		longest[i] = '.';
	}
	longest[253] = '\0';
	assert_true(is_name(longest));
	assert_false(hostname_is_name((struct str){ .p = longest, .n = 254 }));
}

static void an_entry_may_mean_the_mail_hosts_of_a_domain(void **state)
{
	(void)state;
	assert_true(hostname_is_entry(STR("mx:example.org")));
	assert_true(hostname_is_entry(STR("mail.example.org")));
	assert_false(hostname_is_entry(STR("mx:")) || hostname_is_entry(STR("mx:mx:a")) ||
		     hostname_is_entry(STR("mx:192.0.2.1")) || hostname_is_entry(STR("")));
	assert_true(str_eq(hostname_mx(STR("mx:example.org")), STR("example.org")));
	assert_int_equal(hostname_mx(STR("example.org")).n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_a_host_name),
		cmocka_unit_test(names_are_as_long_as_dns_allows),
		cmocka_unit_test(an_entry_may_mean_the_mail_hosts_of_a_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
