/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "unit/check.h"
#include "wire/commands.h"

static void each_verb_is_found_by_its_whole_word_only(void **state)
{
	(void)state;
	for (enum command c = 0; c < COMMAND_COUNT; c++) {
		const struct command_info *info = command_info(c);
		struct str word = str_of(info->word);

		assert_int_equal(command_find(word), c);
		assert_int_equal(command_find(str_slice(word, 0, word.n - 1)), COMMAND_COUNT);
		assert_true(*info->help && info->arguments);
	}
	assert_int_equal(command_find(STR_NONE), COMMAND_COUNT);
	assert_int_equal(command_find(STR("LIST")), COMMAND_COUNT);
	assert_int_equal(command_find(STR("list\0")), COMMAND_COUNT);
	assert_null(command_info(COMMAND_COUNT));
}

/* Do both hold for some verb? */
static bool meet(const struct command_option *a, const struct command_option *b)
{
	return a->command == b->command || a->command == COMMAND_COUNT ||
	       b->command == COMMAND_COUNT;
}

static void no_verb_has_two_options_of_one_name_or_letter(void **state)
{
	const struct command_option *a, *b;
	(void)state;

	for (size_t i = 0; (a = command_option(i)); i++) {
		assert_true(*a->name && *a->help && a->command <= COMMAND_COUNT);
		for (size_t k = 0; k < i; k++) {
			b = command_option(k);
			assert_false(meet(a, b) && strcmp(a->name, b->name) == 0);
			assert_false(meet(a, b) && a->letter && a->letter == b->letter);
		}
	}
	assert_true(command_option(0) != NULL);
	assert_null(command_option(SIZE_MAX));
}

static void a_letter_means_the_same_for_every_verb(void **state)
{
	const struct command_option *a, *b;
	(void)state;

	for (size_t i = 0; (a = command_option(i)); i++) {
		for (size_t k = 0; k < i; k++) {
			b = command_option(k);
			if (a->letter && a->letter == b->letter) {
				assert_string_equal(a->name, b->name);
				assert_int_equal(a->argument == NULL, b->argument == NULL);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_verb_is_found_by_its_whole_word_only),
		cmocka_unit_test(no_verb_has_two_options_of_one_name_or_letter),
		cmocka_unit_test(a_letter_means_the_same_for_every_verb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
