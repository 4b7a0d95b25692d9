/* SPDX-License-Identifier: MIT */
#pragma once
/* never.h - what becomes of the bans when the never-block list changes?
 *
 * No ban stands that an entry covers: such bans are lifted when the entry comes. And nothing stays
 * spared that no entry covers any more: its shadow is dropped, so that the jail decides again at
 * the next event. May allocate. */
#include "engine/judge.h"
#include "policy/order.h"

/* The entries of the ruleset's files, at the start. -ENOMEM, -ENOSPC. */
NODISCARD int never_load(struct judge *j);
/* Orders: all entries or none. -ENOSPC, -ENOMEM. The outbox must be empty. */
NODISCARD int never_add(struct judge *j, const struct order *order, struct order_result *ret);
NODISCARD int never_remove(struct judge *j, const struct order *order, struct order_result *ret);
/* What is known from this origin is exactly this. -ENOSPC, -ENOMEM: nothing was taken away. The
 * outbox must be empty. */
NODISCARD int never_learn(struct judge *j, enum never_from from, const struct never_entry *entries,
			  size_t n);
/* Counts a spared one of before. */
void never_recall(struct judge *j, const struct ban *ban);
