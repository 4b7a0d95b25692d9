/* SPDX-License-Identifier: MIT */
/* The file of the position is looked for by its inode first, among the log's relatives and then
 * under any name in its directory; else by the bytes that its fingerprints know, among the
 * relatives: a copy, or what a program compressed. What was written after it is known by the names
 * of the relatives (rotated.h).
 *
 * A relative that is the position's file, and does not hold its bytes any more, was emptied by
 * copytruncate before it got its name: it was written after the copy, whatever the names say. And
 * one that holds just what the path's file begins with is a copy too, of a file that will be
 * emptied in a moment: its lines are read at the path, or found here at the next look. */
#include "input/older.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/files.h"

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

void older_done(struct older *o)
{
	stream_close(&o->stream);
	packed_close(&o->packed);
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

/* The file of the position, whatever it holds; list->n without one. */
static size_t find_file(const struct rotated *list, const struct position *from)
{
	size_t i = 0;

	while (i < list->n &&
	       !(list->at[i].packing == ROTATED_PLAIN && list->at[i].device == from->device &&
		 list->at[i].inode == from->inode)) {
		i++;
	}
	return i;
}

/* Appends the relatives but for `at` and `next`: those that were written after `at`, or the others.
 */
static void add_relatives(struct rotated *chain, const struct rotated *list, size_t at, size_t next,
			  bool later)
{
	for (size_t i = 0; i < list->n; i++) {
		bool is_later = i > at && rotated_is_after(&list->at[i], &list->at[at]);

		if (i != at && i != next && is_later == later) {
			chain->at[chain->n++] = list->at[i];
		}
	}
}

/* The relative number `at`, then `next` unless it is list->n, then what was written to the path
 * after `at`, and before what stands there now; the rest is only kept to be freed. */
static void set_chain(struct older *o, const struct rotated *list, size_t at, size_t next)
{
	struct rotated *chain = &o->chain;

	chain->n = 0;
	chain->at[chain->n++] = list->at[at];
	if (next < list->n && next != at) {
		chain->at[chain->n++] = list->at[next];
	}
	add_relatives(chain, list, at, next, true);
	o->chain_next = 1;
	o->chain_end = chain->n;
	add_relatives(chain, list, at, next, false);
}

/* 1, 2: opened, and the chain set; 0: there is none. */
static int take_up(struct older *o, const struct rotated *list, const struct position *from,
		   enum older_what what)
{
	size_t at = what == OLDER_SAME ? open_same(o, list, from) : open_copy(o, list, from),
	       emptied = what == OLDER_COPY_AND_EMPTIED ? find_file(list, from) : list->n;

	if (at < list->n) {
		set_chain(o, list, at, emptied);
		return 1;
	}
	if (emptied < list->n && open_old(o, list->at[emptied].path, ROTATED_PLAIN, NULL)) {
		set_chain(o, list, emptied, list->n);
		return 2;
	}
	return 0;
}

int older_take_up(struct older *o, const struct older_place *place, const struct position *from,
		  enum older_what what)
{
	unsigned sought = what == OLDER_SAME ? SOUGHT_SAME : SOUGHT_COPY;
	struct rotated list;
	char path[PATH_MAX];
	int r;

	if (older_is_open(o) || o->sought & sought || !from->inode ||
	    rotated_list(place->path, &list) < 0) {
		return 0;
	}
	o->sought |= sought;
	drop_chain(o);
	r = take_up(o, &list, from, what);
	if (r > 0) {
		return r;
	}
	rotated_done(&list);
	return what == OLDER_SAME && find_renamed(place->dir, from, path) &&
	       open_old(o, path, ROTATED_PLAIN, from);
}

/* All bytes of the file, and what the other one begins with, are the same. */
static bool is_beginning(int file, int whole)
{
	char a[4096], b[sizeof(a)];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(file, a, sizeof(a), at)) > 0) {
		if (pread(whole, b, (size_t)n, at) != n || memcmp(a, b, (size_t)n) != 0) {
			return false;
		}
		at += n;
	}
	return n == 0;
}

static bool is_now(const struct rotated_file *file, const struct stream *now)
{
	return now->fd >= 0 && file->device == now->position.device &&
	       file->inode == now->position.inode;
}

/* Will `now` give what the file has? It was copied, and `now` is not emptied yet. */
static bool is_in(const struct rotated_file *file, const struct stream *now)
{
	CLEANUP(fd_close) int fd = -1;

	if (now->fd < 0 || file->packing != ROTATED_PLAIN || now->position.offset > 0) {
		return false;
	}
	fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd >= 0 && is_beginning(fd, now->fd);
}

/* Goes past what `now` will give. Is there another one? Not when `now` itself is next, for it was
 * renamed: what is younger is found when `now` is at its end. */
static bool has_next(struct older *o, const struct stream *now)
{
	while (o->chain_next < o->chain_end && !is_now(&o->chain.at[o->chain_next], now) &&
	       is_in(&o->chain.at[o->chain_next], now)) {
		o->chain_next++;
	}
	if (o->chain_next < o->chain_end && is_now(&o->chain.at[o->chain_next], now)) {
		o->chain_end = o->chain_next;
	}
	return o->chain_next < o->chain_end;
}

bool older_has_later(const char *path, const struct stream *s)
{
	struct rotated list;
	size_t at, i;
	bool found;

	if (rotated_list(path, &list) < 0) {
		return false;
	}
	at = i = find_file(&list, &s->position);
	while (i < list.n && !rotated_is_after(&list.at[i], &list.at[at])) {
		i++;
	}
	found = i < list.n;
	rotated_done(&list);
	return found;
}

bool older_find_chain(struct older *o, const char *path, const struct stream *now)
{
	struct rotated list;
	size_t at;

	drop_chain(o);
	if (o->stream.fd < 0 || rotated_list(path, &list) < 0) {
		return false;
	}
	at = find_file(&list, &o->stream.position);
	if (at < list.n) {
		set_chain(o, &list, at, list.n);
	} else {
		rotated_done(&list);
	}
	return has_next(o, now);
}

static bool is_at_its_path(const struct rotated_file *file)
{
	struct stat st;

	return stat(file->path, &st) == 0 && st.st_dev == file->device && st.st_ino == file->inode;
}

/* Gives the file the name that it has in the list. */
static void take_name(struct rotated_file *file, struct rotated *list)
{
	for (size_t i = 0; i < list->n; i++) {
		struct rotated_file *other = &list->at[i];

		if (other->device == file->device && other->inode == file->inode) {
			char *before = file->path;

			file->path = other->path;
			other->path = before;
			return;
		}
	}
}

/* Since the chain was found, another rotation may have renamed what is left of it. */
static void follow_names(struct older *o, const char *path)
{
	struct rotated list;
	size_t at = o->chain_next;

	while (at < o->chain_end && is_at_its_path(&o->chain.at[at])) {
		at++;
	}
	if (at == o->chain_end || rotated_list(path, &list) < 0) {
		return;
	}
	for (; at < o->chain_end; at++) {
		take_name(&o->chain.at[at], &list);
	}
	rotated_done(&list);
}

const struct rotated_file *older_last(const struct older *o)
{
	return o->chain_next ? &o->chain.at[o->chain_next - 1] : NULL;
}

const struct rotated_file *older_next(struct older *o, const char *path, const struct stream *now)
{
	const struct rotated_file *file;

	follow_names(o, path);
	if (!has_next(o, now)) {
		return NULL;
	}
	file = &o->chain.at[o->chain_next++];
	if (is_at_its_path(file)) {
		(void)open_old(o, file->path, file->packing, NULL);
	}
	return file;
}
