/* SPDX-License-Identifier: MIT */
/* After a rotation whoever writes the log may go on writing to the renamed file until it is told to
 * open the new one, so the old one is read on for a minute after it last grew. It goes first: a
 * line of the new file is given only when the old one is at its end, so the position in the new one
 * that is saved never hides lines of the old one. Until the new one has given its first line, the
 * path's position is the old one's.
 *
 * A file that cannot be opened at the start keeps the place where reading is to begin. Of one that
 * was never read that is its size, which can be asked without the right to read. */
#include "input/followed.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sys/clock.h"

static const duration old_for = { .us = 60000000 };

int followed_init(struct followed *f, uint16_t source, const char *path, tail_sink sink, void *arg)
{
	const char *slash = strrchr(path, '/');

	*f = (struct followed){ .source = source,
				.sink = sink,
				.arg = arg,
				.now.fd = -1,
				.old.fd = -1,
				.state = TAIL_MISSING };
	f->path = strdup(path);
	f->dir = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	if (!f->path || !f->dir) {
		followed_done(f);
		return -ENOMEM;
	}
	return 0;
}

void followed_done(struct followed *f)
{
	stream_close(&f->now);
	stream_close(&f->old);
	free(f->path);
	free(f->dir);
	f->path = NULL;
	f->dir = NULL;
}

static int give(void *arg, const struct stream *stream, struct str chunk,
		const struct position *before)
{
	struct followed *f = arg;
	struct tail_chunk out = {
		.source = f->source,
		.path = f->path,
		.chunk = chunk,
		.before = *before,
		.file_time = stream->file_time,
		.is_old = stream == &f->old && f->moved_on,
	};
	int r = f->sink(f->arg, &out);

	f->moved_on = f->moved_on || stream == &f->now;
	f->lines += line_count(chunk);
	f->sink_failed = r < 0 ? r : 0;
	return r;
}

static void forget(struct followed *f, struct stream *s)
{
	if (s->fd >= 0) {
		f->cut += s->framer.cut;
		f->lost += s->truncations;
		stream_close(s);
		f->opened++;
	}
}

static void set_state(struct followed *f, int error)
{
	f->error = -error;
	f->state = error == 0                              ? TAIL_READING
		   : error == -ENOENT || error == -ENOTDIR ? TAIL_MISSING
							   : TAIL_UNREADABLE;
}

static bool is_file(const struct position *p, const struct stat *st)
{
	return st->st_dev == p->device && st->st_ino == p->inode;
}

/* The file of the position under another name in the same directory. */
static bool find_renamed(const struct followed *f, char ret_path[static PATH_MAX])
{
	DIR *dir = opendir(f->dir);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		struct stat st;
		int n = snprintf(ret_path, PATH_MAX, "%s/%s", f->dir, entry->d_name);

		found = n > 0 && n < PATH_MAX && stat(ret_path, &st) == 0 &&
			is_file(&f->from, &st) && S_ISREG(st.st_mode);
	}
	if (dir) {
		closedir(dir);
	}
	return found;
}

/* What stands at the path is not what was read: the rest of that one is read first, if it is still
 * there. */
static void take_up_renamed(struct followed *f)
{
	char path[PATH_MAX];

	if (f->old.fd >= 0 || f->sought || !f->from.inode) {
		return;
	}
	f->sought = true;
	if (!find_renamed(f, path)) {
		return;
	}
	if (stream_open(&f->old, path, &f->from) != 0) {
		stream_close(&f->old);
		return;
	}
	f->has_from = false;
	f->moved_on = false;
	f->old_grew = clock_now();
	f->opened++;
}

/* Opens what stands at the path; the state says how it went. */
static void open_now(struct followed *f)
{
	struct stat st;
	int r;

	if (f->old.fd >= 0 && stream_is_at(&f->old, f->path)) {
		f->now = f->old; /* it was renamed back */
		f->old.fd = -1;
		f->opened++;
		set_state(f, 0);
		return;
	}
	if (f->has_from && (stat(f->path, &st) < 0 || !is_file(&f->from, &st))) {
		take_up_renamed(f);
	}
	r = stream_open(&f->now, f->path, f->has_from ? &f->from : NULL);
	set_state(f, r < 0 ? r : 0);
	if (r >= 0) {
		f->has_from = false;
		f->opened++;
	}
	f->begun_anew = r == 1 && f->old.fd < 0;
}

void followed_start(struct followed *f, const struct position *from, bool from_start)
{
	struct stat st;

	f->has_from = from || (!from_start && stat(f->path, &st) == 0);
	if (from) {
		f->from = *from;
	} else if (f->has_from) {
		f->from = (struct position){ .device = st.st_dev,
					     .inode = st.st_ino,
					     .offset = (uint64_t)st.st_size };
	}
	open_now(f);
}

/* Ends the reading of the old file; what it has without an end of line is a line now. */
static int old_end(struct followed *f)
{
	int r = f->old.fd >= 0 ? stream_seal(&f->old, give, f) : 0;

	forget(f, &f->old);
	return r;
}

static int old_work(struct followed *f)
{
	int r = stream_read(&f->old, give, f);

	if (r == 1) {
		f->old_grew = clock_now();
	} else if (r < 0 && !f->sink_failed) {
		f->lost++;
		forget(f, &f->old);
		r = 0;
	} else if (r == 0 && instant_since(clock_now(), f->old_grew).us > old_for.us) {
		r = old_end(f);
	}
	return r;
}

/* The path names another file now: what is open becomes the old one. */
static int rotate(struct followed *f)
{
	struct stream before = f->now;
	int r;

	if (f->old.fd >= 0 && stream_is_at(&f->old, f->path)) {
		f->now = f->old;
	} else {
		r = old_end(f);
		if (r < 0) {
			return r;
		}
		f->now.fd = -1;
	}
	f->old = before;
	f->moved_on = f->now.fd >= 0;
	f->old_grew = clock_now();
	f->opened++;
	if (f->now.fd < 0) {
		open_now(f);
	}
	return 1;
}

/* It cannot be read any more: closed, and opened again where it was left. */
static int fail(struct followed *f, int error)
{
	f->from = f->now.position;
	f->has_from = true;
	f->sought = false;
	forget(f, &f->now);
	set_state(f, error);
	return 0;
}

/* Does the path still name the file that was read to its end? */
static int look_at_path(struct followed *f)
{
	struct stat st;
	bool gone = stat(f->path, &st) < 0;

	if (!gone && !is_file(&f->now.position, &st)) {
		return rotate(f);
	}
	f->state = gone ? TAIL_GONE : TAIL_READING;
	return 0;
}

/* Reads the file at the path. When it turns out to be truncated, or another one than before, its
 * beginning is a position that a restart must know, though it has no lines yet. */
static int now_work(struct followed *f)
{
	uint64_t truncations = f->now.truncations;
	int r = stream_read(&f->now, give, f);

	if (r < 0 && !f->sink_failed) {
		return fail(f, r);
	}
	if (r >= 0 && (f->begun_anew || truncations != f->now.truncations)) {
		int told = give(f, &f->now, STR_NONE, &f->now.position);

		f->begun_anew = false;
		return told < 0 ? told : 1;
	}
	return r == 0 ? look_at_path(f) : r;
}

int followed_work(struct followed *f)
{
	int r = 0;

	if (f->old.fd >= 0) {
		r = old_work(f);
	}
	if (r != 0) {
		return r;
	}
	if (f->now.fd < 0) {
		open_now(f);
		return f->now.fd >= 0;
	}
	return now_work(f);
}

bool followed_is_waiting(const struct followed *f)
{
	return f->state != TAIL_READING || f->old.fd >= 0;
}

struct position followed_position(const struct followed *f)
{
	return f->has_from ? f->from : f->now.position;
}
