/* SPDX-License-Identifier: MIT */
/* What the modules answer when memory runs out. Each is tried with 0, 1, 2 ... allocations granted
 * until it succeeds; a sanitiser says whether any way out leaks. */
#include <errno.h>
#include <stdlib.h>

#include "detect/framer.h"
#include "detect/literal.h"
#include "detect/pattern.h"
#include "detect/scanner.h"
#include "unit/allocations.h"
#include "unit/check.h"

/* Tries until it succeeds; it has to fail at least `failures` times, always by -ENOMEM. */
static void starve(int (*attempt)(void), size_t failures)
{
	size_t n = 0;
	int r;

	do {
		withhold(n++, SIZE_MAX);
		r = attempt();
		withhold_none();
		assert_true(r == 0 || r == -ENOMEM);
	} while (r < 0);
	assert_true(n > failures);
}

static int try_framer(void)
{
	CLEANUP(framer_done) struct framer f = { 0 };

	return framer_init(&f);
}

static int try_literal(void)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct literal_set set;
	int r = -ENOMEM;

	if (arena) {
		r = literal_extract(STR("abcd.efgh(?:ijklm|nopqr)"), false, arena, &set);
	}
	if (r == 0) {
		assert_int_equal(set.n, 2);
	}
	return r;
}

static int try_scanner(void)
{
	static const struct literal at[] = { { { "abcd", 4 }, false }, { { "efgh", 4 }, true } };
	CLEANUP(scanner_freep) struct scanner *s = NULL;
	int r = scanner_new(at, ARRAY_SIZE(at), &s);

	assert_int_equal(s != NULL, r == 0);
	return r;
}

static int try_pattern(void)
{
	CLEANUP(pattern_freep) struct pattern *p = NULL;
	int r = pattern_new(STR("abcd"), false, NULL, &p);

	assert_int_equal(p != NULL, r == 0);
	return r;
}

static int try_matcher(void)
{
	CLEANUP(matcher_freep) struct matcher *m = NULL;
	int r = matcher_new(&m);

	assert_int_equal(m != NULL, r == 0);
	return r;
}

static void running_out_of_memory_is_an_answer(void **state)
{
	(void)state;
	starve(try_framer, 1);
	starve(try_literal, 3);
	starve(try_scanner, 6);
	starve(try_pattern, 1);
	starve(try_matcher, 5);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(running_out_of_memory_is_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
