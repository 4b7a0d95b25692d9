/* SPDX-License-Identifier: MIT */
#include "output/cover.h"

#include <stdlib.h>
#include <string.h>

#include "unit/base/dice.h"

static struct netset *set_of(const char *const *texts)
{
	struct netset *s = netset_new();

	assert_non_null(s);
	for (; *texts; texts++) {
		struct prefix p;

		assert_int_equal(prefix_parse(str_of(*texts), &p), 0);
		assert_int_equal(netset_add(s, &p, 0), 0);
	}
	netset_seal(s);
	return s;
}

static void check(const char *const *given, uint8_t family, const char *wanted)
{
	CLEANUP(netset_freep) struct netset *s = set_of(given);
	struct prefix *list = NULL;
	char got[1024] = "", text[PREFIX_TEXT_MAX];
	size_t n = 99;

	assert_int_equal(cover_of(s, family, &list, &n), 0);
	for (size_t i = 0; i < n; i++) {
		(void)strncat(got, prefix_format(&list[i], text), sizeof(got) - strlen(got) - 1);
		(void)strncat(got, i + 1 < n ? " " : "", sizeof(got) - strlen(got) - 1);
	}
	assert_string_equal(got, wanted);
	free(list);
}

static void nothing_covers_nothing(void **state)
{
	CLEANUP(netset_freep) struct netset *s = set_of((const char *const[]){ NULL });
	struct prefix *list = (struct prefix *)s;
	size_t n = 99;

	(void)state;
	assert_int_equal(cover_of(s, 4, &list, &n), 0);
	assert_null(list);
	assert_int_equal(n, 0);
}

static void what_lies_inside_another_is_left_out(void **state)
{
	(void)state;
	check((const char *const[]){ "10.1.2.3", "10.0.0.0/8", "10.1.0.0/16", "192.0.2.1", NULL },
	      4, "10.0.0.0/8 192.0.2.1/32");
	check((const char *const[]){ "0.0.0.0/0", "10.0.0.0/8", "255.255.255.255", NULL }, 4,
	      "0.0.0.0/0");
}

static void families_are_apart(void **state)
{
	static const char *const both[] = { "::1", "10.0.0.0/8", "fe80::/10", NULL };

	(void)state;
	check(both, 4, "10.0.0.0/8");
	check(both, 6, "::1/128 fe80::/10");
}

static void halves_become_one_as_far_as_they_go(void **state)
{
	(void)state;
	check((const char *const[]){ "10.0.0.0/9", "10.128.0.0/9", NULL }, 4, "10.0.0.0/8");
	check((const char *const[]){ "192.0.2.0", "192.0.2.1", "192.0.2.2/31", "192.0.2.4/30",
				     NULL },
	      4, "192.0.2.0/29");
	check((const char *const[]){ "0.0.0.0/1", "128.0.0.0/1", NULL }, 4, "0.0.0.0/0");
	check((const char *const[]){ "::/1", "8000::/1", NULL }, 6, "::/0");
}

static void neighbours_that_are_no_halves_stay_two(void **state)
{
	(void)state;
	check((const char *const[]){ "192.0.2.1", "192.0.2.2", NULL }, 4,
	      "192.0.2.1/32 192.0.2.2/32");
	check((const char *const[]){ "11.0.0.0/8", "12.0.0.0/8", NULL }, 4,
	      "11.0.0.0/8 12.0.0.0/8");
}

/* The addresses of one /24. */
struct addresses {
	bool in[256];
};

static bool holds_all(const struct addresses *a, size_t from, size_t n)
{
	for (size_t i = from; i < from + n; i++) {
		if (!a->in[i]) {
			return false;
		}
	}
	return true;
}

static struct netset *random_set(struct dice *d, struct addresses *ret)
{
	struct netset *s = netset_new();

	assert_non_null(s);
	for (uint32_t i = dice_below(d, 12); i > 0; i--) {
		struct addr a = { .family = 4,
				  .bytes = { 192, 0, 2, (uint8_t)dice_below(d, 256) } };
		struct prefix p = prefix_of(&a, (uint8_t)(24 + dice_below(d, 9)));

		assert_int_equal(netset_add(s, &p, 0), 0);
		memset(ret->in + p.addr.bytes[3], true, (size_t)1 << (32 - p.len));
	}
	netset_seal(s);
	return s;
}

/* Takes the prefix out of the addresses; all of its own must be there, not all of the wider one. */
static void take_out(struct addresses *left, const struct addresses *all, const struct prefix *p)
{
	struct prefix wider = prefix_of(&p->addr, (uint8_t)(p->len - 1));
	size_t n = (size_t)1 << (32 - p->len);

	assert_true(holds_all(left, p->addr.bytes[3], n));
	assert_false(p->len > 24 && holds_all(all, wider.addr.bytes[3], 2 * n));
	memset(left->in + p->addr.bytes[3], false, n);
}

static void holds_the_same_addresses_in_the_fewest_prefixes(void **state)
{
	static const struct addresses none;
	struct dice d = dice_new(20250101);

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct addresses all = none, left;
		CLEANUP(netset_freep) struct netset *s = random_set(&d, &all);
		struct prefix *list = NULL;
		size_t n = 0;

		left = all;
		assert_int_equal(cover_of(s, 4, &list, &n), 0);
		for (size_t i = 0; i < n; i++) {
			take_out(&left, &all, &list[i]);
		}
		assert_memory_equal(&left, &none, sizeof(none));
		free(list);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_covers_nothing),
		cmocka_unit_test(what_lies_inside_another_is_left_out),
		cmocka_unit_test(families_are_apart),
		cmocka_unit_test(halves_become_one_as_far_as_they_go),
		cmocka_unit_test(neighbours_that_are_no_halves_stay_two),
		cmocka_unit_test(holds_the_same_addresses_in_the_fewest_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
