/* SPDX-License-Identifier: MIT */
#pragma once
/* zones.h - which time zone is meant by this name?
 *
 * `local` is what /etc/localtime says (UTC when there is none, as everywhere), `UTC` needs no file,
 * and any other name is a file below /usr/share/zoneinfo. Each is read once. Files are read by the
 * caller's functions; zones live in `arena`. */
#include "config/config.h"
#include "detect/filter_spec.h"

struct zone_named;

struct zones {
	const struct config_access *access;
	struct arena *arena;
	struct diag *diag;
	struct zone_named *first;
};

/* Whether a name can be one of a zone: no path that leads out of the folder. */
bool zones_is_name(struct str name);
/* *ret is NULL for UTC. 1: there is no such zone, which was told at the name's place; *ret is NULL.
 * -ENOMEM. */
NODISCARD int zones_find(struct zones *z, const struct spec_text *name, const struct zone **ret);
