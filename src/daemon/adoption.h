/* SPDX-License-Identifier: MIT */
#pragma once
/* adoption.h - what becomes of bans that the kernel holds and the database does not know?
 *
 * Only at the start, and only without a usable database. They become bans by hand with the time
 * that they have left. At most RECORD_LIST_MAX. */
#include "daemon/daemon.h"

/* The kernel may hold bans that the database does not know; they get this reason (static). */
void adoption_expect(struct daemon *d, const char *reason);
/* Until all are adopted nothing in the kernel's sets is foreign. */
bool adoption_is_expected(const struct daemon *d);
/* How many elements are to be asked for. */
size_t adoption_max(const struct daemon *d);
/* An element of a list; its end, 0 or a positive errno. */
void adoption_found(struct daemon *d, const struct prefix *prefix, uint16_t scope, duration left);
void adoption_listed(struct daemon *d, int error);
/* Adopts a slice of what was found. */
NODISCARD int adoption_turn(struct daemon *d);
/* There is more to adopt just now. */
bool adoption_goes_on(const struct daemon *d);
