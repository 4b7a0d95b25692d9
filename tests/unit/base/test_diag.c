/* SPDX-License-Identifier: MIT */
#include "base/diag.h"

#include <stdio.h>
#include <string.h>

#include "unit/check.h"

static void counts_by_level(void **state)
{
	CLEANUP(diag_freep) struct diag *d = diag_new();

	(void)state;
	assert_int_equal(diag_total(d), 0);
	assert_null(diag_item(d, 0));
	diag_add(d, DIAG_ERROR, NULL, "one");
	diag_add(d, DIAG_NOTE, NULL, "two");
	diag_add(d, DIAG_ERROR, NULL, "three");
	assert_int_equal(diag_count(d, DIAG_ERROR), 2);
	assert_int_equal(diag_count(d, DIAG_WARNING), 0);
	assert_int_equal(diag_count(d, DIAG_NOTE), 1);
	assert_int_equal(diag_total(d), 3);
	assert_null(diag_free(NULL));
}

static void keeps_the_order_and_its_own_copies(void **state)
{
	CLEANUP(diag_freep) struct diag *d = diag_new();
	char name[8];

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		struct diag_place at = { .file = { name, 4 }, .line = i, .key = { name, 2 } };

		memcpy(name, "a.in", 4);
		diag_add(d, i % 2 ? DIAG_NOTE : DIAG_WARNING, &at, "number %u", i);
		memset(name, 'x', sizeof(name));
	}
	for (unsigned i = 0; i < 1000; i++) {
		const struct diag_item *item = diag_item(d, i);
		char want[32];

		(void)snprintf(want, sizeof(want), "number %u", i);
		assert_string_equal(item->text, want);
		assert_int_equal(item->level, i % 2 ? DIAG_NOTE : DIAG_WARNING);
		assert_int_equal(item->place.line, i);
		assert_true(str_eq(item->place.file, STR("a.in")));
		assert_true(str_eq(item->place.key, STR("a.")));
		assert_int_equal(item->place.section.n, 0);
	}
	assert_null(diag_item(d, 1000));
	assert_null(diag_item(d, SIZE_MAX));
}

static void leaves_out_the_parts_that_do_not_apply(void **state)
{
	static const struct {
		struct diag_place at;
		const char *want;
	} cases[] = {
		{ { STR("f.ini"), 7, STR("jail"), STR("window") }, "f.ini:7: [jail] window: bad" },
		{ { STR("f.ini"), 7, STR("jail"), STR_NONE }, "f.ini:7: [jail]: bad" },
		{ { STR("f.ini"), 7, STR_NONE, STR("window") }, "f.ini:7: window: bad" },
		{ { STR("f.ini"), 7, STR_NONE, STR_NONE }, "f.ini:7: bad" },
		{ { STR("f.ini"), 0, STR("jail"), STR("window") }, "f.ini: [jail] window: bad" },
		{ { STR("f.ini"), 0, STR_NONE, STR_NONE }, "f.ini: bad" },
		{ { STR_NONE, 7, STR_NONE, STR_NONE }, "line 7: bad" },
		{ { STR("f"), 1, STR("s"), STR("k") }, "f:1: [s] k: bad" },
		{ { STR("f"), 0, STR("s"), STR_NONE }, "f: [s]: bad" },
		{ { STR_NONE, 1, STR_NONE, STR("k") }, "line 1: k: bad" },
		{ { STR_NONE, 0, STR_NONE, STR("--for") }, "--for: bad" },
		{ { STR_NONE, 0, STR_NONE, STR_NONE }, "bad" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(diag_freep) struct diag *d = diag_new();
		CLEANUP(buf_done) struct buf out = { 0 };

		diag_add(d, DIAG_ERROR, &cases[i].at, "bad");
		diag_format(diag_item(d, 0), &out);
		assert_string_equal(buf_text(&out), cases[i].want);
	}
}

static void a_hostile_value_stays_on_one_line(void **state)
{
	CLEANUP(diag_freep) struct diag *d = diag_new();
	CLEANUP(buf_done) struct buf out = { 0 };
	struct diag_place at = { STR("a\nb"), 1, STR("s\x1b[2J"), STR("k\0") };

	(void)state;
	diag_add(d, DIAG_ERROR, &at, "\"%s\" is no pattern: \\d\r\n", "\xff");
	assert_string_equal(diag_item(d, 0)->text, "\"\\xff\" is no pattern: \\d\\x0d\\x0a");
	diag_format(diag_item(d, 0), &out);
	assert_string_equal(
		buf_text(&out),
		"a\\x0ab:1: [s\\x1b[2J] k\\x00: \"\\xff\" is no pattern: \\d\\x0d\\x0a");
}

static void a_long_message_is_kept_whole(void **state)
{
	CLEANUP(diag_freep) struct diag *d = diag_new();

	(void)state;
	diag_add(d, DIAG_ERROR, NULL, "%*s", 100000, "x");
	assert_int_equal(strlen(diag_item(d, 0)->text), 100000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_by_level),
		cmocka_unit_test(keeps_the_order_and_its_own_copies),
		cmocka_unit_test(leaves_out_the_parts_that_do_not_apply),
		cmocka_unit_test(a_hostile_value_stays_on_one_line),
		cmocka_unit_test(a_long_message_is_kept_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
