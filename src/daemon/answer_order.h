/* SPDX-License-Identifier: MIT */
#pragma once
/* answer_order.h - how is an order on the control socket done, however long it is?
 *
 * In slices, each on the disk when it is over, with other work between them; one order at a time.
 * What was fed before a slice is applied first, and the answer waits for the kernel. */
#include "daemon/call.h"

struct order_call;

/* What is done with the prefix number o->next of an order, and at its end. */
struct order_work {
	/* It was read: may it be done? Before the first one is. False: the call has been answered.
	 * NULL: all may. */
	bool (*look)(struct call *call, struct order_call *o);
	/* Before each slice: o->order as the rules of this moment have it. False: the call has been
	 * answered. */
	bool (*ready)(struct call *call, struct order_call *o);
	/* 0: done; 1: a part of it is, to be called again; negative: the call has been answered. */
	int (*act)(struct call *call, struct order_call *o);
	/* All are done: fills the reply. */
	void (*finish)(struct call *call, struct order_call *o);
};

struct order_call {
	struct daemon *daemon;
	struct value *reply;
	const struct order_work *work;
	const struct value *list; /* of the call: the prefixes */
	bool lines;               /* of a file: each its own time and reason */
	struct prefix *prefixes;
	size_t n, next;
	struct order order;
	uint64_t reloads; /* before the place in the table of bans was noted */
	uint64_t made, known, lifted, lifted_before; /* this prefix */
	struct value *notes, *covered, *covered_by;
	bool begun;       /* its first slice */
	bool unhindered;  /* it has waited for the kernel in vain */
	bool behind;      /* what did not fit is sent later */
	uint64_t sent;    /* wishes that must have met their fate */
	uint64_t refused; /* by the kernel, before the order */
};

/* Another order is in slices. */
bool order_must_wait(const struct call *call);
/* The step of the call is to ask again, after a while; takes the call's deadline. */
enum call_next order_wait(struct call *call);
/* With room for n prefixes. NULL: no memory, or ipsd is about to end; the call has been answered.
 */
struct order_call *order_new(struct call *call, size_t n);
/* The same for those in `prefixes`, or `lines`, of the call. */
struct order_call *order_begin(struct call *call);
/* Does the order; o->n is how many times, without a list too. */
enum call_next order_run(struct call *call, struct order_call *o, const struct order_work *work);
/* Of an order in one piece, after wheel_open_order(): applies what it made, durably, and waits for
 * the kernel; replies with o->reply. */
enum call_next order_end(struct call *call, struct order_call *o);
/* A large part of the internet: only with --force. */
bool order_is_too_wide(const struct prefix *p);
/* The end that lies `seconds`, a member of `from`, after now; null: never. -ERANGE: no length of
 * time. */
NODISCARD int order_until(const struct value *from, instant now, instant *ret);
