/* SPDX-License-Identifier: MIT */
#pragma once
/* schema_table.h - every key of every kind of file: its kind, limits, default and words.
 *
 * One row adds a key: its reader, its default, its limits, its line in the manual and the texts of
 * its errors. */
#include "config/config.h"
#include "config/reader_rule.h"

enum key_flags {
	KEY_REQUIRED = 1 << 0, /* there is no default */
	KEY_LATER = 1 << 1,    /* its value is checked, then refused: not supported yet */
	KEY_OWN = 1 << 2,      /* each jail has its own: not in [defaults] */
};

struct key {
	enum config_kind kind;
	const char *section; /* `event` stands for each [event TYPE] */
	const char *name;    /* "*": any word */
	struct reader_rule rule;
	const char *value; /* the default as people write it; NULL: none */
	unsigned flags;
	size_t offset; /* of its field in the section's struct of values.h */
	const char *about;
	const char *theirs; /* what VPOP3 and SmarterMail call it; NULL */
};

/* Rows of one section stand together. Row number i; NULL past the end. */
const struct key *schema_row(size_t i);
