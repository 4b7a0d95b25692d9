/* SPDX-License-Identifier: MIT */
#pragma once
/* braking.h - which jails hold back because too many known addresses failed at once? */
#include "daemon/daemon.h"

/* Does the brake of this jail of the ruleset hold? *ret_until: until when at least. */
bool braking_holds(const struct daemon *d, uint16_t jail, instant now, instant *ret_until);
/* Logs what has changed since the last call. Returns when it is to be called again; INSTANT_NEVER.
 */
instant braking_tell(struct daemon *d, instant now);
