/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lookup/geo.h"
#include "sys/files.h"
#include "unit/check.h"

/* argv[1]: made by mmdb.py. */
static const char *sample;

static const char *country(const struct geo *g, const char *text)
{
	static char code[GEO_TEXT_MAX];
	struct addr addr;

	assert_int_equal(addr_parse(str_of(text), &addr), 0);
	return geo_country(g, &addr, code);
}

static void tells_the_country_of_the_longest_prefix(void **state)
{
	CLEANUP(geo_freep) struct geo *g = NULL;

	(void)state;
	assert_int_equal(geo_open(sample, &g), 0);
	assert_string_equal(country(g, "198.51.100.1"), "DE");
	assert_string_equal(country(g, "198.51.100.127"), "DE");
	assert_string_equal(country(g, "198.51.100.128"), "AT");
	assert_string_equal(country(g, "203.0.113.9"), "FR");
	assert_string_equal(country(g, "2001:db8:a:1::5"), "SE");
}

static void what_is_not_in_it_has_no_country(void **state)
{
	CLEANUP(geo_freep) struct geo *g = NULL;

	(void)state;
	assert_int_equal(geo_open(sample, &g), 0);
	assert_null(country(g, "203.0.113.8"));
	assert_null(country(g, "198.51.101.1"));
	assert_null(country(g, "2001:db8:b::1"));
}

static void a_code_is_two_capital_letters(void **state)
{
	CLEANUP(geo_freep) struct geo *g = NULL;

	(void)state;
	assert_int_equal(geo_open(sample, &g), 0);
	assert_null(country(g, "192.0.2.1"));
	assert_null(country(g, "192.0.2.129"));
}

static void write_file(const char *path, struct str bytes)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes.p, 1, bytes.n, f), bytes.n);
	assert_int_equal(fclose(f), 0);
}

static void a_replaced_file_is_noticed_and_a_cut_one_does_no_harm(void **state)
{
	CLEANUP(geo_freep) struct geo *g = NULL;
	CLEANUP(buf_done) struct buf bytes = { 0 };
	char path[] = "/tmp/ipsd-geo-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	fd_close(&fd);
	assert_int_equal(files_read(sample, GEO_FILE_MAX, &bytes), 0);
	write_file(path, buf_str(&bytes));
	assert_int_equal(geo_open(path, &g), 0);
	assert_true(geo_is_current(g));
	assert_int_equal(truncate(path, 100), 0);
	assert_false(geo_is_current(g));
	assert_string_equal(country(g, "203.0.113.9"), "FR");
	assert_int_equal(unlink(path), 0);
	assert_false(geo_is_current(g));
}

static void what_is_no_database_is_refused(void **state)
{
	struct geo *g = NULL;

	(void)state;
	assert_int_equal(geo_open("/nonexistent/geo.mmdb", &g), -ENOENT);
	assert_int_equal(geo_open("/dev/null", &g), -EBADMSG);
	assert_int_equal(geo_open("/tmp", &g), -EISDIR);
	assert_int_equal(geo_open("/bin/sh", &g), -EBADMSG);
	assert_null(g);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_the_country_of_the_longest_prefix),
		cmocka_unit_test(what_is_not_in_it_has_no_country),
		cmocka_unit_test(a_code_is_two_capital_letters),
		cmocka_unit_test(a_replaced_file_is_noticed_and_a_cut_one_does_no_harm),
		cmocka_unit_test(what_is_no_database_is_refused),
	};

	sample = argc > 1 ? argv[1] : "";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
