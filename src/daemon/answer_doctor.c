/* SPDX-License-Identifier: MIT */
/* Doctor: what only the daemon can say of itself to `ipsctl doctor`: where it is, and what came of
 * what it reads. Who asks may not be allowed to look at the logs. */
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/call.h"

/* Of the source's files. */
struct files {
	size_t reading;
	instant written; /* the newest; 0: none */
};

static instant modified(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? instant_at(0) : instant_at(st.st_mtim.tv_sec);
}

static struct files files_of(const struct daemon *d, uint16_t source)
{
	struct files found = { .reading = 0 };
	struct tail_status s;

	for (size_t i = 0; i < tail_count(d->tail); i++) {
		tail_status(d->tail, i, &s);
		if (s.source == source && s.state == TAIL_READING) {
			found.reading++;
			found.written = instant_max(found.written, modified(s.path));
		}
	}
	return found;
}

static struct value *reading_row(const struct daemon *d, uint16_t number)
{
	const struct ruleset *rules = engine_ruleset(d->engine);
	const struct source *source = &rules->sources[number];
	const struct detector_stats *stats = detector_stats(source->detector);
	const struct files files = files_of(d, number);
	struct value *row = value_object();

	value_set_text(row, "source", source->text);
	value_set_text(row, "filter", rules->filters[source->routes[0].filter].name);
	value_set_int(row, "files", (int64_t)files.reading);
	value_set_int(row, "lines", (int64_t)stats->lines);
	value_set_int(row, "events", (int64_t)stats->events);
	value_set_instant(row, "written", files.written);
	return row;
}

enum call_next answer_doctor(struct call *call)
{
	const struct daemon *d = call->daemon;
	const struct ruleset *rules = engine_ruleset(d->engine);
	struct value *reply = value_object(), *readings = value_array();
	struct stat ns;

	for (size_t i = 0; i < rules->n_sources; i++) {
		if (rules->sources[i].detector && rules->sources[i].n_routes) {
			value_add(readings, reading_row(d, (uint16_t)i));
		}
	}
	value_set_int(reply, "pid", getpid());
	if (stat("/proc/self/ns/net", &ns) == 0) {
		value_set_int(reply, "network_namespace", (int64_t)ns.st_ino);
	} else {
		value_set_null(reply, "network_namespace");
	}
	value_set(reply, "readings", readings);
	call_reply(call, reply, false);
	return CALL_DONE;
}
