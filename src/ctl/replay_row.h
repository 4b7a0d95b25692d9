/* SPDX-License-Identifier: MIT */
#pragma once
/* replay_row.h - a decision of a replay as the JSON object that scripts rely on. */
#include "engine/engine.h"
#include "wire/json.h"

/* The caller owns it. */
struct value *replay_row(const struct ruleset *rules, const struct decision *d);
