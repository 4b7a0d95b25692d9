/* SPDX-License-Identifier: MIT */
#include "output/sql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <sqlite3.h>

enum { STATEMENTS_MAX = 64, LOCK_WAIT_MS = 2000 };

struct sql_statement {
	struct sql *sql;
	const char *text;
	sqlite3_stmt *stmt;
};

struct sql {
	sqlite3 *db;
	struct sql_statement statements[STATEMENTS_MAX];
	size_t n;
	char error[256];
};

/* SQLite's code as an errno; its words are kept. */
static int fail(struct sql *s, int code)
{
	snprintf(s->error, sizeof(s->error), "%s",
		 s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(code));
	switch (code & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return -EBADMSG;
	case SQLITE_FULL: return -ENOSPC;
	case SQLITE_NOMEM: return -ENOMEM;
	case SQLITE_READONLY: return -EROFS;
	case SQLITE_CANTOPEN: return -EACCES;
	default: return -EIO;
	}
}

int sql_open(const char *path, struct sql **ret)
{
	struct sql *s = calloc(1, sizeof(*s));
	int code;

	if (!s) {
		return -ENOMEM;
	}
	*ret = s;
	code = sqlite3_open_v2(path, &s->db,
			       SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
			       NULL);
	if (code != SQLITE_OK) {
		return fail(s, code);
	}
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, LOCK_WAIT_MS);
	return 0;
}

struct sql *sql_close(struct sql *s)
{
	if (s) {
		for (size_t i = 0; i < s->n; i++) {
			sqlite3_finalize(s->statements[i].stmt);
		}
		sqlite3_close(s->db);
		free(s);
	}
	return NULL;
}

const char *sql_error(const struct sql *s)
{
	return s->error;
}

int sql_run(struct sql *s, const char *text)
{
	int code = sqlite3_exec(s->db, text, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : fail(s, code);
}

int sql_number(struct sql *s, const char *text, int64_t fallback, int64_t *ret)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(s->db, text, -1, &stmt, NULL);

	if (code == SQLITE_OK) {
		code = sqlite3_step(stmt);
	}
	if (code != SQLITE_ROW && code != SQLITE_DONE) {
		int r = fail(s, code);

		sqlite3_finalize(stmt);
		return r;
	}
	*ret = code == SQLITE_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL
		       ? sqlite3_column_int64(stmt, 0)
		       : fallback;
	sqlite3_finalize(stmt);
	return 0;
}

int sql_prepare(struct sql *s, const char *text, struct sql_statement **ret)
{
	struct sql_statement *st;
	int code;

	for (size_t i = 0; i < s->n; i++) {
		if (s->statements[i].text == text) {
			*ret = &s->statements[i];
			return 0;
		}
	}
	if (s->n == STATEMENTS_MAX) {
		snprintf(s->error, sizeof(s->error), "more than %d statements",
			 (int)STATEMENTS_MAX);
		return -ENOMEM;
	}
	st = &s->statements[s->n];
	code = sqlite3_prepare_v3(s->db, text, -1, SQLITE_PREPARE_PERSISTENT, &st->stmt, NULL);
	if (code != SQLITE_OK) {
		return fail(s, code);
	}
	st->sql = s;
	st->text = text;
	s->n++;
	*ret = st;
	return 0;
}

void sql_bind_int(struct sql_statement *st, int i, int64_t number)
{
	sqlite3_bind_int64(st->stmt, i, number);
}

void sql_bind_bytes(struct sql_statement *st, int i, struct str bytes)
{
	if (bytes.p) {
		sqlite3_bind_blob64(st->stmt, i, bytes.p, bytes.n, SQLITE_STATIC);
	} else {
		sqlite3_bind_null(st->stmt, i);
	}
}

int sql_step(struct sql_statement *st)
{
	int code = sqlite3_step(st->stmt);

	if (code == SQLITE_ROW) {
		return 1;
	}
	return code == SQLITE_DONE ? 0 : fail(st->sql, code);
}

int sql_finish(struct sql_statement *st)
{
	int r;

	do {
		r = sql_step(st);
	} while (r == 1);
	sql_done(st);
	return r;
}

void sql_done(struct sql_statement *st)
{
	sqlite3_reset(st->stmt);
	sqlite3_clear_bindings(st->stmt);
}

int64_t sql_int(struct sql_statement *st, int column)
{
	return sqlite3_column_int64(st->stmt, column);
}

bool sql_is_null(struct sql_statement *st, int column)
{
	return sqlite3_column_type(st->stmt, column) == SQLITE_NULL;
}

struct str sql_bytes(struct sql_statement *st, int column)
{
	const char *p = sqlite3_column_blob(st->stmt, column);

	return (struct str){ .p = p, .n = (size_t)sqlite3_column_bytes(st->stmt, column) };
}

int64_t sql_changes(const struct sql *s)
{
	return sqlite3_changes(s->db);
}
