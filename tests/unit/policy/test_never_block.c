/* SPDX-License-Identifier: MIT */
#include "policy/never_block.h"

#include <errno.h>

#include "unit/check.h"

static const uint8_t SEED[TABLE_SEED_SIZE] = { 3 };

static struct prefix prefix(const char *text)
{
	struct prefix p = { 0 };

	assert_int_equal(prefix_parse(str_of(text), &p), 0);
	return p;
}

static struct never_entry entry(enum never_from from, const char *text)
{
	const struct prefix p = prefix(text);

	return never_entry_of(from, &p);
}

static struct never_block *list(uint32_t capacity)
{
	struct never_block *nb = NULL;

	assert_int_equal(never_block_new(capacity, 64, SEED, &nb), 0);
	return nb;
}

static const struct never_entry *find(const struct never_block *nb, const char *text, uint16_t jail,
				      uint16_t service)
{
	const struct prefix p = prefix(text);

	return never_block_find(nb, &p, jail, service);
}

static void put(struct never_block *nb, const struct never_entry *e, int want)
{
	assert_int_equal(never_block_put(nb, e), want);
}

static void an_entry_for_everybody_goes_before_a_longer_one_for_a_jail(void **state)
{
	CLEANUP(never_block_freep) struct never_block *nb = list(8);
	struct never_entry all = entry(NEVER_CONFIG, "203.0.113.0/24"),
			   jail = entry(NEVER_BY_HAND, "203.0.113.9/32"),
			   service = entry(NEVER_BY_HAND, "198.51.100.0/24");

	(void)state;
	jail.jail = 2;
	service.service = 1;
	put(nb, &jail, NEVER_MADE);
	put(nb, &service, NEVER_MADE);
	assert_int_equal(find(nb, "203.0.113.9", 2, 0)->jail, 2);
	assert_null(find(nb, "203.0.113.9", 1, 0));
	assert_null(find(nb, "203.0.113.0/24", 2, 0));
	assert_non_null(find(nb, "198.51.100.7", 0, 1));
	assert_null(find(nb, "198.51.100.7", 0, NEVER_ANY_SERVICE));
	put(nb, &all, NEVER_MADE);
	assert_true(never_entry_is_global(find(nb, "203.0.113.9", 2, 0)));
}

static void what_is_there_already_is_renewed_and_goes_on_counting(void **state)
{
	CLEANUP(never_block_freep) struct never_block *nb = list(8);
	struct never_entry e = entry(NEVER_BY_HAND, "203.0.113.9");
	const instant noon = instant_at(1000 * 3600), later = instant_at(1023 * 3600 + 5),
		      next_day = instant_at(1024 * 3600);

	(void)state;
	e.until = instant_at(2000 * 3600);
	e.reason = STR("why");
	put(nb, &e, NEVER_MADE);
	never_block_count_spared(nb, find(nb, "203.0.113.9", 0, 0), noon);
	never_block_count_spared(nb, find(nb, "203.0.113.9", 0, 0), later);
	e.until = INSTANT_NEVER;
	e.reason = STR("because");
	put(nb, &e, NEVER_RENEWED);
	assert_int_equal(never_block_count(nb), 1);
	assert_true(instant_is_never(never_block_next_end(nb)));
	assert_true(str_eq(find(nb, "203.0.113.9", 0, 0)->reason, STR("because")));
	assert_int_equal(never_block_spared(nb, find(nb, "203.0.113.9", 0, 0), later), 2);
	assert_int_equal(never_block_spared(nb, find(nb, "203.0.113.9", 0, 0), next_day), 1);
	never_block_count_spared(nb, find(nb, "203.0.113.9", 0, 0), instant_at(9000 * 3600));
	assert_int_equal(never_block_spared(nb, find(nb, "203.0.113.9", 0, 0),
					    instant_at(9000 * 3600)),
			 1);
}

static void entries_end_in_order_and_at_their_end(void **state)
{
	CLEANUP(never_block_freep) struct never_block *nb = list(8);
	struct never_entry a = entry(NEVER_BY_HAND, "203.0.113.9"),
			   b = entry(NEVER_BY_HAND, "203.0.113.10");

	(void)state;
	a.until = instant_at(20);
	b.until = instant_at(10);
	put(nb, &a, NEVER_MADE);
	put(nb, &b, NEVER_MADE);
	assert_int_equal(never_block_next_end(nb).us, instant_at(10).us);
	assert_false(never_block_expire(nb, instant_at(9)));
	assert_true(never_block_expire(nb, instant_at(10)));
	assert_null(find(nb, "203.0.113.10", 0, 0));
	assert_non_null(find(nb, "203.0.113.9", 0, 0));
	assert_true(never_block_expire(nb, instant_at(20)));
	assert_int_equal(never_block_count(nb), 0);
	assert_true(instant_is_never(never_block_next_end(nb)));
}

static void learning_replaces_what_came_from_the_same_origin_only(void **state)
{
	CLEANUP(never_block_freep) struct never_block *nb = list(8);
	struct never_entry learnt[] = { entry(NEVER_HOST, "203.0.113.9"),
					entry(NEVER_HOST, "203.0.113.10") };
	const struct never_entry own = entry(NEVER_OWN, "203.0.113.9");
	uint64_t changes;

	(void)state;
	learnt[0].text = STR("a.example");
	learnt[1].text = STR("b.example");
	put(nb, &own, NEVER_MADE);
	assert_int_equal(never_block_replace(nb, NEVER_HOST, learnt, 2), 0);
	assert_int_equal(never_block_count(nb), 3);
	changes = never_block_changes(nb);
	assert_int_equal(never_block_replace(nb, NEVER_HOST, learnt, 2), 0);
	assert_int_equal(never_block_changes(nb), changes);
	assert_int_equal(never_block_replace(nb, NEVER_HOST, learnt + 1, 1), 0);
	assert_true(never_block_changes(nb) > changes);
	assert_int_equal(find(nb, "203.0.113.9", 0, 0)->from, NEVER_OWN);
	assert_int_equal(never_block_replace(nb, NEVER_HOST, NULL, 0), 0);
	assert_int_equal(never_block_count(nb), 1);
}

static void a_full_list_takes_no_more_and_loses_nothing(void **state)
{
	CLEANUP(never_block_freep) struct never_block *nb = list(2);
	struct never_entry e[] = { entry(NEVER_HOST, "203.0.113.9"),
				   entry(NEVER_HOST, "203.0.113.10"),
				   entry(NEVER_HOST, "203.0.113.11") };

	(void)state;
	put(nb, &e[0], NEVER_MADE);
	assert_int_equal(never_block_replace(nb, NEVER_HOST, e + 1, 2), -ENOSPC);
	assert_non_null(find(nb, "203.0.113.9", 0, 0));
	never_block_remove(nb, find(nb, "203.0.113.9", 0, 0));
	put(nb, &e[2], NEVER_MADE);
	put(nb, &e[0], -ENOSPC);
}

static void holes_are_the_prefixes_for_everybody(void **state)
{
	CLEANUP(never_block_freep) struct never_block *nb = list(8);
	CLEANUP(netset_freep) struct netset *holes = NULL;
	struct never_entry jail = entry(NEVER_CONFIG, "192.0.2.0/24"),
			   all = entry(NEVER_CONFIG, "2001:db8::1/128"),
			   host = { .from = NEVER_BY_HAND,
				    .until = INSTANT_NEVER,
				    .jail = NEVER_ANY_JAIL,
				    .service = NEVER_ANY_SERVICE,
				    .text = STR("a.example") };

	(void)state;
	jail.jail = 0;
	put(nb, &jail, NEVER_MADE);
	put(nb, &all, NEVER_MADE);
	put(nb, &host, NEVER_MADE);
	put(nb, &host, NEVER_RENEWED);
	assert_int_equal(never_block_holes(nb, &holes), 0);
	assert_int_equal(netset_count(holes), 1);
	assert_int_equal(netset_at(holes, 0, NULL)->len, 128);
}

static void inside_a_subject_an_entry_for_a_jail_is_that_subject(void **state)
{
	CLEANUP(never_block_freep) struct never_block *nb = list(8);
	struct never_entry jail = entry(NEVER_CONFIG, "2001:db8::1/128");

	(void)state;
	jail.jail = 0;
	put(nb, &jail, NEVER_MADE);
	assert_int_equal(find(nb, "2001:db8::/64", 0, 0)->prefix.len, 64);
	assert_non_null(never_block_same(nb, &jail));
}

static void every_origin_has_a_word(void **state)
{
	(void)state;
	for (unsigned i = 0; i < NEVER_FROM_COUNT; i++) {
		assert_true(never_from_word((enum never_from)i)[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_for_everybody_goes_before_a_longer_one_for_a_jail),
		cmocka_unit_test(what_is_there_already_is_renewed_and_goes_on_counting),
		cmocka_unit_test(entries_end_in_order_and_at_their_end),
		cmocka_unit_test(learning_replaces_what_came_from_the_same_origin_only),
		cmocka_unit_test(a_full_list_takes_no_more_and_loses_nothing),
		cmocka_unit_test(holes_are_the_prefixes_for_everybody),
		cmocka_unit_test(inside_a_subject_an_entry_for_a_jail_is_that_subject),
		cmocka_unit_test(every_origin_has_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
