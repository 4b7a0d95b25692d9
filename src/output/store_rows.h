/* SPDX-License-Identifier: MIT */
#pragma once
/* store_rows.h - events and bans as they stand in rows. Private to the reading halves of the store.
 */
#include "output/sql.h"
#include "output/store.h"

#define NAME_OF(column) "(SELECT name FROM names WHERE id = " column ")"
#define EVENT_COLUMNS                                                                              \
	"id, time, " NAME_OF("type") ", " NAME_OF("service") ", " NAME_OF("filter") ", " NAME_OF(  \
		"source") ", addr, account, data, text, count"
#define BAN_COLUMNS                                                                                \
	"id, kind, because, action, since, until, addr, len, " NAME_OF("jail") ", " NAME_OF(       \
		"scope") ", " NAME_OF("type") ", " NAME_OF("service") ", threshold, score, by, reason, ended, ended_because"

/* The event of a row of EVENT_COLUMNS that begins at column `first`; its texts live until the next
 * step. */
void store_row_event(struct sql_statement *st, int first, struct stored_event *ret);
/* Is the address, or the IPv4 address that it carries, inside the prefix? */
bool store_concerns(const struct prefix *p, const struct addr *addr);
/* Has an unban said that this event counts no more, in any jail? */
bool store_is_ignored(struct store *s, const struct stored_event *event);
/* The same; false: in these jails of the ruleset it does not. */
bool store_is_ignored_in(struct store *s, const struct stored_event *event,
			 const struct ruleset *rules, struct jail_set *ret);
/* Hands the rows of a bound statement of BAN_COLUMNS to the callback, those that overlap `subject`
 * (NULL: all), and ends the statement. */
NODISCARD int store_rows_bans(struct sql_statement *st, const struct prefix *subject,
			      store_ban_fn fn, void *arg);
