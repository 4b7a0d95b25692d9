/* SPDX-License-Identifier: MIT */
#pragma once
/* diff.h - what do the files say differently than before?
 *
 * Compares effective values, defaults included, not texts: a comment or another order of lines is
 * no change. Allocates; pure. */
#include "config/config.h"

/* Appends one line, ended by a newline, for each difference: "jail mail: threshold 20 -> 10", "jail
 * x is removed". What a start alone can bring ([nft]) is said so. Nothing: the same rules. -ENOMEM.
 */
NODISCARD int diff_configs(const struct config *before, const struct config *now, struct buf *out);
