/* SPDX-License-Identifier: MIT */
#pragma once
/* check_costs.h - what does each pattern cost, and each jail? */
#include "ctl/ctl.h"
#include "engine/ruleset.h"

/* Prints all patterns and jails; `json` one object each. An exit code. */
int check_costs(const struct ruleset *rules, bool json);
