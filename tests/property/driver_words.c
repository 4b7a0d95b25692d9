/* SPDX-License-Identifier: MIT */
/* The words of a sequence: numbers, times, prefixes. */
#include <stdio.h>
#include <stdlib.h>

#include "property/driver.h"

static unsigned long line_number;

void next_line(void)
{
	line_number++;
}

void fail(const char *what, struct str word)
{
	(void)fprintf(stderr, "engine_driver: line %lu: %s: %.*s\n", line_number, what,
		      STR_ARG(word));
	exit(2);
}

uint64_t word_number(struct str word)
{
	uint64_t n;

	if (str_to_uint(word, INT64_MAX, &n) < 0) {
		fail("no number", word);
	}
	return n;
}

uint16_t word_small(struct str word)
{
	uint64_t n = word_number(word);

	if (n > UINT16_MAX) {
		fail("too large", word);
	}
	return (uint16_t)n;
}

int64_t word_time(struct str word)
{
	struct str whole, rest = word;
	int64_t us;

	if (str_eq(word, STR("never")) || str_eq(word, STR("permanent"))) {
		return INT64_MAX;
	}
	if (!str_split(&rest, '.', &whole) || rest.n > 6) {
		fail("no time", word);
	}
	us = (int64_t)word_number(whole) * 1000000;
	if (rest.n > 0) {
		int64_t part = (int64_t)word_number(rest);

		for (size_t i = rest.n; i < 6; i++) {
			part *= 10;
		}
		us += part;
	}
	return us;
}

struct prefix word_prefix(struct str word)
{
	struct prefix p;

	if (prefix_parse(word, &p) < 0) {
		fail("no prefix", word);
	}
	return p;
}
