/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/span.h"
#include "ctl/client.h"
#include "ctl/show.h"
#include "ctl/terminal.h"
#include "sys/clock.h"

struct log {
	bool json, headed;
};

static void add_time(const struct value *row, const char *key, struct buf *line)
{
	char local[32] = "";
	instant t;

	if (member_instant(row, key, &t)) {
		terminal_local_time(t, local);
	}
	buf_printf(line, "%s", local);
}

static void add_cell(struct str text, size_t width, struct buf *line)
{
	text = text.n ? text : STR("-");
	buf_printf(line, "%.*s%*s", STR_ARG(text), text.n < width ? (int)(width - text.n) + 2 : 2,
		   "");
}

/* One line of a terminal; whoever reads a pipe gets all of it. */
static void print_line(const struct buf *line)
{
	terminal_text(buf_str(line), terminal_width());
	printf("\n");
}

/* VPOP3's columns: time, address, event, service, account, data. */
static void print_event(const struct value *row)
{
	CLEANUP(buf_done) struct buf line = { 0 };

	add_time(row, "time", &line);
	buf_printf(&line, "  ");
	add_cell(member(row, "address", ""), 15, &line);
	add_cell(member(row, "type", ""), 12, &line);
	add_cell(member(row, "service", ""), 7, &line);
	add_cell(member(row, "account", ""), 8, &line);
	show_times(row, &line);
	buf_add_str(&line, value_text(value_get(row, "data"), member(row, "text", "")));
	print_line(&line);
}

static void add_length(const struct value *row, struct buf *line)
{
	char span[SPAN_TEXT_MAX];
	instant time, until;

	if (!member_instant(row, "until", &until)) {
		buf_printf(line, "permanently");
	} else if (member_instant(row, "time", &time)) {
		buf_printf(line, "for %s", span_format_short(instant_since(until, time), span));
	}
	if (value_type(value_get(row, "score")) == VALUE_INT) {
		buf_printf(line, ", score %lld", (long long)value_int(value_get(row, "score"), 0));
	}
}

/* What follows the columns: how long, how high, why not, by whom. */
static void add_detail(const struct value *row, struct buf *line)
{
	bool lift = str_eq(member(row, "decision", ""), STR("lift"));
	struct str because = member(row, "because", ""), by = member(row, "by", "");

	if (lift) {
		buf_add_str(line, because);
	} else {
		add_length(row, line);
		if (because.n) {
			buf_printf(line, " (%.*s)", STR_ARG(because));
		}
	}
	if (by.n) {
		buf_printf(line, ", by %.*s", STR_ARG(by));
	}
	if (member(row, "ended", "").n) {
		buf_printf(line, ", ended ");
		add_time(row, "ended", line);
	}
}

static void print_decision(const struct value *row)
{
	CLEANUP(buf_done) struct buf line = { 0 };
	char shorter[PREFIX_TEXT_MAX];
	struct prefix prefix;

	add_time(row, "time", &line);
	buf_printf(&line, "  ");
	add_cell(member(row, "decision", ""), 8, &line);
	add_cell(prefix_parse(member(row, "prefix", ""), &prefix) == 0
			 ? str_of(prefix_format_short(&prefix, shorter))
			 : member(row, "prefix", ""),
		 15, &line);
	add_cell(member(row, "jail", ""), 10, &line);
	add_detail(row, &line);
	print_line(&line);
}

static void print_head(struct log *log, bool decisions)
{
	if (!log->headed && terminal_is_out()) {
		terminal_tone(TONE_BOLD);
		printf("%-19s  ", "TIME");
		if (decisions) {
			printf("%-8s  %-15s  %-10s  HOW LONG", "DECISION", "SOURCE", "JAIL");
		} else {
			printf("%-15s  %-12s  %-7s  %-8s  DATA", "ADDRESS", "EVENT", "SERVICE",
			       "ACCOUNT");
		}
		terminal_tone(TONE_PLAIN);
		printf("\n");
	}
	log->headed = true;
}

static bool take_rows(void *arg, const struct value *p)
{
	struct log *log = arg;
	const struct value *events = value_get(p, "events"), *decisions = value_get(p, "decisions");

	for (size_t i = 0; i < value_length(events); i++) {
		if (log->json) {
			terminal_json(value_at(events, i));
			continue;
		}
		print_head(log, false);
		print_event(value_at(events, i));
	}
	for (size_t i = 0; i < value_length(decisions); i++) {
		if (log->json) {
			terminal_json(value_at(decisions, i));
			continue;
		}
		print_head(log, true);
		print_decision(value_at(decisions, i));
	}
	return fflush(stdout) == 0;
}

/* --since takes a time, or how long ago. */
static int add_since(const struct ctl *ctl, struct value *p)
{
	const char *text = ctl_option(ctl, "since");
	duration ago;
	instant t;

	if (!text) {
		return 0;
	}
	if (span_parse(str_of(text), &ago) == 0) {
		t = instant_add(clock_now(), (duration){ .us = -ago.us });
	} else if (instant_parse(str_of(text), &t) < 0) {
		return ctl_usage(
			ctl,
			"--since=%s: neither a time (2026-11-22T03:00, UTC) nor how long ago (2h)",
			text);
	}
	value_set_instant(p, "since", t);
	return 0;
}

static int add_limit(const struct ctl *ctl, struct value *p)
{
	const char *text = ctl_option(ctl, "limit");
	uint64_t n;

	if (!text) {
		return 0;
	}
	if (str_to_uint(str_of(text), 10000, &n) < 0) {
		return ctl_usage(ctl, "--limit=%s: a number from 0 to 10000", text);
	}
	value_set_int(p, "limit", (int64_t)n);
	return 0;
}

int ctl_events(const struct ctl *ctl)
{
	static const char *const words[] = { "address", "account", "jail", "type", "service" };
	const char *address = ctl_option(ctl, "address");
	struct log log = { .json = ctl->json };
	struct prefix prefix;
	struct value *p;
	int code;

	if (ctl->n_arguments) {
		return ctl_usage(ctl, "events takes options only; did you mean --address=%s?",
				 ctl->arguments[0]);
	}
	if (address && prefix_parse(str_of(address), &prefix) < 0) {
		return ctl_usage(ctl,
				 "--address=%s: not an address or a prefix like 203.0.113.0/24",
				 address);
	}
	p = value_object();
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (ctl_has(ctl, words[i])) {
			value_set_word(p, words[i], ctl_option(ctl, words[i]));
		}
	}
	value_set_bool(p, "follow", ctl_has(ctl, "follow"));
	value_set_bool(p, "decisions", ctl_has(ctl, "decisions"));
	code = add_since(ctl, p);
	if (!code) {
		code = add_limit(ctl, p);
	}
	if (code) {
		value_free(p);
		return code;
	}
	code = client_call(ctl, "Events", p, true, take_rows, &log);
	if (!code && !log.headed && !log.json && terminal_is_out()) {
		printf("No events that fit.\n");
	}
	return code;
}
