/* SPDX-License-Identifier: MIT */
#pragma once
/* regex_maker.h - a random regular expression, and texts that it probably matches.
 *
 * The shape of the expression comes from one seed, the choices that a text makes on its way through
 * it (branch, count, case) from another: many texts for one expression. Nothing is promised: an
 * expression may be refused, a text may not match. */
#include "base/buf.h"
#include "unit/base/dice.h"

struct regex_maker {
	struct dice shape, choice;
	struct buf regex, text;
	bool nocase, extended; /* at the place that is made */
	unsigned groups, depth;
};

void regex_maker_done(struct regex_maker *m);
/* Makes m->regex from the shape's seed and m->text from the choice's. */
void regex_maker_run(struct regex_maker *m, uint64_t shape, uint64_t choice, bool nocase);
/* Changes up to `edits` bytes, for which it takes those of `alphabet`. */
void regex_maker_edit(struct dice *dice, struct buf *bytes, unsigned edits, struct str alphabet);
