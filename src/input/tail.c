/* SPDX-License-Identifier: MIT */
/* Each followed path has a current stream and, for a while after a rotation, the one before it:
 * whoever writes the log may go on writing to the renamed file until it is told to open the new
 * one. A path is looked at again whenever something happens in its directory or to the file itself;
 * inotify only says that something did, what it was is read from the file system, so that no order
 * of notifications and no lost one can lead astray.
 *
 * Looking at a file reads at most one buffer. A file with more to give stays marked, and the loop
 * is asked to come back before it sleeps, so that no file holds up the others. A path that is
 * missing or unreadable is tried again every few seconds, too: a directory that does not exist
 * cannot be watched. */
#include "input/tail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input/stream.h"
#include "sys/clock.h"
#include "sys/files.h"

enum { TAIL_FILES_MAX = 1024 };

static const duration retry_every = { .us = 2000000 };
/* How long a rotated file is still looked at after it last gave something. */
static const duration old_for = { .us = 60000000 };

static const uint32_t dir_mask = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB |
				 IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
static const uint32_t file_mask = IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF;

struct tail_file {
	struct tail *tail;
	uint16_t source;
	char *path, *dir; /* dir: up to the last slash, "." without one */
	struct stream now, old;
	instant old_grew;
	int wd_dir, wd_now, wd_old;
	bool look; /* something may be there to be read */
	enum tail_state state;
	int error;
	uint64_t lines;
};

struct tail {
	struct loop *loop;
	tail_sink sink;
	void *arg;
	int inotify;
	struct loop_watch *watch;
	struct loop_timer *retry;
	bool armed; /* the retry timer is set */
	struct tail_file *files[TAIL_FILES_MAX];
	size_t n;
};

/* ---- one file ---- */

static int give(void *arg, const struct stream *stream, struct str chunk,
		const struct position *before)
{
	struct tail_file *f = arg;
	struct tail_chunk out = {
		.source = f->source,
		.path = f->path,
		.chunk = chunk,
		.before = *before,
		.file_time = stream->file_time,
		.is_old = stream == &f->old,
	};

	f->lines += line_count(chunk);
	return f->tail->sink(f->tail->arg, &out);
}

static int watch_fd(const struct tail *t, int fd)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return inotify_add_watch(t->inotify, link, file_mask);
}

static void unwatch(const struct tail *t, int *wd)
{
	if (*wd >= 0) {
		(void)inotify_rm_watch(t->inotify, *wd);
		*wd = -1;
	}
}

static void file_set_state(struct tail_file *f, int error)
{
	f->error = -error;
	f->state = error == 0                              ? TAIL_READING
		   : error == -ENOENT || error == -ENOTDIR ? TAIL_MISSING
							   : TAIL_UNREADABLE;
}

/* Opens what stands at the path now. 0, 1 (the position did not fit) or a negative errno; the state
 * says the same. */
static int file_open(struct tail_file *f, const struct position *from, bool at_end)
{
	int r = stream_open(&f->now, f->path, from, at_end);

	file_set_state(f, r < 0 ? r : 0);
	if (r >= 0) {
		f->wd_now = watch_fd(f->tail, f->now.fd);
		f->look = true;
	}
	return r;
}

static int old_end(struct tail_file *f)
{
	int r = f->old.fd >= 0 ? stream_seal(&f->old, give, f) : 0;

	unwatch(f->tail, &f->wd_old);
	stream_close(&f->old);
	return r;
}

/* The path names another file now: what is open becomes the old one. */
static int file_rotate(struct tail_file *f)
{
	int r = old_end(f);

	if (r < 0) {
		return r;
	}
	f->old = f->now;
	f->wd_old = f->wd_now;
	f->old_grew = clock_now();
	f->now.fd = -1;
	f->wd_now = -1;
	(void)file_open(f, NULL, false); /* the state says how it went; tried again until it does */
	return 0;
}

static int old_work(struct tail_file *f)
{
	int r = stream_read(&f->old, give, f);

	if (r == 1) {
		f->old_grew = clock_now();
		return 1;
	}
	if (r == 0 && instant_since(clock_now(), f->old_grew).us > old_for.us) {
		return old_end(f);
	}
	return r;
}

static bool path_names_another(const struct tail_file *f)
{
	struct stat st;

	return stat(f->path, &st) == 0 && !stream_is_at(&f->now, f->path);
}

/* Reads one buffer of each stream. 1: come again; 0: at the end; negative errno. */
static int file_work(struct tail_file *f)
{
	int more = 0, r;

	if (f->old.fd >= 0) {
		more = old_work(f);
		if (more < 0) {
			return more;
		}
	}
	if (f->now.fd < 0) {
		r = file_open(f, NULL, false);
		return r < 0 ? more : 1;
	}
	r = stream_read(&f->now, give, f);
	if (r != 0) {
		return r;
	}
	if (path_names_another(f)) {
		r = file_rotate(f);
		return r < 0 ? r : 1;
	}
	return more;
}

/* ---- all of them ---- */

static bool any_looks(const struct tail *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->files[i]->look) {
			return true;
		}
	}
	return false;
}

/* Nothing will tell when this path can be read, or when its old file is done with. */
static bool needs_retry(const struct tail_file *f)
{
	return f->state != TAIL_READING || f->old.fd >= 0 || f->wd_now < 0 || f->wd_dir < 0;
}

static int tail_arm(struct tail *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (needs_retry(t->files[i])) {
			t->armed = true;
			return loop_timer_set(t->retry, instant_add(clock_now(), retry_every));
		}
	}
	t->armed = false;
	return 0;
}

static int tail_work(void *arg)
{
	struct tail *t = arg;

	for (size_t i = 0; i < t->n; i++) {
		struct tail_file *f = t->files[i];
		int r = f->look ? file_work(f) : 0;

		/* What one file's reading fails with must not end the others'; what the sink
		 * fails with must. */
		if (r < 0 && r != -EIO && r != -ESTALE && r != -EISDIR) {
			return r;
		}
		f->look = r == 1;
	}
	if (any_looks(t)) {
		return loop_defer(t->loop, tail_work, t);
	}
	return t->armed ? 0 : tail_arm(t);
}

static void watch_dir(struct tail_file *f)
{
	if (f->wd_dir < 0) {
		f->wd_dir = inotify_add_watch(f->tail->inotify, f->dir, dir_mask);
	}
}

/* Marks the files that a notification is about; -1: all. */
static void mark(struct tail *t, const struct inotify_event *event)
{
	for (size_t i = 0; i < t->n; i++) {
		struct tail_file *f = t->files[i];
		bool dir = f->wd_dir == event->wd;

		if (event->wd == -1 || dir || f->wd_now == event->wd || f->wd_old == event->wd) {
			f->look = true;
		}
		if (event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF) && dir) {
			f->wd_dir = -1;
			watch_dir(f);
		}
		if (event->mask & IN_IGNORED) {
			f->wd_now = f->wd_now == event->wd ? -1 : f->wd_now;
			f->wd_old = f->wd_old == event->wd ? -1 : f->wd_old;
		}
	}
}

static int tail_notified(void *arg, int fd, uint32_t events)
{
	struct tail *t = arg;
	_Alignas(struct inotify_event) char bytes[8 * 1024];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	(void)events;
	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *event = (const void *)(bytes + at);

		mark(t, event);
		at += (ssize_t)(sizeof(*event) + event->len);
	}
	return tail_work(t);
}

static int tail_retry(void *arg)
{
	struct tail *t = arg;

	for (size_t i = 0; i < t->n; i++) {
		struct tail_file *f = t->files[i];

		watch_dir(f);
		f->look = f->look || needs_retry(f);
	}
	t->armed = false;
	return tail_work(t);
}

int tail_new(struct loop *loop, tail_sink sink, void *arg, struct tail **ret)
{
	CLEANUP(tail_freep) struct tail *t = calloc(1, sizeof(*t));
	int r;

	if (!t) {
		return -ENOMEM;
	}
	*t = (struct tail){ .loop = loop, .sink = sink, .arg = arg };
	t->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (t->inotify < 0) {
		return -errno;
	}
	r = loop_add_fd(loop, t->inotify, EPOLLIN, tail_notified, t, &t->watch);
	if (r >= 0) {
		r = loop_add_timer(loop, tail_retry, t, &t->retry);
	}
	if (r < 0) {
		return r;
	}
	*ret = TAKE(t);
	return 0;
}

static struct tail_file *file_free(struct tail_file *f)
{
	if (f) {
		stream_close(&f->now);
		stream_close(&f->old);
		free(f->path);
		free(f->dir);
		free(f);
	}
	return NULL;
}

DEFINE_FREEP(struct tail_file, file_free)

struct tail *tail_free(struct tail *t)
{
	if (t) {
		for (size_t i = 0; i < t->n; i++) {
			file_free(t->files[i]);
		}
		loop_watch_free(t->watch);
		loop_timer_free(t->retry);
		fd_close(&t->inotify);
		free(t);
	}
	return NULL;
}

/* ---- taking up where a position says ---- */

/* The file of the position under another name in the same directory: it was rotated while nobody
 * looked. */
static bool find_rotated(const struct tail_file *f, const struct position *from,
			 char ret_path[static PATH_MAX])
{
	DIR *dir = opendir(f->dir);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		struct stat st;
		int n = snprintf(ret_path, PATH_MAX, "%s/%s", f->dir, entry->d_name);

		found = entry->d_ino == from->inode && n > 0 && n < PATH_MAX &&
			stat(ret_path, &st) == 0 && st.st_ino == from->inode &&
			st.st_dev == from->device && S_ISREG(st.st_mode);
	}
	if (dir) {
		closedir(dir);
	}
	return found;
}

/* What stands at the path is not what was read: the rest of that one is read first, if it is still
 * there. */
static void take_up_old(struct tail_file *f, const struct position *from)
{
	char path[PATH_MAX];

	if (f->now.position.inode == from->inode || !find_rotated(f, from, path)) {
		return;
	}
	if (stream_open(&f->old, path, from, false) == 0) {
		f->wd_old = watch_fd(f->tail, f->old.fd);
		f->old_grew = clock_now();
	} else {
		stream_close(&f->old);
	}
}

static struct tail_file *file_new(struct tail *t, uint16_t source, const char *path)
{
	CLEANUP(file_freep) struct tail_file *f = calloc(1, sizeof(*f));
	const char *slash = strrchr(path, '/');

	if (!f) {
		return NULL;
	}
	*f = (struct tail_file){ .tail = t,
				 .source = source,
				 .now.fd = -1,
				 .old.fd = -1,
				 .wd_dir = -1,
				 .wd_now = -1,
				 .wd_old = -1 };
	f->path = strdup(path);
	f->dir = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	if (!f->path || !f->dir) {
		return NULL;
	}
	return TAKE(f);
}

int tail_add(struct tail *t, uint16_t source, const char *path, const struct position *from,
	     bool from_start)
{
	struct tail_file *f;
	int r;

	if (t->n == TAIL_FILES_MAX) {
		return -ENOSPC;
	}
	f = file_new(t, source, path);
	if (!f) {
		return -ENOMEM;
	}
	t->files[t->n++] = f;
	watch_dir(f);
	r = file_open(f, from, !from_start);
	if (from && (r == 1 || r == -ENOENT)) {
		take_up_old(f, from);
	}
	f->look = true;
	return loop_defer(t->loop, tail_work, t);
}

bool tail_is_idle(const struct tail *t)
{
	return !any_looks(t);
}

size_t tail_count(const struct tail *t)
{
	return t->n;
}

void tail_status(const struct tail *t, size_t i, struct tail_status *ret)
{
	const struct tail_file *f = t->files[i];

	*ret = (struct tail_status){
		.source = f->source,
		.path = f->path,
		.state = f->state,
		.error = f->error,
		.lines = f->lines,
		.cut = f->now.framer.cut,
		.lost = f->now.truncations,
	};
	if (f->now.fd >= 0) {
		ret->lag_bytes = stream_lag(&f->now);
		ret->position = f->now.position;
	}
	if (f->old.fd >= 0) {
		ret->lag_bytes += stream_lag(&f->old);
	}
}
