/* SPDX-License-Identifier: MIT */
/* The road is the daemon's: the same engine, fed from old files instead of live ones, with
 * decisions printed instead of enforced. A file whose name fits a source goes to it; any other is
 * read by all filters that the jails watch, as one source that is added for it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/span.h"
#include "ctl/config_open.h"
#include "ctl/progress.h"
#include "ctl/replay_rules.h"
#include "ctl/terminal.h"
#include "input/replay.h"
#include "output/print.h"
#include "sys/clock.h"
#include "sys/files.h"

struct input {
	const char *path;
	struct replay *replay;
	instant first; /* by its first stamp */
	size_t number; /* as it was named */
};

struct run {
	const struct ctl *ctl;
	struct engine *engine;
	struct input *inputs;
	size_t n_inputs;
	instant from, to;
	int64_t started;
};

static void run_done(struct run *run)
{
	for (size_t i = 0; run->inputs && i < run->n_inputs; i++) {
		replay_free(run->inputs[i].replay);
	}
	free(run->inputs);
	engine_free(run->engine);
}

static struct value *count_types(const struct ruleset *rules, const struct decision *d)
{
	struct value *counts = value_object();

	for (size_t i = 0; i < d->n_evidence; i++) {
		CLEANUP(buf_done) struct buf name = { 0 };

		buf_add_str(&name, names_at(&rules->types, d->evidence[i].type));
		value_set_int(counts, buf_text(&name),
			      value_int(value_get(counts, buf_text(&name)), 0) +
				      d->evidence[i].count);
	}
	return counts;
}

static void print_json(const struct ruleset *rules, const struct decision *d)
{
	struct value *row = value_object();
	char prefix[PREFIX_TEXT_MAX];

	value_set_word(row, "decision", decision_word(d->kind));
	value_set_instant(row, "time", d->time);
	value_set_word(row, "prefix", prefix_format(&d->prefix, prefix));
	value_set_word(row, "action", action_word(d->action));
	value_set_text(row, "jail", ruleset_jail_name(rules, d->jail));
	if (d->kind != DECISION_LIFT) {
		value_set_text(row, "type", rules->jails[d->jail].type);
		value_set_int(row, "score", d->score);
		value_set_int(row, "threshold", d->threshold);
		value_set_instant(row, "until", d->until);
		value_set(row, "events", count_types(rules, d));
	}
	if (because_word(d->because)) {
		value_set_word(row, "because", because_word(d->because));
	}
	terminal_json(row);
	value_free(row);
}

static void print_batch(struct run *run)
{
	const struct ruleset *rules = engine_ruleset(run->engine);
	struct batch batch = engine_take(run->engine);

	for (size_t i = 0; i < batch.n_decisions; i++) {
		CLEANUP(buf_done) struct buf line = { 0 };

		if (run->ctl->json) {
			print_json(rules, &batch.decisions[i]);
		} else {
			print_decision(rules, &batch.decisions[i], &line);
			printf("%s\n", buf_text(&line));
		}
	}
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void feed_chunk(struct run *run, const struct input *in, uint16_t source, struct str chunk)
{
	struct feed feed = {
		.source = source,
		.chunk = chunk,
		.arrival = INSTANT_NEVER,
		.file_time = in->replay ? replay_file_time(in->replay) : clock_now(),
		.file_name = str_of(base_name(in->path)),
		.from = run->from,
		.to = run->to,
	};

	while (feed.chunk.n) {
		size_t n = engine_feed(run->engine, &feed);

		feed.chunk = str_slice(feed.chunk, n, feed.chunk.n);
		print_batch(run);
	}
}

static int feed_file(struct run *run, struct input *in)
{
	const struct ruleset *rules = engine_ruleset(run->engine);
	uint16_t source = replay_source(rules, in->path, !ctl_has(run->ctl, "filter"));
	struct str chunk;
	uint64_t done, size;
	int r;

	while ((r = replay_next(in->replay, &chunk)) == 1) {
		feed_chunk(run, in, source, chunk);
		replay_progress(in->replay, &done, &size);
		progress_show(in->path, done, size, run->started);
	}
	progress_clear();
	if (r < 0) {
		fprintf(stderr, "ipsctl replay: %s: %s\n", in->path,
			r == -EBADMSG ? "the compressed data is damaged; what came before was read"
				      : strerror(-r));
	}
	return r;
}

static int compare_inputs(const void *a, const void *b)
{
	const struct input *x = a, *y = b;

	if (x->first.us != y->first.us) {
		return x->first.us < y->first.us ? -1 : 1;
	}
	return (x->number > y->number) - (x->number < y->number);
}

/* The day that the file's name tells, by the first filter that can read it from there. */
static int32_t named_day(const struct ruleset *rules, const char *path)
{
	int32_t day = STAMP_NO_DATE;

	for (size_t i = 0; i < rules->n_filters && day == STAMP_NO_DATE; i++) {
		day = filter_file_date(rules->filters[i].filter, str_of(base_name(path)));
	}
	return day;
}

/* When the file begins: the day in its name; else the stamp of its first line, as far as it can be
 * read without a filter; else when it was last written. */
static instant file_begins(const struct ruleset *rules, const struct input *in,
			   const struct stamp_format *format)
{
	instant written = replay_file_time(in->replay), t;
	struct stamp_context context = { .file_time = written, .date = named_day(rules, in->path) };
	struct str line;

	if (context.date != STAMP_NO_DATE) {
		return instant_at((int64_t)context.date * 86400);
	}
	if (replay_peek(in->replay, &line) < 0 || !format ||
	    stamp_read(format, line, &context, &t, NULL) < 0) {
		return written;
	}
	return t;
}

static int open_inputs(struct run *run)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new();
	struct stamp_format *format = NULL;

	if (!arena || stamp_format_parse(STR("auto"), arena, &format, NULL) < 0) {
		format = NULL;
	}
	run->inputs = calloc(run->ctl->n_arguments, sizeof(*run->inputs));
	if (!run->inputs) {
		return CTL_NO;
	}
	run->n_inputs = run->ctl->n_arguments;
	for (size_t i = 0; i < run->n_inputs; i++) {
		struct input *in = &run->inputs[i];
		int r;

		in->number = i;
		in->path = run->ctl->arguments[i];
		r = replay_open(in->path, &in->replay);
		if (r < 0) {
			fprintf(stderr, "ipsctl replay: %s: %s\n", in->path, strerror(-r));
			return CTL_USAGE;
		}
		in->first = file_begins(engine_ruleset(run->engine), in, format);
	}
	qsort(run->inputs, run->n_inputs, sizeof(*run->inputs), compare_inputs);
	return 0;
}

/* The bans that end by themselves after the last line are no part of what the log says. */
static void print_summary(const struct run *run)
{
	struct engine_stats s = engine_stats(run->engine);
	char first[INSTANT_TEXT_MAX], last[INSTANT_TEXT_MAX];
	double seconds_taken = (double)(clock_monotonic() - run->started) / 1e6;

	if (run->ctl->json) {
		struct value *row = value_object(), *summary = value_object();

		value_set_int(summary, "lines", (int64_t)s.lines);
		value_set_int(summary, "events", (int64_t)s.events);
		value_set_int(summary, "bans", (int64_t)s.bans);
		value_set_int(summary, "spared", (int64_t)s.spared);
		value_set_int(summary, "observed", (int64_t)s.observed);
		value_set_instant(summary, "first", s.oldest);
		value_set_instant(summary, "last", s.newest);
		value_set_real(summary, "seconds", seconds_taken);
		value_set(row, "summary", summary);
		terminal_json(row);
		value_free(row);
		return;
	}
	printf("%llu lines, %llu events: %llu bans, %llu spared, %llu observed",
	       (unsigned long long)s.lines, (unsigned long long)s.events,
	       (unsigned long long)s.bans, (unsigned long long)s.spared,
	       (unsigned long long)s.observed);
	if (s.events) {
		printf("; from %s to %s", instant_format(s.oldest, first),
		       instant_format(s.newest, last));
	}
	printf(" (%.1f s)\n", seconds_taken);
}

static int time_option(const struct ctl *ctl, const char *name, instant *ret)
{
	const char *text = ctl_option(ctl, name);

	if (text && instant_parse(str_of(text), ret) < 0) {
		return ctl_usage(ctl,
				 "--%s=%s: not a time like 2026-11-22 or 2026-11-22T03:00 (UTC)",
				 name, text);
	}
	return 0;
}

static int make_engine(struct run *run, struct config *config)
{
	struct engine_limits limits = { .bans = 0 };
	uint8_t seed[TABLE_SEED_SIZE];
	int r = replay_rules(run->ctl, config->ruleset);

	if (r) {
		return r;
	}
	files_random(seed, sizeof(seed));
	r = engine_new(TAKE(config->ruleset), &limits, seed, &run->engine);
	if (r < 0) {
		fprintf(stderr, "ipsctl replay: %s\n", strerror(-r));
		return CTL_NO;
	}
	return 0;
}

static int run_all(struct run *run)
{
	int code = CTL_DONE;

	run->started = clock_monotonic();
	for (size_t i = 0; i < run->n_inputs; i++) {
		if (feed_file(run, &run->inputs[i]) < 0) {
			code = CTL_NO;
		}
	}
	print_summary(run);
	return code;
}

int ctl_replay(const struct ctl *ctl)
{
	CLEANUP(config_freep) struct config *config = NULL;
	CLEANUP(run_done) struct run run = { .ctl = ctl };
	int code;

	if (!ctl->n_arguments) {
		return ctl_usage(
			ctl,
			"which log files? For example: ipsctl replay /var/log/mail.log.1 /var/log/mail.log; `-` is standard input");
	}
	if ((code = time_option(ctl, "from", &run.from)) ||
	    (code = time_option(ctl, "to", &run.to)) || (code = config_open(ctl, 0, &config)) ||
	    (code = make_engine(&run, config)) || (code = open_inputs(&run))) {
		return code;
	}
	return run_all(&run);
}
