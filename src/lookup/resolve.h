/* SPDX-License-Identifier: MIT */
#pragma once
/* resolve.h - what are the addresses of a host name? Asks the system's resolver and waits for it.
 *
 * For the resolver process only: it may wait for many seconds. */
#include "lookup/question.h"

/* A and AAAA of the name (hosts file included); of `mx:DOMAIN` those of the hosts that take its
 * mail, or without MX records its own. */
void resolve(const struct question *question, struct answer *ret);
