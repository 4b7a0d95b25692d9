/* SPDX-License-Identifier: MIT */
#pragma once
/* clock.h - what time is it? The only place in the program that asks. */
#include <stdbool.h>

#include "base/time.h"

/* Wall clock, UTC. */
instant clock_now(void);
/* Microseconds of a clock that never jumps, for measuring; not an instant. */
int64_t clock_monotonic(void);
/* Does somebody (NTP) keep the wall clock right? */
bool clock_is_kept(void);
