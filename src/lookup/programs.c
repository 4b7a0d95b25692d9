/* SPDX-License-Identifier: MIT */
#include "lookup/programs.h"

#include <string.h>

#include "sys/files.h"

enum { NAME_MAX_BYTES = 64 };

static void look_at(struct str process, const char *const *names, size_t n, bool *is_there)
{
	CLEANUP(buf_done) struct buf path = { 0 }, name = { 0 };

	buf_printf(&path, "/proc/%.*s/comm", STR_ARG(process));
	if (files_read(buf_text(&path), NAME_MAX_BYTES, &name) < 0) {
		return;
	}
	for (size_t i = 0; i < n; i++) {
		is_there[i] |= str_has_prefix(buf_str(&name), str_of(names[i]));
	}
}

int programs_look(const char *const *names, size_t n, bool *is_there)
{
	CLEANUP(buf_done) struct buf all = { 0 };
	struct str rest, process;
	int r = files_list("/proc", "", &all);

	rest = buf_str(&all);
	while (r == 0 && str_split(&rest, '\0', &process)) {
		if (process.n && process.p[0] >= '1' && process.p[0] <= '9') {
			look_at(process, names, n, is_there);
		}
	}
	return r;
}
