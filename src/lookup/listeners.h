/* SPDX-License-Identifier: MIT */
#pragma once
/* listeners.h - does any server listen in this network namespace?
 *
 * By /proc/net/tcp and tcp6; needs no right. */
#include <stddef.h>

#include "base/str.h"

/* TCP sockets that listen, but not to this host alone (loopback). 0 also when nothing is known. */
size_t listeners_count(void);
/* Those in the text of one of the two files. Pure. */
size_t listeners_parse(struct str text);
