/* SPDX-License-Identifier: MIT */
/* Decisions are printed as they come about, or, with --diff, compared at the end (replay_diff.c).
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/span.h"
#include "ctl/config_open.h"
#include "ctl/replay_diff.h"
#include "ctl/replay_row.h"
#include "ctl/replay_rules.h"
#include "ctl/replay_run.h"
#include "ctl/terminal.h"
#include "output/print.h"
#include "sys/clock.h"

static bool print_one(void *arg, const struct ruleset *rules, const struct decision *d)
{
	const struct replay_run *run = arg;

	if (run->ctl->json) {
		CLEANUP(value_freep) struct value *row = replay_row(rules, d);

		terminal_json(row);
	} else {
		CLEANUP(buf_done) struct buf line = { 0 };

		print_decision(rules, d, &line);
		printf("%s\n", buf_text(&line));
	}
	return true;
}

/* The bans that end by themselves after the last line are no part of what the log says. */
static void print_summary(const struct replay_run *run)
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
	printf("%llu line%s, %llu event%s: %llu ban%s, %llu spared, %llu observed",
	       (unsigned long long)s.lines, str_plural(s.lines), (unsigned long long)s.events,
	       str_plural(s.events), (unsigned long long)s.bans, str_plural(s.bans),
	       (unsigned long long)s.spared, (unsigned long long)s.observed);
	if (s.events) {
		printf("; from %s to %s", instant_format(s.oldest, first),
		       instant_format(s.newest, last));
	}
	printf(" (%.1f s)\n", seconds_taken);
	if (!s.events && s.lines) {
		replay_run_hint(run->ctl);
	}
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

static int print_all(struct replay_run *run)
{
	CLEANUP(config_freep) struct config *config = NULL;
	int code = config_open(run->ctl, 0, &config);

	if (!code) {
		code = replay_rules(run->ctl, config->ruleset, false);
	}
	if (!code) {
		code = replay_run_open(run, TAKE(config->ruleset));
	}
	if (code) {
		return code;
	}
	code = replay_run_all(run);
	print_summary(run);
	return code;
}

static int check_arguments(const struct ctl *ctl)
{
	if (!ctl->n_arguments) {
		return ctl_usage(
			ctl,
			"which log files? For example: ipsctl replay /var/log/mail.log.1 /var/log/mail.log; `-` is standard input");
	}
	for (size_t i = 0; i < ctl->n_arguments; i++) {
		if (str_has_prefix(str_of(ctl->arguments[i]), STR("journal:"))) {
			return ctl_usage(
				ctl,
				"%s: files only; let journalctl write it: journalctl -o short-iso %s | ipsctl replay -",
				ctl->arguments[i], ctl->arguments[i] + strlen("journal:"));
		}
	}
	return 0;
}

int ctl_replay(const struct ctl *ctl)
{
	CLEANUP(replay_run_done)
	struct replay_run run = { .ctl = ctl, .tell = print_one, .arg = &run };
	int code;

	if ((code = check_arguments(ctl)) || (code = time_option(ctl, "from", &run.from)) ||
	    (code = time_option(ctl, "to", &run.to))) {
		return code;
	}
	return ctl_has(ctl, "diff") ? replay_diff(ctl, run.from, run.to) : print_all(&run);
}
