/* SPDX-License-Identifier: MIT */
#pragma once
/* orders.h - what happens when a person says ban, unban, observe or enforce?
 *
 * May allocate: room for many lifts, and the notes of a ban. All or nothing. */
#include "engine/judge.h"
#include "policy/order.h"

/* 0: done, *ret says what. -ENOSPC: no room for the ban. -ENOMEM. -EINVAL: no such scope. The
 * outbox must be empty. */
NODISCARD int orders_apply(struct judge *j, const struct order *order, struct order_result *ret);
