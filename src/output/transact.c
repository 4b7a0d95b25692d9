/* SPDX-License-Identifier: MIT */
/* transact.c - from wishes to transactions.
 *
 * A wish that holds is add, delete, add: the first makes sure that there is something to delete,
 * the delete takes away what has another timeout (only new kernels change it in place), the last is
 * the wish. One that releases is add, delete, because the element may have ended a moment ago and a
 * failed delete would undo the others. No packet sees what is between.
 *
 * When some are refused they leave the transaction with their fate, and the rest goes again. When
 * nothing is known (an answer was lost, or the whole was too large for the kernel's memory) the
 * wishes go again in halves: that does no harm, as each is the whole truth about its element. Both
 * end, since every try decides on a wish or is half as long. */
#include "output/transact.h"

#include <errno.h>

unsigned transact_operations(const struct element_wish *w)
{
	return w->hold ? 3 : 2;
}

static bool has_undecided(const struct element_wish *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (w[i].error == TRANSACT_UNDECIDED) {
			return true;
		}
	}
	return false;
}

static void settle(struct element_wish *w, size_t n, int error)
{
	for (size_t i = 0; i < n; i++) {
		if (w[i].error == TRANSACT_UNDECIDED) {
			w[i].error = error;
		}
	}
}

static bool may_fit_in_pieces(int error)
{
	return error == -ENOBUFS || error == -ENOMEM || error == -EMSGSIZE;
}

static void apply(transact_fn fn, void *arg, struct element_wish *w, size_t n)
{
	int r = 1;

	while (r > 0 && has_undecided(w, n)) {
		r = fn(arg, w, n);
	}
	if (r < 0 && n > 1 && may_fit_in_pieces(r)) {
		apply(fn, arg, w, n / 2);
		apply(fn, arg, w + n / 2, n - n / 2);
	} else if (r <= 0) {
		settle(w, n, r);
	}
}

void transact_all(transact_fn fn, void *arg, struct element_wish *wishes, size_t n)
{
	while (n > 0) {
		size_t slice = 0, operations = transact_operations(wishes);

		while (operations <= TRANSACT_OPERATIONS) {
			slice++;
			if (slice == n) {
				break;
			}
			operations += transact_operations(&wishes[slice]);
		}
		apply(fn, arg, wishes, slice);
		wishes += slice;
		n -= slice;
	}
}
