/* SPDX-License-Identifier: MIT */
#pragma once
/* hearing.h - what does this event mean for the jails that watch it?
 *
 * Allocates nothing. Pure. */
#include "engine/judge.h"

/* Counts the event in the route's jails and decides. The room must be there. The route may be NULL:
 * nobody watches. */
void hearing_event(struct judge *j, const struct route *route, const struct event *event);
/* Enters an event of before in all jails but those (NULL: none); nothing is decided. */
void hearing_recall(struct judge *j, const struct route *route, uint64_t id,
		    const struct event *event, const struct jail_set *but);

/* A login of before. */
void hearing_recall_login(struct judge *j, struct str account, const struct addr *addr, instant at);
/* A ban of before, for the jails that watch its jail. */
void hearing_recall_news(struct judge *j, const struct ban *ban);
