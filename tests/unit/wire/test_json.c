/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unit/check.h"
#include "wire/json.h"

static char *written(const struct value *v)
{
	CLEANUP(buf_done) struct buf out = { 0 };

	assert_int_equal(value_write(v, &out), 0);
	return buf_take(&out);
}

static void assert_writes(struct value *v, const char *expected)
{
	char *text = written(v);

	assert_string_equal(text, expected);
	free(text);
	value_free(v);
}

static struct value *parsed(const char *text)
{
	struct value *v = NULL;
	char error[256];

	assert_int_equal(value_parse(str_of(text), error, &v), 0);
	return v;
}

static void members_are_written_in_the_order_in_which_they_were_set(void **state)
{
	struct value *v = value_object(), *list = value_array();
	(void)state;

	value_set_int(v, "z", -5);
	value_set_bool(v, "y", true);
	value_set_null(v, "x");
	value_set_word(v, "w", NULL);
	value_set_real(v, "v", 0.5);
	value_add_text(list, STR("one"));
	value_add(list, value_object());
	value_set(v, "u", list);
	assert_writes(v,
		      "{\"z\":-5,\"y\":true,\"x\":null,\"w\":null,\"v\":0.5,\"u\":[\"one\",{}]}");
}

static void a_member_set_twice_has_the_later_value(void **state)
{
	struct value *v = value_object();
	(void)state;

	value_set_word(v, "why", NULL);
	value_set_text(v, "why", STR("because"));
	assert_writes(v, "{\"why\":\"because\"}");
}

static void the_ends_of_int64_are_kept(void **state)
{
	struct value *v = parsed("[9223372036854775807,-9223372036854775808]");
	(void)state;

	assert_int_equal(value_int(value_at(v, 0), 0), INT64_MAX);
	assert_int_equal(value_int(value_at(v, 1), 0), INT64_MIN);
	assert_writes(v, "[9223372036854775807,-9223372036854775808]");
}

static void times_are_rfc_3339_and_never_is_null(void **state)
{
	struct value *v = value_object();
	(void)state;

	value_set_instant(v, "a", instant_at(1700000000));
	value_set_instant(v, "b", INSTANT_NEVER);
	value_set_instant(v, "c", instant_at(0));
	assert_writes(v, "{\"a\":\"2023-11-14T22:13:20Z\",\"b\":null,\"c\":null}");
}

static void any_bytes_become_valid_ascii_json_and_come_back(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *json;
	} cases[] = {
		{ "", 0, "[\"\"]" },
		{ "plain", 5, "[\"plain\"]" },
		{ "a\"b\\c", 5, "[\"a\\\"b\\\\c\"]" },
		{ "\x1b[2J\a\r\n\t", 8, "[\"\\u001B[2J\\u0007\\r\\n\\t\"]" },
		{ "a\0b", 3, "[\"a\\u0000b\"]" },
		{ "\x7f\x7f.\x7f", 4, "[\"\\u007F\\u007F.\\u007F\"]" },
		{ "\xc2\x9b"
		  "31m",
		  5, "[\"\\u009B31m\"]" },
		{ "caf\xc3\xa9", 5, "[\"caf\\u00E9\"]" },
		{ "\xe2\x80\xae", 3, "[\"\\u202E\"]" },
		{ "\xf0\x9f\x98\x80", 4, "[\"\\uD83D\\uDE00\"]" },
		{ "caf\xe9", 4, "[\"caf\\\\xe9\"]" },                 /* Latin-1 */
		{ "\xed\xa0\x80", 3, "[\"\\\\xed\\\\xa0\\\\x80\"]" }, /* a surrogate */
		{ "\xc0\xaf\xff\xfe", 4, "[\"\\\\xc0\\\\xaf\\\\xff\\\\xfe\"]" },
		{ "\xf4\x90\x80\x80", 4, "[\"\\\\xf4\\\\x90\\\\x80\\\\x80\"]" },
	};

	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct value *v = value_array(), *again;
		char *text;

		value_add_text(v, (struct str){ .p = cases[i].bytes, .n = cases[i].n });
		text = written(v);
		assert_string_equal(text, cases[i].json);
		again = parsed(text);
		assert_writes(again, text);
		free(text);
		value_free(v);
	}
}

static void any_byte_at_all_makes_text_that_can_be_parsed(void **state)
{
	char bytes[2];
	(void)state;

	for (unsigned i = 0; i < 0x10000; i++) {
		CLEANUP(value_freep) struct value *v = value_array();
		CLEANUP(value_freep) struct value *again = NULL;
		char *text;

		bytes[0] = (char)(i >> 8);
		bytes[1] = (char)(i & 0xff);
		value_add_text(v, (struct str){ .p = bytes, .n = 2 });
		text = written(v);
		for (const char *p = text; *p; p++) {
			assert_true(*p >= ' ' && *p < '\x7f');
		}
		assert_int_equal(value_parse(str_of(text), NULL, &again), 0);
		free(text);
	}
}

static void nonsense_is_refused_with_its_place(void **state)
{
	static const char *const bad[] = { "",
					   " ",
					   "{",
					   "[1,]",
					   "{\"a\":1,\"a\":2}",
					   "{\"a\":{\"b\":1,\"b\":1}}",
					   "nul",
					   "[1] [2]",
					   "{'a':1}",
					   "[9223372036854775808]",
					   "[1e999]",
					   "[\"\xff\"]",
					   "[\"\xed\xa0\x80\"]",
					   "[\"\\ud800\"]",
					   "[\"\n\"]",
					   "{\"\\u0000\":1}",
					   "[NaN]" };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct value *v = NULL;
		char error[256] = "";

		assert_int_equal(value_parse(str_of(bad[i]), error, &v), -EINVAL);
		assert_null(v);
		assert_true(strlen(error) > 10);
		assert_int_equal(value_parse(str_of(bad[i]), NULL, &v), -EINVAL);
	}
	assert_int_equal(value_parse(STR_NONE, NULL, &(struct value *){ NULL }), -EINVAL);
}

static void a_deep_nest_is_refused_or_written_not_fatal(void **state)
{
	char deep[5001];
	struct value *v = NULL;
	(void)state;

	memset(deep, '[', 5000);
	assert_int_equal(value_parse((struct str){ .p = deep, .n = 5000 }, NULL, &v), -EINVAL);
	memset(deep, '[', 1000);
	memset(deep + 1000, ']', 1000);
	deep[2000] = '\0';
	assert_writes(parsed(deep), deep);
}

static void what_is_of_another_type_gives_the_fallback(void **state)
{
	struct value *v =
		parsed("{\"i\":1,\"t\":\"x\",\"b\":true,\"n\":null,\"r\":1.5,\"a\":[],\"o\":{}}");
	(void)state;

	for (const char *key = "itbnrao"; *key; key++) {
		const struct value *m = value_get(v, (char[]){ *key, '\0' });

		assert_non_null(m);
		assert_int_equal(value_int(m, 7), *key == 'i' ? 1 : 7);
		assert_int_equal(value_bool(m, false), *key == 'b');
		assert_true(str_eq(value_text(m, STR("f")), *key == 't' ? STR("x") : STR("f")));
		assert_int_equal(value_cstring(m) != NULL, *key == 't');
		assert_int_equal(value_length(m), 0);
		assert_null(value_at(m, 0));
		assert_null(value_get(m, "x"));
	}
	assert_int_equal(value_int(NULL, 7), 7);
	assert_true(value_bool(NULL, true));
	assert_int_equal(value_type(value_get(v, "r")), VALUE_REAL);
	assert_int_equal(value_type(value_get(v, "o")), VALUE_OBJECT);
	value_free(v);
}

static void a_text_with_nul_is_no_c_string(void **state)
{
	struct value *v = parsed("[\"a\\u0000b\"]");
	(void)state;

	assert_null(value_cstring(value_at(v, 0)));
	assert_int_equal(value_text(value_at(v, 0), STR_NONE).n, 3);
	value_free(v);
}

static void an_array_is_reversed_in_place(void **state)
{
	static const char *const cases[][2] = { { "[]", "[]" },
						{ "[1]", "[1]" },
						{ "[1,2]", "[2,1]" },
						{ "[1,[2],{\"a\":3}]", "[{\"a\":3},[2],1]" },
						{ "[1,1,2,2]", "[2,2,1,1]" } };
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct value *v = parsed(cases[i][0]);

		value_reverse(v);
		assert_writes(v, cases[i][1]);
	}
}

static void a_copy_lives_on_without_the_original(void **state)
{
	struct value *v = parsed("{\"a\":[1,{\"b\":\"x\"}]}"), *copy = value_copy(v);
	(void)state;

	value_free(v);
	assert_writes(copy, "{\"a\":[1,{\"b\":\"x\"}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_written_in_the_order_in_which_they_were_set),
		cmocka_unit_test(a_member_set_twice_has_the_later_value),
		cmocka_unit_test(the_ends_of_int64_are_kept),
		cmocka_unit_test(times_are_rfc_3339_and_never_is_null),
		cmocka_unit_test(any_bytes_become_valid_ascii_json_and_come_back),
		cmocka_unit_test(any_byte_at_all_makes_text_that_can_be_parsed),
		cmocka_unit_test(nonsense_is_refused_with_its_place),
		cmocka_unit_test(a_deep_nest_is_refused_or_written_not_fatal),
		cmocka_unit_test(what_is_of_another_type_gives_the_fallback),
		cmocka_unit_test(a_text_with_nul_is_no_c_string),
		cmocka_unit_test(an_array_is_reversed_in_place),
		cmocka_unit_test(a_copy_lives_on_without_the_original),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
