/* SPDX-License-Identifier: MIT */
#pragma once
/* jail_file.h - what does a jail's file say?
 *
 * A jail without what it watches: that is for build.h, which knows the filters. Numbers of types,
 * services and scopes are those of the ruleset, which gets the ones that are new. */
#include "config/document.h"
#include "config/main_file.h"
#include "config/values.h"
#include "engine/ruleset.h"

/* A multiplier, where it stands. */
struct jail_multiplier {
	uint16_t type;
	points points;
	struct diag_place at;
};

struct jail_file {
	struct str name;
	struct diag_place at; /* of [jail] */
	const struct document *document;
	struct jail_values values;
	const struct jail_multiplier *multipliers;
	size_t n_multipliers;
	struct jail jail; /* all but never_block; texts in the ruleset's arena */
};

/* Problems go to the reader's diag; when there was none, ret->jail is whole. -ENOMEM. */
NODISCARD int jail_file_read(const struct document *d, struct str name, const struct main_file *m,
			     struct reader *r, struct ruleset *rules, struct jail_file *ret);
/* Where a key of [jail] stands, or the section, or the file. */
struct diag_place jail_file_place(const struct jail_file *j, const char *key);
/* The jail's own exceptions; NULL: none. The caller owns them. -ENOMEM. */
NODISCARD int jail_file_never_block(const struct jail_file *j, struct netset **ret);
