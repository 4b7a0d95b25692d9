/* SPDX-License-Identifier: MIT */
#pragma once
/* bundle.h - a folder of config files in one text, for tests that read no files.
 *
 *	--- etc/ipsd.conf
 *	lines of the file
 *	--- etc/jails/a.conf
 *	lines of the file
 *
 * A line `===` ends the last file; what stands behind it is the test's. `!ERRNO` after a path makes
 * that file one that cannot be read. The bundle borrows the text. One bundle at a time is open: the
 * functions that config_load() is given have no argument of their own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

enum { BUNDLE_FILES_MAX = 512 };

struct bundle_file {
	struct str path, text;
	int error;
};

struct bundle {
	struct bundle_file files[BUNDLE_FILES_MAX];
	size_t n;
	struct str head, rest; /* before and behind === */
};

static const struct bundle *bundle_open;

static const struct config_paths BUNDLE_PATHS = { .dir = "etc", .shared = "usr" };

static void bundle_begin_file(struct bundle *b, struct str line)
{
	struct bundle_file *f = &b->files[b->n];
	size_t mark = str_find(line, STR(" !"));

	*f = (struct bundle_file){ .path = str_trim(str_slice(line, 4, SIZE_MAX)) };
	if (mark != STR_NOT_FOUND && mark >= 4) {
		struct str word = str_slice(line, mark + 2, SIZE_MAX);

		f->path = str_trim(str_slice(line, 4, mark - 4));
		f->error = str_eq(word, STR("EACCES")) ? -EACCES : -EFBIG;
	}
	b->n++;
}

static void bundle_parse(struct str text, struct bundle *ret)
{
	struct str rest = text, line;
	struct bundle_file *file = NULL;

	ret->n = 0;
	ret->head = text;
	ret->rest = STR_NONE;
	while (str_split(&rest, '\n', &line)) {
		if (str_has_prefix(line, STR("--- ")) && ret->n < BUNDLE_FILES_MAX) {
			bundle_begin_file(ret, line);
			file = &ret->files[ret->n - 1];
			file->text = (struct str){ .p = rest.p, .n = 0 };
		} else if (str_eq(line, STR("==="))) {
			ret->head.n = (size_t)(line.p - text.p);
			ret->rest = rest;
			return;
		} else if (file) {
			file->text.n = (size_t)(line.p - file->text.p) + line.n +
				       (line.p + line.n < text.p + text.n);
		}
	}
}

static int bundle_read(const char *path, size_t max, struct buf *ret)
{
	for (size_t i = 0; i < bundle_open->n; i++) {
		const struct bundle_file *f = &bundle_open->files[i];

		if (str_eq(f->path, str_of(path))) {
			if (f->text.n > max || f->error != 0) {
				return f->error != 0 ? f->error : -EFBIG;
			}
			buf_add_str(ret, f->text);
			return 0;
		}
	}
	return -ENOENT;
}

static int bundle_by_name(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* What stands in the folder on the way to the path: a file or a folder; empty: it is not below. */
static struct str bundle_entry(struct str path, struct str folder)
{
	struct str name = str_slice(path, folder.n + 1, SIZE_MAX);

	if (!str_has_prefix(path, folder) || path.n <= folder.n || path.p[folder.n] != '/') {
		return STR_NONE;
	}
	return str_slice(name, 0, str_find_char(name, '/'));
}

static int bundle_list(const char *dir, const char *suffix, struct buf *ret)
{
	struct str names[BUNDLE_FILES_MAX];
	bool there = false;
	size_t n = 0;

	for (size_t i = 0; i < bundle_open->n; i++) {
		struct str name = bundle_entry(bundle_open->files[i].path, str_of(dir));

		there = there || name.n > 0;
		if (name.n > 0 && name.p[0] != '.' && str_has_suffix(name, str_of(suffix))) {
			names[n++] = name;
		}
	}
	if (n > 1) {
		qsort(names, n, sizeof(*names), bundle_by_name);
	}
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || !str_eq(names[i], names[i - 1])) {
			buf_add_str(ret, names[i]);
			buf_add_char(ret, '\0');
		}
	}
	return there ? 0 : -ENOENT;
}

static const struct config_access BUNDLE_ACCESS = { .read = bundle_read, .list = bundle_list };
