/* SPDX-License-Identifier: MIT */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unit/base/dice.h"

_Static_assert(sizeof(struct addr) == 17 && sizeof(struct prefix) == 18,
	       "hashed as bytes: no padding");

/* Parses a copy without a NUL behind it, so that reading one byte too many is seen. */
static int parse_exactly(const char *text, struct addr *ret)
{
	size_t n = strlen(text);
	char *exact = malloc(n + (n == 0));
	int r;

	assert_non_null(exact);
	memcpy(exact, text, n);
	r = addr_parse((struct str){ .p = exact, .n = n }, ret);
	free(exact);
	return r;
}

static struct addr addr(const char *text)
{
	struct addr a;

	if (parse_exactly(text, &a) != 0) {
		fail_msg("%s is an address", text);
	}
	return a;
}

static struct prefix prefix(const char *text)
{
	struct prefix p;

	if (prefix_parse(str_of(text), &p) != 0) {
		fail_msg("%s is a prefix", text);
	}
	return p;
}

static void reads_and_prints_the_usual_forms(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: the same */
	} cases[] = {
		{ "0.0.0.0", NULL },
		{ "255.255.255.255", NULL },
		{ "192.0.2.7", NULL },
		{ "10.200.30.4", NULL },
		{ "::", NULL },
		{ "::1", NULL },
		{ "1::", NULL },
		{ "2001:db8::1", NULL },
		{ "2001:DB8::ABCD", "2001:db8::abcd" },
		{ "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1" },
		{ "1:2:3:4:5:6:7:8", NULL },
		{ "1:0:3:4:5:6:7:8", NULL },
		{ "1::3:4:5:6:7:8", "1:0:3:4:5:6:7:8" },
		{ "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8" },
		{ "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
		{ "1:0:0:4:0:0:0:8", "1:0:0:4::8" },
		{ "1:0:0:4:5:0:0:8", "1::4:5:0:0:8" },
		{ "0:0:3:4:5:6:0:0", "::3:4:5:6:0:0" },
		{ "fe80::10:200:3000:f", NULL },
		{ "::1.2.3.4", "::102:304" },
		{ "64:ff9b::192.0.2.33", "64:ff9b::c000:221" },
		{ "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "::FFFF:c000:0201", "192.0.2.1" },
		{ "0:0:0:0:0:ffff:255.255.255.255", "255.255.255.255" },
		{ "0000:0000:0000:0000:0000:ffff:1.2.3.4", "1.2.3.4" },
		{ "::fffe:192.0.2.1", "::fffe:c000:201" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	};

	char out[ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct addr a = addr(cases[i].text);

		assert_string_equal(addr_format(&a, out),
				    cases[i].want ? cases[i].want : cases[i].text);
	}
}

static void refuses_what_is_no_address(void **state)
{
	static const char *const cases[] = {
		"",
		" ",
		".",
		":",
		"1",
		"1.2.3",
		"1.2.3.",
		".1.2.3",
		"1..2.3",
		"1.2.3.4.",
		"1.2.3.4.5",
		"1.2.3.256",
		"1.2.3.1000",
		"1.2.3.99999999999999999999",
		"1.2.3.-4",
		"1.2.3.+4",
		"1.2.3. 4",
		" 1.2.3.4",
		"1.2.3.4 ",
		"1.2.3.4\n",
		"01.2.3.4",
		"1.2.3.04",
		"1.2.3.00",
		"0x1.2.3.4",
		"1.2.3.a",
		"16909060",
		"1.2.3.4/32",
		"1.2.3.4:80",
		"[1.2.3.4]",
		"[::1]",
		"example.org",
		"localhost",
		":1",
		"1:",
		":::",
		"::1:",
		":1::",
		"1:::2",
		"1::2::3",
		"::1::",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7:8:",
		"1:2:3:4:5:6:7:8::",
		"::1:2:3:4:5:6:7:8",
		"1:2:3:4::5:6:7:8",
		"12345::",
		"::12345",
		"00001::",
		"::g",
		"::-1",
		"::1.2.3",
		"::1.2.3.4.5",
		"::1.2.3.256",
		"::01.2.3.4",
		"1.2.3.4::",
		"::1.2.3.4:5",
		"1:2:3:4:5:6:7:1.2.3.4",
		"1:2:3:4:5:1.2.3.4",
		"fe80::1%eth0",
		"fe80::1%1",
		"::1/128",
		"\xd9\xa1.2.3.4",
		"1.2.3.4\xff",
		"0000:0000:0000:0000:0000:0000:0000:00000",
		"0000:0000:0000:0000:0000:ffff:255.255.255.2555",
		"::ffff:abcd.1.2.3",
		"::a1.2.3.4",
		"1:2:3:4:5:6:7:8%1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct addr a = { .family = 99 };

		if (parse_exactly(cases[i], &a) != -EINVAL || a.family != 99) {
			fail_msg("\"%s\" is no address", cases[i]);
		}
	}
}

static void a_nul_byte_ends_nothing(void **state)
{
	struct addr a;

	(void)state;
	assert_int_equal(addr_parse(STR("1.2.3.4\0"), &a), -EINVAL);
	assert_int_equal(addr_parse(STR("::1\0"), &a), -EINVAL);
	assert_int_equal(addr_parse(STR("\0"
					"1.2.3.4"),
				    &a),
			 -EINVAL);
	assert_int_equal(addr_parse(STR_NONE, &a), -EINVAL);
}

static void reads_no_further_than_the_text(void **state)
{
	struct addr a;

	(void)state;
	assert_int_equal(addr_parse((struct str){ "192.0.2.123", 9 }, &a), 0);
	assert_int_equal(a.bytes[3], 1);
	assert_int_equal(addr_parse((struct str){ "2001:db8::1:2", 11 }, &a), 0);
	assert_int_equal(a.bytes[15], 1);
	assert_int_equal(a.bytes[13], 0);
}

static void bytes_beyond_the_family_are_zero(void **state)
{
	struct addr a, b = addr("::ffff:10.1.2.3");

	(void)state;
	memset(&a, 0xff, sizeof(a));
	assert_int_equal(addr_parse(STR("10.1.2.3"), &a), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_true(addr_eq(&a, &b));
	for (size_t i = 4; i < sizeof(a.bytes); i++) {
		assert_int_equal(a.bytes[i], 0);
	}
}

/* A text near the border: pieces of addresses in random order. */
static size_t random_text(struct dice *d, char out[static 64])
{
	static const char *const pieces[] = { ":",       "::",   ".",    "0",   "1",
					      "255",     "256",  "ffff", "db8", "00",
					      "1.2.3.4", ":1:2", "f",    "%",   "::ffff:" };
	size_t n = 0;

	for (uint32_t i = 0, count = 1 + dice_below(d, 12); i < count; i++) {
		const char *piece = pieces[dice_below(d, ARRAY_SIZE(pieces))];

		if (n + strlen(piece) < 64) {
			memcpy(out + n, piece, strlen(piece));
			n += strlen(piece);
		}
	}
	out[n] = '\0';
	return n;
}

static void agrees_with_inet_pton(void **state)
{
	struct dice d = dice_new(4291);
	unsigned good = 0;

	(void)state;
	for (uint32_t i = 0; i < 500000; i++) {
		static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
		unsigned char want[16] = { 0 };
		char text[64];
		size_t n = random_text(&d, text);
		struct addr a = { .family = 0 };
		int family = inet_pton(AF_INET, text, want) == 1    ? 4
			     : inet_pton(AF_INET6, text, want) == 1 ? 6
								    : 0;

		if (family == 6 && memcmp(want, mapped, 12) == 0) {
			family = 4;
			memcpy(want, want + 12, 4);
			memset(want + 4, 0, 12);
		}
		(void)!addr_parse((struct str){ text, n }, &a);
		if (a.family != family || (family != 0 && memcmp(a.bytes, want, 16) != 0)) {
			fail_msg("%s: family %d, want %d", text, a.family, family);
		}
		good += family != 0;
	}
	assert_in_range(good, 5000, 400000);
}

static void prints_as_inet_ntop_does_and_reads_it_back(void **state)
{
	struct dice d = dice_new(5952);

	(void)state;
	for (uint32_t i = 0; i < 200000; i++) {
		struct addr a = { .family = 6 }, back;
		char got[ADDR_TEXT_MAX], want[ADDR_TEXT_MAX];

		for (size_t k = 0; k < 16; k += 2) {
			a.bytes[k] = (uint8_t)(dice_below(&d, 3) == 0 ? dice_below(&d, 256) : 0);
			a.bytes[k + 1] =
				(uint8_t)(dice_below(&d, 2) == 0 ? dice_below(&d, 256) : 0);
		}
		a.bytes[0] |= 0x20; /* outside of ::/96, which inet_ntop() prints with dots */
		assert_non_null(inet_ntop(AF_INET6, a.bytes, want, sizeof(want)));
		assert_string_equal(addr_format(&a, got), want);
		assert_int_equal(addr_parse(str_of(got), &back), 0);
		assert_true(addr_eq(&a, &back));
	}
}

static void prints_addresses_that_no_text_gives(void **state)
{
	struct addr none = { .family = 0 };
	struct addr mapped = {
		.family = 6, .bytes = { [10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1 }
	};
	char out[ADDR_TEXT_MAX];

	(void)state;
	assert_string_equal(addr_format(&none, out), "");
	assert_int_equal(addr_bits(&none), 0);
	assert_string_equal(addr_format(&mapped, out), "::ffff:192.0.2.1");
}

static void takes_the_ipv4_address_out_of_its_wrapping(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "64:ff9b::192.0.2.33", "192.0.2.33" },
		{ "64:ff9b::1:192.0.2.33", "64:ff9b::1:c000:221" },
		{ "64:ff9b:1::192.0.2.33", "64:ff9b:1::c000:221" },
		{ "2002:c000:0221::1", "192.0.2.33" },
		{ "2003:c000:0221::1", "2003:c000:221::1" },
		{ "2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.0.2.45" },
		{ "2001:1:4136:e378:8000:63bf:3fff:fdd2", "2001:1:4136:e378:8000:63bf:3fff:fdd2" },
		{ "198.51.100.4", "198.51.100.4" },
		{ "2001:db8::1", "2001:db8::1" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct addr a = addr(cases[i].text), want = addr(cases[i].want);
		struct addr got = addr_unwrap(&a);

		assert_memory_equal(&got, &want, sizeof(got));
	}
}

static void reads_prefixes_and_prints_them_in_two_ways(void **state)
{
	static const struct {
		const char *text;
		int r;
		const char *full, *brief;
	} cases[] = {
		{ "203.0.113.9", 0, "203.0.113.9/32", "203.0.113.9" },
		{ "203.0.113.9/32", 0, "203.0.113.9/32", "203.0.113.9" },
		{ "203.0.113.0/24", 0, "203.0.113.0/24", "203.0.113.0/24" },
		{ "0.0.0.0/0", 0, "0.0.0.0/0", "0.0.0.0/0" },
		{ "128.0.0.0/1", 0, "128.0.0.0/1", "128.0.0.0/1" },
		{ "::/0", 0, "::/0", "::/0" },
		{ "2001:db8::1", 0, "2001:db8::1/128", "2001:db8::1" },
		{ "2001:db8::/32", 0, "2001:db8::/32", "2001:db8::/32" },
		{ "2001:db8::/127", 0, "2001:db8::/127", "2001:db8::/127" },
		{ "::ffff:192.0.2.0/120", 0, "192.0.2.0/24", "192.0.2.0/24" },
		{ "::ffff:0:0/96", 0, "0.0.0.0/0", "0.0.0.0/0" },
		{ "::ffff:192.0.2.1/128", 0, "192.0.2.1/32", "192.0.2.1" },
		{ "203.0.113.9/24", -ERANGE, "203.0.113.0/24", "203.0.113.0/24" },
		{ "203.0.113.9/31", -ERANGE, "203.0.113.8/31", "203.0.113.8/31" },
		{ "255.255.255.255/0", -ERANGE, "0.0.0.0/0", "0.0.0.0/0" },
		{ "255.255.255.255/13", -ERANGE, "255.248.0.0/13", "255.248.0.0/13" },
		{ "2001:db8::1/64", -ERANGE, "2001:db8::/64", "2001:db8::/64" },
		{ "ffff:ffff::/17", -ERANGE, "ffff:8000::/17", "ffff:8000::/17" },
	};

	char out[PREFIX_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct prefix p;

		assert_int_equal(prefix_parse(str_of(cases[i].text), &p), cases[i].r);
		assert_string_equal(prefix_format(&p, out), cases[i].full);
		assert_string_equal(prefix_format_short(&p, out), cases[i].brief);
	}
}

static void refuses_what_is_no_prefix(void **state)
{
	static const char *const cases[] = {
		"",
		"/",
		"/24",
		"1.2.3.4/",
		"1.2.3.4/33",
		"1.2.3.4/-1",
		"1.2.3.4/+8",
		"1.2.3.4/ 8",
		"1.2.3.4/8 ",
		"1.2.3.4/08",
		"1.2.3.4/00",
		"1.2.3.4/8/8",
		"1.2.3.4//8",
		"1.2.3.4/0000000008",
		"1.2.3.4/255.0.0.0",
		"1.2.3.4/99999999999999999999",
		"1.2.3/24",
		"10/8",
		"::1/129",
		"::/0x40",
		"::ffff:1.2.3.4/95",
		"::ffff:1.2.3.4/24",
		"::ffff:1.2.3.4/129",
		"1.2.3.4/256",
		"1.2.3.4/288",
		"example.org/24",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct prefix p = { .len = 77 };

		if (prefix_parse(str_of(cases[i]), &p) != -EINVAL || p.len != 77) {
			fail_msg("\"%s\" is no prefix", cases[i]);
		}
	}
}

static void cuts_a_length_to_the_family(void **state)
{
	struct addr v4 = addr("192.0.2.7"), v6 = addr("2001:db8::7");
	struct prefix p = prefix_of(&v4, 255), q = prefix_of(&v6, 255), r = prefix_of(&v6, 48);

	(void)state;
	assert_int_equal(p.len, 32);
	assert_int_equal(q.len, 128);
	assert_true(addr_eq(&p.addr, &v4));
	assert_true(addr_eq(&q.addr, &v6));
	assert_true(prefix_eq(&r, &(struct prefix){ prefix("2001:db8::/48").addr, 48 }));
}

static void knows_what_contains_and_overlaps(void **state)
{
	static const struct {
		const char *a, *b;
		bool contains, overlaps;
	} cases[] = {
		{ "10.0.0.0/8", "10.1.0.0/16", true, true },
		{ "10.1.0.0/16", "10.0.0.0/8", false, true },
		{ "10.0.0.0/8", "10.0.0.0/8", true, true },
		{ "10.0.0.0/8", "11.0.0.0/8", false, false },
		{ "0.0.0.0/0", "255.255.255.255", true, true },
		{ "0.0.0.0/0", "::/0", false, false },
		{ "::/0", "1.2.3.4", false, false },
		{ "::/0", "ffff::1", true, true },
		{ "10.0.0.0/9", "10.128.0.0/9", false, false },
		{ "10.0.0.0/8", "10.128.0.0/9", true, true },
		{ "192.0.2.4/30", "192.0.2.7", true, true },
		{ "192.0.2.4/30", "192.0.2.8", false, false },
		{ "2001:db8::/33", "2001:db8:8000::", false, false },
		{ "2001:db8::/32", "2001:db8:8000::/33", true, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct prefix a = prefix(cases[i].a), b = prefix(cases[i].b);

		if (prefix_contains(&a, &b) != cases[i].contains ||
		    prefix_overlaps(&a, &b) != cases[i].overlaps ||
		    prefix_overlaps(&b, &a) != cases[i].overlaps) {
			fail_msg("%s and %s", cases[i].a, cases[i].b);
		}
	}
}

static void sorts_by_family_then_bytes_then_length(void **state)
{
	static const char *const sorted[] = { "0.0.0.0/0",   "0.0.0.0/8",     "0.0.0.0",
					      "10.0.0.0/8",  "10.0.0.0/9",    "10.0.0.1",
					      "255.0.0.0/8", "::/0",          "::",
					      "::1",         "2001:db8::/32", "2001:db8::/48" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(sorted); k++) {
			struct prefix a = prefix(sorted[i]), b = prefix(sorted[k]);
			int cmp = prefix_cmp(&a, &b);

			assert_int_equal((cmp > 0) - (cmp < 0), (i > k) - (i < k));
			assert_int_equal(prefix_eq(&a, &b), i == k);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_prints_the_usual_forms),
		cmocka_unit_test(refuses_what_is_no_address),
		cmocka_unit_test(a_nul_byte_ends_nothing),
		cmocka_unit_test(reads_no_further_than_the_text),
		cmocka_unit_test(bytes_beyond_the_family_are_zero),
		cmocka_unit_test(agrees_with_inet_pton),
		cmocka_unit_test(prints_as_inet_ntop_does_and_reads_it_back),
		cmocka_unit_test(prints_addresses_that_no_text_gives),
		cmocka_unit_test(takes_the_ipv4_address_out_of_its_wrapping),
		cmocka_unit_test(reads_prefixes_and_prints_them_in_two_ways),
		cmocka_unit_test(refuses_what_is_no_prefix),
		cmocka_unit_test(cuts_a_length_to_the_family),
		cmocka_unit_test(knows_what_contains_and_overlaps),
		cmocka_unit_test(sorts_by_family_then_bytes_then_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
