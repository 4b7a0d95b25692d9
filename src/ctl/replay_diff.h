/* SPDX-License-Identifier: MIT */
#pragma once
/* replay_diff.h - which bans does only one of two configs make on the same logs? */
#include "base/time.h"
#include "ctl/ctl.h"

/* Both configs are read and all that is wrong in either is said, before any log is read. At most
 * DIFF_MAX decisions of each are kept; more is CTL_USAGE. 0: they decide alike; CTL_NO: they do
 * not, or not all could be read; CTL_USAGE. */
int replay_diff(const struct ctl *ctl, instant from, instant to);
