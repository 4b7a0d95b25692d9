/* SPDX-License-Identifier: MIT */
#pragma once
/* watch.h - a page that is shown again every second, until q or ^C.
 *
 * Needs a terminal on both sides. It reads keys one by one meanwhile and leaves the terminal as it
 * was, also when it is ended by a signal. */
#include "ctl/ctl.h"

/* Is there a terminal for it? Says what to do when not, and gives CTL_USAGE. */
int watch_check(const struct ctl *ctl);
/* `page` prints the page, after watch_clear(), and gives an exit code; the first that is not
 * CTL_DONE ends it and is returned. */
int watch_run(int (*page)(void *arg), void *arg);
/* The page that stands there gives way. To be called when everything for the next one is known. */
void watch_clear(void);
/* Lines that the terminal has. */
size_t watch_lines(void);
