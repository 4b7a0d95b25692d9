/* SPDX-License-Identifier: MIT */
#pragma once
/* listening.h - which jails watch which jails?
 *
 * `watch = jail:NAME` and `watch = jail:*`. Bans of networks and of jails that watch jails are no
 * events, so watching those is an error; with it no circle can be. */
#include "config/parts.h"

/* Is the entry one of these? */
bool listening_is_meant(const struct spec_text *entry);
/* Does the jail watch jails? */
bool listening_watches_jails(const struct jail_part *jail);
/* Checks what the jails name; those that cannot be fail. To be called when each jail on its own is
 * known to be good or not. -ENOMEM. */
NODISCARD int listening_check(struct parts *p);
/* Fills `watchers` of the ruleset's jails, which have their numbers by now. -ENOMEM. */
NODISCARD int listening_link(struct parts *p);
