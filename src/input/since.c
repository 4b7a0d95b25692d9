/* SPDX-License-Identifier: MIT */
/* Looking back from the end finds the youngest place that is old enough, so years that stamps do
 * not name and old parts with other stamps stay out of it: a line of last year that looks like one
 * of today lies far behind it.
 *
 * A place without stamps (a long trace, a hole) says nothing about its time. The search takes it
 * for as young as what comes after it: what is read too much is counted by its own stamps, what is
 * left out is never read. */
#include "input/since.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/files.h"

enum { SMALL = 4096, BLOCK = 64 * 1024, BLOCKS_A_LOOK = 8 };

struct since {
	int fd;
	since_time_of time_of;
	void *arg;
	char *block;
};

/* A line, and when it was written. */
struct found {
	uint64_t at;
	instant time;
};

/* Where there are bytes, at `at` or behind it; `end` when there are none before that. */
static uint64_t skip_hole(int fd, uint64_t at, uint64_t end)
{
	off_t data = lseek(fd, (off_t)at, SEEK_DATA);

	if (data < 0) {
		return errno == ENXIO ? end : at;
	}
	return (uint64_t)data;
}

/* The first line in these bytes that tells its time. `ret_used`: the bytes of whole lines. */
static bool look_through(const struct since *s, struct str bytes, bool begins_line,
			 struct found *ret, size_t *ret_used)
{
	size_t p = begins_line ? 0 : str_find_char(bytes, '\n') + 1;

	*ret_used = 0;
	if (!begins_line && p == STR_NOT_FOUND + 1) {
		return false;
	}
	while (p < bytes.n) {
		struct str line = str_slice(bytes, p, SIZE_MAX);
		size_t end = str_find_char(line, '\n'), nuls = 0;

		*ret_used = p;
		if (end == STR_NOT_FOUND) {
			return false;
		}
		line = str_slice(line, 0, end);
		while (nuls < line.n && line.p[nuls] == '\0') {
			nuls++;
		}
		if (s->time_of(s->arg, str_slice(line, nuls, SIZE_MAX), &ret->time)) {
			ret->at = p + nuls;
			return true;
		}
		p += end + 1;
	}
	*ret_used = p;
	return false;
}

/* The first line that begins in [at, end) and tells its time. 1; 0: there is none; 2: none was
 * found soon enough; negative errno. */
static int look(const struct since *s, uint64_t at, uint64_t end, struct found *ret)
{
	for (int i = 0; i < BLOCKS_A_LOOK; i++) {
		uint64_t data = skip_hole(s->fd, at, end);
		const int64_t room = i == 0 ? SMALL : BLOCK;
		uint64_t from = data > at || at == 0 ? data : at - 1;
		bool begins_line = at == 0 || data > at;
		struct found found;
		size_t used;
		int64_t n;

		if (data >= end) {
			return 0;
		}
		n = files_pread(s->fd, s->block, (size_t)room, from);
		if (n <= 0) {
			return (int)n;
		}
		begins_line = begins_line || s->block[0] == '\0';
		if (look_through(s, (struct str){ .p = s->block, .n = (size_t)n }, begins_line,
				 &found, &used)) {
			ret->at = from + found.at;
			ret->time = found.time;
			return ret->at < end;
		}
		if (n < room) {
			return 0;
		}
		at = from + (used > 1 ? used : (uint64_t)n);
	}
	return 2;
}

/* Back from the end. *lo is a line that is too old, *hi a place behind which none is. 1; 0: there
 * is no such line, *hi is where to begin; 2: no line tells its time. */
static int step_back(const struct since *s, uint64_t size, instant since, uint64_t *lo,
		     uint64_t *hi)
{
	bool seen = false;
	uint64_t at = size;

	*hi = size;
	for (uint64_t step = BLOCK; at > 0; step *= 2) {
		struct found found;
		int r;

		at = size > step ? size - step : 0;
		r = look(s, at, *hi, &found);
		if (r < 0) {
			return r;
		}
		if (r == 1 && found.time.us < since.us) {
			*lo = found.at;
			return 1;
		}
		seen = seen || r == 1;
		*hi = r == 2 ? *hi : at;
	}
	return seen ? 0 : 2;
}

static int halve(const struct since *s, instant since, uint64_t *lo, uint64_t hi)
{
	while (hi - *lo > SMALL) {
		uint64_t middle = *lo + (hi - *lo) / 2;
		struct found found;
		int r = look(s, middle, hi, &found);

		if (r < 0) {
			return r;
		}
		if (r == 1 && found.time.us < since.us) {
			*lo = found.at;
		} else {
			hi = middle;
		}
	}
	return 0;
}

/* Line by line from one that is too old. */
static int walk(const struct since *s, uint64_t at, uint64_t size, instant since, uint64_t *ret)
{
	struct found found = { .at = at };
	int r = 1;

	while (r == 1) {
		r = look(s, found.at, size, &found);
		if (r == 1 && found.time.us >= since.us) {
			*ret = found.at;
			return 0;
		}
		found.at++;
	}
	*ret = r == 2 ? found.at : size;
	return r < 0 ? r : 0;
}

int since_find(int fd, uint64_t size, instant since, since_time_of time_of, void *arg,
	       uint64_t *ret_offset)
{
	struct since s = { .fd = fd, .time_of = time_of, .arg = arg };
	uint64_t lo = 0, hi = size;
	int r;

	s.block = malloc(BLOCK);
	if (!s.block) {
		return -ENOMEM;
	}
	r = step_back(&s, size, since, &lo, &hi);
	if (r == 0) {
		*ret_offset = hi;
	} else if (r == 1) {
		r = halve(&s, since, &lo, hi);
		r = r < 0 ? r : walk(&s, lo, size, since, ret_offset);
	}
	free(s.block);
	return r == 2 ? 1 : r;
}
