/* SPDX-License-Identifier: MIT */
#pragma once
/* adopt.h - what becomes of bans, scores and counts when the rules change?
 *
 * Jails are matched by name, and must count by the same kind of subject. What the rules of now
 * would not have made goes: a ban is lifted and said so, a shadow is forgotten, and the subject's
 * next event decides. Adopting bans nobody. Pure. */
#include "engine/judge.h"

/* Are the scores under both the same, so that the windows can go on as they stand? If not, they are
 * filled again from the events of before. */
bool adopt_keeps_scores(const struct ruleset *before, const struct ruleset *rules);
/* Fills a judge that was made for the rules with what the other knows but windows. Words that only
 * bans of before still use are added to the rules. Room for the lifts is made in the outbox of
 * `before`, which must be empty; nothing else is changed there. -ENOMEM. */
NODISCARD int adopt_prepare(struct judge *before, struct ruleset *rules, struct judge *ret);
/* Lifts in `before` what does not go on in `now`, as of `at`, which ends its episodes there; the
 * decisions speak of the rules of before. */
void adopt_lift(struct judge *before, struct judge *now, instant at);
/* What filters remember of a log whose lines go on goes on, too. */
void adopt_memory(const struct ruleset *before, struct ruleset *rules);
