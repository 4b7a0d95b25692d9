/* SPDX-License-Identifier: MIT */
#pragma once
/* hostname.h - could this text be the name of a host, or `mx:DOMAIN`?
 *
 * Letters, digits, dashes, underscores and dots; labels of 1 to 63 bytes without a dash at either
 * end; at most 253 bytes; the last label is no number, so that an address is no name. A dot at the
 * end is allowed. Pure. */
#include "base/str.h"

enum { HOSTNAME_MAX = 260 }; /* with `mx:`, a dot at the end and the NUL */

/* Is it a name? */
bool hostname_is_name(struct str text);
/* Is it a name, or `mx:` and a name: the hosts that take the domain's mail? */
bool hostname_is_entry(struct str text);
/* The domain of `mx:DOMAIN`, or STR_NONE. */
struct str hostname_mx(struct str entry);
