/* SPDX-License-Identifier: MIT */
#pragma once
/* ports.h - which packets does `ports = mail, udp/53, 8000-8100` mean?
 *
 * Words become a list of ranges that is sorted and has no overlaps, so that the same ports are
 * always the same list. Names of ports come from a table of our own: the system's (/etc/services)
 * may not be read where rules are made. Pure, allocates nothing. */
#include "policy/scope.h"

enum { PORT_GROUPS_MAX = 64 };

struct port_list {
	struct port_range at[SCOPE_RANGES_MAX];
	size_t n;
	bool all; /* every port; there are no ranges then */
};

struct port_group {
	struct str name;
	struct port_list list;
};

struct port_groups {
	struct port_group at[PORT_GROUPS_MAX];
	size_t n;
};

/* The ports of a group, or NULL. */
const struct port_group *ports_group(const struct port_groups *groups, struct str name);
/* Adds what a word means: `all`, a group (when `groups` is given), NAME, NUMBER, LOW-HIGH, each of
 * the last three with `tcp/` or `udp/` in front. -EINVAL: no such word. -ERANGE: no port has that
 * number, or the range runs backwards. -ENOSPC: too many ranges. */
NODISCARD int ports_add(struct port_list *list, struct str word, const struct port_groups *groups);
bool ports_eq(const struct port_list *a, const struct port_list *b);
/* Whether the table has a port of this name. */
bool ports_is_name(struct str word);
/* The known name or group that looks most like the word; empty when none does. */
struct str ports_similar(struct str word, const struct port_groups *groups);
/* The stem of the scope's set names: `all` for all ports and drop, else one that only these ports
 * with this verdict have. Returns `out`. */
const char *ports_set_name(const struct port_list *list, enum verdict verdict,
			   char out[static SCOPE_NAME_MAX + 1]);
