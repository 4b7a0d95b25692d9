/* SPDX-License-Identifier: MIT */
/* The file of the position is looked for by its inode first, among the log's relatives and then
 * under any name in its directory; else by the bytes that its fingerprints know, among the
 * relatives: a copy, or what a program compressed. What was written after it is known by the names
 * of the relatives (rotated.h). */
#include "input/older.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { SOUGHT_SAME = 1 << 0, SOUGHT_COPY = 1 << 1 };

static void drop_chain(struct older *o)
{
	rotated_done(&o->chain);
	o->chain_next = o->chain_end = 0;
}

/* The file of the position under any name in the directory. */
static bool find_renamed(const char *dir_path, const struct position *from,
			 char ret_path[static PATH_MAX])
{
	DIR *dir = opendir(dir_path);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		struct stat st;
		int n = snprintf(ret_path, PATH_MAX, "%s/%s", dir_path, entry->d_name);

		found = n > 0 && n < PATH_MAX && stat(ret_path, &st) == 0 && S_ISREG(st.st_mode) &&
			st.st_dev == from->device && st.st_ino == from->inode;
	}
	if (dir) {
		closedir(dir);
	}
	return found;
}

void older_close(struct older *o)
{
	stream_close(&o->stream);
	packed_close(&o->packed);
}

void older_done(struct older *o)
{
	older_close(o);
	drop_chain(o);
}

bool older_is_open(const struct older *o)
{
	return o->stream.fd >= 0 || o->packed.replay;
}

/* Opens a file as the old one; `from` NULL: at its beginning. False: it cannot be read, or `from`
 * does not fit. */
static bool open_old(struct older *o, const char *path, enum rotated_packing packing,
		     const struct position *from)
{
	int r = -EOPNOTSUPP;

	switch (packing) {
	case ROTATED_PLAIN:
		r = stream_open(&o->stream, path, from);
		if (r != 0) {
			stream_close(&o->stream);
		}
		break;
	case ROTATED_GZIP: r = packed_open(&o->packed, path, from); break;
	case ROTATED_OTHER: break;
	}
	return r == 0;
}

/* The very file of the position among its relatives; list->n without one. */
static size_t open_same(struct older *o, const struct rotated *list, const struct position *from)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct rotated_file *file = &list->at[i];

		if (file->device == from->device && file->inode == from->inode &&
		    open_old(o, file->path, file->packing, from)) {
			return i;
		}
	}
	return list->n;
}

/* The youngest relative that holds the same bytes; list->n without one. */
static size_t open_copy(struct older *o, const struct rotated *list, const struct position *from)
{
	for (size_t i = list->n; i-- > 0 && from->head_n && from->tail_n;) {
		if (open_old(o, list->at[i].path, list->at[i].packing, from)) {
			return i;
		}
	}
	return list->n;
}

/* What was written to the path after the relative number `at`, and before what stands there now. */
static void set_chain(struct older *o, struct rotated *list, size_t at)
{
	size_t end = at + 1;

	for (size_t i = end; i < list->n; i++) {
		if (rotated_is_after(&list->at[i], &list->at[at])) {
			struct rotated_file next = list->at[i];

			list->at[i] = list->at[end];
			list->at[end++] = next;
		}
	}
	o->chain = *list;
	o->chain_next = at + 1;
	o->chain_end = end;
}

bool older_take_up(struct older *o, const struct older_place *place, const struct position *from,
		   bool copy)
{
	unsigned what = copy ? SOUGHT_COPY : SOUGHT_SAME;
	struct rotated list;
	char path[PATH_MAX];
	size_t at;

	if (older_is_open(o) || o->sought & what || !from->inode ||
	    rotated_list(place->path, &list) < 0) {
		return false;
	}
	o->sought |= what;
	drop_chain(o);
	at = copy ? open_copy(o, &list, from) : open_same(o, &list, from);
	if (at < list.n) {
		set_chain(o, &list, at);
		return true;
	}
	rotated_done(&list);
	return !copy && find_renamed(place->dir, from, path) &&
	       open_old(o, path, ROTATED_PLAIN, from);
}

bool older_find_chain(struct older *o, const char *path)
{
	struct rotated list;
	size_t at = 0;

	drop_chain(o);
	if (o->stream.fd < 0 || rotated_list(path, &list) < 0) {
		return false;
	}
	while (at < list.n && !(list.at[at].device == o->stream.position.device &&
				list.at[at].inode == o->stream.position.inode)) {
		at++;
	}
	if (at < list.n) {
		set_chain(o, &list, at);
	} else {
		rotated_done(&list);
	}
	return o->chain_next < o->chain_end;
}

const struct rotated_file *older_last(const struct older *o)
{
	return o->chain_next ? &o->chain.at[o->chain_next - 1] : NULL;
}

const struct rotated_file *older_next(struct older *o)
{
	const struct rotated_file *file;

	if (o->chain_next == o->chain_end) {
		return NULL;
	}
	file = &o->chain.at[o->chain_next++];
	(void)open_old(o, file->path, file->packing, NULL);
	return file;
}
