/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/span.h"
#include "ctl/client.h"
#include "ctl/terminal.h"
#include "sys/clock.h"

struct log {
	bool json, headed;
};

static void print_time(const struct value *row)
{
	char local[32] = "";
	instant t;

	if (member_instant(row, "time", &t)) {
		terminal_local_time(t, local);
	}
	printf("%-19s  ", local);
}

static void print_cell(const struct value *row, const char *key, int width)
{
	struct str text = member(row, key, "-");
	int pad = width - (int)text.n;

	terminal_text(text, 0);
	printf("%*s", pad > 0 ? pad + 2 : 2, "");
}

/* VPOP3's columns: time, address, event, service, account, data. */
static void print_event(const struct value *row)
{
	print_time(row);
	print_cell(row, "address", 15);
	print_cell(row, "type", 14);
	print_cell(row, "service", 7);
	print_cell(row, "account", 16);
	terminal_text(value_text(value_get(row, "data"), member(row, "text", "")), 0);
	printf("\n");
}

static void print_decision(const struct value *row)
{
	print_time(row);
	print_cell(row, "decision", 8);
	print_cell(row, "prefix", 18);
	print_cell(row, "jail", 14);
	print_cell(row, "type", 14);
	if (value_type(value_get(row, "score")) == VALUE_INT) {
		printf("score %lld  ", (long long)value_int(value_get(row, "score"), 0));
	}
	printf("until ");
	terminal_text(member(row, "until", "lifted by hand"), 0);
	if (member(row, "because", "").n) {
		printf(" (");
		terminal_text(member(row, "because", ""), 0);
		printf(")");
	}
	printf("\n");
}

static void print_head(struct log *log, bool decisions)
{
	if (!log->headed && terminal_is_out()) {
		terminal_tone(TONE_BOLD);
		if (decisions) {
			printf("%-19s  %-8s  %-18s  %-14s  %-14s\n", "TIME", "DECISION", "SOURCE",
			       "JAIL", "EVENT");
		} else {
			printf("%-19s  %-15s  %-14s  %-7s  %-16s  %s\n", "TIME", "ADDRESS", "EVENT",
			       "SERVICE", "ACCOUNT", "DATA");
		}
		terminal_tone(TONE_PLAIN);
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
	struct log log = { .json = ctl->json };
	struct value *p;
	int code;

	if (ctl->n_arguments) {
		return ctl_usage(ctl, "events takes options only; did you mean --address=%s?",
				 ctl->arguments[0]);
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
