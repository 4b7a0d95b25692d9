/* SPDX-License-Identifier: MIT */
#pragma once
/* ini.h - what does each line of this INI file say?
 *
 * Sections, keys and the lines that continue a list, in order, each with its line number. A comment
 * is a line whose first non-blank is `;` or `#`; nothing behind a value is one. Blanks at both ends
 * of a value go, unless it stands in double quotes, which go themselves. CRLF and a UTF-8 byte
 * order mark are read as if they were not there. All texts are borrowed from the file's text. Pure;
 * allocates nothing but what the diag keeps. */
#include "base/diag.h"

enum {
	INIFILE_LINE_MAX = 64 * 1024,
	INIFILE_PROBLEMS_MAX = 20, /* broken lines in a file; the rest is not read */
};

enum inifile_kind {
	INIFILE_SECTION, /* [section] */
	INIFILE_KEY,     /* key = value */
	INIFILE_MORE,    /* an indented line: one more entry of the key above */
};

struct inifile_line {
	enum inifile_kind kind;
	unsigned line;
	struct str section;
	struct str key; /* also with INIFILE_MORE */
	struct str value;
	bool quoted;
};

/* Takes a line; false ends the reading. */
typedef bool (*inifile_sink)(void *arg, const struct inifile_line *line);

/* Gives each good line to `sink`. What is wrong with the others goes to `diag`. */
void inifile_read(struct str file, struct str text, struct diag *diag, inifile_sink sink,
		  void *arg);
