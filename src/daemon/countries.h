/* SPDX-License-Identifier: MIT */
#pragma once
/* countries.h - the country of an address, as the pages tell it.
 *
 * The database is the one that [geo] names, or the first of the usual ones; there may be none. One
 * that was replaced is taken up at the next question that comes ten seconds after the last look. */
#include "daemon/daemon.h"

/* Opens it; what was named and cannot be read is a warning. Again: after a reload. */
void countries_open(struct daemon *d);
/* "DE"; NULL: not known. */
const char *countries_find(struct daemon *d, const struct addr *addr, instant now,
			   char ret[static 3]);
void countries_close(struct daemon *d);
