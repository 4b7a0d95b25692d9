/* SPDX-License-Identifier: MIT */
#pragma once
/* mode.h - does the whole daemon observe or enforce, and until when?
 *
 * What a person ordered by `ipsctl observe` or `ipsctl enforce` is kept over restarts, until the
 * config's own mode is changed. With a time it holds only until then and turns into its opposite:
 * the panic button, the trial and the confirmed change in one. */
#include "daemon/daemon.h"

/* After the engine was made: takes up what was ordered before the restart; --observe wins over it,
 * and over the end of its time. */
NODISCARD int mode_recall(struct daemon *d);
/* -EPERM: enforcing is not possible, d->forced_why tells why. `until` INSTANT_NEVER: for good. `by`
 * is for the log. */
NODISCARD int mode_set(struct daemon *d, bool observe, instant until, const char *by);
/* Saves the mode again, for a database that knows none. */
void mode_keep(struct daemon *d);
/* Turns the mode back when its time is over. */
NODISCARD int mode_due(struct daemon *d, instant now);
