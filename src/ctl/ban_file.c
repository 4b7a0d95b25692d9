/* SPDX-License-Identifier: MIT */
/* ban_file.c - a file of bans is one order, so it is read to its end before anything is said to the
 * daemon, and everything that is wrong with it is told in one run. */
#include "ctl/ban_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/escape.h"
#include "base/span.h"

enum { COMPLAINTS_MAX = 50 };

struct ban_file {
	const char *name;
	unsigned long line;
	size_t bad;
	int64_t seconds;
	struct value *lines;
};

static void complain(struct ban_file *f, struct str word, const char *what)
{
	CLEANUP(buf_done) struct buf clean = { 0 };

	if (f->bad++ < COMPLAINTS_MAX) {
		escape_utf8(&clean, str_slice(word, 0, 100));
		fprintf(stderr, "%s:%lu: %s: %s\n", f->name, f->line, buf_text(&clean), what);
	}
}

static bool read_prefix(struct ban_file *f, struct str word)
{
	char text[PREFIX_TEXT_MAX], what[PREFIX_TEXT_MAX + 64];
	struct prefix prefix;
	int r = prefix_parse(word, &prefix);

	if (r == -ERANGE) {
		snprintf(what, sizeof(what), "has bits behind its length; did you mean %s?",
			 prefix_format(&prefix, text));
		complain(f, word, what);
	} else if (r < 0) {
		complain(f, word, "neither an address nor a prefix like 203.0.113.0/24");
	}
	return r == 0;
}

/* 0 seconds: permanent. */
static bool read_length(struct ban_file *f, struct str word, int64_t *ret)
{
	duration length;
	int r;

	if (str_eq(word, STR("permanent"))) {
		*ret = 0;
		return true;
	}
	r = span_parse(word, &length);
	if (r == 0 && length.us >= 1000000) {
		*ret = length.us / 1000000;
		return true;
	}
	complain(f, word,
		 r == -ENODATA  ? "a time needs a unit: 30m, 2h, 1d"
		 : r == -ERANGE ? "the longest is 999999999m; `permanent` is longer"
				: "neither a time like 30m, 2h, 1d, nor `permanent`, nor # reason");
	return false;
}

static void read_line(struct ban_file *f, struct str line)
{
	size_t hash = str_find_char(line, '#');
	struct str reason = hash != STR_NOT_FOUND ? str_slice(line, hash + 1, SIZE_MAX) : STR_NONE;
	struct str rest = str_slice(line, 0, hash), prefix, word;
	int64_t seconds = f->seconds;
	struct value *row;

	if (!str_word(&rest, &prefix) || prefix.p[0] == ';') {
		return;
	}
	if (!read_prefix(f, prefix) ||
	    (str_word(&rest, &word) && !read_length(f, word, &seconds))) {
		return;
	}
	if (str_word(&rest, &word)) {
		complain(f, word, "too much; a reason stands behind a #");
		return;
	}
	row = value_object();
	value_set_text(row, "prefix", prefix);
	if (seconds > 0) {
		value_set_int(row, "seconds", seconds);
	}
	if (str_trim(reason).n > 0) {
		value_set_text(row, "reason", str_trim(reason));
	}
	value_add(f->lines, row);
}

int ban_file_read(const struct ctl *ctl, const char *path, int64_t seconds, struct value *lines)
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *file = is_stdin ? stdin : fopen(path, "re");
	struct ban_file f = { .name = is_stdin ? "stdin" : path,
			      .seconds = seconds,
			      .lines = lines };
	char *text = NULL;
	size_t room = 0;
	ssize_t n;

	if (!file) {
		return ctl_usage(ctl, "%s: %s", path, strerror(errno));
	}
	while ((n = getline(&text, &room, file)) >= 0) {
		f.line++;
		read_line(&f, (struct str){ .p = text, .n = (size_t)n });
	}
	free(text);
	if (!is_stdin) {
		(void)fclose(file);
	}
	if (f.bad > COMPLAINTS_MAX) {
		fprintf(stderr, "and %zu more\n", f.bad - COMPLAINTS_MAX);
	}
	if (f.bad > 0) {
		fprintf(stderr, "ipsctl %s: %zu bad %s: nothing was done\n",
			command_info(ctl->command)->word, f.bad, f.bad == 1 ? "line" : "lines");
		return CTL_USAGE;
	}
	return value_length(lines) > 0 ? CTL_DONE
				       : ctl_usage(ctl, "%s: there is nobody in it", f.name);
}
