/* SPDX-License-Identifier: MIT */
#pragma once
/* sql.h - a database, and questions to it. The only door to SQLite.
 *
 * A statement is prepared once and kept; it is bound from parameter 1 on, run, and reset by
 * sql_done(). Errors are negative errno: -EBADMSG damaged, -ENOSPC full, -EROFS, -ENOMEM, else
 * -EIO; sql_error() has SQLite's words for the last one. */
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

struct sql;
struct sql_statement;

/* Opens or makes the file. */
NODISCARD int sql_open(const char *path, struct sql **ret);
/* Finishes all statements first. */
struct sql *sql_close(struct sql *s);
DEFINE_FREEP(struct sql, sql_close)
const char *sql_error(const struct sql *s);
/* Runs statements without parameters or rows. */
NODISCARD int sql_run(struct sql *s, const char *text);
/* The first column of the first row as a number; `fallback` when there is none. */
NODISCARD int sql_number(struct sql *s, const char *text, int64_t fallback, int64_t *ret);

/* Prepares `text` the first time, finds it again by its address after that: texts must be literals.
 */
NODISCARD int sql_prepare(struct sql *s, const char *text, struct sql_statement **ret);
void sql_bind_int(struct sql_statement *st, int i, int64_t number);
/* Bytes; the str must live until sql_done(). An empty str with p == NULL binds NULL. */
void sql_bind_bytes(struct sql_statement *st, int i, struct str bytes);
/* 1: a row; 0: no more. */
NODISCARD int sql_step(struct sql_statement *st);
/* Runs to the end and resets. */
NODISCARD int sql_finish(struct sql_statement *st);
void sql_done(struct sql_statement *st);
int64_t sql_int(struct sql_statement *st, int column);
bool sql_is_null(struct sql_statement *st, int column);
/* Valid until the next step. */
struct str sql_bytes(struct sql_statement *st, int column);
/* Rows that the last statement changed. */
int64_t sql_changes(const struct sql *s);
