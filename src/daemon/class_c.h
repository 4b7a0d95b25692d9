/* SPDX-License-Identifier: MIT */
#pragma once
/* class_c.h - did any address of the networks that an order would ban ever do something?
 *
 * Whoever bans a whole Class C has seen one of its addresses. A network of which nothing is known
 * is more likely a slip of the fingers. */
#include "daemon/call.h"

/* Widens each of the call's `prefixes` to its Class C and looks for blocks of the last 30 days,
 * then for events, in slices. `found` is stepped when all have some; otherwise the call is refused.
 */
enum call_next class_c_seek(struct call *call, call_step found);
