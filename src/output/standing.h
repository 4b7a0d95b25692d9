/* SPDX-License-Identifier: MIT */
#pragma once
/* standing.h - does our nft table stand as we made it, and what is in its sets?
 *
 * A shape is a digest of what the kernel tells of the table: its flags, its chains with their
 * rules, the sets of the plan, never-block with its elements. Elements of the bans' sets are no
 * part of it. Shapes of one `struct standing` can be compared. */
#include "base/addr.h"
#include "output/kernel_plan.h"

struct standing;

struct standing_element {
	struct prefix prefix;
	uint16_t scope;
	bool has_timeout;
	uint64_t left_ms;
};

struct standing_list {
	struct standing_element *at;
	size_t n;
};

/* The table's name is borrowed. -ENOMEM and those of netlink_open(). */
NODISCARD int standing_open(const char *table, struct standing **ret);
struct standing *standing_close(struct standing *s);
/* The shape of what stands; of a table that lacks something it is another one. -EINTR: it changes
 * again and again; -ENOMEM and others. */
NODISCARD int standing_shape(struct standing *s, const struct kernel_plan *plan, uint64_t *ret);
/* The elements of these sets that a packet can meet, all at one time. -E2BIG: there are more than
 * `max`; -EINTR: something changes again and again; -ENOMEM and others. ret->at is free()d by the
 * caller. */
NODISCARD int standing_elements(struct standing *s, const struct kernel_plan *plan,
				const struct kernel_set *sets, size_t n, size_t max,
				struct standing_list *ret);
