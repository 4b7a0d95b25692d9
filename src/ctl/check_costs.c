/* SPDX-License-Identifier: MIT */
/* The time is that of one try on a line of an ordinary mail log, measured here and now: a pattern
 * that begins at the line's start is done after some bytes, one that searches reads all of it. A
 * pattern that is found by a literal is not tried on such a line at all; the figure is for lines
 * that have the literal and are something else. */
#include "ctl/check_costs.h"

#include <stdio.h>
#include <string.h>

#include "ctl/terminal.h"
#include "detect/explain.h"
#include "policy/tracker.h"
#include "sys/clock.h"

enum { TRIES = 1000, LITERALS_SHOWN = 2 };

static const char ordinary[] =
	"4F5A6B7C8D: to=<alice@example.com>, relay=mx.example.net[192.0.2.25]:25, delay=1.2, "
	"delays=0.1/0/0.5/0.6, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 1A2B3C4D5E)";

/* Nanoseconds for one try of pattern i. */
static int64_t measure(const struct filter *f, struct matcher *m, size_t i)
{
	int64_t started = clock_monotonic();

	for (size_t k = 0; k < TRIES; k++) {
		(void)explain_try(f, m, str_of(ordinary), i);
	}
	return (clock_monotonic() - started) * 1000 / TRIES;
}

static void print_literals(const struct literal_set *set)
{
	for (size_t i = 0; i < set->n && i < LITERALS_SHOWN; i++) {
		printf("%s\"", i ? " or " : "");
		terminal_text(set->at[i].text, 0);
		printf("\"%s", set->at[i].nocase ? " in any case" : "");
	}
	if (set->n > LITERALS_SHOWN) {
		printf(" or %zu other%s", set->n - LITERALS_SHOWN,
		       str_plural(set->n - LITERALS_SHOWN));
	}
}

static void print_pattern(const struct filter *f, size_t i, int64_t ns)
{
	const struct diag_place *at = filter_pattern_place(f, i);
	const struct literal_set *set = filter_pattern_literals(f, i);
	struct filter_pattern_cost cost = filter_pattern_cost(f, i);

	printf("%.*s:%u [%.*s]: ", STR_ARG(at->file), at->line, STR_ARG(at->section));
	if (set->n) {
		printf("found by ");
		print_literals(set);
		printf("; %lld ns a try", (long long)ns);
	} else {
		terminal_tone(TONE_WARN);
		printf("tried on every line, about %lld ns a line", (long long)ns);
		terminal_tone(TONE_PLAIN);
		printf(": no %d bytes stand in all that it matches", LITERAL_MIN_BYTES);
	}
	printf(", %zu KiB%s\n", (cost.bytes + 1023) / 1024, cost.jit ? "" : ", without JIT");
}

static void print_pattern_json(const struct filter *f, size_t i, int64_t ns)
{
	const struct diag_place *at = filter_pattern_place(f, i);
	const struct literal_set *set = filter_pattern_literals(f, i);
	struct filter_pattern_cost cost = filter_pattern_cost(f, i);
	struct value *row = value_object(), *literals = value_array();

	for (size_t k = 0; k < set->n; k++) {
		value_add_text(literals, set->at[k].text);
	}
	value_set_word(row, "level", "cost");
	value_set_text(row, "file", at->file);
	value_set_int(row, "line", at->line);
	value_set_text(row, "section", at->section);
	value_set(row, "literals", literals);
	value_set_int(row, "nanoseconds", ns);
	value_set_int(row, "bytes", (int64_t)cost.bytes);
	value_set_bool(row, "jit", cost.jit);
	terminal_json(row);
	value_free(row);
}

static void print_jail(const struct ruleset *rules, const struct jail *jail, bool json)
{
	uint32_t events = jail_kept_events(jail);
	size_t bytes = tracker_bytes(events);
	struct value *row;

	if (!json) {
		printf("jail %.*s: keeps at most %u events of a subject, then %zu bytes; at most %u subjects (max-subjects)\n",
		       STR_ARG(jail->name), events, bytes, rules->max_subjects);
		return;
	}
	row = value_object();
	value_set_word(row, "level", "cost");
	value_set_text(row, "jail", jail->name);
	value_set_int(row, "events", events);
	value_set_int(row, "bytes", (int64_t)bytes);
	value_set_int(row, "max_subjects", rules->max_subjects);
	terminal_json(row);
	value_free(row);
}

int check_costs(const struct ruleset *rules, bool json)
{
	CLEANUP(matcher_freep) struct matcher *matcher = NULL;
	int r = matcher_new(&matcher);

	if (r < 0) {
		fprintf(stderr, "ipsctl check: %s\n", strerror(-r));
		return CTL_NO;
	}
	for (size_t i = 0; i < rules->n_filters; i++) {
		const struct filter *f = rules->filters[i].filter;

		for (size_t k = 0; k < filter_pattern_count(f); k++) {
			int64_t ns = measure(f, matcher, k);

			if (json) {
				print_pattern_json(f, k, ns);
			} else {
				print_pattern(f, k, ns);
			}
		}
	}
	for (size_t i = 0; i < rules->n_jails; i++) {
		print_jail(rules, &rules->jails[i], json);
	}
	return CTL_DONE;
}
