/* SPDX-License-Identifier: MIT */
#pragma once
/* pattern.h - does this regular expression match, and what did its groups catch?
 *
 * PCRE2 over bytes (no UTF), JIT-compiled, at most PATTERN_MATCH_LIMIT steps a match. Memory: the
 * pattern's own, and one struct matcher shared by all patterns of a thread of work; matching
 * allocates nothing. */
#include "base/attr.h"
#include "base/str.h"

enum { PATTERN_MATCH_LIMIT = 20000, PATTERN_GROUPS_MAX = 64, PATTERN_TEXT_MAX = 16 * 1024 };

enum pattern_result {
	PATTERN_MISS = 0,
	PATTERN_HIT = 1,
	PATTERN_GAVE_UP = 2, /* a limit was reached: neither hit nor miss */
};

struct pattern;
struct matcher;

struct pattern_error {
	size_t offset; /* in the regex */
	char text[160];
};

/* -ENOMEM; -EINVAL: the regex is bad, *error (may be NULL) says how. */
NODISCARD int pattern_new(struct str regex, bool nocase, struct pattern_error *error,
			  struct pattern **ret);
struct pattern *pattern_free(struct pattern *p);
DEFINE_FREEP(struct pattern, pattern_free)
/* The number of a named group, or 0. */
unsigned pattern_group(const struct pattern *p, const char *name);
/* Bytes of the compiled form, code and JIT. */
size_t pattern_size(const struct pattern *p);
/* False: PCRE2 could not make machine code of it, matching is about ten times slower. */
bool pattern_has_jit(const struct pattern *p);

NODISCARD int matcher_new(struct matcher **ret);
struct matcher *matcher_free(struct matcher *m);
DEFINE_FREEP(struct matcher, matcher_free)
/* Searches in `subject` (unanchored unless the regex is). */
enum pattern_result pattern_match(const struct pattern *p, struct matcher *m, struct str subject);
/* What group number `group` caught in the last hit, pointing into its subject; empty when it took
 * no part or is 0..n out of range. */
struct str matcher_group(const struct matcher *m, unsigned group);
/* Whether the group took part in the last hit. */
bool matcher_has(const struct matcher *m, unsigned group);
