/* SPDX-License-Identifier: MIT */
#pragma once
/* rows.h - bans, events and decisions as the JSON objects of io.ipsd.Control. The caller owns what
 * is returned. */
#include "daemon/daemon.h"
#include "wire/json.h"

struct value *row_ban(const struct daemon *d, const struct ban *ban, instant now);
/* A ban of the database, running or ended. */
struct value *row_stored_ban(const struct daemon *d, const struct stored_ban *ban, instant now);
/* `counted`: it counts towards a ban or score that is being explained; its points are told then. */
struct value *row_event(const struct stored_event *event, bool counted);
struct value *row_decision(const struct daemon *daemon, const struct stored_ban *ban);
/* The points of these entries by type: Points objects, in order of first appearance. */
struct value *row_points(const struct ruleset *rules, const struct jail *jail,
			 const struct evidence *entries, size_t n);
