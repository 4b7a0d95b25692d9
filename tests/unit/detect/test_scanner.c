/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "detect/scanner.h"
#include "unit/base/dice.h"
#include "unit/check.h"

enum { HITS_MAX = 4096 };

struct hits {
	size_t n, stop_at;

	struct {
		uint32_t literal;
		size_t end;
	} at[HITS_MAX];
};

static bool note(void *arg, uint32_t literal, size_t end)
{
	struct hits *hits = arg;

	assert_true(hits->n < HITS_MAX);
	hits->at[hits->n].literal = literal;
	hits->at[hits->n].end = end;
	hits->n++;
	return hits->n != hits->stop_at;
}

static size_t count(const struct hits *hits, uint32_t literal, size_t end)
{
	size_t n = 0;

	for (size_t i = 0; i < hits->n; i++) {
		n += hits->at[i].literal == literal && hits->at[i].end == end;
	}
	return n;
}

static bool is_hit(const struct literal *literal, struct str chunk, size_t end)
{
	struct str there;

	if (end < literal->text.n) {
		return false;
	}
	there = str_slice(chunk, end - literal->text.n, literal->text.n);
	return literal->nocase ? str_eq_nocase(there, literal->text) : str_eq(there, literal->text);
}

/* Every hit is reported once, in order of its end, and nothing else is. */
static void check(const struct literal *at, size_t n, struct str chunk)
{
	static struct hits hits;
	CLEANUP(scanner_freep) struct scanner *s = NULL;
	size_t want = 0;

	assert_int_equal(scanner_new(at, n, &s), 0);
	hits.n = hits.stop_at = 0;
	assert_int_equal(scanner_scan(s, chunk, note, &hits), 0);
	for (uint32_t i = 0; i < n; i++) {
		for (size_t end = 1; end <= chunk.n; end++) {
			bool is = is_hit(&at[i], chunk, end);

			assert_int_equal(count(&hits, i, end), is);
			want += is;
		}
	}
	assert_int_equal(hits.n, want);
	for (size_t i = 1; i < hits.n; i++) {
		assert_true(hits.at[i - 1].end <= hits.at[i].end);
	}
}

static void finds_all_of_them_wherever_they_stand(void **state)
{
	static const struct literal at[] = {
		{ { "fail", 4 }, false },
		{ { "failed login", 12 }, false },
		{ { "LOGIN", 5 }, true },
		{ { "nul\0nul", 7 }, false },
		{ { "\xc3\xa9t\xc3\xa9", 5 }, true },
		{ { "aaaa", 4 }, false },
		{ { "a rather long literal of sixty-four bytes, for libhs looks at eig", 64 },
		  false },
	};

	(void)state;
	check(at, ARRAY_SIZE(at), STR_NONE);
	check(at, ARRAY_SIZE(at), STR("fail"));
	check(at, ARRAY_SIZE(at), STR("failed login\nFAILED LOGIN nul\0nul aaaaaaa"));
	check(at, ARRAY_SIZE(at), STR("\xc3\xa9T\xc3\xa9 \xc3\x89t\xc3\x89 nul\0nu"));
	check(at, ARRAY_SIZE(at),
	      STR("a rather long literal of sixty-four bytes, for libhs looks at eight"));
	check(at, ARRAY_SIZE(at),
	      STR("A rather long literal of sixty-four bytes, for libhs looks at eight"));
}

static void equal_literals_each_get_their_hit(void **state)
{
	static const struct literal at[] = {
		{ { "same", 4 }, false }, { { "SAME", 4 }, true },  { { "same", 4 }, false },
		{ { "same", 4 }, true },  { { "SAME", 4 }, false }, { { "some", 4 }, false },
	};

	(void)state;
	check(at, ARRAY_SIZE(at), STR("same SAME Same some same"));
}

static struct literal random_literal(struct dice *dice, char *space)
{
	static const char alphabet[] = "aAbB\n\xe4\0";
	size_t n = 4 + dice_below(dice, dice_below(dice, 4) == 0 ? 30 : 4);

	for (size_t i = 0; i < n; i++) {
		space[i] = alphabet[dice_below(dice, sizeof(alphabet) - (i == 0 ? 2 : 1))];
	}
	return (struct literal){ .text = { space, n }, .nocase = dice_below(dice, 2) == 0 };
}

static void random_literals_are_found_as_naively(void **state)
{
	struct dice dice = dice_new(0x5ca2);

	(void)state;
	for (int i = 0; i < 400; i++) {
		static char words[200][40];
		static char text[700];
		struct literal at[200];
		size_t n = 1 + dice_below(&dice, i % 10 == 0 ? 200 : 12), used = 0;
		size_t length = dice_below(&dice, 600);

		for (size_t k = 0; k < n; k++) {
			at[k] = random_literal(&dice, words[k]);
		}
		while (used < length) {
			struct str word = at[dice_below(&dice, (uint32_t)n)].text;

			word.n -= dice_below(&dice, 3);
			memcpy(text + used, word.p, word.n);
			used += word.n;
			text[used++] = "aB\n"[dice_below(&dice, 3)];
		}
		check(at, n, (struct str){ text, used });
		check(at, n, str_slice((struct str){ text, used }, dice_below(&dice, 64), used));
	}
}

/* libhs itself misses some of these; which, depends on where the buffer lies. */
static void literals_near_the_end_are_found_wherever_the_chunk_lies(void **state)
{
	static const struct literal at[] = { { { "alpha from ", 11 }, false },
					     { { "login ", 6 }, false },
					     { { "alpha FROM ", 11 }, true } };
	static char space[64 + 400];
	static struct hits hits;
	CLEANUP(scanner_freep) struct scanner *s = NULL;
	struct dice dice = dice_new(0xe4d);

	(void)state;
	assert_int_equal(scanner_new(at, ARRAY_SIZE(at), &s), 0);
	for (int i = 0; i < 200000; i++) {
		char *p = space + dice_below(&dice, 64);
		size_t n = 11 + dice_below(&dice, 380), behind = dice_below(&dice, 140);

		memset(p, (int)dice_below(&dice, 3), n);
		behind = behind < n - 11 ? behind : n - 11;
		memcpy(p + n - behind - 11, "alpha from ", 11);
		hits = (struct hits){ 0 };
		assert_int_equal(scanner_scan(s, (struct str){ p, n }, note, &hits), 0);
		assert_int_equal(hits.n, 2);
		assert_int_equal(hits.at[0].end, n - behind);
		assert_int_equal(hits.at[1].end, n - behind);
		assert_int_equal(hits.at[0].literal + hits.at[1].literal, 2);
	}
}

static void stops_when_told_and_scans_again(void **state)
{
	static const struct literal at[] = { { { "stop", 4 }, false } };
	static struct hits hits;
	CLEANUP(scanner_freep) struct scanner *s = NULL;

	(void)state;
	assert_int_equal(scanner_new(at, 1, &s), 0);
	hits = (struct hits){ .stop_at = 2 };
	assert_int_equal(scanner_scan(s, STR("stop stop stop"), note, &hits), 1);
	assert_int_equal(hits.n, 2);
	hits = (struct hits){ .stop_at = 0 };
	assert_int_equal(scanner_scan(s, STR("stop stop stop"), note, &hits), 0);
	assert_int_equal(hits.n, 3);
}

static void passes_on_more_hits_than_wait_at_once(void **state)
{
	static const struct literal at[] = { { { "aaaa", 4 }, false } };
	static struct hits hits;
	static char text[3000];
	CLEANUP(scanner_freep) struct scanner *s = NULL;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(scanner_new(at, 1, &s), 0);
	hits = (struct hits){ 0 };
	assert_int_equal(scanner_scan(s, (struct str){ text, sizeof(text) }, note, &hits), 0);
	assert_int_equal(hits.n, sizeof(text) - 3);
	for (size_t i = 0; i < hits.n; i++) {
		assert_int_equal(hits.at[i].end, i + 4);
	}
	hits = (struct hits){ .stop_at = 2500 };
	assert_int_equal(scanner_scan(s, (struct str){ text, sizeof(text) }, note, &hits), 1);
	assert_int_equal(hits.n, 2500);
}

static void refuses_what_it_cannot_search(void **state)
{
	static const struct literal empty = { { "", 0 }, false }, nul = { { "\0abcd", 5 }, false };
	static const char text[LITERAL_MAX_BYTES + 2] =
		"one byte more than the longest literal, which has sixty-four byte";
	static const struct literal longer = { { text, LITERAL_MAX_BYTES + 1 }, false };
	struct scanner *s = NULL;

	(void)state;
	assert_int_equal(scanner_new(&empty, 0, &s), -EINVAL);
	assert_int_equal(scanner_new(&empty, 1, &s), -EINVAL);
	assert_int_equal(scanner_new(&nul, 1, &s), -EINVAL);
	assert_int_equal(scanner_new(&longer, 1, &s), -EINVAL);
	assert_null(s);
	assert_null(scanner_free(NULL));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_all_of_them_wherever_they_stand),
		cmocka_unit_test(equal_literals_each_get_their_hit),
		cmocka_unit_test(random_literals_are_found_as_naively),
		cmocka_unit_test(literals_near_the_end_are_found_wherever_the_chunk_lies),
		cmocka_unit_test(stops_when_told_and_scans_again),
		cmocka_unit_test(passes_on_more_hits_than_wait_at_once),
		cmocka_unit_test(refuses_what_it_cannot_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
