/* SPDX-License-Identifier: MIT */
#pragma once
/* window.h - what did one subject do lately, and what is its score?
 *
 * A list of entries, oldest first, in a pool that all windows share. The law of what is held and
 * what it brings is tracker.h's, whose half this is. Pure; allocates only in pool_init(). */
#include "policy/entry.h"
#include "policy/jail.h"

#define NODE_NONE UINT32_MAX
#define NODE_SIZE ((size_t)40)

struct node;

struct pool {
	struct node *nodes;
	uint32_t max, fresh; /* nodes from `fresh` on were never used */
	uint32_t free;       /* the first of those given back */
};

struct window {
	instant newest; /* the latest event time */
	instant oldest; /* no node is older: only behind it has the window anything to lose */
	int64_t score;
	uint32_t first, last; /* nodes, oldest and newest */
	uint32_t scored;      /* nodes that bring points */
	uint8_t unscored;     /* nodes of a `ban` multiplier */
	bool is_share : 1;
	/* The tracker's own. */
	bool ranked : 1; /* is in `weakest` */
	bool risen : 1;  /* its key there is too low */
	bool near : 1;   /* at or above half of the threshold */
	uint64_t heard;  /* turn of the latest arrival */
};

_Static_assert(sizeof(struct window) <= 48, "millions of these");

/* -ENOMEM. */
NODISCARD int pool_init(struct pool *p, uint32_t entries);
void pool_done(struct pool *p);
/* NODE_NONE: all are in use. */
uint32_t pool_take(struct pool *p);

struct window window_begin(instant time, bool is_share);
/* Gives all nodes back. The window is dead. */
void window_clear(struct pool *p, struct window *w);
/* Lets go of what is older than the window at `newest`. */
void window_prune(struct pool *p, struct window *w, const struct jail *j);
/* Enters what is inside the window, in a node that was taken for it. */
void window_enter(struct pool *p, struct window *w, const struct jail *j, uint32_t number,
		  const struct tracker_entry *entry);
/* Drops the oldest node; there is one. */
void window_drop_oldest(struct pool *p, struct window *w, const struct jail *j);
/* See tracker_withdraw(), tracker_score_at(), tracker_entries(). */
bool window_withdraw(struct pool *p, struct window *w, const struct jail *j,
		     const struct tracker_match *match);
int64_t window_score_at(const struct pool *p, const struct window *w, const struct jail *j,
			instant at);
size_t window_entries(const struct pool *p, const struct window *w, const struct jail *j,
		      instant at, struct tracker_entry *out, size_t max);
