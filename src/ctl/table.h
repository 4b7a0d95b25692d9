/* SPDX-License-Identifier: MIT */
#pragma once
/* table.h - rows under headings, as lsblk and findmnt print them. The only door to libsmartcols.
 *
 * Cells are escaped here. On a terminal the table fits its width: columns marked as flexible are
 * cut. */
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

enum table_flags {
	TABLE_RIGHT = 1 << 0, /* numbers */
	TABLE_FLEXIBLE = 1 << 1,
};

struct table_column {
	const char *name;
	unsigned flags;
};

struct grid;

/* NULL without memory. `raw`: no headings, no padding, blanks in cells escaped, for scripts. */
struct grid *grid_new(const struct table_column *columns, size_t n, bool raw);
struct grid *grid_free(struct grid *g);
DEFINE_FREEP(struct grid, grid_free)
/* A new row; the cells that follow are its own. */
void grid_row(struct grid *g);
void grid_cell(struct grid *g, size_t column, struct str text);
/* To stdout. */
void grid_print(struct grid *g);
