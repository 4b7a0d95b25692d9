/* SPDX-License-Identifier: MIT */
#pragma once
/* watching.h - what does a jail watch, and can what it watches ever give what it counts?
 *
 * A filter that is not there, is broken, or has no source is an error of the jail. What is only
 * suspicious is told as a warning or a note. */
#include "config/parts.h"

enum { WATCHES_MAX = 4096 }; /* of all jails together */

/* Finds filters and places of the jail's `watch`. -ENOMEM. */
NODISCARD int watching_resolve(struct parts *p, struct jail_part *jail);
/* Says which services and types of the jail no filter yields that it watches. */
void watching_check_jail(const struct parts *p, const struct jail_part *jail);
/* Says which types of the filter no jail counts. */
void watching_check_filter(const struct parts *p, uint16_t filter);
