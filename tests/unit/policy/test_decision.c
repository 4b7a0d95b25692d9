/* SPDX-License-Identifier: MIT */
#include "policy/decision.h"

#include "unit/check.h"

static void kinds_and_actions_have_the_words_that_scripts_read(void **state)
{
	(void)state;
	assert_string_equal(decision_word(DECISION_BAN), "ban");
	assert_string_equal(decision_word(DECISION_LIFT), "lift");
	assert_string_equal(decision_word(DECISION_SPARED), "spared");
	assert_string_equal(decision_word(DECISION_OBSERVED), "observed");
	assert_string_equal(action_word(ACTION_BLOCK), "block");
	assert_string_equal(action_word(ACTION_BLACKLIST), "blacklist");
}

static void each_reason_has_a_word_and_a_sentence_end(void **state)
{
	static const char *const words[] = {
		[BECAUSE_NEVER_BLOCK] = "never-block",
		[BECAUSE_JAIL_NEVER_BLOCK] = "jail-never-block",
		[BECAUSE_JAIL_OBSERVES] = "jail-observes",
		[BECAUSE_DAEMON_OBSERVES] = "daemon-observes",
		[BECAUSE_EXPIRED] = "expired",
		[BECAUSE_UNBAN] = "unban",
		[BECAUSE_REPLACED] = "replaced",
		[BECAUSE_JAIL_GONE] = "jail-gone",
		[BECAUSE_PORTS_GONE] = "ports-gone",
		[BECAUSE_SERVICE_NEVER_BLOCK] = "service-never-block",
		[BECAUSE_KNOWN_GOOD] = "known-good",
		[BECAUSE_BRAKE] = "brake",
	};

	(void)state;
	assert_null(because_word(BECAUSE_NONE));
	assert_string_equal(because_words(BECAUSE_NONE), "");
	assert_int_equal(ARRAY_SIZE(words), BECAUSE_COUNT);
	for (size_t i = BECAUSE_NONE + 1; i < ARRAY_SIZE(words); i++) {
		assert_string_equal(because_word((enum because)i), words[i]);
		assert_true(because_words((enum because)i)[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_and_actions_have_the_words_that_scripts_read),
		cmocka_unit_test(each_reason_has_a_word_and_a_sentence_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
