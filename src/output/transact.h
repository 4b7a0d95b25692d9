/* SPDX-License-Identifier: MIT */
#pragma once
/* transact.h - in which transactions do wishes go to the kernel, and what becomes of each?
 *
 * The kernel takes a transaction whole or not at all. Here stands how one refused wish keeps none
 * of the others from being done. Pure: the transaction itself is the caller's function. */
#include "base/addr.h"

/* More operations at once would hold the lock that others wait for, and turn quadratic beside a
 * listener. */
enum { TRANSACT_OPERATIONS = 2000, TRANSACT_UNDECIDED = 1, TRANSACT_SET_NAME = 32 };

/* One element that shall be in a set or not. */
struct element_wish {
	char set[TRANSACT_SET_NAME];
	struct addr key; /* the prefix's first address */
	bool hold;
	uint64_t timeout_ms;     /* hold: 0 is without end */
	uint64_t packets, bytes; /* hold: its counter goes on from here; 0: from zero */
	int error;               /* its fate: 0 done, negative errno, or TRANSACT_UNDECIDED */
};

/* Tries the undecided ones of `n` wishes in one transaction. 0: all done. 1: nothing was done, at
 * least one got its error. Negative: nothing is known to have been done. */
typedef int (*transact_fn)(void *arg, struct element_wish *wishes, size_t n);

/* How many operations the wish is. */
unsigned transact_operations(const struct element_wish *w);
/* Decides on each of the wishes that is undecided, in their order. */
void transact_all(transact_fn fn, void *arg, struct element_wish *wishes, size_t n);
