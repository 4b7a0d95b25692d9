/* SPDX-License-Identifier: MIT */
#pragma once
/* rows.h - bans, events and decisions as the JSON objects of io.ipsd.Control. The caller owns what
 * is returned. */
#include "daemon/daemon.h"
#include "wire/json.h"

/* `now` is for what is left, and for countries. */
struct value *row_ban(struct daemon *d, const struct ban *ban, instant now);
/* A ban of the database, running or ended. */
struct value *row_stored_ban(struct daemon *d, const struct stored_ban *ban, instant now);
/* `counted`: it counts towards a ban or score that is being explained; its points are told then. */
struct value *row_event(struct daemon *d, const struct stored_event *event, bool counted);
struct value *row_decision(struct daemon *daemon, const struct stored_ban *ban);
/* Sets `country`; null when it is not known. */
void row_set_country(struct value *row, struct daemon *d, const struct addr *addr, instant now);
/* An entry of never-block. */
struct value *row_never(const struct daemon *d, const struct never_entry *entry, instant now);
/* All entries that cover the prefix, for whatever jail or service. */
struct value *row_never_entries(const struct daemon *d, const struct prefix *p, instant now);
/* The points of these entries by type: Points objects, in order of first appearance. */
struct value *row_points(const struct ruleset *rules, const struct jail *jail,
			 const struct evidence *entries, size_t n);

enum { HOLES_MAX = 20 };

/* A sentence for each never-block entry, up to HOLES_MAX, inside these banned prefixes: what passes
 * all the same. */
void row_add_holes(const struct engine *e, const struct prefix *prefixes, size_t n,
		   struct value *notes);
