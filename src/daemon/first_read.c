/* SPDX-License-Identifier: MIT */
/* With `window` a log counts as if ipsd had run before: reading begins where the longest window of
 * the jails that watch the source begins, and a little before that, for clocks differ and lines are
 * written late. The place is found by the stamps (input/since.h), so the size of the log does not
 * matter.
 *
 * Stamps of another time zone than they seem to be lie a whole number of quarter hours behind the
 * time at which the file was last written; as much earlier begins what is wanted. */
#include "daemon/first_read.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/span.h"
#include "detect/filter_time.h"
#include "input/since.h"
#include "sys/clock.h"
#include "sys/files.h"

static const duration margin = { .us = INT64_C(300) * 1000000 };

enum { LAST_BYTES = 64 * 1024, ZONE_STEP_S = 900, ZONE_MAX_S = 15 * 3600, ZONE_SLACK_S = 120 };

/* Whose stamps are read, and what is known of them. */
struct reader {
	const struct ruleset *rules;
	const struct source *source;
	struct stamp_context context;
	struct str file_name;
};

static bool time_of(void *arg, struct str line, instant *ret)
{
	const struct reader *r = arg;

	for (size_t i = 0; i < r->source->n_routes; i++) {
		const struct filter *f = r->rules->filters[r->source->routes[i].filter].filter;
		struct stamp_context context = r->context;

		context.date = filter_file_date(f, r->file_name);
		if (filter_time(f, line, &context, ret)) {
			return true;
		}
	}
	return false;
}

static duration longest_window(const struct ruleset *rules, const struct source *source)
{
	duration longest = { 0 };

	for (size_t i = 0; i < source->n_routes; i++) {
		const struct route *route = &source->routes[i];

		for (size_t k = 0; k < route->n_jails; k++) {
			duration window = rules->jails[route->jails[k]].window;

			longest = window.us > longest.us ? window : longest;
		}
	}
	return longest;
}

instant first_read_since(const struct daemon *d, uint16_t source)
{
	const struct ruleset *rules = engine_ruleset(d->engine);
	duration window;

	switch (d->config->settings.first_read) {
	case FIRST_READ_END: return INSTANT_NEVER;
	case FIRST_READ_BEGINNING: return instant_at(0);
	case FIRST_READ_WINDOW: break;
	}
	window = longest_window(rules, &rules->sources[source]);
	return instant_add(clock_now(), (duration){ .us = -window.us - margin.us });
}

/* How far behind its writing the last line says it was written, if that is a matter of zones. */
static duration zone_lag(int fd, uint64_t size, struct reader *r)
{
	static char bytes[LAST_BYTES];
	uint64_t from = size > sizeof(bytes) ? size - sizeof(bytes) : 0;
	int64_t n = files_pread(fd, bytes, sizeof(bytes), from), lag = 0;
	struct str rest = { .p = bytes, .n = n > 0 ? (size_t)n : 0 };

	while (rest.n > 0) {
		size_t end = str_find_char(rest, '\n');
		instant t;

		if (time_of(r, str_slice(rest, 0, end), &t)) {
			lag = instant_since(r->context.file_time, t).us / 1000000;
		}
		rest = end == STR_NOT_FOUND ? STR_NONE : str_slice(rest, end + 1, SIZE_MAX);
	}
	if (lag < ZONE_STEP_S - ZONE_SLACK_S || lag > ZONE_MAX_S ||
	    (lag + ZONE_SLACK_S) % ZONE_STEP_S > INT64_C(2) * ZONE_SLACK_S) {
		lag = 0;
	}
	return (duration){ .us = lag * 1000000 };
}

/* 0; 1: no line tells its time; negative errno. */
static int find(const struct daemon *d, uint16_t source, const char *path, int fd,
		const struct stat *st, uint64_t *ret)
{
	const struct ruleset *rules = engine_ruleset(d->engine);
	const char *slash = strrchr(path, '/');
	struct reader reader = { .rules = rules,
				 .source = &rules->sources[source],
				 .file_name = str_of(slash ? slash + 1 : path) };
	instant since = first_read_since(d, source);
	uint64_t size = (uint64_t)st->st_size;
	duration lag;

	reader.context.file_time = instant_at(st->st_mtim.tv_sec);
	if (size == 0 || since.us == 0 || reader.context.file_time.us < since.us) {
		*ret = since.us == 0 ? 0 : size;
		return 0;
	}
	lag = zone_lag(fd, size, &reader);
	since = instant_add(since, (duration){ .us = -lag.us });
	return since_find(fd, size, since, time_of, &reader, ret);
}

/* `window`: as far back as the jails of the source count. */
static void tell(const char *path, int r, uint64_t offset, uint64_t size, duration window)
{
	char text[SPAN_TEXT_MAX];

	if (r == 1) {
		log_notice(
			"%s is read for the first time, and no line at its end tells when it was "
			"written: what comes from now on is read",
			path);
	} else if (r < 0) {
		log_warning("%s is read for the first time, and its beginning cannot be found: %s; "
			    "what comes from now on is read",
			    path, strerror(-r));
	} else if (size && offset == 0) {
		log_info("%s is read for the first time: all of it", path);
	} else if (size) {
		log_info("%s is read for the first time: from byte %llu of %llu on, for its jails "
			 "count what happened in the last %s",
			 path, (unsigned long long)offset, (unsigned long long)size,
			 span_format_short(window, text));
	}
}

bool first_read_place(const struct daemon *d, uint16_t source, const char *path,
		      struct position *ret)
{
	const struct ruleset *rules = engine_ruleset(d->engine);
	CLEANUP(fd_close) int fd = -1;
	uint64_t offset;
	struct stat st;
	int r;

	if (d->config->settings.first_read == FIRST_READ_END) {
		return false;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		return false;
	}
	offset = (uint64_t)st.st_size;
	r = find(d, source, path, fd, &st, &offset);
	tell(path, r, offset, (uint64_t)st.st_size, longest_window(rules, &rules->sources[source]));
	*ret = (struct position){ .device = st.st_dev, .inode = st.st_ino, .offset = offset };
	return true;
}
