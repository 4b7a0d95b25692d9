/* SPDX-License-Identifier: MIT */
#pragma once
/* place.h - a directory of the test's own, files in it, and dice. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "unit/check.h"

struct place {
	char dir[64];
};

static inline void place_make(struct place *p)
{
	snprintf(p->dir, sizeof(p->dir), "/tmp/ipsd-unit-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
}

static inline int place_remove_one(const char *path, const struct stat *st, int what,
				   struct FTW *at)
{
	(void)st;
	(void)what;
	(void)at;
	return remove(path);
}

static inline void place_remove(struct place *p)
{
	assert_int_equal(nftw(p->dir, place_remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* Valid for the next few calls. */
static inline const char *place_path(const struct place *p, const char *name)
{
	static char text[4][128];
	static unsigned turn;
	char *out = text[turn++ % ARRAY_SIZE(text)];

	snprintf(out, sizeof(text[0]), "%s/%s", p->dir, name);
	return out;
}

static inline void fd_put(int fd, const void *bytes, size_t n)
{
	assert_int_equal(write(fd, bytes, n), n);
}

/* Appends to the file, which is made when there is none. */
static inline void place_put(struct place *p, const char *name, const void *bytes, size_t n)
{
	int fd = open(place_path(p, name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	fd_put(fd, bytes, n);
	assert_int_equal(close(fd), 0);
}

static inline void place_say(struct place *p, const char *name, const char *text)
{
	place_put(p, name, text, strlen(text));
}

static inline void place_rename(struct place *p, const char *from, const char *to)
{
	assert_int_equal(rename(place_path(p, from), place_path(p, to)), 0);
}

/* splitmix64: small, and the same everywhere. */
static inline uint64_t roll(uint64_t *dice)
{
	uint64_t z = (*dice += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0 .. n - 1 */
static inline size_t below(uint64_t *dice, size_t n)
{
	return (size_t)(roll(dice) % n);
}

/* How often the random tests play; more by IPSD_ROUNDS. */
static inline size_t rounds(size_t usual)
{
	const char *more = getenv("IPSD_ROUNDS");

	return more ? (size_t)strtoul(more, NULL, 10) : usual;
}
