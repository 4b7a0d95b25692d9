/* SPDX-License-Identifier: MIT */
/* Any regular expression and any text: when PCRE2 matches, one of the literals is in the text. The
 * first byte says whether case counts, the second how long the expression is; the rest is the text.
 * The expression without its punctuation is a second text, which it matches often. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "detect/literal.h"
#include "detect/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool contains(struct str text, const struct literal *literal)
{
	for (size_t at = 0; at + literal->text.n <= text.n; at++) {
		struct str there = str_slice(text, at, literal->text.n);

		if (literal->nocase ? str_eq_nocase(there, literal->text)
				    : str_eq(there, literal->text)) {
			return true;
		}
	}
	return false;
}

static void check(const struct pattern *p, struct matcher *m, const struct literal_set *set,
		  struct str text)
{
	bool found = set->n == 0;

	if (pattern_match(p, m, text) != PATTERN_HIT) {
		return;
	}
	for (size_t i = 0; i < set->n && !found; i++) {
		found = contains(text, &set->at[i]);
	}
	assert(found);
}

static void strip(struct str regex, struct buf *out)
{
	for (size_t i = 0; i < regex.n; i++) {
		if (!strchr("\\()[]{}?*+|^$", regex.p[i]) || regex.p[i] == '\0') {
			buf_add_char(out, regex.p[i]);
		}
	}
	assert(buf_ok(out) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	static struct matcher *m; /* one for all: its reserve is large */
	CLEANUP(pattern_freep) struct pattern *p = NULL;
	CLEANUP(buf_done) struct buf stripped = { 0 };
	struct str all = { .p = (const char *)data, .n = size }, regex;
	struct literal_set set;
	bool nocase;
	int r;

	if (size < 2 || !arena) {
		return 0;
	}
	nocase = data[0] & 1;
	regex = str_slice(all, 2, data[1]);
	r = literal_extract(regex, nocase, arena, &set);
	assert(r == 0 && set.n <= LITERAL_SET_MAX);
	for (size_t i = 0; i < set.n; i++) {
		assert(set.at[i].text.n >= LITERAL_MIN_BYTES);
		assert(set.at[i].text.n <= LITERAL_MAX_BYTES);
	}
	if (!m) {
		r = matcher_new(&m);
		assert(r == 0);
	}
	if (pattern_new(regex, nocase, NULL, &p) < 0) {
		return 0;
	}
	strip(regex, &stripped);
	check(p, m, &set, buf_str(&stripped));
	check(p, m, &set, str_slice(all, 2 + regex.n, SIZE_MAX));
	return 0;
}
