/* SPDX-License-Identifier: MIT */
#pragma once
/* store_memory.h - what of the filters' memories is to be written? Private to store*.c.
 *
 * Walks the detectors of the rules and the changes that they tell. */
#include "detect/once.h"
#include "detect/session.h"
#include "output/store_db.h"

/* Writes what changed since the last transaction, or all. */
NODISCARD int store_put_memories(struct store *s, const struct ruleset *rules);
/* That transaction was closed. */
void store_memories_were_put(struct store *s, const struct ruleset *rules);
/* Fills the memories of the rules, which are empty. */
NODISCARD int store_recall_memories(struct store *s, const struct ruleset *rules);
