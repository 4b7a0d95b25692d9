/* SPDX-License-Identifier: MIT */
#include "input/journal_files.h"

#include <errno.h>
#include <glob.h>
#include <unistd.h>

#include "base/buf.h"

struct count {
	size_t found, readable;
};

static void count_files(const char *root, const char *pattern, struct count *count)
{
	CLEANUP(buf_done) struct buf path = { 0 };
	glob_t files = { .gl_pathc = 0 };

	buf_printf(&path, "%s/%s", root, pattern);
	if (glob(buf_text(&path), GLOB_NOSORT, NULL, &files) == 0) {
		count->found += files.gl_pathc;
		for (size_t i = 0; i < files.gl_pathc; i++) {
			count->readable += access(files.gl_pathv[i], R_OK) == 0;
		}
	}
	globfree(&files);
}

struct journal_files journal_files_look(const char *dir)
{
	const char *const roots[JOURNAL_ROOTS_MAX] = { dir ? dir : "/run/log/journal",
						       dir ? NULL : "/var/log/journal" };
	struct journal_files files = { .state = TAIL_MISSING, .all_roots = true };
	struct count count = { .found = 0 };

	for (unsigned i = 0; i < JOURNAL_ROOTS_MAX && roots[i]; i++) {
		if (access(roots[i], F_OK) < 0) {
			files.all_roots = false;
			continue;
		}
		files.roots |= 1U << i;
		if (access(roots[i], R_OK | X_OK) < 0) {
			files.error = errno;
		}
		count_files(roots[i], dir ? "*.journal" : "*/system*.journal", &count);
		count_files(roots[i], dir ? "*/*.journal" : "system*.journal", &count);
	}
	if (count.found && !count.readable) {
		files.error = EACCES;
	}
	if (count.readable) {
		files.state = TAIL_READING;
		files.error = 0;
	} else if (files.error) {
		files.state = TAIL_UNREADABLE;
	}
	return files;
}
