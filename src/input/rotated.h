/* SPDX-License-Identifier: MIT */
#pragma once
/* rotated.h - what else stands in a log's directory that was written to it before?
 *
 * Known by their names are NAME.1, NAME.2.gz, NAME-20261122 (also with a time) and, of a NAME with
 * an extension, STEM-20261122.EXT. The order of the names is the order of writing: numbers fall,
 * dates rise. */
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/position.h"
#include "base/time.h"

enum { ROTATED_MAX = 64 };

enum rotated_packing {
	ROTATED_PLAIN,
	ROTATED_GZIP,
	ROTATED_OTHER, /* xz, bzip2, zstd, ...: what we cannot read */
};

struct rotated_file {
	char *path;
	uint64_t device, inode, size;
	instant written;
	enum rotated_packing packing;
	bool by_date;  /* else by number */
	uint64_t rank; /* the date and time, or the number */
};

struct rotated {
	struct rotated_file at[ROTATED_MAX]; /* oldest first; those by date after those by number */
	size_t n;
};

/* The relatives of the log at this path, of more than ROTATED_MAX any; of one that is being
 * compressed only the plain file, and not the one that a link at the path names. A directory that
 * cannot be read has none. -ENOMEM. */
NODISCARD int rotated_list(const char *path, struct rotated *ret);
void rotated_done(struct rotated *r);
/* Was b written after a? False also when that is not known. */
bool rotated_is_after(const struct rotated_file *b, const struct rotated_file *a);
/* Appends the name of which this one is a relative by its looks. False: of none. */
bool rotated_base(struct str name, struct buf *ret);
/* Is that the name of a compressed file? */
bool rotated_is_packed(struct str name);
