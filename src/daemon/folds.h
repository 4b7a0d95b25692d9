/* SPDX-License-Identifier: MIT */
#pragma once
/* folds.h - which blocks does a list tell in the row of a wider one?
 *
 * Those that stop nothing by themselves: an enforced ban of a wider prefix, which the list shows,
 * too, stops the same packets for at least as long. They are counted first, a slice at a time, for
 * the wider ban's row may come before theirs; bans that come between count and rows are folded, but
 * in no number. One count per wider ban; allocates in folds_new(). */
#include "engine/engine.h"

struct folds;

/* Is the ban among those that the list shows? */
typedef bool (*folds_shown)(const void *arg, const struct ban *ban);

struct fold {
	uint32_t prefixes; /* that are banned on their own inside it */
	bool networks;     /* not all of them are those of an address */
};

/* -ENOMEM. The engine must outlive it. */
NODISCARD int folds_new(const struct engine *engine, folds_shown shown, const void *arg,
			struct folds **ret);
struct folds *folds_free(struct folds *f);
DEFINE_FREEP(struct folds, folds_free)
/* Counts so many more bans; false: all are counted. */
bool folds_count(struct folds *f, size_t max);
/* The shown ban in whose row this one is told, itself in nobody else's; NULL: it has its own row.
 */
const struct ban *folds_find(const struct folds *f, const struct ban *ban);
/* What is told in this ban's row. */
struct fold folds_of(const struct folds *f, const struct ban *ban);
