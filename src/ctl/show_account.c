/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "ctl/show.h"
#include "ctl/table.h"
#include "ctl/terminal.h"

static int64_t number(const struct value *object, const char *key)
{
	return value_int(value_get(object, key), 0);
}

static void print_first_line(const struct value *p, const struct value *addresses)
{
	int64_t all = number(p, "all_events");
	size_t blocked = 0, n = value_length(addresses);

	for (size_t i = 0; i < n; i++) {
		blocked += value_bool(value_get(value_at(addresses, i), "blocked"), false);
	}
	terminal_tone(blocked ? TONE_BAD : TONE_GOOD);
	terminal_text(member(p, "query", ""), 60);
	printf(" (account): ");
	if (!all) {
		printf("no events");
	} else {
		printf("%lld %s from %s%zu %s, %zu of them blocked", (long long)all,
		       all == 1 ? "event" : "events", number(p, "other_events") ? "more than " : "",
		       n, n == 1 ? "address" : "addresses", blocked);
	}
	terminal_tone(TONE_PLAIN);
	printf("\n");
}

static void cell_number(struct grid *g, size_t column, int64_t n)
{
	char text[24];
	int length = snprintf(text, sizeof(text), "%lld", (long long)n);

	grid_cell(g, column, (struct str){ .p = text, .n = (size_t)length });
}

static void print_addresses(const struct value *addresses)
{
	static const struct table_column columns[] = {
		{ "ADDRESS", 0 },          { "COUNTRY", 0 }, { "FAILED", TABLE_RIGHT },
		{ "LOGINS", TABLE_RIGHT }, { "LAST", 0 },    { "STATE", 0 },
	};
	CLEANUP(grid_freep) struct grid *g = grid_new(columns, ARRAY_SIZE(columns), false);

	for (size_t i = 0; g && i < value_length(addresses); i++) {
		const struct value *row = value_at(addresses, i);
		char local[32] = "";
		instant t;

		if (member_instant(row, "last", &t)) {
			terminal_local_time(t, local);
		}
		grid_row(g);
		grid_cell(g, 0, member(row, "address", ""));
		grid_cell(g, 1, member(row, "country", "-"));
		cell_number(g, 2, number(row, "events"));
		cell_number(g, 3, number(row, "logins"));
		grid_cell(g, 4, str_of(local));
		grid_cell(g, 5,
			  value_bool(value_get(row, "blocked"), false) ? STR("blocked") : STR("-"));
	}
	if (g && value_length(addresses)) {
		printf("\n");
		grid_print(g);
	}
}

void show_account(const struct value *p)
{
	const struct value *addresses = value_get(p, "addresses"), *events = value_get(p, "events");
	const struct value *scores = value_get(p, "scores");

	terminal_warn_observing(member(p, "mode", ""));
	print_first_line(p, addresses);
	print_addresses(addresses);
	if (value_length(scores)) {
		printf("\nScore now, in the jails that count accounts:\n");
	}
	for (size_t i = 0; i < value_length(scores); i++) {
		show_score(value_at(scores, i));
	}
	if (value_length(events)) {
		printf("\nIts latest events:\n");
	}
	for (size_t i = value_length(events); i-- > 0;) {
		show_event(value_at(events, i), false, true);
	}
	if (terminal_is_out() && value_length(addresses)) {
		printf("\nWhy one is blocked:  ipsctl show ");
		terminal_text(member(value_at(addresses, 0), "address", ""), 0);
		printf("\n");
	}
}
