/* SPDX-License-Identifier: MIT */
#pragma once
/* progress.h - how far is the work? A bar on stderr when that is a terminal and the work has taken
 * more than a second. */
#include <stdint.h>

/* `size` 0: not known. `started`: clock_monotonic() at the beginning. Draws at most ten times a
 * second. */
void progress_show(const char *what, uint64_t done, uint64_t size, int64_t started);
/* The same for an answer that is waited for: how long so far. */
void progress_wait(const char *whom, int64_t started);
/* Takes the bar away. */
void progress_clear(void);
