/* SPDX-License-Identifier: MIT */
/* Names decide: a file that was touched or restored is not written anew. Of two numbers the smaller
 * is the younger one, as logrotate has it; where their times say the contrary the numbers rise, or
 * one is left over from before, and nothing is known. */
#include "input/rotated.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NUMBER_DIGITS = 5, DATE_DIGITS = 6, RANK_DIGITS = 19 };

static const struct {
	const char *suffix;
	enum rotated_packing packing;
} PACKINGS[] = {
	{ ".gz", ROTATED_GZIP },   { ".xz", ROTATED_OTHER },  { ".bz2", ROTATED_OTHER },
	{ ".zst", ROTATED_OTHER }, { ".lz4", ROTATED_OTHER }, { ".Z", ROTATED_OTHER },
};

static bool ends_with(struct str s, struct str end)
{
	return s.n > end.n && str_eq(str_slice(s, s.n - end.n, SIZE_MAX), end);
}

/* Takes the suffix of a compressed file off. */
static enum rotated_packing unpack_name(struct str *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(PACKINGS); i++) {
		struct str suffix = str_of(PACKINGS[i].suffix);

		if (ends_with(*name, suffix)) {
			name->n -= suffix.n;
			return PACKINGS[i].packing;
		}
	}
	return ROTATED_PLAIN;
}

bool rotated_is_packed(struct str name)
{
	return unpack_name(&name) != ROTATED_PLAIN;
}

static bool is_separator(char c)
{
	return c == '.' || c == '-' || c == '_';
}

/* The suffix of a rotation: a separator, then digits with separators between. The number of its
 * digits, 0 when it is none. */
static unsigned read_rank(struct str suffix, uint64_t *ret)
{
	unsigned digits = 0;
	uint64_t rank = 0;

	if (suffix.n < 2 || !is_separator(suffix.p[0])) {
		return 0;
	}
	for (size_t i = 1; i < suffix.n; i++) {
		char c = suffix.p[i];

		if (c >= '0' && c <= '9') {
			rank = rank * 10 + (uint64_t)(c - '0');
			digits++;
		} else if (!is_separator(c) || is_separator(suffix.p[i - 1])) {
			return 0;
		}
	}
	*ret = rank;
	return digits <= RANK_DIGITS ? digits : 0;
}

/* NAME.1, NAME-20261122, STEM-20261122.EXT; `name` without the suffix of a compressed file. */
static bool is_relative(struct str base, struct str name, struct rotated_file *ret)
{
	size_t dot = base.n;
	unsigned digits = 0;

	if (name.n > base.n && str_eq(str_slice(name, 0, base.n), base)) {
		digits = read_rank(str_slice(name, base.n, SIZE_MAX), &ret->rank);
		ret->by_date = digits > NUMBER_DIGITS;
		return digits > 0;
	}
	while (dot > 0 && base.p[dot - 1] != '.') {
		dot--;
	}
	if (dot > 1 && ends_with(name, str_slice(base, dot - 1, SIZE_MAX)) &&
	    str_eq(str_slice(name, 0, dot - 1), str_slice(base, 0, dot - 1))) {
		size_t end = name.n - (base.n - dot + 1);

		digits = end > dot - 1 ? read_rank(str_slice(name, dot - 1, end), &ret->rank) : 0;
		ret->by_date = true;
	}
	return digits >= DATE_DIGITS;
}

/* Where the digits and separators at the end begin; SIZE_MAX: they are no rank of so many digits.
 */
static size_t rank_begins(struct str name, unsigned digits)
{
	size_t n = name.n;
	uint64_t rank;

	while (n > 0 &&
	       (is_separator(name.p[n - 1]) || (name.p[n - 1] >= '0' && name.p[n - 1] <= '9'))) {
		n--;
	}
	while (n < name.n && !is_separator(name.p[n])) {
		n++;
	}
	return n > 0 && read_rank(str_slice(name, n, SIZE_MAX), &rank) >= digits ? n : SIZE_MAX;
}

bool rotated_base(struct str name, struct buf *ret)
{
	struct str stem;
	size_t n;

	(void)unpack_name(&name);
	n = rank_begins(name, 1);
	if (n != SIZE_MAX) {
		buf_add_str(ret, str_slice(name, 0, n));
		return true;
	}
	stem = name;
	while (stem.n > 0 && stem.p[stem.n - 1] != '.') {
		stem.n--;
	}
	if (stem.n == 0) {
		return false;
	}
	stem.n--;
	n = rank_begins(stem, DATE_DIGITS);
	if (n == SIZE_MAX) {
		return false;
	}
	buf_add_str(ret, str_slice(stem, 0, n));
	buf_add_str(ret, str_slice(name, stem.n, SIZE_MAX));
	return true;
}

bool rotated_is_after(const struct rotated_file *b, const struct rotated_file *a)
{
	if (a->by_date != b->by_date) {
		return false;
	}
	return a->by_date ? b->rank > a->rank : b->rank < a->rank && b->written.us >= a->written.us;
}

static int compare(const void *x, const void *y)
{
	const struct rotated_file *a = x, *b = y;

	if (a->by_date != b->by_date) {
		return a->by_date ? 1 : -1;
	}
	if (a->rank != b->rank) {
		return (a->rank > b->rank) == a->by_date ? 1 : -1;
	}
	return (int)a->packing - (int)b->packing;
}

/* A link at the path names one of them: what it holds is no older than itself. */
static void drop_current(struct rotated *r, const char *path)
{
	struct stat st;
	size_t kept = 0;

	if (stat(path, &st) < 0) {
		return;
	}
	for (size_t i = 0; i < r->n; i++) {
		if (r->at[i].device == st.st_dev && r->at[i].inode == st.st_ino) {
			free(r->at[i].path);
		} else {
			r->at[kept++] = r->at[i];
		}
	}
	r->n = kept;
}

/* Of two with one rank the compressed one is not finished. */
static void drop_unfinished(struct rotated *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct rotated_file *last = kept ? &r->at[kept - 1] : NULL;

		if (last && last->by_date == r->at[i].by_date && last->rank == r->at[i].rank) {
			free(r->at[i].path);
		} else {
			r->at[kept++] = r->at[i];
		}
	}
	r->n = kept;
}

static int add(struct rotated *r, struct str dir, const char *name, struct rotated_file file)
{
	CLEANUP(buf_done) struct buf path = { 0 };
	struct stat st;

	buf_add_str(&path, dir);
	buf_add_str(&path, str_of(name));
	if (buf_ok(&path) < 0) {
		return -ENOMEM;
	}
	if (stat(buf_text(&path), &st) < 0 || !S_ISREG(st.st_mode)) {
		return 0;
	}
	file.path = strdup(buf_text(&path));
	if (!file.path) {
		return -ENOMEM;
	}
	file.device = st.st_dev;
	file.inode = st.st_ino;
	file.size = (uint64_t)st.st_size;
	file.written =
		(instant){ .us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000 };
	r->at[r->n++] = file;
	return 0;
}

/* `dir` with its slash, or empty. */
static int look(struct rotated *r, struct str dir, struct str base)
{
	CLEANUP(buf_done) struct buf path = { 0 };
	struct dirent *entry;
	DIR *open;
	int e = 0;

	buf_add_str(&path, dir.n ? dir : STR("."));
	open = buf_ok(&path) < 0 ? NULL : opendir(buf_text(&path));
	while (open && e == 0 && r->n < ROTATED_MAX && (entry = readdir(open))) {
		struct str name = str_of(entry->d_name);
		struct rotated_file file = { .packing = unpack_name(&name) };

		if (is_relative(base, name, &file)) {
			e = add(r, dir, entry->d_name, file);
		}
	}
	if (open) {
		closedir(open);
	}
	return e;
}

int rotated_list(const char *path, struct rotated *ret)
{
	const char *slash = strrchr(path, '/');
	struct str whole = str_of(path);
	size_t base = slash ? (size_t)(slash - path) + 1 : 0;
	struct rotated found = { .n = 0 };
	int r = look(&found, str_slice(whole, 0, base), str_slice(whole, base, SIZE_MAX));

	if (r < 0) {
		rotated_done(&found);
		return r;
	}
	qsort(found.at, found.n, sizeof(found.at[0]), compare);
	drop_unfinished(&found);
	drop_current(&found, path);
	*ret = found;
	return 0;
}

void rotated_done(struct rotated *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->at[i].path);
	}
	r->n = 0;
}
