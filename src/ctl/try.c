/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/span.h"
#include "ctl/config_open.h"
#include "ctl/terminal.h"
#include "detect/framer.h"
#include "input/replay.h"
#include "sys/clock.h"

struct trial {
	const struct ctl *ctl;
	const struct ruleset *rules;
	struct filter *filter;
	struct matcher *matcher;
	struct stamp_context when;
	uint64_t lines, hits;
};

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

/* What stands in the way of a line that a pattern hit and that is no event all the same. */
static const char *why_not(enum filter_result result)
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

static void try_line(struct trial *t, struct str line)
{
	struct event event;
	enum filter_result result;

	t->lines++;
	result = filter_match(t->filter, t->matcher, line, NULL, &t->when, &event);
	if (result == FILTER_EVENT) {
		t->hits++;
		if (t->ctl->json) {
			print_json(t, &event);
		} else {
			print_event(t, &event);
		}
	} else if (!t->ctl->json && why_not(result)) {
		printf("line %llu: no event: %s\n", (unsigned long long)t->lines, why_not(result));
	}
}

static int try_file(struct trial *t, const char *path)
{
	CLEANUP(replay_freep) struct replay *replay = NULL;
	const char *slash = strrchr(path, '/');
	struct str chunk;
	int r = replay_open(path, &replay);

	if (r >= 0) {
		t->when.file_time = strcmp(path, "-") == 0 ? clock_now() : replay_file_time(replay);
		t->when.date = filter_file_date(t->filter, str_of(slash ? slash + 1 : path));
	}
	while (r >= 0 && (r = replay_next(replay, &chunk)) == 1) {
		for (size_t at = 0; at < chunk.n;) {
			size_t next;
			struct str line = line_around(chunk, at, &next);

			try_line(t, line);
			at = next;
		}
	}
	if (r < 0) {
		fprintf(stderr, "ipsctl try: %s: %s\n", path,
			r == -EBADMSG ? "the compressed data is damaged" : strerror(-r));
		return CTL_USAGE;
	}
	return CTL_DONE;
}

static void print_total(const struct trial *t)
{
	unsigned long long lines = t->lines, hits = t->hits;

	if (t->ctl->json) {
		struct value *row = value_object(), *summary = value_object();

		value_set_int(summary, "lines", (int64_t)lines);
		value_set_int(summary, "hits", (int64_t)hits);
		value_set_int(summary, "misses", (int64_t)(lines - hits));
		value_set(row, "summary", summary);
		terminal_json(row);
		value_free(row);
		return;
	}
	printf("%llu %s: %llu %s, %llu without\n", lines, lines == 1 ? "line" : "lines", hits,
	       hits == 1 ? "event" : "events", lines - hits);
}

static int try_run(struct trial *t)
{
	const char *line = ctl_option(t->ctl, "line");
	int code = CTL_DONE;

	if (line) {
		t->when = (struct stamp_context){ .file_time = clock_now(), .date = STAMP_NO_DATE };
		try_line(t, str_of(line));
	} else {
		code = try_file(t, t->ctl->n_arguments > 1 ? t->ctl->arguments[1] : "-");
	}
	if (code) {
		return code;
	}
	print_total(t);
	return t->hits ? CTL_DONE : CTL_NO;
}

int ctl_try(const struct ctl *ctl)
{
	struct config_paths paths = { .dir = ctl->config_dir, .shared = ctl->share_dir };
	CLEANUP(diag_freep) struct diag *diag = diag_new();
	CLEANUP(config_freep) struct config *config = NULL;
	CLEANUP(matcher_freep) struct matcher *matcher = NULL;
	int r;

	if (!ctl->n_arguments || ctl->n_arguments > (ctl_has(ctl, "line") ? 1 : 2)) {
		return ctl_usage(
			ctl,
			"which filter, which lines? For example: ipsctl try vpop3-ids /var/log/ids.log, or with --line=TEXT");
	}
	if (!diag || matcher_new(&matcher) < 0) {
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
	struct trial t = { .ctl = ctl,
			   .rules = config->ruleset,
			   .filter = config->ruleset->filters[0].filter,
			   .matcher = matcher };

	return try_run(&t);
}
