/* SPDX-License-Identifier: MIT */
#pragma once
/* replay_rules.h - the ruleset cut down and widened for a replay: the chosen jails only, and one
 * source more for files that fit none. */
#include "ctl/ctl.h"
#include "engine/ruleset.h"

/* Keeps the jails of --jail and what they watch (all without it), and adds the source for any file:
 * all filters that they watch, or the one of --filter. 0, or an exit code; what is wrong was said.
 * `lenient`: that a jail is not there, or that none reads anything, is nothing wrong. */
int replay_rules(const struct ctl *ctl, struct ruleset *rules, bool lenient);
/* Does any jail watch what is to be read? Nothing may be fed otherwise. */
bool replay_reads(const struct ruleset *rules);
/* The source for this file: the one of a chosen jail that its path, or else its name, fits, if
 * `fit` and there is exactly one; else the one for any file. */
uint16_t replay_source(const struct ruleset *rules, const char *path, bool fit);
