/* SPDX-License-Identifier: MIT */
#pragma once
/* session_rule.h - sessions that are opened, closed and satisfied by one type each, and carry all.
 */
#include "detect/session.h"
#include "unit/check.h"

static const uint16_t OPENS[] = { EVENT_CONNECTION };
static const uint16_t CLOSES[] = { EVENT_DISCONNECTION };
static const uint16_t SATISFIED[] = { EVENT_MESSAGE_ACCEPTED };

static const struct session_rule RULE = {
	.opens = { OPENS, 1 },
	.closes = { CLOSES, 1 },
	.satisfied = { SATISFIED, 1 },
	.otherwise = EVENT_BAD_SESSION,
	.carry = SESSION_ADDRESS | SESSION_ACCOUNT | SESSION_SERVICE | SESSION_COUNT,
};
