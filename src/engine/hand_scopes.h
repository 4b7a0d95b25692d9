/* SPDX-License-Identifier: MIT */
#pragma once
/* hand_scopes.h - which scopes does the ruleset have beside those of its jails?
 *
 * Those that people name on the command line. They follow the jails' in the ruleset's array, which
 * must have room for SCOPES_MAX; the number of one is free again when no ban is left in it. Borrows
 * the ruleset, whose scopes live as long as this. Allocates in hand_scopes_new() alone. */
#include "engine/ruleset.h"
#include "policy/bans.h"

enum { SCOPE_LABEL_MAX = 255 };

struct hand_scopes;

/* -ENOMEM. */
NODISCARD int hand_scopes_new(struct ruleset *rules, struct hand_scopes **ret);
struct hand_scopes *hand_scopes_free(struct hand_scopes *h);
/* The number of the scope of this name. 0: it was there; 1: made. -ENOSPC: all are in use; -EINVAL:
 * its name, label or list is too long. */
NODISCARD int hand_scopes_want(struct hand_scopes *h, const struct scope *wanted,
			       const struct bans *bans, uint16_t *ret);
/* Makes those of other rules that running bans by hand are in. What there is no room for is left
 * out. */
void hand_scopes_carry(struct hand_scopes *h, const struct ruleset *from, const struct bans *bans);
