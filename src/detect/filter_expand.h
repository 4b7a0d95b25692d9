/* SPDX-License-Identifier: MIT */
#pragma once
/* filter_expand.h - what is this pattern once its tags are written out?
 *
 * Texts are added one after the other (prefix, then match), each as a group of its own, so that no
 * `|` in one reaches into the other. <NAME> becomes the tag's group or the text of the define;
 * \<NAME> is the text itself. A `<` that begins no such word is a `<`, as are those inside of
 * classes, \Q..\E and names of groups.
 *
 * Groups: a number that a text refers to (\1, \g{-1}, (?1), (?(1)...)) counts the groups that stand
 * in that text, tags and defines not among them, and must refer backwards.
 *
 * Problems go to the diag at the text's place: unknown or second tag, define in a circle, more than
 * PATTERN_TEXT_MAX bytes, brackets that are not closed. Pure; allocates in the buffer. */
#include "detect/filter_walk.h"

/* Forgets what was added. The caller ends `regex` by buf_done(). */
void filter_expander_clear(struct filter_expander *x);
/* Adds a text. -EINVAL: told. Memory is asked for at the end, by buf_ok(). */
NODISCARD int filter_expand(struct filter_expander *x, const struct spec_text *text);
