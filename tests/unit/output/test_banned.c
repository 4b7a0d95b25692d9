/* SPDX-License-Identifier: MIT */
#include "output/banned.h"

#include <errno.h>

#include "unit/check.h"

static const struct port_range mail[] = { { PROTO_TCP, 25, 25 }, { PROTO_TCP, 465, 587 } };
static const struct port_range dns[] = { { PROTO_UDP, 53, 53 } };
static const struct scope to_all = { .n_ranges = 0 };
static const struct scope to_mail = { .ranges = mail, .n_ranges = ARRAY_SIZE(mail) };
static const struct scope to_dns = { .ranges = dns, .n_ranges = ARRAY_SIZE(dns) };

static void ban(struct banned *b, const char *prefix, const struct scope *scope)
{
	struct prefix p;

	assert_int_equal(prefix_parse(str_of(prefix), &p), 0);
	assert_int_equal(banned_add(b, &p, scope), 0);
}

static bool has(const struct banned *b, const char *peer, uint8_t proto, uint16_t port)
{
	struct prefix p;

	assert_int_equal(prefix_parse(str_of(peer), &p), 0);
	return banned_has(b, &p.addr, proto, port);
}

static void knows_a_peer_by_each_prefix_that_holds_it(void **state)
{
	struct banned *b = NULL;

	(void)state;
	assert_int_equal(banned_new(&b), 0);
	ban(b, "203.0.113.9/32", &to_mail);
	ban(b, "203.0.113.0/24", &to_dns);
	ban(b, "2001:db8::/32", &to_all);
	ban(b, "203.0.113.9/32", &to_mail);
	assert_int_equal(banned_seal(b), 0);
	assert_int_equal(banned_count(b), 4);
	assert_true(has(b, "203.0.113.9", PROTO_TCP, 25));
	assert_true(has(b, "203.0.113.9", PROTO_TCP, 500));
	assert_false(has(b, "203.0.113.9", PROTO_TCP, 588));
	assert_false(has(b, "203.0.113.9", PROTO_UDP, 25));
	assert_true(has(b, "203.0.113.9", PROTO_UDP, 53));
	assert_true(has(b, "203.0.113.0", PROTO_UDP, 53));
	assert_false(has(b, "203.0.113.10", PROTO_TCP, 25));
	assert_false(has(b, "203.0.114.0", PROTO_UDP, 53));
	assert_true(has(b, "2001:db8:ffff::1", PROTO_TCP, 1));
	assert_false(has(b, "2001:db9::1", PROTO_TCP, 1));
	banned_free(b);
}

static void a_prefix_of_no_bits_holds_its_family(void **state)
{
	struct banned *b = NULL;

	(void)state;
	assert_int_equal(banned_new(&b), 0);
	ban(b, "0.0.0.0/0", &to_dns);
	ban(b, "198.51.100.0/24", &to_mail);
	assert_int_equal(banned_seal(b), 0);
	assert_true(has(b, "198.51.100.1", PROTO_UDP, 53));
	assert_true(has(b, "255.255.255.255", PROTO_UDP, 53));
	assert_false(has(b, "198.51.100.1", PROTO_TCP, 26));
	assert_false(has(b, "2001:db8::1", PROTO_UDP, 53));
	banned_free(b);
}

static void is_empty_after_clear(void **state)
{
	struct banned *b = NULL;

	(void)state;
	assert_int_equal(banned_new(&b), 0);
	ban(b, "203.0.113.9/32", &to_all);
	assert_int_equal(banned_seal(b), 0);
	banned_clear(b);
	assert_int_equal(banned_count(b), 0);
	ban(b, "198.51.100.9/32", &to_dns);
	assert_int_equal(banned_seal(b), 0);
	assert_false(has(b, "203.0.113.9", PROTO_UDP, 53));
	assert_true(has(b, "198.51.100.9", PROTO_UDP, 53));
	banned_free(b);
}

static void says_when_it_is_full(void **state)
{
	struct prefix p = { .addr = { .family = 4, .bytes = { 10 } }, .len = 32 };
	struct banned *b = NULL;

	(void)state;
	assert_int_equal(banned_new(&b), 0);
	for (size_t i = 0; i < BANNED_MAX; i++) {
		p.addr.bytes[2] = (uint8_t)(i >> 8);
		p.addr.bytes[3] = (uint8_t)i;
		assert_int_equal(banned_add(b, &p, &to_all), 0);
	}
	assert_int_equal(banned_add(b, &p, &to_all), -ENOBUFS);
	assert_int_equal(banned_seal(b), 0);
	assert_true(has(b, "10.0.255.255", PROTO_TCP, 9));
	assert_false(has(b, "10.1.0.0", PROTO_TCP, 9));
	banned_clear(b);
	for (int i = 0; i < SCOPES_MAX; i++) {
		const struct port_range one = { PROTO_TCP, (uint16_t)(i + 1), (uint16_t)(i + 1) };

		assert_int_equal(banned_add(b, &p,
					    &(struct scope){ .ranges = &one, .n_ranges = 1 }),
				 0);
	}
	assert_int_equal(banned_add(b, &p, &to_all), -ENOBUFS);
	banned_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_a_peer_by_each_prefix_that_holds_it),
		cmocka_unit_test(a_prefix_of_no_bits_holds_its_family),
		cmocka_unit_test(is_empty_after_clear),
		cmocka_unit_test(says_when_it_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
