/* SPDX-License-Identifier: MIT */
/* A file of entries is one order: all of its lines are looked at, and every bad one is told, before
 * any is sent. */
#include "ctl/never_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/escape.h"
#include "base/hostname.h"
#include "base/span.h"

enum { LINE_MAX_BYTES = 4096, LINES_MAX = 65536, BAD_TOLD = 50 };

struct reading {
	const char *name;
	unsigned long line;
	size_t bad, n;
	struct value *wishes;
};

static void complain(struct reading *r, const char *why)
{
	CLEANUP(buf_done) struct buf clean = { 0 };

	if (r->bad++ < BAD_TOLD) {
		escape_utf8(&clean, str_of(why));
		fprintf(stderr, "%s:%lu: %s\n", r->name, r->line, buf_text(&clean));
	}
}

bool never_file_wish(struct str entry, duration length, struct str reason, char *ret_why,
		     struct value *ret_wishes)
{
	char text[PREFIX_TEXT_MAX];
	struct prefix prefix;
	struct value *wish;
	int r = prefix_parse(entry, &prefix);

	if (r == -ERANGE) {
		snprintf(ret_why, 256, "%.*s has bits behind its length; did you mean %s?",
			 entry.n < 100 ? (int)entry.n : 100, entry.p, prefix_format(&prefix, text));
		return false;
	}
	if (r < 0 && !hostname_is_entry(entry)) {
		snprintf(
			ret_why, 256,
			"\"%.*s\" is no address, no prefix like 203.0.113.0/24 and no name like mail.example.com or mx:example.com",
			entry.n < 100 ? (int)entry.n : 100, entry.p);
		return false;
	}
	wish = value_object();
	value_set_text(wish, "entry", entry);
	value_set_null(wish, "seconds");
	if (length.us != DURATION_FOREVER.us) {
		value_set_int(wish, "seconds", length.us / 1000000);
	}
	value_set_null(wish, "reason");
	if (reason.n > 0) {
		value_set_text(wish, "reason", reason);
	}
	value_add(ret_wishes, wish);
	return true;
}

static void read_line(struct reading *r, struct str line, duration usual)
{
	size_t hash = str_find_char(line, '#');
	struct str reason = hash == STR_NOT_FOUND ? STR_NONE
						  : str_trim(str_slice(line, hash + 1, SIZE_MAX));
	struct str rest = str_slice(line, 0, hash), entry, word, more;
	duration length = usual;
	char why[256];
	int e = 0;

	if (!str_word(&rest, &entry)) {
		return;
	}
	if (str_word(&rest, &word)) {
		length = DURATION_FOREVER;
		e = str_eq(word, STR("permanent")) ? 0 : span_parse(word, &length);
	}
	if (e < 0 || length.us < 1000000 || str_word(&rest, &more)) {
		complain(r, "behind the entry stands how long (30m, 2h, 1d, permanent), then # and "
			    "the reason");
	} else if (!never_file_wish(entry, length, reason, why, r->wishes)) {
		complain(r, why);
	}
	if (++r->n > LINES_MAX) {
		complain(r, "more than 65,536 entries");
	}
}

static int usual_length(const struct ctl *ctl, duration *ret)
{
	const char *text = ctl_option(ctl, "for");

	*ret = DURATION_FOREVER;
	if (text && (span_parse(str_of(text), ret) < 0 || ret->us < 1000000)) {
		return ctl_usage(ctl, "--for=%s: not a length of time like 30m, 2h, 1d", text);
	}
	return 0;
}

static void read_all(struct reading *r, FILE *file, duration usual)
{
	char line[LINE_MAX_BYTES];

	while (r->n <= LINES_MAX && fgets(line, sizeof(line), file)) {
		size_t n = strlen(line);

		r->line++;
		if (n == sizeof(line) - 1 && line[n - 1] != '\n') {
			complain(r, "the line is too long");
			return;
		}
		read_line(r, str_of(line), usual);
	}
	if (ferror(file)) {
		complain(r, strerror(errno));
	}
}

int never_file_read(const struct ctl *ctl, const char *path, struct value *ret_wishes)
{
	bool input = strcmp(path, "-") == 0;
	struct reading r = { .name = input ? "(standard input)" : path, .wishes = ret_wishes };
	duration usual;
	FILE *file;

	if (usual_length(ctl, &usual) != 0) {
		return CTL_USAGE;
	}
	file = input ? stdin : fopen(path, "re");
	if (!file) {
		return ctl_usage(ctl, "%s: %s", path, strerror(errno));
	}
	read_all(&r, file, usual);
	if (!input) {
		(void)fclose(file);
	}
	if (r.bad > 0) {
		return ctl_usage(ctl, "%zu of %zu lines are wrong; nothing was done", r.bad, r.n);
	}
	return r.n > 0 ? CTL_DONE : ctl_usage(ctl, "%s holds no entry", r.name);
}
