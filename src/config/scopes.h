/* SPDX-License-Identifier: MIT */
#pragma once
/* scopes.h - which number in the ruleset has this scope?
 *
 * The same ports with the same verdict are one scope, whatever words they were written in; its
 * label is that of whoever came first. */
#include "config/ports.h"
#include "engine/ruleset.h"

/* The number, added when it is new. The ruleset must have room for SCOPES_MAX of them. -ENOSPC,
 * -ENOMEM. */
NODISCARD int scopes_add(struct ruleset *r, const struct port_list *list, enum verdict verdict,
			 struct str label, uint16_t *ret);
