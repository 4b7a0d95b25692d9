/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "unit/check.h"
#include "wire/json.h"

static size_t asked, fails_at;

static void *failing(size_t n)
{
	return ++asked == fails_at ? NULL : malloc(n);
}

static struct value *build(void)
{
	struct value *v = value_object(), *list = value_array();

	for (int i = 0; i < 12; i++) {
		struct value *row = value_object();

		value_set_text(row, "text", STR("words"));
		value_set_int(row, "number", i);
		value_set_real(row, "real", 0.5);
		value_add(list, row);
		value_add_text(list, STR("\xff"));
	}
	value_set(v, "list", list);
	value_set_word(v, "word", "w");
	return v;
}

static void what_lacks_a_member_is_not_written(void **state)
{
	CLEANUP(buf_done) struct buf whole = { 0 };
	struct value *v;
	bool failed = true;
	(void)state;

	fails_at = 0;
	v = build();
	assert_int_equal(value_write(v, &whole), 0);
	value_free(v);
	for (fails_at = 1; failed; fails_at++) {
		CLEANUP(buf_done) struct buf out = { 0 };
		int r;

		asked = 0;
		v = build();
		r = value_write(v, &out);
		failed = asked >= fails_at;
		if (failed && r == 0) {
			assert_string_equal(buf_text(&out), buf_text(&whole));
		} else if (failed) {
			assert_int_equal(r, -ENOMEM);
		} else {
			assert_int_equal(r, 0);
		}
		value_free(v);
	}
	assert_true(fails_at > 50);
}

static void after_a_failure_all_is_well_again(void **state)
{
	CLEANUP(buf_done) struct buf out = { 0 };
	struct value *v;
	(void)state;

	fails_at = 0;
	v = value_array();
	value_add(v, NULL);
	assert_int_equal(value_write(v, &out), -ENOMEM);
	assert_int_equal(value_write(v, &out), 0);
	assert_string_equal(buf_text(&out), "[]");
	value_free(v);
}

static void setters_and_getters_take_what_could_not_be_made(void **state)
{
	CLEANUP(buf_done) struct buf out = { 0 };
	(void)state;

	value_set(NULL, "key", value_object());
	value_set_text(NULL, "key", STR("x"));
	value_add(NULL, value_array());
	value_add_text(NULL, STR("x"));
	assert_int_equal(value_write(NULL, &out), -ENOMEM);
	assert_int_equal(value_write(NULL, &out), -ENOMEM);
	assert_null(value_get(NULL, "key"));
	assert_null(value_at(NULL, 0));
	assert_null(value_free(NULL));
	assert_int_equal(value_length(NULL), 0);
	assert_int_equal(value_type(NULL), VALUE_NULL);
}

static void a_parser_without_memory_fails(void **state)
{
	struct value *v = NULL;
	char error[256];
	bool failed = true;
	(void)state;

	for (fails_at = 1; failed; fails_at++) {
		int r;

		asked = 0;
		r = value_parse(STR("{\"a\":[1,2.5,\"text\",{\"b\":null}]}"), error, &v);
		failed = asked >= fails_at;
		if (r == 0) {
			v = value_free(v);
		} else {
			assert_true(failed);
			assert_true(r == -ENOMEM || r == -EINVAL);
			assert_null(v);
		}
	}
	assert_true(fails_at > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lacks_a_member_is_not_written),
		cmocka_unit_test(after_a_failure_all_is_well_again),
		cmocka_unit_test(setters_and_getters_take_what_could_not_be_made),
		cmocka_unit_test(a_parser_without_memory_fails),
	};

	json_set_alloc_funcs(failing, free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
