/* SPDX-License-Identifier: MIT */
/* similar.c - which of the known words did they mean?
 *
 * A slip is one or two letters; in a long word three. The same letters in other case are always
 * meant. */
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

void similar_offer(struct similar *s, struct str known)
{
	unsigned distance = 0;

	if (s->distance == 0) {
		return;
	}
	if (!str_eq_nocase(s->wanted, known)) {
		distance = str_distance(s->wanted, known, s->distance);
	}
	if (distance < s->distance) {
		s->found = known;
		s->distance = distance;
	}
}
