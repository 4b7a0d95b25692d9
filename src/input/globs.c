/* SPDX-License-Identifier: MIT */
/* A notification only says that a directory should be looked at again; what is there is read from
 * it. Following the files is not done here: whoever is told of one does it. */
#include "input/globs.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input/rotated.h"
#include "sys/clock.h"
#include "sys/files.h"

enum { PATTERNS_MAX = 64 };

static const duration retry_every = { .us = 1000000 };
static const duration past = { .us = INT64_C(2) * 86400 * 1000000 };
static const uint32_t dir_mask = IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF |
				 IN_ONLYDIR;

struct pattern_dir {
	uint16_t source;
	char *text, *dir;      /* the whole pattern; its directory */
	struct str name;       /* its last component, in `text` */
	int wd;                /* -1: the directory is not watched */
	bool is_there, silent; /* silent: nobody tells what others do there */
	bool looked;     /* it was looked at once, or was not there at first: what comes now has
			    appeared */
	size_t files;    /* that are known */
	size_t left_out; /* for lack of room, at the last look */
};

struct known_file {
	char *path;
	size_t pattern;
};

struct globs {
	struct loop *loop;
	globs_found found;
	globs_gone gone;
	void *arg;
	int inotify;
	struct loop_watch *watch;
	struct loop_timer *retry;
	struct pattern_dir patterns[PATTERNS_MAX];
	size_t n;
	struct known_file files[GLOBS_FILES_MAX];
	size_t n_files;
};

static bool is_known(const struct globs *g, const char *path)
{
	for (size_t i = 0; i < g->n_files; i++) {
		if (strcmp(g->files[i].path, path) == 0) {
			return true;
		}
	}
	return false;
}

/* Nobody writes to it any more, or it is not there. */
static bool is_past(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ||
	       instant_since(clock_now(), instant_at(st.st_mtim.tv_sec)).us > past.us;
}

static void forget_past(struct globs *g)
{
	for (size_t i = 0; i < g->n_files;) {
		if (is_past(g->files[i].path) && g->gone(g->arg, g->files[i].path)) {
			g->patterns[g->files[i].pattern].files--;
			free(g->files[i].path);
			g->files[i] = g->files[--g->n_files];
		} else {
			i++;
		}
	}
}

static int take_file(struct globs *g, size_t pattern, const char *path)
{
	struct pattern_dir *p = &g->patterns[pattern];
	struct stat st;

	if (is_known(g, path) || stat(path, &st) < 0 || !S_ISREG(st.st_mode) || is_past(path)) {
		return 0;
	}
	forget_past(g);
	if (g->n_files == GLOBS_FILES_MAX) {
		p->left_out++;
		return 0;
	}
	g->files[g->n_files] = (struct known_file){ .path = strdup(path), .pattern = pattern };
	if (!g->files[g->n_files].path) {
		return -ENOMEM;
	}
	g->n_files++;
	p->files++;
	return g->found(g->arg, p->source, path, p->looked);
}

/* A log that was rotated away under a name that fits, too, or was compressed: it is read under the
 * name that it is written to. */
static bool is_rotated(const struct globs *g, const struct pattern_dir *p, const char *name)
{
	CLEANUP(buf_done) struct buf base = { 0 }, path = { 0 };
	struct stat st;

	if (rotated_is_packed(str_of(name))) {
		return true;
	}
	if (!rotated_base(str_of(name), &base) || !str_glob(p->name, buf_str(&base))) {
		return false;
	}
	buf_printf(&path, "%s/%s", p->dir, buf_text(&base));
	return is_known(g, buf_text(&path)) || stat(buf_text(&path), &st) == 0;
}

static int look(struct globs *g, size_t pattern)
{
	struct pattern_dir *p = &g->patterns[pattern];
	CLEANUP(buf_done) struct buf names = { 0 };
	char path[PATH_MAX];
	int r;

	if (p->wd < 0) {
		p->wd = inotify_add_watch(g->inotify, p->dir, dir_mask);
	}
	p->left_out = 0;
	r = files_list(p->dir, "", &names);
	p->is_there = r >= 0;
	p->silent = p->wd >= 0 && !files_dir_tells_changes(p->dir);
	if (r < 0) {
		p->looked = true;
		return 0;
	}
	for (size_t at = 0; at < names.n && r >= 0; at += strlen(names.p + at) + 1) {
		const char *name = names.p + at;
		int n = snprintf(path, sizeof(path), "%s/%s", p->dir, name);

		if (n > 0 && n < (int)sizeof(path) && str_glob(p->name, str_of(name)) &&
		    !is_rotated(g, p, name)) {
			r = take_file(g, pattern, path);
		}
	}
	p->looked = true;
	return r < 0 ? r : 0;
}

/* Looks at all directories again, and comes back soon while one of them is missing. */
static int look_all(void *arg)
{
	struct globs *g = arg;
	bool missing = false;

	for (size_t i = 0; i < g->n; i++) {
		int r = look(g, i);

		if (r < 0) {
			return r;
		}
		missing = missing || g->patterns[i].wd < 0 || g->patterns[i].silent;
	}
	return missing ? loop_timer_set(g->retry, instant_add(clock_now(), retry_every)) : 0;
}

static int notified(void *arg, int fd, uint32_t events)
{
	struct globs *g = arg;
	_Alignas(struct inotify_event) char bytes[8 * 1024];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	(void)events;
	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *event = (const void *)(bytes + at);

		for (size_t i = 0;
		     event->mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF) && i < g->n; i++) {
			g->patterns[i].wd = g->patterns[i].wd == event->wd ? -1 : g->patterns[i].wd;
		}
		at += (ssize_t)(sizeof(*event) + event->len);
	}
	return look_all(g);
}

int globs_new(struct loop *loop, globs_found found, globs_gone gone, void *arg, struct globs **ret)
{
	CLEANUP(globs_freep) struct globs *g = calloc(1, sizeof(*g));
	int r;

	if (!g) {
		return -ENOMEM;
	}
	*g = (struct globs){ .loop = loop, .found = found, .gone = gone, .arg = arg };
	g->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	r = g->inotify < 0 ? 0 : loop_add_fd(loop, g->inotify, EPOLLIN, notified, g, &g->watch);
	if (r >= 0) {
		r = loop_add_timer(loop, look_all, g, &g->retry);
	}
	if (r < 0) {
		return r;
	}
	*ret = TAKE(g);
	return 0;
}

struct globs *globs_free(struct globs *g)
{
	if (g) {
		for (size_t i = 0; i < g->n; i++) {
			free(g->patterns[i].text);
			free(g->patterns[i].dir);
		}
		for (size_t i = 0; i < g->n_files; i++) {
			free(g->files[i].path);
		}
		loop_watch_free(g->watch);
		loop_timer_free(g->retry);
		fd_close(&g->inotify);
		free(g);
	}
	return NULL;
}

int globs_add(struct globs *g, uint16_t source, struct str pattern)
{
	struct pattern_dir *p = &g->patterns[g->n];
	const char *slash;

	if (g->n == PATTERNS_MAX) {
		return -ENOSPC;
	}
	*p = (struct pattern_dir){ .source = source,
				   .wd = -1,
				   .text = strndup(pattern.p, pattern.n) };
	slash = p->text ? strrchr(p->text, '/') : NULL;
	p->dir = slash ? strndup(p->text, slash == p->text ? 1 : (size_t)(slash - p->text)) : NULL;
	if (!p->dir) {
		int r = p->text && !slash ? -EINVAL : -ENOMEM;

		free(p->text);
		return r;
	}
	p->name = str_of(slash + 1);
	g->n++;
	return look_all(g);
}

static void unwatch(const struct globs *g, int wd)
{
	for (size_t i = 0; i < g->n; i++) {
		if (g->patterns[i].wd == wd) {
			return;
		}
	}
	if (wd >= 0) {
		(void)inotify_rm_watch(g->inotify, wd);
	}
}

/* The last pattern takes its place. */
static void forget_pattern(struct globs *g, size_t pattern)
{
	struct pattern_dir *p = &g->patterns[pattern];
	const int wd = p->wd;

	for (size_t i = 0; i < g->n_files;) {
		if (g->files[i].pattern == pattern) {
			free(g->files[i].path);
			g->files[i] = g->files[--g->n_files];
		} else {
			i++;
		}
	}
	free(p->text);
	free(p->dir);
	*p = g->patterns[--g->n];
	for (size_t i = 0; i < g->n_files; i++) {
		g->files[i].pattern = g->files[i].pattern == g->n ? pattern : g->files[i].pattern;
	}
	unwatch(g, wd);
}

int globs_renumber(struct globs *g, const uint16_t *sources)
{
	for (size_t i = 0; i < g->n;) {
		g->patterns[i].source = sources[g->patterns[i].source];
		if (g->patterns[i].source == GLOBS_NO_SOURCE) {
			forget_pattern(g, i);
		} else {
			i++;
		}
	}
	return look_all(g);
}

size_t globs_count(const struct globs *g)
{
	return g->n;
}

struct globs_status globs_status(const struct globs *g, size_t i)
{
	return (struct globs_status){
		.pattern = g->patterns[i].text,
		.files = g->patterns[i].files,
		.left_out = g->patterns[i].left_out,
		.is_there = g->patterns[i].is_there,
	};
}
