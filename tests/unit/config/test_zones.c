/* SPDX-License-Identifier: MIT */
#include "config/zones.h"

#include <errno.h>
#include <string.h>

#include "unit/check.h"

/* A zone an hour east of UTC, in the first version of the format: a header, one type, its name. */
static const char EAST[] = "TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
			   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4"
			   "\0\0\x0e\x10\0\0EAS";

static const struct {
	const char *path;
	int error;
	struct str bytes;
} FILES[] = {
	{ "/usr/share/zoneinfo/Test/East", 0, { EAST, sizeof(EAST) } },
	{ "/usr/share/zoneinfo/Bad", 0, { "TZif", 4 } },
	{ "/usr/share/zoneinfo/Secret", -EACCES, { NULL, 0 } },
};

static unsigned reads;
static struct str local; /* what /etc/localtime holds; empty: there is none */

static int read_path(const char *path, size_t max, struct buf *ret)
{
	assert_true(max > 0);
	reads++;
	if (strcmp(path, "/etc/localtime") == 0) {
		buf_add_str(ret, local);
		return local.n > 0 ? 0 : -ENOENT;
	}
	for (size_t i = 0; i < ARRAY_SIZE(FILES); i++) {
		if (strcmp(path, FILES[i].path) == 0) {
			buf_add_str(ret, FILES[i].bytes);
			return FILES[i].error;
		}
	}
	return -ENOENT;
}

static const struct config_access ACCESS = { .read = read_path };

static int set_up(void **state)
{
	static struct zones z;

	z = (struct zones){ .access = &ACCESS, .arena = arena_new(), .diag = diag_new() };
	assert_true(z.arena && z.diag);
	reads = 0;
	local = STR_NONE;
	*state = &z;
	return 0;
}

static int tear_down(void **state)
{
	struct zones *z = *state;

	diag_free(z->diag);
	arena_free(z->arena);
	return 0;
}

static const struct zone *find(struct zones *z, const char *name, int result)
{
	const struct spec_text text = { .text = str_of(name), .at = { .line = 3 } };
	const struct zone *zone = (const struct zone *)EAST;

	assert_int_equal(zones_find(z, &text, &zone), result);
	return zone;
}

static void check_told(struct zones *z, const char *what)
{
	size_t n = diag_total(z->diag);

	assert_true(n > 0);
	assert_int_equal(diag_item(z->diag, n - 1)->place.line, 3);
	assert_string_equal(diag_item(z->diag, n - 1)->text, what);
}

static void a_zone_is_read_once(void **state)
{
	const struct zone *zone = find(*state, "Test/East", 0);

	assert_int_equal(zone_offset(zone, instant_at(0)), 3600);
	assert_ptr_equal(find(*state, "Test/East", 0), zone);
	assert_int_equal(reads, 1);
}

static void utc_needs_no_file(void **state)
{
	assert_null(find(*state, "UTC", 0));
	assert_int_equal(reads, 0);
}

static void local_is_the_zone_of_the_host(void **state)
{
	local = (struct str){ EAST, sizeof(EAST) };
	assert_int_equal(zone_offset(find(*state, "local", 0), instant_at(0)), 3600);
}

static void a_host_without_a_zone_has_utc(void **state)
{
	struct zones *z = *state;

	assert_null(find(z, "local", 0));
	assert_int_equal(diag_total(z->diag), 0);
}

static void what_is_no_zone_is_told(void **state)
{
	struct zones *z = *state;

	assert_null(find(z, "Test/West", 1));
	check_told(z, "there is no zone \"Test/West\": no file /usr/share/zoneinfo/Test/West. "
		      "Names are like Europe/Berlin; the package tzdata brings them");
	assert_null(find(z, "Bad", 1));
	check_told(z, "/usr/share/zoneinfo/Bad is no file of a time zone");
	assert_null(find(z, "Secret", 1));
	check_told(z, "/usr/share/zoneinfo/Secret cannot be read: Permission denied");
	local = STR("rubbish");
	assert_null(find(z, "local", 1));
	check_told(z, "/etc/localtime is no file of a time zone");
}

static void names_cannot_leave_their_folder(void **state)
{
	static const char *const good[] = { "UTC",
					    "local",
					    "Europe/Berlin",
					    "Etc/GMT+1",
					    "America/Port-au-Prince",
					    "America/Indiana/Knox" };
	static const char *const bad[] = { "",     "/",  "/etc/passwd", "../x",    "a/../b",
					   "a//b", "a/", ".",           "a.tab",   "a b",
					   "a\nb", "%s", "a/b/.",       "\xc3\xa4" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(zones_is_name(str_of(good[i])));
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(zones_is_name(str_of(bad[i])));
	}
	assert_false(zones_is_name(STR("a\0b")));
	assert_true(zones_is_name(
		STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")));
	assert_false(zones_is_name(
		STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(a_zone_is_read_once),           TEST(utc_needs_no_file),
		TEST(local_is_the_zone_of_the_host), TEST(a_host_without_a_zone_has_utc),
		TEST(what_is_no_zone_is_told),       TEST(names_cannot_leave_their_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
