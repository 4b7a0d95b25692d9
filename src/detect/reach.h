/* SPDX-License-Identifier: MIT */
#pragma once
/* reach.h - how far does a pattern get in this text, and what does it miss there?
 *
 * For people who write patterns, not for the road: it compiles the pattern's beginnings anew.
 * Pure. */
#include "detect/pattern.h"

enum { REACH_WANTS_MAX = 64 };

struct reach {
	bool whole;    /* the pattern matches */
	bool searched; /* not at `at` but anywhere behind it: a piece before fits anything */
	size_t at;     /* bytes of the text, up to where the longest beginning that matches ends */
	char wants[REACH_WANTS_MAX]; /* what the pattern has next: its text, or the piece itself */
	size_t n_wants;
	bool wants_text; /* `wants` is plain text */
};

/* `regex` is one that pattern_new() takes. -ENOMEM. */
NODISCARD int reach_find(struct str regex, bool nocase, struct matcher *m, struct str text,
			 struct reach *ret);
