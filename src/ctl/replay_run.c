/* SPDX-License-Identifier: MIT */
/* The road is the daemon's: the same engine, fed from old files instead of live ones. A file whose
 * name fits a source goes to it; any other is read by all filters that the jails watch, as one
 * source that is added for it. */
#include "ctl/replay_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/progress.h"
#include "ctl/replay_rules.h"
#include "input/replay.h"
#include "sys/clock.h"
#include "sys/files.h"

struct replay_input {
	const char *path;
	struct replay *replay;
	instant first; /* by its first stamp */
	size_t number; /* as it was named */
};

void replay_run_done(struct replay_run *run)
{
	for (size_t i = 0; run->inputs && i < run->n_inputs; i++) {
		replay_free(run->inputs[i].replay);
	}
	free(run->inputs);
	run->inputs = NULL;
	run->engine = engine_free(run->engine);
}

static void tell_batch(struct replay_run *run)
{
	const struct ruleset *rules = engine_ruleset(run->engine);
	struct batch batch = engine_take(run->engine);

	for (size_t i = 0; i < batch.n_decisions && !run->stopped; i++) {
		run->stopped = !run->tell(run->arg, rules, &batch.decisions[i]);
	}
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void feed_chunk(struct replay_run *run, const struct replay_input *in, uint16_t source,
		       struct str chunk)
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

	while (feed.chunk.n && !run->stopped) {
		size_t n = engine_feed(run->engine, &feed);

		feed.chunk = str_slice(feed.chunk, n, feed.chunk.n);
		tell_batch(run);
	}
}

static int feed_file(struct replay_run *run, struct replay_input *in)
{
	const struct ruleset *rules = engine_ruleset(run->engine);
	uint16_t source = replay_source(rules, in->path, !ctl_has(run->ctl, "filter"));
	struct str chunk;
	uint64_t done, size;
	char shown[64];
	int r = 0;

	snprintf(shown, sizeof(shown), "%s%s", run->which ? run->which : "", in->path);

	while (!run->stopped && (r = replay_next(in->replay, &chunk)) == 1) {
		feed_chunk(run, in, source, chunk);
		replay_progress(in->replay, &done, &size);
		progress_show(shown, done, size, run->started);
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
	const struct replay_input *x = a, *y = b;

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
static instant file_begins(const struct ruleset *rules, const struct replay_input *in,
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

static int open_inputs(struct replay_run *run)
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
		struct replay_input *in = &run->inputs[i];
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

int replay_run_open(struct replay_run *run, struct ruleset *rules)
{
	struct engine_limits limits = { .bans = 0 };
	uint8_t seed[TABLE_SEED_SIZE];
	int r;

	run->started = clock_monotonic();
	files_random(seed, sizeof(seed));
	r = engine_new(rules, &limits, seed, &run->engine);
	if (r < 0) {
		ruleset_free(rules);
		fprintf(stderr, "ipsctl replay: %s\n", strerror(-r));
		return CTL_NO;
	}
	return open_inputs(run);
}

int replay_run_all(struct replay_run *run)
{
	int code = CTL_DONE;

	if (!replay_reads(engine_ruleset(run->engine))) {
		return CTL_DONE;
	}
	for (size_t i = 0; i < run->n_inputs && !run->stopped; i++) {
		if (feed_file(run, &run->inputs[i]) < 0) {
			code = CTL_NO;
		}
	}
	return code;
}

void replay_run_hint(const struct ctl *ctl)
{
	if (!ctl_has(ctl, "from") && !ctl_has(ctl, "to")) {
		printf("No line is an event of a filter that read it; which one knows this log: ipsctl try --all %s\n",
		       strcmp(ctl->arguments[0], "-") == 0 ? "FILE" : ctl->arguments[0]);
	}
}
