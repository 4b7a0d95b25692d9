/* SPDX-License-Identifier: MIT */
#pragma once
/* clock.h - what time is it? The only place in the program that asks. */
#include <stdbool.h>

#include "base/attr.h"
#include "base/time.h"

/* Wall clock, UTC. */
instant clock_now(void);
/* Microseconds of a clock that never jumps, for measuring; not an instant. */
int64_t clock_monotonic(void);
/* The same, and it goes on while the machine sleeps: the wall clock differs from it by a constant
 * until somebody sets that. */
int64_t clock_boot(void);
/* A descriptor that becomes readable when somebody sets the wall clock, or the machine wakes up.
 * clock_set_noted() makes it wait for the next time. Negative errno. */
NODISCARD int clock_set_open(void);
void clock_set_noted(int fd);
/* Does somebody (NTP) keep the wall clock right? */
bool clock_is_kept(void);
