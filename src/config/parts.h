/* SPDX-License-Identifier: MIT */
#pragma once
/* parts.h - which filters and jails are there, and which of them can be used?
 *
 * A part is one file of the admin's, good or not: the public half (struct config_part) says so to
 * people, the rest is what becomes rules. */
#include "config/config.h"
#include "config/filter_file.h"
#include "config/jail_file.h"

struct filter_part {
	struct config_part *part;
	struct filter_file file;
	const struct place_line *read; /* the chosen one of its sources; NULL: it names none */
	bool exists;                   /* a place of that line exists */
};

/* A filter that a jail watches on a place. */
struct watch {
	struct str place;
	uint16_t filter; /* index of parts.filters */
};

struct jail_part {
	struct config_part *part;
	struct jail_file file;
	const struct watch *watches;
	size_t n_watches;
};

struct parts {
	struct reader *r;
	const struct config_access *access;
	struct ruleset *rules;
	struct filter_part *filters;
	size_t n_filters;
	struct jail_part *jails;
	size_t n_jails;
};

/* What the diag held before something was looked at. */
struct parts_mark {
	size_t items, errors;
};

struct parts_mark parts_mark(const struct reader *r);
/* Whether errors were told since. */
bool parts_erred(const struct reader *r, struct parts_mark since);
/* Makes the part one that failed, for the first error told since, if there was one. */
void parts_judge(struct config_part *p, struct reader *r, struct parts_mark since);
