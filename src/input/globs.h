/* SPDX-License-Identifier: MIT */
#pragma once
/* globs.h - which files fit these patterns, now and as they appear?
 *
 * A pattern has its `*` and `?` in the last component: a directory whose files come and go, as logs
 * with the date in their name do. Each file is told once. Files that have not been written for two
 * days when a directory is first looked at are left out: they are the past. So are compressed
 * files, and NAME.1, NAME-20261122 and the like where the pattern fits NAME, too, and that is
 * there: a log is read under the name that it is written to. A directory that does not exist is
 * waited for. At most GLOBS_FILES_MAX files are known at a time. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"
#include "sys/loop.h"

enum { GLOBS_FILES_MAX = 512, GLOBS_NO_SOURCE = 0xffff };

struct globs;

struct globs_status {
	const char *pattern;
	size_t files;    /* of it that are known */
	size_t left_out; /* that fit, and are not known for lack of room */
	bool is_there;   /* its directory exists */
};

/* A file that fits. `appeared`: it came while its directory was watched (or with its directory), so
 * it is to be read from its beginning. A negative errno ends the loop. */
typedef int (*globs_found)(void *arg, uint16_t source, const char *path, bool appeared);
/* A file that was told has gone, or has not been written for two days while a newer one has come.
 * False: keep it for now. */
typedef bool (*globs_gone)(void *arg, const char *path);

NODISCARD int globs_new(struct loop *loop, globs_found found, globs_gone gone, void *arg,
			struct globs **ret);
struct globs *globs_free(struct globs *g);
DEFINE_FREEP(struct globs, globs_free)
/* -ENOMEM, -ENOSPC; what `found` fails with. */
NODISCARD int globs_add(struct globs *g, uint16_t source, struct str pattern);
/* Source number i is sources[i] from here on; patterns of those that became GLOBS_NO_SOURCE are
 * forgotten with their files, and what of these fits another pattern is found by that one. What
 * `found` fails with. */
NODISCARD int globs_renumber(struct globs *g, const uint16_t *sources);
size_t globs_count(const struct globs *g);
struct globs_status globs_status(const struct globs *g, size_t i);
