/* SPDX-License-Identifier: MIT */
/* similar.c - which of the known words did they mean?
 *
 * A slip is one letter, or two that changed places; in a long word two or three. The same letters
 * in other case are always meant. */
#include "config/similar.h"

enum { SHORT_WORD = 5, LONG_WORD = 10 };

struct similar similar_to(struct str wanted)
{
	return (struct similar){
		.wanted = wanted,
		.distance = wanted.n < SHORT_WORD  ? 2
			    : wanted.n < LONG_WORD ? 3
						   : 4,
	};
}

/* Whether the two are the same but for two neighbours that changed places. */
static bool is_swapped(struct str a, struct str b)
{
	size_t i = 0;

	if (a.n != b.n) {
		return false;
	}
	while (i < a.n && a.p[i] == b.p[i]) {
		i++;
	}
	return i + 1 < a.n && a.p[i] == b.p[i + 1] && a.p[i + 1] == b.p[i] &&
	       str_eq(str_slice(a, i + 2, SIZE_MAX), str_slice(b, i + 2, SIZE_MAX));
}

void similar_offer(struct similar *s, struct str known)
{
	unsigned distance = 0;

	if (s->distance == 0) {
		return;
	}
	if (!str_eq_nocase(s->wanted, known)) {
		distance = is_swapped(s->wanted, known)
				   ? 1
				   : str_distance(s->wanted, known, s->distance);
	}
	if (distance < s->distance) {
		s->found = known;
		s->distance = distance;
	}
}
