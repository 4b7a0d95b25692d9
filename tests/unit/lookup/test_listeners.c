/* SPDX-License-Identifier: MIT */
#include "lookup/listeners.h"

#include "unit/check.h"

#define HEAD "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"

static struct listeners found;

static size_t count(struct str text)
{
	found = (struct listeners){ .n = 0 };
	listeners_parse(text, &found);
	return found.n;
}

static void servers_for_others_count(void **state)
{
	(void)state;
	assert_int_equal(count(STR(HEAD)), 0);
	assert_int_equal(
		count(STR(HEAD
			  "   0: 00000000:0019 00000000:0000 0A 00000000:00000000 00:00000000\n"
			  "   1: 010200C0:0016 00000000:0000 0A 00000000:00000000 00:00000000\n")),
		2);
	assert_int_equal(
		count(STR(
			HEAD
			"   0: 00000000000000000000000000000000:0019 00000000000000000000000000000000:0000 0A 0\n")),
		1);
}

static void connections_and_servers_for_this_host_alone_do_not(void **state)
{
	(void)state;
	assert_int_equal(
		count(STR(HEAD
			  "   0: 0100007F:0019 00000000:0000 0A 00000000:00000000 00:00000000\n"
			  "   1: 3500007F:0035 00000000:0000 0A 00000000:00000000 00:00000000\n"
			  "   2: 010200C0:0016 020200C0:C350 01 00000000:00000000 00:00000000\n")),
		0);
	assert_int_equal(
		count(STR(
			HEAD
			"   0: 00000000000000000000000001000000:0019 00000000000000000000000000000000:0000 0A 0\n")),
		0);
	assert_int_equal(count(STR("0A 0A 0A\n")), 0);
}

static void their_ports_are_known(void **state)
{
	(void)state;
	assert_int_equal(count(STR(HEAD "   0: 00000000:0019 00000000:0000 0A 0\n"
					"   1: 00000000:1F90 00000000:0000 0A 0\n"
					"   2: 00000000:FFFF 00000000:0000 0A 0\n"
					"   3: 00000000:00XX 00000000:0000 0A 0\n")),
			 3);
	assert_true(listeners_has(&found, 25, 25));
	assert_true(listeners_has(&found, 8000, 8080));
	assert_true(listeners_has(&found, 65535, 65535));
	assert_false(listeners_has(&found, 26, 8079));
	assert_false(listeners_has(&found, 8081, 65534));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(servers_for_others_count),
		cmocka_unit_test(their_ports_are_known),
		cmocka_unit_test(connections_and_servers_for_this_host_alone_do_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
