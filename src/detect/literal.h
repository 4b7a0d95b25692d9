/* SPDX-License-Identifier: MIT */
#pragma once
/* literal.h - which bytes must be in every text that this regular expression matches?
 *
 * Walks a PCRE2 pattern and finds a set of literals such that every match contains at least one of
 * them: the longest run at top level, or one run for each branch of an alternation. Never promises
 * too much: what the walk does not understand makes no literal. Pure; allocates in the caller's
 * arena. */
#include "base/arena.h"
#include "base/str.h"

enum { LITERAL_MIN_BYTES = 4, LITERAL_MAX_BYTES = 64, LITERAL_SET_MAX = 64 };

struct literal {
	struct str text; /* LITERAL_MIN_BYTES to LITERAL_MAX_BYTES, without NUL */
	bool nocase;     /* ASCII case does not matter */
};

struct literal_set {
	struct literal
		*at; /* n == 0: the pattern needs no literal, it must be tried on every line */
	size_t n;
};

/* `nocase`: the pattern is compiled caseless. -ENOMEM. */
NODISCARD int literal_extract(struct str regex, bool nocase, struct arena *arena,
			      struct literal_set *ret);
