/* SPDX-License-Identifier: MIT */
#include "base/netset.h"

#include <string.h>

#include "unit/base/dice.h"
#include "unit/base/dies.h"

static struct prefix prefix(const char *text)
{
	struct prefix p;

	assert_int_equal(prefix_parse(str_of(text), &p), 0);
	return p;
}

static void add(struct netset *s, const char *text, uint32_t tag)
{
	struct prefix p = prefix(text);

	assert_int_equal(netset_add(s, &p, tag), 0);
}

static const char *covering(const struct netset *s, const char *text, uint32_t *ret_tag)
{
	static char out[PREFIX_TEXT_MAX];
	struct prefix p = prefix(text);
	const struct prefix *found = netset_covering(s, &p, ret_tag);

	return found ? prefix_format(found, out) : "none";
}

static void an_empty_set_holds_nothing(void **state)
{
	CLEANUP(netset_freep) struct netset *s = netset_new();

	(void)state;
	netset_seal(s);
	assert_int_equal(netset_count(s), 0);
	assert_string_equal(covering(s, "1.2.3.4", NULL), "none");
	assert_null(netset_free(NULL));
}

static void the_longest_entry_answers(void **state)
{
	CLEANUP(netset_freep) struct netset *s = netset_new();
	uint32_t tag = 0;

	(void)state;
	add(s, "10.0.0.0/8", 8);
	add(s, "10.1.0.0/16", 16);
	add(s, "10.1.2.3", 32);
	add(s, "::/0", 6);
	netset_seal(s);
	assert_string_equal(covering(s, "10.1.2.3", &tag), "10.1.2.3/32");
	assert_int_equal(tag, 32);
	assert_string_equal(covering(s, "10.1.2.0/24", &tag), "10.1.0.0/16");
	assert_int_equal(tag, 16);
	assert_string_equal(covering(s, "10.0.0.0/8", &tag), "10.0.0.0/8");
	assert_string_equal(covering(s, "10.0.0.0/7", &tag), "none");
	assert_string_equal(covering(s, "11.0.0.0", &tag), "none");
	assert_int_equal(tag, 8);
	assert_string_equal(covering(s, "2001:db8::1", &tag), "::/0");
	assert_int_equal(tag, 6);
	assert_string_equal(covering(s, "0.0.0.0/0", NULL), "none");
}

static void the_first_tag_of_a_prefix_stays(void **state)
{
	CLEANUP(netset_freep) struct netset *s = netset_new();
	uint32_t tag = 0;

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		add(s, "192.0.2.0/24", 1000 - i);
		add(s, i % 2 ? "198.51.100.1" : "198.51.100.2", i);
	}
	netset_seal(s);
	assert_int_equal(netset_count(s), 3);
	assert_string_equal(covering(s, "192.0.2.9", &tag), "192.0.2.0/24");
	assert_int_equal(tag, 1000);
	(void)netset_at(s, 1, &tag);
	assert_int_equal(tag, 1);
	add(s, "192.0.2.0/24", 5);
	add(s, "192.0.2.0/25", 6);
	netset_seal(s);
	assert_int_equal(netset_count(s), 4);
	(void)netset_at(s, 0, &tag);
	assert_int_equal(tag, 1000);
}

static void nothing_lies_beyond_the_last_entry(void **state)
{
	CLEANUP(netset_freep) struct netset *s = netset_new();
	struct prefix p = prefix("10.0.0.255");

	(void)state;
	for (uint8_t i = 0; i < 16; i++) {
		struct prefix each = { .addr = { .family = 4, .bytes = { 10, 0, 0, i } },
				       .len = 32 };

		assert_int_equal(netset_add(s, &each, i), 0);
	}
	netset_seal(s);
	assert_null(netset_covering(s, &p, NULL));
}

static void ask_what_covers(void *s)
{
	struct prefix p = prefix("10.0.0.0/8");

	(void)netset_covering(s, &p, NULL);
}

static void ask_for_the_first(void *s)
{
	(void)netset_at(s, 0, NULL);
}

static void asking_before_sealing_is_a_bug(void **state)
{
	static void (*const questions[])(void *s) = { ask_what_covers, ask_for_the_first };
	CLEANUP(netset_freep) struct netset *s = netset_new();

	(void)state;
	netset_seal(s);
	assert_true(dies(ask_for_the_first, s));
	add(s, "10.0.0.0/8", 0);
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		assert_true(dies(questions[i], s));
	}
	netset_seal(s);
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		assert_false(dies(questions[i], s));
	}
}

enum { ENTRIES = 120 };

struct model {
	struct prefix prefixes[ENTRIES];
	size_t n;
};

/* Few distinct bits, so that prefixes meet. */
static struct prefix random_prefix(struct dice *d)
{
	struct addr a = { .family = dice_below(d, 2) ? 4 : 6 };

	for (size_t i = 0; i < addr_bits(&a) / 8U; i++) {
		a.bytes[i] = (uint8_t)(dice_below(d, 6) == 0 ? 0x80 : 0);
	}
	return prefix_of(&a, (uint8_t)dice_below(d, addr_bits(&a) + 1U));
}

static const struct prefix *model_covering(const struct model *m, const struct prefix *p,
					   uint32_t *ret_tag)
{
	const struct prefix *best = NULL;

	for (size_t i = 0; i < m->n; i++) {
		if (prefix_contains(&m->prefixes[i], p) &&
		    (!best || m->prefixes[i].len > best->len)) {
			best = &m->prefixes[i];
			*ret_tag = (uint32_t)i;
		}
	}
	return best;
}

static void ask_both(const struct netset *s, const struct model *m, const struct prefix *p)
{
	uint32_t got_tag = 0, want_tag = 0;
	const struct prefix *got = netset_covering(s, p, &got_tag);
	const struct prefix *want = model_covering(m, p, &want_tag);

	assert_int_equal(got != NULL, want != NULL);
	if (got) {
		assert_true(prefix_eq(got, want));
		assert_int_equal(got_tag, want_tag);
	}
}

static void behaves_as_a_naive_list_does(void **state)
{
	struct dice d = dice_new(4632);

	(void)state;
	for (uint32_t round = 0; round < 300; round++) {
		CLEANUP(netset_freep) struct netset *s = netset_new();
		struct model m = { .n = dice_below(&d, ENTRIES + 1) };

		for (size_t i = 0; i < m.n; i++) {
			m.prefixes[i] = random_prefix(&d);
			assert_int_equal(netset_add(s, &m.prefixes[i], (uint32_t)i), 0);
		}
		netset_seal(s);
		for (uint32_t i = 0; i < 100; i++) {
			struct prefix p = random_prefix(&d);

			ask_both(s, &m, &p);
		}
		for (size_t i = 1; i < netset_count(s); i++) {
			assert_true(prefix_cmp(netset_at(s, i - 1, NULL), netset_at(s, i, NULL)) <
				    0);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_set_holds_nothing),
		cmocka_unit_test(the_longest_entry_answers),
		cmocka_unit_test(the_first_tag_of_a_prefix_stays),
		cmocka_unit_test(nothing_lies_beyond_the_last_entry),
		cmocka_unit_test(asking_before_sealing_is_a_bug),
		cmocka_unit_test(behaves_as_a_naive_list_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
