/* SPDX-License-Identifier: MIT */
#include "config/document.h"

#include <string.h>

#include "config/ini.h"
#include "unit/check.h"

struct reading {
	struct arena *arena;
	struct diag *diag;
	struct document *d;
};

static struct reading begin(void)
{
	struct reading r = { .arena = arena_new(), .diag = diag_new() };

	r.d = document_new(r.arena);
	assert_non_null(r.d);
	return r;
}

static void end(struct reading *r)
{
	diag_free(r->diag);
	arena_free(r->arena);
}

static void add(struct reading *r, const char *file, const char *text)
{
	assert_int_equal(document_add(r->d, str_of(file), str_of(text), r->diag), 0);
}

static const struct setting *find(const struct reading *r, const char *section, const char *key)
{
	return section_setting(document_section(r->d, str_of(section)), str_of(key));
}

static void assert_entry(const struct setting *s, size_t i, const char *text, unsigned line)
{
	assert_non_null(s);
	assert_true(i < s->n);
	assert_true(str_eq(s->entries[i].text, str_of(text)));
	assert_int_equal(s->entries[i].line, line);
}

static void keeps_entries_with_their_lines(void **state)
{
	struct reading r = begin();
	const struct setting *s;
	struct diag_place at;

	(void)state;
	add(&r, "f", "[s]\nlist =\n\ta\n\n ; c\n\t\"\"\n\tb\n\t\nnone =\n");
	s = find(&r, "s", "list");
	assert_int_equal(s->n, 3);
	assert_entry(s, 0, "a", 3);
	assert_entry(s, 1, "", 6);
	assert_true(s->entries[1].quoted);
	assert_entry(s, 2, "b", 7);
	at = setting_place(s, 2);
	assert_int_equal(at.line, 7);
	assert_true(str_eq(at.file, STR("f")) && str_eq(at.section, STR("s")));
	assert_true(str_eq(at.key, STR("list")));
	assert_int_equal(setting_place(s, 3).line, 2);
	assert_int_equal(find(&r, "s", "none")->n, 0);
	assert_null(find(&r, "s", "lis"));
	assert_null(find(&r, "t", "list"));
	assert_null(section_setting(NULL, STR("x")));
	end(&r);
}

static void copies_what_it_keeps(void **state)
{
	struct reading r = begin();
	char text[] = "[s]\nk = value\n", file[] = "file";

	(void)state;
	add(&r, file, text);
	memset(text, 'x', sizeof(text) - 1);
	memset(file, 'x', sizeof(file) - 1);
	assert_entry(find(&r, "s", "k"), 0, "value", 2);
	assert_true(str_eq(find(&r, "s", "k")->file, STR("file")));
	assert_true(str_eq(r.d->file, STR("file")));
	end(&r);
}

static void a_later_file_replaces_a_keys_whole_value(void **state)
{
	struct reading r = begin();

	(void)state;
	add(&r, "one", "[s]\na = 1\n\t2\nb = 3\n[t]\nc = 4\n");
	add(&r, "two", "[u]\nd = 5\n[s]\na = 6\n");
	add(&r, "three", "[s]\nb =\n");
	assert_int_equal(find(&r, "s", "a")->n, 1);
	assert_entry(find(&r, "s", "a"), 0, "6", 4);
	assert_true(str_eq(find(&r, "s", "a")->file, STR("two")));
	assert_int_equal(find(&r, "s", "b")->n, 0);
	assert_true(str_eq(find(&r, "s", "b")->file, STR("three")));
	assert_entry(find(&r, "t", "c"), 0, "4", 6);
	assert_true(str_eq(r.d->file, STR("one")));
	assert_true(str_eq(r.d->last->name, STR("u")));
	assert_int_equal(r.d->n, 3);
	assert_int_equal(diag_total(r.diag), 0);
	end(&r);
}

static void a_key_twice_in_a_file_names_both_lines(void **state)
{
	struct reading r = begin();

	(void)state;
	add(&r, "f", "[s]\nk = 1\n[t]\nk = 2\n[s]\nk = 3\n\tlost\nl = 4\n");
	assert_int_equal(diag_count(r.diag, DIAG_ERROR), 1);
	assert_string_equal(diag_item(r.diag, 0)->text, "is set twice: in line 2 and in line 6");
	assert_int_equal(diag_item(r.diag, 0)->place.line, 6);
	assert_int_equal(find(&r, "s", "k")->n, 1);
	assert_entry(find(&r, "s", "k"), 0, "1", 2);
	assert_entry(find(&r, "s", "l"), 0, "4", 8);
	end(&r);
}

static void an_event_section_stands_once_in_a_file(void **state)
{
	struct reading r = begin();

	(void)state;
	add(&r, "f", "[event a]\nm = 1\n[event a b]\nm = 2\n");
	add(&r, "g", "[event a]\nm = 3\n");
	assert_int_equal(diag_total(r.diag), 0);
	add(&r, "h", "[event a]\nm = 1\n[event a]\nn = 2\n");
	assert_int_equal(diag_count(r.diag, DIAG_ERROR), 1);
	end(&r);
}

static void has_bounds(void **state)
{
	CLEANUP(buf_done) struct buf sections = { 0 };
	CLEANUP(buf_done) struct buf keys = { 0 };
	CLEANUP(buf_done) struct buf twice = { 0 };
	struct reading r = begin();

	(void)state;
	for (unsigned i = 0; i < DOCUMENT_SECTIONS_MAX + 50; i++) {
		buf_printf(&sections, "[%u]\nk = %u\n", i, i);
	}
	add(&r, "f", buf_text(&sections));
	assert_int_equal(diag_count(r.diag, DIAG_ERROR), 1);
	assert_int_equal(r.d->n, DOCUMENT_SECTIONS_MAX);
	end(&r);

	r = begin();
	buf_add_str(&keys, STR("[s]\n"));
	for (unsigned i = 0; i < DOCUMENT_SETTINGS_MAX + 50; i++) {
		buf_printf(&keys, "k%u = %u\n", i, i);
	}
	add(&r, "f", buf_text(&keys));
	assert_int_equal(diag_count(r.diag, DIAG_ERROR), 1);
	assert_int_equal(r.d->first->n, DOCUMENT_SETTINGS_MAX);
	end(&r);

	r = begin();
	buf_add_str(&twice, STR("[s]\n"));
	for (unsigned i = 0; i < 10000; i++) {
		buf_add_str(&twice, STR("k = v\n"));
	}
	add(&r, "f", buf_text(&twice));
	assert_int_equal(diag_count(r.diag, DIAG_ERROR), INIFILE_PROBLEMS_MAX);
	end(&r);
}

static void holds_long_lists(void **state)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	struct reading r = begin();

	(void)state;
	buf_add_str(&text, STR("[s]\nk =\n"));
	for (unsigned i = 0; i < 100000; i++) {
		buf_printf(&text, "\t%u\n", i);
	}
	add(&r, "f", buf_text(&text));
	assert_int_equal(find(&r, "s", "k")->n, 100000);
	assert_entry(find(&r, "s", "k"), 99999, "99999", 100002);
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_entries_with_their_lines),
		cmocka_unit_test(copies_what_it_keeps),
		cmocka_unit_test(a_later_file_replaces_a_keys_whole_value),
		cmocka_unit_test(a_key_twice_in_a_file_names_both_lines),
		cmocka_unit_test(an_event_section_stands_once_in_a_file),
		cmocka_unit_test(has_bounds),
		cmocka_unit_test(holds_long_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
