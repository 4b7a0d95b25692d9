/* SPDX-License-Identifier: MIT */
#pragma once
/* similar.h - which of the known words did they mean?
 *
 * Offer the known words one after the other; the nearest one stays. Pure, allocates nothing. */
#include "base/str.h"

struct similar {
	struct str wanted;
	struct str found; /* empty: nothing looks like it */
	unsigned distance;
};

struct similar similar_to(struct str wanted);
void similar_offer(struct similar *s, struct str known);

/* For "%s%.*s%s" in a message: `; did you mean WORD?`, or nothing. */
#define SIMILAR_ARG(s)                                                                             \
	(s).found.n > 0 ? "; did you mean " : "", STR_ARG((s).found), (s).found.n > 0 ? "?" : ""
