/* SPDX-License-Identifier: MIT */
#include "config/postfix.h"

#include <stdio.h>

#include "unit/check.h"

static struct postfix postfix;

static int teardown(void **state)
{
	(void)state;
	postfix_done(&postfix);
	postfix = (struct postfix){ .relayhost = { .line = 0 } };
	return 0;
}

static void parse(const char *text)
{
	assert_int_equal(postfix_parse(str_of(text), &postfix), 0);
}

/* All destinations, `mx:` in front of those without brackets. */
static const char *destinations(void)
{
	static char out[256];
	struct str rest = buf_str(&postfix.relayhost.text), name;
	size_t n = 0;
	bool mx;

	out[0] = '\0';
	while (postfix_destination(&rest, &name, &mx)) {
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%s%.*s", n ? " " : "",
				      mx ? "mx:" : "", STR_ARG(name));
	}
	return out;
}

static const char *networks(void)
{
	static char out[256];
	struct str rest = buf_str(&postfix.mynetworks.text);
	char text[PREFIX_TEXT_MAX];
	struct prefix p;
	size_t n = 0;

	out[0] = '\0';
	while (postfix_network(&rest, &p)) {
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%s", n ? " " : "",
				      prefix_format(&p, text));
	}
	return out;
}

static void an_empty_file_trusts_nobody(void **state)
{
	(void)state;
	parse("");
	assert_string_equal(destinations(), "");
	assert_string_equal(networks(), "");
	assert_int_equal(postfix.relayhost.line, 0);
}

static void reads_relays_with_and_without_brackets(void **state)
{
	(void)state;
	parse("myhostname = a\nrelayhost=[smtp.example.org]:587, example.net:25 [192.0.2.1] [2001:db8::1]:25, $mydomain\n");
	assert_string_equal(destinations(),
			    "smtp.example.org mx:example.net 192.0.2.1 2001:db8::1");
	assert_int_equal(postfix.relayhost.line, 2);
}

static void lines_go_on_over_comments(void **state)
{
	(void)state;
	parse("# mynetworks = 203.0.113.0/24\nmynetworks = 127.0.0.0/8,\n\t[::1]/128\n# no\n\n"
	      "  192.0.2.0/24 # is a word\r\n  [2001:db8::5]\nother = 198.51.100.0/24\n   198.51.100.0/24\n");
	assert_string_equal(networks(), "127.0.0.0/8 ::1/128 192.0.2.0/24 2001:db8::5/128");
	assert_int_equal(postfix.mynetworks.line, 2);
}

static void the_last_of_two_counts(void **state)
{
	(void)state;
	parse("mynetworks = 192.0.2.1\nrelayhost = a.example\nmynetworks = 192.0.2.2\nrelayhost =\n");
	assert_string_equal(networks(), "192.0.2.2/32");
	assert_string_equal(destinations(), "");
}

static void leaves_out_what_it_does_not_say_in_so_many_words(void **state)
{
	(void)state;
	parse("mynetworks = $config_directory/nets hash:/etc/nets !192.0.2.1 cidr:/x 192.0.2.9/24 [::1 [] ] x\n"
	      "relayhost = $mydomain [] :25\n");
	assert_string_equal(networks(), "192.0.2.0/24");
	assert_string_equal(destinations(), "");
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_file_trusts_nobody),
		TEST(reads_relays_with_and_without_brackets),
		TEST(lines_go_on_over_comments),
		TEST(the_last_of_two_counts),
		TEST(leaves_out_what_it_does_not_say_in_so_many_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
