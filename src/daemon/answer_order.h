/* SPDX-License-Identifier: MIT */
#pragma once
/* answer_order.h - what all orders on the control socket share: what was fed before is applied
 * first, the order is on the disk before the answer, and the answer waits for the kernel. */
#include "daemon/call.h"

struct order_call {
	struct value *reply;
	const struct value *lines; /* of a file of bans: each its own time and reason; NULL */
	struct prefix *prefixes;
	size_t n_prefixes;
	bool behind;      /* what did not fit is sent later */
	uint64_t sent;    /* wishes that must have met their fate */
	uint64_t refused; /* by the kernel, before the order */
};

/* With room for n prefixes. NULL: no memory, or ipsd is about to end; the call has been answered.
 */
struct order_call *order_new(struct call *call, size_t n);
/* The same with `prefixes`, or `lines`, read from the call; of `all` there may be none. */
struct order_call *order_begin(struct call *call, bool all);
/* Applies what the order made, durably, and waits for the kernel; replies with o->reply. */
enum call_next order_end(struct call *call, struct order_call *o);
/* A large part of the internet: only with --force. */
bool order_is_too_wide(const struct prefix *p);
/* The end that lies `seconds`, a member of `from`, ahead; null: never. -ERANGE: no length of time.
 */
NODISCARD int order_until(const struct value *from, instant *ret);
