/* SPDX-License-Identifier: MIT */
#pragma once
/* telling.h - what begins, was decided and stays, for whoever reads the daemon's log.
 *
 * A line a decision, at most TELLING_LINES a second; of the rest their number. */
#include "daemon/daemon.h"

enum { TELLING_LINES = 50 };

void telling_decisions(struct daemon *d, const struct batch *batch);
/* Tells the number of those that were left out, when their second is over. Returns when it is to be
 * called again; INSTANT_NEVER. */
instant telling_due(struct daemon *d, instant now);
/* Tells it at once: the daemon ends. */
void telling_end(struct daemon *d);
/* What runs, at the end of the start; what stays in the kernel when all has ended. */
void telling_ready(const struct daemon *d);
void telling_stay(const struct daemon *d);
