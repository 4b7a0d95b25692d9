/* SPDX-License-Identifier: MIT */
/* Rows are kept by libsmartcols as they are added: a list of 100,000 blocks is a table that has to
 * know all its rows before it can align one. */
#include "ctl/table.h"

#include <stdlib.h>

#include <libsmartcols.h>

#include "base/escape.h"

struct grid {
	struct libscols_table *table;
	struct libscols_line *line;
	bool raw;
};

struct grid *grid_new(const struct table_column *columns, size_t n, bool raw)
{
	CLEANUP(grid_freep) struct grid *g = calloc(1, sizeof(*g));

	if (!g) {
		return NULL;
	}
	g->raw = raw;
	scols_init_debug(0);
	g->table = scols_new_table();
	if (!g->table) {
		return NULL;
	}
	scols_table_enable_raw(g->table, raw);
	scols_table_enable_noheadings(g->table, raw);
	for (size_t i = 0; i < n; i++) {
		int flags = (columns[i].flags & TABLE_RIGHT ? SCOLS_FL_RIGHT : 0) |
			    (columns[i].flags & TABLE_FLEXIBLE ? SCOLS_FL_TRUNC : 0);

		struct libscols_column *column =
			scols_table_new_column(g->table, columns[i].name, 0, flags);

		if (!column || scols_column_set_safechars(column, "\\") != 0) {
			return NULL;
		}
	}
	return TAKE(g);
}

struct grid *grid_free(struct grid *g)
{
	if (g) {
		scols_unref_table(g->table);
		free(g);
	}
	return NULL;
}

void grid_row(struct grid *g)
{
	g->line = scols_table_new_line(g->table, NULL);
}

void grid_cell(struct grid *g, size_t column, struct str text)
{
	CLEANUP(buf_done) struct buf clean = { 0 };

	escape_utf8(&clean, text);
	if (g->line) {
		scols_line_set_data(g->line, column, g->raw && !clean.n ? "-" : buf_text(&clean));
	}
}

void grid_print(struct grid *g)
{
	scols_print_table(g->table);
}
