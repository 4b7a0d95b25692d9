/* SPDX-License-Identifier: MIT */
#pragma once
/* scope.h - which of an address's packets does a ban stop?
 *
 * All of them, or those to a list of ports: sorted, and ranges that touch are one. Scope number 0
 * of every ruleset is `all`, drop. */
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum { SCOPE_ALL = 0, SCOPE_NAME_MAX = 16, SCOPE_RANGES_MAX = 32, SCOPES_MAX = 64 };

enum verdict { VERDICT_DROP, VERDICT_REJECT };

enum { PROTO_TCP = 6, PROTO_UDP = 17 };

struct port_range {
	uint8_t proto;
	uint16_t low, high; /* inclusive, low >= 1 */
};

struct scope {
	struct str name; /* the stem of its sets' names, [a-z0-9_]{1,16}; the same ports and verdict
			    give the same name */
	struct str label;                /* the PORTS column: `all`, `mail`, `25,465` */
	const struct port_range *ranges; /* none: all ports */
	size_t n_ranges;
	enum verdict verdict;
};

/* Does a ban in `outer` stop all packets that one in `inner` does, by whatever verdict? */
bool scope_covers(const struct scope *outer, const struct scope *inner);
