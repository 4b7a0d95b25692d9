/* SPDX-License-Identifier: MIT */
/* layers.c - which files make up this filter, this jail, ipsd.conf?
 *
 * A file that is there but cannot be read is an error of its own and does not let the shipped one
 * of the same name through: the admin put it there to replace it. */
#include "config/layers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const FOLDERS[] = {
	[LAYERS_MAIN] = "",
	[LAYERS_FILTERS] = "filters",
	[LAYERS_JAILS] = "jails",
};

static const struct str SUFFIX = { ".conf", 5 }, DROPINS = { ".conf.d", 7 };

/* BASE/FOLDER or BASE, to be freed by buf_done(). */
static void put_folder(struct buf *path, const char *base, enum layers_folder folder)
{
	buf_add_str(path, str_of(base));
	if (FOLDERS[folder][0]) {
		buf_printf(path, "/%s", FOLDERS[folder]);
	}
}

static void tell_unreadable(const struct layers *l, const char *path, int r)
{
	const struct diag_place at = { .file = str_of(path) };

	if (r == -EFBIG) {
		diag_add(l->diag, DIAG_ERROR, &at, "is larger than %d bytes", CONFIG_FILE_MAX);
	} else {
		diag_add(l->diag, DIAG_ERROR, &at, "cannot be read: %s", strerrordesc_np(-r));
	}
}

/* Reads one file over the document. 1: it cannot be read, and that was told. -ENOENT, -ENOMEM. */
static int read_over(const struct layers *l, const struct buf *where, struct document *d)
{
	CLEANUP(buf_done) struct buf text = { 0 };
	const char *path = buf_text(where);
	int r = buf_ok(where);

	r = r < 0 ? r : l->access->read(path, CONFIG_FILE_MAX, &text);
	if (r == -ENOENT || r == -ENOMEM) {
		return r;
	}
	if (r < 0) {
		tell_unreadable(l, path, r);
		return 1;
	}
	r = buf_ok(&text);
	return r < 0 ? r : document_add(d, str_of(path), buf_str(&text), l->diag);
}

/* Takes the next name off a list in which a NUL stands behind each. */
static bool next_name(struct str *rest, struct str *ret)
{
	return str_split(rest, '\0', ret);
}

/* The names in a folder that end in `suffix`; a folder that is missing has none, one that cannot be
 * read is told. */
static int list_folder(const struct layers *l, const struct buf *where, struct str suffix,
		       struct buf *ret)
{
	const char *path = buf_text(where);
	int r = buf_ok(where);

	r = r < 0 ? r : l->access->list(path, suffix.p, ret);
	if (r == -ENOENT || r == -ENOTDIR) {
		return 0;
	}
	if (r < 0 && r != -ENOMEM) {
		tell_unreadable(l, path, r);
		return 0;
	}
	return r < 0 ? r : buf_ok(ret);
}

static int read_dropins(const struct layers *l, enum layers_folder folder, struct str name,
			struct document *d)
{
	CLEANUP(buf_done) struct buf path = { 0 };
	CLEANUP(buf_done) struct buf names = { 0 };
	struct str rest, dropin;
	size_t stem;
	int r;

	put_folder(&path, l->paths->dir, folder);
	buf_printf(&path, "/%.*s.conf.d", STR_ARG(name));
	r = list_folder(l, &path, SUFFIX, &names);
	stem = path.n;
	rest = buf_str(&names);
	while (r >= 0 && next_name(&rest, &dropin)) {
		buf_truncate(&path, stem);
		buf_printf(&path, "/%.*s", STR_ARG(dropin));
		r = read_over(l, &path, d);
		r = r == -ENOENT ? 0 : r;
	}
	return r < 0 ? r : 0;
}

/* Reads BASE/FOLDER/NAME.conf; *ret_file is its path when it is there. */
static int read_bottom(const struct layers *l, const char *base, enum layers_folder folder,
		       struct str name, struct str *ret_file, struct document *d)
{
	CLEANUP(buf_done) struct buf path = { 0 };
	int r;

	put_folder(&path, base, folder);
	buf_printf(&path, "/%.*s.conf", STR_ARG(name));
	r = read_over(l, &path, d);
	if (r >= 0) {
		*ret_file = arena_str(l->arena, buf_str(&path));
	}
	return r < 0 || ret_file->p ? r : -ENOMEM;
}

int layers_read(const struct layers *l, enum layers_folder folder, struct str name,
		struct str *ret_file, struct document **ret)
{
	struct document *d = document_new(l->arena);
	struct str file = STR_NONE;
	int r, bottom;

	if (!d) {
		return -ENOMEM;
	}
	bottom = read_bottom(l, l->paths->dir, folder, name, &file, d);
	if (bottom == -ENOENT && folder != LAYERS_MAIN && l->paths->shared) {
		bottom = read_bottom(l, l->paths->shared, folder, name, &file, d);
	}
	if (bottom < 0 && bottom != -ENOENT) {
		return bottom;
	}
	r = read_dropins(l, folder, name, d);
	if (r < 0) {
		return r;
	}
	*ret_file = file;
	*ret = d;
	return bottom;
}

int layers_read_file(const struct layers *l, struct str path, struct document **ret)
{
	CLEANUP(buf_done) struct buf where = { 0 };
	struct document *d = document_new(l->arena);
	int r;

	if (!d) {
		return -ENOMEM;
	}
	buf_add_str(&where, path);
	r = read_over(l, &where, d);
	if (r >= 0) {
		*ret = d;
	}
	return r;
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static size_t count_names(struct str list)
{
	struct str name;
	size_t n = 0;

	while (next_name(&list, &name)) {
		n++;
	}
	return n;
}

/* Copies the names without their suffix. */
static int copy_names(const struct layers *l, struct str list, struct layers_names *ret)
{
	struct str name;

	ret->at = arena_alloc(l->arena, count_names(list), sizeof(*ret->at));
	if (!ret->at) {
		return -ENOMEM;
	}
	while (next_name(&list, &name)) {
		if (name.n <= SUFFIX.n) {
			continue;
		}
		ret->at[ret->n] = arena_str(l->arena, str_slice(name, 0, name.n - SUFFIX.n));
		if (!ret->at[ret->n++].p) {
			return -ENOMEM;
		}
	}
	return 0;
}

static void sort_once_each(struct layers_names *names)
{
	size_t n = 0;

	if (names->n > 1) {
		qsort(names->at, names->n, sizeof(*names->at), by_name);
	}
	for (size_t i = 0; i < names->n; i++) {
		if (n == 0 || !str_eq(names->at[i], names->at[n - 1])) {
			names->at[n++] = names->at[i];
		}
	}
	names->n = n;
}

int layers_list(const struct layers *l, enum layers_folder folder, struct layers_names *ret)
{
	const char *const bases[] = { l->paths->dir, l->paths->shared };
	CLEANUP(buf_done) struct buf names = { 0 };
	struct layers_names found = { .n = 0 };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bases) && bases[i] && r == 0; i++) {
		CLEANUP(buf_done) struct buf path = { 0 };

		put_folder(&path, bases[i], folder);
		r = list_folder(l, &path, SUFFIX, &names);
	}
	if (r == 0) {
		r = copy_names(l, buf_str(&names), &found);
	}
	if (r < 0) {
		return r;
	}
	sort_once_each(&found);
	*ret = found;
	return 0;
}

static bool has_name(const struct layers_names *names, struct str name)
{
	for (size_t i = 0; i < names->n; i++) {
		if (str_eq(names->at[i], name)) {
			return true;
		}
	}
	return false;
}

int layers_check_dropins(const struct layers *l, enum layers_folder folder,
			 const struct layers_names *names)
{
	CLEANUP(buf_done) struct buf path = { 0 };
	CLEANUP(buf_done) struct buf found = { 0 };
	struct str rest, name;
	int r;

	put_folder(&path, l->paths->dir, folder);
	r = list_folder(l, &path, DROPINS, &found);
	for (rest = buf_str(&found); r == 0 && next_name(&rest, &name);) {
		struct str base = str_slice(name, 0, name.n - DROPINS.n);
		const struct diag_place at = { .file = buf_str(&path) };

		if (!has_name(names, base)) {
			diag_add(l->diag, DIAG_WARNING, &at,
				 "%.*s changes nothing: there is no %.*s.conf", STR_ARG(name),
				 STR_ARG(base));
		}
	}
	return r;
}
