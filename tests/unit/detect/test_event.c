/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "detect/event.h"
#include "unit/check.h"

static void the_first_fourteen_are_vpop3s(void **state)
{
	static const char *const NAMES[] = {
		"auth-failure",       "relay-denied", "relay-allowed",   "bad-recipient",
		"good-recipient",     "spam",         "virus",           "rule-match",
		"dnsbl-match",        "syntax-error", "message-too-big", "blocked-attachment",
		"partial-attachment", "spf-failure",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++) {
		assert_string_equal(event_kind((uint16_t)i)->name, NAMES[i]);
	}
	assert_string_equal(event_kind(EVENT_CONNECTION)->name, "connection");
	assert_string_equal(event_kind(EVENT_BANNED)->name, "banned");
}

static void each_type_has_a_name_of_its_own_and_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < EVENT_KNOWN_TYPES; i++) {
		const struct event_kind *kind = event_kind((uint16_t)i);

		assert_non_null(kind->name);
		assert_true(strlen(kind->about) > 3);
		assert_non_null(kind->innocent);
		assert_null(strpbrk(kind->name, " _ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(kind->name, event_kind((uint16_t)k)->name);
			assert_string_not_equal(kind->about, event_kind((uint16_t)k)->about);
		}
	}
}

static void words_fit_into_a_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < EVENT_KNOWN_TYPES; i++) {
		const struct event_kind *kind = event_kind((uint16_t)i);
		const char *texts[] = { kind->about, kind->innocent };

		for (size_t k = 0; k < ARRAY_SIZE(texts); k++) {
			assert_null(strchr(texts[k], '\n'));
			if (texts[k][0]) {
				assert_int_not_equal(texts[k][strlen(texts[k]) - 1], '.');
			}
			assert_true(strlen(texts[k]) <= 80);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_fourteen_are_vpop3s),
		cmocka_unit_test(each_type_has_a_name_of_its_own_and_words),
		cmocka_unit_test(words_fit_into_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
