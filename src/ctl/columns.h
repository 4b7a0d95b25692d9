/* SPDX-License-Identifier: MIT */
#pragma once
/* columns.h - the columns of `list`: which there are, which are asked for, what stands in a cell.
 */
#include "ctl/ctl.h"

enum column {
	COLUMN_SOURCE,
	COLUMN_TIME_LEFT,
	COLUMN_COUNTRY,
	COLUMN_TYPE,
	COLUMN_ACTION,
	COLUMN_PORTS,
	COLUMN_DESCRIPTION,
	COLUMN_BLOCKS_30D,
	COLUMN_BY,
	COLUMN_USUAL, /* those above are shown without -o */
	COLUMN_JAIL = COLUMN_USUAL,
	COLUMN_SERVICE,
	COLUMN_SINCE,
	COLUMN_UNTIL,
	COLUMN_SCORE,
	COLUMN_DROPPED,
	COLUMN_REASON,
	COLUMN_COUNT,
};

struct columns {
	enum column at[COLUMN_COUNT];
	size_t n;
};

const char *column_name(enum column c);
/* Numbers stand to the right. */
bool column_is_number(enum column c);
/* COLUMN_COUNT: no such column. Upper and lower case are one. */
enum column column_find(struct str name);
/* `-o`'s argument: names separated by commas; with a leading + added to the usual ones. NULL: the
 * usual ones. -EINVAL: *ret_bad is the name that is none. */
NODISCARD int columns_parse(const char *text, struct columns *ret, struct str *ret_bad);
bool columns_have(const struct columns *list, enum column c);
/* Leaves out what says nothing in these rows: COUNTRY without a database, PORTS when all are `all`.
 */
void columns_hide_empty(struct columns *list, const struct value *rows);
/* The cell's text. `exact`: for scripts, times as RFC 3339, lengths in seconds. */
void column_text(enum column c, const struct value *row, bool exact, struct buf *out);
/* Orders two rows by the column: numbers and times by their value, prefixes by their bits. */
int column_compare(enum column c, const struct value *a, const struct value *b);
