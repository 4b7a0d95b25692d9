/* SPDX-License-Identifier: MIT */
#include "ctl/try.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/span.h"
#include "ctl/config_open.h"
#include "ctl/progress.h"
#include "ctl/terminal.h"
#include "detect/framer.h"
#include "input/replay.h"
#include "sys/clock.h"

enum { MISSED_SHOWN = 30 };

static void print_name(const char *head, struct str text)
{
	if (text.n) {
		printf("  %s ", head);
		terminal_text(text, 0);
	}
}

static void print_json(const struct trial *t, const struct event *e)
{
	const struct diag_place *at = filter_pattern_place(t->filter, e->pattern);
	struct value *row = value_object();
	CLEANUP(buf_done) struct buf place = { 0 };
	char addr[ADDR_TEXT_MAX];

	buf_printf(&place, "%.*s:%u", STR_ARG(at->file), at->line);
	value_set_int(row, "line", (int64_t)t->lines);
	value_set_text(row, "event", names_at(&t->rules->types, e->type));
	value_set_word(row, "address", e->addr.family ? addr_format(&e->addr, addr) : NULL);
	if (e->service == EVENT_SERVICE_NONE) {
		value_set_null(row, "service");
	} else {
		value_set_text(row, "service", names_at(&t->rules->services, e->service));
	}
	if (e->account.n) {
		value_set_text(row, "account", e->account);
	} else {
		value_set_null(row, "account");
	}
	value_set_instant(row, "time", e->time);
	value_set_text(row, "pattern", buf_str(&place));
	terminal_json(row);
	value_free(row);
}

static void print_event(const struct trial *t, const struct event *e)
{
	const struct diag_place *at = filter_pattern_place(t->filter, e->pattern);
	char addr[ADDR_TEXT_MAX], time[INSTANT_TEXT_MAX];

	printf("line %llu: ", (unsigned long long)t->lines);
	terminal_tone(TONE_GOOD);
	terminal_text(names_at(&t->rules->types, e->type), 0);
	terminal_tone(TONE_PLAIN);
	printf("  address %s", e->addr.family ? addr_format(&e->addr, addr) : "none");
	print_name("service", names_at(&t->rules->services, e->service));
	print_name("account", e->account);
	if (e->count > 1) {
		printf("  counts %u times", e->count);
	}
	printf("  time %s  by %.*s:%u\n", instant_format(e->time, time), STR_ARG(at->file),
	       at->line);
}

const char *try_why_not(enum filter_result result)
{
	switch (result) {
	case FILTER_MISS:
	case FILTER_EVENT: return NULL;
	case FILTER_IGNORED: return "an ignore pattern vetoes it";
	case FILTER_NOT_ADDR: return "what stands for the address is none";
	case FILTER_BAD_STAMP: return "its stamp is no time";
	case FILTER_GAVE_UP: return "a pattern gave up: too many ways to match";
	}
	return NULL;
}

static bool take_event(void *arg, const struct event *event)
{
	struct trial *t = arg;

	t->hits++;
	t->hit = t->hit || event->text.p == t->line.p;
	if (t->missed) {
		return true;
	}
	if (t->ctl->json) {
		print_json(t, event);
	} else {
		print_event(t, event);
	}
	return true;
}

/* Feeds the line as ipsd would. True: it is an event, or tells one again. */
static bool feed(struct trial *t, struct str line)
{
	uint64_t folded = detector_stats(t->detector)->folded;

	t->lines++;
	t->line = line;
	t->hit = false;
	(void)detector_feed(t->detector, t->matcher, line, &t->when, take_event, t);
	folded = detector_stats(t->detector)->folded - folded;
	t->folded += folded;
	t->known += t->hit || folded;
	return t->hit || folded;
}

static int try_line(struct trial *t, struct str line)
{
	uint64_t tried = detector_stats(t->detector)->candidates;
	struct event event = { 0 };
	const char *why;

	if (feed(t, line)) {
		return 0;
	}
	if (t->missed) {
		return shapes_add(t->missed, line, t->lines);
	}
	if (t->ctl->json || detector_stats(t->detector)->candidates == tried) {
		return 0;
	}
	why = try_why_not(filter_match(t->filter, t->matcher, line, NULL, &t->when, &event));
	if (why) {
		printf("line %llu: no event: %s\n", (unsigned long long)t->lines, why);
	}
	return 0;
}

static int try_chunk(struct trial *t, struct str chunk)
{
	int r = 0;

	for (size_t at = 0; at < chunk.n && r == 0;) {
		size_t next;
		struct str line = line_around(chunk, at, &next);

		r = try_line(t, line);
		at = next;
	}
	return r;
}

static int try_file(struct trial *t, const char *path)
{
	CLEANUP(replay_freep) struct replay *replay = NULL;
	const char *slash = strrchr(path, '/');
	int64_t started = clock_monotonic();
	uint64_t done, size;
	struct str chunk;
	int r = replay_open(path, &replay), e;

	if (r >= 0) {
		t->when.file_time = strcmp(path, "-") == 0 ? clock_now() : replay_file_time(replay);
		t->when.date = filter_file_date(t->filter, str_of(slash ? slash + 1 : path));
	}
	while (r >= 0 && (r = replay_next(replay, &chunk)) == 1) {
		e = try_chunk(t, chunk);
		r = e < 0 ? e : r;
		replay_progress(replay, &done, &size);
		progress_show(path, done, size, started);
	}
	progress_clear();
	if (r < 0) {
		fprintf(stderr, "ipsctl try: %s: %s\n", path,
			r == -EBADMSG ? "the compressed data is damaged" : strerror(-r));
		return CTL_USAGE;
	}
	return CTL_DONE;
}

static void print_missed_json(const struct shape *shape)
{
	struct value *row = value_object();

	value_set_text(row, "shape", shape->text);
	value_set_int(row, "count", (int64_t)shape->count);
	value_set_int(row, "line", (int64_t)shape->line);
	value_set_text(row, "example", shape->example);
	terminal_json(row);
	value_free(row);
}

static void print_missed(const struct trial *t)
{
	size_t n, shown;
	const struct shape *shapes = shapes_sorted(t->missed, &n);
	uint64_t rest = 0;

	shown = !t->ctl->json && n > MISSED_SHOWN ? MISSED_SHOWN : n;
	for (size_t i = 0; i < shown; i++) {
		if (t->ctl->json) {
			print_missed_json(&shapes[i]);
			continue;
		}
		printf("%8llu  ", (unsigned long long)shapes[i].count);
		terminal_text(shapes[i].text, terminal_width());
		printf("\n          line %llu: ", (unsigned long long)shapes[i].line);
		terminal_text(shapes[i].example, terminal_width());
		printf("\n");
	}
	for (size_t i = shown; i < n; i++) {
		rest += shapes[i].count;
	}
	if (rest && !t->ctl->json) {
		printf("%8llu  in %zu rarer shapes (--json tells all)\n", (unsigned long long)rest,
		       n - shown);
	}
	if (shapes_forgotten(t->missed) && !t->ctl->json) {
		printf("%8llu  in shapes too rare to be kept\n",
		       (unsigned long long)shapes_forgotten(t->missed));
	}
}

static void print_total_json(const struct trial *t, struct value *row)
{
	struct value *summary = value_object();

	value_set_int(summary, "lines", (int64_t)t->lines);
	value_set_int(summary, "hits", (int64_t)t->hits);
	value_set_int(summary, "misses", (int64_t)(t->lines - t->known));
	value_set_int(summary, "folded", (int64_t)t->folded);
	value_set(row, "summary", summary);
	terminal_json(row);
	value_free(row);
}

static void print_total(const struct trial *t)
{
	unsigned long long lines = t->lines, hits = t->hits, folded = t->folded;

	if (t->ctl->json) {
		print_total_json(t, value_object());
		return;
	}
	printf("%llu %s: %llu %s, ", lines, lines == 1 ? "line" : "lines", hits,
	       hits == 1 ? "event" : "events");
	if (folded) {
		printf("%llu that told one of them again (once-per), ", folded);
	}
	printf("%llu without\n", lines - (unsigned long long)t->known);
}

/* One line, and what each pattern makes of it. */
static int run_line(struct trial *t, struct str line)
{
	struct value *row = t->ctl->json ? value_object() : NULL;
	struct event event = { 0 };
	enum filter_result result;
	int code;

	t->when = (struct stamp_context){ .file_time = clock_now(), .date = STAMP_NO_DATE };
	(void)feed(t, line);
	result = filter_match(t->filter, t->matcher, line, NULL, &t->when, &event);
	code = try_explain(t, line, result, &event, row);
	if (row) {
		print_total_json(t, row);
	}
	return code ? code : t->hits ? CTL_DONE : CTL_NO;
}

static int run_file(struct trial *t)
{
	int code = try_file(t, t->ctl->n_arguments > 1 ? t->ctl->arguments[1] : "-");

	if (code) {
		return code;
	}
	if (t->missed) {
		print_missed(t);
	}
	print_total(t);
	return t->hits ? CTL_DONE : CTL_NO;
}

static int run(const struct ctl *ctl, const struct ruleset *rules)
{
	CLEANUP(matcher_freep) struct matcher *matcher = NULL;
	CLEANUP(shapes_freep) struct shapes *missed = NULL;
	int r = matcher_new(&matcher);

	if (r == 0 && ctl_has(ctl, "missed")) {
		r = shapes_new(&missed);
	}
	if (r < 0) {
		fprintf(stderr, "ipsctl try: %s\n", strerror(-r));
		return CTL_NO;
	}
	struct trial t = { .ctl = ctl,
			   .rules = rules,
			   .filter = rules->filters[0].filter,
			   .detector = rules->sources[0].detector,
			   .matcher = matcher,
			   .missed = missed };

	return ctl_has(ctl, "line") ? run_line(&t, str_of(ctl_option(ctl, "line"))) : run_file(&t);
}

int ctl_try(const struct ctl *ctl)
{
	struct config_paths paths = { .dir = ctl->config_dir, .shared = ctl->share_dir };
	CLEANUP(diag_freep) struct diag *diag = diag_new();
	CLEANUP(config_freep) struct config *config = NULL;
	int r;

	if (ctl_has(ctl, "all")) {
		return try_all(ctl);
	}
	if (ctl_has(ctl, "line") && ctl_has(ctl, "missed")) {
		return ctl_usage(ctl, "--missed is about files; --line tells all about one line");
	}
	if (!ctl->n_arguments || ctl->n_arguments > (ctl_has(ctl, "line") ? 1 : 2)) {
		return ctl_usage(
			ctl,
			"which filter, which lines? For example: ipsctl try vpop3-ids /var/log/ids.log, or with --line=TEXT; ipsctl try --all FILE finds the filter");
	}
	if (!diag) {
		return CTL_NO;
	}
	r = config_load_filter(&config_real_access, &paths, str_of(ctl->arguments[0]), diag,
			       &config);
	config_print_diag(diag, DIAG_WARNING, true);
	if (r < 0) {
		return r == -ENOENT
			       ? ctl_usage(ctl, "there is no filter %s, and no file of that name",
					   ctl->arguments[0])
			       : CTL_USAGE;
	}
	return run(ctl, config->ruleset);
}
