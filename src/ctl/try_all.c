/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/config_open.h"
#include "ctl/progress.h"
#include "ctl/terminal.h"
#include "ctl/try.h"
#include "detect/framer.h"
#include "input/replay.h"
#include "sys/clock.h"

/* Of one filter. */
struct tally {
	size_t filter;
	uint64_t events;
};

struct census {
	const struct ctl *ctl;
	const struct ruleset *rules;
	struct filter **filters;
	struct stamp_context *when;
	struct tally *tallies;
	struct detector *detector;
	struct matcher *matcher;
	const char *last; /* the line of the last event */
	uint64_t lines;   /* with an event */
};

static void census_done(struct census *c)
{
	free(c->filters);
	free(c->when);
	free(c->tallies);
	detector_free(c->detector);
	matcher_free(c->matcher);
}

static int begin(struct census *c)
{
	size_t n = c->rules->n_filters;
	int r;

	c->filters = calloc(n, sizeof(struct filter *));
	c->when = calloc(n, sizeof(*c->when));
	c->tallies = calloc(n, sizeof(*c->tallies));
	if (!c->filters || !c->when || !c->tallies) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		c->filters[i] = c->rules->filters[i].filter;
		c->tallies[i].filter = i;
	}
	r = detector_new(c->filters, n, &c->detector);
	return r < 0 ? r : matcher_new(&c->matcher);
}

static bool count(void *arg, const struct event *event)
{
	struct census *c = arg;

	c->tallies[event->filter].events++;
	c->lines += event->text.p != c->last;
	c->last = event->text.p;
	return true;
}

static int read_all(struct census *c, const char *path)
{
	CLEANUP(replay_freep) struct replay *replay = NULL;
	const char *slash = strrchr(path, '/');
	int64_t started = clock_monotonic();
	uint64_t done, size;
	struct str chunk;
	int r = replay_open(path, &replay);

	for (size_t i = 0; r >= 0 && i < c->rules->n_filters; i++) {
		c->when[i].file_time = strcmp(path, "-") == 0 ? clock_now()
							      : replay_file_time(replay);
		c->when[i].date = filter_file_date(c->filters[i], str_of(slash ? slash + 1 : path));
	}
	while (r >= 0 && (r = replay_next(replay, &chunk)) == 1) {
		c->last = NULL;
		(void)detector_feed(c->detector, c->matcher, chunk, c->when, count, c);
		replay_progress(replay, &done, &size);
		progress_show(path, done, size, started);
	}
	progress_clear();
	return r;
}

static int by_events(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;

	if (x->events != y->events) {
		return x->events > y->events ? -1 : 1;
	}
	return (x->filter > y->filter) - (x->filter < y->filter);
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

static void print_json(const struct census *c, uint64_t lines)
{
	struct value *summary = value_object(), *last = value_object();

	for (size_t i = 0; i < c->rules->n_filters && c->tallies[i].events; i++) {
		struct value *row = value_object();

		value_set_text(row, "filter", c->rules->filters[c->tallies[i].filter].name);
		value_set_int(row, "hits", (int64_t)c->tallies[i].events);
		value_set_real(row, "percent", percent(c->tallies[i].events, lines));
		terminal_json(row);
		value_free(row);
	}
	value_set_int(summary, "lines", (int64_t)lines);
	value_set_int(summary, "hits", (int64_t)c->lines);
	value_set_int(summary, "misses", (int64_t)(lines - c->lines));
	value_set_int(summary, "folded", (int64_t)detector_stats(c->detector)->folded);
	value_set(last, "summary", summary);
	terminal_json(last);
	value_free(last);
}

static void print_table(const struct census *c, const char *path, uint64_t lines)
{
	const struct ruleset *rules = c->rules;

	if (!c->lines) {
		printf("No filter knows this log: no event in %llu line%s. Next: a filter of your own, ipsd-filter(5)\n",
		       (unsigned long long)lines, str_plural(lines));
		return;
	}
	printf("%.*s knows this log best. Of %llu line%s:\n",
	       STR_ARG(rules->filters[c->tallies[0].filter].name), (unsigned long long)lines,
	       str_plural(lines));
	for (size_t i = 0; i < rules->n_filters && c->tallies[i].events; i++) {
		printf("  %-28.*s %10llu events  %5.1f %%\n",
		       STR_ARG(rules->filters[c->tallies[i].filter].name),
		       (unsigned long long)c->tallies[i].events,
		       percent(c->tallies[i].events, lines));
	}
	if (terminal_is_out()) {
		printf("Next: ipsctl try %.*s ",
		       STR_ARG(rules->filters[c->tallies[0].filter].name));
		terminal_text(str_of(path), 0);
		printf(" --missed\n");
	}
}

static int run(struct census *c, const char *path)
{
	int r = begin(c);
	uint64_t lines;

	if (r < 0) {
		fprintf(stderr, "ipsctl try: %s\n", strerror(-r));
		return CTL_NO;
	}
	r = read_all(c, path);
	if (r < 0) {
		fprintf(stderr, "ipsctl try: %s: %s\n", path,
			r == -EBADMSG ? "the compressed data is damaged" : strerror(-r));
		return CTL_USAGE;
	}
	lines = detector_stats(c->detector)->lines;
	qsort(c->tallies, c->rules->n_filters, sizeof(*c->tallies), by_events);
	if (c->ctl->json) {
		print_json(c, lines);
	} else {
		print_table(c, path, lines);
	}
	return c->lines ? CTL_DONE : CTL_NO;
}

int try_all(const struct ctl *ctl)
{
	CLEANUP(config_freep) struct config *config = NULL;
	struct census census = { .ctl = ctl };
	int code;

	if (ctl->n_arguments > 1 || ctl_has(ctl, "line") || ctl_has(ctl, "missed")) {
		return ctl_usage(ctl, "--all tries all filters on one file: ipsctl try --all FILE");
	}
	code = config_open(ctl, 0, &config);
	if (code) {
		return code;
	}
	if (config->ruleset->n_filters == 0) {
		return ctl_usage(ctl, "there is no filter in %s", ctl->config_dir);
	}
	census.rules = config->ruleset;
	code = run(&census, ctl->n_arguments ? ctl->arguments[0] : "-");
	census_done(&census);
	return code;
}
