/* SPDX-License-Identifier: MIT */
#include "config/schema.h"

#include <string.h>

#include "config/reader.h"
#include "config/values.h"
#include "unit/check.h"

static size_t count_rows(void)
{
	size_t n = 0;

	while (schema_row(n)) {
		n++;
	}
	return n;
}

static void every_row_says_what_it_is(void **state)
{
	(void)state;
	assert_in_range(count_rows(), 50, 200);
	for (size_t i = 0; i < count_rows(); i++) {
		const struct key *row = schema_row(i);
		CLEANUP(buf_done) struct buf takes = { 0 };
		struct config_key key;
		size_t n = strlen(row->about);

		assert_in_range(n, 10, 120);
		assert_in_range(row->about[0], 'A', 'Z');
		assert_true(row->about[n - 1] == '.');
		assert_true(row->rule.kind != READ_CHOICE || row->rule.words);
		assert_true(row->rule.kind != READ_COUNT || row->rule.high > row->rule.low);
		assert_true(row->rule.kind != READ_SPAN || row->rule.high > row->rule.low);
		assert_true(!(row->flags & KEY_REQUIRED) || !row->value);
		assert_true(!(row->flags & KEY_LATER) || !row->value);
		assert_true(config_key(i, &key, &takes));
		assert_string_equal(key.name, row->name);
		assert_true(takes.n > 0);
	}
	assert_false(config_key(count_rows(), &(struct config_key){ 0 }, NULL));
}

static void no_key_stands_twice_and_no_field_is_shared(void **state)
{
	(void)state;
	for (size_t i = 0; i < count_rows(); i++) {
		for (size_t k = 0; k < i; k++) {
			const struct key *a = schema_row(i), *b = schema_row(k);
			bool same = a->kind == b->kind && strcmp(a->section, b->section) == 0;

			assert_false(same && strcmp(a->name, b->name) == 0);
			if (a->kind == CONFIG_MAIN && b->kind == CONFIG_MAIN) {
				same = true;
			}
			if (same && strcmp(a->name, "*") != 0 && strcmp(b->name, "*") != 0) {
				assert_int_not_equal(a->offset, b->offset);
			}
		}
	}
}

static void rows_of_a_section_stand_together(void **state)
{
	(void)state;
	for (size_t i = 1; i < count_rows(); i++) {
		const struct key *row = schema_row(i), *last = schema_row(i - 1);

		for (size_t k = 0; k < i && strcmp(row->section, last->section) != 0; k++) {
			assert_false(schema_row(k)->kind == row->kind &&
				     strcmp(schema_row(k)->section, row->section) == 0);
		}
	}
}

static void every_default_is_a_good_value(void **state)
{
	(void)state;
	for (size_t i = 0; i < count_rows(); i++) {
		const struct key *row = schema_row(i);
		struct reader r = { .arena = arena_new(), .diag = diag_new() };
		struct entry entry = { .text = str_of(row->value) };
		const struct setting s = { .entries = &entry, .n = 1 };
		uint8_t field[256] = { 0 };

		assert_true(!row->value || reader_read(&r, &row->rule, &s, field));
		assert_int_equal(diag_total(r.diag), 0);
		diag_free(r.diag);
		arena_free(r.arena);
	}
}

static void sections_of_people_are_found(void **state)
{
	(void)state;
	assert_non_null(schema_key(CONFIG_FILTER, STR("event auth-failure"), STR("match")));
	assert_non_null(schema_key(CONFIG_FILTER, STR("event <TYPE> x"), STR("hit")));
	assert_null(schema_key(CONFIG_FILTER, STR("event"), STR("about")));
	assert_null(schema_key(CONFIG_FILTER, STR("events x"), STR("match")));
	assert_non_null(schema_key(CONFIG_MAIN, STR("defaults"), STR("window")));
	assert_null(schema_key(CONFIG_MAIN, STR("defaults"), STR("watch")));
	assert_null(schema_key(CONFIG_JAIL, STR("defaults"), STR("window")));
	assert_non_null(schema_key(CONFIG_JAIL, STR("multipliers"), STR("whatever")));
	assert_null(schema_key(CONFIG_JAIL, STR("jail"), STR("*")));
}

static void values_come_from_the_file_then_the_fallback_then_the_table(void **state)
{
	struct reader r = { .arena = arena_new(), .diag = diag_new() };
	struct document *d = document_new(r.arena);
	struct jail_values got = { .window = { 0 } };
	struct schema_source from = { .kind = CONFIG_JAIL, .name = "jail" };

	(void)state;
	assert_int_equal(document_add(d, STR("f"),
				      STR("[jail]\nwindow = 5m\nban =\n[defaults]\nwindow = 6m\n"
					  "ban = 7m\nafter-ban = clear\nabout = x\n"),
				      r.diag),
			 0);
	from.section = document_section(d, STR("jail"));
	from.fallback = document_section(d, STR("defaults"));
	schema_read(&from, &r, &got);
	assert_int_equal(got.window.us, seconds(300).us);
	assert_int_equal(got.ban.at[0].us, seconds(420).us);
	assert_int_equal(got.after_ban, AFTER_BAN_CLEAR);
	assert_int_equal(got.ban_memory.us, seconds(30 * 86400).us);
	assert_int_equal(got.about.text.n, 0);
	assert_int_equal(got.subject, SUBJECT_ADDRESS);
	assert_int_equal(diag_total(r.diag), 0);
	diag_free(r.diag);
	arena_free(r.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_says_what_it_is),
		cmocka_unit_test(no_key_stands_twice_and_no_field_is_shared),
		cmocka_unit_test(rows_of_a_section_stand_together),
		cmocka_unit_test(every_default_is_a_good_value),
		cmocka_unit_test(sections_of_people_are_found),
		cmocka_unit_test(values_come_from_the_file_then_the_fallback_then_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
