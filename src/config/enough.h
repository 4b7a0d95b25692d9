/* SPDX-License-Identifier: MIT */
#pragma once
/* enough.h - with `distinct`, can a subject have as many values as its threshold asks for?
 *
 * A network has so many addresses and no more. Where no kind of network has enough the jail can
 * never ban, which is an error; where only IPv4 or only IPv6 has not, a warning. */
#include "config/parts.h"

/* What the jail watches must have been resolved. */
void enough_check(const struct parts *p, const struct jail_part *jail);
