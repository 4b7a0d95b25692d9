/* SPDX-License-Identifier: MIT */
#include "config/ports.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "unit/check.h"

static struct port_list list_of(const char *words)
{
	struct port_list list = { .n = 0 };
	struct str rest = str_of(words), word;

	while (str_word(&rest, &word)) {
		assert_int_equal(ports_add(&list, word, NULL), 0);
	}
	return list;
}

static const char *name_of(const char *words, enum verdict verdict)
{
	static char name[SCOPE_NAME_MAX + 1];
	const struct port_list list = list_of(words);

	return ports_set_name(&list, verdict, name);
}

static void knows_names_and_numbers(void **state)
{
	struct port_list a = list_of("smtp submission submissions pop3 pop3s imap imaps 4190");
	struct port_list b = list_of("sieve 25 995 993 587 465 143 110");

	(void)state;
	assert_int_equal(a.n, 8);
	assert_int_equal(a.at[0].low, 25);
	assert_int_equal(a.at[7].high, 4190);
	assert_true(ports_eq(&a, &b));
	a = list_of("http-alt 5222-5269 udp/domain tcp/domain");
	assert_int_equal(a.n, 4);
	assert_int_equal(a.at[1].low, 5222);
	assert_int_equal(a.at[1].high, 5269);
	assert_int_equal(a.at[3].proto, PROTO_UDP);
}

static void refuses_what_is_no_port(void **state)
{
	static const struct {
		const char *word;
		int want;
	} cases[] = {
		{ "", -EINVAL },
		{ "smpt", -EINVAL },
		{ "0", -ERANGE },
		{ "65536", -ERANGE },
		{ "-1", -EINVAL },
		{ "25-", -EINVAL },
		{ "30-20", -ERANGE },
		{ "1-2-3", -EINVAL },
		{ "udp/", -EINVAL },
		{ "sctp/25", -EINVAL },
		{ "udp/udp/53", -EINVAL },
		{ "0-10", -ERANGE },
		{ "99999999999999999999", -ERANGE },
		{ "SMTP", -EINVAL },
		{ "mail", -EINVAL },
		{ "udp/all", -EINVAL },
		{ "25:30", -EINVAL },
	};
	struct port_list list = { .n = 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(ports_add(&list, str_of(cases[i].word), NULL), cases[i].want);
		assert_int_equal(list.n, 0);
	}
}

static void lists_differ_in_any_part(void **state)
{
	static const char *const lists[] = { "25", "26", "25-26", "udp/25", "25 80", "all" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(lists); k++) {
			const struct port_list a = list_of(lists[i]), b = list_of(lists[k]);

			assert_int_equal(ports_eq(&a, &b), i == k);
		}
	}
}

static void ranges_that_touch_are_one(void **state)
{
	struct port_list l = list_of("10-20 30-40 21");

	(void)state;
	assert_int_equal(l.n, 2);
	assert_int_equal(l.at[0].high, 21);
	l = list_of("10-20 30-40 15-35");
	assert_int_equal(l.n, 1);
	assert_int_equal(l.at[0].low, 10);
	assert_int_equal(l.at[0].high, 40);
	l = list_of("65535 65534 1 2");
	assert_int_equal(l.n, 2);
	l = list_of("25 udp/25");
	assert_int_equal(l.n, 2);
}

/* Random ranges against a map of all ports. */
static void means_the_same_ports_as_a_map(void **state)
{
	static bool map[2][128];
	uint64_t dice = 12345;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct port_list l = { .n = 0 };

		memset(map, 0, sizeof(map));
		for (int i = 0; i < 12; i++) {
			char word[32];
			unsigned low, high, udp;

			dice = dice * 6364136223846793005u + 1442695040888963407u;
			low = 1 + (unsigned)(dice >> 33) % 120;
			high = low + (unsigned)(dice >> 40) % 6;
			udp = (unsigned)(dice >> 63);
			(void)snprintf(word, sizeof(word), "%s/%u-%u", udp ? "udp" : "tcp", low,
				       high);
			assert_int_equal(ports_add(&l, str_of(word), NULL), 0);
			for (unsigned p = low; p <= high; p++) {
				map[udp][p] = true;
			}
		}
		for (size_t i = 0; i < l.n; i++) {
			const struct port_range *r = &l.at[i];

			assert_false(map[r->proto == PROTO_UDP][r->low - 1]);
			assert_false(map[r->proto == PROTO_UDP][r->high + 1]);
			for (unsigned p = r->low; p <= r->high; p++) {
				assert_true(map[r->proto == PROTO_UDP][p]);
				map[r->proto == PROTO_UDP][p] = false;
			}
			assert_true(i == 0 || l.at[i - 1].proto < r->proto ||
				    l.at[i - 1].high < r->low);
		}
		for (unsigned p = 0; p < 128; p++) {
			assert_false(map[0][p] || map[1][p]);
		}
	}
}

static void groups_and_all(void **state)
{
	struct port_groups groups = { .n = 1 };
	struct port_list l = { .n = 0 };

	(void)state;
	groups.at[0] = (struct port_group){ .name = STR("mail"), .list = list_of("25 143") };
	assert_non_null(ports_group(&groups, STR("mail")));
	assert_null(ports_group(&groups, STR("web")));
	assert_int_equal(ports_add(&l, STR("mail"), &groups), 0);
	assert_int_equal(ports_add(&l, STR("80"), &groups), 0);
	assert_int_equal(l.n, 3);
	assert_true(str_eq(ports_similar(STR("mial"), &groups), STR("mail")));
	assert_true(str_eq(ports_similar(STR("smpt"), NULL), STR("smtp")));
	assert_int_equal(ports_add(&l, STR("all"), &groups), 0);
	assert_int_equal(ports_add(&l, STR("443"), &groups), 0);
	assert_true(l.all);
	assert_int_equal(l.n, 0);
}

static void a_list_has_room_for_so_many(void **state)
{
	struct port_list l = { .n = 0 };
	char word[16];

	(void)state;
	for (unsigned i = 0; i < SCOPE_RANGES_MAX; i++) {
		(void)snprintf(word, sizeof(word), "%u", 1 + 2 * i);
		assert_int_equal(ports_add(&l, str_of(word), NULL), 0);
	}
	assert_int_equal(ports_add(&l, STR("1000"), NULL), -ENOSPC);
	assert_int_equal(l.n, SCOPE_RANGES_MAX);
	assert_int_equal(ports_add(&l, STR("2"), NULL), 0);
	assert_int_equal(l.n, SCOPE_RANGES_MAX - 1);
}

static void sets_are_named_by_what_they_hold(void **state)
{
	char other[SCOPE_NAME_MAX + 1];

	(void)state;
	assert_string_equal(name_of("all", VERDICT_DROP), "all");
	assert_string_equal(name_of("25", VERDICT_DROP), "p_25_");
	assert_string_equal(name_of("25 465", VERDICT_REJECT), "r_25_465_");
	assert_string_equal(name_of("udp/53", VERDICT_DROP), "p_u53_");
	assert_string_equal(name_of("8000-8100", VERDICT_DROP), "p_8000to8100_");
	assert_string_equal(name_of("10000-65535", VERDICT_DROP), "p_10000to65535_");
	memcpy(other, name_of("smtp pop3 imap pop3s", VERDICT_DROP), sizeof(other));
	assert_true(str_has_prefix(str_of(other), STR("ph_")));
	assert_string_equal(name_of("995 143 110 25", VERDICT_DROP), other);
	assert_string_not_equal(name_of("995 143 110 26", VERDICT_DROP), other);
	assert_string_not_equal(name_of("995 143 110 25", VERDICT_REJECT), other);
	assert_string_not_equal(name_of("all", VERDICT_REJECT), "all");
}

static void names_of_sets_are_plain_and_fit(void **state)
{
	uint64_t dice = 99;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		char text[200] = "", name[SCOPE_NAME_MAX + 1];
		struct port_list l;

		for (size_t i = 0, n = 0; i < 1 + dice % 5; i++) {
			unsigned low;

			dice = dice * 6364136223846793005u + 1442695040888963407u;
			low = 1 + (unsigned)(dice >> 40) % 65000;
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s/%u-%u ",
					      dice >> 62 & 1 ? "udp" : "tcp", low,
					      low + (unsigned)(dice >> 20) % 500);
		}
		l = list_of(text);
		(void)ports_set_name(&l, dice >> 61 & 1 ? VERDICT_DROP : VERDICT_REJECT, name);
		assert_in_range(strlen(name), 1, SCOPE_NAME_MAX);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"),
				 strlen(name));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_names_and_numbers),
		cmocka_unit_test(refuses_what_is_no_port),
		cmocka_unit_test(lists_differ_in_any_part),
		cmocka_unit_test(ranges_that_touch_are_one),
		cmocka_unit_test(means_the_same_ports_as_a_map),
		cmocka_unit_test(groups_and_all),
		cmocka_unit_test(a_list_has_room_for_so_many),
		cmocka_unit_test(sets_are_named_by_what_they_hold),
		cmocka_unit_test(names_of_sets_are_plain_and_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
