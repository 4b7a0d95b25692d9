/* SPDX-License-Identifier: MIT */
#include "output/kernel_plan.h"

#include <errno.h>
#include <string.h>

#include "unit/check.h"

static const struct port_range MAIL[] = { { PROTO_TCP, 25, 25 },
					  { PROTO_TCP, 1000, 2000 },
					  { PROTO_UDP, 53, 53 } };
static const struct scope SCOPES[] = {
	{ .name = { "all", 3 }, .verdict = VERDICT_DROP },
	{ .name = { "mail", 4 }, .ranges = MAIL, .n_ranges = 3, .verdict = VERDICT_REJECT },
	{ .name = { "25", 2 }, .ranges = MAIL, .n_ranges = 1, .verdict = VERDICT_DROP },
	{ .name = { "no", 2 }, .verdict = VERDICT_REJECT },
};

static struct netset *never;

static struct kernel_plan plan_of(size_t n_scopes)
{
	return (struct kernel_plan){
		.table = "ipsd", .scopes = SCOPES, .n_scopes = n_scopes, .never_block = never
	};
}

static int make_never(void **state)
{
	static const char *const texts[] = { "10.0.0.0/8", "10.1.2.3", "192.0.2.0/25",
					     "192.0.2.128/25", "::1" };

	(void)state;
	never = netset_new();
	assert_non_null(never);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct prefix p;

		assert_int_equal(prefix_parse(str_of(texts[i]), &p), 0);
		assert_int_equal(netset_add(never, &p, 0), 0);
	}
	netset_seal(never);
	return 0;
}

static int free_never(void **state)
{
	(void)state;
	never = netset_free(never);
	return 0;
}

static void a_set_is_named_by_scope_family_and_length(void **state)
{
	static const struct {
		size_t scope;
		uint8_t family, len;
		const char *name;
	} cases[] = {
		{ 0, 4, 32, "all4_32" },    { 0, 4, 0, "all4_0" },   { 1, 6, 64, "mail6_64" },
		{ 1, 6, 128, "mail6_128" }, { 2, 4, 32, "_254_32" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char name[KERNEL_NAME_MAX];

		kernel_set_name(&SCOPES[cases[i].scope], cases[i].family, cases[i].len, name);
		assert_string_equal(name, cases[i].name);
	}
}

static void the_longest_name_fits(void **state)
{
	struct scope s = { .name = STR("9bcdefghijklmnop") };
	char name[KERNEL_NAME_MAX];

	(void)state;
	assert_int_equal(s.name.n, SCOPE_NAME_MAX);
	kernel_set_name(&s, 6, 128, name);
	assert_string_equal(name, "_9bcdefghijklmnop6_128");
}

static void a_name_tells_its_set(void **state)
{
	struct kernel_plan plan = plan_of(4);
	char name[KERNEL_NAME_MAX];
	struct kernel_set set;

	(void)state;
	for (uint16_t scope = 0; scope < 4; scope++) {
		for (unsigned i = 0; i <= 32 + 1 + 128; i++) {
			uint8_t family = i <= 32 ? 4 : 6, len = (uint8_t)(i <= 32 ? i : i - 33);

			kernel_set_name(&SCOPES[scope], family, len, name);
			assert_true(kernel_set_parse(&plan, str_of(name), &set));
			assert_int_equal(set.scope, scope);
			assert_int_equal(set.family, family);
			assert_int_equal(set.len, len);
		}
	}
}

static void other_names_are_no_sets_of_ours(void **state)
{
	static const char *const names[] = {
		"",        "_",         "4_32",     "all",
		"all4",    "all4_",     "all_32",   "all5_32",
		"all4_33", "all6_129",  "all4_032", "all4_+1",
		"all4_-1", "all4_32x",  "all4_4_8", "xall4_32",
		"All4_32", "other4_32", "254_32",   "never4",
		"__set0",  "all4_256",  "all6_256", "all4_99999999999999999999",
	};
	struct kernel_plan plan = plan_of(4);
	struct kernel_set set;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_false(kernel_set_parse(&plan, str_of(names[i]), &set));
	}
	assert_false(kernel_set_parse(&plan, (struct str){ .p = "all4_3\0002", .n = 8 }, &set));
	plan.n_scopes = 1;
	assert_false(kernel_set_parse(&plan, STR("mail4_32"), &set));
}

static void a_set_of_another_plan_is_known_by_the_form_of_its_name(void **state)
{
	static const char *const ours[] = { "all4_32", "old6_64", "_254_0", "a_b4_24", "a4_254_8" };
	static const char *const others[] = {
		"",       "_",         "4_32",    "blocklist", "bad_hosts", "bad_4",  "never4",
		"never6", "_old4_33x", "all4_33", "254_32",    "my4_032",   "__set0",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		assert_true(kernel_set_is_of_some_plan(str_of(ours[i])));
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		assert_false(kernel_set_is_of_some_plan(str_of(others[i])));
	}
}

static void names_that_nft_would_not_take_are_refused(void **state)
{
	static const char *const tables[] = { "",      "9ipsd",  "ip sd", "ipsd;",
					      "ips{d", "ips\"d", "a-b" };
	struct kernel_plan plan = plan_of(4);
	struct scope scope = { .name = STR("a;b") };
	char longest[KERNEL_TABLE_MAX + 1];

	(void)state;
	assert_int_equal(kernel_plan_check(&plan), 0);
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		plan.table = tables[i];
		assert_int_equal(kernel_plan_check(&plan), -EINVAL);
	}
	memset(longest, 'x', sizeof(longest));
	longest[KERNEL_TABLE_MAX] = '\0';
	plan.table = longest;
	assert_int_equal(kernel_plan_check(&plan), -EINVAL);
	longest[KERNEL_TABLE_MAX - 1] = '\0';
	assert_int_equal(kernel_plan_check(&plan), 0);
	plan.scopes = &scope;
	plan.n_scopes = 1;
	assert_int_equal(kernel_plan_check(&plan), -EINVAL);
	scope.name = STR_NONE;
	assert_int_equal(kernel_plan_check(&plan), -EINVAL);
	scope.name = STR("abcdefghijklmnopq");
	assert_int_equal(kernel_plan_check(&plan), -EINVAL);
}

static void scopes_whose_sets_would_have_one_name_are_refused(void **state)
{
	static const struct scope same[] = { { .name = { "all", 3 } }, { .name = { "all", 3 } } };
	static const struct scope alike[] = { { .name = { "25", 2 } }, { .name = { "_25", 3 } } };
	struct kernel_plan plan = plan_of(2);

	(void)state;
	plan.scopes = same;
	assert_int_equal(kernel_plan_check(&plan), -EEXIST);
	plan.scopes = alike;
	assert_int_equal(kernel_plan_check(&plan), -EEXIST);
}

static void the_table_is_never_block_first_and_overlaps_are_gone(void **state)
{
	struct buf out CLEANUP(buf_done) = { 0 };
	struct kernel_plan plan = plan_of(1);
	static const struct kernel_set sets[] = { { 0, 4, 32 }, { 0, 6, 64 } };

	(void)state;
	kernel_plan_write(&plan, sets, ARRAY_SIZE(sets), &out);
	assert_int_equal(buf_ok(&out), 0);
	assert_string_equal(
		buf_text(&out),
		"add table inet ipsd\n"
		"add chain inet ipsd prerouting { type filter hook prerouting priority mangle; policy accept; }\n"
		"add chain inet ipsd bans\n"
		"add set inet ipsd never4 { type ipv4_addr; flags interval; }\n"
		"flush set inet ipsd never4\n"
		"add element inet ipsd never4 { 10.0.0.0/8, 192.0.2.0/24 }\n"
		"add set inet ipsd never6 { type ipv6_addr; flags interval; }\n"
		"flush set inet ipsd never6\n"
		"add element inet ipsd never6 { ::1/128 }\n"
		"flush chain inet ipsd prerouting\n"
		"add rule inet ipsd prerouting iif lo return\n"
		"add rule inet ipsd prerouting ct direction original jump bans\n"
		"add rule inet ipsd prerouting icmpv6 type 133-137 return\n"
		"add rule inet ipsd prerouting ct state { invalid, untracked } jump bans\n"
		"add set inet ipsd all4_32 { type ipv4_addr; flags timeout; size 4194304; }\n"
		"add set inet ipsd all6_64 { type ipv6_addr; flags timeout; size 4194304; }\n"
		"flush chain inet ipsd bans\n"
		"add rule inet ipsd bans ip saddr @never4 return\n"
		"add rule inet ipsd bans ip6 saddr @never6 return\n"
		"add rule inet ipsd bans ip saddr @all4_32 drop\n"
		"add rule inet ipsd bans ip6 saddr & ffff:ffff:ffff:ffff:: @all6_64 drop\n");
}

static void in_both_directions_everything_is_looked_up(void **state)
{
	struct buf out CLEANUP(buf_done) = { 0 };
	struct kernel_plan plan = plan_of(1);

	(void)state;
	plan.both = true;
	kernel_plan_write(&plan, NULL, 0, &out);
	assert_non_null(strstr(buf_text(&out), "prerouting icmpv6 type 133-137 return\n"
					       "add rule inet ipsd prerouting jump bans\n"));
	assert_null(strstr(buf_text(&out), " ct "));
}

static void ports_come_before_the_set_and_drop_before_reject(void **state)
{
	struct buf out CLEANUP(buf_done) = { 0 };
	struct kernel_plan plan = plan_of(4);
	static const struct kernel_set sets[] = {
		{ 1, 4, 24 }, { 3, 6, 48 }, { 2, 4, 0 }, { 0, 4, 31 }
	};

	(void)state;
	plan.counters = true;
	kernel_plan_write_bans(&plan, sets, ARRAY_SIZE(sets), &out);
	assert_string_equal(
		buf_text(&out),
		"add set inet ipsd mail4_24 { type ipv4_addr; flags timeout; size 4194304; counter; }\n"
		"add set inet ipsd no6_48 { type ipv6_addr; flags timeout; size 4194304; counter; }\n"
		"add set inet ipsd _254_0 { type ipv4_addr; flags timeout; size 4194304; counter; }\n"
		"add set inet ipsd all4_31 { type ipv4_addr; flags timeout; size 4194304; counter; }\n"
		"flush chain inet ipsd bans\n"
		"add rule inet ipsd bans ip saddr @never4 return\n"
		"add rule inet ipsd bans ip6 saddr @never6 return\n"
		"add rule inet ipsd bans tcp dport { 25 } ip saddr & 0.0.0.0 @_254_0 drop\n"
		"add rule inet ipsd bans ip saddr & 255.255.255.254 @all4_31 drop\n"
		"add rule inet ipsd bans tcp dport { 25, 1000-2000 } ip saddr & 255.255.255.0 @mail4_24 reject with tcp reset\n"
		"add rule inet ipsd bans udp dport { 53 } ip saddr & 255.255.255.0 @mail4_24 reject\n"
		"add rule inet ipsd bans meta l4proto tcp ip6 saddr & ffff:ffff:ffff:: @no6_48 reject with tcp reset\n"
		"add rule inet ipsd bans meta l4proto != tcp ip6 saddr & ffff:ffff:ffff:: @no6_48 reject\n");
}

static void a_long_never_block_list_goes_in_pieces(void **state)
{
	CLEANUP(netset_freep) struct netset *list = netset_new();
	struct buf out CLEANUP(buf_done) = { 0 };
	struct kernel_plan plan = plan_of(1);
	const char *at;
	size_t pieces = 0, entries = 0;

	(void)state;
	for (unsigned i = 0; i < 1300; i++) {
		struct addr a = { .family = 4,
				  .bytes = { 10, (uint8_t)(i >> 7), (uint8_t)(i << 1), 0 } };
		struct prefix p = prefix_of(&a, 24);

		assert_int_equal(netset_add(list, &p, 0), 0);
	}
	netset_seal(list);
	plan.never_block = list;
	kernel_plan_write(&plan, NULL, 0, &out);
	for (at = buf_text(&out); (at = strstr(at, "add element")) != NULL; at++) {
		pieces++;
	}
	for (at = buf_text(&out); (at = strstr(at, "/24")) != NULL; at++) {
		entries++;
	}
	assert_int_equal(pieces, 3);
	assert_int_equal(entries, 1300);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_set_is_named_by_scope_family_and_length),
		cmocka_unit_test(the_longest_name_fits),
		cmocka_unit_test(a_name_tells_its_set),
		cmocka_unit_test(other_names_are_no_sets_of_ours),
		cmocka_unit_test(a_set_of_another_plan_is_known_by_the_form_of_its_name),
		cmocka_unit_test(names_that_nft_would_not_take_are_refused),
		cmocka_unit_test(scopes_whose_sets_would_have_one_name_are_refused),
		cmocka_unit_test(the_table_is_never_block_first_and_overlaps_are_gone),
		cmocka_unit_test(in_both_directions_everything_is_looked_up),
		cmocka_unit_test(ports_come_before_the_set_and_drop_before_reject),
		cmocka_unit_test(a_long_never_block_list_goes_in_pieces),
	};

	return cmocka_run_group_tests(tests, make_never, free_never);
}
