/* SPDX-License-Identifier: MIT */
#pragma once
/* schema.h - does this document hold only what its kind of file may hold, and what are its values?
 *
 * Asks the one table of keys. All that is wrong goes to the reader's diag. Pure. */
#include "config/document.h"
#include "config/reader_rule.h"
#include "config/schema_table.h"

/* The row of a key in a section as people wrote them (`event relay-denied`, in ipsd.conf also
 * `defaults`); NULL: there is none. */
const struct key *schema_key(enum config_kind kind, struct str section, struct str key);
/* Says which sections and keys are unknown, with what was probably meant, and which sections are
 * not supported yet. */
void schema_check(const struct document *d, enum config_kind kind, struct reader *r);

/* Where a struct of values.h comes from. */
struct schema_source {
	enum config_kind kind;
	const char *name;                 /* the table's section: `jail`, `event` */
	const struct section *section;    /* NULL: the file has none */
	const struct section *fallback;   /* for what it leaves out; NULL: none */
	const struct diag_place *missing; /* where a required key is missing; NULL: none is */
};

/* Fills the section's struct of values.h: from the section, what it leaves out from the fallback,
 * what both leave out from the defaults. */
void schema_read(const struct schema_source *from, struct reader *r, void *ret);
/* Whether the setting says anything: a key set to nothing is as if it were not there. */
bool schema_is_set(const struct setting *s);
