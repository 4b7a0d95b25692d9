/* SPDX-License-Identifier: MIT */
#pragma once
/* order.h - what a person asks for: ban, unban, never-block, observe, enforce, another time.
 *
 * Plain data; texts are borrowed for the call. */
#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/str.h"
#include "base/time.h"
#include "policy/never_block.h"

enum order_kind {
	ORDER_BAN,
	ORDER_UNBAN,
	ORDER_UNBAN_ALL,
	ORDER_NEVER_ADD,
	ORDER_NEVER_REMOVE,
	ORDER_OBSERVE,
	ORDER_ENFORCE,
	ORDER_SET_CLOCK
};

enum { ORDER_TEXT_MAX = 255 };

/* How far an unban has come that is given in pieces. */
struct order_place {
	uint32_t slot;   /* of the table of bans; 0 again after a reload, which puts it anew */
	uint64_t newest; /* ban when it began: those after it are not meant; 0: it begins */
};

struct order {
	enum order_kind kind;
	instant time;
	struct prefix prefix; /* ban, unban */
	instant until;        /* ban: its end, INSTANT_NEVER for a blacklist entry; set-clock: what
				 the clock shows that stood at `time` */
	uint16_t scope;       /* ban */
	uint16_t jail;        /* unban: only this jail's bans; JAIL_BY_HAND: only those by hand;
				 ORDER_ANY_JAIL */
	uint32_t most;        /* unban: entries of the table of bans that are looked at; 0: all */
	struct order_place from;         /* unban: 0, then what the piece before gave as `next` */
	struct str by, reason;           /* cut at ORDER_TEXT_MAX bytes */
	const struct never_entry *never; /* never-block: NEVER_BY_HAND entries */
	size_t n_never;
};

#define ORDER_ANY_JAIL 0xfffe

struct order_result {
	size_t made;             /* bans, or never-block entries, made */
	size_t renewed;          /* never-block: entries that stood already */
	size_t removed;          /* never-block: entries taken out */
	size_t lifted;           /* unban, never-block: bans lifted */
	struct order_place next; /* unban: where it goes on; slot 0: it is over */
	bool covered; /* unban that is over: something still covers the prefix: `cover` */
	struct prefix cover;
	bool known; /* ban: the same ban by hand stood already and now ends at the later of the two
		       times */
	bool never_block; /* ban: the prefix lies inside never-block, nothing was done; `cover` is
			     the entry */
};
