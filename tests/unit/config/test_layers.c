/* SPDX-License-Identifier: MIT */
#include "config/layers.h"

#include "config/bundle.h"
#include "unit/check.h"

struct folder {
	struct layers l;
};

static struct folder open_folder(const char *text)
{
	static struct bundle bundle;
	struct folder f = { .l = { .access = &BUNDLE_ACCESS, .paths = &BUNDLE_PATHS } };

	bundle_parse(str_of(text), &bundle);
	bundle_open = &bundle;
	f.l.arena = arena_new();
	f.l.diag = diag_new();
	return f;
}

static void close_folder(struct folder *f)
{
	diag_free(f->l.diag);
	arena_free(f->l.arena);
}

static const char *value(const struct document *d, const char *key)
{
	const struct setting *s = section_setting(document_section(d, STR("s")), str_of(key));

	return s && s->n > 0 ? s->entries[0].text.p : "";
}

static void lists_each_name_once_and_sorted(void **state)
{
	struct folder f =
		open_folder("--- usr/jails/b.conf\n--- usr/jails/a.conf\n--- etc/jails/b.conf\n"
			    "--- etc/jails/c.conf\n--- etc/jails/c.conf~\n"
			    "--- etc/jails/d.conf.d/x.conf\n--- etc/jails/.conf\n"
			    "--- etc/filters/z.conf\n");
	struct layers_names names;

	(void)state;
	assert_int_equal(layers_list(&f.l, LAYERS_JAILS, &names), 0);
	assert_int_equal(names.n, 3);
	assert_string_equal(names.at[0].p, "a");
	assert_string_equal(names.at[1].p, "b");
	assert_string_equal(names.at[2].p, "c");
	assert_int_equal(diag_total(f.l.diag), 0);
	close_folder(&f);
}

static void folders_may_be_missing(void **state)
{
	struct folder f = open_folder("--- etc/ipsd.conf\n");
	struct layers_names names;

	(void)state;
	assert_int_equal(layers_list(&f.l, LAYERS_FILTERS, &names), 0);
	assert_int_equal(names.n, 0);
	assert_int_equal(diag_total(f.l.diag), 0);
	close_folder(&f);
}

static void the_admins_file_replaces_the_shipped_one(void **state)
{
	struct folder f = open_folder("--- usr/jails/a.conf\n[s]\nx = shipped\ny = shipped\n"
				      "--- etc/jails/a.conf\n[s]\nx = own\n");
	struct document *d;
	struct str file;

	(void)state;
	assert_int_equal(layers_read(&f.l, LAYERS_JAILS, STR("a"), &file, &d), 0);
	assert_string_equal(file.p, "etc/jails/a.conf");
	assert_string_equal(value(d, "x"), "own");
	assert_string_equal(value(d, "y"), "");
	close_folder(&f);
}

static void dropins_override_in_order_of_their_names(void **state)
{
	struct folder f = open_folder("--- etc/jails/a.conf.d/20.conf\n[s]\nx = 20\n"
				      "--- etc/jails/a.conf.d/10.conf\n[s]\nx = 10\ny = 10\n"
				      "--- etc/jails/a.conf.d/30.txt\n[s]\nx = 30\n"
				      "--- usr/jails/a.conf\n[s]\nx = 0\ny = 0\nz = 0\n");
	struct document *d;
	struct str file;

	(void)state;
	assert_int_equal(layers_read(&f.l, LAYERS_JAILS, STR("a"), &file, &d), 0);
	assert_string_equal(file.p, "usr/jails/a.conf");
	assert_string_equal(value(d, "x"), "20");
	assert_string_equal(value(d, "y"), "10");
	assert_string_equal(value(d, "z"), "0");
	close_folder(&f);
}

static void ipsd_conf_is_the_admins_alone(void **state)
{
	struct folder f = open_folder("--- usr/ipsd.conf\n[s]\nx = shipped\n"
				      "--- etc/ipsd.conf.d/a.conf\n[s]\ny = own\n");
	struct document *d;
	struct str file;

	(void)state;
	assert_int_equal(layers_read(&f.l, LAYERS_MAIN, STR("ipsd"), &file, &d), -ENOENT);
	assert_string_equal(value(d, "x"), "");
	assert_string_equal(value(d, "y"), "own");
	close_folder(&f);
}

static void what_cannot_be_read_does_not_let_the_shipped_one_through(void **state)
{
	struct folder f =
		open_folder("--- usr/jails/a.conf\n[s]\nx = shipped\n"
			    "--- etc/jails/a.conf !EACCES\n--- etc/jails/b.conf !EFBIG\n");
	struct document *d;
	struct str file;

	(void)state;
	assert_int_equal(layers_read(&f.l, LAYERS_JAILS, STR("a"), &file, &d), 1);
	assert_string_equal(value(d, "x"), "");
	assert_string_equal(diag_item(f.l.diag, 0)->text, "cannot be read: Permission denied");
	assert_int_equal(layers_read(&f.l, LAYERS_JAILS, STR("b"), &file, &d), 1);
	assert_string_equal(diag_item(f.l.diag, 1)->text, "is larger than 4194304 bytes");
	assert_int_equal(layers_read(&f.l, LAYERS_JAILS, STR("c"), &file, &d), -ENOENT);
	assert_int_equal(diag_total(f.l.diag), 2);
	close_folder(&f);
}

static void one_file_is_read_by_its_path(void **state)
{
	struct folder f = open_folder("--- some/where.conf\n[s]\nx = 1\n"
				      "--- some/where.conf.d/x.conf\n[s]\nx = 2\n");
	struct document *d;

	(void)state;
	assert_int_equal(layers_read_file(&f.l, STR("some/where.conf"), &d), 0);
	assert_string_equal(value(d, "x"), "1");
	assert_int_equal(layers_read_file(&f.l, STR("no/where.conf"), &d), -ENOENT);
	close_folder(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_each_name_once_and_sorted),
		cmocka_unit_test(folders_may_be_missing),
		cmocka_unit_test(the_admins_file_replaces_the_shipped_one),
		cmocka_unit_test(dropins_override_in_order_of_their_names),
		cmocka_unit_test(ipsd_conf_is_the_admins_alone),
		cmocka_unit_test(what_cannot_be_read_does_not_let_the_shipped_one_through),
		cmocka_unit_test(one_file_is_read_by_its_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
