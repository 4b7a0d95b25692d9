/* SPDX-License-Identifier: MIT */
/* A path is looked at again whenever something happens in its directory or to its file; inotify
 * only says that something did, what it was is read from the file system, so that no order of
 * notifications and no lost one can lead astray.
 *
 * Looking at a file reads at most one buffer. A file with more to give stays marked, and the loop
 * is asked to come back before it sleeps, so that no file holds up the others. A path that is
 * missing or unreadable is looked at every second, too: a directory that does not exist cannot be
 * watched. So is all that the kernel tells nothing of: what others write on a network's file
 * system, and everything when its limits (fs.inotify.*) are reached.
 *
 * The kernel has one watch for a file, however often it is asked for: paths that name one file
 * share it, and it goes with the last of them. */
#include "input/tail.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "input/followed.h"
#include "sys/clock.h"
#include "sys/files.h"

enum { TAIL_FILES_MAX = 1024 };

static const duration retry_every = { .us = 1000000 };

static const uint32_t dir_mask = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB |
				 IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
static const uint32_t file_mask = IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF;

struct entry {
	struct followed file;
	int dir, now, old; /* watches; -1: none */
	unsigned opened;   /* the files that `now` and `old` belong to */
	bool silent;       /* nobody tells what others write there */
	bool look;         /* something may be there to be read */
};

struct tail {
	struct loop *loop;
	tail_sink sink;
	void *arg;
	int inotify;
	struct loop_watch *watch;
	struct loop_timer *retry;
	bool armed; /* the retry timer is set */
	struct entry *entries[TAIL_FILES_MAX];
	size_t n;
};

/* ---- watches ---- */

static int watch_file(const struct tail *t, int fd)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return fd < 0 ? -1 : inotify_add_watch(t->inotify, link, file_mask);
}

static void unwatch_file(const struct tail *t, int wd)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->entries[i]->now == wd || t->entries[i]->old == wd) {
			return;
		}
	}
	if (wd >= 0) {
		(void)inotify_rm_watch(t->inotify, wd);
	}
}

static void watch_dir(const struct tail *t, struct entry *e)
{
	if (e->dir < 0) {
		e->dir = inotify_add_watch(t->inotify, e->file.dir, dir_mask);
	}
}

/* Watches what is open now. What was written before the watch stood has to be looked for. */
static void watch_files(const struct tail *t, struct entry *e)
{
	int now = e->now, old = e->old;
	bool same = e->opened == e->file.opened;

	if (same && (now >= 0 || e->file.now.fd < 0)) {
		return;
	}
	e->opened = e->file.opened;
	e->now = watch_file(t, e->file.now.fd);
	e->old = watch_file(t, e->file.old.stream.fd);
	e->silent = e->file.now.fd >= 0 && !files_tell_changes(e->file.now.fd);
	e->look = e->look || !same || e->now >= 0;
	unwatch_file(t, now);
	unwatch_file(t, old);
}

/* ---- work ---- */

static bool any_looks(const struct tail *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->entries[i]->look) {
			return true;
		}
	}
	return false;
}

/* Nothing will tell when this path has something to say. */
static bool needs_retry(const struct entry *e)
{
	return followed_is_waiting(&e->file) || e->now < 0 || e->dir < 0 || e->silent;
}

static int tail_arm(struct tail *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (needs_retry(t->entries[i])) {
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
		struct entry *e = t->entries[i];

		if (e->look) {
			int r = followed_work(&e->file);

			if (r < 0) {
				return r;
			}
			e->look = r == 1;
			watch_files(t, e);
		}
	}
	if (any_looks(t)) {
		return loop_defer(t->loop, tail_work, t);
	}
	return t->armed ? 0 : tail_arm(t);
}

/* Marks the files that a notification is about; a watch of -1: all. */
static void mark(struct tail *t, const struct inotify_event *event)
{
	bool gone = event->mask & IN_IGNORED;

	for (size_t i = 0; i < t->n; i++) {
		struct entry *e = t->entries[i];
		bool dir = e->dir == event->wd;

		if (event->wd == -1 || dir || e->now == event->wd || e->old == event->wd) {
			e->look = true;
		}
		if (dir && event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) {
			e->dir = -1;
			watch_dir(t, e);
		}
		e->now = gone && e->now == event->wd ? -1 : e->now;
		e->old = gone && e->old == event->wd ? -1 : e->old;
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
		struct entry *e = t->entries[i];

		watch_dir(t, e);
		e->look = e->look || needs_retry(e);
	}
	t->armed = false;
	return tail_work(t);
}

/* ---- making, asking ---- */

int tail_new(struct loop *loop, tail_sink sink, void *arg, struct tail **ret)
{
	CLEANUP(tail_freep) struct tail *t = calloc(1, sizeof(*t));
	int r;

	if (!t) {
		return -ENOMEM;
	}
	*t = (struct tail){ .loop = loop, .sink = sink, .arg = arg };
	t->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	r = t->inotify < 0 ? 0
			   : loop_add_fd(loop, t->inotify, EPOLLIN, tail_notified, t, &t->watch);
	if (r >= 0) {
		r = loop_add_timer(loop, tail_retry, t, &t->retry);
	}
	if (r < 0) {
		return r;
	}
	*ret = TAKE(t);
	return 0;
}

struct tail *tail_free(struct tail *t)
{
	if (t) {
		loop_undefer(t->loop, tail_work, t);
		for (size_t i = 0; i < t->n; i++) {
			followed_done(&t->entries[i]->file);
			free(t->entries[i]);
		}
		loop_watch_free(t->watch);
		loop_timer_free(t->retry);
		fd_close(&t->inotify);
		free(t);
	}
	return NULL;
}

int tail_add(struct tail *t, uint16_t source, const char *path, const struct position *from,
	     bool from_start)
{
	struct entry *e;
	int r;

	if (t->n == TAIL_FILES_MAX) {
		return -ENOSPC;
	}
	e = calloc(1, sizeof(*e));
	if (!e) {
		return -ENOMEM;
	}
	r = followed_init(&e->file, source, path, t->sink, t->arg);
	if (r < 0) {
		free(e);
		return r;
	}
	e->dir = e->now = e->old = -1;
	t->entries[t->n++] = e;
	watch_dir(t, e);
	followed_start(&e->file, from, from_start);
	watch_files(t, e);
	e->look = true;
	return loop_defer(t->loop, tail_work, t);
}

static void entry_remove(struct tail *t, size_t i)
{
	struct entry *e = t->entries[i];

	t->entries[i] = t->entries[--t->n];
	unwatch_file(t, e->now);
	unwatch_file(t, e->old);
	followed_done(&e->file);
	free(e);
}

void tail_renumber(struct tail *t, const uint16_t *sources)
{
	for (size_t i = 0; i < t->n;) {
		struct followed *file = &t->entries[i]->file;

		file->source = sources[file->source];
		if (file->source == TAIL_NO_SOURCE) {
			entry_remove(t, i);
		} else {
			i++;
		}
	}
}

bool tail_remove(struct tail *t, const char *path)
{
	for (size_t i = 0; i < t->n; i++) {
		struct entry *e = t->entries[i];

		if (strcmp(e->file.path, path) != 0) {
			continue;
		}
		if (e->look) {
			return false;
		}
		entry_remove(t, i);
		return true;
	}
	return false;
}

bool tail_is_idle(const struct tail *t)
{
	return !any_looks(t);
}

size_t tail_count(const struct tail *t)
{
	return t->n;
}

static void add_stream(struct tail_status *ret, const struct stream *s)
{
	if (s->fd >= 0) {
		ret->lag_bytes += stream_lag(s);
		ret->cut += s->framer.cut;
		ret->lost += s->truncations;
	}
}

void tail_status(const struct tail *t, size_t i, struct tail_status *ret)
{
	const struct followed *f = &t->entries[i]->file;

	*ret = (struct tail_status){
		.source = f->source,
		.path = f->path,
		.state = f->state,
		.error = f->error,
		.lines = f->lines,
		.cut = f->cut,
		.lost = f->lost,
		.position = followed_position(f),
	};
	add_stream(ret, &f->now);
	add_stream(ret, &f->old.stream);
}
